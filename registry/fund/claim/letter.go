package claim

import (
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// ChainLetter is the id of the way of approval of the bureau's letters to the developer.
const ChainLetter = "fund-letter"

// Letter is a letter of the bureau to the developer.
type Letter struct {
	// For is the step that sends it out: StepUrge, StepAsk or StepDun.
	For Step `json:"for" privacy:"public"`
	// Approval is where its approval stands.
	Approval policy.Approval `json:"approval"`
	// Sent: it went out.
	Sent bool `json:"sent,omitempty"`
}

// letter is the step that sends the bureau's next letter out in a state, "" if there is none.
func (s State) letter() Step {
	return map[State]Step{Noticed: StepUrge, Paid: StepAsk, Replenishing: StepDun}[s]
}

// waitingLetter is the approval of a letter that did not go out yet, nil if there is none.
func (c *Claim) waitingLetter() *policy.Approval {
	if c.Letter == nil || c.Letter.Sent || c.Letter.For != c.State.letter() {
		return nil
	}
	return &c.Letter.Approval
}

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
	a := c.waitingLetter()
	if a == nil || a.State != policy.ApprovalApproved {
		return false
	}
	now, err := policy.Digest(c.letterSays(c.Letter.For))
	return err == nil && now == a.SubjectHash
}

// letterWaits reports whether the bureau's next letter can be sent through its approval: it is time for it, and it is not there already.
func (s *Service) letterWaits(c *Claim) error {
	const op = "claim.letter"
	if do := c.State.letter(); do != StepAsk {
		if err := s.waits(c, do.Title()); err != nil {
			return err
		}
	}
	switch a := c.waitingLetter(); {
	case a != nil && a.State == policy.ApprovalPending:
		return fault.New(op, fault.Conflict, "文书已经送审，等签发")
	case c.letterStands():
		return fault.New(op, fault.Conflict, "文书已经签发，可以发出")
	}
	return nil
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
	approval, err := s.Approvals().Open(by, ChainLetter, casework.Subject(claimKind, at), c.waitingLetter(), c.letterSays(do))
	if err != nil {
		return err
	}
	c.Letter, c.Reason = &Letter{For: do, Approval: *approval}, ""
	return nil
}

// goesOut marks the bureau's letter as sent. Returns Conflict if not every level signed it, or if it says something else now.
func (c *Claim) goesOut(do Step) error {
	const op = "claim.goesOut"
	switch a := c.waitingLetter(); {
	case a == nil:
		return fault.New(op, fault.Conflict, "文书还没有送审，签发以后才能"+do.Title())
	case a.State == policy.ApprovalPending:
		return fault.New(op, fault.Conflict, "文书还在等“"+a.Chain.Levels[a.Level].Name+"”，签发以后才能"+do.Title())
	case a.State != policy.ApprovalApproved:
		return fault.New(op, fault.Conflict, "文书没有签发，重新送审以后才能"+do.Title())
	case !c.letterStands():
		return fault.New(op, fault.Conflict, "文书的内容在签发以后有变化，重新送审以后才能"+do.Title())
	}
	sent := *c.Letter
	sent.Sent = true
	c.Letter = &sent
	return nil
}

// signLetter puts a signature to the bureau's next letter.
func (c *Claim) signLetter(next policy.Approval) {
	letter := *c.Letter
	letter.Approval = next
	c.Letter = &letter
}
