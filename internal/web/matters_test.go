package web_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
	"redsteward/supervision/matter"
)

// TestMatterPages follows a hazard and a dispute through the pages, by reporter, dispatcher, departments, verifier and firm; the firm finds the reporter on no page, in no workbook and on no photo.
func TestMatterPages(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	community := policy.CommunityKey(cityEast)
	for login, ap := range map[string]policy.Appointment{
		"grid": {Role: "grid_worker", Unit: community, Scopes: []string{community}}, "verifier": {Role: "grid_worker", Unit: community, Scopes: []string{community}}, "committee": {Role: "owners_committee", Scopes: []string{policy.ProjectKey(project)}},
		"dispatcher": {Role: "dispatcher", Unit: policy.County, Scopes: []string{policy.County}}, "fire": {Role: "department_handler", Unit: "u:fire", Scopes: []string{policy.County}},
	} {
		if err := f.Appoint(context.Background(), login, "姓名"+login, ap); err != nil {
			t.Fatal(err)
		}
	}
	people := map[string]*person{}
	who := func(login string) *person {
		if people[login] == nil {
			people[login] = newPerson(t, f).signIn(t, login)
		}
		return people[login]
	}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, people)
		}
	}
	report := func(login, category string, files ...attachment) string {
		t.Helper()
		a := who(login).upload(t, "/matters/new", [][2]string{{"key", login + category}, {"category", category}, {"project", project}, {"where", "3幢1单元门前"}, {"words", "消防通道停了两辆车"}}, nil, files...)
		if a.StatusCode != http.StatusSeeOther {
			t.Fatalf("%d %.600s", a.StatusCode, a.body)
		}
		page, _, _ := strings.Cut(a.Header.Get("Location"), "?")
		return page
	}
	// seq is the change that a person's page was made from.
	seq := func(login, page string) string {
		t.Helper()
		found := regexp.MustCompile(`name="seq" value="([^"]*)"`).FindStringSubmatch(who(login).get(t, page).body)
		if found == nil {
			t.Fatalf("%s can do nothing on %s", login, page)
		}
		return found[1]
	}
	run(
		scenario{name: "the form", role: "grid", path: "/matters/new", status: 200, contains: []string{"公共安全隐患：占用堵塞消防通道", "望湖苑", "城东"}},
		scenario{name: "the firm reports nothing", role: "firm", path: "/matters/new", status: 403},
		scenario{name: "nothing yet", role: "dispatcher", path: "/matters", status: 200, contains: []string{"还没有事项"}},
	)
	for _, bad := range []struct {
		name, said string
		files      []attachment
	}{{"no place, no category", "请选择社区，或者选择小区", nil}, {"a photo that is none", "照片.png", []attachment{{"照片.png", []byte("MZ\x90\x00")}}}, {"too many photos", "最多 3 张照片", []attachment{{"1.png", picture(t, 1)}, {"2.png", picture(t, 2)}, {"3.png", picture(t, 3)}, {"4.png", picture(t, 4)}}}} {
		a := who("grid").upload(t, "/matters/new", [][2]string{{"words", "消防通道停了两辆车"}}, nil, bad.files...)
		if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, bad.said) || !strings.Contains(a.body, "消防通道停了两辆车") {
			t.Errorf("%s: %d %.3000s", bad.name, a.StatusCode, a.body)
		}
	}
	hazard, dispute := report("grid", "fire_exit", attachment{"网格员吴梅拍.png", picture(t, 5)}), report("committee", "fee", attachment{"业委会拍.png", picture(t, 6)})
	run(
		scenario{name: "found by its words", role: "dispatcher", path: "/search?q=" + url.QueryEscape("消防通道停了"), status: 200, contains: []string{`id="matters"`, hazard}},
		scenario{name: "not by whom it is not shown to", role: "firm", path: "/search?q=" + url.QueryEscape("消防通道停了"), status: 200, excludes: []string{hazard}},
		scenario{name: "work of the dispatcher", role: "dispatcher", path: "/todo", status: 200, contains: []string{"派单：占用堵塞消防通道（望湖苑 3幢1单元门前）", "派单：物业收费纠纷"}},
		scenario{name: "the firm before", role: "firm", path: hazard, status: 404},
		scenario{name: "the department before", role: "fire", path: hazard, status: 404},
		scenario{name: "who reported", role: "dispatcher", path: hazard, status: 200, contains: []string{"姓名grid", "网格发现", `value="fire" selected`}},
		scenario{name: "no department", role: "dispatcher", method: "POST", path: hazard + "/dispatch", form: pairs("seq", "1"), status: 422, contains: []string{`id="dispatch-department-e"`}},
		scenario{name: "dispatch", role: "dispatcher", method: "POST", path: hazard + "/dispatch", form: pairs("seq", "1", "dispatch-department", "fire"), status: 303, changes: 1},
		scenario{name: "the second dispatcher", role: "dispatcher", method: "POST", path: hazard + "/dispatch", form: pairs("seq", "1", "dispatch-department", "housing"), status: 409, contains: []string{"刚被别人办过"}},
		scenario{name: "dispatch to the bureau", role: "dispatcher", method: "POST", path: dispute + "/dispatch", form: pairs("seq", "1", "dispatch-department", "housing"), status: 303, changes: 1},
		scenario{name: "another department", role: "officer", method: "POST", path: hazard + "/accept", form: pairs("seq", "2"), status: 403, contains: []string{"县消防救援大队办理"}},
		scenario{name: "work of the department", role: "fire", path: "/todo", status: 200, contains: []string{"签收或者退回：占用堵塞消防通道"}},
		scenario{name: "refuse", role: "fire", method: "POST", path: hazard + "/refuse", form: pairs("seq", "2", "refuse-reason", "先由物业处理"), status: 303, changes: 1},
		scenario{name: "once more", role: "dispatcher", method: "POST", path: hazard + "/dispatch", form: pairs("seq", "3", "dispatch-department", "housing"), status: 303, changes: 1},
		scenario{name: "no second refusal", role: "officer", method: "POST", path: hazard + "/refuse", form: pairs("seq", "4", "refuse-reason", "不归我们"), status: 409},
		scenario{name: "accept", role: "officer", method: "POST", path: hazard + "/accept", form: pairs("seq", "4"), status: 303, changes: 1},
		scenario{name: "begin", role: "officer", method: "POST", path: hazard + "/begin", form: pairs("seq", "5"), status: 303, changes: 1},
		scenario{name: "more time", role: "officer", method: "POST", path: hazard + "/more", form: pairs("seq", "6", "more-reason", "要等划线施工"), status: 303, changes: 1},
		scenario{name: "no decision", role: "dispatcher", method: "POST", path: hazard + "/decide", form: pairs("seq", "7"), status: 422, contains: []string{"请选择是否同意延期"}},
		scenario{name: "granted", role: "dispatcher", method: "POST", path: hazard + "/decide", form: pairs("seq", "7", "decide-decision", "grant"), status: 303, changes: 1},
		scenario{name: "no such act", role: "dispatcher", method: "POST", path: hazard + "/burn", form: pairs("seq", "7"), status: 404},
	)
	if a := who("officer").upload(t, hazard+"/answer", [][2]string{{"seq", "8"}, {"answer-words", "已经清走并划线"}}, nil); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "请选择是否解决") || !strings.Contains(a.body, "已经清走并划线") {
		t.Errorf("%d %.2000s", a.StatusCode, a.body)
	}
	answer := [][2]string{{"seq", "8"}, {"key", "a"}, {"answer-words", "已经清走并划线"}, {"answer-fixed", "yes"}, {"answer-liable", "firm"}, {"answer-reasonable", "yes"}}
	if a := who("officer").upload(t, hazard+"/answer", answer, nil, attachment{"办理后.png", picture(t, 7)}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %.2000s", a.StatusCode, a.body)
	}
	who("officer").paper(t, hazard+"/print/dispatch", "事项交办单", "占用堵塞消防通道", "望湖苑 3幢1单元门前", "消防通道停了两辆车", "签收人、日期")
	who("officer").paper(t, hazard+"/print/answer", "事项办理反馈单", "已经清走并划线", "已解决", "物业企业", "答复时间")
	for _, paper := range []string{"dispatch", "answer"} {
		if a := who("officer").get(t, hazard+"/print/"+paper); strings.Contains(a.body, "吴梅") || strings.Contains(a.body, "姓名grid") {
			t.Errorf("the %s names who reported", paper)
		}
		if a := who("fire").get(t, dispute+"/print/"+paper); a.StatusCode != 404 {
			t.Errorf("another department opens %s: %d", paper, a.StatusCode)
		}
	}
	if a := who("officer").get(t, hazard+"/print/order"); a.StatusCode != 404 {
		t.Errorf("what came from no platform is answered to one: %d", a.StatusCode)
	}
	if a := who("verifier").upload(t, hazard+"/verify", [][2]string{{"seq", seq("verifier", hazard)}, {"verify-outcome", "fixed"}, {"verify-words", "已经畅通"}}, nil); a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "要拍现场照片核实") || !strings.Contains(a.body, `id="verify-photos-e"`) {
		t.Errorf("%d %.2000s", a.StatusCode, a.body)
	}
	if a := who("verifier").upload(t, hazard+"/verify", [][2]string{{"seq", seq("verifier", hazard)}, {"verify-outcome", "fixed"}, {"verify-words", "已经畅通"}}, nil, attachment{"现场.png", picture(t, 8)}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %.2000s", a.StatusCode, a.body)
	}
	run(
		scenario{name: "closed", role: "grid", path: hazard, status: 200, contains: []string{"办结已解决", "已经畅通", "要求重新办理"}},
		scenario{name: "found by the list", role: "dispatcher", path: "/matters?state=fixed&kind=hazard&q=why&sort=time", status: 200, contains: []string{"占用堵塞消防通道", "来源"}},
		scenario{name: "not found", role: "dispatcher", path: "/matters?q=zzz", status: 200, contains: []string{"没有符合条件的事项"}},
		scenario{name: "my own", role: "grid", path: "/matters?mine=1", status: 200, contains: []string{"占用堵塞消防通道"}, excludes: []string{`<td class="no-s">县住建局</td><td class="no-s nw">2`}},
		scenario{name: "the whole file", role: "officer", path: hazard + "/whole", status: 200, contains: []string{"卷内目录", "已经清走并划线", "已经畅通", "情况：照片", "答复：照片", "核实：照片", hazard + "/photos/", "办理经过"}, excludes: []string{"姓名grid"}},
		scenario{name: "reopen", role: "grid", method: "POST", path: hazard + "/reopen", form: pairs("seq", seq("grid", hazard), "reopen-reason", "又被堵上了"), status: 303, changes: 1},
	)
	twin := report("verifier", "fee")
	run(
		scenario{name: "the same is suggested", role: "dispatcher", path: twin, status: 200, contains: []string{"可能是同一件", strings.TrimPrefix(dispute, "/matters/")}},
		scenario{name: "into nothing", role: "dispatcher", method: "POST", path: twin + "/merge", form: pairs("seq", "1"), status: 422, contains: []string{`id="merge-into-e"`}},
		scenario{name: "merged", role: "dispatcher", method: "POST", path: twin + "/merge", form: pairs("seq", "1", "merge-into", strings.TrimPrefix(dispute, "/matters/")), status: 303, changes: 1},
		scenario{name: "its weight", role: "firm", path: dispute, status: 200, contains: []string{"2 件并为一件"}},
		scenario{name: "where it went", role: "verifier", path: twin, status: 200, contains: []string{"已并入", dispute}},
		scenario{name: "the firm does not see the twin", role: "firm", path: twin, status: 404},
		scenario{name: "the board", role: "dispatcher", path: "/matters/figures?by=department", status: 200, contains: []string{"县住建局", "还没有派单", "measure=repeated"}, excludes: []string{"%</span>"}},
		scenario{name: "a number of it opens its list", role: "dispatcher", path: "/matters?period=" + matter.MonthOf(f.Register.Today()).String() + "&measure=repeated&department=none", status: 200, contains: []string{"已并入"}, excludes: []string{"占用堵塞消防通道"}},
		scenario{name: "no such period", role: "dispatcher", path: "/matters/figures?period=2026-13", status: 422},
		scenario{name: "no such way", role: "dispatcher", path: "/matters/figures?by=mood", status: 422},
		scenario{name: "its chart", role: "dispatcher", path: "/matters/figures.json?by=month", status: 200, contains: []string{"series"}},
		scenario{name: "feedback of a month that still runs", role: "dispatcher", method: "POST", path: "/matters/feedback", form: pairs("period", matter.MonthOf(f.Register.Today()).String()), status: 422, contains: []string{"还没有过完", `id="period-e"`}},
		scenario{name: "no feedback yet", role: "dispatcher", path: "/matters/feedback", status: 200, contains: []string{"还没有反馈", "补做反馈"}},
		scenario{name: "the firm counts nothing", role: "firm", path: "/matters/figures", status: 403},
		scenario{name: "nothing to urge", role: "dispatcher", method: "POST", path: dispute + "/urge", form: pairs("seq", "2", "urge-rung", "urge"), status: 409},
	)
	secrets := []string{"姓名grid", "姓名committee", "网格发现", "业委会上报", "吴梅", "业委会拍", "网格员 姓名grid"}
	for _, login := range []string{"firm", "officer"} {
		said := ""
		for _, path := range []string{hazard, dispute, "/matters", "/register/projects/" + project + "/dossier"} {
			a := who(login).get(t, path)
			if a.StatusCode != 200 {
				t.Errorf("%s %s: %d", login, path, a.StatusCode)
			}
			said += a.body
		}
		_, sheets := workbook(t, who(login).get(t, "/matters.xlsx"))
		_, dossier := workbook(t, who(login).get(t, "/register/projects/"+project+"/dossier.xlsx"))
		said += fmt.Sprint(sheets, dossier)
		for _, secret := range secrets {
			if strings.Contains(said, secret) {
				t.Errorf("%s learns %q", login, secret)
			}
		}
		if !strings.Contains(said, "已隐去") || !strings.Contains(said, "消防通道停了两辆车") || strings.Contains(said, "source=grid") {
			t.Errorf("%s: the matter itself is not there", login)
		}
		a := who(login).get(t, hazard+"/photos/report/0")
		if a.StatusCode != 200 || strings.Contains(fmt.Sprint(a.Header), "吴梅") || !strings.HasPrefix(a.Header.Get("Content-Type"), "image/jpeg") {
			t.Errorf("%s: photo %d %v", login, a.StatusCode, a.Header)
		}
	}
	_, sheets := workbook(t, who("dispatcher").get(t, "/matters.xlsx?state=reopened"))
	if said := fmt.Sprint(sheets["事项"]); !strings.Contains(said, "网格发现") || !strings.Contains(said, "已经清走并划线") || strings.Contains(said, "物业收费纠纷") {
		t.Error(said)
	}
	others(t, f, &team{t: t, f: f, people: people}, project)
}

// platformOrders: the workbook of a platform comes in as it hands it out, with what is not read beside it; what was answered goes back in its own columns and words, until its result came in.
func platformOrders(t *testing.T, f *browsertest.Fixture, m *team) {
	t.Helper()
	const desk, heads = "/matters/platforms/hotline", "来电人,电话,工单编号,派单时间,办理时限,诉求分类,所属社区,小区名称,诉求地点,诉求内容,办理结果,办结时间,办结意见\n"
	before := changes(t, f)
	send := func(login, text string) answer {
		t.Helper()
		return m.as(login).upload(t, desk, nil, nil, attachment{"热线导出.csv", []byte(heads + text)})
	}
	wants(t, send("dispatcher", "王某,13800001234,J-9,昨天,,物业收费,城东社区,望湖苑,北门,多收了停车费,办了,,\n"), 200, "派单时间", "只能填已办结、未解决", "D2")
	wants(t, send("firm", ""), 403)
	wants(t, m.as("dispatcher").get(t, "/matters/platforms/moon"), 404)
	names, sheets := workbook(t, m.as("dispatcher").get(t, desk+"/template.xlsx"))
	if said := fmt.Sprint(names, sheets); !strings.Contains(said, "诉求分类") || !strings.Contains(said, "物业收费") || strings.Contains(said, "来件平台") {
		t.Error("the template:", said)
	}
	if n := changes(t, f) - before; n != 0 {
		t.Errorf("%d records of what was only tried", n)
	}
	bring := func(text string) {
		t.Helper()
		draft := regexp.MustCompile(`name="draft" value="([^"]+)"`).FindStringSubmatch(send("dispatcher", text).body)
		if draft == nil {
			t.Fatalf("not taken: %.2000s", send("dispatcher", text).body)
		}
		wants(t, m.as("dispatcher").send(t, "POST", desk+"/accept", pairs("draft", draft[1])), 303)
		if _, err := f.Matters.Orders.RunAccepted(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	const order = "王某,13800001234,J-9,2026-10-16 09:30:00,2026-10-30 18:00,物业收费,城东社区,望湖苑,北门,多收了停车费"
	bring(order + ",,,\n")
	officer := actorOf(t, f, "officer")
	var found store.Doc[matter.Matter]
	if err := f.Matters.Each(t.Context(), officer, matter.Filter{Orders: true}, func(d store.Doc[matter.Matter]) {
		if d.State.Order.Number == "J-9" {
			found = d
		}
	}); err != nil || found.ID == "" || found.State.Category != "fee" || found.State.Order.Received.String() != "2026-10-16" || found.State.Order.Due.String() != "2026-10-30" {
		t.Fatalf("%+v %v", found.State, err)
	}
	answers := func() string {
		t.Helper()
		_, sheets := workbook(t, m.as("dispatcher").get(t, desk+"/answers.xlsx"))
		return fmt.Sprint(sheets)
	}
	if said := answers(); strings.Contains(said, "J-9") {
		t.Error("what was not answered goes back:", said)
	}
	if _, err := f.Answered(t.Context(), officer, found, "停车费已退"); err != nil {
		t.Fatal(err)
	}
	if said := answers(); !strings.Contains(said, "J-9") || !strings.Contains(said, "停车费已退") || !strings.Contains(said, "办好了") || strings.Contains(said, "1380000") {
		t.Error("what was answered:", said)
	}
	bring(order + ",已办结,2026-10-19 16:00,来电人认可\n")
	if said := answers(); strings.Contains(said, "J-9") {
		t.Error("answered twice:", said)
	}
}

// others are orders of other platforms and what is told without an account.
func others(t *testing.T, f *browsertest.Fixture, m *team, project string) {
	t.Helper()
	ctx := context.Background()
	tree := f.Matters.Tree
	lines := []matter.OrderLine{{Order: matter.Order{System: matter.SourceHotline, Number: "J-2026-1", Received: f.Register.Today(), Due: f.Register.Today().Add(9)}, Category: "fee", Community: "城东社区", Project: "望湖苑", Where: "北门垃圾房", Words: "垃圾两天没有清运"}}
	data, err := report.Write(report.MatterOrders(tree).Filled(lines))
	if err != nil {
		t.Fatal(err)
	}
	m.accepted("dispatcher", "/matters/orders", data)
	if _, err := f.Matters.Orders.RunAccepted(ctx); err != nil {
		t.Fatal(err)
	}
	for _, s := range []scenario{
		{name: "what came from other platforms", role: "dispatcher", path: "/matters?orders=1", status: 200, contains: []string{"物业收费纠纷", "12345热线"}},
		{name: "no import for a firm", role: "firm", path: "/matters/orders", status: 403},
		{name: "no results for a firm", role: "firm", path: "/matters/orders.xlsx", status: 403},
		{name: "nobody is late", role: "dispatcher", path: "/matters/urge", status: 200, contains: []string{"没有要催办、督办的事项"}},
		{name: "nothing was ticked", role: "dispatcher", method: "POST", path: "/matters/urge", form: pairs("key", "u1"), status: 422, contains: []string{"请勾选 1 至 200 件，现在勾选了 0 件"}},
		{name: "one that is not late", role: "dispatcher", method: "POST", path: "/matters/urge", form: pairs("key", "u2", "row", "nothing@1"), status: 200, contains: []string{"办成 0 件，没有办成 1 件", "不在你的范围内的一件"}},
		{name: "a firm urges nobody", role: "firm", path: "/matters/urge", status: 403},
		{name: "no place", method: "POST", path: "/tell", form: pairs("words", "路灯不亮了"), status: 422, contains: []string{"请选择社区"}},
		{name: "the community first", path: "/tell", status: 200, contains: []string{"城东社区"}, excludes: []string{"写明情况"}},
		{name: "its compounds", path: "/tell?community=" + cityEast, status: 200, contains: []string{"望湖苑", "写明情况"}},
		{name: "no such number", method: "POST", path: "/tell/find", form: pairs("number", "ABCDEFGH", "code", "ABCDEF"), status: 422, contains: []string{"没有这个查询号"}},
	} {
		s.run(t, f, m.people)
	}
	_, sheets := workbook(t, m.as("dispatcher").get(t, "/matters/orders.xlsx"))
	if said := fmt.Sprint(sheets); !strings.Contains(said, "J-2026-1") {
		t.Error(said)
	}
	platformOrders(t, f, m)
	// The same as comma separated values: out as a list, in with a mistake that is named by its cell.
	list := m.as("dispatcher").get(t, "/matters.xlsx?orders=1&as=csv")
	if list.StatusCode != 200 || !strings.HasPrefix(list.body, "\uFEFF") || !strings.Contains(list.body, "垃圾两天没有清运") || !strings.Contains(list.Header.Get("Content-Disposition"), ".csv") {
		t.Errorf("%d %v %.300s", list.StatusCode, list.Header, list.body)
	}
	lines[0].Order.Number, lines[0].Words = "J-2026-2", "臭"
	values, err := report.WriteCSV(report.MatterOrders(tree).Filled(lines))
	if err != nil {
		t.Fatal(err)
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(bytes.TrimPrefix(values, []byte("\uFEFF")))
	if err != nil {
		t.Fatal(err)
	}
	before := changes(t, f)
	if a := m.as("dispatcher").upload(t, "/matters/orders", nil, nil, attachment{"工单.csv", gb}); a.StatusCode != 200 || !strings.Contains(a.body, "工单.csv") || !strings.Contains(a.body, "J2：情况要写") || !strings.Contains(a.body, "/matters/orders/marked/") || changes(t, f) != before {
		t.Errorf("%d %.3000s", a.StatusCode, a.body)
	}
	nobody := m.as("")
	told := nobody.upload(t, "/tell", [][2]string{{"key", "told"}, {"community", cityEast}, {"project", project}, {"category", "fee"}, {"where", "南侧小路"}, {"words", "路灯不亮了三天"}}, nil, attachment{"我家.png", picture(t, 9)})
	kept := regexp.MustCompile(`<dt>查询号</dt><dd class="b n">([^<]+)</dd><dt>查询码</dt><dd class="b n">([^<]+)</dd>`).FindStringSubmatch(told.body)
	if told.StatusCode != 200 || kept == nil {
		t.Fatalf("%d %.2000s", told.StatusCode, told.body)
	}
	if a := nobody.send(t, "POST", "/tell/find", pairs("number", kept[1], "code", kept[2])); a.StatusCode != 200 || !strings.Contains(a.body, "待派单") || !strings.Contains(a.body, "路灯不亮了三天") {
		t.Errorf("%d %.2000s", a.StatusCode, a.body)
	}
	urgeMany(t, f, m, lines[0])
	if a := nobody.send(t, "POST", "/tell/judge", pairs("number", kept[1], "code", kept[2], "fixed", "yes", "satisfied", "yes")); a.StatusCode != 409 {
		t.Errorf("judged before an answer: %d", a.StatusCode)
	}
	// The log shows to nobody without the right who reported.
	a := m.as("officer").get(t, "/admin/log")
	if a.StatusCode != 200 || !strings.Contains(a.body, "已隐去") || strings.Contains(a.body, "matter.ask") || strings.Contains(a.body, "网上反映问题") {
		t.Errorf("%d %.3000s", a.StatusCode, a.body)
	}
	for range 20 {
		if a = nobody.upload(t, "/tell", [][2]string{{"words", "路灯"}}, nil); a.StatusCode == 429 {
			break
		}
	}
	if a.StatusCode != 429 || a.Header.Get("Retry-After") == "" {
		t.Errorf("never told to wait: %d", a.StatusCode)
	}
}

// urgeMany urges three late matters at once, of which another changed one meanwhile: that one is refused, the others are done, and sent again nothing is done twice.
func urgeMany(t *testing.T, f *browsertest.Fixture, m *team, line matter.OrderLine) {
	t.Helper()
	var late []matter.OrderLine
	for i := range 3 {
		one := line
		one.Order.Number, one.Where, one.Words = fmt.Sprintf("J-2026-9%d", i), fmt.Sprintf("第%d个门岗", i+1), "门岗夜里没有人"
		one.Order.Received, one.Order.Due = f.Register.Today().Add(-9), f.Register.Today().Add(-2)
		late = append(late, one)
	}
	data, err := report.Write(report.MatterOrders(f.Matters.Tree).Filled(late))
	if err != nil {
		t.Fatal(err)
	}
	m.accepted("dispatcher", "/matters/orders", data)
	if _, err := f.Matters.Orders.RunAccepted(t.Context()); err != nil {
		t.Fatal(err)
	}
	by := actorOf(t, f, "dispatcher")
	found, err := f.Matters.List(t.Context(), by, matter.Filter{Text: "个门岗"}, "")
	if err != nil || len(found.Docs) != 3 {
		t.Fatalf("%d %v", len(found.Docs), err)
	}
	form := url.Values{"key": {"urge-many"}}
	var pages []string
	for _, d := range found.Docs {
		pages = append(pages, "/matters/"+d.ID)
		scenario{name: "dispatched", role: "dispatcher", method: "POST", path: "/matters/" + d.ID + "/dispatch", form: pairs("seq", fmt.Sprint(d.Seq), "dispatch-department", "housing"), status: 303, changes: 1}.run(t, f, m.people)
		form.Add("row", fmt.Sprintf("%s@%d", d.ID, d.Seq+1))
	}
	scenario{name: "those that are late", role: "dispatcher", path: "/matters/urge", status: 200, contains: []string{"催办：物业收费纠纷", `value="` + form["row"][2] + `" checked`, "逾期"}}.run(t, f, m.people)
	scenario{name: "none is found", role: "dispatcher", path: "/matters/urge?q=zzz", status: 200, contains: []string{"没有要催办、督办的事项"}}.run(t, f, m.people)
	scenario{name: "the department accepts one meanwhile", role: "officer", method: "POST", path: pages[1] + "/accept", form: pairs("seq", fmt.Sprint(found.Docs[1].Seq+1)), status: 303, changes: 1}.run(t, f, m.people)
	for i := range 2 {
		scenario{name: "urged", role: "dispatcher", method: "POST", path: "/matters/urge", form: form, status: 200, changes: int64(2 - 2*i), contains: []string{"办成 2 件，没有办成 1 件", "刚被别人办过", pages[0], pages[2]}}.run(t, f, m.people)
	}
	scenario{name: "one is left", role: "dispatcher", path: "/matters/urge", status: 200, contains: []string{pages[1]}, excludes: []string{pages[0], pages[2]}}.run(t, f, m.people)
	// What came from another platform is answered to it, on a paper for who may know that it did.
	seq := found.Docs[1].Seq + 2
	scenario{name: "begun", role: "officer", method: "POST", path: pages[1] + "/begin", form: pairs("seq", fmt.Sprint(seq)), status: 303, changes: 1}.run(t, f, m.people)
	scenario{name: "no answer to the platform yet", role: "dispatcher", path: pages[1] + "/print/order", status: 404}.run(t, f, m.people)
	answer := [][2]string{{"seq", fmt.Sprint(seq + 1)}, {"key", "order-answer"}, {"answer-words", "已经增加夜班保安"}, {"answer-fixed", "yes"}, {"answer-liable", "firm"}, {"answer-reasonable", "yes"}}
	if a := m.as("officer").upload(t, pages[1]+"/answer", answer, nil, attachment{"办理后.png", picture(t, 7)}); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %.2000s", a.StatusCode, a.body)
	}
	m.as("dispatcher").paper(t, pages[1]+"/print/order", "工单办理回复", "12345热线", "J-2026-9", "平台的期限", "门岗夜里没有人", "已经增加夜班保安", "已解决")
	if a := m.as("firm").get(t, pages[1]+"/print/order"); a.StatusCode != 404 || strings.Contains(a.body, "J-2026") {
		t.Errorf("a firm learns where it came from: %d", a.StatusCode)
	}
}
