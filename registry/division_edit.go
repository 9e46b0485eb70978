package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// DivisionInput is what an administrator says about a division.
type DivisionInput struct {
	// Name and Display are the official name and what people say; Display "" follows from the name.
	Name, Display string
	// Statistical hides it in pickers.
	Statistical bool
	// From is its first day; no date: since ever.
	From calendar.Date
	// Reach replaces where a township or community is reached; the zero value leaves what is registered, or takes it out if Unreached is set.
	Reach     Reach
	Unreached bool
}

func (in DivisionInput) onto(d Division) Division {
	d.Name, d.Display, d.Statistical, d.Days.From = strings.TrimSpace(in.Name), strings.TrimSpace(in.Display), in.Statistical, in.From
	if d.Display == "" {
		d.Display = displayName(d.Name)
	}
	return d
}

// divisionView looks divisions up, as the lines of an import that were checked before would leave them.
type divisionView struct {
	*Register
	pending map[string]Division
}

// get returns a division; false if there is none.
func (v divisionView) get(ctx context.Context, id string) (store.Doc[Division], bool, error) {
	// One that was withdrawn leaves its code to the next, behind its last record.
	d, err := standing(ctx, v.divisions, id)
	if err != nil {
		return d, false, err
	}
	if state, ok := v.pending[id]; ok {
		d.State, d.Deleted = state, false
		return d, true, nil
	}
	return d, !d.Deleted, nil
}

// below lists everything that is or was below a parent.
func (v divisionView) below(ctx context.Context, parent string) ([]DivisionRow, error) {
	out, err := v.divisionsUnder(ctx, "d:"+parent, func(Division) bool { return true })
	out = slices.DeleteFunc(out, func(d DivisionRow) bool { _, changed := v.pending[d.ID]; return changed })
	for id, d := range v.pending {
		if d.Parent == parent {
			out = append(out, DivisionRow{ID: id, Division: d})
		}
	}
	slices.SortFunc(out, func(a, b DivisionRow) int { return strings.Compare(a.ID, b.ID) })
	return out, err
}

// keys are the scope keys of a division; the county has none and belongs to the whole bureau.
func (v divisionView) keys(ctx context.Context, id string, d Division) ([]string, error) {
	switch d.Level {
	case LevelTownship:
		return []string{policy.TownshipKey(id)}, nil
	case LevelCommunity:
		return []string{policy.CommunityKey(id), policy.TownshipKey(d.Parent)}, nil
	case LevelGrid:
		up, _, err := v.get(ctx, d.Parent)
		return []string{policy.CommunityKey(d.Parent), policy.TownshipKey(up.State.Parent)}, err
	}
	return nil, nil
}

// settle checks what a division would become after now, which is the zero value for a new one; what is wrong with a field goes to bad. Returns Conflict, naming
// it, if something open hangs on a division that would be closed.
func (s *Service) settle(ctx context.Context, v divisionView, code string, now Division, next *Division, bad *faults) error {
	bad.text("name", "正式名称", &next.Name, 2, 40)
	bad.text("display", "通用名称", &next.Display, 2, 40)
	bad.span("until", next.Days)
	fresh := now.Level == ""
	if next.Parent == "" && now.Level != LevelCounty {
		bad.add("parent", "请填写上级的编号")
		return nil
	}
	if now.Level != LevelCounty {
		if err := s.settleBelow(ctx, v, code, now, next, bad); err != nil || len(bad.list) > 0 {
			return err
		}
	}
	closing := next.Days.Until != now.Days.Until && !next.Days.Until.IsZero()
	if fresh || !closing || len(bad.list) > 0 {
		return nil
	}
	if now.Level == LevelCounty {
		bad.add("until", "县不能撤销")
		return nil
	}
	return s.nothingHangsOn(ctx, v, code, *next)
}

// settleBelow checks the place of a division that is not the county: its parent, its code, its neighbours.
func (s *Service) settleBelow(ctx context.Context, v divisionView, code string, now Division, next *Division, bad *faults) error {
	up, found, err := v.get(ctx, next.Parent)
	if err != nil {
		return err
	}
	level := LevelGrid
	switch up.State.Level {
	case LevelCounty:
		level = LevelTownship
	case LevelTownship:
		level = LevelCommunity
	case LevelCommunity:
	default:
		found = false
	}
	switch {
	case !found:
		bad.add("parent", "没有编号为“%s”的上级，或者其下不能再设", next.Parent)
		return nil
	case now.Level != "" && now.Level != level:
		bad.add("parent", "%s的上级不能是%s（%s）", TextOf(Levels(), now.Level), up.State.Display, TextOf(Levels(), up.State.Level))
		return nil
	case now.Level == LevelGrid && next.Parent != now.Parent:
		bad.add("parent", "网格的编号跟着社区，不能移到别的社区；请撤销后在新的社区新设")
		return nil
	}
	next.Level = level
	if last := up.State.Days.Until; !last.IsZero() && (next.Days.Until.IsZero() || next.Days.Until.Compare(last) > 0) {
		bad.add("parent", "上级“%s”截至%s已经撤销", up.State.Display, last.Chinese())
	}
	grid := gridCode.FindStringSubmatch(code)
	switch {
	case level == LevelGrid && (grid == nil || grid[1] != next.Parent):
		bad.add("code", "网格编号“%s”要写成社区编号加“-”和序号，例如 %s-01", code, next.Parent)
	case level != LevelGrid && !divisionCode.MatchString(code):
		bad.add("code", "代码“%s”要写 12 位数字", code)
	case level != LevelGrid && now.Level == "":
		if err := v.freeCode(ctx, code, code, bad); err != nil {
			return err
		}
	}
	if now.Name == next.Name && now.Display == next.Display && now.Parent == next.Parent && now.Days == next.Days {
		return nil
	}
	days := next.Days
	if now.Level == "" && days.From.IsZero() {
		// A new one without first day may follow one of its name that has ended.
		days.From = s.Today()
	}
	others, err := v.below(ctx, next.Parent)
	for _, o := range others {
		if o.ID != code && (o.Name == next.Name || o.Display == next.Display) && touches(o.Days, days) {
			bad.add("name", "%s已经有“%s”（%s），名称不能重复", up.State.Display, o.Display, o.ID)
			break
		}
	}
	return err
}

// named joins up to three names.
func named(names []string, count int, unit string) string {
	shown := strings.Join(names[:min(len(names), 3)], "、")
	if count > 3 {
		shown += "等"
	}
	return fmt.Sprintf("%d %s（%s）", count, unit, shown)
}

// nothingHangsOn returns Conflict, naming it, if something hangs on a division after its last day.
func (s *Service) nothingHangsOn(ctx context.Context, v divisionView, code string, next Division) error {
	var open []string
	below, err := v.below(ctx, code)
	if err != nil {
		return err
	}
	var names []string
	unit := "个网格"
	for _, d := range below {
		if d.Level == LevelCommunity {
			unit = "个社区（村）"
		}
		if last := d.Days.Until; last.IsZero() || last.Compare(next.Days.Until) > 0 {
			names = append(names, d.Display)
		}
	}
	if len(names) > 0 {
		open = append(open, named(names, len(names), unit))
	}
	key := policy.CommunityKey(code)
	switch next.Level {
	case LevelTownship:
		key = policy.TownshipKey(code)
	case LevelGrid:
		key = gridKey(code)
	}
	names = nil
	err = every(ctx, s.projects, store.Query{Index: ByName, Key: key}, func(*store.Doc[Project]) bool { return true }, func(d store.Doc[Project]) error {
		names = append(names, d.State.Name)
		return nil
	})
	if err != nil {
		return err
	}
	if len(names) > 0 {
		open = append(open, named(names, len(names), "个小区"))
	}
	if s.offices != nil && next.Level != LevelGrid {
		held, err := s.offices.Uses(ctx, key, time.Time{})
		if err != nil {
			return err
		}
		if held != "" {
			open = append(open, held)
		}
	}
	if len(open) > 0 {
		return fault.New("registry.nothingHangsOn", fault.Conflict, fmt.Sprintf("“%s”还不能撤销：%s还挂在它下面，请先移走或者办结", next.Display, strings.Join(open, "、")))
	}
	return nil
}

// AddDivision opens a division below another. Returns Forbidden without UpdateDivision; NotFound outside of the actor's scope; Invalid for refused fields (code, parent,
// name, display, contact, contact_phone, unreached); Conflict for a code that exists.
func (s *Service) AddDivision(ctx context.Context, by policy.Actor, code, parent string, in DivisionInput) error {
	const op = "registry.AddDivision"
	if err := s.guard.Require(by, policy.UpdateDivision); err != nil {
		return err
	}
	v, code := divisionView{Register: s.Register}, strings.TrimSpace(code)
	parent, err := s.idOfCode(ctx, parent)
	if err != nil {
		return err
	}
	if gridCode.MatchString(code) {
		if code, err = s.idOfCode(ctx, code); err != nil {
			return err
		}
	}
	stored, exists, err := v.get(ctx, code)
	if err != nil {
		return err
	}
	next := in.onto(Division{Parent: parent})
	var bad faults
	if err := s.settle(ctx, v, code, Division{}, &next, &bad); err != nil {
		return err
	}
	in.reach(&next, s.Today(), &bad)
	if err := bad.err(op); err != nil {
		return err
	}
	keys, err := v.keys(ctx, code, next)
	if err != nil {
		return err
	}
	if err := s.within(ctx, by, policy.UpdateDivision, keys); err != nil {
		return err
	}
	if exists {
		return fault.New(op, fault.Conflict, "编号 "+code+" 已经有了")
	}
	return s.openDivision(ctx, s.meta(by, policy.UpdateDivision, ""), code, stored.Seq, next)
}

// openDivision stores a new division; its code is taken before, so that no other division gets it as a later code. Returns Conflict if somebody was quicker.
func (r *Register) openDivision(ctx context.Context, meta store.Meta, code string, afterSeq int64, d Division) error {
	if d.Level != LevelGrid {
		if err := r.claimDivisionCode(ctx, meta, code, code); err != nil {
			return err
		}
	}
	if d.Reach != (Reach{}) {
		// What was withdrawn under this code had keys of its own.
		d.Era = store.Era(afterSeq)
	}
	_, err := r.divisions.Commit(ctx, meta, code, afterSeq, d)
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap("registry.openDivision", fault.Conflict, "编号 "+code+" 已经有了", err)
	}
	return err
}

// changeDivision loads a division in the actor's scope, applies a change, checks it and stores it after seq.
func (s *Service) changeDivision(ctx context.Context, by policy.Actor, id string, seq int64, why string, f func(*Division, *faults) error) (store.Doc[Division], error) {
	d, next, err := s.checkedDivision(ctx, by, id, seq, f)
	if err != nil {
		return store.Doc[Division]{}, err
	}
	return s.divisions.Commit(ctx, s.meta(by, policy.UpdateDivision, why), id, d.Seq, next)
}

// checkedDivision loads a division in the actor's scope, applies a change and checks it: as it is and as it would be. An error of f ends it.
func (s *Service) checkedDivision(ctx context.Context, by policy.Actor, id string, seq int64, f func(*Division, *faults) error) (_ store.Doc[Division], next Division, err error) {
	const op = "registry.changeDivision"
	none := store.Doc[Division]{}
	if err := s.guard.Require(by, policy.UpdateDivision); err != nil {
		return none, next, err
	}
	v := divisionView{Register: s.Register}
	now, err := s.divisions.Load(ctx, id)
	if err != nil {
		return none, next, noDivision(id, err)
	}
	keys, err := v.keys(ctx, id, now.State)
	if err != nil {
		return none, next, err
	}
	if err := s.within(ctx, by, policy.UpdateDivision, keys); err != nil {
		return none, next, noDivision(id, err)
	}
	if now.Seq != seq {
		return none, next, overtaken(op)
	}
	var bad faults
	next = now.State
	if err := f(&next, &bad); err != nil {
		return none, next, err
	}
	if err := s.settle(ctx, v, id, now.State, &next, &bad); err != nil {
		return none, next, err
	}
	if err := bad.err(op); err != nil {
		return none, next, err
	}
	if keys, err = v.keys(ctx, id, next); err != nil {
		return none, next, err
	}
	if err := s.within(ctx, by, policy.UpdateDivision, keys); err != nil {
		return none, next, noDivision(id, err)
	}
	return now, next, nil
}

// noDivision puts a plain sentence on the error of a division that does not exist.
func noDivision(id string, err error) error {
	if fault.Is(err, fault.NotFound) {
		return fault.Wrap("registry.Division", fault.NotFound, "没有编号为“"+id+"”的行政区划", err)
	}
	return err
}

// ChangeDivision corrects names, first day and where it is reached. Returns Forbidden without UpdateDivision, NotFound, Invalid for refused fields (name, display, contact, contact_phone, unreached), Conflict if seq is not the
// last change.
func (s *Service) ChangeDivision(ctx context.Context, by policy.Actor, id string, seq int64, in DivisionInput) error {
	_, err := s.changeDivision(ctx, by, id, seq, "", func(d *Division, bad *faults) error {
		*d = in.onto(*d)
		in.reach(d, s.Today(), bad)
		return nil
	})
	return err
}

// CloseDivision says on which day a division exists for the last time; it is never deleted. Returns Forbidden without UpdateDivision, NotFound, Invalid for refused fields
// (until, reason, successors), Conflict if something open hangs on it, naming what, or if seq is not the last change. successors are codes of the divisions that take its
// place: one after a merger, several after a split; none may be named.
func (s *Service) CloseDivision(ctx context.Context, by policy.Actor, id string, seq int64, last calendar.Date, successors []string, why string) error {
	why = strings.TrimSpace(why)
	_, err := s.changeDivision(ctx, by, id, seq, why, func(d *Division, bad *faults) (err error) {
		reason(bad, why)
		switch {
		case last.IsZero():
			bad.add("until", "请填写存在的最后一天，例如 2026-10-19")
		case !d.Days.Until.IsZero():
			bad.add("until", "“%s”已经在%s撤销", d.Display, d.Days.Until.Chinese())
		}
		d.Days.Until = last
		d.Successors, err = s.successors(ctx, id, d, last, successors, bad)
		return err
	})
	return err
}

// ReopenDivision takes the last day of a division back, and its successors with it. Returns Forbidden without UpdateDivision, NotFound, Invalid for refused fields (parent if that is closed itself, name
// if another took it, reason), Conflict if it is open or if seq is not the last change.
func (s *Service) ReopenDivision(ctx context.Context, by policy.Actor, id string, seq int64, why string) error {
	why = strings.TrimSpace(why)
	_, err := s.changeDivision(ctx, by, id, seq, why, func(d *Division, bad *faults) error {
		reason(bad, why)
		if d.Days.Until.IsZero() {
			bad.add("reason", "“%s”没有撤销，不用恢复", d.Display)
		}
		d.Days.Until, d.Successors = calendar.Date{}, nil
		return nil
	})
	return err
}

// MoveDivision puts a community below another township; its projects follow. Returns Forbidden without UpdateDivision, NotFound, also for a township outside of the actor's
// scope, Invalid for refused fields (parent, name if there is one of that name, reason), Conflict if seq is not the last change.
func (s *Service) MoveDivision(ctx context.Context, by policy.Actor, id string, seq int64, parent, why string) error {
	why = strings.TrimSpace(why)
	parent, err := s.idOfCode(ctx, parent)
	if err != nil {
		return err
	}
	d, err := s.changeDivision(ctx, by, id, seq, why, func(d *Division, bad *faults) error {
		reason(bad, why)
		if d.Parent == parent {
			bad.add("parent", "“%s”本来就在这里", d.Display)
		}
		d.Parent = parent
		return nil
	})
	if err != nil {
		return err
	}
	return s.projectsFollow(ctx, d, by.ID)
}

// projectsFollow gives the projects of a community the township that it lies in after a change. It may be repeated: what follows already stays.
func (r *Register) projectsFollow(ctx context.Context, changed store.Doc[Division], by string) error {
	stream, err := journal.StreamKey(divisionKind, changed.ID)
	if err != nil {
		return err
	}
	return r.followed(ctx, changed.ID, by, journal.RecordID(stream, changed.Seq))
}

// followed is projectsFollow by the record of the change.
func (r *Register) followed(ctx context.Context, community, by, record string) error {
	d, err := r.divisions.Load(ctx, community)
	if fault.Is(err, fault.NotFound) || err == nil && d.State.Level != LevelCommunity {
		return nil
	}
	if err != nil {
		return err
	}
	meta := store.Meta{By: by, Action: string(policy.UpdateDivision), Cause: journal.Cause(record, followRule)}
	lags := func(p *store.Doc[Project]) bool { return p.State.Township != d.State.Parent }
	return every(ctx, r.projects, store.Query{Index: ByName, Key: policy.CommunityKey(community)}, lags, func(p store.Doc[Project]) error {
		for try := 0; ; try++ {
			head, err := r.projects.Load(ctx, p.ID)
			if err != nil || head.State.Community != community || head.State.Township == d.State.Parent {
				return err
			}
			head.State.Township = d.State.Parent
			if _, err = r.projects.Commit(ctx, meta, p.ID, head.Seq, head.State); !fault.Is(err, fault.Conflict) || try == 3 {
				return err
			}
		}
	})
}

// followRule completes a move that a stop cut off.
const followRule = "division-moved"

// followUp is followRule.
func (r *Register) followUp() store.Rule {
	return store.Rule{Name: followRule, Title: "区划移动以后更新小区的所属乡镇", Kinds: []string{divisionKind}, Apply: func(ctx context.Context, e store.Event) error {
		return r.followed(ctx, e.ID, e.Meta.By, e.RecordID)
	}}
}
