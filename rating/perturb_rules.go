package rating

import (
	"math"
	"sort"
)

// floatRule computes the points of an indicator before they are held between min and max; NaN if there are none.
type floatRule interface {
	points(memory []float64, sub *floatSubject) float64
}

func (f *floatProgram) rule(i int, operand func(*operand) floatOperand) floatRule {
	ind := &f.p.indicators[i]
	min, span := ind.min.Float64(), ind.span.Float64()
	compared := func(c *compared) floatCompared { return floatCompared{operand(&c.of), i, min, span, c.lower} }
	switch r := ind.rule.(type) {
	case *tiersProgram:
		out := &floatTiers{of: operand(&r.of), otherwise: math.NaN()}
		for j := range r.rule.Tiers {
			out.bounds = append(out.bounds, newFloatBounds(&r.rule.Tiers[j].Bounds))
			out.values = append(out.values, r.rule.Tiers[j].Points.Float64())
		}
		if r.rule.Otherwise != nil {
			out.otherwise = r.rule.Otherwise.Float64()
		}
		return out
	case *linearProgram:
		return &floatLine{of: operand(&r.of), start: r.start.Float64(), slope: r.each.Float64()}
	case *lineProgram:
		return &floatLine{of: operand(&r.of), start: min, low: r.low.Float64(), slope: r.slope.Float64(), log: r.log, max: ind.max.Float64()}
	case *exprRuleProgram:
		return &floatLine{of: operand(&r.of), slope: 1}
	case *checklistProgram:
		out := &floatChecklist{place: i, fact: r.fact, first: f.facts[r.fact].items, zero: r.missing == "zero", min: min, span: span}
		for j := range r.weights {
			out.weights, out.full = append(out.weights, r.weights[j].Float64()), append(out.full, r.full[j].Float64())
		}
		return out
	case *deductionsProgram:
		out := &floatDeductions{place: i, first: f.facts[r.fact].items, start: r.start.Float64(), most: orInf(r.cap, 1)}
		for j := range r.each {
			out.each, out.atMost = append(out.each, r.each[j].Float64()), append(out.atMost, orInf(r.atMost[j], 1))
		}
		return out
	case *surveyProgram:
		out := &floatSurvey{place: i, first: f.facts[r.fact].items, zero: r.zero.Float64(), slope: r.slope.Float64(), min: min}
		for j := range r.worth {
			out.worth = append(out.worth, r.worth[j].Float64())
		}
		return out
	case *minMaxProgram:
		return &floatMinMax{compared(&r.compared)}
	case *zScoreProgram:
		return &floatZScore{compared(&r.compared), r.rule.Center.Float64(), r.rule.Each.Float64(), r.rule.Deviation == "sample"}
	case *percentileProgram:
		return &floatPercentile{compared(&r.compared), r.ties}
	}
	return floatConstant(i) // choice and events read nothing that is perturbed
}

// floatConstant stands for the points that the exact rule gave the subject.
type floatConstant int

func (i floatConstant) points(_ []float64, sub *floatSubject) float64 { return sub.exact[i] }

type floatTiers struct {
	of        floatOperand
	bounds    []floatBounds
	values    []float64
	otherwise float64
}

func (r *floatTiers) points(memory []float64, _ *floatSubject) float64 {
	x := r.of.eval(memory)
	if math.IsNaN(x) {
		return x
	}
	for i := range r.bounds {
		if r.bounds[i].holds(x) {
			return r.values[i]
		}
	}
	return r.otherwise
}

// floatLine is linear, target, goalposts and expr.
type floatLine struct {
	of                floatOperand
	start, low, slope float64
	max               float64
	log               bool
}

func (r *floatLine) points(memory []float64, _ *floatSubject) float64 {
	x := r.of.eval(memory)
	if r.log {
		if x <= 0 {
			if r.slope > 0 {
				return r.start
			}
			return r.max
		}
		x = math.Log(x)
	}
	return r.start + r.slope*(x-r.low)
}

type floatChecklist struct {
	place, fact, first int
	weights, full      []float64
	zero               bool
	min, span          float64
}

func (r *floatChecklist) points(memory []float64, sub *floatSubject) float64 {
	if math.IsNaN(sub.exact[r.place]) { // whether it has points depends on the states of the items only
		return math.NaN()
	}
	sum, full := 0.0, 0.0
	items := memory[r.first : r.first+len(r.weights)]
	for i, x := range items {
		if x == x {
			sum += r.weights[i] * x
			full += r.full[i]
		} else if r.zero && sub.values[r.fact].Items[i].State == Missing {
			full += r.full[i]
		}
	}
	return r.min + r.span*sum/full
}

type floatDeductions struct {
	place, first int
	each, atMost []float64
	start, most  float64
}

func (r *floatDeductions) points(memory []float64, sub *floatSubject) float64 {
	if math.IsNaN(sub.exact[r.place]) {
		return math.NaN()
	}
	sum := 0.0
	for i, x := range memory[r.first : r.first+len(r.each)] {
		if x == x {
			sum += min(r.each[i]*x, r.atMost[i])
		}
	}
	return r.start - min(sum, r.most)
}

type floatSurvey struct {
	place, first int
	worth        []float64
	zero, slope  float64
	min          float64
}

func (r *floatSurvey) points(memory []float64, sub *floatSubject) float64 {
	if math.IsNaN(sub.exact[r.place]) { // perturbation moves answers between levels and leaves their number as it is
		return math.NaN()
	}
	answers, worth := 0.0, 0.0
	for i, x := range memory[r.first : r.first+len(r.worth)] {
		if x == x {
			answers += x
			worth += r.worth[i] * x
		}
	}
	return r.min + r.slope*(worth/answers-r.zero)
}

// floatStatistics are Statistics in floating point, with the number of values up to each distinct one.
type floatStatistics struct {
	min, max, mean, deviation, sample float64
	count                             int
	values                            []float64
	upTo                              []int
}

func newFloatStatistics(s *Statistics) *floatStatistics {
	out := &floatStatistics{
		min: s.Min.Float64(), max: s.Max.Float64(), mean: s.Mean.Float64(), deviation: s.Deviation.Float64(), sample: s.SampleDeviation.Float64(), count: s.Count,
	}
	n := 0
	for _, v := range s.Values {
		n += v.Count
		out.values, out.upTo = append(out.values, v.Value.Float64()), append(out.upTo, n)
	}
	return out
}

type floatCompared struct {
	of        floatOperand
	place     int
	min, span float64
	lower     bool
}

type floatMinMax struct{ floatCompared }

func (r *floatMinMax) points(memory []float64, sub *floatSubject) float64 {
	s := sub.statistics[r.place]
	if s == nil || s.max == s.min {
		return math.NaN()
	}
	rate := (r.of.eval(memory) - s.min) / (s.max - s.min)
	if r.lower {
		rate = 1 - rate
	}
	return r.min + r.span*rate
}

type floatZScore struct {
	floatCompared
	center, each float64
	sample       bool
}

func (r *floatZScore) points(memory []float64, sub *floatSubject) float64 {
	s := sub.statistics[r.place]
	if s == nil {
		return math.NaN()
	}
	deviation := s.deviation
	if r.sample {
		deviation = s.sample
	}
	z := r.of.eval(memory) - s.mean
	if deviation != 0 {
		z /= deviation
	} else {
		z *= 0 // nobody differs from the mean; NaN stays NaN
	}
	if r.lower {
		z = -z
	}
	return r.center + r.each*z
}

type floatPercentile struct {
	floatCompared
	ties string
}

func (r *floatPercentile) points(memory []float64, sub *floatSubject) float64 {
	s := sub.statistics[r.place]
	x := r.of.eval(memory)
	if s == nil || math.IsNaN(x) || r.ties == "between" && s.count < 2 {
		return math.NaN()
	}
	at := sort.Search(len(s.values), func(i int) bool { return !floatLess(s.values[i], x) })
	below, equal := 0, 0
	if at > 0 {
		below = s.upTo[at-1]
	}
	if at < len(s.values) && !floatLess(x, s.values[at]) {
		equal = s.upTo[at] - below
	}
	behind := below
	if r.lower {
		behind = s.count - below - equal
	}
	share := 0.0
	switch r.ties {
	case "below":
		share = float64(behind) / float64(s.count)
	case "at_or_below":
		share = float64(behind+equal) / float64(s.count)
	case "between":
		share = float64(behind) / float64(s.count-1)
	default:
		share = float64(2*behind+equal) / float64(2*s.count)
	}
	return r.min + r.span*min(share, 1)
}
