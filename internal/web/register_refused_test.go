package web_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
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
			}
			return "none"
		})
	}
	people := map[string]*person{"": newPerson(t, f)}
	for _, login := range []string{"secretary", "officer", "admin"} {
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
		able := "officer"
		if strings.HasPrefix(path, "/register/divisions/") {
			able = "admin"
		}
		for login, wanted := range map[string][]int{"": {401}, "secretary": {403}, able: {404, 409, 422}} {
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
	}
	if tried < 15 {
		t.Errorf("%d routes change the registers", tried)
	}
}
