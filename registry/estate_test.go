package registry

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/num"
	"redsteward/policy"
)

func developerOf(name, code string) DeveloperInput {
	return DeveloperInput{Name: name, Code: code, LegalPerson: "李大明", Contact: "王小红", Phone: "0792-5223344", Address: "都昌镇东风大道 2 号"}
}

func (d *desk) developer(name, code string) string {
	d.t.Helper()
	id, err := d.CreateDeveloper(context.Background(), d.officer, developerOf(name, code))
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

func TestDeveloperLife(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	create := func(by policy.Actor, in DeveloperInput) func() error {
		return func() error { _, err := d.CreateDeveloper(ctx, by, in); return err }
	}
	d.refused("the public", fault.Unauthenticated, create(policy.Actor{}, developerOf("赣北置业", codeOne)))
	d.refused("a developer itself", fault.Forbidden, create(person("developer", "d:x"), developerOf("赣北置业", codeOne)))
	d.refused("an officer of one township", fault.NotFound, create(person("property_officer", "t:360428100000"), developerOf("赣北置业", codeOne)))
	d.refused("every field", fault.Invalid, create(d.officer, DeveloperInput{Name: "甲", Code: "91350100M000100Y42", LegalPerson: "李*明", Contact: "王*", Phone: "123"}),
		"建设单位名称有 1 个字", "校验码应为 3", "legal_person 法定代表人里有 *", "contact 联系人里有 *", "phone 联系电话有 3 位")
	id := d.developer("赣北置业有限公司", codeOne)
	d.refused("a code belongs to one developer", fault.Conflict, create(d.officer, developerOf("另一家置业公司", codeOne)), "已由“赣北置业有限公司”登记")
	d.firm("赣北物业服务有限公司", codeOne) // the register of firms is another one

	change := func(seq int64, in DeveloperInput) func() error {
		return func() error { return d.ChangeDeveloper(ctx, d.officer, id, seq, in) }
	}
	d.refused("overtaken", fault.Conflict, change(9, developerOf("赣北置业集团", codeOne)), "刚被别人改过")
	if err := change(1, developerOf("赣北置业集团有限公司", codeTwo))(); err != nil {
		t.Fatal(err)
	}
	d.developer("后来的置业有限公司", codeOne) // the old code is free again

	stand := func(seq int64, state StandingState, from, basis string) func() error {
		return func() error {
			return d.SetStanding(ctx, d.officer, id, seq, Standing{State: state, From: day(t, from), Basis: basis})
		}
	}
	d.refused("standing: fields", fault.Invalid, stand(2, "lost", "", ""), "state 状态不能是“lost”", "请填写依据", "请填写起始日")
	d.refused("standing: not yet", fault.Invalid, stand(2, StandingGone, "2026-10-20", "信件退回"), "还没有到")
	for i, s := range []struct{ state, from string }{{"gone", "2026-03-01"}, {"dissolved", "2026-10-19"}} {
		if err := stand(int64(2+i), StandingState(s.state), s.from, "市场监管公告")(); err != nil {
			t.Fatal(err)
		}
	}
	d.refused("standing: before the last", fault.Invalid, stand(4, StandingActive, "2026-10-18", "联系上了"), "早于现有登记的起始日2026年10月19日")
	v, err := d.OneDeveloper(ctx, d.officer, id)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		day  string
		want StandingState
	}{{"2026-02-28", StandingActive}, {"2026-03-01", StandingGone}, {"2026-10-18", StandingGone}, {"2026-10-19", StandingDissolved}} {
		if got := v.StandingOn(day(t, tt.day)); got != tt.want {
			t.Errorf("on %s it is %s, want %s", tt.day, got, tt.want)
		}
	}
	if err := stand(4, StandingGone, "2026-10-19", "公告的是另一家公司")(); err != nil {
		t.Fatal(err)
	}
	if v, err = d.OneDeveloper(ctx, d.officer, id); err != nil || v.State != StandingGone || len(v.Standings) != 2 {
		t.Errorf("the last day is corrected: %+v %v", v.Standings, err)
	}
}

// TestDeveloperScope: a developer sees itself and what it built, nothing else, and its people unmasked; others see its people masked.
func TestDeveloperScope(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	mine, other := d.developer("赣北置业有限公司", codeOne), d.developer("长岭置业有限公司", codeTwo)
	built := map[string]string{}
	for name, developer := range map[string]string{"望湖苑": mine, "芝城花园": other, "长岭小区": ""} {
		in := projectOf(name, east)
		in.Developer = developer
		id, err := d.CreateProject(ctx, d.officer, in)
		if err != nil {
			t.Fatal(err)
		}
		built[name] = id
	}
	d.refused("a developer that is none", fault.Invalid, func() error {
		in := projectOf("东湖花园", east)
		in.Developer = "none"
		_, err := d.CreateProject(ctx, d.officer, in)
		return err
	}, "developer 没有编号为“none”的建设单位")
	me := person("developer", policy.DeveloperKey(mine))
	projects, err := d.Projects(ctx, me, ProjectQuery{})
	if err != nil || projects.Count != 1 || projects.Rows[0].Name != "望湖苑" || projects.Rows[0].Developer != mine {
		t.Errorf("its projects: %+v %v", projects, err)
	}
	if _, err := d.OneProject(ctx, me, built["望湖苑"]); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"芝城花园", "长岭小区"} {
		d.refused("the project of another", fault.NotFound, func() error { _, err := d.OneProject(ctx, me, built[name]); return err })
	}
	d.refused("another developer", fault.NotFound, func() error { _, err := d.OneDeveloper(ctx, me, other); return err })
	d.refused("no right to write", fault.Forbidden, func() error {
		return d.PutPhase(ctx, me, built["望湖苑"], 1, "", "一期")
	})
	list, err := d.Developers(ctx, me, DeveloperQuery{})
	if err != nil || list.Count != 1 || list.Rows[0].Phone != "0792-5223344" || list.Rows[0].Contact != "王小红" || len(list.Rows[0].Projects) != 1 {
		t.Errorf("itself: %+v %v", list, err)
	}
	if v, err := d.OneDeveloper(ctx, person("legal_officer", policy.County), mine); err != nil || v.LegalPerson != "李*明" || v.Phone == "0792-5223344" || v.Contact == "王小红" {
		t.Errorf("masked: %+v %v", v, err)
	}
	if page, err := d.Developers(ctx, d.officer, DeveloperQuery{Text: "clzy"}); err != nil || page.Count != 1 || page.Rows[0].ID != other {
		t.Errorf("by initials: %+v %v", page, err)
	}
	if page, err := d.Developers(ctx, d.officer, DeveloperQuery{State: StandingGone}); err != nil || page.Count != 0 {
		t.Errorf("none is gone: %+v %v", page, err)
	}
	if page, err := d.Projects(ctx, d.officer, ProjectQuery{Developer: other}); err != nil || page.Count != 1 || page.Rows[0].Name != "芝城花园" {
		t.Errorf("by developer: %+v %v", page, err)
	}
	place, err := d.Place(ctx, built["望湖苑"], today)
	if err != nil || place.Developer != mine {
		t.Errorf("%+v %v", place, err)
	}
	if keys := place.Keys(); len(keys) != 3 {
		t.Errorf("rows about service do not belong to a developer: %v", keys)
	}
}

func TestBuildings(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id := d.project("望湖苑", east)
	house := func(name, phase string) BuildingInput {
		return BuildingInput{Name: name, Phase: phase, Kind: BuildingHigh, Floors: 18, Area: num.MustParse("9600.5"), Households: 72, Completed: day(t, "2020-05-30"), Delivered: day(t, "2020-06-30")}
	}
	put := func(part string, in BuildingInput) func() error {
		return func() error { return d.PutBuilding(ctx, d.officer, id, d.seq(id), part, in) }
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	d.refused("every field", fault.Invalid, put("", BuildingInput{Phase: "ph1", Kind: "tower", Area: num.MustParse("1.234"), Households: -1, Completed: day(t, "2026-10-20"), Delivered: day(t, "2026-10-19")}),
		"请填写楼栋名称", "没有编号为“ph1”的分期", "楼栋类型不能是“tower”", "层数是 0 层", "建筑面积最多两位小数，现在是 1.234", "户数是 -1 户", "竣工验收日期2026年10月20日还没有到", "交付日期2026年10月19日早于竣工验收日期2026年10月20日")
	must(put("", house("1幢", ""))())
	d.refused("the same name", fault.Invalid, put("", house("１ 幢", "")), "已经有名为“１ 幢”的楼栋")
	must(d.PutPhase(ctx, d.officer, id, d.seq(id), "", "一期"))
	must(d.PutPhase(ctx, d.officer, id, d.seq(id), "", "二期"))
	d.refused("a phase twice", fault.Invalid, func() error { return d.PutPhase(ctx, d.officer, id, d.seq(id), "ph2", " 一期") }, "已经有名为“一期”的分期")
	d.refused("a phase that is none", fault.NotFound, func() error { return d.PutPhase(ctx, d.officer, id, d.seq(id), "ph9", "三期") })
	d.refused("now a phase must be chosen", fault.Invalid, put("", house("2幢", "")), "请选择分期")
	must(put("b1", house("1幢", "ph1"))())
	must(put("", house("1幢", "ph2"))()) // another phase has a first building of its own
	d.refused("a building that is none", fault.NotFound, put("b9", house("9幢", "ph2")))
	d.refused("overtaken", fault.Conflict, func() error { return d.PutBuilding(ctx, d.officer, id, 1, "", house("3幢", "ph2")) }, "刚被别人改过")
	d.refused("withdrawn without reason", fault.Invalid, func() error { return d.WithdrawBuilding(ctx, d.officer, id, d.seq(id), "b2", "") }, "请填写原因")
	must(d.WithdrawBuilding(ctx, d.officer, id, d.seq(id), "b2", "重复登记"))
	d.refused("withdrawn twice", fault.Conflict, func() error { return d.WithdrawBuilding(ctx, d.officer, id, d.seq(id), "b2", "重复登记") }, "已经撤下，原因：重复登记")
	d.refused("withdraw one that is none", fault.NotFound, func() error { return d.WithdrawBuilding(ctx, d.officer, id, d.seq(id), "b9", "重复登记") })
	must(put("", house("1幢", "ph2"))()) // its name is free again, its id is not
	p, err := d.OneProject(ctx, d.officer, id)
	must(err)
	if standing := p.Project.StandingBuildings(); len(standing) != 2 || standing[0].ID != "b1" || standing[1].ID != "b3" || p.Project.PhaseName(standing[1].Phase) != "二期" {
		t.Errorf("%+v", standing)
	}

	room := func(part string, in RoomInput) func() error {
		return func() error { return d.PutRoom(ctx, d.officer, id, d.seq(id), part, in) }
	}
	d.refused("room: fields", fault.Invalid, room("", RoomInput{Kind: "shop", HandedOver: day(t, "2027-01-01")}), "用途不能是“shop”", "请填写位置", "请填写面积", "移交日期2027年1月1日还没有到")
	must(room("", RoomInput{Kind: RoomCommunity, Place: "2幢一层", Area: num.MustParse("350")})())
	must(room("r1", RoomInput{Kind: RoomCommunity, Place: "2幢一层", Area: num.MustParse("360.25"), HandedOver: day(t, "2026-10-01")})())
	must(room("", RoomInput{Kind: RoomService, Place: "1幢一层", Area: num.MustParse("120")})())
	d.refused("a room that is none", fault.NotFound, room("r9", RoomInput{Kind: RoomService, Place: "1幢一层", Area: num.MustParse("120")}))
	must(d.WithdrawRoom(ctx, d.officer, id, d.seq(id), "r2", "录错小区"))
	p, err = d.OneProject(ctx, d.officer, id)
	must(err)
	if rooms := p.Project.StandingRooms(); len(rooms) != 1 || rooms[0].Area.Fixed(2) != "360.25" || rooms[0].HandedOver != day(t, "2026-10-01") {
		t.Errorf("%+v", rooms)
	}
}

// TestWholeEstateFits: a project with as many phases, buildings, rooms and contracts as it may have stays below the limit of a record.
func TestWholeEstateFits(t *testing.T) {
	d := newDesk(t)
	id := d.project("望湖苑", east)
	now, err := d.projects.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	p := now.State
	long := "望湖苑东区第十二幢望湖苑东区第十二幢一二"
	for i := range maxSpans {
		p.Contracts = append(p.Contracts, Contract{ID: fmt.Sprintf("c%d", i+1), Firm: now.ID, Kind: ContractChosen, Level: LevelSecond, Fee: 9999, Days: span(t, "2020-01-01", "2020-01-02"), Ended: long})
	}
	for i := range maxPhases {
		p.Phases = append(p.Phases, Phase{ID: fmt.Sprintf("ph%d", i+1), Name: long})
	}
	for i := range maxBuildings {
		p.Buildings = append(p.Buildings, Building{ID: fmt.Sprintf("b%d", i+1), BuildingInput: BuildingInput{Name: long, Phase: "ph20", Kind: BuildingService, Floors: 100, Area: num.MustParse("99999999.99"), Households: 10_000,
			Completed: today, Delivered: today}})
	}
	for i := range maxRooms {
		p.Rooms = append(p.Rooms, Room{ID: fmt.Sprintf("r%d", i+1), RoomInput: RoomInput{Kind: RoomCommunity, Place: long + long + long, Area: num.MustParse("99999.99"), HandedOver: today}})
	}
	if _, err := d.projects.Commit(t.Context(), d.meta(d.officer, policy.WriteRegister, ""), id, now.Seq, p); err != nil {
		t.Fatal(err)
	}
	d.refused("one more building", fault.Invalid, func() error {
		return d.PutBuilding(t.Context(), d.officer, id, 2, "", BuildingInput{Name: "末幢", Phase: "ph1", Kind: BuildingHigh, Floors: 6})
	}, "楼栋登记已有 120 幢，不能再加")
	d.refused("one more phase", fault.Invalid, func() error { return d.PutPhase(t.Context(), d.officer, id, 2, "", "末期") }, "分期已有 20 个")
	d.refused("one more room", fault.Invalid, func() error {
		return d.PutRoom(t.Context(), d.officer, id, 2, "", RoomInput{Kind: RoomService, Place: "一层", Area: num.MustParse("1")})
	}, "用房登记已有 30 处")
}

func developerRow(row int64, name, code string) Line {
	in := developerOf(name, code)
	return Line{Row: row, Developer: &in}
}

func buildingRow(row int64, project, phase, name string) Line {
	return Line{Row: row, Building: &BuildingLine{CommunityName: "城东社区", ProjectName: project, PhaseName: phase,
		BuildingInput: BuildingInput{Name: name, Kind: BuildingMulti, Floors: 6, Area: num.MustParse("3000"), Households: 36}}}
}

// TestImportEstates: developers, projects that name them, and buildings that make their phases; imported again nothing changes, taken back nothing is left.
func TestImportEstates(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	withDeveloper := func(row int64, code string) Line {
		l := projectRow(row, "望湖苑", "都昌镇", "城东社区")
		l.Project.DeveloperCode = code
		return l
	}
	tells := func(run imports.DryRun, want ...string) {
		t.Helper()
		all := said(run.Faults)
		for _, part := range want {
			if !strings.Contains(all, part) {
				t.Errorf("%q does not say %q", all, part)
			}
		}
	}
	dry := d.dry
	run := dry(fileOf(ImportDevelopers, developerRow(2, "赣北置业有限公司", codeOne), developerRow(3, "错码置业公司", "91350100M000100Y42"), developerRow(4, "赣北置业集团", codeOne)))
	if run.New != 1 || run.Faulty != 2 {
		t.Errorf("%+v", run)
	}
	tells(run, "3 code 校验码应为 3", "4  与第 2 行重复")
	tells(dry(fileOf(ImportProjects, withDeveloper(2, codeOne))), "2 developer 没有登记统一社会信用代码为 "+codeOne+" 的建设单位")
	developers := d.imported(fileOf(ImportDevelopers, developerRow(2, "赣北置业有限公司", codeOne)), false)
	d.imported(fileOf(ImportProjects, withDeveloper(2, codeOne)), false)
	buildings := fileOf(ImportBuildings, buildingRow(2, "望湖苑", "一期", "1幢"), buildingRow(3, "望湖苑", "一期", "2幢"), buildingRow(4, "望湖苑", "二期", "1幢"))
	done := d.imported(buildings, false)
	if again := dry(buildings); again.Same != 3 || again.New+again.Changed+again.Faulty != 0 {
		t.Errorf("imported again: %+v", again)
	}
	list, err := d.Projects(ctx, d.officer, ProjectQuery{})
	if err != nil || len(list.Rows) != 1 {
		t.Fatal(list, err)
	}
	p := list.Rows[0].Project
	if len(p.Phases) != 2 || len(p.Buildings) != 3 || p.PhaseName(p.Buildings[2].Phase) != "二期" || p.Developer == "" {
		t.Errorf("%+v", p)
	}
	// A row that does not name the developer leaves it.
	if run := dry(fileOf(ImportProjects, withDeveloper(2, ""))); run.Same != 1 {
		t.Errorf("%+v", run)
	}
	bad := buildingRow(2, "望湖苑", "", "3幢")
	bad.Building.Floors = 0
	tells(dry(fileOf(ImportBuildings, bad, buildingRow(3, "没有", "", "1幢"))), "2 phase 请选择分期", "2 floors 层数是 0 层", "3 project 城东社区没有登记名为“没有”的小区")

	back := func(id string) imports.View {
		t.Helper()
		look, err := d.LookBackImport(ctx, d.officer, id)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.ReverseImport(ctx, d.officer, id, look.Seq, "导错了文件"); err != nil {
			t.Fatal(err)
		}
		if _, err := d.RunImports(ctx); err != nil {
			t.Fatal(err)
		}
		v, err := d.OneImport(ctx, d.officer, id)
		if err != nil || v.Reversal == nil {
			t.Fatal(v, err)
		}
		return v
	}
	if v := back(done.ID); v.Reversal.Withdrawn != 3 || v.Reversal.Left != 0 {
		t.Errorf("buildings taken back: %+v", v.Reversal)
	}
	if row, err := d.OneProject(ctx, d.officer, list.Rows[0].ID); err != nil || len(row.Project.Buildings)+len(row.Project.Phases) != 0 {
		t.Errorf("%+v %v", row.Project, err)
	}
	if v := back(developers.ID); v.Reversal.Left != 1 {
		t.Errorf("a developer that built something stays: %+v", v.Reversal)
	}
}
