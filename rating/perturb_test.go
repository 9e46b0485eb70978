package rating

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"redsteward/internal/fault"
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
			w.weights()
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
		out, err := Perturb(context.Background(), s, nil, subjects, nil, noise, 200, seed)
		if err != nil {
			t.Fatal(err)
		}
		return out
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

func byRank(a, b Spread) int { return a.RankLow - b.RankLow }

func sumInts(xs []int) (sum int) {
	for _, x := range xs {
		sum += x
	}
	return sum
}

func TestPerturbRefuses(t *testing.T) {
	s := everyScheme(t)["county.yaml"]
	subjects := drawnSubjects(newDrawer(s, 3), 300, 0)
	for _, r := range []struct {
		noise Noise
		draws int
	}{
		{Noise{Weights: -0.1}, 10}, {Noise{Values: 0.6}, 10}, {Noise{Values: math.NaN()}, 10}, {Noise{}, 0}, {Noise{}, 100_001}, {Noise{}, 90_000},
	} {
		if _, err := Perturb(context.Background(), s, nil, subjects, nil, r.noise, r.draws, 1); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v, want Invalid", r, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Perturb(ctx, s, nil, subjects, nil, Noise{}, 10, 1); err != context.Canceled {
		t.Errorf("cancelled: %v", err)
	}
}

// BenchmarkPerturb is the figure of design.md §8: 10,000 perturbed ratings of 200 projects, in the strictest reading two million ratings.
func BenchmarkPerturb(b *testing.B) {
	s := everyScheme(b)["county.yaml"]
	subjects := drawnSubjects(newDrawer(s, 4), 200, 30)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Perturb(context.Background(), s, nil, subjects, nil, Noise{Weights: 0.1, Values: 0.05}, 10_000, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/10000×200")
}
