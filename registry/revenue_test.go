package registry

import (
	"testing"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// TestRevenue: a half-year once, balances that roll over or are explained, every refusal, and who sees it.
func TestRevenue(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := d.project("望湖苑", east)
	d.project("芝城花园", west)
	first := RevenueInput{Half: "2025H2", Opening: 100_00, Income: []RevenueLine{{"parking", 1_000_05}, {"adverts", 0}}, Expense: []RevenueLine{{"repair", 300_00}}, Published: day(t, "2026-01-10"), Where: "小区公告栏", Days: 30}
	record := func(by policy.Actor, seq int64, in RevenueInput, why string) func() error {
		return func() error { return d.RecordRevenue(ctx, by, id, seq, in, why) }
	}
	d.refused("no right", fault.Forbidden, record(person("owners_committee", policy.ProjectKey(id)), 0, first, ""))
	d.refused("out of scope", fault.NotFound, record(person("property_officer", "t:360428101000"), 0, first, ""))
	d.refused("nothing", fault.Invalid, record(d.officer, 0, RevenueInput{Days: -1, Answer: "已答复"}, ""), "“”不是半年", "公示天数是 -1 日", "填了答复，也要填异议")
	d.refused("to come", fault.Invalid, record(d.officer, 0, RevenueInput{Half: "2027H1"}, ""), "2027年上半年还没有到")
	bad := first
	bad.Income, bad.Expense, bad.Where = []RevenueLine{{"parking", -1}, {"lottery", 1}}, []RevenueLine{{"repair", 200_00}}, ""
	d.refused("amounts", fault.Invalid, record(d.officer, 0, bad, ""), "parking 停车是 -0.01 元", "没有“lottery”这种收支", "期末余额是 -100.00 元", "要填公示地点和天数")
	if err := record(d.officer, 0, first, "")(); err != nil {
		t.Fatal(err)
	}
	d.refused("twice", fault.Conflict, record(d.officer, 0, first, ""), "2025年下半年的公共收益已经登记")
	next := RevenueInput{Half: "2026H1", Opening: 800_00}
	d.refused("does not roll over", fault.Invalid, record(d.officer, 0, next, ""), "opening 期初余额 800.00 元与2025年下半年期末余额 800.05 元不符")
	next.Gap = "银行扣手续费"
	if err := record(d.officer, 0, next, "")(); err != nil {
		t.Fatal(err)
	}
	next.Gap, next.Opening = "", 800_05
	d.refused("corrected without reason", fault.Invalid, record(d.officer, 1, next, ""), "请填写原因")
	if err := record(d.officer, 1, next, "录错")(); err != nil {
		t.Fatal(err)
	}
	list, err := d.Revenues(ctx, person("owners_committee", policy.ProjectKey(id)), id)
	if err != nil || len(list) != 2 || list[0].Half != "2026H1" || list[0].Seq != 2 || list[1].Balance() != 800_05 || list[1].In() != 1_000_05 || len(list[1].Income) != 1 || list[1].Of("repair") != 300_00 {
		t.Errorf("%+v %v", list, err)
	}
	d.refused("of another project", fault.NotFound, func() error {
		_, err := d.Revenues(ctx, person("owners_committee", policy.ProjectKey("none")), id)
		return err
	})
	for shown, want := range map[string]int{"": 2, "yes": 1, "no": 1} {
		if rows, err := d.Money(ctx, d.officer, "2025H2", "", "", shown); err != nil || len(rows) != want {
			t.Errorf("%q: %+v %v", shown, rows, err)
		}
	}
}

// TestRepairFacts: facts of the repair fund, the last balance that stands, and every refusal.
func TestRepairFacts(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := d.project("望湖苑", east)
	add := func(by policy.Actor, seq int64, in RepairFact) func() error {
		return func() error { return d.AddRepair(ctx, by, id, seq, in) }
	}
	balance := RepairFact{Kind: RepairBalance, On: day(t, "2026-06-30"), Fen: 5_000_00}
	d.refused("no right", fault.Forbidden, add(person("owners_committee", policy.ProjectKey(id)), 0, balance))
	d.refused("out of scope", fault.NotFound, add(person("property_officer", "t:360428101000"), 0, balance))
	d.refused("nothing", fault.Invalid, add(d.officer, 0, RepairFact{}), "请选择种类", "请填写日期", "使用要大于 0", "请填写用途")
	d.refused("to come", fault.Invalid, add(d.officer, 0, RepairFact{Kind: RepairBalance, On: today.Add(1)}), "还没有到")
	for i, in := range []RepairFact{balance, {Kind: RepairUrgent, On: day(t, "2026-08-01"), Fen: 100_00, What: "抢修屋面渗漏"}, {Kind: RepairBalance, On: day(t, "2026-09-30"), Fen: 1}} {
		if err := add(d.officer, int64(i), in)(); err != nil {
			t.Fatal(err)
		}
	}
	d.refused("overtaken", fault.Conflict, add(d.officer, 2, balance))
	withdrawn := func(n int, why string) func() error {
		return func() error { return d.WithdrawRepair(ctx, d.officer, id, 3, n, why) }
	}
	d.refused("no such fact", fault.NotFound, withdrawn(3, "录错"))
	d.refused("without reason", fault.Invalid, withdrawn(2, ""), "请填写原因")
	if err := withdrawn(2, "录错小区")(); err != nil {
		t.Fatal(err)
	}
	facts, seq, err := d.Repairs(ctx, d.officer, id)
	if err != nil || seq != 4 || len(facts.Facts) != 3 || facts.Balance() != balance {
		t.Errorf("%+v %d %v", facts, seq, err)
	}
	if rows, err := d.Money(ctx, d.officer, "2026H1", "why", "", ""); err != nil || len(rows) != 1 || rows[0].Repair.Fen != 5_000_00 || rows[0].Revenue.Seq != 0 {
		t.Errorf("%+v %v", rows, err)
	}
}

func TestHalves(t *testing.T) {
	if HalfOf(day(t, "2026-06-30")) != "2026H1" || HalfOf(day(t, "2026-07-01")) != "2026H2" || HalfBefore("2026H1") != "2025H2" || HalfBefore("2026H2") != "2026H1" || HalfBefore("2026") != "" || HalfText("2026H2") != "2026年下半年" {
		t.Error("the half-years are not those of the calendar")
	}
}
