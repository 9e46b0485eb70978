package rating

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// coachScheme has everything that stands in the way of a star: sums that spread excluded weight, tiers, ratios, an indicator of two facts, a need, a cap of the grade, a bonus that stops below a cut,
// a requirement and a limit of promotion. TOTAL is put in for the way to the total.
const coachScheme = `format: 1
id: coached
version: "1"
title: 争星
proposal: true
engine: 1
defaults: {missing: exclude, na: exclude, round_indicators: 1, round_parts: 1}
facts:
  - {id: a, name: 甲, type: ratio, better: higher, max: 1}
  - {id: b, name: 乙, type: count, max: 4, better: higher}
  - {id: c, name: 丙, type: ratio, better: higher, max: 1}
  - {id: d, name: 丁, type: bool, better: higher}
  - {id: e, name: 戊, type: bool, better: higher}
  - {id: f, name: 己, type: checklist, min: 0, max: 2, better: higher, items: [{id: x, name: 子}, {id: y, name: 丑}]}
  - {id: g, name: 备案, type: bool, better: higher}
  - {id: h, name: 逾期, type: events, better: lower, source: rectification, codes: [{id: late, name: 逾期}]}
  - {id: s, name: 满意度, type: survey, better: higher, levels: [{id: yes, name: 满意, worth: 1}, {id: no, name: 不满意, worth: 0}]}
history: [{id: before, back: 1}]
parts:
  - {id: p, name: 一}
  - {id: q, name: 二}
indicators:
  - {id: ia, name: 甲, in: p, max: 30, proposal: true, rule: {kind: target, of: a, zero: 0.5, target: 0.9}}
  - {id: ib, name: 乙, in: p, max: 20, missing: zero, proposal: true, rule: {kind: tiers, of: b, tiers: [{at_least: 3, points: 20}, {at_least: 1, below: 3, points: 8}, {below: 1, points: 0}]}}
  - {id: ic, name: 丙, in: q, max: 25, proposal: true, rule: {kind: target, of: c, zero: 0, target: 1}}
  - {id: if, name: 己, in: q, max: 15, proposal: true, rule: {kind: checklist, of: f, scale: 2, missing_items: exclude}}
  - {id: is, name: 满意度, in: q, max: 10, proposal: true, rule: {kind: survey, of: s, zero: 0.5, target: 0.9}}
  - {id: de, name: 加分项, in: none, max: 6, proposal: true, rule: {kind: expr, points: "(d ? 2 : 0) + (e ? 4 : 0)"}}
total: TOTAL
adjust:
  - {id: more, name: 加分, kind: bonus, points: "counted.de ? points.de : 0", at_most: 5, not_across: [{cut: 90, stop_at: 89.9}], unknown: skip, proposal: true}
  - {id: low, name: 第二部分太低, kind: cap_grade, when: rate.q < 0.5, unknown: skip, grade: two, proposal: true}
eligibility:
  - {id: filed, name: 已备案, when: g, grade: out, proposal: true}
  - {id: none_late, name: 没有逾期, when: h.active == 0, grade: out, proposal: true}
grades:
  list:
    - {id: four, label: 四星, level: 4, at_least: 90, proposal: true}
    - {id: three, label: 三星, level: 3, at_least: 75, needs: [{of: rate.p, at_least: 0.6}], proposal: true}
    - {id: two, label: 二星, level: 2, at_least: 60, proposal: true}
    - {id: one, label: 一星, level: 1, at_least: 40, proposal: true}
    - {id: out, label: 不参评, special: true, proposal: true}
    - {id: zero, label: 未评星, otherwise: true, proposal: true}
promotion: {from: before, up: 2}
`

func coachSchemes(t testing.TB) map[string]*Scheme {
	t.Helper()
	return map[string]*Scheme{
		"sum":  mustParse(t, strings.Replace(coachScheme, "TOTAL", "{method: sum, round: 1}", 1)),
		"mean": mustParse(t, strings.Replace(coachScheme, "TOTAL", "{method: geomean, max: 100, round: 1}", 1)),
	}
}

// drawCourse makes a subject of the scheme with something to do about it.
func drawCourse(t testing.TB, s *Scheme, rnd *rand.Rand) (*Course, []Lever) {
	t.Helper()
	sub := s.NewSubject("p1", "2026", 20_000)
	set := func(fact string, v Value) {
		if rnd.IntN(8) == 0 {
			return
		}
		if err := sub.Set(fact, v); err != nil {
			t.Fatal(err)
		}
	}
	n := func(most int) num.Num { return num.FromInt(int64(rnd.IntN(most + 1))) }
	ratio := func() Value {
		den := 4 + rnd.IntN(16)
		return Ratio(num.FromInt(int64(den/2+rnd.IntN(den-den/2))), num.FromInt(int64(den)))
	}
	set("a", ratio())
	set("b", Number(n(3)))
	set("c", ratio())
	set("d", Bool(rnd.IntN(2) == 0))
	set("e", Bool(rnd.IntN(3) == 0))
	set("f", Value{State: Present, Items: []ItemValue{{Present, n(2)}, {Present, n(2)}}})
	set("g", Bool(rnd.IntN(4) > 0))
	late := Value{State: Present}
	if rnd.IntN(4) == 0 {
		late.Events = []Event{{Code: "late", Date: 19_990}}
	}
	set("h", late)
	set("s", Value{State: Present, Number: num.FromInt(100), Items: []ItemValue{{Present, n(40)}, {Present, n(20)}}})
	c := &Course{Stage: Stage{Scheme: s, Subject: sub, History: History{}}}
	if rnd.IntN(2) == 0 {
		level := 1 + rnd.IntN(2)
		c.History["before"] = Past{Level: &level}
	}
	c.Replay = rnd.IntN(3) == 0
	var levers []Lever
	for _, a := range []Action{
		{ID: "a", Fact: "a", How: HowCases, By: 2, Most: 4, Effort: 1 + rnd.IntN(3)}, {ID: "b", Fact: "b", How: HowRaise, By: 1, Most: 4, Start: true, Effort: 1 + rnd.IntN(3)},
		{ID: "c", Fact: "c", How: HowDue, By: 3, Most: 3, Effort: 1 + rnd.IntN(4)}, {ID: "d", Fact: "d", How: HowYes, Most: 1, Start: true, Effort: 1 + rnd.IntN(5)},
		{ID: "e", Fact: "e", How: HowYes, Most: 1, Start: true, Effort: 1 + rnd.IntN(5)}, {ID: "f", Fact: "f", How: HowRound, Most: 1, Start: true, Effort: 2},
		{ID: "g", Fact: "g", How: HowYes, Most: 1, Start: true, Effort: 2}, {ID: "h", Fact: "h", How: HowSettle, Most: 1, Effort: 1}} {
		if l, why := c.Lever(&a, nil); why == "" {
			levers = append(levers, l)
		}
	}
	return c, levers
}

// settings are what a combination sets.
func settings(levers []Lever, steps []int) []Setting {
	var with []Setting
	for i, n := range steps {
		if n > 0 {
			with = append(with, levers[i].Steps[n-1]...)
		}
	}
	return with
}

// bruteForce rates every combination and returns the least effort that reaches a level, 0 if none does.
func bruteForce(t testing.TB, c *Course, levers []Lever, level int) int {
	t.Helper()
	best, steps := 0, make([]int, len(levers))
	for {
		effort := 0
		for i, n := range steps {
			effort += n * levers[i].Effort
		}
		if effort > 0 && (best == 0 || effort < best) {
			r, err := c.Rate(settings(levers, steps)...)
			if err != nil {
				t.Fatal(err)
			}
			if r.reaches(level) {
				best = effort
			}
		}
		i := 0
		for ; i < len(steps); i++ {
			if steps[i] < len(levers[i].Steps) {
				steps[i]++
				break
			}
			steps[i] = 0
		}
		if i == len(steps) {
			return best
		}
	}
}

// TestOutlookAgainstBruteForce finds the same least effort as rating every combination, by a scheme for which there is a bound and by one for which there is none, and the same plan each time.
func TestOutlookAgainstBruteForce(t *testing.T) {
	reached, none := map[string]int{}, map[string]int{}
	for name, s := range coachSchemes(t) {
		for seed := range uint64(24) {
			c, levers := drawCourse(t, s, rand.New(rand.NewPCG(seed, 11)))
			out := c.Outlook(levers)
			level, above := s.levelAbove(&out.Now)
			if !above {
				continue
			}
			want := bruteForce(t, c, levers, level)
			if out.Plan == nil {
				none[name]++
				if want != 0 {
					t.Fatalf("%s %d: nothing reaches %d, brute force does with %d", name, seed, level, want)
				}
				continue
			}
			reached[name]++
			if !out.Plan.Least || out.Plan.Effort != want || !out.Plan.Result.reaches(level) {
				t.Fatalf("%s %d: %+v of least %v, brute force %d", name, seed, out.Plan.Steps, out.Plan.Least, want)
			}
			if again := c.Outlook(levers); !slices.Equal(again.Plan.Steps, out.Plan.Steps) || again.Plan.Result.Hash() != out.Plan.Result.Hash() {
				t.Fatalf("%s %d: another plan the second time", name, seed)
			}
			if r, err := c.Rate(settings(levers, out.Plan.Steps)...); err != nil || r.Total.Shown != out.Plan.Result.Total.Shown || r.Grade != out.Plan.Result.Grade {
				t.Fatalf("%s %d: the plan comes to %s %s, the result says %s %s (%v)", name, seed, r.Total.Shown, r.Grade, out.Plan.Result.Total.Shown, out.Plan.Result.Grade, err)
			}
		}
	}
	if reached["sum"] < 12 || reached["mean"] < 6 || none["sum"] == 0 {
		t.Errorf("too few cases were seen: reached %v, none %v", reached, none)
	}
}

// TestLeverTakesAPartOfAStep: a step that only a part of is left for is a step, what is full is none, and a stage that is full before the others stays so.
func TestLeverTakesAPartOfAStep(t *testing.T) {
	s := coachSchemes(t)["sum"]
	course := func(num0, den0, num1, den1 int64) *Course {
		stage := func(n, den int64) Stage {
			sub := s.NewSubject("p1", "2026", 20_000)
			for fact, v := range map[string]Value{"a": Ratio(num.FromInt(n), num.FromInt(den)), "b": Number(num.FromInt(min(n, 4)))} {
				if err := sub.Set(fact, v); err != nil {
					t.Fatal(err)
				}
			}
			return Stage{Scheme: s, Subject: sub}
		}
		return &Course{Stage: stage(num0, den0), Feeds: []Feed{{ID: "before", Stage: stage(num1, den1)}}, Replay: true}
	}
	for _, r := range []struct {
		how            string
		by             int
		n0, d0, n1, d1 int64
		want           string
	}{
		{HowCases, 3, 0, 1, 1, 1, "0:1/1"}, {HowCases, 10, 42, 50, 9, 9, "0:50/50"}, {HowCases, 10, 42, 50, 2, 20, "0:50/50 1:12/20, 0:50/50 1:20/20"}, {HowCases, 2, 13, 15, 0, 5, "0:15/15 1:2/5, 0:15/15 1:4/5, 0:15/15 1:5/5"},
		{HowCases, 3, 5, 5, 5, 5, ""}, {HowDue, 2, 4, 5, 5, 5, "0:5/5"}, {HowRaise, 3, 2, 2, 4, 4, "0:4/0"},
	} {
		c := course(r.n0, r.d0, r.n1, r.d1)
		a := Action{ID: "x", Fact: "a", How: r.how, By: r.by, Most: 5, Effort: 1}
		if r.how == HowRaise {
			a.Fact = "b"
		}
		l, why := c.Lever(&a, nil)
		var steps []string
		for _, step := range l.Steps {
			var sets []string
			for _, set := range step {
				sets = append(sets, fmt.Sprintf("%d:%s/%s", set.Stage, set.Value.Number, set.Value.Den))
			}
			steps = append(steps, strings.Join(sets, " "))
		}
		if got := strings.Join(steps, ", "); got != r.want || (why == "") != (r.want != "") {
			t.Errorf("%s by %d from %d/%d and %d/%d: %q (%s), want %q", r.how, r.by, r.n0, r.d0, r.n1, r.d1, got, why, r.want)
		}
	}
}

// TestPieces: what consists of several numbers is tried number by number, says what it is when nothing is changed, and every indicator of the shipped year can be tried.
func TestPieces(t *testing.T) {
	s := coachSchemes(t)["sum"]
	c, _ := drawCourse(t, s, rand.New(rand.NewPCG(3, 19)))
	c.Take(Setting{Fact: "s", Value: Value{State: Present, Number: num.FromInt(100), Items: []ItemValue{{Present, num.FromInt(30)}, {Present, num.FromInt(20)}}}}, Setting{Fact: "f", Value: Value{State: Present, Items: []ItemValue{{Present, one}, {State: NotApplicable}}}},
		Setting{Fact: "h", Value: Value{State: Present, Events: []Event{{Code: "late", Date: 19_990}, {Code: "late", Date: 19_980, Until: 20_001}, {Code: "late", Date: 19_000, Until: 19_001}}}})
	c.Feeds = []Feed{{ID: "before", Stage: c.Stage}}
	tell := func(f *Fact, v Value) string {
		var out []string
		for _, p := range f.Pieces(v, c.Subject.AsOf) {
			if p.Known {
				out = append(out, p.ID+"="+p.Number.String())
			}
		}
		return strings.Join(out, " ")
	}
	for _, r := range []struct {
		fact, known, typed, want, refused string
	}{
		{"f", "x=1", "x=2", "x=2", ""}, {"s", "yes=30 no=20 -=100", "yes=45 no=5 -=100", "yes=45 no=5 -=100", ""}, {"s", "", "yes=45 no=5", "", "-"}, {"s", "", "yes=95 no=6 -=100", "", "-"},
		{"h", "late=2", "late=1", "late=1", ""}, {"h", "late=2", "late=4", "late=4", ""}, {"h", "", "late=-1", "", "late"}, {"h", "", "late=100", "", "late"}, {"h", "late=2", "", "", ""},
	} {
		at, _ := s.FactIndex(r.fact)
		f, was := &s.Facts[at], c.Subject.Values[at]
		if got := tell(f, was); r.known != "" && got != r.known {
			t.Errorf("%s: %q is known, want %q", r.fact, got, r.known)
		}
		with := map[string]num.Num{}
		for _, one := range strings.Fields(r.typed) {
			id, text, _ := strings.Cut(one, "=")
			n, err := num.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			with[id] = n
		}
		v, err := f.WithPieces(was, c.Subject.AsOf, with)
		if fields := fault.FieldsOf(err); (r.refused == "") != (err == nil) || err != nil && fields[0].Name != r.refused {
			t.Errorf("%s %s: %v, want %q refused", r.fact, r.typed, err, r.refused)
			continue
		}
		if err != nil {
			continue
		}
		if got := tell(f, v); got != r.want || r.want == "" && v.State != Missing {
			t.Errorf("%s %s: %q, want %q", r.fact, r.typed, got, r.want)
		}
		if set := c.Try(r.fact, v); len(set) != 2 || tell(f, set[1].Value) != r.want {
			t.Errorf("%s %s: the feed takes %+v", r.fact, r.typed, set)
		} else if _, err := c.Rate(set...); err != nil {
			t.Errorf("%s %s: %v", r.fact, r.typed, err)
		}
	}
	if at, _ := s.FactIndex("h"); len(c.Subject.Values[at].Events) != 3 || c.Subject.Values[at].Events[0].Date != 19_990 {
		t.Error("trying changed what is known")
	}
	year := readScheme(t, "../configs/schemes/five-goods-year.yaml")
	for _, in := range year.Indicators {
		for _, fact := range year.Reads(in.ID) {
			if at, _ := year.FactIndex(fact); !year.Facts[at].Triable() {
				t.Errorf("%s reads %s, which cannot be tried", in.ID, fact)
			}
		}
	}
}

// TestBoundHolds: no combination comes to more than the bound lets the search expect of it.
func TestBoundHolds(t *testing.T) {
	s := coachSchemes(t)["sum"]
	bounded := 0
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 13))
		c, levers := drawCourse(t, s, rnd)
		find := newSearch(c, levers)
		b := newBound(find, 4, find.effort(find.all()))
		if b.none {
			continue
		}
		bounded++
		for range 20 {
			var gained num.Num
			steps, free := make([]int, len(levers)), false
			for i := range levers {
				steps[i] = rnd.IntN(len(levers[i].Steps) + 1)
				gained, free = gained.Add(b.gain(i, steps[i])), free || steps[i] > 0 && b.free(i)
			}
			world := 0
			if free {
				world = 1
			}
			if r := find.at(steps); r.Total.Counted && b.start[world].Add(gained).Add(b.slack).Less(r.Total.Points) {
				t.Fatalf("%d: %v comes to %s, the bound says %s + %s + %s", seed, steps, r.Total.Points, b.start[world], gained, b.slack)
			}
		}
	}
	if bounded < 40 {
		t.Errorf("only %d of 100 have a bound", bounded)
	}
}

// TestOutlookSaysWhy: with the limit of promotion, all together come no further, and nothing above five is looked for.
func TestOutlookSaysWhy(t *testing.T) {
	s := coachSchemes(t)["sum"]
	full := func(level *int) *Course {
		sub := s.NewSubject("p1", "2026", 20_000)
		for fact, v := range map[string]Value{"a": Ratio(num.FromInt(9), num.FromInt(10)), "b": Number(num.FromInt(3)), "c": Ratio(one, one), "g": Bool(true), "h": {State: Present},
			"f": {State: Present, Items: []ItemValue{{Present, num.FromInt(2)}, {Present, num.FromInt(2)}}}} {
			if err := sub.Set(fact, v); err != nil {
				t.Fatal(err)
			}
		}
		return &Course{Stage: Stage{Scheme: s, Subject: sub, History: History{"before": {Level: level}}}}
	}
	four := 4
	if out := full(&four).Outlook(nil); out.Level != 0 || out.Plan != nil || out.Now.Grade != "four" {
		t.Errorf("the best one has something above: %d %v %s", out.Level, out.Plan, out.Now.Grade)
	}
	first := 1
	out := full(&first).Outlook(nil)
	if out.Now.Grade != "three" || out.Now.Held != "four" || out.Level != 4 || out.Plan != nil || out.Best.Held != "four" {
		t.Errorf("held at %s for %s, next %d, plan %v", out.Now.Grade, out.Now.Held, out.Level, out.Plan)
	}
}

// TestRisks: the smallest number of cases that lowers the level, one fact alone, is found by halving as by counting up.
func TestRisks(t *testing.T) {
	s := coachSchemes(t)["sum"]
	seen := map[string]bool{}
	for seed := range uint64(80) {
		c, _ := drawCourse(t, s, rand.New(rand.NewPCG(seed, 17)))
		now, err := c.Rate()
		if err != nil {
			t.Fatal(err)
		}
		risks := c.Risks()
		if now.Status != StatusRated || now.Level == nil {
			if len(risks) > 0 {
				t.Fatalf("%d: no level, and something to lose: %v", seed, risks)
			}
			continue
		}
		for _, f := range s.Facts {
			code := ""
			if f.ID == "h" {
				code = "late"
			}
			want := 0
			for by := 1; by <= maxWorse && want == 0; by++ {
				v, ok := f.worse(c.Subject.Get(f.ID), by, code, c.Subject.AsOf)
				if !ok {
					break
				}
				if r, err := c.Rate(Setting{Fact: f.ID, Value: v}); err != nil || !r.reaches(*now.Level) {
					want = by
				}
			}
			got := 0
			for _, r := range risks {
				if r.Fact == f.ID {
					got, seen[f.ID] = r.By, true
				}
			}
			if got != want {
				t.Errorf("%d %s: %d, counting up says %d", seed, f.ID, got, want)
			}
		}
	}
	for _, fact := range []string{"a", "b", "c", "e", "f", "g", "h", "s"} {
		if !seen[fact] {
			t.Errorf("%s never lowered a level", fact)
		}
	}
}

// TestActions: the shipped file is right and suits the shipped schemes, a wrong one is refused completely.
func TestActions(t *testing.T) {
	data, err := os.ReadFile("../configs/coach.yaml")
	if err != nil {
		t.Fatal(err)
	}
	year := readScheme(t, "../configs/schemes/five-goods-year.yaml")
	if _, err := ParseActions("coach.yaml", data, year); err != nil {
		t.Fatal(err)
	}
	for fact, how := range map[string]string{"no_such": HowYes, "survey": HowCases, "complaints": HowRaise, "veto_decisions": HowSettle, "commendations": HowSettle, "households": HowRaise, "cameras": HowCases} {
		a := Action{ID: "x", Fact: fact, How: how}
		if at, ok := year.FactIndex(fact); ok {
			a.Source = year.Facts[at].Source
		}
		if a.Suits(year) == "" {
			t.Errorf("%s moves %s", how, fact)
		}
	}
	if a := (Action{Fact: "cameras", How: HowYes, Source: "evidence"}); a.Suits(year) == "" {
		t.Error("proof goes to a source that does not tell the fact")
	}
	for to, from := range map[string]string{"passed": "none", "no_such": "none"} {
		if a := (Action{Fact: "application", How: HowBecome, From: from, To: to, Source: "application"}); (a.Suits(year) == "") != (to == "passed") {
			t.Errorf("from %s to %s: %q", from, to, a.Suits(year))
		}
	}
	_, err = ParseActions("coach.yaml", []byte(`version: "1"
actions:
  - {id: A, fact: x, how: push, effort: 6, text: 短, proof: 证, source: s, who: 人, last: soon}
  - {id: c, fact: application, how: become, from: none, to: none, effort: 1, proposal: true, text: 把申报交上来, proof: 申报回执, source: s, who: 负责人, last: window}
  - {id: b, fact: x, how: yes, most: 3, effort: 1, proposal: true, text: 把合同交来备案, proof: 备案回执, source: s, who: 负责人, last: days, more: 1}
`), year)
	got := fmt.Sprint(err)
	for _, want := range []string{"coach.yaml:3:10", "没有“push”", "要在 1 至 5 之间", "要写 6 至 120 个字", "没有“soon”", "proposal: true", "没有事实 x", "事实 x 已经有一条措施", "只有一步", "more", "两个不同的取值"} {
		if !strings.Contains(got, want) {
			t.Errorf("no word of %q in %s", want, got)
		}
	}
}
