package main

import (
	"bufio"
	"io"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// textTable is a table for a terminal: Chinese characters take two places there, and the columns still stand under each other.
type textTable struct {
	// Head names the columns.
	Head []string
	// Right says which columns are set against their right edge, as numbers are. A missing entry means the left edge.
	Right []bool
	// Rows hold one cell a column; a short row leaves its last cells empty.
	Rows [][]string
}

// cellWidth counts the places that a text takes on a terminal. What Unicode calls ambiguous, such as ★ and “”, counts as one
// place, so that the same table is printed the same on every machine; marks that stand on another character count as none.
func cellWidth(s string) int {
	n := 0
	for _, r := range s {
		switch width.LookupRune(r).Kind() {
		case width.EastAsianWide, width.EastAsianFullwidth:
			n += 2
		default:
			if !unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf) {
				n++
			}
		}
	}
	return n
}

// write prints the table with two blanks between the columns and no blank at the end of a line.
func (t *textTable) write(w io.Writer) error {
	widths := make([]int, len(t.Head))
	measure := func(row []string) {
		for i, cell := range row {
			if i < len(widths) {
				widths[i] = max(widths[i], cellWidth(oneLine(cell)))
			}
		}
	}
	measure(t.Head)
	for _, row := range t.Rows {
		measure(row)
	}
	out := bufio.NewWriter(w)
	rule := make([]string, len(widths))
	for i, n := range widths {
		rule[i] = strings.Repeat("-", n)
	}
	t.line(out, t.Head, widths)
	t.line(out, rule, widths)
	for _, row := range t.Rows {
		t.line(out, row, widths)
	}
	return out.Flush()
}

// line prints one row; errors stay in the writer until it is flushed.
func (t *textTable) line(out *bufio.Writer, row []string, widths []int) {
	var b strings.Builder
	for i, places := range widths {
		cell := ""
		if i < len(row) {
			cell = oneLine(row[i])
		}
		if i > 0 {
			b.WriteString("  ")
		}
		pad := strings.Repeat(" ", places-cellWidth(cell))
		if i < len(t.Right) && t.Right[i] {
			b.WriteString(pad + cell)
		} else {
			b.WriteString(cell + pad)
		}
	}
	out.WriteString(strings.TrimRight(b.String(), " "))
	out.WriteByte('\n')
}

// oneLine replaces what would break the row, or let a cell from a stranger's file steer the terminal, by blanks.
func oneLine(cell string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, cell)
}
