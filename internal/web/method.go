package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
)

// methodView is the rule of the shown evaluation in words.
type methodView struct {
	*board
	Scheme      *rating.Scheme
	Groups      []methodGroup
	Total       string
	Adjust      []ruleLine
	Outputs     []ruleLine
	Eligibility []ruleLine
	Grades      []gradeLine
	// ShowValid: some grade has an end.
	ShowValid bool
	Promotion string
	Rollups   []ruleLine
	Facts     []factLine
	Rounding  []string
	// Proposed is the state of a version that is not in use, "" for the rule of the shown evaluation; Back leads to it.
	Proposed, Back string
}

// methodGroup is a part with its indicators.
type methodGroup struct {
	ID, Name, How, Basis string
	Proposal             bool
	Indicators           []indicatorLine
}

type indicatorLine struct {
	ID, Name, Clause, Rule, Max, Weight, Basis, Absent, Round, Voice string
	Proposal                                                         bool
}

type ruleLine struct {
	Name, Said, Basis string
	Proposal          bool
}

type gradeLine struct {
	Label, When, Basis string
	// Valid is how long it is valid, "" for no end.
	Valid    string
	Level    int
	Proposal bool
}

type factLine struct{ Name, Type, Source, Basis string }

// method explains the rule; everything on it comes from the scheme file.
func (s *Server) method(c *fiber.Ctx, by policy.Actor) error {
	b, err := s.boardNow(c.UserContext())
	if fault.Is(err, fault.NotFound) {
		return s.render(c, by, "method", page{Title: "评价办法", Nav: "/method", Data: (*methodView)(nil)})
	}
	if err != nil {
		return err
	}
	cached, err := s.cache.get(s.cacheKey(c, by, b, "/method", ""), func() ([]byte, error) {
		scheme, err := s.stars.Scheme(c.UserContext(), b.ID)
		if err != nil {
			return nil, err
		}
		return s.renderBytes(c, by, "method", page{Title: "评价办法：" + scheme.Title, Nav: "/method", Data: describeScheme(b, scheme), Script: true})
	})
	if err != nil {
		return err
	}
	return cached.send(c)
}

// describeScheme puts a scheme into words.
func describeScheme(b *board, scheme *rating.Scheme) *methodView {
	v := &methodView{board: b, Scheme: scheme, Total: aggregateText(scheme.Total, scheme)}
	groups := map[string]*methodGroup{}
	var order []string
	open := func(id string) *methodGroup {
		if g, ok := groups[id]; ok {
			return g
		}
		g := &methodGroup{ID: id, Name: id}
		switch id {
		case "", "total":
			g.ID, g.Name, g.How = "total", "直接计入总分", v.Total
		case "none":
			g.Name = "不计入总分"
		}
		groups[id] = g
		order = append(order, id)
		return g
	}
	for _, p := range scheme.Parts {
		g := open(p.ID)
		g.Name, g.How, g.Basis, g.Proposal = p.Name, aggregateText(p.Aggregate, scheme), p.Basis, p.Proposal
		if p.Weight != nil {
			g.How += "；在上一级中权重 " + p.Weight.String()
		}
	}
	voices := map[string]string{}
	for _, voice := range scheme.Voices {
		voices[voice.ID] = voice.Name
	}
	numbers := clauseNumbers(scheme)
	for _, in := range scheme.Indicators {
		line := indicatorLine{ID: numbers[in.ID], Name: in.Name, Clause: in.Clause, Rule: ruleText(in.Rule, scheme), Max: in.Max.String(), Basis: in.Basis,
			Proposal: in.Proposal, Voice: voices[in.Voice], Round: roundingText(in.Round)}
		if in.Weight != nil {
			line.Weight = in.Weight.String()
		}
		var absent []string
		if text := absentText(in.Missing, scheme.Defaults.Missing); text != "" {
			absent = append(absent, "缺数据时"+text)
		}
		if text := absentText(in.NotApplicable, scheme.Defaults.NotApplicable); text != "" {
			absent = append(absent, "不适用时"+text)
		}
		if in.Applies != "" {
			absent = append(absent, "适用条件："+exprText(in.Applies, scheme))
		}
		line.Absent = strings.Join(absent, "；")
		id := in.In
		if id == "" {
			id = "total"
		}
		g := open(id)
		g.Indicators = append(g.Indicators, line)
	}
	for _, id := range order {
		v.Groups = append(v.Groups, *groups[id])
	}
	describeRest(v, scheme)
	return v
}

// describeRest puts everything after the indicators into words.
func describeRest(v *methodView, scheme *rating.Scheme) {
	for _, a := range scheme.Adjust {
		v.Adjust = append(v.Adjust, ruleLine{Name: a.Name, Said: adjustText(a, scheme), Basis: a.Basis, Proposal: a.Proposal})
	}
	for _, o := range scheme.Outputs {
		said := exprText(o.Value, scheme) + limitsText(o.Least, o.Most)
		if r := roundingText(o.Round); r != "" {
			said += "；" + r
		}
		v.Outputs = append(v.Outputs, ruleLine{Name: o.Name, Said: said, Basis: o.Basis, Proposal: o.Proposal})
	}
	for _, e := range scheme.Eligibility {
		said := exprText(e.When, scheme)
		if e.Reason != "" {
			said += "；不符合的：" + e.Reason
		}
		v.Eligibility = append(v.Eligibility, ruleLine{Name: e.Name, Said: said, Basis: e.Basis, Proposal: e.Proposal})
	}
	of := "总分"
	if scheme.Grades.Of != "" {
		of = exprText(scheme.Grades.Of, scheme)
	}
	for _, g := range scheme.Grades.List {
		line := gradeLine{Label: g.Label, When: gradeText(g, of, scheme), Basis: g.Basis, Proposal: g.Proposal}
		if g.Level != nil && strings.Contains(g.Label, "星") {
			line.Level = *g.Level
		}
		if g.Months > 0 {
			line.Valid = fmt.Sprintf("自公布之日起 %d 个月", g.Months)
			v.ShowValid = true
		}
		v.Grades = append(v.Grades, line)
	}
	if p := scheme.Promotion; p != nil {
		v.Promotion = fmt.Sprintf("每期最多升 %d 级", p.Up)
		if p.First != nil {
			v.Promotion += fmt.Sprintf("；首次参评最高到第 %d 级", *p.First)
		}
	}
	for i := range scheme.Rollups {
		r := &scheme.Rollups[i]
		v.Rollups = append(v.Rollups, ruleLine{Name: r.Name, Said: rollupText(r, scheme), Basis: r.Basis, Proposal: r.Proposal})
	}
	types := map[string]string{rating.TypeNumber: "数值", rating.TypeCount: "计数", rating.TypeRatio: "比率", rating.TypeBool: "是否", rating.TypeText: "文字",
		rating.TypeDate: "日期", rating.TypeChecklist: "检查表", rating.TypeSurvey: "问卷", rating.TypeEvents: "事件"}
	for _, f := range scheme.Facts {
		if f.Visibility == "internal" {
			continue
		}
		source := cycle.SourceName(f.Source)
		if f.Otherwise != "" {
			source += "，没有的用" + cycle.SourceName(f.Otherwise)
		}
		if source == "" {
			source = f.Column
		}
		if f.Type == rating.TypeChecklist {
			source = fmt.Sprintf("%d 个条目", len(f.Items))
		}
		v.Facts = append(v.Facts, factLine{Name: f.Name, Type: types[f.Type], Source: source, Basis: f.Basis})
	}
	for _, r := range []struct {
		what string
		rule rating.Rounding
	}{{"指标得分", scheme.Defaults.RoundIndicator}, {"部分得分", scheme.Defaults.RoundPart}, {"总分", scheme.Total.Round}, {"其他结果", scheme.Defaults.RoundOutput}} {
		if text := roundingText(r.rule); text != "" {
			v.Rounding = append(v.Rounding, r.what+text)
		}
	}
}

// factName is the name of a fact, part, indicator or output by its id, or the id itself.
func factName(id string, s *rating.Scheme) string {
	for _, f := range s.Facts {
		if f.ID == id {
			return "“" + f.Name + "”"
		}
	}
	for _, in := range s.Indicators {
		if in.ID == id {
			return "“" + in.Name + "”"
		}
	}
	for _, p := range s.Parts {
		if p.ID == id {
			return "“" + p.Name + "”"
		}
	}
	for _, o := range s.Outputs {
		if o.ID == id {
			return "“" + o.Name + "”"
		}
	}
	if id == "total" {
		return "总分"
	}
	return id
}

// rollupText is “按物业服务企业归组，加权平均，权重为户数；数据不足的不计入”.
func rollupText(r *rating.Rollup, s *rating.Scheme) string {
	method := map[string]string{"": "加权平均", "mean": "加权平均", "sum": "合计", "min": "取最低", "max": "取最高"}[r.Method]
	said := "按" + factName(r.By, s) + "归组，" + method
	if r.Weight != "" {
		said += "，权重为" + exprText(r.Weight, s)
	}
	var left []string
	for _, g := range s.Grades.List {
		if slices.Contains(r.ExcludeGrades, g.ID) {
			left = append(left, g.Label)
		}
	}
	if len(left) > 0 {
		said += "；" + strings.Join(left, "、") + "的不计入"
	}
	return said
}

// exprText puts an expression into words, with names for ids. The scheme file stays the exact text.
func exprText(e rating.Expr, s *rating.Scheme) string {
	return e.Words(func(id string, not bool) string { return nameText(id, not, s) })
}

// nameText is what a name of an expression stands for, or where it is a condition its opposite.
func nameText(id string, not bool, s *rating.Scheme) string {
	is := func(yes, no string) string {
		if not {
			return no
		}
		return yes
	}
	prefix, rest, dotted := strings.Cut(id, ".")
	switch prefix {
	case "base":
		return "调整以前的总分"
	case "running":
		return "到这一步的总分"
	case "as_of":
		return "评价的日期"
	case "known":
		return is("有", "没有") + factName(rest, s) + "的记录"
	case "counted":
		return factName(rest, s) + is("计分", "不计分")
	case "rate":
		return factName(rest, s) + "得分率"
	case "points":
		return factName(rest, s) + "得分"
	case "output", "value":
		return factName(rest, s)
	case "history":
		return pastText(rest, not, s)
	}
	for i := range s.Facts {
		f := &s.Facts[i]
		if f.ID != prefix {
			continue
		}
		name := "“" + f.Name + "”"
		switch {
		case !dotted && f.Type == rating.TypeBool:
			return is("", "没有") + name
		case !dotted:
			return name
		case f.Type == rating.TypeText:
			return name + is("是“", "不是“") + memberText(f, rest) + "”"
		case f.Type == rating.TypeEvents && rest == "active":
			return "有效的" + name + "件数"
		case f.Type == rating.TypeEvents:
			return "有效的" + name + "（" + memberText(f, rest) + "）件数"
		}
		return name + "的" + memberText(f, rest)
	}
	return factName(id, s)
}

// memberText is what is called by a name behind that of its fact.
func memberText(f *rating.Fact, id string) string {
	words := map[string]string{}
	switch f.Type {
	case rating.TypeRatio:
		words["num"], words["den"] = "分子", "分母"
	case rating.TypeSurvey:
		words["population"], words["answers"] = "总户数", "答卷数"
	}
	for _, v := range f.Values {
		words[v.ID] = v.Text
	}
	for _, v := range f.Items {
		words[v.ID] = v.Name
	}
	for _, v := range f.Levels {
		words[v.ID] = v.Name
	}
	for _, v := range f.Codes {
		words[v.ID] = v.Name
	}
	return cmp.Or(words[id], id)
}

// pastText is what is called by a name of an earlier result: whether it is there, its total, grade, part or another result. What only the other scheme names is called by its kind.
func pastText(id string, not bool, s *rating.Scheme) string {
	earlier, what, _ := strings.Cut(id, ".")
	name := "以往的结果"
	for _, h := range s.History {
		if h.ID == earlier {
			name = "“" + h.Name + "”"
		}
	}
	group, member, _ := strings.Cut(what, ".")
	known := func(kind string) string {
		if text := factName(member, s); text != member {
			return text
		}
		return kind
	}
	switch group {
	case "known":
		if not {
			return "没有" + name
		}
		return "有" + name
	case "total":
		return name + "的总分"
	case "level":
		return name + "的星级"
	case "grade":
		label := "所说的等级"
		for _, g := range s.Grades.List {
			if g.ID == member {
				label = "“" + g.Label + "”"
			}
		}
		if not {
			return name + "不是" + label
		}
		return name + "是" + label
	case "rate":
		return name + "的" + known("一部分") + "得分率"
	case "points":
		return name + "的" + known("一部分") + "得分"
	}
	return name + "里" + known("能不能用的结果")
}

// roundModes are the words of num's modes.
var roundModes = map[num.Mode]string{num.HalfUp: "四舍五入", num.HalfEven: "四舍六入五成双", num.Down: "截去", num.Up: "进一", num.Floor: "向下取整", num.Ceiling: "向上取整"}

// roundingText is “四舍五入到 2 位小数，再四舍五入到整数”; "" if nothing is declared.
func roundingText(r rating.Rounding) string {
	if r == nil {
		return ""
	}
	if len(r) == 0 {
		return "不修约"
	}
	var steps []string
	for _, step := range r {
		to := fmt.Sprintf("到 %d 位小数", step.Places)
		if step.Places == 0 {
			to = "到整数"
		}
		steps = append(steps, roundModes[step.Mode]+to)
	}
	return strings.Join(steps, "，再")
}

func absentText(own, common *rating.Absent) string {
	a := own
	if a == nil {
		a = common
	}
	if a == nil {
		return ""
	}
	switch a.Mode {
	case rating.AbsentExclude:
		return "剔除并重新分配权重"
	case rating.AbsentZero:
		return "记零分"
	case rating.AbsentPoints:
		return "记 " + a.Points.String() + " 分"
	case rating.AbsentBlock:
		return "不评等级"
	}
	return ""
}

// limitsText is “，不低于 0，不高于 100”.
func limitsText(least, most *num.Num) string {
	text := ""
	if least != nil {
		text += "，不低于 " + least.String()
	}
	if most != nil {
		text += "，不高于 " + most.String()
	}
	return text
}

func aggregateText(a rating.Aggregate, s *rating.Scheme) string {
	text := ""
	switch a.Method {
	case "", rating.MethodSum:
		text = "各项得分乘权重后相加"
		if a.WhenExcluded == "shrink" {
			text += "，剔除后满分相应减少"
		}
	case rating.MethodMean:
		text = "得分率的加权平均"
	case rating.MethodGeomean:
		text = "得分率的加权几何平均"
	case rating.MethodMin:
		text = "取得分率最低的一项"
	case rating.MethodChoose:
		text = "按对象类别选用一张表"
	case rating.MethodSteps:
		text = "从" + exprText(a.Start, s) + "起逐步调整"
		for _, step := range a.Steps {
			text += "；" + step.Name
			if step.When != "" {
				text += "（" + exprText(step.When, s) + "）"
			}
			if step.Add != "" {
				text += "：加 " + exprText(step.Add, s)
			}
			text += limitsText(step.Least, step.Most)
		}
	case rating.MethodExpr:
		text = exprText(a.Value, s)
	}
	if a.Max != nil {
		text += "，满分 " + a.Max.String()
	}
	text += limitsText(a.Least, a.Most)
	if r := roundingText(a.Round); r != "" {
		text += "，" + r
	}
	return text
}

// boundsText is “84 及以上、92 以下”.
func boundsText(b rating.Bounds) string {
	var parts []string
	for _, end := range []struct {
		n    *num.Num
		form string
	}{{b.AtLeast, "%s 及以上"}, {b.Above, "%s 以上（不含）"}, {b.AtMost, "%s 及以下"}, {b.Below, "%s 以下（不含）"}} {
		if end.n != nil {
			parts = append(parts, fmt.Sprintf(end.form, end.n.String()))
		}
	}
	return strings.Join(parts, "、")
}

func gradeText(g rating.Grade, of string, s *rating.Scheme) string {
	if g.Of != "" {
		of = exprText(g.Of, s)
	}
	var parts []string
	if text := boundsText(g.Bounds); text != "" {
		parts = append(parts, of+" "+text)
	}
	for _, n := range g.Needs {
		parts = append(parts, exprText(n.Of, s)+" "+boundsText(n.Bounds))
	}
	if g.When != "" {
		parts = append(parts, exprText(g.When, s))
	}
	switch {
	case g.Otherwise:
		parts = append(parts, "其余情况")
	case g.Blocked:
		parts = append(parts, "资料不足，不能评定")
	case g.Special:
		parts = append(parts, cmp.Or(givenBy(g.ID, s), "不符合参评条件"))
	}
	return strings.Join(parts, "，且 ")
}

// givenBy says by which requirements and steps a grade is given that no points give.
func givenBy(grade string, s *rating.Scheme) string {
	var by []string
	for i := range s.Eligibility {
		if q := &s.Eligibility[i]; q.Grade == grade {
			by = append(by, cmp.Or(q.Reason, "没有达到“"+q.Name+"”"))
		}
	}
	for i := range s.Adjust {
		if a := &s.Adjust[i]; a.Kind == rating.AdjustVoid && a.Grade == grade {
			by = append(by, a.Name)
		}
	}
	return strings.Join(by, "，或 ")
}

func adjustText(a rating.Adjustment, s *rating.Scheme) string {
	var text string
	switch a.Kind {
	case rating.AdjustBonus:
		text = "加 " + exprText(a.Points, s)
	case rating.AdjustDeduction:
		text = "扣 " + exprText(a.Points, s)
	case rating.AdjustCap:
		text = "总分封顶"
	case rating.AdjustFloor:
		text = "总分保底"
	case rating.AdjustRound:
		text = roundingText(a.Round)
	case rating.AdjustCapGrade:
		text = "等级最高为" + gradeLabel(a.Grade, s)
	case rating.AdjustFloorGrade:
		text = "等级最低为" + gradeLabel(a.Grade, s)
	case rating.AdjustVoid:
		text = "定为" + gradeLabel(a.Grade, s)
	}
	if a.At != nil {
		text += " " + a.At.String()
	}
	if a.Most != nil {
		text += "，最多 " + a.Most.String()
	}
	for _, barrier := range a.NotAcross {
		text += fmt.Sprintf("；原来低于 %s 的，加分后最多到 %s", barrier.Cut, barrier.StopAt)
	}
	if a.When != "" {
		text += "；条件：" + exprText(a.When, s)
	}
	if a.Events != nil {
		text += "；由有效的" + factName(a.Events.Fact, s) + "触发"
	}
	return text
}

func gradeLabel(id string, s *rating.Scheme) string {
	i := slices.IndexFunc(s.Grades.List, func(g rating.Grade) bool { return g.ID == id })
	if i < 0 {
		return id
	}
	return s.Grades.List[i].Label
}

// ruleText says how points come about.
func ruleText(rule rating.Rule, s *rating.Scheme) string {
	optional := func(n *num.Num, otherwise string) string {
		if n == nil {
			return otherwise
		}
		return n.String()
	}
	switch r := rule.(type) {
	case *rating.TiersRule:
		var tiers []string
		for _, t := range r.Tiers {
			tiers = append(tiers, boundsText(t.Bounds)+"得 "+t.Points.String())
		}
		if r.Otherwise != nil {
			tiers = append(tiers, "其余得 "+r.Otherwise.String())
		}
		return exprText(r.Of, s) + "：" + strings.Join(tiers, "；")
	case *rating.ChoiceRule:
		var choices []string
		for value, p := range r.Points {
			word := map[string]string{"yes": "是", "no": "否"}[value]
			if word == "" {
				word = value
			}
			choices = append(choices, word+" "+p.String()+" 分")
		}
		slices.Sort(choices)
		return factName(r.Of, s) + "：" + strings.Join(choices, "；")
	case *rating.LinearRule:
		return "起始 " + optional(r.Start, "0") + " 分，" + exprText(r.Of, s) + "每单位 " + r.Each.String() + " 分"
	case *rating.TargetRule:
		return exprText(r.Of, s) + "为 " + r.Zero.String() + " 得最低分，达到 " + r.Target.String() + " 得满分，其间按比例"
	case *rating.GoalpostsRule:
		scale := "按比例"
		if r.Scale == "log" {
			scale = "按对数比例"
		}
		return exprText(r.Of, s) + "在 " + r.Low.String() + " 与 " + r.High.String() + " 之间" + scale
	case *rating.ChecklistRule:
		return factName(r.Of, s) + "各条目按权重平均，每条满分 " + r.Scale.String() + "，不适用的条目不计"
	case *rating.DeductionsRule:
		return factName(r.Of, s) + "逐条扣分，每处 " + optional(r.Each, "按条目") + "，合计最多扣 " + optional(r.AtMost, "满分")
	case *rating.SurveyRule:
		return factName(r.Of, s) + "满意率 " + optional(r.Zero, "0") + " 得最低分，" + optional(r.Target, "1") + " 得满分，其间按比例；答卷不足不计"
	case *rating.EventsRule:
		return "基础 " + optional(r.Start, "0") + " 分，加减有效期内的" + factName(r.Of, s)
	case *rating.MinMaxRule:
		return exprText(r.Of, s) + "在全体最低与最高之间归一"
	case *rating.ZScoreRule:
		return exprText(r.Of, s) + "等于平均值得 " + r.Center.String() + "，每个标准差 " + r.Each.String() + " 分"
	case *rating.PercentileRule:
		return exprText(r.Of, s) + "在全体中的百分位"
	case *rating.ExprRule:
		return exprText(r.Points, s)
	}
	return ""
}
