package inspection

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// Some visits are scored a second time by others (双评), so that it can be told later how severely somebody scores. Which ones, a keyed hash of the visit's id decides when all have signed:
// nobody knows before, and nobody chooses. Who scores a second time does not see the first answers before his own are accepted: all who may be sent see nothing of them from the beginning (Kept), and nobody else is sent. Both visits count, as any two of a quarter do. Besides, what lies near a cut is scored a second time in the same way for the rating period
// that asks (临界复评): after its evaluation, counting as of the day of the first.

// againClaim names the one second scoring of a visit.
const againClaim = "visit-again"

// Falls reports whether the draw takes a visit with an id, of which percent of a hundred are taken. Nothing that people use asks it before all have signed; who makes up a demonstration does.
func (s *Visits) Falls(visit string, percent int64) bool {
	if s.Draw != nil {
		return s.Draw(visit, percent)
	}
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
	if !first.Drawn && v.For == "" {
		return nil, notDrawn()
	}
	if v.For != "" && v.Firm != first.Firm {
		return nil, fault.New("inspection.againFaults", fault.Conflict, "物业服务企业已经更换，再走一次看到的不是同一家的服务，不用再评")
	}
	var bad []fault.Field
	span := calendar.QuarterOf(first.Day).Span()
	if !v.Day.IsZero() && v.For == "" && (v.Day.Compare(first.Day) < 0 || !span.Has(v.Day)) {
		bad = append(bad, fault.Field{Name: "day", Message: fmt.Sprintf("再评要在前一次的%s至本季度末%s之间", first.Day.Chinese(), span.Last.Chinese())})
	}
	if slices.ContainsFunc(v.Officers, func(id string) bool { return slices.Contains(first.Officers, id) }) {
		bad = append(bad, fault.Field{Name: "officers", Message: "再评要由另外的人走访，前一次的走访人员不能再去"})
	} else if slices.ContainsFunc(first.Acts, func(a policy.Act) bool { return slices.Contains(v.Officers, a.By) }) {
		bad = append(bad, fault.Field{Name: "officers", Message: "再评要由没有看过前一次结果的人走访，复核过前一次的人不能去"})
	} else {
		for _, id := range v.Officers {
			name, saw, err := s.saw(ctx, id, first)
			if err != nil {
				return nil, err
			}
			if saw {
				bad = append(bad, fault.Field{Name: "officers", Message: "再评要由看不到前一次结果的人走访，" + name + "还有安排、复核或者查看这里走访的职务，看得到"})
			}
		}
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

// Drawn is a visit that was drawn, or is to be scored a second time for a rating period, "" for none, in which its project lies near a cut, without what was found. Returns Forbidden without PlanVisit, NotFound outside the scope, Conflict for one that was neither.
func (s *Visits) Drawn(ctx context.Context, by policy.Actor, id, period string) (Visit, error) {
	scope, err := s.desk.Scope(ctx, by, policy.PlanVisit)
	if err != nil {
		return Visit{}, err
	}
	doc, err := s.desk.Load(ctx, "inspection.Drawn", scope, id)
	switch {
	case err != nil:
	case period != "":
		err = s.wanted(ctx, period, &doc.State)
	case !doc.State.Drawn:
		err = notDrawn()
	}
	v := doc.State
	v.Points, v.Full, v.Given, v.Sums = 0, 0, nil, nil
	return v, err
}

// wanted refuses to score a visit a second time for a rating period: its project must be near a cut there, and the visit one that counts and is no second one itself.
func (s *Visits) wanted(ctx context.Context, period string, first *Visit) error {
	const op = "inspection.wanted"
	asked, err := s.asked(ctx)
	if err != nil {
		return err
	}
	switch {
	case !slices.ContainsFunc(asked, func(a Asked) bool { return a.Period == period && slices.Contains(a.Projects, first.Project) }):
		return fault.New(op, fault.Conflict, first.Name+"在这一期不临界，不用第二人评分")
	case !first.scored():
		return fault.New(op, fault.Conflict, "这次走访不计入评价，或者本身就是再评，不能再评一次")
	}
	return nil
}

// scored reports whether a visit gives points that count and is no second one.
func (v *Visit) scored() bool {
	return v.State == Accepted && !v.Aside && v.Full > 0 && v.Again == ""
}

// SecondState is where the second scoring of a project stands.
type SecondState string

// The states of a second scoring.
const (
	// SecondNone: nobody scored the project in these days, so there is nothing to score a second time.
	SecondNone SecondState = "none"
	// SecondMoot: another firm serves it now.
	SecondMoot SecondState = "moot"
	// SecondOpen: nobody is sent yet.
	SecondOpen SecondState = "open"
	// SecondPlanned: somebody is sent or has not been reviewed yet.
	SecondPlanned SecondState = "planned"
	// SecondDone: accepted.
	SecondDone SecondState = "done"
)

// Title is the state for people.
func (s SecondState) Title() string {
	switch s {
	case SecondNone:
		return "没有走访"
	case SecondMoot:
		return "企业已更换"
	case SecondOpen:
		return "待安排"
	case SecondPlanned:
		return "再评中"
	case SecondDone:
		return "已再评"
	}
	return ""
}

// Waits reports whether something is still to be done.
func (s SecondState) Waits() bool { return s == SecondOpen || s == SecondPlanned }

// Second is the second scoring of what was scored of a project in a period.
type Second struct {
	State SecondState
	// First is the visit to be scored a second time, or the one that was, Other the second one, "" without any.
	First, Other string
	// Accepted is when the second one was, For the rating period for which it was done, "" for one that was drawn.
	Accepted journal.Time
	For      string
}

// Second tells where the second scoring of a project stands that a firm served in some days: any visit of these days that was scored twice is enough, whether a draw or a cut asked for it; else the last one is to be.
// It asks for no right and shows nothing of what was found.
func (s *Visits) Second(ctx context.Context, project, firm string, days calendar.Span) (Second, error) {
	out := Second{State: SecondNone}
	if !journal.ValidPart(project) {
		return out, nil
	}
	for q := (store.Query{Index: byDay, Key: policy.ProjectKey(project), Desc: true, Limit: store.MaxLimit}); ; {
		page, err := s.visits.List(ctx, q)
		if err != nil {
			return out, err
		}
		for _, d := range page.Docs {
			v := &d.State
			if !days.Has(v.Day) || v.Firm != firm || !v.scored() {
				continue
			}
			one, err := s.secondOf(ctx, d.ID)
			if err != nil {
				return out, err
			}
			if out.First == "" || one.State == SecondDone || one.State == SecondPlanned && out.State == SecondOpen {
				out = one
			}
		}
		if q.After = page.Next; q.After == "" || out.State == SecondDone {
			break
		}
	}
	if out.State != SecondOpen {
		return out, nil
	}
	place, err := s.Places.Place(ctx, project, calendar.DateOf(s.DB.Now()))
	if err == nil && place.Firm != firm {
		out.State = SecondMoot
	}
	return out, err
}

// secondOf finds the second scoring of a visit.
func (s *Visits) secondOf(ctx context.Context, first string) (Second, error) {
	out := Second{State: SecondOpen, First: first}
	held, err := s.DB.Claimed(ctx, againClaim, first)
	if fault.Is(err, fault.NotFound) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	id := held[len(s.duty.visit)+1:]
	doc, err := s.visits.Load(ctx, id)
	switch v := &doc.State; {
	case fault.Is(err, fault.NotFound) || err == nil && v.State == Cancelled:
		return out, nil // a claim whose visit did not come about, or was taken off the list
	case err != nil:
		return out, err
	case v.State == Accepted:
		return Second{State: SecondDone, First: first, Other: id, Accepted: v.Reviewed.At, For: v.For}, nil
	default:
		return Second{State: SecondPlanned, First: first, Other: id, For: v.For}, nil
	}
}

func notDrawn() error {
	return fault.New("inspection.notDrawn", fault.Conflict, "这次走访没有抽中再评")
}

// Pair is a visit that was drawn, or is scored a second time for a rating period, with its second scoring.
type Pair struct {
	// First is the visit, Second the other one, without an id as long as none is planned. Points of First are left out for who scores a second time.
	First, Second store.Doc[Visit]
	// Kept: the answers of First are kept from the actor.
	Kept bool
}

// Pairs lists what was drawn in a quarter, in the order of the visits, and then what is scored a second time in it because its project lies near a cut (Visit.For). Returns Forbidden without PlanVisit.
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
		delete(second, out[i].First.ID)
	}
	for _, id := range slices.Sorted(maps.Keys(second)) { // the first may lie in the quarter before
		if second[id].State.For == "" {
			continue
		}
		first, err := s.visits.Load(ctx, id)
		if err != nil {
			return nil, err
		}
		out = append(out, Pair{First: first, Second: second[id], Kept: kept[id]})
	}
	for i := range out {
		if out[i].Kept {
			v := &out[i].First.State
			v.Points, v.Full, v.Given, v.Sums = 0, 0, nil, nil
		}
	}
	return out, nil
}
