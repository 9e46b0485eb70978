package main

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"redsteward/configs"
	"redsteward/internal/fault"
	"redsteward/internal/web"
	"redsteward/rating/cycle"
)

// TestStarsOfTheYearBefore: what a compound had in the published year before, whether another firm or another rule stood behind it, and the class of its size.
func TestStarsOfTheYearBefore(t *testing.T) {
	s, _ := openedService(t)
	row := func(project, answers, households string) map[string]string {
		return with(fullYear("单建"), "project="+project, "answers_on_time="+answers, "answers_due=20", "households="+households)
	}
	firms := map[string]string{"a": "甲", "b": "乙", "c": "丙"}
	file, err := configs.Files.ReadFile("schemes/five-goods-year.yaml")
	if err != nil {
		t.Fatal(err)
	}
	earlier := regexp.MustCompile(`(?m)^version: .*$`).ReplaceAll(file, []byte(`version: "2026.0"`))
	before := savedYearBy(t, s, 2026, earlier, firms, row("a", "20", "99"), row("b", "18", "100"))
	before.Name = "2026年度"
	moved := maps.Clone(firms)
	moved["b"] = "新"
	now := savedYear(t, s, 2027, moved, row("a", "17", "99"), row("b", "18", "299"), row("c", "16", "300"))
	open := func(before *cycle.Period) (*archivedStars, web.Evaluation) {
		t.Helper()
		stars := &archivedStars{archive: s.archive, subject: "小区", newest: func(context.Context) (cycle.Period, *cycle.Period, error) { return now, before, nil }}
		e, err := stars.Latest(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return stars, e
	}
	stars, e := open(&before)
	sizes := map[string]string{}
	for r, err := range stars.Rows(t.Context(), e.ID) {
		if err != nil {
			t.Fatal(err)
		}
		sizes[r.ID] = r.Size
	}
	if want := map[string]string{"a": "1 至 99 户的小区", "b": "100 至 299 户的小区", "c": "300 户以上的小区"}; !maps.Equal(sizes, want) {
		t.Errorf("sizes %v, want %v", sizes, want)
	}
	past := func(stars *archivedStars, id string) *web.Before {
		t.Helper()
		one, err := stars.Star(t.Context(), e.ID, id, false)
		if err != nil {
			t.Fatal(err)
		}
		return one.Before
	}
	a := past(stars, "a")
	if a == nil || a.Period != "2026年度" || a.Grade != "五星" || a.Total == nil || a.OtherFirm || !a.OtherRule {
		t.Errorf("a under another rule: %+v", a)
	}
	if b := past(stars, "b"); b == nil || !b.OtherFirm {
		t.Errorf("b under another firm: %+v", b)
	}
	if c := past(stars, "c"); c != nil {
		t.Errorf("c was not rated before: %+v", c)
	}
	same := savedYear(t, s, 2025, firms, row("a", "20", "99"), row("b", "18", "100"))
	stars, _ = open(&same)
	if a := past(stars, "a"); a == nil || a.OtherRule {
		t.Errorf("a under the same rule: %+v", a)
	}
	stars, _ = open(nil)
	if a := past(stars, "a"); a != nil {
		t.Errorf("no year before, and yet %+v", a)
	}
}

// TestPastFirms: the roll-ups of the published periods in their order, each read once, with firms weighted by households.
func TestPastFirms(t *testing.T) {
	s, _ := openedService(t)
	row := func(project, firm, answers, households string) map[string]string {
		return with(fullYear("单建"), "project="+project, "firm="+firm, "answers_on_time="+answers, "answers_due=20", "households="+households)
	}
	firms := map[string]string{"a": "甲物业", "b": "甲物业", "c": "乙物业"}
	var years []cycle.Period
	for i, answers := range []string{"20", "17"} {
		p := savedYear(t, s, 2026+i, firms, row("a", "甲物业", answers, "100"), row("b", "甲物业", "20", "300"), row("c", "乙物业", "20", "50"))
		p.Name = p.ID + "年度"
		years = append([]cycle.Period{p}, years...)
	}
	stars := &archivedStars{archive: s.archive, subject: "小区"}
	if past, err := stars.Past(t.Context()); err != nil || past != nil {
		t.Errorf("a table without periods: %v, %v", past, err)
	}
	asked := 0
	stars.newest = func(context.Context) (cycle.Period, *cycle.Period, error) { return years[0], &years[1], nil }
	stars.published = func(_ context.Context, rhythm string) ([]cycle.Period, error) {
		asked++
		if rhythm == cycle.RhythmQuarter {
			return nil, nil
		}
		return years, nil
	}
	past, err := stars.Past(t.Context())
	if err != nil || len(past) != 2 || past[0].Period != "2026年度" || past[1].Period != "2027年度" || !past[0].Stars || past[0].Evaluation != years[1].Evaluation {
		t.Fatalf("%+v, %v", past, err)
	}
	at := slices.IndexFunc(past[1].Firms, func(f web.Firm) bool { return f.Name == "甲物业" })
	if at < 0 {
		t.Fatalf("甲物业 is not among %+v", past[1].Firms)
	}
	f := past[1].Firms[at]
	row27 := map[string]*web.Member{}
	for i := range f.Members {
		row27[f.Members[i].ID] = &f.Members[i]
	}
	// (100 × a + 300 × b) / 400, as the page shows it.
	want := row27["a"].Value.Mul(*row27["a"].Weight).Add(row27["b"].Value.Mul(*row27["b"].Weight))
	if mean, err := want.Quo(row27["a"].Weight.Add(*row27["b"].Weight)); err != nil || f.Count != 2 || f.Total == nil || f.Shown != mean.Fixed(2) || f.Weight != "400" || f.Level == 0 || len(f.Parts) != 5 || f.Parts[0] == nil {
		t.Errorf("甲物业 %+v, want %s: %v", f, mean.Fixed(2), err)
	}
	history, err := stars.History(t.Context(), "a")
	if err != nil || len(history) != 2 || history[0].Period != "2026年度" || history[1].Total == nil || !history[1].Total.Less(*history[0].Total) || history[1].Version == "" || history[1].Sheet == "" || len(history[1].Row.Parts) != 5 || history[1].Firm != "甲物业" {
		t.Errorf("the history of a: %+v, %v", history, err)
	}
	// The board of the year before: of its own day, and nothing compared before the first.
	asked -= 2
	older, rows, err := stars.Board(t.Context(), years[1].Evaluation)
	if err != nil || older.Period != "2026" || older.Moves || len(rows) != 3 || !slices.Equal(rows[0].Facets, []string{"都昌镇", "东风社区", "老旧小区", rows[0].Size}) || rows[0].Size == "" {
		t.Errorf("%+v, %+v, %v", older, rows, err)
	}
	if newer, rows, err := stars.Board(t.Context(), years[0].Evaluation); err != nil || !newer.Moves || !slices.ContainsFunc(rows, func(r web.Row) bool { return r.Moved != "" }) {
		t.Errorf("%+v, %v", rows, err)
	}
	asked -= 2
	if _, _, err := stars.Board(t.Context(), "none"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	asked -= 2
	if none, err := stars.History(t.Context(), "none"); err != nil || len(none) != 0 {
		t.Errorf("nobody's history: %+v, %v", none, err)
	}
	asked -= 4
	stars.archive = nil // what was read once is not read again
	again, err := stars.Past(t.Context())
	if err != nil || len(again) != 2 || asked != 4 || !strings.Contains(again[1].Period, "2027") {
		t.Errorf("%d asked, %v", asked, err)
	}
}
