package web

import (
	"context"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/response"
	"redsteward/registry/casework"
)

// responsesPath is the list of what firms say publicly about their stars.
const responsesPath = "/responses"

// responsePages are the pages of responses.
func (s *Server) responsePages() casePages[response.Response, response.Step] {
	list := caseList[response.Response]{path: responsesPath, nav: responsesPath, title: "企业说明", sub: "企业对公布的星级公开说的话：逐级审核以后和星级一起显示，不改变任何一分", find: "小区、企业或内容", opened: "提交日期", figure: "公开日期", unit: "份", read: policy.ReadResponse,
		nothing: "星级公布以后，企业可以对自己所管小区的星级公开说明。", hidden: []string{"project"},
		begin: func(by policy.Actor) (link, text string) {
			if s.guard.Allow(by, policy.WriteResponse) {
				link = responsesPath + "/new"
			}
			return link, "写一份说明"
		},
		filters: func(value map[string]string) []field { return []field{stateFilter(response.States(), value)} },
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[response.Response], error) {
			return s.responses.List(ctx, by, caseFilter(value), due, after)
		},
		row:   responseRow,
		heads: []string{"年度", "小区", "所在社区", "企业", "说明", "状态", "提交日期", "公开日期", "退回、不予公开或撤下的理由"},
		cells: func(r *response.Response) [][]any {
			return [][]any{{r.PeriodName, r.Name, r.Place, r.Firm, r.Words, r.State.Title(), r.Opened, r.Shown, r.Reason}}
		}}
	return casePages[response.Response, response.Step]{caseList: list, s: s, cases: s.responses, signs: s.responses, steps: response.Steps(), forms: responseForms,
		shared: func(r *response.Response) *casework.Case { return &r.Case }, last: func(r *response.Response) response.Step { return r.Last }, signing: func(r *response.Response) *policy.Approval { return r.Approval },
		files: func(*response.Response) []caseFile { return nil }, over: func(r *response.Response) bool { return r.State != response.Reviewing && r.State != response.SentBack }, prints: func(policy.Actor, *response.Response) []caseLink {
			return []caseLink{{"企业说明审核表", "review"}}
		}, view: responseView, paper: s.responsePaper,
		said: map[string]string{"write": "已提交，逐级审核以后公开。", "rewrite": "已重新提交，逐级审核以后公开。", "hide": "已撤下，公开页面不再显示。", "withdraw": "已撤回，公开页面不再显示。"}}
}

// responseRoutes are the pages of responses; none without them.
func (s *Server) responseRoutes() []Route {
	if s.responses == nil {
		return nil
	}
	return append(s.formRoutes(registerForm{path: responsesPath + "/new", action: policy.WriteResponse, entry: s.responseEntry, send: s.writeResponse, conflictAt: "text", first: true}), s.responsePages().routes()...)
}

// responseEntry is the form of a first response.
func (s *Server) responseEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e := entry{title: "写企业说明", nav: responsesPath, entryView: entryView{Crumbs: []crumb{{"企业说明", responsesPath}}, Address: responsesPath + "/new", Button: "提交审核", Back: responsesPath, Intro: "和最近公布的星级一起显示给所有人。"}}
	project, err := s.projectFirst(c, by, &e)
	if project == "" || err != nil {
		return e, err
	}
	row, err := s.registered.OneProject(c.UserContext(), by, project)
	if err != nil {
		return e, err
	}
	star, err := s.responses.Star(c.UserContext(), project)
	if fault.Is(err, fault.NotFound) {
		err = fault.Wrap("web.responseEntry", fault.NotFound, row.Name+"还没有公布过星级", err)
	}
	if err != nil {
		return e, err
	}
	e.Address += "?project=" + url.QueryEscape(project)
	e.Crumbs = append(e.Crumbs, crumb{row.Name, starAddress(project)})
	e.Notes = []string{star.Name + "，" + star.PeriodName, "逐级审核以后公开；不改变得分和星级。对得分有异议的走异议和申诉，不在这里写。"}
	e.Form = []field{{Name: "text", Label: "说明", Rows: 5, Value: typedOr(c, "text", ""), Hint: strconv.Itoa(response.MaxWords) + " 字以内；不写个人的姓名、电话、住址"}}
	return e, nil
}

// writeResponse submits a first response.
func (s *Server) writeResponse(c *fiber.Ctx, by policy.Actor, in *typed) (next string, err error) {
	words := in.text("text")
	err = in.with(func(ctx context.Context) error {
		doc, err := s.responses.Write(ctx, by, c.Query("project"), words, formIdem(c))
		next = responsesPath + "/" + doc.ID + "?done=write"
		return err
	})
	return next, err
}

func responseRow(_ taskClock, id string, r *response.Response) caseRow {
	return caseRow{Path: responsesPath + "/" + id, Name: r.Name, Place: r.Firm, Title: r.PeriodName, State: r.State.Title(), Next: r.Next(), Figure: r.Shown.Chinese(), Opened: r.Opened.Chinese()}
}

// responseForms are the forms of the steps.
func responseForms(r *response.Response) map[response.Step]caseForm {
	return map[response.Step]caseForm{
		response.StepRewrite:  {text: "说明", hint: "现在的文字：" + r.Words},
		response.StepHide:     {text: "撤下的理由", ends: true, hint: "公开页面马上不再显示；企业看得到理由，可以修改后重新提交。"},
		response.StepWithdraw: {ends: true, aside: true, hint: "公开页面马上不再显示；以后可以修改后重新提交。"},
	}
}

// responseView adds to a page what only responses have.
func responseView(_ *fiber.Ctx, _ policy.Actor, r *response.Response, v *caseView, _ url.Values, _ []fault.Field) error {
	v.Title, v.Sub, v.State, v.Next = r.Name+"：企业说明", r.Firm+"，"+r.PeriodName, r.State.Title(), r.Next()
	v.Links = []caseLink{{"看星级页面", starAddress(r.Project)}}
	v.Facts = filled([][2]string{{"小区", r.Place + " " + r.Name}, {"年度", r.PeriodName}, {"说明", r.Words}, {"公开日期", r.Shown.Chinese()}})
	return nil
}

// responsePaper puts the sheet of the review into words.
func (s *Server) responsePaper(_ context.Context, _ policy.Actor, _ string, r *response.Response, print caseLink) (printView, error) {
	v := printView{Title: print.Title, Date: r.Opened.Chinese(), Rows: [][2]string{{"企业", r.Firm}, {"小区", r.Place + " " + r.Name}, {"年度", r.PeriodName}, {"说明", r.Words}, {"状态", r.State.Title()}}}
	for _, level := range s.approvalLevels(r.Approval) {
		for _, seat := range level.Seats {
			v.Rows = append(v.Rows, [2]string{level.Name, seat.Said})
		}
	}
	v.Hash = hashGroups(r.Approval.SubjectHash)
	return v, nil
}

// ResponseTasks is the work with what firms say, for everybody whose step is next.
type ResponseTasks struct {
	// Responses keeps them, and tells who may do what.
	Responses *response.Service
}

// responseWork are the steps that stand on a to-do page.
var responseWork = []caseWork[response.State, response.Step]{
	{response.StepSign, []response.State{response.Reviewing}, "企业说明，审核", "去审核"},
	{response.StepRewrite, []response.State{response.SentBack}, "企业说明被退回，修改", "去修改"},
}

// Tasks implements Tasks.
func (t ResponseTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Responses.Guard.Allow(by, policy.ReadResponse) {
		return nil, nil
	}
	found, err := openCases(func(after string) (store.Page[response.Response], error) {
		return t.Responses.List(ctx, by, casework.Filter{}, true, after)
	})
	return caseTasks(found, responseWork, func(r *response.Response) response.State { return r.State }, func(r *response.Response, do response.Step) bool { return t.Responses.Can(ctx, by, r, do) },
		func(*response.Response, response.Step) calendar.Deadline { return calendar.Deadline{} },
		func(id string, r *response.Response, w caseWork[response.State, response.Step]) Task {
			return Task{Title: r.Name + "：" + w.verb, Context: r.PeriodName, Party: r.Firm, Link: responsesPath + "/" + id, Button: w.button, Nav: responsesPath}
		}), err
}

// saidOf is what a firm says publicly about a star, nil if nothing.
func (s *Server) saidOf(ctx context.Context, period, project string) (*response.Said, error) {
	if s.responses == nil || period == "" {
		return nil, nil
	}
	return s.responses.Shown(ctx, period, project)
}
