package browsertest

import (
	"bytes"
	"context"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// fundPages are the pages of the fund for a project with a ledger, by who may open them: of the forms, which have one template, one of each shape.
func fundPages(project string) (chief, cashier []opened) {
	page := "/fund/" + project
	return []opened{{"fund", "/fund", 200}, {"fund-ageing", "/fund/ageing", 200}, {"fund-statement", page + "/statement", 200}, {"records", "/records/fund/" + project, 200}, {"fund-rules", "/fund/rules", 200}, {"fund-rule-new", "/fund/rules/new", 200}, {"fund-ledger", page, 200}, {"fund-assess", page + "/assess", 200}, {"fund-reverse", page + "/entries/2/reverse", 200}},
		[]opened{{"fund-pay", page + "/pay", 200}, {"fund-bank", "/fund/bank", 200}, {"fund-bank-account", "/fund/bank/accounts/new", 200}, {"fund-bank-import", "/fund/bank/import", 200}, {"fund-bank-month", "/fund/bank/months/2026-09", 200}}
}

// fundForms are the other forms, which TestFundPages and TestBankPages of internal/web open, and the pages of dunnings.
var fundForms = []string{"/fund/1/letter", "/fund/1/letters/l1/end", "/fund/1/dues/d2/begin", "/fund/1/freeze", "/fund/1/freezes/h1/release", "/fund/1/freezes/h1/deduct", "/fund/1/interest", "/fund/1/penalty", "/fund/1/penalties/p1/end", "/fund/bank/lines/1/split", "/fund/bank/lines/1", "/fund/bank/lines/1/divide", "/fund/dunnings", "/fund/dunnings/1", "/fund/dunnings/1/print/letter"}

// fillFund gives a project a ledger with everything that its page can show; another proposal waits.
func fillFund(t *testing.T, f *Fixture, project string) {
	t.Helper()
	ctx := context.Background()
	actor := func(id string, role policy.Role) policy.Actor {
		return policy.Actor{ID: id, Appointments: []policy.Appointment{{Role: role, Scopes: []string{policy.County}}}}
	}
	officer, director, cashier := actor("clerk", "property_officer"), actor("head", "director"), actor("cashier", "cashier")
	// The ledger has the clock of the store, letters to developers that of the business: what they ask for was due by both.
	today, asked := calendar.DateOf(f.DB.Now()), calendar.DateOf(noon)
	must := func(_ store.Doc[fund.Ledger], err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	kept, err := f.DB.PutFile(ctx, store.Meta{By: cashier.ID, Action: "fund.book"}, bytes.NewReader([]byte("%PDF-1.7 %%EOF")), 100)
	if err != nil {
		t.Fatal(err)
	}
	scan := files.Stored{Name: "回单.pdf", Kind: files.PDF, Size: kept.Size, Original: kept.SHA256}
	terms := fund.Terms{Title: "新建物业质量保修金管理暂行办法（演示）", Document: "都建发〔2026〕3号", Clause: "第五条", Rate: num.FromInt(2), Base: fund.BaseCost, DueBefore: fund.EventAcceptance, Years: 8, Starts: fund.EventFirstDelivery,
		Letter: true, LatePercent: num.MustParse("0.05"), LateClause: "第十二条", Rounding: fund.RoundFen, Days: policy.Span{From: asked.Add(-200)}}
	id, err := f.Fund.ProposeRule(ctx, officer, terms, nil)
	if err == nil {
		err = f.Fund.AdoptRule(ctx, director, id, nil)
	}
	if err == nil {
		terms.Days.From = today.Add(60)
		_, err = f.Fund.ProposeRule(ctx, officer, terms, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	must(f.Fund.Assess(ctx, officer, project, fund.AssessInput{Phase: "一期", Cost: 21_300_045_678, Day: asked.Add(-40), Begun: asked.Add(-30)}, nil))
	must(f.Fund.Pay(ctx, cashier, project, fund.Money{Due: "d1", Fen: 300_000_00, Day: asked.Add(-35), Receipt: "赣财往来20260001", Note: "转账", Paper: scan}, nil))
	must(f.Fund.Assess(ctx, officer, project, fund.AssessInput{Phase: "二期", Cost: 8_000_000_000, Day: today.Add(90)}, nil))
	must(f.Fund.AcceptLetter(ctx, officer, project, fund.LetterInput{Due: "d2", Fen: 100_000_000, Kind: fund.LetterBank, Issuer: "都昌农商银行（演示）", Number: "BH-2026-018", Days: policy.Span{From: today, Until: today.Add(80)}, Paper: scan}, nil))
	must(f.Fund.BookInterest(ctx, cashier, project, fund.Money{Fen: 12345, Day: today, Note: "2026年第三季度", Paper: scan}, nil))
	must(f.Fund.FreezeMoney(ctx, officer, project, fund.CourtOrder{Court: "都昌县人民法院（演示）", Document: "（2026）赣0428执12号", Fen: 5_000_000, Day: today, Until: today.Add(365), Paper: scan}, nil))
}

// TestFundPages opens the pages of the fund at every width.
func TestFundPages(t *testing.T) {
	f := started(t, 3)
	_, _, project := fillRegister(t, f)
	fillFund(t, f, project)
	for login, role := range map[string]policy.Role{"chief": "section_chief", "cashier": "cashier"} {
		if err := f.Appoint(context.Background(), login, "陈静", policy.Appointment{Role: role, Scopes: []string{policy.County}}); err != nil {
			t.Fatal(err)
		}
	}
	late, err := f.Dunnings.Open(context.Background(), policy.Actor{ID: "clerk", Appointments: []policy.Appointment{{Role: "property_officer", Scopes: []string{policy.County}}}}, project, "d1", nil)
	if err != nil {
		t.Fatal(err)
	}
	tb := newTab(t, browser(t))
	chief, cashier := fundPages(project)
	chief = append(chief, opened{"dunnings", "/fund/dunnings", 200}, opened{"dunning", "/fund/dunnings/" + late.ID, 200}, opened{"dunning-letter", "/fund/dunnings/" + late.ID + "/print/letter", 200})
	signIn(t, tb, f, "chief", Password)
	tb.look(t, f, chief)
	signIn(t, tb, f, "cashier", Password)
	tb.look(t, f, cashier)
}
