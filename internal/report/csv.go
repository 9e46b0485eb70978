package report

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/num"
)

// MaxCSV is the largest file of comma separated values that is read, in bytes.
const MaxCSV = 8 << 20

// CSV is a table in comma separated values that Excel opens as it is meant: UTF-8 with a byte order mark, CRLF, no formulas from outside.
type CSV struct {
	b bytes.Buffer
	w *csv.Writer
}

// NewCSV begins a table with its headings.
func NewCSV(head ...string) *CSV {
	s := &CSV{}
	s.b.WriteString("\uFEFF")
	s.w = csv.NewWriter(&s.b)
	s.w.UseCRLF = true
	s.Add(head...)
	return s
}

// Add writes one row. Cells with text from people go through Guard first; numbers of ours do not.
func (s *CSV) Add(cells ...string) { _ = s.w.Write(cells) } // the buffer never fails; Bytes tells

// Bytes finishes the table.
func (s *CSV) Bytes() ([]byte, error) {
	s.w.Flush()
	if err := s.w.Error(); err != nil {
		return nil, fault.Wrap("report.CSV", fault.Internal, "", err)
	}
	return s.b.Bytes(), nil
}

// Guard keeps a spreadsheet from running a text as a formula: such a text begins with an apostrophe.
func Guard(text string) string {
	if runs(text) {
		return "'" + text
	}
	return text
}

// runs reports whether a spreadsheet would take a text for a formula.
func runs(text string) bool {
	text = strings.TrimLeft(text, " \u00a0\u3000")
	return text != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(text)[0])
}

// unguard takes away what Guard put before a text.
func unguard(text string) string {
	if rest, found := strings.CutPrefix(text, "'"); found && runs(rest) {
		return rest
	}
	return text
}

// WriteCSV gives a sheet as comma separated values: headings and rows, without its note, so that what was exported can be read back.
func WriteCSV(s Sheet) ([]byte, error) {
	titles := make([]string, len(s.heads))
	for i, h := range s.heads {
		titles[i] = Guard(h.title)
	}
	out := NewCSV(titles...)
	for _, row := range s.rows {
		cells := make([]string, len(row))
		for i, value := range row {
			switch v := value.(type) {
			case string:
				cells[i] = Guard(v)
			case int64:
				cells[i] = strconv.FormatInt(v, 10)
			case num.Num:
				cells[i] = strconv.FormatFloat(v.Float64(), 'f', -1, 64)
			case calendar.Date:
				if !v.IsZero() {
					cells[i] = v.String()
				}
			case nil:
			default:
				cells[i] = Guard(fmt.Sprint(v))
			}
		}
		out.Add(cells...)
	}
	return out.Bytes()
}

// FromCSV makes a workbook of comma or tab separated values in UTF-8 or GB18030, so that they are read, checked and marked as workbooks are: every cell is text and stays in its row and column. Returns Invalid for anything else and for more than imports.MaxLines rows.
func FromCSV(data []byte) ([]byte, error) {
	const op = "report.FromCSV"
	rows, err := imports.ReadCSV(data, imports.MaxLines+1, maxColumns)
	if err != nil {
		return nil, err
	}
	book := excelize.NewFile()
	var out bytes.Buffer
	err = func() error {
		w, err := book.NewStreamWriter(book.GetSheetName(0))
		if err != nil {
			return err
		}
		for n, row := range rows {
			cells := make([]any, len(row))
			for i, text := range row {
				if len(text) > excelize.TotalCellChars {
					return fault.New(op, fault.Invalid, fmt.Sprintf("%s 有 %d 个字节，太长", address(i, int64(n+1)), len(text)))
				}
				cells[i] = unguard(text)
			}
			if err := w.SetRow(fmt.Sprintf("A%d", n+1), cells); err != nil {
				return err
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
		return book.Write(&out)
	}()
	if closed := book.Close(); err == nil {
		err = closed
	}
	switch {
	case fault.Is(err, fault.Invalid):
		return nil, err
	case err != nil:
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	return out.Bytes(), nil
}
