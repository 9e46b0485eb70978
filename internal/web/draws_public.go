package web

import (
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/supervision/inspection"
)

// publicDraws lists the draws that are public.
func (s *Server) publicDraws(c *fiber.Ctx, by policy.Actor) error {
	found, err := s.draws.Published(c.UserContext(), c.Query("after"))
	if err != nil {
		return err
	}
	v := drawsView{Next: nextPage(c, found.Next), Public: true}
	for _, d := range found.Docs {
		v.Rows = append(v.Rows, drawLineOf(drawsPath, d.ID, &d.State))
	}
	return s.render(c, by, "draws", page{Title: "双随机抽取", Nav: inspectedPath, Data: v})
}

// drawView is what draw.html shows: the lists, and what was drawn from them.
type drawView struct {
	Home, File, State string
	Title             string
	Facts             [][2]string
	Lists             inspection.Lists
	Left              []inspection.LeftOut
	Picks             []pickedLine
	Open              bool
	Command           string
}

// pickedLine is one compound that was drawn.
type pickedLine struct{ Name, Company, Inspectors, Result, Day string }

// publicDraw shows a public draw to everybody: the lists, the hash, and once they are public the seed, what was drawn and what was found.
func (s *Server) publicDraw(c *fiber.Ctx, by policy.Actor) error {
	id := c.Params("id")
	doc, lists, left, err := s.draws.PublicOne(c.UserContext(), id)
	if err != nil {
		return err
	}
	d := &doc.State
	v := drawView{Home: drawsPath, File: drawsPath + "/" + id + "/file", Title: d.Title, State: d.State.Title(), Facts: s.drawFacts(d), Lists: lists, Left: left, Open: d.State.Open(), Command: "redsteward draw " + drawFileName(d)}
	for _, p := range d.Picks {
		l := pickedLine{Name: p.Name, Company: p.Company, Inspectors: strings.Join(p.Inspectors, "、"), Result: p.Why}
		if !p.Shown.IsZero() {
			l.Result, l.Day = p.Result, p.Done.Chinese()+"检查，"+p.Shown.Chinese()+"公示"
		}
		v.Picks = append(v.Picks, l)
	}
	return s.render(c, by, "draw", page{Title: d.Title, Nav: inspectedPath, Data: v})
}

// drawLists shows the lists of a draw to the office, before they are public too.
func (s *Server) drawLists(c *fiber.Ctx, by policy.Actor) error {
	ctx, id := c.UserContext(), c.Params("id")
	doc, err := s.draws.One(ctx, by, id)
	if err != nil {
		return err
	}
	lists, left, err := s.draws.ListsOf(ctx, by, id)
	if err != nil {
		return err
	}
	d := &doc.State
	return s.render(c, by, "draw", page{Title: d.Title + "名单", Nav: inspectionsPath, Data: drawView{Home: lotsPath + "/" + id, Title: d.Title, State: d.State.Title(), Facts: s.drawFacts(d), Lists: lists, Left: left}})
}

// drawFileName is what the file of a draw is called: before the draw and afterwards differently, so that both can lie in one folder.
func drawFileName(d *inspection.Draw) string {
	if d.State.Open() {
		return "draw.json"
	}
	return "draw-before.json"
}

// drawFile hands out the file with which everybody can draw again.
func (s *Server) drawFile(c *fiber.Ctx, _ policy.Actor) error {
	doc, _, _, err := s.draws.PublicOne(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	f, err := s.draws.FileOf(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return sendDraw(c, drawFileName(&doc.State), f)
}

// sendDraw answers with a file for redsteward draw.
func sendDraw(c *fiber.Ctx, name string, f any) error {
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	sendJSONFile(c, name, append(data, '\n'))
	return nil
}
