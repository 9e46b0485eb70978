package fund

import (
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
)

// said are the lines of a computation as one text.
func said(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Label + "|" + l.How + "|" + l.Value + "\n")
	}
	return b.String()
}

// TestFineNow computes by hand-checked examples: 3 % of 20,000.00 is 600.00.
func TestFineNow(t *testing.T) {
	for _, tt := range []struct {
		name  string
		terms FineTerms
		open  int64
		want  int64
		said  string
	}{
		{"no clause", FineTerms{}, 2_000_000, 0, ""},
		{"a share", FineTerms{Percent: num.FromInt(3), Clause: "第十三条"}, 2_000_000, 60_000, "20,000.00 × 3%（第十三条）"},
		{"half a fen up", FineTerms{Percent: num.MustParse("0.5"), Clause: "第十三条"}, 100, 1, "0.01 元"},
		{"below the least", FineTerms{Percent: num.FromInt(3), Min: 1_000_000, Clause: "第十三条"}, 2_000_000, 1_000_000, "低于下限的按下限"},
		{"above the most", FineTerms{Percent: num.FromInt(50), Min: 1, Max: 3_000, Clause: "第十三条"}, 2_000_000, 3_000, "高于上限的按上限"},
		{"bounds only", FineTerms{Min: 1_000_000, Max: 3_000_000, Clause: "第十三条"}, 2_000_000, 0, "10,000.00 元以上，30,000.00 元以下"},
		{"nothing is open", FineTerms{Percent: num.FromInt(3), Clause: "第十三条"}, 0, 0, ""},
	} {
		fen, lines := Due{Fen: tt.open, Fine: tt.terms}.FineNow()
		if fen != tt.want || !strings.Contains(said(lines), tt.said) || (tt.said == "") != (len(lines) == 0) {
			t.Errorf("%s: %d\n%s", tt.name, fen, said(lines))
		}
	}
}

// TestPenalties records what documents set: always, with the computation only where the rule has a clause; the ledger's money stays as it is.
func TestPenalties(t *testing.T) {
	d := newDesk(t)
	ctx := d.ctx()
	terms := twoPercent() // a clause for late fees, none for fines
	d.adopt(terms)
	d.assessed("p1") // due ten days ago
	in := func(change func(*PenaltyInput)) PenaltyInput {
		p := PenaltyInput{Due: "d1", Kind: PenaltyLateFee, Document: "都建罚〔2026〕1号", Day: today, Fen: 10_000, Paper: d.slip}
		change(&p)
		return p
	}
	record := func(change func(*PenaltyInput)) func() (store.Doc[Ledger], error) {
		return func() (store.Doc[Ledger], error) { return d.RecordPenalty(ctx, d.officer, "p1", in(change), nil) }
	}
	for name, tt := range map[string]struct {
		kind   fault.Kind
		said   string
		change func(*PenaltyInput)
	}{
		"no document":                {fault.Invalid, "document 请填写文书编号", func(p *PenaltyInput) { p.Document = "" }},
		"no scan":                    {fault.Invalid, "paper 请上传决定书", func(p *PenaltyInput) { p.Paper.Original = "" }},
		"nothing":                    {fault.Invalid, "amount 金额是 0.00 元", func(p *PenaltyInput) { p.Fen = 0 }},
		"a kind that is none":        {fault.Invalid, "kind 请选择种类", func(p *PenaltyInput) { p.Kind = "x" }},
		"tomorrow":                   {fault.Invalid, "day 文书日期2026年10月20日还没有到", func(p *PenaltyInput) { p.Day = today.Add(1) }},
		"an amount that is none":     {fault.NotFound, "没有找到这笔应缴", func(p *PenaltyInput) { p.Due = "d9" }},
		"on the last day it is paid": {fault.Conflict, "没有逾期：期限到2026年10月9日", func(p *PenaltyInput) { p.Day = today.Add(-10) }},
	} {
		d.refused(name, tt.kind, func() error { _, err := record(tt.change)(); return err }, tt.said)
	}
	d.refused("the cashier records none", fault.Forbidden, func() error {
		_, err := d.RecordPenalty(ctx, d.cashier, "p1", in(func(*PenaltyInput) {}), nil)
		return err
	})
	before := must(t)(d.ledgers.Load(ctx, "p1"))
	// 20,000.00 × 0.05 % × 10 days = 100.00.
	l := must(t)(record(func(*PenaltyInput) {})())
	if p := l.Penalties[0]; p.Computed != 10_000 || !strings.Contains(said(p.Lines), "20,000.00 × 0.05% × 10（第十二条）") {
		t.Errorf("%d\n%s", p.Computed, said(p.Lines))
	}
	l = must(t)(record(func(p *PenaltyInput) { p.Kind, p.Fen = PenaltyFine, 2_000_000 })())
	if p := l.Penalties[1]; p.Computed != 0 || p.Fen != 2_000_000 || !strings.Contains(said(p.Lines), "没有罚款的条款，只记录、不计算") || !strings.Contains(said(p.Lines), "股长或局领导采用") {
		t.Errorf("%d\n%s", p.Computed, said(p.Lines))
	}
	if l.Balances != before.Balances || l.Entries != before.Entries {
		t.Errorf("a penalty moved money: %+v", l.Balances)
	}
	end := func(id string, kind PenaltyEnd, on int, paper string) func() (store.Doc[Ledger], error) {
		return func() (store.Doc[Ledger], error) {
			return d.EndPenalty(ctx, d.officer, "p1", id, kind, today.Add(on), paper, nil)
		}
	}
	for name, tt := range map[string]struct {
		kind fault.Kind
		run  func() (store.Doc[Ledger], error)
		said string
	}{
		"another penalty":     {fault.NotFound, end("p9", PenaltyPaid, 0, "缴款书1号"), "没有找到"},
		"an end that is none": {fault.Invalid, end("p1", "", 0, "缴款书1号"), "end 请选择结果"},
		"before the document": {fault.Invalid, end("p1", PenaltyPaid, -1, "缴款书1号"), "早于文书日期"},
		"no paper":            {fault.Invalid, end("p1", PenaltyPaid, 0, ""), "document 请填写"},
	} {
		d.refused(name, tt.kind, func() error { _, err := tt.run(); return err }, tt.said)
	}
	l = must(t)(end("p1", PenaltyPaid, 0, "缴款书1号")())
	if l.Penalties[0].End != PenaltyPaid || l.Penalties[1].End != "" {
		t.Errorf("%+v", l.Penalties)
	}
	d.refused("ended twice", fault.Conflict, func() error { _, err := end("p1", PenaltyLifted, 0, "撤1号")(); return err }, "已缴入国库")
	// A rule with a clause for fines, and one without any for late fees.
	terms.Days.From = today.Add(-5)
	terms.LatePercent, terms.LateClause, terms.Fine = num.Num{}, "", FineTerms{Percent: num.FromInt(3), Min: 1_000, Max: 3_000_000, Clause: "第十三条"}
	d.adopt(terms)
	must(t)(d.Assess(ctx, d.officer, "p1", AssessInput{Phase: "二期", Cost: 100_000_000, Day: today.Add(-1)}, nil))
	d.refused("outside of the bounds", fault.Conflict, func() error {
		_, err := record(func(p *PenaltyInput) { p.Due, p.Kind, p.Fen = "d2", PenaltyFine, 999 })()
		return err
	}, "不在第十三条的幅度以内")
	l = must(t)(record(func(p *PenaltyInput) { p.Due, p.Kind, p.Fen = "d2", PenaltyFine, 50_000 })())
	if p := l.Penalties[2]; p.Computed != 60_000 || p.Fen != 50_000 {
		t.Errorf("%+v", p)
	}
	l = must(t)(record(func(p *PenaltyInput) { p.Due = "d2" })())
	if p := l.Penalties[3]; p.Computed != 0 || !strings.Contains(said(p.Lines), "没有滞纳金的条款") {
		t.Errorf("%+v", p)
	}
	d.audited(-1)
}

// TestFineTerms names what is wrong with a clause about fines.
func TestFineTerms(t *testing.T) {
	for name, tt := range map[string]struct {
		terms FineTerms
		said  string
	}{
		"a share without clause":                     {FineTerms{Percent: num.FromInt(3)}, "要写明是哪一条规定的"},
		"bounds without clause":                      {FineTerms{Max: 3_000_000}, "要写明是哪一条规定的"},
		"a clause about nothing":                     {FineTerms{Clause: "第十三条"}, "要填比例或者上下限"},
		"the most below the least":                   {FineTerms{Min: 2, Max: 1, Clause: "第十三条"}, "小于下限"},
		"more than everything":                       {FineTerms{Percent: num.FromInt(101), Clause: "第十三条"}, "罚款比例是 101%"},
		"a clause for the late fee without its rate": {FineTerms{}, "要填每日的比例"},
	} {
		terms := twoPercent()
		if terms.Fine = tt.terms; strings.HasPrefix(name, "a clause for the late fee") {
			terms.LatePercent = num.Num{}
		}
		if err := terms.check("test"); !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) != 1 || !strings.Contains(fault.FieldsOf(err)[0].Message, tt.said) {
			t.Errorf("%s: %v %v", name, err, fault.FieldsOf(err))
		}
	}
}
