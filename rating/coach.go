package rating

import (
	"maps"
	"slices"

	"redsteward/internal/num"
)

// Stage is one subject with everything that it is rated by.
type Stage struct {
	Scheme  *Scheme
	Cohort  *Cohort
	Subject Subject
	History History
	// Rounds is how many rounds (quarters of a year) are over of what the stage covers; 0 counts as one.
	Rounds int
}

// Feed is an earlier result that the main stage reads and that can still change: it is rated first, and what it comes to stands under ID in the history of the main stage.
type Feed struct {
	ID string
	Stage
}

// Course is what a star is coached on: a subject as it stands, with the earlier results that are not settled yet. Every fact that an action moves is moved in all its stages.
type Course struct {
	Stage
	Feeds []Feed
	// Running is the shorter period that runs now, nil if none does: a round of which it holds nothing yet is still to come. It may be one of the feeds too.
	Running *Stage
	// Replay: the whole time is run again, as when the year that ended is taken for the one that begins. Otherwise what was found stays found, and only what is still to come can be moved.
	Replay bool
}

// Setting is another value of a fact in one stage: the main one is 0, Feeds[i] is i+1.
type Setting struct {
	Stage int
	Fact  string
	Value Value
}

// Lever is something that can be done, in steps of the same declared effort.
type Lever struct {
	// ID names it; two levers must not move the same fact.
	ID string
	// Effort is that of one step, at least 1.
	Effort int
	// Steps are what the facts are after one step, two steps and so on; at least one.
	Steps [][]Setting
}

// Plan is what to do to come to a level.
type Plan struct {
	// Steps are how many steps of each lever to take, in the order of the levers.
	Steps []int
	// Effort is their sum, Result what comes of it.
	Effort int
	Result Result
	// Least: no combination of less effort comes to the level. It is false if the search was given up after MaxPlans before that was known; then a cheaper combination may exist, but none below AtLeast.
	Least   bool
	AtLeast int
	// Trials is how many combinations were rated.
	Trials int
}

// Outlook is what can be reached.
type Outlook struct {
	// Now is the result as it stands.
	Now Result
	// Level is the next one, 0 if there is none above; Plan leads to it, nil if nothing that can be done does.
	Level int
	Plan  *Plan
	// Best is what all levers together come to.
	Best Result
}

// MaxPlans is how many combinations are rated at most before a search is given up: some tenths of a second of one core for the schemes that we ship.
const MaxPlans = 4000

// Rate rates the course as it stands, with some facts set otherwise. It returns Invalid for a value that a scheme does not allow.
func (c *Course) Rate(with ...Setting) (Result, error) {
	stages := c.stages()
	for _, set := range with {
		sub := &stages[set.Stage].Subject
		sub.Values = slices.Clone(sub.Values)
		if err := sub.Set(set.Fact, set.Value); err != nil {
			return Result{}, err
		}
	}
	return c.rate(stages, nil), nil
}

// Take makes some settings part of how the course stands. The values must be allowed.
func (c *Course) Take(with ...Setting) {
	for _, set := range with {
		stage := &c.Stage
		if set.Stage > 0 {
			stage = &c.Feeds[set.Stage-1].Stage
		}
		stage.Subject.Values = slices.Clone(stage.Subject.Values)
		stage.Subject.Values[stage.Scheme.program.factIndex[set.Fact]] = set.Value
	}
}

// stages are copies of the main stage and of the feeds.
func (c *Course) stages() []Stage {
	out := make([]Stage, 1, 1+len(c.Feeds))
	out[0] = c.Stage
	for i := range c.Feeds {
		out = append(out, c.Feeds[i].Stage)
	}
	return out
}

// rate rates the feeds and then the main stage, each by its own scheme or by those of instead.
func (c *Course) rate(stages []Stage, instead []*Scheme) Result {
	by := func(stage int) *Scheme {
		if instead != nil {
			return instead[stage]
		}
		return stages[stage].Scheme
	}
	main := &stages[0]
	history := main.History
	if len(c.Feeds) > 0 {
		history = maps.Clone(history)
		if history == nil {
			history = History{}
		}
		for i := range c.Feeds {
			r := stages[i+1].rate(by(i+1), stages[i+1].History)
			history[c.Feeds[i].ID] = r.past("")
		}
	}
	return main.rate(by(0), history)
}

func (s *Stage) rate(by *Scheme, history History) Result {
	sub := s.Subject
	sub.scheme = by
	return evaluate(by, s.Cohort, sub, history, nil)
}

// levelAbove returns the level above that of a result, or false if no grade stands above it. A result that is not rated, or has a grade without a level, stands below all.
func (s *Scheme) levelAbove(r *Result) (int, bool) {
	above, found := 0, false
	for _, g := range s.Grades.List {
		if g.Level == nil || r.Status == StatusRated && r.Level != nil && *g.Level <= *r.Level {
			continue
		}
		if !found || *g.Level < above {
			above, found = *g.Level, true
		}
	}
	return above, found
}

func (r *Result) reaches(level int) bool {
	return r.Status == StatusRated && r.Level != nil && *r.Level >= level
}

// Outlook finds the least effort to the next level above the one that the course has now. It is pure and deterministic: of combinations of the same effort that reach it, the one with fewer levers
// stands, then the higher total, then the one that takes the earlier levers. The schemes' guarantee that better facts lower no grade is taken as given. The levers must set values that the schemes allow.
//
// The cost: combinations are tried in the order of their effort. Where the rules between the levers and the total are sums, choices of a sheet and averages of earlier results, a bound on what the rest
// of the effort can still bring leaves most of them out (see bound); elsewhere each is rated. MaxPlans ends it.
func (c *Course) Outlook(levers []Lever) Outlook {
	s := newSearch(c, levers)
	out := Outlook{Now: s.kept(make([]int, len(levers))), Best: s.kept(s.all())}
	level, above := c.Scheme.levelAbove(&out.Now)
	if !above {
		return out
	}
	if out.Level = level; out.Best.reaches(level) {
		out.Plan = s.least(level)
	}
	return out
}

// search looks for the least effort.
type search struct {
	c      *Course
	levers []Lever
	stages []Stage
	base   [][]Value // the values of each stage as they stand
	trials int

	steps []int // of the combination being built
	level int
	bound *bound
	best  *Plan
	fewer int // levers that best takes
}

func newSearch(c *Course, levers []Lever) *search {
	s := &search{c: c, levers: levers, stages: c.stages(), steps: make([]int, len(levers))}
	for i := range s.stages {
		s.base = append(s.base, s.stages[i].Subject.Values)
		s.stages[i].Subject.Values = slices.Clone(s.base[i])
	}
	return s
}

// all takes every step.
func (s *search) all() []int {
	steps := make([]int, len(s.levers))
	for i := range s.levers {
		steps[i] = len(s.levers[i].Steps)
	}
	return steps
}

// at rates a combination; the result is good until the next one.
func (s *search) at(steps []int) Result { return s.by(steps, nil) }

// by is at with other schemes, by stage.
func (s *search) by(steps []int, schemes []*Scheme) Result {
	s.trials++
	for i := range s.stages {
		copy(s.stages[i].Subject.Values, s.base[i])
	}
	for i, n := range steps {
		if n == 0 {
			continue
		}
		for _, set := range s.levers[i].Steps[n-1] {
			stage := &s.stages[set.Stage]
			stage.Subject.Values[stage.Scheme.program.factIndex[set.Fact]] = set.Value
		}
	}
	return s.c.rate(s.stages, schemes)
}

// kept is at with a result that stays when others are rated: a result shares the values of its subject.
func (s *search) kept(steps []int) Result {
	for i := range s.stages {
		s.stages[i].Subject.Values = make([]Value, len(s.base[i]))
	}
	return s.at(steps)
}

func (s *search) effort(steps []int) int {
	sum := 0
	for i, n := range steps {
		sum += n * s.levers[i].Effort
	}
	return sum
}

// least finds the plan; everything together reaches the level.
func (s *search) least(level int) *Plan {
	s.level = level
	most := s.effort(s.all())
	s.bound = newBound(s, level, most)
	s.trials = 0
	effort := 1
	for ; effort <= most && s.best == nil && s.trials < MaxPlans; effort++ {
		s.fill(0, effort, num.Num{}, false)
	}
	if s.trials >= MaxPlans { // what was found of the last effort may not be the best of it, and what the bound promises most of is tried instead
		plan := s.trim()
		if s.best != nil {
			plan = s.best
		} else if found := s.promising(effort-1, plan.Effort); found != nil {
			plan = found
		}
		plan.AtLeast, plan.Trials, plan.Least = effort-1, s.trials, plan.Effort < effort
		return plan
	}
	s.best.Least, s.best.AtLeast, s.best.Trials = true, s.best.Effort, s.trials
	return s.best
}

// promising tries, effort by effort and below a limit, the combination of which the bound says most; nil if none of them reaches the level.
func (s *search) promising(from, below int) *Plan {
	if s.bound.none {
		return nil
	}
	for effort := from; effort < below; effort++ {
		steps := s.bound.richest(s.levers, effort)
		if r := s.at(steps); r.reaches(s.level) {
			return &Plan{Steps: steps, Effort: s.effort(steps), Result: s.kept(steps)}
		}
	}
	return nil
}

// fill tries every combination that takes exactly the effort that is left with the levers from one on; gained is what the bound says of those before, free that one of them has no bound.
func (s *search) fill(from, left int, gained num.Num, free bool) {
	if s.trials >= MaxPlans || !s.bound.mayReach(from, left, gained, free) {
		return
	}
	if left == 0 {
		s.try()
		return
	}
	if from == len(s.levers) {
		return
	}
	l := &s.levers[from]
	for n := min(len(l.Steps), left/l.Effort); n >= 0; n-- {
		s.steps[from] = n
		s.fill(from+1, left-n*l.Effort, gained.Add(s.bound.gain(from, n)), free || n > 0 && s.bound.free(from))
	}
	s.steps[from] = 0
}

// try rates the combination and keeps it if it is the best so far of its effort.
func (s *search) try() {
	r := s.at(s.steps)
	if !r.reaches(s.level) {
		return
	}
	levers := 0
	for _, n := range s.steps {
		if n > 0 {
			levers++
		}
	}
	if s.best != nil && (levers > s.fewer || levers == s.fewer && !s.best.Result.Total.Points.Less(r.Total.Points)) {
		return
	}
	s.best, s.fewer = &Plan{Steps: slices.Clone(s.steps), Effort: s.effort(s.steps), Result: s.kept(s.steps)}, levers
}

// trim takes steps away from everything, the dearest levers first, as long as the level is kept: a plan of which nothing can be left out.
func (s *search) trim() *Plan {
	steps := s.all()
	order := make([]int, len(s.levers))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return s.levers[b].Effort - s.levers[a].Effort })
	for _, i := range order {
		for steps[i] > 0 {
			steps[i]--
			if r := s.at(steps); !r.reaches(s.level) {
				steps[i]++
				break
			}
		}
	}
	return &Plan{Steps: steps, Effort: s.effort(steps), Result: s.kept(steps), Trials: s.trials}
}
