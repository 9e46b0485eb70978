package conduct

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

// Line is one row of a workbook of a book, read but not yet checked.
type Line struct {
	// Row is the number of the row in the sheet.
	Row int64 `json:"row"`
	// Input is what the row says; Firm and Project are found from the words.
	Input
	// FirmCode is the 统一社会信用代码 of the firm; Township, Community and ProjectName name a project, which may be left out.
	FirmCode    string `json:"firm_code" privacy:"public"`
	Township    string `json:"township,omitempty" privacy:"public"`
	Community   string `json:"community,omitempty" privacy:"public"`
	ProjectName string `json:"project_name,omitempty" privacy:"public"`
}

// openIntake opens the imports of a book.
func (s *Service) openIntake(ctx context.Context, b Book) (*imports.Importer[Line], error) {
	return imports.Open(ctx, imports.Config[Line]{
		DB: s.DB, Name: b.kind() + "-import", Action: string(b.rights().record),
		Row: func(l Line) int64 { return l.Row }, Target: func(l Line) string { return l.FirmCode + "/" + l.Number },
		// Rights and scope were asked when the file was accepted.
		Checker: func() imports.Checker[Line] {
			return (&lineChecker{Service: s, book: b, find: s.Finder(), covers: func([]string, calendar.Date) bool { return true }}).check
		},
		Undoer:  func() imports.Undoer[Line] { return s.undoer(b) },
		Subject: func(l *Line) string { return b.kind() + "/" + s.DB.MAC(b.kind(), l.FirmCode+l.Number+l.Person)[:32] },
	})
}

// lineChecker checks the lines of one file, one after the other.
type lineChecker struct {
	*Service
	book   Book
	find   *registry.Finder
	covers func(keys []string, day calendar.Date) bool
}

// check says what a line would do: enter it, or nothing because its document is entered already.
func (c *lineChecker) check(ctx context.Context, l Line) (imports.Step, error) {
	faulty := func(bad []fault.Field) (imports.Step, error) {
		return imports.Step{Outcome: imports.Faulty, Faults: bad}, nil
	}
	firm, bad, err := c.find.Firm(ctx, l.FirmCode)
	if err != nil {
		return imports.Step{}, err
	}
	if l.Firm = firm; l.ProjectName != "" {
		project, missing, err := c.find.Project(ctx, l.Township, l.Community, l.ProjectName)
		if err != nil {
			return imports.Step{}, err
		}
		l.Project, bad = project, append(bad, missing...)
	}
	if len(bad) > 0 {
		_, more := l.Input.check(c.book, c.Terms, c.today())
		return faulty(append(bad, more...))
	}
	e, bad, err := c.entry(ctx, c.book, l.Input)
	if err != nil {
		return imports.Step{}, err
	}
	if len(bad) == 0 && !c.covers(e.Keys, e.Day) {
		bad = []fault.Field{registry.NoFirm(l.FirmCode)}
	}
	if len(bad) > 0 {
		return faulty(bad)
	}
	id := c.identity(c.book, e.Input)
	step := imports.Step{Outcome: imports.New, Key: id, Do: func(ctx context.Context, meta store.Meta, _ string) error {
		seq, err := c.vacant(ctx, c.book, id)
		if err != nil {
			return err
		}
		e.State, e.Last, e.Acts = Recorded, MoveRecord, []policy.Act{{Part: policy.PartMake, By: meta.By}}
		_, err = c.books[c.book].Commit(ctx, meta, id, seq, e)
		return err
	}}
	head, err := c.books[c.book].Head(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return step, nil
	case err != nil:
		return step, err
	case head.State.State == Withdrawn:
		return step, nil
	case head.State.Class != e.Class || head.State.Months != e.Months:
		return faulty([]fault.Field{{Name: "number", Message: "这份文书已经登记，内容不同，请到那一条里办理：" + head.State.ClassTitle}})
	}
	step.Outcome, step.ID, step.Cause = imports.Same, id, head.Meta.Cause
	return step, nil
}

// undoer looks at lines that are to be taken back: what nobody has decided yet is withdrawn, the rest stays.
func (s *Service) undoer(b Book) imports.Undoer[Line] {
	find := s.Finder()
	return func(ctx context.Context, l Line, cause, undone string) (imports.Undo, error) {
		out := imports.Undo{Outcome: imports.Nothing, Name: l.Title}
		firm, _, err := find.Firm(ctx, l.FirmCode)
		if err != nil {
			return out, err
		}
		if l.Firm = firm; l.ProjectName != "" {
			if l.Project, _, err = find.Project(ctx, l.Township, l.Community, l.ProjectName); err != nil {
				return out, err
			}
		}
		_, _ = l.Input.check(b, s.Terms, s.today()) // trims the texts as when it came in
		id := s.identity(b, l.Input)
		head, err := s.books[b].Head(ctx, id)
		switch {
		case fault.Is(err, fault.NotFound):
			return out, nil
		case err != nil:
			return out, err
		case head.Meta.Cause == undone:
			out.Outcome = imports.Withdrawn
			return out, nil
		case head.Meta.Cause != cause && head.State.State == Withdrawn:
			return out, nil
		case head.Meta.Cause != cause:
			out.Outcome, out.Why = imports.Left, "导入以后已经办理过，现在是“"+head.State.State.Title()+"”"
			return out, nil
		}
		out.Outcome = imports.Withdrawn
		out.Do = func(ctx context.Context, meta store.Meta) error {
			e := head.State
			e.State, e.Last = Withdrawn, MoveWithdraw
			_, err := s.books[b].Commit(ctx, meta, id, head.Seq, e)
			return err
		}
		return out, nil
	}
}

// checking checks the lines of a file for an actor.
func (s *Service) checking(ctx context.Context, by policy.Actor, b Book) (imports.Checker[Line], error) {
	scope, err := s.scope(ctx, by, b.rights().record)
	if err != nil {
		return nil, err
	}
	return (&lineChecker{Service: s, book: b, find: s.Finder(), covers: scope.Covers}).check, nil
}

// DryImport checks every row of a workbook and keeps the lines for a day. Nothing is journaled. Returns Forbidden without the right to record, Invalid for no row at all or
// too many.
func (s *Service) DryImport(ctx context.Context, by policy.Actor, b Book, f imports.File[Line]) (imports.DryRun, error) {
	check, err := s.checking(ctx, by, b)
	if err != nil {
		return imports.DryRun{}, err
	}
	f.Kind, f.Lines = string(b), slices.Clone(f.Lines)
	return s.intake[b].DryRun(ctx, by.ID, f, check)
}

// AcceptImport accepts a dry run and returns the id of the import. Every row then waits for another person. Returns Forbidden, NotFound for a dry run that is not the actor's or
// has expired, Conflict if rows with faults are not to be left out or nothing is left to import.
func (s *Service) AcceptImport(ctx context.Context, by policy.Actor, b Book, draft string, onlyGood bool) (string, error) {
	check, err := s.checking(ctx, by, b)
	if err != nil {
		return "", err
	}
	return s.intake[b].Accept(ctx, by.ID, draft, onlyGood, check)
}

// OneImport returns an import of the actor. Returns Forbidden without the right to record, NotFound for one of somebody else.
func (s *Service) OneImport(ctx context.Context, by policy.Actor, b Book, id string) (imports.View, error) {
	if err := s.Guard.Require(by, b.rights().record); err != nil {
		return imports.View{}, err
	}
	v, err := s.intake[b].One(ctx, id)
	if err == nil && v.By != by.ID {
		return imports.View{}, fault.New("conduct.OneImport", fault.NotFound, "没有找到这次导入")
	}
	return v, err
}

// Imports lists the last 20 imports of the actor, newest first. Returns Forbidden without the right to record.
func (s *Service) Imports(ctx context.Context, by policy.Actor, b Book) ([]imports.View, error) {
	if err := s.Guard.Require(by, b.rights().record); err != nil {
		return nil, err
	}
	return s.intake[b].RecentOf(ctx, by.ID)
}

// LookBackImport says what taking an import back would do. Errors as those of OneImport, Conflict for one that is not done or is taken back already.
func (s *Service) LookBackImport(ctx context.Context, by policy.Actor, b Book, id string) (imports.Lookback, error) {
	if _, err := s.OneImport(ctx, by, b, id); err != nil {
		return imports.Lookback{}, err
	}
	return s.intake[b].LookBack(ctx, id, s.undoer(b))
}

// ReverseImport says that an import is to be taken back, with a reason; what was decided since stays. Errors as those of LookBackImport, Invalid for the field reason.
func (s *Service) ReverseImport(ctx context.Context, by policy.Actor, b Book, id string, seq int64, why string) error {
	if _, err := s.OneImport(ctx, by, b, id); err != nil {
		return err
	}
	return s.intake[b].Reverse(ctx, by.ID, id, seq, why)
}

// RunImports applies what was accepted and not yet done, and returns how many imports it finished.
func (s *Service) RunImports(ctx context.Context) (int, error) {
	done := 0
	for _, b := range Books() {
		n, err := s.intake[b].RunAccepted(ctx)
		if done += n; err != nil {
			return done, err
		}
	}
	return done, nil
}

// Wake makes Run look for accepted imports.
func (s *Service) Wake() {
	for _, b := range Books() {
		s.intake[b].Wake()
	}
}

// Run applies the imports of a book when one is accepted, until ctx ends. failed gets what went wrong.
func (s *Service) Run(ctx context.Context, b Book, failed func(error)) { s.intake[b].Run(ctx, failed) }
