// Package report brings registers into Excel and out of it.
//
//  1. A column is declared once; template, reading and export come from the same declaration, so that what was exported can be read back.
//  2. Reading never trusts a file: how far it unpacks, its rows and its columns are bounded, formulas are not computed, and nothing in it is executed.
//  3. Every cell that cannot be read is named by its place, the value found, and a sentence that says what to do.
//  4. A text that comes from outside is written as text and never as a formula.
package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/registry"
)

// Column is one column of a table of T.
type Column[T any] struct {
	// Field is the name of the field, as in the faults of the register.
	Field string
	// Title is the heading.
	Title string
	// Hint says in the template how to fill it in.
	Hint string
	// Required: an empty cell is a fault.
	Required bool
	// Width is the width in signs, 0 for the default.
	Width float64
	// Given: a template fills it in; a row in which nothing else is filled in says nothing and is left alone.
	Given bool
	// choices are offered by the template.
	choices []string
	// form is how cells look.
	form form
	// read puts a cell that is not empty into the row; the error is a sentence without the heading. nil: the column is only written.
	read func(row *T, cell cell) string
	// write gives the value: a string, int64, num.Num or calendar.Date; "" and no date leave the cell empty.
	write func(row *T) any
}

// form is how the cells of a column look.
type form int

const (
	formText form = iota
	formWhole
	formDecimal
	formDate
)

// cell is one cell as read.
type cell struct {
	text string
	// from1904: the workbook counts days from 1904.
	from1904 bool
}

// maxCell is the longest text of a cell that is read, in signs.
const maxCell = 500

// Text declares a column of text.
func Text[T any](field, title string, at func(*T) *string) Column[T] {
	return Column[T]{Field: field, Title: title, form: formText,
		read: func(row *T, c cell) string {
			if looksLost(c.text) {
				return "这一格是数字格式，长数字的末几位已被 Excel 改掉，请改成文本格式后重新填写"
			}
			if n := utf8.RuneCountInString(c.text); n > maxCell {
				return fmt.Sprintf("有 %d 个字，最多 %d 个字", n, maxCell)
			}
			*at(row) = c.text
			return ""
		},
		write: func(row *T) any { return *at(row) },
	}
}

// looksLost reports whether a number was kept in a form that has lost digits: 9.1360428E+17.
func looksLost(text string) bool {
	mantissa, exponent, found := strings.Cut(strings.ToUpper(text), "E+")
	if !found {
		return false
	}
	_, err1 := num.Parse(mantissa)
	_, err2 := num.Parse(exponent)
	return err1 == nil && err2 == nil
}

// Whole declares a column of whole numbers; example ends the sentence of a fault.
func Whole[T any](field, title, example string, at func(*T) *int64) Column[T] {
	return Column[T]{Field: field, Title: title, form: formWhole,
		read: func(row *T, c cell) string {
			n, err := num.Parse(num.Plain(c.text))
			if value, whole := n.Int64(); err == nil && whole {
				*at(row) = value
				return ""
			}
			return "要填整数，例如 " + example
		},
		write: func(row *T) any { return *at(row) },
	}
}

// decimals reads a number with at most so many decimals. Excel keeps 0.1 + 0.2 as 0.30000000000000004: what differs only beyond the fifteenth digit is noise of its own.
func decimals(text string, places int) (num.Num, bool) {
	n, err := num.Parse(num.Plain(text))
	if err != nil {
		return num.Num{}, false
	}
	rounded := n.Round(places, num.HalfUp)
	if rounded.Equal(n) {
		return n, true
	}
	digits := strings.Trim(strings.ReplaceAll(strings.TrimPrefix(text, "-"), ".", ""), "0")
	if len(digits) < 16 || !n.Sub(rounded).Abs().Less(num.MustParse("0.0000000001")) {
		return n, false
	}
	return rounded, true
}

// Decimal declares a column of exact numbers with at most so many decimals.
func Decimal[T any](field, title, example string, places int, at func(*T) *num.Num) Column[T] {
	return Column[T]{Field: field, Title: title, form: formDecimal,
		read: func(row *T, c cell) string {
			n, ok := decimals(c.text, places)
			if !ok {
				return fmt.Sprintf("要填数字，最多 %d 位小数，例如 %s", places, example)
			}
			*at(row) = n
			return ""
		},
		write: func(row *T) any {
			if at(row).IsZero() {
				return ""
			}
			return *at(row)
		},
	}
}

// Money declares a column of yuan that is kept in fen.
func Money[T any](field, title, example string, at func(*T) *int64) Column[T] {
	return Column[T]{Field: field, Title: title, form: formDecimal,
		read: func(row *T, c cell) string {
			n, ok := decimals(strings.TrimSuffix(c.text, "元"), 2)
			fen, whole := n.Mul(num.FromInt(100)).Int64()
			if !ok || !whole {
				return "要填金额（元），最多两位小数，例如 " + example
			}
			*at(row) = fen
			return ""
		},
		write: func(row *T) any { return num.FromFrac(*at(row), 100) },
	}
}

// Date declares a column of days.
func Date[T any](field, title, example string, at func(*T) *calendar.Date) Column[T] {
	return Column[T]{Field: field, Title: title, form: formDate,
		read: func(row *T, c cell) string {
			day, ok := readDate(c)
			if !ok {
				return "要填日期，例如 " + example
			}
			*at(row) = day
			return ""
		},
		write: func(row *T) any { return *at(row) },
	}
}

// Pick declares a column that takes one of some words; their codes are kept.
func Pick[T any, C ~string](field, title string, choices []registry.Choice, at func(*T) *C) Column[T] {
	words := make([]string, len(choices))
	for i, c := range choices {
		words[i] = c.Text
	}
	return Column[T]{Field: field, Title: title, form: formText, choices: words,
		read: func(row *T, c cell) string {
			for _, choice := range choices {
				if choice.Text == c.text {
					*at(row) = C(choice.ID)
					return ""
				}
			}
			return "只能填" + strings.Join(words, "、")
		},
		write: func(row *T) any {
			if *at(row) == "" {
				return ""
			}
			return registry.TextOf(choices, *at(row))
		},
	}
}

// Shown declares a column that is only written: reading leaves it alone.
func Shown[T any](title string, value func(*T) any) Column[T] {
	return Column[T]{Title: title, write: value}
}

// Wide sets the width of a column in signs.
func (c Column[T]) Wide(width float64) Column[T] { c.Width = width; return c }

// Must makes a column required.
func (c Column[T]) Must() Column[T] { c.Required = true; return c }

// given marks a column that a template fills in.
func (c Column[T]) given() Column[T] { c.Given = true; return c }

// Says sets the hint of a column.
func (c Column[T]) Says(hint string) Column[T] { c.Hint = hint; return c }

// Within takes the columns of a part of a row for the whole row.
func Within[A, B any](columns []Column[A], part func(*B) *A) []Column[B] {
	out := make([]Column[B], len(columns))
	for i, c := range columns {
		out[i] = Column[B]{Field: c.Field, Title: c.Title, Hint: c.Hint, Required: c.Required, Width: c.Width, choices: c.choices, form: c.form,
			write: func(row *B) any { return c.write(part(row)) }}
		if c.read != nil {
			out[i].read = func(row *B, cell cell) string { return c.read(part(row), cell) }
		}
	}
	return out
}

// Table is a sheet of rows.
type Table[T any] struct {
	// Sheet is the name of the sheet.
	Sheet string
	// Columns are in order.
	Columns []Column[T]
}
