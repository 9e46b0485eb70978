package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/supervision/application"
)

// Cycle is what the pages need of the rating cycle; cycle.Service implements it. Every method checks the actor's right and scope and lists its errors there.
type Cycle interface {
	// Periods lists the periods, the newest first; Period returns one. Returns NotFound for one that was not planned.
	Periods(ctx context.Context, by policy.Actor) ([]cycle.Period, error)
	Period(ctx context.Context, by policy.Actor, id string) (cycle.Period, error)
	// Terms are the days of the periods that were not evaluated yet. Anybody may ask.
	Terms(ctx context.Context) ([]cycle.Term, error)
	// Plan lays a period down, Open and Close move its window. They return Invalid with fields, and Conflict in a state that does not allow it.
	Plan(ctx context.Context, by policy.Actor, id string, submit, cutoff calendar.Date) (cycle.Period, error)
	Open(ctx context.Context, by policy.Actor, id string) (cycle.Period, error)
	Close(ctx context.Context, by policy.Actor, id string) (cycle.Period, error)
	// StartEvaluation begins an evaluation in the background. Returns Conflict that says since when and how far if one runs.
	StartEvaluation(ctx context.Context, by policy.Actor, id string) error
	// Progress tells how far it is. Returns NotFound if none ran lately.
	Progress(ctx context.Context, by policy.Actor, id string) (cycle.Progress, error)
	// Missing lists what is not known yet, by project.
	Missing(ctx context.Context, by policy.Actor, id string) ([]cycle.Missing, error)
	// Preview compares with the published period before. Returns Conflict if nothing was evaluated yet.
	Preview(ctx context.Context, by policy.Actor, id string) (*cycle.Preview, error)
	// Ranges are how firmly the results of a period stand, Spreads its distribution beside those of others. Ranges returns NotFound if none were made.
	Ranges(ctx context.Context, by policy.Actor, id string) (*cycle.RangesView, error)
	Spreads(ctx context.Context, by policy.Actor, v *cycle.Preview) (*cycle.Spreads, error)
	// StartRanges lets them be made in the background, RepeatRanges makes them again and says whether the same came out. StartRanges returns Conflict if they are there or an evaluation runs.
	StartRanges(ctx context.Context, by policy.Actor, id string) error
	RepeatRanges(ctx context.Context, by policy.Actor, id string) (bool, error)
	// RangeOf is the range of one project in an evaluation, nil for who may not see it; RangeRules are the rules.
	RangeOf(ctx context.Context, by policy.Actor, evaluation, project string) (*cycle.ProjectRange, error)
	RangeRules() *cycle.RangeRules
	// Near lists what lies near a cut with its second scoring. Returns Conflict if nothing was evaluated yet.
	Near(ctx context.Context, by policy.Actor, id string) (*cycle.NearView, error)
	// OpenSeconds counts the projects near a cut of a period to which nobody was sent a second time, up to most.
	OpenSeconds(ctx context.Context, by policy.Actor, p *cycle.Period, most int) (int, error)
	// NearScored counts what lies near a cut of a period and what of it a second person has scored.
	NearScored(ctx context.Context, p *cycle.Period) (near, scored int, err error)
	// Scorers looks at how people scored, for their supervisor only.
	Scorers(ctx context.Context, by policy.Actor) (*cycle.Scorers, error)
	// Tell tells the scores of a quarter to the firms, Hearing where that stands. Tell returns Conflict if it is too late or was done.
	Tell(ctx context.Context, by policy.Actor, id, evaluation string) (cycle.Period, error)
	Hearing(ctx context.Context, p *cycle.Period) (cycle.Hearing, error)
	// Applied is how the applications for the stars of a year stand, the zero value for a quarter.
	Applied(ctx context.Context, p *cycle.Period) (application.Standing, error)
	// Underway are the quarters that were told and are not published, as far as anybody may know. Hears are those to which the actor may object now.
	Underway(ctx context.Context) ([]cycle.Underway, error)
	Hears(ctx context.Context, by policy.Actor) ([]cycle.Heard, error)
	// ToldPeriods are the quarters that were told, ToldScores and ToldResult their scores within the scope. They return NotFound for everything else.
	ToldPeriods(ctx context.Context, by policy.Actor) ([]cycle.Period, error)
	ToldScores(ctx context.Context, by policy.Actor, id string) (*cycle.ToldScores, error)
	ToldResult(ctx context.Context, by policy.Actor, id, project string) (*cycle.ToldResult, error)
	// Objections are the objections to them.
	Objections() *cycle.Objections
	// Coach tells what a project can still do for its star, Coachable tells of which projects it does so, Coaches lists them, CoachTasks are the tasks that come of it. Coach returns NotFound outside the scope, Invalid with fields for values that a scheme does not allow.
	Coach(ctx context.Context, by policy.Actor, project string, ask cycle.CoachAsk) (*cycle.Coached, error)
	Coachable(ctx context.Context, by policy.Actor, projects ...string) (map[string]bool, error)
	Coaches(ctx context.Context, by policy.Actor, text string, from, most int) ([]cycle.CoachRow, int, error)
	CoachTasks() *cycle.CoachTasks
	// MayShow returns the period if this person may show the stars of this evaluation to the public now; Show shows them on the minutes of the joint review. They return Conflict if it is too early or too late, Invalid with fields.
	MayShow(ctx context.Context, by policy.Actor, id, evaluation string) (cycle.Period, error)
	Show(ctx context.Context, by policy.Actor, id, evaluation string, minutes cycle.Minutes) (cycle.Period, error)
	// Publicities are the years that were shown, Publicity one of them with its compounds; anybody may ask. Publicity returns NotFound for every other year. Remarks are what the public said; MayHandleRemarks tells who answers them.
	Publicities(ctx context.Context) ([]cycle.Publicity, error)
	Publicity(ctx context.Context, id string) (*cycle.Publicity, error)
	Remarks() *cycle.Remarks
	// Lists are the lists of what stands out in a published period, on a day. Anybody may ask.
	Lists(ctx context.Context, on calendar.Date) ([]cycle.List, error)
	MayHandleRemarks(by policy.Actor) bool
	// Send sends this evaluation through its approval, Withdraw takes it back. They return Conflict if it is too early or too late; Withdraw Forbidden to everybody but who sent it.
	Send(ctx context.Context, by policy.Actor, id, evaluation string) (cycle.Period, error)
	Withdraw(ctx context.Context, by policy.Actor, id string) (cycle.Period, error)
	// Sign signs at one's level or looks at a scan a second time, SignOnPaper records a signed paper; MaySign and MayLook tell whether somebody may.
	// They return Forbidden with the rule, Invalid with fields, Conflict if it does not wait for that.
	Sign(ctx context.Context, by policy.Actor, id string, sign policy.Sign, password string) (cycle.Period, error)
	SignOnPaper(ctx context.Context, by policy.Actor, id string, in policy.OnPaper, password string) (cycle.Period, error)
	MaySign(ctx context.Context, by policy.Actor, p *cycle.Period) bool
	MayLook(ctx context.Context, by policy.Actor, p *cycle.Period, scan string) bool
	// MayPublish returns the period if this person may publish this evaluation now. Returns Forbidden and Conflict as Publish.
	MayPublish(ctx context.Context, by policy.Actor, id, evaluation string) (cycle.Period, error)
	// Publish publishes what was approved. Returns Forbidden with the rule to who evaluated or sent it, Invalid with fields, Conflict if it is not approved, too late
	// or the number is taken. Apart is that refusal.
	Publish(ctx context.Context, by policy.Actor, id, evaluation, number string) (cycle.Period, error)
	Apart(by policy.Actor, p *cycle.Period) error
	// Published lists the published periods of a rhythm, the newest first.
	Published(ctx context.Context, rhythm string) ([]cycle.Period, error)
	// PublishedPeriod returns a published period without its results, Circular with them, by name and without rank. They return NotFound if it is not published.
	PublishedPeriod(ctx context.Context, id string) (cycle.Period, error)
	Circular(ctx context.Context, id string) (*cycle.Circular, error)
	// Boards are the figures of the bureau's boards. Returns NotFound for a period or township that does not exist for the actor.
	Boards(ctx context.Context, by policy.Actor, ask cycle.BoardAsk) (*cycle.Boards, error)
}

// periodPath is the address of a period's page.
func periodPath(id string) string { return "/periods/" + url.PathEscape(id) }

// cycleRoutes are the pages of the rating cycle; none without one.
func (s *Server) cycleRoutes() []Route {
	if s.cycle == nil {
		return nil
	}
	const get, post = fiber.MethodGet, fiber.MethodPost
	return slices.Concat(s.scoreRoutes(), s.objectionRoutes(), s.rangeRoutes(), s.publicityRoutes(), s.coachRoutes(), s.listRoutes(), s.chartRoutes(), []Route{
		{Method: get, Path: "/periods", Action: policy.ReadPeriods, Handler: s.periods},
		{Method: post, Path: "/periods", Action: policy.ManagePeriod, Handler: s.planPeriod},
		{Method: get, Path: "/periods/:id", Action: policy.ReadPeriods, Handler: s.period},
		{Method: get, Path: "/periods/:id/progress", Action: policy.ReadPeriods, Handler: s.periodProgress},
		{Method: get, Path: "/periods/:id/missing.csv", Action: policy.ReadPeriods, Handler: s.missingCSV},
		{Method: post, Path: "/periods/:id/open", Action: policy.ManagePeriod, Handler: s.openPeriod},
		{Method: post, Path: "/periods/:id/close", Action: policy.ManagePeriod, Handler: s.closePeriod},
		{Method: post, Path: "/periods/:id/evaluate", Action: policy.RunEvaluation, Handler: s.evaluatePeriod},
		{Method: get, Path: "/periods/:id/preview", Action: policy.ReadPeriods, Handler: s.previewPeriod},
		{Method: get, Path: "/periods/:id/preview.xlsx", Action: policy.ReadPeriods, Handler: s.previewExcel},
		{Method: get, Path: "/periods/:id/publish", Action: policy.ReadPeriods, Handler: s.publishPage},
		{Method: get, Path: "/periods/:id/files/:file<maxLen(44)>", Action: policy.ReadPeriods, Handler: s.periodFile},
		{Method: post, Path: "/periods/:id/tell", Action: policy.ManagePeriod, Handler: s.tellScores},
		{Method: post, Path: "/periods/:id/show", Action: policy.ManagePeriod, Handler: s.showStars, Upload: maxMinutes},
		{Method: post, Path: "/periods/:id/send", Action: policy.ManagePeriod, Handler: s.sendPeriod},
		{Method: post, Path: "/periods/:id/withdraw", Action: policy.ManagePeriod, Handler: s.withdrawPeriod},
		{Method: post, Path: "/periods/:id/sign", Action: policy.SignApproval, Handler: s.signPeriod},
		{Method: post, Path: "/periods/:id/paper", Action: policy.SignApproval, Handler: s.paperPeriod, Upload: maxFundForm},
		{Method: post, Path: "/periods/:id/publish", Action: policy.PublishEvaluation, Handler: s.publishPeriod},
		{Method: get, Path: "/periods/:id/minutes", Action: policy.ReadPeriods, Handler: s.periodMinutes},
		{Method: get, Path: "/circulars", Action: policy.Public, Handler: s.circulars},
		{Method: get, Path: "/circulars/:id", Action: policy.Public, Handler: s.circular},
		{Method: get, Path: "/circulars/:id/paper", Action: policy.Public, Handler: s.circularPaper},
		{Method: get, Path: "/circulars/:id/scores.csv", Action: policy.Public, Handler: s.circularCSV},
		{Method: get, Path: "/circulars/:id/scores.xlsx", Action: policy.Public, Handler: s.circularExcel},
	})
}

// periodsView is what periods.html shows.
type periodsView struct {
	Rows []periodLine
	Form []field
	Plan bool
}

// periodLine is one period of the list.
type periodLine struct {
	cycle.Period
	Path, Word, Rhythm, Dates string
}

// hearing is where a quarter stands between evaluation and approval, the zero value for everything else.
func (s *Server) hearing(ctx context.Context, p *cycle.Period) (cycle.Hearing, error) {
	if p.State != cycle.StateEvaluated {
		return cycle.Hearing{}, nil
	}
	return s.cycle.Hearing(ctx, p)
}

// periodWord is the word of the status list for where a period stands; h is its hearing.
func periodWord(p *cycle.Period, h cycle.Hearing) string {
	switch p.State {
	case cycle.StatePlanned:
		return "待开启"
	case cycle.StateOpen:
		return "收集材料中"
	case cycle.StateClosed:
		return "待评价"
	case cycle.StatePublished:
		return "已发布"
	}
	switch {
	case p.Signing():
		return "审批中"
	case p.Approved():
		return "待公布"
	case p.ToTell() && p.Stars():
		return "待公示"
	case p.ToTell():
		return "待告知"
	case h.Contested() > 0:
		return "异议中"
	case h.Shows:
		return "公示中"
	case h.Stars && h.Runs:
		return "申诉期"
	case h.Runs:
		return "征求意见"
	case p.Approval != nil && p.Approval.State == policy.ApprovalReturned:
		return "审批退回"
	}
	return "待送审"
}

// publishLink is what leads an actor to the page of a publication, "" if there is nothing for him.
func (s *Server) publishLink(by policy.Actor, p *cycle.Period, h cycle.Hearing) string {
	switch {
	case p.ToTell() && p.Stars() && s.guard.Allow(by, policy.ManagePeriod):
		return "去公示"
	case p.ToTell() && s.guard.Allow(by, policy.ManagePeriod):
		return "去告知得分"
	case p.ToSend() && p.Stars() && h.Why() != "":
		return "看公示与申诉"
	case p.ToSend() && h.Why() != "":
		return "看告知与异议"
	case p.ToSend() && s.guard.Allow(by, policy.ManagePeriod):
		return "去送审"
	case p.Approved() && s.guard.Allow(by, policy.PublishEvaluation):
		return "去公布"
	case p.Approval != nil:
		return "看公布审批"
	}
	return ""
}

func rhythmWord(rhythm string) string {
	if rhythm == cycle.RhythmYear {
		return "星级评价"
	}
	return "得分通报"
}

func planForm(id, submit, cutoff string, refused []fault.Field) []field {
	return withErrors([]field{
		{Name: "period", Label: "周期", Type: "text", Value: id, Autocomplete: "off", Hint: "季度写 2026Q4，年度写 2026"},
		{Name: "submit", Label: "材料提交截止", Type: "date", Value: submit, Hint: "企业最后一天可以提交佐证材料"},
		{Name: "cutoff", Label: "统计截止", Type: "date", Value: cutoff, Hint: "在这一天以前审核通过的材料才计入，不早于周期的最后一天"},
	}, refused)
}

// periods lists the rating periods.
func (s *Server) periods(c *fiber.Ctx, by policy.Actor) error {
	return s.showPeriods(c, by, planForm("", "", "", nil), nil)
}

func (s *Server) showPeriods(c *fiber.Ctx, by policy.Actor, form []field, refused []fault.Field) error {
	list, err := s.cycle.Periods(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := periodsView{Form: form, Plan: s.guard.Allow(by, policy.ManagePeriod)}
	for _, p := range list {
		h, err := s.hearing(c.UserContext(), &p)
		if err != nil {
			return err
		}
		v.Rows = append(v.Rows, periodLine{Period: p, Path: periodPath(p.ID), Word: periodWord(&p, h), Rhythm: rhythmWord(p.Rhythm),
			Dates: p.Days.First.Chinese() + "至" + p.Days.Last.Chinese()})
	}
	p := page{Title: "评价周期", Nav: "/periods", Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "periods", p)
	}
	return s.render(c, by, "periods", p)
}

// planPeriod lays a period down.
func (s *Server) planPeriod(c *fiber.Ctx, by policy.Actor) error {
	id := strings.ToUpper(strings.TrimSpace(c.FormValue("period")))
	var unread []fault.Field
	day := func(name, label string) calendar.Date {
		d, err := calendar.ParseDate(c.FormValue(name))
		if err != nil {
			unread = append(unread, fault.Field{Name: name, Message: label + "要写成 2026-12-31 的样子"})
		}
		return d
	}
	submit, cutoff := day("submit", "材料提交截止"), day("cutoff", "统计截止")
	p, err := oneRound(c.UserContext(), unread, func(ctx context.Context) (cycle.Period, error) { return s.cycle.Plan(ctx, by, id, submit, cutoff) })
	refused := refusedForm(err)
	switch {
	case err == nil:
		return seeOther(c, periodPath(p.ID))
	case fault.Is(err, fault.Conflict):
		refused = []fault.Field{{Name: "period", Message: fault.MessageOf(err)}}
	case len(refused) == 0:
		return err
	}
	return s.showPeriods(c, by, planForm(id, c.FormValue("submit"), c.FormValue("cutoff"), refused), refused)
}

// periodView is what period.html shows.
type periodView struct {
	cycle.Period
	Path, Word, Rhythm string
	Steps              []stepState
	Missing            []missingRow
	MissingMore        int
	Sources            []sourceCount
	Complete           bool
	// Lacks are the approvals and separated duties that cannot be staffed; only before the period is opened.
	Lacks             []string
	CanManage, CanRun bool
	// CanClose: proof is taken still, and the last day of submission is over.
	CanClose bool
	// SchemeNote says that another version of the scheme is or will be used by periods planned later, "" if none is; SchemePath leads to the versions.
	SchemeNote, SchemePath string
	// TakenBack are the pieces of proof that the random audit took back.
	TakenBack           []auditRow
	Publish             string
	Progress            *progressView
	Count, Total        int
	Dates, Submit, Ends string
}

// stepState is one step of the component steps.
type stepState struct{ State, Label string }

// missingRow is one project of the list of what is missing.
type missingRow struct {
	Name, Firm, Community, Points string
	Items                         []string
}

// sourceCount says how many things one source still owes.
type sourceCount struct {
	Who      string
	Projects int
	Items    int
}

// progressView is how far an evaluation is.
type progressView struct {
	Running            bool
	Stage              string
	Done, Total        int
	Begun, Ended       string
	Failure, StageText string
}

// missingShown is how many projects with missing facts stand on the page; the table for Excel has all.
const missingShown = 30

// period shows one period: what is missing and by whom, and what can be done next.
func (s *Server) period(c *fiber.Ctx, by policy.Actor) error { return s.showPeriod(c, by, "") }

func (s *Server) showPeriod(c *fiber.Ctx, by policy.Actor, said string, refused ...fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	p, err := s.cycle.Period(ctx, by, id)
	if err != nil {
		return err
	}
	missing, err := s.cycle.Missing(ctx, by, id)
	if err != nil {
		return err
	}
	h, err := s.hearing(ctx, &p)
	if err != nil {
		return err
	}
	v := periodView{Period: p, Path: periodPath(id), Word: periodWord(&p, h), Rhythm: rhythmWord(p.Rhythm), Steps: periodSteps(&p, h),
		CanManage: s.guard.Allow(by, policy.ManagePeriod), CanRun: s.guard.Allow(by, policy.RunEvaluation), Publish: s.publishLink(by, &p, h),
		Total: len(missing), Complete: len(missing) == 0, Dates: p.Days.First.Chinese() + "至" + p.Days.Last.Chinese(), Submit: p.Submit.Chinese(), Ends: p.Cutoff.Chinese()}
	v.CanClose = v.CanManage && p.State == cycle.StateOpen && p.SubmitOver(s.clocks.Business())
	if v.SchemeNote, err = s.schemeNote(ctx, &p); err != nil {
		return err
	}
	if s.adoptions != nil {
		v.SchemePath = schemesPath
	}
	for i, m := range missing {
		if i == missingShown {
			v.MissingMore = len(missing) - missingShown
			break
		}
		row := missingRow{Name: m.Name, Firm: m.Firm, Community: m.Community, Points: points(m.Points, 0)}
		for _, item := range m.Items {
			row.Items = append(row.Items, item.Name)
		}
		v.Missing = append(v.Missing, row)
	}
	v.Sources = owed(missing)
	if v.TakenBack, err = s.takenBack(c, by, &p); err != nil {
		return err
	}
	at, err := s.cycle.Progress(ctx, by, id)
	switch {
	case err == nil:
		v.Progress = progressOf(&at)
	case !fault.Is(err, fault.NotFound):
		return err
	}
	if v.CanManage {
		if v.Lacks, err = s.unstaffed(ctx, by, p); err != nil {
			return err
		}
	}
	shown := page{Title: p.Name, Nav: "/periods", Data: v, Said: said, Script: true, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "period", shown)
	}
	return s.render(c, by, "period", shown)
}

// owed counts by source how many things are missing, and in how many projects.
func owed(missing []cycle.Missing) []sourceCount {
	var out []sourceCount
	for _, m := range missing {
		seen := map[string]bool{}
		for _, item := range m.Items {
			who := cycle.SourceText(item.Source)
			at := slices.IndexFunc(out, func(o sourceCount) bool { return o.Who == who })
			if at < 0 {
				at = len(out)
				out = append(out, sourceCount{Who: who})
			}
			out[at].Items++
			if !seen[who] {
				seen[who] = true
				out[at].Projects++
			}
		}
	}
	slices.SortStableFunc(out, func(a, b sourceCount) int { return b.Items - a.Items })
	return out
}

func progressOf(p *cycle.Progress) *progressView {
	return &progressView{Running: p.Running(), Stage: p.Stage, StageText: p.StageText(), Done: p.Done, Total: max(p.Total, 1),
		Begun: dateTime(p.Begun.At.Time), Ended: dateTime(p.Ended.Time), Failure: p.Failure}
}

// periodSteps are the steps of a period with the present one marked. The scores of a quarter are told before they are approved; h is its hearing.
func periodSteps(p *cycle.Period, h cycle.Hearing) []stepState {
	steps := []stepState{{Label: "建立周期"}, {Label: "收集材料"}, {Label: "评价"}, {Label: "审批与公布"}, {Label: "已公布"}}
	now := slices.Index([]cycle.State{cycle.StatePlanned, cycle.StateOpen, cycle.StateClosed, cycle.StateEvaluated, cycle.StatePublished}, p.State)
	heard := "告知与异议"
	if p.Stars() {
		heard = "公示与申诉"
	}
	steps = slices.Insert(steps, 3, stepState{Label: heard})
	if p.State == cycle.StatePublished || p.State == cycle.StateEvaluated && h.Why() == "" {
		now++
	}
	for i := range steps {
		switch {
		case i < now || p.State == cycle.StatePublished:
			steps[i].State = "done"
		case i == now:
			steps[i].State = "now"
		}
	}
	return steps
}

// ProgressJSON is the answer of the address that the page asks while an evaluation runs.
type ProgressJSON struct {
	// Running is false once it ended; Text says where it is, Done of Total.
	Running bool   `json:"running"`
	Text    string `json:"text"`
	Done    int    `json:"done"`
	Total   int    `json:"total"`
}

// periodProgress tells the page's script how far the evaluation is.
func (s *Server) periodProgress(c *fiber.Ctx, by policy.Actor) error {
	at, err := s.cycle.Progress(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.JSON(ProgressJSON{Running: at.Running(), Text: fmt.Sprintf("%s %d / %d", at.StageText(), at.Done, at.Total), Done: at.Done, Total: max(at.Total, 1)})
}

// unstaffed names what cannot be staffed for a period that may be opened: the ways of approval and the duties that different persons must do. Returns Forbidden without
// ReadApprovals.
func (s *Server) unstaffed(ctx context.Context, by policy.Actor, p cycle.Period) ([]string, error) {
	if s.approvals == nil || p.State != cycle.StatePlanned {
		return nil, nil
	}
	lacks, err := s.approvals.Staffing(ctx, by)
	var out []string
	for _, lack := range lacks {
		if !lack.Absent {
			out = append(out, lack.Chinese())
		}
	}
	return out, err
}

// openPeriod, closePeriod and evaluatePeriod move a period and show what comes next.
func (s *Server) openPeriod(c *fiber.Ctx, by policy.Actor) error {
	planned, err := s.cycle.Period(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	lacks, err := s.unstaffed(c.UserContext(), by, planned)
	if err != nil {
		return err
	}
	if len(lacks) > 0 && c.FormValue("short") == "" {
		return s.showPeriod(c, by, "", fault.Field{Name: "short", Message: fmt.Sprintf("有 %d 项审批或互相分开的岗位安排不齐人：%s。请先补齐任命，或者勾选知道缺人再开启", len(lacks), strings.Join(lacks, "；"))})
	}
	p, err := s.cycle.Open(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return s.showPeriod(c, by, "已开启，企业在"+p.Submit.Chinese()+"以前可以提交材料。")
}

func (s *Server) closePeriod(c *fiber.Ctx, by policy.Actor) error {
	if _, err := s.cycle.Close(c.UserContext(), by, c.Params("id")); err != nil {
		return err
	}
	return s.showPeriod(c, by, "材料提交已截止，可以评价了。")
}

func (s *Server) evaluatePeriod(c *fiber.Ctx, by policy.Actor) error {
	if err := s.cycle.StartEvaluation(c.UserContext(), by, c.Params("id")); err != nil {
		return err
	}
	return seeOther(c, periodPath(c.Params("id")))
}

// missingCSV is the whole list of what is missing.
func (s *Server) missingCSV(c *fiber.Ctx, by policy.Actor) error {
	missing, err := s.cycle.Missing(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	sheet := report.NewCSV("小区", "编号", "物业服务企业", "社区", "缺少的数据", "由谁补", "涉及分值")
	for _, m := range missing {
		for _, item := range m.Items {
			sheet.Add(report.Guard(m.Name), report.Guard(m.Project), report.Guard(m.Firm), report.Guard(m.Community), report.Guard(item.Name), cycle.SourceText(item.Source), plainNumber(item.Points, 0))
		}
	}
	return sendTable(c, "missing-"+c.Params("id")+".csv", sheet)
}

// previewView is what preview.html shows.
type previewView struct {
	*cycle.Preview
	Path, Name, Before string
	Publish            string
	// Spreads are the distributions beside that of the period, nil for who may not see them.
	Spreads   *spreadsView
	Within    string
	Spread    []spreadLine
	Bands     []spreadLine
	Moved     []movedRow
	MovedMore int
	Near      []nearRow
	// Asks: what is near is to be scored by a second person; NearRule says what waits for that.
	Asks          bool
	NearRule      string
	Cuts          string
	Late, Refused []lateRow
	Rated, Count  int
	Made          string
}

type spreadLine struct {
	Label, Count, Share string
	Bar                 charts.SVG
}

type movedRow struct{ Name, Firm, Was, Is, Change, Grades, Why string }

// nearRow is a project near a cut; Second is where its second scoring stands, Link leads there or to where it is planned.
type nearRow struct{ Name, Firm, Total, Cut, Distance, Second, Link, Button string }

type lateRow struct{ Name, Text string }

// plainBar is the shade of a bar that stands for no star.
const plainBar = 3

// movedShown is how many moved projects stand on the page.
const movedShown = 20

// previewPeriod shows what would be published.
func (s *Server) previewPeriod(c *fiber.Ctx, by policy.Actor) error {
	p, err := s.cycle.Preview(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	h, err := s.hearing(c.UserContext(), &p.Period)
	if err != nil {
		return err
	}
	v := previewOf(p)
	v.Publish = s.publishLink(by, &p.Period, h)
	if v.Spreads, err = s.previewSpreads(c.UserContext(), by, p); err != nil {
		return err
	}
	if err := s.secondScorings(c.UserContext(), by, v); err != nil {
		return err
	}
	return s.render(c, by, "preview", page{Title: p.Period.Name + "预览", Nav: "/periods", Data: v})
}

func previewOf(p *cycle.Preview) *previewView {
	v := &previewView{Preview: p, Path: periodPath(p.Period.ID), Name: p.Period.Name, Count: len(p.Rows), Made: dateTime(p.Evaluation.Made.Time)}
	places := places(p.Scheme.Total.Decimals, p.Scheme.Defaults.Decimals)
	if p.Before != nil {
		v.Before = p.Before.Name
	}
	most := 1
	for _, g := range p.Spread {
		most = max(most, g.Count)
	}
	for _, g := range p.Spread {
		v.Spread = append(v.Spread, spreadLine{Label: g.Label, Count: count(g.Count), Share: share(g.Count, len(p.Rows)), Bar: charts.Bar(plainBar, float64(g.Count)/float64(most))})
	}
	most = 1
	for _, b := range p.Bands {
		most = max(most, b.Count)
	}
	for _, b := range p.Bands {
		if b.Count > 0 {
			v.Bands = append(v.Bands, spreadLine{Label: b.From.Fixed(0) + "–" + b.Until.Fixed(0), Count: count(b.Count), Bar: charts.Bar(plainBar, float64(b.Count)/float64(most))})
		}
	}
	for i, m := range p.Moved {
		if i == movedShown {
			v.MovedMore = len(p.Moved) - movedShown
			break
		}
		v.Moved = append(v.Moved, movedOf(&m, places))
	}
	for _, n := range p.NearCut {
		v.Near = append(v.Near, nearRow{Name: n.Name, Firm: n.Firm, Total: points(*n.Total, places), Cut: points(n.Cut, 0), Distance: signed(n.Distance, places)})
	}
	var cuts []string
	for _, cut := range p.Cuts {
		cuts = append(cuts, points(cut, 0))
	}
	v.Cuts, v.Within = strings.Join(cuts, "、"), p.Within.String()
	for _, l := range p.Late {
		v.Late = append(v.Late, lateRow{Name: l.Name, Text: fmt.Sprintf("%d 条", l.Count)})
	}
	for _, r := range p.Refused {
		var texts []string
		for _, f := range r.Facts {
			texts = append(texts, factName(f.Fact, p.Scheme)+"："+f.Message)
		}
		v.Refused = append(v.Refused, lateRow{Name: r.Name, Text: strings.Join(texts, "；")})
	}
	for i := range p.Rows {
		if p.Rows[i].Total != nil {
			v.Rated++
		}
	}
	return v
}

func movedOf(m *cycle.Moved, places int) movedRow {
	row := movedRow{Name: m.Name, Firm: m.Firm, Was: "—", Is: "—", Change: "—", Grades: m.Label}
	if m.Was != nil {
		row.Was = points(*m.Was, places)
	}
	if m.Total != nil {
		row.Is = points(*m.Total, places)
	}
	if m.Change != nil {
		row.Change = signed(*m.Change, places)
	}
	if m.WasLabel != m.Label {
		row.Grades = m.WasLabel + " → " + m.Label
	}
	var why []string
	for _, c := range m.Why {
		why = append(why, c.Name+" "+signed(c.Change, places))
	}
	row.Why = strings.Join(why, "、")
	return row
}

// previewExcel is the preview as a workbook: every row, what is near a cut, what came late.
func (s *Server) previewExcel(c *fiber.Ctx, by policy.Actor) error {
	p, err := s.cycle.Preview(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return sendFigures(c, p.Period.Name+"预览.xlsx", previewSheets(p)...)
}

func previewSheets(p *cycle.Preview) []report.Figures {
	places := places(p.Scheme.Total.Decimals, p.Scheme.Defaults.Decimals)
	note := fmt.Sprintf("%s预览，%s评价，规则 %s %s 版，指纹 %s；公布以前都是建议，只供内部查看。", p.Period.Name, dateTime(p.Evaluation.Made.Time), p.Evaluation.SchemeID, p.Evaluation.SchemeVersion, p.Evaluation.SchemeHash)
	all := report.Figures{Sheet: "全部小区", Heads: []string{"小区", "编号", "物业服务企业", "社区", "乡镇", "结果", "总分"}, Note: note + "得分率为百分数；变化与上一个已公布的同类周期比。"}
	for _, part := range topPartNames(p.Scheme) {
		all.Heads = append(all.Heads, part+"（得分率%）")
	}
	all.Heads = append(all.Heads, "上期总分", "变化", "主要原因")
	moved := map[string]*cycle.Moved{}
	for i := range p.Moved {
		moved[p.Moved[i].Project] = &p.Moved[i]
	}
	for i := range p.Rows {
		r := &p.Rows[i]
		row := []any{r.Name, r.Project, r.Firm, r.Community, r.Township, r.Label, report.Maybe(r.Total, places)}
		for _, rate := range r.Rates {
			row = append(row, report.Maybe(rate, 1))
		}
		was, change, why := any(""), any(""), ""
		if m := moved[r.Project]; m != nil {
			was, change, why = report.Maybe(m.Was, places), report.Maybe(m.Change, places), movedOf(m, places).Why
		}
		all.Rows = append(all.Rows, append(row, was, change, why))
	}
	near := report.Figures{Sheet: "临界", Heads: []string{"小区", "物业服务企业", "总分", "分数线", "相差"}, Note: note + "分数线上下 " + p.Within.String() + " 分以内。"}
	for i := range p.NearCut {
		n := &p.NearCut[i]
		near.Rows = append(near.Rows, []any{n.Name, n.Firm, report.Maybe(n.Total, places), report.Maybe(&n.Cut, places), report.Maybe(&n.Distance, places)})
	}
	late := report.Figures{Sheet: "截止后到达", Heads: []string{"小区", "条数"}, Note: note + "统计截止以后才审核通过，不计入本期。"}
	for _, l := range p.Late {
		late.Rows = append(late.Rows, []any{l.Name, int64(l.Count)})
	}
	return []report.Figures{all, near, late}
}

// topPartNames are the names of the parts of the first level in the order of the scheme.
func topPartNames(s *rating.Scheme) []string {
	var names []string
	for i := range s.Parts {
		if in := s.Parts[i].In; in == "" || in == "total" {
			names = append(names, s.Parts[i].Name)
		}
	}
	return names
}
