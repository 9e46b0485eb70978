package inspection

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// Some visits are scored a second time by others (双评), so that it can be told later how severely somebody scores. Which ones, a keyed hash of the visit's id decides when all have signed:
// nobody knows before, and nobody chooses. Who scores a second time does not see the first answers before his own are accepted. Both visits count, as any two of a quarter do.

// againClaim names the one second scoring of a visit.
const againClaim = "visit-again"

// Falls reports whether the draw takes a visit with an id, of which percent of a hundred are taken. Nothing that people use asks it before all have signed; who makes up a demonstration does.
func (s *Visits) Falls(visit string, percent int64) bool {
	n, err := strconv.ParseUint(s.DB.MAC("visit-overlap", visit)[:8], 16, 32)
	return err == nil && int64(n%100) < percent
}

// againFaults says what a second scoring breaks: it lies in the quarter of the first, not before it, and is done by others. None for a visit that is no second one. Returns Conflict for a
// first one that nobody drew.
func (s *Visits) againFaults(ctx context.Context, v *Visit) ([]fault.Field, error) {
	if v.Again == "" {
		return nil, nil
	}
	doc, err := s.visits.Load(ctx, v.Again)
	if err != nil {
		return nil, err
	}
	first := &doc.State
	if !first.Drawn {
		return nil, notDrawn()
	}
	var bad []fault.Field
	span := calendar.QuarterOf(first.Day).Span()
	if !v.Day.IsZero() && (v.Day.Compare(first.Day) < 0 || !span.Has(v.Day)) {
		bad = append(bad, fault.Field{Name: "day", Message: fmt.Sprintf("再评要在前一次的%s至本季度末%s之间", first.Day.Chinese(), span.Last.Chinese())})
	}
	if slices.ContainsFunc(v.Officers, func(id string) bool { return slices.Contains(first.Officers, id) }) {
		bad = append(bad, fault.Field{Name: "officers", Message: "再评要由另外的人走访，前一次的走访人员不能再去"})
	} else if slices.ContainsFunc(first.Acts, func(a policy.Act) bool { return slices.Contains(v.Officers, a.By) }) {
		bad = append(bad, fault.Field{Name: "officers", Message: "再评要由没有看过前一次结果的人走访，复核过前一次的人不能去"})
	}
	return bad, nil
}

// refusedAgain is Conflict with what a second scoring breaks, nil without any.
func refusedAgain(bad []fault.Field) error {
	if len(bad) == 0 {
		return nil
	}
	return fault.New("inspection.refusedAgain", fault.Conflict, bad[0].Message)
}

// claimAgain takes the place of the second scoring of a visit; one that was cancelled gives it up. Returns Conflict if there is another one.
func (s *Visits) claimAgain(ctx context.Context, meta store.Meta, first, id string) error {
	target := s.duty.visit + "/" + id
	err := s.DB.Claim(ctx, meta, againClaim, first, target)
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	held, heldErr := s.DB.Claimed(ctx, againClaim, first)
	if heldErr != nil {
		return err
	}
	other, heldErr := s.visits.Load(ctx, held[len(s.duty.visit)+1:])
	if heldErr != nil || other.State.State != Cancelled {
		return fault.Wrap("inspection.claimAgain", fault.Conflict, "这次走访的再评已经安排，请在列表里打开它", err)
	}
	if err := s.DB.Release(ctx, meta, againClaim, first, held); err != nil {
		return err
	}
	return s.DB.Claim(ctx, meta, againClaim, first, target)
}

// Kept implements supervision.Findings: the visits that the actor scores a second time and of which nothing is to be seen by him before his own is accepted. It tells of today also to who
// looks back: on an earlier day nobody knew of the second scoring, but who asks knows.
func (s *Visits) Kept(ctx context.Context, by policy.Actor) (map[string]bool, error) {
	if s.duty.formal || !s.Guard.Allow(by, s.acting(by, policy.DoVisit)) {
		return nil, nil
	}
	ctx = store.Present(ctx)
	out := map[string]bool{}
	for q := (store.Query{Index: byWork, Key: officerKey(by.ID), Limit: store.MaxLimit}); ; {
		page, err := s.visits.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			if d.State.Again != "" {
				out[d.State.Again] = true
			}
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// Drawn is a visit that was drawn, without what was found. Returns Forbidden without PlanVisit, NotFound outside the scope, Conflict for one that was not drawn.
func (s *Visits) Drawn(ctx context.Context, by policy.Actor, id string) (Visit, error) {
	scope, err := s.desk.Scope(ctx, by, policy.PlanVisit)
	if err != nil {
		return Visit{}, err
	}
	doc, err := s.desk.Load(ctx, "inspection.Drawn", scope, id)
	if err == nil && !doc.State.Drawn {
		err = notDrawn()
	}
	v := doc.State
	v.Points, v.Full, v.Given, v.Sums = 0, 0, nil, nil
	return v, err
}

func notDrawn() error {
	return fault.New("inspection.notDrawn", fault.Conflict, "这次走访没有抽中再评")
}

// Pair is a visit that was drawn, with its second scoring.
type Pair struct {
	// First is the visit, Second the other one, without an id as long as none is planned. Points of First are left out for who scores a second time.
	First, Second store.Doc[Visit]
	// Kept: the answers of First are kept from the actor.
	Kept bool
}

// Pairs lists what was drawn in a quarter, in the order of the visits. Returns Forbidden without PlanVisit.
func (s *Visits) Pairs(ctx context.Context, by policy.Actor, quarter calendar.Quarter) ([]Pair, error) {
	scope, err := s.desk.Scope(ctx, by, policy.PlanVisit)
	if err != nil {
		return nil, err
	}
	kept, err := s.Kept(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []Pair
	second := map[string]store.Doc[Visit]{}
	for q := supervision.ScopeQuery(scope, byDay, "", "/"+quarter.String()); ; {
		q.Limit = store.MaxLimit
		page, err := s.visits.ListWhere(ctx, q, func(d *store.Doc[Visit]) bool {
			return scope.Covers(d.State.Keys, d.State.Day) && d.State.State != Cancelled && (d.State.Drawn || d.State.Again != "")
		})
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			if d.State.Drawn {
				out = append(out, Pair{First: d, Kept: kept[d.ID]})
			} else {
				second[d.State.Again] = d
			}
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	for i := range out {
		out[i].Second = second[out[i].First.ID]
		if out[i].Kept {
			v := &out[i].First.State
			v.Points, v.Full, v.Given, v.Sums = 0, 0, nil, nil
		}
	}
	return out, nil
}
