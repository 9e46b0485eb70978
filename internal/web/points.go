package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision/wish"
)

// The addresses of points (积分): the balances, and the entries of one unit, team or firm.
const (
	pointsPath  = "/points"
	entriesPath = "/points/entries"
)

// pointRoutes are the pages of points.
func (s *Server) pointRoutes() []Route {
	if s.wishes == nil {
		return nil
	}
	const get, post, one = fiber.MethodGet, fiber.MethodPost, pointsPath + "/:id<maxLen(64)>/reverse"
	return []Route{
		{Method: get, Path: pointsPath, Action: policy.ReadWish, Handler: s.showsOverview(s.pointsBoard)},
		{Method: get, Path: pointsPath + ".xlsx", Action: policy.ReadWish, Handler: s.sendsOverview(s.pointsBoard)},
		{Method: get, Path: entriesPath, Action: policy.ReadWish, Handler: s.showsOverview(s.entriesBoard)},
		{Method: get, Path: entriesPath + ".xlsx", Action: policy.ReadWish, Handler: s.sendsOverview(s.entriesBoard)},
		{Method: get, Path: one, Action: policy.KeepPoints, Handler: s.reversePointsForm},
		{Method: post, Path: one, Action: policy.KeepPoints, Handler: s.reversePoints},
	}
}

// pointNote says by which rules points are booked.
func (s *Server) pointNote() string {
	var rules []string
	for _, r := range s.wishes.Terms.PointRules() {
		rules = append(rules, r.Text())
	}
	return "只记给单位、志愿服务队和企业，不记给个人，不排名；服务经社区确认、群众评过、办结了才记。" + strings.Join(rules, "；") + "。"
}

// pointsBoard are the balances, in the order of names.
func (s *Server) pointsBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, pointsPath, "q", "kind")
	b := boardAt(l, "服务积分", "单位、志愿服务队和物业企业服务微心愿的积分，记错了冲正，不能改")
	list, err := s.wishes.PointAccounts(c.UserContext(), by)
	if err != nil {
		return l, b, err
	}
	if !s.wishes.Terms.PointsOn() {
		b.Warning = "积分没有启用。要启用，请系统管理员在 wishes.yaml 的 points 里写 on: true 和起始日期，重新启动。"
	}
	b.Filters = []boardFilter{{Name: "q", Label: "名称", Value: l.value["q"]}, {Name: "kind", Label: "类别", Value: l.value["kind"], Options: choicesOf("全部", wish.TakerKinds()[:3])}}
	b.Heads = []boardHead{head("名称", ""), head("类别", "no-s"), head("记分的服务", "num"), head("积分", "num")}
	b.Below = "说明"
	for _, a := range list {
		if l.value["q"] != "" && !registry.Finds(a.Taker.Name, l.value["q"]) || l.value["kind"] != "" && string(a.Taker.Kind) != l.value["kind"] {
			continue
		}
		b.Rows = append(b.Rows, boardRow{Name: a.Taker.Name, Path: entriesPath + "?taker=" + url.QueryEscape(a.Taker.Key), Cells: []boardCell{textCell(registry.TextOf(wish.TakerKinds(), a.Taker.Kind)),
			{Text: count(a.Services), Class: "num", Value: int64(a.Services)}, {Text: strconv.FormatInt(a.Points, 10), Class: "num", Value: a.Points}}})
	}
	b.Nav, b.Acts = needsPath, s.wishActs(by, pointsPath)
	b.Note = s.pointNote() + "按名称排。"
	b.Nothing, b.NothingText = "还没有积分", "服务确认、评单、办结以后记在这里。"
	return l, b, nil
}

// entriesBoard are the entries of one unit, team or firm, the last first.
func (s *Server) entriesBoard(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error) {
	l := readList(c, entriesPath, "taker")
	b := boardAt(l, "积分明细", "")
	list, err := s.wishes.PointEntries(c.UserContext(), by, l.value["taker"])
	if err != nil {
		return l, b, err
	}
	b.Intro, b.Crumbs, b.Filtered = list[0].State.Taker.Name, []crumb{{"服务积分", pointsPath}}, false
	reversed, sum := map[string]bool{}, int64(0)
	for _, d := range list {
		reversed[d.State.Of] = true
		sum += d.State.Points
	}
	b.Heads = []boardHead{head("服务", ""), head("日期", "no-s"), head("积分", "num"), head("怎么算的", "no-s"), head("办理", "noprint")}
	b.OnScreen, b.Below = "办理", "说明"
	for _, d := range list {
		e := &d.State
		var parts []string
		for _, p := range e.Parts {
			parts = append(parts, p.Title+" "+strconv.FormatInt(p.Points, 10))
		}
		row := boardRow{Name: e.Kind, Path: needsPath + "/" + e.Wish, Cells: []boardCell{{Text: e.Day.Chinese(), Class: "no-s nw", Value: e.Day}, {Text: strconv.FormatInt(e.Points, 10), Class: "num", Value: e.Points}, textCell(strings.Join(parts, "，"))}}
		act := boardCell{Class: "noprint"}
		switch {
		case e.Of != "":
			row.Name, act.Text, act.Chip = "冲正："+e.Kind, "已冲正", "已冲正"
			row.Sub = e.Reason
		case reversed[d.ID]:
			act.Text, act.Chip = "已冲正", "已冲正"
		case s.guard.Allow(by, policy.KeepPoints):
			act.Text, act.Link = "冲正", pointsPath+"/"+d.ID+"/reverse"
		}
		row.Cells = append(row.Cells, act)
		b.Rows = append(b.Rows, row)
	}
	b.Figures = []boardFigure{{Label: "积分", Value: strconv.FormatInt(sum, 10), Sub: "分"}}
	b.Nav, b.Note = needsPath, s.pointNote()
	return l, b, nil
}

// reversal describes the form that takes an entry back.
func (s *Server) reversal(c *fiber.Ctx) entry {
	return entry{title: "冲正积分", nav: needsPath, entryView: entryView{Crumbs: []crumb{{"服务积分", pointsPath}}, Intro: "冲正记一笔相反的积分，原来的一笔留着；一笔只能冲正一次。", Address: pointsPath + "/" + c.Params("id") + "/reverse",
		Form: []field{reasonField(c, "冲正的原因", "会记入变更日志")}, Button: "冲正", Back: pointsPath}}
}

// reversePointsForm asks for the reason.
func (s *Server) reversePointsForm(c *fiber.Ctx, by policy.Actor) error {
	if _, err := s.wishes.PointsToReverse(c.UserContext(), by, c.Params("id")); err != nil {
		return err
	}
	return s.showEntry(c, by, s.reversal(c), nil)
}

// reversePoints takes an entry back.
func (s *Server) reversePoints(c *fiber.Ctx, by policy.Actor) error {
	err := s.wishes.ReversePoints(c.UserContext(), by, c.Params("id"), c.FormValue("reason"))
	if fault.Is(err, fault.Forbidden) {
		return err
	}
	return s.settled(c, by, s.reversal(c), err, "reason", pointsPath)
}
