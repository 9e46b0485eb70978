package policy

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

func shippedFiles(t testing.TB) (conf, csv []byte) {
	t.Helper()
	conf, err := os.ReadFile("../configs/roles.conf")
	if err != nil {
		t.Fatal(err)
	}
	csv, err = os.ReadFile("../configs/roles.csv")
	if err != nil {
		t.Fatal(err)
	}
	return conf, csv
}

func shipped(t testing.TB) *Rules {
	t.Helper()
	r, err := LoadRules(shippedFiles(t))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func with(roles ...Role) Actor {
	a := Actor{ID: "a1"}
	for _, r := range roles {
		a.Appointments = append(a.Appointments, Appointment{Role: r, Scopes: []string{County}})
	}
	return a
}

// TestShippedRights reads testdata/rights.txt: assertTrue and assertFalse as data, role by role.
func TestShippedRights(t *testing.T) {
	r := shipped(t)
	text, err := os.ReadFile("testdata/rights.txt")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for n, line := range strings.Split(string(text), "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		if len(words) < 3 {
			t.Fatalf("line %d: role, may or mayNot, actions", n+1)
		}
		actor := with(Role(words[0]))
		switch words[0] {
		case "anonymous":
			actor = Actor{}
		case "user":
			actor = Actor{ID: "a1"}
		}
		for _, action := range words[2:] {
			if _, known := r.Action(Action(action)); !known {
				t.Errorf("line %d: no action %s", n+1, action)
			}
			if got, want := r.Allow(actor, Action(action)), words[1] == "may"; got != want {
				t.Errorf("line %d: %s %s: got %v, want %v", n+1, words[0], action, got, want)
			}
			checked++
		}
	}
	if checked < 40 {
		t.Fatalf("only %d rights checked", checked)
	}
}

func TestLoadRulesNamesEveryLine(t *testing.T) {
	conf, csv := shippedFiles(t)
	text := string(csv)
	lines := strings.Count(text, "\n")
	tests := []struct{ name, added string }{
		{"unknown action", "p, inspector, evaluation, destroy, allow\n"},
		{"unknown role", "p, wizard, scheme, read, allow\n"},
		{"malformed line", "p, inspector\n"},
		{"unknown kind of line", "x, inspector, scheme, read, allow\n"},
		{"duplicate", "p, inspector, scheme, read, allow\n"},
		{"unknown effect", "p, inspector, scheme, check, maybe\n"},
		{"role twice", "role, inspector, 又一个, business, standing\n"},
		{"circle", "g, user, inspector\ng, inspector, user\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := LoadRules(conf, []byte(text+tt.added))
			if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) == 0 {
				t.Fatalf("not refused: %v", err)
			}
		})
	}
	_, err := LoadRules(conf, []byte(text+"p, wizard, scheme, read, allow\np, inspector, scheme, fly, allow\n"))
	if fields := fault.FieldsOf(err); len(fields) < 2 || !strings.HasPrefix(fields[0].Name, fmt.Sprint("roles.csv:", lines+1)) {
		t.Fatalf("not every line is named (file has %d lines): %v", lines, err)
	}
	if _, err := LoadRules(append(conf, "\n[extra]\n"...), csv); !fault.Is(err, fault.Invalid) {
		t.Errorf("a changed model was accepted: %v", err)
	}
}

func TestDenyWins(t *testing.T) {
	conf, csv := shippedFiles(t)
	r, err := LoadRules(conf, append(csv, "p, inspector, log, read, deny\n"...))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Allow(with("property_officer"), ReadLog) || r.Allow(with("property_officer", "inspector"), ReadLog) {
		t.Error("a deny in one role does not win over the allow of another")
	}
}

func TestReloadIsAllOrNothing(t *testing.T) {
	conf, csv := shippedFiles(t)
	g := NewGuard(shipped(t), TenureTable{})
	if _, err := g.Reload(conf, []byte("p, nobody, x, y, allow\n")); !fault.Is(err, fault.Invalid) {
		t.Fatal(err)
	}
	if !g.Allow(with("inspector"), ReadScheme) {
		t.Fatal("a refused reload changed the rules")
	}
	if _, err := g.Reload(conf, append(csv, "p, inspector, scheme, check, allow\n"...)); err != nil {
		t.Fatal(err)
	}
	if !g.Allow(with("inspector"), CheckScheme) {
		t.Error("the reload did not come into force")
	}
}

func TestWhyNamesRuleAndPeople(t *testing.T) {
	g := NewGuard(shipped(t), TenureTable{})
	d, err := g.Why(t.Context(), with("firm_manager"), RunEvaluation, nil)
	if err != nil || d.Allowed || d.Rule == "" || !strings.Contains(d.WhoTitles(), "物业管理股") {
		t.Fatalf("%+v %v", d, err)
	}
	if d, err = g.Why(t.Context(), with("property_officer"), RunEvaluation, nil); err != nil || !d.Allowed || !strings.Contains(d.Rule, "roles.csv") {
		t.Fatalf("%+v %v", d, err)
	}
	if err := g.Require(Actor{}, RunEvaluation); !fault.Is(err, fault.Unauthenticated) {
		t.Error(err)
	}
	if err := g.Require(with("owner"), RunEvaluation); !fault.Is(err, fault.Forbidden) || fault.RuleOf(err) == "" {
		t.Error(err)
	}
}

func date(t testing.TB, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestScopeFollowsTenure: a firm reaches the rows of a project for the days on which it held it, and no others.
func TestScopeFollowsTenure(t *testing.T) {
	day := func(s string) calendar.Date { return date(t, s) }
	g := NewGuard(shipped(t), TenureTable{{Firm: "f1", Project: "p1", Span: Span{From: day("2025-01-01"), Until: day("2026-06-30")}}})
	by := Actor{ID: "a", Appointments: []Appointment{{Role: "firm_manager", Unit: "f:f1", Scopes: []string{"f:f1"}}}}
	scope, err := g.Scope(t.Context(), by, ReadEvaluation)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		keys []string
		day  string
		want bool
	}{
		{"stamped with the firm", []string{"p:p1", "f:f1"}, "2026-06-30", true},
		{"another firm's row", []string{"p:p2", "f:f2"}, "2026-06-30", false},
		{"no keys at all", nil, "2026-06-30", false},
	}
	for _, tt := range tests {
		if got := scope.Covers(tt.keys, day(tt.day)); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if err := scope.Require("test", []string{"f:f2"}, day("2026-01-01")); !fault.Is(err, fault.NotFound) {
		t.Errorf("outside must look as if it did not exist: %v", err)
	}
	if none, err := g.Scope(t.Context(), Actor{}, ReadEvaluation); err != nil || !none.Empty() {
		t.Errorf("%+v %v", none, err)
	}
}

func TestSpanEdges(t *testing.T) {
	s := Span{From: date(t, "2026-10-01"), Until: date(t, "2026-10-31")}
	for day, want := range map[string]bool{"2026-09-30": false, "2026-10-01": true, "2026-10-31": true, "2026-11-01": false} {
		if s.Holds(date(t, day)) != want {
			t.Errorf("%s: want %v", day, want)
		}
	}
	if !(Span{}).Holds(date(t, "1999-01-01")) || (Span{}).Holds(calendar.Date{}) {
		t.Error("an open span holds every day, and no day lies in none")
	}
}

// TestNoRoleNoRight: whoever holds no role may do only what everybody may.
func TestNoRoleNoRight(t *testing.T) {
	r := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		action := Action(rapid.StringMatching(`[a-z]{1,10}\.[a-z]{1,10}`).Draw(t, "action"))
		if info, known := r.Action(action); !known && r.Allow(with("property_officer", "director", "administrator"), action) {
			t.Fatalf("an action that nobody declared is allowed: %s %v", action, info)
		}
	})
	for _, action := range Actions() {
		for _, actor := range []Actor{{}, {ID: "a1"}, with("wizard")} {
			want, _ := r.RoleAllows(Anonymous, action.Action)
			if actor.ID != "" {
				want, _ = r.RoleAllows(User, action.Action)
			}
			if got := r.Allow(actor, action.Action); got != want {
				t.Errorf("%+v %s: %v, want %v", actor, action.Action, got, want)
			}
		}
	}
}

// approvalAt is a chain of two levels, the second countersigned by two.
func approvalAt(t *testing.T) (Approval, time.Time) {
	t.Helper()
	chain := Chain{ID: "circular", Version: 1, Title: "通报签发", Basis: "建议", Levels: []Level{
		{Name: "股长审核", Seats: []Seat{{Role: "section_chief"}}},
		{Name: "会签", Seats: []Seat{{Role: "deputy_director", Deputies: []Role{"director"}}, {Role: "legal_officer"}}},
	}}
	a, err := OpenApproval(shipped(t), chain, "circular/c1/1", "sha256:"+strings.Repeat("ab", 32), Actor{ID: "maker", Appointments: with("property_officer").Appointments})
	if err != nil {
		t.Fatal(err)
	}
	return a, time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
}

func TestApprovalNeedsEverySeatAndOtherPeople(t *testing.T) {
	a, at := approvalAt(t)
	seen := a.SubjectHash
	who := func(id string, r Role) Actor { b := with(r); b.ID = id; return b }
	if _, err := a.Decide(who("maker", "section_chief"), Sign{Move: MoveAgree, SubjectHash: seen}, at); err == nil {
		t.Error("the maker signed his own paper")
	}
	if _, err := a.Decide(who("x", "inspector"), Sign{Move: MoveAgree, SubjectHash: seen}, at); err == nil {
		t.Error("somebody without a seat signed")
	}
	step := func(by Actor, s Sign) {
		t.Helper()
		next, err := a.Decide(by, s, at)
		if err != nil {
			t.Fatal(err)
		}
		a = next
	}
	step(who("chief", "section_chief"), Sign{Move: MoveAgree, SubjectHash: seen})
	step(who("law", "legal_officer"), Sign{Move: MoveAgree, SubjectHash: seen})
	if a.State == ApprovalApproved {
		t.Fatal("approved with a seat open")
	}
	if _, err := a.Decide(who("boss", "director"), Sign{Move: MoveAgree, SubjectHash: seen}, at); err == nil {
		t.Error("a deputy signed without a reason")
	}
	step(who("boss", "director"), Sign{Move: MoveAgree, SubjectHash: seen, Reason: "分管局领导出差"})
	if a.State != ApprovalApproved {
		t.Fatalf("state %s", a.State)
	}
	if _, err := a.Decide(who("late", "director"), Sign{Move: MoveRefuse, SubjectHash: seen, Reason: "晚了"}, at); !fault.Is(err, fault.Conflict) {
		t.Errorf("a closed approval was decided again: %v", err)
	}
}

func FuzzParseRoles(f *testing.F) {
	conf, csv := shippedFiles(f)
	f.Add(string(csv))
	f.Add("role, a, b\np,,,,\ng, a, a\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := LoadRules(conf, []byte(text))
		if (r == nil) == (err == nil) {
			t.Fatalf("rules %v with error %v", r, err)
		}
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatalf("bad text is not Invalid: %v", err)
		}
	})
}

// BenchmarkAllow holds the bar of design §8: at most 2 µs.
func BenchmarkAllow(b *testing.B) {
	r := shipped(b)
	by := with("inspector", "property_officer", "section_chief")
	for b.Loop() {
		if !r.Allow(by, RunEvaluation) {
			b.Fatal("denied")
		}
	}
}
