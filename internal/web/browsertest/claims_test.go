package browsertest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// claimElsewhere are the pages of claims and refunds, which TestJourney9 opens.
var claimElsewhere = []string{"/fund/claims", "/fund/claims/new", "/fund/claims/1", "/fund/claims/1/print/notice", "/fund/refunds", "/fund/refunds/1", "/fund/refunds/1/print/notice"}

// caseTab is a tab at one case, for whoever is signed in.
type caseTab struct {
	*tab
	f    *Fixture
	t    *testing.T
	page string
	file string
	who  string
}

// as signs somebody in and opens the case.
func (c *caseTab) as(login string) *caseTab {
	c.t.Helper()
	if c.who != login {
		signIn(c.t, c.tab, c.f, login, Password)
		c.who = login
	}
	c.open(c.t, c.f.Base+c.page, 390, 844)
	return c
}

// send fills the form of a step and sends it; the fields are those of the form without the step before them, paper is always attached where it is asked for.
func (c *caseTab) send(step string, values ...string) {
	c.t.Helper()
	form := `form[action$="/` + step + `"]`
	value[bool](c.t, c.tab, `(document.querySelectorAll("details").forEach(d=>d.open=true),true)`)
	for i := 0; i+1 < len(values); i += 2 {
		c.do(c.t, chromedp.SetValue("#"+step+"-"+values[i], values[i+1]))
	}
	if value[bool](c.t, c.tab, `!!document.querySelector('`+form+` input[type=file]')`) {
		c.do(c.t, chromedp.SetUploadFiles("#"+step+"-paper", []string{c.file}))
	}
	c.sent(form + " button")
}

// sent presses a button and waits for the answer.
func (c *caseTab) sent(button string) {
	c.t.Helper()
	value[bool](c.t, c.tab, `(window.before=true)`)
	c.press(c.t, button)
	c.until(c.t, `!window.before`)
}

// agree signs at one's level.
func (c *caseTab) agree() {
	c.t.Helper()
	c.do(c.t, chromedp.SetValue("#current", Password))
	c.sent(`#sign button[value="agree"]`)
}

// letter sends the bureau's next letter through its approval; the head of the section signs it on the phone.
func (c *caseTab) letter() {
	c.t.Helper()
	c.as("officer").send("letter")
	c.as("chief")
	c.agree()
	c.says(c.t, "已签署")
}

// payByStatement lets the developer pay two amounts due in one transfer: the cashier enters the bank account, imports the statement after a look at it, and splits the line among them.
func (c *caseTab) payByStatement(project string, day calendar.Date) {
	t := c.t
	t.Helper()
	c.page = "/fund/bank/accounts/new"
	c.as("cashier")
	c.do(t, chromedp.SetValue("#name", "保修金专户"), chromedp.SetValue("#bank", "都昌农商银行（演示）"), chromedp.SetValue("#number", "6222000011112222"))
	c.sent("main form button")
	statement := filepath.Join(t.TempDir(), "对账单.csv")
	text := fmt.Sprintf("交易日期,收入金额,支出金额,余额,流水号,对方户名,摘要\n%s,1500.00,,1500.00,J9,某置业,保修金\n", day)
	if err := os.WriteFile(statement, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c.page = "/fund/bank/import"
	c.as("cashier")
	c.do(t, chromedp.SetUploadFiles("#file", []string{statement}))
	c.sent(`main form button[value="try"]`)
	c.says(t, "余额核对一致", "新的 1 行")
	c.sent(`main form button[value="import"]`)
	c.says(t, "已导入", "某置业")
	c.page = value[string](t, c.tab, `document.querySelector('main a[href^="/fund/bank/lines/"]').getAttribute("href")`)
	c.as("cashier")
	c.page += "/split"
	c.as("cashier")
	c.do(t, chromedp.SetValue("#due-1", project+"/d1"), chromedp.SetValue("#amount-1", "1000.00"), chromedp.SetValue("#receipt-1", "赣财往来20260009"))
	c.do(t, chromedp.SetValue("#due-2", project+"/d2"), chromedp.SetValue("#amount-2", "499.99"), chromedp.SetValue("#receipt-2", "赣财往来20260010"))
	c.sent("main form button")
	c.says(t, "相差 −0.01 元")
	c.lookAt(t, "fund-bank-split", 422)
	c.do(t, chromedp.SetValue("#amount-2", "500.00"))
	c.sent("main form button")
	c.says(t, "已按各笔应缴登记收款", "全部匹配")
}

// TestJourney9 follows the guarantee fund in the browser, all on a phone: the developer pays, which comes in by the bank's statement, a claim goes from the notice to the payment and to the dunning, and after
// eight years the rest is refunded in spite of an objection that was settled.
func TestJourney9(t *testing.T) {
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	conf, csv := readConfig(t, "roles.conf"), readConfig(t, "roles.csv")
	f := Serve(t, engine(t), now, func(ctx context.Context, db *store.DB) (*Fixture, error) { return Start(ctx, db, now, conf, csv, 1) })
	_, developer, project := fillRegister(t, f)
	fillFund(t, f, project)
	for login, ap := range map[string]policy.Appointment{
		"officer": {Role: "property_officer", Unit: policy.County, Scopes: []string{policy.County}}, "chief": {Role: "section_chief", Unit: policy.County, Scopes: []string{policy.County}},
		"cashier": {Role: "cashier", Unit: policy.County, Scopes: []string{policy.County}}, "owners": {Role: "owners_committee", Scopes: []string{policy.ProjectKey(project)}},
		"firm": {Role: "firm_manager", Scopes: []string{policy.ProjectKey(project)}}, "community": {Role: "community_worker", Scopes: []string{policy.ProjectKey(project)}},
		"builder": {Role: "developer", Scopes: []string{policy.DeveloperKey(developer)}},
	} {
		if err := f.Appoint(t.Context(), login, "陈静", ap); err != nil {
			t.Fatal(err)
		}
	}
	c := &caseTab{tab: newTab(t, browser(t)), f: f, t: t, file: photoFile(t, "照片.png", 40)}
	// A session does not outlive the days that pass.
	forward := func(days int) { ahead.Add(int64(days) * int64(24*time.Hour)); c.who = "" }
	ledger := "/fund/" + project
	today := func() calendar.Date { return calendar.DateOf(noon.Add(time.Duration(ahead.Load()))) }

	c.payByStatement(project, today())

	// The owners' committee drafts the notice; what is missing is named and what was typed stays.
	c.page = "/fund/claims/new?project=" + project
	c.as("owners")
	c.shoot(t, "claim-new-390")
	c.do(t, chromedp.SetValue("#part", "waterproof"), chromedp.SetValue("#where", "3幢屋面"), chromedp.SetValue("#defect", "顶层雨天渗漏"), chromedp.SetValue("#completed", "2024-05-31"), chromedp.SetValue("#delivered", "2024-06-30"))
	c.sent("main form button")
	c.says(t, "请上传看得出缺陷的照片")
	c.do(t, chromedp.SetUploadFiles("#paper", []string{c.file}))
	c.sent("main form button")
	c.says(t, "已起草", "打印保修通知书送达建设单位")
	c.page = value[string](t, c.tab, "location.pathname")
	c.open(t, f.Base+c.page+"/print/notice", 1440, 900)
	c.lookAt(t, "claim-notice", 200)
	c.as("owners").send("deliver", "number", "保修〔2026〕1号", "day", today().String(), "text", "直接送达，签收")
	c.as("builder").send("answer", "text", "材料到场后维修")
	forward(6)
	c.letter()
	c.as("officer").send("urge", "number", "督〔2026〕1号", "day", today().String())
	c.says(t, "督促中")
	forward(16)
	c.as("owners").send("file", "amount", "20000.00")
	c.says(t, "还缺“预算书”")
	c.as("owners").send("attach", "choice", "budget")
	c.as("owners").send("file", "amount", "20000.00")
	c.says(t, "待核查")
	c.as("officer").send("check", "amount", "18000.00", "day", today().String(), "text", "渗漏属实")
	c.as("officer").send("send")
	// Who prepared it finds no form to sign, and his own request is refused with the reason.
	if value[bool](t, c.tab, `!!document.querySelector("#sign")`) {
		t.Error("the officer is offered to sign what he prepared")
	}
	id := c.page[len("/fund/claims/"):]
	doc, err := f.Claims.One(t.Context(), registerStaff, id)
	if err != nil {
		t.Fatal(err)
	}
	answer := value[string](t, c.tab, fmt.Sprintf(`fetch(%q,{method:"POST",body:new URLSearchParams({_t:document.querySelector("[name=_t]").value,seq:"%d",hash:%q,move:"agree",current:%q})}).then(r=>r.text())`,
		c.page+"/sign", doc.Seq, doc.State.Approval.SubjectHash, Password), chromedp.EvalAwaitPromise)
	if !strings.Contains(answer, "由你经办，审批必须由另一人完成") {
		t.Errorf("signed by who prepared it: %.600s", answer)
	}
	c.as("chief")
	c.lookAt(t, "claim-sign", 200)
	c.agree()
	c.says(t, "维修中")
	c.as("owners").send("attach", "choice", "final")
	c.as("owners").send("account", "amount", "15000.00", "day", today().String(), "text", "小区南门公示栏")
	c.says(t, "决算公示中")
	c.as("officer").send("review", "day", today().String(), "text", "工程量和票据相符")
	c.says(t, "公示期满后由出纳支付")
	if c.as("cashier"); value[bool](t, c.tab, `!!document.querySelector('form[action$="/pay"]')`) {
		t.Error("the cashier can pay before the account was shown its days")
	}
	forward(8)
	c.as("cashier").send("pay", "number", "付字第9号")
	c.says(t, "待通知补存")
	c.letter()
	c.as("officer").send("ask", "number", "补〔2026〕1号", "day", today().String())
	forward(15)
	if c.as("officer"); value[bool](t, c.tab, `!!document.querySelector('form[action$="/dun"]')`) {
		t.Error("the officer can dun on day 15")
	}
	forward(1)
	c.as("officer")
	c.open(t, f.Base+"/todo", 390, 844)
	c.says(t, "催缴函送审")
	c.letter()
	c.as("officer").send("dun", "number", "催〔2026〕1号")
	c.says(t, "催缴函")
	c.lookAt(t, "claim-dunned", 200)
	c.open(t, f.Base+"/fund/claims?q=屋面", 390, 844)
	c.lookAt(t, "claims", 200)

	// Eight years later. The court's order has ended.
	releaseCourt(t, f, project)
	forward(8 * 365)
	c.page = ledger
	c.as("officer")
	c.sent(`form[action="/fund/refunds/new"] button`)
	c.says(t, "联合查验")
	c.page = value[string](t, c.tab, "location.pathname")
	for _, login := range []string{"owners", "firm", "community", "officer"} {
		c.as(login).send("check", "choice", "clean", "text", "没有未修复的缺陷")
	}
	c.as("officer").send("show", "day", today().String(), "text", "小区南门公示栏")
	c.says(t, "退还公示中")
	c.open(t, f.Base+c.page+"/print/notice", 1440, 900)
	c.lookAt(t, "refund-notice", 200)
	c.as("owners").send("object", "text", "北门围墙开裂")
	c.says(t, "异议：北门围墙开裂")
	forward(31)
	c.as("officer").send("settle", "choice", "o1", "text", "建设单位已修好围墙")
	c.as("officer").send("send")
	c.as("chief").agree()
	c.says(t, "待退还")
	c.as("cashier").send("pay", "number", "付字第10号")
	c.says(t, "已退还")
	c.lookAt(t, "refund-paid", 200)
	c.open(t, f.Base+"/fund/refunds", 390, 844)
	c.lookAt(t, "refunds", 200)
	if ledgers, _, err := f.Fund.Audit(t.Context(), nil); err != nil || ledgers != 1 {
		t.Errorf("%d ledgers, %v", ledgers, err)
	}
}

// releaseCourt ends the freeze of fillFund.
func releaseCourt(t *testing.T, f *Fixture, project string) {
	t.Helper()
	by := policy.Actor{ID: "other", Appointments: []policy.Appointment{{Role: "section_chief", Scopes: []string{policy.County}}}}
	st, err := f.Fund.Statement(t.Context(), by, project)
	if err != nil {
		t.Fatal(err)
	}
	last := st.Movements[len(st.Movements)-1]
	for _, m := range st.Movements {
		if m.Kind == fund.EntryFreeze {
			last = m
		}
	}
	order := fund.CourtOrder{Freeze: last.Ref, Court: "都昌县人民法院（演示）", Document: "（2026）赣0428执13号", Fen: last.Fen, Day: calendar.DateOf(noon), Paper: *last.Paper}
	if _, err := f.Fund.Release(t.Context(), by, project, order, nil); err != nil {
		t.Fatal(err)
	}
}
