package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/web/browsertest"
)

var personOption = regexp.MustCompile(`<option value="([0-9a-f]+)"[^>]*>([^（<]+)（`)

// TestInspectionPages leads an inspection from the plan to the order: certificates, approval, code, phone page, signatures, result; nobody sees or does what is not his.
func TestInspectionPages(t *testing.T) {
	m := newTeam(t)
	form := m.as("officer").get(t, "/inspections/new").body
	people := personOption.FindAllStringSubmatch(form, -1)
	ids := map[string]string{}
	for _, p := range people {
		ids[p[2]] = p[1]
	}
	if !strings.Contains(form, "还没有确认：法律法规、条款、职权依据") || len(ids) < 2 {
		t.Fatalf("people %v in %.2500s", ids, form)
	}
	var two []string
	for name, id := range ids {
		if page := m.as("officer").get(t, "/inspections/new").body; strings.Contains(page, name+"（住建局检查员") || strings.Contains(page, name+"（检查员") {
			two = append(two, id)
		}
	}
	if len(two) != 2 {
		t.Fatalf("inspectors %v among %v", two, people)
	}
	plan := url.Values{"key": {"plan-1"}, "project": {"p1"}, "day": {"2026-10-19"}, "ground": {"regular"}, "matters": {"openness"}, "officer-1-1": {two[0]}, "officer-1-2": {two[1]}}
	with := func(name, value, key string) url.Values {
		out := url.Values{}
		for k, v := range plan {
			out[k] = v
		}
		out.Set(name, value)
		out.Set("key", key)
		return out
	}
	path, _, _ := strings.Cut(m.post("officer", "/inspections/new", plan), "?")
	id := strings.TrimPrefix(path, "/inspections/")
	for _, s := range []scenario{
		{name: "the public", path: "/inspections", status: 401},
		{name: "an inspector plans nothing", role: "inspector", path: "/inspections/new", status: 403},
		{name: "one inspector", role: "officer", method: "POST", path: "/inspections/new", form: with("officer-1-2", "", "plan-2"), status: 422, contains: []string{"要有 2 至 6 名检查人员"}},
		{name: "one inspector on no day", role: "officer", method: "POST", path: "/inspections/new", form: url.Values{"key": {"plan-2"}, "project": {"p1"}, "day": {"周一"}, "ground": {"regular"}, "matters": {"openness"}, "officer-1-1": {two[0]}}, status: 422, contains: []string{"“周一”不是日期", "要有 2 至 6 名检查人员"}},
		{name: "a matter that is not confirmed", role: "officer", method: "POST", path: "/inspections/new", form: with("matters", "safety", "plan-3"), status: 422, contains: []string{"还没有确认"}},
		{name: "over the cap", role: "officer", method: "POST", path: "/inspections/new", form: with("day", "2026-10-20", "plan-4"), status: 422, contains: []string{"达到年度上限"}},
		{name: "the firm before the notice", role: "manager", path: path, status: 404},
		{name: "the firm does not see certificates", role: "manager", path: "/certificates", status: 403},
		{name: "the officer enters no certificate", role: "officer", method: "POST", path: "/certificates/" + two[0], form: url.Values{"seq": {"1"}}, status: 403},
		{name: "begun before it was approved", role: "inspector", method: "POST", path: path + "/begin", form: url.Values{"seq": {"1"}, "key": {"b"}}, status: 409, contains: []string{"待送审"}},
		{name: "no such inspection", role: "officer", path: "/inspections/nothing", status: 404},
		{name: "no such code", path: "/inspection?code=AAAABBBBCCCC", status: 422, contains: []string{"没有这个检查码"}},
		{name: "the list of matters", path: "/inspection", status: 200, contains: []string{"服务公开", "待确认"}},
	} {
		s.run(t, m.f, m.people)
	}
	m.step("officer", path, "send", url.Values{})
	if todo := m.as("chief").get(t, "/todo").body; !strings.Contains(todo, "签署东街花园的行政检查") {
		t.Errorf("the chief is not told: %.1500s", todo)
	}
	sign := m.hidden("chief", path, path+"/sign")
	sign.Set("hash", regexp.MustCompile(`name="hash" value="([^"]+)"`).FindStringSubmatch(m.as("chief").get(t, path).body)[1])
	sign.Set("move", "agree")
	sign.Set("current", browsertest.Password)
	m.post("chief", path+"/sign", sign)
	m.step("officer", path, "notice", url.Values{"notice-number": {"都住建检〔2026〕1号"}, "notice-day": {"2026-10-19"}, "notice-choice": {"onsite"}})
	firm := m.as("manager").get(t, path).body
	code := regexp.MustCompile(`[0-9A-F]{4} [0-9A-F]{4} [0-9A-F]{4}`).FindString(firm)
	if public := m.as("").get(t, "/inspection?code="+url.QueryEscape(code)).body; code == "" || !strings.Contains(public, "检查码有效") || !strings.Contains(public, "都住建检〔2026〕1号") || strings.Contains(public, "周望平") {
		t.Errorf("code %q: %.1500s", code, public)
	}
	if notice := m.as("manager").get(t, path+"/print/notice").body; !strings.Contains(notice, "行政检查通知书") || !strings.Contains(notice, code) {
		t.Errorf("the notice: %.1500s", notice)
	}
	if form := m.as("chief").get(t, path+"/print/approval").body; !strings.Contains(form, "行政检查审批表") || !strings.Contains(form, "同意，") || strings.Contains(form, code) {
		t.Errorf("the form of the approval: %.1500s", form)
	}
	if a := m.as("manager").get(t, path+"/print/approval"); a.StatusCode != 404 || strings.Contains(firm, "审批表") {
		t.Errorf("the firm gets the form of the approval: %d", a.StatusCode)
	}
	if todo := m.as("inspector").get(t, "/todo").body; !strings.Contains(todo, "到场开始东街花园的行政检查") {
		t.Errorf("the inspector is not told: %.1500s", todo)
	}
	m.step("inspector", path, "begin", url.Values{})
	if a := m.as("inspector").get(t, path+"/print/record"); a.StatusCode != 409 || !strings.Contains(a.body, "还有 2 项没有查") {
		t.Errorf("a record of nothing: %d %.800s", a.StatusCode, a.body)
	}
	offered := func() bool { return strings.Contains(m.as("inspector").get(t, path).body, path+"/take") }
	if offered() {
		t.Error("the firm's signature is asked for before the record is signed")
	}
	record := "/inspections/" + id + "-1"
	page := m.as("inspector").get(t, record+"/items/1")
	if page.StatusCode != 200 || !strings.Contains(page.body, "公开了收费标准") || !strings.Contains(page.body, `"base":"`+record+`"`) {
		t.Fatalf("the phone page: %d %.1500s", page.StatusCode, page.body)
	}
	if a := m.as("inspector").get(t, record); a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != path {
		t.Errorf("the address of the record does not lead to the inspection: %d %.800s", a.StatusCode, a.body)
	}
	if a := m.as("manager").get(t, record+"/items/1"); a.StatusCode != 403 {
		t.Errorf("the firm opens the record: %d", a.StatusCode)
	}
	for item, fields := range map[string]url.Values{"1": {"value": {"conform"}, "key": {"r-1"}}, "2": {"value": {"fail"}, "where": {"服务中心"}, "note": {"合同写明另一家"}, "key": {"r-2"}}} {
		if a := m.answerAt("inspector", record+"/items/"+item, fields, picture(t, 7)); a.StatusCode != http.StatusOK && a.StatusCode != http.StatusSeeOther {
			t.Fatalf("%s: %d %.1500s", item, a.StatusCode, a.body)
		}
	}
	// Printed on site, to be signed there.
	if a := m.as("inspector").get(t, path+"/print/record"); a.StatusCode != 200 || !strings.Contains(a.body, "合同写明另一家") || !strings.Contains(a.body, "符合 1 项，不适用 0 项，不符合 1 项") || !strings.Contains(a.body, "检查人员 2 签名") {
		t.Errorf("the record on site: %d %.1500s", a.StatusCode, a.body)
	}
	if a := m.as("manager").get(t, path+"/print/record"); a.StatusCode != 404 {
		t.Errorf("the firm prints a record that is not signed: %d", a.StatusCode)
	}
	for _, who := range []string{"inspector", "lin"} {
		m.step(who, path, "record", url.Values{})
	}
	if !offered() {
		t.Error("nobody can enter that the firm took the record")
	}
	m.step("lin", path, "take", url.Values{"take-choice": {"signed"}, "take-text": {"项目负责人"}}, picture(t, 8))
	m.step("officer", path, "tell", url.Values{"tell-day": {"2026-10-19"}, "tell-text": {"当面告知"}})
	done := m.as("manager").get(t, path).body
	for _, want := range []string{"已告知", "发现 1 项问题", "合同写明另一家", "企业签收，项目负责人"} {
		if !strings.Contains(done, want) {
			t.Errorf("the firm's page lacks %q: %.3000s", want, done)
		}
	}
	photo := regexp.MustCompile(path + `/photos/[0-9a-f]{64}`).FindString(done)
	if a := m.as("manager").get(t, photo); photo == "" || a.StatusCode != 200 || a.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("the photo %q: %d", photo, a.StatusCode)
	}
	for _, paper := range []string{"record", "result"} {
		if a := m.as("manager").get(t, path+"/print/"+paper); a.StatusCode != 200 || !strings.Contains(a.body, "合同写明另一家") {
			t.Errorf("%s: %d %.1500s", paper, a.StatusCode, a.body)
		}
	}
	if a := m.as("officer").get(t, "/inspections.xlsx"); a.StatusCode != 200 || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("Excel: %d", a.StatusCode)
	}
	if list := m.as("officer").get(t, "/inspections?state=told&q=东街").body; !strings.Contains(list, path) {
		t.Errorf("the list: %.1500s", list)
	}
	if officer := m.as("officer").get(t, path).body; !strings.Contains(officer, "起草整改文书") {
		t.Error("no link to the papers")
	}
	if todo := m.as("officer").get(t, "/todo").body; !strings.Contains(todo, "起草整改文书：1 次走访、检查的问题还没有文书") {
		t.Errorf("nobody is told to draft: %.2500s", todo)
	}
	draft := url.Values{"key": {"draft-1"}, "visit": {id}, "kind": {"order"}, "to": {""}}
	order, _, _ := strings.Cut(m.post("officer", "/rectifications/new", draft), "?")
	if print := m.as("officer").get(t, order+"/print/paper").body; !strings.Contains(print, "责令你单位") || !strings.Contains(print, "《物业管理条例》第五十九条") || strings.Contains(print, "处罚") {
		t.Errorf("the order: %.2000s", print)
	}
	// The file of the inspection goes on with the papers that came of it, in the order of the file.
	whole, from := m.as("officer").get(t, path+"/whole").body, 0
	for _, want := range []string{"卷内目录", "行政检查审批表", "行政检查通知书", "现场检查笔录", "检查结果告知书", "责令", "办理经过"} {
		at := strings.Index(whole[from:], want)
		if at < 0 {
			t.Fatalf("the file of the inspection lacks %q in its place: %.3000s", want, whole)
		}
		from += at
	}
	if strings.Contains(whole, "用印处") || strings.Count(whole, "<h1>") != 1 {
		t.Error("the file holds what is not printed, or two titles")
	}
}
