package rating

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"pgregory.net/rapid"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

var exprTestVars = []exprVar{{Name: "a"}, {Name: "b"}, {Name: "fund.paid"}, {Name: "veto", Bool: true}, {Name: "filed", Bool: true}, {Name: "gone"}}

func exprTestValues(name string) (num.Num, bool) {
	switch name {
	case "a":
		return num.MustParse("0.1"), true
	case "b":
		return num.FromInt(-7), true
	case "fund.paid":
		return num.FromFrac(1, 3), true
	case "veto":
		return num.Num{}, true
	case "filed":
		return num.FromInt(5), true // any value but 0 is yes
	}
	return num.Num{}, false
}

func mustCompileExpr(t testing.TB, src string) *exprProgram {
	t.Helper()
	p, problems := compileExpr(src, exprTestVars)
	if len(problems) > 0 {
		t.Fatalf("%s: %v", src, problems)
	}
	return p
}

func TestExprValues(t *testing.T) {
	for _, r := range []struct{ src, want string }{
		{"0.1 + 0.2", "0.3"},
		{"0.1 + 0.2 == 0.3 ? 1 : 0", "1"},
		{"0.10000000000000000000000000001 * 10", "1.0000000000000000000000000001"}, // no double holds this
		{"9007199254740993 - 9007199254740992", "1"},                               // nor this
		{"9223372036854775807 + 1", "9223372036854775808"},                         // and this is no int64
		{"12345678901234567890.0 + 1", "12345678901234567891"},
		{"1 / 3", "1/3"},
		{"7 / 2", "3.5"}, // no integer division
		{"-5 - -5.5", "0.5"},
		{"--5", "5"},
		{"-(a)", "-0.1"},
		{"2 - 3 * 4", "-10"},
		{"(2 - 3) * 4", "-4"},
		{"a * 3", "0.3"},
		{"fund.paid * 3", "1"},
		{"min(3, 1, 2)", "1"},
		{"max(3)", "3"},
		{"max(1, 2, 3, 4, 5, 6, 7, 8)", "8"},
		{"abs(b)", "7"},
		{"round(2.5)", "3"},
		{"round(-2.5)", "-3"},
		{"round(1 / 3, 2)", "0.33"},
		{"floor(-0.5)", "-1"},
		{"ceil(0.5)", "1"},
		{"clamp(b, 0, 100)", "0"},
		{"clamp(101, 0, 100)", "100"},
		{"clamp(a, 0, 100)", "0.1"},
		{"ln(2)", "0.69314718055994530942"},
		{"exp(1)", "2.71828182845904523536"},
		{"pow(2, 0.5)", "1.4142135623730950488"},
		{"sqrt(2)", "1.4142135623730950488"},
		{"veto ? 0 : filed ? 10 : 5", "10"},
		{"filed == true ? 1 : 2", "1"},
		{"veto != filed ? 1 : 2", "1"},
		{"a > 0 ? 1 : gone", "1"}, // the branch not taken has no value
		{strings.Repeat("1 + ", 150) + "1", "151"},
		{strings.Repeat("(", 15) + "1" + strings.Repeat(")", 15), "1"},
		{"1 +\n  // 注释，全角\n  2.50", "3.5"},
	} {
		got, err := mustCompileExpr(t, r.src).Eval(exprTestValues)
		if err != nil || got.String() != r.want {
			t.Errorf("%s = %s, %v; want %s", r.src, got, err, r.want)
		}
	}
	for _, r := range []struct {
		src  string
		want bool
	}{
		{"true", true}, {"false", false}, {"!true", false}, {"filed", true}, {"veto || filed", true}, {"veto && filed", false}, {"!veto && filed", true},
		{"1 < 2", true}, {"2 <= 2", true}, {"2 > 2", false}, {"2 >= 2", true}, {"1 / 3 == 2 / 6", true}, {"0.1 != 0.10", false},
		{"1 / 0 > 1 || filed", true}, {"filed || gone > 1", true}, {"gone > 1 && veto", false}, {"veto && gone > 1", false},
	} {
		p := mustCompileExpr(t, r.src)
		got, err := p.EvalBool(exprTestValues)
		if err != nil || got != r.want || !p.IsBool() {
			t.Errorf("%s = %v, %v; want %v", r.src, got, err, r.want)
		}
	}
}

func TestExprErrorsName(t *testing.T) {
	square := "a"
	for range 6 { // names of 64 characters would do it sooner; this is what one expression can reach
		square = "(" + square + ")*(" + square + ")"
	}
	for _, r := range []struct {
		src     string
		want    error
		message string
	}{
		{"1 +\n 2 / (b + 7)", num.ErrDivisionByZero, "第 2 行第 4 列"},
		{"ln(b)", num.ErrDomain, "第 1 行第 3 列"},
		{"sqrt(b)", num.ErrDomain, "定义域"},
		{"exp(1000)", num.ErrTooLarge, "过大"},
		{"pow(10, 13)", num.ErrTooLarge, "过大"},
		{"a + gone", errNoValue, "第 1 行第 5 列：没有数据：gone"},
		{"1 / 0 > 1 && filed", num.ErrDivisionByZero, ""},
		{"filed && 1 / 0 > 1", num.ErrDivisionByZero, ""},
		{"1 / 0 > 1 || veto", num.ErrDivisionByZero, ""},
		{"gone > 0 ? 1 : 2", errNoValue, ""},
		{"min(1, gone)", errNoValue, ""},
	} {
		_, err := mustCompileExpr(t, r.src).Eval(exprTestValues)
		if !errors.Is(err, r.want) || !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), r.message) {
			t.Errorf("%s: %v, want %v with %q", r.src, err, r.want, r.message)
		}
	}
	huge := func(string) (num.Num, bool) { return num.MustParse("0." + strings.Repeat("7", 60)), true }
	if _, err := mustCompileExpr(t, square).Eval(huge); !errors.Is(err, num.ErrTooLarge) {
		t.Errorf("a number of thousands of digits: %v, want ErrTooLarge", err)
	}
	if _, err := mustCompileExpr(t, square).Eval(exprTestValues); err != nil {
		t.Errorf("0.1 to the 64th: %v", err)
	}
}

func TestExprProblems(t *testing.T) {
	for _, r := range []struct {
		src          string
		line, column int
		message      string
	}{
		{"", 1, 1, "写法有误"},
		{"a +", 1, 4, "写法有误"},
		{"a + 中", 1, 5, "写法有误"},
		{"1 2", 1, 3, "写法有误"},
		{"1 +\n  unknown", 2, 3, "没有声明的名称：unknown"},
		{"a + veto", 1, 3, "+ 不能用于（数值, 是否）"},
		{"a ? 1 : 2", 1, 3, "?: 不能用于"},
		{"veto ? 1 : true", 1, 6, "?: 不能用于"},
		{"a && veto", 1, 1, "这里应当是是否，写的却是数值"},
		{"!a", 1, 1, "! 不能用于"},
		{"min(a, veto)", 1, 4, "min 不能用于"},
		{"min()", 1, 4, "min 不能用于"},
		{"max(1,2,3,4,5,6,7,8,9)", 1, 4, "max 不能用于"},
		{"median(a, b)", 1, 7, "没有声明的名称：median"},
		{"a % 2", 1, 3, "没有声明的名称：%"},
		{"double(a)", 1, 7, "没有声明的名称：double"},
		{"a in [1]", 1, 6, "列表"},
		{"[1, 2].map(x, x)", 1, 11, "请写成 map(…)"},
		{"{'a': 1}", 1, 1, "映射"},
		{"'中文' + a", 1, 1, "只能有数字"},
		{"null", 1, 1, "只能有数字"},
		{"5u", 1, 1, "只能有数字"},
		{"0x10", 1, 1, "不是数字"},
		{"1e3", 1, 1, "科学计数法"},
		{"1.5e-3", 1, 1, "科学计数法"},
		{".5", 1, 1, "小数点"},
		{"- 5", 1, 1, "负号"},
		{"-// 注\n5", 1, 1, "负号"},
		{"0." + strings.Repeat("1", 80), 1, 1, "过长"},
		{"12345678901234567890", 1, 1, "写法有误"},
		{"a.abs()", 1, 6, "请写成 abs(…)"},
		{"(1).x", 1, 2, "名称"},
		{"has(fund.paid)", 1, 4, "没有声明"},
		{"round(a, b)", 1, 10, "小数位数"},
		{"round(a, 0.5)", 1, 10, "小数位数"},
		{"round(a, 21)", 1, 10, "小数位数"},
		{"round(a, -1)", 1, 10, "小数位数"},
		{"@number", 1, 1, "写法有误"},
		{strings.Repeat("max(a, a) + ", 160) + "a", 1, 0, "过大"},
		{strings.Repeat("a + ", 201) + "a", 1, 0, "过大"},
		{strings.Repeat("(", 999) + "a" + strings.Repeat(")", 999), 1, 0, "过大"},
		{"a + " + strings.Repeat(" ", 2000) + "b", 1, 0, "写法有误"},
	} {
		p, problems := compileExpr(r.src, exprTestVars)
		if p != nil || len(problems) == 0 {
			t.Errorf("%q was accepted", r.src)
			continue
		}
		got := problems[0]
		if got.Line != r.line || r.column != 0 && got.Column != r.column || !strings.Contains(got.Message, r.message) {
			t.Errorf("%q: %d:%d %s; want %d:%d with %q", r.src, got.Line, got.Column, got.Message, r.line, r.column, r.message)
		}
	}
	_, problems := compileExpr("1e3 + .5 +\n 0x1", nil)
	if len(problems) != 3 || problems[0].Column != 1 || problems[1].Column != 7 || problems[2].Line != 2 {
		t.Errorf("not all problems in order: %v", problems)
	}
}

func TestExprVars(t *testing.T) {
	p := mustCompileExpr(t, "veto ? b + b * fund.paid : a")
	if got := p.Vars(); !slices.Equal(got, []string{"a", "b", "fund.paid", "veto"}) {
		t.Errorf("it reads %v", got)
	}
}

// exprTree is an expression drawn at random with the reference computation beside it: value is nil where the reference has an error.
type exprTree struct {
	text   string
	isBool bool
	value  *big.Rat
	yes    bool
	failed bool
}

// drawExpr builds text and value together, the value in big.Rat and without any code of the evaluator.
func drawExpr(t *rapid.T, depth int, wantBool bool) exprTree {
	if wantBool {
		if depth == 0 {
			if rapid.Bool().Draw(t, "flag") {
				return exprTree{text: "filed", isBool: true, yes: true}
			}
			return exprTree{text: "veto", isBool: true}
		}
		switch kind := rapid.IntRange(0, 3).Draw(t, "condition"); kind {
		case 0:
			x := drawExpr(t, depth-1, true)
			return exprTree{text: "!(" + x.text + ")", isBool: true, yes: !x.yes, failed: x.failed}
		case 1:
			x, y := drawExpr(t, depth-1, true), drawExpr(t, depth-1, true)
			out := exprTree{text: "(" + x.text + " && " + y.text + ")", isBool: true, yes: x.yes && y.yes, failed: x.failed || y.failed}
			if !x.failed && !x.yes || !y.failed && !y.yes {
				out.yes, out.failed = false, false
			}
			return out
		case 2:
			x, y := drawExpr(t, depth-1, true), drawExpr(t, depth-1, true)
			out := exprTree{text: "(" + x.text + " || " + y.text + ")", isBool: true, yes: x.yes || y.yes, failed: x.failed || y.failed}
			if !x.failed && x.yes || !y.failed && y.yes {
				out.yes, out.failed = true, false
			}
			return out
		default:
			x, y := drawExpr(t, depth-1, false), drawExpr(t, depth-1, false)
			sign := rapid.SampledFrom([]string{"<", "<=", ">", ">=", "==", "!="}).Draw(t, "comparison")
			out := exprTree{text: "(" + x.text + " " + sign + " " + y.text + ")", isBool: true, failed: x.failed || y.failed}
			if !out.failed {
				c := x.value.Cmp(y.value)
				out.yes = map[string]bool{"<": c < 0, "<=": c <= 0, ">": c > 0, ">=": c >= 0, "==": c == 0, "!=": c != 0}[sign]
			}
			return out
		}
	}
	if depth == 0 {
		if rapid.Bool().Draw(t, "name") {
			name := rapid.SampledFrom([]string{"a", "b", "fund.paid"}).Draw(t, "which")
			return exprTree{text: name, value: map[string]*big.Rat{"a": big.NewRat(1, 10), "b": big.NewRat(-7, 1), "fund.paid": big.NewRat(1, 3)}[name]}
		}
		text := fmt.Sprintf("%d.%03d", rapid.IntRange(-50, 50).Draw(t, "whole"), rapid.IntRange(0, 999).Draw(t, "decimals"))
		value, _ := new(big.Rat).SetString(text)
		return exprTree{text: text, value: value}
	}
	switch rapid.IntRange(0, 5).Draw(t, "operation") {
	case 0:
		x := drawExpr(t, depth-1, false)
		out := exprTree{text: "-(" + x.text + ")", failed: x.failed}
		if !x.failed {
			out.value = new(big.Rat).Neg(x.value)
		}
		return out
	case 1:
		condition, x, y := drawExpr(t, depth-1, true), drawExpr(t, depth-1, false), drawExpr(t, depth-1, false)
		taken := y
		if condition.yes {
			taken = x
		}
		return exprTree{text: "(" + condition.text + " ? " + x.text + " : " + y.text + ")", value: taken.value, failed: condition.failed || taken.failed}
	case 2:
		x, y, z := drawExpr(t, depth-1, false), drawExpr(t, depth-1, false), drawExpr(t, depth-1, false)
		name, sign := "min", 1
		if rapid.Bool().Draw(t, "max") {
			name, sign = "max", -1
		}
		out := exprTree{text: fmt.Sprintf("%s(%s, %s, %s)", name, x.text, y.text, z.text), failed: x.failed || y.failed || z.failed}
		if !out.failed {
			out.value = slices.MinFunc([]*big.Rat{x.value, y.value, z.value}, func(a, b *big.Rat) int { return sign * a.Cmp(b) })
		}
		return out
	default:
		x, y := drawExpr(t, depth-1, false), drawExpr(t, depth-1, false)
		sign := rapid.SampledFrom([]string{"+", "-", "*", "/"}).Draw(t, "sign")
		out := exprTree{text: "(" + x.text + " " + sign + " " + y.text + ")", failed: x.failed || y.failed}
		if out.failed {
			return out
		}
		switch out.value = new(big.Rat); sign {
		case "+":
			out.value.Add(x.value, y.value)
		case "-":
			out.value.Sub(x.value, y.value)
		case "*":
			out.value.Mul(x.value, y.value)
		case "/":
			if y.value.Sign() == 0 {
				return exprTree{text: out.text, failed: true}
			}
			out.value.Quo(x.value, y.value)
		}
		return out
	}
}

func TestExprAgainstBigRat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawExpr(t, rapid.IntRange(0, 4).Draw(t, "depth"), rapid.Bool().Draw(t, "bool"))
		p, problems := compileExpr(want.text, exprTestVars)
		if len(problems) > 0 {
			if strings.Contains(problems[0].Message, "过大") || len(want.text) > maxExprLength {
				return
			}
			t.Fatalf("%s: %v", want.text, problems)
		}
		got, err := p.Eval(exprTestValues)
		if want.failed {
			if !errors.Is(err, num.ErrDivisionByZero) {
				t.Fatalf("%s = %s, %v; want a division by zero", want.text, got, err)
			}
			return
		}
		if want.isBool {
			want.value = new(big.Rat).SetInt64(map[bool]int64{true: 1}[want.yes])
		}
		wanted, parseErr := num.ParseCanonical(want.value.RatString())
		if err != nil || parseErr != nil || !got.Equal(wanted) {
			t.Fatalf("%s = %s, %v; want %s", want.text, got, err, want.value.RatString())
		}
		// The floating-point twin agrees wherever it does not sit on a comparison that noise decides.
		values, slots := make([]float64, len(p.vars)), make([]int, len(p.vars))
		for i, name := range p.vars {
			x, _ := exprTestValues(name)
			values[i], slots[i] = x.Float64(), i
			if name == "filed" {
				values[i] = 1
			}
		}
		near := p.root.evalFloat(values, slots)
		exact := got.Float64()
		if !strings.ContainsAny(want.text, "<>=/?") && math.Abs(near-exact) > 1e-6*max(1, math.Abs(exact)) {
			t.Fatalf("%s = %v in floating point, want %v", want.text, near, exact)
		}
	})
}

func TestFloatRoundAgreesWithNum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := num.FromFrac(rapid.Int64Range(-200_000, 200_000).Draw(t, "n"), rapid.SampledFrom([]int64{1, 2, 3, 7, 8, 20, 1000, 2000}).Draw(t, "d"))
		places := rapid.IntRange(0, 4).Draw(t, "places")
		mode := num.Mode(rapid.IntRange(int(num.HalfUp), int(num.Ceiling)).Draw(t, "mode"))
		want := x.Round(places, mode).Float64()
		if got := floatRound(x.Float64(), places, mode); math.Abs(got-want) > 1e-9 {
			t.Fatalf("%s rounded to %d, mode %d = %v, want %v", x, places, mode, got, want)
		}
	})
}

// FuzzCompileExpr: no source text hangs, panics or yields a problem without a place; what compiles evaluates to a value that can be stored.
func FuzzCompileExpr(f *testing.F) {
	for _, s := range []string{
		"a", "1 +", "a + b * 2.50", "veto ? 1 : fund.paid", "min(1, 2, a)", "round(a / 3, 2)", "- 5", "'x'", "[1].map(x, x)", "((((a))))", "a.b.c", "pow(a, 1/3)",
		"1e3", "0x1", "a < b && !veto || filed", "-9223372036854775808", "// 注\n1", "\xff", "a\u00a0+1", "ln(a) + exp(b) + sqrt(a)", "has(a.b)", "a ? b : 1", "`a`", "b'x'", "{1:2}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, src string) {
		p, problems := compileExpr(src, exprTestVars)
		if (p == nil) == (len(problems) == 0) {
			t.Fatalf("%q: program %v, problems %v", src, p, problems)
		}
		for _, q := range problems {
			if q.Line < 1 || q.Column < 1 || q.Message == "" || q.Line > strings.Count(src, "\n")+1 {
				t.Fatalf("%q: problem %+v", src, q)
			}
		}
		if p == nil {
			return
		}
		x, err := p.Eval(exprTestValues)
		if err != nil {
			if !fault.Is(err, fault.Invalid) {
				t.Fatalf("%q: %v", src, err)
			}
			return
		}
		if again, err := num.ParseCanonical(x.String()); err != nil || !again.Equal(x) {
			t.Fatalf("%q = %s, which cannot be read back: %v", src, x, err)
		}
		if p.IsBool() && !x.IsZero() && !x.Equal(num.FromInt(1)) {
			t.Fatalf("%q is a condition and %s", src, x)
		}
	})
}

const benchmarkExpr = "a > 0.05 && !veto ? min(100, max(0, (a * 30 + fund.paid * 40 + 12.5) / 0.9)) : 0"

func BenchmarkExpr(b *testing.B) {
	b.Run("evaluator=own", func(b *testing.B) {
		p := mustCompileExpr(b, benchmarkExpr)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := p.Eval(exprTestValues); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("evaluator=float", func(b *testing.B) {
		p := mustCompileExpr(b, benchmarkExpr)
		values, slots := []float64{0.1, 1. / 3, 0}, []int{0, 1, 2}
		b.ReportAllocs()
		for b.Loop() {
			if math.IsNaN(p.root.evalFloat(values, slots)) {
				b.Fatal("NaN")
			}
		}
	})
	b.Run("evaluator=cel", func(b *testing.B) {
		program, vars := celInterpreter(b)
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := program.Eval(vars); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("compile", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			mustCompileExpr(b, benchmarkExpr)
		}
	})
}

// celNum is num as a value of CEL's interpreter, for the comparison.
type celNum struct{ num.Num }

func (celNum) Type() ref.Type { return exprNumType }
func (x celNum) Value() any   { return x.Num }
func (x celNum) Equal(other ref.Val) ref.Val {
	y, ok := other.(celNum)
	return types.Bool(ok && x.Num.Equal(y.Num))
}

// celInterpreter plans benchmarkExpr in CEL's own interpreter, with numbers handed in as constants.
func celInterpreter(b *testing.B) (cel.Program, map[string]any) {
	binary := func(f func(x, y num.Num) ref.Val) cel.OverloadOpt {
		return cel.BinaryBinding(func(x, y ref.Val) ref.Val { return f(x.(celNum).Num, y.(celNum).Num) })
	}
	nn := []*cel.Type{exprNumType, exprNumType}
	arithmetic := func(name string, f func(x, y num.Num) num.Num) cel.EnvOption {
		return cel.Function(name, cel.Overload(name+" nn", nn, exprNumType, binary(func(x, y num.Num) ref.Val { return celNum{f(x, y)} })))
	}
	bb := []*cel.Type{cel.BoolType, cel.BoolType}
	options := []cel.EnvOption{
		arithmetic(operators.Add, num.Num.Add), arithmetic(operators.Multiply, num.Num.Mul), arithmetic("min", num.Min), arithmetic("max", num.Max),
		cel.Function(operators.Divide, cel.Overload("quo", nn, exprNumType, binary(func(x, y num.Num) ref.Val {
			q, err := x.Quo(y)
			if err != nil {
				return types.NewErr("division by zero")
			}
			return celNum{q}
		}))),
		cel.Function(operators.Greater, cel.Overload("greater", nn, cel.BoolType, binary(func(x, y num.Num) ref.Val { return types.Bool(y.Less(x)) }))),
		cel.Function(operators.LogicalAnd, cel.Overload(operators.LogicalAnd, bb, cel.BoolType)),
		cel.Function(operators.LogicalNot, cel.Overload("not", bb[:1], cel.BoolType, cel.UnaryBinding(func(x ref.Val) ref.Val { return !x.(types.Bool) }))),
		cel.Function(operators.Conditional, cel.Overload(operators.Conditional, []*cel.Type{cel.BoolType, exprNumType, exprNumType}, exprNumType)),
		cel.Variable("a", exprNumType), cel.Variable("fund.paid", exprNumType), cel.Variable("veto", cel.BoolType),
	}
	vars := map[string]any{"a": celNum{num.MustParse("0.1")}, "fund.paid": celNum{num.FromFrac(1, 3)}, "veto": types.False}
	src := benchmarkExpr
	for i, literal := range []string{"0.05", "100", "30", "40", "12.5", "0.9", "0"} {
		name := fmt.Sprintf("k%d", i)
		options = append(options, cel.Variable(name, exprNumType))
		vars[name] = celNum{num.MustParse(literal)}
	}
	for _, r := range [][2]string{{"0.05", "k0"}, {"100", "k1"}, {"30", "k2"}, {"40", "k3"}, {"12.5", "k4"}, {"0.9", "k5"}, {" : 0", " : k6"}, {"max(0,", "max(k6,"}} {
		src = strings.Replace(src, r[0], r[1], 1)
	}
	env, err := cel.NewCustomEnv(options...)
	if err != nil {
		b.Fatal(err)
	}
	checked, issues := env.Compile(src)
	if issues.Err() != nil {
		b.Fatal(issues.Err())
	}
	program, err := env.Program(checked)
	if err != nil {
		b.Fatal(err)
	}
	got, _, err := program.Eval(vars)
	if err != nil {
		b.Fatal(err)
	}
	want, _ := mustCompileExpr(b, benchmarkExpr).Eval(exprTestValues)
	if !want.Equal(got.(celNum).Num) {
		b.Fatalf("CEL says %v, we say %s", got, want)
	}
	return program, vars
}

func (x celNum) ConvertToNative(reflect.Type) (any, error) { return nil, errors.New("not convertible") }
func (x celNum) ConvertToType(ref.Type) ref.Val            { return types.NewErr("not convertible") }
