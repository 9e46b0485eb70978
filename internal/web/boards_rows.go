package web

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
)

// boardRowsView is what board_rows.html shows: the list behind a number of a board.
type boardRowsView struct {
	Title, Sub, Path, Boards, Excel, Query, Clear string
	Filters                                       []field
	Hidden                                        []option
	Head                                          []rowHead
	Rows                                          []boardRowView
	Count                                         int
	Page                                          pager
}

// boardRowView is one row: its name with what stands below it, and its other cells.
type boardRowView struct {
	Name, Link, Sub string
	Cells           []rowCell
}

// rowCell is a cell, or a heading; Class leaves it out on a phone.
type rowCell struct{ Text, Class string }

// onDesk is the class of what only a wide screen shows.
const onDesk = "no-s"

// rowHead is a heading; Class as in rowCell.
type rowHead struct {
	sortLink
	Class string
}

// boardList is a list behind a number: its rows, and the same as figures.
type boardList struct {
	address listAddress
	view    boardRowsView
	sheet   report.Figures
}

// says reports whether one of some words holds a text, or its pinyin or initials do.
func says(text string, words ...string) bool {
	if casework.Says(text, words...) {
		return true
	}
	ascii := !strings.ContainsFunc(text, func(r rune) bool { return r >= 0x80 })
	return ascii && strings.Contains(searchText(words...), strings.ToLower(text))
}

// rowFilter reads which rows of the boards an address asks for.
func (d *boardDesk) rowFilter(l listAddress) cycle.BoardFilter {
	f := cycle.BoardFilter{Community: l.value["community"], Grade: l.value["grade"], Was: l.value["was"], Move: cycle.BoardMove(l.value["move"]), Part: l.value["part"], Line: l.value["line"], Rated: l.value["rated"] != ""}
	for name, to := range map[string]**num.Num{"from": &f.From, "until": &f.Until} {
		if x, err := num.Parse(l.value[name]); err == nil {
			*to = &x
		}
	}
	return f
}

// list is the list of compounds behind a number.
func (d *boardDesk) list() (*boardList, error) {
	l := readList(d.c, boardRowsPath, "q", "period", "with", "town", "community", "grade", "was", "move", "from", "until", "part", "line", "rated")
	if d.Period == nil {
		return nil, fault.New("web.boardRows", fault.NotFound, "还没有评价周期")
	}
	f := d.rowFilter(l)
	rows := slices.DeleteFunc(d.Those(f), func(r cycle.BoardRow) bool {
		return !says(l.value["q"], r.Name, r.Firm, r.WasFirm, r.Community)
	})
	figure, named := d.Figure(&f), d.figureName(&f)
	if l.value["sort"] == "" { // by the figure that it is about the lowest first, else the highest total
		l.value["sort"], l.value["desc"] = "total", "1"
		if named != "" {
			l.value["sort"], l.value["desc"] = "rate", ""
		}
	}
	sortBoardRows(rows, l, figure)
	v := boardRowsView{Title: d.Period.Name + "：小区明细", Path: boardRowsPath, Boards: d.to(boardsPath), Excel: l.excel(), Query: l.value["q"], Clear: d.to(boardRowsPath)}
	v.Sub = d.filterText(l, &f)
	grades, moves := []option{{"", "全部"}}, []option{{"", "全部"}}
	for _, g := range d.Grades() {
		grades = append(grades, option{g.ID, g.Label})
	}
	v.Filters = d.filters()
	if d.Period.Evaluation != "" {
		v.Filters = append(v.Filters, field{Name: "grade", Label: "结果", Options: grades, Value: l.value["grade"]})
	}
	if d.Before != nil {
		for _, m := range cycle.BoardMoves() {
			moves = append(moves, option{string(m), m.Title()})
		}
		v.Filters = append(v.Filters, field{Name: "move", Label: "升降", Options: moves, Value: l.value["move"]})
	}
	for _, name := range []string{"community", "was", "from", "until", "part", "line", "rated"} {
		if l.value[name] != "" {
			v.Hidden = append(v.Hidden, option{name, l.value[name]})
		}
	}
	head := func(link sortLink, class string) { v.Head = append(v.Head, rowHead{link, class}) }
	head(l.sorted("name", "小区", ""), "")
	head(l.sorted("total", d.Period.Name, ""), "num")
	heads := []string{"小区", "编号", "物业服务企业", "社区", "乡镇", "结果", "总分"}
	if named != "" {
		head(l.sorted("rate", named+"%", ""), "num")
		heads = append(heads, named+"（得分率%）")
	}
	if d.Before != nil {
		head(sortLink{Label: d.Before.Name}, "num "+onDesk)
		head(sortLink{Label: "升降"}, onDesk)
		head(l.sorted("change", "分差", ""), "num")
		heads = append(heads, d.Before.Name+"结果", d.Before.Name+"总分", "升降", "分差", "上期企业（换了的）")
	}
	out := &boardList{address: l, sheet: report.Figures{Sheet: "小区明细", Heads: heads, Note: v.Sub}}
	for i := range rows {
		r := &rows[i]
		one := boardRowView{Name: r.Name, Link: d.result(r), Sub: joinWords(r.Firm, r.Community)}
		if r.WasFirm != "" {
			one.Sub += "（上期 " + r.WasFirm + "）"
		}
		total := shownFigure(report.Maybe(r.Total, boardPlaces), false)
		if r.Total == nil || d.Period.Stars() {
			total = strings.TrimSpace(total + " " + r.Label)
		}
		one.Cells = []rowCell{{total, "num"}}
		line := []any{r.Name, r.Project, r.Firm, r.Community, r.Township, r.Label, report.Maybe(r.Total, boardPlaces)}
		if named != "" {
			rate := figure(r)
			one.Cells, line = append(one.Cells, rowCell{shownFigure(report.Maybe(rate, boardPlaces), false), "num"}), append(line, report.Maybe(rate, boardPlaces))
		}
		if d.Before != nil {
			was := shownFigure(report.Maybe(r.Was, boardPlaces), false)
			if r.Was == nil || d.Period.Stars() {
				was = strings.TrimSpace(was + " " + r.WasLabel)
			}
			one.Cells = append(one.Cells, rowCell{was, "num " + onDesk}, rowCell{r.Move.Title(), onDesk}, rowCell{shownFigure(report.Maybe(r.Change, boardPlaces), true), "num"})
			line = append(line, r.WasLabel, report.Maybe(r.Was, boardPlaces), r.Move.Title(), report.Maybe(r.Change, boardPlaces), r.WasFirm)
		}
		v.Rows, out.sheet.Rows = append(v.Rows, one), append(out.sheet.Rows, line)
	}
	out.view = v
	return out, nil
}

// sortBoardRows brings rows into the order of an address; what has no figure stands last.
func sortBoardRows(rows []cycle.BoardRow, l listAddress, figure func(*cycle.BoardRow) *num.Num) {
	of := map[string]func(*cycle.BoardRow) *num.Num{"rate": figure, "change": func(r *cycle.BoardRow) *num.Num { return r.Change }, "total": func(r *cycle.BoardRow) *num.Num { return r.Total }}[l.value["sort"]]
	way := 1
	if l.value["desc"] != "" {
		way = -1
	}
	slices.SortStableFunc(rows, func(a, b cycle.BoardRow) int {
		byName := cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Project, b.Project))
		if of == nil {
			return way * byName
		}
		x, y := of(&a), of(&b)
		switch {
		case x == nil && y == nil:
			return byName
		case x == nil:
			return 1
		case y == nil:
			return -1
		}
		return cmp.Or(way*x.Cmp(*y), byName)
	})
}

// figureName is the name of the part or indicator that a filter is about, "" for none.
func (d *boardDesk) figureName(f *cycle.BoardFilter) string {
	for _, in := range d.Scheme.Indicators {
		if f.Line == in.ID {
			return in.Name
		}
	}
	for _, part := range d.Parts() {
		if f.Line == "" && f.Part == part.ID {
			return part.Name
		}
	}
	return ""
}

// filterText says which rows a list holds.
func (d *boardDesk) filterText(l listAddress, f *cycle.BoardFilter) string {
	grade := func(id string) string {
		at := slices.IndexFunc(d.Grades(), func(g rating.Grade) bool { return g.ID == id })
		if at < 0 {
			return id
		}
		return d.Grades()[at].Label
	}
	words := []string{cmp.Or(d.Township, "全部范围")}
	add := func(set bool, text string) {
		if set {
			words = append(words, text)
		}
	}
	add(f.Community != "", f.Community)
	add(f.Grade != "", "结果为"+grade(f.Grade))
	add(f.Was != "", d.before()+"为"+grade(f.Was))
	add(f.Move != "", f.Move.Title())
	add(f.From != nil, "总分不低于 "+l.value["from"])
	add(f.Until != nil, "总分低于 "+l.value["until"])
	add(f.Rated, "有得分")
	add(d.figureName(f) != "", "计“"+d.figureName(f)+"”的")
	return strings.Join(words, "，")
}

// page cuts a list to the page of its address.
func (b *boardList) page() boardRowsView {
	v := b.view
	v.Count = len(v.Rows)
	v.Page, v.Rows = pageOf(b.address, v.Rows)
	return v
}

// boardRows lists the compounds behind a number of a board.
func (s *Server) boardRows(c *fiber.Ctx, by policy.Actor) error {
	return s.showBoardList(c, by, (*boardDesk).list)
}

// boardRowsExcel is the same as Excel.
func (s *Server) boardRowsExcel(c *fiber.Ctx, by policy.Actor) error {
	return s.sendBoardList(c, by, (*boardDesk).list)
}

// boardProofs lists what was asked of the compounds behind a number of the board of material.
func (s *Server) boardProofs(c *fiber.Ctx, by policy.Actor) error {
	return s.showBoardList(c, by, (*boardDesk).proofList)
}

// boardProofsExcel is the same as Excel.
func (s *Server) boardProofsExcel(c *fiber.Ctx, by policy.Actor) error {
	return s.sendBoardList(c, by, (*boardDesk).proofList)
}

func (s *Server) showBoardList(c *fiber.Ctx, by policy.Actor, list func(*boardDesk) (*boardList, error)) error {
	d, err := s.boardsFor(c, by)
	if err != nil {
		return err
	}
	found, err := list(d)
	if err != nil {
		return err
	}
	v := found.page()
	return s.render(c, by, "board_rows", page{Title: v.Title, Nav: boardsPath, Data: v})
}

func (s *Server) sendBoardList(c *fiber.Ctx, by policy.Actor, list func(*boardDesk) (*boardList, error)) error {
	d, err := s.boardsFor(c, by)
	if err != nil {
		return err
	}
	found, err := list(d)
	if err != nil {
		return err
	}
	return sendFigures(c, d.Period.Name+found.sheet.Sheet+".xlsx", found.sheet)
}
