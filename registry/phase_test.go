package registry

import (
	"slices"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/policy"
)

// TestContractsPerPhase: at most one contract runs for a phase on any day; one of the whole project stands in the way of every phase.
func TestContractsPerPhase(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	one, two := d.firm("赣北物业服务有限公司", codeOne), d.firm("长岭物业服务有限公司", codeTwo)
	id := d.project("望湖苑", east)
	for _, name := range []string{"一期", "二期"} {
		if err := d.PutPhase(ctx, d.officer, id, d.seq(id), "", name); err != nil {
			t.Fatal(err)
		}
	}
	in := func(firm, phase, from, until string) ContractInput {
		c := contractOf(t, firm, from, until)
		c.Phase = phase
		return c
	}
	add := func(in ContractInput) func() error {
		return func() error { return d.AddContract(ctx, d.officer, id, d.seq(id), in) }
	}
	d.contract(id, in(one, "ph1", "2026-01-01", "2026-12-31"))
	d.refused("the same phase", fault.Conflict, add(in(two, "ph1", "2026-12-31", "2027-12-31")), "与“赣北物业服务有限公司”一期2026年1月1日至2026年12月31日的合同有重叠的日子")
	d.refused("the whole project", fault.Conflict, add(in(two, "", "2026-06-01", "")), "一期")
	d.refused("a phase that it does not have", fault.Invalid, add(in(two, "ph9", "2027-06-01", "")), "phase 没有编号为“ph9”的分期")
	d.refused("ends before it begins", fault.Invalid, add(in(two, "ph2", "2026-06-01", "2026-05-31")), "until 截止日2026年5月31日早于起始日2026年6月1日")
	custody := in(two, "ph2", "2026-06-01", "")
	custody.Kind = ContractCustody
	d.refused("custody without end", fault.Invalid, add(custody), "until 应急托管要填截止日")
	d.contract(id, in(two, "ph2", "2026-06-01", "2026-12-31"))
	d.contract(id, in(two, "", "2027-01-01", ""))
	d.refused("correcting into the whole", fault.Conflict, func() error {
		return d.CorrectContract(ctx, d.officer, id, d.seq(id), "c2", in(two, "", "2026-06-01", "2026-12-31"), "改成整个小区")
	})
	row, err := d.OneProject(ctx, d.officer, id)
	if err != nil || row.Firm != one || len(row.Project.ContractsOn(today)) != 2 {
		t.Errorf("%+v %v", row, err)
	}
	// Both firms see it while they hold a phase of it, and it counts among what each holds.
	for _, firm := range []string{one, two} {
		v, err := d.OneFirm(ctx, d.officer, firm)
		if err != nil || len(v.Holds) != 1 {
			t.Errorf("%+v %v", v.Holds, err)
		}
		if _, err := d.OneProject(ctx, person("firm_manager", policy.FirmKey(firm)), id); err != nil {
			t.Errorf("%s does not see it: %v", firm, err)
		}
	}
	lines, err := d.LinesOfContracts(ctx, row)
	if err != nil || len(lines) != 3 || lines[1].PhaseName != "二期" || lines[2].PhaseName != "" {
		t.Errorf("%+v %v", lines, err)
	}
	// What was exported is read back as it was.
	file := fileOf(ImportContracts)
	for i := range lines {
		file.Lines = append(file.Lines, Line{Row: int64(i + 2), Contract: &lines[i]})
	}
	if run := d.dry(file); run.Same != 3 || run.Faulty != 0 {
		t.Errorf("%+v", run)
	}
	other := lines[0]
	other.PhaseName, other.Days = "三期", span(t, "2026-01-01", "2026-12-31")
	v := d.imported(fileOf(ImportContracts, Line{Row: 2, Contract: &other}), false)
	if p, err := d.Built(ctx, id); err != nil || v.State != imports.Done || p.PhaseName("ph3") != "三期" || p.Contracts[3].Phase != "ph3" {
		t.Errorf("%+v %v", p.Contracts, err)
	}
}

// TestCoverage: every way to be served, what adds up, filter and order, and that a row outside of the scope does not count.
func TestCoverage(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	market := d.firm("赣北物业服务有限公司", codeOne)
	fallback := firmOf("都昌城投物业服务有限公司", codeTwo)
	fallback.Origin = OriginState
	state, err := d.CreateFirm(ctx, d.officer, fallback)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"安居苑", "宝塔苑", "城南苑", "东湖苑", "鄱阳苑"}
	ids := make([]string, len(names))
	for i, name := range names {
		ids[i] = d.project(name, []string{east, east, east, east, villages}[i])
	}
	d.contract(ids[0], contractOf(t, market, "2026-01-01", ""))
	d.contract(ids[1], contractOf(t, state, "2026-01-01", ""))
	custody := contractOf(t, state, "2026-09-01", "2027-02-28")
	custody.Kind = ContractCustody
	d.contract(ids[2], custody)
	for _, name := range []string{"一期", "二期"} {
		if err := d.PutPhase(ctx, d.officer, ids[3], d.seq(ids[3]), "", name); err != nil {
			t.Fatal(err)
		}
	}
	part := contractOf(t, market, "2026-01-01", "")
	part.Phase = "ph1"
	d.contract(ids[3], part)
	d.contract(ids[4], contractOf(t, market, "2025-01-01", "2025-12-31"))
	got, err := d.Coverage(ctx, d.officer, CoverageQuery{})
	if err != nil {
		t.Fatal(err)
	}
	want := []Cover{CoverMarket, CoverState, CoverCustody, CoverPart, CoverNone}
	for i, r := range got.Rows {
		if r.Name != names[i] || r.Form != want[i] {
			t.Errorf("%s is served %s, want %s %s", r.Name, r.Form, names[i], want[i])
		}
	}
	for i, f := range got.Figures {
		if f.Form != want[i] || f.Projects != 1 || f.Households != got.Rows[i].Households {
			t.Errorf("%+v", f)
		}
	}
	if len(got.Rows) != 5 || !slices.Equal(got.Rows[3].Without, []string{"二期"}) {
		t.Errorf("%+v", got.Rows)
	}
	none, err := d.Coverage(ctx, d.officer, CoverageQuery{Form: CoverNone, Desc: true, Sort: ByHouseholds})
	if err != nil || len(none.Rows) != 1 || none.Rows[0].Name != "鄱阳苑" || none.Figures[0].Projects != 1 {
		t.Errorf("%+v %v", none, err)
	}
	town, err := d.Coverage(ctx, person("township_party", "t:360428101000"), CoverageQuery{})
	if err != nil || len(town.Rows) != 1 || town.Figures[0].Projects != 0 || town.Figures[4].Projects != 1 {
		t.Errorf("%+v %v", town, err)
	}
	d.refused("no right", fault.Forbidden, func() error {
		_, err := d.Coverage(ctx, person("owner", policy.ProjectKey(ids[0])), CoverageQuery{})
		return err
	})
}
