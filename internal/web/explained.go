package web

import (
	"fmt"
	"slices"
	"strings"

	"redsteward/charts"
	"redsteward/internal/num"
	"redsteward/rating"
)

// Voice is what one voice (评价主体) had to give and gave, in points of the total.
type Voice struct {
	Name        string
	Points, Max num.Num
	// From and To are the share of full marks that the rule declares for it, in percent; nil for none.
	From, To *num.Num
}

// Next is the grade above that of a star, with what it asks for.
type Next struct {
	// Label is its word.
	Label string
	// From is the total that it asks for; nil if it asks for none.
	From *num.Num
	// Demands are what it asks for, those first that are not met.
	Demands []NextDemand
	// Held says why the grade stays even if every demand is met, "" if it does not.
	Held string
}

// NextDemand is one thing that the next grade asks for.
type NextDemand struct {
	// What is looked at, Has what there is, Needs what is asked, Lack how far it is; Open says that it is made of what everybody sees: the total or the rate of a top part.
	What, Has, Needs, Lack string
	Met, Open              bool
}

// voicesOf are the voices of a result. Where the lines of a part are kept back, nothing is said by voice unless each such part speaks with one voice: else the totals would tell of its lines.
// The same holds of each earlier result whose points stand in them.
func voicesOf(x *rating.Explanation, public bool) []Voice {
	if public {
		if tellsLines(x) {
			return nil
		}
		for i := range x.Earlier {
			if tellsLines(x.Earlier[i].Explanation) {
				return nil
			}
		}
	}
	return voiceList(x.Voices)
}

// tellsLines reports whether the points by voice would tell of lines that the scheme keeps back.
func tellsLines(x *rating.Explanation) bool {
	top, hidden, speaks := topParts(x), map[string]bool{}, map[string]string{}
	for i := range x.Parts {
		hidden[x.Parts[i].ID] = x.Parts[i].TotalOnly && x.Parts[i].In == "total"
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		if part := top[l.Part]; hidden[part] {
			if other, spoken := speaks[part]; spoken && other != l.Voice {
				return true
			}
			speaks[part] = l.Voice
		} else if l.TotalOnly {
			return true
		}
	}
	return false
}

// voiceList are the voices that had anything to give.
func voiceList(voices []rating.VoiceShare) (out []Voice) {
	for _, v := range voices {
		if v.Max.Sign() > 0 {
			out = append(out, Voice{Name: v.Name, Points: v.Points, Max: v.Max, From: v.From, To: v.To})
		}
	}
	return out
}

// gradeAbove is the grade above that of a result; nil for none.
func gradeAbove(x *rating.Explanation) *Next {
	if x.Next == nil {
		return nil
	}
	s, out := x.Scheme, &Next{Label: x.Next.Label}
	for _, d := range x.Next.Demands {
		nd := NextDemand{What: exprText(d.Of, s), Has: "—", Needs: boundsText(d.Bounds), Met: d.Met}
		part, isRate := strings.CutPrefix(string(d.Of), "rate.")
		if isRate {
			isRate = slices.ContainsFunc(s.Parts, func(p rating.Part) bool { return p.ID == part && (p.In == "" || p.In == "total") })
		}
		nd.Open = isRate || d.Of == "total"
		show := func(v num.Num) string { return v.String() + " 分" }
		if isRate {
			show = func(v num.Num) string { return v.Mul(num.FromInt(100)).Fixed(1) + "%" }
		} else if d.Of != "total" {
			show = num.Num.String
		}
		if d.Known {
			nd.Has = show(d.Has)
		}
		if d.Of == "total" {
			out.From = d.AtLeast
		}
		if d.AtLeast != nil {
			nd.Needs = "不低于 " + show(*d.AtLeast)
			if d.Of == "total" {
				if d.Known && !d.Met {
					nd.Lack = lackText(d.AtLeast.Sub(d.Has), d.Lack)
				}
			} else if d.Known && !d.Met {
				nd.Lack = "差 " + show(d.AtLeast.Sub(d.Has))
				if isRate {
					nd.Lack = "差 " + d.AtLeast.Sub(d.Has).Mul(num.FromInt(100)).Fixed(1) + " 个百分点"
				}
			}
		}
		out.Demands = append(out.Demands, nd)
	}
	switch {
	case len(x.Next.Held) > 0:
		out.Held = "“" + strings.Join(x.Next.Held, "”“") + "”封了顶，分数够了等级也不升。"
	case x.Next.Promotion:
		out.Held = "升级有限制，这一次最多到现在的等级。"
	}
	return out
}

// lackText says how far a total is from a cut: by how many points before bonus, deductions and caps, if that is another number; lack is nil if full points do not suffice.
func lackText(plain num.Num, lack *num.Num) string {
	switch {
	case lack == nil:
		return "得满分也不够"
	case lack.Equal(plain):
		return "差 " + plain.String() + " 分"
	}
	return "差 " + lack.String() + " 分（" + beforeSteps + "）"
}

// beforeSteps says of points that they count before the adjustments: a bonus may stop below a cut.
const beforeSteps = "加分、扣分以前"

// sumsView is how the points of a star came about: its parts, the steps to the total, the pictures and the voices.
type sumsView struct {
	Groups           []groupView
	Steps            []stepView
	Score, Max       string
	Radar, Waterfall charts.SVG
	AxisFrom         string
	Voices           *voicesView
	Why              *whyView
	Kept, HasBy      bool
	// Bare: the page lists no lines below a part.
	Bare bool
}

// voicesView is the table of the voices.
type voicesView struct {
	Rows []voiceView
	// Rest are the points that no voice has: adjustments, what is rounded, and earlier results of which nobody knows who spoke; "" for none.
	Rest string
	// Heads are the earlier results that it rests on, Earlier the points of each voice in each of them, “—” where it had none to give.
	Heads   []string
	Earlier []voiceRow
}

// voiceRow is a voice with its points in each earlier result.
type voiceRow struct {
	Name  string
	Cells []string
}

// voiceView is one voice: its points, what it had to give, its rate, the share of full marks and what the rule declares for that.
type voiceView struct{ Name, Points, Max, Rate, Share, Band string }

// whyView says why a star has its grade and not the next one: what is asked for, and where points were lost, the most first, with the total as it would be with each of them.
type whyView struct {
	Grade, Next, Held string
	Demands           []NextDemand
	Rows              []whyRow
	// More is how many others lost points, and how many together; "" for none.
	More string
}

// whyRow is a place where points were lost.
type whyRow struct {
	Name, Link string
	// Lost are the points of the total, Then the total with these and all above; Enough marks the row with which the total suffices.
	Lost, Then string
	Enough     bool
}

// whyRows is how many places whyView lists at most.
const whyRows = 8

// voicesTable puts the voices of a star into a table; nil for none.
func voicesTable(one Star, places int) *voicesView {
	if len(one.Voices) == 0 {
		return nil
	}
	out := &voicesView{}
	for _, e := range one.Earlier {
		out.Heads = append(out.Heads, e.Period)
		for _, voice := range e.Voices {
			at := slices.IndexFunc(out.Earlier, func(r voiceRow) bool { return r.Name == voice.Name })
			if at < 0 {
				at = len(out.Earlier)
				out.Earlier = append(out.Earlier, voiceRow{Name: voice.Name})
			}
			row := &out.Earlier[at]
			for len(row.Cells) < len(out.Heads)-1 {
				row.Cells = append(row.Cells, "—")
			}
			row.Cells = append(row.Cells, points(voice.Points, places)+" / "+points(voice.Max, places))
		}
	}
	for i := range out.Earlier {
		for len(out.Earlier[i].Cells) < len(out.Heads) {
			out.Earlier[i].Cells = append(out.Earlier[i].Cells, "—")
		}
	}
	var sum, full num.Num
	for _, v := range one.Voices {
		sum, full = sum.Add(v.Points), full.Add(v.Max)
	}
	for _, v := range one.Voices {
		row := voiceView{Name: v.Name, Points: points(v.Points, places), Max: points(v.Max, places), Rate: rate(v.Points, v.Max), Share: rate(v.Max, full), Band: "—"}
		if v.From != nil && v.To != nil {
			row.Band = v.From.String() + "%–" + v.To.String() + "%"
		}
		out.Rows = append(out.Rows, row)
	}
	if one.Total != nil {
		if rest := one.Total.Sub(sum); points(rest.Abs(), places) != points(num.Num{}, places) {
			out.Rest = points(rest, places)
		}
	}
	return out
}

// why says why a star has its grade and not the next one; nil where there is no next one.
func (one Star) why(grade string, places int) *whyView {
	if one.Next == nil || one.Total == nil {
		return nil
	}
	v := &whyView{Grade: grade, Next: one.Next.Label, Held: one.Next.Held, Demands: one.Next.Demands}
	type loss struct {
		name, link string
		lost       num.Num
		ids        []string // what is restored with it
	}
	var all []loss
	add := func(name, link string, lost num.Num, ids ...string) {
		if lost.Sign() > 0 {
			all = append(all, loss{name, link, lost, ids})
		}
	}
	for _, g := range one.Groups {
		if len(g.Lines) == 0 && g.ID != asideGroup && g.Points != nil && g.Max != nil {
			ids := g.ids
			if len(ids) == 0 {
				ids = []string{g.ID}
			}
			add(g.Name, "#g-"+g.ID, g.Max.Sub(*g.Points), ids...)
		}
		for _, l := range g.Lines {
			if l.Points != nil && l.Max != nil {
				add(strings.TrimSpace(l.Clause+" "+l.Name), "#l-"+l.ID, l.lost(), l.ID)
			}
		}
	}
	for _, a := range one.Adjustments {
		if a.Change != nil && a.Avoidable {
			add("总分调整："+a.Name, "", a.Change.Neg(), a.ID)
		}
	}
	slices.SortStableFunc(all, func(a, b loss) int { return b.lost.Cmp(a.lost) })
	enough := one.Next.From == nil || !one.Total.Less(*one.Next.From)
	var rest num.Num
	var restored []string
	for i, l := range all {
		if i >= whyRows {
			rest = rest.Add(l.lost)
			continue
		}
		restored = append(restored, l.ids...)
		then := one.Restored(restored)
		row := whyRow{Name: l.name, Link: l.link, Lost: points(l.lost.Neg(), places), Then: points(then, places)}
		if !enough && !then.Less(*one.Next.From) {
			row.Enough, enough = true, true
		}
		v.Rows = append(v.Rows, row)
	}
	if n := len(all) - whyRows; n > 0 {
		v.More = fmt.Sprintf("另有 %d 处，合计 %s 分", n, points(rest.Neg(), places))
	}
	return v
}

// open leaves of the next grade what everybody may see.
func (n *Next) open() *Next {
	if n == nil {
		return nil
	}
	out := *n
	out.Demands = slices.DeleteFunc(slices.Clone(n.Demands), func(d NextDemand) bool { return !d.Open })
	return &out
}

// sumsOf puts a star into the form of its page.
func sumsOf(one Star, grade string, places int, grades []GradeInfo, lostOnly bool) *sumsView {
	v := &sumsView{Score: "—", Max: points(one.Max, places)}
	if one.Total != nil {
		v.Score = points(*one.Total, places)
	}
	var axes []charts.Axis
	steps := []charts.Step{{Label: "满分", Text: v.Max, Value: one.Max.Float64(), Total: true}}
	full := num.Num{}
	for _, group := range one.Groups {
		if v.Kept = v.Kept || group.Kept; group.Kept && group.Max == nil {
			continue // what does not count takes no points
		}
		gv := groupView{ID: group.ID, Name: group.Name, Hidden: group.Hidden, Reasons: strings.Join(group.Reasons, "、"), Points: "—", Max: "—", Clawed: group.Clawed}
		if group.Points != nil && group.Max != nil {
			lost := group.Max.Sub(*group.Points)
			full = full.Add(*group.Max)
			gv.Points, gv.Max = points(*group.Points, places), points(*group.Max, places)
			gv.Lost, gv.Rate, gv.AnyLost = lostText(lost, places), rate(*group.Points, *group.Max), !lost.IsZero()
			if q, err := group.Points.Mul(num.FromInt(100)).Quo(*group.Max); err == nil {
				axes = append(axes, charts.Axis{Label: group.Name, Text: gv.Rate, Value: q.Float64()})
			}
			steps = append(steps, charts.Step{Label: group.Name, Text: lostText(lost, places), Value: lost.Neg().Float64()})
		}
		for _, line := range group.Lines {
			v.HasBy = v.HasBy || line.By != "" || line.Reviewed != ""
			views, anyLost := lineViews(line)
			if lostOnly && !anyLost {
				continue
			}
			for _, lv := range views {
				if !lostOnly || lv.AnyLost {
					gv.Lines = append(gv.Lines, lv)
				}
			}
		}
		v.Groups = append(v.Groups, gv)
	}
	for _, a := range one.Adjustments {
		sv := stepView{Name: a.Name, Basis: a.Basis, Said: a.Said}
		if a.Change != nil {
			sv.Change, sv.Minus = signed(*a.Change, places), a.Change.Sign() < 0
			steps = append(steps, charts.Step{Label: a.Name, Text: sv.Change, Value: a.Change.Float64()})
		}
		v.Steps = append(v.Steps, sv)
	}
	v.Voices, v.Why = voicesTable(one, places), one.why(grade, places)
	v.draw(one, grades, axes, steps, full.Equal(one.Max))
	return v
}

// draw makes the pictures where they say something true: a radar of three parts at least, a waterfall only if the bars lead from the full
// number of points to the total.
func (v *sumsView) draw(one Star, grades []GradeInfo, axes []charts.Axis, steps []charts.Step, complete bool) {
	v.Radar = charts.Radar{ID: "radar-title", Title: "各部分得分率雷达图，数值见右表", Axes: axes}.SVG()
	if one.Total == nil || !complete || len(steps) < 3 {
		return
	}
	level := 0.0
	for _, s := range steps {
		level += s.Value
	}
	total := one.Total.Float64()
	if d := level - total; d > 0.05 || d < -0.05 {
		return // a cap, a floor or a rounding that is not a step of its own: the table says it, a picture would mislead
	}
	steps = append(steps, charts.Step{Label: "总分", Text: v.Score, Value: total, Total: true})
	w := charts.Waterfall{ID: "waterfall-title", Steps: steps, From: charts.AxisFrom(steps), To: one.Max.Float64()}
	for _, s := range steps[1:] {
		if !s.Total && s.Value > 0 { // a bonus above the full number needs room
			w.To = max(w.To, total)
		}
	}
	w.Title = "从满分到总分的得失分瀑布图，数值见汇总表"
	if w.From > 0 {
		v.AxisFrom = num.FromInt(int64(w.From)).String()
		w.Title = "从满分到总分的得失分瀑布图，横轴自 " + v.AxisFrom + " 分起；数值见汇总表"
	}
	for _, g := range grades {
		if g.From != nil {
			w.Cuts = append(w.Cuts, charts.Cut{Label: g.Label + " " + g.From.String(), Value: g.From.Float64()})
		}
	}
	v.Waterfall = w.SVG()
}

// leafLine is a part without lines below it, such as the mean of earlier periods, as a line of its own, with what it takes from each of them.
func leafLine(x *rating.Explanation, p *rating.ExplainedPart) Line {
	s := x.Scheme
	l := Line{ID: p.ID, Name: p.Name, Basis: p.Basis, Proposal: p.Proposal, Places: defaultPlaces, Weighs: p.Weighs, Part: true}
	for i := range s.Parts {
		if d := &s.Parts[i]; d.ID == p.ID {
			l.Places = places(d.Decimals, s.Defaults.Decimals)
		}
	}
	if l.State = "不计入"; p.Counted {
		l.State, l.Points, l.Max = "", &p.Points, &p.Max
	}
	for i := range p.Earlier {
		l.Items = append(l.Items, earlierItem(x, p, &p.Earlier[i]))
	}
	return l
}

// earlierItem is what a part takes from an earlier result, in points of that.
func earlierItem(x *rating.Explanation, p *rating.ExplainedPart, e *rating.PastPart) Item {
	out := Item{Name: e.Name, Places: defaultPlaces, State: "没有结果，不计入"}
	for i := range x.Earlier {
		if was := &x.Earlier[i]; was.History == e.History {
			out.Name, out.Period = was.Title, was.Explanation.Result.Period
		}
	}
	switch {
	case e.Known && e.Weighs.IsZero():
		out.State = "得 " + points(e.Points, defaultPlaces) + " / " + points(e.Max, defaultPlaces) + "，不计入"
	case e.Known:
		out.State, out.Found, out.Points, out.Max = "", "计入，占本项的 "+rate(e.Weighs.Mul(e.Max), p.Max), &e.Points, &e.Max
	}
	return out
}
