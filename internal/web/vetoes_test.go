package web_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"redsteward/internal/files"
	"redsteward/internal/pdf"
	"redsteward/internal/web"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
	"redsteward/supervision/veto"
)

// TestVetoPages leads a case of 一票否决 through its pages: begun on a document, told to the firm, pleaded, heard by another person, signed, delivered, objected to and answered; what is wrong is named beside its field and writes nothing.
func TestVetoPages(t *testing.T) {
	f, project, forward := fundCases(t)
	for login, role := range map[string]policy.Role{"legal": "legal_officer", "director": "director", "seals": "office"} {
		if err := f.Appoint(t.Context(), login, "测试人员", policy.Appointment{Role: role, Scopes: []string{policy.County}}); err != nil {
			t.Fatal(err)
		}
	}
	people := map[string]*person{}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, people)
		}
	}
	open := "/vetoes/new?project=" + project
	today := f.Vetoes.Today()
	opening := func(change ...string) url.Values {
		form := pairs("ground", "fire_hazard", "source", "fire", "number", "都消重判〔2026〕1号", "issuer", "县消防救援大队", "effective", today.String(), "text", "消防控制室停用", "key", "v1")
		for i := 0; i+1 < len(change); i += 2 {
			form.Set(change[i], change[i+1])
		}
		return form
	}
	run(
		scenario{name: "the public", path: "/vetoes", status: 401},
		scenario{name: "owners", role: "committee", path: "/vetoes", status: 403},
		scenario{name: "none yet", role: "officer", path: "/vetoes", status: 200, contains: []string{"立案起草", "重大火灾隐患判定或者纪检通报的，在这里立案"}},
		scenario{name: "the firm begins none", role: "firm", path: "/vetoes", status: 200, excludes: []string{"立案起草"}},
		scenario{name: "nor by the address", role: "firm", path: "/vetoes/new", status: 403},
		scenario{name: "choose a compound", role: "officer", path: "/vetoes/new", status: 200, contains: []string{"望湖苑"}},
		scenario{name: "the form", role: "officer", path: open, status: 200, contains: []string{"被判定为重大火灾隐患", "提供虚假材料", "只凭已经生效的文书"}},
		scenario{name: "no compound", role: "officer", path: "/vetoes/new?project=none", status: 404},
		scenario{name: "everything is wrong", role: "officer", method: "POST", path: open, form: opening("ground", "false_material", "number", "整改通知1号", "issuer", "", "effective", "昨天", "text", "有"), status: 422,
			contains: []string{"“提供虚假材料”不能只凭重大火灾隐患判定文书认定", "写有“整改”的不是生效文书", "生效日期“昨天”不是日期", `id="issuer-e"`, `id="text-e"`, `value="整改通知1号"`}},
		scenario{name: "begun", role: "officer", method: "POST", path: open, form: opening(), status: 303, changes: 2},
		scenario{name: "twice", role: "officer", method: "POST", path: open, form: opening("key", "v2"), status: 422, contains: []string{"已经凭这份文书立过案"}},
	)
	id := func() string {
		t.Helper()
		_, after, found := strings.Cut(people["officer"].get(t, "/vetoes?state=draft&q=湖").body, `href="/vetoes/`)
		for found && strings.HasPrefix(after, "new") {
			_, after, found = strings.Cut(after, `href="/vetoes/`)
		}
		name, _, _ := strings.Cut(after, `"`)
		return name
	}()
	page := "/vetoes/" + id
	seq := 1
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
	run(
		scenario{name: "the firm does not know", role: "firm", path: page, status: 404},
		scenario{name: "an old page", role: "officer", method: "POST", path: page + "/withdraw", form: pairs("seq", "9", "withdraw-text", "文书被撤销"), status: 409},
		scenario{name: "told before the document is there", role: "officer", path: page, status: 200, contains: []string{"上传生效文书的扫描件"}, excludes: []string{page + "/serve"}},
		scenario{name: "the director only reads", role: "director", path: page, status: 200, contains: []string{"消防控制室停用"}, excludes: []string{page + "/scan"}},
		scenario{name: "no such step", role: "officer", method: "POST", path: page + "/burn", form: pairs("seq", "1"), status: 404},
		scenario{name: "no decision to print", role: "officer", path: page + "/print/decision", status: 404},
		scenario{name: "legal officer", role: "legal", path: "/todo", status: 200, excludes: []string{"一票否决的陈述申辩"}},
	)
	step("officer", "scan", url.Values{}, scan)
	beforehand := "/sent/new?case=veto%2F" + id + "&for=veto.serve"
	run(
		scenario{name: "a number beforehand is offered", role: "officer", path: page, status: 200, contains: []string{"/sent/new?case=veto%2F" + id + "&amp;for=veto.serve&amp;title=%E4%B8%80%E7%A5%A8%E5%90%A6%E5%86%B3%E5%91%8A%E7%9F%A5%E4%B9%A6", "先取号，印在文书上", "已填好下一个号"}},
		scenario{name: "of its series", role: "officer", path: beforehand, status: 200, contains: []string{`value="都建告" selected`, "取的号归这一件"}},
		scenario{name: "taken for the case", role: "officer", method: "POST", path: beforehand, form: pairs("title", "一票否决告知书", "number", "都住建否告[2026]1号", "key", "n0"), status: 303, changes: 2},
		scenario{name: "taken once", role: "officer", method: "POST", path: beforehand, form: pairs("title", "一票否决告知书", "word", "都建告", "key", "n00"), status: 422, contains: []string{"已经为这一件取了“都住建否告〔2026〕1号”"}},
		scenario{name: "offered by the form", role: "officer", path: page + "?done=number", status: 200, contains: []string{`value="都住建否告〔2026〕1号"`, "已填好为这一件取的号", "已取号，印在文书上"}, excludes: []string{"先取号，印在文书上</a>"}},
		scenario{name: "on the paper in print", role: "officer", path: page + "/print/notice", status: 200, contains: []string{`<p class="no">都住建否告〔2026〕1号</p>`}},
	)
	if doc := people["officer"].get(t, page+"/print/notice?as=docx"); !strings.Contains(docxParts(t, doc.body)["word/document.xml"], "都住建否告〔2026〕1号") {
		t.Error("the number that was taken is not in the Word document")
	}
	step("officer", "serve", pairs("serve-number", "都住建否告〔2026〕1号", "serve-day", today.String(), "serve-text", "直接送达"), scan)
	run(
		scenario{name: "what was sent", role: "officer", path: "/sent", status: 200, contains: []string{"都住建否告〔2026〕1号 告知书", "赣北物业服务有限公司", "直接送达", "有回证"}},
		scenario{name: "of a way", role: "officer", path: "/sent?way=post", status: 200, contains: []string{"没有符合条件的"}},
		scenario{name: "the firm does not read it", role: "firm", path: "/sent", status: 403},
		scenario{name: "a director takes no number", role: "director", path: "/sent/new", status: 403},
		scenario{name: "the register of numbers", role: "director", path: "/sent/numbers?year=2026&word=都建告", status: 200, contains: []string{"都建告（", "下一个 都建告〔2026〕1号", "还没有编号", "都住建否告"}, excludes: []string{"/sent/new"}},
		scenario{name: "a series that is in no file", role: "director", path: "/sent/numbers?year=2026&word=都住建否告", status: 200, contains: []string{"都住建否告〔2026〕1号", "没有列入代字", "已编 1 个号"}, excludes: []string{"空号</b>"}},
		scenario{name: "gaps of it", role: "director", path: "/sent/numbers?year=2026&word=都住建否告&state=空号", status: 200, contains: []string{"没有符合条件的"}},
		scenario{name: "no such series", role: "director", path: "/sent/numbers?word=没有", status: 404},
		scenario{name: "searched", role: "officer", path: "/sent/numbers?year=2026&q=没有这个", status: 200, contains: []string{"没有符合条件的"}},
		scenario{name: "no such year", role: "officer", path: "/sent/numbers?year=26", status: 422, contains: []string{"没有26年的"}},
		scenario{name: "a number that a case bears", role: "officer", method: "POST", path: "/sent/new", form: pairs("title", "汛期检查通知", "number", "都住建否告[2026]1号", "key", "n1"), status: 422, contains: []string{"已用于望湖苑的告知书"}},
		scenario{name: "the next of a series", role: "officer", method: "POST", path: "/sent/new", form: pairs("title", "汛期检查通知", "word", "都建告", "key", "n2"), status: 303, changes: 2},
		scenario{name: "what is left to do", role: "officer", path: "/sent?state=已取号，没有发出", status: 200, contains: []string{"都建告〔2026〕1号 汛期检查通知"}},
	)
	taken := regexp.MustCompile(`/sent/[0-9A-Za-z._-]{16,}`).FindString(people["officer"].get(t, "/sent?q=汛期").body)
	if a := people["officer"].scanned(t, taken+"/send", pairs("seq", "1", "key", "s1", "send-text", "各物业服务企业", "send-choice", "post", "send-day", today.String()), scan); a.StatusCode != 303 {
		t.Fatalf("sent: %d %.1500s", a.StatusCode, a.body)
	}
	run(
		scenario{name: "sent", role: "director", path: taken, status: 200, contains: []string{"各物业服务企业", "邮寄送达", "有回证", taken + "/files/1"}, excludes: []string{taken + "/send"}},
		scenario{name: "its receipt", role: "director", path: taken + "/files/1", status: 200},
		scenario{name: "the firm is told", role: "firm", path: "/todo", status: 200, contains: []string{"望湖苑：一票否决告知，陈述申辩"}},
		scenario{name: "what it is told", role: "firm", path: page + "/print/notice", status: 200, contains: []string{"赣北物业服务有限公司", "都住建否告〔2026〕1号", "5 日内向我局陈述申辩", "不是行政处罚"}},
		scenario{name: "reviewed at once", role: "officer", method: "POST", path: page + "/send", form: pairs("seq", fmt.Sprint(seq)), status: 409, contains: []string{"才满"}},
		scenario{name: "the firm cannot give up the case", role: "firm", method: "POST", path: page + "/withdraw", form: pairs("seq", fmt.Sprint(seq)), status: 403},
	)
	step("firm", "plead", pairs("plead-text", "消防控制室已经恢复"), scan)
	run(
		scenario{name: "who drafted does not hear", role: "officer", path: page, status: 200, contains: []string{"消防控制室已经恢复", page + "/files/plea-1"}, excludes: []string{page + "/hear\""}},
		scenario{name: "another person hears", role: "legal", path: "/todo", status: 200, contains: []string{"望湖苑：听取一票否决的陈述申辩"}},
	)
	people["legal"].paper(t, page+"/print/hearing", "陈述申辩笔录", "赣北物业服务有限公司", "一票否决：被判定为重大火灾隐患", "都住建否告〔2026〕1号", "消防控制室已经恢复", "听取人没有参与起草和送达", "陈述人核对无误，签名、日期")
	run(scenario{name: "not for who drafted", role: "officer", path: page + "/print/hearing", status: 404}, scenario{name: "nor for the firm", role: "firm", path: page + "/print/hearing", status: 404})
	step("legal", "hear", pairs("hear-choice", "reject", "hear-text", "判定文书已经生效"), scan)
	forward(6)
	clear(people) // their sessions are over
	step("officer", "send", pairs("send-number", "联审纪要〔2026〕3号", "send-day", f.Vetoes.Today().String(), "send-text", "住建局、组织部参加，同意"), scan)
	run(scenario{name: "the chief signs", role: "chief", path: page, status: 200, contains: []string{"判定文书已经生效", page + "/sign"}})
	doc, err := f.Vetoes.One(t.Context(), actorOf(t, f, "officer"), id)
	if err != nil {
		t.Fatal(err)
	}
	sign := func() url.Values {
		return pairs("seq", fmt.Sprint(seq), "hash", doc.State.Approval.SubjectHash, "move", "agree", "current", browsertest.Password)
	}
	row := func() string { return fmt.Sprintf("/vetoes~%s~%s@%d", id, doc.State.Approval.SubjectHash, seq) }
	run(
		scenario{name: "who drafted signs nothing", role: "officer", method: "POST", path: page + "/sign", form: sign(), status: 403},
		scenario{name: "nothing waits for who drafted", role: "officer", path: "/approvals/sign", status: 200, contains: []string{"没有等你签的"}},
		scenario{name: "the firm signs nothing", role: "firm", path: "/approvals/sign", status: 403},
		scenario{name: "it waits among others", role: "chief", path: "/approvals/sign", status: 200, contains: []string{"望湖苑", page, `value="` + row() + `"`}},
		scenario{name: "nothing ticked", role: "chief", method: "POST", path: "/approvals/sign", form: pairs("current", browsertest.Password), status: 422, contains: []string{"请勾选 1 至 30 件"}},
		scenario{name: "a wrong password", role: "chief", method: "POST", path: "/approvals/sign", form: pairs("row", row(), "current", "wrong-password-1"), status: 422, contains: []string{`id="current-e"`, "checked"}},
		scenario{name: "signed among others", role: "chief", method: "POST", path: "/approvals/sign", form: url.Values{"row": {"/vetoes~none~x@1", row()}, "current": {browsertest.Password}}, status: 200, changes: 1, contains: []string{"办成 1 件，没有办成 1 件", "已签署", "已经签过、被改过，或者不在等你签的里面"}},
		scenario{name: "and delivered", role: "officer", path: "/todo", status: 200, contains: []string{"望湖苑：送达一票否决认定书"}},
	)
	seq++
	waits := "/sent/desk/veto~" + id + "~veto.issue"
	sealed := func(form url.Values) url.Values { form.Set("step", "seal"); return form }
	run(
		scenario{name: "the office does not read cases", role: "seals", path: page, status: 403},
		scenario{name: "it waits at the office", role: "seals", path: "/todo", status: 200, contains: []string{"给望湖苑的认定书编文号", waits}},
		scenario{name: "among others", role: "seals", path: "/sent/desk", status: 200, contains: []string{"认定书", "等文号", "赣北物业服务有限公司", waits}},
		scenario{name: "not for who only drafts", role: "officer", path: "/sent/desk", status: 403},
		scenario{name: "the next number is proposed", role: "seals", path: waits, status: 200, contains: []string{`value="都建决〔2026〕1号"`, waits + "/print"}},
		scenario{name: "a paper that is not approved", role: "seals", path: "/sent/desk/veto~" + id + "~veto.serve", status: 404},
		scenario{name: "of no case", role: "seals", path: "/sent/desk/veto~none~veto.issue", status: 404},
		scenario{name: "of nothing", role: "seals", path: "/sent/desk/veto", status: 404},
		scenario{name: "the paper", role: "seals", path: waits + "/print", status: 200, contains: []string{"一票否决认定书", "赣北物业服务有限公司"}},
		scenario{name: "its notice is no paper of the office", role: "seals", path: page + "/print/notice", status: 403},
	)
	office := func(at, do string, form url.Values) answer {
		t.Helper()
		form.Set("key", do+form.Get("n"))
		if people["seals"] == nil {
			people["seals"] = newPerson(t, f).signIn(t, "seals")
		}
		return people["seals"].scanned(t, at+"/"+do, form)
	}
	refused := func(name, at, do string, form url.Values, status int, says string) {
		t.Helper()
		before := changes(t, f)
		if a := office(at, do, form); a.StatusCode != status || !strings.Contains(a.body, says) || changes(t, f) != before {
			t.Errorf("%s: %d, %d records, without %q: %.1500s", name, a.StatusCode, changes(t, f)-before, says, a.body)
		}
	}
	refused("sealed without a number", waits, "seal", pairs("n", "0", "seal-day", f.Vetoes.Today().String(), "seal-number", "2"), 409, "先编号再用印")
	refused("a number that another paper bears", waits, "number", pairs("n", "1", "number-number", "都住建否告〔2026〕1号"), 422, "已用于望湖苑的告知书")
	refused("a paper that is not approved", "/sent/desk/veto~"+id+"~veto.serve", "number", pairs("n", "2", "number-number", ""), 409, "还没有批准")
	if a := office(waits, "number", pairs("n", "3", "number-number", "都住建否〔2026〕1号")); a.StatusCode != 303 {
		t.Fatalf("numbered: %d %.1500s", a.StatusCode, a.body)
	}
	refused("numbered twice", waits, "number", pairs("n", "4", "number-number", ""), 422, "已经为这一件取了")
	refused("sealed tomorrow, in no copies", waits, "seal", sealed(pairs("n", "5", "seal-day", f.Vetoes.Today().Add(1).String(), "seal-number", "很多")), 422, "1 至 999")
	run(
		scenario{name: "waits for the seal", role: "seals", path: "/sent/desk?state=等用印", status: 200, contains: []string{"都住建否〔2026〕1号"}},
		scenario{name: "with its number in print", role: "seals", path: waits + "/print", status: 200, contains: []string{"都住建否〔2026〕1号"}},
		scenario{name: "the form of who delivers", role: "officer", path: page, status: 200, contains: []string{`value="都住建否〔2026〕1号"`, "已填好为这一件取的号"}},
	)
	if a := office(waits, "seal", pairs("n", "6", "seal-day", f.Vetoes.Today().String(), "seal-number", "3")); a.StatusCode != 303 {
		t.Fatalf("sealed: %d %.1500s", a.StatusCode, a.body)
	}
	refused("sealed twice", waits, "seal", pairs("n", "7", "seal-day", f.Vetoes.Today().String(), "seal-number", "3"), 409, "已经登记用印")
	line := regexp.MustCompile(`/sent/seals/[0-9A-Za-z._-]{16,}`).FindString(people["seals"].get(t, "/sent/seals").body)
	run(
		scenario{name: "the register of seals", role: "director", path: "/sent/seals?q=望湖", status: 200, contains: []string{"都住建否〔2026〕1号 认定书", "已用印", "3 份"}},
		scenario{name: "its line", role: "director", path: line, status: 200, contains: []string{"用印日期", page}, excludes: []string{line + "/void"}},
		scenario{name: "nothing waits any more", role: "seals", path: "/todo", status: 200, excludes: []string{waits}},
		scenario{name: "the firm reads no register", role: "firm", path: "/sent/seals", status: 403},
		scenario{name: "as Excel", role: "director", path: "/sent/seals.xlsx", status: 200},
		scenario{name: "who waits as Excel", role: "seals", path: "/sent/desk.xlsx", status: 200},
	)
	if a := office(line, "void", pairs("n", "8", "seq", "1", "void-text", "份数写错了")); a.StatusCode != 303 {
		t.Fatalf("voided: %d %.1500s", a.StatusCode, a.body)
	}
	if a := office(waits, "seal", pairs("n", "9", "seal-day", f.Vetoes.Today().String(), "seal-number", "4")); a.StatusCode != 303 {
		t.Fatalf("sealed again: %d %.1500s", a.StatusCode, a.body)
	}
	step("officer", "issue", pairs("issue-number", "都住建否〔2026〕1号", "issue-day", f.Vetoes.Today().String(), "issue-text", "直接送达"), scan)
	until := f.Vetoes.Today().AddMonths(12).Add(-1).Chinese()
	refused("a paper that went out meanwhile", waits, "seal", pairs("n", "10", "seal-day", f.Vetoes.Today().String(), "seal-number", "1"), 409, "已经发出")
	run(
		scenario{name: "what was sealed is there for the office", role: "seals", path: waits + "/print", status: 200, contains: []string{"都住建否〔2026〕1号"}},
		scenario{name: "it stands", role: "firm", path: page, status: 200, contains: []string{"认定生效", "有效至" + until, "提出异议"}},
		scenario{name: "the decision", role: "firm", path: page + "/print/decision", status: 200, contains: []string{"都住建否〔2026〕1号", "经联审（联审纪要〔2026〕3号）决定", until, `?as=docx"`}},
		scenario{name: "the whole file", role: "firm", path: page + "/whole", status: 200, contains: []string{"一案一档", "卷内目录", "都住建否〔2026〕1号", "30 年", "办理经过", `<h2 class="h1">一票否决认定书</h2>`}, excludes: []string{"承办人"}},
		scenario{name: "what was sent stands in it", role: "officer", path: page + "/whole", status: 200, contains: []string{"发送登记", "都住建否告〔2026〕1号 告知书", "有送达回证"}},
		scenario{name: "papers to choose", role: "firm", path: "/prints?of=/vetoes", status: 200, contains: []string{"望湖苑", id + "~notice", id + "~decision"}},
		scenario{name: "papers together", role: "firm", path: "/prints/sheets?of=/vetoes&p=" + id + "~notice&p=" + id + "~decision&p=none~notice", status: 200, contains: []string{"批量打印，2 份", "一票否决认定书", "都住建否告〔2026〕1号", "有 1 份打不开"}},
		scenario{name: "of no kind", role: "firm", path: "/prints/sheets?of=/admin/log&p=1~x", status: 404},
		scenario{name: "of no address", role: "firm", path: "/prints/sheets?of=/vetoes&p=../admin~x", status: 404},
		scenario{name: "none chosen", role: "firm", path: "/prints/sheets?of=/vetoes", status: 303},
		scenario{name: "no printed head yet", role: "firm", path: page + "/print/decision", status: 200, excludes: []string{"/print/offset.css"}},
		scenario{name: "a shift beyond the paper", role: "officer", method: "POST", path: "/account/print/put", form: pairs("name", "办公室", "x", "1.55", "y", "31"), status: 422, contains: []string{"最多一位小数", "-30 至 30 毫米之间"}},
		scenario{name: "a printer", role: "officer", method: "POST", path: "/account/print/put", form: pairs("name", "办公室", "x", "-1.5", "y", "2"), status: 303, changes: 1},
		scenario{name: "its style sheet", role: "officer", path: "/print/offset.css", status: 200, contains: []string{"left:-1.5mm;top:2mm", ".org{visibility:hidden}"}},
		scenario{name: "a paper asks for it", role: "officer", path: page + "/print/decision", status: 200, contains: []string{`href="/print/offset.css"`}},
		scenario{name: "a file does not", role: "officer", path: page + "/whole", status: 200, excludes: []string{"/print/offset.css"}},
		scenario{name: "another account has none", role: "chief", path: "/print/offset.css", status: 200, excludes: []string{"mm"}},
		scenario{name: "the ruler", role: "officer", path: "/account/print/ruler", status: 200, contains: []string{"办公室：向右移 -1.5 毫米，向下移 2 毫米", `<line x1="150"`}},
		scenario{name: "not any more", role: "officer", method: "POST", path: "/account/print/use", form: pairs("name", ""), status: 303, changes: 1},
		scenario{name: "in the dossier", role: "officer", path: "/register/projects/" + project + "/dossier", status: 200, contains: []string{"一票否决认定", page}},
		scenario{name: "found by its number", role: "officer", path: "/search?q=" + url.QueryEscape("都住建否〔2026〕1号"), status: 200, contains: []string{page}},
	)
	word := people["firm"].get(t, page+"/print/decision?as=docx")
	if parts := docxParts(t, word.body); !containsAll(parts["word/document.xml"], []string{"一票否决认定书", "被判定为重大火灾隐患", "联审纪要〔2026〕3号"}) {
		t.Errorf("the document: %.1500s", parts["word/document.xml"])
	}
	if a := people["firm"].get(t, "/prints?of=/vetoes"); strings.Contains(a.body, "下载 PDF") || strings.HasPrefix(people["firm"].get(t, page+"/print/decision?as=pdf").body, "%PDF") {
		t.Error("a PDF is offered where no Chromium is installed")
	}
	printer, err := pdf.New("/usr/bin/chromium-headless-shell", time.Minute, time.Minute, 0)
	if err == nil {
		err = f.Again(t.Context(), func(o *web.Options) { o.PDF = printer })
	}
	if err != nil {
		t.Fatal(err)
	}
	both := "/prints/sheets?of=/vetoes&p=" + id + "~notice&p=" + id + "~decision"
	run(
		scenario{name: "a PDF of what is ticked", role: "firm", path: "/prints?of=/vetoes", status: 200, contains: []string{`name="as" value="pdf">下载 PDF`}},
		scenario{name: "and of a paper", role: "firm", path: page + "/print/decision", status: 200, contains: []string{page + `/print/decision?as=pdf"`}},
		scenario{name: "not of a file, whose numbers the browser computes", role: "firm", path: page + "/whole", status: 200, contains: []string{"卷内目录"}, excludes: []string{"下载 PDF"}},
		scenario{name: "not for another right", role: "committee", path: page + "/print/decision?as=pdf", status: 403},
	)
	pages := func(path string) int {
		t.Helper()
		a := people["firm"].get(t, path)
		if a.StatusCode != 200 || a.Header.Get("Content-Type") != "application/pdf" || !strings.Contains(a.Header.Get("Content-Disposition"), ".pdf") || !strings.Contains(a.body, "/MediaBox [0 0 594.9") {
			t.Fatalf("%s is no PDF of A4: %d %v %.300s", path, a.StatusCode, a.Header, a.body)
		}
		n, err := files.PDFPages(strings.NewReader(a.body))
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if notice, decision, all := pages(page+"/print/notice?as=pdf"), pages(page+"/print/decision?as=pdf"), pages(both+"&as=pdf"); notice < 1 || decision < 1 || all != notice+decision {
		t.Errorf("both papers as PDF have %d pages, one by one %d and %d", all, notice, decision)
	}
	step("firm", "object", pairs("object-text", "判定文书已被复议撤销"))
	run(
		scenario{name: "who took part does not answer", role: "chief", path: page, status: 200, contains: []string{"异议中"}, excludes: []string{page + "/answer"}},
		scenario{name: "another one is asked", role: "director", path: "/todo", status: 200, contains: []string{"望湖苑：答复对一票否决认定的异议"}},
		scenario{name: "no result chosen", role: "director", method: "POST", path: page + "/answer", form: pairs("seq", fmt.Sprint(seq), "answer-text", "已核实"), status: 422, contains: []string{"请选择异议是否成立"}},
	)
	step("director", "answer", pairs("answer-choice", "uphold", "answer-text", "判定文书已被撤销"))
	people["firm"].paper(t, page+"/print/answer", "一票否决异议答复书", "赣北物业服务有限公司：", "都住建否〔2026〕1号", "异议成立，撤销", "判定文书已被复议撤销", "判定文书已被撤销")
	run(
		scenario{name: "revoked", role: "firm", path: page, status: 200, contains: []string{"已撤销", "判定文书已被撤销"}, excludes: []string{page + "/object\""}},
		scenario{name: "the list", role: "officer", path: "/vetoes?state=revoked&ground=fire_hazard&q=" + url.QueryEscape("都消重判"), status: 200, contains: []string{page, "1 件"}},
		scenario{name: "another ground", role: "officer", path: "/vetoes?ground=false_material", status: 200, contains: []string{"没有符合条件的"}},
		scenario{name: "as it was known before", role: "officer", path: page + "?known=" + today.String(), status: 200, excludes: []string{"已撤销"}},
	)
	// A second one stands and is ended early: the paper about it, on the page and as a document.
	run(scenario{name: "a second one", role: "officer", method: "POST", path: open, form: opening("number", "都消重判〔2026〕2号", "key", "v9"), status: 303, changes: 2})
	drafts, err := f.Vetoes.List(t.Context(), actorOf(t, f, "officer"), veto.Filter{State: veto.Draft}, false, "")
	if err != nil || len(drafts.Docs) != 1 {
		t.Fatal(drafts, err)
	}
	id = drafts.Docs[0].ID
	page, seq = "/vetoes/"+id, 1
	signed := func(lifting bool) {
		t.Helper()
		now, err := f.Vetoes.One(t.Context(), actorOf(t, f, "officer"), id)
		if err != nil {
			t.Fatal(err)
		}
		hash := now.State.Approval
		if lifting {
			hash = now.State.Lifting
		}
		run(scenario{name: "signed", role: "chief", method: "POST", path: page + "/sign", form: pairs("seq", fmt.Sprint(seq), "hash", hash.SubjectHash, "move", "agree", "current", browsertest.Password), status: 303, changes: 1})
		seq++
	}
	day := func() string { return f.Vetoes.Today().String() }
	step("officer", "scan", url.Values{}, scan)
	step("officer", "serve", pairs("serve-number", "都住建否告〔2026〕2号", "serve-day", day(), "serve-text", "直接送达"), scan)
	forward(6)
	clear(people)
	step("officer", "send", pairs("send-number", "联审纪要〔2026〕4号", "send-day", day(), "send-text", "住建局、组织部参加，同意"), scan)
	signed(false)
	step("officer", "issue", pairs("issue-number", "都住建否〔2026〕2号", "issue-day", day(), "issue-text", "直接送达"), scan)
	forward(11)
	clear(people)
	run(scenario{name: "not ended yet", role: "officer", path: page + "/print/lift", status: 404})
	step("officer", "ease", pairs("ease-number", "联审纪要〔2026〕5号", "ease-day", day(), "ease-text", "隐患已经整改，消防部门复查合格"), scan)
	signed(true)
	run(scenario{name: "owners get nothing", role: "committee", path: page + "/print/lift", status: 403})
	people["firm"] = newPerson(t, f).signIn(t, "firm")
	people["firm"].paper(t, page+"/print/lift", "解除一票否决认定决定书", "赣北物业服务有限公司：", "望湖苑", "都住建否〔2026〕2号", "联审纪要〔2026〕5号", "提前解除", "隐患已经整改，消防部门复查合格", "内容校验值")
	people["firm"].paper(t, page+"/print/decision", "一票否决认定书", "有效期")
	_, sheets := workbook(t, people["officer"].get(t, "/vetoes.xlsx?state=revoked"))
	if said := fmt.Sprint(sheets); !containsAll(said, []string{"望湖苑", "都住建否〔2026〕1号", "成立，已撤销"}) {
		t.Error(said)
	}
}
