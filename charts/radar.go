package charts

import "math"

// Axis is one direction of a radar.
type Axis struct {
	// Label names the axis.
	Label string
	// Text is the current figure as shown, for example "85.3%".
	Text string
	// Value is the current figure from 0 to 100; anything outside is drawn at the edge.
	Value float64
	// Before is the figure of the period before, 0 to 100; used only if Radar.HasBefore.
	Before float64
}

// Radar describes a radar picture on a scale from 0 to 100.
type Radar struct {
	// ID is the document-wide unique id of the picture's title.
	ID string
	// Title says what is shown and where the numbers stand.
	Title string
	// Axes go clockwise from the top; three at least.
	Axes []Axis
	// HasBefore draws the dashed outline of the period before.
	HasBefore bool
}

// MinAxes is the fewest directions of which a radar makes sense; with fewer, SVG returns "".
const MinAxes = 3

// SVG draws the radar: rings at 20, 40, 60, 80 and 100, the period before dashed, the current one solid with points, labels
// beside their axes. It returns "" for fewer than MinAxes axes.
func (r Radar) SVG() SVG {
	const cx, cy, radius = 210, 158, 112
	if len(r.Axes) < MinAxes {
		return ""
	}
	at := func(i int, value float64) point {
		a := 2*math.Pi*float64(i)/float64(len(r.Axes)) - math.Pi/2
		d := radius * math.Min(math.Max(value, 0), 100) / 100
		return point{cx + d*math.Cos(a), cy + d*math.Sin(a)}
	}
	ring := func(value func(i int) float64) []point {
		points := make([]point, len(r.Axes))
		for i := range points {
			points[i] = at(i, value(i))
		}
		return points
	}
	var c canvas
	c.open(420, 300, r.ID, r.Title)
	for _, level := range []float64{20, 40, 60, 80, 100} {
		class := "gr"
		if level == 100 {
			class = "ax"
		}
		c.polygon(class, ring(func(int) float64 { return level }))
	}
	for i := range r.Axes {
		end := at(i, 100)
		c.line("gr", cx, cy, end.x, end.y)
	}
	if r.HasBefore {
		c.polygon("old", ring(func(i int) float64 { return r.Axes[i].Before }))
	}
	now := ring(func(i int) float64 { return r.Axes[i].Value })
	c.polygon("now", now)
	for _, p := range now {
		c.circle("dot", p, 3.5)
	}
	// The scale is written between the first two axes, where no label stands.
	for _, level := range []float64{60, 100} {
		a, b := at(0, level), at(1, level)
		c.text("halo", "middle", (a.x+b.x)/2, (a.y+b.y)/2+4, n(level))
	}
	const fontSize, room = 13, 118
	for i, axis := range r.Axes {
		end := at(i, 112)
		dx := math.Cos(2*math.Pi*float64(i)/float64(len(r.Axes)) - math.Pi/2)
		edge := point{cx + (radius+14)*dx, cy + (radius+14)*math.Sin(2*math.Pi*float64(i)/float64(len(r.Axes))-math.Pi/2)}
		label := shorten(axis.Label, fontSize, room)
		switch {
		case math.Abs(dx) < 0.05 && end.y < cy: // top: one line above the point
			c.text("t1", "middle", cx, edge.y-8, label+" "+axis.Text)
		case math.Abs(dx) < 0.05: // bottom
			c.text("t1", "middle", cx, edge.y+10, label+" "+axis.Text)
		case dx > 0:
			c.text("t1", "start", edge.x, edge.y, label)
			c.text("", "start", edge.x, edge.y+17, axis.Text)
		default:
			c.text("t1", "end", edge.x, edge.y, label)
			c.text("", "end", edge.x, edge.y+17, axis.Text)
		}
	}
	return c.close()
}
