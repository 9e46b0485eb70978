package web

import (
	"context"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/repair"
)

const (
	// repairsPath is the list of repairs (报修台账), repairImportsPath where monthly files come in, callsPath where what was drawn is called back.
	repairsPath       = "/repairs"
	repairImportsPath = repairsPath + "/imports"
	callsPath         = repairsPath + "/calls"
)

// repairRoutes are the pages of repairs; none without them.
func (s *Server) repairRoutes() []Route {
	if s.repairs == nil {
		return nil
	}
	const get, post, one, call = fiber.MethodGet, fiber.MethodPost, repairsPath + "/:id<maxLen(64)>", callsPath + "/:id<maxLen(64)>"
	rows := s.deskRoutes(repairImportsPath, policy.WriteRepairs, false, func(*fiber.Ctx, policy.Actor) (*importDesk, error) { return s.repairDesk(), nil })
	rows = append(rows,
		Route{Method: get, Path: repairsPath, Action: policy.ReadRepairs, Handler: s.repairList},
		Route{Method: get, Path: repairsPath + ".xlsx", Action: policy.ReadRepairs, Handler: s.repairsExcel},
		Route{Method: get, Path: repairsPath + "/new", Action: policy.WriteRepairs, Handler: s.newRepair},
		Route{Method: post, Path: repairsPath + "/new", Action: policy.WriteRepairs, Handler: s.enterRepair},
		Route{Method: get, Path: callsPath, Action: policy.ReadRepairs, Handler: s.callList},
		Route{Method: get, Path: call, Action: policy.ReadRepairs, Handler: s.calls},
		Route{Method: post, Path: call, Action: policy.CheckRepairs, Handler: s.recordCall},
		Route{Method: get, Path: one, Action: policy.ReadRepairs, Handler: s.repair}, Route{Method: get, Path: one + "/whole", Action: policy.ReadRepairs, Handler: s.wholePage(s.repairWhole)})
	for _, act := range []string{"arrive", "finish", "correct", "withdraw"} {
		rows = append(rows, Route{Method: post, Path: one + "/" + act, Action: policy.WriteRepairs, Handler: s.actRepair})
	}
	return rows
}

// loggedLine is one repair of a list, in words.
type loggedLine struct {
	Path, What, Place, State, Category, Reported, Arrived, Done string
	Urgent, Late                                                bool
}

// repairsView is what repairs.html shows.
type repairsView struct {
	Rows                 []loggedLine
	Filters              []boardFilter
	Sort, Desc, Next     string
	Excel                string
	ByTime               sortLink
	Filtered, CanWrite   bool
	Project, ProjectName string
	// Links are other pages about the repairs.
	Links []crumb
}

var repairFilters = []string{"q", "project", "firm", "month", "state", "category", "late", "urgent"}

func repairFilter(l listAddress) repair.Filter {
	return repair.Filter{Text: l.value["q"], Project: l.value["project"], Firm: l.value["firm"], Month: l.value["month"], State: repair.State(l.value["state"]), Category: l.value["category"], Late: l.value["late"] != "", Urgent: l.value["urgent"] != "",
		Asc: l.value["sort"] == "time" && l.value["desc"] == ""}
}

// monthOptions are the last twelve months, the newest first.
func (s *Server) monthOptions() []option {
	out := []option{{"", "全部"}}
	year, month, _ := calendar.DateOf(s.clocks.Business()).Parts()
	for back := range 12 {
		at := time.Date(year, month-time.Month(back), 1, 0, 0, 0, 0, time.UTC)
		out = append(out, option{at.Format("2006-01"), at.Format("2006年1月")})
	}
	return out
}

// repairList lists the repairs of the actor's scope.
func (s *Server) repairList(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, repairsPath, repairFilters...)
	found, err := s.repairs.List(c.UserContext(), by, repairFilter(l), l.after)
	if err != nil {
		return err
	}
	v := repairsView{Sort: l.value["sort"], Desc: l.value["desc"], Next: nextPage(c, found.Next), Excel: l.excel(), ByTime: l.sorted("time", "报修", "latest"), Filtered: l.filtered(), CanWrite: s.guard.Allow(by, policy.WriteRepairs), Project: l.value["project"], Links: s.urges(by, "repairs")}
	v.Filters = []boardFilter{{Name: "q", Label: "小区、位置、内容或编号", Value: l.value["q"]}, {Name: "month", Label: "月份", Value: l.value["month"], Options: s.monthOptions()}, {Name: "state", Label: "状态", Value: l.value["state"], Options: choicesOf("全部", repair.States())},
		{Name: "category", Label: "类别", Value: l.value["category"], Options: choicesOf("全部", s.repairs.Terms.Categories())}, {Name: "late", Label: "时限", Value: l.value["late"], Options: []option{{"", "全部"}, {"1", "逾时的"}}},
		{Name: "urgent", Label: "急修", Value: l.value["urgent"], Options: []option{{"", "全部"}, {"1", "只看急修"}}}}
	now := s.clockOf(c.UserContext()).now
	for _, d := range found.Docs {
		r := &d.State
		if v.Project != "" {
			v.ProjectName = r.ProjectName
		}
		v.Rows = append(v.Rows, loggedLine{Path: repairsPath + "/" + d.ID, What: r.Said.What, Place: r.ProjectName + " " + r.Said.Where, State: r.State().Title(), Category: r.CategoryTitle, Reported: repair.MomentText(r.Said.Reported.Time), Arrived: repair.MomentText(r.Said.Arrived.Time),
			Done: repair.MomentText(r.Said.Done.Time), Urgent: r.Said.Urgent, Late: r.Late(now)})
	}
	return s.render(c, by, "repairs", page{Title: "报修台账", Nav: repairsPath, Data: v})
}

// repairsExcel is the same list as Excel, all of it; it can be imported again.
func (s *Server) repairsExcel(c *fiber.Ctx, by policy.Actor) error {
	var rows []report.RepairRow
	now := s.clockOf(c.UserContext()).now
	err := s.repairs.Each(c.UserContext(), by, repairFilter(readList(c, repairsPath, repairFilters...)), func(d store.Doc[repair.Repair]) {
		r := d.State
		rows = append(rows, report.RepairRowOf(&r, now))
	})
	if err != nil {
		return err
	}
	return sendSheets(c, "报修台账.xlsx", report.RepairLog(s.repairs.Terms).Filled(rows))
}

// repairDesk is where monthly files come in.
func (s *Server) repairDesk() *importDesk {
	d := &importDesk{Path: repairImportsPath, Title: "导入报修台账", Nav: repairsPath, List: "报修台账", New: "新登记", Changed: "补齐或更正", Same: "没有变化", KindWord: func(string) string { return "" },
		Look: "会补齐或者更正的行", LookText: "文件里填了的覆盖已登记的，没有填的不动；改动前的内容留在经过里。",
		Intro: "每月一次或者随时导入：按小区、报修月份和编号认，同一编号再次导入只补齐或者更正，不会重复。月底以后还有三个工作日补齐，然后抽取回访。也可以先导出台账，补齐后再导入。",
		Next:  func(string) []link { return []link{{"看报修台账", repairsPath}} }}
	return rowsDesk(s, d, "repair", report.RepairLines(s.repairs.Terms), s.repairs.Imports, func(l *repair.Line, row int64) { l.Row = row })
}

// repairView is what repair.html shows: a repair, or the form of a new one.
type repairView struct {
	Title, Sub, State string
	Urgent, Late      bool
	Facts             []option
	Seq               int64
	Forms             []matterForm
	History           []stepLine
	// Whole is its file (一案一档).
	Whole string
}

// momentField asks for a moment.
func momentField(name, label, value string, optional bool) field {
	return field{Name: name, Label: label, Type: "datetime-local", Value: strings.Replace(value, " ", "T", 1), Optional: optional}
}

// saidFields ask for everything that a firm says of a repair.
func (s *Server) saidFields(r repair.Said) []field {
	urgent := "no"
	if r.Urgent {
		urgent = "yes"
	}
	return []field{
		momentField("reported", "报修时间", repair.MomentText(r.Reported.Time), false),
		{Name: "where", Label: "位置", Type: "text", Value: r.Where, Autocomplete: "off", Hint: "例如：3幢502室、2幢电梯"},
		{Name: "what", Label: "报修内容", Rows: 2, Value: r.What, Hint: "不要写姓名、电话和身份证号"},
		{Name: "category", Label: "类别", Options: choicesOf("请选择", s.repairs.Terms.Categories()), Value: r.Category},
		{Name: "urgent", Label: "急修", Options: []option{{"no", "否"}, {"yes", "是，要马上到场"}}, Value: urgent},
		{Name: "phone", Label: "联系电话", Type: "tel", Mode: "tel", Autocomplete: "off", Value: r.Phone, Optional: true, Hint: "住户的电话，只用于抽查回访，页面上隐去中间几位；公共部位的不填"},
		momentField("agreed", "约定完成时间", repair.MomentText(r.Agreed.Time), true),
		momentField("arrived", "到场时间", repair.MomentText(r.Arrived.Time), true),
		momentField("done", "完成时间", repair.MomentText(r.Done.Time), true),
		{Name: "result", Label: "处理结果", Rows: 2, Value: r.Result, Optional: true},
	}
}

// saidTyped reads saidFields; before is put before every name.
func saidTyped(values url.Values, before string, bad *[]fault.Field) repair.Said {
	text := func(name string) string { return values.Get(before + name) }
	return repair.Said{Reported: momentTyped(values, before+"reported", bad), Where: text("where"), What: text("what"), Category: text("category"), Urgent: text("urgent") == "yes", Phone: text("phone"),
		Agreed: momentTyped(values, before+"agreed", bad), Arrived: momentTyped(values, before+"arrived", bad), Done: momentTyped(values, before+"done", bad), Result: text("result")}
}

// momentTyped reads a moment of a form; what is none is told at its field.
func momentTyped(values url.Values, name string, bad *[]fault.Field) journal.Time {
	text := values.Get(name)
	if text == "" {
		return journal.Time{}
	}
	at, ok := repair.ParseMoment(text)
	if !ok {
		*bad = append(*bad, fault.Field{Name: name, Message: "“" + text + "”不是日期和时间，请这样写：2026-10-19 14:30"})
	}
	return journal.At(at)
}

// newRepair is the form of a new repair.
func (s *Server) newRepair(c *fiber.Ctx, by policy.Actor) error {
	return s.showNewRepair(c, by, url.Values{"project": {c.Query("project")}}, nil)
}

func (s *Server) showNewRepair(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	projects, _, err := projectOptionsFrom(c.UserContext(), s.registered, by, "")
	if err != nil {
		return err
	}
	if len(projects) == 2 { // one compound only
		projects = projects[1:]
	}
	form := append([]field{{Name: "project", Label: "小区", Options: projects}, {Name: "number", Label: "编号", Type: "text", Autocomplete: "off", Optional: true, Hint: "本企业的编号，本小区当月不重复；不填由系统编"}},
		s.saidFields(repair.Said{Reported: journal.At(s.clocks.Business())})...)
	for i := range form {
		if typed.Has(form[i].Name) {
			form[i].Value = typed.Get(form[i].Name)
		}
	}
	v := repairView{Title: "登记报修", Sub: "接到就登记；到场和修好以后在手机上补时间", Forms: []matterForm{{Title: "报修", Address: repairsPath + "/new", Key: newKey(), Button: "登记", Form: withErrors(form, refused)}}}
	p := page{Title: v.Title, Nav: repairsPath, Fields: refused, Data: v}
	if len(refused) > 0 {
		return s.refuse(c, by, "repair", p)
	}
	return s.render(c, by, "repair", p)
}

// enterRepair takes a repair into the log.
func (s *Server) enterRepair(c *fiber.Ctx, by policy.Actor) error {
	values := formValues(c)
	var bad []fault.Field
	in := repair.Input{Project: values.Get("project"), Number: strings.TrimSpace(values.Get("number")), Said: saidTyped(values, "", &bad), Idem: idemFrom(c, values)}
	var doc store.Doc[repair.Repair]
	err := inOneRound(c.UserContext(), &bad, func(ctx context.Context) (err error) {
		doc, err = s.repairs.Enter(ctx, by, in)
		return err
	})
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showNewRepair(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, repairsPath+"/"+doc.ID+"?done=entered")
}

// repairSaid is what was done.
var repairSaid = map[string]string{"entered": "已登记，到场和修好以后在这里补时间。", "arrive": "已登记到场。", "finish": "已登记完成。", "correct": "已更正，改动前的内容留在经过里。", "withdraw": "已撤销。"}

// repair shows a repair and what the actor can do with it.
func (s *Server) repair(c *fiber.Ctx, by policy.Actor) error {
	return s.showRepair(c, by, url.Values{}, nil)
}

func (s *Server) showRepair(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.repairs.One(ctx, by, id)
	if err != nil {
		return err
	}
	r, now := &doc.State, s.clockOf(c.UserContext()).now
	v := repairView{Whole: repairsPath + "/" + doc.ID + "/whole", Title: r.Said.What, Sub: r.ProjectName + " " + r.Said.Where, State: r.State().Title(), Urgent: r.Said.Urgent, Late: r.Late(now), Seq: doc.Seq}
	due := "应修好"
	if r.Said.Urgent {
		due = "应到场"
	}
	for _, fact := range []option{{"编号", r.Number}, {"类别", r.CategoryTitle}, {"物业企业", r.FirmName}, {"社区", r.TownshipName + " " + r.CommunityName}, {"报修时间", repair.MomentText(r.Said.Reported.Time)}, {"约定完成时间", repair.MomentText(r.Said.Agreed.Time)}, {due, repair.MomentText(r.Due.Time) + " 以前"},
		{"到场时间", repair.MomentText(r.Said.Arrived.Time)}, {"完成时间", repair.MomentText(r.Said.Done.Time)}, {"处理结果", r.Said.Result}, {"联系电话", r.Said.Phone}, {"撤销或更正理由", r.Reason}} {
		if fact.Label != "" {
			v.Facts = append(v.Facts, fact)
		}
	}
	history, err := s.repairs.History(ctx, by, id)
	if err != nil {
		return err
	}
	for i, h := range history {
		step := stepLine{Label: "登记", Sub: dateTime(h.At) + " " + s.titleOfOffice(h.Office)}
		if i > 0 {
			step.Label = "改动"
			for _, change := range h.Changes {
				before := change.Before
				if before == "" {
					before = "空"
				}
				step.Sub += "；" + change.Label + "由“" + before + "”改为“" + change.Now + "”"
			}
		}
		if h.Why != "" {
			step.Sub += "；理由：" + h.Why
		}
		v.History = append(v.History, step)
	}
	if s.guard.Allow(by, policy.WriteRepairs) {
		v.Forms = s.repairForms(id, r, typed, refused)
	}
	p := page{Title: v.Title, Nav: repairsPath, Fields: refused, Data: v, Said: saidParam(c, repairSaid)}
	if len(refused) > 0 {
		return s.refuse(c, by, "repair", p)
	}
	return s.render(c, by, "repair", p)
}

// repairForms are what the firm can do with a repair now.
func (s *Server) repairForms(id string, r *repair.Repair, typed url.Values, refused []fault.Field) []matterForm {
	var out []matterForm
	now := repair.MomentText(s.clocks.Business())
	add := func(may bool, act string, f matterForm) {
		if !may {
			return
		}
		f.Address, f.Key = repairsPath+"/"+id+"/"+act, newKey()+act
		for i := range f.Form {
			f.Form[i].Name = act + "-" + f.Form[i].Name
			if typed.Has(f.Form[i].Name) {
				f.Form[i].Value = typed.Get(f.Form[i].Name)
			}
		}
		f.Form = withErrors(f.Form, refused)
		out = append(out, f)
	}
	state := r.State()
	add(state == repair.Waiting, "arrive", matterForm{Title: "到场", Button: "登记到场", Form: []field{momentField("arrived", "到场时间", now, false)}})
	add(state == repair.Arrived, "finish", matterForm{Title: "修好", Button: "登记完成", Form: []field{momentField("done", "完成时间", now, false), {Name: "result", Label: "处理结果", Rows: 2}}})
	add(state != repair.Withdrawn, "correct", matterForm{Title: "更正", Hint: "填错了的在这里改，改动前的内容留在经过里。", Button: "更正", Fold: true, Form: append(s.saidFields(r.Said), field{Name: "reason", Label: "更正理由", Rows: 2})})
	add(state != repair.Withdrawn, "withdraw", matterForm{Title: "撤销", Hint: "登记错了或者重复登记的，写明理由撤销；撤销以后不能恢复。", Button: "撤销", Grave: true, Fold: true, Form: []field{{Name: "reason", Label: "撤销理由", Rows: 2}}})
	return out
}

// actRepair does what a form asks for.
func (s *Server) actRepair(c *fiber.Ctx, by policy.Actor) error {
	values, act := formValues(c), path.Base(c.Path())
	at := supervision.At{ID: c.Params("id"), Seq: seqOf(values.Get("seq")), Idem: idemFrom(c, values)}
	text := func(name string) string { return values.Get(act + "-" + name) }
	var bad []fault.Field
	said := saidTyped(values, act+"-", &bad)
	for i := range bad {
		bad[i].Name = strings.TrimPrefix(bad[i].Name, act+"-")
	}
	err := inOneRound(c.UserContext(), &bad, func(ctx context.Context) (err error) {
		switch act {
		case "arrive":
			_, err = s.repairs.Arrive(ctx, by, at, said.Arrived.Time)
		case "finish":
			_, err = s.repairs.Finish(ctx, by, at, said.Done.Time, said.Result)
		case "correct":
			_, err = s.repairs.Correct(ctx, by, at, said, text("reason"))
		case "withdraw":
			_, err = s.repairs.Withdraw(ctx, by, at, text("reason"))
		}
		return err
	})
	refused := refusedForm(err)
	for i := range refused {
		refused[i].Name = act + "-" + refused[i].Name
	}
	if len(refused) > 0 {
		return s.showRepair(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, repairsPath+"/"+at.ID+"?done="+act)
}

// repairs adds the repairs of a compound or a firm, and what came of calling back.
func (d *dossier) repairs(of about) {
	s := d.s
	d.part(s.repairs != nil, policy.ReadRepairs, dossierPart{ID: "calls", Title: "报修回访", Heads: []string{"月份", "已回访", "小区", "企业", "抽取日期", "修好", "按时", "接通", "满意"}, More: callsPath}, func(p *dossierPart) error {
		return eachPage(func(after string) (store.Page[repair.Sample], error) {
			return s.repairs.Samples(d.c.UserContext(), d.by, repair.SampleFilter{Project: of.project, Firm: of.firm}, after)
		}, func(doc store.Doc[repair.Sample]) {
			a := &doc.State
			satisfied, reached := a.Counts()
			p.add(callsPath+"/"+doc.ID, a.Month(), calledOf(a), a.ProjectName, a.FirmName, calendar.DateOf(a.Drawn.Time), a.Population, a.InTime, reached, satisfied)
		})
	})
}

// RepairTasks is the work with what was drawn of the repair logs.
type RepairTasks struct {
	// Guard tells who may do what; Repairs keeps the logs. Both are required.
	Guard   *policy.Guard
	Repairs *repair.Service
}

// Tasks implements Tasks.
func (t RepairTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Guard.Allow(by, policy.CheckRepairs) || !t.Guard.Allow(by, policy.ReadRepairs) {
		return nil, nil
	}
	docs, err := t.Repairs.ToCall(ctx, by)
	var out []Task
	for i := range docs {
		a := &docs[i].State
		k := clockTask(a.Due)
		k.Title, k.Context, k.Party, k.Link, k.Button, k.Nav = "回访"+a.Month()+"报修："+a.ProjectName, count(a.Open())+" 条还没有回访", a.FirmName, callsPath+"/"+docs[i].ID, "去回访", repairsPath
		out = append(out, k)
	}
	return out, err
}

// sampleChoices are the states of a sample for a filter.
func sampleChoices() []registry.Choice {
	return []registry.Choice{{ID: "1", Text: "还没有回访完"}}
}
