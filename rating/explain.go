package rating

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// Explanation is a result together with the texts of its scheme, ready to be shown.
type Explanation struct {
	Scheme *Scheme
	Result *Result
	// Parts are the parts of the result, each after the part that it belongs to; the last one is the total.
	Parts []ExplainedPart
	// Lines are the lines of the result.
	Lines []ExplainedLine
	// Adjust are the adjustments that were applied or could not be computed.
	Adjust []ExplainedStep
	// Outputs are the other results.
	Outputs []ExplainedStep
	// Unmet are the requirements that were not met.
	Unmet []ExplainedStep
	// Held says why the grade is lower than the points alone would give: the promotion limit. Nil if it did not act.
	Held *ExplainedStep
	// Voices say who speaks through how many points.
	Voices []VoiceShare
	// Next is the next better grade with what the result lacks for it; nil for the best one and for a result without ordinary grade.
	Next *NextGrade
	// Earlier are the earlier results on which it rests, once Join told of them.
	Earlier []EarlierResult
}

// NextGrade is the grade above that of a result.
type NextGrade struct {
	ID, Label string
	// Demands are what it asks for, those first that are not met.
	Demands []Demand
	// Held are the names of caps that hold the grade down, and Promotion says that the limit of promotion does: demands are then met or not, the grade stays.
	Held      []string
	Promotion bool
}

// Demand is one thing that a grade asks for.
type Demand struct {
	// Of is what is looked at: total, rate.service.
	Of Expr
	// Has is what the result has, if that is Known; Bounds are what is asked. A demand without bounds is a condition.
	Has   num.Num
	Known bool
	Bounds
	Met bool
	// Lack is how many points before the adjustments are missing for a total that is not reached; nil for everything else, and if full points do not suffice.
	Lack *num.Num
}

// ExplainedPart is a part with its text.
type ExplainedPart struct {
	PartLine
	Name, Basis string
	// In is the id of the part it belongs to; empty for the total and for what is outside of it.
	In string
	// Proposal is true if the number behind it has no source.
	Proposal bool
	// TotalOnly is true if the public sees only the part's total.
	TotalOnly bool
	// Leaf is true if nothing stands below it: its points come from an expression.
	Leaf bool
	// Weighs is how many points of the total one of its points is; 0 if they do not add up to it.
	Weighs num.Num
	// Earlier are the parts of earlier results that it takes its points from, once Join told of them.
	Earlier []PastPart
}

// ExplainedLine is a line with its text.
type ExplainedLine struct {
	Line
	Name, Clause, Basis, Note string
	Proposal                  bool
	// Part and PartName are the part that the indicator belongs to.
	Part, PartName string
	// Voice and VoiceName say who speaks.
	Voice, VoiceName string
	// ShownPoints, ShownMax and ShownLost are printed with the declared decimals; empty if the line was left out.
	ShownPoints, ShownMax, ShownLost string
	// TotalOnly is true if the public sees only the total of the part.
	TotalOnly bool
	// Weighs is how many points of the total one of its points is; 0 if they do not add up to it.
	Weighs num.Num
	// FactTexts say what the facts were: "收缴率 = 312 ÷ 400 户 = 0.78".
	FactTexts []string
	// Items are the item lines with their texts.
	Items []ExplainedItem
}

// ExplainedItem is an item of a line with its text.
type ExplainedItem struct {
	ItemLine
	Name, Basis string
}

// ExplainedStep is an adjustment, an output or a requirement with its text.
type ExplainedStep struct {
	ID, Name, Basis, Text string
	Proposal              bool
	// FactTexts say what the facts behind it were.
	FactTexts []string
}

// VoiceShare is what one voice had to give and gave, in points of the total.
type VoiceShare struct {
	ID, Name    string
	Points, Max num.Num
	// From and To are the share of full marks that the scheme declares for it, in percent; nil for none.
	From, To *num.Num
}

// Explain joins a result with the texts of its scheme. Returns Conflict if the result was made with another version of it.
func Explain(s *Scheme, r *Result) (*Explanation, error) {
	if s.Hash != r.SchemeHash {
		return nil, fault.New("rating.Explain", fault.Conflict, fmt.Sprintf("结果由方案 %s %s 产生，与给出的方案 %s %s 不是同一文件", r.SchemeID, r.SchemeVersion, s.ID, s.Version))
	}
	e := &Explanation{Scheme: s, Result: r}
	voices := map[string]string{}
	for _, v := range s.Voices {
		voices[v.ID] = v.Name
	}
	weighs := s.factors(r)
	for i := range r.Parts {
		node := s.program.nodeIndex[r.Parts[i].ID]
		d := &s.Parts[node-len(s.Indicators)]
		e.Parts = append(e.Parts, ExplainedPart{
			PartLine: r.Parts[i], Name: d.Name, Basis: d.Basis, In: within(d.In), Proposal: d.Proposal || d.Basis == "" && s.Proposal, TotalOnly: d.Disclose == "total",
			Leaf: len(s.program.parts[node-len(s.Indicators)].children) == 0, Weighs: weighs[node],
		})
	}
	e.Parts = append(e.Parts, ExplainedPart{PartLine: r.Total, Name: "总分"})
	for i := range r.Lines {
		line := s.explainLine(&r.Lines[i], voices)
		line.Weighs = weighs[s.program.nodeIndex[line.ID]]
		e.Lines = append(e.Lines, line)
	}
	for i := range r.Adjust {
		e.Adjust = append(e.Adjust, s.explainAdjust(&r.Adjust[i]))
	}
	for i := range r.Outputs {
		d := &s.Outputs[s.program.outputIndex[r.Outputs[i].ID]]
		text := r.Outputs[i].Shown + d.Unit
		if !r.Outputs[i].Known {
			text = "没有结果：" + r.Outputs[i].Reason
		}
		e.Outputs = append(e.Outputs, ExplainedStep{ID: d.ID, Name: d.Name, Basis: d.Basis, Text: text, FactTexts: s.factTexts(r.Outputs[i].Facts), Proposal: d.Proposal || d.Basis == "" && s.Proposal})
	}
	if limit := s.Promotion; limit != nil && r.Held != "" {
		e.Held = &ExplainedStep{ID: "promotion", Name: "升级限制", Basis: limit.Basis, Proposal: limit.Basis == "" && s.Proposal,
			Text: fmt.Sprintf("按得分和条件是%s；每期最多比%s升 %d 级，定为%s", s.gradeLabel(r.Held), s.historyName(limit.From), limit.Up, r.Label)}
	}
	for _, id := range r.Unmet {
		for i := range s.Eligibility {
			if d := &s.Eligibility[i]; d.ID == id {
				e.Unmet = append(e.Unmet, ExplainedStep{ID: d.ID, Name: d.Name, Basis: d.Basis, Text: d.Reason, Proposal: d.Proposal || d.Basis == "" && s.Proposal})
			}
		}
	}
	e.Voices, e.Next = s.voiceShares(r, weighs), s.nextGrade(r)
	return e, nil
}

// Part returns a part with its text, or nil.
func (e *Explanation) Part(id string) *ExplainedPart {
	for i := range e.Parts {
		if e.Parts[i].ID == id {
			return &e.Parts[i]
		}
	}
	return nil
}

// within is the part above; "" for none.
func within(in string) string {
	switch in {
	case "":
		return "total"
	case "none":
		return ""
	}
	return in
}

func (s *Scheme) explainLine(l *Line, voices map[string]string) ExplainedLine {
	d := &s.Indicators[s.program.nodeIndex[l.ID]]
	out := ExplainedLine{
		Line: *l, Name: d.Name, Clause: d.Clause, Basis: d.Basis, Note: d.Note, Proposal: d.Proposal || d.Basis == "" && s.Proposal,
		Part: within(d.In), PartName: "总分", Voice: d.Voice, VoiceName: voices[d.Voice], TotalOnly: d.Disclose == "total",
	}
	for at := out.Part; at != "total" && at != ""; {
		p := &s.Parts[s.program.nodeIndex[at]-len(s.Indicators)]
		if at == out.Part {
			out.PartName = p.Name
		}
		out.TotalOnly = out.TotalOnly || p.Disclose == "total"
		at = within(p.In)
	}
	if l.Counted {
		places := s.decimals(d.Decimals)
		lost := l.Lost()
		out.ShownPoints, out.ShownMax, out.ShownLost = l.Points.Fixed(places), l.Max.String(), lost.Fixed(places)
	}
	out.FactTexts = s.factTexts(l.Facts)
	for i := range l.Items {
		item := ExplainedItem{ItemLine: l.Items[i], Name: l.Items[i].ID}
		for j := range l.Facts {
			item.Name, item.Basis = s.itemName(l.Facts[j].ID, l.Items[i].ID)
			if item.Name != l.Items[i].ID {
				break
			}
		}
		out.Items = append(out.Items, item)
	}
	return out
}

// itemName finds the text of an item, level or code; the id if there is none.
func (s *Scheme) itemName(fact, id string) (name, basis string) {
	at, ok := s.FactIndex(fact)
	if !ok {
		return id, ""
	}
	f := &s.Facts[at]
	for i := range f.Items {
		if f.Items[i].ID == id {
			return f.Items[i].Name, ""
		}
	}
	for i := range f.Levels {
		if f.Levels[i].ID == id {
			return f.Levels[i].Name, ""
		}
	}
	if i := f.codeIndex(id); i >= 0 {
		return f.Codes[i].Name, f.Codes[i].Basis
	}
	return id, ""
}

func (s *Scheme) factTexts(uses []FactUse) []string {
	var texts []string
	for i := range uses {
		texts = append(texts, s.factText(&uses[i]))
	}
	return texts
}

// factText says in Chinese what a fact was.
func (s *Scheme) factText(u *FactUse) string {
	at, ok := s.FactIndex(u.ID)
	if !ok {
		return u.ID
	}
	f, v := &s.Facts[at], u.Value
	switch v.State {
	case Missing:
		return f.Name + "：缺数据"
	case NotApplicable:
		return f.Name + "：不适用"
	}
	switch f.Type {
	case TypeBool:
		if v.Number.IsZero() {
			return f.Name + "：否"
		}
		return f.Name + "：是"
	case TypeText:
		if i := f.valueIndex(v.Text); i >= 0 {
			return f.Name + ": " + f.Values[i].Text
		}
		return f.Name + ": " + v.Text
	case TypeDate:
		return f.Name + ": " + v.Day.String()
	case TypeRatio:
		text := fmt.Sprintf("%s = %s ÷ %s%s", f.Name, v.Number, v.Den, blankBefore(f.Unit))
		if q, err := v.Number.Quo(v.Den); err == nil {
			text += " = " + q.Round(4, num.HalfUp).String()
		}
		return text
	case TypeSurvey:
		return fmt.Sprintf("%s：总户数 %s", f.Name, v.Number)
	case TypeChecklist, TypeEvents:
		return f.Name
	}
	return fmt.Sprintf("%s = %s%s", f.Name, v.Number, blankBefore(f.Unit))
}

func blankBefore(unit string) string {
	if unit == "" {
		return ""
	}
	return " " + unit
}

func (s *Scheme) explainAdjust(a *AdjustLine) ExplainedStep {
	for i := range s.Adjust {
		d := &s.Adjust[i]
		if d.ID != a.ID {
			continue
		}
		out := ExplainedStep{ID: d.ID, Name: d.Name, Basis: d.Basis, FactTexts: s.factTexts(a.Facts), Proposal: d.Proposal || d.Basis == "" && s.Proposal}
		places := s.decimals(s.Total.Decimals)
		switch {
		case !a.Applied:
			out.Text = "不能判断：" + a.Reason
		case s.program.adjust[i].onTotal():
			out.Text = a.Before.Fixed(places) + " → " + a.After.Fixed(places)
		default:
			out.Text = s.gradeLabel(a.GradeBefore) + " → " + s.gradeLabel(a.GradeAfter)
		}
		var codes []string
		for j := range a.Items {
			name, _ := s.itemName(d.Events.Fact, a.Items[j].ID)
			codes = append(codes, name+" "+a.Items[j].Date.String())
		}
		if len(codes) > 0 {
			out.Text += "(" + strings.Join(codes, "、") + ")"
		}
		return out
	}
	return ExplainedStep{ID: a.ID}
}

func (s *Scheme) gradeLabel(id string) string {
	if i, ok := s.program.gradeIndex[id]; ok {
		return s.Grades.List[i].Label
	}
	return "无等级"
}

// voiceShares gives each voice the points of its lines, as far as they add up to the total.
func (s *Scheme) voiceShares(r *Result, weighs []num.Num) []VoiceShare {
	if len(s.Voices) == 0 {
		return nil
	}
	out := make([]VoiceShare, len(s.Voices))
	place := map[string]int{}
	for i, v := range s.Voices {
		out[i] = VoiceShare{ID: v.ID, Name: v.Name, From: v.From, To: v.To}
		place[v.ID] = i
	}
	for i := range r.Lines {
		l := &r.Lines[i]
		node := s.program.nodeIndex[l.ID]
		at, ok := place[s.Indicators[node].Voice]
		if !ok || !l.Counted {
			continue
		}
		out[at].Points = out[at].Points.Add(weighs[node].Mul(l.Points))
		out[at].Max = out[at].Max.Add(weighs[node].Mul(l.Max))
	}
	return out
}

// nextGrade finds the grade above that of a result, by level, and what it asks for.
func (s *Scheme) nextGrade(r *Result) *NextGrade {
	list, at := s.Grades.List, -1
	for i := range list {
		if l := list[i].Level; l != nil && (r.Level == nil || *l > *r.Level) && (at < 0 || *l < *list[at].Level) {
			at = i
		}
	}
	if r.Status != StatusRated || at < 0 {
		return nil
	}
	m, g := s.program.settled(&Subject{}, r), &s.program.grades[at]
	out := &NextGrade{ID: g.decl.ID, Label: g.decl.Label, Promotion: r.Held != ""}
	ask := func(of Expr, o *operand, b Bounds) {
		x, gone := m.number(o)
		known := gone.kind == nothingAbsent
		d := Demand{Of: of, Has: x, Known: known, Bounds: b, Met: known && b.holds(x)}
		if of == "total" && b.AtLeast != nil && !d.Met {
			if lack, ok := s.Missing(r, *b.AtLeast); ok {
				d.Lack = &lack
			}
		}
		out.Demands = append(out.Demands, d)
	}
	if !g.decl.Bounds.empty() {
		of := s.Grades.Of
		if g.decl.Of != "" {
			of = g.decl.Of
		}
		if of == "" {
			of = "total"
		}
		ask(of, &g.of, g.decl.Bounds)
	}
	for i := range g.needs {
		ask(g.decl.Needs[i].Of, &g.needs[i], g.decl.Needs[i].Bounds)
	}
	if g.decl.When != "" {
		yes, gone := m.condition(&g.when)
		out.Demands = append(out.Demands, Demand{Of: g.decl.When, Known: gone.kind == nothingAbsent, Met: yes && gone.kind == nothingAbsent})
	}
	slices.SortStableFunc(out.Demands, func(a, b Demand) int {
		switch {
		case a.Met == b.Met:
			return 0
		case a.Met:
			return 1
		}
		return -1
	})
	for i := range r.Adjust {
		if a := &r.Adjust[i]; a.Applied && a.GradeBefore != a.GradeAfter {
			out.Held = append(out.Held, s.Adjust[s.adjustIndex(a.ID)].Name)
		}
	}
	return out
}

// factors turn the points of each node into points of the total, as far as sums, means and chosen sheets lead there; 0 for the others.
func (s *Scheme) factors(r *Result) []num.Num {
	return s.factorsBelow(r, len(s.program.indicators)+len(s.program.parts)-1)
}

// factorsBelow is factors with the points of a part in place of those of the total.
func (s *Scheme) factorsBelow(r *Result, part int) []num.Num {
	p := s.program
	factor := make([]num.Num, len(p.indicators)+len(p.parts))
	m := p.settled(&Subject{}, r)
	factor[part] = one
	for i := len(p.order) - 1; i >= 0; i-- { // every part comes before its members
		if above := len(p.indicators) + p.order[i].index; p.order[i].kind == stagePart && !factor[above].IsZero() {
			m.spread(&p.parts[p.order[i].index], factor[above], factor)
		}
	}
	return factor
}

// spread gives each member of a part the factor that turns its points into points of the total.
func (m *machine) spread(part *partProgram, above num.Num, factor []num.Num) {
	var weights, max num.Num
	for _, c := range part.children {
		if m.cells[c.node].state == cellCounted {
			weights = weights.Add(c.weight)
			max = max.Add(c.weight.Mul(m.cells[c.node].max))
		}
	}
	for _, c := range part.children {
		at := &m.cells[c.node]
		if at.state != cellCounted {
			continue
		}
		var f num.Num
		var err error
		switch part.method {
		case MethodSum:
			f = c.weight
			if part.agg.WhenExcluded != "shrink" {
				f, err = c.weight.Mul(part.max).Quo(max)
			}
		case MethodMean:
			f, err = part.max.Mul(c.weight).Quo(weights.Mul(at.max))
		case MethodChoose:
			f = one
		}
		if err == nil {
			factor[c.node] = above.Mul(f)
		}
	}
}

// historyName is what the scheme calls an earlier result.
func (s *Scheme) historyName(id string) string {
	if at, ok := s.program.historyIndex[id]; ok {
		return cmp.Or(s.History[at].Name, id)
	}
	return id
}
