package registry

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"redsteward/internal/imports"
	"redsteward/internal/store"
)

// HalfYearLine is a row of public revenue. A half-year of the project that is recorded is corrected: the amounts are those of the row, words and days that it leaves out stay as they are.
type HalfYearLine struct {
	// RevenueInput is what the row says; its half-year may be in words (2026年上半年).
	RevenueInput
	// TownshipName, CommunityName and ProjectName name the project.
	TownshipName  string `json:"township_name,omitempty" privacy:"public"`
	CommunityName string `json:"community_name" privacy:"public"`
	ProjectName   string `json:"project_name" privacy:"public"`
}

// RepairLine is a row of facts about repair funds. The same fact is entered once.
type RepairLine struct {
	// RepairFact is what the row says.
	RepairFact
	// TownshipName, CommunityName and ProjectName name the project.
	TownshipName  string `json:"township_name,omitempty" privacy:"public"`
	CommunityName string `json:"community_name" privacy:"public"`
	ProjectName   string `json:"project_name" privacy:"public"`
}

var halfInWords = regexp.MustCompile(`^(20[0-9]{2})年(上|下)半年$`)

// halfOf is the half-year of a text as people write it, the text itself if it is none.
func halfOf(text string) string {
	text = strings.ToUpper(strings.Join(strings.Fields(text), ""))
	if m := halfInWords.FindStringSubmatch(text); m != nil {
		return m[1] + map[string]string{"上": "H1", "下": "H2"}[m[2]]
	}
	return text
}

// keep takes over from what is recorded the words and days that the row leaves out.
func (in *RevenueInput) keep(recorded RevenueInput) {
	in.Gap, in.Account = cmp.Or(in.Gap, recorded.Gap), cmp.Or(in.Account, recorded.Account)
	in.Where, in.Days = cmp.Or(in.Where, recorded.Where), cmp.Or(in.Days, recorded.Days)
	in.Objection, in.Answer = cmp.Or(in.Objection, recorded.Objection), cmp.Or(in.Answer, recorded.Answer)
	if in.Published.IsZero() {
		in.Published = recorded.Published
	}
}

// half is a half-year of a project as the rows before would leave it.
func (s *checker) half(ctx context.Context, project, half string) (store.Doc[Revenue], error) {
	id := revenueID(project, half)
	d, err := standing(ctx, s.revenues, id)
	if pending, ok := s.halves[id]; ok {
		d.State, d.Deleted = pending, false
	}
	return d, err
}

// revenueLine checks a row of public revenue; what is wrong goes to bad.
func (s *checker) revenueLine(ctx context.Context, l HalfYearLine, bad *faults) (step, error) {
	was := len(bad.list)
	project, err := s.projectOfLine(ctx, l.TownshipName, l.CommunityName, l.ProjectName, bad)
	if err != nil {
		return step{}, err
	}
	l.Half = halfOf(l.Half)
	st := step{key: project.ID + "/" + l.Half}
	if len(bad.list) > was || !halfForm.MatchString(l.Half) {
		l.check(nil, s.Today(), bad)
		return st, nil
	}
	now, err := s.half(ctx, project.ID, l.Half)
	if err != nil {
		return st, err
	}
	last, err := s.half(ctx, project.ID, HalfBefore(l.Half))
	if err != nil {
		return st, err
	}
	var before *Revenue
	if !last.Deleted {
		before = &last.State
	}
	l.keep(now.State.RevenueInput)
	l.check(before, s.Today(), bad)
	if len(bad.list) > was {
		return st, nil
	}
	next := Revenue{project.ID, l.RevenueInput, now.State.Photos}
	if st.outcome = outcomeOf(now, next); now.Deleted {
		st.outcome = imports.New
	}
	if s.halves != nil {
		s.halves[revenueID(project.ID, l.Half)] = next
	}
	st.do = func(ctx context.Context, meta store.Meta, _ string) error {
		_, err := s.revenues.Commit(ctx, meta, revenueID(project.ID, l.Half), now.Seq, next)
		return err
	}
	st.cause, err = causeOf(ctx, s.revenues, now)
	return st, err
}

// halfIsNew tells of a row that was applied whether nothing had been recorded for its half-year.
func (s *Service) halfIsNew(ctx context.Context, l HalfYearLine) bool {
	project, err := (&undoer{checker: s.checker()}).projectOf(ctx, l.TownshipName, l.CommunityName, l.ProjectName)
	if err != nil || project == "" {
		return true
	}
	d, err := s.revenues.Load(ctx, revenueID(project, halfOf(l.Half)))
	return err != nil || d.Seq == 1
}

// repairLine checks a row of facts about repair funds; what is wrong goes to bad.
func (s *checker) repairLine(ctx context.Context, l RepairLine, bad *faults) (step, error) {
	was := len(bad.list)
	project, err := s.projectOfLine(ctx, l.TownshipName, l.CommunityName, l.ProjectName, bad)
	if err != nil {
		return step{}, err
	}
	in := l.RepairFact
	in.What = strings.TrimSpace(in.What)
	st := step{key: strings.Join([]string{project.ID, string(in.Kind), in.On.String(), in.What}, "/"), outcome: imports.New}
	if len(bad.list) > was {
		(&RepairFund{}).add(in, s.Today(), bad)
		return st, nil
	}
	now, err := standing(ctx, s.repairs, project.ID)
	if err != nil {
		return st, err
	}
	if pending, ok := s.repairFunds[project.ID]; ok {
		now.State = pending
	}
	at := slices.IndexFunc(now.State.Facts, func(f RepairFact) bool {
		return f.Withdrawn == "" && f.Kind == in.Kind && f.On == in.On && f.What == in.What
	})
	next := now.State
	switch {
	case at >= 0 && next.Facts[at].Fen != in.Fen:
		bad.add("fen", "%s的%s已经登记为 %s 元，要更正请先在小区页撤下原来的登记", in.On.Chinese(), TextOf(RepairKinds(), in.Kind), yuanOf(next.Facts[at].Fen))
	case at >= 0:
		st.outcome = imports.Same
	default:
		next.add(in, s.Today(), bad)
	}
	if len(bad.list) > was {
		return st, nil
	}
	if s.repairFunds != nil {
		s.repairFunds[project.ID] = next
	}
	st.do = func(ctx context.Context, meta store.Meta, _ string) error {
		_, err := s.repairs.Commit(ctx, meta, project.ID, now.Seq, next)
		return err
	}
	st.cause, err = causeOf(ctx, s.repairs, now)
	return st, err
}

// revenueBack takes a row of public revenue back.
func (u *undoer) revenueBack(ctx context.Context, l HalfYearLine, cause, undone string) (imports.Undo, error) {
	half := halfOf(l.Half)
	name := l.ProjectName + HalfText(half)
	project, err := u.projectOf(ctx, l.TownshipName, l.CommunityName, l.ProjectName)
	if err != nil || project == "" {
		return leave(name, "没有找到这个小区，可能已经改名或者移动"), err
	}
	id := revenueID(project, half)
	t, err := traced(ctx, u.revenues, id, cause)
	if err != nil {
		return imports.Undo{}, err
	}
	out, decided := verdict(t, t.head.State, undone)
	if out.Name = name; decided {
		return out, nil
	}
	if mine, err := u.touches(ctx, project); err != nil || !mine {
		return leave(name, outsideScope), err
	}
	out.Do = func(ctx context.Context, meta store.Meta) (err error) {
		if t.before == nil {
			_, err = u.revenues.Delete(ctx, meta, id, t.head.Seq)
		} else {
			_, err = u.revenues.Commit(ctx, meta, id, t.head.Seq, *t.before)
		}
		return err
	}
	return out, nil
}

// repairBack takes a row of facts about repair funds back: the fact goes, and if it was the only one an empty list stays.
func (u *undoer) repairBack(ctx context.Context, l RepairLine, cause, undone string) (imports.Undo, error) {
	name := l.ProjectName + l.On.Chinese() + TextOf(RepairKinds(), l.Kind)
	project, err := u.projectOf(ctx, l.TownshipName, l.CommunityName, l.ProjectName)
	if err != nil || project == "" {
		return leave(name, "没有找到这个小区，可能已经改名或者移动"), err
	}
	t, err := traced(ctx, u.repairs, project, cause)
	if err != nil {
		return imports.Undo{}, err
	}
	now := t.head.State
	if before, ok := u.repairsBefore[project]; ok {
		now = before
	}
	out, decided := verdict(t, now, undone)
	if out.Name = name; out.Outcome == imports.Restored {
		out.Outcome = imports.Withdrawn
	}
	if decided {
		return out, nil
	}
	if mine, err := u.touches(ctx, project); err != nil || !mine {
		return leave(name, outsideScope), err
	}
	var before RepairFund
	if t.before != nil {
		before = *t.before
	}
	if u.repairsBefore != nil {
		u.repairsBefore[project] = before
	}
	out.Do = func(ctx context.Context, meta store.Meta) error {
		_, err := u.repairs.Commit(ctx, meta, project, t.head.Seq, before)
		return err
	}
	return out, nil
}

// touches reports whether the actor may touch a project.
func (u *undoer) touches(ctx context.Context, project string) (bool, error) {
	if u.may == nil {
		return true, nil
	}
	p, err := u.projects.Load(ctx, project)
	return err == nil && u.may(p.State.keysOn(project, u.Today())), err
}
