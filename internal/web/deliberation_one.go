package web

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision/deliberation"
)

// topicView is what deliberation.html shows.
type topicView struct {
	Path, State, Due, DueState, Basis string
	Seq                               int64
	I                                 *deliberation.Item
	// Reserved says which item of article 278 reserves the matter, "" for none; Vote how the owners voted.
	Reserved, Vote string
	ProjectPath    string
	Hearings       []hearingView
	Tasks          []taskView
	Steps          []step
	Forms          []stepForm
	History        []step
	// Papers are what can be printed now.
	Papers []crumb
}

type hearingView struct {
	Meeting, Path, Outcome, Decision, Said string
}

type taskView struct {
	deliberation.Task
	Word, DueState, DueText, Days string
	// Extended says what was asked for beyond the deadline and what the answer was, "" for nothing.
	Extended string
}

// sixSteps are the steps of a deliberation with the states in which each is the present one.
func sixSteps() []struct {
	label  string
	states []deliberation.State
} {
	type one = struct {
		label  string
		states []deliberation.State
	}
	return []one{{"收集问题", nil}, {"拟定议题", []deliberation.State{deliberation.Collected, deliberation.Declined}}, {"议前调研", []deliberation.State{deliberation.Topical}}, {"多方商议", []deliberation.State{deliberation.Enquired, deliberation.Scheduled, deliberation.Unreached}},
		{"公开结果", []deliberation.State{deliberation.Decided, deliberation.Reviewing}}, {"监督执行", []deliberation.State{deliberation.Awaiting, deliberation.Forwarding, deliberation.Executing}}}
}

// sixStepsOf says how far an item is.
func sixStepsOf(i *deliberation.Item) []step {
	all := sixSteps()
	now := slices.IndexFunc(all, func(s struct {
		label  string
		states []deliberation.State
	}) bool {
		return slices.Contains(s.states, i.State)
	})
	if now < 0 {
		now = len(all)
	}
	out := make([]step, len(all))
	for n, s := range all {
		out[n].Label = s.label
		switch {
		case n < now:
			out[n].State = "done"
		case n == now && !i.State.Final():
			out[n].State = "now"
		}
	}
	return out
}

// deliberationPapers are the documents of an item: the word in the address, its name, and from when it is there.
func deliberationPapers(i *deliberation.Item) []crumb {
	var out []crumb
	if i.Title != "" {
		out = append(out, crumb{"议题单", "topic"})
	}
	if !i.Published.IsZero() {
		out = append(out, crumb{"议事结果公告", "notice"})
	}
	if len(i.Tasks) > 0 {
		out = append(out, crumb{"任务交办单", "tasks"})
	}
	return out
}

func (s *Server) oneTopic(c *fiber.Ctx, by policy.Actor) error { return s.showTopic(c, by, nil) }

// fillTopic puts an item into words, without what can be done.
func (s *Server) fillTopic(c *fiber.Ctx, by policy.Actor, doc store.Doc[deliberation.Item]) (topicView, error) {
	i := &doc.State
	v := topicView{Path: deliberationPath + "/" + doc.ID, State: i.State.Title(), Seq: doc.Seq, I: i, Steps: sixStepsOf(i)}
	clock := s.clockOf(c.UserContext())
	if i.Due.Rule != "" {
		v.Basis = i.Due.Basis
		state, precise := clock.left(clockTask(i.Due))
		v.DueState, v.Due = state, strings.Trim(i.Due.Chinese()+"，"+cmp.Or(precise, state), "，")
	}
	if i.Reserved != "" {
		v.Reserved = registry.TextOf(registry.Matters(), i.Reserved)
	}
	if i.Vote != "" {
		v.Vote = i.Voted.Chinese() + "表决，" + map[bool]string{true: "通过", false: "没有达到法定比例，未通过"}[i.Carried]
	}
	if i.Project != "" && s.guard.Allow(by, policy.ReadRegister) {
		v.ProjectPath = projectPath(i.Project)
	}
	for _, h := range i.Heard {
		v.Hearings = append(v.Hearings, hearingView{h.On.Chinese(), sessionsPath + "/" + h.Meeting, h.Outcome.Title(), h.Decision, "实到 " + count(int(h.Present)) + " 人，同意 " + count(int(h.Agreed)) + " 人"})
	}
	for _, t := range i.Tasks {
		task := taskView{Task: t, Word: t.State.Title(), Days: count(t.Due.N) + " 个工作日", Extended: extensionText(t.More)}
		if t.State != deliberation.TaskDone {
			state, precise := clock.left(clockTask(t.Due))
			task.DueState, task.DueText = state, cmp.Or(precise, state)
		}
		v.Tasks = append(v.Tasks, task)
	}
	for _, p := range deliberationPapers(i) {
		v.Papers = append(v.Papers, crumb{p.Label, v.Path + "/print/" + p.Path})
	}
	return v, nil
}

func (s *Server) showTopic(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.deliberations.One(ctx, by, id)
	if err != nil {
		return err
	}
	v, err := s.fillTopic(c, by, doc)
	if err != nil {
		return err
	}
	v.Papers = append(v.Papers, crumb{"一案一档", v.Path + "/whole"})
	if v.Forms, err = s.topicForms(c, by, &doc.State, refused); err != nil {
		return err
	}
	history, err := s.deliberations.History(ctx, by, id)
	if err != nil {
		return err
	}
	v.History = taken(history, nil, func(i *deliberation.Item) (string, string) { return string(i.Last), i.Reason })
	p := page{Title: doc.State.Name(), Nav: deliberationPath, Data: v, Fields: refused, Script: true}
	if len(refused) > 0 {
		return s.refuse(c, by, "deliberation", p)
	}
	return s.render(c, by, "deliberation", p)
}

// The steps of an item by the word in the address; those of a task are followed by its place.
var topicSteps = map[string]deliberation.Step{"topic": deliberation.StepTopic, "enquire": deliberation.StepEnquire, "schedule": deliberation.StepSchedule, "decide": deliberation.StepDecide, "draft": deliberation.StepDraft,
	"publish": deliberation.StepPublish, "return": deliberation.StepReturn, "vote": deliberation.StepVote, "forward": deliberation.StepForward, "task": deliberation.StepTask, "report": deliberation.StepReport, "verify": deliberation.StepVerify,
	"reopen": deliberation.StepReopen, "urge": deliberation.StepUrge, "more": deliberation.StepMore, "grant": deliberation.StepGrant, "again": deliberation.StepAgain, "finish": deliberation.StepFinish, "giveup": deliberation.StepGiveUp, "decline": deliberation.StepDecline, "hide": deliberation.StepHide}

// extensionText says what was asked for beyond a deadline and what the answer was, "" for nothing.
func extensionText(m *deliberation.Extension) string {
	if m == nil {
		return ""
	}
	said := m.Asked.Chinese() + "申请延期 " + count(int(m.Days)) + " 个工作日：" + m.Why
	switch {
	case m.Decided.IsZero():
		return said + "；等答复"
	case m.Granted:
		said += "；" + m.Decided.Chinese() + "同意"
	default:
		said += "；" + m.Decided.Chinese() + "不同意"
	}
	return joinWords(said, m.Reason)
}

// taskStep divides “report2” into the step and the place of its task.
func taskStep(word string) (name string, task int) {
	name = strings.TrimRight(word, "0123456789")
	task, err := strconv.Atoi(word[len(name):])
	if err != nil {
		task = 0
	}
	return name, task
}

// choices are entries of deliberation.yaml as options.
func choices(first string, list []deliberation.Choice) []option {
	out := []option{{"", first}}
	for _, x := range list {
		out = append(out, option{x.ID, x.Title})
	}
	return out
}

// topicForms are the steps that the actor can do now, in the order of a life.
func (s *Server) topicForms(c *fiber.Ctx, by policy.Actor, i *deliberation.Item, refused []fault.Field) ([]stepForm, error) {
	if looksBackNow(c) || i.State.Final() && !i.Shown() {
		return nil, nil
	}
	all := slices.Concat(s.wordForms(i), s.endForms(i))
	if i.State == deliberation.Topical || i.State == deliberation.Enquired || i.State == deliberation.Scheduled {
		f, err := s.scheduleForms(c, by, i)
		if err != nil {
			return nil, err
		}
		all = append(all, f...)
	}
	if i.State == deliberation.Awaiting && s.guard.Allow(by, policy.ReadRegister) {
		votes, err := s.registered.Votes(c.UserContext(), by, i.Project)
		if err != nil {
			return nil, err
		}
		options := []option{{"", "请选择"}}
		for _, v := range votes {
			options = append(options, option{v.ID, v.Title + "，" + v.Held.Chinese()})
		}
		all = append(all, stepForm{Name: "vote", Title: "关联业主大会表决", Hint: "先在小区页登记表决记录；参与和同意的比例由系统按民法典第二百七十八条计算。", Button: "关联表决", Form: []field{{Name: "vote", Label: "表决记录", Options: options}}})
	}
	if i.State == deliberation.Executing || i.State == deliberation.Forwarding {
		f, err := s.taskForms(c, by, i)
		if err != nil {
			return nil, err
		}
		all = append(all, f...)
	}
	all = slices.DeleteFunc(all, func(f stepForm) bool {
		name, _ := taskStep(f.Name)
		return !i.Can(topicSteps[name]) || !s.guard.Allow(by, topicSteps[name].Action())
	})
	slices.SortStableFunc(all, func(a, b stepForm) int { return cmp.Compare(b2i(a.Grave), b2i(b.Grave)) })
	if i.WordsBy == by.ID {
		all = slices.DeleteFunc(all, func(f stepForm) bool { return f.Name == "publish" || f.Name == "return" })
	}
	return stepFormsAt(c, deliberationPath+"/"+c.Params("id"), all, refused), nil
}

func b2i(grave bool) int {
	if grave {
		return 1
	}
	return 0
}

// wordForms are the steps before and after the meeting.
func (s *Server) wordForms(i *deliberation.Item) []stepForm {
	t := s.deliberations.Terms
	classes, subjects := []option{{"", "请选择"}}, []option{{"", "请选择"}}
	for _, k := range t.Classes() {
		classes = append(classes, option{k.ID, k.Title})
	}
	for _, k := range t.Subjects() {
		label := k.Title
		if k.Reserved != "" {
			label += "（由业主共同决定）"
		}
		subjects = append(subjects, option{k.ID, label})
	}
	topic := []field{{Name: "title", Label: "议题", Type: "text", Autocomplete: "off", Value: i.Title}, {Name: "class", Label: "大事、小事、急事", Options: classes, Value: i.Class.ID}, {Name: "subject", Label: "类别", Options: subjects, Value: i.Subject.ID}}
	if len(t.Must()) > 0 {
		topic = append(topic, field{Name: "must", Label: "五必议", Options: choices("不属于", t.Must()), Value: i.Must.ID})
	}
	decline := []field{{Name: "reason", Label: "理由", Rows: 2}}
	if len(t.Never()) > 0 {
		decline = slices.Insert(decline, 0, field{Name: "never", Label: "三不议", Options: choices("请选择", t.Never())})
	}
	again := stepForm{Name: "topic", Title: "拟定议题", Hint: "一事一议：一件议题只写一件事。属于民法典第二百七十八条的，选“由业主共同决定”的类别。", Button: "拟定议题", Form: topic}
	if i.Title != "" {
		again.Title, again.Button = "修改议题", "修改议题"
	}
	out := []stepForm{
		again,
		{Name: "enquire", Title: "议前调研", Hint: "走访各方，写清事实、不同意见和可选的办法。", Button: "登记调研", Form: []field{{Name: "enquired", Label: "调研日期", Type: "date"}, {Name: "findings", Label: "调研情况", Rows: 3, Value: i.Findings}, {Name: "options", Label: "可选方案", Rows: 2, Optional: true, Value: i.Options}}},
		{Name: "draft", Title: "拟写公开内容", Hint: "写给全体居民看：议了什么、结果怎样、谁来办、什么时候办好。不写个人信息，由另一人审核后公开。", Button: "送审核", Form: []field{{Name: "words", Label: "公开内容", Rows: 4, Value: i.Words}}},
		{Name: "publish", Title: "审核公开内容", Hint: "看内容是否属实、有没有个人信息；公开以后任何人都看得到。", Button: "审核通过并公开"},
		{Name: "return", Title: "退回公开内容", Hint: "退回拟写的人修改。", Button: "退回", Form: []field{{Name: "reason", Label: "退回理由", Type: "text", Autocomplete: "off"}}},
		{Name: "again", Title: "再次商议", Hint: "各方愿意再谈的，重新排入会议。", Button: "再次商议", Form: []field{{Name: "reason", Label: "理由", Type: "text", Autocomplete: "off"}}},
	}
	if i.Must.ID == "" {
		out = append(out, stepForm{Name: "decline", Title: "不予商议", Hint: "属于三不议的，写明理由，不再往下走。", Button: "不予商议", Form: decline, Grave: true})
	}
	return out
}

// endForms are how an item ends, and how its words are taken down.
func (s *Server) endForms(i *deliberation.Item) []stepForm {
	var out []stepForm
	if len(i.Tasks) > 0 && i.Undone() == 0 {
		out = append(out, stepForm{Name: "finish", Title: "结果回写纪要", Hint: "任务都核实完成了，写明落实结果；会议归档时写回纪要。", Button: "办结，已解决", Form: []field{{Name: "result", Label: "落实结果", Rows: 2}}})
	}
	return append(out, stepForm{Name: "giveup", Title: "未解决办结", Hint: "确实解决不了的，写明原因和建议的途径。", Button: "办结，未解决", Form: []field{{Name: "result", Label: "原因", Rows: 2}}, Grave: true},
		stepForm{Name: "hide", Title: "撤下公开内容", Hint: "公开的内容有误、含有个人信息的，立即撤下。", Button: "撤下", Form: []field{{Name: "reason", Label: "撤下理由", Type: "text", Autocomplete: "off"}}, Grave: true})
}

// scheduleForms put an item on an agenda, and enter what the meeting decided.
func (s *Server) scheduleForms(c *fiber.Ctx, by policy.Actor, i *deliberation.Item) ([]stepForm, error) {
	list, err := s.deliberations.Meetings(c.UserContext(), by, deliberation.MeetingFilter{Open: true, Community: i.Community})
	if err != nil {
		return nil, err
	}
	options := []option{{"", "请选择"}}
	for _, d := range list {
		m := &d.State
		if slices.Contains(m.Agenda, c.Params("id")) && i.Meeting == d.ID {
			return []stepForm{{Name: "decide", Title: "登记商议结果", Hint: "一议一决：" + m.Name() + "议了这件事，按纪要写结果。", Button: "登记结果", Form: []field{{Name: "outcome", Label: "商议结果", Options: choicesOf("请选择", deliberation.Outcomes())},
				{Name: "agreed", Label: "同意的人数", Type: "text", Mode: "numeric", Autocomplete: "off", Hint: "实到 " + presentText(m)}, {Name: "decision", Label: "商议意见", Rows: 3}}}}, nil
		}
		if m.State == deliberation.Planned && (m.Project == "" || m.Project == i.Project) {
			options = append(options, option{d.ID, m.On.Chinese() + " " + m.At + " " + m.Place() + m.Kind.Title})
		}
	}
	if i.Enquiry && i.Enquired.IsZero() {
		return nil, nil
	}
	f := stepForm{Name: "schedule", Title: "排入会议", Hint: "选一次待召开的会议；还没有的，先到“会议”里召集。", Button: "排入会议", Form: []field{{Name: "meeting", Label: "会议", Options: options, Value: i.Meeting}}}
	if i.State == deliberation.Scheduled {
		f.Title, f.Button = "改排会议", "改排会议"
	}
	return []stepForm{f}, nil
}

func presentText(m *deliberation.Meeting) string {
	_, present := m.People()
	return count(int(present)) + " 人"
}

// taskForms give tasks, and answer, confirm and urge each.
func (s *Server) taskForms(c *fiber.Ctx, by policy.Actor, i *deliberation.Item) ([]stepForm, error) {
	what, days := field{Name: "what", Label: "要办的事", Type: "text", Autocomplete: "off"}, field{Name: "days", Label: "期限（工作日）", Type: "text", Mode: "numeric", Autocomplete: "off", Hint: "从今天起算，例如 10"}
	unit := field{Name: "unit", Label: "责任单位", Type: "text", Autocomplete: "off", Hint: "交给部门或其他单位的写名称"}
	if i.State == deliberation.Forwarding {
		return []stepForm{{Name: "forward", Title: "转部门办理", Hint: "按职责转给部门，写明转办文号和期限，办理情况由社区登记。", Button: "转办", Form: []field{what, unit, {Name: "paper", Label: "转办文号", Type: "text", Autocomplete: "off"}, days}}}, nil
	}
	var out []stepForm
	clock := newTaskClock(s.clocks.Business(), s.holidays)
	for n, t := range i.Tasks {
		at, title := strconv.Itoa(n), "任务"+strconv.Itoa(n+1)+"："+t.What
		switch {
		case t.State == deliberation.TaskOpen && s.deliberations.MayReport(by, t):
			out = append(out, stepForm{Name: "report" + at, Title: title, Hint: "办好了的，写明办理情况，由社区核实。", Button: "报告完成", Form: []field{{Name: "report", Label: "办理情况", Rows: 2}}})
		case t.State == deliberation.TaskReported && t.ReportedBy != by.ID:
			out = append(out, stepForm{Name: "verify" + at, Title: title, Hint: t.Unit + "报告：" + t.Report, Button: "核实完成"},
				stepForm{Name: "reopen" + at, Title: "退回" + title, Hint: "没有办好的退回，期限不变。", Button: "退回任务", Form: []field{{Name: "reason", Label: "退回理由", Type: "text", Autocomplete: "off"}}})
		}
		if s.deliberations.MayAsk(by, t) {
			out = append(out, stepForm{Name: "more" + at, Title: "申请延期：" + title, Hint: "只能申请一次，要在期限以内；由乡镇（街道）答复。", Button: "申请延期", Form: []field{{Name: "days", Label: "延期（工作日）", Type: "text", Mode: "numeric", Autocomplete: "off", Hint: "从原来的期限起算，1 至 " + count(deliberation.MaxMore)}, {Name: "why", Label: "理由", Type: "text", Autocomplete: "off"}}, Grave: true})
		}
		if t.Waits() && t.More.By != by.ID {
			out = append(out, stepForm{Name: "grant" + at, Title: "答复延期：" + title, Hint: t.Unit + "申请延期 " + count(int(t.More.Days)) + " 个工作日：" + t.More.Why, Button: "答复", Form: []field{{Name: "answer", Label: "答复", Options: []option{{Label: "请选择"}, {"yes", "同意延期"}, {"no", "不同意"}}},
				{Name: "reason", Label: "理由（不同意的要写）", Type: "text", Autocomplete: "off", Optional: true}}})
		}
		if t.State == deliberation.TaskOpen && clock.late(clockTask(t.Due)) && t.Urged != clock.today {
			out = append(out, stepForm{Name: "urge" + at, Title: "督办" + title, Hint: t.Unit + "逾期没有办好。", Button: "督办"})
		}
	}
	if len(i.Tasks) < deliberation.MaxTasks {
		firms, err := s.registered.FirmChoices(c.UserContext())
		if err != nil {
			return nil, err
		}
		out = append(out, stepForm{Name: "task", Title: "交办任务", Hint: "一项任务一个责任单位、一个期限。", Button: "交办", Form: []field{what, {Name: "to", Label: "交给谁办", Options: choicesOf("请选择", deliberation.Tos())},
			{Name: "firm", Label: "责任企业", Options: choicesOf("不是企业", firms), Value: i.Firm}, withOptional(unit), days}})
	}
	return out, nil
}

func withOptional(f field) field {
	f.Optional = true
	return f
}

// stepTopic does one step.
func (s *Server) stepTopic(c *fiber.Ctx, by policy.Actor) error {
	at := formAt(c)
	in, of := typed{c: c}, c.Params("step")+"-"
	text := func(name string) string { return in.text(of + name) }
	name, n := taskStep(c.Params("step"))
	type done = store.Doc[deliberation.Item]
	d := s.deliberations
	do := map[deliberation.Step]func(ctx context.Context) (done, error){
		deliberation.StepTopic: func(ctx context.Context) (done, error) {
			return d.SetTopic(ctx, by, at, deliberation.Topic{Title: text("title"), Class: text("class"), Subject: text("subject"), Must: text("must")})
		},
		deliberation.StepDecline: func(ctx context.Context) (done, error) { return d.Decline(ctx, by, at, text("never"), text("reason")) },
		deliberation.StepEnquire: func(ctx context.Context) (done, error) {
			return d.Enquire(ctx, by, at, in.date(of+"enquired", "调研日期"), text("findings"), text("options"))
		},
		deliberation.StepSchedule: func(ctx context.Context) (done, error) { return d.Schedule(ctx, by, at, text("meeting")) },
		deliberation.StepDecide: func(ctx context.Context) (done, error) {
			return d.Decide(ctx, by, at, deliberation.Result{Outcome: deliberation.Outcome(text("outcome")), Decision: text("decision"), Agreed: in.whole(of+"agreed", "同意的人数", "12")})
		},
		deliberation.StepDraft:   func(ctx context.Context) (done, error) { return d.Draft(ctx, by, at, text("words")) },
		deliberation.StepPublish: func(ctx context.Context) (done, error) { return d.Publish(ctx, by, at) },
		deliberation.StepReturn:  func(ctx context.Context) (done, error) { return d.ReturnWords(ctx, by, at, text("reason")) },
		deliberation.StepHide:    func(ctx context.Context) (done, error) { return d.Hide(ctx, by, at, text("reason")) },
		deliberation.StepVote:    func(ctx context.Context) (done, error) { return d.SetVote(ctx, by, at, text("vote")) },
		deliberation.StepForward: func(ctx context.Context) (done, error) { return d.Forward(ctx, by, at, assignment(&in, of)) },
		deliberation.StepTask:    func(ctx context.Context) (done, error) { return d.Assign(ctx, by, at, assignment(&in, of)) },
		deliberation.StepReport:  func(ctx context.Context) (done, error) { return d.Report(ctx, by, at, n, text("report")) },
		deliberation.StepVerify:  func(ctx context.Context) (done, error) { return d.Verify(ctx, by, at, n) },
		deliberation.StepReopen:  func(ctx context.Context) (done, error) { return d.Reopen(ctx, by, at, n, text("reason")) },
		deliberation.StepUrge:    func(ctx context.Context) (done, error) { return d.Urge(ctx, by, at, n) },
		deliberation.StepMore: func(ctx context.Context) (done, error) {
			return d.Ask(ctx, by, at, n, in.whole(of+"days", "延期的工作日", "5"), text("why"))
		},
		deliberation.StepGrant: func(ctx context.Context) (done, error) {
			answer := text("answer")
			if answer != "yes" && answer != "no" {
				return done{}, fault.InvalidFields("web.stepTopic", fault.Field{Name: "answer", Message: "请选择同意或者不同意"})
			}
			return d.Grant(ctx, by, at, n, answer == "yes", text("reason"))
		},
		deliberation.StepAgain:  func(ctx context.Context) (done, error) { return d.Again(ctx, by, at, text("reason")) },
		deliberation.StepFinish: func(ctx context.Context) (done, error) { return d.Finish(ctx, by, at, text("result")) },
		deliberation.StepGiveUp: func(ctx context.Context) (done, error) { return d.GiveUp(ctx, by, at, text("result")) },
	}[topicSteps[name]]
	if do == nil {
		return fault.New("web.stepTopic", fault.NotFound, "没有这一步")
	}
	// What cannot be read is told before anything is done.
	in.date(of+"enquired", "调研日期")
	in.whole(of+"agreed", "同意的人数", "12")
	in.whole(of+"days", "期限", "10")
	err := in.with(func(ctx context.Context) error { _, err := do(ctx); return err })
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showTopic(c, by, ofStep(refused, of))
	}
	if err != nil {
		return err
	}
	return seeOther(c, deliberationPath+"/"+at.ID)
}

// assignment reads a task.
func assignment(in *typed, of string) deliberation.Assignment {
	return deliberation.Assignment{What: in.text(of + "what"), To: deliberation.To(in.text(of + "to")), Firm: in.text(of + "firm"), Unit: in.text(of + "unit"), Paper: in.text(of + "paper"), Days: in.whole(of+"days", "期限", "10")}
}

// topicPrint is what deliberation_print.html shows of an item.
type topicPrint struct {
	topicView
	Kind, Title, Back, Made string
	Problem                 string
}

// topicPaper prints one of the documents of an item; one about what has not happened yet does not exist.
func (s *Server) topicPaper(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.deliberations.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	v, err := s.fillTopic(c, by, doc)
	if err != nil {
		return err
	}
	for _, p := range deliberationPapers(&doc.State) {
		if p.Path == c.Params("paper") {
			return s.render(c, by, "deliberation_print", page{Title: doc.State.Name() + p.Label, Script: true, Paper: p.Label, Data: topicPrint{topicView: v, Kind: p.Path, Title: p.Label, Back: v.Path, Made: s.registered.On(c.UserContext()).Chinese()}})
		}
	}
	return fault.New("web.topicPaper", fault.NotFound, "这件议题现在是“"+doc.State.State.Title()+"”，还没有这份文书")
}
