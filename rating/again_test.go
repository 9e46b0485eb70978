package rating

import (
	"testing"

	"redsteward/internal/num"
)

// againScheme has what stands between points and total: a bonus that stops below the best grade, a deduction, and a full number of points.
const againScheme = `
format: 1
id: again
version: "1"
title: 测试
proposal: true
engine: 1
rhythm: year
defaults: {missing: zero, na: exclude, decimals: 2}
voices: [{id: bureau, name: 主管部门, from: 50, to: 100}, {id: owners, name: 业主, from: 0, to: 50}]
facts:
  - {id: a, name: 甲, type: number, better: higher, min: 0, max: 100}
  - {id: b, name: 乙, type: number, better: higher, min: 0, max: 100}
  - {id: c, name: 加分项, type: number, better: higher, min: 0, max: 10}
  - {id: late, name: 迟交, type: count, better: lower}
indicators:
  - {id: ia, in: one, voice: bureau, name: 甲, max: 60, rule: {kind: target, of: a, zero: 0, target: 100}}
  - {id: ib, in: two, voice: owners, name: 乙, max: 10, rule: {kind: target, of: b, zero: 0, target: 100}}
  - {id: ic, in: none, voice: bureau, name: 加分项, max: 10, rule: {kind: linear, of: c, each: 1}}
parts:
  - {id: one, name: 第一部分, method: sum, round: 2}
  - {id: two, name: 第二部分, method: mean, max: 40, round: 2}
total: {method: sum, max: 100, round: 2}
adjust:
  - {id: more, name: 加分, kind: bonus, points: points.ic, at_most: 5, not_across: [{cut: 92, stop_at: 91.99}]}
  - {id: less, name: 迟交扣分, kind: deduction, points: "3", when: late > 0}
  - {id: top, name: 总分最多 100 分, kind: cap, at: 100}
grades:
  list:
    - {id: five, label: 五星, level: 5, at_least: 92}
    - {id: four, label: 四星, level: 4, at_least: 84}
    - {id: none, label: 未评星, otherwise: true}
`

// TestAgain: how far a total is from a cut, and what it would be with points restored, is what the rule makes of them, never a sum beside it.
func TestAgain(t *testing.T) {
	s := mustParse(t, againScheme)
	rated := func(a, b, c, late string) *Explanation {
		t.Helper()
		sub := s.NewSubject("p", "2026", 20_000)
		for fact, n := range map[string]string{"a": a, "b": b, "c": c, "late": late} {
			if err := sub.Set(fact, Number(num.MustParse(n))); err != nil {
				t.Fatal(err)
			}
		}
		r := Evaluate(s, nil, sub, nil)
		read, err := ReadResult(r.Canonical()) // as a page has it, without the facts of the subject
		if err != nil {
			t.Fatal(err)
		}
		x, err := Explain(s, read)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	lack := func(x *Explanation, cut string) string {
		n, ok := s.Missing(x.Result, num.MustParse(cut))
		if !ok {
			return "never"
		}
		return n.String()
	}
	for _, tt := range []struct{ name, a, b, c, late, total, cut, lacks string }{
		{"the bonus is stopped just below the cut", "87.65", "95.1", "5", "0", "91.99", "92", "1.37"}, // 52.59 + 38.04 = 90.63
		{"a bonus that would reach the cut does not", "90", "90", "2", "0", "91.99", "92", "2"},       // 54 + 36 = 90: 92 is not across
		{"below the stop the bonus counts", "80", "80", "2", "0", "82", "84", "2"},
		{"a deduction counts", "95", "95", "0", "1", "92", "95", "3"},
		{"nothing is missing", "100", "100", "5", "0", "100", "92", "0"},
		{"full points do not suffice", "90", "90", "0", "1", "87", "98", "never"},
	} {
		x := rated(tt.a, tt.b, tt.c, tt.late)
		if got := x.Result.Total.Points.String(); got != tt.total || lack(x, tt.cut) != tt.lacks {
			t.Errorf("%s: total %s, lacks %s", tt.name, got, lack(x, tt.cut))
		}
	}
	x := rated("87.65", "95.1", "5", "0")
	if d := x.Next.Demands[0]; d.Lack == nil || d.Lack.String() != "1.37" {
		t.Errorf("%+v", d)
	}
	for _, tt := range []struct {
		ids  []string
		want string
	}{
		{[]string{"ib"}, "97.59"},       // 52.59 + 40 lies beyond the cut, and all of the bonus counts
		{[]string{"ib", "ia"}, "100"},   // 100 + 5 stops at the full number
		{[]string{"two", "one"}, "100"}, // whole parts
		{[]string{"ic"}, "91.99"},       // what counts aside is no part of the total
		{[]string{"ib", "nobody", ""}, "97.59"},
	} {
		if got := x.Restored(tt.ids).String(); got != tt.want {
			t.Errorf("%q restored: %s, want %s", tt.ids, got, tt.want)
		}
	}
	if x := rated("90", "90", "0", "1"); x.Restored([]string{"less"}).String() != "90" || x.Restored(nil).String() != "87" {
		t.Errorf("the deduction left out: %s", x.Restored([]string{"less"}))
	}
}
