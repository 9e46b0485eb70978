package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// Sheet is a sheet ready to be written.
type Sheet struct {
	name  string
	heads []head
	rows  [][]any
	// note stands below the rows, after an empty one.
	note    string
	explain bool
}

type head struct {
	title, hint string
	required    bool
	width       float64
	choices     []string
	form        form
	read        bool
}

// PreparedRows is how many rows of a template are prepared for text and choices.
const PreparedRows = 2000

// The sheet of a template that says how to fill it in, and the looks of cells.
const (
	explainSheet  = "填写说明"
	maxOffer      = 255 // longer lists of choices are not offered by a cell; the second sheet tells them
	defaultWidth  = 14
	textFormat    = "@"
	dateFormat    = "yyyy-mm-dd"
	wholeFormat   = "#,##0"
	decimalFormat = "#,##0.00"
)

// Filled gives the table with rows.
func (t Table[T]) Filled(rows []T) Sheet {
	s := Sheet{name: t.Sheet}
	for _, c := range t.Columns {
		s.heads = append(s.heads, head{c.Title, c.Hint, c.Required, c.Width, c.choices, c.form, c.read != nil})
	}
	for i := range rows {
		values := make([]any, len(t.Columns))
		for k, c := range t.Columns {
			values[k] = c.write(&rows[i])
		}
		s.rows = append(s.rows, values)
	}
	return s
}

// Template gives an empty workbook to fill in, with a sheet that explains each column.
func (t Table[T]) Template() ([]byte, error) { return t.Prepared(nil) }

// Prepared gives a workbook to fill in in which some rows have been begun, with a sheet that explains each column.
func (t Table[T]) Prepared(rows []T) ([]byte, error) {
	s := t.Filled(rows)
	s.explain = true
	return Write(s)
}

// Write makes a workbook of sheets. Sheets have different names.
func Write(sheets ...Sheet) ([]byte, error) {
	return write(sheets, func(*excelize.File) error { return nil })
}

// write makes a workbook of sheets, with what more adds to it.
func write(sheets []Sheet, more func(*excelize.File) error) ([]byte, error) {
	const op = "report.Write"
	book := excelize.NewFile()
	err := fill(book, sheets)
	if err == nil {
		err = more(book)
	}
	var out bytes.Buffer
	if err == nil {
		err = book.Write(&out)
	}
	if closeErr := book.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "Excel 文件没有做成", err)
	}
	return out.Bytes(), nil
}

func fill(book *excelize.File, sheets []Sheet) error {
	st, err := newStyles(book)
	if err != nil {
		return err
	}
	for i, s := range sheets {
		if i == 0 {
			err = book.SetSheetName(book.GetSheetName(0), s.name)
		} else {
			_, err = book.NewSheet(s.name)
		}
		if err != nil {
			return err
		}
		if err := s.write(book, st); err != nil {
			return err
		}
		if s.explain {
			if err := s.explainTo(book, st); err != nil {
				return err
			}
		}
	}
	return nil
}

// styles are the looks of cells.
type styles struct {
	heading int
	of      map[form]int
}

func newStyles(book *excelize.File) (styles, error) {
	st := styles{of: map[form]int{}}
	var err error
	if st.heading, err = book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}, Border: []excelize.Border{{Type: "bottom", Color: "1B1D20", Style: 2}},
		Alignment: &excelize.Alignment{Vertical: "center", WrapText: true}}); err != nil {
		return st, err
	}
	for f, format := range map[form]string{formText: textFormat, formWhole: wholeFormat, formDecimal: decimalFormat, formDate: dateFormat} {
		if st.of[f], err = book.NewStyle(&excelize.Style{CustomNumFmt: &format}); err != nil {
			return st, err
		}
	}
	return st, nil
}

// write streams the sheet.
func (s Sheet) write(book *excelize.File, st styles) error {
	w, err := book.NewStreamWriter(s.name)
	if err != nil {
		return err
	}
	titles := make([]any, len(s.heads))
	for i, h := range s.heads {
		title := h.title
		if h.required && s.explain {
			title += "（必填）"
		}
		titles[i] = excelize.Cell{StyleID: st.heading, Value: title}
		width := h.width
		if width == 0 {
			width = defaultWidth
		}
		if err := w.SetColWidth(i+1, i+1, width); err != nil {
			return err
		}
		if err := w.SetColStyle(i+1, i+1, st.of[h.form]); err != nil {
			return err
		}
	}
	if err := w.SetPanes(&excelize.Panes{Freeze: true, YSplit: 1, TopLeftCell: "A2", ActivePane: "bottomLeft"}); err != nil {
		return err
	}
	if err := w.SetRow("A1", titles); err != nil {
		return err
	}
	for n, row := range s.rows {
		cells := make([]any, len(row))
		for i, value := range row {
			v, f := shown(value, s.heads[i].form)
			cells[i] = excelize.Cell{StyleID: st.of[f], Value: v}
		}
		if err := w.SetRow(fmt.Sprintf("A%d", n+2), cells); err != nil {
			return err
		}
	}
	if s.note != "" {
		if err := w.SetRow(fmt.Sprintf("A%d", len(s.rows)+3), []any{excelize.Cell{StyleID: st.of[formText], Value: "口径：" + s.note}}); err != nil {
			return err
		}
	}
	// What Flush finds beside the rows becomes part of the sheet; what comes later is lost.
	if err := s.offer(book); err != nil {
		return err
	}
	return w.Flush()
}

// shown is a value as excelize takes it, and its form.
func shown(value any, f form) (any, form) {
	switch v := value.(type) {
	case string:
		if v == "" {
			return nil, f
		}
		return v, formText
	case int64:
		return v, formWhole
	case num.Num:
		return v.Float64(), formDecimal
	case calendar.Date:
		if v.IsZero() {
			return nil, formDate
		}
		// A day is written as a day, without zone.
		return v.Begins().Add(8 * time.Hour), formDate
	}
	return value, f
}

// offer puts the choices of a template's columns into its cells.
func (s Sheet) offer(book *excelize.File) error {
	if !s.explain {
		return nil
	}
	for i, h := range s.heads {
		if len(h.choices) == 0 || len(strings.Join(h.choices, ",")) > maxOffer {
			continue
		}
		name, err := excelize.ColumnNumberToName(i + 1)
		if err != nil {
			return err
		}
		v := excelize.NewDataValidation(true)
		v.Sqref = fmt.Sprintf("%s2:%s%d", name, name, PreparedRows)
		if err := v.SetDropList(h.choices); err != nil {
			return err
		}
		v.SetError(excelize.DataValidationErrorStyleStop, h.title, "只能填"+strings.Join(h.choices, "、"))
		if err := book.AddDataValidation(s.name, v); err != nil {
			return err
		}
	}
	return nil
}

// explainTo adds the sheet that explains the columns.
func (s Sheet) explainTo(book *excelize.File, st styles) error {
	t := Sheet{name: explainSheet, heads: []head{{title: "列", width: 24}, {title: "是否必填"}, {title: "怎样填写", width: 80}}}
	for _, h := range s.heads {
		must := "选填"
		if h.required {
			must = "必填"
		}
		how := h.hint
		if len(h.choices) > 0 {
			how = strings.Join(slices.DeleteFunc([]string{"填" + strings.Join(h.choices, "、"), h.hint}, func(s string) bool { return s == "" }), "；")
		}
		t.rows = append(t.rows, []any{h.title, must, how})
	}
	if _, err := book.NewSheet(explainSheet); err != nil {
		return err
	}
	return t.write(book, st)
}
