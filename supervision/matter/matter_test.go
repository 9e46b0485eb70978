package matter

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/registrytest"
	"redsteward/supervision"
)

// allMoves are the moves of the table.
var allMoves = []Move{MoveReport, MoveDispatch, MoveGrant, MoveDeny, MoveAccept, MoveRefuse, MoveTake, MoveBegin, MoveAsk, MoveAnswer, MoveAnswerFixed, MoveAnswerUnfixed, MoveFixed, MoveUnfixed, MoveRedo, MoveReopen, MoveMerge, MoveUrge}

// TestMoves writes the table down a second time: every pair that is not here is refused.
func TestMoves(t *testing.T) {
	want := map[string]State{
		"reported/派单": Dispatched, "returned/派单": Dispatched, "reopened/派单": Dispatched, "dispatched/签收受理": Accepted, "dispatched/退回": Returned,
		"accepted/开始办理": Working, "accepted/接手": Accepted, "accepted/申请延期": Accepted, "accepted/同意延期": Accepted, "accepted/不同意延期": Accepted,
		"working/接手": Working, "working/申请延期": Working, "working/同意延期": Working, "working/不同意延期": Working,
		"working/答复": Answered, "working/答复办结，已解决": Fixed, "working/答复办结，未解决": Unfixed,
		"answered/核实已解决": Fixed, "answered/核实未解决，办结": Unfixed, "answered/核实未解决，退回重办": Working, "reported/并入另一件": Merged, "returned/并入另一件": Merged, "reopened/并入另一件": Merged, "dispatched/催办督办": Dispatched, "accepted/催办督办": Accepted, "working/催办督办": Working, "fixed/要求重新办理": Reopened, "unfixed/要求重新办理": Reopened,
	}
	seen := 0
	for _, c := range States() {
		state := State(c.ID)
		for _, move := range allMoves {
			to, err := state.next(move)
			if want, ok := want[c.ID+"/"+string(move)]; ok {
				seen++
				if err != nil || to != want {
					t.Errorf("%s %s: %s, %v", c.ID, move, to, err)
				}
			} else if !fault.Is(err, fault.Conflict) || !strings.Contains(fault.MessageOf(err), c.Text) {
				t.Errorf("%s %s: %s, %v", c.ID, move, to, err)
			}
		}
	}
	if seen != len(want) || len(moves) != len(States())+1 {
		t.Errorf("%d of %d moves, %d states", seen, len(want), len(moves))
	}
}

// TestHazard follows a hazard from the report of a grid worker to the photo of another one and the reopening, with every wrong door on the way.
func TestHazard(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.Refused("the firm reports nothing", fault.Forbidden, func() error {
		_, err := d.Report(ctx, d.manager, Input{Category: "fire_exit", Project: d.project, Where: "门口", Words: "消防通道被堵"})
		return err
	})
	d.Refused("no place", fault.Invalid, func() error {
		_, err := d.Report(ctx, d.grid, Input{Category: "nothing", Words: "堵了", Photos: []*files.Upload{d.Photo(), d.Photo(), d.Photo(), d.Photo()}})
		return err
	}, "category 请选择分类", "where 具体位置", "words 情况", "community 请选择社区", "photos 最多 3 张")
	d.Refused("somebody's phone", fault.Invalid, func() error {
		_, err := d.Report(ctx, d.grid, Input{Category: "fire_exit", Community: east, Where: "3幢", Words: "找住户13812345678问情况"})
		return err
	}, "不要写电话号码")
	d.Refused("another community", fault.NotFound, func() error {
		_, err := d.Report(ctx, d.grid, Input{Category: "fire_exit", Community: "360428100002", Where: "街口", Words: "消防通道被堵"})
		return err
	})
	m := d.did(d.Report(ctx, d.grid, Input{Category: "fire_exit", Project: d.project, Where: " 3幢1单元门前 ", Words: "消防通道停了两辆车", Photos: []*files.Upload{d.Photo()}, Idem: &store.Idem{Key: "k", Body: []byte("b")}}))
	again := d.did(d.Report(ctx, d.grid, Input{Category: "fire_exit", Project: d.project, Where: " 3幢1单元门前 ", Words: "消防通道停了两辆车", Photos: []*files.Upload{d.Photo()}, Idem: &store.Idem{Key: "k", Body: []byte("b")}}))
	if again.ID != m.ID || m.State.Due.Due != day("2026-10-20") || m.State.Where != "3幢1单元门前" || m.State.Firm != d.firm || len(m.State.Photos) != 1 {
		t.Errorf("%+v", m.State)
	}
	d.Refused("not yet dispatched", fault.NotFound, func() error { _, err := d.Accept(ctx, d.fire, at(m)); return err })
	d.Refused("no department", fault.Invalid, func() error { _, err := d.Dispatch(ctx, d.dispatcher, at(m), ""); return err }, "department")
	first := d.did(d.Dispatch(ctx, d.dispatcher, at(m), "urban"))
	d.Refused("two dispatchers at once: the second", fault.Conflict, func() error { _, err := d.Dispatch(ctx, d.dispatcher2, at(m), "fire"); return err }, "刚被别人办过（派单）", "待签收")
	d.Refused("another department", fault.NotFound, func() error { _, err := d.Accept(ctx, d.fire, at(first)); return err })
	d.Refused("a refusal without a reason", fault.Invalid, func() error { _, err := d.Refuse(ctx, d.urban, at(first), " "); return err }, "reason")
	m = d.did(d.Refuse(ctx, d.urban, at(first), "属于消防救援机构职责"))
	d.Refused("the same department again", fault.Invalid, func() error { _, err := d.Dispatch(ctx, d.dispatcher, at(m), "urban"); return err }, "刚刚退回")
	m = d.did(d.Dispatch(ctx, d.dispatcher, at(m), "fire"))
	d.Refused("a second refusal", fault.Conflict, func() error { _, err := d.Refuse(ctx, d.fire, at(m), "也不归我们"); return err }, "已经退回过一次")
	m = d.did(d.Accept(ctx, d.fire, at(m)))
	if m.State.Handler != "fire" || m.State.AnswerBy.Due != day("2026-10-26") || m.State.Due != m.State.AnswerBy {
		t.Errorf("%+v", m.State)
	}
	d.Refused("a colleague works on it", fault.Forbidden, func() error { _, err := d.Begin(ctx, d.fire2, at(m)); return err }, "先接手")
	d.Refused("an answer before the work", fault.Conflict, func() error { _, err := d.Answer(ctx, d.fire, at(m), good()); return err })
	m = d.did(d.Take(ctx, d.fire2, at(m)))
	d.Refused("taken already", fault.Conflict, func() error { _, err := d.Take(ctx, d.fire2, at(m)); return err })
	m = d.did(d.Begin(ctx, d.fire2, at(m)))
	d.Refused("an empty answer", fault.Invalid, func() error { _, err := d.Answer(ctx, d.fire2, at(m), AnswerInput{}); return err }, "words", "liable", "reasonable")
	m = d.did(d.Answer(ctx, d.fire2, at(m), good()))
	if m.State.State != Answered || m.State.Check.Way != WayPhoto || m.State.Answer.Late {
		t.Errorf("%+v", m.State)
	}
	ok := CheckInput{Move: MoveFixed, Words: "通道已经畅通", Photos: []*files.Upload{d.Photo()}}
	d.Refused("verified by who reported", fault.Forbidden, func() error { _, err := d.Verify(ctx, d.grid, at(m), ok); return err }, "由你上报")
	d.Refused("verified at the desk", fault.Forbidden, func() error { _, err := d.Verify(ctx, d.worker, at(m), ok); return err }, "另一名网格员")
	d.Refused("without a photo", fault.Invalid, func() error {
		_, err := d.Verify(ctx, d.grid2, at(m), CheckInput{Move: MoveFixed, Words: "看过了"})
		return err
	}, "photos")
	d.Refused("no outcome", fault.Invalid, func() error { _, err := d.Verify(ctx, d.grid2, at(m), CheckInput{Words: "看过了"}); return err }, "outcome")
	m = d.did(d.Verify(ctx, d.grid2, at(m), CheckInput{Move: MoveRedo, Words: "又停了一辆", Photos: []*files.Upload{d.Photo()}}))
	if m.State.State != Working || m.State.Due.Rule != "matter.reply" {
		t.Errorf("%+v", m.State)
	}
	m = d.did(d.Answer(ctx, d.fire2, at(m), good()))
	m = d.did(d.Verify(ctx, d.grid2, at(m), ok))
	if m.State.State != Fixed || !m.State.Due.Due.IsZero() || m.State.ReopenBy.Due != day("2026-11-03") {
		t.Errorf("%+v", m.State)
	}
	d.Refused("reopened by somebody else", fault.NotFound, func() error { _, err := d.Reopen(ctx, d.worker, at(m), "又堵了"); return err })
	m = d.did(d.Reopen(ctx, d.grid, at(m), "第二天又堵了"))
	m = d.did(d.Dispatch(ctx, d.dispatcher, at(m), "fire"))
	m = d.did(d.Accept(ctx, d.fire, at(m)))
	m = d.did(d.Begin(ctx, d.fire, at(m)))
	m = d.did(d.Answer(ctx, d.fire, at(m), AnswerInput{Words: "车主拒不配合，已移送", Liable: "owner", Reasonable: "yes"}))
	m = d.did(d.Verify(ctx, d.grid2, at(m), CheckInput{Move: MoveUnfixed, Words: "仍有一辆", Photos: []*files.Upload{d.Photo()}}))
	d.Forward("2026-11-04")
	d.Refused("too late to reopen", fault.Conflict, func() error { _, err := d.Reopen(ctx, d.grid, at(m), "还是堵着"); return err }, "2026年11月3日")
	steps := registrytest.Must[[]Happened](t)(d.History(ctx, d.dispatcher, m.ID))
	var said []string
	for _, h := range steps {
		said = append(said, string(h.Move))
	}
	if got := strings.Join(said, " "); got != "上报 派单 退回 派单 签收受理 接手 开始办理 答复 核实未解决，退回重办 答复 核实已解决 要求重新办理 派单 签收受理 开始办理 答复 核实未解决，办结" {
		t.Error(got)
	}
}

// TestAdmit: a row of an answer to a task of collection becomes one matter, by who asked for it and inside his scope; who may not know who reported does not learn from which answer it came.
func TestAdmit(t *testing.T) {
	d, ctx := newDesk(t), t.Context()
	h := supervision.Hazard{Key: "task.1/" + d.project, From: "task.1", Category: "fire_exit", Project: d.project, Where: "见填报内容", Words: "收表“消防排查”，赣北物业填报：通道停车"}
	admit := func(by policy.Actor, h supervision.Hazard) func() error {
		return func() error { _, err := d.Admit(ctx, by, h); return err }
	}
	d.Refused("a firm", fault.Forbidden, admit(d.manager, h))
	d.Refused("a grid worker", fault.Forbidden, admit(d.grid, h))
	elsewhere := person("elsewhere", "dispatcher", policy.TownshipKey("360428101000"), policy.TownshipKey("360428101000"))
	d.Refused("another township", fault.NotFound, admit(elsewhere, h))
	wrong := h
	wrong.Category, wrong.Words = "nothing", "找王某 13812345678"
	d.Refused("refused as every report", fault.Invalid, admit(d.officer, wrong), "category", "words")
	id := registrytest.Must[string](t)(d.Admit(ctx, d.officer, h))
	before := d.Records(t)
	if again := registrytest.Must[string](t)(d.Admit(ctx, d.dispatcher, h)); again != id || d.Records(t) != before {
		t.Errorf("another matter %s, %d records", again, d.Records(t)-before)
	}
	m := d.did(d.One(ctx, d.dispatcher, id))
	if m.State.State != Reported || m.State.Source != SourceReturn || m.State.From != "task.1" || m.State.Firm != d.firm || m.State.Due.Due.IsZero() {
		t.Errorf("%+v", m.State)
	}
	if from := registrytest.Must[string](t)(d.Admitted(ctx, id)); from != "task.1" {
		t.Error(from)
	}
	d.Refused("no such matter", fault.NotFound, func() error { _, err := d.Admitted(ctx, "none"); return err })
	d.did(d.Dispatch(ctx, d.dispatcher, at(m), "fire"))
	if m = d.did(d.One(ctx, d.fire, id)); m.State.Source != "" || m.State.From != "" {
		t.Errorf("the department learns who reported: %+v", m.State)
	}
	var hazards []string
	for _, c := range d.Hazards() {
		hazards = append(hazards, c.ID)
	}
	if !slices.Contains(hazards, "fire_exit") || slices.Contains(hazards, "fee") {
		t.Error(hazards)
	}
}

// TestClocks: more time is asked for before the deadline and once; a deadline past the loaded calendar is unresolved, never late, and resolves when the year is loaded.
func TestClocks(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	m := d.working(d.worker, "fee", "housing", d.officer)
	if m.State.AnswerBy.Due != day("2026-11-09") {
		t.Errorf("15 working days from 2026-10-19: %s", m.State.AnswerBy.Due)
	}
	d.Refused("nothing is asked for", fault.Conflict, func() error { _, err := d.Decide(ctx, d.dispatcher, at(m), true); return err })
	m = d.did(d.AskMore(ctx, d.officer, at(m), "要等物价部门答复"))
	d.Refused("asked twice", fault.Conflict, func() error { _, err := d.AskMore(ctx, d.officer, at(m), "再等等吧"); return err }, "已经申请过")
	d.Forward("2026-11-11")
	if one := d.did(d.One(ctx, d.dispatcher, m.ID)); !one.State.Late(d.Clock()) {
		t.Error("not late on 2026-11-11")
	}
	m = d.did(d.Decide(ctx, d.dispatcher, at(m), true))
	if m.State.Due.Due != day("2026-11-16") || m.State.Late(d.Clock()) {
		t.Errorf("five more working days: %s", m.State.Due.Due)
	}
	late := d.working(d.worker, "cleaning", "housing", d.officer)
	d.Forward("2026-11-19")
	d.Refused("asked after the deadline", fault.Conflict, func() error { _, err := d.AskMore(ctx, d.officer, at(late), "忙不过来了"); return err }, "2026年11月18日", "届满以前")
	if late = d.did(d.Answer(ctx, d.officer, at(late), good())); !late.State.Answer.Late {
		t.Error("an answer after its deadline is not marked late")
	}
	d.Forward("2026-12-28")
	open := d.working(d.worker, "cleaning", "housing", d.officer)
	if open.State.Due.Resolved() || open.State.Late(day("2030-01-01").Begins()) {
		t.Errorf("past the calendar: %+v", open.State.Due)
	}
	d.Refused("more time without a deadline", fault.Conflict, func() error { _, err := d.AskMore(ctx, d.officer, at(open), "要等配件到货"); return err }, "不用延期")
	longer := registrytest.Must[*calendar.Calendar](t)(calendar.Parse(calendar.File{Name: "a.csv", Data: registrytest.Config(t, "calendar/holidays-2014-2026.csv")},
		calendar.File{Name: "b.csv", Data: []byte("date,kind,name\n2027-01-01,off,元旦\n2027-02-08,off,春节\n2027-04-05,off,清明\n2027-05-03,off,劳动节\n2027-06-09,off,端午\n2027-10-01,off,国庆节\n")}))
	d.Service.Resolve = longer.Resolve
	if one := d.did(d.One(ctx, d.dispatcher, open.ID)); one.State.Due.Due != day("2027-01-05") {
		t.Errorf("after the year was loaded: %+v", one.State.Due)
	}
}

// TestPropertyClock: whatever day a matter is accepted on, it is not late on any of the working days that it has, and late on the day after them; nothing that is unresolved is late.
func TestPropertyClock(t *testing.T) {
	d := registrytest.NewDesk(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	rapid.Check(t, func(t *rapid.T) {
		start := day("2026-01-01").Add(rapid.IntRange(0, 400).Draw(t, "start"))
		rule := rapid.SampledFrom([]string{signRule, "matter.reply", "matter.reply_complex", dispatchRule}).Draw(t, "rule")
		due, err := d.Deadlines(rule, start)
		if err != nil {
			t.Fatal(err)
		}
		m := Matter{State: Working, Due: due}
		left := due.N
		for on := start; on.Compare(start.Add(60)) < 0; on = on.Add(1) {
			worked, known := d.Holidays.Workday(on)
			if on != start && worked && known {
				left--
			}
			late := m.Late(on.Begins().Add(12 * time.Hour))
			if late && (!due.Resolved() || left > 0 || left == 0 && worked) {
				t.Fatalf("%s from %s: late on %s with %d days left", rule, start, on, left)
			}
			if due.Resolved() && left < 0 && !late {
				t.Fatalf("%s from %s: not late on %s", rule, start, on)
			}
		}
	})
}

// TestReporter: who reported is in nothing that anybody without the right gets, whichever way it is asked for.
func TestReporter(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	m := d.did(d.Report(ctx, d.committee, Input{Category: "cleaning", Project: d.project, Where: "2幢垃圾房", Words: "三天没有清运垃圾", Photos: []*files.Upload{d.Photo()}}))
	m = d.did(d.Dispatch(ctx, d.dispatcher, at(m), "housing"))
	secrets := []string{`"by":"committee"`, "owners_committee", `"source":"committee"`, "照片.png"}
	for _, by := range []policy.Actor{d.manager, d.officer, d.grid} {
		one := d.did(d.One(ctx, by, m.ID))
		page := registrytest.Must[store.Page[Matter]](t)(d.List(ctx, by, Filter{}, ""))
		history := registrytest.Must[[]Happened](t)(d.History(ctx, by, m.ID))
		text := registrytest.Must[[]byte](t)(json.Marshal([]any{one, page, history}))
		for _, secret := range secrets {
			if strings.Contains(strings.ToLower(string(text)), strings.ToLower(secret)) {
				t.Errorf("%s finds %s in %s", by.ID, secret, text)
			}
		}
		if len(page.Docs) != 1 || one.State.Reported.At.IsZero() {
			t.Errorf("%s: %d matters", by.ID, len(page.Docs))
		}
		if page := registrytest.Must[store.Page[Matter]](t)(d.List(ctx, by, Filter{Source: SourceCommittee}, "")); len(page.Docs) != 0 {
			t.Errorf("%s finds reporters by filter", by.ID)
		}
	}
	m = d.did(d.Accept(ctx, d.officer, at(m)))
	if m.State.Source != "" || m.State.Reported.By != "" {
		t.Error("a command tells who reported")
	}
	for _, by := range []policy.Actor{d.dispatcher, d.worker, d.committee} {
		if one := d.did(d.One(ctx, by, m.ID)); one.State.Reported.By != "committee" || one.State.Source != SourceCommittee || one.State.Photos[0].Name != "照片.png" {
			t.Errorf("%s does not know: %+v", by.ID, one.State)
		}
	}
	// The stored one has kept everything.
	if raw := d.did(d.rows.Load(ctx, m.ID)); raw.State.Reported.By != "committee" || raw.State.Source != SourceCommittee {
		t.Errorf("%+v", raw.State)
	}
	r, n, err := d.OpenPhoto(ctx, d.manager, m.ID, PhotosReport, 0)
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
	_ = r.Close()
	for _, bad := range []struct {
		set string
		n   int
	}{{PhotosReport, 1}, {PhotosReport, -1}, {PhotosAnswer, 0}, {"else", 0}} {
		if _, _, err := d.OpenPhoto(ctx, d.manager, m.ID, bad.set, bad.n); !fault.Is(err, fault.NotFound) {
			t.Error(bad, err)
		}
	}
}

// TestWhoSees: a department what it had, a firm what was dispatched, a rider its own; and whose turn it is.
func TestWhoSees(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	first, second := d.report(d.grid, "fire_exit"), d.report(d.rider, "cleaning")
	d.did(d.Dispatch(ctx, d.dispatcher, at(first), "fire"))
	ids := func(by policy.Actor, w Filter) string {
		t.Helper()
		var out []string
		err := d.Each(ctx, by, w, func(m store.Doc[Matter]) {
			out = append(out, map[string]string{first.ID: "first", second.ID: "second"}[m.ID])
		})
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(out)
		return strings.Join(out, " ")
	}
	for name, check := range map[string][2]string{
		"dispatcher": {ids(d.dispatcher, Filter{}), "first second"}, "fire": {ids(d.fire, Filter{}), "first"}, "urban": {ids(d.urban, Filter{}), ""}, "manager": {ids(d.manager, Filter{}), "first"},
		"rider": {ids(d.rider, Filter{}), "second"}, "rider's own": {ids(d.rider, Filter{Mine: true}), "second"}, "grid's own": {ids(d.grid, Filter{Mine: true}), "first"}, "officer": {ids(d.officer, Filter{}), "first second"},
		"by kind": {ids(d.officer, Filter{Kind: "hazard"}), "first"}, "by state": {ids(d.officer, Filter{State: Reported}), "second"}, "by department": {ids(d.officer, Filter{Department: "fire"}), "first"},
		"by name": {ids(d.officer, Filter{Text: "why"}), "first second"}, "by words": {ids(d.officer, Filter{Text: "两辆车"}), "first second"}, "by nothing": {ids(d.officer, Filter{Text: "没有的"}), ""},
		"by compound": {ids(d.officer, Filter{Project: d.project, ByDue: true}), "first second"}, "by firm": {ids(d.officer, Filter{Firm: d.firm}), "first second"}, "by township": {ids(d.officer, Filter{Township: "360428101000"}), ""},
		"late": {ids(d.officer, Filter{Late: true}), ""},
	} {
		if check[0] != check[1] {
			t.Errorf("%s sees %q, want %q", name, check[0], check[1])
		}
	}
	queue := func(by policy.Actor, stage Stage) int {
		t.Helper()
		return len(registrytest.Must[[]store.Doc[Matter]](t)(d.Queue(ctx, by, stage)))
	}
	if got := fmt.Sprint(queue(d.dispatcher, StageDispatch), queue(d.fire, StageSign), queue(d.urban, StageSign), queue(d.fire, StageWork), queue(d.grid2, StageVerify), queue(d.dispatcher, StageMore)); got != "1 1 0 0 0 0" {
		t.Error(got)
	}
	m := d.working(d.grid, "charging", "fire", d.fire)
	m = d.did(d.AskMore(ctx, d.fire, at(m), "要等线路改造"))
	if got := fmt.Sprint(queue(d.fire, StageWork), queue(d.fire2, StageWork), queue(d.dispatcher, StageMore)); got != "1 0 1" {
		t.Error(got)
	}
	d.did(d.Answer(ctx, d.fire, at(m), good()))
	if got := fmt.Sprint(queue(d.grid, StageVerify), queue(d.grid2, StageVerify), queue(d.worker, StageVerify), queue(d.dispatcher, StageMore)); got != "0 1 0 0" {
		t.Error(got)
	}
	d.Refused("nobody without the right", fault.Forbidden, func() error { _, err := d.Queue(ctx, d.manager, StageDispatch); return err })
	d.Refused("a firm before it is dispatched", fault.NotFound, func() error { _, err := d.One(ctx, d.manager, second.ID); return err })
	d.Refused("a department that never had it", fault.NotFound, func() error { _, err := d.History(ctx, d.urban, first.ID); return err })
	d.Refused("no such matter", fault.NotFound, func() error { _, err := d.One(ctx, d.officer, "../x"); return err })
	if got := registrytest.Must[[]int](t)(choices(d, d.grid, d.dispatcher)); fmt.Sprint(got) != "[1]" {
		t.Error(got)
	}
	if uses, err := d.Uses(ctx, policy.ProjectKey(d.project), time.Time{}); err != nil || uses != "3 件事项" {
		t.Error(uses, err)
	}
}

// choices counts the communities in which a person may report; nobody else may ask.
func choices(d *desk, by, other policy.Actor) ([]int, error) {
	d.Refused("who does not report", fault.Forbidden, func() error { _, err := d.Communities(d.T.Context(), other); return err })
	list, err := d.Communities(d.T.Context(), by)
	return []int{len(list)}, err
}

// TestSample: of what is no hazard one in five is drawn by a keyed hash of the answering record; what is not drawn is closed by the answer as the department says.
func TestSample(t *testing.T) {
	d := newDesk(t)
	drawn, ids := 0, 6000
	for i := range ids {
		if d.drawn(supervision.At{ID: fmt.Sprintf("m%d", i), Seq: 4}) {
			drawn++
		}
	}
	// The key of the draw is new with every store. One in 25 of so many is more than seven standard deviations: no key is so unlucky.
	if drawn < ids/5-ids/25 || drawn > ids/5+ids/25 {
		t.Errorf("%d of %d drawn", drawn, ids)
	}
	ctx := t.Context()
	for _, fixed := range []bool{true, false} {
		m := d.working(d.worker, "cleaning", "housing", d.officer)
		in, was := good(), at(m)
		in.Fixed = fixed
		m = d.did(d.Answer(ctx, d.officer, at(m), in))
		want := map[bool]State{true: Fixed, false: Unfixed}[fixed]
		if d.drawn(was) {
			want = Answered
		}
		if m.State.State != want || (m.State.Check.Way == WayNone) != (want != Answered) {
			t.Errorf("%+v", m.State)
		}
	}
	if got := d.way(&Matter{Hazard: true}, supervision.At{ID: "x"}); got != WayPhoto {
		t.Error(got)
	}
}

// TestTreeMistakes: every mistake of a matters.yaml is named with its place.
func TestTreeMistakes(t *testing.T) {
	d := registrytest.NewDesk(t, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	tree := shippedTree(t, d)
	if tree.Count() < 20 || len(tree.Departments()) < 5 {
		t.Errorf("%d categories", tree.Count())
	}
	for _, source := range []Source{SourceHotline, SourceGovern} {
		if p, known := tree.Platform(source); !known || len(p.Answers) < 4 {
			t.Errorf("the workbooks of %s are not described: %+v", source, p)
		}
	}
	const fine = "reporters:\n  - {role: grid_worker, source: grid}\ndepartments:\n  - {id: fire, title: 消防}\nkinds:\n  - id: hazard\n    title: 隐患\n    categories:\n      - {id: exit, title: 通道, department: fire, answer: matter.reply}\n" +
		"platforms:\n  - source: hotline\n    title: 热线工单\n    columns: {number: 编号, received: 来件, category: 类别, community: 社区, where: 地点, words: 内容}\n    words: [{of: category, said: 堵通道, is: exit}]\n    answers: [{title: 编号, is: number}]\n"
	if _, err := ParseTree("m.yaml", []byte(fine), d.Rights, d.HasPeriod); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	for _, bad := range []struct{ name, old, new, at string }{
		{"a role that may not report", "role: grid_worker", "role: cashier", "m.yaml:2:"},
		{"a source that is none", "source: grid", "source: moon", "m.yaml:2:"},
		{"a role twice", "departments:", "  - {role: grid_worker, source: community}\ndepartments:", "m.yaml:3:"},
		{"a role that may not handle", "title: 消防}", "title: 消防, roles: [cashier]}", "m.yaml:4:"},
		{"a department twice", "kinds:", "  - {id: fire, title: 又一个}\nkinds:", "m.yaml:5:"},
		{"a code with signs", "id: exit", "id: Exit!", "m.yaml:9:"},
		{"no such department", "department: fire", "department: air", "m.yaml:9:"},
		{"no such deadline", "matter.reply", "matter.never", "m.yaml:9:"},
		{"an unknown key", "title: 隐患", "titel: 隐患", "m.yaml:7:"},
		{"no such platform", "source: hotline", "source: grid", "m.yaml:11:"},
		{"a heading twice", "words: 内容}", "words: 编号}", "m.yaml:13:"},
		{"a heading that lacks", "received: 来件, ", "", "m.yaml:13:"},
		{"a result without its day", "words: 内容}", "words: 内容, outcome: 结果}", "m.yaml:13:"},
		{"a word of no category", "is: exit}]", "is: gas}]", "m.yaml:14:"},
		{"a word of nothing", "{of: category", "{of: where", "m.yaml:14:"},
		{"no such part", "is: number}]", "is: phone}]", "m.yaml:15:"},
		{"answers without a number", "is: number}]", "is: answer}]", "m.yaml:15:"},
	} {
		_, err := ParseTree("m.yaml", []byte(strings.Replace(fine, bad.old, bad.new, 1)), d.Rights, d.HasPeriod)
		if !fault.Is(err, fault.Invalid) || !slices.ContainsFunc(fault.FieldsOf(err), func(f fault.Field) bool { return strings.HasPrefix(f.Name, bad.at) }) {
			t.Errorf("%s: %v %v", bad.name, err, fault.FieldsOf(err))
		}
	}
}
