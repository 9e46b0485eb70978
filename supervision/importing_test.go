package supervision

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// names finds the projects and firms of the small register: 东街花园 and 西街花园, f1 and f2.
type names struct{}

func (names) Project(_ context.Context, _, community, name string) (string, []fault.Field, error) {
	switch name {
	case "东街花园":
		return "p1", nil, nil
	case "西街花园":
		return "p2", nil, nil
	}
	return "", []fault.Field{registry.NoProject(community, name)}, nil
}

func (names) Firm(_ context.Context, code string) (string, []fault.Field, error) {
	if code == "f1" || code == "f2" || code == "f9" {
		return code, nil, nil
	}
	return "", []fault.Field{registry.NoFirm(code)}, nil
}

func importsOf(t testing.TB, d *desk) *ObservationImports {
	t.Helper()
	s, err := NewObservationImports(t.Context(), d.Observations, func() Finder { return names{} })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// answered is a row about the answers of a project.
func answered(row int64, project string, n, of int64) ObservationLine {
	return ObservationLine{Row: row, Community: "东街社区", Project: project, Ask: answersAsk(), Cells: []Cell{count("answers_on_time", n), count("answers_due", of)},
		Day: mustDate("2027-02-10"), Source: "12345 转办单台账"}
}

func fileOf(lines ...ObservationLine) imports.File[ObservationLine] {
	return imports.File[ObservationLine]{Kind: "observation", Name: "登记.xlsx", Hash: strings.Repeat("0", 64), Lines: lines}
}

// imported takes lines through all steps.
func imported(t testing.TB, s *ObservationImports, by policy.Actor, lines ...ObservationLine) imports.View {
	t.Helper()
	ctx := context.Background()
	run, err := s.DryRun(ctx, by, fileOf(lines...))
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Accept(ctx, by, run.Draft, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.RunAccepted(ctx); err != nil {
		t.Fatal(err)
	}
	v, err := s.One(ctx, by, id)
	if err != nil || v.State != imports.Done {
		t.Fatalf("%+v %v", v, err)
	}
	return v
}

func TestStoredLine(t *testing.T) {
	golden, err := os.ReadFile("testdata/observation-import-line.fields")
	if got := strings.Join(store.FieldNames[ObservationLine](), "\n") + "\n"; err != nil || got != string(golden) {
		t.Errorf("%v\n%s", err, got)
	}
}

func TestObservationDryRun(t *testing.T) {
	d := newDesk(t)
	s := importsOf(t, d)
	d.record(t, officer, draft(4, 5))
	quarter := func(l ObservationLine) ObservationLine {
		l.Period, l.Within = "2027年第二季度", calendar.Quarter{Year: 2027, N: 2}.Span()
		return l
	}
	with := func(l ObservationLine, change func(*ObservationLine)) ObservationLine { change(&l); return l }
	for _, tt := range []struct {
		name                                  string
		by                                    policy.Actor
		lines                                 []ObservationLine
		fresh, changed, same, faulty, doubled int64
		said                                  []string
	}{
		{"new, beside another, recorded already", officer, []ObservationLine{answered(2, "西街花园", 1, 2), answered(3, "东街花园", 3, 5), answered(4, "东街花园", 4, 5)}, 1, 1, 1, 0, 0, nil},
		{"two about one day in a file", officer, []ObservationLine{answered(2, "西街花园", 1, 2), answered(3, "西街花园", 2, 2)}, 1, 1, 0, 0, 0, nil},
		{"a row twice", officer, []ObservationLine{answered(2, "西街花园", 1, 2), answered(3, "西街花园", 1, 2)}, 1, 0, 0, 1, 1, []string{"3  与第 2 行重复"}},
		{"a firm", officer, []ObservationLine{with(answered(2, "", 1, 2), func(l *ObservationLine) { l.FirmCode = "f1" }), with(answered(3, "", 1, 2), func(l *ObservationLine) { l.FirmCode = "f9" }),
			with(answered(4, "", 1, 2), func(l *ObservationLine) { l.FirmCode = "f8" }), answered(5, "", 1, 2)}, 1, 0, 0, 3, 0,
			[]string{"3 firm 这家企业在2027年2月10日没有在管小区", "4 firm 没有登记统一社会信用代码为 f8", "5 project 小区名称和企业代码要填一个"}},
		{"what the form refuses too", officer, []ObservationLine{answered(2, "东街花园", 6, 5), with(answered(3, "东街花园", 1, 5), func(l *ObservationLine) { l.Day = mustDate("2027-03-02") }),
			with(answered(4, "东街花园", 1, 5), func(l *ObservationLine) { l.Source = " " }), answered(5, "南街花园", 1, 2)}, 0, 0, 0, 4, 0,
			[]string{"2 cells.answers_on_time “按期答复” 6件 多于", "3 day 日期 2027年3月2日 还没有到", "4 source 请写明来源", "5 project 东街社区没有登记名为“南街花园”的小区"}},
		{"another period", officer, []ObservationLine{quarter(answered(2, "东街花园", 1, 5))}, 0, 0, 0, 1, 0, []string{"2 day 日期 2027年2月10日 不在2027年第二季度内（2027年4月1日至2027年6月30日）"}},
		{"outside the scope is unknown", secretary, []ObservationLine{answered(2, "东街花园", 1, 5), answered(3, "西街花园", 1, 2)}, 0, 1, 0, 1, 0, []string{"3 project 东街社区没有登记名为“西街花园”的小区"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := d.Records(t)
			run, err := s.DryRun(t.Context(), tt.by, fileOf(tt.lines...))
			if err != nil || run.New != tt.fresh || run.Changed != tt.changed || run.Same != tt.same || run.Faulty != tt.faulty || run.Doubled != tt.doubled || (run.Draft == "") != (tt.fresh+tt.changed == 0) {
				t.Fatalf("%+v %v", run, err)
			}
			var got strings.Builder
			for _, f := range run.Faults {
				fmt.Fprintf(&got, "%d %s %s\n", f.Row, f.Field, f.Message)
			}
			for _, part := range tt.said {
				if !strings.Contains(got.String(), part) {
					t.Errorf("%q is not said:\n%s", part, got.String())
				}
			}
			if d.Records(t) != before {
				t.Error("a dry run wrote to the journal")
			}
		})
	}
}

func TestObservationImportRights(t *testing.T) {
	d := newDesk(t)
	s := importsOf(t, d)
	ctx := t.Context()
	run, err := s.DryRun(ctx, officer, fileOf(answered(2, "东街花园", 1, 5), answered(3, "南街花园", 1, 5)))
	if err != nil {
		t.Fatal(err)
	}
	before := d.Records(t)
	_, err = s.DryRun(ctx, clerk, fileOf(answered(2, "东街花园", 1, 5)))
	wantKind(t, err, fault.Forbidden)
	_, err = s.Accept(ctx, clerk, run.Draft, true)
	wantKind(t, err, fault.Forbidden)
	_, err = s.Accept(ctx, chief, run.Draft, true)
	wantKind(t, err, fault.NotFound)
	_, err = s.Accept(ctx, officer, run.Draft, false)
	wantKind(t, err, fault.Conflict)
	_, err = s.Recent(ctx, clerk)
	wantKind(t, err, fault.Forbidden)
	if d.Records(t) != before {
		t.Error("a refused call wrote something")
	}
	id, err := s.Accept(ctx, officer, run.Draft, true)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.One(ctx, chief, id); !fault.Is(err, fault.NotFound) {
		t.Error("somebody else's import is shown", err)
	}
	if list, err := s.Recent(ctx, chief); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	if list, err := s.Recent(ctx, officer); err != nil || len(list) != 1 || list[0].Lines != 1 || list[0].Faulty != 1 {
		t.Error(list, err)
	}
}

// TestImportedRowsWaitForTheSecondPerson: a row is as if it had been recorded by hand, and a replayed file doubles nothing.
func TestImportedRowsWaitForTheSecondPerson(t *testing.T) {
	d := newDesk(t)
	s := importsOf(t, d)
	ctx := t.Context()
	lines := []ObservationLine{answered(2, "东街花园", 1, 5), answered(3, "西街花园", 2, 2)}
	if v := imported(t, s, officer, lines...); v.Created != 2 || v.Failed != 0 {
		t.Fatalf("%+v", v)
	}
	if len(d.readings(t)) != 0 {
		t.Fatal("an imported row counts without a second person")
	}
	if own, err := d.Queue(ctx, officer, ""); err != nil || len(own.Docs) != 0 {
		t.Error("the importing person is asked to confirm", err)
	}
	queue, err := d.Queue(ctx, chief, "")
	if err != nil || len(queue.Docs) != 2 {
		t.Fatal(len(queue.Docs), err)
	}
	for _, doc := range queue.Docs {
		if doc.State.Recorded.By != "officer" || doc.State.Recorded.Office != "property_officer" || doc.State.State != ObservationRecorded || !doc.State.Recorded.At.Equal(d.Clock()) {
			t.Errorf("%+v", doc.State)
		}
		_, err := d.Confirm(ctx, officer, At{ID: doc.ID, Seq: doc.Seq})
		wantKind(t, err, fault.Forbidden)
		d.confirm(t, chief, doc)
	}
	if got := d.readings(t); len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	before := d.Records(t)
	run, err := s.DryRun(ctx, officer, fileOf(lines...))
	if err != nil || run.Draft != "" || run.Same != 2 || d.Records(t) != before {
		t.Errorf("%+v %v", run, err)
	}
	// What was taken back can be imported again.
	if v := imported(t, s, officer, answered(2, "东街花园", 3, 5)); v.Changed != 1 {
		t.Fatalf("%+v", v)
	}
	again, err := d.Queue(ctx, chief, "")
	if err != nil || len(again.Docs) != 1 {
		t.Fatal(again, err)
	}
	if _, err := d.Withdraw(ctx, officer, At{ID: again.Docs[0].ID, Seq: again.Docs[0].Seq}, "登记错了"); err != nil {
		t.Fatal(err)
	}
	imported(t, s, officer, answered(2, "东街花园", 3, 5))
	if again, err = d.Queue(ctx, chief, ""); err != nil || len(again.Docs) != 1 {
		t.Error(len(again.Docs), err)
	}
}

// TestCutOffObservationsAreCompleted: after a crash the next run completes the import; every row is recorded once.
func TestCutOffObservationsAreCompleted(t *testing.T) {
	d := newDesk(t)
	s := importsOf(t, d)
	ctx := t.Context()
	var lines []ObservationLine
	for n := range int64(30) {
		l := answered(n+2, "东街花园", 1, n+1)
		l.Day = l.Day.Add(-int(n))
		lines = append(lines, l)
	}
	run, err := s.DryRun(ctx, officer, fileOf(lines...))
	if err != nil {
		t.Fatal(err)
	}
	id, err := s.Accept(ctx, officer, run.Draft, false)
	if err != nil {
		t.Fatal(err)
	}
	// A run that died after some lines.
	check := (&lineChecker{ObservationImports: s, find: names{}, covers: func([]string, calendar.Date) bool { return true }}).check
	for _, n := range []int64{1, 2, 7, 30} {
		step, err := check(ctx, lines[n-1])
		if err != nil {
			t.Fatal(err)
		}
		cause := s.LineCause(id, n)
		if err := step.Do(ctx, store.Meta{By: officer.ID, Action: string(policy.RecordObservation), Cause: cause}, journal.DerivedID(cause)); err != nil {
			t.Fatal(err)
		}
	}
	var v imports.View
	for try := 0; v.State != imports.Done; try++ {
		limit, cancel := context.WithTimeout(ctx, time.Millisecond<<min(try, 16))
		if _, err := s.RunAccepted(limit); err != nil && limit.Err() == nil {
			t.Fatal(err)
		}
		cancel()
		if v, err = s.One(ctx, officer, id); err != nil {
			t.Fatal(err)
		}
	}
	if v.Created != 30 || v.Failed+v.Unchanged != 0 {
		t.Errorf("%+v", v)
	}
	var days []string
	for doc, err := range d.rows.Each(ctx) {
		if err != nil || doc.Seq != 1 {
			t.Fatalf("written %d times: %v", doc.Seq, err)
		}
		days = append(days, doc.State.Day.String())
	}
	slices.Sort(days)
	if len(slices.Compact(days)) != 30 {
		t.Errorf("%d rows", len(days))
	}
}
