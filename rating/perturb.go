package rating

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"redsteward/internal/fault"
)

// Noise says how far perturbed ratings stray from what was declared and measured. How wide is wide enough is a proposal of whoever asks. The zero value moves nothing.
type Noise struct {
	// Weights moves the weight of every member of every part; within a sum the total weight stays what it was. Half width of an even distribution, as a share, 0 to 0.5:
	// 0.1 lets each value lie anywhere between 0.9 and 1.1 of what it is.
	Weights float64
	// Values moves numbers, counts (to whole numbers), numerators of ratios, items of checklists and, keeping the number of answers, the answers
	// of surveys, in the same way. What is declared as minimum and maximum holds. Conditions, texts, dates and events stay as they are.
	Values float64
	// Severity lets every scorer give more or less, 0 to 0.5: he is given one shift, even between minus and plus this share of full marks, for all that he scored in one
	// rating of all subjects. A fact that several scored takes the mean of their shifts. Ratios and items of checklists move by the share itself, numbers and counts by the share of what they are.
	Severity float64
	// Missing is the probability, 0 to 1, with which what is missing of a subject is taken to be known: each missing fact with a declared direction (Fact.Better) that can be
	// measured takes the value of a subject drawn among those that have one.
	Missing float64
}

func (n Noise) valid() bool {
	within := func(x, most float64) bool { return x >= 0 && x <= most } // false for NaN
	return within(n.Weights, 0.5) && within(n.Values, 0.5) && within(n.Severity, 0.5) && within(n.Missing, 1)
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
	// Group is the group of those that cannot be told apart, 1 being the best: the first of a group, which has its highest median, is above each of the others in less than TieLevel of the
	// ratings. 0 if it never had a total.
	Group int
}

// TieLevel is the share of ratings in which one subject must be above another to be told apart from it.
const TieLevel = 0.95

// MaxTrials is how many ratings one call of Trial.Spread makes at most: draws times subjects.
const MaxTrials = 20_000_000

const (
	// maxFloatAdjust bounds the adjustments of a scheme that can be perturbed.
	maxFloatAdjust = 64
	// fillings is how many ways to fill what is missing are drawn for each subject; every rating takes one of them.
	fillings = 32
)

// TrialInput is what a Trial rates.
type TrialInput struct {
	// Scheme is the rule, Cohort its frozen statistics, nil if it compares nobody. The cohort stays as it is.
	Scheme *Scheme
	Cohort *Cohort
	// Subjects are rated; History gives their earlier results, nil for none.
	Subjects []Subject
	History  func(id string) History
	// Scorers names who scored a fact of a subject, none for a fact that nobody scored; nil means that nobody scored anything.
	Scorers func(subject, fact string) []string
	// Feeds are the earlier results that are perturbed along; what History has besides stays as it is.
	Feeds []TrialFeed
}

// TrialFeed is an earlier result of several subjects, with what it was made from. Its own feeds are not used.
type TrialFeed struct {
	// ID is that under Scheme.History; Period is when it was, "" if nobody said.
	ID, Period string
	// TrialInput are those subjects, among those of the main trial, whose history it is.
	TrialInput
}

// Trial are subjects made ready to be rated again and again. It shows how firmly a result stands; nothing that is decided may depend on it, as it computes in floating point.
// It is safe for concurrent use.
type Trial struct {
	in    TrialInput
	f     *floatProgram
	ready []*floatSubject
	// scorers are their places by name, those of the feeds among them: who scored a quarter and the year is one.
	scorers map[string]int
	shared  map[*Statistics]*floatStatistics
	feeds   []*trialFeed
	// programs are those of the feeds, each once.
	programs []*floatProgram
}

// NewTrial makes subjects ready. Returns Invalid for a scheme with more than 64 adjustments.
func NewTrial(in TrialInput) (*Trial, error) {
	t, err := newTrial(in, map[string]int{}, newFloatProgram(in.Scheme.program))
	if err != nil {
		return nil, err
	}
	known := map[string]*floatProgram{}
	for i := range in.Feeds {
		feed := &in.Feeds[i]
		f := known[feed.Scheme.Hash]
		if f == nil {
			f = newFloatProgram(feed.Scheme.program)
			known[feed.Scheme.Hash], t.programs = f, append(t.programs, f)
		}
		one, err := newTrial(feed.TrialInput, t.scorers, f)
		if err != nil {
			return nil, err
		}
		t.feeds = append(t.feeds, t.feed(feed.ID, one, slices.Index(t.programs, f)))
	}
	return t, nil
}

func newTrial(in TrialInput, scorers map[string]int, f *floatProgram) (*Trial, error) {
	if len(in.Scheme.Adjust) > maxFloatAdjust {
		return nil, fault.New("rating.NewTrial", fault.Invalid, fmt.Sprintf("方案的调整步骤超过 %d 个，不能做扰动分析", maxFloatAdjust))
	}
	t := &Trial{in: in, f: f, scorers: scorers, shared: map[*Statistics]*floatStatistics{}}
	for i := range in.Subjects {
		t.ready = append(t.ready, t.compile(&in.Subjects[i]))
	}
	return t, nil
}

// compile makes one subject ready, with the scorers of its facts.
func (t *Trial) compile(sub *Subject) *floatSubject {
	var past History
	if t.in.History != nil {
		past = t.in.History(sub.ID)
	}
	out := t.f.subject(t.in.Cohort, sub, past, t.shared)
	if t.in.Scorers == nil {
		return out
	}
	for i := range out.noisy {
		for _, name := range t.in.Scorers(sub.ID, t.in.Scheme.Facts[out.noisy[i].fact].ID) {
			place, known := t.scorers[name]
			if !known {
				place = len(t.scorers)
				t.scorers[name] = place
			}
			out.noisy[i].scorers = append(out.noisy[i].scorers, place)
		}
	}
	return out
}

// Scorers is how many persons scored anything.
func (t *Trial) Scorers() int { return len(t.scorers) }

// Missing is how many subjects lack something that Noise.Missing can fill, in an earlier result that is perturbed along too.
func (t *Trial) Missing() int {
	lack := make([]bool, len(t.in.Subjects))
	for i, list := range t.gaps(t.donors()) {
		lack[i] = len(list) > 0
	}
	for _, feed := range t.feeds {
		gaps := feed.gaps(feed.donors())
		for i, j := range feed.of {
			lack[i] = lack[i] || j >= 0 && len(gaps[j]) > 0
		}
	}
	n := 0
	for _, lacks := range lack {
		if lacks {
			n++
		}
	}
	return n
}

// Earlier is how many earlier results are perturbed along.
func (t *Trial) Earlier() int {
	n := 0
	for _, feed := range t.feeds {
		for _, j := range feed.of {
			if j >= 0 {
				n++
			}
		}
	}
	return n
}

// donors are, by fact, the subjects that have a value which may stand in where another has none.
func (t *Trial) donors() [][]int {
	out := make([][]int, len(t.in.Scheme.Facts))
	for f := range t.in.Scheme.Facts {
		d := &t.in.Scheme.Facts[f]
		switch d.Type {
		case TypeNumber, TypeCount, TypeRatio, TypeChecklist, TypeSurvey:
		default:
			continue
		}
		if d.Better == "" {
			continue
		}
		for i := range t.in.Subjects {
			if t.in.Subjects[i].Values[f].State == Present {
				out[f] = append(out[f], i)
			}
		}
	}
	return out
}

// gaps are, by subject, the facts that it lacks and that have a donor.
func (t *Trial) gaps(donors [][]int) [][]int {
	out := make([][]int, len(t.in.Subjects))
	for i := range t.in.Subjects {
		for f := range donors {
			if len(donors[f]) > 0 && t.in.Subjects[i].Values[f].State == Missing {
				out[i] = append(out[i], f)
			}
		}
	}
	return out
}

// fill draws, for each subject that lacks something, so many ways in which it would stand if it did not; stream keeps the draws of several trials apart.
func (t *Trial) fill(seed, stream uint64, ways int) [][]*floatSubject {
	donors := t.donors()
	out := make([][]*floatSubject, len(t.in.Subjects))
	for i, gaps := range t.gaps(donors) {
		if len(gaps) == 0 {
			continue
		}
		source := rand.New(rand.NewPCG(seed, math.MaxUint64-stream<<32-uint64(i)))
		for range ways {
			sub := t.in.Subjects[i]
			sub.Values = slices.Clone(sub.Values)
			for _, f := range gaps {
				sub.Values[f] = t.in.Subjects[donors[f][source.IntN(len(donors[f]))]].Values[f]
			}
			filled := t.compile(&sub)
			out[i] = append(out[i], filled)
		}
	}
	return out
}

// Spread rates the subjects draws times with noise. Without noise, totals and grades are those of Evaluate. The same seed gives the same spreads, however many processors there are.
// told, if not nil, is called now and then with how many draws are made, by one goroutine after the other; what it returns ends the call. Returns Invalid for noise outside its bounds, for draws outside 1 to 100,000 and
// for more than MaxTrials ratings, the context's error, and that of told.
func (t *Trial) Spread(ctx context.Context, noise Noise, draws int, seed uint64, told func(done int) error) ([]Spread, error) {
	const op = "rating.Spread"
	if !noise.valid() {
		return nil, fault.New(op, fault.Invalid, "扰动幅度要在 0 到 0.5 之间，补缺的可能性要在 0 到 1 之间")
	}
	if draws < 1 || draws > 100_000 || draws*len(t.in.Subjects) > MaxTrials {
		return nil, fault.New(op, fault.Invalid, "扰动次数要在 1 到 100000 之间，且次数乘以对象数不超过 2000 万")
	}
	p := perturbation{f: t.f, subjects: t.ready, noise: noise, draws: draws, seed: seed, scorers: len(t.scorers), told: told, feeds: t.feeds, programs: t.programs}
	if noise.Missing > 0 {
		p.filled = t.fill(seed, 0, fillings)
		for k, feed := range t.feeds {
			p.fed = append(p.fed, feed.fill(seed, uint64(k)+1, max(2, fillings/len(t.feeds))))
		}
	}
	p.prepare()
	if err := p.run(ctx); err != nil {
		return nil, err
	}
	return p.spreads(t.in.Subjects), nil
}

// Outcome is what one rating without noise came to.
type Outcome struct {
	// Total is NaN if there is none; Grade is the place in Scheme.Grades.List, -1 for none.
	Total float64
	Grade int
}

// Plain rates every subject without noise, in their order.
func (t *Trial) Plain() []Outcome { return t.once(-1) }

// Without rates every subject as if an indicator were not in the scheme: what belongs to a part is left out of it as the part's rule says for what does not count, everything else gives no points.
// Earlier results stay as they were. Returns NotFound for an unknown indicator.
func (t *Trial) Without(indicator string) ([]Outcome, error) {
	node, ok := t.in.Scheme.program.nodeIndex[indicator]
	if !ok || node >= len(t.in.Scheme.program.indicators) {
		return nil, fault.New("rating.Without", fault.NotFound, "方案里没有指标 "+short(indicator))
	}
	return t.once(node), nil
}

func (t *Trial) once(without int) []Outcome {
	w := newPerturbWorker(&perturbation{f: t.f, draws: 1})
	w.weights(&w.run)
	w.run.without = without
	out := make([]Outcome, len(t.ready))
	for i, sub := range t.ready {
		one := w.run.rate(sub, nil)
		out[i] = Outcome{Total: one.total, Grade: one.grade}
	}
	return out
}

// perturbation is one call of Trial.Spread.
type perturbation struct {
	f        *floatProgram
	subjects []*floatSubject
	filled   [][]*floatSubject // by subject: what it would be if nothing were missing; none for a subject that lacks nothing
	feeds    []*trialFeed
	fed      [][][]*floatSubject // by feed and its subject
	programs []*floatProgram
	scorers  int
	noise    Noise
	draws    int
	seed     uint64
	told     func(done int) error

	totals []float64 // by subject and draw
	ranks  []int32
	grades []int16
}

func (p *perturbation) prepare() {
	n := len(p.subjects) * p.draws
	p.totals, p.ranks, p.grades = make([]float64, n), make([]int32, n), make([]int16, n)
}

// tellings is how often a call tells how far it is.
const tellings = 20

// drawBlock is how many draws one goroutine makes at a stretch: what it writes of one subject then fills whole cache lines, which no other writes to.
const drawBlock = 64

// share lets as many goroutines as there are processors work through the blocks of size from 0 to below n, each with a worker of its own.
func share[W any](ctx context.Context, n, size int, worker func() W, work func(w W, from, to int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	blocks := (n + size - 1) / size
	for range min(runtime.GOMAXPROCS(0), blocks) {
		wait.Go(func() {
			w := worker()
			for block := int(next.Add(1)) - 1; block < blocks && ctx.Err() == nil; block = int(next.Add(1)) - 1 {
				work(w, block*size, min(n, (block+1)*size))
			}
		})
	}
	wait.Wait()
}

// run shares the draws out; each draw has its own random numbers, so that it does not matter who makes it.
func (p *perturbation) run(ctx context.Context) error {
	var done atomic.Int64
	var telling sync.Mutex
	var failed error
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	every := int64(max(1, p.draws/tellings))
	share(ctx, p.draws, drawBlock, func() *perturbWorker { return newPerturbWorker(p) }, func(w *perturbWorker, from, to int) {
		for draw := from; draw < to && ctx.Err() == nil; draw++ {
			w.draw(draw)
			if n := done.Add(1); p.told != nil && n%every == 0 {
				telling.Lock()
				if failed == nil {
					if failed = p.told(int(n)); failed != nil {
						cancel()
					}
				}
				telling.Unlock()
			}
		}
	})
	if failed != nil {
		return failed
	}
	return ctx.Err()
}

type perturbWorker struct {
	p      *perturbation
	run    floatRun
	source rand.PCG
	order  []int     // subjects from the highest total to the lowest
	totals []float64 // of this draw, by subject
	shifts []float64 // of this draw, by scorer
	noise  func(*floatSubject, []float64)
	past   earlierDraw
}

func newPerturbWorker(p *perturbation) *perturbWorker {
	w := &perturbWorker{p: p, order: make([]int, len(p.subjects)), totals: make([]float64, len(p.subjects)), shifts: make([]float64, p.scorers), run: newFloatRun(p.f), past: newEarlierDraw(p)}
	if p.noise.Values > 0 || p.noise.Severity > 0 {
		w.noise = w.values
	}
	return w
}

// even is a random number from 0 to below 1.
func (w *perturbWorker) even() float64 { return float64(w.source.Uint64()>>11) * (1.0 / (1 << 53)) }

// factor is a random factor around 1.
func (w *perturbWorker) factor(width float64) float64 {
	return 1 + width*(2*w.even()-1)
}

func (w *perturbWorker) draw(draw int) {
	p := w.p
	if len(p.feeds) > 0 {
		w.earlier(draw / feedShare)
	}
	w.source.Seed(p.seed, uint64(draw))
	w.weights(&w.run)
	noise := w.noise
	if len(p.feeds) > 0 { // the severity is that of the earlier results
		noise = w.withPast
	} else {
		w.severity()
	}
	for i, sub := range p.subjects {
		if len(p.feeds) > 0 {
			w.past.at = i
			sub = w.filling(p.filled, i, sub, w.past.known[i])
		} else if p.filled != nil && len(p.filled[i]) > 0 {
			sub = w.filling(p.filled, i, sub, w.even() < p.noise.Missing)
		}
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

// severity draws how much milder or stricter each scorer is.
func (w *perturbWorker) severity() {
	for i := range w.shifts {
		w.shifts[i] = w.p.noise.Severity * (2*w.even() - 1)
	}
}

// filling is the subject at place i with what it lacks, if that is taken to be known.
func (w *perturbWorker) filling(filled [][]*floatSubject, i int, sub *floatSubject, known bool) *floatSubject {
	if !known || filled == nil || len(filled[i]) == 0 {
		return sub
	}
	return filled[i][w.source.Uint64()%uint64(len(filled[i]))]
}

// weights draws the weights of all parts of a program; those of a sum are scaled back to the declared full marks.
func (w *perturbWorker) weights(run *floatRun) {
	weights, f := run.weights, run.f
	copy(weights, f.weights)
	if w.p.noise.Weights == 0 {
		return
	}
	for i := range weights {
		weights[i] *= w.factor(w.p.noise.Weights)
	}
	for i := range f.parts {
		part := &f.parts[i]
		declared, drawn := 0.0, 0.0
		for j, full := range part.full {
			declared += f.weights[part.first+j] * full
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

// shift is by how much the scorers of a fact give more or less in this draw, as a share of full marks.
func (w *perturbWorker) shift(f *noisyFact) float64 {
	if len(f.scorers) == 0 {
		return 0
	}
	sum := 0.0
	for _, place := range f.scorers {
		sum += w.shifts[place]
	}
	return sum / float64(len(f.scorers))
}

// values moves the facts of one subject.
func (w *perturbWorker) values(sub *floatSubject, memory []float64) {
	width := w.p.noise.Values
	for i := range sub.noisy {
		f := &sub.noisy[i]
		shift := w.shift(f)
		switch f.kind {
		case noisyNumber:
			memory[f.slots.number] = f.hold(memory[f.slots.number] * (w.factor(width) + shift))
		case noisyCount:
			memory[f.slots.number] = f.hold(math.Round(memory[f.slots.number] * (w.factor(width) + shift)))
		case noisyRatio:
			q := f.hold(memory[f.slots.quotient]*w.factor(width) + shift)
			memory[f.slots.quotient], memory[f.slots.number] = q, q*memory[f.slots.den]
		case noisyItems:
			items := memory[f.slots.items : f.slots.items+f.n]
			for j, x := range items {
				full := f.high - f.low
				if math.IsInf(full, 0) {
					full = x
				}
				items[j] = f.hold(x*w.factor(width) + shift*full) // NaN stays NaN
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
	none := func() struct{} { return struct{}{} }
	share(context.Background(), len(subjects), 1, none, func(_ struct{}, i, _ int) { out[i] = p.spread(subjects[i].ID, i) })
	p.groups(out)
	return out
}

// spread sums up the ratings of the subject at place i.
func (p *perturbation) spread(id string, i int) Spread {
	s := Spread{Subject: id, Grades: make([]int, len(p.f.p.scheme.Grades.List)+1)}
	totals, ranks := p.totals[i*p.draws:(i+1)*p.draws], p.ranks[i*p.draws:(i+1)*p.draws]
	rated := make([]float64, 0, p.draws)
	places := make([]int32, 0, p.draws)
	for draw, x := range totals {
		at := int(p.grades[i*p.draws+draw])
		if at < 0 {
			at = len(s.Grades) - 1
		}
		s.Grades[at]++
		if x == x {
			rated, places = append(rated, x), append(places, ranks[draw])
		}
	}
	if s.Rated = len(rated); s.Rated == 0 {
		return s
	}
	slices.Sort(rated)
	slices.Sort(places)
	at := func(share float64) int { return int(math.Round(share * float64(len(rated)-1))) }
	s.Low, s.Median, s.High = rated[at(0.05)], rated[at(0.5)], rated[at(0.95)]
	s.RankLow, s.RankHigh = int(places[at(0.05)]), int(places[at(0.95)])
	return s
}

// groups puts those together that cannot be told apart.
func (p *perturbation) groups(out []Spread) {
	order := make([]int, 0, len(out))
	for i := range out {
		if out[i].Rated > 0 {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(out[b].Median, out[a].Median) })
	group := 0
	var head []float64
	for _, i := range order {
		totals := p.totals[i*p.draws : (i+1)*p.draws]
		if group == 0 || higher(head, totals) >= TieLevel {
			group, head = group+1, totals
		}
		out[i].Group = group
	}
}

// higher is the share of ratings in which a is above b, among those in which both have a total; 1 if there are none.
func higher(a, b []float64) float64 {
	both, wins := 0, 0
	for draw, x := range a {
		if y := b[draw]; x == x && y == y {
			both++
			if floatLess(y, x) {
				wins++
			}
		}
	}
	if both == 0 {
		return 1
	}
	return float64(wins) / float64(both)
}
