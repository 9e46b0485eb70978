package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/configs"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry"
)

// savedYear rates rows with the scheme of the year and stores them, as a published period. firms are by project.
func savedYear(t *testing.T, s *service, year int, firms map[string]string, rows ...map[string]string) cycle.Period {
	t.Helper()
	file, err := configs.Files.ReadFile("schemes/five-goods-year.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return savedYearBy(t, s, year, file, firms, rows...)
}

// savedYearBy does what savedYear does under a scheme of the test.
func savedYearBy(t *testing.T, s *service, year int, file []byte, firms map[string]string, rows ...map[string]string) cycle.Period {
	t.Helper()
	scheme, err := rating.ParseScheme(file)
	if err != nil {
		t.Fatal(err)
	}
	columns := slices.Sorted(maps.Keys(rows[0]))
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write(columns)
	for _, row := range rows {
		var cells []string
		for _, c := range columns {
			cells = append(cells, row[c])
		}
		_ = w.Write(cells)
	}
	w.Flush()
	subjects, err := rating.ReadTable(scheme, &b, rating.TableOptions{})
	if err != nil {
		t.Fatal(err, rating.ProblemsOf(err))
	}
	quarter := rate(t, shippedScheme(t, "five-goods-quarter"), fullQuarter("单建"), nil)
	var entries []rating.Entry
	for _, sub := range subjects {
		r := rating.Evaluate(scheme, nil, sub, fourTimes(quarter))
		entries = append(entries, rating.Entry{Subject: sub, Result: &r, Name: "演示小区" + sub.ID, Firm: firms[sub.ID], Community: "东风社区", Township: "都昌镇", Kind: "老旧小区",
			Keys: []string{"p:" + sub.ID, "f:" + firms[sub.ID]}})
	}
	days := calendar.Year(year).Span()
	made, err := s.archive.Save(t.Context(), store.Meta{By: "system", Action: "evaluation.run"}, file, nil,
		rating.Evaluation{Title: "年度", Period: days.Last.String()[:4], Made: journal.At(days.Last.Ends()), FactsHash: strings.Repeat("0", 60) + days.Last.String()[:4], FactsSource: "测试"}, entries)
	if err != nil {
		t.Fatal(err)
	}
	return cycle.Period{ID: days.Last.String()[:4], Rhythm: cycle.RhythmYear, Days: days, Evaluation: made.ID,
		Publication: &cycle.Publication{Act: cycle.Act{At: journal.At(time.Date(year+1, 2, 1, 1, 0, 0, 0, time.UTC))}, Number: "都建发〔2027〕12号"}}
}

// TestBoardShowsThePublishedYear: places are compared with the published year before, a firm that changed makes a project new, and a later evaluation that
// nobody published is not shown.
func TestBoardShowsThePublishedYear(t *testing.T) {
	s, _ := openedService(t)
	row := func(project, answers string) map[string]string {
		return with(fullYear("单建"), "project="+project, "answers_on_time="+answers, "answers_due=20")
	}
	firms := map[string]string{"a": "甲", "b": "乙", "c": "丙", "d": "丁"}
	before := savedYear(t, s, 2026, firms, row("a", "20"), row("b", "18"), row("c", "17"))
	moved := maps.Clone(firms)
	moved["c"] = "新"
	now := savedYear(t, s, 2027, moved, row("a", "17"), row("b", "19"), row("c", "16"), row("d", "15"))
	savedYear(t, s, 2028, firms, row("a", "20"))
	stars := &archivedStars{archive: s.archive, subject: "小区", newest: func(context.Context) (cycle.Period, *cycle.Period, error) { return now, &before, nil }}
	e, err := stars.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if e.ID != now.Evaluation || !e.Restricted || !e.Moves || e.Day != now.Days.Last || !strings.Contains(e.Notice, "都建发〔2027〕12号") || strings.Join(e.Facets, " ") != "乡镇 社区 类型 规模" {
		t.Errorf("shown: %+v", e)
	}
	got := map[string]string{}
	for r, err := range stars.Rows(t.Context(), e.ID) {
		if err != nil {
			t.Fatal(err)
		}
		got[r.ID] = r.Moved
		if strings.Join(r.Facets, " ") != "都昌镇 东风社区 老旧小区 300 户以上的小区" || len(r.Keys) != 2 {
			t.Errorf("%s: facets %q, keys %q", r.ID, r.Facets, r.Keys)
		}
	}
	if want := map[string]string{"a": "降 1", "b": "升 1", "c": "新参评", "d": "新参评"}; !maps.Equal(got, want) {
		t.Errorf("moved %v, want %v", got, want)
	}
	quarter := now
	quarter.Rhythm = cycle.RhythmQuarter
	ofQuarter := &archivedStars{archive: s.archive, subject: "小区", newest: func(context.Context) (cycle.Period, *cycle.Period, error) { return quarter, &before, nil }}
	if e, err := ofQuarter.Latest(t.Context()); err != nil || !e.Unranked || e.Moves {
		t.Errorf("a quarter is ranked: %+v, %v", e, err)
	}
	stars.newest = s.newestYear
	if _, err := stars.Latest(t.Context()); !fault.Is(err, fault.NotFound) {
		t.Errorf("nothing is published, and yet: %v", err)
	}
}

// TestStarLapses: a published star is shown as lapsed from the day on which another firm serves the compound, with the reason, and what was stored of it stays as it was.
func TestStarLapses(t *testing.T) {
	s, _ := openedService(t)
	ctx := t.Context()
	if err := s.seedDivisions(ctx); err != nil {
		t.Fatal(err)
	}
	officer := policy.Actor{ID: "officer", Appointments: []policy.Appointment{{Role: "property_officer", Scopes: []string{policy.County}}}}
	firms := make([]string, 2)
	for i, f := range []registry.FirmInput{{Name: "一盏灯物业服务有限公司", Code: "91360428MA7XAMPL5W", Origin: registry.OriginMarket}, {Name: "赣北物业服务有限公司", Code: "91360428MA0TEYAT30", Origin: registry.OriginMarket}} {
		var err error
		if firms[i], err = s.register.CreateFirm(ctx, officer, f); err != nil {
			t.Fatal(err)
		}
	}
	project, err := s.register.CreateProject(ctx, officer, registry.ProjectInput{Name: "望湖苑", Address: "东湖路 1 号", Community: "360428100001", Households: 300, Kind: registry.KindCommodity})
	if err != nil {
		t.Fatal(err)
	}
	contract := registry.ContractInput{Firm: firms[0], Kind: registry.ContractChosen, Level: registry.LevelSecond, Days: policy.Span{From: day(t, "2025-01-01")}}
	if err := s.register.AddContract(ctx, officer, project, 1, contract); err != nil {
		t.Fatal(err)
	}
	rated := savedYear(t, s, 2026, map[string]string{project: firms[0], "none": "f9"}, with(fullYear("单建"), "project="+project), with(fullYear("单建"), "project=none"))
	now := day(t, "2027-03-31")
	stars := &archivedStars{archive: s.archive, subject: "小区", standings: s.standings.Standings, now: func() time.Time { return hour(now, 9) },
		newest: func(context.Context) (cycle.Period, *cycle.Period, error) { return rated, nil, nil }}
	look := func(want string) (string, string) {
		t.Helper()
		e, err := stars.Latest(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range stars.Rows(ctx, e.ID) {
			if err != nil {
				t.Fatal(err)
			}
			said, mark := "", ""
			if r.ID == project && want != "" {
				said, mark = want, "企业更换而终止"
			}
			if r.Since() != said || r.Mark != mark {
				t.Errorf("%s on %s: %q %q, want %q", r.ID, now, r.Mark, r.Since(), said)
			}
		}
		one, err := stars.Star(ctx, e.ID, project, false)
		if err != nil || one.Since() != want || one.Grade != "star5" {
			t.Errorf("on %s the page says %q of a %s: %v", now, one.Since(), one.Grade, err)
		}
		return e.Stands, one.Hash
	}
	stands, hash := look("")
	if err := s.register.EndContract(ctx, officer, project, 2, "c1", now, "企业不再续约"); err != nil {
		t.Fatal(err)
	}
	look("")
	now = now.Add(1)
	ended, _ := look("自2027年4月1日起，物业服务合同提前终止")
	contract.Firm, contract.Days.From = firms[1], now
	if err := s.register.AddContract(ctx, officer, project, 3, contract); err != nil {
		t.Fatal(err)
	}
	now = now.Add(1)
	changed, same := look("自2027年4月1日起，物业服务企业更换为赣北物业服务有限公司")
	if stands != "" || ended == "" || changed == ended || same != hash {
		t.Errorf("the board is known by %q, %q, %q; the result by %s, then %s", stands, ended, changed, hash, same)
	}
}
