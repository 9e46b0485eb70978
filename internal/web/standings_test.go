package web_test

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"redsteward/charts"
	"redsteward/charts/chartstest"
	"redsteward/internal/fault"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
	"redsteward/rating/standing"
	"redsteward/registry/conduct"
)

// TestStandingPages lowers a published star through the pages, and prints and checks its plates before, between and after; the frame of the case itself is that of TestVetoPages.
func TestStandingPages(t *testing.T) {
	f, project, forward := fundCases(t)
	if err := f.Appoint(t.Context(), "director", "测试人员", policy.Appointment{Role: "director", Scopes: []string{policy.County}}); err != nil {
		t.Fatal(err)
	}
	place, err := f.Register.Register.Place(t.Context(), project, f.Standings.Today())
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
	today := f.Standings.Today()
	open := "/standings/new?project=" + project
	opening := func() url.Values {
		return pairs("ground", "penalty", "source", "penalty", "number", "都建罚〔2026〕1号", "issuer", "都昌县住建局", "effective", today.String(), "text", "擅自利用共用部位经营", "key", "s1")
	}
	run(
		scenario{name: "the public", path: "/standings", status: 401},
		scenario{name: "owners", role: "committee", path: "/standings", status: 403},
		scenario{name: "no plates for them", role: "committee", path: "/plates", status: 403},
		scenario{name: "none yet", role: "officer", path: "/standings", status: 200, contains: []string{"立案起草", "还没有降星与摘牌"}},
		scenario{name: "no plates yet", role: "officer", path: "/plates", status: 200, contains: []string{"还没有标牌"}},
		scenario{name: "nothing is published", role: "officer", path: open, status: 200, contains: []string{"没有公布过的星级"}},
		scenario{name: "begun all the same", role: "officer", method: "POST", path: open, form: opening(), status: 404},
		scenario{name: "the check without a plate", path: "/plate", status: 200, contains: []string{"用手机相机扫"}, excludes: []string{"没有编号是"}},
	)
	if err := f.PublishStars(t.Context(), today.AddMonths(-2), browsertest.Starred{Project: project, Name: place.Name, Firm: place.Firm, FirmName: place.FirmName, Points: "95"}, browsertest.Starred{Project: "zz", Name: "书香苑", Firm: "f9", FirmName: "别家物业", Points: "65"}); err != nil {
		t.Fatal(err)
	}
	forward(1)
	clear(people)
	officer, chief := actorOf(t, f, "officer"), actorOf(t, f, "chief")
	for _, number := range []string{"都建罚〔2026〕1号", "都建罚〔2026〕9号"} {
		in := conduct.Input{Firm: place.Firm, Class: "ordinary", Source: "penalty", Title: "擅自利用共用部位经营", Number: number, Authority: "都昌县住建局", Decided: today, Months: 6}
		doc, err := f.Conduct.Record(t.Context(), officer, conduct.Credit, in, nil, nil)
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
		if _, err := f.Conduct.Confirm(t.Context(), chief, conduct.Credit, conduct.At{ID: doc.ID, Seq: doc.Seq}); err != nil {
			t.Fatal(err)
		}
	}
	leads, err := f.Standings.Leads(t.Context(), officer)
	if err != nil || len(leads) != 2 || leads[0].Ground != "penalty" {
		t.Fatal(leads, err)
	}
	from := map[string]string{leads[0].Number: leads[0].Key, leads[1].Number: leads[1].Key}
	dropped := "/standings/drop?from=" + from["都建罚〔2026〕9号"]
	run(
		scenario{name: "leads above the list", role: "officer", path: "/standings", status: 200, contains: []string{"线索 2 条", "失信信息登记了处罚决定", "降为四星：因物业服务受到行政处罚", "from=" + from["都建罚〔2026〕1号"]}},
		scenario{name: "leads among the tasks", role: "officer", path: "/todo", status: 200, contains: []string{"望湖苑：研究要不要降星、摘牌"}},
		scenario{name: "a firm sees none", role: "firm", path: "/standings", status: 200, excludes: []string{"线索"}},
		scenario{name: "nor drops one", role: "firm", method: "POST", path: dropped, form: pairs("text", "已经改正"), status: 403},
		scenario{name: "nor who reads only", role: "director", path: dropped, status: 403},
		scenario{name: "the form is filled in", role: "officer", path: open + "&from=" + from["都建罚〔2026〕1号"], status: 200, contains: []string{`value="都建罚〔2026〕1号"`, "擅自利用共用部位经营</textarea>", `value="penalty" selected`, "已按线索填好"}},
		scenario{name: "no such lead", role: "officer", path: open + "&from=0", status: 404},
		scenario{name: "why not", role: "officer", path: dropped, status: 200, contains: []string{"不予立案的理由", "望湖苑（2025年度五星"}},
		scenario{name: "without a reason", role: "officer", method: "POST", path: dropped, form: pairs("text", "无"), status: 422, contains: []string{`id="text-e"`}},
		scenario{name: "dropped", role: "officer", method: "POST", path: dropped, form: pairs("text", "同一事实已经在前一份决定里处罚"), status: 303, changes: 1},
		scenario{name: "dropped again", role: "officer", method: "POST", path: dropped, form: pairs("text", "同一事实已经在前一份决定里处罚"), status: 422, contains: []string{"已经决定不予立案"}},
		scenario{name: "it stands below", role: "officer", path: "/standings", status: 200, contains: []string{"线索 1 条", "不予立案的 1 条", "同一事实已经在前一份决定里处罚"}},
	)
	first, err := f.Standings.PayloadOf(t.Context(), "2025-0001")
	if err != nil || first == "" {
		t.Fatal(first, err)
	}
	code := first[len(first)-8:]
	over, err := f.Standings.PayloadOf(t.Context(), "2025-0002")
	if err != nil || over == "" {
		t.Fatal(over, err)
	}
	said, signature, _ := strings.Cut(first, ".")
	text, err := base64.RawURLEncoding.DecodeString(said)
	if err != nil || strings.Count(string(text), "\n5\n") != 1 {
		t.Fatalf("%q %v", text, err)
	}
	forged := base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(text), "\n5\n", "\n4\n", 1))) + "." + signature
	// A camera reads the dots of the printed code, and opens what they say.
	scanned := func(page string) string {
		t.Helper()
		_, svg, found := strings.Cut(page, `<svg class="qr"`)
		svg, _, _ = strings.Cut(svg, "</svg>")
		text, err := chartstest.ReadQR(svg)
		if !found || err != nil || !strings.HasPrefix(text, f.Base+"/plate?p=") {
			t.Fatalf("the code of the plate reads %q: %v", text, err)
		}
		return strings.TrimPrefix(text, f.Base)
	}
	drawn := func(payload string) string {
		t.Helper()
		svg, err := charts.QR(f.Base+"/plate?p="+payload, "标牌")
		if err != nil {
			t.Fatal(err)
		}
		return string(svg)
	}
	run(
		scenario{name: "plates", role: "officer", path: "/plates", status: 200, contains: []string{"2025-0001", "书香苑", "已到期", "打印 1 块"}},
		scenario{name: "filtered", role: "officer", path: "/plates?status=expired", status: 200, contains: []string{"2025-0002"}, excludes: []string{"2025-0001"}},
		scenario{name: "nothing found", role: "officer", path: "/plates?q=zzz", status: 200, contains: []string{"没有符合条件的标牌"}},
		scenario{name: "the firm has its own", role: "firm", path: "/plates", status: 200, contains: []string{"2025-0001"}, excludes: []string{"2025-0002"}},
		scenario{name: "printed", role: "firm", path: "/plates/print?number=2025-0001", status: 200, contains: []string{`class="qr"`, "望湖苑", "五星", "编号 2025-0001", code[:4] + " " + code[4:], "有效至"}},
		scenario{name: "an expired one is not", role: "officer", path: "/plates/print?number=2025-0002", status: 200, contains: []string{"没有可以打印的标牌"}},
		scenario{name: "scanned", path: scanned(people["firm"].get(t, "/plates/print?number=2025-0001").body), status: 200, contains: []string{`data-verdict="genuine">`, "望湖苑", code[:4] + " " + code[4:]}},
		scenario{name: "a forged one scanned", path: scanned(drawn(forged)), status: 200, contains: []string{`data-verdict="forged">`}, excludes: []string{`data-verdict="genuine">`}},
		scenario{name: "an expired one scanned", path: scanned(drawn(over)), status: 200, contains: []string{`data-verdict="expired">`, "书香苑"}},
		scenario{name: "genuine", path: "/plate?p=" + first, status: 200, contains: []string{`data-verdict="genuine">`, `data-verdict="forged" hidden`, "望湖苑", "赣北物业服务有限公司"}},
		scenario{name: "by its address", path: "/plate?p=" + url.QueryEscape(f.Base+"/plate?p="+first), status: 200, contains: []string{`data-verdict="genuine">`}},
		scenario{name: "by its number", path: "/plate?p=2025-0002", status: 200, contains: []string{`data-verdict="expired">`, "书香苑"}},
		scenario{name: "no such number", path: "/plate?p=2025-0999", status: 200, contains: []string{"没有编号是 2025-0999 的标牌"}},
		scenario{name: "cut off", path: "/plate?p=" + first[:60], status: 200, contains: []string{`data-verdict="broken">`}},
		scenario{name: "no list of withdrawn ones is empty of a signature", path: "/plate/withdrawn.txt", status: 200, contains: []string{"redsteward plates withdrawn 1\n", "\n\n— redsteward/log/"}},
		scenario{name: "its worker", path: "/plate.js?version=1", status: 200, contains: []string{"caches"}},
		scenario{name: "the star is named", role: "officer", path: open, status: 200, contains: []string{"五星，有效", "因物业服务受到行政处罚"}},
		scenario{name: "everything is wrong", role: "officer", method: "POST", path: open, form: pairs("ground", "false_material", "source", "penalty", "number", "拟处罚1号", "effective", "昨天", "text", "有", "key", "s0"), status: 422, contains: []string{"不能只凭行政处罚决定书", "写有“拟处罚”", `id="issuer-e"`, `id="text-e"`}},
		scenario{name: "begun", role: "officer", method: "POST", path: open, form: opening(), status: 303, changes: 2},
		scenario{name: "a second one", role: "officer", method: "POST", path: open, form: pairs("ground", "penalty", "source", "penalty", "number", "都建罚〔2026〕2号", "issuer", "都昌县住建局", "effective", today.String(), "text", "擅自利用共用部位经营", "key", "s2"), status: 422, contains: []string{"已经有一件降星摘牌在办"}},
	)
	if said := people["officer"].get(t, "/standings").body; strings.Contains(said, `id="leads"`) {
		t.Error("what a case rests on is proposed still")
	}
	_, after, _ := strings.Cut(people["officer"].get(t, "/standings?state=draft&q=湖").body, `<a class="nm" href="/standings/`)
	id, _, _ := strings.Cut(after, `"`)
	page, seq := "/standings/"+id, 1
	scan := attachment{"扫描件.png", picture(t, 31)}
	step := func(login, do string, fields url.Values, files ...attachment) {
		t.Helper()
		fields.Set("seq", fmt.Sprint(seq))
		fields.Set("key", page+do+fmt.Sprint(seq))
		if people[login] == nil {
			people[login] = newPerson(t, f).signIn(t, login)
		}
		if a := people[login].scanned(t, page+"/"+do, fields, files...); a.StatusCode != 303 {
			t.Fatalf("%s by %s: %d %.2500s", do, login, a.StatusCode, a.body)
		}
		seq++
	}
	step("officer", "scan", url.Values{}, scan)
	step("officer", "serve", pairs("serve-number", "都建降告〔2026〕1号", "serve-day", f.Standings.Today().String(), "serve-text", "直接送达"), scan)
	run(
		scenario{name: "the firm is told", role: "firm", path: "/todo", status: 200, contains: []string{"望湖苑：拟降星、摘牌，陈述申辩"}},
		scenario{name: "what it is told", role: "firm", path: page + "/print/notice", status: 200, contains: []string{"降星事先通知书", "降为四星", "5 日内向我局陈述申辩", "不是行政处罚"}},
	)
	forward(6)
	clear(people)
	step("officer", "send", pairs("send-number", "联审纪要〔2026〕3号", "send-day", f.Standings.Today().String(), "send-text", "住建局、组织部参加，同意"), scan)
	doc, err := f.Standings.One(t.Context(), actorOf(t, f, "officer"), id)
	if err != nil {
		t.Fatal(err)
	}
	run(
		scenario{name: "the chief is asked", role: "chief", path: "/todo", status: 200, contains: []string{"望湖苑：降星、摘牌联审，签署"}},
		scenario{name: "signed", role: "chief", method: "POST", path: page + "/sign", form: pairs("seq", fmt.Sprint(seq), "hash", doc.State.Approval.SubjectHash, "move", "agree", "current", browsertest.Password), status: 303, changes: 1},
	)
	seq++
	step("officer", "issue", pairs("issue-number", "都建降〔2026〕1号", "issue-day", f.Standings.Today().String(), "issue-text", "直接送达"), scan)
	second, err := f.Standings.PayloadOf(t.Context(), "2025-0001-2")
	if err != nil {
		t.Fatal(err)
	}
	forward(1)
	clear(people)
	if second, err = f.Standings.PayloadOf(t.Context(), "2025-0001-2"); err != nil || second == "" {
		t.Fatal(second, err)
	}
	run(
		scenario{name: "it counts", role: "firm", path: page, status: 200, contains: []string{"已生效", "降为四星", "提出申诉", "<b>申诉期</b>"}, excludes: []string{"<b>已生效</b>"}},
		scenario{name: "the decision", role: "firm", path: page + "/print/decision", status: 200, contains: []string{"降星决定书", "都建降〔2026〕1号", "经联审（联审纪要〔2026〕3号）决定", "换发四星的标牌", `?as=docx"`}},
		scenario{name: "the whole file", role: "firm", path: page + "/whole", status: 200, contains: []string{"卷内目录", "降星决定书", "30 年"}},
		scenario{name: "the old plate", path: "/plate?p=" + first, status: 200, contains: []string{`data-verdict="withdrawn">`, "起，已降星：因物业服务受到行政处罚"}},
		scenario{name: "the new one", path: "/plate?p=" + second, status: 200, contains: []string{`data-verdict="genuine">`, "四星"}},
		scenario{name: "on the list", path: "/plate/withdrawn.txt", status: 200, contains: []string{"\n2025-0001 "}},
		scenario{name: "in the dossier", role: "officer", path: "/register/projects/" + project + "/dossier", status: 200, contains: []string{"降星与摘牌", page}},
		scenario{name: "found by its number", role: "officer", path: "/search?q=" + url.QueryEscape("都建降〔2026〕1号"), status: 200, contains: []string{page}},
		scenario{name: "filtered", role: "officer", path: "/standings?effect=" + url.QueryEscape("摘牌"), status: 200, contains: []string{"没有符合条件的"}},
	)
	step("firm", "object", pairs("object-text", "处罚决定已被复议撤销"))
	run(scenario{name: "who took part is not asked", role: "chief", path: page, status: 200, contains: []string{"申诉中"}, excludes: []string{page + "/answer"}},
		scenario{name: "another one is", role: "director", path: "/todo", status: 200, contains: []string{"望湖苑：作出对降星、摘牌的申诉决定"}})
	step("director", "answer", pairs("answer-choice", "uphold", "answer-text", "处罚决定已被复议撤销"))
	run(
		scenario{name: "what was decided", role: "firm", path: page + "/print/answer", status: 200, contains: []string{"申诉决定书", "恢复原来的星级和标牌", "处罚决定已被复议撤销"}},
		scenario{name: "as it was known before", role: "officer", path: page + "?known=" + today.Add(1).String(), status: 200, excludes: []string{"已撤销"}},
	)
	forward(1)
	clear(people)
	run(scenario{name: "the star is back", path: "/plate?p=" + first, status: 200, contains: []string{`data-verdict="genuine">`}},
		scenario{name: "the lowered one is gone", path: "/plate?p=" + second, status: 200, contains: []string{`data-verdict="withdrawn">`, "降星决定已撤销"}},
		scenario{name: "signed in again", role: "officer", path: "/plates", status: 200, contains: []string{"2025-0001"}})
	people["firm"] = newPerson(t, f).signIn(t, "firm")
	people["firm"].paper(t, page+"/print/answer", "申诉决定书", "赣北物业服务有限公司：", "恢复原来的星级和标牌", "复核的理由", "处罚决定已被复议撤销", "都建降〔2026〕1号")
	_, sheets := workbook(t, people["officer"].get(t, "/standings.xlsx?state=revoked"))
	_, plates := workbook(t, people["officer"].get(t, "/plates.xlsx?status=in_force"))
	if said := fmt.Sprint(sheets, plates); !containsAll(said, []string{"望湖苑", "都建降〔2026〕1号", "成立，已撤销", "2025-0001", f.Base + "/plate?p="}) {
		t.Error(said)
	}
	// A star is removed: what the firm is told and what is decided, on the page and as a document.
	run(scenario{name: "removal begun", role: "officer", method: "POST", path: open, form: pairs("ground", "false_material", "source", "check", "number", "都建核〔2026〕1号", "issuer", "都昌县住建局", "effective", today.String(), "text", "验收照片取自别的小区", "key", "s7"), status: 303, changes: -1})
	drafts, err := f.Standings.List(t.Context(), officer, standing.Filter{State: standing.Draft}, false, "")
	if err != nil || len(drafts.Docs) != 1 {
		t.Fatal(drafts, err)
	}
	id = drafts.Docs[0].ID
	page, seq = "/standings/"+id, 1
	day := func() string { return f.Standings.Today().String() }
	step("officer", "scan", url.Values{}, scan)
	step("officer", "serve", pairs("serve-number", "都建摘告〔2026〕1号", "serve-day", day(), "serve-text", "直接送达"), scan)
	people["firm"].paper(t, page+"/print/notice", "摘牌事先通知书", "都建摘告〔2026〕1号", "赣北物业服务有限公司：", "拟摘牌", "验收照片取自别的小区", "都建核〔2026〕1号")
	forward(6)
	clear(people)
	step("officer", "send", pairs("send-number", "联审纪要〔2026〕6号", "send-day", day(), "send-text", "住建局、组织部参加，同意"), scan)
	if doc, err = f.Standings.One(t.Context(), actorOf(t, f, "officer"), id); err != nil {
		t.Fatal(err)
	}
	run(scenario{name: "removal signed", role: "chief", method: "POST", path: page + "/sign", form: pairs("seq", fmt.Sprint(seq), "hash", doc.State.Approval.SubjectHash, "move", "agree", "current", browsertest.Password), status: 303, changes: 1},
		scenario{name: "owners get nothing", role: "committee", path: page + "/print/decision", status: 403})
	people["officer"].paper(t, page+"/print/decision", "摘牌决定书", "联审纪要〔2026〕6号", "不得再使用星级的名称和标牌", "向我局申诉", "内容校验值")
}
