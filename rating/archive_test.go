package rating

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
)

// openArchive opens an archive in a folder; the clock stands still.
func openArchive(t testing.TB, dir string) (*Archive, *store.DB) {
	t.Helper()
	ctx := t.Context()
	engine, err := sqlite.Open(ctx, dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	db, err := store.Open(ctx, engine, store.Options{Now: func() time.Time { return now }, MasterKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	a, err := NewArchive(ctx, db)
	if err != nil {
		t.Fatal(err)
	}
	return a, db
}

// countyEntries rates n random projects of the county scheme.
func countyEntries(t *testing.T, n int) ([]byte, []Entry) {
	t.Helper()
	file, err := os.ReadFile("testdata/good/county.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := mustParse(t, string(file))
	rnd := rand.New(rand.NewPCG(3, 4))
	var entries []Entry
	for i := range n {
		sub := randomSubject(t, s, rnd, fmt.Sprintf("p%03d/2026Q3", i))
		if i == 0 {
			sub.ID = "带汉字的编号"
		}
		if i == 2 { // a tie with the project before
			sub.Values = clone(entries[1].Subject).Values
		}
		r := Evaluate(s, nil, sub, nil)
		entries = append(entries, Entry{Subject: sub, Result: &r, Name: fmt.Sprintf("都昌小区%d", i), Firm: sub.Get("firm").Text})
	}
	return file, entries
}

var archiveMeta = store.Meta{By: "system", Action: "rating.evaluate"}

// TestArchivedResultsComeBack stores an evaluation and reads everything back: to the byte, in the order of rank, by grade and by name.
func TestArchivedResultsComeBack(t *testing.T) {
	ctx := t.Context()
	a, _ := openArchive(t, t.TempDir())
	if _, err := a.Latest(ctx); !fault.Is(err, fault.NotFound) {
		t.Fatalf("latest of nothing: %v", err)
	}
	file, entries := countyEntries(t, 40)
	made := Evaluation{Title: "试评", Period: "2026Q3", Made: journal.At(time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)), FactsHash: hashOf([]byte("facts")), FactsSource: "测试数据"}
	stored, err := a.Save(ctx, archiveMeta, file, nil, made, entries)
	if err != nil {
		t.Fatal(err)
	}
	latest, err := a.Latest(ctx)
	if err != nil || latest.ID != stored.ID || latest.Root != stored.Root || latest.Count != 40 || latest.N == 0 {
		t.Fatalf("latest %+v, stored %+v, %v", latest, stored, err)
	}
	s, err := a.Scheme(ctx, latest)
	if err != nil || s.Hash != latest.SchemeHash {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, e := range entries {
		want[e.Subject.ID] = e.Result.Hash()
		one, err := a.Result(ctx, stored.ID, e.Subject.ID)
		if err != nil {
			t.Fatal(err)
		}
		sub, r, err := one.Open(s)
		if err != nil || r.Hash() != e.Result.Hash() || sub.Hash() != r.Facts || one.RecordID == "" {
			t.Fatalf("%s came back changed: %v", e.Subject.ID, err)
		}
	}
	var last *num.Num
	ranks := map[int]int{}
	for r, err := range a.Results(ctx, stored.ID) {
		if err != nil {
			t.Fatal(err)
		}
		_, result, err := r.Open(s)
		if err != nil {
			t.Fatal(err)
		}
		if result.Total.Counted {
			if last != nil && last.Less(result.Total.Points) {
				t.Errorf("%s with %s stands behind %s", r.Subject, result.Total.Points, last)
			}
			last = &result.Total.Points
		}
		if (r.Rank > 0) != (result.Status == StatusRated) {
			t.Errorf("%s is %s and has rank %d", r.Subject, result.Status, r.Rank)
		}
		ranks[r.Rank]++
		delete(want, r.Subject)
	}
	if len(want) != 0 {
		t.Errorf("not listed: %v", want)
	}
	for rank, n := range ranks {
		if rank > 0 && n > 1 && ranks[rank+1] != 0 {
			t.Errorf("rank %d is shared by %d, yet there is a rank %d", rank, n, rank+1)
		}
	}
	page, err := a.List(ctx, ResultQuery{Evaluation: stored.ID, Grade: "none", Limit: 500})
	if err != nil || len(page.Results) != stored.Grades["none"] || len(page.Results) == 0 {
		t.Errorf("%d results of grade none, want %d (%v)", len(page.Results), stored.Grades["none"], err)
	}
	page, err = a.List(ctx, ResultQuery{Evaluation: stored.ID, Search: "小区17", Limit: 500})
	if err != nil || len(page.Results) != 1 || page.Results[0].Name != "都昌小区17" {
		t.Errorf("found %+v (%v)", page.Results, err)
	}
	if _, err := a.Result(ctx, stored.ID, "nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a subject that is not there: %v", err)
	}
	if _, err := a.Verify(ctx, stored.ID); err != nil {
		t.Errorf("verify: %v", err)
	}
}

// TestSavingAgainCompletesWhatACrashLeft stores half of the results as a crash would leave them, saves, and saves once more.
func TestSavingAgainCompletesWhatACrashLeft(t *testing.T) {
	ctx := t.Context()
	a, _ := openArchive(t, t.TempDir())
	file, entries := countyEntries(t, 12)
	made := Evaluation{Title: "试评", Period: "2026Q3", FactsHash: hashOf([]byte("facts"))}
	broken, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := a.Save(broken, archiveMeta, file, nil, made, entries); err == nil {
		t.Fatal("saved although the caller had gone")
	}
	s := mustParse(t, string(file))
	for i := range 5 {
		e := &entries[i]
		doc := ArchivedResult{Evaluation: EvaluationID(s, nil, made.FactsHash, made.Period), Subject: e.Subject.ID, Name: e.Name, Firm: e.Firm, Facts: string(e.Subject.Canonical()), Result: string(e.Result.Canonical())}
		if err := a.putResults(ctx, archiveMeta, []ArchivedResult{doc}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Latest(ctx); !fault.Is(err, fault.NotFound) {
		t.Fatalf("a half-stored evaluation is shown: %v", err)
	}
	first, err := a.Save(ctx, archiveMeta, file, nil, made, entries)
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.Save(ctx, archiveMeta, file, nil, made, entries)
	if err != nil || second.N != first.N || second.Root != first.Root {
		t.Fatalf("saving again made %+v after %+v: %v", second, first, err)
	}
	slices.Reverse(entries)
	if third, err := a.Save(ctx, archiveMeta, file, nil, made, entries); err != nil || third.Root != first.Root {
		t.Fatalf("the order of the rows changes the root: %v", err)
	}
}

// TestSaveRefuses wants nothing stored of a batch that does not belong together.
func TestSaveRefuses(t *testing.T) {
	ctx := t.Context()
	a, _ := openArchive(t, t.TempDir())
	file, entries := countyEntries(t, 6)
	made := Evaluation{Title: "试评", Period: "2026Q3", FactsHash: hashOf([]byte("facts"))}
	if _, err := a.Save(ctx, archiveMeta, append(slices.Clone(file), "# other\n"...), nil, made, entries); !fault.Is(err, fault.Invalid) {
		t.Errorf("results of another scheme: %v", err)
	}
	if _, err := a.Save(ctx, archiveMeta, file, nil, made, append(slices.Clone(entries), entries[1])); !fault.Is(err, fault.Invalid) {
		t.Errorf("a subject twice: %v", err)
	}
	stored, err := a.Save(ctx, archiveMeta, file, nil, made, entries)
	if err != nil {
		t.Fatal(err)
	}
	other := *entries[3].Result
	other.Label = "另一个"
	changed := slices.Clone(entries)
	changed[3].Result = &other
	if _, err := a.Save(ctx, archiveMeta, file, nil, made, changed); !fault.Is(err, fault.Conflict) {
		t.Errorf("a stored result was changed: %v", err)
	}
	if _, err := a.Verify(ctx, stored.ID); err != nil {
		t.Errorf("verify after the refusals: %v", err)
	}
}

// TestVerifyFindsAFalsifiedResult stores a result that its frozen facts do not give.
func TestVerifyFindsAFalsifiedResult(t *testing.T) {
	ctx := t.Context()
	a, _ := openArchive(t, t.TempDir())
	scheme := "format: 1\nid: s\nversion: '1'\ntitle: t\nproposal: true\nengine: 1\nfacts: [{id: x, name: x, type: number}]\nindicators: [{id: i, name: i, max: 10, rule: {kind: linear, of: x, each: 1}}]\n"
	s := mustParse(t, scheme)
	var entries []Entry
	for i := range 3 {
		sub := s.NewSubject(fmt.Sprint(i), "", 1)
		sub.Values[0] = Number(num.FromInt(int64(i)))
		r := Evaluate(s, nil, sub, nil)
		if i == 1 {
			r.Total.Points, r.Total.Shown = num.FromInt(9), "9.00"
		}
		entries = append(entries, Entry{Subject: sub, Result: &r})
	}
	stored, err := a.Save(ctx, archiveMeta, []byte(scheme), nil, Evaluation{Title: "t", FactsHash: "00"}, entries)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Verify(ctx, stored.ID); !fault.Is(err, fault.Invalid) {
		t.Errorf("a result that its facts do not give was verified: %v", err)
	}
}

// TestStoredFieldsKeepTheirNames fails when a stored field is renamed or loses its privacy tag.
func TestStoredFieldsKeepTheirNames(t *testing.T) {
	if err := store.CheckType[Evaluation](); err != nil {
		t.Error(err)
	}
	if err := store.CheckType[ArchivedResult](); err != nil {
		t.Error(err)
	}
	text := ""
	for _, list := range [][]string{store.FieldNames[Evaluation](), store.FieldNames[ArchivedResult]()} {
		for _, name := range list {
			text += name + "\n"
		}
		text += "\n"
	}
	golden(t, "testdata/stored_fields.golden", []byte(text))
}
