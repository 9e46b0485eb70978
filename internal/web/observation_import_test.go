package web_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// fillIn sets cells of a downloaded template.
func fillIn(t *testing.T, template string, cells map[string]any) []byte {
	t.Helper()
	book, err := excelize.OpenReader(strings.NewReader(template))
	if err != nil {
		t.Fatal(err)
	}
	for cell, value := range cells {
		if err := book.SetCellValue("观察记录", cell, value); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
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
	// A2–A4 are the answers of the three projects of the fixture, A5–A7 the contracts. p3 lies outside of the worker's community.
	file := fillIn(t, template.body, map[string]any{"G2": 4, "H2": 5, "J2": "2026-10-12", "K2": "台账", "G3": "五", "H3": 5, "J3": "2026-10-12", "K3": "台账", "G4": 1, "H4": 1, "J4": "2026-10-12", "K4": "台账",
		"I5": "是", "J5": "2026-10-12", "K5": "备案台账"})
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
	for _, want := range []string{"新登记 2 行", "2 行有错", "G3：按期答复要填数，或者填“不适用”，现在是“五”", "没有登记名为", "只导入无错的 2 行"} {
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
