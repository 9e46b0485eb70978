package bank

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
	"redsteward/registry"
	"redsteward/registry/fund"
	"redsteward/registry/registrytest"
)

// ground is a register in which every project exists.
type ground struct{}

func (ground) Place(_ context.Context, project string, _ calendar.Date) (registry.Place, error) {
	return registry.Place{Project: project, Name: map[string]string{"p1": "望湖苑", "p2": "芝城花园", "p3": "东湖名都"}[project], Community: "360428100001", CommunityName: "城东社区", Township: "360428100000", TownshipName: "都昌镇", Developer: "dev1"}, nil
}

var (
	testNow = time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	today   = calendar.DateOf(testNow)
)

// desk is a reconciliation on a real store on 2026-10-19: three projects of which each owes 20,000.00, and one bank account.
type desk struct {
	*Service
	*registrytest.Desk
	account string
	slip    files.Stored

	officer, chief, cashier, director, developer policy.Actor
}

var person = registrytest.Person

func newDesk(t testing.TB) *desk {
	t.Helper()
	ctx := context.Background()
	d := &desk{Desk: registrytest.NewDesk(t, testNow), officer: person("officer", "property_officer", policy.County), chief: person("chief", "section_chief", policy.County), cashier: person("cashier", "cashier", policy.County),
		director: person("director", "director", policy.County), developer: person("developer", "developer", "d:dev1")}
	ledgers, err := fund.NewService(ctx, d.DB, d.Guard, ground{})
	if err != nil {
		t.Fatal(err)
	}
	if d.Service, err = NewService(ctx, d.DB, d.Guard, ledgers); err != nil {
		t.Fatal(err)
	}
	terms := fund.Terms{Title: "保修金暂行办法", Document: "都建发〔2026〕3号", Rate: num.FromInt(2), Base: fund.BaseCost, DueBefore: fund.EventAcceptance, Years: 8, Starts: fund.EventFirstDelivery, Rounding: fund.RoundFen, Days: policy.Span{From: today.Add(-900)}}
	rule, err := ledgers.ProposeRule(ctx, d.officer, terms, nil)
	if err == nil {
		err = ledgers.AdoptRule(ctx, d.director, rule, nil)
	}
	for _, p := range []string{"p1", "p2", "p3"} {
		if err == nil {
			_, err = ledgers.Assess(ctx, d.officer, p, fund.AssessInput{Phase: "一期", Cost: 100_000_000, Day: today.Add(-10), Begun: today.Add(-5)}, nil)
		}
	}
	if err == nil {
		d.account, err = d.AddAccount(ctx, d.cashier, AccountInput{Bank: "都昌农商银行", Number: "6222000011112222", Name: "保修金专户"}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	kept, err := d.DB.PutFile(ctx, store.Meta{By: "cashier", Action: "fund.book"}, bytes.NewReader([]byte("%PDF-1.7 %%EOF")), 1000)
	if err != nil {
		t.Fatal(err)
	}
	d.slip = files.Stored{Name: "回单.pdf", Kind: files.PDF, Size: kept.Size, Original: kept.SHA256}
	return d
}

var day = registrytest.Day

// upload is a CSV file for the account.
func (d *desk) upload(name, text string) Upload {
	d.T.Helper()
	sheet, err := ReadCSV([]byte(text))
	if err != nil {
		d.T.Fatal(err)
	}
	return Upload{Account: d.account, FileName: name, Data: []byte(text), Sheet: sheet}
}

// imported imports a file.
func (d *desk) imported(name, text string) {
	d.T.Helper()
	if _, err := d.Import(context.Background(), d.cashier, d.upload(name, text)); err != nil {
		d.T.Fatal(err)
	}
}

// september is a statement as banks write them: opening 0, a payment of p1, interest, something unknown, closing 21,100.07.
const september = `都昌农商银行 交易明细
账号：6222000011112222
交易日期,收入金额,支出金额,余额,流水号,对方户名,摘要
2026-09-03,"20,000.00",,"20,000.00",S1,望湖置业,望湖苑一期保修金
2026-09-21,100.07,,20100.07,S2,,结息
2026-09-25,1000.00,,21100.07,S3,张三,来款
合计,21100.07,0,,,,
`

// books reads everything as the officer.
func (d *desk) booksNow() *Books {
	d.T.Helper()
	b, err := d.Books(context.Background(), d.officer)
	if err != nil {
		d.T.Fatal(err)
	}
	return b
}

// line is the id of the line with a serial number.
func (d *desk) line(serial string) string {
	d.T.Helper()
	for _, l := range d.booksNow().Lines {
		if l.State.Serial == serial {
			return l.ID
		}
	}
	d.T.Fatal("no line " + serial)
	return ""
}

func TestStoredFields(t *testing.T) {
	for name, check := range map[string]struct {
		err    error
		fields []string
	}{
		"account":   {store.CheckType[Account](), store.FieldNames[Account]()},
		"statement": {store.CheckType[Statement](), store.FieldNames[Statement]()},
		"line":      {store.CheckType[Line](), store.FieldNames[Line]()},
		"division":  {store.CheckType[Division](), store.FieldNames[Division]()},
		"month":     {store.CheckType[Closing](), store.FieldNames[Closing]()},
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

func TestImport(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	up := d.upload("9月.csv", september)
	p, err := d.Preview(ctx, d.cashier, up)
	if err != nil || len(p.Lines) != 3 || p.New != 3 || p.Opening != 0 || p.Closing != 2110007 || p.In != 2110007 || !p.Ready() {
		t.Fatalf("%+v %v", p, err)
	}
	d.Refused("an officer imports nothing", fault.Forbidden, func() error { _, err := d.Import(ctx, d.officer, up); return err })
	other := up
	other.Account = "none"
	d.Refused("an account that is not there", fault.NotFound, func() error { _, err := d.Import(ctx, d.cashier, other); return err })
	d.Refused("the number again", fault.Conflict, func() error {
		_, err := d.AddAccount(ctx, d.cashier, AccountInput{Bank: "另一家", Number: "6222 0000 1111 2222", Name: "又一个"}, nil)
		return err
	}, "已经登记过")
	d.Refused("a number that is none", fault.Invalid, func() error {
		_, err := d.AddAccount(ctx, d.cashier, AccountInput{Bank: "农商银行", Number: "62-1", Name: "户"}, nil)
		return err
	}, "8 至 30 位数字", "“62-1”", "账户简称")
	d.imported("9月.csv", september)
	d.Refused("the file again", fault.Conflict, func() error { _, err := d.Import(ctx, d.cashier, up); return err }, "9月.csv", "2026年9月3日")
	again := strings.ReplaceAll(september, "都昌农商银行 交易明细", "又导出一次")
	d.Refused("the same lines in another file", fault.Conflict, func() error { _, err := d.Import(ctx, d.cashier, d.upload("again.csv", again)); return err }, "3 行都已经")
	changed := strings.ReplaceAll(strings.ReplaceAll(again, "1000.00,,21100.07", "1000.50,,21100.57"), "21100.57,S3", "21100.57,S3")
	d.Refused("a serial number with another amount", fault.Invalid, func() error { _, err := d.Import(ctx, d.cashier, d.upload("x.csv", changed)); return err }, "第 6 行", "S3", "1,000.00", "1,000.50")
	d.Refused("a day that has not come", fault.Invalid, func() error {
		_, err := d.Import(ctx, d.cashier, d.upload("x.csv", "交易日期,收入金额,支出金额,余额\n2026-10-20,5,,5\n"))
		return err
	}, "第 2 行", "还没有到")
	d.Refused("no balance at all", fault.Invalid, func() error {
		_, err := d.Import(ctx, d.cashier, d.upload("x.csv", "交易日期,收入金额,支出金额\n2026-10-02,5,\n"))
		return err
	}, "opening", "期初余额")
	// The next file overlaps: what is known is left, what is new comes in.
	next := strings.ReplaceAll(september, "合计,", "2026-10-08,,0.07,21100.00,S4,银行,手续费\n合计,")
	p, err = d.Preview(ctx, d.cashier, d.upload("10月.csv", next))
	if err != nil || p.New != 1 || len(p.Old) != 3 {
		t.Fatalf("%d new, old %v, %v", p.New, p.Old, err)
	}
	d.imported("10月.csv", next)
	if n := len(d.booksNow().Lines); n != 4 {
		t.Errorf("%d lines", n)
	}
	list, err := d.Statements(ctx, d.officer)
	if err != nil || len(list) != 2 || list[0].State.FileName != "10月.csv" || list[0].State.Known != 3 {
		t.Errorf("%+v %v", list, err)
	}
	accounts, err := d.Accounts(ctx, d.officer)
	if a := accounts[0].State; err != nil || a.Mapping.In != "收入金额" || a.Started != day("2026-09-03") || a.Closing != 2110000 {
		t.Errorf("%+v %v", a, err)
	}
	d.Refused("not for who sees one project", fault.NotFound, func() error { _, err := d.Books(ctx, d.developer); return err })
	gap, err := d.Preview(ctx, d.cashier, d.upload("gap.csv", "交易日期,收入金额,支出金额,余额\n2026-10-12,5,,9\n"))
	if err != nil || !strings.Contains(gap.Gap, "21,100.00") {
		t.Errorf("a gap is not named: %+v %v", gap.Gap, err)
	}
}

// pay books a payment by hand.
func (d *desk) pay(project string, fen int64, on calendar.Date, receipt string) int64 {
	d.T.Helper()
	doc, err := d.fund.Pay(context.Background(), d.cashier, project, fund.Money{Due: "d1", Fen: fen, Day: on, Receipt: receipt, Paper: d.slip}, nil)
	if err != nil {
		d.T.Fatal(err)
	}
	return doc.State.Entries
}

func TestMatch(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	no := d.pay("p1", 2_000_000, day("2026-09-01"), "赣财0001")
	d.imported("9月.csv", september)
	s1, s3 := d.line("S1"), d.line("S3")
	b := d.booksNow()
	first, err := b.lineOf(s1)
	if err != nil {
		t.Fatal(err)
	}
	if found := b.Proposals(first); len(found) != 3 || found[0].No != no || !strings.Contains(found[0].Why, "望湖苑") || !strings.Contains(found[0].Why, "相差 2 日") || found[1].Due != "d1" {
		t.Errorf("%+v", found)
	}
	d.Refused("an officer books nothing", fault.Forbidden, func() error { return d.Match(ctx, d.officer, s1, "p1", no, nil) })
	d.Refused("another amount", fault.Conflict, func() error { return d.Match(ctx, d.cashier, s3, "p1", no, nil) }, "1,000.00", "20,000.00")
	d.Refused("a line that is none", fault.NotFound, func() error { return d.Match(ctx, d.cashier, "none", "p1", no, nil) })
	d.Refused("an entry that is none", fault.NotFound, func() error { return d.Match(ctx, d.cashier, s1, "p1", 99, nil) })
	if err := d.Match(ctx, d.cashier, s1, "p1", no, nil); err != nil {
		t.Fatal(err)
	}
	before := d.Records(d.T)
	if err := d.Match(ctx, d.cashier, s1, "p1", no, nil); err != nil || d.Records(d.T) != before {
		t.Errorf("a second click: %v, %d records", err, d.Records(d.T)-before)
	}
	d.Refused("the line again", fault.Conflict, func() error { return d.Pay(ctx, d.cashier, s1, "p2", "d1", "赣财0002", nil) }, "望湖苑第 2 笔")
	d.imported("more.csv", "交易日期,收入金额,支出金额,余额,流水号\n2026-10-09,20000,,41100.07,S8\n")
	d.Refused("the entry again", fault.Conflict, func() error { return d.Match(ctx, d.cashier, d.line("S8"), "p1", no, nil) }, "一笔只能匹配一次")
	// Booked straight from a line, and moved to another project by a reversal.
	if err := d.Pay(ctx, d.cashier, s3, "p2", "d1", "赣财0003", nil); err != nil {
		t.Fatal(err)
	}
	before = d.Records(d.T)
	if err := d.Pay(ctx, d.cashier, s3, "p2", "d1", "赣财0003", nil); err != nil || d.Records(d.T) != before {
		t.Errorf("a second click: %v, %d records", err, d.Records(d.T)-before)
	}
	if _, err := d.fund.Reverse(ctx, d.chief, "p2", 2, "应记在东湖名都", nil); err != nil {
		t.Fatal(err)
	}
	if open := d.booksNow().OpenLines(today); len(open) != 3 {
		t.Errorf("%d lines are open", len(open))
	}
	if err := d.Pay(ctx, d.cashier, s3, "p3", "d1", "赣财0004", nil); err != nil {
		t.Fatal(err)
	}
	if open := d.booksNow().OpenEntries(today); len(open) != 0 {
		t.Errorf("a reversed pair is left: %+v", open)
	}
	if behind := d.booksNow().Behind(s3); len(behind) != 1 || behind[0].Project != "p3" || behind[0].Line.Turn != 1 {
		t.Errorf("%+v", behind)
	}
	d.Refused("money that went out", fault.Invalid, func() error {
		d2 := newDesk(t)
		d2.imported("out.csv", "交易日期,收入金额,支出金额,余额,流水号\n2026-10-09,,5,10,S9\n")
		return d2.Pay(ctx, d2.cashier, d2.line("S9"), "p1", "d1", "赣财0009", nil)
	}, "支出")
}

// Of eight who confirm one line for three projects at the same moment one wins.
func TestMatchedOnce(t *testing.T) {
	d := newDesk(t)
	d.imported("9月.csv", september)
	line := d.line("S1")
	var wait sync.WaitGroup
	won := make([]error, 8)
	for i := range won {
		wait.Go(func() {
			won[i] = d.Pay(context.Background(), d.cashier, line, fmt.Sprintf("p%d", 1+i%3), "d1", fmt.Sprintf("赣财1%03d", i), nil)
		})
	}
	wait.Wait()
	winners := 0
	for _, err := range won {
		switch {
		case err == nil:
			winners++
		case !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Unavailable):
			t.Error(err)
		}
	}
	b := d.booksNow()
	if winners != 1 || len(b.Behind(line)) != 1 || len(b.Entries) != 1 {
		t.Errorf("%d won, %d entries stand behind the line, %d moved the bank", winners, len(b.Behind(line)), len(b.Entries))
	}
}

func TestDivideInterest(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.pay("p1", 2_000_000, day("2026-07-01"), "赣财0001")
	d.pay("p2", 1_000_000, day("2026-09-01"), "赣财0002")
	d.imported("9月.csv", september)
	line := d.line("S2")
	d.Refused("days that cannot be", fault.Invalid, func() error {
		_, err := d.Divide(ctx, d.cashier, line, day("2026-09-20"), day("2026-06-21"))
		return err
	}, "until")
	d.Refused("after the bank booked it", fault.Invalid, func() error {
		_, err := d.Divide(ctx, d.cashier, line, day("2026-06-21"), day("2026-09-22"))
		return err
	}, "晚于入账日")
	d.Refused("before anybody paid", fault.Conflict, func() error {
		_, err := d.Divide(ctx, d.cashier, line, day("2026-05-01"), day("2026-06-20"))
		return err
	}, "没有小区有存款")
	got, err := d.Divide(ctx, d.cashier, line, day("2026-06-21"), day("2026-09-20"))
	// p1: 20,000.00 for 82 days, p2: 10,000.00 for 20 days: 1,640,000 to 200,000; of 100.07 that is 89.1929… and 10.8771…, the last fen goes to the larger remainder.
	if err != nil || len(got.Shares) != 2 || got.Shares[0].Fen+got.Shares[1].Fen != 10007 || got.Total.String() != "184000000" {
		t.Fatalf("%+v %v", got, err)
	}
	for _, share := range got.Shares {
		if want := map[string]int64{"p1": 8919, "p2": 1088}[share.Project]; share.Fen != want || share.Extra != (share.Project == "p2") {
			t.Errorf("%s gets %d, want %d", share.Project, share.Fen, want)
		}
	}
	d.Refused("another division than was looked at", fault.Conflict, func() error { return d.Confirm(ctx, d.cashier, line, day("2026-06-21"), day("2026-09-20"), "other") }, "重新核对")
	if err := d.Confirm(ctx, d.cashier, line, day("2026-06-21"), day("2026-09-20"), got.Digest); err != nil {
		t.Fatal(err)
	}
	d.Refused("again", fault.Conflict, func() error { return d.Confirm(ctx, d.cashier, line, day("2026-06-21"), day("2026-09-20"), got.Digest) }, "已经匹配")
	b := d.booksNow()
	if behind := b.Behind(line); len(behind) != 2 || b.Open(mustLine(t, b, line), today) != 0 {
		t.Errorf("%+v", behind)
	}
	d.Refused("nothing is left to finish", fault.NotFound, func() error { return d.Finish(ctx, d.cashier, line) })
}

// A division that was cut off after it was kept is finished, and nothing is booked twice.
func TestFinishDivision(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.pay("p1", 2_000_000, day("2026-07-01"), "赣财0001")
	d.imported("9月.csv", september)
	line := d.line("S2")
	kept := Division{Line: line, Fen: 10007, Day: day("2026-09-21"), From: day("2026-06-21"), Until: day("2026-09-20"), Shares: []Share{{Project: "p1", Fen: 10_000}, {Project: "p2", Fen: 7}}, Confirmed: d.hand(d.cashier)}
	if err := d.fund.ClaimLine(ctx, d.cashier, fund.LineUse{Line: line}, divisionKind+"/"+divisionID(line, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := d.divisions.Commit(ctx, store.Meta{By: "cashier", Action: "fund.book"}, divisionID(line, 0), 0, kept); err != nil {
		t.Fatal(err)
	}
	if _, err := d.fund.BookShare(ctx, d.cashier, "p1", 10_000, kept.Day, "", fund.LineUse{Line: line}); err != nil {
		t.Fatal(err)
	}
	b := d.booksNow()
	if open, err := d.Unfinished(ctx, b); err != nil || len(open) != 1 || open[0].Left != 1 || b.Open(mustLine(t, b, line), today) != 7 {
		t.Fatalf("%+v %v", open, err)
	}
	if err := d.Finish(ctx, d.cashier, line); err != nil {
		t.Fatal(err)
	}
	if behind := d.booksNow().Behind(line); len(behind) != 2 || behind[0].Fen+behind[1].Fen != 10007 {
		t.Errorf("%+v", behind)
	}
}

func mustLine(t testing.TB, b *Books, id string) store.Doc[Line] {
	t.Helper()
	l, err := b.lineOf(id)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestMonth(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	m, err := ParseMonth("2026-09")
	if err != nil || m.Chinese() != "2026年9月" {
		t.Fatal(m, err)
	}
	for _, wrong := range []string{"", "2026", "2026-13", "2026-9", "2026-09-01"} {
		if _, err := ParseMonth(wrong); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	d.Refused("no statement", fault.Conflict, func() error { return d.Prepare(ctx, d.cashier, m, "", nil) }, "还没有导入过")
	d.imported("9月.csv", september)
	d.pay("p2", 300_000, day("2026-09-28"), "赣财0002")
	if err := d.Pay(ctx, d.cashier, d.line("S1"), "p1", "d1", "赣财0001", nil); err != nil {
		t.Fatal(err)
	}
	d.Refused("a month that is not over", fault.Conflict, func() error { return d.Prepare(ctx, d.cashier, MonthOf(today), "", nil) }, "还没有结束")
	d.Refused("nothing is prepared", fault.NotFound, func() error { return d.Close(ctx, d.chief, m, nil) })
	if err := d.Prepare(ctx, d.cashier, m, "", nil); err != nil {
		t.Fatal(err)
	}
	v, err := d.Month(ctx, d.officer, m)
	r := v.Kept.Report
	if err != nil || r.Ledger != (Side{0, 2_300_000, 0, 2_300_000}) || r.Bank != (Side{0, 2_110_007, 0, 2_110_007}) || len(r.OnlyLedger) != 1 || len(r.OnlyBank) != 2 || r.Difference() != 189_993 || r.Explained() != r.Difference() {
		t.Fatalf("%+v %v", v, err)
	}
	d.Refused("prepared and unchanged", fault.Conflict, func() error { return d.Prepare(ctx, d.cashier, m, "", nil) }, "没有变动")
	d.Refused("a cashier does not close", fault.Forbidden, func() error { return d.Close(ctx, d.cashier, m, nil) })
	both := policy.Actor{ID: "cashier", Appointments: d.officer.Appointments}
	d.Refused("nobody closes what he prepared", fault.Forbidden, func() error { return d.Close(ctx, both, m, nil) }, "另一人")
	if err := d.Pay(ctx, d.cashier, d.line("S3"), "p3", "d1", "赣财0003", nil); err != nil {
		t.Fatal(err)
	}
	d.Refused("the books changed since", fault.Conflict, func() error { return d.Close(ctx, d.chief, m, nil) }, "重新编制")
	if err := d.Prepare(ctx, d.cashier, m, "", nil); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(ctx, d.chief, m, nil); err != nil {
		t.Fatal(err)
	}
	d.Refused("closed", fault.Conflict, func() error { return d.Close(ctx, d.officer, m, nil) }, "已经关账")
	// Afterwards somebody books into the month: the closed report stays, the change is shown, a correction needs a reason and leaves both.
	d.pay("p2", 100, day("2026-09-29"), "赣财0004")
	if v, err = d.Month(ctx, d.officer, m); err != nil || !v.Changed || v.Kept.State != MonthClosed || v.Kept.Report.Ledger.Closing != 2_400_000 || v.Now.Ledger.Closing != 2_400_100 {
		t.Fatalf("%+v %v", v, err)
	}
	d.Refused("a correction without reason", fault.Invalid, func() error { return d.Prepare(ctx, d.cashier, m, " ", nil) }, "reason")
	if err := d.Prepare(ctx, d.cashier, m, "补记一笔九月的收款", nil); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(ctx, d.chief, m, nil); err != nil {
		t.Fatal(err)
	}
	if v, err = d.Month(ctx, d.officer, m); err != nil || v.Kept.Version != 2 || len(v.Earlier) != 2 || v.Earlier[1].Report.Ledger.Closing != 2_400_000 || v.Changed {
		t.Errorf("%+v %v", v, err)
	}
	d.imported("gap.csv", "交易日期,收入金额,支出金额,余额\n2026-10-12,5,,9\n")
	oct := Month{calendar.Span{First: day("2026-08-01"), Last: day("2026-09-30")}}
	d.Refused("a statement is missing between", fault.Conflict, func() error { return d.Prepare(ctx, d.cashier, oct, "再编制一次", nil) }, "不连续")
}
