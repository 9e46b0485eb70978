package report

import "redsteward/internal/num"

// Figures is a sheet of figures that is only written: the table of a chart, a list with results.
type Figures struct {
	// Sheet is the name of the sheet.
	Sheet string
	// Heads are the headings; a row has as many cells.
	Heads []string
	// Rows hold strings, int64, num.Num and calendar.Date; "" leaves a cell empty.
	Rows [][]any
	// Note says below the rows what the figures are and how they were made (口径), "" for nothing.
	Note string
}

// The widths of columns of figures, in signs: the first names the row.
const (
	nameWidth   = 24
	figureWidth = 16
)

// Filled gives the sheet.
func (f Figures) Filled() Sheet {
	s := Sheet{name: f.Sheet, rows: f.Rows, note: f.Note}
	for i, title := range f.Heads {
		h := head{title: title, width: figureWidth, form: formText}
		if i == 0 {
			h.width = nameWidth
		}
		s.heads = append(s.heads, h)
	}
	return s
}

// Maybe is a number rounded for display to so many decimals, for a cell of Figures: a whole number of none, "" for nil.
func Maybe(n *num.Num, places int) any {
	if n == nil {
		return ""
	}
	rounded := n.Round(places, num.HalfUp)
	if whole, ok := rounded.Int64(); ok && places == 0 {
		return whole
	}
	return rounded
}

// Rank is a place for a cell of Figures, "" for none.
func Rank(place int) any {
	if place == 0 {
		return ""
	}
	return int64(place)
}
