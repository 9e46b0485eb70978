package rating

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"redsteward/internal/num"
)

// soundScheme keeps every guarantee that applies to it; the cases below each break one.
const soundScheme = `
format: 1
id: sound
version: "1"
title: 测试
proposal: true
engine: 1
valid: {from: 2027-01-01}
rhythm: year
defaults: {missing: block, na: exclude, decimals: 2}
voices:
  - {id: bureau, name: 主管部门, from: 45, to: 55}
  - {id: owners, name: 业主, from: 45, to: 55}
facts:
  - {id: repairs, name: 按时维修, type: ratio, better: higher, max: 1}
  - {id: calls, name: 投诉, type: count, better: lower}
  - {id: praise, name: 表彰, type: events, better: higher, codes: [{id: P, name: 表彰, points: 1, months: 12}]}
  - {id: accident, name: 事故, type: events, better: lower, codes: [{id: A, name: 事故, months: 12}]}
history:
  - {id: last, name: 上年, back: 1}
indicators:
  - {id: i_repairs, name: 维修, voice: bureau, max: 50, rule: {kind: target, of: repairs, zero: 0.5, target: 1}}
  - {id: i_calls, name: 投诉, voice: owners, max: 50, rule: {kind: tiers, of: calls, tiers: [{at_most: 2, points: 50}, {above: 2, at_most: 5, points: 30}, {above: 5, points: 0}]}}
total: {method: sum, max: 100, round: 2}
adjust:
  - {id: bonus, name: 表彰加分, kind: bonus, points: 5 * praise.P, at_most: 5, not_across: [{cut: 90, stop_at: 89.99}], unknown: skip}
  - {id: top, name: 封顶, kind: cap, at: 100}
  - {id: late, name: 投诉过多, kind: cap_grade, when: calls > 20, grade: low, unknown: skip}
  - {id: void, name: 一票否决, kind: void, events: {fact: accident}, grade: none, unknown: skip}
grades:
  list:
    - {id: high, label: 高, level: 3, at_least: 90}
    - {id: middle, label: 中, level: 2, at_least: 60}
    - {id: low, label: 低, level: 1, otherwise: true}
    - {id: none, label: 无, special: true}
    - {id: unknown, label: 资料不足, blocked: true}
promotion: {from: last, up: 1, first: 1}
`

// halfBefore is a total that takes as much from the year before as from the indicators.
const halfBefore = `parts: [{id: before, name: 上年, method: expr, max: 100, value: history.last.total}]
total: {method: sum, max: 200, round: 2}`

func findVerdict(t *testing.T, verdicts []Verdict, guarantee, about string) Verdict {
	t.Helper()
	for _, v := range verdicts {
		if v.Guarantee == guarantee && v.About == about {
			return v
		}
	}
	t.Fatalf("no verdict on %s %s", guarantee, about)
	return Verdict{}
}

func TestGuaranteesOfASoundScheme(t *testing.T) {
	verdicts := Guarantees(mustParse(t, soundScheme), 1, 300)
	for _, v := range verdicts {
		if v.Finding != FindingProved {
			t.Errorf("%s %s: %s: %s", v.Guarantee, v.About, v.Finding, v.Why)
		}
		if v.Title == "" || v.Why == "" {
			t.Errorf("%s %s says nothing: %+v", v.Guarantee, v.About, v)
		}
	}
	want := map[string]int{
		GuaranteeMonotone: 4, GuaranteePoints: 2, GuaranteeTotal: 1, GuaranteeMaximum: 1, GuaranteeGrade: 5, GuaranteeBonus: 1, GuaranteeGate: 3,
		GuaranteeRounding: 1, GuaranteeWeights: 1, GuaranteeVoice: 2, GuaranteeNA: 2, GuaranteePromotion: 1,
		GuaranteeEverywhere: 1, GuaranteeInfluence: 2, GuaranteeAlive: 2, GuaranteeOrder: 1,
	}
	got := map[string]int{}
	for _, v := range verdicts {
		got[v.Guarantee]++
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("verdicts by guarantee: %v, want %v", got, want)
	}
	if v := findVerdict(t, verdicts, GuaranteeGrade, "high"); v.Example.Periods != 3 {
		t.Errorf("from no grade, one level a year, the highest takes 3 years, not %d", v.Example.Periods)
	}
}

func TestGuaranteesFindWhatIsBroken(t *testing.T) {
	for _, r := range []struct {
		name, old, new   string
		guarantee, about string
		want             Finding
	}{
		{"tiers out of order", "{above: 2, at_most: 5, points: 30}, {above: 5, points: 0}", "{above: 2, at_most: 5, points: 0}, {above: 5, points: 30}", GuaranteeMonotone, "calls", FindingRefuted},
		{"target turned round", "zero: 0.5, target: 1", "zero: 1, target: 0.5", GuaranteeMonotone, "repairs", FindingRefuted},
		{"a gate that punishes the good", "when: calls > 20", "when: repairs > 0.9", GuaranteeMonotone, "repairs", FindingRefuted},
		{"good repairs do not apply", "voice: bureau, max: 50,", "voice: bureau, max: 50, applies: repairs < 0.9,", GuaranteeMonotone, "repairs", FindingRefuted},
		{"praise counts as an accident", "events: {fact: accident}", "events: {fact: praise}", GuaranteeMonotone, "praise", FindingRefuted},
		{"grades in a muddle", "{id: high, label: 高, level: 3, at_least: 90}", "{id: high, label: 高, level: 3, at_least: 90, below: 99}", GuaranteeMonotone, "repairs", FindingRefuted},
		{"rounding beyond the maximum", "voice: bureau, max: 50,", "voice: bureau, max: 50.5, round: 0,", GuaranteePoints, "i_repairs", FindingRefuted},
		{"bonus without a cap", "{id: top, name: 封顶, kind: cap, at: 100}", "{id: top, name: 封顶, kind: cap, at: 105}", GuaranteeTotal, "", FindingRefuted},
		{"a deduction below zero", "{id: top, name: 封顶, kind: cap, at: 100}", "{id: top, name: 扣分, kind: deduction, points: calls}", GuaranteeTotal, "", FindingRefuted},
		{"a maximum out of reach", "{at_most: 2, points: 50}", "{at_most: 2, points: 40}", GuaranteeMaximum, "", FindingNotRefuted},
		{"a cap below the maximum", "kind: cap, at: 100", "kind: cap, at: 95", GuaranteeMaximum, "", FindingRefuted},
		{"a grade at once", "promotion: {from: last, up: 1, first: 1}\n", "", GuaranteeGrade, "high", FindingProved},
		{"a grade beyond the total", "level: 3, at_least: 90}", "level: 3, at_least: 101}", GuaranteeGrade, "high", FindingNotRefuted},
		{"a rounding that lifts the bonus", "kind: cap, at: 100", "kind: round, round: [0]", GuaranteeBonus, "bonus", FindingRefuted},
		{"a bonus without a cut", ", not_across: [{cut: 90, stop_at: 89.99}]", "", GuaranteeBonus, "bonus", FindingNotApplicable},
		{"a bonus for having been cut", "{id: late,", "{id: cut, name: 扣, kind: deduction, points: 10}\n  - {id: back, name: 补, kind: bonus, points: \"running < 85 ? 30 : 0\"}\n  - {id: late,", GuaranteeGate, "cut", FindingRefuted},
		{"a void that is a grade", "fact: accident}, grade: none", "fact: accident}, grade: middle", GuaranteeGate, "void", FindingRefuted},
		{"rounding twice", "round: 2}", "round: [1, 0]}", GuaranteeRounding, "", FindingRefuted},
		{"members above the maximum", "voice: owners, max: 50", "voice: owners, max: 50, weight: 2", GuaranteeWeights, "total", FindingRefuted},
		{"one voice too loud", "voice: owners", "voice: bureau", GuaranteeVoice, "bureau", FindingRefuted},
		{"no band", "{id: owners, name: 业主, from: 45, to: 55}", "{id: owners, name: 业主}", GuaranteeVoice, "owners", FindingNotApplicable},
		{"what does not apply counts zero", "na: exclude", "na: zero", GuaranteeNA, "i_repairs", FindingNotApplicable},
		{"what does not apply is asked for", "{method: sum, max: 100, round: 2}", "{method: expr, max: 100, value: points.i_repairs + points.i_calls}", GuaranteeNA, "i_repairs", FindingNotRefuted},
		{"a total that falls with what is left out", "{method: sum, max: 100, round: 2}", "{method: expr, max: 100, value: \"(counted.i_repairs ? points.i_repairs : 0) + points.i_calls\"}", GuaranteeNA, "i_repairs", FindingRefuted},
		{"shrinking on purpose", "{method: sum, max: 100, round: 2}", "{method: sum, max: 100, when_excluded: shrink}", GuaranteeNA, "i_repairs", FindingNotApplicable},
		{"tiers out of order, all facts at once", "{above: 2, at_most: 5, points: 30}, {above: 5, points: 0}", "{above: 2, at_most: 5, points: 0}, {above: 5, points: 30}", GuaranteeEverywhere, "", FindingRefuted},
		{"what decides about another indicator too", "voice: owners, max: 50,", "voice: owners, max: 50, applies: repairs < 0.9,", GuaranteeInfluence, "i_repairs", FindingRefuted},
		{"an indicator that reads the other's fact", "rule: {kind: tiers, of: calls, tiers: [{at_most: 2, points: 50}, {above: 2, at_most: 5, points: 30}, {above: 5, points: 0}]}", "rule: {kind: expr, points: 50 * repairs - 0 * calls}", GuaranteeInfluence, "i_repairs", FindingRefuted},
		{"a total without shares", "{method: sum, max: 100, round: 2}", "{method: expr, max: 100, value: points.i_repairs + points.i_calls}", GuaranteeInfluence, "i_repairs", FindingNotApplicable},
		{"half of the total from the year before", "total: {method: sum, max: 100, round: 2}", halfBefore, GuaranteeInfluence, "i_repairs", FindingProved},
		{"half of the total from the year before, of which voices are not asked", "total: {method: sum, max: 100, round: 2}", halfBefore, GuaranteeVoice, "owners", FindingProved},
		{"the same points whatever happens", "{at_most: 2, points: 50}, {above: 2, at_most: 5, points: 30}, {above: 5, points: 0}", "{at_most: 2, points: 50}, {above: 2, at_most: 5, points: 50}, {above: 5, points: 50}", GuaranteeAlive, "i_calls", FindingRefuted},
		{"a total that leaves it out", "{method: sum, max: 100, round: 2}", "{method: expr, max: 100, value: 2 * points.i_repairs}", GuaranteeAlive, "i_calls", FindingNotRefuted},
		{"a promotion limit below all grades", "up: 1, first: 1", "up: 1, first: 0", GuaranteePromotion, "", FindingRefuted},
	} {
		t.Run(r.name, func(t *testing.T) {
			text := strings.Replace(soundScheme, r.old, r.new, 1)
			if text == soundScheme {
				t.Fatal("the change changed nothing")
			}
			s := mustParse(t, text)
			v := findVerdict(t, Guarantees(s, 1, 400), r.guarantee, r.about)
			if v.Finding != r.want {
				t.Fatalf("%s: %s (%d trials), want %s", v.Finding, v.Why, v.Trials, r.want)
			}
			replay(t, s, v)
		})
	}
}

// TestOrderIsLookedAt: no scheme can say that the order of records counts, so an engine that looks at the first event only shows that the check would find it.
func TestOrderIsLookedAt(t *testing.T) {
	s := mustParse(t, strings.Replace(soundScheme, "codes: [{id: P, name: 表彰, points: 1, months: 12}]", "codes: [{id: P, name: 表彰, points: 1, months: 12}, {id: Q, name: 市级表彰, points: 2, months: 12}]", 1))
	l := &linter{s: s, p: s.program, seed: 1, trials: 50}
	l.rate = func(at situation) Result {
		if f, _ := s.FactIndex("praise"); len(at.sub.Values[f].Events) > 1 {
			v := at.sub.Values[f]
			v.Events = v.Events[:1]
			at = at.with(f, v)
			if v.Events[0].Code == "Q" {
				return Result{Status: StatusVoid}
			}
		}
		return l.evaluate(at)
	}
	l.order()
	v := l.verdicts[0]
	if v.Finding != FindingRefuted || v.Example == nil || len(v.Example.Changes) == 0 {
		t.Fatalf("%+v", v)
	}
	l.verdicts, l.rate = nil, l.evaluate
	if l.order(); l.verdicts[0].Finding != FindingProved {
		t.Errorf("%+v", l.verdicts[0])
	}
}

// TestOwnPointsAreNotProved: where events bring their own points, the verdict says that nothing can be proved and what the trials assume.
func TestOwnPointsAreNotProved(t *testing.T) {
	s := readScheme(t, "../configs/schemes/yantai.yaml")
	verdicts := Guarantees(s, 1, 200)
	for fact, assumed := range map[string]string{"good": "每条自带分值，方案没有规定正负，所以不能证明；试验只假定每条都是加分", "bad": "都是扣分"} {
		v := findVerdict(t, verdicts, GuaranteeMonotone, fact)
		if v.Finding != FindingNotRefuted || v.Trials < 200 || !strings.Contains(v.Why, assumed) {
			t.Errorf("%s: %s in %d trials: %s", fact, v.Finding, v.Trials, v.Why)
		}
	}
	f, _ := s.FactIndex("good")
	text := s.Facts[f].tell(Value{State: Present, Events: []Event{{Code: "good", Date: 20_000, Points: &hundred}}})
	if !strings.Contains(text, "100 分") {
		t.Errorf("an event with points of its own is told without them: %s", text)
	}
}

// replay holds an example against Evaluate.
func replay(t *testing.T, s *Scheme, v Verdict) {
	t.Helper()
	e := v.Example
	if e == nil {
		return
	}
	if told := e.Facts(s); len(told) != len(s.Facts)+len(s.History) {
		t.Errorf("%d facts are told of %d", len(told), len(s.Facts)+len(s.History))
	}
	for i := range e.Subject.Values {
		if m := s.Facts[i].refuse(e.Subject.Values[i]); m != "" {
			t.Errorf("the example is no possible subject: %s: %s", s.Facts[i].ID, m)
		}
	}
	for id, past := range e.History {
		for output, x := range past.Outputs {
			if strings.HasPrefix(output, "use") && !x.IsZero() && !x.Equal(one) {
				t.Errorf("%s.%s is %s, which is asked for 0 or 1 only", id, output, x)
			}
		}
	}
	before := Evaluate(s, e.Cohort, e.Subject, e.History)
	if got := tellResult(&before); got != e.Before && !e.Without || e.Without && got != e.After {
		t.Errorf("the example says %q and %q, Evaluate %q", e.Before, e.After, got)
	}
	if e.Other == nil {
		return
	}
	after := Evaluate(s, e.Cohort, *e.Other, e.History)
	if got := tellResult(&after); got != e.After || len(e.Changes) == 0 {
		t.Errorf("after the change the example says %q, Evaluate %q", e.After, got)
	}
	if v.Guarantee == GuaranteeMonotone && !after.Total.Points.Less(before.Total.Points) && !lowerStanding(&after, &before) && after.Total.Counted {
		t.Errorf("the counterexample shows nothing: %s, then %s", e.Before, e.After)
	}
}

// TestProvedIsNeverRefuted tries hard to refute what was proved, for every scheme there is.
func TestProvedIsNeverRefuted(t *testing.T) {
	schemes := everyScheme(t)
	schemes["sound"] = mustParse(t, soundScheme)
	for name, s := range schemes {
		verdicts := Guarantees(s, 2, 30)
		if name == "county.yaml" && fmt.Sprint(verdictLines(verdicts)) != fmt.Sprint(verdictLines(Guarantees(s, 2, 30))) {
			t.Error("the same seed gave other verdicts")
		}
		l := &linter{s: s, p: s.program, plain: s.program.trace(-1)}
		d := newDrawer(s, 3)
		l.cohort, _ = d.cohort()
		for i := range 100 {
			at := situation{d.subject("x", []int{0, 25, 6}[i%3]), d.past(6)}
			r := l.evaluate(at)
			insideSpans(t, name, l, &r)
			for _, v := range verdicts {
				if v.Guarantee != GuaranteeMonotone || v.Finding != FindingProved {
					continue
				}
				fact, _ := s.FactIndex(v.About)
				worse, better, ok := d.step(fact, at.sub.Values[fact])
				if !ok {
					continue
				}
				if e, bad := l.lowers(at, fact, worse, better); bad {
					t.Fatalf("%s: %s was proved, but %v: %s → %s", name, v.Title, e.Changes, e.Before, e.After)
				}
			}
		}
		for _, v := range verdicts {
			replay(t, s, v)
		}
	}
}

// insideSpans holds a result against the spans that were inferred.
func insideSpans(t *testing.T, name string, l *linter, r *Result) {
	t.Helper()
	check := func(id string, counted bool, x num.Num, s shade) {
		t.Helper()
		if counted && (s.low != nil && x.Less(*s.low) || s.high != nil && s.high.Less(x)) {
			t.Fatalf("%s: %s = %s lies outside %v to %v", name, id, x, s.low, s.high)
		}
	}
	for _, line := range r.Lines {
		check(line.ID, line.Counted, line.Points, l.plain.nodes[l.p.nodeIndex[line.ID]].points)
	}
	for _, part := range r.Parts {
		check(part.ID, part.Counted, part.Points, l.plain.nodes[l.p.nodeIndex[part.ID]].points)
	}
	check("total", r.Total.Counted, r.Total.Points, l.plain.total)
	for i, o := range r.Outputs {
		check(o.ID, o.Known, o.Value, l.plain.outputs[i])
	}
}

func verdictLines(verdicts []Verdict) []string {
	var out []string
	for _, v := range verdicts {
		out = append(out, fmt.Sprint(v.Guarantee, v.About, v.Finding, v.Why, v.Trials))
	}
	return out
}

// TestTraceOfExpressions draws expressions and holds the inferred trend and span against values.
func TestTraceOfExpressions(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		src := drawTraced(t, 3, false)
		holdTraced(t, src, traced(t, src), rapid.Uint64().Draw(t, "seed"))
	})
}

// TestTrendOfExpressions says which trend is inferred for each way of writing x, which gets better as it rises, and holds it against values too.
func TestTrendOfExpressions(t *testing.T) {
	for _, r := range []struct {
		src  string
		want trend
	}{
		{"2", still}, {"y", still}, {"-1.5 * y + p", still}, {"yes ? y : 10", still}, {"exp(y) / 2", still}, {"known.y ? p : 0", still},
		{"x", rises}, {"x + y", rises}, {"p * x", rises}, {"2 - (y - x)", rises}, {"x / 2", rises}, {"-1.5 * (2 - x)", rises}, {"max(x, y)", rises}, {"min(x, 2)", rises},
		{"clamp(x, 0, 3)", rises}, {"floor(x)", rises}, {"round(x)", rises}, {"exp(x)", rises}, {"abs(x + 10)", rises}, {"sqrt(x + 10)", rises}, {"ln(x + 10)", rises},
		{"x > 2 ? 10 : 0", rises}, {"x < 2 ? 0 : 10", rises}, {"!(x < y) ? 10 : 0", rises}, {"known.y && x > 2 ? 10 : 0", rises},
		{"-x", falls}, {"y - x", falls}, {"-1.5 * x", falls}, {"2 / (x + 10)", falls}, {"abs(x - 10)", falls}, {"min(-x, y)", falls}, {"ceil(-x)", falls},
		{"x > 2 ? 0 : 10", falls}, {"x >= y ? -1.5 : 2", falls}, {"known.y || x < 2 ? 10 : 0", falls},
		{"x * x", wild}, {"x * y", wild}, {"x - x", wild}, {"abs(x)", wild}, {"2 / x", wild}, {"sqrt(x)", wild}, {"x > 2 ? -1.5 : x", wild}, {"x == 2 ? 10 : 0", wild},
		{"yes && x > 2 ? 10 : 0", wild}, // without an answer to yes there are points at a small x only
	} {
		t.Run(r.src, func(t *testing.T) {
			s := traced(t, r.src)
			if got := s.program.trace(0).nodes[0].points.trend; got != r.want {
				t.Errorf("trend %d, want %d", got, r.want)
			}
			holdTraced(t, r.src, s, 1)
		})
	}
}

// traced is a scheme of one indicator, whose points are an expression.
func traced(t rapid.TB, src string) *Scheme {
	t.Helper()
	s, err := ParseScheme(fmt.Appendf(nil, tracedScheme, src))
	if err != nil {
		t.Fatalf("%s: %v", src, ProblemsOf(err))
	}
	return s
}

// holdTraced holds what is inferred about an expression against its values before and after x got better.
func holdTraced(t rapid.TB, src string, s *Scheme, seed uint64) {
	t.Helper()
	tr, plain := s.program.trace(0), s.program.trace(-1)
	d := newDrawer(s, seed)
	for range 30 {
		sub := d.subject("x", 5)
		worse, better, ok := d.step(0, sub.Values[0])
		if !ok {
			continue
		}
		other := sub
		sub.Values, other.Values = slices.Clone(sub.Values), slices.Clone(sub.Values)
		sub.Values[0], other.Values[0] = worse, better
		before, after := Evaluate(s, nil, sub, nil), Evaluate(s, nil, other, nil)
		a, b := before.Line("i"), after.Line("i")
		if !tr.moved && a.Counted != b.Counted {
			t.Fatalf("%s: it has a value at %s %v, at %s %v; that was excluded", src, worse.Number, a.Counted, better.Number, b.Counted)
		}
		if a.Counted && (a.Points.Less(*plain.nodes[0].points.low) || plain.nodes[0].points.high.Less(a.Points)) {
			t.Fatalf("%s = %s lies outside the span", src, a.Points)
		}
		if !a.Counted || !b.Counted {
			continue
		}
		c := b.Points.Cmp(a.Points)
		switch tr := tr.nodes[0].points.trend; {
		case tr == still && c != 0, tr == rises && c < 0, tr == falls && c > 0:
			t.Fatalf("%s: trend %d, but %s at %s and %s at %s\n%s", src, tr, a.Points, worse.Number, b.Points, better.Number, tell(s, sub))
		}
	}
}

const tracedScheme = `
format: 1
id: traced
version: "1"
title: 测试
proposal: true
engine: 1
defaults: {missing: exclude, na: exclude}
facts:
  - {id: x, name: 甲, type: number, better: higher, min: -3, max: 8}
  - {id: y, name: 乙, type: number, min: -2, max: 5}
  - {id: p, name: 丙, type: ratio, max: 1}
  - {id: yes, name: 丁, type: bool}
indicators:
  - {id: i, name: 指标, max: 1000, min: -1000, rule: {kind: expr, points: %q}}
total: {method: sum}
`

func drawTraced(t *rapid.T, depth int, condition bool) string {
	sub := func(condition bool) string { return drawTraced(t, depth-1, condition) }
	if condition {
		if depth == 0 {
			return rapid.SampledFrom([]string{"yes", "known.y", "x > 2", "p < 0.5"}).Draw(t, "flag")
		}
		switch rapid.IntRange(0, 3).Draw(t, "condition") {
		case 0:
			return "!(" + sub(true) + ")"
		case 1:
			return "(" + sub(true) + rapid.SampledFrom([]string{" && ", " || "}).Draw(t, "logic") + sub(true) + ")"
		default:
			return "(" + sub(false) + rapid.SampledFrom([]string{" < ", " >= ", " == "}).Draw(t, "comparison") + sub(false) + ")"
		}
	}
	if depth == 0 {
		return rapid.SampledFrom([]string{"x", "x", "y", "p", "2", "-1.5", "0", "10"}).Draw(t, "leaf")
	}
	switch rapid.IntRange(0, 9).Draw(t, "operation") {
	case 0:
		return "-(" + sub(false) + ")"
	case 1:
		return "(" + sub(true) + " ? " + sub(false) + " : " + sub(false) + ")"
	case 2:
		return rapid.SampledFrom([]string{"min", "max"}).Draw(t, "which") + "(" + sub(false) + ", " + sub(false) + ")"
	case 3:
		return rapid.SampledFrom([]string{"abs", "floor", "ceil", "round", "sqrt", "ln", "exp"}).Draw(t, "function") + "(" + sub(false) + ")"
	case 4:
		return "clamp(" + sub(false) + ", 0, 3)"
	case 5:
		return "(" + sub(false) + " / " + sub(false) + ")"
	case 6:
		return "(" + sub(false) + " * " + sub(false) + ")"
	case 7:
		return "(" + sub(false) + " - " + sub(false) + ")"
	default:
		return "(" + sub(false) + " + " + sub(false) + ")"
	}
}

// BenchmarkGuarantees is the whole check of a county's scheme with 1,000 trials for what cannot be proved.
func BenchmarkGuarantees(b *testing.B) {
	s := everyScheme(b)["county.yaml"]
	for b.Loop() {
		Guarantees(s, 1, 1000)
	}
}
