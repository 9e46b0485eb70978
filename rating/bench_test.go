package rating

import (
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"

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

// projectsRated rates n projects as one evaluation does: the statistics over all of them, then each with the whole trace. It streams them.
func projectsRated(b *testing.B, s *Scheme, n int, project func(i int) Subject) (lines int) {
	b.Helper()
	all := func(yield func(Subject) bool) {
		for i := range n {
			if !yield(project(i)) {
				return
			}
		}
	}
	cohort, err := NewCohort(s, all, nil)
	if err != nil {
		b.Fatal(err)
	}
	for sub := range all {
		r := Evaluate(s, cohort, sub, nil)
		lines += len(r.Lines)
	}
	return lines
}

// comparingScheme compares every project with all others in three ways.
const comparingScheme = `
format: 1
id: comparing
version: "1"
title: 与全体比较
proposal: true
engine: 1
facts:
  - {id: calls, name: 投诉率, type: number, better: lower}
  - {id: kind, name: 类型, type: text, values: [{id: old, text: 老旧}, {id: new, text: 新建}]}
indicators:
  - {id: place, name: 最小最大, max: 10, rule: {kind: minmax, of: calls}}
  - {id: spread, name: 标准差, max: 20, rule: {kind: zscore, of: calls, center: 10, each: 5}}
  - {id: ahead, name: 百分位, max: 70, rule: {kind: percentile, of: calls, within: kind}}
`

// countySizes are the sizes at which the cost of a project is measured: a county, a province, and ten of those; with -short the largest is left out.
func countySizes() []int {
	if testing.Short() {
		return []int{129, 10_000}
	}
	return []int{129, 10_000, 100_000}
}

// BenchmarkProjects rates counties of several sizes with the whole trace: by five-goods, which compares nobody, and by a scheme that compares all.
// Every size rates about as many projects in all. growth is the time of one project in the largest divided by that in the smallest: 1 is linear.
func BenchmarkProjects(b *testing.B) {
	five := readScheme(b, "../configs/schemes/five-goods-quarter.yaml")
	drawn := drawnSubjects(newDrawer(five, 1), 500, 30)
	comparing, err := ParseScheme([]byte(comparingScheme))
	if err != nil {
		b.Fatal(ProblemsOf(err))
	}
	for _, r := range []struct {
		scheme  *Scheme
		project func(i int) Subject
	}{
		{five, func(i int) Subject {
			sub := drawn[i%len(drawn)]
			sub.ID = strconv.Itoa(i)
			return sub
		}},
		{comparing, func(i int) Subject { // every value is another one
			sub := comparing.NewSubject(strconv.Itoa(i), "", 1)
			sub.Values[0], sub.Values[1] = Number(num.FromFrac(int64(i*7919%1_000_003), 1000)), Text([]string{"old", "new"}[i%2])
			return sub
		}},
	} {
		b.Run(r.scheme.ID, func(b *testing.B) {
			sizes := countySizes()
			largest := sizes[len(sizes)-1]
			lines := 0
			spent, rated := make([]time.Duration, len(sizes)), make([]int, len(sizes))
			for b.Loop() {
				for i, n := range sizes {
					began := time.Now()
					for range max(1, largest/n) {
						got := projectsRated(b, r.scheme, n, r.project)
						rated[i] += n
						if n == largest {
							lines += got
						}
					}
					spent[i] += time.Since(began)
				}
			}
			each := func(i int) float64 { return spent[i].Seconds() * 1e6 / float64(rated[i]) }
			for i, n := range sizes {
				b.ReportMetric(each(i), "µs/project@"+strconv.Itoa(n))
			}
			last := len(sizes) - 1
			b.ReportMetric(float64(lines)/spent[last].Seconds(), "lines/s")
			b.ReportMetric(spent[last].Seconds()/float64(b.N), "s/"+strconv.Itoa(largest)+"projects")
			b.ReportMetric(each(last)/each(0), "growth")
		})
	}
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

// BenchmarkBundle makes and verifies the bundle of a year's star that reads four quarters.
func BenchmarkBundle(b *testing.B) {
	a, made, _ := publishedYear(b)
	data := bundleOf(b, a, made, "p00", false)
	b.Run("make", func(b *testing.B) {
		for b.Loop() {
			bundleOf(b, a, made, "p00", false)
		}
	})
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			checked(b, data, "")
		}
		b.ReportMetric(float64(len(data))/1024, "KiB")
	})
}

// BenchmarkReplay replays a county of 129 compounds over seven periods under a version that differs in three rules; drawn facts, the shipped scheme of the quarter.
func BenchmarkReplay(b *testing.B) {
	before, err := os.ReadFile("../configs/schemes/five-goods-quarter.yaml")
	if err != nil {
		b.Fatal(err)
	}
	after := regexp.MustCompile(`(?m)^version: .*$`).ReplaceAll(before, []byte(`version: "next"`))
	for indicator, max := range map[string]string{"svc_clean": "3", "svc_repair_time": "4"} {
		after = regexp.MustCompile(`(- id: `+indicator+`\n(?:    .*\n)*?    max: )\d+`).ReplaceAll(after, []byte("${1}"+max))
	}
	s := mustParse(b, string(before))
	d := newDrawer(s, 1)
	p := &PastPeriod{ID: "2026Q3", Name: "2026年第三季度", Scheme: before}
	for i := range 129 {
		sub := d.subject(fmt.Sprintf("p%03d", i), 5)
		sub.Period = p.ID
		p.Subjects = append(p.Subjects, PastSubject{ID: sub.ID, Facts: sub.Canonical()})
	}
	for b.Loop() {
		for range 7 {
			r, err := p.Replay(nil, after, nil)
			if err != nil || r.Subjects != 129 || r.Moved == 0 {
				b.Fatal(err, r)
			}
		}
	}
}
