package rating

import (
	"slices"
	"sort"

	"redsteward/internal/num"
)

// again is a machine that holds what a result says, to take other points through its rule: the facts behind lines and adjustments are those that the result names; known says of which it holds the whole value, which it does not of
// checklists, surveys and events.
func (s *Scheme) again(r *Result) (m *machine, known []bool) {
	sub := Subject{scheme: s, ID: r.Subject, Period: r.Period, AsOf: r.AsOf, Values: make([]Value, len(s.Facts))}
	known = make([]bool, len(s.Facts))
	note := func(uses []FactUse) {
		for i := range uses {
			if at, ok := s.FactIndex(uses[i].ID); ok && uses[i].Value != nil {
				sub.Values[at] = *uses[i].Value
				switch s.Facts[at].Type {
				case TypeChecklist, TypeSurvey, TypeEvents:
				default:
					known[at] = true
				}
			}
		}
	}
	for i := range r.Lines {
		note(r.Lines[i].Facts)
	}
	for i := range r.Adjust {
		note(r.Adjust[i].Facts)
	}
	for i := range r.Outputs {
		note(r.Outputs[i].Facts)
	}
	m = s.program.settled(&sub, r)
	m.settled = false
	return m, known
}

// totalOf takes points through the adjustments of the total, those without left out. An adjustment of which not every fact is known fires as it did there.
func (m *machine) totalOf(r *Result, points num.Num, known []bool, without []string) num.Num {
	total, base := &m.p.parts[len(m.p.parts)-1], &m.cells[len(m.cells)-1]
	base.points = total.round.round(clamp(points, total.agg.Least, total.agg.Most))
	m.running = base.points
	for i := range m.p.adjust {
		a := &m.p.adjust[i]
		if !a.onTotal() || slices.Contains(without, a.decl.ID) {
			continue
		}
		if a.fact >= 0 && !known[a.fact] || slices.ContainsFunc(a.facts, func(f int) bool { return !known[f] }) {
			if !slices.ContainsFunc(r.Adjust, func(l AdjustLine) bool { return l.ID == a.decl.ID && l.Applied }) {
				continue
			}
		} else if !m.fires(a, &AdjustLine{}, &Result{}) {
			continue
		}
		var points num.Num
		if a.points.kind != operandNone {
			var gone absence
			if points, gone = m.number(&a.points); gone.kind != nothingAbsent {
				continue
			}
			points = clamp(points, new(num.Num), a.decl.Most)
		}
		m.running = a.apply(m.running, points)
	}
	return m.running
}

// Missing is how many more points before the adjustments a result needs for a total of at least cut, in steps of the last printed decimal: 0 if it has that total already. It is false if full points do not suffice, and without a total. A bonus that
// must not lead across a cut, a deduction and a cap are taken into account.
func (s *Scheme) Missing(r *Result, cut num.Num) (num.Num, bool) {
	if !r.Total.Counted || !r.Base.Counted {
		return num.Num{}, false
	}
	m, known := s.again(r)
	steps := int64(1)
	for range s.program.parts[len(s.program.parts)-1].decimals {
		steps *= 10
	}
	unit := num.FromFrac(1, steps)
	most, ok := r.Base.Max.Sub(r.Base.Points).Mul(num.FromInt(steps)).Round(0, num.Ceiling).Int64()
	if !ok {
		return num.Num{}, false
	}
	lacks := func(n int) num.Num {
		return num.Min(unit.Mul(num.FromInt(int64(n))), num.Max(num.Num{}, r.Base.Max.Sub(r.Base.Points)))
	}
	n := sort.Search(int(max(most, 0))+1, func(n int) bool {
		return !m.totalOf(r, r.Base.Points.Add(lacks(n)), known, nil).Less(cut)
	})
	return lacks(n), int64(n) <= max(most, 0)
}

// Restored is the total as the rule would make it if the indicators and parts of these ids had their full points and the adjustments of these ids were not made; everything else stays as it is.
func (x *Explanation) Restored(ids []string) num.Num {
	s, r := x.Scheme, x.Result
	p := s.program
	m, known := s.again(r)
	full := make([]bool, len(m.cells))
	for _, id := range ids {
		if node, ok := p.nodeIndex[id]; ok && m.cells[node].state == cellCounted {
			m.cells[node].points, full[node] = m.cells[node].max, true
		}
	}
	for _, st := range p.order {
		node := len(p.indicators) + st.index
		if st.kind != stagePart || full[node] || m.cells[node].state != cellCounted {
			continue
		}
		part := &p.parts[st.index]
		c, ok := m.cells[node], true
		switch part.method {
		case MethodExpr, MethodSteps: // what it reads does not have to be in the result
			continue
		case MethodChoose: // the sheet stays the one that was chosen
			said := r.Part(part.id)
			if chosen, there := p.nodeIndex[said.Chosen]; there {
				c = m.cells[chosen]
			}
		default:
			c, ok = m.aggregate(part, &PartLine{})
		}
		if ok {
			c.points = part.round.round(clamp(c.points, part.agg.Least, part.agg.Most))
			m.cells[node] = c
		}
	}
	return m.totalOf(r, m.cells[len(m.cells)-1].points, known, ids)
}
