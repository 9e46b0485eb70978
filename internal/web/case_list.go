package web

import (
	"context"
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// caseRow is one line of a list of cases. Title and Place stand below the name; Figure is the kind's own figure, Short the same for the phone, with its unit.
type caseRow struct {
	Path, Name, Title, Place, State, Next, Due, Chip, Left, Figure, Short, Opened string
}

// amount puts an amount of money into a line; 0 for none.
func (r *caseRow) amount(fen int64) {
	if fen > 0 {
		r.Figure, r.Short = fund.Yuan(fen), fund.Yuan(fen)+" 元"
	}
}

// casesView is what cases.html shows.
type casesView struct {
	Home, Title, Sub, Find, Unit, Excel string
	// Thing is what a row is about, "" for a compound. Used are versions that stand above the list.
	Thing string
	Used  []usedLine
	// Leads are what a case could be begun from, nil for none.
	Leads *leadsView
	// Above is what stands over the list, nil for nothing; New begins a case, "" for who may not, Links are other pages about the cases.
	Above        *crumb
	New, NewText string
	Links        []crumb
	Query        string
	// Hidden are filters without a field, Filters those with one.
	Hidden           []option
	Filters          []field
	DueFirst, Opened sortLink
	// Figure is the heading of the kind's own figure; Money: it is an amount.
	Figure               string
	Money                bool
	Rows                 []caseRow
	Next                 string
	Filtered             bool
	Nothing, NothingText string
}

// caseList says how the cases of a kind are listed, as a page and as Excel of the same; claims, refunds and the others each say what is their own.
type caseList[T any] struct {
	// path is the address, nav what is marked in the navigation, title what the list is called, sub one line about it.
	path, nav, title, sub string
	// find says what the search field looks in, opened how the day of a case is called, figure how its own figure is, unit is the measure word.
	find, opened, figure, unit string
	// thing is what a case is about, "" for a compound; extra adds to the page what only this list has, nil for nothing.
	thing string
	extra func(c *fiber.Ctx, by policy.Actor, v *casesView) error
	money bool
	read  policy.Action
	// above is what stands over the list, nil for nothing; begin is where a case is begun, with the words on the button, links other pages.
	above   func(by policy.Actor) *crumb
	begin   func(by policy.Actor) (link, text string)
	links   func(by policy.Actor) []crumb
	nothing string
	hidden  []string
	filters func(value map[string]string) []field
	page    func(ctx context.Context, by policy.Actor, value map[string]string, due bool, after string) (store.Page[T], error)
	row     func(clock taskClock, id string, one *T) caseRow
	heads   []string
	cells   func(one *T) [][]any
}

// routes are the two pages of a list.
func (l caseList[T]) routes(s *Server) []Route {
	return []Route{{Method: fiber.MethodGet, Path: l.path, Action: l.read, Handler: func(c *fiber.Ctx, by policy.Actor) error { return l.show(s, c, by) }},
		{Method: fiber.MethodGet, Path: l.path + ".xlsx", Action: l.read, Handler: l.excel}}
}

// address reads what the list is narrowed to.
func (l caseList[T]) address(c *fiber.Ctx) listAddress {
	names := append([]string{"q"}, l.hidden...)
	for _, f := range l.filters(nil) {
		names = append(names, f.Name)
	}
	return readList(c, l.path, names...)
}

// show lists the cases of the actor's scope.
func (l caseList[T]) show(s *Server, c *fiber.Ctx, by policy.Actor) error {
	at := l.address(c)
	found, err := l.page(c.UserContext(), by, at.value, at.value["sort"] == "due", at.after)
	if err != nil {
		return err
	}
	v := casesView{Home: l.path, Title: l.title, Sub: l.sub, Find: l.find, Unit: l.unit, Excel: at.excel(), Query: at.value["q"], Filters: l.filters(at.value), DueFirst: at.sorted("due", "期限", "opened"), Opened: at.sorted("opened", l.opened, "opened"),
		Figure: l.figure, Money: l.money, Thing: l.thing, Next: nextPage(c, found.Next), Filtered: at.filtered(), Nothing: "还没有" + l.title, NothingText: l.nothing}
	if l.above != nil {
		v.Above = l.above(by)
	}
	if l.begin != nil {
		v.New, v.NewText = l.begin(by)
	}
	if l.links != nil {
		v.Links = l.links(by)
	}
	for _, name := range l.hidden {
		if at.value[name] != "" {
			v.Hidden = append(v.Hidden, option{name, at.value[name]})
		}
	}
	clock := s.clockOf(c.UserContext())
	for i := range found.Docs {
		v.Rows = append(v.Rows, l.row(clock, found.Docs[i].ID, &found.Docs[i].State))
	}
	if len(v.Rows) > 0 {
		v.Links = append(slices.Clone(v.Links), s.printsOf(l.path)...)
	}
	if l.extra != nil {
		if err := l.extra(c, by, &v); err != nil {
			return err
		}
	}
	return s.render(c, by, "cases", page{Title: l.title, Nav: l.nav, Data: v})
}

// excel is the same list as Excel, all of it.
func (l caseList[T]) excel(c *fiber.Ctx, by policy.Actor) error {
	at := l.address(c)
	sheet := report.Figures{Sheet: l.title, Heads: l.heads}
	for after := ""; ; {
		found, err := l.page(c.UserContext(), by, at.value, at.value["sort"] == "due", after)
		if err != nil {
			return err
		}
		for i := range found.Docs {
			sheet.Rows = append(sheet.Rows, l.cells(&found.Docs[i].State)...)
		}
		if after = found.Next; after == "" {
			return sendFigures(c, l.title+".xlsx", sheet)
		}
	}
}

// stateFilter is the field for the state of cases.
func stateFilter[S interface {
	~string
	Title() string
}](states []S, value map[string]string) field {
	return codeFilter("state", "状态", states, value)
}

// codeFilter is a field for one of some codes.
func codeFilter[S interface {
	~string
	Title() string
}](name, label string, codes []S, value map[string]string) field {
	options := []option{{Label: "全部"}}
	for _, code := range codes {
		options = append(options, option{string(code), code.Title()})
	}
	return field{Name: name, Label: label, Options: options, Value: value[name]}
}
