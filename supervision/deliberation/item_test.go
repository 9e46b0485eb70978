package deliberation

import (
	"os"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/registrytest"
)

// ways lead to one item in every state.
func ways() map[State]struct {
	outcome Outcome
	way     []Step
} {
	type way = struct {
		outcome Outcome
		way     []Step
	}
	return map[State]way{
		Collected: {OutcomeAgreed, nil}, Topical: {OutcomeAgreed, []Step{StepTopic}}, Enquired: {OutcomeAgreed, []Step{StepTopic, StepEnquire}}, Scheduled: {OutcomeAgreed, []Step{StepTopic, StepEnquire, StepSchedule}},
		Decided: {OutcomeAgreed, []Step{StepTopic, StepEnquire, StepSchedule, StepDecide}}, Reviewing: {OutcomeAgreed, []Step{StepTopic, StepEnquire, StepSchedule, StepDecide, StepDraft}},
		Awaiting: {OutcomeOwners, toPublic()}, Forwarding: {OutcomeDepartment, toPublic()}, Executing: {OutcomeAgreed, toPublic(StepTask)}, Unreached: {OutcomeOpen, toPublic()},
		Done: {OutcomeAgreed, toPublic(StepTask, StepReport, StepVerify, StepFinish)}, Unsolved: {OutcomeOpen, toPublic(StepGiveUp)}, Declined: {OutcomeAgreed, []Step{StepDecline}},
	}
}

// TestTable goes through every state and every step: what the table allows goes through or is refused for a reason of its own, everything else is a Conflict that writes nothing.
func TestTable(t *testing.T) {
	if len(ways()) != len(States()) || len(steps) != len(States()) {
		t.Fatal("a state is missing")
	}
	// own are steps that need something that the item of ways lacks: they are refused by their own rule, not by the table.
	own := map[State][]Step{Topical: {StepSchedule}, Scheduled: {StepDecide}, Executing: {StepVerify, StepReopen, StepUrge, StepGrant, StepFinish}}
	d := newDesk(t)
	for state, way := range ways() {
		at := d.led(way.outcome, way.way...)
		if at.State.State != state {
			t.Fatalf("%s instead of %s", at.State.State, state)
		}
		for _, step := range Steps() {
			if !at.State.Can(step) {
				d.Refused(string(state)+" "+string(step), fault.Conflict, func() error { _, err := d.do(at, step, way.outcome); return err }, "不能"+string(step))
				continue
			}
			if slices.Contains(own[state], step) {
				if _, err := d.do(at, step, way.outcome); !fault.Is(err, fault.Conflict) || strings.Contains(fault.MessageOf(err), "不能"+string(step)+"，请刷新") {
					t.Errorf("%s %s: %v", state, step, err)
				}
				continue
			}
			next, err := d.do(at, step, way.outcome)
			if err != nil {
				t.Errorf("%s %s: %v %v", state, step, err, fault.FieldsOf(err))
				continue
			}
			if to := steps[state][step]; to != onward && next.State.State != to {
				t.Errorf("%s %s: %s, want %s", state, step, next.State.State, to)
			}
			at = d.led(way.outcome, way.way...)
		}
	}
}

// TestReserved: a matter of article 278 cannot be agreed on, cannot be settled by a vote of something else or one that did not carry, and cannot be solved when its vote does not carry any more.
func TestReserved(t *testing.T) {
	d := newDesk(t)
	i := d.led(OutcomeOwners, StepTopic, StepEnquire, StepSchedule)
	d.held(i.State.Meeting)
	if i.State.Reserved != "m9" {
		t.Fatal(i.State.Reserved)
	}
	d.Refused("agreed on", fault.Invalid, func() error { _, err := d.do(i, StepDecide, OutcomeAgreed); return err }, "由业主共同决定", "提请业主大会")
	for _, step := range toPublic()[3:] {
		next, err := d.do(i, step, OutcomeOwners)
		if err != nil {
			t.Fatal(step, err)
		}
		i = next
	}
	at := casework.At{ID: i.ID, Seq: i.Seq}
	for name, c := range map[string]struct{ vote, said string }{"none": {"", "请选择望湖苑的业主大会表决记录"}, "unknown": {"x", "请选择望湖苑"}, "another matter": {d.elsewhere, "这次表决的事项是“选聘和解聘物业服务企业”"}} {
		d.Refused(name, fault.Invalid, func() error { _, err := d.SetVote(d.ctx(), d.worker, at, c.vote); return err }, c.said)
	}
	d.Refused("tasks before the vote", fault.Conflict, func() error { _, err := d.do(i, StepTask, OutcomeOwners); return err })
	d.Refused("solved before the vote", fault.Conflict, func() error { _, err := d.do(i, StepFinish, OutcomeOwners); return err })
	i = registrytest.Must[store.Doc[Item]](t)(d.SetVote(d.ctx(), d.worker, at, d.carried))
	if i.State.State != Executing || !i.State.Carried {
		t.Fatal(i.State.State)
	}
	second := d.led(OutcomeOwners, toPublic()...)
	d.Refused("one vote, one matter", fault.Invalid, func() error { _, err := d.do(second, StepVote, OutcomeOwners); return err }, "一次表决只决定一件事")
	lost := registrytest.Must[store.Doc[Item]](t)(d.SetVote(d.ctx(), d.worker, casework.At{ID: second.ID, Seq: second.Seq}, d.lost))
	if lost.State.State != Unreached || lost.State.Carried {
		t.Errorf("a vote of exactly a half carried: %s", lost.State.State)
	}
	for _, step := range []Step{StepTask, StepReport, StepVerify} {
		next, err := d.do(i, step, OutcomeOwners)
		if err != nil {
			t.Fatal(step, err)
		}
		i = next
	}
	// The vote is corrected: it did not carry after all.
	votes, err := d.register.Votes(d.ctx(), d.officer, d.project)
	if err != nil {
		t.Fatal(err)
	}
	v := votes[slices.IndexFunc(votes, func(v registry.VoteRow) bool { return v.ID == d.carried })]
	v.Agreed.Heads = 50
	if err := d.register.CorrectVote(d.ctx(), d.officer, d.project, v.ID, v.Seq, v.VoteInput, "复核票数"); err != nil {
		t.Fatal(err)
	}
	d.Refused("solved by a vote that does not carry any more", fault.Conflict, func() error { _, err := d.do(i, StepFinish, OutcomeOwners); return err }, "没有通过的业主大会表决记录")
	if _, err := d.do(i, StepGiveUp, OutcomeOwners); err != nil {
		t.Errorf("it can be given up: %v", err)
	}
}

// TestRights: each step asks for its right and its scope; a row outside does not exist.
func TestRights(t *testing.T) {
	d := newDesk(t)
	i := d.collected()
	at := casework.At{ID: i.ID, Seq: i.Seq}
	west := registrytest.Person("west", "community_worker", policy.CommunityKey("360428100002"))
	d.Refused("another community", fault.NotFound, func() error { _, err := d.SetTopic(d.ctx(), west, at, topic(false)); return err })
	d.Refused("another community reads", fault.NotFound, func() error { _, err := d.One(d.ctx(), west, i.ID); return err })
	d.Refused("the grid worker words no topic", fault.Forbidden, func() error { _, err := d.SetTopic(d.ctx(), d.grid, at, topic(false)); return err })
	d.Refused("another firm", fault.NotFound, func() error { _, err := d.One(d.ctx(), d.other, i.ID); return err })
	d.Refused("somebody of the fund", fault.Forbidden, func() error {
		_, err := d.Items(d.ctx(), registrytest.Person("cashier", "cashier", policy.County), Filter{})
		return err
	})
	if _, err := d.One(d.ctx(), d.manager, i.ID); err != nil {
		t.Errorf("the firm of the project: %v", err)
	}
	i = d.led(OutcomeAgreed, toPublic()[:5]...)
	d.Refused("the worker publishes nothing", fault.Forbidden, func() error { _, err := d.Publish(d.ctx(), d.worker, casework.At{ID: i.ID, Seq: i.Seq}); return err })
	i = d.led(OutcomeAgreed, toPublic()[:4]...)
	i = registrytest.Must[store.Doc[Item]](t)(d.Draft(d.ctx(), d.secretary, casework.At{ID: i.ID, Seq: i.Seq}, "遮阳棚改为半透明材料，由物业更换。"))
	d.Refused("who wrote reviews nothing", fault.Forbidden, func() error { _, err := d.Publish(d.ctx(), d.secretary, casework.At{ID: i.ID, Seq: i.Seq}); return err })
	d.Refused("nor returns it", fault.Forbidden, func() error { _, err := d.do(i, StepReturn, OutcomeAgreed); return err })
	i = d.led(OutcomeAgreed, toPublic()[:5]...)
	d.Refused("somebody was quicker", fault.Conflict, func() error {
		_, err := d.Publish(d.ctx(), d.secretary, casework.At{ID: i.ID, Seq: i.Seq - 1})
		return err
	}, "刚被别人办过")
}

// TestTasks: who reports, who confirms, what is late, and a deadline past the loaded calendar.
func TestTasks(t *testing.T) {
	d := newDesk(t)
	i := d.led(OutcomeAgreed, toPublic(StepTask)...)
	give := func(in Assignment) {
		t.Helper()
		i = registrytest.Must[store.Doc[Item]](t)(d.Assign(d.ctx(), d.worker, casework.At{ID: i.ID, Seq: i.Seq}, in))
	}
	give(Assignment{What: "收集业主对材料的意见", To: ToOwners, Days: 3})
	give(Assignment{What: "公示改造方案", To: ToCommunity, Days: 250})
	give(Assignment{What: "另一家企业协助拆除", To: ToFirm, Firm: d.foreign, Days: 3})
	at := func() casework.At { return casework.At{ID: i.ID, Seq: i.Seq} }
	report := func(by policy.Actor, n int) error {
		_, err := d.Report(d.ctx(), by, at(), n, "已经办好，请核实")
		return err
	}
	d.Refused("another's task", fault.Forbidden, func() error { return report(d.manager, 1) }, "业委会")
	d.Refused("the community reports for no firm", fault.Forbidden, func() error { return report(d.worker, 0) })
	d.Refused("no such task", fault.NotFound, func() error { return report(d.manager, 9) })
	d.Refused("not reported yet", fault.Conflict, func() error { _, err := d.Verify(d.ctx(), d.worker, at(), 0); return err }, "办理中")
	d.Refused("not late yet", fault.Conflict, func() error { _, err := d.Urge(d.ctx(), d.township, at(), 0); return err }, "没有逾期")
	ask := func(by policy.Actor, n int, days int64) error {
		_, err := d.Ask(d.ctx(), by, at(), n, days, "材料还没有到货")
		return err
	}
	d.Refused("another asks for it", fault.Forbidden, func() error { return ask(d.worker, 0, 3) }, "由赣北物业服务有限公司申请延期")
	d.Refused("a long extension", fault.Invalid, func() error { return ask(d.manager, 0, MaxMore+1) }, "days 延期 31 个工作日")
	d.Refused("nothing to extend", fault.Conflict, func() error { return ask(d.worker, 2, 3) }, "还没有定")
	d.Refused("an answer nobody asked for", fault.Conflict, func() error { _, err := d.Grant(d.ctx(), d.township, at(), 0, true, ""); return err }, "没有等答复")
	was := i.State.Tasks[1].Due.Due
	i = registrytest.Must[store.Doc[Item]](t)(d.Ask(d.ctx(), d.owners, at(), 1, 2, "等第二次征求意见"))
	d.Refused("asked twice", fault.Conflict, func() error { return ask(d.owners, 1, 3) }, "已经申请过")
	d.Refused("who asked does not grant", fault.Forbidden, func() error { _, err := d.Grant(d.ctx(), d.owners, at(), 1, true, ""); return err })
	d.Refused("a refusal without a reason", fault.Invalid, func() error { _, err := d.Grant(d.ctx(), d.township, at(), 1, false, ""); return err }, "reason ")
	i = registrytest.Must[store.Doc[Item]](t)(d.Grant(d.ctx(), d.township, at(), 1, true, ""))
	if k := i.State.Tasks[1]; k.Due.N != 5 || k.Due.Due != d.Days.Resolve(calendar.Deadline{Start: d.Today(), N: 5, Unit: calendar.UnitWorkday}).Due || k.Due.Due.Compare(was) <= 0 || k.Waits() || !strings.Contains(k.Due.Basis, "同意延期 2 个工作日") {
		t.Errorf("extended from %s: %+v", was, k.Due)
	}
	d.Refused("asked again after it was granted", fault.Conflict, func() error { return ask(d.owners, 1, 1) }, "已经申请过")
	if far := i.State.Tasks[2].Due; far.Resolved() || far.Late(d.Clock()) {
		t.Errorf("a deadline past the loaded calendar: %+v", far)
	}
	d.Desk.Forward("2026-12-30")
	if far := i.State.Tasks[2].Due; far.Late(d.Clock()) {
		t.Error("what is unresolved is late")
	}
	d.Refused("asked for when it was late", fault.Conflict, func() error { return ask(d.manager, 0, 3) }, "已经过了")
	d.Refused("unresolved is never urged", fault.Conflict, func() error { _, err := d.Urge(d.ctx(), d.township, at(), 2); return err }, "没有逾期")
	i = registrytest.Must[store.Doc[Item]](t)(d.Urge(d.ctx(), d.township, at(), 0))
	d.Refused("once a day", fault.Conflict, func() error { _, err := d.Urge(d.ctx(), d.township, at(), 0); return err }, "今天督办过了")
	for n, by := range []policy.Actor{d.manager, d.owners, d.worker, d.other} {
		if err := report(by, n); err != nil {
			t.Fatalf("task %d: %v", n, err)
		}
		now := registrytest.Must[store.Doc[Item]](t)(d.One(d.ctx(), d.worker, i.ID))
		i = now
	}
	d.Refused("who reported confirms nothing", fault.Forbidden, func() error { _, err := d.Verify(d.ctx(), d.worker, at(), 2); return err })
	d.Refused("not all done", fault.Conflict, func() error { _, err := d.Finish(d.ctx(), d.worker, at(), "都办好了，居民满意"); return err }, "还有 4 项任务")
	for n := range i.State.Tasks {
		i = registrytest.Must[store.Doc[Item]](t)(d.Verify(d.ctx(), d.secretary, at(), n))
	}
	sums := registrytest.Must[[]Tally](t)(d.Tallies(d.ctx(), d.officer, TallyFilter{}))
	if len(sums) != 1 || sums[0].Tasks != 4 || sums[0].Done != 4 || sums[0].Due != 3 || sums[0].InTime != 0 || sums[0].Heard != 1 || sums[0].Meetings != 1 {
		t.Errorf("%+v", sums)
	}
	i = registrytest.Must[store.Doc[Item]](t)(d.Finish(d.ctx(), d.worker, at(), "都办好了，居民满意"))
	if i.State.State != Done || i.State.Ended != d.Today() {
		t.Errorf("%+v", i.State)
	}
}

// TestFields: what is refused names its field, says the value, and writes nothing.
func TestFields(t *testing.T) {
	d := newDesk(t)
	problem := Problem{Community: east, Source: "resident", Text: "楼道堆放杂物没人管", Found: day("2026-10-10")}
	for name, c := range map[string]struct {
		change func(*Problem)
		said   string
	}{
		"no source": {func(p *Problem) { p.Source = "rumour" }, "source 请选择问题来源"}, "short": {func(p *Problem) { p.Text = "脏" }, "problem 问题有 1 个字，至少 5 个字"},
		"tomorrow": {func(p *Problem) { p.Found = day("2026-10-20") }, "found 发现日期2026年10月20日还没有到"}, "no day": {func(p *Problem) { p.Found = day("2026-10-10").Add(-9999) }, "早于"},
		"a phone": {func(p *Problem) { p.Text = "楼道堆放杂物，电话 13800001234" }, "像是电话"}, "a door": {func(p *Problem) { p.Text = "3 栋 502 室楼上漏水" }, "502 室"},
		"no place": {func(p *Problem) { p.Community = "" }, "community 请选择社区"},
	} {
		in := problem
		c.change(&in)
		d.Refused(name, fault.Invalid, func() error { _, err := d.Collect(d.ctx(), d.worker, in, nil); return err }, c.said)
	}
	d.Refused("a township is no community", fault.NotFound, func() error {
		_, err := d.Collect(d.ctx(), d.worker, Problem{Community: "360428100", Source: "resident", Text: problem.Text, Found: problem.Found}, nil)
		return err
	})
	i := registrytest.Must[store.Doc[Item]](t)(d.Collect(d.ctx(), d.worker, problem, nil))
	at := casework.At{ID: i.ID, Seq: i.Seq}
	d.Refused("topic", fault.Invalid, func() error { _, err := d.SetTopic(d.ctx(), d.worker, at, Topic{Must: "none"}); return err }, "title ", "class ", "subject ", "must ")
	d.Refused("a reserved matter of no project", fault.Invalid, func() error { _, err := d.SetTopic(d.ctx(), d.worker, at, topic(true)); return err }, "要写明是哪个小区")
	i = registrytest.Must[store.Doc[Item]](t)(d.SetTopic(d.ctx(), d.worker, at, topic(false)))
	d.Refused("enquiry", fault.Invalid, func() error {
		_, err := d.Enquire(d.ctx(), d.worker, casework.At{ID: i.ID, Seq: i.Seq}, day("2026-10-01"), "短", "")
		return err
	}, "enquired ", "findings ")
	done := d.led(OutcomeAgreed, toPublic()...)
	d.Refused("task", fault.Invalid, func() error {
		_, err := d.Assign(d.ctx(), d.worker, casework.At{ID: done.ID, Seq: done.Seq}, Assignment{To: ToFirm, Firm: "x"})
		return err
	}, "what ", "firm ", "days 办理期限 0 个工作日")
}

// TestPublic: everybody sees reviewed words and nothing else, and only while they are not taken down.
func TestPublic(t *testing.T) {
	d := newDesk(t)
	seen := func() []PublicResult {
		t.Helper()
		list, _, err := d.Results(d.ctx(), "", "")
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	i := d.led(OutcomeOpen, toPublic()[:5]...)
	if len(seen()) != 0 {
		t.Fatal("words that nobody reviewed are public")
	}
	i = registrytest.Must[store.Doc[Item]](t)(d.do(i, StepPublish, OutcomeOpen))
	if list := seen(); len(list) != 1 || list[0].Outcome != "未达成" || !strings.Contains(list[0].Words, "半透明") {
		t.Fatalf("%+v", list)
	}
	for _, step := range []Step{StepAgain, StepSchedule} {
		i = registrytest.Must[store.Doc[Item]](t)(d.do(i, step, OutcomeOpen))
	}
	d.held(i.State.Meeting)
	i = registrytest.Must[store.Doc[Item]](t)(d.do(i, StepDecide, OutcomeAgreed))
	i = registrytest.Must[store.Doc[Item]](t)(d.Draft(d.ctx(), d.worker, casework.At{ID: i.ID, Seq: i.Seq}, "第二次商议：同意更换，还没有审核。"))
	if list := seen(); len(list) != 1 || strings.Contains(list[0].Words, "第二次") {
		t.Fatalf("words of the second hearing are public before their review: %+v", list)
	}
	for _, step := range []Step{StepPublish, StepHide} {
		i = registrytest.Must[store.Doc[Item]](t)(d.do(i, step, OutcomeAgreed))
	}
	if len(seen()) != 0 || i.State.State != Executing {
		t.Errorf("taken down: %+v %s", seen(), i.State.State)
	}
}

// TestStoredFields: what is stored under which name is laid for good.
func TestStoredFields(t *testing.T) {
	for name, got := range map[string][]string{"item": store.FieldNames[Item](), "meeting": store.FieldNames[Meeting]()} {
		text := strings.Join(got, "\n") + "\n"
		golden, err := os.ReadFile("testdata/" + name + ".fields")
		if err != nil || string(golden) != text {
			t.Errorf("stored fields of %s changed; old records would not be read:\n%s%v", name, text, err)
		}
	}
	if err := store.CheckType[Item](); err != nil {
		t.Error(err)
	}
	if err := store.CheckType[Meeting](); err != nil {
		t.Error(err)
	}
}

// TestProperties: whatever steps are tried in whatever order, a reserved matter is never done without its vote, nothing is public without a review by somebody else, and nothing leaves a final state.
func TestProperties(t *testing.T) {
	d := newDesk(t)
	rapid.Check(t, func(r *rapid.T) {
		outcome := rapid.SampledFrom([]Outcome{OutcomeAgreed, OutcomeOwners, OutcomeDepartment, OutcomeOpen}).Draw(r, "outcome")
		i := d.collected()
		for range rapid.IntRange(5, 15).Draw(r, "steps") {
			var can []Step
			for _, step := range Steps() {
				if i.State.Can(step) && step != StepHide {
					can = append(can, step)
				}
			}
			if len(can) == 0 {
				break
			}
			step := rapid.SampledFrom(can).Draw(r, "step")
			before := i.State
			if step == StepDecide {
				if m, _, err := d.OneMeeting(d.ctx(), d.worker, i.State.Meeting); err == nil && m.State.State == Planned {
					d.held(i.State.Meeting)
				}
			}
			next, err := d.do(i, step, outcome)
			if err != nil {
				if k := fault.KindOf(err); k != fault.Conflict && k != fault.Invalid && k != fault.NotFound {
					r.Fatalf("%s: %v", step, err)
				}
				continue
			}
			i = next
			s := &i.State
			switch {
			case before.State.Final():
				r.Fatalf("%s left %s", step, before.State)
			case s.State == Done && s.Reserved != "" && !s.Carried:
				r.Fatal("a reserved matter is done without its vote")
			case s.State == Done && (s.Undone() > 0 || len(s.Tasks) == 0):
				r.Fatal("done with an open task")
			case !s.Published.IsZero() && s.Public == "":
				r.Fatal("public without words")
			case s.Reserved != "" && s.Decided().Outcome == OutcomeAgreed:
				r.Fatal("a reserved matter was agreed on")
			}
		}
	})
}
