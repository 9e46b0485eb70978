package cycle

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// CoachTask is an action for the star of a project that the manager of the firm gave to who manages the project (争星任务).
type CoachTask struct {
	// Case holds project, scope keys and day; its clock is the day that the manager set.
	casework.Case
	// Action is the id in coach.yaml, Fact what it moves; Title says what to do, Proof what proves it: as they were when it was given.
	Action string `json:"action" privacy:"public"`
	Fact   string `json:"fact" privacy:"public"`
	Title  string `json:"title" privacy:"public"`
	Proof  string `json:"proof" privacy:"public"`
	// Steps are how often it is to be done, Last the last day that still counts for the star; no date if none was laid down.
	Steps int           `json:"steps"`
	Last  calendar.Date `json:"last,omitzero"`
	// Due is until when the firm wants it done; it stays when the clock has ended.
	Due calendar.Date `json:"due,omitzero"`
	// Given is who gave it, Words what the manager adds; Done is who did it, Report what was done, Files what shows it.
	Given  supervision.Hand  `json:"given"`
	Words  string            `json:"words,omitempty" privacy:"internal"`
	Done   *supervision.Hand `json:"done,omitempty"`
	Report string            `json:"report,omitempty" privacy:"internal"`
	Files  []files.Stored    `json:"files,omitempty"`
	// State is where it stands, Step what was done last.
	State CoachState `json:"state" privacy:"public"`
	Step  CoachStep  `json:"step" privacy:"public"`
}

// CoachState is where a task stands. A new one gets a row in coachSteps and a word and colour in internal/web.
type CoachState string

// The states of a task.
const (
	// CoachOpen waits for the manager of the project, CoachReported for the manager of the firm.
	CoachOpen     CoachState = "open"
	CoachReported CoachState = "reported"
	// CoachFinished was done, CoachDropped is no longer wanted. Final.
	CoachFinished CoachState = "finished"
	CoachDropped  CoachState = "dropped"
)

// CoachStates are all states in the order of a life.
func CoachStates() []CoachState {
	return []CoachState{CoachOpen, CoachReported, CoachFinished, CoachDropped}
}

// Title is the state for people.
func (s CoachState) Title() string {
	return map[CoachState]string{CoachOpen: "待落实", CoachReported: "待确认", CoachFinished: "已落实", CoachDropped: "不再需要"}[s]
}

// CoachStep is what is done to a task; it names the form on its page.
type CoachStep string

// The steps.
const (
	// CoachGive gives the task, CoachConfirm and CoachReturn judge what was done, CoachDrop ends it: the manager of the firm. CoachReport says that it is done: the manager of the project.
	CoachGive    CoachStep = "give"
	CoachReport  CoachStep = "report"
	CoachConfirm CoachStep = "confirm"
	CoachReturn  CoachStep = "return"
	CoachDrop    CoachStep = "drop"
)

// CoachSteps are all steps in the order of a life.
func CoachSteps() []CoachStep {
	return []CoachStep{CoachGive, CoachReport, CoachConfirm, CoachReturn, CoachDrop}
}

// Title is the step for people.
func (s CoachStep) Title() string {
	return map[CoachStep]string{CoachGive: "派任务", CoachReport: "报告已落实", CoachConfirm: "确认落实", CoachReturn: "退回重办", CoachDrop: "不再需要"}[s]
}

// Action is the right that a step asks for.
func (s CoachStep) Action() policy.Action {
	if s == CoachReport {
		return policy.DoCoachTask
	}
	return policy.GiveCoachTask
}

// coachSteps is the one table of transitions; what is not in it is a Conflict.
var coachSteps = casework.Table[CoachState, CoachStep]{
	"":            {CoachGive: CoachOpen},
	CoachOpen:     {CoachReport: CoachReported, CoachDrop: CoachDropped},
	CoachReported: {CoachConfirm: CoachFinished, CoachReturn: CoachOpen, CoachDrop: CoachDropped},
	CoachFinished: {},
	CoachDropped:  {},
}

// Next is what comes next and who does it.
func (t *CoachTask) Next() string {
	switch t.State {
	case CoachOpen:
		return "由项目负责人落实，办好以后报告"
	case CoachReported:
		return "由企业负责人确认，或者退回重办"
	}
	return ""
}

// CoachTasks keeps the tasks. Every call names the actor; a refused call writes nothing.
type CoachTasks struct {
	*casework.Cases[CoachTask]
	cycle *Service
	desk  casework.Desk
}

const (
	coachTaskWord = "这项任务"
	// coachTaskRule names the clock of a task, whose last day the manager sets.
	coachTaskRule = "coach-task"
	// maxCoachWords bounds the texts of a task, in characters.
	maxCoachWords = 300
)

func newCoachTasks(ctx context.Context, s *Service) (*CoachTasks, error) {
	t := &CoachTasks{cycle: s, desk: casework.Desk{DB: s.db, Guard: s.guard, Keeper: s.keeper, Deadlines: s.deadlines, Now: s.db.Now}}
	var err error
	t.Cases, err = casework.NewCases(ctx, t.desk, "coach-task", coachTaskWord, policy.ReadCoach, func(one *CoachTask) *casework.Case { return &one.Case },
		func(one *CoachTask) bool { return len(coachSteps[one.State]) == 0 })
	return t, err
}

// CoachTasks are the tasks for stars.
func (s *Service) CoachTasks() *CoachTasks { return s.tasks }

// Today is the business day.
func (t *CoachTasks) Today() calendar.Date { return t.desk.Today() }

// CoachGift is a task to be given.
type CoachGift struct {
	// Project and Action say what is to be done, on which Basis the coach named it, Due until when; Words are what the manager adds.
	Project, Action, Basis, Words string
	Due                           calendar.Date
}

// Give gives an action that the coach of the project names to who manages the project. Returns Forbidden without GiveCoachTask, NotFound outside the scope and for an action that there is none of, Invalid for refused
// fields (due, words), Conflict if it cannot be done any more or somebody has it already.
func (t *CoachTasks) Give(ctx context.Context, by policy.Actor, in CoachGift, idem *store.Idem) (store.Doc[CoachTask], error) {
	const op = "cycle.Give"
	return t.Begin(ctx, by, policy.GiveCoachTask, CoachGive.Title(), idem, func(n casework.New) (CoachTask, error) {
		v, err := t.cycle.Coach(ctx, by, in.Project, CoachAsk{Basis: in.Basis})
		none := fault.New(op, fault.NotFound, "没有找到要看的内容")
		if err == nil && !n.Scope.Covers(v.Keys, t.Today()) {
			err = none
		}
		if err != nil {
			return CoachTask{}, err
		}
		at := slices.IndexFunc(v.Actions, func(a CoachAction) bool { return a.ID == in.Action })
		if at < 0 {
			return CoachTask{}, none
		}
		a := &v.Actions[at]
		if a.Why != "" {
			return CoachTask{}, fault.New(op, fault.Conflict, "“"+a.Text+"”现在办不了："+a.Why)
		}
		open, err := t.Of(ctx, in.Project)
		if err != nil {
			return CoachTask{}, err
		}
		for _, d := range open {
			if d.State.Action == a.ID && len(coachSteps[d.State.State]) > 0 {
				return CoachTask{}, fault.New(op, fault.Conflict, "“"+a.Text+"”已经派给"+d.State.Name+"的项目负责人，限"+d.State.Clock.Due.Chinese()+"，还没有办结")
			}
		}
		if err := t.check(&in, a.Until); err != nil {
			return CoachTask{}, err
		}
		today := t.Today()
		one := CoachTask{Case: casework.Case{Project: v.Project, Name: v.Name, Place: v.Place, Keys: v.Keys, Opened: today, By: by.ID,
			Clock: calendar.Deadline{Rule: coachTaskRule, Start: today, N: in.Due.Sub(today), Unit: calendar.UnitDay, Basis: "企业负责人定的日期", Due: in.Due}},
			Action: a.ID, Fact: a.Fact, Title: a.Text, Proof: a.Proof, Steps: max(a.Steps, 1), Last: a.Until, Due: in.Due, Given: t.hand(by, policy.GiveCoachTask), Words: in.Words, State: CoachOpen, Step: CoachGive}
		return one, nil
	})
}

// check refuses a day that has passed or lies beyond the last one that counts, and words that are too long or hold a private number.
func (t *CoachTasks) check(in *CoachGift, last calendar.Date) error {
	f := t.desk.Check()
	today := t.Today()
	switch {
	case in.Due.IsZero():
		f.Fail("due", "请填写要在哪一天以前办好，例如 %s", today.Add(14))
	case in.Due.Compare(today) < 0:
		f.Fail("due", "%s已经过去，今天是%s", in.Due.Chinese(), today.Chinese())
	case !last.IsZero() && in.Due.Compare(last) > 0:
		f.Fail("due", "%s晚于还能计入星级的最后一天%s", in.Due.Chinese(), last.Chinese())
	}
	t.words(f, "words", "交代的话", &in.Words, 0)
	return f.Err()
}

func (t *CoachTasks) words(f *casework.Check, name, label string, text *string, least int) {
	f.Text(name, label, text, least, maxCoachWords)
	if supervision.PrivateNumber(*text) {
		f.Fail(name, "%s里有电话或身份证号码，请删去", label)
	}
}

func (t *CoachTasks) hand(by policy.Actor, action policy.Action) supervision.Hand {
	return supervision.HandOf(t.desk.Guard.Rules(), by, action, journal.At(t.desk.Now()))
}

// maxCoachFiles is how many files a task has at most.
const maxCoachFiles = 5

// Do carries a step out with what its form said. Returns Forbidden without the right of the step, NotFound outside the scope, Invalid for refused fields (text, paper), Conflict for a step that the state does not know
// or if somebody was quicker.
func (t *CoachTasks) Do(ctx context.Context, by policy.Actor, at casework.At, do CoachStep, in casework.Input) (store.Doc[CoachTask], error) {
	return t.Change(ctx, by, do.Action(), at, do.Title(), func(one *CoachTask) error {
		next, err := coachSteps.Next(coachTaskWord, one.State, do)
		if err != nil {
			return err
		}
		least := 2
		if do == CoachConfirm {
			least = 0
		}
		f := t.desk.Check()
		if t.words(f, "text", "说明", &in.Text, least); f.Err() != nil {
			return f.Err()
		}
		switch do {
		case CoachReport:
			hand := t.hand(by, policy.DoCoachTask)
			one.Done, one.Report, one.Reason = &hand, in.Text, ""
			if in.Upload != nil {
				if len(one.Files) >= maxCoachFiles {
					return fault.New("cycle.CoachTask", fault.Conflict, fmt.Sprintf("一项任务最多 %d 个附件", maxCoachFiles))
				}
				stored, err := t.desk.Keep(ctx, by, policy.DoCoachTask, in.Upload, "")
				if err != nil {
					return err
				}
				one.Files = append(slices.Clone(one.Files), stored)
			}
		case CoachReturn, CoachDrop, CoachConfirm:
			one.Reason = in.Text
		}
		if len(coachSteps[next]) == 0 {
			one.Clock = calendar.Deadline{}
		}
		one.State, one.Step = next, do
		return nil
	})
}

// Can reports whether the actor can take a step now.
func (t *CoachTasks) Can(ctx context.Context, by policy.Actor, one *CoachTask, do CoachStep) bool {
	scope, err := t.Scope(ctx, by, do.Action())
	if err != nil || one.State == "" || !scope.Covers(one.Keys, one.Opened) {
		return false
	}
	_, err = coachSteps.Next(coachTaskWord, one.State, do)
	return err == nil
}

// List returns one page of the tasks of the actor's scope, the latest first, or with due those that are not over, what is due first on top.
func (t *CoachTasks) List(ctx context.Context, by policy.Actor, w casework.Filter, due bool, after string) (store.Page[CoachTask], error) {
	return t.Page(ctx, by, casework.ListQuery(due, after), func(one *CoachTask) bool {
		return w.Lets(&one.Case, string(one.State), one.Name, one.Place, one.Title)
	})
}
