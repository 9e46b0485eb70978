package web

import (
	"slices"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/charts"
	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
)

// pastPoint is what a subject or a firm had in one published period.
type pastPoint struct {
	*PastPeriod
	// firm is whose the subject was, "" for a firm itself; count how many subjects a firm had, "" for a subject.
	firm, count string
	// total is nil without one; shown is how the rule prints it.
	total *num.Num
	shown string
	// grade is its label, level its stars; parts are the rates of the parts in percent, in the order of the period.
	grade string
	level int
	parts []*num.Num
	// reason says why there is no grade; sheet is the SHA-256 of what everybody may see of the result.
	reason, sheet string
}

// pastOf is a result of a subject as a point of its history.
func pastOf(p *PastStar) pastPoint {
	out := pastPoint{PastPeriod: &p.PastPeriod, firm: p.Firm, total: p.Total, parts: p.Row.Parts, reason: p.Reason, sheet: p.Sheet}
	if p.Total != nil {
		out.shown = points(*p.Total, p.Places)
	}
	for _, g := range p.Grades {
		if g.ID == p.Grade {
			out.grade, out.level = g.Label, g.Level
		}
	}
	return out
}

// pastOfFirms are the points of a firm in the roll-ups of the published periods.
func pastOfFirms(id string, past []PastFirms) (out []pastPoint) {
	for i := range past {
		p := &past[i]
		if at := slices.IndexFunc(p.Firms, func(f Firm) bool { return f.ID == id && !f.Apart }); at >= 0 {
			f := &p.Firms[at]
			out = append(out, pastPoint{PastPeriod: &p.PastPeriod, count: count(f.Count), total: f.Total, shown: f.Shown, grade: f.Grade, level: f.Level, parts: f.Parts})
		}
	}
	return out
}

// historyView is the history of a subject or a firm over the published periods, the newest first.
type historyView struct {
	// Heads are the short names of the parts, Subject what a firm's are called, "" for a subject itself.
	Heads   []string
	Subject string
	Rows    []historyRow
	Chart   charts.SVG
	// AxisFrom is where the axis of the chart begins, "" for 0.
	AxisFrom string
	// Rules: periods were rated by different versions. Firms: under different firms.
	Rules, Firms bool
	CSV          string
}

// historyRow is one period. Change is against the period of the same kind before it, or says why nothing is compared.
type historyRow struct {
	Period, Grade, Total, Change, Rule, Firm, Count, Reason string
	Level                                                   int
	Stars                                                   bool
	Parts                                                   []string
}

// Words for a change that is none.
const (
	otherRule = "办法修订，不比"
	otherFirm = "企业更换，不比"
)

// historyOf puts the points of a history, the oldest first, into the form of the page. Scores under different versions of the rule, and under different firms, are not compared.
func historyOf(columns []Column, subject string, past []pastPoint) *historyView {
	if len(past) == 0 {
		return nil
	}
	v := &historyView{Subject: subject}
	for _, c := range columns {
		v.Heads = append(v.Heads, c.Short)
	}
	last := map[bool]*pastPoint{} // with a total, by Stars
	chart := charts.Trend{ID: "history-title", To: 100}
	first := past[0].quarter()
	for i := range past {
		p := &past[i]
		row := historyRow{Period: p.Period, Stars: p.Stars, Grade: "得分通报", Total: "—", Change: "—", Rule: p.Version, Firm: p.firm, Count: p.count, Reason: p.reason}
		if p.Stars {
			row.Grade, row.Level = p.grade, p.level
		}
		for _, c := range columns {
			text := "—"
			if at := slices.IndexFunc(p.Parts, func(x Column) bool { return x.ID == c.ID }); at >= 0 && at < len(p.parts) && p.parts[at] != nil {
				text = p.parts[at].Fixed(firmPartPlaces)
			}
			row.Parts = append(row.Parts, text)
		}
		was, joined := last[p.Stars], false
		if p.total != nil {
			row.Total = p.shown
			switch {
			case was == nil:
			case was.Rule != p.Rule:
				row.Change, v.Rules = otherRule, true
				chart.Breaks = append(chart.Breaks, p.quarter()-first)
			case was.firm != p.firm:
				row.Change, v.Firms = otherFirm, true
			default:
				joined = true
				if row.Change = signed(p.total.Sub(*was.total), p.Places); p.total.Equal(*was.total) {
					row.Change = "持平"
				}
			}
			last[p.Stars] = p
			chart.Points = append(chart.Points, charts.TrendPoint{Slot: p.quarter() - first, Text: p.shown, Value: p.total.Float64(), Year: p.Stars, Joined: joined})
		}
		v.Rows = append(v.Rows, row)
	}
	slices.Reverse(v.Rows)
	v.draw(chart, past[0].Last, past[len(past)-1].Last)
	return v
}

// quarter numbers the quarters, so that neighbours differ by one.
func (p *pastPoint) quarter() int {
	q := calendar.QuarterOf(p.Last)
	return q.Year*4 + q.N - 1
}

// draw makes the picture of the totals between two days.
func (v *historyView) draw(chart charts.Trend, from, until calendar.Date) {
	if from.IsZero() {
		return
	}
	for q, last := calendar.QuarterOf(from), calendar.QuarterOf(until); ; q = q.Add(1) {
		label := ""
		if q.N == 1 || len(chart.Slots) == 0 {
			label = strconv.Itoa(q.Year) + "年"
		}
		if chart.Slots = append(chart.Slots, label); q == last {
			break
		}
	}
	slices.Sort(chart.Breaks)
	chart.Breaks = slices.Compact(chart.Breaks)
	chart.From = charts.TrendFrom(chart.Points)
	chart.Title = "历次总分图，实线和圆点是年度，虚线是季度，数值见下表"
	if chart.From > 0 {
		v.AxisFrom = num.FromInt(int64(chart.From)).String()
		chart.Title += "；纵轴自 " + v.AxisFrom + " 分起"
	}
	v.Chart = chart.SVG()
}

// Notes say how the table is to be read.
func (v *historyView) Notes() string {
	text := "季度只有得分，年度才评级；变化是和上一个同类期间比。"
	if v.Rules {
		text += "各期按当时的评价规则，规则修订前后的分数不直接比较。"
	}
	if v.Firms {
		text += "换了企业，前后的分数也不比较。"
	}
	return text
}

// reported is the history as a section of an official report.
func (v *historyView) reported() reportSection {
	heads := []string{"期间", "结果", "#总分", "#变化", "规则"}
	for _, h := range v.Heads {
		heads = append(heads, "#"+h)
	}
	p := tableOf("历次结果", heads...)
	for _, r := range v.Rows {
		p.row(append([]string{r.Period + "\n" + joinWords(r.Firm, r.Reason), r.Grade, r.Total, r.Change, r.Rule}, r.Parts...)...)
	}
	p.Picture, p.Note = v.Chart, "五个维度是得分率（%）。"+v.Notes()
	return p
}

// history is the history of a subject of the shown board; nil for a table that no period belongs to.
func (b *board) history(past []PastStar, address string) *historyView {
	list := make([]pastPoint, len(past))
	for i := range past {
		list[i] = pastOf(&past[i])
	}
	v := historyOf(b.Parts, "", list)
	if v != nil {
		v.CSV = address + "/history.csv"
	}
	return v
}

// historyCSV writes a history as a table, with rule and fingerprint in each row.
func (s *Server) historyCSV(c *fiber.Ctx, b *board, name string, past []pastPoint) error {
	head := []string{"期间", "期末", "物业服务企业", "结果", "总分"}
	for _, p := range b.Parts {
		head = append(head, p.Name+"（得分率%）")
	}
	sheet := report.NewCSV(append(head, "与上一个同类期间相比", "说明", "评价规则", "规则指纹", "公开结果指纹")...)
	v := historyOf(b.Parts, "", past)
	for i := range past {
		p, r := &past[i], v.Rows[len(past)-1-i]
		row := []string{report.Guard(p.Period), dayText(p.Last), report.Guard(p.firm), report.Guard(r.Grade), optionalNumber(p.total, p.Places)}
		row = append(row, r.Parts...)
		sheet.Add(append(row, r.Change, report.Guard(p.reason), report.Guard(p.Scheme+" "+p.Version), p.Rule, p.sheet)...)
	}
	return sendTable(c, name, sheet)
}

// starHistoryCSV is the history of a subject.
func (s *Server) starHistoryCSV(c *fiber.Ctx, by policy.Actor) error {
	asked, err := s.askedStar(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	past, err := s.stars.History(c.UserContext(), asked.id)
	if err != nil {
		return err
	}
	list := make([]pastPoint, len(past))
	for i := range past {
		list[i] = pastOf(&past[i])
	}
	return s.historyCSV(c, asked.board, "history.csv", list)
}

// firmHistoryCSV is the history of a firm.
func (s *Server) firmHistoryCSV(c *fiber.Ctx, _ policy.Actor) error {
	b, f, _, err := s.findFirm(c)
	if err != nil {
		return err
	}
	past, err := s.pastNow(c.UserContext())
	if err != nil {
		return err
	}
	return s.historyCSV(c, b, "history.csv", pastOfFirms(f.ID, past.list))
}
