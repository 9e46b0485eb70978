package web

import (
	"context"
	"fmt"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
)

// The pages of observations and visits.
const (
	observationsPath = "/observations"
	visitsPath       = "/visits"
	minePath         = "/visits/mine"
)

// termsOf asks for the periods; without a rating cycle there are none.
func termsOf(ctx context.Context, terms Terms) ([]cycle.Term, error) {
	if terms == nil {
		return nil, nil
	}
	return terms.Terms(ctx)
}

// Terms tells until when what happened on a day can still come to count; cycle.Service implements it.
type Terms interface {
	// Terms returns the periods that were laid down and not evaluated yet. Anybody may ask.
	Terms(ctx context.Context) ([]cycle.Term, error)
}

// ObservationTasks is the work with observations: to confirm those of others, to mend one's own.
type ObservationTasks struct {
	// Guard tells who may do what; Observations keeps them; Terms says until when they count. Only Terms may be nil: then nothing has a deadline.
	Guard        *policy.Guard
	Observations *supervision.Observations
	Terms        Terms
}

// Tasks implements Tasks.
func (t ObservationTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	confirm, record := t.Guard.Allow(by, policy.ReviewObservation), t.Guard.Allow(by, policy.RecordObservation)
	if !confirm && !record {
		return nil, nil
	}
	terms, err := termsOf(ctx, t.Terms)
	if err != nil {
		return nil, err
	}
	var out []Task
	if confirm {
		page, err := t.Observations.Queue(ctx, by, "")
		if err != nil {
			return nil, err
		}
		p := observationPile(page, terms, func(o *supervision.Observation) Task {
			return Task{Context: "先办" + o.Name + "的“" + o.Ask.Name + "”", Link: observationsPath + "/queue", Button: "去确认"}
		})
		out = append(out, p.lines(func(n string) string { return "确认观察记录 " + n + " 条" }, "个单位", page.Next != "")...)
	}
	if record {
		page, err := t.Observations.Returned(ctx, by, "")
		if err != nil {
			return nil, err
		}
		p := observationPile(page, terms, func(o *supervision.Observation) Task {
			return Task{Context: o.Name + "的“" + o.Ask.Name + "”：" + o.Reason, Link: observationsPath + "/returned", Button: "去改正"}
		})
		out = append(out, p.lines(func(n string) string { return "改正被退回的观察记录 " + n + " 条" }, "个单位", page.Next != "")...)
	}
	return out, nil
}

func observationPile(page store.Page[supervision.Observation], terms []cycle.Term, make func(o *supervision.Observation) Task) *pile {
	var p pile
	for _, d := range page.Docs {
		k := make(&d.State)
		k.Nav = observationsPath
		countsUntil(&k, terms, d.State.Day)
		p.add(k)
	}
	return &p
}

// countsUntil puts the cut-off of the first period that a day belongs to on a task; without one the task has no deadline.
func countsUntil(k *Task, terms []cycle.Term, day calendar.Date) {
	for _, term := range terms {
		if term.Days.Has(day) && (k.Due.IsZero() || term.Cutoff.Compare(k.Due) < 0) {
			k.Due, k.Basis = term.Cutoff, term.Name+"统计截止"
		}
	}
}

// VisitTasks is the work with visits: today's for who goes, signed sheets for who reviews.
type VisitTasks struct {
	// Guard tells who may do what; Visits keeps them; Terms says until when they count. Only Terms may be nil: then nothing has a deadline.
	Guard  *policy.Guard
	Visits *inspection.Visits
	Terms  Terms
}

// Tasks implements Tasks.
func (t VisitTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	var out []Task
	if walks(t.Guard, by) {
		page, err := t.Visits.Mine(ctx, by, "")
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			out = append(out, visitTask(by, d))
		}
	}
	if t.Guard.Allow(by, policy.PlanVisit) {
		again, err := t.again(ctx, by)
		if err != nil {
			return nil, err
		}
		out = append(out, again...)
	}
	if !t.Guard.Allow(by, policy.ReviewVisit) {
		return out, nil
	}
	terms, err := termsOf(ctx, t.Terms)
	if err != nil {
		return nil, err
	}
	page, err := t.Visits.Queue(ctx, by, "")
	if err != nil {
		return nil, err
	}
	var p pile
	for _, d := range page.Docs {
		k := Task{Context: "先办" + d.State.Name + "的" + d.State.Sheet.Title, Link: visitsPath + "/queue", Button: "去复核", Nav: visitsPath}
		countsUntil(&k, terms, d.State.Day)
		p.add(k)
	}
	return append(out, p.lines(func(n string) string { return "复核走访评价表 " + n + " 份" }, "个单位", page.Next != "")...), nil
}

// again is the task to send others to what was drawn to be scored a second time in the running quarter; none if all of it is planned.
func (t VisitTasks) again(ctx context.Context, by policy.Actor) ([]Task, error) {
	quarter := calendar.QuarterOf(calendar.DateOf(t.Visits.DB.Now()))
	pairs, err := t.Visits.Pairs(ctx, by, quarter)
	n := 0
	for _, p := range pairs {
		if p.Second.ID == "" {
			n++
		}
	}
	if n == 0 {
		return nil, err
	}
	return []Task{{Title: fmt.Sprintf("安排再评 %d 次", n), Context: "走访抽中双评，由另外的人在本季度内再走一次", Due: quarter.Span().Last, Basis: "评价表的 overlap", Link: visitsPath + "/again", Button: "去安排", Nav: visitsPath}}, err
}

// visitTask is one visit of one who goes.
func visitTask(by policy.Actor, d store.Doc[inspection.Visit]) Task {
	v := d.State
	k := Task{Due: v.Day, Order: v.Order, Basis: "安排的日期", Title: "走访" + v.Name, Context: fmt.Sprintf("当天第 %d 个", v.Order), Link: visitsPath + "/" + d.ID, Button: "去走访", Nav: minePath}
	if v.Sheet.Title != "" {
		k.Context = v.Sheet.Title + " · " + k.Context
	}
	switch {
	case v.State == inspection.Returned:
		k.Title, k.Context, k.Button = "改正"+v.Name+"的走访评价表", v.Reason, "去改正"
	case v.Signed(by.ID):
		k.Title, k.Party, k.Button, k.Waits = v.Name+"的走访评价表等另一位签名", "走访人员", "去查看", true
	case len(v.Signatures) > 0:
		k.Title, k.Button = "签名："+v.Name+"的走访评价表", "去签名"
	case v.State == inspection.Started:
		k.Title, k.Button = "走完并签名："+v.Name, "接着走访"
	}
	return k
}
