package web

import (
	"cmp"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/policy"
)

// reportPage is what report.html shows: an official report of a result, made of sections.
type reportPage struct {
	// Title and Sub head the paper; Back is the page that it tells of, Kind what the paper is called.
	Title, Sub, Back, Kind string
	Facts                  [][2]string
	Sections               []reportSection
	// Date is the day of the paper, Hash what the result is verified by.
	Date, Hash string
}

// reportSection is one section: words, a picture, a table, a note below it.
type reportSection struct {
	Title   string
	Words   []string
	Picture charts.SVG
	Heads   []reportHead
	Rows    []reportRow
	Foot    []reportCell
	Note    string
}

// reportHead is the head of a column; Num stands right.
type reportHead struct {
	Text string
	Num  bool
}

// reportRow is a row of cells; Group marks one that heads those below it.
type reportRow struct {
	Cells []reportCell
	Group bool
}

// reportCell is a cell with what stands small below it.
type reportCell struct {
	Text, Sub string
	Num       bool
}

// tableOf begins a section with a table; a head that begins with # is that of figures.
func tableOf(title string, heads ...string) reportSection {
	p := reportSection{Title: title}
	for _, h := range heads {
		text, isNum := strings.CutPrefix(h, "#")
		p.Heads = append(p.Heads, reportHead{text, isNum})
	}
	return p
}

// cells are the cells of a row; what follows a line break stands small below.
func (p *reportSection) cells(texts []string) []reportCell {
	var out []reportCell
	for i, text := range texts {
		text, sub, _ := strings.Cut(text, "\n")
		out = append(out, reportCell{text, sub, p.Heads[i].Num})
	}
	return out
}

// row adds a row.
func (p *reportSection) row(texts ...string) {
	p.Rows = append(p.Rows, reportRow{Cells: p.cells(texts)})
}

// group adds a row that heads those below it.
func (p *reportSection) group(texts ...string) {
	p.Rows = append(p.Rows, reportRow{Cells: p.cells(texts), Group: true})
}

// add adds a section unless it has nothing to say.
func (v *reportPage) add(p reportSection) {
	if len(p.Rows)+len(p.Words) > 0 || p.Picture != "" {
		v.Sections = append(v.Sections, p)
	}
}

// figure is a figure of a report, “—” for none.
func figure(text string) string {
	if text == "" {
		return "—"
	}
	return text
}

// explain adds the sections that every result has: the parts, the voices, the next grade, what was lost, every line, what changed.
func (v *reportPage) explain(sums *sumsView, changes *changesView) {
	parts := tableOf("各部分得分", "项目", "#得分", "#满分", "#得分率")
	for _, g := range sums.Groups {
		if g.ID == asideGroup {
			continue
		}
		parts.row(g.Name, g.Points, g.Max, figure(g.Rate))
	}
	for _, a := range sums.Steps {
		parts.row(a.Name+"\n"+a.Said, figure(a.Change), "", "")
	}
	parts.Foot, parts.Picture = parts.cells([]string{"总分", sums.Score, sums.Max, ""}), sums.Waterfall
	if sums.AxisFrom != "" {
		parts.Note = "图的横轴自 " + sums.AxisFrom + " 分起。"
	}
	v.add(parts)
	if voices := sums.Voices; voices != nil {
		p := tableOf("按评价主体", "评价主体", "#得分", "#满分", "#得分率", "#占比", "#约定的占比")
		for _, r := range voices.Rows {
			p.row(r.Name, r.Points, r.Max, r.Rate, r.Share, r.Band)
		}
		if voices.Rest != "" {
			p.row("不分主体\n总分调整、四舍五入，和没有写明主体的部分", voices.Rest, "", "", "", "")
		}
		p.Note = "评价主体只是看得分的一个角度，不再加权。"
		v.add(p)
		heads := []string{"评价主体"}
		for _, h := range voices.Heads {
			heads = append(heads, "#"+h)
		}
		earlier := tableOf("按评价主体：其中各季度", heads...)
		for _, r := range voices.Earlier {
			earlier.row(append([]string{r.Name}, r.Cells...)...)
		}
		earlier.Note = "得分 / 满分，已折算成计入全年总分的分值，都在上表里。"
		v.add(earlier)
	}
	if why := sums.Why; why != nil {
		p := tableOf("为什么是"+why.Grade+"，不是"+why.Next, why.Next+"的要求", "#现在", "#要求", "结果")
		for _, d := range why.Demands {
			p.row(d.What, d.Has, d.Needs, met(d))
		}
		p.Note = why.Held
		v.add(p)
		lost := tableOf("失分从大到小", "失分的地方", "#失分（计入总分）", "#连同以上补回后的总分")
		for _, r := range why.Rows {
			text := r.Then
			if r.Enough {
				text += "（够" + why.Next + "的分数）"
			}
			lost.row(r.Name, r.Lost, text)
		}
		lost.Note = why.More
		v.add(lost)
	}
	if sums.Kept {
		p := tableOf("各维度失分原因", "维度", "#失分", "主要在")
		for _, g := range sums.Groups {
			reasons := g.Reasons
			if g.Hidden {
				reasons = "按规则只公开合计"
			} else if reasons == "" {
				reasons = "没有失分的指标"
			}
			p.row(g.Name, figure(g.Lost), reasons+"\n"+clawedText(g.Clawed))
		}
		v.add(p)
	} else {
		v.lines(sums)
	}
	v.changes(changes)
}

// met is the word of a demand.
func met(d NextDemand) string {
	if d.Met {
		return "达到"
	}
	return strings.Trim("没有达到，"+d.Lack, "，")
}

// lines adds every line with its clause, fact, who scored and reviewed, and points.
func (v *reportPage) lines(sums *sumsView) {
	heads := []string{"条款", "指标与规则", "本期事实", "评分 / 复核", "#得分", "#满分", "#失分"}
	if !sums.HasBy {
		heads = append(heads[:3], heads[4:]...)
	}
	p := tableOf("逐条得分", heads...)
	put := func(add func(...string), by string, texts ...string) {
		if sums.HasBy {
			texts = append(texts[:3:3], append([]string{by}, texts[3:]...)...)
		}
		add(texts...)
	}
	for _, g := range sums.Groups {
		note := ""
		if g.Hidden {
			note = "按规则只公开合计"
		}
		put(p.group, "", "", g.Name, note+clawedText(g.Clawed), g.Points, g.Max, figure(g.Lost))
		for _, l := range g.Lines {
			name, below := l.Name, l.Rule
			switch {
			case l.IsItem:
				name = "· " + name
			case l.Basis != "":
				below += "　依据：" + l.Basis
			case l.Proposal:
				below += "　建议值，尚无依据"
			}
			put(p.row, l.By, l.Clause, name+"\n"+strings.TrimSpace(below), strings.TrimSpace(l.Fact+" "+l.State)+"\n"+strings.TrimSpace(l.Proof+clawedText(l.Clawed)), l.Points, l.Max, figure(l.Lost))
		}
	}
	v.add(p)
}

// changes adds what changed since the period before.
func (v *reportPage) changes(c *changesView) {
	if c == nil {
		return
	}
	p := tableOf("和"+c.Period+"比", "指标", "#上期", "#本期", "#变化", "为什么")
	for _, l := range c.Lines {
		p.row(l.Name, l.Was, l.Is, l.Change, figure(l.Why))
	}
	if len(c.Lines) == 0 {
		p.Words = []string{"没有一项的得分变化。"}
	} else {
		p.Foot = p.cells([]string{"总分", c.Then, c.Now, "", ""})
	}
	if c.OtherRule {
		p.Note = "评价办法修订过：分数各按当时的办法，不直接比较。"
	}
	v.add(p)
}

// starReport is a star as an official report, for print and as a document, as who asks may see it.
func (s *Server) starReport(c *fiber.Ctx, by policy.Actor) error {
	b, one, err := s.starByID(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	star := s.starView(b, one, false)
	v := reportPage{Title: one.Name + "：评价结果说明", Sub: b.Evaluation.Title, Back: starAddress(one.ID), Kind: "评价结果说明", Date: s.clockOf(c.UserContext()).today.Chinese(), Hash: hashGroups("sha256:" + one.Hash)}
	rank := ""
	if star.Rank > 0 {
		rank = "第 " + count(star.Rank) + " 名（共 " + count(star.Ranked) + " 个）"
	}
	grade, until := star.Grade, ""
	if star.Was != "" {
		grade = "评定为" + star.Was + "，已降为" + grade
	}
	if !one.Stands.Until.IsZero() {
		until = "至" + one.Stands.Until.Chinese()
	}
	v.Facts = filled([][2]string{{b.Subject, one.Name}, {"所在", one.Place}, {"物业企业", one.Firm}, {"结果", grade}, {"有效期", until}, {"总分", star.Sums.Score + " / " + star.Sums.Max}, {"名次", rank}, {"状态", joinWords(b.Evaluation.Status, star.Status, one.Mark)}, {"状态的原因", one.Since()}, {"说明", one.Reason},
		{"规则", b.SchemeTitle + "，" + b.SchemeVersion + " 版"}})
	for _, g := range one.Gates {
		v.Facts = append(v.Facts, [2]string{g.Name, g.Said})
	}
	v.add(reportSection{Title: "怎样看这个结果", Words: filledWords(append([]string{star.Meaning, star.Changed}, star.Compared...))})
	v.explain(star.Sums, star.Changes)
	past, err := s.stars.History(c.UserContext(), one.ID)
	if err != nil {
		return err
	}
	if h := b.history(past, ""); h != nil {
		v.add(h.reported())
	}
	if b.Notice != "" {
		v.add(reportSection{Title: "公示与异议", Words: []string{b.Notice}})
	}
	return s.render(c, by, "report", page{Title: v.Title, Data: v, Script: true, Paper: v.Kind})
}

// filledWords are the words that say something.
func filledWords(words []string) (out []string) {
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

// firmReport is a firm's roll-up as an official report, as who asks may see it.
func (s *Server) firmReport(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	b, f, asked, err := s.findFirm(c)
	if err != nil {
		return err
	}
	past, err := s.pastNow(ctx)
	if err != nil {
		return err
	}
	whole, err := s.seesWhole(ctx, by, b, f)
	if err != nil {
		return err
	}
	v, err := s.firmView(ctx, b, f, asked, past.list, whole)
	if err != nil {
		return err
	}
	p := reportPage{Title: f.Name + "：" + b.FirmsTitle, Sub: b.Evaluation.Title, Back: firmAddress(f.ID), Kind: "企业汇总说明", Date: s.clockOf(ctx).today.Chinese()}
	p.Facts = filled([][2]string{{"物业企业", f.Name}, {"合并的写法", v.Merged}, {"结果", f.Grade}, {"汇总得分", f.Shown}, {"参评" + b.Subject, count(f.Count) + " 个，计入 " + count(v.Counted) + " 个"}, {"怎样汇总", b.FirmsRule}, {"规则", b.SchemeTitle + "，" + b.SchemeVersion + " 版"}})
	p.add(reportSection{Title: "怎样看这个结果", Words: filledWords(append([]string{v.Meaning, v.Changed}, v.Compared...))})
	parts := tableOf("各部分平均得分率", "项目", "#本企业", "#全部企业")
	for _, d := range v.Dimensions {
		parts.row(d.Name, d.Rate, d.All)
	}
	p.add(parts)
	rows := tableOf("所管"+b.Subject, "#名次", b.Subject, "等级", "#总分", "#"+cmp.Or(b.FirmsWeight, "权重"))
	for _, m := range f.Members {
		if r := b.byID[m.ID]; r != nil {
			total, weight, rank := "—", "不计入", "—"
			if r.Total != nil {
				total = points(*r.Total, b.Places)
			}
			if m.Weight != nil {
				weight = grouped(m.Weight.String())
			}
			if r.Rank > 0 {
				rank = count(r.Rank)
			}
			rows.row(rank, r.Name+"\n"+joinWords(r.Place, r.Reason), b.grades[r.Grade].Label, total, weight)
		}
	}
	p.add(rows)
	if whole {
		lost := tableOf("各指标失分", "条款", "指标", "#失分的"+b.Subject, "#合计失分")
		for _, r := range v.Reasons {
			name := r.Name
			if r.Hidden {
				name += "\n按规则只公开合计"
			}
			lost.group("", name, "", "")
			for _, l := range r.Lines {
				lost.row(l.Clause, l.Name, count(l.Subjects)+" / "+count(l.Of), l.Lost)
			}
		}
		p.add(lost)
	} else {
		lost := tableOf("各维度失分原因", "维度", "失分主要在")
		for _, r := range v.Reasons {
			names := cmp.Or(r.Names, "没有失分的指标")
			if r.Hidden {
				names = "按规则只公开合计"
			}
			lost.row(r.Name, names)
		}
		p.add(lost)
	}
	if v.Past != nil {
		p.add(v.Past.reported())
	}
	return s.render(c, by, "report", page{Title: p.Title, Data: p, Script: true, Paper: p.Kind})
}
