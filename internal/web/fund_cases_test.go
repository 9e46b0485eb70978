package web_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/dunning"
	"redsteward/registry/fund/refund"
)

// fundCases gives a project an account with 20,000.00 yuan by a rule that gives a fifth back after seven years, which have passed; the clock can be moved.
func fundCases(t *testing.T) (f *browsertest.Fixture, project string, forward func(days int)) {
	t.Helper()
	var ahead atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	f = browsertest.Serve(t, engine(t), browsertest.FixtureClocks(now).Business, func(ctx context.Context, db *store.DB) (*browsertest.Fixture, error) {
		return browsertest.Start(ctx, db, now, readConfig(t, "roles.conf"), readConfig(t, "roles.csv"), 3)
	})
	_, project = fill(t, f)
	fundStaff(t, f, project)
	for login, ap := range map[string]policy.Appointment{"second": {Role: "property_officer", Scopes: []string{policy.County}}, "firm": {Role: "firm_manager", Scopes: []string{policy.ProjectKey(project)}},
		"community": {Role: "community_worker", Scopes: []string{policy.ProjectKey(project)}}} {
		if err := f.Appoint(t.Context(), login, "测试人员", ap); err != nil {
			t.Fatal(err)
		}
	}
	ctx, officer, cashier := t.Context(), actorOf(t, f, "officer"), actorOf(t, f, "cashier")
	slip, err := f.Claims.Keeper.Take(ctx, store.Meta{By: cashier.ID, Action: "fund.book"}, "回单.png", bytes.NewReader(picture(t, 9)), files.PNG)
	if err != nil {
		t.Fatal(err)
	}
	begun := f.Refunds.Today().AddMonths(-12 * 7).Add(-1)
	rule := fund.Terms{Title: "分期办法", Document: "都建发〔2018〕5号", Rate: num.FromInt(2), Base: fund.BaseCost, DueBefore: fund.EventAcceptance, Years: 9, Starts: fund.EventFirstDelivery,
		Stages: []fund.Stage{{After: 7, Percent: num.FromInt(20)}}, Rounding: fund.RoundFen, Days: policy.Span{From: begun.Add(-400)}}
	if _, err = f.Fund.ProposeRule(ctx, officer, rule, nil); err == nil {
		err = f.Fund.AdoptRule(ctx, actorOf(t, f, "chief"), "r1", nil)
	}
	if err == nil {
		_, err = f.Fund.Assess(ctx, officer, project, fund.AssessInput{Phase: "一期", Cost: 100_000_000, Day: begun, Begun: begun}, nil)
	}
	if err == nil {
		_, err = f.Fund.Pay(ctx, cashier, project, fund.Money{Due: "d1", Fen: 2_000_000, Day: begun, Receipt: "赣财0001", Paper: slip}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	return f, project, func(days int) { ahead.Add(int64(days) * int64(24*time.Hour)) }
}

// received is a picture as a form hands it to a service.
func received(t *testing.T, f *browsertest.Fixture) *files.Upload {
	t.Helper()
	up, err := f.Claims.Keeper.Receive("照片.png", bytes.NewReader(picture(t, 11)), files.PNG)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = up.Close() })
	return up
}

// urgentClaim is a claim in its approval: the danger is confirmed, 1,000.00 yuan are held.
func urgentClaim(t *testing.T, f *browsertest.Fixture, project string) string {
	t.Helper()
	ctx := t.Context()
	from := f.Claims.Today().Add(-300)
	doc, err := f.Claims.Open(ctx, actorOf(t, f, "committee"), claim.Opening{Project: project, Part: "waterproof", Where: "3幢屋面", Defect: "女儿墙开裂", Danger: "随时可能坠落", Completed: from, Delivered: from, Photo: received(t, f)})
	if err == nil {
		_, err = f.Claims.Do(ctx, actorOf(t, f, "officer"), casework.At{ID: doc.ID, Seq: doc.Seq}, claim.StepUrgent, casework.Input{Day: f.Claims.Today(), Fen: 100_000, Text: "险情属实"})
	}
	if err != nil {
		t.Fatal(err)
	}
	return doc.ID
}

// stageRefund leads the first stage through the pages to its approval.
func stageRefund(t *testing.T, f *browsertest.Fixture, project string, forward func(int)) string {
	t.Helper()
	people := map[string]*person{}
	ledger := "/fund/" + project
	begin := func(change ...string) []string {
		return append([]string{"project", project, "due", "d1", "stage", "1", "key", "r1"}, change...)
	}
	for _, s := range []scenario{
		{name: "the ledger offers the stage", role: "officer", path: ledger, status: 200, contains: []string{"满 7 年退还 20%（都建发〔2018〕5号）", "开始一期的第 1 次分期退还", "满 7 年退 20%"}, excludes: []string{"开始一期的退还办理"}},
		{name: "not to the committee", role: "committee", path: ledger, status: 200, contains: []string{"满 7 年退 20%"}, excludes: []string{"分期退还</button>"}},
		{name: "the end is far", role: "officer", method: "POST", path: "/fund/refunds/new", form: pairs(begin("stage", "0")...), status: 409, contains: []string{"届满前 90 日"}},
		{name: "no stage", role: "officer", method: "POST", path: "/fund/refunds/new", form: pairs(begin("stage", "一")...), status: 404},
		{name: "a cashier begins nothing", role: "cashier", method: "POST", path: "/fund/refunds/new", form: pairs(begin()...), status: 403},
		{name: "begun", role: "officer", method: "POST", path: "/fund/refunds/new", form: pairs(begin()...), status: 303, changes: 1},
		{name: "begun twice", role: "officer", method: "POST", path: "/fund/refunds/new", form: pairs(begin("key", "r2")...), status: 409, contains: []string{"已经在办退还"}},
		{name: "in the list", role: "officer", path: "/fund/refunds", status: 200, contains: []string{"一期保修金第 1 次分期退还，分期退还的年限到"}},
	} {
		s.run(t, f, people)
	}
	ctx := t.Context()
	list, err := f.Refunds.List(ctx, actorOf(t, f, "officer"), casework.Filter{Project: project}, false, "")
	if err != nil || len(list.Docs) != 1 {
		t.Fatal(list, err)
	}
	doc := list.Docs[0]
	step := func(login string, do refund.Step) {
		t.Helper()
		in := casework.Input{Day: f.Refunds.Today(), Text: "没有发现问题", Choice: "clean"}
		if do == refund.StepShow {
			in.Upload = received(t, f)
		}
		if doc, err = f.Refunds.Do(ctx, actorOf(t, f, login), casework.At{ID: doc.ID, Seq: doc.Seq}, do, in); err != nil {
			t.Fatal(login, do, err)
		}
	}
	for _, login := range []string{"committee", "firm", "community", "officer"} {
		step(login, refund.StepCheck)
	}
	scenario{name: "every side found nothing", role: "officer", path: "/todo", status: 200, contains: []string{"联合查验已通过，公示退还"}}.run(t, f, people)
	officer := newPerson(t, f).signIn(t, "officer")
	before := changes(t, f)
	a := officer.scanned(t, "/fund/refunds/"+doc.ID+"/show", pairs("seq", fmt.Sprint(doc.Seq), "show-day", "十月", "show-text", ""))
	if a.StatusCode != 422 || !containsAll(a.body, []string{"“十月”不是日期", `id="show-day-e"`, `id="show-text-e"`}) || changes(t, f) != before {
		t.Errorf("what cannot be read and what lacks are told together: %d, %.1500s", a.StatusCode, a.body)
	}
	step("officer", refund.StepShow)
	forward(31)
	// The notice has hung its days: nobody is late.
	for _, path := range []string{"/fund/refunds", "/fund/refunds/" + doc.ID} {
		scenario{name: "hung long enough", role: "officer", path: path, status: 200, contains: []string{"公示期满"}, excludes: []string{"</svg>逾期", ">逾期", "逾期 1"}}.run(t, f, map[string]*person{})
	}
	step("officer", refund.StepSend)
	newPerson(t, f).signIn(t, "officer").paper(t, "/fund/refunds/"+doc.ID+"/print/review", "退还审核表", "望湖苑", "第 1 次分期退还", "没有发现问题", "公示期异议", "0 条", "4,000.00 元", "内容校验值", "审核人签名")
	if a := newPerson(t, f).signIn(t, "elsewhere").get(t, "/fund/refunds/"+doc.ID+"/print/review"); a.StatusCode != 404 {
		t.Errorf("another developer reads it: %d", a.StatusCode)
	}
	return doc.ID
}

// TestPapersOfCases records the signature under a claim and under a refund on paper through the pages: what is wrong with the form is named beside its field and writes nothing, another person looks at the scan.
func TestPapersOfCases(t *testing.T) {
	f, project, forward := fundCases(t)
	refunded := stageRefund(t, f, project, forward)
	claimed := urgentClaim(t, f, project)
	people := map[string]*person{}
	chief := actorOf(t, f, "chief").ID
	stateOf := func(path string) (seq int64, hash, state string) {
		t.Helper()
		if id, is := strings.CutPrefix(path, "/fund/claims/"); is {
			doc, err := f.Claims.One(t.Context(), actorOf(t, f, "officer"), id)
			if err != nil {
				t.Fatal(err)
			}
			return doc.Seq, doc.State.Approval.SubjectHash, string(doc.State.State)
		}
		doc, err := f.Refunds.One(t.Context(), actorOf(t, f, "officer"), strings.TrimPrefix(path, "/fund/refunds/"))
		if err != nil {
			t.Fatal(err)
		}
		return doc.Seq, doc.State.Approval.SubjectHash, string(doc.State.State)
	}
	for _, tt := range []struct {
		path, next string
		contains   []string
	}{
		{"/fund/claims/" + claimed, string(claim.Repairing), []string{"3幢屋面"}},
		{"/fund/refunds/" + refunded, string(refund.Approved), []string{"第 1 次分期退还", "4,000.00 元", "16,000.00 元", "继续存储", "满 7 年退还 20%（都建发〔2018〕5号）"}},
	} {
		seq, hash, before := stateOf(tt.path)
		page := func(name, login string, status int, contains, excludes []string) {
			t.Helper()
			scenario{name: tt.path + " " + name, role: login, path: tt.path, status: status, contains: contains, excludes: excludes}.run(t, f, people)
		}
		page("the form", "officer", 200, append(tt.contains, "登记纸质签字", "测试人员"), []string{"核对签字件"})
		page("not for the committee", "committee", 200, nil, []string{"登记纸质签字"})
		page("not for another developer", "elsewhere", 404, nil, nil)
		type change struct{ name, value string }
		record := func(login string, scan []attachment, changed ...change) answer {
			t.Helper()
			v := pairs("seq", fmt.Sprint(seq), "hash", hash, "signer", chief, "signed_on", f.Claims.Today().String(), "current", browsertest.Password)
			for _, c := range changed {
				v.Set(c.name, c.value)
			}
			return people[login].scanned(t, tt.path+"/paper", v, scan...)
		}
		scan := []attachment{{"签字件.png", picture(t, 21)}}
		for _, bad := range []struct {
			name, login string
			scan        []attachment
			changed     []change
			status      int
			said        []string
		}{
			{"no scan", "officer", nil, nil, 422, []string{"请上传签字件扫描件"}},
			{"a scan that is none", "officer", []attachment{{"签字件.png", []byte("#!/bin/sh")}}, nil, 422, []string{"签字件.png"}},
			{"nobody signed", "officer", scan, []change{{"signer", ""}}, 422, []string{"请选择在纸上签字的人", `id="signer-e"`}},
			{"a day that is none", "officer", scan, []change{{"signed_on", "10月9日"}}, 422, []string{"10月9日", `id="signed_on-e"`}},
			{"a wrong password", "officer", scan, []change{{"current", "x"}}, 422, []string{"密码不正确"}},
			{"for whom it does not wait", "officer", scan, []change{{"signer", actorOf(t, f, "second").ID}}, 403, nil},
			{"another content", "officer", scan, []change{{"hash", "sha256:" + strings.Repeat("0", 64)}}, 409, nil},
			{"a page that was overtaken", "officer", scan, []change{{"seq", fmt.Sprint(seq - 1)}}, 409, []string{"刚被别人办过"}},
			{"the committee records nothing", "committee", scan, nil, 403, nil},
		} {
			n := changes(t, f)
			a := record(bad.login, bad.scan, bad.changed...)
			if a.StatusCode != bad.status || !containsAll(a.body, bad.said) || changes(t, f) != n {
				t.Errorf("%s %s: %d, %d changes, %.1500s", tt.path, bad.name, a.StatusCode, changes(t, f)-n, a.body)
			}
			if bad.status == 422 && !strings.Contains(a.body, `<details class="sec" open><summary>登记纸质签字`) {
				t.Errorf("%s %s: the form is not open", tt.path, bad.name)
			}
		}
		if a := record("officer", scan); a.StatusCode != 303 || a.Header.Get("Location") != tt.path+"?done=paper" {
			t.Fatalf("%s: %d %.1500s", tt.path, a.StatusCode, a.body)
		}
		seq, _, state := stateOf(tt.path)
		if state != before {
			t.Errorf("%s: one person's scan made it %s", tt.path, state)
		}
		page("who recorded it", "officer", 200, []string{"签字件 1"}, []string{"核对签字件", "登记纸质签字"})
		page("another person", "second", 200, []string{"核对签字件", tt.path + "/files/scan-1"}, nil)
		shown := people["second"].get(t, tt.path)
		_, after, found := strings.Cut(shown.body, `name="scan" value="`)
		file, _, _ := strings.Cut(after, `"`)
		if !found {
			t.Fatalf("%s: no scan to look at: %.3000s", tt.path, shown.body)
		}
		look := func(name, login, move, password string, status int, changes int64, said ...string) {
			t.Helper()
			form := pairs("seq", fmt.Sprint(seq), "hash", hash, "scan", file, "move", move, "current", password)
			scenario{name: tt.path + " " + name, role: login, method: "POST", path: tt.path + "/sign", form: form, status: status, contains: said, changes: changes}.run(t, f, people)
		}
		scenario{name: tt.path + " the scan", role: "second", path: tt.path + "/files/scan-1", status: 200}.run(t, f, people)
		scenario{name: tt.path + " a scan that is none", role: "second", path: tt.path + "/files/scan-2", status: 404}.run(t, f, people)
		look("who recorded it looks", "officer", "confirm_paper", browsertest.Password, 403, 0)
		look("who signed it looks", "chief", "confirm_paper", browsertest.Password, 403, 0)
		look("a wrong password", "second", "confirm_paper", "x", 422, 0, "密码不正确")
		look("looked at", "second", "confirm_paper", browsertest.Password, 303, 1)
		if _, _, state := stateOf(tt.path); state != tt.next {
			t.Errorf("%s: after the second look %s", tt.path, state)
		}
	}
	// Both stand in the list of who signed on paper, for who may see what was signed.
	scenario{name: "signed on paper", role: "officer", path: "/approvals/paper", status: 200, contains: []string{"纸质签字登记", refunded, claimed, "已核对", "测试人员"}, excludes: []string{"待核对</span>"}}.run(t, f, people)
	scenario{name: "none waits", role: "officer", path: "/approvals/paper?look=waits", status: 200, contains: []string{"没有符合条件的"}}.run(t, f, people)
	scenario{name: "not for a firm", role: "committee", path: "/approvals/paper", status: 403}.run(t, f, people)
	if _, sheets := workbook(t, people["officer"].get(t, "/approvals/paper.xlsx")); !containsAll(fmt.Sprint(sheets), []string{"纸上签字人", "望湖苑", "已核对"}) {
		t.Error(sheets)
	}
	testClaimPapers(t, f, project, claimed, forward)
}

// testClaimPapers leads a claim from its repair to the letter that duns the developer, and has another one refused: the notice to replenish, the letter and the refusal, on the page and as documents.
func testClaimPapers(t *testing.T, f *browsertest.Fixture, project, id string, forward func(int)) {
	t.Helper()
	ctx := t.Context()
	var doc store.Doc[claim.Claim]
	reload := func() {
		t.Helper()
		var err error
		if doc, err = f.Claims.One(ctx, actorOf(t, f, "officer"), id); err != nil {
			t.Fatal(err)
		}
	}
	do := func(login string, step claim.Step, choice, number string) {
		t.Helper()
		reload()
		in := casework.Input{Day: f.Claims.Today(), Fen: 90_000, Number: number, Text: "现场情况属实", Choice: choice, Upload: received(t, f)}
		if _, err := f.Claims.Do(ctx, actorOf(t, f, login), casework.At{ID: id, Seq: doc.Seq}, step, in); err != nil {
			t.Fatal(login, step, err, fault.FieldsOf(err))
		}
		reload()
	}
	sign := func(move policy.ApprovalMove, reason string) {
		t.Helper()
		reload()
		if _, err := f.Claims.Sign(ctx, actorOf(t, f, "chief"), casework.At{ID: id, Seq: doc.Seq}, policy.Sign{Move: move, Reason: reason, SubjectHash: doc.State.Signing().SubjectHash}, browsertest.Password); err != nil {
			t.Fatal(err)
		}
		reload()
	}
	officer := func() *person { return newPerson(t, f).signIn(t, "officer") }
	page := "/fund/claims/" + id
	for _, d := range f.Claims.Rules.Documents {
		do("committee", claim.StepAttach, d.ID, "") // the danger let the claim begin without
	}
	do("committee", claim.StepAccount, "", "")
	do("second", claim.StepReview, "", "")
	forward(8)
	if a := officer().get(t, page+"/print/ask"); a.StatusCode != 404 {
		t.Errorf("nothing is paid, and replenishing is asked: %d", a.StatusCode)
	}
	do("cashier", claim.StepPay, "", "转0001")
	do("officer", claim.StepLetter, "", "")
	sign(policy.MoveAgree, "")
	officer().paper(t, page+"/print/ask", "补存通知书", "望湖苑", "3幢屋面", "女儿墙开裂", "900.00")
	do("officer", claim.StepAsk, "", "都建保〔2026〕91号")
	officer().paper(t, page+"/print/ask", "都建保〔2026〕91号")
	forward(16)
	do("officer", claim.StepLetter, "", "")
	sign(policy.MoveAgree, "")
	do("officer", claim.StepDun, "", "都建催〔2026〕91号")
	officer().paper(t, page+"/print/dun", "催缴函", "都建催〔2026〕91号", "望湖苑", "3幢屋面", "900.00")
	if a := newPerson(t, f).signIn(t, "elsewhere").get(t, page+"/print/dun?as=docx"); a.StatusCode != 404 {
		t.Errorf("another developer opens it: %d", a.StatusCode)
	}

	id = urgentClaim(t, f, project)
	page = "/fund/claims/" + id
	sign(policy.MoveRefuse, "不属于保修范围")
	officer().paper(t, page+"/print/refusal", "不予使用通知书", "望湖苑", "不属于保修范围")
}

// TestDunningPages lets a letter about a late deposit be drafted on the page of the account, signed, delivered and found again: in the to-do, the list, Excel, the ageing, and printed.
func TestDunningPages(t *testing.T) {
	f, project, _ := fundCases(t)
	ctx, people := t.Context(), map[string]*person{}
	officer := actorOf(t, f, "officer")
	if _, err := f.Fund.Assess(ctx, officer, project, fund.AssessInput{Phase: "二期", Cost: 50_000_000, Day: f.Dunnings.Today().Add(-20)}, nil); err != nil {
		t.Fatal(err)
	}
	ledger := "/fund/" + project
	form := func(due, key string) url.Values { return pairs("project", project, "due", due, "key", key) }
	for _, s := range []scenario{
		{name: "the account offers the letter", role: "officer", path: ledger, status: 200, contains: []string{"起草二期的催缴通知书"}, excludes: []string{"起草一期的催缴通知书"}},
		{name: "not to the committee", role: "committee", path: ledger, status: 200, excludes: []string{"起草二期的催缴通知书"}},
		{name: "a cashier drafts nothing", role: "cashier", method: "POST", path: "/fund/dunnings/new", form: form("d2", "dun1"), status: 403},
		{name: "an amount that is paid", role: "officer", method: "POST", path: "/fund/dunnings/new", form: form("d1", "dun0"), status: 409, contains: []string{"已经缴清"}},
		{name: "drafted", role: "officer", method: "POST", path: "/fund/dunnings/new", form: form("d2", "dun1"), status: 303, changes: 1},
		{name: "drafted twice", role: "officer", method: "POST", path: "/fund/dunnings/new", form: form("d2", "dun2"), status: 409, contains: []string{"已经在催缴"}},
		{name: "the account knows it", role: "officer", path: ledger, status: 200, contains: []string{"起草催缴通知", "10,000.00 元"}, excludes: []string{"起草二期的催缴通知书"}},
		{name: "to be sent through its approval", role: "officer", path: "/todo", status: 200, contains: []string{"催缴通知书送审", "二期还应缴 10,000.00 元", "一期分期退还 20%"}},
	} {
		s.run(t, f, people)
	}
	list, err := f.Dunnings.List(ctx, officer, casework.Filter{Project: project}, false, "")
	if err != nil || len(list.Docs) != 1 {
		t.Fatal(list, err)
	}
	doc := list.Docs[0]
	page := "/fund/dunnings/" + doc.ID
	step := func(do dunning.Step, in casework.Input) {
		t.Helper()
		if doc, err = f.Dunnings.Do(ctx, officer, casework.At{ID: doc.ID, Seq: doc.Seq}, do, in); err != nil {
			t.Fatal(do, err)
		}
	}
	newPerson(t, f).signIn(t, "officer").paper(t, ledger+"/print/d2", "保修金缴存通知书", "望湖苑", "二期", "应缴金额", "10,000.00 元", "缴存期限", "都建发〔2018〕5号")
	if a := newPerson(t, f).signIn(t, "elsewhere").get(t, ledger+"/print/d2"); a.StatusCode != 404 {
		t.Errorf("another developer opens the notice: %d", a.StatusCode)
	}
	scenario{name: "before it is signed", role: "officer", path: page + "/print/letter", status: 200, contains: []string{"催缴通知书（送审稿）", "10,000.00 元"}, excludes: []string{"滞纳金"}}.run(t, f, people)
	step(dunning.StepLetter, casework.Input{})
	scenario{name: "to be signed", role: "chief", path: "/todo", status: 200, contains: []string{"催缴通知书，签署"}}.run(t, f, people)
	if doc, err = f.Dunnings.Sign(ctx, actorOf(t, f, "chief"), casework.At{ID: doc.ID, Seq: doc.Seq}, policy.Sign{Move: policy.MoveAgree, SubjectHash: doc.State.Letter.Approval.SubjectHash}, browsertest.Password); err != nil {
		t.Fatal(err)
	}
	scenario{name: "to be delivered", role: "officer", path: "/todo", status: 200, contains: []string{"送达催缴通知书"}}.run(t, f, people)
	step(dunning.StepDeliver, casework.Input{Number: "都建催〔2026〕1号", Day: f.Dunnings.Today(), Text: "直接送达", Upload: received(t, f)})
	for _, s := range []scenario{
		{name: "the page", role: "officer", path: page, status: 200, contains: []string{"催缴中", "第 1 次催缴", "都建催〔2026〕1号", "核定时的规则没有滞纳金条款，不计算", "第 1 次送达"}},
		{name: "the proof", role: "officer", path: page + "/files/sent-1", status: 200},
		{name: "no such proof", role: "officer", path: page + "/files/sent-2", status: 404},
		{name: "printed", role: "officer", path: page + "/print/letter", status: 200, contains: []string{"都建催〔2026〕1号", "股长签发", "内容校验值"}, excludes: []string{"送审稿"}},
		{name: "no such paper", role: "officer", path: page + "/print/none", status: 404},
		{name: "another developer", role: "elsewhere", path: page, status: 404},
		{name: "the list", role: "officer", path: "/fund/dunnings?state=dunned", status: 200, contains: []string{"二期保修金，期限", "10,000.00"}},
		{name: "narrowed to nothing", role: "officer", path: "/fund/dunnings?state=settled", status: 200, contains: []string{"没有符合条件的"}},
		{name: "as Excel", role: "officer", path: "/fund/dunnings.xlsx", status: 200},
		{name: "its list leads to whom to urge", role: "officer", path: "/fund/dunnings", status: 200, contains: []string{"/urging?of=dunnings"}},
		{name: "to be urged", role: "officer", path: "/urging?of=dunnings", status: 200, contains: []string{"二期", "催缴后还没有缴清", "【催缴】下列新建物业质量保修金", page}},
		{name: "with phones", role: "officer", path: "/urging.xlsx?of=dunnings&as=csv", status: 200, contains: []string{"登记电话", "二期"}},
		{name: "the ageing", role: "officer", path: "/fund/ageing?group=dunned", status: 200, contains: []string{"催缴 1 次"}},
	} {
		s.run(t, f, people)
	}
	cashier := actorOf(t, f, "cashier")
	slip, err := f.Claims.Keeper.Keep(ctx, store.Meta{By: cashier.ID, Action: "fund.book"}, received(t, f))
	if err == nil {
		_, err = f.Fund.Pay(ctx, cashier, project, fund.Money{Due: "d2", Fen: 1_000_000, Day: f.Dunnings.Today(), Receipt: "赣财0002", Paper: slip}, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	scenario{name: "paid, and to be closed", role: "officer", path: "/todo", status: 200, contains: []string{"已经缴清，办结催缴"}}.run(t, f, people)
}
