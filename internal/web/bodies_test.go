package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"redsteward/policy"
	"redsteward/registry"
)

// TestBodyPages follows the founding of a 物管会 through its pages: the community puts candidates forward, its secretary judges, the bureau files; and the list with its Excel.
func TestBodyPages(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	ctx, key := context.Background(), policy.CommunityKey(cityEast)
	if err := f.Appoint(ctx, "worker", "测试人员", policy.Appointment{Role: "community_worker", Unit: key, Scopes: []string{key}}); err != nil {
		t.Fatal(err)
	}
	people := map[string]*person{}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, people)
		}
	}
	const list = "/register/bodies"
	open := list + "/new?project=" + project
	run(
		scenario{name: "the list", role: "worker", path: list, status: 200, contains: []string{"望湖苑", "没有在任的", "登记筹备组"}},
		scenario{name: "the firm looks on", role: "firm", path: list, status: 200, contains: []string{"望湖苑"}, excludes: []string{"登记筹备组"}},
		scenario{name: "choose a compound", role: "worker", path: list + "/new", status: 200, contains: []string{"望湖苑"}},
		scenario{name: "on to its form", role: "worker", method: "POST", path: list + "/new", form: pairs("project", project), status: 303},
		scenario{name: "without a compound", role: "worker", method: "POST", path: list + "/new", form: pairs("project", ""), status: 422, contains: []string{"请选择小区"}},
		scenario{name: "the project page leads there", role: "worker", path: "/register/projects/" + project, status: 200, contains: []string{"组建或换届"}},
		scenario{name: "wrong fields", role: "worker", method: "POST", path: open, form: pairs("kind", "management", "on", "昨天", "members", "八"), status: 422, contains: []string{"成立日期“昨天”不是日期", "要填整数"}},
		scenario{name: "the firm may not", role: "firm", method: "POST", path: open, form: pairs("kind", "management"), status: 403},
		scenario{name: "another community", role: "elsewhere", method: "POST", path: open, form: pairs("kind", "management"), status: 404},
		scenario{name: "the group", role: "worker", method: "POST", path: open, form: pairs("kind", "management", "on", "2026-05-01", "members", "9", "owners", "5", "party", "4"), status: 303, changes: 2},
		scenario{name: "a second one", role: "worker", method: "POST", path: open, form: pairs("kind", "committee", "on", "2026-05-01", "members", "9", "owners", "5", "party", "4"), status: 422, contains: []string{"已经有一次正在办理"}},
	)
	running, err := f.Bodies.Running(ctx, clerk)
	if err != nil || len(running) != 1 {
		t.Fatal(running, err)
	}
	page := list + "/" + running[0].ID
	run(scenario{name: "no paper of a later step", role: "worker", path: page + "/print/notice", status: 404})
	run(
		scenario{name: "the worker's work", role: "worker", path: "/todo", status: 200, contains: []string{"望湖苑物管会组建：报送候选人"}},
		scenario{name: "the page", role: "worker", path: page, status: 200, contains: []string{"筹备中", "9 人，业主代表 5 人，党员 4 人", "报送候选人"}, excludes: []string{"审查通过</button>", "登记备案</button>"}},
		scenario{name: "propose: fields", role: "worker", method: "POST", path: page + "/propose", form: pairs("seq", "1", "propose-on", "2026-05-10", "propose-seats", "6", "propose-all", "8", "propose-party", "4"), status: 422, contains: []string{"要是单数", `id="propose-seats-e"`, `value="2026-05-10"`}},
		scenario{name: "propose", role: "worker", method: "POST", path: page + "/propose", form: pairs("seq", "1", "propose-on", "2026-05-10", "propose-seats", "5", "propose-all", "8", "propose-party", "4"), status: 303, changes: 1},
		scenario{name: "the secretary's work", role: "secretary", path: "/todo", status: 200, contains: []string{"望湖苑物管会组建：审查候选人资格"}},
		scenario{name: "the worker does not judge", role: "worker", method: "POST", path: page + "/pass", form: pairs("seq", "2"), status: 403},
		scenario{name: "the worker sees no such form", role: "worker", path: page, status: 200, contains: []string{"资格审查中"}, excludes: []string{"审查通过</button>"}},
		scenario{name: "pass: fields", role: "secretary", method: "POST", path: page + "/pass", form: pairs("seq", "2", "pass-on", "2026-05-12", "pass-all", "四"), status: 422, contains: []string{"要填整数"}},
		scenario{name: "pass", role: "secretary", method: "POST", path: page + "/pass", form: pairs("seq", "2", "pass-on", "2026-05-12", "pass-all", "7", "pass-party", "4"), status: 303, changes: 1},
		scenario{name: "notice", role: "worker", method: "POST", path: page + "/notice", form: pairs("seq", "3", "notice-on", "2026-05-13", "notice-where", "小区公告栏"), status: 303, changes: 1},
		scenario{name: "objection", role: "worker", method: "POST", path: page + "/object", form: pairs("seq", "4", "object-on", "2026-05-14", "object-what", "不是业主", "object-answer", "已核对，是业主"), status: 303, changes: 1},
		scenario{name: "an election is not for it", role: "worker", method: "POST", path: page + "/elect", form: pairs("seq", "5", "elect-vote", "x"), status: 409},
		scenario{name: "named too early", role: "worker", method: "POST", path: page + "/name", form: pairs("seq", "5", "name-on", "2026-05-14", "name-all", "5", "name-party", "3"), status: 422, contains: []string{"还在公示期内", "已核对，是业主"}},
		scenario{name: "named", role: "worker", method: "POST", path: page + "/name", form: pairs("seq", "5", "name-on", "2026-05-30", "name-all", "5", "name-party", "3"), status: 303, changes: 1},
		scenario{name: "the bureau's work", role: "officer", path: "/todo", status: 200, contains: []string{"望湖苑物管会组建：登记备案和任期"}},
		scenario{name: "no filing yet", role: "officer", method: "POST", path: page + "/file", form: pairs("seq", "6", "file-filing", "", "file-from", "2026-05-30", "file-until", "2029-05-29"), status: 422, contains: []string{"请选择已经办结的业主委员会"}},
		scenario{name: "an old page", role: "worker", method: "POST", path: page + "/end", form: pairs("seq", "1", "end-reason", "不再组建"), status: 409},
		scenario{name: "given up", role: "worker", method: "POST", path: page + "/end", form: pairs("seq", "6", "end-reason", "改为选举业委会"), status: 303, changes: 2},
		scenario{name: "nothing is left to do", role: "secretary", path: page, status: 200, contains: []string{"已终止", "改为选举业委会"}, excludes: []string{"<textarea"}},
		scenario{name: "the whole file", role: "secretary", path: page + "/whole", status: 200, contains: []string{"卷内目录", "业主代表", "改为选举业委会", "办理经过"}},
		scenario{name: "no whole file outside", role: "elsewhere", path: page + "/whole", status: 404},
		scenario{name: "its dossier", role: "officer", path: "/register/projects/" + project + "/dossier", status: 200, contains: []string{"业主组织组建和换届", "望湖苑物管会组建"}},
		scenario{name: "nobody outside", role: "elsewhere", path: page, status: 404},
		scenario{name: "a term with its counts", role: "officer", method: "POST", path: "/register/projects/" + project + "/body", form: pairs("seq", "2", "body", "committee", "body_from", "2024-05-01", "body_until", "2029-04-30", "members", "7", "party_members", "8"), status: 422, contains: []string{"党员是 8 人，要在 0 至 7 之间"}},
		scenario{name: "the term", role: "officer", method: "POST", path: "/register/projects/" + project + "/body", form: pairs("seq", "2", "body", "committee", "body_from", "2024-05-01", "body_until", "2029-04-30", "members", "7", "party_members", "4"), status: 303, changes: 1},
		scenario{name: "in office", role: "officer", path: list + "?body=committee&state=ended&q=whu", status: 200, contains: []string{"业委会在任", "其中党员 4 人，占 57.1%", page}},
		scenario{name: "none without", role: "officer", path: list + "?body=none", status: 200, contains: []string{"没有符合条件的内容"}},
	)
	worker := people["worker"]
	worker.paper(t, page+"/print/group", "筹备组成立公告", "全体业主：", "望湖苑", "9 人，业主代表 5 人，党员 4 人", "姓名")
	worker.paper(t, page+"/print/qualify", "候选人资格审查表", "8 人，党员 4 人", "7 人，党员 4 人", "社区党组织书记签名、盖章")
	people["firm"].paper(t, page+"/print/notice", "候选人公示", "小区公告栏", "2026年5月13日")
	people["firm"].paper(t, page+"/print/chosen", "业主组织组成人员公告", "5 人，党员 3 人", "2026年5月30日")
	if a := people["elsewhere"].get(t, page+"/print/chosen?as=docx"); a.StatusCode != 404 {
		t.Errorf("another community opens it: %d", a.StatusCode)
	}
	_, sheets := workbook(t, people["officer"].get(t, list+".xlsx"))
	if said := fmt.Sprint(sheets["业主组织"]); !strings.Contains(said, "业委会在任") || !strings.Contains(said, "望湖苑物管会组建：已终止") {
		t.Error(said)
	}
	// A row of an import that says nothing of the members leaves them.
	row, err := f.Register.OneProject(ctx, clerk, project)
	if err != nil {
		t.Fatal(err)
	}
	again := row.Body
	again.Members, again.PartyMembers = 0, 0
	if err := f.Register.SetBody(ctx, clerk, project, row.Seq, again); err != nil {
		t.Fatal(err)
	}
	if row, err = f.Register.OneProject(ctx, clerk, project); err != nil || row.Body.Kind != registry.BodyCommittee || row.Body.Members != 7 || row.Body.PartyMembers != 4 {
		t.Errorf("%+v %v", row.Body, err)
	}
}
