package standing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
)

// EventKind is what happened that a case could rest on; a ground of standing.yaml names those that lead to it.
type EventKind string

// The kinds of events.
const (
	// EventVeto: a 一票否决认定书 is in effect.
	EventVeto EventKind = "veto"
	// EventPenalty and EventJudgment: a penalty or a judgment stands in the register of 失信信息.
	EventPenalty  EventKind = "penalty"
	EventJudgment EventKind = "judgment"
	// EventProof: proof behind the star was taken back by the random audit, and nothing can be said against it any more.
	EventProof EventKind = "proof"
	// EventUnfixed: a second look found that what was ordered was not put right.
	EventUnfixed EventKind = "unfixed"
	// EventRefusal: the firm refuses to leave. There is no document yet.
	EventRefusal EventKind = "refusal"
	// EventComplaints: matters of one kind about a compound, for which its firm was liable and whose claim was reasonable, were closed as often as the ground says. There is a document for each, none for all.
	EventComplaints EventKind = "complaints"
)

// EventKinds are all of them.
func EventKinds() []EventKind {
	return []EventKind{EventVeto, EventPenalty, EventJudgment, EventProof, EventUnfixed, EventRefusal, EventComplaints}
}

// Event is something that happened about a compound or a firm.
type Event struct {
	// Kind is what, ID the id of the document that says so in its own part, Detail what leads to its page besides.
	Kind       EventKind
	ID, Detail string
	// Project is the id of the compound, "" for all that the firm serves; Firm that of the firm.
	Project, Firm string
	// Source is the kind of the document, a code of standing.yaml; Number, Issuer and Text are what is known of it, "" for what is not.
	Source, Number, Issuer, Text string
	// Day is the day on which it took effect; About that of what it is about, zero if it is about the day itself.
	Day, About calendar.Date
}

// Lead is an event about a star that stands: a case can be begun from it, or somebody says why not. Nothing follows by itself.
type Lead struct {
	Event
	// Key names the lead; it is the same every time.
	Key string
	// Star is the star, with how it stands.
	Star Held
	// Period is the id of its year, PeriodName its name.
	Period, PeriodName string
	// Ground and GroundTitle are the ground to which it leads, "" if the document must tell; Effect is what that would do to the star.
	Ground, GroundTitle, Effect string
	// Dropped is why no case is begun, nil while nobody decided.
	Dropped *Drop
	// Waits: another case about the star is open, so that none can be begun.
	Waits bool
}

// Drop is the decision to begin no case from an event (不予立案).
type Drop struct {
	// Period and Project name the star, Event and EventID what happened, Ground to which ground it led.
	Period  string    `json:"period" privacy:"public"`
	Project string    `json:"project" privacy:"public"`
	Event   EventKind `json:"event" privacy:"internal"`
	EventID string    `json:"event_id" privacy:"internal"`
	Ground  string    `json:"ground,omitempty" privacy:"internal"`
	// Reason is why, By the account of who decided, At when.
	Reason string       `json:"reason" privacy:"internal"`
	By     string       `json:"by" privacy:"internal"`
	At     journal.Time `json:"at"`
}

const (
	dropKind = "star-lead-dropped"
	maxLead  = 400
)

// leadKey names a lead by the star and what happened.
func leadKey(period, project string, e *Event) string {
	sum := sha256.Sum256([]byte(period + "\n" + project + "\n" + string(e.Kind) + "\n" + e.ID))
	return hex.EncodeToString(sum[:16])
}

// Leads are the events since the publication of the newest year that are about a star that stands and of which no case was begun, the latest first, those that were dropped last. What the actor may not read is not among them. Returns Forbidden
// without HandleStanding.
func (s *Service) Leads(ctx context.Context, by policy.Actor) ([]Lead, error) {
	if err := s.Guard.Require(by, policy.HandleStanding); err != nil {
		return nil, err
	}
	scope, err := s.Guard.Scope(ctx, by, policy.HandleStanding)
	if err != nil {
		return nil, err
	}
	years, err := s.Cycle.Published(ctx, cycle.RhythmYear)
	if err != nil || len(years) == 0 {
		return nil, err
	}
	today := s.Today()
	year, stars, err := s.All(ctx, &years[0], today)
	if err != nil {
		return nil, err
	}
	stars = slices.DeleteFunc(stars, func(h Held) bool { return !h.Status.Stands() || !scope.Covers(h.Keys, today) })
	if len(stars) == 0 {
		return nil, nil
	}
	events, err := s.Events(ctx, by, year.Published, today)
	if err != nil {
		return nil, err
	}
	cases, err := s.cases(ctx, year.Period)
	if err != nil {
		return nil, err
	}
	var out []Lead
	for i := range events {
		e := &events[i]
		if e.Day.Compare(year.Published) < 0 || !e.About.IsZero() && e.About.Compare(year.Last) > 0 {
			continue
		}
		for k := range stars {
			h := &stars[k]
			if e.Project != "" && e.Project != h.Project || e.Firm != h.Firm {
				continue
			}
			lead := Lead{Event: *e, Key: leadKey(year.Period, h.Project, e), Star: *h, Period: year.Period, PeriodName: years[0].Name}
			begun := slices.ContainsFunc(cases[h.Project], func(d *Decision) bool {
				return d.State != Withdrawn && (d.Lead == lead.Key || e.Number != "" && d.Document.Number == e.Number)
			})
			if begun {
				continue
			}
			lead.Waits = slices.ContainsFunc(cases[h.Project], func(d *Decision) bool { return !d.State.Final() && d.State != InEffect })
			s.leads(&lead, year)
			out = append(out, lead)
		}
	}
	if err := s.dropped(ctx, out); err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(a, b Lead) int {
		if a.Dropped != nil != (b.Dropped != nil) {
			return map[bool]int{true: 1, false: -1}[a.Dropped != nil]
		}
		return cmp.Or(b.Day.Compare(a.Day), cmp.Compare(a.Star.Project, b.Star.Project), cmp.Compare(a.Key, b.Key))
	})
	return out, nil
}

// leads says to which ground an event leads and what that would do.
func (s *Service) leads(l *Lead, year *Year) {
	why, ok := s.Grounds.From(string(l.Kind))
	if !ok {
		l.Effect = "按文书认定的情形"
		return
	}
	l.Ground, l.GroundTitle = why.ID, why.Title
	d := Decision{To: year.lower(l.Star.Standing.Grade, why.Levels)}
	d.ToTitle = year.label(d.To)
	l.Effect = d.Effect()
}

// dropped adds to leads what was decided about them.
func (s *Service) dropped(ctx context.Context, leads []Lead) error {
	ids := make([]string, len(leads))
	for i := range leads {
		ids[i] = leads[i].Key
	}
	docs, err := s.drops.LoadEach(ctx, ids)
	for i := range docs {
		if docs[i] != nil {
			leads[i].Dropped = &docs[i].State
		}
	}
	return err
}

// cases are the cases about the stars of a year by project.
func (s *Service) cases(ctx context.Context, period string) (map[string][]*Decision, error) {
	out := map[string][]*Decision{}
	for doc, err := range s.Docs.Each(ctx) {
		if err != nil {
			return nil, err
		}
		if d := &doc.State; d.Period == period {
			out[d.Project] = append(out[d.Project], d)
		}
	}
	return out, nil
}

// Lead finds a lead by its key. Returns Forbidden without HandleStanding, NotFound if there is none any more, or for this actor.
func (s *Service) Lead(ctx context.Context, by policy.Actor, key string) (Lead, error) {
	all, err := s.Leads(ctx, by)
	if err != nil {
		return Lead{}, err
	}
	if i := slices.IndexFunc(all, func(l Lead) bool { return l.Key == key }); i >= 0 {
		return all[i], nil
	}
	return Lead{}, fault.New("standing.Lead", fault.NotFound, "没有这条线索，或者已经立案")
}

// Drop records that no case is begun from a lead, with the reason (不予立案). Returns Forbidden without HandleStanding, NotFound for no such lead, Invalid for a refused text, Conflict if that was decided before.
func (s *Service) Drop(ctx context.Context, by policy.Actor, key, reason string) error {
	const op = "standing.Drop"
	l, err := s.Lead(ctx, by, key)
	if err != nil {
		return err
	}
	f := s.Desk.Check()
	f.Text("text", "理由", &reason, 4, maxLead)
	if err := f.Err(); err != nil {
		return err
	}
	decided := fault.New(op, fault.Conflict, "这条线索已经决定不予立案")
	if l.Dropped != nil {
		return decided
	}
	_, err = s.drops.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.HandleStanding), Why: "不予立案"}, key, 0, Drop{Period: l.Period, Project: l.Star.Project, Event: l.Kind, EventID: l.ID, Ground: l.Ground, Reason: reason, By: by.ID, At: journal.At(s.Now())})
	if fault.Is(err, fault.Conflict) {
		return decided
	}
	return err
}

// Rests is what a case that is begun from the lead says as far as it is known.
func (l *Lead) Rests() casework.Rests {
	return casework.Rests{Ground: l.Ground, Source: l.Source, Number: l.Number, Issuer: l.Issuer, Text: l.Text, Effective: l.Day}
}
