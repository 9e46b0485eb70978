package web

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
)

// objectionsPath is the list of objections to scores.
const objectionsPath = "/objections"

// objectionDoc is an objection with its id.
type objectionDoc = store.Doc[cycle.Objection]

// objectionPages are the pages of objections.
func (s *Server) objectionPages() casePages[cycle.Objection, cycle.ObjectionStep] {
	list := caseList[cycle.Objection]{path: objectionsPath, nav: objectionsPath, title: "异议与申诉", sub: "通报以前企业对告知的得分逐项提异议，公示以后企业对拟评星级申诉；由没有参与的人答复", find: "小区、企业、社区或项目", opened: "提出日期", figure: "告知得分", unit: "项", read: policy.ReadObjection,
		nothing: "在“得分告知”里打开小区，对有异议的项目逐项提出。", hidden: []string{"project"},
		links: func(policy.Actor) []crumb { return []crumb{{"得分告知", scoresPath}} },
		filters: func(value map[string]string) []field {
			return []field{stateFilter(cycle.ObjectionStates(), value), {Name: "period", Label: "周期（如 2026Q3、2026）", Type: "text", Autocomplete: "off", Value: value["period"]}}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[cycle.Objection], error) {
			return s.cycle.Objections().List(ctx, by, caseFilter(value), value["period"], due, after)
		},
		row:   objectionRow,
		heads: []string{"周期", "小区", "所在社区", "企业", "项目", "告知得分", "满分", "状态", "提出日期", "理由", "附件", "答复期限", "答复日期", "答复", "更正后得分", "更正说明"},
		cells: objectionCells}
	return casePages[cycle.Objection, cycle.ObjectionStep]{caseList: list, s: s, cases: s.cycle.Objections(), steps: cycle.ObjectionSteps(), forms: objectionForms,
		shared: func(o *cycle.Objection) *casework.Case { return &o.Case }, last: func(o *cycle.Objection) cycle.ObjectionStep { return o.Last },
		files: objectionFiles, over: func(o *cycle.Objection) bool {
			return o.State != cycle.ObjectionOpen && o.State != cycle.ObjectionUpheld
		}, prints: objectionPrints, paper: s.objectionPaper, view: s.objectionView,
		said: map[string]string{"raise": "已提出。答复以前可以补充材料，也可以撤回。", "uphold": "已采纳。更正来源记录、重新评价以后，回到这一页确认。", "correct": "已确认更正。请再次告知得分。"}}
}

// objectionRoutes are the pages of objections.
func (s *Server) objectionRoutes() []Route {
	return append([]Route{{Method: fiber.MethodGet, Path: objectionsPath + "/new", Action: policy.RaiseObjection, Handler: s.newObjection},
		{Method: fiber.MethodPost, Path: objectionsPath + "/new", Action: policy.RaiseObjection, Handler: s.raiseObjection, Upload: maxFundForm}}, s.objectionPages().routes()...)
}

// scoreText is points of a maximum: “5.56 / 9”, “不计分” for a line that does not count.
func scoreText(points, most *num.Num) string {
	if points == nil || most == nil {
		return "不计分"
	}
	return points.Round(defaultPlaces, num.HalfUp).String() + " / " + most.Round(defaultPlaces, num.HalfUp).String()
}

// toldText is what a line was told to give; of one that the rule keeps back only who may sees it, where it was told.
func toldText(o *cycle.Objection, points *num.Num) string {
	if o.Kept {
		return "按规则只给合计，见得分告知"
	}
	return scoreText(points, o.Max)
}

func objectionRow(clock taskClock, id string, o *cycle.Objection) caseRow {
	r := caseRow{Path: objectionsPath + "/" + id, Name: o.Name, Title: o.PeriodName + "：" + o.Title, Place: o.Firm, State: o.State.Title(), Next: o.Next(), Figure: toldText(o, o.Points), Opened: o.Opened.Chinese()}
	r.Short = "告知 " + r.Figure
	clock.dueIn(&r, o.Clock, false)
	return r
}

func objectionCells(o *cycle.Objection) [][]any {
	figure := func(n *num.Num) any {
		if o.Kept {
			return ""
		}
		return optionalNumber(n, defaultPlaces)
	}
	row := []any{o.PeriodName, o.Name, o.Place, o.Firm, o.Title, figure(o.Points), figure(o.Max), o.State.Title(), o.Opened, o.Ground, int64(len(o.Files)), o.Clock.Due, calendar.Date{}, "", "", ""}
	if n := len(o.Answers); n > 0 {
		row[12], row[13] = calendar.DateOf(o.Answers[n-1].At.Time), o.Answers[n-1].Words
	}
	if k := o.Correction; k != nil {
		row[14], row[15] = figure(k.Points), k.Words
	}
	return [][]any{row}
}

// objectionForms are the forms of the steps.
func objectionForms(o *cycle.Objection) map[cycle.ObjectionStep]caseForm {
	// Neither answer stands open before the other, nor before the reason that the firm gave.
	refuse := caseForm{text: "理由，企业据此了解为什么不采纳", ends: true, aside: true}
	if o.State == cycle.ObjectionUpheld {
		refuse.hint = "采纳以后查明不能成立的，改为不予采纳，写明查明了什么。"
	}
	return map[cycle.ObjectionStep]caseForm{
		cycle.ObjectionUphold:   {text: "理由，和要更正的是哪一条记录", aside: true, hint: "采纳以后由登记的人在来源更正记录（观察记录、走访评价表、佐证材料或者登记），再重新评价；这一项在统计截止以后更正的也计入。"},
		cycle.ObjectionRefuse:   refuse,
		cycle.ObjectionCorrect:  {text: "更正了哪一条记录，改成了什么", hint: "来源已经更正、这一季度已经重新评价以后确认。"},
		cycle.ObjectionAttach:   {file: "补充的材料", aside: true, hint: "答复以前可以补充，最多 5 个。"},
		cycle.ObjectionWithdraw: {ends: true, aside: true, hint: "撤回以后，异议期内可以对这一项重新提出。"},
	}
}

// objectionFiles are the files of an objection.
func objectionFiles(o *cycle.Objection) []caseFile {
	var out caseFiles
	for i := range o.Files {
		out.add("file-"+strconv.Itoa(i+1), o.Files[i].Name, "", &o.Files[i])
	}
	return out
}

// objectionPrints are the papers of an objection.
func objectionPrints(_ policy.Actor, o *cycle.Objection) []caseLink {
	raised, answered := "得分异议书", "得分异议答复书"
	if o.Appeal() {
		raised, answered = "星级申诉书", "星级申诉复核决定书"
	}
	if len(o.Answers) == 0 {
		return []caseLink{{raised, "objection"}}
	}
	return []caseLink{{raised, "objection"}, {answered, "answer"}}
}

// objectionView adds to a page what only objections have.
func (s *Server) objectionView(_ *fiber.Ctx, _ policy.Actor, o *cycle.Objection, v *caseView, _ url.Values, _ []fault.Field) error {
	v.Title, v.Sub, v.State, v.Next, v.Reason = o.Name+"："+o.Title, o.PeriodName+"得分异议", o.State.Title(), o.Next(), ""
	if o.Appeal() {
		v.Sub = o.PeriodName + "星级申诉"
	}
	v.Links = []caseLink{{"看这一项的得分和来源", scorePath(o.Period, o.Project) + "#l-" + o.Line}}
	v.Facts = [][2]string{{"企业", o.Firm}, {"告知得分", toldText(o, o.Points)}, {"提出", s.titleOfOffice(o.Raised.Office) + "，" + dateTime(o.Raised.At.Time)}, {"理由", o.Ground}}
	for _, a := range o.Answers {
		word := "答复：不予采纳"
		if a.Upheld {
			word = "答复：采纳"
		}
		v.Facts = append(v.Facts, [2]string{word, a.Words + "（" + s.titleOfOffice(a.Office) + "，" + dateTime(a.At.Time) + "）"})
	}
	if k := o.Correction; k != nil {
		v.Facts = append(v.Facts, [2]string{"更正", k.Words + "（" + s.titleOfOffice(k.Office) + "，" + dateTime(k.At.Time) + "）"}, [2]string{"更正后得分", toldText(o, k.Points)})
	}
	return nil
}

// objectionPaper puts an objection or its answer into words.
func (s *Server) objectionPaper(_ context.Context, _ policy.Actor, _ string, o *cycle.Objection, print caseLink) (printView, error) {
	v := printView{Title: print.Title, Rows: [][2]string{{"小区", o.Place + " " + o.Name}, {"周期", o.PeriodName}, {"项目", o.Title}, {"告知得分", toldText(o, o.Points)}, {"异议理由", o.Ground}, {"提出日期", o.Opened.Chinese()}}}
	if print.Link == "objection" {
		v.From, v.To, v.Date = o.Firm, s.set.Authority, o.Opened.Chinese()
		v.Words = []string{"我单位对" + o.PeriodName + "物业服务检查告知的下列得分有异议，请予核实。"}
		if o.Appeal() {
			v.Words = []string{"我单位对" + o.PeriodName + s.set.Rating + "公示的下列拟评结果不服，现提出申诉，请予复核。"}
		}
		return v, nil
	}
	a := o.Answers[len(o.Answers)-1]
	v.To, v.Date = o.Firm, dateLong(a.At.Time)
	words := "你单位对" + o.PeriodName + "物业服务检查得分提出的异议，经核实"
	if o.Appeal() {
		words = "你单位对" + o.PeriodName + s.set.Rating + "拟评结果提出的申诉，经没有参与评价、审核的人员复核，决定"
	}
	words += map[bool]string{false: "不予采纳。", true: "予以采纳。"}[a.Upheld]
	v.Words = []string{words}
	v.Rows = append(v.Rows, [2]string{"答复理由", a.Words})
	if k := o.Correction; k != nil {
		v.Rows = append(v.Rows, [2]string{"更正", k.Words}, [2]string{"更正后得分", toldText(o, k.Points)})
	}
	return v, nil
}

// objectionNewView is what objection_new.html shows.
type objectionNewView struct {
	Key, Period, Project, Line string
	Name, Title, Back          string
	Facts                      [][2]string
	Clock                      map[string]string
	Form                       []field
	FileError                  string
	// Stars: it is an appeal against the stars of a year.
	Stars bool
}

// hearsWord is the name of the window in which a firm is heard.
func hearsWord(stars bool) string {
	if stars {
		return "申诉期"
	}
	return "异议期"
}

// newObjection is the form of an objection to one line.
func (s *Server) newObjection(c *fiber.Ctx, by policy.Actor) error {
	return s.showObjection(c, by, url.Values{"period": {c.Query("period")}, "project": {c.Query("project")}, "line": {c.Query("line")}}, nil)
}

// showObjection shows the form with what was typed and refused. Returns NotFound for a line that was not told.
func (s *Server) showObjection(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	told, err := s.cycle.ToldResult(c.UserContext(), by, typed.Get("period"), typed.Get("project"))
	if err != nil {
		return err
	}
	x, err := rating.Explain(told.Scheme, told.Result)
	if err != nil {
		return err
	}
	v := objectionNewView{Key: newKey(), Period: told.Period.ID, Project: told.Stored.Subject, Line: typed.Get("line"), Name: told.Stored.Name}
	if v.Line == "" && told.Period.Stars() {
		v.Title = "整个结果"
		v.Facts = filled([][2]string{{"拟评", told.Result.Label}, {"总分", scoreText(&told.Result.Total.Points, &told.Result.Total.Max)}, {"说明", reasonOf(told.Scheme, told.Result)}})
	}
	one := StarOf(Row{}, x, !told.Whole)
	one.Behind = BehindOf(told.Scheme, told.Result, told.Gathered)
	one.restOn(nil)
	for _, g := range one.Groups {
		for _, line := range g.Lines {
			if v.Line != "" && line.ID == v.Line {
				v.Title = line.Name
				v.Facts = filled([][2]string{{"规则", line.Rule}, {"依据", line.Basis}, {"本期事实", line.Fact}, {"来源", line.Proof}, {"告知得分", scoreText(line.Points, line.Max)}, {"说明", line.State}})
			}
		}
	}
	if v.Title == "" {
		return fault.New("web.showObjection", fault.NotFound, "没有找到要看的内容")
	}
	v.Back = scorePath(v.Period, v.Project) + "?all=1#l-" + v.Line
	if state := told.Lines[v.Line]; state.Open {
		v.Clock, _ = s.clockOf(c.UserContext()).running(hearsWord(told.Period.Stars()), state.Window)
	}
	v.Form = withErrors([]field{{Name: "ground", Label: "理由", Rows: 4, Value: typed.Get("ground"), Hint: "写明哪一个数字或者事实不对，应当是多少，以什么为准；不要写个人的电话和身份证号"}}, refused)
	for _, f := range refused {
		if f.Name == "paper" {
			v.FileError = f.Message
		}
	}
	v.Stars = told.Period.Stars()
	shown := page{Title: map[bool]string{false: "对得分提出异议", true: "申诉"}[v.Stars], Nav: scoresPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
	}
	return s.render(c, by, "objection_new", shown)
}

// raiseObjection objects to one line.
func (s *Server) raiseObjection(c *fiber.Ctx, by policy.Actor) error {
	values, upload, err := s.takeDocument(c)
	if upload != nil {
		defer upload.Close() //nolint:errcheck // a temporary file that only we know
	}
	if fault.Is(err, fault.Invalid) { // what is wrong with the file
		var refused []fault.Field
		for _, f := range fault.FieldsOf(err) {
			refused = append(refused, fault.Field{Name: "paper", Message: f.Message})
		}
		return s.showObjection(c, by, values, refused)
	}
	if err != nil && !errors.Is(err, errEndless) {
		return err
	}
	doc, err := s.cycle.Objections().Raise(c.UserContext(), by, cycle.ObjectionInput{Period: values.Get("period"), Project: values.Get("project"), Line: values.Get("line"), Ground: values.Get("ground"), Upload: upload}, idemFrom(c, values, sumOf(upload)))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showObjection(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, objectionsPath+"/"+doc.ID+"?done=raise")
}

// sumOf is the SHA-256 of an upload, "" for none.
func sumOf(upload *files.Upload) string {
	if upload == nil {
		return ""
	}
	return upload.SHA256
}

// ObjectionTasks is the work with the scores that firms were told: to look at them, to answer objections, to confirm what was corrected.
type ObjectionTasks struct {
	// Guard tells who may do what; Cycle runs the periods. Both are required.
	Guard *policy.Guard
	Cycle Cycle
}

// objectionWork are the steps that stand on a to-do page, the most pressing first.
var objectionWork = []caseWork[cycle.ObjectionState, cycle.ObjectionStep]{
	{cycle.ObjectionUphold, []cycle.ObjectionState{cycle.ObjectionOpen}, "答复得分异议", "去答复"},
	{cycle.ObjectionCorrect, []cycle.ObjectionState{cycle.ObjectionUpheld}, "采纳的异议更正以后确认", "去办理"},
}

// Tasks implements Tasks.
func (t ObjectionTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	var out []Task
	if t.Guard.Allow(by, policy.RaiseObjection) {
		heard, err := t.Cycle.Hears(ctx, by)
		if err != nil {
			return nil, err
		}
		for _, h := range heard {
			k := clockTask(h.Window)
			what := "的得分"
			if h.Stars {
				what = "的拟评星级"
			}
			k.Title, k.Context, k.Link, k.Button, k.Nav = "核对"+h.Name+what, "通报以前可以逐项提出异议，过期不再受理", scoresPath+"?period="+url.QueryEscape(h.Period), "去核对", scoresPath
			if h.Stars {
				k.Context = "公布以前可以逐项或者就整个结果申诉，过期不再受理"
			}
			if h.Again {
				k.Context = "有得分更正过，只能对变化的项目提出异议"
			}
			out = append(out, k)
		}
	}
	if !t.Guard.Allow(by, policy.AnswerObjection) {
		return out, nil
	}
	found, err := t.Cycle.Objections().List(ctx, by, casework.Filter{}, "", true, "")
	can := func(o *cycle.Objection, do cycle.ObjectionStep) bool { return t.Cycle.Objections().Can(ctx, by, o, do) }
	clock := func(o *cycle.Objection, _ cycle.ObjectionStep) calendar.Deadline { return o.Clock }
	return append(out, caseTasks(found.Docs, objectionWork, func(o *cycle.Objection) cycle.ObjectionState { return o.State }, can, clock, func(id string, o *cycle.Objection, w caseWork[cycle.ObjectionState, cycle.ObjectionStep]) Task {
		return Task{Title: o.Name + "：" + w.verb, Context: o.PeriodName + "，" + o.Title, Party: o.Firm, Link: objectionsPath + "/" + id, Button: w.button, Nav: objectionsPath}
	})...), err
}
