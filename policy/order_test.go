package policy

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// narrow is an order of 30 days about one community in 2025.
func narrow(from calendar.Date) Appointment {
	return Appointment{Role: "auditor", Order: "调阅单〔2026〕3号", Scopes: []string{"c:1"}, Days: Span{From: from, Until: from.Add(29)},
		Access: &AccessOrder{Reason: "核查 2025 年度星级", Matters: []string{"evaluation", "log", "register"}, FirstYear: 2025, LastYear: 2025}}
}

// TestOrderFaults: an order says what for, what, where, which years and until when; it names nothing that the office may not read, and lasts no longer than roles.csv says.
func TestOrderFaults(t *testing.T) {
	r, today := shipped(t), calendar.DateOf(newDeskWithout(t).clock())
	for name, tt := range map[string]struct {
		change func(*Appointment)
		field  string
	}{
		"as it should be":            {func(*Appointment) {}, ""},
		"the whole county, with why": {func(ap *Appointment) { ap.Scopes, ap.Access.Whole = []string{County}, "全县星级评定复核" }, ""},
		"no number":                  {func(ap *Appointment) { ap.Order = " " }, "order"},
		"for a firm":                 {func(ap *Appointment) { ap.Unit, ap.Scopes = "f:1", []string{"f:1"} }, "unit"},
		"no first day":               {func(ap *Appointment) { ap.Days.From = calendar.Date{} }, "from"},
		"no end":                     {func(ap *Appointment) { ap.Days.Until = calendar.Date{} }, "until"},
		"a day too long":             {func(ap *Appointment) { ap.Days.Until = ap.Days.From.Add(30) }, "until"},
		"an end before its begin":    {func(ap *Appointment) { ap.Days.Until = ap.Days.From.Add(-1) }, "until"},
		"no order at all":            {func(ap *Appointment) { ap.Access = nil }, "matters"},
		"no reason":                  {func(ap *Appointment) { ap.Access.Reason = "查" }, "reason"},
		"no matter":                  {func(ap *Appointment) { ap.Access.Matters = nil }, "matters"},
		"a matter of another office": {func(ap *Appointment) { ap.Access.Matters = []string{"log", "reporter"} }, "matters"},
		"no year":                    {func(ap *Appointment) { ap.Access.FirstYear, ap.Access.LastYear = 0, 0 }, "first_year"},
		"years the wrong way round":  {func(ap *Appointment) { ap.Access.LastYear = 2024 }, "last_year"},
		"too many years":             {func(ap *Appointment) { ap.Access.LastYear = 2035 }, "last_year"},
		"nowhere":                    {func(ap *Appointment) { ap.Scopes = nil }, "scopes"},
		"the whole county, no why":   {func(ap *Appointment) { ap.Scopes = []string{County} }, "whole"},
		"a why for less":             {func(ap *Appointment) { ap.Access.Whole = "全县星级评定复核" }, "whole"},
		"an order for an inspector":  {func(ap *Appointment) { ap.Role = "inspector" }, "role"},
	} {
		ap := narrow(today)
		tt.change(&ap)
		bad := r.appointmentFaults(ap)
		if tt.field == "" && len(bad) > 0 || tt.field != "" && (len(bad) != 1 || bad[0].Name != tt.field) {
			t.Errorf("%s: %v, want %q", name, bad, tt.field)
		}
	}
	conf, csv := shippedFiles(t)
	for _, line := range []string{"role, boss, 长, audit, order", "role, boss, 长, audit, order, 0", "role, boss, 长, audit, order, 400", "role, boss, 长, audit, order, long", "role, boss, 长, audit, standing, 30"} {
		if _, err := LoadRules(conf, []byte(string(csv)+line+"\n")); len(fault.FieldsOf(err)) != 1 {
			t.Errorf("%s: %v", line, err)
		}
	}
}

// twoTownships are all that a county has.
type twoTownships struct{ TenureTable }

// Townships implements Townships.
func (twoTownships) Townships(context.Context) ([]string, error) { return []string{"t:1", "t:2"}, nil }

// TestOrderNarrows: the holder of an order may do what the order names and nothing else; rows lie inside by place and, but for registers, by year; what is refused names the order.
func TestOrderNarrows(t *testing.T) {
	d := newDeskWithout(t)
	d.guard.tenure = twoTownships{}
	today := calendar.DateOf(d.clock())
	by := Actor{ID: "a1", Appointments: []Appointment{narrow(today)}}
	for action, want := range map[Action]bool{ReadEvaluation: true, ReadLog: true, VerifyLog: true, SignCheckpoint: true, ReadRegister: true, ReadTodo: true, Public: true, ReadMatter: false, ReadFund: false, ReadScheme: false, RunEvaluation: false} {
		if got := d.guard.Allow(by, action); got != want {
			t.Errorf("%s: %v", action, got)
		}
	}
	err := d.guard.Require(by, ReadFund)
	if e := fault.RuleOf(err); !fault.Is(err, fault.Forbidden) || !strings.Contains(e, "调阅单〔2026〕3号") || !strings.Contains(e, today.Add(29).Chinese()) || !strings.Contains(fault.MessageOf(err), "没有列入") {
		t.Errorf("the refusal does not name the order: %v %q", err, e)
	}
	in2025, in2026 := calendar.Year(2025).Span().First, today
	for _, tt := range []struct {
		action Action
		keys   []string
		day    calendar.Date
		want   bool
	}{
		{ReadEvaluation, []string{"p:9", "c:1"}, in2025, true}, {ReadEvaluation, []string{"p:9", "c:1"}, in2026, false}, {ReadEvaluation, []string{"p:9", "c:2"}, in2025, false}, {ReadEvaluation, []string{"c:1"}, calendar.Date{}, false},
		{ReadRegister, []string{"p:9", "c:1"}, in2026, true}, {ReadRegister, []string{"p:9", "c:2"}, in2026, false}, {ReadFund, []string{"c:1"}, in2025, false},
	} {
		scope, err := d.guard.Scope(t.Context(), by, tt.action)
		if err != nil || scope.All() || scope.Covers(tt.keys, tt.day) != tt.want {
			t.Errorf("%s of %v on %s: not %v (%v)", tt.action, tt.keys, tt.day, tt.want, err)
		}
	}
	// The log lies in no rows: the places of an order do not narrow it, so that a page that lists something opens it too.
	if scope, err := d.guard.Scope(t.Context(), by, ReadLog); err != nil || !scope.All() {
		t.Errorf("the log is narrowed by places: %+v %v", scope, err)
	}
	by.Appointments[0].Scopes, by.Appointments[0].Access.Whole = []string{County}, "全县星级评定复核"
	if scope, err := d.guard.Scope(t.Context(), by, ReadEvaluation); err != nil || scope.All() || scope.Exact() || scope.Covers([]string{"p:9", "c:7", "t:1"}, in2026) || !scope.Covers([]string{"p:9", "c:7", "t:1"}, in2025) || !slices.Contains(scope.Keys(), "t:2") {
		t.Errorf("the whole county is not narrowed by its years: %+v %v", scope, err)
	}
	// Who reported, who asked, whose phone it is, and personal files are no matter of any order.
	for _, info := range d.guard.Rules().Roles() {
		for _, m := range d.guard.Rules().Matters(info.Role) {
			if info.Grant == GrantOrder && slices.Contains([]string{"reporter", "asker", "contact", "staff", "member", "account"}, m.Resource) {
				t.Errorf("%s may read %s", info.Role, m.Resource)
			}
		}
	}
}

// TestOrderEnds: an order holds from its first day to its last, in a session that runs too, and is taken back at once; one of before that names nothing lets read nothing.
func TestOrderEnds(t *testing.T) {
	d := newDesk(t)
	id, oneTime, err := d.CreateAccount(t.Context(), d.admin, "shen", "沈某")
	if err != nil {
		t.Fatal(err)
	}
	in, err := d.SignIn(t.Context(), Credentials{Login: "shen", Password: oneTime})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.ChangePassword(t.Context(), in.Actor, oneTime, "Poyang-Lake-88"); err != nil {
		t.Fatal(err)
	}
	today := calendar.DateOf(d.business())
	if err := d.Appoint(t.Context(), d.admin, id, 2, narrow(today)); err != nil {
		t.Fatal(err)
	}
	if in, err = d.SignIn(t.Context(), Credentials{Login: "shen", Password: "Poyang-Lake-88"}); err != nil {
		t.Fatal(err)
	}
	reads := func() bool {
		t.Helper()
		by, err := d.Resolve(t.Context(), in.Token)
		if err != nil {
			t.Fatal(err)
		}
		if (by.OrderMark() != "") != d.guard.Allow(by, ReadEvaluation) {
			t.Errorf("the mark %q and the right differ", by.OrderMark())
		}
		return d.guard.Allow(by, ReadEvaluation)
	}
	if !reads() {
		t.Error("a running order gives nothing")
	}
	d.ahead = 29 * 24 * time.Hour
	if !reads() {
		t.Error("the last day does not count")
	}
	d.ahead = 30 * 24 * time.Hour
	if reads() {
		t.Error("an order outlives its last day")
	}
	d.ahead = 0
	if !reads() {
		t.Error("the clock was put back")
	}
	if err := d.EndAppointment(t.Context(), d.admin, id, 3, 0); err != nil {
		t.Fatal(err)
	}
	if reads() {
		t.Error("an order that was taken back gives something")
	}
	old := narrow(today)
	old.Access = nil
	if got := d.guard.Rules().inForce([]Appointment{old, {Role: "inspector"}}, today); len(got) != 1 || got[0].Role != "inspector" {
		t.Errorf("an order that names nothing is in force: %+v", got)
	}
}
