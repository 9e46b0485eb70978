package web

import (
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/num"
	"redsteward/rating"
)

// Label is what a subject is called on pages. It holds no personal data.
type Label struct {
	// Name is shown; Place and Firm stand below it; Facets are the values of the evaluation's facets.
	Name, Place, Firm string
	Facets            []string
	// Moved, Size, Sheet and Keys as in Row.
	Moved, Size, Sheet string
	Keys               []string
}

// defaultPlaces is what is shown where a scheme declares no decimals (design §5).
const defaultPlaces = 2

func places(own, common *int) int {
	switch {
	case own != nil:
		return *own
	case common != nil:
		return *common
	}
	return defaultPlaces
}

// DescribeScheme fills in what an evaluation takes from its scheme: names, grades, columns and decimals.
func DescribeScheme(e Evaluation, s *rating.Scheme) Evaluation {
	e.SchemeID, e.SchemeVersion, e.SchemeTitle, e.SchemeHash = s.ID, s.Version, s.Title, s.Hash
	e.Places = places(s.Total.Decimals, s.Defaults.Decimals)
	e.Grades, e.Parts, e.Outputs = nil, nil, nil
	byTotal := s.Grades.Of == "" || s.Grades.Of == "total"
	ordered := slices.ContainsFunc(s.Grades.List, func(g rating.Grade) bool { return g.Level != nil })
	for _, g := range s.Grades.List {
		info := GradeInfo{ID: g.ID, Label: g.Label, Unrated: g.Blocked || g.Special || ordered && g.Level == nil}
		if !info.Unrated {
			info.Level = starLevel(&g)
		}
		if byTotal && g.Of == "" {
			info.From = g.AtLeast
		}
		e.Grades = append(e.Grades, info)
	}
	// What is no grade in the order of grades stands at the end of every list.
	slices.SortStableFunc(e.Grades, func(x, y GradeInfo) int {
		switch {
		case x.Unrated == y.Unrated:
			return 0
		case x.Unrated:
			return 1
		}
		return -1
	})
	for _, p := range s.Parts {
		if p.In == "" || p.In == "total" {
			e.Parts = append(e.Parts, Column{ID: p.ID, Name: p.Name, Short: shortName(p.Name), Max: p.Max, Places: places(p.Decimals, s.Defaults.Decimals)})
		}
	}
	for _, o := range s.Outputs {
		e.Outputs = append(e.Outputs, Column{ID: o.ID, Name: o.Name, Short: shortName(o.Name), Places: places(o.Decimals, s.Defaults.Decimals)})
	}
	if len(s.Rollups) > 0 {
		weight := s.Rollups[0].Weight
		e.FirmsRule, e.FirmsWeight = rollupText(&s.Rollups[0], s), exprText(weight, s)
		if at, ok := s.FactIndex(string(weight)); ok {
			e.FirmsWeight = s.Facts[at].Name
		}
	}
	return e
}

// starLevel is how many stars a grade stands for, 0 for none.
func starLevel(g *rating.Grade) int {
	if g.Level != nil && strings.Contains(g.Label, "星") && *g.Level >= 0 && *g.Level <= 5 {
		return *g.Level
	}
	return 0
}

// shortName is what fits over a narrow column: the first two characters of a Chinese name such as 服务质量好, four of another, without what stands in brackets.
func shortName(name string) string {
	if at := strings.IndexAny(name, "（("); at > 0 {
		name = name[:at]
	}
	r := []rune(name)
	switch {
	case len(r) == 5 && r[4] == '好':
		return string(r[:2])
	case len(r) > 6:
		return string(r[:4])
	}
	return name
}

// RowOf makes the row of one result. e is the evaluation as DescribeScheme left it.
func RowOf(e *Evaluation, s *rating.Scheme, r *rating.Result, l Label) Row {
	row := Row{ID: r.Subject, Name: l.Name, Place: l.Place, Firm: l.Firm, Facets: l.Facets, Moved: l.Moved, Size: l.Size, Sheet: l.Sheet, Keys: l.Keys, Grade: r.Grade}
	if row.Name == "" {
		row.Name = r.Subject
	}
	if r.Total.Counted {
		row.Total = &r.Total.Points
	}
	for _, column := range e.Parts {
		var cell *num.Num
		if p := r.Part(column.ID); p != nil && p.Counted {
			if q, ok := p.Rate(); ok {
				percent := q.Mul(num.FromInt(100))
				cell = &percent
			}
		}
		row.Parts = append(row.Parts, cell)
	}
	for _, column := range e.Outputs {
		var cell *num.Num
		if o := r.Output(column.ID); o != nil && o.Known {
			cell = &o.Value
		}
		row.Outputs = append(row.Outputs, cell)
	}
	row.Reason = reasonOf(s, r)
	at := slices.IndexFunc(e.Grades, func(g GradeInfo) bool { return g.ID == r.Grade })
	if at > 0 && row.Total != nil && e.Grades[at-1].From != nil && row.Total.Less(*e.Grades[at-1].From) {
		if lack, ok := s.Missing(r, *e.Grades[at-1].From); ok {
			row.ToNext = &lack
		}
	}
	if row.Reason == "" && row.Total != nil && at >= 0 && e.Grades[at].Unrated {
		row.Reason = "总分 " + points(*row.Total, e.Places) + "，没有达到最低的等级"
	}
	return row
}

// reasonOf says why a result has no ordinary grade, "" if it has one.
func reasonOf(s *rating.Scheme, r *rating.Result) string {
	var reasons []string
	switch r.Status {
	case rating.StatusBlocked:
		for _, id := range r.Blocked {
			reason := factName(id, s)
			if l := r.Line(id); l != nil && l.Reason != "" {
				reason = l.Reason
			}
			reasons = append(reasons, reason)
		}
		if len(reasons) == 0 {
			return "资料不足"
		}
	case rating.StatusIneligible:
		for _, id := range r.Unmet {
			for _, q := range s.Eligibility {
				if q.ID == id {
					text := q.Reason
					if text == "" {
						text = q.Name
					}
					reasons = append(reasons, text)
				}
			}
		}
	case rating.StatusVoid:
		return voidName(s, r)
	}
	return strings.Join(reasons, "；")
}

// voidName is what the step is called that took the grade: of several the last one, which gave the grade that stands.
func voidName(s *rating.Scheme, r *rating.Result) (name string) {
	for i := range r.Adjust {
		for k := range s.Adjust {
			if d := &s.Adjust[k]; r.Adjust[i].Applied && d.ID == r.Adjust[i].ID && d.Kind == rating.AdjustVoid {
				name = d.Name
			}
		}
	}
	return name
}

// StarOf puts a result with the texts of its scheme into the form of the star page. With public set, what the scheme keeps back (disclose: total)
// is left out: the public sees the sum of the part alone.
func StarOf(row Row, x *rating.Explanation, public bool) Star {
	one := Star{Row: row, Max: x.Result.Total.Max, Hash: x.Result.Hash(), Restored: x.Restored}
	s := x.Scheme
	groups := map[string]int{}
	top := topParts(x)
	numbers := clauseNumbers(s)
	open := func(id, name string) *LineGroup {
		if at, ok := groups[id]; ok {
			return &one.Groups[at]
		}
		groups[id] = len(one.Groups)
		one.Groups = append(one.Groups, LineGroup{ID: id, Name: name})
		return &one.Groups[len(one.Groups)-1]
	}
	for i := range x.Parts {
		p := &x.Parts[i]
		if p.Leaf && p.In != "total" && top[p.ID] != asideGroup {
			if g := open(top[p.ID], ""); !g.Hidden && !(public && p.TotalOnly) {
				g.Lines = append(g.Lines, leafLine(x, p))
			}
		}
		if p.In != "total" {
			continue
		}
		g := open(p.ID, p.Name)
		if p.Counted {
			g.Points, g.Max = &p.Points, &p.Max
		}
		g.Hidden = public && p.TotalOnly
	}
	for i := range x.Lines {
		l := &x.Lines[i]
		part, name := top[l.Part], ""
		switch {
		case l.Part == "":
			part, name = asideGroup, "不计入总分"
		case l.Part == "total":
			part, name = "direct", "直接计入总分"
		}
		g := open(part, name)
		line := lineOf(s, l)
		if part == "direct" && line.Points != nil {
			g.ids = append(g.ids, l.ID)
		}
		if g.Hidden || public && l.TotalOnly {
			g.reads = append(g.reads, line.reads...)
			continue
		}
		line.Clause = numbers[l.ID]
		g.Lines = append(g.Lines, line)
		if part == "direct" && line.Points != nil {
			g.Points, g.Max = plus(g.Points, *line.Points), plus(g.Max, *line.Max)
		}
	}
	if g, ok := groups["direct"]; ok && len(one.Groups) == 1 {
		one.Groups[g].Name = "全部指标"
	}
	one.Adjustments, one.Gates = stepsOf(x)
	one.Voices, one.Next = voicesOf(x, public), gradeAbove(x)
	for i := range x.Earlier {
		if e := &x.Earlier[i]; one.Voices != nil {
			one.Earlier = append(one.Earlier, EarlierVoices{Name: e.Name, Period: e.Title, Voices: voiceList(e.Voices)})
		}
	}
	return one
}

func plus(sum *num.Num, n num.Num) *num.Num {
	if sum != nil {
		n = sum.Add(n)
	}
	return &n
}

// asideGroup is the group of what does not count for the total.
const asideGroup = "aside"

// topParts says under which part of the first level each part stands.
func topParts(x *rating.Explanation) map[string]string {
	above := map[string]string{}
	for i := range x.Parts {
		above[x.Parts[i].ID] = x.Parts[i].In
	}
	top := map[string]string{}
	for id := range above {
		at := id
		for range above { // as deep as there are parts at most
			if next := above[at]; next == "total" || next == "" {
				break
			}
			at = above[at]
		}
		if above[at] == "" { // below a part that does not count
			at = asideGroup
		}
		top[id] = at
	}
	return top
}

// clauseNumbers gives each indicator a short number to be quoted by: a letter for its part of the first level and its place in it, in the order of the
// scheme. Ids of schemes are made for programs.
func clauseNumbers(s *rating.Scheme) map[string]string {
	above := map[string]string{}
	var letters []string
	for _, p := range s.Parts {
		above[p.ID] = p.In
		if p.In == "" || p.In == "total" {
			letters = append(letters, p.ID)
		}
	}
	placed := map[string]int{}
	out := make(map[string]string, len(s.Indicators))
	for _, in := range s.Indicators {
		at := in.In
		for range len(s.Parts) {
			if next := above[at]; next == "" || next == "total" {
				break
			}
			at = above[at]
		}
		letter := "Z"
		if len(letters) == 0 {
			letter = ""
		}
		if i := slices.Index(letters, at); i >= 0 && i < 25 {
			letter = string(rune('A' + i))
		}
		placed[letter]++
		out[in.ID] = letter + strconv.Itoa(placed[letter])
	}
	return out
}

// lineOf is one indicator.
func lineOf(s *rating.Scheme, l *rating.ExplainedLine) Line {
	line := Line{ID: l.ID, Name: l.Name, Rule: l.Clause, Basis: l.Basis, Proposal: l.Proposal, Places: defaultPlaces, Fact: strings.Join(l.FactTexts, "；"), State: l.Reason, Weighs: l.Weighs}
	for i := range s.Indicators {
		if d := &s.Indicators[i]; d.ID == l.ID {
			line.Places = places(d.Decimals, s.Defaults.Decimals)
			if line.Rule == "" {
				line.Rule = ruleText(d.Rule, s)
			}
		}
	}
	if line.State == "" && l.Line.State == rating.LineNotApplicable {
		line.State = "不适用"
	}
	if line.State == "" && l.Line.State == rating.LineMissing {
		line.State = "缺数据"
	}
	line.Lacks = l.Line.State == rating.LineMissing && !l.Counted
	for i := range l.Facts {
		line.reads = append(line.reads, l.Facts[i].ID)
		if v := l.Facts[i].Value; v != nil && line.By == "" {
			line.By, line.Reviewed = v.By, v.Reviewed
		}
	}
	if l.Counted {
		line.Points, line.Max = &l.Points, &l.Max
	} else if l.Reason != "" {
		line.Fact = "" // the reason says what there is
	}
	for i := range l.Items {
		item := &l.Items[i]
		out := Item{Name: item.Name, Places: itemPlaces(item)}
		switch item.State {
		case rating.Missing:
			out.State = "没有填"
		case rating.NotApplicable:
			out.State = "不适用"
		case rating.Present:
			out.Found = item.Value.String()
			if item.Date != 0 {
				out.Found = item.Date.String()
			}
			out.Points = &item.Points
			if item.Max.Sign() > 0 {
				out.Max = &item.Max
			}
		}
		line.Items = append(line.Items, out)
	}
	line.sumItems()
	return line
}

// sumItems says what weighted items add up to, since their points are not those of the line.
func (l *Line) sumItems() {
	var sum, full num.Num
	for _, item := range l.Items {
		if item.Points == nil {
			continue
		}
		if item.Max == nil {
			return
		}
		sum, full = sum.Add(*item.Points), full.Add(*item.Max)
	}
	if !full.IsZero() {
		l.Fact = "各条目加权合计 " + sum.String() + " / " + full.String()
	}
}

// itemPlaces shows as many decimals as an item's own figures need, three at most.
func itemPlaces(item *rating.ExplainedItem) int {
	for n := range 3 {
		if item.Points.Round(n, num.HalfUp).Equal(item.Points) && item.Max.Round(n, num.HalfUp).Equal(item.Max) {
			return n
		}
	}
	return 3
}

// stepsOf are the adjustments: those of the total as steps, those of the grade as gates.
func stepsOf(x *rating.Explanation) (steps []Adjustment, gates []Gate) {
	for i := range x.Adjust {
		said := x.Adjust[i]
		if i >= len(x.Result.Adjust) {
			break
		}
		a := &x.Result.Adjust[i]
		if a.Applied && a.GradeBefore == "" && a.GradeAfter == "" {
			change := a.After.Sub(a.Before)
			steps = append(steps, Adjustment{ID: a.ID, Name: said.Name, Basis: said.Basis, Change: &change, Said: said.Text, Avoidable: avoidable(x.Scheme, a.ID)})
			continue
		}
		gates = append(gates, Gate{Name: said.Name, Fired: a.Applied, Said: said.Text})
	}
	if x.Held != nil {
		gates = append(gates, Gate{Name: x.Held.Name, Fired: true, Said: x.Held.Text})
	}
	for i := range x.Unmet {
		gates = append(gates, Gate{Name: x.Unmet[i].Name, Fired: true, Said: x.Unmet[i].Text})
	}
	return steps, gates
}

// avoidable reports whether an adjustment of the total takes something that could have been kept: a deduction, or what depends on a condition. A full number of points that nobody passes takes nothing.
func avoidable(s *rating.Scheme, id string) bool {
	return slices.ContainsFunc(s.Adjust, func(d rating.Adjustment) bool {
		return d.ID == id && (d.Kind == rating.AdjustDeduction || d.When != "" || d.Events != nil)
	})
}

// FirmsOf are the lines of the roll-up d, with the mean rates of the parts. e is the evaluation as DescribeScheme left it, rows are its rows.
func FirmsOf(e *Evaluation, d *rating.Rollup, groups []rating.Group, rows []Row) []Firm {
	byID := make(map[string]*Row, len(rows))
	for i := range rows {
		byID[rows[i].ID] = &rows[i]
	}
	out := make([]Firm, len(groups))
	for i := range groups {
		out[i] = firmOf(d, &groups[i])
		for part := range e.Parts {
			out[i].Parts = append(out[i].Parts, meanRate(&groups[i], byID, part))
		}
	}
	return out
}

// meanRate is the mean rate of a part over the members that count, by their weights; nil if none of them has one.
func meanRate(g *rating.Group, rows map[string]*Row, part int) *num.Num {
	var sum, weight num.Num
	for _, share := range g.Shares {
		if row := rows[share.ID]; row != nil && part < len(row.Parts) && row.Parts[part] != nil {
			sum, weight = sum.Add(share.Weight.Mul(*row.Parts[part])), weight.Add(share.Weight)
		}
	}
	mean, err := sum.Quo(weight)
	if err != nil { // nothing weighs anything
		return nil
	}
	mean = mean.Round(firmPartPlaces, num.HalfUp)
	return &mean
}

// firmPartPlaces are the decimals of the mean rates of a firm: more would say more than a mean can.
const firmPartPlaces = 1

// firmOf is one line of a roll-up.
func firmOf(d *rating.Rollup, g *rating.Group) Firm {
	f := Firm{ID: g.Key, Name: g.Name, Count: len(g.Members), Weight: grouped(g.Weight.String()), Grade: g.Label, Apart: g.Kind != rating.GroupNamed}
	for i := range d.Grades {
		if d.Grades[i].ID == g.Grade {
			f.Level = starLevel(&d.Grades[i])
		}
	}
	if f.Grade == "" {
		f.Grade = "未评等级"
	}
	if g.Known {
		f.Total, f.Shown = &g.Value, g.Shown
		for i := 1; i < len(d.Grades); i++ {
			if above := &d.Grades[i-1]; d.Grades[i].ID == g.Grade && above.AtLeast != nil && above.Of == "" && g.Value.Less(*above.AtLeast) {
				f.Next, f.ToNext = above.Label, points(above.AtLeast.Sub(g.Value), defaultPlaces)
			}
		}
	}
	for _, s := range g.Spellings {
		f.Spellings = append(f.Spellings, s.Text)
	}
	shares := make(map[string]*rating.Share, len(g.Shares))
	for i := range g.Shares {
		shares[g.Shares[i].ID] = &g.Shares[i]
	}
	for _, id := range slices.Sorted(slices.Values(g.Members)) {
		m := Member{ID: id}
		if share := shares[id]; share != nil {
			m.Weight, m.Value = &share.Weight, &share.Value
		}
		f.Members = append(f.Members, m)
	}
	return f
}
