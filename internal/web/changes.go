package web

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/change"
)

const (
	changesPath = "/changes"
	riskPath    = "/register/risk"
)

// changeRoutes are the rows of changes of firm and of the compounds at risk.
func (s *Server) changeRoutes() []Route {
	if s.changes == nil {
		return nil
	}
	const get, one = fiber.MethodGet, changesPath + "/:id<maxLen(64)>"
	return append(s.formRoutes(registerForm{path: changesPath + "/new", entry: s.noticeEntry, send: s.openChange, conflictAt: "contract", first: true}), []Route{
		{Method: get, Path: riskPath, Action: policy.ReadRegister, Handler: s.showsOverview(s.riskBoard)},
		{Method: get, Path: riskPath + ".xlsx", Action: policy.ReadRegister, Handler: s.sendsOverview(s.riskBoard)},
		{Method: get, Path: changesPath, Action: policy.ReadRegister, Handler: s.showsOverview(s.changeBoard)},
		{Method: get, Path: changesPath + ".xlsx", Action: policy.ReadRegister, Handler: s.sendsOverview(s.changeBoard)},
		{Method: get, Path: one, Action: policy.ReadRegister, Handler: s.oneChange},
		{Method: get, Path: one + "/print/:paper<maxLen(16)>", Action: policy.ReadRegister, Handler: s.changePaper},
		{Method: get, Path: one + "/whole", Action: policy.ReadRegister, Handler: s.wholePage(s.changeWhole)},
		{Method: fiber.MethodPost, Path: one + "/:step<maxLen(20)>", Action: policy.WriteRegister, Handler: s.stepChange},
	}...)
}

// changeBoard puts the changes together.
func (s *Server) changeBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, changesPath, "q", "state")
	b := boardAt(l, "物业更换", "从通知、公告、应急托管、选聘到移交，最近通知的在前")
	list, err := s.changes.Find(c.UserContext(), by, change.Filter{Text: l.value["q"], State: change.State(l.value["state"])})
	if err != nil {
		return l, b, err
	}
	b.Filters = []boardFilter{{Name: "q", Label: "小区或企业", Value: l.value["q"]}, {Name: "state", Label: "状态", Value: l.value["state"], Options: choicesOf("全部", change.States())}}
	b.Below = "物业企业"
	b.Heads = []boardHead{head("小区", ""), head("状态", ""), head("由谁通知", "no-s"), head("通知日期", "no-s"), head("服务到", ""), head("新企业", "no-s")}
	for _, d := range list {
		k := &d.State
		giver := textCell(registry.TextOf(change.Givers(), k.Giver))
		if n := k.Short(); n > 0 {
			giver.Sub = "通知晚了 " + count(n) + " 日"
		}
		b.Rows = append(b.Rows, boardRow{Name: k.Name(), Path: changesPath + "/" + d.ID, Sub: k.FirmName, Cells: []boardCell{{Text: k.State.Title(), Chip: k.State.Title()}, giver,
			{Text: k.Given.Chinese(), Class: "no-s nw", Value: k.Given}, {Text: k.Leaves.Chinese(), Class: "nw", Value: k.Leaves}, textCell(k.NextFirm)}})
	}
	if s.guard.Allow(by, policy.WriteRegister) {
		b.Acts = []crumb{{"登记退出通知", changesPath + "/new"}}
	}
	b.Acts = append(append(b.Acts, crumb{"风险小区", riskPath}), s.printsOf(changesPath)...)
	b.Nothing, b.NothingText = "还没有更换物业企业的小区", "企业或业主大会通知终止合同以后在这里办理。"
	return l, b, nil
}

// riskBoard puts the compounds at risk together.
func (s *Server) riskBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, riskPath, "q", "township", "cause")
	b := boardAt(l, "风险小区", "合同无人接续、已通知退出、托管将满、拒不退出或者业主组织任期届满的小区，最严重的在前")
	all, err := s.changes.Risks(c.UserContext(), by, change.RiskQuery{Text: l.value["q"], Township: l.value["township"], Cause: change.Cause(l.value["cause"]), ByDays: l.value["sort"] == "days", Desc: l.value["desc"] != ""})
	if err != nil {
		return l, b, err
	}
	towns, err := s.townshipOptions(c.UserContext())
	if err != nil {
		return l, b, err
	}
	b.Filters = []boardFilter{{Name: "q", Label: "小区", Value: l.value["q"]}, {Name: "township", Label: "乡镇", Value: l.value["township"], Options: towns},
		{Name: "cause", Label: "原因", Value: l.value["cause"], Options: choicesOf("全部", change.Causes())}}
	b.Heads = []boardHead{head("小区", ""), {l.sorted("grave", "原因", "grave"), ""}, {l.sorted("days", "期限", "grave"), ""}, head("现服务企业", "no-s"), head("更换", "no-s")}
	b.OnScreen = "更换"
	for _, r := range all {
		causes, texts := make([]string, len(r.Grounds)), make([]string, len(r.Grounds))
		link := boardCell{Class: "no-s nw"}
		for i, g := range r.Grounds {
			causes[i], texts[i] = registry.TextOf(change.Causes(), g.Cause), g.Text
			if g.Change != "" {
				link = boardCell{Text: "看更换", Link: changesPath + "/" + g.Change, Class: "no-s nw"}
			}
		}
		days := boardCell{}
		if r.Dated {
			days.Text, days.Chip = daysLeft(r.Days), daysChip(r.Days)
		}
		b.Rows = append(b.Rows, boardRow{Name: r.Name, Path: projectPath(r.Project), Sub: r.TownshipName + " " + r.CommunityName, Cells: []boardCell{
			{Text: strings.Join(causes, "、"), Sub: strings.Join(texts, "；"), Value: strings.Join(causes, "、") + "：" + strings.Join(texts, "；")}, days, textCell(r.FirmName), link}})
	}
	b.Note = "到期按 90 日内没有接续的计算；一个小区有几个原因的列在一行，期限取最近的一个。"
	b.Nothing, b.NothingText = "没有风险小区", "任职范围内的合同、业主组织都在期，也没有退出通知。"
	return l, b, nil
}

// noticeEntry describes the form of a notice.
func (s *Server) noticeEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e := entry{title: "登记退出通知", nav: changesPath, entryView: entryView{Crumbs: []crumb{{"物业更换", changesPath}}, Address: changesPath + "/new", Button: "登记通知", Back: changesPath,
		Intro: "企业不再续约，或者业主共同决定解聘的，登记收到通知的日期和服务的最后一天。",
		Notes: []string{"业主解聘提前 60 日、企业不续约提前 90 日书面通知，晚了的照实登记，页面会写明晚了几日。", "公告以后可以应急托管，最长 6 个月；选聘要有达到法定比例的表决记录。"}}}
	project, err := s.projectFirst(c, by, &e)
	if project == "" || err != nil {
		return e, err
	}
	row, err := s.registered.OneProject(c.UserContext(), by, project)
	if err != nil {
		return e, err
	}
	contracts, err := s.contractOptions(c.UserContext(), row)
	if err != nil {
		return e, err
	}
	e.Address += "?project=" + url.QueryEscape(project)
	e.Crumbs = append(e.Crumbs, crumb{row.Name, projectPath(project)})
	value := func(name string) string { return typedOr(c, name, "") }
	e.Form = []field{
		{Name: "contract", Label: "要终止的合同", Options: contracts, Value: typedOr(c, "contract", row.Contract.ID)},
		{Name: "giver", Label: "由谁通知", Options: choicesOf("请选择", change.Givers()), Value: value("giver")},
		{Name: "given", Label: "收到通知的日期", Type: "date", Value: value("given")},
		{Name: "leaves", Label: "服务的最后一天", Type: "date", Value: value("leaves")},
		{Name: "reason", Label: "原因", Type: "text", Autocomplete: "off", Value: value("reason")},
	}
	return e, nil
}

// projectFirst returns the project of a form, or turns the form into the choice of one and returns "".
func (s *Server) projectFirst(c *fiber.Ctx, by policy.Actor, e *entry) (string, error) {
	if project := c.Query("project", c.FormValue("project")); project != "" {
		return project, nil
	}
	projects, _, err := projectOptionsFrom(c.UserContext(), s.registered, by, "")
	e.Form = []field{{Name: "project", Label: "小区", Options: projects}}
	e.Button, e.Intro = "下一步", "先选择小区。"
	return "", err
}

// contractOptions are the contracts of a project, the last one first.
func (s *Server) contractOptions(ctx context.Context, row registry.ProjectRow) ([]option, error) {
	var ids []string
	for _, k := range row.Project.Contracts {
		ids = append(ids, k.Firm)
	}
	names, err := s.registered.FirmNames(ctx, ids)
	out := []option{{"", "请选择"}}
	for i := len(row.Project.Contracts) - 1; i >= 0; i-- {
		k := row.Project.Contracts[i]
		out = append(out, option{k.ID, names[k.Firm] + " " + row.Project.PhaseName(k.Phase) + registry.TextOf(registry.ContractKinds(), k.Kind) + "，" + spanText(k.Days)})
	}
	return out, err
}

// openChange enters a notice.
func (s *Server) openChange(c *fiber.Ctx, by policy.Actor, in *typed) (next string, err error) {
	n := change.Notice{Giver: change.Giver(in.text("giver")), Given: in.date("given", "收到通知的日期"), Leaves: in.date("leaves", "服务的最后一天"), Reason: in.text("reason")}
	err = in.with(func(ctx context.Context) error {
		doc, err := s.changes.Open(ctx, by, c.Query("project"), in.text("contract"), n, formIdem(c))
		next = changesPath + "/" + doc.ID
		return err
	})
	return next, err
}

// changeView is what change.html shows.
type changeView struct {
	ID, Path, ProjectPath string
	Seq                   int64
	C                     *change.Change
	Title, Giver, Short   string
	Items                 []changeItem
	Forms                 []stepForm
	Prints                []printLine
	History               []step
}

type changeItem struct{ Title, Said, State string }

// oneChange shows a change and what can be done.
func (s *Server) oneChange(c *fiber.Ctx, by policy.Actor) error {
	return s.showChange(c, by, nil)
}

func (s *Server) showChange(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.changes.One(ctx, by, id)
	if err != nil {
		return err
	}
	k := &doc.State
	v := changeView{ID: id, Path: changesPath + "/" + id, ProjectPath: projectPath(k.Project), Seq: doc.Seq, C: k, Title: k.Name() + "物业更换", Giver: registry.TextOf(change.Givers(), k.Giver)}
	if n := k.Short(); n > 0 {
		v.Short = "应在" + k.InTime.Due.Chinese() + "以前通知，晚了 " + count(n) + " 日（" + k.InTime.Basis + "）"
	}
	for _, i := range k.Items {
		item := changeItem{i.Title, "还没有移交", "待交接"}
		switch {
		case !i.On.IsZero():
			item.Said, item.State = i.On.Chinese()+"移交", "通过"
		case i.Lack != "":
			item.Said, item.State = "没有移交："+i.Lack, "未整改"
		}
		v.Items = append(v.Items, item)
	}
	if s.guard.Allow(by, policy.WriteRegister) && !k.State.Final() {
		if v.Forms, err = s.changeForms(c, by, k, refused); err != nil {
			return err
		}
	}
	if v.Prints, err = s.paperLines(ctx, by, changesPath, id, s.changePapers(by, k)); err != nil {
		return err
	}
	history, err := s.changes.History(ctx, by, id)
	if err != nil {
		return err
	}
	v.History = taken(history, func(who string) string { return s.actedBy(c, by, who) }, func(k *change.Change) (string, string) { return string(k.Last), "" })
	p := page{Title: v.Title, Nav: changesPath, Data: v, Fields: refused, Script: true}
	if len(refused) > 0 {
		return s.refuse(c, by, "change", p)
	}
	return s.render(c, by, "change", p)
}

// The addresses of the steps.
var changeSteps = map[string]change.Step{"announce": change.StepAnnounce, "custody": change.StepCustody, "choose": change.StepChoose, "hand": change.StepHand, "item": change.StepItem,
	"refuse": change.StepRefuse, "measure": change.StepMeasure, "settle": change.StepSettle, "finish": change.StepFinish, "withdraw": change.StepWithdraw}

// changeForms are the steps of the present state in the order of a life.
func (s *Server) changeForms(c *fiber.Ctx, by policy.Actor, k *change.Change, refused []fault.Field) ([]stepForm, error) {
	row, err := s.registered.OneProject(c.UserContext(), by, k.Project)
	if err != nil {
		return nil, err
	}
	contracts, err := s.contractOptions(c.UserContext(), row)
	if err != nil {
		return nil, err
	}
	rows, err := s.registered.Votes(c.UserContext(), by, k.Project)
	if err != nil {
		return nil, err
	}
	votes := voteOptions(rows)
	things := []option{{"", "请选择"}}
	for _, i := range k.Items {
		things = append(things, option{i.ID, i.Title})
	}
	day := func(label string) field { return field{Name: "on", Label: label, Type: "date"} }
	what := func(label, hint string) field { return field{Name: "what", Label: label, Rows: 2, Hint: hint} }
	all := []stepForm{
		{Name: "announce", Title: "公告", Hint: "向全体业主公告退出和接下来的安排。", Button: "登记公告", Form: []field{{Name: "announced", Label: "公告日期", Type: "date"}, {Name: "where", Label: "公告地点", Type: "text", Hint: "例如：小区公告栏、各单元门口"}}},
		{Name: "custody", Title: "应急托管", Hint: "先在小区页登记应急托管合同，再在这里选定；最长 6 个月。", Button: "登记应急托管", Form: []field{{Name: "contract", Label: "应急托管合同", Options: contracts}}},
		{Name: "choose", Title: "选聘新企业", Hint: "先在小区页登记表决记录和新合同；表决要达到民法典第二百七十八条的比例。", Button: "登记选聘", Form: []field{{Name: "vote", Label: "业主大会表决记录", Options: votes}, {Name: "contract", Label: "新企业的合同", Options: contracts}}},
		{Name: "hand", Title: "移交", Hint: "生成移交清单：用房、资料、档案、费用、设施、钥匙。", Button: "开始移交"},
		{Name: "item", Title: "登记移交", Hint: "移交了的填日期；没有移交的不填日期，写明原因。", Button: "登记", Form: []field{{Name: "item", Label: "哪一项", Options: things}, {Name: "on", Label: "移交日期", Type: "date", Optional: true}, {Name: "lack", Label: "没有移交的原因", Type: "text", Optional: true}}},
		{Name: "measure", Title: "处置措施", Hint: "约谈、责令、移送等，一条一条登记。", Button: "登记措施", Form: []field{day("日期"), what("措施", "")}},
		{Name: "settle", Title: "恢复办理", Hint: "企业同意退出，或者已经由法院等处理完毕。", Button: "恢复办理", Form: []field{day("日期"), what("怎样了结", "")}},
		{Name: "finish", Title: "完成更换", Hint: "各项都已移交或者写明原因，新企业的合同已经生效。原企业的星级随合同终止失效。", Button: "完成更换"},
		{Name: "refuse", Title: "拒不退出", Hint: "企业到期不撤离、不移交的，登记事实。", Button: "登记拒不退出", Form: []field{day("日期"), what("事实", "")}, Grave: true},
		{Name: "withdraw", Title: "撤回", Hint: "通知收回、双方续约的，撤回这次更换。", Button: "撤回", Form: []field{{Name: "why", Label: "撤回原因", Type: "text"}}, Grave: true},
	}
	var out []stepForm
	for _, f := range all {
		if k.Can(changeSteps[f.Name]) {
			out = append(out, f.placed(c, changesPath+"/"+c.Params("id"), refused))
		}
	}
	return out, nil
}

// stepChange does one step.
func (s *Server) stepChange(c *fiber.Ctx, by policy.Actor) error {
	at := formAt(c)
	in, of := typed{c: c}, c.Params("step")+"-"
	do := map[change.Step]func(ctx context.Context) (store.Doc[change.Change], error){
		change.StepAnnounce: func(ctx context.Context) (store.Doc[change.Change], error) {
			return s.changes.Announce(ctx, by, at, in.date(of+"announced", "公告日期"), in.text(of+"where"))
		},
		change.StepCustody: func(ctx context.Context) (store.Doc[change.Change], error) {
			return s.changes.Custody(ctx, by, at, in.text(of+"contract"))
		},
		change.StepChoose: func(ctx context.Context) (store.Doc[change.Change], error) {
			return s.changes.Choose(ctx, by, at, in.text(of+"vote"), in.text(of+"contract"))
		},
		change.StepHand: func(ctx context.Context) (store.Doc[change.Change], error) { return s.changes.Hand(ctx, by, at) },
		change.StepItem: func(ctx context.Context) (store.Doc[change.Change], error) {
			return s.changes.Item(ctx, by, at, in.text(of+"item"), in.date(of+"on", "移交日期"), in.text(of+"lack"))
		},
		change.StepRefuse: func(ctx context.Context) (store.Doc[change.Change], error) {
			return s.changes.Refuse(ctx, by, at, in.date(of+"on", "日期"), in.text(of+"what"))
		},
		change.StepMeasure: func(ctx context.Context) (store.Doc[change.Change], error) {
			return s.changes.Measure(ctx, by, at, in.date(of+"on", "日期"), in.text(of+"what"))
		},
		change.StepSettle: func(ctx context.Context) (store.Doc[change.Change], error) {
			return s.changes.Settle(ctx, by, at, in.date(of+"on", "日期"), in.text(of+"what"))
		},
		change.StepFinish: func(ctx context.Context) (store.Doc[change.Change], error) { return s.changes.Finish(ctx, by, at) },
		change.StepWithdraw: func(ctx context.Context) (store.Doc[change.Change], error) {
			return s.changes.Withdraw(ctx, by, at, in.text(of+"why"))
		},
	}[changeSteps[c.Params("step")]]
	if do == nil {
		return fault.New("web.stepChange", fault.NotFound, "没有这一步")
	}
	// What cannot be read is told before anything is done: the dates of a form are read first.
	for _, name := range []string{"announced", "on"} {
		in.date(of+name, "日期")
	}
	err := in.with(func(ctx context.Context) error { _, err := do(ctx); return err })
	if refused := stepFields(c.Params("step"), "", err); len(refused) > 0 {
		return s.showChange(c, by, refused)
	}
	if err != nil {
		return err
	}
	return seeOther(c, changesPath+"/"+at.ID)
}

// ChangeTasks is the work with changes of firm: what comes next, for who keeps the register.
type ChangeTasks struct {
	// Guard tells who may do what; Changes follows them. Both are required.
	Guard   *policy.Guard
	Changes *change.Service
}

// Tasks implements Tasks.
func (t ChangeTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Guard.Allow(by, policy.WriteRegister) {
		return nil, nil
	}
	list, err := t.Changes.Running(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, d := range list {
		c := &d.State
		k := Task{Due: c.Leaves, Basis: "原企业服务的最后一天", Context: c.FirmName + "服务到" + c.Leaves.Chinese(), Party: c.FirmName, Link: changesPath + "/" + d.ID, Button: "去办理", Nav: changesPath}
		next := map[change.State]string{change.Noticed: "公告", change.Announced: "安排托管或者选聘", change.InCustody: "选聘新企业", change.Chosen: "开始移交", change.Handing: "登记移交", change.Refusing: "处置拒不退出"}[c.State]
		k.Title = "办理" + c.Name() + "的物业更换：" + next
		if deadline := clockOf(c); deadline.Rule != "" {
			with := clockTask(deadline)
			k.Due, k.Unresolved, k.Basis = with.Due, with.Unresolved, with.Basis
		}
		out = append(out, k)
	}
	return out, nil
}

// clockOf is the deadline of the present state, empty without one.
func clockOf(c *change.Change) calendar.Deadline {
	switch c.State {
	case change.InCustody:
		return c.Limit
	case change.Handing:
		return c.Archive
	}
	return calendar.Deadline{}
}
