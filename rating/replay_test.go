package rating

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/num"
)

// replayedScheme1 and its changes are small enough to be worked out by hand.
const replayedBefore = `
format: 1
id: replayed
version: "1"
title: 测试
proposal: true
engine: 1
rhythm: year
defaults: {missing: zero, na: exclude, decimals: 2}
facts:
  - {id: fee, name: 收缴率, type: number, better: higher, min: 0, max: 100}
  - {id: clean, name: 保洁, type: number, better: higher, min: 0, max: 100}
  - {id: calls, name: 投诉, type: count, better: lower}
indicators:
  - {id: i_fee, name: 收费, max: 60, rule: {kind: target, of: fee, zero: 0, target: 100}}
  - {id: i_clean, name: 环境, max: 40, rule: {kind: target, of: clean, zero: 0, target: 100}}
total: {method: sum, max: 100, round: 2}
adjust:
  - {id: angry, name: 投诉多最高三星, kind: cap_grade, when: calls > 3, grade: three}
grades:
  list:
    - {id: five, label: 五星, level: 5, at_least: 90}
    - {id: three, label: 三星, level: 3, at_least: 60}
    - {id: none, label: 无星级, otherwise: true}
`

// changed makes a later version of a scheme.
func changed(t testing.TB, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		next := strings.Replace(text, pairs[i], pairs[i+1], 1)
		if next == text {
			t.Fatalf("%q is not there", pairs[i])
		}
		text = next
	}
	return text
}

// replayedPeriod is a period with the facts fee, clean and calls of each subject.
func replayedPeriod(t testing.TB, scheme string, facts map[string][3]int64) *PastPeriod {
	t.Helper()
	s := mustParse(t, scheme)
	p := &PastPeriod{ID: "2026", Name: "2026年度", Scheme: []byte(scheme)}
	for _, id := range slices.Sorted(func(yield func(string) bool) {
		for id := range facts {
			if !yield(id) {
				return
			}
		}
	}) {
		sub := s.NewSubject(id, "2026", 20_000)
		for i, fact := range []string{"fee", "clean", "calls"} {
			if err := sub.Set(fact, Number(num.FromInt(facts[id][i]))); err != nil {
				t.Fatal(err)
			}
		}
		p.Subjects = append(p.Subjects, PastSubject{ID: id, Name: "小区" + id, Facts: sub.Canonical()})
	}
	return p
}

func replayed(t testing.TB, p *PastPeriod, from, to string) *Replay {
	t.Helper()
	var base []byte
	if from != "" {
		base = []byte(from)
	}
	r, err := p.Replay(base, []byte(to), nil)
	if err != nil {
		t.Fatal(err, ProblemsOf(err))
	}
	return r
}

func (r *Replay) row(t testing.TB, id string) ReplayRow {
	t.Helper()
	i := slices.IndexFunc(r.Rows, func(row ReplayRow) bool { return row.Subject == id })
	if i < 0 {
		t.Fatalf("no row %s", id)
	}
	return r.Rows[i]
}

// told is “88.00 三星 → 84.00 无星级: 指标 -4.00; …”.
func (r *Replay) told(row ReplayRow) string {
	show := func(x *num.Num) string {
		if x == nil {
			return "-"
		}
		return x.Fixed(2)
	}
	out := show(row.Before) + " " + row.BeforeLabel + " → " + show(row.After) + " " + row.AfterLabel
	for _, by := range row.By {
		out += "; " + r.Steps[by.Step].Title() + " " + show(by.Change) + " " + by.Label
	}
	return strings.ReplaceAll(out, " ;", ";")
}

func TestReplay(t *testing.T) {
	facts := map[string][3]int64{"a": {100, 70, 0}, "b": {50, 100, 0}, "c": {80, 80, 5}, "d": {100, 100, 9}}
	p := replayedPeriod(t, replayedBefore, facts)
	for _, tt := range []struct {
		name  string
		pairs []string
		lost  string
		steps int
		want  map[string]string
	}{
		{"nothing changes", []string{`version: "1"`, `version: "2"`}, "", 0, map[string]string{"a": "88.00 三星 → 88.00 三星"}},
		// Two maxima that add up to 100 make a scheme only together; the cut comes after them.
		{"weights and a cut", []string{`version: "1"`, `version: "2"`, "name: 收费, max: 60", "name: 收费, max: 50", "name: 环境, max: 40", "name: 环境, max: 50", "at_least: 90", "at_least: 85"}, "", 2, map[string]string{
			"a": "88.00 三星 → 85.00 五星; 指标“收费”，指标“环境” -3.00; 等级“五星” - 五星",
			"b": "70.00 三星 → 75.00 三星; 指标“收费”，指标“环境” 5.00",
			"c": "80.00 三星 → 80.00 三星",
			"d": "100.00 三星 → 100.00 三星"}},
		{"a gate goes", []string{"\nadjust:\n  - {id: angry, name: 投诉多最高三星, kind: cap_grade, when: calls > 3, grade: three}", ""}, "", 1, map[string]string{
			"d": "100.00 三星 → 100.00 五星; 加减分和否决“投诉多最高三星” - 五星"}},
		// A new fact would be zero by the scheme's own rule; the past does not have it, and it costs nobody anything.
		{"a fact that nobody had", []string{"  - {id: calls, name", "  - {id: trust, name: 信用, type: number, better: higher, max: 100}\n  - {id: calls, name", "name: 环境, max: 40, ", "name: 环境, max: 30, ",
			"\ntotal:", "\n  - {id: i_trust, name: 信用, max: 10, rule: {kind: target, of: trust, zero: 0, target: 100}}\ntotal:"},
			"信用：当时的方案没有收集 4 [指标“信用”（10 分）]", 1, map[string]string{"d": "100.00 三星 → 100.00 三星", "a": "88.00 三星 → 90.00 五星; 指标“环境”，指标“信用” 2.00 五星"}},
		{"a fact of another window", []string{"id: fee, name: 收缴率,", "id: fee, name: 收缴率, window: year,"}, "收缴率：当时的取数范围是 period，现在是 year 4 [指标“收费”（60 分）]", 1, map[string]string{
			"b": "70.00 三星 → 100.00 五星; 事实“收缴率” 30.00 五星"}},
		{"a fact that gates", []string{"  - {id: calls, name", "  - {id: veto, name: 否决, type: count}\n  - {id: calls, name", "\ngrades:", "\n  - {id: stop, name: 否决, kind: cap, at: 0, when: veto > 0}\ngrades:"},
			"否决：当时的方案没有收集 4 [“否决”]", 0, map[string]string{"d": "100.00 三星 → 100.00 三星"}},
		{"a value that is no longer allowed", []string{"id: fee, name: 收缴率, type: number, better: higher, min: 0, max: 100", "id: fee, name: 收缴率, type: number, better: higher, min: 0, max: 90"},
			"收缴率：当时的数不在现在允许的范围内，按缺数据处理 2 [指标“收费”（60 分）]", 1, map[string]string{"b": "70.00 三星 → 70.00 三星"}},
		{"another source", []string{"id: fee, name: 收缴率,", "id: fee, name: 收缴率, source: registry,"}, "收缴率：来源由 未写明 改为 registry：重放用的是当时的数 0 []", 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := replayed(t, p, "", changed(t, replayedBefore, tt.pairs...))
			if len(r.Steps) != tt.steps || r.Subjects != 4 || len(r.Rows) != 4 {
				t.Errorf("%d steps, want %d: %+v", len(r.Steps), tt.steps, r.Steps)
			}
			lost := ""
			for _, l := range r.Lost {
				lost += fmt.Sprintf("%s：%s %d %v", l.Name, l.Why, l.Subjects, l.Readers)
			}
			if lost != tt.lost {
				t.Errorf("lost %q, want %q", lost, tt.lost)
			}
			for id, want := range tt.want {
				if got := strings.TrimSpace(r.told(r.row(t, id))); got != want {
					t.Errorf("%s: %s\nwant %s", id, got, want)
				}
			}
			// What a subject moved is the sum of its steps, and the counts are those of the rows.
			before, after := 0, 0
			for _, g := range r.Grades {
				before, after = before+g.Before, after+g.After
			}
			if before != 4 || after != 4 {
				t.Errorf("grades %+v", r.Grades)
			}
			for _, row := range r.Rows {
				var sum num.Num
				for _, by := range row.By {
					sum = sum.Add(*cmpOr(by.Change))
				}
				if d := row.Change(); d == nil || !d.Equal(sum) {
					t.Errorf("%s moved by %v, its steps by %s", row.Subject, d, sum)
				}
			}
		})
	}
	// Side by side: two schemes of which neither is that of the period.
	second := changed(t, replayedBefore, `version: "1"`, `version: "2"`, "at_least: 90", "at_least: 80")
	third := changed(t, second, `version: "2"`, `version: "3"`, "at_least: 80", "at_least: 95")
	r := replayed(t, p, second, third)
	if got := r.told(r.row(t, "a")); r.From != "2" || r.To != "3" || got != "88.00 五星 → 88.00 三星; 等级“五星” - 三星" || r.Down != 1 || r.Moved != 1 || r.Rows[0].Subject != "a" {
		t.Errorf("%s: %+v", got, r)
	}
	p.Subjects[0].Facts = []byte(`{}`)
	if _, err := p.Replay(nil, []byte(second), nil); err == nil {
		t.Error("damaged facts were replayed")
	}
}

func cmpOr(x *num.Num) *num.Num {
	if x == nil {
		return &num.Num{}
	}
	return x
}

// TestReplayReadsHistory: an earlier result is asked for once for each declaration, and one that nobody has is told.
func TestReplayReadsHistory(t *testing.T) {
	p := replayedPeriod(t, replayedBefore, map[string][3]int64{"a": {100, 100, 0}})
	asked := 0
	p.Earlier = func(_ *Scheme, e *Earlier) (map[string]Past, error) {
		asked++
		if e.Back > 1 {
			return nil, nil
		}
		level := 1
		return map[string]Past{"a": {Level: &level}}, nil
	}
	r := replayed(t, p, "", changed(t, replayedBefore, "\nindicators:", "\nhistory:\n  - {id: last, name: 上年, back: 1}\n  - {id: older, name: 前年, back: 2}\nindicators:")+"promotion: {from: last, up: 2}\n")
	if got := r.told(r.row(t, "a")); got != "100.00 五星 → 100.00 三星; 升级限制 - 三星" || asked != 2 {
		t.Errorf("%s, asked %d times", got, asked)
	}
	if len(r.Lost) != 1 || r.Lost[0].Name != "以往结果“前年”" {
		t.Errorf("%+v", r.Lost)
	}
}

// TestEffectiveWeights: cov ÷ var by hand. Of fee (60 points) 0, 30, 60 and of clean (40) 40, 40, 40: the totals are 40, 70, 100, all of whose spread comes from the fee.
func TestEffectiveWeights(t *testing.T) {
	p := replayedPeriod(t, replayedBefore, map[string][3]int64{"a": {0, 100, 0}, "b": {50, 100, 0}, "c": {100, 100, 0}})
	w := replayed(t, p, "", replayedBefore).Weights
	if len(w) != 2 || w[0].Nominal.Fixed(2) != "60.00" || w[0].Effective.Fixed(2) != "100.00" || w[0].Finding != "" || w[1].Nominal.Fixed(2) != "40.00" || !w[1].Effective.IsZero() || w[1].Finding != WeightDead {
		t.Errorf("%+v", w)
	}
	// Fee 48, 60, 60 and clean 40, 20, 0: totals 88, 80, 60; deviations of the total 12, 4, -16 (sum of squares 416), of clean 20, 0, -20: 20·12 + 20·16 = 560; of fee -8, 4, 4: -96 + 16 - 64 = -144.
	p = replayedPeriod(t, replayedBefore, map[string][3]int64{"a": {80, 100, 0}, "b": {100, 50, 0}, "c": {100, 0, 0}})
	w = replayed(t, p, "", replayedBefore).Weights
	if w[0].Effective.Fixed(2) != "-34.62" || w[0].Finding != WeightAgainst || w[1].Effective.Fixed(2) != "134.62" || w[1].Finding != WeightBeyond {
		t.Errorf("%+v", w)
	}
}

// weighedYear takes 60 % from two quarters, whose sheet is that of weighedQuarter, and 40 % from its own indicator.
const weighedYear = `
format: 1
id: weighed
version: "1"
title: 测试
proposal: true
engine: 1
rhythm: year
defaults: {missing: zero, na: exclude, decimals: 2}
facts:
  - {id: fee, name: 收缴率, type: number, better: higher, min: 0, max: 100}
  - {id: clean, name: 保洁, type: number, better: higher, min: 0, max: 100}
  - {id: calls, name: 投诉, type: count, better: lower}
history:
  - {id: q1, name: 前一季度, back: 2, rhythm: quarter, parts: [service], outputs: [usable]}
  - {id: q2, name: 最后季度, back: 1, rhythm: quarter, parts: [service], outputs: [usable]}
parts:
  - {id: quarters, name: 季度平均, weight: 0.6, method: expr, max: 100, value: "((output.use_q1 == 1 ? history.q1.points.service : 0) + (output.use_q2 == 1 ? history.q2.points.service : 0)) / (output.use_q1 + output.use_q2)", round: 2}
  - {id: whole, name: 全年, weight: 0.4, method: sum, round: 2}
indicators:
  - {id: i_clean, in: whole, name: 环境, max: 100, rule: {kind: target, of: clean, zero: 0, target: 100}}
total: {method: sum, max: 100, round: 2}
outputs:
  - {id: use_q1, name: 前一季度计入, decimals: 0, value: "history.q1.known && history.q1.output.usable == 1 ? 1 : 0"}
  - {id: use_q2, name: 最后季度计入, decimals: 0, value: "history.q2.known && history.q2.output.usable == 1 ? 1 : 0"}
grades:
  list:
    - {id: pass, label: 合格, level: 1, at_least: 60}
    - {id: none, label: 不合格, otherwise: true}
`

const weighedQuarter = `
format: 1
id: weighed
version: "1"
title: 测试
proposal: true
engine: 1
rhythm: quarter
defaults: {missing: zero, na: exclude, decimals: 2}
facts:
  - {id: fee, name: 收缴率, type: number, better: higher, min: 0, max: 100}
  - {id: answers, name: 答复, type: number, better: higher, min: 0, max: 100}
parts:
  - {id: service, name: 服务, method: sum, round: 2}
  - {id: desk, name: 前台, in: service, method: mean, max: 25, round: 2}
indicators:
  - {id: i_fee, in: service, name: 收费, max: 75, rule: {kind: target, of: fee, zero: 0, target: 100}}
  - {id: i_answers, in: desk, name: 答复, max: 10, rule: {kind: target, of: answers, zero: 0, target: 100}}
total: {method: sum, max: 100, round: 2}
outputs:
  - {id: usable, name: 可用, decimals: 0, value: "answers >= 0 ? 1 : 0"}
grades:
  list:
    - {id: pass, label: 合格, level: 1, at_least: 60}
    - {id: none, label: 不合格, otherwise: true}
`

// TestEffectiveWeightsOfQuarters: the indicators of the quarters stand behind what the year takes from them. Of the year a, b, c, d have 40 points each; the mean of the quarters gives the fee 45, 22.5, 0, 45 points of the total and the
// answers 0, 15, 7.5, 0 (d has the later quarter only). Totals 85, 77.5, 47.5, 85: deviations 11.25, 3.75, -26.25, 11.25, sum of squares 956.25; with those of the fee 1096.875, with those of the answers -140.625.
func TestEffectiveWeightsOfQuarters(t *testing.T) {
	quarter := mustParse(t, weighedQuarter)
	rated := func(points [2]int64) Past {
		sub := quarter.NewSubject("q", "2026Q4", 20_000)
		for i, fact := range []string{"fee", "answers"} {
			if err := sub.Set(fact, Number(num.FromInt(points[i]))); err != nil {
				t.Fatal(err)
			}
		}
		r := Evaluate(quarter, nil, sub, nil)
		return quarter.PastOf(&r)
	}
	p := replayedPeriod(t, weighedYear, map[string][3]int64{"a": {0, 100, 0}, "b": {0, 100, 0}, "c": {0, 100, 0}, "d": {0, 100, 0}})
	p.Earlier = func(_ *Scheme, e *Earlier) (map[string]Past, error) {
		if e.Back == 2 {
			return map[string]Past{"a": rated([2]int64{100, 0}), "b": rated([2]int64{100, 100}), "c": rated([2]int64{0, 0})}, nil
		}
		return map[string]Past{"a": rated([2]int64{100, 0}), "b": rated([2]int64{0, 100}), "c": rated([2]int64{0, 100}), "d": rated([2]int64{100, 0})}, nil
	}
	told := func(year string) (out []string) {
		for _, w := range replayed(t, p, "", year).Weights {
			out = append(out, fmt.Sprint(w.In, "/", w.Name, " ", w.Nominal.Fixed(2), " ", w.Effective.Fixed(2), " ", w.Finding))
		}
		return out
	}
	want := []string{"/环境 40.00 0.00 dead", "/季度平均 60.00 100.00 ", "quarters/收费 45.00 114.71 beyond", "quarters/答复 15.00 -14.71 against"}
	if got := told(weighedYear); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	// A share that stands in an output of its own, after more outputs than there are quarters.
	if got := told(changed(t, weighedYear, "/ (output.use_q1 + output.use_q2)", "* output.share", "grades:\n", "  - {id: share, name: 每季度的份额, decimals: 2, value: \"1 / (output.use_q1 + output.use_q2)\"}\ngrades:\n")); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	// The better of two quarters is no sum of them, and says nothing about a single indicator.
	better := changed(t, weighedYear, "((output.use_q1", "max(output.use_q1", "0) + (output.use_q2", "0, output.use_q2", "0)) / (output.use_q1 + output.use_q2)", "0)")
	if got := told(better); len(got) != 2 || !strings.HasPrefix(got[1], "/季度平均 60.00") {
		t.Errorf("%q", got)
	}
}

// TestJoin: what a year takes of each quarter stands below its part, with the points that everybody who speaks there gave, in points of the year; a quarter that does not count says so.
func TestJoin(t *testing.T) {
	const voices = "voices: [{id: bureau, name: 主管部门}, {id: owners, name: 业主}]\nfacts:\n"
	quarter := mustParse(t, changed(t, weighedQuarter, "facts:\n", voices, "name: 收费, max: 75", "name: 收费, voice: owners, max: 75", "name: 答复, max: 10", "name: 答复, voice: bureau, max: 10"))
	year := mustParse(t, changed(t, weighedYear, "facts:\n", voices, "name: 环境,", "name: 环境, voice: bureau,"))
	explained := func(s *Scheme, h History, facts map[string]int64) *Explanation {
		sub := s.NewSubject("p", "2026", 20_000)
		for fact, n := range facts {
			if err := sub.Set(fact, Number(num.FromInt(n))); err != nil {
				t.Fatal(err)
			}
		}
		r := Evaluate(s, nil, sub, h)
		x, err := Explain(s, &r)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	told := func(x *Explanation) string {
		out := ""
		for _, e := range x.Part("quarters").Earlier {
			out += fmt.Sprint(e.Name, " ", e.Known, " ", e.Points, "/", e.Max, " × ", e.Weighs, "; ")
		}
		for _, v := range x.Voices {
			out += fmt.Sprint(v.Name, " ", v.Points, "/", v.Max, "; ")
		}
		for _, e := range x.Earlier {
			out += fmt.Sprint(e.Name, " ", e.Title, " ", e.Voices[0].Points, "/", e.Voices[0].Max, "; ")
		}
		return out
	}
	first, last := explained(quarter, nil, map[string]int64{"fee": 100, "answers": 40}), explained(quarter, nil, map[string]int64{"fee": 60, "answers": 80}) // 75 + 10 and 45 + 20
	x := explained(year, History{"q1": first.Result.Past(), "q2": last.Result.Past()}, map[string]int64{"clean": 50})
	x.Join([]EarlierResult{{History: "q1", Title: "第一季度", Explanation: first}, {History: "q2", Title: "第二季度", Explanation: last}})
	// Half of 60 % of each quarter: the bureau 0.3 × (10 + 20) + 0.4 × 50 = 29 of 0.3 × 50 + 40 = 55, the owners 0.3 × (75 + 45) = 36 of 45; together 65 of 100, the total.
	if got := told(x); got != "前一季度 true 85/100 × 0.5; 最后季度 true 65/100 × 0.5; 主管部门 29/55; 业主 36/45; 前一季度 第一季度 3/7.5; 最后季度 第二季度 6/7.5; " || x.Result.Total.Points.String() != "65" {
		t.Error(got, x.Result.Total.Points)
	}
	only := explained(year, History{"q2": last.Result.Past()}, map[string]int64{"clean": 50})
	only.Join([]EarlierResult{{History: "q2", Title: "第二季度", Explanation: last}})
	if got := told(only); got != "前一季度 false 0/0 × 0; 最后季度 true 65/100 × 1; 主管部门 32/55; 业主 27/45; 最后季度 第二季度 12/15; " {
		t.Error(got)
	}
}

// TestDifferences tells rule by rule what changed, down to the single value.
func TestDifferences(t *testing.T) {
	later := changed(t, replayedBefore, "name: 收费, max: 60, rule: {kind: target, of: fee, zero: 0, target: 100}", "name: 收费, max: 60, clause: 写明, rule: {kind: target, of: fee, zero: 10, target: 100}",
		"    - {id: three, label: 三星, level: 3, at_least: 60}", "    - {id: four, label: 四星, level: 4, at_least: 80}\n    - {id: three, label: 三星, level: 3, at_least: 60}",
		"round: 2", "round: 1")
	list, err := Differences([]byte(replayedBefore), []byte(later))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range list {
		for _, k := range c.Keys {
			got = append(got, fmt.Sprintf("%s %s %s: %s → %s", c.Rule(), c.Title, k.Label, k.Before, k.After))
		}
	}
	want := []string{"indicators/i_fee 指标“收费” 计分规则 zero: 0 → 10", "indicators/i_fee 指标“收费” 规则原文:  → 写明", "total/ 总分 修约: 2 → 1",
		"grades.list/four 等级“四星” 编号:  → four", "grades.list/four 等级“四星” 显示文字:  → 四星", "grades.list/four 等级“四星” 高低次序:  → 4", "grades.list/four 等级“四星” 下限:  → 80"}
	if len(got) != len(want) {
		t.Errorf("%q", got)
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] && i < len(want)-1 {
			t.Errorf("%s, want %s", got[i], want[i])
		}
	}
	if list, err := Differences([]byte(later), []byte(replayedBefore)); err != nil || len(list) != 3 || !list[2].Removed {
		t.Errorf("backwards: %+v, %v", list, err)
	}
	// Adjustments are taken in their order.
	const cap80 = "\n  - {id: top, name: 封顶, kind: cap, at: 80}"
	first := changed(t, replayedBefore, "\nadjust:", "\nadjust:"+cap80)
	last := changed(t, replayedBefore, "grade: three}", "grade: three}"+cap80)
	if list, err := Differences([]byte(first), []byte(last)); err != nil || len(list) != 1 || list[0].Title != "加减分和否决的先后次序" {
		t.Errorf("%+v, %v", list, err)
	}
	keys, title, err := RuleText([]byte(later), "indicators", "i_fee")
	if err != nil || title != "指标“收费”" || len(keys) != 5 {
		t.Errorf("%s %+v %v", title, keys, err)
	}
	if keys, _, err := RuleText([]byte(later), "indicators", "none"); err != nil || keys != nil {
		t.Errorf("%+v %v", keys, err)
	}
}

// TestEveryStepIsAScheme goes from one shipped scheme to the other, which shares most facts, and back: whatever the steps are, the last one is the other scheme.
func TestEveryStepIsAScheme(t *testing.T) {
	var files [2][]byte
	for i, name := range []string{"quarter", "year"} {
		data, err := os.ReadFile("../configs/schemes/five-goods-" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		files[i] = data
	}
	for i := range files {
		way, err := wayBetween(files[i], files[1-i])
		if err != nil {
			t.Fatal(err)
		}
		if last := way[len(way)-1].scheme; last.Hash != mustParse(t, string(files[1-i])).Hash || len(way) < 20 {
			t.Errorf("%d steps, the last one is %s", len(way), last.Rhythm)
		}
	}
}
