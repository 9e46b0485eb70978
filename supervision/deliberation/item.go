package deliberation

import (
	"fmt"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
)

// Limits of what a record holds.
const (
	// MaxTasks is how many tasks an item has, MaxHeard how often it is heard.
	MaxTasks = 10
	MaxHeard = 10
	// MaxAgenda is how many items a meeting hears.
	MaxAgenda = 20
	// MaxPeople is how many people a seat has.
	MaxPeople = 2000
	// MaxDays is the longest deadline of a task, MaxMore the longest extension of it, in working days.
	MaxDays = 250
	MaxMore = 30
)

// Item is one matter (议题) with everything that was said and decided about it.
type Item struct {
	supervision.Where
	// State is where it stands, Last what was done last, Reason why.
	State  State  `json:"state" privacy:"public"`
	Last   Step   `json:"last" privacy:"internal"`
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Source says by which way the problem came, never from whom; Problem what it is, Found since when it is known.
	Source  Choice        `json:"source"`
	Problem string        `json:"problem" privacy:"internal"`
	Found   calendar.Date `json:"found"`
	// Title is the topic, Class and Subject as chosen, Must the entry of 五必议 under which it falls, Reserved the item of article 278 that reserves it.
	Title    string          `json:"title,omitempty" privacy:"public"`
	Class    Choice          `json:"class,omitzero"`
	Subject  Choice          `json:"subject,omitzero"`
	Must     Choice          `json:"must,omitzero"`
	Reserved registry.Matter `json:"reserved,omitempty" privacy:"public"`
	// Enquiry: it must be enquired before it is heard. Enquired is the day, Findings what was found, Options what could be done.
	Enquiry  bool          `json:"enquiry,omitempty"`
	Enquired calendar.Date `json:"enquired,omitzero"`
	Findings string        `json:"findings,omitempty" privacy:"internal"`
	Options  string        `json:"options,omitempty" privacy:"internal"`
	// Meeting is the id of the meeting on whose agenda it stands or stood last, Heard what meetings decided about it, oldest first.
	Meeting string    `json:"meeting,omitempty" privacy:"public"`
	Heard   []Hearing `json:"heard,omitempty"`
	// Words are those that were written for the public, WordsBy the account that wrote them; Public are those that were reviewed, Published since when they are shown, Hidden: they were taken down.
	Words     string        `json:"words,omitempty" privacy:"internal"`
	WordsBy   string        `json:"words_by,omitempty" privacy:"internal"`
	Public    string        `json:"public,omitempty" privacy:"public"`
	Published calendar.Date `json:"published,omitzero"`
	Hidden    bool          `json:"hidden,omitempty"`
	// Vote is the id of the owners' vote, Voted its day, Carried: it carried.
	Vote    string        `json:"vote,omitempty" privacy:"public"`
	Voted   calendar.Date `json:"voted,omitzero"`
	Carried bool          `json:"carried,omitempty"`
	// Tasks are what is to be done.
	Tasks []Task `json:"tasks,omitempty"`
	// Never is the entry of 三不议 for which it was declined.
	Never Choice `json:"never,omitzero"`
	// Due is the deadline of the next step, empty without one.
	Due calendar.Deadline `json:"due,omitzero"`
	// Result is how it ended, Ended the day.
	Result string        `json:"result,omitempty" privacy:"internal"`
	Ended  calendar.Date `json:"ended,omitzero"`
}

// Hearing is what one meeting decided.
type Hearing struct {
	// Meeting is its id, On the day.
	Meeting string        `json:"meeting" privacy:"public"`
	On      calendar.Date `json:"on"`
	// Outcome is how it ended, Decision says it in words.
	Outcome  Outcome `json:"outcome" privacy:"public"`
	Decision string  `json:"decision" privacy:"internal"`
	// Agreed of Present agreed.
	Agreed  int64 `json:"agreed"`
	Present int64 `json:"present"`
}

// Outcome is how the deliberation of an item ended.
type Outcome string

// The outcomes.
const (
	// OutcomeAgreed: those present agreed.
	OutcomeAgreed Outcome = "agreed"
	// OutcomeOwners: the owners' meeting has to decide.
	OutcomeOwners Outcome = "owners"
	// OutcomeDepartment: a department has to act.
	OutcomeDepartment Outcome = "department"
	// OutcomeOpen: no agreement was reached.
	OutcomeOpen Outcome = "open"
)

// Outcomes lists the outcomes.
func Outcomes() []registry.Choice {
	return []registry.Choice{{ID: string(OutcomeAgreed), Text: "达成一致"}, {ID: string(OutcomeOwners), Text: "提请业主大会"}, {ID: string(OutcomeDepartment), Text: "转部门"}, {ID: string(OutcomeOpen), Text: "未达成"}}
}

// Title is the outcome for people.
func (o Outcome) Title() string { return registry.TextOf(Outcomes(), o) }

// Decided is the last hearing, the zero value before the first.
func (i *Item) Decided() Hearing {
	if len(i.Heard) == 0 {
		return Hearing{}
	}
	return i.Heard[len(i.Heard)-1]
}

// Name is the topic, or the beginning of the problem before there is one.
func (i *Item) Name() string {
	if i.Title != "" {
		return i.Title
	}
	if text := []rune(i.Problem); len(text) > 24 {
		return string(text[:24]) + "…"
	}
	return i.Problem
}

// Shown reports whether the public sees the result.
func (i *Item) Shown() bool { return !i.Published.IsZero() && !i.Hidden }

// State is where an item stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states.
const (
	// Collected: the problem is known.
	Collected State = "collected"
	// Topical: the topic is worded.
	Topical State = "topic"
	// Enquired: the enquiry was made.
	Enquired State = "enquired"
	// Scheduled: it stands on the agenda of a meeting.
	Scheduled State = "scheduled"
	// Decided: a meeting heard it; the words for the public are to be written.
	Decided State = "decided"
	// Reviewing: the words wait for their review.
	Reviewing State = "reviewing"
	// Awaiting: waits for the owners' vote.
	Awaiting State = "awaiting"
	// Forwarding: waits for the township to hand it to a department.
	Forwarding State = "forwarding"
	// Executing: tasks are being done.
	Executing State = "executing"
	// Unreached: nothing was agreed on; it can be heard again.
	Unreached State = "unreached"
	// Done: solved, and said so in the minutes. Final.
	Done State = "done"
	// Unsolved: given up with a reason. Final.
	Unsolved State = "unsolved"
	// Declined: not to be deliberated, with a reason. Final.
	Declined State = "declined"
)

// States are all states in the order of a life.
func States() []registry.Choice {
	return []registry.Choice{{ID: string(Collected), Text: "待拟议题"}, {ID: string(Topical), Text: "待调研"}, {ID: string(Enquired), Text: "待排会"}, {ID: string(Scheduled), Text: "待商议"}, {ID: string(Decided), Text: "待拟公开内容"},
		{ID: string(Reviewing), Text: "待审公开内容"}, {ID: string(Awaiting), Text: "待业主大会表决"}, {ID: string(Forwarding), Text: "待转办"}, {ID: string(Executing), Text: "执行中"}, {ID: string(Unreached), Text: "未达成一致"},
		{ID: string(Done), Text: "办结，已解决"}, {ID: string(Unsolved), Text: "办结，未解决"}, {ID: string(Declined), Text: "不予商议"}}
}

// Title is the state for people.
func (s State) Title() string { return registry.TextOf(States(), s) }

// Final reports whether nothing is left to do about the matter.
func (s State) Final() bool { return s == Done || s == Unsolved || s == Declined }

// Step is what is done to an item; its text is for people.
type Step string

// The steps, in the order of a life.
const (
	// StepCollect enters a problem.
	StepCollect Step = "收集问题"
	// StepTopic to StepHide are the steps of an item.
	StepTopic    Step = "拟定议题"
	StepDecline  Step = "不予商议"
	StepEnquire  Step = "议前调研"
	StepSchedule Step = "排入会议"
	StepDecide   Step = "登记商议结果"
	StepDraft    Step = "拟写公开内容"
	StepReturn   Step = "退回公开内容"
	StepPublish  Step = "公开结果"
	StepVote     Step = "关联业主大会表决"
	StepForward  Step = "转部门办理"
	StepTask     Step = "交办任务"
	StepReport   Step = "报告任务完成"
	StepVerify   Step = "核实任务完成"
	StepReopen   Step = "退回任务"
	StepUrge     Step = "督办任务"
	StepMore     Step = "申请任务延期"
	StepGrant    Step = "答复任务延期"
	StepAgain    Step = "再次商议"
	StepFinish   Step = "结果回写纪要"
	StepGiveUp   Step = "未解决办结"
	StepHide     Step = "撤下公开内容"
)

// Steps are the steps after the first.
func Steps() []Step {
	return []Step{StepTopic, StepDecline, StepEnquire, StepSchedule, StepDecide, StepDraft, StepReturn, StepPublish, StepVote, StepForward, StepTask, StepReport, StepVerify, StepReopen, StepUrge, StepMore, StepGrant, StepAgain, StepFinish, StepGiveUp, StepHide}
}

// onward stands in the table for where the outcome leads.
const onward State = ""

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = map[State]map[Step]State{
	Collected:  {StepTopic: Topical, StepDecline: Declined},
	Topical:    {StepTopic: Topical, StepEnquire: Enquired, StepSchedule: Scheduled, StepDecline: Declined},
	Enquired:   {StepTopic: Enquired, StepEnquire: Enquired, StepSchedule: Scheduled},
	Scheduled:  {StepSchedule: Scheduled, StepDecide: Decided},
	Decided:    {StepDraft: Reviewing},
	Reviewing:  {StepReturn: Decided, StepPublish: onward},
	Awaiting:   {StepVote: onward, StepGiveUp: Unsolved, StepHide: Awaiting},
	Forwarding: {StepForward: Executing, StepHide: Forwarding},
	Executing: {StepTask: Executing, StepReport: Executing, StepVerify: Executing, StepReopen: Executing, StepUrge: Executing, StepMore: Executing, StepGrant: Executing, StepFinish: Done, StepGiveUp: Unsolved,
		StepHide: Executing},
	Unreached: {StepAgain: Enquired, StepGiveUp: Unsolved, StepHide: Unreached},
	Done:      {StepHide: Done},
	Unsolved:  {StepHide: Unsolved},
	Declined:  {},
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	switch s {
	case StepCollect:
		return policy.CollectProblem
	case StepReturn, StepPublish, StepHide:
		return policy.PublishDeliberation
	case StepForward, StepUrge, StepGrant:
		return policy.ForwardDeliberation
	case StepReport, StepMore:
		return policy.AnswerDeliberation
	}
	return policy.RunDeliberation
}

// Can reports whether the table knows a step from the present state.
func (i *Item) Can(step Step) bool {
	_, ok := steps[i.State][step]
	return ok && (step != StepHide || i.Shown())
}

// next returns the state after a step, or Conflict; onward if the outcome decides.
func (i *Item) next(step Step) (State, error) {
	if !i.Can(step) {
		return "", fault.New("deliberation.next", fault.Conflict, fmt.Sprintf("这件议题现在是“%s”，不能%s，请刷新后再看", i.State.Title(), step))
	}
	return steps[i.State][step], nil
}

// onward is where the outcome of the last hearing leads once it is public.
func (i *Item) onward() State {
	switch {
	case i.Decided().Outcome == OutcomeAgreed, i.Carried:
		return Executing
	case i.Decided().Outcome == OutcomeDepartment:
		return Forwarding
	case i.Decided().Outcome == OutcomeOwners && i.Vote == "":
		return Awaiting
	}
	return Unreached
}

// TaskState is where a task stands.
type TaskState string

// The states of a task.
const (
	// TaskOpen: to be done. TaskReported: reported as done. TaskDone: somebody else says so too.
	TaskOpen     TaskState = "open"
	TaskReported TaskState = "reported"
	TaskDone     TaskState = "done"
)

// Title is the state for people.
func (s TaskState) Title() string {
	switch s {
	case TaskReported:
		return "待核实"
	case TaskDone:
		return "已落实"
	}
	return "办理中"
}

// Task is what one unit has to do.
type Task struct {
	// What is to be done, Unit the responsible unit for people. Key says who answers in the program: f: of a firm, p: for the owners' body of that project, "" for the community itself or a department.
	What string `json:"what" privacy:"internal"`
	Unit string `json:"unit" privacy:"public"`
	Key  string `json:"key,omitempty" privacy:"internal"`
	// Paper is the number of the paper by which a department got it.
	Paper string `json:"paper,omitempty" privacy:"internal"`
	// Due is until when. It is unresolved, and never late, where the calendar does not reach.
	Due calendar.Deadline `json:"due"`
	// State is where it stands, Report what the unit says, ReportedBy the account, Reported and Done the days, Reason why it was given back.
	State      TaskState     `json:"state" privacy:"public"`
	Report     string        `json:"report,omitempty" privacy:"internal"`
	ReportedBy string        `json:"reported_by,omitempty" privacy:"internal"`
	Reported   calendar.Date `json:"reported,omitzero"`
	Done       calendar.Date `json:"done,omitzero"`
	Reason     string        `json:"reason,omitempty" privacy:"internal"`
	// Urged is the last day on which the township urged it.
	Urged calendar.Date `json:"urged,omitzero"`
	// More is the one extension of its deadline, nil as long as nobody asked for one.
	More *Extension `json:"more,omitempty"`
}

// Extension is what a unit asked for before the deadline of its task had passed, and what the township said.
type Extension struct {
	// Days are the working days asked for beyond the deadline, Why the reason, By the account that asked, Asked the day.
	Days  int64         `json:"days"`
	Why   string        `json:"why" privacy:"internal"`
	By    string        `json:"by" privacy:"internal"`
	Asked calendar.Date `json:"asked"`
	// Decided is the day of the answer, Granted what it was, Reason why.
	Decided calendar.Date `json:"decided,omitzero"`
	Granted bool          `json:"granted,omitempty"`
	Reason  string        `json:"reason,omitempty" privacy:"internal"`
}

// Waits reports whether an extension was asked for and not answered yet.
func (t *Task) Waits() bool { return t.State == TaskOpen && t.More != nil && t.More.Decided.IsZero() }

// Undone is how many tasks are not done.
func (i *Item) Undone() int {
	n := 0
	for _, t := range i.Tasks {
		if t.State != TaskDone {
			n++
		}
	}
	return n
}
