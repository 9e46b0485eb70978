package rating

import (
	"fmt"
	"maps"
	"slices"

	"redsteward/internal/num"
)

// Finding is what is known about a guarantee.
type Finding string

// The findings.
const (
	// FindingProved: it holds for every subject, by enumeration, by intervals, or by a subject that shows it.
	FindingProved Finding = "proved"
	// FindingNotRefuted: no counterexample came up in the trials; it may exist.
	FindingNotRefuted Finding = "not_refuted"
	// FindingRefuted: there is a counterexample, or the intervals rule it out.
	FindingRefuted Finding = "refuted"
	// FindingNotApplicable: the scheme makes no such promise; Why says what is missing.
	FindingNotApplicable Finding = "not_applicable"
)

// The guarantees, by the values of Verdict.Guarantee.
const (
	GuaranteeMonotone  = "monotone"        // About a fact: when it gets better, neither total nor grade falls.
	GuaranteePoints    = "points_range"    // About an indicator: its points stay between its declared minimum and maximum.
	GuaranteeTotal     = "total_range"     // The total stays within its declared range.
	GuaranteeMaximum   = "maximum_reached" // Some subject reaches the full total.
	GuaranteeGrade     = "grade_reached"   // About a grade: some subject reaches it, over several periods if need be.
	GuaranteeBonus     = "bonus_cut"       // About a bonus: it never carries a total across a declared cut.
	GuaranteeGate      = "gate"            // About a deduction, cap or void: it never raises total or grade.
	GuaranteeRounding  = "rounding"        // Advice: rounding on the way never lifts a grade.
	GuaranteeWeights   = "weights"         // About a part: the members' full marks make up the declared maximum.
	GuaranteeVoice     = "voice"           // About a voice, advice: its share lies in its declared band.
	GuaranteeNA        = "na_neutral"      // About an indicator: if it does not apply, full marks elsewhere are full marks.
	GuaranteePromotion = "promotion"       // A grade never rises by more than the declared levels at once.

	GuaranteeEverywhere = "better_everywhere" // Better in every fact is never a lower total or grade.
	GuaranteeInfluence  = "influence"         // About an indicator: its facts move the total by no more than its declared share.
	GuaranteeAlive      = "alive"             // About an indicator: it makes a difference to somebody; its weight is not dead.
	GuaranteeOrder      = "order"             // The order in which records were entered changes nothing.
)

// Verdict is what is known about one guarantee.
type Verdict struct {
	// Guarantee is one of the constants above; About is the id of what it is about, empty for the whole scheme.
	Guarantee, About string
	// Title says in Chinese what is guaranteed.
	Title string
	// Finding says whether it holds.
	Finding Finding
	// Advice marks what a scheme may do otherwise with good reason: refuted is then a hint and no defect.
	Advice bool
	// Why says in Chinese how it is known, or what stands in the way of a proof; the trials themselves are in Trials.
	Why string
	// Trials is how many trials were made.
	Trials int
	// Example is the counterexample of what is refuted, or the subject that shows what is reached. Nil if intervals or sums decided.
	Example *Example
}

// Example is a subject for which Evaluate shows what the verdict says.
type Example struct {
	// Subject is rated with History and Cohort. Other is nil, or the same subject after Changes.
	Subject Subject
	Other   *Subject
	History History
	Cohort  *Cohort
	// Without is set if the scheme was also evaluated without something that Before leaves out.
	Without bool
	// Periods is after how many periods with the same facts it shows, each following the results of the ones before. 1 is at once.
	Periods int
	// Changes are the facts that differ between Subject and Other.
	Changes []Change
	// Before and After tell total and grade in Chinese; After is empty if there is nothing to compare.
	Before, After string
}

// Change is one fact that was changed.
type Change struct{ Fact, Name, Before, After string }

// Guarantees gives a verdict on every guarantee that the scheme could make, in a fixed order. What cannot be proved is tried trials times, with
// random numbers from seed: the same seed gives the same verdicts. Monotonicity is for one subject with the cohort fixed, reachability over
// consecutive periods.
func Guarantees(s *Scheme, seed uint64, trials int) []Verdict {
	l := &linter{s: s, p: s.program, seed: seed, trials: max(trials, 1), plain: s.program.trace(-1)}
	l.drawer = newDrawer(s, seed)
	l.rate = l.evaluate
	if cohort, err := l.drawer.cohort(); err == nil {
		l.cohort = cohort
	}
	l.explore()
	for i := range s.Facts {
		if s.Facts[i].Better != "" {
			l.monotone(i)
		}
	}
	l.everywhere()
	for i := range l.p.indicators {
		l.influence(i)
	}
	for i := range l.p.indicators {
		l.alive(i)
	}
	l.order()
	for i := range l.p.indicators {
		l.pointsRange(i)
	}
	l.totalRange()
	l.maximum()
	for i := range s.Grades.List {
		l.gradeReached(i)
	}
	for i := range l.p.adjust {
		l.bonus(i)
	}
	for i := range l.p.adjust {
		l.gate(i)
	}
	l.rounding()
	for i := range l.p.parts {
		l.weights(i)
	}
	l.voices()
	for i := range l.p.indicators {
		l.notApplicable(i)
	}
	l.promotion()
	return l.verdicts
}

// linter gathers the verdicts on one scheme.
type linter struct {
	s        *Scheme
	p        *program
	seed     uint64
	trials   int
	drawer   *drawer
	cohort   *Cohort
	plain    *tracer // spans, with nothing moving
	verdicts []Verdict
	rate     func(situation) Result // evaluate, unless a test looks whether a check finds what it looks for

	seen     []*Example // by grade: a subject that got it
	best     situation  // the highest total that was found
	bestRun  Result
	worst    situation // the lowest, without losing the grade if possible
	worstRun Result
	starts   []situation // on the way from the best to the worst, and close to the cuts
}

// situation is what is rated: a subject and its earlier results.
type situation struct {
	sub  Subject
	past History
}

// with is the situation with another value of one fact.
func (s situation) with(fact int, v Value) situation {
	s.sub.Values = slices.Clone(s.sub.Values)
	s.sub.Values[fact] = v
	return s
}

// withPast is the situation with another earlier result.
func (s situation) withPast(id string, p Past) situation {
	s.past = maps.Clone(s.past)
	s.past[id] = p
	return s
}

func (l *linter) add(v Verdict) { l.verdicts = append(l.verdicts, v) }

func (l *linter) evaluate(s situation) Result { return Evaluate(l.s, l.cohort, s.sub, s.past) }

// standing orders results: void, ineligible, blocked, rated; the same by level. Grades without a level stand below the others.
func standing(r *Result) (class, level int) {
	class = map[string]int{StatusVoid: 0, StatusIneligible: 1, StatusBlocked: 2, StatusRated: 3}[r.Status]
	if r.Level == nil {
		return class, -1 << 31
	}
	return class, *r.Level
}

func lowerStanding(a, b *Result) bool {
	classA, levelA := standing(a)
	classB, levelB := standing(b)
	return classA < classB || classA == classB && levelA < levelB
}

// pointsRange: points are held between min and max before they are rounded, so that only rounding and fixed points can leave the range.
func (l *linter) pointsRange(i int) {
	ind := &l.p.indicators[i]
	v := Verdict{Guarantee: GuaranteePoints, About: ind.decl.ID, Title: fmt.Sprintf("“%s”的得分总在 %s 到 %s 之间", ind.decl.Name, ind.min, ind.max)}
	if s := l.plain.nodes[i].points; s.inside(ind.min, ind.max) {
		v.Finding, v.Why = FindingProved, "规则的得分先限制在这个范围内，修约和固定分值也没有超出（按区间推出）"
		l.add(v)
		return
	}
	outside := func(r *Result) bool {
		line := r.Line(ind.decl.ID)
		return line != nil && line.Counted && (line.Points.Less(ind.min) || ind.max.Less(line.Points))
	}
	l.search(&v, outside, "得分修约后或按固定分值超出了范围", "修约或固定分值可能超出范围，按区间推不出")
}

// search looks for a subject whose result is what the guarantee excludes, among the ones already found and drawn ones. why says what is wrong if
// there is one, unproved what stands in the way of a proof if there is none.
func (l *linter) search(v *Verdict, excluded func(r *Result) bool, why, unproved string) {
	d := newDrawer(l.s, l.seed^hashText(v.Guarantee+v.About))
	for i := range l.trials + len(l.starts) {
		at := l.situation(d, i)
		if r := l.evaluate(at); excluded(&r) {
			v.Finding, v.Why, v.Trials = FindingRefuted, why, i+1
			v.Example = l.example(at, &r)
			l.add(*v)
			return
		}
	}
	v.Finding, v.Trials, v.Why = FindingNotRefuted, l.trials, unproved
	l.add(*v)
}

// situation is the next of the starts, and after these a drawn one.
func (l *linter) situation(d *drawer, i int) situation {
	if i < len(l.starts) {
		return l.starts[i]
	}
	return situation{d.subject("trial", []int{0, 25, 6}[i%3]), d.past(6)}
}

// example tells a situation and its result.
func (l *linter) example(at situation, r *Result) *Example {
	return &Example{Subject: at.sub, History: at.past, Cohort: l.cohort, Periods: 1, Before: tellResult(r)}
}

// hashText mixes a name into a seed (FNV-1a), so that every guarantee has its own random numbers.
func hashText(text string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	return h
}

func (l *linter) totalRange() {
	total := &l.p.parts[len(l.p.parts)-1]
	low, high := num.Num{}, total.max
	if total.agg.Least != nil {
		low = *total.agg.Least
	}
	if total.agg.Most != nil {
		high = *total.agg.Most
	}
	v := Verdict{Guarantee: GuaranteeTotal, Title: fmt.Sprintf("总分总在 %s 到 %s 之间", low, high)}
	if l.plain.total.inside(low, high) {
		v.Finding, v.Why = FindingProved, "各指标、部分和调整步骤的取值范围相加后不会超出（按区间推出）"
		l.add(v)
		return
	}
	l.search(&v, func(r *Result) bool {
		return r.Total.Counted && (r.Total.Points.Less(low) || high.Less(r.Total.Points))
	}, "总分超出了声明的范围；加分之后要封顶的，请加一步 cap", "各部分和调整步骤的取值范围相加后可能超出，按区间推不出")
}

// weights: what the members of a sum can bring must be what the part promises.
func (l *linter) weights(i int) {
	part := &l.p.parts[i]
	if part.method != MethodSum || part.agg.Max == nil && part.id != "total" {
		return
	}
	sum := num.Num{}
	for _, c := range part.children {
		sum = sum.Add(c.weight.Mul(l.p.fullOf(c.node)))
	}
	v := Verdict{Guarantee: GuaranteeWeights, About: part.id, Title: fmt.Sprintf("“%s”各成员的满分之和等于声明的满分 %s", l.partName(part.id), part.max)}
	switch {
	case part.agg.Max == nil:
		v.Finding, v.Why = FindingProved, "满分没有另行声明，就是各成员满分之和 "+sum.String()
	case sum.Equal(part.max):
		v.Finding, v.Why = FindingProved, "各成员满分之和为 "+sum.String()
	default:
		v.Finding, v.Why = FindingRefuted, fmt.Sprintf("各成员满分之和为 %s，会按比例折算成 %s", sum, part.max)
	}
	l.add(v)
}

func (l *linter) partName(id string) string {
	for i := range l.s.Parts {
		if l.s.Parts[i].ID == id {
			return l.s.Parts[i].Name
		}
	}
	return "总分"
}

// promotion holds unless even the lowest grade lies above what the limit allows, because then the grade stays as it is.
func (l *linter) promotion() {
	limit := l.s.Promotion
	if limit == nil {
		return
	}
	v := Verdict{Guarantee: GuaranteePromotion, Title: fmt.Sprintf("等级每期最多升 %d 级", limit.Up)}
	lowest, any := 0, false
	for _, g := range l.s.Grades.List {
		if g.Level != nil && (!any || *g.Level < lowest) {
			lowest, any = *g.Level, true
		}
	}
	if limit.Up >= 0 && (limit.First == nil || lowest <= *limit.First) {
		v.Finding, v.Why = FindingProved, fmt.Sprintf("最低一级是 %d 级，总有不超过限制的等级可给", lowest)
	} else {
		v.Finding, v.Why = FindingRefuted, fmt.Sprintf("最低一级是 %d 级，已经高于首次允许的等级，限制不起作用", lowest)
	}
	l.add(v)
}
