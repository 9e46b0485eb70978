package inspection

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
)

// List returns a page of draws, the latest first, and the cursor of the next. Returns Forbidden without DrawInspection.
func (s *Draws) List(ctx context.Context, by policy.Actor, after string) (store.Page[Draw], error) {
	page, err := s.rows.Page(ctx, by, store.Query{Index: casework.ByScope, Desc: true, After: after, Limit: casework.PageSize}, func(*Draw) bool { return true })
	for i := range page.Docs {
		page.Docs[i].State.hide()
	}
	return page, err
}

// hide takes the seed out as long as nobody is to know it.
func (d *Draw) hide() {
	if !d.State.Open() {
		d.Seed = ""
	}
}

// One returns a draw. Returns Forbidden without DrawInspection, NotFound.
func (s *Draws) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Draw], error) {
	doc, err := s.rows.One(ctx, by, id)
	doc.State.hide()
	return doc, err
}

// History returns the steps of a draw, oldest first. Returns what One returns.
func (s *Draws) History(ctx context.Context, by policy.Actor, id string) ([]store.Change[Draw], error) {
	return s.rows.History(ctx, by, id)
}

// ListsOf are the frozen lists of a draw and what was left out of them. Returns what One returns.
func (s *Draws) ListsOf(ctx context.Context, by policy.Actor, id string) (Lists, []LeftOut, error) {
	doc, err := s.rows.One(ctx, by, id)
	if err != nil {
		return Lists{}, nil, err
	}
	lists, err := s.lists(ctx, id, &doc.State)
	return lists.Lists, lists.Left, err
}

// Can reports whether the actor may do a step now, as far as state, day and rights say.
func (s *Draws) Can(by policy.Actor, d *Draw, do DrawStep) bool {
	if _, err := d.State.next(do); err != nil || !s.Inspections.Guard.Allow(by, policy.DrawInspection) {
		return false
	}
	switch do {
	case StepDrawLots:
		return s.Inspections.Today().Compare(d.First(s.Inspections.Agenda)) >= 0
	case StepArrange:
		return !d.planned()
	case StepOpen:
		return d.planned() && policy.Separate(by, policy.PartCheck, d.Acts) == nil
	}
	return true
}

// Pending is a finished inspection of a draw whose result is not public yet, with its period.
type Pending struct {
	// Name is the compound, State where its inspection stands.
	Name  string
	State State
	// Clock is the period for making the result public, from the day of the inspection.
	Clock calendar.Deadline
}

// Pending are the finished inspections of a draw whose results are not public, in the order of the draw. It asks for no right: who calls has seen the draw.
func (s *Draws) Pending(ctx context.Context, d *Draw) ([]Pending, error) {
	var out []Pending
	for i := range d.Picks {
		p := &d.Picks[i]
		if p.over() || p.Inspection == "" {
			continue
		}
		doc, err := s.Inspections.Load(ctx, p.Inspection)
		if err != nil {
			return nil, err
		}
		one := Pending{Name: p.Name, State: doc.State.State}
		if a := doc.State.Answered; a != nil {
			if one.Clock, err = s.Inspections.Deadlines(ruleShow, a.Paper.Day); err != nil {
				return nil, err
			}
		}
		out = append(out, one)
	}
	return out, nil
}

// open takes out what only the bureau sees of a public draw.
func (d *Draw) open() {
	d.hide()
	d.Acts = nil
	if !d.State.Open() {
		d.Picks = nil
	}
	d.Picks = slices.Clone(d.Picks)
	for i := range d.Picks {
		d.Picks[i].Inspection = ""
	}
}

// Published returns a page of public draws, the latest first. It asks for no right.
func (s *Draws) Published(ctx context.Context, after string) (store.Page[Draw], error) {
	page, err := s.rows.Docs.List(ctx, store.Query{Index: byPublic, Key: everybody, Desc: true, After: after, Limit: registry.PageSize})
	for i := range page.Docs {
		page.Docs[i].State.open()
	}
	return page, err
}

// PublicOne is a public draw with its lists, without accounts. It asks for no right. Returns NotFound for one that is not public.
func (s *Draws) PublicOne(ctx context.Context, id string) (store.Doc[Draw], Lists, []LeftOut, error) {
	const op = "inspection.PublicOne"
	none := fault.New(op, fault.NotFound, "没有找到这次抽取")
	if !journal.ValidPart(id) {
		return store.Doc[Draw]{}, Lists{}, nil, none
	}
	doc, err := s.rows.Docs.Load(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound) || err == nil && !doc.State.Public():
		return store.Doc[Draw]{}, Lists{}, nil, none
	case err != nil:
		return doc, Lists{}, nil, err
	}
	lists, err := s.lists(ctx, id, &doc.State)
	doc.State.open()
	for i := range lists.Inspectors {
		lists.Inspectors[i].Account = ""
	}
	return doc, lists.Lists, lists.Left, err
}

// FileOf is the file of a public draw: the frozen lists, with seed and result once they are public. Returns what PublicOne returns.
func (s *Draws) FileOf(ctx context.Context, id string) (DrawFile, error) {
	doc, lists, _, err := s.PublicOne(ctx, id)
	d := &doc.State
	f := DrawFile{Draw: DrawFormat, Title: d.Title, Commitment: d.Commitment, Digest: d.Digest, Seed: d.Seed, Lists: lists}
	for _, p := range d.Picks {
		f.Picks = append(f.Picks, p.Pick)
	}
	return f, err
}
