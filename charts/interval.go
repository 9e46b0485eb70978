package charts

import "math"

// Interval is the range of one figure on the axis that all rows of a table share, for the cell beside the figures, therefore hidden from assistive technology.
type Interval struct {
	// From and To are the ends of the axis, Low and High those of the range, At is the figure itself; NaN for none.
	From, To, Low, High, At float64
	// Cuts are drawn as lines where they lie on the axis.
	Cuts []float64
}

// SVG draws it. Without a range it is the axis alone.
func (r Interval) SVG() SVG {
	const left, full, height = 2.0, 156.0, 16.0
	at := func(x float64) float64 {
		if !(r.To > r.From) {
			return left
		}
		return left + full*math.Min(1, math.Max(0, (x-r.From)/(r.To-r.From)))
	}
	var c canvas
	c.b.WriteString(`<svg class="ch iv" viewBox="0 0 160 16" aria-hidden="true">`)
	c.line("gr", left, height/2, left+full, height/2)
	for _, cut := range r.Cuts {
		if cut > r.From && cut < r.To {
			c.line("cut", at(cut), 0, at(cut), height)
		}
	}
	if r.Low <= r.High { // false for NaN
		c.rect("k1", at(r.Low), 4, math.Max(1.5, at(r.High)-at(r.Low)), height-8)
	}
	if r.At == r.At {
		c.circle("dot", point{at(r.At), height / 2}, 3)
	}
	return c.close()
}
