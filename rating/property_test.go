package rating

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"redsteward/internal/num"
)

// drawSubject makes a random subject of the county scheme.
func drawSubject(rt *rapid.T, t *testing.T, s *Scheme) (Subject, *rand.Rand) {
	rnd := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 7))
	return randomSubject(t, s, rnd, "p1"), rnd
}

// clone copies a subject so deeply that changing one leaves the other.
func clone(sub Subject) Subject {
	sub.Values = slices.Clone(sub.Values)
	for i := range sub.Values {
		sub.Values[i].Items = slices.Clone(sub.Values[i].Items)
		sub.Values[i].Events = slices.Clone(sub.Values[i].Events)
		sub.Values[i].Sources = slices.Clone(sub.Values[i].Sources)
	}
	return sub
}

func levelOf(r *Result) int {
	if r.Level == nil {
		return 0
	}
	return *r.Level
}

// TestOrderOfEvidenceDoesNotMatter shuffles events and sources.
func TestOrderOfEvidenceDoesNotMatter(t *testing.T) {
	s := readScheme(t, "testdata/good/county.yaml")
	rapid.Check(t, func(rt *rapid.T) {
		sub, rnd := drawSubject(rt, t, s)
		for i := range sub.Values {
			sub.Values[i].Sources = []string{"aa", "bb", "cc"}
		}
		other := clone(sub)
		for i := range other.Values {
			events, sources := other.Values[i].Events, other.Values[i].Sources
			rnd.Shuffle(len(events), func(a, b int) { events[a], events[b] = events[b], events[a] })
			rnd.Shuffle(len(sources), func(a, b int) { sources[a], sources[b] = sources[b], sources[a] })
		}
		a, b := Evaluate(s, nil, sub, nil), Evaluate(s, nil, other, nil)
		if a.Facts != b.Facts || a.Hash() != b.Hash() {
			rt.Fatalf("results differ:\n%s\n%s", a.Canonical(), b.Canonical())
		}
	})
}

// TestResultsAndFactsReadBack reads what was written, to the byte, and evaluates the read facts to the same result.
func TestResultsAndFactsReadBack(t *testing.T) {
	s := readScheme(t, "testdata/good/county.yaml")
	rapid.Check(t, func(rt *rapid.T) {
		sub, _ := drawSubject(rt, t, s)
		r := Evaluate(s, nil, sub, History{"previous": {Hash: "abc", Total: num.FromInt(70), HasTotal: true}})
		read, err := ReadResult(r.Canonical())
		if err != nil {
			rt.Fatalf("%v\n%s", err, r.Canonical())
		}
		if read.Hash() != r.Hash() {
			rt.Fatal("the hash of the result read back differs")
		}
		frozen, err := s.ReadSubject(sub.Canonical())
		if err != nil {
			rt.Fatalf("%v\n%s", err, sub.Canonical())
		}
		again := Evaluate(s, nil, frozen, History{"previous": {Hash: "abc", Total: num.FromInt(70), HasTotal: true}})
		if again.Hash() != r.Hash() {
			rt.Fatalf("frozen facts give another result:\n%s\n%s", r.Canonical(), again.Canonical())
		}
	})
}

// TestPartsSumToTheTotal holds the base, before the adjustments, against the parts, and each part against its lines.
func TestPartsSumToTheTotal(t *testing.T) {
	s := readScheme(t, "testdata/good/county.yaml")
	two := Rounding{{Places: 2, Mode: num.HalfUp}}
	spread := func(points, counted, full num.Num) num.Num {
		scale, err := full.Quo(counted)
		if err != nil {
			return num.Num{}
		}
		return two.round(points.Mul(scale))
	}
	rapid.Check(t, func(rt *rapid.T) {
		sub, _ := drawSubject(rt, t, s)
		r := Evaluate(s, nil, sub, nil)
		var points, max num.Num
		for i := range r.Parts {
			p := &r.Parts[i]
			if !p.Counted {
				continue
			}
			points, max = points.Add(p.Points), max.Add(p.Max)
			var own, counted num.Num
			for j := range r.Lines {
				if l := &r.Lines[j]; l.Counted && strings.HasPrefix(l.ID, p.ID+"_") {
					own, counted = own.Add(l.Points), counted.Add(l.Max)
				}
			}
			if want := spread(own, counted, p.Max); !want.Equal(p.Points) {
				rt.Fatalf("part %s is %s, its lines give %s", p.ID, p.Points, want)
			}
		}
		if r.Base.Counted && !spread(points, max, hundred).Equal(r.Base.Points) {
			rt.Fatalf("base is %s, the parts give %s", r.Base.Points, spread(points, max, hundred))
		}
	})
}

// fixedSubjects are the same random subjects of the county scheme in every run, for what a test must have seen.
func fixedSubjects(t *testing.T, s *Scheme, see func(sub Subject, rnd *rand.Rand)) {
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		see(randomSubject(t, s, rnd, "p1"), rnd)
	}
}

// TestVetoNeverRaisesAGrade adds a recorded veto decision.
func TestVetoNeverRaisesAGrade(t *testing.T) {
	s := readScheme(t, "testdata/good/county.yaml")
	vetoed := func(t rapid.TB, sub Subject) (lost bool) {
		with := clone(sub)
		v := with.Get("veto")
		v.State = Present
		v.Events = append(slices.Clone(v.Events), Event{Code: "FIRE", Date: sub.AsOf - 10})
		if err := with.Set("veto", v); err != nil {
			t.Fatal(err)
		}
		a, b := Evaluate(s, nil, sub, nil), Evaluate(s, nil, with, nil)
		if levelOf(&b) > levelOf(&a) {
			t.Fatalf("a veto raised the grade from %s to %s", a.Grade, b.Grade)
		}
		return b.Status == StatusVoid && levelOf(&a) > 0
	}
	lost := 0
	fixedSubjects(t, s, func(sub Subject, _ *rand.Rand) {
		if vetoed(t, sub) {
			lost++
		}
	})
	if lost == 0 {
		t.Error("no veto ever took a star away: the test proves nothing")
	}
	rapid.Check(t, func(rt *rapid.T) {
		sub, _ := drawSubject(rt, t, s)
		vetoed(rt, sub)
	})
}

// TestMoreIsNeverLess raises one fact that is better when higher, the others unchanged: the total never falls.
func TestMoreIsNeverLess(t *testing.T) {
	s := readScheme(t, "testdata/good/county.yaml")
	raised := func(t rapid.TB, sub Subject, rnd *rand.Rand, i int) (rose bool) {
		better := clone(sub)
		f, v := &s.Facts[i], better.Values[i]
		if v.State != Present || !strings.HasPrefix(f.ID, "f_") || f.ID == "f_service_4" {
			return false
		}
		switch f.Type {
		case TypeRatio:
			v.Number = num.Min(v.Number.Add(one), v.Den)
		case TypeNumber:
			v.Number = num.Min(v.Number.Add(num.FromInt(7)), hundred)
		case TypeCount:
			v.Number = v.Number.Add(one)
		case TypeBool:
			v.Number = one
		case TypeChecklist:
			if at := rnd.IntN(len(v.Items)); v.Items[at].State == Present {
				v.Items[at].Number = num.FromInt(3)
			}
		case TypeSurvey:
			v.Items[0].Number = v.Items[0].Number.Add(v.Items[2].Number) // the dissatisfied become satisfied
			v.Items[2].Number = num.Num{}
		}
		better.Values[i] = v
		a, b := Evaluate(s, nil, sub, nil), Evaluate(s, nil, better, nil)
		if b.Total.Points.Less(a.Total.Points) {
			t.Fatalf("%s raised: total falls from %s to %s", f.ID, a.Total.Points, b.Total.Points)
		}
		return a.Total.Points.Less(b.Total.Points)
	}
	rises := map[string]int{}
	fixedSubjects(t, s, func(sub Subject, rnd *rand.Rand) {
		for i := range s.Facts {
			if raised(t, sub, rnd, i) {
				rises[s.Facts[i].Type]++
			}
		}
	})
	for _, kind := range []string{TypeRatio, TypeNumber, TypeCount, TypeBool, TypeChecklist, TypeSurvey} {
		if rises[kind] == 0 {
			t.Errorf("no total ever rose with a fact of type %s: the test proves nothing about them", kind)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		sub, rnd := drawSubject(rt, t, s)
		raised(rt, sub, rnd, rapid.IntRange(0, len(s.Facts)-1).Draw(rt, "fact"))
	})
}

// linearScheme is a scheme of n linear indicators with weights, without those in skip.
func linearScheme(t *testing.T, method string, weights []int, skip func(i int) bool) *Scheme {
	var b strings.Builder
	b.WriteString("format: 1\nid: linear\nversion: '1'\ntitle: t\nproposal: true\nengine: 1\ndefaults: {na: exclude}\n")
	b.WriteString("total: {method: " + method)
	if method != "sum" {
		b.WriteString(", max: 100")
	}
	b.WriteString("}\nfacts:\n")
	for i := range weights {
		fmt.Fprintf(&b, "  - {id: x%d, name: x, type: number}\n", i)
	}
	b.WriteString("indicators:\n")
	for i, w := range weights {
		if !skip(i) {
			fmt.Fprintf(&b, "  - {id: i%d, name: i, max: %d, weight: %d, rule: {kind: linear, of: x%d, each: 1}}\n", i, 10+i, w, i)
		}
	}
	return mustParse(t, b.String())
}

// TestNotApplicableIsNeutral compares a scheme whose indicators do not apply with one that does not have them.
func TestNotApplicableIsNeutral(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		weights := rapid.SliceOfN(rapid.IntRange(1, 5), 2, 6).Draw(rt, "weights")
		out := rapid.SliceOfN(rapid.Bool(), len(weights), len(weights)).Draw(rt, "out")
		method := rapid.SampledFrom([]string{"sum", "mean", "geomean", "min"}).Draw(rt, "method")
		if !slices.Contains(out, false) {
			return
		}
		full := linearScheme(t, method, weights, func(int) bool { return false })
		less := linearScheme(t, method, weights, func(i int) bool { return out[i] })
		a, b := full.NewSubject("a", "", 1), less.NewSubject("a", "", 1)
		for i := range weights {
			v := Number(num.FromInt(int64(rapid.IntRange(0, 10).Draw(rt, "x"))))
			if out[i] {
				v = NA()
			}
			a.Values[i], b.Values[i] = v, v
		}
		ra, rb := Evaluate(full, nil, a, nil), Evaluate(less, nil, b, nil)
		rateA, okA := ra.Total.Rate()
		rateB, okB := rb.Total.Rate()
		if !okA || !okB || !rateA.Equal(rateB) {
			rt.Fatalf("%s: rate %s with indicators that do not apply, %s without them", method, rateA, rateB)
		}
	})
}

// TestSubjectsOfACohortInAnyOrder makes the same statistics whatever the order of the subjects.
func TestSubjectsOfACohortInAnyOrder(t *testing.T) {
	s := mustParse(t, `
format: 1
id: cohort
version: "1"
title: t
proposal: true
engine: 1
facts: [{id: x, name: x, type: number}, {id: g, name: g, type: text}]
indicators:
  - {id: a, name: a, max: 10, rule: {kind: minmax, of: x}}
  - {id: b, name: b, max: 100, rule: {kind: zscore, of: x, center: 50, each: 10, within: g}}
  - {id: c, name: c, max: 10, in: none, rule: {kind: percentile, of: total}}
`)
	rapid.Check(t, func(rt *rapid.T) {
		values := rapid.SliceOfN(rapid.IntRange(-1000, 1000), 3, 30).Draw(rt, "values")
		var subjects []Subject
		for i, x := range values {
			sub := s.NewSubject(fmt.Sprint(i), "", 1)
			sub.Values[0] = Number(num.FromFrac(int64(x), 7))
			sub.Values[1] = Text([]string{"甲", "乙"}[i%2])
			subjects = append(subjects, sub)
		}
		first, err := NewCohort(s, slices.Values(subjects), nil)
		if err != nil {
			rt.Fatal(err)
		}
		shuffled := rapid.Permutation(subjects).Draw(rt, "order")
		second, err := NewCohort(s, slices.Values(shuffled), nil)
		if err != nil {
			rt.Fatal(err)
		}
		if first.Hash() != second.Hash() || len(first.Hash()) != 64 {
			rt.Fatalf("hashes %q and %q", first.Hash(), second.Hash())
		}
	})
}
