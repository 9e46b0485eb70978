package supervision

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Holdings tells which projects a firm held on a day. The register implements it.
type Holdings interface {
	// Held returns none if the firm held no project on that day or does not exist.
	Held(ctx context.Context, firm string, on calendar.Date) ([]registry.Place, error)
}

// Observations keeps observations. It implements Readings and is safe for concurrent use.
type Observations struct {
	db       *store.DB
	guard    *policy.Guard
	places   Places
	holdings Holdings
	chains   *Chains
	papers   Papers
	rows     *store.Collection[Observation]
	desk     Desk[Observation]
}

const (
	observationKind = "observation"
	// supersedeRule marks what a confirmed correction replaces.
	supersedeRule = "observation-supersede"
	// observationsPerPage is a page of every list of observations.
	observationsPerPage = 50
	maxSource           = 200
)

// The names of the indexes of observations.
const (
	byDay    = "by-day"
	byWork   = "by-work"
	counting = "counting"
)

// observationDocument is how observations are stored and listed.
func observationDocument() store.Kind[Observation] {
	return store.Kind[Observation]{
		Name: observationKind, Version: 1,
		Indexes: []store.Index[Observation]{
			// All, by scope key and by scope key with quarter.
			{Name: byDay, Keys: func(_ string, o *Observation) []string {
				var keys []string
				for _, key := range ListKeys(o.Keys) {
					keys = append(keys, key, key+"/"+calendar.QuarterOf(o.Day).String())
				}
				return keys
			}, Sort: func(_ string, o *Observation) string { return o.Day.String() + " " + o.Recorded.At.String() }},
			// What waits for a decision, by scope key; what was returned, by who recorded it.
			{Name: byWork, Keys: func(_ string, o *Observation) []string {
				switch {
				case o.State.Waits():
					return ListKeys(o.Keys)
				case o.State == ObservationReturned:
					return []string{"returned/" + o.Recorded.By}
				}
				return nil
			}, Sort: func(_ string, o *Observation) string { return o.Recorded.At.String() }},
			// What counts or counted, for readings; corrections by themselves.
			{Name: counting, Keys: func(_ string, o *Observation) []string {
				if o.State != ObservationConfirmed && o.State != ObservationSuperseded {
					return nil
				}
				keys := CountingKeys(o.Day)
				if o.Corrects != "" {
					keys = append(keys, "corrections")
				}
				return keys
			}},
		},
	}
}

// NewObservations opens observations on a store and registers the rule that marks what a correction replaces. chains says which facts are confirmed level by
// level; nil for none. papers is needed by levels that take signatures on paper.
func NewObservations(ctx context.Context, db *store.DB, guard *policy.Guard, places Places, holdings Holdings, chains *Chains, papers Papers) (*Observations, error) {
	s := &Observations{db: db, guard: guard, places: places, holdings: holdings, chains: chains, papers: papers}
	var err error
	if s.rows, err = store.NewCollection(ctx, db, observationDocument()); err != nil {
		return nil, err
	}
	s.desk = Desk[Observation]{Guard: guard, Rows: s.rows, Place: func(o *Observation) ([]string, calendar.Date) { return o.Keys, o.Day }, Outdated: outdated,
		Shows: func(by policy.Actor, o *Observation) bool { _, ok := s.shown(by, *o); return ok }}
	return s, db.Register(store.Rule{Name: supersedeRule, Title: "观察记录更正以后替代原来的记录", Kinds: []string{observationKind}, Apply: s.supersede})
}

// Draft is an observation to be recorded.
type Draft struct {
	// Ask is what the scheme asks.
	Ask Ask
	// Project or Firm is the id of what is observed; exactly one of them.
	Project, Firm string
	// Cells are what is said, Day is the date of the fact (not after today), Source where it comes from (1 to 200 characters).
	Cells  []Cell
	Day    calendar.Date
	Source string
	// Corrects is the id of a confirmed observation of the same fact that this one replaces once confirmed; "" for a new one.
	Corrects string
	// Idem makes a retry safe; nil for none.
	Idem *store.Idem
}

// Record stores an observation that waits for a second person, or for the first level of its chain. Returns Forbidden without RecordObservation (for a fact
// with a chain without RecordPartyFact), NotFound for a project, firm or observation
// outside the scope, Invalid for refused fields (project, firm, day, source, cells.<column>), Conflict if what it corrects is not confirmed or is being
// corrected already.
func (s *Observations) Record(ctx context.Context, by policy.Actor, in Draft) (store.Doc[Observation], error) {
	const op = "supervision.Record"
	none := store.Doc[Observation]{}
	scope, err := s.desk.Scope(ctx, by, policy.RecordObservation)
	if err != nil {
		return none, err
	}
	if err := s.requireRecord(by, in.Ask.Fact); err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.RecordObservation), Idem: in.Idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	o := Observation{Ask: in.Ask.kept(), Cells: in.Cells, Day: in.Day, Source: strings.TrimSpace(in.Source), Corrects: in.Corrects}
	if in.Day.IsZero() {
		return none, fault.InvalidFields(op, fault.Field{Name: "day", Message: "请填写事实发生的日期"})
	}
	if err := s.subject(ctx, op, scope, &o, in.Project, in.Firm); err != nil {
		return none, err
	}
	if bad := s.faults(&o); len(bad) > 0 {
		return none, fault.InvalidFields(op, bad...)
	}
	id, seq := s.db.NewID(meta), int64(0)
	if in.Corrects != "" {
		if id, seq, err = s.place(ctx, op, scope, in.Corrects, o.Ask.Fact); err != nil {
			return none, err
		}
	}
	return s.save(ctx, meta, HandOf(s.guard.Rules(), by, policy.RecordObservation, journal.Time{}), id, seq, o)
}

// subject fills in what the observation is about and checks that the scope reaches it.
func (s *Observations) subject(ctx context.Context, op string, scope policy.Scope, o *Observation, project, firm string) error {
	if (project == "") == (firm == "") {
		return fault.InvalidFields(op, fault.Field{Name: "project", Message: "请选择小区，或者选择整家企业，两者只能选一样"})
	}
	if firm != "" {
		if err := scope.Require(op, []string{policy.FirmKey(firm)}, o.Day); err != nil {
			return err
		}
	}
	if err := s.about(ctx, op, o, project, firm); err != nil {
		return err
	}
	return scope.Require(op, o.Keys, o.Day)
}

// about fills in what the observation is about: a project, or a firm that held one on the day. Returns NotFound for a project that does not exist, Invalid
// (firm) for a firm that held none.
func (s *Observations) about(ctx context.Context, op string, o *Observation, project, firm string) error {
	if firm != "" {
		o.Firm, o.Keys = firm, []string{policy.FirmKey(firm)}
		held, err := s.holdings.Held(ctx, firm, o.Day)
		if err != nil {
			return err
		}
		if len(held) == 0 {
			return fault.InvalidFields(op, fault.Field{Name: "firm", Message: "这家企业在" + o.Day.Chinese() + "没有在管小区，请核对企业和日期"})
		}
		o.Name = held[0].FirmName
		if _, chained := s.chains.Of(o.Ask.Fact); chained {
			// The community of any of the firm's projects confirms, because it knows the firm; its township can stand in.
			for _, place := range held {
				for _, key := range []string{policy.CommunityKey(place.Community), policy.TownshipKey(place.Township)} {
					if !slices.Contains(o.Keys, key) {
						o.Keys = append(o.Keys, key)
					}
				}
			}
		}
		return nil
	}
	place, err := s.places.Place(ctx, project, o.Day)
	if err != nil {
		return err
	}
	o.Project, o.Firm, o.Name, o.Keys = place.Project, place.Firm, place.Name, place.Keys()
	return nil
}

// faults checks what was filled in.
func (s *Observations) faults(o *Observation) []fault.Field {
	var bad []fault.Field
	if today := calendar.DateOf(s.db.Now()); o.Day.Compare(today) > 0 {
		bad = append(bad, fault.Field{Name: "day", Message: fmt.Sprintf("日期 %s 还没有到，今天是 %s", o.Day.Chinese(), today.Chinese())})
	}
	switch n := utf8.RuneCountInString(o.Source); {
	case n == 0:
		bad = append(bad, fault.Field{Name: "source", Message: "请写明来源，例如文件名称和文号、台账名称"})
	case n > maxSource:
		bad = append(bad, fault.Field{Name: "source", Message: fmt.Sprintf("来源最多 %d 个字，现在有 %d 个", maxSource, n)})
	}
	if o.Ask.Fact == "" || len(o.Ask.Columns) == 0 {
		bad = append(bad, fault.Field{Name: "fact", Message: "请选择要登记的事实"})
	}
	return append(bad, CheckCells(o.Ask, o.Cells, o.Day)...)
}

// place is where the correction of a confirmed observation goes.
func (s *Observations) place(ctx context.Context, op string, scope policy.Scope, corrects, fact string) (id string, seq int64, err error) {
	old, err := s.desk.Load(ctx, op, scope, corrects)
	if err != nil {
		return "", 0, err
	}
	if _, err := old.State.State.step(stepSupersede); err != nil {
		return "", 0, err
	}
	if old.State.Ask.Fact != fact {
		return "", 0, fault.InvalidFields(op, fault.Field{Name: "fact", Message: "更正的须是同一项事实：原记录是“" + old.State.Ask.Name + "”"})
	}
	id = correctionOf(corrects)
	standing, err := s.rows.Head(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return id, 0, nil
	case err != nil:
		return "", 0, err
	case standing.State.State != ObservationWithdrawn:
		return "", 0, fault.New(op, fault.Conflict, "这条记录已经有一条更正，正在“"+standing.State.State.Title()+"”，不能再更正一次")
	}
	return id, standing.Seq, nil
}

// save takes the step and commits what the recorder said, at this moment.
func (s *Observations) save(ctx context.Context, meta store.Meta, by Hand, id string, seq int64, o Observation) (store.Doc[Observation], error) {
	var err error
	if o.State, err = ObservationState("").step(stepRecord); err != nil {
		return store.Doc[Observation]{}, err
	}
	if err := o.act(policy.PartScore, by.By); err != nil {
		return store.Doc[Observation]{}, err
	}
	by.At = journal.At(s.db.Now())
	o.Recorded, o.Reason = by, ""
	if chain, chained := s.chains.Of(o.Ask.Fact); chained {
		if err := s.openApproval(chain, id, seq, by.By, &o); err != nil {
			return store.Doc[Observation]{}, err
		}
	}
	return s.desk.Commit(ctx, meta, id, seq, o)
}

func outdated(*Observation) error {
	return fault.New("supervision.commit", fault.Conflict, "这条记录刚被别人办过，请刷新后再办")
}

// change loads an observation, checks that nobody was quicker, takes the step, and commits what f makes of it; f also gets the state before the step.
func (s *Observations) change(ctx context.Context, by policy.Actor, action policy.Action, at At, why string, do observationStep, f func(o *Observation, before ObservationState) error) (store.Doc[Observation], error) {
	return s.desk.Change(ctx, by, action, at, why, func(_ policy.Scope, o *Observation) error {
		if action == policy.RecordObservation {
			if err := s.requireRecord(by, o.Ask.Fact); err != nil {
				return err
			}
		}
		before := o.State
		next, err := before.step(do)
		if err != nil {
			return err
		}
		o.State = next
		return f(o, before)
	})
}

// At names one document as a page showed it, so that nobody acts on an outdated page.
type At struct {
	// ID is the id, Seq the last change seen.
	ID  string
	Seq int64
	// Idem makes a retry safe; nil for none.
	Idem *store.Idem
}

// decide is what the second person does, or somebody at one of the levels.
func (s *Observations) decide(ctx context.Context, by policy.Actor, at At, reason string, do observationStep) (store.Doc[Observation], error) {
	return s.change(ctx, by, policy.ReviewObservation, at, reason, do, func(o *Observation, before ObservationState) error {
		if err := policy.Separate(by, policy.PartReview, o.Acts); err != nil {
			return err
		}
		o.Reason, o.Reviewed = reason, HandOf(s.guard.Rules(), by, policy.ReviewObservation, journal.At(s.db.Now()))
		if o.Approval != nil {
			if err := s.pass(ctx, by, o, before, do, reason); err != nil {
				return err
			}
		} else if err := s.requireAlone(by, o); err != nil {
			return err
		}
		return o.act(policy.PartReview, by.ID)
	})
}

// Confirm makes an observation count, or takes it on to the next level of its chain. Returns Forbidden without ReviewObservation and ConfirmObservation or for somebody who
// recorded or corrected it (with a chain without ConfirmPartyFact, for an office whose turn it is not, and for who has confirmed already), NotFound outside the scope,
// Conflict if it does not wait for a decision or somebody was first.
func (s *Observations) Confirm(ctx context.Context, by policy.Actor, at At) (store.Doc[Observation], error) {
	return s.ConfirmFor(ctx, by, at, "")
}

// ConfirmFor is Confirm with the reason why a deputy office of a level confirms in its place. Returns what Confirm returns, and Invalid (reason) for a deputy office without one.
func (s *Observations) ConfirmFor(ctx context.Context, by policy.Actor, at At, reason string) (store.Doc[Observation], error) {
	if reason = strings.TrimSpace(reason); reason != "" {
		if err := CheckReason("supervision.Confirm", reason); err != nil {
			return store.Doc[Observation]{}, err
		}
	}
	return s.decide(ctx, by, at, reason, stepConfirm)
}

// Return gives an observation back with a reason. Returns Invalid without a reason, and what Confirm returns.
func (s *Observations) Return(ctx context.Context, by policy.Actor, at At, reason string) (store.Doc[Observation], error) {
	if err := s.guard.Require(by, policy.ReviewObservation); err != nil {
		return store.Doc[Observation]{}, err
	}
	if err := CheckReason("supervision.Return", reason); err != nil {
		return store.Doc[Observation]{}, err
	}
	return s.decide(ctx, by, at, strings.TrimSpace(reason), stepReturn)
}

// Correction is what is put in the place of what was returned.
type Correction struct {
	// Cells, Day and Source: see Draft.
	Cells  []Cell
	Day    calendar.Date
	Source string
}

// Correct changes a returned observation, which then waits again. Returns Forbidden without RecordObservation or for somebody who reviewed it, NotFound
// outside the scope, Invalid for refused fields as Record does, Conflict if it was not returned or somebody was first.
func (s *Observations) Correct(ctx context.Context, by policy.Actor, at At, in Correction) (store.Doc[Observation], error) {
	const op = "supervision.Correct"
	return s.change(ctx, by, policy.RecordObservation, at, "", stepCorrect, func(o *Observation, _ ObservationState) error {
		if err := policy.Separate(by, policy.PartScore, o.Acts); err != nil {
			return err
		}
		project, firm := o.Project, o.Firm
		if project != "" {
			firm = ""
		}
		o.Cells, o.Day, o.Source = in.Cells, in.Day, strings.TrimSpace(in.Source)
		if in.Day.IsZero() {
			return fault.InvalidFields(op, fault.Field{Name: "day", Message: "请填写事实发生的日期"})
		}
		scope, err := s.desk.Scope(ctx, by, policy.RecordObservation)
		if err != nil {
			return err
		}
		if err := s.subject(ctx, op, scope, o, project, firm); err != nil {
			return err
		}
		if bad := s.faults(o); len(bad) > 0 {
			return fault.InvalidFields(op, bad...)
		}
		o.Recorded, o.Reason = HandOf(s.guard.Rules(), by, policy.RecordObservation, journal.At(s.db.Now())), ""
		if o.Approval != nil {
			// What was corrected is confirmed anew from the first level, by the chain under which it began.
			if err := s.openApproval(o.Approval.Chain, at.ID, at.Seq, by.ID, o); err != nil {
				return err
			}
		}
		return o.act(policy.PartScore, by.ID)
	})
}

// Withdraw takes back an observation that does not count yet. Returns Forbidden without RecordObservation, NotFound outside the scope, Invalid without a
// reason, Conflict if it counts already or somebody was first.
func (s *Observations) Withdraw(ctx context.Context, by policy.Actor, at At, reason string) (store.Doc[Observation], error) {
	if err := s.guard.Require(by, policy.RecordObservation); err != nil {
		return store.Doc[Observation]{}, err
	}
	if err := CheckReason("supervision.Withdraw", reason); err != nil {
		return store.Doc[Observation]{}, err
	}
	return s.change(ctx, by, policy.RecordObservation, at, strings.TrimSpace(reason), stepWithdraw, func(o *Observation, _ ObservationState) error {
		o.Reason = strings.TrimSpace(reason)
		if o.Approval != nil {
			withdrawn := *o.Approval
			withdrawn.State = policy.ApprovalWithdrawn
			o.Approval = &withdrawn
		}
		return nil
	})
}

// supersede is the rule: what a confirmed correction names is marked, so that lists show it. Readings do not wait for it.
func (s *Observations) supersede(ctx context.Context, e store.Event) error {
	doc, err := s.rows.Load(ctx, e.ID)
	if err != nil || doc.State.State != ObservationConfirmed || doc.State.Corrects == "" {
		return err
	}
	old, err := s.rows.Load(ctx, doc.State.Corrects)
	if err != nil || old.State.State == ObservationSuperseded {
		return err
	}
	if old.State.State, err = old.State.State.step(stepSupersede); err != nil {
		return err
	}
	meta := store.Meta{By: policy.SystemActor().ID, Action: string(policy.RunJob), Why: "已被更正的记录替代", Cause: journal.Cause(e.RecordID, supersedeRule)}
	_, err = s.rows.Commit(ctx, meta, old.ID, old.Seq, old.State)
	return err
}

// Uses counts the observations under a scope key that were written since a moment: “2 条观察记录”, "" for none. It asks for no right and shows nothing of them.
func (s *Observations) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	return UsesSince(ctx, s.rows, byDay, key, since, "条观察记录")
}
