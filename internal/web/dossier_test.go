package web_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/change"
	"redsteward/registry/conduct"
	"redsteward/supervision/wish"
)

// TestDossiers: a dossier shows what the actor may read of a project or a firm and nothing else, on the page and in the workbook.
func TestDossiers(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	ctx := context.Background()
	day := func(text string) calendar.Date {
		d, err := calendar.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(f.Register.SetBody(ctx, clerk, project, 2, registry.Body{Kind: registry.BodyCommittee, Days: policy.Span{From: day("2024-05-01")}}))
	must(f.Register.SetParty(ctx, clerk, firm, 1, registry.Party{Form: registry.PartyOwn, Members: 5, Branch: "赣北物业党支部", Secretary: "李大山", Days: policy.Span{From: day("2025-01-01")}}))
	_, err := f.Conduct.Record(ctx, clerk, conduct.Marks, conduct.Input{Firm: firm, Project: project, Class: "late", Title: "迟报三季度统计表", Number: "记2026-7", Authority: "都昌县住建局", Decided: day("2026-09-01")}, nil, nil)
	must(err)
	_, err = f.Changes.Open(ctx, clerk, project, "c1", change.Notice{Giver: change.GiverFirm, Given: f.Register.Today(), Leaves: f.Register.Today().Add(60), Reason: "不再续约"}, nil)
	must(err)
	_, err = f.Wishes.Enter(ctx, policy.Actor{ID: "grid", Appointments: []policy.Appointment{{Role: "grid_worker", Scopes: []string{policy.County}}}}, wish.Input{Kind: "care", Project: project, Words: "想在楼梯口装一个扶手", Asker: wish.Asker{Name: "王桂英", Phone: "13800001234"}})
	must(err)
	// A second project of the firm, which a secretary of the first community does not see.
	far, err := f.Register.CreateProject(ctx, clerk, registry.ProjectInput{Name: "棠荫小区", Address: "棠荫 1 号", Community: "360428101500", Households: 90, Kind: registry.KindOld})
	must(err)
	must(f.Register.AddContract(ctx, clerk, far, 1, registry.ContractInput{Firm: firm, Kind: registry.ContractChosen, Level: registry.LevelNone, Fee: 60, Days: policy.Span{From: day("2025-01-01")}}))
	projectPage, firmPage := "/register/projects/"+project+"/dossier", "/register/firms/"+firm+"/dossier"
	timeline := "/register/projects/" + project + "/timeline"
	people := map[string]*person{}
	for _, s := range []scenario{
		{name: "signed out", path: projectPage, status: 401},
		{name: "no register", role: "auditor", path: firmPage, status: 403},
		{name: "project", role: "officer", path: projectPage, status: 200, contains: []string{"望湖苑一小区一档", "东风大道 8 号", "1,164", "赣北物业服务有限公司", "生效中", "1.20", "业委会", "没有登记：楼栋", "2024年5月1日", "迟报三季度统计表", "物业更换", "登记备案", "保修金余额",
			"/register/firms/" + firm + "/dossier", projectPage + ".xlsx"}, excludes: []string{"党建台账", `id="movements"`}},
		{name: "firm", role: "officer", path: firmPage, status: 200, contains: []string{"赣北物业服务有限公司一企一档", codeOne, "张小敏", "李大山", "赣北物业党支部", "望湖苑", "棠荫小区", "迟报三季度统计表", "失信信息"}},
		{name: "project as a book", role: "officer", path: projectPage + "/print", status: 200, contains: []string{"卷内目录", `data-page="v1"`, `<h2 id="v1">1. 基本情况</h2>`, "1,164", "含封面和目录"}, excludes: []string{"党建台账"}},
		{name: "firm as a book", role: "officer", path: firmPage + "/print", status: 200, contains: []string{"卷内目录", codeOne, "张小敏"}},
		{name: "linked from the project", role: "officer", path: "/register/projects/" + project, status: 200, contains: []string{`href="` + projectPage + `"`}},
		{name: "linked from the firm", role: "officer", path: "/register/firms/" + firm, status: 200, contains: []string{`href="` + firmPage + `"`}},
		{name: "a project that is none", role: "officer", path: "/register/projects/none/dossier", status: 404},
		{name: "secretary", role: "secretary", path: projectPage, status: 200, contains: []string{"望湖苑一小区一档", "业委会", "党建台账"}, excludes: []string{"迟报三季度统计表", "保修金余额", "/register/firms/" + firm + "/dossier"}},
		{name: "elsewhere", role: "elsewhere", path: projectPage, status: 404},
		{name: "its timeline", role: "officer", path: timeline, status: 200, contains: []string{"望湖苑时间线", "2024年5月1日", "任期起始：业委会", "事实发生日期：迟报三季度统计表", "通知日期：", "行业评价记录（"}, excludes: []string{"服务截止"}},
		{name: "wishes without who asked", role: "secretary", path: timeline + "?kind=wishes", status: 200, contains: []string{"点单日期：想在楼梯口装一个扶手", "待受理"}, excludes: []string{"王桂英", "13800001234"}},
		{name: "wishes in the dossier", role: "secretary", path: projectPage, status: 200, contains: []string{"想在楼梯口装一个扶手"}, excludes: []string{"王桂英"}},
		{name: "one kind of it", role: "officer", path: timeline + "?kind=bodies", status: 200, contains: []string{"任期起始：业委会"}, excludes: []string{"迟报三季度统计表："}},
		{name: "a page that is none", role: "officer", path: timeline + "?after=5000", status: 200, contains: []string{"没有可以看的"}},
		{name: "as known before anything was", role: "officer", path: timeline + "?known=2020-01-01", status: 404},
		{name: "the timeline elsewhere", role: "elsewhere", path: timeline, status: 404},
		{name: "the timeline of a secretary", role: "secretary", path: timeline, status: 200, contains: []string{"业委会"}, excludes: []string{"迟报三季度统计表"}},
		{name: "elsewhere as Excel", role: "elsewhere", path: projectPage + ".xlsx", status: 404},
		{name: "the firm itself", role: "firm", path: firmPage, status: 200, contains: []string{"张小敏", "棠荫小区"}},
	} {
		s.run(t, f, people)
	}
	all, sheets := workbook(t, people["officer"].get(t, firmPage+".xlsx"))
	for _, want := range []string{"基本情况", "党组织", "服务的小区与合同", "登记备案", "行业评价记录", "物业更换"} {
		if !slices.Contains(all, want) {
			t.Errorf("no sheet %s in %v", want, all)
		}
	}
	rows := sheets["服务的小区与合同"]
	if len(rows) != 3 || !slices.ContainsFunc(rows[1:], func(row []cell) bool {
		return slices.ContainsFunc(row, func(c cell) bool { return c.text == "棠荫小区" })
	}) {
		t.Fatalf("contracts: %v", rows)
	}
	if some, _ := workbook(t, people["firm"].get(t, firmPage+".xlsx")); slices.Contains(some, "党建台账") != strings.Contains(people["firm"].get(t, firmPage).body, `id="sheets"`) {
		t.Errorf("page and workbook of the firm differ: %v", some)
	}
	if secretary := people["secretary"].get(t, firmPage); secretary.StatusCode == 200 && strings.Contains(secretary.body, "棠荫小区") {
		t.Error("a secretary sees a project of another community")
	}
}
