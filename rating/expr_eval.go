package rating

import (
	"errors"
	"fmt"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// exprValues gives the value of a name; false if there is none. A condition is 0 or not 0.
type exprValues func(name string) (num.Num, bool)

// Vars are the names the expression reads, in alphabetical order; the caller must not change the slice.
func (p *exprProgram) Vars() []string { return p.vars }

// IsBool reports whether the result is a condition, to be had from EvalBool.
func (p *exprProgram) IsBool() bool { return p.bool }

// Eval computes the value; a condition becomes 0 or 1. It returns Invalid with the place in the expression, caused by num.ErrDivisionByZero,
// num.ErrDomain, num.ErrTooLarge, or errNoValue if a name that matters has no value. As in CEL, && and || do not mind an error on one
// side if the other side decides, and ?: computes only the branch it takes.
func (p *exprProgram) Eval(vals exprValues) (num.Num, error) {
	return p.root.eval(&exprRun{vars: p.vars, values: vals})
}

// EvalBool computes a condition; it returns the errors of Eval.
func (p *exprProgram) EvalBool(vals exprValues) (bool, error) {
	x, err := p.Eval(vals)
	return !x.IsZero(), err
}

type exprRun struct {
	vars   []string
	values exprValues
}

func truth(yes bool) num.Num {
	if yes {
		return num.FromInt(1)
	}
	return num.Num{}
}

func (n *exprNode) eval(run *exprRun) (num.Num, error) {
	switch n.op {
	case opNumber:
		return n.value, nil
	case opVar, opFlag:
		x, ok := run.values(run.vars[n.index])
		if !ok {
			return num.Num{}, n.fail(run, errNoValue)
		}
		if n.op == opFlag {
			x = truth(!x.IsZero())
		}
		return x, nil
	case opAnd, opOr:
		return n.logic(run)
	case opIf:
		condition, err := n.args[0].eval(run)
		if err != nil {
			return num.Num{}, err
		}
		if condition.IsZero() {
			return n.args[2].eval(run)
		}
		return n.args[1].eval(run)
	}
	x, err := n.args[0].eval(run)
	if err != nil {
		return num.Num{}, err
	}
	if len(n.args) == 1 {
		x, err = n.unary(x)
	} else {
		for i := 1; i < len(n.args) && err == nil; i++ { // only min, max and clamp have more than two operands
			var y num.Num
			if y, err = n.args[i].eval(run); err != nil {
				return num.Num{}, err
			}
			x, err = n.binary(x, y, i)
		}
	}
	if err == nil && !x.Storable() {
		err = num.ErrTooLarge
	}
	if err != nil {
		return num.Num{}, n.fail(run, err)
	}
	return x, nil
}

// logic follows CEL: the side that decides is enough, whatever the other one says.
func (n *exprNode) logic(run *exprRun) (num.Num, error) {
	decides := n.op == opOr
	x, errX := n.args[0].eval(run)
	if errX == nil && !x.IsZero() == decides {
		return truth(decides), nil
	}
	y, errY := n.args[1].eval(run)
	switch {
	case errY == nil && !y.IsZero() == decides:
		return truth(decides), nil
	case errX != nil:
		return num.Num{}, errX
	case errY != nil:
		return num.Num{}, errY
	}
	return truth(!decides), nil
}

func (n *exprNode) unary(x num.Num) (num.Num, error) {
	switch n.op {
	case opNeg:
		return x.Neg(), nil
	case opNot:
		return truth(x.IsZero()), nil
	case opAbs:
		return x.Abs(), nil
	case opRound:
		return x.Round(n.index, num.HalfUp), nil
	case opFloor:
		return x.Round(0, num.Floor), nil
	case opCeil:
		return x.Round(0, num.Ceiling), nil
	case opLn:
		return x.Ln()
	case opExp:
		return x.Exp()
	case opSqrt:
		return x.Sqrt()
	}
	return x, nil // min and max of one
}

// binary applies the operation to what the operands before place gave and the operand at place.
func (n *exprNode) binary(x, y num.Num, place int) (num.Num, error) {
	switch n.op {
	case opAdd:
		return x.Add(y), nil
	case opSub:
		return x.Sub(y), nil
	case opMul:
		return x.Mul(y), nil
	case opQuo:
		return x.Quo(y)
	case opLess:
		return truth(x.Cmp(y) < 0), nil
	case opLessEqual:
		return truth(x.Cmp(y) <= 0), nil
	case opGreater:
		return truth(x.Cmp(y) > 0), nil
	case opGreaterEqual:
		return truth(x.Cmp(y) >= 0), nil
	case opEqual:
		return truth(x.Equal(y)), nil
	case opNotEqual:
		return truth(!x.Equal(y)), nil
	case opMin:
		return num.Min(x, y), nil
	case opMax:
		return num.Max(x, y), nil
	case opClamp: // clamp(x, low, high)
		if place == 1 {
			return num.Max(x, y), nil
		}
		return num.Min(x, y), nil
	default: // opPow
		return x.Pow(y)
	}
}

// fail adds the place in the expression.
func (n *exprNode) fail(run *exprRun, err error) error {
	what := "计算结果过大"
	switch {
	case errors.Is(err, errNoValue):
		what = "没有数据：" + run.vars[n.index]
	case fault.MessageOf(err) != "":
		what = fault.MessageOf(err)
	}
	return fault.Wrap("rating.expr", fault.Invalid, fmt.Sprintf("表达式第 %d 行第 %d 列：%s", n.line, n.column, what), err)
}
