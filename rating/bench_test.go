package rating

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"redsteward/internal/num"
)

func readScheme(t testing.TB, path string) *Scheme {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return mustParse(t, string(data))
}

// randomSubject fills every fact with something the declaration allows; one value in twenty is missing or does not apply.
func randomSubject(t testing.TB, s *Scheme, rnd *rand.Rand, id string) Subject {
	t.Helper()
	asOf, err := ParseDate("2026-09-30")
	if err != nil {
		t.Fatal(err)
	}
	sub := s.NewSubject(id, "2026Q3", asOf)
	for i := range s.Facts {
		f := &s.Facts[i]
		v := randomValue(f, rnd, asOf)
		switch rnd.IntN(40) {
		case 0:
			v = Value{}
		case 1:
			v = NA()
		}
		if err := sub.Set(f.ID, v); err != nil {
			t.Fatal(err)
		}
	}
	return sub
}

func randomValue(f *Fact, rnd *rand.Rand, asOf Date) Value {
	n := func(most int) num.Num { return num.FromInt(int64(rnd.IntN(most + 1))) }
	switch f.Type {
	case TypeRatio:
		d := rnd.IntN(60)
		return Ratio(num.FromInt(int64(rnd.IntN(d+1))), num.FromInt(int64(d)))
	case TypeBool:
		return Bool(rnd.IntN(2) == 0)
	case TypeText:
		if len(f.Values) > 0 {
			return Text(f.Values[rnd.IntN(len(f.Values))].ID)
		}
		return Text(fmt.Sprintf("企业%d", rnd.IntN(9)))
	case TypeDate:
		return Day(asOf - Date(rnd.IntN(2000)))
	case TypeChecklist:
		v := Value{State: Present}
		for range f.Items {
			item := ItemValue{State: Present, Number: n(3)}
			if rnd.IntN(8) == 0 {
				item = ItemValue{State: NotApplicable}
			}
			v.Items = append(v.Items, item)
		}
		return v
	case TypeSurvey:
		v := Value{State: Present, Number: num.FromInt(int64(20 + rnd.IntN(600)))}
		for range f.Levels {
			v.Items = append(v.Items, ItemValue{State: Present, Number: n(60)})
		}
		return v
	case TypeEvents:
		v := Value{State: Present}
		for range rnd.IntN(3) {
			v.Events = append(v.Events, Event{Code: f.Codes[rnd.IntN(len(f.Codes))].ID, Date: asOf - Date(rnd.IntN(1500))})
		}
		return v
	}
	return Number(n(100))
}

// BenchmarkEvaluateFullTrace evaluates a scheme of 25 indicators with the whole trace, and reports indicator lines a second.
func BenchmarkEvaluateFullTrace(b *testing.B) {
	s := readScheme(b, "testdata/good/county.yaml")
	rnd := rand.New(rand.NewPCG(1, 2))
	subjects := make([]Subject, 500)
	for i := range subjects {
		subjects[i] = randomSubject(b, s, rnd, fmt.Sprint(i))
	}
	b.ReportAllocs()
	lines, at := 0, 0
	for b.Loop() {
		r := Evaluate(s, nil, subjects[at%len(subjects)], nil)
		lines += len(r.Lines)
		at++
	}
	b.ReportMetric(float64(lines)/b.Elapsed().Seconds(), "lines/s")
	b.ReportMetric(float64(at)/b.Elapsed().Seconds(), "projects/s")
}

// BenchmarkCanonical writes and hashes the canonical form of one result.
func BenchmarkCanonical(b *testing.B) {
	s := readScheme(b, "testdata/good/county.yaml")
	r := Evaluate(s, nil, randomSubject(b, s, rand.New(rand.NewPCG(1, 2)), "1"), nil)
	b.ReportAllocs()
	for b.Loop() {
		r.Hash()
	}
	b.ReportMetric(float64(len(r.Canonical())), "bytes")
}

// BenchmarkParseScheme reads and compiles a scheme of 25 indicators.
func BenchmarkParseScheme(b *testing.B) {
	data, err := os.ReadFile("testdata/good/county.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := ParseScheme(data); err != nil {
			b.Fatal(err)
		}
	}
}
