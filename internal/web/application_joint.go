package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/application"
)

// jointPath is the joint review (联审) over all applications of a year.
const jointPath = applicationsPath + "/joint"

// jointStep is the beginning of the names of the fields of its form, verdictField that of the field of one application: its id and what was seen of it follow.
const (
	jointStep    = "joint"
	verdictField = "verdict:"
)

// jointRoutes are the pages of the joint review.
func (s *Server) jointRoutes() []Route {
	const get = fiber.MethodGet
	return []Route{
		{Method: get, Path: jointPath, Action: policy.ReadApplication, Handler: s.joint},
		{Method: get, Path: jointPath + ".xlsx", Action: policy.ReadApplication, Handler: s.jointExcel},
		{Method: get, Path: jointPath + "/print", Action: policy.ReadApplication, Handler: s.jointPrint},
		{Method: fiber.MethodPost, Path: jointPath, Action: policy.HoldStar, Handler: s.reviewJoint, Upload: maxFundForm},
	}
}

// jointView is what application_joint.html shows.
type jointView struct {
	Year, Name, Excel, Print, Query, Here, All string
	Filters                                    []field
	Counts                                     []chartCell
	Rows                                       []jointRow
	Count                                      int
	Page                                       pager
	// Form are the fields under the list, none for who records nothing; PaperError is what is wrong with the minutes, ChosenError with what was chosen.
	Form                    []field
	PaperError, ChosenError string
	Choices                 []option
	MaxMB                   int64
	// Done is what came of each verdict of a form that was sent.
	Done []jointDone
	Kept int
	// NumberHint says which number of the minutes is proposed, "" for none.
	NumberHint string
}

// jointRow is one application. Field is the name of its select, "" where nothing can be recorded, Why says why not.
type jointRow struct {
	Path, Name, Sub, Words, Standing, Proposed, Joint, Reason, Field, Chosen, Why string
	Said                                                                          [][2]string
	cells                                                                         []any
	grade                                                                         string
}

// jointDone is what came of one verdict.
type jointDone struct{ Path, Name, Result, Why string }

// jointDesk is one request for the joint review of a year.
type jointDesk struct {
	listAddress
	year, name string
	rounds     []application.Round
	docs       []store.Doc[application.Application]
	// proposed are the rows of the present evaluation by project, nil for who may not see it or before there is one.
	proposed map[string]*cycle.BoardRow
	grades   []option
}

// jointFor gathers the applications of the year of an address, in order of name, with what the rule proposes for whom may see that.
func (s *Server) jointFor(c *fiber.Ctx, by policy.Actor) (*jointDesk, error) {
	ctx := c.UserContext()
	d := &jointDesk{listAddress: readList(c, jointPath, "q", "year", "joint", "grade", "all")}
	var err error
	if d.rounds, err = s.applications.Rounds(ctx); err != nil || len(d.rounds) == 0 {
		return d, err
	}
	d.year = cmp.Or(d.value["year"], d.rounds[0].Year)
	at := slices.IndexFunc(d.rounds, func(r application.Round) bool { return r.Year == d.year })
	if at < 0 {
		return nil, fault.New("web.joint", fault.NotFound, "没有通知这一年的星级申报")
	}
	d.name = d.rounds[at].Name
	if err := eachPage(func(after string) (store.Page[application.Application], error) {
		return s.applications.List(ctx, by, application.Filter{Year: d.year}, false, after)
	}, func(doc store.Doc[application.Application]) {
		if st := doc.State.State; st != application.Draft && st != application.Withdrawn {
			d.docs = append(d.docs, doc)
		}
	}); err != nil {
		return nil, err
	}
	slices.SortStableFunc(d.docs, func(a, b store.Doc[application.Application]) int {
		return cmp.Or(strings.Compare(a.State.Name, b.State.Name), strings.Compare(a.ID, b.ID))
	})
	return d, s.propose(ctx, by, d)
}

// propose adds what the present evaluation of the year proposes, as far as the actor may see it.
func (s *Server) propose(ctx context.Context, by policy.Actor, d *jointDesk) error {
	if s.cycle == nil || !s.guard.Allow(by, policy.ReadBoards) {
		return nil
	}
	b, err := s.cycle.Boards(ctx, by, cycle.BoardAsk{Period: d.year})
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil || b.Period == nil || b.Period.Evaluation == "" {
		return err
	}
	d.proposed = map[string]*cycle.BoardRow{}
	for i := range b.Rows {
		if r := &b.Rows[i]; r.Move != cycle.MovedGone {
			d.proposed[r.Project] = r
		}
	}
	for _, g := range b.Grades() {
		d.grades = append(d.grades, option{g.ID, g.Label})
	}
	return nil
}

// rows are the applications that the filter lets through.
func (d *jointDesk) rows() (out []jointRow) {
	for i := range d.docs {
		a := &d.docs[i].State
		r := jointRow{Path: applicationsPath + "/" + d.docs[i].ID, Name: a.Name, Sub: joinWords(a.FirmName, a.Place), Words: a.Words, Standing: a.Standing(), Proposed: "—", Joint: cmp.Or(a.Joint(), "—"), Said: opinions(a)}
		if a.Held != nil {
			r.Reason = a.Held.Minutes.Text
		}
		var total *num.Num
		if p := d.proposed[a.Project]; p != nil {
			r.grade, r.Proposed, total = p.Grade, p.Label, p.Total
			if total != nil {
				r.Proposed += " " + points(*total, boardPlaces)
			}
		}
		switch {
		case !registry.Finds(a.Name, d.value["q"]) && !registry.Finds(a.FirmName, d.value["q"]) && !casework.Says(d.value["q"], a.Place),
			d.value["joint"] != "" && a.Joint() != d.value["joint"],
			d.value["grade"] != "" && r.grade != d.value["grade"]:
			continue
		}
		minutes, day := "", any("")
		if paper := jointMinutes(a); paper != nil {
			minutes, day = paper.Number, paper.Day
		}
		r.cells = []any{a.YearName, a.Name, a.Place, a.FirmName, a.Standing()}
		for level := range 4 {
			said := ""
			if level < len(r.Said) {
				said = r.Said[level][0] + "：" + r.Said[level][1]
			}
			r.cells = append(r.cells, said)
		}
		r.cells = append(r.cells, strings.TrimSuffix(r.Proposed, "—"), report.Maybe(total, boardPlaces), a.Joint(), minutes, day, r.Reason)
		out = append(out, r)
	}
	return out
}

// jointMinutes are those on which the result of the joint review stands, nil before there is one.
func jointMinutes(a *application.Application) *casework.Paper {
	switch {
	case a.Held != nil:
		return &a.Held.Minutes
	case a.Agreed != nil:
		return &a.Agreed.Minutes
	}
	return nil
}

// joint shows the joint review of a year.
func (s *Server) joint(c *fiber.Ctx, by policy.Actor) error {
	return s.showJoint(c, by, nil, nil, nil)
}

// showJoint shows it with what was typed and refused, or with what came of a form.
func (s *Server) showJoint(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field, done []application.Reviewed) error {
	d, err := s.jointFor(c, by)
	if err != nil {
		return err
	}
	v := jointView{Year: d.year, Name: d.name, Excel: d.excel(), Print: strings.Replace(d.listAddress.address("after", ""), jointPath, jointPath+"/print", 1), Query: d.value["q"], Here: d.listAddress.address(), All: d.listAddress.address("all", application.ChoiceAgree), MaxMB: maxFundForm >> 20}
	for _, one := range done {
		line := jointDone{Path: applicationsPath + "/" + one.ID, Name: one.Name, Result: one.Result}
		if one.Err != nil {
			line.Why = fault.MessageOf(one.Err)
		} else {
			v.Kept++
		}
		v.Done = append(v.Done, line)
	}
	rows := d.rows()
	v.Count = len(rows)
	v.Page, v.Rows = pageOf(d.listAddress, rows)
	records := d.year != "" && s.guard.Allow(by, policy.HoldStar)
	byPath := map[string]*store.Doc[application.Application]{}
	for i := range d.docs {
		byPath[applicationsPath+"/"+d.docs[i].ID] = &d.docs[i]
	}
	open := false
	for i := range v.Rows {
		r := &v.Rows[i]
		doc := byPath[r.Path]
		if !records || doc.State.State != application.Passed {
			continue
		}
		if !s.applications.Can(c.UserContext(), by, &doc.State, application.StepAgree) {
			r.Why = "你在这份申报上签过意见，或者这一年的星级已经公布，由别人登记或者不能再改"
			continue
		}
		open = true
		r.Field = verdictField + doc.ID + ":" + strconv.FormatInt(doc.Seq, 10)
		if r.Chosen = typed.Get(r.Field); typed == nil && d.value["all"] == application.ChoiceAgree && doc.State.Joint() == application.JointWaits {
			r.Chosen = application.ChoiceAgree
		}
	}
	if open && typed == nil {
		number, hint, err := s.jointNumber(c.UserContext(), d)
		if err != nil {
			return err
		}
		v.NumberHint, typed = hint, url.Values{jointStep + "-number": {number}}
	}
	d.fill(&v, open, typed, refused)
	p := page{Title: v.Name + "联审", Nav: applicationsPath, Data: v, Fields: refused}
	if v.Name == "" {
		p.Title = "联审"
	}
	if len(refused) > 0 {
		return s.refuse(c, by, "application_joint", p)
	}
	return s.render(c, by, "application_joint", p)
}

// jointNumber proposes the number of the minutes: that of the minutes of today, since reasons that differ are recorded one after the other, else the next one of its series; hint says which it is.
func (s *Server) jointNumber(ctx context.Context, d *jointDesk) (number, hint string, err error) {
	for i := range d.docs {
		if paper := jointMinutes(&d.docs[i].State); paper != nil && paper.Day == s.applications.Today() {
			return paper.Number, "已填好今天这份联审纪要的文号；另一份纪要的改成它的号", nil
		}
	}
	if s.letters != nil {
		number, err = s.letters.Next(ctx, "star-application.joint", s.applications.Today().Year())
	}
	if number != "" {
		hint = "已填好下一个号；办公室给了别的号就改成那个号"
	}
	return number, hint, err
}

// fill adds the filters, the counts and the form; open: something can be recorded.
func (d *jointDesk) fill(v *jointView, open bool, typed url.Values, refused []fault.Field) {
	var years []option
	for _, r := range d.rounds {
		years = append(years, option{r.Year, r.Name})
	}
	results := []option{{"", "全部"}, {application.JointWaits, application.JointWaits}}
	for _, choice := range application.Choices() {
		results = append(results, option{choice[1], choice[1]})
	}
	v.Filters = []field{{Name: "year", Label: "年度", Options: years, Value: d.year}, {Name: "joint", Label: "联审结果", Options: results, Value: d.value["joint"]}}
	if len(d.grades) > 0 {
		v.Filters = append(v.Filters, field{Name: "grade", Label: "拟评", Options: append([]option{{"", "全部"}}, d.grades...), Value: d.value["grade"]})
	}
	counts := map[string]int{}
	for i := range d.docs {
		counts[d.docs[i].State.Joint()]++
	}
	for _, o := range results[1:] {
		if counts[o.Value] > 0 {
			v.Counts = append(v.Counts, chartCell{o.Label + " " + count(counts[o.Value]), d.listAddress.address("joint", o.Value, "all", "")})
		}
	}
	for _, f := range refused {
		switch f.Name {
		case jointStep + "-paper":
			v.PaperError = f.Message
		case jointStep + "-chosen":
			v.ChosenError = f.Message
		}
	}
	if !open {
		return
	}
	v.Choices = []option{{"", "这次不登记"}}
	for _, choice := range application.Choices() {
		v.Choices = append(v.Choices, option{choice[0], choice[1]})
	}
	v.Form = withErrors([]field{{Name: jointStep + "-number", Label: "联审纪要文号", Type: "text", Autocomplete: "off", Value: typed.Get(jointStep + "-number"), Hint: cmp.Or(v.NumberHint, "例如 联审纪要第3期")},
		{Name: jointStep + "-day", Label: "联审日期", Type: "date", Value: typed.Get(jointStep + "-day")},
		{Name: jointStep + "-text", Label: "不评或者降低的理由", Rows: 2, Value: typed.Get(jointStep + "-text"), Optional: true, Hint: "选了不评或者降低的要写；理由不同的分几次登记"}}, refused)
}

// reviewJoint records what the joint review decided, each application for itself, and shows what came of each.
func (s *Server) reviewJoint(c *fiber.Ctx, by policy.Actor) error {
	values, in, bad, err := s.caseInput(c, jointStep)
	if in.Upload != nil {
		defer in.Upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if err != nil {
		return err
	}
	var verdicts []application.Verdict
	for _, name := range sortedKeys(values) {
		rest, ok := strings.CutPrefix(name, verdictField)
		if !ok || values.Get(name) == "" {
			continue
		}
		id, seq, _ := strings.Cut(rest, ":")
		verdicts = append(verdicts, application.Verdict{At: casework.At{ID: id, Seq: seqOf(seq)}, Choice: values.Get(name)})
	}
	done, err := oneRound(c.UserContext(), bad, func(ctx context.Context) ([]application.Reviewed, error) {
		out, err := s.applications.Review(ctx, by, verdicts, in)
		if fault.Is(err, fault.Invalid) {
			err = fault.InvalidFields("web.reviewJoint", ofStep(slices.Clone(fault.FieldsOf(err)), jointStep+"-")...)
		}
		return out, err
	})
	if fault.Is(err, fault.Invalid) {
		return s.showJoint(c, by, values, fault.FieldsOf(err), nil)
	}
	if err != nil {
		return err
	}
	return s.showJoint(c, by, nil, nil, done)
}

// jointHeads are the columns of the joint review in Excel.
var jointHeads = []string{"年度", "小区", "所在社区", "企业", "办到", "第一级意见", "第二级意见", "第三级意见", "第四级意见", "拟评", "总分", "联审结果", "联审纪要", "联审日期", "不评或者降低的理由"}

// jointExcel is the same list as Excel.
func (s *Server) jointExcel(c *fiber.Ctx, by policy.Actor) error {
	d, err := s.jointFor(c, by)
	if err != nil {
		return err
	}
	sheet := report.Figures{Sheet: "联审", Heads: jointHeads}
	for _, r := range d.rows() {
		sheet.Rows = append(sheet.Rows, r.cells)
	}
	return sendFigures(c, d.name+"联审.xlsx", sheet)
}

// jointPrintView is what application_joint_print.html shows: the annex of the minutes.
type jointPrintView struct {
	Back, Title, Date string
	Counts            []string
	Rows              []jointRow
}

// jointPrint is the list as the annex of the minutes of the joint review, for printing and as a Word document.
func (s *Server) jointPrint(c *fiber.Ctx, by policy.Actor) error {
	d, err := s.jointFor(c, by)
	if err != nil {
		return err
	}
	if d.year == "" {
		return fault.New("web.jointPrint", fault.NotFound, "还没有通知过星级申报")
	}
	v := jointPrintView{Back: jointPath + "?year=" + url.QueryEscape(d.year), Title: d.name + s.set.Rating + "联审意见表", Date: s.clockOf(c.UserContext()).today.Chinese(), Rows: d.rows()}
	counts := map[string]int{}
	for i := range v.Rows {
		counts[v.Rows[i].Joint]++
	}
	for _, word := range sortedKeys(counts) {
		if word != "—" {
			v.Counts = append(v.Counts, word+" "+count(counts[word])+" 个")
		}
	}
	return s.render(c, by, "application_joint_print", page{Title: v.Title, Data: v, Script: true, Paper: "联审意见表"})
}
