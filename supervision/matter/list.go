package matter

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Stage is what somebody is to do.
type Stage string

// The stages; a closed matter has none.
const (
	// StageDispatch: to be given to a department. StageMore: somebody asks for more time.
	StageDispatch Stage = "dispatch"
	StageMore     Stage = "more"
	// StageSign: to be accepted or refused by a department. StageWork: to be answered by its 承办人.
	StageSign Stage = "sign"
	StageWork Stage = "work"
	// StageVerify: to be verified.
	StageVerify Stage = "verify"
)

// work are the keys under which it is somebody's turn.
func (m *Matter) work() []string {
	place := func(stage Stage) []string {
		var keys []string
		for _, key := range supervision.ListKeys(m.Keys) {
			keys = append(keys, string(stage)+"/"+key)
		}
		return keys
	}
	switch m.State {
	case Reported, Returned, Reopened:
		return place(StageDispatch)
	case Dispatched:
		return []string{string(StageSign) + "/" + unitKey(m.Department)}
	case Accepted, Working:
		keys := []string{string(StageWork) + "/" + m.Handler}
		if m.Asks() {
			keys = append(keys, place(StageMore)...)
		}
		return keys
	case Answered:
		if m.Check.Way == WayPlatform {
			return nil // its result comes from there
		}
		return place(StageVerify)
	case Merged:
		return []string{intoKey(m.Into)}
	}
	return nil
}

// Queue returns up to 500 matters of a stage that the actor can act on, the urgent ones and what is due first on top. Returns Forbidden without the right of the stage.
func (s *Service) Queue(ctx context.Context, by policy.Actor, stage Stage) ([]store.Doc[Matter], error) {
	action := map[Stage]policy.Action{StageDispatch: policy.DispatchMatter, StageMore: policy.DispatchMatter, StageSign: policy.HandleMatter, StageWork: policy.HandleMatter, StageVerify: policy.VerifyMatter}[stage]
	scope, err := s.desk.Scope(ctx, by, action)
	if err != nil {
		return nil, err
	}
	q := supervision.ScopeQuery(scope, byWork, string(stage)+"/", "")
	switch stage {
	case StageSign:
		q.Key, q.In = "", []string{}
		for _, d := range s.Tree.Of(by) {
			q.In = append(q.In, string(stage)+"/"+unitKey(d.ID))
		}
	case StageWork:
		q.Key, q.In = "", []string{string(stage) + "/" + by.ID}
	}
	q.Limit = store.MaxLimit
	page, err := s.rows.ListWhere(ctx, q, func(d *store.Doc[Matter]) bool {
		return scope.Covers(d.State.Keys, d.State.Day) && s.shows(by, &d.State) && (stage != StageVerify || s.MayVerify(by, &d.State)) && (stage != StageMore || d.State.Handler != by.ID)
	})
	for i := range page.Docs {
		page.Docs[i] = s.seen(by, page.Docs[i])
	}
	return page.Docs, err
}

// shows reports whether a matter inside the scope exists for a person: what he reported; for a department what it ever had; for a firm what was dispatched; for who reports only, nothing else.
func (s *Service) shows(by policy.Actor, m *Matter) bool {
	if by.ID != "" && m.Reported.By == by.ID {
		return true
	}
	return slices.ContainsFunc(by.Appointments, func(a policy.Appointment) bool {
		if !s.reads(a) {
			return false
		}
		department, ofDepartment := strings.CutPrefix(a.Unit, unitKey(""))
		switch {
		case s.Tree.ownOnly(a.Role):
			return false
		case ofDepartment:
			return m.hadBy(department)
		case strings.HasPrefix(a.Unit, policy.FirmKey("")):
			return m.Department != "" && m.State != Merged
		}
		return true
	})
}

// reads reports whether an office gives the right to read matters.
func (s *Service) reads(a policy.Appointment) bool {
	ok, _ := s.Guard.Rules().RoleAllows(a.Role, policy.ReadMatter)
	return ok
}

// query asks an index for the rows that a person may read: by department, by reporter, or by scope.
func (s *Service) query(by policy.Actor, scope policy.Scope, index string) store.Query {
	q := store.Query{Index: index, In: []string{mineKey(by.ID)}}
	for _, a := range by.Appointments {
		switch {
		case !s.reads(a) || s.Tree.ownOnly(a.Role):
		case strings.HasPrefix(a.Unit, unitKey("")):
			q.In = append(q.In, a.Unit)
		default:
			if scope.All() {
				return store.Query{Index: index, Key: policy.County}
			}
			q.In = append(q.In, scope.Keys()...)
		}
	}
	slices.Sort(q.In)
	q.In = slices.Compact(q.In)
	return q
}

// seen is a matter as a person may see it: without who reported it for who lacks ReadReporter and is not the reporter, and with what the calendar knows by now.
func (s *Service) seen(by policy.Actor, d store.Doc[Matter]) store.Doc[Matter] {
	m := &d.State
	m.Due, m.AnswerBy, m.ReopenBy = s.Resolve(m.Due), s.Resolve(m.AnswerBy), s.Resolve(m.ReopenBy)
	if s.knows(by, m) || m.Order != nil && s.handlesOrders(by) {
		return d
	}
	m.Source, m.Reported, m.From, m.Order, m.Ticket = "", supervision.Hand{At: m.Reported.At}, "", nil, nil
	m.Due, m.AnswerBy = plainClock(m.Due), plainClock(m.AnswerBy)
	m.Last, m.Hand = plainMove(m.Last), hidden(m.Last, m.Hand)
	m.Photos = nameless(m.Photos)
	if m.Answer != nil {
		a := *m.Answer
		a.Photos = nameless(a.Photos)
		m.Answer = &a
	}
	if m.Check != nil {
		c := *m.Check
		c.Photos = nameless(c.Photos)
		if c.Way == WayAsked || c.Way == WayPlatform {
			c.Way = WaySample
		}
		if c.By.Office == string(policy.Anonymous) {
			c.By = supervision.Hand{At: c.By.At}
		}
		m.Check = &c
	}
	return d
}

// knows reports whether a person may know who reported a matter.
func (s *Service) knows(by policy.Actor, m *Matter) bool {
	return by.ID != "" && m.Reported.By == by.ID || s.Guard.Allow(by, policy.ReadReporter)
}

// hidden takes the person out of what a reporter did, and out of what came from another platform.
func hidden(move Move, by supervision.Hand) supervision.Hand {
	if move == MoveReport || move == MoveReopen || move != plainMove(move) || by.Office == string(policy.Anonymous) {
		return supervision.Hand{At: by.At}
	}
	return by
}

// plainMove is a move in words that do not say that a matter came from another platform.
func plainMove(move Move) Move {
	switch move {
	case MoveOrder:
		return MoveReport
	case MoveOrderNews:
		return "更新"
	case MoveOrderFixed:
		return MoveFixed
	case MoveOrderUnfixed:
		return MoveUnfixed
	}
	return move
}

// nameless gives photos names that say nothing.
func nameless(list []files.Stored) []files.Stored {
	out := slices.Clone(list)
	for i := range out {
		out[i].Name = fmt.Sprintf("照片%d", i+1)
	}
	return out
}

// NoDepartment is, in a Filter, what was not dispatched yet.
const NoDepartment = "none"

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Kind, Department and Source are codes, State is a state; Text is looked for in place and words, in the number of another platform and, as pinyin too, in the names.
	Kind, Department string
	Source           Source
	State            State
	Text             string
	// Project and Firm are ids, Township that of a division.
	Project, Firm, Township string
	// Community and Category are codes too. Period is of the report's day, zero for all; Measure keeps what counts for it, "" for all.
	Community, Category string
	Period              Period
	Measure             Measure
	// Late keeps what is overdue, Mine what the actor reported, Orders what came from other platforms.
	Late, Mine, Orders bool
	// ByDue lists what is open by its deadline instead of everything by the moment of the report, latest first; Desc reverses that order.
	ByDue, Desc bool
}

// key is the one key below which the rows of the filter lie, "" if there is none.
func (w Filter) key(by policy.Actor) string {
	switch {
	case w.Mine:
		return mineKey(by.ID)
	case w.Project != "":
		return policy.ProjectKey(w.Project)
	case w.Firm != "":
		return policy.FirmKey(w.Firm)
	case w.Township != "":
		return policy.TownshipKey(w.Township)
	}
	return ""
}

// lets reports whether a matter, as the person sees it, passes.
func (w Filter) lets(m *Matter, now time.Time) bool {
	if w.Orders && m.Order == nil || w.Kind != "" && m.Kind != w.Kind || w.State != "" && m.State != w.State || w.Department != "" && m.Department != w.Department && (w.Department != NoDepartment || m.Department != "") || w.Source != "" && m.Source != w.Source || w.Late && !m.Late(now) ||
		w.Community != "" && m.Community != w.Community || w.Category != "" && m.Category != w.Category || w.Project != "" && m.Project != w.Project || w.Firm != "" && m.Firm != w.Firm || w.Township != "" && m.Township != w.Township {
		return false
	}
	if f := m.facts(); w.Measure != "" && !f.is(w.Measure, calendar.DateOf(now)) || !w.Period.IsZero() && !w.Period.Span().Has(m.Day) {
		return false
	}
	text := strings.TrimSpace(w.Text)
	return text == "" || strings.Contains(m.Words, text) || strings.Contains(m.Where, text) || m.Order != nil && strings.Contains(m.Order.Number, text) || slices.ContainsFunc([]string{m.ProjectName, m.CommunityName, m.CategoryTitle, m.FirmName}, func(name string) bool { return name != "" && registry.Finds(name, text) })
}

// perPage is a page of a list.
const perPage = 50

// List returns up to 50 matters and the cursor of the next page. Returns Forbidden without ReadMatter.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter, after string) (store.Page[Matter], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadMatter)
	if err != nil {
		return store.Page[Matter]{}, err
	}
	index := byScope
	if w.ByDue {
		index = byDue
	}
	q := s.query(by, scope, index)
	if w.Orders {
		q = supervision.ScopeQuery(scope, index, ordersBefore, "")
	} else if key := w.key(by); key != "" {
		q.Key, q.In = key, nil
	}
	if !w.Period.IsZero() && !w.ByDue && !w.Orders && !w.Mine {
		keys := q.In
		if keys == nil {
			keys = []string{q.Key}
		}
		q.Index, q.Key, q.In = byMonth, "", monthKeys(w.Period.months(), slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return key == mineKey(by.ID) }))
	}
	q.After, q.Limit, q.Desc = after, perPage, w.ByDue == w.Desc
	now := store.ClockIn(ctx, s.Now)
	page, err := s.rows.ListWhere(ctx, q, func(d *store.Doc[Matter]) bool {
		if !s.inScope(by, scope, &d.State) {
			return false
		}
		as := s.seen(by, *d)
		return w.lets(&as.State, now)
	})
	for i := range page.Docs {
		page.Docs[i] = s.seen(by, page.Docs[i])
	}
	return page, err
}

// inScope reports whether a person may read a matter: what he reported, and what lies in the scope and is shown to him.
func (s *Service) inScope(by policy.Actor, scope policy.Scope, m *Matter) bool {
	return by.ID != "" && m.Reported.By == by.ID || scope.Covers(m.Keys, m.Day) && s.shows(by, m)
}

// Each yields every matter of a list, for an export. Errors as those of List.
func (s *Service) Each(ctx context.Context, by policy.Actor, w Filter, yield func(store.Doc[Matter])) error {
	for after := ""; ; {
		page, err := s.List(ctx, by, w, after)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			yield(d)
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// One returns a matter as the actor may see it. Returns Forbidden without ReadMatter, NotFound for what does not exist for him.
func (s *Service) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Matter], error) {
	d, err := s.one(ctx, by, id)
	if err != nil {
		return store.Doc[Matter]{}, err
	}
	return s.seen(by, d), nil
}

// one is One with who reported it.
func (s *Service) one(ctx context.Context, by policy.Actor, id string) (store.Doc[Matter], error) {
	const op = "matter.One"
	scope, err := s.desk.Scope(ctx, by, policy.ReadMatter)
	if err != nil {
		return store.Doc[Matter]{}, err
	}
	d, err := s.desk.Load(ctx, op, scope, id)
	if err == nil && !s.inScope(by, scope, &d.State) {
		err = fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	return d, err
}

// Happened is one change of a matter.
type Happened struct {
	// At is when, Move what was done, By who did it, empty for a reporter whom the reader may not know; Reason what was said with it.
	At     time.Time
	Move   Move
	By     supervision.Hand
	Reason string
	// Department is the one that had it then, "" before the first dispatch.
	Department string
}

// History returns what happened to a matter, oldest first. Errors as those of One.
func (s *Service) History(ctx context.Context, by policy.Actor, id string) ([]Happened, error) {
	d, err := s.one(ctx, by, id)
	if err != nil {
		return nil, err
	}
	open := s.knows(by, &d.State) || d.State.Order != nil && s.handlesOrders(by)
	var out []Happened
	for c, err := range s.rows.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		m := &c.State
		h := Happened{At: c.At, Move: m.Last, By: m.Hand, Reason: m.Reason, Department: m.DepartmentTitle}
		if !open {
			h.Move, h.By = plainMove(h.Move), hidden(h.Move, h.By)
		}
		out = append(out, h)
	}
	return out, nil
}

// The sets of photos of a matter.
const (
	// PhotosReport came with the report, PhotosAnswer with the answer, PhotosCheck from who verified it.
	PhotosReport = "report"
	PhotosAnswer = "answer"
	PhotosCheck  = "check"
)

// OpenPhoto opens a photo as pages show it, without what the camera wrote into it; set is one of the sets, n counts from 0. Returns NotFound for what is not there, and the errors of One.
func (s *Service) OpenPhoto(ctx context.Context, by policy.Actor, id, set string, n int) (io.ReadSeekCloser, int64, error) {
	d, err := s.One(ctx, by, id)
	if err != nil {
		return nil, 0, err
	}
	m, list := &d.State, []files.Stored(nil)
	switch {
	case set == PhotosReport:
		list = m.Photos
	case set == PhotosAnswer && m.Answer != nil:
		list = m.Answer.Photos
	case set == PhotosCheck && m.Check != nil:
		list = m.Check.Photos
	}
	if n < 0 || n >= len(list) {
		return nil, 0, fault.New("matter.OpenPhoto", fault.NotFound, "没有找到要看的内容")
	}
	return s.Keeper.Open(ctx, list[n].Shown)
}

// Uses implements registry.Uses: “2 件事项” that name a scope key and were touched since a moment, "" for none. It asks for no right and shows nothing of them.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	return supervision.UsesSince(ctx, s.rows, byScope, key, since, "件事项")
}
