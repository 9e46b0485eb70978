package inspection

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Asked is a rating period that asks for a second scoring of what lies near a cut in its present evaluation (临界复评).
type Asked struct {
	// Period is its id, Days what it is about, Projects the ids of those near a cut.
	Period   string
	Days     calendar.Span
	Projects []string
}

// asked are the periods that ask for second scorings now.
func (s *Visits) asked(ctx context.Context) ([]Asked, error) {
	if s.Asked == nil {
		return nil, nil
	}
	return s.Asked(ctx)
}

// eyes are the rows of somebody that decide what he sees of the visits of others. A second scoring is independent only if who scores saw nothing of the first. Who that will be is settled long
// after the first, so those who may see it and those who may be sent again are kept apart from the beginning: who only goes on visits sees nothing of what others scored as long as it may yet be scored again, and who plans, reviews or only reads visits sees
// it and is not sent.
type eyes struct {
	by                     policy.Actor
	read, do, plan, review policy.Scope
}

func (s *Visits) eyes(ctx context.Context, by policy.Actor) (e eyes, err error) {
	e.by = by
	for _, one := range []struct {
		scope *policy.Scope
		right policy.Action
	}{{&e.read, policy.ReadVisit}, {&e.do, policy.DoVisit}, {&e.plan, policy.PlanVisit}, {&e.review, policy.ReviewVisit}} {
		if *one.scope, err = s.Guard.Scope(ctx, by, one.right); err != nil {
			return e, err
		}
	}
	return e, nil
}

// again reports whether somebody may be sent to score a visit again: he goes on visits there, neither plans nor reviews them there, and had no part in this one. Those who score for a body or another firm reach what names them and nothing else.
func (e *eyes) again(v *Visit) bool {
	return v.Assessor == OwnPeople && e.do.Covers(v.Keys, v.Day) && !e.plan.Covers(v.Keys, v.Day) && !e.review.Covers(v.Keys, v.Day) && !slices.Contains(v.Officers, e.by.ID) &&
		!slices.ContainsFunc(v.Acts, func(a policy.Act) bool { return a.By == e.by.ID })
}

// MayGoAgain reports whether an account can be sent to score a visit again.
func (s *Visits) MayGoAgain(ctx context.Context, account string, first *Visit) (bool, error) {
	if slices.Contains(first.Officers, account) || slices.ContainsFunc(first.Acts, func(a policy.Act) bool { return a.By == account }) {
		return false, nil
	}
	if unfit, err := s.unfit(ctx, account, first); err != nil || unfit != "" {
		return false, err
	}
	_, saw, err := s.saw(ctx, account, first)
	return !saw, err
}

// saw reports whether an account may have seen what a visit found, so that it cannot be sent to score it again, and its name. An account that does not exist saw nothing.
func (s *Visits) saw(ctx context.Context, account string, first *Visit) (name string, saw bool, err error) {
	person, err := s.Crew.Person(ctx, account)
	if fault.Is(err, fault.NotFound) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	e, err := s.eyes(ctx, person)
	return person.Name, e.read.Covers(first.Keys, first.Day) && !e.again(first), err
}

// Kept implements supervision.Findings: the visits that are to be scored a second time and of which the actor sees nothing for now, because he does it or may be sent, by id: what was drawn in the running quarter and what lies near a cut, until the second scoring is accepted. It tells of
// today also to who looks back: on an earlier day nobody knew of the second scoring, but who asks knows.
func (s *Visits) Kept(ctx context.Context, by policy.Actor) (map[string]bool, error) {
	if s.duty.formal || !s.Guard.Allow(by, s.acting(by, policy.DoVisit)) {
		return nil, nil
	}
	ctx = store.Present(ctx)
	out := map[string]bool{}
	if err := s.eachVisit(ctx, byWork, officerKey(by.ID), func(_ string, v *Visit) bool {
		if v.Again != "" {
			out[v.Again] = true
		}
		return true
	}); err != nil || !s.Guard.Allow(by, policy.DoVisit) {
		return out, err
	}
	e, err := s.eyes(ctx, by)
	if err != nil {
		return nil, err
	}
	var first []string
	if err := s.eachVisit(ctx, byWork, drawnKey(calendar.QuarterOf(calendar.DateOf(s.DB.Now()))), func(id string, v *Visit) bool {
		if e.again(v) {
			first = append(first, id)
		}
		return true
	}); err != nil {
		return nil, err
	}
	for _, id := range first {
		second, err := s.secondOf(ctx, id)
		if err != nil {
			return nil, err
		}
		if second.State != SecondDone {
			out[id] = true
		}
	}
	return out, s.keptNear(ctx, &e, out)
}

// keptNear adds what somebody may be sent to score again because it lies near a cut: all that was scored of the project in the period, until one of it was scored twice.
func (s *Visits) keptNear(ctx context.Context, e *eyes, out map[string]bool) error {
	asked, err := s.asked(ctx)
	if err != nil {
		return err
	}
	for _, a := range asked {
		for _, project := range a.Projects {
			var first []string
			if err := s.eachVisit(ctx, byDay, policy.ProjectKey(project), func(id string, v *Visit) bool {
				if a.Days.Has(v.Day) && v.scored() && e.again(v) {
					first = append(first, id)
				}
				return v.Day.Compare(a.Days.First) >= 0
			}); err != nil {
				return err
			}
			done := false
			for _, id := range first {
				second, err := s.secondOf(ctx, id)
				if err != nil {
					return err
				}
				done = done || second.State == SecondDone
			}
			for _, id := range first {
				out[id] = out[id] || !done
			}
		}
	}
	return nil
}

// eachVisit calls f for each visit of a list, the latest first, until it returns false.
func (s *Visits) eachVisit(ctx context.Context, index, key string, f func(id string, v *Visit) bool) error {
	for q := (store.Query{Index: index, Key: key, Desc: true, Limit: store.MaxLimit}); ; {
		page, err := s.visits.List(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Docs {
			if !f(page.Docs[i].ID, &page.Docs[i].State) {
				return nil
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// unseen tells of which visits nothing is to be seen by an actor for now: those of Kept, and what others are scoring at the moment, since the draw may yet take it.
func (s *Visits) unseen(ctx context.Context, by policy.Actor) (func(id string, v *Visit) bool, error) {
	again, err := s.Kept(ctx, by)
	if err != nil {
		return nil, err
	}
	if s.duty.formal || !s.Guard.Allow(by, policy.DoVisit) {
		return func(id string, _ *Visit) bool { return again[id] }, nil
	}
	e, err := s.eyes(ctx, by)
	return func(id string, v *Visit) bool { return again[id] || v.State == Started && e.again(v) }, err
}
