package policy

import (
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// TestDeparted: who left is forgotten when the term after the last office has passed and not a day before; the log stays whole, the account stays closed to everybody, and the login is free.
func TestDeparted(t *testing.T) {
	d := newDesk(t)
	ctx, today := t.Context(), calendar.DateOf(d.business())
	seat := func(until calendar.Date) Appointment {
		return Appointment{Role: "inspector", Scopes: []string{County}, Days: Span{From: today.Add(-100), Until: until}}
	}
	issued, err := d.CreateAccounts(ctx, d.admin, "file", []NewAccount{{"gone", "走某", []Appointment{seat(today.Add(-50)), seat(today.Add(-20))}}, {"stays", "留某", []Appointment{seat(today.Add(-50)), seat(calendar.Date{})}}, {"never", "未某", nil}})
	if err != nil {
		t.Fatal(err)
	}
	terms := map[string]int{"account.personal": 30}
	r := Retention{DB: d.db, Now: d.business, Keepings: []Keeping{{Rule: "account.personal", Why: "保存期满", Each: d.Departed}}, Deadlines: func(rule string, start calendar.Date) (calendar.Deadline, error) {
		return calendar.Deadline{Rule: rule, Due: start.Add(terms[rule])}, nil
	}}
	names := func() (out [3]string) {
		t.Helper()
		if err := r.Forget(ctx); err != nil {
			t.Fatal(err)
		}
		for i, one := range issued {
			a, err := d.OneAccount(ctx, d.admin, one.ID)
			if err != nil {
				t.Fatal(err)
			}
			if out[i] = a.Name; a.Purged != (a.Name == store.PurgedText) {
				t.Errorf("%+v", a)
			}
		}
		return out
	}
	d.ahead = 10 * 24 * time.Hour
	if got := names(); got != [3]string{"走某", "留某", "未某"} {
		t.Errorf("on the last day: %v", got)
	}
	d.ahead = 11 * 24 * time.Hour
	if got := names(); got != [3]string{store.PurgedText, "留某", "未某"} {
		t.Errorf("after the term: %v", got)
	}
	d.ahead = 31 * 24 * time.Hour
	before, err := d.db.Engine().LastN(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got := names(); got != [3]string{store.PurgedText, "留某", store.PurgedText} {
		t.Errorf("after the term of who was never appointed: %v", got)
	}
	again, err := d.db.Engine().LastN(ctx)
	if err != nil || again <= before {
		t.Fatalf("%d after %d: %v", again, before, err)
	}
	if names(); err == nil {
		if last, err := d.db.Engine().LastN(ctx); err != nil || last != again {
			t.Errorf("what was destroyed is destroyed every night: %d after %d, %v", last, again, err)
		}
	}
	v, err := store.Verifier(ctx, d.db.Engine())
	if err != nil {
		t.Fatal(err)
	}
	if report, err := v.Verify(ctx, d.db.Engine()); err != nil || report.Found > 0 {
		t.Errorf("the log: %+v %v", report, err)
	}
	_, err = d.SignIn(ctx, Credentials{Login: "gone", Password: issued[0].OneTime})
	wantKind(t, err, fault.Unauthenticated)
	if _, _, err := d.CreateAccount(ctx, d.admin, "gone", "新某"); err != nil {
		t.Errorf("the login of who is forgotten: %v", err)
	}
	wantKind(t, d.Appoint(ctx, d.admin, issued[0].ID, 1, seat(calendar.Date{})), fault.Conflict)
	rows, err := d.Roster(ctx, d.admin, AccountQuery{Text: "走"})
	if err != nil || len(rows) != 0 {
		t.Errorf("a forgotten name is found: %+v %v", rows, err)
	}
}
