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
	"redsteward/registry/casework"
	"redsteward/supervision/veto"
)

// vetoesPath is the list of decisions of 一票否决.
const vetoesPath = "/vetoes"

// vetoPages are the pages of vetoes.
func (s *Server) vetoPages() casePages[veto.Veto, veto.Step] {
	list := caseList[veto.Veto]{path: vetoesPath, nav: vetoesPath, title: "一票否决认定", sub: "凭生效文书立案、告知企业、听取陈述申辩、联审决定；有效期内的小区不评星", find: "小区、企业、理由或文号", opened: "生效日期", figure: "有效至", unit: "件", read: policy.ReadVeto,
		nothing: "有处罚决定、生效裁判、事故调查报告、重大火灾隐患判定或者纪检通报的，在这里立案。", hidden: []string{"project", "firm"},
		begin: func(by policy.Actor) (link, text string) {
			if s.guard.Allow(by, policy.HandleVeto) {
				link = vetoesPath + "/new"
			}
			return link, "立案起草"
		},
		filters: func(value map[string]string) []field {
			return []field{{Name: "ground", Label: "理由", Options: choicesOf("全部", s.vetoes.Terms.Grounds()), Value: value["ground"]}, stateFilter(veto.States(), value)}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[veto.Veto], error) {
			return s.vetoes.List(ctx, by, veto.Filter{Text: value["q"], State: veto.State(value["state"]), Ground: value["ground"], Project: value["project"], Firm: value["firm"]}, due, after)
		},
		row:   vetoRow,
		heads: append(append([]string{"小区", "所在社区", "企业", "理由", "生效文书", "作出单位", "文号", "生效日期", "状态"}, rulingHeads(vetoNames)...), "有效至", "下一步"),
		cells: s.vetoCells}
	return casePages[veto.Veto, veto.Step]{caseList: list, s: s, series: seriesOf[veto.Veto, veto.Step]("veto"), bears: bearsOf[veto.Veto](map[string]veto.Step{"notice": veto.StepServe, "decision": veto.StepIssue}), cases: s.vetoes, signs: s.vetoes, steps: veto.Steps(), forms: vetoForms,
		shared: func(v *veto.Veto) *casework.Case { return &v.Case }, last: func(v *veto.Veto) veto.Step { return v.Last }, signing: func(v *veto.Veto) *policy.Approval { return v.Signing() },
		files: vetoFiles, over: func(k *veto.Veto) bool { return k.State.Final() }, prints: s.vetoPrints, view: s.vetoView, paper: s.vetoPaper}
}

// vetoRoutes are the pages of vetoes; none without them.
func (s *Server) vetoRoutes() []Route {
	if s.vetoes == nil {
		return nil
	}
	return append(s.formRoutes(registerForm{path: vetoesPath + "/new", action: policy.HandleVeto, entry: s.vetoEntry, send: s.openVeto, conflictAt: "number", first: true}), s.vetoPages().routes()...)
}

// vetoEntry is the form with which a case is begun.
func (s *Server) vetoEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e := entry{title: "一票否决立案", nav: vetoesPath, entryView: entryView{Crumbs: []crumb{{"一票否决认定", vetoesPath}}, Address: vetoesPath + "/new", Button: "立案", Back: vetoesPath, Intro: "只凭已经生效的文书。", Notes: []string{s.vetoes.Terms.Basis()}}}
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
	e.Form = restsFields(c, s.vetoes.Terms, vetoNames, "认定的是这一天服务这个小区的企业", casework.Rests{})
	return e, nil
}

// openVeto begins a case.
func (s *Server) openVeto(c *fiber.Ctx, by policy.Actor, in *typed) (next string, err error) {
	n := veto.Opening{Project: c.Query("project"), Rests: restsOf(in)}
	err = in.with(func(ctx context.Context) error {
		doc, err := s.vetoes.Open(ctx, by, n, formIdem(c))
		next = vetoesPath + "/" + doc.ID + "?done=draft"
		return err
	})
	return next, err
}

func vetoRow(clock taskClock, id string, v *veto.Veto) caseRow {
	r := caseRow{Path: vetoesPath + "/" + id, Name: v.Name, Place: v.FirmName, Title: v.GroundTitle, State: v.StateOn(clock.today).Title(), Next: v.Next(clock.today), Figure: v.Until.Chinese(), Opened: v.Opened.Chinese()}
	if v.State == veto.Revoked {
		r.Figure = ""
	}
	if v.State != veto.InForce { // what stands says until when
		clock.dueIn(&r, v.Clock, false)
		if r.Figure != "" {
			r.Short = "有效至" + r.Figure
		}
	}
	return r
}

// vetoNames are the words of vetoes.
var vetoNames = rulingNames{Notice: "告知书", Decision: "认定书", Document: "生效文书", Objection: "异议", Reply: "答复书", Upheld: "异议成立，撤销认定", Dismissed: "异议不成立，维持认定", Period: veto.RuleObjection}

// vetoCells are the row of a case in Excel.
func (s *Server) vetoCells(v *veto.Veto) [][]any {
	on := s.vetoes.Today()
	row := []any{v.Name, v.Place, v.FirmName, v.GroundTitle, v.SourceTitle, v.Issuer, v.Document.Number, v.Opened, v.StateOn(on).Title()}
	return [][]any{append(append(row, rulingCells(&v.Ruling)...), v.Until, v.Next(on))}
}

// vetoForms are the forms of the steps.
func vetoForms(*veto.Veto) map[veto.Step]caseForm {
	forms := rulingForms[veto.Step](vetoNames)
	forms[veto.StepEase] = caseForm{number: "联审纪要文号", day: "联审日期", text: "提前解除的理由", file: "联审纪要", aside: true, hint: "和认定一样经联审会签、签发；同意以后当天解除。"}
	return forms
}

// vetoView adds to a page what only vetoes have.
func (s *Server) vetoView(c *fiber.Ctx, _ policy.Actor, k *veto.Veto, v *caseView, _ url.Values, _ []fault.Field) error {
	on := s.clockOf(c.UserContext()).today
	v.Title, v.Sub, v.State, v.Next = k.Name+"：一票否决认定", k.FirmName, k.StateOn(on).Title(), k.Next(on)
	v.Facts = s.vetoFacts(k)
	rulingNotes(v, &k.Ruling, vetoNames, "异议中", "维持认定", "已撤销")
	if k.Lifting != nil {
		v.Letter, v.LetterTitle = s.approvalLevels(k.Lifting), "提前解除"
	}
	return nil
}

// vetoFacts are what is known about a case, line by line.
func (s *Server) vetoFacts(k *veto.Veto) [][2]string {
	stands := ""
	if !k.From.IsZero() {
		stands = k.From.Chinese() + "至" + k.Until.Chinese()
	}
	return filled([][2]string{{"物业企业", k.FirmName}, {"理由", k.GroundTitle}, {"生效文书", k.Issuer + k.SourceTitle + "，" + k.Document.Number + "，" + k.Document.Day.Chinese() + "生效"}, {"认定的事实", k.Document.Text}, {"告知", paperText(k.Notice)}, {"联审", paperText(k.Minutes)},
		{"认定书", paperText(k.Decision)}, {"有效期", stands}, {"提请解除", paperText(k.Lift)}})
}

// vetoFiles are the files of a case.
func vetoFiles(k *veto.Veto) []caseFile {
	out := rulingFiles(&k.Ruling, vetoNames)
	out.paper("lift", "提前解除的联审纪要", k.Lift)
	return out
}

// vetoPrints are the papers of a case: the notice, and once every seat agreed the decision.
func (s *Server) vetoPrints(by policy.Actor, k *veto.Veto) []caseLink {
	out := []caseLink{{"一票否决告知书", "notice"}}
	if k.State == veto.Decided || k.Decision != nil {
		out = append(out, caseLink{"一票否决认定书", "decision"})
	}
	if k.State == veto.Lifted {
		out = append(out, caseLink{"解除一票否决认定决定书", "lift"})
	}
	if k.Answer != nil {
		out = append(out, caseLink{"一票否决异议答复书", "answer"})
	}
	return s.hears(by, policy.HearVeto, &k.Ruling, k.State == veto.Hearing, out)
}

// vetoPaper puts a paper of a case into words.
func (s *Server) vetoPaper(ctx context.Context, _ policy.Actor, _ string, k *veto.Veto, print caseLink) (printView, error) {
	if print.Link == "hearing" {
		return hearingRecord(&k.Ruling, "一票否决："+k.GroundTitle, paperNumber(k.Notice)), nil
	}
	v := printView{Title: print.Title, To: k.FirmName, Date: s.clockOf(ctx).today.Chinese()}
	v.Rows = [][2]string{{"小区", k.Place + " " + k.Name}, {"理由", k.GroundTitle}, {"生效文书", k.Issuer + k.SourceTitle + "，" + k.Document.Number}, {"生效日期", k.Document.Day.Chinese()}, {"认定的事实", k.Document.Text}}
	switch print.Link {
	case "notice":
		v.dated(k.Notice)
		v.Words = []string{"你单位服务的" + k.Name + "，有下列生效文书认定的情形，拟认定为一票否决：有效期内这个小区不评星，有效期 " + strconv.FormatInt(k.Months, 10) + " 个月。", "你单位可以在收到本告知书次日起 " + periodText(s.vetoes.Desk, veto.RuleHearing) + "内向我局陈述申辩、提交证据；期满没有提出的，视为放弃。本告知书不是行政处罚。"}
	case "decision":
		v.dated(k.Decision)
		v.Words = []string{"你单位服务的" + k.Name + "，有下列生效文书认定的情形。" + heardText(&k.Ruling) + "经联审（" + k.Minutes.Number + "）决定，认定为一票否决。", "对本认定有异议的，可以在收到次日起 " + periodText(s.vetoes.Desk, veto.RuleObjection) + "内向我局书面提出，由没有参与认定的人答复；答复以前认定有效。本认定是行业评价的决定，不是行政处罚。"}
		stands := "自送达之日起 " + strconv.FormatInt(k.Months, 10) + " 个月"
		if k.Decision != nil {
			stands = k.From.Chinese() + "至" + k.From.AddMonths(int(k.Months)).Add(-1).Chinese()
		}
		v.Rows = append(v.Rows, [2]string{"有效期", stands})
		v.Hash = hashGroups(k.Approval.SubjectHash)
	case "answer":
		v.dated(k.Answer)
		result := "异议不成立，维持一票否决认定（" + k.Decision.Number + "）。"
		if k.Upheld {
			result = "异议成立，撤销一票否决认定（" + k.Decision.Number + "）。"
		}
		v.Words = []string{"你单位对" + k.Name + "的一票否决认定（" + k.Decision.Number + "）提出的异议，已经由没有参与认定的人核查。" + result}
		v.Rows = append(v.Rows, [2]string{"异议", k.Objection.Text}, [2]string{"答复的理由", k.Answer.Text})
	case "lift":
		// The number is that of the minutes: a decision that bears it as its own would be a second paper of that number.
		v.Date = k.Lift.Day.Chinese()
		v.Words = []string{"对你单位服务的" + k.Name + "的一票否决认定（" + k.Decision.Number + "），经联审（" + k.Lift.Number + "）决定提前解除，有效期到" + k.Until.Chinese() + "为止。"}
		v.Rows = append(v.Rows, [2]string{"解除的理由", k.Lift.Text})
		v.Hash = hashGroups(k.Lifting.SubjectHash)
	}
	return v, nil
}

// VetoTasks is the work with vetoes, for everybody whose step is next.
type VetoTasks struct {
	// Vetoes keeps them, and tells who may do what.
	Vetoes *veto.Service
}

// vetoWork are the steps that stand on a to-do page, the most pressing first.
var vetoWork = []caseWork[veto.State, veto.Step]{
	{veto.StepSign, []veto.State{veto.Approving, veto.Easing}, "一票否决联审，签署", "去签署"},
	{veto.StepAnswer, []veto.State{veto.Objected}, "答复对一票否决认定的异议", "去答复"},
	{veto.StepIssue, []veto.State{veto.Decided}, "送达一票否决认定书", "去登记"},
	{veto.StepPlead, []veto.State{veto.Hearing}, "一票否决告知，陈述申辩", "去陈述"},
	{veto.StepSend, []veto.State{veto.Hearing, veto.SentBack}, "一票否决，提交联审", "去提交"},
	{veto.StepServe, []veto.State{veto.Draft}, "送达一票否决告知书", "去登记"},
	{veto.StepScan, []veto.State{veto.Draft}, "一票否决，上传生效文书", "去上传"},
}

// Tasks implements Tasks.
func (t VetoTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Vetoes.Guard.Allow(by, policy.ReadVeto) {
		return nil, nil
	}
	found, err := openCases(func(after string) (store.Page[veto.Veto], error) {
		return t.Vetoes.List(ctx, by, veto.Filter{}, true, after)
	})
	can := func(v *veto.Veto, do veto.Step) bool { return t.Vetoes.Can(ctx, by, v, do) }
	line := func(id string, v *veto.Veto, w caseWork[veto.State, veto.Step]) Task {
		return Task{Title: v.Name + "：" + w.verb, Context: v.GroundTitle + "，" + v.Document.Number, Party: v.FirmName, Link: vetoesPath + "/" + id, Button: w.button, Nav: vetoesPath}
	}
	return rulingTasks(found, vetoWork, func(v *veto.Veto) veto.State { return v.State }, func(v *veto.Veto) *casework.Ruling { return &v.Ruling }, can, line, caseWork[veto.State, veto.Step]{verb: "听取一票否决的陈述申辩", button: "去登记"}), err
}

// vetoesOf are the cases of a project or firm for its dossier, the latest document first.
func (s *Server) vetoesOf(ctx context.Context, by policy.Actor, f veto.Filter) ([]store.Doc[veto.Veto], error) {
	return openCases(func(after string) (store.Page[veto.Veto], error) { return s.vetoes.List(ctx, by, f, false, after) })
}

// vetoes adds the decisions of 一票否决 to a dossier.
func (d *dossier) vetoes(of about) {
	d.part(d.s.vetoes != nil, policy.ReadVeto, dossierPart{ID: "vetoes", Title: "一票否决认定", Heads: []string{"理由", "状态", "小区", "企业", "生效文书", "生效日期", "告知日期", "认定日期", "有效至"}, More: vetoesPath}, func(p *dossierPart) error {
		docs, err := d.s.vetoesOf(d.c.UserContext(), d.by, veto.Filter{Project: of.project, Firm: of.firm})
		on := d.s.clockOf(d.c.UserContext()).today
		for i := range docs {
			v := &docs[i].State
			told := calendar.Date{}
			if v.Notice != nil {
				told = v.Notice.Day
			}
			p.add(vetoesPath+"/"+docs[i].ID, v.GroundTitle, v.StateOn(on).Title(), v.Name, v.FirmName, v.Document.Number, v.Opened, told, v.From, v.Until)
		}
		return err
	})
}

// searchVetoes finds vetoes by compound, firm, ground and number of a paper.
func (s *Server) searchVetoes(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	found, err := s.vetoes.List(ctx, by, veto.Filter{Text: text}, false, "")
	on := s.clockOf(ctx).today
	for i := range found.Docs {
		v := &found.Docs[i].State
		g.add(v.Name+"："+v.GroundTitle, vetoesPath+"/"+found.Docs[i].ID, v.FirmName, v.StateOn(on).Title(), v.Document.Number)
	}
	g.More, g.Over = foundIn(vetoesPath, text), found.Next != ""
	return err
}
