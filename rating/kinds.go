package rating

import (
	"fmt"
	"strings"

	"redsteward/internal/num"
)

// rules compiles the rule of an indicator and notes which facts it reads.
func (c *schemeChecker) rules(path string, rule Rule, ind *indicatorProgram) compiledRule {
	value := func(of Expr) operand { return c.operand(path+".of", of, wantNumber) }
	switch r := rule.(type) {
	case *TiersRule:
		o := value(r.Of)
		low, high := c.domain(&o)
		rest := r.Otherwise != nil || o.kind == operandNone || c.missed(path+".otherwise") // then no value is left out
		c.tiers(path+".tiers", r.Tiers, rest, low, high)
		for i := range r.Tiers {
			c.points(fmt.Sprintf("%s.tiers[%d].points", path, i), r.Tiers[i].Points, ind)
		}
		if r.Otherwise != nil {
			c.points(path+".otherwise", *r.Otherwise, ind)
		}
		return &tiersProgram{of: o, rule: r}
	case *ChoiceRule:
		return c.choiceRule(path, r, ind)
	case *LinearRule:
		p := &linearProgram{of: value(r.Of), each: r.Each}
		if r.Start != nil {
			p.start = *r.Start
		}
		return p
	case *TargetRule:
		return &lineProgram{of: value(r.Of), low: r.Zero, slope: c.slope(path+".target", r.Zero, r.Target, ind)}
	case *GoalpostsRule:
		return c.goalposts(path, r, value(r.Of), ind)
	case *ChecklistRule:
		return c.checklist(path, r, ind)
	case *DeductionsRule:
		return c.deductions(path, r, ind)
	case *SurveyRule:
		return c.survey(path, r, ind)
	case *EventsRule:
		return c.events(path, r, ind)
	case *MinMaxRule:
		return &minMaxProgram{c.statistic(path, &r.CohortOptions, false, ind)}
	case *ZScoreRule:
		return &zScoreProgram{c.statistic(path, &r.CohortOptions, false, ind), r}
	case *PercentileRule:
		return &percentileProgram{c.statistic(path, &r.CohortOptions, true, ind), r.Ties}
	case *ExprRule:
		return &exprRuleProgram{c.operand(path+".points", r.Points, wantNumber)}
	}
	panic("rating: rule without a program: " + rule.Kind())
}

// points reports points that the indicator's min and max would cut off.
func (c *schemeChecker) points(path string, x num.Num, ind *indicatorProgram) {
	if entry, _, _ := strings.Cut(path, "."); c.missed(entry+".max") || c.missed(entry+".min") {
		return
	}
	if x.Less(ind.min) || ind.max.Less(x) {
		c.reportAt(path, "得分 %s 不在 %s 到 %s 之间", x, ind.min, ind.max)
	}
}

// domain returns the bounds that the declaration of a fact sets to an operand that is a bare fact; nil where there is none.
func (c *schemeChecker) domain(o *operand) (low, high *num.Num) {
	if o.kind != operandRef || o.ref.kind != refFact && o.ref.kind != refQuotient {
		return nil, nil
	}
	f := &c.s.Facts[o.ref.a]
	low, high = f.Min, f.Max
	if low == nil && (f.Type == TypeCount || f.Type == TypeRatio) {
		low = new(num.Num)
	}
	return low, high
}

// slope is the points for one unit of the value on the line from low (min points) to high (max points).
func (c *schemeChecker) slope(path string, low, high num.Num, ind *indicatorProgram) num.Num {
	slope, err := ind.span.Quo(high.Sub(low))
	if err != nil {
		c.reportAt(path, "两端的值不能相同")
	}
	return slope
}

type tiersProgram struct {
	of   operand
	rule *TiersRule
}

func (p *tiersProgram) points(m *machine, _ *indicatorProgram, line *Line) (num.Num, absence) {
	x, gone := m.number(&p.of)
	if gone.kind != nothingAbsent {
		return x, gone
	}
	line.read(x)
	for i := range p.rule.Tiers {
		if p.rule.Tiers[i].Bounds.holds(x) {
			return p.rule.Tiers[i].Points, absence{}
		}
	}
	if p.rule.Otherwise != nil {
		return *p.rule.Otherwise, absence{}
	}
	return num.Num{}, absence{kind: valueMissing, reason: "数值 " + x.String() + " 不在任何一档"}
}

type choiceProgram struct {
	fact   int
	values []num.Num // points in the order of the declared values; of a bool: no, yes
	ids    []string
}

func (c *schemeChecker) choiceRule(path string, r *ChoiceRule, ind *indicatorProgram) compiledRule {
	p := &choiceProgram{fact: c.factOf(path+".of", r.Of, TypeText, TypeBool)}
	if p.fact < 0 {
		return p
	}
	f := &c.s.Facts[p.fact]
	if f.Type == TypeBool {
		p.ids = []string{"no", "yes"}
	} else {
		for _, v := range f.Values {
			p.ids = append(p.ids, v.ID)
		}
		if len(p.ids) == 0 {
			c.reportAt(path+".of", "事实 %s 没有声明 values", f.ID)
		}
	}
	for _, id := range p.ids {
		x, ok := r.Points[id]
		if !ok {
			c.reportAt(path+".points", "没有写取值 %s 的得分", id)
		}
		c.points(path+".points."+id, x, ind)
		p.values = append(p.values, x)
	}
	for id := range r.Points {
		if !contains(p.ids, id) {
			c.reportAt(path+".points."+id, "事实 %s 没有取值 %q", f.ID, short(id))
		}
	}
	return p
}

func (p *choiceProgram) points(m *machine, _ *indicatorProgram, _ *Line) (num.Num, absence) {
	v, gone := m.fact(p.fact)
	if gone.kind != nothingAbsent {
		return num.Num{}, gone
	}
	if m.p.scheme.Facts[p.fact].Type == TypeBool {
		if v.Number.IsZero() {
			return p.values[0], absence{}
		}
		return p.values[1], absence{}
	}
	for i, id := range p.ids {
		if id == v.Text {
			return p.values[i], absence{}
		}
	}
	return num.Num{}, absence{kind: valueMissing, reason: "没有声明的取值"}
}

type linearProgram struct {
	of          operand
	start, each num.Num
}

func (p *linearProgram) points(m *machine, _ *indicatorProgram, line *Line) (num.Num, absence) {
	x, gone := m.number(&p.of)
	if gone.kind != nothingAbsent {
		return x, gone
	}
	line.read(x)
	return p.start.Add(p.each.Mul(x)), absence{}
}

// lineProgram is the straight line of target, goalposts and survey.
type lineProgram struct {
	of    operand
	low   num.Num
	slope num.Num
	log   bool
}

func (p *lineProgram) points(m *machine, ind *indicatorProgram, line *Line) (num.Num, absence) {
	x, gone := m.number(&p.of)
	if gone.kind != nothingAbsent {
		return x, gone
	}
	line.read(x)
	if p.log {
		if x.Sign() <= 0 { // the logarithm falls without end towards zero
			if p.slope.Sign() > 0 {
				return ind.min, absence{}
			}
			return ind.max, absence{}
		}
		ln, err := x.Ln()
		if err != nil {
			return x, failed(err)
		}
		x = ln
	}
	return ind.min.Add(p.slope.Mul(x.Sub(p.low))), absence{}
}

func (c *schemeChecker) goalposts(path string, r *GoalpostsRule, of operand, ind *indicatorProgram) compiledRule {
	p := &lineProgram{of: of, low: r.Low, log: r.Scale == "log"}
	high := r.High
	if p.log {
		if r.Low.Sign() <= 0 || r.High.Sign() <= 0 {
			c.reportAt(path+".low", "按对数时上下限都要大于 0")
			return p
		}
		var err error
		if p.low, err = r.Low.Ln(); err == nil {
			high, err = r.High.Ln()
		}
		if err != nil {
			c.reportAt(path+".low", "上下限太大或太小，算不出对数")
			return p
		}
	}
	p.slope = c.slope(path+".high", p.low, high, ind)
	return p
}

type exprRuleProgram struct{ of operand }

func (p *exprRuleProgram) points(m *machine, _ *indicatorProgram, line *Line) (num.Num, absence) {
	x, gone := m.number(&p.of)
	if gone.kind == nothingAbsent {
		line.read(x)
	}
	return x, gone
}
