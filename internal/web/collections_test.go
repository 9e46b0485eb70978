package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// TestCollectionPages follows a task of collection through its pages: written, handed out, signed for, filled in by form and by workbook, reminded of, its form revised, a hazard passed on, merged, planned and archived; with every wrong door on the way.
func TestCollectionPages(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	township := policy.TownshipKey("360428100000")
	for login, ap := range map[string]policy.Appointment{"town": {Role: "dispatcher", Unit: township, Scopes: []string{township}}, "deputy": {Role: "deputy_director", Scopes: []string{policy.County}}} {
		if err := f.Appoint(t.Context(), login, "姓名"+login, ap); err != nil {
			t.Fatal(err)
		}
	}
	m := &team{t: t, f: f, people: map[string]*person{}}
	run := func(list ...scenario) {
		t.Helper()
		for _, s := range list {
			s.run(t, f, m.people)
		}
	}
	run(
		scenario{name: "nothing yet", role: "officer", path: "/collections", status: 200, contains: []string{"写好通知和表样", "/collections/new"}},
		scenario{name: "nothing received", role: "firm", path: "/collections/received", status: 200, contains: []string{"也列在待办里"}, excludes: []string{"/collections/new"}},
		scenario{name: "a firm's list is what it received", role: "firm", path: "/collections", status: 303},
		scenario{name: "the deputy reads", role: "deputy", path: "/collections", status: 200, excludes: []string{"/collections/new"}},
		scenario{name: "a firm sends nothing", role: "firm", path: "/collections/new", status: 403},
		scenario{name: "the public sees nothing", path: "/collections", status: 401},
		scenario{name: "the form", role: "officer", path: "/collections/new", status: 200, contains: []string{"2026-10-26", "占用堵塞消防通道", "第 8 栏"}},
	)

	// The office's own sheet gives the columns; one that is no list of headings is refused by its place.
	headings := func(login, text string) answer {
		t.Helper()
		return m.as(login).upload(t, "/collections/columns", nil, nil, attachment{"消防设施排查.csv", []byte(text)})
	}
	before := changes(t, f)
	wants(t, headings("officer", "户数,项目负责人,灭火器数量（必填）,隐患情况（必填）,整改完成日期\n"), 200, "已从表头读出 5 栏", `value="消防设施排查"`, `value="project.households" selected`)
	wants(t, headings("officer", "户数,,隐患情况\n"), 422, "第一行的第 2 格是空的", "不能合并单元格")
	wants(t, headings("officer", "户数,户数\n"), 422, "两栏都叫“户数”")
	wants(t, headings("firm", "户数\n"), 403)
	wants(t, m.as("officer").upload(t, "/collections/columns", nil, nil), 422, "请选择表样的 Excel 文件")

	form := func(change ...string) [][2]string {
		v := [][2]string{{"key", "make"}, {"title", "消防设施排查"}, {"text", "请逐个小区排查后填报。"}, {"contact", "物业股 0792-5213000"}, {"due", "2026-10-23"}, {"rows", "project"}, {"hazard", "4"}, {"category", "fire_exit"}}
		for i, c := range [][4]string{{"户数", "whole", "project.households", "1"}, {"项目负责人", "person", "project.manager", ""}, {"灭火器数量", "whole", "", "1"}, {"隐患情况", "long", "", "1"}, {"整改完成日期", "date", "", ""}} {
			n := fmt.Sprintf("c%d-", i+1)
			v = append(v, [2]string{n + "id", ""}, [2]string{n + "title", c[0]}, [2]string{n + "kind", c[1]}, [2]string{n + "source", c[2]}, [2]string{n + "required", c[3]})
		}
		for i := range v {
			for k := 0; k+1 < len(change); k += 2 {
				if v[i][0] == change[k] {
					v[i][1] = change[k+1]
				}
			}
		}
		return v
	}
	wants(t, m.as("officer").upload(t, "/collections/new", form("title", "", "contact", "", "due", "2026-10-18", "rows", "", "c1-kind", "date", "c3-title", "户数", "category", ""), nil), 422, `id="title-e"`, `id="contact-e"`, "已经过了", `id="rows-e"`, `id="c1-source-e"`, "同名", `id="category-e"`, "请逐个小区排查后填报。")
	wants(t, m.as("officer").upload(t, "/collections/new", form(), nil, attachment{"附件.png", []byte("MZ\x90\x00")}), 422, "附件.png")
	if n := changes(t, f) - before; n != 0 {
		t.Errorf("%d records of refused forms", n)
	}
	made := m.as("officer").upload(t, "/collections/new", form(), nil, attachment{"排查要点.png", picture(t, 5)})
	again := m.as("officer").upload(t, "/collections/new", form(), nil, attachment{"排查要点.png", picture(t, 5)})
	task := strings.TrimSuffix(made.Header.Get("Location"), "/to")
	if made.StatusCode != http.StatusSeeOther || task == "" || again.Header.Get("Location") != made.Header.Get("Location") {
		t.Fatalf("%d %v %v %.900s", made.StatusCode, made.Header, again.Header, made.body)
	}
	sheet := "/collections/sheets/" + strings.TrimPrefix(task, "/collections/") + ".1"
	run(
		scenario{name: "a draft is nobody else's", role: "firm", path: task, status: 404},
		scenario{name: "to whom", role: "officer", path: task + "/to", status: 200, contains: []string{"赣北物业服务有限公司", `value="` + firm + `" checked`}},
		scenario{name: "to which communities", role: "officer", path: task + "/to?kind=community&township=360428100000", status: 200, contains: []string{"城东"}},
		scenario{name: "no firm there", role: "officer", path: task + "/to?township=360428101000", status: 200, contains: []string{"没有这样的单位"}},
		scenario{name: "nobody chosen to send to", role: "officer", method: "POST", path: task + "/send", form: pairs("seq", "1"), status: 409, contains: []string{"还没有选填报单位"}},
		scenario{name: "nobody", role: "officer", method: "POST", path: task + "/to", form: pairs("seq", "1", "kind", "firm"), status: 422, contains: []string{"请至少选一个单位"}},
		scenario{name: "who is no candidate", role: "officer", method: "POST", path: task + "/to", form: pairs("seq", "1", "kind", "firm", "to", "f9"), status: 422, contains: []string{"不在你的范围内"}},
		scenario{name: "chosen", role: "officer", method: "POST", path: task + "/to", form: pairs("seq", "1", "kind", "firm", "to", firm), status: 303, changes: 1},
		scenario{name: "edited", role: "officer", path: task + "/edit", status: 200, contains: []string{"排查要点.png", `value="灭火器数量"`, `value="2026-10-23"`}},
		scenario{name: "no revision of a draft", role: "officer", path: task + "/revise", status: 303},
		scenario{name: "the work to send", role: "officer", path: "/todo", status: 200, contains: []string{"下发收表任务：“消防设施排查”"}},
		scenario{name: "checked", role: "officer", path: task, status: 200, contains: []string{"下发给 1 个单位", "未下发", "系统带出户数", "排查要点.png"}},
		scenario{name: "another office", role: "town", method: "POST", path: task + "/send", form: pairs("seq", "2"), status: 404},
		scenario{name: "sent", role: "officer", method: "POST", path: task + "/send", form: pairs("seq", "2"), status: 303, changes: 2},
		scenario{name: "sent twice", role: "officer", method: "POST", path: task + "/send", form: pairs("seq", "3"), status: 409},
		scenario{name: "the firm's work", role: "firm", path: "/todo", status: 200, contains: []string{"签收并填报：“消防设施排查”", sheet}},
		scenario{name: "the page of the firm", role: "firm", path: sheet, status: 200, contains: []string{"请逐个小区排查后填报。", "排查要点.png", ">签收<"}, excludes: []string{"退回修改", "下载模板"}},
		scenario{name: "its attachment", role: "firm", path: task + "/files/1", status: 200},
		scenario{name: "no such attachment", role: "firm", path: task + "/files/2", status: 404},
		scenario{name: "the community sees", role: "secretary", path: sheet, status: 200, excludes: []string{">签收<"}},
		scenario{name: "the whole file", role: "officer", path: task + "/whole", status: 200, contains: []string{"卷内目录", "消防设施排查", "排查要点.png", "10 年"}},
		scenario{name: "no whole file for who sees nothing of it", role: "elsewhere", path: task + "/whole", status: 404},
		scenario{name: "another community does not", role: "elsewhere", path: sheet, status: 404},
		scenario{name: "filled before it was signed for", role: "firm", method: "POST", path: sheet + "/save", form: pairs("seq", "1", "row", project, "c3", "12"), status: 409, contains: []string{"未签收"}},
		scenario{name: "a community signs nothing of a firm", role: "secretary", method: "POST", path: sheet + "/sign", form: pairs("seq", "1"), status: 403, contains: []string{"赣北物业服务有限公司签收"}},
		scenario{name: "nobody signs for a firm", role: "officer", method: "POST", path: sheet + "/sign", form: pairs("seq", "1"), status: 403},
		scenario{name: "reminded", role: "officer", method: "POST", path: task + "/remind", form: pairs("seq", "3"), status: 303, changes: 2},
		scenario{name: "reminded twice on a day", role: "officer", method: "POST", path: task + "/remind", form: pairs("seq", "4"), status: 409, contains: []string{"今天已经催过"}},
		scenario{name: "a firm reminds nobody", role: "firm", method: "POST", path: task + "/remind", form: pairs("seq", "4"), status: 403},
		scenario{name: "the firm is told", role: "firm", path: "/todo", status: 200, contains: []string{"已催报 1 次"}},
		scenario{name: "whom to urge", role: "officer", path: "/urging?of=collections", status: 200, contains: []string{"赣北物业服务有限公司", "消防设施排查", "1 个单位，1 件", "【催报】下列收表任务还没有报", "下载催报电话", sheet}, excludes: []string{"13812345678"}},
		scenario{name: "with phones for who may see them", role: "officer", path: "/urging.xlsx?of=collections&as=csv", status: 200, contains: []string{"登记电话", "13812345678"}},
		scenario{name: "nobody is late", role: "officer", path: "/urging?of=collections&late=1", status: 200, contains: []string{"没有符合条件的"}},
		scenario{name: "what is no register", role: "officer", path: "/urging?of=x", status: 404},
		scenario{name: "a firm urges nobody", role: "firm", path: "/urging", status: 200, contains: []string{"没有要催的事"}},
		scenario{name: "a township urges for matters", role: "town", path: "/urging", status: 200, contains: []string{"事项", "现在没有要催的"}},
		scenario{name: "who is missing", role: "officer", path: task + "?show=missing&done=remind", status: 200, contains: []string{"已催 1 个单位", "【催报】", "赣北物业服务有限公司（未签收）", "复制催办话术", "下载催报电话", "没有确认"}, excludes: []string{"13812345678"}},
		scenario{name: "the phone list of others", role: "town", path: task + "/phones.xlsx", status: 403},
		scenario{name: "the phone list of who did not ask", role: "firm", path: task + "/phones.xlsx", status: 404},
		scenario{name: "signed", role: "firm", method: "POST", path: sheet + "/sign", form: pairs("seq", "2"), status: 303, changes: 1},
		scenario{name: "signed twice", role: "firm", method: "POST", path: sheet + "/sign", form: pairs("seq", "3"), status: 409},
		scenario{name: "the row", role: "firm", path: sheet + "?row=" + project, status: 200, contains: []string{`value="1164"`, "保存并上报", "下载模板"}},
		scenario{name: "wrong cells", role: "firm", method: "POST", path: sheet + "/save", form: pairs("seq", "3", "row", project, "c1", "很多", "c5", "2026-13-40", "c4", "门口"), status: 422, contains: []string{`id="c1-e"`, `id="c5-e"`, "门口"}},
		scenario{name: "no further row", role: "firm", method: "POST", path: sheet + "/save", form: pairs("seq", "3", "row", "new"), status: 409, contains: []string{"行数是定好的"}},
		scenario{name: "kept", role: "firm", method: "POST", path: sheet + "/save", form: pairs("seq", "3", "row", project, "c3", "12"), status: 303, changes: 1},
		scenario{name: "incomplete", role: "firm", method: "POST", path: sheet + "/file", form: pairs("seq", "4"), status: 422, contains: []string{"请填写隐患情况"}},
		scenario{name: "on an old page", role: "firm", method: "POST", path: sheet + "/file", form: pairs("seq", "3"), status: 409},
		scenario{name: "not filed, not merged", role: "officer", path: sheet, status: 200, excludes: []string{"退回修改", "转为事项"}},
	)
	_, sheets := workbook(t, m.as("officer").get(t, task+"/phones.xlsx"))
	if said := fmt.Sprint(sheets); !strings.Contains(said, "13812345678") || !strings.Contains(said, "赣北物业服务有限公司") {
		t.Error("the phone list:", said)
	}

	// By workbook: what the system holds is in the template; everything that is wrong is listed at once and nothing is kept.
	names, sheets := workbook(t, m.as("firm").get(t, sheet+"/template.xlsx"))
	if said := fmt.Sprint(names, sheets); !strings.Contains(said, "望湖苑") || !strings.Contains(said, "1164") || !strings.Contains(said, "灭火器数量") {
		t.Error("the template:", said)
	}
	wants(t, m.as("secretary").get(t, sheet+"/template.xlsx"), 404)
	try := func(login, text string) answer {
		t.Helper()
		return m.as(login).upload(t, sheet+"/excel", nil, nil, attachment{"填报.csv", []byte(text)})
	}
	const heads = "小区,户数,项目负责人,灭火器数量,隐患情况,整改完成日期\n"
	before = changes(t, f)
	wrong := try("firm", heads+"望湖苑,很多,,12,无,明天\n锦绣花园,1,,1,无,\n")
	wants(t, wrong, 200, "一行也没有写入", "户数", "很多", "不是你单位现在的小区", "下载标错的 Excel")
	marked := regexp.MustCompile(`/collections/marked/[^"]+`).FindString(wrong.body)
	wants(t, m.as("firm").get(t, marked), 200)
	wants(t, m.as("secretary").get(t, marked), 404)
	wants(t, try("firm", "小区,住户\n望湖苑,1\n"), 422, "没有“户数”")
	wants(t, try("secretary", heads+"望湖苑,1164,,12,无,\n"), 404)
	wants(t, m.as("firm").upload(t, sheet+"/excel", nil, nil), 422, "请选择填好的 Excel 文件")
	right := try("firm", heads+"望湖苑,\"1,164\",,12,消防通道停了两辆车,2026-10-22\n")
	wants(t, right, 200, "上报 1 行")
	if n := changes(t, f) - before; n != 0 {
		t.Errorf("%d records of workbooks that were only tried", n)
	}
	draft := regexp.MustCompile(`name="draft" value="([^"]+)"`).FindStringSubmatch(right.body)[1]
	run(
		scenario{name: "another's workbook", role: "secretary", method: "POST", path: sheet + "/accept", form: pairs("seq", "4", "draft", draft), status: 404},
		scenario{name: "no workbook", role: "firm", method: "POST", path: sheet + "/accept", form: pairs("seq", "4", "draft", "x"), status: 404},
		scenario{name: "filed by workbook", role: "firm", method: "POST", path: sheet + "/accept", form: pairs("seq", "4", "draft", draft), status: 303, changes: 1},
		scenario{name: "nobody is missing", role: "officer", method: "POST", path: task + "/remind", form: pairs("seq", "4"), status: 409},
		scenario{name: "returned without a reason", role: "officer", method: "POST", path: sheet + "/return", form: pairs("seq", "5", "text", ""), status: 422, contains: []string{`id="text-e"`}},
		scenario{name: "returned by a firm", role: "firm", method: "POST", path: sheet + "/return", form: pairs("seq", "5", "text", "请核对"), status: 403},
		scenario{name: "returned", role: "officer", method: "POST", path: sheet + "/return", form: pairs("seq", "5", "text", "请核对灭火器数量"), status: 303, changes: 1},
		scenario{name: "the work to correct", role: "firm", path: "/todo", status: 200, contains: []string{"改好后重新上报", "请核对灭火器数量"}},
		scenario{name: "corrected", role: "firm", method: "POST", path: sheet + "/save", form: pairs("seq", "6", "row", project, "c3", "14", "do", "file"), status: 303, changes: 1},
		scenario{name: "passed on by a firm", role: "firm", method: "POST", path: sheet + "/matter", form: pairs("seq", "7", "row", project), status: 403},
		scenario{name: "no such row", role: "officer", method: "POST", path: sheet + "/matter", form: pairs("seq", "7", "row", "r9"), status: 409},
		scenario{name: "a hazard is a matter", role: "officer", method: "POST", path: sheet + "/matter", form: pairs("seq", "7", "row", project), status: 303, changes: 2},
		scenario{name: "once", role: "officer", method: "POST", path: sheet + "/matter", form: pairs("seq", "8", "row", project), status: 409, contains: []string{"已经转为事项"}},
	)
	matter := regexp.MustCompile(`/matters/[0-9a-f]{32}`).FindString(m.as("town").get(t, sheet).body)
	run(
		scenario{name: "its page leads back", role: "town", path: matter, status: 200, contains: []string{"消防通道停了两辆车", "收表转办", "来自收表", sheet}},
		scenario{name: "the dispatcher's work", role: "town", path: "/todo", status: 200, contains: []string{"派单：占用堵塞消防通道"}},
		scenario{name: "the firm's dossier", role: "officer", path: "/register/firms/" + firm + "/dossier", status: 200, contains: []string{`id="collections"`, "消防设施排查", sheet}},
		scenario{name: "found", role: "officer", path: "/search?q=" + url.QueryEscape("消防设施"), status: 200, contains: []string{task}},
		scenario{name: "found by pinyin in the list", role: "officer", path: "/collections?q=xfss&state=running", status: 200, contains: []string{"消防设施排查"}},
		scenario{name: "not found", role: "officer", path: "/collections?q=zzz", status: 200, contains: []string{"没有符合条件"}},
		scenario{name: "received in the township", role: "town", path: "/collections/received?state=filed", status: 200, contains: []string{"消防设施排查", "赣北物业服务有限公司"}},
		scenario{name: "received elsewhere", role: "elsewhere", path: "/collections/received", status: 200, excludes: []string{"消防设施排查"}},
	)

	// The papers: the notice with the columns, to all and to one; what one filled in, as who asks may see it.
	m.as("officer").paper(t, task+"/print/notice", "关于填报“消防设施排查”的通知", "赣北物业服务有限公司：", "请逐个小区排查后填报。", "灭火器数量", "必填", "物业股 0792-5213000", "2026年10月23日")
	m.as("firm").paper(t, sheet+"/print/notice", "关于填报“消防设施排查”的通知", "赣北物业服务有限公司：", "整改完成日期")
	m.as("firm").paper(t, sheet+"/print/form", "消防设施排查", "望湖苑", "消防通道停了两辆车", "2026-10-22", "单位负责人签名、盖章")
	run(
		scenario{name: "who is asked is not told who else is", role: "firm", path: task + "/print/notice", status: 200, contains: []string{"各有关单位"}, excludes: []string{"赣北物业服务有限公司"}},
		scenario{name: "the task is not another community's", role: "elsewhere", path: task + "/print/notice", status: 404},
		scenario{name: "no paper of another community", role: "elsewhere", path: sheet + "/print/form", status: 404},
		scenario{name: "nor its document", role: "elsewhere", path: sheet + "/print/form?as=docx", status: 404},
		scenario{name: "no such paper", role: "officer", path: sheet + "/print/nothing", status: 404},
		scenario{name: "the papers stand on the page", role: "officer", path: task, status: 200, contains: []string{task + "/print/notice", "取号、登记发送"}},
		scenario{name: "and on that of who fills it in", role: "firm", path: sheet, status: 200, contains: []string{sheet + "/print/form"}, excludes: []string{"/sent/"}},
	)

	// A column goes and another comes after everybody answered: what was answered stays, only what is new is asked.
	revise := func(change ...string) url.Values {
		v := pairs(append([]string{"seq", "4", "why", "增加应急灯，不再填完成日期", "c1-id", "c1", "c1-title", "户数", "c1-kind", "whole", "c1-source", "project.households", "c1-required", "1", "c2-id", "c2", "c2-title", "项目负责人", "c2-kind", "person", "c2-source", "project.manager",
			"c3-id", "c3", "c3-title", "灭火器数量", "c3-kind", "whole", "c3-required", "1", "c4-id", "c4", "c4-title", "隐患情况", "c4-kind", "long", "c4-required", "1", "c5-id", "c5", "c5-title", "", "c6-id", "", "c6-title", "应急灯完好", "c6-kind", "yesno", "c6-required", "1"}, change...)...)
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return v
	}
	run(
		scenario{name: "the form as it is", role: "officer", path: task + "/revise", status: 200, contains: []string{`value="整改完成日期"`, "删去一栏请清空名称"}},
		scenario{name: "revised without a reason", role: "officer", method: "POST", path: task + "/revise", form: revise("why", ""), status: 422, contains: []string{`id="why-e"`, `value="应急灯完好"`}},
		scenario{name: "revised by a firm", role: "firm", method: "POST", path: task + "/revise", form: revise(), status: 403},
		scenario{name: "revised", role: "officer", method: "POST", path: task + "/revise", form: revise(), status: 303, changes: 2},
		scenario{name: "only what is new is asked", role: "firm", path: sheet + "?row=" + project, status: 200, contains: []string{"补填新的栏目", "应急灯完好", "整改完成日期（已不用填）", "2026-10-22"}, excludes: []string{`id="c3"`}},
		scenario{name: "the old workbook", role: "firm", method: "POST", path: sheet + "/file", form: pairs("seq", "9"), status: 422, contains: []string{"请选择应急灯完好"}},
		scenario{name: "what is new is filed", role: "firm", method: "POST", path: sheet + "/save", form: pairs("seq", "9", "row", project, "c6", "是", "c3", "99", "do", "file"), status: 303, changes: 1},
	)
	for by, want := range map[string]string{"township": "都昌镇", "community": "城东社区", "unit": "赣北物业服务有限公司", "": "汇总"} {
		names, sheets := workbook(t, m.as("officer").get(t, task+"/merged.xlsx?by="+by))
		if said := fmt.Sprint(sheets); len(names) != 2 || !strings.Contains(names[0], want) || names[1] != "未报单位" || !strings.Contains(said, "整改完成日期（第 2 版起不填）") || !strings.Contains(said, "消防通道停了两辆车") || strings.Contains(said, "99") {
			t.Errorf("%s: %q %s", by, names, said)
		}
	}
	run(
		scenario{name: "the deadline as it is", role: "officer", method: "POST", path: task + "/extend", form: pairs("seq", "5", "due", "2026-10-23"), status: 422, contains: []string{"本来就是"}},
		scenario{name: "extended", role: "officer", method: "POST", path: task + "/extend", form: pairs("seq", "5", "due", "2026-10-30"), status: 303, changes: 2},
		scenario{name: "a plan with mistakes", role: "officer", method: "POST", path: task + "/plan", form: pairs("key", "p0", "seq", "6", "every", "", "on", "32", "rule", ""), status: 422, contains: []string{`id="every-e"`, `id="on-e"`, `id="rule-e"`}},
		scenario{name: "a week of 31 days", role: "officer", method: "POST", path: task + "/plan", form: pairs("key", "p0", "seq", "6", "every", "week", "on", "31", "month", "2", "rule", "collection.five"), status: 422, contains: []string{`id="on-e"`, "星期一至星期日", `id="month-e"`}},
		scenario{name: "over before it begins", role: "officer", method: "POST", path: task + "/plan", form: pairs("key", "p0", "seq", "6", "every", "half", "on", "31", "month", "6", "rule", "collection.five", "until", "2026-12-31"), status: 422, contains: []string{`id="until-e"`, "2027年6月30日"}},
		scenario{name: "no plans yet", role: "officer", path: "/collections/plans", status: 200, contains: []string{"还没有周期任务"}},
		scenario{name: "a plan", role: "officer", method: "POST", path: task + "/plan", form: pairs("key", "p1", "seq", "6", "every", "month", "on", "5", "rule", "collection.five", "who", "all"), status: 303, changes: 2},
		scenario{name: "the plans", role: "officer", path: "/collections/plans", status: 200, contains: []string{"消防设施排查", "2026年11月5日下发", "全部物业企业", "每月 5 日"}},
		scenario{name: "a firm plans nothing", role: "firm", path: "/collections/plans", status: 403},
		scenario{name: "once more", role: "officer", method: "POST", path: task + "/copy", form: pairs("key", "c1", "due", "2026-11-20"), status: 303, changes: 1},
		scenario{name: "once more, too early", role: "officer", method: "POST", path: task + "/copy", form: pairs("key", "c2", "due", "2026-01-01"), status: 422},
		scenario{name: "archived by a firm", role: "firm", method: "POST", path: task + "/close", form: pairs("seq", "6"), status: 403},
		scenario{name: "archived", role: "officer", method: "POST", path: task + "/close", form: pairs("seq", "6"), status: 303, changes: 1},
		scenario{name: "nothing changes any more", role: "firm", method: "POST", path: sheet + "/save", form: pairs("seq", "11", "row", project, "c6", "否", "do", "file"), status: 409, contains: []string{"已归档"}},
		scenario{name: "nothing is withdrawn any more", role: "officer", method: "POST", path: task + "/withdraw", form: pairs("seq", "7", "text", "通知写错了"), status: 409},
		scenario{name: "it stays readable", role: "officer", path: task, status: 200, contains: []string{"已归档", "第 2 版：增加应急灯", "merged.xlsx"}, excludes: []string{"一键催报", "撤回任务"}},
	)
	copied := regexp.MustCompile(`/collections/[0-9a-f]{32}`).FindString(strings.ReplaceAll(m.as("officer").get(t, "/collections?state=draft").body, task, ""))
	plan := m.hidden("officer", "/collections/plans", "/collections/plans/")
	stop := regexp.MustCompile(`action="(/collections/plans/[^"]+/stop)"`).FindStringSubmatch(m.as("officer").get(t, "/collections/plans").body)[1]
	pause := strings.Replace(stop, "/stop", "/pause", 1)
	run(
		scenario{name: "withdrawn without a reason", role: "officer", method: "POST", path: copied + "/withdraw", form: pairs("seq", "1", "text", ""), status: 422, contains: []string{`id="text-e"`}},
		scenario{name: "withdrawn", role: "officer", method: "POST", path: copied + "/withdraw", form: pairs("seq", "1", "text", "不用再查了"), status: 303, changes: 1},
		scenario{name: "paused by another office", role: "town", method: "POST", path: pause, form: pairs("seq", plan.Get("seq")), status: 404},
		scenario{name: "goes on that does not pause", role: "officer", method: "POST", path: strings.Replace(pause, "/pause", "/resume", 1), form: pairs("seq", plan.Get("seq")), status: 409},
		scenario{name: "paused", role: "officer", method: "POST", path: pause, form: pairs("seq", plan.Get("seq")), status: 303, changes: 1},
		scenario{name: "the plan pauses", role: "officer", path: "/collections/plans", status: 200, contains: []string{"周期已暂停", "恢复"}, excludes: []string{"2026年11月5日下发"}},
		scenario{name: "paused twice", role: "officer", method: "POST", path: pause, form: pairs("seq", "2"), status: 409},
		scenario{name: "goes on", role: "officer", method: "POST", path: strings.Replace(pause, "/pause", "/resume", 1), form: pairs("seq", "2"), status: 303, changes: 1},
		scenario{name: "the plan goes on", role: "officer", path: "/collections/plans", status: 200, contains: []string{"周期运行中", "2026年11月5日下发"}},
		scenario{name: "stopped by another office", role: "town", method: "POST", path: stop, form: pairs("seq", plan.Get("seq")), status: 404},
		scenario{name: "stopped", role: "officer", method: "POST", path: stop, form: pairs("seq", "3"), status: 303, changes: 1},
		scenario{name: "stopped twice", role: "officer", method: "POST", path: stop, form: pairs("seq", "4"), status: 409},
		scenario{name: "the plan stays", role: "officer", path: "/collections/plans", status: 200, contains: []string{"周期已停止"}},
	)
	data, err := report.Write(report.Figures{Sheet: "表", Heads: []string{"户数"}}.Filled())
	if err != nil {
		t.Fatal(err)
	}
	// The list as a workbook, and a file that is none of ours.
	if a := m.as("officer").get(t, "/collections.xlsx?as=csv"); !strings.Contains(a.body, "消防设施排查") || a.StatusCode != 200 {
		t.Errorf("%d %.400s", a.StatusCode, a.body)
	}
	if a := m.as("firm").get(t, "/collections/received.xlsx?as=csv"); !strings.Contains(a.body, "赣北物业服务有限公司") || a.StatusCode != 200 {
		t.Errorf("%d %.400s", a.StatusCode, a.body)
	}
	wants(t, m.as("officer").upload(t, "/collections/columns", nil, nil, attachment{"表样.xlsx", data}), 200, "已从表头读出 1 栏")

	// A community is called where it is registered to be reached.
	admin := policy.Actor{ID: "a", Appointments: []policy.Appointment{{Role: "administrator", Scopes: []string{policy.County}}}}
	if err := f.Register.ChangeDivision(t.Context(), admin, cityEast, 1, registry.DivisionInput{Name: "城东居委会", Reach: registry.Reach{Contact: "王秋生", Phone: "13912345678"}}); err != nil {
		t.Fatal(err)
	}
	other := m.as("officer").send(t, "POST", task+"/copy", pairs("key", "c3", "due", "2026-11-20")).Header.Get("Location")
	other = regexp.MustCompile(`/collections/[0-9a-f]{32}`).FindString(other)
	run(
		scenario{name: "to a community", role: "officer", method: "POST", path: other + "/to", form: pairs("seq", "1", "kind", "community", "to", cityEast), status: 303, changes: 1},
		scenario{name: "sent to it", role: "officer", method: "POST", path: other + "/send", form: pairs("seq", "2"), status: 303, changes: 2},
		scenario{name: "the phone of a community", role: "officer", path: "/urging.xlsx?of=collections&as=csv", status: 200, contains: []string{"联系人,登记电话", "城东社区", "王秋生,13912345678"}},
		scenario{name: "not in the words to copy", role: "officer", path: "/urging?of=collections", status: 200, contains: []string{"城东社区"}, excludes: []string{"王秋生", "13912345678"}},
	)
	if _, sheets := workbook(t, m.as("officer").get(t, other+"/phones.xlsx")); !strings.Contains(fmt.Sprint(sheets), "{王秋生 false} {13912345678 false}") {
		t.Error("the phone list:", sheets)
	}
}
