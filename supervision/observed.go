package supervision

import (
	"context"
	"encoding/hex"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// One returns an observation. Returns Forbidden without ReadObservation, NotFound outside the scope.
func (s *Observations) One(ctx context.Context, by policy.Actor, id string) (store.Doc[Observation], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadObservation)
	if err != nil {
		return store.Doc[Observation]{}, err
	}
	doc, err := s.desk.Load(ctx, "supervision.One", scope, id)
	if err != nil {
		return doc, err
	}
	var ok bool
	if doc.State, ok = s.shown(by, doc.State); !ok {
		return store.Doc[Observation]{}, fault.New("supervision.One", fault.NotFound, "没有找到这条记录")
	}
	return doc, nil
}

// Correcting returns the observation that corrects another, in whatever state. Returns NotFound if there is none or it lies outside the scope.
func (s *Observations) Correcting(ctx context.Context, by policy.Actor, id string) (store.Doc[Observation], error) {
	if !journal.ValidID(id) {
		return store.Doc[Observation]{}, fault.New("supervision.Correcting", fault.NotFound, "没有找到这条记录")
	}
	return s.One(ctx, by, correctionOf(id))
}

// Happened is one change of an observation, oldest first.
type Happened struct {
	// At is when, By the account, Action what, Why the reason given.
	At              time.Time
	By, Action, Why string
	// State is where the observation stood afterwards.
	State ObservationState
}

// History returns what happened to an observation; of one of which the actor sees the result only, when it was confirmed. Returns Forbidden without ReadObservation, NotFound outside the scope.
func (s *Observations) History(ctx context.Context, by policy.Actor, id string) ([]Happened, error) {
	doc, err := s.One(ctx, by, id)
	if err != nil {
		return nil, err
	}
	if s.OnlyResult(by, &doc.State) {
		return []Happened{{At: doc.State.Reviewed.At.Time, State: doc.State.State}}, nil
	}
	var out []Happened
	for change, err := range s.rows.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		out = append(out, Happened{At: change.At, By: change.Meta.By, Action: change.Meta.Action, Why: change.Meta.Why, State: change.State.State})
	}
	return out, nil
}

// ObservationFilter narrows a list; what is zero does not narrow.
type ObservationFilter struct {
	// Project is the id of a project.
	Project string
	// Quarter is the quarter of the day.
	Quarter calendar.Quarter
	// Fact is the id of a fact.
	Fact string
	// State is one state.
	State ObservationState
}

// List returns up to 50 observations, the latest day first, and the cursor of the next page. Returns Forbidden without ReadObservation, Invalid for a cursor of
// another list or if too many rows would have to be read.
func (s *Observations) List(ctx context.Context, by policy.Actor, f ObservationFilter, after string) (store.Page[Observation], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadObservation)
	if err != nil {
		return store.Page[Observation]{}, err
	}
	suffix := ""
	if f.Quarter != (calendar.Quarter{}) {
		suffix = "/" + f.Quarter.String()
	}
	q := ScopeQuery(scope, byDay, "", suffix)
	if f.Project != "" {
		if !journal.ValidPart(f.Project) {
			return store.Page[Observation]{}, nil
		}
		q = store.Query{Index: byDay, Key: policy.ProjectKey(f.Project) + suffix}
	}
	q.Desc, q.After = true, after
	page, err := s.page(ctx, scope, q, func(o *Observation) bool {
		_, ok := s.shown(by, *o)
		return ok && (f.Fact == "" || o.Ask.Fact == f.Fact) && (f.State == "" || o.State == f.State)
	})
	return s.shownPage(by, page, err)
}

// Queue returns up to 50 observations that wait for the actor's decision, oldest first; those that he recorded himself are not among them, nor those at which he is only a deputy office; scans of signed papers that he may look at are.
// Returns Forbidden without ReviewObservation.
func (s *Observations) Queue(ctx context.Context, by policy.Actor, after string) (store.Page[Observation], error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReviewObservation)
	if err != nil {
		return store.Page[Observation]{}, err
	}
	g, err := s.guard.Signer(ctx, by, policy.ConfirmPartyFact)
	if err != nil {
		return store.Page[Observation]{}, err
	}
	q := ScopeQuery(scope, byWork, "", "")
	q.After = after
	return s.page(ctx, scope, q, func(o *Observation) bool {
		_, ok := s.shown(by, *o)
		return ok && (s.decidable(g, by, o, "") == nil || s.looks(ctx, by, o))
	})
}

// Returned returns up to 50 observations that came back to the actor, oldest first. Returns Forbidden without RecordObservation.
func (s *Observations) Returned(ctx context.Context, by policy.Actor, after string) (store.Page[Observation], error) {
	scope, err := s.desk.Scope(ctx, by, policy.RecordObservation)
	if err != nil {
		return store.Page[Observation]{}, err
	}
	return s.page(ctx, scope, store.Query{Index: byWork, Key: "returned/" + by.ID, After: after}, func(*Observation) bool { return true })
}

// page reads a page of rows inside the scope that keep lets through.
func (s *Observations) page(ctx context.Context, scope policy.Scope, q store.Query, keep func(*Observation) bool) (store.Page[Observation], error) {
	q.Limit = observationsPerPage
	return s.rows.ListWhere(ctx, q, func(d *store.Doc[Observation]) bool {
		return scope.Covers(d.State.Keys, d.State.Day) && keep(&d.State)
	})
}

// Source implements Readings.
func (s *Observations) Source() string { return "observation" }

// EachReading implements Readings.
func (s *Observations) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(Reading) error) error {
	return s.EachSifted(ctx, span, asOf, upTo, func(string, calendar.Date) bool { return true }, func(r Reading) error {
		if !r.Replaced.IsZero() {
			return nil
		}
		return yield(r)
	})
}

// EachSifted implements Sifted. Besides one page of rows it holds the ids of the observations that corrections in force replace, and what firms held on the
// days about which something was said of them.
func (s *Observations) EachSifted(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, wanted func(fact string, day calendar.Date) bool, yield func(Reading) error) error {
	replaced, err := s.replaced(ctx, asOf, upTo)
	if err != nil {
		return err
	}
	held := heldThen{s.holdings, map[firmDay][]registry.Place{}}
	return EachCounting(ctx, s.rows, counting, span, func(last store.Change[Observation]) error {
		if !span.Has(last.State.Day) || !wanted(last.State.Ask.Fact, last.State.Day) {
			return nil
		}
		change, ok, err := s.accepted(ctx, last, asOf, upTo)
		if err != nil || !ok {
			return err
		}
		return spread(ctx, held, change, replaced[last.ID], yield)
	})
}

// accepted is the confirmation of an observation, if it had come by then.
func (s *Observations) accepted(ctx context.Context, last store.Change[Observation], asOf time.Time, upTo int64) (store.Change[Observation], bool, error) {
	change, ok, err := AcceptedChange(ctx, s.rows, last, upTo, func(o *Observation) bool { return o.State == ObservationConfirmed })
	return change, ok && !change.State.Reviewed.At.After(asOf), err
}

// replaced are the observations whose corrections were confirmed by then, with the moment.
func (s *Observations) replaced(ctx context.Context, asOf time.Time, upTo int64) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	return out, EachHead(ctx, s.rows, counting, "corrections", func(last store.Change[Observation]) error {
		change, ok, err := s.accepted(ctx, last, asOf, upTo)
		if ok {
			out[last.State.Corrects] = change.State.Reviewed.At.Time
		}
		return err
	})
}

// firmDay is a firm on a day.
type firmDay struct {
	firm string
	day  calendar.Date
}

// heldThen asks for the holdings of a firm on a day once: several facts of a firm are told about the same day.
type heldThen struct {
	holdings Holdings
	known    map[firmDay][]registry.Place
}

func (h heldThen) held(ctx context.Context, firm string, on calendar.Date) ([]registry.Place, error) {
	at := firmDay{firm, on}
	if places, ok := h.known[at]; ok {
		return places, nil
	}
	places, err := h.holdings.Held(ctx, firm, on)
	if err == nil {
		h.known[at] = places
	}
	return places, err
}

// spread gives one reading for each project that an observation is about; replaced is when a correction took its place.
func spread(ctx context.Context, h heldThen, change store.Change[Observation], replaced time.Time, yield func(Reading) error) error {
	o := change.State
	r := Reading{Project: o.Project, Firm: o.Firm, Fact: o.Ask.Fact, Cells: o.Cells, Day: o.Day, Accepted: o.Reviewed.At.Time,
		Record: change.RecordID, Hash: hex.EncodeToString(change.Hash[:]), N: change.N, Replaced: replaced, ScoredBy: o.Recorded.Signed(), ReviewedBy: o.Reviewed.Signed()}
	if o.Project != "" {
		return yield(r)
	}
	held, err := h.held(ctx, o.Firm, o.Day)
	if err != nil {
		return err
	}
	for _, place := range held {
		r.Project = place.Project
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

// FirmOf returns the firm that held a project on a day, for a fact about the whole firm. Returns Forbidden without RecordObservation, NotFound for a project outside the
// scope, Invalid (project) if no firm held it.
func (s *Observations) FirmOf(ctx context.Context, by policy.Actor, project string, on calendar.Date) (string, error) {
	const op = "supervision.FirmOf"
	scope, err := s.desk.Scope(ctx, by, policy.RecordObservation)
	if err != nil {
		return "", err
	}
	place, err := s.places.Place(ctx, project, on)
	if err != nil {
		return "", err
	}
	if err := scope.Require(op, place.Keys(), on); err != nil {
		return "", err
	}
	if place.Firm == "" {
		return "", fault.InvalidFields(op, fault.Field{Name: "project", Message: place.Name + "在" + on.Chinese() + "没有物业企业，不能按整家企业登记"})
	}
	return place.Firm, nil
}
