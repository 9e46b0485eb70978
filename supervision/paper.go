package supervision

import (
	"context"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Papers is what a signature on paper needs: where its scan is kept, and who has an account.
type Papers struct {
	Keeper  *files.Keeper
	Persons policy.Persons
}

// approvals signs as party organisations do.
func (s *Observations) approvals() policy.ApprovalDesk {
	return policy.ApprovalDesk{Guard: s.guard, Persons: s.papers.Persons, Now: s.db.Now, Signs: policy.ConfirmPartyFact}
}

// ConfirmOnPaper records what somebody at one of the levels signed on paper; it confirms once another person has looked at the scan. Returns what Confirm
// returns for who signed, and Invalid for refused fields (paper, signer, signed_on, current), also at a level that takes no paper.
func (s *Observations) ConfirmOnPaper(ctx context.Context, by policy.Actor, at At, in policy.OnPaper, password string) (store.Doc[Observation], error) {
	return s.signed(ctx, by, at, in.Upload, password, func(o *Observation) (policy.Sign, error) {
		sign, err := s.approvals().PaperSign(ctx, in, o.Keys, o.Day)
		if err == nil {
			err = policy.Separate(sign.Signer, policy.PartReview, o.Acts)
		}
		return sign, err
	})
}

// LookAtPaper accepts (policy.MoveConfirmPaper) or does not accept (policy.MoveRejectPaper, with a reason) the scan that the signature names. Returns Forbidden
// for who recorded or signed it, Invalid (reason, current), Conflict if no such scan waits, was confirmed otherwise, or somebody was quicker.
func (s *Observations) LookAtPaper(ctx context.Context, by policy.Actor, at At, sign policy.Sign, password string) (store.Doc[Observation], error) {
	return s.signed(ctx, by, at, nil, password, func(*Observation) (policy.Sign, error) {
		if sign.Move != policy.MoveConfirmPaper && sign.Move != policy.MoveRejectPaper {
			return sign, fault.New("supervision.LookAtPaper", fault.Conflict, "签字件只能采用或者不采用")
		}
		return sign, nil
	})
}

// signed carries out what is done about a paper, with the password again; its scan is kept before the record that names it.
func (s *Observations) signed(ctx context.Context, by policy.Actor, at At, scan *files.Upload, password string, said func(*Observation) (policy.Sign, error)) (store.Doc[Observation], error) {
	if err := s.guard.Require(by, policy.ConfirmPartyFact); err != nil {
		return store.Doc[Observation]{}, err
	}
	return s.change(ctx, by, policy.ReviewObservation, at, "", stepPaper, func(o *Observation, before ObservationState) error {
		if o.Approval == nil {
			return fault.New("supervision.signed", fault.Conflict, "这条记录由一名复核人确认，没有签字件")
		}
		sign, err := said(o)
		if err != nil {
			return err
		}
		waiting := o.Approval.Papers()
		next, err := s.approvals().Decide(ctx, by, o.Approval, sign, o.Keys, o.Day)
		if err != nil {
			return err
		}
		if err := s.papers.Persons.Reauthenticate(ctx, by, password); err != nil {
			return err
		}
		if scan != nil {
			stored, err := s.papers.Keeper.Keep(ctx, store.Meta{By: by.ID, Action: string(policy.ReviewObservation)}, scan)
			if err != nil {
				return err
			}
			o.Scans = append(o.Scans[:len(o.Scans):len(o.Scans)], stored)
		}
		o.Approval = &next
		if sign.Move != policy.MoveConfirmPaper {
			return nil
		}
		return o.confirmedOnPaper(before, waiting, sign, journal.At(s.db.Now()))
	})
}

// confirmedOnPaper takes the observation on as the signature on screen of who signed the paper would.
func (o *Observation) confirmedOnPaper(before ObservationState, waiting []policy.ApprovalDecision, sign policy.Sign, at journal.Time) error {
	do := stepConfirm
	if o.Approval.State == policy.ApprovalPending {
		do = stepPass
	}
	var err error
	if o.State, err = before.step(do); err != nil {
		return err
	}
	for _, scan := range waiting {
		if scan.Paper.FileHash == sign.Paper.FileHash {
			o.Reviewed = Hand{By: scan.Paper.Signer, Office: string(scan.As), At: at}
		}
	}
	o.Reason = ""
	return o.act(policy.PartReview, o.Reviewed.By)
}

// MayLook reports whether the actor may look at the scan of this hash.
func (s *Observations) MayLook(ctx context.Context, by policy.Actor, o *Observation, scan string) bool {
	return o.State.Waits() && o.Approval != nil && s.guard.Allow(by, policy.ReviewObservation) && s.guard.Allow(by, policy.ConfirmPartyFact) &&
		s.approvals().MayLook(ctx, by, o.Approval, scan, o.Keys, o.Day)
}

// looks reports whether one of the scans of an observation waits for the actor.
func (s *Observations) looks(ctx context.Context, by policy.Actor, o *Observation) bool {
	if o.Approval == nil {
		return false
	}
	for _, scan := range o.Approval.Papers() {
		if s.MayLook(ctx, by, o, scan.Paper.FileHash) {
			return true
		}
	}
	return false
}
