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
	"redsteward/rating/standing"
	"redsteward/registry/casework"
)

// standingsPath is the list of decisions that lower or remove stars (降星、摘牌).
const standingsPath = "/standings"

// standingNames are the words of these decisions.
var standingNames = rulingNames{Notice: "通知书", Decision: "决定书", Document: "凭据文书", Objection: "申诉", Reply: "申诉决定书", Upheld: "申诉成立，撤销决定", Dismissed: "申诉不成立，维持决定", Period: standing.RuleAppeal}

// standingPages are the pages of the cases.
func (s *Server) standingPages() casePages[standing.Decision, standing.Step] {
	list := caseList[standing.Decision]{path: standingsPath, nav: standingsPath, title: "降星与摘牌", sub: "凭查实的文书立案、通知企业、听取陈述申辩、联审决定；企业可以申诉；公布过的结果不变", find: "小区、企业、理由或文号", opened: "立案日期", figure: "处理", unit: "件", read: policy.ReadStanding,
		nothing: "到期和更换企业的星级自动终止，不用办理。有一票否决、处罚决定或者查实弄虚作假的，在这里立案。", hidden: []string{"project", "firm"},
		begin: func(by policy.Actor) (link, text string) {
			if s.guard.Allow(by, policy.HandleStanding) {
				link = standingsPath + "/new"
			}
			return link, "立案起草"
		},
		links: func(by policy.Actor) []crumb {
			if s.guard.Allow(by, policy.ReadPlate) {
				return []crumb{{"标牌", platesPath}}
			}
			return nil
		},
		filters: func(value map[string]string) []field {
			effect := []option{{Label: "全部"}, {"降星", "降星"}, {"摘牌", "摘牌"}}
			return []field{{Name: "effect", Label: "处理", Options: effect, Value: value["effect"]}, {Name: "ground", Label: "理由", Options: choicesOf("全部", s.standings.Grounds.Grounds()), Value: value["ground"]}, stateFilter(standing.States(), value)}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[standing.Decision], error) {
			return s.standings.List(ctx, by, standing.Filter{Text: value["q"], State: standing.State(value["state"]), Ground: value["ground"], Effect: value["effect"], Project: value["project"], Firm: value["firm"]}, due, after)
		},
		extra: s.showLeads,
		row:   standingRow,
		heads: append(append([]string{"小区", "所在社区", "企业", "年度", "原星级", "处理", "理由", "凭据文书", "作出单位", "文号", "生效日期", "状态"}, rulingHeads(standingNames)...), "下一步"),
		cells: standingCells}
	return casePages[standing.Decision, standing.Step]{caseList: list, s: s, series: seriesOf[standing.Decision, standing.Step]("star-decision"), bears: bearsOf[standing.Decision](map[string]standing.Step{"notice": standing.StepServe, "decision": standing.StepIssue}), cases: s.standings, signs: s.standings, steps: standing.Steps(), forms: func(*standing.Decision) map[standing.Step]caseForm { return rulingForms[standing.Step](standingNames) },
		shared: func(d *standing.Decision) *casework.Case { return &d.Case }, last: func(d *standing.Decision) standing.Step { return d.Last }, signing: func(d *standing.Decision) *policy.Approval { return d.Approval },
		files: func(d *standing.Decision) []caseFile { return rulingFiles(&d.Ruling, standingNames) }, over: func(d *standing.Decision) bool { return d.State.Final() }, prints: s.standingPrints, view: standingView, paper: s.standingPaper}
}

// standingRoutes are the pages of the cases; none without them.
func (s *Server) standingRoutes() []Route {
	if s.standings == nil {
		return nil
	}
	drop := registerForm{path: standingsPath + "/drop", action: policy.HandleStanding, entry: s.dropEntry, send: s.dropLead, conflictAt: "text"}
	return append(append(s.formRoutes(drop), s.formRoutes(registerForm{path: standingsPath + "/new", action: policy.HandleStanding, entry: s.decisionEntry, send: s.openStanding, conflictAt: "number", first: true})...), s.standingPages().routes()...)
}

// decisionEntry is the form with which a case is begun.
func (s *Server) decisionEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e := entry{title: "降星、摘牌立案", nav: standingsPath, entryView: entryView{Crumbs: []crumb{{"降星与摘牌", standingsPath}}, Address: standingsPath + "/new", Button: "立案", Back: standingsPath, Intro: "只凭查实的文书。", Notes: []string{s.standings.Grounds.Basis()}}}
	project, err := s.projectFirst(c, by, &e)
	if project == "" || err != nil {
		return e, err
	}
	row, err := s.registered.OneProject(c.UserContext(), by, project)
	if err != nil {
		return e, err
	}
	e.Address += "?project=" + url.QueryEscape(project)
	e.Crumbs = append(e.Crumbs, crumb{row.Name, projectPath(project)})
	_, _, star, err := s.standings.Of(c.UserContext(), project, s.standings.Today())
	switch {
	case fault.Is(err, fault.NotFound):
		e.Intro = row.Name + "没有公布过的星级，不能立案。"
	case err != nil:
		return e, err
	default:
		e.Intro = row.Name + "现在的星级：" + star.Label + "，" + star.Status.Title() + "，由" + star.FirmName + "服务。只凭查实的文书。"
	}
	var known casework.Rests
	if from := c.Query("from"); from != "" {
		lead, err := s.standings.Lead(c.UserContext(), by, from)
		if err != nil {
			return e, err
		}
		known = lead.Rests()
		e.Address += "&from=" + url.QueryEscape(from)
		e.Notes = append(e.Notes, "已按线索填好："+leadWord(&lead)+"。请对照文书核对、补齐。")
	}
	e.Form = restsFields(c, s.standings.Grounds, standingNames, "文书生效的日期", known)
	return e, nil
}

// openStanding begins a case.
func (s *Server) openStanding(c *fiber.Ctx, by policy.Actor, in *typed) (next string, err error) {
	n := standing.Opening{Project: c.Query("project"), Lead: c.Query("from"), Rests: restsOf(in)}
	err = in.with(func(ctx context.Context) error {
		doc, err := s.standings.Open(ctx, by, n, formIdem(c))
		next = standingsPath + "/" + doc.ID + "?done=draft"
		return err
	})
	return next, err
}

// leadLine is one lead above the list.
type leadLine struct {
	// Name is the compound, with Star and Firm; Word what happened, Paper the document, Link where it stands.
	Name, Star, Firm, Word, Paper, Link, Day string
	// Effect is what a case would do; Begin and Drop lead to the two ways out, "" if there is none now; Said is why none is begun or can be.
	Effect, Begin, Drop, Said string
}

// leadsView is what stands above the list of cases: the leads that wait and those that were dropped.
type leadsView struct{ Open, Dropped []leadLine }

// leadWord is what happened, for people.
func leadWord(l *standing.Lead) string {
	return map[standing.EventKind]string{standing.EventVeto: "一票否决认定生效", standing.EventPenalty: "失信信息登记了处罚决定", standing.EventJudgment: "失信信息登记了生效裁判", standing.EventProof: "评星的佐证材料被抽查追回", standing.EventUnfixed: "责令整改未整改办结",
		standing.EventRefusal: "企业拒不退出", standing.EventComplaints: "同一类有责诉求多次查实"}[l.Kind]
}

// leadPath is the page of what happened.
func leadPath(l *standing.Lead) string {
	return map[standing.EventKind]string{standing.EventVeto: vetoesPath, standing.EventPenalty: creditPath, standing.EventJudgment: creditPath, standing.EventProof: "/proof", standing.EventUnfixed: rectificationsPath, standing.EventRefusal: changesPath, standing.EventComplaints: mattersPath}[l.Kind] + "/" + url.PathEscape(l.ID)
}

// leadLineOf puts a lead into words.
func leadLineOf(l *standing.Lead) leadLine {
	line := leadLine{Name: l.Star.Name, Star: l.PeriodName + l.Star.Label, Firm: l.Star.FirmName, Word: leadWord(l), Paper: joinWords(l.Issuer, l.Number), Link: leadPath(l), Day: l.Day.Chinese(), Effect: l.Effect}
	if l.GroundTitle != "" {
		line.Effect += "：" + l.GroundTitle
	}
	if l.Project == "" {
		line.Word += "，没有写明小区"
	}
	ask := url.Values{"project": {l.Star.Project}, "from": {l.Key}}.Encode()
	switch {
	case l.Dropped != nil:
		line.Said = calendar.DateOf(l.Dropped.At.Time).Chinese() + "：" + l.Dropped.Reason
	case l.Waits:
		line.Said, line.Drop = "这颗星已有一件在办，办结以后才能再立案", standingsPath+"/drop?"+ask
	default:
		line.Begin, line.Drop = standingsPath+"/new?"+ask, standingsPath+"/drop?"+ask
		if l.Source == "" {
			line.Said = "还没有生效文书，作出以后再立案"
		}
	}
	return line
}

// showLeads adds the leads to the list, on its first page without a filter.
func (s *Server) showLeads(c *fiber.Ctx, by policy.Actor, v *casesView) error {
	if v.Filtered || c.Query("after") != "" || !s.guard.Allow(by, policy.HandleStanding) {
		return nil
	}
	leads, err := s.standings.Leads(c.UserContext(), by)
	if len(leads) == 0 || err != nil {
		return err
	}
	v.Leads = &leadsView{}
	for i := range leads {
		if line := leadLineOf(&leads[i]); leads[i].Dropped != nil {
			v.Leads.Dropped = append(v.Leads.Dropped, line)
		} else {
			v.Leads.Open = append(v.Leads.Open, line)
		}
	}
	return nil
}

// dropEntry is the form in which somebody says why no case is begun.
func (s *Server) dropEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e := entry{title: "不予立案", nav: standingsPath}
	lead, err := s.standings.Lead(c.UserContext(), by, c.Query("from"))
	if err != nil {
		return e, err
	}
	line := leadLineOf(&lead)
	e.entryView = entryView{Crumbs: []crumb{{"降星与摘牌", standingsPath}, {line.Name, projectPath(lead.Star.Project)}}, Intro: line.Name + "（" + line.Star + "，" + line.Firm + "）：" + line.Word + "，" + line.Day + "。立案的话：" + line.Effect + "。",
		Notes: []string{"决定和理由留在记录里，列在“降星与摘牌”下面；以后有新的文书还可以立案。"}, Address: standingsPath + "/drop?from=" + url.QueryEscape(lead.Key), Button: "不予立案", Back: standingsPath,
		Form: []field{{Name: "text", Label: "不予立案的理由", Rows: 4, Value: typedOr(c, "text", ""), Hint: "4 至 400 字，不要写个人的姓名和电话"}}}
	return e, nil
}

// dropLead records that no case is begun.
func (s *Server) dropLead(c *fiber.Ctx, by policy.Actor, in *typed) (string, error) {
	reason := in.text("text")
	return standingsPath, in.with(func(ctx context.Context) error { return s.standings.Drop(ctx, by, c.Query("from"), reason) })
}

func standingRow(clock taskClock, id string, d *standing.Decision) caseRow {
	r := caseRow{Path: standingsPath + "/" + id, Name: d.Name, Place: d.FirmName, Title: d.GroundTitle, State: d.State.Title(), Next: d.Next(), Figure: d.GradeTitle + "，" + d.Effect(), Opened: d.Opened.Chinese()}
	if r.Short = d.Effect(); d.State != standing.InEffect {
		clock.dueIn(&r, d.Clock, false)
	}
	return r
}

// standingCells are the row of a case in Excel.
func standingCells(d *standing.Decision) [][]any {
	row := []any{d.Name, d.Place, d.FirmName, d.PeriodName, d.GradeTitle, d.Effect(), d.GroundTitle, d.SourceTitle, d.Issuer, d.Document.Number, d.Document.Day, d.State.Title()}
	return [][]any{append(append(row, rulingCells(&d.Ruling)...), d.Next())}
}

// standingView adds to a page what only these cases have.
func standingView(_ *fiber.Ctx, _ policy.Actor, d *standing.Decision, v *caseView, _ url.Values, _ []fault.Field) error {
	v.Title, v.Sub, v.State, v.Next = d.Name+"："+d.Kind(), d.FirmName, d.State.Title(), d.Next()
	since := ""
	if d.Counts(d.From) && !d.From.IsZero() {
		since = "自" + d.From.Chinese() + "起"
	}
	v.Facts = filled([][2]string{{"物业服务企业", d.FirmName}, {"星级", d.PeriodName + d.GradeTitle + "（" + d.Award + "）"}, {"处理", d.Effect()}, {"理由", d.GroundTitle}, {"凭据文书", d.Issuer + d.SourceTitle + "，" + d.Document.Number + "，" + d.Document.Day.Chinese() + "生效"}, {"认定的事实", d.Document.Text},
		{"通知", paperText(d.Notice)}, {"联审", paperText(d.Minutes)}, {"决定书", paperText(d.Decision)}, {"生效", since}})
	rulingNotes(v, &d.Ruling, standingNames, "申诉中", "维持决定", "已撤销")
	return nil
}

// standingPrints are the papers of a case: the notice, the decision once every seat agreed, and what was decided about the appeal.
func (s *Server) standingPrints(by policy.Actor, d *standing.Decision) []caseLink {
	out := []caseLink{{d.Kind() + "事先通知书", "notice"}}
	if d.State == standing.Decided || d.Decision != nil {
		out = append(out, caseLink{d.Kind() + "决定书", "decision"})
	}
	if d.Answer != nil {
		out = append(out, caseLink{"申诉决定书", "answer"})
	}
	return s.hears(by, policy.HearStanding, &d.Ruling, d.State == standing.Hearing, out)
}

// standingPaper puts a paper of a case into words.
func (s *Server) standingPaper(ctx context.Context, _ policy.Actor, _ string, d *standing.Decision, print caseLink) (printView, error) {
	if print.Link == "hearing" {
		return hearingRecord(&d.Ruling, d.Kind()+"："+d.GroundTitle, paperNumber(d.Notice)), nil
	}
	v := printView{Title: print.Title, To: d.FirmName, Date: s.clockOf(ctx).today.Chinese()}
	v.Rows = [][2]string{{"小区", d.Place + " " + d.Name}, {"公布的星级", d.PeriodName + d.GradeTitle + "（" + d.Award + "）"}, {"处理", d.Effect()}, {"理由", d.GroundTitle}, {"凭据文书", d.Issuer + d.SourceTitle + "，" + d.Document.Number}, {"生效日期", d.Document.Day.Chinese()}, {"认定的事实", d.Document.Text}}
	switch print.Link {
	case "notice":
		v.dated(d.Notice)
		v.Words = []string{"你单位服务的" + d.Name + "，在" + d.PeriodName + s.set.Rating + "中评为" + d.GradeTitle + "。有下列文书查实的情形，拟" + d.Effect() + "。", "你单位可以在收到本通知书次日起 " + periodText(s.standings.Desk, standing.RuleHearing) + "内向我局陈述申辩、提交证据；期满没有提出的，视为放弃。本通知书不是行政处罚。"}
	case "decision":
		v.dated(d.Decision)
		plate := "原来的标牌自本决定送达之日起收回，请摘下交回；"
		if d.To != "" {
			plate += "我局换发" + d.ToTitle + "的标牌。"
		} else {
			plate += "不得再使用星级的名称和标牌。"
		}
		v.Words = []string{"你单位服务的" + d.Name + "，有下列文书查实的情形。" + heardText(&d.Ruling) + "经联审（" + d.Minutes.Number + "）决定，自本决定书送达之日起" + d.Effect() + "。" + plate,
			"对本决定不服的，可以在收到次日起 " + periodText(s.standings.Desk, standing.RuleAppeal) + "内向我局申诉，由没有参与决定的人复核；复核以前决定有效。已经公布的评价结果不变。本决定是行业评价的决定，不是行政处罚。"}
		v.Hash = hashGroups(d.Approval.SubjectHash)
	case "answer":
		v.dated(d.Answer)
		result := "申诉不成立，维持" + d.Kind() + "决定（" + d.Decision.Number + "）。"
		if d.Upheld {
			result = "申诉成立，撤销" + d.Kind() + "决定（" + d.Decision.Number + "），恢复原来的星级和标牌。"
		}
		v.Words = []string{"你单位对" + d.Name + "的" + d.Kind() + "决定（" + d.Decision.Number + "）提出的申诉，已经由没有参与决定的人复核。" + result}
		v.Rows = append(v.Rows, [2]string{"申诉", d.Objection.Text}, [2]string{"复核的理由", d.Answer.Text})
	}
	return v, nil
}

// StandingTasks is the work with decisions that lower or remove stars, for everybody whose step is next.
type StandingTasks struct {
	// Standings keeps them, and tells who may do what.
	Standings *standing.Service
}

// standingWork are the steps that stand on a to-do page, the most pressing first.
var standingWork = []caseWork[standing.State, standing.Step]{
	{standing.StepSign, []standing.State{standing.Approving}, "降星、摘牌联审，签署", "去签署"},
	{standing.StepAnswer, []standing.State{standing.Appealed}, "作出对降星、摘牌的申诉决定", "去答复"},
	{standing.StepIssue, []standing.State{standing.Decided}, "送达降星、摘牌决定书", "去登记"},
	{standing.StepAppeal, []standing.State{standing.InEffect}, "降星、摘牌已经决定，可以申诉", "去申诉"},
	{standing.StepPlead, []standing.State{standing.Hearing}, "拟降星、摘牌，陈述申辩", "去陈述"},
	{standing.StepSend, []standing.State{standing.Hearing, standing.SentBack}, "降星、摘牌，提交联审", "去提交"},
	{standing.StepServe, []standing.State{standing.Draft}, "送达降星、摘牌通知书", "去登记"},
	{standing.StepScan, []standing.State{standing.Draft}, "降星、摘牌，上传凭据文书", "去上传"},
}

// Tasks implements Tasks.
func (t StandingTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Standings.Guard.Allow(by, policy.ReadStanding) {
		return nil, nil
	}
	found, err := openCases(func(after string) (store.Page[standing.Decision], error) {
		return t.Standings.List(ctx, by, standing.Filter{}, false, after)
	})
	can := func(d *standing.Decision, do standing.Step) bool { return t.Standings.Can(ctx, by, d, do) }
	line := func(id string, d *standing.Decision, w caseWork[standing.State, standing.Step]) Task {
		return Task{Title: d.Name + "：" + w.verb, Context: d.Effect() + "，" + d.GroundTitle, Party: d.FirmName, Link: standingsPath + "/" + id, Button: w.button, Nav: standingsPath}
	}
	if err != nil {
		return nil, err
	}
	out, err := t.leads(ctx, by)
	return append(out, rulingTasks(found, standingWork, func(d *standing.Decision) standing.State { return d.State }, func(d *standing.Decision) *casework.Ruling { return &d.Ruling }, can, line, caseWork[standing.State, standing.Step]{verb: "听取降星、摘牌的陈述申辩", button: "去登记"})...), err
}

// leads are the lines about what a case could be begun from, for who begins cases.
func (t StandingTasks) leads(ctx context.Context, by policy.Actor) ([]Task, error) {
	if !t.Standings.Guard.Allow(by, policy.HandleStanding) {
		return nil, nil
	}
	leads, err := t.Standings.Leads(ctx, by)
	var out []Task
	stars, at := map[string]int{}, map[string]int{}
	for i := range leads { // what is about a firm is one line, however many stars it has
		line, event := leadLineOf(&leads[i]), string(leads[i].Kind)+"/"+leads[i].ID
		if line.Begin == "" {
			continue
		}
		if stars[event]++; stars[event] > 1 {
			out[at[event]].Title = line.Firm + "的 " + count(stars[event]) + " 个小区：研究要不要降星、摘牌"
			continue
		}
		at[event] = len(out)
		out = append(out, Task{Title: line.Name + "：研究要不要降星、摘牌", Context: line.Word + "，" + line.Day, Party: line.Firm, Link: standingsPath, Button: "去研究", Nav: standingsPath})
	}
	return out, err
}

// standings adds the decisions about stars to a dossier.
func (d *dossier) standings(of about) {
	d.part(d.s.standings != nil, policy.ReadStanding, dossierPart{ID: "standings", Title: "降星与摘牌", Heads: []string{"理由", "状态", "处理", "小区", "企业", "凭据文书", "立案日期", "通知日期", "送达日期"}, More: standingsPath}, func(p *dossierPart) error {
		docs, err := openCases(func(after string) (store.Page[standing.Decision], error) {
			return d.s.standings.List(d.c.UserContext(), d.by, standing.Filter{Project: of.project, Firm: of.firm}, false, after)
		})
		for i := range docs {
			one := &docs[i].State
			told := calendar.Date{}
			if one.Notice != nil {
				told = one.Notice.Day
			}
			p.add(standingsPath+"/"+docs[i].ID, one.GroundTitle, one.State.Title(), one.Effect(), one.Name, one.FirmName, one.Document.Number, one.Opened, told, one.From)
		}
		return err
	})
}

// searchStandings finds cases by compound, firm, ground and number of a paper.
func (s *Server) searchStandings(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.standings.List(ctx, by, standing.Filter{Text: text}, false, "")
	for i := range found.Docs {
		d := &found.Docs[i].State
		g.add(d.Name+"："+d.Effect(), standingsPath+"/"+found.Docs[i].ID, d.FirmName, d.State.Title(), d.Document.Number)
	}
	g.More, g.Over = foundIn(standingsPath, text), found.Next != ""
	return err
}
