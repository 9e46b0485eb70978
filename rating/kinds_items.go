package rating

import (
	"fmt"
	"sort"

	"redsteward/internal/num"
)

type checklistProgram struct {
	fact    int
	weights []num.Num
	full    []num.Num // weight × scale
	scale   num.Num
	missing string
}

func (c *schemeChecker) checklist(path string, r *ChecklistRule, _ *indicatorProgram) compiledRule {
	p := &checklistProgram{fact: c.factOf(path+".of", r.Of, TypeChecklist), scale: r.Scale, missing: r.MissingItems}
	if r.Scale.Sign() <= 0 {
		c.reportAt(path+".scale", "条目的满分要大于 0")
	}
	if p.fact < 0 {
		return p
	}
	f := &c.s.Facts[p.fact]
	if f.Max != nil && r.Scale.Less(*f.Max) {
		c.reportAt(path+".scale", "条目的满分 %s 小于事实 %s 允许的最大值 %s", r.Scale, f.ID, f.Max)
	}
	for _, item := range f.Items {
		w := one
		if item.Weight != nil {
			w = *item.Weight
		}
		p.weights = append(p.weights, w)
		p.full = append(p.full, w.Mul(r.Scale))
	}
	return p
}

func (p *checklistProgram) points(m *machine, ind *indicatorProgram, line *Line) (num.Num, absence) {
	v, gone := m.fact(p.fact)
	if gone.kind != nothingAbsent {
		return num.Num{}, gone
	}
	var sum, full num.Num
	line.Items = m.takeItems(len(v.Items))
	lost := false
	decl := m.p.scheme.Facts[p.fact].Items
	for i := range v.Items {
		in, out := &v.Items[i], &line.Items[i]
		out.ID, out.State = decl[i].ID, in.State
		switch {
		case in.State == Present:
			out.Value = in.Number
			out.Points = p.weights[i].Mul(in.Number)
			sum = sum.Add(out.Points)
		case in.State == NotApplicable || p.missing == "exclude":
			continue
		case p.missing != "zero":
			lost = true
			continue
		}
		out.Max = p.full[i]
		full = full.Add(out.Max)
	}
	if lost {
		return num.Num{}, absence{kind: valueMissing, reason: "检查表有条目没有填"}
	}
	rate, err := sum.Quo(full)
	if err != nil {
		return num.Num{}, absence{kind: valueNA, reason: "检查表没有适用的条目"}
	}
	line.read(rate)
	return ind.min.Add(ind.span.Mul(rate)), absence{}
}

type deductionsProgram struct {
	fact    int
	start   num.Num
	each    []num.Num
	atMost  []*num.Num
	cap     *num.Num
	missing string
}

func (c *schemeChecker) deductions(path string, r *DeductionsRule, ind *indicatorProgram) compiledRule {
	p := &deductionsProgram{fact: c.factOf(path+".of", r.Of, TypeChecklist), start: ind.max, cap: r.AtMost, missing: r.MissingItems}
	if r.Start != nil {
		p.start = *r.Start
	}
	if p.fact < 0 {
		return p
	}
	f := &c.s.Facts[p.fact]
	positive := func(at string, x *num.Num) {
		if x != nil && x.Sign() < 0 {
			c.reportAt(at, "扣分写正数")
		}
	}
	positive(path+".each", r.Each)
	positive(path+".at_most", r.AtMost)
	own := map[string]*ItemDeduction{}
	for i := range r.Items {
		d := &r.Items[i]
		at := fmt.Sprintf("%s.items[%d]", path, i)
		positive(at+".each", d.Each)
		positive(at+".at_most", d.AtMost)
		if own[d.Item] != nil {
			c.reportAt(at+".item", "条目 %q 重复了", d.Item)
		}
		own[d.Item] = d
	}
	for _, item := range f.Items {
		each, most := r.Each, (*num.Num)(nil)
		if d := own[item.ID]; d != nil {
			most = d.AtMost
			if d.Each != nil {
				each = d.Each
			}
			delete(own, item.ID)
		}
		if each == nil {
			c.reportAt(path, "没有写条目 %s 每处扣多少分", item.ID)
			each = new(num.Num)
		}
		p.each = append(p.each, *each)
		p.atMost = append(p.atMost, most)
	}
	for i := range r.Items {
		if own[r.Items[i].Item] != nil {
			c.reportAt(fmt.Sprintf("%s.items[%d].item", path, i), "检查表 %s 没有条目 %q", f.ID, short(r.Items[i].Item))
		}
	}
	return p
}

func (p *deductionsProgram) points(m *machine, _ *indicatorProgram, line *Line) (num.Num, absence) {
	v, gone := m.fact(p.fact)
	if gone.kind != nothingAbsent {
		return num.Num{}, gone
	}
	var sum num.Num
	line.Items = m.takeItems(len(v.Items))
	lost, applies := false, false
	decl := m.p.scheme.Facts[p.fact].Items
	for i := range v.Items {
		in, out := &v.Items[i], &line.Items[i]
		out.ID, out.State = decl[i].ID, in.State
		if in.State != Present {
			lost = lost || in.State == Missing && p.missing != "exclude"
			continue
		}
		applies = true
		out.Value = in.Number
		off := p.each[i].Mul(in.Number)
		if p.atMost[i] != nil {
			off = num.Min(off, *p.atMost[i])
		}
		out.Points = off.Neg()
		sum = sum.Add(off)
	}
	switch {
	case lost:
		return num.Num{}, absence{kind: valueMissing, reason: "检查表有条目没有填"}
	case !applies:
		return num.Num{}, absence{kind: valueNA, reason: "检查表没有适用的条目"}
	}
	if p.cap != nil {
		sum = num.Min(sum, *p.cap)
	}
	line.read(sum)
	return p.start.Sub(sum), absence{}
}

type surveyProgram struct {
	fact  int
	worth []num.Num
	zero  num.Num
	slope num.Num
	min   []MinAnswers
}

func (c *schemeChecker) survey(path string, r *SurveyRule, ind *indicatorProgram) compiledRule {
	p := &surveyProgram{fact: c.factOf(path+".of", r.Of, TypeSurvey), min: r.MinAnswers}
	target := one
	if r.Zero != nil {
		p.zero = *r.Zero
	}
	if r.Target != nil {
		target = *r.Target
	}
	p.slope = c.slope(path+".target", p.zero, target, ind)
	for i, need := range r.MinAnswers {
		at := fmt.Sprintf("%s.min_answers[%d]", path, i)
		if need.Share == nil && need.AtLeast == nil {
			c.reportAt(at, "要写 share（比例）或 at_least（份数）")
		}
		if need.Below == nil && i < len(r.MinAnswers)-1 {
			c.reportAt(at, "没有 population_below 的一段只能放在最后")
		}
		if i > 0 && need.Below != nil && r.MinAnswers[i-1].Below != nil {
			c.less(at+".population_below", *r.MinAnswers[i-1].Below, *need.Below, "分段")
		}
	}
	if p.fact < 0 {
		return p
	}
	for _, l := range c.s.Facts[p.fact].Levels {
		p.worth = append(p.worth, l.Worth)
	}
	return p
}

func (p *surveyProgram) points(m *machine, ind *indicatorProgram, line *Line) (num.Num, absence) {
	v, gone := m.fact(p.fact)
	if gone.kind != nothingAbsent {
		return num.Num{}, gone
	}
	var answers, worth num.Num
	line.Items = m.takeItems(len(v.Items))
	decl := m.p.scheme.Facts[p.fact].Levels
	for i := range v.Items {
		in, out := &v.Items[i], &line.Items[i]
		out.ID, out.State = decl[i].ID, in.State
		if in.State != Present {
			continue
		}
		out.Value, out.Max = in.Number, in.Number
		out.Points = p.worth[i].Mul(in.Number)
		answers = answers.Add(in.Number)
		worth = worth.Add(out.Points)
	}
	if need := p.needed(v.Number); answers.Less(need) {
		return num.Num{}, absence{kind: valueMissing, reason: "答卷 " + answers.String() + " 份，少于规定的 " + need.Round(0, num.Ceiling).String() + " 份"}
	}
	rate, err := worth.Quo(answers)
	if err != nil {
		return num.Num{}, absence{kind: valueMissing, reason: "没有答卷"}
	}
	line.read(rate)
	return ind.min.Add(p.slope.Mul(rate.Sub(p.zero))), absence{}
}

// needed is how many answers a population needs: the larger of the share and the number.
func (p *surveyProgram) needed(population num.Num) num.Num {
	for i := range p.min {
		need := &p.min[i]
		if need.Below != nil && !population.Less(*need.Below) {
			continue
		}
		var n num.Num
		if need.Share != nil {
			n = need.Share.Mul(population)
		}
		if need.AtLeast != nil {
			n = num.Max(n, *need.AtLeast)
		}
		return n
	}
	return num.Num{}
}

type eventsProgram struct {
	fact    int
	start   num.Num
	codes   []bool // by place of the code: whether it counts
	class   []int  // by place of the code: place of its class, -1 for none
	classes []ClassCap
}

func (c *schemeChecker) events(path string, r *EventsRule, _ *indicatorProgram) compiledRule {
	p := &eventsProgram{fact: c.factOf(path+".of", r.Of, TypeEvents), classes: r.Classes}
	if r.Start != nil {
		p.start = *r.Start
	}
	if p.fact < 0 {
		return p
	}
	c.codes(path+".codes", p.fact, r.Codes)
	place := map[string]int{}
	for i, class := range r.Classes {
		at := fmt.Sprintf("%s.classes[%d]", path, i)
		c.unique(place, at+".class", class.Class, i)
		if class.AtLeast != nil && class.AtMost != nil {
			c.less(at+".at_most", *class.AtLeast, *class.AtMost, "上限")
		}
	}
	used := map[string]bool{}
	for _, code := range c.s.Facts[p.fact].Codes {
		class, ok := place[code.Class]
		if !ok {
			class = -1
		}
		used[code.Class] = true
		p.class = append(p.class, class)
		p.codes = append(p.codes, len(r.Codes) == 0 || contains(r.Codes, code.ID))
	}
	for i, class := range r.Classes {
		if !used[class.Class] {
			c.reportAt(fmt.Sprintf("%s.classes[%d].class", path, i), "没有代码属于类别 %q", class.Class)
		}
	}
	return p
}

// until is the last day on which an event counts; zero means without end.
func (code *Code) until(e *Event) Date {
	if e.Until == 0 && code.Months > 0 {
		return e.Date.lastDay(code.Months)
	}
	return e.Until
}

// active reports whether an event counts on a day.
func (code *Code) active(e *Event, day Date) bool {
	until := code.until(e)
	return e.Date <= day && (until == 0 || day <= until)
}

// codeIndex finds a declared code.
func (f *Fact) codeIndex(id string) int {
	for i := range f.Codes {
		if f.Codes[i].ID == id {
			return i
		}
	}
	return -1
}

func (p *eventsProgram) points(m *machine, _ *indicatorProgram, line *Line) (num.Num, absence) {
	v, gone := m.fact(p.fact)
	if gone.kind != nothingAbsent {
		return num.Num{}, gone
	}
	f := &m.p.scheme.Facts[p.fact]
	total := p.start
	sums := make([]num.Num, len(p.classes))
	for i := range v.Events {
		e := &v.Events[i]
		at := f.codeIndex(e.Code)
		if at < 0 || !p.codes[at] || !f.Codes[at].active(e, m.sub.AsOf) {
			continue
		}
		item := ItemLine{ID: e.Code, State: Present, Date: e.Date, Until: f.Codes[at].until(e), Source: e.Source}
		switch {
		case f.Codes[at].Points != nil:
			item.Points = *f.Codes[at].Points
		case e.Points != nil:
			item.Points = *e.Points
		}
		line.Items = append(line.Items, item)
		if class := p.class[at]; class >= 0 {
			sums[class] = sums[class].Add(item.Points)
		} else {
			total = total.Add(item.Points)
		}
	}
	for i, sum := range sums {
		if most := p.classes[i].AtMost; most != nil {
			sum = num.Min(sum, *most)
		}
		if least := p.classes[i].AtLeast; least != nil {
			sum = num.Max(sum, *least)
		}
		total = total.Add(sum)
	}
	sort.SliceStable(line.Items, func(i, j int) bool { return line.Items[i].before(&line.Items[j]) })
	line.read(total)
	return total, absence{}
}

// before orders event lines, so that the order of the evidence does not matter.
func (a *ItemLine) before(b *ItemLine) bool {
	switch {
	case a.Date != b.Date:
		return a.Date < b.Date
	case a.ID != b.ID:
		return a.ID < b.ID
	case a.Until != b.Until:
		return a.Until < b.Until
	case !a.Points.Equal(b.Points):
		return a.Points.Less(b.Points)
	}
	return a.Source < b.Source
}
