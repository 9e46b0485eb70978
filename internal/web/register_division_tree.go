package web

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/registry"
)

// treeAt is the address of the tree opened at a division or project, with the row that it was opened from in view.
func treeAt(open string) string {
	return divisionsPath + "?open=" + url.QueryEscape(open) + "#d-" + url.PathEscape(open)
}

// divisionBranch fills the page with one opened place of the tree: the way to it, then a page of what stands below.
func (s *Server) divisionBranch(c *fiber.Ctx, by policy.Actor, v *divisionsView) error {
	open := strings.TrimSpace(c.Query("open"))
	from, err := strconv.Atoi(c.Query("from"))
	if err != nil {
		from = 0
	}
	b, err := s.registered.Branch(c.UserContext(), by, open, from)
	if err != nil {
		return err
	}
	day := s.registered.On(c.UserContext())
	add := func(line divisionLine, depth int, opened bool, up string) {
		line.Depth, line.Open = depth, opened
		switch {
		case opened && up != "":
			line.Toggle = treeAt(up)
		case !opened && line.Below > 0:
			line.Toggle = treeAt(line.ID)
		}
		v.Rows = append(v.Rows, line)
	}
	up := ""
	for i, d := range b.Way {
		line := divisionLineOf(d, day)
		line.Below = d.Below
		add(line, i+1, true, up)
		up = d.ID
	}
	depth := len(b.Way) + 1
	if b.Project != nil {
		add(projectNode(*b.Project), depth, true, up)
		depth++
	}
	for _, d := range b.Divisions {
		line := divisionLineOf(d, day)
		line.Below = d.Below
		add(line, depth, false, "")
	}
	for _, p := range b.Projects {
		add(projectNode(p), depth, false, "")
	}
	for _, one := range b.Buildings {
		line := divisionLine{DivisionRow: registry.DivisionRow{ID: one.ID, Division: registry.Division{Name: one.Name, Display: one.Name}}, Path: projectPath(b.Project.ID) + "#buildings", LevelWord: "楼栋",
			Facts: fmt.Sprintf("%s，%d 层", registry.TextOf(registry.BuildingKinds(), one.Kind), one.Floors)}
		if one.Households > 0 {
			line.Facts += fmt.Sprintf("，%d 户", one.Households)
		}
		add(line, depth, false, "")
	}
	v.Any, v.Page = len(v.Rows) > 0, branchPager(open, b)
	return nil
}

// projectNode is a project as a row of the tree.
func projectNode(p registry.ProjectRow) divisionLine {
	return divisionLine{DivisionRow: registry.DivisionRow{ID: p.ID, Division: registry.Division{Name: p.Name, Display: p.Name}}, Path: projectPath(p.ID), LevelWord: "小区",
		Below: len(p.Project.StandingBuildings()), Facts: fmt.Sprintf("%d 户", p.Households)}
}

// branchPager leads through what stands below the opened place.
func branchPager(open string, b registry.DivisionBranch) pager {
	shown := len(b.Divisions) + len(b.Projects) + len(b.Buildings)
	at := func(from int) string {
		q := url.Values{}
		if open != "" {
			q.Set("open", open)
		}
		if from > 0 {
			q.Set("from", strconv.Itoa(from))
		}
		if len(q) == 0 {
			return divisionsPath
		}
		return divisionsPath + "?" + q.Encode()
	}
	p := pager{First: b.From + 1, Last: b.From + shown, Count: b.Count}
	if b.From > 0 {
		p.Back = at(max(b.From-registry.PageSize, 0))
	}
	if p.Last < b.Count && shown > 0 {
		p.Next = at(p.Last)
	}
	return p
}
