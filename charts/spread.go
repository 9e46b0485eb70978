package charts

import "math"

// Bar draws one bar of a spread for a cell of the table that holds the count, therefore hidden from assistive technology. share is the bar's length
// from 0 to 1 of the longest bar; level from 5 to 1 picks the ramp colour of the grade, anything else (no star, not enough data) is hollow.
// A share above 0 is always visible.
func Bar(level int, share float64) SVG {
	const full = 92
	class := "k0"
	if level >= 1 && level <= 5 {
		class = "k" + n(float64(level))
	}
	length := 0.0
	if share > 0 {
		length = math.Max(1.5, full*math.Min(share, 1))
	}
	var c canvas
	c.b.WriteString(`<svg class="ch" viewBox="0 0 96 14" aria-hidden="true">`)
	c.rect(class, .5, 2, length, 10)
	return c.close()
}
