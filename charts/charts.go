// Package charts turns numbers that it is given into small server-made SVG pictures: radar, waterfall and the bars of a spread.
//
//  1. It imports nothing of ours and knows no rule: labels, figures as text and cut lines come from the caller.
//  2. The output is plain SVG for an HTML page under the strict content security policy: classes of redsteward.css and geometry
//     attributes only, never style, script, or an address. Every text that comes in is escaped, so a compound's name stays a name.
//  3. A picture never stands alone: it has role="img" and a title saying where the same numbers stand as a table (or is aria-hidden
//     where it sits inside that table).
//  4. The same input gives the same bytes.
//
// Values are float64 because a pixel needs no more; exact figures are passed as text.
package charts

import (
	"html"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SVG is finished, escaped markup of one picture; a template may write it into a page as it is.
type SVG string

// canvas collects markup; all text goes through text and title, which escape.
type canvas struct{ b strings.Builder }

func (c *canvas) open(width, height float64, titleID, title string) {
	c.b.WriteString(`<svg class="ch" viewBox="0 0 ` + n(width) + " " + n(height) + `" role="img" aria-labelledby="` + html.EscapeString(titleID) +
		`"><title id="` + html.EscapeString(titleID) + `">` + html.EscapeString(title) + `</title>`)
}

func (c *canvas) close() SVG {
	c.b.WriteString("</svg>")
	return SVG(c.b.String())
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	c.b.WriteString(`<line class="` + class + `" x1="` + n(x1) + `" y1="` + n(y1) + `" x2="` + n(x2) + `" y2="` + n(y2) + `"/>`)
}

func (c *canvas) rect(class string, x, y, width, height float64) {
	c.b.WriteString(`<rect class="` + class + `" x="` + n(x) + `" y="` + n(y) + `" width="` + n(math.Max(width, 0)) + `" height="` + n(height) + `"/>`)
}

func (c *canvas) text(class, anchor string, x, y float64, s string) {
	c.b.WriteString("<text")
	if class != "" {
		c.b.WriteString(` class="` + class + `"`)
	}
	c.b.WriteString(` x="` + n(x) + `" y="` + n(y) + `"`)
	if anchor != "" {
		c.b.WriteString(` text-anchor="` + anchor + `"`)
	}
	c.b.WriteString(">" + html.EscapeString(s) + "</text>")
}

func (c *canvas) polygon(class string, points []point) {
	c.b.WriteString(`<polygon class="` + class + `" points="`)
	for i, p := range points {
		if i > 0 {
			c.b.WriteByte(' ')
		}
		c.b.WriteString(n(p.x) + "," + n(p.y))
	}
	c.b.WriteString(`"/>`)
}

func (c *canvas) circle(class string, p point, r float64) {
	c.b.WriteString(`<circle class="` + class + `" cx="` + n(p.x) + `" cy="` + n(p.y) + `" r="` + n(r) + `"/>`)
}

type point struct{ x, y float64 }

// n writes a coordinate with at most one decimal; what is not a number becomes 0, so that a picture is always well formed.
func n(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	v = math.Round(v*10) / 10
	if v == 0 { // −0 too
		return "0"
	}
	return strconv.FormatFloat(v, 'f', -1, 64)
}

// width estimates the width of a text at a font size: a wide character takes one em, a narrow one 0.6 em.
func width(s string, size float64) float64 {
	w := 0.0
	for _, r := range s {
		if r < 0x2E80 {
			w += 0.6
		} else {
			w++
		}
	}
	return w * size
}

// shorten cuts a text that is wider than limit at a font size and ends it with an ellipsis.
func shorten(s string, size, limit float64) string {
	if width(s, size) <= limit {
		return s
	}
	for len(s) > 0 && width(s, size)+size > limit {
		_, cut := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-cut]
	}
	return s + "…"
}
