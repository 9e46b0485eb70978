package rating

// grade gives the grade: by the requirements of taking part, by what is blocked, by the list; then come the adjustments of the grade in
// their declared order, and last the limit of promotion.
func (m *machine) grade(r *Result) {
	s := m.p.scheme
	r.Status = StatusRated
	if !r.Total.Counted && len(r.Blocked) == 0 {
		r.Blocked = append(r.Blocked, "total")
	}
	at := -1
	for i := range m.p.require {
		if m.meets(i) {
			continue
		}
		r.Status = StatusIneligible
		r.Unmet = append(r.Unmet, s.Eligibility[i].ID)
		if g, ok := m.p.gradeIndex[s.Eligibility[i].Grade]; ok && at < 0 {
			at = g
		}
	}
	grades := m.adjustGrade(r, at)
	if grades >= 0 {
		g := &s.Grades.List[grades]
		r.Grade, r.Label, r.Level = g.ID, g.Label, g.Level
	}
}

// meets reports whether a requirement is met; one that cannot be computed is not.
func (m *machine) meets(i int) bool {
	if m.said != nil && m.p.open.require[i] {
		return !contains(m.said.Unmet, m.p.scheme.Eligibility[i].ID)
	}
	yes, gone := m.condition(&m.p.require[i])
	return yes && gone.kind == nothingAbsent
}

// adjustGrade finds the grade and takes it through the adjustments; it returns its place, or -1.
func (m *machine) adjustGrade(r *Result, at int) int {
	s := m.p.scheme
	var lines []AdjustLine
	var fired []*adjustProgram
	for i := range m.p.adjust {
		a := &m.p.adjust[i]
		if a.onTotal() {
			continue
		}
		var line AdjustLine
		fires, taken := m.takeAdjust(a, &line, r)
		if taken && fires || !taken && m.fires(a, &line, r) {
			lines, fired = append(lines, line), append(fired, a)
		}
	}
	if r.Status == StatusRated {
		if len(r.Blocked) > 0 {
			r.Status = StatusBlocked
		}
		if m.said != nil && m.p.open.grade {
			at = m.givenGrade(lines)
		} else {
			at = m.match(m.p.grades, r.Status == StatusBlocked)
		}
	}
	for i, a := range fired {
		line := &lines[i]
		line.Applied, line.GradeBefore = true, gradeID(s, at)
		switch a.decl.Kind {
		case AdjustVoid:
			at, r.Status = a.grade, StatusVoid
		case AdjustCapGrade:
			if m.ranked(at) && *s.Grades.List[a.grade].Level < *s.Grades.List[at].Level {
				at = a.grade
			}
		case AdjustFloorGrade:
			if m.ranked(at) && *s.Grades.List[at].Level < *s.Grades.List[a.grade].Level {
				at = a.grade
			}
		}
		line.GradeAfter = gradeID(s, at)
		r.Adjust = append(r.Adjust, *line)
	}
	return m.promote(r, at)
}

func gradeID(s *Scheme, at int) string {
	if at < 0 {
		return ""
	}
	return s.Grades.List[at].ID
}

// ranked reports whether a grade has a place in the order of grades.
func (m *machine) ranked(at int) bool { return at >= 0 && m.p.scheme.Grades.List[at].Level != nil }

// match returns the first grade whose conditions hold, or -1. A condition that cannot be computed does not hold.
func (m *machine) match(grades []gradeProgram, blocked bool) int {
	for i := range grades {
		g := &grades[i]
		if g.decl.Blocked != blocked || g.decl.Special {
			continue
		}
		if g.decl.Otherwise || m.fits(g) {
			return i
		}
	}
	return -1
}

func (m *machine) fits(g *gradeProgram) bool {
	if !g.decl.Bounds.empty() {
		x, gone := m.number(&g.of)
		if gone.kind != nothingAbsent || !g.decl.Bounds.holds(x) {
			return false
		}
	}
	for i := range g.needs {
		x, gone := m.number(&g.needs[i])
		if gone.kind != nothingAbsent || !g.decl.Needs[i].Bounds.holds(x) {
			return false
		}
	}
	yes, gone := m.condition(&g.when)
	return yes && gone.kind == nothingAbsent
}

// promote holds the grade to what the promotion limit allows: the highest grade with a level not above it.
func (m *machine) promote(r *Result, at int) int {
	limit := m.p.scheme.Promotion
	if limit == nil || !m.ranked(at) || r.Status == StatusVoid {
		return at
	}
	most := limit.First
	if past, ok := m.history[limit.From]; ok && past.Level != nil {
		up := *past.Level + limit.Up
		most = &up
	}
	list := m.p.scheme.Grades.List
	if most == nil || *list[at].Level <= *most {
		return at
	}
	best := -1
	for i := range list {
		if l := list[i].Level; l != nil && *l <= *most && (best < 0 || *l > *list[best].Level) {
			best = i
		}
	}
	if best < 0 {
		return at
	}
	r.Held = list[at].ID
	return best
}
