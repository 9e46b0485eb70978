package rating

import (
	"math"

	"redsteward/internal/num"
)

// floatSubject is a subject made ready for perturbed ratings: what perturbation cannot change is worked out exactly and once.
type floatSubject struct {
	values     []Value
	memory     []float64 // facts and constants; NaN elsewhere
	exact      []float64 // points of each indicator's exact rule, NaN if it has none
	absent     []bool    // whether an indicator without points does not apply, rather than lacking data
	selected   []bool    // by node: whether the sheets above it are the chosen ones
	inForce    []bool    // by adjustment
	trigger    []float64 // by adjustment: whether its events fire, NaN if that is unknown
	chosen     []int     // by part: place of the chosen sheet among its members, -1 for none
	statistics []*floatStatistics
	blocked    bool // by an earlier result that is missing
	promotion  *int // the highest level allowed, nil for no limit
	noisy      []noisyFact
}

// noisyFact is a fact that perturbation changes.
type noisyFact struct {
	slots     factSlots
	kind      noisyKind
	low, high float64 // what the declaration allows
	n         int     // items or levels
	fact      int     // its place in the scheme
	scorers   []int   // who scored it, by place
}

type noisyKind uint8

const (
	noisyNumber noisyKind = iota
	noisyCount
	noisyRatio
	noisyItems
	noisyAnswers
)

func (f *noisyFact) hold(x float64) float64 { return max(f.low, min(f.high, x)) }

func (f *floatProgram) subject(cohort *Cohort, sub *Subject, history History, shared map[*Statistics]*floatStatistics) *floatSubject {
	p := f.p
	m := p.run(cohort, sub, history)
	out := &floatSubject{
		values: sub.Values, memory: make([]float64, f.size), exact: make([]float64, len(p.indicators)), absent: make([]bool, len(p.indicators)),
		selected: make([]bool, len(p.indicators)+len(p.parts)), statistics: make([]*floatStatistics, len(p.indicators)), chosen: make([]int, len(p.parts)),
	}
	for i := range out.memory {
		out.memory[i] = math.NaN()
	}
	for i := range out.selected[:len(out.selected)-1] { // whether the total counts is unknown until it is settled
		out.memory[f.counted+i] = 0
	}
	for i := range p.scheme.Facts {
		f.fill(out, i)
	}
	for i := range f.constants {
		if x, gone := m.read(&f.constants[i]); gone.kind == nothingAbsent {
			out.memory[f.first+i] = x.Float64()
		}
	}
	for i := range p.indicators {
		f.exactly(out, m, i, shared)
	}
	for i := range p.parts {
		part := &p.parts[i]
		out.selected[len(p.indicators)+i] = m.selected(part.guards)
		out.chosen[i] = -1
		if part.method == MethodChoose {
			if v, gone := m.fact(part.choose); gone.kind == nothingAbsent {
				if at, ok := part.chosen[v.Text]; ok {
					out.chosen[i] = at
				}
			}
		}
	}
	for i := range p.adjust {
		a := &p.adjust[i]
		out.inForce = append(out.inForce, a.decl.Valid.within(sub.AsOf))
		fires := 1.0
		if a.fact >= 0 {
			fires = math.NaN()
			if _, gone := m.fact(a.fact); gone.kind == nothingAbsent {
				fires = floatTruth(len(m.activeEvents(a.fact, -1, a.codes)) > 0)
			}
		}
		out.trigger = append(out.trigger, fires)
	}
	for i := range p.scheme.History {
		if _, ok := history[p.scheme.History[i].ID]; !ok && p.scheme.History[i].Required {
			out.blocked = true
		}
	}
	if limit := p.scheme.Promotion; limit != nil {
		out.promotion = limit.First
		if past, ok := history[limit.From]; ok && past.Level != nil {
			up := *past.Level + limit.Up
			out.promotion = &up
		}
	}
	return out
}

// fill puts a fact into memory and notes how it is perturbed.
func (f *floatProgram) fill(out *floatSubject, i int) {
	d, v, at := &f.p.scheme.Facts[i], &out.values[i], f.facts[i]
	if v.State != Present {
		return
	}
	noisy := noisyFact{slots: at, fact: i, low: orInf(d.Min, -1), high: orInf(d.Max, 1), n: len(v.Items)}
	out.memory[at.number] = v.Number.Float64()
	switch d.Type {
	case TypeDate:
		out.memory[at.number] = float64(v.Day)
		return
	case TypeRatio:
		out.memory[at.den] = v.Den.Float64()
		noisy.kind, noisy.low = noisyRatio, max(noisy.low, 0)
		if v.Den.IsZero() {
			return
		}
		out.memory[at.quotient] = v.Number.Float64() / v.Den.Float64()
	case TypeChecklist, TypeSurvey:
		var sum num.Num
		for j := range v.Items {
			if v.Items[j].State == Present {
				out.memory[at.items+j] = v.Items[j].Number.Float64()
			}
			sum = sum.Add(v.Items[j].Number)
		}
		out.memory[at.answers] = sum.Float64()
		noisy.kind = noisyItems
		if d.Type == TypeSurvey {
			noisy.kind = noisyAnswers
		}
	case TypeNumber:
	case TypeCount:
		noisy.kind = noisyCount
	default:
		return
	}
	out.noisy = append(out.noisy, noisy)
}

// exactly keeps what the exact rule says: its points, why there are none, and the statistics it compares with.
func (f *floatProgram) exactly(out *floatSubject, m *machine, i int, shared map[*Statistics]*floatStatistics) {
	ind := &f.p.indicators[i]
	out.selected[i] = m.selected(ind.guards)
	out.exact[i] = math.NaN()
	if !out.selected[i] {
		return
	}
	applies, gone := m.condition(&ind.applies)
	if gone.kind == nothingAbsent && !applies {
		gone.kind = valueNA
	}
	var points num.Num
	var line Line
	if gone.kind == nothingAbsent {
		points, gone = ind.rule.points(m, ind, &line)
	}
	out.absent[i] = gone.kind == valueNA
	if gone.kind == nothingAbsent {
		out.exact[i] = points.Float64()
	}
	cmp := comparing(ind.rule)
	if cmp == nil {
		return
	}
	if _, stats, gone := m.place(cmp, &line); gone.kind == nothingAbsent {
		if shared[stats] == nil {
			shared[stats] = newFloatStatistics(stats)
		}
		out.statistics[i] = shared[stats]
	}
}

// floatRun is one perturbed rating after the other in the same memory.
type floatRun struct {
	f       *floatProgram
	sub     *floatSubject
	memory  []float64
	weights []float64
	max     []float64 // by node: the maximum of what counts
	blocked bool
	without int // the indicator that is left out, -1 for none
}

func newFloatRun(f *floatProgram) floatRun {
	return floatRun{f: f, memory: make([]float64, f.size), weights: make([]float64, len(f.weights)), max: make([]float64, len(f.indicators)+len(f.parts)), without: -1}
}

// outcome is the total, NaN if there is none, and the place of the grade, -1 for none.
type outcome struct {
	total float64
	grade int
}

func (r *floatRun) rate(sub *floatSubject, noise func(sub *floatSubject, memory []float64)) outcome {
	r.settle(sub, noise)
	return outcome{r.memory[r.f.total], r.grade()}
}

// settle works out everything but the grade.
func (r *floatRun) settle(sub *floatSubject, noise func(sub *floatSubject, memory []float64)) {
	r.sub, r.blocked = sub, sub.blocked
	copy(r.memory, sub.memory)
	if noise != nil {
		noise(sub, r.memory)
	}
	for _, st := range r.f.p.order {
		switch st.kind {
		case stageIndicator:
			r.indicator(st.index)
		case stagePart:
			r.part(st.index)
		case stageTotal:
			r.adjust()
		case stageOutput:
			r.output(st.index)
		}
	}
}

// set gives a node its points.
func (r *floatRun) set(node int, points, max float64) {
	f := r.f
	r.memory[f.points+node] = points
	r.memory[f.counted+node] = 1
	if max != 0 && f.needsRate[node] {
		r.memory[f.rates+node] = points / max
	}
	r.max[node] = max
}

func roundFloat(x float64, steps Rounding) float64 {
	for i := range steps {
		x = floatRound(x, steps[i].Places, steps[i].Mode)
	}
	return x
}

func (r *floatRun) indicator(i int) {
	if !r.sub.selected[i] {
		return
	}
	ind := &r.f.indicators[i]
	if i == r.without && !ind.member {
		r.set(i, max(ind.min, min(ind.max, 0)), ind.max)
		return
	}
	applies := ind.applies.eval(r.memory)
	points := math.NaN()
	if applies != 0 {
		points = applies / applies * ind.rule.points(r.memory, r.sub) // NaN if it is not known whether it applies
	}
	if points == points {
		r.set(i, roundFloat(max(ind.min, min(ind.max, points)), ind.round), ind.max)
		return
	}
	points, blocks := ind.missing, ind.blockMissing
	if r.sub.absent[i] || applies == 0 {
		points, blocks = ind.na, ind.blockNA
	}
	r.blocked = r.blocked || blocks
	if points == points {
		r.set(i, points, ind.max)
	}
}

func (r *floatRun) part(i int) {
	node := len(r.f.indicators) + i
	if !r.sub.selected[node] {
		return
	}
	part := &r.f.parts[i]
	points, full := r.aggregate(part, i)
	if points != points {
		switch part.part.agg.Empty {
		case "zero":
			points, full = 0, part.max
		case "block":
			r.blocked = true
			return
		default:
			return
		}
	}
	r.set(node, roundFloat(max(part.least, min(part.most, points)), part.part.round), full)
}

// aggregate returns points and maximum of a part; NaN if nothing counts.
func (r *floatRun) aggregate(part *floatPart, i int) (points, full float64) {
	weights := r.weights[part.first : part.first+len(part.full)]
	children := part.part.children
	switch part.part.method {
	case MethodSum:
		return r.sum(part, weights)
	case MethodMean, MethodGeomean, MethodMin:
		return part.max * r.mean(part.part.method, children, weights), part.max
	case MethodChoose:
		at := r.sub.chosen[i]
		if at < 0 {
			return math.NaN(), 0
		}
		node := children[at].node
		return r.memory[r.f.points+node], r.max[node]
	case MethodSteps:
		x := part.start.eval(r.memory)
		for j := range part.steps {
			step := &part.steps[j]
			if when := step.when.eval(r.memory); when == 0 || when != when {
				continue
			}
			if step.add.kind != operandNone {
				add := step.add.eval(r.memory)
				if add != add {
					continue
				}
				x += add
			}
			x = max(step.least, min(step.most, x))
		}
		return x, part.max
	}
	return part.value.eval(r.memory), part.max
}

func (r *floatRun) sum(part *floatPart, weights []float64) (points, full float64) {
	any := false
	for j := range weights {
		node := part.part.children[j].node
		if x := r.memory[r.f.points+node]; x == x && node != r.without {
			any = true
			points += weights[j] * x
			full += weights[j] * r.max[node]
		}
	}
	if !any {
		return math.NaN(), 0
	}
	if part.part.agg.WhenExcluded == "shrink" || math.Abs(full) < floatNear {
		return points, full
	}
	return points * (part.max / full), part.max
}

func (r *floatRun) mean(method string, children []child, weights []float64) float64 {
	sum, total, least, zero := 0.0, 0.0, math.NaN(), false
	for j := range children {
		q := r.memory[r.f.rates+children[j].node]
		if q != q || children[j].node == r.without {
			continue
		}
		total += weights[j]
		if method == MethodGeomean {
			if q <= 0 {
				zero = true
				continue
			}
			sum += weights[j] * math.Log(q)
			continue
		}
		sum += weights[j] * q
		if !(least <= q) {
			least = q
		}
	}
	switch {
	case method == MethodMin:
		return least
	case total == 0:
		return math.NaN()
	case method == MethodMean:
		return sum / total
	case zero:
		return 0
	}
	return math.Exp(sum / total)
}

func (r *floatRun) output(i int) {
	o := &r.f.values[i]
	x := o.value.eval(r.memory)
	if x != x {
		return
	}
	for j := range o.bounds {
		if o.bounds[j].holds(x) {
			x = o.tiers[j]
			break
		}
	}
	r.memory[r.f.outputs+i] = roundFloat(max(o.least, min(o.most, x)), o.round)
}

// fires reports whether an adjustment is to be applied.
func (r *floatRun) fires(i int) bool {
	if !r.sub.inForce[i] {
		return false
	}
	a := &r.f.adjust[i]
	when := a.when.eval(r.memory)
	if when == 0 {
		return false
	}
	if when == when {
		when = r.sub.trigger[i]
	}
	if when != when {
		return r.unknown(a)
	}
	return when != 0
}

func (r *floatRun) unknown(a *floatAdjust) bool {
	switch a.a.decl.Unknown {
	case "apply":
		return true
	case "skip":
		return false
	}
	r.blocked = true
	return false
}

func (r *floatRun) adjust() {
	last := len(r.f.indicators) + len(r.f.parts) - 1
	base := r.memory[r.f.points+last]
	if base != base {
		return
	}
	r.memory[r.f.running] = base
	for i := range r.f.adjust {
		a := &r.f.adjust[i]
		if !a.a.onTotal() || !r.fires(i) {
			continue
		}
		points := 0.0
		if a.points.kind != operandNone {
			if points = a.points.eval(r.memory); points != points {
				r.unknown(a)
				continue
			}
			points = max(0, min(a.most, points))
		}
		r.memory[r.f.running] = a.apply(r.memory[r.f.running], points)
	}
	r.memory[r.f.total] = r.memory[r.f.running]
	if r.max[last] != 0 {
		r.memory[r.f.rates+last] = r.memory[r.f.total] / r.max[last]
	}
}

func (a *floatAdjust) apply(x, points float64) float64 {
	switch a.a.decl.Kind {
	case AdjustBonus:
		after := x + points
		for i := range a.cuts {
			if floatLess(x, a.cuts[i]) && a.stops[i] < after {
				after = max(x, a.stops[i])
			}
		}
		return after
	case AdjustDeduction:
		return x - points
	case AdjustCap:
		return min(x, a.at)
	case AdjustFloor:
		return max(x, a.at)
	}
	return roundFloat(x, a.a.decl.Round)
}

// grade follows machine.grade without a trace.
func (r *floatRun) grade() int {
	p := r.f.p
	if total := r.memory[r.f.total]; total != total && !r.blocked {
		r.blocked = true
	}
	at, ineligible := -1, false
	for i := range r.f.require {
		if yes := r.f.require[i].eval(r.memory); yes != yes || yes == 0 {
			ineligible = true
			if g, ok := p.gradeIndex[p.scheme.Eligibility[i].Grade]; ok && at < 0 {
				at = g
			}
		}
	}
	var firing [64]bool // a scheme with more adjustments is refused by Perturb
	for i := range r.f.adjust {
		firing[i] = !r.f.adjust[i].a.onTotal() && r.fires(i)
	}
	if !ineligible {
		at = r.match()
	}
	list, void := p.scheme.Grades.List, false
	for i := range r.f.adjust {
		if !firing[i] {
			continue
		}
		a := r.f.adjust[i].a
		ranked := at >= 0 && list[at].Level != nil
		switch a.decl.Kind {
		case AdjustVoid:
			at, void = a.grade, true
		case AdjustCapGrade:
			if ranked && *list[a.grade].Level < *list[at].Level {
				at = a.grade
			}
		case AdjustFloorGrade:
			if ranked && *list[at].Level < *list[a.grade].Level {
				at = a.grade
			}
		}
	}
	if void || r.sub.promotion == nil || at < 0 || list[at].Level == nil || *list[at].Level <= *r.sub.promotion {
		return at
	}
	return p.scheme.highestUpTo(*r.sub.promotion, at)
}

// highestUpTo is the grade with the highest level not above most, or otherwise if there is none.
func (s *Scheme) highestUpTo(most, otherwise int) int {
	best := -1
	for i, g := range s.Grades.List {
		if g.Level != nil && *g.Level <= most && (best < 0 || *g.Level > *s.Grades.List[best].Level) {
			best = i
		}
	}
	if best < 0 {
		return otherwise
	}
	return best
}

func (r *floatRun) match() int {
	for i := range r.f.grades {
		g := &r.f.grades[i]
		if g.decl.Blocked != r.blocked || g.decl.Special {
			continue
		}
		if g.decl.Otherwise || r.fits(g) {
			return i
		}
	}
	return -1
}

func (r *floatRun) fits(g *floatGrade) bool {
	if !g.free {
		if x := g.of.eval(r.memory); x != x || !g.bounds.holds(x) {
			return false
		}
	}
	for i := range g.needs {
		if x := g.needs[i].eval(r.memory); x != x || !g.within[i].holds(x) {
			return false
		}
	}
	yes := g.when.eval(r.memory)
	return yes == yes && yes != 0
}
