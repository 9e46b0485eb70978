package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"redsteward/policy"
	"redsteward/supervision/repair"
)

// TestRepairPages follows a repair through the pages: the firm enters, completes and corrects it, sees nothing of whom the draw falls on, and somebody else calls back.
func TestRepairPages(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	for login, ap := range map[string]policy.Appointment{"caller": {Role: "inspector", Scopes: []string{policy.County}}, "dispatcher": {Role: "dispatcher", Scopes: []string{policy.County}}} {
		if err := f.Appoint(context.Background(), login, "姓名"+login, ap); err != nil {
			t.Fatal(err)
		}
	}
	entered, sample, err := f.Repaired(context.Background(), project, "水管漏水")
	if err != nil {
		t.Fatal(err)
	}
	people := map[string]*person{}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, people)
		}
	}
	at := func(hours int) string {
		return strings.Replace(repair.MomentText(f.Register.Today().Begins().AddDate(0, 0, -1)), "00:00", []string{"08:00", "09:00", "10:00"}[hours], 1)
	}
	run(
		scenario{name: "no right", role: "dispatcher", path: "/repairs", status: 403},
		scenario{name: "the form", role: "firm", path: "/repairs/new", status: 200, contains: []string{"望湖苑", `type="datetime-local"`}},
		scenario{name: "who only reads enters nothing", role: "officer", path: "/repairs/new", status: 403},
		scenario{name: "everything wrong at once", role: "firm", method: "POST", path: "/repairs/new", form: pairs("project", project, "reported", "昨天", "what", "灯"), status: 422, contains: []string{"不是日期和时间", `id="where-e"`, `id="what-e"`, `id="category-e"`, "昨天"}},
		scenario{name: "enter", role: "firm", method: "POST", path: "/repairs/new", form: pairs("key", "k1", "project", project, "reported", at(0), "where", "2幢电梯", "what", "电梯停在两层之间", "category", "lift", "urgent", "yes"), status: 303, changes: 1},
		scenario{name: "the same form again", role: "firm", method: "POST", path: "/repairs/new", form: pairs("key", "k1", "project", project, "reported", at(0), "where", "2幢电梯", "what", "电梯停在两层之间", "category", "lift", "urgent", "yes"), status: 303},
		scenario{name: "listed", role: "officer", path: "/repairs?urgent=1", status: 200, contains: []string{"电梯停在两层之间", "逾时", "急修", "待到场"}, excludes: []string{"水管漏水"}},
		scenario{name: "whom to urge", role: "officer", path: "/urging?of=repairs", status: 200, contains: []string{"赣北物业服务有限公司", "待到场", "【催办】下列报修已经逾时"}},
		scenario{name: "the list leads there", role: "officer", path: "/repairs", status: 200, contains: []string{"/urging?of=repairs"}},
		scenario{name: "none", role: "officer", path: "/repairs?q=zzz", status: 200, contains: []string{"没有符合条件的报修"}},
	)
	list, err := f.Repairs.List(context.Background(), policy.Actor{ID: "x", Appointments: []policy.Appointment{{Role: "inspector", Scopes: []string{policy.County}}}}, repair.Filter{Urgent: true}, "")
	if err != nil || len(list.Docs) != 1 {
		t.Fatal(list, err)
	}
	lift := "/repairs/" + list.Docs[0].ID
	run(
		scenario{name: "arrived before the report", role: "firm", method: "POST", path: lift + "/arrive", form: pairs("seq", "1", "arrive-arrived", "2020-01-01T08:00"), status: 422, contains: []string{"早于报修时间", `id="arrive-arrived-e"`}},
		scenario{name: "arrived", role: "firm", method: "POST", path: lift + "/arrive", form: pairs("seq", "1", "arrive-arrived", at(1)), status: 303, changes: 1},
		scenario{name: "done", role: "firm", method: "POST", path: lift + "/finish", form: pairs("seq", "2", "finish-done", at(2), "finish-result", "更换接触器"), status: 303, changes: 1},
		scenario{name: "an old page", role: "firm", method: "POST", path: lift + "/withdraw", form: pairs("seq", "2", "withdraw-reason", "重复"), status: 409},
		scenario{name: "a correction without reason", role: "firm", method: "POST", path: lift + "/correct", form: pairs("seq", "3", "correct-reported", at(0), "correct-where", "2幢1单元电梯", "correct-what", "电梯停在两层之间", "correct-category", "lift", "correct-urgent", "yes", "correct-arrived", at(1), "correct-done", at(2), "correct-result", "更换接触器"), status: 422, contains: []string{`id="correct-reason-e"`, "2幢1单元电梯"}},
		scenario{name: "a correction", role: "firm", method: "POST", path: lift + "/correct", form: pairs("seq", "3", "correct-reported", at(0), "correct-where", "2幢1单元电梯", "correct-what", "电梯停在两层之间", "correct-category", "lift", "correct-urgent", "yes", "correct-arrived", at(1), "correct-done", at(2), "correct-result", "更换接触器", "correct-reason", "单元没有写"), status: 303, changes: 1},
		scenario{name: "its whole file", role: "officer", path: lift + "/whole", status: 200, contains: []string{"卷内目录", "2幢1单元电梯", "办理经过", "10 年"}, excludes: []string{"<form"}},
		scenario{name: "its trace", role: "officer", path: lift, status: 200, contains: []string{"位置由“2幢电梯”改为“2幢1单元电梯”", "单元没有写", "已修好"}, excludes: []string{"登记到场"}},
		scenario{name: "the firm sees no draw", role: "firm", path: "/repairs/calls/" + sample, status: 200, contains: []string{"还没有回访的一条"}, excludes: []string{entered, "抽取种子", "13812345678", "登记回访结果"}},
		scenario{name: "the firm does not call", role: "firm", method: "POST", path: "/repairs/calls/" + sample, form: pairs("seq", "1", "repair", entered, "outcome-"+entered, "satisfied"), status: 403},
		scenario{name: "who calls sees it", role: "caller", path: "/repairs/calls/" + sample, status: 200, contains: []string{"13812345678", "水管漏水", "抽取种子"}},
		scenario{name: "no outcome", role: "caller", method: "POST", path: "/repairs/calls/" + sample, form: pairs("seq", "1", "repair", entered), status: 422, contains: []string{`id="outcome-` + entered + `-e"`}},
		scenario{name: "called", role: "caller", method: "POST", path: "/repairs/calls/" + sample, form: pairs("seq", "1", "repair", entered, "outcome-"+entered, "phantom", "words-"+entered, "住户说没有报过"), status: 303, changes: 1},
		scenario{name: "now the firm sees it", role: "firm", path: "/repairs/calls/" + sample, status: 200, contains: []string{"接通，没有报过修", "138****5678", "住户说没有报过"}, excludes: []string{"13812345678"}},
		scenario{name: "the list of calls", role: "officer", path: "/repairs/calls", status: 200, contains: []string{"望湖苑", "1 / 1"}},
		scenario{name: "none open", role: "officer", path: "/repairs/calls?open=1", status: 200, contains: []string{"没有符合条件的回访"}},
		scenario{name: "the dossier", role: "officer", path: "/register/projects/" + project + "/dossier", status: 200, contains: []string{"报修回访"}},
		scenario{name: "where files come in", role: "firm", path: "/repairs/imports", status: 200, contains: []string{"导入报修台账"}},
	)
	_, sheets := workbook(t, people["firm"].get(t, "/repairs.xlsx"))
	file := people["firm"].get(t, "/repairs.xlsx")
	if len(sheets) != 1 || file.StatusCode != http.StatusOK || strings.Contains(file.body, "13812345678") {
		t.Errorf("%v", sheets)
	}
	// What was exported comes in again and changes nothing.
	a := people["firm"].upload(t, "/repairs/imports", nil, nil, attachment{"报修台账.xlsx", []byte(file.body)})
	if a.StatusCode != http.StatusOK || !strings.Contains(a.body, "没有变化") || strings.Contains(a.body, "新登记</dt><dd>1") {
		t.Errorf("%d %.1500s", a.StatusCode, a.body)
	}
	run(scenario{name: "withdrawn", role: "firm", method: "POST", path: lift + "/withdraw", form: pairs("seq", "4", "withdraw-reason", "重复登记"), status: 303, changes: 1})
}
