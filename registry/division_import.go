package registry

import (
	"context"
	"reflect"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/store"
	"redsteward/policy"
)

// DivisionLine is a row of divisions. A division that is registered under the code, or has or had it later, is corrected, moved or closed.
type DivisionLine struct {
	// Code, Name and Display as in Division; Display "" follows from the name.
	Code    string `json:"code" privacy:"public"`
	Name    string `json:"name" privacy:"public"`
	Display string `json:"display,omitempty" privacy:"public"`
	// Parent is the code of the division above, "" for the county.
	Parent string `json:"parent,omitempty" privacy:"public"`
	// From and Until are the first and the last day; no date: open.
	From  calendar.Date `json:"from"`
	Until calendar.Date `json:"until"`
	// Grid are the counts of a grid; the zero value leaves those that are registered.
	Grid GridFacts `json:"grid,omitzero"`
	// Reach is where a township or community is reached; the zero value leaves what is registered.
	Reach Reach `json:"reach,omitzero"`
}

// LineOfDivision is the row that would register the division as it is, with the codes of a day.
func LineOfDivision(d DivisionLeaf, day calendar.Date) DivisionLine {
	line := DivisionLine{Code: d.CodeOn(day), Name: d.Name, Display: d.Display, From: d.Days.From, Until: d.Days.Until, Grid: d.Grid, Reach: d.Reach}
	if n := len(d.Above); n > 0 {
		line.Parent = d.Above[n-1].codeOn(d.Parent, day)
	}
	return line
}

// divisionLine checks a row of divisions, after the rows before it; what is wrong goes to bad.
func (s *checker) divisionLine(ctx context.Context, l DivisionLine, bad *faults) (step, error) {
	if s.mayDivide != nil {
		return step{}, s.mayDivide
	}
	code := strings.TrimSpace(l.Code)
	st := step{key: code}
	v := divisionView{Register: s.Register, pending: s.newDivisions}
	if !divisionCode.MatchString(code) && !gridCode.MatchString(code) {
		bad.add("code", "编号“%s”要写 12 位数字；网格写社区编号加“-”和序号", code)
		return st, nil
	}
	code, err := s.idOfCode(ctx, code)
	if err != nil {
		return st, err
	}
	st.key = code
	parent, err := s.idOfCode(ctx, l.Parent)
	if err != nil {
		return st, err
	}
	stored, _, err := v.get(ctx, code)
	if err != nil {
		return st, err
	}
	next := DivisionInput{Name: l.Name, Display: l.Display, Statistical: stored.State.Statistical, From: l.From}.onto(stored.State)
	next.Parent, next.Days.Until = parent, l.Until
	if l.Until.IsZero() {
		next.Successors = nil
	}
	if stored.State.Level == LevelCounty && next.Parent != "" {
		bad.add("parent", "县没有上级，这一格不填")
	}
	if l.Grid != (GridFacts{}) {
		next.Grid = l.Grid
		if l.Grid.Residents == 0 { // a workbook of before has no such column
			next.Grid.Residents = stored.State.Grid.Residents
		}
	}
	switch err := s.settle(ctx, v, code, stored.State, &next, bad); {
	case fault.Is(err, fault.Conflict):
		bad.add("until", "%s", fault.MessageOf(err))
	case err != nil:
		return st, err
	}
	DivisionInput{Reach: l.Reach}.reach(&next, s.Today(), bad)
	if next.Grid.check(next.Level, bad); len(bad.list) > 0 {
		return st, nil
	}
	if s.may != nil {
		for _, d := range []Division{stored.State, next} {
			keys, err := v.keys(ctx, code, d)
			if err != nil {
				return st, err
			}
			if d.Level != "" && !s.may(keys) {
				bad.add("code", "没有编号为“%s”的行政区划，或者不在你的任职范围内", code)
				return st, nil
			}
		}
	}
	switch {
	case stored.State.Level == "":
		st.outcome = imports.New
	case reflect.DeepEqual(stored.State, next):
		st.outcome = imports.Same
	default:
		st.outcome = imports.Changed
	}
	if s.newDivisions != nil {
		s.newDivisions[code] = next
	}
	st.do = func(ctx context.Context, meta store.Meta, _ string) error {
		if stored.State.Level == "" {
			return s.openDivision(ctx, meta, code, stored.Seq, next)
		}
		d, err := s.Register.divisions.Commit(ctx, meta, code, stored.Seq, next)
		if err != nil {
			return err
		}
		return s.projectsFollow(ctx, d, meta.By)
	}
	st.cause, err = causeOf(ctx, s.Register.divisions, stored)
	return st, err
}

// requireImport asks for the right to import rows of a kind: divisions belong to who may change them.
func (s *Service) requireImport(by policy.Actor, kind ImportKind) error {
	if kind == ImportDivisions {
		if err := s.guard.Require(by, policy.UpdateDivision); err != nil {
			return err
		}
	}
	return s.guard.Require(by, policy.ImportRegister)
}

// MayImport lists the kinds of imports that an actor may carry out.
func (s *Service) MayImport(by policy.Actor) []Choice {
	return slices.DeleteFunc(ImportKinds(), func(c Choice) bool { return s.requireImport(by, ImportKind(c.ID)) != nil })
}
