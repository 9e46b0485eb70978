package rating

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// storedYear is an archive with the earlier results of some projects.
type storedYear struct {
	*Archive
	t testing.TB
}

// shipped reads a scheme and its file.
func shipped(t testing.TB, path string) (*Scheme, []byte) {
	t.Helper()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return mustParse(t, string(file)), file
}

// rate draws n projects for a period, evaluates them with the earlier results given, and returns the entries.
func (y storedYear) rate(s *Scheme, n int, seed uint64, period string, past func(id string) History) (*Cohort, []Entry) {
	y.t.Helper()
	d := newDrawer(s, seed)
	var subjects []Subject
	for i := range n {
		sub := d.subject(fmt.Sprintf("p%02d", i), 20)
		sub.Period = period
		subjects = append(subjects, sub)
	}
	cohort, err := NewCohort(s, slices.Values(subjects), past)
	if err != nil {
		y.t.Fatal(err)
	}
	if cohort.Hash() == "" {
		cohort = nil
	}
	var entries []Entry
	for _, sub := range subjects {
		r := Evaluate(s, cohort, sub, past(sub.ID))
		entries = append(entries, Entry{Subject: sub, Result: &r})
	}
	return cohort, entries
}

func (y storedYear) save(file []byte, cohort *Cohort, entries []Entry) string {
	y.t.Helper()
	period := entries[0].Subject.Period
	var facts strings.Builder
	for _, e := range entries {
		facts.WriteString(e.Result.Facts)
		for _, use := range e.Result.History {
			facts.WriteString(use.ID + use.Hash)
		}
	}
	made, err := y.Save(y.t.Context(), archiveMeta, file, cohort, Evaluation{Title: period, Period: period, FactsHash: hashOf([]byte(facts.String()))}, entries)
	if err != nil {
		y.t.Fatal(err)
	}
	return made.ID
}

func (y storedYear) wantAll(id string, n int) {
	y.t.Helper()
	got, err := y.Verify(y.t.Context(), id)
	if err != nil || got.Results != n || got.Recomputed != n || len(got.Missing) > 0 {
		y.t.Errorf("verified %+v, %v; want all %d recomputed", got, err, n)
	}
}

func (y storedYear) wantInvalid(id, said string) {
	y.t.Helper()
	if got, err := y.Verify(y.t.Context(), id); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), said) {
		y.t.Errorf("verified %+v, %v; want Invalid with %q", got, err, said)
	}
}

func noPast(string) History { return nil }

// pastOf makes a history of one entry list for each id; a project without an entry has no such result.
func pastOf(lists map[string][]Entry) func(string) History {
	return func(id string) History {
		h := History{}
		for name, entries := range lists {
			for i := range entries {
				if entries[i].Subject.ID == id {
					h[name] = entries[i].Result.Past()
				}
			}
		}
		return h
	}
}

// TestVerifyRecomputesAYearFromItsQuarters stores four quarters and the year that reads them, recomputes all, and then falsifies.
func TestVerifyRecomputesAYearFromItsQuarters(t *testing.T) {
	a, _ := openArchive(t, t.TempDir())
	y := storedYear{a, t}
	quarter, quarterFile := shipped(t, "../configs/schemes/five-goods-quarter.yaml")
	year, yearFile := shipped(t, "../configs/schemes/five-goods-year.yaml")
	const n = 8
	quarters := map[string][]Entry{}
	var ids []string
	for i := range 4 {
		_, entries := y.rate(quarter, n-i, uint64(i+1), fmt.Sprintf("2027Q%d", i+1), noPast) // not every project has every quarter
		quarters[fmt.Sprintf("q%d", i+1)] = entries
		ids = append(ids, y.save(quarterFile, nil, entries))
	}
	_, entries := y.rate(year, n, 5, "2027", pastOf(quarters))
	for i, e := range entries {
		if want := min(4, n-i); len(e.Result.History) != want {
			t.Fatalf("%s read %d quarters, want %d", e.Subject.ID, len(e.Result.History), want)
		}
	}
	ids = append(ids, y.save(yearFile, nil, entries))
	for i, id := range ids {
		y.wantAll(id, []int{n, n - 1, n - 2, n - 3, n}[i])
	}

	// A total that facts and quarters do not give.
	_, falsified := y.rate(year, n, 6, "2027", pastOf(quarters))
	falsified[3].Result.Total.Points = num.MustParse("99.5")
	falsified[3].Result.Total.Shown, falsified[3].Result.Total.Counted = "99.50", true
	y.wantInvalid(y.save(yearFile, nil, falsified), "p03")

	// The quarters of a neighbour.
	neighbour := func(id string) History {
		if id == "p01" {
			id = "p00"
		}
		return pastOf(quarters)(id)
	}
	_, borrowed := y.rate(year, n, 7, "2027", neighbour)
	y.wantInvalid(y.save(yearFile, nil, borrowed), `"p01" 读的以往结果是 "p00" 的`)

	// A year in the place of a quarter.
	_, swapped := y.rate(year, n, 8, "2027", pastOf(map[string][]Entry{"q1": quarters["q1"], "q2": entries}))
	y.wantInvalid(y.save(yearFile, nil, swapped), "q2 出自方案 five-goods（year）")

	// Quarters of this year in each other's places, and those of the year before.
	_, turned := y.rate(year, n, 9, "2027", pastOf(map[string][]Entry{"q1": quarters["q2"], "q2": quarters["q1"]}))
	y.wantInvalid(y.save(yearFile, nil, turned), "2027Q")
	_, late := y.rate(year, n, 10, "2028", pastOf(quarters))
	y.wantInvalid(y.save(yearFile, nil, late), "应当是 2028Q")

	// A result of another period among those of this one.
	_, strange := y.rate(quarter, n, 11, "2029Q1", noPast)
	_, other := y.rate(quarter, n, 12, "2029Q2", noPast)
	strange[2] = other[2]
	y.wantInvalid(y.save(quarterFile, nil, strange), `"p02" 的结果是 "2029Q2" 期的，评价是 "2029Q1" 期的`)
}

// TestVerifySaysWhatIsMissing: a quarter that is not in the archive is named for every project that reads it, and the others are recomputed.
func TestVerifySaysWhatIsMissing(t *testing.T) {
	a, _ := openArchive(t, t.TempDir())
	y := storedYear{a, t}
	s, file := shipped(t, "../configs/schemes/huoqiu.yaml")
	const n = 6
	_, first := y.rate(s, n, 1, "2026Q1", noPast)
	y.wantAll(y.save(file, nil, first), n)
	_, second := y.rate(s, n, 2, "2026Q2", pastOf(map[string][]Entry{"previous": first}))
	y.wantAll(y.save(file, nil, second), n)
	_, third := y.rate(s, n, 3, "2026Q3", pastOf(map[string][]Entry{"previous": second, "before_previous": first}))
	y.wantAll(y.save(file, nil, third), n)

	_, unsaved := y.rate(s, 2, 4, "2026Q4", noPast) // p00 and p01
	_, fourth := y.rate(s, n, 5, "2027Q1", pastOf(map[string][]Entry{"previous": unsaved, "before_previous": third}))
	id := y.save(file, nil, fourth)
	got, err := a.Verify(t.Context(), id)
	want := []MissingPast{{"p00", "previous", unsaved[0].Result.Hash()}, {"p01", "previous", unsaved[1].Result.Hash()}}
	if err != nil || !slices.Equal(got.Missing, want) || got.Results != n || got.Recomputed != n-2 {
		t.Errorf("verified %+v, %v; want %v missing and %d recomputed", got, err, want, n-2)
	}
	y.save(file, nil, unsaved)
	y.wantAll(id, n)

	if _, err := a.Verify(t.Context(), "nothing"); !fault.Is(err, fault.NotFound) {
		t.Errorf("an evaluation that is not there: %v", err)
	}
}

// TestVerifyRecomputesStatisticsThatReadThePast: statistics are made again from the facts and the earlier results, or not at all.
func TestVerifyRecomputesStatisticsThatReadThePast(t *testing.T) {
	a, _ := openArchive(t, t.TempDir())
	y := storedYear{a, t}
	s, file := shipped(t, "testdata/guarantees/mixed.yaml")
	const n = 12
	cohort, first := y.rate(s, n, 1, "2026", noPast)
	if cohort == nil {
		t.Fatal("the scheme compares nobody")
	}
	y.wantAll(y.save(file, cohort, first), n)
	cohort, second := y.rate(s, n, 2, "2027", pastOf(map[string][]Entry{"last": first}))
	y.wantAll(y.save(file, cohort, second), n)

	outside := func(id string) History {
		h := pastOf(map[string][]Entry{"last": second})(id)
		if id == "p04" {
			h["quarter"] = Past{Hash: strings.Repeat("ab", 32)}
		}
		return h
	}
	cohort, third := y.rate(s, n, 3, "2028", outside)
	got, err := a.Verify(t.Context(), y.save(file, cohort, third))
	if err != nil || got.Recomputed != 0 || len(got.Missing) != 1 || got.Missing[0].Subject != "p04" {
		t.Errorf("verified %+v, %v; want nothing recomputed and p04's quarter missing", got, err)
	}

	_, fourth := y.rate(s, n, 4, "2029", noPast)
	one := fourth[:1]
	foreign, err := NewCohort(s, slices.Values([]Subject{first[0].Subject, first[1].Subject}), nil)
	if err != nil {
		t.Fatal(err)
	}
	r := Evaluate(s, foreign, one[0].Subject, nil)
	y.wantInvalid(y.save(file, foreign, []Entry{{Subject: one[0].Subject, Result: &r}}), "p00")
}

// TestVerifyFindsAWrongPlace: a place that the totals do not give is found, although every result is right.
func TestVerifyFindsAWrongPlace(t *testing.T) {
	a, _ := openArchive(t, t.TempDir())
	y := storedYear{a, t}
	file, entries := countyEntries(t, 10)
	s := mustParse(t, string(file))
	made := Evaluation{Title: "t", Period: "2026Q3", FactsHash: hashOf([]byte("2026Q3"))}
	ranks := rank(entries)
	at := slices.IndexFunc(ranks, func(r int) bool { return r > 1 })
	e := &entries[at]
	doc := ArchivedResult{Evaluation: EvaluationID(s, nil, made.FactsHash, made.Period), Subject: e.Subject.ID, Rank: 1, Facts: string(e.Subject.Canonical()), Result: string(e.Result.Canonical())}
	if err := a.putResults(t.Context(), archiveMeta, []ArchivedResult{doc}); err != nil {
		t.Fatal(err)
	}
	stored, err := a.Save(t.Context(), archiveMeta, file, nil, made, entries)
	if err != nil {
		t.Fatal(err)
	}
	y.wantInvalid(stored.ID, fmt.Sprintf("%q 应当排在第 %d 名", e.Subject.ID, ranks[at]))
}
