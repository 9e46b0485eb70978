package web

import (
	"cmp"
	"net/url"
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/supervision/matter"
)

// figuresPath are the boards of matters.
const figuresPath = mattersPath + "/figures"

// figureColumns are the shares of a board: each is a number out of another one.
var figureColumns = []struct {
	Head     string
	N, Of    func(c *matter.Counts) int64
	NIs, Is  matter.Measure
	NSays    string
	SaysOf   string
	ForChart bool
}{
	{"已解决 / 已办结", func(c *matter.Counts) int64 { return c.Solved }, func(c *matter.Counts) int64 { return c.Closed }, matter.MeasureSolved, matter.MeasureClosed, "已解决", "已办结", true},
	{"满意 / 问到", func(c *matter.Counts) int64 { return c.Pleased }, func(c *matter.Counts) int64 { return c.Asked }, matter.MeasurePleased, matter.MeasureAsked, "满意和基本满意", "问到上报人", true},
	{"按期 / 应答复", func(c *matter.Counts) int64 { return c.InTime }, func(c *matter.Counts) int64 { return c.Due }, matter.MeasureInTime, matter.MeasureDue, "按期答复", "应答复", true},
	{"重复 / 上报", func(c *matter.Counts) int64 { return c.Repeated }, func(c *matter.Counts) int64 { return c.Reported }, matter.MeasureRepeated, matter.MeasureReported, "重复", "上报", false},
}

// figureNote says how the figures are made.
const figureNote = "按上报日期归入月份，状态和逾期按现在。已并入别件的只算上报和重复。没有抽查的按部门答复算解决；满意只算问到的，含基本满意；应答复含已答复和期限已过还没有答复的；重复是并入别件的和上报人要求重新办理的。比率后面都有件数，件数太少的只写件数。每千户按登记的小区户数。"

// figuresView is what matter_figures.html shows.
type figuresView struct {
	Title, Excel, Chart string
	Filters             []boardFilter
	Rows                []figureRow
	Total               figureRow
	Heads               []sortLink
	Note                string
	Least               int64
}

// figureRow is one group: its name, and its numbers with the lists behind them.
type figureRow struct {
	Name                 string
	Reported, Open, Late figureNumber
	Per                  string
	Shares               []figureShare
}

// figureNumber is a number and its list.
type figureNumber struct {
	N    int64
	Link string
}

// figureShare is a number out of another one, with both lists; Rate is "" where there are too few.
type figureShare struct {
	N, Of figureNumber
	Rate  string
}

var figureFilters = []string{"period", "by", "township", "kind", "department"}

// figureQuery reads which figures are asked for; without a period, this quarter by community.
func (s *Server) figureQuery(l listAddress) (matter.FigureQuery, error) {
	period, err := matter.ParsePeriod(cmp.Or(l.value["period"], calendar.QuarterOf(calendar.DateOf(s.clocks.Business())).String()))
	return matter.FigureQuery{Period: period, By: cmp.Or(matter.Dimension(l.value["by"]), matter.ByCommunity), Township: l.value["township"], Kind: l.value["kind"], Department: l.value["department"]}, err
}

// periodOptions are the year, its quarters and the last twelve months.
func (s *Server) periodOptions() []option {
	today := calendar.DateOf(s.clocks.Business())
	var out []option
	q := calendar.QuarterOf(today)
	for back := range 5 {
		one := q.Add(-back)
		out = append(out, option{one.String(), one.Chinese()})
	}
	for back := range 2 {
		year := calendar.Year(today.Year() - back)
		out = append(out, option{year.String(), year.Chinese()})
	}
	return append(out, s.monthOptions()[1:]...)
}

// perThousand is how many reports there are for 1,000 households; false where too few live there to say.
func perThousand(f *matter.Figure, least int64) (num.Num, bool) {
	rate, ok := matter.Share(f.Reported*1000, f.Households, least)
	return rate, ok && f.Reported >= least
}

// groupLink is the address of the list of what a group counts for a measure.
func groupLink(q matter.FigureQuery, group string, whole bool, m matter.Measure) string {
	v := url.Values{"period": {q.Period.String()}}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set("township", q.Township)
	set("kind", q.Kind)
	set("department", q.Department)
	if !whole {
		name := string(q.By)
		switch q.By {
		case matter.ByMonth, matter.ByQuarter:
			name = "period"
		case matter.ByDepartment:
			if group == "" {
				group = matter.NoDepartment
			}
		}
		set(name, group)
	}
	if m != matter.MeasureReported {
		v.Set("measure", string(m))
	}
	return mattersPath + "?" + v.Encode()
}

// figureRowOf puts a group into words.
func figureRowOf(q matter.FigureQuery, f *matter.Figure, whole bool, least int64) figureRow {
	at := func(n int64, m matter.Measure) figureNumber { return figureNumber{n, groupLink(q, f.ID, whole, m)} }
	row := figureRow{Name: f.Name, Reported: at(f.Reported, matter.MeasureReported), Open: at(f.Open, matter.MeasureOpen), Late: at(f.Late, matter.MeasureLate)}
	if per, ok := perThousand(f, least); ok {
		row.Per = per.Fixed(2)
	}
	for _, c := range figureColumns {
		share := figureShare{N: at(c.N(&f.Counts), c.NIs), Of: at(c.Of(&f.Counts), c.Is)}
		if rate, ok := matter.Share(share.N.N, share.Of.N, least); ok {
			share.Rate = percent(rate)
		}
		row.Shares = append(row.Shares, share)
	}
	return row
}

// sortFigures brings the groups into the order that is asked for; without one they stay as they are.
func sortFigures(rows []matter.Figure, order string, desc bool) {
	measures := map[string]func(f *matter.Figure) num.Num{
		"reported": func(f *matter.Figure) num.Num { return num.FromInt(f.Reported) }, "open": func(f *matter.Figure) num.Num { return num.FromInt(f.Open) }, "late": func(f *matter.Figure) num.Num { return num.FromInt(f.Late) },
		"per": func(f *matter.Figure) num.Num { per, _ := matter.Share(f.Reported, f.Households, 1); return per },
	}
	of := measures[order]
	if of == nil {
		return
	}
	slices.SortStableFunc(rows, func(a, b matter.Figure) int {
		n := of(&a).Cmp(of(&b))
		if desc {
			return -n
		}
		return n
	})
}

// figureBoard asks for the figures of an address.
func (s *Server) figureBoard(c *fiber.Ctx, by policy.Actor) (listAddress, matter.FigureQuery, matter.Board, error) {
	l := readList(c, figuresPath, figureFilters...)
	q, err := s.figureQuery(l)
	if err != nil {
		return l, q, matter.Board{}, err
	}
	board, err := s.matters.Figures(c.UserContext(), by, q)
	sortFigures(board.Rows, l.value["sort"], l.value["desc"] != "")
	return l, q, board, err
}

// matterFigures shows a board of matters.
func (s *Server) matterFigures(c *fiber.Ctx, by policy.Actor) error {
	l, q, board, err := s.figureBoard(c, by)
	if err != nil {
		return err
	}
	v := figuresView{Title: q.Period.Chinese() + "事项看板", Excel: l.excel(), Note: figureNote, Least: board.Least, Total: figureRowOf(q, &board.Total, true, board.Least)}
	for i := range board.Rows {
		v.Rows = append(v.Rows, figureRowOf(q, &board.Rows[i], false, board.Least))
	}
	v.Heads = []sortLink{{Label: "名称"}, l.sorted("reported", "上报", ""), l.sorted("per", "每千户", "")}
	for _, column := range figureColumns {
		v.Heads = append(v.Heads, sortLink{Label: column.Head})
	}
	v.Heads = append(v.Heads, l.sorted("open", "没有办结", ""), l.sorted("late", "现在逾期", ""))
	kinds, departments := []option{{"", "全部"}}, []option{{"", "全部"}}
	for _, k := range s.matters.Tree.Kinds() {
		kinds = append(kinds, option{k.ID, k.Title})
	}
	for _, d := range s.matters.Tree.Departments() {
		departments = append(departments, option{d.ID, d.Title})
	}
	towns, err := s.townshipOptions(c.UserContext())
	if err != nil {
		return err
	}
	v.Filters = []boardFilter{{Name: "period", Label: "上报时间", Value: q.Period.String(), Options: s.periodOptions()}, {Name: "by", Label: "按什么分", Value: string(q.By), Options: choicesOf("社区", matter.Dimensions())[1:]}, {Name: "township", Label: "乡镇", Value: q.Township, Options: towns},
		{Name: "kind", Label: "大类", Value: q.Kind, Options: kinds}, {Name: "department", Label: "部门", Value: q.Department, Options: departments}}
	if len(board.Rows) > 1 {
		v.Chart = figuresPath + ".json" + addressQuery(l)
		if looksBackNow(c) {
			v.Chart = figuresPath + ".json" + l.address(knownName, lookOf(c).Day.String())[len(l.path):]
		}
	}
	return s.render(c, by, "matter_figures", page{Title: v.Title, Nav: mattersPath, Data: v, Script: true, Scripts: []string{"echarts-5.4.3.min.js", "boards.js"}})
}

// addressQuery is what stands behind the path of a list.
func addressQuery(l listAddress) string { return l.address()[len(l.path):] }

// matterFigureChart are the options of the chart of a board: over time the rates, else how many were reported.
func (s *Server) matterFigureChart(c *fiber.Ctx, by policy.Actor) error {
	_, q, board, err := s.figureBoard(c, by)
	if err != nil {
		return err
	}
	var names []string
	counts, lines := make([]int, len(board.Rows)), []charts.Series{}
	for i := range board.Rows {
		names, counts[i] = append(names, board.Rows[i].Name), int(board.Rows[i].Reported)
	}
	for _, column := range figureColumns {
		if !column.ForChart {
			continue
		}
		line := charts.Series{Name: column.Head}
		for i := range board.Rows {
			line.Values = append(line.Values, drawnShare(column.N(&board.Rows[i].Counts), column.Of(&board.Rows[i].Counts), board.Least))
		}
		lines = append(lines, line)
	}
	raw, err := charts.SpreadOption(names, counts, "上报")
	if q.By == matter.ByMonth || q.By == matter.ByQuarter {
		raw, err = charts.TrendOption(names, lines)
	}
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Response().Header.SetContentType(fiber.MIMEApplicationJSONCharsetUTF8)
	c.Response().SetBodyRaw(raw)
	return nil
}

// drawnShare is a rate in percent for a chart, nil where there are too few.
func drawnShare(n, of, least int64) *float64 {
	rate, ok := matter.Share(n*100, of, least)
	if !ok {
		return nil
	}
	x := rate.Float64()
	return &x
}

// matterFiguresExcel is the same board as Excel, numerators and denominators in columns of their own.
func (s *Server) matterFiguresExcel(c *fiber.Ctx, by policy.Actor) error {
	_, q, board, err := s.figureBoard(c, by)
	if err != nil {
		return err
	}
	f := report.Figures{Sheet: "事项看板", Heads: []string{"名称", "户数", "上报", "每千户"}, Note: q.Period.Chinese() + "。" + figureNote}
	for _, column := range figureColumns {
		f.Heads = append(f.Heads, column.NSays, column.SaysOf, column.NSays+"率")
	}
	f.Heads = append(f.Heads, "没有办结", "现在逾期")
	for _, group := range append(board.Rows, board.Total) {
		row := []any{group.Name, group.Households, group.Reported, ""}
		if per, ok := perThousand(&group, board.Least); ok {
			row[3] = per.Round(2, num.HalfUp)
		}
		for _, column := range figureColumns {
			n, of := column.N(&group.Counts), column.Of(&group.Counts)
			cell := any("")
			if rate, ok := matter.Share(n, of, board.Least); ok {
				cell = percent(rate)
			}
			row = append(row, n, of, cell)
		}
		f.Rows = append(f.Rows, append(row, group.Open, group.Late))
	}
	return sendFigures(c, q.Period.Chinese()+"事项看板.xlsx", f)
}
