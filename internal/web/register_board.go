package web

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
)

// Boards of the register are lists that are put together from many records: who serves which compound, what expires, what is at risk. They all look alike: figures, filter, table,
// pages, everything at once for printing, and the same rows as Excel.

// overview is what register_board.html shows.
type overview struct {
	Path, Title, Intro string
	Crumbs             []crumb
	Filters            []boardFilter
	Figures            []boardFigure
	Heads              []boardHead
	Rows               []boardRow
	Page               pager
	// Nav is the entry of the navigation that it belongs to, "" for its own path.
	Nav string
	// Below names in the workbook what stands below the names, "" for 位置; OnScreen is the heading of a last column of links or buttons, which the workbook leaves out.
	Below, OnScreen string
	// Excel and All are the addresses of the same rows as a workbook and on one page.
	Excel, All, Clear string
	Sort, Desc        string
	Filtered, Whole   bool
	// Warning stands above everything; Note says how the rows came about; Nothing what an empty list means, NothingText what to do then.
	Warning, Note, Nothing, NothingText string
	// Acts are links in the head of the page.
	Acts []crumb
}

// boardFilter is one filter of a board; without options it is a search field.
type boardFilter struct {
	Name, Label, Value string
	Options            []option
}

// boardFigure is one figure above the table.
type boardFigure struct{ Label, Value, Sub, Link string }

// boardHead is a heading; Address "" cannot be sorted by.
type boardHead struct {
	Link  sortLink
	Class string
}

// boardRow is one row: its name with a line below it, and its cells.
type boardRow struct {
	Name, Path, Sub string
	Cells           []boardCell
}

// boardCell is one cell. Chip, if not "", is the state as which Text is shown. Value, if not nil, is what the workbook says instead of Text.
type boardCell struct {
	Text, Chip, Sub, Link, Class string
	Value                        any
	// Form is a button of the cell; nil for none.
	Form *boardForm
}

// boardForm is a button that sends some values.
type boardForm struct {
	Action, Button string
	Values         []option
}

func textCell(text string) boardCell { return boardCell{Text: text, Class: "no-s"} }

// head declares a column that cannot be sorted by.
func head(label, class string) boardHead { return boardHead{sortLink{Label: label}, class} }

// yuanCell is an amount: with thousands on the page, as a number in the workbook.
func yuanCell(fen int64, class string) boardCell {
	return boardCell{Text: yuanText(fen), Class: class, Value: inYuan(fen)}
}

// boardAt begins a board from the address of its list.
func boardAt(l listAddress, title, intro string) overview {
	return overview{Path: l.path, Title: title, Intro: intro, Excel: l.excel(), Clear: l.path, Sort: l.value["sort"], Desc: l.value["desc"], Filtered: l.filtered()}
}

// wholeBoard is the longest board on one page.
const wholeBoard = 2000

// showBoard cuts the page out of the rows and shows it.
func (s *Server) showBoard(c *fiber.Ctx, by policy.Actor, l listAddress, b overview) error {
	b.Whole = c.Query("all") != ""
	b.All = l.address("all", "1")
	if b.Whole {
		b.Page, b.Rows = l.pager(min(len(b.Rows), wholeBoard), min(len(b.Rows), registry.CountTo+1), ""), b.Rows[:min(len(b.Rows), wholeBoard)]
	} else {
		b.Page, b.Rows = pageOf(l, b.Rows)
	}
	return s.render(c, by, "register_board", page{Title: b.Title, Nav: cmp.Or(b.Nav, b.Path), Data: b, Script: true, Said: saidParam(c, boardSaid)})
}

// pageOf is the page of a list that was read whole, with where it stands.
func pageOf[T any](l listAddress, rows []T) (pager, []T) {
	from, err := strconv.Atoi(l.after)
	if err != nil || from < 0 || from > len(rows) {
		from = 0
	}
	to, next := min(from+registry.PageSize, len(rows)), ""
	if to < len(rows) {
		next = strconv.Itoa(to)
	}
	return l.pager(to-from, min(len(rows), registry.CountTo+1), next), rows[from:to]
}

// makeOverview puts a board together for an actor.
type makeOverview func(c *fiber.Ctx, by policy.Actor) (listAddress, overview, error)

// showsOverview answers with a board as a page, sendsOverview with the same as Excel.
func (s *Server) showsOverview(made makeOverview) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		l, b, err := made(c, by)
		if err != nil {
			return err
		}
		return s.showBoard(c, by, l, b)
	}
}

func (s *Server) sendsOverview(made makeOverview) func(*fiber.Ctx, policy.Actor) error {
	return func(c *fiber.Ctx, by policy.Actor) error {
		_, b, err := made(c, by)
		if err != nil {
			return err
		}
		return sendBoard(c, b)
	}
}

// boardSaid is what was done on a board.
var boardSaid = map[string]string{"reminded": "已记下提醒，到下一个提醒日以前不再列在待办里。"}

// sendBoard answers with all rows of a board as Excel.
func sendBoard(c *fiber.Ctx, b overview) error {
	f := report.Figures{Sheet: b.Title, Note: b.Note}
	for _, h := range b.Heads {
		if h.Link.Label != b.OnScreen {
			f.Heads = append(f.Heads, h.Link.Label)
		}
	}
	f.Heads = slices.Insert(f.Heads, 1, cmp.Or(b.Below, "位置"))
	for _, r := range b.Rows {
		row := []any{r.Name, r.Sub}
		for i, cell := range r.Cells {
			switch {
			case b.Heads[i+1].Link.Label == b.OnScreen:
			case cell.Value != nil:
				row = append(row, cell.Value)
			case cell.Text != "":
				row = append(row, cell.Text)
			default:
				row = append(row, "")
			}
		}
		f.Rows = append(f.Rows, row)
	}
	return sendFigures(c, b.Title+".xlsx", f)
}
