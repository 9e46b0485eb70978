package rating

import (
	"fmt"
	"slices"

	"redsteward/internal/num"
)

// everywhere: a subject that is as good in every fact and better in some has no lower total and no lower grade. Steps of one fact after the other lead there,
// so that what holds for each fact holds for all of them together.
func (l *linter) everywhere() {
	v := Verdict{Guarantee: GuaranteeEverywhere, Title: "每一项都不变差、有的变好，总分和等级不会降低"}
	var scored []int
	for i := range l.s.Facts {
		if l.s.Facts[i].Better != "" {
			scored = append(scored, i)
		}
	}
	if len(scored) == 0 {
		v.Finding, v.Why = FindingNotApplicable, "没有一个事实声明了越大越好还是越小越好"
		l.add(v)
		return
	}
	proved := true
	for i := range l.verdicts {
		one := &l.verdicts[i]
		switch {
		case one.Guarantee != GuaranteeMonotone:
		case one.Finding == FindingRefuted:
			v.Finding, v.Trials, v.Example, v.Why = FindingRefuted, one.Trials, one.Example, "只有一项变好就已经降低："+one.Why
			l.add(v)
			return
		case one.Finding != FindingProved:
			proved = false
		}
	}
	if proved {
		v.Finding, v.Why = FindingProved, "每个事实单独变好都已证明不会降低，一项接一项变好也就不会降低"
		l.add(v)
		return
	}
	d := newDrawer(l.s, l.seed^hashText(v.Guarantee))
	for n := range l.trials {
		at := situation{d.subject("trial", []int{0, 25, 6}[n%3]), d.past(6)}
		low, high := at, at
		var changes []Change
		for _, fact := range scored {
			worse, better, ok := d.step(fact, at.sub.Values[fact])
			if !ok {
				continue
			}
			f := &l.s.Facts[fact]
			low, high = low.with(fact, worse), high.with(fact, better)
			changes = append(changes, Change{Fact: f.ID, Name: f.Name, Before: f.tell(worse), After: f.tell(better)})
		}
		before, after := l.rate(low), l.rate(high)
		if !before.Total.Counted || after.Total.Counted && !after.Total.Points.Less(before.Total.Points) && !lowerStanding(&after, &before) {
			continue
		}
		v.Finding, v.Trials, v.Why = FindingRefuted, n+1, fmt.Sprintf("%d 项都变好，结果反而降低：%s → %s", len(changes), tellResult(&before), tellResult(&after))
		v.Example = l.example(low, &before)
		v.Example.Other, v.Example.Changes, v.Example.After = &high.sub, changes, tellResult(&after)
		l.add(v)
		return
	}
	v.Finding, v.Trials, v.Why = FindingNotRefuted, l.trials, "有的事实单独变好还没有证明"
	l.add(v)
}

// scoredFacts are the facts of an indicator that are better or worse; the others are circumstances, such as the form of a branch, which choose a sheet.
func (l *linter) scoredFacts(i int) []int {
	var out []int
	for _, f := range l.p.indicators[i].facts {
		if l.s.Facts[f].Better != "" {
			out = append(out, f)
		}
	}
	return out
}

// influence: as far as everything applies, the facts of one indicator move the aggregated total by no more than the share of full marks that the scheme declares
// for it. What adjustments do with a fact beside that is declared by them, and looked at by the other guarantees.
func (l *linter) influence(i int) {
	ind := &l.p.indicators[i]
	v := Verdict{Guarantee: GuaranteeInfluence, About: ind.decl.ID, Title: fmt.Sprintf("“%s”单独变化，对总分的影响不超过它声明的份额", ind.decl.Name)}
	facts, total := l.scoredFacts(i), &l.p.parts[len(l.p.parts)-1]
	most, slack, why := num.Num{}, num.Num{}, ""
	l.eachChoice(func(chosen map[int]string) {
		found := l.share(len(l.p.indicators)+len(l.p.parts)-1, total.max, chosen, func(node int, share num.Num) {
			if node == i {
				most = num.Max(most, share)
			}
		})
		if found != "" {
			why = found
		}
	})
	slack = slack.Add(roundingSlack(ind.round, ind.max, total.max))
	counted := l.above(i, func(part *partProgram) { slack = slack.Add(roundingSlack(part.round, part.max, total.max)) })
	switch {
	case !counted && l.leads(i):
		why = "它经表达式或者加减分步骤进入总分，没有声明的份额；按真实数据的有效权重另看"
	case !counted:
		why = "不计入总分"
	case why == "" && most.IsZero():
		why = "它在所有的表里都没有份额"
	case why == "" && len(facts) == 0:
		why = "它不读有好坏方向的事实"
	}
	if why != "" {
		v.Finding, v.Why = FindingNotApplicable, why
		l.add(v)
		return
	}
	if q, err := ind.span.Quo(ind.max); err == nil {
		most = most.Mul(q)
	}
	v.Title = fmt.Sprintf("“%s”单独变化，对总分的影响不超过它声明的 %s 分（修约误差除外）", ind.decl.Name, most.Round(2, num.HalfUp))
	own := false
	ind.applies.facts(func(f int) { own = own || slices.Contains(facts, f) })
	if !own && !l.readElsewhere(i, stage{stagePart, len(l.p.parts) - 1}, facts) {
		v.Finding, v.Why = FindingProved, "它的事实只进入这一项，按合成方法折算后最多就是这么多（逐层相乘）"
		l.add(v)
		return
	}
	d := newDrawer(l.s, l.seed^hashText(v.Guarantee+v.About))
	limit := most.Add(slack)
	for n := range l.trials {
		at := situation{d.subject("trial", 0), d.past(0)}
		for _, fact := range facts {
			at = at.with(fact, d.value(fact, 0))
		}
		before := l.rate(at)
		if !before.Base.Counted || slices.ContainsFunc(before.Lines, func(line Line) bool { return !line.Counted }) {
			continue
		}
		for turn := range 3 {
			other := at
			var changes []Change
			for _, fact := range facts {
				to := []Value{l.best.sub.Values[fact], l.worst.sub.Values[fact], d.value(fact, 0)}[turn]
				if to.State != Present {
					continue
				}
				f := &l.s.Facts[fact]
				other = other.with(fact, to)
				changes = append(changes, Change{Fact: f.ID, Name: f.Name, Before: f.tell(at.sub.Values[fact]), After: f.tell(to)})
			}
			after := l.rate(other)
			if !after.Base.Counted {
				continue
			}
			moved := after.Base.Points.Sub(before.Base.Points).Abs()
			if !limit.Less(moved) {
				continue
			}
			v.Finding, v.Trials = FindingRefuted, n+1
			v.Why = fmt.Sprintf("只改它的事实，合成分由 %s 变为 %s，变动 %s 分", before.Base.Points.Fixed(2), after.Base.Points.Fixed(2), moved.Round(2, num.HalfUp))
			v.Example = l.example(at, &before)
			v.Example.Other, v.Example.Changes, v.Example.After = &other.sub, changes, tellResult(&after)
			l.add(v)
			return
		}
	}
	v.Finding, v.Trials, v.Why = FindingNotRefuted, l.trials, "它的事实还用在别处"
	l.add(v)
}

// roundingSlack is how much rounding of a node with a maximum can move the total.
func roundingSlack(r Rounding, max, total num.Num) num.Num {
	var out num.Num
	for _, step := range r {
		unit := num.FromInt(1)
		for range step.Places {
			unit = unit.Mul(num.FromFrac(1, 10))
		}
		if q, err := total.Mul(unit).Quo(max); err == nil {
			out = out.Add(num.Max(q, unit))
		}
	}
	return out
}

// alive: an indicator can make a difference to a total or a grade; if it cannot, its weight is dead.
func (l *linter) alive(i int) {
	ind := &l.p.indicators[i]
	v := Verdict{Guarantee: GuaranteeAlive, About: ind.decl.ID, Title: fmt.Sprintf("“%s”不是白设的：有的项目会因为它而得分不同", ind.decl.Name)}
	points := l.plain.nodes[i].points
	switch {
	case !l.leads(i):
		v.Finding, v.Why = FindingNotApplicable, "不计入总分，也没有别的规则用到它"
		l.add(v)
		return
	case points.low != nil && points.high != nil && points.low.Equal(*points.high):
		v.Finding, v.Why = FindingRefuted, fmt.Sprintf("无论事实怎样，它都得 %s 分（按区间推出）", points.low)
		l.add(v)
		return
	}
	d := newDrawer(l.s, l.seed^hashText(v.Guarantee+v.About))
	differ := func(a, b *Result) bool { // a fact may decide more than its indicator; what the indicator itself gives goes into the aggregated total
		return a.Base.Counted != b.Base.Counted || !a.Base.Points.Equal(b.Base.Points)
	}
	if !l.above(i, func(*partProgram) {}) {
		differ = func(a, b *Result) bool {
			return a.Total.Counted != b.Total.Counted || !a.Total.Points.Equal(b.Total.Points) || a.Grade != b.Grade
		}
	}
	for n := range l.trials {
		at := situation{d.subject("trial", 0), d.past(0)}
		if n%2 == 0 {
			at = l.starts[d.rng.IntN(len(l.starts))]
		}
		before := l.rate(at)
		line := before.Line(ind.decl.ID)
		if line == nil || !line.Counted {
			continue
		}
		other := at
		if len(ind.facts) == 0 {
			other.past = d.past(0)
		}
		for _, fact := range ind.facts {
			if d.s.Facts[fact].Better != "" || len(l.scoredFacts(i)) == 0 {
				other = other.with(fact, []Value{l.best.sub.Values[fact], l.worst.sub.Values[fact], d.value(fact, 0)}[n/2%3])
			}
		}
		after := l.rate(other)
		if now := after.Line(ind.decl.ID); !differ(&before, &after) || now == nil || now.Counted && now.Points.Equal(line.Points) {
			continue
		}
		v.Finding, v.Why = FindingProved, "有这样的项目："+tellResult(&before)+"；只改这一项的事实："+tellResult(&after)
		v.Example = l.example(at, &before)
		v.Example.Other, v.Example.After = &other.sub, tellResult(&after)
		for _, fact := range ind.facts {
			f := &l.s.Facts[fact]
			if from, to := f.tell(at.sub.Values[fact]), f.tell(other.sub.Values[fact]); from != to {
				v.Example.Changes = append(v.Example.Changes, Change{Fact: f.ID, Name: f.Name, Before: from, After: to})
			}
		}
		if len(v.Example.Changes) == 0 { // it reads earlier results only, which an example tells once
			v.Example = nil
		}
		l.add(v)
		return
	}
	v.Finding, v.Trials, v.Why = FindingNotRefuted, l.trials, "没有试出会因为它而得分不同的项目，也没有证明没有"
	l.add(v)
}

// leads reports whether an indicator counts or is read, itself or through the parts above it.
func (l *linter) leads(i int) bool {
	nodes := []int{i}
	if l.above(i, func(part *partProgram) { nodes = append(nodes, l.p.nodeIndex[part.id]) }) {
		return true
	}
	found := false
	l.p.operands(func(o *operand) {
		o.each(func(r *nameRef) {
			found = found || (r.kind == refPoints || r.kind == refRate || r.kind == refCounted) && slices.Contains(nodes, r.a)
		})
	})
	return found
}

// order: in which order records were entered changes nothing.
func (l *linter) order() {
	v := Verdict{Guarantee: GuaranteeOrder, Title: "记录登记的先后次序不影响结果"}
	d := newDrawer(l.s, l.seed^hashText(v.Guarantee))
	tried := 0
	for n := range l.trials {
		at := situation{d.subject("trial", []int{0, 25, 6}[n%3]), d.past(6)}
		other := at
		var changes []Change
		for i := range l.s.Facts {
			f := &l.s.Facts[i]
			from := at.sub.Values[i]
			if f.Type != TypeEvents || len(f.Codes) == 0 || from.State == NotApplicable {
				continue
			}
			from.State, from.Events = Present, slices.Clone(from.Events)
			for len(from.Events) < 3 {
				from.Events = append(from.Events, d.event(f))
			}
			to := from
			to.Events = slices.Clone(from.Events)
			d.rng.Shuffle(len(to.Events), func(a, b int) { to.Events[a], to.Events[b] = to.Events[b], to.Events[a] })
			at, other = at.with(i, from), other.with(i, to)
			if a, b := f.tell(from), f.tell(to); a != b {
				changes = append(changes, Change{Fact: f.ID, Name: f.Name, Before: a, After: b})
			}
		}
		if len(changes) == 0 {
			continue
		}
		tried++
		before, after := l.rate(at), l.rate(other)
		if before.Total.Points.Equal(after.Total.Points) && before.Grade == after.Grade && before.Status == after.Status {
			continue
		}
		v.Finding, v.Trials, v.Why = FindingRefuted, tried, fmt.Sprintf("只换了登记的次序：%s → %s", tellResult(&before), tellResult(&after))
		v.Example = l.example(at, &before)
		v.Example.Other, v.Example.Changes, v.Example.After = &other.sub, changes, tellResult(&after)
		l.add(v)
		return
	}
	v.Finding, v.Why = FindingProved, "方案只读汇总好的数，没有逐条的事件"
	if tried > 0 {
		v.Why = fmt.Sprintf("事件只按有没有、合计和封顶计入，不分先后（按计分规则推出）；另外打乱次序试了 %d 次，结果都相同", tried)
	}
	if l.s.Compares() {
		v.Why += "；相互比较用的是全体的统计，与小区的次序无关"
	}
	l.add(v)
}
