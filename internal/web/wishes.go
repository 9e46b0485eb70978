package web

import (
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision/wish"
)

// The addresses of wishes: the list (需求清单), what is offered (供给清单), what was served (服务清单), and what everybody may open: the form and the board.
const (
	needsPath  = "/needs"
	servedPath = "/served"
	// suppliesPath is the book of what units, teams and firms offer (供给清单).
	suppliesPath = "/supplies"
	askPath      = "/wish"
	shiningPath  = "/wishes"
)

// wishRoutes are the pages of wishes. Which step asks for which right is told by the service: the route asks for reading.
func (s *Server) wishRoutes() []Route {
	if s.wishes == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, needsPath + "/:id<maxLen(64)>"
	return []Route{
		{Method: get, Path: shiningPath, Action: policy.Public, Handler: s.shining},
		{Method: get, Path: askPath, Action: policy.AskWish, Handler: s.wishForm},
		{Method: post, Path: askPath, Action: policy.AskWish, Handler: s.askWish},
		{Method: get, Path: askPath + "/find", Action: policy.AskWish, Handler: s.wishFind},
		{Method: post, Path: askPath + "/find", Action: policy.AskWish, Handler: s.wishToldAct},
		{Method: post, Path: askPath + "/rate", Action: policy.AskWish, Handler: s.wishToldAct},
		{Method: post, Path: askPath + "/cancel", Action: policy.AskWish, Handler: s.wishToldAct},
		{Method: get, Path: needsPath, Action: policy.ReadWish, Handler: s.showsOverview(s.needsBoard)},
		{Method: get, Path: needsPath + ".xlsx", Action: policy.ReadWish, Handler: s.sendsOverview(s.needsBoard)},
		{Method: get, Path: servedPath, Action: policy.ReadWish, Handler: s.showsOverview(s.servedBoard)},
		{Method: get, Path: servedPath + ".xlsx", Action: policy.ReadWish, Handler: s.sendsOverview(s.servedBoard)},
		{Method: get, Path: needsPath + "/new", Action: policy.EnterWish, Handler: s.newWish},
		{Method: post, Path: needsPath + "/new", Action: policy.EnterWish, Handler: s.enterWish},
		{Method: get, Path: one, Action: policy.ReadWish, Handler: s.oneWish},
		{Method: get, Path: one + "/whole", Action: policy.ReadWish, Handler: s.wholePage(s.wishWhole)},
		{Method: get, Path: one + "/photos/:n<int>", Action: policy.ReadWish, Handler: s.wishPhoto},
		{Method: get, Path: one + "/receipts/:n<int>", Action: policy.ReadWish, Handler: s.wishReceipt},
		{Method: post, Path: one + "/prove", Action: policy.ReadWish, Handler: s.proveWish, Upload: maxMatterForm},
		{Method: post, Path: one + "/:step<maxLen(20)>", Action: policy.ReadWish, Handler: s.stepWish},
	}
}

// wishActs are the links between the lists.
func (s *Server) wishActs(by policy.Actor, here string) []crumb {
	var out []crumb
	if s.guard.Allow(by, policy.EnterWish) && here == needsPath {
		out = append(out, crumb{"代居民点单、登记代办", needsPath + "/new"})
	}
	if s.guard.Allow(by, policy.ReadMember) {
		out = append(out, crumb{"在职党员报到", membersPath})
	}
	if s.wishes.Terms.PointsOn() && here != pointsPath {
		out = append(out, crumb{"积分", pointsPath})
	}
	for _, other := range []crumb{{"需求清单", needsPath}, {"供给清单", suppliesPath}, {"服务清单", servedPath}, {"晒单", shiningPath}} {
		if other.Path != here {
			out = append(out, other)
		}
	}
	return out
}

// wishFilter reads what narrows both lists.
func wishFilter(l listAddress) wish.Filter {
	day := func(name string) calendar.Date {
		d, err := calendar.ParseDate(l.value[name])
		if err != nil {
			return calendar.Date{}
		}
		return d
	}
	return wish.Filter{Text: l.value["q"], Order: l.value["order"], State: wish.State(l.value["state"]), Kind: l.value["kind"], TakerKind: wish.TakerKind(l.value["taker"]), Township: l.value["township"], Community: l.value["community"], Project: l.value["project"],
		Late: l.value["late"] != "", Mine: l.value["mine"] != "", Review: l.value["review"] != "", From: day("from"), Until: day("until")}
}

// needsBoard is the list of wishes (需求清单).
func (s *Server) needsBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, needsPath, "q", "order", "state", "kind", "taker", "township", "community", "project", "late", "mine", "review")
	b := boardAt(l, "微心愿需求清单", "群众点单、社区派单、单位（党员）接单、公开晒单、群众评单；点单人只有社区看得到")
	list, err := s.wishes.List(c.UserContext(), by, wishFilter(l))
	if err != nil {
		return l, b, err
	}
	places, err := s.placeFilters(c.UserContext(), l)
	if err != nil {
		return l, b, err
	}
	b.Filters = append([]boardFilter{{Name: "q", Label: "内容、小区或单位", Value: l.value["q"]}, {Name: "state", Label: "状态", Value: l.value["state"], Options: choicesOf("全部", wish.States())}, {Name: "order", Label: "类别", Value: l.value["order"], Options: choicesOf("全部", wish.Orders())}, {Name: "kind", Label: "种类", Value: l.value["kind"], Options: choicesOf("全部", s.wishes.Terms.Choices())},
		{Name: "taker", Label: "谁来服务", Value: l.value["taker"], Options: choicesOf("全部", wish.TakerKinds())}, {Name: "late", Label: "期限", Value: l.value["late"], Options: []option{{"", "全部"}, {"1", "已逾期"}}}}, places...)
	if s.guard.Allow(by, policy.TakeWish) {
		b.Filters = append(b.Filters, boardFilter{Name: "mine", Label: "接单", Value: l.value["mine"], Options: []option{{"", "全部"}, {"1", "我们的"}}})
	}
	if s.guard.Allow(by, policy.ReviewWish) {
		b.Filters = append(b.Filters, boardFilter{Name: "review", Label: "晒单", Value: l.value["review"], Options: []option{{"", "全部"}, {"1", "等审核的"}}})
	}
	if l.value["sort"] == "due" {
		slices.SortStableFunc(list, func(x, y store.Doc[wish.Wish]) int {
			return byDue(clockTask(x.State.Due), clockTask(y.State.Due))
		})
	}
	if l.value["desc"] != "" {
		slices.Reverse(list)
	}
	b.Heads = []boardHead{{l.sorted("recent", "心愿", "recent"), ""}, head("状态", ""), head("种类", "no-s"), head("谁来服务", "no-s"), {l.sorted("due", "期限", "recent"), "no-s"}, head("点单日期", "no-s"), head("评分", "no-s num")}
	clock := s.clockOf(c.UserContext())
	for _, d := range list {
		w := &d.State
		due := boardCell{Class: "no-s"}
		if !w.State.Final() {
			due = shownDue(w.Due, clock)
		}
		b.Rows = append(b.Rows, boardRow{Name: cut(w.Words, 24), Path: needsPath + "/" + d.ID, Sub: w.Spotted(), Cells: []boardCell{{Text: w.Title(), Chip: w.Title()}, textCell(w.KindTitle), textCell(takerName(w)), due,
			{Text: w.Day.Chinese(), Class: "no-s nw", Value: w.Day}, scoreCell(w)}})
	}
	b.Acts = append(s.wishActs(by, needsPath), s.printsOf(needsPath)...)
	b.Note = "最近点单的在前；评分只看服务，不给个人排名。"
	b.Nothing, b.NothingText = "还没有微心愿", "居民在网上点单，或者网格员、楼栋长、社区代为点单以后，在这里受理和派单。"
	return l, b, nil
}

// cut is the beginning of a text.
func cut(text string, most int) string {
	if signs := []rune(text); len(signs) > most {
		return string(signs[:most]) + "…"
	}
	return text
}

func takerName(w *wish.Wish) string {
	if w.Taker == nil {
		return ""
	}
	return w.Taker.Name
}

// scoreCell is the rating, empty without one.
func scoreCell(w *wish.Wish) boardCell {
	if w.Rating == nil {
		return boardCell{Class: "no-s num"}
	}
	return boardCell{Text: strconv.FormatInt(w.Rating.Score, 10), Class: "no-s num", Value: w.Rating.Score}
}

// hoursText is a time in halves of hours.
func hoursText(halves int64) string {
	if halves%2 == 0 {
		return strconv.FormatInt(halves/2, 10)
	}
	return strconv.FormatInt(halves/2, 10) + ".5"
}

// servedBoard is the list of what was served (服务清单).
func (s *Server) servedBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, servedPath, "q", "order", "kind", "taker", "township", "community", "project", "from", "until")
	b := boardAt(l, "微心愿服务清单", "社区确认过的服务：谁服务的、多少人、多少小时")
	w := wishFilter(l)
	w.Served = true
	list, err := s.wishes.List(c.UserContext(), by, w)
	if err != nil {
		return l, b, err
	}
	places, err := s.placeFilters(c.UserContext(), l)
	if err != nil {
		return l, b, err
	}
	b.Filters = append([]boardFilter{{Name: "q", Label: "内容、小区或单位", Value: l.value["q"]}, {Name: "order", Label: "类别", Value: l.value["order"], Options: choicesOf("全部", wish.Orders())}, {Name: "kind", Label: "种类", Value: l.value["kind"], Options: choicesOf("全部", s.wishes.Terms.Choices())},
		{Name: "taker", Label: "谁服务的", Value: l.value["taker"], Options: choicesOf("全部", wish.TakerKinds())}, {Name: "from", Label: "从（如 2026-01-01）", Value: l.value["from"]}, {Name: "until", Label: "到", Value: l.value["until"]}}, places...)
	slices.SortStableFunc(list, func(x, y store.Doc[wish.Wish]) int { return y.State.Served.Compare(x.State.Served) })
	if l.value["desc"] != "" {
		slices.Reverse(list)
	}
	b.Heads = []boardHead{{l.sorted("recent", "心愿", "recent"), ""}, head("谁服务的", ""), head("种类", "no-s"), head("确认日期", "no-s"), head("人数", "no-s num"), head("小时", "no-s num"), head("评分", "no-s num")}
	var halves, helpers, scored, sum int64
	for _, d := range list {
		w := &d.State
		p := w.Proof
		halves, helpers = halves+p.HalfHours, helpers+p.Helpers
		if w.Rating != nil {
			scored, sum = scored+1, sum+w.Rating.Score
		}
		b.Rows = append(b.Rows, boardRow{Name: cut(w.Words, 24), Path: needsPath + "/" + d.ID, Sub: w.Spotted(), Cells: []boardCell{{Text: takerName(w)}, textCell(w.KindTitle), {Text: w.Served.Chinese(), Class: "no-s nw", Value: w.Served},
			{Text: count(int(p.Helpers)), Class: "no-s num", Value: p.Helpers}, {Text: hoursText(p.HalfHours), Class: "no-s num", Value: float64(p.HalfHours) / 2}, scoreCell(w)}})
	}
	b.Figures = []boardFigure{{Label: "服务", Value: count(len(list)), Sub: "件，社区已确认"}, {Label: "时长", Value: hoursText(halves), Sub: "小时，各人相加"}, {Label: "参加", Value: count(int(helpers)), Sub: "人次"},
		{Label: "评单", Value: count(int(scored)) + " / " + count(len(list)), Sub: "件，分母是已确认的" + meanScore(sum, scored)}}
	b.Nav, b.Acts = needsPath, s.wishActs(by, servedPath)
	b.Note = "最近确认的在前；按单位计，不列个人。"
	b.Nothing, b.NothingText = "还没有确认过的服务", "单位接单、提交服务情况，社区确认以后列在这里。"
	return l, b, nil
}

// meanScore says the mean of ratings in tenths, "" for none.
func meanScore(sum, n int64) string {
	if n == 0 {
		return ""
	}
	tenths := (sum*20 + n) / (2 * n)
	return "，平均 " + strconv.FormatInt(tenths/10, 10) + "." + strconv.FormatInt(tenths%10, 10) + " 分"
}

// shiningView is what shining.html shows.
type shiningView struct {
	Rows []wish.Shining
	// Community narrows the list, "" for all; Next is the next page.
	Community, Next string
}

// shining shows everybody what was reviewed.
func (s *Server) shining(c *fiber.Ctx, by policy.Actor) error {
	l := readList(c, shiningPath, "community")
	rows, next, err := s.wishes.Board(c.UserContext(), l.value["community"], l.after)
	if err != nil {
		return err
	}
	v := shiningView{Rows: rows, Community: l.value["community"]}
	if next != "" {
		v.Next = l.address("after", next)
	}
	return s.render(c, by, "shining", page{Title: "微心愿晒单", Nav: shiningPath, Data: v})
}

// choicesOfPlaces are places for a form.
func choicesOfPlaces(first string, list []registry.Choice) []option {
	if len(list) == 1 {
		return []option{{list[0].ID, list[0].Text}}
	}
	return choicesOf(first, list)
}
