package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision/inspection"
)

// The pages of draws (双随机): those of the office, those for everybody, and who must not inspect whom.
const (
	lotsPath     = inspectionsPath + "/draws"
	drawsPath    = "/draws"
	recusalsPath = "/recusals"
)

// drawRoutes are the pages of draws; none without them.
func (s *Server) drawRoutes() []Route {
	if s.draws == nil {
		return nil
	}
	const get, post, one, public = fiber.MethodGet, fiber.MethodPost, lotsPath + "/:id<maxLen(64)>", drawsPath + "/:id<maxLen(64)>"
	rows := []Route{
		{Method: get, Path: drawsPath, Action: policy.Public, Handler: s.publicDraws},
		{Method: get, Path: public, Action: policy.Public, Handler: s.publicDraw},
		{Method: get, Path: public + "/file", Action: policy.Public, Handler: s.drawFile},
		{Method: get, Path: lotsPath, Action: policy.DrawInspection, Handler: s.drawList},
		{Method: get, Path: lotsPath + "/new", Action: policy.DrawInspection, Handler: s.newDraw},
		{Method: post, Path: lotsPath + "/new", Action: policy.DrawInspection, Handler: s.freezeDraw},
		{Method: get, Path: one, Action: policy.DrawInspection, Handler: s.draw},
		{Method: get, Path: one + "/lists", Action: policy.DrawInspection, Handler: s.drawLists},
		{Method: get, Path: one + "/result.xlsx", Action: policy.DrawInspection, Handler: s.drawExcel},
		{Method: get, Path: one + "/print", Action: policy.DrawInspection, Handler: s.drawPrint},
		{Method: get, Path: one + "/whole", Action: policy.DrawInspection, Handler: s.wholePage(s.drawWhole)},
		{Method: get, Path: recusalsPath, Action: policy.DoInspection, Handler: s.recusals},
		{Method: post, Path: recusalsPath, Action: policy.DoInspection, Handler: s.declareRecusal},
		{Method: post, Path: recusalsPath + "/:account<maxLen(64)>/end", Action: policy.PlanInspection, Handler: s.endRecusal},
	}
	for do := range drawForms() {
		rows = append(rows, Route{Method: post, Path: one + "/" + string(do), Action: policy.DrawInspection, Handler: s.doDraw(do), Upload: maxFundForm})
	}
	return rows
}

// drawLine is one line of a list of draws.
type drawLine struct{ Path, Title, State, Next, Day, Count string }

// drawsView is what draws.html shows.
type drawsView struct {
	Rows      []drawLine
	New, Next string
	Public    bool
	// Links are other pages about the draws.
	Links []crumb
}

func drawLineOf(base, id string, d *inspection.Draw) drawLine {
	l := drawLine{Path: base + "/" + id, Title: d.Title, State: d.State.Title(), Next: d.Next(), Day: d.Day.Chinese(), Count: fmt.Sprintf("名单 %d 个小区", d.Objects)}
	if n := len(d.Picks); n > 0 {
		l.Count += fmt.Sprintf("，抽中 %d 个", n)
	}
	return l
}

// drawList lists the draws.
func (s *Server) drawList(c *fiber.Ctx, by policy.Actor) error {
	found, err := s.draws.List(c.UserContext(), by, c.Query("after"))
	if err != nil {
		return err
	}
	v := drawsView{New: lotsPath + "/new", Next: nextPage(c, found.Next), Links: s.printsOf(lotsPath)}
	for _, d := range found.Docs {
		v.Rows = append(v.Rows, drawLineOf(lotsPath, d.ID, &d.State))
	}
	return s.render(c, by, "draws", page{Title: "双随机抽取", Nav: inspectionsPath, Data: v})
}

// drawNewView is what draw_new.html shows.
type drawNewView struct {
	Key         string
	Form        []field
	Departments []drawDepartment
	Errors      []string
	Rules       inspection.DrawRules
}

// drawDepartment is a department with its matters and who may go for it.
type drawDepartment struct {
	Name       string
	Matters    []inspectionPlanMatter
	Inspectors []drawInspector
}

// drawInspector is one who may go for a department; Name is that of the field, Said what his certificate says.
type drawInspector struct {
	ID, Name, Label, Said string
	Checked               bool
}

// newDraw is the form for the lists of a draw.
func (s *Server) newDraw(c *fiber.Ctx, by policy.Actor) error {
	today := calendar.DateOf(s.clocks.Business())
	return s.showNewDraw(c, by, url.Values{"planned": {today.Add(14).String()}, "count": {"6"}, "title": {fmt.Sprintf("%d 年双随机抽查", today.Year())}}, nil)
}

func (s *Server) showNewDraw(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx := c.UserContext()
	people, err := s.supervision.Colleagues.Colleagues(ctx, by, policy.PlanInspection, policy.DoInspection)
	if err != nil {
		return err
	}
	today := calendar.DateOf(s.clocks.Business())
	v := drawNewView{Key: newKey(), Rules: s.inspections.Agenda.Draw, Form: withErrors([]field{
		{Name: "title", Label: "名称", Type: "text", Value: typed.Get("title")},
		{Name: "count", Label: "抽取几个小区", Type: "text", Mode: "numeric", Value: typed.Get("count"), Hint: fmt.Sprintf("一家企业最多 %d 个", s.inspections.Agenda.Draw.PerFirm)},
		{Name: "planned", Label: "计划检查日期", Type: "date", Value: typed.Get("planned")},
	}, refused)}
	for _, m := range s.inspections.Agenda.Matters {
		at := slices.IndexFunc(v.Departments, func(d drawDepartment) bool { return d.Name == m.Department })
		if at < 0 {
			at = len(v.Departments)
			d := drawDepartment{Name: m.Department}
			for _, p := range people {
				card, _, err := s.inspections.Certificates.Of(ctx, p.ID)
				if err != nil {
					return err
				}
				name := "inspectors-" + strconv.Itoa(at+1)
				d.Inspectors = append(d.Inspectors, drawInspector{p.ID, name, p.Name + "（" + p.Titles + "）", card.Lacks(today), slices.Contains(typed[name], p.ID)})
			}
			v.Departments = append(v.Departments, d)
		}
		v.Departments[at].Matters = append(v.Departments[at].Matters, inspectionPlanMatter{m.ID, m.Name, m.Law + m.Article, m.Lacks(), slices.Contains(typed["matters"], m.ID)})
	}
	for _, f := range refused {
		if f.Name == "matters" || f.Name == "inspectors" {
			v.Errors = append(v.Errors, f.Message)
		}
	}
	p := page{Title: "准备双随机抽取", Nav: inspectionsPath, Fields: refused, Data: v}
	if len(refused) > 0 {
		return s.refuse(c, by, "draw_new", p)
	}
	return s.render(c, by, "draw_new", p)
}

// freezeDraw freezes the lists and shows them.
func (s *Server) freezeDraw(c *fiber.Ctx, by policy.Actor) error {
	t := formValues(c)
	in := inspection.Freeze{Title: t.Get("title"), Matters: t["matters"], Inspectors: map[string][]string{}, Idem: formIdem(c)}
	var bad []fault.Field
	var err error
	if in.Planned, err = calendar.ParseDate(t.Get("planned")); err != nil {
		bad = append(bad, fault.Field{Name: "planned", Message: dayFault(t.Get("planned"))})
	}
	if in.Count, err = strconv.ParseInt(strings.TrimSpace(t.Get("count")), 10, 64); err != nil {
		bad = append(bad, fault.Field{Name: "count", Message: fmt.Sprintf("抽取的个数要写数字，现在是“%s”", t.Get("count"))})
	}
	var departments []string
	for _, m := range s.inspections.Agenda.Matters {
		if !slices.Contains(departments, m.Department) {
			departments = append(departments, m.Department)
			in.Inspectors[m.Department] = t["inspectors-"+strconv.Itoa(len(departments))]
		}
	}
	id := ""
	err = inOneRound(c.UserContext(), &bad, func(ctx context.Context) error {
		doc, err := s.draws.Freeze(ctx, by, in)
		id = doc.ID
		return err
	})
	if refused := refusedForm(err); refused != nil {
		return s.showNewDraw(c, by, t, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, lotsPath+"/"+id+"?done=freeze")
}

// drawForms are the forms of the steps.
func drawForms() map[inspection.DrawStep]caseForm {
	return map[inspection.DrawStep]caseForm{
		inspection.StepAnnounce: {hint: "公布后名单不能再改；任何人可以在公开网页看到名单、名单的摘要和种子的校验值。"},
		inspection.StepDrawLots: {hint: "按名单和种子抽取，并给抽中的小区安排检查（每家企业的年度次数照算）。"},
		inspection.StepArrange:  {hint: "给还没有安排的小区安排检查。"},
		inspection.StepOpen:     {hint: "公布种子和抽中的小区，由没有经办的人办理。任何人可以照着重新抽一遍。"},
		inspection.StepShow:     {hint: "公示已经告知企业的检查结果。检查完成后 20 个工作日内公示。", aside: true},
		inspection.StepGiveUp:   {text: "取消的理由", ends: true, aside: true},
	}
}

// draw shows a draw of the office.
func (s *Server) draw(c *fiber.Ctx, by policy.Actor) error {
	return s.showDraw(c, by, url.Values{}, nil)
}

func (s *Server) showDraw(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.draws.One(ctx, by, id)
	if err != nil {
		return err
	}
	d := &doc.State
	path, today := lotsPath+"/"+id, s.inspections.Today()
	v := caseView{Home: lotsPath, HomeTitle: "双随机抽取", NotesTitle: "抽中的小区", Path: path, Key: newKey(), Seq: doc.Seq, Title: d.Title, Sub: fmt.Sprintf("名单 %d 个小区", d.Objects), State: d.State.Title(), Next: d.Next(), Reason: d.Reason, Facts: s.drawFacts(d)}
	v.Papers = append(v.Papers, caseLink{"名单和权重", path + "/lists"})
	if d.Public() {
		v.Papers = append(v.Papers, caseLink{"公开网页", drawsPath + "/" + id}, caseLink{"抽取文件（redsteward draw 用）", drawsPath + "/" + id + "/file"})
	}
	if len(d.Picks) > 0 {
		v.Prints, v.Papers = append(v.Prints, caseLink{"抽取结果", path + "/print"}), append(v.Papers, caseLink{"抽取结果 Excel", path + "/result.xlsx"})
	}
	v.Prints = append(v.Prints, caseLink{"一案一档", path + "/whole"})
	clock := s.clockOf(ctx)
	pending, err := s.draws.Pending(ctx, d)
	if err != nil {
		return err
	}
	next := 0
	for _, p := range d.Picks {
		n := caseNote{Title: p.Name, Sub: joinWords(p.Company, strings.Join(p.Inspectors, "、"), p.Why, p.Result)}
		switch {
		case !p.Shown.IsZero():
			n.State = "已公示"
		case p.Why == "" && p.Inspection != "" && next < len(pending):
			one := pending[next]
			next++
			if n.State = one.State.Title(); one.Clock.Rule != "" {
				chip, left := clock.left(clockTask(one.Clock))
				n.Sub = joinWords(n.Sub, "结果"+one.Clock.Due.Chinese()+"前公示", left)
				if v.Clock == nil || chip == "逾期" {
					v.Clock, v.Late = clock.running("公示抽查结果："+p.Name, one.Clock)
				}
			}
		}
		if p.Inspection != "" {
			n.Links = append(n.Links, caseLink{"看检查", inspectionsPath + "/" + p.Inspection})
		}
		v.Notes = append(v.Notes, n)
	}
	forms := drawForms()
	for _, do := range inspection.DrawSteps() {
		if form, has := forms[do]; has && s.draws.Can(by, d, do) {
			v.Acts = append(v.Acts, form.act(string(do), do.Title(), typed, refused, today))
		}
	}
	openFirst(v.Acts, typed.Get("step"))
	history, err := s.draws.History(ctx, by, id)
	if err != nil {
		return err
	}
	v.History = caseHistory(history, func(d *inspection.Draw) string { return d.Last.Title() })
	told := map[string]string{}
	for _, do := range inspection.DrawSteps() {
		told[string(do)] = "已办：" + do.Title() + "。"
	}
	return s.render(c, by, "fund_case", page{Title: v.Title, Nav: inspectionsPath, Data: v, Fields: refused, Said: saidParam(c, told)})
}

// drawFacts are what is known about a draw, line by line.
func (s *Server) drawFacts(d *inspection.Draw) [][2]string {
	var matters []string
	for _, m := range d.Matters {
		matters = append(matters, m.Name+"（"+m.Basis+"）")
	}
	out := [][2]string{{"检查事项", strings.Join(matters, "、")}, {"计划检查日期", d.Planned.Chinese()}, {"名单冻结", d.Day.Chinese()}, {"可以抽取", fmt.Sprintf("%d 个小区，另有 %d 个不能抽取", d.Objects, d.Left)},
		{"名单摘要", hashGroups(d.Digest)}, {"种子的校验值", hashGroups(d.Commitment)}, {"公布", d.Announced.Chinese()}}
	if d.State == inspection.Announced {
		out = append(out, [2]string{"最早抽取", d.First(s.inspections.Agenda).Chinese()})
	}
	return filled(append(out, [2]string{"抽取", d.Drew.Chinese()}, [2]string{"抽取结果公布", d.Published.Chinese()}, [2]string{"种子", d.Seed}, [2]string{"取消理由", d.Reason}))
}

// doDraw carries a step out.
func (s *Server) doDraw(do inspection.DrawStep) func(c *fiber.Ctx, by policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		return s.caseStep(c, string(do), lotsPath+"/"+c.Params("id"), func(ctx context.Context, at casework.At, in casework.Input) error {
			_, err := s.draws.Do(ctx, by, at, do, in.Text)
			return err
		}, func(typed url.Values, refused []fault.Field) error { return s.showDraw(c, by, typed, refused) })
	}
}

// drawExcel is what was drawn as Excel.
func (s *Server) drawExcel(c *fiber.Ctx, by policy.Actor) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.draws.One(ctx, by, id)
	if err != nil {
		return err
	}
	lists, _, err := s.draws.ListsOf(ctx, by, id)
	if err != nil {
		return err
	}
	d := &doc.State
	sheet := report.Figures{Sheet: "抽取结果", Heads: []string{"小区", "企业", "签数", "权重由来", "检查人员", "部门", "没有安排或没有进行的原因", "检查日期", "结果", "公示日期"},
		Note: d.Title + "；名单摘要 " + d.Digest + "；种子的校验值 " + d.Commitment + "。签数多的抽中的机会大，最少一张签；同一企业一次最多抽中规定的个数。"}
	for _, p := range d.Picks {
		row := []any{p.Name, p.Company, int64(0), "", "", "", p.Why, "", p.Result, ""}
		for _, o := range lists.Objects {
			if o.Project == p.Project {
				row[2], row[3] = o.Weight, o.Why
			}
		}
		var names, departments []string
		for _, key := range p.Inspectors {
			who := lists.Inspector(key)
			if names = append(names, key+" "+who.Name); !slices.Contains(departments, who.Department) {
				departments = append(departments, who.Department)
			}
		}
		row[4], row[5] = strings.Join(names, "、"), strings.Join(departments, "、")
		if !p.Done.IsZero() {
			row[7] = p.Done
		}
		if !p.Shown.IsZero() {
			row[9] = p.Shown
		}
		sheet.Rows = append(sheet.Rows, row)
	}
	return sendSheets(c, "双随机抽取结果.xlsx", sheet.Filled())
}

// drawPrint is the result of a draw for printing.
func (s *Server) drawPrint(c *fiber.Ctx, by policy.Actor) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.draws.One(ctx, by, id)
	if err != nil {
		return err
	}
	lists, _, err := s.draws.ListsOf(ctx, by, id)
	if err != nil {
		return err
	}
	d := &doc.State
	if len(d.Picks) == 0 {
		return fault.New("web.drawPrint", fault.NotFound, "还没有抽取，没有结果可以打印")
	}
	v := printView{Back: lotsPath + "/" + id, Kind: "双随机抽取结果", Title: d.Title + "抽取结果", Date: d.Drew.Chinese(), Words: []string{fmt.Sprintf("按冻结的名单（%d 个小区、%d 名检查人员）抽取 %d 个小区，名单和种子的校验值已于%s公布。", d.Objects, len(lists.Inspectors), len(d.Picks), d.Announced.Chinese())}}
	for i, p := range d.Picks {
		var names []string
		for _, key := range p.Inspectors {
			names = append(names, key+" "+lists.Inspector(key).Name)
		}
		v.Rows = append(v.Rows, [2]string{strconv.Itoa(i+1) + " " + p.Name, joinWords(p.Company, "检查人员："+strings.Join(names, "、"), p.Why, p.Result)})
	}
	v.Rows = append(v.Rows, filled([][2]string{{"名单摘要", hashGroups(d.Digest)}, {"种子的校验值", hashGroups(d.Commitment)}, {"种子", d.Seed}})...)
	return s.render(c, by, "fund_print", page{Title: v.Title, Script: true, Data: v, Paper: v.Kind})
}
