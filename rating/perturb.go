package rating

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sort"
	"sync"
	"sync/atomic"

	"redsteward/internal/fault"
)

// Noise says how far perturbed ratings stray from what was declared and measured. Both are half widths of an even distribution, as a share:
// 0.1 lets each value lie anywhere between 0.9 and 1.1 of what it is. How wide is wide enough is a proposal of whoever asks.
type Noise struct {
	// Weights moves the weight of every member of every part; within a sum the total weight stays what it was.
	Weights float64
	// Values moves numbers, counts (to whole numbers), numerators of ratios, items of checklists and, keeping the number of answers, the answers
	// of surveys. What is declared as minimum and maximum holds. Conditions, texts, dates and events stay as they are.
	Values float64
}

// Spread is what became of one subject in all perturbed ratings.
type Spread struct {
	// Subject is its id.
	Subject string
	// Rated is in how many ratings it had a total. The other figures are about those, and 0 if there are none.
	Rated int
	// Low, Median and High are the 5th, 50th and 95th percentile of its total.
	Low, Median, High float64
	// RankLow and RankHigh are the 5th and 95th percentile of its rank by total, 1 being the first; equals share the better rank.
	RankLow, RankHigh int
	// Grades counts its grades in the order of Scheme.Grades.List, and last how often it had none.
	Grades []int
}

// maxFloatAdjust bounds the adjustments of a scheme that can be perturbed.
const maxFloatAdjust = 64

// Perturb rates the subjects draws times with noise. It shows how firmly a result stands; nothing that is decided may depend on it, as it
// computes in floating point. Without noise, totals and grades are those of Evaluate. The cohort stays as it is. The same seed gives the
// same spreads, however many processors there are. history may be nil. It returns Invalid for noise outside 0 to 0.5, for draws outside 1 to
// 100,000, for more than 20 million ratings, and for a scheme with more than 64 adjustments; and the context's error.
func Perturb(ctx context.Context, s *Scheme, cohort *Cohort, subjects []Subject, history func(id string) History, noise Noise, draws int, seed uint64) ([]Spread, error) {
	const op = "rating.Perturb"
	if !(noise.Weights >= 0 && noise.Weights <= 0.5 && noise.Values >= 0 && noise.Values <= 0.5) {
		return nil, fault.New(op, fault.Invalid, "扰动幅度要在 0 到 0.5 之间")
	}
	if draws < 1 || draws > 100_000 || draws*len(subjects) > 20_000_000 {
		return nil, fault.New(op, fault.Invalid, "扰动次数要在 1 到 100000 之间，且次数乘以对象数不超过 2000 万")
	}
	if len(s.Adjust) > maxFloatAdjust {
		return nil, fault.New(op, fault.Invalid, fmt.Sprintf("方案的调整步骤超过 %d 个，不能做扰动分析", maxFloatAdjust))
	}
	f := newFloatProgram(s.program)
	ready := make([]*floatSubject, len(subjects))
	shared := map[*Statistics]*floatStatistics{}
	for i := range subjects {
		var past History
		if history != nil {
			past = history(subjects[i].ID)
		}
		ready[i] = f.subject(cohort, &subjects[i], past, shared)
	}
	p := perturbation{f: f, subjects: ready, noise: noise, draws: draws, seed: seed}
	p.prepare()
	if err := p.run(ctx); err != nil {
		return nil, err
	}
	return p.spreads(subjects), nil
}

// perturbation is one call of Perturb.
type perturbation struct {
	f        *floatProgram
	subjects []*floatSubject
	noise    Noise
	draws    int
	seed     uint64

	totals []float64 // by subject and draw
	ranks  []int32
	grades []int16
}

func (p *perturbation) prepare() {
	n := len(p.subjects) * p.draws
	p.totals, p.ranks, p.grades = make([]float64, n), make([]int32, n), make([]int16, n)
}

// run shares the draws out; each draw has its own random numbers, so that it does not matter who makes it.
func (p *perturbation) run(ctx context.Context) error {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), p.draws) {
		wait.Go(func() {
			w := newPerturbWorker(p)
			for draw := int(next.Add(1)) - 1; draw < p.draws && ctx.Err() == nil; draw = int(next.Add(1)) - 1 {
				w.draw(draw)
			}
		})
	}
	wait.Wait()
	return ctx.Err()
}

type perturbWorker struct {
	p      *perturbation
	run    floatRun
	source rand.PCG
	order  []int     // subjects from the highest total to the lowest
	totals []float64 // of this draw, by subject
}

func newPerturbWorker(p *perturbation) *perturbWorker {
	nodes := len(p.f.indicators) + len(p.f.parts)
	return &perturbWorker{
		p: p, order: make([]int, len(p.subjects)), totals: make([]float64, len(p.subjects)),
		run: floatRun{f: p.f, memory: make([]float64, p.f.size), weights: make([]float64, len(p.f.weights)), max: make([]float64, nodes)},
	}
}

// factor is a random factor around 1.
func (w *perturbWorker) factor(width float64) float64 {
	return 1 + width*(float64(w.source.Uint64()>>11)*(2.0/(1<<53))-1)
}

func (w *perturbWorker) draw(draw int) {
	p := w.p
	w.source.Seed(p.seed, uint64(draw))
	w.weights()
	var noise func(*floatSubject, []float64)
	if p.noise.Values > 0 {
		noise = w.values
	}
	for i, sub := range p.subjects {
		out := w.run.rate(sub, noise)
		p.totals[i*p.draws+draw], p.grades[i*p.draws+draw] = out.total, int16(out.grade)
		w.order[i], w.totals[i] = i, out.total
	}
	slices.SortFunc(w.order, func(a, b int) int { return cmp.Compare(w.totals[b], w.totals[a]) }) // those without a total, NaN, come last
	rank := int32(1)
	for i, sub := range w.order {
		if i > 0 && floatLess(w.totals[sub], w.totals[w.order[i-1]]) {
			rank = int32(i + 1)
		}
		p.ranks[sub*p.draws+draw] = rank
	}
}

// weights draws the weights of all parts; those of a sum are scaled back to the declared full marks.
func (w *perturbWorker) weights() {
	weights := w.run.weights
	copy(weights, w.p.f.weights)
	if w.p.noise.Weights == 0 {
		return
	}
	for i := range weights {
		weights[i] *= w.factor(w.p.noise.Weights)
	}
	for i := range w.p.f.parts {
		part := &w.p.f.parts[i]
		declared, drawn := 0.0, 0.0
		for j, full := range part.full {
			declared += w.p.f.weights[part.first+j] * full
			drawn += weights[part.first+j] * full
		}
		if part.part.method != MethodSum || drawn == 0 {
			continue
		}
		for j := range part.full {
			weights[part.first+j] *= declared / drawn
		}
	}
}

// values moves the facts of one subject.
func (w *perturbWorker) values(sub *floatSubject, memory []float64) {
	width := w.p.noise.Values
	for i := range sub.noisy {
		f := &sub.noisy[i]
		switch f.kind {
		case noisyNumber:
			memory[f.slots.number] = f.hold(memory[f.slots.number] * w.factor(width))
		case noisyCount:
			memory[f.slots.number] = f.hold(math.Round(memory[f.slots.number] * w.factor(width)))
		case noisyRatio:
			q := f.hold(memory[f.slots.quotient] * w.factor(width))
			memory[f.slots.quotient], memory[f.slots.number] = q, q*memory[f.slots.den]
		case noisyItems:
			items := memory[f.slots.items : f.slots.items+f.n]
			for j, x := range items {
				items[j] = f.hold(x * w.factor(width)) // NaN stays NaN
			}
		case noisyAnswers:
			before, after := 0.0, 0.0
			levels := memory[f.slots.items : f.slots.items+f.n]
			for j, x := range levels {
				if x == x {
					before += x
					levels[j] = x * w.factor(width)
					after += levels[j]
				}
			}
			if after > 0 {
				for j := range levels {
					levels[j] *= before / after
				}
			}
		}
	}
}

func (p *perturbation) spreads(subjects []Subject) []Spread {
	out := make([]Spread, len(subjects))
	for i := range subjects {
		s := &out[i]
		s.Subject = subjects[i].ID
		s.Grades = make([]int, len(p.f.p.scheme.Grades.List)+1)
		totals, ranks := p.totals[i*p.draws:(i+1)*p.draws], p.ranks[i*p.draws:(i+1)*p.draws]
		var rated []float64
		var places []int
		for draw, x := range totals {
			at := int(p.grades[i*p.draws+draw])
			if at < 0 {
				at = len(s.Grades) - 1
			}
			s.Grades[at]++
			if x == x {
				rated, places = append(rated, x), append(places, int(ranks[draw]))
			}
		}
		if s.Rated = len(rated); s.Rated == 0 {
			continue
		}
		sort.Float64s(rated)
		sort.Ints(places)
		at := func(share float64) int { return int(math.Round(share * float64(len(rated)-1))) }
		s.Low, s.Median, s.High = rated[at(0.05)], rated[at(0.5)], rated[at(0.95)]
		s.RankLow, s.RankHigh = places[at(0.05)], places[at(0.95)]
	}
	return out
}
