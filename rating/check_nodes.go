package rating

import (
	"fmt"

	"redsteward/internal/num"
)

// tree links indicators and parts to the part they stand in.
func (c *schemeChecker) tree() {
	s, p := c.s, c.p
	p.parts = make([]partProgram, len(s.Parts)+1)
	for i := range s.Parts {
		p.parts[i] = partProgram{id: s.Parts[i].ID, agg: &s.Parts[i].Aggregate}
	}
	p.parts[len(s.Parts)] = partProgram{id: "total", agg: &s.Total}
	parent := make([]int, len(s.Parts)) // place of the part above, -1 for none
	for i := range s.Parts {
		parent[i] = c.attach(fmt.Sprintf("parts[%d]", i), s.Parts[i].In, len(s.Indicators)+i, s.Parts[i].Weight)
	}
	for i := range s.Indicators {
		c.attach(fmt.Sprintf("indicators[%d]", i), s.Indicators[i].In, i, s.Indicators[i].Weight)
	}
	for i := range parent {
		steps := 0
		for at := i; at >= 0 && at < len(parent); at = parent[at] {
			if steps++; steps > len(parent) {
				c.reportAt(fmt.Sprintf("parts[%d].in", i), "部分 %s 绕了一圈又属于自己", s.Parts[i].ID)
				c.looped = true
				break
			}
		}
	}
}

// attach makes a node a member of the part that in names and returns that part's place, -1 for none.
func (c *schemeChecker) attach(path, in string, node int, weight *num.Num) int {
	w := one
	if weight != nil {
		w = *weight
		if w.Sign() <= 0 {
			c.reportAt(path+".weight", "权重要大于 0")
		}
	}
	if in == "none" {
		return -1
	}
	place := len(c.s.Parts)
	if in != "" && in != "total" {
		at, ok := c.p.nodeIndex[in]
		if !ok || at < len(c.s.Indicators) {
			c.absentFrom([]string{"parts"}, path+".in", "没有声明部分 %q%s", short(in), c.near(in, c.p.nodeIndex))
			return -1
		}
		place = at - len(c.s.Indicators)
	}
	c.p.parts[place].children = append(c.p.parts[place].children, child{node: node, weight: w})
	return place
}

// rounding returns the declared rounding: of the node, or the default, or none.
func rounding(own, fallback Rounding) Rounding {
	if own != nil {
		return own
	}
	return fallback
}

// decimals returns how many decimals are shown.
func (s *Scheme) decimals(own *int) int {
	switch {
	case own != nil:
		return *own
	case s.Defaults.Decimals != nil:
		return *s.Defaults.Decimals
	}
	return 2
}

func (c *schemeChecker) shown(path string, decimals *int) {
	if decimals != nil && (*decimals < 0 || *decimals > 10) {
		c.reportAt(path+".decimals", "小数位数要在 0 到 10 之间")
	}
}

func (c *schemeChecker) absent(path string, own, fallback *Absent, otherwise string, low, high num.Num) Absent {
	a := Absent{Mode: otherwise}
	switch {
	case own != nil:
		a = *own
	case fallback != nil:
		a = *fallback
		path = "defaults"
	}
	if a.Mode == AbsentPoints && own != nil && (a.Points.Less(low) || high.Less(a.Points)) {
		c.reportAt(path, "固定分值 %s 不在 %s 到 %s 之间", a.Points, low, high)
	}
	return a
}

func (c *schemeChecker) indicators() {
	s, p := c.s, c.p
	c.shown("defaults", s.Defaults.Decimals)
	voices := map[string]bool{}
	for _, v := range s.Voices {
		voices[v.ID] = true
	}
	p.indicators = make([]indicatorProgram, len(s.Indicators))
	for i := range s.Indicators {
		d := &s.Indicators[i]
		path := fmt.Sprintf("indicators[%d]", i)
		ind := &p.indicators[i]
		*ind = indicatorProgram{decl: d, max: d.Max, round: rounding(d.Round, s.Defaults.RoundIndicator)}
		if d.Min != nil {
			ind.min = *d.Min
		}
		c.less(path+".max", ind.min, ind.max, "满分")
		ind.span = ind.max.Sub(ind.min)
		if d.Basis == "" && !d.Proposal && !s.Proposal && !c.missed("proposal") {
			c.reportAt(path, "要写 basis（依据），没有依据的写 proposal: true")
		}
		if d.Voice != "" && !voices[d.Voice] {
			c.absentFrom([]string{"voices"}, path+".voice", "没有声明评价主体 %q", d.Voice)
		}
		c.shown(path, d.Decimals)
		ind.missing = c.absent(path+".missing", d.Missing, s.Defaults.Missing, AbsentBlock, ind.min, ind.max)
		ind.na = c.absent(path+".na", d.NotApplicable, s.Defaults.NotApplicable, AbsentExclude, ind.min, ind.max)
		ind.applies = c.operand(path+".applies", d.Applies, wantBool)
		if d.Rule != nil {
			ind.rule = c.rules(path+".rule", d.Rule, ind)
		}
	}
}

// partKeys are the keys that only some methods have.
var partKeys = []struct {
	key     string
	methods []string
	given   func(a *Aggregate) bool
}{
	{"when_excluded", []string{MethodSum}, func(a *Aggregate) bool { return a.WhenExcluded != "" }},
	{"choose", []string{MethodChoose}, func(a *Aggregate) bool { return a.Choose != nil }},
	{"start", []string{MethodSteps}, func(a *Aggregate) bool { return a.Start != "" }},
	{"steps", []string{MethodSteps}, func(a *Aggregate) bool { return a.Steps != nil }},
	{"value", []string{MethodExpr}, func(a *Aggregate) bool { return a.Value != "" }},
}

func (c *schemeChecker) partRules() {
	for i := range c.p.parts {
		path := fmt.Sprintf("parts[%d]", i)
		if i == len(c.s.Parts) {
			path = "total"
		}
		c.part(path, &c.p.parts[i])
	}
}

func (c *schemeChecker) part(path string, part *partProgram) {
	a := part.agg
	part.method = a.Method
	if part.method == "" {
		part.method = MethodSum
	}
	for _, k := range partKeys {
		if k.given(a) && !contains(k.methods, part.method) {
			c.reportAt(path+"."+k.key, "方法 %s 没有键 %s", part.method, k.key)
		}
	}
	part.round = rounding(a.Round, c.s.Defaults.RoundPart)
	if path == "total" && a.Round == nil {
		part.round = nil
	}
	part.decimals = c.s.decimals(a.Decimals)
	c.shown(path, a.Decimals)
	if a.Least != nil && a.Most != nil {
		c.less(path+".at_most", *a.Least, *a.Most, "上限")
	}
	if a.Max != nil {
		part.max = *a.Max
		if part.max.Sign() <= 0 {
			c.reportAt(path+".max", "满分要大于 0")
		}
	} else if part.method != MethodSum && part.method != MethodChoose {
		c.reportAt(path, "方法 %s 缺少键 max", part.method)
	}
	if len(part.children) == 0 && !c.hole("indicators") && !c.hole("parts") && part.method != MethodSteps && part.method != MethodExpr {
		c.reportAt(path, "没有任何指标或部分属于这里")
	}
	switch part.method {
	case MethodChoose:
		c.choose(path, part)
	case MethodSteps:
		part.start = c.operand(path+".start", a.Start, wantNumber)
		if a.Start == "" {
			c.reportAt(path, "方法 steps 缺少键 start")
		}
		if len(a.Steps) == 0 {
			c.reportAt(path, "方法 steps 缺少键 steps")
		}
		seen := map[string]int{}
		for i := range a.Steps {
			d := &a.Steps[i]
			at := fmt.Sprintf("%s.steps[%d]", path, i)
			c.unique(seen, at+".id", d.ID, i)
			if d.Add == "" && d.Least == nil && d.Most == nil {
				c.reportAt(at, "这一步什么也没有做：要写 add、at_least 或 at_most")
			}
			part.steps = append(part.steps, stepProgram{
				decl: d, when: c.operand(at+".when", d.When, wantBool), add: c.operand(at+".add", d.Add, wantNumber),
			})
		}
	case MethodExpr:
		part.value = c.operand(path+".value", a.Value, wantNumber)
		if a.Value == "" {
			c.reportAt(path, "方法 expr 缺少键 value")
		}
	}
}

// choose links every declared value of the text to a member, and wants all members to be used and to have one maximum.
func (c *schemeChecker) choose(path string, part *partProgram) {
	ch := part.agg.Choose
	if ch == nil {
		c.reportAt(path, "方法 choose 缺少键 choose")
		return
	}
	part.choose = c.factOf(path+".choose.by", ch.By, TypeText)
	if part.choose < 0 {
		return
	}
	f := &c.s.Facts[part.choose]
	if len(f.Values) == 0 {
		c.reportAt(path+".choose.by", "事实 %s 没有声明 values，不能用来选表", f.ID)
	}
	if c.hole("indicators") || c.hole("parts") {
		return // who is a member is not known
	}
	members := map[int]int{}
	for i, m := range part.children {
		members[m.node] = i
	}
	part.chosen = map[string]int{}
	used := map[int]bool{}
	for value, id := range ch.Of {
		at := path + ".choose.of." + value
		if i := f.valueIndex(value); i < 0 || f.Values[i].ID != value {
			c.reportAt(at, "事实 %s 没有取值 %q", f.ID, short(value))
		}
		node, ok := c.p.nodeIndex[id]
		i, member := members[node]
		if !ok || !member {
			c.reportAt(at, "%q 不是这里的成员", short(id))
			continue
		}
		part.chosen[value] = i
		used[i] = true
	}
	for _, v := range f.Values {
		if _, ok := ch.Of[v.ID]; !ok {
			c.reportAt(path+".choose.of", "没有写取值 %s（%s）用哪一张表", v.ID, v.Text)
		}
	}
	for i, m := range part.children {
		if !used[i] {
			c.reportAt(path+".choose.of", "成员 %s 从来不会选用", c.nodeID(m.node))
		}
	}
}

// nodeID is the id of an indicator or part.
func (c *schemeChecker) nodeID(node int) string {
	if node < len(c.s.Indicators) {
		return c.s.Indicators[node].ID
	}
	return c.p.parts[node-len(c.s.Indicators)].id
}

// adjustKeys are the keys that only some kinds have, and whether these kinds need them.
var adjustKeys = []struct {
	key   string
	kinds []string
	need  bool
	given func(a *Adjustment) bool
}{
	{"points", []string{AdjustBonus, AdjustDeduction}, true, func(a *Adjustment) bool { return a.Points != "" }},
	{"at_most", []string{AdjustBonus, AdjustDeduction}, false, func(a *Adjustment) bool { return a.Most != nil }},
	{"not_across", []string{AdjustBonus}, false, func(a *Adjustment) bool { return a.NotAcross != nil }},
	{"at", []string{AdjustCap, AdjustFloor}, true, func(a *Adjustment) bool { return a.At != nil }},
	{"round", []string{AdjustRound}, true, func(a *Adjustment) bool { return a.Round != nil }},
	{"grade", []string{AdjustCapGrade, AdjustFloorGrade, AdjustVoid}, true, func(a *Adjustment) bool { return a.Grade != "" }},
}

func (c *schemeChecker) adjustments() {
	for i := range c.s.Adjust {
		d := &c.s.Adjust[i]
		path := fmt.Sprintf("adjust[%d]", i)
		for _, k := range adjustKeys {
			has := contains(k.kinds, d.Kind)
			switch {
			case k.given(d) && !has:
				c.reportAt(path+"."+k.key, "种类 %s 没有键 %s", d.Kind, k.key)
			case k.need && has && !k.given(d):
				c.reportAt(path, "种类 %s 缺少键 %s", d.Kind, k.key)
			}
		}
		if d.Basis == "" && !d.Proposal && !c.s.Proposal && !c.missed("proposal") {
			c.reportAt(path, "要写 basis（依据），没有依据的写 proposal: true")
		}
		c.validity(path+".valid", d.Valid)
		a := adjustProgram{decl: d, fact: -1, grade: -1}
		a.when = c.operand(path+".when", d.When, wantBool)
		a.points = c.operand(path+".points", d.Points, wantNumber)
		if d.Most != nil && d.Most.Sign() < 0 {
			c.reportAt(path+".at_most", "上限不能是负数")
		}
		for j, b := range d.NotAcross {
			c.less(fmt.Sprintf("%s.not_across[%d].cut", path, j), b.StopAt, b.Cut, "分数线")
		}
		if d.Events != nil {
			a.fact = c.factOf(path+".events.fact", d.Events.Fact, TypeEvents)
			a.codes = d.Events.Codes
			c.codes(path+".events.codes", a.fact, a.codes)
		}
		if d.Grade != "" {
			a.grade = c.gradeOf(path+".grade", d.Grade)
			if a.grade >= 0 && d.Kind != AdjustVoid && !c.hole(fmt.Sprintf("grades.list[%d]", a.grade)) && c.s.Grades.List[a.grade].Level == nil {
				c.reportAt(path+".grade", "等级 %s 没有 level，不能用来封顶或保底", d.Grade)
			}
			if d.Kind == AdjustVoid && d.When == "" && d.Events == nil {
				c.reportAt(path, "否决要写条件（when 或 events）")
			}
		}
		c.p.adjust = append(c.p.adjust, a)
	}
}

func (c *schemeChecker) codes(path string, fact int, codes []string) {
	if fact < 0 {
		return
	}
	known := map[string]bool{}
	for _, code := range c.s.Facts[fact].Codes {
		known[code.ID] = true
	}
	for i, code := range codes {
		if !known[code] {
			c.reportAt(fmt.Sprintf("%s[%d]", path, i), "事实 %s 没有代码 %q", c.s.Facts[fact].ID, short(code))
		}
	}
}

func (c *schemeChecker) gradeOf(path, id string) int {
	i, ok := c.p.gradeIndex[id]
	if !ok {
		c.absentFrom([]string{"grades.list"}, path, "没有声明等级 %q%s", short(id), c.near(id, c.p.gradeIndex))
		return -1
	}
	return i
}

func (c *schemeChecker) outputs() {
	for i := range c.s.Outputs {
		d := &c.s.Outputs[i]
		path := fmt.Sprintf("outputs[%d]", i)
		o := outputProgram{
			decl: d, value: c.operand(path+".value", d.Value, wantNumber),
			round: rounding(d.Round, c.s.Defaults.RoundOutput), decimals: c.s.decimals(d.Decimals),
		}
		c.shown(path, d.Decimals)
		if d.Tiers != nil {
			c.tiers(path+".tiers", d.Tiers, false, nil, nil)
		}
		if d.Least != nil && d.Most != nil {
			c.less(path+".at_most", *d.Least, *d.Most, "上限")
		}
		c.p.outputs = append(c.p.outputs, o)
	}
}

func (c *schemeChecker) eligibility() {
	for i := range c.s.Eligibility {
		d := &c.s.Eligibility[i]
		path := fmt.Sprintf("eligibility[%d]", i)
		if d.Grade != "" {
			c.gradeOf(path+".grade", d.Grade)
		}
		c.p.require = append(c.p.require, c.operand(path+".when", d.When, wantBool))
	}
}

func (c *schemeChecker) gradeList() {
	c.p.grades = c.compileGrades("grades", c.s.Grades.Of, c.s.Grades.List, true)
}

// maxGradeMonths is for how many months a grade can stand at most.
const maxGradeMonths = 120

// compileGrades checks a list of grades: every value gets one, and each can be reached.
func (c *schemeChecker) compileGrades(path string, of Expr, list []Grade, main bool) []gradeProgram {
	if of == "" {
		of = "total"
	}
	common := c.operand(path+".of", of, wantNumber)
	var out []gradeProgram
	var lowest *num.Num // what an earlier grade without further conditions already takes, from here upwards
	levels := map[int]string{}
	ended := false
	for i := range list {
		d := &list[i]
		at := fmt.Sprintf("%s.list[%d]", path, i)
		if !main {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		g := gradeProgram{decl: d, of: common, when: c.operand(at+".when", d.When, wantBool)}
		if d.Of != "" {
			g.of = c.operand(at+".of", d.Of, wantNumber)
		}
		c.bounds(at, &d.Bounds)
		for j := range d.Needs {
			g.needs = append(g.needs, c.operand(fmt.Sprintf("%s.needs[%d].of", at, j), d.Needs[j].Of, wantNumber))
			c.bounds(fmt.Sprintf("%s.needs[%d]", at, j), &d.Needs[j].Bounds)
			if d.Needs[j].Bounds.empty() {
				c.reportAt(fmt.Sprintf("%s.needs[%d]", at, j), "没有写范围（at_least、above、at_most、below）")
			}
		}
		if d.Level != nil {
			if id, twice := levels[*d.Level]; twice {
				c.reportAt(at+".level", "与等级 %s 的 level 相同", id)
			}
			levels[*d.Level] = d.ID
		}
		switch {
		case d.Months < 0 || d.Months > maxGradeMonths:
			c.reportAt(at+".months", "要在 0 至 %d 个月之间", maxGradeMonths)
		case d.Months > 0 && (!main || d.Level == nil):
			c.reportAt(at+".months", "只有评价对象的、写了 level 的等级有有效期")
		}
		conditions := !d.Bounds.empty() || len(d.Needs) > 0 || d.When != ""
		set := 0
		for _, yes := range []bool{conditions, d.Otherwise, d.Blocked, d.Special} {
			if yes {
				set++
			}
		}
		switch {
		case set == 0:
			c.reportAt(at, "没有写条件；其余情况写 otherwise: true")
		case set > 1 && !(d.Blocked && conditions && !d.Otherwise && !d.Special):
			c.reportAt(at, "条件、otherwise、blocked、special 只能有一种（blocked 可以另带条件）")
		case ended && !d.Blocked && !d.Special:
			c.reportAt(at, "前面已有 otherwise，永远轮不到这一级")
		}
		if !main && (d.Blocked || d.Special) {
			c.reportAt(at, "汇总的等级不能用 blocked 和 special")
		}
		ended = ended || d.Otherwise
		span := d.Bounds.interval()
		if conditions && !d.Blocked && d.Of == "" {
			if lowest != nil && span.low != nil && !span.low.Less(*lowest) {
				c.reportAt(at, "%s 以上已归前面的等级，永远轮不到这一级", lowest)
			}
			if span.low != nil && !span.lowOpen && span.high == nil && len(d.Needs) == 0 && d.When == "" && (lowest == nil || span.low.Less(*lowest)) {
				lowest = span.low
			}
		}
		out = append(out, g)
	}
	if len(list) > 0 && !ended {
		c.reportAt(path, "最后要有一级写 otherwise: true，否则有的对象没有等级")
	}
	return out
}

func (c *schemeChecker) promotion() {
	d := c.s.Promotion
	if d == nil {
		return
	}
	if _, ok := c.p.historyIndex[d.From]; !ok {
		c.absentFrom([]string{"history"}, "promotion.from", "history 中没有声明 %q", short(d.From))
	}
	if d.Up < 0 {
		c.reportAt("promotion.up", "不能是负数")
	}
	levels := 0
	for _, g := range c.s.Grades.List {
		if g.Level != nil {
			levels++
		}
	}
	if levels < 2 && !c.hole("grades") {
		c.reportAt("promotion", "限制升级要先给等级写 level")
	}
}

// nameStepKeys says which key each step of name normalisation takes: words, map, or none.
var nameStepKeys = map[string]string{
	"trim": "", "collapse_blanks": "", "upper": "", "remove": "words", "strip_suffix": "words", "strip_prefix": "words",
	"replace": "map", "replace_suffix": "map", "alias": "map",
}

func (c *schemeChecker) rollups() {
	for i := range c.s.Rollups {
		d := &c.s.Rollups[i]
		path := fmt.Sprintf("rollups[%d]", i)
		of := d.Of
		if of == "" {
			of = "total"
		}
		r := rollupProgram{
			decl: d, by: c.factOf(path+".by", d.By, TypeText), of: c.operand(path+".of", of, wantNumber),
			weight: c.operand(path+".weight", d.Weight, wantNumber), round: d.Round, decimals: c.s.decimals(d.Decimals),
		}
		c.shown(path, d.Decimals)
		for j, step := range d.Normalise {
			at := fmt.Sprintf("%s.normalise[%d]", path, j)
			key := nameStepKeys[step.Step]
			if (step.Words != nil) != (key == "words") || (step.Map != nil) != (key == "map") {
				c.reportAt(at, "步骤 %s 要写的键：%s", step.Step, map[string]string{"": "无", "words": "words", "map": "map"}[key])
			}
		}
		for j, id := range d.ExcludeGrades {
			c.gradeOf(fmt.Sprintf("%s.exclude_grades[%d]", path, j), id)
		}
		if len(d.Grades) > 0 {
			r.grades = c.compileGrades(path+".grades", "total", d.Grades, false)
		}
		c.p.rollups = append(c.p.rollups, r)
	}
}
