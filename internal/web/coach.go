package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
)

// coachPath is the list of projects with what they can do for their star (争星晋位).
const coachPath = "/coach"

// coachRoutes are the pages of the coach and of the tasks that it leads to.
func (s *Server) coachRoutes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	one := coachPath + "/:project<maxLen(64)>"
	return append([]Route{
		{Method: get, Path: coachPath, Action: policy.ReadCoach, Handler: s.coaches},
		{Method: get, Path: coachPath + ".xlsx", Action: policy.ReadCoach, Handler: s.coachesExcel},
		{Method: get, Path: one, Action: policy.ReadCoach, Handler: s.coach},
		{Method: get, Path: one + "/actions.xlsx", Action: policy.ReadCoach, Handler: s.coachExcel},
		{Method: get, Path: one + "/give", Action: policy.GiveCoachTask, Handler: s.giveForm},
		{Method: post, Path: one + "/give", Action: policy.GiveCoachTask, Handler: s.giveTask},
	}, s.coachTaskPages().routes()...)
}

// coachAddress is the page of a project.
func coachAddress(project string) string { return coachPath + "/" + url.PathEscape(project) }

// coachLink leads to the page of a project, "" where it would not open for an actor.
func (s *Server) coachLink(ctx context.Context, by policy.Actor, project string) (string, error) {
	open, err := s.cycle.Coachable(ctx, by, project)
	if err != nil || !open[project] {
		return "", err
	}
	return coachAddress(project), nil
}

// coachesView is what coach_list.html shows.
type coachesView struct {
	Path, Query, Excel string
	Rows               []coachListRow
	First, Last, Count int
	Next, Back         string
}

type coachListRow struct{ Path, Name, Sub, Grade, Total, Basis string }

// coachRow is a line of the list in words.
func coachRow(r *cycle.CoachRow) coachListRow {
	row := coachListRow{Path: coachAddress(r.Project), Name: r.Name, Sub: joinWords(r.Firm, r.Place), Grade: "还没有评定", Basis: r.Period}
	if r.Now != nil {
		row.Grade, row.Total = r.Now.Label, pointsOf(r.Now)
	}
	if r.Running {
		row.Basis += "，按现在的事实"
	}
	if r.Agreed {
		row.Basis += "，按各级同意试算"
	}
	return row
}

// pointsOf is the total of a result that counts, "—" for none.
func pointsOf(r *rating.Result) string {
	if r.Status != rating.StatusRated || !r.Total.Counted {
		return "—"
	}
	return points(r.Total.Points, defaultPlaces)
}

// coaches lists the projects of the scope.
func (s *Server) coaches(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, coachPath, "q")
	from, _ := strconv.Atoi(l.after)
	from = max(from, 0)
	rows, count, err := s.cycle.Coaches(c.UserContext(), by, l.value["q"], from, casework.PageSize)
	if err != nil {
		return err
	}
	v := coachesView{Path: coachPath, Query: l.value["q"], Excel: l.excel(), First: from + 1, Last: from + len(rows), Count: count}
	for i := range rows {
		v.Rows = append(v.Rows, coachRow(&rows[i]))
	}
	if v.Last < count {
		v.Next = l.address("after", strconv.Itoa(v.Last))
	}
	if from > 0 {
		v.Back = l.address("after", strconv.Itoa(max(from-casework.PageSize, 0)))
	}
	return s.render(c, by, "coach_list", page{Title: "争星晋位", Nav: coachPath, Data: v})
}

// coachesExcel is the same list, all of it.
func (s *Server) coachesExcel(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, coachPath, "q")
	rows, _, err := s.cycle.Coaches(c.UserContext(), by, l.value["q"], 0, 0)
	if err != nil {
		return err
	}
	sheet := report.Figures{Sheet: "争星晋位", Heads: []string{"小区", "所在社区", "企业", "依据", "现在", "总分"}}
	for i := range rows {
		r := coachRow(&rows[i])
		var total any = ""
		if n := rows[i].Now; n != nil && n.Status == rating.StatusRated && n.Total.Counted {
			total = n.Total.Points
		}
		sheet.Rows = append(sheet.Rows, []any{rows[i].Name, rows[i].Place, rows[i].Firm, r.Basis, r.Grade, total})
	}
	return sendFigures(c, "争星晋位.xlsx", sheet)
}

// coachView is what coach.html shows.
type coachView struct {
	Path, Name, Sub, Excel, Here string
	Star                         string
	// Agreed says that the application is taken as agreed to, Apply leads to where it is handed in. Basis says what everything rests on, OtherText and OtherLink lead to the other basis.
	Agreed, Apply, Basis, OtherText, OtherLink string
	Grade, Total, Reason                       string
	Level                                      int
	// Next is the grade above, Says what it takes or why it cannot be reached; Out says so in colour.
	Next, Says, Search string
	Out, Top           bool
	After              string
	Plan, More, Not    []coachAction
	Risks, Ends        []coachRisk
	Quarters           []cycle.CoachQuarter
	Totals             []string
	Give               bool
	// Form are the values to try; Tried is what they come to.
	Form   []coachGroup
	Hidden []option
	Tried  *coachTried
	Known  []string
	Tasks  []coachTaskLine
}

type coachAction struct {
	ID, Text, Times, Proof, Who, Until, Limit, Gain, Effort, Now, Then, Why, Voices string
	Needed                                                                          bool
	Give                                                                            string
}

type coachRisk struct{ Text, After string }

type coachTaskLine struct{ Link, Title, State, Due string }

// coachGroup are the fields of one fact.
type coachGroup struct {
	Name, Now string
	Fields    []field
}

type coachTried struct {
	Grade, Total, Change, Reason string
	Level                        int
	Better, Worse                bool
	Lines                        []coachLine
}

type coachLine struct{ Name, Was, Is string }

// coach is the page of a project.
func (s *Server) coach(c *fiber.Ctx, by policy.Actor) error {
	project := c.Params("project")
	ask, typed, refused, err := s.coachAsk(c, by, project)
	if err != nil {
		return err
	}
	v, err := s.cycle.Coach(c.UserContext(), by, project, ask)
	if more := refusedForm(err); len(more) > 0 {
		for _, f := range more { // the first field of the fact
			refused = append(refused, fault.Field{Name: coachField(v, f.Name), Message: f.Message})
		}
		v, err = s.cycle.Coach(c.UserContext(), by, project, cycle.CoachAsk{Basis: ask.Basis})
	}
	if err != nil {
		return err
	}
	view := s.coachView(c, by, v, typed, refused)
	if view.Tasks, err = s.coachTaskLines(c.UserContext(), by, project); err != nil {
		return err
	}
	p := page{Title: v.Name + "：争星晋位", Nav: coachPath, Data: view, Script: true, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "coach", p)
	}
	return s.render(c, by, "coach", p)
}

// coachField is the name of the first field of a fact.
func coachField(v *cycle.Coached, fact string) string {
	if v != nil {
		if at, ok := v.Scheme.FactIndex(fact); ok {
			f := &v.Scheme.Facts[at]
			if f.Type == rating.TypeRatio {
				return "n." + fact
			}
			if parts := f.Pieces(rating.Value{}, 0); len(parts) > 0 {
				return partField(f, parts[0].ID)
			}
		}
	}
	return "v." + fact
}

// partField is the name of the field of a part of a fact.
func partField(f *rating.Fact, part string) string { return "p." + f.ID + "." + part }

// coachAsk reads the address: the basis, and the values that differ from what is known. typed has every value as it was typed.
func (s *Server) coachAsk(c *fiber.Ctx, by policy.Actor, project string) (cycle.CoachAsk, url.Values, []fault.Field, error) {
	ask, typed := cycle.CoachAsk{Basis: c.Query("basis")}, url.Values{}
	for name, value := range c.Context().QueryArgs().All() {
		typed.Set(string(name), strings.TrimSpace(string(value)))
	}
	if typed.Get("try") == "" {
		return ask, nil, nil, nil
	}
	now, err := s.cycle.Coach(c.UserContext(), by, project, cycle.CoachAsk{Basis: ask.Basis, Bare: true})
	if err != nil {
		return ask, nil, nil, err
	}
	ask.Basis, ask.Try = now.Basis, map[string]rating.Value{}
	var refused []fault.Field
	fail := func(name, message string) { refused = append(refused, fault.Field{Name: name, Message: message}) }
	for i := range now.Scheme.Facts {
		f := &now.Scheme.Facts[i]
		was := now.Course.Subject.Get(f.ID)
		if !f.Triable() {
			continue
		}
		if v, tried, at, message := readTry(f, was, now.Course.Subject.AsOf, typed); message != "" {
			fail(at, f.Name+"："+message)
		} else if tried {
			ask.Try[f.ID] = v
		}
	}
	if len(refused) > 0 {
		ask.Try = nil
	}
	return ask, typed, refused, nil
}

// readTry reads the value of a fact on a day; tried is false if it is the one that is known, or no field of it was sent. Fields that were emptied say that nothing is known. at names the field that message is about.
func readTry(f *rating.Fact, was rating.Value, asOf rating.Date, typed url.Values) (v rating.Value, tried bool, at, message string) {
	number := func(name string) (n num.Num, given bool) {
		text := typed.Get(name)
		if text == "" || message != "" {
			return n, false
		}
		n, err := num.Parse(text)
		if err != nil {
			at, message = name, "要填数字，不能是“"+shortTyped(text)+"”"
		}
		return n, err == nil
	}
	emptied := func(name string) bool { return typed.Has(name) && typed.Get(name) == "" && was.State == rating.Present }
	switch f.Type {
	case rating.TypeChecklist, rating.TypeSurvey, rating.TypeEvents:
		with := map[string]num.Num{}
		for _, p := range f.Pieces(was, asOf) {
			name := partField(f, p.ID)
			n, given := number(name)
			if given {
				with[p.ID] = n
			}
			tried = tried || typed.Has(name) && (given != p.Known || !n.Equal(p.Number))
		}
		if message != "" || !tried {
			return v, tried, at, message
		}
		v, err := f.WithPieces(was, asOf, with)
		for _, bad := range fault.FieldsOf(err) {
			at, message = partField(f, bad.Name), bad.Message
		}
		return v, true, at, message
	case rating.TypeRatio:
		n, first := number("n." + f.ID)
		d, second := number("d." + f.ID)
		switch {
		case message != "":
		case first != second:
			at, message = "n."+f.ID, "两个数要么都填，要么都不填"
		case first && d.Less(n):
			at, message = "n."+f.ID, "前一个数 "+n.String()+" 大于后一个数 "+d.String()
		case first:
			v, tried = rating.Ratio(n, d), was.State != rating.Present || !n.Equal(was.Number) || !d.Equal(was.Den)
		default:
			tried = emptied("n." + f.ID)
		}
	case rating.TypeBool:
		if text := typed.Get("v." + f.ID); text == "yes" || text == "no" {
			v = rating.Bool(text == "yes")
			tried = was.State != rating.Present || !v.Number.Equal(was.Number)
		} else if text != "" {
			at, message = "v."+f.ID, "只能选是或否"
		} else {
			tried = emptied("v." + f.ID)
		}
	case rating.TypeText:
		if text := typed.Get("v." + f.ID); text != "" {
			v, tried = rating.Text(text), was.State != rating.Present || text != was.Text
		} else {
			tried = emptied("v." + f.ID)
		}
	default:
		if n, given := number("v." + f.ID); given {
			v, tried = rating.Number(n), was.State != rating.Present || !n.Equal(was.Number)
		} else {
			tried = message == "" && emptied("v."+f.ID)
		}
	}
	return v, tried, at, message
}

// shortTyped cuts what somebody typed for a message.
func shortTyped(text string) string {
	if r := []rune(text); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return text
}

// coachView puts everything into words.
func (s *Server) coachView(c *fiber.Ctx, by policy.Actor, v *cycle.Coached, typed url.Values, refused []fault.Field) *coachView {
	here := coachAddress(v.Project) + "?basis=" + v.Basis
	view := &coachView{Path: coachAddress(v.Project), Name: v.Name, Sub: joinWords(v.Firm, v.Place), Here: here, Star: starAddress(v.Project), Excel: coachAddress(v.Project) + "/actions.xlsx?basis=" + v.Basis,
		Grade: v.Now.Label, Total: pointsOf(&v.Now), Reason: reasonOf(v.Scheme, &v.Now), Give: s.guard.Allow(by, policy.GiveCoachTask), Quarters: v.Quarters, Hidden: []option{{"basis", v.Basis}, {"try", "1"}}}
	if v.Now.Level != nil && v.Now.Status == rating.StatusRated {
		view.Level = *v.Now.Level
	}
	if view.Agreed = v.Agreed; v.Agreed != "" && s.guard.Allow(by, policy.ReadApplication) {
		view.Apply = applicationsPath
	}
	if view.Grade == "" {
		view.Grade = "没有等级"
	}
	switch {
	case v.Basis == cycle.CoachNow:
		view.Basis = v.Period + "到 " + dateTime(v.Known) + " 为止的事实。年度还没有评，这里的结果不是评定结果。"
		if v.Other {
			view.OtherText, view.OtherLink = "改按上一年度的事实看", coachAddress(v.Project)+"?basis="+cycle.CoachYear
		}
	default:
		view.Basis = v.Period + "公布的星级所用的事实：下一年度如果照这一年度过，再办哪些能升一级。"
		if v.Other {
			view.OtherText, view.OtherLink = "改按今年到现在的事实看", coachAddress(v.Project)+"?basis="+cycle.CoachNow
		}
	}
	for _, q := range v.Quarters {
		total := "—"
		if q.Total != nil {
			total = points(*q.Total, defaultPlaces)
		}
		view.Totals = append(view.Totals, total)
	}
	view.outlook(v)
	for i := range v.Actions {
		a := &v.Actions[i]
		one := coachActionOf(a, v)
		if view.Give && a.Why == "" {
			one.Give = view.Path + "/give?" + url.Values{"action": {a.ID}, "basis": {v.Basis}}.Encode()
		}
		switch {
		case a.Steps > 0:
			view.Plan = append(view.Plan, one)
		case a.Why == "":
			view.More = append(view.More, one)
		default:
			view.Not = append(view.Not, one)
		}
	}
	for i := range v.Risks {
		if i == 6 {
			break
		}
		r := &v.Risks[i]
		view.Risks = append(view.Risks, coachRisk{riskText(v.Scheme, r), standWord(&r.Result)})
	}
	for i := range v.Expiries {
		e := &v.Expiries[i]
		what := factName(e.Fact, v.Scheme)
		if e.Code != "" {
			what += "（" + codeName(v.Scheme, e.Fact, e.Code) + "）"
		}
		view.Ends = append(view.Ends, coachRisk{what + "，" + ratedDay(e.Until) + "到期", standWord(&e.Result)})
	}
	if !v.Served.IsZero() {
		view.Ends = append(view.Ends, coachRisk{"物业服务合同，" + v.Served.Chinese() + "到期，没有续签", "星级自动终止"})
	}
	view.form(v, typed, refused)
	if v.Tried != nil {
		view.tried(v)
	}
	return view
}

// standWord is the label of a result with its total, if it has one that counts.
func standWord(r *rating.Result) string {
	if total := pointsOf(r); total != "—" {
		return gradeWord(r) + " · " + total + " 分"
	}
	return gradeWord(r)
}

// gradeWord is the label of a result, or that it has none.
func gradeWord(r *rating.Result) string {
	if r.Label == "" {
		return "没有等级"
	}
	return r.Label
}

// ratedDay is a day of the rating for people.
func ratedDay(d rating.Date) string {
	day, err := calendar.ParseDate(d.String())
	if err != nil {
		return d.String()
	}
	return day.Chinese()
}

// codeName is the name of an event.
func codeName(s *rating.Scheme, fact, code string) string {
	at, ok := s.FactIndex(fact)
	if !ok {
		return code
	}
	for _, c := range s.Facts[at].Codes {
		if c.ID == code {
			return c.Name
		}
	}
	return code
}

// outlook says what the next grade takes, or why it is out of reach.
func (v *coachView) outlook(c *cycle.Coached) {
	best := standWord(&c.Best)
	for _, g := range c.Scheme.Grades.List {
		if g.Level != nil && *g.Level == c.Level && c.Level > 0 {
			v.Next = g.Label
		}
	}
	switch {
	case c.Level == 0:
		v.Top, v.Says = true, "已经是最高一级。下面是守住它要留意的。"
	case c.Plan != nil:
		v.After = standWord(&c.Plan.Result)
		actions, effort := c.Doing()
		v.Says = "到" + v.Next + map[bool]string{true: "最少", false: ""}[c.Plan.Least] + "要办 " + strconv.Itoa(actions) + " 条，力度合计 " + strconv.Itoa(effort) + "，办成后 " + v.After + "。"
		if !c.Plan.Least {
			v.Search = "组合太多，没有逐一比完：也许另有更省力的办法，但力度合计不会少于 " + strconv.Itoa(c.Bound()) + "。"
		}
	default:
		v.Out, v.Says = true, "能办的全部办成也到不了"+v.Next+"："+whyNot(c)+"。全部办成是 "+best+"。"
	}
}

// whyNot says what keeps even everything together from the next grade.
func whyNot(c *cycle.Coached) string {
	best := &c.Best
	if best.Held != "" {
		return "每年最多升 " + strconv.Itoa(c.Scheme.Promotion.Up) + " 级"
	}
	if reason := reasonOf(c.Scheme, best); reason != "" {
		return reason
	}
	for _, g := range c.Scheme.Grades.List {
		if g.Level == nil || *g.Level != c.Level || g.AtLeast == nil || !best.Total.Counted {
			continue
		}
		if best.Total.Points.Less(*g.AtLeast) {
			return "离 " + g.AtLeast.String() + " 分的分数线还差 " + points(g.AtLeast.Sub(best.Total.Points), defaultPlaces) + " 分，其余的事实现在动不了"
		}
	}
	for i := range best.Adjust {
		if a := &best.Adjust[i]; a.Applied && a.GradeAfter != a.GradeBefore {
			for _, d := range c.Scheme.Adjust {
				if d.ID == a.ID {
					return d.Name
				}
			}
		}
	}
	return "总分够了，但这一级另有的要求没有达到"
}

func coachActionOf(a *cycle.CoachAction, v *cycle.Coached) coachAction {
	one := coachAction{ID: a.ID, Text: a.Text, Proof: a.Proof + "（" + cycle.SourceName(a.Source) + "）", Who: a.Who, Limit: a.Limit, Now: a.Now, Then: coachThen(a), Why: a.Why, Needed: a.Needed, Voices: strings.Join(a.Voices, "、"),
		Effort: strconv.Itoa(a.Effort), Gain: signed(a.Gain, defaultPlaces), Until: a.Until.Chinese()}
	if a.Until.IsZero() {
		one.Until = "没有定"
	}
	if a.Steps > 1 {
		one.Times, one.Effort = "办 "+strconv.Itoa(a.Steps)+" 次", strconv.Itoa(a.Effort)+" × "+strconv.Itoa(a.Steps)
	} else if a.Steps == 0 && a.Most > 1 {
		one.Times = "最多 " + strconv.Itoa(a.Most) + " 次"
	}
	if a.Needed || a.Gain.IsZero() && a.Why == "" && v.Now.Status != rating.StatusRated {
		one.Gain = "参评条件"
	}
	return one
}

// coachThen says what the fact of an action would be, and where the points come from if not from that: the quarters in which it changes. "" if it cannot be moved.
func coachThen(a *cycle.CoachAction) string {
	var quarters []string
	for _, q := range a.Behind {
		quarters = append(quarters, q.Name+" "+q.Now+" → "+q.Then)
	}
	switch {
	case len(quarters) == 0:
		return a.Then
	case a.Then != "":
		return a.Then + "；季度里也跟着变：" + strings.Join(quarters, "、")
	}
	return "全年的不变，加的分来自季度：" + strings.Join(quarters, "、")
}

// riskText says what would have to happen.
func riskText(s *rating.Scheme, r *rating.Risk) string {
	at, ok := s.FactIndex(r.Fact)
	if !ok {
		return r.Fact
	}
	f, n := &s.Facts[at], strconv.Itoa(r.By)
	unit := f.Unit
	if unit == "" {
		unit = "项"
	}
	name, _, _ := strings.Cut(f.Name, "（")
	switch {
	case r.Code != "" && len(f.Codes) > 1:
		return f.Name + "：有 " + n + " 件"
	case r.Code != "":
		return f.Name + "：有 " + n + " 件“" + codeName(s, r.Fact, r.Code) + "”"
	case r.Gone:
		return f.Name + "：少 " + n + " 件"
	case f.Type == rating.TypeBool:
		return f.Name + "：由是变否"
	case f.Type == rating.TypeSurvey:
		return f.Name + "：有 " + n + " 份由满意变不满意"
	case f.Type == rating.TypeChecklist:
		return f.Name + "：少 " + n + " 分"
	case f.Better == "lower":
		return f.Name + "：再多 " + n + " " + unit
	case f.Type == rating.TypeRatio && f.Window != "at_cutoff":
		return name + "：再有 " + n + " " + unit + "没有做到"
	}
	return name + "：少 " + n + " " + unit
}

// form are the facts that can be tried, each with the value that was typed, or the known one.
func (v *coachView) form(c *cycle.Coached, typed url.Values, refused []fault.Field) {
	value := func(name, known string) string {
		if typed != nil && typed.Has(name) {
			return typed.Get(name)
		}
		return known
	}
	var still []string
	for i := range c.Scheme.Facts {
		f := &c.Scheme.Facts[i]
		if !slices.ContainsFunc(c.Scheme.Indicators, func(in rating.Indicator) bool { return slices.Contains(c.Scheme.Reads(in.ID), f.ID) }) && f.Type != rating.TypeBool {
			continue
		}
		now := c.Course.Subject.Get(f.ID)
		known := now.State == rating.Present
		name, inside, _ := strings.Cut(strings.TrimSuffix(f.Name, "）"), "（")
		g := coachGroup{Name: f.Name, Now: c.Scheme.TellValue(f.ID, now)}
		text := func(id, label string, n num.Num) field {
			one := field{Name: id, Label: label, Type: "text", Autocomplete: "off", Mode: "decimal", Optional: true}
			known := map[bool]string{true: n.String(), false: ""}[known]
			one.Value = value(id, known)
			return one
		}
		switch {
		case !f.Triable():
			still = append(still, f.Name)
			continue
		case len(f.Pieces(now, c.Course.Subject.AsOf)) > 0:
			for _, p := range f.Pieces(now, c.Course.Subject.AsOf) {
				one := field{Name: partField(f, p.ID), Label: p.Name, Type: "text", Autocomplete: "off", Mode: "decimal", Optional: true}
				one.Value = value(one.Name, map[bool]string{true: p.Number.String()}[p.Known])
				g.Fields = append(g.Fields, one)
			}
		case f.Type == rating.TypeRatio:
			first, second, ok := strings.Cut(inside, "/")
			if !ok {
				first, second = name+"：分子", name+"：分母"
			} else if _, after, found := strings.Cut(first, "，"); found {
				first = after
			}
			g.Fields = []field{text("n."+f.ID, first, now.Number), text("d."+f.ID, second, now.Den)}
		case f.Type == rating.TypeBool:
			known := map[bool]string{true: map[bool]string{true: "no", false: "yes"}[now.Number.IsZero()]}[known]
			g.Fields = []field{{Name: "v." + f.ID, Label: "是或否", Options: []option{{"", "没有数据"}, {"yes", "是"}, {"no", "否"}}, Value: value("v."+f.ID, known)}}
		case f.Type == rating.TypeText:
			options := []option{{"", "没有数据"}}
			for _, one := range f.Values {
				options = append(options, option{one.ID, one.Text})
			}
			g.Fields = []field{{Name: "v." + f.ID, Label: "取值", Options: options, Value: value("v."+f.ID, now.Text)}}
		default:
			label := "数"
			if f.Unit != "" {
				label = f.Unit + "数"
			}
			g.Fields = []field{text("v."+f.ID, label, now.Number)}
		}
		g.Fields = withErrors(g.Fields, refused)
		v.Form = append(v.Form, g)
	}
	v.Known = append(v.Known, "满意度调查、走访、投诉等已经作出的结果按现在的算，以后的结果谁也不知道。", "没有告知的季度得分不算在内；一票否决、投诉和检查发现的问题，企业不能自己去掉，所以不列为措施。", "力度 1 到 5 是建议，不是规定。")
	if len(still) > 0 {
		v.Known = append(v.Known, "不能在这里试的："+strings.Join(still, "、")+"。")
	}
	if c.Basis == cycle.CoachYear {
		v.Known = append(v.Known, "试填的比例、满意度调查和检查表同时用到四个季度；件数只按全年算。")
	}
}

// tried says what the values come to and which lines they changed.
func (v *coachView) tried(c *cycle.Coached) {
	r := c.Tried
	t := &coachTried{Grade: gradeWord(r), Total: pointsOf(r), Reason: reasonOf(c.Scheme, r)}
	if r.Level != nil && r.Status == rating.StatusRated {
		t.Level = *r.Level
	}
	if r.Total.Counted && c.Now.Total.Counted {
		change := r.Total.Points.Sub(c.Now.Total.Points)
		t.Change, t.Better, t.Worse = signed(change, defaultPlaces), t.Level > v.Level, t.Level < v.Level
	}
	for _, in := range c.Scheme.Indicators {
		was, is := c.Now.Line(in.ID), r.Line(in.ID)
		if a, b := lineWord(was), lineWord(is); a != b {
			t.Lines = append(t.Lines, coachLine{in.Name, a, b})
		}
	}
	v.Tried = t
}

func lineWord(l *rating.Line) string {
	if l == nil || !l.Counted {
		return "不计分"
	}
	return scoreText(&l.Points, &l.Max)
}

// coachExcel is the plan and everything else that can be done.
func (s *Server) coachExcel(c *fiber.Ctx, by policy.Actor) error {
	v, err := s.cycle.Coach(c.UserContext(), by, c.Params("project"), cycle.CoachAsk{Basis: c.Query("basis")})
	if err != nil {
		return err
	}
	view := s.coachView(c, by, v, nil, nil)
	sheet := report.Figures{Sheet: "争星晋位", Heads: []string{"措施", "要不要办", "办几次", "力度", "能加的分", "谁来办", "证明", "最晚日期", "哪个截止", "现在", "办成以后", "评价主体", "现在办不了的原因"},
		Note: v.Name + "，" + view.Basis + view.Agreed + "现在 " + joinWords(view.Grade, view.Total+" 分") + "。" + view.Says + view.Search}
	for i := range v.Actions {
		a := &v.Actions[i]
		word, times, gain := "可以办", int64(a.Most), any(a.Gain)
		switch {
		case a.Needed:
			word, times, gain = "参评条件，要先办", int64(a.Steps), ""
		case a.Steps > 0:
			word, times = "升一级要办", int64(a.Steps)
		case a.Why != "":
			word, gain = "现在办不了", ""
		}
		sheet.Rows = append(sheet.Rows, []any{a.Text, word, times, int64(a.Effort), gain, a.Who, a.Proof, a.Until, a.Limit, a.Now, coachThen(a), strings.Join(a.Voices, "、"), a.Why})
	}
	risks := report.Figures{Sheet: "会掉星的", Heads: []string{"事情", "发生以后"}}
	for _, r := range slices.Concat(view.Risks, view.Ends) {
		risks.Rows = append(risks.Rows, []any{r.Text, r.After})
	}
	return sendFigures(c, v.Name+"争星晋位.xlsx", sheet, risks)
}

// coachGiveView is what coach_give.html shows.
type coachGiveView struct {
	Path, Back, Name, Key, Action, Basis string
	Facts                                [][2]string
	Form                                 []field
}

// giveForm is the form with which an action is given to the manager of the project.
func (s *Server) giveForm(c *fiber.Ctx, by policy.Actor) error {
	return s.showGive(c, by, url.Values{"action": {c.Query("action")}, "basis": {c.Query("basis")}}, nil)
}

func (s *Server) showGive(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	v, err := s.cycle.Coach(c.UserContext(), by, c.Params("project"), cycle.CoachAsk{Basis: typed.Get("basis")})
	if err != nil {
		return err
	}
	at := slices.IndexFunc(v.Actions, func(a cycle.CoachAction) bool { return a.ID == typed.Get("action") })
	if at < 0 {
		return fault.New("web.showGive", fault.NotFound, "没有找到要看的内容")
	}
	a := &v.Actions[at]
	one := coachActionOf(a, v)
	view := coachGiveView{Path: coachAddress(v.Project) + "/give", Back: coachAddress(v.Project) + "?basis=" + v.Basis, Name: v.Name, Key: newKey(), Action: a.ID, Basis: v.Basis,
		Facts: filled([][2]string{{"办什么", joinWords(one.Text, one.Times)}, {"证明", one.Proof}, {"能加的分", one.Gain}, {"现在", one.Now}, {"办成以后", one.Then}, {"最晚日期", one.Until + "（" + one.Limit + "）"}})}
	due := typed.Get("due")
	if due == "" && refused == nil {
		due = a.Until.String()
		if a.Until.IsZero() {
			due = ""
		}
	}
	view.Form = withErrors([]field{{Name: "due", Label: "要在哪一天以前办好", Type: "date", Value: due, Autocomplete: "off"}, {Name: "words", Label: "交代的话", Rows: 3, Value: typed.Get("words"), Optional: true, Hint: "项目负责人看得到；不要写个人的电话和身份证号"}}, refused)
	p := page{Title: "派争星任务", Nav: coachPath, Data: view, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "coach_give", p)
	}
	return s.render(c, by, "coach_give", p)
}

// giveTask gives the task.
func (s *Server) giveTask(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	in := cycle.CoachGift{Project: c.Params("project"), Action: values.Get("action"), Basis: values.Get("basis"), Words: values.Get("words")}
	if text := values.Get("due"); text != "" {
		day, err := calendar.ParseDate(text)
		if err != nil {
			return s.showGive(c, by, values, []fault.Field{{Name: "due", Message: "日期要写成 2026-10-31，不能是“" + shortTyped(text) + "”"}})
		}
		in.Due = day
	}
	doc, err := s.cycle.CoachTasks().Give(c.UserContext(), by, in, idemFrom(c, values))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showGive(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, coachTasksPath+"/"+doc.ID+"?done=give")
}
