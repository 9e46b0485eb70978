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
var standingNames = rulingNames{Notice: "通知书", Decision: "决定书", Document: "凭据文书", Objection: "申诉", Reply: "申诉决定书", Upheld: "申诉成立，撤销决定", Dismissed: "申诉不成立，维持决定"}

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
		row:   standingRow,
		heads: append(append([]string{"小区", "所在社区", "企业", "年度", "原星级", "处理", "理由", "凭据文书", "作出单位", "文号", "生效日期", "状态"}, rulingHeads(standingNames)...), "下一步"),
		cells: standingCells}
	return casePages[standing.Decision, standing.Step]{caseList: list, s: s, cases: s.standings, signs: s.standings, steps: standing.Steps(), forms: func(*standing.Decision) map[standing.Step]caseForm { return rulingForms[standing.Step](standingNames) },
		shared: func(d *standing.Decision) *casework.Case { return &d.Case }, last: func(d *standing.Decision) standing.Step { return d.Last }, signing: func(d *standing.Decision) *policy.Approval { return d.Approval },
		files: func(d *standing.Decision) []caseFile { return rulingFiles(&d.Ruling, standingNames) }, prints: standingPrints, view: standingView, paper: s.standingPaper}
}

// standingRoutes are the pages of the cases; none without them.
func (s *Server) standingRoutes() []Route {
	if s.standings == nil {
		return nil
	}
	return append(s.formRoutes(registerForm{path: standingsPath + "/new", action: policy.HandleStanding, entry: s.decisionEntry, send: s.openStanding, conflictAt: "number", first: true}), s.standingPages().routes()...)
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
	e.Form = restsFields(c, s.standings.Grounds, standingNames, "文书生效的日期")
	return e, nil
}

// openStanding begins a case.
func (s *Server) openStanding(c *fiber.Ctx, by policy.Actor, in *typed) (next string, err error) {
	n := standing.Opening{Project: c.Query("project"), Rests: restsOf(in)}
	err = in.with(func(ctx context.Context) error {
		doc, err := s.standings.Open(ctx, by, n, formIdem(c))
		next = standingsPath + "/" + doc.ID + "?done=draft"
		return err
	})
	return next, err
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
func standingPrints(_ policy.Actor, d *standing.Decision) []caseLink {
	out := []caseLink{{d.Kind() + "事先通知书", "notice"}}
	if d.State == standing.Decided || d.Decision != nil {
		out = append(out, caseLink{d.Kind() + "决定书", "decision"})
	}
	if d.Answer != nil {
		out = append(out, caseLink{"申诉决定书", "answer"})
	}
	return out
}

// standingPaper puts a paper of a case into words.
func (s *Server) standingPaper(ctx context.Context, _ policy.Actor, _ string, d *standing.Decision, print caseLink) (printView, error) {
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
	return rulingTasks(found, standingWork, func(d *standing.Decision) standing.State { return d.State }, func(d *standing.Decision) *casework.Ruling { return &d.Ruling }, can, line, caseWork[standing.State, standing.Step]{verb: "听取降星、摘牌的陈述申辩", button: "去登记"}), err
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
