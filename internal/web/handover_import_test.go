package web_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry/handover"
	"redsteward/registry/party"
)

// accepted uploads a workbook at a desk, accepts what its dry run shows, and returns the address of the import.
func (m *team) accepted(login, desk string, data []byte) string {
	m.t.Helper()
	before := changes(m.t, m.f)
	dry := m.as(login).upload(m.t, desk, nil, nil, attachment{"登记.xlsx", data})
	draft := regexp.MustCompile(`name="draft" value="([^"]+)"`).FindStringSubmatch(dry.body)
	if dry.StatusCode != 200 || draft == nil || changes(m.t, m.f) != before {
		m.t.Fatalf("%s: %d, %d records: %.1500s", desk, dry.StatusCode, changes(m.t, m.f)-before, dry.body)
	}
	a := m.as(login).send(m.t, "POST", desk+"/accept", pairs("draft", draft[1]))
	if a.StatusCode != 303 {
		m.t.Fatalf("%d %.600s", a.StatusCode, a.body)
	}
	return a.Header.Get("Location")
}

// TestHandoverImportPages: documents and results of a walk come in from the templates of one handover; a finding without a photo is marked until the phone has taken one.
func TestHandoverImportPages(t *testing.T) {
	f := start(t, 1)
	m := &team{t: t, f: f, people: map[string]*person{}}
	project, ctx := builtUp(t, f), context.Background()
	s := f.Handovers.Service
	today := f.Register.Today()
	doc, err := s.Open(ctx, clerk, handover.Opening{Project: project, Inspection: today, Delivery: today.Add(60)})
	if err != nil {
		t.Fatal(err)
	}
	path := "/handovers/" + doc.ID
	documents, findings := path+"/imports/documents", path+"/imports/findings"
	filled := func(rows ...handover.PaperRow) []byte {
		data, err := report.HandoverPapers().Prepared(rows)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	w, err := s.One(ctx, clerk, doc.ID)
	if err != nil {
		t.Fatal(err)
	}
	papers := filled(w.PaperRows()...)
	var all []handover.PaperRow
	for _, e := range w.List.Documents {
		all = append(all, handover.PaperRow{Name: e.Name, Handed: handover.Over})
	}
	all[0].Handed, all[0].Promise, all[0].Due = handover.Missing, "交付前提供", today.Add(30)
	results := func(value handover.Value) []byte {
		rows := w.FindingRows()
		for i := range rows {
			rows[i].Value = handover.Conform
		}
		rows[0].Value, rows[0].Place = value, "东北角"
		data, err := report.HandoverFindings().Prepared(rows)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for name, tt := range map[string]struct {
		login, desk string
		data        []byte
		status      int
		says        string
	}{
		"nothing filled in":  {"builder", documents, papers, 422, "没有数据行"},
		"a wrong cell":       {"builder", documents, filled(handover.PaperRow{Name: "房产证", Handed: handover.Over}), 200, "移交资料里没有“房产证”"},
		"no file":            {"builder", documents, nil, 422, "请选择要导入的 Excel 文件"},
		"a firm's documents": {"firm", documents, filled(all...), 403, ""},
		"a stranger":         {"stranger", documents, filled(all...), 404, ""},
		"before the walk":    {"firm", findings, results(handover.Fail), 422, "这次承接查验现在是“待核对条件”，不能导入"},
	} {
		before := changes(t, f)
		var sent []attachment
		if tt.data != nil {
			sent = append(sent, attachment{"登记.xlsx", tt.data})
		}
		if a := m.as(tt.login).upload(t, tt.desk, nil, nil, sent...); a.StatusCode != tt.status || !strings.Contains(a.body, tt.says) || changes(t, f) != before {
			t.Errorf("%s: %d, %d records, %q is not said: %.600s", name, a.StatusCode, changes(t, f)-before, tt.says, a.body)
		}
	}
	if a := m.as("builder").get(t, documents+"/template.xlsx"); a.StatusCode != 200 || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("the template: %d", a.StatusCode)
	}
	at := m.accepted("builder", documents, filled(all...))
	if _, err := s.Papers.RunAccepted(ctx); err != nil {
		t.Fatal(err)
	}
	if a := m.as("builder").get(t, at); a.StatusCode != 200 || !strings.Contains(a.body, "看这次承接查验") || strings.Contains(a.body, "/reverse") {
		t.Errorf("%d %.600s", a.StatusCode, a.body)
	}
	if a := m.as("officer").get(t, at); a.StatusCode != 404 {
		t.Errorf("somebody else's import: %d", a.StatusCode)
	}
	var met []string
	for _, e := range w.List.Conditions {
		met = append(met, e.ID)
	}
	if w, err = s.One(ctx, clerk, doc.ID); err != nil || w.Doc.State.Documents[0].Due != today.Add(30) {
		t.Fatalf("%+v %v", w.Doc.State.Documents, err)
	}
	if doc, err = s.Prepare(ctx, clerk, handover.At{ID: doc.ID, Seq: w.Doc.Seq}, met); err != nil {
		t.Fatal(err)
	}
	for _, what := range []string{"check", "start"} {
		m.post("firm", path+"/"+what, m.hidden("firm", path, path+"/"+what))
	}
	m.accepted("firm", findings, results(handover.Fail))
	if _, err := s.Findings.RunAccepted(ctx); err != nil {
		t.Fatal(err)
	}
	seen := m.as("firm").get(t, path).body
	for _, want := range []string{"有 1 处问题缺照片", "补拍照片", "缺照片</span>", path + "/items/b1.roof"} {
		if !strings.Contains(seen, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(seen, path+`/notify"`) {
		t.Error("the notice is offered")
	}
	if sheet := m.as("firm").get(t, path+"/items/b1.roof").body; !strings.Contains(sheet, "缺照片：请拍照后保存") || !strings.Contains(sheet, "东北角") {
		t.Error("the phone page does not ask for the photo")
	}
	if w, err = s.One(ctx, clerk, doc.ID); err != nil {
		t.Fatal(err)
	}
	scenario{name: "notice", role: "firm", method: "POST", path: path + "/notify", form: pairs("seq", fmt.Sprint(w.Doc.Seq)), status: 422, contains: []string{"1幢屋顶缺照片，补拍以后才能发整改通知"}}.run(t, f, m.people)
	if a := m.answerAt("firm", path+"/items/b1.roof", pairs("value", "fail", "where", "东北角", "lost", "developer"), picture(t, 1)); a.StatusCode != 200 {
		t.Fatal(a.StatusCode, a.body)
	}
	if seen := m.as("firm").get(t, path).body; strings.Contains(seen, "缺照片") || !strings.Contains(seen, path+`/notify"`) {
		t.Error("the photo does not count")
	}
}

// TestPartyImportPages: activities come in from the desk of the sheets, for who fills them in.
func TestPartyImportPages(t *testing.T) {
	f := start(t, 1)
	m := &team{t: t, f: f, people: map[string]*person{}}
	firm, _ := fill(t, f)
	staff(t, f, firm)
	if err := f.Appoint(context.Background(), "worker", "测试人员", policy.Appointment{Role: "community_worker", Unit: "c:" + cityEast, Scopes: []string{"c:" + cityEast}}); err != nil {
		t.Fatal(err)
	}
	const name = "赣北物业服务有限公司"
	rows := []party.Row{{Firm: name, Community: cityEast, Line: party.Line{Kind: party.Theme, Day: f.Register.Today(), Expected: 9, Present: 8}}}
	data, err := report.Activities().Prepared(rows)
	if err != nil {
		t.Fatal(err)
	}
	if a := m.as("firm").upload(t, "/party/sheets/imports", nil, nil, attachment{"台账.xlsx", data}); a.StatusCode != 403 {
		t.Errorf("a firm: %d", a.StatusCode)
	}
	at := m.accepted("worker", "/party/sheets/imports", data)
	if _, err := f.Party.Intake.RunAccepted(context.Background()); err != nil {
		t.Fatal(err)
	}
	if a := m.as("worker").get(t, at); a.StatusCode != 200 || !strings.Contains(a.body, "看党建台账") {
		t.Errorf("%d %.600s", a.StatusCode, a.body)
	}
	if a := m.as("worker").get(t, "/party/sheets"); !strings.Contains(a.body, name) || !strings.Contains(a.body, "/party/sheets/imports") {
		t.Errorf("%.600s", a.body)
	}
}
