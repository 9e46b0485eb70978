package policy

import (
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// Accounts that share a password are told apart by their logins, have their appointment at once, and each changes its own password.
func TestCreateShared(t *testing.T) {
	d := newDesk(t)
	today := calendar.DateOf(d.business())
	seat := func(role Role, scope string) Appointment {
		return Appointment{Role: role, Scopes: []string{scope}, Days: Span{From: today}}
	}
	const password = "Demo-1a2b3c4d"
	ids, err := d.CreateShared(t.Context(), d.admin, password, []Newcomer{
		{Login: "Worker-01", Name: "张明（演示）", Appointment: seat("community_worker", "c:1")},
		{Login: "worker-02", Name: "李华（演示）", Appointment: seat("community_worker", "c:2")},
	})
	if err != nil || len(ids) != 2 || ids[0] == ids[1] {
		t.Fatal(ids, err)
	}
	for i, login := range []string{"worker-01", "worker-02"} {
		in, err := d.SignIn(t.Context(), Credentials{Login: login, Password: password})
		if err != nil || in.Actor.ID != ids[i] || !in.Actor.Has("community_worker") || in.Actor.MustChangePassword {
			t.Errorf("%s: %+v %v", login, in.Actor, err)
		}
	}
	first, err := d.accounts.Load(t.Context(), ids[0])
	if err != nil {
		t.Fatal(err)
	}
	second, err := d.accounts.Load(t.Context(), ids[1])
	if err != nil || first.State.Password.Hash != second.State.Password.Hash {
		t.Error("hashed more than once", err)
	}

	before, err := d.db.Engine().LastN(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	refused := map[string]struct {
		by       Actor
		password string
		newcomer Newcomer
		kind     fault.Kind
		field    string
	}{
		"no right":       {Actor{ID: "officer", Appointments: []Appointment{{Role: "property_officer", Scopes: []string{County}}}}, password, Newcomer{"x-1", "某某", seat("cashier", County)}, fault.Forbidden, ""},
		"weak password":  {d.admin, "12345678", Newcomer{"x-1", "某某", seat("cashier", County)}, fault.Invalid, "password"},
		"no login":       {d.admin, password, Newcomer{"", "某某", seat("cashier", County)}, fault.Invalid, "0.login"},
		"no name":        {d.admin, password, Newcomer{"x-1", " ", seat("cashier", County)}, fault.Invalid, "0.name"},
		"unknown role":   {d.admin, password, Newcomer{"x-1", "某某", seat("king", County)}, fault.Invalid, "0.role"},
		"order missing":  {d.admin, password, Newcomer{"x-1", "某某", seat("auditor", County)}, fault.Invalid, "0.order"},
		"scope is wrong": {d.admin, password, Newcomer{"x-1", "某某", seat("cashier", "x:1")}, fault.Invalid, "0.scopes[0]"},
	}
	for name, c := range refused {
		_, err := d.CreateShared(t.Context(), c.by, c.password, []Newcomer{c.newcomer})
		if !fault.Is(err, c.kind) {
			t.Errorf("%s: %v", name, err)
		}
		if fields := fault.FieldsOf(err); c.field != "" && (len(fields) == 0 || fields[0].Name != c.field) {
			t.Errorf("%s: %+v", name, fields)
		}
	}
	if after, err := d.db.Engine().LastN(t.Context()); err != nil || after != before {
		t.Errorf("a refused call wrote: %d, %d, %v", before, after, err)
	}
	_, err = d.CreateShared(t.Context(), d.admin, password, []Newcomer{{"worker-02", "王敏（演示）", seat("community_worker", "c:3")}})
	wantKind(t, err, fault.Conflict)
}
