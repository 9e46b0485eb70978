package web_test

import (
	"net/http"
	"net/url"
	"regexp"
	"testing"
)

// TestAbsencePages: an administrator records that a colleague is away, everybody else is refused, and the page of the ways of approval names what lacks.
func TestAbsencePages(t *testing.T) {
	f := start(t, 1)
	people := map[string]*person{}
	admin := newPerson(t, f).signIn(t, "admin")
	list := admin.get(t, "/admin/accounts")
	one := regexp.MustCompile(`href="(/admin/accounts/[^"]+)">inspector<`).FindStringSubmatch(list.body)
	if one == nil {
		t.Fatalf("%.2000s", list.body)
	}
	seq := regexp.MustCompile(`name="seq" value="(\d+)"`).FindStringSubmatch(admin.get(t, one[1]).body)[1]
	form := func(pairs ...string) url.Values {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	for _, s := range []scenario{
		{name: "who lacks for the approvals", role: "admin", path: "/approvals", status: 200, contains: []string{"登记备案审批", "会签", "不在时由分管局领导代", "现在办不了", "现有 0 名能办"}},
		{name: "an inspector sees no approvals", role: "inspector", path: "/approvals", status: 403},
		{name: "an inspector signs nothing and names no deputy", role: "inspector", method: http.MethodPost, path: "/account/away", form: form("away-from", "2026-10-19"), status: 403},
		{name: "his account has no such part", role: "inspector", path: "/account", status: 200, excludes: []string{"外出与代理"}},
		{name: "an inspector records nothing for others", role: "inspector", method: http.MethodPost, path: one[1] + "/away", form: form(), status: 403},
		{name: "the part is on the page of an account", role: "admin", path: one[1], status: 200, contains: []string{"外出与代理", "登记外出"}},
		{name: "no date and nobody", role: "admin", method: http.MethodPost, path: one[1] + "/away", form: form("seq", seq, "away-from", "19.10."), status: 422, contains: []string{"“19.10.”不是日期"}},
		{name: "nobody who can sign", role: "admin", method: http.MethodPost, path: one[1] + "/away", form: form("seq", seq, "away-from", "2027-10-19", "away-until", "2027-10-20"), status: 422,
			contains: []string{"请选择代理人"}},
		{name: "nothing to end", role: "admin", method: http.MethodPost, path: one[1] + "/back", form: form("seq", seq, "index", "0"), status: 404},
		{name: "no index", role: "admin", method: http.MethodPost, path: one[1] + "/back", form: form("seq", seq), status: 422},
	} {
		s.run(t, f, people)
	}
}
