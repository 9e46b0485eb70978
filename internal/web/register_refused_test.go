package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"redsteward/policy"
	"redsteward/policy/policytest"
)

// TestRegisterRefusalsWriteNothing goes through every route that changes a register: without a session, without the right, and with the right but nothing filled in, each is
// refused with the status that belongs to it, and the log stays as long as it was.
func TestRegisterRefusalsWriteNothing(t *testing.T) {
	f := start(t, 1)
	firm, project := fill(t, f)
	staff(t, f, firm)
	parameter := regexp.MustCompile(`:(\w+)(<[^/]*>)?`)
	ids := map[string]string{"/register/firms/": firm, "/register/projects/": project, "/register/divisions/": cityEast}
	addressOf := func(path string) string {
		id := "none"
		for prefix, one := range ids {
			if strings.HasPrefix(path, prefix) {
				id = one
			}
		}
		return parameter.ReplaceAllStringFunc(path, func(p string) string {
			switch {
			case strings.HasPrefix(p, ":id"):
				return id
			case strings.HasPrefix(p, ":contract"):
				return "c1"
			case strings.HasSuffix(p, "<int>"):
				return "0"
			}
			return "none"
		})
	}
	people := map[string]*person{"": newPerson(t, f)}
	rights := policytest.Rules(t)
	roles := map[string]policy.Role{"secretary": "community_secretary", "officer": "property_officer", "admin": "administrator"}
	for login := range roles {
		people[login] = newPerson(t, f)
		people[login].signIn(t, login)
	}
	before := changes(t, f)
	tried := 0
	for _, r := range f.Server.Routes() {
		if r.Method != http.MethodPost || !strings.HasPrefix(r.Path, "/register/") {
			continue
		}
		tried++
		path := addressOf(r.Path)
		able := 0
		for _, login := range []string{"", "secretary", "officer", "admin"} {
			wanted := []int{http.StatusForbidden}
			if login == "" {
				wanted = []int{http.StatusUnauthorized}
			} else if allowed, _ := rights.RoleAllows(roles[login], r.Action); allowed {
				able, wanted = able+1, []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
			}
			a := people[login].send(t, http.MethodPost, path, pairs())
			ok := false
			for _, status := range wanted {
				ok = ok || a.StatusCode == status
			}
			if n := changes(t, f); !ok || n != before {
				t.Errorf("%s as %q: status %d, want one of %v; %d records written", path, login, a.StatusCode, wanted, n-before)
				before = n
			}
		}
		if able == 0 {
			t.Errorf("%s: none of them may", path)
		}
	}
	if tried < 15 {
		t.Errorf("%d routes change the registers", tried)
	}
}
