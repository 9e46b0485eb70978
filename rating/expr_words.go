package rating

import (
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/common"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"redsteward/internal/num"
)

// Words puts an expression into Chinese. name says what one of its names stands for, such as known.party_form; not asks for the opposite of a condition, or is false. An expression that does not compile comes back as it is.
func (e Expr) Words(name func(id string, not bool) string) string {
	p, err := exprParser()
	if err != nil {
		return string(e)
	}
	parsed, issues := p.Parse(common.NewTextSource(string(e)))
	if len(issues.GetErrors()) > 0 {
		return string(e)
	}
	c := &exprCompiler{source: []rune(string(e)), info: parsed.SourceInfo(), numbers: map[int64]num.Num{}, indexes: map[string]int{}}
	c.liftNumbers(parsed.Expr())
	if len(c.problems) > 0 {
		return string(e)
	}
	w := exprWords{numbers: c.numbers, name: name}
	return w.say(parsed.Expr(), 0)
}

type exprWords struct {
	numbers map[int64]num.Num
	name    func(id string, not bool) string
}

// exprSigns are the operators between two operands with how tightly they bind; what binds less tightly than what it stands in gets brackets.
var exprSigns = map[string]struct {
	sign  string
	level int
}{
	operators.LogicalOr: {"或者", 2}, operators.LogicalAnd: {"，并且", 3},
	operators.Less: {" < ", 4}, operators.LessEquals: {" ≤ ", 4}, operators.Greater: {" > ", 4}, operators.GreaterEquals: {" ≥ ", 4}, operators.Equals: {" = ", 4}, operators.NotEquals: {" ≠ ", 4},
	operators.Add: {" ＋ ", 5}, operators.Subtract: {" － ", 5}, operators.Multiply: {" × ", 6}, operators.Divide: {" ÷ ", 6},
}

func (w exprWords) say(e ast.Expr, within int) string {
	if x, ok := w.numbers[e.ID()]; ok {
		return x.String()
	}
	switch e.Kind() {
	case ast.LiteralKind:
		if e.AsLiteral() == types.True {
			return "一律符合"
		}
		return "一律不符合"
	case ast.IdentKind, ast.SelectKind:
		return w.name(path(e), false)
	}
	call := e.AsCall()
	args := call.Args()
	bracket := func(level int, text string) string {
		if level < within {
			return "（" + text + "）"
		}
		return text
	}
	if s, ok := exprSigns[call.FunctionName()]; ok && len(args) == 2 {
		right := s.level
		if f := call.FunctionName(); f == operators.Subtract || f == operators.Divide {
			right++ // 1 - (2 - 3) is not 1 - 2 - 3
		}
		return bracket(s.level, w.say(args[0], s.level)+s.sign+w.say(args[1], right))
	}
	switch call.FunctionName() {
	case operators.Negate:
		return "－" + w.say(args[0], 7)
	case operators.LogicalNot:
		if k := args[0].Kind(); k == ast.IdentKind || k == ast.SelectKind {
			return w.name(path(args[0]), true)
		}
		return "不符合“" + w.say(args[0], 0) + "”"
	case operators.Conditional:
		return bracket(1, w.choose(args[0], args[1], args[2]))
	}
	var list []string
	for _, a := range args {
		list = append(list, w.say(a, 0))
	}
	all := strings.Join(list, "、")
	one := list[0]
	switch call.FunctionName() {
	case "min":
		return "最小的一个（" + all + "）"
	case "max":
		return "最大的一个（" + all + "）"
	case "abs":
		return "绝对值（" + one + "）"
	case "round":
		if len(list) == 2 {
			return "四舍五入到 " + list[1] + " 位小数（" + one + "）"
		}
		return "四舍五入到整数（" + one + "）"
	case "floor":
		return "向下取整（" + one + "）"
	case "ceil":
		return "向上取整（" + one + "）"
	case "clamp":
		return "（" + one + "，不低于 " + list[1] + "，不高于 " + list[2] + "）"
	case "ln":
		return "自然对数（" + one + "）"
	case "exp":
		return "自然指数（" + one + "）"
	case "pow":
		return "（" + one + "）的 " + list[1] + " 次方"
	}
	return "平方根（" + one + "）"
}

// choose is a condition with what follows from it; 0 and 一律符合 otherwise go without saying.
func (w exprWords) choose(when, then, otherwise ast.Expr) string {
	text := spaced(w.say(when, 2), "时")
	zero := func(e ast.Expr) bool { x, ok := w.numbers[e.ID()]; return ok && x.IsZero() }
	switch {
	case zero(otherwise):
		return spaced(text+"计", w.say(then, 2))
	case zero(then):
		return spaced(text+"计 0，否则计", w.say(otherwise, 2))
	case otherwise.Kind() == ast.LiteralKind && otherwise.AsLiteral() == types.True:
		return text + "，要" + w.say(then, 2)
	}
	return spaced(text+"为", w.say(then, 2)) + spaced("，否则为", w.say(otherwise, 2))
}

// spaced joins two texts, with a space between a numeral and a character.
func spaced(a, b string) string {
	last, _ := utf8.DecodeLastRuneInString(a)
	first, _ := utf8.DecodeRuneInString(b)
	if last < utf8.RuneSelf || first < utf8.RuneSelf {
		return a + " " + b
	}
	return a + b
}

// path is a name with its points.
func path(e ast.Expr) string {
	if e.Kind() == ast.SelectKind {
		return path(e.AsSelect().Operand()) + "." + e.AsSelect().FieldName()
	}
	return e.AsIdent()
}
