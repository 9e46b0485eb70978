package web_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/conduct"
)

// TestConductPages follows an entry of each book through the pages, by who may, with what is refused on the way and writes nothing.
func TestConductPages(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	for login, role := range map[string]policy.Role{"chief": "section_chief", "law": "legal_officer", "vice": "deputy_director"} {
		if err := f.Appoint(context.Background(), login, "测试人员", policy.Appointment{Role: role, Unit: policy.County, Scopes: []string{policy.County}}); err != nil {
			t.Fatal(err)
		}
	}
	people := map[string]*person{"": newPerson(t, f)}
	who := func(login string) *person {
		if people[login] == nil {
			people[login] = newPerson(t, f)
			people[login].signIn(t, login)
		}
		return people[login]
	}
	credit := func(change ...string) url.Values {
		v := pairs("firm", firm, "source", "penalty", "class", "ordinary", "title", "收费不公示且拒不改正", "number", "都建罚决〔2026〕3号", "authority", "都昌县住房和城乡建设局", "decided", "2026-09-01", "months", "6")
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	page := map[string]string{}
	for i, s := range []struct {
		login, path string
		form        url.Values
		status      int
		shows       string
	}{
		{"", "/credit/new", credit(), 401, ""},
		{"firm", "/credit/new", credit(), 403, ""},
		{"secretary", "/credit/new", credit(), 403, ""},
		{"officer", "/credit/new", credit("number", "都建责令改〔2026〕3号"), 422, "没有按期整改等情形记入行业评价记录，不是失信信息"},
		{"officer", "/credit/new", credit("source", "notice", "decided", "1.9."), 422, "不是日期"},
		{"officer", "/credit/new", credit("months", "36"), 422, "程度“一般”的要在 3 至 12 之间"},
		{"officer", "/credit/new", credit(), 303, ""},
		{"officer", "/credit/new", credit("authority", "都昌县住建局"), 422, "已经登记"},
		{"firm", "credit", nil, 404, ""},
		{"officer", "credit/confirm", pairs(), 403, ""},
		{"secretary", "credit/confirm", pairs(), 403, ""},
		{"chief", "credit/return", pairs("return-reason", " "), 422, "请写明退回的理由"},
		{"chief", "credit/return", pairs("return-reason", "文号写错了"), 303, ""},
		{"officer", "/todo", nil, 200, "更正赣北物业服务有限公司的失信信息"},
		{"officer", "credit/edit", credit("number", "都建罚决〔2026〕4号"), 303, ""},
		{"law", "/todo", nil, 200, "核对赣北物业服务有限公司的失信信息"},
		{"law", "credit/confirm", pairs(), 303, ""},
		{"firm", "credit", nil, 200, "都建罚决〔2026〕4号"},
		{"firm", "/register/firms/" + firm, nil, 200, `失信信息</a> <span class="n">1</span> 条，有效 <span class="n">1</span> 条`},
		{"firm", "credit/object", pairs("ground", ""), 422, "请写明异议的理由"},
		{"firm", "credit/object", pairs("ground", "决定已经撤销"), 303, ""},
		{"vice", "/todo", nil, 200, "答复异议：赣北物业服务有限公司的失信信息"},
		{"law", "credit/answer", pairs("move", "keep", "answer-reason", "经核查"), 403, ""},
		{"vice", "credit/answer", pairs("move", "keep", "answer-reason", "决定仍然有效"), 303, ""},
		{"law", "credit/repair", pairs("repair_number", "", "repaired", ""), 422, "请填写信用中国修复决定的编号"},
		{"law", "credit/repair", pairs("repair_number", "信修〔2026〕11号", "repaired", "2026-10-10"), 303, ""},
		{"law", "credit/annul", pairs("annul-reason", "原决定已撤销"), 409, ""},
		{"officer", "/marks/new", pairs("firm", firm, "project", project, "class", "late", "title", "第三季度统计资料晚报", "authority", "物业管理股", "decided", "2026-10-10"), 303, ""},
		{"chief", "marks/confirm", pairs(), 303, ""},
		{"firm", "/marks?firm=" + firm, nil, 200, "合计 −1 分"},
		{"officer", "marks/correct", pairs("firm", firm, "class", "pilot", "title", "承担了智慧物业试点", "authority", "物业管理股", "decided", "2026-10-10"), 303, ""},
		{"secretary", "/marks", nil, 403, ""},
		{"officer", "/honours/new", pairs("firm", firm, "class", "county", "title", "最美物业人", "number", "都府发〔2026〕9号", "authority", "都昌县人民政府", "decided", "2026-09-01", "person", "李有才"), 303, ""},
		{"chief", "honours/confirm", pairs(), 303, ""},
		{"secretary", "/honours", nil, 200, "没有"},
		{"firm", "/honours", nil, 200, "李*才"},
		{"officer", "honours/withdraw", pairs(), 409, ""},
	} {
		path := s.path
		if name, act, _ := strings.Cut(path, "/"); name != "" {
			path = page[name]
			if act != "" {
				path += "/" + act
				if s.login != "" && s.form != nil {
					seq := regexp.MustCompile(`name="seq" value="([^"]*)"`).FindStringSubmatch(who("officer").get(t, page[name]).body + who("chief").get(t, page[name]).body + who("vice").get(t, page[name]).body + who("firm").get(t, page[name]).body +
						`name="seq" value="1"`)
					s.form.Set("seq", seq[1])
				}
			}
		}
		before := changes(t, f)
		method := http.MethodPost
		if s.form == nil {
			method = http.MethodGet
		}
		a := who(s.login).send(t, method, path, s.form)
		if a.StatusCode != s.status || !strings.Contains(a.body, s.shows) {
			t.Fatalf("step %d, %s by %q: %d, want %d with %q: %.1500s", i, s.path, s.login, a.StatusCode, s.status, s.shows, a.body)
		}
		if s.status >= 400 && changes(t, f) != before {
			t.Errorf("step %d was refused and wrote something", i)
		}
		if location := a.Header.Get("Location"); s.status == 303 && strings.HasSuffix(s.path, "/new") {
			page[strings.Split(s.path, "/")[1]], _, _ = strings.Cut(location, "?")
		}
	}
	who("firm").paper(t, page["credit"]+"/print/told", "失信信息登记告知书", "赣北物业服务有限公司：", "都建罚决〔2026〕4号", "收费不公示", "信用修复", "依据")
	who("firm").paper(t, page["credit"]+"/print/answer", "登记异议答复书", "决定已经撤销", "决定仍然有效", "异议不成立，登记不变")
	who("officer").paper(t, page["marks"]+"/print/told", "行业评价记录登记告知书", "第三季度统计资料晚报", "不是失信信息", "记分")
	for _, no := range []struct {
		login, path string
		status      int
	}{{"elsewhere", page["credit"] + "/print/told", 403}, {"officer", page["honours"] + "/print/told", 404}, {"officer", page["credit"] + "/print/nothing", 404}} {
		if a := who(no.login).get(t, no.path+"?as=docx"); a.StatusCode != no.status || strings.HasPrefix(a.body, "PK") {
			t.Errorf("%s opens %s: %d", no.login, no.path, a.StatusCode)
		}
	}
	for _, s := range []scenario{
		{name: "the list of credit", role: "officer", path: "/credit?q=赣北&state=repaired", status: 200, contains: []string{"收费不公示", "已修复", "credit.xlsx?"}},
		{name: "by the last day", role: "officer", path: "/credit?sort=until&desc=1", status: 200, contains: []string{"收费不公示", `aria-sort="descending"`}},
		{name: "the public has no page of a book", path: "/marks", status: 401},
		{name: "another firm's book", role: "elsewhere", path: page["honours"], status: 404},
		{name: "the whole file", role: "firm", path: page["credit"] + "/whole", status: 200, contains: []string{"卷内目录", "都建罚决〔2026〕4号", "决定已经撤销", "决定仍然有效", "信修〔2026〕11号", "办理经过"}},
		{name: "of a mark", role: "officer", path: page["marks"] + "/whole", status: 200, contains: []string{"第三季度统计资料晚报"}},
		{name: "of an honour, without the name", role: "firm", path: page["honours"] + "/whole", status: 200, contains: []string{"最美物业人", "李*才"}, excludes: []string{"李有才"}},
		{name: "another firm's", role: "elsewhere", path: page["honours"] + "/whole", status: 404},
		{name: "template", role: "officer", path: "/marks/imports/template.xlsx", status: 200},
		{name: "Excel", role: "firm", path: "/marks.xlsx", status: 200},
		{name: "a paper that is none", role: "officer", path: page["credit"] + "/paper", status: 404},
	} {
		s.run(t, f, people)
	}
}

// TestPublicCredit: the public page of a firm shows its valid 失信信息, and no mark.
func TestPublicCredit(t *testing.T) {
	f := start(t, 1)
	stars, err := f.Sample.Latest(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name := stars.Firms[0].Name
	id, err := f.Register.CreateFirm(t.Context(), clerk, registry.FirmInput{Name: name, Code: codeTwo, Origin: registry.OriginMarket})
	if err != nil {
		t.Fatal(err)
	}
	visitor, page := newPerson(t, f), "/firms/"+url.PathEscape(stars.Firms[0].ID)
	if a := visitor.get(t, page); a.StatusCode != 200 || !strings.Contains(a.body, "没有公示中的失信信息") {
		t.Fatalf("%d %.300s", a.StatusCode, a.body)
	}
	chief := policy.Actor{ID: "a-chief", Appointments: []policy.Appointment{{Role: "section_chief", Scopes: []string{policy.County}}}}
	decided, err := calendar.ParseDate("2026-09-01")
	if err != nil {
		t.Fatal(err)
	}
	for b, in := range map[conduct.Book]conduct.Input{
		conduct.Credit: {Firm: id, Class: "ordinary", Source: "penalty", Title: "擅自停水催费被处罚", Number: "都建罚决〔2026〕7号", Authority: "都昌县住建局", Decided: decided, Months: 3},
		conduct.Marks:  {Firm: id, Class: "late", Title: "第三季度统计资料晚报", Authority: "物业管理股", Decided: decided},
	} {
		doc, err := f.Conduct.Record(t.Context(), clerk, b, in, nil, nil)
		if err == nil {
			_, err = f.Conduct.Confirm(t.Context(), chief, b, conduct.At{ID: doc.ID, Seq: doc.Seq})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	a := visitor.get(t, page)
	for _, part := range []string{"擅自停水催费被处罚", "都建罚决〔2026〕7号", "公示至 2026年11月30日"} {
		if !strings.Contains(a.body, part) {
			t.Errorf("the public page does not say %q", part)
		}
	}
	if strings.Contains(a.body, "统计资料晚报") {
		t.Error("the public page shows a mark")
	}
}

// TestConductImport takes the rows of a workbook through the pages, with an error by cell, and takes them back.
func TestConductImport(t *testing.T) {
	f := start(t, 1)
	firm, _ := fill(t, f)
	staff(t, f, firm)
	officer := newPerson(t, f)
	officer.signIn(t, "officer")
	decided, err := calendar.ParseDate("2026-09-01")
	if err != nil {
		t.Fatal(err)
	}
	line := func(code, number string) conduct.Line {
		return conduct.Line{FirmCode: code, Input: conduct.Input{Class: "ordinary", Source: "penalty", Title: "收费不公示且拒不改正", Number: number, Authority: "都昌县住房和城乡建设局", Decided: decided, Months: 6}}
	}
	book := func(lines ...conduct.Line) []byte {
		data, err := report.Write(report.Conduct(conduct.Credit, f.Conduct.Terms).Filled(lines))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	before := changes(t, f)
	faulty := officer.upload(t, "/credit/imports", nil, nil, attachment{"失信.xlsx", book(line(codeOne, "都建罚决〔2026〕3号"), line(codeTwo, "都建罚决〔2026〕4号"), line(codeOne, "责令改正通知〔2026〕1号"))})
	for _, part := range []string{"新登记 1 行", "2 行有错", "没有登记统一社会信用代码为 " + codeTwo, "不是失信信息"} {
		if !strings.Contains(faulty.body, part) {
			t.Errorf("the dry run does not say %q: %.1200s", part, faulty.body)
		}
	}
	if faulty.StatusCode != 200 || changes(t, f) != before {
		t.Errorf("a dry run answers %d and writes", faulty.StatusCode)
	}
	draft := regexp.MustCompile(`name="draft" value="([^"]+)"`).FindStringSubmatch(faulty.body)
	if draft == nil {
		t.Fatal("nothing to accept")
	}
	accepted := officer.send(t, http.MethodPost, "/credit/imports/accept", pairs("draft", draft[1], "only", "good"))
	at := accepted.Header.Get("Location")
	if accepted.StatusCode != 303 {
		t.Fatalf("%d %.400s", accepted.StatusCode, accepted.body)
	}
	if _, err := f.Conduct.Intake(conduct.Credit).RunAccepted(context.Background()); err != nil {
		t.Fatal(err)
	}
	if a := officer.get(t, at); a.StatusCode != 200 || !strings.Contains(a.body, "看失信信息") {
		t.Errorf("%d %.400s", a.StatusCode, a.body)
	}
	seq := regexp.MustCompile(`name="seq" value="([^"]*)"`).FindStringSubmatch(officer.get(t, at+"/reverse").body)
	if seq == nil {
		t.Fatal("nothing to take back")
	}
	if a := officer.send(t, http.MethodPost, at+"/reverse", pairs("seq", seq[1], "reason", "文件传错了")); a.StatusCode != 303 {
		t.Fatalf("%d %.400s", a.StatusCode, a.body)
	}
	if _, err := f.Conduct.Intake(conduct.Credit).RunAccepted(context.Background()); err != nil {
		t.Fatal(err)
	}
	if a := officer.get(t, "/credit?state=withdrawn"); !strings.Contains(a.body, "都建罚决〔2026〕3号") {
		t.Errorf("%.400s", a.body)
	}
	if a := officer.upload(t, "/credit/imports", nil, nil); a.StatusCode != 422 || !strings.Contains(a.body, "请选择要导入的 Excel 文件") {
		t.Errorf("no file: %d", a.StatusCode)
	}
}
