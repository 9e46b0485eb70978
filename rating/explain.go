package rating

import (
	"cmp"
	"fmt"
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
	for i := range r.Parts {
		d := &s.Parts[s.program.nodeIndex[r.Parts[i].ID]-len(s.Indicators)]
		e.Parts = append(e.Parts, ExplainedPart{
			PartLine: r.Parts[i], Name: d.Name, Basis: d.Basis, In: within(d.In), Proposal: d.Proposal || d.Basis == "" && s.Proposal, TotalOnly: d.Disclose == "total",
		})
	}
	e.Parts = append(e.Parts, ExplainedPart{PartLine: r.Total, Name: "总分"})
	for i := range r.Lines {
		e.Lines = append(e.Lines, s.explainLine(&r.Lines[i], voices))
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
	e.Voices = s.voiceShares(r)
	return e, nil
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

// voiceShares gives each voice the points of its lines, as far as they add up to the total: below sums, means and chosen sheets. What stands
// below a geometric mean, a minimum, steps or an expression has no share of its own and is left out.
func (s *Scheme) voiceShares(r *Result) []VoiceShare {
	if len(s.Voices) == 0 {
		return nil
	}
	p, factor := s.program, s.factors(r)
	out := make([]VoiceShare, len(s.Voices))
	place := map[string]int{}
	for i, v := range s.Voices {
		out[i] = VoiceShare{ID: v.ID, Name: v.Name}
		place[v.ID] = i
	}
	for i := range r.Lines {
		l := &r.Lines[i]
		node := p.nodeIndex[l.ID]
		at, ok := place[s.Indicators[node].Voice]
		if !ok || !l.Counted {
			continue
		}
		out[at].Points = out[at].Points.Add(factor[node].Mul(l.Points))
		out[at].Max = out[at].Max.Add(factor[node].Mul(l.Max))
	}
	return out
}

// factors turn the points of each node into points of the total, as far as sums, means and chosen sheets lead there; 0 for the others.
func (s *Scheme) factors(r *Result) []num.Num {
	p := s.program
	factor := make([]num.Num, len(p.indicators)+len(p.parts))
	m := p.settled(&Subject{}, r)
	factor[len(factor)-1] = one
	for i := len(p.order) - 1; i >= 0; i-- { // every part comes before its members
		if p.order[i].kind == stagePart {
			m.spread(&p.parts[p.order[i].index], factor[len(p.indicators)+p.order[i].index], factor)
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
