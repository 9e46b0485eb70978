package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
)

// boardsPath are the bureau's boards, boardRowsPath lists what stands behind one of their numbers, boardProofsPath what is behind those of the material.
const (
	boardsPath      = "/boards"
	boardRowsPath   = boardsPath + "/rows"
	boardProofsPath = boardsPath + "/proofs"
)

// chartRoutes are the boards: their page, each picture, each table as Excel, and the lists behind their numbers.
func (s *Server) chartRoutes() []Route {
	const get = fiber.MethodGet
	rows := []Route{
		{Method: get, Path: boardsPath, Action: policy.ReadBoards, Handler: s.boards},
		{Method: get, Path: boardsPath + ".xlsx", Action: policy.ReadBoards, Handler: s.boardsExcel},
		{Method: get, Path: boardRowsPath, Action: policy.ReadBoards, Handler: s.boardRows},
		{Method: get, Path: boardRowsPath + ".xlsx", Action: policy.ReadBoards, Handler: s.boardRowsExcel},
	}
	if s.evidence != nil {
		rows = append(rows, Route{Method: get, Path: boardProofsPath, Action: policy.ReadBoards, Handler: s.boardProofs}, Route{Method: get, Path: boardProofsPath + ".xlsx", Action: policy.ReadBoards, Handler: s.boardProofsExcel})
	}
	return append(rows, Route{Method: get, Path: boardsPath + "/:chart.json", Action: policy.ReadBoards, Handler: s.boardOptions}, Route{Method: get, Path: boardsPath + "/:chart.xlsx", Action: policy.ReadBoards, Handler: s.boardExcel})
}

// boardsView is what boards.html shows.
type boardsView struct {
	// Name is the period, "" if there is none yet; Word is how it stands, Against the one that it is compared with.
	Name, Word, Against, Excel string
	Filters                    []field
	Charts                     []boardView
}

// chartCell is a cell of a table: a number with the list behind it.
type chartCell struct{ Text, Link string }

// boardView is one chart with its table; Tall and Wide have more to draw.
type boardView struct {
	ID, Title   string
	Chart, Xlsx string
	Head        []string
	Rows        [][]chartCell
	// More is how many rows Excel has besides, All where they all are.
	More int
	All  string
	// Lead are numbers that stand above the picture.
	Lead []chartCell
	// Note says what the figures are (口径), Nothing why there are none.
	Note, Nothing string
	Tall, Wide    bool
	// cells are the rows as figures, draw makes the options of the picture, nil without one.
	cells [][]any
	draw  func() ([]byte, error)
	sheet string
}

// The charts of the boards.
const (
	boardStars      = "stars"
	boardFlow       = "flow"
	boardCuts       = "cuts"
	boardGoods      = "goods"
	boardTrend      = "trend"
	boardMoves      = "moves"
	boardHeat       = "heat"
	boardProof      = "proof"
	boardObjections = "objections"
)

// drawnMoves is how many changes stand in the picture and on the page; the list behind has all.
const drawnMoves = 20

// boardPlaces are the decimals of the boards' figures.
const boardPlaces = 2

// boardDesk is one request for boards: what was asked, what came out and the addresses that keep what was asked.
type boardDesk struct {
	s  *Server
	c  *fiber.Ctx
	by policy.Actor
	*cycle.Boards
	asked url.Values
	// communities: the places are communities, because there is one township only.
	communities bool
}

// boardsFor reads what an address asks for and makes the figures.
func (s *Server) boardsFor(c *fiber.Ctx, by policy.Actor) (*boardDesk, error) {
	ask := cycle.BoardAsk{Period: c.Query("period"), With: c.Query("with"), Township: c.Query("town")}
	if utf8.RuneCountInString(ask.Township) > maxQuery {
		ask.Township = ""
	}
	b, err := s.cycle.Boards(c.UserContext(), by, ask)
	if err != nil {
		return nil, err
	}
	d := &boardDesk{s: s, c: c, by: by, Boards: b, asked: url.Values{}, communities: len(b.Townships) < 2 || b.Township != ""}
	if b.Period != nil {
		d.asked.Set("period", b.Period.ID)
	}
	if ask.With != "" {
		d.asked.Set("with", ask.With)
	}
	if ask.Township != "" {
		d.asked.Set("town", ask.Township)
	}
	return d, nil
}

// to is an address with what was asked, and some values besides; a value "" is left out.
func (d *boardDesk) to(path string, and ...string) string {
	v := url.Values{}
	for name, values := range d.asked {
		v[name] = values
	}
	for i := 0; i+1 < len(and); i += 2 {
		if v.Del(and[i]); and[i+1] != "" {
			v.Set(and[i], and[i+1])
		}
	}
	if len(v) == 0 {
		return path
	}
	return path + "?" + v.Encode()
}

// boards shows the bureau's boards: each picture with its table. Without script only the tables are there.
func (s *Server) boards(c *fiber.Ctx, by policy.Actor) error {
	d, err := s.boardsFor(c, by)
	if err != nil {
		return err
	}
	v := boardsView{Excel: d.to(boardsPath + ".xlsx")}
	if d.Period != nil {
		v.Name, v.Filters = d.Period.Name, d.filters()
		if d.Period.State != cycle.StatePublished {
			h, err := s.hearing(c.UserContext(), d.Period)
			if err != nil {
				return err
			}
			v.Word = periodWord(d.Period, h)
		}
		if d.Before != nil {
			v.Against = d.Before.Name
		}
		if v.Charts, err = d.all(); err != nil {
			return err
		}
	}
	return s.render(c, by, "boards", page{Title: "评价看板", Nav: boardsPath, Data: v, Script: true, Scripts: []string{"echarts-5.4.3.min.js", "boards.js"}})
}

// filters are the fields above the boards.
func (d *boardDesk) filters() []field {
	var periods []option
	for _, p := range d.Periods {
		label := p.Name
		if p.State != cycle.StatePublished {
			label += "（" + p.State.Chinese() + "）"
		}
		periods = append(periods, option{p.ID, label})
	}
	out := []field{{Name: "period", Label: "周期", Options: periods, Value: d.Period.ID}}
	if len(d.Earlier) > 0 {
		var with []option
		for i, p := range d.Earlier {
			value := p.ID
			if i == 0 {
				value = ""
			}
			with = append(with, option{value, p.Name})
		}
		value := d.Before.ID
		if value == d.Earlier[0].ID {
			value = ""
		}
		out = append(out, field{Name: "with", Label: "和哪一期比", Options: with, Value: value})
	}
	if len(d.Townships) > 1 || d.Township != "" {
		towns := []option{{"", "全部"}}
		for _, t := range d.Townships {
			towns = append(towns, option{t, t})
		}
		out = append(out, field{Name: "town", Label: "乡镇", Options: towns, Value: d.Township})
	}
	return out
}

// boardMaker makes the board with an id; nil for none.
type boardMaker struct {
	id   string
	make func() (*boardView, error)
}

// makers make the boards in their order; a board that is not for the actor is not among them.
func (d *boardDesk) makers() []boardMaker {
	plain := func(f func() *boardView) func() (*boardView, error) {
		return func() (*boardView, error) { return f(), nil }
	}
	out := []boardMaker{{boardStars, plain(d.stars)}, {boardFlow, plain(d.flow)}, {boardCuts, plain(d.cuts)}, {boardGoods, plain(d.goods)}, {boardTrend, plain(d.trend)}, {boardMoves, plain(d.moves)}, {boardHeat, plain(d.heat)}}
	if d.s.evidence != nil && d.s.guard.Allow(d.by, policy.ReadEvidence) {
		out = append(out, boardMaker{boardProof, d.proof})
	}
	if d.s.guard.Allow(d.by, policy.ReadObjection) {
		out = append(out, boardMaker{boardObjections, d.objections})
	}
	return out
}

// all makes every board.
func (d *boardDesk) all() (out []boardView, err error) {
	for _, m := range d.makers() {
		v, err := m.make()
		if err != nil {
			return nil, err
		}
		if v != nil {
			d.finish(v)
			out = append(out, *v)
		}
	}
	return out, nil
}

// one makes the board of the address. Returns NotFound for another one.
func (d *boardDesk) one() (*boardView, error) {
	if d.Period != nil {
		for _, m := range d.makers() {
			if m.id != d.c.Params("chart") {
				continue
			}
			if v, err := m.make(); err != nil || v != nil {
				return v, err
			}
		}
	}
	return nil, fault.New("web.boards", fault.NotFound, "没有这张图")
}

// finish puts the figures of a board into words.
func (d *boardDesk) finish(v *boardView) {
	v.Xlsx = d.to(boardsPath + "/" + v.ID + ".xlsx")
	if v.draw != nil && len(v.cells) > 0 {
		v.Chart = d.to(boardsPath + "/" + v.ID + ".json")
	}
}

// row adds a row: its name, and figures with what stands behind them; link "" for none.
func (v *boardView) row(name, link string, cells ...chartFigure) {
	figures, shown := []any{name}, []chartCell{{name, link}}
	for _, c := range cells {
		figures, shown = append(figures, c.figure), append(shown, chartCell{shownFigure(c.figure, c.change), c.link})
	}
	v.cells, v.Rows = append(v.cells, figures), append(v.Rows, shown)
}

// chartFigure is a figure with the list behind it; a change carries its sign.
type chartFigure struct {
	figure any
	link   string
	change bool
}

// number is a count with the list behind it; nothing has none.
func number(n int, link string) chartFigure {
	if n == 0 {
		link = ""
	}
	return chartFigure{figure: int64(n), link: link}
}

// maybe is a figure that may not be there.
func maybe(n *num.Num, link string) chartFigure {
	if n == nil {
		link = ""
	}
	return chartFigure{figure: report.Maybe(n, boardPlaces), link: link}
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

// rows is the address of the list behind a number.
func (d *boardDesk) rows(and ...string) string { return d.to(boardRowsPath, and...) }

// unevaluated says why there are no results.
func (d *boardDesk) unevaluated() string {
	if d.Period.Evaluation == "" {
		return d.Period.Name + "还没有评价，评价以后才有结果。"
	}
	return "范围以内没有小区参加" + d.Period.Name + "的评价。"
}

// before is the heading of figures of the period before.
func (d *boardDesk) before() string {
	if d.Before == nil {
		return "上期"
	}
	return d.Before.Name
}

// stars is how many compounds have each star.
func (d *boardDesk) stars() *boardView {
	v := &boardView{ID: boardStars, Title: "星级分布", sheet: "星级分布", Head: []string{"等级", d.Period.Name, "占比"}}
	if !d.Period.Stars() {
		for _, p := range d.Periods {
			if p.Stars() {
				v.All, v.Nothing = boardsPath+"?period="+url.QueryEscape(p.ID), "季度不评星。最近一个年度是"+p.Name+"。"
				return v
			}
		}
		v.Nothing = "季度不评星，还没有年度评价。"
		return v
	}
	present := d.Those(cycle.BoardFilter{Present: true})
	if len(present) == 0 {
		v.Nothing = d.unevaluated()
		return v
	}
	v.Note = d.Period.Name + "评价结果，占比的分母是全部 " + count(len(present)) + " 个小区。"
	if d.Before != nil {
		v.Head = append(v.Head, d.Before.Name)
		v.Note += d.Before.Name + "按当年参评的小区数。"
	}
	var names []string
	var now, was []int
	for _, g := range d.Grades() {
		n, before := len(d.Those(cycle.BoardFilter{Grade: g.ID})), len(d.Those(cycle.BoardFilter{Was: g.ID}))
		if n+before == 0 && g.Level == nil {
			continue
		}
		cells := []chartFigure{number(n, d.rows("grade", g.ID)), {figure: share(n, len(present))}}
		if d.Before != nil {
			cells = append(cells, number(before, d.rows("was", g.ID)))
			was = append(was, before)
		}
		names, now = append(names, g.Label), append(now, n)
		v.row(g.Label, "", cells...)
	}
	v.draw = func() ([]byte, error) { return charts.StarOption(names, now, was, d.Period.Name, d.before()) }
	return v
}

// flow is from which star to which the compounds went.
func (d *boardDesk) flow() *boardView {
	if !d.Period.Stars() || d.Before == nil || len(d.Rows) == 0 {
		return nil
	}
	v := &boardView{ID: boardFlow, Title: "星级升降", sheet: "星级升降", Head: []string{d.Before.Name + " → " + d.Period.Name}, Wide: true,
		Note: "行是" + d.Before.Name + "的等级，列是" + d.Period.Name + "的等级；两期都参评的小区，加上新参评和不再参评的。"}
	var columns []string
	for _, g := range d.Grades() {
		if len(d.Those(cycle.BoardFilter{Grade: g.ID})) > 0 {
			columns, v.Head = append(columns, g.ID), append(v.Head, g.Label)
		}
	}
	v.Head = append(v.Head, cycle.MovedGone.Title())
	seen := map[string]bool{}
	for i := range d.Rows {
		seen[d.Rows[i].WasGrade] = true
	}
	for _, g := range append(slices.Clone(d.Grades()), rating.Grade{Label: cycle.MovedNew.Title()}) {
		if !seen[g.ID] {
			continue
		}
		var cells []chartFigure
		for _, column := range columns {
			f, link := cycle.BoardFilter{Was: g.ID, Grade: column}, d.rows("was", g.ID, "grade", column)
			if g.ID == "" {
				f, link = cycle.BoardFilter{Move: cycle.MovedNew, Grade: column}, d.rows("move", string(cycle.MovedNew), "grade", column)
			}
			cells = append(cells, number(len(d.Those(f)), link))
		}
		gone := 0
		if g.ID != "" {
			gone = len(d.Those(cycle.BoardFilter{Was: g.ID, Move: cycle.MovedGone}))
		}
		v.row(g.Label, "", append(cells, number(gone, d.rows("was", g.ID, "move", string(cycle.MovedGone))))...)
	}
	return v
}

// cuts is how many compounds have each total, beside the totals at which another star begins.
func (d *boardDesk) cuts() *boardView {
	v := &boardView{ID: boardCuts, Title: "总分分布与星级线", sheet: "总分分布", Head: []string{"总分", "小区", "星级线"}}
	rated := d.Those(cycle.BoardFilter{Rated: true})
	if len(rated) == 0 {
		v.Nothing = d.unevaluated()
		return v
	}
	low, high := 1000, 0
	for i := range rated {
		at := floor(*rated[i].Total)
		low, high = min(low, at), max(high, at)
	}
	lines := make([]charts.CutLine, len(d.Cuts))
	for i, c := range d.Cuts {
		lines[i] = charts.CutLine{Label: c.Label + c.At.String(), At: c.At.Float64()}
		if at := floor(c.At); at >= low-3 && at <= high+3 {
			low, high = min(low, at-1), max(high, at)
		}
	}
	counts := make([]int, high-low+1)
	for i := range rated {
		counts[floor(*rated[i].Total)-low]++
	}
	for at := high; at >= low; at-- {
		n, where := counts[at-low], ""
		for _, c := range d.Cuts {
			switch floor(c.At) {
			case at:
				where = c.Label + "线上"
			case at + 1:
				where = c.Label + "线下"
			}
		}
		if n == 0 && where == "" {
			continue // most of the span is empty
		}
		v.row(strconv.Itoa(at)+"–"+strconv.Itoa(at+1), "", number(n, d.rows("from", strconv.Itoa(at), "until", strconv.Itoa(at+1))), chartFigure{figure: where})
	}
	v.Note = d.Period.Name + "有得分的 " + count(len(rated)) + " 个小区，每 1 分一段，含下端不含上端；没有小区的段不列，紧挨星级线的都列；线上、线下是紧挨着它的 1 分。"
	if !d.Period.Stars() {
		v.Note += "季度不评星，星级线是年度方案的，供参考。"
	}
	v.draw = func() ([]byte, error) { return charts.CutsOption(float64(low), counts, lines, "小区") }
	return v
}

// floor is the whole part of a total, which is never negative.
func floor(n num.Num) int {
	whole, _ := n.Round(0, num.Floor).Int64()
	return int(whole)
}

// place is one line of what is counted by place.
type boardPlace struct {
	name string
	// link leads to the boards of the place, "" where they are these; key and value are the filter of the lists.
	link, key, value string
	rows             []cycle.BoardRow
}

// places are the townships of the scope, or the communities where there is one township; the first is all of it.
func (d *boardDesk) places() []boardPlace {
	all := cmp.Or(d.Township, "全部")
	out := []boardPlace{{name: all, rows: d.Those(cycle.BoardFilter{Present: true})}}
	if d.communities {
		for _, name := range d.Communities() {
			if rows := d.Those(cycle.BoardFilter{Community: name, Present: true}); len(rows) > 0 {
				out = append(out, boardPlace{name: cmp.Or(name, "没有登记社区"), key: "community", value: name, rows: rows})
			}
		}
		return out
	}
	for _, name := range d.Townships {
		p := boardPlace{name: name, link: d.to(boardsPath, "town", name), key: "town", value: name}
		for _, r := range out[0].rows {
			if r.Township == name {
				p.rows = append(p.rows, r)
			}
		}
		if len(p.rows) > 0 {
			out = append(out, p)
		}
	}
	return out
}

// placeWord is what a place is called.
func (d *boardDesk) placeWord() string {
	if d.communities {
		return "社区"
	}
	return "乡镇"
}

// goods are the mean rates of the five goods by place.
func (d *boardDesk) goods() *boardView {
	v := &boardView{ID: boardGoods, Title: "各" + d.placeWord() + "五好得分率（%）", sheet: "五好得分率", Head: []string{d.placeWord(), "有得分的小区", "平均总分"}, Tall: true, Wide: true}
	if len(d.Those(cycle.BoardFilter{Rated: true})) == 0 {
		v.Nothing = d.unevaluated()
		return v
	}
	v.Note = d.Period.Name + "有得分小区的平均得分率，每个小区一样重；点数字看是哪些小区。"
	var names, columns []string
	var drawn [][]*float64
	for _, part := range d.Parts() {
		v.Head, columns = append(v.Head, part.Name), append(columns, shortName(part.Name))
	}
	for _, p := range d.places() {
		n, mean := cycle.Mean(p.rows, d.Figure(&cycle.BoardFilter{}))
		cells := []chartFigure{number(n, d.rows(p.key, p.value, "rated", "1")), maybe(mean, d.rows(p.key, p.value, "rated", "1"))}
		var line []*float64
		for _, part := range d.Parts() {
			f := cycle.BoardFilter{Part: part.ID}
			_, rate := cycle.Mean(p.rows, d.Figure(&f))
			cells, line = append(cells, maybe(rate, d.rows(p.key, p.value, "part", part.ID))), append(line, pixel(rate, 1))
		}
		v.row(p.name, p.link, cells...)
		names, drawn = append(names, p.name), append(drawn, line)
	}
	v.draw = func() ([]byte, error) { return charts.HeatOption(names, columns, drawn) }
	return v
}

// pixel is a figure for a picture.
func pixel(n *num.Num, places int) *float64 {
	if n == nil {
		return nil
	}
	x := n.Round(places, num.HalfUp).Float64()
	return &x
}

// trend is how the means went over the published periods.
func (d *boardDesk) trend() *boardView {
	v := &boardView{ID: boardTrend, Title: "五好得分率走势（%）", sheet: "走势", Head: []string{"周期", "有得分的小区", "平均总分"}}
	if len(d.Trend) == 0 {
		v.Nothing = "公布第一个周期以后才有走势。"
		return v
	}
	v.Note = "到" + d.Period.Name + "为止已公布的同类周期，最多八个；有得分小区的平均得分率，每个小区一样重。方案换过的，按名称相同的维度接着看。"
	var names []string
	lines := make([]charts.Series, len(d.Parts()))
	for i, part := range d.Parts() {
		v.Head, lines[i].Name = append(v.Head, part.Name), shortName(part.Name)
	}
	for _, p := range d.Trend {
		cells := []chartFigure{{figure: int64(p.Rated)}, maybe(p.Mean, "")}
		for i, part := range d.Parts() {
			rate := p.Parts[part.Name]
			cells = append(cells, maybe(rate, ""))
			lines[i].Values = append(lines[i].Values, pixel(rate, 2))
		}
		link := ""
		if at := slices.IndexFunc(d.Periods, func(one cycle.Period) bool { return one.Name == p.Period }); at >= 0 {
			link = d.to(boardsPath, "period", d.Periods[at].ID, "with", "")
		}
		v.row(p.Period, link, cells...)
		names = append(names, p.Period)
	}
	if len(names) > 1 {
		v.draw = func() ([]byte, error) { return charts.TrendOption(names, lines) }
	}
	return v
}

// moves is who went up and down against the period before.
func (d *boardDesk) moves() *boardView {
	v := &boardView{ID: boardMoves, Title: "升降", sheet: "升降", Head: []string{"小区", "升降", d.before(), d.Period.Name, "分差"}, Tall: true}
	switch {
	case d.Before == nil:
		v.Nothing = "没有更早的已公布周期可以比较。"
		return v
	case len(d.Rows) == 0:
		v.Nothing = d.unevaluated()
		return v
	}
	for _, m := range cycle.BoardMoves() {
		if n := len(d.Those(cycle.BoardFilter{Move: m})); n > 0 {
			v.Lead = append(v.Lead, chartCell{m.Title() + " " + count(n), d.rows("move", string(m))})
		}
	}
	v.Note = d.Period.Name + "与" + d.Before.Name + "比，总分之差大的在前。季度按总分升降；年度按星级升降，没有星的算最低。缺总分的不可比；新参评和不再参评的没有分差。"
	rows := slices.Clone(d.Rows)
	slices.SortStableFunc(rows, func(a, b cycle.BoardRow) int {
		return cmp.Or(sizeOf(b.Change).Cmp(sizeOf(a.Change)), cmp.Compare(a.Name, b.Name))
	})
	var names []string
	var changes []float64
	for i := range rows {
		r := &rows[i]
		link := d.result(r)
		v.row(r.Name, link, chartFigure{figure: r.Move.Title()}, maybe(r.Was, ""), maybe(r.Total, ""), chartFigure{figure: report.Maybe(r.Change, boardPlaces), change: true})
		if r.Change != nil && len(names) < drawnMoves {
			names, changes = append(names, r.Name), append(changes, r.Change.Float64())
		}
	}
	if v.More = len(v.Rows) - drawnMoves; v.More > 0 {
		v.Rows, v.All = v.Rows[:drawnMoves], d.rows()
	}
	if len(names) > 0 {
		v.draw = func() ([]byte, error) { return charts.MoveOption(names, changes, "分") }
	}
	return v
}

// sizeOf is how much something changed; nothing is below everything.
func sizeOf(n *num.Num) num.Num {
	if n == nil {
		return num.FromInt(-1)
	}
	return n.Abs()
}

// result is where the result of a compound is shown, its dossier where that is nowhere.
func (d *boardDesk) result(r *cycle.BoardRow) string {
	newest := slices.IndexFunc(d.Periods, func(p cycle.Period) bool { return p.Stars() && p.State == cycle.StatePublished })
	switch {
	case r.Move != cycle.MovedGone && newest >= 0 && d.Periods[newest].ID == d.Period.ID:
		return starAddress(r.Project)
	case r.Move != cycle.MovedGone && len(d.Period.Tellings) > 0 && d.s.guard.Allow(d.by, policy.ReadObjection):
		return scorePath(d.Period.ID, r.Project)
	}
	return projectPath(r.Project)
}

// heat are the mean rates of the indicators by place.
func (d *boardDesk) heat() *boardView {
	v := &boardView{ID: boardHeat, Title: "指标热力图：各" + d.placeWord() + "平均得分率（%）", sheet: "指标热力图", Head: []string{"指标"}, Tall: true, Wide: true}
	if len(d.Those(cycle.BoardFilter{Rated: true})) == 0 {
		v.Nothing = d.unevaluated()
		return v
	}
	v.Note = d.Period.Name + "，这项指标计分的小区的平均得分率，每个小区一样重；“—”是没有小区计分。颜色深的得分低。"
	places := d.places()
	var names, columns []string
	for _, p := range places {
		v.Head, columns = append(v.Head, p.name), append(columns, p.name)
	}
	var drawn [][]*float64
	kept := false
	for i := range d.Scheme.Indicators {
		in := &d.Scheme.Indicators[i]
		f := cycle.BoardFilter{Line: in.ID}
		figure := d.Figure(&f)
		var cells []chartFigure
		var line []*float64
		some := false
		for _, p := range places {
			_, rate := cycle.Mean(p.rows, figure)
			some = some || rate != nil
			cells, line = append(cells, maybe(rate, d.rows(p.key, p.value, "line", in.ID))), append(line, pixel(rate, 0))
		}
		if !some && d.Scheme.Keeps(in.ID) {
			kept = true
			continue
		}
		v.row(in.Name, "", cells...)
		names, drawn = append(names, in.Name), append(drawn, line)
	}
	if kept {
		v.Note += "按规则只给合计的部分不逐项列出，只有党组织等有权看党建事实的人看得到。"
	}
	v.draw = func() ([]byte, error) { return charts.HeatOption(names, columns, drawn) }
	return v
}

// boardOptions are the options of one chart for the page's script.
func (s *Server) boardOptions(c *fiber.Ctx, by policy.Actor) error {
	d, err := s.boardsFor(c, by)
	if err != nil {
		return err
	}
	v, err := d.one()
	if err != nil {
		return err
	}
	if v.draw == nil {
		return fault.New("web.boards", fault.NotFound, "没有这张图")
	}
	raw, err := v.draw()
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Response().Header.SetContentType(fiber.MIMEApplicationJSONCharsetUTF8)
	c.Response().SetBodyRaw(raw)
	return nil
}

// boardExcel is the table of one chart as a workbook.
func (s *Server) boardExcel(c *fiber.Ctx, by policy.Actor) error {
	d, err := s.boardsFor(c, by)
	if err != nil {
		return err
	}
	v, err := d.one()
	if err != nil {
		return err
	}
	return sendFigures(c, d.Period.Name+v.sheet+".xlsx", v.figures())
}

// boardsExcel is a workbook with a sheet for each chart.
func (s *Server) boardsExcel(c *fiber.Ctx, by policy.Actor) error {
	d, err := s.boardsFor(c, by)
	if err != nil {
		return err
	}
	if d.Period == nil {
		return fault.New("web.boards", fault.NotFound, "还没有评价周期")
	}
	tables, err := d.all()
	if err != nil {
		return err
	}
	var sheets []report.Figures
	for i := range tables {
		sheets = append(sheets, tables[i].figures())
	}
	return sendFigures(c, d.Period.Name+"评价看板.xlsx", sheets...)
}

func (v *boardView) figures() report.Figures {
	return report.Figures{Sheet: v.sheet, Heads: v.Head, Rows: v.cells, Note: cmp.Or(v.Nothing, v.Note)}
}
