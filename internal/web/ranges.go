package web

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
	"redsteward/supervision/inspection"
)

// rangesNotice stands wherever ranges are shown.
const rangesNotice = "敏感性区间，不是置信区间：假设变一变，结果会变多少；它不说真值在哪里。"

// rangePlaces are the decimals with which ranges are shown; they are stored in hundredths.
const rangePlaces = 2

// rangeRoutes are the pages of how firmly results stand.
func (s *Server) rangeRoutes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	return []Route{
		{Method: get, Path: "/periods/:id/ranges", Action: policy.ReadRanges, Handler: s.rangesPage},
		{Method: get, Path: "/periods/:id/ranges.xlsx", Action: policy.ReadRanges, Handler: s.rangesExcel},
		{Method: get, Path: scorersPath, Action: policy.ReadScorers, Handler: s.scorers},
		{Method: post, Path: "/periods/:id/ranges", Action: policy.RunEvaluation, Handler: s.makeRanges},
		{Method: post, Path: "/periods/:id/ranges/repeat", Action: policy.RunEvaluation, Handler: s.repeatRanges},
	}
}

// rangesView is what ranges.html shows.
type rangesView struct {
	// Path is the address of the page, PeriodPath that of the period.
	Path, PeriodPath                    string
	Name, Notice, Excel, All, Clear     string
	CanRun, Made, Running, Whole, Stars bool
	// Failure says why the last try came to nothing.
	Failure, Warning, Few string
	// Shallow says that earlier results were not moved along.
	Shallow    string
	Filters    []boardFilter
	Sort, Desc string
	Filtered   bool
	Heads      []boardHead
	Rows       []rangeLine
	Page       pager
	Axis, Cuts string
	Assumed    []rangeAssumption
	Removals   []removalLine
	Spreads    *spreadsView
	Note       string
}

// rangeLine is one project.
type rangeLine struct {
	Name, Sub, Path       string
	Total, Grade, Median  string
	Range, Ranks, Group   string
	Odds, Moves, MovesSub string
	Without               string
	Strip                 charts.SVG
	Steady                bool
	low                   float64
	own                   int
	width                 int64
	rank, group           int
	total                 *num.Num
	moves                 cycle.Assumption
	project, label        string
}

// rangeAssumption is what one assumption does alone.
type rangeAssumption struct{ Name, By, Changed, Who, Widest string }

// removalLine is what happens without one indicator.
type removalLine struct{ Name, Up, Down, Other, Most, Who string }

// spreadsView are distributions beside each other.
type spreadsView struct {
	Heads   []string
	Rows    []spreadsRow
	Sources []string
	Warning string
}

type spreadsRow struct {
	Label string
	Bar   charts.SVG
	Cells []string
}

// spreadsOf lays distributions beside each other, by grade.
func spreadsOf(d *cycle.Spreads) *spreadsView {
	v := &spreadsView{Heads: []string{"本期"}}
	total := func(list []cycle.GradeCount) (n int) {
		for _, g := range list {
			n += g.Count
		}
		return n
	}
	if d.Earlier != nil {
		v.Heads = append(v.Heads, d.Earlier.Name)
	}
	for _, b := range d.Beside {
		v.Heads = append(v.Heads, b.Name)
		v.Sources = append(v.Sources, b.Name+"："+b.What+"；来源："+b.Source+"。占比按评上等级的算，对象和办法都与本县不同，只供参考")
	}
	most := 1
	for _, g := range d.Now {
		most = max(most, g.Count)
	}
	cell := func(n, of int) string { return count(n) + "（" + share(n, of) + "）" }
	for _, g := range d.Now {
		row := spreadsRow{Label: g.Label, Bar: charts.Bar(plainBar, float64(g.Count)/float64(most)), Cells: []string{cell(g.Count, total(d.Now))}}
		if d.Earlier != nil {
			was := "—"
			if at := slices.IndexFunc(d.Before, func(b cycle.GradeCount) bool { return b.ID == g.ID }); at >= 0 {
				was = cell(d.Before[at].Count, total(d.Before))
			}
			row.Cells = append(row.Cells, was)
		}
		for _, b := range d.Beside {
			text := "—"
			if n := b.Of(g.ID); n > 0 {
				text = cell(int(n), int(b.Total()))
			}
			row.Cells = append(row.Cells, text)
		}
		v.Rows = append(v.Rows, row)
	}
	if d.Holds != "" {
		v.Warning = fmt.Sprintf("“%s”占了参评小区的 %s（%d / %d），超过 %d%%：区分不开，请看看指标和分数线。", d.Holds, share(d.Held, d.Rated), d.Held, d.Rated, d.Concentration)
	}
	if d.Best != "" {
		v.Warning = joinWords(v.Warning, fmt.Sprintf("“%s”占了参评小区的 %s（%d / %d），超过 %d%%：公示以前再核对一次，看是不是都够得上。", d.Best, share(d.Stars, d.Rated), d.Stars, d.Rated, d.Top))
	}
	return v
}

// previewSpreads are the distributions of a period for who may see them, nil for everybody else.
func (s *Server) previewSpreads(ctx context.Context, by policy.Actor, p *cycle.Preview) (*spreadsView, error) {
	if !s.guard.Allow(by, policy.ReadRanges) {
		return nil, nil
	}
	d, err := s.cycle.Spreads(ctx, by, p)
	if err != nil {
		return nil, err
	}
	return spreadsOf(d), nil
}

// rangesPage shows how firmly the results of a period stand.
func (s *Server) rangesPage(c *fiber.Ctx, by policy.Actor) error { return s.showRanges(c, by, "") }

func (s *Server) showRanges(c *fiber.Ctx, by policy.Actor, said string) error {
	ctx, id := c.UserContext(), c.Params("id")
	preview, err := s.cycle.Preview(ctx, by, id)
	if err != nil {
		return err
	}
	v := rangesView{Path: periodPath(id) + "/ranges", PeriodPath: periodPath(id), Name: preview.Period.Name, Notice: rangesNotice, CanRun: s.guard.Allow(by, policy.RunEvaluation), Stars: preview.Period.Stars()}
	if v.Spreads, err = s.previewSpreads(ctx, by, preview); err != nil {
		return err
	}
	shown := page{Title: v.Name + "敏感性区间", Nav: periodsPath, Script: true, Said: said}
	found, err := s.cycle.Ranges(ctx, by, id)
	if fault.Is(err, fault.NotFound) {
		at, err := s.cycle.Progress(ctx, by, id)
		switch {
		case err == nil:
			v.Running, v.Failure = at.Running(), at.Ranges
		case !fault.Is(err, fault.NotFound):
			return err
		}
		shown.Data = v
		return s.render(c, by, "ranges", shown)
	}
	if err != nil {
		return err
	}
	v.Made = true
	l := readList(c, v.Path, "q", "only")
	v.fill(l, found, preview.Cuts)
	v.Whole = c.Query("all") != ""
	if v.All = l.address("all", "1"); v.Whole {
		v.Page = l.pager(len(v.Rows), len(v.Rows), "")
	} else {
		v.Page, v.Rows = pageOf(l, v.Rows)
	}
	shown.Data = v
	return s.render(c, by, "ranges", shown)
}

// fill puts everything on the page that was made.
func (v *rangesView) fill(l listAddress, found *cycle.RangesView, cuts []num.Num) {
	v.Excel, v.Clear, v.Sort, v.Desc, v.Filtered = l.excel(), l.path, l.value["sort"], l.value["desc"], l.filtered()
	only := []option{{Label: "全部"}, {"unsteady", "结果不稳的"}}
	for _, a := range cycle.Assumptions() {
		only = append(only, option{string(a), "主要随" + a.Title() + "动的"})
	}
	only = append(only, option{"without", "去掉一项指标就变的"})
	v.Filters = []boardFilter{{Name: "q", Label: "小区、企业或社区", Value: l.value["q"]}, {Name: "only", Label: "只看", Options: only, Value: l.value["only"]}}
	v.Heads = []boardHead{{l.sorted("name", "小区", "total"), ""}, {l.sorted("total", "总分", "total"), "num"}, {l.sorted("width", "区间（5%–95%）", "total"), "num"}, head("图", "no-s"),
		{l.sorted("group", "并列组", "total"), "num no-s"}, {l.sorted("odds", "结果的可能", "total"), ""}, {l.sorted("moves", "主要随什么动", "total"), ""}}
	if v.Stars { // a quarter has no ranks (practice.md §1)
		v.Heads = slices.Insert(v.Heads, 4, boardHead{l.sorted("rank", "名次区间", "total"), "num no-s"})
	}
	lines := rangeLines(found, cuts)
	v.Assumed, v.Removals = assumptionsOf(found, lines), removalsOf(found)
	if len(lines) > 0 {
		v.Axis = points(num.FromInt(int64(lines[0].low)), 0) + " 至 100 分"
	}
	var marks []string
	for _, cut := range cuts {
		marks = append(marks, points(cut, 0))
	}
	v.Cuts = strings.Join(marks, "、")
	v.Rows = keptRanges(lines, l)
	if found.Runs < 10_000 {
		v.Few = fmt.Sprintf("小区太多，只扰动了 %s 次，名次和可能性比通常的粗。", count(found.Runs))
	}
	v.Note, v.Shallow = rangesSaid(found), shallowText(found)
}

// shallowText says of ranges that were made without moving earlier results along that they are too narrow, "" of others.
func shallowText(found *cycle.RangesView) string {
	if found.Shallow(found.Scheme) {
		return "取自以往季度的得分没有扰动，只动了本期自己的部分，区间偏窄。"
	}
	return ""
}

// rangesSaid says how ranges were made, so that they can be made again.
func rangesSaid(found *cycle.RangesView) string {
	text := fmt.Sprintf("%s评价，%s算成。一起动的扰动 %s 次，只动一种的各 %s 次，种子 %d，规则 %s 版：权重上下 %d%%；打分的人各有宽严，上下满分的 %d%%（%d 人打过分）；缺的数据有 %d%% 的可能补上，从有这项数据的小区里取（%d 个小区有缺）。"+
		"并列组：同组的各小区，都不能在 95%% 以上的扰动里与组内第一名分出上下。去掉一项指标时，以往季度的得分不变。", found.Period.Name, dateTime(found.Made.At.Time), count(found.Runs), count(found.EachRuns), found.Seed, found.Rules, found.Weights, found.Severity, found.Scorers, found.Missing, found.Gaps)
	if found.Earlier > 0 {
		text += fmt.Sprintf("读到的 %s 份季度得分按各自的方案和冻结的事实一起扰动：权重、同一个打分人的宽严、缺的数据；每 4 次年度扰动读同一次季度扰动。", count(found.Earlier))
	}
	return text + shallowText(found)
}

// rangeLines puts the rows into words, the highest total first.
func rangeLines(found *cycle.RangesView, cuts []num.Num) []rangeLine {
	from := 100.0
	for i := range found.Rows {
		if r := &found.Rows[i]; r.RangeRow.Rated > 0 {
			from = min(from, float64(r.Low)/100)
		}
	}
	from = max(0, 10*math.Floor(from/10))
	var marks []float64
	for _, cut := range cuts {
		marks = append(marks, cut.Float64())
	}
	lines := make([]rangeLine, 0, len(found.Rows))
	for i := range found.Rows {
		r := &found.Rows[i]
		line := rangeLine{Name: r.Name, Sub: joinWords(r.Firm, r.Community), Total: "—", Grade: r.Label, Range: "—", Ranks: "—", Group: "—", total: r.Total, project: r.PreviewRow.Project,
			group: r.RangeRow.Group, rank: r.RankLow, width: r.High - r.Low, moves: r.Moves(), label: r.Label, Steady: r.RangeRow.Steady(), low: from}
		if r.Total != nil {
			line.Total = points(*r.Total, rangePlaces)
		}
		strip := charts.Interval{From: from, To: 100, Low: math.NaN(), High: math.NaN(), At: math.NaN(), Cuts: marks}
		if r.RangeRow.Rated > 0 {
			line.Range = points(cycle.Points(r.Low), rangePlaces) + "–" + points(cycle.Points(r.High), rangePlaces)
			line.Median = points(cycle.Points(r.Median), rangePlaces)
			line.Ranks = count(r.RankLow)
			if r.RankHigh != r.RankLow {
				line.Ranks += "–" + count(r.RankHigh)
			}
			line.Group = count(r.RangeRow.Group)
			strip.Low, strip.High = float64(r.Low)/100, float64(r.High)/100
		}
		if r.Total != nil {
			strip.At = r.Total.Float64()
		}
		line.Strip = strip.SVG()
		line.own = r.Grades[r.RangeRow.Grade]
		line.Odds = oddsText(found, &r.RangeRow)
		line.Moves, line.MovesSub = movesText(found, &r.RangeRow)
		line.Without = withoutText(found, &r.RangeRow)
		lines = append(lines, line)
	}
	slices.SortStableFunc(lines, func(a, b rangeLine) int {
		return cmp.Or(-compareTotals(a.total, b.total), strings.Compare(a.Name, b.Name))
	})
	return lines
}

// compareTotals orders totals; what has none is least.
func compareTotals(a, b *num.Num) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return a.Cmp(*b)
}

// oddsText says how often each grade came out: “四星 88.0%、五星 12.0%”.
func oddsText(found *cycle.RangesView, r *cycle.RangeRow) string {
	type odd struct{ place, n int }
	var odds []odd
	all := 0
	for place, n := range r.Grades {
		if all += n; n > 0 {
			odds = append(odds, odd{place, n})
		}
	}
	slices.SortStableFunc(odds, func(a, b odd) int { return b.n - a.n })
	var out []string
	for _, o := range odds {
		out = append(out, found.GradeLabel(o.place)+" "+share(o.n, all))
	}
	return strings.Join(out, "、")
}

// movesText says which assumption moves a project, and in how many runs it changes the grade.
func movesText(found *cycle.RangesView, r *cycle.RangeRow) (text, sub string) {
	moves := r.Moves()
	for i, a := range cycle.Assumptions() {
		if a != moves {
			continue
		}
		one := &r.Alone[i]
		if one.Other > 0 {
			return a.Title(), "只动它，" + share(one.Other, found.EachRuns) + "的次数换了结果"
		}
		return a.Title(), "只动总分 " + points(cycle.Points(one.Low), rangePlaces) + "–" + points(cycle.Points(one.High), rangePlaces)
	}
	return "都不影响", ""
}

// shownIndicators is how many indicators a cell names.
const shownIndicators = 3

// withoutText names the indicators without which a project has another grade.
func withoutText(found *cycle.RangesView, r *cycle.RangeRow) string {
	var names []string
	for _, n := range r.Without {
		names = append(names, found.Scheme.Indicators[n].Name)
	}
	if more := len(names) - shownIndicators; more > 0 {
		return strings.Join(names[:shownIndicators], "、") + fmt.Sprintf("等 %d 项", len(names))
	}
	return strings.Join(names, "、")
}

// keptRanges are the lines that the address of the list asks for, in its order.
func keptRanges(lines []rangeLine, l listAddress) []rangeLine {
	only := l.value["only"]
	rows := slices.DeleteFunc(slices.Clone(lines), func(r rangeLine) bool {
		return !casework.Says(l.value["q"], r.Name, r.Sub) || only == "unsteady" && r.Steady || only == "without" && r.Without == "" ||
			slices.Contains(cycle.Assumptions(), cycle.Assumption(only)) && string(r.moves) != only
	})
	last := func(n int) int { // what has no place comes last
		if n == 0 {
			return math.MaxInt
		}
		return n
	}
	order := map[string]func(a, b rangeLine) int{
		"name":  func(a, b rangeLine) int { return strings.Compare(a.Name, b.Name) },
		"width": func(a, b rangeLine) int { return cmp.Compare(b.width, a.width) },
		"rank":  func(a, b rangeLine) int { return cmp.Compare(last(a.rank), last(b.rank)) },
		"group": func(a, b rangeLine) int { return cmp.Compare(last(a.group), last(b.group)) },
		"odds":  func(a, b rangeLine) int { return cmp.Compare(a.own, b.own) },
		"moves": func(a, b rangeLine) int { return cmp.Compare(a.moves, b.moves) },
	}[l.value["sort"]]
	if order != nil {
		slices.SortStableFunc(rows, order)
	}
	if l.value["desc"] != "" {
		slices.Reverse(rows)
	}
	return rows
}

// assumptionsOf counts what each assumption does alone.
func assumptionsOf(found *cycle.RangesView, lines []rangeLine) []rangeAssumption {
	var out []rangeAssumption
	for i, a := range cycle.Assumptions() {
		type moved struct {
			name  string
			other int
		}
		var list []moved
		wide, widest := int64(-1), ""
		for k := range found.Rows {
			r := &found.Rows[k]
			one := &r.Alone[i]
			if one.Other*20 >= found.EachRuns { // as often as RangeRow.Steady lets pass
				list = append(list, moved{r.Name, one.Other})
			}
			if w := one.High - one.Low; w > wide {
				wide, widest = w, r.Name
			}
		}
		slices.SortStableFunc(list, func(a, b moved) int { return b.other - a.other })
		line := rangeAssumption{Name: a.Title(), Changed: count(len(list)), Who: "—", Widest: "—"}
		var who []string
		for _, m := range list[:min(len(list), 5)] {
			who = append(who, m.name+" "+share(m.other, found.EachRuns))
		}
		if len(who) > 0 {
			line.Who = strings.Join(who, "、")
		}
		if wide > 0 {
			line.Widest = points(cycle.Points(wide), rangePlaces) + " 分（" + widest + "）"
		}
		out = append(out, line)
	}
	return out
}

// removalsOf are the indicators, those without which most projects change first.
func removalsOf(found *cycle.RangesView) []removalLine {
	names := map[string]string{}
	for i := range found.Rows {
		names[found.Rows[i].PreviewRow.Project] = found.Rows[i].Name
	}
	list := slices.Clone(found.Removals)
	slices.SortStableFunc(list, func(a, b cycle.Removal) int { return b.Moved() - a.Moved() })
	var out []removalLine
	for _, r := range list {
		line := removalLine{Name: indicatorName(found, r.Indicator), Up: count(r.Up), Down: count(r.Down), Other: count(r.Other), Most: "—", Who: names[r.Project]}
		if r.Most != 0 && line.Who != "" { // one that lies outside the scope is not named
			line.Most = signed(cycle.Points(r.Most), rangePlaces)
		}
		out = append(out, line)
	}
	return out
}

func indicatorName(found *cycle.RangesView, id string) string {
	for i := range found.Scheme.Indicators {
		if found.Scheme.Indicators[i].ID == id {
			return found.Scheme.Indicators[i].Name
		}
	}
	return id
}

// rangesExcel is exactly what the filter of the list shows, with the other tables of the page.
func (s *Server) rangesExcel(c *fiber.Ctx, by policy.Actor) error {
	preview, err := s.cycle.Preview(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	found, err := s.cycle.Ranges(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	l := readList(c, periodPath(c.Params("id"))+"/ranges", "q", "only")
	lines := rangeLines(found, preview.Cuts)
	note := rangesNotice + rangesSaid(found)
	rows := report.Figures{Sheet: "敏感性区间", Heads: []string{"小区", "编号", "物业服务企业和社区", "结果", "总分", "5%", "中位数", "95%", "最好名次", "最差名次", "并列组", "结果的可能", "主要随什么动", "说明", "去掉就变的指标"}, Note: note}
	of := map[string]*cycle.RangedRow{}
	for i := range found.Rows {
		of[found.Rows[i].PreviewRow.Project] = &found.Rows[i]
	}
	for _, line := range keptRanges(lines, l) {
		r := of[line.project]
		low, median, high, first, last, group := any(""), any(""), any(""), any(""), any(""), any("")
		if r.RangeRow.Rated > 0 {
			low, median, high = cycle.Points(r.Low), cycle.Points(r.Median), cycle.Points(r.High)
			first, last, group = int64(r.RankLow), int64(r.RankHigh), int64(r.RangeRow.Group)
		}
		rows.Rows = append(rows.Rows, []any{line.Name, line.project, line.Sub, line.label, report.Maybe(line.total, rangePlaces), low, median, high, first, last, group, line.Odds, line.Moves, line.MovesSub, line.Without})
	}
	if !found.Period.Stars() {
		const first, last = 8, 10
		rows.Heads = slices.Delete(rows.Heads, first, last)
		for i := range rows.Rows {
			rows.Rows[i] = slices.Delete(rows.Rows[i], first, last)
		}
	}
	alone := report.Figures{Sheet: "只动一种", Heads: []string{"假设", "换了结果的小区", "哪些", "总分动得最多"}, Note: note}
	for _, a := range assumptionsOf(found, lines) {
		alone.Rows = append(alone.Rows, []any{a.Name, a.Changed, a.Who, a.Widest})
	}
	without := report.Figures{Sheet: "去掉一项", Heads: []string{"去掉的指标", "升的小区", "降的小区", "其他变化", "总分变化最大", "小区"}, Note: note}
	for _, r := range removalsOf(found) {
		without.Rows = append(without.Rows, []any{r.Name, r.Up, r.Down, r.Other, r.Most, r.Who})
	}
	return sendFigures(c, found.Period.Name+"敏感性区间.xlsx", rows, alone, without)
}

// makeRanges lets the ranges of an evaluation be made that has none.
func (s *Server) makeRanges(c *fiber.Ctx, by policy.Actor) error {
	if err := s.cycle.StartRanges(c.UserContext(), by, c.Params("id")); err != nil {
		return err
	}
	return seeOther(c, periodPath(c.Params("id"))+"/ranges")
}

// repeatRanges makes them again by the stored seed and says whether the same came out.
func (s *Server) repeatRanges(c *fiber.Ctx, by policy.Actor) error {
	same, err := s.cycle.RepeatRanges(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	if !same {
		return fault.New("web.repeatRanges", fault.Conflict, "用同一种子重算，结果与保存的不同：请保留数据文件夹并联系维护的人")
	}
	return s.showRanges(c, by, "已用同一种子重算，与保存的逐字相同。")
}

// projectRange is what the page of a star says of its range.
type projectRange struct {
	Notice, Range, Median, Ranks, Odds, Moves, MovesSub, Without, Note, Link string
	Strip                                                                    charts.SVG
	Public                                                                   bool
}

// rangeOf is the range of a published star, nil for who may not see it.
func (s *Server) rangeOf(ctx context.Context, by policy.Actor, evaluation, period, project string) (*projectRange, error) {
	if s.cycle == nil {
		return nil, nil
	}
	one, err := s.cycle.RangeOf(ctx, by, evaluation, project)
	if err != nil || one == nil || one.Row.Rated == 0 {
		return nil, err
	}
	view := &cycle.RangesView{Ranges: one.Ranges, Scheme: one.Scheme}
	v := &projectRange{Notice: rangesNotice, Range: points(cycle.Points(one.Row.Low), rangePlaces) + "–" + points(cycle.Points(one.Row.High), rangePlaces), Median: points(cycle.Points(one.Row.Median), rangePlaces),
		Ranks: fmt.Sprintf("第 %s–%s 名", count(one.Row.RankLow), count(one.Row.RankHigh)), Odds: oddsText(view, &one.Row), Without: withoutText(view, &one.Row), Public: s.cycle.RangeRules().Published() != ""}
	v.Moves, v.MovesSub = movesText(view, &one.Row)
	if s.guard.Allow(by, policy.ReadRanges) {
		v.Link = periodPath(period) + "/ranges"
	}
	v.Note = fmt.Sprintf("扰动 %s 次，种子 %d", count(one.Ranges.Runs), one.Ranges.Seed)
	switch shallow := shallowText(view); {
	case shallow != "":
		v.Note += "。" + shallow
	case one.Ranges.Earlier > 0:
		v.Note += "，季度得分一起扰动"
	}
	v.Strip = charts.Interval{From: max(0, 10*math.Floor(float64(one.Row.Low)/1000)), To: 100, Low: float64(one.Row.Low) / 100, High: float64(one.Row.High) / 100, At: float64(one.Row.Median) / 100}.SVG()
	return v, nil
}

// secondScorings puts on a preview where the second scorings of what is near a cut stand, for who may see that.
func (s *Server) secondScorings(ctx context.Context, by policy.Actor, v *previewView) error {
	if !s.guard.Allow(by, policy.ReadRanges) {
		return nil
	}
	found, err := s.cycle.Near(ctx, by, v.Period.ID)
	if err != nil || !found.Asks() || s.supervision == nil {
		return err
	}
	v.Asks = true
	v.NearRule = "临界的由第二人再评一次：另外的人再走一次，看不到前一次的结果，两次都计入；再评通过复核以后重新评价。"
	if found.Rule == cycle.NearRequire {
		v.NearRule += "没有再评完的不能公示、送审。"
	}
	plans := found.Period.State == cycle.StateEvaluated && s.guard.Allow(by, policy.PlanVisit)
	for i := range v.Near {
		one := &found.Rows[i].Second
		row := &v.Near[i]
		row.Second = one.State.Title()
		switch {
		case one.State == inspection.SecondOpen && plans:
			row.Button, row.Link = "安排再评", visitsPath+"/plan?again="+url.QueryEscape(one.First)+"&for="+url.QueryEscape(found.Period.ID)
		case one.Other != "" && s.guard.Allow(by, policy.ReadVisit):
			row.Button, row.Link = "看再评", visitsPath+"/"+one.Other
		}
	}
	return nil
}
