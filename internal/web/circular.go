package web

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating/cycle"
)

// circularsView is what circulars.html shows.
type circularsView struct {
	Rows []circularLine
	// Rating is the legal name of what gives stars.
	Rating string
	// Underway are the quarters that the firms are heard on.
	Underway []underwayLine
}

// underwayLine is a quarter that is not published yet: its state and nothing of its scores.
type underwayLine struct{ Name, Word, Text string }

type circularLine struct{ Name, Kind, Path, At, Number, Count string }

// publishedPeriods are the published quarters and years, what was published last first.
func (s *Server) publishedPeriods(ctx context.Context) (list []cycle.Period, err error) {
	for _, rhythm := range []string{cycle.RhythmQuarter, cycle.RhythmYear} {
		found, err := s.cycle.Published(ctx, rhythm)
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	slices.SortStableFunc(list, func(a, b cycle.Period) int { return b.Publication.At.Compare(a.Publication.At.Time) })
	return list, nil
}

// circulars lists the published quarters and years, what was published last on top.
func (s *Server) circulars(c *fiber.Ctx, by policy.Actor) error {
	list, err := s.publishedPeriods(c.UserContext())
	if err != nil {
		return err
	}
	underway, err := s.cycle.Underway(c.UserContext())
	if err != nil {
		return err
	}
	v := circularsView{Rating: s.set.Rating}
	for _, u := range underway {
		line := underwayLine{Name: u.Name, Word: "待公布", Text: "异议期已经届满，审批以后公布"}
		if u.Runs {
			line.Word, line.Text = "征求意见", "得分已经告知企业，异议期到"+u.Ends.Chinese()
		}
		if u.Contested {
			line.Word = "异议中"
		}
		if u.Contested && !u.Runs {
			line.Text = "有异议正在办理，办结以后公布"
		}
		v.Underway = append(v.Underway, line)
	}
	for _, p := range list {
		v.Rows = append(v.Rows, circularLine{Name: p.Name, Kind: rhythmWord(p.Rhythm), Path: "/circulars/" + url.PathEscape(p.ID), At: dateLong(p.Publication.At.Time), Number: p.Publication.Number, Count: count(p.Publication.Count)})
	}
	return s.render(c, by, "circulars", page{Title: "评价通报", Nav: "/circulars", Data: v})
}

// circularView is what circular.html shows.
type circularView struct {
	*cycle.Circular
	// Title is what was published, Shown where a year was shown to the public before, "" for none.
	Title, Path, At, Shown string
	Stars                  bool
	Parts                  []string
	Rows                   []circularRow
}

type circularRow struct {
	Name, Firm, Community, Total, Label, Reason string
	// Level is the star, 0 for none.
	Level int
	Rates []string
}

// circular shows one period by name: a quarter its scores without stars, a year its stars, neither a rank (practice.md §1).
func (s *Server) circular(c *fiber.Ctx, by policy.Actor) error {
	return s.ofPublished(c, by, "", func(found *cycle.Circular) ([]byte, error) {
		v := s.viewOfCircular(found)
		return s.renderBytes(c, by, "circular", page{Title: v.Title, Nav: "/circulars", Data: v})
	}, func(cached *cachedPage, _ cycle.Period) error { return cached.send(c) })
}

// ofPublished answers from a published period. Its results are read for the first who asks only: a published evaluation does not change.
func (s *Server) ofPublished(c *fiber.Ctx, by policy.Actor, form string, render func(*cycle.Circular) ([]byte, error), send func(*cachedPage, cycle.Period) error) error {
	id := c.Params("id")
	p, err := s.cycle.PublishedPeriod(c.UserContext(), id)
	if err != nil {
		return err
	}
	cached, err := s.cache.get("/circulars/"+p.ID+form+"#"+p.Evaluation+p.Publication.At.String()+s.frame(c, by), func() ([]byte, error) {
		found, err := s.cycle.Circular(c.UserContext(), id)
		if err != nil {
			return nil, err
		}
		return render(found)
	})
	if err != nil {
		return err
	}
	return send(cached, p)
}

// viewOfCircular is the table of the page.
func (s *Server) viewOfCircular(found *cycle.Circular) circularView {
	p := &found.Period
	v := circularView{Circular: found, Title: cycle.Title(p, s.set.Rating), Stars: p.Stars(), Path: "/circulars/" + url.PathEscape(p.ID), At: dateLong(p.Publication.At.Time), Parts: topPartNames(found.Scheme)}
	if v.Stars {
		v.Title += "结果通报"
		if len(p.Tellings) > 0 {
			v.Shown = publicityPath + "/" + url.PathEscape(p.ID)
		}
	}
	places := places(found.Scheme.Total.Decimals, found.Scheme.Defaults.Decimals)
	for i := range found.Rows {
		r := &found.Rows[i]
		row := circularRow{Name: r.Name, Firm: r.Firm, Community: r.Community, Total: "—", Label: r.Label, Reason: reasonOf(found.Scheme, r.Result())}
		if level := r.Result().Level; level != nil {
			row.Level = *level
		}
		if r.Total != nil {
			row.Total = points(*r.Total, places)
		}
		for _, rate := range r.Rates {
			text := "—"
			if rate != nil {
				text = rate.Fixed(0)
			}
			row.Rates = append(row.Rates, text)
		}
		v.Rows = append(v.Rows, row)
	}
	for i := range v.Parts {
		v.Parts[i] = shortName(v.Parts[i])
	}
	return v
}

// circularGroup are the compounds of one grade in a paper; Plain: without score.
type circularGroup struct {
	Label string
	Plain bool
	Rows  []circularRow
}

// circularPaperView is what circular_paper.html shows.
type circularPaperView struct {
	circularView
	Kind, Number string
	Words        []string
	Groups       []circularGroup
}

// circularPaper is the circular as a paper, for printing and as a Word document.
func (s *Server) circularPaper(c *fiber.Ctx, by policy.Actor) error {
	found, err := s.cycle.Circular(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	v := circularPaperView{circularView: s.viewOfCircular(found), Kind: "通报", Number: found.Period.Publication.Number}
	name := cycle.Title(&found.Period, s.set.Rating)
	if v.Stars {
		v.starWords(name)
	} else {
		v.scoreWords(name)
	}
	return s.render(c, by, "circular_paper", page{Title: v.Title, Data: v, Script: true, Paper: "评价通报"})
}

// scoreWords are the words of a quarter: what was checked, and that nothing follows from it but improvement.
func (v *circularPaperView) scoreWords(name string) {
	v.Title = "关于" + strings.TrimSuffix(name, "通报") + "情况的通报"
	rated, sum := 0, num.Num{}
	for i := range v.Circular.Rows {
		if t := v.Circular.Rows[i].Total; t != nil {
			rated, sum = rated+1, sum.Add(*t)
		}
	}
	words := name[:len(name)-len("通报")] + "已经告知企业，异议期届满、异议办结，现予通报。参加检查的小区 " + count(len(v.circularView.Rows)) + " 个"
	if rated > 0 {
		words += "，有得分的 " + count(rated) + " 个，平均 " + points(sum.Mul(num.FromFrac(1, int64(rated))), boardPlaces) + " 分"
	}
	v.Words = []string{"各物业服务企业：", words + "。得分按小区名称列出，不评星、不排名次。", "请各物业服务企业对照失分的项目整改；得分计入年度评价。"}
	v.Groups = []circularGroup{{Rows: v.circularView.Rows}}
}

// starWords are the words of a year: who has which star, what it belongs to, and what can be done about it.
func (v *circularPaperView) starWords(name string) {
	v.Title = "关于" + name + "结果的通报"
	var counts []string
	for _, g := range v.Scheme.Grades.List {
		group := circularGroup{Label: g.Label, Plain: g.Level == nil}
		for _, r := range v.circularView.Rows {
			if r.Label == g.Label {
				group.Rows = append(group.Rows, r)
			}
		}
		if len(group.Rows) == 0 {
			continue
		}
		v.Groups = append(v.Groups, group)
		if !group.Plain {
			counts = append(counts, g.Label+" "+count(len(group.Rows))+" 个")
		}
	}
	stars := "本年度没有评出星级。"
	if len(counts) > 0 {
		stars = "评出" + strings.Join(counts, "、") + "。"
	}
	v.Words = []string{"各物业服务企业：", name + "经企业申报、社区初评、乡镇审核、住建复核、联审，公示和申诉已经期满，现将结果通报如下。参加评价的小区 " + count(len(v.circularView.Rows)) + " 个，" + stars,
		"星级属于小区、企业和合同三者，企业更换即失效；有效期和标牌另行载明。以后降星、摘牌、到期的，以星级榜为准。没有评星的，原因列在后面。"}
}

// circularCSV is the same table as CSV, circularExcel as Excel.
func (s *Server) circularCSV(c *fiber.Ctx, by policy.Actor) error {
	return s.ofPublished(c, by, "/scores.csv", func(found *cycle.Circular) ([]byte, error) { return tableOfCircular(found).Bytes() },
		func(cached *cachedPage, p cycle.Period) error {
			return sendCSV(c, "circular-"+p.ID+".csv", cached.plain)
		})
}

func (s *Server) circularExcel(c *fiber.Ctx, _ policy.Actor) error {
	found, err := s.cycle.Circular(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return sendFigures(c, cycle.Title(&found.Period, s.set.Rating)+".xlsx", figuresOfCircular(found))
}

// The decimals of totals and of rates in the tables of a circular.
const totalDecimals, rateDecimals = 2, 1

// figuresOfCircular are the rows of a circular: name, id, firm, places, result, total, the rates of the parts, and why there is no star.
func figuresOfCircular(found *cycle.Circular) report.Figures {
	f := report.Figures{Sheet: "结果", Heads: []string{"小区", "编号", "物业服务企业", "社区", "乡镇", "结果", "总分"}, Note: found.Period.Name + "，" + dateLong(found.Period.Publication.At.Time) + "公布" + found.Period.Publication.Number + "；按小区名称排列，不排名次；各部分为得分率（%）。结果根指纹 " + found.Period.Publication.Root}
	for _, part := range topPartNames(found.Scheme) {
		f.Heads = append(f.Heads, part+"（得分率%）")
	}
	f.Heads = append(f.Heads, "说明")
	for i := range found.Rows {
		r := &found.Rows[i]
		row := []any{r.Name, r.Project, r.Firm, r.Community, r.Township, r.Label, report.Maybe(r.Total, totalDecimals)}
		for _, rate := range r.Rates {
			row = append(row, report.Maybe(rate, rateDecimals))
		}
		f.Rows = append(f.Rows, append(row, reasonOf(found.Scheme, r.Result())))
	}
	return f
}

// tableOfCircular is the same as CSV.
func tableOfCircular(found *cycle.Circular) *report.CSV {
	f := figuresOfCircular(found)
	sheet := report.NewCSV(f.Heads...)
	for _, row := range f.Rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			switch cell := cell.(type) {
			case string:
				cells[i] = report.Guard(cell)
			case num.Num:
				cells[i] = plainNumber(cell, map[bool]int{true: totalDecimals, false: rateDecimals}[f.Heads[i] == "总分"])
			}
		}
		sheet.Add(cells...)
	}
	return sheet
}
