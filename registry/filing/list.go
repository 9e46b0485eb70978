package filing

import (
	"cmp"
	"context"
	"io"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Stage is whose turn it is.
type Stage string

// The stages; a filing that is over and has no open sheet has none.
const (
	// StageApplicant: drafts and corrections.
	StageApplicant Stage = "applicant"
	// StageOfficer: to be accepted, or sent back by an approver.
	StageOfficer Stage = "officer"
	// StageSign: waits for signatures or a second look at a scan.
	StageSign Stage = "sign"
	// StageSheets: registered, with a sheet of 三同步 open.
	StageSheets Stage = "sheets"
)

// Stage is whose turn it is now.
func (f *Filing) Stage() Stage {
	switch f.State {
	case Draft, Correcting:
		return StageApplicant
	case Submitted, SentBack:
		return StageOfficer
	case Approving:
		return StageSign
	case Registered:
		for _, sheet := range f.Sheets {
			if sheet.By == "" {
				return StageSheets
			}
		}
	}
	return ""
}

// due is the deadline of the present stage.
func (f *Filing) due() calendar.Deadline {
	switch f.Stage() {
	case StageApplicant:
		return f.Due
	case StageOfficer, StageSign:
		return f.Clock
	case StageSheets:
		for _, sheet := range f.Sheets {
			if sheet.By == "" {
				return sheet.Due
			}
		}
	}
	return calendar.Deadline{}
}

// DueNow is the deadline of whose turn it is, empty without one.
func (f *Filing) DueNow() calendar.Deadline { return f.due() }

// since is by what lists are ordered: when it came in, or the day of the draft.
func (f *Filing) since() time.Time {
	if f.Submitted.IsZero() {
		return f.Day.Begins()
	}
	return f.Submitted.Time
}

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Kind and State are codes, Text is looked for in the names, their pinyin and initials, and in the number.
	Kind  string
	State State
	Text  string
	// Project and Firm are ids.
	Project, Firm string
}

// key is the scope key under which the filings of the filter are listed, "" for all of them.
func (w Filter) key() string {
	switch {
	case w.Project != "":
		return policy.ProjectKey(w.Project)
	case w.Firm != "":
		return policy.FirmKey(w.Firm)
	}
	return ""
}

// lets reports whether a filing passes.
func (w Filter) lets(f *Filing) bool {
	if w.Kind != "" && f.Kind != w.Kind || w.State != "" && f.State != w.State || w.Project != "" && f.Project != w.Project || w.Firm != "" && f.Firm != w.Firm {
		return false
	}
	text := strings.TrimSpace(w.Text)
	return registry.Finds(f.ProjectName, text) || registry.Finds(f.FirmName, text) || strings.Contains(f.Number, text)
}

// perPage is a page of a list.
const perPage = 50

// List returns up to 50 filings, the latest first, and the cursor of the next page. Returns Forbidden without ReadFiling.
func (s *Service) List(ctx context.Context, by policy.Actor, w Filter, after string) (store.Page[Filing], error) {
	return s.page(ctx, by, policy.ReadFiling, store.Query{Index: byScope, Key: w.key(), Desc: true, After: after}, "", w.lets)
}

// Each yields every filing of a list, for an export. Errors as those of List.
func (s *Service) Each(ctx context.Context, by policy.Actor, w Filter, yield func(id string, f *Filing)) error {
	for after := ""; ; {
		page, err := s.List(ctx, by, w, after)
		if err != nil {
			return err
		}
		for i := range page.Docs {
			yield(page.Docs[i].ID, &page.Docs[i].State)
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// Queue returns up to 500 filings of a stage that the actor can act on, what is due first on top. Returns Forbidden without the right of the stage.
func (s *Service) Queue(ctx context.Context, by policy.Actor, stage Stage) ([]store.Doc[Filing], error) {
	action := policy.ReadFiling
	keep := func(*Filing) bool { return true }
	switch stage {
	case StageApplicant:
		action, keep = policy.ApplyFiling, func(f *Filing) bool { return s.MayApply(by, f) }
	case StageOfficer:
		action = policy.HandleFiling
	case StageSign:
		keep = func(f *Filing) bool {
			if s.MaySign(ctx, by, f) {
				return true
			}
			for _, scan := range f.Approval.Papers() {
				if s.MayLook(ctx, by, f, scan.Paper.FileHash) {
					return true
				}
			}
			return false
		}
	case StageSheets:
		keep = func(f *Filing) bool {
			for _, sheet := range f.Sheets {
				if sheet.By == "" && s.MayFill(by, sheet.Kind) {
					return true
				}
			}
			return false
		}
	}
	page, err := s.page(ctx, by, action, store.Query{Index: byWork, Limit: store.MaxLimit}, string(stage)+"/", keep)
	return page.Docs, err
}

// page reads a page inside the scope of an action; before stands before each key of the index.
func (s *Service) page(ctx context.Context, by policy.Actor, action policy.Action, q store.Query, before string, keep func(*Filing) bool) (store.Page[Filing], error) {
	scope, err := s.scope(ctx, by, action)
	if err != nil {
		return store.Page[Filing]{}, err
	}
	if scope.All() {
		q.Key = before + cmp.Or(q.Key, policy.County)
	} else {
		q.In = []string{}
		for _, key := range scope.Keys() {
			q.In = append(q.In, before+key)
		}
	}
	q.Limit = cmp.Or(q.Limit, perPage)
	drafts := s.Guard.Allow(by, policy.ApplyFiling)
	found, err := s.rows.ListWhere(ctx, q, func(d *store.Doc[Filing]) bool {
		f := &d.State
		return (f.State != Draft || drafts) && scope.Covers(f.Keys, f.Day) && keep(f)
	})
	for i := range found.Docs {
		found.Docs[i] = s.seen(by, found.Docs[i])
	}
	return found, err
}

// One returns a filing, without what the actor may not read in its sheets. Returns Forbidden without ReadFiling, NotFound outside the scope.
func (s *Service) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Filing], error) {
	scope, err := s.scope(ctx, by, policy.ReadFiling)
	if err != nil {
		return store.Doc[Filing]{}, err
	}
	doc, err := s.load(ctx, by, scope, id)
	return s.seen(by, doc), err
}

// Happened is one change of a filing.
type Happened struct {
	// At is when, By the account, Move what was done, Reason why.
	At     time.Time
	By     string
	Move   Move
	Reason string
}

// History returns what happened to a filing after it was handed in, oldest first. Errors as those of One.
func (s *Service) History(ctx context.Context, by policy.Actor, id string) ([]Happened, error) {
	if _, err := s.One(ctx, by, id); err != nil {
		return nil, err
	}
	var out []Happened
	for change, err := range s.rows.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		if f := change.State; f.Last != MoveEdit && f.Last != MoveSheetSave {
			out = append(out, Happened{At: change.At, By: change.Meta.By, Move: f.Last, Reason: f.Reason})
		}
	}
	return out, nil
}

// OpenFile opens a document of a filing, or, with scan, a signed paper; n counts from 0. Returns NotFound outside the scope or for a file that it does not have.
func (s *Service) OpenFile(ctx context.Context, by policy.Actor, id string, n int, scan bool) (io.ReadSeekCloser, int64, files.Stored, error) {
	doc, err := s.One(ctx, by, id)
	if err != nil {
		return nil, 0, files.Stored{}, err
	}
	list := doc.State.Scans
	if !scan {
		list = nil
		for _, d := range doc.State.Documents {
			list = append(list, d.File)
		}
	}
	if n < 0 || n >= len(list) {
		return nil, 0, files.Stored{}, fault.New("filing.OpenFile", fault.NotFound, "没有找到要看的内容")
	}
	r, size, err := s.Keeper.Open(ctx, list[n].Original)
	return r, size, list[n], err
}

// FiledOf lists the filings of a kind of a project that came in and were neither refused nor withdrawn, in the actor's scope, the last one first. Returns Forbidden without
// ReadFiling.
func (s *Service) FiledOf(ctx context.Context, by policy.Actor, project, kind string) ([]registry.FiledRef, error) {
	var out []registry.FiledRef
	err := s.Each(ctx, by, Filter{Project: project, Kind: kind}, func(id string, f *Filing) {
		if !f.Submitted.IsZero() && f.State != Refused && f.State != Withdrawn {
			out = append(out, registry.FiledRef{ID: id, Number: f.Number, Happened: f.Happened, Submitted: calendar.DateOf(f.Submitted.Time), Filed: f.Filed})
		}
	})
	return out, err
}

// EveryLife calls yield with the changes, oldest first, of every filing of a kind that came in, whoever asks: for the rating.
func (s *Service) EveryLife(ctx context.Context, kind string, yield func([]store.Change[Filing]) error) error {
	return s.rows.EachLife(ctx, func(d *store.Doc[Filing]) bool { return d.State.Kind == kind && !d.State.Submitted.IsZero() }, yield)
}

// Within is until when something of a kind that happened on a day is to be filed; the zero value where the kind has no such period or filings.yaml has it no more. Returns NotFound for a period that deadlines.yaml does not have.
func (s *Service) Within(kind string, happened calendar.Date) (calendar.Deadline, error) {
	k, err := s.Kinds.Find(kind)
	if err != nil || k.Within == "" {
		return calendar.Deadline{}, nil
	}
	return s.Deadlines(k.Within, happened)
}
