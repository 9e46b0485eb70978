package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/handover"
)

// builtUp registers a project that can be handed over, with accounts for both sides, a committee and another firm, and returns the project.
func builtUp(t *testing.T, f *browsertest.Fixture) string {
	t.Helper()
	ctx := context.Background()
	firm, project := fill(t, f)
	staff(t, f, firm)
	developer, err := f.Register.CreateDeveloper(ctx, clerk, registry.DeveloperInput{Name: "长岭置业有限公司", Code: codeThree})
	if err != nil {
		t.Fatal(err)
	}
	row, err := f.Register.OneProject(ctx, clerk, project)
	if err != nil {
		t.Fatal(err)
	}
	in := registry.ProjectInput{Name: row.Name, Address: row.Project.Address, Community: row.Community, Households: row.Households, Kind: row.Project.Kind, Developer: developer}
	if err := f.Register.ChangeProject(ctx, clerk, project, row.Seq, in); err != nil {
		t.Fatal(err)
	}
	if err := f.Register.PutBuilding(ctx, clerk, project, row.Seq+1, "", registry.BuildingInput{Name: "1幢", Kind: registry.BuildingHigh, Floors: 18}); err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		login string
		role  policy.Role
		scope string
	}{{"builder", "developer", policy.DeveloperKey(developer)}, {"owners", "owners_committee", policy.ProjectKey(project)}, {"stranger", "developer", "d:none"}, {"chief", "section_chief", policy.County}, {"law", "legal_officer", policy.County}} {
		if err := f.Appoint(ctx, p.login, "测试人员", policy.Appointment{Role: p.role, Unit: p.scope, Scopes: []string{p.scope}}); err != nil {
			t.Fatal(err)
		}
	}
	return project
}

// TestHandoverPages: a handover from the form to the filing through the pages; what is refused says why and writes nothing.
func TestHandoverPages(t *testing.T) {
	f := start(t, 3)
	m := &team{t: t, f: f, people: map[string]*person{}}
	project := builtUp(t, f)
	today := f.Register.Today()
	days := func() url.Values {
		return pairs("project", project, "inspection", today.String(), "delivery", today.Add(60).String())
	}
	for _, s := range []scenario{
		{name: "nothing yet", role: "officer", path: "/handovers", status: 200, contains: []string{"还没有承接查验", "开始承接查验"}},
		{name: "to choose from", role: "builder", path: "/handovers/new?find=why", status: 200, contains: []string{"/handovers/new?project=" + project}},
		{name: "the form", role: "builder", path: "/handovers/new?project=" + project, status: 200, contains: []string{"计划现场查验日期"}},
		{name: "of a project elsewhere", role: "stranger", path: "/handovers/new?project=" + project, status: 404},
		{name: "a firm may not open", role: "firm", method: "POST", path: "/handovers/new", form: days(), status: 403},
		{name: "another developer", role: "stranger", method: "POST", path: "/handovers/new", form: days(), status: 404},
		{name: "no day", role: "builder", method: "POST", path: "/handovers/new", form: pairs("project", project, "inspection", "昨天", "delivery", ""), status: 422, contains: []string{`id="inspection-e"`, `id="delivery-e"`}},
		{name: "delivered first", role: "builder", method: "POST", path: "/handovers/new", form: pairs("project", project, "inspection", today.String(), "delivery", today.Add(-1).String()), status: 422, contains: []string{"早于计划查验日期"}},
		{name: "opened", role: "builder", method: "POST", path: "/handovers/new", form: days(), status: 303, changes: 3},
		{name: "opened twice", role: "officer", method: "POST", path: "/handovers/new", form: days(), status: 422, contains: []string{"已经有一次承接查验"}},
		{name: "listed", role: "owners", path: "/handovers?q=wanghu&state=draft", status: 200, contains: []string{"望湖苑", "待核对条件", "完成承接查验"}, excludes: []string{"开始承接查验"}},
		{name: "not found", role: "owners", path: "/handovers?q=zzz", status: 200, contains: []string{"没有符合条件的承接查验"}},
		{name: "not listed elsewhere", role: "stranger", path: "/handovers", status: 200, excludes: []string{"望湖苑"}},
	} {
		s.run(t, f, m.people)
	}
	page, err := f.Handovers.Service.ListPage(context.Background(), clerk, handover.Filter{}, "")
	if err != nil || len(page.Docs) != 1 {
		t.Fatal(page, err)
	}
	path, number := "/handovers/"+page.Docs[0].ID, page.Docs[0].State.Number(page.Docs[0].ID)
	// act sends a form of the page, which must lead back to it.
	act := func(login, what string, form url.Values) {
		t.Helper()
		values := m.hidden(login, path, path+"/"+what)
		for name, v := range form {
			values[name] = v
		}
		m.post(login, path+"/"+what, values)
	}
	refused := func(login, what string, form url.Values, says ...string) {
		t.Helper()
		values := m.hidden(login, path, path+"/"+what)
		for name, v := range form {
			values[name] = v
		}
		scenario{name: what, role: login, method: "POST", path: path + "/" + what, form: values, status: 422, contains: says}.run(t, f, m.people)
	}
	refused("firm", "check", nil, "前提条件还不具备：竣工验收合格并已竣工备案")
	act("builder", "conditions", pairs("met-accepted", "1", "met-equipment", "1"))
	refused("builder", "documents", pairs("handed-drawings", "1", "promise.drawings", "", "promise.owners", "交付前提供", "due.owners", "下周"), "不是日期", `value="交付前提供"`)
	act("builder", "documents", pairs("handed-drawings", "1", "promise.drawings", "", "promise.owners", "交付前提供", "due.owners", today.Add(30).String()))
	if todo := m.as("firm").get(t, "/todo").body; !strings.Contains(todo, "核对望湖苑承接查验的前提条件") {
		t.Error("the to-do page of the firm lacks it")
	}
	act("firm", "check", nil)
	act("firm", "start", nil)
	items := path + "/items/"
	sheet := m.as("firm").get(t, items+"b1.roof").body
	for _, want := range []string{"屋顶：防水完好", "查验方法：试验", "专业经营单位", `"base":"` + path + `"`, `"where":true`} {
		if !strings.Contains(sheet, want) {
			t.Errorf("the phone page lacks %q", want)
		}
	}
	fail := func(item string, form url.Values, photos ...[]byte) answer {
		form.Set("value", "fail")
		return m.answerAt("firm", items+item, form, photos...)
	}
	before := changes(t, f)
	for name, a := range map[string]answer{"no photo": fail("b1.roof", pairs("where", "东北角")), "no place": fail("b1.roof", url.Values{}, picture(t, 1))} {
		if a.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	if changes(t, f) != before {
		t.Error("a refused answer wrote something")
	}
	if a := fail("b1.roof", pairs("where", "东北角", "note", "蓄水后渗漏", "key", "phone-1"), picture(t, 1)); a.StatusCode != http.StatusOK || a.body != `{"done":1,"of":3}` {
		t.Fatalf("%d %.800s", a.StatusCode, a.body)
	}
	before = changes(t, f)
	if a := fail("b1.roof", pairs("where", "东北角", "note", "蓄水后渗漏", "key", "phone-1"), picture(t, 1)); a.StatusCode != http.StatusOK || changes(t, f) != before {
		t.Errorf("sent again: %d, %d records", a.StatusCode, changes(t, f)-before)
	}
	scenario{name: "the rest of the building", role: "firm", method: "POST", path: items + "b1.roof/rest", form: pairs("key", "rest-1"), status: 303, changes: 1}.run(t, f, m.people)
	if a := m.answerAt("firm", items+"site.roads", pairs("value", "conform")); a.StatusCode != http.StatusOK {
		t.Fatal(a.StatusCode)
	}
	if a := m.as("firm").get(t, items+"b1.nothing"); a.StatusCode != 404 {
		t.Errorf("an unknown item: %d", a.StatusCode)
	}
	act("firm", "notify", nil)
	seen := m.as("builder").get(t, path).body
	for _, want := range []string{"问题整改中", "1幢屋顶", "东北角", "待整改", "整改查验问题"} {
		if !strings.Contains(seen, want) {
			t.Errorf("the developer does not see %q", want)
		}
	}
	photoPath := seen[strings.Index(seen, path+"/photos/"):]
	photoPath = photoPath[:strings.Index(photoPath, `"`)]
	for login, status := range map[string]int{"owners": 200, "stranger": 404} {
		if a := m.as(login).get(t, photoPath); a.StatusCode != status {
			t.Errorf("the photo for %s: %d", login, a.StatusCode)
		}
	}
	for _, s := range []scenario{
		{name: "repaired by the firm", role: "firm", method: "POST", path: items + "b1.roof/repair", form: pairs("repair", "已返修"), status: 403},
		{name: "repaired without a word", role: "builder", method: "POST", path: items + "b1.roof/repair", form: pairs("repair", ""), status: 422, contains: []string{"请写明怎样整改的"}},
		{name: "nothing to repair", role: "builder", method: "POST", path: items + "b1.rails/repair", form: pairs("repair", "已返修"), status: 409},
		{name: "judged too early", role: "firm", method: "POST", path: items + "b1.roof/judge", form: pairs("passed", "yes"), status: 409},
		{name: "answered too late", role: "firm", path: items + "b1.roof", status: 303},
		{name: "repaired", role: "builder", method: "POST", path: items + "b1.roof/repair", form: pairs("repair", "已重做防水"), status: 303, changes: 1},
	} {
		s.run(t, f, m.people)
	}
	act("firm", "recheck", nil)
	scenario{name: "judged", role: "firm", method: "POST", path: items + "b1.roof/judge", form: pairs("passed", "yes"), status: 303, changes: 1}.run(t, f, m.people)
	// Who took part, the rooms as they were found, and a dispute that holds the agreement up until it is settled.
	refused("firm", "attend", pairs("body", "owners", "name", ""), "请写明参加人员的姓名")
	act("firm", "attend", pairs("body", "owners", "name", "何为民"))
	if seen := m.as("owners").get(t, path).body; !strings.Contains(seen, "何*民") || strings.Contains(seen, "何为民") {
		t.Error("the name of who took part is not masked")
	}
	refused("firm", "rooms", pairs("kind-0", "service", "place-0", "1幢一层", "area-0", "很大", "kind-1", "", "place-1", "", "area-1", ""), "面积要写数字", `value="很大"`)
	act("firm", "rooms", pairs("kind-0", "", "place-0", "", "area-0", "", "kind-1", "service", "place-1", "1幢一层", "area-1", "118.5"))
	refused("builder", "dispute", pairs("item", "b1.roof", "dispute-b1.roof", ""), "请写明争议的内容", `id="dispute-b1.roof-e"`)
	act("builder", "dispute", pairs("item", "b1.roof", "dispute-b1.roof", "渗漏由试水造成"))
	refused("firm", "settle", nil, "争议d1还没有处理")
	act("firm", "note", pairs("dispute", "d1"))
	refused("officer", "mediate", pairs("dispute", "d1", "way-d1", "bureau", "outcome-d1", "物业企业修复"), "请选择认定的责任单位")
	act("officer", "mediate", pairs("dispute", "d1", "way-d1", "bureau", "outcome-d1", "由建设单位修复", "liable-d1", "developer"))
	act("firm", "settle", nil)
	refused("builder", "sign", pairs("current", "wrong"), "现在的密码不正确")
	act("builder", "sign", pairs("current", browsertest.Password))
	refused("firm", "reopen", pairs("reopen-reason", ""), "请写明理由")
	if seen := m.as("owners").get(t, path).body; !strings.Contains(seen, "还没有签") || !strings.Contains(seen, "已签") {
		t.Error("who has signed is not shown")
	}
	act("firm", "sign", pairs("current", browsertest.Password))
	// The sealed paper, a witness who compares it, and the result on the board.
	send := func(login, what string, form url.Values, status int, photos ...[]byte) string {
		t.Helper()
		values := m.hidden(login, path, path+"/"+what)
		for name, v := range form {
			values[name] = v
		}
		a := m.answerAt(login, path+"/"+what, values, photos...)
		if a.StatusCode != status {
			t.Fatalf("%s: %d %.800s", what, a.StatusCode, a.body)
		}
		return a.body
	}
	act("owners", "witness", pairs("current", browsertest.Password))
	send("builder", "scan", nil, 422)
	send("builder", "scan", nil, 303, picture(t, 2))
	refused("owners", "look", pairs("same", "yes", "typed", "00000000"), "纸面校验值的前 8 位应为")
	w, err := f.Handovers.Service.One(context.Background(), clerk, page.Docs[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	act("owners", "look", pairs("same", "yes", "typed", w.Digest()[:8]))
	if a := m.as("owners").get(t, path+"/scan"); a.StatusCode != 200 || a.Header.Get("Content-Disposition") == "" {
		t.Errorf("the sealed paper: %d", a.StatusCode)
	}
	send("firm", "show", pairs("from", today.String(), "board", "东门宣传栏"), 422)
	send("firm", "show", pairs("from", today.String(), "board", "东门宣传栏"), 303, picture(t, 3))
	refused("firm", "down", pairs("down", today.String()), "提前撤下的理由")
	act("firm", "down", pairs("down", today.String(), "why", "被雨淋坏"))
	refused("firm", "take", pairs("day", "明天"), "不是日期")
	act("firm", "take", pairs("day", today.String()))
	// The firm files it: day and sealed agreement are there already. The receipt ends it.
	scenario{name: "filed by the developer", role: "builder", method: "POST", path: path + "/filing", status: 403}.run(t, f, m.people)
	if todo := m.as("firm").get(t, "/todo").body; !strings.Contains(todo, "提交望湖苑的承接查验备案") || strings.Contains(m.as("officer").get(t, path).body, "登记备案</button>") {
		t.Error("the firm is not told to file, or the officer is offered to end what nobody filed")
	}
	filed := m.post("firm", path+"/filing", m.hidden("firm", path, path+"/filing"))
	if draft := m.as("firm").get(t, filed).body; !strings.Contains(draft, `value="`+today.String()+`"`) || !strings.Contains(draft, number) || strings.Count(draft, `<span class="sub"><a href="`+filed+`/files/`) != 1 {
		t.Errorf("the draft lacks what is known: %.3000s", draft)
	}
	if err := f.Registered(context.Background(), strings.TrimPrefix(filed, "/filings/"), "firm", "officer", "chief", "law"); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	if todo := m.as("officer").get(t, "/todo").body; !strings.Contains(todo, "登记望湖苑的承接查验备案") || strings.Contains(m.as("firm").get(t, "/todo").body, "提交望湖苑的承接查验备案") {
		t.Error("the officer is not told of the receipt, or the firm still is")
	}
	refused("officer", "file", pairs("filing", ""), "请选择这个小区的承接查验备案")
	act("officer", "file", pairs("filing", strings.TrimPrefix(filed, "/filings/")))
	for _, s := range []scenario{
		{name: "filed", role: "owners", path: path, status: 200, contains: []string{"已备案", "复验合格", "已重做防水", filed + "/receipt", "承验备〔2026〕1号"}},
		{name: "elsewhere", role: "stranger", path: path, status: 404},
		{name: "in plain words for the committee", role: "owners", path: "/home", status: 200, contains: []string{"望湖苑", "交房查出来、还没修好的", `href="` + path + `"`}},
		{name: "searched by number", role: "owners", path: "/search?q=" + number, status: 200, contains: []string{`id="handovers"`, `href="` + path + `"`, number, "已备案"}},
		{name: "by initials", role: "builder", path: "/search?q=why", status: 200, contains: []string{`href="` + path + `"`}},
		{name: "listed by number", role: "owners", path: "/handovers?q=" + strings.ToLower(number[:13]), status: 200, contains: []string{`href="` + path + `"`}},
		{name: "searched elsewhere", role: "stranger", path: "/search?q=" + number, status: 200, excludes: []string{`id="handovers"`, path}},
		{name: "witnessed", role: "builder", path: path, status: 200, contains: []string{"已见证", "纸面校验值相同", "提前撤下，不算数", "118.50", "争议"}, excludes: []string{"起草保修通知书"}},
		{name: "paper of the agreement", role: "owners", path: path + "/print/agreement", status: 200, contains: []string{"前期物业服务合同的补充协议", "内容校验值"}},
		{name: "the whole file", role: "owners", path: path + "/whole", status: 200, contains: []string{"卷内目录", "永久", "前期物业服务合同的"}},
		{name: "paper of the record", role: "owners", path: path + "/print/record", status: 200, contains: []string{"防水完好", "业主代表 何*民"}},
		{name: "papers to choose", role: "owners", path: "/prints?of=/handovers&state=", status: 200, contains: []string{"~agreement", "~record"}},
		{name: "papers together", role: "owners", path: "/prints/sheets?of=/handovers&p=" + strings.TrimPrefix(path, "/handovers/") + "~agreement&p=" + strings.TrimPrefix(path, "/handovers/") + "~record", status: 200, contains: []string{"批量打印，2 份", "前期物业服务合同的补充协议", "业主代表 何*民"}},
		{name: "list of defects", role: "builder", path: path + "/print/defects", status: 200, contains: []string{"东北角"}},
		{name: "list of documents", role: "builder", path: path + "/print/documents", status: 200, contains: []string{"交付前提供"}},
		{name: "paper of the transfer", role: "owners", path: path + "/print/transfer", status: 200, contains: []string{"办理交接", "建设单位（盖章）"}, excludes: []string{"系统确认"}},
		{name: "receipt", role: "firm", path: filed + "/receipt", status: 200, contains: []string{"已予备案", "物业承接查验协议、"}},
		{name: "for the board", role: "firm", path: path + "/print/board", status: 200, contains: []string{"各位业主"}},
		{name: "no such paper", role: "firm", path: path + "/print/other", status: 404},
		{name: "a paper elsewhere", role: "stranger", path: path + "/print/record", status: 404},
		{name: "as Excel", role: "owners", path: path + "/sheet.xlsx", status: 200},
		{name: "Excel elsewhere", role: "stranger", path: path + "/sheet.xlsx", status: 404},
		{name: "the list as Excel", role: "owners", path: "/handovers.xlsx?state=filed", status: 200},
		{name: "cancelled too late", role: "builder", method: "POST", path: path + "/cancel", form: pairs("seq", "14", "cancel-reason", "不办了"), status: 409},
		{name: "signed by owners", role: "owners", method: "POST", path: path + "/sign", form: pairs("current", browsertest.Password), status: 403},
	} {
		s.run(t, f, m.people)
	}
	// A promised document comes later: the developer and the firm are told until the firm received it.
	for login, said := range map[string]string{"builder": "补交望湖苑承诺的移交资料", "firm": "催收望湖苑承诺补交的移交资料"} {
		if todo := m.as(login).get(t, "/todo").body; !strings.Contains(todo, said) {
			t.Errorf("%s is not told of the promised document", login)
		}
	}
	refused("firm", "supply", pairs("came-owners", "1", "received", "明天"), "不是日期")
	refused("firm", "supply", pairs("received", today.String()), "请勾选收到的资料")
	act("firm", "supply", pairs("came-owners", "1", "received", today.String()))
	if seen := m.as("builder").get(t, path).body; !strings.Contains(seen, today.Chinese()+"补交") || strings.Contains(m.as("builder").get(t, "/todo").body, "承诺的移交资料") {
		t.Error("what came is still owed")
	}
	// A defect found after the transfer: told with a photo, repaired, inspected again.
	send("firm", "later", pairs("defect", "地下室外墙", "where", "B 区", "seen", today.String(), "lost", "developer"), 422)
	send("firm", "later", pairs("defect", "地下室外墙", "where", "B 区", "seen", today.String(), "lost", "developer"), 303, picture(t, 4))
	if todo := m.as("builder").get(t, "/todo").body; !strings.Contains(todo, "整改望湖苑的遗留问题") {
		t.Error("the developer is not told of the defect")
	}
	for _, s := range []scenario{
		{name: "carried too late", role: "firm", method: "POST", path: items + "hidden.1/carry", form: pairs("how-hidden.1", "重做", "due-hidden.1", today.Add(5).String()), status: 409},
		{name: "repaired later", role: "builder", method: "POST", path: items + "hidden.1/repair", form: pairs("repair", "已注浆"), status: 303, changes: 1},
		{name: "judged later", role: "firm", method: "POST", path: items + "hidden.1/judge", form: pairs("passed", "yes"), status: 303, changes: 1},
		{name: "seen by the owners", role: "owners", path: path, status: 200, contains: []string{"地下室外墙", "已注浆"}},
		{name: "whole of one phase", role: "firm", method: "POST", path: path + "/whole", form: pairs("seq", "99", "whole", today.String()), status: 409},
	} {
		s.run(t, f, m.people)
	}
}
