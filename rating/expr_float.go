package rating

import (
	"math"

	"redsteward/internal/num"
)

// floatNear is the noise of floating point that is overlooked: what is equal, or just a middle, in num lies within it here.
const floatNear = 1e-9

// floatLess reports a < b by more than noise. Infinities are allowed.
func floatLess(a, b float64) bool {
	return b-a > floatNear*max(1, min(math.Abs(a), math.Abs(b)))
}

// floatRound is num.Num.Round for finite x; within noise of a step it takes the step, within noise of a middle it takes the middle.
func floatRound(x float64, places int, mode num.Mode) float64 {
	one := math.Pow10(places)
	negative := x < 0
	if negative {
		x = -x
	}
	scaled := x * one
	near := min(floatNear+scaled*1e-13, 0.1)
	if mode == num.HalfUp {
		whole := math.Floor(scaled + 0.5 + near)
		if negative {
			whole = -whole
		}
		return whole / one
	}
	whole := math.Floor(scaled + near)
	rest := scaled - whole
	if rest > near {
		up := false
		switch mode {
		case num.HalfEven:
			up = rest > 0.5+near || rest >= 0.5-near && math.Mod(whole, 2) == 1
		case num.Up:
			up = true
		case num.Floor:
			up = negative
		case num.Ceiling:
			up = !negative
		case num.Down, num.HalfUp:
		}
		if up {
			whole++
		}
	}
	if negative {
		return -whole / one
	}
	return whole / one
}

func floatTruth(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// evalFloat is Eval in floating point, for perturbation only. NaN stands for every error and for a value that is not there; a condition is 0
// or 1. The name at place i of Vars has its value in memory[slots[i]].
func (n *exprNode) evalFloat(memory []float64, slots []int) float64 {
	switch n.op {
	case opNumber:
		return n.float
	case opVar, opFlag:
		return memory[slots[n.index]]
	case opIf:
		switch condition := n.args[0].evalFloat(memory, slots); {
		case math.IsNaN(condition):
			return condition
		case condition != 0:
			return n.args[1].evalFloat(memory, slots)
		default:
			return n.args[2].evalFloat(memory, slots)
		}
	case opAnd, opOr:
		decides := floatTruth(n.op == opOr)
		x := n.args[0].evalFloat(memory, slots)
		if x == decides {
			return decides
		}
		y := n.args[1].evalFloat(memory, slots)
		if y == decides {
			return decides
		}
		return x * y * (1 - decides) // NaN if one is; else both are the other truth value
	}
	x := n.args[0].evalFloat(memory, slots)
	if len(n.args) == 1 {
		return n.unaryFloat(x)
	}
	for i := 1; i < len(n.args); i++ {
		x = n.binaryFloat(x, n.args[i].evalFloat(memory, slots), i)
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
