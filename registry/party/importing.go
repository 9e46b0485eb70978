package party

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Row is one activity of a workbook. Its day says into which quarter's sheet it goes; photos are added on the page.
type Row struct {
	// Row is the number of the row in the sheet.
	Row int64 `json:"row"`
	// Line is the activity.
	Line
	// Firm is the name or the 统一社会信用代码 of the firm; Township and Community name the community, by name or code.
	Firm      string `json:"firm" privacy:"public"`
	Township  string `json:"township,omitempty" privacy:"public"`
	Community string `json:"community" privacy:"public"`
}

// quarter is the quarter whose sheet the activity belongs to.
func (r Row) quarter() calendar.Quarter { return calendar.QuarterOf(r.Day) }

// openIntake opens the imports of activities.
func (s *Service) openIntake(ctx context.Context) (*registry.Intake[Row], error) {
	return registry.OpenIntake(ctx, s.Guard, policy.RecordPartyFact, imports.Config[Row]{
		DB: s.DB, Name: "party-import", Row: func(r Row) int64 { return r.Row },
		Target: func(r Row) string { return r.Firm + "/" + r.Community + "/" + r.quarter().String() },
		// Right and scope were asked when the file was accepted.
		Checker: func() imports.Checker[Row] {
			return (&rowChecker{Service: s, find: s.Register.Finder(), covers: func([]string, calendar.Date) bool { return true }}).check
		},
		Undoer: func() imports.Undoer[Row] { return (&rowChecker{Service: s, find: s.Register.Finder()}).back },
	}, func(ctx context.Context, by policy.Actor) (imports.Checker[Row], error) {
		scope, err := s.Guard.Scope(ctx, by, policy.RecordPartyFact)
		return (&rowChecker{Service: s, find: s.Register.Finder(), covers: scope.Covers, pending: map[string]Sheet{}}).check, err
	})
}

// rowChecker checks the rows of one file, one after the other.
type rowChecker struct {
	*Service
	find   *registry.Finder
	covers func(keys []string, day calendar.Date) bool
	// pending are the sheets as the rows before would leave them, nil to look at what is stored only.
	pending map[string]Sheet
}

// named finds the sheet that a row names; nothing is looked at in it yet.
func (c *rowChecker) named(ctx context.Context, r Row) (At, []fault.Field, error) {
	firm, bad, err := c.find.FirmSaid(ctx, r.Firm)
	if err != nil {
		return At{}, nil, err
	}
	community, missing, err := c.find.Community(ctx, r.Township, r.Community)
	return At{Firm: firm, Community: community, Quarter: r.quarter().String()}, append(bad, missing...), err
}

// sheet loads a sheet as the rows before would leave it; one that does not exist yet has Seq 0.
func (c *rowChecker) sheet(ctx context.Context, at At) (store.Doc[Sheet], error) {
	doc, err := c.rows.Load(ctx, at.ID())
	if fault.Is(err, fault.NotFound) {
		doc = store.Doc[Sheet]{ID: at.ID()}
		doc.State, err = c.fresh(ctx, at)
	}
	if pending, ok := c.pending[at.ID()]; ok {
		doc.State = pending
	}
	return doc, err
}

// check says what a row would do: enter the activity, correct the one of its kind and day, or nothing.
func (c *rowChecker) check(ctx context.Context, r Row) (imports.Step, error) {
	faulty := func(bad []fault.Field) (imports.Step, error) {
		return imports.Step{Outcome: imports.Faulty, Faults: bad}, nil
	}
	at, bad, err := c.named(ctx, r)
	if err != nil {
		return imports.Step{}, err
	}
	if bad = append(bad, r.Line.check(r.quarter(), c.today())...); len(bad) > 0 {
		return faulty(bad)
	}
	doc, err := c.sheet(ctx, at)
	switch {
	case fault.Is(err, fault.Invalid):
		return faulty(fault.FieldsOf(err))
	case err != nil:
		return imports.Step{}, err
	case !c.covers(doc.State.Keys, doc.State.Day):
		return faulty([]fault.Field{{Name: "community", Message: "没有名为“" + r.Community + "”的社区（村）"}})
	}
	next := doc.State
	step := imports.Step{Outcome: imports.New, Key: doc.ID + "/" + string(r.Kind) + "/" + r.Day.String()}
	if now, ok := next.activity(r.Kind, r.Day); ok {
		step.Outcome = imports.Changed
		if r.Photo = now.Photo; now.same(r.Line) {
			step.Outcome = imports.Same
			return step, nil
		}
	}
	before := next.State
	if next.State, err = before.next(MoveFill); err != nil {
		return faulty([]fault.Field{{Name: "day", Message: doc.State.CommunityName + r.quarter().Chinese() + "的台账现在是“" + before.Title() + "”，退回或者更正以后才能再填"}})
	}
	if err := next.put(r.Line); err != nil {
		return faulty(fault.FieldsOf(err))
	}
	next.Last = MoveFill
	if c.pending != nil {
		c.pending[doc.ID] = next
	}
	step.Do = func(ctx context.Context, meta store.Meta, _ string) error {
		meta.Why = string(MoveFill)
		_, err := c.rows.Commit(ctx, meta, doc.ID, doc.Seq, next)
		return err
	}
	if doc.Seq == 0 {
		return step, nil
	}
	head, err := c.rows.Head(ctx, doc.ID)
	step.Cause = head.Meta.Cause
	return step, err
}

// activity is the activity of a kind and day; false if the sheet has none.
func (s *Sheet) activity(kind Kind, day calendar.Date) (Line, bool) {
	at := slices.IndexFunc(s.Lines, func(l Line) bool { return l.Kind == kind && l.Day == day })
	if at < 0 {
		return Line{}, false
	}
	return s.Lines[at], true
}

// same reports whether two activities say the same and have the same photo.
func (l Line) same(o Line) bool {
	if (l.Photo == nil) != (o.Photo == nil) || l.Photo != nil && *l.Photo != *o.Photo {
		return false
	}
	l.Photo, o.Photo = nil, nil
	return l == o
}

// back looks at a row that is to be taken back: an activity that nobody changed since goes, or is again what it was, as long as the sheet is being filled in.
func (c *rowChecker) back(ctx context.Context, r Row, cause, undone string) (imports.Undo, error) {
	out := imports.Undo{Outcome: imports.Nothing, Name: r.Day.Chinese() + registry.TextOf(Kinds(), r.Kind)}
	at, missing, err := c.named(ctx, r)
	if err != nil || len(missing) > 0 {
		return out, err
	}
	doc, err := c.rows.Load(ctx, at.ID())
	if err != nil {
		if fault.Is(err, fault.NotFound) {
			err = nil
		}
		return out, err
	}
	var made, before Line
	did, had, back := false, false, false
	last := Sheet{}
	for change, err := range c.rows.History(ctx, doc.ID) {
		switch {
		case err != nil:
			return out, err
		case change.Meta.Cause == cause:
			did = true
			before, had = last.activity(r.Kind, r.Day)
			made, _ = change.State.activity(r.Kind, r.Day)
		case change.Meta.Cause == undone && undone != "":
			back = true
		}
		last = change.State
	}
	now, there := doc.State.activity(r.Kind, r.Day)
	switch {
	case !did:
		return out, nil
	case back && had:
		out.Outcome = imports.Restored
		return out, nil
	case back, !there:
		if back {
			out.Outcome = imports.Withdrawn
		}
		return out, nil
	case !now.same(made):
		out.Outcome, out.Why = imports.Left, "导入以后又改过"
		return out, nil
	case !doc.State.State.Can(MoveFill):
		out.Outcome, out.Why = imports.Left, "台账现在是“"+doc.State.State.Title()+"”"
		return out, nil
	}
	next := doc.State
	next.Last = MoveFill
	if out.Outcome = imports.Withdrawn; had {
		out.Outcome = imports.Restored
		if err := next.put(before); err != nil {
			return out, err
		}
	} else {
		next.Lines = slices.DeleteFunc(slices.Clone(next.Lines), func(l Line) bool { return l.Kind == r.Kind && l.Day == r.Day })
	}
	out.Do = func(ctx context.Context, meta store.Meta) error {
		_, err := c.rows.Commit(ctx, meta, doc.ID, doc.Seq, next)
		return err
	}
	return out, nil
}
