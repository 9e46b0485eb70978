package web

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/internal/report/returns"
	"redsteward/policy"
)

// behindView is what return_list.html shows.
type behindView struct {
	Path, Name, Title, Sub, How, From, Sum, Unit string
	Excel                                        string
	Rows                                         []behindRow
	Page                                         pager
	Count                                        int
}

type behindRow struct{ Name, Sub, Day, N, Link string }

// returnLinks say by what kind of row which page opens, and by which right.
var returnLinks = map[string]struct {
	begin  string
	action policy.Action
}{
	returns.OfProject: {projectsPath, policy.ReadRegister}, returns.OfFirm: {firmsPath, policy.ReadRegister}, returns.OfDivision: {divisionsPath, policy.ReadRegister}, returns.OfMatter: {mattersPath, policy.ReadMatter}, returns.OfCheck: {inspectionsPath, policy.ReadInspection}, returns.OfVisit: {visitsPath, policy.ReadVisit},
	returns.OfCase: {rectificationsPath, policy.ReadRectification}, returns.OfHandover: {handoversPath, policy.ReadHandover}, returns.OfFund: {fundPath, policy.ReadFund}, returns.OfMeeting: {deliberationPath + "/meetings", policy.ReadDeliberation}, returns.OfItem: {deliberationPath, policy.ReadDeliberation}, returns.OfWish: {needsPath, policy.ReadWish},
	returns.OfBook: {booksPath, policy.ReadStation}, returns.OfModel: {modelsPath, policy.ReadModel}, returns.OfPartyWork: {sheetsPath, policy.ReadPartyFact}, returns.OfScore: {scoresPath, policy.ReadObjection},
}

// linkOf is the page of a row, "" for what has none that the actor may open; wide: he reads the register of the whole county, and with it the pages of firms, which no township has.
func (s *Server) linkOf(by policy.Actor, wide bool, r *returns.Row) string {
	to, known := returnLinks[r.Of]
	if !known || !s.guard.Allow(by, to.action) || r.Of == returns.OfFirm && !wide {
		return ""
	}
	parts := strings.Split(r.ID, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	link := to.begin + "/" + strings.Join(parts, "/")
	if s.off(link) {
		return ""
	}
	return link
}

// behind reads the list behind the number that an address names.
func (s *Server) behind(c *fiber.Ctx, by policy.Actor) (behindView, *returns.Filled, []returns.Row, error) {
	doc, version, figures, err := s.shownReturn(c, by)
	if err != nil {
		return behindView{}, nil, nil, err
	}
	way, group := returns.By(c.Query("by")), c.Query("group")
	cell, rows, err := s.returns.Behind(c.UserContext(), figures, c.Query("cell"), way, group, c.Query("whole") != "")
	if err != nil {
		return behindView{}, nil, nil, err
	}
	v := behindView{Path: returnPath(doc.ID), Name: doc.State.Name(), Title: cell.Title, How: cell.How, From: cell.From, Unit: cell.Unit, Count: len(rows)}
	if cell.Of != "" || cell.Over != nil {
		v.Title, v.Unit = cell.Title+"：分子", ""
		if c.Query("whole") != "" {
			v.Title = cell.Title + "：分母"
		}
	}
	for i := range figures.Tables {
		t := &figures.Tables[i]
		for n := range t.Rows {
			if t.By == way && t.Rows[n].ID == group {
				v.Sub = t.Rows[n].Name
			}
		}
	}
	if c.Query("v") != "" && version != nil {
		v.Path += "?v=" + strconv.FormatInt(version.No, 10)
	}
	var sum num.Num
	for i := range rows {
		sum = sum.Add(rows[i].N)
	}
	v.Sum = numberText(&sum)
	return v, cell, rows, nil
}

// behindReturn shows the list behind a number.
func (s *Server) behindReturn(c *fiber.Ctx, by policy.Actor) error {
	v, _, rows, err := s.behind(c, by)
	if err != nil {
		return err
	}
	l := readList(c, returnPath(c.Params("id"))+"/list", "cell", "by", "group", "whole", "v")
	v.Excel = l.excel()
	v.Page, rows = pageOf(l, rows)
	scope, err := s.guard.Scope(c.UserContext(), by, policy.ReadRegister)
	if err != nil {
		return err
	}
	for i := range rows {
		row := behindRow{Name: rows[i].Name, Sub: rows[i].Sub, N: numberText(&rows[i].N), Link: s.linkOf(by, scope.All(), &rows[i])}
		if !rows[i].Day.IsZero() {
			row.Day = rows[i].Day.Chinese()
		}
		v.Rows = append(v.Rows, row)
	}
	return s.render(c, by, "return_list", page{Title: v.Title + "：清单", Nav: returnsPath, Data: v})
}

// behindReturnExcel is the same list as Excel.
func (s *Server) behindReturnExcel(c *fiber.Ctx, by policy.Actor) error {
	v, _, rows, err := s.behind(c, by)
	if err != nil {
		return err
	}
	f := report.Figures{Sheet: "清单", Heads: []string{"名称", "说明", "日期", "计入"}, Note: v.Name + "，" + v.Title + "：" + v.How}
	for i := range rows {
		f.Rows = append(f.Rows, []any{rows[i].Name, rows[i].Sub, rows[i].Day, report.Maybe(&rows[i].N, placesOf(&rows[i].N))})
	}
	return sendFigures(c, v.Title+"清单.xlsx", f)
}

func placesOf(n *num.Num) int {
	if n.IsInt() {
		return 0
	}
	return 2
}

// compareView is what return_compare.html shows.
type compareReturnView struct {
	Path, Name, State, At string
	Reported              bool
	Rows                  []returns.Difference
}

// compareReturn tells what differs from what the registers say now.
func (s *Server) compareReturn(c *fiber.Ctx, by policy.Actor) error {
	doc, rows, err := s.returns.Compare(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	v := compareReturnView{Path: returnPath(doc.ID), Name: doc.State.Name(), State: doc.State.State.Title(), At: dateTime(doc.State.Taken.At.Time), Reported: doc.State.State == returns.Reported, Rows: rows}
	return s.render(c, by, "return_compare", page{Title: "与现在的登记核对", Nav: returnsPath, Data: v})
}

// printReturn is a return on paper.
func (s *Server) printReturn(c *fiber.Ctx, by policy.Actor) error {
	doc, version, figures, err := s.shownReturn(c, by)
	if err != nil {
		return err
	}
	view, heading, err := s.baseOfReturn(c.UserContext(), doc, version, figures, c.Query("v") != "")
	if err != nil {
		return err
	}
	view.Back, view.Kind = view.Path, "报表"
	if view.Query != "" {
		view.Back += "?" + view.Query
	}
	view.Printed = "未报出的草稿"
	if !heading.Day.IsZero() {
		view.Printed = heading.Day.Chinese() + "报出，第 " + strconv.FormatInt(version.No, 10) + " 版"
	}
	return s.render(c, by, "return_print", page{Title: view.Name, Script: true, Data: printedReturn{view, heading}, Paper: "统计报表"})
}

// printedReturn is what return_print.html shows.
type printedReturn struct {
	oneReturnView
	H returns.Heading
}

// returnExcel is a return as Excel, in the office's own template if it has one.
func (s *Server) returnExcel(c *fiber.Ctx, by policy.Actor) error {
	doc, version, figures, err := s.shownReturn(c, by)
	if err != nil {
		return err
	}
	_, heading, err := s.baseOfReturn(c.UserContext(), doc, version, figures, c.Query("v") != "")
	if err != nil {
		return err
	}
	data, err := s.returns.Workbook(c.UserContext(), &doc.State, figures, heading)
	if err != nil {
		return err
	}
	return attach(c, doc.State.Name()+".xlsx", files.XLSX.MediaType(), data)
}
