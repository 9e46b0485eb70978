package main

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
)

// assessActs are, in the quarter that is open, a compound that people of two other firms scored (企业互评, accepted), one that waits for others, and one for the third party (第三方测评). None counts: the first by its
// sheet, the others are not begun.
func (l *countyLoader) assessActs(n int) (acts []act) {
	if n != l.plan.size.quarters() || len(l.plan.projects) < 8 || len(l.plan.firms) < 3 {
		return nil
	}
	today := calendar.DateOf(mustTime(demoStart))
	planner, reviewer := l.of("property_officer", 0), l.of("property_officer", 2)
	for k, tale := range []struct {
		assessor inspection.Assessor
		project  int
		day      calendar.Date
		done     bool
	}{{inspection.Peers, 5, today.Add(-6), true}, {inspection.Peers, 6, today.Add(1), false}, {inspection.ThirdParty, 7, today, false}} {
		day := weekday(tale.day)
		officers := []policy.Actor{l.of("third_party", 0), l.of("third_party", 1)}
		if tale.assessor == inspection.Peers {
			firm := l.plan.holder(tale.project, n)
			officers = []policy.Actor{l.of("firm_manager", firm+1), l.of("firm_manager", firm+2)}
		}
		var doc store.Doc[inspection.Visit]
		acts = append(acts, act{hour(today.Add(-8), 15), partVisits, func(ctx context.Context) (err error) {
			doc, err = l.visits.Plan(ctx, planner, inspection.PlanVisit{Project: l.projects[tale.project], Series: serviceSeries, Assessor: tale.assessor, Day: day, Order: int64(k + 1), Officers: []string{officers[0].ID, officers[1].ID}})
			return err
		}})
		if !tale.done {
			continue
		}
		acts = append(acts, act{hour(day, 15), partVisits, func(ctx context.Context) (err error) {
			doc, err = l.answer(ctx, doc, officers, l.finds(tale.project, n))
			return err
		}}, act{hour(day.Add(1), 15), partVisits, func(ctx context.Context) error {
			_, err := l.visits.Accept(ctx, reviewer, supervision.At{ID: doc.ID, Seq: doc.Seq})
			return err
		}})
	}
	return acts
}
