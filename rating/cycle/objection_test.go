package cycle

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// answerLine is the line about which the tests quarrel, answerFact the fact behind it.
const answerLine, answerFact = "ops_answers", "answers"

// correct lets a correction take the place of what a project was told about answers: confirmed on a day.
func (d *desk) correct(t testing.TB, project, accepted, inTime string) {
	t.Helper()
	src := d.sources["observation"]
	src.mu.Lock()
	defer src.mu.Unlock()
	i := slices.IndexFunc(src.list, func(r supervision.Reading) bool { return r.Project == project && r.Fact == answerFact })
	r := src.list[i]
	r.Cells = []supervision.Cell{{Column: "answers_on_time", Number: mustNum(t, inTime)}, {Column: "answers_due", Number: num.FromInt(9)}}
	r.Accepted, r.Record, r.Hash, r.ScoredBy = on(t, accepted).Begins().Add(8*time.Hour), r.Record+"2", strings.Repeat("c", 64), "property_officer/account3"
	src.list[i].Replaced = r.Accepted
	src.list = append(src.list, r)
}

// objects is the call by which somebody objects to a line of a project.
func (d *desk) objects(ctx context.Context, by policy.Actor, project, line, ground string, into *store.Doc[Objection]) func() error {
	return func() error {
		doc, err := d.Objections().Raise(ctx, by, ObjectionInput{Period: "2026Q3", Project: project, Line: line, Ground: ground}, nil)
		if into != nil && err == nil {
			*into = doc
		}
		return err
	}
}

// does is the call by which somebody does a step to an objection.
func (d *desk) does(t testing.TB, by policy.Actor, o *store.Doc[Objection], do ObjectionStep, words string) func() error {
	return func() error {
		in := casework.Input{Text: words}
		if do == ObjectionAttach {
			in.Upload = d.scan(t)
		}
		doc, err := d.Objections().Do(t.Context(), by, casework.At{ID: o.ID, Seq: o.Seq}, do, in)
		if err == nil {
			*o = doc
		}
		return err
	}
}

func ok(t testing.TB, call func() error) {
	t.Helper()
	if err := call(); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
}

// TestObjections follows the objections of a quarter from the telling to the circular, with everything that is refused on the way.
func TestObjections(t *testing.T) {
	d := newDesk(t, 3)
	ctx := t.Context()
	const id, ground = "2026Q3", "按期答复的少算了四件，附台账"
	for _, p := range []string{"p0001", "p0002", "p0003"} {
		d.full(t, p, "2026-08-10", answerFact)
		d.tell(t, p, "2026-08-10", "answers answers_on_time=5 answers_due=9")
	}
	made := d.evaluated(t, id) // on 1 October, a Thursday
	firmTwo, auditor := person("manager2", "firm_manager", policy.FirmKey("firm2")), person("auditor", "auditor")
	tell := func(by policy.Actor, evaluation string) func() error {
		return func() error { _, err := d.Tell(ctx, by, id, evaluation); return err }
	}
	send := func() error {
		p := must[Period](t)(d.Period(ctx, officer, id))
		_, err := d.Send(ctx, officer, id, p.Evaluation)
		return err
	}
	d.refused(t, fault.NotFound, "", d.objects(ctx, firmOne, "p0001", answerLine, ground, nil))
	d.refused(t, fault.Conflict, "还没有告知企业", send)
	d.refused(t, fault.Forbidden, "", tell(firmOne, made.ID))
	d.refused(t, fault.Forbidden, "", tell(vice, made.ID))
	d.refused(t, fault.Conflict, "又评价过一次", tell(officer, "another"))
	ok(t, tell(officer, made.ID))
	d.refused(t, fault.Conflict, "已经告知", tell(officer, made.ID))
	d.refused(t, fault.Conflict, "异议期到2026年10月6日，期满", send)

	// Each firm sees its own projects and nobody else's.
	for _, tt := range []struct {
		by   policy.Actor
		want string
	}{{firmOne, "p0001 p0003"}, {firmTwo, "p0002"}, {auditor, "p0001 p0002 p0003"}} {
		v := must[*ToldScores](t)(d.ToldScores(ctx, tt.by, id))
		var got []string
		for _, r := range v.Rows {
			if r.Until.Due != on(t, "2026-10-06") {
				t.Errorf("%s: objections to %s until %v", tt.by.ID, r.Project, r.Until)
			}
			got = append(got, r.Project)
		}
		slices.Sort(got)
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s sees %q, want %q", tt.by.ID, got, tt.want)
		}
	}
	d.refused(t, fault.NotFound, "", func() error { _, err := d.ToldResult(ctx, firmOne, id, "p0002"); return err })
	d.refused(t, fault.Forbidden, "", func() error {
		_, err := d.ToldResult(ctx, person("worker", "community_worker"), id, "p0001")
		return err
	})

	var first, second, third store.Doc[Objection]
	d.refused(t, fault.Forbidden, "", d.objects(ctx, chief, "p0001", answerLine, ground, nil))
	d.refused(t, fault.NotFound, "", d.objects(ctx, firmOne, "p0002", answerLine, ground, nil))
	d.refused(t, fault.NotFound, "", d.objects(ctx, firmOne, "p0001", "no_line", ground, nil))
	d.refused(t, fault.Invalid, "ground", d.objects(ctx, firmOne, "p0001", answerLine, "不对", nil))
	d.refused(t, fault.Invalid, "请删去", d.objects(ctx, firmOne, "p0001", answerLine, ground+"，请电 13812345678", nil))
	ok(t, d.objects(ctx, firmOne, "p0001", answerLine, ground, &first))
	if o := first.State; o.State != ObjectionOpen || o.Clock.Due != on(t, "2026-10-08") || !slices.Equal(o.Facts, []string{answerFact}) || o.Points == nil || o.Max == nil {
		t.Errorf("raised %+v", o)
	}
	if dues, err := d.Objections().Dues(ctx); err != nil || len(dues) != 1 || dues[0].Project != "p0001" || dues[0].Until != first.State.Clock || !strings.HasSuffix(dues[0].What, "异议，答复") || !must[bool](t)(dues[0].Acts(ctx, chief)) || must[bool](t)(dues[0].Acts(ctx, officer)) || must[bool](t)(dues[0].Acts(ctx, firmOne)) {
		t.Errorf("%+v, %v", dues, err)
	}
	d.refused(t, fault.Conflict, "一项只提一次", d.objects(ctx, firmOne, "p0001", answerLine, ground, nil))
	d.refused(t, fault.NotFound, "", d.does(t, firmTwo, &first, ObjectionWithdraw, ""))
	ok(t, d.does(t, firmOne, &first, ObjectionWithdraw, ""))
	ok(t, d.objects(ctx, firmOne, "p0001", answerLine, ground, &first)) // what was withdrawn can be raised again within the window
	for range maxObjectionFiles {
		ok(t, d.does(t, firmOne, &first, ObjectionAttach, ""))
	}
	d.refused(t, fault.Conflict, "最多 5 个", d.does(t, firmOne, &first, ObjectionAttach, ""))

	// Nobody who scored or reviewed the line answers, nor who evaluated.
	for _, who := range []string{"account1", "account2", officer.ID} {
		by := person(who, "property_officer")
		d.refused(t, fault.Forbidden, "S-1", d.does(t, by, &first, ObjectionUphold, "经核对台账，少算四件"))
		if d.Objections().Can(ctx, by, &first.State, ObjectionRefuse) {
			t.Errorf("the page offers %s to answer", who)
		}
	}
	d.refused(t, fault.Forbidden, "", d.does(t, firmOne, &first, ObjectionUphold, "经核对台账，少算四件"))
	d.refused(t, fault.Invalid, "text", d.does(t, chief, &first, ObjectionUphold, ""))
	d.refused(t, fault.Conflict, "不能确认已更正", d.does(t, chief, &first, ObjectionCorrect, "改了"))
	if !d.Objections().Can(ctx, chief, &first.State, ObjectionUphold) || d.Objections().Can(ctx, auditor, &first.State, ObjectionUphold) {
		t.Error("the page offers an answer to the wrong person")
	}
	ok(t, d.does(t, chief, &first, ObjectionUphold, "经核对台账，少算四件，更正观察记录"))
	d.refused(t, fault.Conflict, "采纳待更正", d.does(t, firmOne, &first, ObjectionWithdraw, ""))

	d.set(t, "2026-10-06") // the last day counts whole
	d.MoveTo(d.Clock().Add(14*time.Hour + 59*time.Minute))
	ok(t, d.objects(ctx, firmTwo, "p0002", answerLine, ground, &second))
	d.set(t, "2026-10-07")
	d.refused(t, fault.Conflict, "已于2026年10月6日届满", d.objects(ctx, firmOne, "p0003", answerLine, ground, nil))
	d.refused(t, fault.Conflict, "还有 1 项异议没有答复", send)
	if list := must[[]Underway](t)(d.Underway(ctx)); len(list) != 1 || !list[0].Contested || list[0].Runs {
		t.Errorf("the public reads %+v", list)
	}
	ok(t, d.does(t, chief, &second, ObjectionRefuse, "台账上没有这四件的答复时间"))
	d.refused(t, fault.Conflict, "不予采纳", d.does(t, chief, &second, ObjectionUphold, "再看一次也还是一样"))
	d.refused(t, fault.Conflict, "还有 1 项采纳的异议没有更正", send)
	d.refused(t, fault.Conflict, "这一项没有变化", d.does(t, chief, &first, ObjectionCorrect, "已更正观察记录"))

	// What was corrected after the cut-off counts for the line that was upheld, and for no other project.
	d.correct(t, "p0001", "2026-10-07", "9")
	d.correct(t, "p0003", "2026-10-07", "9")
	made.ID = must[struct{ ID string }](t)(d.again(ctx, id)).ID
	d.refused(t, fault.Conflict, "又评价过", send)
	for project, want := range map[string]struct{ late, admitted int }{"p0001": {0, 1}, "p0003": {1, 0}} {
		f := must[Facts](t)(d.Facts(ctx, id, project))
		admitted := 0
		for _, r := range f.Rules {
			if r.Admitted {
				admitted++
			}
		}
		if f.LateCount != want.late || admitted != want.admitted {
			t.Errorf("%s: %d late, %d admitted", project, f.LateCount, admitted)
		}
	}
	d.refused(t, fault.Forbidden, "S-1", d.does(t, person("account3", "property_officer"), &first, ObjectionCorrect, "已更正观察记录"))
	ok(t, d.does(t, chief, &first, ObjectionCorrect, "已更正观察记录"))
	if c := first.State.Correction; c.Evaluation != made.ID || c.Points == nil || !first.State.Points.Less(*c.Points) {
		t.Errorf("corrected %+v", c)
	}

	// The new scores are told again to whom they concern: p0001. For p0003 what was known at the cut-off still counts.
	ok(t, tell(officer, made.ID))
	p := must[Period](t)(d.Period(ctx, officer, id))
	if n := len(p.Tellings); n != 2 || p.Tellings[1].Projects != 1 || p.Tellings[1].Window.Due != on(t, "2026-10-12") {
		t.Fatalf("told %+v", p.Tellings)
	}
	d.refused(t, fault.Conflict, "异议期到2026年10月12日，期满", send)
	seen := must[*ToldResult](t)(d.ToldResult(ctx, firmOne, id, "p0001"))
	if l := seen.Lines[answerLine]; !l.Open || !l.Again || !l.Was.Equal(*first.State.Points) || !slices.ContainsFunc(l.Objections, func(o store.Doc[Objection]) bool { return o.ID == first.ID }) {
		t.Errorf("the line after the correction %+v", l)
	}
	d.refused(t, fault.Conflict, "已于2026年10月6日届满", d.objects(ctx, firmOne, "p0001", "ops_open", ground, nil))
	if one, two := must[[]Heard](t)(d.Hears(ctx, firmOne)), must[[]Heard](t)(d.Hears(ctx, firmTwo)); len(one) != 1 || !one[0].Again || len(two) != 0 {
		t.Errorf("the firm with corrected scores is asked %+v, the other one %+v", one, two)
	}
	d.refused(t, fault.Conflict, "已于2026年10月6日届满", d.objects(ctx, firmTwo, "p0002", answerLine, ground, nil))
	ok(t, d.objects(ctx, firmOne, "p0001", answerLine, "更正以后又多算了，特此说明", &third))
	ok(t, d.does(t, firmOne, &third, ObjectionWithdraw, ""))
	d.set(t, "2026-10-13")

	// Who answered signs nowhere and does not publish.
	ok(t, send)
	d.refused(t, fault.Forbidden, "S-1", func() error { return d.agrees(t, chief, id) })
	for _, by := range []policy.Actor{vice, boss} {
		ok(t, func() error { return d.agrees(t, by, id) })
	}
	publish := func(by policy.Actor) func() error {
		return func() error { _, err := d.Publish(ctx, by, id, made.ID, ""); return err }
	}
	d.refused(t, fault.Forbidden, "S-1", publish(chief))
	ok(t, publish(boss))
	d.refused(t, fault.Conflict, "已经通报", d.objects(ctx, firmOne, "p0001", answerLine, ground, nil))
	if list := must[[]Underway](t)(d.Underway(ctx)); len(list) != 0 {
		t.Errorf("after the circular the public reads %+v", list)
	}
	if v := must[*ToldScores](t)(d.ToldScores(ctx, firmTwo, id)); len(v.Rows) != 1 || len(v.Rows[0].Objections) != 1 || v.Rows[0].Until.Rule != "" {
		t.Errorf("the firm sees %+v beside its line", v.Rows)
	}
	for i, list := range map[string]int{"": 4, "2026Q2": 0, id: 4} {
		page := must[store.Page[Objection]](t)(d.Objections().List(ctx, auditor, casework.Filter{}, i, false, ""))
		if len(page.Docs) != list {
			t.Errorf("%d objections of %q, want %d", len(page.Docs), i, list)
		}
	}
}

// again evaluates a period once more and names the evaluation.
func (d *desk) again(ctx context.Context, id string) (struct{ ID string }, error) {
	made, err := d.Evaluate(ctx, officer, id)
	return struct{ ID string }{made.ID}, err
}

// TestUnknownWindow: beyond the loaded calendar nobody can say when the window ends; it is open until somebody can, and nothing is published meanwhile. A second evaluation that says the same is told without a window.
func TestUnknownWindow(t *testing.T) {
	d := newDesk(t, 1)
	d.full(t, "p0001", "2026-08-10")
	made := d.evaluated(t, "2026Q3")
	d.unloaded = true
	p := must[Period](t)(d.Tell(t.Context(), officer, "2026Q3", made.ID))
	d.set(t, "2026-12-01")
	send := func() error {
		p := must[Period](t)(d.Period(t.Context(), officer, "2026Q3"))
		_, err := d.Send(t.Context(), officer, "2026Q3", p.Evaluation)
		return err
	}
	d.refused(t, fault.Conflict, "放假安排尚未装载", send)
	if h := must[Hearing](t)(d.Hearing(t.Context(), &p)); !h.Runs || h.Ends.Late(d.Clock()) {
		t.Errorf("%+v", h)
	}
	var o store.Doc[Objection]
	ok(t, d.objects(t.Context(), firmOne, "p0001", answerLine, "少算了四件，附台账", &o))
	if o.State.Clock.Resolved() {
		t.Errorf("the answer is due on %s", o.State.Clock.Due)
	}
	ok(t, d.does(t, firmOne, &o, ObjectionWithdraw, ""))
	d.unloaded = false
	d.refused(t, fault.Conflict, "已于2026年10月6日届满", d.objects(t.Context(), firmOne, "p0001", answerLine, "少算了四件，附台账", nil))

	// The same scores from other records: told again, nobody needs a window.
	d.sources["observation"].list[0].Hash = strings.Repeat("d", 64)
	again, err := d.again(t.Context(), "2026Q3")
	if err != nil || again.ID == made.ID {
		t.Fatal(again, err)
	}
	d.refused(t, fault.Conflict, "又评价过", send)
	p = must[Period](t)(d.Tell(t.Context(), officer, "2026Q3", again.ID))
	if last := p.Tellings[1]; last.Projects != 0 || last.Window.Rule != "" {
		t.Errorf("told %+v", last)
	}
	ok(t, send)
}
