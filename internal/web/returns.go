package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/report/returns"
	"redsteward/policy"
)

// returnsPath is the desk of statistical returns (报表台), returnFormsPath their templates.
const (
	returnsPath     = "/returns"
	returnFormsPath = returnsPath + "/forms"
)

// returnSteps are the steps that have an address of their own.
var returnSteps = []struct {
	name   string
	do     returns.Step
	action policy.Action
	said   string
}{
	{"take", returns.StepTake, policy.CompileReturn, "已按现在的登记重新取数。"},
	{"type", returns.StepType, policy.CompileReturn, "已保存填写的数。"},
	{"compile", returns.StepCompile, policy.CompileReturn, "已送审，等审核人审核。"},
	{"recall", returns.StepRecall, policy.CompileReturn, "已撤回，可以重新取数。"},
	{"check", returns.StepCheck, policy.CheckReturn, "已审核，等负责人签发。"},
	{"return", returns.StepReturn, policy.ReadReturn, "已退回制表人。"},
	{"sign", returns.StepSign, policy.SignReturn, "已签发，这一版的数字和清单已固定。"},
	{"correct", returns.StepCorrect, policy.CompileReturn, "已按现在的登记取数，改好后送审；已报出的一版不变。"},
	{"giveup", returns.StepGiveUp, policy.CompileReturn, "已放弃更正，仍以已报出的一版为准。"},
}

// returnRoutes are the pages of the desk.
func (s *Server) returnRoutes() []Route {
	if s.returns == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, returnsPath + "/one/:id<maxLen(64)>"
	const form = returnFormsPath + "/:form<maxLen(32)>"
	rows := []Route{
		{Method: get, Path: returnsPath, Action: policy.ReadReturn, Handler: s.returnList},
		{Method: get, Path: returnsPath + ".xlsx", Action: policy.ReadReturn, Handler: s.returnListExcel},
		{Method: get, Path: returnsPath + "/merged.xlsx", Action: policy.ReadReturn, Handler: s.mergedReturns},
		{Method: get, Path: returnsPath + "/measures", Action: policy.ReadReturn, Handler: s.returnMeasures},
		{Method: get, Path: returnsPath + "/new", Action: policy.CompileReturn, Handler: s.newReturn},
		{Method: post, Path: returnsPath + "/new", Action: policy.CompileReturn, Handler: s.makeReturns},
		{Method: get, Path: one, Action: policy.ReadReturn, Handler: s.oneReturn},
		{Method: get, Path: one + "/list", Action: policy.ReadReturn, Handler: s.behindReturn},
		{Method: get, Path: one + "/list.xlsx", Action: policy.ReadReturn, Handler: s.behindReturnExcel},
		{Method: get, Path: one + "/compare", Action: policy.ReadReturn, Handler: s.compareReturn},
		{Method: get, Path: one + "/print", Action: policy.ReadReturn, Handler: s.printReturn},
		{Method: get, Path: one + "/report.xlsx", Action: policy.ReadReturn, Handler: s.returnExcel},
		{Method: get, Path: form, Action: policy.ReadReturn, Handler: s.returnForm},
		{Method: get, Path: form + "/blank.xlsx", Action: policy.ReadReturn, Handler: s.blankReturn},
		{Method: get, Path: form + "/files/:no<maxLen(4)>", Action: policy.ReadReturn, Handler: s.returnTemplate},
		{Method: post, Path: form, Action: policy.KeepReturnTemplate, Handler: s.putReturnTemplate, Upload: maxTemplate},
		{Method: post, Path: form + "/use", Action: policy.KeepReturnTemplate, Handler: s.useReturnTemplate},
	}
	for _, b := range s.returnBatches() {
		rows = append(rows, b.routes(s)...)
	}
	for _, step := range returnSteps {
		rows = append(rows, Route{Method: post, Path: one + "/" + step.name, Action: step.action, Handler: s.returnStep(step.name, step.do)})
	}
	return rows
}

func returnPath(id string) string { return returnsPath + "/one/" + url.PathEscape(id) }

// returnRow is one line of the list.
type returnRow struct {
	Path, Name, Place, State, Due, To, Reported string
	Late, Correcting                            bool
	Versions                                    int
}

func (s *Server) returnRowOf(id string, r *returns.Return, today calendar.Date) returnRow {
	row := returnRow{Path: returnPath(id), Name: r.Words + r.Title, Place: r.Place, State: r.State.Title(), Due: r.Due.Chinese(), To: r.To, Late: r.Late(today), Correcting: r.Correcting != "", Versions: len(r.Versions)}
	if v := r.LastVersion(); v != nil {
		row.Reported = dateTime(v.Signed.At.Time)
	}
	return row
}

// comingReturn is a return whose draft does not stand yet.
type comingReturn struct {
	Name, Due, New string
	Late           bool
}

// returnsView is what returns.html shows.
type returnsView struct {
	Filters  []field
	Rows     []returnRow
	Coming   []comingReturn
	Page     string
	Excel    string
	New      bool
	Filtered bool
	Forms    []option
	// Batches lead to checking and signing several at once.
	Batches []crumb
}

var returnFilters = []string{"q", "form", "state", "scope", "late"}

// returnFilter reads what the list is narrowed to.
func (s *Server) returnFilter(l listAddress) returns.Filter {
	return returns.Filter{Text: l.value["q"], Form: l.value["form"], State: returns.State(l.value["state"]), Scope: l.value["scope"], Late: l.value["late"] != "", On: s.returns.Today()}
}

func (s *Server) formOptions() []option {
	out := []option{{"", "全部"}}
	for _, f := range s.returns.Forms.All() {
		out = append(out, option{f.ID, f.Title})
	}
	return out
}

// returnList lists the returns that the actor may see, and what is due next.
func (s *Server) returnList(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, returnsPath, returnFilters...)
	found, err := s.returns.List(c.UserContext(), by, s.returnFilter(l), l.after)
	if err != nil {
		return err
	}
	states, scopes := []option{{"", "全部"}}, []option{{"", "全部"}, {policy.County, "全县"}}
	for _, st := range returns.States() {
		states = append(states, option{st.ID, st.Text})
	}
	towns, err := s.townshipOptions(c.UserContext())
	if err != nil {
		return err
	}
	v := returnsView{Excel: l.excel(), Page: nextPage(c, found.Next), Filtered: l.filtered(), New: s.guard.Allow(by, policy.CompileReturn), Forms: s.formOptions()[1:],
		Filters: []field{{Name: "q", Label: "报表或报告期", Type: "search", Autocomplete: "off", Value: l.value["q"]}, {Name: "form", Label: "报表", Options: s.formOptions(), Value: l.value["form"]}, {Name: "state", Label: "状态", Options: states, Value: l.value["state"]},
			{Name: "scope", Label: "范围", Options: append(scopes, towns[1:]...), Value: l.value["scope"]}, {Name: "late", Label: "期限", Options: []option{{"", "全部"}, {"1", "逾期没有报出"}}, Value: l.value["late"]}}}
	for _, b := range s.returnBatches() {
		if s.guard.Allow(by, b.action) {
			v.Batches = append(v.Batches, crumb{b.title, b.path})
		}
	}
	v.Batches = slices.Concat(v.Batches, s.urges(by, "returns"), s.printsOf(returnsPath))
	today := s.returns.Today()
	for i := range found.Docs {
		v.Rows = append(v.Rows, s.returnRowOf(found.Docs[i].ID, &found.Docs[i].State, today))
	}
	if v.New && !v.Filtered && l.after == "" {
		if v.Coming, err = s.coming(c.UserContext(), by); err != nil {
			return err
		}
	}
	return s.render(c, by, "returns", page{Title: "报表台", Nav: returnsPath, Data: v})
}

// coming are the terms of each return that are due next or are overdue, and have no draft.
func (s *Server) coming(ctx context.Context, by policy.Actor) ([]comingReturn, error) {
	due, err := s.returns.Coming(ctx, by)
	if err != nil {
		return nil, err
	}
	today := s.returns.Today()
	var out []comingReturn
	for _, d := range due {
		out = append(out, comingReturn{Name: d.Term.Chinese() + d.Form.Title, Due: d.Due.Chinese(), Late: d.Due.Resolved() && d.Due.Due.Compare(today) < 0, New: returnsPath + "/new?" + url.Values{"form": {d.Form.ID}, "term": {d.Term.ID}}.Encode()})
	}
	return out, nil
}

// returnListExcel is the same list as Excel.
func (s *Server) returnListExcel(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, returnsPath, returnFilters...)
	found, err := s.returns.All(c.UserContext(), by, s.returnFilter(l))
	if err != nil {
		return err
	}
	f := report.Figures{Sheet: "报表", Heads: []string{"报表", "报告期", "范围", "状态", "期限", "报送单位", "已报出版数", "最近报出"}}
	for i := range found {
		r := &found[i].State
		row := s.returnRowOf(found[i].ID, r, s.returns.Today())
		f.Rows = append(f.Rows, []any{r.Title, r.Words, r.Place, row.State, r.Due.Due, r.To, int64(row.Versions), row.Reported})
	}
	return sendFigures(c, "报表台.xlsx", f)
}

// newReturnView is what return_new.html shows: the form, or what came of it.
type newReturnView struct {
	Form     *returns.Form
	Title    string
	Fields   []field
	Scopes   []scopeBox
	Results  []returnResult
	Made     int
	Term     string
	Error    string
	HasTowns bool
}

type scopeBox struct {
	ID, Name string
	Checked  bool
}

type returnResult struct{ Name, State, Text, Path string }

// newReturn is the form for drafts: which return, which term, for whom.
func (s *Server) newReturn(c *fiber.Ctx, by policy.Actor) error {
	return s.showNewReturn(c, by, c.Query("form"), c.Query("term"), nil, nil, nil)
}

func (s *Server) showNewReturn(c *fiber.Ctx, by policy.Actor, id, term string, chosen []string, refused []fault.Field, results []returnResult) error {
	v := newReturnView{Title: "制表", Results: results, Term: term}
	f, known := s.returns.Forms.Find(id)
	if known {
		v.Form, v.Title = f, "制表："+f.Title
		if term == "" {
			t := f.TermOf(s.returns.Today())
			v.Term = t.ID
		}
		terms := []option{}
		for i, t := range s.returns.Terms(f, 14) {
			terms = append(terms, option{t.ID, t.Chinese() + "（" + t.Days() + "）"})
			if i == 1 && term == "" {
				v.Term = t.ID // the last one that is over
			}
		}
		if term != "" && !slices.ContainsFunc(terms, func(o option) bool { return o.Value == term }) {
			if t, err := f.Term(term); err == nil {
				terms = append(terms, option{t.ID, t.Chinese() + "（" + t.Days() + "）"})
			}
		}
		v.Fields = withErrors([]field{{Name: "term", Label: "报告期", Options: terms, Value: v.Term}}, refused)
		scopes, err := s.returns.Scopes(c.UserContext(), by, f, policy.CompileReturn)
		if err != nil {
			return err
		}
		for i, one := range scopes {
			v.Scopes = append(v.Scopes, scopeBox{one.ID, one.Name, chosen == nil && i == 0 || slices.Contains(chosen, one.ID)})
		}
		v.HasTowns = len(scopes) > 2
		for _, r := range refused {
			if r.Name == "scope" {
				v.Error = r.Message
			}
		}
	}
	for _, r := range results {
		if r.State == "已生成" {
			v.Made++
		}
	}
	if !known {
		v.Fields = []field{{Name: "form", Label: "报表", Options: s.formOptions()[1:], Value: id}}
	}
	return s.render(c, by, "return_new", page{Title: v.Title, Nav: returnsPath, Data: v, Fields: refused})
}

// makeReturns makes the drafts that are asked for and tells what came of each.
func (s *Server) makeReturns(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	chosen := values["scope"]
	if values.Get("all") != "" {
		f, known := s.returns.Forms.Find(values.Get("form"))
		if !known {
			return fault.New("web.makeReturns", fault.NotFound, "没有这张报表")
		}
		scopes, err := s.returns.Scopes(c.UserContext(), by, f, policy.CompileReturn)
		if err != nil {
			return err
		}
		chosen = nil
		for _, one := range scopes {
			if one.ID != policy.County {
				chosen = append(chosen, one.ID)
			}
		}
	}
	made, err := s.returns.DraftAll(c.UserContext(), by, values.Get("form"), values.Get("term"), chosen)
	if refused := refusedForm(err); len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
		return s.showNewReturn(c, by, values.Get("form"), values.Get("term"), append([]string{}, chosen...), refused, nil)
	}
	if err != nil {
		return err
	}
	if len(made) == 1 && made[0].Err == "" {
		return seeOther(c, returnPath(made[0].ID)+"?done="+cmp.Or(map[bool]string{true: "draft"}[made[0].Made], "there"))
	}
	var results []returnResult
	for _, m := range made {
		r := returnResult{Name: m.Name, State: "已生成", Path: returnPath(m.ID)}
		switch {
		case m.Err != "":
			r.State, r.Text, r.Path = "没有生成", m.Err, ""
		case !m.Made:
			r.State, r.Text = "已经有了", "没有改动"
		}
		results = append(results, r)
	}
	return s.showNewReturn(c, by, values.Get("form"), values.Get("term"), append([]string{}, chosen...), nil, results)
}

// mergedReturns is one sheet of a return and a term: a line for each scope that the actor may see, a column for each cell, as they stand on the desk or were reported last.
func (s *Server) mergedReturns(c *fiber.Ctx, by policy.Actor) error {
	f, known := s.returns.Forms.Find(c.Query("form"))
	if !known {
		return fault.New("web.mergedReturns", fault.NotFound, "没有这张报表")
	}
	t, err := f.Term(c.Query("term"))
	if err != nil {
		return fault.New("web.mergedReturns", fault.NotFound, fault.MessageOf(err))
	}
	found, err := s.returns.All(c.UserContext(), by, returns.Filter{Form: f.ID, Term: t.ID})
	if err != nil {
		return err
	}
	sheet := report.Figures{Sheet: "汇总", Heads: []string{"范围", "状态"}, Note: t.Chinese() + f.Title + "，" + t.Days()}
	for i := range f.Cells {
		sheet.Heads = append(sheet.Heads, f.Cells[i].Title+"（"+f.Cells[i].Counts().Unit+"）")
	}
	for i := range found {
		doc, figures, err := s.returns.One(c.UserContext(), by, found[i].ID)
		if err != nil {
			return err
		}
		row := []any{doc.State.Place, doc.State.State.Title()}
		for k := range f.Cells {
			cell := any("—")
			if one := figures.Cell(f.Cells[k].Key); one != nil && one.N != nil {
				cell = report.Maybe(one.N, one.Places)
			}
			row = append(row, cell)
		}
		sheet.Rows = append(sheet.Rows, row)
	}
	return sendFigures(c, t.Chinese()+f.Title+"汇总.xlsx", sheet)
}
