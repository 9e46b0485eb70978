package charts

import "math"

// Trend shows totals over the years: those of years solid with points and figures, those of quarters dashed. Only points that may be compared are joined.
type Trend struct {
	// ID is the document-wide unique id of the picture's title.
	ID string
	// Title says what is shown, where the axis begins and where the numbers stand.
	Title string
	// Slots are the quarters from left to right with the text below each, "" for none.
	Slots []string
	// Points go from left to right.
	Points []TrendPoint
	// Breaks are slots before which the rule changed.
	Breaks []int
	// From and To are the ends of the axis; take From from TrendFrom, and say so beside the picture unless it is 0.
	From, To float64
}

// TrendPoint is one total.
type TrendPoint struct {
	// Slot is where it stands, from 0.
	Slot int
	// Text is the figure as shown, Value the total.
	Text  string
	Value float64
	// Year: it is the total of a year. Joined: it may be compared with the point of the same kind before it.
	Year, Joined bool
}

// TrendFrom proposes where the axis may begin: below the lowest point by a tenth of the span, at a multiple of 5.
func TrendFrom(points []TrendPoint) float64 {
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range points {
		low, high = math.Min(low, p.Value), math.Max(high, p.Value)
	}
	if len(points) == 0 || low <= 0 {
		return 0
	}
	return math.Max(0, math.Floor((low-(high-low)/10-1)/5)*5)
}

// SVG draws the trend. It returns "" for fewer than two points.
func (t Trend) SVG() SVG {
	const x0, x1, top, bottom, fontSize = 44.0, 452.0, 24.0, 168.0, 13
	if len(t.Points) < 2 || len(t.Slots) == 0 {
		return ""
	}
	span := t.To - t.From
	if span <= 0 {
		span = 1
	}
	step := (x1 - x0) / math.Max(float64(len(t.Slots)-1), 1)
	at := func(slot int, value float64) point {
		return point{x0 + step*float64(slot), bottom - (bottom-top)*math.Min(math.Max((value-t.From)/span, 0), 1)}
	}
	var c canvas
	c.open(480, bottom+26, t.ID, t.Title)
	for _, v := range ticks(t.From, t.To) {
		y := at(0, v).y
		c.line("gr", x0, y, x1, y)
		c.text("", "end", x0-6, y+4, n(v))
	}
	lastEnd := math.Inf(-1)
	for i, label := range t.Slots {
		x := at(i, 0).x
		if half := width(label, fontSize) / 2; label != "" && x-half > lastEnd+4 {
			c.text("", "middle", x, bottom+18, label)
			lastEnd = x + half
		}
	}
	for _, slot := range t.Breaks {
		x := at(slot, 0).x - step/2
		c.line("cut", x, top-8, x, bottom)
		c.text("halo", "middle", math.Min(math.Max(x, x0+26), x1-26), 12, "办法修订")
	}
	for _, years := range []bool{false, true} { // years lie on top
		last := -1
		for i, p := range t.Points {
			if p.Year != years {
				continue
			}
			now := at(p.Slot, p.Value)
			if last >= 0 && p.Joined {
				before := at(t.Points[last].Slot, t.Points[last].Value)
				c.line(map[bool]string{false: "old", true: "now"}[years], before.x, before.y, now.x, now.y)
			}
			last = i
		}
		for _, p := range t.Points {
			if p.Year != years {
				continue
			}
			now := at(p.Slot, p.Value)
			if years {
				c.circle("dot", now, 4)
				c.text("t1 halo", "middle", math.Min(math.Max(now.x, x0+20), x1-4), now.y-9, p.Text)
			} else {
				c.circle("pt", now, 3)
			}
		}
	}
	return c.close()
}
