package rating

import (
	"math"

	"redsteward/internal/num"
)

// floatNear is the noise of floating point that is overlooked: what is equal, or just a middle, in num lies within it here.
const floatNear = 1e-9

// floatLess reports a < b by more than noise.
func floatLess(a, b float64) bool {
	return a < b-floatNear*max(1, math.Abs(a), math.Abs(b))
}

// floatRound is num.Num.Round for finite x; within noise of a step it takes the step, within noise of a middle it takes the middle.
func floatRound(x float64, places int, mode num.Mode) float64 {
	one := math.Pow10(places)
	scaled := math.Abs(x) * one
	near := min(floatNear+scaled*1e-13, 0.1)
	whole := math.Floor(scaled + near)
	rest := scaled - whole
	if rest > near {
		up := false
		switch mode {
		case num.HalfUp:
			up = rest >= 0.5-near
		case num.HalfEven:
			up = rest > 0.5+near || rest >= 0.5-near && math.Mod(whole, 2) == 1
		case num.Up:
			up = true
		case num.Floor:
			up = x < 0
		case num.Ceiling:
			up = x > 0
		case num.Down:
		}
		if up {
			whole++
		}
	}
	return math.Copysign(whole/one, x)
}

func floatTruth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// evalFloat is Eval in floating point, for perturbation only: NaN stands for every error. values are in the order of Vars, a condition is 0
// or 1.
func (n *exprNode) evalFloat(values []float64) float64 {
	switch n.op {
	case opNumber:
		return n.float
	case opVar, opFlag:
		return values[n.index]
	case opIf:
		switch condition := n.args[0].evalFloat(values); {
		case math.IsNaN(condition):
			return condition
		case condition != 0:
			return n.args[1].evalFloat(values)
		default:
			return n.args[2].evalFloat(values)
		}
	case opAnd, opOr:
		decides := floatTruth(n.op == opOr)
		x := n.args[0].evalFloat(values)
		if x == decides {
			return x
		}
		y := n.args[1].evalFloat(values)
		if y == decides {
			return y
		}
		return x * y * (1 - decides) // NaN if one is; else both are the other truth value
	}
	x := n.args[0].evalFloat(values)
	if len(n.args) == 1 {
		return n.unaryFloat(x)
	}
	for i := 1; i < len(n.args); i++ {
		x = n.binaryFloat(x, n.args[i].evalFloat(values), i)
	}
	return x
}

func (n *exprNode) unaryFloat(x float64) float64 {
	switch n.op {
	case opNeg:
		return -x
	case opNot:
		return 1 - x
	case opAbs:
		return math.Abs(x)
	case opRound:
		return floatRound(x, n.index, num.HalfUp)
	case opFloor:
		return floatRound(x, 0, num.Floor)
	case opCeil:
		return floatRound(x, 0, num.Ceiling)
	case opLn:
		if x <= 0 {
			return math.NaN()
		}
		return math.Log(x)
	case opExp:
		return math.Exp(x)
	case opSqrt:
		return math.Sqrt(x)
	}
	return x
}

func (n *exprNode) binaryFloat(x, y float64, place int) float64 {
	if math.IsNaN(x) || math.IsNaN(y) {
		return math.NaN()
	}
	switch n.op {
	case opAdd:
		return x + y
	case opSub:
		return x - y
	case opMul:
		return x * y
	case opQuo:
		if y == 0 {
			return math.NaN()
		}
		return x / y
	case opLess:
		return floatTruth(floatLess(x, y))
	case opLessEqual:
		return floatTruth(!floatLess(y, x))
	case opGreater:
		return floatTruth(floatLess(y, x))
	case opGreaterEqual:
		return floatTruth(!floatLess(x, y))
	case opEqual:
		return floatTruth(!floatLess(x, y) && !floatLess(y, x))
	case opNotEqual:
		return floatTruth(floatLess(x, y) || floatLess(y, x))
	case opMin:
		return min(x, y)
	case opMax:
		return max(x, y)
	case opClamp:
		if place == 1 {
			return max(x, y)
		}
		return min(x, y)
	default: // opPow
		if x == 0 && y <= 0 || x < 0 && y != math.Trunc(y) {
			return math.NaN()
		}
		return math.Pow(x, y)
	}
}
