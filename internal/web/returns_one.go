package web

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report/returns"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

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
	// Hand: it is filled in by hand; Typed says by whom.
	Hand  bool
	Typed string
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
	Version int64
	Query   string
	// Merged is the workbook of all townships of the same term, "" for a return that has none.
	Merged  string
	Taken   string
	Hands   []handLine
	Reason  string
	Correct string
	Groups  []cellGroup
	Tables  []returnTable
	Odd     int
	// Acts are steps with a form, Plain those that are one button.
	Acts, Plain []returnAct
	Versions    []versionLine
	History     []historyLine
	Template    string
	Printed     string
	Unit        string
	Back        string
	Kind        string
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
	if c.ByHand {
		return out
	}
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

// changedBy is a change in percent: +12.5%, of a share in percentage points: +3.8 点.
func changedBy(c *returns.Filled, was *num.Num) string {
	x, ok := c.Change(was)
	if !ok {
		return "—"
	}
	text := x.Fixed(1) + "%"
	if c.IsShare() {
		text = x.Fixed(1) + " 点"
	}
	if x.Sign() > 0 {
		text = "+" + text
	}
	return text
}

// byWords are the headings of the first column of tables.
var byWords = map[returns.By]string{returns.ByTownship: "乡镇", returns.ByCommunity: "社区", returns.ByCompound: "小区", returns.ByFirm: "企业", returns.BySubject: "地点和诉求"}

// fill puts the numbers of a return into words.
func (v *oneReturnView) fill(f *returns.Figures, officeTitle func(office string) string) {
	for i := range f.Cells {
		c := &f.Cells[i]
		if len(v.Groups) == 0 || v.Groups[len(v.Groups)-1].Title != c.Group {
			v.Groups = append(v.Groups, cellGroup{Title: c.Group})
		}
		one := cellView{Title: c.Title, Unit: c.Unit, How: c.How, From: c.From, Number: v.numberOf(c, &c.Value, "", ""), Before: groupedNumber(c.Text(c.Before)), Year: groupedNumber(c.Text(c.Year)), Change: changedBy(c, c.Before), Growth: changedBy(c, c.Year), Reported: c.Reported, YearReported: c.YearReported, Odd: c.IsOdd()}
		if one.Odd {
			v.Odd++
			one.OddText = "环比变化达到 " + strconv.FormatInt(c.Odd, 10) + "%，请核对清单"
			if c.IsShare() {
				one.OddText = "环比变化达到 " + strconv.FormatInt(c.Odd, 10) + " 个百分点，请核对清单"
			}
			if c.Before.IsZero() {
				one.OddText = "上期是 0，请核对清单"
			}
			if c.ByHand {
				one.OddText = "环比变化较大，请核对"
			}
		}
		if one.Hand = c.ByHand; c.Typed != nil {
			one.Typed = officeTitle(c.Typed.Office) + "，" + dateTime(c.Typed.At.Time)
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
	view.fill(f, s.titleOfOffice)
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
		for _, act := range s.returnActs(ctx, by, &doc.State, figures, typed, refused) {
			if act.First || len(act.Fields) > 0 {
				view.Acts = append(view.Acts, act)
			} else {
				view.Plain = append(view.Plain, act)
			}
		}
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
	if form, known := s.returns.Forms.Find(doc.State.Form); known && form.Townships {
		view.Merged = returnsPath + "/merged.xlsx?" + url.Values{"form": {form.ID}, "term": {doc.State.Term}}.Encode()
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
func (s *Server) returnActs(ctx context.Context, by policy.Actor, r *returns.Return, f *returns.Figures, typed url.Values, refused []fault.Field) []returnAct {
	value := func(name, or string) string {
		if typed.Has(name) {
			return typed.Get(name)
		}
		return or
	}
	acts := map[returns.Step]returnAct{
		returns.StepTake:    {Title: "重新取数", Button: "重新取数", Hint: "登记更正以后，按现在的登记再算一遍。"},
		returns.StepType:    {Title: "人工填写的数", Button: "保存", First: true, Hint: "系统没有登记的数由制表人填写，填写的人不审核、不签发；每次改动都留在经过里。", Fields: s.handFields(r.Form, f, value)},
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
		if step.do == returns.StepType && len(act.Fields) == 0 {
			continue
		}
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

// handFields are the fields of the cells that are filled in by hand.
func (s *Server) handFields(form string, f *returns.Figures, value func(name, or string) string) []field {
	known, found := s.returns.Forms.Find(form)
	if !found {
		return nil
	}
	var out []field
	for i := range f.Cells {
		cell, there := known.Cell(f.Cells[i].Key)
		if !f.Cells[i].ByHand || !there || !cell.Hand.Is() {
			continue
		}
		now := ""
		if f.Cells[i].N != nil {
			now = f.Cells[i].N.String()
		}
		out = append(out, field{Name: cell.Key, Label: cell.Title, Type: "text", Mode: "decimal", Autocomplete: "off", Hint: cell.How + "；" + cell.Hand.Hint(), Value: value(cell.Key, now)})
	}
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
		case returns.StepType:
			if form, known := s.returns.Forms.Find(r.Form); known && i > 0 {
				why = strings.Join(form.Retyped(&changes[i-1].State, r), "；")
			}
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
		numbers := map[string]string{}
		for key := range values {
			numbers[key] = values.Get(key)
		}
		_, err := s.returns.Do(c.UserContext(), by, at, do, returns.Input{Typed: numbers, To: strings.TrimSpace(values.Get("to")), Note: strings.TrimSpace(values.Get("note")), Reason: strings.TrimSpace(values.Get("reason"))})
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
