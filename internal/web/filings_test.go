package web_test

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/web/browsertest"
	"redsteward/policy"
)

// sendFile sends a form with one file.
func (p *person) sendFile(t testing.TB, path string, form url.Values, name string, data []byte) answer {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	form.Set("_t", p.token)
	for _, key := range []string{"_t", "seq", "document", "hash", "signer", "signed_on", "current"} {
		if form.Has(key) {
			_ = w.WriteField(key, form.Get(key))
		}
	}
	part, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {fmt.Sprintf(`form-data; name="file"; filename=%q`, name)}, "Content-Type": {"application/pdf"}})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(data)
	_ = w.Close()
	req, err := http.NewRequest(http.MethodPost, p.f.Base+path, &body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	resp, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var text bytes.Buffer
	_, _ = text.ReadFrom(resp.Body)
	return answer{resp, text.String()}
}

// TestFilingPages follows a filing through the pages: applied for, accepted, signed on two screens, receipt, and who may not.
func TestFilingPages(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	for login, role := range map[string]policy.Role{"chief": "section_chief", "law": "legal_officer", "party": "industry_secretary"} {
		if err := f.Appoint(context.Background(), login, "测试人员", policy.Appointment{Role: role, Unit: policy.County, Scopes: []string{policy.County}}); err != nil {
			t.Fatal(err)
		}
	}
	clerks := map[string]*person{}
	who := func(login string) *person {
		if clerks[login] == nil {
			clerks[login] = newPerson(t, f).signIn(t, login)
		}
		return clerks[login]
	}
	started := who("firm").send(t, http.MethodPost, "/filings/new", pairs("kind", "contract", "project", project, "key", "k1"))
	page := started.Header.Get("Location")
	if started.StatusCode != http.StatusSeeOther || !strings.HasPrefix(page, "/filings/") {
		t.Fatalf("%d %q %.400s", started.StatusCode, page, started.body)
	}
	hidden := func(login, name string) string {
		found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(who(login).get(t, page).body)
		if found == nil {
			return ""
		}
		return found[1]
	}
	if a := who("firm").sendFile(t, page+"/document", pairs("seq", hidden("firm", "seq"), "document", "contract"), "合同.exe", []byte("MZ\x90\x00")); a.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("a program as a document: %d", a.StatusCode)
	}
	pdf := []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
	if a := who("firm").sendFile(t, page+"/document", pairs("seq", hidden("firm", "seq"), "document", "contract"), "合同.pdf", pdf); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("a document: %d %.400s", a.StatusCode, a.body)
	}
	do := func(login, act string, form url.Values) answer {
		if filed := page; strings.HasPrefix(act, "/sheets/") {
			page += act
			form.Set("seq", hidden(login, "seq"))
			page = filed
		} else {
			form.Set("seq", hidden(login, "seq"))
		}
		if strings.HasPrefix(act, "/sign") {
			form.Set("hash", hidden(login, "hash"))
		}
		return who(login).send(t, http.MethodPost, page+act, form)
	}
	for i, s := range []struct {
		login, act string
		form       url.Values
		status     int
		shows      string
	}{
		{"officer", "/accept", pairs(), 404, ""}, // a draft
		{"firm", "/submit", pairs("happened", "1.10.", "note", strings.Repeat("长", 501)), 422, "有 2 处需要更正"},
		{"firm", "/submit", pairs("happened", "1.10."), 422, "“1.10.”不是日期"},
		{"firm", "/submit", pairs("happened", "2026-10-01", "note", "续签"), 303, ""},
		{"elsewhere", "/accept", pairs(), 403, ""},
		{"officer", "/ask", pairs("ask-reason", " "), 422, `id="ask-reason-e"`},
		{"officer", "/ask", pairs("ask-reason", "合同缺最后一页"), 303, ""},
		{"firm", "/submit", pairs("happened", "2026-10-01", "note", "续签"), 303, ""},
		{"officer", "/ask", pairs("ask-reason", "还缺一页"), 409, "已经一次性告知过补正"},
		{"officer", "/accept", pairs(), 303, ""},
		{"officer", "/sign", pairs("move", "agree", "current", browsertest.Password), 403, ""},
		{"chief", "/sign", pairs("move", "agree", "current", "wrong"), 422, "现在的密码不正确"},
		{"chief", "/sign", pairs("move", "return", "current", browsertest.Password), 422, "要写明理由"},
		{"chief", "/sign", pairs("move", "agree", "current", browsertest.Password), 303, ""},
		{"firm", "/sign", pairs("move", "agree", "current", browsertest.Password), 403, ""},
		{"law", "/sign", pairs("move", "agree", "current", browsertest.Password), 303, ""},
		{"secretary", "/answer", pairs("answer", "objected"), 422, "请写明是什么意见"},
		{"officer", "/answer", pairs("answer", "agreed"), 403, ""},
		{"secretary", "/answer", pairs("answer", "objected", "text", "楼栋写错了"), 303, ""},
		{"officer", "/sheets/party", pairs("step", "own", "onsite", "2"), 403, ""},
		{"party", "/sheets/party", pairs("onsite", "很多"), 422, "请选择组建安排"},
		{"party", "/sheets/party", pairs("onsite", "2", "keep", "1"), 303, ""},
		{"party", "/sheets/party", pairs("step", "own", "onsite", "2"), 303, ""},
		{"party", "/sheets/nothing", pairs("step", "own"), 404, ""},
	} {
		before := changes(t, f)
		a := do(s.login, s.act, s.form)
		if a.StatusCode != s.status || !strings.Contains(a.body, s.shows) {
			t.Fatalf("step %d, %s by %s: %d, want %d with %q: %.600s", i, s.act, s.login, a.StatusCode, s.status, s.shows, a.body)
		}
		if s.status != 303 && changes(t, f) != before {
			t.Errorf("step %d was refused and wrote something", i)
		}
	}
	if a := who("firm").send(t, http.MethodPost, "/filings/new", pairs("kind", "branch", "key", "k2")); a.StatusCode != http.StatusSeeOther || !strings.Contains(who("firm").get(t, a.Header.Get("Location")).body, "外来企业分公司备案") {
		t.Errorf("a filing about the firm: %d %.300s", a.StatusCode, a.body)
	}
	testFilingPapers(t, who, page)
	people := map[string]*person{}
	for _, s := range []scenario{
		{name: "the public", path: page, status: 401},
		{name: "no paper for the public", path: page + "/print/ask", status: 401},
		{name: "no paper elsewhere", role: "elsewhere", path: page + "/print/ask", status: 404},
		{name: "nor as a document", role: "elsewhere", path: page + "/print/ask?as=docx", status: 404},
		{name: "no paper of a refusal that there is not", role: "officer", path: page + "/print/refuse", status: 404},
		{name: "no such paper", role: "officer", path: page + "/print/nothing", status: 404},
		{name: "another community", role: "elsewhere", path: page, status: 404},
		{name: "the firm sees the number", role: "firm", path: page, status: 200, contains: []string{"物合备〔2026〕1号", "已备案", "备案回执", "同意", "社区有意见", "楼栋写错了", "已填写"}, excludes: []string{"受理并送审"}},
		{name: "the firm sees how a sheet stands, not what is in it", role: "firm", path: page + "/sheets/party", status: 200, contains: []string{"已填写", "系统里已有"}, excludes: []string{"拟单独组建", "填好了"}},
		{name: "who filled it in", role: "party", path: page + "/sheets/party", status: 200, contains: []string{"拟单独组建", "保存更正", "党组织登记"}},
		{name: "the officer's sheet", role: "officer", path: page + "/sheets/supervision", status: 200, contains: []string{"首次走访计划日期", "小区登记与合同"}},
		{name: "no such sheet", role: "officer", path: page + "/sheets/nothing", status: 404},
		{name: "a kind about a firm asks for no compound", role: "firm", path: "/filings/new", status: 200, contains: []string{"外来企业分公司备案（针对企业）", "针对企业的备案不用选"}},
		{name: "the list", role: "officer", path: "/filings?q=望湖&state=registered", status: 200, contains: []string{"望湖苑", "物合备〔2026〕1号", "filings.xlsx?"}},
		{name: "nothing found", role: "officer", path: "/filings?kind=contract&state=refused", status: 200, contains: []string{"没有符合条件的备案"}},
		{name: "Excel", role: "officer", path: "/filings.xlsx?state=registered", status: 200},
		{name: "the receipt", role: "firm", path: page + "/receipt", status: 200, contains: []string{"物合备〔2026〕1号", "sha256 "}},
		{name: "nobody to urge for a correction", role: "officer", path: "/urging?of=filings", status: 200, contains: []string{"备案补正", "承接查验", "现在没有要催的"}},
		{name: "its papers to choose, all of them", role: "officer", path: "/prints?of=/filings&state=registered&tick=all", status: 200, contains: []string{"望湖苑", `value="` + strings.TrimPrefix(page, "/filings/") + `~receipt" checked`, "都不选"}},
		{name: "none of that state", role: "officer", path: "/prints?of=/filings&state=refused", status: 200, contains: []string{"没有可以打印的文书"}},
		{name: "together", role: "firm", path: "/prints/sheets?of=/filings&p=" + strings.TrimPrefix(page, "/filings/") + "~receipt&p=none~receipt", status: 200, contains: []string{"批量打印，1 份", "物合备〔2026〕1号", "有 1 份打不开", "备案回执", "在这一页"}},
		{name: "elsewhere nothing opens", role: "elsewhere", path: "/prints/sheets?of=/filings&p=" + strings.TrimPrefix(page, "/filings/") + "~receipt", status: 200, contains: []string{"批量打印，0 份", "有 1 份打不开"}, excludes: []string{"物合备"}},
		{name: "the list leads there", role: "officer", path: "/filings", status: 200, contains: []string{"/prints?of=%2Ffilings"}},
		{name: "the whole file", role: "officer", path: page + "/whole", status: 200, contains: []string{"卷内目录", "望湖苑", "物合备〔2026〕1号", "备案回执", "一次性告知书", "合同缺最后一页", "备案材料收件回执", "附件另附", "审批", "办理经过", "三同步"}, excludes: []string{"<form", "<textarea"}},
		{name: "no whole file elsewhere", role: "officer", path: "/filings/none/whole", status: 404},
		{name: "the document", role: "officer", path: page + "/files/0", status: 200, contains: []string{"%PDF-1.4"}},
		{name: "a document that is none", role: "officer", path: page + "/files/1", status: 404},
		{name: "the sheets are work", role: "officer", path: "/todo", status: 200, contains: []string{"填写望湖苑的日常监管档案、考核评价档案"}},
		{name: "who files nothing", role: "secretary", path: "/filings/new", status: 403},
	} {
		s.run(t, f, people)
	}
}

// testFilingPapers opens the papers of a filing that was corrected and registered: each says what it is filled with, a sheet of 三同步 is a paper for who reads it only, a number that comes later from the register stands on the paper.
func testFilingPapers(t *testing.T, who func(string) *person, page string) {
	t.Helper()
	who("firm").paper(t, page+"/print/intake", "备案材料收件回执", "赣北物业服务有限公司：", "只证明收到材料", "物业服务合同", "以前，等待补正的时间不计")
	who("firm").paper(t, page+"/print/ask", "一次性告知书", "合同缺最后一页", "补正只告知这一次", "补正期限", "以前一次补正")
	who("secretary").paper(t, page+"/print/community", "备案事项告知函", "视为没有异议", "楼栋写错了")
	who("party").paper(t, page+"/print/party", "党建信息采集表", "拟单独组建", "物合备〔2026〕1号")
	who("officer").paper(t, page+"/print/supervision", "日常监管档案", "首次走访计划日期")
	for login, path := range map[string]string{"firm": "/print/party", "secretary": "/print/rating", "officer": "/print/party"} {
		if a := who(login).get(t, page+path); a.StatusCode != 404 || strings.Contains(a.body, "拟单独组建") || strings.Contains(who(login).get(t, page).body, page+path) {
			t.Errorf("%s opens %s: %d", login, path, a.StatusCode)
		}
	}
	if a := who("firm").get(t, page); strings.Contains(a.body, "/sent/") || !strings.Contains(a.body, page+"/print/ask") {
		t.Errorf("the firm sees the register: %.2000s", a.body)
	}
	if a := who("officer").send(t, http.MethodPost, "/sent/new?"+url.Values{"case": {"filing/" + strings.TrimPrefix(page, "/filings/")}, "for": {"filing.ask"}}.Encode(), pairs("title", "一次性告知书", "number", "都建备告〔2026〕7号", "key", "n1")); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("a number that comes later: %d %.800s", a.StatusCode, a.body)
	}
	who("firm").paper(t, page+"/print/ask", "都建备告〔2026〕7号")
}
