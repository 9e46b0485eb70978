package deliberation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
)

// To is which kind of unit gets a task.
type To string

// The kinds of units.
const (
	// ToFirm: a registered firm. ToOwners: the owners' body of the project. ToCommunity: the community itself. ToDepartment: a department or another unit, named.
	ToFirm       To = "firm"
	ToOwners     To = "owners"
	ToCommunity  To = "community"
	ToDepartment To = "department"
)

// Tos lists them.
func Tos() []registry.Choice {
	return []registry.Choice{{ID: string(ToFirm), Text: "物业服务企业"}, {ID: string(ToOwners), Text: "业委会（物管会）"}, {ID: string(ToCommunity), Text: "社区"}, {ID: string(ToDepartment), Text: "部门或其他单位"}}
}

// Assignment is a task that is given.
type Assignment struct {
	// What is to be done; To, Firm and Unit say by whom: Firm for ToFirm, Unit for ToDepartment; Paper is the number of the paper, "" for none.
	What  string
	To    To
	Firm  string
	Unit  string
	Paper string
	// Days are the working days that it may take, from today.
	Days int64
}

// assign adds a task to an item.
func (s *Service) assign(ctx context.Context, i *Item, in Assignment, b *bad) error {
	t := Task{State: TaskOpen, What: in.What, Paper: in.Paper}
	b.text("what", "要办的事", &t.What, 4, 100)
	switch in.To {
	case ToFirm:
		names, err := s.Register.FirmNames(ctx, []string{in.Firm})
		if err != nil {
			return err
		}
		if t.Unit = names[in.Firm]; t.Unit == "" {
			b.Add("firm", "请选择责任企业")
		}
		t.Key = policy.FirmKey(in.Firm)
		i.Reach(in.Firm)
	case ToOwners:
		if i.Project == "" {
			b.Add("to", "这件议题不是某个小区的，不能交给业委会（物管会）")
		}
		t.Unit, t.Key = i.ProjectName+"业委会（物管会）", policy.ProjectKey(i.Project)
	case ToCommunity:
		t.Unit = i.CommunityName
	case ToDepartment:
		t.Unit = in.Unit
		b.text("unit", "责任单位", &t.Unit, 2, 40)
	default:
		b.Add("to", "请选择交给谁办")
	}
	if in.Days < 1 || in.Days > MaxDays {
		b.Add("days", "办理期限 %d 个工作日，要在 1 至 %d 之间", in.Days, MaxDays)
	}
	if len(i.Tasks) >= MaxTasks {
		b.Add("what", "一件议题最多 %d 项任务", MaxTasks)
	}
	due, err := s.Deadlines(taskRule, s.today())
	if err != nil {
		return err
	}
	due.N, due.Due, due.Calendar = int(in.Days), calendar.Date{}, ""
	t.Due = s.Days.Resolve(due)
	i.Tasks = append(i.Tasks, t)
	return nil
}

// Assign gives a unit a task (交办任务). The deadline may lie past the loaded calendar: then it is unresolved. Returns Invalid for refused fields (what, to, firm, unit, days).
func (s *Service) Assign(ctx context.Context, by policy.Actor, at casework.At, in Assignment) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepTask, func(i *Item, b *bad) error { return s.assign(ctx, i, in, b) })
}

// task finds a task in one of some states, by its place from 0.
func (i *Item) task(n int, states ...TaskState) (*Task, error) {
	const op = "deliberation.task"
	if n < 0 || n >= len(i.Tasks) {
		return nil, fault.New(op, fault.NotFound, "没有这项任务")
	}
	if t := &i.Tasks[n]; slices.Contains(states, t.State) {
		return t, nil
	}
	return nil, fault.New(op, fault.Conflict, fmt.Sprintf("这项任务现在是“%s”，请刷新后再看", i.Tasks[n].State.Title()))
}

// MayReport reports whether a task is the actor's to report on: his firm's, that of the owners' body he belongs to, and for who runs the deliberation that of the community or of a department.
func (s *Service) MayReport(by policy.Actor, t Task) bool {
	if !s.Guard.Allow(by, policy.AnswerDeliberation) {
		return false
	}
	if t.Key == "" {
		return s.Guard.Allow(by, policy.RunDeliberation)
	}
	return slices.ContainsFunc(by.Appointments, func(a policy.Appointment) bool {
		if strings.HasPrefix(t.Key, "f:") {
			return a.Unit == t.Key
		}
		return !strings.HasPrefix(a.Unit, "f:") && slices.Contains(a.Scopes, t.Key)
	})
}

// Report says that a task is done. Returns Forbidden if the task is somebody else's, NotFound, Conflict unless it is open, Invalid for the field report.
func (s *Service) Report(ctx context.Context, by policy.Actor, at casework.At, n int, report string) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepReport, func(i *Item, b *bad) error {
		t, err := i.task(n, TaskOpen)
		if err != nil {
			return err
		}
		if !s.MayReport(by, *t) {
			return &fault.Error{Op: "deliberation.Report", Kind: fault.Forbidden, Message: "这项任务由" + t.Unit + "报告", Rule: "任务由责任单位报告"}
		}
		b.text("report", "办理情况", &report, 5, 200)
		t.State, t.Report, t.ReportedBy, t.Reported, t.Reason = TaskReported, report, by.ID, s.today(), ""
		return nil
	})
}

// Verify confirms that a reported task is done. Returns Forbidden for who reported it, NotFound, Conflict unless it is reported.
func (s *Service) Verify(ctx context.Context, by policy.Actor, at casework.At, n int) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepVerify, func(i *Item, _ *bad) error {
		t, err := i.task(n, TaskReported)
		if err != nil {
			return err
		}
		t.State, t.Done = TaskDone, s.today()
		return apart(by, t.ReportedBy)
	})
}

// Reopen gives a reported task back; its deadline goes on. Returns as Verify, Invalid for the field reason.
func (s *Service) Reopen(ctx context.Context, by policy.Actor, at casework.At, n int, reason string) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepReopen, func(i *Item, b *bad) error {
		t, err := i.task(n, TaskReported)
		if err != nil {
			return err
		}
		b.text("reason", "退回理由", &reason, 2, 100)
		t.State, t.Reason = TaskOpen, reason
		return apart(by, t.ReportedBy)
	})
}

// Urge records that the township urged a task that is late. Returns NotFound, Conflict unless it is open and late, and for a second time on one day.
func (s *Service) Urge(ctx context.Context, by policy.Actor, at casework.At, n int) (store.Doc[Item], error) {
	const op = "deliberation.Urge"
	return s.step(ctx, by, at, StepUrge, func(i *Item, _ *bad) error {
		t, err := i.task(n, TaskOpen)
		if err != nil {
			return err
		}
		if !t.Due.Late(s.Now()) {
			return fault.New(op, fault.Conflict, "这项任务没有逾期，不用督办")
		}
		if t.Urged == s.today() {
			return fault.New(op, fault.Conflict, "这项任务今天督办过了")
		}
		t.Urged = s.today()
		return nil
	})
}

// MayAsk reports whether the actor can ask for an extension of a task now: it is his to report on and open, its deadline stands and has not passed, and nobody asked before.
func (s *Service) MayAsk(by policy.Actor, t Task) bool {
	return t.State == TaskOpen && t.More == nil && t.Due.Resolved() && !t.Due.Late(s.Now()) && s.MayReport(by, t)
}

// Ask asks for an extension of a task by some working days, once and before its deadline has passed. Returns Forbidden if the task is somebody else's, NotFound, Conflict unless it is open and in time, or if
// somebody asked before; Invalid for refused fields (days, why).
func (s *Service) Ask(ctx context.Context, by policy.Actor, at casework.At, n int, days int64, why string) (store.Doc[Item], error) {
	const op = "deliberation.Ask"
	return s.step(ctx, by, at, StepMore, func(i *Item, b *bad) error {
		t, err := i.task(n, TaskOpen)
		switch {
		case err != nil:
			return err
		case !s.MayReport(by, *t):
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "这项任务由" + t.Unit + "申请延期", Rule: "任务由责任单位报告、申请延期"}
		case t.More != nil:
			return fault.New(op, fault.Conflict, "已经申请过一次延期，不能再申请")
		case !t.Due.Resolved():
			return fault.New(op, fault.Conflict, "办理期限还没有定，不用申请延期")
		case t.Due.Late(s.Now()):
			return fault.New(op, fault.Conflict, "办理期限"+t.Due.Due.Chinese()+"已经过了，不能再申请延期")
		}
		b.text("why", "理由", &why, 4, 100)
		if days < 1 || days > MaxMore {
			b.Add("days", "延期 %d 个工作日，要在 1 至 %d 之间", days, MaxMore)
		}
		t.More = &Extension{Days: days, Why: why, By: by.ID, Asked: s.today()}
		return nil
	})
}

// Grant answers what was asked for. A granted extension counts from the deadline as it was; it may lie past the loaded calendar and is unresolved then. Returns Forbidden for who asked, NotFound, Conflict unless an
// extension waits, Invalid for the field reason (required for a refusal).
func (s *Service) Grant(ctx context.Context, by policy.Actor, at casework.At, n int, granted bool, reason string) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepGrant, func(i *Item, b *bad) error {
		t, err := i.task(n, TaskOpen)
		if err != nil {
			return err
		}
		if !t.Waits() {
			return fault.New("deliberation.Grant", fault.Conflict, "这项任务没有等答复的延期申请")
		}
		least := 2
		if granted {
			least = 0
		}
		b.text("reason", "理由", &reason, least, 100)
		more := *t.More
		more.Decided, more.Granted, more.Reason = s.today(), granted, reason
		if t.More = &more; granted {
			due := t.Due
			due.N, due.Due, due.Calendar = due.N+int(more.Days), calendar.Date{}, ""
			due.Basis += "；" + more.Decided.Chinese() + "同意延期 " + fmt.Sprint(more.Days) + " 个工作日"
			t.Due = s.Days.Resolve(due)
		}
		return apart(by, more.By)
	})
}

// Finish says how the matter was solved; with Archive it goes back to the minutes. Returns Conflict without a task or while one is not done, and for a reserved matter whose vote is missing, was
// corrected and does not carry any more; Invalid for the field result.
func (s *Service) Finish(ctx context.Context, by policy.Actor, at casework.At, result string) (store.Doc[Item], error) {
	const op = "deliberation.Finish"
	return s.step(ctx, by, at, StepFinish, func(i *Item, b *bad) error {
		if len(i.Tasks) == 0 {
			return fault.New(op, fault.Conflict, "还没有交办任务")
		}
		if n := i.Undone(); n > 0 {
			return fault.New(op, fault.Conflict, fmt.Sprintf("还有 %d 项任务没有核实完成", n))
		}
		if i.Reserved != "" {
			var wrong bad
			v, err := s.voteOf(ctx, by, i, i.Vote, &wrong)
			if err != nil {
				return err
			}
			if wrong.Err(op) != nil || !v.Check().Carried() {
				return fault.New(op, fault.Conflict, "“"+registry.TextOf(registry.Matters(), i.Reserved)+"”由业主共同决定，没有通过的业主大会表决记录，不能作为已解决办结")
			}
		}
		b.text("result", "落实结果", &result, 5, 300)
		i.Result = result
		return nil
	})
}

// GiveUp ends a matter that was not solved. Returns Invalid for the field result.
func (s *Service) GiveUp(ctx context.Context, by policy.Actor, at casework.At, result string) (store.Doc[Item], error) {
	return s.step(ctx, by, at, StepGiveUp, func(i *Item, b *bad) error {
		b.text("result", "没有解决的原因", &result, 5, 300)
		i.Result = result
		return nil
	})
}
