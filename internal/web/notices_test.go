package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/gateway"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
)

// TestNoticePages follows a notice through its pages: written, addressed, sent, told by SMS, read, signed for, urged, withdrawn; the ways by which people are reached; and the outbox. With every wrong door on the way.
func TestNoticePages(t *testing.T) {
	f := start(t, 1)
	firm, _ := fill(t, f)
	staff(t, f, firm)
	if err := f.Appoint(t.Context(), "town", "姓名乡镇", policy.Appointment{Role: "dispatcher", Unit: policy.TownshipKey("360428100000"), Scopes: []string{policy.TownshipKey("360428100000")}}); err != nil {
		t.Fatal(err)
	}
	m := &team{t: t, f: f, people: map[string]*person{}}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, m.people)
		}
	}
	run(
		scenario{name: "nothing yet", role: "firm", path: "/notices", status: 200, contains: []string{"也列在待办里", "接收方式"}, excludes: []string{"/notices/new"}},
		scenario{name: "an office sends", role: "officer", path: "/notices", status: 200, contains: []string{"/notices/new", "/notices/sent"}},
		scenario{name: "a firm sends nothing", role: "firm", path: "/notices/new", status: 403},
		scenario{name: "nor sees what was sent", role: "firm", path: "/notices/sent", status: 403},
		scenario{name: "the public sees nothing", path: "/notices", status: 401},
		scenario{name: "the form", role: "officer", path: "/notices/new", status: 200, contains: []string{"2026-10-26", "要签收"}},
		scenario{name: "the ways", role: "firm", path: "/notices/channels", status: 200, contains: []string{"短信", "手机号", "21 点至 8 点"}, excludes: []string{"给自己发一条"}},
		scenario{name: "a way without an address", role: "firm", method: "POST", path: "/notices/channels", form: url.Values{"seq": {"0"}, "channels": {"sms"}, "hour": {"8"}, "digest": {"1"}}, status: 422, contains: []string{"要先填手机号"}},
		scenario{name: "a way that there is not", role: "firm", method: "POST", path: "/notices/channels", form: url.Values{"seq": {"0"}, "phone": {"12"}, "channels": {"fax"}, "hour": {"x"}}, status: 422, contains: []string{"没有这个渠道", `id="phone-e"`, `id="hour-e"`}},
		scenario{name: "the firm wants SMS", role: "firm", method: "POST", path: "/notices/channels", form: url.Values{"seq": {"0"}, "phone": {"13812345678"}, "channels": {"sms"}, "hour": {"8"}, "digest": {"1"}}, status: 303, changes: -1},
		scenario{name: "and has it", role: "firm", path: "/notices/channels?done=save", status: 200, contains: []string{"13812345678", `value="sms" checked`, "给自己发一条", "已保存"}},
	)
	form := func(change ...string) [][2]string {
		v := [][2]string{{"key", "make"}, {"title", "消防安全提醒"}, {"text", "请加强巡查。"}, {"until", "2026-10-23"}, {"receipt", "1"}}
		for i := range v {
			for k := 0; k+1 < len(change); k += 2 {
				if v[i][0] == change[k] {
					v[i][1] = change[k+1]
				}
			}
		}
		return v
	}
	before := changes(t, f)
	wants(t, m.as("officer").upload(t, "/notices/new", form("title", "", "until", "2026-10-18"), nil), 422, `id="title-e"`, `id="until-e"`, "请加强巡查。")
	wants(t, m.as("officer").upload(t, "/notices/new", form(), nil, attachment{"附件.png", []byte("MZ\x90\x00")}), 422, "附件.png")
	if n := changes(t, f) - before; n != 0 {
		t.Errorf("%d records of refused forms", n)
	}
	made := m.as("officer").upload(t, "/notices/new", form(), nil, attachment{"要点.png", picture(t, 5)})
	sent := strings.TrimSuffix(made.Header.Get("Location"), "/to")
	if made.StatusCode != http.StatusSeeOther || !strings.HasPrefix(sent, "/notices/sent/") {
		t.Fatalf("%d %v %.900s", made.StatusCode, made.Header, made.body)
	}
	step := func(name string, more url.Values) answer {
		t.Helper()
		fields := m.hidden("officer", sent, sent+"/"+name)
		for key, values := range more {
			fields[key] = values
		}
		return m.as("officer").send(t, "POST", sent+"/"+name, fields)
	}
	run(
		scenario{name: "by unit", role: "officer", path: sent + "/to", status: 200, contains: []string{"赣北物业服务有限公司", "物业企业", "1 人"}},
		scenario{name: "by person", role: "officer", path: sent + "/to?kind=person&q=" + url.QueryEscape("赣北"), status: 200, contains: []string{"测试人员", "物业企业负责人"}},
		scenario{name: "not another township", role: "town", path: sent, status: 404},
		scenario{name: "the draft is work", role: "officer", path: "/todo", status: 200, contains: []string{"发出通知：“消防安全提醒”"}},
	)
	to := m.hidden("officer", sent+"/to", sent+`/to" method="post`)
	to["to"], to["kind"] = []string{"f:none"}, []string{"unit"}
	wants(t, m.as("officer").send(t, "POST", sent+"/to", to), 422, "不在你的范围内")
	to["to"], to["more"] = []string{policy.FirmKey(firm)}, []string{"1"}
	if a := m.as("officer").send(t, "POST", sent+"/to", to); a.Header.Get("Location") != sent+"/to?kind=role" {
		t.Errorf("%d %v", a.StatusCode, a.Header)
	}
	wants(t, m.as("officer").get(t, sent), 200, "发给 1 人", "赣北物业服务有限公司", sent+"/files/1")
	wants(t, m.as("officer").get(t, sent+"/edit"), 200, "要点.png", "去掉已有的附件")
	wants(t, step("send", nil), 303)
	if err := f.Outbox.Deliver(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	if took := f.Gateway.Took(); len(took) != 1 || took[0].To != "13812345678" || took[0].Text != "物业管理股经办人有一条新通知。" {
		t.Errorf("%+v", took)
	}
	copied := regexp.MustCompile(`/notices/[0-9a-f]{32}\.0`).FindString(m.as("firm").get(t, "/todo").body)
	run(
		scenario{name: "the work of the firm", role: "firm", path: "/todo", status: 200, contains: []string{"签收通知：“消防安全提醒”", copied}},
		scenario{name: "somebody else's copy", role: "secretary", path: copied, status: 404},
		scenario{name: "read", role: "firm", path: copied, status: 200, contains: []string{"请加强巡查。", "要点.png", copied + "/sign", "签收期限"}, changes: 1},
		scenario{name: "read once", role: "firm", path: copied, status: 200, contains: []string{"已读"}},
		scenario{name: "its file", role: "firm", path: copied + "/files/1", status: 200},
		scenario{name: "a file of somebody else's", role: "secretary", path: copied + "/files/1", status: 404},
		scenario{name: "its file for the office", role: "officer", path: sent + "/files/1", status: 200},
		scenario{name: "found by pinyin", role: "firm", path: "/notices?q=xfaq&state=read", status: 200, contains: []string{"消防安全提醒"}},
		scenario{name: "found from the box", role: "firm", path: "/search?q=" + url.QueryEscape("消防安全"), status: 200, contains: []string{copied}},
		scenario{name: "who has not", role: "officer", path: sent + "?show=open&done=send", status: 200, contains: []string{"已发出", "催办 1 人", "【催办】物业管理股经办人发的通知“消防安全提醒”，期限2026年10月23日。还没有办的：赣北物业服务有限公司（已读）", "并签收"}, excludes: []string{"13812345678"}},
	)
	wants(t, step("urge", nil), 303)
	run(scenario{name: "urged", role: "firm", path: copied, status: 200, contains: []string{"已经催办 1 次"}},
		scenario{name: "twice a day", role: "officer", method: "POST", path: sent + "/urge", form: m.hidden("officer", sent, sent+"/urge"), status: 409, contains: []string{"今天已经催过"}})
	wants(t, m.as("firm").send(t, "POST", copied+"/sign", m.hidden("firm", copied, copied+"/sign")), 303)
	run(
		scenario{name: "signed", role: "firm", path: copied + "?done=sign", status: 200, contains: []string{"已签收。"}, excludes: []string{"/sign\""}},
		scenario{name: "done", role: "officer", path: sent + "?show=done", status: 200, contains: []string{"已签收 1 人", "测试人员"}, excludes: []string{"【催办】"}},
		scenario{name: "no reason", role: "officer", method: "POST", path: sent + "/withdraw", form: m.hidden("officer", sent, sent+"/withdraw"), status: 422, contains: []string{`id="why-e"`}},
	)
	for path, has := range map[string]string{"/notices.xlsx?as=csv": "消防安全提醒", "/notices/sent.xlsx?as=csv": "消防安全提醒", sent + "/readers.xlsx?as=csv": "赣北物业服务有限公司"} {
		who := map[bool]string{true: "firm", false: "officer"}[strings.HasPrefix(path, "/notices.xlsx")]
		if a := m.as(who).get(t, path); a.StatusCode != 200 || !strings.Contains(a.body, has) {
			t.Errorf("%s: %d %.300s", path, a.StatusCode, a.body)
		}
	}
	wants(t, step("withdraw", url.Values{"why": {"日期写错了"}}), 303)
	run(scenario{name: "withdrawn", role: "firm", path: copied, status: 200, contains: []string{"已撤回：日期写错了"}, excludes: []string{"请加强巡查。"}})

	// The outbox of the administrator.
	f.Gateway.Answer = gateway.Result{Outcome: gateway.Unknown, Why: "网关 10s 内没有回答，不知道收下没有"}
	wants(t, m.as("firm").send(t, "POST", "/notices/channels/try", m.hidden("firm", "/notices/channels", "/notices/channels/try")), 303)
	if err := f.Outbox.Deliver(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	list := m.as("admin").get(t, "/admin/outbox?state=unsure")
	wants(t, list, 200, "结果不明", "试过 1 次", "10s 内没有回答", "再发（可能收到两次）")
	again := regexp.MustCompile(`/admin/outbox/[0-9a-f]{40}/again`).FindString(list.body)
	if again == "" || strings.Contains(list.body, "13812345678") {
		t.Fatalf("%.2000s", list.body)
	}
	fields := m.hidden("admin", "/admin/outbox?state=unsure", again)
	run(
		scenario{name: "an officer has no outbox", role: "officer", path: "/admin/outbox", status: 403},
		scenario{name: "sent again", role: "admin", method: "POST", path: again, form: fields, status: 303, changes: 1},
		scenario{name: "waits", role: "admin", path: "/admin/outbox?done=again", status: 200, contains: []string{"等待发送 1 条", "已放回发件箱", "停发全部等待的", "催办"}},
		scenario{name: "twice", role: "admin", method: "POST", path: again, form: fields, status: 409},
	)
	run(
		scenario{name: "one is stopped", role: "admin", method: "POST", path: strings.Replace(again, "again", "stop", 1), form: m.hidden("admin", "/admin/outbox?state=waiting", strings.Replace(again, "again", "stop", 1)), status: 303, changes: 1},
		scenario{name: "all are stopped", role: "admin", method: "POST", path: "/admin/outbox/stop", form: url.Values{"channel": {""}}, status: 303, changes: -1},
		scenario{name: "none of a channel", role: "admin", path: "/admin/outbox?channel=sms&state=failed", status: 200, contains: []string{"没有符合条件的"}},
	)
	testAddresses(t, m, f)
}

// testAddresses: who lacks an address comes out, addresses come in by login, tried first; no page shows one, a refused file wrote nothing, and nobody is reached by a channel that the person did not choose.
func testAddresses(t *testing.T, m *team, f *browsertest.Fixture) {
	t.Helper()
	const desk = "/admin/outbox/addresses"
	admin, officer := m.as("admin"), m.as("officer")
	for _, path := range []string{desk, desk + "/template.xlsx"} {
		wants(t, officer.get(t, path), 403)
	}
	wants(t, officer.send(t, "POST", desk+"/accept", url.Values{"draft": {"x"}}), 403)
	wants(t, admin.get(t, "/admin/outbox"), 200, "导入消息地址")
	wants(t, admin.get(t, desk), 200, "还缺地址的账号", "下载模板")
	logins := func() string {
		t.Helper()
		_, sheets := workbook(t, admin.get(t, desk+"/template.xlsx"))
		return fmt.Sprint(sheets)
	}
	if said := logins(); !strings.Contains(said, "{officer ") || strings.Contains(said, "{firm ") || strings.Contains(said, "13812345678") {
		t.Error("who lacks an address:", said)
	}
	before := changes(t, f)
	try := func(rows string) answer {
		t.Helper()
		return admin.upload(t, desk, nil, nil, attachment{"地址.csv", []byte("用户名,姓名,手机号\n" + rows)})
	}
	bad := try("officer,,13900001111\nOfficer,,13900001112\nnobody,,13900001113\nadmin,另一人,13900001114\nfirm,,1390000\n")
	wants(t, bad, 200, "尚未写入任何数据", "登记 1 行", "4 行有错", "在上面的行里已经有了", "没有用户名为“nobody”", "姓名不是这个", "手机号要有 11 位数字")
	wants(t, try(""), 422)
	draft := regexp.MustCompile(`name="draft" value="([^"]+)"`).FindStringSubmatch(bad.body)
	if draft == nil {
		t.Fatal("no draft")
	}
	wants(t, admin.send(t, "POST", desk+"/accept", url.Values{"draft": {draft[1]}}), 409)
	wants(t, admin.send(t, "POST", desk+"/accept", url.Values{"draft": {"none"}}), 404)
	if n := changes(t, f) - before; n != 0 {
		t.Errorf("%d records of refused addresses", n)
	}
	for range 2 { // the same again writes nothing more
		wants(t, admin.send(t, "POST", desk+"/accept", url.Values{"draft": {draft[1]}, "only": {"good"}}), 303)
	}
	if n := changes(t, f) - before; n != 1 {
		t.Errorf("%d records of one address", n)
	}
	if said := logins(); strings.Contains(said, "{officer ") {
		t.Error("who has an address now:", said)
	}
	wants(t, try("officer,,13900001111\nfirm,,\n"), 200, "没有变化 2 行")
	own := officer.get(t, "/notices/channels")
	wants(t, own, 200, `value="13900001111"`)
	if strings.Contains(own.body, `value="sms" checked`) {
		t.Error("a channel was chosen for somebody")
	}
}
