package rating

import (
	"sort"

	"redsteward/internal/num"
)

// onTotal reports whether the adjustment acts on the total; the others act on the grade.
func (a *adjustProgram) onTotal() bool {
	switch a.decl.Kind {
	case AdjustCapGrade, AdjustFloorGrade, AdjustVoid:
		return false
	}
	return true
}

// fires reports whether an adjustment is to be applied, and fills its line. What cannot be computed is treated as the scheme declares.
func (m *machine) fires(a *adjustProgram, line *AdjustLine, r *Result) bool {
	line.ID = a.decl.ID
	if !a.decl.Valid.within(m.sub.AsOf) {
		return false
	}
	yes, gone := m.condition(&a.when)
	if gone.kind == nothingAbsent && yes && a.fact >= 0 {
		if _, gone = m.fact(a.fact); gone.kind == nothingAbsent {
			line.Items = m.activeEvents(a.fact, -1, a.codes)
			sort.SliceStable(line.Items, func(i, j int) bool { return line.Items[i].before(&line.Items[j]) })
			yes = len(line.Items) > 0
		}
	}
	if gone.kind == nothingAbsent {
		if yes {
			line.Facts = m.used(a.facts)
		}
		return yes
	}
	line.Facts = m.used(a.facts)
	return m.unknown(a, line, gone, r)
}

// unknown treats an adjustment whose condition or points cannot be computed.
func (m *machine) unknown(a *adjustProgram, line *AdjustLine, gone absence, r *Result) bool {
	line.Reason = gone.reason
	switch a.decl.Unknown {
	case "apply":
		return true
	case "skip":
	default:
		r.Blocked = append(r.Blocked, a.decl.ID)
		r.Adjust = append(r.Adjust, *line)
	}
	return false
}

// adjustTotal takes the aggregated total through the adjustments in their declared order.
func (m *machine) adjustTotal(r *Result) {
	base := &m.cells[len(m.cells)-1]
	r.Total = r.Base
	if base.state != cellCounted {
		return
	}
	m.running = base.points
	for i := range m.p.adjust {
		a := &m.p.adjust[i]
		if !a.onTotal() {
			continue
		}
		var line AdjustLine
		if fires, taken := m.takeAdjust(a, &line, r); taken {
			if fires {
				line.Before, m.running = m.running, line.After
				r.Adjust = append(r.Adjust, line)
			}
			continue
		}
		if !m.fires(a, &line, r) {
			continue
		}
		var points num.Num
		if a.points.kind != operandNone {
			var gone absence
			if points, gone = m.number(&a.points); gone.kind != nothingAbsent {
				m.unknown(a, &line, gone, r)
				continue
			}
			points = clamp(points, new(num.Num), a.decl.Most)
		}
		line.Applied, line.Before = true, m.running
		m.running = a.apply(m.running, points)
		line.After = m.running
		if line.Before.Equal(line.After) && (a.decl.Kind == AdjustRound || len(line.Items) == 0 && a.when.kind == operandNone) {
			continue // nothing happened that needs telling
		}
		r.Adjust = append(r.Adjust, line)
	}
	m.total, m.settled = m.running, true
	r.Total.Points = m.total
	r.Total.Shown = m.total.Fixed(m.p.parts[len(m.p.parts)-1].decimals)
}

func (a *adjustProgram) apply(x, points num.Num) num.Num {
	switch a.decl.Kind {
	case AdjustBonus:
		after := x.Add(points)
		for _, b := range a.decl.NotAcross {
			if x.Less(b.Cut) && b.StopAt.Less(after) {
				after = num.Max(x, b.StopAt)
			}
		}
		return after
	case AdjustDeduction:
		return x.Sub(points)
	case AdjustCap:
		return num.Min(x, *a.decl.At)
	case AdjustFloor:
		return num.Max(x, *a.decl.At)
	}
	return a.decl.Round.round(x)
}
