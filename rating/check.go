package rating

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"redsteward/internal/num"
)

// schemeChecker finds what is wrong with a decoded scheme and compiles it on the way, because most problems are found by compiling.
type schemeChecker struct {
	*decoder
	s *Scheme
	p *program

	looped bool // a part stands in itself, so that nothing can follow the tree
}

func (c *schemeChecker) check() {
	s := c.s
	p := &program{
		scheme: s, factIndex: map[string]int{}, nodeIndex: map[string]int{}, outputIndex: map[string]int{},
		historyIndex: map[string]int{}, gradeIndex: map[string]int{},
	}
	c.p, s.program = p, p
	if s.Format != FormatVersion {
		c.reportAt("format", "只能读格式版本 %d", FormatVersion)
	}
	if s.Engine != EngineVersion {
		c.reportAt("engine", "只有计算引擎版本 %d", EngineVersion)
	}
	c.validity("valid", s.Valid)
	c.index()
	for i := range s.Facts {
		c.fact("facts["+strconv.Itoa(i)+"]", &s.Facts[i])
	}
	c.table()
	c.voices()
	for i := range s.History {
		if s.History[i].Back < 1 {
			c.reportAt(fmt.Sprintf("history[%d].back", i), "要写 1 以上的整数")
		}
	}
	c.tree()
	c.indicators()
	c.partRules()
	c.adjustments()
	c.outputs()
	c.eligibility()
	c.gradeList()
	c.promotion()
	c.rollups()
	if !c.looped {
		c.arrange()
	}
	c.loneReferences()
	if len(c.problems.found) == 0 {
		c.link()
		c.measure()
		c.openness()
	}
}

// unique reports an id that is there twice and remembers where each stands.
func (c *schemeChecker) unique(seen map[string]int, path, id string, place int) {
	if id == "" {
		return
	}
	if _, twice := seen[id]; twice {
		c.place(path, "编号 %q 重复了", id)
		return
	}
	seen[id] = place
}

// index gathers the ids, so that everything can be found before anything is compiled.
func (c *schemeChecker) index() {
	s, p := c.s, c.p
	for i := range s.Facts {
		path := fmt.Sprintf("facts[%d].id", i)
		if reserved[s.Facts[i].ID] {
			c.reportAt(path, "%q 在表达式中另有用途，请换一个编号", s.Facts[i].ID)
		}
		c.unique(p.factIndex, path, s.Facts[i].ID, i)
	}
	for i := range s.Indicators {
		c.unique(p.nodeIndex, fmt.Sprintf("indicators[%d].id", i), s.Indicators[i].ID, i)
	}
	for i := range s.Parts {
		c.unique(p.nodeIndex, fmt.Sprintf("parts[%d].id", i), s.Parts[i].ID, len(s.Indicators)+i)
	}
	for _, word := range []string{"total", "none"} {
		if at, taken := p.nodeIndex[word]; taken {
			path := fmt.Sprintf("indicators[%d].id", at)
			if at >= len(s.Indicators) {
				path = fmt.Sprintf("parts[%d].id", at-len(s.Indicators))
			}
			c.reportAt(path, "%q 另有用途，请换一个编号", word)
		}
	}
	p.nodeIndex["total"] = len(s.Indicators) + len(s.Parts)
	for i := range s.Outputs {
		c.unique(p.outputIndex, fmt.Sprintf("outputs[%d].id", i), s.Outputs[i].ID, i)
	}
	for i := range s.History {
		c.unique(p.historyIndex, fmt.Sprintf("history[%d].id", i), s.History[i].ID, i)
	}
	for i := range s.Grades.List {
		c.unique(p.gradeIndex, fmt.Sprintf("grades.list[%d].id", i), s.Grades.List[i].ID, i)
	}
	rules := map[string]int{}
	for i := range s.Adjust {
		c.unique(rules, fmt.Sprintf("adjust[%d].id", i), s.Adjust[i].ID, i)
	}
	for i := range s.Eligibility {
		c.unique(rules, fmt.Sprintf("eligibility[%d].id", i), s.Eligibility[i].ID, i)
	}
	rollups := map[string]int{}
	for i := range s.Rollups {
		c.unique(rollups, fmt.Sprintf("rollups[%d].id", i), s.Rollups[i].ID, i)
	}
}

func (c *schemeChecker) validity(path string, v Validity) {
	if v.From != 0 && v.Until != 0 && v.Until < v.From {
		c.reportAt(path+".until", "截止日 %s 早于起始日 %s", v.Until, v.From)
	}
}

// factKeys are the keys that only some types of facts have.
var factKeys = []struct {
	key   string
	types string
	given func(f *Fact) bool
}{
	{"min", "number count ratio checklist", func(f *Fact) bool { return f.Min != nil }},
	{"max", "number count ratio checklist", func(f *Fact) bool { return f.Max != nil }},
	{"values", "text", func(f *Fact) bool { return f.Values != nil }},
	{"zero_denominator", "ratio", func(f *Fact) bool { return f.ZeroDenominator != "" }},
	{"items", "checklist", func(f *Fact) bool { return f.Items != nil }},
	{"levels", "survey", func(f *Fact) bool { return f.Levels != nil }},
	{"codes", "events", func(f *Fact) bool { return f.Codes != nil }},
	{"column", "number count bool text date events", func(f *Fact) bool { return f.Column != "" }},
	{"numerator", "ratio", func(f *Fact) bool { return f.Numerator != "" }},
	{"denominator", "ratio", func(f *Fact) bool { return f.Denominator != "" }},
	{"population", "survey", func(f *Fact) bool { return f.Population != "" }},
}

func (c *schemeChecker) fact(path string, f *Fact) {
	for _, k := range factKeys {
		if f.Type != "" && k.given(f) && !contains(strings.Fields(k.types), f.Type) {
			c.reportAt(path+"."+k.key, "类型 %s 没有键 %s；有这个键的类型：%s", f.Type, k.key, strings.ReplaceAll(k.types, " ", "、"))
		}
	}
	if f.Min != nil && f.Max != nil && f.Max.Less(*f.Min) {
		c.reportAt(path+".max", "最大值 %s 小于最小值 %s", f.Max, f.Min)
	}
	if f.Otherwise != "" && (f.Source == "" || f.Source == f.Otherwise) {
		c.reportAt(path+".otherwise", "要先写 source，并且与它不同")
	}
	if f.Upload < 0 || f.Upload > 100 {
		c.reportAt(path+".upload", "要写 0 到 100 的整数")
	}
	switch f.Type {
	case TypeText:
		ids, texts := map[string]int{}, map[string]int{}
		for i, v := range f.Values {
			at := fmt.Sprintf("%s.values[%d]", path, i)
			c.unique(ids, at+".id", v.ID, i)
			c.unique(texts, at+".text", v.Text, i)
		}
	case TypeChecklist:
		ids := map[string]int{}
		for i, item := range f.Items {
			at := fmt.Sprintf("%s.items[%d]", path, i)
			c.unique(ids, at+".id", item.ID, i)
			if item.Weight != nil && item.Weight.Sign() <= 0 {
				c.reportAt(at+".weight", "权重要大于 0")
			}
		}
		if len(f.Items) == 0 {
			c.reportAt(path, "检查表缺少键 items")
		}
	case TypeSurvey:
		ids := map[string]int{"population": -1, "answers": -1}
		for i, l := range f.Levels {
			at := fmt.Sprintf("%s.levels[%d]", path, i)
			c.unique(ids, at+".id", l.ID, i)
			if l.Worth.Sign() < 0 || one.Less(l.Worth) {
				c.reportAt(at+".worth", "折算值要在 0 到 1 之间")
			}
		}
		if len(f.Levels) == 0 {
			c.reportAt(path, "问卷缺少键 levels")
		}
	case TypeEvents:
		ids := map[string]int{"active": -1}
		for i, code := range f.Codes {
			at := fmt.Sprintf("%s.codes[%d]", path, i)
			c.unique(ids, at+".id", code.ID, i)
			if code.Months < 0 || code.Months > 1200 {
				c.reportAt(at+".months", "有效月数要在 0 到 1200 之间")
			}
		}
		if len(f.Codes) == 0 {
			c.reportAt(path, "事件缺少键 codes")
		}
	}
}

// table checks that no two facts read one column, which is mostly a slip of copying.
func (c *schemeChecker) table() {
	if c.s.Table == nil {
		return
	}
	if c.s.Table.Separator != "" && !contains([]string{"/", "-", "_", "."}, c.s.Table.Separator) {
		c.reportAt("table.separator", "连接符只能是 / - _ . 之一")
	}
	if len(c.s.Table.ID) > 4 {
		c.reportAt("table.id", "编号最多由 4 列组成")
	}
}

func (c *schemeChecker) voices() {
	seen := map[string]int{}
	for i, v := range c.s.Voices {
		path := fmt.Sprintf("voices[%d]", i)
		c.unique(seen, path+".id", v.ID, i)
		if v.From != nil && v.To != nil && v.To.Less(*v.From) {
			c.reportAt(path+".to", "上限 %s 小于下限 %s", v.To, v.From)
		}
	}
}

// factOf finds the fact that a key names and checks its type; -1 if it is not right.
func (c *schemeChecker) factOf(path, id string, types ...string) int {
	i, ok := c.p.factIndex[id]
	if !ok {
		c.absentFrom([]string{"facts"}, path, "没有声明事实 %q%s", short(id), c.near(id, c.p.factIndex))
		return -1
	}
	if c.vague(path, id) {
		return -1
	}
	if t := c.s.Facts[i].Type; len(types) > 0 && !contains(types, t) {
		c.reportAt(path, "事实 %s 的类型是 %s，这里要用 %s", id, t, strings.Join(types, "、"))
		return -1
	}
	return i
}

// near proposes the declared id that differs least, if it differs little.
func (c *schemeChecker) near(id string, known map[string]int) string {
	if len(c.problems.found) >= maxProblems {
		return ""
	}
	best, least := "", min(2, len(id)/3)+1
	for k := range known {
		if d := distance(id, k); d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("；是不是 %s？", best)
}

// distance counts the single-character edits between two ids.
func distance(a, b string) int {
	if len(a)-len(b) > 3 || len(b)-len(a) > 3 {
		return 4
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}

// exprName finds the names in an expression: words, joined by points, that are not part of a number and not called.
var exprName = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*`)

// the kinds of values that an expression may be asked for.
const (
	wantNumber = iota
	wantBool
	wantEither
)

// operand compiles what a key says. An empty expression is no operand.
func (c *schemeChecker) operand(path string, e Expr, want int) operand {
	text := strings.TrimSpace(string(e))
	if text == "" {
		return operand{}
	}
	o := c.compile(path, text)
	if o.kind != operandNone && want != wantEither && o.isBool != (want == wantBool) {
		if want == wantBool {
			c.reportAt(path, "这里要写条件，而 %q 是数值", short(text))
		} else {
			c.reportAt(path, "这里要写数值，而 %q 是条件", short(text))
		}
		return operand{}
	}
	return o
}

func (c *schemeChecker) compile(path, text string) operand {
	if x, err := num.Parse(text); err == nil {
		return operand{kind: operandNumber, number: x}
	}
	if exprName.FindString(text) == text && text != "true" && text != "false" {
		if c.vague(path, text) {
			return operand{}
		}
		r, ok := c.p.resolve(text)
		if !ok {
			c.unknownName(path, text)
			return operand{}
		}
		return operand{kind: operandRef, ref: r, isBool: r.isBool(c.s)}
	}
	refs := map[string]nameRef{}
	var vars []exprVar
	bad := false
	for _, at := range exprName.FindAllStringIndex(text, -1) {
		name := text[at[0]:at[1]]
		called := strings.HasPrefix(strings.TrimLeft(text[at[1]:], " \t\n"), "(")
		digit := at[0] > 0 && (text[at[0]-1] >= '0' && text[at[0]-1] <= '9' || text[at[0]-1] == '.')
		if _, done := refs[name]; done || called || digit || name == "true" || name == "false" {
			continue
		}
		if c.vague(path, name) {
			bad = true
			continue
		}
		r, ok := c.p.resolve(name)
		if !ok {
			c.unknownName(path, name)
			bad = true
			continue
		}
		refs[name] = r
		vars = append(vars, exprVar{Name: name, Bool: r.isBool(c.s)})
	}
	if bad {
		return operand{}
	}
	compiled, problems := compileExpr(text, vars)
	for _, problem := range problems {
		c.reportAt(path, "表达式第 %d 行第 %d 列：%s", problem.Line, problem.Column, problem.Message)
	}
	if len(problems) > 0 {
		return operand{}
	}
	o := operand{kind: operandExpr, expr: compiled, isBool: compiled.IsBool()}
	for _, name := range compiled.Vars() {
		o.refs = append(o.refs, refs[name])
	}
	return o
}

// unknownName says what is wrong with a name as precisely as it can.
func (c *schemeChecker) unknownName(path, name string) {
	first, rest, dotted := strings.Cut(name, ".")
	if i, ok := c.p.factIndex[first]; ok {
		t := c.s.Facts[i].Type
		if !dotted {
			hint := map[string]string{
				TypeText: "取值的编号", TypeChecklist: "条目的编号", TypeSurvey: "选项的编号、population 或 answers", TypeEvents: "代码或 active",
			}[t]
			c.reportAt(path, "事实 %s 的类型是 %s，不能直接当数值用，要写成 %s.%s", first, t, first, hint)
			return
		}
		c.reportAt(path, "事实 %s（%s）没有 %q", first, t, short(rest))
		return
	}
	known := map[string]struct {
		ids   map[string]int
		lists []string
	}{
		"known": {c.p.factIndex, []string{"facts"}}, "output": {c.p.outputIndex, []string{"outputs"}},
		"points": {c.p.nodeIndex, nodeLists}, "rate": {c.p.nodeIndex, nodeLists}, "counted": {c.p.nodeIndex, nodeLists},
	}
	if k, ok := known[first]; ok && dotted {
		c.absentFrom(k.lists, path, "没有声明 %q%s", short(rest), c.near(rest, k.ids))
		return
	}
	if first == "history" {
		id, what, _ := strings.Cut(rest, ".")
		if _, ok := c.p.historyIndex[id]; !ok {
			c.absentFrom([]string{"history"}, path, "history 中没有声明 %q%s", short(id), c.near(id, c.p.historyIndex))
			return
		}
		c.reportAt(path, "以往结果 %s 没有 %q；可以写 known、total、level、grade.编号、points.编号、rate.编号、output.编号，后三种要先在 history 中列出", id, short(what))
		return
	}
	if reserved[first] {
		c.reportAt(path, "%q 不能这样用", short(name))
		return
	}
	c.absentFrom([]string{"facts"}, path, "没有声明事实 %q%s", short(name), c.near(first, c.p.factIndex))
}

// nodeLists are the lists that indicators and parts share their ids in.
var nodeLists = []string{"indicators", "parts"}

// number reports a bound that must lie above another.
func (c *schemeChecker) less(path string, low, high num.Num, what string) {
	if !low.Less(high) {
		c.reportAt(path, "%s：%s 要大于 %s", what, high, low)
	}
}

// interval is a span with open or closed ends; nil ends are infinite.
type interval struct {
	low, high         *num.Num
	lowOpen, highOpen bool
}

func (b Bounds) interval() interval {
	i := interval{low: b.AtLeast, high: b.AtMost}
	if b.Above != nil && (i.low == nil || !b.Above.Less(*i.low)) {
		i.low, i.lowOpen = b.Above, true
	}
	if b.Below != nil && (i.high == nil || !i.high.Less(*b.Below)) {
		i.high, i.highOpen = b.Below, true
	}
	return i
}

// holds reports whether x lies within the bounds.
func (b *Bounds) holds(x num.Num) bool {
	return (b.AtLeast == nil || !x.Less(*b.AtLeast)) && (b.Above == nil || b.Above.Less(x)) &&
		(b.AtMost == nil || !b.AtMost.Less(x)) && (b.Below == nil || x.Less(*b.Below))
}

// empty reports whether no bound is set.
func (b *Bounds) empty() bool {
	return b.AtLeast == nil && b.Above == nil && b.AtMost == nil && b.Below == nil
}

func (c *schemeChecker) bounds(path string, b *Bounds) {
	if b.AtLeast != nil && b.Above != nil {
		c.reportAt(path+".above", "at_least 和 above 只能写一个")
	}
	if b.AtMost != nil && b.Below != nil {
		c.reportAt(path+".below", "at_most 和 below 只能写一个")
	}
	i := b.interval()
	if i.low != nil && i.high != nil && (i.high.Less(*i.low) || i.low.Equal(*i.high) && (i.lowOpen || i.highOpen)) {
		c.reportAt(path, "上下限之间没有任何值")
	}
}

// tiers checks that no two tiers share a value and, unless the rest is provided for, that no value between low and high is left out.
func (c *schemeChecker) tiers(path string, tiers []Tier, rest bool, low, high *num.Num) {
	if c.hole(path) {
		return // which values are left to the tiers that were read is not known
	}
	type placed struct {
		interval
		path string
	}
	all := make([]placed, 0, len(tiers))
	for i := range tiers {
		at := fmt.Sprintf("%s[%d]", path, i)
		before := len(c.problems.found)
		c.bounds(at, &tiers[i].Bounds)
		if tiers[i].Bounds.empty() {
			c.reportAt(at, "这一档没有写范围（at_least、above、at_most、below）")
		}
		if len(c.problems.found) > before {
			return
		}
		all = append(all, placed{tiers[i].Bounds.interval(), at})
	}
	sort.SliceStable(all, func(i, j int) bool {
		a, b := all[i].low, all[j].low
		if a == nil || b == nil {
			return a == nil && b != nil
		}
		return a.Less(*b) || a.Equal(*b) && !all[i].lowOpen && all[j].lowOpen
	})
	if len(all) == 0 {
		return
	}
	if first := all[0]; !rest && first.low != nil && (low == nil || low.Less(*first.low) || first.lowOpen && low.Equal(*first.low)) {
		c.reportAt(first.path, "低于 %s 的值没有任何一档", first.low)
	}
	for i := 1; i < len(all); i++ {
		a, b := all[i-1], all[i]
		switch {
		case a.high == nil || b.low == nil || b.low.Less(*a.high) || b.low.Equal(*a.high) && !a.highOpen && !b.lowOpen:
			c.reportAt(b.path, "这一档与 %s 重叠", a.path)
			return
		case !rest && (a.high.Less(*b.low) || a.highOpen && b.lowOpen):
			c.reportAt(b.path, "%s 到 %s 之间有值不在任何一档", a.high, b.low)
		}
	}
	if last := all[len(all)-1]; !rest && last.high != nil && (high == nil || last.high.Less(*high) || last.highOpen && high.Equal(*last.high)) {
		c.reportAt(last.path, "高于 %s 的值没有任何一档", last.high)
	}
}
