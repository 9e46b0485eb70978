package web

import (
	"net/url"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/rating/cycle"
)

// circularsView is what circulars.html shows.
type circularsView struct {
	Rows []circularLine
	// Underway are the quarters that the firms are heard on.
	Underway []underwayLine
}

// underwayLine is a quarter that is not published yet: its state and nothing of its scores.
type underwayLine struct{ Name, Word, Text string }

type circularLine struct{ Name, Path, At, Number, Count string }

// circulars lists the published quarters.
func (s *Server) circulars(c *fiber.Ctx, by policy.Actor) error {
	list, err := s.cycle.Published(c.UserContext(), cycle.RhythmQuarter)
	if err != nil {
		return err
	}
	underway, err := s.cycle.Underway(c.UserContext())
	if err != nil {
		return err
	}
	var v circularsView
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
		v.Rows = append(v.Rows, circularLine{Name: p.Name, Path: "/circulars/" + url.PathEscape(p.ID), At: dateLong(p.Publication.At.Time), Number: p.Publication.Number, Count: count(p.Publication.Count)})
	}
	return s.render(c, by, "circulars", page{Title: "季度通报", Nav: "/circulars", Data: v})
}

// circularView is what circular.html shows.
type circularView struct {
	*cycle.Circular
	Path, At string
	Parts    []string
	Rows     []circularRow
}

type circularRow struct {
	Name, Firm, Community, Total, Label, Reason string
	Rates                                       []string
}

// circular shows the scores of one quarter by name: a quarter has no stars and no rank (practice.md §1).
func (s *Server) circular(c *fiber.Ctx, by policy.Actor) error {
	return s.ofQuarter(c, by, "", func(found *cycle.Circular) ([]byte, error) {
		return s.renderBytes(c, by, "circular", page{Title: found.Period.Name + "物业服务检查得分通报", Nav: "/circulars", Data: viewOfCircular(found)})
	}, func(cached *cachedPage, _ cycle.Period) error { return cached.send(c) })
}

// ofQuarter answers from a published quarter. Its results are read for the first who asks only: a published evaluation does not change.
func (s *Server) ofQuarter(c *fiber.Ctx, by policy.Actor, form string, render func(*cycle.Circular) ([]byte, error), send func(*cachedPage, cycle.Period) error) error {
	id := c.Params("id")
	p, err := s.cycle.PublishedQuarter(c.UserContext(), id)
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
func viewOfCircular(found *cycle.Circular) circularView {
	v := circularView{Circular: found, Path: "/circulars/" + url.PathEscape(found.Period.ID), At: dateLong(found.Period.Publication.At.Time), Parts: topPartNames(found.Scheme)}
	places := places(found.Scheme.Total.Decimals, found.Scheme.Defaults.Decimals)
	for i := range found.Rows {
		r := &found.Rows[i]
		row := circularRow{Name: r.Name, Firm: r.Firm, Community: r.Community, Total: "—", Label: r.Label, Reason: reasonOf(found.Scheme, r.Result())}
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

// circularCSV is the same table for Excel.
func (s *Server) circularCSV(c *fiber.Ctx, by policy.Actor) error {
	return s.ofQuarter(c, by, "/scores.csv", func(found *cycle.Circular) ([]byte, error) { return tableOfCircular(found).Bytes() },
		func(cached *cachedPage, p cycle.Period) error {
			return sendCSV(c, "circular-"+p.ID+".csv", cached.plain)
		})
}

func tableOfCircular(found *cycle.Circular) *report.CSV {
	head := []string{"小区", "编号", "物业服务企业", "社区", "乡镇", "结果", "总分"}
	for _, part := range topPartNames(found.Scheme) {
		head = append(head, part+"（得分率%）")
	}
	sheet := report.NewCSV(append(head, "说明")...)
	for i := range found.Rows {
		r := &found.Rows[i]
		cells := []string{report.Guard(r.Name), report.Guard(r.Project), report.Guard(r.Firm), report.Guard(r.Community), report.Guard(r.Township), report.Guard(r.Label), optionalNumber(r.Total, 2)}
		for _, rate := range r.Rates {
			cells = append(cells, optionalNumber(rate, 1))
		}
		sheet.Add(append(cells, report.Guard(reasonOf(found.Scheme, r.Result())))...)
	}
	return sheet
}
