package web_test

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// TestEstatePages: developers, what they built and its buildings through the pages, by officer, developer and others.
func TestEstatePages(t *testing.T) {
	f := start(t, 3)
	firm, project := fill(t, f)
	staff(t, f, firm)
	ctx := context.Background()
	developer, err := f.Register.CreateDeveloper(ctx, clerk, registry.DeveloperInput{Name: "长岭置业有限公司", Code: codeThree, Contact: "王小红", Phone: "13912345678"})
	if err != nil {
		t.Fatal(err)
	}
	key := policy.DeveloperKey(developer)
	if err := f.Appoint(ctx, "builder", "测试人员", policy.Appointment{Role: "developer", Unit: key, Scopes: []string{key}}); err != nil {
		t.Fatal(err)
	}
	page, projectPage := "/register/developers/"+developer, "/register/projects/"+project
	project2 := func(change ...string) []string {
		return append([]string{"seq", "2", "name", "望湖苑", "community", cityEast, "address", "东风大道 8 号", "households", "1164", "kind", "commodity"}, change...)
	}
	vote := func(change ...string) url.Values {
		v := pairs("matter", "m4", "title", "选聘赣北物业", "notified", "2026-09-01", "held", "2026-09-20", "all_area", "52000.5", "all_heads", "400", "joined_area", "40000", "joined_heads", "300", "agreed_area", "30000.5", "agreed_heads", "225")
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	people := map[string]*person{}
	for _, s := range []scenario{
		{name: "officer lists developers", role: "officer", path: "/register/developers", status: 200, contains: []string{"长岭置业有限公司", codeThree, "登记建设单位", "导出 Excel"}},
		{name: "by state", role: "officer", path: "/register/developers?state=gone", status: 200, contains: []string{"没有符合条件的建设单位"}},
		{name: "the form", role: "officer", path: "/register/developers/new", status: 200, contains: []string{"记在建设单位名下，不计入物业服务企业的评价"}},
		{name: "wrong check sign", role: "officer", method: "POST", path: "/register/developers/new", form: pairs("name", "安", "code", "91350100M000100Y42"), status: 422,
			contains: []string{"校验码应为 3，请核对营业执照", "建设单位名称有 1 个字", `value="91350100M000100Y42"`}},
		{name: "a code that is taken", role: "officer", method: "POST", path: "/register/developers/new", form: pairs("name", "安居置业有限公司", "code", codeThree), status: 422, contains: []string{"已由“长岭置业有限公司”登记", `id="code-e"`}},
		{name: "secretary may not", role: "secretary", method: "POST", path: "/register/developers/new", form: pairs("name", "安居置业有限公司", "code", codeTwo), status: 403},
		{name: "a developer", role: "officer", method: "POST", path: "/register/developers/new", form: pairs("name", "安居置业有限公司", "code", codeTwo), status: 303, changes: 2},
		{name: "change", role: "officer", method: "POST", path: page + "/edit", form: pairs("seq", "1", "name", "长岭置业集团有限公司", "code", codeThree, "contact", "王小红", "phone", "13912345678"), status: 303, changes: 1},
		{name: "overtaken", role: "officer", method: "POST", path: page + "/edit", form: pairs("seq", "1", "name", "长岭置业集团有限公司", "code", codeThree), status: 422, contains: []string{"刚被别人改过"}},
		{name: "standing: fields", role: "officer", method: "POST", path: page + "/standing", form: pairs("seq", "2", "state", "", "from", "昨天"), status: 422, contains: []string{"起始日“昨天”不是日期"}},
		{name: "standing", role: "officer", method: "POST", path: page + "/standing", form: pairs("seq", "2", "state", "gone", "from", "2026-10-01", "basis", "挂号信退回"), status: 303, changes: 1},
		{name: "it is shown", role: "officer", path: page, status: 200, contains: []string{"失联", "2026年10月1日起 · 挂号信退回", "没有登记它建设的小区", "13912345678"}},
		{name: "a developer that is none", role: "officer", path: "/register/developers/none", status: 404},

		{name: "a project is built by it", role: "officer", method: "POST", path: projectPage + "/edit", form: pairs(project2("developer", developer)...), status: 303, changes: 1},
		{name: "by nobody known", role: "officer", method: "POST", path: projectPage + "/edit", form: pairs(project2("developer", "none", "seq", "3")...), status: 422, contains: []string{"没有编号为“none”的建设单位"}},
		{name: "phase", role: "officer", method: "POST", path: projectPage + "/phases/new", form: pairs("seq", "3", "name", "一期"), status: 303, changes: 1},
		{name: "phase: the form", role: "officer", path: projectPage + "/phases/ph1", status: 200, contains: []string{`value="一期"`}},
		{name: "phase: none", role: "officer", path: projectPage + "/phases/ph9", status: 404},
		{name: "building: fields", role: "officer", method: "POST", path: projectPage + "/buildings/new", form: pairs("seq", "4", "floors", "十八", "area", "大"), status: 422,
			contains: []string{"层数“十八”要填整数", "建筑面积“大”要填数字"}},
		{name: "building: three decimals", role: "officer", method: "POST", path: projectPage + "/buildings/new", form: pairs("seq", "4", "name", "1幢", "phase", "ph1", "kind", "high", "floors", "18", "area", "1.234"), status: 422,
			contains: []string{"建筑面积最多两位小数，现在是 1.234"}},
		{name: "building", role: "officer", method: "POST", path: projectPage + "/buildings/new", form: pairs("seq", "4", "name", "1幢", "phase", "ph1", "kind", "high", "floors", "18", "area", "9600.5", "households", "72", "completed", "2020-05-30", "delivered", "2020-06-30"), status: 303, changes: 1},
		{name: "building: what stands", role: "officer", path: projectPage + "/buildings/b1", status: 200, contains: []string{`value="9600.50"`, `value="ph1" selected`, `value="2020-06-30"`}},
		{name: "building: corrected", role: "officer", method: "POST", path: projectPage + "/buildings/b1", form: pairs("seq", "5", "name", "1幢", "phase", "ph1", "kind", "high", "floors", "17", "households", "68"), status: 303, changes: 1},
		{name: "room", role: "officer", method: "POST", path: projectPage + "/rooms/new", form: pairs("seq", "6", "kind", "community", "place", "1幢一层", "area", "350.25"), status: 303, changes: 1},
		{name: "room: handed over", role: "officer", method: "POST", path: projectPage + "/rooms/r1", form: pairs("seq", "7", "kind", "community", "place", "1幢一层", "area", "350.25", "handed_over", "2026-10-01"), status: 303, changes: 1},
		{name: "the project", role: "officer", path: projectPage, status: 200, contains: []string{"长岭置业集团有限公司", "1 幢，68 户", "楼栋户数合计 68 户，小区登记是 1,164 户", "一期 1幢", "350.25 平方米", "1幢一层 · 2026年10月1日移交"}},
		{name: "the developer sees it", role: "builder", path: projectPage, status: 200, contains: []string{"望湖苑", "一期 1幢"}, excludes: []string{"登记楼栋", "撤下"}},
		{name: "and itself", role: "builder", path: page, status: 200, contains: []string{"望湖苑", "13912345678"}, excludes: []string{"修改登记"}},
		{name: "and its list", role: "builder", path: "/register/developers", status: 200, contains: []string{"长岭置业集团有限公司"}, excludes: []string{"安居置业"}},
		{name: "and no firm", role: "builder", path: "/register/firms/" + firm, status: 404},
		{name: "and may change nothing", role: "builder", method: "POST", path: projectPage + "/phases/new", form: pairs("seq", "8", "name", "二期"), status: 403},
		{name: "vote: unread", role: "officer", method: "POST", path: projectPage + "/votes/new", form: pairs("all_area", "大", "held", "去年"), status: 422, contains: []string{"全体业主的面积“大”要填数字", "表决截止日期“去年”不是日期"}},
		{name: "vote: the developer", role: "builder", method: "POST", path: projectPage + "/votes/new", form: vote(), status: 403},
		{name: "vote: more than all", role: "officer", method: "POST", path: projectPage + "/votes/new", form: vote("joined_heads", "401"), status: 422, contains: []string{"参与表决的人数 401 要在 0 至全体业主的 400 之间", `value="52000.5"`}},
		{name: "vote", role: "officer", method: "POST", path: projectPage + "/votes/new", form: vote(), status: 303, changes: 1},
		{name: "vote: is shown", role: "builder", path: projectPage, status: 200, contains: []string{"选聘赣北物业", "达到法定比例", "参与 40,000.00 / 52,000.50 平方米，300 / 400 人", "还没有公示"}, excludes: []string{"未达到", "登记表决"}},
		{name: "vote: below the thresholds", role: "officer", method: "POST", path: projectPage + "/votes/new", form: vote("matter", "m6", "agreed_heads", "224", "notified", "2026-09-10"), status: 303, changes: 1},
		{name: "vote: is shown too", role: "officer", path: projectPage, status: 200, contains: []string{"未达到法定比例", "未达到四分之三以上", "通知不足 15 日", "筹集维修资金"}},
		{name: "vote: none", role: "officer", path: projectPage + "/votes/none", status: 404},
		{name: "withdraw: the form", role: "officer", path: projectPage + "/rooms/r1/withdraw", status: 200, contains: []string{"“1幢一层”以后不再显示"}},
		{name: "withdraw: no reason", role: "officer", method: "POST", path: projectPage + "/buildings/b1/withdraw", form: pairs("seq", "8"), status: 422, contains: []string{"请填写原因"}},
		{name: "withdraw", role: "officer", method: "POST", path: projectPage + "/buildings/b1/withdraw", form: pairs("seq", "8", "reason", "重复登记"), status: 303, changes: 1},
		{name: "withdraw a room", role: "officer", method: "POST", path: projectPage + "/rooms/r1/withdraw", form: pairs("seq", "9", "reason", "录错小区"), status: 303, changes: 1},
		{name: "contract of a phase: overlaps the whole", role: "officer", method: "POST", path: projectPage + "/contracts/new", form: pairs("seq", "10", "firm", firm, "kind", "chosen", "level", "none", "fee", "0.8", "from", "2026-12-31", "phase", "ph1"), status: 422,
			contains: []string{"2026年1月1日至2026年12月31日的合同有重叠的日子", `value="ph1" selected`}},
		{name: "contract of a phase", role: "officer", method: "POST", path: projectPage + "/contracts/new", form: pairs("seq", "10", "firm", firm, "kind", "chosen", "level", "none", "fee", "0.8", "from", "2027-01-01", "phase", "ph1"), status: 303, changes: 1},
		{name: "it is shown", role: "officer", path: projectPage, status: 200, contains: []string{"赣北物业服务有限公司（一期）"}},
		{name: "custody without end", role: "officer", method: "POST", path: projectPage + "/contracts/new", form: pairs("seq", "11", "firm", firm, "kind", "custody", "level", "none", "fee", "0", "from", "2029-01-01"), status: 422, contains: []string{"应急托管要填截止日"}},
		{name: "paper: unread", role: "officer", method: "POST", path: projectPage + "/papers/new", form: pairs("seq", "11", "kind", "lift", "from", "去年"), status: 422, contains: []string{"有效期起始日“去年”不是日期"}},
		{name: "paper", role: "officer", method: "POST", path: projectPage + "/papers/new", form: pairs("seq", "11", "kind", "lift", "subject", "1幢1号梯", "number", "TS-8", "from", "2000-01-01", "until", "2000-12-31"), status: 303, changes: 1},
		{name: "paper: is shown", role: "officer", path: projectPage, status: 200, contains: []string{"1幢1号梯电梯定期检验", "已过期", "编号 TS-8"}},
		{name: "paper: what stands", role: "officer", path: projectPage + "/papers/q1", status: 200, contains: []string{`value="TS-8"`, `value="2000-12-31"`}},
		{name: "expiry", role: "officer", path: "/register/expiry?kind=paper&stage=0", status: 200, contains: []string{"1幢1号梯电梯定期检验", "2000年12月31日", "过期"}},
		{name: "expiry: past is not reminded of", role: "officer", method: "POST", path: "/register/expiry/remind", form: pairs("project", project, "item", "paper/q1"), status: 409},
		{name: "expiry: reminding is the officer's", role: "builder", method: "POST", path: "/register/expiry/remind", form: pairs("project", project, "item", "paper/q1"), status: 403},
		{name: "the officer's work", role: "officer", path: "/todo", status: 200, contains: []string{"续办：望湖苑的1幢1号梯电梯定期检验"}},
		{name: "paper: withdrawn", role: "officer", method: "POST", path: projectPage + "/papers/q1/withdraw", form: pairs("seq", "12", "reason", "录错小区"), status: 303, changes: 1},
		{name: "expiry: gone", role: "officer", path: "/register/expiry?kind=paper", status: 200, contains: []string{"没有符合条件的内容"}},
		{name: "revenue: unread", role: "officer", method: "POST", path: projectPage + "/revenue/new", form: pairs("half", "2025H2", "parking", "1.234", "published", "昨天"), status: 422, contains: []string{"停车最多两位小数，现在是 1.234", "公示日期“昨天”不是日期"}},
		{name: "revenue: not the developer's", role: "builder", method: "POST", path: projectPage + "/revenue/new", form: pairs("half", "2025H2"), status: 403},
		{name: "revenue", role: "officer", method: "POST", path: projectPage + "/revenue/new", form: pairs("half", "2025H2", "parking", "1200.05", "repair", "200", "published", "2026-01-10", "where", "公告栏", "days", "30"), status: 303, changes: 1},
		{name: "revenue: twice", role: "officer", method: "POST", path: projectPage + "/revenue/new", form: pairs("half", "2025H2"), status: 422, contains: []string{"2025年下半年的公共收益已经登记"}},
		{name: "revenue: what stands", role: "officer", path: projectPage + "/revenue/2025H2", status: 200, contains: []string{`value="1200.05"`, "更正原因"}},
		{name: "revenue: corrected", role: "officer", method: "POST", path: projectPage + "/revenue/2025H2", form: pairs("seq", "1", "half", "2025H2", "parking", "1200.05", "reason", "支出录错"), status: 303, changes: 1},
		{name: "revenue: none", role: "officer", path: projectPage + "/revenue/2020H1", status: 404},
		{name: "repair fund: fields", role: "officer", method: "POST", path: projectPage + "/repair/new", form: pairs("kind", "use", "on", "2026-01-10", "fen", "0"), status: 422, contains: []string{"使用要大于 0", "请填写用途"}},
		{name: "repair fund", role: "officer", method: "POST", path: projectPage + "/repair/new", form: pairs("kind", "balance", "on", "2026-01-10", "fen", "5000.1"), status: 303, changes: 1},
		{name: "money of the project", role: "builder", path: projectPage, status: 200, contains: []string{"2025年下半年", "期末余额 1,200.05 元", "5,000.10 元"}, excludes: []string{"登记公共收益"}},
		{name: "money of all", role: "officer", path: "/register/money?half=2025H2&shown=no", status: 200, contains: []string{"望湖苑", "没有公示", "1,200.05", "5,000.10"}},
		{name: "repair fund: withdraw", role: "officer", path: projectPage + "/repair/0/withdraw", status: 200, contains: []string{"余额 5,000.10 元以后不再计入"}},
		{name: "repair fund: withdrawn", role: "officer", method: "POST", path: projectPage + "/repair/0/withdraw", form: pairs("seq", "1", "reason", "录错小区"), status: 303, changes: 1},
		{name: "coverage", role: "officer", path: "/register/coverage", status: 200, contains: []string{"望湖苑", "市场化", "100.0%", "全部显示以便打印", "导出 Excel"}},
		{name: "coverage: the other form", role: "officer", path: "/register/coverage?form=none", status: 200, contains: []string{"没有符合条件的内容", "清除条件"}},
		{name: "coverage: the developer", role: "builder", path: "/register/coverage?all=1", status: 200, contains: []string{"望湖苑", "data-print"}},
		{name: "withdrawn", role: "officer", path: projectPage + "/buildings/b1", status: 404},
		{name: "nothing is left", role: "officer", path: projectPage, status: 200, contains: []string{"还没有登记楼栋", "还没有登记物业用房"}},
	} {
		s.run(t, f, people)
	}
	// A vote is corrected through its own form.
	at := regexp.MustCompile(`href="(/register/projects/[^"]+/votes/[^"]+)">更正`).FindStringSubmatch(people["officer"].get(t, projectPage).body)
	if at == nil {
		t.Fatal("no vote can be corrected")
	}
	if a := people["officer"].get(t, at[1]); a.StatusCode != 200 || !strings.Contains(a.body, `value="30000.50"`) || !strings.Contains(a.body, "更正原因") {
		t.Errorf("the form of a vote: %d %s", a.StatusCode, a.body)
	}
	begun := changes(t, f)
	corrected := vote("seq", "1", "reason", "补公示日期", "published", "2026-09-25")
	if a := people["officer"].send(t, "POST", at[1], corrected); a.StatusCode != 303 || changes(t, f) != begun+1 {
		t.Errorf("correcting a vote: %d %s", a.StatusCode, a.body)
	}
	rows, err := report.ReadRegister(registry.ImportDevelopers, strings.NewReader(people["officer"].get(t, "/register/developers.xlsx?q=clzy").body))
	if err != nil || len(rows.Lines) != 1 || rows.Lines[0].Developer.Phone != "13912345678" {
		t.Errorf("%+v %v", rows, err)
	}
	projects, err := report.ReadRegister(registry.ImportProjects, strings.NewReader(people["officer"].get(t, "/register/projects.xlsx").body))
	if err != nil || len(projects.Lines) != 1 || projects.Lines[0].Project.DeveloperCode != codeThree {
		t.Errorf("%+v %v", projects, err)
	}
	_, sheets := workbook(t, people["officer"].get(t, "/register/money.xlsx?half=2025H2&shown=no"))
	if said := fmt.Sprint(sheets["公共收益与维修资金"]); !strings.Contains(said, "1200.05") || strings.Contains(said, "1,200.05") {
		t.Errorf("amounts as Excel: %s", said)
	}
	for form, rows := range map[string]int{"market": 1, "none": 0} {
		_, sheets := workbook(t, people["officer"].get(t, "/register/coverage.xlsx?form="+form))
		if said := fmt.Sprint(sheets["物业服务覆盖"]); !strings.Contains(said, "覆盖方式") || strings.Count(said, "望湖苑") != rows {
			t.Errorf("coverage %s as Excel: %s", form, said)
		}
	}
}
