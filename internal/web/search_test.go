package web_test

import (
	"context"
	"net/url"
	"testing"

	"redsteward/policy"
	"redsteward/registry"
)

// TestSearch: the one box finds in every register what the actor may read there, and nothing else.
func TestSearch(t *testing.T) {
	f := start(t, 20)
	firm, project := fill(t, f)
	staff(t, f, firm)
	ctx := context.Background()
	if err := f.Appoint(ctx, "administrator", "刘建华", policy.Appointment{Role: "administrator", Scopes: []string{policy.County}}); err != nil {
		t.Fatal(err)
	}
	if err := f.Register.SetBody(ctx, clerk, project, 2, registry.Body{Kind: registry.BodyCommittee, Days: policy.Span{From: f.Register.Today().Add(-100)}}); err != nil {
		t.Fatal(err)
	}
	developer, err := f.Register.CreateDeveloper(ctx, clerk, registry.DeveloperInput{Name: "望江置业有限公司", Code: codeTwo})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 9 {
		if _, err := f.Register.CreateProject(ctx, clerk, registry.ProjectInput{Name: "芝城花园" + string(rune('甲'+i)), Address: "芝城路 " + string(rune('1'+i)) + " 号", Community: cityEast, Households: 20, Kind: registry.KindCommodity}); err != nil {
			t.Fatal(err)
		}
	}
	actor := policy.Actor{ID: "applicant", Appointments: []policy.Appointment{{Role: "firm_manager", Unit: policy.FirmKey(firm), Scopes: []string{policy.FirmKey(firm)}}}}
	filed, err := f.Filed(ctx, actor, project)
	if err != nil {
		t.Fatal(err)
	}
	projectHit, firmHit, filingHit := `href="/register/projects/`+project+`"`, `href="/register/firms/`+firm+`"`, `href="/filings/`+filed+`"`
	q := func(text string) string { return "/search?q=" + url.QueryEscape(text) }
	people := map[string]*person{}
	for _, s := range []scenario{
		{name: "signed out", path: q("望湖"), status: 401},
		{name: "nothing asked", role: "officer", path: "/search", status: 200, contains: []string{"要查什么"}},
		{name: "only signs that say nothing", role: "officer", path: q("—·"), status: 200, contains: []string{"没有找到"}},
		{name: "initials", role: "officer", path: q("why"), status: 200, contains: []string{projectHit, "业委会", filingHit}},
		{name: "pinyin of a firm", role: "officer", path: q("ganbei"), status: 200, contains: []string{firmHit, filingHit}, excludes: []string{`id="projects"`}},
		{name: "code", role: "officer", path: q(codeOne), status: 200, contains: []string{firmHit}},
		{name: "address", role: "officer", path: q("东风大道 8 号"), status: 200, contains: []string{projectHit, "都昌镇 城东社区"}},
		{name: "developer", role: "officer", path: q("wangjiang"), status: 200, contains: []string{"/register/developers/" + developer}},
		{name: "division by code", role: "officer", path: q(cityEast), status: 200, contains: []string{"/register/divisions/" + cityEast, "社区（村）"}},
		{name: "more than the page shows", role: "officer", path: q("芝城花园"), status: 200, contains: []string{"9 条", "看全部", "/register/projects?q=" + url.QueryEscape("芝城花园")}, excludes: []string{"芝城花园壬"}},
		{name: "no account for an officer", role: "officer", path: q("刘建华"), status: 200, contains: []string{"没有找到"}},
		{name: "accounts for an administrator", role: "administrator", path: q("liujianhua"), status: 200, contains: []string{"/admin/accounts/", "刘建华"}},
		{name: "the own community", role: "secretary", path: q("望湖苑"), status: 200, contains: []string{projectHit}},
		{name: "not another community", role: "elsewhere", path: q("望湖苑"), status: 200, excludes: []string{projectHit, `id="projects"`, `id="filings"`}},
		{name: "nor its filings", role: "elsewhere", path: q("赣北"), status: 200, excludes: []string{filingHit, firmHit}},
		{name: "a firm finds itself", role: "firm", path: q("gbwy"), status: 200, contains: []string{firmHit, filingHit}},
		{name: "and no developer", role: "firm", path: q("望江"), status: 200, excludes: []string{"/register/developers/"}},
	} {
		s.run(t, f, people)
	}
}
