package policy

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// TestRoster: accounts are found by name, login and the end of a phone, narrowed by office, unit, state and end, and sorted; nobody lists them without the right.
func TestRoster(t *testing.T) {
	d := newDesk(t)
	today := calendar.DateOf(d.business())
	seat := func(role Role, unit string, until calendar.Date) []Appointment {
		return []Appointment{{Role: role, Unit: unit, Scopes: []string{unit}, Days: Span{From: today.Add(-400), Until: until}}}
	}
	list := []NewAccount{{"wang-yi", "王一", seat("inspector", County, calendar.Date{})}, {"li-er", "李二", seat("community_worker", "c:1", today.Add(5))}, {"zhao-san", "赵三", seat("community_worker", "c:2", today.Add(60))},
		{"sun-si", "孙四", seat("firm_manager", "f:1", today.Add(-1))}, {"zhou-wu", "周五", nil}}
	issued, err := d.CreateAccounts(t.Context(), d.admin, "file-1", list)
	if err != nil || len(issued) != len(list) {
		t.Fatalf("%+v %v", issued, err)
	}
	one, err := d.OneAccount(t.Context(), d.admin, issued[2].ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.SetDisabled(t.Context(), d.admin, one.ID, one.Seq, true); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, err := d.SignIn(t.Context(), Credentials{Login: "wang-yi", Password: "wrong"}); err == nil {
			t.Fatal("a wrong password opened something")
		}
	}
	phones := func(_ context.Context, ids []string) ([]string, error) {
		out := make([]string, len(ids))
		for i, id := range ids {
			if id == issued[1].ID {
				out[i] = "13900001234"
			}
		}
		return out, nil
	}
	for _, tt := range []struct {
		q    AccountQuery
		want string
	}{
		{AccountQuery{}, "admin li-er sun-si wang-yi zhao-san zhou-wu"}, {AccountQuery{Desc: true}, "zhou-wu zhao-san wang-yi sun-si li-er admin"},
		{AccountQuery{Text: "王"}, "wang-yi"}, {AccountQuery{Text: " ZHOU "}, "zhou-wu"}, {AccountQuery{Text: "1234", Phones: phones}, "li-er"}, {AccountQuery{Text: "1234"}, ""}, {AccountQuery{Text: "234", Phones: phones}, ""}, {AccountQuery{Text: "390000", Phones: phones}, ""},
		{AccountQuery{Role: "community_worker"}, "li-er zhao-san"}, {AccountQuery{Unit: "c:1"}, "li-er"}, {AccountQuery{Role: "firm_manager"}, ""},
		{AccountQuery{State: AccountClosed}, "zhao-san"}, {AccountQuery{State: AccountLeft}, "sun-si"}, {AccountQuery{State: AccountWaiting}, "zhou-wu"}, {AccountQuery{State: AccountLocked}, "wang-yi"}, {AccountQuery{State: AccountActive}, "admin li-er wang-yi"},
		{AccountQuery{Within: 7}, "li-er"}, {AccountQuery{Within: 90, Sort: AccountsByEnd}, "li-er zhao-san"}, {AccountQuery{Sort: AccountsByEnd, State: AccountActive}, "li-er admin wang-yi"},
	} {
		rows, err := d.Roster(t.Context(), d.admin, tt.q)
		var got []string
		for _, r := range rows {
			got = append(got, r.Login)
		}
		if err != nil || strings.Join(got, " ") != tt.want {
			t.Errorf("%+v: %v, want %s (%v)", tt.q, got, tt.want, err)
		}
	}
	_, err = d.Roster(t.Context(), d.admin, AccountQuery{Sort: "hash"})
	wantKind(t, err, fault.Invalid)
	_, err = d.Roster(t.Context(), Actor{ID: "x", Appointments: []Appointment{{Role: "inspector"}}}, AccountQuery{})
	wantKind(t, err, fault.Forbidden)
}

// TestCreateAccounts: a file opens all of its accounts or none; tried again it opens none twice, gives another first password to who has not set one, and leaves the others alone.
func TestCreateAccounts(t *testing.T) {
	d := newDesk(t)
	ctx, today := t.Context(), calendar.DateOf(d.business())
	worker := Appointment{Role: "community_worker", Unit: "c:1", Scopes: []string{"c:1"}, Days: Span{From: today}}
	wrong := []NewAccount{{"fine", "好人", []Appointment{worker}}, {"a", "短名", nil}, {"ADMIN", "重名", nil}, {"fine", "又一个", nil}, {"order", "凭单的", []Appointment{{Role: "auditor", Days: Span{From: today}}}}, {"two", "两职", []Appointment{worker, {Role: Administrator, Days: Span{From: today}}}}}
	before, err := d.db.Engine().LastN(ctx)
	if err != nil {
		t.Fatal(err)
	}
	bad, err := d.CheckAccounts(ctx, d.admin, "file", wrong)
	if err != nil {
		t.Fatal(err)
	}
	for i, field := range []string{"", "login", "login", "login", "order", "role"} {
		if field == "" && len(bad[i]) != 0 || field != "" && (len(bad[i]) == 0 || bad[i][0].Name != field) {
			t.Errorf("%s: %v, want %q", wrong[i].Name, bad[i], field)
		}
	}
	_, err = d.CreateAccounts(ctx, d.admin, "file", wrong)
	wantKind(t, err, fault.Invalid)
	if fields := fault.FieldsOf(err); len(fields) == 0 || fields[0].Name != "1.login" {
		t.Errorf("%+v", fields)
	}
	_, err = d.CreateAccounts(ctx, Actor{ID: "x", Appointments: []Appointment{{Role: "property_officer"}}}, "file", wrong[:1])
	wantKind(t, err, fault.Forbidden)
	many := make([]NewAccount, MaxBatch+1)
	for i := range many {
		many[i] = NewAccount{Login: fmt.Sprintf("many-%d", i), Name: "某某"}
	}
	_, err = d.CreateAccounts(ctx, d.admin, "file", many)
	wantKind(t, err, fault.Invalid)
	if after, err := d.db.Engine().LastN(ctx); err != nil || after != before {
		t.Fatalf("what was refused wrote: %d, %d, %v", before, after, err)
	}

	good := []NewAccount{{"Wei", "魏某", []Appointment{worker}}, {"han", "韩某", nil}}
	first, err := d.CreateAccounts(ctx, d.admin, "file", good)
	if err != nil {
		t.Fatal(err)
	}
	in, err := d.SignIn(ctx, Credentials{Login: "wei", Password: first[0].OneTime})
	if err != nil || !in.Actor.MustChangePassword || !in.Actor.Has("community_worker") {
		t.Fatalf("%+v %v", in, err)
	}
	if err := d.ChangePassword(ctx, in.Actor, first[0].OneTime, "Poyang-Lake-88"); err != nil {
		t.Fatal(err)
	}
	again, err := d.CreateAccounts(ctx, d.admin, "file", good)
	if err != nil || again[0].ID != first[0].ID || again[0].OneTime != "" || again[1].ID != first[1].ID || again[1].OneTime == first[1].OneTime {
		t.Fatalf("%+v after %+v: %v", again, first, err)
	}
	_, err = d.SignIn(ctx, Credentials{Login: "han", Password: first[1].OneTime})
	wantKind(t, err, fault.Unauthenticated)
	if _, err = d.SignIn(ctx, Credentials{Login: "han", Password: again[1].OneTime}); err != nil {
		t.Error(err)
	}
	if _, err = d.SignIn(ctx, Credentials{Login: "wei", Password: "Poyang-Lake-88"}); err != nil {
		t.Error(err)
	}
	_, err = d.CreateAccounts(ctx, d.admin, "another file", good)
	wantKind(t, err, fault.Invalid)
}
