package registry

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// lookedBack joins what a look says: “withdrawn 2 名称|left 3 名称：原因”.
func lookedBack(look imports.Lookback) string {
	var out []string
	for _, l := range look.Lines {
		text := fmt.Sprintf("%s %d %s", l.Outcome, l.Row, l.Name)
		if l.Why != "" {
			text += "：" + l.Why
		}
		out = append(out, text)
	}
	return strings.Join(out, "|")
}

// reversed takes an import back to the end and returns what became of it.
func (d *desk) reversed(by policy.Actor, id string) imports.View {
	d.t.Helper()
	ctx := context.Background()
	look, err := d.LookBackImport(ctx, by, id)
	d.must(err)
	d.must(d.ReverseImport(ctx, by, id, look.Seq, "导错了文件"))
	_, err = d.RunImports(ctx)
	d.must(err)
	v, err := d.OneImport(ctx, by, id)
	d.must(err)
	if v.State != imports.Reversed {
		d.t.Fatalf("%+v", v)
	}
	return v
}

// TestImportIsTakenBack: what nobody used since goes back, the rest stays and is listed with the reason; the log keeps both.
func TestImportIsTakenBack(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	held := offices{}
	d.Link(nil, held)
	old := d.firm("赣北物业服务有限公司", codeOne)
	kept := codes(3)
	firms := d.imported(fileOf(ImportFirms, firmRow(2, "赣北物业集团有限公司", codeOne), firmRow(3, "安居物业服务有限公司", codeTwo), firmRow(4, "四季物业服务有限公司", kept[0]),
		firmRow(5, "青瓦物业服务有限公司", kept[1])), false)
	// Somebody uses one, and changes another.
	four, err := d.firmByCode(ctx, USCC(kept[0]))
	d.must(err)
	project := d.project("望湖苑", east)
	d.contract(project, contractOf(t, four, "2026-01-01", ""))
	five, err := d.firmByCode(ctx, USCC(kept[1]))
	d.must(err)
	d.must(d.ChangeFirm(ctx, d.officer, five, 1, firmOf("青瓦物业集团", kept[1])))

	look, err := d.LookBackImport(ctx, d.officer, firms.ID)
	if want := "restored 2 赣北物业集团有限公司|withdrawn 3 安居物业服务有限公司|left 4 四季物业服务有限公司：已有 1 个小区（望湖苑）的合同|left 5 青瓦物业服务有限公司：导入以后又改过，最近一次在2026年10月19日"; err != nil || lookedBack(look) != want {
		t.Fatalf("%s %v, want %s", lookedBack(look), err, want)
	}
	reverse := func(by policy.Actor, id string, seq int64, why string) func() error {
		return func() error { return d.ReverseImport(ctx, by, id, seq, why) }
	}
	d.refused("the public", fault.Unauthenticated, reverse(policy.Actor{}, firms.ID, look.Seq, "导错了文件"))
	d.refused("no right", fault.Forbidden, reverse(person("director", policy.County), firms.ID, look.Seq, "导错了文件"))
	d.refused("somebody else's, from one township", fault.NotFound, reverse(policy.Actor{ID: "x", Appointments: person("property_officer", "t:"+duchang).Appointments}, firms.ID, look.Seq, "导错了文件"))
	d.refused("no reason", fault.Invalid, reverse(d.officer, firms.ID, look.Seq, " "), "reason 请填写撤销的原因")
	d.refused("too long a reason", fault.Invalid, reverse(d.officer, firms.ID, look.Seq, strings.Repeat("因", 201)), "201 个字")
	d.refused("none", fault.NotFound, reverse(d.officer, "none", 1, "导错了文件"))
	d.refused("another state than was shown", fault.Conflict, reverse(d.officer, firms.ID, look.Seq-1, "导错了文件"))
	d.refused("a look by somebody without right", fault.Forbidden, func() error {
		_, err := d.LookBackImport(ctx, person("director", policy.County), firms.ID)
		return err
	})

	d.must(reverse(d.officer, firms.ID, look.Seq, "导错了文件")())
	before := d.records()
	d.must(reverse(d.officer, firms.ID, look.Seq, "导错了文件")())
	if n := d.records() - before; n != 0 {
		t.Errorf("saying it twice wrote %d records", n)
	}
	d.refused("while it runs", fault.Conflict, reverse(d.officer, firms.ID, look.Seq+1, "再来一次"), "正在撤销")
	if n, err := d.RunImports(ctx); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	v, err := d.OneImport(ctx, d.officer, firms.ID)
	r := v.Reversal
	if err != nil || v.State != imports.Reversed || r.Withdrawn != 1 || r.Restored != 1 || r.Left != 2 || len(r.Kept) != 2 || r.Kept[0].Row != 4 || r.Why != "导错了文件" {
		t.Fatalf("%+v %+v %v", v, r, err)
	}
	if f, err := d.firms.Load(ctx, old); err != nil || f.State.Name != "赣北物业服务有限公司" || f.Seq != 3 {
		t.Errorf("%+v %v", f, err)
	}
	if id, err := d.firmByCode(ctx, codeTwo); id != "" || err != nil {
		t.Error("the code is still held by", id, err)
	}
	page, err := d.Firms(ctx, d.officer, FirmQuery{})
	if err != nil || page.Count != 3 {
		t.Errorf("%d firms are listed %v", page.Count, err)
	}
	// The same file can be imported again, and the code is free for a person.
	again := d.imported(fileOf(ImportFirms, firmRow(3, "安居物业服务有限公司", codeTwo)), false)
	if again.Created != 1 {
		t.Errorf("%+v", again)
	}
	// What was left can be tried again once nothing stands in the way; what was taken back is not touched.
	d.must(d.CorrectContract(ctx, d.officer, project, d.seq(project), "c1", contractOf(t, old, "2026-01-01", ""), "企业登错"))
	look, err = d.LookBackImport(ctx, d.officer, firms.ID)
	if err != nil || look.Withdrawn != 1 || look.Restored != 0 || look.Left != 1 {
		t.Fatalf("%s %v", lookedBack(look), err)
	}
	if v := d.reversed(d.officer, firms.ID); v.Reversal.Withdrawn != 1 || v.Reversal.Left != 1 {
		t.Errorf("%+v", v.Reversal)
	}
	whole := d.reversed(d.officer, again.ID)
	d.refused("taken back whole", fault.Conflict, func() error { _, err := d.LookBackImport(ctx, d.officer, whole.ID); return err }, "已经撤销")
}

// TestContractsAndProjectsAreTakenBack: several contracts of one project, in order; then its project, unless something was recorded about it.
func TestContractsAndProjectsAreTakenBack(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	held := offices{}
	d.Link(nil, held)
	d.firm("赣北物业服务有限公司", codeOne)
	corrected := projectRow(3, "芝城花园", "都昌镇", "城东社区")
	standing := d.project("芝城花园", east)
	corrected.Project.Households = 999
	projects := d.imported(fileOf(ImportProjects, projectRow(2, "望湖苑", "都昌镇", "城东社区"), corrected, projectRow(4, "书院坊", "都昌镇", "城东社区")), false)
	contracts := d.imported(fileOf(ImportContracts, contractRow(t, 2, "望湖苑", "城东社区", codeOne, "2024-01-01", "2025-12-31"), contractRow(t, 3, "望湖苑", "城东社区", codeOne, "2026-01-01", ""),
		contractRow(t, 4, "芝城花园", "城东社区", codeOne, "2026-01-01", "")), false)
	look, err := d.LookBackImport(ctx, d.officer, projects.ID)
	if err != nil || look.Withdrawn != 1 || look.Left != 2 {
		t.Fatalf("before the contracts: %s %v", lookedBack(look), err)
	}
	held[policy.ProjectKey(standing)] = "3 件佐证材料"
	look, err = d.LookBackImport(ctx, d.officer, contracts.ID)
	if want := "withdrawn 2 望湖苑2024年1月1日至2025年12月31日的合同|withdrawn 3 望湖苑2026年1月1日起的合同|left 4 芝城花园2026年1月1日起的合同：导入以后小区已有 3 件佐证材料"; err != nil || lookedBack(look) != want {
		t.Fatalf("%s %v, want %s", lookedBack(look), err, want)
	}
	if v := d.reversed(d.officer, contracts.ID); v.Reversal.Withdrawn != 2 || v.Reversal.Left != 1 {
		t.Errorf("%+v", v.Reversal)
	}
	delete(held, policy.ProjectKey(standing))
	if v := d.reversed(d.officer, contracts.ID); v.Reversal.Withdrawn != 1 || v.Reversal.Left != 0 {
		t.Errorf("%+v", v.Reversal)
	}
	v := d.reversed(d.officer, projects.ID)
	if v.Reversal.Withdrawn != 2 || v.Reversal.Restored != 1 || v.Reversal.Left != 0 {
		t.Errorf("%+v", v.Reversal)
	}
	page, err := d.Projects(ctx, d.officer, ProjectQuery{})
	if err != nil || page.Count != 1 || page.Rows[0].Households != 400 || len(page.Rows[0].Project.Contracts) != 0 {
		t.Errorf("%+v %v", page, err)
	}
	d.project("望湖苑", east) // the name is free
}

// TestDivisionsAreTakenBack: a withdrawn division leaves its code; a move takes the projects back.
func TestDivisionsAreTakenBack(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	officer := d.officer
	d.officer = admin
	project, err := d.CreateProject(ctx, officer, projectOf("望湖苑", east))
	d.must(err)
	made := d.imported(fileOf(ImportDivisions, divisionRow(2, "360428190000", "新城镇", "360428000000"), divisionRow(3, "360428190001", "湖滨居委会", "360428190000"), divisionRow(4, east, "城东居委会", "360428190000")), false)
	d.refused("an officer may not", fault.Forbidden, func() error { _, err := d.LookBackImport(ctx, officer, made.ID); return err })
	if v := d.reversed(admin, made.ID); v.Reversal.Withdrawn != 2 || v.Reversal.Restored != 1 || v.Reversal.Left != 0 {
		t.Fatalf("%+v", v.Reversal)
	}
	if p, err := d.projects.Load(ctx, project); err != nil || p.State.Township != duchang {
		t.Errorf("%+v %v", p.State, err)
	}
	if _, err := d.Division(ctx, "360428190000"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	d.must(d.AddDivision(ctx, admin, "360428190000", "360428000000", DivisionInput{Name: "新城镇"}))
	v, err := d.OneDivision(ctx, admin, "360428190000")
	if err != nil || len(v.Changes) != 3 || v.Changes[1].Said[0] != "撤回登记" || v.Changes[1].Why != "导错了文件" {
		t.Errorf("%+v %v", v.Changes, err)
	}
}

// TestCutOffReversalIsCompleted: wherever taking back stops, the next run completes it, and nothing is doubled or lost.
func TestCutOffReversalIsCompleted(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	const n = 12
	var lines []Line
	for i, code := range codes(n) {
		lines = append(lines, firmRow(int64(i+2), fmt.Sprintf("第%d物业服务公司", i), code))
	}
	v := d.imported(fileOf(ImportFirms, lines...), false)
	look, err := d.LookBackImport(ctx, d.officer, v.ID)
	d.must(err)
	d.must(d.ReverseImport(ctx, d.officer, v.ID, look.Seq, "导错了文件"))
	view, err := d.OneImport(ctx, d.officer, v.ID)
	d.must(err)
	// A run that died after two lines, in one of them between the firm and its code.
	for k, line := range []int64{n, 3} {
		id := journal.DerivedID(d.imports.LineCause(v.ID, line))
		f, err := d.firms.Load(ctx, id)
		d.must(err)
		meta := store.Meta{By: d.officer.ID, Action: "register.import", Cause: journal.Cause(view.Reversal.Record, fmt.Sprintf("line-%d", line))}
		_, err = d.firms.Delete(ctx, meta, id, f.Seq)
		d.must(err)
		if k == 0 {
			d.must(d.db.Release(ctx, meta, firmCodeClaim, string(f.State.Code), firmKind+"/"+id))
		}
	}
	runs := 0
	for ; view.State != imports.Reversed; runs++ {
		limit, cancel := context.WithTimeout(ctx, time.Millisecond<<min(runs, 16))
		if _, err := d.RunImports(limit); err != nil && limit.Err() == nil {
			t.Fatal(err)
		}
		cancel()
		view, err = d.OneImport(ctx, d.officer, v.ID)
		d.must(err)
	}
	if view.Reversal.Withdrawn != n || view.Reversal.Left != 0 {
		t.Fatalf("after %d runs: %+v", runs, view.Reversal)
	}
	for i, code := range codes(n) {
		id := journal.DerivedID(d.imports.LineCause(v.ID, int64(i+1)))
		if head, err := d.firms.Head(ctx, id); err != nil || !head.Deleted || head.Seq != 2 {
			t.Errorf("%s has %d records %v", code, head.Seq, err)
		}
		if holder, err := d.firmByCode(ctx, USCC(code)); holder != "" || err != nil {
			t.Errorf("%s is held by %s %v", code, holder, err)
		}
		d.firm(fmt.Sprintf("另一家第%d物业公司", i), code)
	}
}
