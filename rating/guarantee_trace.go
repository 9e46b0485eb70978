package rating

import (
	"sort"

	"redsteward/internal/num"
)

// tracer follows one thing through a scheme without evaluating it: a fact that gets better, the total from one adjustment on, or nothing, for
// the spans alone. It proves what trials can only fail to refute.
type tracer struct {
	p      *program
	fact   int   // the fact that gets better, -1 for none
	better trend // how its numbers move then
	from   int   // the adjustment after which the total rises, -1 for none

	nodes   []nodeShade
	running shade
	total   shade
	outputs []shade
	moved   bool // whether some value may come or go with the fact
}

// nodeShade is an indicator or a part: points, and points ÷ maximum.
type nodeShade struct {
	points, rate shade
	max          num.Num
}

// trace follows a fact that gets better, or with -1 nothing.
func (p *program) trace(fact int) *tracer {
	t := newTracer(p)
	if t.fact = fact; fact >= 0 {
		t.better = rises
		if p.scheme.Facts[fact].Better == "lower" {
			t.better = falls
		}
	}
	return t.run()
}

// traceTotal follows a total that rises after an adjustment.
func (p *program) traceTotal(from int) *tracer {
	t := newTracer(p)
	t.from = from
	return t.run()
}

func newTracer(p *program) *tracer {
	return &tracer{p: p, fact: -1, from: -1, nodes: make([]nodeShade, len(p.indicators)+len(p.parts)), outputs: make([]shade, len(p.outputs))}
}

func (t *tracer) run() *tracer {
	for _, st := range t.p.order {
		switch st.kind {
		case stageIndicator:
			t.indicator(st.index)
		case stagePart:
			t.part(st.index)
		case stageTotal:
			t.adjust()
		case stageOutput:
			t.output(st.index)
		}
	}
	return t
}

// ref is what is known of a name.
func (t *tracer) ref(r *nameRef) shade {
	switch r.kind {
	case refFact, refQuotient, refDay, refNumerator, refDenominator, refItem, refAnswers, refActive:
		return t.factRef(r)
	case refValue:
		s := yesOrNo
		s.absent = true
		return s
	case refKnown, refPastKnown, refPastGrade:
		return yesOrNo
	case refPoints, refRate, refCounted:
		return t.nodeRef(r)
	case refBase:
		return t.nodes[len(t.nodes)-1].points
	case refRunning:
		return t.running
	case refTotal:
		return t.total
	case refOutput:
		return t.outputs[r.a]
	case refAsOf:
		return shade{low: new(num.Num)}
	}
	return shade{absent: true} // an earlier result
}

func (t *tracer) factRef(r *nameRef) shade {
	f := &t.p.scheme.Facts[r.a]
	s := shade{low: f.Min, high: f.Max, absent: true}
	switch f.Type {
	case TypeBool:
		s = yesOrNo
		s.absent = true
	case TypeCount, TypeRatio, TypeSurvey, TypeDate:
		s.low = new(num.Num)
		if f.Min != nil && f.Type != TypeSurvey {
			x := num.Max(num.Num{}, *f.Min)
			s.low = &x
		}
	case TypeEvents:
		s.low = new(num.Num)
	}
	if r.kind == refNumerator || r.kind == refDenominator {
		s.low, s.high = new(num.Num), nil
	}
	if r.a != t.fact {
		return s
	}
	s.absent = r.kind == refItem // the fact is there, before and after; an item of it may not be
	switch r.kind {
	case refFact, refQuotient, refDay, refNumerator, refActive:
		s.trend = t.better
		if f.Type == TypeSurvey { // the population stays
			s.trend = still
		}
	case refItem:
		s.trend = t.better
		if f.Type == TypeSurvey { // answers go from one level to another
			s.trend = wild
		}
	}
	return s
}

func (t *tracer) nodeRef(r *nameRef) shade {
	n := &t.nodes[r.a]
	points, rate := n.points, n.rate
	if r.a == len(t.nodes)-1 {
		points = t.total
		rate = shade{absent: true}.follows(t.total)
		if n.max.Sign() <= 0 && t.total.trend != still {
			rate.trend = wild
		}
	}
	switch r.kind {
	case refPoints:
		return points
	case refRate:
		return rate
	}
	s := yesOrNo
	if points.moves {
		s.trend = wild
	}
	return s
}

func (t *tracer) operand(o *operand) shade {
	switch o.kind {
	case operandNone:
		return exactly(one)
	case operandNumber:
		return exactly(o.number)
	case operandRef:
		return t.ref(&o.ref)
	}
	return t.expr(&o.expr.root, o.refs)
}

func (t *tracer) expr(n *exprNode, refs []nameRef) shade {
	switch n.op {
	case opNumber:
		return exactly(n.value)
	case opVar, opFlag:
		return t.ref(&refs[n.index])
	}
	args := make([]shade, len(n.args))
	for i := range n.args {
		args[i] = t.expr(&n.args[i], refs)
	}
	x := args[0]
	switch n.op {
	case opAdd:
		return x.plus(args[1])
	case opSub:
		return x.plus(args[1].negated())
	case opMul:
		return x.times(args[1])
	case opQuo:
		return x.times(args[1].inverse())
	case opNeg:
		return x.negated()
	case opLess, opLessEqual:
		return x.less(args[1])
	case opGreater, opGreaterEqual:
		return args[1].less(x)
	case opEqual:
		return equality(x, args[1])
	case opNotEqual:
		return exactly(one).plus(equality(x, args[1]).negated())
	case opNot:
		return exactly(one).plus(x.negated())
	case opAnd, opOr:
		out := yesOrNo.follows(args...)
		// One side decides alone, so that a value that is not there matters only while the other side does not decide.
		out.moves = out.moves || x.trend != still && args[1].absent || args[1].trend != still && x.absent
		return out
	case opIf:
		return choice(x, args[1], args[2])
	case opMin, opMax:
		for _, y := range args[1:] {
			if n.op == opMin {
				x = x.lowest(y)
			} else {
				x = x.highest(y)
			}
		}
		return x
	case opClamp:
		return x.highest(args[1]).lowest(args[2])
	}
	return function(n, x, args)
}

func function(n *exprNode, x shade, args []shade) shade {
	switch n.op {
	case opAbs:
		switch {
		case x.atLeast(num.Num{}):
			return x
		case x.atMost(num.Num{}):
			return x.negated()
		}
		return vague(shade{low: new(num.Num)}, x)
	case opRound:
		return x.through(func(v num.Num) num.Num { return v.Round(n.index, num.HalfUp) })
	case opFloor:
		return x.through(func(v num.Num) num.Num { return v.Round(0, num.Floor) })
	case opCeil:
		return x.through(func(v num.Num) num.Num { return v.Round(0, num.Ceiling) })
	case opSqrt:
		out := shade{low: new(num.Num)}.follows(x)
		if !x.inside(num.Num{}, num.FromInt(1_000_000_000)) {
			out = out.mayFail(x)
		}
		return out
	case opLn:
		out := shade{}.follows(x)
		if x.low == nil || x.low.Sign() <= 0 {
			out = out.mayFail(x)
		}
		return out
	case opExp:
		out := shade{low: new(num.Num)}.follows(x)
		if !x.atMost(num.FromInt(27)) {
			out = out.mayFail(x)
		}
		return out
	}
	return vague(shade{}, args...).mayFail(args...) // pow
}

// equality is the condition x == y. A value that never lies below y equals it only at its lowest: the condition falls with it.
func equality(x, y shade) shade {
	if x.trend == still {
		x, y = y, x
	}
	if y.trend != still || y.low == nil || y.high == nil || !y.low.Equal(*y.high) {
		return vague(yesOrNo, x, y)
	}
	out := yesOrNo.follows(x, y)
	switch {
	case x.atLeast(*y.low):
		out.trend = x.trend.turned()
	case x.atMost(*y.low):
		out.trend = x.trend
	default:
		return vague(yesOrNo, x, y)
	}
	return out
}

// holds is the trend of a condition where one that has no value counts as otherwise: true or false. What is not true then is false, so that a
// value that comes or goes matters only if it alone decides.
func (t *tracer) holds(o *operand, otherwise bool) shade {
	if o.kind != operandExpr {
		return settled(t.operand(o))
	}
	return t.holdsExpr(&o.expr.root, o.refs, otherwise)
}

func (t *tracer) holdsExpr(n *exprNode, refs []nameRef, otherwise bool) shade {
	switch n.op {
	case opAnd, opOr:
		return yesOrNo.follows(t.holdsExpr(&n.args[0], refs, otherwise), t.holdsExpr(&n.args[1], refs, otherwise))
	case opNot:
		return exactly(one).plus(t.holdsExpr(&n.args[0], refs, !otherwise).negated())
	}
	return settled(t.expr(n, refs))
}

// settled always has a value, but if that depends on what moves, nobody knows which.
func settled(s shade) shade {
	if s.moves {
		s.trend = wild
	}
	s.absent, s.moves = false, false
	return s
}

// vague is a value of which only the span is known.
func vague(s shade, operands ...shade) shade {
	s = s.follows(operands...)
	if s.trend != still {
		s.trend = wild
	}
	return s
}

// choice is condition ? yes : no.
func choice(condition, yes, no shade) shade {
	out := yes.either(no)
	out.absent = out.absent || condition.absent
	out.moves = out.moves || condition.moves || condition.trend != still && (yes.absent || no.absent)
	switch {
	case condition.trend == still:
	case yes.low != nil && no.high != nil && !yes.low.Less(*no.high): // taking yes never lowers it
		out.trend = out.trend.with(condition.trend)
	case no.low != nil && yes.high != nil && !no.low.Less(*yes.high):
		out.trend = out.trend.with(condition.trend.turned())
	default:
		out.trend = wild
	}
	return out
}

// tierShade is the step function of tiers over x, which is constant between neighbouring bounds, so that looking once into each gap and at each
// bound is looking everywhere. rest is what values outside all tiers get: nil if they have no value.
func tierShade(x shade, tiers []Tier, rest *num.Num) shade {
	var cuts []num.Num
	for i := range tiers {
		for _, end := range []*num.Num{tiers[i].AtLeast, tiers[i].Above, tiers[i].AtMost, tiers[i].Below} {
			if end != nil {
				cuts = append(cuts, *end)
			}
		}
	}
	for _, end := range []*num.Num{x.low, x.high} {
		if end != nil {
			cuts = append(cuts, *end)
		}
	}
	sort.Slice(cuts, func(i, j int) bool { return cuts[i].Less(cuts[j]) })
	var places []num.Num
	for i, c := range cuts {
		if i == 0 {
			places = append(places, c.Sub(one))
		}
		places = append(places, c)
		if i+1 < len(cuts) {
			places = append(places, c.Add(cuts[i+1]).Mul(num.FromFrac(1, 2)))
		} else {
			places = append(places, c.Add(one))
		}
	}
	out := shade{absent: x.absent, moves: x.moves}
	up, down, first := true, true, true
	var last num.Num
	for _, at := range places {
		if x.low != nil && at.Less(*x.low) || x.high != nil && x.high.Less(at) {
			continue
		}
		points := rest
		for i := range tiers {
			if tiers[i].Bounds.holds(at) {
				points = &tiers[i].Points
				break
			}
		}
		if points == nil {
			out.absent, out.moves = true, out.moves || x.trend != still
			continue
		}
		if first {
			out.low, out.high, last, first = points, points, *points, false
		}
		up, down = up && !points.Less(last), down && !last.Less(*points)
		low, high := num.Min(*out.low, *points), num.Max(*out.high, *points)
		out.low, out.high, last = &low, &high, *points
	}
	switch {
	case x.trend == still:
	case up && down:
	case up:
		out.trend = x.trend
	case down:
		out.trend = x.trend.turned()
	default:
		out.trend = wild
	}
	return out
}
