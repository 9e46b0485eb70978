package web

import (
	"cmp"
	"context"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/collection"
)

// collectionNotice is the notice of a task as a letter, with what is to be filled in; to is whom it names.
func (s *Server) collectionNotice(ctx context.Context, t *collection.Task, to string) printView {
	day := s.clockOf(ctx).today
	if t.Sent != nil {
		day = calendar.DateOf(t.Sent.At.Time)
	}
	v := printView{Title: "关于填报“" + t.Title + "”的通知", From: t.OwnerName, To: to, Date: day.Chinese(), Words: filledWords(strings.Split(t.Text, "\n")),
		Rows: filled([][2]string{{"上报期限", t.Due.Due.Chinese()}, {"填几行", registry.TextOf(collection.RowsKinds(), t.Rows)}, {"填报方式", "在系统里签收后填报，也可以下载 Excel 模板填好上传"}, {"联系人", t.Contact}, {"周期", t.Period}})}
	columns := printTable{Caption: "栏目", Heads: askedColumns}
	for _, place := range collection.Standing(t.Columns) {
		line := columnLineOf(t.Columns[place])
		columns.Rows = append(columns.Rows, []string{strconv.Itoa(len(columns.Rows) + 1), line.Title, line.Kind, cmp.Or(line.Note, blank)})
	}
	v.Tables = []printTable{columns}
	return v
}

// collectionPapers are the papers of a task; who did not send it is not told by them who else is asked.
func (s *Server) collectionPapers(task *collection.View) []pagePaper {
	t, to := &task.State, "各有关单位"
	if task.Manages && len(t.To) > 0 {
		names := make([]string, len(t.To))
		for i := range t.To {
			names[i] = t.To[i].Name
		}
		to = casework.Addressees(names)
	}
	return []pagePaper{{"notice", "收表通知", collection.CodeNotice, func(ctx context.Context) (printView, error) { return s.collectionNotice(ctx, t, to), nil }}}
}

// sheetPapers are the papers of one addressee of a task: the notice as it went to him, and what he filled in, as the actor sees it.
func (s *Server) sheetPapers(c *fiber.Ctx, by policy.Actor, sheet *collection.SheetView) []pagePaper {
	a, t := &sheet.State, &sheet.Task.State
	return []pagePaper{
		{"notice", "收表通知", "", func(ctx context.Context) (v printView, err error) {
			v = s.collectionNotice(ctx, t, a.To.Name)
			if s.letters != nil {
				doc, _, err := s.letters.PaperOf(ctx, letterKind(collectionsPath)+"/"+a.Task, collection.CodeNotice)
				if err != nil {
					return v, err
				}
				v.Number = doc.State.Number
			}
			return v, nil
		}},
		{"form", "收表填报表", "", func(context.Context) (printView, error) { return s.answerPaper(c, by, sheet), nil }},
	}
}

// answerPaper is what an addressee filled in, row by row; of a form that nobody has filled in a blank one.
func (s *Server) answerPaper(c *fiber.Ctx, by policy.Actor, sheet *collection.SheetView) printView {
	a, t := &sheet.State, &sheet.Task.State
	var shown answerView
	s.answerLines(c, by, &shown, sheet, false)
	v := printView{Title: t.Title, From: a.To.Name, Date: "　　年　　月　　日", Rows: filled([][2]string{{"填报单位", a.To.Name}, {"下发单位", s.senderOf(t)}, {"上报期限", t.Due.Due.Chinese()}, {"状态", a.State.Title()}, {"签收", handText(s, a.Receipt)}, {"上报", handText(s, a.Filed)}})}
	if a.Filed != nil {
		v.Date = calendar.DateOf(a.Filed.At.Time).Chinese()
	}
	if shown.Rows == nil {
		shown.Rows = []answerLine{{Name: "第 1 行", Cells: make([]answerCell, len(shown.Heads))}}
	}
	for _, row := range shown.Rows {
		// A form may have dozens of columns, so that each row is a table of its own.
		one := printTable{Caption: "填报内容：" + joinWords(row.Name, row.Place), Heads: answerColumns}
		for i, cell := range row.Cells {
			one.Rows = append(one.Rows, []string{shown.Heads[i], cmp.Or(cell.Text, blank)})
		}
		v.Tables = append(v.Tables, one)
	}
	if sheet.Hidden > 0 {
		v.Words = append(v.Words, "另有 "+count(sheet.Hidden)+" 行不在查看范围内。")
	}
	v.Below = [][2]string{{"填报人签名", blank}, {"单位负责人签名、盖章", room}}
	return v
}

// collectionPaper is a paper of a task for printing.
func (s *Server) collectionPaper(c *fiber.Ctx, by policy.Actor) error {
	task, err := s.collections.Task(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return s.printPaper(c, by, collectionsPath, task.ID, s.collectionPapers(&task))
}

// sheetPaper is a paper of one addressee for printing.
func (s *Server) sheetPaper(c *fiber.Ctx, by policy.Actor) error {
	sheet, err := s.collections.Sheet(c.UserContext(), by, c.Params("id"))
	if err != nil {
		return err
	}
	return s.printPaper(c, by, collectionSheetsPath, sheet.ID, s.sheetPapers(c, by, &sheet))
}
