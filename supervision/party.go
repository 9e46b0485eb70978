package supervision

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Facts with a chain are confirmed level by level: each level by an office that reaches the row, never by who recorded it, nobody twice. Until the last level
// has confirmed, and of how it came about, only those with ReadPartyFact see anything; everybody else sees the confirmed value.

// restricted reports whether only the result is for everybody.
func (s *Observations) restricted(o *Observation) bool {
	_, chained := s.chains.Of(o.Ask.Fact)
	return chained || o.Approval != nil
}

// shown is an observation as the actor may see it; false if it does not exist for him.
func (s *Observations) shown(by policy.Actor, o Observation) (Observation, bool) {
	if !s.restricted(&o) || s.guard.Allow(by, policy.ReadPartyFact) {
		return o, true
	}
	if o.State != ObservationConfirmed && o.State != ObservationSuperseded {
		return Observation{}, false
	}
	o.Source, o.Reason, o.Acts, o.Approval, o.Corrects, o.Scans = "", "", nil, nil, "", nil
	o.Recorded, o.Reviewed = Hand{}, Hand{At: o.Reviewed.At}
	return o, true
}

// OnlyResult reports whether the actor sees nothing of an observation but its confirmed value.
func (s *Observations) OnlyResult(by policy.Actor, o *Observation) bool {
	return s.restricted(o) && !s.guard.Allow(by, policy.ReadPartyFact)
}

// MayRecord reports whether the actor may record a fact at all, in whatever scope.
func (s *Observations) MayRecord(by policy.Actor, fact string) bool {
	return s.guard.Allow(by, policy.RecordObservation) && s.requireRecord(by, fact) == nil
}

// requireRecord asks for the further right that facts with a chain need.
func (s *Observations) requireRecord(by policy.Actor, fact string) error {
	if _, chained := s.chains.Of(fact); !chained {
		return nil
	}
	return s.guard.Require(by, policy.RecordPartyFact)
}

// openApproval begins the confirmation of what is said now, level by level; before is the last change of the observation.
func (s *Observations) openApproval(chain policy.Chain, id string, before int64, maker string, o *Observation) error {
	said, err := json.Marshal([]any{o.Ask.Fact, o.Project, o.Firm, o.Day, o.Cells, o.Source})
	if err != nil {
		return fault.Wrap("supervision.openApproval", fault.Internal, "", err)
	}
	sum := sha256.Sum256(said)
	approval, err := policy.OpenApproval(s.guard.Rules(), chain, fmt.Sprintf("%s/%s/%d", observationKind, id, before+1), "sha256:"+hex.EncodeToString(sum[:]), policy.Actor{ID: maker})
	o.Approval = &approval
	return err
}

// sign signs as the offices that reach the observation.
func (o *Observation) sign(g policy.Signer, move policy.ApprovalMove, reason string, at journal.Time) (policy.Approval, error) {
	return o.Approval.Decide(g.At(o.Keys, o.Day), policy.Sign{Move: move, Reason: reason, SubjectHash: o.Approval.SubjectHash}, at.Time)
}

// pass is what somebody at one of the levels does: before is the state that he found. While levels are left, the observation goes on to the next one.
func (s *Observations) pass(ctx context.Context, by policy.Actor, o *Observation, before ObservationState, do observationStep, reason string) error {
	if err := s.guard.Require(by, policy.ConfirmPartyFact); err != nil {
		return err
	}
	g, err := s.guard.Signer(ctx, by, policy.ConfirmPartyFact)
	if err != nil {
		return err
	}
	move := policy.MoveAgree
	if do == stepReturn {
		move = policy.MoveReturn
	}
	next, err := o.sign(g, move, reason, o.Reviewed.At)
	if err != nil {
		return err
	}
	o.Approval, o.Reviewed.Office = &next, string(next.Decisions[len(next.Decisions)-1].As)
	if do == stepConfirm && next.State == policy.ApprovalPending {
		o.State, err = before.step(stepPass)
	}
	return err
}

// Decidable tells whether the actor can confirm or return an observation now, a deputy office with a reason: nil, or why not (Forbidden with the rule, Conflict if it does not wait).
func (s *Observations) Decidable(ctx context.Context, by policy.Actor, o *Observation) error {
	if err := s.guard.Require(by, policy.ReviewObservation); err != nil {
		return err
	}
	if _, err := o.State.step(stepConfirm); err != nil {
		return err
	}
	g, err := s.guard.Signer(ctx, by, policy.ConfirmPartyFact)
	if err != nil {
		return err
	}
	return s.decidable(g, by, o, "代理")
}

// requireAlone asks for the right to decide as the second of two persons. What waited when its fact got a chain is still decided so, by a party organisation.
func (s *Observations) requireAlone(by policy.Actor, o *Observation) error {
	if s.restricted(o) {
		return s.guard.Require(by, policy.ConfirmPartyFact)
	}
	return s.guard.Require(by, policy.ConfirmObservation)
}

// decidable tells whether the actor can decide with a reason; without one a deputy office cannot.
func (s *Observations) decidable(g policy.Signer, by policy.Actor, o *Observation, reason string) error {
	if err := policy.Separate(by, policy.PartReview, o.Acts); err != nil {
		return err
	}
	if o.Approval == nil {
		return s.requireAlone(by, o)
	}
	_, err := o.sign(g, policy.MoveAgree, reason, journal.At(s.db.Now()))
	return err
}

// shownPage is a page as the actor may see it.
func (s *Observations) shownPage(by policy.Actor, page store.Page[Observation], err error) (store.Page[Observation], error) {
	for i := range page.Docs {
		page.Docs[i].State, _ = s.shown(by, page.Docs[i].State)
	}
	return page, err
}

// Level is one level of a confirmation.
type Level struct {
	// Name is what the level is called, Next says that it is its turn.
	Name string
	Next bool
	// Seats are who confirms: one office, or several that all do (会签).
	Seats []LevelSeat
}

// LevelSeat is one office of a level.
type LevelSeat struct {
	// Office is the role that confirms.
	Office policy.Role
	// Done says that it has confirmed, At when.
	Done bool
	At   journal.Time
	// Deputy says that it was confirmed in place of the office (代), As the role that then did.
	Deputy bool
	As     policy.Role
	// Paper says that it was confirmed on paper.
	Paper bool
}

// Done reports whether every office of the level has confirmed.
func (l Level) Done() bool {
	return !slices.ContainsFunc(l.Seats, func(s LevelSeat) bool { return !s.Done })
}

// Levels are the levels of an observation's confirmation in their order; none if one second person confirms.
func (o *Observation) Levels() []Level {
	if o.Approval == nil {
		return nil
	}
	out := make([]Level, len(o.Approval.Chain.Levels))
	for i, level := range o.Approval.Chain.Levels {
		out[i] = Level{Name: level.Name, Next: o.State.Waits() && o.Approval.Level == int64(i)}
		for _, seat := range level.Seats {
			out[i].Seats = append(out[i].Seats, LevelSeat{Office: seat.Role})
		}
	}
	for _, d := range o.Approval.Decisions {
		if (d.Move == policy.MoveAgree && d.Paper == nil || d.Move == policy.MoveConfirmPaper) && d.Round == o.Approval.Round {
			seat := &out[d.Level].Seats[d.Seat]
			seat.Done, seat.At, seat.Deputy, seat.As, seat.Paper = true, d.At, d.Deputy, d.As, d.Move == policy.MoveConfirmPaper
		}
	}
	return out
}
