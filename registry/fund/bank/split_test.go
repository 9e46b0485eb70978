package bank

import (
	"slices"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/registry/fund"
)

// parts is a good split of the 20,000.00 of S1 among three projects.
func parts() []Share {
	return []Share{{Project: "p1", Due: "d1", Fen: 1_500_000, Receipt: "赣财0001"}, {Project: "p2", Due: "d1", Fen: 400_000, Receipt: "赣财0002"}, {Project: "p3", Due: "d1", Fen: 100_000, Receipt: "赣财0003"}}
}

// TestSplit: one line pays several amounts due, exactly and once; whatever is refused wrote nothing, also if only the last part cannot be booked.
func TestSplit(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.imported("9月.csv", september)
	d.pay("p3", 1_950_000, day("2026-09-01"), "赣财0009")
	line := d.line("S1")
	split := func(change func([]Share) []Share) func() error {
		return func() error { return d.Split(ctx, d.cashier, line, change(parts())) }
	}
	for _, tt := range []struct {
		name   string
		kind   fault.Kind
		change func([]Share) []Share
		said   []string
	}{
		{"too little", fault.Conflict, func(p []Share) []Share { p[0].Fen--; return p }, []string{"各笔合计 19,999.99 元", "还有 20,000.00 元没有匹配", "相差 −0.01 元"}},
		{"too much", fault.Conflict, func(p []Share) []Share { p[0].Fen++; return p }, []string{"相差 0.01 元"}},
		{"a part of nothing", fault.Invalid, func(p []Share) []Share { p[0].Fen, p[1].Fen = 1_900_000, 0; return p }, []string{"amount-2", "第 2 笔的金额是 0.00 元"}},
		{"a negative part", fault.Invalid, func(p []Share) []Share { p[0].Fen, p[1].Fen = 2_000_000, -100_000; return p }, []string{"amount-2"}},
		{"one amount twice", fault.Invalid, func(p []Share) []Share { p[1].Project = "p1"; return p }, []string{"due-2", "一笔应缴只写一行"}},
		{"one receipt twice", fault.Invalid, func(p []Share) []Share { p[2].Receipt = " 赣财0001 "; return p }, []string{"receipt-3", "“赣财0001”前面已经写过"}},
		{"no receipt", fault.Invalid, func(p []Share) []Share { p[1].Receipt = ""; return p }, []string{"receipt-2", "第 2 笔：请填写票据号码"}},
		{"a receipt of another entry", fault.Conflict, func(p []Share) []Share { p[1].Receipt = "赣财0009"; return p }, []string{"第 2 笔：票据号码“赣财0009”已经用过"}},
		{"more than the last one owes", fault.Conflict, func(p []Share) []Share { return p }, []string{"第 3 笔：", "还差 500.00 元，这次是 1,000.00 元"}},
		{"an amount that is none", fault.NotFound, func(p []Share) []Share { p[2].Due = "d9"; return p }, []string{"第 3 笔：没有找到这笔应缴"}},
		{"nothing", fault.Invalid, func([]Share) []Share { return nil }, []string{"line"}},
	} {
		d.Refused(tt.name, tt.kind, split(tt.change), tt.said...)
	}
	good := func(p []Share) []Share { p[0].Fen, p[2].Fen = 1_550_000, 50_000; return p }
	d.Refused("an officer books nothing", fault.Forbidden, func() error { return d.Split(ctx, d.officer, line, good(parts())) })
	d.Refused("a line that is none", fault.NotFound, func() error { return d.Split(ctx, d.cashier, "none", good(parts())) })
	if err := split(good)(); err != nil {
		t.Fatal(err)
	}
	before := d.Records(d.T)
	if err := split(good)(); err != nil || d.Records(d.T) != before {
		t.Errorf("a second click: %v, %d records", err, d.Records(d.T)-before)
	}
	d.Refused("the line again", fault.Conflict, split(func(p []Share) []Share { p[0].Fen, p[2].Fen = 1_540_000, 60_000; return p }), "已经全部匹配")
	d.Refused("paid as a whole", fault.Conflict, func() error { return d.Pay(ctx, d.cashier, line, "p1", "d1", "赣财0007", nil) }, "一行流水只能匹配一次")
	// One part was wrong: it is reversed and only that part is split anew, twice in one ledger.
	if _, err := d.fund.Reverse(ctx, d.chief, "p2", 2, "应记在望湖苑", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := d.fund.Assess(ctx, d.officer, "p1", fund.AssessInput{Phase: "二期", Cost: 10_000_000, Day: today}, nil); err != nil {
		t.Fatal(err)
	}
	again := []Share{{Project: "p1", Due: "d1", Fen: 300_000, Receipt: "赣财0011"}, {Project: "p1", Due: "d2", Fen: 100_000, Receipt: "赣财0012"}}
	d.Refused("more than came free", fault.Conflict, func() error { return d.Split(ctx, d.cashier, line, parts()) }, "还有 4,000.00 元没有匹配")
	if err := d.Split(ctx, d.cashier, line, again); err != nil {
		t.Fatal(err)
	}
	b := d.booksNow()
	l, err := b.lineOf(line)
	if err != nil || b.Open(l, today) != 0 || len(b.Behind(line)) != 4 {
		t.Errorf("%d open, %d entries behind the line, %v", b.Open(l, today), len(b.Behind(line)), err)
	}
	if open, err := d.Unfinished(ctx, b); err != nil || len(open) != 0 {
		t.Errorf("%+v %v", open, err)
	}
	if r := b.Report(MonthOf(day("2026-09-30"))); r.Difference() != r.Explained() {
		t.Errorf("%+v", r)
	}
	if _, _, err := d.fund.Audit(ctx, func(f fund.Finding) { t.Errorf("%+v", f) }); err != nil {
		t.Error(err)
	}
}

// TestSplitCutOff: a split that was kept and not booked is finished; if meanwhile a part was paid by hand, the rest of the line is split anew.
func TestSplitCutOff(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.imported("9月.csv", september)
	line := d.line("S1")
	kept := Division{Line: line, Fen: 2_000_000, Day: day("2026-09-03"), Shares: parts(), Confirmed: d.hand(d.cashier)}
	if err := d.fund.ClaimLine(ctx, d.cashier, fund.LineUse{Line: line}, divisionKind+"/"+divisionID(line, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.divisions.Commit(ctx, store.Meta{By: "cashier", Action: "fund.book"}, divisionID(line, 0), 0, kept); err != nil {
		t.Fatal(err)
	}
	d.pay("p3", 1_950_000, day("2026-09-01"), "赣财0009")
	if err := d.Finish(ctx, d.cashier, line); !fault.Is(err, fault.Conflict) {
		t.Fatalf("a part that is owed no more: %v", err)
	}
	b := d.booksNow()
	if open, err := d.Unfinished(ctx, b); err != nil || len(open) != 1 || open[0].Left != 1 {
		t.Fatalf("%+v %v", open, err)
	}
	if err := d.Split(ctx, d.cashier, line, []Share{{Project: "p2", Due: "d1", Fen: 100_000, Receipt: "赣财0005"}}); err != nil {
		t.Fatal(err)
	}
	b = d.booksNow()
	var paid []int64
	for _, e := range b.Behind(line) {
		paid = append(paid, e.Fen)
	}
	slices.Sort(paid)
	if open, err := d.Unfinished(ctx, b); err != nil || len(open) != 0 || !slices.Equal(paid, []int64{100_000, 400_000, 1_500_000}) {
		t.Errorf("%+v, booked %v, %v", open, paid, err)
	}
	d.Refused("nothing is left to finish", fault.NotFound, func() error { return d.Finish(ctx, d.cashier, line) })
}
