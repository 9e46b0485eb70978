package claim

import (
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

// letterSays is what everybody signs of a letter.
func (c *Claim) letterSays(do Step) any {
	return []any{do, c.Project, c.Developer, c.Title, c.Where, c.Defect, c.Notice, c.Gone, c.Cost, c.Ask, c.Clock, len(c.Dunned)}
}

// letterStands reports whether the bureau's next letter was signed by every level and still says what they signed.
func (c *Claim) letterStands() bool {
	do := c.State.letter()
	return c.Letter.Stands(string(do), c.letterSays(do))
}

// letterWaits reports whether the bureau's next letter can be sent through its approval: it is time for it, and it is not there already.
func (s *Service) letterWaits(c *Claim) error {
	do := c.State.letter()
	if do != StepAsk {
		if err := s.waits(c, do.Title()); err != nil {
			return err
		}
	}
	return c.Letter.Unsent(string(do), c.letterSays(do))
}

// sendLetter sends the bureau's next letter through its approval.
func (s *Service) sendLetter(by policy.Actor, at casework.At, c *Claim) error {
	if err := apart(by, c); err != nil {
		return err
	}
	if err := s.letterWaits(c); err != nil {
		return err
	}
	do := c.State.letter()
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
