package rating

import (
	"errors"

	"redsteward/internal/num"
)

// Evaluate rates one subject. It is pure: the same scheme, cohort, subject and history give the same result, to the byte of its canonical
// form, on every machine. cohort may be nil if the scheme compares nobody; what needs it is missing then. The result shares the subject's
// values, which must not be changed afterwards. It panics if the subject was made for another scheme: that is a slip of the program, not of data.
func Evaluate(s *Scheme, cohort *Cohort, subject Subject, history History) Result {
	if subject.scheme != s {
		panic("rating: the subject was made for another scheme")
	}
	r := evaluate(s, cohort, subject, history, nil)
	r.Facts = subject.Hash()
	return r
}

// evaluate is Evaluate without the hash of the facts; if said is not nil, what is kept is left out and what is given is taken from it (see openPlan).
func evaluate(s *Scheme, cohort *Cohort, subject Subject, history History, said *Result) Result {
	p := s.program
	m := &machine{p: p, sub: &subject, cohort: cohort, history: history, said: said, cells: make([]cell, len(p.indicators)+len(p.parts))}
	m.values = m.lookup
	if p.items > 0 {
		m.items = make([]ItemLine, p.items)
	}
	if len(p.outputs) > 0 {
		m.outputs = make([]cell, len(p.outputs))
	}
	m.uses = make([]FactUse, 0, p.uses)
	r := Result{
		Engine: EngineVersion, SchemeID: s.ID, SchemeVersion: s.Version, SchemeHash: s.Hash, Subject: subject.ID, Period: subject.Period, AsOf: subject.AsOf,
		Lines: make([]Line, len(p.indicators)), Parts: make([]PartLine, len(p.parts)),
	}
	if len(p.outputs) > 0 {
		r.Outputs = make([]OutputLine, len(p.outputs))
	}
	if cohort != nil {
		r.Cohort = cohort.hash
	}
	for i := range s.History {
		past, ok := history[s.History[i].ID]
		switch {
		case ok:
			r.History = append(r.History, PastUse{ID: s.History[i].ID, Hash: past.Hash})
		case s.History[i].Required:
			r.Blocked = append(r.Blocked, "history."+s.History[i].ID)
		}
	}
	for _, st := range p.order {
		if said != nil && m.skips(st, &r) {
			continue
		}
		switch st.kind {
		case stageIndicator:
			m.indicator(st.index, &r)
		case stagePart:
			m.part(st.index, &r)
		case stageTotal:
			m.adjustTotal(&r)
		case stageOutput:
			m.output(st.index, &r)
		}
	}
	m.grade(&r)
	m.compact(&r)
	return r
}

// compact takes out the lines of sheets that were not chosen, and the total from the parts.
func (m *machine) compact(r *Result) {
	r.Lines = kept(r.Lines, func(l *Line) bool { return l.ID != "" })
	r.Parts = kept(r.Parts[:len(r.Parts)-1], func(l *PartLine) bool { return l.ID != "" })
}

// kept takes out of a list what does not belong in it, in place. What stays where it is is not copied: a line is large.
func kept[T any](list []T, belongs func(*T) bool) []T {
	n := 0
	for i := range list {
		if !belongs(&list[i]) {
			continue
		}
		if n != i {
			list[n] = list[i]
		}
		n++
	}
	return list[:n]
}

// selected reports whether the sheets above a node are the chosen ones.
func (m *machine) selected(guards []guard) bool {
	for i := range guards {
		v := &m.sub.Values[guards[i].fact]
		if v.State != Present || !contains(guards[i].values, v.Text) {
			return false
		}
	}
	return true
}

func (m *machine) indicator(i int, r *Result) {
	ind := &m.p.indicators[i]
	if len(ind.guards) > 0 && !m.selected(ind.guards) {
		return
	}
	line := &r.Lines[i]
	line.ID = ind.decl.ID
	line.Facts = m.used(ind.facts)

	var points num.Num
	applies, gone := m.condition(&ind.applies)
	switch {
	case gone.kind != nothingAbsent:
	case !applies:
		gone = absence{kind: valueNA, reason: "不符合适用条件"}
	default:
		points, gone = ind.rule.points(m, ind, line)
	}
	if gone.kind != nothingAbsent {
		m.absent(i, ind, gone, line, r)
		return
	}
	points = ind.round.round(num.Max(ind.min, num.Min(ind.max, points)))
	line.Counted, line.Points, line.Max = true, points, ind.max
	m.cells[i] = cell{state: cellCounted, points: points, max: ind.max}
}

// used lists facts for the trace.
func (m *machine) used(facts []int) []FactUse {
	from := len(m.uses)
	for _, f := range facts {
		m.uses = append(m.uses, FactUse{ID: m.p.scheme.Facts[f].ID, Value: &m.sub.Values[f], numeric: m.p.numeric[f]})
	}
	return m.uses[from:len(m.uses):len(m.uses)]
}

// absent treats an indicator without a value by its declared rule.
func (m *machine) absent(i int, ind *indicatorProgram, gone absence, line *Line, r *Result) {
	rule := &ind.missing
	line.State = LineMissing
	if gone.kind == valueNA {
		rule = &ind.na
		line.State = LineNotApplicable
	}
	line.Treated, line.Reason = rule.Mode, gone.reason
	switch rule.Mode {
	case AbsentZero, AbsentPoints:
		line.Counted, line.Max = true, ind.max
		line.Points = rule.Points
		if rule.Mode == AbsentZero {
			line.Points = num.Max(ind.min, num.Min(ind.max, num.Num{}))
		}
		m.cells[i] = cell{state: cellCounted, points: line.Points, max: ind.max}
		return
	case AbsentBlock:
		r.Blocked = append(r.Blocked, ind.decl.ID)
	}
	m.cells[i].state = cellOut
}

func (m *machine) part(i int, r *Result) {
	part := &m.p.parts[i]
	if len(part.guards) > 0 && !m.selected(part.guards) {
		return
	}
	node := len(m.p.indicators) + i
	line := &r.Parts[i]
	line.ID = part.id
	c, ok := m.aggregate(part, line)
	if !ok {
		c = m.emptyPart(part, r)
	}
	if c.state == cellCounted {
		c.points = part.round.round(clamp(c.points, part.agg.Least, part.agg.Most))
		line.Counted, line.Points, line.Max = true, c.points, c.max
		line.Shown = c.points.Fixed(part.decimals)
	}
	m.cells[node] = c
	if i == len(m.p.parts)-1 {
		r.Base = *line
	}
}

// emptyPart treats a part of which nothing counts.
func (m *machine) emptyPart(part *partProgram, r *Result) cell {
	switch part.agg.Empty {
	case "zero":
		return cell{state: cellCounted, max: part.max}
	case "block":
		r.Blocked = append(r.Blocked, part.id)
	}
	return cell{state: cellOut}
}

func (m *machine) output(i int, r *Result) {
	o := &m.p.outputs[i]
	line := &r.Outputs[i]
	line.ID, line.Facts = o.decl.ID, m.used(o.facts)
	x, gone := m.number(&o.value)
	if gone.kind != nothingAbsent {
		line.Reason = gone.reason
		m.outputs[i].state = cellOut
		return
	}
	for j := range o.decl.Tiers {
		if o.decl.Tiers[j].Bounds.holds(x) {
			x = o.decl.Tiers[j].Points
			break
		}
	}
	x = o.round.round(clamp(x, o.decl.Least, o.decl.Most))
	line.Known, line.Value, line.Shown = true, x, x.Fixed(o.decimals)
	m.outputs[i] = cell{state: cellCounted, points: x}
}

// id is the id of a node.
func (p *program) id(node int) string {
	if node < len(p.indicators) {
		return p.indicators[node].decl.ID
	}
	return p.parts[node-len(p.indicators)].id
}

func isNoValue(err error) bool { return errors.Is(err, errNoValue) }
