package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
	"redsteward/supervision/application"
)

// applicationsPath is the list of applications for stars, callPath the form of a call.
const (
	applicationsPath = "/applications"
	callPath         = applicationsPath + "/call"
)

// applicationPages are the pages of applications.
func (s *Server) applicationPages() casePages[application.Application, application.Step] {
	list := caseList[application.Application]{path: applicationsPath, nav: applicationsPath, title: "星级申报", sub: "企业申报，社区党组织初评，乡镇党委审核，住建局复核；都同意的才评星", find: "小区、企业或社区", opened: "申报日期", figure: "办到", unit: "份", read: policy.ReadApplication,
		nothing: "申报通知发出以后，企业在申报期内为自己服务的小区逐个申报。", hidden: []string{"project", "firm"},
		begin: func(by policy.Actor) (link, text string) {
			if s.guard.Allow(by, policy.ApplyStar) {
				link = applicationsPath + "/new"
			}
			return link, "申报星级"
		},
		links: func(by policy.Actor) (out []crumb) {
			if s.guard.Allow(by, policy.ManagePeriod) {
				out = append(out, crumb{"发申报通知", callPath})
			}
			out = append(out, crumb{"联审", jointPath})
			if s.guard.Allow(by, policy.SignApproval) {
				out = append(out, crumb{"一次签多份", opinionsPath})
			}
			return append(out, s.urges(by, "applications")...)
		},
		filters: func(value map[string]string) []field {
			return []field{{Name: "year", Label: "年度（如 2026）", Type: "text", Autocomplete: "off", Value: value["year"]}, stateFilter(application.States(), value)}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[application.Application], error) {
			return s.applications.List(ctx, by, application.Filter{Text: value["q"], Year: value["year"], State: application.State(value["state"]), Project: value["project"], Firm: value["firm"]}, due, after)
		},
		row:   applicationRow,
		heads: []string{"年度", "小区", "所在社区", "企业", "状态", "办到", "起草日期", "提交日期", "退回补正", "期限", "各级意见", "联审", "联审纪要", "理由"},
		cells: applicationCells}
	return casePages[application.Application, application.Step]{caseList: list, s: s, series: seriesOf[application.Application, application.Step]("star-application"), cases: s.applications, signs: s.applications, steps: application.Steps(), forms: applicationForms,
		shared: func(a *application.Application) *casework.Case { return &a.Case }, last: func(a *application.Application) application.Step { return a.Last }, signing: func(a *application.Application) *policy.Approval { return a.Approval },
		files: applicationFiles, over: func(a *application.Application) bool { return a.State.Final() }, prints: applicationPrints, view: s.applicationView, paper: s.applicationPaper,
		opinion: "意见和理由", said: map[string]string{"draft": "已起草。签承诺书提交以后才算申报。", "submit": "已提交，由社区党组织初评。", "sign": "意见已签署。"}}
}

// applicationRoutes are the pages of applications; none without them.
func (s *Server) applicationRoutes() []Route {
	if s.applications == nil {
		return nil
	}
	rows := s.formRoutes(registerForm{path: applicationsPath + "/new", action: policy.ApplyStar, entry: s.applicationEntry, send: s.beginApplication, conflictAt: "year", first: true})
	rows = append(rows, s.formRoutes(registerForm{path: callPath, action: policy.ManagePeriod, entry: s.callEntry, send: s.callApplications, conflictAt: "year"})...)
	rows = append(rows, s.jointRoutes()...)
	rows = append(rows, Route{Method: fiber.MethodGet, Path: opinionsPath, Action: policy.SignApproval, Handler: s.opinionsPage}, Route{Method: fiber.MethodPost, Path: opinionsPath, Action: policy.SignApproval, Handler: s.giveOpinions})
	return append(rows, s.applicationPages().routes()...)
}

// callEntry is the form of a call.
func (s *Server) callEntry(c *fiber.Ctx, _ policy.Actor) (entry, error) {
	e := entry{title: "发申报通知", nav: applicationsPath, entryView: entryView{Crumbs: []crumb{{"星级申报", applicationsPath}}, Address: callPath, Button: "发出通知", Back: applicationsPath, Intro: "从今天起算申报期；发出以后企业的待办里出现申报，一年只发一次。", Notes: []string{s.applications.Terms.Basis()}}}
	rounds, err := s.applications.Rounds(c.UserContext())
	for _, r := range rounds {
		e.Notes = append(e.Notes, r.Name+"："+r.Called.At.In(shanghai).Format("2006-01-02")+"通知，申报期到"+r.Window.Chinese())
	}
	e.Form = []field{{Name: "year", Label: "年度", Type: "text", Mode: "numeric", Autocomplete: "off", Value: typedOr(c, "year", strconv.Itoa(s.clockOf(c.UserContext()).today.Year()))},
		{Name: "text", Label: "通知里另外要说的", Rows: 3, Value: typedOr(c, "text", ""), Hint: "可以不写；要写的，例如联系人所在的股室、纸质材料交到哪里"}}
	return e, err
}

// callApplications calls.
func (s *Server) callApplications(c *fiber.Ctx, by policy.Actor, in *typed) (next string, err error) {
	year, text := in.text("year"), in.text("text")
	err = in.with(func(ctx context.Context) error {
		_, err := s.applications.Call(ctx, by, year, text)
		return err
	})
	return applicationsPath + "?year=" + url.QueryEscape(year), err
}

// applicationEntry is the form with which an application is begun.
func (s *Server) applicationEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e := entry{title: "申报星级", nav: applicationsPath, entryView: entryView{Crumbs: []crumb{{"星级申报", applicationsPath}}, Address: applicationsPath + "/new", Button: "下一步：签承诺书", Back: applicationsPath, Notes: []string{"数据由系统从登记、走访和各项记录取，不用上传材料；承诺书在下一步用密码签，或者上传签字盖章的扫描件。"}}}
	running, err := s.applications.Running(c.UserContext())
	if err != nil {
		return e, err
	}
	years := []option{{"", "请选择"}}
	for _, r := range running {
		years = append(years, option{r.Year, r.Name + "（申报期到" + r.Window.Chinese() + "）"})
	}
	if len(running) == 0 {
		e.Notes = append([]string{"现在没有哪个年度在申报期内。"}, e.Notes...)
	}
	project, err := s.projectFirst(c, by, &e)
	if err != nil {
		return e, err
	}
	if project == "" {
		return e, s.leaveApplied(c.UserContext(), by, running, &e)
	}
	row, err := s.registered.OneProject(c.UserContext(), by, project)
	if err != nil {
		return e, err
	}
	e.Address += "?project=" + url.QueryEscape(project)
	e.Crumbs = append(e.Crumbs, crumb{row.Name, projectPath(project)})
	first := ""
	if len(running) == 1 {
		first = running[0].Year
	}
	e.Form = []field{{Name: "year", Label: "年度", Options: years, Value: typedOr(c, "year", first)},
		{Name: "words", Label: "申报说明", Rows: 4, Value: typedOr(c, "words", ""), Hint: "这一年服务的特点和改进，500 字以内；不要写个人的姓名和电话"}}
	return e, nil
}

// leaveApplied keeps of the compounds of a form those that can still apply in one of the years whose window runs.
func (s *Server) leaveApplied(ctx context.Context, by policy.Actor, running []application.Round, e *entry) error {
	if len(running) == 0 {
		return nil
	}
	can := map[string]bool{}
	for _, r := range running {
		places, err := s.applications.Unapplied(ctx, by, r.Year)
		if err != nil {
			return err
		}
		for _, p := range places {
			can[p.Project] = true
		}
	}
	choice := &e.Form[0]
	all := len(choice.Options)
	choice.Options = slices.DeleteFunc(choice.Options, func(o option) bool { return o.Value != "" && !can[o.Value] })
	switch gone := all - len(choice.Options); {
	case len(choice.Options) == 1 && all > 1:
		e.Intro = "所管的小区在申报期内的年度都已经申报，在“星级申报”里办理。"
	case gone > 0:
		choice.Hint = "已经申报的 " + count(gone) + " 个小区不列，在“星级申报”里办理"
	}
	return nil
}

// beginApplication begins an application.
func (s *Server) beginApplication(c *fiber.Ctx, by policy.Actor, in *typed) (next string, err error) {
	year, words := in.text("year"), in.text("words")
	if year == "" {
		in.fail("year", "请选择年度")
	}
	err = in.with(func(ctx context.Context) error {
		doc, err := s.applications.Begin(ctx, by, c.Query("project"), year, words, formIdem(c))
		next = applicationsPath + "/" + doc.ID + "?done=draft"
		return err
	})
	return next, err
}

func applicationRow(clock taskClock, id string, a *application.Application) caseRow {
	r := caseRow{Path: applicationsPath + "/" + id, Name: a.Name, Place: a.FirmName, Title: a.YearName, State: a.State.Title(), Next: a.Next(), Figure: a.Standing(), Short: a.Standing(), Opened: a.Opened.Chinese()}
	clock.dueIn(&r, a.Clock, false)
	return r
}

// applicationCells are the row of an application in Excel.
func applicationCells(a *application.Application) [][]any {
	handed, returned, held, minutes := calendar.Date{}, "", "", ""
	if n := len(a.Pledges); n > 0 {
		handed = a.Pledges[n-1].Day
	}
	if a.Returned {
		returned = "退回过"
	}
	if paper := jointMinutes(a); paper != nil {
		held, minutes = a.Joint(), paper.Number
	}
	said := ""
	for _, o := range opinions(a) {
		said += o[0] + "：" + o[1] + "；"
	}
	return [][]any{{a.YearName, a.Name, a.Place, a.FirmName, a.State.Title(), a.Standing(), a.Opened, handed, returned, a.Clock.Due, said, held, minutes, a.Reason}}
}

// opinions are the opinions of the levels in their order, each with its level.
func opinions(a *application.Application) (out [][2]string) {
	if a.Approval == nil {
		return nil
	}
	words := map[policy.ApprovalMove]string{policy.MoveAgree: "同意", policy.MoveReturn: "退回补正", policy.MoveRefuse: "不同意"}
	for _, d := range a.Approval.Decisions {
		word := words[d.Move]
		if word == "" {
			continue
		}
		if d.Reason != "" {
			word += "，" + d.Reason
		}
		if d.Paper != nil {
			word += "（纸质签字）"
		}
		out = append(out, [2]string{a.Approval.Chain.Levels[d.Level].Name, word})
	}
	return out
}

// applicationForms are the forms of the steps.
func applicationForms(a *application.Application) map[application.Step]caseForm {
	submit := caseForm{file: "签字盖章的承诺书扫描件（用密码签的不传）", password: "登录密码（上传扫描件的不填）", hint: "先看下面的承诺书。用密码签，或者打印签字盖章后上传，二者选一。"}
	if a.State == application.Completing {
		submit.text, submit.hint = "补正了什么", "只能补正一次；重新提交以后从社区初评重新走。"
	}
	return map[application.Step]caseForm{
		application.StepSubmit: submit,
		application.StepLapse:  {text: "说明", ends: true, hint: "企业没有在期限内补正，算退回的那一级没有通过。"},
		application.StepAgree:  {number: "联审纪要文号", day: "联审日期", file: "联审纪要", aside: true, hint: "联审同意按规则算出的星级；不用重新评价，原来有限制的随之取消。很多份的，在“联审”里一次登记。"},
		application.StepHold: {choice: "联审的结果", choices: []option{{Label: "请选择"}, {"0", "不评星"}, {"1", "最高一星"}, {"2", "最高二星"}, {"3", "最高三星"}, {"4", "最高四星"}}, number: "联审纪要文号", day: "联审日期", text: "理由", file: "联审纪要", aside: true,
			hint: "只能不评或者降低，不会高于按规则算出的星级；登记以后要重新评价。在这份申报上签过意见的人不登记。"},
		application.StepFree:     {text: "理由", aside: true, hint: "登记有误或者联审改变意见的，取消限制；取消以后要重新评价。"},
		application.StepWithdraw: {text: "理由", ends: true, aside: true, hint: "申报期内可以重新申报。"},
	}
}

// applicationView adds to a page what only applications have.
func (s *Server) applicationView(c *fiber.Ctx, by policy.Actor, a *application.Application, v *caseView, _ url.Values, _ []fault.Field) error {
	v.Title, v.Sub, v.State, v.Next = a.Name+"："+a.YearName+"星级申报", a.FirmName, a.State.Title(), a.Next()
	pledged := ""
	if n := len(a.Pledges); n > 0 {
		pledged = a.Pledges[n-1].Day.Chinese() + "用密码签"
		if a.Pledges[n-1].File != nil {
			pledged = a.Pledges[n-1].Day.Chinese() + "，签字盖章的扫描件"
		}
	}
	v.Facts = filled([][2]string{{"办到", a.Standing()}, {"物业企业", a.FirmName}, {"社区", a.Place}, {"申报说明", a.Words}, {"承诺书", pledged}})
	for i := range a.Pledges {
		if a.Pledges[i].Text != "" {
			v.Facts = append(v.Facts, [2]string{"补正说明", a.Pledges[i].Text})
		}
	}
	v.Facts = append(v.Facts, opinions(a)...)
	if k := a.Agreed; k != nil {
		v.Facts = append(v.Facts, [2]string{"联审", application.JointAgreed + "（" + paperText(&casework.Paper{Number: k.Minutes.Number, Day: k.Minutes.Day}) + "）"})
	}
	if h := a.Held; h != nil {
		v.Facts = append(v.Facts, [2]string{"联审", application.HeldTitle(h.Star) + "：" + h.Minutes.Text + "（" + paperText(&casework.Paper{Number: h.Minutes.Number, Day: h.Minutes.Day}) + "）"})
	}
	if s.applications.Can(c.UserContext(), by, a, application.StepSubmit) {
		for i, line := range s.applications.Terms.Pledge() {
			v.Facts = append(v.Facts, [2]string{"承诺 " + strconv.Itoa(i+1), line})
		}
	}
	return nil
}

// applicationFiles are the files of an application.
func applicationFiles(a *application.Application) []caseFile {
	var out caseFiles
	for i := range a.Pledges {
		title := "承诺书（签字盖章）"
		if a.Pledges[i].Text != "" {
			title = "补正后的承诺书（签字盖章）"
		}
		out.add("pledge-"+strconv.Itoa(i+1), title, "", a.Pledges[i].File)
	}
	if paper := jointMinutes(a); paper != nil {
		out.add("minutes", "联审纪要", "", paper.File)
	}
	return out
}

// applicationPrints are the papers of an application: the pledge, and once it was handed in the sheet with the opinions.
func applicationPrints(_ policy.Actor, a *application.Application) []caseLink {
	out := []caseLink{{"星级申报承诺书", "pledge"}}
	if len(a.Pledges) > 0 {
		out = append(out, caseLink{"星级申报审核表", "sheet"})
	}
	return out
}

// applicationPaper puts a paper of an application into words.
func (s *Server) applicationPaper(ctx context.Context, _ policy.Actor, _ string, a *application.Application, print caseLink) (printView, error) {
	v := printView{Title: a.YearName + print.Title, From: a.FirmName, To: s.set.Authority, Date: s.clockOf(ctx).today.Chinese(), Rows: [][2]string{{"小区", a.Place + " " + a.Name}, {"物业企业", a.FirmName}, {"申报说明", a.Words}}}
	if n := len(a.Pledges); n > 0 {
		v.Date = a.Pledges[n-1].Day.Chinese()
	}
	if print.Link == "sheet" {
		v.From = ""
		v.Rows = append(v.Rows, opinions(a)...)
		v.Rows = append(v.Rows, [2]string{"办到", a.Standing()})
		v.Hash = hashGroups(a.Approval.SubjectHash)
		return v, nil
	}
	v.Words = append([]string{"我单位为上列小区申报" + a.YearName + s.set.Rating + "，承诺："}, numbered(s.applications.Terms.Pledge())...)
	return v, nil
}

// numbered puts a number before each sentence.
func numbered(lines []string) []string {
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strconv.Itoa(i+1) + ". " + line
	}
	return out
}

// ApplicationTasks is the work with applications, for everybody whose step is next.
type ApplicationTasks struct {
	// Applications keeps them, and tells who may do what; Cycle runs the years, nil without them.
	Applications *application.Service
	Cycle        Cycle
}

// applicationWork are the steps that stand on a to-do page, the most pressing first.
var applicationWork = []caseWork[application.State, application.Step]{
	{application.StepSign, []application.State{application.Reviewing}, "星级申报，签署意见", "去签署"},
	{application.StepSubmit, []application.State{application.Completing}, "补正星级申报", "去补正"},
	{application.StepSubmit, []application.State{application.Draft}, "星级申报，签承诺书并提交", "去提交"},
	{application.StepLapse, []application.State{application.Completing}, "星级申报逾期没有补正", "去办理"},
}

// Tasks implements Tasks.
func (t ApplicationTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) (out []Task, err error) {
	s := t.Applications
	if !s.Guard.Allow(by, policy.ReadApplication) {
		return nil, nil
	}
	if s.Guard.Allow(by, policy.ApplyStar) {
		running, err := s.Running(ctx)
		if err != nil {
			return nil, err
		}
		for _, r := range running {
			left, err := s.Unapplied(ctx, by, r.Year)
			if err != nil {
				return nil, err
			}
			if len(left) == 0 {
				continue
			}
			k := clockTask(r.Window)
			k.Title, k.Context, k.Link, k.Button, k.Nav, k.Count = "申报"+r.Name+"星级："+strconv.Itoa(len(left))+" 个小区还没有申报", "没有申报的小区不评星", applicationsPath+"/new", "去申报", applicationsPath, len(left)
			out = append(out, k)
		}
	}
	if t.Cycle != nil && s.Guard.Allow(by, policy.ManagePeriod) {
		calls, err := t.uncalled(ctx, by)
		if err != nil {
			return nil, err
		}
		out = append(out, calls...)
	}
	found, err := openCases(func(after string) (store.Page[application.Application], error) {
		return s.List(ctx, by, application.Filter{}, true, after)
	})
	can := func(a *application.Application, do application.Step) bool { return s.Can(ctx, by, a, do) }
	clock := func(a *application.Application, do application.Step) calendar.Deadline {
		if do == application.StepLapse {
			return calendar.Deadline{}
		}
		return a.Clock
	}
	return append(out, caseTasks(found, applicationWork, func(a *application.Application) application.State { return a.State }, can, clock, func(id string, a *application.Application, w caseWork[application.State, application.Step]) Task {
		return Task{Title: a.Name + "：" + w.verb, Context: a.YearName + "，" + a.Standing(), Party: a.FirmName, Link: applicationsPath + "/" + id, Button: w.button, Nav: applicationsPath}
	})...), err
}

// uncalled are the years that were planned and for whose stars nobody was called to apply.
func (t ApplicationTasks) uncalled(ctx context.Context, by policy.Actor) (out []Task, err error) {
	periods, err := t.Cycle.Periods(ctx, by)
	for i := range periods {
		p := &periods[i]
		if err != nil || !p.Stars() || p.State == cycle.StatePublished {
			continue
		}
		var a application.Standing
		if a, err = t.Cycle.Applied(ctx, p); err == nil && a.Called == nil {
			out = append(out, Task{Title: "通知企业申报" + p.Name + "星级", Context: "没有申报的小区不能评星", Due: p.Days.Last, Basis: "当年年底", Link: callPath, Button: "去通知", Nav: applicationsPath})
		}
	}
	return out, err
}

// applicationsOf are the applications of a project or firm for its dossier, the latest first.
func (d *dossier) applications(of about) {
	d.part(d.s.applications != nil, policy.ReadApplication, dossierPart{ID: "applications", Title: "星级申报", Heads: []string{"年度", "状态", "小区", "企业", "办到", "申报日期"}, More: applicationsPath}, func(p *dossierPart) error {
		docs, err := openCases(func(after string) (store.Page[application.Application], error) {
			return d.s.applications.List(d.c.UserContext(), d.by, application.Filter{Project: of.project, Firm: of.firm}, false, after)
		})
		for i := range docs {
			a := &docs[i].State
			p.add(applicationsPath+"/"+docs[i].ID, a.YearName, a.State.Title(), a.Name, a.FirmName, a.Standing(), a.Opened)
		}
		return err
	})
}

// searchApplications finds applications by compound and firm.
func (s *Server) searchApplications(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.applications.List(ctx, by, application.Filter{Text: text}, false, "")
	for i := range found.Docs {
		a := &found.Docs[i].State
		g.add(a.Name+"："+a.YearName+"星级申报", applicationsPath+"/"+found.Docs[i].ID, a.FirmName, a.State.Title(), a.Opened.Chinese())
	}
	g.More, g.Over = foundIn(applicationsPath, text), found.Next != ""
	return err
}
