package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/conduct"
	"redsteward/supervision"
	"redsteward/supervision/rectification"
)

// rectificationsPath is the list of what is to be put right.
const rectificationsPath = "/rectifications"

// rectificationPages are the pages of rectifications.
func (s *Server) rectificationPages() casePages[rectification.Case, rectification.Step] {
	list := caseList[rectification.Case]{path: rectificationsPath, nav: rectificationsPath, title: "整改", sub: "走访、检查发现的问题：文书、送达、回复、复查、升级；复查看到改好的才算整改", find: "小区、企业或问题", opened: "走访日期", figure: "已核实", unit: "件", read: policy.ReadRectification,
		nothing: "走访复核通过、检查笔录签收后，发现的问题在这里起草文书。", hidden: []string{"project", "firm"},
		begin: func(by policy.Actor) (link, text string) {
			if s.guard.Allow(by, policy.HandleRectification) {
				link = rectificationsPath + "/new"
			}
			return link, "起草文书"
		},
		links: func(by policy.Actor) []crumb {
			out := append([]crumb{{"三张清单", issuesPath}}, s.urges(by, "rectifications")...)
			if s.guard.Allow(by, policy.HandleRectification) {
				out = append(out, crumb{"批量提醒、督办", rectificationsPath + "/urge"})
			}
			return out
		},
		filters: func(value map[string]string) []field {
			return []field{codeFilter("kind", "文书", supervision.PaperKinds(), value), stateFilter(rectification.States(), value)}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[rectification.Case], error) {
			return s.rectifications.List(ctx, by, rectification.Filter{Text: value["q"], State: rectification.State(value["state"]), Kind: supervision.PaperKind(value["kind"]), Project: value["project"], Firm: value["firm"]}, due, after)
		},
		row:   rectificationRow,
		heads: []string{"小区", "企业", "文书", "文号", "移送单位", "状态", "走访日期", "送达日期", "期限", "条目", "问题", "要求", "这一项", "一年内第几次", "整改情况", "复查情况", "复查未过（次）", "办结日期"},
		cells: rectificationCells}
	return casePages[rectification.Case, rectification.Step]{caseList: list, s: s,
		series: func(k *rectification.Case, do rectification.Step) string {
			return k.Code(do)
		},
		bears: func(k *rectification.Case, link string) rectification.Step {
			switch {
			case link == "next":
				return rectification.StepRung
			case link != "paper":
				return ""
			case k.Kind == supervision.PaperTransfer:
				return rectification.StepHandOver
			}
			return rectification.StepServe
		},
		cases: s.rectifications, signs: s.rectifications, steps: rectification.Steps(), forms: s.rectificationForms,
		shared: func(k *rectification.Case) *casework.Case { return &k.Case }, last: func(k *rectification.Case) rectification.Step { return k.Last }, signing: func(k *rectification.Case) *policy.Approval { return k.Approval },
		files: rectificationFiles, over: func(k *rectification.Case) bool { return k.State.Final() }, parts: s.rectificationParts, prints: s.rectificationPrints, view: s.rectificationView, paper: s.rectificationPrint, said: map[string]string{"draft": "已起草，核对后送审。", "address": "已登记送达地址确认书。"}}
}

// rectificationRoutes are the pages of rectifications; none without them.
func (s *Server) rectificationRoutes() []Route {
	if s.rectifications == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, rectificationsPath + "/:id<maxLen(64)>"
	return append(append(s.issueRoutes(), []Route{{Method: get, Path: rectificationsPath + "/new", Action: policy.HandleRectification, Handler: s.newRectification}, {Method: post, Path: rectificationsPath + "/new", Action: policy.HandleRectification, Handler: s.draftRectification},
		{Method: get, Path: one + "/address", Action: policy.HandleRectification, Handler: s.serviceAddress}, {Method: post, Path: one + "/address", Action: policy.HandleRectification, Handler: s.confirmServiceAddress, Upload: maxFundForm}}...),
		append(s.rectificationUrges().routes(s), s.rectificationPages().routes()...)...)
}

func rectificationRow(clock taskClock, id string, c *rectification.Case) caseRow {
	r := caseRow{Path: rectificationsPath + "/" + id, Name: c.Name, Title: c.Kind.Title(), Place: c.FirmName, State: c.State.Title(), Next: c.Next(clock.now), Figure: count(len(c.Findings)-len(c.Open())) + " / " + count(len(c.Findings)), Opened: c.Opened.Chinese()}
	if r.Short = "已核实 " + r.Figure + " 项"; c.To != "" {
		r.Place = "移送：" + c.To
	}
	clock.dueIn(&r, c.Clock, false)
	return r
}

// rectificationCells are the rows of a case in Excel, a finding each.
func rectificationCells(k *rectification.Case) [][]any {
	var out [][]any
	for i := range k.Findings {
		f := &k.Findings[i]
		row := []any{k.Name, k.FirmName, k.Kind.Title(), "", k.To, k.State.Title(), k.Opened, nil, k.Clock.Due, f.Item, f.Problem, f.Request, f.Standing(), f.Before + 1, "", "", f.Failed, k.Closed}
		if k.Served != nil {
			row[3], row[7] = k.Served.Number, k.Served.Day
		}
		if f.Answer != nil {
			row[14] = f.Answer.Text
		}
		if f.Look != nil {
			row[15] = f.Look.Text
		}
		out = append(out, row)
	}
	return out
}

// rectificationNewView is what rectification_new.html shows: the visits that wait, or the papers of one.
type rectificationNewView struct {
	Rows   []rectificationVisit
	Next   string
	Visit  string
	Name   string
	Groups []rectificationGroup
	Error  string
}

type rectificationVisit struct{ Link, Name, Sheet, Day, Kinds string }

type rectificationGroup struct {
	Title, To, Kind, Key, Case string
	Findings                   []supervision.Finding
}

// newRectification lists the visits of which papers wait, and then the papers of one visit.
func (s *Server) newRectification(c *fiber.Ctx, by policy.Actor) error {
	if visit := c.Query("visit"); visit != "" {
		return s.showDraft(c, by, visit, nil)
	}
	waiting, err := s.rectifications.Waiting(c.UserContext(), by, c.Query("after"))
	if err != nil {
		return err
	}
	v := rectificationNewView{Next: nextPage(c, waiting.Next)}
	for _, d := range waiting.Docs {
		var kinds []string
		for _, k := range supervision.PaperKinds() {
			if n := d.State.Kinds[k]; n > 0 {
				kinds = append(kinds, k.Title()+" "+count(n)+" 项")
			}
		}
		v.Rows = append(v.Rows, rectificationVisit{rectificationsPath + "/new?visit=" + url.QueryEscape(d.ID), d.State.Name, d.State.Sheet, d.State.Day.Chinese(), strings.Join(kinds, "、")})
	}
	return s.render(c, by, "rectification_new", page{Title: "起草整改文书", Nav: rectificationsPath, Data: v})
}

func (s *Server) showDraft(c *fiber.Ctx, by policy.Actor, visit string, refused []fault.Field) error {
	found, groups, err := s.rectifications.Groups(c.UserContext(), by, visit)
	if err != nil {
		return err
	}
	v := rectificationNewView{Visit: visit, Name: found.Name + "，" + found.Day.Chinese() + found.Sheet}
	for i, g := range groups {
		one := rectificationGroup{Title: g.Kind.Title(), To: g.To, Kind: string(g.Kind), Key: newKey() + strconv.Itoa(i), Findings: g.Findings}
		if g.Case != "" {
			one.Case = rectificationsPath + "/" + g.Case
		}
		v.Groups = append(v.Groups, one)
	}
	for _, f := range refused {
		v.Error = f.Message
	}
	p := page{Title: "起草整改文书", Nav: rectificationsPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "rectification_new", p)
	}
	return s.render(c, by, "rectification_new", p)
}

// draftRectification drafts a paper and shows it.
func (s *Server) draftRectification(c *fiber.Ctx, by policy.Actor) error {
	visit := c.FormValue("visit")
	doc, err := s.rectifications.Draft(c.UserContext(), by, visit, supervision.PaperKind(c.FormValue("kind")), c.FormValue("to"), formIdem(c))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showDraft(c, by, visit, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, rectificationsPath+"/"+doc.ID+"?done=draft")
}

// rectificationForms are the forms of the steps.
func (s *Server) rectificationForms(k *rectification.Case) map[rectification.Step]caseForm {
	var waiting, looks []option
	for _, f := range k.Findings {
		if f.Fixed {
			continue
		}
		what := f.Item + " " + f.Sentence
		if f.Answer == nil {
			waiting = append(waiting, option{f.Item, what})
		}
		if f.Look == nil {
			looks = append(looks, option{f.Item + ":fixed", what + "：已整改"}, option{f.Item + ":failed", what + "：未整改"})
		}
	}
	please := []option{{Label: "请选择"}}
	served := caseForm{number: "文号", day: "送达日期", choice: "送达方式", choices: choicesOf("请选择", rectification.Means()), file: "送达回证或者回执", hint: "企业的整改期限从送达的次日起算。电子送达的不用上传。"}
	var period caseForm
	if period = (caseForm{hint: "送审的人不能再审批这一件。"}); k.Kind != supervision.PaperTransfer {
		period.choice, period.choices = "整改期限", choicesOf("请选择", s.rectificationPeriods())
	}
	now := s.clocks.Business()
	rungs := caseForm{choice: "升级措施", choices: choicesOf("请选择", rectification.RungKinds()), number: "文号（没有的不填）", day: "日期", text: "内容", file: "约谈记录、移送函回执（约谈、移送的要传）", hint: "系统建议：" + registry.TextOf(rectification.RungKinds(), k.Proposed(now)) + "。由你确认，一步一步来；不称为处罚。"}
	return map[rectification.Step]caseForm{
		rectification.StepSend:     period,
		rectification.StepServe:    served,
		rectification.StepHandOver: {number: "文号", day: "移送日期", file: "受移送单位的回执", hint: "移送给" + k.To + "。"},
		rectification.StepAnswer:   {choice: "哪一项", choices: append(slices.Clone(please), waiting...), text: "整改情况", file: "整改后的照片", hint: "一项一项回复；全部回复以后期限停走，住建局复查。"},
		rectification.StepMore:     {day: "延期到", text: "理由", aside: true, hint: "只能申请一次，要在期限以内。"},
		rectification.StepGrant:    {choice: "答复", choices: []option{{Label: "请选择"}, {"yes", "同意延期"}, {"no", "不同意"}}, text: "理由"},
		rectification.StepLook:     {choice: "哪一项、结果", choices: append(slices.Clone(please), looks...), text: "复查情况", file: "现在的照片（未整改的要传）", hint: "看到已经改好的才算整改；全部看完自动办结或者转为未整改。"},
		rectification.StepRung:     rungs,
		rectification.StepAgain:    {hint: "给没有改好的再一次期限，从今天起算。", aside: true},
		rectification.StepOutcome:  {number: "文号（没有的不填）", day: "日期", text: "处理结果", file: "处理结果文书（没有的不传）"},
		rectification.StepClose:    {text: "理由", ends: true, hint: "没有整改的按未整改办结，不算整改。"},
		rectification.StepWithdraw: {text: "理由", ends: true},
	}
}

// rectificationPeriods are the firm's periods with their days.
func (s *Server) rectificationPeriods() []registry.Choice {
	out := rectification.Periods()
	for i := range out {
		if d, err := s.rectifications.Deadlines(out[i].ID, s.rectifications.Today()); err == nil {
			out[i].Text += "，" + strconv.Itoa(d.N) + " 日"
		}
	}
	return out
}

// rectificationView adds to a page what only rectifications have.
func (s *Server) rectificationView(c *fiber.Ctx, by policy.Actor, k *rectification.Case, v *caseView, typed url.Values, refused []fault.Field) error {
	v.NotesTitle, v.Title, v.Sub, v.State, v.Next = "问题", k.Name+"："+k.Kind.Title(), k.FirmName, k.State.Title(), k.Next(s.clockOf(c.UserContext()).now)
	address, confirmed, err := s.rectifications.AddressOf(c.UserContext(), k.Firm)
	if err != nil {
		return err
	}
	handles, said := s.guard.Allow(by, policy.HandleRectification), "没有"
	if confirmed {
		said = address.Text + "，" + address.Day.Chinese() + "确认"
	}
	switch {
	case k.Firm == "" || !handles:
		said = ""
	case confirmed:
		v.Papers = append(v.Papers, caseLink{"送达地址确认书", v.Path + "/address"})
	}
	if slices.ContainsFunc(k.Rungs, func(r rectification.Rung) bool { return r.Kind == rectification.RungMark }) && s.conduct != nil && s.guard.Allow(by, conduct.Marks.Record()) {
		v.Links = append(v.Links, caseLink{"登记行业评价记录", marksPath + "/new?firm=" + url.QueryEscape(k.Firm) + "&project=" + url.QueryEscape(k.Project)})
	}
	v.Facts = append(rectificationFacts(k), filled([][2]string{{"送达地址确认书", said}})...)
	v.Notes = rectificationNotes(v.Path, k)
	if k.State == rectification.Ready && k.Firm != "" && k.Kind != supervision.PaperTransfer && handles {
		form := caseForm{text: "送达地址（邮箱、政务微信等，按确认书）", day: "确认日期", file: "送达地址确认书", aside: true, hint: "登记一次，以后的文书都可以电子送达。"}
		v.Acts = append(v.Acts, form.act("address", "登记送达地址确认书", typed, refused, s.rectifications.Today()))
	}
	return nil
}

// rectificationFacts are what is known about a case, line by line.
func rectificationFacts(k *rectification.Case) [][2]string {
	served := ""
	if p := k.Served; p != nil {
		means := registry.TextOf(rectification.Means(), p.Text)
		served = strings.TrimSuffix(p.Number+"，"+p.Day.Chinese()+"，"+means, "，")
	}
	more := ""
	if m := k.More; m != nil {
		more = m.Asked.Chinese() + "申请延期到" + m.Until.Chinese() + "：" + m.Why
		switch {
		case m.Decided.IsZero():
			more += "；等答复"
		case m.Granted:
			more += "；" + m.Decided.Chinese() + "同意，" + m.Reason
		default:
			more += "；" + m.Decided.Chinese() + "不同意，" + m.Reason
		}
	}
	out := [][2]string{{seenAt(k), k.Sheet + "，" + k.Opened.Chinese()}, {"物业企业", k.FirmName}, {"移送单位", k.To}, {"送达", served}, {"延期", more}}
	for i := range k.Rungs {
		out = append(out, [2]string{registry.TextOf(rectification.RungKinds(), k.Rungs[i].Kind), paperText(&k.Rungs[i].Paper)})
	}
	if k.Round > 1 {
		out = append(out, [2]string{"限期", "第 " + strconv.FormatInt(k.Round, 10) + " 次"})
	}
	return filled(append(out, [2]string{"处理结果", paperText(k.Outcome)}, [2]string{"办结", k.Closed.Chinese()}))
}

// seenAt is where the findings of a case come from: a visit or an inspection, which are never mixed.
func seenAt(k *rectification.Case) string {
	if k.Formal {
		return "检查"
	}
	return "走访"
}

// rectificationNotes are the findings with what was answered and seen.
func rectificationNotes(path string, k *rectification.Case) []caseNote {
	var out []caseNote
	for i := range k.Findings {
		f := &k.Findings[i]
		parts := []string{f.Problem, "要求：" + f.Request, "依据：" + f.Basis}
		if f.Law != "" {
			parts = append(parts, "责令依据："+f.Law+f.Article+"；职权："+f.Competence)
		}
		if f.Before > 0 {
			parts = append(parts, "一年内第 "+strconv.FormatInt(f.Before+1, 10)+" 次")
		}
		if f.Answer != nil {
			parts = append(parts, "企业回复："+paperText(f.Answer))
		}
		if f.Look != nil {
			parts = append(parts, "复查："+paperText(f.Look))
		}
		n := caseNote{Title: f.Item + " " + f.Sentence, Sub: strings.Join(parts, "；"), State: f.Standing()}
		for _, shown := range rectificationFiles(k) {
			if shown.of == f.Item {
				n.Papers = append(n.Papers, caseLink{shown.title, path + "/files/" + shown.name})
			}
		}
		out = append(out, n)
	}
	return out
}

// rectificationFiles are the files of a case; photos belong to a finding.
func rectificationFiles(k *rectification.Case) []caseFile {
	var out caseFiles
	for i := range k.Findings {
		f := &k.Findings[i]
		at := "f" + strconv.Itoa(i+1)
		for n := range f.Photos {
			out.add(at+"-"+strconv.Itoa(n+1), "第 "+f.Item+" 项，"+seenAt(k)+"时的照片 "+strconv.Itoa(n+1), f.Item, &f.Photos[n])
		}
		if f.Answer != nil {
			out.add(at+"-answer", "第 "+f.Item+" 项，整改后的照片", f.Item, f.Answer.File)
		}
		if f.Look != nil {
			out.add(at+"-look", "第 "+f.Item+" 项，复查的照片", f.Item, f.Look.File)
		}
	}
	out.paper("served", "送达回证", k.Served)
	for i := range k.Rungs {
		out.paper("rung-"+strconv.Itoa(i+1), registry.TextOf(rectification.RungKinds(), k.Rungs[i].Kind)+"文书", &k.Rungs[i].Paper)
	}
	out.paper("outcome", "处理结果", k.Outcome)
	return out
}

// confirmServiceAddress keeps the confirmed address of the firm of a case.
func (s *Server) confirmServiceAddress(c *fiber.Ctx, by policy.Actor) error {
	return s.caseStep(c, "address", rectificationsPath+"/"+c.Params("id"), func(ctx context.Context, at casework.At, in casework.Input) error {
		return s.rectifications.ConfirmAddress(ctx, by, at.ID, in)
	}, s.rectificationPages().again(c, by))
}

// RectificationTasks is the work with what is to be put right, for everybody whose step is next.
type RectificationTasks struct {
	// Cases keeps them, and tells who may do what.
	Cases *rectification.Service
}

// rectificationWork are the steps that stand on a to-do page, with the word on their button, the most pressing first.
var rectificationWork = []struct {
	step         rectification.Step
	verb, button string
}{
	{rectification.StepSign, "签署", "去签署"}, {rectification.StepGrant, "答复延期申请：", "去答复"}, {rectification.StepRung, "确认升级措施：", "去确认"}, {rectification.StepLook, "复查", "去复查"}, {rectification.StepAnswer, "整改并回复", "去回复"},
	{rectification.StepServe, "送达", "去登记"}, {rectification.StepHandOver, "移送", "去登记"}, {rectification.StepSend, "送审", "去送审"}, {rectification.StepAgain, "再次限期：", "去办理"},
}

// Tasks implements Tasks.
func (t RectificationTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	if !t.Cases.Guard.Allow(by, policy.ReadRectification) {
		return nil, nil
	}
	found, err := openCases(func(after string) (store.Page[rectification.Case], error) {
		return t.Cases.List(ctx, by, rectification.Filter{}, true, after)
	})
	if err != nil {
		return nil, err
	}
	out, err := t.undrafted(ctx, by)
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		k := &d.State
		for _, work := range rectificationWork {
			if !t.Cases.Can(ctx, by, k, work.step) {
				continue
			}
			one := Task{Title: work.verb + k.Name + "的" + k.Kind.Title(), Context: strconv.Itoa(len(k.Open())) + " 项还没有核实整改；" + k.Next(now), Party: k.FirmName, Link: rectificationsPath + "/" + d.ID, Button: work.button, Nav: rectificationsPath}
			if k.Clock.Rule != "" {
				with := clockTask(k.Clock)
				one.Due, one.Unresolved, one.Basis = with.Due, with.Unresolved, with.Basis
			}
			out = append(out, one)
			break
		}
	}
	return out, nil
}

// undrafted is the one line about visits and inspections of whose findings nobody drafted a paper.
func (t RectificationTasks) undrafted(ctx context.Context, by policy.Actor) ([]Task, error) {
	if !t.Cases.Guard.Allow(by, policy.HandleRectification) {
		return nil, nil
	}
	page, err := t.Cases.Waiting(ctx, by, "")
	if err != nil || len(page.Docs) == 0 {
		return nil, err
	}
	n, least := len(page.Docs), ""
	if page.Next != "" {
		least = "至少 "
	}
	latest := &page.Docs[0].State
	return []Task{{Title: "起草整改文书：" + least + count(n) + " 次走访、检查的问题还没有文书", Context: "最近一次是" + latest.Name + "，" + latest.Day.Chinese(), Link: rectificationsPath + "/new", Button: "去起草", Nav: rectificationsPath, Count: n}}, nil
}

// rectificationsOf are the cases of a project or firm for its dossier, the latest visit first.
func (s *Server) rectificationsOf(ctx context.Context, by policy.Actor, f rectification.Filter) ([]store.Doc[rectification.Case], error) {
	return openCases(func(after string) (store.Page[rectification.Case], error) {
		return s.rectifications.List(ctx, by, f, false, after)
	})
}
