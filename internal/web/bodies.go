package web

import (
	"context"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/owners"
)

// bodiesPath is the list of owners' bodies and the beginning of the addresses of their foundings.
const bodiesPath = "/register/bodies"

// bodyRoutes are the rows of owners' bodies.
func (s *Server) bodyRoutes() []Route {
	if s.bodies == nil {
		return nil
	}
	const one = bodiesPath + "/:id<maxLen(64)>"
	routes := append(s.formRoutes(registerForm{path: bodiesPath + "/new", action: policy.PrepareBody, entry: s.groupEntry, send: s.openBody, conflictAt: "kind", first: true}),
		Route{Method: fiber.MethodGet, Path: bodiesPath, Action: policy.ReadRegister, Handler: s.showsOverview(s.bodyBoard)},
		Route{Method: fiber.MethodGet, Path: bodiesPath + ".xlsx", Action: policy.ReadRegister, Handler: s.sendsOverview(s.bodyBoard)},
		Route{Method: fiber.MethodGet, Path: one, Action: policy.ReadRegister, Handler: s.oneBody},
		Route{Method: fiber.MethodGet, Path: one + "/print/:paper<maxLen(16)>", Action: policy.ReadRegister, Handler: s.bodyPaper},
		Route{Method: fiber.MethodGet, Path: one + "/whole", Action: policy.ReadRegister, Handler: s.wholePage(s.bodyWhole)})
	for _, b := range bodySteps {
		routes = append(routes, Route{Method: fiber.MethodPost, Path: one + "/" + b.name, Action: owners.Needs(b.step), Handler: s.stepBody})
	}
	return routes
}

// bodyStep is a step with its name in addresses and the field at which a conflict is told.
type bodyStep struct {
	name       string
	step       owners.Step
	conflictAt string
}

// bodySteps are the steps in the order of a life.
var bodySteps = []bodyStep{{"propose", owners.StepPropose, "on"}, {"pass", owners.StepPass, "on"}, {"return", owners.StepReturn, "reason"}, {"notice", owners.StepNotice, "on"}, {"object", owners.StepObject, "on"},
	{"elect", owners.StepVote, "vote"}, {"lost", owners.StepLost, "vote"}, {"name", owners.StepName, "on"}, {"file", owners.StepFile, "filing"}, {"end", owners.StepEnd, "reason"}}

func bodyPath(id string) string { return bodiesPath + "/" + id }

// membersText is “5 人，党员 3 人”, "" if nothing is known.
func membersText(all, party int64) string {
	if all == 0 {
		return ""
	}
	return count(int(all)) + " 人，党员 " + count(int(party)) + " 人"
}

// termState says how the owners' body of a project stands on a day, with the term that it is about; the zero term if there never was one.
func termState(r registry.ProjectRow) (string, registry.Body) {
	if r.Body.InOffice() {
		return "在任", r.Body
	}
	if n := len(r.Project.Bodies); n > 0 && r.Body.Kind == "" {
		return "任期已届满", r.Project.Bodies[n-1]
	}
	return "没有", registry.Body{}
}

// bodyBoard puts the owners' bodies together: of every project the body in office and how the next one comes about.
func (s *Server) bodyBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, bodiesPath, "q", "township", "body", "state")
	b := boardAt(l, "业主组织", "每个小区在任的业委会、物管会，和从筹备组到备案、换届的办理情况")
	lines, err := s.bodies.Lines(c.UserContext(), by, owners.Query{Text: l.value["q"], Township: l.value["township"], Body: registry.BodyKind(l.value["body"]), State: owners.State(l.value["state"])})
	if err != nil {
		return l, b, err
	}
	towns, err := s.townshipOptions(c.UserContext())
	if err != nil {
		return l, b, err
	}
	b.Filters = []boardFilter{{Name: "q", Label: "小区", Value: l.value["q"]}, {Name: "township", Label: "乡镇", Value: l.value["township"], Options: towns},
		{Name: "body", Label: "在任", Value: l.value["body"], Options: choicesOf("全部", registry.BodyKinds())}, {Name: "state", Label: "组建和换届", Value: l.value["state"], Options: choicesOf("全部", owners.States())}}
	b.Heads = []boardHead{head("小区", ""), head("业主组织", ""), head("成员", "num no-s"), head("其中党员", "num no-s"), head("任期届满", "no-s nw"), head("组建和换届", ""), head("办理期限", "no-s")}
	var figures [3]int
	var members, party int64
	for _, line := range lines {
		state, term := termState(line.ProjectRow)
		body := boardCell{Text: "无", Chip: "无合同"}
		until := boardCell{Class: "no-s nw"}
		if term.Kind != "" {
			word := registry.TextOf(registry.BodyKinds(), term.Kind)
			body = boardCell{Text: word + state, Chip: "在任", Value: word + state}
			if until.Text = "没有登记"; !term.Days.Until.IsZero() {
				until.Text, until.Value = term.Days.Until.Chinese(), term.Days.Until
			}
		}
		switch {
		case term.Kind != "" && state != "在任":
			body.Chip = "逾期"
			figures[2]++
		case term.Kind == registry.BodyCommittee:
			figures[0]++
		case term.Kind == registry.BodyManagement:
			figures[1]++
		default:
			figures[2]++
		}
		numbers := [2]boardCell{{Class: "num no-s"}, {Class: "num no-s"}}
		if state == "在任" && term.Members > 0 {
			members, party = members+term.Members, party+term.PartyMembers
			numbers[0].Text, numbers[0].Value = count(int(term.Members)), term.Members
			numbers[1].Text, numbers[1].Value = count(int(term.PartyMembers)), term.PartyMembers
		}
		row := boardRow{Name: line.Name, Path: projectPath(line.ID), Sub: line.TownshipName + " " + line.CommunityName}
		var founding boardCell
		due := boardCell{Class: "no-s"}
		if d := line.Founding; d != nil {
			f := &d.State
			founding = boardCell{Text: f.State.Title(), Chip: f.State.Title(), Link: bodyPath(d.ID), Value: f.Title() + "：" + f.State.Title()}
			row.Path = bodyPath(d.ID)
			if clock := f.Clock(); clock.Rule != "" {
				due.Text = clock.Chinese()
			}
		}
		row.Cells = []boardCell{body, numbers[0], numbers[1], until, founding, due}
		b.Rows = append(b.Rows, row)
	}
	b.Figures = []boardFigure{{Label: "业委会", Value: count(figures[0]) + " 个", Link: l.address("body", string(registry.BodyCommittee))}, {Label: "物管会", Value: count(figures[1]) + " 个", Link: l.address("body", string(registry.BodyManagement))},
		{Label: "没有在任的", Value: count(figures[2]) + " 个", Link: l.address("body", string(registry.BodyNone))}, {Label: "登记的成员", Value: count(int(members)) + " 人", Sub: "其中党员 " + count(int(party)) + " 人，占 " + shareText(party, members)}}
	if s.guard.Allow(by, policy.PrepareBody) {
		b.Acts = []crumb{{"登记筹备组", bodiesPath + "/new"}}
	}
	b.Acts = append(append(b.Acts, crumb{"任期到期提醒", expiryPath + "?kind=" + string(registry.ExpiryBody)}), s.printsOf(bodiesPath)...)
	b.Note = "在任按小区登记的任期；成员只统计人数，没有登记人数的不计。"
	b.Nothing, b.NothingText = "还没有登记小区", "登记小区以后，这里列出业主组织。"
	return l, b, nil
}

// foundingsOf are the foundings of a project in words, the last one first, and where the next one begins: "" for who may not begin one, or while one is open.
func (s *Server) foundingsOf(c *fiber.Ctx, by policy.Actor, project string) (lines []foundingLine, begin string, err error) {
	if s.bodies == nil {
		return nil, "", nil
	}
	list, err := s.bodies.Of(c.UserContext(), by, project)
	if s.guard.Allow(by, policy.PrepareBody) {
		begin = bodiesPath + "/new?project=" + url.QueryEscape(project)
	}
	for _, d := range slices.Backward(list) {
		lines = append(lines, foundingLine{bodyPath(d.ID), d.State.Title(), d.State.State.Title(), d.State.Group.On.Chinese()})
		if !d.State.State.Final() {
			begin = ""
		}
	}
	return lines, begin, err
}

// groupEntry describes the form of a preparatory group.
func (s *Server) groupEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	e := entry{title: "登记筹备组", nav: bodiesPath, entryView: entryView{Crumbs: []crumb{{"业主组织", bodiesPath}}, Address: bodiesPath + "/new", Button: "登记筹备组", Back: bodiesPath,
		Intro: "业委会首次组建、换届，或者没有业委会的小区组建物管会，从筹备组（组建工作组）成立开始登记。",
		Notes: []string{"筹备组人数是单数，业主代表不少于一半；自组成之日起 90 日内召开首次业主大会。", "只登记人数，不登记名单。", "候选人由社区党组织审查资格，报送的人不能审查。"}}}
	project, err := s.projectFirst(c, by, &e)
	if project == "" || err != nil {
		return e, err
	}
	row, err := s.registered.OneProject(c.UserContext(), by, project)
	if err != nil {
		return e, err
	}
	e.Address += "?project=" + url.QueryEscape(project)
	e.Crumbs = append(e.Crumbs, crumb{row.Name, projectPath(project)})
	value := func(name string) string { return typedOr(c, name, "") }
	number := func(name, label, hint string) field {
		return field{Name: name, Label: label, Type: "text", Mode: "numeric", Autocomplete: "off", Value: value(name), Hint: hint}
	}
	e.Form = []field{
		{Name: "kind", Label: "组建哪一种", Options: choicesOf("请选择", registry.BodyKinds()[:2]), Value: typedOr(c, "kind", string(registry.BodyCommittee)), Hint: "有在任业委会的小区不组建物管会"},
		{Name: "on", Label: "成立日期", Type: "date", Value: value("on")},
		number("members", "筹备组人数", "单数，例如 9"), number("owners", "其中业主代表", "不少于一半"), number("party", "其中党员", "没有填 0"),
	}
	return e, nil
}

// openBody enters a preparatory group.
func (s *Server) openBody(c *fiber.Ctx, by policy.Actor, in *typed) (next string, err error) {
	g := owners.Group{On: in.date("on", "成立日期"), Members: in.whole("members", "筹备组人数", "9"), Owners: in.whole("owners", "业主代表人数", "5"), Party: in.whole("party", "党员人数", "3")}
	err = in.with(func(ctx context.Context) error {
		doc, err := s.bodies.Open(ctx, by, c.Query("project"), registry.BodyKind(in.text("kind")), g, formIdem(c))
		next = bodyPath(doc.ID)
		return err
	})
	return next, err
}

// bodyView is what body.html shows.
type bodyView struct {
	Path, ProjectPath, VotePath, FilingPath string
	Seq                                     int64
	F                                       *owners.Founding
	// Term is the term in the register, "" before it is there; TermState says how it stands.
	Term, TermState string
	Clock           calendar.Deadline
	Forms           []stepForm
	History         []step
	Prints          []printLine
}

func (s *Server) oneBody(c *fiber.Ctx, by policy.Actor) error {
	return s.showBody(c, by, nil)
}

func (s *Server) showBody(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.bodies.One(ctx, by, id)
	if err != nil {
		return err
	}
	f := &doc.State
	v := bodyView{Path: bodyPath(id), ProjectPath: projectPath(f.Project), Seq: doc.Seq, F: f, Clock: f.Clock()}
	if v.Prints, err = s.paperLines(ctx, by, bodiesPath, id, s.bodyPapers(f)); err != nil {
		return err
	}
	if f.Vote != "" {
		v.VotePath = votePath(f.Project, f.Vote)
	}
	if f.Filing != "" && s.filings != nil && s.guard.Allow(by, policy.ReadFiling) {
		v.FilingPath = filingsPath + "/" + f.Filing
	}
	row, err := s.registered.OneProject(ctx, by, f.Project)
	if err != nil && !fault.Is(err, fault.NotFound) { // a firm that has left sees how it was, and the compound no longer
		return err
	}
	for _, b := range row.Project.Bodies {
		if b.Kind == f.Kind && b.Days.From == f.From {
			v.Term, v.TermState = spanText(b.Days), "任期已届满"
			if b.Days.Holds(row.Day) {
				v.TermState = "在任"
			}
		}
	}
	if v.Forms, err = s.bodyForms(c, by, f, refused); err != nil {
		return err
	}
	history, err := s.bodies.History(ctx, by, id)
	if err != nil {
		return err
	}
	v.History = taken(history, nil, func(f *owners.Founding) (string, string) { return string(f.Last), "" })
	p := page{Title: f.Title(), Nav: bodiesPath, Data: v, Fields: refused, Script: true}
	if len(refused) > 0 {
		return s.refuse(c, by, "body", p)
	}
	return s.render(c, by, "body", p)
}

// bodyForms are the steps that the actor can do now.
func (s *Server) bodyForms(c *fiber.Ctx, by policy.Actor, f *owners.Founding, refused []fault.Field) ([]stepForm, error) {
	ctx := c.UserContext()
	day := func(label string) field { return field{Name: "on", Label: label, Type: "date"} }
	number := func(name, label, hint string) field {
		return field{Name: name, Label: label, Type: "text", Mode: "numeric", Autocomplete: "off", Hint: hint}
	}
	reason := func(label string) []field { return []field{{Name: "reason", Label: label, Rows: 2}} }
	party := number("party", "其中党员", "没有填 0")
	var votes, filings []option
	if f.State == owners.Noticed {
		rows, err := s.registered.Votes(ctx, by, f.Project)
		if err != nil {
			return nil, err
		}
		votes = voteOptions(rows)
	}
	if s.bodies.May(ctx, by, f, owners.StepFile) {
		list, err := s.bodies.Filings.FiledOf(ctx, by, f.Project, owners.FilingKind)
		if err != nil {
			return nil, err
		}
		filings = []option{{"", "请选择"}}
		for _, r := range list {
			if r.Number != "" {
				filings = append(filings, option{r.ID, r.Number + "，产生日期 " + r.Happened.Chinese()})
			}
		}
	}
	forms := map[owners.Step]stepForm{
		owners.StepPropose: {Title: "报送候选人", Hint: "报社区党组织审查资格，只报人数。", Button: "报送社区党组织", Form: []field{day("报送日期"), number("seats", "应选人数", "单数；业委会 5 至 11 人，不到 100 户的可以 3 人"), number("all", "候选人数", "不少于应选人数"), party}},
		owners.StepPass:    {Title: "资格审查", Hint: "由社区党组织审查；报送的人不能审查。", Button: "审查通过", Form: []field{day("审查日期"), number("all", "通过人数", "不少于应选人数"), party}},
		owners.StepReturn:  {Title: "退回重新推荐", Hint: "不写候选人姓名。", Button: "退回", Form: reason("退回的理由"), Grave: true},
		owners.StepNotice:  {Title: "公示候选人", Hint: "公示期满以后才能表决、确定组成人员。", Button: "登记公示", Form: []field{day("公示日期"), {Name: "where", Label: "公示地点", Type: "text", Hint: "例如：小区公告栏、各单元门口"}}},
		owners.StepObject:  {Title: "异议", Hint: "公示期内的异议处理以后登记，不写姓名。", Button: "登记异议", Form: []field{day("答复日期"), {Name: "what", Label: "异议", Rows: 2}, {Name: "answer", Label: "处理结果", Rows: 2}}},
		owners.StepVote:    {Title: "选举结果", Hint: "先在小区页登记选举的业主大会表决；表决要在公示期满以后，达到民法典第二百七十八条的比例。", Button: "登记选举结果", Form: []field{{Name: "vote", Label: "业主大会表决记录", Options: votes}, number("all", "当选人数", "过半数当选才成立"), party}},
		owners.StepLost:    {Title: "选举未通过", Hint: "表决没有达到法定比例的，退回筹备组重新推选。", Button: "登记未通过", Form: []field{{Name: "vote", Label: "业主大会表决记录", Options: votes}}, Grave: true},
		owners.StepName:    {Title: "确定组成人员", Hint: "物管会不经选举，公示期满以后由街道、乡镇确定。", Button: "登记组成人员", Form: []field{day("确定日期"), number("all", "组成人数", ""), party}},
		owners.StepFile:    {Title: "备案", Hint: "选定已经办结的业委会（物管会）备案；任期同时记入小区登记，到期前 90、60、30 日提醒换届。", Button: "登记备案", Form: []field{{Name: "filing", Label: "备案", Options: filings}, {Name: "from", Label: "任期起始日", Type: "date"}, {Name: "until", Label: "任期届满日", Type: "date", Hint: "业委会一届最长 5 年，物管会 3 年"}}},
		owners.StepEnd:     {Title: "终止", Hint: "不再组建的终止，以后可以重新登记筹备组。", Button: "终止", Form: reason("终止的原因"), Grave: true},
	}
	var out []stepForm
	for _, b := range bodySteps {
		if form, ok := forms[b.step]; ok && s.bodies.May(ctx, by, f, b.step) {
			form.Name = b.name
			out = append(out, form.placed(c, bodyPath(c.Params("id")), refused))
		}
	}
	return out, nil
}

// stepBody does one step.
func (s *Server) stepBody(c *fiber.Ctx, by policy.Actor) error {
	ctx, name := c.UserContext(), sentStep(c)
	at, in, of := formAt(c), typed{c: c}, name+"-"
	people := func() owners.Count {
		return owners.Count{On: in.date(of+"on", "日期"), All: in.whole(of+"all", "人数", "7"), Party: in.whole(of+"party", "党员人数", "3")}
	}
	// What cannot be read is told before anything is done.
	n := people()
	seats, days := in.whole(of+"seats", "应选人数", "5"), in.span(of+"from", "任期起始日", of+"until", "任期届满日")
	do := map[string]func(ctx context.Context) (store.Doc[owners.Founding], error){
		"propose": func(ctx context.Context) (store.Doc[owners.Founding], error) {
			return s.bodies.Propose(ctx, by, at, owners.Candidates{Seats: seats, Count: n})
		},
		"pass": func(ctx context.Context) (store.Doc[owners.Founding], error) { return s.bodies.Pass(ctx, by, at, n) },
		"return": func(ctx context.Context) (store.Doc[owners.Founding], error) {
			return s.bodies.Return(ctx, by, at, in.text(of+"reason"))
		},
		"notice": func(ctx context.Context) (store.Doc[owners.Founding], error) {
			return s.bodies.Publish(ctx, by, at, owners.Notice{On: n.On, Where: in.text(of + "where")})
		},
		"object": func(ctx context.Context) (store.Doc[owners.Founding], error) {
			return s.bodies.Object(ctx, by, at, owners.Objection{On: n.On, What: in.text(of + "what"), Answer: in.text(of + "answer")})
		},
		"elect": func(ctx context.Context) (store.Doc[owners.Founding], error) {
			return s.bodies.Elect(ctx, by, at, in.text(of+"vote"), n.All, n.Party)
		},
		"lost": func(ctx context.Context) (store.Doc[owners.Founding], error) {
			return s.bodies.Lose(ctx, by, at, in.text(of+"vote"))
		},
		"name": func(ctx context.Context) (store.Doc[owners.Founding], error) { return s.bodies.Name(ctx, by, at, n) },
		"file": func(ctx context.Context) (store.Doc[owners.Founding], error) {
			return s.bodies.File(ctx, by, at, in.text(of+"filing"), days)
		},
		"end": func(ctx context.Context) (store.Doc[owners.Founding], error) {
			return s.bodies.End(ctx, by, at, in.text(of+"reason"))
		},
	}[name]
	err := in.with(func(ctx context.Context) error { _, err := do(ctx); return err })
	if err == nil {
		return seeOther(c, bodyPath(at.ID))
	}
	conflictAt := ""
	for _, b := range bodySteps {
		if doc, loadErr := s.bodies.One(ctx, by, at.ID); b.name == name && loadErr == nil && doc.Seq == at.Seq && s.bodies.May(ctx, by, &doc.State, b.step) {
			conflictAt = b.conflictAt // the step is next and something else stands against it
		}
	}
	if refused := stepFields(name, conflictAt, err); len(refused) > 0 {
		return s.showBody(c, by, refused)
	}
	return err
}
