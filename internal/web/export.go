package web

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/num"
	"redsteward/internal/report"
)

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

// sendTable finishes a table as a download.
func sendTable(c *fiber.Ctx, name string, table *report.CSV) error {
	data, err := table.Bytes()
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
	return sendSheets(c, name, filledFigures(sheets)...)
}

// asCSV is the value of the parameter “as” with which an address of a workbook gives its first sheet as comma separated values.
const asCSV = "csv"

// csvOf is the address of a workbook's first sheet as comma separated values.
func csvOf(address string) string {
	mark := "?"
	if strings.Contains(address, "?") {
		mark = "&"
	}
	return address + mark + "as=" + asCSV
}

// sendSheets answers with a workbook, or with its first sheet as comma separated values if the address asks for that. name ends in .xlsx.
func sendSheets(c *fiber.Ctx, name string, sheets ...report.Sheet) error {
	if c.Query("as") == asCSV && len(sheets) > 0 {
		data, err := report.WriteCSV(sheets[0])
		if err != nil {
			return err
		}
		return attach(c, strings.TrimSuffix(name, ".xlsx")+".csv", "text/csv; charset=utf-8", data)
	}
	data, err := report.Write(sheets...)
	if err != nil {
		return err
	}
	return sendExcel(c, name, data)
}

// figureBook makes a workbook of sheets of figures.
func figureBook(sheets ...report.Figures) ([]byte, error) {
	return report.Write(filledFigures(sheets)...)
}

// filledFigures are sheets of figures ready to be written.
func filledFigures(sheets []report.Figures) []report.Sheet {
	filled := make([]report.Sheet, len(sheets))
	for i := range sheets {
		filled[i] = sheets[i].Filled()
	}
	return filled
}
