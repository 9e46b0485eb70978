package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/registry"
	"redsteward/supervision/collection"
)

// projectTitle is the heading of the column that says which compound a row is about.
const projectTitle = "小区"

// Collection is the sheet of an answer to a task of collection: the columns that are asked, and whom they are asked of.
type Collection struct {
	// Title is the name of the sheet, Columns are all columns of the task, Asked the places of those that are asked.
	Title   string
	Columns []collection.Column
	Asked   []int
	// Each: a row is about one of Compounds, which the template names.
	Each      bool
	Compounds []collection.Compound
}

// collectionRow is a row as typed: the compound, and one text for each asked column.
type collectionRow struct {
	project string
	bookRow
}

func (s Collection) table() Table[collectionRow] {
	t := Table[collectionRow]{Sheet: sheetName(s.Title, nil)}
	names := make([]string, len(s.Compounds))
	for i, c := range s.Compounds {
		names[i] = c.Text
	}
	if s.Each {
		t.Columns = append(t.Columns, Text(collection.ProjectField, projectTitle, func(r *collectionRow) *string { return &r.project }).Must().Wide(24).Says("每个小区一行，不要改名称").given())
	}
	for n, place := range s.Asked {
		c := s.Columns[place]
		column := collectionColumn(n, c)
		if column.choices = c.Choices(); c.Kind == collection.KindProject {
			column.choices = names
		}
		column.Required, column.Hint = c.Required, c.Hint
		column.Width = float64(max(defaultWidth, 2*len([]rune(c.Title))+2))
		t.Columns = append(t.Columns, Within([]Column[bookRow]{column}, func(r *collectionRow) *bookRow { return &r.bookRow })...)
	}
	return t
}

// collectionColumn is one asked column. What a cell says is kept as the text that the form reads; the form says what is wrong with it.
func collectionColumn(n int, c collection.Column) Column[bookRow] {
	field := registry.BookField{ID: c.ID, Label: c.Title, Kind: registry.FieldText}
	switch c.Kind {
	case collection.KindDate:
		field.Kind = registry.FieldDate
	case collection.KindWhole:
		field.Kind = registry.FieldWhole
	case collection.KindMoney:
		field.Kind = registry.FieldMoney
	case collection.KindDecimal:
		column := bookColumn(n, field)
		column.form = formDecimal
		column.read = func(r *bookRow, cell cell) string {
			value, ok := decimals(cell.text, 4)
			if !ok {
				return "要填数字，最多 4 位小数，例如 580.5"
			}
			*r.at(n) = value.String()
			return ""
		}
		return column
	}
	return bookColumn(n, field)
}

// Template gives the workbook to fill in, with the rows as they are being written.
func (s Collection) Template(rows []collection.Row) ([]byte, error) {
	list := make([]collectionRow, len(rows))
	for i := range rows {
		for _, c := range s.Compounds {
			if c.ID == rows[i].Project {
				list[i].project = c.Text
			}
		}
		for n, place := range s.Asked {
			text := s.Columns[place].Typed(rows[i].At(place))
			if s.Columns[place].Kind == collection.KindProject {
				for _, c := range s.Compounds {
					if c.ID == text {
						text = c.Text
					}
				}
			}
			*list[i].at(n) = text
		}
	}
	return s.table().Prepared(list)
}

// ReadCollection is a workbook of an answer as read.
type ReadCollection struct {
	// Sheet is the name of the sheet that was read.
	Sheet string
	// Lines are the rows without fault, Faults those of the others.
	Lines  []collection.Line
	Faults []Fault
	// At puts a fault that the form found into the sheet.
	At func(row int64, field, message string) Fault
}

// unknown are the headings of a sheet that no column of the form ever had: what stands below them would be lost without a word. A column that is not asked for any more is left out, as the page says.
func (s Collection) unknown(book *excelize.File, sheet string) ([]fault.Field, error) {
	rows, err := book.Rows(sheet)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // opened for reading only
	if !rows.Next() {
		return nil, nil
	}
	texts, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	known := map[string]bool{"": true}
	for _, c := range s.table().Columns {
		known[plainHeading(c.Title)] = true
	}
	for i := range s.Columns {
		known[plainHeading(s.Columns[i].Title)] = true
	}
	var bad []fault.Field
	for k, text := range texts {
		if !known[plainHeading(text)] {
			bad = append(bad, fault.Field{Name: address(k, 1), Message: address(k, 1) + "“" + strings.TrimSpace(text) + "”不是这张表的栏目，请删去这一列，或者把内容写进表里的栏目"})
		}
	}
	return bad, nil
}

// Read reads a workbook of an answer. Returns as Table.Read, and Invalid for merged cells, for a column that the form does not have and for more rows than an answer may have; a cell with a formula is a fault of its place.
func (s Collection) Read(r io.Reader) (ReadCollection, error) {
	return withTable(r, func(book *excelize.File) (ReadCollection, error) {
		const op = "report.Collection"
		p, err := s.table().read(book)
		if err != nil {
			return ReadCollection{}, err
		}
		if n := len(p.Rows) + len(p.refused); n > collection.MaxRows {
			return ReadCollection{}, fault.New(op, fault.Invalid, fmt.Sprintf("这个文件有 %d 行，最多 %d 行", n, collection.MaxRows))
		}
		merged, err := book.GetMergeCells(p.Sheet)
		if err != nil {
			return ReadCollection{}, fault.Wrap(op, fault.Invalid, "这个文件已损坏，请重新导出后上传", err)
		}
		if len(merged) > 0 {
			return ReadCollection{}, fault.New(op, fault.Invalid, merged[0].GetStartAxis()+" 至 "+merged[0].GetEndAxis()+" 是合并的单元格，请取消合并、每行都填写后再上传")
		}
		unknown, err := s.unknown(book, p.Sheet)
		if err != nil {
			return ReadCollection{}, fault.Wrap(op, fault.Invalid, "这个文件已损坏，请重新导出后上传", err)
		}
		if len(unknown) > 0 {
			return ReadCollection{}, fault.InvalidFields(op, unknown...)
		}
		out := ReadCollection{Sheet: p.Sheet, Faults: p.Faults, At: p.At}
		for i := range p.Rows {
			row := &p.Rows[i]
			computed, err := p.computed(book, row.Number)
			if err != nil {
				return ReadCollection{}, fault.Wrap(op, fault.Invalid, "这个文件已损坏，请重新导出后上传", err)
			}
			if out.Faults = append(out.Faults, computed...); len(computed) > 0 {
				continue
			}
			l := collection.Line{Number: row.Number, Project: row.Value.project, Values: map[string]string{}}
			for n, place := range s.Asked {
				l.Values[s.Columns[place].ID] = *row.Value.at(n)
			}
			out.Lines = append(out.Lines, l)
		}
		slices.SortStableFunc(out.Faults, func(a, b Fault) int { return cmp.Compare(a.Row, b.Row) })
		return out, nil
	})
}

// computed are the declared cells of a row that hold a formula: what it shows was computed elsewhere, and nothing here computes it again.
func (p *Parsed[T]) computed(book *excelize.File, row int64) ([]Fault, error) {
	var out []Fault
	for i, c := range p.table.Columns {
		if p.columns[i] < 0 {
			continue
		}
		cell := address(p.columns[i], row)
		formula, err := book.GetCellFormula(p.Sheet, cell)
		if err != nil {
			return nil, err
		}
		if formula != "" {
			out = append(out, Fault{Row: row, Cell: cell, Field: c.Field, Title: c.Title, Found: "=" + formula, Message: c.Title + "是公式，请复制后“选择性粘贴”为数值"})
		}
	}
	return out, nil
}

// Group says by what merged answers are put on sheets.
type Group string

// The groups.
const (
	GroupNone      Group = ""
	GroupTownship  Group = "township"
	GroupCommunity Group = "community"
	GroupUnit      Group = "unit"
)

// Groups lists them with their words.
func Groups() []registry.Choice {
	return []registry.Choice{{ID: string(GroupTownship), Text: "按乡镇"}, {ID: string(GroupCommunity), Text: "按社区"}, {ID: string(GroupUnit), Text: "按单位"}, {ID: string(GroupNone), Text: "不分"}}
}

// of is the group of a row.
func (g Group) of(m collection.Merged) string {
	switch g {
	case GroupTownship:
		return cmp.Or(m.Where.Township, "不分乡镇")
	case GroupCommunity:
		return cmp.Or(m.Where.Community, "不分社区")
	case GroupUnit:
		return m.To.Name
	}
	return "汇总"
}

// Merged are the sheets of what was answered to a task: one for each group in the order of names, all with the same columns, and one with those who did not answer. zone tells a moment in words.
func Merged(columns []collection.Column, rows []collection.Merged, by Group, missing Figures) []Sheet {
	var shown []int
	heads := []string{"乡镇", "社区", "填报单位", projectTitle}
	for i, c := range columns {
		if !c.Stands() && !slices.ContainsFunc(rows, func(m collection.Merged) bool { return m.Texts[i] != "" }) {
			continue
		}
		title := c.Title
		if !c.Stands() {
			title += fmt.Sprintf("（第 %d 版起不填）", c.Until)
		}
		shown, heads = append(shown, i), append(heads, title)
	}
	heads = append(heads, "迟报", "转为事项")
	sorted := slices.Clone(rows)
	slices.SortStableFunc(sorted, func(a, b collection.Merged) int {
		return cmp.Or(strings.Compare(a.Where.Township, b.Where.Township), strings.Compare(a.Where.Community, b.Where.Community), strings.Compare(a.To.Name, b.To.Name))
	})
	groups := map[string]*Figures{}
	var order []string
	for _, m := range sorted {
		name := by.of(m)
		if groups[name] == nil {
			groups[name] = &Figures{Heads: heads}
			order = append(order, name)
		}
		row := []any{m.Where.Township, m.Where.Community, m.To.Name, m.Where.Name}
		for _, i := range shown {
			row = append(row, mergedCell(columns[i], m, i))
		}
		groups[name].Rows = append(groups[name].Rows, append(row, yesOr(m.Late), yesOr(m.Matter)))
	}
	slices.Sort(order)
	if len(order) == 0 {
		order, groups["汇总"] = []string{"汇总"}, &Figures{Heads: heads}
	}
	used := map[string]bool{}
	var out []Sheet
	for _, name := range order {
		groups[name].Sheet = sheetName(name, used)
		out = append(out, groups[name].Filled())
	}
	missing.Sheet = sheetName(missing.Sheet, used)
	return append(out, missing.Filled())
}

func yesOr(is bool) string {
	if is {
		return "是"
	}
	return ""
}

// mergedCell is a cell as Excel counts with it.
func mergedCell(c collection.Column, m collection.Merged, place int) any {
	kept := m.Kept[place]
	switch c.Kind {
	case collection.KindWhole:
		if n, err := strconv.ParseInt(kept, 10, 64); err == nil {
			return n
		}
	case collection.KindDecimal:
		if n, err := num.Parse(kept); err == nil && kept != "" {
			return n
		}
	case collection.KindMoney:
		if fen, err := strconv.ParseInt(kept, 10, 64); err == nil {
			return num.FromFrac(fen, 100)
		}
	case collection.KindDate:
		if day, err := calendar.ParseDate(kept); err == nil {
			return day
		}
	}
	return m.Texts[place]
}

// maxSheetName is the longest name of a sheet that Excel takes, in signs.
const maxSheetName = 31

// sheetName makes a name of a sheet that Excel takes, and that was not used.
func sheetName(text string, used map[string]bool) string {
	text = strings.Trim(strings.Map(func(r rune) rune {
		if strings.ContainsRune(`:\/?*[]'`, r) || r < ' ' {
			return '-'
		}
		return r
	}, text), " '")
	r := []rune(cmp.Or(text, "表"))
	name := string(r[:min(len(r), maxSheetName)])
	for n := 2; used[name]; n++ {
		end := fmt.Sprintf("（%d）", n)
		name = string(r[:min(len(r), maxSheetName-len([]rune(end)))]) + end
	}
	if used != nil {
		used[name] = true
	}
	return name
}
