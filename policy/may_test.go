package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// TestCompare: what a changed file gives and takes, whoever inherits included, and that moving lines about is no change.
func TestCompare(t *testing.T) {
	rules := shipped(t)
	_, csv := shippedFiles(t)
	text := string(csv)
	proposed := func(text string) Difference {
		t.Helper()
		newer, err := rules.Proposed([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return Compare(rules, newer)
	}
	if d := proposed("# moved\n\n" + text); !d.Empty() {
		t.Errorf("moved lines change %+v", d)
	}
	if d := proposed(strings.Replace(text, "role, auditor, 审计人员, audit, order, 30", "role, auditor, 审计人员, audit, order, 60", 1)); len(d.Roles) != 1 || d.Roles[0].Is.Longest != 60 {
		t.Errorf("a longer term of orders changes %+v", d.Roles)
	}
	without := func(line string) string {
		t.Helper()
		if strings.Count(text, line+"\n") != 1 {
			t.Fatalf("the shipped file has not one line %q", line)
		}
		return strings.Replace(text, line+"\n", "", 1)
	}
	tests := []struct {
		name, file string
		want       []string
	}{
		{"a right and whoever inherits it", without("p, property_officer, log, read, allow"), []string{"-property_officer log.read", "-section_chief log.read"}},
		{"a denial takes what is inherited", text + "p, section_chief, log, read, deny\n", []string{"-section_chief log.read"}},
		{"a new line gives", text + "p, cashier, log, read, allow\n", []string{"+cashier log.read"}},
		{"a new role", text + "role, helper, 协管员, business, standing\np, helper, log, read, allow\n", []string{"role  → 协管员", "+helper log.read"}},
		{"another title", strings.Replace(text, "role, cashier, 出纳, business, standing", "role, cashier, 会计, business, standing", 1), []string{"role 出纳 → 会计"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d := proposed(tt.file)
			var got []string
			for _, r := range d.Roles {
				got = append(got, "role "+r.Was.Title+" → "+r.Is.Title)
			}
			for _, r := range d.Rights {
				sign := "-"
				if r.Gains {
					sign = "+"
				}
				if r.Gains && r.Is == "" || !r.Gains && r.Was == "" {
					t.Errorf("no line decides about %+v", r)
				}
				if (r.Role.Role == "helper") && slices.Contains([]string{"todo.read", "own.read", "own.update", "rights.read", "session.close", "home.read"}, string(r.Action.Action)) {
					continue
				}
				got = append(got, sign+string(r.Role.Role)+" "+string(r.Action.Action))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	if _, err := rules.Proposed([]byte(text + "p, cashier, log, look, allow\nx\n")); !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) != 2 {
		t.Errorf("a broken file: %v", err)
	}
}

// TestSimulate: what somebody may do on a day says the same as what he may do when the day has come, and who may do something about a row are the same people.
func TestSimulate(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.guard.tenure = TenureTable{{Firm: "f1", Project: "p1", Span: Span{From: date(t, "2026-01-01"), Until: date(t, "2026-12-31")}}}
	id, _ := d.person(t, "li")
	other, _ := d.person(t, "ma")
	today := calendar.DateOf(d.business())
	for who, ap := range map[string]Appointment{
		id:    {Role: "project_manager", Unit: "f:f1", Scopes: []string{"p:p1"}, Days: Span{From: today, Until: today.Add(30)}},
		other: {Role: "community_worker", Unit: "c:c1", Scopes: []string{"c:c1"}, Days: Span{From: today}},
	} {
		if err := d.Appoint(ctx, d.admin, who, d.seq(t, who), ap); err != nil {
			t.Fatal(err)
		}
	}
	for _, day := range []calendar.Date{today.Add(-1), today, today.Add(30), today.Add(31)} {
		sim, err := d.Simulate(ctx, d.admin, id, day)
		if err != nil {
			t.Fatal(err)
		}
		in := today.Compare(day) <= 0 && day.Compare(today.Add(30)) <= 0
		if len(sim.Offices) != map[bool]int{true: 1}[in] || len(sim.Rights) != len(Actions())-1 {
			t.Errorf("%s: %d offices, %d rights", day, len(sim.Offices), len(sim.Rights))
		}
		who := Actor{ID: id, Appointments: sim.Offices}
		for _, may := range sim.Rights {
			if may.Allowed != d.guard.Allow(who, may.Action.Action) || may.Rule == "" {
				t.Fatalf("%s: %s is said %v by %q", day, may.Action.Action, may.Allowed, may.Rule)
			}
			if may.Action.Action == ReadEvaluation && in && (len(may.Reaches) != 1 || may.Reaches[0].Key != "p:p1" || !may.Reaches[0].Bounded || len(may.Reaches[0].Spans) != 1) {
				t.Errorf("%s: %+v", day, may.Reaches)
			}
		}
	}
	can := func(action Action, day calendar.Date, keys ...string) string {
		t.Helper()
		list, err := d.WhoCan(ctx, d.admin, action, keys, day)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, c := range list {
			out = append(out, c.Account.Login)
			if c.Rule == "" {
				t.Errorf("%s without a rule", c.Account.Login)
			}
		}
		return fmt.Sprint(out)
	}
	for _, tt := range []struct{ got, want string }{
		{can(ReadEvaluation, today, "p:p1", "c:c1", "f:f1"), "[li ma]"},
		{can(ReadEvaluation, today, "p:p2", "c:c1", "f:f1"), "[ma]"},
		{can(ReadEvaluation, today, "p:p1"), "[li]"},
		{can(ReadEvaluation, date(t, "2027-01-01"), "p:p1"), "[]"}, // after the firm's tenure
		{can(ReadEvaluation, today.Add(-1), "p:p1", "c:c1"), "[]"}, // before both appointments
		{can(ReadEvaluation, today), "[li ma]"},
		{can(AppointAccount, today), "[admin]"},
	} {
		if tt.got != tt.want {
			t.Errorf("got %s, want %s", tt.got, tt.want)
		}
	}
	if n, err := d.Manned(ctx, d.admin); err != nil || n["project_manager"] != 1 || n["community_worker"] != 1 || n[Administrator] != 1 || len(n) != 3 {
		t.Error(n, err)
	}
	if err := d.SetDisabled(ctx, d.admin, id, d.seq(t, id), true); err != nil {
		t.Fatal(err)
	}
	sim, err := d.Simulate(ctx, d.admin, id, today)
	if err != nil || slices.ContainsFunc(sim.Rights, func(m MayDo) bool { return m.Allowed }) {
		t.Errorf("a closed account may: %v", err)
	}
	if got := can(ReadEvaluation, today, "p:p1"); got != "[]" {
		t.Errorf("a closed account is listed: %s", got)
	}
	li := Actor{ID: id, Appointments: sim.Offices}
	_, err = d.Simulate(ctx, li, id, today)
	wantKind(t, err, fault.Forbidden)
	_, err = d.WhoCan(ctx, li, ReadEvaluation, nil, today)
	wantKind(t, err, fault.Forbidden)
	_, err = d.Manned(ctx, li)
	wantKind(t, err, fault.Forbidden)
	_, err = d.Simulate(ctx, d.admin, "none", today)
	wantKind(t, err, fault.NotFound)
	_, err = d.WhoCan(ctx, d.admin, "nothing.at_all", nil, today)
	wantKind(t, err, fault.Invalid)
	_, err = d.WhoCan(ctx, d.admin, ReadEvaluation, []string{"x:1"}, today)
	wantKind(t, err, fault.Invalid)
}
