package fund

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Bounce books money that the bank sent back (退汇) after a claim or refund was paid, by another person than paid it, on the order's day. What a claim was paid is held for it again; what a refund paid is
// kept again as before. The payment stays in the ledger, because the money did go out, and does not count as one any more: PayHold or Refund pay again, once. Doing it again changes nothing until then. Returns
// Forbidden without the order's right or for who paid, NotFound outside the scope, Conflict if nothing was paid.
func (s *Service) Bounce(ctx context.Context, o Order) (store.Doc[Ledger], error) {
	return s.settles(ctx, o, func(l *Ledger) error {
		kinds := append([]EntryKind{EntryUse}, backKinds...)
		paid, err := s.entryFor(ctx, o.Project, o.For, l.Bounced, kinds...)
		if err != nil {
			return err
		}
		if paid == nil {
			if before, err := s.entryFor(ctx, o.Project, o.For, nil, kinds...); err != nil || before != nil {
				return firstOf(err, errStands)
			}
			return fault.New("fund.Bounce", fault.Conflict, "还没有支付过，没有可以退汇的款")
		}
		if err := policy.Separate(o.By, policy.PartCheck, []policy.Act{{Part: policy.PartMake, By: paid.By}}); err != nil {
			return err
		}
		return l.bounce(*paid, o)
	})
}

// bounce books the money that came back of a payment.
func (l *Ledger) bounce(paid Entry, o Order) error {
	if err := full(len(l.Bounced), "退汇"); err != nil {
		return err
	}
	back := Entry{Kind: EntryBounce, Day: o.Day, Text: o.Text, Fen: paid.Fen, Ref: paid.Ref, Document: o.Document, Paper: o.Paper, Reverses: paid.No, By: o.By.ID}
	switch paid.Kind {
	case EntryUse:
		if err := full(len(l.Holds), "维修预留"); err != nil {
			return err
		}
		l.Holds = append(l.Holds, Hold{Claim: paid.Ref, Fen: paid.Fen, Day: o.Day})
		back.Postings = transfer(AccountBank, AccountHeld, paid.Fen)
	case EntryRelease:
		back.Postings = opposite(paid.Postings)
		l.unrelease(paid.No)
	default:
		back.Postings = opposite(paid.Postings)
		l.keepAgain(paid.No, paid.Day)
	}
	l.Bounced = append(slices.Clone(l.Bounced), paid.No)
	return l.post(back)
}

// opposite are postings with debit and credit exchanged.
func opposite(postings []Posting) []Posting {
	out := make([]Posting, len(postings))
	for i, p := range postings {
		out[i] = Posting{p.Account, -p.Fen}
	}
	return out
}

// keepAgain undoes what an entry that refunded did to amounts and letters: a letter that ended on that day stands again as far as its amount counts on it.
func (l *Ledger) keepAgain(refund int64, day calendar.Date) {
	for i := range l.Dues {
		d := &l.Dues[i]
		if d.Refunded != refund {
			continue
		}
		d.Refunded = 0
		missing := d.Secured
		for _, g := range l.Letters {
			if g.Due == d.ID && g.Ended.IsZero() {
				missing -= g.Fen
			}
		}
		for k := range l.Letters {
			if g := &l.Letters[k]; g.Due == d.ID && g.Ended == day && g.Fen <= missing {
				g.Ended = calendar.Date{}
				missing -= g.Fen
			}
		}
	}
}
