package web

import (
	"context"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
)

// remarksPath is the list of remarks of the public on stars.
const remarksPath = "/remarks"

// remarkPages are the pages of remarks.
func (s *Server) remarkPages() casePages[cycle.Remark, cycle.RemarkStep] {
	list := caseList[cycle.Remark]{path: remarksPath, nav: remarksPath, title: "公示意见", sub: "星级公示期内公众提的意见；每一条都答复，由答复以外的人审核是否公开", find: "小区或意见", opened: "收到日期", figure: "年度", unit: "条", read: policy.HandleRemark,
		nothing: "星级公示期内，公众在公示页提的意见列在这里。",
		filters: func(value map[string]string) []field {
			return []field{stateFilter(cycle.RemarkStates(), value), {Name: "year", Label: "年度（如 2026）", Type: "text", Autocomplete: "off", Value: value["year"]}}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, _ bool, after string) (store.Page[cycle.Remark], error) {
			return s.cycle.Remarks().List(ctx, by, value["q"], value["year"], cycle.RemarkState(value["state"]), after)
		},
		row:   remarkRow,
		heads: []string{"年度", "小区", "所在社区", "意见", "状态", "收到日期", "答复期限", "答复日期", "答复", "公开的意见", "不公开的理由"},
		cells: remarkCells}
	return casePages[cycle.Remark, cycle.RemarkStep]{caseList: list, s: s, cases: s.cycle.Remarks(), steps: cycle.RemarkSteps(), forms: remarkForms,
		shared: func(r *cycle.Remark) *casework.Case { return &r.Case }, last: func(r *cycle.Remark) cycle.RemarkStep { return r.Last },
		files: func(*cycle.Remark) []caseFile { return nil }, over: func(r *cycle.Remark) bool { return r.State == cycle.RemarkShown || r.State == cycle.RemarkKept }, prints: remarkPrints, view: s.remarkView, paper: s.remarkPaper,
		said: map[string]string{"answer": "已答复。由另一人审核是否公开。", "show": "已公开。", "keep": "已登记，不公开。"}}
}

// remarkTitle is what a remark is about.
func remarkTitle(r *cycle.Remark) string {
	if r.Name == "" {
		return r.YearName + "星级公示"
	}
	return r.Name
}

func remarkRow(clock taskClock, id string, r *cycle.Remark) caseRow {
	row := caseRow{Path: remarksPath + "/" + id, Name: remarkTitle(r), Title: r.Words, State: r.State.Title(), Next: r.Next(), Figure: r.YearName, Short: r.YearName, Opened: r.Opened.Chinese()}
	clock.dueIn(&row, r.Clock, false)
	return row
}

func remarkCells(r *cycle.Remark) [][]any {
	answered, answer := calendar.Date{}, ""
	if r.Answer != nil {
		answered, answer = calendar.DateOf(r.Answer.At.Time), r.Answer.Words
	}
	return [][]any{{r.YearName, remarkTitle(r), r.Place, r.Words, r.State.Title(), r.Opened, r.Clock.Due, answered, answer, r.Public, r.Reason}}
}

// remarkForms are the forms of the steps.
func remarkForms(*cycle.Remark) map[cycle.RemarkStep]caseForm {
	return map[cycle.RemarkStep]caseForm{
		cycle.RemarkAnswer: {text: "答复", hint: "核实以后答复；审核公开的，公众看得到答复，不要写个人的姓名、电话和门牌。"},
		cycle.RemarkShow:   {text: "公开的意见", hint: "照原话或者概括，去掉个人信息和没有依据的指责；由答复以外的人审核。"},
		cycle.RemarkKeep:   {text: "不公开的理由", aside: true, hint: "意见仍算已经答复；已经公开的也可以撤下。"},
	}
}

// remarkView adds to a page what only remarks have.
func (s *Server) remarkView(_ *fiber.Ctx, _ policy.Actor, r *cycle.Remark, v *caseView, _ url.Values, _ []fault.Field) error {
	v.Title, v.Sub, v.State, v.Next = remarkTitle(r)+"：公示意见", r.YearName+"星级公示", r.State.Title(), r.Next()
	v.Links = []caseLink{{"看公示", publicityPath + "/" + url.PathEscape(r.Year)}}
	v.Facts = filled([][2]string{{"意见", r.Words}, {"称呼", r.Who}, {"电话", r.Phone}, {"收到", dateTime(r.Came.Time)}, {"公开的意见", r.Public}})
	if a := r.Answer; a != nil {
		v.Facts = append(v.Facts, [2]string{"答复", a.Words + "（" + s.titleOfOffice(a.Office) + "，" + dateTime(a.At.Time) + "）"})
	}
	if r.Reviewed.By != "" {
		v.Facts = append(v.Facts, [2]string{"审核", s.titleOfOffice(r.Reviewed.Office) + "，" + dateTime(r.Reviewed.At.Time)})
	}
	return nil
}

// remarkPrints is the answer, once there is one.
func remarkPrints(_ policy.Actor, r *cycle.Remark) []caseLink {
	if r.Answer == nil {
		return nil
	}
	return []caseLink{{"公示意见答复书", "answer"}}
}

// remarkPaper puts the answer into words.
func (s *Server) remarkPaper(_ context.Context, _ policy.Actor, _ string, r *cycle.Remark, print caseLink) (printView, error) {
	to := r.Who
	if to == "" {
		to = "提意见的人"
	}
	return printView{Title: print.Title, To: to, Date: dateLong(r.Answer.At.Time), Words: []string{"你对" + r.YearName + "星级公示提出的意见，经核实答复如下。"},
		Rows: [][2]string{{"关于", remarkTitle(r)}, {"意见", r.Words}, {"答复", r.Answer.Words}}}, nil
}

// RemarkTasks is the work with remarks of the public: to answer them, and to review what others answered.
type RemarkTasks struct {
	// Cycle runs the years.
	Cycle Cycle
}

// remarkWork are the steps that stand on a to-do page, the most pressing first.
var remarkWork = []caseWork[cycle.RemarkState, cycle.RemarkStep]{
	{cycle.RemarkAnswer, []cycle.RemarkState{cycle.RemarkOpen}, "答复公示意见", "去答复"},
	{cycle.RemarkShow, []cycle.RemarkState{cycle.RemarkAnswered}, "审核公示意见是否公开", "去审核"},
}

// Tasks implements Tasks.
func (t RemarkTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	remarks := t.Cycle.Remarks()
	if !t.Cycle.MayHandleRemarks(by) {
		return nil, nil
	}
	var out []Task
	for _, state := range []cycle.RemarkState{cycle.RemarkOpen, cycle.RemarkAnswered} {
		found, err := openCases(func(after string) (store.Page[cycle.Remark], error) {
			return remarks.List(ctx, by, "", "", state, after)
		})
		if err != nil {
			return nil, err
		}
		out = append(out, caseTasks(found, remarkWork, func(r *cycle.Remark) cycle.RemarkState { return r.State }, func(r *cycle.Remark, do cycle.RemarkStep) bool { return remarks.Can(ctx, by, r, do) },
			func(r *cycle.Remark, _ cycle.RemarkStep) calendar.Deadline { return r.Clock }, func(id string, r *cycle.Remark, w caseWork[cycle.RemarkState, cycle.RemarkStep]) Task {
				return Task{Title: remarkTitle(r) + "：" + w.verb, Context: r.YearName + "星级公示；没有答复的不能送审", Link: remarksPath + "/" + id, Button: w.button, Nav: remarksPath}
			})...)
	}
	return out, nil
}
