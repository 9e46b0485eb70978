package fund

import (
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
)

// TestStages: each stage pays its percentage of what was paid, one after the other and once, nothing while anything is owed, frozen or held; the last refund pays the rest with all interest.
func TestStages(t *testing.T) {
	d := newDesk(t)
	terms := twoPercent()
	terms.Stages = []Stage{{3, num.MustParse("33.3333")}, {5, num.FromInt(20)}}
	d.adopt(terms)
	ctx := d.ctx()
	d.assessed("p1")
	order := func(stage, fen int64) Order {
		return Order{By: d.cashier, Action: policy.PayRefund, Project: "p1", For: "r" + string(rune('0'+stage)), Fen: fen, Text: "分期退还", Stage: stage}
	}
	refund := func(stage, fen int64) func() error {
		return func() error { _, err := d.Refund(ctx, "d1", order(stage, fen)); return err }
	}
	must(t)(d.Pay(ctx, d.cashier, "p1", d.money(1_999_900, "赣财0001"), nil))
	d.refused("something is unpaid", fault.Conflict, refund(1, 666_633), "还有 1.00 元没有缴存")
	must(t)(d.Pay(ctx, d.cashier, "p1", d.money(100, "赣财0002"), nil))
	must(t)(d.BookInterest(ctx, d.cashier, "p1", Money{Fen: 777, Day: today, Paper: d.slip}, nil))
	d.refused("the second before the first", fault.Conflict, refund(2, 400_000), "第 1 次分期退还还没有办")
	d.refused("one that the rule does not have", fault.NotFound, refund(3, 1), "没有第 3 次")
	d.refused("another amount", fault.Conflict, refund(1, 666_667), "账上现在可退 6,666.66 元")
	frozen := must(t)(d.FreezeMoney(ctx, d.officer, "p1", d.court("", 100), nil))
	d.refused("frozen", fault.Conflict, refund(1, 666_666), "司法冻结 1.00 元")
	must(t)(d.Release(ctx, d.chief, "p1", d.court(frozen.Freezes[0].ID, 100), nil))
	hold := Order{By: d.chief, Action: policy.SignApproval, Project: "p1", For: "c1", Fen: 1000, Text: "屋面维修"}
	must(t)(d.HoldMoney(ctx, hold))
	d.refused("held", fault.Conflict, refund(1, 666_666), "维修预留 10.00 元")
	hold.By, hold.Action = d.cashier, policy.BookFund
	must(t)(d.PayHold(ctx, hold))
	hold.By, hold.Action, hold.Day = d.officer, policy.HandleClaim, today.Add(15)
	owed := must(t)(d.Replenish(ctx, hold))
	d.refused("used and not replenished", fault.Conflict, refund(1, 666_666), "还有 10.00 元没有补存")
	back := d.money(1000, "赣财0003")
	back.Due = owed.Dues[1].ID
	must(t)(d.Pay(ctx, d.cashier, "p1", back, nil))

	before := must(t)(d.Refund(ctx, "d1", order(1, 666_666)))
	if before.Balances != (Balances{Bank: 1_334_111, Deposit: 1_333_334, Interest: 777}) || before.Dues[0].Released() != 666_666 || before.Dues[0].NextStage() != 2 || before.Dues[0].Open() != 0 {
		t.Fatalf("after the first stage %+v, %+v", before.Balances, before.Dues[0])
	}
	must(t)(d.Refund(ctx, "d1", order(1, 666_666))) // what a crash cut off, again
	again := order(1, 666_666)
	again.For = "another"
	d.refused("released twice", fault.Conflict, func() error { _, err := d.Refund(ctx, "d1", again); return err }, "已经退过")
	d.refused("a payment under it reversed", fault.Conflict, func() error { _, err := d.Reverse(ctx, d.officer, "p1", 2, "金额录错", nil); return err }, "已经分期退还过")
	d.refused("reversed by hand", fault.Conflict, func() error {
		_, err := d.Reverse(ctx, d.officer, "p1", before.Entry.No, "金额录错", nil)
		return err
	}, "请在那里更正")
	for _, next := range before.NextDates() {
		if strings.Contains(next.What, "33.3333") {
			t.Errorf("a stage that was paid still waits: %+v", next)
		}
	}

	// The bank sends it back: the stage waits again, and is paid again once.
	bounce := order(1, 0)
	bounce.By, bounce.Action, bounce.Day = d.chief, policy.ReverseFund, today
	if l := must(t)(d.Bounce(ctx, bounce)); l.Balances.Bank != 2_000_777 || l.Dues[0].Released() != 0 || l.Dues[0].NextStage() != 1 {
		t.Fatalf("after it came back %+v %+v", l.Balances, l.Dues[0])
	}
	must(t)(d.Refund(ctx, "d1", order(1, 666_666)))
	must(t)(d.Refund(ctx, "d1", order(2, 400_000)))
	l, err := d.Balance(ctx, "p1")
	if err != nil || l.Dues[0].NextStage() != 0 || l.Balances.Interest != 777 {
		t.Fatal(l, err)
	}
	last := order(0, 934_111)
	share, err := l.Share("d1", 0)
	if err != nil || share.Fen() != last.Fen {
		t.Fatalf("the last refund is %+v, %v", share, err)
	}
	if l := must(t)(d.Refund(ctx, "d1", last)); l.Balances != (Balances{}) {
		t.Errorf("after the last refund %+v", l.Balances)
	}
	d.refused("a stage after the end", fault.Conflict, func() error { _, err := d.Refund(ctx, "d1", again); return err }, "已经退还")
	d.audited(-1)
}

// TestStageKeepsOtherPhases: an amount that ends before another gives back what its stages left, and not the other's money.
func TestStageKeepsOtherPhases(t *testing.T) {
	l := Ledger{Dues: []Due{{ID: "d1", Phase: "一期", Fen: 1000, Paid: 1000, Stages: []Stage{{3, num.FromInt(30)}}}, {ID: "d2", Phase: "二期", Fen: 500, Paid: 500}}, Balances: Balances{Bank: 1505, Deposit: 1500, Interest: 5}}
	for _, step := range []struct {
		due        string
		stage, fen int64
	}{{"d1", 1, 300}, {"d1", 0, 700}, {"d2", 0, 505}} {
		share, err := l.Share(step.due, step.stage)
		if err == nil {
			err = l.refund(step.due, Order{For: step.due, Stage: step.stage, Fen: step.fen}, today)
		}
		if err != nil || share.Fen() != step.fen {
			t.Fatalf("%+v: %+v %v", step, share, err)
		}
	}
	if l.Balances != (Balances{}) {
		t.Errorf("%+v is left", l.Balances)
	}
}

// TestAuditFindsReleases: doctor sees a release that no entry stands behind, and one that is not kept.
func TestAuditFindsReleases(t *testing.T) {
	for said, change := range map[string]func(*Ledger){
		"第 1 次分期退还记着 2.00 元，第 3 笔是 1.00 元": func(l *Ledger) { l.Dues[0].Releases[0].Fen = 200 },
		"分期退还有 1 笔，各笔应缴记着 0 次":             func(l *Ledger) { l.Dues[0].Releases = nil },
		"分期退还了 1.00 元，只缴过 0.50 元":          func(l *Ledger) { l.Dues[0].Paid = 50 },
	} {
		l := Ledger{Dues: []Due{{Phase: "一期", Paid: 1000, Releases: []Release{{Stage: 1, Fen: 100, Entry: 3}}}}}
		if wrong := misreleased(l, map[int64]int64{3: 100}); wrong != "" {
			t.Error(wrong)
		}
		change(&l)
		if wrong := misreleased(l, map[int64]int64{3: 100}); !strings.Contains(wrong, said) {
			t.Errorf("%q does not say %q", wrong, said)
		}
	}
}
