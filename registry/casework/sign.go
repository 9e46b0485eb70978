package casework

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Signature is one signature under a case: on the screen, or on paper.
type Signature struct {
	// Sign is the signature on the screen, or the second look at a scan.
	Sign policy.Sign
	// Paper is the signature on paper, nil for one on the screen.
	Paper *policy.OnPaper
	// Password is that of who acts, again; Asked says that it was asked for just now, for several signatures at once.
	Password string
	Asked    bool
}

// Sign carries a signature out, with its scan: on tells which approval is signed, then puts what became of it into the case, from where it stands now. Returns Forbidden without SignApproval or for whom it does not
// wait, NotFound outside the scope, Invalid (current, reason; paper, signer and signed_on on paper), Conflict if it does not wait, was changed, or somebody was quicker, and what on and then return.
func (c *Cases[T]) Sign(ctx context.Context, by policy.Actor, at At, why string, in Signature, on func(*T) (*policy.Approval, error), then func(*T, policy.Approval) error) (store.Doc[T], error) {
	return c.Change(ctx, by, policy.SignApproval, at, why, func(one *T) error {
		waits, err := on(one)
		if err != nil {
			return err
		}
		shared, sign := c.shared(one), in.Sign
		if in.Paper != nil {
			if sign, err = c.desk.Approvals().PaperSign(ctx, *in.Paper, shared.Keys, shared.Opened); err != nil {
				return err
			}
		}
		next, err := c.desk.Approvals().Decide(ctx, by, waits, sign, shared.Keys, shared.Opened)
		if err != nil {
			return err
		}
		if !in.Asked {
			if err := c.desk.Persons.Reauthenticate(ctx, by, in.Password); err != nil {
				return err
			}
		}
		if in.Paper != nil {
			stored, err := c.desk.Keep(ctx, by, policy.SignApproval, in.Paper.Upload, "")
			if err != nil {
				return err
			}
			shared.Scans = append(slices.Clone(shared.Scans), stored)
		}
		switch next.State {
		case policy.ApprovalRefused:
			if shared.Reason = sign.Reason; waits == shared.Approval {
				shared.Clock = calendar.Deadline{}
			}
		case policy.ApprovalReturned:
			shared.Reason = sign.Reason
		}
		return then(one, next)
	})
}
