package web_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"redsteward/policy"
)

// TestSavedViews: a filter of a list is saved under a name, found above the list, renamed and removed, by its owner only.
func TestSavedViews(t *testing.T) {
	f := start(t, 1)
	firm, _ := fill(t, f)
	staff(t, f, firm)
	if err := f.Appoint(context.Background(), "chief", "测试人员", policy.Appointment{Role: "section_chief", Scopes: []string{policy.County}}); err != nil {
		t.Fatal(err)
	}
	list, filtered := "/register/projects", "/register/projects?served=ending&sort=households"
	link := `<a href="` + strings.ReplaceAll(filtered, "&", "&amp;") + `"`
	people := map[string]*person{}
	for _, s := range []scenario{
		{name: "signed out", method: "POST", path: "/account/views", form: pairs("path", list, "query", "served=ending", "name", "快到期"), status: 401},
		{name: "nothing to save", role: "officer", path: list, status: 200, excludes: []string{"保存当前条件"}},
		{name: "a filter can be saved", role: "officer", path: filtered + "&after=&desc=", status: 200, contains: []string{"保存当前条件", `name="query" value="served=ending&amp;sort=households"`}},
		{name: "saved", role: "officer", method: "POST", path: "/account/views", form: pairs("path", list, "query", "sort=households&served=ending&after=x&known=2026-01-01", "name", "快到期"), status: 303, changes: 1},
		{name: "found above the list", role: "officer", path: list, status: 200, contains: []string{link + ">快到期</a>", "管理视图"}, excludes: []string{"保存当前条件"}},
		{name: "marked when it is open", role: "officer", path: filtered, status: 200, contains: []string{link + ` aria-current="true">快到期</a>`}, excludes: []string{"保存当前条件"}},
		{name: "not above another list", role: "officer", path: "/register/firms", status: 200, excludes: []string{"快到期"}},
		{name: "not for another account", role: "chief", path: list, status: 200, excludes: []string{"快到期"}},
		{name: "not when looking back", role: "officer", path: filtered + "&known=2026-10-01", status: 200, excludes: []string{"快到期"}},
		{name: "name taken", role: "officer", method: "POST", path: "/account/views", form: pairs("path", list, "query", "kind=old", "name", "快到期"), status: 422, contains: []string{"已经有名为“快到期”的视图", `value="kind=old"`}},
		{name: "no list", role: "officer", method: "POST", path: "/account/views", form: pairs("path", "https://example.com/", "query", "a=1", "name", "x"), status: 404},
		{name: "a list without right", role: "firm", method: "POST", path: "/account/views", form: pairs("path", "/admin/accounts", "query", "a=1", "name", "x"), status: 404},
		{name: "nothing left of the query", role: "officer", method: "POST", path: "/account/views", form: pairs("path", list, "query", "after=x", "name", "空"), status: 422, contains: []string{"没有可以保存的条件"}},
		{name: "from another site", role: "officer", method: "POST", path: "/account/views", form: pairs("path", list, "query", "kind=old", "name", "x", "_t", "forged"), status: 403},
		{name: "all of one's own", role: "officer", path: "/account/views", status: 200, contains: []string{"小区登记", "快到期", "/account/views/1/rename"}},
		{name: "rename: empty", role: "officer", method: "POST", path: "/account/views/1/rename", form: pairs("name", ""), status: 422, contains: []string{`href="#name-1"`}},
		{name: "rename another's", role: "chief", method: "POST", path: "/account/views/1/rename", form: pairs("name", "x"), status: 404},
		{name: "rename", role: "officer", method: "POST", path: "/account/views/1/rename", form: pairs("name", "九十日内到期"), status: 303, changes: 1},
		{name: "renamed", role: "officer", path: list, status: 200, contains: []string{"九十日内到期"}},
		{name: "remove", role: "officer", method: "POST", path: "/account/views/1/remove", form: pairs(), status: 303, changes: 1},
		{name: "removed", role: "officer", path: list, status: 200, excludes: []string{"九十日内到期", "管理视图"}},
		{name: "remove again", role: "officer", method: "POST", path: "/account/views/1/remove", form: pairs(), status: 404},
	} {
		s.run(t, f, people)
	}
	// Every list with a filter in its address offers it: one mechanism, no handler left out.
	chief := people["chief"]
	offered := 0
	open := map[policy.Action]bool{} // pages for everybody; the choice of a community on a form is none of a list
	for _, a := range policy.Actions() {
		open[a.Action] = a.Open
	}
	filter := regexp.MustCompile(`<form class="filter" action="([^"]+)" method="get"`)
	for _, r := range f.Server.Routes() {
		if r.Method != http.MethodGet || r.Plain || strings.ContainsAny(r.Path, ":.") || open[r.Action] || r.Path == "/search" || strings.HasSuffix(r.Path, "/new") {
			continue
		}
		a := chief.get(t, r.Path+"?q=zz")
		form := filter.FindStringSubmatch(a.body)
		if a.StatusCode != http.StatusOK || form == nil || form[1] != r.Path {
			continue
		}
		if offered++; !strings.Contains(a.body, "保存当前条件") {
			t.Errorf("%s has a filter and no saved views", r.Path)
		}
	}
	if offered < 8 {
		t.Fatalf("only %d lists seen", offered)
	}
}
