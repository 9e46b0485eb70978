package web

import (
	"net/url"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/rating/cycle"
)

// circularsView is what circulars.html shows.
type circularsView struct{ Rows []circularLine }

type circularLine struct{ Name, Path, At, Number, Count string }

// circulars lists the published quarters.
func (s *Server) circulars(c *fiber.Ctx, by policy.Actor) error {
	list, err := s.cycle.Published(c.UserContext(), cycle.RhythmQuarter)
	if err != nil {
		return err
	}
	var v circularsView
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
	found, err := s.cycle.Circular(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
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
	return s.render(c, by, "circular", page{Title: found.Period.Name + "物业服务检查得分通报", Nav: "/circulars", Data: v})
}

// circularCSV is the same table for Excel.
func (s *Server) circularCSV(c *fiber.Ctx, _ policy.Actor) error {
	found, err := s.cycle.Circular(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	head := []string{"小区", "编号", "物业服务企业", "社区", "乡镇", "结果", "总分"}
	for _, part := range topPartNames(found.Scheme) {
		head = append(head, part+"（得分率%）")
	}
	sheet := newSheet(append(head, "说明")...)
	for i := range found.Rows {
		r := &found.Rows[i]
		cells := []string{guard(r.Name), guard(r.Project), guard(r.Firm), guard(r.Community), guard(r.Township), guard(r.Label), optionalNumber(r.Total, 2)}
		for _, rate := range r.Rates {
			cells = append(cells, optionalNumber(rate, 1))
		}
		sheet.add(append(cells, guard(reasonOf(found.Scheme, r.Result())))...)
	}
	return sheet.send(c, "circular-"+found.Period.ID+".csv")
}
