package evidence

import (
	"context"
	"io"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// perPage is a page of every list of proofs.
const perPage = 50

// One returns a proof. Returns Forbidden without ReadEvidence, NotFound outside the scope.
func (s *Service) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Proof], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadEvidence)
	if err != nil {
		return store.Doc[Proof]{}, err
	}
	return s.desk.Load(ctx, "evidence.One", scope, id)
}

// Happened is one change of a proof.
type Happened struct {
	// At is when, By the account, Office the role of who decided, "" for the firm's own moves.
	At         time.Time
	By, Office string
	// Move is what was done, Reason why, State where the proof stood afterwards.
	Move   Move
	Reason string
	State  State
}

// History returns what happened to a proof, oldest first. Returns Forbidden without ReadEvidence, NotFound outside the scope.
func (s *Service) History(ctx context.Context, by policy.Actor, id string) ([]Happened, error) {
	if _, err := s.One(ctx, by, id); err != nil {
		return nil, err
	}
	var out []Happened
	for change, err := range s.rows.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		p := change.State
		out = append(out, Happened{At: change.At, Move: p.Last, Reason: p.Reason, Office: p.decided().Office, State: p.State, By: change.Meta.By})
	}
	return out, nil
}

// Filter narrows a list; what is zero does not narrow.
type Filter struct {
	// Period is the id of a window, Project that of a project.
	Period, Project string
	// State is one state.
	State State
}

// List returns up to 50 proofs, the latest first, and the cursor of the next page. Returns Forbidden without ReadEvidence.
func (s *Service) List(ctx context.Context, by policy.Actor, f Filter, after string) (store.Page[Proof], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadEvidence)
	if err != nil {
		return store.Page[Proof]{}, err
	}
	before := ""
	if f.Period != "" {
		if !journal.ValidPart(f.Period) {
			return store.Page[Proof]{}, nil
		}
		before = f.Period + "/"
	}
	q := supervision.ScopeQuery(scope, byScope, before, "")
	if f.Project != "" {
		if !journal.ValidPart(f.Project) {
			return store.Page[Proof]{}, nil
		}
		q = store.Query{Index: byScope, Key: before + policy.ProjectKey(f.Project)}
	}
	q.Desc, q.After = true, after
	return s.page(ctx, scope, q, func(p *Proof) bool { return f.State == "" || p.State == f.State })
}

// Queue returns up to 50 proofs that wait for the actor's decision in a stage, what is due first on top; those in which he took an earlier part are not among
// them. Returns Forbidden without the right of the stage.
func (s *Service) Queue(ctx context.Context, by policy.Actor, stage Stage, after string) (store.Page[Proof], error) {
	return s.QueueOf(ctx, by, stage, QueueFilter{}, after)
}

// QueueFilter narrows a queue; what is zero does not narrow.
type QueueFilter struct {
	// Fact is that of the ask, Firm the id of who submitted.
	Fact, Firm string
}

// QueueOf is Queue for what a filter lets through.
func (s *Service) QueueOf(ctx context.Context, by policy.Actor, stage Stage, f QueueFilter, after string) (store.Page[Proof], error) {
	scope, err := s.desk.Scope(ctx, by, stage.action())
	if err != nil {
		return store.Page[Proof]{}, err
	}
	q := supervision.ScopeQuery(scope, byWork, string(stage)+"/", "")
	q.After = after
	return s.page(ctx, scope, q, func(p *Proof) bool {
		return (f.Fact == "" || p.Ask.Fact == f.Fact) && (f.Firm == "" || p.Firm == f.Firm) &&
			policy.Separate(by, stage.part(), p.Acts) == nil && policy.Separate(by, policy.PartCheck, p.Acts) == nil
	})
}

// Earlier returns what was submitted before about one fact of one project, in any period, the latest first, at most 10. Returns Forbidden without ReadEvidence.
func (s *Service) Earlier(ctx context.Context, by policy.Actor, project, fact string) ([]store.Doc[Proof], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadEvidence)
	if err != nil || !journal.ValidPart(project) || !journal.ValidPart(fact) {
		return nil, err
	}
	page, err := s.rows.ListWhere(ctx, store.Query{Index: byContent, Key: factKey(project, fact), Desc: true, Limit: 10}, func(d *store.Doc[Proof]) bool {
		return scope.Covers(d.State.Keys, d.State.Day)
	})
	return page.Docs, err
}

// page reads a page of rows inside the scope that keep lets through.
func (s *Service) page(ctx context.Context, scope policy.Scope, q store.Query, keep func(*Proof) bool) (store.Page[Proof], error) {
	q.Limit = perPage
	return s.rows.ListWhere(ctx, q, func(d *store.Doc[Proof]) bool {
		return scope.Covers(d.State.Keys, d.State.Day) && keep(&d.State)
	})
}

// Need is one ask of a period and what a project has submitted for it.
type Need struct {
	// Ask is what is asked.
	Ask supervision.Ask
	// Proofs are what was submitted, the latest first.
	Proofs []store.Doc[Proof]
	// Held says that the system holds it itself (免报): it is not asked for.
	Held bool
	// Missing says that nothing that counts or can still come to count was submitted; Files is how many files are missing, 0 for none.
	Missing bool
	Files   int
	// Returned says that a proof waits for its correction.
	Returned bool
}

// Needs is what a period asks of a project and what was submitted.
type Needs struct {
	// Window is the period's, Place the project as of the last day on which the actor may see it.
	Window Window
	Place  registry.Place
	// List are the asks in the order of the window.
	List []Need
}

// Missing are the asks of which nothing was submitted that counts or can still come to count.
func (n Needs) Missing() []Need {
	var out []Need
	for _, one := range n.List {
		if one.Missing {
			out = append(out, one)
		}
	}
	return out
}

// Needs returns every ask of a period with what a project submitted. Returns Forbidden without ReadEvidence, NotFound for a period or a project outside the scope.
func (s *Service) Needs(ctx context.Context, by policy.Actor, period, project string) (Needs, error) {
	all, err := s.NeedsOf(ctx, by, period, []string{project})
	if err != nil {
		return Needs{}, err
	}
	if len(all) == 0 {
		return Needs{}, fault.New("evidence.Needs", fault.NotFound, "没有找到要看的内容")
	}
	return all[0], nil
}

// NeedsOf is Needs for many projects at once, in their order; those outside the scope are left out. Returns Forbidden without ReadEvidence, NotFound for a period
// that does not exist.
func (s *Service) NeedsOf(ctx context.Context, by policy.Actor, period string, projects []string) ([]Needs, error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadEvidence)
	if err != nil {
		return nil, err
	}
	window, err := s.window(ctx, period)
	if err != nil {
		return nil, err
	}
	var out []Needs
	var keys []string
	for _, project := range projects {
		if !journal.ValidPart(project) {
			continue
		}
		place, err := s.held(ctx, "evidence.NeedsOf", scope, window.State, project)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, Needs{Window: window.State, Place: place})
		keys = append(keys, period+"/"+policy.ProjectKey(project))
	}
	given, err := s.given(ctx, scope, keys)
	if err != nil {
		return nil, err
	}
	for i := range out {
		for _, ask := range window.State.Asks {
			n := need(ask, given[subject{out[i].Place.Project, ask.Fact}])
			if n.Held, err = s.holds(ctx, ask, out[i].Place.Project, out[i].Place.Firm, window.State.Days); err != nil {
				return nil, err
			}
			if n.Held {
				n.Missing, n.Files = false, 0
			}
			out[i].List = append(out[i].List, n)
		}
	}
	return out, nil
}

// subject is a fact of a project.
type subject struct{ project, fact string }

// given are the proofs under some keys of the scope index, the latest first, by what they are about.
func (s *Service) given(ctx context.Context, scope policy.Scope, keys []string) (map[subject][]store.Doc[Proof], error) {
	out := map[subject][]store.Doc[Proof]{}
	for some := range slices.Chunk(keys, store.MaxIn) {
		for q := (store.Query{Index: byScope, In: some, Desc: true, Limit: store.MaxLimit}); ; {
			page, err := s.rows.List(ctx, q)
			if err != nil {
				return nil, err
			}
			for _, d := range page.Docs {
				if scope.Covers(d.State.Keys, d.State.Day) {
					about := subject{d.State.Project, d.State.Ask.Fact}
					out[about] = append(out[about], d)
				}
			}
			if q.After = page.Next; q.After == "" {
				break
			}
		}
	}
	return out, nil
}

// need tells what is missing of one ask.
func need(ask supervision.Ask, proofs []store.Doc[Proof]) Need {
	n := Need{Ask: ask, Proofs: proofs, Missing: true, Files: ask.Uploads}
	for _, d := range proofs {
		if d.State.State.Lives() {
			n.Missing = false
			n.Files = max(0, n.Files-len(d.State.Files))
		}
		n.Returned = n.Returned || d.State.State == Returned
	}
	return n
}

// OpenFile opens a file of a proof: the copy for pages if shown and there is one, else the original. n counts from 0. Returns Forbidden without ReadEvidence,
// NotFound outside the scope or for a file that the proof does not have.
func (s *Service) OpenFile(ctx context.Context, by policy.Actor, id string, n int, shown bool) (io.ReadSeekCloser, int64, files.Stored, error) {
	doc, err := s.One(ctx, by, id)
	if err != nil {
		return nil, 0, files.Stored{}, err
	}
	if n < 0 || n >= len(doc.State.Files) {
		return nil, 0, files.Stored{}, fault.New("evidence.OpenFile", fault.NotFound, "没有找到要看的内容")
	}
	return s.open(ctx, doc.State.Files[n], shown)
}

func (s *Service) open(ctx context.Context, file files.Stored, shown bool) (io.ReadSeekCloser, int64, files.Stored, error) {
	hash := file.Original
	if shown && file.Shown != "" {
		hash = file.Shown
	}
	r, size, err := s.keeper.Open(ctx, hash)
	return r, size, file, err
}

// Source is what the rating calls proof.
const Source = "evidence"

// Source implements supervision.Readings.
func (s *Service) Source() string { return Source }

// EachReading implements supervision.Readings.
func (s *Service) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return supervision.EachCounting(ctx, s.rows, counting, span, func(last store.Change[Proof]) error {
		change, ok, err := supervision.Standing(ctx, s.rows, last, asOf, upTo)
		if err != nil || !ok || !change.State.State.Counts() || !span.Has(change.State.Day) {
			return err
		}
		r := change.State.Reading()
		r.Record, r.Hash, r.N = change.RecordID, hashText(change.Hash), change.N
		return yield(r)
	})
}

// Reading is what a proof says, without its record; Accepted is zero while it waits for its first decision.
func (p Proof) Reading() supervision.Reading {
	return supervision.Reading{Project: p.Project, Firm: p.Firm, Fact: p.Ask.Fact, Cells: p.Cells, Day: p.Day, Accepted: p.Decided.At.Time, ScoredBy: p.Submitted.Signed(), ReviewedBy: reviewed(p).Signed()}
}

// Told returns what counts now of one fact of one project, in whatever period, except one proof ("" for none). Returns Forbidden without ReadEvidence; what lies outside
// of the scope is left out.
func (s *Service) Told(ctx context.Context, by policy.Actor, project, fact, except string) ([]supervision.Reading, error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadEvidence)
	if err != nil {
		return nil, err
	}
	page, err := s.rows.List(ctx, store.Query{Index: byContent, Key: factKey(project, fact), Desc: true, Limit: store.MaxLimit})
	var out []supervision.Reading
	for _, d := range page.Docs {
		if p := d.State; d.ID != except && p.State.Counts() && scope.Covers(p.Keys, p.Day) {
			out = append(out, p.Reading())
		}
	}
	return out, err
}

// reviewed is the hand behind which a proof counts: that of who looked at it last and found it right.
func reviewed(p Proof) supervision.Hand {
	switch p.State {
	case Confirmed:
		return p.Reviewed
	case Upheld:
		return p.Audit.Decided
	case Restored:
		return p.Audit.Answered
	}
	return p.Decided
}
