package main

import (
	"context"
	"fmt"
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
		return l.visit(displaySeries, i, n, tourDay(first, i), secretary, secretary, []policy.Actor{worker}).acts
	}
	pair := 2 * (i / visitTours % 2)
	officers := []policy.Actor{l.of("inspector", pair), l.of("inspector", pair+1)}
	visited := l.visit(serviceSeries, i, n, tourDay(first, i), l.of("property_officer", 0), l.of("property_officer", 2), officers)
	if n == l.plan.size.quarters() && i == firstServed(n) {
		return append(visited.acts, l.again(visited, i, n, pair)...)
	}
	return visited.acts
}

// firstServed is the first project that is visited with the sheet of its service level in a quarter. In the open quarter the draw (双评) falls on its visit and on that of the next such project,
// whatever the key of the folder: the one is scored a second time, the other waits for it. No result of that quarter is published, so no star hangs on them.
func firstServed(n int) int { return n % 2 }

// drawnKey is a key of a form with which the visit that it plans is drawn: the id of a visit derives from it.
func (l *countyLoader) drawnKey(by policy.Actor, i int) *store.Idem {
	for n := 0; ; n++ {
		idem := &store.Idem{Key: fmt.Sprintf("demo-visit-%d-%d", i, n)}
		if l.visits.Falls(l.db.NewID(store.Meta{By: by.ID, Action: string(policy.PlanVisit), Idem: idem}), 1) {
			return idem
		}
	}
}

// again is the second scoring of a visit, by the other pair of inspectors, who find a little more: planned when the first was accepted, done on the next day, reviewed the day after.
func (l *countyLoader) again(first *visitTale, i, n, pair int) []act {
	officers := []policy.Actor{l.of("inspector", 2-pair), l.of("inspector", 3-pair)}
	planner, reviewer := l.of("property_officer", 0), l.of("property_officer", 2)
	day := tourDay(l.plan.size.quarterOf(n).Span().First, i).Add(10)
	var doc store.Doc[inspection.Visit]
	return []act{
		{hour(day.Add(-1), 15), partVisits, func(ctx context.Context) (err error) {
			doc, err = l.visits.Plan(ctx, planner, inspection.PlanVisit{Again: first.doc.ID, Day: day, Order: 1, Officers: []string{officers[0].ID, officers[1].ID}})
			return err
		}},
		{hour(day, 14), partVisits, func(ctx context.Context) (err error) {
			doc, err = l.answer(ctx, doc, officers, func(sheet *inspection.Sheet) []itemAnswer {
				answers := l.finds(i, n)(sheet)
				for k := range answers {
					if item, _, ok := sheet.Find(answers[k].item); ok && answers[k].found.Value == inspection.Conform {
						answers[k].found = inspection.Found{Value: inspection.Fail, Lost: item.Losses()[0], Note: "再评时看到，演示数据"}
						break
					}
				}
				return answers
			})
			return err
		}},
		{hour(day.Add(1), 14), partVisits, func(ctx context.Context) error {
			_, err := l.visits.Accept(ctx, reviewer, supervision.At{ID: doc.ID, Seq: doc.Seq})
			return err
		}},
	}
}

// visitTale is a visit of the demonstration: its document as it stands, and what happens to it.
type visitTale struct {
	doc  store.Doc[inspection.Visit]
	acts []act
}

// visit is planned a week ahead, done and signed in one go, and reviewed on the next day.
func (l *countyLoader) visit(series string, i, n int, day calendar.Date, planner, reviewer policy.Actor, officers []policy.Actor) *visitTale {
	tale := new(visitTale)
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
	tale.acts = []act{
		{hour(planned, 11), partVisits, func(ctx context.Context) (err error) {
			plan := inspection.PlanVisit{Project: l.projects[i], Series: series, Day: day, Order: int64(i/visitTours + 1), Officers: ids}
			if n == l.plan.size.quarters() && (i == firstServed(n) || i == firstServed(n)+2) {
				plan.Idem = l.drawnKey(planner, i)
			}
			tale.doc, err = l.visits.Plan(ctx, planner, plan)
			return err
		}},
		{hour(day, start), partVisits, func(ctx context.Context) (err error) {
			tale.doc, err = l.answer(ctx, tale.doc, officers, l.finds(i, n))
			return err
		}},
		{hour(reviewed, start), partVisits, func(ctx context.Context) error {
			_, err := l.visits.Accept(ctx, reviewer, supervision.At{ID: tale.doc.ID, Seq: tale.doc.Seq})
			return err
		}},
	}
	return tale
}

// finds is what a visit to a project in a quarter finds.
func (l *countyLoader) finds(i, n int) func(*inspection.Sheet) []itemAnswer {
	return func(sheet *inspection.Sheet) []itemAnswer { return l.plan.answers(sheet, i, n) }
}

// answer begins a visit, answers every item with what is found and lets all officers sign.
func (l *countyLoader) answer(ctx context.Context, doc store.Doc[inspection.Visit], officers []policy.Actor, found func(*inspection.Sheet) []itemAnswer) (store.Doc[inspection.Visit], error) {
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
	for _, a := range found(&sheet) {
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
