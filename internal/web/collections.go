package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/collection"
)

// The addresses of the tasks of collection (收表任务): those that one's office sent, those that one's unit or area received, the answers and the plans.
const (
	collectionsPath      = "/collections"
	receivedPath         = collectionsPath + "/received"
	collectionSheetsPath = collectionsPath + "/sheets"
	plansPath            = collectionsPath + "/plans"
)

// maxCollectionForm is the largest form of a task with its attachments, in bytes.
const maxCollectionForm = 64 << 20

// collectionRoutes are the pages of the tasks; none without them.
func (s *Server) collectionRoutes() []Route {
	if s.collections == nil {
		return nil
	}
	const get, post, read, send, fill = fiber.MethodGet, fiber.MethodPost, policy.ReadCollection, policy.SendCollection, policy.FillCollection
	const one, sheet = collectionsPath + "/:id<maxLen(80)>", collectionSheetsPath + "/:id<maxLen(90)>"
	rows := s.receivedList().routes(s)
	rows = append(rows, []Route{
		{Method: get, Path: collectionsPath, Action: read, Handler: s.collectionHome},
		{Method: get, Path: collectionsPath + ".xlsx", Action: read, Handler: s.collectionList().excel},
		{Method: get, Path: collectionsPath + "/new", Action: send, Handler: s.newCollection},
		{Method: post, Path: collectionsPath + "/new", Action: send, Handler: s.makeCollection, Upload: maxCollectionForm},
		{Method: post, Path: collectionsPath + "/columns", Action: send, Handler: s.readCollectionColumns, Upload: maxImport},
		{Method: get, Path: plansPath, Action: send, Handler: s.collectionPlans},
		{Method: post, Path: plansPath + "/:id<maxLen(80)>/pause", Action: send, Handler: s.stepPlan(s.collections.Pause)},
		{Method: post, Path: plansPath + "/:id<maxLen(80)>/resume", Action: send, Handler: s.stepPlan(s.collections.Resume)},
		{Method: post, Path: plansPath + "/:id<maxLen(80)>/stop", Action: send, Handler: s.stepPlan(s.collections.Stop)},
		{Method: get, Path: collectionsPath + "/marked/:id", Action: fill, Handler: s.markedWorkbook},
		{Method: get, Path: sheet, Action: read, Handler: s.collectionSheet},
		{Method: get, Path: sheet + "/print/:paper<maxLen(16)>", Action: read, Handler: s.sheetPaper},
		{Method: get, Path: sheet + "/template.xlsx", Action: fill, Handler: s.collectionTemplate},
		{Method: post, Path: sheet + "/sign", Action: fill, Handler: s.signCollection},
		{Method: post, Path: sheet + "/seen", Action: fill, Handler: s.seeReminder},
		{Method: post, Path: sheet + "/save", Action: fill, Handler: s.saveCollection},
		{Method: post, Path: sheet + "/file", Action: fill, Handler: s.fileCollection},
		{Method: post, Path: sheet + "/excel", Action: fill, Handler: s.tryCollectionExcel, Upload: maxImport},
		{Method: post, Path: sheet + "/accept", Action: fill, Handler: s.fileCollectionExcel},
		{Method: post, Path: sheet + "/return", Action: send, Handler: s.returnCollection},
		{Method: post, Path: sheet + "/lift", Action: send, Handler: s.liftCollection},
		{Method: post, Path: sheet + "/matter", Action: send, Handler: s.passCollection},
		{Method: get, Path: one, Action: read, Handler: s.collectionTask},
		{Method: get, Path: one + "/print/:paper<maxLen(16)>", Action: read, Handler: s.collectionPaper},
		{Method: get, Path: one + "/whole", Action: read, Handler: s.wholePage(s.collectionWhole)},
		{Method: get, Path: one + "/merged.xlsx", Action: read, Handler: s.collectionMerged},
		{Method: get, Path: one + "/phones.xlsx", Action: policy.ReadContacts, Handler: s.collectionPhones},
		{Method: get, Path: one + "/files/:n<int>", Action: read, Handler: s.collectionFile},
		{Method: get, Path: one + "/edit", Action: send, Handler: s.editCollection},
		{Method: post, Path: one + "/edit", Action: send, Handler: s.changeCollection, Upload: maxCollectionForm},
		{Method: get, Path: one + "/revise", Action: send, Handler: s.reviseForm},
		{Method: post, Path: one + "/revise", Action: send, Handler: s.reviseCollection},
		{Method: get, Path: one + "/to", Action: send, Handler: s.collectionUnits},
		{Method: post, Path: one + "/to", Action: send, Handler: s.addressCollection},
	}...)
	for step, do := range map[string]func(*fiber.Ctx, policy.Actor, casework.At) (string, error){
		"send": s.sendCollection, "remind": s.remindCollection, "extend": s.extendCollection, "close": s.closeCollection, "withdraw": s.withdrawCollection, "copy": s.copyCollection, "plan": s.repeatCollection,
	} {
		rows = append(rows, Route{Method: post, Path: one + "/" + step, Action: send, Handler: s.collectionStep(do)})
	}
	return rows
}

func collectionPath(id string) string { return collectionsPath + "/" + id }

func sheetPath(id string) string { return collectionSheetsPath + "/" + id }

// collectionAt is what the form was made from.
func collectionAt(c *fiber.Ctx) casework.At {
	return casework.At{ID: c.Params("id"), Seq: formSeq(c), Idem: formIdem(c)}
}

// collectionHome lists the tasks of the actor's office, or what his unit received if it sends none.
func (s *Server) collectionHome(c *fiber.Ctx, by policy.Actor) error {
	scope, err := s.guard.Scope(c.UserContext(), by, policy.ReadCollection)
	if err != nil {
		return err
	}
	if !s.guard.Allow(by, policy.SendCollection) && !scope.All() {
		return seeOther(c, receivedPath)
	}
	return s.collectionList().show(s, c, by)
}

// collectionList lists the tasks of an office.
func (s *Server) collectionList() caseList[collection.Task] {
	return caseList[collection.Task]{path: collectionsPath, nav: collectionsPath, title: "收表任务", sub: "下发通知和表样，签收、填报、催报、汇总、归档", find: "标题", opened: "新建日期", figure: "单位", unit: "个", thing: "任务", read: policy.ReadCollection,
		nothing: "写好通知和表样，选定单位下发；各单位在手机上或者用 Excel 填报。",
		begin: func(by policy.Actor) (string, string) {
			if s.guard.Allow(by, policy.SendCollection) {
				return collectionsPath + "/new", "新建任务"
			}
			return "", ""
		},
		links: func(by policy.Actor) (out []crumb) {
			if s.guard.Allow(by, policy.SendCollection) {
				out = append(out, crumb{"周期任务", plansPath})
			}
			return append(append(out, s.urges(by, "collections")...), crumb{"本单位和辖区收到的", receivedPath})
		},
		filters: func(value map[string]string) []field { return []field{stateFilter(collection.States(), value)} },
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[collection.Task], error) {
			return s.collections.Tasks(ctx, by, collection.Filter{Text: value["q"], State: collection.State(value["state"])}, due, after)
		},
		row: func(clock taskClock, id string, t *collection.Task) caseRow {
			r := caseRow{Path: collectionPath(id), Name: t.Title, Title: s.senderOf(t), Place: t.Period, State: t.State.Title(), Figure: strconv.Itoa(len(t.To)), Opened: t.Day.Chinese()}
			if r.Short = ""; len(t.To) > 0 {
				r.Short = r.Figure + " 个单位"
			}
			if t.State == collection.Running || t.State == collection.Draft {
				clock.dueIn(&r, t.Due, false)
			}
			return r
		},
		heads: []string{"标题", "下发单位", "状态", "新建日期", "上报期限", "单位", "催报次数", "表样版本", "周期"},
		cells: func(t *collection.Task) [][]any {
			return [][]any{{t.Title, s.senderOf(t), t.State.Title(), t.Day, t.Due.Due, int64(len(t.To)), int64(len(t.Reminders)), t.Version, t.Period}}
		}}
}

// senderOf is which office a task comes from.
func (s *Server) senderOf(t *collection.Task) string {
	if t.OwnerName == "" {
		return s.set.Authority
	}
	return t.OwnerName
}

// receivedList lists what was asked of the actor's unit and of units in his area.
func (s *Server) receivedList() caseList[collection.Sheet] {
	return caseList[collection.Sheet]{path: receivedPath, nav: collectionsPath, title: "收到的收表任务", sub: "本单位要填报的，和辖区各单位收到的", find: "标题或单位", opened: "下发日期", figure: "填报单位", unit: "张", thing: "任务", read: policy.ReadCollection,
		nothing: "县或乡镇下发的收表任务列在这里，也列在待办里。", hidden: []string{"task"},
		filters: func(value map[string]string) []field {
			return []field{stateFilter(collection.SheetStates(), value)}
		},
		page: func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[collection.Sheet], error) {
			return s.collections.Sheets(ctx, by, collection.Filter{Text: value["q"], Sheets: collection.SheetState(value["state"]), Task: value["task"]}, due, after)
		},
		row: func(clock taskClock, id string, a *collection.Sheet) caseRow {
			r := caseRow{Path: sheetPath(id), Name: a.Title, Title: a.To.TownshipName, State: a.State.Title(), Figure: a.To.Name, Short: a.To.Name, Opened: a.Day.Chinese(), Next: sheetNext(a)}
			if a.State.Open() {
				clock.dueIn(&r, a.Due, false)
			}
			return r
		},
		heads: []string{"标题", "填报单位", "乡镇", "状态", "下发日期", "上报期限", "签收时间", "首次上报", "最近上报", "迟报", "催报次数"},
		cells: func(a *collection.Sheet) [][]any {
			return [][]any{{a.Title, a.To.Name, a.To.TownshipName, a.State.Title(), a.Day, a.Due.Due, handTime(a.Receipt), handTime(a.First), handTime(a.Filed), yesWord(a.Late), int64(len(a.Reminded))}}
		}}
}

// yesWord is 是, or nothing.
func yesWord(is bool) string {
	if is {
		return "是"
	}
	return ""
}

// sheetNext says what the unit has to do.
func sheetNext(a *collection.Sheet) string {
	switch a.State {
	case collection.Unsigned:
		return "等签收"
	case collection.Signed:
		return "等填报"
	case collection.Returned:
		return "等改好重报"
	case collection.Partial:
		return "等补填新的栏目"
	}
	return ""
}

// collectionView is what collection.html shows.
type collectionView struct {
	Path, Title, State string
	Seq                int64
	Facts              [][2]string
	Text               []string
	Files              []link
	Clock              map[string]string
	Count              collection.Count
	Columns            []columnLine
	// Rows are the addressees, Filters narrow them: all, who is missing, and by state.
	Rows    []unitLine
	Filters []filterLink
	Manages bool
	// CanEdit, CanSend, CanRemind and CanEnd say what the actor can do; Note says what was done.
	CanEdit, CanSend, CanRemind, CanEnd, CanCopy, CanPlan bool
	Note                                                  string
	// Urging are the words for who is missing, with the list of phones.
	Urging urgingView
	// Merged are the workbooks of what came.
	Merged []crumb
	Extend, Withdraw, Copy,
	Plan []field
	Key    string
	Steps  []step
	Prints []printLine
}

// columnLine is a column in words.
type columnLine struct{ Title, Kind, Note string }

// unitLine is an addressee in words.
type unitLine struct {
	Path, Name, Place, State, Receipt, Filed, Reminded, Reason string
	Late, Alone                                                bool
}

// filterLink is one choice above a table.
type filterLink struct {
	Label, Path string
	Current     bool
}

// collectionTask shows a task to who sent it, and to who sees answers to it.
func (s *Server) collectionTask(c *fiber.Ctx, by policy.Actor) error {
	return s.showCollection(c, by, nil)
}

func (s *Server) showCollection(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	task, err := s.collections.Task(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	t := &task.State
	v := collectionView{Path: collectionPath(task.ID), Title: t.Title, State: t.State.Title(), Seq: task.Seq, Text: strings.Split(t.Text, "\n"), Count: task.Count, Manages: task.Manages, Key: newKey(), Note: s.collectionNote(c, t)}
	v.Facts = filled([][2]string{{"下发单位", s.senderOf(t)}, {"联系人", t.Contact}, {"填几行", registry.TextOf(collection.RowsKinds(), t.Rows)}, {"上报期限", t.Due.Due.Chinese()}, {"周期", t.Period}, {"撤回的理由", t.Reason}})
	if t.State == collection.Running {
		v.Clock, _ = s.clockOf(c.UserContext()).running("上报期限", t.Due)
	}
	for n, f := range t.Files {
		v.Files = append(v.Files, link{f.Name, v.Path + "/files/" + strconv.Itoa(n+1)})
	}
	for _, place := range collection.Standing(t.Columns) {
		v.Columns = append(v.Columns, columnLineOf(t.Columns[place]))
	}
	s.unitLines(&v, &task, c.Query("show"))
	if v.Prints, err = s.paperLines(c.UserContext(), by, collectionsPath, task.ID, s.collectionPapers(&task)); err != nil {
		return err
	}
	if task.Manages {
		s.manageCollection(c, by, &v, &task, refused)
	}
	if t.Sent != nil {
		v.Merged = []crumb{}
		for _, g := range report.Groups() {
			v.Merged = append(v.Merged, crumb{g.Text, v.Path + "/merged.xlsx?by=" + g.ID})
		}
	}
	p := page{Title: t.Title, Nav: collectionsPath, Data: v, Fields: refused}
	if v.Urging.Words != "" {
		p.Script, p.Scripts = true, []string{"copy.js"}
	}
	if len(refused) > 0 {
		return s.refuse(c, by, "collection", p)
	}
	return s.render(c, by, "collection", p)
}

// columnLineOf puts a column into words.
func columnLineOf(col collection.Column) columnLine {
	var notes []string
	if col.Required {
		notes = append(notes, "必填")
	}
	if len(col.Words) > 0 {
		notes = append(notes, strings.Join(col.Words, "、"))
	}
	if col.Least != "" {
		notes = append(notes, "最小 "+col.Least)
	}
	if col.Most != "" {
		notes = append(notes, "最大 "+col.Most)
	}
	if col.Source != "" {
		notes = append(notes, "系统带出"+registry.TextOf(collection.Sources(), col.Source))
	}
	if col.Hint != "" {
		notes = append(notes, col.Hint)
	}
	return columnLine{col.Title, registry.TextOf(collection.Kinds(), col.Kind), strings.Join(notes, "；")}
}

// unitLines puts the addressees into words: before it is sent those that were chosen, afterwards the answers.
func (s *Server) unitLines(v *collectionView, task *collection.View, show string) {
	if task.State.Sent == nil {
		for _, a := range task.State.To {
			v.Rows = append(v.Rows, unitLine{Name: a.Name, Place: a.TownshipName})
		}
		return
	}
	for _, f := range []filterLink{{Label: "全部"}, {Label: "没有报的", Path: "missing"}, {Label: "已报的", Path: "filed"}} {
		one := filterLink{Label: f.Label, Path: v.Path, Current: show == f.Path}
		if f.Path != "" {
			one.Path += "?show=" + f.Path
		}
		v.Filters = append(v.Filters, one)
	}
	for i := range task.Sheets {
		a := &task.Sheets[i].State
		if show == "missing" && !a.State.Open() || show == "filed" && !a.Answered() {
			continue
		}
		line := unitLine{Path: sheetPath(task.Sheets[i].ID), Name: a.To.Name, Place: a.To.TownshipName, State: a.State.Title(), Receipt: handTime(a.Receipt), Filed: handTime(a.Filed), Late: a.Late, Alone: task.Alone[a.N] && a.State.Open(), Reason: a.Reason}
		if n := len(a.Reminded); n > 0 {
			line.Reminded = "催 " + strconv.Itoa(n) + " 次"
			if a.State.Open() && a.Unseen() > 0 {
				line.Reminded += "，没有确认"
			}
		}
		v.Rows = append(v.Rows, line)
	}
}

// manageCollection adds what only the office that sent a task sees.
func (s *Server) manageCollection(c *fiber.Ctx, by policy.Actor, v *collectionView, task *collection.View, refused []fault.Field) {
	t := &task.State
	v.CanEdit, v.CanSend, v.CanEnd = t.Can(collection.StepEdit), t.Can(collection.StepSend), t.Can(collection.StepWithdraw)
	v.CanRemind, v.CanCopy = t.Can(collection.StepRemind) && task.Count.Missing > 0, t.Sent != nil
	v.CanPlan = t.Sent != nil && t.Plan == ""
	today := s.clockOf(c.UserContext()).today
	v.Extend = withErrors([]field{{Name: "due", Label: "新的期限", Type: "date", Value: typedOr(c, "due", t.Due.Due.String())}}, refused)
	v.Withdraw = withErrors([]field{{Name: "text", Label: "为什么撤回", Type: "text", Autocomplete: "off", Value: typedOr(c, "text", "")}}, refused)
	v.Copy = withErrors([]field{{Name: "due", Label: "上报期限", Type: "date", Value: today.Add(7).String()}}, refused)
	v.Plan = withErrors([]field{{Name: "every", Label: "多久一次", Options: choicesOf("请选择", collection.Rhythms()), Value: typedOr(c, "every", string(collection.Monthly))},
		{Name: "on", Label: "下发日", Type: "text", Mode: "numeric", Autocomplete: "off", Value: typedOr(c, "on", "1"), Hint: "每周的填 1 至 7，是星期一至星期日；其他的填 1 至 31 日，没有这一天的月份在最后一天下发"},
		{Name: "month", Label: "第几个月", Type: "text", Mode: "numeric", Autocomplete: "off", Optional: true, Value: typedOr(c, "month", ""), Hint: "每季度的填 1 至 3，每半年的填 1 至 6，每年的填 1 至 12；不填是第一个月"},
		{Name: "rolls", Label: "下发日遇休息日", Options: []option{{"", "照常下发"}, {"1", "顺延到下一个工作日"}}, Value: typedOr(c, "rolls", "")},
		{Name: "rule", Label: "几天内上报", Options: choicesOf("请选择", collection.DueRules()), Value: typedOr(c, "rule", "collection.five")},
		{Name: "who", Label: "发给谁", Options: []option{{"same", "这次的各单位"}, {"all", "到时候范围内的全部同类单位"}}, Value: typedOr(c, "who", "same")},
		{Name: "until", Label: "到哪天为止", Type: "date", Optional: true, Value: typedOr(c, "until", ""), Hint: "这天以后不再下发；不填是一直下发"}}, refused)
	if task.Count.Missing > 0 && t.State == collection.Running {
		v.Urging = s.dunning(task)
		if s.guard.Allow(by, policy.ReadContacts) {
			v.Urging.Phones = v.Path + "/phones.xlsx"
		}
	}
	if changes, err := s.collections.History(c.UserContext(), by, task.ID); err == nil {
		for _, ch := range changes {
			label := dateTime(ch.At) + "，" + ch.State.Last.Title()
			sub := ""
			if n := len(ch.State.Reminders); ch.State.Last == collection.StepRemind && n > 0 {
				sub = strconv.Itoa(len(ch.State.Reminders[n-1].To)) + " 个单位"
			}
			if n := len(ch.State.Changed); ch.State.Last == collection.StepRevise && n > 0 {
				sub = "第 " + strconv.FormatInt(ch.State.Version, 10) + " 版：" + ch.State.Changed[n-1].Why
			}
			v.Steps = append(v.Steps, step{"done", label, sub})
		}
	}
}

// dunning are the words of a reminder to be copied into a message.
func (s *Server) dunning(task *collection.View) urgingView {
	t := &task.State
	return urgingOf("催报", s.senderOf(t)+"下发的收表任务“"+t.Title+"”", unitsToUrge(task), "请登录系统，在“我的待办”里签收填报，也可以下载模板用 Excel 上报。有疑问请联系："+t.Contact)
}

// collectionNote says what was done before the page came.
func (s *Server) collectionNote(c *fiber.Ctx, t *collection.Task) string {
	switch c.Query("done") {
	case "send":
		return "已下发，列在各单位的待办里。"
	case "remind":
		if n := len(t.Reminders); n > 0 {
			return "已催 " + strconv.Itoa(len(t.Reminders[n-1].To)) + " 个单位，列在它们待办的最前面。"
		}
	case "close":
		return "已结束收表并归档，只能看和下载。"
	case "to":
		return "已选定，请核对单位后下发。"
	case "revise":
		return "表样已更新：没有报的填新表，已报的只补填新的栏目。"
	case "plan":
		return "已设为周期任务，到日子自动下发。"
	}
	return ""
}

// collectionStep answers the form of a step of a task; do says which address comes then.
func (s *Server) collectionStep(do func(*fiber.Ctx, policy.Actor, casework.At) (string, error)) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		next, err := do(c, by, collectionAt(c))
		if refused := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(refused) > 0 {
			return s.showCollection(c, by, refused)
		}
		if err != nil {
			return err
		}
		return seeOther(c, next)
	}
}

func (s *Server) sendCollection(c *fiber.Ctx, by policy.Actor, at casework.At) (string, error) {
	_, err := s.collections.Send(c.UserContext(), by, at)
	return collectionPath(at.ID) + "?done=send", err
}

func (s *Server) remindCollection(c *fiber.Ctx, by policy.Actor, at casework.At) (string, error) {
	_, _, err := s.collections.Remind(c.UserContext(), by, at)
	return collectionPath(at.ID) + "?done=remind&show=missing", err
}

func (s *Server) closeCollection(c *fiber.Ctx, by policy.Actor, at casework.At) (string, error) {
	_, err := s.collections.Close(c.UserContext(), by, at)
	return collectionPath(at.ID) + "?done=close", err
}

func (s *Server) withdrawCollection(c *fiber.Ctx, by policy.Actor, at casework.At) (string, error) {
	_, err := s.collections.Withdraw(c.UserContext(), by, at, c.FormValue("text"))
	return collectionPath(at.ID), err
}

func (s *Server) extendCollection(c *fiber.Ctx, by policy.Actor, at casework.At) (string, error) {
	in := typed{c: c}
	due := in.date("due", "期限")
	err := in.with(func(ctx context.Context) error {
		_, err := s.collections.Extend(ctx, by, at, due)
		return err
	})
	return collectionPath(at.ID), err
}

func (s *Server) copyCollection(c *fiber.Ctx, by policy.Actor, at casework.At) (next string, err error) {
	in := typed{c: c}
	due := in.date("due", "上报期限")
	err = in.with(func(ctx context.Context) error {
		doc, err := s.collections.Copy(ctx, by, at.ID, due, at.Idem)
		next = collectionPath(doc.ID)
		return err
	})
	return next, err
}

func (s *Server) repeatCollection(c *fiber.Ctx, by policy.Actor, at casework.At) (string, error) {
	in := typed{c: c}
	plan := collection.PlanInput{Every: collection.Every(in.text("every")), On: in.whole("on", "下发日", "5"), Month: in.whole("month", "第几个月", "1"), Rolls: in.text("rolls") != "", Until: in.date("until", "到哪天为止"), Rule: in.text("rule"), Everybody: in.text("who") == "all"}
	err := in.with(func(ctx context.Context) error {
		_, err := s.collections.Repeat(ctx, by, at.ID, plan, at.Idem)
		return err
	})
	return collectionPath(at.ID) + "?done=plan", err
}

// unitsView is what collection_to.html shows.
type unitsView struct {
	Path, Title, Kind string
	Seq               int64
	Kinds             []filterLink
	Townships         []option
	Township          string
	// Rows are the candidates; More: units are added to those that have it.
	Rows  []unitChoice
	More  bool
	Error string
	Key   string
}

// unitChoice is a candidate.
type unitChoice struct {
	ID, Name, Place string
	Checked, Has    bool
}

// collectionUnits lets the addressees be chosen: all of a kind are, until somebody takes some out.
func (s *Server) collectionUnits(c *fiber.Ctx, by policy.Actor) error {
	return s.showUnits(c, by, nil)
}

func (s *Server) showUnits(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	ctx := c.UserContext()
	task, err := s.collections.Task(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	t := &task.State
	kind := collection.UnitKind(c.Query("kind", string(collection.ToFirm)))
	if c.Query("kind") == "" && len(t.To) > 0 {
		kind = t.To[0].Kind
	}
	list, err := s.collections.Candidates(ctx, by, kind, c.Query("township"))
	if err != nil {
		return err
	}
	v := unitsView{Path: collectionPath(task.ID), Title: t.Title, Kind: string(kind), Seq: task.Seq, Township: c.Query("township"), More: t.Sent != nil, Key: newKey()}
	for _, f := range refused {
		v.Error = f.Message
	}
	for _, k := range collection.UnitKinds() {
		v.Kinds = append(v.Kinds, filterLink{k.Text, v.Path + "/to?kind=" + k.ID, k.ID == string(kind)})
	}
	if v.Townships, err = s.townshipOptions(ctx); err != nil {
		return err
	}
	same := slices.ContainsFunc(t.To, func(a collection.Addressee) bool { return a.Kind == kind })
	for _, a := range list {
		has := slices.ContainsFunc(t.To, func(b collection.Addressee) bool { return b.Kind == kind && b.ID == a.ID })
		v.Rows = append(v.Rows, unitChoice{ID: a.ID, Name: a.Name, Place: a.TownshipName, Has: has && v.More, Checked: has || !v.More && !same})
	}
	p := page{Title: "选填报单位", Nav: collectionsPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "collection_to", p)
	}
	return s.render(c, by, "collection_to", p)
}

// addressCollection stores who was chosen.
func (s *Server) addressCollection(c *fiber.Ctx, by policy.Actor) error {
	at := collectionAt(c)
	_, err := s.collections.Address(c.UserContext(), by, at, collection.UnitKind(c.FormValue("kind")), formValues(c)["to"])
	if refused := fault.FieldsOf(err); fault.Is(err, fault.Invalid) && len(refused) > 0 {
		return s.showUnits(c, by, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, collectionPath(at.ID)+"?done=to")
}

// collectionFile sends an attachment.
func (s *Server) collectionFile(c *fiber.Ctx, by policy.Actor) error {
	n, err := c.ParamsInt("n")
	if err != nil {
		return fiber.ErrNotFound
	}
	r, size, f, err := s.collections.OpenFile(c.UserContext(), by, c.Params("id"), n)
	if err != nil {
		return err
	}
	sendFile(c, r, size, f.Kind, f.Name, f.Kind.Image())
	return nil
}

// collectionMerged sends what was answered, one sheet for each group, and who did not answer.
func (s *Server) collectionMerged(c *fiber.Ctx, by policy.Actor) error {
	v, rows, err := s.collections.Merge(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	missing := report.Figures{Sheet: "未报单位", Heads: []string{"填报单位", "乡镇", "状态", "签收时间", "催报次数"}}
	for i := range v.Sheets {
		if a := &v.Sheets[i].State; a.State.Open() || a.State == collection.Missed {
			missing.Rows = append(missing.Rows, []any{a.To.Name, a.To.TownshipName, a.State.Title(), handTime(a.Receipt), int64(len(a.Reminded))})
		}
	}
	missing.Note = "应报 " + strconv.Itoa(v.Count.All) + " 个，已报 " + strconv.Itoa(v.Count.Answered) + " 个，其中迟报 " + strconv.Itoa(v.Count.Late) + " 个；" + v.State.Title + "，上报期限" + v.State.Due.Due.Chinese()
	return sendSheets(c, v.State.Title+"汇总.xlsx", report.Merged(v.State.Columns, rows, report.Group(c.Query("by")), missing)...)
}

// collectionPhones sends the numbers of who is missing, as far as the actor may see them.
func (s *Server) collectionPhones(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	v, err := s.collections.Task(ctx, by, c.Params("id"))
	if err != nil {
		return err
	}
	if !v.Manages {
		return fault.New("web.collectionPhones", fault.NotFound, "没有找到收表任务")
	}
	sheet, err := s.urgedSheet(ctx, by, "催报", unitsToUrge(&v))
	if err != nil {
		return err
	}
	return sendFigures(c, v.State.Title+"催报电话.xlsx", sheet)
}

// plansView is what collection_plans.html shows.
type plansView struct{ Rows []planLine }

// planLine is a plan in words.
type planLine struct {
	Path, Title, When, Rule, Who, Next, State, Key string
	Seq                                            int64
	// Runs: it was not stopped; Pauses: it hands nothing out for now.
	Runs, Pauses bool
}

// collectionPlans lists the plans of the actor's office.
func (s *Server) collectionPlans(c *fiber.Ctx, by policy.Actor) error {
	docs, err := s.collections.Plans(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := plansView{}
	for i := range docs {
		p := &docs[i].State
		line := planLine{Path: plansPath + "/" + docs[i].ID, Title: p.Form.Title, When: p.When(), Rule: registry.TextOf(collection.DueRules(), p.Rule), State: "周期已停止", Seq: docs[i].Seq, Key: newKey(), Runs: p.Stopped == nil, Pauses: p.Paused != nil,
			Who: "全部" + registry.TextOf(collection.UnitKinds(), p.Kind)}
		if len(p.IDs) > 0 {
			line.Who = strconv.Itoa(len(p.IDs)) + " 个" + registry.TextOf(collection.UnitKinds(), p.Kind)
		}
		switch on, name, err := s.collections.Next(p); {
		case err != nil:
			return err
		case !line.Runs:
		case line.Pauses:
			line.State, line.Next = "周期已暂停", "恢复以后到的日子才下发"
		case on.IsZero():
			line.State = "周期已结束"
		default:
			line.State, line.Next = "周期运行中", on.Chinese()+"下发"+name+"的"
		}
		v.Rows = append(v.Rows, line)
	}
	return s.render(c, by, "collection_plans", page{Title: "周期任务", Nav: collectionsPath, Data: v})
}

// stepPlan lets a plan pause, go on or stop.
func (s *Server) stepPlan(do func(context.Context, policy.Actor, casework.At) (store.Doc[collection.Plan], error)) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		if _, err := do(c.UserContext(), by, collectionAt(c)); err != nil {
			return err
		}
		return seeOther(c, plansPath)
	}
}

// searchCollections finds tasks and answers by title and unit.
func (s *Server) searchCollections(ctx context.Context, by policy.Actor, text string, g *searchGroup) error {
	own, err := s.collections.Tasks(ctx, by, collection.Filter{Text: text}, false, "")
	if err != nil {
		return err
	}
	for i := range own.Docs {
		t := &own.Docs[i].State
		g.add(t.Title, collectionPath(own.Docs[i].ID), s.senderOf(t), t.State.Title(), t.Day.Chinese())
	}
	got, err := s.collections.Sheets(ctx, by, collection.Filter{Text: text}, false, "")
	for i := range got.Docs {
		a := &got.Docs[i].State
		g.add(a.Title, sheetPath(got.Docs[i].ID), a.To.Name, a.State.Title(), a.Day.Chinese())
	}
	g.More, g.Over = collectionsPath+"?q="+url.QueryEscape(text), own.Next != "" || got.Next != ""
	return err
}
