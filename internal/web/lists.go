package web

import (
	"github.com/gofiber/fiber/v2"

	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating/cycle"
)

// listsPath shows what stands out in the last published period (红榜、整改提示榜).
const listsPath = "/lists"

// listRoutes are the lists, as a page and as Excel.
func (s *Server) listRoutes() []Route {
	return []Route{{Method: fiber.MethodGet, Path: listsPath, Action: policy.Public, Handler: s.lists}, {Method: fiber.MethodGet, Path: listsPath + ".xlsx", Action: policy.Public, Handler: s.listsExcel}}
}

// listsView is what lists.html shows.
type listsView struct {
	Lists []listOf
	Basis string
}

// listOf is one list; Text says from when and until when.
type listOf struct {
	cycle.List
	Text string
}

// listText says from which period a list is and until when it is shown.
func listText(l *cycle.List) string {
	switch {
	case l.Period == "":
		return "还没有公布过的周期"
	case l.Over:
		return l.Period + "的榜单已于" + l.Until.Chinese() + "到期，下一期公布以后更新"
	}
	return l.Period + "，列到" + l.Until.Chinese() + "，下一期公布时更新"
}

// lists shows the lists. What it shows changes with a publication or a day only, and is kept for as long.
func (s *Server) lists(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	today := s.clockOf(ctx).today
	key := listsPath + "#" + today.String()
	for _, rhythm := range []string{cycle.RhythmQuarter, cycle.RhythmYear} {
		list, err := s.cycle.Published(ctx, rhythm)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			key += "#" + list[0].Evaluation
		}
	}
	cached, err := s.cache.get(key+s.frame(c, by), func() ([]byte, error) {
		found, err := s.cycle.Lists(ctx, today)
		if err != nil {
			return nil, err
		}
		var v listsView
		for i := range found {
			v.Basis = found[i].Basis
			v.Lists = append(v.Lists, listOf{found[i], listText(&found[i])})
		}
		return s.renderBytes(c, by, "lists", page{Title: "红榜和整改提示榜", Nav: listsPath, Data: v})
	})
	if err != nil {
		return err
	}
	return cached.send(c)
}

// listsExcel is the same as Excel.
func (s *Server) listsExcel(c *fiber.Ctx, _ policy.Actor) error {
	found, err := s.cycle.Lists(c.UserContext(), s.clockOf(c.UserContext()).today)
	if err != nil {
		return err
	}
	sheet := report.Figures{Sheet: "榜单", Heads: []string{"榜单", "周期", "小区", "社区", "乡镇", "企业", "得分", "列到"}}
	for i := range found {
		for _, r := range found[i].Rows {
			sheet.Rows = append(sheet.Rows, []any{found[i].Title, found[i].Period, r.Name, r.Community, r.Township, r.Firm, optionalNumber(r.Total, 2), found[i].Until})
		}
	}
	return sendFigures(c, "红榜和整改提示榜.xlsx", sheet)
}
