package web

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// A dossier (一企一档, 一小区一档) puts on one page what the parts of the program hold of a firm or a project. Each part is asked as the actor, with its own right and scope: what he
// may not read is not there. Page, print and workbook are made of the same rows.

// dossierView is what dossier.html shows.
type dossierView struct {
	// Kind is what the dossier is called, Name whose it is, Sub a line below.
	Kind, Name, Sub string
	Crumbs          []crumb
	// Back is its own address. Find is where the form above the tables leads with Query and Filters, "" for no form.
	Back, Find, Query string
	Filters           []field
	// List is set where the page shows one part at a time, page by page: its values "list" and "after" say which. nil for all of it at once.
	List *listAddress
	// MostPrinted bounds the rows of a part of the book, 0 for all of them; the workbook holds all.
	MostPrinted int
	// Contents lead to the parts, Chosen is the part that is shown, Page to the rest of the one that is shown, nil for a page that shows everything.
	Contents []dossierContent
	Chosen   string
	Page     *pager
	Parts    []dossierPart
	// Print is the address of the book, Excel that of the workbook, Printed the day for the printed sheet.
	Print, Excel, Printed string
	// Timeline is the address of the same in the order of time, "" for none.
	Timeline string
}

// dossierPart is one part: a table.
type dossierPart struct {
	// ID is the anchor, Title the heading and the name of the sheet, More where the register keeps it, "" for nowhere else.
	ID, Title, More string
	Heads           []string
	Rows            []dossierRow
	// Note says how the rows came about, "" for nothing.
	Note string
}

// dossierContent leads to a part: Path to where it stands, Rows how many rows it has, Current whether it is the one that is shown.
type dossierContent struct {
	Title, Path string
	Rows        int
	Current     bool
}

// dossierRow is one row. Path leads to where it is kept, "" for nowhere. Cells hold strings, int64, num.Num and calendar.Date, as many as there are heads.
type dossierRow struct {
	Path  string
	Cells []any
}

// shortCell is how many signs a cell may have that is not broken.
const shortCell = 4

// shownHeads is how many columns a phone shows; the others stand below the first cell.
const shownHeads = 2

// Texts are the cells as the page shows them.
func (r dossierRow) Texts() []string {
	out := make([]string, len(r.Cells))
	for i, cell := range r.Cells {
		switch v := cell.(type) {
		case string:
			out[i] = v
		case int64:
			out[i] = count(int(v))
		case num.Num:
			out[i] = grouped(v.Fixed(2))
		case calendar.Date:
			out[i] = v.Chinese()
		}
	}
	return out
}

// Below are the columns that a phone does not show, with their heads; empty ones are left out.
func (p dossierPart) Below(r dossierRow) string {
	var out []string
	for i, text := range r.Texts() {
		if i >= shownHeads && text != "" {
			out = append(out, p.Heads[i]+" "+text)
		}
	}
	return strings.Join(out, " · ")
}

// Empty are the parts of which nothing is kept.
func (v dossierView) Empty() []dossierPart {
	return slices.DeleteFunc(slices.Clone(v.Parts), func(p dossierPart) bool { return len(p.Rows) > 0 })
}

// Class is how a column looks: the later ones are for a wide page only, figures stand to the right.
func (p dossierPart) Class(i int) string {
	figures, words, longest := false, false, 0
	for _, r := range p.Rows {
		switch cell := r.Cells[i].(type) {
		case int64, num.Num:
			figures = true
		case string:
			words, longest = words || cell != "", max(longest, utf8.RuneCountInString(cell))
		}
	}
	switch {
	case figures && !words:
		return strings.TrimSpace("num " + wideClass(i))
	case words && !figures && longest <= shortCell:
		return strings.TrimSpace("nw " + wideClass(i))
	}
	return wideClass(i)
}

// wideClass hides a later column on a phone.
func wideClass(i int) string {
	if i >= shownHeads {
		return "no-s"
	}
	return ""
}

// filled is the part without the later columns of which no row says anything.
func (p dossierPart) filled() dossierPart {
	said := make([]bool, len(p.Heads))
	for _, r := range p.Rows {
		for i, text := range r.Texts() {
			said[i] = said[i] || i < shownHeads || text != ""
		}
	}
	empty := func(i int) bool { return len(p.Rows) > 0 && !said[i] }
	p.Heads = dropped(p.Heads, empty)
	rows := make([]dossierRow, len(p.Rows))
	for i, r := range p.Rows {
		rows[i] = dossierRow{r.Path, dropped(r.Cells, empty)}
	}
	p.Rows = rows
	return p
}

// dropped is a list without the places that are out.
func dropped[T any](list []T, out func(i int) bool) []T {
	var kept []T
	for i, one := range list {
		if !out(i) {
			kept = append(kept, one)
		}
	}
	return kept
}

// add appends a row.
func (p *dossierPart) add(path string, cells ...any) {
	p.Rows = append(p.Rows, dossierRow{path, cells})
}

// fact appends what is known by one name; what is not known is left out.
func (p *dossierPart) fact(name string, value any) {
	if text := (dossierRow{Cells: []any{value}}).Texts()[0]; text != "" {
		p.add("", name, value)
	}
}

// dossierRoutes are the dossiers of projects and firms.
func (s *Server) dossierRoutes() []Route {
	const get, project, firm = fiber.MethodGet, projectsPath + "/:id/dossier", firmsPath + "/:id/dossier"
	return []Route{
		{Method: get, Path: project, Action: policy.ReadRegister, Handler: s.showsDossier(s.projectDossier)},
		{Method: get, Path: project + "/print", Action: policy.ReadRegister, Handler: s.printsDossier(s.projectDossier)},
		{Method: get, Path: firm + "/print", Action: policy.ReadRegister, Handler: s.printsDossier(s.firmDossier)},
		{Method: get, Path: project + ".xlsx", Action: policy.ReadRegister, Handler: s.sendsDossier(s.projectDossier)},
		{Method: get, Path: projectsPath + "/:id/timeline", Action: policy.ReadRegister, Handler: s.projectTimeline},
		{Method: get, Path: firm, Action: policy.ReadRegister, Handler: s.showsDossier(s.firmDossier)},
		{Method: get, Path: firm + ".xlsx", Action: policy.ReadRegister, Handler: s.sendsDossier(s.firmDossier)},
	}
}

// makeDossier puts a dossier together for an actor.
type makeDossier func(c *fiber.Ctx, by policy.Actor) (dossierView, error)

func (s *Server) showsDossier(made makeDossier) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		v, err := made(c, by)
		if err != nil {
			return err
		}
		v.turn()
		for i := range v.Parts {
			v.Parts[i] = v.Parts[i].filled()
		}
		v.Printed = s.clockOf(c.UserContext()).today.Chinese()
		return s.render(c, by, "dossier", page{Title: v.Name + v.Kind, Nav: v.Crumbs[0].Path, Data: v, Script: true})
	}
}

// turn leaves on the page what it shows at a time, and says where the rest is.
func (v *dossierView) turn() {
	for _, p := range v.Parts {
		if len(p.Rows) > 0 && v.List == nil {
			v.Contents = append(v.Contents, dossierContent{Title: p.Title, Path: "#" + p.ID, Rows: len(p.Rows)})
		}
	}
	if v.List == nil || len(v.Parts) == 0 {
		return
	}
	l := *v.List
	chosen := max(0, slices.IndexFunc(v.Parts, func(p dossierPart) bool { return p.ID == l.value["list"] }))
	for i, p := range v.Parts {
		v.Contents = append(v.Contents, dossierContent{p.Title, l.address("list", p.ID), len(p.Rows), i == chosen})
	}
	part := v.Parts[chosen]
	v.Chosen = part.ID
	all := len(part.Rows)
	from, _ := strconv.Atoi(l.after)
	if from = from / registry.PageSize * registry.PageSize; from < 0 || from >= all {
		from = 0
	}
	upTo := min(from+registry.PageSize, all)
	part.Rows = part.Rows[from:upTo]
	v.Parts, v.Page = []dossierPart{part}, &pager{First: from + 1, Last: upTo, Count: all}
	if upTo < all {
		v.Page.Next = l.address("after", strconv.Itoa(upTo))
	}
	if from > 0 {
		v.Page.Back = l.address("after", strconv.Itoa(from-registry.PageSize))
	}
}

func (s *Server) sendsDossier(made makeDossier) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		v, err := made(c, by)
		if err != nil {
			return err
		}
		sheets := make([]report.Figures, len(v.Parts))
		for i, p := range v.Parts {
			sheets[i] = report.Figures{Sheet: p.Title, Heads: p.Heads, Note: p.Note}
			for _, r := range p.Rows {
				sheets[i].Rows = append(sheets[i].Rows, r.Cells)
			}
		}
		return sendFigures(c, v.Name+v.Kind+".xlsx", sheets...)
	}
}

// eachPage adds every row of a list that comes page by page.
func eachPage[T any](list func(after string) (store.Page[T], error), add func(store.Doc[T])) error {
	for after := ""; ; {
		page, err := list(after)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			add(d)
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// dossier collects parts; the first error ends it.
type dossier struct {
	s     *Server
	c     *fiber.Ctx
	by    policy.Actor
	parts []dossierPart
	err   error
}

// part adds a part that fill fills in, if the part of the program is there and the actor may read it.
func (d *dossier) part(there bool, action policy.Action, p dossierPart, fill func(p *dossierPart) error) {
	if d.err != nil || !there || !d.s.guard.Allow(d.by, action) {
		return
	}
	if d.err = fill(&p); d.err == nil {
		d.parts = append(d.parts, p)
	}
}

// about says whose rows are asked for: those of a project or of a firm.
type about struct{ project, firm string }

// stars adds what the shown evaluation says: the result of each subject under a scope key. It is of today only, because a board is no record.
func (d *dossier) stars(key, firmName string) {
	if looksBackNow(d.c) {
		return
	}
	d.part(true, policy.Public, dossierPart{ID: "stars", Title: "评价结果", Heads: []string{"评价对象", "等级", "总分", "名次", "说明"}, More: "/"}, func(p *dossierPart) error {
		b, err := d.s.boardNow(d.c.UserContext())
		if err != nil {
			return ignoreMissing(err)
		}
		p.Note = b.Title
		for _, f := range b.firms.list {
			if firmName != "" && !f.Apart && f.Name == firmName {
				p.add(firmAddress(f.ID), f.Name, f.Grade, f.Shown, report.Rank(f.Rank), b.FirmsTitle)
			}
		}
		var found []*ranked
		for _, r := range b.byID {
			if slices.Contains(r.Keys, key) {
				found = append(found, r)
			}
		}
		slices.SortFunc(found, func(x, y *ranked) int { return strings.Compare(x.Name+x.ID, y.Name+y.ID) })
		for _, r := range found {
			total := ""
			if r.Total != nil {
				total = points(*r.Total, b.Places)
			}
			p.add(starAddress(r.ID), r.Name, b.grades[r.Grade].Label, total, report.Rank(r.Rank), r.Reason)
		}
		return nil
	})
}

// ignoreMissing takes “nothing there yet” for nothing.
func ignoreMissing(err error) error {
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}
