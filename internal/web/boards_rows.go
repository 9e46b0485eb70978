package web

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/evidence"
)

// boardRowsPage is how many compounds stand on a page of the list behind a number.
const boardRowsPage = 50

// boardRowsView is what board_rows.html shows: the list behind a number of a board.
type boardRowsView struct {
	Title, Sub, Path, Boards, Excel, Query, Clear string
	Filters                                       []field
	Hidden                                        []option
	Head                                          []rowHead
	Rows                                          []boardRowView
	First, Last, Count                            int
	Back, Next                                    string
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
	v, l := b.view, b.address
	from, _ := strconv.Atoi(l.after)
	from = min(max(from, 0), len(v.Rows))
	v.Count = len(v.Rows)
	v.Rows = v.Rows[from:min(from+boardRowsPage, len(v.Rows))]
	v.First, v.Last = from+1, from+len(v.Rows)
	if v.Last < v.Count {
		v.Next = l.address("after", strconv.Itoa(v.Last))
	}
	if from > 0 {
		v.Back = l.address("after", strconv.Itoa(max(0, from-boardRowsPage)))
	}
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

// proofStage is how far one piece of material is that a period asks for.
type proofStage string

// The stages in the order of the board.
const (
	proofCounts   proofStage = "counts"
	proofWaits    proofStage = "waits"
	proofReturned proofStage = "returned"
	proofRefused  proofStage = "refused"
	proofMissing  proofStage = "missing"
)

var proofStages = []proofStage{proofCounts, proofWaits, proofReturned, proofRefused, proofMissing}

func (p proofStage) title() string {
	return map[proofStage]string{proofCounts: "已认可", proofWaits: "待审核", proofReturned: "退回待补", proofRefused: "不予认定", proofMissing: "未交"}[p]
}

// stageOf is how far an ask is, by the best of its proofs.
func stageOf(n *evidence.Need) proofStage {
	stage := proofMissing
	for i := range n.Proofs {
		state, one := n.Proofs[i].State.State, proofWaits
		switch {
		case state.Counts():
			one = proofCounts
		case state == evidence.Returned:
			one = proofReturned
		case state == evidence.Withdrawn:
			one = proofMissing
		case !state.Lives():
			one = proofRefused
		}
		if slices.Index(proofStages, one) < slices.Index(proofStages, stage) {
			stage = one
		}
	}
	return stage
}

// askedProof is one thing that a period asks of a compound.
type askedProof struct {
	registry.Place
	ask, name string
	stage     proofStage
}

// maxProofPlaces is of how many compounds the material is counted at once; beyond that the page asks for a township.
const maxProofPlaces = 2000

// asksOf are the things that the period asks of the compounds of the scope and township; free is how many the system holds itself. tooMany: there are more than can be counted at once. None while the period takes no material.
func (d *boardDesk) asksOf() (out []askedProof, free int, tooMany bool, err error) {
	ctx := d.c.UserContext()
	var ids []string
	for q := (registry.ProjectQuery{}); ; {
		found, err := d.s.evidence.Projects.Projects(ctx, d.by, q)
		if err != nil {
			return nil, 0, false, err
		}
		for i := range found.Rows {
			if d.Township == "" || found.Rows[i].TownshipName == d.Township {
				ids = append(ids, found.Rows[i].ID)
			}
		}
		if len(ids) > maxProofPlaces {
			return nil, 0, true, nil
		}
		if q.After = found.Next; q.After == "" {
			break
		}
	}
	all, err := d.s.evidence.Proofs.NeedsOf(ctx, d.by, d.Period.ID, ids)
	if fault.Is(err, fault.NotFound) {
		return nil, 0, false, nil
	}
	for i := range all {
		for k := range all[i].List {
			n := &all[i].List[k]
			if n.Held {
				free++
				continue
			}
			out = append(out, askedProof{all[i].Place, n.Ask.Fact, n.Ask.Name, stageOf(n)})
		}
	}
	return out, free, false, err
}

// proofPlace is where an ask is counted.
func (d *boardDesk) proofPlace(a *askedProof) string {
	if d.communities {
		return a.CommunityName
	}
	return a.TownshipName
}

// proof is how far the material of the period is, by place and stage.
func (d *boardDesk) proof() (*boardView, error) {
	v := &boardView{ID: boardProof, Title: "佐证材料进度", sheet: "佐证材料", Head: []string{d.placeWord(), "要交"}}
	asks, free, tooMany, err := d.asksOf()
	switch {
	case err != nil:
		return nil, err
	case tooMany:
		v.Nothing = "小区太多，请先选一个乡镇。"
		return v, nil
	case len(asks) == 0 && free == 0:
		v.Nothing = d.Period.Name + "还没有开始收材料，或者不用交材料。"
		return v, nil
	}
	v.Note = d.Period.Name + "要求的材料，每个小区每项算一件，交过几次的按最好的一次；系统里已经有记录、免报的 " + count(free) + " 件不算。"
	counts, sums := map[string]map[proofStage]int{}, map[string]int{}
	for i := range asks {
		for _, name := range slices.Compact([]string{"", d.proofPlace(&asks[i])}) {
			if counts[name] == nil {
				counts[name] = map[proofStage]int{}
			}
			counts[name][asks[i].stage]++
			sums[name]++
		}
	}
	drawn := make([]charts.Stack, len(proofStages))
	for i, stage := range proofStages {
		v.Head, drawn[i].Name = append(v.Head, stage.title()), stage.title()
	}
	var names []string
	for _, name := range sortedKeys(counts) {
		link := func(stage proofStage) string { return d.to(boardProofsPath, "place", name, "stage", string(stage)) }
		cells := []chartFigure{number(sums[name], link(""))}
		for i, stage := range proofStages {
			n := counts[name][stage]
			cells, drawn[i].Counts = append(cells, number(n, link(stage))), append(drawn[i].Counts, n)
		}
		names = append(names, cmp.Or(name, d.Township, "全部"))
		v.row(names[len(names)-1], "", cells...)
	}
	v.Tall = len(names) > shortBars
	v.draw = func() ([]byte, error) { return charts.StackOption(names, drawn) }
	return v, nil
}

// proofList is the list of what was asked behind a number.
func (d *boardDesk) proofList() (*boardList, error) {
	if err := d.s.guard.Require(d.by, policy.ReadEvidence); err != nil {
		return nil, err
	}
	l := readList(d.c, boardProofsPath, "q", "period", "with", "town", "place", "stage")
	if d.Period == nil {
		return nil, fault.New("web.boardProofs", fault.NotFound, "还没有评价周期")
	}
	asks, _, tooMany, err := d.asksOf()
	if err != nil {
		return nil, err
	}
	v := boardRowsView{Title: d.Period.Name + "：佐证材料明细", Path: boardProofsPath, Boards: d.to(boardsPath), Excel: l.excel(), Query: l.value["q"], Clear: d.to(boardProofsPath), Head: []rowHead{{sortLink{Label: "小区"}, ""}, {sortLink{Label: "材料"}, onDesk}, {sortLink{Label: "进度"}, ""}}}
	v.Sub = strings.Join(filledWords([]string{cmp.Or(d.Township, "全部范围"), l.value["place"], proofStage(l.value["stage"]).title()}), "，")
	if tooMany {
		v.Sub = "小区太多，请先选一个乡镇"
	}
	stages := []option{{"", "全部"}}
	for _, stage := range proofStages {
		stages = append(stages, option{string(stage), stage.title()})
	}
	v.Filters = append(d.filters(), field{Name: "stage", Label: "进度", Options: stages, Value: l.value["stage"]})
	if l.value["place"] != "" {
		v.Hidden = []option{{"place", l.value["place"]}}
	}
	out := &boardList{address: l, sheet: report.Figures{Sheet: "佐证材料明细", Heads: []string{"小区", "物业服务企业", "社区", "乡镇", "材料", "进度"}, Note: v.Sub}}
	for i := range asks {
		a := &asks[i]
		if l.value["place"] != "" && d.proofPlace(a) != l.value["place"] || l.value["stage"] != "" && string(a.stage) != l.value["stage"] || !says(l.value["q"], a.Name, a.FirmName, a.CommunityName, a.name) {
			continue
		}
		v.Rows = append(v.Rows, boardRowView{Name: a.Name, Link: "/proofs/" + d.Period.ID + "/" + a.Project, Sub: joinWords(a.FirmName, a.CommunityName), Cells: []rowCell{{a.name, onDesk}, {a.stage.title(), ""}}})
		out.sheet.Rows = append(out.sheet.Rows, []any{a.Name, a.FirmName, a.CommunityName, a.TownshipName, a.name, a.stage.title()})
	}
	out.view = v
	return out, nil
}
