package registry

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// LookBackImport says what taking an import back would do; nothing is written. Returns Forbidden without the right to import its rows, NotFound for an import of
// somebody else unless the actor's scope is the whole bureau, Conflict for one that is not done or is taken back already.
func (s *Service) LookBackImport(ctx context.Context, by policy.Actor, id string) (imports.Lookback, error) {
	scope, err := s.mayReverse(ctx, by, id)
	if err != nil {
		return imports.Lookback{}, err
	}
	u := &undoer{checker: s.checker(), may: func(keys []string) bool { return scope.Covers(keys, s.Today()) }, pending: map[string]Project{}, repairsBefore: map[string]RepairFund{}}
	return s.imports.LookBack(ctx, id, u.look)
}

// ReverseImport says that an import is to be taken back, with a reason; RunImports does it. What somebody changed or used since stays. seq is the change that
// LookBackImport showed. Saying the same twice is saying it once. Returns as LookBackImport, Invalid for the reason (field reason), NotFound if a row lies outside of
// the actor's scope.
func (s *Service) ReverseImport(ctx context.Context, by policy.Actor, id string, seq int64, why string) error {
	scope, err := s.mayReverse(ctx, by, id)
	if err != nil {
		return err
	}
	if !scope.All() {
		look, err := s.LookBackImport(ctx, by, id)
		if err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
		for _, line := range look.Lines {
			if line.Why == outsideScope {
				return fault.New("registry.ReverseImport", fault.NotFound, "有的行不在你的任职范围内，不能撤销这次导入")
			}
		}
	}
	return s.imports.Reverse(ctx, by.ID, id, seq, why)
}

// mayReverse asks for the right to take an import back, and gives the rows that it may touch.
func (s *Service) mayReverse(ctx context.Context, by policy.Actor, id string) (policy.Scope, error) {
	v, err := s.OneImport(ctx, by, id)
	if err != nil {
		return policy.Scope{}, err
	}
	if err := s.requireImport(by, ImportKind(v.Kind)); err != nil {
		return policy.Scope{}, err
	}
	return s.guard.Scope(ctx, by, policy.ImportRegister)
}

// outsideScope is why a row is left that the actor may not touch.
const outsideScope = "不在你的任职范围内"

// undoer looks at the lines of an import that are to be taken back, the last one first.
type undoer struct {
	*checker
	// may decides whether rows with these scope keys may be touched; nil: all.
	may func(keys []string) bool
	// pending are projects as taking the lines behind back would leave them, nil to look at what is stored only.
	pending map[string]Project
	// repairsBefore are repair funds likewise.
	repairsBefore map[string]RepairFund
}

// look is the undoer as imports ask it.
func (u *undoer) look(ctx context.Context, l storedLine, cause, undone string) (imports.Undo, error) {
	switch {
	case l.Division != nil:
		return u.divisionBack(ctx, *l.Division, cause, undone)
	case l.Firm != nil:
		return codedBack(ctx, u, u.coded(), l.Firm.Name, l.Firm.Code, cause, undone, policy.FirmKey, u.firmUsed)
	case l.Developer != nil:
		return codedBack(ctx, u, u.codedDevelopers(), l.Developer.Name, l.Developer.Code, cause, undone, policy.DeveloperKey, u.developerUsed)
	case l.Project != nil:
		return u.projectBack(ctx, *l.Project, cause, undone)
	case l.Building != nil:
		b := l.Building
		return u.partBack(ctx, b.ProjectName+b.PhaseName+b.Name, b.TownshipName, b.CommunityName, b.ProjectName, cause, undone)
	case l.Contract != nil:
		k := l.Contract
		return u.partBack(ctx, fmt.Sprintf("%s%s的合同", k.ProjectName, daysText(k.Days)), k.TownshipName, k.CommunityName, k.ProjectName, cause, undone)
	case l.Paper != nil:
		q := l.Paper
		return u.partBack(ctx, q.ProjectName+q.Subject+TextOf(PaperKinds(), q.Kind), q.TownshipName, q.CommunityName, q.ProjectName, cause, undone)
	case l.Revenue != nil:
		return u.revenueBack(ctx, *l.Revenue, cause, undone)
	case l.Repair != nil:
		return u.repairBack(ctx, *l.Repair, cause, undone)
	}
	return imports.Undo{}, fault.New("registry.look", fault.Internal, "导入的行没有内容")
}

// trace is what a line did to a document, and what came after.
type trace[T any] struct {
	// made is the record of the line, its Seq 0 if there is none; before what stood before it, nil for something new.
	made   store.Change[T]
	before *T
	// back is the record that took it back, its Seq 0 if there is none; head the last one.
	back, head store.Change[T]
}

// traced follows a document from the record of a line.
func traced[T any](ctx context.Context, c *store.Collection[T], id, cause string) (trace[T], error) {
	var t trace[T]
	for change, err := range c.History(ctx, id) {
		switch {
		case err != nil:
			return t, err
		case change.Meta.Cause == cause:
			t.made = change
			if t.head.Seq > 0 && !t.head.Deleted {
				before := t.head.State
				t.before = &before
			}
		case t.made.Seq > 0 && sameLine(change.Meta.Cause, cause):
			t.back = change
		}
		t.head = change
	}
	return t, nil
}

// sameLine reports whether two causes are the same line of the same import: its acceptance, and taking it back.
func sameLine(a, b string) bool {
	line := func(cause string) string {
		var record, rule string
		for i := len(cause) - 1; i >= 0; i-- {
			if cause[i] == '/' {
				record, rule = cause[:i], cause[i+1:]
				break
			}
		}
		stream, _, err := journal.ParseRecordID(record)
		if err != nil {
			return ""
		}
		return stream + " " + rule
	}
	return line(a) != "" && line(a) == line(b)
}

// verdict decides, from its trace, whether a line can be taken back: with decided false it can. now is the document as it stands, or would by now.
func verdict[T any](t trace[T], now T, undone string) (u imports.Undo, decided bool) {
	switch {
	case t.made.Seq == 0, t.back.Seq > 0 && t.back.Meta.Cause != undone:
		return imports.Undo{Outcome: imports.Nothing}, true
	case t.back.Seq > 0 && t.back.Deleted:
		return imports.Undo{Outcome: imports.Withdrawn}, true
	case t.back.Seq > 0:
		return imports.Undo{Outcome: imports.Restored}, true
	case t.head.Deleted:
		return imports.Undo{Outcome: imports.Nothing}, true
	case t.head.Purged:
		return imports.Undo{Outcome: imports.Left, Why: "个人信息已经销毁，不能恢复"}, true
	case !reflect.DeepEqual(now, t.made.State):
		return imports.Undo{Outcome: imports.Left, Why: "导入以后又改过，最近一次在" + calendar.DateOf(t.head.At).Chinese()}, true
	}
	u.Outcome = imports.Restored
	if t.before == nil {
		u.Outcome = imports.Withdrawn
	}
	return u, false
}

// leave makes a verdict that something stays.
func leave(name, why string) imports.Undo {
	return imports.Undo{Outcome: imports.Left, Name: name, Why: why}
}

// usesOf says what else in the program names a row, "" if nothing does.
func (s *Service) usesOf(ctx context.Context, key string, since time.Time) (string, error) {
	for _, uses := range append([]Uses{s.offices}, s.records...) {
		if uses == nil {
			continue
		}
		if said, err := uses.Uses(ctx, key, since); err != nil || said != "" {
			return said, err
		}
	}
	return "", nil
}

// codedBack takes a row of firms or developers back. keyOf makes its scope key, used says what uses it.
func codedBack[T identified](ctx context.Context, u *undoer, c coded[T], name, typedCode, cause, undone string, keyOf func(id string) string,
	used func(ctx context.Context, id string) (string, error)) (imports.Undo, error) {
	id := journal.DerivedID(cause)
	if _, err := c.docs.Head(ctx, id); fault.Is(err, fault.NotFound) {
		code, err := ParseUSCC(typedCode)
		if err != nil {
			return imports.Undo{Outcome: imports.Nothing}, nil
		}
		if id, err = c.byCode(ctx, u.Register, code); err != nil || id == "" {
			return imports.Undo{Outcome: imports.Nothing}, err
		}
	} else if err != nil {
		return imports.Undo{}, err
	}
	t, err := traced(ctx, c.docs, id, cause)
	if err != nil {
		return imports.Undo{}, err
	}
	release := func(ctx context.Context, meta store.Meta) error {
		code, _ := t.made.State.identity()
		return freed(c.release(ctx, u.Register, meta, code, id))
	}
	out, decided := verdict(t, t.head.State, undone)
	out.Name = name
	switch {
	case out.Outcome == imports.Nothing, out.Outcome == imports.Left:
		return out, nil
	case u.may != nil && !u.may([]string{keyOf(id)}):
		return leave(name, outsideScope), nil
	case decided:
		if out.Outcome == imports.Withdrawn {
			out.Do = release // a stop may have come before
		}
		return out, nil
	case t.before != nil:
		out.Do = func(ctx context.Context, meta store.Meta) error {
			return putCoded(ctx, u.Register, c, meta, t.head.Doc, *t.before)
		}
		return out, nil
	}
	if uses, err := used(ctx, id); err != nil || uses != "" {
		return leave(name, uses), err
	}
	out.Do = func(ctx context.Context, meta store.Meta) error {
		if _, err := c.docs.Delete(ctx, meta, id, t.head.Seq); err != nil {
			return err
		}
		return release(ctx, meta)
	}
	return out, nil
}

// freed takes a key that somebody else holds by now for freed.
func freed(err error) error {
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// firmUsed says what uses a firm, "" if nothing does.
func (s *Service) firmUsed(ctx context.Context, id string) (string, error) {
	return s.keyUsed(ctx, policy.FirmKey(id), "的合同")
}

// developerUsed says what uses a developer, "" if nothing does.
func (s *Service) developerUsed(ctx context.Context, id string) (string, error) {
	return s.keyUsed(ctx, policy.DeveloperKey(id), "由它建设")
}

// keyUsed says what uses the firm or developer with a scope key, first the projects listed under it; whose ends the sentence about them.
func (s *Service) keyUsed(ctx context.Context, key, whose string) (string, error) {
	var names []string
	err := every(ctx, s.projects, store.Query{Index: ByName, Key: key}, func(*store.Doc[Project]) bool { return true }, func(d store.Doc[Project]) error {
		names = append(names, d.State.Name)
		return nil
	})
	if err != nil || len(names) > 0 {
		return "已有 " + named(names, len(names), "个小区") + whose, err
	}
	said, err := s.usesOf(ctx, key, time.Time{})
	if said != "" {
		said = "已有 " + said
	}
	return said, err
}

// projectBack takes a row of projects back.
func (u *undoer) projectBack(ctx context.Context, l ProjectLine, cause, undone string) (imports.Undo, error) {
	id := journal.DerivedID(cause)
	if _, err := u.projects.Head(ctx, id); fault.Is(err, fault.NotFound) {
		if id, err = u.projectOf(ctx, l.TownshipName, l.CommunityName, l.Name); err != nil || id == "" {
			return leave(l.Name, "没有找到这个小区，可能已经改名或者移动"), err
		}
	} else if err != nil {
		return imports.Undo{}, err
	}
	t, err := traced(ctx, u.projects, id, cause)
	if err != nil {
		return imports.Undo{}, err
	}
	release := func(ctx context.Context, meta store.Meta) error {
		return freed(u.db.Release(ctx, meta, projectNameClaim, projectNameKey(t.made.State.Community, t.made.State.Name), projectKind+"/"+id))
	}
	out, decided := verdict(t, t.head.State, undone)
	out.Name = l.Name
	switch {
	case out.Outcome == imports.Nothing, out.Outcome == imports.Left:
		return out, nil
	case u.may != nil && !u.may(t.head.State.keysOn(id, u.Today())):
		return leave(l.Name, outsideScope), nil
	case decided:
		if out.Outcome == imports.Withdrawn {
			out.Do = release // a stop may have come before
		}
		return out, nil
	case t.before != nil:
		out.Do = func(ctx context.Context, meta store.Meta) error {
			return u.putProject(ctx, meta, t.head.Doc, *t.before)
		}
		return out, nil
	}
	if used, err := u.ownersSaid(ctx, id); err != nil || used != "" {
		return leave(l.Name, "已有 "+used), err
	}
	if used, err := u.usesOf(ctx, policy.ProjectKey(id), time.Time{}); err != nil || used != "" {
		return leave(l.Name, "已有 "+used), err
	}
	out.Do = func(ctx context.Context, meta store.Meta) error {
		if _, err := u.projects.Delete(ctx, meta, id, t.head.Seq); err != nil {
			return err
		}
		return release(ctx, meta)
	}
	return out, nil
}

// projectOf finds a project by the words of a row; "" if there is none.
func (u *undoer) projectOf(ctx context.Context, township, community, name string) (string, error) {
	var bad faults
	at, err := u.community(ctx, township, community, &bad)
	if err != nil || at == "" {
		return "", err
	}
	d, err := u.projectNamed(ctx, at, name)
	return d.ID, err
}

// partBack takes a row back that made or changed a part of a project, a contract, a building or a paper.
func (u *undoer) partBack(ctx context.Context, name, township, community, project, cause, undone string) (imports.Undo, error) {
	id, err := u.projectOf(ctx, township, community, project)
	if err != nil || id == "" {
		return leave(name, "没有找到这个小区，可能已经改名或者移动"), err
	}
	t, err := traced(ctx, u.projects, id, cause)
	if err != nil {
		return imports.Undo{}, err
	}
	now := t.head.State
	if pending, ok := u.pending[id]; ok {
		now = pending
	}
	out, decided := verdict(t, now, undone)
	out.Name = name
	grew := t.before != nil && (len(t.before.Contracts) < len(t.made.State.Contracts) || len(t.before.Buildings) < len(t.made.State.Buildings) || len(t.before.Papers) < len(t.made.State.Papers))
	if grew && out.Outcome == imports.Restored {
		out.Outcome = imports.Withdrawn
	}
	switch {
	case decided || t.before == nil:
		return out, nil
	case u.may != nil && !u.may(t.head.State.keysOn(id, u.Today())):
		return leave(name, outsideScope), nil
	}
	if used, err := u.usesOf(ctx, policy.ProjectKey(id), t.made.At); err != nil || used != "" {
		return leave(name, "导入以后小区已有 "+used), err
	}
	if u.pending != nil {
		u.pending[id] = *t.before
	}
	out.Do = func(ctx context.Context, meta store.Meta) error {
		_, err := u.projects.Commit(ctx, meta, id, t.head.Seq, *t.before)
		return err
	}
	return out, nil
}

// divisionBack takes a row of divisions back.
func (u *undoer) divisionBack(ctx context.Context, l DivisionLine, cause, undone string) (imports.Undo, error) {
	t, err := traced(ctx, u.Register.divisions, l.Code, cause)
	if err != nil {
		return imports.Undo{}, err
	}
	v := divisionView{Register: u.Register}
	out, decided := verdict(t, t.head.State, undone)
	out.Name = l.Name
	if out.Outcome == imports.Nothing || out.Outcome == imports.Left {
		return out, nil
	}
	if u.may != nil {
		keys, err := v.keys(ctx, l.Code, t.made.State)
		if err != nil || !u.may(keys) {
			return leave(l.Name, outsideScope), err
		}
	}
	// What is deleted is not looked through by the nightly job any more.
	forget := func(ctx context.Context, meta store.Meta) error {
		if t.made.State.Reach == (Reach{}) {
			return nil
		}
		return u.db.Purge(ctx, meta, t.made.State.Era.Subject(divisionKind, l.Code))
	}
	if decided {
		out.Do = func(ctx context.Context, meta store.Meta) error {
			if t.head.Deleted {
				return forget(ctx, meta)
			}
			return u.projectsFollow(ctx, t.head.Doc, meta.By)
		}
		return out, nil
	}
	if t.before == nil {
		// Whatever is or was below it keeps it.
		err := u.nothingHangsOn(ctx, v, l.Code, Division{Level: t.head.State.Level, Display: t.head.State.Display})
		if fault.Is(err, fault.Conflict) {
			return leave(l.Name, fault.MessageOf(err)), nil
		}
		out.Do = func(ctx context.Context, meta store.Meta) error {
			if _, err := u.Register.divisions.Delete(ctx, meta, l.Code, t.head.Seq); err != nil {
				return err
			}
			return forget(ctx, meta)
		}
		return out, err
	}
	var bad faults
	before := *t.before
	reach := before.Reach
	before.Reach, before.Reached, before.Era = t.head.State.Reach, t.head.State.Reached, t.head.State.Era
	before.setReach(reach, u.Today())
	err = u.settle(ctx, v, l.Code, t.head.State, &before, &bad)
	if err == nil {
		err = bad.err("registry.divisionBack")
	}
	switch {
	case fault.Is(err, fault.Invalid):
		return leave(l.Name, fault.FieldsOf(err)[0].Message), nil
	case fault.Is(err, fault.Conflict):
		return leave(l.Name, fault.MessageOf(err)), nil
	}
	out.Do = func(ctx context.Context, meta store.Meta) error {
		d, err := u.Register.divisions.Commit(ctx, meta, l.Code, t.head.Seq, before)
		if err != nil {
			return err
		}
		return u.projectsFollow(ctx, d, meta.By)
	}
	return out, err
}
