package registry

import (
	"context"

	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/policy"
)

// storedLine is a line of an accepted import. Subject is the firm, developer or division whose people it names.
type storedLine struct {
	Line
	Subject string `json:"subject,omitempty" privacy:"internal"`
}

// File is an uploaded file whose rows were read.
type File struct {
	// Kind says what the rows are, Name is the file's name, Hash the SHA-256 of its bytes as 64 hex digits.
	Kind ImportKind
	Name string
	Hash string
	// Lines are the rows that could be read.
	Lines []Line
	// Unread are the faults of rows that could not be read; their rows are not among Lines.
	Unread []imports.LineFault
}

// openImports opens the imports of the register.
func (s *Service) openImports(ctx context.Context) (err error) {
	s.imports, err = imports.Open(ctx, imports.Config[storedLine]{
		DB: s.db, Name: "import", Action: string(policy.ImportRegister),
		Row:     func(l storedLine) int64 { return l.Row },
		Target:  func(l storedLine) string { return l.target() },
		Checker: func() imports.Checker[storedLine] { return s.checker().look },
		Undoer:  func() imports.Undoer[storedLine] { return (&undoer{checker: s.checker()}).look },
		Prepare: func() func(context.Context, *storedLine, string) error { return s.nameSubject }, Subject: func(l *storedLine) string { return l.Subject }, WasNew: s.wasNew,
	})
	return err
}

// look is the checker as imports ask it.
func (c *checker) look(ctx context.Context, l storedLine) (imports.Step, error) {
	var bad faults
	st, err := c.check(ctx, l.Line, &bad)
	return imports.Step{Outcome: st.outcome, Faults: bad.list, Key: st.key, Cause: st.cause, Do: st.do}, err
}

// checking checks the lines of a file for an actor, each after the ones before it; kind "" is that of a dry run whose lines say it.
func (s *Service) checking(ctx context.Context, by policy.Actor, kind ImportKind) (imports.Checker[storedLine], error) {
	if err := s.requireImport(by, kind); err != nil {
		return nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ImportRegister)
	if err != nil {
		return nil, err
	}
	c := s.checker()
	c.pending, c.newDivisions, c.halves, c.repairFunds = map[string]Project{}, map[string]Division{}, map[string]Revenue{}, map[string]RepairFund{}
	c.mayDivide, c.may = s.guard.Require(by, policy.UpdateDivision), func(keys []string) bool { return scope.Covers(keys, s.Today()) }
	return c.look, nil
}

// DryImport checks every row against the register and keeps the file's lines for a day. Nothing is journaled. Returns Forbidden without ImportRegister,
// Invalid for an unknown kind, no row at all or too many.
func (s *Service) DryImport(ctx context.Context, by policy.Actor, f File) (imports.DryRun, error) {
	check, err := s.checking(ctx, by, f.Kind)
	if err != nil {
		return imports.DryRun{}, err
	}
	if !knows(ImportKinds(), f.Kind) {
		return imports.DryRun{}, fault.New("registry.DryImport", fault.Invalid, "请选择要导入的内容")
	}
	lines := make([]storedLine, len(f.Lines))
	for i, l := range f.Lines {
		lines[i] = storedLine{Line: l}
	}
	return s.imports.DryRun(ctx, by.ID, imports.File[storedLine]{Kind: string(f.Kind), Name: f.Name, Hash: f.Hash, Lines: lines, Unread: f.Unread}, check)
}

// AcceptImport accepts a dry run and returns the id of the import; what happened to the register since the dry run is looked at again. onlyGood leaves out rows
// with faults. Accepting the same lines twice is accepting them once. Returns Forbidden without ImportRegister, NotFound for a dry run that is not the
// actor's or has expired, Conflict if rows with faults are not to be left out or nothing is left to import.
func (s *Service) AcceptImport(ctx context.Context, by policy.Actor, draft string, onlyGood bool) (string, error) {
	check, err := s.checking(ctx, by, "")
	if err != nil {
		return "", err
	}
	return s.imports.Accept(ctx, by.ID, draft, onlyGood, check)
}

// nameSubject names the firm, developer or division whose people a line holds: the registered one, or the one that the line will register.
func (s *Service) nameSubject(ctx context.Context, l *storedLine, newID string) (err error) {
	switch {
	case l.Division != nil && l.Division.Reach != (Reach{}):
		l.Subject, err = s.reachSubject(ctx, l.Division.Code, l.Division.Reach)
	case l.Firm != nil:
		l.Subject, err = subjectOf(ctx, s.Register, s.coded(), l.Firm.Code, newID)
	case l.Developer != nil:
		l.Subject, err = subjectOf(ctx, s.Register, s.codedDevelopers(), l.Developer.Code, newID)
	}
	return err
}

// subjectOf names the row that holds a code, or the new one.
func subjectOf[T identified](ctx context.Context, r *Register, c coded[T], text, newID string) (string, error) {
	code, err := ParseUSCC(text)
	if err != nil {
		return "", err
	}
	now, err := c.loadByCode(ctx, r, code)
	if err != nil || now.Seq == 0 {
		return c.kind + "/" + newID, err
	}
	return c.era(&now.State).After(now.Purged).Subject(c.kind, now.ID), nil
}

// wasNew tells, for a line that an earlier try applied, whether it made something new.
func (s *Service) wasNew(ctx context.Context, newID string, l storedLine) bool {
	var err error
	switch {
	case l.Division != nil:
		d, err := s.divisions.Load(ctx, l.Division.Code)
		return err != nil || d.Seq == 1
	case l.Firm != nil:
		_, err = s.firms.Load(ctx, newID)
	case l.Developer != nil:
		_, err = s.developers.LoadOpen(ctx, newID)
	case l.Project != nil:
		_, err = s.projects.Load(ctx, newID)
	case l.Revenue != nil:
		return s.halfIsNew(ctx, *l.Revenue)
	}
	return err == nil
}

// OneImport returns an import. Returns Forbidden without ImportRegister, NotFound, also for an import of somebody else unless the actor's scope is the whole bureau.
func (s *Service) OneImport(ctx context.Context, by policy.Actor, id string) (imports.View, error) {
	if err := s.guard.Require(by, policy.ImportRegister); err != nil {
		return imports.View{}, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ImportRegister)
	if err != nil {
		return imports.View{}, err
	}
	v, err := s.imports.One(ctx, id)
	if err == nil && !scope.All() && v.By != by.ID {
		return imports.View{}, fault.New("registry.OneImport", fault.NotFound, "没有找到这次导入")
	}
	return v, err
}

// Imports lists the last 20 imports, newest first; his own for an actor whose scope is not the whole bureau. Returns Forbidden without ImportRegister.
func (s *Service) Imports(ctx context.Context, by policy.Actor) ([]imports.View, error) {
	if err := s.guard.Require(by, policy.ImportRegister); err != nil {
		return nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ImportRegister)
	if err != nil {
		return nil, err
	}
	if !scope.All() {
		return s.imports.RecentOf(ctx, by.ID)
	}
	return s.imports.Recent(ctx)
}

// RunImports applies what was accepted and not yet done, takes back what is to be taken back, and returns how many imports it finished. It returns at once if another process does it.
func (s *Service) RunImports(ctx context.Context) (int, error) { return s.imports.RunAccepted(ctx) }

// Run applies imports when one is accepted, first those that a stop cut off, until ctx ends. failed gets what went wrong; the import is tried again when woken.
func (s *Service) Run(ctx context.Context, failed func(error)) { s.imports.Run(ctx, failed) }

// Wake makes Run look for accepted imports, also those of another process that stopped.
func (s *Service) Wake() { s.imports.Wake() }
