package web_test

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/report"
	"redsteward/internal/web/browsertest"
)

// observationWorkbook is a workbook with the columns of the template, all typed as text.
func observationWorkbook(t *testing.T, rows ...[8]string) []byte {
	t.Helper()
	sheet := report.Table[[8]string]{Sheet: "观察记录"}
	for i, title := range []string{"社区（村）", "小区名称", "事实", "按期答复", "应答复", "已备案", "事实发生的日期", "来源"} {
		sheet.Columns = append(sheet.Columns, report.Text(title, title, func(r *[8]string) *string { return &r[i] }))
	}
	data, err := report.Write(sheet.Filled(rows))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestObservationImportPages: template, upload, dry run, import, and the confirmation of several by another person.
func TestObservationImportPages(t *testing.T) {
	m := newTeam(t)
	worker, officer := m.as("worker"), m.as("officer")
	if page := worker.get(t, "/observations/imports"); page.StatusCode != 200 || !strings.Contains(page.body, `name="fact" value="answers"`) || !strings.Contains(page.body, "2026年第四季度") {
		t.Fatalf("%d %.1500s", page.StatusCode, page.body)
	}
	template := worker.get(t, "/observations/imports/template.xlsx?fact=answers&fact=contract_filed&period="+url.QueryEscape("2026年第四季度"))
	if template.StatusCode != 200 || !strings.Contains(template.Header.Get("Content-Disposition"), "xlsx") {
		t.Fatal(template.StatusCode, template.Header)
	}
	// The fourth row lies outside of the worker's community, the last one was left as it was prepared.
	const answers, day = "诉求答复（按期答复/应答复）", "2026-10-12"
	file := observationWorkbook(t, [8]string{"东街社区", "东街花园", answers, "4", "5", "", day, "台账"}, [8]string{"东街社区", "望湖苑", answers, "五", "5", "", day, "台账"},
		[8]string{"城东社区", browsertest.Hostile, answers, "1", "1", "", day, "台账"}, [8]string{"东街社区", "东街花园", "合同已备案", "", "", "是", day, "备案台账"},
		[8]string{"东街社区", "望湖苑", "合同已备案"})
	send := func(p *person, name string, data []byte) answer {
		return p.upload(t, "/observations/imports", nil, nil, attachment{name, data})
	}
	before := changes(t, m.f)
	for name, a := range map[string]struct {
		got    answer
		status int
		says   string
	}{
		"no fact chosen": {worker.get(t, "/observations/imports/template.xlsx"), 422, "请选择要登记的事实"},
		"no file":        {worker.upload(t, "/observations/imports", nil, nil), 422, "请选择要导入的 Excel 文件"},
		"a lie":          {send(worker, "x.xlsx", []byte("%PDF-1.7 and so on, long enough to be looked at")), 422, "PDF"},
		"no right":       {send(m.as("inspector"), "x.xlsx", file), 403, "登记观察记录"},
		"no draft":       {worker.send(t, http.MethodPost, "/observations/imports/accept", url.Values{"draft": {"none"}}), 404, ""},
		"no such import": {worker.get(t, "/observations/imports/none"), 404, ""},
	} {
		if a.got.StatusCode != a.status || !strings.Contains(a.got.body, a.says) {
			t.Errorf("%s: %d %.1500s", name, a.got.StatusCode, a.got.body)
		}
	}
	dry := send(worker, "十月.xlsx", file)
	for _, want := range []string{"新登记 2 行", "2 行有错", "D3：按期答复要填数，或者填“不适用”，现在是“五”", "没有登记名为", "只导入无错的 2 行"} {
		if dry.StatusCode != 200 || !strings.Contains(dry.body, want) {
			t.Errorf("the dry run lacks %q: %d %.3000s", want, dry.StatusCode, dry.body)
		}
	}
	if strings.Contains(dry.body, "<img src=x") {
		t.Error("a hostile name is not escaped")
	}
	if changes(t, m.f) != before {
		t.Error("a refused call or a dry run wrote something")
	}
	draft := regexp.MustCompile(`name="draft" value="([^"]+)"`).FindStringSubmatch(dry.body)
	if draft == nil {
		t.Fatal("no dry run was kept")
	}
	at := m.post("worker", "/observations/imports/accept", url.Values{"draft": {draft[1]}, "only": {"good"}})
	if a := worker.get(t, at); !strings.Contains(a.body, "正在导入") {
		t.Errorf("while it runs: %.1500s", a.body)
	}
	if a := officer.get(t, at); a.StatusCode != 404 {
		t.Error("somebody else's import is shown", a.StatusCode)
	}
	if _, err := m.f.Supervision.Imports.RunAccepted(context.Background()); err != nil {
		t.Fatal(err)
	}
	if a := worker.get(t, at); !strings.Contains(a.body, "导入完成") || !strings.Contains(a.body, `新登记</dt><dd class="n">2 行`) {
		t.Errorf("the result: %.2000s", a.body)
	}
	if a := send(worker, "十月.xlsx", file); !strings.Contains(a.body, "没有可以导入的行") || !strings.Contains(a.body, "已经登记过 2 行") {
		t.Errorf("the same file again: %.2000s", a.body)
	}
	// The importing person confirms nothing of his own, another one all at once.
	queue := officer.get(t, "/observations/queue").body
	rows := regexp.MustCompile(`name="row" value="([^"]+)"`).FindAllStringSubmatch(queue, -1)
	if len(rows) != 2 {
		t.Fatalf("%d rows wait: %.2000s", len(rows), queue)
	}
	form := m.hidden("officer", "/observations/queue", "/observations/confirm")
	form["row"] = []string{rows[0][1], rows[1][1]}
	before = changes(t, m.f)
	if a := worker.send(t, http.MethodPost, "/observations/confirm", url.Values{"row": form["row"]}); a.StatusCode != 403 {
		t.Error("without the right", a.StatusCode)
	}
	if a := officer.send(t, http.MethodPost, "/observations/confirm", url.Values{}); a.StatusCode != 422 || !strings.Contains(a.body, "还没有选择记录") {
		t.Errorf("none chosen: %d", a.StatusCode)
	}
	if changes(t, m.f) != before {
		t.Error("a refused call wrote something")
	}
	if to := m.post("officer", "/observations/confirm", form); to != "/observations/queue?done=confirmed" {
		t.Error(to)
	}
	before = changes(t, m.f)
	m.post("officer", "/observations/confirm", form) // a resend
	if changes(t, m.f) != before {
		t.Error("a resend wrote something")
	}
	form.Set("key", "another")
	if a := officer.send(t, http.MethodPost, "/observations/confirm", form); a.StatusCode != 409 || !strings.Contains(a.body, "没有确认：这条记录刚被别人办过") {
		t.Errorf("confirmed already: %d %.2000s", a.StatusCode, a.body)
	}
	if a := officer.get(t, "/observations?state=confirmed"); strings.Count(a.body, `<th scope="row"`) != 2 {
		t.Errorf("%.2000s", a.body)
	}
}
