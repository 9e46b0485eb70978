package browsertest

import (
	"context"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/rating/standing"
	"redsteward/registry/casework"
)

// starScheme is a scheme in which the points are the grade; the lowest star is valid for a month only.
const starScheme = `
format: 1
id: stars
version: "1"
title: 星级
basis: 测试
engine: 1
rhythm: year
table: {id: [project]}
facts:
  - {id: got, name: 得分, type: number}
indicators:
  - {id: i, name: 指标, max: 100, basis: 测试, rule: {kind: linear, of: got, each: 1}}
grades:
  list:
    - {id: star5, label: 五星, level: 5, months: 120, at_least: 90}
    - {id: star4, label: 四星, level: 4, months: 120, at_least: 80}
    - {id: star1, label: 一星, level: 1, months: 1, at_least: 60}
    - {id: star0, label: 未评星, otherwise: true}
`

// standingChains is the joint review of the fixture, one signature; standingGrounds are two grounds.
const (
	standingChains = `approvals:
  - {id: star-decision, title: 降星摘牌联审, basis: 建议, versions: [{version: 1, from: 2025-01-01, levels: [{name: 联审会签, paper: true, seats: [{role: section_chief}]}]}]}
`
	standingGrounds = `kind: stars
basis: 建议
documents: [{id: penalty, title: 行政处罚决定书}, {id: check, title: 佐证材料核查结论}]
never: [拟处罚]
grounds: [{id: penalty, title: 因物业服务受到行政处罚, documents: [penalty], levels: 1, events: [penalty]}, {id: false_material, title: 评星的佐证材料弄虚作假, documents: [check]}]
`
)

// years are the published years of a fixture.
type years struct{ list []cycle.Period }

// Published implements standing.Periods.
func (y *years) Published(context.Context, string) ([]cycle.Period, error) { return y.list, nil }

// Scheme implements standing.Periods.
func (y *years) Scheme(context.Context, string) (*rating.Scheme, error) {
	return rating.ParseScheme([]byte(starScheme))
}

// openStandings opens what says how published stars stand; nothing is published yet, and every period has five days.
func (f *Fixture) openStandings(ctx context.Context, db *store.DB, rules *policy.Rules, guard *policy.Guard, now func() time.Time, archive *rating.Archive) error {
	chains, err := policy.ParseChains("approvals.yaml", []byte(standingChains), rules)
	if err != nil {
		return err
	}
	grounds, err := standing.ParseGrounds("standing.yaml", []byte(standingGrounds))
	if err != nil {
		return err
	}
	f.archive, f.years = archive, &years{}
	f.Standings, err = standing.New(ctx, standing.Config{Cycle: f.years, Archive: archive, Grounds: grounds, Ends: f.Register.StarEnds, Events: func(ctx context.Context, by policy.Actor, from, today calendar.Date) ([]standing.Event, error) {
		return standing.Sources{Vetoes: f.Vetoes, Conduct: f.Conduct, Issuer: "都昌县住建局"}.Events(ctx, by, from, today)
	}, Desk: casework.Desk{DB: db, Letters: f.Letters, Guard: guard, Keeper: files.NewKeeper(db, ""), Persons: f.People, Chains: chains, Now: now,
		Deadlines: func(rule string, start calendar.Date) (calendar.Deadline, error) {
			return calendar.Deadline{Rule: rule, Start: start, N: 5, Unit: calendar.UnitDay, Basis: "建议", Due: start.Add(5)}, nil
		}}})
	return err
}

// Starred is a compound of a published year of the fixture.
type Starred struct {
	// Project and Firm are ids, Name and FirmName what people call them, Points what it got: 90 are five stars, 80 four, 60 one that is valid for a month.
	Project, Name, Firm, FirmName, Points string
	// Removed: a decision took its star away on the day of the publication.
	Removed bool
}

// PublishStars publishes the year 2025 on a day.
func (f *Fixture) PublishStars(ctx context.Context, on calendar.Date, list ...Starred) error {
	scheme, err := f.years.Scheme(ctx, "")
	if err != nil {
		return err
	}
	table := "project,got\n"
	for _, one := range list {
		table += one.Project + "," + one.Points + "\n"
	}
	subjects, err := rating.ReadTable(scheme, strings.NewReader(table), rating.TableOptions{})
	if err != nil {
		return err
	}
	var entries []rating.Entry
	for i, sub := range subjects {
		r := rating.Evaluate(scheme, nil, sub, nil)
		entries = append(entries, rating.Entry{Subject: sub, Result: &r, Name: list[i].Name, Firm: list[i].FirmName, Place: "城东社区", Keys: []string{policy.ProjectKey(list[i].Project), policy.FirmKey(list[i].Firm)}})
	}
	days, err := calendar.ParseYear("2025")
	if err != nil {
		return err
	}
	made, err := f.archive.Save(ctx, store.Meta{By: "system", Action: "evaluation.run"}, []byte(starScheme), nil, rating.Evaluation{Title: "2025年度", Period: "2025", Made: journal.At(on.Begins()), FactsHash: strings.Repeat("0", 64), FactsSource: "测试"}, entries)
	if err != nil {
		return err
	}
	for _, one := range list {
		if !one.Removed {
			continue
		}
		d := standing.Decision{Ruling: casework.Ruling{Case: casework.Case{Project: one.Project, Name: one.Name, Opened: on, By: "system"}, Firm: one.Firm, FirmName: one.FirmName, Drafted: on, From: on, Decision: &casework.Paper{Number: "都建摘〔2026〕1号", Day: on}},
			Period: "2025", PeriodName: "2025年度", Grade: "star4", GradeTitle: "四星", Ground: "false_material", GroundTitle: "评星的佐证材料弄虚作假", State: standing.InEffect, Last: standing.StepIssue}
		if _, err := f.Standings.Docs.Commit(ctx, store.Meta{By: "system", Action: "standing.handle"}, one.Project, 0, d); err != nil {
			return err
		}
	}
	f.years.list = []cycle.Period{{ID: "2025", Rhythm: cycle.RhythmYear, Name: "2025年度", Days: days.Span(), Evaluation: made.ID, State: cycle.StatePublished,
		Publication: &cycle.Publication{Act: cycle.Act{At: journal.At(on.Begins())}, Number: "都建发〔2026〕1号"}}}
	return nil
}
