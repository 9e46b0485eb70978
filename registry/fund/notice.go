package fund

import (
	"redsteward/internal/fault"
	"redsteward/policy"
)

// ChainLetter is the id of the way of approval of the bureau's letters to developers.
const ChainLetter = "fund-letter"

// Notice is a letter of the bureau to a developer on its way out: it goes only as every level of its approval signed it.
type Notice struct {
	// For is the step of its case that sends it out.
	For string `json:"for" privacy:"public"`
	// Approval is where its approval stands.
	Approval policy.Approval `json:"approval"`
	// Sent: it went out.
	Sent bool `json:"sent,omitempty"`
}

// Waiting is the approval of the letter of a step that did not go out yet, nil if there is none; the letter may be nil.
func (l *Notice) Waiting(do string) *policy.Approval {
	if l == nil || l.Sent || l.For != do {
		return nil
	}
	return &l.Approval
}

// Stands reports whether the letter of a step was signed by every level and says is still what they signed.
func (l *Notice) Stands(do string, says any) bool {
	a := l.Waiting(do)
	if a == nil || a.State != policy.ApprovalApproved {
		return false
	}
	now, err := policy.Digest(says)
	return err == nil && now == a.SubjectHash
}

// Unsent returns Conflict if the letter of a step is in its approval, or was signed and can go out as it is.
func (l *Notice) Unsent(do string, says any) error {
	const op = "fund.Unsent"
	switch a := l.Waiting(do); {
	case a != nil && a.State == policy.ApprovalPending:
		return fault.New(op, fault.Conflict, "文书已经送审，等签发")
	case l.Stands(do, says):
		return fault.New(op, fault.Conflict, "文书已经签发，可以发出")
	}
	return nil
}

// Out is the letter of a step as it went out; title is the step for people. Returns Conflict if not every level signed it, or if it says something else now.
func (l *Notice) Out(do, title string, says any) (*Notice, error) {
	const op = "fund.Out"
	switch a := l.Waiting(do); {
	case a == nil:
		return nil, fault.New(op, fault.Conflict, "文书还没有送审，签发以后才能"+title)
	case a.State == policy.ApprovalPending:
		return nil, fault.New(op, fault.Conflict, "文书还在等“"+a.Chain.Levels[a.Level].Name+"”，签发以后才能"+title)
	case a.State != policy.ApprovalApproved:
		return nil, fault.New(op, fault.Conflict, "文书没有签发，重新送审以后才能"+title)
	case !l.Stands(do, says):
		return nil, fault.New(op, fault.Conflict, "文书的内容在签发以后有变化，重新送审以后才能"+title)
	}
	out := *l
	out.Sent = true
	return &out, nil
}

// Signed is the letter after a signature.
func (l *Notice) Signed(next policy.Approval) *Notice {
	out := *l
	out.Approval = next
	return &out
}

// SendNotice sends the letter of a step through its approval; subject names the case, says is what everybody signs, before the letter that the case has. Returns Conflict as Unsent, and what the approval returns.
func (d Desk) SendNotice(by policy.Actor, subject string, before *Notice, do string, says any) (*Notice, error) {
	if err := before.Unsent(do, says); err != nil {
		return nil, err
	}
	approval, err := d.Approvals().Open(by, ChainLetter, subject, before.Waiting(do), says)
	if err != nil {
		return nil, err
	}
	return &Notice{For: do, Approval: *approval}, nil
}
