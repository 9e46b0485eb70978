package handover

import (
	"fmt"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/policy"
	"redsteward/registry"
)

// bookOf is a workbook of rows; number numbers them from 2.
func bookOf[L any](number func(*L, int64), rows ...L) imports.File[L] {
	for i := range rows {
		number(&rows[i], int64(i+2))
	}
	return imports.File[L]{Kind: "h", Name: "承接查验.xlsx", Hash: strings.Repeat("0", 64), Lines: rows}
}

func papers(id string, rows ...PaperRow) imports.File[PaperRow] {
	return bookOf(func(r *PaperRow, n int64) { r.Row, r.Handover = n, id }, rows...)
}

func findings(id string, rows ...FindingRow) imports.File[FindingRow] {
	return bookOf(func(r *FindingRow, n int64) { r.Row, r.Handover = n, id }, rows...)
}

// saidOf joins the faults of a dry run.
func saidOf(run imports.DryRun) string {
	out := ""
	for _, f := range run.Faults {
		out += fmt.Sprintf("%d %s %s\n", f.Row, f.Field, f.Message)
	}
	return out
}

// in carries a file through all steps and returns what became of it.
func in[L any](t *testing.T, intake *registry.Intake[L], by policy.Actor, f imports.File[L]) imports.View {
	t.Helper()
	run, err := intake.DryRun(t.Context(), by, f)
	if err != nil || run.Faulty > 0 {
		t.Fatalf("%v\n%s", err, saidOf(run))
	}
	id, err := intake.Accept(t.Context(), by, run.Draft, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := intake.RunAccepted(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := intake.One(t.Context(), by, id)
	if err != nil || v.State != imports.Done || v.Failed > 0 {
		t.Fatalf("%+v %v", v, err)
	}
	return v
}

// TestPapersFromExcel: every cell that is refused, who may, that a second time changes nothing, and that a dry run writes nothing.
func TestPapersFromExcel(t *testing.T) {
	d := newDesk(t)
	id := d.opened(t)
	owners, plan := d.List.Documents[9].Name, d.List.Documents[0].Name
	before := d.records(t)
	run, err := d.Papers.DryRun(t.Context(), builder, papers(id, PaperRow{Name: plan, Handed: Over, Promise: "不用写"}, PaperRow{Name: "房产证", Handed: Over}, PaperRow{Name: owners, Handed: Missing}, PaperRow{Name: owners, Handed: Missing, Promise: "交付前提供"},
		PaperRow{Name: owners, Handed: Missing, Promise: "交付前提供", Due: day("2026-01-01")}, PaperRow{Name: owners, Handed: Missing, Promise: strings.Repeat("长", maxPromise+1), Due: day("2026-05-20")}, PaperRow{Name: plan, Handed: Over}))
	if err != nil || run.New != 1 || run.Faulty != 6 {
		t.Fatalf("%+v %v", run, err)
	}
	for _, want := range []string{"3 name 移交资料里没有“房产证”", "4 promise " + owners + "：没有移交的", "5 due " + owners + "：请填写补交日期", "6 due " + owners + "：补交日期2026年1月1日已经过去", "7 promise " + owners + "：承诺最多 60 个字", "8  与第 2 行重复"} {
		if !strings.Contains(saidOf(run), want) {
			t.Errorf("%q is not said:\n%s", want, saidOf(run))
		}
	}
	for name, c := range map[string]struct {
		by   policy.Actor
		kind fault.Kind
	}{"no right": {manager, fault.Forbidden}, "another developer": {other, fault.NotFound}} {
		if _, err := d.Papers.DryRun(t.Context(), c.by, papers(id, PaperRow{Name: plan, Handed: Over})); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d.records(t) != before {
		t.Error("a dry run wrote to the journal")
	}
	good := papers(id, PaperRow{Name: plan, Handed: Over}, PaperRow{Name: owners, Handed: Missing, Promise: "交付前提供", Due: day("2026-05-20")})
	if v := in(t, d.Papers, builder, good); v.Created != 2 {
		t.Errorf("%+v", v)
	}
	w, err := d.One(t.Context(), builder, id)
	h := w.Doc.State
	if err != nil || !h.Documents[0].Handed || h.Documents[9].Promise != "交付前提供" || h.Documents[9].Due != day("2026-05-20") || h.Documents[1].Settled() || h.By.Office != "developer" {
		t.Errorf("%+v %v", h.Documents, err)
	}
	// Long after the promised day the same file still says what is recorded.
	d.wait(200)
	if again, err := d.Papers.DryRun(t.Context(), builder, good); err != nil || again.Same != 2 || again.Draft != "" {
		t.Errorf("%+v %v", again, err)
	}
	d.mustCancel(t, id)
	if late, err := d.Papers.DryRun(t.Context(), builder, good); err != nil || late.Faulty != 2 || !strings.Contains(saidOf(late), "这次承接查验现在是“已取消”") {
		t.Errorf("%+v %v", late, err)
	}
}

func (d *desk) mustCancel(t *testing.T, id string) {
	t.Helper()
	doc, err := d.Cancel(t.Context(), builder, d.at(t, id), "重新申报")
	d.must(t, doc, err)
}

// TestFindingsFromExcel: rows beside what was answered on the phone; a finding without a photo comes in, is marked, and holds the notice up until the phone has taken one.
func TestFindingsFromExcel(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := d.opened(t)
	d.prepared(t, id)
	if early, err := d.Findings.DryRun(ctx, manager, findings(id, FindingRow{Where: "1幢", Object: "屋顶", Value: Conform})); err != nil || early.Faulty != 1 || !strings.Contains(saidOf(early), "不能登记查验结果") {
		t.Errorf("before the walk: %+v %v", early, err)
	}
	pictured := Found{Value: Fail, Party: PartyDeveloper, Place: "二层", Photos: []Photo{photo}}
	d.walked(t, id, map[string]Found{"b1.lift": pictured})
	before := d.records(t)
	run, err := d.Findings.DryRun(ctx, keeper, findings(id, FindingRow{Where: "9幢", Object: "屋顶", Value: Conform}, FindingRow{Where: "1幢", Object: "游泳池", Value: Conform}, FindingRow{Where: "1幢", Group: "共用设备", Object: "屋顶", Value: Conform}, FindingRow{Where: "1幢", Object: "屋顶", Value: Fail},
		FindingRow{Where: "1幢", Object: "屋顶", Value: Fail, Party: "nobody", Place: strings.Repeat("长", 61), Note: strings.Repeat("长", 201)}, FindingRow{Where: "1幢", Object: "屋顶", Value: Conform}, FindingRow{Where: "1幢", Object: "电梯", Value: Fail, Place: " 二层 "}))
	if err != nil || run.Faulty != 5 || run.Same != 2 || run.Draft != "" {
		t.Fatalf("%+v %v", run, err)
	}
	for _, want := range []string{"2 site 这次承接查验不查“9幢”", "3 object 1幢不查“游泳池”", "4 object 1幢不查“屋顶”", "5 where 1幢屋顶：不符合的，请写明位置", "6 lost 1幢屋顶：没有“nobody”", "6 where 1幢屋顶：位置最多 60 个字", "6 note 1幢屋顶：说明最多 200 个字"} {
		if !strings.Contains(saidOf(run), want) {
			t.Errorf("%q is not said:\n%s", want, saidOf(run))
		}
	}
	for name, c := range map[string]struct {
		by   policy.Actor
		kind fault.Kind
	}{"no right": {officer, fault.Forbidden}, "another firm": {stranger, fault.NotFound}} {
		if _, err := d.Findings.DryRun(ctx, c.by, findings(id, FindingRow{Where: "1幢", Object: "屋顶", Value: Conform})); !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d.records(t) != before {
		t.Error("a dry run wrote to the journal")
	}
	good := findings(id, FindingRow{Where: "1幢", Object: "屋顶", Value: Fail, Place: "天沟", Note: "积水"}, FindingRow{Where: "1幢", Object: "电梯", Value: Fail, Party: PartyDeveloper, Place: "三层"}, FindingRow{Where: "1幢", Object: "门厅", Value: Fail, Party: PartyUtility, Place: "门口"})
	if v := in(t, d.Findings, keeper, good); v.Changed+v.Created != 3 {
		t.Errorf("%+v", v)
	}
	if again, err := d.Findings.DryRun(ctx, keeper, good); err != nil || again.Same != 3 || again.Draft != "" {
		t.Errorf("%+v %v", again, err)
	}
	w, err := d.One(ctx, keeper, id)
	if err != nil {
		t.Fatal(err)
	}
	lift, _ := w.Find("b1.lift")
	roof, _ := w.Find("b1.roof")
	if len(lift.Photos) != 1 || lift.Answer.Place != "三层" || lift.Stands() != "待整改" || roof.Party != PartyDeveloper || !roof.Unpictured() || roof.Stands() != "缺照片" || roof.Given.Office != "project_manager" || len(w.Unpictured()) != 2 {
		t.Errorf("%+v %+v", lift.Answer, roof.Answer)
	}
	// The notice names the finding of the developer that lacks a photo; what is passed on to a utility holds up the agreement only.
	refused := func(step string, do func() error, want ...string) {
		t.Helper()
		before := d.records(t)
		err := do()
		var got []string
		for _, f := range fault.FieldsOf(err) {
			got = append(got, f.Name+" "+f.Message)
		}
		if !fault.Is(err, fault.Invalid) || strings.Join(got, "|") != strings.Join(want, "|") || d.records(t) != before {
			t.Errorf("%s: %v %q", step, err, got)
		}
	}
	notify := func() error { _, err := d.Notify(ctx, keeper, d.at(t, id)); return err }
	refused("notify", notify, "finding-b1.roof 1幢屋顶缺照片，补拍以后才能发整改通知")
	if _, err := d.Reply(ctx, keeper, id, "b1.roof", Found{Value: Fail, Party: PartyDeveloper, Place: "天沟", Note: "积水", Photos: []Photo{photo}}, nil); err != nil {
		t.Fatal(err)
	}
	if again, err := d.Findings.DryRun(ctx, keeper, good); err != nil || again.Same != 3 {
		t.Errorf("with the photo: %+v %v", again, err)
	}
	for _, item := range []string{"b1.roof", "b1.lift"} {
		if _, err := d.Reply(ctx, keeper, id, item, Found{Value: Conform}, nil); err != nil {
			t.Fatal(err)
		}
	}
	refused("settle", func() error { _, err := d.Settle(ctx, keeper, d.at(t, id)); return err }, "finding-b1.lobby 1幢门厅缺照片，补拍以后才能确认查验结果")
	if _, err := d.Reply(ctx, keeper, id, "b1.roof", pictured, nil); err != nil {
		t.Fatal(err)
	}
	if err := notify(); err != nil {
		t.Errorf("every finding of the notice has a photo: %v", err)
	}
}

// TestRowsOfATemplate: a template lists what is not answered yet, and a filled one names every item again.
func TestRowsOfATemplate(t *testing.T) {
	d := newDesk(t)
	id := d.opened(t)
	w, err := d.One(t.Context(), builder, id)
	if err != nil || len(w.PaperRows()) != len(d.List.Documents) || len(w.FindingRows()) != len(w.Lines) {
		t.Fatalf("%d %d %v", len(w.PaperRows()), len(w.FindingRows()), err)
	}
	items := d.List.Items(w.Doc.State.Buildings)
	for i, r := range w.FindingRows() {
		if item, bad := r.item(items); len(bad) > 0 || item.ID != w.Lines[i].Item.ID {
			t.Errorf("%+v: %v", r, bad)
		}
	}
}
