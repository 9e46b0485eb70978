package rating

import "strings"

// Facts says in Chinese what the example's subject is, one fact a line, and after these what it was before: with them anybody can rate it again.
func (e *Example) Facts(s *Scheme) []string {
	var out []string
	for i := range s.Facts {
		out = append(out, s.Facts[i].Name+"："+s.Facts[i].tell(e.Subject.Values[i]))
	}
	for i := range s.History {
		out = append(out, s.History[i].tell(e.History))
	}
	return out
}

// Table lists the facts of the example and of the same subject after its changes side by side: name, before, after; after is empty if the example has no second subject. The earlier results follow.
func (e *Example) Table(s *Scheme) [][3]string {
	var out [][3]string
	for i := range s.Facts {
		row := [3]string{s.Facts[i].Name, s.Facts[i].tell(e.Subject.Values[i])}
		if e.Other != nil {
			row[2] = s.Facts[i].tell(e.Other.Values[i])
		}
		out = append(out, row)
	}
	for i := range s.History {
		name, said, _ := strings.Cut(s.History[i].tell(e.History), "：")
		row := [3]string{name, said}
		if e.Other != nil {
			row[2] = said
		}
		out = append(out, row)
	}
	return out
}

// tell says what is known of one earlier result.
func (e *Earlier) tell(h History) string {
	name := e.Name
	if name == "" {
		name = e.ID
	}
	p, ok := h[e.ID]
	if !ok {
		return "以往结果“" + name + "”：无"
	}
	out := "以往结果“" + name + "”：没有总分"
	if p.HasTotal {
		out = "以往结果“" + name + "”：总分 " + p.Total.String()
	}
	if p.Grade != "" {
		out += "，等级 " + p.Grade
	}
	for _, id := range e.Parts {
		if x, ok := p.Points[id]; ok {
			out += "，" + id + " " + x.String()
		}
	}
	for _, id := range e.Outputs {
		if x, ok := p.Outputs[id]; ok {
			out += "，" + id + " " + x.String()
		}
	}
	return out
}

// tellResult says total and grade in Chinese.
func tellResult(r *Result) string {
	out := "没有总分"
	if r.Total.Counted {
		out = "总分 " + r.Total.Points.Fixed(2)
	}
	switch {
	case r.Label != "":
		out += "，" + r.Label
	case r.Status == StatusVoid:
		out += "，已否决"
	}
	return out
}

// tell writes a value for people.
func (f *Fact) tell(v Value) string {
	switch {
	case v.State == Missing:
		return "缺"
	case v.State == NotApplicable:
		return "不适用"
	}
	items := func(n int, name func(int) string) string {
		out := ""
		for i := range n {
			if i > 0 {
				out += "、"
			}
			out += name(i) + " "
			if v.Items[i].State == Present {
				out += v.Items[i].Number.String()
			} else {
				out += "—"
			}
		}
		return out
	}
	switch f.Type {
	case TypeRatio:
		return v.Number.String() + "/" + v.Den.String()
	case TypeBool:
		if v.Number.IsZero() {
			return "否"
		}
		return "是"
	case TypeText:
		if i := f.valueIndex(v.Text); i >= 0 {
			return f.Values[i].Text
		}
		return v.Text
	case TypeDate:
		return v.Day.String()
	case TypeChecklist:
		return items(len(f.Items), func(i int) string { return f.Items[i].Name })
	case TypeSurvey:
		return items(len(f.Levels), func(i int) string { return f.Levels[i].Name })
	case TypeEvents:
		if len(v.Events) == 0 {
			return "没有事件"
		}
		out := ""
		for i, e := range v.Events {
			if i > 0 {
				out += "、"
			}
			out += e.Code + "（" + e.Date.String()
			if e.Points != nil {
				out += "，" + e.Points.String() + " 分"
			}
			out += "）"
		}
		return out
	}
	return v.Number.String()
}
