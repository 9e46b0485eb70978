package claim

import (
	"context"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// letter is the step that sends the bureau's next letter out in a state, "" if there is none.
func (s State) letter() Step {
	return map[State]Step{Noticed: StepUrge, Paid: StepAsk, Replenishing: StepDun}[s]
}

// waitingLetter is the approval of a letter that did not go out yet, nil if there is none.
func (c *Claim) waitingLetter() *policy.Approval { return c.Letter.Waiting(string(c.State.letter())) }

// Signing is the approval that is signed in the present state: of the claim, or of the bureau's next letter; nil if there is none.
func (c *Claim) Signing() *policy.Approval {
	if c.State == Approving {
		return c.Approval
	}
	return c.waitingLetter()
}

// letterSays is what everybody signs of a letter; a dunning letter says what is open.
func (c *Claim) letterSays(do Step) any {
	says := []any{do, c.Project, c.Developer, c.Title, c.Where, c.Defect, c.Notice, c.Gone, c.Cost, c.Ask, c.Clock, len(c.Dunned)}
	if do == StepDun {
		says = append(says, c.Owed)
	}
	return says
}

// awaited is the bureau's next letter once every level signed it, until it goes out.
func (c *Claim) awaited() []casework.Awaited {
	do := c.State.letter()
	if do == "" || !c.Letter.Stands(string(do), c.letterSays(do)) {
		return nil
	}
	return []casework.Awaited{{Code: claimKind + "." + string(do), Title: map[Step]string{StepUrge: "督促通知书", StepAsk: "补存通知书", StepDun: "催缴函"}[do], To: c.DeveloperName, Print: string(do)}}
}

// letterStands reports whether the bureau's next letter was signed by every level and still says what they signed, and what the ledger says.
func (s *Service) letterStands(ctx context.Context, c *Claim) bool {
	do := c.State.letter()
	if do == StepDun {
		if open, err := s.owed(ctx, "", c); err != nil || open != c.Owed {
			return false
		}
	}
	return c.Letter.Stands(string(do), c.letterSays(do))
}

// letterWaits returns Conflict unless the bureau's next letter can be sent through its approval: it is time for it, there is something to write about, and it is not there already. open is what the ledger wants replenished.
func (s *Service) letterWaits(c *Claim, open int64) error {
	do := c.State.letter()
	if do != StepAsk {
		if err := s.waits(c, do.Title()); err != nil {
			return err
		}
	}
	if do == StepDun {
		a := c.waitingLetter()
		switch {
		case open == 0:
			return fault.New("claim.letterWaits", fault.Conflict, "已经补足，请办结")
		case open != c.Owed && (a == nil || a.State != policy.ApprovalPending):
			return nil // what was signed says another amount
		}
	}
	return c.Letter.Unsent(string(do), c.letterSays(do))
}

// sendLetter sends the bureau's next letter through its approval; a dunning letter asks for what is open now.
func (s *Service) sendLetter(ctx context.Context, by policy.Actor, at casework.At, c *Claim) error {
	if err := apart(by, c); err != nil {
		return err
	}
	open, err := s.owed(ctx, at.ID, c)
	if err != nil {
		return err
	}
	if err := s.letterWaits(c, open); err != nil {
		return err
	}
	do := c.State.letter()
	if do == StepDun {
		c.Owed = open
	}
	letter, err := s.SendNotice(by, casework.Subject(claimKind, at), c.Letter, string(do), c.letterSays(do))
	if err == nil {
		c.Letter, c.Reason = letter, ""
	}
	return err
}

// goesOut marks the bureau's letter as sent. Returns Conflict if not every level signed it, or if it says something else now.
func (c *Claim) goesOut(do Step) error {
	sent, err := c.Letter.Out(string(do), do.Title(), c.letterSays(do))
	if err == nil {
		c.Letter = sent
	}
	return err
}
