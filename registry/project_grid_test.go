package registry

import (
	"slices"
	"testing"

	"redsteward/internal/fault"
)

// grids enters the grids of a project.
func (d *desk) grids(project string, grids ...string) {
	d.t.Helper()
	ctx := d.t.Context()
	row, err := d.OneProject(ctx, d.officer, project)
	d.must(err)
	in := LineOfProject(row).ProjectInput
	in.Grids = grids
	d.must(d.ChangeProject(ctx, d.officer, project, row.Seq, in))
}

// TestProjectGrids: a project lies in standing grids of its own community, whatever they are called; a grid in which one lies stays; a workbook that says nothing of them leaves them.
func TestProjectGrids(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	for _, grid := range []struct{ id, community, name string }{{east + "-01", east, "城东第一网格"}, {east + "-02", east, "城东第二网格"}, {east + "-03", east, "城东第三网格"}, {west + "-01", west, "长岭第一网格"}} {
		d.must(d.AddDivision(ctx, admin, grid.id, grid.community, DivisionInput{Name: grid.name}))
	}
	d.must(d.CloseDivision(ctx, admin, east+"-03", 1, today.Add(-1), nil, "并入第一网格"))

	id := d.project("望湖苑", east)
	d.grids(id, SplitGrids("城东第二网格、1， "+east+"-02")...)
	row, err := d.OneProject(ctx, d.officer, id)
	if err != nil || !slices.Equal(row.Project.Grids, []string{east + "-01", east + "-02"}) {
		t.Fatalf("%v %v", row.Project.Grids, err)
	}
	change := func(community string, grids ...string) func() error {
		in := LineOfProject(row).ProjectInput
		in.Community, in.Grids = community, grids
		return func() error { return d.ChangeProject(ctx, d.officer, id, row.Seq, in) }
	}
	d.refused("no such grid, an ended one, one elsewhere", fault.Invalid, change(east, "09", "城东第三网格", west+"-01"), "“09”不是城东社区现有的网格", "“城东第三网格”不是", "“"+west+"-01”不是")
	d.refused("moved with its old grids", fault.Invalid, change(west, row.Project.Grids...), "“"+east+"-01”不是东街社区现有的网格")
	d.refused("the grid is ended", fault.Conflict, func() error {
		return d.CloseDivision(ctx, admin, east+"-02", 1, today, nil, "并入第一网格")
	}, "1 个小区（望湖苑）")

	other := d.project("安居苑", east)
	for _, tt := range []struct {
		q    ProjectQuery
		want int
	}{{ProjectQuery{Grid: east + "-02"}, 1}, {ProjectQuery{Grid: east + "-02", Sort: ByHouseholds}, 1}, {ProjectQuery{Grid: west + "-01"}, 0}, {ProjectQuery{Community: east}, 2}} {
		if page, err := d.Projects(ctx, d.officer, tt.q); err != nil || page.Count != tt.want {
			t.Errorf("%+v: %d %v", tt.q, page.Count, err)
		}
	}
	if v, err := d.OneDivision(ctx, d.officer, east+"-01"); err != nil || v.Projects != 1 {
		t.Errorf("%d projects %v", v.Projects, err)
	}

	silent, said, wrong := LineOfProject(row), projectRow(3, "安居苑", "都昌镇", "城东社区"), projectRow(4, "文峰苑", "都昌镇", "城东社区")
	silent.GridNames, said.Project.GridNames, wrong.Project.GridNames = "", "02", "07"
	v := d.dry(fileOf(ImportProjects, Line{Row: 2, Project: &silent}, said, wrong))
	if v.Same != 1 || v.Changed != 1 || v.Faulty != 1 {
		t.Fatalf("%+v", v)
	}
	d.imported(fileOf(ImportProjects, said), false)
	if row, err := d.OneProject(ctx, d.officer, other); err != nil || !slices.Equal(row.Project.Grids, []string{east + "-02"}) {
		t.Errorf("%v %v", row.Project.Grids, err)
	}
}
