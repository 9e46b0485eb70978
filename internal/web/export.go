package web

import (
	"bytes"
	"encoding/csv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
)

// sheet is a table in CSV that Excel opens as it is meant: UTF-8 with a byte order mark, CRLF, no formulas from outside.
type sheet struct {
	b bytes.Buffer
	w *csv.Writer
}

func newSheet(head ...string) *sheet {
	s := &sheet{}
	s.b.WriteString("\uFEFF")
	s.w = csv.NewWriter(&s.b)
	s.w.UseCRLF = true
	s.add(head...)
	return s
}

// add writes one row. Cells with text from people go through guard first; numbers of ours do not.
func (s *sheet) add(cells ...string) { _ = s.w.Write(cells) } // the buffer never fails; Flush tells

// guard keeps a spreadsheet from running a text as a formula: such a text begins with an apostrophe.
func guard(text string) string {
	if strings.TrimLeft(text, " \u00a0\u3000") != "" && strings.ContainsRune("=+-@\t\r＝＋－＠", []rune(strings.TrimLeft(text, " \u00a0\u3000"))[0]) {
		return "'" + text
	}
	return text
}

// plainNumber writes a number for a program to read: ASCII minus, no thousands.
func plainNumber(n num.Num, places int) string {
	return n.Fixed(places)
}

func optionalNumber(n *num.Num, places int) string {
	if n == nil {
		return ""
	}
	return plainNumber(*n, places)
}

// bytes finishes the table.
func (s *sheet) bytes() ([]byte, error) {
	s.w.Flush()
	if err := s.w.Error(); err != nil {
		return nil, fault.Wrap("web.sheet", fault.Internal, "", err)
	}
	return s.b.Bytes(), nil
}

// send finishes the table as a download.
func (s *sheet) send(c *fiber.Ctx, name string) error {
	data, err := s.bytes()
	if err != nil {
		return err
	}
	return sendCSV(c, name, data)
}

// sendCSV answers with a finished table as a download.
func sendCSV(c *fiber.Ctx, name string, data []byte) error {
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	c.Set(fiber.HeaderCacheControl, "no-cache")
	c.Response().Header.SetContentType("text/csv; charset=utf-8")
	c.Response().SetBodyRaw(data)
	return nil
}

// sendFigures answers with a workbook of sheets of figures.
func sendFigures(c *fiber.Ctx, name string, sheets ...report.Figures) error {
	data, err := figureBook(sheets...)
	if err != nil {
		return err
	}
	return sendExcel(c, name, data)
}

// figureBook makes a workbook of sheets of figures.
func figureBook(sheets ...report.Figures) ([]byte, error) {
	filled := make([]report.Sheet, len(sheets))
	for i := range sheets {
		filled[i] = sheets[i].Filled()
	}
	return report.Write(filled...)
}
