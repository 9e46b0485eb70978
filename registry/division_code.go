package registry

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// CodeChange is the day on which a division got another code of the statistics. Its id stays what it was registered under, so that nothing that names it has to follow.
type CodeChange struct {
	// Code is 12 digits, From the first day on which it holds, Reason the paper that says so.
	Code   string        `json:"code" privacy:"public"`
	From   calendar.Date `json:"from"`
	Reason string        `json:"reason" privacy:"internal"`
}

// CodeSpell is a code with the days on which a division has it.
type CodeSpell struct {
	// Code is what the division is called by in the statistics.
	Code string
	// Days are its first and last day; no day: since ever, or until further notice.
	Days policy.Span
	// Reason is the paper that gave it, "" for the code under which the division was registered.
	Reason string
}

// codeOn is the code of a division that is no grid on a day.
func (d *Division) codeOn(id string, day calendar.Date) string {
	for _, c := range slices.Backward(d.Codes) {
		if c.From.Compare(day) <= 0 {
			return c.Code
		}
	}
	return id
}

// Spells are the codes that a division had, has and will have, the first one first.
func (d DivisionRow) Spells() []CodeSpell {
	out := []CodeSpell{{Code: d.ID, Days: d.Days}}
	for _, c := range d.Codes {
		out[len(out)-1].Days.Until = c.From.Add(-1)
		out = append(out, CodeSpell{c.Code, policy.Span{From: c.From, Until: d.Days.Until}, c.Reason})
	}
	return out
}

// CodeOn is the code on a day. That of a grid follows its community.
func (d DivisionLeaf) CodeOn(day calendar.Date) string {
	if n := len(d.Above); d.Level == LevelGrid && n > 0 {
		return d.Above[n-1].codeOn(d.Parent, day) + strings.TrimPrefix(d.ID, d.Parent)
	}
	return d.codeOn(d.ID, day)
}

// heldKey is the key under which a division lists a code that it got later than at its registration.
func heldKey(code string) string { return "n:" + code }

// codeClaim keeps a code to one division.
const codeClaim = "division-code"

// idOfCode is the id of the division that has, had or will have a code; the code itself if there is none, so that a lookup names what was asked for.
func (r *Register) idOfCode(ctx context.Context, code string) (string, error) {
	code = strings.TrimSpace(code)
	community, grid, _ := strings.Cut(code, "-")
	if !divisionCode.MatchString(community) {
		return code, nil
	}
	if _, err := r.divisions.Load(ctx, code); !fault.Is(err, fault.NotFound) {
		return code, err
	}
	page, err := r.divisions.List(ctx, store.Query{Index: byPlace, Key: heldKey(community), Limit: 1})
	if err != nil || len(page.Docs) == 0 {
		return code, err
	}
	id := page.Docs[0].ID
	if grid != "" {
		id += "-" + grid
	}
	return id, nil
}

// claimDivisionCode takes a code for a division. Returns Conflict, naming the division that holds it.
func (r *Register) claimDivisionCode(ctx context.Context, meta store.Meta, code, id string) error {
	err := r.db.Claim(ctx, meta, codeClaim, code, divisionKind+"/"+id)
	if !fault.Is(err, fault.Conflict) {
		return err
	}
	message := "代码 " + code + " 由一条撤回的登记占用，不能再用"
	if target, claimErr := r.db.Claimed(ctx, codeClaim, code); claimErr == nil {
		if holder, loadErr := r.Division(ctx, strings.TrimPrefix(target, divisionKind+"/")); loadErr == nil {
			message = heldBy(code, holder)
		}
	}
	return fault.Wrap("registry.claimDivisionCode", fault.Conflict, message, err)
}

// heldBy says that another division has or had a code.
func heldBy(code string, holder DivisionRow) string {
	return "代码 " + code + " 是“" + holder.Display + "”现在或者曾经的代码，不能再用"
}

// freeCode tells bad at the field code if another division than id has or had a code.
func (v divisionView) freeCode(ctx context.Context, code, id string, bad *faults) error {
	holder, err := v.idOfCode(ctx, code)
	if err != nil || holder == id {
		return err
	}
	switch d, exists, err := v.get(ctx, holder); {
	case err != nil:
		return err
	case exists:
		bad.add("code", "%s", heldBy(code, DivisionRow{ID: holder, Division: d.State}))
	}
	return nil
}

// ChangeCode says that a division has another code from a day on. Its id, its place and everything that names it stay, and each of its codes finds it. The grids of a
// community have its code before their number. Returns Forbidden without UpdateDivision, NotFound, Invalid for refused fields (code, from, reason), Conflict for a code that
// another division holds or if seq is not the last change.
func (s *Service) ChangeCode(ctx context.Context, by policy.Actor, id string, seq int64, next CodeChange) error {
	next.Code, next.Reason = strings.TrimSpace(next.Code), strings.TrimSpace(next.Reason)
	v := divisionView{Register: s.Register}
	d, after, err := s.checkedDivision(ctx, by, id, seq, func(d *Division, bad *faults) error {
		reason(bad, next.Reason)
		if !d.takesCode(next, id, bad) {
			return nil
		}
		d.Codes = append(slices.Clone(d.Codes), next)
		return v.freeCode(ctx, next.Code, id, bad)
	})
	if err != nil {
		return err
	}
	meta := s.meta(by, policy.UpdateDivision, next.Reason)
	if next.Code != id {
		if err := s.claimDivisionCode(ctx, meta, next.Code, id); err != nil {
			return err
		}
	}
	_, err = s.divisions.Commit(ctx, meta, id, d.Seq, after)
	return err
}

// takesCode checks a change of code against the division alone; false if there is no use in asking who holds the code.
func (d *Division) takesCode(next CodeChange, id string, bad *faults) bool {
	before := len(bad.list)
	last := next.From
	if n := len(d.Codes); n > 0 {
		last = d.Codes[n-1].From.Add(1)
	}
	now := id
	if n := len(d.Codes); n > 0 {
		now = d.Codes[n-1].Code
	}
	switch {
	case d.Level == LevelGrid:
		bad.add("code", "网格的编号跟着社区，不能单独改")
		return false
	case !d.Days.Until.IsZero():
		bad.add("code", "“%s”已经在%s撤销，不能再改代码", d.Display, d.Days.Until.Chinese())
	case !divisionCode.MatchString(next.Code):
		bad.add("code", "代码“%s”要写 12 位数字", next.Code)
	case next.Code == now:
		bad.add("code", "“%s”的代码本来就是 %s", d.Display, now)
	}
	switch {
	case next.From.IsZero():
		bad.add("from", "请填写新代码启用的第一天，例如 2026-10-19")
	case !d.Days.From.IsZero() && next.From.Compare(d.Days.From) <= 0:
		bad.add("from", "新代码的启用日期%s不晚于设立日期%s", next.From.Chinese(), d.Days.From.Chinese())
	case next.From.Compare(last) < 0:
		bad.add("from", "上一次改代码是%s，新代码的启用日期要在它以后", last.Add(-1).Chinese())
	}
	if len(d.Codes) >= maxCodes {
		bad.add("code", "代码已经改过 %d 次，不能再加", maxCodes)
	}
	return len(bad.list) == before
}

// maxCodes bounds how often a division changes its code: the history is part of its record.
const maxCodes = 20

// TakeCodeBack takes the last change of a code back, because it was entered by mistake; the change log keeps it. Returns Forbidden without UpdateDivision, NotFound, Invalid for the
// field reason, also if the code was never changed, Conflict if seq is not the last change.
func (s *Service) TakeCodeBack(ctx context.Context, by policy.Actor, id string, seq int64, why string) error {
	why = strings.TrimSpace(why)
	dropped := ""
	d, after, err := s.checkedDivision(ctx, by, id, seq, func(d *Division, bad *faults) error {
		reason(bad, why)
		n := len(d.Codes)
		if n == 0 {
			bad.add("reason", "“%s”没有改过代码", d.Display)
			return nil
		}
		dropped, d.Codes = d.Codes[n-1].Code, slices.Clip(d.Codes[:n-1])
		if n == 1 {
			d.Codes = nil
		}
		return nil
	})
	if err != nil {
		return err
	}
	meta := s.meta(by, policy.UpdateDivision, why)
	if _, err := s.divisions.Commit(ctx, meta, id, d.Seq, after); err != nil {
		return err
	}
	if slices.ContainsFunc(after.Codes, func(c CodeChange) bool { return c.Code == dropped }) {
		return nil
	}
	return s.db.Release(ctx, meta, codeClaim, dropped, divisionKind+"/"+id)
}

// successors reads the codes of the divisions that take the place of one that is closed: each is of its level and exists on the day after. What is wrong goes to bad.
func (s *Service) successors(ctx context.Context, id string, closed *Division, last calendar.Date, codes []string, bad *faults) ([]string, error) {
	var out []string
	for _, code := range codes {
		next, err := s.idOfCode(ctx, code)
		if err != nil {
			return nil, err
		}
		d, err := s.divisions.Load(ctx, next)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		switch {
		case err != nil:
			bad.add("successors", "没有编号为“%s”的行政区划", code)
		case next == id:
			bad.add("successors", "“%s”不能由它自己承接", closed.Display)
		case d.State.Level != closed.Level:
			bad.add("successors", "“%s”是%s，承接%s的也要是%s", d.State.Display, TextOf(Levels(), d.State.Level), closed.Display, TextOf(Levels(), closed.Level))
		case !last.IsZero() && !d.State.Days.Holds(last.Add(1)):
			bad.add("successors", "“%s”在%s不存在，不能承接", d.State.Display, last.Add(1).Chinese())
		case slices.Contains(out, next):
			bad.add("successors", "“%s”写了两次", d.State.Display)
		default:
			out = append(out, next)
		}
	}
	if len(codes) > maxSuccessors {
		bad.add("successors", "承接的区划最多写 %d 个，写了 %d 个", maxSuccessors, len(codes))
	}
	return out, nil
}

// maxSuccessors bounds into how many divisions one is split.
const maxSuccessors = 10

// joined are the divisions that went up in another, wholly or in part, in order of id.
func (r *Register) joined(ctx context.Context, id string) ([]DivisionRow, error) {
	return r.divisionsUnder(ctx, "j:"+id, func(Division) bool { return true })
}

// namesOf are the names of divisions by id, in their order; the id for one that does not exist.
func (r *Register) namesOf(ctx context.Context, ids []string) ([]DivisionRow, error) {
	out := make([]DivisionRow, 0, len(ids))
	for _, id := range ids {
		d, err := r.Division(ctx, id)
		if fault.Is(err, fault.NotFound) {
			d, err = DivisionRow{ID: id, Division: Division{Display: id}}, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}
