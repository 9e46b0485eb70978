package num

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"redsteward/internal/fault"
)

// anyRat draws fractions of all sizes, with the borders of the small form over-represented.
func anyRat(t *rapid.T, name string) *big.Rat {
	part := rapid.OneOf(
		rapid.Int64Range(-1000, 1000),
		rapid.Int64(),
		rapid.SampledFrom([]int64{math.MaxInt64, math.MinInt64, math.MinInt64 + 1, math.MaxInt64 - 1, 1 << 31, 1 << 32, 1 << 62, 1e18, 3037000500}),
	)
	n, d := part.Draw(t, name+" numerator"), part.Draw(t, name+" denominator")
	if d == 0 {
		d = 1
	}
	r := big.NewRat(n, d)
	if rapid.IntRange(0, 9).Draw(t, name+" huge") == 0 {
		r.Mul(r, big.NewRat(part.Draw(t, name+" factor"), 7))
	}
	return r
}

func of(r *big.Rat) Num { return fromBig(new(big.Rat).Set(r)) }

// check compares with the reference and asserts the invariants of the representation.
func check(t interface{ Fatalf(string, ...any) }, what string, got Num, want *big.Rat) {
	if got.rat().Cmp(want) != 0 {
		t.Fatalf("%s = %s, want %s", what, got, want.RatString())
	}
	fits := want.Num().IsInt64() && want.Num().Int64() != math.MinInt64 && want.Denom().IsInt64()
	if fits != (got.big == nil) {
		t.Fatalf("%s = %s: small form is %v, should be %v", what, got, got.big == nil, fits)
	}
	if got.big == nil && (got.n != want.Num().Int64() || got.dm1 != want.Denom().Int64()-1) {
		t.Fatalf("%s = %d/%d is not reduced", what, got.n, got.dm1+1)
	}
}

func TestArithmeticAgainstBigRat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyRat(t, "a"), anyRat(t, "b")
		x, y := of(a), of(b)
		check(t, "x", x, a)
		check(t, "x+y", x.Add(y), new(big.Rat).Add(a, b))
		check(t, "x-y", x.Sub(y), new(big.Rat).Sub(a, b))
		check(t, "x*y", x.Mul(y), new(big.Rat).Mul(a, b))
		check(t, "-x", x.Neg(), new(big.Rat).Neg(a))
		check(t, "|x|", x.Abs(), new(big.Rat).Abs(a))
		if q, err := x.Quo(y); b.Sign() == 0 {
			if !errors.Is(err, ErrDivisionByZero) {
				t.Fatalf("x/0: %v", err)
			}
		} else {
			check(t, "x/y", q, new(big.Rat).Quo(a, b))
		}
		if x.Cmp(y) != a.Cmp(b) || x.Less(y) != (a.Cmp(b) < 0) || x.Equal(y) != (a.Cmp(b) == 0) {
			t.Fatalf("comparison of %s and %s", x, y)
		}
		if x.Sign() != a.Sign() || x.IsZero() != (a.Sign() == 0) || x.IsInt() != a.IsInt() {
			t.Fatalf("sign or wholeness of %s", x)
		}
		if v, ok := x.Int64(); ok != (a.IsInt() && a.Num().IsInt64()) || ok && v != a.Num().Int64() {
			t.Fatalf("Int64 of %s = %d, %v", x, v, ok)
		}
		if f, _ := a.Float64(); x.Float64() != f {
			t.Fatalf("Float64 of %s = %v, want %v", x, x.Float64(), f)
		}
		if Min(x, y).Cmp(Max(x, y)) > 0 || !Min(x, y).Add(Max(x, y)).Equal(x.Add(y)) {
			t.Fatalf("min and max of %s and %s", x, y)
		}
		if x.rat().Cmp(a) != 0 || y.rat().Cmp(b) != 0 {
			t.Fatalf("an operand changed: %s, %s", x, y)
		}
	})
}

// referenceRound rounds by going to the floor and looking at what is left: another way than the code under test.
func referenceRound(r *big.Rat, places int, mode Mode) *big.Rat {
	one := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(places, -places))), nil))
	if places < 0 {
		one.Inv(one)
	}
	scaled := new(big.Rat).Mul(r, one)
	floor := new(big.Rat).SetInt(new(big.Int).Div(scaled.Num(), scaled.Denom())) // Euclidean: towards negative infinity
	rest := new(big.Rat).Sub(scaled, floor)
	up := false
	half := rest.Cmp(big.NewRat(1, 2))
	switch mode {
	case HalfUp:
		up = half > 0 || half == 0 && r.Sign() > 0
	case HalfEven:
		up = half > 0 || half == 0 && floor.Num().Bit(0) == 1
	case Down:
		up = rest.Sign() != 0 && r.Sign() < 0
	case Up:
		up = rest.Sign() != 0 && r.Sign() > 0
	case Floor:
	case Ceiling:
		up = rest.Sign() != 0
	}
	if up {
		floor.Add(floor, big.NewRat(1, 1))
	}
	return floor.Quo(floor, one)
}

func TestRoundAgainstBigRat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := anyRat(t, "r")
		if rapid.Bool().Draw(t, "half") {
			r.SetFrac(big.NewInt(rapid.Int64Range(-100_000, 100_000).Draw(t, "halves")), big.NewInt(2_000))
		}
		places := rapid.IntRange(-21, 24).Draw(t, "places")
		mode := Mode(rapid.IntRange(int(HalfUp), int(Ceiling)).Draw(t, "mode"))
		x := of(r)
		want := referenceRound(r, places, mode)
		check(t, "round", x.Round(places, mode), want)
		if mode == HalfUp && places >= 0 {
			if got := x.Fixed(places); got != strings.TrimPrefix(want.FloatString(places), "-") && got != want.FloatString(places) {
				t.Fatalf("Fixed(%d) of %s = %s", places, x, got)
			} else if strings.HasPrefix(got, "-") != (want.Sign() < 0) {
				t.Fatalf("sign of Fixed(%d) of %s = %s", places, x, got)
			}
		}
	})
}

func TestRoundVectors(t *testing.T) {
	// One row per value: what each mode makes of it at one decimal.
	rows := []struct{ in, halfUp, halfEven, down, up, floor, ceiling string }{
		{"0.25", "0.3", "0.2", "0.2", "0.3", "0.2", "0.3"},
		{"-0.25", "-0.3", "-0.2", "-0.2", "-0.3", "-0.3", "-0.2"},
		{"0.35", "0.4", "0.4", "0.3", "0.4", "0.3", "0.4"},
		{"-0.35", "-0.4", "-0.4", "-0.3", "-0.4", "-0.4", "-0.3"},
		{"0.249999999999999999999999", "0.2", "0.2", "0.2", "0.3", "0.2", "0.3"},
		{"-0.250000000000000000000001", "-0.3", "-0.3", "-0.2", "-0.3", "-0.3", "-0.2"},
		{"0.05", "0.1", "0", "0", "0.1", "0", "0.1"},
		{"-0.05", "-0.1", "0", "0", "-0.1", "-0.1", "0"},
		{"1/3", "0.3", "0.3", "0.3", "0.4", "0.3", "0.4"},
		{"-2/3", "-0.7", "-0.7", "-0.6", "-0.7", "-0.7", "-0.6"},
		{"7", "7", "7", "7", "7", "7", "7"},
		{"9.95", "10", "10", "9.9", "10", "9.9", "10"},
		{"9223372036854775807", "9223372036854775807", "9223372036854775807", "9223372036854775807", "9223372036854775807", "9223372036854775807", "9223372036854775807"},
	}
	for _, r := range rows {
		x := canonical(t, r.in)
		for mode, want := range []string{HalfUp: r.halfUp, HalfEven: r.halfEven, Down: r.down, Up: r.up, Floor: r.floor, Ceiling: r.ceiling} {
			if got := x.Round(1, Mode(mode)).String(); got != want {
				t.Errorf("%s rounded with mode %d = %s, want %s", r.in, mode, got, want)
			}
		}
	}
	for _, r := range []struct {
		in     string
		places int
		want   string
	}{
		{"85.995", 2, "86"}, {"1234.5", -1, "1230"}, {"1235", -1, "1240"}, {"-1235", -1, "-1240"}, {"55", -2, "100"}, {"-49", -2, "0"},
		{"1/3", 25, "0.3333333333333333333333333"}, {"123", 1 << 40, "123"}, {"123", -1 << 40, "0"},
	} {
		if got := canonical(t, r.in).Round(r.places, HalfUp).String(); got != r.want {
			t.Errorf("%s rounded to %d = %s, want %s", r.in, r.places, got, r.want)
		}
	}
}

func canonical(t testing.TB, text string) Num {
	t.Helper()
	x, err := ParseCanonical(text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestParse(t *testing.T) {
	for _, r := range []struct{ in, want string }{
		{"0", "0"}, {"-0", "0"}, {"+0.000", "0"}, {"007", "7"}, {"+3", "3"}, {"-3.50", "-3.5"}, {"86.500", "86.5"}, {"0.1", "0.1"},
		{"999999999999999999", "999999999999999999"}, {"9223372036854775807", "9223372036854775807"}, {"-9223372036854775808", "-9223372036854775808"},
		{"9223372036854775808", "9223372036854775808"}, {"0.000000000000000001", "0.000000000000000001"},
		{"0.0000000000000000001", "0.0000000000000000001"}, {"1234567890123456789012345678901234567890.5", "1234567890123456789012345678901234567890.5"},
		{strings.Repeat("9", 64), strings.Repeat("9", 64)},
	} {
		x, err := Parse(r.in)
		if err != nil || x.String() != r.want {
			t.Errorf("Parse(%q) = %s, %v; want %s", r.in, x, err, r.want)
		}
		check(t, "Parse("+r.in+")", x, x.rat())
	}
	for _, r := range []struct{ in, because string }{
		{"", "没有填写"}, {"  ", "没有填写"}, {"+", "不是数字"}, {"-", "不是数字"}, {".", "小数点"}, {"-.", "小数点"}, {".5", "小数点"}, {"5.", "小数点"},
		{"1.2.3", "小数点"}, {"1,234", "逗号"}, {"1，234", "逗号"}, {"1 234", "空格"}, {" 1", "空格"}, {"1\n", "空格"}, {"１２", "半角"}, {"95%", "百分号"},
		{"1e3", "科学计数法"}, {"1E3", "科学计数法"}, {"NaN", "不是数字"}, {"Inf", "不是数字"}, {"-Infinity", "不是数字"}, {"0x10", "不是数字"}, {"1_000", "不是数字"},
		{"--1", "不是数字"}, {"+-1", "不是数字"}, {"1-", "不是数字"}, {"1/2", "不是数字"}, {"1.+5", "小数点"}, {"二", "不是数字"}, {"1\x00", "不是数字"}, {"\xff", "不是数字"},
		{strings.Repeat("9", 65), "过长"}, {"0." + strings.Repeat("0", 63), "过长"},
	} {
		_, err := Parse(r.in)
		if !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), r.because) {
			t.Errorf("Parse(%q): %v, want Invalid because of %s", r.in, err, r.because)
		}
	}
}

func TestParseCanonical(t *testing.T) {
	for _, r := range []struct{ in, want string }{
		{"1/3", "1/3"}, {"-1/3", "-1/3"}, {"2/6", "1/3"}, {"6/3", "2"}, {"0/5", "0"}, {"1/8", "0.125"}, {"1.50", "1.5"},
		{"1/9223372036854775808", "0.000000000000000000108420217248550443400745280086994171142578125"},
	} {
		if got := canonical(t, r.in).String(); got != r.want {
			t.Errorf("ParseCanonical(%q) = %s, want %s", r.in, got, r.want)
		}
	}
	for _, in := range []string{"", "/", "1/", "/2", "1/0", "1/-2", "1/+2", "+1/2", "1.5/2", "1/2.0", "1/2/3", " 1/2", "1/ 2", "1/" + strings.Repeat("9", 4096)} {
		if _, err := ParseCanonical(in); !fault.Is(err, fault.Invalid) {
			t.Errorf("ParseCanonical(%q): %v, want Invalid", in, err)
		}
	}
}

func TestStringIsTheShortestDecimalOrAFraction(t *testing.T) {
	for _, r := range []struct {
		n, d int64
		want string
	}{
		{0, 1, "0"}, {-7, 1, "-7"}, {1, 2, "0.5"}, {-1, 2, "-0.5"}, {1, 3, "1/3"}, {-22, 7, "-22/7"}, {1, 1000, "0.001"}, {1, 400, "0.0025"}, {173, 2, "86.5"},
		{math.MaxInt64, 2, "4611686018427387903.5"}, {1, 1 << 20, "0.00000095367431640625"}, {math.MinInt64, 1, "-9223372036854775808"}, {1, math.MinInt64, "-0.000000000000000000108420217248550443400745280086994171142578125"},
		{math.MinInt64, math.MinInt64, "1"}, {3, -6, "-0.5"},
	} {
		if got := FromFrac(r.n, r.d).String(); got != r.want {
			t.Errorf("%d/%d = %s, want %s", r.n, r.d, got, r.want)
		}
	}
}

func TestTextRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := of(anyRat(t, "x"))
		for name, again := range map[string]func() (Num, error){
			"canonical": func() (Num, error) { return ParseCanonical(x.String()) },
			"json": func() (y Num, err error) {
				text, err := json.Marshal(x)
				if err != nil {
					return Num{}, err
				}
				return y, json.Unmarshal(text, &y)
			},
		} {
			y, err := again()
			if err != nil || !y.Equal(x) || y.String() != x.String() {
				t.Fatalf("%s: %s became %s, %v", name, x, y, err)
			}
		}
	})
}

func TestFixed(t *testing.T) {
	for _, r := range []struct {
		in     string
		places int
		want   string
	}{
		{"86.5", 2, "86.50"}, {"86.505", 2, "86.51"}, {"-0.005", 2, "-0.01"}, {"-0.004", 2, "0.00"}, {"0", 2, "0.00"}, {"1/3", 2, "0.33"}, {"2/3", 0, "1"},
		{"-1.5", 0, "-2"}, {"5", -3, "5"}, {"99.995", 2, "100.00"}, {"1/3", 20, "0.33333333333333333333"}, {"12345678901234567890.125", 2, "12345678901234567890.13"},
		{"0.07", 1, "0.1"}, {"100.05", 2, "100.05"},
	} {
		if got := canonical(t, r.in).Fixed(r.places); got != r.want {
			t.Errorf("Fixed(%d) of %s = %s, want %s", r.places, r.in, got, r.want)
		}
	}
}

func TestZeroValueIsZero(t *testing.T) {
	var x Num
	if !x.IsZero() || x.String() != "0" || x.Sign() != 0 || !x.Add(FromInt(2)).Equal(FromInt(2)) || !x.Equal(FromFrac(0, -5)) {
		t.Errorf("the zero value is %s", x)
	}
	type row struct {
		X Num `json:"x,omitzero"`
	}
	if text, err := json.Marshal(row{}); err != nil || string(text) != "{}" {
		t.Errorf("omitzero: %s, %v", text, err)
	}
}

func TestUnmarshalLeavesTheTargetOnError(t *testing.T) {
	x := FromInt(3)
	if err := x.UnmarshalText([]byte("1e5")); !fault.Is(err, fault.Invalid) || !x.Equal(FromInt(3)) {
		t.Errorf("%s, %v", x, err)
	}
}

func TestUnknownModeAndZeroDenominatorPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"mode":        func() { FromInt(1).Round(0, Ceiling+1) },
		"denominator": func() { FromFrac(1, 0) },
		"constant":    func() { MustParse("1e3") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// FuzzParse: whatever is accepted comes back from its canonical text as the same value, and what big.Rat reads differently is a defect.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"0", "-0.0", "1.5", "+2", "1/3", "9223372036854775808", "-9223372036854775808.5", "1e5", "NaN", ".", "1,5", "１", "0.000000000000000000001"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := Parse(text)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("Parse(%q): %v is not Invalid", text, err)
			}
		} else {
			want, ok := new(big.Rat).SetString(text)
			if !ok {
				t.Fatalf("Parse(%q) = %s, but it is no number", text, x)
			}
			check(t, "Parse", x, want)
		}
		y, errY := ParseCanonical(text)
		if err == nil && (errY != nil || !y.Equal(x)) {
			t.Fatalf("ParseCanonical(%q) = %s, %v; Parse says %s", text, y, errY, x)
		}
		if errY != nil {
			return
		}
		again, err := ParseCanonical(y.String())
		if err != nil || !again.Equal(y) || again.String() != y.String() {
			t.Fatalf("%q → %s → %s, %v", text, y, again, err)
		}
	})
}

func TestSmallPathAllocatesNothing(t *testing.T) {
	x, y := MustParse("86.57"), FromFrac(37, 41)
	var out Num
	if n := testing.AllocsPerRun(100, func() {
		out = x.Add(y).Mul(y).Sub(x).Round(2, HalfEven)
		out, _ = out.Quo(y)
		out = Max(out, x)
	}); n != 0 {
		t.Errorf("%v allocations (result %s)", n, out)
	}
}

func TestStorableIsReadBack(t *testing.T) {
	for name, step := range map[string]Num{"decimals": FromFrac(1, 2), "fraction": FromFrac(1, 3), "whole": FromInt(10), "mixed": FromFrac(-7, 10)} {
		x := FromInt(1)
		for range 5000 {
			next := x.Mul(step)
			if !next.Storable() {
				break
			}
			x = next
		}
		if x.Mul(step).Storable() {
			t.Errorf("%s: never too long", name)
		}
		if y, err := ParseCanonical(x.String()); err != nil || !y.Equal(x) {
			t.Errorf("%s: %d characters are not read back: %v", name, len(x.String()), err)
		}
	}
}
