package cycle

import (
	"context"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/application"
)

// TestCoach follows a project through a year: three published quarters and a running one, what leads to the next star, what would lose it, values that are tried, and a task until it is done.
func TestCoach(t *testing.T) {
	d := newDesk(t, 2)
	ctx := t.Context()
	d.sources["application"] = &fakeSource{name: application.Source}
	d.Service.sources = append(d.Service.sources, d.sources["application"])
	d.Service.actions = must[*rating.Actions](t)(rating.ParseActions("coach.yaml", shipped(t, "coach.yaml"), d.schemes[RhythmYear].scheme))
	weak := []string{"cobuild_kinds", "repairs", "answers"}
	for _, day := range []string{"2026-02-10", "2026-05-10", "2026-08-10"} {
		for _, p := range []string{"p0001", "p0002"} {
			d.full(t, p, day, weak...)
			for _, text := range []string{"cobuild_kinds cobuild_kinds=1", "repairs repairs_on_time=14 repairs_due=20", "answers answers_on_time=6 answers_due=9"} {
				d.tell(t, p, day, text)
			}
		}
	}
	manager, keeper, stranger := firmOne, person("keeper", "project_manager", policy.ProjectKey("p0001")), person("other", "firm_manager", policy.FirmKey("firm2"))
	see := func(by policy.Actor, project string, ask CoachAsk) func() error {
		return func() error { _, err := d.Coach(ctx, by, project, ask); return err }
	}
	for _, q := range []string{"2026Q1", "2026Q2", "2026Q3"} {
		d.published(t, q)
	}
	d.set(t, "2026-10-19")
	before := d.Records(t)
	v := must[*Coached](t)(d.Coach(ctx, manager, "p0001", CoachAsk{}))
	if v.Basis != CoachNow || v.Now.Grade != "star4" || v.Level != 5 || v.Plan == nil || !v.Plan.Least || v.Best.Grade != "star5" {
		t.Fatalf("%s %s %s to %d, best %s %s, plan %+v", v.Basis, v.Now.Grade, v.Now.Total.Shown, v.Level, v.Best.Grade, v.Best.Total.Shown, v.Plan)
	}
	if again := must[*Coached](t)(d.Coach(ctx, manager, "p0001", CoachAsk{})); !slices.Equal(again.Plan.Steps, v.Plan.Steps) {
		t.Error("another plan the second time")
	}
	if len(v.Quarters) != 4 || v.Quarters[0].State != "已通报" || v.Quarters[3].State != "数据还不够，先不算" {
		t.Errorf("quarters %+v", v.Quarters)
	}
	find := func(id string) *CoachAction {
		at := slices.IndexFunc(v.Actions, func(a CoachAction) bool { return a.ID == id })
		if at < 0 {
			t.Fatal("no action ", id)
		}
		return &v.Actions[at]
	}
	if a := find("repairs"); a.Why != "" || a.Limit != "2026年第四季度的截止日还没有定" || a.Now == "" || a.Then == "" || !slices.Equal(a.Voices, []string{"主管部门"}) {
		t.Errorf("repairs %+v", a)
	}
	if a := find("cobuild"); a.Until != on(t, "2026-12-31") || a.Limit != "2026年第四季度最后一天" {
		t.Errorf("cobuild until %v %s", a.Until, a.Limit)
	}
	// What was found or is full cannot be moved: the half-year that was not shown, the contract that is filed.
	for id, why := range map[string]string{"file_contract": "已经做满", "revenue": "期限已过，或者现在没有要办的", "joint_meetings": "", "own_meetings": "已经做满"} {
		if a := find(id); why != "" && a.Why != why {
			t.Errorf("%s: %q", id, a.Why)
		}
	}
	if len(v.Risks) == 0 || v.Risks[0].By != 1 {
		t.Errorf("risks %+v", v.Risks)
	}

	// Nobody called for applications, so the star is one that every level agreed to; nothing is to be done about it.
	if a := find("apply"); v.Agreed != "还没有通知申报；下面按各级同意试算。" || a.Why == "" || a.Needed {
		t.Errorf("agreed %q, apply %+v", v.Agreed, a)
	}
	d.applies(t, manager, v)

	// Values that are tried come to what the engine says; nothing is written.
	tried := must[*Coached](t)(d.Coach(ctx, manager, "p0001", CoachAsk{Try: map[string]rating.Value{"complaints": rating.Number(num.FromInt(40))}}))
	if tried.Tried == nil || !tried.Tried.Total.Points.Less(v.Now.Total.Points) {
		t.Errorf("forty complaints: %+v", tried.Tried)
	}
	asked := must[*Coached](t)(d.Coach(ctx, manager, "p0001", CoachAsk{Basis: CoachNow, Try: map[string]rating.Value{"survey": {State: rating.Present, Number: num.FromInt(400), Items: []rating.ItemValue{{State: rating.Present, Number: num.FromInt(70)}, {}, {}, {State: rating.Present, Number: num.FromInt(30)}, {}}}}}))
	if line := asked.Tried.Line("svc_satisfaction"); line == nil || line.Points.String() != "7.5" {
		t.Errorf("70 of 100 satisfied: %+v", line)
	}
	d.refused(t, fault.Invalid, "complaints要填不小于零的整数", see(manager, "p0001", CoachAsk{Try: map[string]rating.Value{"complaints": rating.Number(num.FromFrac(1, 2))}}))
	d.refused(t, fault.NotFound, "", see(stranger, "p0001", CoachAsk{}))
	d.refused(t, fault.NotFound, "", see(manager, "p0099", CoachAsk{}))
	d.refused(t, fault.Forbidden, "", see(person("inspector", "inspector"), "p0001", CoachAsk{}))
	if d.Records(t) != before {
		t.Error("asking wrote something")
	}
	rows, count, err := d.Coaches(ctx, manager, "", 0, 10)
	if err != nil || count != 1 || rows[0].Project != "p0001" || !rows[0].Running || rows[0].Now.Grade != "star4" {
		t.Errorf("list %+v %d %v", rows, count, err)
	}

	d.coachTasks(t, manager, keeper, stranger)

	// What was told stays with the firm that earned it; the coach opens only for the one that serves, and for nobody without the right.
	opens := func(by policy.Actor, want ...string) {
		t.Helper()
		got := must[map[string]bool](t)(d.Coachable(ctx, by, "p0001", "p0002", "p0099"))
		for project, open := range got {
			_, err := d.Coach(ctx, by, project, CoachAsk{Bare: true})
			if open != slices.Contains(want, project) || open != (err == nil) {
				t.Errorf("%s of %s is said to open: %v, and does so: %v", project, by.ID, open, err)
			}
		}
	}
	d.register[slices.IndexFunc(d.register, func(h registry.Holding) bool { return h.Project == "p0002" })].Firm = ""
	mine := &d.register[slices.IndexFunc(d.register, func(h registry.Holding) bool { return h.Project == "p0001" })]
	d.tell(t, "p0001", "2026-10-18", "cameras cameras=1")
	mine.Insured, mine.InsuredUntil, mine.ServedUntil = true, on(t, "2027-03-31"), on(t, "2028-01-01")
	d.set(t, "2026-10-20")
	opens(manager, "p0001")
	// What the register says ends is told with what it costs; what ends beyond the next year is not.
	v = must[*Coached](t)(d.Coach(ctx, manager, "p0001", CoachAsk{}))
	if at := slices.IndexFunc(v.Expiries, func(e rating.Expiry) bool { return e.Fact == "insurance" }); at < 0 || v.Expiries[at].Until != dateOf(on(t, "2027-03-31")) || !v.Expiries[at].Result.Total.Points.Less(v.Now.Total.Points) || !v.Served.IsZero() {
		t.Errorf("expiries %+v, served until %v", v.Expiries, v.Served)
	}
	mine.ServedUntil = on(t, "2027-12-31")
	opens(person("chief", "section_chief", policy.County), "p0001")
	opens(person("inspector", "inspector", policy.County))
	d.register[slices.IndexFunc(d.register, func(h registry.Holding) bool { return h.Project == "p0001" })].Firm = "firm2"
	d.set(t, "2026-10-21")
	if v = must[*Coached](t)(d.Coach(ctx, stranger, "p0001", CoachAsk{Basis: CoachNow})); v.Served != on(t, "2027-12-31") {
		t.Errorf("served until %v", v.Served)
	}
	opens(manager)
	opens(stranger, "p0001")
}

// TestShift: points that come of the quarters alone are said to come of them.
func TestShift(t *testing.T) {
	d := newDesk(t, 0)
	stage := func(rhythm string, kinds int64) rating.Stage {
		scheme := d.schemes[rhythm].scheme
		sub := scheme.NewSubject("p0001", "2026", dateOf(on(t, "2026-12-31")))
		if err := sub.Set("cobuild_kinds", rating.Number(num.FromInt(kinds))); err != nil {
			t.Fatal(err)
		}
		return rating.Stage{Scheme: scheme, Subject: sub}
	}
	for _, r := range []struct {
		year, quarter int64
		then, behind  string
	}{{5, 1, "", "第二季度得分 1 种 → 2 种"}, {3, 1, "4 种", "第二季度得分 1 种 → 2 种"}, {3, 5, "4 种", ""}} {
		v := &Coached{Scheme: d.schemes[RhythmYear].scheme, Course: &rating.Course{Stage: stage(RhythmYear, r.year), Feeds: []rating.Feed{{ID: "q2", Stage: stage(RhythmQuarter, r.quarter)}}, Replay: true}}
		one := CoachAction{Action: &rating.Action{ID: "cobuild", Fact: "cobuild_kinds", How: rating.HowRaise, By: 1, Most: 1}}
		l, why := v.Course.Lever(one.Action, nil)
		if why != "" {
			t.Fatal(why)
		}
		one.shift(v, l.Steps[0])
		var behind []string
		for _, q := range one.Behind {
			behind = append(behind, q.Name+" "+q.Now+" → "+q.Then)
		}
		if one.Then != r.then || strings.Join(behind, "、") != r.behind {
			t.Errorf("%d and %d: %q, %q", r.year, r.quarter, one.Then, behind)
		}
	}
}

// applies follows the application of a year: called for and not handed in, under way, handed in too late. before is the coach of a year without a call.
func (d *desk) applies(t *testing.T, by policy.Actor, before *Coached) {
	called := d.Service.called
	defer func() { d.Service.called, d.sources["application"].list = called, nil; d.set(t, "2026-10-19") }()
	window := must[calendar.Deadline](t)(d.start("rating.apply", on(t, "2026-10-12")))
	d.Service.called = func(context.Context, string) (*application.Round, error) {
		return &application.Round{Year: "2026", Name: "2026年度", Window: window}, nil
	}
	see := func() (*Coached, *CoachAction) {
		d.Service.coach.held = nil
		v := must[*Coached](t)(d.Coach(t.Context(), by, "p0001", CoachAsk{Basis: CoachNow}))
		return v, &v.Actions[slices.IndexFunc(v.Actions, func(a CoachAction) bool { return a.ID == "apply" })]
	}
	v, a := see()
	if v.Agreed != "星级申报还在审核；下面按各级同意试算。" || a.Why == "" {
		t.Errorf("under way: %q, %+v", v.Agreed, a)
	}
	d.tellLate(t, "p0001", "2026-12-31", "2026-10-12", "application application=none")
	v, a = see()
	if v.Agreed != "星级申报还没有提交；下面按提交以后各级同意试算。" || v.Now.Grade != before.Now.Grade || v.Plan == nil || !slices.Equal(v.Plan.Steps, before.Plan.Steps) {
		t.Errorf("not handed in: %q, %s, plan %+v", v.Agreed, v.Now.Grade, v.Plan)
	}
	if a != &v.Actions[0] || !a.Needed || a.Why != "" || a.Steps != 1 || a.Until != window.Due || a.Limit != "2026年度申报期最后一天" || a.Now != "未申报" || a.Then != "各级同意" {
		t.Errorf("what is needed comes first: %+v", a)
	}
	if n, effort := v.Doing(); effort != v.Plan.Effort+a.Effort || n < 2 || v.Bound() != effort {
		t.Errorf("%d actions with an effort of %d, the plan takes %d", n, effort, v.Plan.Effort)
	}
	rows, _, err := d.Coaches(t.Context(), by, "", 0, 10)
	if err != nil || !rows[0].Agreed || rows[0].Now.Grade != before.Now.Grade {
		t.Errorf("list %+v, %v", rows, err)
	}
	d.set(t, window.Due.Add(1).String())
	if v, a = see(); v.Agreed != "" || v.Now.Grade != "not_applied" || !strings.HasPrefix(a.Why, "期限") || a.Needed {
		t.Errorf("too late: %q, %s, %+v", v.Agreed, v.Now.Grade, a)
	}
}

// coachTasks gives a task, and does what is refused on the way.
func (d *desk) coachTasks(t *testing.T, manager, keeper, stranger policy.Actor) {
	ctx := t.Context()
	give := func(by policy.Actor, action, due string, into *store.Doc[CoachTask]) func() error {
		return func() error {
			in := CoachGift{Project: "p0001", Action: action, Words: "月底以前"}
			if due != "" {
				in.Due = on(t, due)
			}
			doc, err := d.CoachTasks().Give(ctx, by, in, nil)
			if err == nil && into != nil {
				*into = doc
			}
			return err
		}
	}
	var task store.Doc[CoachTask]
	d.refused(t, fault.Forbidden, "", give(keeper, "cobuild", "2026-11-30", nil))
	d.refused(t, fault.NotFound, "", give(stranger, "cobuild", "2026-11-30", nil))
	d.refused(t, fault.NotFound, "", give(manager, "no_such", "2026-11-30", nil))
	d.refused(t, fault.Conflict, "已经做满", give(manager, "file_contract", "2026-11-30", nil))
	d.refused(t, fault.Invalid, "due请填写", give(manager, "cobuild", "", nil))
	d.refused(t, fault.Invalid, "due2026年10月1日已经过去", give(manager, "cobuild", "2026-10-01", nil))
	d.refused(t, fault.Invalid, "晚于还能计入星级的最后一天2026年12月31日", give(manager, "cobuild", "2027-01-01", nil))
	ok(t, give(manager, "cobuild", "2026-11-30", &task))
	d.refused(t, fault.Conflict, "已经派给", give(manager, "cobuild", "2026-11-30", nil))
	do := func(by policy.Actor, step CoachStep, text string) func() error {
		return func() error {
			doc, err := d.CoachTasks().Do(ctx, by, casework.At{ID: task.ID, Seq: task.Seq}, step, casework.Input{Text: text})
			if err == nil {
				task = doc
			}
			return err
		}
	}
	d.refused(t, fault.Forbidden, "", do(manager, CoachReport, "已办"))
	d.refused(t, fault.Conflict, "不能确认落实", do(manager, CoachConfirm, ""))
	d.refused(t, fault.NotFound, "", do(stranger, CoachDrop, "不要了"))
	d.refused(t, fault.Invalid, "text", do(keeper, CoachReport, ""))
	d.refused(t, fault.Invalid, "电话", do(keeper, CoachReport, "找 13812345678"))
	ok(t, do(keeper, CoachReport, "办了一次党课共上"))
	ok(t, do(manager, CoachReturn, "缺社区的确认"))
	if task.State.State != CoachOpen || task.State.Reason != "缺社区的确认" || task.State.Clock.Due != on(t, "2026-11-30") {
		t.Errorf("returned: %+v", task.State)
	}
	ok(t, do(keeper, CoachReport, "社区已经确认"))
	ok(t, do(manager, CoachConfirm, ""))
	d.refused(t, fault.Conflict, "", do(manager, CoachDrop, "不要了"))
	var states []string
	for _, c := range must[[]store.Change[CoachTask]](t)(d.CoachTasks().History(ctx, keeper, task.ID)) {
		states = append(states, string(c.State.State))
	}
	if got := strings.Join(states, " "); got != "open reported open reported finished" || task.State.Clock.Rule != "" {
		t.Errorf("life %s, clock %+v", got, task.State.Clock)
	}
	ok(t, give(manager, "cobuild", "2026-11-30", &task))
	ok(t, do(manager, CoachDrop, "社区另有安排"))
}
