package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/num"
)

// The bounds of a workbook that is read.
const (
	// maxUnpacked is how far a workbook may unpack; the largest honest table (20,000 rows) is below 60 MB.
	maxUnpacked = 200 << 20
	// maxInMemory is how much of a sheet is held in memory; beyond that it goes through a temporary file.
	maxInMemory = 16 << 20
	// maxColumns is the largest number of columns.
	maxColumns = 200
)

// Row is one row that could be read.
type Row[T any] struct {
	// Number is the row in the sheet, the heading is row 1.
	Number int64
	// Value is what it says.
	Value T
	// texts are the cells as found, by column of the sheet.
	texts []string
}

// Fault is one refused cell.
type Fault struct {
	// Row is the row in the sheet, Cell its address (D44), "" if the row as a whole is meant.
	Row  int64
	Cell string
	// Field is the column's field, Title its heading.
	Field, Title string
	// Found is the value as found, "" for an empty cell.
	Found string
	// Message is a sentence that begins with the heading: 户数要填整数，例如 400.
	Message string
}

// Text is the sentence with its address: “D44：户数要填整数，例如 400”.
func (f Fault) Text() string {
	if f.Cell == "" {
		return fmt.Sprintf("第 %d 行：%s", f.Row, f.Message)
	}
	return f.Cell + "：" + f.Message
}

// Parsed is a sheet as read.
type Parsed[T any] struct {
	// Sheet is the name of the sheet that was read.
	Sheet string
	// Rows are those without fault, in order.
	Rows []Row[T]
	// Faults are those of the other rows, in order of row and column.
	Faults []Fault
	// columns is the column of the sheet for each declared one, -1 if it is not there.
	columns []int
	table   Table[T]
	refused map[int64][]string
}

// Read reads a workbook: the sheet of the table's name, or the first one that is not FaultSheet. Columns are found by their headings, in any order; others are left alone.
// Returns Invalid if the file is no workbook, unpacks too far, lacks a required column or has more than imports.MaxLines rows.
func (t Table[T]) Read(r io.Reader) (Parsed[T], error) {
	return withTable(r, t.read)
}

func (t Table[T]) read(book *excelize.File) (Parsed[T], error) {
	const op = "report.Read"
	sheets := slices.DeleteFunc(book.GetSheetList(), func(name string) bool { return name == FaultSheet })
	if len(sheets) == 0 {
		return Parsed[T]{}, fault.New(op, fault.Invalid, "这个文件没有要导入的工作表")
	}
	p := Parsed[T]{Sheet: sheets[0], table: t, refused: map[int64][]string{}}
	if slices.Contains(sheets, t.Sheet) {
		p.Sheet = t.Sheet
	}
	props, err := book.GetWorkbookProps()
	if err != nil {
		return p, fault.Wrap(op, fault.Invalid, "这个文件已损坏，请重新导出后上传", err)
	}
	from1904 := props.Date1904 != nil && *props.Date1904
	rows, err := book.Rows(p.Sheet)
	if err != nil {
		return p, fault.Wrap(op, fault.Invalid, "这个文件已损坏，请重新导出后上传", err)
	}
	defer rows.Close() //nolint:errcheck // opened for reading only
	for number, filled := int64(1), 0; rows.Next(); number++ {
		texts, err := rows.Columns()
		if err != nil {
			return p, fault.Wrap(op, fault.Invalid, fmt.Sprintf("第 %d 行已损坏，请重新导出后上传", number), err)
		}
		if len(texts) > maxColumns {
			return p, fault.New(op, fault.Invalid, fmt.Sprintf("第 %d 行有 %d 列，最多 %d 列，请使用模板", number, len(texts), maxColumns))
		}
		for i := range texts {
			texts[i] = strings.TrimSpace(texts[i])
		}
		if number == 1 {
			if p.columns, err = t.headings(texts); err != nil {
				return p, err
			}
			continue
		}
		if p.saysNothing(texts) {
			continue
		}
		if filled++; filled > imports.MaxLines {
			return p, fault.New(op, fault.Invalid, fmt.Sprintf("这个文件超过 %d 行，请分开导入", imports.MaxLines))
		}
		p.row(number, texts, from1904)
	}
	if err := rows.Error(); err != nil {
		return p, fault.Wrap(op, fault.Invalid, "这个文件已损坏，请重新导出后上传", err)
	}
	if p.columns == nil {
		return p, fault.New(op, fault.Invalid, "这个工作表是空的，请使用模板")
	}
	return p, nil
}

// headings finds the declared columns. Returns Invalid for a heading that stands twice or a required one that is not there.
func (t Table[T]) headings(texts []string) ([]int, error) {
	var bad []fault.Field
	at := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		at[i] = -1
		for k, text := range texts {
			if plainHeading(text) != plainHeading(c.Title) || c.read == nil {
				continue
			}
			if at[i] >= 0 {
				bad = append(bad, fault.Field{Name: address(k, 1), Message: "“" + c.Title + "”这一列出现两次"})
			}
			at[i] = k
		}
		if at[i] < 0 && c.Required {
			bad = append(bad, fault.Field{Name: c.Field, Message: "第 1 行没有“" + c.Title + "”这一列，请使用模板"})
		}
	}
	if len(bad) > 0 {
		return nil, fault.InvalidFields("report.Read", bad...)
	}
	return at, nil
}

// plainHeading takes away what templates and people add to a heading.
func plainHeading(text string) string {
	text = strings.Join(strings.Fields(text), "")
	for _, mark := range []string{"（必填）", "(必填)", "*"} {
		text = strings.TrimSuffix(text, mark)
	}
	return text
}

// saysNothing reports whether a row is empty but for what a template fills in.
func (p *Parsed[T]) saysNothing(texts []string) bool {
	given := map[int]bool{}
	for i, c := range p.table.Columns {
		if c.Given {
			given[p.columns[i]] = true
		}
	}
	for k, text := range texts {
		if text != "" && !given[k] {
			return false
		}
	}
	return true
}

// row reads one row; with a fault it is left out.
func (p *Parsed[T]) row(number int64, texts []string, from1904 bool) {
	out := Row[T]{Number: number, texts: texts}
	before := len(p.Faults)
	for i, c := range p.table.Columns {
		k := p.columns[i]
		found := ""
		if k >= 0 && k < len(texts) {
			found = texts[k]
		}
		message := ""
		switch {
		case c.read == nil || k < 0:
		case found == "" && c.Required:
			message = "没有填写"
		case found != "":
			message = c.read(&out.Value, cell{text: found, from1904: from1904})
		}
		if message != "" {
			p.Faults = append(p.Faults, Fault{Row: number, Cell: address(k, number), Field: c.Field, Title: c.Title, Found: found, Message: c.Title + message})
		}
	}
	if len(p.Faults) > before {
		p.refused[number] = texts
		return
	}
	p.Rows = append(p.Rows, out)
}

// At puts a fault that the register found into the sheet: by row and field, with the value found.
func (p *Parsed[T]) At(row int64, field, message string) Fault {
	f := Fault{Row: row, Field: field, Message: message}
	for i, c := range p.table.Columns {
		if c.Field != field || field == "" || p.columns[i] < 0 {
			continue
		}
		f.Title, f.Cell = c.Title, address(p.columns[i], row)
		texts := p.refused[row]
		if at, ok := slices.BinarySearchFunc(p.Rows, row, func(r Row[T], n int64) int { return int(r.Number - n) }); ok {
			texts = p.Rows[at].texts
		}
		if k := p.columns[i]; k < len(texts) {
			f.Found = texts[k]
		}
	}
	return f
}

// address is D44 for column 3 (from 0) and row 44.
func address(column int, row int64) string {
	name, err := excelize.ColumnNumberToName(column + 1)
	if err != nil {
		return ""
	}
	return name + strconv.FormatInt(row, 10)
}

// dayForms are the forms in which people write days.
var dayForms = []string{"2006-1-2", "2006/1/2", "2006.1.2", "2006年1月2日", "20060102"}

// The serial numbers that a cell with a date holds: the years 1955 to 2118.
const firstSerial, lastSerial = 20_000, 80_000

// readDate reads a day as typed, or the serial number that Excel keeps.
func readDate(c cell) (calendar.Date, bool) {
	text := strings.TrimSuffix(strings.TrimSuffix(c.text, " 00:00:00"), "T00:00:00Z")
	for _, form := range dayForms {
		if t, err := time.Parse(form, text); err == nil && t.Year() >= 1900 {
			day, err := calendar.NewDate(t.Date())
			return day, err == nil
		}
	}
	n, err := num.Parse(text)
	serial, whole := n.Int64()
	if c.from1904 {
		serial += 1462
	}
	if err != nil || !whole || serial < firstSerial || serial > lastSerial {
		return calendar.Date{}, false
	}
	epoch, err := calendar.NewDate(1899, time.December, 30)
	return epoch.Add(int(serial)), err == nil
}
