package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// admin changes divisions of the whole county.
var admin = person("administrator", policy.County)

const (
	duchang = "360428100000" // 都昌镇
	zhouxi  = "360428101000" // 周溪镇
)

// seqOf is the last change of a division.
func (d *desk) seqOf(id string) int64 {
	d.t.Helper()
	row, err := d.Division(context.Background(), id)
	if err != nil {
		d.t.Fatal(err)
	}
	return row.Seq
}

// offices are people in office by scope key.
type offices map[string]string

func (o offices) Uses(_ context.Context, key string, _ time.Time) (string, error) { return o[key], nil }

func (d *desk) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

func TestDivisionsAreEdited(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	held := offices{}
	d.Link(held)
	grid := DivisionInput{Name: "城东第一网格"}
	add := func(by policy.Actor, code, parent string, in DivisionInput) func() error {
		return func() error { return d.AddDivision(ctx, by, code, parent, in) }
	}
	change := func(by policy.Actor, id string, seq int64, in DivisionInput) func() error {
		return func() error { return d.ChangeDivision(ctx, by, id, seq, in) }
	}
	end := func(by policy.Actor, id string, last string, why string) func() error {
		return func() error { return d.CloseDivision(ctx, by, id, d.seqOf(id), day(t, last), nil, why) }
	}
	move := func(by policy.Actor, id, parent, why string) func() error {
		return func() error { return d.MoveDivision(ctx, by, id, d.seqOf(id), parent, why) }
	}
	inZhouxi := person("administrator", "t:"+zhouxi)

	d.refused("add: the public", fault.Unauthenticated, add(policy.Actor{}, east+"-01", east, grid))
	d.refused("add: no right", fault.Forbidden, add(d.officer, east+"-01", east, grid))
	d.refused("add: another township", fault.NotFound, add(inZhouxi, east+"-01", east, grid))
	d.refused("add: a grid of another community", fault.Invalid, add(admin, west+"-01", east, grid), "code", east+"-01")
	d.refused("add: below nothing, no name", fault.Invalid, add(admin, east+"-01", "no", DivisionInput{}), "parent 没有编号为“no”的上级", "name 请填写正式名称")
	d.refused("add: no code", fault.Invalid, add(admin, "36042810", duchang, DivisionInput{Name: "新居委会"}), "code 代码“36042810”要写 12 位数字")
	d.refused("add: a name of a neighbour", fault.Invalid, add(admin, "360428100999", duchang, DivisionInput{Name: "城东居委会"}), "name 都昌镇已经有“城东社区”（"+east+"）")
	d.must(add(admin, east+"-01", east, grid)())
	d.refused("add: twice", fault.Conflict, add(admin, east+"-01", east, DivisionInput{Name: "城东第二网格"}), "已经有了")
	d.refused("add: below a grid", fault.Invalid, add(admin, east+"-01-01", east+"-01", grid), "parent")
	d.must(add(inZhouxi, villages+"-01", villages, DivisionInput{Name: "棠荫第一网格"})())
	grids, err := d.DivisionsBelow(ctx, east, today)
	if err != nil || len(grids) != 1 || grids[0].Level != LevelGrid || grids[0].Display != "城东第一网格" {
		t.Fatal(grids, err)
	}

	d.refused("rename: no right", fault.Forbidden, change(d.officer, east, 1, DivisionInput{Name: "城东新居委会"}))
	d.refused("rename: another township", fault.NotFound, change(inZhouxi, east, 1, DivisionInput{Name: "城东新居委会"}))
	d.refused("rename: overtaken", fault.Conflict, change(admin, east, 9, DivisionInput{Name: "城东新居委会"}))
	d.refused("rename: nothing", fault.NotFound, change(admin, "360428199999", 1, DivisionInput{Name: "城东新居委会"}))
	d.refused("rename: to a neighbour", fault.Invalid, change(admin, west, 1, DivisionInput{Name: "城东居委会"}), "name")
	d.must(change(admin, east, 1, DivisionInput{Name: "城东新区居委会", From: day(t, "1990-01-01")})())

	id := d.project("望湖苑", east)
	held[policy.CommunityKey(east)] = "2 人的任命"
	d.refused("close: no right", fault.Forbidden, end(d.officer, east, "2026-10-31", "区划调整"))
	d.refused("close: another township", fault.NotFound, end(inZhouxi, east, "2026-10-31", "区划调整"))
	d.refused("close: no day, no reason", fault.Invalid, end(admin, east, "", ""), "until 请填写存在的最后一天", "reason 请填写原因")
	d.refused("close: before it began", fault.Invalid, end(admin, east, "1989-12-31", "区划调整"), "until 截止日")
	d.refused("close: what hangs on it", fault.Conflict, end(admin, east, "2026-10-31", "区划调整"), "“城东新区社区”还不能撤销：1 个网格（城东第一网格）、1 个小区（望湖苑）、2 人的任命")
	d.refused("close: a township", fault.Conflict, end(admin, duchang, "2026-10-31", "区划调整"), "个社区（村）（")
	d.refused("close: the county", fault.Invalid, end(admin, "360428000000", "2026-10-31", "区划调整"), "县不能撤销")

	d.refused("move: no right", fault.Forbidden, move(d.officer, east, zhouxi, "区划调整"))
	d.refused("move: to the scope of somebody else", fault.NotFound, move(person("administrator", "t:"+duchang), east, zhouxi, "区划调整"))
	d.refused("move: to where it is", fault.Invalid, move(admin, east, duchang, "区划调整"), "本来就在这里")
	d.refused("move: to nowhere, no reason", fault.Invalid, move(admin, east, "9", ""), "parent", "reason")
	d.refused("move: a community below the county", fault.Invalid, move(admin, east, "360428000000", "区划调整"), "上级不能是都昌县")
	d.refused("move: a grid", fault.Invalid, move(admin, east+"-01", west, "区划调整"), "网格的编号跟着社区")
	d.must(move(admin, east, zhouxi, "都府办〔2026〕3 号")())
	p, err := d.projects.Load(ctx, id)
	if err != nil || p.State.Township != zhouxi {
		t.Errorf("the project did not follow: %+v %v", p.State, err)
	}
	if found, err := d.Projects(ctx, person("township_party", "t:"+zhouxi), ProjectQuery{}); err != nil || found.Count != 1 {
		t.Errorf("the new township sees %d projects %v", found.Count, err)
	}
	if found, err := d.Projects(ctx, person("township_party", "t:"+duchang), ProjectQuery{}); err != nil || found.Count != 0 {
		t.Errorf("the old township sees %d projects %v", found.Count, err)
	}
	if handled, err := d.db.RunRules(ctx); err != nil || handled == 0 || d.seq(id) != 2 {
		t.Errorf("followed twice: seq %d, %v", d.seq(id), err)
	}

	d.must(end(admin, east+"-01", "2026-10-18", "并入别的网格")())
	d.refused("close: again", fault.Invalid, end(admin, east+"-01", "2026-10-30", "再撤一次"), "已经在2026年10月18日撤销")
	reopen := func(by policy.Actor, id, why string) func() error {
		return func() error { return d.ReopenDivision(ctx, by, id, d.seqOf(id), why) }
	}
	d.refused("reopen: no right", fault.Forbidden, reopen(d.officer, east+"-01", "撤错了"))
	d.refused("reopen: no reason", fault.Invalid, reopen(admin, east+"-01", ""), "reason")
	d.refused("reopen: what is open", fault.Invalid, reopen(admin, west, "撤错了"), "没有撤销")
	d.must(add(admin, east+"-02", east, grid)())
	d.refused("reopen: the name is taken", fault.Invalid, reopen(admin, east+"-01", "撤错了"), "name")
	d.must(change(admin, east+"-02", 1, DivisionInput{Name: "城东第二网格"})())
	d.must(reopen(admin, east+"-01", "撤错了")())

	v, err := d.OneDivision(ctx, admin, east)
	if err != nil || v.Projects != 1 || len(v.Children) != 2 || len(v.Changes) != 3 {
		t.Fatalf("%+v %v", v, err)
	}
	var said []string
	for _, c := range v.Changes {
		said = append(said, strings.Join(c.Said, "，")+"|"+c.Why)
	}
	want := []string{"上级由“都昌镇”改为“周溪镇”|都府办〔2026〕3 号", "正式名称由“城东居委会”改为“城东新区居委会”，通用名称由“城东社区”改为“城东新区社区”，设立日期由“未登记”改为“1990年1月1日”|", "登记为“城东社区”（城东居委会），上级是都昌镇|"}
	if !slices.Equal(said, want) {
		t.Errorf("history\n%q, want\n%q", said, want)
	}
}

// TestMoveIsCompleted: a move that stopped before the projects followed is completed by the rule.
func TestMoveIsCompleted(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	var ids []string
	for i := range 3 {
		ids = append(ids, d.project(fmt.Sprintf("望湖苑%d期", i), east))
	}
	row, err := d.divisions.Load(ctx, east)
	d.must(err)
	row.State.Parent = zhouxi
	_, err = d.divisions.Commit(ctx, store.Meta{By: admin.ID, Action: string(policy.UpdateDivision)}, east, row.Seq, row.State)
	d.must(err)
	_, err = d.db.RunRules(ctx)
	d.must(err)
	for _, id := range ids {
		if p, err := d.projects.Load(ctx, id); err != nil || p.State.Township != zhouxi || p.Seq != 2 {
			t.Errorf("%s: %+v %v", id, p.State, err)
		}
	}
}

// leafIDs are the ids of rows of the tree.
func leafIDs(rows []DivisionLeaf) []string {
	var out []string
	for _, d := range rows {
		out = append(out, d.ID)
	}
	return out
}

// TestDivisionTree: who sees what, found how, in which order.
func TestDivisionTree(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.must(d.AddDivision(ctx, admin, east+"-01", east, DivisionInput{Name: "城东第一网格"}))
	d.must(d.AddDivision(ctx, admin, east+"-02", east, DivisionInput{Name: "城东第二网格"}))
	d.must(d.CloseDivision(ctx, admin, east+"-02", 1, today.Add(-1), nil, "并入第一网格"))
	firm, id := d.firm("赣北物业服务有限公司", codeOne), d.project("望湖苑", east)
	d.contract(id, contractOf(t, firm, "2026-01-01", ""))
	for name, tt := range map[string]struct {
		by   policy.Actor
		q    DivisionQuery
		want []string
	}{
		"initials":              {d.officer, DivisionQuery{Text: "cdsq"}, []string{east}},
		"pinyin":                {d.officer, DivisionQuery{Text: "chengdong", Level: LevelCommunity}, []string{east}},
		"official name":         {d.officer, DivisionQuery{Text: "城东居委会"}, []string{east}},
		"code":                  {d.officer, DivisionQuery{Text: east}, []string{east, east + "-01"}},
		"ended":                 {d.officer, DivisionQuery{State: DivisionsClosed}, []string{east + "-02"}},
		"all below a code":      {d.officer, DivisionQuery{Text: east, State: DivisionsAll, Desc: true}, []string{east + "-02", east + "-01", east}},
		"a community":           {person("community_secretary", "c:"+east), DivisionQuery{}, []string{"360428000000", duchang, east, east + "-01"}},
		"a firm":                {person("firm_manager", "f:"+firm), DivisionQuery{}, []string{"360428000000", duchang, east}},
		"a project of the firm": {manager(firm, id), DivisionQuery{Level: LevelCommunity}, []string{east}},
		"nothing":               {person("firm_manager", "f:none"), DivisionQuery{}, nil},
	} {
		found, err := d.Divisions(ctx, tt.by, tt.q)
		var got []string
		for _, row := range found {
			got = append(got, row.ID)
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v %v, want %v", name, got, err, tt.want)
		}
		page, err := d.FindDivisions(ctx, tt.by, tt.q, "")
		if got = leafIDs(page.Rows); err != nil || !slices.Equal(got, tt.want) || page.Count != len(got) {
			t.Errorf("%s, a page: %v of %d %v, want %v", name, got, page.Count, err, tt.want)
		}
	}
	towns, err := d.Divisions(ctx, d.officer, DivisionQuery{Level: LevelTownship})
	if err != nil || len(towns) != 24 {
		t.Errorf("%d townships %v", len(towns), err)
	}
	whole, err := d.Divisions(ctx, d.officer, DivisionQuery{})
	for i, row := range whole {
		if up := row.Parent; up != "" && !slices.ContainsFunc(whole[:i], func(o DivisionLeaf) bool { return o.ID == up }) {
			t.Errorf("%s stands before what is above it", row.ID)
		}
		if row.ID == east && row.Below != 1 {
			t.Errorf("%d grids below", row.Below)
		}
	}
	d.refused("the list: no right", fault.Forbidden, func() error {
		_, err := d.Divisions(ctx, person("audit_officer", policy.County), DivisionQuery{})
		return err
	})
	d.refused("one: outside of the scope", fault.NotFound, func() error {
		_, err := d.OneDivision(ctx, person("community_secretary", "c:"+west), east)
		return err
	})
	d.refused("one: none", fault.NotFound, func() error { _, err := d.OneDivision(ctx, d.officer, "9"); return err })
	if err != nil {
		t.Error(err)
	}
}

func divisionRow(row int64, code, name, parent string) Line {
	return Line{Row: row, Division: &DivisionLine{Code: code, Name: name, Parent: parent}}
}

// TestDivisionsAreImported: a file may open a township with all that is below it, and change, move and close what stands.
func TestDivisionsAreImported(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.officer = admin // who imports in the helpers
	id, err := d.CreateProject(ctx, person("property_officer", policy.County), projectOf("望湖苑", east))
	d.must(err)
	renamed := divisionRow(7, west, "东街新居委会", duchang)
	renamed.Division.Display = "东街社区"
	moved := divisionRow(5, east, "城东居委会", "360428190000")
	closed := divisionRow(6, villages, "棠荫村委会", zhouxi)
	closed.Division.Until = day(t, "2026-12-31")
	f := fileOf(ImportDivisions, divisionRow(2, "360428190000", "新城镇", "360428000000"), divisionRow(3, "360428190001", "湖滨居委会", "360428190000"), divisionRow(4, "360428190001-01", "湖滨第一网格", "360428190001"), moved, closed, renamed,
		divisionRow(8, "360428190002", "湖滨居委会", "360428190000"), divisionRow(9, "12", "无", "3"), divisionRow(10, "360428190003", "望江居委会", "360428199999"),
		divisionRow(11, duchang, "都昌镇", "360428000000"))
	closedTown := divisionRow(12, zhouxi, "周溪镇", "360428000000")
	closedTown.Division.Until = day(t, "2026-12-31")
	f.Lines = append(f.Lines, closedTown)
	d.refused("an officer has no right to", fault.Forbidden, func() error { _, err := d.DryImport(ctx, person("property_officer", policy.County), f); return err })
	run := d.dry(f)
	if run.New != 3 || run.Changed != 3 || run.Same != 1 || run.Faulty != 4 {
		t.Errorf("%+v", run)
	}
	for _, part := range []string{"8 name 新城镇已经有“湖滨社区”（360428190001）", "9 code 编号“12”要写 12 位数字", "10 parent 没有编号为“360428199999”的上级", "12 until “周溪镇”还不能撤销："} {
		if !strings.Contains(said(run.Faults), part) {
			t.Errorf("%q is not said:\n%s", part, said(run.Faults))
		}
	}
	if v := d.imported(f, true); v.Created != 3 || v.Changed != 3 || v.Failed != 0 {
		t.Fatalf("%+v", v)
	}
	if p, err := d.projects.Load(ctx, id); err != nil || p.State.Township != "360428190000" {
		t.Errorf("the project did not follow: %+v %v", p.State, err)
	}
	if again := d.dry(f); again.New+again.Changed != 0 || again.Same != 7 {
		t.Errorf("again: %+v", again)
	}
	// An administrator of one township changes what lies there, and nothing else exists for him.
	local := person("administrator", "t:"+zhouxi)
	run, err = d.DryImport(ctx, local, fileOf(ImportDivisions, divisionRow(2, villages, "棠荫新村委会", zhouxi), divisionRow(3, west, "东街居委会", duchang), divisionRow(4, zhouxi+"x", "x", "")))
	if err != nil || run.Changed != 1 || run.Faulty != 2 {
		t.Errorf("%+v %v", run, err)
	}
}
