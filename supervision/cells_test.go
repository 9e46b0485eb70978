package supervision

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"redsteward/internal/num"
)

func TestCheckCells(t *testing.T) {
	day := mustDate("2027-02-10")
	visits := Ask{Name: "五个共", Columns: []Column{{Name: "kinds", Label: "种类", Unit: "种", Kind: ColumnCount, Max: "5"}}}
	form := Ask{Name: "形式", Columns: []Column{{Name: "form", Label: "组织形式", Kind: ColumnText, Values: []Choice{{"own", "单建"}, {"joint", "联建"}}}}}
	filed := Ask{Name: "备案", Columns: []Column{{Name: "filed", Label: "已备案", Kind: ColumnBool}}}
	share := Ask{Name: "比例", Columns: []Column{{Name: "share", Label: "比例", Kind: ColumnNumber, Max: "1"}}}
	free := Ask{Name: "企业", Columns: []Column{{Name: "firm", Label: "企业", Kind: ColumnText}}}
	number := func(column, n string) Cell { return Cell{Column: column, Number: num.MustParse(n)} }
	words := func(column, s string) Cell { return Cell{Column: column, Text: s} }
	tests := []struct {
		name  string
		ask   Ask
		cells []Cell
		want  string // "" if right
	}{
		{"ratio", answersAsk(), []Cell{count("answers_on_time", 4), count("answers_due", 5)}, ""},
		{"ratio of nothing", answersAsk(), []Cell{count("answers_on_time", 0), count("answers_due", 0)}, ""},
		{"ratio that does not apply", answersAsk(), []Cell{{Column: "answers_on_time", NA: true}, {Column: "answers_due", NA: true}}, ""},
		{"more than there were", answersAsk(), []Cell{count("answers_on_time", 7), count("answers_due", 5)}, "cells.answers_on_time: “按期答复” 7件 多于“应答复” 5件"},
		{"half does not apply", answersAsk(), []Cell{{Column: "answers_on_time", NA: true}, count("answers_due", 5)}, "“应答复”却填了 5"},
		{"the other half does not apply", answersAsk(), []Cell{count("answers_on_time", 5), {Column: "answers_due", NA: true}}, "“按期答复”却填了 5"},
		{"missing", answersAsk(), []Cell{count("answers_on_time", 1)}, "cells.answers_due: 请填写“应答复”"},
		{"twice", answersAsk(), []Cell{count("answers_on_time", 1), count("answers_on_time", 1), count("answers_due", 5)}, "填了两次"},
		{"unknown", answersAsk(), []Cell{count("x", 1), count("answers_on_time", 1), count("answers_due", 5)}, "没有“x”这一栏"},
		{"negative", answersAsk(), []Cell{count("answers_on_time", -1), count("answers_due", 5)}, "不能小于 0，现在是 -1"},
		{"not whole", answersAsk(), []Cell{number("answers_on_time", "1.5"), count("answers_due", 5)}, "要填整数，现在是 1.5"},
		{"text for a number", answersAsk(), []Cell{words("answers_on_time", "很多"), count("answers_due", 5)}, "要填数，现在是“很多”"},
		{"at most", visits, []Cell{count("kinds", 5)}, ""},
		{"above", visits, []Cell{count("kinds", 6)}, "“种类” 6种 超过上限 5"},
		{"not applicable with a value", visits, []Cell{{Column: "kinds", NA: true, Number: num.FromInt(3)}}, "就不能再填内容"},
		{"choice", form, []Cell{words("form", "own")}, ""},
		{"no choice", form, []Cell{words("form", "three")}, "没有“three”这个选项，只能是单建、联建"},
		{"no text", form, []Cell{words("form", "")}, "请填写“组织形式”"},
		{"number for a text", form, []Cell{count("form", 1)}, "要选一个答案，现在是 1"},
		{"long text", free, []Cell{words("firm", strings.Repeat("长", 201))}, "最多 200 个字，现在有 201 个"},
		{"yes", filed, []Cell{count("filed", 1)}, ""},
		{"no yes and no no", filed, []Cell{count("filed", 2)}, "只能填“是”（1）或“否”（0），现在是 2"},
		{"share", share, []Cell{number("share", "0.85")}, ""},
		{"share above", share, []Cell{number("share", "1.01")}, "超过上限 1"},
		{"paper of a number", filed, []Cell{{Column: "filed", Number: num.FromInt(1), Document: "1号"}}, "不用填文号"},
		{"event", vetoAsk(), []Cell{{Column: "veto_decisions", Text: "accident", Document: "都住建认字〔2027〕1号", Until: mustDate("2028-02-09")}}, ""},
		{"event whose code decides the end", vetoAsk(), []Cell{{Column: "veto_decisions", Text: "accident", Document: "都住建认字〔2027〕1号"}}, ""},
		{"event without paper", vetoAsk(), []Cell{{Column: "veto_decisions", Text: "accident"}}, "请填写“认定理由”的文号"},
		{"event of no ground", vetoAsk(), []Cell{{Column: "veto_decisions", Text: "noise", Document: "1号"}}, "没有“noise”这个选项"},
		{"event that was over", vetoAsk(), []Cell{{Column: "veto_decisions", Text: "accident", Document: "1号", Until: mustDate("2027-02-09")}}, "期满日 2027年2月9日 早于认定日 2027年2月10日"},
		{"unknown kind", Ask{Columns: []Column{{Name: "a", Label: "甲", Kind: "colour"}}}, []Cell{{Column: "a"}}, "“colour”不认识"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := text(CheckCells(tt.ask, tt.cells, day))
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// What passes is what was asked: whole, not negative, the numerator at most the denominator.
func TestCheckedCellsKeepTheirBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := func(column string) Cell {
			c := Cell{Column: column, NA: rapid.Bool().Draw(t, "na")}
			if !c.NA {
				c.Number = num.FromFrac(rapid.Int64Range(-6, 12).Draw(t, "n"), rapid.SampledFrom([]int64{1, 2}).Draw(t, "d"))
			}
			return c
		}
		a, b := cell("answers_on_time"), cell("answers_due")
		right := a.NA == b.NA && (a.NA || a.Number.IsInt() && b.Number.IsInt() && a.Number.Sign() >= 0 && !b.Number.Less(a.Number))
		if bad := CheckCells(answersAsk(), []Cell{a, b}, mustDate("2027-02-10")); (len(bad) == 0) != right {
			t.Fatalf("%+v %+v: %s", a, b, text(bad))
		}
	})
}
