package web

import (
	"cmp"
	"context"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/internal/report/returns"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// returnsPath is the desk of statistical returns (报表台), returnFormsPath their templates.
const (
	returnsPath     = "/returns"
	returnFormsPath = returnsPath + "/forms"
)

// maxReturnTemplate is the largest upload of a template.
const maxReturnTemplate = 6 << 20

// returnSteps are the steps that have an address of their own.
var returnSteps = []struct {
	name   string
	do     returns.Step
	action policy.Action
	said   string
}{
	{"take", returns.StepTake, policy.CompileReturn, "已按现在的登记重新取数。"},
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
		{Method: post, Path: form, Action: policy.KeepReturnTemplate, Handler: s.putReturnTemplate, Upload: maxReturnTemplate},
		{Method: post, Path: form + "/use", Action: policy.KeepReturnTemplate, Handler: s.useReturnTemplate},
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

// numberView is a number with the list behind it.
type numberView struct {
	Text, Link string
	// Over and Of are numerator and denominator of a rate with their lists.
	Over, Of, OverLink, OfLink string
	Why                        string
}

// cellView is one line of a return.
type cellView struct {
	Title, Unit, How, From          string
	Number                          numberView
	Before, Change, Year, Growth    string
	Reported, YearReported, Odd, Up bool
	OddText                         string
}

// cellGroup are the cells under one heading.
type cellGroup struct {
	Title string
	Cells []cellView
}

// returnTable is a table of a return.
type returnTable struct {
	Title, Head string
	Columns     []string
	Rows        []returnTableRow
}

type returnTableRow struct {
	Name   string
	Values []numberView
}

// handLine is who did a part, and when.
type handLine struct{ Part, Who, At string }

// versionLine is one reported version.
type versionLine struct {
	No           int64
	Path, At, To string
	Reason, Note string
	Differences  []returns.Difference
	DiffersFrom  int64
	Hands        []handLine
	Current      bool
}

// oneReturnView is what return_one.html shows.
type oneReturnView struct {
	ID, Path, Name, State, Due, Days, Place, To, Note string
	Late                                              bool
	Seq                                               int64
	// Version is the number of the reported version that is shown, 0 for what is on the desk; Query goes on with it.
	Version  int64
	Query    string
	Taken    string
	Hands    []handLine
	Reason   string
	Correct  string
	Groups   []cellGroup
	Tables   []returnTable
	Odd      int
	Acts     []returnAct
	Versions []versionLine
	History  []historyLine
	Template string
	Printed  string
	Unit     string
	Back     string
	Kind     string
}

// returnAct is a step with its form.
type returnAct struct {
	Step, Title, Hint, Button string
	Fields                    []field
	First                     bool
	Open                      bool
}

// historyLine is a change of a return.
type historyLine struct{ At, What, Who, Why string }

// shownReturn is a return as an address asks for it: what is on the desk, or a reported version.
func (s *Server) shownReturn(c *fiber.Ctx, by policy.Actor) (doc store.Doc[returns.Return], v *returns.Version, f *returns.Figures, err error) {
	if no := seqOf(c.Query("v")); no > 0 {
		return s.returns.FiguresOf(c.UserContext(), by, c.Params("id"), no)
	}
	doc, f, err = s.returns.One(c.UserContext(), by, c.Params("id"))
	if err == nil && doc.State.State == returns.Reported {
		v = doc.State.LastVersion()
	}
	return doc, v, f, err
}

// listLink is the address of the list behind a number.
func listLink(path, query, cell string, by returns.By, group string, whole bool) string {
	v := url.Values{"cell": {cell}}
	if by != "" {
		v.Set("by", string(by))
		v.Set("group", group)
	}
	if whole {
		v.Set("whole", "1")
	}
	out := path + "/list?" + v.Encode()
	if query != "" {
		out += "&" + query
	}
	return out
}

// numberOf puts a number into words; places are those of its cell.
func (v *oneReturnView) numberOf(c *returns.Filled, value *returns.Value, by returns.By, group string) numberView {
	link := func(whole bool) string { return listLink(v.Path, v.Query, c.Key, by, group, whole) }
	out := numberView{Text: groupedNumber(c.Text(value.N)), Why: value.Why}
	if value.Over != nil && value.Whole != nil {
		out.Over, out.Of, out.OverLink, out.OfLink = numberText(value.Over), numberText(value.Whole), link(false), link(true)
		return out
	}
	out.Link = link(false)
	return out
}

// numberText is a number as it is, with thousands.
func numberText(n *num.Num) string {
	if n.IsInt() {
		return groupedNumber(n.String())
	}
	return groupedNumber(n.Fixed(2))
}

// groupedNumber puts thousands into the whole part of a number.
func groupedNumber(text string) string {
	whole, rest, found := strings.Cut(text, ".")
	if found {
		return grouped(whole) + "." + rest
	}
	if _, err := strconv.ParseInt(whole, 10, 64); err != nil {
		return text
	}
	return grouped(whole)
}

// changedBy is a change in percent: +12.5%.
func changedBy(now, was *num.Num) string {
	x, ok := returns.Change(now, was)
	if !ok {
		return "—"
	}
	text := x.Fixed(1) + "%"
	if x.Sign() > 0 {
		text = "+" + text
	}
	return text
}

// byWords are the headings of the first column of tables.
var byWords = map[returns.By]string{returns.ByTownship: "乡镇", returns.ByCommunity: "社区", returns.ByCompound: "小区", returns.ByFirm: "企业", returns.BySubject: "地点和诉求"}

// fill puts the numbers of a return into words.
func (v *oneReturnView) fill(f *returns.Figures) {
	for i := range f.Cells {
		c := &f.Cells[i]
		if len(v.Groups) == 0 || v.Groups[len(v.Groups)-1].Title != c.Group {
			v.Groups = append(v.Groups, cellGroup{Title: c.Group})
		}
		one := cellView{Title: c.Title, Unit: c.Unit, How: c.How, From: c.From, Number: v.numberOf(c, &c.Value, "", ""), Before: groupedNumber(c.Text(c.Before)), Year: groupedNumber(c.Text(c.Year)), Change: changedBy(c.N, c.Before), Growth: changedBy(c.N, c.Year), Reported: c.Reported, YearReported: c.YearReported, Odd: c.IsOdd()}
		if one.Odd {
			v.Odd++
			one.OddText = "环比变化达到 " + strconv.FormatInt(c.Odd, 10) + "%，请核对清单"
			if c.Before.IsZero() {
				one.OddText = "上期是 0，请核对清单"
			}
		}
		g := &v.Groups[len(v.Groups)-1]
		g.Cells = append(g.Cells, one)
	}
	for i := range f.Tables {
		t := &f.Tables[i]
		table := returnTable{Title: t.Title, Head: byWords[t.By]}
		for _, key := range t.Columns {
			table.Columns = append(table.Columns, f.Cell(key).Title+"（"+f.Cell(key).Unit+"）")
		}
		for n := range t.Rows {
			row := returnTableRow{Name: t.Rows[n].Name}
			for k, key := range t.Columns {
				row.Values = append(row.Values, v.numberOf(f.Cell(key), &t.Rows[n].Values[k], t.By, t.Rows[n].ID))
			}
			table.Rows = append(table.Rows, row)
		}
		v.Tables = append(v.Tables, table)
	}
}

// personName is the name of an account as a paper shows it, “系统” for the job, "" for nobody.
func (s *Server) personName(ctx context.Context, id string) (string, error) {
	if id == "" {
		return "", nil
	}
	if id == policy.SystemActor().ID {
		return policy.SystemActor().Name, nil
	}
	person, err := s.people.Person(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return "已注销的账号", nil
	}
	return person.Name, err
}

// handsOf are who compiled, checked and signed.
func (s *Server) handsOf(ctx context.Context, h returns.Hands) ([]handLine, returns.People, error) {
	var out []handLine
	var people returns.People
	for _, one := range []struct {
		part string
		by   string
		at   time.Time
		role string
		name *string
	}{{"制表", h.Compiled.By, h.Compiled.At.Time, h.Compiled.Office, &people.Compiled}, {"审核", h.Checked.By, h.Checked.At.Time, h.Checked.Office, &people.Checked}, {"负责人", h.Signed.By, h.Signed.At.Time, h.Signed.Office, &people.Signed}} {
		name, err := s.personName(ctx, one.by)
		if err != nil {
			return nil, people, err
		}
		*one.name = name
		if one.by != "" {
			out = append(out, handLine{one.part, name + "（" + s.titleOfOffice(one.role) + "）", dateTime(one.at)})
		}
	}
	return out, people, nil
}

// baseOfReturn begins the page, the print and the workbook of a return.
func (s *Server) baseOfReturn(ctx context.Context, doc store.Doc[returns.Return], v *returns.Version, f *returns.Figures, asked bool) (oneReturnView, returns.Heading, error) {
	r := &doc.State
	view := oneReturnView{ID: doc.ID, Path: returnPath(doc.ID), Name: r.Name(), State: r.State.Title(), Due: r.Due.Chinese(), Late: r.Late(s.returns.Today()), Seq: doc.Seq, Days: r.Days.First.Chinese() + "至" + r.Days.Last.Chinese(), Place: r.Place, To: r.To, Note: r.Note, Reason: r.Reason, Correct: r.Correcting, Taken: dateTime(r.Taken.At.Time), Unit: s.set.Unit}
	hands, heading := r.Hands, returns.Heading{Unit: s.set.Unit, To: r.To, Note: r.Note}
	if v != nil {
		hands, view.Taken, view.To, view.Note = v.Hands, dateTime(v.Taken.At.Time), v.To, v.Note
		heading.To, heading.Note, heading.Day = v.To, v.Note, calendar.DateOf(v.Signed.At.Time)
		if asked {
			view.Version, view.Query = v.No, "v="+strconv.FormatInt(v.No, 10)
		}
	}
	var err error
	if view.Hands, heading.People, err = s.handsOf(ctx, hands); err != nil {
		return view, heading, err
	}
	view.fill(f)
	return view, heading, nil
}

// oneReturn is the page of a return.
func (s *Server) oneReturn(c *fiber.Ctx, by policy.Actor) error {
	return s.showReturn(c, by, url.Values{}, nil)
}

func (s *Server) showReturn(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx := c.UserContext()
	doc, version, figures, err := s.shownReturn(c, by)
	if err != nil {
		return err
	}
	view, _, err := s.baseOfReturn(ctx, doc, version, figures, c.Query("v") != "")
	if err != nil {
		return err
	}
	if view.Version == 0 {
		view.Acts = s.returnActs(ctx, by, &doc.State, typed, refused)
	}
	if err := s.returnVersions(ctx, by, doc, &view); err != nil {
		return err
	}
	if view.History, err = s.returnHistory(ctx, by, doc.ID); err != nil {
		return err
	}
	t, err := s.returns.TemplateOf(ctx, by, doc.State.Form)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	view.Template = "默认格式"
	if last := t.State.Last(); last != nil {
		view.Template = "模板第 " + strconv.FormatInt(last.No, 10) + " 版"
	}
	said := map[string]string{"draft": "已生成草稿，请核对标出的数字。", "there": "这一期已经有了，没有改动。"}
	for _, step := range returnSteps {
		said[step.name] = step.said
	}
	return s.render(c, by, "return_one", page{Title: view.Name, Nav: returnsPath, Data: view, Fields: refused, Said: saidParam(c, said)})
}

// returnActs are the steps that an actor can take now.
func (s *Server) returnActs(ctx context.Context, by policy.Actor, r *returns.Return, typed url.Values, refused []fault.Field) []returnAct {
	value := func(name, or string) string {
		if typed.Has(name) {
			return typed.Get(name)
		}
		return or
	}
	acts := map[returns.Step]returnAct{
		returns.StepTake:    {Title: "重新取数", Button: "重新取数", Hint: "登记更正以后，按现在的登记再算一遍。"},
		returns.StepCompile: {Title: "送审", Button: "送审", First: true, Hint: "核对标出的数字以后送审，由另一人审核。", Fields: []field{{Name: "to", Label: "报送单位", Type: "text", Autocomplete: "off", Value: value("to", r.To)}, {Name: "note", Label: "编报说明", Rows: 3, Optional: true, Value: value("note", r.Note)}}},
		returns.StepRecall:  {Title: "撤回", Button: "撤回", Hint: "还没有审核的，可以撤回来改。"},
		returns.StepCheck:   {Title: "审核", Button: "审核通过", First: true, Hint: "核对口径、清单和编报说明；通过以后由负责人签发。"},
		returns.StepSign:    {Title: "签发", Button: "签发报出", First: true, Hint: "签发以后这一版的数字和清单固定，报送“" + r.To + "”。"},
		returns.StepReturn:  {Title: "退回", Button: "退回制表人", Fields: []field{{Name: "reason", Label: "退回的理由", Rows: 2, Value: value("reason", "")}}},
		returns.StepCorrect: {Title: "更正", Button: "开始更正", Hint: "按现在的登记重新取数，再走一遍制表、审核、签发；已报出的一版不变。", Fields: []field{{Name: "reason", Label: "更正的理由", Rows: 2, Value: value("reason", "")}}},
		returns.StepGiveUp:  {Title: "放弃更正", Button: "放弃更正", Hint: "回到已报出的一版。"},
	}
	var out []returnAct
	for _, step := range returnSteps {
		if !s.returns.Can(ctx, by, r, step.do) {
			continue
		}
		act := acts[step.do]
		act.Step = step.name
		act.Open = act.First || typed.Get("step") == step.name
		if act.Open && typed.Get("step") == step.name {
			act.Fields = withErrors(act.Fields, refused)
		}
		out = append(out, act)
	}
	slices.SortStableFunc(out, func(a, b returnAct) int {
		return cmp.Compare(map[bool]int{false: 1}[a.First], map[bool]int{false: 1}[b.First])
	})
	return out
}

// returnVersions tells what was reported, and cell by cell what each version differs in from the one before.
func (s *Server) returnVersions(ctx context.Context, by policy.Actor, doc store.Doc[returns.Return], view *oneReturnView) error {
	var before *returns.Figures
	for i := range doc.State.Versions {
		v := &doc.State.Versions[i]
		line := versionLine{No: v.No, Path: view.Path + "?v=" + strconv.FormatInt(v.No, 10), At: dateTime(v.Signed.At.Time), To: v.To, Reason: v.Reason, Note: v.Note, Current: v.No == view.Version}
		var err error
		if line.Hands, _, err = s.handsOf(ctx, v.Hands); err != nil {
			return err
		}
		_, _, figures, err := s.returns.FiguresOf(ctx, by, doc.ID, v.No)
		if err != nil {
			return err
		}
		if before != nil {
			line.DiffersFrom, line.Differences = v.No-1, returns.Differences(before, figures)
		}
		before = figures
		view.Versions = append(view.Versions, line)
	}
	slices.Reverse(view.Versions)
	return nil
}

func (s *Server) returnHistory(ctx context.Context, by policy.Actor, id string) ([]historyLine, error) {
	changes, err := s.returns.History(ctx, by, id)
	if err != nil {
		return nil, err
	}
	var out []historyLine
	for i := range changes {
		r := &changes[i].State
		who := s.titleOfOffice(r.Hand.Office)
		if r.Hand.By == policy.SystemActor().ID {
			who = policy.SystemActor().Name
		}
		why := ""
		switch r.Last {
		case returns.StepReturn:
			why = r.Reason
		case returns.StepCorrect:
			why = r.Correcting
		}
		out = append(out, historyLine{dateTime(changes[i].At), string(r.Last), who, why})
	}
	slices.Reverse(out)
	return out, nil
}

// returnStep carries a step out.
func (s *Server) returnStep(name string, do returns.Step) func(c *fiber.Ctx, by policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		values := formValues(c)
		at := casework.At{ID: c.Params("id"), Seq: seqOf(values.Get("seq")), Idem: formIdem(c)}
		_, err := s.returns.Do(c.UserContext(), by, at, do, returns.Input{To: strings.TrimSpace(values.Get("to")), Note: strings.TrimSpace(values.Get("note")), Reason: strings.TrimSpace(values.Get("reason"))})
		if refused := refusedForm(err); len(refused) > 0 {
			values.Set("step", name)
			c.Status(statusOf(fault.Invalid))
			return s.showReturn(c, by, values, refused)
		}
		if err != nil {
			return err
		}
		return seeOther(c, returnPath(c.Params("id"))+"?done="+name)
	}
}

// behindView is what return_list.html shows.
type behindView struct {
	Path, Name, Title, Sub, How, From, Sum, Unit string
	Excel                                        string
	Rows                                         []behindRow
	Page                                         pager
	Count                                        int
}

type behindRow struct{ Name, Sub, Day, N, Link string }

// linkOf is the page of a row, "" for what has none.
func (s *Server) linkOf(r *returns.Row) string {
	id := url.PathEscape(r.ID)
	link := ""
	switch r.Of {
	case returns.OfProject:
		link = projectPath(id)
	case returns.OfFirm:
		link = firmPath(id)
	case returns.OfDivision:
		link = divisionPath(id)
	case returns.OfMatter:
		link = mattersPath + "/" + id
	case returns.OfCheck:
		link = inspectionsPath + "/" + id
	case returns.OfVisit:
		link = visitsPath + "/" + id
	case returns.OfCase:
		link = rectificationsPath + "/" + id
	case returns.OfHandover:
		link = handoversPath + "/" + id
	case returns.OfFund:
		link = fundPath + "/projects/" + id
	case returns.OfMeeting:
		link = deliberationPath + "/meetings/" + id
	case returns.OfItem:
		link = deliberationPath + "/" + id
	case returns.OfWish:
		link = needsPath + "/" + id
	case returns.OfBook:
		book, entry, _ := strings.Cut(r.ID, "/")
		link = booksPath + "/" + url.PathEscape(book) + "/" + url.PathEscape(entry)
	case returns.OfModel:
		link = modelsPath + "/" + id
	case returns.OfPartyWork:
		parts := strings.Split(r.ID, "/")
		link = sheetsPath + "/" + strings.Join(parts, "/")
	case returns.OfScore:
		quarter, project, _ := strings.Cut(r.ID, "/")
		link = scoresPath + "/" + url.PathEscape(quarter) + "/" + url.PathEscape(project)
	}
	if link == "" || s.off(link) {
		return ""
	}
	return link
}

// behind reads the list behind the number that an address names.
func (s *Server) behind(c *fiber.Ctx, by policy.Actor) (behindView, *returns.Filled, []returns.Row, error) {
	doc, version, figures, err := s.shownReturn(c, by)
	if err != nil {
		return behindView{}, nil, nil, err
	}
	way, group := returns.By(c.Query("by")), c.Query("group")
	cell, rows, err := s.returns.Behind(c.UserContext(), figures, c.Query("cell"), way, group, c.Query("whole") != "")
	if err != nil {
		return behindView{}, nil, nil, err
	}
	v := behindView{Path: returnPath(doc.ID), Name: doc.State.Name(), Title: cell.Title, How: cell.How, From: cell.From, Unit: cell.Unit, Count: len(rows)}
	if cell.Of != "" || cell.Over != nil {
		v.Title, v.Unit = cell.Title+"：分子", ""
		if c.Query("whole") != "" {
			v.Title = cell.Title + "：分母"
		}
	}
	for i := range figures.Tables {
		t := &figures.Tables[i]
		for n := range t.Rows {
			if t.By == way && t.Rows[n].ID == group {
				v.Sub = t.Rows[n].Name
			}
		}
	}
	if c.Query("v") != "" && version != nil {
		v.Path += "?v=" + strconv.FormatInt(version.No, 10)
	}
	var sum num.Num
	for i := range rows {
		sum = sum.Add(rows[i].N)
	}
	v.Sum = numberText(&sum)
	return v, cell, rows, nil
}

// behindReturn shows the list behind a number.
func (s *Server) behindReturn(c *fiber.Ctx, by policy.Actor) error {
	v, _, rows, err := s.behind(c, by)
	if err != nil {
		return err
	}
	l := readList(c, returnPath(c.Params("id"))+"/list", "cell", "by", "group", "whole", "v")
	v.Excel = l.excel()
	v.Page, rows = pageOf(l, rows)
	for i := range rows {
		row := behindRow{Name: rows[i].Name, Sub: rows[i].Sub, N: numberText(&rows[i].N), Link: s.linkOf(&rows[i])}
		if !rows[i].Day.IsZero() {
			row.Day = rows[i].Day.Chinese()
		}
		v.Rows = append(v.Rows, row)
	}
	return s.render(c, by, "return_list", page{Title: v.Title + "：清单", Nav: returnsPath, Data: v})
}

// behindReturnExcel is the same list as Excel.
func (s *Server) behindReturnExcel(c *fiber.Ctx, by policy.Actor) error {
	v, _, rows, err := s.behind(c, by)
	if err != nil {
		return err
	}
	f := report.Figures{Sheet: "清单", Heads: []string{"名称", "说明", "日期", "计入"}, Note: v.Name + "，" + v.Title + "：" + v.How}
	for i := range rows {
		f.Rows = append(f.Rows, []any{rows[i].Name, rows[i].Sub, rows[i].Day, report.Maybe(&rows[i].N, placesOf(&rows[i].N))})
	}
	return sendFigures(c, v.Title+"清单.xlsx", f)
}

func placesOf(n *num.Num) int {
	if n.IsInt() {
		return 0
	}
	return 2
}

// compareView is what return_compare.html shows.
type compareReturnView struct {
	Path, Name, State, At string
	Reported              bool
	Rows                  []returns.Difference
}

// compareReturn tells what differs from what the registers say now.
func (s *Server) compareReturn(c *fiber.Ctx, by policy.Actor) error {
	doc, rows, err := s.returns.Compare(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	v := compareReturnView{Path: returnPath(doc.ID), Name: doc.State.Name(), State: doc.State.State.Title(), At: dateTime(doc.State.Taken.At.Time), Reported: doc.State.State == returns.Reported, Rows: rows}
	return s.render(c, by, "return_compare", page{Title: "与现在的登记核对", Nav: returnsPath, Data: v})
}

// printReturn is a return on paper.
func (s *Server) printReturn(c *fiber.Ctx, by policy.Actor) error {
	doc, version, figures, err := s.shownReturn(c, by)
	if err != nil {
		return err
	}
	view, heading, err := s.baseOfReturn(c.UserContext(), doc, version, figures, c.Query("v") != "")
	if err != nil {
		return err
	}
	view.Back, view.Kind = view.Path, "报表"
	if view.Query != "" {
		view.Back += "?" + view.Query
	}
	view.Printed = "未报出的草稿"
	if !heading.Day.IsZero() {
		view.Printed = heading.Day.Chinese() + "报出，第 " + strconv.FormatInt(version.No, 10) + " 版"
	}
	return s.render(c, by, "return_print", page{Title: view.Name, Script: true, Data: printedReturn{view, heading}})
}

// printedReturn is what return_print.html shows.
type printedReturn struct {
	oneReturnView
	H returns.Heading
}

// returnExcel is a return as Excel, in the office's own template if it has one.
func (s *Server) returnExcel(c *fiber.Ctx, by policy.Actor) error {
	doc, version, figures, err := s.shownReturn(c, by)
	if err != nil {
		return err
	}
	_, heading, err := s.baseOfReturn(c.UserContext(), doc, version, figures, c.Query("v") != "")
	if err != nil {
		return err
	}
	data, err := s.returns.Workbook(c.UserContext(), &doc.State, figures, heading)
	if err != nil {
		return err
	}
	return attach(c, doc.State.Name()+".xlsx", files.XLSX.MediaType(), data)
}

// returnFormView is what return_form.html shows.
type returnFormView struct {
	Form     *returns.Form
	Path     string
	Due      string
	Names    []returns.NameOf
	Rows     []templateLine
	Seq      int64
	May, Off bool
	Errors   []string
	Cells    []formCell
}

type templateLine struct {
	No          int64
	Path, Name  string
	At, By      string
	Names       int64
	Used        bool
	Description string
}

type formCell struct{ Key, Title, Unit, How, From string }

// returnForm is the page of one return: its cells with their 口径, and its templates.
func (s *Server) returnForm(c *fiber.Ctx, by policy.Actor) error {
	return s.showReturnForm(c, by, nil)
}

func (s *Server) showReturnForm(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	ctx := c.UserContext()
	f, known := s.returns.Forms.Find(c.Params("form"))
	if !known {
		return fault.New("web.returnForm", fault.NotFound, "没有这张报表")
	}
	doc, err := s.returns.TemplateOf(ctx, by, f.ID)
	if err != nil {
		return err
	}
	v := returnFormView{Form: f, Path: returnFormsPath + "/" + f.ID, Names: f.Names(), Seq: doc.Seq, May: s.guard.Allow(by, policy.KeepReturnTemplate), Off: doc.State.Off, Due: "报告期结束后 " + strconv.Itoa(f.Due.Days) + " 天"}
	if f.Due.Rolls {
		v.Due += "，遇休息日顺延"
	}
	for _, r := range refused {
		v.Errors = append(v.Errors, r.Message)
	}
	last := doc.State.Last()
	for i := range doc.State.Versions {
		t := &doc.State.Versions[i]
		v.Rows = append(v.Rows, templateLine{No: t.No, Path: v.Path + "/files/" + strconv.FormatInt(t.No, 10), Name: t.File.Name, At: dateTime(t.By.At.Time), By: s.titleOfOffice(t.By.Office), Names: t.Names, Used: last != nil && last.No == t.No})
	}
	slices.Reverse(v.Rows)
	for i := range f.Cells {
		cell := &f.Cells[i]
		v.Cells = append(v.Cells, formCell{cell.Key, cell.Title, cell.Counts().Unit, cell.How, cell.Counts().From})
	}
	return s.render(c, by, "return_form", page{Title: f.Title, Nav: returnsPath, Data: v, Fields: refused, Said: saidParam(c, map[string]string{"put": "已上传，下载 Excel 时按这一版填。", "off": "已停用模板，下载默认格式。", "on": "已启用最近一版模板。"})})
}

// blankReturn is the default workbook without numbers.
func (s *Server) blankReturn(c *fiber.Ctx, by policy.Actor) error {
	data, err := s.returns.Blank(c.UserContext(), by, c.Params("form"))
	if err != nil {
		return err
	}
	f, _ := s.returns.Forms.Find(c.Params("form"))
	return attach(c, f.Title+"空白模板.xlsx", files.XLSX.MediaType(), data)
}

// returnTemplate hands out one version of a template.
func (s *Server) returnTemplate(c *fiber.Ctx, by policy.Actor) error {
	in, size, stored, err := s.returns.OpenTemplate(c.UserContext(), by, c.Params("form"), seqOf(c.Params("no")))
	if err != nil {
		return err
	}
	sendFile(c, in, size, files.XLSX, stored.Name, true)
	return nil
}

// putReturnTemplate takes a template in.
func (s *Server) putReturnTemplate(c *fiber.Ctx, by policy.Actor) error {
	var upload *files.Upload
	var bad []fault.Field
	values, err := s.readForm(c, maxReturnTemplate, func(name string, r io.Reader) error {
		if upload != nil {
			return nil
		}
		var err error
		upload, err = s.files.Receive(name, r, files.XLSX)
		if fault.Is(err, fault.Invalid) {
			bad = append(bad, fault.Field{Name: "file", Message: fault.MessageOf(err)})
			return nil
		}
		return err
	})
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err != nil {
		return err
	}
	if len(bad) == 0 {
		err = s.returns.PutTemplate(c.UserContext(), by, c.Params("form"), seqOf(values.Get("seq")), upload)
		bad = templateFaults(err)
	}
	if len(bad) > 0 {
		c.Status(statusOf(fault.Invalid))
		return s.showReturnForm(c, by, bad)
	}
	if err != nil {
		return err
	}
	return seeOther(c, returnFormsPath+"/"+c.Params("form")+"?done=put")
}

// templateFaults are the refused names of a template, all told at the file.
func templateFaults(err error) []fault.Field {
	if !fault.Is(err, fault.Invalid) {
		return nil
	}
	out := slices.Clone(fault.FieldsOf(err))
	for i := range out {
		out[i].Name = "file"
	}
	if len(out) == 0 {
		out = []fault.Field{{Name: "file", Message: fault.MessageOf(err)}}
	}
	return out
}

// useReturnTemplate goes back to the default workbook, or to the last template.
func (s *Server) useReturnTemplate(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	off := values.Get("off") != ""
	if err := s.returns.SwitchTemplate(c.UserContext(), by, c.Params("form"), seqOf(values.Get("seq")), off); err != nil {
		return err
	}
	return seeOther(c, returnFormsPath+"/"+c.Params("form")+"?done="+map[bool]string{true: "off", false: "on"}[off])
}

// ReturnTasks is the work at the desk of returns: to compile what is due, to check, to sign.
type ReturnTasks struct {
	Guard   *policy.Guard
	Returns *returns.Service
}

// Tasks implements Tasks.
func (t ReturnTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Guard.Allow(by, policy.ReadReturn) {
		return nil, nil
	}
	var out []Task
	for _, w := range []struct {
		state  returns.State
		do     returns.Step
		action policy.Action
		verb   string
	}{{returns.Draft, returns.StepCompile, policy.CompileReturn, "核对、送审"}, {returns.Compiled, returns.StepCheck, policy.CheckReturn, "审核"}, {returns.Checked, returns.StepSign, policy.SignReturn, "签发"}} {
		if !t.Guard.Allow(by, w.action) {
			continue
		}
		found, err := t.Returns.All(ctx, by, returns.Filter{State: w.state})
		if err != nil {
			return nil, err
		}
		for i := range found {
			r := &found[i].State
			if !t.Returns.Can(ctx, by, r, w.do) {
				continue
			}
			task := Task{Title: w.verb + r.Name(), Context: "报送" + r.To, Link: returnPath(found[i].ID), Button: "去办理", Nav: returnsPath, Count: 1}
			if len(r.Versions) == 0 {
				task.Due, task.Unresolved, task.Basis = r.Due.Due, !r.Due.Resolved(), "报送期限"
			} else {
				task.Context = "更正：" + r.Correcting
			}
			out = append(out, task)
		}
	}
	return out, nil
}
