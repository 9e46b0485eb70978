package rating

import "redsteward/internal/num"

// trend says how a value answers when what is looked at gets better or larger.
type trend uint8

const (
	still trend = iota // not at all
	rises              // it rises or stays
	falls              // it falls or stays
	wild               // not known
)

func (t trend) turned() trend {
	switch t {
	case rises:
		return falls
	case falls:
		return rises
	}
	return t
}

// with is the trend of a value that follows both.
func (t trend) with(u trend) trend {
	switch {
	case t == still:
		return u
	case u == still || t == u:
		return t
	}
	return wild
}

// shade is what is known of a value without evaluating it: the span it lies in, its trend, and whether it may be without a value. All of it
// errs on the safe side: a span may be too wide and a trend may be wild, but neither is ever wrong.
type shade struct {
	low, high *num.Num // nil is infinite
	trend     trend
	absent    bool // it may have no value
	moves     bool // whether it has one may depend on what is looked at
}

func exactly(x num.Num) shade { return shade{low: &x, high: &x} }

func between(low, high num.Num) shade { return shade{low: &low, high: &high} }

var yesOrNo = between(num.Num{}, one)

// follows takes over from the operands whether there is a value, and how it moves if it moves with all of them.
func (s shade) follows(operands ...shade) shade {
	for _, o := range operands {
		s.trend = s.trend.with(o.trend)
		s.absent = s.absent || o.absent
		s.moves = s.moves || o.moves
	}
	return s
}

// mayFail notes that the operation has no value for some operands; if they move, so may whether there is one.
func (s shade) mayFail(operands ...shade) shade {
	s.absent = true
	for _, o := range operands {
		s.moves = s.moves || o.trend != still
	}
	return s
}

func addEnds(a, b *num.Num) *num.Num {
	if a == nil || b == nil {
		return nil
	}
	x := a.Add(*b)
	return &x
}

func negEnd(a *num.Num) *num.Num {
	if a == nil {
		return nil
	}
	x := a.Neg()
	return &x
}

func (s shade) plus(o shade) shade {
	return shade{low: addEnds(s.low, o.low), high: addEnds(s.high, o.high)}.follows(s, o)
}

func (s shade) negated() shade {
	s.low, s.high, s.trend = negEnd(s.high), negEnd(s.low), s.trend.turned()
	return s
}

// atLeast reports whether the value is known to be x or more; atMost likewise.
func (s shade) atLeast(x num.Num) bool { return s.low != nil && !s.low.Less(x) }
func (s shade) atMost(x num.Num) bool  { return s.high != nil && !x.Less(*s.high) }

// factor is the trend of a product as the other operand moves, given this factor: the other's trend, turned for a negative factor.
func (s shade) factor(other trend) trend {
	switch {
	case other == still:
		return still
	case s.atLeast(num.Num{}):
		return other
	case s.atMost(num.Num{}):
		return other.turned()
	}
	return wild
}

func (s shade) times(o shade) shade {
	out := shade{absent: s.absent || o.absent, moves: s.moves || o.moves, trend: s.factor(o.trend).with(o.factor(s.trend))}
	if s.low != nil && s.high != nil && o.low != nil && o.high != nil {
		a := s.low.Mul(*o.low)
		out.low, out.high = &a, &a
		for _, p := range []num.Num{s.low.Mul(*o.high), s.high.Mul(*o.low), s.high.Mul(*o.high)} {
			x, y := num.Min(*out.low, p), num.Max(*out.high, p)
			out.low, out.high = &x, &y
		}
		return out
	}
	if s.atLeast(num.Num{}) && o.atLeast(num.Num{}) {
		x := s.low.Mul(*o.low)
		out.low = &x
	}
	return out
}

// inverse is 1 ÷ s.
func (s shade) inverse() shade {
	out := shade{trend: wild, absent: s.absent, moves: s.moves}
	positive, negative := s.low != nil && s.low.Sign() > 0, s.high != nil && s.high.Sign() < 0
	if s.trend == still {
		out.trend = still
	}
	if !positive && !negative {
		out = out.mayFail(s)
		if s.atLeast(num.Num{}) { // where there is a value, it is positive
			out.low, out.trend = new(num.Num), s.trend.turned()
		}
		return out
	}
	out.trend = s.trend.turned()
	flip := func(end *num.Num) *num.Num {
		if end == nil {
			return new(num.Num)
		}
		x, _ := one.Quo(*end)
		return &x
	}
	out.low, out.high = flip(s.high), flip(s.low)
	return out
}

// lowest is the smaller of both.
func (s shade) lowest(o shade) shade {
	out := shade{}.follows(s, o)
	if s.low != nil && o.low != nil {
		x := num.Min(*s.low, *o.low)
		out.low = &x
	}
	switch {
	case s.high == nil:
		out.high = o.high
	case o.high == nil:
		out.high = s.high
	default:
		x := num.Min(*s.high, *o.high)
		out.high = &x
	}
	return out
}

func (s shade) highest(o shade) shade { return s.negated().lowest(o.negated()).negated() }

// either is one of both, who knows which.
func (s shade) either(o shade) shade {
	out := shade{}.follows(s, o)
	if s.low != nil && o.low != nil {
		x := num.Min(*s.low, *o.low)
		out.low = &x
	}
	if s.high != nil && o.high != nil {
		x := num.Max(*s.high, *o.high)
		out.high = &x
	}
	return out
}

// less is the condition s < o (or ≤): it holds the more, the larger o and the smaller s.
func (s shade) less(o shade) shade {
	out := yesOrNo
	out.trend = o.trend.with(s.trend.turned())
	out.absent, out.moves = s.absent || o.absent, s.moves || o.moves
	return out
}

// through applies a function that never falls to the span.
func (s shade) through(f func(num.Num) num.Num) shade {
	if s.low != nil {
		x := f(*s.low)
		s.low = &x
	}
	if s.high != nil {
		x := f(*s.high)
		s.high = &x
	}
	return s
}

// clamped holds the value between two ends; nil is open. Where the value is known to stay outside, it no longer moves.
func (s shade) clamped(low, high *num.Num) shade {
	if high != nil {
		s = s.lowest(exactly(*high))
	}
	if low != nil {
		s = s.highest(exactly(*low))
	}
	return s
}

// inside reports whether the value is known to lie in the span.
func (s shade) inside(low, high num.Num) bool { return s.atLeast(low) && s.atMost(high) }

// rounded applies roundings, which never turn an order around.
func (s shade) rounded(r Rounding) shade { return s.through(r.round) }
