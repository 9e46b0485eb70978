package main

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"redsteward/policy"
)

// TestDemoOrders: the orders (调阅单) of the demonstrations are such as an administrator could enter, and those of the county name some matters of less than the county.
func TestDemoOrders(t *testing.T) {
	settings, err := loadConfig("", nil, []string{"store.uri=" + filepath.Join(t.TempDir(), "data"), "log.level=warn"})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{ctx: t.Context(), out: io.Discard, errOut: os.Stderr, now: time.Now}
	start := mustTime(demoStart)
	s, err := openServiceAs(p, settings, opening{relaxed: true, business: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	if err := s.demoAccounts(p); err != nil {
		t.Fatal(err)
	}
	admin, err := s.accounts.ActorOf(t.Context(), "admin")
	if err != nil {
		t.Fatal(err)
	}
	plan, err := planCounty(countySeed, smallCounty())
	if err != nil {
		t.Fatal(err)
	}
	l := &countyLoader{plan: plan}
	orders := 0
	for _, info := range s.guard.Rules().Roles() {
		if info.Grant != policy.GrantOrder {
			continue
		}
		orders++
		ids, err := s.accounts.CreateShared(t.Context(), admin, "Demo-12345678", []policy.Newcomer{{Login: "county-" + string(info.Role)[:4], Name: "何书兰", Appointment: l.order(info)}})
		if err != nil {
			t.Fatalf("%s: %v", info.Role, err)
		}
		by, err := s.accounts.Person(t.Context(), ids[0])
		if err != nil || by.OrderMark() == "" {
			t.Errorf("%s holds no order on the first day: %+v %v", info.Role, by, err)
			continue
		}
		ap := by.Appointments[0]
		if slices.Contains(ap.Scopes, policy.County) || len(ap.Scopes) == 0 || len(ap.Access.Matters) == 0 || len(ap.Access.Matters) == len(s.guard.Rules().Matters(info.Role)) || !s.guard.Allow(by, policy.ReadLog) {
			t.Errorf("the order of %s is not narrow: %+v", info.Role, ap.Access)
		}
	}
	if orders == 0 {
		t.Error("no role takes an order")
	}
}
