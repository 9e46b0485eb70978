package conduct

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Firm and Project are ids, Class a code, State one of States.
	Firm, Project, Class string
	State                State
	// Text is looked for in the names of firm and project, the title and the number.
	Text string
	// ByUntil orders by the last day instead of the day of the document; Ascending puts the earliest first.
	ByUntil, Ascending bool
}

// lets reports whether an entry passes on a day.
func (w Filter) lets(e *Entry, today calendar.Date) bool {
	if w.Firm != "" && e.Firm != w.Firm || w.Project != "" && e.Project != w.Project || w.Class != "" && e.Class != w.Class || w.State != "" && e.StateOn(today) != w.State {
		return false
	}
	text := strings.TrimSpace(w.Text)
	return text == "" || registry.Finds(e.FirmName, text) || registry.Finds(e.ProjectName, text) || strings.Contains(e.Number, text) || strings.Contains(e.Title, text)
}

// works reports whether somebody handles the book, and so sees entries before they count.
func (s *Service) works(by policy.Actor, b Book) bool {
	return s.Guard.Allow(by, b.rights().record) || s.Guard.Allow(by, b.rights().confirm)
}

// shown is an entry as the actor may see it, false if it does not exist for him: whoever does not handle the book sees what counted at some time, and names only with consent.
func (s *Service) shown(by policy.Actor, b Book, e Entry) (Entry, bool) {
	if s.works(by, b) {
		return e, true
	}
	if e.State == Recorded || e.State == Returned || e.State == Withdrawn {
		return e, false
	}
	e.Acts = nil
	if e.Consent.IsZero() {
		e.Person = policy.MaskName(e.Person)
	}
	return e, true
}

// perPage is a page of a list.
const perPage = 50

// List returns up to 50 entries of a book and the cursor of the next page. Returns Forbidden without the right to read the book.
func (s *Service) List(ctx context.Context, by policy.Actor, b Book, w Filter, after string) (store.Page[Entry], error) {
	scope, err := s.scope(ctx, by, b.rights().read)
	if err != nil {
		return store.Page[Entry]{}, err
	}
	q := store.Query{Index: byDecided, Desc: !w.Ascending, After: after, Limit: perPage}
	if w.ByUntil {
		q.Index = byUntil
	}
	switch {
	case !scope.All():
		q.In = scope.Keys()
	case w.Project != "":
		q.Key = policy.ProjectKey(w.Project)
	case w.Firm != "":
		q.Key = policy.FirmKey(w.Firm)
	default:
		q.Key = policy.County
	}
	today := s.on(ctx)
	page, err := s.books[b].ListWhere(ctx, q, func(d *store.Doc[Entry]) bool {
		_, there := s.shown(by, b, d.State)
		return there && scope.Covers(d.State.Keys, d.State.Day) && w.lets(&d.State, today)
	})
	for i := range page.Docs {
		page.Docs[i].State, _ = s.shown(by, b, page.Docs[i].State)
	}
	return page, err
}

// Count counts the entries of a list, and those of them that count on the day of the page. Errors as those of List.
func (s *Service) Count(ctx context.Context, by policy.Actor, b Book, w Filter) (entries, hold int, err error) {
	day := s.on(ctx)
	err = s.Each(ctx, by, b, w, func(d store.Doc[Entry]) error {
		entries++
		if d.State.Counts(day) {
			hold++
		}
		return nil
	})
	return entries, hold, err
}

// Each yields every entry of a list, for an export. Errors as those of List, and what yield returns.
func (s *Service) Each(ctx context.Context, by policy.Actor, b Book, w Filter, yield func(d store.Doc[Entry]) error) error {
	for after := ""; ; {
		page, err := s.List(ctx, by, b, w, after)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if err := yield(d); err != nil {
				return err
			}
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// One returns an entry. Returns Forbidden without the right to read the book, NotFound outside the scope.
func (s *Service) One(ctx context.Context, by policy.Actor, b Book, id string) (store.Doc[Entry], error) {
	scope, err := s.scope(ctx, by, b.rights().read)
	if err != nil {
		return store.Doc[Entry]{}, err
	}
	doc, err := s.load(ctx, "conduct.One", b, scope, id)
	if err != nil {
		return doc, err
	}
	var there bool
	if doc.State, there = s.shown(by, b, doc.State); !there {
		return store.Doc[Entry]{}, fault.New("conduct.One", fault.NotFound, "没有找到要看的内容")
	}
	return doc, nil
}

// Happened is one change of an entry.
type Happened struct {
	// At is when, Move what was done, Reason what was said.
	At     time.Time
	Move   Move
	Reason string
}

// History returns what happened to an entry, oldest first; for those who do not handle the book from the moment at which it counted. Errors as those of One.
func (s *Service) History(ctx context.Context, by policy.Actor, b Book, id string) ([]Happened, error) {
	if _, err := s.One(ctx, by, b, id); err != nil {
		return nil, err
	}
	counted := s.works(by, b)
	var out []Happened
	for change, err := range s.books[b].History(ctx, id) {
		if err != nil {
			return nil, err
		}
		e := &change.State
		counted = counted || e.Last == MoveConfirm
		if !counted {
			continue
		}
		h := Happened{At: change.At, Move: e.Last, Reason: e.Reason}
		switch e.Last {
		case MoveObject:
			h.Reason = e.Objection.Ground
		case MoveKeep, MoveUphold:
			h.Reason = e.Objection.Answer
		case MoveRepair:
			h.Reason = e.RepairNumber + "，" + e.Repaired.Chinese()
		}
		out = append(out, h)
	}
	return out, nil
}

// Queue returns up to 500 entries of a book that are in a state in which the actor can act: to confirm or to answer with the right to confirm, to correct with the right to
// record. It leaves out what he himself entered or decided where another must. Returns Forbidden without the right.
func (s *Service) Queue(ctx context.Context, by policy.Actor, b Book, state State) ([]store.Doc[Entry], error) {
	action := b.rights().confirm
	if state == Returned {
		action = b.rights().record
	}
	scope, err := s.scope(ctx, by, action)
	if err != nil {
		return nil, err
	}
	page, err := s.books[b].ListWhere(ctx, store.Query{Index: byWork, Key: string(state), Limit: store.MaxLimit}, func(d *store.Doc[Entry]) bool {
		return scope.Covers(d.State.Keys, d.State.Day) && s.mayAct(by, &d.State)
	})
	return page.Docs, err
}

// mayAct reports whether the separation of duties lets somebody act on an entry that waits.
func (s *Service) mayAct(by policy.Actor, e *Entry) bool {
	switch e.State {
	case Recorded:
		return policy.Separate(by, policy.PartCheck, e.Acts) == nil
	case Objected:
		for _, done := range e.Acts {
			if done.By == by.ID {
				return false
			}
		}
	}
	return true
}

// MayDecide reports whether the actor can confirm, return or answer an entry now.
func (s *Service) MayDecide(by policy.Actor, b Book, e *Entry) bool {
	return (e.State == Recorded || e.State == Objected) && s.Guard.Allow(by, b.rights().confirm) && s.mayAct(by, e)
}

// OpenPaper opens the scanned document of an entry. Returns NotFound outside the scope or if there is none.
func (s *Service) OpenPaper(ctx context.Context, by policy.Actor, b Book, id string) (io.ReadSeekCloser, int64, files.Stored, error) {
	doc, err := s.One(ctx, by, b, id)
	if err != nil {
		return nil, 0, files.Stored{}, err
	}
	if doc.State.Paper == nil {
		return nil, 0, files.Stored{}, fault.New("conduct.OpenPaper", fault.NotFound, "没有找到要看的内容")
	}
	r, size, err := s.Keeper.Open(ctx, doc.State.Paper.Original)
	return r, size, *doc.State.Paper, err
}

// ofFirm yields every entry of a firm.
func (s *Service) ofFirm(ctx context.Context, b Book, firm string, yield func(d *store.Doc[Entry])) error {
	for q := (store.Query{Index: byDecided, Key: policy.FirmKey(firm), Desc: true, Limit: store.MaxLimit}); ; {
		page, err := s.books[b].List(ctx, q)
		if err != nil {
			return err
		}
		for i := range page.Docs {
			if page.Docs[i].State.Firm == firm {
				yield(&page.Docs[i])
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// PublicCredit is what everybody may know of a firm: its 失信信息 that is valid today and of a grade that is shown, the latest first. It asks for no right.
func (s *Service) PublicCredit(ctx context.Context, firm string) ([]Entry, error) {
	today := s.today()
	var out []Entry
	err := s.ofFirm(ctx, Credit, firm, func(d *store.Doc[Entry]) {
		if e := d.State; e.Public(today) {
			out = append(out, Entry{Input: e.Input, FirmName: e.FirmName, ClassTitle: e.ClassTitle, Until: e.Until, State: e.State})
		}
	})
	return out, err
}

// Points is what the marks of a firm come to today: the sum of those that count and how many they are. A mark whose confirmed correction stands does not count. Returns
// Forbidden without the right to read marks, NotFound for a firm outside the scope.
func (s *Service) Points(ctx context.Context, by policy.Actor, firm string) (num.Num, int, error) {
	scope, err := s.scope(ctx, by, policy.ReadMarks)
	if err != nil {
		return num.Num{}, 0, err
	}
	today := s.on(ctx)
	if err := scope.Require("conduct.Points", []string{policy.FirmKey(firm)}, today); err != nil {
		return num.Num{}, 0, err
	}
	standing, replaced := map[string]num.Num{}, map[string]bool{}
	if err := s.ofFirm(ctx, Marks, firm, func(d *store.Doc[Entry]) {
		if d.State.State == Effective || d.State.State == Objected {
			replaced[d.State.Corrects] = true
		}
		if d.State.Counts(today) {
			standing[d.ID] = d.State.Points
		}
	}); err != nil {
		return num.Num{}, 0, err
	}
	sum, n := num.Num{}, 0
	for id, points := range standing {
		if !replaced[id] {
			sum, n = sum.Add(points), n+1
		}
	}
	return sum, n, nil
}

// Uses counts, for registry.Uses, the entries under a scope key that were written since a moment: “2 条信用、评价与表彰记录”, "" for none. It asks for no right and shows nothing of
// them.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	n := 0
	for _, b := range Books() {
		page, err := s.books[b].ListWhere(ctx, store.Query{Index: byDecided, Key: key, Limit: store.MaxLimit}, func(d *store.Doc[Entry]) bool { return !d.At.Before(since) })
		if err != nil {
			return "", err
		}
		n += len(page.Docs)
	}
	if n == 0 {
		return "", nil
	}
	return fmt.Sprintf("%d 条信用、评价与表彰记录", n), nil
}
