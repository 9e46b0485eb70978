package evidence

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

// Window is a period in which firms submit proof. Rating opens and closes it.
type Window struct {
	// Title is the period for people: 2026年第三季度.
	Title string `json:"title" privacy:"public"`
	// Days are the days on which a fact may lie.
	Days calendar.Span `json:"days"`
	// Opens and Closes are the first instant at which proof is taken in and the first at which it is not any more.
	Opens  journal.Time `json:"opens"`
	Closes journal.Time `json:"closes"`
	// Asks are what the period asks of each project.
	Asks []supervision.Ask `json:"asks"`
	// Objection says where to object after the window closed.
	Objection string `json:"objection" privacy:"public"`
}

// windowKind is the kind of window documents.
const windowKind = "window"

// byOpening lists windows by their opening.
const byOpening = "by-opening"

func windowDocument() store.Kind[Window] {
	return store.Kind[Window]{Name: windowKind, Version: 1, Indexes: []store.Index[Window]{
		{Name: byOpening, Keys: func(string, *Window) []string { return []string{"all"} }, Sort: func(_ string, w *Window) string { return w.Opens.String() }},
	}}
}

// Ask returns the ask about a fact; false if the period does not ask for it.
func (w Window) Ask(fact string) (supervision.Ask, bool) {
	for _, a := range w.Asks {
		if a.Fact == fact {
			return a, true
		}
	}
	return supervision.Ask{}, false
}

// Open returns nil while proof is taken in, else Conflict with the reason and where to object.
func (w Window) Open(now time.Time) error {
	const op = "evidence.Window.Open"
	switch {
	case now.Before(w.Opens.Time):
		return fault.New(op, fault.Conflict, fmt.Sprintf("%s的材料提交从%s起开放", w.Title, Moment(w.Opens.Time)))
	case !now.Before(w.Closes.Time):
		return fault.New(op, fault.Conflict, fmt.Sprintf("%s的材料提交已于%s截止，不再收取、补正。%s", w.Title, Moment(w.Closes.Time), w.Objection))
	}
	return nil
}

// uncounted is how long a returned proof can be corrected while the days of its clock cannot be counted, because the calendar of their year is not loaded.
const uncounted = 30

// For is the window as it stands for one proof: a returned one can be corrected until its own clock ends, if that is later.
func (w Window) For(p Proof) Window {
	if p.State != Returned || p.Due.Rule != correctRule {
		return w
	}
	last := p.Due.Start.Add(uncounted)
	if p.Due.Resolved() {
		last = p.Due.Due
	}
	if ends := journal.At(last.Ends()); ends.After(w.Closes.Time) {
		w.Closes = ends
	}
	return w
}

// Moment is an instant for people; a midnight is called the end of the day before: 2026年10月19日24时.
func Moment(t time.Time) string {
	day := calendar.DateOf(t)
	if t.Equal(day.Begins()) {
		return day.Add(-1).Chinese() + "24时"
	}
	since := t.Sub(day.Begins())
	return fmt.Sprintf("%s%02d:%02d", day.Chinese(), int(since.Hours()), int(since.Minutes())%60)
}

// faults checks a window before it is opened.
func (w Window) faults() []fault.Field {
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	if strings.TrimSpace(w.Title) == "" {
		fail("title", "缺少期间名称")
	}
	if strings.TrimSpace(w.Objection) == "" {
		fail("objection", "缺少截止后提出异议的途径")
	}
	if w.Days.First.IsZero() || w.Days.Days() < 1 {
		fail("days", "期间 %s 至 %s 不合规则", w.Days.First, w.Days.Last)
	}
	if !w.Opens.Before(w.Closes.Time) {
		fail("closes", "截止时间 %s 不晚于开放时间 %s", Moment(w.Closes.Time), Moment(w.Opens.Time))
	}
	if len(w.Asks) == 0 {
		fail("asks", "没有要提交的材料")
	}
	seen := map[string]bool{}
	for i, a := range w.Asks {
		at := fmt.Sprintf("asks[%d]", i)
		if !journal.ValidPart(a.Fact) || seen[a.Fact] {
			fail(at+".fact", "事实代码“%s”不合规则或重复", a.Fact)
		}
		seen[a.Fact] = true
		if len(a.Columns) == 0 {
			fail(at+".columns", "“%s”没有要填的栏目", a.Name)
		}
	}
	return bad
}

// OpenWindow begins to take in proof for a period; opening the same window again changes nothing. Returns Forbidden without ManageWindow, Invalid for a faulty
// window, Conflict if the period has another window.
func (s *Service) OpenWindow(ctx context.Context, by policy.Actor, period string, w Window) (store.Doc[Window], error) {
	const op = "evidence.OpenWindow"
	if err := s.guard.Require(by, policy.ManageWindow); err != nil {
		return store.Doc[Window]{}, err
	}
	bad := w.faults()
	if !journal.ValidPart(period) {
		bad = append(bad, fault.Field{Name: "period", Message: "期间编号“" + period + "”不合规则"})
	}
	if len(bad) > 0 {
		return store.Doc[Window]{}, fault.InvalidFields(op, bad...)
	}
	w.Opens, w.Closes = journal.At(w.Opens.Time), journal.At(w.Closes.Time)
	doc, err := s.windows.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.ManageWindow)}, period, 0, w)
	if !fault.Is(err, fault.Conflict) {
		return doc, err
	}
	standing, loadErr := s.windows.Load(ctx, period)
	if loadErr != nil {
		return doc, err
	}
	if standing.State.Closes.Before(w.Closes.Time) {
		w.Closes = standing.State.Closes // It was closed early; that stays.
	}
	if !reflect.DeepEqual(standing.State, w) {
		return doc, fault.New(op, fault.Conflict, w.Title+"的材料提交已经开放，内容不同，不能再开放一次")
	}
	return standing, nil
}

// CloseWindow ends a window now, with a reason; one that has ended already stays as it is. Returns Forbidden without ManageWindow, NotFound, Invalid without a
// reason.
func (s *Service) CloseWindow(ctx context.Context, by policy.Actor, period, why string) (store.Doc[Window], error) {
	const op = "evidence.CloseWindow"
	if err := s.guard.Require(by, policy.ManageWindow); err != nil {
		return store.Doc[Window]{}, err
	}
	if err := supervision.CheckReason(op, why); err != nil {
		return store.Doc[Window]{}, err
	}
	doc, err := s.window(ctx, period)
	if err != nil || !s.db.Now().Before(doc.State.Closes.Time) {
		return doc, err
	}
	w := doc.State
	w.Closes = journal.At(s.db.Now())
	if w.Closes.Before(w.Opens.Time) {
		w.Opens = w.Closes
	}
	return s.windows.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.ManageWindow), Why: strings.TrimSpace(why)}, period, doc.Seq, w)
}

// EndWindow is CloseWindow by the rating cycle: the period ended in good order. A period without a window has nothing to end.
func (s *Service) EndWindow(ctx context.Context, period string) error {
	_, err := s.CloseWindow(ctx, policy.SystemActor(), period, "评价周期停止收取材料")
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// Window returns the window of a period. Returns Forbidden without ReadEvidence, NotFound.
func (s *Service) Window(ctx context.Context, by policy.Actor, period string) (store.Doc[Window], error) {
	if err := s.guard.Require(by, policy.ReadEvidence); err != nil {
		return store.Doc[Window]{}, err
	}
	return s.window(ctx, period)
}

// Windows returns the latest windows, newest first, at most 12. Returns Forbidden without ReadEvidence.
func (s *Service) Windows(ctx context.Context, by policy.Actor) ([]store.Doc[Window], error) {
	if err := s.guard.Require(by, policy.ReadEvidence); err != nil {
		return nil, err
	}
	page, err := s.windows.List(ctx, store.Query{Index: byOpening, Key: "all", Desc: true, Limit: 12})
	return page.Docs, err
}

func (s *Service) window(ctx context.Context, period string) (store.Doc[Window], error) {
	if !journal.ValidPart(period) {
		return store.Doc[Window]{}, fault.New("evidence.window", fault.NotFound, "没有这一期的材料提交")
	}
	doc, err := s.windows.Load(ctx, period)
	if fault.Is(err, fault.NotFound) {
		return doc, fault.Wrap("evidence.window", fault.NotFound, "没有这一期的材料提交", err)
	}
	return doc, err
}
