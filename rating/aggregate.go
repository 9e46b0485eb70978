package rating

import (
	"redsteward/internal/num"
)

// aggregate computes a part from its members and fills its line; false means that it is left out.
func (m *machine) aggregate(part *partProgram, line *PartLine) (cell, bool) {
	switch part.method {
	case MethodSum:
		return m.sum(part)
	case MethodMean:
		return m.mean(part)
	case MethodGeomean:
		return m.geomean(part)
	case MethodMin:
		return m.least(part)
	case MethodChoose:
		return m.chooseSheet(part, line)
	case MethodSteps:
		return m.stepwise(part, line)
	}
	x, gone := m.number(&part.value)
	return cell{state: cellCounted, points: x, max: part.max}, gone.kind == nothingAbsent
}

func (m *machine) sum(part *partProgram) (cell, bool) {
	var points, max num.Num
	any := false
	for i := range part.children {
		c := &m.cells[part.children[i].node]
		if c.state != cellCounted {
			continue
		}
		any = true
		if w := part.children[i].weight; w.Equal(one) {
			points, max = points.Add(c.points), max.Add(c.max)
		} else {
			points, max = points.Add(w.Mul(c.points)), max.Add(w.Mul(c.max))
		}
	}
	if part.agg.WhenExcluded == "shrink" || max.Equal(part.max) {
		return cell{state: cellCounted, points: points, max: max}, any
	}
	scale, err := part.max.Quo(max)
	if err != nil { // only members without a maximum are left: there is nothing to spread weights over
		return cell{state: cellCounted, points: points, max: max}, any
	}
	return cell{state: cellCounted, points: points.Mul(scale), max: part.max}, any
}

// rate is points ÷ max of a counted member.
func (m *machine) rate(c *cell) (num.Num, bool) {
	if c.state != cellCounted {
		return num.Num{}, false
	}
	q, err := c.points.Quo(c.max)
	return q, err == nil
}

func (m *machine) mean(part *partProgram) (cell, bool) {
	var sum, weights num.Num
	for i := range part.children {
		if q, ok := m.rate(&m.cells[part.children[i].node]); ok {
			sum = sum.Add(part.children[i].weight.Mul(q))
			weights = weights.Add(part.children[i].weight)
		}
	}
	q, err := sum.Quo(weights)
	return cell{state: cellCounted, points: part.max.Mul(q), max: part.max}, err == nil
}

// geomean is exp(Σ w·ln r ÷ Σ w); a rate of zero or below makes it zero.
func (m *machine) geomean(part *partProgram) (cell, bool) {
	var sum, weights num.Num
	zero := false
	for i := range part.children {
		q, ok := m.rate(&m.cells[part.children[i].node])
		if !ok {
			continue
		}
		weights = weights.Add(part.children[i].weight)
		if q.Sign() <= 0 {
			zero = true
			continue
		}
		if zero {
			continue
		}
		ln, err := q.Ln()
		if err != nil {
			return cell{}, false
		}
		sum = sum.Add(part.children[i].weight.Mul(ln))
	}
	if weights.IsZero() {
		return cell{}, false
	}
	out := cell{state: cellCounted, max: part.max}
	if zero {
		return out, true
	}
	mean, err := sum.Quo(weights)
	if err != nil {
		return cell{}, false
	}
	root, err := mean.Exp()
	if err != nil {
		return cell{}, false
	}
	// ln and exp are rounded to 20 decimals; what is exact, such as equal rates, must come out exact, so their noise is cut off.
	out.points = part.max.Mul(root.Round(geomeanPlaces, num.HalfUp))
	return out, true
}

// geomeanPlaces are the decimals of a geometric mean of rates that are certain after ln and exp.
const geomeanPlaces = 18

func (m *machine) least(part *partProgram) (cell, bool) {
	var least num.Num
	any := false
	for i := range part.children {
		if q, ok := m.rate(&m.cells[part.children[i].node]); ok && (!any || q.Less(least)) {
			least, any = q, true
		}
	}
	return cell{state: cellCounted, points: part.max.Mul(least), max: part.max}, any
}

func (m *machine) chooseSheet(part *partProgram, line *PartLine) (cell, bool) {
	v, gone := m.fact(part.choose)
	if gone.kind != nothingAbsent {
		return cell{}, false
	}
	i, ok := part.chosen[v.Text]
	if !ok {
		return cell{}, false
	}
	node := part.children[i].node
	line.Chosen = m.p.id(node)
	c := m.cells[node]
	if c.state != cellCounted {
		return c, false
	}
	return c, true
}

func (m *machine) stepwise(part *partProgram, line *PartLine) (cell, bool) {
	x, gone := m.number(&part.start)
	if gone.kind != nothingAbsent {
		return cell{}, false
	}
	for i := range part.steps {
		step := &part.steps[i]
		yes, gone := m.condition(&step.when)
		if gone.kind != nothingAbsent || !yes {
			continue
		}
		if step.add.kind != operandNone {
			add, gone := m.number(&step.add)
			if gone.kind != nothingAbsent {
				continue
			}
			x = x.Add(add)
		}
		x = clamp(x, step.decl.Least, step.decl.Most)
		line.Steps = append(line.Steps, StepLine{ID: step.decl.ID, After: x})
	}
	return cell{state: cellCounted, points: x, max: part.max}, true
}

// clamp holds x between two ends; nil is open.
func clamp(x num.Num, least, most *num.Num) num.Num {
	if most != nil {
		x = num.Min(x, *most)
	}
	if least != nil {
		x = num.Max(x, *least)
	}
	return x
}

// round applies roundings one after the other.
func (r Rounding) round(x num.Num) num.Num {
	for _, step := range r {
		x = x.Round(step.Places, step.Mode)
	}
	return x
}
