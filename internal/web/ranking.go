package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating/standing"
)

// maxQuery is the longest name that is searched for, in characters.
const maxQuery = 40

// facetNames are the query names of the further filters.
var facetNames = []string{"f1", "f2", "f3", "f4"}

// periodName is the query name of the period of a board.
const periodName = "period"

// standsName is the query name of the filter by how a star stands.
const standsName = "stands"

// standsView is that filter over some rows, none where all stand alike.
func (f filter) standsView(words []string) []facetView {
	if len(words) < 2 {
		return nil
	}
	return []facetView{{Field: standsName, Label: "星级状态", Value: f.Stands, Values: words}}
}

// readFilter reads the board's filter from the address. What cannot be meant is left out rather than refused, so that an old link still works.
func readFilter(c *fiber.Ctx, b *board) filter {
	f := filter{Grade: c.Query("grade"), Sort: c.Query("sort"), Desc: c.Query("desc") == "1", After: c.Query("after"), Before: c.Query("before")}
	f.Query = strings.ToLower(strings.TrimSpace(c.Query("q")))
	if utf8.RuneCountInString(f.Query) > maxQuery {
		f.Query = string([]rune(f.Query)[:maxQuery])
	}
	if _, ok := b.grades[f.Grade]; !ok {
		f.Grade = ""
	}
	if _, ok := sortNames[f.Sort]; !ok || f.Sort == "rank" {
		f.Sort = ""
	}
	f.Facets = make([]string, len(b.facets))
	if b.now != nil {
		f.Period = b.Period
	}
	for i := range min(len(b.facets), len(facetNames)) {
		if v := c.Query(facetNames[i]); slices.Contains(b.facets[i], v) {
			f.Facets[i] = v
		}
	}
	if v := c.Query(standsName); slices.Contains(b.stands, v) {
		f.Stands = v
	}
	for _, cursor := range []*string{&f.After, &f.Before} {
		if _, ok := b.byID[*cursor]; !ok {
			*cursor = ""
		}
	}
	if f.After != "" {
		f.Before = ""
	}
	return f
}

// narrows reports whether the filter leaves rows out.
func (f filter) narrows() bool {
	return f.Query != "" || f.Grade != "" || f.Stands != "" || strings.Join(f.Facets, "") != ""
}

// query is the address form of a filter, in one order, so that equal filters share a cached page.
func (f filter) query() string {
	v := url.Values{}
	set := func(name, value string) {
		if value != "" {
			v.Set(name, value)
		}
	}
	set(periodName, f.Period)
	set("q", f.Query)
	set("grade", f.Grade)
	for i, value := range f.Facets {
		if i < len(facetNames) {
			set(facetNames[i], value)
		}
	}
	set(standsName, f.Stands)
	set("sort", f.Sort)
	if f.Desc {
		set("desc", "1")
	}
	set("after", f.After)
	set("before", f.Before)
	return v.Encode()
}

// address is a link to path with the filter.
func (f filter) address(path string) string {
	if q := f.query(); q != "" {
		return path + "?" + q
	}
	return path
}

// pages are the links to the next page and to the one before, "" where there is none.
func (f filter) pages(path string, found result) (next, back string) {
	at := f.first()
	if found.Next != "" {
		at.After = found.Next
		next = at.address(path)
	}
	if found.Previous != "" {
		at.After, at.Before = "", found.Previous
		back = at.address(path)
	}
	return next, back
}

// first is the filter from its first page.
func (f filter) first() filter {
	f.After, f.Before = "", ""
	return f
}

// sortLink is a header of the board.
type sortLink struct {
	Label, Address, Aria, Arrow string
}

// header makes the link that sorts by a column, or turns the order if it is sorted already.
func (f filter) header(path, name, label string) sortLink {
	current := f.Sort
	if current == "" {
		current = "rank"
	}
	next := f.first()
	next.Sort, next.Desc = name, false
	if name == "rank" {
		next.Sort = ""
	}
	l := sortLink{Label: label}
	if current == name {
		next.Desc = !f.Desc
		l.Aria, l.Arrow = "ascending", "↑"
		if f.Desc {
			l.Aria, l.Arrow = "descending", "↓"
		}
	}
	l.Address = next.address(path)
	return l
}

// rankingView is what ranking.html shows.
type rankingView struct {
	*board
	Filter          filter
	Filtered        bool
	Page            result
	Rows            []rankingRow
	Rank, Name      sortLink
	Firm, GradeSort sortLink
	ShowFirm        bool
	ShowMark        bool
	Facets          []facetView
	Spread          []spreadRow
	Apart           []apartRow
	// ApartRest are further rows without rank, which fold out, ApartMore how many more there are.
	ApartRest      []apartRow
	ApartMore      int
	NextPage, Back string
	CSV, Clear     string
	// Outputs are the columns of further results.
	Outputs []Column
	// Periods are the other published periods, the newest first, by id; Now is the title of the one that is shown now when this is another one.
	Periods []option
	Now     string
	// Among: the rows are compared with each other, Mean is the mean of their totals.
	Among             bool
	Mean              string
	All, Shown, Rated int
}

type rankingRow struct {
	// Rank is the place among all, Within that among those of the filter, 0 if they are not compared with each other.
	Rank, Within                int
	ID, Name, Place, Firm, Mark string
	Address, FirmAddress        string
	Level                       int
	Grade, Total, Moved         string
	Parts                       []partCell
	Outputs                     []string
}

// partCell is one rate; the weakest below 90 are underlined.
type partCell struct {
	Text string
	Low  bool
}

type facetView struct {
	Field, Label, Value string
	Values              []string
}

// spreadRow is one line of the spread.
type spreadRow struct {
	Label, Count, Share string
	Bar                 charts.SVG
	// Short labels stay on one line.
	Short bool
}

type apartRow struct {
	Name, Address, Grade, State, Reason, Place string
}

// apartShown is how many of the rows without rank stand beside the board; those up to apartListed fold out, more are in the table to download.
const (
	apartShown  = 8
	apartListed = 200
)

// ranking is the public board.
func (s *Server) ranking(c *fiber.Ctx, by policy.Actor) error {
	if _, err := s.boardNow(c.UserContext()); fault.Is(err, fault.NotFound) {
		return s.render(c, by, "ranking", page{Title: "星级榜", Nav: "/", Data: (*rankingView)(nil)})
	}
	b, err := s.boardOfPeriod(c.UserContext(), c.Query(periodName))
	if err != nil {
		return err
	}
	f := readFilter(c, b)
	past, err := s.pastNow(c.UserContext())
	if err != nil {
		return err
	}
	key := s.cacheKey(c, by, b, "/", f.query()+"#"+past.version)
	cached, err := s.cache.get(key, func() ([]byte, error) {
		return s.renderBytes(c, by, "ranking", page{Title: b.Title, Nav: "/", Data: s.rankingView(b, f, past.list)})
	})
	if err != nil {
		return err
	}
	return cached.send(c)
}

// cacheKey names a public page by everything that it depends on: the evaluation, the day, the query, and how it is framed.
func (s *Server) cacheKey(c *fiber.Ctx, by policy.Actor, b *board, path, query string) string {
	return path + "?" + query + "#" + b.ID + "." + strconv.FormatInt(b.N, 10) + "." + b.Stands + s.frame(c, by)
}

// frame tells what a public page shows beside its content: the way in or on, the size of its type, and the day.
func (s *Server) frame(c *fiber.Ctx, by policy.Actor) string {
	frame := "p"
	if by.SignedIn() {
		frame = "s"
	}
	if s.bigType(c, by) {
		frame += "b"
	}
	return frame + calendar.DateOf(s.clocks.Business()).String()
}

func (s *Server) rankingView(b *board, f filter, past []PastFirms) *rankingView {
	found := b.page(f)
	v := &rankingView{
		board: b, Filter: f, Filtered: f.narrows(),
		Page: found, All: len(b.byID), Rated: len(b.rows), Shown: found.Count,
		Rank: f.header("/", "rank", "名次"), Name: f.header("/", "name", b.Subject), Firm: f.header("/", "firm", "物业服务企业"), GradeSort: f.header("/", "grade", "等级"),
		CSV: f.first().address("/stars.csv"), Clear: filter{Period: f.Period}.address("/"), Outputs: b.listed(),
	}
	current := b
	if b.now != nil {
		current, v.Now = b.now, b.now.Title
	}
	for _, p := range slices.Backward(past) {
		if p.ID != current.Period {
			v.Periods = append(v.Periods, option{p.ID, p.Period})
		}
	}
	if b.Levels {
		v.GradeSort.Label = "星级"
	}
	v.NextPage, v.Back = f.pages("/", found)
	for i, label := range b.Evaluation.Facets {
		if i < len(facetNames) && len(b.facets[i]) > 1 {
			v.Facets = append(v.Facets, facetView{Field: facetNames[i], Label: label, Value: f.Facets[i], Values: b.facets[i]})
		}
	}
	v.Facets = append(v.Facets, f.standsView(b.stands)...)
	for _, r := range b.rows {
		v.ShowFirm = v.ShowFirm || r.Firm != ""
		v.ShowMark = v.ShowMark || r.Mark != ""
	}
	var places map[string]int
	if v.Among = f.among(); v.Among {
		var mean num.Num
		places, mean = b.within(f)
		v.Mean = points(mean, b.Places)
	}
	for _, r := range found.Rows {
		row := b.rankingRow(r)
		row.Within = places[r.ID]
		v.Rows = append(v.Rows, row)
	}
	for i, r := range found.Apart {
		switch {
		case i < apartShown:
			v.Apart = append(v.Apart, b.apartRow(r))
		case i < apartListed:
			v.ApartRest = append(v.ApartRest, b.apartRow(r))
		default:
			v.ApartMore = len(found.Apart) - apartListed
		}
	}
	v.Spread = b.spread(b.counts, len(b.byID))
	return v
}

// listed are the further results that the board shows as columns: none of a published year, where they are steps of the calculation.
func (b *board) listed() []Column {
	if b.Restricted {
		return nil
	}
	return b.Outputs
}

// starAddress is the page of a subject.
func starAddress(id string) string { return "/stars/" + url.PathEscape(id) }

// address is where a row leads: the page of the subject, on the board of another period to what it had in every period; "" if it has no page, because it was not rated in what is shown now.
func (b *board) address(r *ranked) string {
	switch {
	case b.now == nil:
		return starAddress(r.ID)
	case b.now.byID[r.ID] == nil:
		return ""
	}
	return starAddress(r.ID) + "#history"
}

// gradeOf is what people call a grade by its id.
func (b *board) gradeOf(id string) string {
	if label := b.grades[id].Label; label != "" {
		return label
	}
	return "未评等级"
}

func (b *board) rankingRow(r *ranked) rankingRow {
	g := b.grades[r.Grade]
	row := rankingRow{Rank: r.Rank, ID: r.ID, Name: r.Name, Place: r.Place, Firm: r.Firm, Mark: r.Mark, Moved: r.Moved, Address: b.address(r),
		Level: g.Level, Grade: g.Label, Total: points(*r.Total, b.Places)}
	if r.Stands.Status == standing.Demoted {
		now := b.grades[r.Stands.Grade]
		row.Level, row.Grade = now.Level, now.Label
	}
	if r.firm != nil && b.now == nil {
		row.FirmAddress = firmAddress(r.firm.ID)
	}
	var weakest *num.Num
	for _, p := range r.Parts {
		if p != nil && (weakest == nil || p.Less(*weakest)) {
			weakest = p
		}
	}
	ninety := num.FromInt(90)
	for _, p := range r.Parts {
		cell := partCell{Text: "—"}
		if p != nil {
			cell = partCell{Text: p.Fixed(0), Low: p.Less(ninety) && p.Equal(*weakest)}
		}
		row.Parts = append(row.Parts, cell)
	}
	for i, column := range b.listed() {
		text := "—"
		if i < len(r.Outputs) && r.Outputs[i] != nil {
			text = points(*r.Outputs[i], column.Places)
		}
		row.Outputs = append(row.Outputs, text)
	}
	return row
}

// nowLabel is the grade of the star that a row has now, "" for none.
func (b *board) nowLabel(r *Row) string {
	if !r.Stands.Status.Stands() {
		return ""
	}
	return b.grades[r.Stands.Grade].Label
}

// dayText is a day as tables of open data write it, "" for none.
func dayText(d calendar.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

func (b *board) apartRow(r *ranked) apartRow {
	row := apartRow{Name: r.Name, Address: b.address(r), Place: r.Place, Reason: r.Reason, State: "未评星", Grade: b.gradeOf(r.Grade)}
	if _, known := looks[row.Grade]; known {
		row.State = row.Grade
	}
	return row
}

// spread shows how many of all have each grade; the longest bar is full.
func (b *board) spread(counts map[string]int, all int) []spreadRow {
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	var out []spreadRow
	line := func(label string, level, n int) {
		out = append(out, spreadRow{Label: label, Count: count(n), Share: share(n, all), Short: utf8.RuneCountInString(label) <= 6, Bar: charts.Bar(level, float64(n)/float64(max(most, 1)))})
	}
	ranks := 5 // grades without stars take the ramp in their order
	for _, g := range b.Grades {
		level := g.Level
		if !b.Levels && !g.Unrated {
			level = max(ranks, 1)
			ranks -= 2
		}
		line(g.Label, level, counts[g.ID])
	}
	if n := counts[""]; n > 0 {
		line("未评等级", 0, n)
	}
	return out
}

// rankingCSV is exactly the filter as a table for Excel.
func (s *Server) rankingCSV(c *fiber.Ctx, _ policy.Actor) error {
	b, err := s.boardOfPeriod(c.UserContext(), c.Query(periodName))
	if err != nil {
		return err
	}
	head := []string{"编号", b.Subject, "位置", "物业服务企业", "等级", "总分"}
	for _, p := range b.Parts {
		head = append(head, p.Name+"（得分率%）")
	}
	for _, o := range b.Outputs {
		head = append(head, o.Name)
	}
	head = append(head, b.Evaluation.Facets...)
	if b.Moves {
		head = append(head, "与上期相比")
	}
	if b.Levels && b.Restricted {
		head = append(head, "星级状态", "现在的星级", "有效至")
	}
	if !b.Unranked {
		head = slices.Insert(head, 0, "名次")
	}
	head = append(head, "说明", "评价规则", "规则指纹", "公开结果指纹")
	f := readFilter(c, b).first()
	var places map[string]int
	if f.among() {
		places, _ = b.within(f)
	}
	ranks := !b.Unranked && f.among()
	if ranks {
		head = append(head, "同类中的名次")
	}
	sheet := report.NewCSV(head...)
	for _, r := range b.every(f) {
		rank, total := "", ""
		if r.Rank > 0 {
			rank = strconv.Itoa(r.Rank)
		}
		if r.Total != nil {
			total = plainNumber(*r.Total, b.Places)
		}
		row := []string{report.Guard(r.ID), report.Guard(r.Name), report.Guard(r.Place), report.Guard(r.Firm), report.Guard(b.gradeOf(r.Grade)), total}
		for _, p := range r.Parts {
			row = append(row, optionalNumber(p, 1))
		}
		for i, o := range r.Outputs {
			row = append(row, optionalNumber(o, b.Outputs[i].Places))
		}
		for i := range b.Evaluation.Facets {
			v := ""
			if i < len(r.Row.Facets) {
				v = r.Row.Facets[i]
			}
			row = append(row, report.Guard(v))
		}
		if b.Moves {
			row = append(row, r.Moved)
		}
		if b.Levels && b.Restricted {
			row = append(row, r.Stands.Status.Title(), report.Guard(b.nowLabel(&r.Row)), dayText(r.Stands.Until))
		}
		if !b.Unranked {
			row = slices.Insert(row, 0, rank)
		}
		row = append(row, report.Guard(strings.TrimSpace(r.Mark+" "+r.Since()+r.Reason)), report.Guard(b.SchemeID+" "+b.SchemeVersion), b.SchemeHash, r.Sheet)
		if ranks {
			within := ""
			if n := places[r.ID]; n > 0 {
				within = strconv.Itoa(n)
			}
			row = append(row, within)
		}
		sheet.Add(row...)
	}
	return sendTable(c, fmt.Sprintf("stars-%s.csv", calendar.DateOf(b.At)), sheet)
}
