package repair

import (
	"fmt"
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
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

// TestRepair: a repair from its report to its end; its state follows from its times, a correction leaves what was said before, and the phone is masked.
func TestRepair(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	said := leak("2026-10-19 08:00")
	said.Urgent = true
	r := d.enter("001", said)
	if r.State.State() != Waiting || r.State.Said.Phone != "138****5678" || MomentText(r.State.Due.Time) != "2026-10-19 08:30" || !r.State.Late(d.Now()) {
		t.Errorf("%+v", r.State)
	}
	d.Refused("the same number", fault.Conflict, func() error {
		_, err := d.Enter(ctx, d.site, Input{Project: d.project, Number: "001", Said: said})
		return err
	}, "001")
	d.Refused("another firm", fault.NotFound, func() error {
		_, err := d.Enter(ctx, d.rival, Input{Project: d.project, Said: said})
		return err
	})
	d.Refused("the community", fault.Forbidden, func() error {
		_, err := d.Enter(ctx, d.worker, Input{Project: d.project, Said: said})
		return err
	})
	d.Refused("before the report", fault.Invalid, func() error {
		_, err := d.Arrive(ctx, d.manager, at(r), moment("2026-10-19 07:59").Time)
		return err
	}, "早于报修时间")
	r = registrytest.Must[store.Doc[Repair]](t)(d.Arrive(ctx, d.site, at(r), moment("2026-10-19 08:20").Time))
	if r.State.State() != Arrived || r.State.Late(d.Now()) {
		t.Errorf("%+v", r.State)
	}
	d.Refused("twice", fault.Conflict, func() error {
		_, err := d.Arrive(ctx, d.site, at(r), moment("2026-10-19 08:25").Time)
		return err
	})
	d.Refused("without a result", fault.Invalid, func() error {
		_, err := d.Finish(ctx, d.manager, at(r), moment("2026-10-19 08:50").Time, "")
		return err
	}, "处理结果")
	d.Refused("in the future", fault.Invalid, func() error {
		_, err := d.Finish(ctx, d.manager, at(r), moment("2026-10-19 09:01").Time, "换了阀门")
		return err
	}, "还没有到")
	r = registrytest.Must[store.Doc[Repair]](t)(d.Finish(ctx, d.manager, at(r), moment("2026-10-19 08:50").Time, "换了阀门"))
	old := r
	fixed := r.State.Said
	fixed.Arrived = moment("2026-10-19 08:35")
	d.Refused("no reason", fault.Invalid, func() error { _, err := d.Correct(ctx, d.manager, at(r), fixed, ""); return err }, "理由")
	d.Refused("nothing changes", fault.Invalid, func() error { _, err := d.Correct(ctx, d.manager, at(r), r.State.Said, "看错了"); return err }, "没有改动")
	r = registrytest.Must[store.Doc[Repair]](t)(d.Correct(ctx, d.manager, at(r), fixed, "看错了表"))
	if !r.State.Late(d.Now()) || r.State.Said.Phone != "138****5678" {
		t.Errorf("corrected: %+v", r.State)
	}
	d.Refused("an old page", fault.Conflict, func() error { _, err := d.Withdraw(ctx, d.manager, at(old), "重复"); return err }, "刚被别人改过")
	history := registrytest.Must[[]Happened](t)(d.History(ctx, d.committee, r.ID))
	last := history[len(history)-1]
	if len(history) != 4 || last.Why != "看错了表" || len(last.Changes) != 1 || last.Changes[0] != (Change{"到场时间", "2026-10-19 08:20", "2026-10-19 08:35"}) {
		t.Errorf("%+v", history)
	}
	moved := fixed
	moved.Reported = moment("2026-09-30 08:00")
	d.Refused("into another month", fault.Invalid, func() error { _, err := d.Correct(ctx, d.manager, at(r), moved, "记错了"); return err }, "别的月份")
	r = registrytest.Must[store.Doc[Repair]](t)(d.Withdraw(ctx, d.manager, at(r), "与 002 重复"))
	if r.State.State() != Withdrawn || r.State.Late(d.Now()) {
		t.Errorf("%+v", r.State)
	}
	d.Refused("after the end", fault.Conflict, func() error { _, err := d.Correct(ctx, d.manager, at(r), fixed, "再改"); return err }, "已经撤销")
	if _, err := d.One(ctx, d.rival, r.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("another firm reads: %v", err)
	}
	if page, err := d.List(ctx, d.rival, Filter{}, ""); err != nil || len(page.Docs) != 0 {
		t.Errorf("another firm lists: %d %v", len(page.Docs), err)
	}
}

// TestRefusedFields: what is wrong with an entry is told by field, all at once.
func TestRefusedFields(t *testing.T) {
	d := newDesk(t)
	for _, bad := range []struct {
		name   string
		change func(*Said)
		fields []string
	}{
		{"nothing", func(s *Said) { *s = Said{} }, []string{"where", "what", "category", "reported"}},
		{"a phone in the words", func(s *Said) { s.What = "打 13812345678" }, []string{"what"}},
		{"no phone", func(s *Said) { s.Phone = "12345" }, []string{"phone"}},
		{"done before it began", func(s *Said) { s.Done, s.Result = s.Reported, "好了" }, []string{"arrived"}},
		{"too old", func(s *Said) { s.Reported = moment("2026-08-19 08:00") }, []string{"reported"}},
		{"agreed before", func(s *Said) { s.Agreed = moment("2026-10-18 08:00") }, []string{"agreed"}},
		{"no such category", func(s *Said) { s.Category = "none" }, []string{"category"}},
		{"a result only", func(s *Said) { s.Result = "好了" }, []string{"done"}},
	} {
		said := leak("2026-10-19 08:00")
		bad.change(&said)
		d.Refused(bad.name, fault.Invalid, func() error {
			_, err := d.Enter(t.Context(), d.manager, Input{Project: d.project, Said: said})
			var got []string
			for _, f := range fault.FieldsOf(err) {
				got = append(got, f.Name)
			}
			if !slices.Equal(got, bad.fields) {
				t.Errorf("%s: refused %v, want %v", bad.name, got, bad.fields)
			}
			return err
		})
	}
}

// line is a row of a monthly file.
func line(row int64, number string, said Said) Line {
	return Line{Row: row, Community: "城东社区", Project: "望湖苑", Number: number, Urgency: "no", Said: said}
}

func (d *desk) dry(by policy.Actor, lines ...Line) imports.DryRun {
	d.T.Helper()
	return registrytest.Must[imports.DryRun](d.T)(d.Imports.DryRun(d.T.Context(), by, imports.File[Line]{Kind: "repair", Name: "报修.xlsx", Hash: strings.Repeat("0", 64), Lines: lines}))
}

func (d *desk) take(lines ...Line) {
	d.T.Helper()
	run := d.dry(d.manager, lines...)
	if run.Faulty > 0 {
		d.T.Fatalf("%+v", run.Faults)
	}
	registrytest.Must[string](d.T)(d.Imports.Accept(d.T.Context(), d.manager, run.Draft, false))
	registrytest.Must[int](d.T)(d.Imports.RunAccepted(d.T.Context()))
}

func (d *desk) all(by policy.Actor) []store.Doc[Repair] {
	d.T.Helper()
	var out []store.Doc[Repair]
	if err := d.Each(d.T.Context(), by, Filter{Asc: true}, func(r store.Doc[Repair]) { out = append(out, r) }); err != nil {
		d.T.Fatal(err)
	}
	return out
}

// TestImport: the monthly file comes in once; importing it again changes nothing, what it adds completes what is there, and what is wrong is told by row and field. It is written beside what was entered by hand.
func TestImport(t *testing.T) {
	d := newDesk(t)
	d.take(line(2, "001", leak("2026-10-12 08:00")), line(3, "002", done("2026-10-13 08:00", "2026-10-13 10:00", "2026-10-13 11:00")))
	if run := d.dry(d.manager, line(2, "001", leak("2026-10-12 08:00"))); run.Same != 1 || run.New+run.Changed > 0 {
		t.Errorf("the same file again: %+v", run)
	}
	later := done("2026-10-12 08:00", "2026-10-12 09:00", "2026-10-12 10:00")
	later.Phone = ""
	d.take(line(2, "001", later))
	rows := d.all(d.inspector)
	if len(rows) != 2 || rows[0].State.State() != Done || rows[0].State.Said.Phone != "138****5678" || rows[0].State.Reason == "" || rows[1].Seq != 1 {
		t.Errorf("%+v", rows)
	}
	early := done("2026-10-12 08:00", "2026-10-12 07:00", "2026-10-12 10:00")
	ours := line(4, "003", leak("2026-10-12 08:00"))
	ours.Project = "临江苑"
	run := d.dry(d.manager, line(2, "004", early), line(3, "005", leak("2026-10-20 08:00")), ours, line(5, "006", leak("2026-10-12 08:00")), line(6, "006", leak("2026-10-12 09:00")))
	var told []string
	for _, f := range run.Faults {
		told = append(told, fmt.Sprint(f.Row, " ", f.Field))
	}
	if run.New != 1 || run.Doubled != 1 || !slices.Equal(told, []string{"2 arrived", "3 reported", "4 project", "6 "}) {
		t.Errorf("%+v", run)
	}
}

// TestSample: once a month is over and its days for completing are, a tenth of what was done is drawn by a seed, at least one; the firm learns who was drawn from nothing before the call.
func TestSample(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.MoveTo(day("2026-09-30").Begins().Add(20 * time.Hour))
	for i := range 12 {
		d.enter(fmt.Sprintf("%03d", i), done("2026-09-20 08:00", "2026-09-20 09:00", fmt.Sprintf("2026-09-%02d 10:00", 20+i%2*8)))
	}
	d.enter("100", leak("2026-09-21 08:00"))
	registrytest.Must[store.Doc[Repair]](t)(d.Enter(ctx, d.rival, Input{Project: d.other, Number: "1", Said: done("2026-09-20 08:00", "2026-09-20 09:00", "2026-09-20 10:00")}))
	// After 30 September come the days of the national holiday: the third working day is 10 October, a Saturday that is worked.
	draw := func(on string) []store.Doc[Sample] {
		t.Helper()
		d.Forward(on)
		if err := d.DrawDue(ctx); err != nil {
			t.Fatal(err)
		}
		return registrytest.Must[store.Page[Sample]](t)(d.Samples(ctx, d.inspector, SampleFilter{Open: true}, "")).Docs
	}
	if early := draw("2026-10-08"); len(early) != 0 {
		t.Fatalf("drawn before the log could be completed: %+v", early)
	}
	before := d.all(d.manager)
	samples := draw("2026-10-13")
	if len(samples) != 2 {
		t.Fatalf("%d samples", len(samples))
	}
	i := slices.IndexFunc(samples, func(a store.Doc[Sample]) bool { return a.State.Project == d.project })
	a := samples[i]
	if a.State.Population != 12 || len(a.State.Calls) != 2 || a.State.InTime != 6 || len(samples[1-i].State.Calls) != 1 || a.State.Month() != "2026年9月" {
		t.Errorf("%+v", a.State)
	}
	var ids, drawn []string
	for _, r := range before {
		if r.State.State() == Done {
			ids = append(ids, r.ID)
		}
	}
	for _, c := range a.State.Calls {
		drawn = append(drawn, c.Repair)
	}
	if again := Draw(a.State.Seed, ids, 2); !slices.Equal(again, drawn) {
		t.Errorf("drawn again %v, stored %v", again, drawn)
	}
	registrytest.Must[store.Doc[Repair]](t)(d.Enter(ctx, d.manager, Input{Project: d.project, Number: "101", Said: done("2026-09-20 08:00", "2026-09-20 09:00", "2026-09-20 10:00")}))
	if again := draw("2026-10-14"); len(again) != 2 || again[i].State.Population != 12 || again[i].Seq != 1 {
		t.Errorf("drawn twice: %+v", again)
	}
	// The firm sees how many calls there are, and nothing else, of nothing that it can open.
	seen, calls, err := d.Sample(ctx, d.manager, a.ID)
	if err != nil || seen.State.Seed != "" || len(calls) != 2 || calls[0].Repair != "" || calls[0].About != nil {
		t.Errorf("%+v %+v %v", seen.State, calls, err)
	}
	for n, r := range d.all(d.manager)[:12] {
		if r.Seq != before[n].Seq {
			t.Errorf("the change number of %s tells that it was drawn", r.ID)
		}
	}
	if _, _, err := d.Sample(ctx, d.rival, a.ID); !fault.Is(err, fault.NotFound) {
		t.Errorf("another firm: %v", err)
	}
	_, calls, err = d.Sample(ctx, d.worker, a.ID)
	if err != nil || calls[0].About == nil || calls[0].About.Said.Phone != "13812345678" {
		t.Fatalf("%+v %v", calls, err)
	}
	where := supervision.At{ID: a.ID, Seq: a.Seq}
	double := policy.Actor{ID: "double", Appointments: slices.Concat(d.manager.Appointments, d.worker.Appointments)}
	for name, by := range map[string]policy.Actor{"the firm": d.manager, "somebody of the firm with another post": double} {
		d.Refused(name, fault.Forbidden, func() error { _, err := d.Call(ctx, by, where, drawn[0], Satisfied, ""); return err })
	}
	d.Refused("no outcome", fault.Invalid, func() error { _, err := d.Call(ctx, d.worker, where, drawn[0], "", ""); return err }, "回访结果")
	d.Refused("not drawn", fault.NotFound, func() error { _, err := d.Call(ctx, d.worker, where, ids[0]+"0", Satisfied, ""); return err })
	call := func(by policy.Actor, repair string, outcome Outcome) {
		t.Helper()
		a = registrytest.Must[store.Doc[Sample]](t)(d.Call(ctx, by, supervision.At{ID: a.ID, Seq: a.Seq}, repair, outcome, ""))
	}
	call(d.worker, drawn[0], Unreached)
	if a.State.Open() != 2 {
		t.Errorf("closed after one try: %+v", a.State.Calls)
	}
	d.Refused("again on the same day", fault.Conflict, func() error {
		_, err := d.Call(ctx, d.inspector, supervision.At{ID: a.ID, Seq: a.Seq}, drawn[0], Unreached, "")
		return err
	}, "今天已经打过")
	call(d.inspector, drawn[1], Phantom)
	if _, calls, err := d.Sample(ctx, d.manager, a.ID); err != nil || calls[0].Repair != "" || calls[1].Outcome != Phantom || calls[1].About == nil || calls[1].About.Said.Phone != "138****5678" {
		t.Errorf("what the firm sees after a call: %+v %v", calls, err)
	}
	read := func(until calendar.Date) (out []supervision.Reading) {
		t.Helper()
		if err := d.EachReading(ctx, calendar.Span{First: day("2026-07-01"), Last: until}, d.Now(), 1<<40, func(r supervision.Reading) error {
			if r.Fact == factCalls {
				out = append(out, r)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if list := read(day("2026-09-30")); len(list) != 0 {
		t.Errorf("read before the last call: %+v", list)
	}
	if work := registrytest.Must[[]store.Doc[Sample]](t)(d.ToCall(ctx, d.inspector)); len(work) != 0 {
		t.Errorf("the bureau is asked before the days of the community are over: %+v", work)
	}
	if work := registrytest.Must[[]store.Doc[Sample]](t)(d.ToCall(ctx, d.worker)); len(work) != 2 {
		t.Errorf("work of the community: %+v", work)
	}
	d.Forward("2026-10-15")
	call(d.worker, drawn[0], Satisfied)
	d.Refused("twice", fault.Conflict, func() error {
		_, err := d.Call(ctx, d.worker, supervision.At{ID: a.ID, Seq: a.Seq}, drawn[0], Dissatisfied, "")
		return err
	}, "已经回访过")
	list := read(day("2026-09-30"))
	if len(list) != 1 || list[0].Project != d.project || list[0].Firm != d.firm || list[0].Day != day("2026-09-30") || list[0].Cells[0].Number.String() != "1" || list[0].Cells[1].Number.String() != "2" {
		t.Errorf("%+v", list)
	}
	if list := read(day("2026-09-29")); len(list) != 0 {
		t.Errorf("a month that ends after the span: %+v", list)
	}
	d.Forward("2026-10-26")
	if work := registrytest.Must[[]store.Doc[Sample]](t)(d.ToCall(ctx, d.inspector)); len(work) != 1 || work[0].State.Project != d.other {
		t.Errorf("late ones of the bureau: %+v", work)
	}
}

// TestForget: when their term is over the phones are gone for good, and the rest stays.
func TestForget(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	r := d.enter("001", leak("2026-10-19 08:00"))
	forget := func(on, want string) {
		t.Helper()
		d.Forward(on)
		if err := d.Forget(ctx); err != nil {
			t.Fatal(err)
		}
		if now := registrytest.Must[store.Doc[Repair]](t)(d.One(ctx, d.manager, r.ID)); now.State.Said.Phone != want || now.State.Said.What != "卫生间水管漏水" {
			t.Errorf("on %s %+v", on, now.State.Said)
		}
	}
	forget("2027-02-26", "138****5678")
	forget("2027-03-02", store.PurgedText)
	d.Refused("to change it", fault.Conflict, func() error { _, err := d.Arrive(ctx, d.manager, at(r), d.Now()); return err }, "已按期清除")
	if n, err := d.Desk.DB.Engine().LastN(ctx); err != nil {
		t.Fatal(err)
	} else if forget("2027-03-03", store.PurgedText); registrytest.Must[int64](t)(d.Desk.DB.Engine().LastN(ctx)) != n {
		t.Error("forgotten twice")
	}
}

func TestMoments(t *testing.T) {
	for text, want := range map[string]string{"2026-10-19 14:30": "2026-10-19 14:30", "2026/1/2 3:04": "2026-01-02 03:04", "2026-10-19T00:00": "2026-10-19 00:00", "2026年10月9日 9:05": "2026-10-09 09:05", " 2026-10-19 14:30:59 ": "2026-10-19 14:30",
		"2026-10-19": "", "": "", "14:30": "", "2026-13-01 00:00": ""} {
		got, ok := ParseMoment(text)
		if ok != (want != "") || MomentText(got) != want {
			t.Errorf("%q: %s %v", text, MomentText(got), ok)
		}
	}
	if !journal.At(moment("2026-10-19 08:00").Time).Equal(day("2026-10-19").Begins().Add(8 * time.Hour)) {
		t.Error("not local time")
	}
}

func TestTerms(t *testing.T) {
	const good = "version: \"1\"\ncategories: [{id: water, title: 给排水}]\nurgent: [{level: first, minutes: 30}]\nurgent_otherwise: 120\nfinish_hours: 72\nsample_percent: 10\ncalls: 2\nbasis: 建议\n"
	terms, err := ParseTerms("repairs.yaml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	for population, want := range map[int]int{1: 1, 9: 1, 10: 1, 11: 2, 100: 10, 101: 11, 5000: mostCalls} {
		if got := terms.size(population); got != want {
			t.Errorf("of %d are drawn %d, want %d", population, got, want)
		}
	}
	for _, bad := range [][2]string{{"percent: 10", "percent: 0"}, {"level: first", "level: fourth"}, {"id: water", "id: Water"}, {"calls: 2", "calls: 9"}, {"minutes: 30", "minutes: 1"}, {"title: 给排水", "title: 水"}, {"basis: 建议\n", "basis: 建议\nmore: 1\n"}} {
		if _, err := ParseTerms("repairs.yaml", []byte(strings.Replace(good, bad[0], bad[1], 1))); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", bad[1], err)
		}
	}
}
