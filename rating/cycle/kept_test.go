package cycle

import (
	"slices"
	"testing"

	"redsteward/internal/num"
	"redsteward/rating"
)

// TestKeptLines: what a scheme keeps back stands neither on the boards, nor among the reasons of a preview, nor in the ranges of who does not see it; the total of its part does.
func TestKeptLines(t *testing.T) {
	s, err := rating.ParseScheme([]byte(`
format: 1
id: kept
version: "1"
title: 测试
proposal: true
engine: 1
rhythm: quarter
defaults: {missing: zero, na: exclude, decimals: 2}
facts:
  - {id: a, name: 甲, type: number, better: higher, min: 0, max: 10}
  - {id: b, name: 乙, type: number, better: higher, min: 0, max: 10}
  - {id: c, name: 丙, type: number, better: higher, min: 0, max: 10}
indicators:
  - {id: ia, in: party, name: 会议, max: 10, rule: {kind: linear, of: a, each: 1}}
  - {id: ib, in: party, name: 党员, max: 10, rule: {kind: linear, of: b, each: 1}}
  - {id: ic, in: service, name: 服务, max: 10, rule: {kind: linear, of: c, each: 1}}
parts:
  - {id: party, name: 组织建设好, disclose: total}
  - {id: service, name: 服务质量好}
total: {method: sum, max: 30}
grades:
  list: [{id: good, label: 好, level: 1, at_least: 20}, {id: plain, label: 一般, otherwise: true}]
`))
	if err != nil {
		t.Fatal(err, rating.ProblemsOf(err))
	}
	rated := func(points ...int64) *rating.Result {
		sub := s.NewSubject("p", "2026Q3", 20_000)
		for i, n := range points {
			if err := sub.Set(s.Facts[i].ID, rating.Number(num.FromInt(n))); err != nil {
				t.Fatal(err)
			}
		}
		r := rating.Evaluate(s, nil, sub, nil)
		return &r
	}
	was, is := rated(2, 9, 5), rated(7, 3, 6)
	row := BoardRow{Lines: linesOf(s, is)}
	all := slices.Clone(row.Lines)
	if row.open(s, true); row.Lines[0] == nil {
		t.Error("who sees the whole does not see a line on the boards")
	}
	shared := row.Lines
	if row.open(s, false); row.Lines[0] != nil || row.Lines[1] != nil || row.Lines[2] == nil || !slices.Equal(shared, all) {
		t.Errorf("%v, and what others share %v", row.Lines, shared)
	}
	names := func(whole bool) (out []string) {
		for _, c := range lineChanges(s, was, is, whole) {
			out = append(out, c.Name)
		}
		return out
	}
	if whole, rest := names(true), names(false); !slices.Equal(whole, []string{"党员", "会议", "服务"}) || !slices.Equal(rest, []string{"服务", "组织建设好"}) && !slices.Equal(rest, []string{"组织建设好", "服务"}) {
		t.Errorf("whole %q, else %q", whole, rest)
	}
	moved, half := rating.Replay{Steps: []rating.ReplayStep{{Changes: []rating.RuleChange{{Section: "indicators", ID: "ia"}}}, {Changes: []rating.RuleChange{{Section: "indicators", ID: "ic"}}}}}, num.FromFrac(1, 2)
	by := rating.ReplayRow{By: []rating.RowStep{{Step: 0, Change: &half}, {Step: 1, Change: &half}}}
	if moved.KeepBack(&by, s); by.By[0].Change != nil || by.By[1].Change == nil {
		t.Errorf("%+v", by.By)
	}
	within := RangeRow{Without: []int{0, 2}}
	if within.open(s, false); !slices.Equal(within.Without, []int{2}) {
		t.Error(within.Without)
	}
}
