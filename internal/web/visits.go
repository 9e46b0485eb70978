package web

import (
	"cmp"
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
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision/inspection"
)

// visitLine is one row of a list of visits.
type visitLine struct {
	ID, Day, Name, Sheet, State, Reason, Points string
	// Assessor is 第三方测评 or 企业互评, "" for a visit of our own people; Aside says that it counts nowhere.
	Assessor string
	Aside    bool
	Order    int64
	Done, Of int64
	Signed   bool
	Due      bool
}

// visitsView is what visits.html shows.
type visitsView struct {
	Tab                            string
	Today, Later                   []visitLine
	Rows                           []visitLine
	Next                           string
	Quarter, Series, State         field
	Assessor, Order                field
	Name, Excel                    string
	Links                          []crumb
	CanPlan, CanReview, CanDo      bool
	CanRead                        bool
	Pairs                          []pairLine
	Empty, EmptyText, TodayChinese string
	Waiting                        bool
}

func (s *Server) visitLines(docs []store.Doc[inspection.Visit]) []visitLine {
	today := calendar.DateOf(s.clocks.Business())
	out := make([]visitLine, 0, len(docs))
	for _, d := range docs {
		v := d.State
		line := visitLine{ID: d.ID, Day: shortDate(v.Day, today), Name: v.Name, Sheet: v.Sheet.Title, State: v.State.Title(), Reason: v.Reason, Order: v.Order,
			Due: v.Day.Compare(today) <= 0}
		if line.Sheet == "" {
			line.Sheet = s.seriesTitle(v.Series)
		}
		if v.Assessor != inspection.OwnPeople {
			line.Assessor, line.Aside = v.Assessor.Title(), v.Aside
		}
		if v.Full > 0 && (v.State == inspection.Submitted || v.State == inspection.Accepted) {
			line.Points = fmt.Sprintf("%d / %d 分", v.Points, v.Full)
		}
		out = append(out, line)
	}
	return out
}

// seriesTitle is what a kind of sheet is called before the level of the contract is known.
func (s *Server) seriesTitle(series string) string {
	for _, sheet := range s.supervision.Visits.Sheets.Series(calendar.DateOf(s.clocks.Business())) {
		if sheet.Series == series {
			return plainTitle(sheet.Title)
		}
	}
	return series
}

// plainTitle is the title of a sheet without its level.
func plainTitle(title string) string {
	before, _, _ := strings.Cut(title, "（")
	return before
}

func (s *Server) visitsPage(c *fiber.Ctx, by policy.Actor, nav string, v visitsView) error {
	v.CanPlan, v.CanReview, v.CanDo = s.guard.Allow(by, policy.PlanVisit), s.guard.Allow(by, policy.ReviewVisit), walks(s.guard, by)
	v.CanRead = s.guard.Allow(by, policy.ReadVisit)
	said := saidParam(c, map[string]string{"planned": "已安排，走访人员的清单里可以看到。", "accepted": "已通过，从现在起计入评价。", "returned": "已退回，走访人员改好后重新签名提交。",
		"cancelled": "已取消这次走访。", "moved": "已改期，走访人员的清单照新的日期和顺序排。"})
	return s.render(c, by, "visits", page{Title: "走访评价", Nav: nav, Said: said, Script: v.Tab == "mine", Scripts: scriptsIf(v.Tab == "mine"), Data: v})
}

// visitsMine is the list of an officer in the order that was set.
func (s *Server) visitsMine(c *fiber.Ctx, by policy.Actor) error {
	docs, err := s.supervision.Visits.Mine(c.UserContext(), by, c.Query("after"))
	if err != nil {
		return err
	}
	v := visitsView{Tab: "mine", Next: nextPage(c, docs.Next), TodayChinese: calendar.DateOf(s.clocks.Business()).Chinese(), Empty: "今天没有要走访的小区", EmptyText: "安排给你的走访按顺序列在这里。"}
	for i, line := range s.visitLines(docs.Docs) {
		d := docs.Docs[i]
		line.Of = d.State.Sheet.Items
		if d.State.State.Answers() {
			w, err := s.supervision.Visits.One(c.UserContext(), by, d.ID)
			if err != nil {
				return err
			}
			line.Done = int64(len(w.Answers))
		}
		if line.Due || d.State.State != inspection.Planned {
			v.Today = append(v.Today, line)
		} else {
			v.Later = append(v.Later, line)
		}
	}
	return s.visitsPage(c, by, minePath, v)
}

// walks reports whether somebody goes on visits, by his office or because a 第三方测评 or 企业互评 may name him.
func walks(guard *policy.Guard, by policy.Actor) bool {
	return guard.Allow(by, policy.DoVisit) || guard.Allow(by, policy.AssessVisit)
}

// assessedByOwn stands for our own people in the filter, whose word is empty.
const assessedByOwn = "own"

// visitFilter reads the filter of the list of visits.
func visitFilter(c *fiber.Ctx) (inspection.VisitFilter, error) {
	quarter, err := quarterOf(c)
	f := inspection.VisitFilter{Project: c.Query("project"), Quarter: quarter, Series: c.Query("series"), State: inspection.VisitState(c.Query("state")), Name: strings.TrimSpace(c.Query("q")), Oldest: c.Query("order") == "oldest"}
	if text := c.Query("assessor"); text != "" {
		assessor := inspection.Assessor(text)
		if text == assessedByOwn {
			assessor = inspection.OwnPeople
		}
		f.Assessor = &assessor
	}
	return f, err
}

// visits lists all visits of the scope, with filters.
func (s *Server) visits(c *fiber.Ctx, by policy.Actor) error {
	f, err := visitFilter(c)
	if err != nil {
		return err
	}
	markList(c)
	all := option{Value: "", Label: "全部"}
	states, series, assessors := []option{all}, []option{all}, []option{all}
	for _, state := range inspection.VisitStates() {
		states = append(states, option{Value: string(state), Label: state.Title()})
	}
	for _, sheet := range s.supervision.Visits.Sheets.Series(calendar.DateOf(s.clocks.Business())) {
		series = append(series, option{Value: sheet.Series, Label: plainTitle(sheet.Title)})
	}
	for _, a := range inspection.Assessors() {
		assessors = append(assessors, option{Value: cmp.Or(string(a), assessedByOwn), Label: a.Title()})
	}
	docs, err := s.supervision.Visits.List(c.UserContext(), by, f, c.Query("after"))
	if err != nil {
		return err
	}
	v := visitsView{Tab: "all", Rows: s.visitLines(docs.Docs), Next: nextPage(c, docs.Next), Name: f.Name,
		Quarter:  field{Name: "quarter", Label: "季度", Options: s.quarterOptions(), Value: c.Query("quarter")},
		Series:   field{Name: "series", Label: "评价表", Options: series, Value: c.Query("series")},
		State:    field{Name: "state", Label: "状态", Options: states, Value: c.Query("state")},
		Assessor: field{Name: "assessor", Label: "由谁评", Options: assessors, Value: c.Query("assessor")},
		Order:    field{Name: "order", Label: "排序", Options: []option{{Value: "", Label: "新的在前"}, {Value: "oldest", Label: "旧的在前"}}, Value: c.Query("order")},
		Empty:    "没有走访记录", EmptyText: "安排的走访会按日期列在这里。"}
	if len(v.Rows) > 0 {
		v.Links, v.Excel = s.printsOf(visitsPath), "/visits.xlsx?"+string(c.Request().URI().QueryString())
	}
	if f.Name != "" || c.Query("state")+c.Query("series")+c.Query("assessor")+c.Query("quarter") != "" {
		v.EmptyText = "换个条件试试。"
	}
	return s.visitsPage(c, by, visitsPath, v)
}

// visitsExcel is exactly what the filter of the list shows, all pages of it.
func (s *Server) visitsExcel(c *fiber.Ctx, by policy.Actor) error {
	f, err := visitFilter(c)
	if err != nil {
		return err
	}
	sheet := report.Figures{Sheet: "走访评价", Heads: []string{"小区", "由谁评", "评价表", "日期", "得分", "满分", "状态", "发现问题", "理由"}}
	err = eachPage(func(after string) (store.Page[inspection.Visit], error) {
		return s.supervision.Visits.List(c.UserContext(), by, f, after)
	}, func(d store.Doc[inspection.Visit]) {
		v := &d.State
		points, full, found := any(""), any(""), any("")
		if v.Full > 0 && (v.State == inspection.Submitted || v.State == inspection.Accepted) {
			points, full = v.Points, v.Full
		}
		if v.State == inspection.Accepted {
			n := int64(0)
			for _, g := range v.Given {
				if g.Value == inspection.Fail {
					n++
				}
			}
			found = n
		}
		sheet.Rows = append(sheet.Rows, []any{v.Name, v.Assessor.Title(), cmp.Or(v.Sheet.Title, s.seriesTitle(v.Series)), v.Day, points, full, v.State.Title(), found, v.Reason})
	})
	if err != nil {
		return err
	}
	return sendFigures(c, "走访评价.xlsx", sheet)
}

// visitQueue lists the signed sheets that wait for the actor.
func (s *Server) visitQueue(c *fiber.Ctx, by policy.Actor) error {
	docs, err := s.supervision.Visits.Queue(c.UserContext(), by, c.Query("after"))
	if err != nil {
		return err
	}
	return s.visitsPage(c, by, visitsPath, visitsView{Tab: "queue", Rows: s.visitLines(docs.Docs), Next: nextPage(c, docs.Next),
		Empty: "没有等你复核的评价表", EmptyText: "自己走访的由别人复核，不列在这里。"})
}

// pairLine is a visit that was drawn to be scored a second time, with the other one.
type pairLine struct {
	First, Second         visitLine
	FirstSaid, Difference string
	Plan                  string
	// For is the rating period that asked for it because the compound lies near a cut, "" for one that was drawn.
	For string
}

// visitPairs lists what was drawn in a quarter with both scores (双评).
func (s *Server) visitPairs(c *fiber.Ctx, by policy.Actor) error {
	quarter, err := quarterOf(c)
	if err != nil {
		return err
	}
	today := calendar.DateOf(s.clocks.Business())
	if quarter == (calendar.Quarter{}) {
		quarter = calendar.QuarterOf(today)
	}
	pairs, err := s.supervision.Visits.Pairs(c.UserContext(), by, quarter)
	if err != nil {
		return err
	}
	v := visitsView{Tab: "again", Quarter: field{Name: "quarter", Label: "季度", Options: s.quarterOptions(), Value: quarter.String()}, Empty: "这个季度没有抽中再评的走访",
		EmptyText: "走访签完名时由系统抽取，评价表的 overlap 写明每一百次抽几次；临界的小区从评价周期的预览安排，安排以后列在这里。"}
	for _, p := range pairs {
		line := pairLine{First: s.visitLines([]store.Doc[inspection.Visit]{p.First})[0], For: p.Second.State.For}
		a, b := &p.First.State, &p.Second.State
		switch {
		case p.Kept:
			line.FirstSaid = "再评通过复核以后可见"
		case p.Second.ID == "" && calendar.QuarterOf(today) == quarter:
			line.Plan = "/visits/plan?again=" + p.First.ID
		case p.Second.ID == "":
			line.Difference = "没有再评"
		}
		if p.Second.ID != "" {
			line.Second = s.visitLines([]store.Doc[inspection.Visit]{p.Second})[0]
		}
		if a.State == inspection.Accepted && b.State == inspection.Accepted && a.Full > 0 && b.Full > 0 && !p.Kept {
			line.Difference = fmt.Sprintf("%+.1f", 100*float64(b.Points)/float64(b.Full)-100*float64(a.Points)/float64(a.Full))
		}
		v.Pairs = append(v.Pairs, line)
	}
	return s.visitsPage(c, by, visitsPath, v)
}

// planStops is how many projects one plan takes.
const planStops = 8

// planView is what visit_plan.html shows.
type planView struct {
	Key      string
	Form     []field
	Officers []field
	Stops    []field
	Find     string
	More     bool
	// Again is the visit that is scored a second time with what it is called, "" for a day's list.
	Again, AgainName string
	// For is the rating period in which its project lies near a cut, "" for one that was drawn.
	For string
}

// planPage is the form for a day's list.
func (s *Server) planPage(c *fiber.Ctx, by policy.Actor) error {
	return s.showPlan(c, by, url.Values{"day": {calendar.DateOf(s.clocks.Business()).String()}, "again": {c.Query("again")}, "for": {c.Query("for")}}, nil)
}

func (s *Server) showPlan(c *fiber.Ctx, by policy.Actor, values url.Values, refused []fault.Field) error {
	people, err := s.walkers(c.UserContext(), by)
	if err != nil {
		return err
	}
	find := c.Query("find")
	projects, more, err := s.projectOptions(c, by, find)
	if err != nil {
		return err
	}
	projects[0].Label = "（不用）"
	series, assessors := s.visitChoices(calendar.DateOf(s.clocks.Business()))
	v := planView{Key: c.FormValue("key"), Find: find, More: more, Form: withErrors([]field{
		{Name: "day", Label: "走访日期", Type: "date", Value: values.Get("day")},
		{Name: "assessor", Label: "由谁评", Options: assessors, Value: values.Get("assessor"), Hint: "第三方测评选第三方测评人员；企业互评选别的物业企业的人员，不计入评价，除非评价表写明计入"},
		{Name: "series", Label: "评价表", Options: series, Value: values.Get("series"), Hint: "服务评价表按合同约定的等级自动选用"},
	}, refused)}
	if v.Key == "" {
		v.Key = newKey()
	}
	if v.Again = values.Get("again"); v.Again != "" {
		v.For = values.Get("for")
		pair, err := s.supervision.Visits.Drawn(c.UserContext(), by, v.Again, v.For)
		if err != nil {
			return err
		}
		if people, err = s.goAgain(c.UserContext(), people, &pair); err != nil {
			return err
		}
		v.AgainName, v.Form = pair.Name+"，"+pair.Sheet.Title+"，"+pair.Day.Chinese()+"走访", v.Form[:1]
	}
	v.Officers = officerFields(people, func(i int) string { return values.Get(officerName(i)) }, refused)
	for i := range planStops {
		name := fmt.Sprintf("stop%d", i+1)
		v.Stops = append(v.Stops, field{Name: name, Label: fmt.Sprintf("第 %d 站", i+1), Options: projects, Value: values.Get(name)})
	}
	v.Stops = withErrors(v.Stops, refused)
	p := page{Title: "安排走访", Nav: visitsPath, Fields: refused, Data: v}
	if len(refused) > 0 {
		return s.refuse(c, by, "visit_plan", p)
	}
	return s.render(c, by, "visit_plan", p)
}

// maxWalkers is how many people the forms send on one visit.
const maxWalkers = 4

func officerName(i int) string { return fmt.Sprintf("officer%d", i+1) }

// officerFields are the choices of who goes; what is wrong with them stands at the first.
func officerFields(people []option, chosen func(i int) string, refused []fault.Field) []field {
	out := make([]field, maxWalkers)
	for i := range out {
		out[i] = field{Name: officerName(i), Label: fmt.Sprintf("走访人员（第 %d 人）", i+1), Options: people, Value: chosen(i), Optional: i > 1}
	}
	out[0].Label = "走访人员（带队）"
	for _, bad := range refused {
		if bad.Name == "officers" {
			out[0].Error = bad.Message
		}
	}
	return out
}

// officersOf reads them.
func officersOf(values url.Values) (officers []string) {
	for i := range maxWalkers {
		if id := values.Get(officerName(i)); id != "" {
			officers = append(officers, id)
		}
	}
	return officers
}

// walkers are the people who can be sent, those who only assess among them.
func (s *Server) walkers(ctx context.Context, by policy.Actor) ([]option, error) {
	out := []option{{Value: "", Label: "（不用）"}}
	for _, right := range []policy.Action{policy.DoVisit, policy.AssessVisit} {
		colleagues, err := s.supervision.Colleagues.Colleagues(ctx, by, policy.PlanVisit, right)
		if err != nil {
			return nil, err
		}
		for _, p := range colleagues {
			if !slices.ContainsFunc(out, func(o option) bool { return o.Value == p.ID }) {
				out = append(out, option{Value: p.ID, Label: p.Name + "（" + p.Titles + "）"})
			}
		}
	}
	return out, nil
}

// goAgain leaves of those who can be sent who may score a visit again.
func (s *Server) goAgain(ctx context.Context, people []option, first *inspection.Visit) ([]option, error) {
	out := people[:1:1]
	for _, o := range people[1:] {
		may, err := s.supervision.Visits.MayGoAgain(ctx, o.Value, first)
		if err != nil {
			return nil, err
		}
		if may {
			out = append(out, o)
		}
	}
	return out, nil
}

// planVisits puts the stops of a day onto the list of the officers; each stop is a visit of its own and has its own key, so that a resend doubles none.
func (s *Server) planVisits(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	var unread []fault.Field
	day, err := calendar.ParseDate(values.Get("day"))
	if err != nil {
		unread = append(unread, fault.Field{Name: "day", Message: dayFault(values.Get("day"))})
	}
	officers := officersOf(values)
	var plans []inspection.PlanVisit
	for i := range planStops {
		if project := values.Get(fmt.Sprintf("stop%d", i+1)); project != "" {
			plan := inspection.PlanVisit{Project: project, Series: values.Get("series"), Assessor: inspection.Assessor(values.Get("assessor")), Day: day, Order: int64(i + 1), Officers: officers, Idem: formIdem(c)}
			if plan.Idem != nil {
				plan.Idem.Key += "/" + strconv.Itoa(i+1)
			}
			plans = append(plans, plan)
		}
	}
	if again := values.Get("again"); again != "" {
		plans = []inspection.PlanVisit{{Again: again, For: values.Get("for"), Day: day, Order: 1, Officers: officers, Idem: formIdem(c)}}
	}
	if len(plans) == 0 {
		unread = append(unread, fault.Field{Name: "stop1", Message: "请至少选一个小区"})
	}
	err = inOneRound(c.UserContext(), &unread, func(ctx context.Context) error {
		for _, plan := range plans {
			if _, err := s.supervision.Visits.Plan(ctx, by, plan); err != nil {
				return err
			}
		}
		return nil
	})
	if refused := refusedForm(err); refused != nil {
		return s.showPlan(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, "/visits?done=planned")
}

// itemLine is one item on the overview of a visit.
type itemLine struct {
	ID, Sentence, Answer, Points, Where, Note string
	Answered, Failed                          bool
	Photos                                    []string
	Paper                                     inspection.Paper
	PaperTitle                                string
}

// categoryLines is a category with its items.
type categoryLines struct {
	Name  string
	Items []itemLine
}

// visitView is what visit.html shows.
type visitView struct {
	visitLine
	Seq                             int64
	Key, Officers, SheetNote, Level string
	Mine, CanStart, CanAnswer       bool
	CanSign, Complete               bool
	CanDecide, CanCancel            bool
	// Move is the form to move a visit that has not begun; nil for who may not.
	Move          []field
	WaitsForOther string
	First         string
	// Draft is where papers about the findings are drafted, "" for who may not or if there is nothing to draft.
	Draft                    string
	Categories               []categoryLines
	Findings                 []itemLine
	Signatures               int
	Persons                  int
	ReturnField, CancelField field
	Sums                     []sumLine
	Prints                   []printLine
}

// sumLine is what a visit says of one fact.
type sumLine struct{ Name, Points, Full string }

// officerNames are the masked names of the officers of a visit.
func (s *Server) officerNames(ctx context.Context, v inspection.Visit) (string, error) {
	var names []string
	for _, id := range v.Officers {
		person, err := s.supervision.Visits.Crew.Person(ctx, id)
		switch {
		case fault.Is(err, fault.NotFound):
			names = append(names, "（已停用）")
		case err != nil:
			return "", err
		default:
			names = append(names, policy.MaskName(person.Name))
		}
	}
	return strings.Join(names, "、"), nil
}

// visit is the overview of a visit: for its officers what is left, for the reviewer what was found.
func (s *Server) visit(c *fiber.Ctx, by policy.Actor) error { return s.showVisit(c, by, nil) }

func (s *Server) showVisit(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	w, err := s.supervision.Visits.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	doc := w.Visit
	v := visitView{visitLine: s.visitLines([]store.Doc[inspection.Visit]{doc})[0], Seq: doc.Seq, Key: newKey(), Level: doc.State.Sheet.Level,
		Signatures: w.Signatures(), Persons: len(doc.State.Officers)}
	if v.Officers, err = s.officerNames(c.UserContext(), doc.State); err != nil {
		return err
	}
	s.mayOnVisit(&v, by, doc.State)
	if w.Sheet != nil {
		v.SheetNote, v.Of = w.Sheet.Note, w.Sheet.Count()
		s.fillItems(&v, w)
	}
	if s.rectifications != nil && doc.State.State == inspection.Accepted && s.guard.Allow(by, policy.HandleRectification) && slices.ContainsFunc(doc.State.Given, func(g inspection.Given) bool { return g.Paper != "" }) {
		v.Draft = rectificationsPath + "/new?visit=" + url.QueryEscape(doc.ID)
	}
	if v.Prints, err = s.paperLines(c.UserContext(), by, visitsPath, doc.ID, s.visitPapers(w)); err != nil {
		return err
	}
	v.Complete = v.Of > 0 && v.Done == v.Of
	v.Signed = w.Signed(by.ID)
	v.CanSign = v.CanAnswer && v.Complete && !v.Signed
	v.ReturnField = withErrors([]field{{Name: "reason", Label: "退回理由", Rows: 2, Hint: "写明哪一项要改、为什么", Value: c.FormValue("reason")}}, refused)[0]
	if doc.State.State == inspection.Planned && s.guard.Allow(by, policy.PlanVisit) {
		if v.Move, err = s.moveFields(c, by, &doc.State, refused); err != nil {
			return err
		}
	}
	v.CancelField = withErrors([]field{{Name: "cancel-reason", Label: "取消理由", Type: "text"}}, refused)[0]
	said := saidParam(c, map[string]string{"started": "已开始走访。", "signed": "已签名，等另一人签名后提交。", "submitted": "已签名提交，由第三人复核后计入评价。"})
	p := page{Title: doc.State.Name + "走访", Nav: visitsPath, Said: said, Fields: refused, Script: true, Scripts: scriptsIf(v.Mine && v.CanAnswer), Data: v}
	if len(refused) > 0 {
		return s.refuse(c, by, "visit", p)
	}
	return s.render(c, by, "visit", p)
}

// mayOnVisit fills in what the actor may do.
func (s *Server) mayOnVisit(v *visitView, by policy.Actor, visit inspection.Visit) {
	for _, id := range visit.Officers {
		v.Mine = v.Mine || id == by.ID
	}
	v.Mine = v.Mine && walks(s.guard, by)
	v.CanStart = v.Mine && visit.State == inspection.Planned
	v.CanAnswer = v.Mine && visit.State.Answers()
	v.CanCancel = s.guard.Allow(by, policy.PlanVisit) && visit.State.Open()
	if visit.State == inspection.Submitted && s.guard.Allow(by, policy.ReviewVisit) {
		separate := policy.Separate(by, policy.PartReview, visit.Acts)
		v.CanDecide = separate == nil && !v.Mine
		if !v.CanDecide {
			v.WaitsForOther = "你参加了这次走访，复核由另一人完成"
		}
	}
}

// fillItems fills in sheet and answers.
func (s *Server) fillItems(v *visitView, w inspection.Walk) {
	for _, cat := range w.Sheet.Categories {
		lines := categoryLines{Name: cat.Name}
		for _, item := range cat.Items {
			a, ok := w.Answers[item.ID]
			line := itemLine{ID: item.ID, Sentence: item.Sentence, Answer: a.Value.Title(), Answered: ok, Failed: a.Value == inspection.Fail, Where: a.Where, Note: a.Note,
				Paper: a.Paper, PaperTitle: a.Paper.Kind.Title()}
			if ok {
				v.Done++
			} else if v.First == "" {
				v.First = item.ID
			}
			if ok && item.Scale == 0 && a.Value != inspection.NotApplicable {
				line.Points = fmt.Sprintf("%d / %d", item.Points-a.Lost, item.Points)
			}
			for _, photo := range a.Photos {
				line.Photos = append(line.Photos, photo.Original)
			}
			if line.Failed {
				v.Findings = append(v.Findings, line)
			}
			lines.Items = append(lines.Items, line)
		}
		v.Categories = append(v.Categories, lines)
	}
	if v.First == "" && len(v.Categories) > 0 {
		v.First = v.Categories[0].Items[0].ID
	}
}

// startVisit begins a visit and opens its first item.
func (s *Server) startVisit(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.supervision.Visits.Start(c.UserContext(), by, atOf(c))
	if err != nil {
		return err
	}
	w, err := s.supervision.Visits.One(c.UserContext(), by, doc.ID)
	if err != nil {
		return err
	}
	return seeOther(c, "/visits/"+doc.ID+"/items/"+w.Sheet.Items()[0].ID)
}

// signVisit signs the answers as they are.
func (s *Server) signVisit(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.supervision.Visits.Sign(c.UserContext(), by, atOf(c))
	if refused := refusedForm(err); refused != nil {
		return s.showVisit(c, by, refused)
	}
	if err != nil {
		return err
	}
	done := "signed"
	if doc.State.State == inspection.Submitted {
		done = "submitted"
	}
	return seeOther(c, "/visits/"+doc.ID+"?done="+done)
}

// acceptVisit makes a visit count.
func (s *Server) acceptVisit(c *fiber.Ctx, by policy.Actor) error {
	if _, err := s.supervision.Visits.Accept(c.UserContext(), by, atOf(c)); err != nil {
		return err
	}
	return seeOther(c, "/visits/queue?done=accepted")
}

// returnVisit gives a visit back.
func (s *Server) returnVisit(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.supervision.Visits.Return(c.UserContext(), by, atOf(c), c.FormValue("reason"))
	if refused := refusedForm(err); refused != nil {
		return s.showVisit(c, by, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, "/visits/queue?done=returned")
}

// cancelVisit takes a visit off the list.
// moveFields is the form that moves a visit: what is planned, or what was typed and refused.
func (s *Server) moveFields(c *fiber.Ctx, by policy.Actor, v *inspection.Visit, refused []fault.Field) ([]field, error) {
	people, err := s.walkers(c.UserContext(), by)
	if err != nil {
		return nil, err
	}
	typed := formValues(c)
	moved := typed.Has("day")
	value := func(name, now string) string {
		if moved {
			return typed.Get(name)
		}
		return now
	}
	form := withErrors([]field{{Name: "day", Label: "走访日期", Type: "date", Value: value("day", v.Day.String())},
		{Name: "order", Label: "当天的顺序", Type: "text", Value: value("order", strconv.FormatInt(v.Order, 10))}}, refused)
	return append(form, officerFields(people, func(i int) string {
		now := ""
		if i < len(v.Officers) {
			now = v.Officers[i]
		}
		return value(officerName(i), now)
	}, refused)...), nil
}

// moveVisit gives a visit that has not begun another day, place or other people.
func (s *Server) moveVisit(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	var unread []fault.Field
	day, err := calendar.ParseDate(values.Get("day"))
	if err != nil {
		unread = append(unread, fault.Field{Name: "day", Message: dayFault(values.Get("day"))})
	}
	order, err := strconv.ParseInt(strings.TrimSpace(values.Get("order")), 10, 64)
	if err != nil {
		unread = append(unread, fault.Field{Name: "order", Message: "顺序要写 1 至 9999 的整数"})
		order = 1 // what else is wrong is told with it
	}
	err = inOneRound(c.UserContext(), &unread, func(ctx context.Context) error {
		_, err := s.supervision.Visits.Move(ctx, by, atOf(c), day, order, officersOf(values))
		return err
	})
	if refused := refusedForm(err); refused != nil {
		return s.showVisit(c, by, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, "/visits?done=moved")
}

func (s *Server) cancelVisit(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.supervision.Visits.Cancel(c.UserContext(), by, atOf(c), c.FormValue("cancel-reason"))
	if refused := refusedForm(err); refused != nil {
		return s.showVisit(c, by, []fault.Field{{Name: "cancel-reason", Message: refused[0].Message}})
	}
	if err != nil {
		return err
	}
	return seeOther(c, "/visits?done=cancelled")
}

// visitPhoto shows a photo of an answer; the visit decides who sees it.
func (s *Server) visitPhoto(c *fiber.Ctx, by policy.Actor) error {
	gone := fault.New("web.visitPhoto", fault.NotFound, "")
	w, err := s.supervision.Visits.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	if shown := shownPhoto(w, c.Params("photo")); shown != "" && s.supervision.Photos != nil {
		return s.sendPhoto(c, s.supervision.Photos, shown)
	}
	return gone
}

// sendPhoto sends the shown copy of a photo that the actor may see.
func (s *Server) sendPhoto(c *fiber.Ctx, photos Photos, shown string) error {
	r, size, err := photos.Open(c.UserContext(), shown)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "private, max-age=86400, immutable")
	c.Response().Header.SetContentType("image/jpeg")
	return c.SendStream(r, int(size))
}
