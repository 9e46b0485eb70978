package charts

import "math"

// Step is one bar of a waterfall.
type Step struct {
	// Label names the bar.
	Label string
	// Text is the figure as shown, for example "−2.40".
	Text string
	// Value is the level itself for a total, the change otherwise.
	Value float64
	// Total marks a bar that shows a level from the axis instead of a change.
	Total bool
}

// Cut is a level at which something changes, such as a grade's lower end.
type Cut struct {
	// Label names the level, for example "四星线 84".
	Label string
	// Value is the level.
	Value float64
}

// Waterfall shows how a total came about: a full bar, the losses and gains, the total.
type Waterfall struct {
	// ID is the document-wide unique id of the picture's title.
	ID string
	// Title says what is shown, where the axis begins and where the numbers stand.
	Title string
	// Steps go from top to bottom.
	Steps []Step
	// Cuts are drawn as dashed lines if they lie within the picture.
	Cuts []Cut
	// From is where the axis begins; take it from AxisFrom, and say so beside the picture unless it is 0.
	From float64
	// To is where the axis ends, usually the highest attainable total.
	To float64
}

// AxisFrom proposes where the axis of a waterfall may begin so that small changes stay visible: the lowest level reached by steps, less a tenth
// of the remaining span, rounded down to a multiple of 5; 0 if that is below 0 or if any total is at or below 0.
func AxisFrom(steps []Step) float64 {
	low, high, level := math.Inf(1), math.Inf(-1), 0.0
	for _, s := range steps {
		if s.Total {
			level = s.Value
		} else {
			level += s.Value
		}
		low, high = math.Min(low, level), math.Max(high, level)
	}
	if len(steps) == 0 || low <= 0 {
		return 0
	}
	return math.Max(0, math.Floor((low-(high-low)/10-1)/5)*5)
}

// SVG draws the waterfall. Totals are black, losses white with an outline, gains filled: distinct without colour.
func (w Waterfall) SVG() SVG {
	const rowHeight, top, fontSize, right = 26, 30, 15, 64
	labelWidth := 60.0
	for _, s := range w.Steps {
		labelWidth = math.Max(labelWidth, width(s.Label, fontSize))
	}
	labelWidth = math.Min(labelWidth, 150)
	x0, x1 := labelWidth+8, 480.0-right
	span := w.To - w.From
	if span <= 0 {
		span = 1
	}
	at := func(v float64) float64 { return x0 + (x1-x0)*math.Min(math.Max((v-w.From)/span, 0), 1) }
	bottom := top + rowHeight*float64(len(w.Steps)) - 2

	var c canvas
	c.open(480, bottom+24, w.ID, w.Title)
	w.grid(&c, at, bottom)
	level := 0.0
	for i, s := range w.Steps {
		y := top + rowHeight*float64(i)
		class, labelClass := "loss", ""
		from, to := level, level+s.Value
		switch {
		case s.Total:
			class, labelClass, from, to = "tot", "t1", w.From, s.Value
		case s.Value >= 0:
			class = "gain"
		}
		left, end := at(math.Min(from, to)), at(math.Max(from, to))
		c.text(labelClass, "end", x0-8, y+13, shorten(s.Label, fontSize, labelWidth))
		c.rect(class, left, y, end-left, 18)
		if i+1 < len(w.Steps) {
			c.line("ax", at(to), y+18, at(to), y+rowHeight)
		}
		textClass := "halo"
		if s.Total {
			textClass = "t1 halo"
		}
		c.text(textClass, "start", end+7, y+13, s.Text)
		level = to
	}
	return c.close()
}

// grid draws the scale below and the cut lines; labels of cuts that would run into each other are left out, the lines stay.
func (w Waterfall) grid(c *canvas, at func(float64) float64, bottom float64) {
	const top, fontSize = 22, 12
	for _, v := range ticks(w.From, w.To) {
		c.line("gr", at(v), top, at(v), bottom)
		c.text("", "middle", at(v), bottom+16, n(v))
	}
	lastEnd := math.Inf(-1)
	for _, cut := range w.Cuts {
		if cut.Value <= w.From || cut.Value >= w.To {
			continue
		}
		x := at(cut.Value)
		c.line("cut", x, top, x, bottom)
		half := width(cut.Label, fontSize) / 2
		if x-half > lastEnd+6 {
			c.text("", "middle", x, 14, cut.Label)
			lastEnd = x + half
		}
	}
}

// ticks are the levels at which a scale is written: multiples of 5, doubled until no more than eight stand between its ends.
func ticks(from, to float64) (levels []float64) {
	const most = 6
	tick := 5.0
	if span := to - from; span > most*tick {
		tick *= math.Exp2(math.Ceil(math.Log2(span / (most * tick))))
	}
	for i := range most + 2 {
		v := (math.Ceil(from/tick) + float64(i)) * tick
		if !(v <= to) {
			break
		}
		levels = append(levels, v)
	}
	return levels
}
