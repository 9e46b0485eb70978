package web_test

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/report"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
	"redsteward/registry"
)

// The codes of domain.md §8.1 and two communities of the fixture.
const (
	codeOne   = "91360428MA7XAMPL5W"
	codeTwo   = "91360428MA0TEYAT30"
	codeThree = "91350100M000100Y43"
	cityEast  = "360428100001"
)

func pairs(values ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		v.Set(values[i], values[i+1])
	}
	return v
}

// clerk is the officer in the tests that fill a register without pages.
var clerk = policy.Actor{ID: "clerk", Appointments: []policy.Appointment{{Role: "property_officer", Scopes: []string{policy.County}}}}

// fill registers a firm with a project, and returns their ids.
func fill(t testing.TB, f *browsertest.Fixture) (firm, project string) {
	t.Helper()
	ctx := context.Background()
	firm, err := f.Register.CreateFirm(ctx, clerk, registry.FirmInput{Name: "赣北物业服务有限公司", Code: codeOne, LegalPerson: "张小敏", Phone: "13812345678", Origin: registry.OriginMarket})
	if err != nil {
		t.Fatal(err)
	}
	project, err = f.Register.CreateProject(ctx, clerk, registry.ProjectInput{Name: "望湖苑", Address: "东风大道 8 号", Community: cityEast, Households: 1164, Kind: registry.KindCommodity})
	if err != nil {
		t.Fatal(err)
	}
	from, err := calendar.ParseDate("2026-01-01")
	if err != nil {
		t.Fatal(err)
	}
	until, err := calendar.ParseDate("2026-12-31")
	if err != nil {
		t.Fatal(err)
	}
	err = f.Register.AddContract(ctx, clerk, project, 1, registry.ContractInput{Firm: firm, Kind: registry.ContractEarly, Level: registry.LevelSecond, Fee: 120, Days: policy.Span{From: from, Until: until}})
	if err != nil {
		t.Fatal(err)
	}
	return firm, project
}

// staff makes the accounts that the tests of the register sign in with.
func staff(t testing.TB, f *browsertest.Fixture, firm string) {
	t.Helper()
	for _, p := range []struct {
		login string
		ap    policy.Appointment
	}{
		{"officer", policy.Appointment{Role: "property_officer", Scopes: []string{policy.County}}},
		{"secretary", policy.Appointment{Role: "community_secretary", Unit: "c:" + cityEast, Scopes: []string{"c:" + cityEast}}},
		{"elsewhere", policy.Appointment{Role: "community_secretary", Unit: "c:360428101500", Scopes: []string{"c:360428101500"}}},
		{"firm", policy.Appointment{Role: "firm_manager", Unit: policy.FirmKey(firm), Scopes: []string{policy.FirmKey(firm)}}},
	} {
		if err := f.Appoint(context.Background(), p.login, "测试人员", p.ap); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRegisterPages(t *testing.T) {
	f := start(t, 3)
	firm, project := fill(t, f)
	staff(t, f, firm)
	firmPage, projectPage := "/register/firms/"+firm, "/register/projects/"+project
	newFirm := func(change ...string) url.Values {
		v := pairs("name", "安居物业服务有限公司", "code", codeTwo, "origin", "market", "phone", "0792-5223344")
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	newProject := func() url.Values {
		return pairs("name", "芝城花园", "community", cityEast, "address", "东风大道 9 号", "households", "1,020", "area", "52000.5", "kind", "commodity", "delivered", "2015-06-30")
	}
	contract := func(change ...string) url.Values {
		v := pairs("seq", "2", "firm", firm, "kind", "chosen", "level", "first", "charge", "reward", "fee", "1.5", "from", "2027-01-01", "until", "2029-12-31")
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	people := map[string]*person{}
	for _, s := range []scenario{
		{name: "signed out", path: "/register/projects", status: 401},
		{name: "auditor of the system has no register", role: "auditor", path: "/register/projects", status: 403, contains: []string{"你不能查看企业与小区登记", "物业管理股经办人"}},
		{name: "officer lists projects", role: "officer", path: "/register/projects", status: 200, contains: []string{"望湖苑", "都昌镇 城东社区", "赣北物业服务有限公司", "2026年12月31日", "临期", "1,164", "第 1–1 个，共 1 个", "登记小区", "Excel 导入", "备案"}},
		{name: "by initials", role: "officer", path: "/register/projects?q=why", status: 200, contains: []string{"望湖苑"}},
		{name: "by nothing that is there", role: "officer", path: "/register/projects?q=xyz&kind=old&sort=households&desc=1", status: 200, contains: []string{"没有符合条件的小区", "清除条件"}, excludes: []string{"导出 Excel"}},
		{name: "an order that is none", role: "officer", path: "/register/projects?sort=colour", status: 422, contains: []string{"不能按“colour”排序"}},
		{name: "a cursor that is none", role: "officer", path: "/register/projects?after=nonsense", status: 422, contains: []string{"翻页位置无效"}},
		{name: "officer opens a project", role: "officer", path: projectPage, status: 200, contains: []string{"生效中", "合同2026年12月31日到期", "1.20", "二级", "登记合同", "终止", "1,164 户"}},
		{name: "a project that is none", role: "officer", path: "/register/projects/none", status: 404},
		{name: "secretary sees the own community", role: "secretary", path: "/register/projects", status: 200, contains: []string{"望湖苑"}, excludes: []string{"登记小区</a>", "Excel 导入"}},
		{name: "and nothing to change", role: "secretary", path: projectPage, status: 200, contains: []string{"望湖苑"}, excludes: []string{"修改登记", "终止"}},
		{name: "another community does not see it", role: "elsewhere", path: projectPage, status: 404},
		{name: "nor in the list", role: "elsewhere", path: "/register/projects", status: 200, contains: []string{"还没有登记小区"}, excludes: []string{"望湖苑"}},
		{name: "nor as Excel", role: "elsewhere", path: "/register/projects.xlsx", status: 200, excludes: []string{"望湖苑"}},
		{name: "secretary may not write", role: "secretary", method: "POST", path: "/register/projects/new", form: newProject(), status: 403, contains: []string{"你不能登记企业、小区与合同"}},
		{name: "secretary may not import", role: "secretary", path: "/register/imports", status: 403},
		{name: "firm sees itself unmasked", role: "firm", path: firmPage, status: 200, contains: []string{"13812345678", "张小敏", "望湖苑"}},
		{name: "firm sees its project", role: "firm", path: projectPage, status: 200, contains: []string{"望湖苑"}},
		{name: "firm may not change its contract", role: "firm", method: "POST", path: projectPage + "/contracts/c1/end", form: pairs("seq", "2", "last", "2026-10-19", "reason", "协商终止"), status: 403},

		{name: "officer lists firms", role: "officer", path: "/register/firms", status: 200, contains: []string{"赣北物业服务有限公司", codeOne, "未登记", "市场化"}},
		{name: "firm by code", role: "officer", path: "/register/firms?q=" + codeOne, status: 200, contains: []string{"赣北物业服务有限公司"}},
		{name: "officer opens a firm", role: "officer", path: firmPage, status: 200, contains: []string{"1 个，1,164 户", "还没有登记党组织形式"}},
		{name: "form of a firm", role: "officer", path: "/register/firms/new", status: 200, contains: []string{"统一社会信用代码", "与营业执照一致"}},
		{name: "wrong check sign", role: "officer", method: "POST", path: "/register/firms/new", form: newFirm("code", "91350100M000100Y42", "name", "安"), status: 422,
			contains: []string{"错误：登记企业", "校验码应为 3，请核对营业执照", `href="#code"`, `value="91350100M000100Y42"`, "企业名称有 1 个字"}},
		{name: "a code that is taken", role: "officer", method: "POST", path: "/register/firms/new", form: newFirm("code", codeOne), status: 422, contains: []string{"已由“赣北物业服务有限公司”登记", `id="code-e"`, `value="安居物业服务有限公司"`}},
		{name: "a firm", role: "officer", method: "POST", path: "/register/firms/new", form: newFirm(), status: 303, changes: 2},
		{name: "the same form again", role: "officer", method: "POST", path: "/register/firms/new", form: newFirm(), status: 422, contains: []string{"已由“安居物业服务有限公司”登记"}},
		{name: "from another site", role: "officer", method: "POST", path: "/register/firms/new", form: newFirm("_t", "forged"), status: 403},
		{name: "change with what stands", role: "officer", path: firmPage + "/edit", status: 200, contains: []string{`value="13812345678"`, `name="seq" value="1"`}},
		{name: "change overtaken", role: "officer", method: "POST", path: firmPage + "/edit", form: newFirm("code", codeThree, "seq", "9"), status: 422, contains: []string{"刚被别人改过"}},
		{name: "change: more fields", role: "officer", method: "POST", path: firmPage + "/edit", form: newFirm("code", codeOne, "seq", "1", "capital", "1.234", "founded", "去年"), status: 422,
			contains: []string{"注册资本最多两位小数，现在是 1.234", "成立日期“去年”不是日期"}},
		{name: "change", role: "officer", method: "POST", path: firmPage + "/edit", form: newFirm("name", "赣北物业集团", "code", codeOne, "seq", "1", "capital", "5000000", "founded", "2015-06-30", "head_name", "安居物业总公司",
			"head_code", codeThree, "staff", "60", "managers", "6", "crossing", "2"), status: 303, changes: 1},
		{name: "more is shown", role: "officer", path: firmPage, status: 200, contains: []string{"外来企业的分公司", codeThree, "5,000,000.00 元", "2015年6月30日", "60 人，其中项目负责人 6 人，交叉任职 2 人"}},
		{name: "party: unread", role: "officer", method: "POST", path: firmPage + "/party", form: pairs("seq", "2", "form", "own", "members", "三", "from", "去年"), status: 422,
			contains: []string{"党员人数“三”要填整数", "起始日“去年”不是日期", `value="三"`}},
		{name: "party", role: "officer", method: "POST", path: firmPage + "/party", form: pairs("seq", "2", "form", "instructor", "members", "2", "office", "县住建局", "from", "2026-07-01"), status: 303, changes: 1},
		{name: "party is shown", role: "officer", path: firmPage, status: 200, contains: []string{"选派指导员，党员 2 人", "指导员由县住建局派出", "2026年7月1日起"}},

		{name: "project: fields", role: "officer", method: "POST", path: "/register/projects/new", form: pairs("name", "x", "households", "四百", "community", "9"), status: 422,
			contains: []string{"户数“四百”要填整数，例如 400"}},
		{name: "project: more fields", role: "officer", method: "POST", path: "/register/projects/new", form: pairs("name", "芝城花园", "households", "0", "community", "9"), status: 422,
			contains: []string{"没有编号为“9”的社区", "户数是 0 户", "请填写地址"}},
		{name: "project", role: "officer", method: "POST", path: "/register/projects/new", form: newProject(), status: 303, changes: 2},
		{name: "project of the same name", role: "officer", method: "POST", path: "/register/projects/new", form: newProject(), status: 422, contains: []string{"已经登记了名为“芝城花园”的小区"}},
		{name: "project moved", role: "officer", method: "POST", path: projectPage + "/edit", form: pairs("seq", "2", "name", "望湖苑", "community", cityEast, "address", "东风大道 8 号", "households", "1200", "kind", "mixed"), status: 303, changes: 1},
		{name: "contract: overlap", role: "officer", method: "POST", path: projectPage + "/contracts/new", form: contract("seq", "3", "from", "2026-12-31"), status: 422,
			contains: []string{"与“赣北物业集团”2026年1月1日至2026年12月31日的合同有重叠", `id="from-e"`, `value="2029-12-31"`}},
		{name: "contract: ends before it begins", role: "officer", method: "POST", path: projectPage + "/contracts/new", form: contract("seq", "3", "until", "2026-01-01"), status: 422, contains: []string{"早于起始日"}},
		{name: "contract: three decimals", role: "officer", method: "POST", path: projectPage + "/contracts/new", form: contract("seq", "3", "fee", "1.234"), status: 422, contains: []string{"物业费最多两位小数，现在是 1.234"}},
		{name: "contract: overtaken", role: "officer", method: "POST", path: projectPage + "/contracts/new", form: contract(), status: 422, contains: []string{"刚被别人改过"}},
		{name: "contract", role: "officer", method: "POST", path: projectPage + "/contracts/new", form: contract("seq", "3"), status: 303, changes: 1},
		{name: "correct with what stands", role: "officer", path: projectPage + "/contracts/c2", status: 200, contains: []string{`value="1.50"`, `value="2029-12-31"`, "更正原因"}},
		{name: "correct without reason", role: "officer", method: "POST", path: projectPage + "/contracts/c2", form: contract("seq", "4", "fee", "1.6"), status: 422, contains: []string{"请填写原因"}},
		{name: "correct", role: "officer", method: "POST", path: projectPage + "/contracts/c2", form: contract("seq", "4", "fee", "1.6", "reason", "物业费录错"), status: 303, changes: 1},
		{name: "no such contract", role: "officer", path: projectPage + "/contracts/c9/end", status: 404},
		{name: "end", role: "officer", path: projectPage + "/contracts/c1/end", status: 200, contains: []string{"“赣北物业集团”2026年1月1日至2026年12月31日的合同"}},
		{name: "end too late", role: "officer", method: "POST", path: projectPage + "/contracts/c1/end", form: pairs("seq", "5", "last", "2027-01-01", "reason", "协商终止"), status: 422, contains: []string{"本来就在2026年12月31日到期"}},
		{name: "end today", role: "officer", method: "POST", path: projectPage + "/contracts/c1/end", form: pairs("seq", "5", "last", "2026-10-18", "reason", "协商终止"), status: 303, changes: 1},
		{name: "nobody holds it today", role: "officer", path: projectPage, status: 200, contains: []string{"无合同", "提前终止：协商终止", "1.60", "酬金制"}},
		{name: "the firm does not see it any more", role: "firm", path: projectPage, status: 404},
		{name: "body: fields", role: "officer", method: "POST", path: projectPage + "/body", form: pairs("seq", "6", "body", "none", "body_until", "2027-01-01"), status: 422, contains: []string{"请填写任期起始日", "没有业主组织的，不填任期届满日"}},
		{name: "body", role: "officer", method: "POST", path: projectPage + "/body", form: pairs("seq", "6", "body", "committee", "body_from", "2024-05-01", "body_until", "2029-04-30"), status: 303, changes: 1},
		{name: "body is shown", role: "officer", path: projectPage, status: 200, contains: []string{"业委会", "在任", "2024年5月1日至2029年4月30日"}},
	} {
		s.run(t, f, people)
	}
}

// imports sends the form of an import; name "" sends no file.
func (p *person) imports(t testing.TB, kind, name string, data []byte) answer {
	t.Helper()
	var sent []attachment
	if name != "" {
		sent = append(sent, attachment{name, data})
	}
	return p.upload(t, "/register/imports", [][2]string{{"kind", kind}}, nil, sent...)
}

// firmSheet is a workbook of firms.
func firmSheet(t testing.TB, lines ...registry.FirmLine) []byte {
	t.Helper()
	data, err := report.Write(report.Firms().Filled(lines))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func firmLine(name, code string) registry.FirmLine {
	return registry.FirmLine{FirmInput: registry.FirmInput{Name: name, Code: code, Origin: registry.OriginMarket}}
}

// TestImportThroughPages: upload, dry run, import, result, and the same file again.
func TestImportThroughPages(t *testing.T) {
	f := start(t, 3)
	firm, _ := fill(t, f)
	staff(t, f, firm)
	officer := newPerson(t, f).signIn(t, "officer")
	begun := changes(t, f)
	refused := func(name string, a answer, status int, said ...string) {
		t.Helper()
		if a.StatusCode != status {
			t.Errorf("%s: status %d, want %d: %.800s", name, a.StatusCode, status, a.body)
		}
		for _, part := range said {
			if !strings.Contains(a.body, part) {
				t.Errorf("%s: %q is not said: %.3000s", name, part, a.body)
			}
		}
		if n := changes(t, f) - begun; n != 0 {
			t.Errorf("%s: %d changes were written", name, n)
		}
	}
	refused("page", officer.get(t, "/register/imports?kind=firms"), 200, "下载模板", `value="firms" selected`, "还没有导入过")
	template := officer.get(t, "/register/imports/template/firms.xlsx")
	refused("template", template, 200)
	if !strings.HasPrefix(template.body, "PK") || !strings.Contains(template.Header.Get("Content-Disposition"), url.PathEscape("物业服务企业导入模板.xlsx")) {
		t.Errorf("the template is %q, %q", template.Header.Get("Content-Disposition"), template.body[:4])
	}
	refused("no such template", officer.get(t, "/register/imports/template/people.xlsx"), 404)
	file := firmSheet(t, firmLine("安居物业服务有限公司", codeTwo), firmLine("赣北物业集团有限公司", codeOne), firmLine("错码物业公司", "91350100M000100Y42"))
	refused("nothing chosen", officer.imports(t, "", "", nil), 422, "请选择要导入的内容")
	refused("no file", officer.imports(t, "firms", "", nil), 422, "请选择要导入的 Excel 文件", `value="firms" selected`)
	refused("a file that lies", officer.imports(t, "firms", "企业.xlsx", []byte("%PDF-1.7 and so on, long enough to be looked at")), 422, "PDF", `id="file-e"`)
	refused("wrong columns", officer.imports(t, "projects", "企业.xlsx", file), 422, "第 1 行没有“小区名称”这一列")
	forger := newPerson(t, f).signIn(t, "officer")
	forger.token = "forged"
	refused("forged", forger.imports(t, "firms", "企业.xlsx", file), 403)
	refused("no right", newPerson(t, f).signIn(t, "secretary").imports(t, "firms", "企业.xlsx", file), 403)
	dry := officer.imports(t, "firms", "企业.xlsx", file)
	refused("dry run", dry, 200, "尚未写入任何数据", "新增 1 行", "修改 1 行", "1 行有错", "B4：校验码应为 3，请核对营业执照", "91350100M000100Y42", "第 3 行", "只导入无错的 2 行")
	marked := regexp.MustCompile(`href="(/register/imports/marked/[^"]+)">下载标错的 Excel`).FindStringSubmatch(dry.body)
	if marked == nil {
		t.Fatal("no marked workbook is offered")
	}
	workbook := officer.get(t, marked[1])
	refused("marked workbook", workbook, 200)
	if want := url.PathEscape("企业（标错）.xlsx"); !strings.Contains(workbook.Header.Get("Content-Disposition"), want) || workbook.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("the marked workbook is sent as %v", workbook.Header)
	}
	if err := f.Appoint(context.Background(), "chief", "股长", policy.Appointment{Role: "section_chief", Scopes: []string{policy.County}}); err != nil {
		t.Fatal(err)
	}
	begun = changes(t, f)
	refused("somebody else's marked workbook", newPerson(t, f).signIn(t, "chief").get(t, marked[1]), 404)
	refused("without right", newPerson(t, f).signIn(t, "secretary").get(t, marked[1]), 403)
	refused("as it is, uploaded again", officer.imports(t, "firms", "企业（标错）.xlsx", []byte(workbook.body)), 200, "新增 1 行", "修改 1 行", "1 行有错", "B4：校验码应为 3，请核对营业执照")
	draft := regexp.MustCompile(`name="draft" value="([^"]+)"`).FindStringSubmatch(dry.body)
	if draft == nil {
		t.Fatal("no dry run was kept")
	}
	refused("with faults, without saying so", officer.send(t, "POST", "/register/imports/accept", pairs("draft", draft[1])), 409, "还有 1 行有错")
	refused("somebody else", newPerson(t, f).signIn(t, "secretary").send(t, "POST", "/register/imports/accept", pairs("draft", draft[1], "only", "good")), 403)
	refused("no such dry run", officer.send(t, "POST", "/register/imports/accept", pairs("draft", "none", "only", "good")), 404)

	accepted := officer.send(t, "POST", "/register/imports/accept", pairs("draft", draft[1], "only", "good"))
	at := accepted.Header.Get("Location")
	if accepted.StatusCode != 303 || !strings.HasPrefix(at, "/register/imports/") {
		t.Fatalf("accepting: %d %q %s", accepted.StatusCode, at, accepted.body)
	}
	if a := officer.get(t, at); a.StatusCode != 200 || !strings.Contains(a.body, "正在导入") || !strings.Contains(a.body, "已处理 0 / 2 行") {
		t.Errorf("while it runs: %d %s", a.StatusCode, a.body)
	}
	if a := officer.get(t, at+"/progress"); a.StatusCode != 200 || !strings.Contains(a.body, `"running":true`) {
		t.Errorf("progress: %d %s", a.StatusCode, a.body)
	}
	if _, err := f.Register.RunImports(context.Background()); err != nil {
		t.Fatal(err)
	}
	if a := officer.get(t, at); !strings.Contains(a.body, "导入完成") || !regexp.MustCompile(`新增</dt><dd class="n">1 行.*修改</dt><dd class="n">1 行.*未导入</dt><dd class="n">0 行`).MatchString(a.body) {
		t.Errorf("result: %s", a.body)
	}
	if a := officer.get(t, at+"/progress"); !strings.Contains(a.body, `"running":false`) {
		t.Errorf("progress: %s", a.body)
	}
	begun = changes(t, f)
	for _, login := range []string{"secretary", "firm"} {
		other := newPerson(t, f).signIn(t, login)
		refused("reverse, the form: "+login, other.get(t, at+"/reverse"), 403)
		refused("reverse: "+login, other.send(t, "POST", at+"/reverse", pairs("seq", "2", "reason", "导错了文件")), 403)
	}
	refused("reverse: none", officer.send(t, "POST", "/register/imports/none/reverse", pairs("seq", "2", "reason", "导错了文件")), 404)
	refused("reverse, the look", officer.get(t, at+"/reverse"), 200, "撤回新增 1 行", "恢复原值 1 行", "安居物业服务有限公司", `name="seq" value="2"`, "还没有改动任何数据")
	refused("reverse: no reason", officer.send(t, "POST", at+"/reverse", pairs("seq", "2")), 422, "请填写撤销的原因", `href="#reason"`, "撤回新增 1 行")
	refused("reverse: overtaken", officer.send(t, "POST", at+"/reverse", pairs("seq", "1", "reason", "导错了文件")), 409)
	refused("reverse: forged", officer.send(t, "POST", at+"/reverse", pairs("_t", "forged", "seq", "2", "reason", "导错了文件")), 403)
	refused("the same file again", officer.imports(t, "firms", "企业.xlsx", file), 200, "没有可以导入的行", "没有变化 2 行")
	refused("the same dry run again", officer.send(t, "POST", "/register/imports/accept", pairs("draft", draft[1], "only", "good")), 409, "没有要导入的行")
	if a := officer.get(t, "/register/imports"); !strings.Contains(a.body, "已导入") || !strings.Contains(a.body, "企业.xlsx") {
		t.Errorf("the list: %s", a.body)
	}

	// Taken back: the firm is gone, the name is as before, and the page says so.
	if a := officer.send(t, "POST", at+"/reverse", pairs("seq", "2", "reason", "导错了文件")); a.StatusCode != 303 || a.Header.Get("Location") != at {
		t.Fatalf("reversing: %d %s", a.StatusCode, a.body)
	}
	if a := officer.get(t, at); !strings.Contains(a.body, "正在撤销") {
		t.Errorf("while it runs: %s", a.body)
	}
	if a := officer.get(t, at+"/progress"); !strings.Contains(a.body, `"running":true`) {
		t.Errorf("progress: %s", a.body)
	}
	if _, err := f.Register.RunImports(context.Background()); err != nil {
		t.Fatal(err)
	}
	if a := officer.get(t, at); !regexp.MustCompile(`导入已撤销.*撤回新增</dt><dd class="n">1 行.*恢复原值</dt><dd class="n">1 行.*保留</dt><dd class="n">0 行.*导错了文件`).MatchString(strings.ReplaceAll(a.body, "\n", "")) || strings.Contains(a.body, "/reverse") {
		t.Errorf("taken back: %s", a.body)
	}
	if a := officer.get(t, "/register/imports"); !strings.Contains(a.body, "已撤销") {
		t.Errorf("the list: %s", a.body)
	}
	if a := officer.get(t, "/register/firms"); strings.Contains(a.body, "安居") || !strings.Contains(a.body, "赣北物业服务有限公司") {
		t.Errorf("the firms: %s", a.body)
	}
	begun = changes(t, f)
	refused("taken back twice", officer.get(t, at+"/reverse"), 409, "已经撤销")
	refused("the file can come again", officer.imports(t, "firms", "企业.xlsx", file), 200, "新增 1 行", "修改 1 行")
}

// TestExportIsTheFilter: the workbook holds exactly what the list shows, and can be imported again without changing anything.
func TestExportIsTheFilter(t *testing.T) {
	f := start(t, 3)
	firm, _ := fill(t, f)
	staff(t, f, firm)
	ctx := context.Background()
	for i := range registry.PageSize + 10 {
		if _, err := f.Register.CreateProject(ctx, clerk, registry.ProjectInput{Name: fmt.Sprintf("书院坊%d期", i), Address: "书院路", Community: "360428100009", Households: 100, Kind: registry.KindOld}); err != nil {
			t.Fatal(err)
		}
	}
	officer := newPerson(t, f).signIn(t, "officer")
	read := func(path string) report.Read {
		t.Helper()
		a := officer.get(t, path)
		if a.StatusCode != 200 {
			t.Fatalf("%s: %d", path, a.StatusCode)
		}
		got, err := report.ReadRegister(registry.ImportProjects, strings.NewReader(a.body))
		if err != nil || len(got.Faults) > 0 {
			t.Fatal(got.Faults, err)
		}
		return got
	}
	if got := read("/register/projects.xlsx?kind=old&q=syf"); len(got.Lines) != registry.PageSize+10 {
		t.Errorf("%d rows", len(got.Lines))
	}
	got := read("/register/projects.xlsx?served=served")
	if len(got.Lines) != 1 || got.Lines[0].Project.Name != "望湖苑" {
		t.Fatalf("%+v", got.Lines)
	}
	all := read("/register/projects.xlsx")
	run, err := f.Register.DryImport(ctx, clerk, registry.File{Kind: registry.ImportProjects, Name: "x", Hash: "x", Lines: all.Lines})
	if err != nil || run.Same != registry.PageSize+11 || run.New+run.Changed+run.Faulty != 0 {
		t.Errorf("imported again: %+v %v", run, err)
	}
	contracts, err := report.ReadRegister(registry.ImportContracts, strings.NewReader(officer.get(t, "/register/projects.xlsx").body))
	if err != nil || len(contracts.Lines) != 1 || contracts.Lines[0].Contract.FirmCode != codeOne {
		t.Fatalf("%+v %v", contracts, err)
	}
	// The second page goes back to the first, and the third to the second.
	first := officer.get(t, "/register/projects?q=syf")
	next := regexp.MustCompile(`href="([^"]+)">下一页`).FindStringSubmatch(first.body)
	if next == nil || !strings.Contains(first.body, "第 1–50 个，共 60 个") || strings.Contains(first.body, "上一页") {
		t.Fatalf("first page: %.500s", first.body)
	}
	second := officer.get(t, strings.ReplaceAll(next[1], "&amp;", "&"))
	if !strings.Contains(second.body, "第 51–60 个，共 60 个") || !strings.Contains(second.body, `href="/register/projects?q=syf">上一页`) {
		t.Errorf("second page: %s", regexp.MustCompile(`<nav class="pager".*`).FindString(second.body))
	}
	// An owner of the right to read without contacts gets masked ones.
	if err := f.Appoint(ctx, "legal", "法制", policy.Appointment{Role: "legal_officer", Scopes: []string{policy.County}}); err != nil {
		t.Fatal(err)
	}
	firms := newPerson(t, f).signIn(t, "legal").get(t, "/register/firms.xlsx")
	lines, err := report.ReadRegister(registry.ImportFirms, strings.NewReader(firms.body))
	if err != nil || len(lines.Lines) != 1 || lines.Lines[0].Firm.Phone != "138****5678" || lines.Lines[0].Firm.LegalPerson != "张*敏" {
		t.Errorf("%+v %v", lines, err)
	}
}
