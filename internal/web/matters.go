package web

import (
	"context"
	"errors"
	"io"
	"net/url"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision/matter"
)

// mattersPath is the list of matters.
const mattersPath = "/matters"

// maxMatterForm is the largest form with photos, in bytes.
const maxMatterForm = 64 << 20

// matterRoutes are the rows of matters.
func (s *Server) matterRoutes() []Route {
	if s.matters == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, mattersPath + "/:id<maxLen(64)>"
	orders := s.deskRoutes(ordersPath, policy.ImportMatter, false, func(*fiber.Ctx, policy.Actor) (*importDesk, error) { return s.orderDesk(), nil })
	// Before the imports by their ids.
	orders = append(orders, Route{Method: get, Path: platformPath + "/:source<maxLen(20)>/answers.xlsx", Action: policy.ImportMatter, Handler: s.platformAnswers})
	orders = append(orders, s.deskRoutes(platformPath+"/:source<maxLen(20)>", policy.ImportMatter, false, s.platformDesk)...)
	orders = append(orders, s.matterUrges().routes(s)...)
	return append(orders, []Route{
		{Method: get, Path: mattersPath, Action: policy.ReadMatter, Handler: s.matterList},
		{Method: get, Path: mattersPath + ".xlsx", Action: policy.ReadMatter, Handler: s.mattersExcel},
		{Method: get, Path: ordersPath + ".xlsx", Action: policy.ImportMatter, Handler: s.ordersExcel},
		{Method: get, Path: figuresPath, Action: policy.ReadMatterFigures, Handler: s.matterFigures},
		{Method: get, Path: figuresPath + ".xlsx", Action: policy.ReadMatterFigures, Handler: s.matterFiguresExcel},
		{Method: get, Path: figuresPath + ".json", Action: policy.ReadMatterFigures, Handler: s.matterFigureChart},
		{Method: get, Path: feedbackPath, Action: policy.ReadMatterFigures, Handler: s.feedbackList},
		{Method: post, Path: feedbackPath, Action: policy.DispatchMatter, Handler: s.makeFeedback},
		{Method: get, Path: feedbackPath + "/:id<maxLen(64)>", Action: policy.ReadMatterFigures, Handler: s.feedback},
		{Method: post, Path: feedbackPath + "/:id<maxLen(64)>/sign", Action: policy.ReadMatterFigures, Handler: s.signFeedback},
		{Method: get, Path: mattersPath + "/new", Action: policy.ReportMatter, Handler: s.newMatter},
		{Method: post, Path: mattersPath + "/new", Action: policy.ReportMatter, Handler: s.reportMatter, Upload: maxMatterForm},
		{Method: get, Path: one, Action: policy.ReadMatter, Handler: s.matter},
		{Method: get, Path: one + "/print/:paper<maxLen(16)>", Action: policy.ReadMatter, Handler: s.matterPaper},
		{Method: get, Path: one + "/whole", Action: policy.ReadMatter, Handler: s.wholePage(s.matterWhole)},
		{Method: get, Path: one + "/photos/:set<maxLen(10)>/:n<int>", Action: policy.ReadMatter, Handler: s.matterPhoto},
		{Method: post, Path: one + "/dispatch", Action: policy.DispatchMatter, Handler: s.actMatter},
		{Method: post, Path: one + "/decide", Action: policy.DispatchMatter, Handler: s.actMatter},
		{Method: post, Path: one + "/merge", Action: policy.DispatchMatter, Handler: s.actMatter},
		{Method: post, Path: one + "/urge", Action: policy.DispatchMatter, Handler: s.actMatter},
		{Method: post, Path: one + "/accept", Action: policy.HandleMatter, Handler: s.actMatter},
		{Method: post, Path: one + "/refuse", Action: policy.HandleMatter, Handler: s.actMatter},
		{Method: post, Path: one + "/take", Action: policy.HandleMatter, Handler: s.actMatter},
		{Method: post, Path: one + "/begin", Action: policy.HandleMatter, Handler: s.actMatter},
		{Method: post, Path: one + "/more", Action: policy.HandleMatter, Handler: s.actMatter},
		{Method: post, Path: one + "/answer", Action: policy.HandleMatter, Handler: s.actMatterWithPhotos, Upload: maxMatterForm},
		{Method: post, Path: one + "/verify", Action: policy.VerifyMatter, Handler: s.actMatterWithPhotos, Upload: maxMatterForm},
		{Method: post, Path: one + "/reopen", Action: policy.ReportMatter, Handler: s.actMatter},
	}...)
}

// matterLine is one matter of a list, in words.
type matterLine struct {
	Path, Title, Place, State, Department, Due, Since, Source string
	Late, Urgent, Unresolved                                  bool
	// Urged is the last rung, "" for none; Weight is how many reports it stands for, 0 for one.
	Urged  string
	Weight int
}

// matterLineOf puts a matter into words, as the actor may see it and as of a moment.
func (s *Server) matterLineOf(id string, m *matter.Matter, now time.Time) matterLine {
	line := matterLine{Path: mattersPath + "/" + id, Title: m.CategoryTitle, Place: m.Place(), State: m.State.Title(), Department: m.DepartmentTitle, Urgent: m.Urgent, Late: m.Late(now),
		Since: shortDate(calendar.DateOf(m.Reported.At.Time), calendar.DateOf(now))}
	line.Source = sourceWord(m)
	if m.Due.Rule != "" && !m.State.Closed() {
		line.Due, line.Unresolved = m.Due.Chinese(), !m.Due.Resolved()
	}
	if n := len(m.Urges); n > 0 && !m.State.Closed() {
		line.Urged = m.Urges[n-1].Rung.Title()
	}
	return line
}

// sourcesFor are the sources that a person may ask for: all, or only those that are other platforms.
func (s *Server) sourcesFor(by policy.Actor) []registry.Choice {
	if s.guard.Allow(by, policy.ReadReporter) {
		return matter.Sources()
	}
	return matter.Platforms()
}

// sourceWord is where a matter comes from, "" for who may not know.
func sourceWord(m *matter.Matter) string {
	if m.Source == "" {
		return ""
	}
	return registry.TextOf(matter.Sources(), m.Source)
}

// weigh says of lines how many reports they stand for.
func (s *Server) weigh(ctx context.Context, ids []string, lines ...*matterLine) error {
	weights, err := s.matters.Weights(ctx, ids)
	for i, id := range ids {
		if n := weights[id]; n > 1 {
			lines[i].Weight = n
		}
	}
	return err
}

// mattersView is what matters.html shows.
type mattersView struct {
	Rows                           []matterLine
	Filters                        []boardFilter
	Sort, Desc, Next, Excel        string
	ByDue, ByTime                  sortLink
	Filtered, CanReport, CanImport bool
	// Urges leads to whom one can urge, none for who cannot.
	Urges                 []crumb
	ShowsSource, CanCount bool
	// Kept narrow the list beside what the filters say: the groups of a board. Links lead to what is done with several.
	Kept  []option
	Links []crumb
}

var matterFilters = []string{"q", "kind", "state", "department", "source", "late", "mine", "orders", "period", "measure", "township", "community", "category"}

// matterFilter reads what narrows the list.
func matterFilter(l listAddress) matter.Filter {
	// Without an order the latest stand first; by the moment of the report in order, the oldest do.
	reversed := l.value["desc"] != ""
	if l.value["sort"] == "time" {
		reversed = !reversed
	}
	// What is no period narrows nothing.
	period, _ := matter.ParsePeriod(l.value["period"])
	return matter.Filter{Period: period, Measure: matter.Measure(l.value["measure"]), Township: l.value["township"], Community: l.value["community"], Category: l.value["category"], Text: l.value["q"], Kind: l.value["kind"], State: matter.State(l.value["state"]), Department: l.value["department"], Source: matter.Source(l.value["source"]), Late: l.value["late"] != "", Mine: l.value["mine"] != "", Orders: l.value["orders"] != "",
		ByDue: l.value["sort"] == "due", Desc: reversed}
}

// matterList lists the matters of the actor's scope.
func (s *Server) matterList(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, mattersPath, matterFilters...)
	found, err := s.matters.List(c.UserContext(), by, matterFilter(l), l.after)
	if err != nil {
		return err
	}
	v := mattersView{Links: s.printsOf(mattersPath), Sort: l.value["sort"], Desc: l.value["desc"], Next: nextPage(c, found.Next), Excel: l.excel(), Filtered: l.filtered(), CanReport: s.guard.Allow(by, policy.ReportMatter), CanImport: s.guard.Allow(by, policy.ImportMatter), ShowsSource: s.guard.Allow(by, policy.ReadReporter) || s.guard.Allow(by, policy.ImportMatter),
		ByDue: l.sorted("due", "期限", "latest"), ByTime: l.sorted("time", "上报", "latest")}
	for _, name := range []string{"township", "community", "category"} {
		if l.value[name] != "" {
			v.Kept = append(v.Kept, option{name, l.value[name]})
		}
	}
	kinds, departments := []option{{"", "全部"}}, []option{{"", "全部"}}
	for _, k := range s.matters.Tree.Kinds() {
		kinds = append(kinds, option{k.ID, k.Title})
	}
	for _, d := range s.matters.Tree.Departments() {
		departments = append(departments, option{d.ID, d.Title})
	}
	v.Filters = []boardFilter{{Name: "q", Label: "小区、位置或内容", Value: l.value["q"]}, {Name: "kind", Label: "大类", Value: l.value["kind"], Options: kinds}, {Name: "state", Label: "状态", Value: l.value["state"], Options: choicesOf("全部", matter.States())},
		{Name: "department", Label: "办理部门", Value: l.value["department"], Options: departments}, {Name: "late", Label: "期限", Value: l.value["late"], Options: []option{{"", "全部"}, {"1", "已逾期"}}}}
	v.CanCount = s.guard.Allow(by, policy.ReadMatterFigures)
	v.Filters = append(v.Filters, boardFilter{Name: "period", Label: "上报时间", Value: l.value["period"], Options: append([]option{{"", "全部"}}, s.periodOptions()...)}, boardFilter{Name: "measure", Label: "结果", Value: l.value["measure"], Options: choicesOf("全部", matter.Measures())})
	if v.ShowsSource {
		v.Filters = append(v.Filters, boardFilter{Name: "source", Label: "来源", Value: l.value["source"], Options: choicesOf("全部", s.sourcesFor(by))})
	}
	if v.Urges = s.urges(by, "matters"); s.guard.Allow(by, policy.DispatchMatter) {
		v.Urges = append(v.Urges, crumb{"批量催办", mattersPath + "/urge"})
	}
	if v.CanReport {
		v.Filters = append(v.Filters, boardFilter{Name: "mine", Label: "上报人", Value: l.value["mine"], Options: []option{{"", "全部"}, {"1", "我上报的"}}})
	}
	ids, lines := make([]string, len(found.Docs)), make([]*matterLine, len(found.Docs))
	v.Rows = make([]matterLine, len(found.Docs))
	for i, d := range found.Docs {
		v.Rows[i] = s.matterLineOf(d.ID, &d.State, s.clockOf(c.UserContext()).now)
		ids[i], lines[i] = d.ID, &v.Rows[i]
	}
	if err := s.weigh(c.UserContext(), ids, lines...); err != nil {
		return err
	}
	return s.render(c, by, "matters", page{Title: "事项", Nav: mattersPath, Data: v})
}

// mattersExcel is the same list as Excel, all of it.
func (s *Server) mattersExcel(c *fiber.Ctx, by policy.Actor) error {
	var rows []matter.Matter
	if err := s.matters.Each(c.UserContext(), by, matterFilter(readList(c, mattersPath, matterFilters...)), func(d store.Doc[matter.Matter]) { rows = append(rows, d.State) }); err != nil {
		return err
	}
	now := s.clockOf(c.UserContext()).now
	answered := func(say func(a *matter.Answer) any) func(m *matter.Matter) any {
		return func(m *matter.Matter) any {
			if m.Answer == nil {
				return ""
			}
			return say(m.Answer)
		}
	}
	day := func(t time.Time) any {
		if t.IsZero() {
			return ""
		}
		return calendar.DateOf(t)
	}
	table := report.Table[matter.Matter]{Sheet: "事项", Columns: []report.Column[matter.Matter]{
		report.Shown("大类", func(m *matter.Matter) any { return m.KindTitle }), report.Shown("小类", func(m *matter.Matter) any { return m.CategoryTitle }).Wide(20), report.Shown("乡镇", func(m *matter.Matter) any { return m.TownshipName }),
		report.Shown("社区", func(m *matter.Matter) any { return m.CommunityName }), report.Shown("小区", func(m *matter.Matter) any { return m.ProjectName }).Wide(18), report.Shown("位置", func(m *matter.Matter) any { return m.Where }).Wide(20),
		report.Shown("情况", func(m *matter.Matter) any { return m.Words }).Wide(40), report.Shown("状态", func(m *matter.Matter) any { return m.State.Title() }), report.Shown("办理部门", func(m *matter.Matter) any { return m.DepartmentTitle }).Wide(18),
		report.Shown("上报日期", func(m *matter.Matter) any { return day(m.Reported.At.Time) }), report.Shown("签收日期", func(m *matter.Matter) any { return day(m.Signed.Time) }), report.Shown("答复期限", func(m *matter.Matter) any { return m.AnswerBy.Due }),
		report.Shown("现在逾期", func(m *matter.Matter) any { return yesNo(m.Late(now)) }), report.Shown("答复日期", answered(func(a *matter.Answer) any { return day(a.By.At.Time) })), report.Shown("答复", answered(func(a *matter.Answer) any { return a.Words })).Wide(40),
		report.Shown("按期答复", answered(func(a *matter.Answer) any { return yesNo(!a.Late) })), report.Shown("责任方", answered(func(a *matter.Answer) any { return registry.TextOf(matter.Liables(), a.Liable) })),
		report.Shown("诉求合理", answered(func(a *matter.Answer) any { return yesNo(a.Reasonable) })), report.Shown("核实", func(m *matter.Matter) any {
			if m.Check == nil {
				return ""
			}
			return m.Check.Way.Title()
		}).Wide(24), report.Shown("办结日期", func(m *matter.Matter) any { return day(m.Closed.Time) }),
	}}
	if s.guard.Allow(by, policy.ReadReporter) || s.guard.Allow(by, policy.ImportMatter) {
		table.Columns = append(table.Columns, report.Shown("来源", func(m *matter.Matter) any { return sourceWord(m) }))
	}
	return sendSheets(c, "事项.xlsx", table.Filled(rows))
}

// yesNo is a plain answer.
func yesNo(yes bool) string {
	if yes {
		return "是"
	}
	return "否"
}

// newMatter is the form of a report.
func (s *Server) newMatter(c *fiber.Ctx, by policy.Actor) error {
	return s.showNewMatter(c, by, url.Values{"project": {c.Query("project")}}, nil)
}

// categoryOptions are the leaves of the tree, each behind its kind.
func (s *Server) categoryOptions() []option {
	out := []option{{"", "请选择"}}
	for _, k := range s.matters.Tree.Kinds() {
		for _, one := range k.Categories {
			out = append(out, option{one.ID, k.Title + "：" + one.Title})
		}
	}
	return out
}

// matterNewView is what matter_new.html shows.
type matterNewView struct {
	Form            []field
	Key, PhotoError string
}

func (s *Server) showNewMatter(c *fiber.Ctx, by policy.Actor, typed url.Values, refused []fault.Field) error {
	form, err := s.placeFields(c.UserContext(), by, typed)
	if err != nil {
		return err
	}
	form = append([]field{{Name: "category", Label: "分类", Options: s.categoryOptions(), Value: typed.Get("category")}}, form...)
	form = append(form, field{Name: "where", Label: "具体位置", Type: "text", Autocomplete: "off", Value: typed.Get("where"), Hint: "例如：3幢1单元门前"},
		field{Name: "words", Label: "情况", Rows: 4, Value: typed.Get("words"), Hint: "写清楚看到什么；不要写姓名、电话和身份证号"})
	v := matterNewView{Form: withErrors(form, refused), Key: newKey(), PhotoError: photoError(refused)}
	p := page{Title: "上报事项", Nav: mattersPath, Fields: refused, Data: v}
	if len(refused) > 0 {
		return s.refuse(c, by, "matter_new", p)
	}
	return s.render(c, by, "matter_new", p)
}

// placeFields ask where it is: the compounds of who may read the register, and the communities in which he reports.
func (s *Server) placeFields(ctx context.Context, by policy.Actor, typed url.Values) ([]field, error) {
	var form []field
	communities, err := s.matters.Communities(ctx, by)
	if err != nil {
		return nil, err
	}
	if s.guard.Allow(by, policy.ReadRegister) {
		projects, _, err := projectOptionsFrom(ctx, s.registered, by, "")
		if err != nil {
			return nil, err
		}
		form = append(form, field{Name: "project", Label: "小区", Options: projects, Value: typed.Get("project"), Optional: len(communities) > 0})
	}
	if len(communities) > 0 {
		one := field{Name: "community", Label: "社区", Options: choicesOf("请选择", communities), Value: typed.Get("community")}
		if len(form) > 0 {
			one.Optional, one.Hint = true, "不在小区里的才选"
		}
		form = append(form, one)
	}
	return form, nil
}

// photoError is what is wrong with the photos of a form.
func photoError(refused []fault.Field) string {
	for _, f := range refused {
		if f.Name == "photos" {
			return f.Message
		}
	}
	return ""
}

// matterPhotos reads a form with photos, which it checks by their content; the caller closes them.
func (s *Server) matterPhotos(c *fiber.Ctx) (url.Values, []*files.Upload, error) {
	var photos []*files.Upload
	values, err := s.readForm(c, maxMatterForm, func(name string, r io.Reader) error {
		if len(photos) == matter.MaxPhotos {
			return fault.InvalidFields("web.matterPhotos", fault.Field{Name: "photos", Message: "最多 3 张照片"})
		}
		photo, err := s.files.Receive(name, r, files.JPEG, files.PNG)
		if err == nil {
			photos = append(photos, photo)
		}
		return err
	})
	return values, photos, atPhotos(err)
}

// atPhotos puts what is wrong with a file at the field of the photos.
func atPhotos(err error) error {
	fields := refusedForm(err)
	if len(fields) == 0 {
		return err
	}
	for i := range fields {
		if fields[i].Name == "files" {
			fields[i].Name = "photos"
		}
	}
	return fault.InvalidFields("web.atPhotos", fields...)
}

func closePhotos(photos []*files.Upload) (err error) {
	for _, photo := range photos {
		err = errors.Join(err, photo.Close())
	}
	return err
}

// photoIdem makes a retry of a form with photos safe.
func photoIdem(c *fiber.Ctx, values url.Values, photos []*files.Upload) *store.Idem {
	var hashes []string
	for _, photo := range photos {
		hashes = append(hashes, photo.SHA256)
	}
	return idemFrom(c, values, hashes...)
}

// reportMatter takes a report in.
func (s *Server) reportMatter(c *fiber.Ctx, by policy.Actor) (err error) {
	values, photos, err := s.matterPhotos(c)
	defer func() { err = errors.Join(err, closePhotos(photos)) }()
	var doc store.Doc[matter.Matter]
	if err == nil {
		doc, err = s.matters.Report(c.UserContext(), by, matter.Input{Category: values.Get("category"), Community: values.Get("community"), Project: values.Get("project"), Where: values.Get("where"), Words: values.Get("words"),
			Photos: photos, Idem: photoIdem(c, values, photos)})
		err = atPhotos(err)
	}
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showNewMatter(c, by, values, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, mattersPath+"/"+doc.ID+"?done=reported")
}
