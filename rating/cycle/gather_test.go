package cycle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/internal/store/storetest"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/supervision"
	"redsteward/supervision/veto"
)

// gatherNow gathers the third quarter of 2026 as of 10 October with what was accepted by 30 September, and returns the values of one project.
func (d *desk) gatherNow(t testing.TB, project string) (rating.Subject, Facts) {
	t.Helper()
	d.set(t, "2026-10-10")
	p, err := parsePeriod("2026Q3")
	if err != nil {
		t.Fatal(err)
	}
	p.Cutoff = p.Days.Last
	g, err := d.gather(t.Context(), &p, d.schemes[RhythmQuarter].scheme, func(int) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	f, sub := g.buckets[project].freeze(g)
	return sub, f
}

// TestNobodyAsked: a source that is not connected, since its module is switched off, is missing in whatever it would tell; that a register holds no events is something else, and only a scheme says what is missing is worth.
func TestNobodyAsked(t *testing.T) {
	d := newDesk(t, 1)
	d.tell(t, "p0001", "2026-08-01", "veto_decisions veto_decisions=fire_hazard")
	d.tell(t, "p0001", "2026-08-01", "complaints complaints=2")
	connected := d.Service.sources
	for _, tt := range []struct{ off, veto, complaints string }{{"", "0 fire_hazard 2026-08-01", "2"}, {veto.Source, "missing", "2"}, {"observation", "0 fire_hazard 2026-08-01", "missing"}} {
		d.Service.sources = slices.DeleteFunc(slices.Clone(connected), func(r supervision.Readings) bool { return r.Source() == tt.off })
		sub, f := d.gatherNow(t, "p0001")
		if got := []string{shown(sub.Get("veto_decisions")), shown(sub.Get("complaints"))}; got[0] != tt.veto || got[1] != tt.complaints {
			t.Errorf("without %q: %q", tt.off, got)
		}
		if told := slices.ContainsFunc(f.Rules, func(g GatheredFact) bool { return g.Fact == "veto_decisions" }); told != (tt.veto != "missing") {
			t.Errorf("without %q: %+v", tt.off, f.Rules)
		}
	}
}

// shown writes a value as a test wants it.
func shown(v rating.Value) string {
	switch v.State {
	case rating.Missing:
		return "missing"
	case rating.NotApplicable:
		return "na"
	}
	out := []string{v.Number.String()}
	if !v.Den.IsZero() {
		out = append(out, "/", v.Den.String())
	}
	if v.Text != "" {
		out = []string{v.Text}
	}
	for _, item := range v.Items {
		word := item.Number.String()
		if item.State != rating.Present {
			word = map[rating.State]string{rating.Missing: "?", rating.NotApplicable: "na"}[item.State]
		}
		out = append(out, word)
	}
	for _, e := range v.Events {
		out = append(out, e.Code, e.Date.String())
	}
	return strings.Join(out, " ")
}

// TestMergeRules is the table of how several readings become one value, and of which days count.
func TestMergeRules(t *testing.T) {
	type told struct{ day, text string }
	for _, tt := range []struct {
		name, fact string
		told       []told
		want, rule string
	}{
		{"nothing", "repairs", nil, "missing", ""},
		{"ratios add", "repairs", []told{{"2026-07-01", "repairs repairs_on_time=3 repairs_due=4"}, {"2026-09-30", "repairs repairs_on_time=5 repairs_due=6"}}, "8 / 10", RuleSum},
		{"the days before and after do not count", "repairs", []told{{"2026-06-30", "repairs repairs_on_time=3 repairs_due=4"}, {"2026-10-01", "repairs repairs_on_time=3 repairs_due=4"}}, "missing", ""},
		{"does not apply", "rectification", []told{{"2026-08-01", "rectification rectified_on_time=NA rectification_due=NA"}}, "na", RuleSum},
		{"one applies", "rectification", []told{{"2026-08-01", "rectification rectified_on_time=NA rectification_due=NA"}, {"2026-08-02", "rectification rectified_on_time=1 rectification_due=2"}}, "1 / 2", RuleSum},
		{"points of visits may be halves", "visit_clean", []told{{"2026-08-01", "visit_clean visit_clean_points=17.5 visit_clean_full=20"}, {"2026-09-01", "visit_clean visit_clean_points=18 visit_clean_full=20"}}, "35.5 / 40", RuleSum},
		{"counts add", "complaints", []told{{"2026-08-01", "complaints complaints=2"}, {"2026-09-01", "complaints complaints=1"}}, "3", RuleSum},
		{"counts stay within the maximum", "cobuild_kinds", []told{{"2026-08-01", "cobuild_kinds cobuild_kinds=3"}, {"2026-09-01", "cobuild_kinds cobuild_kinds=4"}}, "5", RuleSum},
		{"at the cut-off the latest", "upkeep", []told{{"2026-09-01", "upkeep upkeep_valid=2 upkeep_due=3"}, {"2025-01-01", "upkeep upkeep_valid=3 upkeep_due=3"}}, "2 / 3", RuleLatest},
		{"ever", "handover_acts", []told{{"2019-09-01", "handover_acts handover_acts_done=2 handover_acts_due=3"}}, "2 / 3", RuleSum},
		{"items are the mean of visits", "four_displays", []told{{"2026-08-01", "four_displays display_flag=2 display_identity=1 display_vehicle=NA display_promise=2"},
			{"2026-09-01", "four_displays display_flag=1 display_identity=1 display_vehicle=2 display_promise=NA display_dedication=NA"}}, "0 1.5 1 2 2 na ?", RuleMean},
		{"surveys add, of the largest population", "survey", []told{{"2025-11-01", "survey survey_population=400 survey_very_satisfied=60 survey_satisfied=40 survey_neutral=1"},
			{"2026-09-01", "survey survey_population=390 survey_very_satisfied=5 survey_satisfied=0 survey_neutral=0"}}, "400 65 40 1 ? ?", RuleSum},
		{"no event is known", "veto_decisions", nil, "0", RuleAppend},
		{"events are kept", "veto_decisions", []told{{"2026-03-01", "veto_decisions veto_decisions=fire_hazard"}, {"2024-03-01", "veto_decisions veto_decisions=accident"}}, "0 fire_hazard 2026-03-01 accident 2024-03-01", RuleAppend},
		{"an unknown column is left out", "complaints", []told{{"2026-08-01", "complaints complaint=2 complaints=1"}}, "1", RuleSum},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDesk(t, 1)
			for _, r := range tt.told {
				d.tell(t, "p0001", r.day, r.text)
			}
			sub, f := d.gatherNow(t, "p0001")
			if got := shown(sub.Get(tt.fact)); got != tt.want {
				t.Errorf("%s is %q, want %q", tt.fact, got, tt.want)
			}
			rule := ""
			for _, g := range f.Rules {
				if g.Fact == tt.fact {
					rule = g.Rule
				}
			}
			if rule != tt.rule {
				t.Errorf("rule %q, want %q", rule, tt.rule)
			}
		})
	}
}

// TestCutoff: what was accepted after the cut-off is listed and does not count; what is refused by the scheme is named and counts as missing.
func TestCutoff(t *testing.T) {
	d := newDesk(t, 2)
	d.tellLate(t, "p0001", "2026-09-20", "2026-09-30", "complaints complaints=1")
	d.tellLate(t, "p0001", "2026-09-20", "2026-10-01", "complaints complaints=5")
	d.tellLate(t, "p0001", "2026-09-20", "2026-10-11", "complaints complaints=7") // after now: not even known
	d.tell(t, "p0001", "2026-09-20", "repairs repairs_on_time=5 repairs_due=4")
	sub, f := d.gatherNow(t, "p0001")
	if got := shown(sub.Get("complaints")); got != "1" {
		t.Errorf("complaints %s, want what was accepted on the last day", got)
	}
	if f.LateCount != 1 || f.Late[0].Fact != "complaints" || f.Late[0].Day != on(t, "2026-09-20") {
		t.Errorf("late %+v", f.Late)
	}
	if len(f.Refused) != 1 || f.Refused[0].Fact != "repairs" || !strings.Contains(f.Refused[0].Message, "1.25") {
		t.Errorf("refused %+v", f.Refused)
	}
	if strings.Contains(f.Values, "某") || !strings.Contains(f.Values, `"by":"account1"`) {
		t.Errorf("frozen: %s", f.Values)
	}
}

// TestOtherwise: where the preferred source has told of a project in time, the other one does not count; elsewhere it does. Each frozen fact says which of them it was.
func TestOtherwise(t *testing.T) {
	d := newDesk(t, 3)
	for _, project := range []string{"p0001", "p0002", "p0003"} {
		d.tell(t, project, "2026-08-10", "rectification rectified_on_time=3 rectification_due=4")
	}
	observed := d.sources["observation"].list
	prefer := func(project, accepted string) {
		r := observed[0]
		r.Project, r.Accepted, r.Record, r.Hash = project, on(t, accepted).Begins(), "rectification/"+project, observed[1].Hash
		for i := range d.register {
			if d.register[i].Project == project {
				r.Firm = d.register[i].Firm
			}
		}
		r.Cells = []supervision.Cell{{Column: "rectified_on_time", Number: num.FromInt(1)}, {Column: "rectification_due", Number: num.FromInt(2)}}
		d.sources["rectification"].list = append(d.sources["rectification"].list, r)
	}
	prefer("p0001", "2026-09-20")
	prefer("p0001", "2026-09-21")
	prefer("p0003", "2026-10-05") // after the cut-off
	for project, want := range map[string][2]string{"p0001": {"2 / 4", "rectification"}, "p0002": {"3 / 4", "observation"}, "p0003": {"3 / 4", "observation"}} {
		sub, f := d.gatherNow(t, project)
		if got := shown(sub.Get("rectification")); got != want[0] {
			t.Errorf("%s: %s, want %s", project, got, want[0])
		}
		for _, g := range f.Rules {
			if g.Fact == "rectification" && g.Source != want[1] || g.Fact != "rectification" && g.Source != "" {
				t.Errorf("%s: %s is said to come from %q", project, g.Fact, g.Source)
			}
		}
		if late := project == "p0003"; late != (f.LateCount == 1) {
			t.Errorf("%s: %d too late", project, f.LateCount)
		}
	}
}

// TestVetoVoids: a gathered decision takes the grade from a project that has full marks until its last day; one that came after the cut-off, or about the firm before, does not.
func TestVetoVoids(t *testing.T) {
	for _, tt := range []struct {
		name, until, accepted, firm, grade string
	}{
		{"none", "", "", "", "scored"}, {"stands", "2027-06-30", "2026-07-10", "", "vetoed"}, {"its code decides the end", "", "2026-07-10", "", "vetoed"}, {"stands to the last day of the period", "2026-09-30", "2026-07-10", "", "vetoed"},
		{"expired the day before", "2026-09-29", "2026-07-10", "", "scored"}, {"told too late", "2027-06-30", "2026-10-05", "", "scored"}, {"the firm before", "2027-06-30", "2026-07-10", "firm9", "scored"},
	} {
		d := newDesk(t, 1)
		d.full(t, "p0001", "2026-08-10")
		if tt.accepted != "" {
			d.tellLate(t, "p0001", "2026-07-10", tt.accepted, "veto_decisions veto_decisions=fire_hazard")
			r := &d.sources[veto.Source].list[0]
			if r.Cells[0].Document = "都住建否〔2026〕1号"; tt.until != "" {
				r.Cells[0].Until = on(t, tt.until)
			}
			r.Firm = cmp.Or(tt.firm, r.Firm)
		}
		sub, _ := d.gatherNow(t, "p0001")
		r := rating.Evaluate(d.schemes[RhythmQuarter].scheme, nil, sub, nil)
		if r.Grade != tt.grade {
			t.Errorf("%s: %s, want %s", tt.name, r.Grade, tt.grade)
		}
	}
}

// TestAnotherFirm: what happened while another firm held the project does not count for this one.
func TestAnotherFirm(t *testing.T) {
	d := newDesk(t, 1)
	d.tell(t, "p0001", "2026-07-10", "complaints complaints=4")
	d.register[0].Firm, d.register[0].FirmName, d.register[0].Since = "firm9", "演示物业9", on(t, "2026-08-02")
	d.tell(t, "p0001", "2026-08-10", "complaints complaints=1")
	sub, f := d.gatherNow(t, "p0001")
	if got := shown(sub.Get("complaints")); got != "1" || f.Firm != "firm9" {
		t.Errorf("complaints %s of %s", got, f.Firm)
	}
	for fact, want := range map[string]string{"firm": "演示物业9", "managed_months": "1", "households": "400", "party_form": "own", "handover_rule_applies": "1"} {
		if got := shown(sub.Get(fact)); got != want {
			t.Errorf("%s is %s, want %s", fact, got, want)
		}
	}
}

// TestWholeMonths counts as contracts are counted.
func TestWholeMonths(t *testing.T) {
	for _, tt := range []struct {
		first, last string
		want        int64
	}{{"2026-07-01", "2026-09-30", 3}, {"2026-07-02", "2026-09-30", 2}, {"2026-09-30", "2026-09-30", 0}, {"2025-10-01", "2026-09-30", 12}, {"2026-10-01", "2026-09-30", 0}, {"2026-01-31", "2026-02-28", 1}} {
		if got := wholeMonths(on(t, tt.first), on(t, tt.last)); got != tt.want {
			t.Errorf("%s to %s: %d, want %d", tt.first, tt.last, got, tt.want)
		}
	}
	if got := wholeMonths(calendar.Date{}, on(t, "2026-09-30")); got != 0 {
		t.Errorf("nobody: %d", got)
	}
}

// TestOrderDoesNotMatter: sources yield in no particular order, and the frozen facts are the same to the byte.
func TestOrderDoesNotMatter(t *testing.T) {
	d := newDesk(t, 2)
	texts := []string{"complaints complaints=1", "repairs repairs_on_time=3 repairs_due=7", "upkeep upkeep_valid=1 upkeep_due=3", "upkeep upkeep_valid=2 upkeep_due=3",
		"four_displays display_flag=2 display_identity=1", "four_displays display_flag=NA display_identity=0", "veto_decisions veto_decisions=accident"}
	for i, text := range texts {
		for day := range 9 {
			d.tellLate(t, "p0001", fmt.Sprintf("2026-08-%02d", day+1), fmt.Sprintf("2026-09-%02d", 28+(i+day)%3), text)
		}
	}
	_, want := d.gatherNow(t, "p0001")
	if !strings.Contains(want.Values, "root/9/") {
		t.Errorf("nine sources are not folded: %s", want.Values)
	}
	rapid.Check(t, func(rt *rapid.T) {
		for _, src := range d.sources {
			src.list = rapid.Permutation(src.list).Draw(rt, src.name)
		}
		if _, got := d.gatherNow(t, "p0001"); got.Hash != want.Hash || !slices.Equal(got.Late, want.Late) {
			rt.Fatalf("facts are %s, want %s", got.Values, want.Values)
		}
	})
}

// TestAsks: everything that a scheme reads is asked of one source with all columns, and nothing that the register holds.
func TestAsks(t *testing.T) {
	for _, name := range []string{"quarter", "year"} {
		s, err := rating.ParseScheme(shipped(t, "schemes/five-goods-"+name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		asks := Asks(s)
		seen := map[string]supervision.Ask{}
		for source, list := range asks {
			for _, a := range list {
				seen[a.Fact] = a
				at, _ := s.FactIndex(a.Fact)
				var names []string
				for _, c := range a.Columns {
					names = append(names, c.Name)
					if c.Label == "" || c.Kind == "" {
						t.Errorf("%s: column %+v", a.Fact, c)
					}
				}
				if source == SourceRegistry || cmp.Or(s.Facts[at].Otherwise, s.Facts[at].Source) != source || !slices.Equal(names, s.Facts[at].ColumnNames()) {
					t.Errorf("%s asks %s for %v", source, a.Fact, names)
				}
			}
		}
		for i := range s.Facts {
			if _, asked := seen[s.Facts[i].ID]; asked == (s.Facts[i].Source == SourceRegistry) {
				t.Errorf("%s: %s asked: %v", name, s.Facts[i].ID, asked)
			}
		}
		meetings := seen["branch_meetings"]
		if meetings.Points != "9.00" || meetings.Indicator != "党支部组织生活" || meetings.Columns[0].Label != "已开" || meetings.Columns[1].Label != "应开" || !strings.Contains(meetings.Clause, "得满分") {
			t.Errorf("%+v", meetings)
		}
		if visit := seen["visit_clean"]; visit.Columns[0].Kind != supervision.ColumnNumber || visit.Columns[0].Label != "得分" || visit.Columns[0].OfColumn != "visit_clean_full" {
			t.Errorf("%+v", visit)
		}
		if repairs := seen["repairs"]; repairs.Columns[0].Kind != supervision.ColumnCount || name == "quarter" && repairs.Uploads != 3 {
			t.Errorf("%+v", repairs)
		}
		if veto := seen["veto_decisions"]; veto.Columns[0].Kind != supervision.ColumnEvent || len(veto.Columns[0].Values) != 6 {
			t.Errorf("%+v", veto)
		}
		if survey := seen["survey"]; len(survey.Columns) != 6 || survey.Columns[5].OfColumn != "survey_population" {
			t.Errorf("%+v", survey)
		}
	}
}

// quarterEnds is the runner of a process for the end of a quarter.
func quarterEnds(t *testing.T, db *store.DB, s *Service, spec string) *schedule.Runner {
	t.Helper()
	runner, err := schedule.New(t.Context(), db, schedule.Job{Name: QuarterEndJob, Title: "评价季度", Spec: spec, Catchup: schedule.CatchupLatest, Run: s.EvaluateQuarter})
	if err != nil {
		t.Fatal(err)
	}
	return runner
}

// quarterOpen opens a quarter whose end comes while the program is down, and moves behind it.
func (d *desk) quarterOpen(t *testing.T, spec string) *schedule.Runner {
	t.Helper()
	d.full(t, "p0001", "2026-08-10")
	d.set(t, "2026-09-20")
	runner := quarterEnds(t, d.DB, d.Service, spec)
	if n, err := runner.Tick(t.Context()); err != nil || n != 0 {
		t.Fatalf("ended %d, %v", n, err)
	}
	if _, err := d.Plan(t.Context(), officer, "2026Q3", on(t, "2026-09-30"), on(t, "2026-10-08")); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Open(t.Context(), officer, "2026Q3"); err != nil {
		t.Fatal(err)
	}
	d.set(t, "2026-10-19")
	return runner
}

// TestQuarterEndKilled: the process that closes and evaluates a quarter dies at each of its writes in turn, before it or after it. Another process takes the slot over and brings it to the same end, once.
func TestQuarterEndKilled(t *testing.T) {
	const yearly = "30 0 19 10 *"
	want := ""
	deaths := 0
	for write, died := 1, true; died; write++ {
		died = false
		for _, after := range []bool{false, true} {
			d := newDesk(t, 1)
			runner := d.quarterOpen(t, yearly)
			killer := &storetest.Dying{Engine: d.DB.Engine(), Left: 1 << 20, After: after}
			db, err := store.Open(t.Context(), killer, store.Options{Now: d.Clock, MasterKey: make([]byte, 32)})
			if err != nil {
				t.Fatal(err)
			}
			dies := quarterEnds(t, db, d.over(t, db), yearly)
			killer.Left = write
			ended, err := dies.Tick(t.Context())
			if err != nil && !errors.Is(err, storetest.ErrDead) || err == nil && ended != 1 {
				t.Fatalf("write %d: ended %d, %v", write, ended, err)
			}
			if err != nil {
				deaths, died = deaths+1, true
			}
			d.MoveTo(d.Clock().Add(schedule.StaleAfter + time.Minute))
			for range 2 {
				if _, err := runner.Tick(t.Context()); err != nil {
					t.Fatalf("after the death at write %d (%t): %v", write, after, err)
				}
			}
			p, err := d.Period(t.Context(), officer, "2026Q3")
			if err != nil || p.State != StateEvaluated {
				t.Fatalf("after the death at write %d (%t): %+v, %v", write, after, p, err)
			}
			fires, err := runner.Fires(t.Context(), QuarterEndJob, 5)
			if err != nil || len(fires) != 1 || fires[0].State == schedule.StateClaimed {
				t.Fatalf("after the death at write %d (%t): %+v, %v", write, after, fires, err)
			}
			got := ""
			for r, err := range d.archive.Results(t.Context(), p.Evaluation) {
				if err != nil {
					t.Fatal(err)
				}
				result, err := rating.ReadResult([]byte(r.Result))
				if err != nil {
					t.Fatal(err)
				}
				got += r.Subject + " " + result.Total.Points.String() + " " + result.Grade + "\n"
			}
			if want == "" {
				want = got
			}
			if got != want || got == "" {
				t.Errorf("after the death at write %d (%t): %q, want %q", write, after, got, want)
			}
		}
	}
	if deaths < 6 {
		t.Errorf("only %d deaths", deaths)
	}
}

// TestQuarterEndWhileDown: the program was down at the end of the quarter; at the next start the quarter is closed and evaluated, once.
func TestQuarterEndWhileDown(t *testing.T) {
	d := newDesk(t, 1)
	runner := d.quarterOpen(t, "30 0 * * *")
	tick := func(want int) {
		t.Helper()
		if n, err := runner.Tick(t.Context()); err != nil || n != want {
			t.Fatalf("ended %d, %v, want %d", n, err, want)
		}
	}
	tick(29) // one slot does it, 28 tell that it makes up for them
	p, err := d.Period(t.Context(), officer, "2026Q3")
	if err != nil || p.State != StateEvaluated || p.Evaluated.By != policy.SystemActor().ID {
		t.Fatalf("period %+v, %v", p, err)
	}
	before := d.Records(t)
	tick(0)
	if after := d.Records(t); after != before {
		t.Errorf("a second look wrote %d records", after-before)
	}
	if err := d.EvaluateQuarter(t.Context(), d.Clock()); err == nil || !strings.Contains(err.Error(), "统计截止以后已经评价") {
		t.Errorf("evaluated already: %v", err)
	}
	// Proof of the fourth quarter is taken until 5 January and counts until the 12th: it is evaluated then, and not on the first day of the next quarter only.
	if _, err := d.Plan(t.Context(), officer, "2026Q4", on(t, "2027-01-05"), on(t, "2027-01-12")); err != nil {
		t.Fatal(err)
	}
	if err := d.EvaluateQuarter(t.Context(), d.Clock()); err == nil || !strings.Contains(err.Error(), "2026年第四季度没有开启") {
		t.Errorf("not opened: %v", err)
	}
	if _, err := d.Open(t.Context(), officer, "2026Q4"); err != nil {
		t.Fatal(err)
	}
	for _, day := range []struct {
		day   string
		ended int
		state State
	}{{"2027-01-01", 74, StateOpen}, {"2027-01-12", 11, StateOpen}, {"2027-01-13", 1, StateEvaluated}, {"2027-01-14", 1, StateEvaluated}} {
		d.set(t, day.day)
		tick(day.ended)
		p, err := d.Period(t.Context(), officer, "2026Q4")
		if err != nil || p.State != day.state {
			t.Errorf("on %s the fourth quarter is %s: %v", day.day, p.State, err)
		}
	}
	if p, err = d.Period(t.Context(), officer, "2026Q4"); err != nil || calendar.DateOf(p.Evaluated.At.Time) != on(t, "2027-01-13") {
		t.Errorf("evaluated at %v: %v", p.Evaluated.At, err)
	}
}

// manyReadings yields readings about a number of projects in constant memory.
type manyReadings struct {
	projects, each int
	day            calendar.Date
	at             time.Time
}

func (m manyReadings) Source() string { return "observation" }

func (m manyReadings) EachReading(_ context.Context, _ calendar.Span, _ time.Time, _ int64, yield func(supervision.Reading) error) error {
	facts := []struct{ fact, above, below string }{{"repair_callbacks", "repair_callbacks_satisfied", "repair_callbacks_reached"}, {"answers", "answers_on_time", "answers_due"}, {"complaints", "complaints", ""}}
	hash := strings.Repeat("ab", 32)
	for p := range m.projects {
		project := fmt.Sprintf("p%04d", p+1)
		for i := range m.each {
			f := facts[i%len(facts)]
			r := supervision.Reading{Project: project, Firm: fmt.Sprintf("firm%d", p%2+1), Fact: f.fact, Day: m.day, Accepted: m.at, N: int64(i), Hash: hash,
				Cells: []supervision.Cell{{Column: f.above, Number: num.FromInt(1)}}}
			if f.below != "" {
				r.Cells = append(r.Cells, supervision.Cell{Column: f.below, Number: num.FromInt(2)})
			}
			if err := yield(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// BenchmarkGather says how many readings a second are put together, without what the source needs to read them: with many readings of a county's projects, and with as few
// as a quarter brings in counties of several sizes.
func BenchmarkGather(b *testing.B) {
	p, err := parsePeriod("2026Q3")
	if err != nil {
		b.Fatal(err)
	}
	for _, r := range []struct{ projects, each int }{{129, 2000}, {129, 26}, {10_000, 26}, {100_000, 26}} {
		if testing.Short() && r.projects > 10_000 {
			continue
		}
		b.Run(fmt.Sprintf("%dx%d", r.projects, r.each), func(b *testing.B) {
			d := newDesk(b, r.projects)
			source := manyReadings{projects: r.projects, each: r.each, day: on(b, "2026-08-10"), at: d.Clock()}
			readings := 0
			b.ResetTimer()
			for b.Loop() {
				g := newGathering(d.schemes[RhythmQuarter].scheme, p.ID, p.Days, d.Clock(), 1<<40, d.known, d.FactSources())
				if err := g.projects(b.Context(), d.register); err != nil {
					b.Fatal(err)
				}
				if err := g.read(b.Context(), source, d.Clock()); err != nil {
					b.Fatal(err)
				}
				for _, project := range g.order {
					g.buckets[project].freeze(g)
				}
				readings += source.projects * source.each
			}
			b.ReportMetric(float64(readings)/b.Elapsed().Seconds(), "readings/s")
			b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N*r.projects), "µs/project")
		})
	}
}
