package main

import (
	"context"
	"math"
	"strconv"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
)

// The series of sheets: the bureau's visit and the community's look at the displays.
const (
	serviceSeries = "service"
	displaySeries = "displays"
)

// tourHour is when inspectors go out.
const tourHour = 9

// visitTours is on how many days of a quarter the inspectors go out.
const visitTours = 12

// tourDay is the day of a quarter on which a project is visited.
func tourDay(first calendar.Date, i int) calendar.Date {
	return weekday(first.Add(4 + 7*(i/2%visitTours)))
}

// visitActs are the visits to a project in a quarter. Two inspectors come every half year with the sheet of its service level; in the quarters between, the
// community worker looks at the displays.
func (l *countyLoader) visitActs(i, n int) []act {
	first := l.plan.size.quarterOf(n).Span().First
	community := i % l.plan.size.communities
	if (i+n)%2 == 1 {
		secretary, worker := l.of("community_secretary", community), l.of("community_worker", community)
		return l.visit(displaySeries, i, n, tourDay(first, i), secretary, secretary, []policy.Actor{worker})
	}
	pair := 2 * (i / visitTours % 2)
	officers := []policy.Actor{l.of("inspector", pair), l.of("inspector", pair+1)}
	return l.visit(serviceSeries, i, n, tourDay(first, i), l.of("property_officer", 0), l.of("property_officer", 2), officers)
}

// visit is planned a week ahead, done and signed in one go, and reviewed on the next day.
func (l *countyLoader) visit(series string, i, n int, day calendar.Date, planner, reviewer policy.Actor, officers []policy.Actor) []act {
	var doc store.Doc[inspection.Visit]
	ids := make([]string, len(officers))
	for k, o := range officers {
		ids[k] = o.ID
	}
	start := tourHour
	if series == displaySeries {
		start = 14
	}
	planned := day.Add(-7)
	if first := l.plan.size.quarterOf(n).Span().First; planned.Compare(first) < 0 {
		planned = first
	}
	reviewed := day.Add(1)
	if n == l.plan.size.quarters() {
		reviewed = day.Add(8) // In the quarter that is open, the last visits still wait.
	}
	return []act{
		{hour(planned, 11), partVisits, func(ctx context.Context) (err error) {
			doc, err = l.visits.Plan(ctx, planner, inspection.PlanVisit{Project: l.projects[i], Series: series, Day: day, Order: int64(i/visitTours + 1), Officers: ids})
			return err
		}},
		{hour(day, start), partVisits, func(ctx context.Context) (err error) {
			doc, err = l.answer(ctx, doc, i, n, officers)
			return err
		}},
		{hour(reviewed, start), partVisits, func(ctx context.Context) error {
			_, err := l.visits.Accept(ctx, reviewer, supervision.At{ID: doc.ID, Seq: doc.Seq})
			return err
		}},
	}
}

// answer begins a visit, answers every item and lets all officers sign.
func (l *countyLoader) answer(ctx context.Context, doc store.Doc[inspection.Visit], i, n int, officers []policy.Actor) (store.Doc[inspection.Visit], error) {
	doc, err := l.visits.Start(ctx, officers[0], supervision.At{ID: doc.ID, Seq: doc.Seq})
	if err != nil {
		return doc, err
	}
	sheet, _, err := l.sheets.Pick(doc.State.Series, doc.State.Sheet.Level, doc.State.Day)
	if err != nil {
		return doc, err
	}
	// As from a phone that kept the answers until it had a network again.
	sent, within := errgroup.WithContext(ctx)
	for _, a := range l.plan.answers(&sheet, i, n) {
		if a.found.Value == inspection.Fail {
			a.found.Photos = []inspection.Photo{l.photo}
		}
		sent.Go(func() error {
			_, err := l.visits.Reply(within, officers[0], doc.ID, a.item, a.found, nil)
			return err
		})
	}
	if err := sent.Wait(); err != nil {
		return doc, err
	}
	for _, o := range officers {
		if doc, err = l.visits.Sign(ctx, o, supervision.At{ID: doc.ID, Seq: doc.Seq}); err != nil {
			return doc, err
		}
	}
	return doc, nil
}

// itemAnswer is what is found at one item.
type itemAnswer struct {
	item  string
	found inspection.Found
}

// answers draws what a visit finds: of the points of each feed, and of the scaled items together, the project earns about its share.
func (p *countyPlan) answers(sheet *inspection.Sheet, i, n int) []itemAnswer {
	full, scaled := map[string]int64{}, int64(0)
	items := sheet.Items()
	for _, item := range items {
		if item.Scale > 0 {
			scaled += item.Scale
		} else {
			full[item.Feed] += item.Points
		}
	}
	lose := map[string]int64{}
	spare := func(what string, of int64) int64 {
		earned, due := p.tally(n, "visit "+what, i, always(of), p.rate(i, 0, 1))
		return due - earned
	}
	for _, feed := range sheet.Feeds {
		lose[feed.ID] = spare(feed.ID, full[feed.ID])
	}
	if scaled > 0 {
		lose[""] = spare("displays", scaled)
	}
	found := make([]itemAnswer, len(items))
	for _, k := range draws(p.seed, "visit order", sheet.Series, i, n).Perm(len(items)) {
		item := items[k]
		left := lose[item.Feed]
		found[k] = itemAnswer{item: item.ID, found: inspection.Found{Value: inspection.Conform}}
		if item.Scale > 0 {
			lost := min(left, item.Scale, int64(math.Ceil(float64(scaled)/6)))
			found[k].found.Value = inspection.Value(strconv.FormatInt(item.Scale-lost, 10))
			lose[item.Feed] -= lost
			continue
		}
		for _, loss := range item.Losses() {
			if loss <= left {
				found[k].found = inspection.Found{Value: inspection.Fail, Lost: loss, Note: "现场查看，演示数据"}
			}
		}
		lose[item.Feed] -= found[k].found.Lost
	}
	return found
}
