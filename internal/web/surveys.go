package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/survey"
)

const (
	// surveysPath is the list of surveys of satisfaction.
	surveysPath = "/surveys"
	// satisfactionPath is where everybody sees the results, answerPath where households answer without an account.
	satisfactionPath = "/satisfaction"
	answerPath       = "/survey"
)

// maxSurveyFile is the largest workbook of answers in bytes.
const maxSurveyFile = 4 << 20

// surveyRoutes are the pages of surveys; none without them.
func (s *Server) surveyRoutes() []Route {
	if s.surveys == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, surveysPath + "/:id<maxLen(80)>"
	rows := []Route{
		{Method: get, Path: surveysPath, Action: policy.ReadSurvey, Handler: s.surveyList},
		{Method: get, Path: surveysPath + ".xlsx", Action: policy.ReadSurvey, Handler: s.surveysExcel},
		{Method: get, Path: surveysPath + "/new", Action: policy.RunSurvey, Handler: s.newSurvey},
		{Method: post, Path: surveysPath + "/new", Action: policy.RunSurvey, Handler: s.prepareSurvey},
		{Method: get, Path: one, Action: policy.ReadSurvey, Handler: s.survey},
		{Method: get, Path: one + "/notice", Action: policy.ReadSurvey, Handler: s.surveyNotice},
		{Method: get, Path: one + "/result", Action: policy.ReadSurvey, Handler: s.surveyResult},
		{Method: get, Path: one + "/whole", Action: policy.ReadSurvey, Handler: s.wholePage(s.surveyWhole)},
		{Method: get, Path: one + "/slips", Action: policy.RunSurvey, Handler: s.surveySlips},
		{Method: get, Path: one + "/list", Action: policy.ReadSurvey, Handler: s.surveyDrawn},
		{Method: get, Path: one + "/enter", Action: policy.EnterSurvey, Handler: s.enterSurveyPage},
		{Method: post, Path: one + "/enter", Action: policy.EnterSurvey, Handler: s.enterSurvey},
		{Method: get, Path: one + "/enter.xlsx", Action: policy.EnterSurvey, Handler: s.surveyTemplate},
		{Method: post, Path: one + "/import", Action: policy.EnterSurvey, Handler: s.importSurvey, Upload: maxSurveyFile},
		{Method: get, Path: satisfactionPath, Action: policy.Public, Handler: s.satisfaction},
		{Method: get, Path: satisfactionPath + "/:id<maxLen(80)>/file", Action: policy.Public, Handler: s.satisfactionFile},
		{Method: get, Path: answerPath, Action: policy.AnswerSurvey, Handler: s.answerPage},
		{Method: post, Path: answerPath, Action: policy.AnswerSurvey, Handler: s.openBallot},
		{Method: post, Path: answerPath + "/answer", Action: policy.AnswerSurvey, Handler: s.answerSurvey},
		{Method: get, Path: answerPath + "/thanks", Action: policy.AnswerSurvey, Handler: s.answerThanks},
	}
	for do := range surveyForms {
		rows = append(rows, Route{Method: post, Path: one + "/" + string(do), Action: do.Action(), Handler: s.doSurvey(do)})
	}
	return rows
}

// surveyFilters are the names that narrow the list.
var surveyFilters = []string{"q", "state", "year", "project", "firm"}

func surveyFilter(l listAddress) survey.Filter {
	year, _ := strconv.ParseInt(l.value["year"], 10, 64)
	return survey.Filter{Text: l.value["q"], State: survey.State(l.value["state"]), Year: year, Project: l.value["project"], Firm: l.value["firm"]}
}

// surveyLine is one line of the list.
type surveyLine struct {
	Path, Name, Sub, State, Next, Due, Rate, Answers string
}

// percent is a rate for people: 83.3 %.
func percent(rate num.Num) string {
	return rate.Mul(num.FromInt(100)).Round(1, num.HalfUp).String() + " %"
}

// overallOf is the overall rate of a survey for people, or why there is none.
func overallOf(o *survey.Survey) string {
	switch {
	case o.Result == nil:
		return ""
	case !o.Enough():
		return "答卷不足，不计算"
	}
	if rate, ok := o.Result.Questions[0].Rate(); ok {
		return percent(rate)
	}
	return ""
}

// answersOf says how many answers a survey has of how many it needs, "" before it is closed.
func answersOf(o *survey.Survey) string {
	if o.Result == nil {
		return ""
	}
	return fmt.Sprintf("%d / %d", o.Result.Answers, o.Needed)
}

// nextOfSurvey says what comes next and who does it.
func nextOfSurvey(o *survey.Survey, now time.Time) string {
	switch o.State {
	case survey.Prepared:
		return o.Form.Unit + "印通知单、开始调查"
	case survey.Open:
		if o.Clock.Late(now) {
			return o.Form.Unit + "截止并汇总"
		}
		if o.By == survey.ByCode && o.Delivered.IsZero() {
			return "社区发放通知单"
		}
		return "收答卷"
	case survey.Closed:
		return "由没有经办、录入的人公布结果"
	}
	return ""
}

// surveysView is what surveys.html shows.
type surveysView struct {
	Rows                 []surveyLine
	Page                 pager
	Query, Project, Firm string
	State, Year          field
	New, Excel           string
	Filtered             bool
	// Links are other pages about the surveys.
	Links []crumb
}

// surveyList lists the surveys of the actor's scope.
func (s *Server) surveyList(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, surveysPath, surveyFilters...)
	found, err := s.surveys.List(c.UserContext(), by, surveyFilter(l))
	if err != nil {
		return err
	}
	states := []option{{Label: "全部"}}
	for _, state := range survey.States() {
		states = append(states, option{string(state), state.Title()})
	}
	v := surveysView{Query: l.value["q"], Project: l.value["project"], Firm: l.value["firm"], State: field{Name: "state", Label: "状态", Options: states, Value: l.value["state"]}, Excel: l.excel(), Filtered: l.filtered(),
		Year: field{Name: "year", Label: "年度", Type: "text", Mode: "numeric", Value: l.value["year"]}}
	if s.guard.Allow(by, policy.RunSurvey) {
		v.New = surveysPath + "/new"
	}
	now := s.clockOf(c.UserContext()).now
	v.Links = s.printsOf(surveysPath)
	v.Page, found = pageOf(l, found)
	for _, d := range found {
		o := &d.State
		v.Rows = append(v.Rows, surveyLine{Path: surveysPath + "/" + d.ID, Name: o.Name, Sub: strconv.FormatInt(o.Year, 10) + " 年 · " + o.FirmName, State: o.State.Title(), Next: nextOfSurvey(o, now), Due: o.Clock.Due.Chinese(), Rate: overallOf(o), Answers: answersOf(o)})
	}
	return s.render(c, by, "surveys", page{Title: "满意度调查", Nav: surveysPath, Data: v})
}

// surveyPapers are the papers of a survey that the actor may print, with their names in addresses.
func (s *Server) surveyPapers(by policy.Actor, o *survey.Survey) []crumb {
	out := []crumb{{"调查公告", "notice"}}
	if o.State != survey.Cancelled && slices.ContainsFunc([]policy.Action{policy.RunSurvey, policy.DeliverSurvey, policy.EnterSurvey}, func(a policy.Action) bool { return s.guard.Allow(by, a) }) {
		out = append(out, crumb{"抽中名单", "list"})
	}
	if o.Result != nil {
		out = append(out, crumb{"调查结果", "result"})
	}
	return out
}

// surveysExcel is the same list as Excel, a question a row where there is a result.
func (s *Server) surveysExcel(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, surveysPath, surveyFilters...)
	found, err := s.surveys.List(c.UserContext(), by, surveyFilter(l))
	if err != nil {
		return err
	}
	heads := []string{"小区", "乡镇", "社区", "企业", "年度", "状态", "总户数", "抽中户数", "要求份数", "答卷", "其中网上", "截止日", "题目", "作答", "不了解"}
	for _, level := range survey.Levels() {
		heads = append(heads, level.Name)
	}
	sheet := report.Figures{Sheet: "满意度调查", Heads: append(heads, "满意率（%）"), Note: "满意率是答“非常满意”和“满意”的占作答的比例；答卷少于要求份数的只写份数，不计算比例；一道题作答太少的不公布各档份数。"}
	for _, d := range found {
		o := &d.State
		row := []any{o.Name, o.TownshipName, o.CommunityName, o.FirmName, o.Year, o.State.Title(), o.Households, o.Invited, o.Needed, "", "", o.Closed, "", "", "", "", "", "", "", "", ""}
		if r := o.Result; r != nil {
			row[9], row[10] = r.Answers, r.Online
		}
		if o.Result == nil || !o.Enough() {
			sheet.Rows = append(sheet.Rows, row)
			continue
		}
		for i, counts := range o.Result.Questions {
			line := append([]any(nil), row...)
			line[12], line[13], line[14] = o.Form.Questions[i].Text, counts.Rated, counts.Unknown
			for k, n := range counts.Levels {
				line[15+k] = n
			}
			if rate, ok := counts.Rate(); ok {
				line[20] = rate.Mul(num.FromInt(100)).Round(1, num.HalfUp)
			}
			sheet.Rows = append(sheet.Rows, line)
		}
	}
	return sendSheets(c, "满意度调查.xlsx", sheet.Filled())
}

// surveyNewView is what survey_new.html shows: the compounds to choose from, or the form of one.
type surveyNewView struct {
	Query, Key, Project, Name string
	Found                     []link
	Form                      []field
	Households                int64
}

// newSurvey asks for the compound, and then for its buildings.
func (s *Server) newSurvey(c *fiber.Ctx, by policy.Actor) error {
	return s.showNewSurvey(c, by, url.Values{"project": {c.Query("project")}, "q": {c.Query("q")}}, nil)
}

func (s *Server) showNewSurvey(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx := c.UserContext()
	v := surveyNewView{Query: typed.Get("q"), Key: newKey(), Project: typed.Get("project")}
	if v.Project == "" {
		if v.Query != "" {
			rows, err := s.registered.Projects(ctx, by, registry.ProjectQuery{Text: v.Query})
			if err != nil {
				return err
			}
			for _, row := range rows.Rows {
				v.Found = append(v.Found, link{row.Name + "（" + row.CommunityName + "，" + count(int(row.Place.Households)) + " 户）", surveysPath + "/new?project=" + url.QueryEscape(row.ID)})
			}
		}
	} else {
		row, err := s.registered.OneProject(ctx, by, v.Project)
		if err != nil {
			return err
		}
		v.Name, v.Households = row.Name, row.Place.Households
		frame := typed.Get("frame")
		if !typed.Has("frame") {
			var lines []string
			for _, b := range survey.FrameOf(&row) {
				lines = append(lines, b.Name+" "+strconv.FormatInt(b.Households, 10))
			}
			frame = strings.Join(lines, "\n")
		}
		v.Form = withErrors([]field{{Name: "by", Label: "答卷方式", Options: choicesOf("请选择", survey.Ways()), Value: typed.Get("by")},
			{Name: "frame", Label: "楼栋和已入住户数", Rows: 8, Value: frame, Hint: "一行一幢：楼栋名称、空格、已入住户数。空着的房子不算，抽中了也没有人答。"}}, refused)
	}
	p := page{Title: "准备满意度调查", Nav: surveysPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "survey_new", p)
	}
	return s.render(c, by, "survey_new", p)
}

// frameOf reads the buildings, one a line.
func frameOf(t *typed) (out []survey.Block) {
	for i, line := range strings.Split(strings.ReplaceAll(t.text("frame"), "\r", ""), "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSuffix(fields[len(fields)-1], "户"), 10, 64)
		if err != nil || len(fields) < 2 {
			t.fail("frame", "第 %d 行“%s”要写成：3幢 48", i+1, strings.TrimSpace(line))
			continue
		}
		out = append(out, survey.Block{Name: strings.Join(fields[:len(fields)-1], ""), Households: n})
	}
	return out
}

// prepareSurvey draws the households of a compound.
func (s *Server) prepareSurvey(c *fiber.Ctx, by policy.Actor) error {
	t := &typed{c: c}
	plan := survey.Plan{Project: t.text("project"), By: survey.Way(t.text("by")), Frame: frameOf(t)}
	var doc store.Doc[survey.Survey]
	err := t.with(func(ctx context.Context) (err error) {
		doc, err = s.surveys.Prepare(ctx, by, plan, formIdem(c))
		return err
	})
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showNewSurvey(c, by, formValues(c), refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, surveysPath+"/"+doc.ID+"?done="+string(survey.StepPrepare))
}

// surveyForm is the form of a step: its fields, one line about it, and whether it ends something.
type surveyForm struct {
	hint   string
	fields []field
	ends   bool
}

// surveyForms are the forms of the steps on the page of a survey.
var surveyForms = map[survey.Step]surveyForm{
	survey.StepOpen:    {hint: "开始以后答题码生效，截止日从今天的次日起算；先印好通知单，张贴公告。"},
	survey.StepDeliver: {hint: "按抽中名单一户一张，同一幢楼的通知单随意发，不要记哪一户是哪个码。", fields: []field{{Name: "unreached", Label: "没有发出的张数", Type: "text", Mode: "numeric", Value: "0", Hint: "没有人在家、搬走的；不另换别的户"}}},
	survey.StepExtend:  {hint: "只能在截止以前延长一次。", fields: []field{{Name: "until", Label: "延长到", Type: "date"}, {Name: "why", Label: "理由", Rows: 2}}},
	survey.StepClose:   {hint: "截止日过后，先把收回的纸质答卷录完再汇总。答卷不够的只留份数，答案全部销毁。", ends: true},
	survey.StepPublish: {hint: "公布后任何人都能看结果、核对抽样；答卷不足的公布为“答卷不足”，没有满意率。"},
	survey.StepCancel:  {hint: "已经收的答卷全部销毁，可以重新准备。", fields: []field{{Name: "why", Label: "理由", Rows: 2}}, ends: true},
}

// doSurvey carries a step out and shows the survey, with what was refused.
func (s *Server) doSurvey(do survey.Step) func(c *fiber.Ctx, by policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		t := &typed{c: c}
		name := func(field string) string { return string(do) + "-" + field }
		seq, _ := strconv.ParseInt(c.FormValue("seq"), 10, 64)
		at := supervision.At{ID: c.Params("id"), Seq: seq, Idem: formIdem(c)}
		var unreached int64
		var until calendar.Date
		// Only these two are read: a step that touches the box must never be a trial because of a field that it does not have.
		switch do {
		case survey.StepDeliver:
			unreached = t.whole(name("unreached"), "没有发出的张数", "2")
		case survey.StepExtend:
			until = t.date(name("until"), "延长到")
		}
		why := t.text(name("why"))
		err := t.with(func(ctx context.Context) (err error) {
			switch do {
			case survey.StepOpen:
				_, err = s.surveys.Open(ctx, by, at)
			case survey.StepDeliver:
				_, err = s.surveys.Deliver(ctx, by, at, unreached)
			case survey.StepExtend:
				_, err = s.surveys.Extend(ctx, by, at, until, why)
			case survey.StepClose:
				_, err = s.surveys.Close(ctx, by, at)
			case survey.StepPublish:
				_, err = s.surveys.Publish(ctx, by, at)
			case survey.StepCancel:
				_, err = s.surveys.Cancel(ctx, by, at, why)
			}
			return err
		})
		if refused := refusedForm(err); len(refused) > 0 {
			for i := range refused {
				refused[i].Name = name(strings.TrimPrefix(refused[i].Name, name("")))
			}
			return s.showSurvey(c, by, formValues(c), refused)
		}
		if err != nil {
			return err
		}
		return seeOther(c, surveysPath+"/"+at.ID+"?done="+string(do))
	}
}

// surveyAct is one form on the page of a survey.
type surveyAct struct {
	Step, Title, Hint string
	Fields            []field
	First, Ends, Bad  bool
}

// questionLine is the result of one question.
type questionLine struct {
	Text, Rate, Why string
	Rated, Unknown  int64
	Levels          []int64
}

// questionLines are the results by question; none without enough answers.
func questionLines(o *survey.Survey) (out []questionLine) {
	if o.Result == nil || !o.Enough() {
		return nil
	}
	for i, counts := range o.Result.Questions {
		line := questionLine{Text: o.Form.Questions[i].Text, Rated: counts.Rated, Unknown: counts.Unknown, Levels: counts.Levels}
		if rate, ok := counts.Rate(); ok {
			line.Rate = percent(rate)
		} else {
			line.Why = fmt.Sprintf("作答不到 %d 份，不公布", o.Form.LeastShown)
		}
		out = append(out, line)
	}
	return out
}

// outcomeOf says in a sentence what came out, "" before it is closed.
func outcomeOf(o *survey.Survey) string {
	switch {
	case o.Result == nil:
		return ""
	case !o.Enough():
		return fmt.Sprintf("收到答卷 %d 份，少于要求的 %d 份：答卷不足，不计算满意率，也不作为评价的依据。", o.Result.Answers, o.Needed)
	}
	said := fmt.Sprintf("收到答卷 %d 份（要求 %d 份），总体满意率 %s", o.Result.Answers, o.Needed, overallOf(o))
	if passed, known := o.Passed(); known {
		word := "没有达到"
		if passed {
			word = "达到"
		}
		said += fmt.Sprintf("，%s合同约定服务等级的 %d %%", word, o.Form.Pass)
	}
	return said + "。"
}

// surveyView is what survey.html shows.
type surveyView struct {
	Path, Key, Title, Sub, State, Next, Outcome string
	Seq                                         int64
	Late                                        bool
	Clock                                       map[string]string
	Facts                                       [][2]string
	Levels                                      []string
	Questions                                   []questionLine
	Acts                                        []surveyAct
	Prints                                      []caseLink
	Enter                                       string
	History                                     []step
	Project                                     string
}

// survey shows a survey and what the actor can do with it.
func (s *Server) survey(c *fiber.Ctx, by policy.Actor) error {
	return s.showSurvey(c, by, url.Values{}, nil)
}

func levelNames() (out []string) {
	for _, level := range survey.Levels() {
		out = append(out, level.Name)
	}
	return out
}

func (s *Server) showSurvey(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.surveys.One(ctx, by, id)
	if err != nil {
		return err
	}
	o := &doc.State
	path := surveysPath + "/" + id
	v := surveyView{Path: path, Key: newKey(), Seq: doc.Seq, Title: o.Title(), Sub: o.FirmName, State: o.State.Title(), Next: nextOfSurvey(o, s.clockOf(ctx).now), Outcome: outcomeOf(o), Levels: levelNames(), Questions: questionLines(o), Project: projectsPath + "/" + o.Project}
	if v.Clock, v.Late = s.clockOf(ctx).running(o.State.Title(), o.Clock); o.State != survey.Open && o.State != survey.Closed {
		v.Clock = nil
	}
	returned := ""
	if o.State == survey.Open && !looksBackNow(c) { // how many had come in on an earlier day, nobody kept
		switch n, err := s.surveys.Returned(ctx, by, id); {
		case err == nil:
			returned = fmt.Sprintf("%d 份（截止以前只有住建局看得到份数，没有人看得到答案）", n)
		case !fault.Is(err, fault.Forbidden):
			return err
		}
	}
	v.Facts = surveyFacts(o, returned)
	for _, p := range s.surveyPapers(by, o) {
		v.Prints = append(v.Prints, caseLink{p.Label, path + "/" + p.Path})
	}
	if s.guard.Allow(by, policy.RunSurvey) && o.By == survey.ByCode && (o.State == survey.Prepared || o.State == survey.Open) {
		v.Prints = append(v.Prints, caseLink{"通知单和纸质问卷（答题码）", path + "/slips"})
	}
	v.Prints = append(v.Prints, caseLink{"一案一档", path + "/whole"})
	if o.State == survey.Open && s.guard.Allow(by, policy.EnterSurvey) {
		v.Enter = path + "/enter"
	}
	for _, do := range survey.Steps() {
		form, has := surveyForms[do]
		if !has || !s.surveys.Can(by, o, do) {
			continue
		}
		act := surveyAct{Step: string(do), Title: do.Title(), Hint: form.hint, Ends: form.ends, First: do == survey.StepOpen || do == survey.StepPublish || do == survey.StepDeliver && o.Delivered.IsZero() || do == survey.StepClose && v.Late}
		for _, f := range form.fields {
			f.Name = act.Step + "-" + f.Name
			if typed.Has(f.Name) {
				f.Value = typed.Get(f.Name)
			}
			act.Fields = append(act.Fields, f)
		}
		act.Fields = withErrors(act.Fields, refused)
		for _, f := range act.Fields {
			act.Bad = act.Bad || f.Error != ""
		}
		v.Acts = append(v.Acts, act)
	}
	history, err := s.surveys.History(ctx, by, id)
	if err != nil {
		return err
	}
	for _, h := range history {
		label := h.Step.Title()
		if h.Reason != "" {
			label += "：" + h.Reason
		}
		v.History = append(v.History, step{Label: label, Sub: dateTime(h.At), State: "done"})
	}
	told := map[string]string{string(survey.StepPrepare): "已按种子抽好样。先印通知单，再开始调查。"}
	for do := range surveyForms {
		told[string(do)] = "已办：" + do.Title() + "。"
	}
	p := page{Title: v.Title, Nav: surveysPath, Data: v, Fields: refused, Said: saidParam(c, told)}
	if len(refused) > 0 {
		return s.refuse(c, by, "survey", p)
	}
	return s.render(c, by, "survey", p)
}

// surveyFacts are what is known about a survey, line by line.
func surveyFacts(o *survey.Survey, returned string) [][2]string {
	blocks := ""
	for i, b := range o.Frame {
		if i > 0 {
			blocks += "、"
		}
		blocks += b.Name + " " + count(int(b.Households)) + " 户"
	}
	delivered := o.Delivered.Chinese()
	if o.Unreached > 0 {
		delivered += fmt.Sprintf("，%d 张没有发出", o.Unreached)
	}
	channel := ""
	if o.Result != nil {
		channel = fmt.Sprintf("网上 %d 份，纸质和入户 %d 份", o.Result.Online, o.Result.Answers-o.Result.Online)
	}
	return filled([][2]string{{"主管单位", o.Form.Unit}, {"问卷版本", o.Form.Version}, {"答卷方式", registry.TextOf(survey.Ways(), o.By)}, {"总户数", count(int(o.Households)) + " 户"}, {"抽样的楼栋（已入住）", blocks},
		{"要求答卷", count(int(o.Needed)) + " 份"}, {"抽中", count(int(o.Invited)) + " 户"}, {"开始", o.Opened.Chinese()}, {"发放", delivered}, {"已收答卷", returned}, {"汇总", o.Closed.Chinese()}, {"来源", channel}, {"公布", o.Published.Chinese()},
		{"种子的校验值", hashGroups(o.Commitment)}, {"种子", o.Seed}})
}

// SurveyTasks is the work with surveys, for everybody whose step is next.
type SurveyTasks struct {
	// Guard tells who may do what; Surveys keeps them. Both are required.
	Guard   *policy.Guard
	Surveys *survey.Service
}

// Tasks implements Tasks.
func (t SurveyTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	if !t.Guard.Allow(by, policy.ReadSurvey) || !t.Guard.Allow(by, policy.RunSurvey) && !t.Guard.Allow(by, policy.DeliverSurvey) && !t.Guard.Allow(by, policy.PublishSurvey) {
		return nil, nil
	}
	list, err := t.Surveys.List(ctx, by, survey.Filter{Open: true})
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, d := range list {
		o := &d.State
		for _, work := range []struct {
			do            survey.Step
			now           bool
			title, button string
		}{
			{survey.StepOpen, true, "开始" + o.Title(), "去开始"}, {survey.StepDeliver, o.Delivered.IsZero(), "发放" + o.Title() + "的通知单", "去登记"},
			{survey.StepClose, o.Clock.Late(now), "汇总" + o.Title(), "去汇总"}, {survey.StepPublish, true, "公布" + o.Title() + "的结果", "去公布"},
		} {
			if !work.now || !t.Surveys.Can(by, o, work.do) {
				continue
			}
			one := Task{Title: work.title, Context: nextOfSurvey(o, now), Party: o.FirmName, Link: surveysPath + "/" + d.ID, Button: work.button, Nav: surveysPath}
			if o.Clock.Rule != "" && work.do != survey.StepClose {
				with := clockTask(o.Clock)
				one.Due, one.Unresolved, one.Basis = with.Due, with.Unresolved, with.Basis
			}
			out = append(out, one)
			break
		}
	}
	return out, nil
}

// resultDay is the day of a paper about a survey: of the publication, of the counting, or the day of the page.
func (s *Server) resultDay(ctx context.Context, o *survey.Survey) calendar.Date {
	for _, day := range []calendar.Date{o.Published, o.Closed} {
		if !day.IsZero() {
			return day
		}
	}
	return s.clockOf(ctx).today
}
