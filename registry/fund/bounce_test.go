package fund

import (
	"slices"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// TestBounce: money that comes back is held or kept again exactly, is paid again once, and every refused call writes nothing.
func TestBounce(t *testing.T) {
	d := newDesk(t)
	d.adopt(twoPercent())
	ctx := d.ctx()
	order := func(by policy.Actor, action policy.Action, fen int64) Order {
		return Order{By: by, Action: action, Project: "p1", For: "c1", Fen: fen, Text: "屋面维修", Day: today}
	}
	bounce := func(by policy.Actor) func() (store.Doc[Ledger], error) {
		return func() (store.Doc[Ledger], error) { return d.Bounce(ctx, order(by, policy.ReverseFund, 0)) }
	}
	refused := func(name string, kind fault.Kind, run func() (store.Doc[Ledger], error), said ...string) {
		t.Helper()
		d.refused(name, kind, func() error { _, err := run(); return err }, said...)
	}
	pay := func(fen int64) func() (store.Doc[Ledger], error) {
		return func() (store.Doc[Ledger], error) { return d.PayHold(ctx, order(d.cashier, policy.BookFund, fen)) }
	}
	d.assessed("p1")
	must(t)(d.Pay(ctx, d.cashier, "p1", d.money(2_000_000, "赣财0001"), nil))
	refused("nothing was paid", fault.Conflict, bounce(d.chief), "还没有支付过")
	must(t)(d.HoldMoney(ctx, order(d.chief, policy.SignApproval, 500)))
	refused("held and not paid", fault.Conflict, bounce(d.chief), "还没有支付过")
	must(t)(pay(400)())
	refused("a cashier has no right to it", fault.Forbidden, bounce(d.cashier))
	both := person("cashier", "section_chief", policy.County)
	refused("who paid", fault.Forbidden, bounce(both), "另一人")
	for round := range 2 {
		for range 2 { // the second time changes nothing
			if l := must(t)(bounce(d.chief)()); l.Balances != (Balances{Bank: 2_000_000, Deposit: 1_999_600, Held: 400}) || len(l.Bounced) != round+1 {
				t.Fatalf("round %d: after the money came back %+v %v", round, l.Balances, l.Bounced)
			}
		}
		refused("more than came back", fault.Conflict, pay(401), "预留了 4.00 元")
		for range 2 {
			if l := must(t)(pay(400)()); l.Balances != (Balances{Bank: 1_999_600, Deposit: 1_999_600}) {
				t.Fatalf("round %d: paid again, %+v", round, l.Balances)
			}
		}
	}
	refused("another amount", fault.Conflict, pay(300), "已支付 4.00 元")
	refused("reversed by hand", fault.Conflict, func() (store.Doc[Ledger], error) {
		return d.Reverse(ctx, d.officer, "p1", 5, "退汇录错", nil)
	}, "请在那里更正")
	d.audited(-1)
}

// TestBouncedRefund: a refund that comes back leaves the ledger as it was before it, with its letter, and is paid again once.
func TestBouncedRefund(t *testing.T) {
	d := newDesk(t)
	d.adopt(twoPercent())
	ctx := d.ctx()
	d.assessed("p1")
	must(t)(d.Pay(ctx, d.cashier, "p1", d.money(1_500_000, "赣财0001"), nil))
	letter := LetterInput{Due: "d1", Fen: 300_000, Kind: LetterBank, Issuer: "都昌农商银行", Number: "保函1号", Days: policy.Span{From: today, Until: today.Add(90)}, Paper: d.slip}
	must(t)(d.AcceptLetter(ctx, d.officer, "p1", letter, nil))
	letter.Fen, letter.Number = 100_000, "保函2号"
	must(t)(d.AcceptLetter(ctx, d.officer, "p1", letter, nil))
	must(t)(d.EndLetter(ctx, d.officer, "p1", "l2", "撤回保函", nil)) // on the day of the refund, and not by it
	before := must(t)(d.BookInterest(ctx, d.cashier, "p1", Money{Fen: 700, Day: today, Paper: d.slip}, nil))
	order := Order{By: d.cashier, Action: policy.BookFund, Project: "p1", For: "r1", Fen: 1_500_700, Text: "退还"}
	for range 2 {
		if l := must(t)(d.Refund(ctx, "d1", order)); l.Balances != (Balances{}) {
			t.Fatalf("after the refund %+v", l.Balances)
		}
		back := order
		back.By, back.Action, back.Day = d.chief, policy.ReverseFund, today
		for range 2 {
			l := must(t)(d.Bounce(ctx, back))
			if l.Balances != before.Balances || l.Dues[0].Open() != before.Dues[0].Open() || !slices.Equal(l.Letters, before.Letters) {
				t.Fatalf("after the money came back %+v, %+v, want %+v, %+v", l.Balances, l.Letters, before.Balances, before.Letters)
			}
		}
	}
	d.audited(-1)
}
