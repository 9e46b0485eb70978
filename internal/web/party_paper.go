package web

import (
	"cmp"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/party"
)

// partyPapers are the papers of a sheet of party activities: the sheet with a place for the signature of every seat, to be signed on paper under the same digest.
func (s *Server) partyPapers(sheet *party.Sheet) []pagePaper {
	line := sheetLineOf(sheet)
	v := printView{From: line.Firm, Date: "　　年　　月　　日", Rows: [][2]string{{"企业", line.Firm}, {"社区", line.Community}, {"季度", line.Quarter}, {"情况", line.State}, {"支部活动", count(line.Branch) + " 项"}, {"五个共", count(line.Kinds) + " 种"}}}
	done := printTable{Caption: "活动", Heads: activityColumns}
	for i, a := range sheet.Lines {
		photo := "没有"
		if a.Photo != nil {
			photo = "有"
		}
		done.Rows = append(done.Rows, []string{strconv.Itoa(i + 1), registry.TextOf(party.Kinds(), a.Kind), a.Day.Chinese(), strconv.FormatInt(a.Expected, 10), strconv.FormatInt(a.Present, 10), cmp.Or(a.Note, blank), photo})
	}
	v.Tables, v.Below = []printTable{done}, [][2]string{{"填写人签名、日期", blank}}
	if sheet.Approval != nil {
		v.Hash = hashGroups(sheet.Approval.SubjectHash)
		for _, level := range s.approvalLevels(sheet.Approval) {
			for _, seat := range level.Seats {
				said := seat.Said
				if said == seatOpen {
					said = blank
				}
				v.Below = append(v.Below, [2]string{level.Name + "：" + seat.Office, said})
			}
		}
	}
	return []pagePaper{{"sheet", "党建活动台账", "", always(v)}}
}

// partyPaper is the sheet for printing.
func (s *Server) partyPaper(c *fiber.Ctx, by policy.Actor) error {
	doc, err := s.party.One(c.UserContext(), by, sheetAt(c, url.Values{}))
	if err != nil {
		return err
	}
	return s.printPaper(c, by, sheetsPath, partyID(&doc.State), s.partyPapers(&doc.State))
}

// partyID names a sheet below the list of sheets.
func partyID(sheet *party.Sheet) string {
	return strings.TrimPrefix(sheetAddress(sheet), sheetsPath+"/")
}
