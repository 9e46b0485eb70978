package web

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
)

// The pages about personal data: what everybody is told, one's own, what people ask, and who looked.
const (
	privacyPath  = "/privacy"
	ownDataPath  = "/account/data"
	requestsPath = "/admin/requests"
	accessPath   = "/admin/access"
)

// Accesses reads the access log.
type Accesses interface {
	// Days are the days that have events, oldest first. Returns Unavailable.
	Days() ([]calendar.Date, error)
	// Read calls f for each event of a day in order, until it returns false. Returns NotFound for a day without events, Unavailable.
	Read(day calendar.Date, f func(policy.AccessEvent) bool) error
}

// Privacy is what the pages about personal data need.
type Privacy struct {
	// Requests keeps what people ask about their own data. Required.
	Requests *policy.DataRequests
	// Accesses is the access log, nil if there is none to read; Place says which part of all accesses that is.
	Accesses Accesses
	Place    AccessPlace
	// Kept are the terms after which personal data is destroyed.
	Kept []calendar.Rule
	// AtOnce is what is destroyed in the night after it is no longer needed.
	AtOnce []string
}

// AccessPlace says what an access log covers: each process writes its own, into its own folder.
type AccessPlace struct {
	// Host is the name of the machine, Folder where its process writes.
	Host, Folder string
	// Others: there can be other processes on the same data, whose accesses stand in their folders.
	Others bool
}

// Text says on a page what the log covers.
func (p AccessPlace) Text() string {
	switch {
	case p.Others:
		return "数据由几个服务进程共用，每个进程各记各的：这里只有主机 " + p.Host + " 上这个进程的访问，存在 " + p.Folder + "；别的进程的，从它自己的地址打开这一页看，或者到它的文件夹里取。"
	case p.Folder != "":
		return "数据只由这一个服务进程使用，这里就是全部访问，存在主机 " + p.Host + " 的 " + p.Folder + "。"
	}
	return ""
}

// ownDataRoutes are these pages; none without them.
func (s *Server) ownDataRoutes() []Route {
	if s.privacy == nil {
		return nil
	}
	const get, post = fiber.MethodGet, fiber.MethodPost
	rows := []Route{
		{Method: get, Path: privacyPath, Action: policy.Public, Handler: s.privacyNotice},
		{Method: get, Path: ownDataPath, Action: policy.ReadOwnAccount, Handler: s.ownData},
		{Method: get, Path: ownDataPath + ".xlsx", Action: policy.ReadOwnAccount, Handler: s.ownDataExcel},
		{Method: post, Path: ownDataPath, Action: policy.UpdateOwnAccount, Handler: s.askOwnData},
		{Method: get, Path: requestsPath, Action: policy.AnswerDataRequest, Handler: s.dataRequests},
		{Method: post, Path: requestsPath, Action: policy.AnswerDataRequest, Handler: s.enterDataRequest},
		{Method: post, Path: requestsPath + "/:id<maxLen(64)>", Action: policy.AnswerDataRequest, Handler: s.answerDataRequest},
	}
	if s.privacy.Accesses != nil {
		rows = append(rows, Route{Method: get, Path: accessPath, Action: policy.ReadAccessLog, Handler: s.accessLog}, Route{Method: get, Path: accessPath + ".xlsx", Action: policy.ReadAccessLog, Handler: s.accessExcel})
	}
	return rows
}

// privacyView is what privacy.html shows.
type privacyView struct {
	Authority string
	Kept      []keptRow
	AtOnce    []string
}

// keptRow is one term: “预约之日起 30 日”.
type keptRow struct {
	Name, Term, Basis string
	Proposal          bool
}

// privacyNotice tells everybody what personal data is held, what for, for how long, and what he can ask (个人信息保护法 art. 17).
func (s *Server) privacyNotice(c *fiber.Ctx, by policy.Actor) error {
	v := privacyView{Authority: s.set.Authority, AtOnce: s.privacy.AtOnce}
	for _, r := range s.privacy.Kept {
		v.Kept = append(v.Kept, keptRow{Name: r.Name, Term: r.From + "起 " + count(r.N) + " " + string(r.Unit), Basis: r.Basis, Proposal: r.Proposal})
	}
	return s.render(c, by, "privacy", page{Title: "个人信息处理告知", Nav: "/help", Data: v})
}

// ownDataView is what own_data.html shows.
type ownDataView struct {
	Facts    []ownFact
	Requests []requestRow
	Form     []field
	// Looks are who looked at the account or signed in, newest first; Since is the first day that was read.
	Looks []lookRow
	Since string
	// Others: other processes log what they saw by themselves.
	Others bool
}

type ownFact struct{ Name, Value string }

type lookRow struct {
	At              time.Time
	What, Who, Page string
}

// requestRow is a request as its own page and that of who answers show it.
type requestRow struct {
	ID                         string
	Seq                        int64
	Title, Words, Who, Contact string
	At                         time.Time
	Due, State, Answer         string
	Late, CanAnswer            bool
	Error                      string
}

// ownFacts is what the system holds about the account of somebody.
func (s *Server) ownFacts(c *fiber.Ctx, by policy.Actor) ([]ownFact, error) {
	a, err := s.people.OwnAccount(c.UserContext(), by)
	if err != nil {
		return nil, err
	}
	out := []ownFact{{"用户名", a.Login}, {"姓名", a.Name}, {"账号编号", a.ID}, {"密码", "只保存散列值，" + dateTime(a.PasswordSetAt) + "设定"}, {"动态口令", map[bool]string{true: "已开通", false: "没有开通"}[a.SecondFactor]}}
	offices, err := s.officesNamed(c.UserContext(), a.Appointments)
	if err != nil {
		return nil, err
	}
	for _, o := range offices {
		out = append(out, ownFact{"任职", strings.TrimSpace(o.Title + "，" + o.Span + " " + o.Scope)})
	}
	for _, away := range a.Absences {
		out = append(out, ownFact{"外出", spanText(away.Days)})
	}
	emergencies, err := s.people.OwnEmergencies(c.UserContext(), by)
	if err != nil {
		return nil, err
	}
	for _, e := range emergencies {
		row := s.emergencyRowOf(by, e)
		out = append(out, ownFact{"应急授权", row.Title + "，" + dateTime(e.From.Time) + " 至 " + dateTime(e.Until.Time) + "：" + e.Reason})
	}
	if s.views != nil {
		views, err := s.views.Own(c.UserContext(), by, "")
		if err != nil {
			return nil, err
		}
		for _, view := range views {
			out = append(out, ownFact{"保存的视图", view.Name + "：" + view.Path + "?" + view.Query})
		}
	}
	return out, nil
}

// lookDays is how many days one's own page looks back in the access log, lookLines how many of its lines are read at most, lookRows how many are shown.
const (
	lookDays  = 30
	lookLines = 200_000
	lookRows  = 200
)

// eventWords name the kinds of the access log.
var eventWords = map[policy.AccessKind]string{policy.EventRefused: "被拒绝", policy.EventSignedIn: "登录", policy.EventLocked: "锁定", policy.EventSuppressed: "未逐条记录", policy.EventEmergency: "应急授权", policy.EventOrder: "凭调阅单查看", policy.EventLooked: "查看个人信息"}

// readAccesses goes through the access log backwards by days until it has found enough events or read enough lines; it returns the first day that was read.
func (s *Server) readAccesses(first, last calendar.Date, enough int, wants func(*policy.AccessEvent) bool) (found []policy.AccessEvent, since calendar.Date, err error) {
	days, err := s.privacy.Accesses.Days()
	if err != nil {
		return nil, since, err
	}
	since, lines := last, 0
	for i := len(days) - 1; i >= 0 && len(found) < enough && lines < lookLines; i-- {
		if days[i].Compare(first) < 0 || days[i].Compare(last) > 0 {
			continue
		}
		var today []policy.AccessEvent
		err := s.privacy.Accesses.Read(days[i], func(e policy.AccessEvent) bool {
			lines++
			if wants(&e) {
				today = append(today, e)
			}
			return lines < lookLines
		})
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, since, err
		}
		slices.Reverse(today)
		found, since = append(found, today...), days[i]
	}
	return found[:min(len(found), enough)], since, nil
}

// looksAt are who looked at an account, and its sign-ins.
func (s *Server) looksAt(ctx context.Context, by policy.Actor) ([]lookRow, calendar.Date, error) {
	if s.privacy.Accesses == nil {
		return nil, calendar.Date{}, nil
	}
	today := calendar.DateOf(s.clocks.Security())
	found, since, err := s.readAccesses(today.Add(-lookDays), today, lookRows, func(e *policy.AccessEvent) bool {
		return e.Event == policy.EventSignedIn && e.Actor == by.ID || e.Event == policy.EventLooked && e.Actor != by.ID && slices.Contains(strings.Split(e.Path, "/"), by.ID)
	})
	if err != nil {
		return nil, since, err
	}
	var out []lookRow
	for _, e := range found {
		row := lookRow{At: e.At, What: eventWords[e.Event], Page: e.Path}
		if e.Event == policy.EventLooked {
			row.Who = "已经不在的账号"
			if who, err := s.people.Person(ctx, e.Actor); err == nil {
				var titles []string
				for _, o := range s.offices(who.Appointments) {
					titles = append(titles, o.Title)
				}
				row.Who = strings.Join(titles, "、")
			} else if !fault.Is(err, fault.NotFound) {
				return nil, since, err
			}
		}
		out = append(out, row)
	}
	return out, since, nil
}

// requestRowOf puts a request into words.
func (s *Server) requestRowOf(by policy.Actor, d store.Doc[policy.DataRequest]) requestRow {
	q := d.State
	row := requestRow{ID: d.ID, Seq: d.Seq, Title: q.Wish.Title(), Words: q.Words, Who: q.Person, Contact: q.Contact, At: q.At.Time, State: "待答复", CanAnswer: s.privacy.Requests.MayAnswer(by, &q)}
	switch {
	case q.Answer == nil && q.Deadline.Late(s.clocks.Business()):
		row.State, row.Late = "逾期", true
	case q.Answer != nil && q.Answer.Done:
		row.State, row.Answer = "已办理", q.Answer.Words
	case q.Answer != nil:
		row.State, row.Answer = "不予办理", q.Answer.Words
	}
	if q.Deadline.Resolved() {
		row.Due = q.Deadline.Due.Chinese()
	}
	if row.Who == "" && q.Account != "" {
		row.Who = "账号 " + q.Account
	}
	return row
}

var requestSaid = map[string]string{"ask": "已收到，由别人在期限内答复，答复写在这一页。", "enter": "已登记。", "answer": "答复已记下。"}

// ownData shows what is held about somebody, what he asked, and who looked.
func (s *Server) ownData(c *fiber.Ctx, by policy.Actor) error { return s.showOwnData(c, by, nil) }

func wishOptions() []option {
	out := []option{{"", "请选择"}}
	for _, w := range policy.DataWishes() {
		out = append(out, option{string(w.Wish), w.Title})
	}
	return out
}

func (s *Server) showOwnData(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	var v ownDataView
	var err error
	if v.Facts, err = s.ownFacts(c, by); err != nil {
		return err
	}
	own, err := s.privacy.Requests.Own(c.UserContext(), by)
	if err != nil {
		return err
	}
	for _, d := range own {
		v.Requests = append(v.Requests, s.requestRowOf(by, d))
	}
	looks, since, err := s.looksAt(c.UserContext(), by)
	if err != nil {
		return err
	}
	v.Looks, v.Others = looks, s.privacy.Place.Others
	if !since.IsZero() {
		v.Since = since.Chinese()
	}
	v.Form = withErrors([]field{{Name: "wish", Label: "要求", Options: wishOptions(), Value: c.FormValue("wish")},
		{Name: "words", Label: "哪些信息，为什么", Rows: 3, Value: c.FormValue("words"), Hint: "要更正的，写明现在是什么、应当是什么"}}, refused)
	if len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
	}
	return s.render(c, by, "own_data", page{Title: "我的个人信息", Nav: "/account", Data: v, Fields: refused, Said: saidParam(c, requestSaid)})
}

// ownDataExcel gives the same as a workbook.
func (s *Server) ownDataExcel(c *fiber.Ctx, by policy.Actor) error {
	facts, err := s.ownFacts(c, by)
	if err != nil {
		return err
	}
	own, err := s.privacy.Requests.Own(c.UserContext(), by)
	if err != nil {
		return err
	}
	looks, _, err := s.looksAt(c.UserContext(), by)
	if err != nil {
		return err
	}
	held := report.Figures{Sheet: "账号", Heads: []string{"项目", "内容"}, Note: "本人在我的个人信息页面导出"}
	for _, f := range facts {
		held.Rows = append(held.Rows, []any{f.Name, f.Value})
	}
	asked := report.Figures{Sheet: "我的请求", Heads: []string{"时间", "要求", "内容", "状态", "答复期限", "答复"}}
	for _, d := range own {
		row := s.requestRowOf(by, d)
		asked.Rows = append(asked.Rows, []any{dateTime(row.At), row.Title, row.Words, row.State, row.Due, row.Answer})
	}
	seen := report.Figures{Sheet: "谁看过", Heads: []string{"时间", "事情", "谁", "页面"}}
	for _, l := range looks {
		seen.Rows = append(seen.Rows, []any{dateTime(l.At), l.What, l.Who, l.Page})
	}
	return sendFigures(c, "我的个人信息.xlsx", held, asked, seen)
}

// askOwnData enters a request about one's own data.
func (s *Server) askOwnData(c *fiber.Ctx, by policy.Actor) error {
	_, err := s.privacy.Requests.Ask(c.UserContext(), by, policy.DataAsk{Wish: policy.DataWish(c.FormValue("wish")), Words: c.FormValue("words")})
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showOwnData(c, by, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, ownDataPath+"?done=ask")
}

// requestsView is what data_requests.html shows.
type requestsView struct {
	Open, Answered []requestRow
	Form           []field
}

// dataRequests shows what people ask, for who answers.
func (s *Server) dataRequests(c *fiber.Ctx, by policy.Actor) error {
	return s.showDataRequests(c, by, "", nil, nil)
}

// showDataRequests renders the list; wrong belong to the answer of one request, refused to the form that enters one.
func (s *Server) showDataRequests(c *fiber.Ctx, by policy.Actor, id string, wrong, refused []fault.Field) error {
	var v requestsView
	open, err := s.privacy.Requests.Open(c.UserContext(), by)
	if err != nil {
		return err
	}
	all, err := s.privacy.Requests.All(c.UserContext(), by)
	if err != nil {
		return err
	}
	for _, d := range open {
		row := s.requestRowOf(by, d)
		if d.ID == id && len(wrong) > 0 {
			row.Error = wrong[0].Message
		}
		v.Open = append(v.Open, row)
	}
	for _, d := range all {
		if d.State.Answer != nil {
			v.Answered = append(v.Answered, s.requestRowOf(by, d))
		}
	}
	v.Form = withErrors([]field{{Name: "person", Label: "本人姓名", Type: "text", Autocomplete: "off", Value: c.FormValue("person")}, {Name: "contact", Label: "怎样答复", Type: "text", Autocomplete: "off", Value: c.FormValue("contact"), Hint: "例如电话；答复以后到期销毁"},
		{Name: "wish", Label: "要求", Options: wishOptions(), Value: c.FormValue("wish")}, {Name: "words", Label: "哪些信息，为什么", Rows: 3, Value: c.FormValue("words")}}, refused)
	if len(wrong)+len(refused) > 0 {
		c.Status(statusOf(fault.Invalid))
	}
	return s.render(c, by, "data_requests", page{Title: "个人信息请求", Nav: requestsPath, Data: v, Fields: refused, Said: saidParam(c, requestSaid)})
}

// enterDataRequest takes down what somebody without account asks.
func (s *Server) enterDataRequest(c *fiber.Ctx, by policy.Actor) error {
	in := policy.DataAsk{Wish: policy.DataWish(c.FormValue("wish")), Words: c.FormValue("words"), Person: c.FormValue("person"), Contact: c.FormValue("contact")}
	var err error
	if strings.TrimSpace(in.Person) == "" {
		err = fault.InvalidFields("web.enterDataRequest", fault.Field{Name: "person", Message: "请写明本人姓名；自己的请求在“我的账号”里提出"})
	} else {
		_, err = s.privacy.Requests.Ask(c.UserContext(), by, in)
	}
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showDataRequests(c, by, "", nil, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, requestsPath+"?done=enter")
}

// answerDataRequest answers one.
func (s *Server) answerDataRequest(c *fiber.Ctx, by policy.Actor) error {
	id := c.Params("id")
	err := s.privacy.Requests.Answer(c.UserContext(), by, id, formSeq(c), c.FormValue("done") == "1", c.FormValue("words"))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showDataRequests(c, by, id, refused, nil)
	}
	if err != nil {
		return err
	}
	return seeOther(c, requestsPath+"?done=answer")
}

// DataRequestTasks is the work of who answers what people ask about their own data.
type DataRequestTasks struct{ Requests *policy.DataRequests }

// Tasks implements Tasks.
func (t DataRequestTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	open, err := t.Requests.Open(ctx, by)
	if fault.Is(err, fault.Forbidden) {
		return nil, nil
	}
	var out []Task
	for _, d := range open {
		if q := d.State; t.Requests.MayAnswer(by, &q) {
			out = append(out, Task{Title: "答复个人信息请求：" + q.Wish.Title(), Link: requestsPath, Button: "去答复", Nav: requestsPath, Due: q.Deadline.Due, Unresolved: !q.Deadline.Resolved(), Basis: "个人信息请求答复，" + q.Deadline.Basis, Count: 1})
		}
	}
	return out, err
}

// accessView is what access_log.html shows.
type accessView struct {
	Form  []field
	Rows  []accessRow
	Excel string
	Day   string
	// Covers says which accesses are here.
	Covers string
}

type accessRow struct {
	policy.AccessEvent
	// Who is the office and name of the account, "" if nobody was signed in; Theirs leads to what else it did that day.
	What, Did, Who, Theirs string
}

// accessEvents are the events that the filter of an address wants, newest first.
func (s *Server) accessEvents(c *fiber.Ctx, by policy.Actor, enough int) (v accessView, err error) {
	today := calendar.DateOf(s.clocks.Security())
	day, dayErr := calendar.ParseDate(c.Query("day"))
	if dayErr != nil {
		day = today
	}
	event, actor := policy.AccessKind(c.Query("event")), strings.TrimSpace(c.Query("by"))
	options := []option{{"", "全部"}}
	for _, kind := range []policy.AccessKind{policy.EventLooked, policy.EventRefused, policy.EventSignedIn, policy.EventLocked, policy.EventEmergency, policy.EventOrder, policy.EventSuppressed} {
		options = append(options, option{string(kind), eventWords[kind]})
	}
	v.Day, v.Covers = day.Chinese(), s.privacy.Place.Text()
	v.Form = []field{{Name: "day", Label: "哪一天", Type: "date", Value: day.String()}, {Name: "event", Label: "什么事", Options: options, Value: string(event)}, {Name: "by", Label: "账号编号", Type: "text", Value: actor, Optional: true}}
	v.Excel = accessPath + ".xlsx?" + url.Values{"day": {day.String()}, "event": {string(event)}, "by": {actor}}.Encode()
	found, _, err := s.readAccesses(day, day, enough, func(e *policy.AccessEvent) bool {
		return (event == "" || e.Event == event) && (actor == "" || e.Actor == actor)
	})
	if err != nil {
		return v, err
	}
	names := s.naming(by)
	var people []store.Ref
	for i := range found {
		if found[i].Actor != "" {
			people = append(people, store.Ref{Kind: accountKind, ID: found[i].Actor})
		}
	}
	if err := names.learn(c.UserContext(), people); err != nil {
		return v, err
	}
	for _, e := range found {
		row := accessRow{AccessEvent: e, What: eventWords[e.Event], Did: string(e.Action), Who: names.name(store.Ref{Kind: accountKind, ID: e.Actor}, today), Theirs: accessPath + "?" + url.Values{"day": {day.String()}, "by": {e.Actor}}.Encode()}
		if a, known := s.guard.Rules().Action(e.Action); known {
			row.Did = a.Name
		}
		v.Rows = append(v.Rows, row)
	}
	return v, nil
}

// accessLog shows a day of the access log: who was refused, signed in, or looked at personal data.
func (s *Server) accessLog(c *fiber.Ctx, by policy.Actor) error {
	v, err := s.accessEvents(c, by, lookRows)
	if err != nil {
		return err
	}
	return s.render(c, by, "access_log", page{Title: "访问记录", Nav: accessPath, Data: v})
}

// accessExcel gives a whole day.
func (s *Server) accessExcel(c *fiber.Ctx, by policy.Actor) error {
	v, err := s.accessEvents(c, by, lookLines)
	if err != nil {
		return err
	}
	sheet := report.Figures{Sheet: "访问记录", Note: v.Covers, Heads: []string{"时间", "事情", "谁", "账号编号", "办理事项", "地址", "依据", "来源", "请求编号", "条数"}}
	for _, e := range v.Rows {
		sheet.Rows = append(sheet.Rows, []any{dateTime(e.At), e.What, e.Who, e.Actor, e.Did, e.Path, e.Rule, e.Source, e.Number, e.Count})
	}
	return sendFigures(c, "访问记录.xlsx", sheet)
}

// personalPages are the beginnings of the pages that show personal data whole, and the right with which they do: to open one is written to the access log.
var personalPages = map[string]policy.Action{
	"/admin/accounts/:id": policy.ReadAccounts, accountsPath + ".xlsx": policy.ReadAccounts, addressesPath + "/template.xlsx": policy.ReadAccounts, "/register/firms/:id": policy.ReadContacts, "/register/developers/:id": policy.ReadContacts, divisionsPath + "/:id": policy.ReadContacts, divisionsPath + ".xlsx": policy.ReadContacts, "/collections/:id/phones.xlsx": policy.ReadContacts, "/urging.xlsx": policy.ReadContacts,
	"/matters/:id": policy.ReadReporter, "/needs/:id": policy.ReadAsker, "/members/:id": policy.ReadMember, "/register/projects/:id/votes/:part/scans": policy.ReadVotePapers, "/repairs/calls/:id": policy.CheckRepairs,
	"/books/:book/:id": policy.ReadStaff, "/books/:book/export.xlsx": policy.ReadStaff, requestsPath: policy.AnswerDataRequest,
}

var patternParameter = regexp.MustCompile(`:(\w+)(<[^/]*>)?`)

// plainPattern is a pattern of the route table without the conditions of its parameters.
func plainPattern(path string) string { return patternParameter.ReplaceAllString(path, ":$1") }

// showsPersons is the right with which a route shows personal data whole, "" if it shows none.
func showsPersons(pattern string) policy.Action {
	var found policy.Action
	longest := 0
	for begin, action := range personalPages {
		if rest, ok := strings.CutPrefix(pattern, begin); ok && (rest == "" || rest[0] == '/' || rest[0] == '.') && len(begin) > longest {
			found, longest = action, len(begin)
		}
	}
	return found
}
