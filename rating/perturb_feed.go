package rating

import "math"

// feedShare is how many ratings read one perturbed rating of the earlier results: those differ four times less often, which halves the work of a year with four quarters.
const feedShare = 4

// earlierStream keeps the random numbers of earlier results apart from those of the ratings that read them.
const earlierStream = 1 << 40

// trialFeed is an earlier result that is perturbed along.
type trialFeed struct {
	*Trial
	program int
	of      []int // by subject of the main trial: its place here, -1 for a subject that does not read it
	slots   []feedSlot
	first   int // of its slots among those of all feeds
	grades  bool
}

// feedSlot is one thing of an earlier result that the main scheme reads.
type feedSlot struct {
	to    int // its place in the memory of the main rating
	kind  refKind
	node  int // of points and rate
	from  int // place of an output in the memory of the earlier rating
	grade string
}

// feed joins an earlier result to the trial.
func (t *Trial) feed(id string, of *Trial, program int) *trialFeed {
	out := &trialFeed{Trial: of, program: program}
	places := map[string]int{}
	for i := range of.in.Subjects {
		places[of.in.Subjects[i].ID] = i
	}
	for i := range t.in.Subjects {
		at, reads := places[t.in.Subjects[i].ID]
		if !reads {
			at = -1
		}
		out.of = append(out.of, at)
	}
	for i := range t.f.constants {
		r := &t.f.constants[i]
		slot := feedSlot{to: t.f.first + i, kind: r.kind, grade: r.text}
		switch r.kind {
		case refPastTotal, refPastLevel, refPastGrade:
			out.grades = out.grades || r.kind != refPastTotal
		case refPastPoints, refPastRate:
			node, ok := of.f.p.nodeIndex[r.text]
			if slot.node = node; !ok {
				continue
			}
		case refPastOutput:
			at, ok := of.f.p.outputIndex[r.text]
			if slot.from = of.f.outputs + at; !ok {
				continue
			}
		default:
			continue // whether it is there does not change
		}
		if t.in.Scheme.History[r.a].ID == id {
			out.slots = append(out.slots, slot)
		}
	}
	if n := len(t.feeds); n > 0 {
		out.first = t.feeds[n-1].first + len(t.feeds[n-1].slots)
	}
	return out
}

// read is what an earlier rating has in a slot; NaN if it has nothing there.
func (s *feedSlot) read(run *floatRun, grade int) float64 {
	switch s.kind {
	case refPastTotal:
		return run.memory[run.f.total]
	case refPastPoints:
		return run.memory[run.f.points+s.node]
	case refPastRate:
		if run.max[s.node] == 0 {
			return math.NaN()
		}
		return run.memory[run.f.points+s.node] / run.max[s.node]
	case refPastOutput:
		return run.memory[s.from]
	}
	list := run.f.p.scheme.Grades.List
	switch {
	case s.kind == refPastGrade:
		return floatTruth(grade >= 0 && list[grade].ID == s.grade)
	case grade >= 0 && list[grade].Level != nil:
		return float64(*list[grade].Level)
	}
	return math.NaN()
}

// earlierDraw is one perturbed rating of the earlier results of all subjects.
type earlierDraw struct {
	made  int // which one it is, -1 for none
	runs  []floatRun
	known []bool // by subject: what it lacks is taken to be known
	slots int
	read  []float64 // by subject and slot
	at    int       // the subject that is being rated
}

func newEarlierDraw(p *perturbation) earlierDraw {
	d := earlierDraw{made: -1}
	if len(p.feeds) == 0 {
		return d
	}
	for _, f := range p.programs {
		d.runs = append(d.runs, newFloatRun(f))
	}
	last := p.feeds[len(p.feeds)-1]
	d.slots = last.first + len(last.slots)
	d.known, d.read = make([]bool, len(p.subjects)), make([]float64, len(p.subjects)*d.slots)
	return d
}

// earlier rates the earlier results for the draws that share them: by one set of weights for each scheme, with the severity that its scorers have in these draws.
func (w *perturbWorker) earlier(made int) {
	d, p := &w.past, w.p
	if d.made == made {
		return
	}
	d.made = made
	w.source.Seed(p.seed, earlierStream+uint64(made))
	for i := range d.runs {
		w.weights(&d.runs[i])
	}
	w.severity()
	for i := range p.subjects {
		d.known[i] = w.even() < p.noise.Missing
		for k, feed := range p.feeds {
			j := feed.of[i]
			if j < 0 {
				continue
			}
			sub := feed.ready[j]
			if p.fed != nil {
				sub = w.filling(p.fed[k], j, sub, d.known[i])
			}
			run, grade := &d.runs[feed.program], -1
			if run.settle(sub, w.noise); feed.grades {
				grade = run.grade()
			}
			for n := range feed.slots {
				d.read[i*d.slots+feed.first+n] = feed.slots[n].read(run, grade)
			}
		}
	}
}

// withPast moves the facts of the subject that is being rated, and puts what its earlier results came to into their places.
func (w *perturbWorker) withPast(sub *floatSubject, memory []float64) {
	if w.noise != nil {
		w.noise(sub, memory)
	}
	d := &w.past
	for _, feed := range w.p.feeds {
		if feed.of[d.at] < 0 {
			continue
		}
		for n := range feed.slots {
			memory[feed.slots[n].to] = d.read[d.at*d.slots+feed.first+n]
		}
	}
}
