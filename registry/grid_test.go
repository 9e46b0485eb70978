package registry

import (
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/policy"
)

func TestGridFacts(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	admin := person("administrator", policy.County)
	grid := east + "-01"
	if err := d.AddDivision(ctx, admin, grid, east, DivisionInput{Name: "第一网格"}); err != nil {
		t.Fatal(err)
	}
	set := func(by policy.Actor, id string, seq int64, g GridFacts) func() error {
		return func() error { return d.SetGrid(ctx, by, id, seq, g) }
	}
	facts := GridFacts{Households: 512, FullTime: 1, PartTime: 3, Branches: 1, Groups: 4, Homes: 6, Residents: 1480}
	d.refused("an officer", fault.Forbidden, set(d.officer, grid, 1, facts))
	d.refused("another township", fault.NotFound, set(person("administrator", "t:360428101000"), grid, 1, facts))
	d.refused("a community is no grid", fault.NotFound, set(admin, east, 1, facts))
	d.refused("overtaken", fault.Conflict, set(admin, grid, 7, facts))
	d.refused("fields", fault.Invalid, set(admin, grid, 1, GridFacts{Households: -1, FullTime: 100, Homes: 1000, Residents: 100_000}), "常住居民是 100000 人", "网格户数是 -1 户", "专职网格员是 100 人", "党员中心户是 1000 户")
	if err := set(admin, grid, 1, facts)(); err != nil {
		t.Fatal(err)
	}
	v, err := d.OneDivision(ctx, d.officer, grid)
	if err != nil || v.Grid != facts || v.Grid.SizeWarning() != "这个网格有 512 户，多于 500 户" {
		t.Errorf("%+v %q %v", v.Grid, v.Grid.SizeWarning(), err)
	}
	if said := strings.Join(v.Changes[0].Said, "；"); !strings.Contains(said, "户数由 0 改为 512；专职网格员由 0 改为 1") {
		t.Errorf("the history says %q", said)
	}
	for households, warns := range map[int64]bool{0: false, 299: true, 300: false, 500: false, 501: true} {
		if got := (GridFacts{Households: households}).SizeWarning() != ""; got != warns {
			t.Errorf("%d households: warns %t", households, got)
		}
	}

	// By Excel: what the row leaves open stays, counts of what is no grid are refused.
	row := func(code, name, parent string, g GridFacts) Line {
		return Line{Row: 2, Division: &DivisionLine{Code: code, Name: name, Parent: parent, Grid: g}}
	}
	file := func(l Line) File { return fileOf(ImportDivisions, l) }
	run := func(l Line) (changed, same, faulty int64, text string) {
		got, err := d.DryImport(ctx, admin, file(l))
		if err != nil {
			t.Fatal(err)
		}
		return got.Changed, got.Same, got.Faulty, said(got.Faults)
	}
	if _, same, _, text := run(row(grid, "第一网格", east, GridFacts{})); same != 1 {
		t.Errorf("left open: %s", text)
	}
	if changed, _, _, text := run(row(grid, "第一网格", east, GridFacts{Households: 400})); changed != 1 {
		t.Errorf("counted: %s", text)
	}
	if _, _, faulty, text := run(row(east, "城东居委会", "360428100000", GridFacts{Households: 400})); faulty != 1 || !strings.Contains(text, "只有网格才填") {
		t.Errorf("a community: %s", text)
	}
}

func TestFirmMore(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	in := firmOf("赣北物业都昌分公司", codeOne)
	create := func(more FirmMore) func() error {
		in := in
		in.FirmMore = more
		return func() error { _, err := d.CreateFirm(ctx, d.officer, in); return err }
	}
	d.refused("fields", fault.Invalid, create(FirmMore{Founded: today.Add(1), Capital: -1, HeadCode: "91350100M000100Y42", Staff: 3, Managers: 4, Crossing: 5}),
		"成立日期", "注册资本是", "head_code 总公司：校验码应为 3", "项目负责人是 4 人，要在 0 至 3", "交叉任职是 5 人，要在 0 至 4")
	d.refused("the code of the head office", fault.Invalid, create(FirmMore{HeadName: "赣北物业集团", HeadCode: codeOne}), "分公司有自己的统一社会信用代码")
	d.refused("a head office without name", fault.Invalid, create(FirmMore{HeadCode: codeTwo}), "也要填总公司名称")
	d.refused("a head office without code", fault.Invalid, create(FirmMore{HeadName: "赣北物业集团"}), "总公司：统一社会信用代码有 0 位")
	in.FirmMore = FirmMore{Founded: day(t, "2015-06-30"), Capital: 500_000_000, HeadName: "赣北物业集团", HeadCode: USCC(strings.ToLower(codeTwo)), Staff: 60, Managers: 6, Crossing: 2}
	id, err := d.CreateFirm(ctx, d.officer, in)
	if err != nil {
		t.Fatal(err)
	}
	v, err := d.OneFirm(ctx, d.officer, id)
	if err != nil || v.HeadCode != codeTwo || v.Capital != 500_000_000 || v.Crossing != 2 {
		t.Errorf("%+v %v", v.FirmMore, err)
	}
	// A row without these columns leaves them.
	bare := firmRow(2, in.Name, codeOne)
	if run := d.dry(fileOf(ImportFirms, bare)); run.Same != 1 {
		t.Errorf("%+v", run)
	}
	bare.Firm.Staff, bare.Firm.Managers = 61, 6
	if run := d.dry(fileOf(ImportFirms, bare)); run.Changed != 1 {
		t.Errorf("%+v", run)
	}
}
