package web_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/supervision/survey"
)

// TestSurveyPages follows a survey from the draw to its public result: officer, community, households without account, inspector with paper and Excel, and who may not.
func TestSurveyPages(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	ctx := context.Background()
	for login, role := range map[string]policy.Role{"inspector9": "inspector", "deputy": "deputy_director"} {
		if err := f.Appoint(ctx, login, "测试人员", policy.Appointment{Role: role, Scopes: []string{policy.County}}); err != nil {
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
	const list, form, public = "/surveys", "/surveys/new", "/survey"
	run(
		scenario{name: "nothing yet", role: "officer", path: list, status: 200, contains: []string{"还没有满意度调查", "准备调查"}},
		scenario{name: "nothing is public", path: "/satisfaction", status: 200, contains: []string{"还没有公布的调查结果"}},
		scenario{name: "the public sees no list", path: list, status: 401},
		scenario{name: "the firm prepares nothing", role: "firm", path: form, status: 403},
		scenario{name: "choose a compound", role: "officer", path: form + "?q=whu", status: 200, contains: []string{"望湖苑", "1,164 户"}},
		scenario{name: "its form", role: "officer", path: form + "?project=" + project, status: 200, contains: []string{"全小区 1164", "凭答题码"}},
		scenario{name: "fields", role: "officer", method: "POST", path: form, form: pairs("project", project, "by", "", "frame", "1幢\n2幢 40"), status: 422, contains: []string{"第 1 行“1幢”要写成", "1幢\n2幢 40"}},
		scenario{name: "refused by the rules", role: "officer", method: "POST", path: form, form: pairs("project", project, "by", "code", "frame", "1幢 2000"), status: 422, contains: []string{"多于登记的总户数 1164"}},
		scenario{name: "prepare", role: "officer", method: "POST", path: form, form: pairs("project", project, "by", "code", "frame", "1幢 60\n2幢 40"), status: 303, changes: 2},
		scenario{name: "a second one", role: "officer", method: "POST", path: form, form: pairs("project", project, "by", "code", "frame", "1幢 60"), status: 409, contains: []string{"每年一次"}},
	)
	officer := policy.Actor{ID: "a-officer", Appointments: []policy.Appointment{{Role: "property_officer", Scopes: []string{policy.County}}}}
	all, err := f.Surveys.List(ctx, officer, survey.Filter{})
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	page := list + "/" + all[0].ID
	run(
		scenario{name: "the lines of a group", role: "officer", path: "/todo?in=open&nav=%2Fsurveys", status: 200, contains: []string{"没有规定时限：满意度调查", "开始望湖苑 2026 年物业服务满意度调查", "第 1–1 个，共 1 个"}},
		scenario{name: "a group of which nothing is left", role: "officer", path: "/todo?in=late&nav=%2Fsurveys", status: 200, contains: []string{"这一类没有要办的了"}},
		scenario{name: "a group of no section", role: "officer", path: "/todo?in=never&nav=%2Fsurveys", status: 404},
		scenario{name: "the officer's work", role: "officer", path: "/todo", status: 200, contains: []string{"开始望湖苑 2026 年物业服务满意度调查"}},
		scenario{name: "its page", role: "officer", path: page, status: 200, contains: []string{"待开始", "抽中名单", "答题码", "开始调查"}},
		scenario{name: "the firm sees neither list nor codes", role: "firm", path: page, status: 200, contains: []string{"调查公告"}, excludes: []string{page + "/list", page + "/slips", "已收答卷"}},
		scenario{name: "nor by their address", role: "firm", path: page + "/list", status: 403},
		scenario{name: "nor the slips", role: "secretary", path: page + "/slips", status: 403},
		scenario{name: "the whole file", role: "officer", path: page + "/whole", status: 200, contains: []string{"卷内目录", "调查公告", "抽中名单", "10 年"}, excludes: []string{"<form"}},
		scenario{name: "its list only for who may print it", role: "firm", path: page + "/whole", status: 200, contains: []string{"卷内目录", "调查公告"}, excludes: []string{"抽中名单", "共 3 户"}},
		scenario{name: "no whole file elsewhere", role: "elsewhere", path: page + "/whole", status: 404},
		scenario{name: "papers to choose", role: "firm", path: "/prints?of=/surveys", status: 200, contains: []string{"~notice"}, excludes: []string{"~list"}},
		scenario{name: "another community sees nothing", role: "elsewhere", path: page, status: 404},
		scenario{name: "the list", role: "secretary", path: page + "/list", status: 200, contains: []string{"共 3 户", "名单不给物业服务企业"}},
		scenario{name: "open", role: "officer", method: "POST", path: page + "/open", form: pairs("seq", "1"), status: 303, changes: 1},
		scenario{name: "an old page", role: "officer", method: "POST", path: page + "/cancel", form: pairs("seq", "1", "cancel-why", "户数登记有误"), status: 409},
		scenario{name: "notice", role: "firm", path: page + "/notice", status: 200, contains: []string{"种子的校验值", "不记名"}},
		scenario{name: "the community's work", role: "secretary", path: "/todo", status: 200, contains: []string{"发放望湖苑 2026 年"}},
		scenario{name: "delivery: fields", role: "secretary", method: "POST", path: page + "/deliver", form: pairs("seq", "2", "deliver-unreached", "9"), status: 422, contains: []string{"deliver-unreached-e", "0 至 3 张"}},
		scenario{name: "delivery", role: "secretary", method: "POST", path: page + "/deliver", form: pairs("seq", "2", "deliver-unreached", "1"), status: 303, changes: 1},
		scenario{name: "extend: fields", role: "officer", method: "POST", path: page + "/extend", form: pairs("seq", "3", "extend-until", "2020-01-01", "extend-why", "慢"), status: 422, contains: []string{"extend-until-e", "extend-why-e"}},
		scenario{name: "too early", role: "officer", method: "POST", path: page + "/close", form: pairs("seq", "3"), status: 409, contains: []string{"不能汇总"}},
		scenario{name: "the slips", role: "officer", path: page + "/slips", status: 200, contains: []string{"纸质问卷", "2 张。", "1 张。"}},
	)
	slips, err := f.Surveys.Slips(ctx, officer, all[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	codes := append(append([]string{}, slips[0].Codes...), slips[1].Codes...)
	if len(codes) != 3 {
		t.Fatal(codes)
	}
	run(
		scenario{name: "a household asks", path: public, status: 200, contains: []string{"答题码", "不用登录"}},
		scenario{name: "a slip of the finger", method: "POST", path: public, form: pairs("code", "123456789012"), status: 422, contains: []string{"答题码有一位不对"}},
		scenario{name: "its questionnaire", method: "POST", path: public, form: pairs("code", codes[0]), status: 200, contains: []string{"望湖苑满意度调查", "非常不满意", "绿化的养护"}},
		scenario{name: "one is missing", method: "POST", path: public + "/answer", form: pairs("code", codes[0], "overall", "1"), status: 422, contains: []string{"第 2 题还没有选", `value="1" checked`}},
		scenario{name: "answer", method: "POST", path: public + "/answer", form: pairs("code", codes[0], "overall", "1", "green", "0"), status: 303},
		scenario{name: "thanks", path: public + "/thanks", status: 200, contains: []string{"答卷已收到"}},
		scenario{name: "twice", method: "POST", path: public + "/answer", form: pairs("code", codes[0], "overall", "5", "green", "5"), status: 422, contains: []string{"每户只收一份"}},
		scenario{name: "twice at the door", method: "POST", path: public, form: pairs("code", codes[0]), status: 422, contains: []string{"每户只收一份"}},
		scenario{name: "the community types nothing", role: "secretary", path: page + "/enter", status: 403},
		scenario{name: "the page for paper", role: "inspector9", path: page + "/enter", status: 200, contains: []string{"2 个数字", "下载模板"}},
		scenario{name: "wrong cells", role: "inspector9", method: "POST", path: page + "/enter", form: pairs("t1", codes[0], "a1", "11", "t2", codes[1], "a2", "19"), status: 422, contains: []string{"第 1 行：", "已经交过答卷", `id="ae2"`, "第 2 题只能填"}},
		scenario{name: "nothing typed", role: "inspector9", method: "POST", path: page + "/enter", form: pairs("t1", ""), status: 422, contains: []string{"没有填一份答卷"}},
		scenario{name: "typed", role: "inspector9", method: "POST", path: page + "/enter", form: pairs("t1", codes[1], "a1", "22"), status: 303},
	)
	// Excel: the template is filled in; a wrong cell is named by its place and counts nothing; the same file twice counts once.
	_, sheets := workbook(t, people["inspector9"].get(t, page+"/enter.xlsx"))
	if len(sheets["答卷"]) == 0 || len(sheets["答卷"][0]) != 3 {
		t.Fatalf("template: %v", sheets)
	}
	send := func(do string, rows ...[]any) answer {
		t.Helper()
		sheet := report.Figures{Sheet: "答卷", Rows: rows}
		for _, h := range sheets["答卷"][0] {
			sheet.Heads = append(sheet.Heads, h.text)
		}
		file, err := report.Write(sheet.Filled())
		if err != nil {
			t.Fatal(err)
		}
		return people["inspector9"].upload(t, page+"/import", [][2]string{{"do", do}}, nil, attachment{"答卷.xlsx", file})
	}
	plain := strings.ReplaceAll(codes[2], " ", "")
	for _, tt := range []struct {
		do     string
		row    []any
		status int
		said   string
	}{
		{"check", []any{plain, "满意", "很好"}, 422, "C2"}, {"enter", []any{"1", "2", "3"}, 422, "A2"}, {"check", []any{plain, "满意", "不了解"}, 200, "可以录入 1 份"}, {"enter", []any{plain, "满意", int64(3)}, 303, ""}, {"enter", []any{plain, "满意", int64(3)}, 303, ""},
	} {
		before := changes(t, f)
		got := send(tt.do, tt.row)
		if got.StatusCode != tt.status || !strings.Contains(got.body, tt.said) || changes(t, f) != before {
			t.Errorf("%s %v: %d %.800s", tt.do, tt.row, got.StatusCode, got.body)
		}
	}
	if n, err := f.Surveys.Returned(ctx, officer, all[0].ID); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	run(
		scenario{name: "how many came in", role: "officer", path: page, status: 200, contains: []string{"3 份（截止以前只有住建局"}},
		scenario{name: "not for the community", role: "secretary", path: page, status: 200, excludes: []string{"已收答卷", "1 张没有发出"}},
		scenario{name: "everybody has answered", role: "officer", method: "POST", path: page + "/close", form: pairs("seq", "3"), status: 303, changes: 1},
		scenario{name: "the officer does not publish", role: "officer", method: "POST", path: page + "/publish", form: pairs("seq", "4"), status: 403},
		scenario{name: "the firm waits", role: "firm", path: page, status: 200, contains: []string{"待公布结果"}, excludes: []string{"满意率 "}},
		scenario{name: "nobody outside knows", path: "/satisfaction", status: 200, excludes: []string{"望湖苑"}},
		scenario{name: "the deputy's work", role: "deputy", path: "/todo", status: 200, contains: []string{"公布望湖苑 2026 年"}},
		scenario{name: "publish", role: "deputy", method: "POST", path: page + "/publish", form: pairs("seq", "4"), status: 303, changes: 1},
		scenario{name: "the result", role: "firm", path: page, status: 200, contains: []string{"总体满意率 100 %", "达到合同约定服务等级的 75 %", "作答不到 3 份，不公布"}},
		scenario{name: "for everybody", path: "/satisfaction?project=" + project, status: 200, contains: []string{"望湖苑", "总体满意率 100 %", "核对抽样", "1幢 60 户"}, excludes: []string{page}},
		scenario{name: "printed", role: "firm", path: page + "/result", status: 200, contains: []string{"非常满意 1、满意 2"}},
		scenario{name: "after the end", method: "POST", path: public, form: pairs("code", codes[0]), status: 422, contains: []string{"已经截止"}},
		scenario{name: "found", role: "officer", path: list + "?state=published&q=whu&year=2026", status: 200, contains: []string{"3 / 3", "100 %"}},
		scenario{name: "not found", role: "officer", path: list + "?state=open", status: 200, contains: []string{"没有符合条件的"}},
		scenario{name: "its dossier", role: "officer", path: "/register/projects/" + project + "/dossier", status: 200, contains: []string{"满意度调查", page}},
	)
	if _, sheets := workbook(t, people["officer"].get(t, list+".xlsx")); !strings.Contains(fmt.Sprint(sheets["满意度调查"]), "望湖苑") {
		t.Error(sheets)
	}
	// Whoever goes through the codes has to wait; a right code does not count.
	for i := range 30 {
		a := people[""].send(t, http.MethodPost, public, pairs("code", "000000000000"))
		if i == 25 && a.StatusCode != http.StatusTooManyRequests {
			t.Errorf("the 26th wrong code: %d", a.StatusCode)
		}
	}
}
