package conduct

import (
	"context"

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
func (s *Service) openIntake(ctx context.Context, b Book) (*registry.Intake[Line], error) {
	return registry.OpenIntake(ctx, s.Guard, b.rights().record, imports.Config[Line]{
		DB: s.DB, Name: b.kind() + "-import",
		Row: func(l Line) int64 { return l.Row }, Target: func(l Line) string { return l.FirmCode + "/" + l.Number },
		// Rights and scope were asked when the file was accepted.
		Checker: func() imports.Checker[Line] {
			return (&lineChecker{Service: s, book: b, find: s.Finder(), covers: func([]string, calendar.Date) bool { return true }}).check
		},
		Undoer:  func() imports.Undoer[Line] { return s.undoer(b) },
		Subject: func(l *Line) string { return b.kind() + "/" + s.DB.MAC(b.kind(), l.FirmCode+l.Number+l.Person)[:32] },
	}, func(ctx context.Context, by policy.Actor) (imports.Checker[Line], error) {
		scope, err := s.Guard.Scope(ctx, by, b.rights().record)
		return (&lineChecker{Service: s, book: b, find: s.Finder(), covers: scope.Covers}).check, err
	})
}

// Intake is where the rows of a book come in; every row then waits for another person.
func (s *Service) Intake(b Book) *registry.Intake[Line] { return s.intake[b] }

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
