package rating

import (
	"math"

	"redsteward/internal/num"
)

// floatProgram is a program in floating point. All values of one evaluation lie in one block of memory, and every name is a place in it: first
// the facts, then what is fixed for a subject, then the nodes, the totals and the outputs. NaN means that there is no value.
type floatProgram struct {
	p         *program
	facts     []factSlots
	constants []nameRef // what is fixed for a subject: the slots from firstConstant on
	first     int       // slot of the first constant
	points    int       // slots of the nodes' points, then of their rates, then of whether they count
	rates     int
	counted   int
	running   int
	total     int
	outputs   int
	size      int
	needsRate []bool // by node: whether anything reads its rate

	indicators []floatIndicator
	parts      []floatPart
	adjust     []floatAdjust
	values     []floatOutput
	require    []floatOperand
	grades     []floatGrade
	weights    []float64 // declared weights of the members of all parts, one after the other
}

// factSlots are the slots of one fact: number, or numerator, denominator and quotient of a ratio, or items and their sum.
type factSlots struct{ number, den, quotient, items, answers int }

type floatOperand struct {
	kind   operandKind
	number float64
	slots  []int // one for a name
	expr   *exprNode
}

func (o *floatOperand) eval(memory []float64) float64 {
	switch o.kind {
	case operandNone: // a condition that always holds
		return 1
	case operandNumber:
		return o.number
	case operandRef:
		return memory[o.slots[0]]
	}
	return o.expr.evalFloat(memory, o.slots)
}

// floatBounds are Bounds with infinities for open ends.
type floatBounds struct{ atLeast, above, atMost, below float64 }

func (b *floatBounds) holds(x float64) bool {
	return !floatLess(x, b.atLeast) && floatLess(b.above, x) && !floatLess(b.atMost, x) && floatLess(x, b.below)
}

func newFloatBounds(b *Bounds) floatBounds {
	return floatBounds{orInf(b.AtLeast, -1), orInf(b.Above, -1), orInf(b.AtMost, 1), orInf(b.Below, 1)}
}

func orInf(x *num.Num, sign int) float64 {
	if x == nil {
		return math.Inf(sign)
	}
	return x.Float64()
}

type floatIndicator struct {
	min, max, missing, na float64 // missing and na: points, or NaN if left out
	blockMissing, blockNA bool
	applies               floatOperand
	round                 Rounding
	rule                  floatRule
	member                bool // of a part
}

type floatPart struct {
	part        *partProgram
	first       int // of its weights in floatProgram.weights
	full        []float64
	max         float64
	least, most float64
	start       floatOperand
	value       floatOperand
	steps       []floatStep
}

type floatStep struct {
	when, add   floatOperand
	least, most float64
}

type floatAdjust struct {
	a            *adjustProgram
	when, points floatOperand
	most, at     float64
	cuts, stops  []float64
}

type floatOutput struct {
	value       floatOperand
	bounds      []floatBounds
	tiers       []float64
	least, most float64
	round       Rounding
}

type floatGrade struct {
	decl   *Grade
	of     floatOperand
	bounds floatBounds
	free   bool // no bounds
	needs  []floatOperand
	within []floatBounds
	when   floatOperand
}

func newFloatProgram(p *program) *floatProgram {
	f := &floatProgram{p: p}
	for i := range p.scheme.Facts {
		d := &p.scheme.Facts[i]
		items := len(d.Items) + len(d.Levels)
		f.facts = append(f.facts, factSlots{number: f.size, den: f.size + 1, quotient: f.size + 2, answers: f.size + 3, items: f.size + 4})
		f.size += 4 + items
	}
	f.first = f.size
	places := map[nameRef]int{}
	p.operands(func(o *operand) {
		o.each(func(r *nameRef) {
			if _, done := places[*r]; !done && r.fixed() {
				places[*r] = f.size
				f.constants = append(f.constants, *r)
				f.size++
			}
		})
	})
	nodes := len(p.indicators) + len(p.parts)
	f.points, f.rates, f.counted = f.size, f.size+nodes, f.size+2*nodes
	f.running, f.total, f.outputs = f.size+3*nodes, f.size+3*nodes+1, f.size+3*nodes+2
	f.size = f.outputs + len(p.outputs)
	f.needsRate = make([]bool, nodes)
	p.operands(func(o *operand) {
		o.each(func(r *nameRef) {
			if r.kind == refRate {
				f.needsRate[r.a] = true
			}
		})
	})
	for i := range p.parts {
		switch p.parts[i].method {
		case MethodMean, MethodGeomean, MethodMin:
			for _, c := range p.parts[i].children {
				f.needsRate[c.node] = true
			}
		}
	}
	f.compile(places)
	return f
}

// fixed reports whether a name has the same value however the numbers of a subject are perturbed.
func (r *nameRef) fixed() bool {
	switch r.kind {
	case refFact, refQuotient, refDay, refNumerator, refDenominator, refItem, refAnswers, refPoints, refRate, refCounted, refBase, refRunning,
		refTotal, refOutput:
		return false
	}
	return true
}

// operands calls use for every operand of the program but those of roll-ups.
func (p *program) operands(use func(*operand)) {
	for i := range p.indicators {
		use(&p.indicators[i].applies)
		ruleOperands(p.indicators[i].rule, use, func(int) {})
	}
	for i := range p.parts {
		use(&p.parts[i].start)
		use(&p.parts[i].value)
		for j := range p.parts[i].steps {
			use(&p.parts[i].steps[j].when)
			use(&p.parts[i].steps[j].add)
		}
	}
	for i := range p.adjust {
		use(&p.adjust[i].when)
		use(&p.adjust[i].points)
	}
	for i := range p.outputs {
		use(&p.outputs[i].value)
	}
	for i := range p.require {
		use(&p.require[i])
	}
	for i := range p.grades {
		use(&p.grades[i].of)
		use(&p.grades[i].when)
		for j := range p.grades[i].needs {
			use(&p.grades[i].needs[j])
		}
	}
}

func (f *floatProgram) slot(r *nameRef, places map[nameRef]int) int {
	switch r.kind {
	case refFact, refNumerator, refDay:
		return f.facts[r.a].number
	case refDenominator:
		return f.facts[r.a].den
	case refQuotient:
		return f.facts[r.a].quotient
	case refItem:
		return f.facts[r.a].items + r.b
	case refAnswers:
		return f.facts[r.a].answers
	case refPoints:
		if r.a == len(f.p.indicators)+len(f.p.parts)-1 {
			return f.total
		}
		return f.points + r.a
	case refRate:
		return f.rates + r.a
	case refCounted:
		return f.counted + r.a
	case refBase:
		return f.rates - 1 // the points of the last node
	case refRunning:
		return f.running
	case refTotal:
		return f.total
	case refOutput:
		return f.outputs + r.a
	}
	return places[*r]
}

func (f *floatProgram) compile(places map[nameRef]int) {
	operand := func(o *operand) floatOperand {
		out := floatOperand{kind: o.kind, number: o.number.Float64()}
		o.each(func(r *nameRef) { out.slots = append(out.slots, f.slot(r, places)) })
		if o.expr != nil {
			out.expr = &o.expr.root
		}
		return out
	}
	p := f.p
	for i := range p.indicators {
		ind := &p.indicators[i]
		out := floatIndicator{min: ind.min.Float64(), max: ind.max.Float64(), applies: operand(&ind.applies), round: ind.round}
		out.missing, out.blockMissing = ind.absentPoints(&ind.missing)
		out.na, out.blockNA = ind.absentPoints(&ind.na)
		out.rule = f.rule(i, operand)
		f.indicators = append(f.indicators, out)
	}
	for i := range p.parts {
		part := &p.parts[i]
		out := floatPart{
			part: part, first: len(f.weights), max: part.max.Float64(), least: orInf(part.agg.Least, -1), most: orInf(part.agg.Most, 1),
			start: operand(&part.start), value: operand(&part.value),
		}
		for _, c := range part.children {
			f.weights = append(f.weights, c.weight.Float64())
			out.full = append(out.full, p.fullOf(c.node).Float64())
			if c.node < len(f.indicators) {
				f.indicators[c.node].member = true
			}
		}
		for j := range part.steps {
			s := &part.steps[j]
			out.steps = append(out.steps, floatStep{operand(&s.when), operand(&s.add), orInf(s.decl.Least, -1), orInf(s.decl.Most, 1)})
		}
		f.parts = append(f.parts, out)
	}
	for i := range p.adjust {
		a := &p.adjust[i]
		out := floatAdjust{a: a, when: operand(&a.when), points: operand(&a.points), most: orInf(a.decl.Most, 1), at: orInf(a.decl.At, 1)}
		for _, b := range a.decl.NotAcross {
			out.cuts, out.stops = append(out.cuts, b.Cut.Float64()), append(out.stops, b.StopAt.Float64())
		}
		f.adjust = append(f.adjust, out)
	}
	for i := range p.outputs {
		o := &p.outputs[i]
		out := floatOutput{value: operand(&o.value), least: orInf(o.decl.Least, -1), most: orInf(o.decl.Most, 1), round: o.round}
		for j := range o.decl.Tiers {
			out.bounds = append(out.bounds, newFloatBounds(&o.decl.Tiers[j].Bounds))
			out.tiers = append(out.tiers, o.decl.Tiers[j].Points.Float64())
		}
		f.values = append(f.values, out)
	}
	for i := range p.require {
		f.require = append(f.require, operand(&p.require[i]))
	}
	for i := range p.grades {
		g := &p.grades[i]
		out := floatGrade{decl: g.decl, of: operand(&g.of), bounds: newFloatBounds(&g.decl.Bounds), free: g.decl.Bounds.empty(), when: operand(&g.when)}
		for j := range g.needs {
			out.needs = append(out.needs, operand(&g.needs[j]))
			out.within = append(out.within, newFloatBounds(&g.decl.Needs[j].Bounds))
		}
		f.grades = append(f.grades, out)
	}
}

// fullOf is the maximum of a node when nothing is left out.
func (p *program) fullOf(node int) num.Num {
	if node < len(p.indicators) {
		return p.indicators[node].max
	}
	return p.parts[node-len(p.indicators)].full
}

// absentPoints is what an absent indicator counts, NaN if it is left out, and whether it blocks the grade.
func (ind *indicatorProgram) absentPoints(rule *Absent) (float64, bool) {
	switch rule.Mode {
	case AbsentZero:
		return num.Max(ind.min, num.Min(ind.max, num.Num{})).Float64(), false
	case AbsentPoints:
		return rule.Points.Float64(), false
	}
	return math.NaN(), rule.Mode == AbsentBlock
}
