package rating

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// everyScheme are the shipped schemes and those of the tests.
func everyScheme(t testing.TB) map[string]*Scheme {
	t.Helper()
	schemes := map[string]*Scheme{}
	for _, pattern := range []string{"../configs/schemes/*.yaml", "testdata/good/*.yaml", "testdata/guarantees/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: no schemes (%v)", pattern, err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s, err := ParseScheme(data)
			if err != nil {
				t.Fatalf("%s: %v", file, ProblemsOf(err))
			}
			schemes[filepath.Base(file)] = s
		}
	}
	return schemes
}

// TestPerturbWithoutNoiseIsEvaluate holds the compiled rating against the exact one for every scheme, gaps included.
func TestPerturbWithoutNoiseIsEvaluate(t *testing.T) {
	for name, s := range everyScheme(t) {
		t.Run(name, func(t *testing.T) {
			d := newDrawer(s, 1)
			cohort, err := d.cohort()
			if err != nil {
				t.Fatal(err)
			}
			f := newFloatProgram(s.program)
			w := newPerturbWorker(&perturbation{f: f})
			w.weights(&w.run)
			graded := map[string]int{}
			for i := range 300 {
				sub, past := d.subject("x", []int{0, 3, 12, 40}[i%4]), d.past(i%5)
				for j := range sub.Values {
					if m := s.Facts[j].refuse(sub.Values[j]); m != "" {
						t.Fatalf("drew %s = %+v: %s", s.Facts[j].ID, sub.Values[j], m)
					}
				}
				want := Evaluate(s, cohort, sub, past)
				got := w.run.rate(f.subject(cohort, &sub, past, map[*Statistics]*floatStatistics{}), nil)
				grade := ""
				if got.grade >= 0 {
					grade = s.Grades.List[got.grade].ID
				}
				graded[want.Grade]++
				if want.Total.Counted != (got.total == got.total) || want.Total.Counted && math.Abs(got.total-want.Total.Points.Float64()) > 1e-7 || grade != want.Grade {
					t.Fatalf("subject %d: total %v, grade %q; Evaluate says %s (%v), %q, %s\n%s", i, got.total, grade, want.Total.Points, want.Total.Counted, want.Grade, want.Status, tell(s, sub))
				}
			}
			t.Logf("grades: %v", graded)
		})
	}
}

func tell(s *Scheme, sub Subject) string {
	out := ""
	for i, v := range sub.Values {
		out += fmt.Sprintf("%s: %d %s/%s %q %v %v\n", s.Facts[i].ID, v.State, v.Number, v.Den, v.Text, v.Items, v.Events)
	}
	return out
}

func drawnSubjects(d *drawer, n, gaps int) []Subject {
	subjects := make([]Subject, n)
	for i := range subjects {
		subjects[i] = d.subject(fmt.Sprintf("p-%03d", i), gaps)
	}
	return subjects
}

func TestPerturbSpreads(t *testing.T) {
	s := everyScheme(t)["county.yaml"]
	d := newDrawer(s, 2)
	subjects := drawnSubjects(d, 20, 30)
	run := func(noise Noise, seed uint64) []Spread {
		t.Helper()
		return spreadOf(t, trialOf(t, TrialInput{Scheme: s, Subjects: subjects}), noise, 200, seed)
	}
	still, moved, again := run(Noise{}, 1), run(Noise{Weights: 0.1, Values: 0.1}, 1), run(Noise{Weights: 0.1, Values: 0.1}, 1)
	wider := 0
	for i := range still {
		want := Evaluate(s, nil, subjects[i], nil)
		if still[i].Low != still[i].High || math.Abs(still[i].Median-want.Total.Points.Float64()) > 1e-7 || still[i].RankLow != still[i].RankHigh {
			t.Errorf("without noise %+v, Evaluate says %s", still[i], want.Total.Points)
		}
		if moved[i].Low > moved[i].Median || moved[i].Median > moved[i].High || moved[i].RankLow > moved[i].RankHigh || moved[i].RankLow < 1 || moved[i].RankHigh > 20 {
			t.Errorf("percentiles out of order: %+v", moved[i])
		}
		if moved[i].Low < moved[i].High {
			wider++
		}
		if sum := sumInts(moved[i].Grades); sum != 200 || moved[i].Rated > 200 {
			t.Errorf("%d grades in 200 ratings: %+v", sum, moved[i])
		}
		if fmt.Sprint(moved[i]) != fmt.Sprint(again[i]) {
			t.Errorf("the same seed gave %+v and %+v", moved[i], again[i])
		}
	}
	if wider < 15 {
		t.Errorf("noise moved only %d of 20 totals", wider)
	}
	if fmt.Sprint(run(Noise{Weights: 0.1, Values: 0.1}, 2)) == fmt.Sprint(moved) {
		t.Error("another seed gave the same spreads")
	}
	best, worst := slices.MinFunc(still, byRank), slices.MaxFunc(still, byRank)
	if best.RankLow != 1 || best.Median < worst.Median {
		t.Errorf("the first is %+v, the last %+v", best, worst)
	}
}

func trialOf(t testing.TB, in TrialInput) *Trial {
	t.Helper()
	trial, err := NewTrial(in)
	if err != nil {
		t.Fatal(err)
	}
	return trial
}

func spreadOf(t testing.TB, trial *Trial, noise Noise, draws int, seed uint64) []Spread {
	t.Helper()
	out, err := trial.Spread(context.Background(), noise, draws, seed, nil)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// trialScheme rates by a visit and a log; the visit weighs as much as the log.
const trialScheme = `format: 1
id: trial
version: "1"
title: 扰动
basis: 测试
engine: 1
defaults: {missing: exclude}
facts:
  - {id: visit, name: 走访, type: ratio, source: inspection, better: higher, min: 0, max: 1, numerator: visit_points, denominator: visit_full}
  - {id: log, name: 台账, type: ratio, source: evidence, better: higher, min: 0, max: 1, numerator: log_points, denominator: log_full}
indicators:
  - {id: by_visit, name: 走访得分, max: 50, clause: 走访, proposal: true, rule: {kind: target, of: visit, zero: 0, target: 1}}
  - {id: by_log, name: 台账得分, max: 50, clause: 台账, proposal: true, rule: {kind: target, of: log, zero: 0, target: 1}}
  - {id: extra, name: 加分, in: none, max: 2, clause: 加分, proposal: true, rule: {kind: target, of: log, zero: 0, target: 1}}
total: {method: sum}
adjust:
  - {id: bonus, name: 加分, kind: bonus, points: points.extra, at_most: 2, unknown: skip, proposal: true}
grades:
  list:
    - {id: good, label: 好, level: 2, at_least: 80}
    - {id: poor, label: 差, level: 1, otherwise: true}
`

// TestTrialAssumptions moves one assumption at a time where what must come of it is known.
func TestTrialAssumptions(t *testing.T) {
	s, err := ParseScheme([]byte(trialScheme))
	if err != nil {
		t.Fatal(ProblemsOf(err))
	}
	subject := func(id string, visit, log int64) Subject {
		sub := s.NewSubject(id, "2026", Date(0))
		for fact, n := range map[string]int64{"visit": visit, "log": log} {
			if n < 0 {
				continue
			}
			if err := sub.Set(fact, Value{State: Present, Number: num.FromInt(n), Den: num.FromInt(100)}); err != nil {
				t.Fatal(err)
			}
		}
		return sub
	}
	subjects := []Subject{subject("a", 80, 76), subject("b", 80, 77), subject("c", 40, 40), subject("d", 90, -1), subject("e", 90, 66)}
	trial := trialOf(t, TrialInput{Scheme: s, Subjects: subjects, Scorers: func(id, fact string) []string {
		if fact != "visit" {
			return nil
		}
		return map[string][]string{"a": {"x"}, "b": {"x"}, "c": {"x", "y"}}[id]
	}})
	if trial.Scorers() != 2 || trial.Missing() != 1 {
		t.Errorf("%d scorers, %d with gaps", trial.Scorers(), trial.Missing())
	}
	plain := trial.Plain()
	for i, want := range []float64{79.52, 80.04, 40.8, 90, 79.32} { // the bonus is two hundredths of the log
		if math.Abs(plain[i].Total-want) > 1e-9 {
			t.Errorf("%s: %v, want %v", subjects[i].ID, plain[i].Total, want)
		}
	}
	still := spreadOf(t, trial, Noise{}, 50, 7)
	for i, want := range []int{3, 2, 5, 1, 4} {
		if still[i].Group != want || still[i].RankLow != want {
			t.Errorf("without noise %+v, want rank and group %d", still[i], want)
		}
	}
	severe := spreadOf(t, trial, Noise{Severity: 0.1}, 400, 7)
	// One scorer gave both: they rise and fall together, so that the order of the two stands in every rating.
	if severe[0].Group == severe[1].Group || severe[1].RankHigh >= severe[0].RankLow && severe[1].Group >= severe[0].Group {
		t.Errorf("one scorer for both: %+v, %+v", severe[0], severe[1])
	}
	if severe[0].Low < 79.52-5 || severe[0].Low > 79.52-4 || severe[0].High < 79.52+4 || severe[0].High > 79.52+5 {
		t.Errorf("a shift of a tenth of 50 points moved %+v", severe[0])
	}
	if two := severe[2]; two.High-two.Low >= severe[0].High-severe[0].Low {
		t.Errorf("the mean of two shifts moves more than one: %+v", two)
	}
	if severe[3].Low != severe[3].High {
		t.Errorf("nobody scored d: %+v", severe[3])
	}
	filled := spreadOf(t, trial, Noise{Missing: 1}, 400, 7)
	if filled[0].Low != filled[0].High || filled[3].High > 85.04+1e-9 || filled[3].Low < 65.8-1e-9 {
		t.Errorf("d takes the log of a, b or c: %+v, %+v", filled[0], filled[3])
	}
	half := spreadOf(t, trial, Noise{Missing: 0.5}, 400, 7)
	if n := half[3].Grades[0]; n <= filled[3].Grades[0] || half[3].High != 90 {
		t.Errorf("half of the ratings leave d as it is: %+v, all filled %+v", half[3], filled[3])
	}
	weights := spreadOf(t, trial, Noise{Weights: 0.2}, 400, 7)
	// b is above a whatever the weights are; whether e is above a they decide.
	if weights[0].Group == weights[1].Group || weights[0].Group != weights[4].Group || weights[2].Group == weights[0].Group || weights[1].Grades[0] == 0 || weights[1].Grades[1] == 0 {
		t.Errorf("weights: %+v", weights)
	}
	for _, r := range []struct {
		without string
		want    []float64
	}{
		{"by_log", []float64{81.52, 81.54, 40.8, 90, 91.32}}, {"by_visit", []float64{77.52, 78.54, 40.8, math.NaN(), 67.32}}, {"extra", []float64{78, 78.5, 40, 90, 78}},
	} {
		got, err := trial.Without(r.without)
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range r.want {
			if math.Abs(got[i].Total-want) > 1e-9 || (want != want) != (got[i].Total != got[i].Total) {
				t.Errorf("without %s %s has %v, want %v", r.without, subjects[i].ID, got[i].Total, want)
			}
		}
	}
	if _, err := trial.Without("total"); !fault.Is(err, fault.NotFound) {
		t.Errorf("without the total: %v", err)
	}
	stop := errors.New("stop")
	if _, err := trial.Spread(context.Background(), Noise{}, 100, 1, func(int) error { return stop }); err != stop {
		t.Errorf("what told says does not end it: %v", err)
	}
}

// yearTrial is a year of drawn subjects with the four quarters that it reads. Of a quarter everybody has had a result.
func yearTrial(t testing.TB, n, gaps int) TrialInput {
	t.Helper()
	quarter, year := readScheme(t, "../configs/schemes/five-goods-quarter.yaml"), readScheme(t, "../configs/schemes/five-goods-year.yaml")
	past := map[string]History{}
	in := TrialInput{Scheme: year, Subjects: drawnSubjects(newDrawer(year, 5), n, gaps), History: func(id string) History { return past[id] }}
	for k, id := range []string{"q1", "q2", "q3", "q4"} {
		feed := TrialFeed{ID: id, TrialInput: TrialInput{Scheme: quarter, Subjects: drawnSubjects(newDrawer(quarter, uint64(k)+6), n, gaps)}}
		for i := range feed.Subjects {
			sub := feed.Subjects[i]
			if past[sub.ID] == nil {
				past[sub.ID] = History{}
			}
			r := Evaluate(quarter, nil, sub, nil)
			past[sub.ID][id] = r.Past()
		}
		in.Feeds = append(in.Feeds, feed)
	}
	return in
}

// TestPerturbWithEarlierResults: a year without noise comes to what it is, and with noise its quarters move along, by what moves them and no further than that.
func TestPerturbWithEarlierResults(t *testing.T) {
	in := yearTrial(t, 20, 30)
	trial := trialOf(t, in)
	if trial.Earlier() != 80 {
		t.Errorf("%d earlier results", trial.Earlier())
	}
	still := spreadOf(t, trial, Noise{}, 10, 1)
	for i := range still {
		want := Evaluate(in.Scheme, nil, in.Subjects[i], in.History(in.Subjects[i].ID))
		at := slices.IndexFunc(in.Scheme.Grades.List, func(g Grade) bool { return g.ID == want.Grade })
		if want.Total.Counted != (still[i].Rated == 10) || still[i].Low != still[i].High || want.Total.Counted && math.Abs(still[i].Median-want.Total.Points.Float64()) > 1e-7 || still[i].Grades[at] != 10 {
			t.Errorf("without noise %+v, Evaluate says %s %s", still[i], want.Total.Points, want.Grade)
		}
	}
	// The weights of the quarters are moved too; without the quarters a year moves less.
	shallow := in
	shallow.Feeds = nil
	width := func(in TrialInput, noise Noise) []float64 {
		var out []float64
		for _, s := range spreadOf(t, trialOf(t, in), noise, 300, 3) {
			out = append(out, s.High-s.Low)
		}
		return out
	}
	sum := func(list []float64) (all float64) {
		for _, x := range list {
			all += x
		}
		return all
	}
	if deep, flat := sum(width(in, Noise{Weights: 0.1})), sum(width(shallow, Noise{Weights: 0.1})); deep < 1.05*flat {
		t.Errorf("weights move a year by %v in all, without its quarters by %v", deep, flat)
	}
	// Who scored a visit of one quarter only moves that one: a year takes an even share of it. Who scored the year's own visit too moves both together.
	one, both := in, in
	one.Feeds = slices.Clone(in.Feeds)
	who := func(subject, fact string) []string {
		if fact == "visit_clean" {
			return []string{"x"}
		}
		return nil
	}
	one.Feeds[2].Scorers = who
	both.Feeds, both.Scorers = one.Feeds, who
	quarter, alone, together := width(one, Noise{Severity: 0.2}), width(shallow, Noise{Severity: 0.2}), width(both, Noise{Severity: 0.2})
	own := shallow
	own.Scorers = who
	year := width(own, Noise{Severity: 0.2})
	moved := 0
	for i := range quarter {
		if alone[i] != 0 {
			t.Errorf("%s: nobody scored it, and it moves by %v", in.Subjects[i].ID, alone[i])
		}
		if quarter[i] > 0.01 && year[i] > 0.01 && together[i] > max(quarter[i], year[i]) {
			moved++
		}
		if together[i] > 1.2*(quarter[i]+year[i])+0.05 { // other draws, and two roundings
			t.Errorf("%s: moved by %v and %v, together by %v", in.Subjects[i].ID, quarter[i], year[i], together[i])
		}
	}
	if moved < 5 || trialOf(t, both).Scorers() != 1 {
		t.Errorf("%d of 20 move with a quarter and the year, %d scorers", moved, trialOf(t, both).Scorers())
	}
	if fmt.Sprint(spreadOf(t, trial, Noise{Weights: 0.1, Severity: 0.1, Missing: 0.5}, 130, 3)) != fmt.Sprint(spreadOf(t, trialOf(t, in), Noise{Weights: 0.1, Severity: 0.1, Missing: 0.5}, 130, 3)) {
		t.Error("the same seed gave another year")
	}
	if sum(width(in, Noise{Missing: 0.5})) <= sum(width(shallow, Noise{Missing: 0.5})) {
		t.Error("what is missing of a quarter moves no year")
	}
}

func byRank(a, b Spread) int { return a.RankLow - b.RankLow }

func sumInts(xs []int) (sum int) {
	for _, x := range xs {
		sum += x
	}
	return sum
}

func TestPerturbRefuses(t *testing.T) {
	s := everyScheme(t)["county.yaml"]
	trial := trialOf(t, TrialInput{Scheme: s, Subjects: drawnSubjects(newDrawer(s, 3), 300, 0)})
	for _, r := range []struct {
		noise Noise
		draws int
	}{
		{Noise{Severity: 0.6}, 10}, {Noise{Missing: 1.1}, 10}, {Noise{Weights: -0.1}, 10}, {Noise{Values: 0.6}, 10}, {Noise{Values: math.NaN()}, 10}, {Noise{}, 0}, {Noise{}, 100_001}, {Noise{}, 90_000},
	} {
		if _, err := trial.Spread(context.Background(), r.noise, r.draws, 1, nil); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v, want Invalid", r, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := trial.Spread(ctx, Noise{}, 10, 1, nil); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

// BenchmarkPerturb is the figure of design.md §8: 10,000 perturbed ratings of 200 projects, in the strictest reading two million ratings;
// then as many ratings in counties of several sizes, in fewer draws the larger they are.
func BenchmarkPerturb(b *testing.B) {
	s := everyScheme(b)["county.yaml"]
	spread := func(b *testing.B, projects, draws int) {
		subjects := drawnSubjects(newDrawer(s, 4), projects, 30)
		b.ReportAllocs()
		b.ResetTimer()
		for b.Loop() {
			spreadOf(b, trialOf(b, TrialInput{Scheme: s, Subjects: subjects}), Noise{Weights: 0.1, Values: 0.05}, draws, 1)
		}
		b.ReportMetric(b.Elapsed().Seconds()*1e9/float64(b.N*draws*projects), "ns/rating")
	}
	const ratings = 2_000_000
	b.Run("200", func(b *testing.B) {
		spread(b, 200, 10_000)
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/10000×200")
	})
	b.Run("year200", func(b *testing.B) { // two million years, each read beside four quarters
		in := yearTrial(b, 200, 30)
		for b.Loop() {
			spreadOf(b, trialOf(b, in), Noise{Weights: 0.1, Severity: 0.04, Missing: 0.5}, 10_000, 1)
		}
		b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/10000×200")
	})
	for _, n := range countySizes() {
		b.Run(fmt.Sprint(n, "projects"), func(b *testing.B) { spread(b, n, ratings/n) })
	}
}
