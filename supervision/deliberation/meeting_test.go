package deliberation

import (
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

// TestMeetingTable goes through every state and every step of a meeting.
func TestMeetingTable(t *testing.T) {
	d := newDesk(t)
	do := func(m store.Doc[Meeting], step MeetingStep) (store.Doc[Meeting], error) {
		at := casework.At{ID: m.ID, Seq: m.Seq}
		switch step {
		case MeetingMove:
			return d.Move(d.ctx(), d.worker, at, d.Today(), "20:00", "社区议事厅", "下雨改到室内")
		case MeetingHold:
			return d.Hold(d.ctx(), d.worker, at, came(), minutes)
		case MeetingCancel:
			return d.Cancel(d.ctx(), d.worker, at, "到会人数不够")
		case MeetingArchive:
			return d.Archive(d.ctx(), d.worker, at)
		}
		panic(step)
	}
	// fresh is a meeting in a state, with an item that is done where the state asks for it.
	fresh := func(state MeetingState) store.Doc[Meeting] {
		t.Helper()
		var i store.Doc[Item]
		switch state {
		case Planned:
			i = d.led(OutcomeAgreed, StepTopic, StepEnquire, StepSchedule)
		case Cancelled:
			return registrytest.Must[store.Doc[Meeting]](t)(do(d.planned(), MeetingCancel))
		default:
			i = d.led(OutcomeAgreed, toPublic(StepTask, StepReport, StepVerify, StepFinish)...)
		}
		m, items, err := d.OneMeeting(d.ctx(), d.worker, i.State.Meeting)
		if err != nil || len(items) != 1 {
			t.Fatal(items, err)
		}
		if state == Archived {
			return registrytest.Must[store.Doc[Meeting]](t)(do(m, MeetingArchive))
		}
		return m
	}
	if len(meetingSteps) != len(MeetingStates()) {
		t.Fatal("a state is missing")
	}
	for state := range meetingSteps {
		for _, step := range MeetingSteps() {
			m := fresh(state)
			to, ok := meetingSteps[state][step]
			if !ok {
				d.Refused(string(state)+" "+string(step), fault.Conflict, func() error { _, err := do(m, step); return err }, "不能"+string(step))
				continue
			}
			if next, err := do(m, step); err != nil || next.State.State != to {
				t.Errorf("%s %s: %s %v", state, step, next.State.State, err)
			}
		}
	}
}

// TestQuorum: a meeting that lacks its quorum has no minutes and decides nothing.
func TestQuorum(t *testing.T) {
	d := newDesk(t)
	i := d.led(OutcomeAgreed, StepTopic, StepEnquire, StepSchedule)
	m, _, err := d.OneMeeting(d.ctx(), d.worker, i.State.Meeting)
	if err != nil {
		t.Fatal(err)
	}
	at := casework.At{ID: m.ID, Seq: m.Seq}
	for name, c := range map[string]struct {
		came map[string]int64
		said string
	}{
		"four":           {map[string]int64{"residents": 3, "community": 1}, "至少要到 5 人，实到 4 人"},
		"no community":   {map[string]int64{"residents": 8, "firm": 1}, "要有社区党组织和居委会到场"},
		"more than came": {map[string]int64{"residents": 9, "community": 1}, "present-residents 居民代表实到 9 人"},
	} {
		d.Refused(name, fault.Invalid, func() error { _, err := d.Hold(d.ctx(), d.worker, at, c.came, minutes); return err }, c.said)
	}
	d.Refused("decided without minutes", fault.Conflict, func() error { _, err := d.do(i, StepDecide, OutcomeAgreed); return err }, "没有议这件事")
	d.Refused("no names in the minutes", fault.Invalid, func() error {
		_, err := d.Hold(d.ctx(), d.worker, at, came(), "居民代表发言，联系电话 13800001234，大家同意。")
		return err
	}, "像是电话")
	in := d.meetingInput()
	in.On = d.Today().Add(1)
	later := registrytest.Must[store.Doc[Meeting]](t)(d.Plan(d.ctx(), d.worker, in, nil))
	d.Refused("before its day", fault.Conflict, func() error {
		_, err := d.Hold(d.ctx(), d.worker, casework.At{ID: later.ID, Seq: later.Seq}, came(), minutes)
		return err
	}, "还没有开")
	empty := d.planned()
	d.Refused("without an item", fault.Conflict, func() error {
		_, err := d.Hold(d.ctx(), d.worker, casework.At{ID: empty.ID, Seq: empty.Seq}, came(), minutes)
		return err
	}, "还没有议题")
}

// TestAgenda: one matter, one decision; who must be enquired is not heard before; what another meeting heard is decided there.
func TestAgenda(t *testing.T) {
	d := newDesk(t)
	i := d.led(OutcomeAgreed, StepTopic)
	first := d.planned()
	d.Refused("without its enquiry", fault.Conflict, func() error {
		_, err := d.Schedule(d.ctx(), d.worker, casework.At{ID: i.ID, Seq: i.Seq}, first.ID)
		return err
	}, "要先做议前调研")
	urgent := d.collected()
	in := topic(false)
	in.Class = "urgent"
	urgent = registrytest.Must[store.Doc[Item]](t)(d.SetTopic(d.ctx(), d.worker, casework.At{ID: urgent.ID, Seq: urgent.Seq}, in))
	if due := urgent.State.Due.Due; due != day("2026-10-21") {
		t.Errorf("an urgent matter is due on %s", due)
	}
	urgent = registrytest.Must[store.Doc[Item]](t)(d.Schedule(d.ctx(), d.worker, casework.At{ID: urgent.ID, Seq: urgent.Seq}, first.ID))
	second := d.planned()
	urgent = registrytest.Must[store.Doc[Item]](t)(d.Schedule(d.ctx(), d.worker, casework.At{ID: urgent.ID, Seq: urgent.Seq}, second.ID))
	d.Refused("an agenda that it left", fault.Conflict, func() error {
		_, err := d.Hold(d.ctx(), d.worker, casework.At{ID: first.ID, Seq: first.Seq}, came(), minutes)
		return err
	}, "还没有议题")
	held := d.held(second.ID)
	third := d.planned()
	d.Refused("heard already", fault.Conflict, func() error {
		_, err := d.Schedule(d.ctx(), d.worker, casework.At{ID: urgent.ID, Seq: urgent.Seq}, third.ID)
		return err
	}, "议过了")
	late := d.led(OutcomeAgreed, StepTopic, StepEnquire)
	d.Refused("a meeting that is over", fault.Invalid, func() error {
		_, err := d.Schedule(d.ctx(), d.worker, casework.At{ID: late.ID, Seq: late.Seq}, held.ID)
		return err
	}, "不能再排议题")
}

// TestAgreement: 达成一致 needs more than half of those who came.
func TestAgreement(t *testing.T) {
	d := newDesk(t)
	i := d.led(OutcomeAgreed, StepTopic, StepEnquire, StepSchedule)
	d.held(i.State.Meeting) // eight came
	at := casework.At{ID: i.ID, Seq: i.Seq}
	for _, agreed := range []int64{-1, 0, 4, 9} {
		d.Refused("agreed", fault.Invalid, func() error {
			_, err := d.Decide(d.ctx(), d.worker, at, Result{Outcome: OutcomeAgreed, Decision: "同意更换遮阳棚材料", Agreed: agreed})
			return err
		}, "agreed 同意的")
	}
	d.Refused("owners asked without need", fault.Invalid, func() error {
		_, err := d.Decide(d.ctx(), d.worker, at, Result{Outcome: OutcomeOwners, Decision: "请业主大会决定", Agreed: 5})
		return err
	}, "不用提请业主大会")
	if _, err := d.Decide(d.ctx(), d.worker, at, Result{Outcome: OutcomeAgreed, Decision: "同意更换遮阳棚材料", Agreed: 5}); err != nil {
		t.Errorf("five of eight: %v", err)
	}
}

// TestReturned: the result of every item goes back to the minutes once it is over, also of one that another meeting heard again.
func TestReturned(t *testing.T) {
	d := newDesk(t)
	i := d.led(OutcomeOpen, toPublic()...)
	first := i.State.Meeting
	m, _, err := d.OneMeeting(d.ctx(), d.worker, first)
	if err != nil {
		t.Fatal(err)
	}
	at := casework.At{ID: m.ID, Seq: m.Seq}
	d.Refused("open", fault.Conflict, func() error { _, err := d.Archive(d.ctx(), d.worker, at); return err }, "未达成一致", "办结以后才能归档")
	for _, step := range []Step{StepAgain, StepSchedule} {
		i = registrytest.Must[store.Doc[Item]](t)(d.do(i, step, OutcomeOpen))
	}
	d.held(i.State.Meeting)
	for _, step := range []Step{StepDecide, StepDraft, StepPublish, StepTask, StepReport, StepVerify, StepFinish} {
		i = registrytest.Must[store.Doc[Item]](t)(d.do(i, step, OutcomeAgreed))
	}
	m = registrytest.Must[store.Doc[Meeting]](t)(d.Archive(d.ctx(), d.worker, at))
	if r := m.State.Returned; len(r) != 1 || r[0].Outcome != OutcomeOpen || r[0].State != "" {
		t.Errorf("%+v", r)
	}
	second, _, err := d.OneMeeting(d.ctx(), d.worker, i.State.Meeting)
	if err != nil {
		t.Fatal(err)
	}
	second = registrytest.Must[store.Doc[Meeting]](t)(d.Archive(d.ctx(), d.worker, casework.At{ID: second.ID, Seq: second.Seq}))
	if r := second.State.Returned; len(r) != 1 || r[0].Outcome != OutcomeAgreed || r[0].State != Done || !strings.Contains(r[0].Result, "已经更换") {
		t.Errorf("%+v", r)
	}
}

// TestTerms: every mistake of the file is told at its place; the shipped lists of 五必议 and 三不议 are empty.
func TestTerms(t *testing.T) {
	d := newDesk(t)
	if len(d.Terms.Must())+len(d.Terms.Never()) != 0 {
		t.Error("lists that nobody set are shipped")
	}
	const bad = `agree_over: 10
must: [{id: one, title: 一}]
never: [{id: A, title: 甲}]
sources: [{id: s, title: 来}, {id: s, title: 源}]
classes: [{id: c, title: 大事, within: none.such}]
subjects: [{id: x, title: 其他, reserved: m99}]
seats: [{id: r, title: 居民}]
kinds: [{id: k, title: 会, least: 1, percent: 101, seats: [nobody]}]
extra: 1
`
	_, err := ParseTerms("deliberation.yaml", []byte(bad), func(string) bool { return false })
	var said []string
	for _, f := range fault.FieldsOf(err) {
		said = append(said, f.Name+" "+f.Message)
	}
	text := strings.Join(said, "\n")
	for _, want := range []string{"deliberation.yaml:1:", "10", "“五必议”没有定的留空，定了的写 5 条，现在有 1 条", "“三不议”", "代码“A”", "代码“s”重复", "none.such", "m99", "到会人数要在 2 至", "101", "nobody", "extra"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said:\n%s", want, text)
		}
	}
}

// TestMust: what falls under 五必议 cannot be declined; a decline names its entry of 三不议 once the list is set.
func TestMust(t *testing.T) {
	d := newDesk(t)
	entry := func(id string) Choice { return Choice{id, "第" + id + "条"} }
	d.Terms.file.Must, d.Terms.file.Never = []Choice{entry("a")}, []Choice{entry("n")}
	i := d.collected()
	in := topic(false)
	in.Must = "a"
	i = registrytest.Must[store.Doc[Item]](t)(d.SetTopic(d.ctx(), d.worker, casework.At{ID: i.ID, Seq: i.Seq}, in))
	d.Refused("must", fault.Conflict, func() error {
		_, err := d.Decline(d.ctx(), d.worker, casework.At{ID: i.ID, Seq: i.Seq}, "n", "这件事不用议了")
		return err
	}, "属于五必议的“第a条”")
	i = d.collected()
	d.Refused("no entry", fault.Invalid, func() error { _, err := d.do(i, StepDecline, OutcomeAgreed); return err }, "never 请选择属于三不议的哪一条")
	i = registrytest.Must[store.Doc[Item]](t)(d.Decline(d.ctx(), d.worker, casework.At{ID: i.ID, Seq: i.Seq}, "n", "属于个人私事，不在社区议"))
	if i.State.State != Declined || i.State.Never.ID != "n" {
		t.Errorf("%+v", i.State)
	}
}
