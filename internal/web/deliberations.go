package web

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision/deliberation"
)

// The addresses of 红色议事: items, meetings, counts, and what everybody sees.
const (
	deliberationPath = "/deliberation"
	sessionsPath     = deliberationPath + "/meetings"
	resultsPath      = deliberationPath + "/results"
	talliesPath      = deliberationPath + "/counts"
)

// deliberationRoutes are the pages of 红色议事. Which step asks for which right is told by the service: the route asks for reading.
func (s *Server) deliberationRoutes() []Route {
	if s.deliberations == nil {
		return nil
	}
	const get, post, one, meeting = fiber.MethodGet, fiber.MethodPost, deliberationPath + "/:id<maxLen(64)>", sessionsPath + "/:id<maxLen(64)>"
	return []Route{
		{Method: get, Path: resultsPath, Action: policy.Public, Handler: s.results},
		{Method: get, Path: deliberationPath, Action: policy.ReadDeliberation, Handler: s.showsOverview(s.topicBoard)},
		{Method: get, Path: deliberationPath + ".xlsx", Action: policy.ReadDeliberation, Handler: s.sendsOverview(s.topicBoard)},
		{Method: get, Path: talliesPath, Action: policy.ReadDeliberation, Handler: s.showsOverview(s.tallyBoard)},
		{Method: get, Path: talliesPath + ".xlsx", Action: policy.ReadDeliberation, Handler: s.sendsOverview(s.tallyBoard)},
		{Method: get, Path: one + "/whole", Action: policy.ReadDeliberation, Handler: s.topicWhole},
		{Method: get, Path: deliberationPath + "/new", Action: policy.CollectProblem, Handler: s.newItem},
		{Method: post, Path: deliberationPath + "/new", Action: policy.CollectProblem, Handler: s.collectItem},
		{Method: get, Path: sessionsPath, Action: policy.ReadDeliberation, Handler: s.showsOverview(s.sessionBoard)},
		{Method: get, Path: sessionsPath + ".xlsx", Action: policy.ReadDeliberation, Handler: s.sendsOverview(s.sessionBoard)},
		{Method: get, Path: sessionsPath + "/new", Action: policy.RunDeliberation, Handler: s.newSession},
		{Method: post, Path: sessionsPath + "/new", Action: policy.RunDeliberation, Handler: s.planSession},
		{Method: get, Path: meeting, Action: policy.ReadDeliberation, Handler: s.oneSession},
		{Method: get, Path: meeting + "/print/:paper<maxLen(20)>", Action: policy.ReadDeliberation, Handler: s.sessionPaper},
		{Method: post, Path: meeting + "/:step<maxLen(20)>", Action: policy.RunDeliberation, Handler: s.stepSession},
		{Method: get, Path: one, Action: policy.ReadDeliberation, Handler: s.oneTopic},
		{Method: get, Path: one + "/print/:paper<maxLen(20)>", Action: policy.ReadDeliberation, Handler: s.topicPaper},
		{Method: post, Path: one + "/:step<maxLen(20)>", Action: policy.ReadDeliberation, Handler: s.stepTopic},
	}
}

// deliberationActs are the links between the lists.
func (s *Server) deliberationActs(by policy.Actor, here string) []crumb {
	var out []crumb
	if s.guard.Allow(by, policy.CollectProblem) && here == deliberationPath {
		out = append(out, crumb{"收集问题", deliberationPath + "/new"})
	}
	if s.guard.Allow(by, policy.RunDeliberation) && here == sessionsPath {
		out = append(out, crumb{"召集会议", sessionsPath + "/new"})
	}
	for _, other := range []crumb{{"议题", deliberationPath}, {"会议", sessionsPath}, {"统计", talliesPath}, {"公开的结果", resultsPath}} {
		if other.Path != here {
			out = append(out, other)
		}
	}
	return out
}

// placeFilters are the filters by township and, within one, by community.
func (s *Server) placeFilters(ctx context.Context, l listAddress) ([]boardFilter, error) {
	towns, err := s.townshipOptions(ctx)
	if err != nil {
		return nil, err
	}
	out := []boardFilter{{Name: "township", Label: "乡镇", Value: l.value["township"], Options: towns}}
	if l.value["township"] == "" {
		return out, nil
	}
	all, err := s.registered.DivisionsAt(ctx, registry.LevelCommunity, s.registered.On(ctx))
	communities := []option{{"", "全部"}}
	for _, d := range all {
		if d.Parent == l.value["township"] {
			communities = append(communities, option{d.ID, d.Display})
		}
	}
	return append(out, boardFilter{Name: "community", Label: "社区", Value: l.value["community"], Options: communities}), err
}

// shownDue is a deadline as a cell shows it; an unresolved one is never late.
func shownDue(due calendar.Deadline, clock taskClock) boardCell {
	if due.Rule == "" {
		return boardCell{Class: "no-s"}
	}
	state, precise := clock.left(clockTask(due))
	cell := boardCell{Text: precise, Chip: state, Class: "no-s", Value: due.Due}
	if precise == "" {
		cell.Text = state
	}
	if due.Resolved() {
		cell.Sub = due.Due.Chinese()
	} else {
		cell.Value = due.Chinese()
	}
	return cell
}

// nextDue is the deadline that is watched of an item: that of its next step, or of the open task that ends first.
func nextDue(i *deliberation.Item) calendar.Deadline {
	due := i.Due
	for _, t := range i.Tasks {
		if t.State != deliberation.TaskDone && i.State == deliberation.Executing && (due.Rule == "" || t.Due.Resolved() && (!due.Resolved() || t.Due.Due.Compare(due.Due) < 0)) {
			due = t.Due
		}
	}
	return due
}

// topicBoard is the list of items.
func (s *Server) topicBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, deliberationPath, "q", "state", "outcome", "class", "township", "community", "project")
	b := boardAt(l, "红色议事", "收集问题、拟定议题、议前调研、多方商议、公开结果、监督执行；一事一议、一议一决")
	w := deliberation.Filter{Text: l.value["q"], State: deliberation.State(l.value["state"]), Outcome: deliberation.Outcome(l.value["outcome"]), Class: l.value["class"], Township: l.value["township"], Community: l.value["community"], Project: l.value["project"]}
	list, err := s.deliberations.Items(c.UserContext(), by, w)
	if err != nil {
		return l, b, err
	}
	places, err := s.placeFilters(c.UserContext(), l)
	if err != nil {
		return l, b, err
	}
	classes := []option{{"", "全部"}}
	for _, k := range s.deliberations.Terms.Classes() {
		classes = append(classes, option{k.ID, k.Title})
	}
	b.Filters = append([]boardFilter{{Name: "q", Label: "议题、小区或社区", Value: l.value["q"]}, {Name: "state", Label: "状态", Value: l.value["state"], Options: choicesOf("全部", deliberation.States())},
		{Name: "outcome", Label: "商议结果", Value: l.value["outcome"], Options: choicesOf("全部", deliberation.Outcomes())}, {Name: "class", Label: "大小缓急", Value: l.value["class"], Options: classes}}, places...)
	switch l.value["sort"] {
	case "due":
		slices.SortStableFunc(list, func(x, y store.Doc[deliberation.Item]) int {
			return byDue(clockTask(nextDue(&x.State)), clockTask(nextDue(&y.State)))
		})
	case "place":
		slices.SortStableFunc(list, func(x, y store.Doc[deliberation.Item]) int {
			return strings.Compare(x.State.Community+x.State.ProjectName, y.State.Community+y.State.ProjectName)
		})
	}
	if l.value["desc"] != "" {
		slices.Reverse(list)
	}
	b.Heads = []boardHead{{l.sorted("recent", "议题", "recent"), ""}, head("状态", ""), {l.sorted("place", "社区", "recent"), "no-s"}, head("大小缓急", "no-s"), head("商议结果", "no-s"), {l.sorted("due", "期限", "recent"), "no-s"}, head("任务", "no-s")}
	clock := s.clockOf(c.UserContext())
	for _, d := range list {
		i := &d.State
		tasks := boardCell{Class: "no-s"}
		if n := len(i.Tasks); n > 0 {
			tasks.Text = count(n-i.Undone()) + " / " + count(n)
		}
		b.Rows = append(b.Rows, boardRow{Name: i.Name(), Path: deliberationPath + "/" + d.ID, Sub: i.Place(), Cells: []boardCell{{Text: i.State.Title(), Chip: i.State.Title()},
			textCell(i.CommunityName), textCell(i.Class.Title), textCell(i.Decided().Outcome.Title()), shownDue(nextDue(i), clock), tasks}})
	}
	b.Acts = append(s.deliberationActs(by, deliberationPath), s.printsOf(deliberationPath)...)
	b.Note = "任务写的是已核实完成的项数和全部项数；最近收集的在前。"
	b.Nothing, b.NothingText = "还没有收集议事的问题", "网格员、社区、业委会收集问题以后，在这里拟成议题。"
	return l, b, nil
}

// sessionBoard is the list of meetings.
func (s *Server) sessionBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, sessionsPath, "q", "state", "kind", "township", "community")
	b := boardAt(l, "议事会议", "板凳议事会、纳凉夜话等，最近的在前")
	list, err := s.deliberations.Meetings(c.UserContext(), by, deliberation.MeetingFilter{Text: l.value["q"], State: deliberation.MeetingState(l.value["state"]), Kind: l.value["kind"], Township: l.value["township"], Community: l.value["community"]})
	if err != nil {
		return l, b, err
	}
	places, err := s.placeFilters(c.UserContext(), l)
	if err != nil {
		return l, b, err
	}
	b.Filters = append([]boardFilter{{Name: "q", Label: "社区、小区或地点", Value: l.value["q"]}, {Name: "state", Label: "状态", Value: l.value["state"], Options: choicesOf("全部", deliberation.MeetingStates())},
		{Name: "kind", Label: "形式", Value: l.value["kind"], Options: s.kindOptions("全部")}}, places...)
	if l.value["desc"] != "" {
		slices.Reverse(list)
	}
	b.Heads = []boardHead{{l.sorted("on", "会议", "on"), ""}, head("状态", ""), head("形式", "no-s"), head("地点", "no-s"), head("应到", "no-s num"), head("实到", "no-s num"), head("议题", "no-s num")}
	for _, d := range list {
		m := &d.State
		invited, present := m.People()
		number := func(n int64) boardCell { return boardCell{Text: count(int(n)), Class: "no-s num", Value: n} }
		b.Rows = append(b.Rows, boardRow{Name: m.On.Chinese() + " " + m.At, Path: sessionsPath + "/" + d.ID, Sub: m.Place(), Cells: []boardCell{{Text: m.State.Title(), Chip: m.State.Title()}, textCell(m.Kind.Title), textCell(m.Spot),
			number(invited), number(present), number(int64(len(m.Agenda)))}})
	}
	b.Nav, b.Acts = deliberationPath, append(s.deliberationActs(by, sessionsPath), s.printsOf(sessionsPath)...)
	b.Note = "议题写的是会上议了几件，会后登记。"
	b.Nothing, b.NothingText = "还没有召集过会议", "先召集会议，再把议题排进去。"
	return l, b, nil
}

// kindOptions are the kinds of meetings.
func (s *Server) kindOptions(first string) []option {
	out := []option{{"", first}}
	for _, k := range s.deliberations.Terms.Kinds() {
		out = append(out, option{k.ID, k.Title})
	}
	return out
}

// tallyBoard counts by community or township.
func (s *Server) tallyBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, talliesPath, "township", "by", "from", "until")
	b := boardAt(l, "议事统计", "会议、议题、结果公开和任务按期，每个数都写明分母")
	day := func(name string) calendar.Date {
		d, err := calendar.ParseDate(l.value[name])
		if err != nil {
			return calendar.Date{}
		}
		return d
	}
	w := deliberation.TallyFilter{Township: l.value["township"], ByTown: l.value["by"] == "township", From: day("from"), Until: day("until")}
	list, err := s.deliberations.Tallies(c.UserContext(), by, w)
	if err != nil {
		return l, b, err
	}
	towns, err := s.townshipOptions(c.UserContext())
	if err != nil {
		return l, b, err
	}
	b.Filters = []boardFilter{{Name: "township", Label: "乡镇", Value: l.value["township"], Options: towns}, {Name: "by", Label: "按", Value: l.value["by"], Options: []option{{"", "社区"}, {"township", "乡镇"}}},
		{Name: "from", Label: "从（如 2026-01-01）", Value: l.value["from"]}, {Name: "until", Label: "到", Value: l.value["until"]}}
	b.Heads = []boardHead{head(map[bool]string{true: "乡镇", false: "社区"}[w.ByTown], ""), head("会议", "num"), head("收集议题", "num"), head("议过", "no-s num"), head("公开结果", "no-s num"), head("已解决", "num"), head("未解决", "no-s num"), head("不予商议", "no-s num"), head("任务完成", "no-s num"), head("按期", "no-s num")}
	var sum deliberation.Tally
	of := func(n, all int) boardCell {
		return boardCell{Text: count(n) + " / " + count(all), Class: "no-s num nw", Value: strconv.Itoa(n) + "/" + strconv.Itoa(all)}
	}
	for _, t := range list {
		name, sub, path := t.CommunityName, t.TownshipName, deliberationPath+"?township="+t.Township+"&community="+t.Community
		if w.ByTown {
			name, sub, path = t.TownshipName, "", deliberationPath+"?township="+t.Township
		}
		plain := func(n int, class string) boardCell { return boardCell{Text: count(n), Class: class, Value: int64(n)} }
		solved := of(t.Solved, t.Heard)
		solved.Class = "num nw"
		b.Rows = append(b.Rows, boardRow{Name: name, Path: path, Sub: sub, Cells: []boardCell{plain(t.Meetings, "num"), plain(t.Items, "num"), of(t.Heard, t.Items), of(t.Published, t.Heard), solved, of(t.Unsolved, t.Heard), of(t.Declined, t.Items), of(t.Done, t.Tasks), of(t.InTime, t.Due)}})
		sum.Meetings, sum.Items, sum.Heard, sum.Solved, sum.Due, sum.InTime = sum.Meetings+t.Meetings, sum.Items+t.Items, sum.Heard+t.Heard, sum.Solved+t.Solved, sum.Due+t.Due, sum.InTime+t.InTime
	}
	b.Figures = []boardFigure{{Label: "会议", Value: count(sum.Meetings), Sub: "次", Link: sessionsPath}, {Label: "议题", Value: count(sum.Items), Sub: "件，议过 " + count(sum.Heard) + " 件", Link: deliberationPath},
		{Label: "办结，已解决", Value: count(sum.Solved) + " / " + count(sum.Heard), Sub: "件，分母是议过的", Link: deliberationPath + "?state=done"}, {Label: "任务按期", Value: count(sum.InTime) + " / " + count(sum.Due), Sub: "项，分母是已到期或者已报告、期限算得出的"}}
	b.Nav, b.Acts = deliberationPath, s.deliberationActs(by, talliesPath)
	b.Note = "会议按开会日期，议题按收集日期；议过、不予商议的分母是收集的议题，公开、已解决、未解决的分母是议过的；期限暂不能计算的任务不算到期。"
	b.Nothing, b.NothingText = "还没有可以统计的议题和会议", "收集问题、召开会议以后在这里统计。"
	return l, b, nil
}

// resultsView is what results.html shows.
type resultsView struct {
	Rows []deliberation.PublicResult
	// Community narrows the list, "" for all; Next is the next page.
	Community, Next string
}

// results shows everybody what was made public.
func (s *Server) results(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, resultsPath, "community")
	rows, next, err := s.deliberations.Results(c.UserContext(), l.value["community"], l.after)
	if err != nil {
		return err
	}
	v := resultsView{Rows: rows, Community: l.value["community"]}
	if next != "" {
		v.Next = l.address("after", next)
	}
	return s.render(c, by, "results", page{Title: "议事结果公开", Nav: resultsPath, Data: v})
}

// deliberationPlaces are the communities and projects that an actor can choose for an action.
func (s *Server) deliberationPlaces(ctx context.Context, by policy.Actor, action policy.Action) (communities, projects []option, err error) {
	list, err := s.registered.CommunitiesFor(ctx, by, action)
	if err != nil {
		return nil, nil, err
	}
	communities = []option{{"", "由小区决定"}}
	for _, d := range list {
		communities = append(communities, option{d.ID, d.Display})
	}
	if len(list) == 1 {
		communities = communities[1:]
	}
	projects, _, err = projectOptionsFrom(ctx, s.registered, by, "")
	projects[0].Label = "整个社区的事"
	if len(list) == 0 {
		projects[0].Label = "请选择小区"
	}
	return communities, projects, err
}

// topicEntry describes the form of a problem.
func (s *Server) topicEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	communities, projects, err := s.deliberationPlaces(c.UserContext(), by, policy.CollectProblem)
	sources := []option{{"", "请选择"}}
	for _, x := range s.deliberations.Terms.Sources() {
		sources = append(sources, option{x.ID, x.Title})
	}
	value := func(name string) string { return c.FormValue(name, c.Query(name)) }
	e := entry{title: "收集问题", nav: deliberationPath, entryView: entryView{Crumbs: []crumb{{"红色议事", deliberationPath}}, Address: deliberationPath + "/new", Button: "登记问题", Back: deliberationPath,
		Intro: "第一步：把居民关心、要商量的事登记下来。", Notes: []string{"只写事情和来路，不写姓名、电话和门牌。", "物业收费、选聘企业、动用维修资金等由业主共同决定的，议事可以听意见，不能代替业主大会表决。"},
		Form: []field{{Name: "project", Label: "小区", Options: projects, Value: value("project")}}}}
	if len(communities) > 0 && communities[len(communities)-1].Value != "" {
		e.Form = append(e.Form, field{Name: "community", Label: "社区", Options: communities, Value: value("community")})
	}
	e.Form = append(e.Form, field{Name: "source", Label: "问题来源", Options: sources, Value: value("source")}, field{Name: "found", Label: "发现日期", Type: "date", Value: value("found")},
		field{Name: "problem", Label: "问题", Rows: 4, Hint: "5 至 500 个字：什么事、涉及哪些人群、有哪些不同意见", Value: value("problem")})
	return e, err
}

func (s *Server) newItem(c *fiber.Ctx, by policy.Actor) error {
	e, err := s.topicEntry(c, by)
	if err != nil {
		return err
	}
	return s.showEntry(c, by, e, nil)
}

// collectItem enters a problem.
func (s *Server) collectItem(c *fiber.Ctx, by policy.Actor) error {
	e, err := s.topicEntry(c, by)
	if err != nil {
		return err
	}
	in, id := typed{c: c}, ""
	p := deliberation.Problem{Community: in.text("community"), Project: in.text("project"), Source: in.text("source"), Text: in.text("problem"), Found: in.date("found", "发现日期")}
	err = in.with(func(ctx context.Context) error {
		if p.Project == "" && p.Community == "" {
			return fault.InvalidFields("web.collectItem", fault.Field{Name: "project", Message: "请选择小区，或者选择社区"})
		}
		doc, err := s.deliberations.Collect(ctx, by, p, formIdem(c))
		id = doc.ID
		return err
	})
	return s.settled(c, by, e, err, "problem", deliberationPath+"/"+id)
}

// sessionEntry describes the form of a meeting.
func (s *Server) sessionEntry(c *fiber.Ctx, by policy.Actor) (entry, error) {
	communities, projects, err := s.deliberationPlaces(c.UserContext(), by, policy.RunDeliberation)
	if err != nil {
		return entry{}, err
	}
	firms, err := s.registered.FirmChoices(c.UserContext())
	value := func(name string) string { return c.FormValue(name, c.Query(name)) }
	e := entry{title: "召集会议", nav: deliberationPath, entryView: entryView{Crumbs: []crumb{{"红色议事", deliberationPath}, {"议事会议", sessionsPath}}, Address: sessionsPath + "/new", Button: "召集会议", Back: sessionsPath,
		Intro: "第四步：定好时间地点，按身份写应到人数；召集以后把议题排进去。", Notes: []string{"参加人员只写身份和人数，不写姓名。不参加的一类留空。"}, Form: []field{
			{Name: "kind", Label: "会议形式", Options: s.kindOptions("请选择"), Value: value("kind")}, {Name: "community", Label: "社区", Options: communities, Value: value("community")},
			{Name: "project", Label: "小区", Options: projects, Value: value("project"), Hint: "只议一个小区的事的，选小区"}, {Name: "on", Label: "开会日期", Type: "date", Value: value("on")},
			{Name: "at", Label: "开会时间", Type: "text", Hint: "例如 19:30", Autocomplete: "off", Value: value("at")}, {Name: "spot", Label: "地点", Type: "text", Autocomplete: "off", Value: value("spot")}}}}
	for _, k := range s.deliberations.Terms.Kinds() {
		said := k.Title + "至少到 " + count(int(k.Least)) + " 人"
		if k.Percent > 0 {
			said += "，并且到应到人数的 " + count(int(k.Percent)) + "%"
		}
		e.Notes = append(e.Notes, said+"。")
	}
	for _, seat := range s.deliberations.Terms.Seats() {
		e.Form = append(e.Form, field{Name: "invited-" + seat.ID, Label: seat.Title + "应到人数", Type: "text", Mode: "numeric", Autocomplete: "off", Optional: true, Value: value("invited-" + seat.ID)})
		if seat.Firm {
			e.Form = append(e.Form, field{Name: "firm-" + seat.ID, Label: "参加的企业", Options: choicesOf("没有企业参加", firms), Value: value("firm-" + seat.ID)})
		}
		if seat.Unit {
			e.Form = append(e.Form, field{Name: "unit-" + seat.ID, Label: "参加的部门、单位", Type: "text", Autocomplete: "off", Optional: true, Value: value("unit-" + seat.ID)})
		}
	}
	return e, err
}

func (s *Server) newSession(c *fiber.Ctx, by policy.Actor) error {
	e, err := s.sessionEntry(c, by)
	if err != nil {
		return err
	}
	return s.showEntry(c, by, e, nil)
}

// planSession calls a meeting.
func (s *Server) planSession(c *fiber.Ctx, by policy.Actor) error {
	e, err := s.sessionEntry(c, by)
	if err != nil {
		return err
	}
	in, id := typed{c: c}, ""
	m := deliberation.MeetingInput{Community: in.text("community"), Project: in.text("project"), Kind: in.text("kind"), On: in.date("on", "开会日期"), At: in.text("at"), Spot: in.text("spot")}
	for _, seat := range s.deliberations.Terms.Seats() {
		m.Seats = append(m.Seats, deliberation.Seat{ID: seat.ID, Firm: in.text("firm-" + seat.ID), Unit: in.text("unit-" + seat.ID), Invited: in.whole("invited-"+seat.ID, seat.Title+"应到人数", "6")})
	}
	err = in.with(func(ctx context.Context) error {
		doc, err := s.deliberations.Plan(ctx, by, m, formIdem(c))
		id = doc.ID
		return err
	})
	if refused := fault.FieldsOf(err); len(refused) > 0 {
		for n := range refused {
			if refused[n].Name == "seats" {
				refused[n].Name = "invited-" + s.deliberations.Terms.Seats()[0].ID
			}
		}
		err = fault.InvalidFields("web.planSession", refused...)
	}
	return s.settled(c, by, e, err, "kind", sessionsPath+"/"+id)
}
