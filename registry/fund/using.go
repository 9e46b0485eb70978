package fund

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Hold is money that an approved claim holds back for its repair.
type Hold struct {
	// Claim is the id of the claim, Fen how much, Day since when.
	Claim string        `json:"claim" privacy:"public"`
	Fen   int64         `json:"fen"`
	Day   calendar.Date `json:"day"`
}

// Order is what the desk of claims or refunds wants of a ledger. Every order names its claim or refund: the same one again changes nothing and succeeds, so that
// what a crash cut off can be repeated.
type Order struct {
	// By is who acts, Action the right by which he does: the ledger asks for it, and for the scope.
	By     policy.Actor
	Action policy.Action
	// Project is whose ledger; For is the id of the claim or refund.
	Project, For string
	// Fen is how much; Text what the entry says to people; Document the number of its paper.
	Fen            int64
	Text, Document string
	// Day is until when a developer is to pay, for Replenish; the day of the bank, for Bounce.
	Day calendar.Date
	// Paper is the bank's slip of a payment or of money that came back.
	Paper *files.Stored
	// HandOn: what is left goes to the maintenance fund of the owners; Stage: only that stage of the rule, from 1, is paid back; both for Refund only.
	HandOn bool
	Stage  int64
}

// settles carries out an order of the desk of claims or refunds.
func (s *Service) settles(ctx context.Context, o Order, do func(*Ledger) error) (store.Doc[Ledger], error) {
	return s.command(ctx, order{by: o.By, action: o.Action, project: o.Project, why: o.Text}, do)
}

// holdOf is the place of the hold of a claim, -1 if it has none.
func (l *Ledger) holdOf(claim string) int {
	return slices.IndexFunc(l.Holds, func(h Hold) bool { return h.Claim == claim })
}

// unhold takes the hold of a claim out of the list and returns it.
func (l *Ledger) unhold(at int) Hold {
	h := l.Holds[at]
	l.Holds = slices.Delete(l.Holds, at, at+1)
	return h
}

// HoldMoney holds money back for an approved claim. Returns Forbidden without the order's right, NotFound outside the scope, Conflict if the claim holds another
// amount or was paid, or if less is free.
func (s *Service) HoldMoney(ctx context.Context, o Order) (store.Doc[Ledger], error) {
	const op = "fund.HoldMoney"
	return s.settles(ctx, o, func(l *Ledger) error {
		var f registry.Faults
		checkFen(f.Add, o.Fen)
		if err := f.Err(op); err != nil {
			return err
		}
		if at := l.holdOf(o.For); at >= 0 {
			if l.Holds[at].Fen != o.Fen {
				return fault.New(op, fault.Conflict, "这件申请已预留 "+Yuan(l.Holds[at].Fen)+" 元，不能再预留 "+Yuan(o.Fen)+" 元")
			}
			return errStands
		}
		if err := full(len(l.Holds), "维修预留"); err != nil {
			return err
		}
		if used, err := s.entryFor(ctx, o.Project, o.For, l.Bounced, EntryUse); err != nil || used != nil {
			return firstOf(err, fault.New(op, fault.Conflict, "这件申请已经支付过"))
		}
		return l.hold(o, s.today())
	})
}

// hold books a hold.
func (l *Ledger) hold(o Order, day calendar.Date) error {
	if free := min(l.Balances.Free(), l.Balances.Deposit); o.Fen > free {
		return fault.New("fund.hold", fault.Conflict, fmt.Sprintf("保修金可用 %s 元，不够预留 %s 元", Yuan(max(0, free)), Yuan(o.Fen)))
	}
	l.Holds = append(l.Holds, Hold{Claim: o.For, Fen: o.Fen, Day: day})
	return l.post(Entry{Kind: EntryHold, Day: day, Text: o.Text, Fen: o.Fen, Postings: transfer(AccountDeposit, AccountHeld, o.Fen), Ref: o.For, Document: o.Document, By: o.By.ID})
}

// ReleaseHold gives back what a claim holds that is not paid from the fund; nothing if it holds nothing. Returns Forbidden without the order's right, NotFound
// outside the scope.
func (s *Service) ReleaseHold(ctx context.Context, o Order) (store.Doc[Ledger], error) {
	return s.settles(ctx, o, func(l *Ledger) error {
		at := l.holdOf(o.For)
		if at < 0 {
			return errStands
		}
		h := l.unhold(at)
		return l.post(Entry{Kind: EntryUnhold, Day: s.today(), Text: o.Text, Fen: h.Fen, Postings: transfer(AccountHeld, AccountDeposit, h.Fen), Ref: o.For, By: o.By.ID})
	})
}

// PayHold pays a repair out of what its claim holds; the rest goes back to the principal in the same entry. Returns Forbidden without the order's right, NotFound
// outside the scope, Invalid (amount), Conflict if the claim holds nothing or less, or was paid another amount.
func (s *Service) PayHold(ctx context.Context, o Order) (store.Doc[Ledger], error) {
	const op = "fund.PayHold"
	return s.settles(ctx, o, func(l *Ledger) error {
		var f registry.Faults
		checkFen(f.Add, o.Fen)
		if err := f.Err(op); err != nil {
			return err
		}
		if l.holdOf(o.For) < 0 {
			used, err := s.entryFor(ctx, o.Project, o.For, l.Bounced, EntryUse)
			switch {
			case err != nil:
				return err
			case used == nil:
				return fault.New(op, fault.Conflict, "这件申请没有预留的钱，不能支付")
			case used.Fen != o.Fen:
				return fault.New(op, fault.Conflict, "这件申请已支付 "+Yuan(used.Fen)+" 元，不能再支付一次")
			}
			return errStands
		}
		return l.use(o, s.today())
	})
}

// use books the payment of a repair.
func (l *Ledger) use(o Order, day calendar.Date) error {
	at := l.holdOf(o.For)
	if held := l.Holds[at].Fen; o.Fen > held {
		return fault.New("fund.use", fault.Conflict, "预留了 "+Yuan(held)+" 元，不能支付 "+Yuan(o.Fen)+" 元")
	}
	h := l.unhold(at)
	postings := []Posting{{AccountHeld, h.Fen}, {AccountBank, -o.Fen}}
	if rest := h.Fen - o.Fen; rest > 0 {
		postings = append(postings, Posting{AccountDeposit, -rest})
	}
	return l.post(Entry{Kind: EntryUse, Day: day, Text: o.Text, Fen: o.Fen, Postings: postings, Ref: o.For, Document: o.Document, Paper: o.Paper, By: o.By.ID})
}

// Replenish makes due in money what a claim was paid, until the order's day; asked again, after the bank sent the payment back, only day and document are those of the new order. Returns Forbidden without the order's right, NotFound outside the scope, Conflict if
// the ledger is full.
func (s *Service) Replenish(ctx context.Context, o Order) (store.Doc[Ledger], error) {
	return s.settles(ctx, o, func(l *Ledger) error { return l.replenish(o, s.today()) })
}

// replenish books what is to be paid again.
func (l *Ledger) replenish(o Order, day calendar.Date) error {
	if at := slices.IndexFunc(l.Dues, func(d Due) bool { return d.Claim == o.For }); at >= 0 {
		d := &l.Dues[at]
		if d.Day == o.Day && d.Document == o.Document {
			return errStands
		}
		d.Day, d.Document = o.Day, o.Document
		return nil
	}
	if err := full(len(l.Dues), "应缴"); err != nil {
		return err
	}
	d := Due{ID: fmt.Sprintf("d%d", len(l.Dues)+1), Phase: "补存", Title: "补存通知书", Document: o.Document, Fen: o.Fen, Day: o.Day, Claim: o.For,
		Lines: []Line{{"补存", strings.TrimSpace(o.Text), Yuan(o.Fen) + " 元"}}}
	l.Dues = append(l.Dues, d)
	return l.post(Entry{Kind: EntryReplenish, Day: day, Text: o.Text, Fen: o.Fen, Postings: transfer(AccountDue, AccountDeposit, o.Fen), Ref: o.For, Document: o.Document, By: o.By.ID})
}

// Replenishment is what a developer has to pay again for a claim; false if none was asked for.
func (l *Ledger) Replenishment(claim string) (Due, bool) {
	i := slices.IndexFunc(l.Dues, func(d Due) bool { return d.Claim == claim })
	if i < 0 {
		return Due{}, false
	}
	return l.Dues[i], true
}

// Balance reads a ledger for the desks of claims and refunds, which ask for their own rights; the zero value if the project has none.
func (s *Service) Balance(ctx context.Context, project string) (Ledger, error) {
	head, err := s.ledgers.Head(ctx, project)
	if fault.Is(err, fault.NotFound) {
		return Ledger{}, nil
	}
	return head.State, err
}

// EachHold calls yield for everything that claims hold back, with its project. It asks for no right: doctor calls it on data that is only read.
func (s *Service) EachHold(ctx context.Context, yield func(project string, h Hold)) error {
	for d, err := range s.ledgers.Each(ctx) {
		if err != nil {
			return err
		}
		for _, h := range d.State.Holds {
			yield(d.ID, h)
		}
	}
	return nil
}

// entryFor is the entry of a kind that a claim or refund made, nil if there is none but those that do not count.
func (s *Service) entryFor(ctx context.Context, project, ref string, but []int64, kinds ...EntryKind) (*Entry, error) {
	for change, err := range s.ledgers.History(ctx, project) {
		if err != nil {
			return nil, err
		}
		if e := change.State.Entry; e != nil && e.Ref == ref && slices.Contains(kinds, e.Kind) && !slices.Contains(but, e.No) {
			return e, nil
		}
	}
	return nil, nil
}

// firstOf is the first of two errors that there is.
func firstOf(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// Share is what one amount gets back at its end or by a stage of its rule, line by line.
type Share struct {
	// Principal is what is left of the principal, Interest what goes with it; Off is what was never paid and falls away with it.
	Principal, Interest, Off int64
	// Last: no other amount is kept, so that everything that is left goes, with all interest.
	Last bool
	// Lines are how it was computed.
	Lines []Line
}

// Fen is what is paid.
func (s Share) Fen() int64 { return s.Principal + s.Interest }

// Share is what an amount gets back: with a stage, from 1, the part that its rule gives back then, with stage 0 what is left of it. The last amount that is kept gets whatever is left with all interest; an
// earlier one what was paid for it, as far as it is there. Returns NotFound for an unknown amount or stage, Conflict for one that was paid back, while courts or claims hold money, or if nothing is left; for
// a stage also before an earlier one, and while something of the amount is unpaid or not replenished.
func (l *Ledger) Share(due string, stage int64) (Share, error) {
	const op = "fund.Share"
	d, err := l.due(due)
	if err != nil {
		return Share{}, err
	}
	b := l.Balances
	switch {
	case d.Refunded != 0:
		return Share{}, fault.New(op, fault.Conflict, d.Phase+"的保修金已经退还")
	case d.Claim != "":
		return Share{}, fault.New(op, fault.Conflict, "补存的钱随原来那一期退还，不单独退还")
	case b.Court > 0:
		return Share{}, fault.New(op, fault.Conflict, "司法冻结 "+Yuan(b.Court)+" 元，解除以前不能退还")
	case b.Held > 0:
		return Share{}, fault.New(op, fault.Conflict, "维修预留 "+Yuan(b.Held)+" 元，维修办结以前不能退还")
	}
	if stage != 0 {
		return l.stageShare(d, stage)
	}
	there := b.Deposit - b.Due // what was really paid
	out := Share{Last: !slices.ContainsFunc(l.Dues, func(o Due) bool { return o.ID != due && o.Claim == "" && !o.Cancelled && o.Refunded == 0 })}
	if out.Last {
		out.Principal, out.Interest, out.Off = there, b.Interest, b.Due
		out.Lines = append(out.Lines, Line{"本金", "账上本金 " + Yuan(b.Deposit) + " − 应缴未缴 " + Yuan(b.Due), Yuan(there) + " 元"}, Line{"利息", "账上全部利息", Yuan(b.Interest) + " 元"})
	} else {
		out.Principal, out.Off = min(d.Paid-d.Released(), there), d.Open()
		kept := d.Phase + "已缴 " + Yuan(d.Paid)
		if back := d.Released(); back > 0 {
			kept += " − 分期已退 " + Yuan(back)
		}
		out.Lines = append(out.Lines, Line{"本金", kept + "，账上实有 " + Yuan(there) + "，取较小的", Yuan(out.Principal) + " 元"}, Line{"利息", "还有别的期在存储，利息随最后一期退还", Yuan(0) + " 元"})
	}
	if out.Fen() <= 0 {
		return Share{}, nothingLeft(op, d)
	}
	out.Lines = append(out.Lines, Line{"退还", Yuan(out.Principal) + " + " + Yuan(out.Interest), Yuan(out.Fen()) + " 元"})
	return out, nil
}

// Refund pays an amount of the ledger back, hands it on to the owners' maintenance fund, or pays back the order's stage of it: exactly the order's amount, which Share gives. Letters that stand for
// an amount end with it, not with a stage. Returns Forbidden without the order's right, NotFound outside the scope, Conflict if Share gives something else now.
func (s *Service) Refund(ctx context.Context, due string, o Order) (store.Doc[Ledger], error) {
	return s.settles(ctx, o, func(l *Ledger) error {
		paid, err := s.entryFor(ctx, o.Project, o.For, l.Bounced, backKinds...)
		if err != nil {
			return err
		}
		if paid != nil {
			return errStands
		}
		return l.refund(due, o, s.today())
	})
}

// backKinds are the entries of a refund.
var backKinds = []EntryKind{EntryRefund, EntryRelease, EntryHandOn}

// refund books what is paid back.
func (l *Ledger) refund(due string, o Order, day calendar.Date) error {
	share, err := l.Share(due, o.Stage)
	if err != nil {
		return err
	}
	if share.Fen() != o.Fen {
		return fault.New("fund.refund", fault.Conflict, "账上现在可退 "+Yuan(share.Fen())+" 元，审批的是 "+Yuan(o.Fen)+" 元，请重新核对送审")
	}
	var postings []Posting
	add := func(a Account, fen int64) {
		if fen != 0 {
			postings = append(postings, Posting{a, fen})
		}
	}
	add(AccountDeposit, share.Principal+share.Off)
	add(AccountInterest, share.Interest)
	add(AccountDue, -share.Off)
	add(AccountBank, -share.Fen())
	kind := EntryRefund
	switch {
	case o.Stage > 0:
		kind = EntryRelease
	case o.HandOn:
		kind = EntryHandOn
	}
	e := Entry{Kind: kind, Day: day, Text: o.Text, Fen: share.Fen(), Postings: postings, Ref: o.For, Document: o.Document, Paper: o.Paper, By: o.By.ID}
	if o.Stage > 0 {
		l.release(due, o.Stage, share.Fen())
		return l.post(e)
	}
	for i := range l.Dues {
		if d := &l.Dues[i]; d.Refunded == 0 && !d.Cancelled && (d.ID == due || share.Last) {
			d.Refunded = l.Entries + 1
			l.endLetters(d.ID, day)
		}
	}
	return l.post(e)
}

// endLetters ends the letters that stand for an amount which is kept no longer.
func (l *Ledger) endLetters(due string, day calendar.Date) {
	for i := range l.Letters {
		if g := &l.Letters[i]; g.Due == due && g.Ended.IsZero() {
			g.Ended = day
		}
	}
}
