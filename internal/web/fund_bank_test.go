package web_test

import (
	"context"
	"html"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
	"redsteward/registry/fund"
	"redsteward/registry/fund/bank"
)

const bankStatement = "交易日期,收入金额,支出金额,余额,流水号,对方户名,摘要\n2026-09-03,\"20,000.00\",,\"20,000.00\",S1,建设单位,一期保修金\n2026-09-21,100.07,,20100.07,S2,,结息\n"

// actorOf is who signs in with a login.
func actorOf(t testing.TB, f *browsertest.Fixture, login string) policy.Actor {
	t.Helper()
	by, err := f.People.ActorOf(context.Background(), login)
	if err != nil {
		t.Fatal(err)
	}
	return by
}

// containsAll reports whether a page says every one of some texts.
func containsAll(body string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(body, text) {
			return false
		}
	}
	return true
}

// TestBankPages imports a statement, books a payment from a line, divides interest, and closes a month, each by who may.
func TestBankPages(t *testing.T) {
	f := start(t, 3)
	_, project := fill(t, f)
	fundStaff(t, f, project)
	people := map[string]*person{}
	ctx := context.Background()
	run := func(list []scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, people)
		}
	}
	run([]scenario{
		{name: "signed out", path: "/fund/bank", status: 401},
		{name: "not for a project", role: "developer", path: "/fund/bank", status: 404},
		{name: "an officer imports nothing", role: "officer", path: "/fund/bank/import", status: 403},
		{name: "nothing yet", role: "cashier", path: "/fund/bank", status: 200, contains: []string{"还没有登记银行账户"}},
		{name: "a number that is none", role: "cashier", method: "POST", path: "/fund/bank/accounts/new", form: pairs("name", "专户", "bank", "农商银行", "number", "62"), status: 422, contains: []string{"账号要填 8 至 30 位数字"}},
		{name: "an account", role: "cashier", method: "POST", path: "/fund/bank/accounts/new", form: pairs("name", "保修金专户", "bank", "农商银行", "number", "6222000011112222"), status: 303, changes: 1},
		{name: "the account is there", role: "officer", path: "/fund/bank", status: 200, contains: []string{"尾号 2222", "还没有导入过"}, excludes: []string{"6222000011112222"}},
	})
	cashier := people["cashier"]
	accounts, err := f.Bank.Accounts(ctx, actorOf(t, f, "cashier"))
	if err != nil || len(accounts) != 1 {
		t.Fatal(accounts, err)
	}
	id := accounts[0].ID
	post := func(values [][2]string, files ...attachment) answer {
		t.Helper()
		return cashier.upload(t, "/fund/bank/import", append([][2]string{{"account", id}}, values...), nil, files...)
	}
	statement := attachment{"9月.csv", []byte(bankStatement)}
	before := changes(t, f)
	for _, tt := range []struct {
		name   string
		fields [][2]string
		file   attachment
		said   []string
	}{
		{"three decimals", nil, attachment{"x.csv", []byte(strings.Replace(bankStatement, "100.07", "100.075", 1))}, []string{"“100.075”超过两位小数", "试读"}},
		{"a workbook that is none", nil, attachment{"x.xlsx", []byte("PK\x03\x04 none")}, []string{"x.xlsx"}},
		{"typed balances that differ", [][2]string{{"opening", "5"}}, statement, []string{"填写的期初余额 5.00 元"}},
		{"a balance that is none", [][2]string{{"opening", "五"}}, statement, []string{"期初余额“五”要填金额"}},
		{"a column that is not there", [][2]string{{"column-day", "哪天"}, {"column-in", "收入金额"}, {"column-out", "支出金额"}}, statement, []string{"没有“哪天”这一列"}},
	} {
		if a := post(tt.fields, tt.file); a.StatusCode != 422 && a.StatusCode != 200 || !containsAll(a.body, tt.said) || strings.Contains(a.body, `value="import"`) {
			t.Errorf("%s: %d %.1500s", tt.name, a.StatusCode, a.body)
		}
	}
	a := post(nil, statement)
	kept := keptInPage.FindStringSubmatch(a.body)
	if a.StatusCode != 200 || kept == nil || !containsAll(a.body, []string{"余额核对一致", "新的 2 行", "20,100.07", `value="import"`, "结息"}) {
		t.Fatalf("preview: %d %.1500s", a.StatusCode, a.body)
	}
	if n := changes(t, f) - before; n != 0 {
		t.Errorf("looking wrote %d changes", n)
	}
	if a := post([][2]string{{"kept", html.UnescapeString(kept[1])}, {"do", "import"}}); a.StatusCode != 303 {
		t.Fatalf("import: %d %.1500s", a.StatusCode, a.body)
	}
	before = changes(t, f)
	if a := post([][2]string{{"do", "import"}}, statement); a.StatusCode != 422 || !strings.Contains(a.body, "已经在") || changes(t, f) != before {
		t.Errorf("the file again: %d %.900s", a.StatusCode, a.body)
	}
	books, err := f.Bank.Books(ctx, actorOf(t, f, "officer"))
	if err != nil || len(books.Lines) != 2 {
		t.Fatal(books, err)
	}
	s1, s2 := "/fund/bank/lines/"+books.Lines[0].ID, "/fund/bank/lines/"+books.Lines[1].ID
	rule := fund.Terms{Title: "暂行办法", Document: "都建发〔2026〕3号", Rate: num.FromInt(2), Base: fund.BaseCost, DueBefore: fund.EventAcceptance, Years: 8, Starts: fund.EventFirstDelivery, Rounding: fund.RoundFen}
	rule.Days.From = calendar.Year(2026).Span().First
	officer, chief := actorOf(t, f, "officer"), actorOf(t, f, "chief")
	if _, err = f.Fund.ProposeRule(ctx, officer, rule, nil); err == nil {
		err = f.Fund.AdoptRule(ctx, chief, "r1", nil)
	}
	if err == nil {
		_, err = f.Fund.Assess(ctx, officer, project, fund.AssessInput{Phase: "一期", Cost: 100_000_000, Day: calendar.Year(2026).Span().First.Add(280)}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	pay := func(receipt, key string) []string {
		return []string{"project", project, "due", "d1", "receipt-" + project + "d1", receipt, "key", key}
	}
	run([]scenario{
		{name: "a proposal", role: "cashier", path: s1, status: 200, contains: []string{"一期应缴，还差 20,000.00 元", "金额等于还差的数", "登记收款并匹配", "分摊利息"}},
		{name: "an officer looks", role: "officer", path: s1, status: 200, contains: []string{"一期应缴"}, excludes: []string{"登记收款并匹配"}},
		{name: "a line that is none", role: "cashier", path: "/fund/bank/lines/none", status: 404},
		{name: "no receipt", role: "cashier", method: "POST", path: s1 + "/pay", form: pairs(pay("", "k1")...), status: 422, contains: []string{"请填写票据号码"}},
		{name: "an entry that is none", role: "cashier", method: "POST", path: s1 + "/match", form: pairs("project", project, "no", "99"), status: 404},
		{name: "the form of a split", role: "cashier", path: s1 + "/split", status: 200, contains: []string{"分到几笔应缴", "还有 20,000.00 元没有匹配", "望湖苑一期，还差 20,000.00 元"}},
		{name: "an officer splits nothing", role: "officer", path: s1 + "/split", status: 403},
		{name: "parts that do not add up", role: "cashier", method: "POST", path: s1 + "/split", form: pairs("due-1", project+"/d1", "amount-1", "19999.99", "receipt-1", "赣财0001"), status: 422, contains: []string{"相差 −0.01 元", "19999.99"}},
		{name: "a row without its amount due", role: "cashier", method: "POST", path: s1 + "/split", form: pairs("due-1", project+"/d1", "amount-1", "1", "receipt-1", "赣财0001", "amount-3", "5"), status: 422, contains: []string{"第 3 笔要选择是哪一笔应缴", `id="due-3-e"`}},
		{name: "rows keep their number", role: "cashier", method: "POST", path: s1 + "/split", form: pairs("due-2", project+"/d1", "amount-2", "20000", "receipt-2", ""), status: 422, contains: []string{"请填写票据号码", `id="receipt-2-e"`}},
		{name: "an officer books nothing", role: "officer", method: "POST", path: s1 + "/pay", form: pairs(pay("赣财0001", "k2")...), status: 403},
		{name: "paid", role: "cashier", method: "POST", path: s1 + "/pay", form: pairs(pay("赣财0001", "k3")...), status: 303, changes: 3},
		{name: "a double click", role: "cashier", method: "POST", path: s1 + "/pay", form: pairs(pay("赣财0001", "k3")...), status: 303},
		{name: "once only", role: "cashier", method: "POST", path: s1 + "/pay", form: pairs(pay("赣财0002", "k4")...), status: 422, contains: []string{"一行流水只能匹配一次"}},
		{name: "matched", role: "officer", path: s1, status: 200, contains: []string{"已匹配", "第 2 笔 缴存"}},
		{name: "days that cannot be", role: "cashier", path: s2 + "/divide?from=2026-09-20&until=2026-06-21", status: 422, contains: []string{"止日不能早于起日"}},
		{name: "a division", role: "cashier", path: s2 + "/divide?from=2026-06-21&until=2026-09-20", status: 200, contains: []string{"100.07 元分给 1 个小区", "确认并入账", "积数"}},
		{name: "another than was looked at", role: "cashier", method: "POST", path: s2 + "/divide", form: pairs("from", "2026-06-21", "until", "2026-09-20", "digest", "x"), status: 422, contains: []string{"重新核对"}},
		{name: "nothing to finish", role: "cashier", method: "POST", path: s2 + "/finish", form: pairs("key", "f1"), status: 404},
		{name: "a month that is none", role: "cashier", path: "/fund/bank/months/2026-13", status: 404},
		{name: "the month", role: "cashier", path: "/fund/bank/months/2026-09", status: 200, contains: []string{"2026年9月对账月报", "编制月报", "结息"}},
		{name: "prepared", role: "cashier", method: "POST", path: "/fund/bank/months/2026-09/prepare", form: pairs("key", "m1"), status: 303, changes: 1},
		{name: "prepared and unchanged", role: "cashier", method: "POST", path: "/fund/bank/months/2026-09/prepare", form: pairs("key", "m2"), status: 422, contains: []string{"没有变动"}},
		{name: "a cashier closes nothing", role: "cashier", method: "POST", path: "/fund/bank/months/2026-09/close", form: pairs("key", "c0"), status: 403},
	})
	shown := cashier.get(t, s2+"/divide?from=2026-06-21&until=2026-09-20")
	digest := regexp.MustCompile(`name="digest" value="([0-9a-f]+)"`).FindStringSubmatch(shown.body)
	if digest == nil {
		t.Fatal(shown.body)
	}
	run([]scenario{
		{name: "divided", role: "cashier", method: "POST", path: s2 + "/divide", form: pairs("from", "2026-06-21", "until", "2026-09-20", "digest", digest[1]), status: 303, changes: 3},
		{name: "nothing is open", role: "officer", path: "/fund/bank", status: 200, contains: []string{"全部匹配"}},
		{name: "the books changed", role: "chief", method: "POST", path: "/fund/bank/months/2026-09/close", form: pairs("key", "c1"), status: 422, contains: []string{"重新编制"}},
		{name: "prepared again", role: "cashier", method: "POST", path: "/fund/bank/months/2026-09/prepare", form: pairs("key", "m3"), status: 303, changes: 1},
		{name: "closed", role: "chief", method: "POST", path: "/fund/bank/months/2026-09/close", form: pairs("key", "c2"), status: 303, changes: 1},
		{name: "frozen", role: "officer", path: "/fund/bank/months/2026-09", status: 200, contains: []string{"已关账", "期末差额 0.00 元", "data-print", "<script"}},
		{name: "not for a project", role: "developer", path: "/fund/bank/months/2026-09", status: 404},
		{name: "the list as Excel", role: "officer", path: "/fund/bank.xlsx", status: 200},
		{name: "the month as Excel", role: "officer", path: "/fund/bank/months/2026-09/report.xlsx", status: 200},
	})
	if m, err := f.Bank.Months(ctx, officer); err != nil || len(m) != 1 || m[0].State != bank.MonthClosed {
		t.Error(m, err)
	}
}
