package supervision

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

func TestEveryTransition(t *testing.T) {
	allowed := map[ObservationState][]observationStep{
		"": {stepRecord}, ObservationRecorded: {stepPass, stepPaper, stepConfirm, stepReturn, stepWithdraw}, ObservationReturned: {stepCorrect, stepWithdraw},
		ObservationCorrected: {stepPass, stepPaper, stepConfirm, stepReturn, stepWithdraw}, ObservationPassing: {stepPass, stepPaper, stepConfirm, stepReturn, stepWithdraw},
		ObservationConfirmed: {stepSupersede}, ObservationWithdrawn: {stepRecord}, ObservationSuperseded: {},
	}
	steps := []observationStep{stepRecord, stepPaper, stepPass, stepConfirm, stepReturn, stepCorrect, stepWithdraw, stepSupersede}
	for _, state := range append(ObservationStates(), "") {
		for _, do := range steps {
			next, err := state.step(do)
			if slices.Contains(allowed[state], do) {
				if err != nil || !slices.Contains(ObservationStates(), next) {
					t.Errorf("%q %s: %q, %v", state, do, next, err)
				}
				continue
			}
			if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.MessageOf(err), state.Title()) {
				t.Errorf("%q %s: %v", state, do, err)
			}
		}
	}
	if _, err := ObservationState("else").step(stepConfirm); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
}

func TestStoredFields(t *testing.T) {
	golden, err := os.ReadFile("testdata/observation.fields")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(store.FieldNames[Observation](), "\n") + "\n"; got != string(golden) {
		t.Errorf("stored fields changed; old records would not be read:\n%s", got)
	}
}

func TestTwoPersonsMakeAReading(t *testing.T) {
	d := newDesk(t)
	doc := d.record(t, officer, draft(4, 5))
	if len(d.readings(t)) != 0 {
		t.Fatal("one person's word counts")
	}
	for key, want := range map[string]string{policy.ProjectKey(doc.State.Project): "1 条观察记录", policy.ProjectKey("none"): ""} {
		if said, err := d.Uses(t.Context(), key, time.Time{}); said != want || err != nil {
			t.Errorf("uses of %s: %q %v", key, said, err)
		}
	}
	before := d.Records(t)
	_, err := d.Confirm(t.Context(), officer, At{ID: doc.ID, Seq: doc.Seq})
	wantKind(t, err, fault.Forbidden)
	if fault.RuleOf(err) == "" || d.Records(t) != before {
		t.Error("a refusal without a rule, or with a record")
	}
	doc = d.confirm(t, secretary, doc)
	got := d.readings(t)
	if len(got) != 1 {
		t.Fatalf("%d readings", len(got))
	}
	r := got[0]
	if r.Project != "p1" || r.Firm != "f1" || r.Fact != "answers" || r.Day != mustDate("2027-02-10") || len(r.Cells) != 2 || r.Cells[0].Number.String() != "4" {
		t.Errorf("%+v", r)
	}
	if r.ScoredBy != "property_officer/officer" || r.ReviewedBy != "community_secretary/secretary" || r.N != doc.N || len(r.Hash) != 64 || !r.Accepted.Equal(d.Clock()) {
		t.Errorf("%+v", r)
	}
	if record, err := d.DB.Engine().Record(t.Context(), r.Record); err != nil || record.N != r.N {
		t.Error(record.N, err)
	}
	if len(d.readingsAsOf(t, d.Clock().Add(-time.Millisecond), d.Records(t))) != 0 || len(d.readingsAsOf(t, d.Clock(), r.N-1)) != 0 {
		t.Error("a reading counts before it was accepted")
	}
}

func TestDayOutsideTheSpanDoesNotCount(t *testing.T) {
	d := newDesk(t)
	d.confirm(t, chief, d.record(t, officer, draft(4, 5)))
	span := calendar.Span{First: mustDate("2027-02-11"), Last: mustDate("2027-03-31")}
	found := 0
	each := func(Reading) error { found++; return nil }
	if err := d.EachReading(t.Context(), span, d.Clock(), d.Records(t), each); err != nil || found != 0 {
		t.Error(found, err)
	}
	span.First = calendar.Date{}
	if err := d.EachReading(t.Context(), span, d.Clock(), d.Records(t), each); err != nil || found != 1 {
		t.Error(found, err)
	}
}

func TestSiftedLeavesOutWhatIsNotWanted(t *testing.T) {
	d := newDesk(t)
	done := d.confirm(t, chief, d.record(t, officer, draft(4, 5)))
	span := calendar.Span{Last: mustDate("2027-03-31")}
	for _, c := range []struct {
		fact string
		day  calendar.Date
		want int
	}{
		{done.State.Ask.Fact, done.State.Day, 1}, {"another", done.State.Day, 0}, {done.State.Ask.Fact, done.State.Day.Add(1), 0},
	} {
		found := 0
		wanted := func(fact string, day calendar.Date) bool { return fact == c.fact && day == c.day }
		err := d.EachSifted(t.Context(), span, d.Clock(), d.Records(t), wanted, func(Reading) error { found++; return nil })
		if err != nil || found != c.want {
			t.Errorf("%s on %s: %d %v", c.fact, c.day, found, err)
		}
	}
}

func TestWhatIsRefusedWritesNothing(t *testing.T) {
	d := newDesk(t)
	pending := d.record(t, officer, draft(4, 5))
	other := draft(1, 2)
	other.Project = "p2"
	elsewhere := d.record(t, officer, other)
	done := d.confirm(t, chief, d.record(t, officer, draft(3, 3)))
	at := func(doc store.Doc[Observation]) At { return At{ID: doc.ID, Seq: doc.Seq} }
	with := func(change func(*Draft)) Draft {
		in := draft(4, 5)
		change(&in)
		return in
	}
	record := func(by policy.Actor, in Draft) func() error {
		return func() error { _, err := d.Record(t.Context(), by, in); return err }
	}
	tests := []struct {
		name string
		do   func() error
		kind fault.Kind
		want string
	}{
		{"a firm records", record(clerk, draft(4, 5)), fault.Forbidden, ""},
		{"nobody records", record(policy.Actor{}, draft(4, 5)), fault.Unauthenticated, ""},
		{"another community", record(neighbour, draft(4, 5)), fault.NotFound, ""},
		{"no such project", record(officer, with(func(in *Draft) { in.Project = "p9" })), fault.NotFound, ""},
		{"no subject", record(officer, with(func(in *Draft) { in.Project = "" })), fault.Invalid, "请选择小区"},
		{"two subjects", record(officer, with(func(in *Draft) { in.Firm = "f1" })), fault.Invalid, "两者只能选一样"},
		{"a firm that held nothing", record(officer, with(func(in *Draft) { in.Project, in.Firm = "", "f2" })), fault.Invalid, "没有在管小区"},
		{"a firm from a community", record(secretary, with(func(in *Draft) { in.Project, in.Firm = "", "f1" })), fault.NotFound, ""},
		{"tomorrow", record(officer, with(func(in *Draft) { in.Day = mustDate("2027-03-02") })), fault.Invalid, "2027年3月2日 还没有到，今天是 2027年3月1日"},
		{"no day", record(officer, with(func(in *Draft) { in.Day = calendar.Date{} })), fault.Invalid, "日期"},
		{"no source", record(officer, with(func(in *Draft) { in.Source = " " })), fault.Invalid, "请写明来源"},
		{"a long source", record(officer, with(func(in *Draft) { in.Source = strings.Repeat("长", 201) })), fault.Invalid, "现在有 201 个"},
		{"no fact", record(officer, with(func(in *Draft) { in.Ask = Ask{}; in.Cells = nil })), fault.Invalid, "请选择要登记的事实"},
		{"more than due", record(officer, draft(6, 5)), fault.Invalid, "多于"},
		{"correct what is not confirmed", record(officer, with(func(in *Draft) { in.Corrects = pending.ID })), fault.Conflict, "待复核"},
		{"correct what is not there", record(officer, with(func(in *Draft) { in.Corrects = "nothing" })), fault.NotFound, ""},
		{"correct by a path", record(officer, with(func(in *Draft) { in.Corrects = "../x" })), fault.NotFound, ""},
		{"correct another fact", record(officer, with(func(in *Draft) {
			in.Corrects, in.Ask, in.Cells = done.ID, upkeepAsk(), []Cell{count("training_held", 1), count("training_due", 1)}
		})), fault.Invalid, "同一项事实"},
		{"a firm confirms", func() error { _, err := d.Confirm(t.Context(), clerk, at(pending)); return err }, fault.Forbidden, ""},
		{"another community confirms", func() error { _, err := d.Confirm(t.Context(), neighbour, at(pending)); return err }, fault.NotFound, ""},
		{"a community beyond its border", func() error { _, err := d.Confirm(t.Context(), secretary, at(elsewhere)); return err }, fault.NotFound, ""},
		{"confirm an old page", func() error { _, err := d.Confirm(t.Context(), chief, At{ID: pending.ID, Seq: 7}); return err }, fault.Conflict, "刚被别人办过"},
		{"confirm twice", func() error { _, err := d.Confirm(t.Context(), chief, at(done)); return err }, fault.Conflict, "已确认"},
		{"return without reason", func() error { _, err := d.Return(t.Context(), chief, at(pending), " "); return err }, fault.Invalid, "理由"},
		{"a firm returns without reason", func() error { _, err := d.Return(t.Context(), clerk, at(pending), " "); return err }, fault.Forbidden, ""},
		{"a long reason", func() error {
			_, err := d.Return(t.Context(), chief, at(pending), strings.Repeat("长", 201))
			return err
		}, fault.Invalid, "200 字"},
		{"correct what was not returned", func() error {
			_, err := d.Correct(t.Context(), officer, at(pending), Correction{Cells: draft(1, 1).Cells, Day: mustDate("2027-02-10"), Source: "台账"})
			return err
		}, fault.Conflict, "待复核"},
		{"withdraw what counts", func() error { _, err := d.Withdraw(t.Context(), officer, at(done), "记错"); return err }, fault.Conflict, "已确认"},
		{"withdraw elsewhere", func() error { _, err := d.Withdraw(t.Context(), neighbour, at(pending), "记错"); return err }, fault.NotFound, ""},
	}
	before := d.Records(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.do()
			wantKind(t, err, tt.kind)
			if all := err.Error(); !strings.Contains(all, tt.want) {
				t.Errorf("%q does not say %q", all, tt.want)
			}
			if n := d.Records(t); n != before {
				t.Fatalf("%d records were written", n-before)
			}
		})
	}
}

func TestReturnedIsCorrectedAndConfirmed(t *testing.T) {
	d := newDesk(t)
	doc := d.record(t, officer, draft(4, 5))
	doc, err := d.Return(t.Context(), secretary, At{ID: doc.ID, Seq: doc.Seq}, "应答复件数与台账不符")
	if err != nil {
		t.Fatal(err)
	}
	mine, err := d.Returned(t.Context(), officer, "")
	if err != nil || len(mine.Docs) != 1 || mine.Docs[0].State.Reason != "应答复件数与台账不符" {
		t.Fatal(mine.Docs, err)
	}
	if page, err := d.Queue(t.Context(), chief, ""); err != nil || len(page.Docs) != 0 {
		t.Fatal("what was returned waits for a decision", err)
	}
	in := Correction{Cells: []Cell{count("answers_on_time", 4), count("answers_due", 6)}, Day: mustDate("2027-02-11"), Source: "12345 转办单台账，第 3 页"}
	before := d.Records(t)
	_, err = d.Correct(t.Context(), secretary, At{ID: doc.ID, Seq: doc.Seq}, in)
	wantKind(t, err, fault.Forbidden)
	if d.Records(t) != before {
		t.Fatal("a refused correction wrote something")
	}
	if doc, err = d.Correct(t.Context(), officer, At{ID: doc.ID, Seq: doc.Seq}, in); err != nil {
		t.Fatal(err)
	}
	if doc.State.State != ObservationCorrected || doc.State.Reason != "" {
		t.Errorf("%+v", doc.State)
	}
	d.confirm(t, secretary, doc)
	if got := d.readings(t); len(got) != 1 || got[0].Cells[1].Number.String() != "6" || got[0].Day != mustDate("2027-02-11") {
		t.Errorf("%+v", got)
	}
	history, err := d.Observations.History(t.Context(), officer, doc.ID)
	if err != nil || len(history) != 4 || history[1].Why != "应答复件数与台账不符" || history[3].State != ObservationConfirmed {
		t.Errorf("%+v %v", history, err)
	}
}

// A correction counts in the place of what it names from its own confirmation on, and what was read before can be read again.
func TestCorrectionReplaces(t *testing.T) {
	d := newDesk(t)
	old := d.confirm(t, chief, d.record(t, officer, draft(4, 5)))
	frozen, then := d.Records(t), d.Clock()
	d.Wait(time.Hour)
	in := draft(5, 5)
	in.Corrects, in.Day = old.ID, mustDate("2027-02-20")
	first := d.record(t, officer, in)
	_, err := d.Record(t.Context(), officer, in)
	wantKind(t, err, fault.Conflict)
	if got := d.readings(t); len(got) != 1 || got[0].Cells[0].Number.String() != "4" {
		t.Fatal("a correction counts before it is confirmed")
	}
	if _, err := d.Withdraw(t.Context(), officer, At{ID: first.ID, Seq: first.Seq}, "数字再核对"); err != nil {
		t.Fatal(err)
	}
	second := d.record(t, officer, in)
	if found, err := d.Correcting(t.Context(), officer, old.ID); err != nil || found.ID != second.ID {
		t.Error(found.ID, err)
	}
	second = d.confirm(t, chief, second)
	for _, when := range []string{"before the rule ran", "after it ran"} {
		got := d.readings(t)
		if len(got) != 1 || got[0].Cells[0].Number.String() != "5" {
			t.Fatalf("%s: %+v", when, got)
		}
		if got := d.readingsAsOf(t, then, frozen); len(got) != 1 || got[0].Cells[0].Number.String() != "4" {
			t.Fatalf("%s, as of then: %+v", when, got)
		}
		if _, err := d.DB.RunRules(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if doc, err := d.One(t.Context(), officer, old.ID); err != nil || doc.State.State != ObservationSuperseded {
		t.Error(doc.State.State, err)
	}
	// What corrects can be corrected itself, what was replaced cannot.
	_, err = d.Record(t.Context(), officer, in)
	wantKind(t, err, fault.Conflict)
	in.Corrects, in.Cells = second.ID, draft(2, 5).Cells
	d.confirm(t, chief, d.record(t, officer, in))
	if got := d.readings(t); len(got) != 1 || got[0].Cells[0].Number.String() != "2" {
		t.Errorf("%+v", got)
	}
}

func TestFirmWideCountsForEachProjectHeldThatDay(t *testing.T) {
	d := newDesk(t)
	in := Draft{Ask: upkeepAsk(), Firm: "f1", Day: handed.Add(-1), Source: "培训签到表（份数）", Cells: []Cell{count("training_held", 1), count("training_due", 1)}}
	d.confirm(t, chief, d.record(t, officer, in))
	in.Day = handed
	d.confirm(t, chief, d.record(t, officer, in))
	var got []string
	for _, r := range d.readings(t) {
		got = append(got, r.Day.String()+" "+r.Project+" "+r.Firm)
	}
	slices.Sort(got)
	if want := []string{"2027-02-14 p1 f1", "2027-02-14 p2 f1", "2027-02-15 p1 f1"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestVetoKeepsPaperGroundAndEnd(t *testing.T) {
	d := newDesk(t)
	in := Draft{Ask: vetoAsk(), Project: "p1", Day: mustDate("2027-02-10"), Source: "一票否决认定书",
		Cells: []Cell{{Column: "veto_decisions", Text: "accident", Document: "都住建认字〔2027〕1号", Until: mustDate("2028-02-09")}}}
	d.confirm(t, chief, d.record(t, officer, in))
	got := d.readings(t)
	if len(got) != 1 || got[0].Cells[0].Document != in.Cells[0].Document || got[0].Cells[0].Until != in.Cells[0].Until || got[0].Cells[0].Text != "accident" {
		t.Errorf("%+v", got)
	}
}

func TestRetryTakesEffectOnce(t *testing.T) {
	d := newDesk(t)
	in := draft(4, 5)
	in.Idem = &store.Idem{Key: "form-1", Body: []byte("a")}
	first := d.record(t, officer, in)
	after := d.Records(t)
	if again := d.record(t, officer, in); again.ID != first.ID || d.Records(t) != after {
		t.Error("a retry made another record")
	}
	in.Idem = &store.Idem{Key: "form-1", Body: []byte("b")}
	_, err := d.Record(t.Context(), officer, in)
	wantKind(t, err, fault.Conflict)
	confirm := At{ID: first.ID, Seq: first.Seq, Idem: &store.Idem{Key: "decide-1", Body: []byte("c")}}
	for range 2 {
		if doc, err := d.Confirm(t.Context(), chief, confirm); err != nil || doc.State.State != ObservationConfirmed {
			t.Fatal(doc.State.State, err)
		}
	}
}

func TestListsKeepToTheScope(t *testing.T) {
	d := newDesk(t)
	for k := range int64(3) {
		in := draft(k, 5)
		in.Day = mustDate("2027-01-10").Add(int(k))
		d.record(t, officer, in)
	}
	in := draft(1, 1)
	in.Project = "p2"
	d.confirm(t, chief, d.record(t, officer, in))
	in.Project, in.Day = "p1", mustDate("2026-12-31")
	d.record(t, secretary, in)
	q1 := calendar.Quarter{Year: 2027, N: 1}
	tests := []struct {
		name   string
		by     policy.Actor
		filter ObservationFilter
		want   int
	}{
		{"officer, all", officer, ObservationFilter{}, 5},
		{"officer, quarter", officer, ObservationFilter{Quarter: q1}, 4},
		{"officer, project", officer, ObservationFilter{Project: "p1", Quarter: q1}, 3},
		{"officer, state", officer, ObservationFilter{State: ObservationConfirmed}, 1},
		{"officer, fact", officer, ObservationFilter{Fact: "upkeep"}, 0},
		{"community", secretary, ObservationFilter{}, 4},
		{"neighbour", neighbour, ObservationFilter{}, 1},
		{"a project of another", neighbour, ObservationFilter{Project: "p1"}, 0},
		{"no project", officer, ObservationFilter{Project: "p/1"}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			page, err := d.List(t.Context(), tt.by, tt.filter, "")
			if err != nil || len(page.Docs) != tt.want {
				t.Errorf("%d rows, want %d: %v", len(page.Docs), tt.want, err)
			}
		})
	}
	for by, want := range map[*policy.Actor]int{&officer: 1, &chief: 4, &secretary: 3, &neighbour: 0} {
		if page, err := d.Queue(t.Context(), *by, ""); err != nil || len(page.Docs) != want {
			t.Errorf("%s: %d wait, want %d: %v", by.ID, len(page.Docs), want, err)
		}
	}
	_, err := d.Queue(t.Context(), clerk, "")
	wantKind(t, err, fault.Forbidden)
	_, err = d.List(t.Context(), clerk, ObservationFilter{}, "")
	wantKind(t, err, fault.Forbidden)
}

// Of two who decide at once one wins, the other is told.
func TestTwoReviewersAtOnce(t *testing.T) {
	d := newDesk(t)
	doc := d.record(t, officer, draft(4, 5))
	at := At{ID: doc.ID, Seq: doc.Seq}
	errs := make(chan error, 2)
	go func() { _, err := d.Confirm(t.Context(), chief, at); errs <- err }()
	go func() { _, err := d.Return(t.Context(), secretary, at, "件数不符"); errs <- err }()
	one, two := <-errs, <-errs
	if (one == nil) == (two == nil) {
		t.Fatal(one, two)
	}
	if one == nil {
		one = two
	}
	wantKind(t, one, fault.Conflict)
}

func TestBadCursorIsRefused(t *testing.T) {
	d := newDesk(t)
	_, err := d.List(t.Context(), officer, ObservationFilter{}, "x")
	wantKind(t, err, fault.Invalid)
}
