package web

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
)

// besidePath is the page that puts subjects side by side (并列比较).
const besidePath = "/compare"

// mostBeside is how many subjects stand side by side; more do not fit a printed sheet.
const mostBeside = 4

// suggested is how many names the page offers to add.
const suggested = 8

// besideView is what beside.html shows.
type besideView struct {
	*board
	Columns []besideColumn
	Rows    []besideRow
	Filter  filter
	Found   []besideFound
	// More is how many were found beyond those offered.
	More int
	// Missing: so many of those asked for are not rated; Over: so many were left out, as there are too many.
	Missing, Over int
	Full          bool
	CSV           string
	IDs           []string
}

type besideColumn struct {
	Name, Address, Without string
	Level                  int
	Grade                  string
}

// besideRow is one thing that is compared.
type besideRow struct {
	Name  string
	Cells []besideCell
}

// besideCell is what one subject has. Lost says where a part lost most; Best marks the highest of a row in which not all are equal.
type besideCell struct {
	Text, Note, Lost string
	Best             bool
}

type besideFound struct{ Name, Sub, Address string }

// besideAddress is path for these subjects, in their order.
func besideAddress(path string, ids []string) string {
	if len(ids) == 0 {
		return path
	}
	return path + "?" + url.Values{"s": ids}.Encode()
}

// readBeside reads the subjects that are asked for, each once, in their order. What cannot be shown is counted rather than refused, so that an old link still works.
func readBeside(c *fiber.Ctx, b *board) (ids []string, missing, over int) {
	for _, raw := range c.Context().QueryArgs().PeekMulti("s") {
		id := string(raw)
		switch {
		case id == "" || slices.Contains(ids, id):
		case b.byID[id] == nil:
			missing++
		case len(ids) == mostBeside:
			over++
		default:
			ids = append(ids, id)
		}
	}
	return ids, missing, over
}

// besideStars loads what everybody may see of the subjects: a comparison is handed on, so that it says the same to everybody.
func (s *Server) besideStars(ctx context.Context, b *board, ids []string) ([]Star, error) {
	stars := make([]Star, 0, len(ids))
	for _, id := range ids {
		one, err := s.stars.Star(ctx, b.ID, id, false)
		if err != nil {
			return nil, err
		}
		one.keepLines()
		stars = append(stars, one)
	}
	return stars, nil
}

// beside compares up to four subjects.
func (s *Server) beside(c *fiber.Ctx, by policy.Actor) error {
	b, err := s.boardNow(c.UserContext())
	if fault.Is(err, fault.NotFound) {
		return s.render(c, by, "beside", page{Title: "并列比较", Nav: "/", Data: (*besideView)(nil)})
	}
	if err != nil {
		return err
	}
	ids, missing, over := readBeside(c, b)
	stars, err := s.besideStars(c.UserContext(), b, ids)
	if err != nil {
		return err
	}
	v := &besideView{board: b, IDs: ids, Missing: missing, Over: over, Full: len(ids) == mostBeside, CSV: besideAddress(besidePath+".csv", ids), Filter: readFilter(c, b)}
	for i, one := range stars {
		v.Columns = append(v.Columns, besideColumn{Name: one.Name, Address: starAddress(one.ID), Level: b.grades[one.Row.Grade].Level, Grade: b.gradeOf(one.Row.Grade), Without: besideAddress(besidePath, slices.Delete(slices.Clone(ids), i, i+1))})
	}
	v.Rows = besideRows(b, stars)
	if v.Filter.Query != "" && !v.Full {
		v.find()
	}
	return s.render(c, by, "beside", page{Title: "并列比较", Nav: "/", Data: v, Script: true})
}

// find offers what is found by name, pinyin or place and does not stand on the page yet.
func (v *besideView) find() {
	var named, others []*ranked // who is called so comes before whose firm or place is
	for _, r := range slices.Concat(v.sorted[byName], v.apart) {
		switch {
		case !strings.Contains(r.search, v.Filter.Query) || slices.Contains(v.IDs, r.ID):
		case strings.Contains(searchText(r.Name), v.Filter.Query):
			named = append(named, r)
		default:
			others = append(others, r)
		}
	}
	found := append(named, others...)
	v.More = max(0, len(found)-suggested)
	for _, r := range found[:len(found)-v.More] {
		v.Found = append(v.Found, besideFound{Name: r.Name, Sub: strings.Trim(r.Place+" · "+r.Firm, " ·"), Address: besideAddress(besidePath, append(slices.Clone(v.IDs), r.ID))})
	}
}

// besideRows are the lines of the comparison; one that says nothing of anybody is left out.
func besideRows(b *board, stars []Star) []besideRow {
	var rows []besideRow
	add := func(name string, of func(one *Star) (cell besideCell, value *num.Num)) {
		row, said := besideRow{Name: name}, false
		var values []*num.Num
		for i := range stars {
			cell, value := of(&stars[i])
			said = said || cell.Text != ""
			if cell.Text == "" {
				cell.Text = "—"
			}
			row.Cells, values = append(row.Cells, cell), append(values, value)
		}
		markBest(row.Cells, values)
		if said {
			rows = append(rows, row)
		}
	}
	text := func(name string, of func(one *Star) string) {
		add(name, func(one *Star) (besideCell, *num.Num) { return besideCell{Text: of(one)}, nil })
	}
	add("总分", func(one *Star) (besideCell, *num.Num) {
		if one.Total == nil {
			return besideCell{}, nil
		}
		return besideCell{Text: points(*one.Total, b.Places), Note: "满分 " + points(one.Max, b.Places)}, one.Total
	})
	text("名次", func(one *Star) string {
		if r := b.byID[one.ID]; r.Rank > 0 {
			return "第 " + strconv.Itoa(r.Rank) + " 名"
		}
		return ""
	})
	text("和上次比", func(one *Star) string {
		return one.Before.changed(one.Total, b.gradeOf(one.Row.Grade), b.Places)
	})
	text("说明", func(one *Star) string { return strings.TrimSpace(one.Mark + " " + one.Since() + one.Reason) })
	text("物业服务企业", func(one *Star) string { return one.Firm })
	text("位置", func(one *Star) string { return one.Row.Place })
	text("规模", func(one *Star) string { return one.Size })
	for i, part := range b.Parts {
		add(part.Name, func(one *Star) (besideCell, *num.Num) {
			if i >= len(one.Parts) || one.Parts[i] == nil {
				return besideCell{}, nil
			}
			cell := besideCell{Text: one.Parts[i].Fixed(1) + "%"}
			g := one.group(part.ID)
			if g == nil {
				return cell, one.Parts[i]
			}
			if g.Points != nil && g.Max != nil {
				cell.Note = points(*g.Points, b.Places) + " / " + points(*g.Max, b.Places)
			}
			if cell.Lost = strings.Join(g.Reasons, "、"); g.Hidden {
				cell.Lost = "按规则只公开合计"
			}
			return cell, one.Parts[i]
		})
	}
	text("总分调整", func(one *Star) string {
		var said []string
		for _, a := range one.Adjustments {
			if a.Change != nil && !a.Change.IsZero() {
				said = append(said, a.Name+" "+signed(*a.Change, b.Places))
			}
		}
		return strings.Join(said, "、")
	})
	return rows
}

// group is the part of an id, nil if there is none.
func (one *Star) group(id string) *LineGroup {
	for i := range one.Groups {
		if one.Groups[i].ID == id {
			return &one.Groups[i]
		}
	}
	return nil
}

// markBest marks the highest values of a row, unless all that have one are equal.
func markBest(cells []besideCell, values []*num.Num) {
	var best, worst *num.Num
	for _, v := range values {
		if v == nil {
			continue
		}
		if best == nil || best.Less(*v) {
			best = v
		}
		if worst == nil || v.Less(*worst) {
			worst = v
		}
	}
	if best == nil || best.Equal(*worst) {
		return
	}
	for i, v := range values {
		cells[i].Best = v != nil && v.Equal(*best)
	}
}

// besideCSV is the comparison as a table.
func (s *Server) besideCSV(c *fiber.Ctx, _ policy.Actor) error {
	b, err := s.boardNow(c.UserContext())
	if err != nil {
		return err
	}
	ids, _, _ := readBeside(c, b)
	stars, err := s.besideStars(c.UserContext(), b, ids)
	if err != nil {
		return err
	}
	head, grades := []string{"项目"}, []string{"等级"}
	for _, one := range stars {
		head, grades = append(head, report.Guard(one.Name)), append(grades, report.Guard(b.gradeOf(one.Row.Grade)))
	}
	sheet := report.NewCSV(head...)
	sheet.Add(grades...)
	for _, row := range besideRows(b, stars) {
		line := []string{row.Name}
		for _, cell := range row.Cells {
			line = append(line, report.Guard(strings.TrimSpace(strings.Join([]string{cell.Text, cell.Note, cell.Lost}, " "))))
		}
		sheet.Add(line...)
	}
	sheet.Add("评价规则", report.Guard(b.SchemeID+" "+b.SchemeVersion))
	sheet.Add("规则指纹", b.SchemeHash)
	return sendTable(c, "compare.csv", sheet)
}
