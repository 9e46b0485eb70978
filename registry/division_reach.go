package registry

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Reach is who answers for a township or community and on which phone.
type Reach struct {
	// Contact is a name, "" if only a phone is known.
	Contact string `json:"contact,omitempty" privacy:"pii"`
	// Phone is a mobile number or one with its area code.
	Phone string `json:"phone,omitempty" privacy:"pii"`
}

// check completes what was entered for a division of a level; the fields are contact and contact_phone.
func (r *Reach) check(level Level, bad *faults) {
	if level == LevelCounty || level == LevelGrid {
		bad.add("contact", "只有乡镇、社区（村）才登记联系人和电话")
		return
	}
	bad.person("contact", "联系人", &r.Contact)
	bad.phone("contact_phone", "联系电话", &r.Phone)
	if r.Contact != "" && r.Phone == "" {
		bad.add("contact_phone", "填了联系人，也要填联系电话")
	}
}

// reach puts what was entered into a division whose level is known.
func (in DivisionInput) reach(d *Division, today calendar.Date, bad *faults) {
	switch {
	case in.Reach == (Reach{}) && !in.Unreached:
	case in.Reach != (Reach{}) && in.Unreached:
		bad.add("unreached", "填了新的联系人，就不用删去原来的")
	case in.Unreached:
		d.setReach(Reach{}, today)
	default:
		in.Reach.check(d.Level, bad)
		d.setReach(in.Reach, today)
	}
}

// setReach replaces where a division is reached. What stood before keeps its key, which goes after its term.
func (d *Division) setReach(next Reach, today calendar.Date) {
	if next.Phone == store.PurgedText {
		next = Reach{}
	}
	if next == d.Reach {
		return
	}
	if d.Reach != (Reach{}) {
		d.Era++
	}
	d.Reach, d.Reached = next, today
}

// reachTold says what differs from before, without name and number.
func (d *Division) reachTold(before Division) []string {
	known, is := before.Reach != (Reach{}), d.Reach != (Reach{})
	switch {
	case is && !known:
		return []string{"登记了联系人和电话"}
	case known && !is:
		return []string{"删去了联系人和电话"}
	case is && before.Era != d.Era:
		return []string{"更换了联系人和电话"}
	}
	return nil
}

// reachSubject is under whose key a division will have what a line says of where it is reached.
func (s *Service) reachSubject(ctx context.Context, code string, next Reach) (string, error) {
	id, err := s.idOfCode(ctx, code)
	if err != nil {
		return "", err
	}
	d, err := standing(ctx, s.divisions, id)
	if err != nil {
		return "", err
	}
	if d.Deleted {
		return store.Era(d.Seq).Subject(divisionKind, id), nil
	}
	next.check(d.State.Level, &faults{})
	d.State.setReach(next, calendar.Date{})
	return d.State.Era.Subject(divisionKind, id), nil
}

// DivisionReach is where a division is reached, as an actor may know it.
type DivisionReach struct {
	Reach
	// Whole: it is not masked.
	Whole bool
}

// Reaches says where those of some divisions are reached that the actor's Divisions show: whole for who may see contacts there, masked for others. Divisions of which nothing is registered are left out. Returns Forbidden
// without ReadRegister.
func (s *Service) Reaches(ctx context.Context, by policy.Actor, ids ...string) (map[string]DivisionReach, error) {
	v, err := s.sightOf(ctx, by)
	if err != nil {
		return nil, err
	}
	contacts, err := s.guard.Scope(ctx, by, policy.ReadContacts)
	if err != nil {
		return nil, err
	}
	ids = slices.Clone(ids)
	slices.Sort(ids)
	out := map[string]DivisionReach{}
	for some := range slices.Chunk(slices.Compact(ids), store.MaxLimit) {
		docs, err := s.divisions.LoadEach(ctx, some)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			if d == nil || d.State.Reach == (Reach{}) {
				continue
			}
			seen, err := v.sees(ctx, rowOf(*d))
			if err != nil {
				return nil, err
			}
			if !seen {
				continue
			}
			keys, err := divisionView{Register: s.Register}.keys(ctx, d.ID, d.State)
			if err != nil {
				return nil, err
			}
			one := DivisionReach{d.State.Reach, d.Purged || contacts.Covers(keys, s.Today())}
			if !one.Whole {
				one.Contact, one.Phone = policy.MaskName(one.Contact), policy.MaskPhone(one.Phone)
			}
			out[d.ID] = one
		}
	}
	return out, nil
}

// OutlivedReaches yields where townships and communities were reached: what was replaced or taken out, from that day, and that of a division which was closed, from its last day.
func (r *Register) OutlivedReaches(ctx context.Context, yield func(policy.Outlived) error) error {
	today := calendar.DateOf(r.db.Now())
	closed := func(d *Division) bool {
		return d.Reach != (Reach{}) && !d.Days.Until.IsZero() && d.Days.Until.Compare(today) < 0
	}
	return every(ctx, r.divisions, store.Query{Index: byPlace}, func(d *store.Doc[Division]) bool { return d.State.Era > 0 || closed(&d.State) }, func(d store.Doc[Division]) error {
		subjects := d.State.Era.Subjects(divisionKind, d.ID)
		last := len(subjects) - 1
		for _, subject := range subjects[:last] {
			if err := yield(policy.Outlived{Subject: subject, Since: d.State.Reached}); err != nil {
				return err
			}
		}
		if !closed(&d.State) {
			return nil
		}
		return yield(policy.Outlived{Subject: subjects[last], Since: d.State.Days.Until})
	})
}
