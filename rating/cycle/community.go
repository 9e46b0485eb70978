package cycle

import (
	"context"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/wish"
)

// SourceCommunity is what firms took on in the community: wishes (微心愿) and tasks of deliberation (议事任务).
const SourceCommunity = "community"

// factTasks is the fact that it tells.
const factTasks = "community_tasks"

// Community makes readings of the wishes that firms took and of the tasks that they got, once each is decided:
//
//  1. A wish that its community confirmed counts as done, if its proof came by the last day for it; a task that somebody else confirmed, if it was reported by then.
//  2. One whose last day is over without either counts as not done. What was handed in by then and waits for its confirmation says nothing yet.
//  3. What was given back, taken away or given up before its last day was over says nothing.
//
// The day is the last day. What is about a compound that the firm holds then counts for that one, everything else for those that it holds in the community; a firm without any there has nothing of it.
type Community struct {
	// Wishes and Items are asked for what happened, nil for what is not used here; Firms for what a firm holds.
	Wishes *wish.Service
	Items  *deliberation.Service
	Firms  supervision.Holdings
}

// Source implements supervision.Readings.
func (c *Community) Source() string { return SourceCommunity }

func (c *Community) eachTwice(ctx context.Context, span calendar.Span, cutoff, now time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return twice(ctx, c, span, cutoff, now, upTo, yield)
}

// EachReading implements supervision.Readings.
func (c *Community) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	tell := func(where supervision.Where, list []supervision.Reading) error {
		for _, r := range list {
			if !span.Has(r.Day) {
				continue
			}
			held, err := c.Firms.Held(ctx, r.Firm, r.Day)
			if err != nil {
				return err
			}
			for _, place := range held {
				if place.Project != where.Project && (place.Community != where.Community || slices.ContainsFunc(held, func(o registry.Place) bool { return o.Project == where.Project })) {
					continue
				}
				r.Project = place.Project
				if err := yield(r); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if c.Wishes != nil {
		if err := c.Wishes.EveryLife(ctx, span.Last, func(life []store.Change[wish.Wish]) error {
			if life = known(life, asOf, upTo); len(life) == 0 {
				return nil
			}
			return tell(life[len(life)-1].State.Where, wishesServed(life, asOf))
		}); err != nil {
			return err
		}
	}
	if c.Items == nil {
		return nil
	}
	return c.Items.EveryLife(ctx, span.Last, func(life []store.Change[deliberation.Item]) error {
		if life = known(life, asOf, upTo); len(life) == 0 {
			return nil
		}
		return tell(life[len(life)-1].State.Where, tasksDone(life, asOf))
	})
}

// tookOn is a reading of one thing that a firm took on: whether it was done by its last day, or not; behind stands the record that says so.
func tookOn[T any](firm string, done bool, due calendar.Date, c *store.Change[T], accepted time.Time) supervision.Reading {
	n := map[bool]int64{true: 1}[done]
	return behind(supervision.Reading{Firm: firm, Fact: factTasks, Day: due, Accepted: accepted, Cells: cellsOf("community_tasks_done", n, "community_tasks_due", int64(1))}, c)
}

// firmOf is the firm of a key, "" for anybody else.
func firmOf(key string) string {
	firm, ok := strings.CutPrefix(key, policy.FirmKey(""))
	if !ok {
		return ""
	}
	return firm
}

// wishesServed are the readings of a wish as it is known at a moment: one for each firm that took it, if there is something to say.
func wishesServed(life []store.Change[wish.Wish], at time.Time) []supervision.Reading {
	var out []supervision.Reading
	var taken *store.Change[wish.Wish] // what says by whom and until when, nil while nobody serves
	end := func(now time.Time) {
		if taken == nil {
			return
		}
		w := &taken.State
		if firm := firmOf(w.Taker.Key); firm != "" && w.ServeBy.Late(now) {
			r := tookOn(firm, false, w.ServeBy.Due, taken, w.ServeBy.Due.Ends())
			r.ScoredBy = w.Hand.Signed()
			out = append(out, r)
		}
		taken = nil
	}
	var proved *wish.Proof // what came in time and waits
	for i := range life {
		w := &life[i].State
		switch {
		case w.Last == wish.StepConfirm && taken != nil:
			if firm := firmOf(w.Taker.Key); firm != "" && w.ServeBy.Resolved() {
				r := tookOn(firm, w.Proof != nil && !w.Proof.Late, w.ServeBy.Due, &life[i], life[i].At)
				r.ScoredBy, r.ReviewedBy = w.Proof.By.Signed(), w.Confirmed.Signed()
				out = append(out, r)
			}
			taken, proved = nil, nil
		case w.State == wish.Taken:
			// Taken, given more time, or given back to be done better: the last day may have moved.
			if taken == nil || taken.State.ServeBy != w.ServeBy {
				taken = &life[i]
			}
			proved = nil
		case w.State == wish.Proved:
			proved = w.Proof
		case taken != nil:
			end(life[i].At)
			proved = nil
		}
	}
	if proved == nil || proved.Late {
		end(at)
	}
	return out
}

// tasksDone are the readings of the tasks of firms in a deliberation as it is known at a moment.
func tasksDone(life []store.Change[deliberation.Item], at time.Time) []supervision.Reading {
	var out []supervision.Reading
	last := &life[len(life)-1].State
	for n := range last.Tasks {
		t := &last.Tasks[n]
		firm := firmOf(t.Key)
		if firm == "" || !t.Due.Resolved() {
			continue
		}
		in := func(holds func(t *deliberation.Task) bool) *store.Change[deliberation.Item] {
			return firstOf(life, func(i *deliberation.Item) bool { return n < len(i.Tasks) && holds(&i.Tasks[n]) })
		}
		intime := !t.Reported.IsZero() && t.Reported.Compare(t.Due.Due) <= 0
		switch {
		case t.State == deliberation.TaskDone:
			c := in(func(t *deliberation.Task) bool { return t.State == deliberation.TaskDone })
			r := tookOn(firm, intime, t.Due.Due, c, c.At)
			r.ScoredBy, r.ReviewedBy = t.ReportedBy, c.Meta.By
			out = append(out, r)
		case t.State == deliberation.TaskReported && intime, !t.Due.Late(at), last.State.Final() && last.Ended.Compare(t.Due.Due) <= 0:
			// It waits for its confirmation, it is not over, or the matter was given up before.
		default:
			c, accepted := in(func(*deliberation.Task) bool { return true }), t.Due.Due.Ends()
			for i := range life[:len(life)-1] {
				// What waited for its confirmation is not done since it was given back.
				if tasks := life[i].State.Tasks; n < len(tasks) && tasks[n].State == deliberation.TaskReported && life[i+1].At.After(accepted) {
					accepted = life[i+1].At
				}
			}
			r := tookOn(firm, false, t.Due.Due, c, accepted)
			r.ScoredBy = c.Meta.By
			out = append(out, r)
		}
	}
	return out
}
