package rating

import (
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/num"
)

// visit states of the depth-first walk in arrange.
const (
	unvisited = iota
	onStack
	done
)

// arranger orders the nodes so that each comes after everything it reads, and reports circles.
type arranger struct {
	*schemeChecker
	state map[stage]int
	stack []stage
}

// arrange fills program.order.
func (c *schemeChecker) arrange() {
	a := &arranger{schemeChecker: c, state: map[stage]int{}}
	for i := range c.p.indicators {
		a.visit(stage{stageIndicator, i})
	}
	for i := range c.p.parts {
		a.visit(stage{stagePart, i})
	}
	a.visit(stage{stageTotal, 0})
	for i := range c.p.outputs {
		a.visit(stage{stageOutput, i})
	}
}

// link gives nodes below a chosen sheet their guards and notes which facts each indicator, adjustment and output reads.
func (c *schemeChecker) link() {
	total := len(c.p.parts) - 1
	c.guards(len(c.s.Indicators)+total, nil)
	for i := range c.p.indicators {
		ind := &c.p.indicators[i]
		note := noteInto(&ind.facts)
		ruleOperands(ind.rule, func(o *operand) { o.facts(note) }, note)
		ind.applies.facts(note)
	}
	for i := range c.p.adjust {
		a := &c.p.adjust[i]
		note := noteInto(&a.facts)
		note(a.fact)
		a.when.facts(note)
		a.points.facts(note)
	}
	for i := range c.p.outputs {
		c.p.outputs[i].value.facts(noteInto(&c.p.outputs[i].facts))
	}
}

// noteInto returns a function that adds a fact to a list once; -1 is no fact.
func noteInto(list *[]int) func(int) {
	return func(f int) {
		if f >= 0 && !slices.Contains(*list, f) {
			*list = append(*list, f)
		}
	}
}

// name says which part of the file a stage is.
func (a *arranger) name(st stage) string {
	switch st.kind {
	case stageIndicator:
		return a.s.Indicators[st.index].ID
	case stagePart:
		return a.p.parts[st.index].id
	case stageOutput:
		return "output." + a.s.Outputs[st.index].ID
	}
	return "total"
}

func (a *arranger) path(st stage) string {
	switch {
	case st.kind == stageIndicator:
		return fmt.Sprintf("indicators[%d]", st.index)
	case st.kind == stagePart && st.index < len(a.s.Parts):
		return fmt.Sprintf("parts[%d]", st.index)
	case st.kind == stagePart:
		return "total"
	case st.kind == stageOutput:
		return fmt.Sprintf("outputs[%d]", st.index)
	}
	return "adjust"
}

func (a *arranger) visit(st stage) {
	switch a.state[st] {
	case done:
		return
	case onStack:
		var names []string
		for i := len(a.stack) - 1; i >= 0; i-- {
			names = append(names, a.name(a.stack[i]))
			if a.stack[i] == st {
				break
			}
		}
		a.reportAt(a.path(st), "循环引用：%s → %s", a.name(st), strings.Join(names, " → "))
		return
	}
	a.state[st] = onStack
	a.stack = append(a.stack, st)
	for _, next := range a.reads(st) {
		a.visit(next)
	}
	a.stack = a.stack[:len(a.stack)-1]
	a.state[st] = done
	a.p.order = append(a.p.order, st)
}

// reads lists what a stage needs to be there before.
func (a *arranger) reads(st stage) []stage {
	var next []stage
	use := func(o *operand) {
		o.each(func(r *nameRef) {
			switch r.kind {
			case refPoints, refRate, refCounted:
				next = append(next, a.nodeStage(r.a))
			case refBase:
				next = append(next, stage{stagePart, len(a.p.parts) - 1})
			case refTotal:
				next = append(next, stage{stageTotal, 0})
			case refOutput:
				next = append(next, stage{stageOutput, r.a})
			}
		})
	}
	switch st.kind {
	case stageIndicator:
		ind := &a.p.indicators[st.index]
		use(&ind.applies)
		ruleOperands(ind.rule, use, func(int) {})
	case stagePart:
		part := &a.p.parts[st.index]
		for _, m := range part.children {
			next = append(next, a.childStage(m.node))
		}
		use(&part.start)
		use(&part.value)
		for i := range part.steps {
			use(&part.steps[i].when)
			use(&part.steps[i].add)
		}
	case stageTotal:
		next = append(next, stage{stagePart, len(a.p.parts) - 1})
		for i := range a.p.adjust {
			if a.p.adjust[i].onTotal() {
				use(&a.p.adjust[i].when)
				use(&a.p.adjust[i].points)
			}
		}
	case stageOutput:
		use(&a.p.outputs[st.index].value)
	}
	return next
}

// nodeStage is where the points of a node are final: those of the total after the adjustments.
func (a *arranger) nodeStage(node int) stage {
	if node == len(a.s.Indicators)+len(a.s.Parts) {
		return stage{stageTotal, 0}
	}
	return a.childStage(node)
}

func (a *arranger) childStage(node int) stage {
	if node < len(a.s.Indicators) {
		return stage{stageIndicator, node}
	}
	return stage{stagePart, node - len(a.s.Indicators)}
}

// each calls f for every name that the operand reads.
func (o *operand) each(f func(r *nameRef)) {
	if o.kind == operandRef {
		f(&o.ref)
	}
	for i := range o.refs {
		f(&o.refs[i])
	}
}

// facts calls note for every fact that the operand reads.
func (o *operand) facts(note func(int)) {
	o.each(func(r *nameRef) {
		switch r.kind {
		case refFact, refQuotient, refDay, refNumerator, refDenominator, refItem, refAnswers, refValue, refActive, refKnown:
			note(r.a)
		}
	})
}

// ruleOperands calls use for every operand of a rule and fact for every fact that it reads whole.
func ruleOperands(rule compiledRule, use func(*operand), fact func(int)) {
	switch r := rule.(type) {
	case *tiersProgram:
		use(&r.of)
	case *choiceProgram:
		fact(r.fact)
	case *linearProgram:
		use(&r.of)
	case *lineProgram:
		use(&r.of)
	case *exprRuleProgram:
		use(&r.of)
	case *checklistProgram:
		fact(r.fact)
	case *deductionsProgram:
		fact(r.fact)
	case *surveyProgram:
		fact(r.fact)
	case *eventsProgram:
		fact(r.fact)
	case *minMaxProgram:
		use(&r.of)
	case *zScoreProgram:
		use(&r.of)
	case *percentileProgram:
		use(&r.of)
	}
}

// guards gives every node below a chosen sheet the condition under which it counts.
func (c *schemeChecker) guards(node int, above []guard) {
	if node < len(c.s.Indicators) {
		c.p.indicators[node].guards = above
		return
	}
	part := &c.p.parts[node-len(c.s.Indicators)]
	part.guards = above
	for i, m := range part.children {
		below := above
		if part.method == MethodChoose {
			g := guard{fact: part.choose}
			for _, v := range c.s.Facts[part.choose].Values {
				if part.chosen[v.ID] == i {
					g.values = append(g.values, v.ID)
				}
			}
			below = append(append([]guard(nil), above...), g)
		}
		c.guards(m.node, below)
	}
}

// loneReferences reports names that cannot be read where they stand: running outside adjustments.
func (c *schemeChecker) loneReferences() {
	forbid := func(path string) func(o *operand) {
		return func(o *operand) {
			o.each(func(r *nameRef) {
				if r.kind == refRunning {
					c.reportAt(path, "running 只能用在 adjust 中")
				}
			})
		}
	}
	for i := range c.p.indicators {
		path := fmt.Sprintf("indicators[%d].rule", i)
		ruleOperands(c.p.indicators[i].rule, forbid(path), func(int) {})
		forbid(fmt.Sprintf("indicators[%d].applies", i))(&c.p.indicators[i].applies)
	}
	for i := range c.p.outputs {
		forbid(fmt.Sprintf("outputs[%d].value", i))(&c.p.outputs[i].value)
	}
	for i := range c.p.parts {
		f := forbid(fmt.Sprintf("parts[%d]", i))
		f(&c.p.parts[i].start)
		f(&c.p.parts[i].value)
		for j := range c.p.parts[i].steps {
			f(&c.p.parts[i].steps[j].when)
			f(&c.p.parts[i].steps[j].add)
		}
	}
	for i := range c.p.rollups {
		for _, g := range c.p.rollups[i].grades {
			only := func(o *operand) {
				o.each(func(r *nameRef) {
					if r.kind != refTotal {
						c.reportAt(fmt.Sprintf("rollups[%d].grades", i), "汇总的等级只能按 total（汇总值）判断")
					}
				})
			}
			only(&g.of)
			only(&g.when)
			for j := range g.needs {
				only(&g.needs[j])
			}
		}
	}
}

// measure computes the maxima when nothing is left out, the depth of cohort statistics, and how much room a full trace takes.
func (c *schemeChecker) measure() {
	p := c.p
	for _, st := range p.order {
		if st.kind == stagePart {
			c.full(&p.parts[st.index])
		}
	}
	for i := range p.indicators {
		p.lines++
		p.uses += len(p.indicators[i].facts)
		for _, f := range p.indicators[i].facts {
			d := &c.s.Facts[f]
			p.items += len(d.Items) + len(d.Levels)
		}
	}
	p.missingReason = make([]string, len(c.s.Facts))
	p.naReason = make([]string, len(c.s.Facts))
	ids := make([]string, len(c.s.Facts))
	for i := range c.s.Facts {
		ids[i] = c.s.Facts[i].ID
		p.itemIDs = append(p.itemIDs, c.s.Facts[i].itemIDs())
		p.itemOrder = append(p.itemOrder, sortedPlaces(p.itemIDs[i]))
		p.numeric = append(p.numeric, contains([]string{TypeNumber, TypeCount, TypeRatio, TypeBool, TypeSurvey}, c.s.Facts[i].Type))
		p.missingReason[i] = "缺数据：" + c.s.Facts[i].Name
		p.naReason[i] = "不适用：" + c.s.Facts[i].Name
	}
	for i := range p.outputs {
		p.uses += len(p.outputs[i].facts)
	}
	p.factOrder = sortedPlaces(ids)
	c.levels()
}

// maxOf is the maximum of a node when nothing is left out.
func (c *schemeChecker) maxOf(node int) num.Num {
	if node < len(c.s.Indicators) {
		return c.p.indicators[node].max
	}
	return c.p.parts[node-len(c.s.Indicators)].full
}

func (c *schemeChecker) full(part *partProgram) {
	path := "total"
	if at := c.p.nodeIndex[part.id] - len(c.s.Indicators); at < len(c.s.Parts) {
		path = fmt.Sprintf("parts[%d]", at)
	}
	part.full = part.max
	switch part.method {
	case MethodSum:
		var sum num.Num
		for _, m := range part.children {
			sum = sum.Add(m.weight.Mul(c.maxOf(m.node)))
		}
		if part.agg.Max == nil {
			part.full, part.max = sum, sum
		} else if sum.Less(part.max) {
			c.reportAt(path+".max", "满分 %s 大于成员满分之和 %s", part.max, sum)
		}
	case MethodChoose:
		for i, m := range part.children {
			if i == 0 && part.agg.Max == nil {
				part.full = c.maxOf(m.node)
				part.max = part.full
			}
			if !c.maxOf(m.node).Equal(part.max) {
				c.reportAt(path, "各表的满分必须相等：%s 是 %s，应为 %s", c.nodeID(m.node), c.maxOf(m.node), part.max)
			}
		}
	case MethodMean, MethodGeomean, MethodMin:
		for _, m := range part.children {
			if c.maxOf(m.node).Sign() <= 0 {
				c.reportAt(path, "成员 %s 的满分不大于 0，没有得分率", c.nodeID(m.node))
			}
		}
	}
}
