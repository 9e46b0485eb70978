package main

import (
	"context"
	"fmt"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/rating/standing"
	"redsteward/registry/casework"
)

// standingTales are the cases about published stars: one star is lowered and its firm may appeal still, another firm pleaded and is to be heard.
func standingTales() [][]claimBeat {
	return [][]claimBeat{
		{{34, "property_officer", "draft"}, {34, "property_officer", "scan"}, {33, "property_officer", "serve"}, {31, "firm_manager", "plead"}, {30, "legal_officer", "hear"}, {20, "property_officer", "send"},
			{19, "section_chief", "sign"}, {18, "organisation", "sign"}, {17, "deputy_director", "sign"}, {3, "property_officer", "issue"}},
		{{5, "property_officer", "draft"}, {5, "property_officer", "scan"}, {4, "property_officer", "serve"}, {3, "firm_manager", "plead"}},
	}
}

// standingActs lets the cases happen, one star each.
func (l *countyLoader) standingActs() (acts []act) {
	end := calendar.DateOf(mustTime(demoStart))
	for k, tale := range standingTales() {
		one := new(store.Doc[standing.Decision])
		for n, beat := range tale {
			acts = append(acts, act{hour(end.Add(-beat.ago), 9+n%8), partPeriods, func(ctx context.Context) error { return told(beat, l.playStanding(ctx, beat, k, one)) }})
		}
	}
	return acts
}

// playStanding plays one beat of a case; a county without enough stars has none.
func (l *countyLoader) playStanding(ctx context.Context, beat claimBeat, k int, one *store.Doc[standing.Decision]) error {
	if beat.do != "draft" {
		played := playedRuling[standing.Decision, standing.Step]{do: l.standings.Do, sign: l.standings.Sign, ruling: func(d *standing.Decision) *casework.Ruling { return &d.Ruling }, signing: func(d *standing.Decision) *policy.Approval { return d.Approval },
			kind: "star-decision", number: "演示星", plea: "演示：处罚的事项已经改正，请求不予降星", heard: "演示：处罚决定已经生效，事实清楚", minutes: "演示：住建局、组织部参加，一致同意"}
		return played.play(ctx, l, beat, k, one)
	}
	today := calendar.DateOf(l.clock.Now())
	project, err := l.standingProject(ctx, k)
	if err != nil || project == "" {
		return err
	}
	*one, err = l.standings.Open(ctx, l.of(beat.role, 0), standing.Opening{Project: project, Rests: casework.Rests{Ground: "penalty", Source: "penalty", Number: fmt.Sprintf("演城管罚〔%d〕%d号", today.Year(), 70+k), Issuer: "演示县城市管理局",
		Text: "演示：擅自占用业主共用绿地堆放建筑材料，已作出行政处罚", Effective: today.Add(-10)}}, &store.Idem{Key: fmt.Sprintf("demo-standing-%d", k)})
	return err
}

// standingProject is the project of a tale: the one, from the end of the list, whose turn it is of those whose newest star stands and is more than the lowest; "" if there are too few.
func (l *countyLoader) standingProject(ctx context.Context, k int) (string, error) {
	years, err := l.cycle.Published(ctx, cycle.RhythmYear)
	if err != nil || len(years) == 0 {
		return "", err
	}
	year, stars, err := l.standings.All(ctx, &years[0], calendar.DateOf(l.clock.Now()))
	if err != nil {
		return "", err
	}
	held := map[string]bool{}
	for i := range stars {
		held[stars[i].Project] = stars[i].Status == standing.InForce && year.Level(stars[i].Standing.Grade) > 1
	}
	for i := len(l.projects) - 1; i >= 0; i-- {
		if !held[l.projects[i]] {
			continue
		}
		if k--; k < 0 {
			return l.projects[i], nil
		}
	}
	return "", nil
}
