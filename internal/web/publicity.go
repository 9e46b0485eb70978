package web

import (
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating/cycle"
)

// publicityPath is where the stars of a year are shown to the public before they are published (公示).
const publicityPath = "/publicity"

// publicityRoutes are the pages of publicities and of the remarks on them.
func (s *Server) publicityRoutes() []Route {
	const get = fiber.MethodGet
	one := publicityPath + "/:year<maxLen(8)>"
	return append([]Route{
		{Method: get, Path: publicityPath, Action: policy.Public, Handler: s.publicities},
		{Method: get, Path: one, Action: policy.Public, Handler: s.publicity},
		{Method: get, Path: one + "/list.xlsx", Action: policy.Public, Handler: s.publicityExcel},
		{Method: get, Path: one + "/notice", Action: policy.Public, Handler: s.publicityNotice},
		{Method: fiber.MethodPost, Path: one, Action: policy.MakeRemark, Handler: s.makeRemark},
	}, s.remarkPages().routes()...)
}

// publicityWord is the word of the status list for a publicity, and one sentence about it.
func publicityWord(v *cycle.Publicity) (word, text string) {
	switch {
	case v.Period.Publication != nil:
		return "已发布", v.Period.Publication.Number + "公布"
	case v.Runs:
		return "公示中", v.First.Chinese() + "至" + v.Until.Chinese() + "公示，任何人都可以提意见"
	case v.AppealsRun:
		return "公示期满", "公示期满，企业可以申诉到" + v.Appeals.Chinese()
	}
	return "公示期满", "公示期、申诉期已经届满，审批以后公布"
}

// publicitiesView is what publicities.html shows.
type publicitiesView struct{ Rows []publicityLine }

type publicityLine struct{ Name, Path, Word, Text string }

// publicities lists the years whose stars were shown to the public.
func (s *Server) publicities(c *fiber.Ctx, by policy.Actor) error {
	list, err := s.cycle.Publicities(c.UserContext())
	if err != nil {
		return err
	}
	var v publicitiesView
	for i := range list {
		word, text := publicityWord(&list[i])
		v.Rows = append(v.Rows, publicityLine{list[i].Period.Name, publicityPath + "/" + url.PathEscape(list[i].Period.ID), word, text})
	}
	return s.render(c, by, "publicities", page{Title: "星级公示", Nav: publicityPath, Data: v})
}

// publicityView is what publicity.html shows.
type publicityView struct {
	Name, Path, Word, Text, Query, Excel, Key string
	// Circular is what was published in the end, "" before.
	Circular string
	Filters  []field
	Rows     []publicityRow
	// Found is how many the filter lets through, Page where the page stands among them.
	Found            int
	Page             pager
	Count, Contested int
	Filtered         bool
	// Form is that of a remark, none once the publicity has ended; Remarks are those that everybody reads.
	Form    []field
	Remarks []cycle.OpenRemark
	Appeals string
}

// publicityRow is one compound.
type publicityRow struct {
	cycle.PublicityRow
	Stars int
}

// publicity shows the stars of a year as they are proposed: compounds by name.
func (s *Server) publicity(c *fiber.Ctx, by policy.Actor) error {
	return s.showPublicity(c, by, cycle.RemarkInput{Project: c.Query("about")}, nil, saidParam(c, map[string]string{"remark": "意见已收到，核实以后答复；审核公开的列在下面。"}))
}

// publicityList reads the address and keeps the rows that it asks for.
func publicityList(c *fiber.Ctx, year string, rows []cycle.PublicityRow) (listAddress, []cycle.PublicityRow) {
	l := readList(c, publicityPath+"/"+url.PathEscape(year), "q", "grade", "town")
	var out []cycle.PublicityRow
	for _, r := range rows {
		if says(l.value["q"], r.Name, r.Firm, r.Place) && (l.value["grade"] == "" || r.Grade == l.value["grade"]) && (l.value["town"] == "" || r.Township == l.value["town"]) {
			out = append(out, r)
		}
	}
	return l, out
}

func (s *Server) showPublicity(c *fiber.Ctx, by policy.Actor, typed cycle.RemarkInput, refused []fault.Field, said string) error {
	ctx, year := c.UserContext(), c.Params("year")
	found, err := s.cycle.Publicity(ctx, year)
	if err != nil {
		return err
	}
	l, rows := publicityList(c, year, found.Rows)
	v := publicityView{Name: found.Period.Name, Path: publicityPath + "/" + url.PathEscape(year), Query: l.value["q"], Filtered: l.filtered(), Key: newKey(), Count: len(found.Rows), Appeals: found.Appeals.Chinese()}
	v.Excel = v.Path + "/list.xlsx"
	v.Word, v.Text = publicityWord(found)
	grades := []option{{Label: "全部"}}
	for _, g := range found.Scheme.Grades.List {
		grades = append(grades, option{g.ID, g.Label})
	}
	v.Filters = []field{{Name: "grade", Label: "拟评", Options: grades, Value: l.value["grade"]}}
	towns := []option{{Label: "全部"}}
	for _, r := range found.Rows {
		if one := (option{r.Township, r.Township}); r.Township != "" && !slices.Contains(towns, one) {
			towns = append(towns, one)
		}
	}
	slices.SortFunc(towns[1:], func(a, b option) int { return strings.Compare(a.Value, b.Value) })
	if len(towns) > 2 || l.value["town"] != "" {
		v.Filters = append(v.Filters, field{Name: "town", Label: "乡镇", Options: towns, Value: l.value["town"]})
	}
	about := []option{{"", "整个公示"}}
	for _, r := range found.Rows {
		about = append(about, option{r.Project, r.Name})
		if r.Contested {
			v.Contested++
		}
	}
	v.Found = len(rows)
	v.Page, rows = pageOf(l, rows)
	for _, r := range rows {
		v.Rows = append(v.Rows, publicityRow{r, int(r.Level)})
	}
	if found.Period.Publication != nil {
		v.Circular = "/circulars/" + url.PathEscape(found.Period.ID)
	}
	if found.Runs {
		v.Form = withErrors([]field{{Name: "project", Label: "关于哪个小区", Options: about, Value: typed.Project}, {Name: "words", Label: "意见", Rows: 4, Value: typed.Words, Hint: "写明事实、时间、地点，500 字以内；电话和门牌不要写在这里"},
			{Name: "who", Label: "称呼", Type: "text", Autocomplete: "name", Value: typed.Who, Optional: true}, {Name: "phone", Label: "电话", Type: "tel", Autocomplete: "tel", Value: typed.Phone, Optional: true, Hint: "只有答复的人看得到，加密保存，到期清除"}}, refused)
	}
	if v.Remarks, err = s.cycle.Remarks().Open(ctx, year); err != nil {
		return err
	}
	p := page{Title: v.Name + "星级公示", Nav: publicityPath, Data: v, Fields: refused, Said: said}
	if len(refused) > 0 {
		return s.refuse(c, by, "publicity", p)
	}
	return s.render(c, by, "publicity", p)
}

// makeRemark takes a remark of anybody in.
func (s *Server) makeRemark(c *fiber.Ctx, by policy.Actor) error {
	if err := s.slowDown(c, s.asks, "提意见"); err != nil {
		return err
	}
	s.used(c, s.asks)
	values := formValues(c)
	in := cycle.RemarkInput{Year: c.Params("year"), Project: values.Get("project"), Words: values.Get("words"), Who: values.Get("who"), Phone: values.Get("phone")}
	_, err := s.cycle.Remarks().Make(c.UserContext(), by, in, idemFrom(c, values))
	if refused := refusedForm(err); len(refused) > 0 {
		return s.showPublicity(c, by, in, refused, "")
	}
	if err != nil {
		return err
	}
	return seeOther(c, publicityPath+"/"+url.PathEscape(in.Year)+"?done=remark")
}

// publicityExcel is the same list as Excel.
func (s *Server) publicityExcel(c *fiber.Ctx, _ policy.Actor) error {
	found, err := s.cycle.Publicity(c.UserContext(), c.Params("year"))
	if err != nil {
		return err
	}
	_, rows := publicityList(c, found.Period.ID, found.Rows)
	sheet := report.Figures{Sheet: "星级公示", Heads: []string{"年度", "小区", "所在社区", "企业", "拟评", "状态"}}
	for _, r := range rows {
		state := ""
		if r.Contested {
			state = "异议中"
		}
		sheet.Rows = append(sheet.Rows, []any{found.Period.Name, r.Name, r.Place, r.Firm, r.Label, state})
	}
	return sendFigures(c, found.Period.ID+"星级公示.xlsx", sheet)
}

// listView is what star_list.html shows: a paper with compounds and their stars.
type listView struct {
	Back, Title, Date string
	Words             []string
	Groups            []listGroup
}

// listGroup are the compounds of one grade.
type listGroup struct {
	Label string
	Rows  []cycle.PublicityRow
}

// listGroups groups rows by grade in the order of the scheme; a grade without compounds is left out.
func listGroups(found *cycle.Publicity) (out []listGroup) {
	for _, g := range found.Scheme.Grades.List {
		group := listGroup{Label: g.Label}
		for _, r := range found.Rows {
			if r.Grade == g.ID {
				group.Rows = append(group.Rows, r)
			}
		}
		if len(group.Rows) > 0 {
			out = append(out, group)
		}
	}
	return out
}

// publicityNotice is the notice of publicity (公示) for printing.
func (s *Server) publicityNotice(c *fiber.Ctx, by policy.Actor) error {
	found, err := s.cycle.Publicity(c.UserContext(), c.Params("year"))
	if err != nil {
		return err
	}
	name := found.Period.Name + s.set.Rating
	v := listView{Back: publicityPath + "/" + url.PathEscape(found.Period.ID), Title: name + "拟评结果公示", Date: dateLong(found.Period.Tellings[0].At.Time), Groups: listGroups(found)}
	v.Words = []string{"经企业申报、社区初评、乡镇审核、住建复核、联审，现将" + name + "拟评结果予以公示。公示期" + found.First.Chinese() + "至" + found.Until.Chinese() + "。",
		"公示期内，任何单位和个人可以在公示网页或者书面向我局提出意见，每一条都答复。物业服务企业对结果有异议的，可以在" + found.Appeals.Chinese() + "以前逐项或者就整个结果申诉，由没有参与评价的人答复。"}
	return s.render(c, by, "star_list", page{Title: v.Title, Script: true, Data: v, Paper: "星级公示"})
}
