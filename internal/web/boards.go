package web

import (
	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/rating/cycle"
)

// boardsView is what boards.html shows.
type boardsView struct {
	Name   string
	Charts []boardView
}

// boardView is one chart with its table; Folded starts with the table closed, Tall has more rows to draw.
type boardView struct {
	ID, Title    string
	Head         []string
	Rows         [][]string
	Folded, Tall bool
}

// The charts of the boards.
const (
	boardSpread = "spread"
	boardTrend  = "trend"
	boardMoves  = "moves"
	boardHeat   = "heat"
)

// drawnMoves is how many changes the picture holds; the table has all.
const drawnMoves = 20

// boards shows the bureau's boards: each picture with its table. Without script only the tables are there.
func (s *Server) boards(c *fiber.Ctx, by policy.Actor) error {
	b, err := s.cycle.Boards(c.UserContext(), by)
	if err != nil {
		return err
	}
	v := boardsView{Name: b.Name}
	if b.Name != "" {
		for _, id := range []string{boardSpread, boardTrend, boardMoves, boardHeat} {
			one, err := boardTable(b, id)
			if err != nil {
				return err
			}
			v.Charts = append(v.Charts, one)
		}
	}
	return s.render(c, by, "boards", page{Title: "评价看板", Nav: "/boards", Data: v, Script: true, Scripts: []string{"echarts-5.4.3.min.js", "boards.js"}})
}

// boardTable is the table of one chart. Returns NotFound for another id.
func boardTable(b *cycle.Boards, id string) (boardView, error) {
	v := boardView{ID: id}
	cell := func(n *num.Num) string {
		if n == nil {
			return "—"
		}
		return points(*n, 2)
	}
	switch id {
	case boardSpread:
		v.Title, v.Head = "得分分布", []string{"分数段", "小区"}
		for i := len(b.Bands) - 1; i >= 0; i-- {
			v.Rows = append(v.Rows, []string{b.Bands[i].From.Fixed(0) + "–" + b.Bands[i].Until.Fixed(0), count(b.Bands[i].Count)})
		}
		v.Folded = true
	case boardTrend:
		v.Title, v.Head = "各维度得分率走势（%）", append([]string{"季度", "有得分的小区", "平均总分"}, b.Heat.Columns...)
		for _, p := range b.Trend {
			row := []string{p.Period, count(p.Rated), cell(p.Mean)}
			for _, part := range p.Parts {
				row = append(row, cell(part))
			}
			v.Rows = append(v.Rows, row)
		}
	case boardMoves:
		v.Title, v.Head, v.Tall = "与上期相比的变化", []string{"小区", "上期", "本期", "变化"}, true
		for i := range b.Moves {
			m := movedOf(&b.Moves[i], 2)
			v.Rows = append(v.Rows, []string{m.Name, m.Was, m.Is, m.Change})
		}
	case boardHeat:
		v.Title, v.Head, v.Tall = "社区与维度的平均得分率（%）", append([]string{"社区"}, b.Heat.Columns...), true
		for i, name := range b.Heat.Rows {
			row := []string{name}
			for _, n := range b.Heat.Cells[i] {
				row = append(row, cell(n))
			}
			v.Rows = append(v.Rows, row)
		}
	default:
		return v, fault.New("web.boardTable", fault.NotFound, "没有这张图")
	}
	return v, nil
}

// boardOptions are the options of one chart for the page's script.
func (s *Server) boardOptions(c *fiber.Ctx, by policy.Actor) error {
	b, err := s.cycle.Boards(c.UserContext(), by)
	if err != nil {
		return err
	}
	raw, err := drawBoard(b, c.Params("chart"))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Response().Header.SetContentType(fiber.MIMEApplicationJSONCharsetUTF8)
	c.Response().SetBodyRaw(raw)
	return nil
}

// drawBoard makes the options of one chart. Returns NotFound for another id.
func drawBoard(b *cycle.Boards, id string) ([]byte, error) {
	pixels := func(list []*num.Num) []*float64 {
		out := make([]*float64, len(list))
		for i, n := range list {
			if n != nil {
				x := n.Float64()
				out[i] = &x
			}
		}
		return out
	}
	switch id {
	case boardSpread:
		var names []string
		var counts []int
		for i := len(b.Bands) - 1; i >= 0; i-- {
			names, counts = append(names, b.Bands[i].From.Fixed(0)+"–"+b.Bands[i].Until.Fixed(0)), append(counts, b.Bands[i].Count)
		}
		return charts.SpreadOption(names, counts, "小区")
	case boardTrend:
		var periods []string
		lines := make([]charts.Series, len(b.Heat.Columns))
		for j, name := range b.Heat.Columns {
			lines[j].Name = name
		}
		for _, p := range b.Trend {
			periods = append(periods, p.Period)
			for j, x := range pixels(p.Parts) {
				if j < len(lines) {
					lines[j].Values = append(lines[j].Values, x)
				}
			}
		}
		return charts.TrendOption(periods, lines)
	case boardMoves:
		var names []string
		var changes []float64
		for _, m := range b.Moves {
			if m.Change != nil && len(names) < drawnMoves {
				names, changes = append(names, m.Name), append(changes, m.Change.Float64())
			}
		}
		return charts.MoveOption(names, changes, "分")
	case boardHeat:
		var cells [][]*float64
		for _, row := range b.Heat.Cells {
			cells = append(cells, pixels(row))
		}
		return charts.HeatOption(b.Heat.Rows, b.Heat.Columns, cells)
	}
	return nil, fault.New("web.drawBoard", fault.NotFound, "没有这张图")
}

// boardCSV is the table of one chart for Excel.
func (s *Server) boardCSV(c *fiber.Ctx, by policy.Actor) error {
	b, err := s.cycle.Boards(c.UserContext(), by)
	if err != nil {
		return err
	}
	v, err := boardTable(b, c.Params("chart"))
	if err != nil {
		return err
	}
	sheet := newSheet(v.Head...)
	for _, row := range v.Rows {
		cells := []string{guard(row[0])}
		for _, cell := range row[1:] {
			cells = append(cells, ascii(cell))
		}
		sheet.add(cells...)
	}
	return sheet.send(c, v.ID+".csv")
}

// ascii turns a shown number into one that a program reads.
func ascii(shown string) string {
	switch {
	case shown == "—":
		return ""
	case len(shown) > 0 && shown[0] == '+':
		return shown[1:]
	}
	return plainMinus.Replace(shown)
}
