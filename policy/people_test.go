package policy

import (
	"slices"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

func TestColleaguesAndPersons(t *testing.T) {
	d := newDesk(t)
	today := calendar.DateOf(d.business())
	hire := func(login string, role Role, days Span) string {
		id, _, err := d.CreateAccount(t.Context(), d.admin, login, "演示"+login)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Appoint(t.Context(), d.admin, id, 1, Appointment{Role: role, Scopes: []string{County}, Days: days}); err != nil {
			t.Fatal(err)
		}
		return id
	}
	inspector := hire("jia", "inspector", Span{From: today})
	hire("yi", "inspector", Span{From: today.Add(1)}) // not yet
	cashier := hire("bing", "cashier", Span{From: today})
	gone := hire("ding", "inspector", Span{From: today})
	if err := d.SetDisabled(t.Context(), d.admin, gone, 2, true); err != nil {
		t.Fatal(err)
	}
	officer := Actor{ID: "officer", Appointments: []Appointment{{Role: "property_officer", Scopes: []string{County}}}}
	list, err := d.Colleagues(t.Context(), officer, PlanVisit, DoVisit)
	if err != nil || len(list) != 1 || list[0].ID != inspector || list[0].Name != "演示jia" || list[0].Titles == "" {
		t.Errorf("%+v %v", list, err)
	}
	_, err = d.Colleagues(t.Context(), Actor{ID: cashier, Appointments: []Appointment{{Role: "cashier"}}}, PlanVisit, DoVisit)
	wantKind(t, err, fault.Forbidden)
	staff, err := d.Staffed(t.Context(), d.admin, []Action{DoVisit, ReadAccounts, RunEvaluation})
	if err != nil || !slices.Equal(staff[DoVisit], []string{inspector}) || len(staff[ReadAccounts]) != 1 || len(staff[RunEvaluation]) != 0 {
		t.Errorf("%v %v", staff, err)
	}
	_, err = d.Staffed(t.Context(), officer, []Action{DoVisit})
	wantKind(t, err, fault.Forbidden)
	// Who reads what accounts did sees the offices of that day, and names whole only if he may read accounts.
	for _, of := range []struct {
		by   Actor
		name string
	}{{d.admin, "演示jia"}, {officer, MaskName("演示jia")}, {Actor{}, MaskName("演示jia")}} {
		known, err := d.KnownAs(t.Context(), of.by, []string{inspector, gone, "nobody"})
		one := known[inspector]
		if err != nil || len(known) != 2 || one.Name != of.name || one.TitlesOn(today) != "住建局检查员" || one.TitlesOn(today.Add(-1)) != "" || one.Disabled || one.Purged {
			t.Errorf("%+v %v", known, err)
		}
		if one := known[gone]; !one.Disabled {
			t.Errorf("a closed account: %+v", one)
		}
	}
	person, err := d.Person(t.Context(), inspector)
	if err != nil || !person.Has("inspector") || person.Name != "演示jia" || person.Session != "" {
		t.Errorf("%+v %v", person, err)
	}
	for _, id := range []string{gone, "nobody", "../x"} {
		_, err := d.Person(t.Context(), id)
		wantKind(t, err, fault.NotFound)
	}
}

// TestUses: whoever holds an office in a unit, now or later, uses it.
func TestUses(t *testing.T) {
	d := newDesk(t)
	today := calendar.DateOf(d.business())
	for login, ap := range map[string]Appointment{
		"jia": {Role: "community_worker", Unit: "c:1", Scopes: []string{"c:1"}, Days: Span{From: today}},
		"yi":  {Role: "community_worker", Unit: "c:2", Scopes: []string{"c:2", "c:1"}, Days: Span{From: today.Add(9)}},
	} {
		id, _, err := d.CreateAccount(t.Context(), d.admin, login, "演示"+login)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Appoint(t.Context(), d.admin, id, 1, ap); err != nil {
			t.Fatal(err)
		}
	}
	for key, want := range map[string]string{"c:1": "2 人的任命", "c:2": "1 人的任命", "c:3": ""} {
		if said, err := d.Uses(t.Context(), key, time.Time{}); said != want || err != nil {
			t.Errorf("%s: %q %v", key, said, err)
		}
	}
}
