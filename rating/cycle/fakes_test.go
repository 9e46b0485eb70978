package cycle

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/rating"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
	"redsteward/supervision/veto"
)

// fakeRegister is a list of holdings.
type fakeRegister []registry.Holding

func (f fakeRegister) EachHolding(_ context.Context, _ calendar.Date, yield func(registry.Holding) error) error {
	for _, h := range f {
		if err := yield(h); err != nil {
			return err
		}
	}
	return nil
}

func (f fakeRegister) Holding(_ context.Context, project string, _ calendar.Date) (registry.Holding, error) {
	for _, h := range f {
		if h.Project == project {
			return h, nil
		}
	}
	return registry.Holding{}, fault.New("fakeRegister.Holding", fault.NotFound, "没有找到这个小区")
}

// fakeSource is a list of readings under the rules of supervision.Readings.
type fakeSource struct {
	name string
	mu   sync.Mutex
	list []supervision.Reading
	// hold, if not nil, is waited for before the first reading.
	hold chan struct{}
}

func (f *fakeSource) Source() string { return f.name }

func (f *fakeSource) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return f.EachSifted(ctx, span, asOf, upTo, func(string, calendar.Date) bool { return true }, yield)
}

func (f *fakeSource) EachSifted(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, _ func(string, calendar.Date) bool, yield func(supervision.Reading) error) error {
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	f.mu.Lock()
	list := slices.Clone(f.list)
	f.mu.Unlock()
	for _, r := range list {
		if !span.Has(r.Day) || r.Accepted.After(asOf) || r.N > upTo {
			continue
		}
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

// fakeWindows notes what it was told.
type fakeWindows struct{ told []string }

func (f *fakeWindows) OpenWindow(_ context.Context, w Window) error {
	f.told = append(f.told, fmt.Sprintf("open %s until %s, %d asks of firms", w.Period, w.Until, len(w.Asks["evidence"])))
	return nil
}

func (f *fakeWindows) CloseWindow(_ context.Context, period string, _ time.Time) error {
	f.told = append(f.told, "close "+period)
	return nil
}

// desk is a service on a real store.
type desk struct {
	*policytest.Desk
	*Service
	guard    *policy.Guard
	register fakeRegister
	sources  map[string]*fakeSource
	readings []supervision.Readings // the same, in order
	windows  *fakeWindows
	// periods are the shipped deadlines; unloaded says that no calendar knows the days.
	periods  *calendar.Rules
	unloaded bool
}

// start starts a shipped period on a calendar in which Monday to Friday are worked.
func (d *desk) start(rule string, from calendar.Date) (calendar.Deadline, error) {
	r, err := d.periods.Find(rule)
	if err != nil {
		return calendar.Deadline{}, err
	}
	return d.resolved(calendar.Deadline{Rule: r.ID, Start: from, N: r.N, Unit: r.Unit, Basis: r.Basis}), nil
}

func (d *desk) resolved(w calendar.Deadline) calendar.Deadline {
	if d.unloaded || w.Resolved() || w.Rule == "" {
		return w
	}
	day := w.Start
	for left := w.N; left > 0; {
		if day = day.Add(1); day.Weekday() != time.Saturday && day.Weekday() != time.Sunday {
			left--
		}
	}
	w.Due, w.Calendar = day, "test"
	return w
}

func (d *desk) set(t testing.TB, day string) {
	t.Helper()
	d.MoveTo(on(t, day).Begins().Add(9 * time.Hour))
}

func on(t testing.TB, text string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func shipped(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../configs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// projects makes n holdings: two firms, three communities.
func projects(t testing.TB, n int) fakeRegister {
	t.Helper()
	var list fakeRegister
	for i := range n {
		firm := fmt.Sprintf("firm%d", i%2+1)
		list = append(list, registry.Holding{
			Place: registry.Place{Project: fmt.Sprintf("p%04d", i+1), Name: fmt.Sprintf("演示小区%d", i+1), Community: fmt.Sprintf("36042810%04d", i%3+1),
				CommunityName: fmt.Sprintf("东风社区%d", i%3+1), Township: "360428100000", TownshipName: "都昌镇", Firm: firm, FirmName: "演示物业" + firm[4:], Households: 400},
			Since: on(t, "2023-01-01"), PartyForm: registry.PartyOwn, TakenOver: on(t, "2015-06-01"),
			Halves: []registry.HalfShown{{Half: "2025H2", Last: on(t, "2025-12-31"), Recorded: true, Published: on(t, "2026-01-15")}},
		})
	}
	return list
}

func newDesk(t testing.TB, n int) *desk {
	t.Helper()
	d := &desk{Desk: policytest.NewDesk(t, on(t, "2026-07-01").Begins().Add(9*time.Hour)), windows: &fakeWindows{}, register: projects(t, n), sources: map[string]*fakeSource{}}
	d.periods = must[*calendar.Rules](t)(calendar.ParseRules("deadlines.yaml", shipped(t, "deadlines.yaml")))
	d.guard = policy.NewGuard(policytest.Rules(t), policy.TenureTable{})
	for _, name := range []string{"observation", "evidence", "inspection", SourceParty, SourceHonours, "rectification", "repair", "matter", veto.Source} {
		d.sources[name] = &fakeSource{name: name}
		d.readings = append(d.readings, d.sources[name])
	}
	d.Service = d.over(t, d.DB)
	return d
}

// over opens the service over a store as another process does.
func (d *desk) over(t testing.TB, db *store.DB) *Service {
	t.Helper()
	archive, err := rating.NewArchive(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	letters := must[*casework.Letters](t)(casework.NewLetters(t.Context(), casework.LettersConfig{DB: db, Guard: d.guard, Now: d.Clock}))
	s, err := New(t.Context(), Options{DB: db, Letters: letters, Guard: d.guard, Archive: archive, Register: &d.register, Sources: d.readings, Windows: d.windows,
		Chains: must[*policy.Chains](t)(policy.ParseChains("approvals.yaml", shipped(t, "approvals.yaml"), d.guard.Rules())), Persons: d, Keeper: files.NewKeeper(db, t.TempDir()), Deadlines: d.start, Resolve: d.resolved,
		Ranges:  must[*RangeRules](t)(ParseRangeRules("ranges.yaml", shipped(t, "ranges.yaml"))),
		Schemes: map[string][]byte{RhythmQuarter: shipped(t, "schemes/five-goods-quarter.yaml"), RhythmYear: shipped(t, "schemes/five-goods-year.yaml")}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func person(id string, role policy.Role, scopes ...string) policy.Actor {
	if len(scopes) == 0 {
		scopes = []string{policy.County}
	}
	return policy.Actor{ID: id, Name: "某某", Appointments: []policy.Appointment{{Role: role, Scopes: scopes}}}
}

var (
	officer = person("officer", "property_officer")
	chief   = person("chief", "section_chief")
	vice    = person("vice", "deputy_director")
	boss    = person("boss", "director")
	firmOne = person("manager", "firm_manager", policy.FirmKey("firm1"))
)

// password is that of everybody.
const password = "Right-1"

// Reauthenticate and Person let the desk answer for the accounts.
func (d *desk) Reauthenticate(_ context.Context, _ policy.Actor, typed string) error {
	if typed != password {
		return fault.InvalidFields("desk", fault.Field{Name: "current", Message: "密码不正确"})
	}
	return nil
}

func (d *desk) Person(_ context.Context, id string) (policy.Actor, error) {
	for _, who := range []policy.Actor{officer, chief, vice, boss} {
		if who.ID == id {
			return who, nil
		}
	}
	return policy.Actor{}, fault.New("desk", fault.NotFound, "没有这个人")
}

// must ends the test if a call failed.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
		return v
	}
}

// agrees is a signature of somebody under what a period says now, with the reason that a deputy office needs.
func (d *desk) agrees(t testing.TB, by policy.Actor, id string) error {
	t.Helper()
	p := must[Period](t)(d.Period(t.Context(), officer, id))
	sign := policy.Sign{Move: policy.MoveAgree, Reason: "代"}
	if p.Approval != nil {
		sign.SubjectHash = p.Approval.SubjectHash
	}
	_, err := d.Sign(t.Context(), by, id, sign, password)
	return err
}

// heard tells the firms the scores of a quarter, or shows the stars of a year to the public, and lets the windows pass.
func (d *desk) heard(t testing.TB, id string) {
	t.Helper()
	p := must[Period](t)(d.Period(t.Context(), officer, id))
	switch {
	case p.Told():
		return
	case p.Stars():
		p = must[Period](t)(d.Show(t.Context(), officer, id, p.Evaluation, yearMinutes))
	default:
		p = must[Period](t)(d.Tell(t.Context(), officer, id, p.Evaluation))
	}
	if h := must[Hearing](t)(d.Hearing(t.Context(), &p)); h.Runs {
		d.set(t, h.Ends.Due.Add(1).String())
	}
}

// approved sends the evaluation of a period through its approval once its firms were heard: an officer sends it, who is named signs.
func (d *desk) approved(t testing.TB, id string, signers ...policy.Actor) Period {
	t.Helper()
	d.heard(t, id)
	p := must[Period](t)(d.Period(t.Context(), officer, id))
	must[Period](t)(d.Send(t.Context(), officer, id, p.Evaluation))
	for _, by := range signers {
		if err := d.agrees(t, by, id); err != nil {
			t.Fatal(by.ID, err)
		}
	}
	p = must[Period](t)(d.Period(t.Context(), officer, id))
	if !p.Approved() {
		t.Fatalf("%s is %+v after %d signatures", id, p.Approval, len(signers))
	}
	return p
}

// tell lets the sources say something about a project: "fact column=value column=value …", accepted a day after the fact.
func (d *desk) tell(t testing.TB, project, day, text string) {
	t.Helper()
	d.tellLate(t, project, day, day, text)
}

// tellLate is tell with the day of acceptance.
func (d *desk) tellLate(t testing.TB, project, day, accepted, text string) {
	t.Helper()
	fact, cells, _ := strings.Cut(text, " ")
	scheme := d.schemes[RhythmYear].scheme
	at, ok := scheme.FactIndex(fact)
	if !ok {
		t.Fatalf("no fact %s", fact)
	}
	r := supervision.Reading{Project: project, Fact: fact, Day: on(t, day), Accepted: on(t, accepted).Begins().Add(10 * time.Hour), ScoredBy: "account1", ReviewedBy: "account2"}
	for _, h := range d.register {
		if h.Project == project {
			r.Firm = h.Firm
		}
	}
	for _, cell := range strings.Fields(cells) {
		column, value, _ := strings.Cut(cell, "=")
		c := supervision.Cell{Column: column}
		if x, err := num.Parse(value); err == nil {
			c.Number = x
		} else if value == "NA" {
			c.NA = true
		} else {
			c.Text = value
		}
		r.Cells = append(r.Cells, c)
	}
	src := d.sources[cmp.Or(scheme.Facts[at].Otherwise, scheme.Facts[at].Source)]
	src.mu.Lock()
	defer src.mu.Unlock()
	r.Record = fmt.Sprintf("aa/%s/%d/0000000001", src.name, len(src.list))
	sum := sha256.Sum256([]byte(r.Record))
	r.Hash = hex.EncodeToString(sum[:])
	src.list = append(src.list, r)
}

// full tells everything about a project in a quarter that brings full marks, except what leave names.
func (d *desk) full(t testing.TB, project, day string, leave ...string) {
	t.Helper()
	for _, text := range []string{
		"branch_meetings branch_meetings_held=5 branch_meetings_due=5", "cobuild_kinds cobuild_kinds=3",
		"four_displays display_flag=2 display_identity=2 display_vehicle=2 display_promise=2 display_dedication=2 display_duty=NA",
		"branch_attendance attendance_present=30 attendance_expected=30",
		"survey survey_population=400 survey_very_satisfied=60 survey_satisfied=40 survey_neutral=0 survey_dissatisfied=0 survey_very_dissatisfied=0",
		"matter_callbacks matter_callbacks_satisfied=20 matter_callbacks_reached=20", "repair_callbacks repair_callbacks_satisfied=20 repair_callbacks_reached=20",
		"visit_clean visit_clean_points=20 visit_clean_full=20", "visit_order visit_order_points=20 visit_order_full=20",
		"visit_facility visit_facility_points=20 visit_facility_full=20", "repairs repairs_on_time=20 repairs_due=20",
		"rectification rectified_on_time=2 rectification_due=2", "openness openness_shown=8 openness_due=8",
		"upkeep upkeep_valid=3 upkeep_due=3", "handover_acts handover_acts_done=3 handover_acts_due=3", "answers answers_on_time=9 answers_due=9",
		"complaints complaints=0", "visit_look visit_look_points=9 visit_look_full=9", "community_tasks community_tasks_done=2 community_tasks_due=2",
		"contract_filed contract_filed=1",
	} {
		fact, _, _ := strings.Cut(text, " ")
		if !slices.Contains(leave, fact) {
			d.tell(t, project, day, text)
		}
	}
}

// closed plans, opens and closes a period, on the day after it.
func (d *desk) closed(t testing.TB, id string) Period {
	t.Helper()
	p, err := parsePeriod(id)
	if err != nil {
		t.Fatal(err)
	}
	d.set(t, p.Days.First.String())
	if _, err := d.Plan(t.Context(), officer, id, p.Days.Last, p.Days.Last); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	if _, err := d.Open(t.Context(), officer, id); err != nil {
		t.Fatal(err)
	}
	d.set(t, p.Days.Last.Add(1).String())
	if p, err = d.Close(t.Context(), officer, id); err != nil {
		t.Fatal(err)
	}
	return p
}

// evaluated closes a period and evaluates it.
func (d *desk) evaluated(t testing.TB, id string) rating.Evaluation {
	t.Helper()
	d.closed(t, id)
	made, err := d.Evaluate(t.Context(), officer, id)
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	return made
}

// published evaluates a quarter, sends it through its approval and publishes it.
func (d *desk) published(t testing.TB, id string) Period {
	t.Helper()
	made := d.evaluated(t, id)
	d.approved(t, id, chief, vice)
	return must[Period](t)(d.Publish(t.Context(), chief, id, made.ID, ""))
}

// refused wants a call to fail with a kind and words, and to write nothing.
func (d *desk) refused(t *testing.T, kind fault.Kind, words string, call func() error) error {
	t.Helper()
	before := d.Records(t)
	err := call()
	if !fault.Is(err, kind) {
		t.Fatalf("got %v, want %q", err, kind)
	}
	said := fault.MessageOf(err) + fault.RuleOf(err)
	for _, f := range fault.FieldsOf(err) {
		said += f.Name + f.Message
	}
	if !strings.Contains(said, words) {
		t.Errorf("it says %q, want %q in it", said, words)
	}
	if after := d.Records(t); after != before {
		t.Errorf("a refused call wrote %d records", after-before)
	}
	return err
}

func (d *desk) result(t testing.TB, id, project string) (*rating.Result, rating.Subject) {
	t.Helper()
	stored, scheme, err := d.Result(t.Context(), officer, id, project)
	if err != nil {
		t.Fatal(err)
	}
	sub, r, err := stored.Open(scheme)
	if err != nil {
		t.Fatal(err)
	}
	return r, sub
}

func mustNum(t testing.TB, text string) num.Num {
	t.Helper()
	x, err := num.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}
