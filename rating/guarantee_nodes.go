package rating

import "redsteward/internal/num"

func (t *tracer) indicator(i int) {
	ind := &t.p.indicators[i]
	s := t.rule(ind).clamped(&ind.min, &ind.max).rounded(ind.round)
	applies := t.operand(&ind.applies)
	if ind.applies.kind != operandNone {
		s.absent = true
	}
	s.moves = s.moves || applies.moves || applies.trend != still
	if s.moves {
		t.moved, s.trend = true, wild
	}
	if s.absent {
		out := false
		for _, rule := range []*Absent{&ind.missing, &ind.na} {
			switch rule.Mode {
			case AbsentZero:
				s = fixed(s, num.Max(ind.min, num.Min(ind.max, num.Num{})))
			case AbsentPoints:
				s = fixed(s, rule.Points)
			default:
				out = true
			}
		}
		s.absent = out
	}
	s.absent = s.absent || len(ind.guards) > 0
	t.nodes[i] = newNode(s, ind.max)
}

// fixed widens the span by a value that stands in for a missing one.
func fixed(s shade, x num.Num) shade {
	out := s.either(exactly(x))
	out.trend, out.moves = s.trend, s.moves
	return out
}

func newNode(points shade, max num.Num) nodeShade {
	n := nodeShade{points: points, max: max}
	if max.Sign() <= 0 {
		n.rate = vague(shade{absent: true}, points)
		return n
	}
	share, _ := one.Quo(max)
	n.rate = points.times(exactly(share))
	return n
}

// rule is what is known of the points before they are held between min and max.
func (t *tracer) rule(ind *indicatorProgram) shade {
	straight := func(of *operand, slope num.Num) shade { // a line of which only the trend matters: its ends are those of the indicator
		x := t.operand(of)
		return exactly(slope).times(shade{}.follows(x))
	}
	whole := func(fact int, up bool) shade { // points that rise with the numbers of a fact, or fall
		s := shade{absent: true}
		if fact == t.fact {
			s.trend = t.better
		}
		if !up {
			s = s.negated()
		}
		return s
	}
	switch r := ind.rule.(type) {
	case *tiersProgram:
		return tierShade(t.operand(&r.of), r.rule.Tiers, r.rule.Otherwise)
	case *choiceProgram:
		s := shade{absent: true}
		if r.fact == t.fact && len(r.values) == 2 { // no, yes; a text has no better
			s = whole(r.fact, !r.values[1].Less(r.values[0]))
		}
		return s
	case *linearProgram:
		x := t.operand(&r.of)
		return exactly(r.start).plus(exactly(r.each).times(x))
	case *lineProgram:
		return straight(&r.of, r.slope)
	case *exprRuleProgram:
		return t.operand(&r.of)
	case *checklistProgram:
		for _, w := range r.weights {
			if w.Sign() < 0 && r.fact == t.fact {
				return shade{absent: true, trend: wild}
			}
		}
		return whole(r.fact, true)
	case *deductionsProgram:
		return whole(r.fact, false)
	case *surveyProgram: // better means that answers go to a level of greater worth, lower the other way round
		return whole(r.fact, r.slope.Sign() >= 0)
	case *eventsProgram:
		return t.events(r)
	case *minMaxProgram:
		return t.compared(&r.compared, one)
	case *zScoreProgram:
		return t.compared(&r.compared, r.rule.Each)
	case *percentileProgram:
		return t.compared(&r.compared, one)
	}
	return shade{absent: true, trend: wild, moves: true}
}

// events rise with another event if all codes bring points, and fall if all cost points.
func (t *tracer) events(r *eventsProgram) shade {
	s := shade{absent: true}
	if r.fact != t.fact {
		return s
	}
	for i, code := range t.p.scheme.Facts[r.fact].Codes {
		switch {
		case !r.codes[i]:
		case code.Points == nil:
			s.trend = wild
		case code.Points.Sign() >= 0:
			s.trend = s.trend.with(t.better)
		default:
			s.trend = s.trend.with(t.better.turned())
		}
	}
	return s
}

// compared is a place among others that stay as they are.
func (t *tracer) compared(c *compared, slope num.Num) shade {
	x := shade{}.follows(t.operand(&c.of))
	x.absent = true
	if c.lower {
		x = x.negated()
	}
	return exactly(slope).times(x)
}

func (t *tracer) part(i int) {
	part := &t.p.parts[i]
	s, max := t.aggregate(part)
	if s.absent {
		switch part.agg.Empty {
		case "zero":
			s = fixed(s, num.Num{})
			s.absent = false
		default: // left out, or no grade at all
		}
	}
	s = s.clamped(part.agg.Least, part.agg.Most).rounded(part.round)
	if s.moves {
		t.moved, s.trend = true, wild
	}
	s.absent = s.absent || len(part.guards) > 0
	t.nodes[len(t.p.indicators)+i] = newNode(s, max)
	if part.method == MethodSum && part.agg.WhenExcluded == "shrink" {
		n := &t.nodes[len(t.p.indicators)+i]
		n.rate = t.spread(part).follows(s) // the maximum shrinks with what is left out
	}
}

// positive reports whether weights and maxima of all members allow a trend to be handed on.
func (t *tracer) positive(part *partProgram) bool {
	for _, c := range part.children {
		if c.weight.Sign() < 0 || t.nodes[c.node].max.Sign() < 0 {
			return false
		}
	}
	return part.max.Sign() >= 0
}

// spread is the span of any mean of the members' rates.
func (t *tracer) spread(part *partProgram) shade {
	var out shade
	for i, c := range part.children {
		if i == 0 {
			out = t.nodes[c.node].rate
			continue
		}
		out = out.either(t.nodes[c.node].rate)
	}
	all := len(part.children) > 0
	for _, c := range part.children {
		all = all && t.nodes[c.node].points.absent
	}
	out.absent = all
	return out
}

func (t *tracer) aggregate(part *partProgram) (shade, num.Num) {
	max := exactly(part.max)
	scale := func(s shade) shade {
		if !t.positive(part) {
			s = vague(shade{}, s)
		}
		return s
	}
	switch part.method {
	case MethodSum:
		return scale(t.sum(part)), part.max
	case MethodMean:
		return scale(t.spread(part).times(max)), part.max
	case MethodGeomean:
		s := t.spread(part).highest(exactly(num.Num{}))
		if s.high != nil { // the result is rounded to 18 decimals
			x := s.high.Round(geomeanPlaces, num.Up)
			s.high = &x
		}
		if s.low != nil {
			x := s.low.Round(geomeanPlaces, num.Down)
			s.low = &x
		}
		return scale(s.times(max)), part.max
	case MethodMin:
		return scale(t.spread(part).times(max)), part.max
	case MethodChoose:
		s := t.nodes[part.children[0].node].points
		for _, c := range part.children[1:] {
			s = s.either(t.nodes[c.node].points)
		}
		s.absent = true
		return s, part.max
	case MethodSteps:
		return t.steps(part), part.max
	}
	return t.operand(&part.value), part.max
}

func (t *tracer) sum(part *partProgram) shade {
	absent, shrink := false, part.agg.WhenExcluded == "shrink"
	total, anyway := exactly(num.Num{}), exactly(num.Num{})
	for _, c := range part.children {
		n := &t.nodes[c.node]
		absent = absent || n.points.absent
		points := n.points.times(exactly(c.weight))
		total = total.plus(points)
		anyway = anyway.plus(points.either(exactly(num.Num{})))
	}
	rates := t.spread(part)
	switch {
	case absent && shrink:
		total.low, total.high = anyway.low, anyway.high
	case absent: // the rate of what counts lies within the rates of the members
		s := rates.times(exactly(part.max))
		total.low, total.high = s.low, s.high
		for _, c := range part.children {
			if t.nodes[c.node].max.Sign() <= 0 {
				total.low, total.high = nil, nil
			}
		}
	case !part.full.Equal(part.max) && !shrink && part.full.Sign() > 0:
		q, _ := part.max.Quo(part.full)
		total = total.times(exactly(q))
	}
	total.absent = rates.absent
	return total
}

func (t *tracer) steps(part *partProgram) shade {
	x := t.operand(&part.start)
	for i := range part.steps {
		step := &part.steps[i]
		when, add := t.holds(&step.when, false), exactly(num.Num{})
		if step.add.kind != operandNone {
			add = t.operand(&step.add)
		}
		taken := x.plus(add).clamped(step.decl.Least, step.decl.Most)
		if step.when.kind == operandNone && !add.absent {
			x = taken
			continue
		}
		out := x.either(taken)
		out.absent, out.moves = x.absent, x.moves // a step that cannot be computed is not taken
		out.trend = x.trend.with(taken.trend)
		switch {
		case when.moves || add.moves:
			out.trend = wild
		case when.trend == still:
		case step.decl.Least == nil && step.decl.Most == nil && add.atLeast(num.Num{}):
			out.trend = out.trend.with(when.trend)
		case step.decl.Least == nil && step.decl.Most == nil && add.atMost(num.Num{}):
			out.trend = out.trend.with(when.trend.turned())
		default:
			out.trend = wild
		}
		x = out
	}
	return x
}

// fires is the condition under which an adjustment is applied.
func (t *tracer) fires(a *adjustProgram) shade {
	s := t.operand(&a.when)
	switch a.decl.Unknown {
	case "skip":
		s = t.holds(&a.when, false)
	case "apply":
		s = t.holds(&a.when, true)
	}
	if a.fact >= 0 {
		events := yesOrNo
		events.absent = true
		if a.fact == t.fact {
			events.trend, events.absent = t.better, false
		}
		s = yesOrNo.follows(s, events)
	}
	if a.when.kind == operandNone && a.fact < 0 {
		return exactly(one)
	}
	if s.low != nil && s.low.Sign() > 0 {
		s.low = new(num.Num)
	}
	return s
}

func (t *tracer) adjust() {
	t.running = t.nodes[len(t.nodes)-1].points
	base := t.running
	for i := range t.p.adjust {
		a := &t.p.adjust[i]
		if !a.onTotal() {
			continue
		}
		if t.from == i {
			t.running.trend = rises
			continue
		}
		t.running = t.apply(a, t.running)
	}
	t.total = t.running
	t.total.absent, t.total.moves = base.absent, base.moves
}

// apply takes the running total through one adjustment.
func (t *tracer) apply(a *adjustProgram, x shade) shade {
	when, points := t.fires(a), exactly(num.Num{})
	if a.points.kind != operandNone {
		points = t.operand(&a.points)
		if points.moves || when.moves {
			t.moved = true
		}
		points = points.clamped(new(num.Num), a.decl.Most)
	}
	t.moved = t.moved || when.moves
	var after shade
	switch a.decl.Kind {
	case AdjustBonus:
		after = x.plus(points)
		for _, b := range a.decl.NotAcross {
			if b.Cut.Less(b.StopAt) {
				after = vague(after, after)
			}
			if x.high != nil && x.high.Less(b.Cut) { // always below the cut
				after.high = x.highest(exactly(b.StopAt)).lowest(after).high
			}
		}
	case AdjustDeduction:
		after = x.plus(points.negated())
	case AdjustCap:
		after = x.lowest(exactly(*a.decl.At))
	case AdjustFloor:
		after = x.highest(exactly(*a.decl.At))
	default:
		after = x.rounded(a.decl.Round)
	}
	always := when.low != nil && when.low.Sign() > 0 && !points.absent
	if always {
		return after
	}
	out := x.either(after)
	switch {
	case when.moves || points.moves:
		out.trend = wild
	case when.trend == still:
	case a.decl.Kind == AdjustBonus || a.decl.Kind == AdjustFloor:
		out.trend = out.trend.with(when.trend)
	case a.decl.Kind == AdjustDeduction || a.decl.Kind == AdjustCap:
		out.trend = out.trend.with(when.trend.turned())
	default:
		out.trend = wild
	}
	return out
}

func (t *tracer) output(i int) {
	o := &t.p.outputs[i]
	s := t.operand(&o.value)
	if len(o.decl.Tiers) > 0 {
		stepped := tierShade(s, o.decl.Tiers, nil)
		if stepped.absent && !s.absent || s.low == nil || s.high == nil { // some values lie outside the tiers and stay as they are
			stepped = vague(shade{}, s).either(vague(stepped, s))
		}
		stepped.absent, stepped.moves = s.absent, s.moves
		s = stepped
	}
	t.outputs[i] = s.clamped(o.decl.Least, o.decl.Most).rounded(o.round)
}

// grade is how the grade answers; why says in Chinese what stands in the way of knowing.
func (t *tracer) grade() (trend, string) {
	s := t.p.scheme
	if len(s.Grades.List) == 0 {
		return still, ""
	}
	if t.moved {
		return wild, "有的数值会因此变得缺失或不再缺失"
	}
	out, why := t.match()
	if out == wild {
		if bands, ok := t.bands(); ok {
			out, why = bands, ""
		}
	}
	for i := range t.p.require {
		r := t.holds(&t.p.require[i], false)
		if r.trend == wild {
			return wild, "参评条件“" + s.Eligibility[i].Name + "”的方向无法推断"
		}
		out = out.with(r.trend)
	}
	for i := range t.p.adjust {
		a := &t.p.adjust[i]
		if a.onTotal() {
			continue
		}
		when := t.fires(a)
		switch {
		case when.moves:
			return wild, "“" + a.decl.Name + "”是否执行无法推断"
		case when.trend == still:
		case a.decl.Kind == AdjustFloorGrade:
			out = out.with(when.trend)
		default:
			out = out.with(when.trend.turned())
		}
	}
	if out == wild && why == "" {
		why = "等级的条件有的要值高、有的要值低，推不出方向"
	}
	return out, why
}

// match is how the first fitting grade answers. It is known if all grades look at the same value, or if they are ordered from high to low and
// every condition pulls the same way.
func (t *tracer) match() (trend, string) {
	out, levels := still, []int{}
	for i := range t.p.grades {
		g := &t.p.grades[i]
		if g.decl.Blocked || g.decl.Special {
			continue
		}
		level := -1 // a grade without a place in the order stands below all others
		if g.decl.Level != nil {
			level = *g.decl.Level
		}
		if n := len(levels); n > 0 && level >= levels[n-1] {
			return wild, "等级没有从高到低排列"
		}
		levels = append(levels, level)
		if g.decl.Otherwise {
			continue
		}
		conditions := []shade{t.holds(&g.when, false)}
		bounded := func(o *operand, b *Bounds) {
			x := t.operand(o)
			if b.AtMost != nil || b.Below != nil {
				if b.AtLeast != nil || b.Above != nil {
					x = vague(shade{}, x)
				}
				x = x.negated()
			}
			conditions = append(conditions, x)
		}
		if !g.decl.Bounds.empty() {
			bounded(&g.of, &g.decl.Bounds)
		}
		for j := range g.needs {
			bounded(&g.needs[j], &g.decl.Needs[j].Bounds)
		}
		for _, c := range conditions {
			if c.moves {
				return wild, "“" + g.decl.Label + "”的条件是否有值无法推断"
			}
			out = out.with(c.trend)
		}
	}
	if out == wild {
		return wild, "等级的条件有的要值高、有的要值低，推不出方向"
	}
	return out, ""
}

// bands is how the grade answers if all grades are bands of one value and ask for nothing else: a step function of that value.
func (t *tracer) bands() (trend, bool) {
	var of *operand
	var tiers []Tier
	rest := num.FromInt(-1) // no grade, or one without a place in the order
	for i := range t.p.grades {
		g := &t.p.grades[i]
		if g.decl.Blocked || g.decl.Special {
			continue
		}
		level := num.FromInt(-1)
		if g.decl.Level != nil {
			level = num.FromInt(int64(*g.decl.Level))
		}
		if g.decl.Otherwise {
			rest = level
			break
		}
		same := of == nil || of.kind == operandRef && g.of.kind == operandRef && of.ref == g.of.ref
		if !same || g.decl.Bounds.empty() || len(g.needs) > 0 || g.when.kind != operandNone {
			return wild, false
		}
		of = &g.of
		tiers = append(tiers, Tier{Bounds: g.decl.Bounds, Points: level})
	}
	if of == nil {
		return wild, false
	}
	x := t.operand(of)
	if x.moves {
		return wild, false
	}
	return tierShade(x, tiers, &rest).trend, true
}
