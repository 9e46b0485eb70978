package num

import (
	"math"
	"math/big"
	"math/bits"
	"strconv"
)

// Mode says what happens to the part that rounding cuts off. The zero value is HalfUp, the mode of every rule that does not name one.
type Mode uint8

// The rounding modes.
const (
	// HalfUp goes to the nearest, and from the middle away from zero: 0.5 → 1, -0.5 → -1 (四舍五入).
	HalfUp Mode = iota
	// HalfEven goes to the nearest, and from the middle to the even neighbour: 0.5 → 0, 1.5 → 2.
	HalfEven
	// Down goes towards zero: 1.9 → 1, -1.9 → -1.
	Down
	// Up goes away from zero: 1.1 → 2, -1.1 → -2.
	Up
	// Floor goes towards negative infinity: 1.9 → 1, -1.1 → -2.
	Floor
	// Ceiling goes towards positive infinity: 1.1 → 2, -1.9 → -1.
	Ceiling
)

// maxPlaces bounds the places Round works with, whatever a rule file says.
const maxPlaces = 100

// Round returns x rounded to places decimals; places may be negative (-1 rounds to tens). Places beyond ±100 count as ±100. An unknown
// mode is a defect of the caller and panics.
func (x Num) Round(places int, mode Mode) Num {
	if mode > Ceiling {
		panic("num: unknown rounding mode " + strconv.Itoa(int(mode)))
	}
	places = max(-maxPlaces, min(places, maxPlaces))
	if x.big == nil {
		if z, ok := roundSmall(x.n, x.dm1+1, places, mode); ok {
			return z
		}
	}
	return roundBig(x.rat(), places, mode)
}

func roundSmall(n, d int64, places int, mode Mode) (Num, bool) {
	if places < 0 || places >= len(pow10) {
		return Num{}, false
	}
	one := pow10[places]
	if d == 1 || one%d == 0 {
		return Num{n: n, dm1: d - 1}, true
	}
	hi, lo := bits.Mul64(magnitude(n), uint64(one))
	if hi >= uint64(d) {
		return Num{}, false
	}
	q, rest := bits.Div64(hi, lo, uint64(d))
	if rest != 0 {
		half := 0 // rest compared with d-rest, which is rest compared with half the denominator
		if other := uint64(d) - rest; rest < other {
			half = -1
		} else if rest > other {
			half = 1
		}
		if away(mode, n < 0, q&1 == 1, half) {
			q++
		}
	}
	if q > math.MaxInt64 {
		return Num{}, false
	}
	signed := int64(q)
	if n < 0 {
		signed = -signed
	}
	return reduced(signed, one), true
}

func roundBig(r *big.Rat, places int, mode Mode) Num {
	one := bigPow10(max(places, -places))
	n, d := new(big.Int).Abs(r.Num()), new(big.Int).Set(r.Denom())
	if places >= 0 {
		n.Mul(n, one)
	} else {
		d.Mul(d, one)
	}
	q, rest := new(big.Int).QuoRem(n, d, new(big.Int))
	if rest.Sign() != 0 {
		half := new(big.Int).Lsh(rest, 1).Cmp(d)
		if away(mode, r.Sign() < 0, q.Bit(0) == 1, half) {
			q.Add(q, big.NewInt(1))
		}
	}
	if r.Sign() < 0 {
		q.Neg(q)
	}
	if places < 0 {
		return fromBig(new(big.Rat).SetInt(q.Mul(q, one)))
	}
	return fromBig(new(big.Rat).SetFrac(q, one))
}

// away reports whether an inexact quotient goes one step away from zero. half compares what was cut off with one half.
func away(mode Mode, negative, odd bool, half int) bool {
	switch mode {
	case HalfUp:
		return half >= 0
	case HalfEven:
		return half > 0 || half == 0 && odd
	case Up:
		return true
	case Floor:
		return negative
	case Ceiling:
		return !negative
	case Down:
	}
	return false
}
