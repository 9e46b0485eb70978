package num

import (
	"math/big"

	"github.com/cockroachdb/apd/v3"

	"redsteward/internal/fault"
)

// The errors of arithmetic; callers compare with errors.Is and add the place in the rule.
var (
	// ErrDivisionByZero is returned for x ÷ 0 and for 0 to a negative power.
	ErrDivisionByZero error = fault.New("num", fault.Invalid, "除数为零")
	// ErrDomain is returned where a function has no real value: ln of 0 or less, the root of a negative number, 0 to the power 0, a negative number
	// to a power that is not whole.
	ErrDomain error = fault.New("num", fault.Invalid, "超出函数的定义域")
	// ErrTooLarge is returned when the result of Exp, Pow or Sqrt exceeds 10^12, beyond which 34 digits no longer hold 20 decimals.
	ErrTooLarge error = fault.New("num", fault.Invalid, "计算结果过大")
)

const (
	workDigits   = 34 // digits of the decimal arithmetic, those of IEEE 754 decimal128
	resultPlaces = 20 // decimals of a result
)

var (
	// largest bounds the results of Exp, Pow and Sqrt.
	largest = FromInt(1_000_000_000_000)
	// mostExponent bounds the exponents of Pow, so that 34 digits hold them exactly enough to know whether they are odd.
	mostExponent = FromInt(1_000_000_000_000)
)

func decimals() *apd.Context {
	c := apd.BaseContext.WithPrecision(workDigits)
	c.Rounding = apd.RoundHalfUp
	return c
}

// toDecimal returns x with 34 digits.
func toDecimal(x Num) (*apd.Decimal, error) {
	r := x.rat()
	n := apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(r.Num()), 0)
	d := apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(r.Denom()), 0)
	out := new(apd.Decimal)
	if _, err := decimals().Quo(out, n, d); err != nil {
		return nil, fault.Wrap("num", fault.Invalid, "计算结果过大", err)
	}
	return out, nil
}

// fromDecimal rounds d to 20 decimals. A result so small that it rounds to 0 is cut short, one above the bound refused, before either is
// written out in full.
func fromDecimal(d *apd.Decimal) (Num, error) {
	if d.Form != apd.Finite {
		return Num{}, ErrDomain
	}
	magnitude := d.NumDigits() + int64(d.Exponent) // the value is below 10^magnitude
	if d.IsZero() || magnitude < -resultPlaces {
		return Num{}, nil
	}
	if magnitude > 14 {
		return Num{}, ErrTooLarge
	}
	n := d.Coeff.MathBigInt()
	if d.Negative {
		n.Neg(n)
	}
	r := new(big.Rat)
	if d.Exponent >= 0 {
		r.SetInt(n.Mul(n, bigPow10(int(d.Exponent))))
	} else {
		r.SetFrac(n, bigPow10(int(-d.Exponent)))
	}
	out := fromBig(r).Round(resultPlaces, HalfUp)
	if largest.Less(out.Abs()) {
		return Num{}, ErrTooLarge
	}
	return out, nil
}

// Ln returns the natural logarithm to 20 decimals, or ErrDomain unless x > 0.
func (x Num) Ln() (Num, error) {
	if x.Sign() <= 0 {
		return Num{}, ErrDomain
	}
	d, err := toDecimal(x)
	if err != nil {
		return Num{}, err
	}
	if _, err := decimals().Ln(d, d); err != nil {
		return Num{}, fault.Wrap("num.Ln", fault.Invalid, "无法计算对数", err)
	}
	return fromDecimal(d)
}

// Exp returns e to the power x to 20 decimals, or ErrTooLarge above 10^12.
func (x Num) Exp() (Num, error) {
	if FromInt(28).Less(x) { // e^28 > 10^12
		return Num{}, ErrTooLarge
	}
	if x.Less(FromInt(-48)) { // e^-48 < 0.5 × 10^-20
		return Num{}, nil
	}
	d, err := toDecimal(x)
	if err != nil {
		return Num{}, err
	}
	if _, err := decimals().Exp(d, d); err != nil {
		return Num{}, fault.Wrap("num.Exp", fault.Invalid, "无法计算指数", err)
	}
	return fromDecimal(d)
}

// Pow returns x to the power y to 20 decimals. It returns ErrDivisionByZero for 0 to a negative power, ErrDomain for 0 to the power 0 and for a
// negative x unless y is whole, and ErrTooLarge for a result or an exponent beyond ±10^12.
func (x Num) Pow(y Num) (Num, error) {
	if x.IsZero() {
		switch y.Sign() {
		case 0:
			return Num{}, ErrDomain
		case -1:
			return Num{}, ErrDivisionByZero
		}
		return Num{}, nil
	}
	if x.Sign() < 0 && !y.IsInt() {
		return Num{}, ErrDomain
	}
	if mostExponent.Less(y.Abs()) {
		return Num{}, ErrTooLarge
	}
	base, err := toDecimal(x)
	if err != nil {
		return Num{}, err
	}
	exponent, err := toDecimal(y)
	if err != nil {
		return Num{}, err
	}
	// The size of the result is known from y·ln|x| before the power itself is worked out.
	c := decimals()
	size := new(apd.Decimal)
	if _, err := c.Ln(size, new(apd.Decimal).Abs(base)); err != nil {
		return Num{}, fault.Wrap("num.Pow", fault.Invalid, "无法计算乘方", err)
	}
	if _, err := c.Mul(size, size, exponent); err != nil {
		return Num{}, fault.Wrap("num.Pow", fault.Invalid, "计算结果过大", err)
	}
	if size.Cmp(apd.New(28, 0)) > 0 {
		return Num{}, ErrTooLarge
	}
	if size.Cmp(apd.New(-48, 0)) < 0 {
		return Num{}, nil
	}
	if _, err := c.Pow(base, base, exponent); err != nil {
		return Num{}, fault.Wrap("num.Pow", fault.Invalid, "无法计算乘方", err)
	}
	return fromDecimal(base)
}

// Sqrt returns the square root to 20 decimals, ErrDomain for a negative x, or ErrTooLarge above 10^12.
func (x Num) Sqrt() (Num, error) {
	if x.Sign() < 0 {
		return Num{}, ErrDomain
	}
	d, err := toDecimal(x)
	if err != nil {
		return Num{}, err
	}
	if _, err := decimals().Sqrt(d, d); err != nil {
		return Num{}, fault.Wrap("num.Sqrt", fault.Invalid, "无法计算平方根", err)
	}
	return fromDecimal(d)
}
