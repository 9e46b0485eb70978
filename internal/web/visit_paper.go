package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
)

// visitSheetTitle is what the sheet of a visit is called among the kinds of papers, by whoever scores.
const visitSheetTitle = "走访评价表"

// visitPapers are the papers of a visit: its sheet, once it has begun. A visit is no inspection (行政检查), and no word of its sheet orders or finds an offence.
func (s *Server) visitPapers(w inspection.Walk) []pagePaper {
	if w.Sheet == nil {
		return nil
	}
	return []pagePaper{{"sheet", visitSheetTitle, "", func(ctx context.Context) (printView, error) { return s.visitSheet(ctx, w) }}}
}

// visitSheet is the sheet with its items, answers, findings, the names of its photos and the places for the signatures of both sides.
func (s *Server) visitSheet(ctx context.Context, w inspection.Walk) (printView, error) {
	visit := &w.Visit.State
	people, err := s.officerNames(ctx, *visit)
	if err != nil {
		return printView{}, err
	}
	firm := ""
	if s.registered != nil && visit.Firm != "" {
		names, err := s.registered.FirmNames(ctx, []string{visit.Firm})
		if err != nil {
			return printView{}, err
		}
		firm = names[visit.Firm]
	}
	v := printView{Title: visit.Sheet.Title, Date: visit.Day.Chinese(), Rows: filled([][2]string{{"小区", visit.Name}, {"物业企业", firm}, {"由谁评", visit.Assessor.Title()}, {"评价表", joinWords(visit.Sheet.ID, visit.Sheet.Version)}, {"走访日期", visit.Day.Chinese()}, {"走访人员", people}, {"情况", visit.State.Title()}})}
	if visit.Full > 0 {
		v.Rows = append(v.Rows, [2]string{"得分", fmt.Sprintf("%d / %d 分，不适用的条目不计", visit.Points, visit.Full)})
	}
	if visit.Aside {
		v.Words = append(v.Words, "企业互评只作参考，不计入评价。")
	}
	items, found := printTable{Caption: "条目", Heads: visitColumns}, 0
	for _, cat := range w.Sheet.Categories {
		for _, item := range cat.Items {
			a, ok := w.Answers[item.ID]
			row := []string{item.ID, cat.Name + "：" + item.Sentence, blank, blank, blank}
			if ok {
				row[2], row[3], row[4] = a.Value.Title(), cmp.Or(joinWords(a.Where, a.Note), blank), cmp.Or(photoNames(item.ID, a.Photos), blank)
			}
			if a.Value == inspection.Fail {
				found++
			}
			items.Rows = append(items.Rows, row)
		}
	}
	v.Rows = append(v.Rows, [2]string{"发现问题", fmt.Sprintf("%d 项", found)})
	v.Tables = []printTable{items}
	v.Below, err = s.visitSigns(ctx, w)
	return v, err
}

// photoNames name the photos of an item: its number, and the beginning of the fingerprint under which the file is kept.
func photoNames(item string, photos []inspection.Photo) string {
	var out []string
	for i, p := range photos {
		_, digits, _ := strings.Cut(p.Original, ":")
		digits = cmp.Or(digits, p.Original)
		out = append(out, fmt.Sprintf("%s-%d（%s）", item, i+1, digits[:min(8, len(digits))]))
	}
	return strings.Join(out, "、")
}

// visitSigns are the places for signatures; who signed on the screen stands there with the moment.
func (s *Server) visitSigns(ctx context.Context, w inspection.Walk) (out [][2]string, err error) {
	visit := w.Visit.State
	for i, id := range visit.Officers {
		one := visit
		one.Officers = []string{id}
		name, err := s.officerNames(ctx, one)
		if err != nil {
			return nil, err
		}
		said := blank
		if at := slices.IndexFunc(visit.Signatures, func(h supervision.Hand) bool { return h.By == id }); at >= 0 && w.Signed(id) {
			said = name + "，系统签名：" + dateTime(visit.Signatures[at].At.Time)
		}
		out = append(out, [2]string{fmt.Sprintf("走访人员 %d 签名", i+1), said})
	}
	return append(out, [2]string{"物业企业在场人员签名、职务", blank}, [2]string{"物业企业的说明", room}), nil
}

// visitPaper is the sheet for printing.
func (s *Server) visitPaper(c *fiber.Ctx, by policy.Actor) error {
	w, err := s.supervision.Visits.One(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return s.printPaper(c, by, visitsPath, w.Visit.ID, s.visitPapers(w))
}
