// Package num holds the one number type of the rating: exact rational numbers.
//
//  1. A value is exact until a rule says where to round; no operation here uses floating point, except Float64, which leaves the package.
//  2. Values are immutable, and the zero value is 0. Copy them freely; == does not compile, compare with Cmp, Equal or Less.
//  3. One value has one representation: reduced, with a positive denominator, and in two int64 whenever both fit. What overflows moves to
//     big.Rat and comes back as soon as it fits, so the common path allocates nothing.
//  4. One value has one canonical text (String), the same on every machine.
//  5. Ln, Exp, Pow and Sqrt are decimal arithmetic with 34 digits, rounded half-up to 20 decimals: the same digits on every machine.
//
// Every error is a *fault.Error of kind Invalid with a Chinese message for whoever wrote the number or the rule.
package num

import (
	"math"
	"math/big"
	"math/bits"
)

// Num is an exact rational number.
type Num struct {
	_ [0]func() // makes == a compile error: two big values could be equal without being identical

	n   int64    // numerator; never math.MinInt64, so that negation cannot overflow
	dm1 int64    // denominator minus one, so that the zero Num is 0/1
	big *big.Rat // set when numerator or denominator do not fit above; never changed after it is set
}

// FromInt returns v.
func FromInt(v int64) Num {
	if v == math.MinInt64 {
		return fromBig(new(big.Rat).SetInt64(v))
	}
	return Num{n: v}
}

// FromFrac returns n/d. It panics if d is 0: the denominator is meant to be a constant of the code; divide data with Quo.
func FromFrac(n, d int64) Num {
	if d == 0 {
		panic("num: zero denominator")
	}
	if n == math.MinInt64 || d == math.MinInt64 {
		return fromBig(big.NewRat(n, d))
	}
	if d < 0 {
		n, d = -n, -d
	}
	return reduced(n, d)
}

// reduced returns n/d for d > 0 and n other than math.MinInt64.
func reduced(n, d int64) Num {
	if d != 1 {
		if g := gcd(magnitude(n), uint64(d)); g > 1 {
			n, d = n/int64(g), d/int64(g)
		}
	}
	return Num{n: n, dm1: d - 1}
}

// fromBig takes r over: the caller must not change it afterwards.
func fromBig(r *big.Rat) Num {
	if n, d := r.Num(), r.Denom(); n.IsInt64() && d.IsInt64() && n.Int64() != math.MinInt64 {
		return Num{n: n.Int64(), dm1: d.Int64() - 1}
	}
	return Num{big: r}
}

// rat returns the value as big.Rat. The caller must not change it.
func (x Num) rat() *big.Rat {
	if x.big != nil {
		return x.big
	}
	return big.NewRat(x.n, x.dm1+1)
}

// Add returns x + y.
func (x Num) Add(y Num) Num {
	if x.big == nil && y.big == nil {
		if x.dm1 == y.dm1 {
			if n, ok := add64(x.n, y.n); ok {
				return reduced(n, x.dm1+1)
			}
		} else if z, ok := addUnlike(x, y); ok {
			return z
		}
	}
	return fromBig(new(big.Rat).Add(x.rat(), y.rat()))
}

// addUnlike adds over the least common denominator, which keeps intermediate values small (Knuth, TAOCP 4.5.1).
func addUnlike(x, y Num) (Num, bool) {
	dx, dy := x.dm1+1, y.dm1+1
	g := int64(gcd(uint64(dx), uint64(dy)))
	a, okA := mul64(x.n, dy/g)
	b, okB := mul64(y.n, dx/g)
	n, okN := add64(a, b)
	if !okA || !okB || !okN {
		return Num{}, false
	}
	t := int64(1)
	if g > 1 {
		t = int64(gcd(magnitude(n), uint64(g)))
	}
	d, okD := mul64(dx/g, dy/t)
	return Num{n: n / t, dm1: d - 1}, okD
}

// Sub returns x - y.
func (x Num) Sub(y Num) Num { return x.Add(y.Neg()) }

// Mul returns x × y.
func (x Num) Mul(y Num) Num {
	if x.big == nil && y.big == nil {
		if z, ok := mulSmall(x.n, x.dm1+1, y.n, y.dm1+1); ok {
			return z
		}
	}
	return fromBig(new(big.Rat).Mul(x.rat(), y.rat()))
}

// mulSmall multiplies two reduced fractions; reducing crosswise first keeps the products as small as they can be.
func mulSmall(xn, xd, yn, yd int64) (Num, bool) {
	if yd != 1 {
		if g := int64(gcd(magnitude(xn), uint64(yd))); g > 1 {
			xn, yd = xn/g, yd/g
		}
	}
	if xd != 1 {
		if g := int64(gcd(magnitude(yn), uint64(xd))); g > 1 {
			yn, xd = yn/g, xd/g
		}
	}
	n, okN := mul64(xn, yn)
	d, okD := mul64(xd, yd)
	return Num{n: n, dm1: d - 1}, okN && okD
}

// Quo returns x ÷ y, or ErrDivisionByZero.
func (x Num) Quo(y Num) (Num, error) {
	if y.IsZero() {
		return Num{}, ErrDivisionByZero
	}
	if x.big == nil && y.big == nil {
		yn, yd := y.dm1+1, y.n
		if yd < 0 {
			yn, yd = -yn, -yd
		}
		if z, ok := mulSmall(x.n, x.dm1+1, yn, yd); ok {
			return z, nil
		}
	}
	return fromBig(new(big.Rat).Quo(x.rat(), y.rat())), nil
}

// Neg returns -x.
func (x Num) Neg() Num {
	if x.big == nil {
		return Num{n: -x.n, dm1: x.dm1}
	}
	return fromBig(new(big.Rat).Neg(x.big))
}

// Abs returns x without its sign.
func (x Num) Abs() Num {
	if x.Sign() < 0 {
		return x.Neg()
	}
	return x
}

// Cmp returns -1, 0 or 1 as x is less than, equal to or greater than y.
func (x Num) Cmp(y Num) int {
	if x.big == nil && y.big == nil {
		if x.dm1 == y.dm1 {
			return cmp64(x.n, y.n)
		}
		if sx, sy := x.Sign(), y.Sign(); sx != sy || sx == 0 {
			return cmp64(int64(sx), int64(sy))
		}
		ahi, alo := bits.Mul64(magnitude(x.n), uint64(y.dm1+1))
		bhi, blo := bits.Mul64(magnitude(y.n), uint64(x.dm1+1))
		c := 0
		switch {
		case ahi < bhi || ahi == bhi && alo < blo:
			c = -1
		case ahi != bhi || alo != blo:
			c = 1
		}
		return c * x.Sign()
	}
	return x.rat().Cmp(y.rat())
}

// Equal reports whether x and y are the same number.
func (x Num) Equal(y Num) bool {
	if x.big == nil && y.big == nil {
		return x.n == y.n && x.dm1 == y.dm1
	}
	return x.Cmp(y) == 0
}

// Less reports whether x < y.
func (x Num) Less(y Num) bool { return x.Cmp(y) < 0 }

// Sign returns -1, 0 or 1 for a negative number, zero, a positive number.
func (x Num) Sign() int {
	if x.big != nil {
		return x.big.Sign()
	}
	return cmp64(x.n, 0)
}

// IsZero reports whether x is 0; encoders use it for omitzero.
func (x Num) IsZero() bool { return x.big == nil && x.n == 0 }

// IsInt reports whether x is a whole number.
func (x Num) IsInt() bool {
	if x.big != nil {
		return x.big.IsInt()
	}
	return x.dm1 == 0
}

// Int64 returns x as an int64; false if it is not whole or does not fit.
func (x Num) Int64() (int64, bool) {
	if x.big != nil {
		if x.big.IsInt() && x.big.Num().IsInt64() {
			return x.big.Num().Int64(), true
		}
		return 0, false
	}
	return x.n, x.dm1 == 0
}

// maxStorableBits keeps the canonical text within what ParseCanonical reads: a bit of the denominator costs at most one decimal.
const maxStorableBits = 4000

// Storable reports whether x is short enough for its canonical text to be read back. Whoever computes by rules of others refuses a result
// that is not: nobody could store it, and it grows without end.
func (x Num) Storable() bool {
	return x.big == nil || x.big.Num().BitLen()+x.big.Denom().BitLen() <= maxStorableBits
}

// Float64 returns the nearest float64. Only for perturbation and charts: nothing that is decided may depend on it.
func (x Num) Float64() float64 {
	const exact = 1 << 53 // both sides are exact below it, so that the division rounds once
	if x.big == nil && magnitude(x.n) <= exact && x.dm1 < exact {
		return float64(x.n) / float64(x.dm1+1)
	}
	f, _ := x.rat().Float64()
	return f
}

// Min returns the smaller of a and b.
func Min(a, b Num) Num {
	if b.Less(a) {
		return b
	}
	return a
}

// Max returns the greater of a and b.
func Max(a, b Num) Num {
	if a.Less(b) {
		return b
	}
	return a
}

func cmp64(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// magnitude returns |v| for v other than math.MinInt64.
func magnitude(v int64) uint64 {
	if v < 0 {
		return uint64(-v)
	}
	return uint64(v)
}

// add64 returns a + b; false if the sum is outside ±math.MaxInt64.
func add64(a, b int64) (int64, bool) {
	s := a + b
	return s, (s > a) == (b > 0) && s != math.MinInt64
}

// mul64 returns a × b; false if the product is outside ±math.MaxInt64.
func mul64(a, b int64) (int64, bool) {
	hi, lo := bits.Mul64(magnitude(a), magnitude(b))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, false
	}
	if (a < 0) != (b < 0) {
		return -int64(lo), true
	}
	return int64(lo), true
}

// gcd is the binary algorithm: no divisions; gcd(0, b) = b.
func gcd(a, b uint64) uint64 {
	switch {
	case a == 0:
		return b
	case b == 0:
		return a
	case a == 1 || b == 1:
		return 1
	}
	shift := bits.TrailingZeros64(a | b)
	a >>= bits.TrailingZeros64(a)
	for b != 0 {
		b >>= bits.TrailingZeros64(b)
		if a > b {
			a, b = b, a
		}
		b -= a
	}
	return a << shift
}
