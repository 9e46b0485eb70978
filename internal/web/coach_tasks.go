package web

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
)

// coachTasksPath is the list of tasks for stars (争星任务).
const coachTasksPath = "/coach-tasks"

// coachTaskPages are the pages of the tasks.
func (s *Server) coachTaskPages() casePages[cycle.CoachTask, cycle.CoachStep] {
	list := caseList[cycle.CoachTask]{path: coachTasksPath, nav: coachPath, title: "争星任务", sub: "企业负责人从争星晋位里派给项目负责人的事", find: "小区、社区或事情", opened: "派出日期", figure: "办几次", unit: "项", read: policy.ReadCoach,
		nothing: "在“争星晋位”里打开小区，把要办的派给项目负责人。", hidden: []string{"project"},
		above:   func(policy.Actor) *crumb { return &crumb{"争星晋位", coachPath} },
		links:   func(by policy.Actor) []crumb { return s.urges(by, "coach") },
		filters: func(value map[string]string) []field { return []field{stateFilter(cycle.CoachStates(), value)} },
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[cycle.CoachTask], error) {
			return s.cycle.CoachTasks().List(ctx, by, caseFilter(value), due, after)
		},
		row:   coachTaskRow,
		heads: []string{"小区", "所在社区", "办什么", "办几次", "状态", "派出日期", "限期", "还能计入的最后一天", "证明", "交代的话", "落实说明", "附件"},
		cells: func(t *cycle.CoachTask) [][]any {
			return [][]any{{t.Name, t.Place, t.Title, int64(t.Steps), t.State.Title(), t.Opened, t.Clock.Due, t.Last, t.Proof, t.Words, t.Report, int64(len(t.Files))}}
		}}
	return casePages[cycle.CoachTask, cycle.CoachStep]{caseList: list, s: s, cases: s.cycle.CoachTasks(), steps: cycle.CoachSteps(), forms: coachTaskForms,
		shared: func(t *cycle.CoachTask) *casework.Case { return &t.Case }, last: func(t *cycle.CoachTask) cycle.CoachStep { return t.Step },
		over: func(t *cycle.CoachTask) bool { return t.State == cycle.CoachFinished || t.State == cycle.CoachDropped },
		files: func(t *cycle.CoachTask) []caseFile {
			var out caseFiles
			for i := range t.Files {
				out.add("file-"+strconv.Itoa(i+1), t.Files[i].Name, "", &t.Files[i])
			}
			return out
		},
		prints: func(policy.Actor, *cycle.CoachTask) []caseLink { return []caseLink{{"争星任务单", "task"}} },
		paper: func(_ context.Context, _ policy.Actor, _ string, t *cycle.CoachTask, print caseLink) (printView, error) {
			return printView{Title: print.Title, From: s.titleOfOffice(t.Given.Office), Date: t.Opened.Chinese(), Words: []string{"为了小区的星级，请把下面这件事办好，办好以后在系统里报告。"}, Rows: filled(append([][2]string{{"小区", t.Place + " " + t.Name}}, coachTaskFacts(t)...))}, nil
		},
		view: func(c *fiber.Ctx, by policy.Actor, t *cycle.CoachTask, v *caseView, _ url.Values, _ []fault.Field) error {
			v.Title, v.Sub, v.State, v.Next = t.Name+"："+t.Title, "争星任务", t.State.Title(), t.Next()
			coach, err := s.coachLink(c.UserContext(), by, t.Project)
			if err != nil {
				return err
			}
			if coach != "" {
				v.Links = []caseLink{{"看这个小区的争星晋位", coach}}
			}
			v.Facts = filled(append(coachTaskFacts(t), [2]string{"派出", s.titleOfOffice(t.Given.Office) + "，" + dateTime(t.Given.At.Time)}))
			if t.Done != nil {
				v.Facts = append(v.Facts, [2]string{"落实", t.Report + "（" + s.titleOfOffice(t.Done.Office) + "，" + dateTime(t.Done.At.Time) + "）"})
			}
			return nil
		},
		said: map[string]string{"give": "已派给项目负责人，列在他的待办里。", "report": "已报告，等企业负责人确认。"}}
}

// coachTaskFacts say what is to be done.
func coachTaskFacts(t *cycle.CoachTask) [][2]string {
	return [][2]string{{"办什么", t.Title}, {"办几次", strconv.Itoa(t.Steps)}, {"证明", t.Proof}, {"限期", cmp.Or(t.Due, t.Clock.Due).Chinese()}, {"还能计入星级的最后一天", t.Last.Chinese()}, {"交代的话", t.Words}}
}

func coachTaskRow(clock taskClock, id string, t *cycle.CoachTask) caseRow {
	r := caseRow{Path: coachTasksPath + "/" + id, Name: t.Name, Title: t.Title, Place: t.Place, State: t.State.Title(), Next: t.Next(), Figure: strconv.Itoa(t.Steps), Opened: t.Opened.Chinese()}
	r.Short = r.Figure + " 次"
	clock.dueIn(&r, t.Clock, false)
	return r
}

// coachTaskForms are the forms of the steps.
func coachTaskForms(*cycle.CoachTask) map[cycle.CoachStep]caseForm {
	return map[cycle.CoachStep]caseForm{
		cycle.CoachReport:  {text: "办了什么", file: "证明（选填）", hint: "证明仍要交到收它的地方（佐证材料、党建台账、登记等），这里的附件只给企业负责人看。"},
		cycle.CoachConfirm: {text: "意见（选填）"},
		cycle.CoachReturn:  {text: "还差什么", aside: true},
		cycle.CoachDrop:    {text: "为什么不再需要", ends: true, aside: true},
	}
}

// coachTaskLines are the tasks of a project on its page.
func (s *Server) coachTaskLines(ctx context.Context, by policy.Actor, project string) ([]coachTaskLine, error) {
	found, err := s.cycle.CoachTasks().List(ctx, by, casework.Filter{Project: project}, false, "")
	if err != nil {
		return nil, err
	}
	var out []coachTaskLine
	for i := range found.Docs {
		t := &found.Docs[i].State
		line := coachTaskLine{Link: coachTasksPath + "/" + found.Docs[i].ID, Title: t.Title, State: t.State.Title()}
		if t.Clock.Rule != "" {
			line.Due = "限 " + t.Clock.Due.Chinese()
		}
		out = append(out, line)
	}
	return out, nil
}

// CoachWork is the work with the tasks for stars.
type CoachWork struct {
	// Guard tells who may do what; Cycle keeps the tasks. Both are required.
	Guard *policy.Guard
	Cycle Cycle
}

// coachWork are the steps that stand on a to-do page.
var coachWork = []caseWork[cycle.CoachState, cycle.CoachStep]{
	{cycle.CoachReport, []cycle.CoachState{cycle.CoachOpen}, "争星任务", "去落实"},
	{cycle.CoachConfirm, []cycle.CoachState{cycle.CoachReported}, "确认争星任务", "去确认"},
}

// Tasks implements Tasks.
func (w CoachWork) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !w.Guard.Allow(by, policy.DoCoachTask) && !w.Guard.Allow(by, policy.GiveCoachTask) {
		return nil, nil
	}
	tasks := w.Cycle.CoachTasks()
	docs, err := openCases(func(after string) (store.Page[cycle.CoachTask], error) {
		return tasks.List(ctx, by, casework.Filter{}, true, after)
	})
	if err != nil {
		return nil, err
	}
	return caseTasks(docs, coachWork, func(t *cycle.CoachTask) cycle.CoachState { return t.State },
		func(t *cycle.CoachTask, do cycle.CoachStep) bool { return tasks.Can(ctx, by, t, do) },
		func(t *cycle.CoachTask, _ cycle.CoachStep) calendar.Deadline { return t.Clock },
		func(id string, t *cycle.CoachTask, k caseWork[cycle.CoachState, cycle.CoachStep]) Task {
			return Task{Title: t.Name + "：" + t.Title, Context: k.verb, Party: "物业项目负责人", Link: coachTasksPath + "/" + id, Button: k.button, Nav: coachPath}
		}), nil
}
