package returns

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/internal/report/templates"
	"redsteward/internal/store"
	"redsteward/policy"
)

const templateKind = "return-template"

// What stands behind the key of a cell for another number of its: the term before, the year before, and the changes in percent.
const (
	nameBefore = "before"
	nameYear   = "year"
	nameChange = "change"
	nameGrowth = "growth"
)

// NameOf is a name of a template in words.
type NameOf struct{ Name, Text string }

// Names are the names that a template of a return may have, without those of the rows of tables beyond the first.
func (f *Form) Names() []NameOf {
	out := []NameOf{{NameTitle, "报表名称"}, {NamePeriod, "报告期"}, {NameDays, "起止日期"}, {NameUnit, "填报单位"}, {NameTo, "报送单位"}, {NameCompiled, "制表"}, {NameChecked, "审核"}, {NameSigned, "负责人"}, {NameDay, "报出日期"}, {NameNote, "编报说明"}}
	for i := range f.Cells {
		c := &f.Cells[i]
		by := "%"
		if c.measure != nil && c.measure.Unit == "%" || c.Hand.Unit == "%" {
			by = "百分点"
		}
		out = append(out, NameOf{c.Key, c.Title}, NameOf{c.Key + "__" + nameBefore, c.Title + "：上期"}, NameOf{c.Key + "__" + nameChange, c.Title + "：环比（" + by + "）"}, NameOf{c.Key + "__" + nameYear, c.Title + "：上年同期"}, NameOf{c.Key + "__" + nameGrowth, c.Title + "：同比（" + by + "）"})
	}
	for i := range f.Tables {
		t := &f.Tables[i]
		out = append(out, NameOf{t.ID + "__1__name", t.Title + "：第 1 行名称，第 2 行写 __2__"})
		for _, key := range t.Columns {
			c, _ := f.Cell(key)
			out = append(out, NameOf{t.ID + "__1__" + key, t.Title + "：第 1 行" + c.Title})
		}
	}
	return out
}

var tableName = regexp.MustCompile(`^([a-z0-9_]+?)__([1-9][0-9]{0,2})__([a-z0-9_]+)$`)

// knows reports whether a template may have a name.
func (f *Form) knows(name string) bool {
	if m := tableName.FindStringSubmatch(name); m != nil {
		i := slices.IndexFunc(f.Tables, func(t Table) bool { return t.ID == m[1] })
		return i >= 0 && (m[3] == "name" || slices.Contains(f.Tables[i].Columns, m[3]))
	}
	return slices.ContainsFunc(f.Names(), func(n NameOf) bool { return n.Name == name })
}

// People are the names of who compiled, checked and signed, as a paper shows them.
type People struct{ Compiled, Checked, Signed string }

// Heading is what stands above the numbers of a workbook.
type Heading struct {
	// Unit is the bureau that reports.
	Unit string
	People
	// To and Note are those of what is filled, Day when it was reported, no date before.
	To, Note string
	Day      calendar.Date
}

// values are what the names of a template stand for.
func (f *Form) values(r *Return, figures *Figures, h Heading) map[string]any {
	out := map[string]any{NameTitle: r.Title, NamePeriod: r.Words, NameDays: r.Days.First.Chinese() + "至" + r.Days.Last.Chinese(), NameUnit: h.Unit, NameTo: h.To, NameCompiled: h.Compiled, NameChecked: h.Checked, NameSigned: h.Signed, NameNote: h.Note, NameDay: ""}
	if !h.Day.IsZero() {
		out[NameDay] = h.Day
	}
	for i := range figures.Cells {
		c := &figures.Cells[i]
		out[c.Key], out[c.Key+"__"+nameBefore], out[c.Key+"__"+nameYear] = cellOf(c, c.N), cellOf(c, c.Before), cellOf(c, c.Year)
		out[c.Key+"__"+nameChange], out[c.Key+"__"+nameGrowth] = changeOf(c, c.Before), changeOf(c, c.Year)
	}
	for i := range figures.Tables {
		t := &figures.Tables[i]
		for n := range t.Rows {
			before := t.ID + "__" + strconv.Itoa(n+1) + "__"
			out[before+"name"] = t.Rows[n].Name
			for k, key := range t.Columns {
				if c := figures.Cell(key); c != nil {
					out[before+key] = cellOf(c, t.Rows[n].Values[k].N)
				}
			}
		}
	}
	return out
}

// cellOf is a number for a cell, rounded as it is shown; “—” for none.
func cellOf(c *Filled, n *num.Num) any {
	if n == nil {
		return "—"
	}
	return report.Maybe(n, c.Places)
}

// changeOf is a change in percent for a cell, of a share in percentage points.
func changeOf(c *Filled, was *num.Num) any {
	x, ok := c.Change(was)
	if !ok {
		return "—"
	}
	return report.Maybe(&x, 1)
}

// TemplateOf are the workbooks of a return that the office uploaded. Returns Forbidden without ReadReturn, NotFound for an unknown return.
func (s *Service) TemplateOf(ctx context.Context, by policy.Actor, form string) (store.Doc[templates.Set], error) {
	doc, err := s.Templates.Of(ctx, by, form)
	if err == nil {
		_, err = s.form(form)
	}
	return doc, err
}

// PutTemplate takes a workbook in as the newest template of a return. Returns Forbidden without KeepReturnTemplate, NotFound for an unknown return, Invalid (field file, and one for each name that is unknown or no place for a value), and the errors of templates.Shelf.Put.
func (s *Service) PutTemplate(ctx context.Context, by policy.Actor, form string, seq int64, upload *files.Upload) error {
	if err := s.Guard.Require(by, policy.KeepReturnTemplate); err != nil {
		return err
	}
	f, err := s.form(form)
	if err != nil {
		return err
	}
	return s.Templates.Put(ctx, by, form, seq, upload, " Excel 模板", f.checkTemplate)
}

// checkTemplate tells how many names of a workbook are filled; every one must be known.
func (f *Form) checkTemplate(upload *files.Upload) (int64, error) {
	names, err := report.NamedCells(upload.Reader())
	if err != nil {
		return 0, err
	}
	var bad []fault.Field
	for _, n := range names {
		if !f.knows(n.Name) {
			bad = append(bad, fault.Field{Name: "file", Message: "“" + n.Sheet + "”的 " + n.Cell + " 用了名称“" + n.Name + "”，“" + f.Title + "”没有这个指标"})
		}
	}
	if len(names) == 0 {
		bad = append(bad, fault.Field{Name: "file", Message: "这个文件里没有一个名称：先选中要填数的单元格，在名称框里写上指标的代码"})
	}
	if len(bad) > 0 {
		return 0, fault.InvalidFields("returns.checkTemplate", bad...)
	}
	return int64(len(names)), nil
}

// Workbook is a return as Excel: in the office's own template if it has one, else the default one, whose cells have the names that a template needs. Figures are those that were shown to the actor.
func (s *Service) Workbook(ctx context.Context, r *Return, figures *Figures, h Heading) ([]byte, error) {
	f, err := s.form(r.Form)
	if err != nil {
		return nil, err
	}
	data, last, err := s.Templates.Used(ctx, r.Form)
	if err != nil {
		return nil, err
	}
	if last == nil {
		return f.workbook(r, figures, h)
	}
	out, err := report.FillNamed(data, f.values(r, figures, h))
	if fault.Is(err, fault.Invalid) {
		return nil, templates.CannotFill(last, err)
	}
	return out, err
}

// Blank is the default workbook of a return without numbers, to make a template of. Errors as those of TemplateOf.
func (s *Service) Blank(_ context.Context, by policy.Actor, form string) ([]byte, error) {
	if err := s.Guard.Require(by, policy.ReadReturn); err != nil {
		return nil, err
	}
	f, err := s.form(form)
	if err != nil {
		return nil, err
	}
	empty := &Figures{}
	for i := range f.Cells {
		c := &f.Cells[i]
		empty.Cells = append(empty.Cells, Filled{Key: c.Key, Title: c.Title, Unit: c.measure.Unit, How: c.How, From: c.measure.From, Group: c.Group, Places: c.measure.Places, ByHand: c.Hand.Is()})
	}
	for i := range f.Tables {
		t := FilledTable{ID: f.Tables[i].ID, Title: f.Tables[i].Title, By: f.Tables[i].By, Columns: f.Tables[i].Columns}
		for range max(1, min(f.Tables[i].Most, 10)) {
			t.Rows = append(t.Rows, FilledRow{Values: make([]Value, len(t.Columns))})
		}
		empty.Tables = append(empty.Tables, t)
	}
	return f.workbook(&Return{Form: f.ID, Title: f.Title}, empty, Heading{})
}

// workbook is the default workbook: one sheet of cells, one for each table, with the names of a template.
func (f *Form) workbook(r *Return, figures *Figures, h Heading) ([]byte, error) {
	values := f.values(r, figures, h)
	if r.Words == "" {
		values = map[string]any{NameTitle: r.Title}
	}
	const sheet = "报表"
	front := report.Figures{Sheet: sheet, Heads: []string{"指标", "本期", "单位", "上期", "环比（%，比率为百分点）", "上年同期", "同比（%，比率为百分点）", "口径"}}
	var names []report.NameCell
	name := func(name, sheet string, column, row int) {
		names = append(names, report.NameCell{Name: name, Sheet: sheet, Column: column, Row: row})
	}
	empty := func(name string) any {
		if v, known := values[name]; known && v != nil {
			return v
		}
		return ""
	}
	for _, n := range f.Names()[:10] {
		front.Rows = append(front.Rows, []any{n.Text, empty(n.Name), "", "", "", "", "", ""})
		name(n.Name, sheet, 2, len(front.Rows)+1)
	}
	group := ""
	for i := range figures.Cells {
		c := &figures.Cells[i]
		if c.Group != group {
			group = c.Group
			front.Rows = append(front.Rows, []any{"【" + group + "】", "", "", "", "", "", "", ""})
		}
		row := []any{c.Title, empty(c.Key), c.Unit}
		names = append(names, report.NameCell{Name: c.Key, Sheet: sheet, Column: 2, Row: len(front.Rows) + 2})
		for k, suffix := range []string{nameBefore, nameChange, nameYear, nameGrowth} {
			row = append(row, empty(c.Key+"__"+suffix))
			name(c.Key+"__"+suffix, sheet, 4+k, len(front.Rows)+2)
		}
		how := c.How
		if c.ByHand {
			how = handFrom + "：" + how
		}
		front.Rows = append(front.Rows, append(row, how))
	}
	sheets := []report.Sheet{front.Filled()}
	for i := range figures.Tables {
		t := &figures.Tables[i]
		s := report.Figures{Sheet: sheetName(t.Title), Heads: []string{"名称"}}
		for _, key := range t.Columns {
			title := key
			if c := figures.Cell(key); c != nil {
				title = c.Title + "（" + c.Unit + "）"
			}
			s.Heads = append(s.Heads, title)
		}
		for n := range t.Rows {
			before := t.ID + "__" + strconv.Itoa(n+1) + "__"
			row := []any{empty(before + "name")}
			name(before+"name", s.Sheet, 1, n+2)
			for k, key := range t.Columns {
				row = append(row, empty(before+key))
				name(before+key, s.Sheet, k+2, n+2)
			}
			s.Rows = append(s.Rows, row)
		}
		sheets = append(sheets, s.Filled())
	}
	return report.WriteNamed(names, sheets...)
}

// sheetName is a title as the name of a sheet.
func sheetName(title string) string {
	runes := []rune(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) {
			return '·'
		}
		return r
	}, title))
	return string(runes[:min(len(runes), 31)])
}
