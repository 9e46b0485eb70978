package rating

import (
	"fmt"
	"slices"

	"redsteward/internal/num"
)

// monotone: a fact that gets better, with everything else as it is, lowers neither total nor grade.
func (l *linter) monotone(fact int) {
	f := &l.s.Facts[fact]
	v := Verdict{Guarantee: GuaranteeMonotone, About: f.ID, Title: fmt.Sprintf("“%s”变好，总分和等级不会降低", f.Name)}
	t := l.p.trace(fact)
	grade, why := t.grade()
	switch {
	case t.total.trend > rises || t.total.moves:
		why = l.totalUnclear(fact)
	case grade > rises:
		if why == "" {
			why = "从规则推不出等级的方向"
		}
	case t.moved:
		why = "有的数值会因此变得缺失或不再缺失"
	default:
		v.Finding = FindingProved
		v.Why = "从事实到总分和等级，每一步都只升不降（按规则和区间逐步推出）"
		if t.total.trend == still && grade == still {
			v.Why = "总分和等级不受它影响"
		}
		l.add(v)
		return
	}
	d := newDrawer(l.s, l.seed^hashText(v.Guarantee+v.About))
	tried := 0
	try := func(at situation, worse, better Value) bool {
		tried++
		e, bad := l.lowers(at, fact, worse, better)
		if !bad {
			return false
		}
		e = l.simplify(e, fact, worse, better)
		v.Finding, v.Example, v.Trials = FindingRefuted, e, tried
		v.Why = fmt.Sprintf("“%s”由 %s 变为 %s，结果反而降低：%s → %s", f.Name, e.Changes[0].Before, e.Changes[0].After, e.Before, e.After)
		l.add(v)
		return true
	}
	sweep := d.sweep(fact)
	for _, at := range []situation{l.best, l.starts[len(l.starts)/3], l.starts[2*len(l.starts)/3]} {
		for i := 1; i < len(sweep); i++ {
			if try(at, sweep[i-1], sweep[i]) {
				return
			}
		}
	}
	for i := range l.trials {
		at := situation{d.subject("trial", []int{0, 25, 6}[i%3]), d.past(6)}
		if i%4 == 1 { // near the grades, where a step shows
			at = l.starts[d.rng.IntN(len(l.starts))]
		}
		if worse, better, ok := d.step(fact, at.sub.Values[fact]); ok && try(at, worse, better) {
			return
		}
	}
	v.Finding, v.Trials, v.Why = FindingNotRefuted, tried, why
	l.add(v)
}

// totalUnclear says in Chinese why nothing is known of how the total answers to a fact. Events that bring their own points have no sign in the scheme.
func (l *linter) totalUnclear(fact int) string {
	f := &l.s.Facts[fact]
	if !slices.ContainsFunc(f.Codes, func(c Code) bool { return c.Points == nil }) {
		return "从规则推不出总分的方向"
	}
	assumed := "加分"
	if f.Better == "lower" {
		assumed = "扣分"
	}
	return fmt.Sprintf("“%s”每条自带分值，方案没有规定正负，所以不能证明；试验只假定每条都是%s", f.Name, assumed)
}

// sweep lists numbers and ratios from the worst to the best in small steps, over everything that rules speak of.
func (d *drawer) sweep(fact int) []Value {
	f, points := &d.s.Facts[fact], d.points[fact]
	low, high := points[0], points[len(points)-1]
	const steps = 40
	var out []Value
	for i := range int64(steps + 1) {
		x := d.hold(fact, low.Add(high.Sub(low).Mul(num.FromFrac(i, steps))))
		v := Number(x)
		switch f.Type {
		case TypeNumber, TypeCount:
		case TypeRatio:
			v = Ratio(x.Mul(num.FromInt(steps)), num.FromInt(steps))
		default:
			return nil
		}
		if n := len(out); n == 0 || !out[n-1].Number.Equal(v.Number) {
			out = append(out, v)
		}
	}
	if f.Better == "lower" {
		slices.Reverse(out)
	}
	return out
}

// lowers evaluates a situation with the worse and the better value.
func (l *linter) lowers(at situation, fact int, worse, better Value) (*Example, bool) {
	a, b := at.with(fact, worse), at.with(fact, better)
	before, after := l.evaluate(a), l.evaluate(b)
	lower := before.Total.Counted && (!after.Total.Counted || after.Total.Points.Less(before.Total.Points)) || lowerStanding(&after, &before)
	if !lower {
		return nil, false
	}
	f := &l.s.Facts[fact]
	e := l.example(a, &before)
	e.Other, e.After = &b.sub, tellResult(&after)
	e.Changes = []Change{{Fact: f.ID, Name: f.Name, Before: f.tell(worse), After: f.tell(better)}}
	return e, true
}

// simplify makes a counterexample plain as far as it stays one.
func (l *linter) simplify(e *Example, fact int, worse, better Value) *Example {
	plain := l.cleaned(situation{e.Subject, e.History}, func(at situation) bool {
		_, still := l.lowers(at, fact, worse, better)
		return still
	})
	e, _ = l.lowers(plain, fact, worse, better)
	return e
}

// cleaned gives the facts of a counterexample their best values as far as it stays one, so that a reader sees what matters, and what stays otherwise of shares whole numbers, of at most all there are.
func (l *linter) cleaned(at situation, still func(situation) bool) situation {
	for i := range at.sub.Values {
		if next := at.with(i, l.best.sub.Values[i]); still(next) {
			at = next
		}
		v := at.sub.Values[i]
		if l.s.Facts[i].Type != TypeRatio || v.State != Present {
			continue
		}
		v.Number = num.Min(v.Number.Round(0, num.HalfUp), v.Den)
		if next := at.with(i, v); still(next) {
			at = next
		}
	}
	return at
}

// step makes a pair of present values of which the second is better and everything else about them is the same.
func (d *drawer) step(fact int, v Value) (worse, better Value, ok bool) {
	f := &d.s.Facts[fact]
	for range 20 {
		if v.State == Present && (f.Type != TypeRatio || !v.Den.IsZero()) {
			break
		}
		v = d.value(fact, 0)
	}
	a, b := v, v
	a.Items, b.Items = slices.Clone(v.Items), slices.Clone(v.Items)
	switch f.Type {
	case TypeNumber, TypeCount:
		a.Number, b.Number = d.pick(fact), d.pick(fact)
		ok = !a.Number.Equal(b.Number)
	case TypeRatio:
		a.Number, b.Number = d.pick(fact).Mul(v.Den), d.pick(fact).Mul(v.Den)
		ok = !a.Number.Equal(b.Number)
	case TypeBool:
		a, b, ok = Bool(false), Bool(true), true
	case TypeDate:
		b.Day += Date(1 + d.rng.IntN(400))
		ok = true
	case TypeChecklist:
		for i := range b.Items {
			if b.Items[i].State == Present && d.rng.IntN(3) == 0 {
				x, y := d.pick(fact), d.pick(fact)
				a.Items[i].Number, b.Items[i].Number = num.Min(x, y), num.Max(x, y)
				ok = ok || !x.Equal(y)
			}
		}
		if f.Better == "lower" {
			a, b = b, a
		}
		return a, b, ok
	case TypeSurvey:
		ok = d.persuade(f, &b)
	case TypeEvents:
		if len(f.Codes) > 0 {
			b.Events = append(slices.Clone(v.Events), d.event(f))
			ok = true
		}
	}
	if (f.Type == TypeNumber || f.Type == TypeCount || f.Type == TypeRatio) && b.Number.Less(a.Number) {
		a, b = b, a
	}
	if f.Better == "lower" {
		a, b = b, a
	}
	return a, b, ok
}

// persuade moves some answers of a survey to a level of greater worth.
func (d *drawer) persuade(f *Fact, v *Value) bool {
	for range 10 {
		from, to := d.rng.IntN(len(f.Levels)), d.rng.IntN(len(f.Levels))
		n, whole := v.Items[from].Number.Int64()
		if !f.Levels[from].Worth.Less(f.Levels[to].Worth) || !whole || n <= 0 || v.Items[to].State != Present {
			continue
		}
		k := num.FromInt(1 + d.rng.Int64N(n))
		v.Items[from].Number, v.Items[to].Number = v.Items[from].Number.Sub(k), v.Items[to].Number.Add(k)
		return true
	}
	return false
}

// without is the scheme with another list of adjustments or other roundings; only for comparisons here.
func (s *Scheme) without(change func(p *program)) *Scheme {
	scheme, p := *s, *s.program
	scheme.program, p.scheme = &p, &scheme
	p.indicators, p.parts, p.adjust = slices.Clone(p.indicators), slices.Clone(p.parts), slices.Clone(p.adjust)
	change(&p)
	return &scheme
}

// drop leaves one adjustment out.
func (p *program) drop(adjust int) { p.adjust = slices.Delete(p.adjust, adjust, adjust+1) }

// deciding lists the facts that an adjustment reads.
func (a *adjustProgram) deciding() []int {
	var facts []int
	note := func(i int) { facts = append(facts, i) }
	a.when.facts(note)
	a.points.facts(note)
	if a.fact >= 0 {
		note(a.fact)
	}
	return facts
}

// applied returns the line of an adjustment that was applied, or nil.
func (r *Result) applied(id string) *AdjustLine {
	for i := range r.Adjust {
		if r.Adjust[i].ID == id && r.Adjust[i].Applied {
			return &r.Adjust[i]
		}
	}
	return nil
}

// compare tries whether the scheme and one without something differ in a way that is excluded.
// Facts that decide whether it is applied are mostly given their best or worst values, so that it is.
func (l *linter) compare(v *Verdict, other *Scheme, deciding []int, counts func(with *Result) bool, excluded func(with, without *Result) bool, why, unproved string) {
	d := newDrawer(l.s, l.seed^hashText(v.Guarantee+v.About))
	tried := 0
	for i := range l.trials + len(l.starts) {
		at := l.situation(d, i)
		if i >= len(l.starts) {
			for _, fact := range deciding {
				switch i % 4 {
				case 0, 1:
					at = at.with(fact, l.best.sub.Values[fact])
				case 2:
					at = at.with(fact, l.worst.sub.Values[fact])
				}
			}
		}
		with := l.evaluate(at)
		if !counts(&with) {
			continue
		}
		tried++
		bare := func(at situation) Result {
			same := at.sub
			same.scheme = other
			return Evaluate(other, l.cohort, same, at.past)
		}
		without := bare(at)
		if excluded(&with, &without) {
			at = l.cleaned(at, func(at situation) bool {
				with, without := l.evaluate(at), bare(at)
				return counts(&with) && excluded(&with, &without)
			})
			with, without = l.evaluate(at), bare(at)
			v.Finding, v.Trials = FindingRefuted, tried
			v.Why = fmt.Sprintf("%s：%s → %s", why, tellResult(&without), tellResult(&with))
			v.Example = l.example(at, &without)
			v.Example.Without, v.Example.After = true, tellResult(&with)
			l.add(*v)
			return
		}
	}
	v.Finding, v.Trials = FindingNotRefuted, tried
	v.Why = unproved
	l.add(*v)
}

// bonus: a total below a cut stays below it, whatever the bonus adds. Where the rest of the way lifts it across without the bonus too, the bonus
// is not to blame.
func (l *linter) bonus(i int) {
	a := &l.p.adjust[i]
	if a.decl.Kind != AdjustBonus {
		return
	}
	v := Verdict{Guarantee: GuaranteeBonus, About: a.decl.ID, Title: fmt.Sprintf("“%s”不会使总分跨过声明的分数线", a.decl.Name)}
	if len(a.decl.NotAcross) == 0 {
		v.Finding, v.Why = FindingNotApplicable, "没有声明不得跨过的分数线（not_across）"
		l.add(v)
		return
	}
	if l.staysBelow(i) {
		v.Finding, v.Why = FindingProved, "加分最多停在分数线以下，后面的步骤也不会再跨过（逐步推出）"
		l.add(v)
		return
	}
	other := l.s.without(func(p *program) { p.drop(i) })
	l.compare(&v, other, a.deciding(), func(with *Result) bool { return with.applied(a.decl.ID) != nil }, func(with, without *Result) bool {
		line := with.applied(a.decl.ID)
		for _, b := range a.decl.NotAcross {
			if line.Before.Less(b.Cut) && !with.Total.Points.Less(b.Cut) && without.Total.Points.Less(b.Cut) {
				return true
			}
		}
		return false
	}, "加分前低于分数线，最后不低于分数线", "后面的步骤可能再次抬高")
}

// staysBelow follows the highest total that the bonus can leave below each cut through the steps that come after.
func (l *linter) staysBelow(bonus int) bool {
	if l.p.traceTotal(bonus).total.trend > rises {
		return false
	}
	for _, b := range l.p.adjust[bonus].decl.NotAcross {
		x := b.StopAt
		for _, a := range l.p.adjust[bonus+1:] {
			switch a.decl.Kind {
			case AdjustBonus:
				same := func(c Barrier) bool { return c.Cut.Equal(b.Cut) && c.StopAt.Less(c.Cut) }
				at := slices.IndexFunc(a.decl.NotAcross, same)
				if at < 0 {
					return false
				}
				x = num.Max(x, a.decl.NotAcross[at].StopAt)
			case AdjustFloor:
				x = num.Max(x, *a.decl.At)
			case AdjustRound:
				x = num.Max(x, a.decl.Round.round(x)) // it may not be applied
			}
			if !x.Less(b.Cut) {
				return false
			}
		}
		if !x.Less(b.Cut) {
			return false
		}
	}
	return true
}

// gate: what takes away never gives.
func (l *linter) gate(i int) {
	a := &l.p.adjust[i]
	switch a.decl.Kind {
	case AdjustDeduction, AdjustCap, AdjustCapGrade, AdjustVoid:
	default:
		return
	}
	v := Verdict{Guarantee: GuaranteeGate, About: a.decl.ID, Title: fmt.Sprintf("“%s”不会使总分或等级升高", a.decl.Name)}
	unclear := l.mayLift(i)
	if unclear == "" {
		v.Finding, v.Why = FindingProved, "它只会降低，后面的每一步也不会因此升高（逐步推出）"
		l.add(v)
		return
	}
	other := l.s.without(func(p *program) { p.drop(i) })
	l.compare(&v, other, a.deciding(), func(with *Result) bool { return with.applied(a.decl.ID) != nil }, func(with, without *Result) bool {
		if with.Total.Counted && without.Total.Counted && without.Total.Points.Less(with.Total.Points) {
			return true
		}
		return with.Level != nil && without.Level != nil && *without.Level < *with.Level
	}, "有这一步反而更高", unclear)
}

// mayLift says in Chinese why it is not known that an adjustment, with all that follows it, only lowers; empty if it is known.
func (l *linter) mayLift(i int) string {
	a := &l.p.adjust[i]
	switch a.decl.Kind {
	case AdjustVoid:
		if a.grade >= 0 {
			if level := l.s.Grades.List[a.grade].Level; level != nil {
				for _, g := range l.s.Grades.List {
					if g.Level != nil && *g.Level < *level {
						return "它给的等级不是最低的一级"
					}
				}
			}
		}
		return ""
	case AdjustCapGrade:
		return "" // the steps on grades that follow depend on the grade only through its order
	}
	t := l.p.traceTotal(i)
	grade, why := t.grade()
	switch {
	case t.total.trend > rises:
		return "从规则推不出后面的步骤的方向"
	case t.moved:
		return "有的数值会因此变得缺失或不再缺失"
	case grade <= rises:
		return ""
	case why == "":
		return "从规则推不出等级的方向"
	}
	return why
}

// rounding compares with a scheme that rounds only at the end.
func (l *linter) rounding() {
	v := Verdict{Guarantee: GuaranteeRounding, Title: "中间的修约不会把等级抬过分数线", Advice: true}
	if len(l.s.Grades.List) == 0 {
		v.Finding, v.Why = FindingNotApplicable, "没有等级"
		l.add(v)
		return
	}
	final, early := l.p.finalRounding()
	if !early {
		v.Finding, v.Why = FindingProved, "只修约一次，中间不修约"
		l.add(v)
		return
	}
	other := l.s.without(func(p *program) {
		for i := range p.indicators {
			p.indicators[i].round = nil
		}
		for i := range p.parts {
			p.parts[i].round = nil
		}
		p.parts[len(p.parts)-1].round = final
	})
	always := func(*Result) bool { return true }
	l.compare(&v, other, nil, always, func(with, without *Result) bool { return lowerStanding(without, with) }, "中间修约抬高了等级（按只在最后修约比较）", "修约的误差会累积")
}

// finalRounding is the one rounding that is left if all are made at the end: the last one of the total, or the coarsest of the others. early tells
// whether anything is rounded before it.
func (p *program) finalRounding() (final Rounding, early bool) {
	last := len(p.parts) - 1
	if n := len(p.parts[last].round); n > 0 {
		final, early = p.parts[last].round[n-1:], n > 1
	}
	look := func(r Rounding) {
		if len(r) == 0 {
			return
		}
		early = true
		if step := r[len(r)-1:]; len(p.parts[last].round) == 0 && (final == nil || step[0].Places < final[0].Places) {
			final = step
		}
	}
	for i := range p.indicators {
		look(p.indicators[i].round)
	}
	for i := range p.parts[:last] {
		look(p.parts[i].round)
	}
	return final, early
}

// closeIn walks from drawn subjects to the best one and, where the grade changes, halves the way and keeps what lies closest to the cut, where
// rounding can decide.
func (l *linter) closeIn() {
	d := newDrawer(l.s, l.seed^hashText("close"))
	for range min(l.trials/10+1, 20) {
		at := situation{d.subject("trial", 0), l.best.past}
		grade := l.evaluate(at).Grade
		for _, i := range d.rng.Perm(len(at.sub.Values)) {
			next := at.with(i, l.best.sub.Values[i])
			if r := l.evaluate(next); r.Grade != grade {
				l.halve(i, at, next.sub.Values[i], grade)
				grade = r.Grade
			}
			at = next
		}
	}
}

// halve looks between two values of one fact, of which the first gives the grade.
func (l *linter) halve(fact int, at situation, to Value, grade string) {
	from := at.sub.Values[fact]
	for range 10 {
		v, ok := l.drawer.blend(fact, from, to, num.FromFrac(1, 2))
		if !ok {
			return
		}
		middle := at.with(fact, v)
		l.starts = append(l.starts, middle)
		if r := l.evaluate(middle); r.Grade == grade {
			from = v
		} else {
			to = v
		}
	}
}
