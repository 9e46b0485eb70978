package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/supervision"
)

// hour is an hour of a day in the county.
func hour(d calendar.Date, h int) time.Time { return d.Begins().Add(time.Duration(h) * time.Hour) }

// weekday is the day itself, or the Monday after it.
func weekday(d calendar.Date) calendar.Date {
	switch d.Weekday() {
	case time.Saturday:
		return d.Add(2)
	case time.Sunday:
		return d.Add(1)
	}
	return d
}

// quarterDays are the days that matter in a quarter of the demonstration.
type quarterDays struct {
	calendar.Span
	submit, cutoff, evaluate, publish calendar.Date
}

// firstRecords is the day of a quarter, counted from 0, of the first facts that are observed; they are recorded on the next morning, at the moment at which the
// quarter before is evaluated, so that both cores have work. For the same reason results are published while inspectors are out.
const firstRecords = 24

// daysOf are the days of the nth quarter of the county. The last one that ended is evaluated early, so that its window of objection runs at demoStart; the one before it is published late,
// because an objection to it is upheld and its scores are told twice.
func (s countySize) daysOf(n int) quarterDays {
	span := s.quarterOf(n).Span()
	days := quarterDays{span, span.Last.Add(5), span.Last.Add(12), span.Last.Add(firstRecords + 2), tourDay(span.Last.Add(1), 2*4)}
	switch n {
	case s.quarters() - 1:
		days.evaluate = days.cutoff.Add(3)
	case s.quarters() - 2:
		days.publish = days.publish.Add(3)
	}
	return days
}

// handsOver is the day on which some projects change their firm: the first of the fourth quarter.
func (s countySize) handsOver() calendar.Date { return s.quarterOf(3).Span().First }

// holder is the firm that holds a project in a quarter.
func (p *countyPlan) holder(project, quarter int) int {
	if pr := &p.projects[project]; pr.earlier >= 0 && quarter < 3 {
		return pr.earlier
	}
	return p.projects[project].firm
}

// schedule is everything that happens in the county after its registers are there.
func (l *countyLoader) schedule() []act {
	var acts []act
	size := l.plan.size
	for n := range size.quarters() + 1 {
		acts = append(acts, l.quarterActs(n)...)
	}
	for i := range l.plan.projects {
		if l.plan.projects[i].earlier >= 0 {
			acts = append(acts, act{hour(size.handsOver().Add(-7), 9), partRegister, func(ctx context.Context) error { return l.takeOver(ctx, i) }})
		}
	}
	for _, year := range size.years() {
		acts = append(acts, l.yearActs(year)...)
	}
	for i := range l.plan.projects {
		acts = append(acts, l.revenueActs(i)...)
	}
	return append(append(acts, l.schemeActs()...), l.waitingActs()...)
}

// years are the years whose four quarters are all rated.
func (s countySize) years() []int {
	var out []int
	for n := 0; n+3 < s.quarters(); n++ {
		first := s.quarterOf(n).Span().First
		if y := calendar.Year(first.Year()); y.Span().First == first {
			out = append(out, first.Year())
		}
	}
	return out
}

// quarterActs is what happens for the nth quarter: window, visits, records, proof, evaluation by one person, scores told to the firms, their objections, signatures and circular by others.
func (l *countyLoader) quarterActs(n int) []act {
	q := l.plan.size.quarterOf(n)
	days := l.plan.size.daysOf(n)
	officer, chief := l.of("property_officer", 0), l.of("section_chief", 0)
	acts := []act{
		{hour(days.First, 9), partPeriods, func(ctx context.Context) error {
			if _, err := l.cycle.Plan(ctx, officer, q.String(), days.submit, days.cutoff); err != nil {
				return err
			}
			_, err := l.cycle.Open(ctx, officer, q.String())
			return err
		}},
		{hour(days.submit.Add(1), 8), partPeriods, func(ctx context.Context) error {
			_, err := l.cycle.Close(ctx, officer, q.String())
			return err
		}},
		{hour(days.evaluate, 9), partPeriods, func(ctx context.Context) error {
			_, err := l.cycle.Evaluate(ctx, officer, q.String())
			return err
		}},
		{hour(days.evaluate, 10), partPeriods, func(ctx context.Context) error { return l.tellScores(ctx, officer, q.String()) }},
		{hour(days.publish, tourHour), partPeriods, func(ctx context.Context) error {
			p, err := l.cycle.Period(ctx, officer, q.String())
			if err != nil {
				return err
			}
			if _, err := l.cycle.Send(ctx, officer, p.ID, p.Evaluation); err != nil {
				return err
			}
			return l.publish(ctx, chief, q.String(), circularNumber(days.publish), "section_chief", "deputy_director")
		}},
	}
	if n == l.plan.size.quarters()-1 { // what is looked at in the demonstration: trying every quarter would double the time of loading
		acts = append(acts, act{hour(days.evaluate, 11), partPeriods, func(ctx context.Context) error {
			_, err := l.cycle.MakeRanges(ctx, officer, q.String())
			return err
		}})
	}
	acts = append(acts, l.objectionActs(n, days)...)
	for i := range l.plan.projects {
		acts = append(acts, l.visitActs(i, n)...)
		acts = append(acts, l.proofActs(i, n)...)
		if q != l.plan.size.current {
			acts = append(acts, l.projectRecords(i, n)...)
		}
	}
	acts = append(acts, l.assessActs(n)...)
	if q != l.plan.size.current {
		for i := range l.plan.firms {
			acts = append(acts, l.sheetActs(i, n)...)
		}
	}
	return acts
}

// circularNumber is the document number of a quarter's circular: one is published in each quarter.
func circularNumber(published calendar.Date) string {
	_, month, _ := published.Parts()
	return fmt.Sprintf("都建物通〔%d〕%d号", published.Year(), (int(month)+2)/3)
}

// tellScores tells the scores of a quarter to the firms.
func (l *countyLoader) tellScores(ctx context.Context, by policy.Actor, period string) error {
	p, err := l.cycle.Period(ctx, by, period)
	if err == nil {
		_, err = l.cycle.Tell(ctx, by, period, p.Evaluation)
	}
	return err
}

// show evaluates a year and shows its stars to the public.
func (l *countyLoader) show(ctx context.Context, by policy.Actor, period string, minutes cycle.Minutes) error {
	made, err := l.cycle.Evaluate(ctx, by, period)
	if err != nil {
		return err
	}
	_, err = l.cycle.Show(ctx, by, period, made.ID, minutes)
	return err
}

// publish publishes the present evaluation of a period, once the first person of each of some roles has signed, one after the other.
func (l *countyLoader) publish(ctx context.Context, by policy.Actor, period, number string, signers ...policy.Role) error {
	p, err := l.cycle.Period(ctx, by, period)
	if err != nil {
		return err
	}
	for _, role := range signers {
		password, err := l.demoPassword(ctx, role)
		if err != nil {
			return err
		}
		if _, err := l.cycle.Sign(ctx, l.of(role, 0), period, policy.Sign{Move: policy.MoveAgree, SubjectHash: p.Approval.SubjectHash}, password); err != nil {
			return err
		}
	}
	_, err = l.cycle.Publish(ctx, by, period, p.Evaluation, number)
	return err
}

// starsDay is when the stars of a year are published.
func starsDay(year int) calendar.Date { return tourDay(calendar.Year(year).Span().Last.Add(1), 2*10) }

// yearActs is the year: commendations, joint review, document number, stars.
func (l *countyLoader) yearActs(year int) []act {
	id := calendar.Year(year).String()
	last := calendar.Year(year).Span().Last
	officer, director := l.of("property_officer", 1), l.of("deputy_director", 0)
	return append(slices.Concat(l.commend(calendar.Year(year)), l.applicationActs(year), l.publicityActs(year)), []act{
		{hour(weekday(last.Add(-20)), 9), partPeriods, func(ctx context.Context) error {
			if _, err := l.cycle.Plan(ctx, officer, id, last.Add(15), last.Add(30)); err != nil {
				return err
			}
			_, err := l.cycle.Open(ctx, officer, id)
			return err
		}},
		{hour(last.Add(16), 8), partPeriods, func(ctx context.Context) error {
			_, err := l.cycle.Close(ctx, officer, id)
			return err
		}},
		{hour(last.Add(firstRecords+30+2), 9), partPeriods, func(ctx context.Context) error {
			return l.show(ctx, officer, id, cycle.Minutes{Cited: fmt.Sprintf("都物联审纪〔%d〕1号（演示）", year+1)})
		}},
		{hour(starsDay(year), tourHour), partPeriods, func(ctx context.Context) error {
			p, err := l.cycle.Period(ctx, officer, id)
			if err != nil {
				return err
			}
			if _, err := l.cycle.Send(ctx, officer, id, p.Evaluation); err != nil {
				return err
			}
			return l.publish(ctx, director, id, fmt.Sprintf("都建发〔%d〕12号", year+1), "section_chief", "deputy_director", "director")
		}},
		{hour(starsDay(year), tourHour+1), partPeriods, func(ctx context.Context) error {
			_, err := l.cycle.MakeRanges(ctx, officer, id)
			return err
		}},
	}...)
}

// observe is one observation: recorded at one moment, confirmed at another.
func (l *countyLoader) observe(in supervision.Draft, recorder policy.Actor, record, confirm time.Time, reviewer policy.Actor) []act {
	var doc store.Doc[supervision.Observation]
	return []act{{record, partObserved, func(ctx context.Context) (err error) {
		doc, err = l.observations.Record(ctx, recorder, in)
		return err
	}}, {confirm, partObserved, func(ctx context.Context) (err error) {
		doc, err = l.observations.Confirm(ctx, reviewer, supervision.At{ID: doc.ID, Seq: doc.Seq})
		return err
	}}}
}

// draft is what an observation says of a project.
func (l *countyLoader) draft(s said, project int, day calendar.Date) supervision.Draft {
	return supervision.Draft{Ask: l.asks["observation"][s.fact], Project: l.projects[project], Cells: s.cells, Day: day, Source: s.from}
}

// byCommunity are the facts that communities record; the bureau records the others.
var byCommunity = map[string]bool{"matter_callbacks": true, "repair_callbacks": true, "community_tasks": true, "survey": true}

// projectRecords are the observations of a project in a quarter. A third of the facts is recorded at the end of each month.
func (l *countyLoader) projectRecords(i, n int) []act {
	first := l.plan.size.quarterOf(n).Span().First
	var acts []act
	add := func(s said, day calendar.Date) {
		recorder, reviewer := l.of("property_officer", 1+i%2), l.of("section_chief", 0)
		if byCommunity[s.fact] {
			community := i % l.plan.size.communities
			recorder, reviewer = l.of("community_worker", community), l.of("community_secretary", community)
		}
		acts = append(acts, l.observe(l.draft(s, i, day), recorder, hour(day.Add(1), 9), hour(day.Add(2), 15), reviewer)...)
	}
	for k, s := range l.plan.projectSays(i, n) {
		if l.plan.size.toldByMatters(n) && slices.Contains(factsOfMatters, s.fact) {
			continue // the matters of the quarter tell it
		}
		add(s, first.Add(firstRecords+30*(k%3)))
	}
	if n%4 == 0 {
		add(said{"survey", l.plan.survey(i, first.Year()), "业主满意度调查汇总（演示数据）"}, first.Add(50))
	}
	if n == 2 {
		for _, s := range l.plan.onceSaid(i) {
			add(s, first.Add(40))
		}
		if l.plan.projects[i].oddity == vetoed {
			acts = append(acts, l.vetoedActs(i, first.Add(45))...)
		}
	}
	return acts
}
