package num

import (
	"errors"
	"testing"

	"pgregory.net/rapid"
)

// TestDecimalFunctions holds the functions against values worked out with 80 digits by another implementation.
func TestDecimalFunctions(t *testing.T) {
	ln := func(x, _ Num) (Num, error) { return x.Ln() }
	exp := func(x, _ Num) (Num, error) { return x.Exp() }
	sqrt := func(x, _ Num) (Num, error) { return x.Sqrt() }
	for _, r := range []struct {
		name       string
		f          func(x, y Num) (Num, error)
		x, y, want string
	}{
		{"ln", ln, "1", "0", "0"},
		{"ln", ln, "2", "0", "0.69314718055994530942"},
		{"ln", ln, "10", "0", "2.30258509299404568402"},
		{"ln", ln, "0.5", "0", "-0.69314718055994530942"},
		{"ln", ln, "1/3", "0", "-1.0986122886681096914"},
		{"ln", ln, "22/7", "0", "1.14513230430300254837"},
		{"ln", ln, "0.00000001", "0", "-18.42068074395236547214"},
		{"ln", ln, "1.0000000001", "0", "0.0000000001"},
		{"ln", ln, "0.9999999999", "0", "-0.00000000010000000001"},
		{"ln", ln, "86.5", "0", "4.46014441393783363752"},
		{"ln", ln, "123456789012345678", "0", "39.35466760321442918206"},
		{"ln", ln, "1000000000000000000000000000000", "0", "69.07755278982137052054"},
		{"exp", exp, "0", "0", "1"},
		{"exp", exp, "1", "0", "2.71828182845904523536"},
		{"exp", exp, "-1", "0", "0.3678794411714423216"},
		{"exp", exp, "0.5", "0", "1.64872127070012814685"},
		{"exp", exp, "1/3", "0", "1.39561242508608952863"},
		{"exp", exp, "10", "0", "22026.4657948067165169579"},
		{"exp", exp, "27.6", "0", "969455101915.23018629510096577092"},
		{"exp", exp, "-20", "0", "0.00000000206115362244"},
		{"exp", exp, "-45.5", "0", "0.00000000000000000002"},
		{"exp", exp, "-47", "0", "0"},
		{"exp", exp, "-1000000000000000000000", "0", "0"},
		{"exp", exp, "0.0000000001", "0", "1.00000000010000000001"},
		{"sqrt", sqrt, "0", "0", "0"},
		{"sqrt", sqrt, "2", "0", "1.4142135623730950488"},
		{"sqrt", sqrt, "4", "0", "2"},
		{"sqrt", sqrt, "2.25", "0", "1.5"},
		{"sqrt", sqrt, "0.0001", "0", "0.01"},
		{"sqrt", sqrt, "86.5", "0", "9.30053761886913717998"},
		{"sqrt", sqrt, "1/3", "0", "0.57735026918962576451"},
		{"sqrt", sqrt, "4/9", "0", "0.66666666666666666667"},
		{"sqrt", sqrt, "999999999999999999999999", "0", "999999999999.9999999999995"},
		{"sqrt", sqrt, "0.000000000000000000000001", "0", "0.000000000001"},
		{"pow", Num.Pow, "2", "0.5", "1.4142135623730950488"},
		{"pow", Num.Pow, "2", "1/3", "1.25992104989487316477"},
		{"pow", Num.Pow, "2", "10", "1024"},
		{"pow", Num.Pow, "7", "0", "1"},
		{"pow", Num.Pow, "0", "2.5", "0"},
		{"pow", Num.Pow, "1.1", "2", "1.21"},
		{"pow", Num.Pow, "86.5", "0.45", "7.44144452267048365436"},
		{"pow", Num.Pow, "0.92", "0.15", "0.98757064913229734962"},
		{"pow", Num.Pow, "10", "-5", "0.00001"},
		{"pow", Num.Pow, "-2", "3", "-8"},
		{"pow", Num.Pow, "-2", "-3", "-0.125"},
		{"pow", Num.Pow, "-1.5", "2", "2.25"},
		{"pow", Num.Pow, "-1", "999999999999", "-1"},
		{"pow", Num.Pow, "1.0000001", "1000000", "1.10517091254979341664"},
		{"pow", Num.Pow, "0.001", "6.5", "0.00000000000000000003"},
		{"pow", Num.Pow, "0.5", "64.5", "0.00000000000000000004"},
		{"pow", Num.Pow, "0.5", "1000000", "0"},
		{"pow", Num.Pow, "999999", "2", "999998000001"},
		{"pow", Num.Pow, "3", "25.1", "945678452094.29437319483388808734"},
	} {
		if got, err := r.f(canonical(t, r.x), canonical(t, r.y)); err != nil || got.String() != r.want {
			t.Errorf("%s(%s, %s) = %s, %v; want %s", r.name, r.x, r.y, got, err, r.want)
		}
	}
	for _, r := range []struct {
		name string
		f    func(x, y Num) (Num, error)
		x, y string
		want error
	}{
		{"ln", ln, "0", "0", ErrDomain},
		{"ln", ln, "-1", "0", ErrDomain},
		{"exp", exp, "27.7", "0", ErrTooLarge},
		{"exp", exp, "1000000000000000000000000", "0", ErrTooLarge},
		{"sqrt", sqrt, "-0.0001", "0", ErrDomain},
		{"sqrt", sqrt, "1000000000000000000000001000", "0", ErrTooLarge},
		{"pow", Num.Pow, "0", "0", ErrDomain},
		{"pow", Num.Pow, "0", "-1", ErrDivisionByZero},
		{"pow", Num.Pow, "-2", "0.5", ErrDomain},
		{"pow", Num.Pow, "10", "13", ErrTooLarge},
		{"pow", Num.Pow, "0.1", "-13", ErrTooLarge},
		{"pow", Num.Pow, "2", "1000000000000000000000", ErrTooLarge},
		{"pow", Num.Pow, "-10", "99999999999", ErrTooLarge},
	} {
		if got, err := r.f(canonical(t, r.x), canonical(t, r.y)); !errors.Is(err, r.want) {
			t.Errorf("%s(%s, %s) = %s, %v; want %v", r.name, r.x, r.y, got, err, r.want)
		}
	}
}

func TestDecimalFunctionsAgree(t *testing.T) {
	near := MustParse("0.000000000000000001")
	rapid.Check(t, func(t *rapid.T) {
		x := FromFrac(rapid.Int64Range(1, 100_000).Draw(t, "n"), rapid.Int64Range(1, 100_000).Draw(t, "d"))
		root, err := x.Sqrt()
		if err != nil || !root.Mul(root).Sub(x).Abs().Less(near.Mul(Max(FromInt(1), x))) {
			t.Fatalf("sqrt(%s) = %s, %v", x, root, err)
		}
		ln, err := x.Ln()
		if err != nil {
			t.Fatal(err)
		}
		back, err := ln.Exp()
		if err != nil || !back.Sub(x).Abs().Less(near.Mul(Max(FromInt(1), x))) {
			t.Fatalf("exp(ln(%s)) = %s, %v", x, back, err)
		}
		half, err := x.Pow(FromFrac(1, 2))
		if err != nil || !half.Sub(root).Abs().Less(near) {
			t.Fatalf("%s^(1/2) = %s, sqrt = %s, %v", x, half, root, err)
		}
	})
}
