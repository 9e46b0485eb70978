package web

import (
	"cmp"
	"fmt"
	"slices"

	"redsteward/internal/num"
	"redsteward/rating"
)

// Before is what a subject had in the published period before.
type Before struct {
	// Period is its name, Grade the label of the grade, Total nil if there was none.
	Period, Grade string
	Total         *num.Num
	// OtherFirm: another firm held the subject then; a star belongs to project, firm and contract, so that nothing is compared.
	OtherFirm bool
	// OtherRule: the rule was changed in between, so that points are not compared.
	OtherRule bool
	// Groups and Adjustments are its lines and steps in the form of that star, nil if another firm held the subject then.
	Groups      []LineGroup
	Adjustments []Adjustment
}

// BeforeOf is what a subject had in the published period called period, by the rule s of that period, seen from now, whose rule has the hash rule. public as in StarOf.
func BeforeOf(period string, s *rating.Scheme, was, now *rating.ArchivedResult, rule string, public bool) (*Before, error) {
	result, err := rating.ReadResult([]byte(was.Result))
	if err != nil {
		return nil, err
	}
	out := &Before{Period: period, OtherFirm: was.Firm != now.Firm, OtherRule: s.Hash != rule}
	for _, g := range s.Grades.List {
		if g.ID == result.Grade {
			out.Grade = g.Label
		}
	}
	if result.Total.Counted {
		out.Total = &result.Total.Points
	}
	if out.OtherFirm {
		return out, nil
	}
	x, err := rating.Explain(s, result)
	if err != nil {
		return nil, err
	}
	star := StarOf(Row{}, x, public)
	out.Groups, out.Adjustments = star.Groups, star.Adjustments
	return out, nil
}

// fewest is how many subjects with a total a group must have to be compared with: a mean over two names both.
const fewest = 3

// meaning says in one sentence what the grade stands for that was rated, and which parts stand out; of a star that was lowered since, also what it is now.
func (v *starView) meaning(b *board, one Star) string {
	if one.Total == nil {
		if one.Reason == "" {
			return "这一次没有总分，所以没有等级。"
		}
		return "这一次没有等级，因为" + one.Reason + "。"
	}
	rated := cmp.Or(v.Was, v.Grade)
	text := fmt.Sprintf("“%s”的意思是：满分 %s 分，得了 %s 分", rated, points(one.Max, b.Places), v.Score)
	at := slices.IndexFunc(b.Grades, func(g GradeInfo) bool { return g.ID == one.Row.Grade })
	if at >= 0 {
		if from := b.Grades[at].From; from != nil && !one.Total.Less(*from) {
			text += fmt.Sprintf("，达到%s要求的 %s 分", rated, from.String())
		}
	}
	switch {
	case v.ToNext != "":
		text += fmt.Sprintf("，离%s还差 %s", v.NextGrade, v.ToNext)
	case at > 0 && b.Grades[at-1].From != nil && !b.Grades[at].Unrated && one.Total.Less(*b.Grades[at-1].From):
		text += "；得满分也到不了" + b.Grades[at-1].Label
	case at > 0 && b.Grades[at-1].From != nil && !b.Grades[at].Unrated:
		text += "；总分够" + b.Grades[at-1].Label + "，但另有条件没有达到"
	}
	text += "。"
	if v.Was != "" {
		text += "后来依决定降为“" + v.Grade + "”。"
	}
	best, worst := extremes(one.Parts)
	if best >= 0 && best != worst {
		text += fmt.Sprintf("得分率最高的是%s（%s%%），最低的是%s（%s%%）。", b.Parts[best].Name, one.Parts[best].Fixed(1), b.Parts[worst].Name, one.Parts[worst].Fixed(1))
	}
	return text
}

// extremes are the parts with the highest and the lowest rate, the first ones of equals; −1 without any.
func extremes(rates []*num.Num) (best, worst int) {
	best, worst = -1, -1
	for i, p := range rates {
		if p == nil {
			continue
		}
		if best < 0 || rates[best].Less(*p) {
			best = i
		}
		if worst < 0 || p.Less(*rates[worst]) {
			worst = i
		}
	}
	return best, worst
}

// changed says in one sentence what changed since the period before against the present total and grade; "" if nothing is known of it.
func (p *Before) changed(total *num.Num, grade string, places int) string {
	if p == nil {
		return ""
	}
	was := p.Period + "是“" + p.Grade + "”"
	if p.Total != nil {
		was = fmt.Sprintf("%s是“%s”，%s 分", p.Period, p.Grade, points(*p.Total, places))
	}
	switch {
	case p.OtherFirm:
		return was + "，那时由另一家企业管理，不作比较。"
	case p.OtherRule:
		return was + "，评价办法后来修订过，分数不直接比较。"
	case p.Total == nil || total == nil:
		return was + "。"
	}
	return was + "；" + changeText(total.Sub(*p.Total), places, p.Grade, grade)
}

// changeText is “这次高了 3.10 分，等级没有变。”.
func changeText(change num.Num, places int, before, now string) string {
	how := "分数没有变"
	if change.Sign() != 0 {
		how = map[bool]string{true: "这次高了 ", false: "这次低了 "}[change.Sign() > 0] + points(change.Abs(), places) + " 分"
	}
	if before == now {
		return how + "，等级没有变。"
	}
	return how + "，现在是“" + now + "”。"
}

// comparisons say how a subject stands among similar ones: those of its facets (township, community) and those of its size. Each sentence has its denominators.
func comparisons(b *board, one Star) []string {
	if one.Total == nil {
		return nil
	}
	var out []string
	for i := len(one.Facets) - 1; i >= 0; i-- {
		value := one.Facets[i]
		if value == "" || value == one.Size {
			continue
		}
		if text := compareIn(b, one, value, func(r *ranked) bool { return i < len(r.Facets) && r.Facets[i] == value }); text != "" {
			out = append(out, text)
		}
	}
	if one.Size != "" {
		if text := compareIn(b, one, one.Size, func(r *ranked) bool { return r.Size == one.Size }); text != "" {
			out = append(out, text)
		}
	}
	return out
}

// peers are the ways to the boards of similar subjects, those that leave any out.
func (b *board) peers(one Star) []crumb {
	if one.Total == nil {
		return nil
	}
	var out []crumb
	for i, value := range one.Facets {
		if i < min(len(b.facets), len(facetNames)) && value != "" && len(b.facets[i]) > 1 {
			f := filter{Facets: make([]string, len(b.facets))}
			f.Facets[i] = value
			out = append(out, crumb{value, f.address("/")})
		}
	}
	return out
}

// compareIn compares with the members of one group.
func compareIn(b *board, one Star, group string, member func(r *ranked) bool) string {
	all, higher, lower, with := 0, 0, 0, 0
	var sum num.Num
	for _, list := range [][]*ranked{b.rows, b.apart} {
		for _, r := range list {
			if !member(r) {
				continue
			}
			all++
			if r.Total == nil {
				continue
			}
			with++
			sum = sum.Add(*r.Total)
			switch {
			case one.Total.Less(*r.Total):
				higher++
			case r.Total.Less(*one.Total):
				lower++
			}
		}
	}
	if with < fewest {
		return fmt.Sprintf("%s：有总分的%s只有 %d 个，太少，不作比较。", group, b.Subject, with)
	}
	mean, err := sum.Quo(num.FromInt(int64(with)))
	if err != nil {
		return ""
	}
	if b.Unranked {
		return fmt.Sprintf("%s：参评 %d 个%s，有总分的 %d 个，平均 %s 分。", group, all, b.Subject, with, points(mean, b.Places))
	}
	return fmt.Sprintf("%s：参评 %d 个%s，有总分的 %d 个，平均 %s 分；除自己以外的 %d 个当中，比它高的 %d 个，比它低的 %d 个，同分的 %d 个。",
		group, all, b.Subject, with, points(mean, b.Places), with-1, higher, lower, with-1-higher-lower)
}
