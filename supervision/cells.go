package supervision

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// The longest texts of a cell, in characters.
const (
	maxCellText = 200
	maxDocument = 100
)

// CheckCells checks what is said against what was asked: every column once and no other, each value of its kind, at most its maximum and at most the column
// that bounds it. A reading about the day counts from then on, so that an event must not have ended before it. The fields are named cells.<column>.
func CheckCells(ask Ask, cells []Cell, day calendar.Date) []fault.Field {
	c := cellCheck{ask: ask, given: make(map[string]Cell, len(cells))}
	for _, cell := range cells {
		if _, twice := c.given[cell.Column]; twice {
			c.fail(cell.Column, "“%s”填了两次", c.label(cell.Column))
		}
		c.given[cell.Column] = cell
		if !slices.ContainsFunc(ask.Columns, func(col Column) bool { return col.Name == cell.Column }) {
			c.fail(cell.Column, "“%s”没有“%s”这一栏", ask.Name, cell.Column)
		}
	}
	for _, col := range ask.Columns {
		cell, ok := c.given[col.Name]
		switch {
		case !ok:
			c.fail(col.Name, "请填写“%s”，不适用的选“不适用”", col.Label)
		case cell.NA:
			c.notApplicable(col, cell)
		default:
			c.value(col, cell, day)
		}
	}
	return c.bad
}

// cellCheck collects what is wrong with the cells of one ask.
type cellCheck struct {
	ask   Ask
	given map[string]Cell
	bad   []fault.Field
}

func (c *cellCheck) fail(column, format string, args ...any) {
	c.bad = append(c.bad, fault.Field{Name: "cells." + column, Message: fmt.Sprintf(format, args...)})
}

// label is what people call a column; its name if it is none of the ask.
func (c *cellCheck) label(column string) string {
	for _, col := range c.ask.Columns {
		if col.Name == column {
			return col.Label
		}
	}
	return column
}

// notApplicable: a cell without a value, and a numerator and its denominator only together.
func (c *cellCheck) notApplicable(col Column, cell Cell) {
	if !cell.Number.IsZero() || cell.Text != "" || cell.Document != "" || !cell.Until.IsZero() {
		c.fail(col.Name, "“%s”选了“不适用”，就不能再填内容", col.Label)
	}
	if of, ok := c.given[col.OfColumn]; ok && !of.NA {
		c.fail(col.Name, "“%s”选了“不适用”，“%s”却填了 %s；要么都填，要么都选“不适用”", col.Label, c.label(col.OfColumn), of.Number)
	}
}

func (c *cellCheck) value(col Column, cell Cell, day calendar.Date) {
	if col.Kind != ColumnEvent && (cell.Document != "" || !cell.Until.IsZero()) {
		c.fail(col.Name, "“%s”不用填文号和期满日", col.Label)
	}
	switch col.Kind {
	case ColumnCount, ColumnNumber, ColumnBool:
		if cell.Text != "" {
			c.fail(col.Name, "“%s”要填数，现在是“%s”", col.Label, cell.Text)
			return
		}
		c.number(col, cell.Number)
	case ColumnText, ColumnEvent:
		if !cell.Number.IsZero() {
			c.fail(col.Name, "“%s”要选一个答案，现在是 %s", col.Label, cell.Number)
			return
		}
		c.text(col, cell.Text)
		if col.Kind == ColumnEvent {
			c.event(col, cell, day)
		}
	default:
		c.fail(col.Name, "“%s”的填法“%s”不认识", col.Label, col.Kind)
	}
}

func (c *cellCheck) number(col Column, n num.Num) {
	switch {
	case col.Kind == ColumnBool && !n.IsZero() && !n.Equal(num.FromInt(1)):
		c.fail(col.Name, "“%s”只能填“是”（1）或“否”（0），现在是 %s", col.Label, n)
	case col.Kind == ColumnCount && !n.IsInt():
		c.fail(col.Name, "“%s”要填整数，现在是 %s", col.Label, n)
	case col.Kind == ColumnCount && n.Sign() < 0:
		c.fail(col.Name, "“%s”不能小于 0，现在是 %s", col.Label, n)
	}
	if col.Max != "" {
		limit, err := num.ParseCanonical(col.Max)
		if err != nil {
			c.fail(col.Name, "“%s”的上限“%s”不是数", col.Label, col.Max)
		} else if limit.Less(n) {
			c.fail(col.Name, "“%s” %s%s 超过上限 %s", col.Label, n, col.Unit, limit)
		}
	}
	if of, ok := c.given[col.OfColumn]; ok {
		switch {
		case of.NA:
			c.fail(col.Name, "“%s”选了“不适用”，“%s”却填了 %s；要么都填，要么都选“不适用”", c.label(col.OfColumn), col.Label, n)
		case of.Number.Less(n):
			c.fail(col.Name, "“%s” %s%s 多于“%s” %s%s", col.Label, n, col.Unit, c.label(col.OfColumn), of.Number, col.Unit)
		}
	}
}

func (c *cellCheck) text(col Column, text string) {
	switch {
	case strings.TrimSpace(text) == "":
		c.fail(col.Name, "请填写“%s”", col.Label)
	case utf8.RuneCountInString(text) > maxCellText:
		c.fail(col.Name, "“%s”最多 %d 个字，现在有 %d 个", col.Label, maxCellText, utf8.RuneCountInString(text))
	case len(col.Values) > 0 && !slices.ContainsFunc(col.Values, func(v Choice) bool { return v.ID == text }):
		names := make([]string, len(col.Values))
		for i, v := range col.Values {
			names[i] = v.Text
		}
		c.fail(col.Name, "“%s”没有“%s”这个选项，只能是%s", col.Label, text, strings.Join(names, "、"))
	}
}

// event checks the paper behind an event.
func (c *cellCheck) event(col Column, cell Cell, day calendar.Date) {
	switch n := utf8.RuneCountInString(strings.TrimSpace(cell.Document)); {
	case n == 0:
		c.fail(col.Name, "请填写“%s”的文号", col.Label)
	case n > maxDocument:
		c.fail(col.Name, "文号最多 %d 个字，现在有 %d 个", maxDocument, n)
	}
	if !cell.Until.IsZero() && cell.Until.Compare(day) < 0 {
		c.fail(col.Name, "期满日 %s 早于认定日 %s", cell.Until.Chinese(), day.Chinese())
	}
}
