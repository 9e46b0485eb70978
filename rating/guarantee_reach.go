package rating

import (
	"fmt"
	"slices"

	"redsteward/internal/num"
)

// maxPeriods bounds how many consecutive periods are looked at; a limit of one level a period needs as many as there are levels.
const maxPeriods = 12

// explore looks for the highest and the lowest total by improving one thing after the other, and for a subject of every grade.
func (l *linter) explore() {
	l.seen = make([]*Example, len(l.s.Grades.List))
	d := newDrawer(l.s, l.seed^hashText("explore"))
	for i := range 2 {
		past := l.unlimited(d.past(0))
		top, topRun := l.climb(d, situation{d.subject("best", 0), past}, 1)
		bottom, bottomRun := l.climb(d, situation{d.subject("worst", 0), past}, -1)
		if i == 0 || l.bestRun.Total.Points.Less(topRun.Total.Points) {
			l.best, l.bestRun = top, topRun
		}
		if i == 0 || bottomRun.Total.Points.Less(l.worstRun.Total.Points) {
			l.worst, l.worstRun = bottom, bottomRun
		}
	}
	l.starts = append(l.starts, l.best, l.worst)
	for range 4 { // from the best to the worst in small steps, through all grades
		at := l.best
		facts := len(at.sub.Values)
		for _, i := range d.rng.Perm(facts + len(l.s.History)) {
			if i >= facts {
				id := l.s.History[i-facts].ID
				at = at.withPast(id, l.worst.past[id])
				l.starts = append(l.starts, at)
				continue
			}
			for _, v := range d.between(i, l.best.sub.Values[i], l.worst.sub.Values[i]) {
				at = at.with(i, v)
				l.starts = append(l.starts, at)
			}
		}
	}
	for _, at := range l.starts {
		l.note(at)
	}
	l.closeIn()
	for i := range l.trials {
		if !slices.Contains(l.seen, nil) {
			break
		}
		l.note(situation{d.subject("trial", []int{0, 25, 4}[i%3]), d.past(5)})
	}
}

// unlimited gives the earlier result that promotion looks at the highest grade, so that the limit hides nothing.
func (l *linter) unlimited(past History) History {
	if l.s.Promotion == nil {
		return past
	}
	p := past[l.s.Promotion.From]
	p.Level = nil
	for _, g := range l.s.Grades.List {
		if g.Level != nil && (p.Level == nil || *p.Level < *g.Level) {
			p.Grade, p.Level = g.ID, g.Level
		}
	}
	past[l.s.Promotion.From] = p
	return past
}

// between lists values on the way from one to another, with the other at the end.
func (d *drawer) between(fact int, from, to Value) []Value {
	var out []Value
	switch d.s.Facts[fact].Type {
	case TypeNumber, TypeCount, TypeRatio:
		if v, ok := d.blend(fact, from, to, num.FromFrac(1, 2)); ok {
			out = append(out, v)
		}
	case TypeChecklist:
		if len(from.Items) != len(to.Items) {
			break
		}
		v := from
		for _, i := range d.rng.Perm(len(to.Items))[:max(len(to.Items)-1, 0)] {
			v.Items = slices.Clone(v.Items)
			v.Items[i] = to.Items[i]
			out = append(out, v)
		}
	}
	return append(out, to)
}

// blend is the value that lies at a share of the way between two numbers or ratios, in ten-thousandths of a ratio.
func (d *drawer) blend(fact int, from, to Value, share num.Num) (Value, bool) {
	if from.State != Present || to.State != Present {
		return Value{}, false
	}
	mix := func(a, b num.Num) num.Num { return a.Add(b.Sub(a).Mul(share)) }
	switch d.s.Facts[fact].Type {
	case TypeNumber, TypeCount:
		return Number(d.hold(fact, mix(from.Number, to.Number).Round(3, num.HalfUp))), true
	case TypeRatio:
		a, errA := from.Number.Quo(from.Den)
		b, errB := to.Number.Quo(to.Den)
		den := num.FromInt(10_000)
		return Ratio(mix(a, b).Mul(den).Round(0, num.HalfUp), den), errA == nil && errB == nil
	}
	return Value{}, false
}

// climb tries for each fact and each earlier result in turn the values where rules change, and keeps what brings the total further in the
// direction; among equal totals, what meets more conditions and stands higher, so that the way between the ends leads through the grades.
func (l *linter) climb(d *drawer, at situation, direction int) (situation, Result) {
	best := l.evaluate(at)
	try := func(next situation) {
		r := l.evaluate(next)
		better := r.Total.Counted && !best.Total.Counted
		if r.Total.Counted && best.Total.Counted {
			c := r.Total.Points.Cmp(best.Total.Points) * direction
			unmet := len(best.Unmet) + len(best.Blocked) - len(r.Unmet) - len(r.Blocked)
			better = c > 0 || c == 0 && (unmet > 0 || unmet == 0 && lowerStanding(&best, &r))
		}
		if better {
			at, best = next, r
		}
	}
	for range 2 {
		for i := range at.sub.Values {
			for _, v := range d.candidates(i) {
				try(at.with(i, v))
			}
		}
		for i := range l.s.History {
			e := &l.s.History[i]
			if l.s.Promotion != nil && e.ID == l.s.Promotion.From {
				continue
			}
			for _, share := range []num.Num{one, {}, num.FromFrac(1, 2)} {
				for _, output := range []num.Num{one, {}, hundred} {
					try(at.withPast(e.ID, d.earlier(e, share, output)))
				}
			}
		}
	}
	return at, best
}

// candidates are the values of a fact at which a rule may change, and some drawn ones.
func (d *drawer) candidates(fact int) []Value {
	f := &d.s.Facts[fact]
	var out []Value
	switch f.Type {
	case TypeBool:
		return []Value{Bool(false), Bool(true)}
	case TypeText:
		for _, v := range f.Values {
			out = append(out, Text(v.ID))
		}
		return out
	case TypeNumber, TypeCount, TypeRatio:
		for _, x := range d.points[fact] {
			for _, near := range []num.Num{x, x.Add(num.FromInt(1))} {
				near = d.hold(fact, near)
				if f.Type == TypeRatio {
					out = append(out, Ratio(near.Mul(num.FromInt(20)), num.FromInt(20)))
				} else {
					out = append(out, Number(near))
				}
			}
		}
	case TypeChecklist:
		for _, x := range d.points[fact] {
			v := Value{State: Present}
			for range f.Items {
				v.Items = append(v.Items, ItemValue{State: Present, Number: d.hold(fact, x)})
			}
			out = append(out, v)
		}
	case TypeSurvey:
		for i := range f.Levels {
			v := Value{State: Present, Number: num.FromInt(200)}
			for j := range f.Levels {
				item := ItemValue{State: Present}
				if i == j {
					item.Number = num.FromInt(200)
				}
				v.Items = append(v.Items, item)
			}
			out = append(out, v)
		}
	case TypeDate:
		for _, days := range []Date{0, 1, 30, 400, 4000} {
			out = append(out, Day(d.asOf-days))
		}
	case TypeEvents:
		out = append(out, Value{State: Present})
		every := Value{State: Present}
		for _, code := range f.Codes {
			e := Event{Code: code.ID, Date: d.asOf}
			if code.Points == nil {
				e.Points = f.ownPoints(num.FromInt(100))
			}
			out = append(out, Value{State: Present, Events: []Event{e}})
			if code.Points == nil || code.Points.Sign() >= 0 {
				every.Events = append(every.Events, e)
			}
		}
		out = append(out, every)
	}
	return append(out, d.value(fact, 0), d.value(fact, 0))
}

// note rates a subject over consecutive periods with the same facts and remembers every grade it gets. Earlier results of other schemes stay the
// same, those of this one follow from period to period.
func (l *linter) note(at situation) {
	var results []Past
	furthest := 0
	for period := 1; period <= maxPeriods; period++ {
		history := History{}
		own := false
		for i := range l.s.History {
			e := &l.s.History[i]
			same := (e.Scheme == "" || e.Scheme == l.s.ID) && (e.Rhythm == "" || e.Rhythm == l.s.Rhythm)
			if !same {
				if p, ok := at.past[e.ID]; ok {
					history[e.ID] = p
				}
				continue
			}
			own, furthest = true, max(furthest, e.Back)
			if before := len(results) - e.Back; before >= 0 {
				history[e.ID] = results[before]
			}
		}
		r := l.evaluate(situation{at.sub, history})
		if grade, ok := l.p.gradeIndex[r.Grade]; ok && r.Grade != "" && l.seen[grade] == nil {
			l.seen[grade] = &Example{Subject: at.sub, History: history, Cohort: l.cohort, Periods: period, Before: tellResult(&r)}
		}
		settled := period > furthest+1 && results[period-2].Grade == r.Grade && results[period-3].Grade == r.Grade
		if !own || settled {
			return
		}
		results = append(results, r.Past())
	}
}

func (l *linter) maximum() {
	full := l.p.parts[len(l.p.parts)-1].max
	v := Verdict{Guarantee: GuaranteeMaximum, Title: fmt.Sprintf("能够达到满分 %s", full)}
	found := l.bestRun.Total
	switch {
	case found.Counted && !found.Points.Less(full):
		v.Finding, v.Why = FindingProved, "有对象达到 "+found.Points.String()
		v.Example = l.example(l.best, &l.bestRun)
	case l.plain.total.high != nil && l.plain.total.high.Less(full):
		v.Finding, v.Why = FindingRefuted, fmt.Sprintf("最多只能达到 %s（按区间推出）", l.plain.total.high)
	default:
		v.Finding, v.Trials, v.Why = FindingNotRefuted, l.trials, "搜索到的最高总分是 "+found.Points.String()+"，没有达到，也没有证明不能达到"
	}
	l.add(v)
}

func (l *linter) gradeReached(i int) {
	g := &l.s.Grades.List[i]
	v := Verdict{Guarantee: GuaranteeGrade, About: g.ID, Title: fmt.Sprintf("能够得到“%s”", g.Label)}
	switch e := l.seen[i]; {
	case e != nil && e.Periods == 1:
		v.Finding, v.Why, v.Example = FindingProved, "有对象得到："+e.Before, e
	case e != nil:
		v.Finding, v.Why, v.Example = FindingProved, fmt.Sprintf("有对象在第 %d 期得到：%s", e.Periods, e.Before), e
	case l.outOfReach(i):
		v.Finding, v.Why = FindingRefuted, "它的条件在可能的取值范围之外（按区间推出）"
	default:
		v.Finding, v.Trials, v.Why = FindingNotRefuted, l.trials, "没有试出得到它的对象，也没有证明不能得到"
	}
	l.add(v)
}

// outOfReach reports whether no value can satisfy a condition of the grade and no adjustment gives it.
func (l *linter) outOfReach(i int) bool {
	for j := range l.p.adjust {
		if l.p.adjust[j].grade == i {
			return false
		}
	}
	g := &l.p.grades[i]
	if g.decl.Special || g.decl.Blocked || l.s.Promotion != nil {
		return false
	}
	outside := func(o *operand, b *Bounds) bool {
		if b.empty() {
			return false
		}
		x, in := l.plain.operand(o), b.interval()
		return in.low != nil && x.high != nil && (x.high.Less(*in.low) || in.lowOpen && x.high.Equal(*in.low)) ||
			in.high != nil && x.low != nil && (in.high.Less(*x.low) || in.highOpen && x.low.Equal(*in.high))
	}
	for j := range g.needs {
		if outside(&g.needs[j], &g.decl.Needs[j].Bounds) {
			return true
		}
	}
	return outside(&g.of, &g.decl.Bounds)
}
