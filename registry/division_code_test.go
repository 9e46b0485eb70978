package registry

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// TestCodeHistory: a code changes on a day, every code finds the division, nothing that names it has to follow, and a mistake is taken back.
func TestCodeHistory(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	const next = "360428100040"
	d.must(d.AddDivision(ctx, admin, east+"-01", east, DivisionInput{Name: "城东第一网格"}))
	project := d.project("望湖苑", east)
	code := func(by policy.Actor, id, code, from, why string) func() error {
		return func() error {
			return d.ChangeCode(ctx, by, id, d.seqOf(id), CodeChange{Code: code, From: day(t, from), Reason: why})
		}
	}
	d.must(d.ChangeDivision(ctx, admin, west, 1, DivisionInput{Name: "东街居委会", From: day(t, "2020-01-01")}))
	for _, tt := range []struct {
		name string
		by   policy.Actor
		id   string
		do   func() error
		kind fault.Kind
		said string
	}{
		{"no right", d.officer, east, code(d.officer, east, next, "2026-01-01", "统计公告"), fault.Forbidden, ""},
		{"another township", admin, east, code(person("administrator", "t:"+zhouxi), east, next, "2026-01-01", "统计公告"), fault.NotFound, ""},
		{"no division", admin, east, func() error {
			return d.ChangeCode(ctx, admin, "9", 1, CodeChange{Code: next, From: today, Reason: "统计公告"})
		}, fault.NotFound, ""},
		{"overtaken", admin, east, func() error {
			return d.ChangeCode(ctx, admin, east, 9, CodeChange{Code: next, From: today, Reason: "统计公告"})
		}, fault.Conflict, ""},
		{"no digits", admin, east, code(admin, east, "36042810004", "2026-01-01", "统计公告"), fault.Invalid, "code 代码“36042810004”要写 12 位数字"},
		{"no day, no reason", admin, east, code(admin, east, next, "", ""), fault.Invalid, "reason 请填写原因"},
		{"no day", admin, east, code(admin, east, next, "", "统计公告"), fault.Invalid, "from 请填写新代码启用的第一天"},
		{"the same", admin, east, code(admin, east, east, "2026-01-01", "统计公告"), fault.Invalid, "本来就是 " + east},
		{"before it was set up", admin, west, code(admin, west, next, "2020-01-01", "统计公告"), fault.Invalid, "不晚于设立日期2020年1月1日"},
		{"that of a neighbour", admin, east, code(admin, east, west, "2026-01-01", "统计公告"), fault.Invalid, "code 代码 " + west + " 是“东街社区”现在或者曾经的代码"},
		{"a grid", admin, east, code(admin, east+"-01", next, "2026-01-01", "统计公告"), fault.Invalid, "网格的编号跟着社区"},
		{"never changed", admin, east, func() error { return d.TakeCodeBack(ctx, admin, east, 1, "登记错了") }, fault.Invalid, "没有改过代码"},
	} {
		d.refused(tt.name, tt.kind, tt.do, tt.said)
	}
	d.must(code(admin, east, next, "2026-10-01", "统计公告 2026 年第 1 号")())
	d.refused("not later", fault.Invalid, code(admin, east, "360428100041", "2026-10-01", "统计公告"), "上一次改代码是2026年10月1日")
	d.refused("taken by another", fault.Invalid, code(admin, west, next, "2026-10-02", "统计公告"), "是“城东社区”现在或者曾经的代码")
	d.refused("a new division under it", fault.Invalid, func() error {
		return d.AddDivision(ctx, admin, next, duchang, DivisionInput{Name: "湖滨居委会"})
	}, "code 代码 "+next+" 是“城东社区”")
	d.refused("a new division under it, by a file", fault.Conflict, func() error {
		return d.openDivision(ctx, d.meta(admin, policy.UpdateDivision, ""), next, 0, Division{Level: LevelCommunity, Name: "湖滨居委会", Parent: duchang})
	}, "城东社区")

	for _, asked := range []string{east, next} {
		v, err := d.OneDivision(ctx, admin, asked)
		if err != nil || v.ID != east || v.CodeOn(today) != next || v.CodeOn(day(t, "2026-09-30")) != east {
			t.Errorf("by %s: %s, today %s, %v", asked, v.ID, v.CodeOn(today), err)
		}
	}
	grid, err := d.OneDivision(ctx, admin, next+"-01")
	if err != nil || grid.ID != east+"-01" || grid.CodeOn(today) != next+"-01" || grid.CodeOn(day(t, "2026-09-30")) != east+"-01" {
		t.Errorf("the grid: %s %s %v", grid.ID, grid.CodeOn(today), err)
	}
	for text, want := range map[string][]string{next: {east, east + "-01"}, next + "-01": {east + "-01"}, east: {east, east + "-01"}, "36042810004": {east, east + "-01"}} {
		found, err := d.FindDivisions(ctx, d.officer, DivisionQuery{Text: text}, "")
		if got := leafIDs(found.Rows); err != nil || !slices.Equal(got, want) {
			t.Errorf("searched by %s: %v %v", text, got, err)
		}
		whole, err := d.Divisions(ctx, d.officer, DivisionQuery{Text: text})
		if got := leafIDs(whole); err != nil || !slices.Equal(got, want) {
			t.Errorf("the sheet by %s: %v %v", text, got, err)
		}
	}
	// A file names it by either code, and a new grid by the new one.
	finder := d.Finder()
	for _, asked := range []string{east, next} {
		if id, bad, err := finder.Project(ctx, "", asked, "望湖苑"); err != nil || id != project || len(bad) > 0 {
			t.Errorf("a project of %s: %s %v %v", asked, id, bad, err)
		}
	}
	d.must(d.AddDivision(ctx, admin, next+"-02", next, DivisionInput{Name: "城东第二网格"}))
	if v, err := d.OneDivision(ctx, admin, east+"-02"); err != nil || v.Parent != east {
		t.Errorf("%+v %v", v.Division, err)
	}
	d.officer = admin
	whole, err := d.Divisions(ctx, admin, DivisionQuery{Text: next})
	d.must(err)
	var lines []Line
	for i, leaf := range whole {
		line := LineOfDivision(leaf, today)
		lines = append(lines, Line{Row: int64(i + 2), Division: &line})
	}
	if run := d.dry(fileOf(ImportDivisions, lines...)); run.Same != 3 || run.Faulty != 0 || lines[0].Division.Code != next || lines[1].Division.Parent != next {
		t.Errorf("imported as exported: %+v", run)
	}

	// Two changes, then the last is taken back.
	const third = "360428100041"
	d.must(code(admin, east, third, "2026-10-10", "统计公告 2026 年第 2 号")())
	spells := func() string {
		v, err := d.OneDivision(ctx, admin, east)
		d.must(err)
		var out []string
		for _, s := range v.Spells() {
			out = append(out, fmt.Sprintf("%s %s–%s", s.Code, s.Days.From, s.Days.Until))
		}
		return strings.Join(out, "; ")
	}
	if got, want := spells(), east+" –2026-09-30; "+next+" 2026-10-01–2026-10-09; "+third+" 2026-10-10–"; got != want {
		t.Errorf("spells\n%s, want\n%s", got, want)
	}
	back := func(by policy.Actor, why string) func() error {
		return func() error { return d.TakeCodeBack(ctx, by, east, d.seqOf(east), why) }
	}
	d.refused("back: no right", fault.Forbidden, back(person("property_officer", policy.County), "登记错了"))
	d.refused("back: no reason", fault.Invalid, back(admin, ""), "reason")
	d.must(back(admin, "登记错了")())
	if got := spells(); strings.Contains(got, third) {
		t.Error(got)
	}
	d.must(code(admin, west, third, "2026-10-10", "统计公告 2026 年第 2 号")())
	v, err := d.OneDivision(ctx, admin, east)
	d.must(err)
	if said := strings.Join(v.Changes[0].Said, "；"); said != "不再登记2026年10月10日改为 "+third+"的代码" || !strings.Contains(strings.Join(v.Changes[2].Said, ""), "2026年10月1日起代码改为 "+next) {
		t.Errorf("%+v", v.Changes)
	}
}

// TestSuccessors: a closed division names those that take its place, they name it, and to reopen it takes that back.
func TestSuccessors(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	end := func(id, last string, into ...string) func() error {
		return func() error { return d.CloseDivision(ctx, admin, id, d.seqOf(id), day(t, last), into, "区划调整") }
	}
	d.must(d.AddDivision(ctx, admin, east+"-01", east, DivisionInput{Name: "城东第一网格"}))
	d.must(d.AddDivision(ctx, admin, west+"-01", west, DivisionInput{Name: "东街第一网格", From: day(t, "2026-12-01")}))
	d.refused("into nothing", fault.Invalid, end(east, "2026-10-18", "360428199999"), "successors 没有编号为“360428199999”")
	d.refused("into itself", fault.Invalid, end(east, "2026-10-18", east), "不能由它自己承接")
	d.refused("into a township", fault.Invalid, end(east, "2026-10-18", duchang), "“都昌镇”是乡镇")
	d.refused("twice", fault.Invalid, end(east, "2026-10-18", west, west), "“东街社区”写了两次")
	d.refused("into what is not there yet", fault.Invalid, end(east+"-01", "2026-10-18", west+"-01"), "在2026年10月19日不存在")
	d.refused("into too many", fault.Invalid, end(east, "2026-10-18", slices.Repeat([]string{west}, 11)...), "最多写 10 个，写了 11 个")
	d.must(end(east+"-01", "2026-10-18")())
	d.must(end(east, "2026-10-18", west, villages)())
	v, err := d.OneDivision(ctx, admin, east)
	if err != nil || len(v.Into) != 2 || v.Into[0].ID != west || v.Into[1].ID != villages || !strings.Contains(strings.Join(v.Changes[0].Said, ""), "最后一天是2026年10月18日，由东街社区、棠荫村承接") {
		t.Fatalf("%+v %+v %v", v.Into, v.Changes, err)
	}
	if v, err = d.OneDivision(ctx, admin, west); err != nil || len(v.From) != 1 || v.From[0].ID != east {
		t.Errorf("%+v %v", v.From, err)
	}
	d.must(d.ReopenDivision(ctx, admin, east, d.seqOf(east), "撤错了"))
	if v, err = d.OneDivision(ctx, admin, west); err != nil || len(v.From) != 0 {
		t.Errorf("reopened: %+v %v", v.From, err)
	}
}

// TestBranch: what each actor sees of the tree, level by level, down to the buildings, and how much stands below each row.
func TestBranch(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	firm := d.firm("赣北物业服务有限公司", codeOne)
	d.must(d.AddDivision(ctx, admin, east+"-01", east, DivisionInput{Name: "城东第一网格"}))
	d.must(d.AddDivision(ctx, admin, east+"-02", east, DivisionInput{Name: "城东第二网格"}))
	d.must(d.CloseDivision(ctx, admin, east+"-02", 1, today.Add(-1), nil, "并入第一网格"))
	d.must(d.AddDivision(ctx, admin, east+"-03", east, DivisionInput{Name: "城东第三网格"}))
	d.must(d.CloseDivision(ctx, admin, east+"-03", 1, today.Add(30), nil, "并入第一网格"))
	held, other := d.project("望湖苑", east), d.project("安居苑", east)
	d.contract(held, contractOf(t, firm, "2026-01-01", ""))
	for i := range 52 {
		d.must(d.PutBuilding(ctx, d.officer, held, d.seq(held), "", BuildingInput{Name: fmt.Sprintf("%d幢", i+1), Kind: BuildingMulti, Floors: 6, Households: 12}))
	}
	inGrid := d.project("文峰苑", east)
	d.grids(inGrid, "01", "城东第三网格", "1")
	d.contract(inGrid, contractOf(t, firm, "2026-01-01", ""))
	secretary := person("community_secretary", "c:"+east)
	for _, tt := range []struct {
		name, open string
		by         policy.Actor
		from       int
		want       string
	}{
		{"the county", "", d.officer, 0, "都昌县 24 > 都昌镇 18 …"},
		{"a township", duchang, d.officer, 0, "都昌县 24 > 都昌镇 18 > 城东社区 4 …"},
		{"a community", east, d.officer, 0, "都昌县 24 > 都昌镇 18 > 城东社区 4 > 城东第一网格 1, 城东第三网格 1, 安居苑, 望湖苑"},
		{"its second part", east, d.officer, 3, "都昌县 24 > 都昌镇 18 > 城东社区 4 > 望湖苑"},
		{"a grid", east + "-01", d.officer, 0, "都昌县 24 > 都昌镇 18 > 城东社区 4 > 城东第一网格 1 > 文峰苑"},
		{"a project in grids", inGrid, d.officer, 0, "都昌县 24 > 都昌镇 18 > 城东社区 4 > 城东第一网格 1 > 文峰苑 >"},
		{"a project", held, d.officer, 0, "都昌县 24 > 都昌镇 18 > 城东社区 4 > 望湖苑 > 1幢–50幢"},
		{"the rest of it", held, d.officer, 50, "都昌县 24 > 都昌镇 18 > 城东社区 4 > 望湖苑 > 51幢–52幢"},
		{"a community's own", "", secretary, 0, "都昌县 1 > 都昌镇 1"},
		{"and below", east, secretary, 0, "都昌县 1 > 都昌镇 1 > 城东社区 4 > 城东第一网格 1, 城东第三网格 1, 安居苑, 望湖苑"},
		{"a firm's", east, person("firm_manager", "f:"+firm), 0, "都昌县 1 > 都昌镇 1 > 城东社区 3 > 城东第一网格 1, 城东第三网格 1, 望湖苑"},
		{"and the grid of it", east + "-03", person("firm_manager", "f:"+firm), 0, "都昌县 1 > 都昌镇 1 > 城东社区 3 > 城东第三网格 1 > 文峰苑"},
		{"nothing", "", person("firm_manager", "f:none"), 0, ""},
	} {
		b, err := d.Branch(ctx, tt.by, tt.open, tt.from)
		var way, rows []string
		for _, up := range b.Way {
			way = append(way, fmt.Sprintf("%s %d", up.Display, up.Below))
		}
		for _, below := range b.Divisions {
			rows = append(rows, fmt.Sprintf("%s %d", below.Display, below.Below))
		}
		for _, p := range b.Projects {
			rows = append(rows, p.Name)
		}
		if n := len(b.Buildings); n > 0 {
			rows = append(rows, b.Buildings[0].Name+"–"+b.Buildings[n-1].Name)
		}
		if b.Project != nil {
			way = append(way, b.Project.Name)
		}
		got := strings.Join(way, " > ")
		if len(way) > 0 {
			got += " > " + strings.Join(rows, ", ")
		}
		want, more := strings.CutSuffix(tt.want, " …")
		if err != nil || !more && strings.TrimSpace(got) != want || more && !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s %v, want %s", tt.name, got, err, tt.want)
		}
	}
	for name, call := range map[string]func() error{
		"another community":          func() error { _, err := d.Branch(ctx, person("community_secretary", "c:"+west), east, 0); return err },
		"a project of somebody else": func() error { _, err := d.Branch(ctx, person("firm_manager", "f:"+firm), other, 0); return err },
		"nothing of that name":       func() error { _, err := d.Branch(context.Background(), d.officer, "360428999999", 0); return err },
	} {
		d.refused(name, fault.NotFound, call)
	}
	d.refused("no right", fault.Forbidden, func() error { _, err := d.Branch(ctx, person("audit_officer", policy.County), "", 0); return err })
}
