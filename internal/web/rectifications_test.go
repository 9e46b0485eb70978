package web_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/web/browsertest"
	"redsteward/supervision/inspection"
)

// foundBy has a visit of p1 accepted in which item 1.1 (a paper to the firm) and item 4.3 (a transfer) failed; it returns its id.
func (m *team) foundBy() string {
	m.t.Helper()
	visit := m.plan()[1]
	m.begin(visit)
	page := m.as("inspector").get(m.t, visit+"/items/1.1").body
	for _, one := range regexp.MustCompile(`"id":"([0-9.]+)"`).FindAllStringSubmatch(page, -1) {
		fields, photos := url.Values{"value": {string(inspection.Conform)}, "key": {"r-" + one[1]}}, [][]byte(nil)
		if one[1] == "1.1" || one[1] == "4.3" {
			fields = url.Values{"value": {string(inspection.Fail)}, "where": {"东门"}, "note": {"公示栏空白"}, "key": {"r-" + one[1]}}
			photos = [][]byte{picture(m.t, 11)}
		}
		if a := m.reply("inspector", visit, one[1], fields, photos...); a.StatusCode != 200 {
			m.t.Fatalf("%s: %d %s", one[1], a.StatusCode, a.body)
		}
	}
	m.post("inspector", visit+"/sign", m.hidden("inspector", visit, visit+"/sign"))
	m.post("lin", visit+"/sign", m.hidden("lin", visit, visit+"/sign"))
	m.post("chief", visit+"/accept", m.hidden("chief", visit, visit+"/accept"))
	return strings.TrimPrefix(visit, "/visits/")
}

// step sends the form of a step of a case with a picture or none, and wants to be led on.
func (m *team) step(login, path, step string, fields url.Values, photos ...[]byte) {
	m.t.Helper()
	for name, value := range m.hidden(login, path, path+"/"+step) {
		fields[name] = value
	}
	if a := m.answerAt(login, path+"/"+step, fields, photos...); a.StatusCode != http.StatusOK && a.StatusCode != http.StatusSeeOther {
		m.t.Fatalf("%s by %s: %d %.1500s", step, login, a.StatusCode, a.body)
	}
}

// TestRectificationPages leads a paper from the visit to the firm and back: draft, approval, delivery, answer, second look; nobody sees what is not his.
func TestRectificationPages(t *testing.T) {
	m := newTeam(t)
	visit := m.foundBy()
	waiting := m.as("officer").get(t, "/rectifications/new").body
	if !strings.Contains(waiting, "visit="+visit) || !strings.Contains(waiting, "整改建议书 1 项") || !strings.Contains(waiting, "移送函 1 项") {
		t.Fatalf("the visit does not wait: %.1500s", waiting)
	}
	draft := "/rectifications/new?visit=" + visit
	page := m.as("officer").get(t, draft).body
	if !strings.Contains(page, "起草整改建议书") || !strings.Contains(page, "消防救援机构") {
		t.Fatalf("%.1500s", page)
	}
	form := url.Values{"key": {"draft-1"}, "visit": {visit}, "kind": {"suggestion"}, "to": {""}}
	path, _, _ := strings.Cut(m.post("officer", "/rectifications/new", form), "?")
	for _, s := range []scenario{
		{name: "the public", path: "/rectifications", status: 401},
		{name: "the firm before it was delivered", role: "manager", path: path, status: 404},
		{name: "another community", role: "elsewhere", path: path, status: 404},
		{name: "the community reads", role: "worker", path: path, status: 200, contains: []string{"公示栏空白"}, excludes: []string{"送审</button>"}},
		{name: "the firm drafts nothing", role: "manager", path: "/rectifications/new", status: 403},
		{name: "drafted twice", role: "officer", method: "POST", path: "/rectifications/new", form: url.Values{"key": {"draft-2"}, "visit": {visit}, "kind": {"suggestion"}, "to": {""}}, status: 409, contains: []string{"已经起草过"}},
		{name: "an order", role: "officer", method: "POST", path: "/rectifications/new", form: url.Values{"key": {"draft-3"}, "visit": {visit}, "kind": {"order"}}, status: 422, contains: []string{"不能责令"}},
		{name: "sent without a period", role: "officer", method: "POST", path: path + "/send", form: url.Values{"seq": {"1"}, "key": {"s"}}, status: 422, contains: []string{"请选择整改期限"}},
		{name: "no such case", role: "officer", path: "/rectifications/nothing", status: 404},
	} {
		s.run(t, m.f, m.people)
	}
	m.step("officer", path, "send", url.Values{"send-choice": {"rectification.service"}})
	if todo := m.as("chief").get(t, "/todo").body; !strings.Contains(todo, "签署东街花园的整改建议书") {
		t.Errorf("the chief is not told to sign: %.1500s", todo)
	}
	sign := m.hidden("chief", path, path+"/sign")
	hash := regexp.MustCompile(`name="hash" value="([^"]+)"`).FindStringSubmatch(m.as("chief").get(t, path).body)
	sign.Set("hash", hash[1])
	sign.Set("move", "agree")
	sign.Set("current", "Lake-Poyang-wrong")
	if a := m.as("chief").send(t, http.MethodPost, path+"/sign", sign); a.StatusCode != 422 {
		t.Errorf("a wrong password: %d", a.StatusCode)
	}
	sign.Set("current", browsertest.Password)
	m.phrases(path, sign)
	m.post("chief", path+"/sign", sign)
	if page := m.as("chief").get(t, path).body; !strings.Contains(page, "问题属实，同意发出。另请注意时限") {
		t.Errorf("the phrase does not stand before what was typed: %.2000s", page)
	}
	if a := m.as("chief").get(t, "/account/phrases"); !strings.Contains(a.body, "问题属实，同意发出。") {
		t.Error("the phrase is gone")
	}
	m.step("officer", path, "serve", url.Values{"serve-number": {"都住建建议〔2026〕1号"}, "serve-day": {"2026-10-19"}, "serve-choice": {"hand"}}, picture(t, 3))
	if todo := m.as("manager").get(t, "/todo").body; !strings.Contains(todo, "整改并回复东街花园的整改建议书") {
		t.Errorf("the firm is not told: %.1500s", todo)
	}
	firm := m.as("manager").get(t, path).body
	for _, want := range []string{"整改中", "2026年10月26日", "公示栏空白", "都住建建议〔2026〕1号", "/files/f1-1"} {
		if !strings.Contains(firm, want) {
			t.Errorf("the firm's page lacks %q", want)
		}
	}
	if a := m.as("manager").get(t, path+"/files/f1-1"); a.StatusCode != 200 || a.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("the photo: %d %s", a.StatusCode, a.Header.Get("Content-Type"))
	}
	m.step("manager", path, "answer", url.Values{"answer-choice": {"1.1"}, "answer-text": {"已公示"}}, picture(t, 5))
	m.step("inspector", path, "look", url.Values{"look-choice": {"1.1:fixed"}, "look-text": {"已看到公示"}})
	done := m.as("manager").get(t, path).body
	if !strings.Contains(done, "已核实整改") || !strings.Contains(done, "已看到公示") || strings.Contains(done, "回复整改情况</button>") {
		t.Errorf("%.2000s", done)
	}
	print := m.as("officer").get(t, path+"/print/paper").body
	if !strings.Contains(print, "建议你单位自收到本文书次日起 7 日内改正") || strings.Contains(print, "责令") || strings.Contains(print, "处罚") {
		t.Errorf("the paper: %.1500s", print)
	}
	m.ownTemplate(path + "/print/paper")
	m.as("manager").paper(t, path+"/print/recheck", "整改复查意见书", "都住建建议〔2026〕1号", "公示栏空白", "已看到公示", "所列问题都已核实整改")
	if a := m.as("elsewhere").get(t, path+"/print/recheck"); a.StatusCode != 404 {
		t.Errorf("another community reads the second look: %d", a.StatusCode)
	}
	whole := m.as("officer").get(t, path+"/whole").body
	for _, want := range []string{"卷内目录", "股长签发", "已公示", "已看到公示", "办理经过", "复查全部合格", "走访人员", "直接送达（送达回证）", "/files/served"} {
		if !strings.Contains(whole, want) {
			t.Errorf("the file lacks %q", want)
		}
	}
	// The same as a document, with the firm's photos.
	word := m.as("officer").get(t, path+"/whole?as=docx")
	if !strings.Contains(whole, path+`/whole?as=docx"`) || word.StatusCode != 200 || !strings.Contains(word.Header.Get("Content-Disposition"), ".docx") {
		t.Errorf("the document: %d %v", word.StatusCode, word.Header)
	}
	document := docxParts(t, word.body)
	for _, want := range []string{"卷内目录", "已看到公示", "复查全部合格"} {
		if !strings.Contains(document["word/document.xml"], want) {
			t.Errorf("the document lacks %q", want)
		}
	}
	if body := document["word/document.xml"]; !strings.Contains(body, ` PAGEREF v2 \h `) || !strings.Contains(body, `<w:bookmarkStart w:id="2" w:name="v2"/>`) || !strings.Contains(body, " NUMPAGES ") {
		t.Errorf("the document computes no page numbers")
	}
	if document["word/media/1.jpeg"] == "" || strings.Contains(document["word/document.xml"], "返回") {
		t.Errorf("the document has no photo, or what is not printed")
	}
	if a := m.as("elsewhere").get(t, path+"/whole?as=docx"); a.StatusCode != 404 || strings.HasPrefix(a.body, "PK") {
		t.Errorf("another community: %d", a.StatusCode)
	}
	for _, s := range []scenario{
		{name: "the firm does not get the sheet of the visit", role: "manager", path: path + "/whole", status: 200, contains: []string{"已看到公示"}, excludes: []string{"走访人员"}},
		{name: "the receipt of the delivery", role: "officer", path: path + "/print/receipt", status: 200, contains: []string{"送达回证", "都住建建议〔2026〕1号", "直接送达", "送达人签名"}},
		{name: "the form for an address", role: "officer", path: path + "/print/address", status: 200, contains: []string{"送达地址确认书", "同意电子送达"}},
		{name: "found by its number", role: "officer", path: "/search?q=" + url.QueryEscape("建议〔2026〕1号"), status: 200, contains: []string{path + `"`, "整改"}},
		{name: "not by another community", role: "elsewhere", path: "/search?q=" + url.QueryEscape("建议〔2026〕1号"), status: 200, excludes: []string{path}},
		{name: "no rung was taken", role: "officer", path: path + "/print/rung-1", status: 404},
		{name: "nothing is proposed", role: "officer", path: path + "/print/next", status: 404},
		{name: "the firm prints no receipt", role: "manager", path: path + "/print/receipt", status: 404},
		{name: "no address was confirmed", role: "officer", path: path + "/address", status: 404},
		{name: "the firm's address is the bureau's", role: "manager", path: path + "/address", status: 403},
	} {
		s.run(t, m.f, m.people)
	}
	list := m.as("officer").get(t, "/rectifications?state=fixed&kind=suggestion&q=东街").body
	if !strings.Contains(list, path) || !strings.Contains(list, "1 / 1") || strings.Contains(m.as("officer").get(t, "/rectifications?state=running").body, path) {
		t.Errorf("the list: %.1500s", list)
	}
	for _, s := range []scenario{
		{name: "three lists of the same rows", role: "officer", path: "/rectifications/lists?source=visit&q=东街", status: 200, contains: []string{"问题清单", "责任清单", "整改清单", "共 1 项，核实整改 1 项，没有核实整改 0 项。", "公示栏空白", `href="` + path + `"`, "/rectifications/lists.xlsx?q=", "第 1–1 个，共 1 个问题", "发现日期"}, excludes: []string{"复查全部合格"}},
		{name: "one list at a time", role: "officer", path: "/rectifications/lists?source=visit&list=fixes&state=fixed&after=50", status: 200, contains: []string{"复查", `href="` + path + `"`, "第 1–1 个，共 1 个问题", `name="list" value="fixes"`}, excludes: []string{"发现日期</th>"}},
		{name: "none is open", role: "officer", path: "/rectifications/lists?source=visit&state=open", status: 200, excludes: []string{path}},
		{name: "none is late", role: "officer", path: "/rectifications/lists?source=visit&state=late", status: 200, excludes: []string{path}},
		{name: "none of another source", role: "officer", path: "/rectifications/lists?source=inspection", status: 200, excludes: []string{path}},
		{name: "none before", role: "officer", path: "/rectifications/lists?until=2026-01-01", status: 200, excludes: []string{path}},
		{name: "a day that is none", role: "officer", path: "/rectifications/lists?from=2026-13-01", status: 422},
		{name: "the firm's own", role: "manager", path: "/rectifications/lists", status: 200, contains: []string{path}},
		{name: "not of another community", role: "elsewhere", path: "/rectifications/lists", status: 200, excludes: []string{path}},
		{name: "as a book", role: "officer", path: "/rectifications/lists/print?source=visit", status: 200, contains: []string{"卷内目录", "整改清单", "1 条"}},
	} {
		s.run(t, m.f, m.people)
	}
	if sheets, rows := workbook(t, m.as("officer").get(t, "/rectifications/lists.xlsx?source=visit")); len(sheets) != 3 || !strings.Contains(fmt.Sprint(rows), "公示栏空白") {
		t.Errorf("the workbook has %v", sheets)
	}
	if a := m.as("manager").get(t, "/rectifications.xlsx?state=fixed"); a.StatusCode != 200 || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("Excel: %d", a.StatusCode)
	}
	// The finding that another office answers for is handed over, with the receipt that comes back: on the page and as a document.
	over, _, _ := strings.Cut(m.post("officer", "/rectifications/new", url.Values{"key": {"draft-9"}, "visit": {visit}, "kind": {"transfer"}, "to": {"消防救援机构"}}), "?")
	m.step("officer", over, "send", url.Values{})
	sign = m.hidden("chief", over, over+"/sign")
	sign.Set("hash", regexp.MustCompile(`name="hash" value="([^"]+)"`).FindStringSubmatch(m.as("chief").get(t, over).body)[1])
	sign.Set("move", "agree")
	sign.Set("current", browsertest.Password)
	m.post("chief", over+"/sign", sign)
	m.as("officer").paper(t, over+"/print/paper", "移送函", "消防救援机构：", "东街花园", "请将处理结果告知我局")
	m.as("officer").paper(t, over+"/print/receipt", "移送函回执", "收到的文书", "东街花园", "收件人签名、盖章", "承办部门和联系电话", "消防救援机构")
	for _, login := range []string{"manager", "elsewhere"} {
		if a := m.as(login).get(t, over+"/print/receipt"); a.StatusCode != 404 {
			t.Errorf("%s prints the receipt: %d", login, a.StatusCode)
		}
	}
}

// phrases: the section keeps phrases for an office and for all; they stand below the fields of their kind, and what is chosen is put before what is typed.
func (m *team) phrases(path string, sign url.Values) {
	t := m.t
	chief, add := m.as("chief"), func(login, to string, form url.Values) answer {
		return m.as(login).send(t, http.MethodPost, to, form)
	}
	chief.get(t, "/account/phrases")
	wants(t, add("chief", "/account/phrases", url.Values{"kind": {"reason"}, "text": {"问题属实，同意发出。"}}), 303)
	wants(t, add("chief", "/account/phrases", url.Values{"kind": {"reason"}, "text": {" 问题属实，同意发出。"}}), 422, "已经有一样的一条")
	wants(t, add("chief", "/account/phrases", url.Values{"kind": {"other"}, "text": {""}}), 422, "请选择用在哪种栏目", "现在有 0 个")
	wants(t, add("chief", "/account/phrases/bureau", url.Values{"bureau-kind": {"finding"}, "bureau-text": {"已到现场核实"}, "bureau-role": {"property_officer"}}), 303)
	m.as("officer").get(t, "/account/phrases")
	wants(t, add("officer", "/account/phrases/bureau", url.Values{"bureau-kind": {"finding"}, "bureau-text": {"x"}}), 403)
	for _, s := range []scenario{
		{name: "offered where a reason is asked for", role: "chief", path: path, status: 200, contains: []string{`name="reason~phrase"`, "<option>问题属实，同意发出。</option>"}, excludes: []string{"已到现场核实"}},
		{name: "the officer sees those of his office", role: "officer", path: "/account/phrases", status: 200, contains: []string{"已到现场核实"}, excludes: []string{"问题属实", "phrases/bureau/1"}},
		{name: "the firm sees none", role: "manager", path: "/account/phrases", status: 200, excludes: []string{"已到现场核实", "问题属实"}},
		{name: "changed to another's", role: "chief", method: "POST", path: "/account/phrases/9", form: url.Values{"kind": {"reason"}, "text": {"x"}}, status: 404},
		{name: "changed to nothing", role: "chief", method: "POST", path: "/account/phrases/bureau/1", form: url.Values{"bureau-kind": {"finding"}, "bureau-text": {" "}}, status: 422, contains: []string{"没有改"}},
		{name: "changed", role: "chief", method: "POST", path: "/account/phrases/bureau/1", form: url.Values{"bureau-kind": {"finding"}, "bureau-text": {"已到现场核实，情况属实"}, "bureau-role": {"property_officer"}}, status: 303, changes: 1},
		{name: "removed", role: "chief", method: "POST", path: "/account/phrases/bureau/1/remove", form: url.Values{}, status: 303, changes: 1},
	} {
		s.run(t, m.f, m.people)
	}
	// Excel out and in: all rows or none, nothing twice.
	table := func(login, to, text string) answer {
		t.Helper()
		return m.as(login).scanned(t, to, url.Values{}, attachment{"常用语.csv", []byte(text)})
	}
	before := changes(t, m.f)
	wants(t, table("chief", "/account/phrases/import", "用在,常用语\n理由,逾期没有整改\n感想,很好\n,\n意见,"+strings.Repeat("长", 201)+"\n"), 422, "第 3 行：“用在”要写意见、理由或者情况", "一条也没有导入")
	wants(t, table("chief", "/account/phrases/import", "用在,常用语\n理由,逾期没有整改\n,\n意见,"+strings.Repeat("长", 201)+"\n"), 422, "第 4 行：常用语要有 1 至 200 个字")
	wants(t, table("chief", "/account/phrases/import", "一,二\n"), 422, "第 1 行要有“用在”“常用语”两个表头")
	wants(t, table("chief", "/account/phrases/bureau/import", "用在,常用语,岗位\n情况,照片清楚,不存在的岗位\n"), 422, "第 2 行：没有“不存在的岗位”这个岗位")
	wants(t, table("officer", "/account/phrases/bureau/import", "用在,常用语\n情况,照片清楚\n"), 403)
	if now := changes(t, m.f); now != before {
		t.Errorf("refused tables wrote %d records", now-before)
	}
	wants(t, table("chief", "/account/phrases/import", "用在,常用语\n理由,问题属实，同意发出。\n理由,逾期没有整改\n"), 303)
	wants(t, table("chief", "/account/phrases/import", "用在,常用语\n理由,逾期没有整改\n"), 422, "没有新的")
	wants(t, table("chief", "/account/phrases/bureau/import", "用在,常用语,岗位\n情况,照片清楚,全部岗位\n"), 303)
	wants(t, m.as("chief").get(t, "/account/phrases.xlsx?as=csv"), 200, "逾期没有整改")
	wants(t, m.as("chief").get(t, "/account/phrases/bureau.xlsx?as=csv"), 200, "照片清楚", "全部岗位")
	wants(t, m.as("officer").get(t, "/account/phrases/bureau.xlsx"), 403)
	wants(t, table("chief", "/account/phrases/import", "用在,常用语\n理由,再加一句\n"), 303)
	sign.Set("reason~phrase", "问题属实，同意发出。")
	sign.Set("reason", "另请注意时限")
}

// ownTemplate: the office's own Word template of a paper is refused with what is wrong in it, and a right one is filled; the default form stays at hand.
func (m *team) ownTemplate(print string) {
	t := m.t
	const kind = "/templates/rectify-suggestion"
	blank := m.as("officer").get(t, kind+"/blank.docx")
	wants(t, blank, 200, "PK")
	put := func(data []byte) answer {
		return m.as("officer").upload(t, kind, [][2]string{{"seq", m.hidden("officer", kind, kind).Get("seq")}}, nil, attachment{"建议书.docx", data})
	}
	wants(t, put(replaced(t, blank.body, "{{正文}}", "{{甲方}}{{人员.姓名}}")), 422, "正文第 5 段的 {{甲方}}：没有这个字段", "{{人员.姓名}}：没有“人员”这个列表", "“整改建议书”可以用的字段：本局、制作日期、发文机关")
	wants(t, put(replaced(t, blank.body, "{{", "")), 422, "没有写成 {{字段}}")
	wants(t, put([]byte("MZ")), 422, "Windows 程序")
	if a := m.as("officer").get(t, kind); !strings.Contains(a.body, "还没有上传") || strings.Contains(m.as("officer").get(t, print).body, "form=default") {
		t.Error("a refused template is used")
	}
	wants(t, put(replaced(t, blank.body, "{{正文}}", "本局格式：{{当事人}}服务的小区，{{正文}}")), 303)
	word := m.as("officer").get(t, print+"?as=docx")
	body := docxParts(t, word.body)["word/document.xml"]
	for _, want := range []string{"本局格式：", "都住建建议〔2026〕1号", "7 日内改正", "公示栏空白", "第 1.1 项"} {
		if !strings.Contains(body, want) {
			t.Errorf("the filled template lacks %q", want)
		}
	}
	if strings.Contains(body, "{{") {
		t.Error("a field was not filled")
	}
	if a := m.as("officer").get(t, print+"?as=docx&form=default"); strings.Contains(docxParts(t, a.body)["word/document.xml"], "本局格式") {
		t.Error("the default form is that of the office")
	}
	for _, s := range []scenario{
		{name: "both forms", role: "officer", path: print, status: 200, contains: []string{"as=docx&amp;form=default", `href="` + kind + `"`, `data-paper="整改建议书"`}},
		{name: "the firm sees no templates", role: "manager", path: print, status: 200, excludes: []string{kind}},
		{name: "nor opens them", role: "manager", path: kind, status: 403},
		{name: "the list", role: "officer", path: "/templates?q=建议&state=本局模板", status: 200, contains: []string{"建议书.docx", "1 种用本局模板"}, excludes: []string{"问题交办单"}},
		{name: "none of a name", role: "officer", path: "/templates?q=没有", status: 200, contains: []string{"没有符合条件的文书"}},
		{name: "no such kind", role: "officer", path: "/templates/nothing", status: 404},
		{name: "a version", role: "officer", path: kind + "/files/1", status: 200, contains: []string{"PK"}},
		{name: "no such version", role: "officer", path: kind + "/files/2", status: 404},
		{name: "somebody was quicker", role: "officer", method: "POST", path: kind + "/use", form: url.Values{"seq": {"0"}, "off": {"1"}}, status: 409},
	} {
		s.run(t, m.f, m.people)
	}
	off := m.hidden("officer", kind, kind+"/use")
	off.Set("off", "1")
	m.post("officer", kind+"/use", off)
	if a := m.as("officer").get(t, print+"?as=docx"); strings.Contains(docxParts(t, a.body)["word/document.xml"], "本局格式") {
		t.Error("a template that is switched off is used")
	}
}

// replaced is a Word document with other words in its body.
func replaced(t *testing.T, body, old, words string) []byte {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	parts := docxParts(t, body)
	var b bytes.Buffer
	out := zip.NewWriter(&b)
	for _, f := range z.File {
		text := parts[f.Name]
		if f.Name == "word/document.xml" {
			text = strings.ReplaceAll(text, old, words)
		}
		if w, err := out.Create(f.Name); err != nil {
			t.Fatal(err)
		} else if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// docxParts unpacks a Word document.
func docxParts(t *testing.T, body string) map[string]string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(data)
	}
	return parts
}
