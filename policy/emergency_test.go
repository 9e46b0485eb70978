package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
)

// TestEmergency: an office taken in an emergency gives its rights over the own rows, never those of a second person, is seen by audit and lead at once, ends by itself, and is looked at once for each duty.
func TestEmergency(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id, in := d.person(t, "li", "inspector")
	_, director := d.person(t, "ma", "director")
	_, audit := d.person(t, "wu", "audit_officer")
	_, cashier := d.person(t, "zhou", "cashier")
	const reason = "水管爆裂，经办人联系不上，要马上查合同"
	me := func() Actor {
		t.Helper()
		by, err := d.Resolve(ctx, in.Token)
		if err != nil {
			t.Fatal(err)
		}
		return by
	}
	before := d.records(t)
	for _, tt := range []struct {
		name   string
		by     Actor
		role   Role
		hours  int
		reason string
		kind   fault.Kind
		field  string
	}{
		{"an office that no line names", me(), "director", 2, reason, fault.Invalid, "role"},
		{"no time", me(), "property_officer", 0, reason, fault.Invalid, "hours"},
		{"too long", me(), "property_officer", MaxEmergencyHours + 1, reason, fault.Invalid, "hours"},
		{"hardly a reason", me(), "property_officer", 2, "急", fault.Invalid, "reason"},
		{"who may take nothing", cashier.Actor, "property_officer", 2, reason, fault.Forbidden, ""},
		{"an administrator", d.admin, "property_officer", 2, reason, fault.Forbidden, ""},
		{"nobody", Actor{}, "property_officer", 2, reason, fault.Unauthenticated, ""},
	} {
		_, err := d.TakeEmergency(ctx, tt.by, tt.role, tt.hours, tt.reason)
		if fault.KindOf(err) != tt.kind || tt.field != "" && fault.FieldsOf(err)[0].Name != tt.field {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	wantKind(t, d.EndEmergency(ctx, me()), fault.Conflict)
	if got := d.records(t) - before; got != 0 {
		t.Errorf("refused tries wrote %d records", got)
	}

	if d.guard.Allow(me(), WriteRegister) {
		t.Fatal("an inspector writes the register without it")
	}
	taken, err := d.TakeEmergency(ctx, me(), "property_officer", 2, reason)
	if err != nil || taken.Number != 1 {
		t.Fatal(taken, err)
	}
	by := me()
	if !d.guard.Allow(by, WriteRegister) || by.Mark() != "应急授权 1" {
		t.Errorf("it gives nothing: %q", by.Mark())
	}
	scope, err := d.guard.Scope(ctx, by, WriteRegister)
	if err != nil || !scope.All() {
		t.Error("its rows are not those of the own office", err)
	}
	officer := with("property_officer")
	for _, a := range Actions() {
		second := slices.Contains(secondHand, a.Action.Verb())
		want := d.guard.Allow(with("inspector"), a.Action) || d.guard.Allow(officer, a.Action) && !second
		if got := d.guard.Allow(by, a.Action); got && second && !d.guard.Allow(with("inspector"), a.Action) || got && !want {
			t.Errorf("%s is given in an emergency", a.Action)
		}
	}
	for _, a := range []Action{SignApproval, AuditEvidence, ReviewVisit, AnswerObjection, ReverseFund} {
		if scope, err := d.guard.Scope(ctx, by, a); err != nil || !scope.Empty() {
			t.Errorf("%s reaches rows: %v", a, err)
		}
		if why, err := d.guard.Why(ctx, by, a, nil); err != nil || why.Allowed || !strings.Contains(why.Rule, "S-4") {
			t.Errorf("%s: %+v %v", a, why, err)
		}
	}
	if (Seat{Role: "property_officer"}).heldBy(by.Appointments) || (Seat{Role: "director", Deputies: []Role{"property_officer"}}).deputyRole(by.Appointments) != "" {
		t.Error("it gives a seat of an approval")
	}
	_, err = d.TakeEmergency(ctx, by, "property_officer", 2, reason)
	if err == nil {
		t.Error("taken twice")
	}
	// Others see at once that it runs, and look at it when it is over.
	running, err := d.Emergencies(ctx, director.Actor)
	if err != nil || len(running) != 1 || !running[0].Running || !running[0].Mine || running[0].Reason != reason {
		t.Fatalf("%+v %v", running, err)
	}
	wantKind(t, d.ReviewEmergency(ctx, director.Actor, id, 1, true, ""), fault.Conflict)
	d.wait(5 * time.Minute)
	_ = me() // the session is in memory
	for range 12 {
		d.wait(9*time.Minute + 35*time.Second)
		_ = me()
	}
	if by = me(); by.Mark() != "" || d.guard.Allow(by, WriteRegister) {
		t.Error("it did not end by itself")
	}
	before = d.records(t)
	wantKind(t, d.ReviewEmergency(ctx, cashier.Actor, id, 1, true, ""), fault.Forbidden)
	wantKind(t, d.ReviewEmergency(ctx, director.Actor, id, 1, false, " "), fault.Invalid)
	wantKind(t, d.ReviewEmergency(ctx, director.Actor, id, 7, true, ""), fault.NotFound)
	if _, err := d.Emergencies(ctx, by); !fault.Is(err, fault.Forbidden) {
		t.Error("everybody reads them:", err)
	}
	if got := d.records(t) - before; got != 0 {
		t.Errorf("refused tries wrote %d records", got)
	}
	if err := d.ReviewEmergency(ctx, director.Actor, id, 1, true, ""); err != nil {
		t.Fatal(err)
	}
	wantKind(t, d.ReviewEmergency(ctx, director.Actor, id, 1, true, ""), fault.Conflict)
	if err := d.ReviewEmergency(ctx, audit.Actor, id, 1, false, "没有必要"); err != nil {
		t.Fatal(err)
	}
	own, err := d.OwnEmergencies(ctx, by)
	if err != nil || len(own) != 1 || len(own[0].Reviews) != 2 || own[0].Reviews[1].Proper || own[0].Running || own[0].Mine {
		t.Errorf("%+v %v", own, err)
	}
	// A second one is given back early.
	if taken, err = d.TakeEmergency(ctx, by, "property_officer", 8, reason); err != nil || taken.Number != 2 {
		t.Fatal(taken, err)
	}
	if err := d.EndEmergency(ctx, me()); err != nil {
		t.Fatal(err)
	}
	if me().Mark() != "" {
		t.Error("it goes on after it was given back")
	}
}

// TestEmergencyLines: who may take what is read as strictly as the rest.
func TestEmergencyLines(t *testing.T) {
	conf, csv := shippedFiles(t)
	for line, want := range map[string]string{
		"e, inspector, nobody":         "没有声明",
		"e, inspector, administrator":  "只在常设的业务岗位之间",
		"e, auditor, property_officer": "只在常设的业务岗位之间",
		"e, inspector, inspector":      "自己的岗位",
		"e, inspector":                 "要有 3 项",
	} {
		_, err := LoadRules(conf, append(slices.Clone(csv), []byte(line+"\n")...))
		fields := fault.FieldsOf(err)
		if len(fields) != 1 || !strings.Contains(fields[0].Message, want) {
			t.Errorf("%s: %v", line, err)
		}
	}
}
