package main

import (
	"fmt"
	"io"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/rating"
)

// errFoundRow ends the walk over the rows at the one that is to be explained.
var errFoundRow = fmt.Errorf("found: %w", errStopped)

// printExplanation prints every line of one result.
func (r *scoring) printExplanation(out io.Writer) error {
	const op = "cmd.explain"
	var result *rating.Result
	var near []string
	id := r.command.Explain
	err := r.each(func(sub rating.Subject) error {
		if sub.ID == id {
			found := r.evaluate(sub)
			result = &found
			return errFoundRow
		}
		if len(near) < 5 && strings.HasPrefix(sub.ID, id) {
			near = append(near, sub.ID)
		}
		return nil
	})
	switch {
	case result == nil && err != nil:
		return err
	case result == nil && len(near) > 0:
		return fault.New(op, fault.Invalid, fmt.Sprintf("表格中没有编号 %q，有 %s", id, strings.Join(near, "、")))
	case result == nil:
		return fault.New(op, fault.Invalid, fmt.Sprintf("表格中没有编号 %q", id))
	}
	if r.command.Format == "json" {
		_, err := out.Write(append(result.Canonical(), '\n'))
		return err
	}
	e, err := rating.Explain(r.scheme, result)
	if err != nil {
		return err
	}
	w := &explanationWriter{out: out}
	w.head(e)
	w.lines(e)
	w.parts(e)
	w.steps("加减与否决", e.Adjust)
	w.steps("其他结果", e.Outputs)
	w.steps("不符合的参评条件", e.Unmet)
	w.voices(e)
	return w.err
}

// explanationWriter prints the sections of an explanation and keeps the first error.
type explanationWriter struct {
	out io.Writer
	err error
}

func (w *explanationWriter) printf(format string, args ...any) {
	if w.err == nil {
		_, w.err = fmt.Fprintf(w.out, format, args...)
	}
}

func (w *explanationWriter) table(t *textTable) {
	if w.err == nil {
		w.err = t.write(w.out)
	}
}

func (w *explanationWriter) head(e *rating.Explanation) {
	r, s := e.Result, e.Scheme
	w.printf("%s\n", oneLine(r.Subject))
	w.printf("方案：%s（%s %s，SHA-256 %s）\n", s.Title, r.SchemeID, r.SchemeVersion, r.SchemeHash)
	if s.Basis != "" {
		w.printf("依据：%s\n", oneLine(s.Basis))
	}
	if r.AsOf != 0 {
		w.printf("评价日期：%s\n", r.AsOf)
	}
	total := "没有总分"
	if r.Total.Counted {
		total = r.Total.Shown
	}
	grade := r.Label
	if grade == "" {
		grade = "无"
	}
	w.printf("总分：%s  等级：%s\n", total, grade)
	if e.Held != nil {
		w.printf("%s：%s\n", e.Held.Name, e.Held.Text)
	}
	if len(r.Blocked) > 0 {
		w.printf("不能评等级，因为缺：%s\n", strings.Join(r.Blocked, "、"))
	}
}

// lines prints every indicator with its facts, its items, and its roundings.
func (w *explanationWriter) lines(e *rating.Explanation) {
	t := textTable{Head: []string{"指标 / 条目", "所属", "评价主体", "事实", "权重", "得分", "满分", "说明"}, Right: []bool{false, false, false, false, true, true, true, false}}
	weights := weightsOf(e.Scheme)
	for i := range e.Lines {
		l := &e.Lines[i]
		points, full := l.ShownPoints, l.ShownMax
		if !l.Counted {
			points, full = "—", "—"
		}
		t.Rows = append(t.Rows, []string{l.ID + " " + l.Name, l.PartName, l.VoiceName, strings.Join(l.FactTexts, "；"), weights[l.ID], points, full, lineNote(e.Scheme, l)})
		for j := range l.Items {
			row := itemRow(&l.Items[j])
			for _, f := range l.Facts {
				row[4] += weights[f.ID+"/"+l.Items[j].ID]
			}
			t.Rows = append(t.Rows, row)
		}
	}
	w.printf("\n逐项\n")
	w.table(&t)
}

// weightsOf are the declared weights other than 1: of indicators by id, of the items of a checklist by fact and item.
func weightsOf(s *rating.Scheme) map[string]string {
	weights := map[string]string{}
	for i := range s.Indicators {
		if w := s.Indicators[i].Weight; w != nil {
			weights[s.Indicators[i].ID] = w.String()
		}
	}
	for i := range s.Facts {
		for _, item := range s.Facts[i].Items {
			if item.Weight != nil {
				weights[s.Facts[i].ID+"/"+item.ID] = item.Weight.String()
			}
		}
	}
	return weights
}

// itemRow is the row of an item, level or event under its line.
func itemRow(item *rating.ExplainedItem) []string {
	row := []string{"  · " + item.Name, "", "", "", "", "", "", ""}
	switch {
	case item.Date != 0:
		row[3], row[5] = item.Date.String(), item.Points.String()
		if item.Until != 0 {
			row[3] += " 至 " + item.Until.String()
		}
		row[7] = item.Source
	case item.State == rating.NotApplicable:
		row[3] = "不适用"
	case item.State == rating.Missing:
		row[3] = "没有填"
	default:
		row[3], row[5], row[6] = item.Value.String(), item.Points.String(), item.Max.String()
	}
	return row
}

// lineNote says why a line was not scored as usual, or how its points were rounded.
func lineNote(s *rating.Scheme, l *rating.ExplainedLine) string {
	var notes []string
	switch l.State {
	case rating.LineMissing:
		notes = append(notes, "缺数据（"+l.Reason+"），"+treatedWords[l.Treated])
	case rating.LineNotApplicable:
		notes = append(notes, "不适用（"+strings.TrimPrefix(l.Reason, "不适用：")+"），"+treatedWords[l.Treated])
	default:
		if text := roundings(s, l); text != "" {
			notes = append(notes, text)
		}
	}
	if l.Proposal {
		notes = append(notes, "建议")
	}
	return strings.Join(notes, "；")
}

// treatedWords say what became of a line without a value, by the modes of rating.Absent.
var treatedWords = map[string]string{
	rating.AbsentExclude: "不计入，分值由其他指标按比例补足", rating.AbsentZero: "记零分", rating.AbsentPoints: "记固定分", rating.AbsentBlock: "不评等级",
}

// roundings shows each declared rounding of a line: 91.756272 → 91.76 → 92. Where the value before cannot be told from the line, or no
// rounding changes it, it is empty.
func roundings(s *rating.Scheme, l *rating.ExplainedLine) string {
	x, steps, ok := unrounded(s, l)
	if !ok {
		return ""
	}
	text := x.Round(6, num.HalfUp).String()
	if !x.Equal(x.Round(6, num.HalfUp)) {
		text += "…"
	}
	changed := false
	for _, step := range steps {
		y := x.Round(step.Places, step.Mode)
		changed = changed || !y.Equal(x)
		x = y
		text += " → " + x.String()
	}
	if !changed || !x.Equal(l.Points) {
		return ""
	}
	return text
}

// unrounded tells the points of a line before its roundings from the value that the rule read.
func unrounded(s *rating.Scheme, l *rating.ExplainedLine) (num.Num, rating.Rounding, bool) {
	for i := range s.Indicators {
		d := &s.Indicators[i]
		if d.ID != l.ID || !l.HasValue {
			continue
		}
		steps := d.Round
		if steps == nil {
			steps = s.Defaults.RoundIndicator
		}
		low := num.Num{}
		if d.Min != nil {
			low = *d.Min
		}
		span := d.Max.Sub(low)
		share := l.Value
		var err error
		switch rule := d.Rule.(type) {
		case *rating.ChecklistRule:
		case *rating.TargetRule:
			share, err = l.Value.Sub(rule.Zero).Quo(rule.Target.Sub(rule.Zero))
		case *rating.SurveyRule:
			zero, target := num.Num{}, num.FromInt(1)
			if rule.Zero != nil {
				zero = *rule.Zero
			}
			if rule.Target != nil {
				target = *rule.Target
			}
			share, err = l.Value.Sub(zero).Quo(target.Sub(zero))
		default:
			return num.Num{}, nil, false
		}
		x := low.Add(span.Mul(share))
		return num.Max(low, num.Min(d.Max, x)), steps, err == nil
	}
	return num.Num{}, nil, false
}

func (w *explanationWriter) parts(e *rating.Explanation) {
	t := textTable{Head: []string{"部分", "得分", "满分", "得分率", "说明"}, Right: []bool{false, true, true, true, false}}
	for i := range e.Parts {
		p := &e.Parts[i]
		row := []string{p.Name, "—", "—", "—", ""}
		if p.ID != "total" {
			row[0] = p.ID + " " + p.Name
		}
		if p.Counted {
			row[1], row[2] = p.Shown, p.Max.String()
			if rate, ok := p.Rate(); ok {
				row[3] = rate.Mul(num.FromInt(100)).Fixed(1) + " %"
			}
		}
		var notes []string
		if p.Chosen != "" {
			notes = append(notes, "选用 "+p.Chosen)
		}
		for _, step := range p.Steps {
			notes = append(notes, step.ID+" → "+step.After.String())
		}
		row[4] = strings.Join(notes, "；")
		t.Rows = append(t.Rows, row)
	}
	w.printf("\n合成\n")
	w.table(&t)
}

func (w *explanationWriter) steps(title string, steps []rating.ExplainedStep) {
	if len(steps) == 0 {
		return
	}
	w.printf("\n%s\n", title)
	for _, s := range steps {
		note := ""
		if s.Proposal {
			note = "（建议）"
		}
		w.printf("  %s %s：%s%s\n", s.ID, oneLine(s.Name), oneLine(s.Text), note)
	}
}

func (w *explanationWriter) voices(e *rating.Explanation) {
	if len(e.Voices) == 0 {
		return
	}
	t := textTable{Head: []string{"评价主体", "得分", "满分"}, Right: []bool{false, true, true}}
	for _, v := range e.Voices {
		t.Rows = append(t.Rows, []string{v.Name, v.Points.Fixed(2), v.Max.Fixed(2)})
	}
	w.printf("\n按评价主体\n")
	w.table(&t)
}
