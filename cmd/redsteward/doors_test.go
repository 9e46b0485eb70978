//go:build !race

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/fault"
	"redsteward/internal/web"
	"redsteward/policy"
)

// doorsFile says which roles each route is open to: method, path, right, roles; and if the address names something, what decides whether it is theirs (rowOf). It is read in review; a new route, or a right that somebody gets, is a line that changes.
const doorsFile = "testdata/doors.txt"

// asRole answers for sessions whose token is the code of a role.
type asRole struct{ web.People }

func (asRole) Resolve(_ context.Context, token string) (policy.Actor, error) {
	return policy.Actor{ID: "role-" + strings.ReplaceAll(token, "_", "-"), Appointments: []policy.Appointment{{Role: policy.Role(token), Scopes: []string{policy.County}}}}, nil
}

var pathParameter = regexp.MustCompile(`:(\w+)(<[^/]*>)?`)

// pathOf fills the parameters of a route with something that does not exist.
func pathOf(route string) string {
	return pathParameter.ReplaceAllStringFunc(route, func(p string) string {
		if strings.Contains(p, "int") {
			return "1"
		}
		return "none"
	})
}

// TestDoors tries every route as every role of the shipped rights. Whoever may not is refused with 403, or 401 without a session, and nothing is written; who may is not sent
// to sign in. Which roles may stands in doorsFile (`go test ./cmd/redsteward -run Doors -update` after a wanted change).
func TestDoors(t *testing.T) {
	settings, err := loadConfig("", nil, []string{"store.uri=" + t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{ctx: t.Context(), out: io.Discard, errOut: io.Discard, now: func() time.Time { return october }}
	s, err := openService(p, settings, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	options, err := s.webOptions(t.Context(), "", "小区")
	if err != nil {
		t.Fatal(err)
	}
	options.People, options.Access = asRole{options.People}, nil
	server, err := web.New(options)
	if err != nil {
		t.Fatal(err)
	}
	address, stop := serving(t, server)
	t.Cleanup(stop)

	rules := s.guard.Rules()
	var table strings.Builder
	refused, routes := 0, 0
	var tries errgroup.Group
	tries.SetLimit(4)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, r := range server.Routes() {
		routes++
		right := string(r.Action)
		if r.Or != "" {
			right += "|" + string(r.Or)
		}
		var open []string
		for _, role := range rules.Roles() {
			code := string(role.Role)
			by := policy.Actor{}
			if role.Role != policy.Anonymous {
				by, _ = asRole{}.Resolve(t.Context(), code)
			}
			if rules.Allow(by, r.Action) || r.Or != "" && rules.Allow(by, r.Or) {
				open = append(open, code)
				continue
			}
			refused++
			want := http.StatusForbidden
			if role.Role == policy.Anonymous {
				want = http.StatusUnauthorized
			}
			tries.Go(func() error {
				status, err := knock(t.Context(), client, address, r, code)
				if err == nil && status != want {
					err = fmt.Errorf("%s %s as %s: %d, want %d", r.Method, r.Path, code, status, want)
				}
				return err
			})
		}
		slices.Sort(open)
		switch len(rules.Roles()) - len(open) {
		case 0:
			open = []string{"everybody"}
		case 1:
			if !slices.Contains(open, string(policy.Anonymous)) {
				open = []string{"everybody signed in"}
			}
		}
		fmt.Fprintf(&table, "%s %s %s: %s%s\n", r.Method, r.Path, right, strings.Join(open, " "), rowOf(t, rules, r))
	}
	if err := tries.Wait(); err != nil {
		t.Error(err)
	}
	if n, err := s.db.Engine().LastN(t.Context()); err != nil || n != 0 {
		t.Errorf("the refused tries wrote %d records: %v", n, err)
	}
	t.Logf("%d routes × %d roles: %d tries refused", routes, len(rules.Roles()), refused)
	if routes < 400 || refused < 10_000 {
		t.Errorf("only %d routes and %d refused tries: the walk is broken", routes, refused)
	}
	if *update {
		if err := os.WriteFile(doorsFile, []byte(table.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	declared, err := os.ReadFile(doorsFile)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(declared), "\n")
	for _, line := range strings.Split(table.String(), "\n") {
		if !slices.Contains(want, line) {
			t.Errorf("not declared in %s: %s", doorsFile, line)
		}
	}
	if got := strings.Count(table.String(), "\n"); got != len(want)-1 {
		t.Errorf("%s has %d lines for %d routes", doorsFile, len(want)-1, got)
	}
}

// knock asks for a route as a role and gives the status.
func knock(ctx context.Context, client *http.Client, base string, r web.Route, role string) (int, error) {
	req, err := http.NewRequestWithContext(ctx, r.Method, base+pathOf(r.Path), nil)
	if err != nil {
		return 0, fault.Wrap("knock", fault.Internal, "", err)
	}
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	if role != string(policy.Anonymous) {
		req.AddCookie(&http.Cookie{Name: "rs_session", Value: role})
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	_, err = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode, err
}
