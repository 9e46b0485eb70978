package fund

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/registry"
	"redsteward/registry/registrytest"
)

// ground is a register of two projects in two communities, and of as many more as a test asks for.
type ground struct{}

func (ground) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	switch project {
	case "p1":
		return registry.Place{Project: "p1", Name: "望湖苑", Community: "360428100001", CommunityName: "城东社区", Township: "360428100000", TownshipName: "都昌镇", Developer: "dev1"}, nil
	case "p2":
		return registry.Place{Project: "p2", Name: "芝城花园", Community: "360428100009", CommunityName: "东街社区", Township: "360428100000", TownshipName: "都昌镇"}, nil
	}
	if strings.HasPrefix(project, "more") {
		return registry.Place{Project: project, Name: project, Community: "360428100009", CommunityName: "东街社区", Township: "360428100000", TownshipName: "都昌镇"}, nil
	}
	return registry.Place{}, fault.New("ground.Place", fault.NotFound, "没有找到这个小区")
}

var (
	testNow = time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	today   = calendar.DateOf(testNow)
)

// desk is a fund on a real store, on 2026-10-19, without rules.
type desk struct {
	*Service
	t    testing.TB
	slip files.Stored

	officer, chief, cashier, director, developer, stranger policy.Actor
}

var person = registrytest.Person

func shippedGuard(t testing.TB) *policy.Guard {
	t.Helper()
	return policy.NewGuard(policytest.Rules(t), policy.TenureTable{})
}

// newClock stands at testNow.
func newClock() func() time.Time { return func() time.Time { return testNow } }

// people are who acts.
func people(d *desk) *desk {
	d.officer, d.chief, d.cashier = person("officer", "property_officer", policy.County), person("chief", "section_chief", policy.County), person("cashier", "cashier", policy.County)
	d.director, d.developer, d.stranger = person("director", "director", policy.County), person("developer", "developer", "d:dev1"), person("stranger", "developer", "p:p2")
	return d
}

// keepSlip stores the scan that payments show.
func (d *desk) keepSlip() {
	d.t.Helper()
	kept, err := d.db.PutFile(d.ctx(), store.Meta{By: "cashier", Action: "fund.book"}, bytes.NewReader([]byte("%PDF-1.7 回单 %%EOF")), 1000)
	if err != nil {
		d.t.Fatal(err)
	}
	d.slip = files.Stored{Name: "回单.pdf", Kind: files.PDF, Size: kept.Size, Original: kept.SHA256}
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := deskOver(t, folder(t, t.TempDir()))
	t.Cleanup(func() {
		if err := d.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// twoPercent is a whole rule: 2 % of the cost, eight years from the first delivery.
func twoPercent() Terms {
	return Terms{Title: "保修金暂行办法", Document: "都建发〔2026〕3号", Clause: "第五条", Rate: num.FromInt(2), Base: BaseCost, DueBefore: EventAcceptance, Years: 8, Starts: EventFirstDelivery, Letter: true,
		LatePercent: num.MustParse("0.05"), LateClause: "第十二条", Rounding: RoundFen, Days: policy.Span{From: today.Add(-300)}}
}

// adopt puts terms in force.
func (d *desk) adopt(t Terms) string {
	d.t.Helper()
	id, err := d.ProposeRule(d.ctx(), d.officer, t, nil)
	if err == nil {
		err = d.AdoptRule(d.ctx(), d.director, id, nil)
	}
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// assessed is a ledger with 20,000.00 due since ten days.
func (d *desk) assessed(project string) {
	d.t.Helper()
	if _, err := d.Assess(d.ctx(), d.officer, project, AssessInput{Phase: "一期", Cost: 100_000_000, Day: today.Add(-10), Begun: today.Add(-5)}, nil); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) ctx() context.Context { return context.Background() }

func (d *desk) money(fen int64, receipt string) Money {
	return Money{Due: "d1", Fen: fen, Day: today, Receipt: receipt, Paper: d.slip}
}

func (d *desk) court(freeze string, fen int64) CourtOrder {
	return CourtOrder{Freeze: freeze, Court: "都昌县人民法院", Document: "（2026）赣0428执12号", Fen: fen, Day: today, Paper: d.slip}
}

func (d *desk) records() int64 {
	d.t.Helper()
	n, err := d.db.Engine().LastN(d.ctx())
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

// refused runs a command that must fail with the kind and write nothing; said are parts of what it says.
func (d *desk) refused(name string, kind fault.Kind, run func() error, said ...string) {
	d.t.Helper()
	registrytest.Refused(d.t, d.records, name, kind, run, said...)
}

// must returns the ledger that a command made.
func must(t testing.TB) func(store.Doc[Ledger], error) Ledger {
	return func(doc store.Doc[Ledger], err error) Ledger {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return doc.State
	}
}

// audited fails the test unless every ledger adds up.
func (d *desk) audited(wantEntries int) {
	d.t.Helper()
	_, entries, err := d.Audit(d.ctx(), func(f Finding) { d.t.Errorf("%s: %s", f.Name, f.Text) })
	if err != nil || wantEntries >= 0 && entries != wantEntries {
		d.t.Errorf("%d entries, want %d: %v", entries, wantEntries, err)
	}
}

func TestStoredFields(t *testing.T) {
	for name, check := range map[string]struct {
		err    error
		fields []string
	}{
		"ledger": {store.CheckType[Ledger](), store.FieldNames[Ledger]()},
		"rule":   {store.CheckType[Book](), store.FieldNames[Book]()},
	} {
		if check.err != nil {
			t.Errorf("%s: %v", name, check.err)
		}
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if got := strings.Join(check.fields, "\n") + "\n"; err != nil || got != string(golden) {
			t.Errorf("stored fields of %s changed; old records would not be read:\n%s%v", name, got, err)
		}
	}
}

func TestRules(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	in := AssessInput{Phase: "一期", Cost: 100_000_000, Day: today}
	compute := func() error { _, err := d.Compute(ctx, d.officer, "p1", in); return err }
	d.refused("nothing is in force", fault.Conflict, compute, "没有已采用的保修金规则", "经办人", "股长或局领导采用")
	d.refused("a cashier proposes nothing", fault.Forbidden, func() error { _, err := d.ProposeRule(ctx, d.cashier, twoPercent(), nil); return err })
	for _, tt := range []struct {
		name, said string
		change     func(*Terms)
	}{
		{"no document", "document 请填写文号", func(t *Terms) { t.Document = " " }},
		{"too much", "rate 缴存比例是 20.5%", func(t *Terms) { t.Rate = num.MustParse("20.5") }},
		{"negative", "rate ", func(t *Terms) { t.Rate = num.FromInt(-2) }},
		{"no price for the area", "area_fen ", func(t *Terms) { t.Base = BaseArea }},
		{"an event that is none", "due_before 请选择缴存时间", func(t *Terms) { t.DueBefore = "never" }},
		{"no period", "years 存储期是 0 年", func(t *Terms) { t.Years = 0 }},
		{"a late fee without clause", "late_clause 填了滞纳金比例", func(t *Terms) { t.LateClause = "" }},
		{"ends before it begins", "until 失效日期", func(t *Terms) { t.Days.Until = t.Days.From.Add(-1) }},
		{"all back before the end", "stages 分期退还的比例合计 100%", func(t *Terms) { t.Stages = []Stage{{2, num.FromInt(60)}, {5, num.FromInt(40)}} }},
		{"stages out of order", "stages 分期退还要按年数", func(t *Terms) { t.Stages = []Stage{{5, num.FromInt(10)}, {2, num.FromInt(10)}} }},
	} {
		terms := twoPercent()
		tt.change(&terms)
		d.refused(tt.name, fault.Invalid, func() error { _, err := d.ProposeRule(ctx, d.officer, terms, nil); return err }, tt.said)
	}
	open := twoPercent()
	open.Rate = num.Num{}
	id, err := d.ProposeRule(ctx, d.officer, open, &store.Idem{Key: "k", Body: []byte("b")})
	if err != nil || id != "r1" {
		t.Fatalf("%s %v", id, err)
	}
	if again, err := d.ProposeRule(ctx, d.officer, open, &store.Idem{Key: "k", Body: []byte("b")}); err != nil || again != "r1" {
		t.Fatalf("the same request proposed %s, %v", again, err)
	}
	d.refused("an officer does not adopt", fault.Forbidden, func() error { return d.AdoptRule(ctx, d.officer, id, nil) })
	chiefs, err := d.ProposeRule(ctx, d.chief, twoPercent(), nil)
	if err != nil {
		t.Fatal(err)
	}
	d.refused("nobody adopts what he proposed", fault.Forbidden, func() error { return d.AdoptRule(ctx, d.chief, chiefs, nil) }, "必须由另一人完成")
	d.refused("a proposal is not in force", fault.Conflict, compute, "没有已采用")
	if err := d.AdoptRule(ctx, d.chief, id, nil); err != nil {
		t.Fatal(err)
	}
	d.refused("a rule without rate", fault.Conflict, compute, "《保修金暂行办法》（都建发〔2026〕3号）没有写明缴存比例", "住建局按上级文件确定")
	d.refused("two decisions", fault.Conflict, func() error { return d.RefuseRule(ctx, d.director, id, "不用", nil) }, "“已采用”")
	d.refused("an overlap", fault.Conflict, func() error { return d.AdoptRule(ctx, d.director, chiefs, nil) }, "有效期重叠")
	if err := d.RefuseRule(ctx, d.director, chiefs, "起止日期要改", nil); err != nil {
		t.Fatal(err)
	}
	later := twoPercent()
	later.Days.From = today.Add(-30)
	third, err := d.ProposeRule(ctx, d.officer, later, nil)
	if err == nil {
		err = d.AdoptRule(ctx, d.director, third, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	book, err := d.Rules(ctx, d.developer)
	if err != nil || book.Versions[0].Terms.Days.Until != today.Add(-31) {
		t.Fatalf("the version before did not end the day before: %+v %v", book.Versions[0].Terms.Days, err)
	}
	if v, ok := book.On(today.Add(-31)); !ok || v.ID != "r1" {
		t.Errorf("the day before belongs to %s", v.ID)
	}
	c, err := d.Compute(ctx, d.officer, "p1", in)
	if err != nil || c.Fen != 2_000_000 || c.Version.ID != third {
		t.Fatalf("%+v %v", c, err)
	}
}

// TestCompute computes by hand what the rules say.
func TestCompute(t *testing.T) {
	area := twoPercent()
	area.Base, area.AreaFen = BaseArea, 186_050
	up := twoPercent()
	up.Rounding = RoundYuanUp
	for _, tt := range []struct {
		name  string
		terms Terms
		cost  int64
		area  string
		fen   int64
		last  string
		exact string
	}{
		{"ten million", twoPercent(), 1_000_000_000, "", 20_000_000, "四舍五入到分", "200000 元"},
		{"a half fen goes up", twoPercent(), 1_234_567_825, "", 24_691_357, "四舍五入到分", "246913.565 元"},
		{"by area", area, 0, "52000.5", 193_493_861, "四舍五入到分", "1934938.605 元"},
		{"a begun yuan counts", up, 1_234_567_825, "", 24_691_400, "不足一元按一元计", "246913.565 元"},
	} {
		a, _ := areaOf(tt.area)
		fen, lines, err := tt.terms.Compute(tt.cost, a)
		if err != nil || fen != tt.fen || len(lines) != 3 || lines[2].How != tt.last || lines[1].Value != tt.exact {
			t.Errorf("%s: %d %+v %v", tt.name, fen, lines, err)
		}
	}
	if _, _, err := twoPercent().Compute(0, num.Num{}); fault.FieldsOf(err)[0].Name != "cost" {
		t.Errorf("no cost: %v", err)
	}
	if _, _, err := area.Compute(0, num.MustParse("1.005")); fault.FieldsOf(err)[0].Name != "area" {
		t.Errorf("three decimals of area: %v", err)
	}
}

// TestLife is a ledger from the assessment to a deduction, with every refusal on the way.
func TestLife(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	ok := must(t)
	d.refused("a payment before the assessment", fault.Conflict, func() error { _, err := d.Pay(ctx, d.cashier, "p1", d.money(1, "赣财0001"), nil); return err }, "还没有核定")
	d.adopt(twoPercent())
	d.refused("a cashier assesses nothing", fault.Forbidden, func() error { _, err := d.Assess(ctx, d.cashier, "p1", AssessInput{}, nil); return err })
	d.refused("a project that is none", fault.NotFound, func() error { _, err := d.Assess(ctx, d.officer, "p9", AssessInput{}, nil); return err })
	d.refused("an empty form", fault.Invalid, func() error { _, err := d.Assess(ctx, d.officer, "p1", AssessInput{}, nil); return err }, "phase 请填写分期", "day ")
	d.assessed("p1")
	for name, tt := range map[string]struct {
		kind fault.Kind
		said string
		in   func(*Money)
	}{
		"no slip":           {fault.Invalid, "paper 请上传银行回单", func(m *Money) { m.Paper = files.Stored{} }},
		"a slip not stored": {fault.Invalid, "paper 扫描件没有上传成功", func(m *Money) { m.Paper.Original = strings.Repeat("a", 64) }},
		"tomorrow":          {fault.Invalid, "day 银行入账日期2026年10月20日还没有到", func(m *Money) { m.Day = today.Add(1) }},
		"nothing":           {fault.Invalid, "amount 金额是 0.00 元", func(m *Money) { m.Fen = 0 }},
		"no receipt":        {fault.Invalid, "receipt 请填写票据号码", func(m *Money) { m.Receipt = "" }},
		"more than is due":  {fault.Conflict, "还差 20,000.00 元，这次是 20,000.01 元", func(m *Money) { m.Fen = 2_000_001 }},
		"another due":       {fault.NotFound, "没有找到这笔应缴", func(m *Money) { m.Due = "d2" }},
	} {
		m := d.money(100, "赣财0001")
		tt.in(&m)
		d.refused(name, tt.kind, func() error { _, err := d.Pay(ctx, d.cashier, "p1", m, nil); return err }, tt.said)
	}
	l := ok(d.Pay(ctx, d.cashier, "p1", d.money(1_500_000, "赣财0001"), nil))
	if want := (Balances{Bank: 1_500_000, Due: 500_000, Deposit: 2_000_000}); l.Balances != want || l.Dues[0].Open() != 500_000 {
		t.Fatalf("%+v", l.Balances)
	}
	d.refused("the same receipt again", fault.Conflict, func() error { _, err := d.Pay(ctx, d.cashier, "p1", d.money(100, "赣财0001"), nil); return err }, "票据号码“赣财0001”已经用过")
	d.assessed("p2")
	d.refused("the receipt in another project", fault.Conflict, func() error { _, err := d.Pay(ctx, d.cashier, "p2", d.money(100, "赣财0001"), nil); return err }, "已经用过")
	if fen, late := l.Dues[0].LateFee(today); fen != 2500 || len(late) != 2 || late[1].Value != "25.00 元" {
		t.Errorf("the late fee of 5,000.00 for ten days at 0.05 %%: %+v", late)
	}
	insured := LetterInput{Due: "d1", Fen: 500_000, Kind: LetterInsurance, Issuer: "某财险", Number: "PICC-1", Days: policy.Span{From: today, Until: today.Add(300)}, Paper: d.slip}
	d.refused("an insurance that the rule does not allow", fault.Conflict, func() error { _, err := d.AcceptLetter(ctx, d.officer, "p1", insured, nil); return err }, "不允许用工程质量潜在缺陷保险")
	letter := insured
	letter.Kind, letter.Issuer = LetterBank, "都昌农商行"
	expired := letter
	expired.Days = policy.Span{From: today.Add(-30), Until: today.Add(-1)}
	d.refused("a letter that has run out", fault.Invalid, func() error { _, err := d.AcceptLetter(ctx, d.officer, "p1", expired, nil); return err }, "until 止期2026年10月18日已经过去")
	l = ok(d.AcceptLetter(ctx, d.officer, "p1", letter, nil))
	if want := (Balances{Bank: 1_500_000, Deposit: 1_500_000}); l.Balances != want || l.Dues[0].Open() != 0 {
		t.Fatalf("%+v", l.Balances)
	}
	if dates := l.NextDates(); len(dates) != 2 || dates[0].Day != today.Add(300) || dates[1].Day != today.Add(-5).AddMonths(96) {
		t.Errorf("%+v", dates)
	}
	l = ok(d.EndLetter(ctx, d.officer, "p1", "l1", "银行撤销", nil))
	if l.Balances.Due != 500_000 || l.Dues[0].Open() != 500_000 {
		t.Fatalf("%+v", l.Balances)
	}
	d.refused("a letter ends once", fault.Conflict, func() error { _, err := d.EndLetter(ctx, d.officer, "p1", "l1", "银行撤销", nil); return err }, "已在2026年10月19日终止")
	ok(d.BookInterest(ctx, d.cashier, "p1", Money{Fen: 1234, Day: today, Paper: d.slip}, nil))
	d.refused("more than the bank has", fault.Conflict, func() error { _, err := d.FreezeMoney(ctx, d.officer, "p1", d.court("", 1_600_000), nil); return err }, "银行存款 15,012.34 元")
	ok(d.FreezeMoney(ctx, d.officer, "p1", d.court("", 1_000_000), nil))
	d.refused("below what is frozen", fault.Conflict, func() error { _, err := d.Reverse(ctx, d.officer, "p1", 2, "录错小区了", nil); return err }, "其中已冻结和预留 10,000.00 元")
	d.refused("who froze does not release", fault.Forbidden, func() error { _, err := d.Release(ctx, d.officer, "p1", d.court("h1", 100), nil); return err }, "另一人")
	d.refused("more than is frozen", fault.Conflict, func() error { _, err := d.Deduct(ctx, d.chief, "p1", d.court("h1", 1_000_001), nil); return err }, "还有 10,000.00 元")
	ok(d.Deduct(ctx, d.chief, "p1", d.court("h1", 400_000), nil))
	l = ok(d.Release(ctx, d.chief, "p1", d.court("h1", 600_000), nil))
	if want := (Balances{Bank: 1_101_234, Due: 500_000, Deposit: 1_600_000, Interest: 1234}); l.Balances != want {
		t.Fatalf("%+v", l.Balances)
	}
	d.audited(9)
}

func TestReversal(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	ok := must(t)
	d.adopt(twoPercent())
	d.assessed("p1")
	ok(d.Pay(ctx, d.cashier, "p1", d.money(2_000_000, "赣财0001"), nil))
	reverse := func(by policy.Actor, no int64, why string) func() error {
		return func() error { _, err := d.Reverse(ctx, by, "p1", no, why, nil); return err }
	}
	d.refused("without reason", fault.Invalid, reverse(d.officer, 2, "错"), "reason 原因有 1 个字")
	d.refused("an entry that is none", fault.NotFound, reverse(d.officer, 3, "录错金额"))
	d.refused("one's own", fault.Forbidden, reverse(d.officer, 1, "录错金额"), "另一人")
	d.refused("the cashier's own right", fault.Forbidden, reverse(d.cashier, 2, "录错金额"))
	d.refused("what a payment stands on", fault.Conflict, reverse(d.chief, 1, "录错金额"), "请先冲正后面的")
	l := ok(d.Reverse(ctx, d.officer, "p1", 2, "录错金额", nil))
	if want := (Balances{Due: 2_000_000, Deposit: 2_000_000}); l.Balances != want || l.Dues[0].Paid != 0 {
		t.Fatalf("%+v", l)
	}
	d.refused("twice", fault.Conflict, reverse(d.officer, 2, "录错金额"), "已经冲正过")
	d.refused("a reversal", fault.Conflict, reverse(d.chief, 3, "录错金额"), "冲正本身不能再冲正")
	// The receipt is free again for the entry that is right.
	ok(d.Pay(ctx, d.cashier, "p1", d.money(1_000_000, "赣财0001"), nil))
	ok(d.Reverse(ctx, d.officer, "p1", 4, "又录错了", nil))
	l = ok(d.Reverse(ctx, d.chief, "p1", 1, "造价录错", nil))
	if l.Balances != (Balances{}) || !l.Dues[0].Cancelled || len(l.NextDates()) != 0 {
		t.Fatalf("%+v", l)
	}
	s, err := d.Statement(ctx, d.developer, "p1")
	if err != nil || len(s.Movements) != 6 || !s.Movements[0].Undone || s.Movements[2].Undone || s.Whole {
		t.Fatalf("%+v %v", s, err)
	}
	d.audited(6)
}

// TestScope: a developer sees his own ledger and nothing else.
func TestScope(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.adopt(twoPercent())
	d.assessed("p1")
	d.assessed("p2")
	d.refused("another's ledger", fault.NotFound, func() error { _, err := d.Statement(ctx, d.stranger, "p1"); return err })
	d.refused("nobody in particular", fault.Unauthenticated, func() error { _, err := d.Statement(ctx, policy.Actor{}, "p1"); return err })
	all := func(by policy.Actor) (rows []Row, err error) {
		_, err = d.Find(ctx, by, Filter{}, func(r Row) error { rows = append(rows, r); return nil })
		return rows, err
	}
	d.refused("a firm", fault.Forbidden, func() error { _, err := all(person("f", "firm_manager", "p:p1")); return err })
	rows, err := all(d.developer)
	if err != nil || len(rows) != 1 || rows[0].Project != "p1" {
		t.Fatalf("%+v %v", rows, err)
	}
	sums, err := d.All(ctx, d.officer, func(Row) error { return nil })
	if err != nil || sums.Ledgers != 2 || sums.Balances.Due != 4_000_000 {
		t.Fatalf("%+v %v", sums, err)
	}
	soon, err := d.Soon(ctx, d.stranger)
	if err != nil || len(soon) != 1 || soon[0].Project != "p2" {
		t.Fatalf("%+v %v", soon, err)
	}
}

// TestAtOnce: of two approvals one counts, and two payments with one key are one.
func TestAtOnce(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id, err := d.ProposeRule(ctx, d.officer, twoPercent(), nil)
	if err != nil {
		t.Fatal(err)
	}
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i, by := range []policy.Actor{d.chief, d.director} {
		wg.Go(func() { errs[i] = d.AdoptRule(ctx, by, id, nil) })
	}
	wg.Wait()
	if (errs[0] == nil) == (errs[1] == nil) || !fault.Is(errs[0], fault.Conflict) && !fault.Is(errs[1], fault.Conflict) {
		t.Fatalf("two approvals: %v", errs)
	}
	d.assessed("p1")
	pays := make([]store.Doc[Ledger], 8)
	for i := range pays {
		wg.Go(func() {
			doc, err := d.Pay(ctx, d.cashier, "p1", d.money(700_000, "赣财0001"), &store.Idem{Key: "one", Body: []byte("700000")})
			if err != nil {
				t.Error(err)
			}
			pays[i] = doc
		})
	}
	wg.Wait()
	for _, p := range pays {
		if p.Seq != 2 || p.State.Balances.Bank != 700_000 {
			t.Errorf("one request became %d: %+v", p.Seq, p.State.Balances)
		}
	}
	d.refused("the key for another amount", fault.Conflict, func() error {
		_, err := d.Pay(ctx, d.cashier, "p1", d.money(800_000, "赣财0002"), &store.Idem{Key: "one", Body: []byte("800000")})
		return err
	})
	// Different payments at once are all booked, as long as they are due, and no more.
	booked := make([]error, 6)
	for i := range booked {
		wg.Go(func() {
			_, booked[i] = d.Pay(ctx, d.cashier, "p1", d.money(300_000, fmt.Sprintf("赣财1%03d", i)), nil)
		})
	}
	wg.Wait()
	refused := 0
	for _, err := range booked {
		if fault.Is(err, fault.Conflict) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	s, err := d.Statement(ctx, d.officer, "p1")
	if err != nil || refused != 2 || s.Ledger.Balances.Bank != 1_900_000 {
		t.Fatalf("%d refused, %+v %v", refused, s.Ledger.Balances, err)
	}
	d.audited(6)
}

// TestAuditFinds: a ledger that was written by other hands and does not add up is named.
func TestAuditFinds(t *testing.T) {
	d := newDesk(t)
	d.adopt(twoPercent())
	d.assessed("p1")
	spoils := map[string]func(*Ledger){
		"余额与分录加总不符":          func(l *Ledger) { l.Balances.Bank += 100; l.Balances.Interest += 100 },
		"借贷不平":               func(l *Ledger) { l.Entry.Postings[0].Fen++ },
		"各笔应缴还差":             func(l *Ledger) { l.Dues = append(l.Dues, Due{ID: "d2", Fen: 100}) },
		"各项冻结合计":             func(l *Ledger) { l.Freezes = []Freeze{{ID: "h1", Fen: 100, Open: 100}} },
		"第 1 次分期退还记着 1.00 元": func(l *Ledger) { l.Dues[0].Releases = []Release{{Stage: 1, Fen: 100, Entry: 2}} },
		"第 3 笔的序号是 2":        func(l *Ledger) { l.Entry.No = 2 },
		"冲正的第 9 笔不对":         func(l *Ledger) { l.Entry.Reverses = 9 },
	}
	expected := map[string]string{}
	for said, spoil := range spoils {
		project := fmt.Sprint("more", len(expected))
		expected[project] = said
		d.assessed(project)
		l := must(t)(d.Pay(d.ctx(), d.cashier, project, d.money(100, "赣财0001"+project), nil)).clone()
		if err := l.post(Entry{Kind: EntryInterest, Fen: 5, Postings: transfer(AccountBank, AccountInterest, 5)}); err != nil {
			t.Fatal(err)
		}
		spoil(&l)
		if _, err := d.ledgers.Commit(d.ctx(), store.Meta{By: "hand", Action: "fund.book"}, project, 2, l); err != nil {
			t.Fatal(err)
		}
	}
	ledgers, _, err := d.Audit(d.ctx(), func(f Finding) {
		if said := expected[f.Project]; said == "" || !strings.Contains(f.Text, said) || f.Name != f.Project {
			t.Errorf("%+v, want %q", f, said)
		}
		delete(expected, f.Project)
	})
	if err != nil || ledgers != len(spoils)+1 || len(expected) != 0 {
		t.Errorf("%d ledgers, not named: %v, %v", ledgers, expected, err)
	}
}
