package web

import (
	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
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
	ID, Title string
	Head      []string
	Rows      [][]string
	// Note says what the figures are (口径).
	Note         string
	Folded, Tall bool
	// cells are the rows as figures.
	cells [][]any
}

// The charts of the boards.
const (
	boardSpread = "spread"
	boardTrend  = "trend"
	boardMoves  = "moves"
	boardHeat   = "heat"
)

var boardIDs = []string{boardSpread, boardTrend, boardMoves, boardHeat}

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
		if v.Charts, err = boardTables(b); err != nil {
			return err
		}
	}
	return s.render(c, by, "boards", page{Title: "评价看板", Nav: "/boards", Data: v, Script: true, Scripts: []string{"echarts-5.4.3.min.js", "boards.js"}})
}

func boardTables(b *cycle.Boards) ([]boardView, error) {
	var out []boardView
	for _, id := range boardIDs {
		one, err := boardTable(b, id)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	return out, nil
}

// boardPlaces are the decimals of the boards' figures.
const boardPlaces = 2

// boardTable is the table of one chart. Returns NotFound for another id.
func boardTable(b *cycle.Boards, id string) (boardView, error) {
	v := boardView{ID: id}
	row := func(name string, cells ...any) { v.cells = append(v.cells, append([]any{name}, cells...)) }
	maybe := func(n *num.Num) any { return report.Maybe(n, boardPlaces) }
	switch id {
	case boardSpread:
		v.Title, v.Head, v.Folded = "得分分布", []string{"分数段", "小区"}, true
		v.Note = b.Name + "有得分的小区按总分分段，含下端不含上端。"
		for i := len(b.Bands) - 1; i >= 0; i-- {
			row(b.Bands[i].From.Fixed(0)+"–"+b.Bands[i].Until.Fixed(0), int64(b.Bands[i].Count))
		}
	case boardTrend:
		v.Title, v.Head = "各维度得分率走势（%）", append([]string{"季度", "有得分的小区", "平均总分"}, b.Heat.Columns...)
		v.Note = "已公布的季度；各维度为有得分小区的平均得分率，不加权。"
		for _, p := range b.Trend {
			cells := []any{int64(p.Rated), maybe(p.Mean)}
			for _, part := range p.Parts {
				cells = append(cells, maybe(part))
			}
			row(p.Period, cells...)
		}
	case boardMoves:
		v.Title, v.Head, v.Tall = "与上期相比的变化", []string{"小区", "上期", "本期", "变化"}, true
		v.Note = b.Name + "与上一个已公布的季度相比，总分之差，变化大的在前。"
		for i := range b.Moves {
			m := &b.Moves[i]
			row(m.Name, maybe(m.Was), maybe(m.Total), maybe(m.Change))
		}
	case boardHeat:
		v.Title, v.Head, v.Tall = "社区与维度的平均得分率（%）", append([]string{"社区"}, b.Heat.Columns...), true
		v.Note = b.Name + "，各社区有得分小区的平均得分率，不加权。"
		for i, name := range b.Heat.Rows {
			var cells []any
			for _, n := range b.Heat.Cells[i] {
				cells = append(cells, maybe(n))
			}
			row(name, cells...)
		}
	default:
		return v, fault.New("web.boardTable", fault.NotFound, "没有这张图")
	}
	for _, cells := range v.cells {
		shown := make([]string, len(cells))
		for i, cell := range cells {
			shown[i] = shownFigure(cell, id == boardMoves && i == len(cells)-1)
		}
		v.Rows = append(v.Rows, shown)
	}
	return v, nil
}

// shownFigure is a figure as a page shows it, “—” for none; a change carries its sign.
func shownFigure(cell any, change bool) string {
	switch x := cell.(type) {
	case string:
		if x != "" {
			return x
		}
	case int64:
		return count(int(x))
	case num.Num:
		if change {
			return signed(x, boardPlaces)
		}
		return points(x, boardPlaces)
	}
	return "—"
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

// boardExcel is the table of one chart as a workbook.
func (s *Server) boardExcel(c *fiber.Ctx, by policy.Actor) error {
	b, err := s.cycle.Boards(c.UserContext(), by)
	if err != nil {
		return err
	}
	v, err := boardTable(b, c.Params("chart"))
	if err != nil {
		return err
	}
	return sendFigures(c, v.Title+".xlsx", v.figures())
}

// boardsExcel is a workbook with a sheet for each chart.
func (s *Server) boardsExcel(c *fiber.Ctx, by policy.Actor) error {
	b, err := s.cycle.Boards(c.UserContext(), by)
	if err != nil {
		return err
	}
	tables, err := boardTables(b)
	if err != nil {
		return err
	}
	var sheets []report.Figures
	for i := range tables {
		sheets = append(sheets, tables[i].figures())
	}
	return sendFigures(c, "评价看板.xlsx", sheets...)
}

// boardSheets are the names of the sheets: Excel takes no brackets of some kinds and at most 31 signs.
var boardSheets = map[string]string{boardSpread: "得分分布", boardTrend: "走势", boardMoves: "变化", boardHeat: "社区与维度"}

func (v *boardView) figures() report.Figures {
	return report.Figures{Sheet: boardSheets[v.ID], Heads: v.Head, Rows: v.cells, Note: v.Note}
}
