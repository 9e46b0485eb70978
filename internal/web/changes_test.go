package web_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/change"
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
	testChangePapers(t, f, people, project, page)
}

// testChangePapers opens the papers of a change on its way through a refusal to leave, emergency custody, choice and handing over: each says what it is filled with; one that goes to another firm is not the leaving firm's; a number is taken for one in the register, and to whom it was sent stands there.
func testChangePapers(t *testing.T, f *browsertest.Fixture, people map[string]*person, project, page string) {
	t.Helper()
	ctx := t.Context()
	officer, leaver := people["officer"], people["leaver"]
	officer.paper(t, page+"/print/notice", "物业服务退出告知函", "赣北物业服务有限公司：", "望湖苑", "2026年6月1日", "2026年8月20日", "经营亏损", "《民法典》第九百四十九条", "应当通知的日期")
	officer.paper(t, page+"/print/announce", "物业更换公告", "全体业主：", "小区公告栏", "2026年6月2日")
	leaver.paper(t, page+"/print/urge", "督促退出和移交通知书", "拒不移交钥匙", "2026年8月21日", "《民法典》第九百四十九条")
	for _, path := range []string{page + "/print/custody", page + "/print/list", page + "/print/nothing"} {
		if a := officer.get(t, path); a.StatusCode != 404 {
			t.Errorf("%s before its step: %d", path, a.StatusCode)
		}
	}
	taken := officer.send(t, http.MethodPost, "/sent/new?"+url.Values{"case": {strings.TrimPrefix(strings.Replace(page, "/changes/", "change/", 1), "/")}, "for": {"change.urge"}}.Encode(), pairs("title", "督促退出和移交通知书", "number", "都建物函〔2026〕3号", "key", "u1"))
	if taken.StatusCode != http.StatusSeeOther {
		t.Fatalf("a number for it: %d %.600s", taken.StatusCode, taken.body)
	}
	leaver.paper(t, page+"/print/urge", "都建物函〔2026〕3号")
	line := regexp.MustCompile(`/sent/[a-f0-9]{32}`).FindString(officer.get(t, page).body)
	shown := officer.get(t, line)
	seq := regexp.MustCompile(`name="seq" value="([^"]*)"`).FindStringSubmatch(shown.body)
	if seq == nil || !strings.Contains(shown.body, "望湖苑") {
		t.Fatalf("its line %q: %d %.600s", line, shown.StatusCode, shown.body)
	}
	if a := officer.send(t, http.MethodPost, line+"/send", pairs("step", "send", "seq", seq[1], "send-text", "赣北物业服务有限公司", "send-choice", "hand", "send-day", "2026-08-22", "key", "u2")); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("sent: %d %.600s", a.StatusCode, a.body)
	}
	if a := officer.get(t, page); !strings.Contains(a.body, "直接送达") || !strings.Contains(a.body, "取号、登记发送") {
		t.Errorf("the page does not tell what was sent: %.1500s", a.body)
	}
	if a := leaver.get(t, page); strings.Contains(a.body, "/sent/") || !strings.Contains(a.body, page+"/print/urge") {
		t.Errorf("the firm sees the register of what goes out, or no papers")
	}
	officer.paper(t, line+"/print/receipt", "送达回证", "督促退出和移交通知书", "都建物函〔2026〕3号", "赣北物业服务有限公司", "直接送达", "送达人签名")
	if a := leaver.get(t, line+"/print/receipt"); a.StatusCode != 403 {
		t.Errorf("the firm prints a receipt of the register: %d", a.StatusCode)
	}
	leaver.paper(t, page+"/print/urge", "都建物函〔2026〕3号") // what was sent keeps its number

	// On to custody, choice and handing over.
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
	next, err := f.Register.CreateFirm(ctx, clerk, registry.FirmInput{Name: "长岭物业服务有限公司", Code: codeTwo, Origin: registry.OriginMarket})
	must(err)
	row, err := f.Register.OneProject(ctx, clerk, project)
	must(err)
	must(f.Register.EndContract(ctx, clerk, project, row.Seq, "c1", day("2026-08-20"), "企业不再续约"))
	for i, c := range []registry.ContractInput{{Kind: registry.ContractCustody, Days: policy.Span{From: day("2026-08-21"), Until: day("2026-08-30")}}, {Kind: registry.ContractChosen, Days: policy.Span{From: day("2026-09-01"), Until: day("2029-08-31")}}} {
		c.Firm, c.Level = next, registry.LevelNone
		must(f.Register.AddContract(ctx, clerk, project, row.Seq+1+int64(i), c))
	}
	all := registry.Owners{Area: num.FromInt(1000), Heads: 100}
	vote, err := f.Register.RecordVote(ctx, clerk, project, registry.VoteInput{Matter: registry.MatterFirm, Title: "选聘长岭物业", Notified: day("2026-08-01"), Held: day("2026-08-20"), All: all, Joined: all, Agreed: all})
	must(err)
	id := strings.TrimPrefix(page, "/changes/")
	do := func(step func(at casework.At) (store.Doc[change.Change], error)) {
		t.Helper()
		now, err := f.Changes.One(ctx, clerk, id)
		must(err)
		_, err = step(casework.At{ID: id, Seq: now.Seq})
		must(err)
	}
	do(func(at casework.At) (store.Doc[change.Change], error) {
		return f.Changes.Settle(ctx, clerk, at, day("2026-08-23"), "企业同意退出")
	})
	do(func(at casework.At) (store.Doc[change.Change], error) { return f.Changes.Custody(ctx, clerk, at, "c2") })
	officer.paper(t, page+"/print/custody", "应急托管函", "长岭物业服务有限公司：", "望湖苑", "2026年8月21日", "最迟到")
	if a := leaver.get(t, page+"/print/custody"); a.StatusCode != 404 || strings.Contains(leaver.get(t, page).body, "/print/custody") {
		t.Errorf("the leaving firm opens what goes to another firm: %d", a.StatusCode)
	}
	do(func(at casework.At) (store.Doc[change.Change], error) {
		return f.Changes.Choose(ctx, clerk, at, vote, "c3")
	})
	do(func(at casework.At) (store.Doc[change.Change], error) { return f.Changes.Hand(ctx, clerk, at) })
	do(func(at casework.At) (store.Doc[change.Change], error) {
		return f.Changes.Item(ctx, clerk, at, "keys", day("2026-09-02"), "")
	})
	do(func(at casework.At) (store.Doc[change.Change], error) {
		return f.Changes.Item(ctx, clerk, at, "papers", calendar.Date{}, "图纸遗失，补绘中")
	})
	leaver.paper(t, page+"/print/list", "物业交接清单", "物业服务用房", "2026年9月2日", "图纸遗失，补绘中", "接收单位", "长岭物业服务有限公司", "移交单位（盖章）", "住建局（见证）")
	officer.paper(t, page+"/print/announce", "业主共同决定选聘长岭物业服务有限公司")
	if a := officer.get(t, page+"/whole"); !strings.Contains(a.body, "物业交接清单") || !strings.Contains(a.body, "督促退出和移交通知书") || !strings.Contains(a.body, "都建物函〔2026〕3号") {
		t.Errorf("the whole file lacks papers: %.600s", a.body)
	}
}
