package claim

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
)

// Sign signs, returns or refuses a claim or the bureau's next letter at the actor's level, or looks at a signed paper a second time, with the password again. The last signature holds the money first. Returns Forbidden with the rule for
// whom it does not wait, Invalid (current, reason), Conflict if it does not wait for approval, was changed, lacks money, or somebody was quicker.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at casework.At, sign policy.Sign, password string) (store.Doc[Claim], error) {
	return s.sign(ctx, by, at, casework.Signature{Sign: sign, Password: password})
}

// SignOnPaper records what somebody signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper, signer, signed_on).
func (s *Service) SignOnPaper(ctx context.Context, by policy.Actor, at casework.At, in policy.OnPaper, password string) (store.Doc[Claim], error) {
	return s.sign(ctx, by, at, casework.Signature{Paper: &in, Password: password})
}

// sign carries a signature out.
func (s *Service) sign(ctx context.Context, by policy.Actor, at casework.At, in casework.Signature) (store.Doc[Claim], error) {
	on := func(c *Claim) (*policy.Approval, error) {
		if _, err := c.State.next(StepSign); err != nil {
			return nil, err
		}
		if a := c.Signing(); a != nil {
			return a, nil
		}
		return nil, fault.New("claim.Sign", fault.Conflict, "没有等待签署的文书")
	}
	doc, err := s.Cases.Sign(ctx, by, at, StepSign.Title(), in, on, func(c *Claim, next policy.Approval) (err error) {
		c.Last = StepSign
		if c.State != Approving {
			c.Letter = c.Letter.Signed(next)
			return nil
		}
		c.Approval = &next
		switch next.State {
		case policy.ApprovalApproved:
			c.Last, c.Clock = StepApprove, calendar.Deadline{}
			err = s.hold(ctx, by, policy.SignApproval, at.ID, c)
		case policy.ApprovalRefused:
			c.Last = StepReject
		case policy.ApprovalReturned:
			c.Last = StepReturn
		}
		if err == nil {
			c.State, err = c.State.next(c.Last)
		}
		return err
	})
	return s.freed(ctx, by, policy.SignApproval, at.ID, doc, err)
}

// freed gives back what is held for a claim that has ended: after the change that ended it, because before it somebody quicker could have let it go on, without its money; and also after one that was
// refused because somebody was quicker, which may have held it. Who repeats a request after a stop between the two gives it back too.
func (s *Service) freed(ctx context.Context, by policy.Actor, action policy.Action, id string, doc store.Doc[Claim], err error) (store.Doc[Claim], error) {
	now := doc
	if fault.Is(err, fault.Conflict) {
		var readErr error
		if now, readErr = s.Load(ctx, id); readErr != nil {
			return doc, err
		}
	} else if err != nil {
		return doc, err
	}
	if !now.State.State.Final() {
		return doc, err
	}
	return doc, firstOf(s.release(ctx, by, action, id, &now.State), err)
}

// firstOf is the first of two errors that there is.
func firstOf(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// Can reports whether the actor may do a step now, as far as state and rights say; what the form must hold is told by Do.
func (s *Service) Can(ctx context.Context, by policy.Actor, c *Claim, do Step) bool {
	if _, err := c.State.next(do); err != nil {
		return false
	}
	now := s.Now()
	switch do {
	case StepSign:
		return s.Approvals().MaySign(ctx, by, c.Signing(), c.Keys, c.Opened)
	case StepReturn, StepReject, StepApprove:
		return false
	case StepRepaired:
		return s.Guard.Allow(by, policy.ApplyClaim) || s.Guard.Allow(by, policy.HandleClaim)
	case StepLetter:
		open, err := s.owed(ctx, "", c)
		return s.Guard.Allow(by, policy.HandleClaim) && c.Gone == nil && err == nil && s.letterWaits(c, open) == nil
	case StepUrge, StepDun:
		return s.Guard.Allow(by, policy.HandleClaim) && c.Clock.Late(now) && s.letterStands(ctx, c)
	case StepAsk:
		return s.Guard.Allow(by, policy.HandleClaim) && s.letterStands(ctx, c)
	case StepSettle:
		open, err := s.owed(ctx, "", c)
		return s.Guard.Allow(by, policy.HandleClaim) && err == nil && open == 0
	case StepReview:
		return s.Guard.Allow(by, policy.HandleClaim) && c.Reviewed == nil && c.By != by.ID
	case StepPay:
		return s.Guard.Allow(by, policy.PayClaim) && (c.State == Bounced || c.Clock.Late(now) && c.Reviewed != nil)
	case StepBounce:
		return s.Guard.Allow(by, policy.ReverseFund) && c.Paid.By != by.ID
	case StepGone:
		return s.Guard.Allow(by, policy.HandleClaim) && c.Gone == nil
	case StepWaive:
		return s.Guard.Allow(by, policy.HandleClaim) && c.Gone != nil
	case StepUrgent:
		return s.Guard.Allow(by, policy.HandleClaim) && c.Danger != ""
	case StepFile:
		return s.Guard.Allow(by, policy.ApplyClaim) && (c.Gone != nil || c.State == Urged && c.Clock.Late(now))
	}
	return s.Guard.Allow(by, do.Action())
}

// List returns a page of claims, the latest first, or with due what is due first; the text of a filter is looked for in name, place and defect. Returns Forbidden without ReadClaim.
func (s *Service) List(ctx context.Context, by policy.Actor, w casework.Filter, due bool, after string) (store.Page[Claim], error) {
	return s.Page(ctx, by, casework.ListQuery(due, after), func(c *Claim) bool {
		return w.Lets(&c.Case.Case, string(c.State), c.Name, c.Place, c.Title, c.Where, c.Defect)
	})
}

// Dunned are the dunning letters of the claims of which a replenishment was dunned and is not settled, by the id of the claim, the earliest letter first. Returns Forbidden without ReadClaim.
func (s *Service) Dunned(ctx context.Context, by policy.Actor) (map[string][]casework.Paper, error) {
	out := map[string][]casework.Paper{}
	for after := ""; ; {
		page, err := s.List(ctx, by, casework.Filter{State: string(Replenishing)}, true, after)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			if len(d.State.Dunned) > 0 {
				out[d.ID] = d.State.Dunned
			}
		}
		if after = page.Next; after == "" {
			return out, nil
		}
	}
}

// Running counts the claims of a project from which a repair may still come: nothing is refunded meanwhile. It asks for no right.
func (s *Service) Running(ctx context.Context, project string) (int, error) {
	docs, err := s.Of(ctx, project)
	n := 0
	for _, d := range docs {
		if d.State.State.Working() {
			n++
		}
	}
	return n, err
}

// toHold is what a claim holds while it holds anything: what was granted, after a payment that came back what was paid.
func (c *Claim) toHold() int64 {
	if c.State == Bounced {
		return c.Cost
	}
	return c.Granted
}

// Audit compares what the ledgers hold with what the claims were granted, and calls found for what does not agree. It returns the number of claims. It asks for
// no right: doctor calls it on data that is only read.
func (s *Service) Audit(ctx context.Context, found func(fund.Finding)) (int, error) {
	claims := map[string]Claim{}
	if err := s.Every(ctx, func(d store.Doc[Claim]) { claims[d.ID] = d.State }); err != nil {
		return 0, err
	}
	held := map[string]bool{}
	err := s.Fund.EachHold(ctx, func(project string, h fund.Hold) {
		c, ok := claims[h.Claim]
		held[h.Claim] = true
		switch {
		case !ok || c.Project != project:
			found(fund.Finding{Project: project, Name: c.Name, Text: "预留 " + fund.Yuan(h.Fen) + " 元没有对应的使用申请"})
		case !slices.Contains([]State{Approving, SentBack, Repairing, Shown, Bounced}, c.State):
			found(fund.Finding{Project: project, Name: c.Name, Text: fmt.Sprintf("使用申请“%s”还预留着 %s 元", c.State.Title(), fund.Yuan(h.Fen))})
		case c.toHold() != h.Fen:
			found(fund.Finding{Project: project, Name: c.Name, Text: fmt.Sprintf("预留 %s 元，应当是 %s 元", fund.Yuan(h.Fen), fund.Yuan(c.toHold()))})
		}
	})
	for id, c := range claims {
		if (c.State == Repairing || c.State == Shown || c.State == Bounced) && !held[id] {
			found(fund.Finding{Project: c.Project, Name: c.Name, Text: "使用申请“" + c.State.Title() + "”没有预留的钱"})
		}
	}
	return len(claims), err
}
