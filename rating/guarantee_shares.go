package rating

import (
	"fmt"
	"slices"

	"redsteward/internal/num"
)

// voices compares the share of full marks that each voice has with its declared band, for every choice of sheets.
func (l *linter) voices() {
	type band struct {
		low, high num.Num
		any       bool
	}
	bands := make([]band, len(l.s.Voices))
	why, earlier := "", num.Num{}
	l.eachChoice(func(chosen map[int]string) {
		shares, own := make([]num.Num, len(l.s.Voices)), num.Num{}
		w := l.share(len(l.p.indicators)+len(l.p.parts)-1, hundred, chosen, func(node int, share num.Num) {
			if node >= len(l.p.indicators) {
				return
			}
			own = own.Add(share)
			for i := range l.s.Voices {
				if l.s.Voices[i].ID == l.p.indicators[node].decl.Voice {
					shares[i] = shares[i].Add(share)
				}
			}
		})
		if w == "" && own.IsZero() {
			w = "没有指标带有份额"
		}
		if w != "" {
			why = w
			return
		}
		earlier = num.Max(earlier, hundred.Sub(own))
		for i, x := range shares { // of what the indicators carry: what comes from earlier periods has voices of its own, in a scheme that is checked for itself
			x, _ = x.Mul(hundred).Quo(own)
			b := &bands[i]
			if !b.any {
				*b = band{x, x, true}
			}
			b.low, b.high = num.Min(b.low, x), num.Max(b.high, x)
		}
	})
	for i := range l.s.Voices {
		voice := &l.s.Voices[i]
		v := Verdict{Guarantee: GuaranteeVoice, About: voice.ID, Advice: true}
		bounds := Bounds{AtLeast: voice.From, AtMost: voice.To}
		v.Title = fmt.Sprintf("“%s”的分值占比在声明的范围内", voice.Name)
		got := bands[i].low.Fixed(2) + " %"
		if !bands[i].low.Equal(bands[i].high) {
			got = bands[i].low.Fixed(2) + " % 到 " + bands[i].high.Fixed(2) + " %"
		}
		switch {
		case bounds.empty():
			v.Finding, v.Why = FindingNotApplicable, "没有声明占比范围"
		case why != "":
			v.Finding, v.Why = FindingNotApplicable, why
		case bounds.holds(bands[i].low) && bounds.holds(bands[i].high):
			v.Finding, v.Why = FindingProved, "占比为 "+got+"（逐表相加）"
			if !earlier.IsZero() {
				v.Why += fmt.Sprintf("。只算本方案自己的指标；总分的 %s %% 取自往期，各方占比由往期的方案保证", earlier.Fixed(0))
			}
		default:
			v.Finding, v.Why = FindingRefuted, fmt.Sprintf("占比为 %s，建议 %s", got, tellBand(voice))
		}
		l.add(v)
	}
}

func tellBand(v *Voice) string {
	switch {
	case v.From == nil:
		return "不高于 " + v.To.String() + " %"
	case v.To == nil:
		return "不低于 " + v.From.String() + " %"
	}
	return v.From.String() + " % 到 " + v.To.String() + " %"
}

// eachChoice calls f for every combination of the texts that choose sheets.
func (l *linter) eachChoice(f func(chosen map[int]string)) {
	var facts []int
	for i := range l.p.parts {
		if l.p.parts[i].method == MethodChoose && !slices.Contains(facts, l.p.parts[i].choose) {
			facts = append(facts, l.p.parts[i].choose)
		}
	}
	chosen := map[int]string{}
	var next func(i int)
	next = func(i int) {
		if i == len(facts) {
			f(chosen)
			return
		}
		for _, v := range l.s.Facts[facts[i]].Values {
			chosen[facts[i]] = v.ID
			next(i + 1)
		}
	}
	next(0)
}

// noShares says why a part does not hand its share down.
func (l *linter) noShares(part *partProgram) string {
	return fmt.Sprintf("“%s”的合成方法（%s）没有各成员的占比", l.partName(part.id), part.method)
}

// share hands a share of the total down to the indicators below a node, and to parts that compute from something else than members, such as earlier periods; it says why if the share cannot be told.
func (l *linter) share(node int, share num.Num, chosen map[int]string, give func(node int, share num.Num)) string {
	if node < len(l.p.indicators) {
		give(node, share)
		return ""
	}
	part := &l.p.parts[node-len(l.p.indicators)]
	weight := func(c child) num.Num { return c.weight }
	switch part.method {
	case MethodSum:
		weight = func(c child) num.Num { return c.weight.Mul(l.p.fullOf(c.node)) }
	case MethodMean, MethodGeomean:
	case MethodChoose:
		at, ok := part.chosen[chosen[part.choose]]
		if !ok {
			return ""
		}
		return l.share(part.children[at].node, share, chosen, give)
	default:
		if len(part.children) == 0 {
			give(node, share)
			return ""
		}
		return l.noShares(part)
	}
	var sum num.Num
	for _, c := range part.children {
		sum = sum.Add(weight(c))
	}
	for _, c := range part.children {
		q, err := weight(c).Quo(sum)
		if err != nil {
			return fmt.Sprintf("“%s”没有满分", l.partName(part.id))
		}
		if why := l.share(c.node, share.Mul(q), chosen, give); why != "" {
			return why
		}
	}
	return ""
}

// notApplicable: an indicator that does not apply is left out, the weights of the others are spread again, and there is a declared result.
func (l *linter) notApplicable(i int) {
	ind := &l.p.indicators[i]
	v := Verdict{Guarantee: GuaranteeNA, About: ind.decl.ID, Title: fmt.Sprintf("“%s”不适用时，其余得满分仍是满分，也总有声明的结果", ind.decl.Name)}
	if ind.na.Mode != AbsentExclude {
		v.Finding, v.Why = FindingNotApplicable, map[string]string{
			AbsentZero: "声明了不适用时记零分", AbsentPoints: "声明了不适用时记固定分值", AbsentBlock: "声明了不适用时不评等级",
		}[ind.na.Mode]
		l.add(v)
		return
	}
	why, shrinks := "", ""
	counted := l.above(i, func(part *partProgram) {
		switch {
		case part.method == MethodSteps || part.method == MethodExpr:
			why = fmt.Sprintf("“%s”由表达式合成", l.partName(part.id))
		case part.method == MethodSum && part.agg.WhenExcluded == "shrink":
			shrinks = fmt.Sprintf("“%s”声明了剔除后满分变小", l.partName(part.id))
		}
	})
	switch {
	case !counted:
		v.Finding, v.Why = FindingNotApplicable, "不计入总分"
	case shrinks != "":
		v.Finding, v.Why = FindingNotApplicable, shrinks
	case why == "" && !l.readElsewhere(i, stage{stageTotal, 0}, l.p.indicators[i].facts):
		v.Finding, v.Why = FindingProved, "剔除后由其余成员按比例补足，全部剔除时按声明处理，没有除以零（按合成方法推出）"
	default:
		if why == "" {
			why = "它的得分还用在别处"
		}
		l.tryNotApplicable(v, ind, why)
		return
	}
	l.add(v)
}

// above calls f for the part of a node and all parts above; false if they do not lead to the total.
func (l *linter) above(node int, f func(part *partProgram)) bool {
	for i := range l.p.parts {
		for _, c := range l.p.parts[i].children {
			if c.node != node {
				continue
			}
			f(&l.p.parts[i])
			return i == len(l.p.parts)-1 || l.above(len(l.p.indicators)+i, f)
		}
	}
	return node == len(l.p.indicators)+len(l.p.parts)-1
}

// readElsewhere reports whether anything else that leads to a stage reads the indicator or some facts of it.
func (l *linter) readElsewhere(i int, root stage, facts []int) bool {
	a := &arranger{schemeChecker: &schemeChecker{s: l.s, p: l.p}}
	leads := map[stage]bool{}
	var visit func(stage)
	visit = func(st stage) {
		if !leads[st] {
			leads[st] = true
			for _, before := range a.reads(st) {
				visit(before)
			}
		}
	}
	visit(root)
	found := false
	read := func(o *operand) {
		o.each(func(r *nameRef) {
			found = found || (r.kind == refPoints || r.kind == refRate || r.kind == refCounted) && r.a == i
		})
		o.facts(func(f int) { found = found || slices.Contains(facts, f) })
	}
	for st := range leads {
		switch st.kind {
		case stageIndicator:
			if st.index == i {
				continue
			}
			ind := &l.p.indicators[st.index]
			for _, f := range ind.facts {
				found = found || slices.Contains(facts, f)
			}
			read(&ind.applies)
			ruleOperands(ind.rule, read, func(int) {})
		case stagePart:
			part := &l.p.parts[st.index]
			read(&part.start)
			read(&part.value)
			for j := range part.steps {
				read(&part.steps[j].when)
				read(&part.steps[j].add)
			}
		case stageTotal:
			for j := range l.p.adjust {
				if l.p.adjust[j].onTotal() {
					read(&l.p.adjust[j].when)
					read(&l.p.adjust[j].points)
				}
			}
		case stageOutput:
			read(&l.p.outputs[st.index].value)
		}
	}
	return found
}

// tryNotApplicable makes the indicator's facts not apply, for subjects that have full marks and for others.
func (l *linter) tryNotApplicable(v Verdict, ind *indicatorProgram, unproved string) {
	d := newDrawer(l.s, l.seed^hashText(v.Guarantee+v.About))
	full := l.p.parts[len(l.p.parts)-1].max
	for i := range l.trials {
		at := l.best
		if i > 0 {
			at = situation{d.subject("trial", []int{0, 25, 6}[i%3]), d.past(6)}
		}
		other := at
		for _, f := range ind.facts {
			other = other.with(f, NA())
		}
		before, after := l.evaluate(at), l.evaluate(other)
		full := before.Total.Counted && !before.Total.Points.Less(full)
		why := ""
		switch {
		case after.Status == StatusRated && !after.Total.Counted:
			why = "没有总分，却照样评等级"
		case full && after.Total.Counted && after.Total.Points.Less(before.Total.Points):
			why = "其余都是满分，总分仍然降低"
		default:
			continue
		}
		v.Finding, v.Trials, v.Why = FindingRefuted, i+1, fmt.Sprintf("%s：%s → %s", why, tellResult(&before), tellResult(&after))
		v.Example = l.example(at, &before)
		v.Example.Other, v.Example.After = &other.sub, tellResult(&after)
		for _, f := range ind.facts {
			decl := &l.s.Facts[f]
			v.Example.Changes = append(v.Example.Changes, Change{decl.ID, decl.Name, decl.tell(at.sub.Values[f]), decl.tell(NA())})
		}
		l.add(v)
		return
	}
	v.Finding, v.Trials, v.Why = FindingNotRefuted, l.trials, unproved
	l.add(v)
}
