package policy

import (
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// hireAs opens an account with one office in the whole county and returns the person.
func (d *desk) hireAs(t *testing.T, login string, role Role) Actor {
	t.Helper()
	ids, err := d.CreateShared(t.Context(), d.admin, adminPassword, []Newcomer{{Login: login, Name: "演示" + login,
		Appointment: Appointment{Role: role, Unit: County, Scopes: []string{County}, Days: Span{From: calendar.DateOf(d.business()).Add(-9)}}}})
	if err != nil {
		t.Fatal(err)
	}
	return d.acting(t, ids[0])
}

func (d *desk) acting(t *testing.T, id string) Actor {
	t.Helper()
	by, err := d.Person(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return by
}

// TestAbsence: who is away today is stood for by his deputy in approvals and in nothing else, until the absence ends.
func TestAbsence(t *testing.T) {
	d := newDesk(t)
	ctx, today := t.Context(), calendar.DateOf(d.business())
	chief, law, inspector := d.hireAs(t, "chief", "section_chief"), d.hireAs(t, "law", "legal_officer"), d.hireAs(t, "inspector", "inspector")
	days := func(from, until int) Span { return Span{From: today.Add(from), Until: today.Add(until)} }

	before := d.records(t)
	for name, tt := range map[string]struct {
		by     Actor
		days   Span
		deputy string
		kind   fault.Kind
		field  string
	}{
		"somebody else":            {law, days(0, 3), law.ID, fault.Forbidden, ""},
		"who signs nothing":        {inspector, days(0, 3), law.ID, fault.Forbidden, ""},
		"no first day":             {chief, Span{Until: today}, law.ID, fault.Invalid, "from"},
		"no last day":              {chief, Span{From: today}, law.ID, fault.Invalid, "until"},
		"ends before it begins":    {chief, days(3, 2), law.ID, fault.Invalid, "until"},
		"over already":             {chief, days(-3, -1), law.ID, fault.Invalid, "until"},
		"more than a year":         {chief, days(0, 366), law.ID, fault.Invalid, "until"},
		"no deputy":                {chief, days(0, 3), " ", fault.Invalid, "deputy"},
		"himself":                  {chief, days(0, 3), chief.ID, fault.Invalid, "deputy"},
		"nobody":                   {chief, days(0, 3), "nobody", fault.Invalid, "deputy"},
		"a deputy who cannot sign": {chief, days(0, 3), inspector.ID, fault.Invalid, "deputy"},
	} {
		id := chief.ID
		if name == "who signs nothing" {
			id = inspector.ID
		}
		err := d.RecordAbsence(ctx, tt.by, id, 1, tt.days, tt.deputy)
		fields := fault.FieldsOf(err)
		if fault.KindOf(err) != tt.kind || tt.field != "" && (len(fields) != 1 || fields[0].Name != tt.field) {
			t.Errorf("%s: %v %v", name, err, fields)
		}
	}
	wantKind(t, d.RecordAbsence(ctx, chief, chief.ID, 7, days(0, 3), law.ID), fault.Conflict)
	if d.records(t) != before {
		t.Error("a refused absence wrote something")
	}

	if err := d.RecordAbsence(ctx, chief, chief.ID, 1, days(0, 3), law.ID); err != nil {
		t.Fatal(err)
	}
	wantKind(t, d.RecordAbsence(ctx, chief, chief.ID, 2, days(3, 5), law.ID), fault.Invalid)
	// An administrator records it for others; a deputy who is away himself is none.
	wantKind(t, d.RecordAbsence(ctx, d.admin, law.ID, 1, days(2, 5), chief.ID), fault.Invalid)
	if list, seq, err := d.Absences(ctx, d.admin, chief.ID); err != nil || seq != 2 || len(list) != 1 || list[0].By != chief.ID || list[0].Deputy != law.ID {
		t.Errorf("%+v %d %v", list, seq, err)
	}

	law = d.acting(t, law.ID)
	if len(law.Deputizes) != 1 || law.Deputizes[0].For != chief.ID || len(law.Deputizes[0].Appointments) != 1 {
		t.Fatalf("%+v", law.Deputizes)
	}
	if d.guard.Allow(law, WriteRegister) || !d.guard.Allow(chief, WriteRegister) {
		t.Error("standing for somebody must not give his rights")
	}
	in, err := d.SignIn(ctx, Credentials{Login: "law", Password: adminPassword})
	if err != nil || len(in.Actor.Deputizes) != 1 {
		t.Fatalf("%+v %v", in.Actor.Deputizes, err)
	}
	if by, err := d.Resolve(ctx, in.Token); err != nil || len(by.Deputizes) != 1 {
		t.Errorf("a session: %+v %v", by.Deputizes, err)
	}
	wantKind(t, d.EndAbsence(ctx, chief, chief.ID, 2, 1), fault.NotFound)
	if err := d.EndAbsence(ctx, chief, chief.ID, 2, 0); err != nil {
		t.Fatal(err)
	}
	if by, err := d.Resolve(ctx, in.Token); err != nil || len(by.Deputizes) != 0 {
		t.Errorf("the absence has ended, the session still stands for him: %+v %v", by.Deputizes, err)
	}
}

func TestReauthenticate(t *testing.T) {
	d := newDesk(t)
	if err := d.Reauthenticate(t.Context(), d.admin, adminPassword); err != nil {
		t.Error(err)
	}
	err := d.Reauthenticate(t.Context(), d.admin, "Not-The-One-1")
	if fields := fault.FieldsOf(err); !fault.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Name != "current" {
		t.Error(err)
	}
	wantKind(t, d.Reauthenticate(t.Context(), Actor{ID: "nobody"}, adminPassword), fault.NotFound)
}

func TestMatch(t *testing.T) {
	tests := []struct {
		name    string
		able    [][]int
		without int
		short   []int
		have    int
	}{
		{"nobody needed", nil, -1, nil, 0},
		{"one for each", [][]int{{0}, {1}}, -1, nil, 0},
		{"a path must be turned round", [][]int{{0, 1}, {0}, {1, 2}}, -1, nil, 0},
		{"nobody at all", [][]int{{0}, {}}, -1, []int{1}, 0},
		{"two steps, one person", [][]int{{0}, {1}, {1}}, -1, []int{1, 2}, 1},
		{"three steps share two", [][]int{{0, 1}, {0, 1}, {0, 1}, {2}}, -1, []int{0, 1, 2}, 2},
		{"the only one is away", [][]int{{0}, {1, 2}}, 0, []int{0}, 0},
		{"one of two is away", [][]int{{0}, {1, 2}}, 1, nil, 0},
	}
	for _, tt := range tests {
		chosen, short, have := match(tt.able, tt.without)
		if !slices.Equal(short, tt.short) || have != tt.have {
			t.Errorf("%s: short %v with %d, want %v with %d", tt.name, short, have, tt.short, tt.have)
		}
		seen := map[int]bool{}
		for _, person := range chosen {
			if seen[person] || person == tt.without {
				t.Errorf("%s: person %d twice or away", tt.name, person)
			}
			seen[person] = true
		}
		if short == nil && len(chosen) != len(tt.able) {
			t.Errorf("%s: %v", tt.name, chosen)
		}
	}
}

// TestStaffing: what lacks is named, by place, also what would with one person away.
func TestStaffing(t *testing.T) {
	d := newDesk(t)
	ctx, today := t.Context(), calendar.DateOf(d.business())
	chain := Chain{Title: "备案审批", Levels: []Level{{Name: "股长审核", Seats: []Seat{{Role: "section_chief", Deputies: []Role{"deputy_director"}}}},
		{Name: "局领导签发", Seats: []Seat{{Role: "deputy_director"}}}}}
	local := Separated{Name: "社区确认", Steps: []SeparatedStep{{Name: "书记确认", Seat: Seat{Role: "community_secretary"}}}}
	places := []Place{{Name: "东门社区", Keys: []string{"c:1", "t:9"}}, {Name: "西门社区", Keys: []string{"c:2", "t:9"}}}
	asked := ctx
	want := func(what string, lines ...string) {
		t.Helper()
		lacks, err := d.Staffing(asked, d.admin, []Separated{chain.Separated([]Role{"property_officer"}), local}, places)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range lacks {
			got = append(got, l.Chinese())
		}
		if strings.Join(got, "\n") != strings.Join(lines, "\n") {
			t.Errorf("%s:\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(lines, "\n"))
		}
	}
	want("nobody is there", "备案审批：“经办”要 1 名不同的人，现有 0 名能办", "社区确认：“书记确认”要 1 名不同的人，现有 0 名能办")

	chief := d.hireAs(t, "chief", "section_chief")
	d.hireAs(t, "officer", "property_officer")
	d.hireAs(t, "officer2", "property_officer")
	vice := d.hireAs(t, "vice", "deputy_director")
	if _, err := d.CreateShared(ctx, d.admin, adminPassword, []Newcomer{{Login: "east", Name: "演示东",
		Appointment: Appointment{Role: "community_secretary", Unit: "c:1", Scopes: []string{"c:1"}, Days: Span{From: today}}}}); err != nil {
		t.Fatal(err)
	}
	want("one of each",
		"备案审批：“股长审核”“局领导签发”要 2 名不同的人，一人不在就只剩 1 名",
		"备案审批：“局领导签发”要 1 名不同的人，一人不在就只剩 0 名",
		"社区确认：东门社区的“书记确认”要 1 名不同的人，一人不在就只剩 0 名",
		"社区确认：西门社区的“书记确认”要 1 名不同的人，现有 0 名能办")

	d.hireAs(t, "vice2", "deputy_director")
	west := d.hireAs(t, "west", "community_secretary")
	want("enough", "社区确认：西门社区的“书记确认”要 1 名不同的人，一人不在就只剩 0 名")

	// The chief is away and one of the two directors signs for him: then nobody else may be away.
	if err := d.RecordAbsence(ctx, d.admin, chief.ID, 1, Span{From: today, Until: today}, vice.ID); err != nil {
		t.Fatal(err)
	}
	away := []string{"备案审批：“股长审核”“局领导签发”要 2 名不同的人，一人不在就只剩 1 名", "社区确认：西门社区的“书记确认”要 1 名不同的人，一人不在就只剩 0 名"}
	want("the chief is away", away...)

	// Who has a seat but may not open what it signs does not count, and is named; who stands for an absent person reads for himself.
	joint := Chain{Title: "星级公布", Levels: []Level{{Name: "会签", Seats: []Seat{{Role: "community_secretary"}}}, {Name: "签发", Seats: []Seat{{Role: "deputy_director"}}}}}
	blind, err := d.Staffing(ctx, d.admin, []Separated{joint.Separated(nil, ReadPeriods)}, places[1:])
	if err != nil {
		t.Fatal(err)
	}
	told := "星级公布：“会签”要 1 名不同的人，现有 0 名能办；社区党组织书记有席位，但没有“" + d.guard.Rules().actions[ReadPeriods].Name + "”的权限，打不开要签的内容"
	if len(blind) != 1 || blind[0].Chinese() != told {
		t.Errorf("%v, want %s", blind, told)
	}
	if _, err := d.Staffing(ctx, west, nil, nil); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}

	// Two days later the chief is back and somebody came; who looks back finds the people and absences of then.
	then := store.KnownAt(ctx, d.clock())
	d.wait(48 * time.Hour)
	d.hireAs(t, "west2", "community_secretary")
	want("two days later")
	asked = then
	want("looking back", away...)
}
