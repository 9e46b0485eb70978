package web_test

import (
	"context"
	"strings"
	"testing"

	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/change"
)

// TestTiles: a tile and a row for each community of the reader's scope, by the measure that was chosen.
func TestTiles(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	ctx := context.Background()
	for name, community := range map[string]string{"芝城花园": cityEast, "棠荫小区": "360428101500"} {
		if _, err := f.Register.CreateProject(ctx, clerk, registry.ProjectInput{Name: name, Address: "东风大道 9 号", Community: community, Households: 36, Kind: registry.KindCommodity}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.Changes.Open(ctx, clerk, project, "c1", change.Notice{Giver: change.GiverFirm, Given: f.Register.Today(), Leaves: f.Register.Today().Add(60), Reason: "不再续约"}, nil); err != nil {
		t.Fatal(err)
	}
	actor := policy.Actor{ID: "applicant", Appointments: []policy.Appointment{{Role: "firm_manager", Unit: policy.FirmKey(firm), Scopes: []string{policy.FirmKey(firm)}}}}
	if _, err := f.Filed(ctx, actor, project); err != nil {
		t.Fatal(err)
	}
	people := map[string]*person{}
	for _, s := range []scenario{
		{name: "signed out", path: "/register/tiles", status: 401},
		{name: "no register", role: "auditor", path: "/register/tiles", status: 403},
		{name: "coverage", role: "officer", path: "/register/tiles", status: 200, contains: []string{"都昌镇", "周溪镇", `class="bad"><a href="/register/projects?community=` + cityEast + `"><b>城东社区</b><span class="v n">50.0%</span><span>1 个没有覆盖</span>`, "2 个小区 · 1,200 户", "棠荫村"}},
		{name: "work", role: "officer", path: "/register/tiles?measure=work", status: 200, contains: []string{`<b>城东社区</b><span class="v n">2</span><span>件在办</span>`, `<b>棠荫村</b><span class="v n">0</span><span>没有在办事项</span>`}},
		{name: "risk", role: "officer", path: "/register/tiles?measure=risk", status: 200, contains: []string{`<b>城东社区</b><span class="v n">2</span><span>个风险小区</span>`}},
		{name: "nothing rated", role: "officer", path: "/register/tiles?measure=stars", status: 200, contains: []string{"没有评价结果"}},
		{name: "one township", role: "officer", path: "/register/tiles?township=360428101000", status: 200, contains: []string{"棠荫村"}, excludes: []string{"<b>城东社区</b>"}},
		{name: "the own community", role: "secretary", path: "/register/tiles", status: 200, contains: []string{"<b>城东社区</b>"}, excludes: []string{"<b>棠荫村</b>"}},
		{name: "another", role: "elsewhere", path: "/register/tiles", status: 200, contains: []string{"<b>棠荫村</b>"}, excludes: []string{"<b>城东社区</b>"}},
		{name: "a firm: where it serves", role: "firm", path: "/register/tiles", status: 200, contains: []string{"<b>城东社区</b>", "100.0%"}, excludes: []string{"<b>棠荫村</b>"}},
	} {
		s.run(t, f, people)
	}
	_, sheets := workbook(t, people["officer"].get(t, "/register/tiles.xlsx"))
	rows, first := sheets["社区一览"], []string{}
	if len(rows) < 3 {
		t.Fatal(rows)
	}
	for _, c := range rows[1] {
		first = append(first, c.text)
	}
	if got := strings.Join(first, "|"); got != "城东社区|都昌镇|2|1200|1|50.0%||2|2" {
		t.Fatal(got)
	}
}
