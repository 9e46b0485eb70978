package web_test

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"redsteward/policy"
)

// TestChangePages follows a change of firm through its pages, by the officer, the firm that leaves and others, and the board of compounds at risk.
func TestChangePages(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	key := policy.FirmKey(firm)
	if err := f.Appoint(context.Background(), "leaver", "测试人员", policy.Appointment{Role: "firm_manager", Unit: key, Scopes: []string{key}}); err != nil {
		t.Fatal(err)
	}
	if err := f.Appoint(context.Background(), "owner", "测试人员", policy.Appointment{Role: "owner", Unit: policy.ProjectKey(project), Scopes: []string{policy.ProjectKey(project)}}); err != nil {
		t.Fatal(err)
	}
	open := "/changes/new?project=" + project
	notice := func() url.Values {
		return pairs("contract", "c1", "giver", "firm", "given", "2026-06-01", "leaves", "2026-08-20", "reason", "经营亏损")
	}
	people := map[string]*person{}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, people)
		}
	}
	run(
		scenario{name: "nothing is changed yet", role: "officer", path: "/changes", status: 200, contains: []string{"还没有更换物业企业的小区", "登记退出通知"}},
		scenario{name: "choose a compound", role: "officer", path: "/changes/new", status: 200, contains: []string{"望湖苑"}},
		scenario{name: "without a compound", role: "officer", method: "POST", path: "/changes/new", form: pairs("project", ""), status: 422, contains: []string{"请选择小区"}},
		scenario{name: "on to its form", role: "officer", method: "POST", path: "/changes/new", form: pairs("project", project), status: 303},
		scenario{name: "the form", role: "officer", path: open, status: 200, contains: []string{`value="c1" selected`, "赣北物业服务有限公司"}},
		scenario{name: "wrong fields", role: "officer", method: "POST", path: open, form: pairs("contract", "c1", "given", "昨天"), status: 422, contains: []string{"收到通知的日期“昨天”不是日期", "请选择由谁通知", "请填写服务的最后一天", "请填写原因"}, excludes: []string{"请填写收到通知的日期"}},
		scenario{name: "the firm may not", role: "leaver", method: "POST", path: open, form: notice(), status: 403},
		scenario{name: "notice", role: "officer", method: "POST", path: open, form: notice(), status: 303, changes: 2},
		scenario{name: "a second one", role: "officer", method: "POST", path: open, form: notice(), status: 422, contains: []string{"已经有一次正在办理的更换"}},
	)
	list, err := f.Changes.Running(context.Background(), clerk)
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	page := "/changes/" + list[0].ID
	run(
		scenario{name: "the officer's work", role: "officer", path: "/todo", status: 200, contains: []string{"办理望湖苑的物业更换：公告"}},
		scenario{name: "the page", role: "officer", path: page, status: 200, contains: []string{"经营亏损", "已通知", "登记公告"}, excludes: []string{"登记选聘", "完成更换"}},
		scenario{name: "the leaving firm sees it", role: "leaver", path: page, status: 200, contains: []string{"经营亏损"}, excludes: []string{"登记公告"}},
		scenario{name: "and may change nothing", role: "leaver", method: "POST", path: page + "/announce", form: pairs("seq", "1"), status: 403},
		scenario{name: "announce: fields", role: "officer", method: "POST", path: page + "/announce", form: pairs("seq", "1", "announce-announced", "2026-05-01", "announce-where", "门"), status: 422,
			contains: []string{"早于2026年6月1日", `id="announce-where-e"`, `value="2026-05-01"`}},
		scenario{name: "announce", role: "officer", method: "POST", path: page + "/announce", form: pairs("seq", "1", "announce-announced", "2026-06-02", "announce-where", "小区公告栏"), status: 303, changes: 1},
		scenario{name: "a step that is not next", role: "officer", method: "POST", path: page + "/finish", form: pairs("seq", "2"), status: 409},
		scenario{name: "no such step", role: "officer", method: "POST", path: page + "/burn", form: pairs("seq", "2"), status: 404},
		scenario{name: "choice without a vote", role: "officer", method: "POST", path: page + "/choose", form: pairs("seq", "2", "choose-contract", "c1"), status: 422, contains: []string{"请选择选聘的表决记录", "请选择接下来的合同"}},
		scenario{name: "no refusal before the last day", role: "officer", method: "POST", path: page + "/refuse", form: pairs("seq", "2", "refuse-on", "2026-08-20", "refuse-what", "拒不移交钥匙"), status: 422, contains: []string{"不是拒不退出", `id="refuse-on-e"`}},
		scenario{name: "refusal", role: "officer", method: "POST", path: page + "/refuse", form: pairs("seq", "2", "refuse-on", "2026-08-21", "refuse-what", "拒不移交钥匙"), status: 303, changes: 1},
		scenario{name: "measure", role: "officer", method: "POST", path: page + "/measure", form: pairs("seq", "3", "measure-on", "2026-08-22", "measure-what", "约谈企业负责人"), status: 303, changes: 1},
		scenario{name: "one step is the main one", role: "officer", path: page, status: 200, contains: []string{`class="btn p">登记措施`, `class="btn">恢复办理`}},
		scenario{name: "what was done", role: "officer", path: page, status: 200, contains: []string{"拒不退出", "约谈企业负责人", "恢复办理", "物业管理股经办人 测试人员"}},
		scenario{name: "the whole file", role: "officer", path: page + "/whole", status: 200, contains: []string{"卷内目录", "小区公告栏", "约谈企业负责人（2026年8月22日）", "拒不退出", "办理经过"}, excludes: []string{"<form", "恢复办理"}},
		scenario{name: "who acted, as the firm sees it", role: "leaver", path: page, status: 200, contains: []string{"物业管理股经办人 测"}, excludes: []string{"物业管理股经办人 测试人员"}},
		scenario{name: "at risk", role: "officer", path: "/register/risk?cause=refusal", status: 200, contains: []string{"望湖苑", "赣北物业服务有限公司拒不退出", page}},
		scenario{name: "at risk: another cause", role: "officer", path: "/register/risk?cause=custody", status: 200, contains: []string{"没有符合条件的内容"}},
		scenario{name: "the list", role: "leaver", path: "/changes?state=refusing", status: 200, contains: []string{"望湖苑"}},
		scenario{name: "an owner has no register", role: "owner", path: "/register/projects", status: 403},
		scenario{name: "and claims for his own compound", role: "owner", path: "/fund/claims/new", status: 200, contains: []string{"望湖苑", "project=" + project}},
		scenario{name: "the way there leads nowhere closed", role: "leaver", path: "/fund/claims", status: 200, excludes: []string{`href="/fund"`}},
		scenario{name: "nobody outside", role: "secretary", path: "/changes/none", status: 404},
	)
	_, sheets := workbook(t, people["officer"].get(t, "/register/risk.xlsx?cause=refusal"))
	if said := fmt.Sprint(sheets["风险小区"]); !strings.Contains(said, "拒不退出") || !strings.Contains(said, "望湖苑") || strings.Contains(said, "更换") {
		t.Error(said)
	}
	_, sheets = workbook(t, people["officer"].get(t, "/changes.xlsx?q="+"why"))
	if said := fmt.Sprint(sheets["物业更换"]); !strings.Contains(said, "望湖苑") || !strings.Contains(said, "拒不退出") || !strings.Contains(said, "{物业企业 false} {状态 false}") {
		t.Error(said)
	}
	if uses, err := f.Changes.Uses(context.Background(), policy.ProjectKey(project), time.Time{}); err != nil || uses != "1 次物业更换" {
		t.Errorf("%q %v", uses, err)
	}
}
