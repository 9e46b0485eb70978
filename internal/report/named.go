package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/fault"
)

// The bounds of a template with named cells: it is held in memory whole.
const (
	maxTemplate = 24 << 20
	maxNames    = 5000
)

// NamedCell is a name of a workbook and the cell that is filled for it.
type NamedCell struct {
	// Name is in small letters: Excel makes no difference.
	Name string
	// Sheet and Cell are where it stands; of merged cells the first one, which holds their value.
	Sheet, Cell string
}

// namedPlace is what a name can refer to: one cell or a range of one sheet.
var namedPlace = regexp.MustCompile(`^=?(?:'((?:[^']|'')+)'|([^'!]+))!\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?$`)

// NamedCells reads the names of a workbook, without those that Excel keeps for itself. Returns Invalid with a field for each name that is no place for a value: a range, a place inside of merged cells, a sheet that is not there, a cell that has two names.
func NamedCells(r io.Reader) ([]NamedCell, error) {
	return withTemplate(r, func(book *excelize.File) ([]NamedCell, error) { return namedCells(book) })
}

func withTemplate[T any](r io.Reader, f func(*excelize.File) (T, error)) (T, error) {
	limits := excelize.Options{UnzipSizeLimit: maxTemplate, UnzipXMLSizeLimit: maxInMemory}
	return withBook(r, limits, fmt.Sprintf("这个文件解开后超过 %d MB，不能用作模板", maxTemplate>>20), f)
}

func namedCells(book *excelize.File) ([]NamedCell, error) {
	const op = "report.NamedCells"
	names := slices.DeleteFunc(book.GetDefinedName(), func(n excelize.DefinedName) bool { return strings.HasPrefix(n.Name, "_xlnm.") })
	if len(names) > maxNames {
		return nil, fault.New(op, fault.Invalid, fmt.Sprintf("这个文件有 %d 个名称，最多 %d 个", len(names), maxNames))
	}
	var out []NamedCell
	var bad []fault.Field
	sheets, merged, taken := book.GetSheetList(), map[string][]excelize.MergeCell{}, map[[2]string]string{}
	for _, n := range names {
		refuse := func(format string, args ...any) {
			bad = append(bad, fault.Field{Name: n.Name, Message: "名称“" + n.Name + "”" + fmt.Sprintf(format, args...)})
		}
		m := namedPlace.FindStringSubmatch(strings.TrimSpace(n.RefersTo))
		if m == nil {
			refuse("没有指到单元格，现在是“%s”", n.RefersTo)
			continue
		}
		sheet := strings.ReplaceAll(m[1], "''", "'") + m[2]
		if !slices.Contains(sheets, sheet) {
			refuse("指到的工作表“%s”不在这个文件里", sheet)
			continue
		}
		if _, read := merged[sheet]; !read {
			list, err := book.GetMergeCells(sheet)
			if err != nil {
				return nil, fault.Wrap(op, fault.Invalid, "这个文件已损坏，请重新另存后上传", err)
			}
			merged[sheet] = list
		}
		first, last := m[3]+m[4], m[5]+m[6]
		around, inside := aroundOf(merged[sheet], first)
		switch {
		case inside && around.GetStartAxis() != first:
			refuse("指到合并单元格 %s:%s 里面的 %s，数字写不进去，请指到左上角 %s", around.GetStartAxis(), around.GetEndAxis(), first, around.GetStartAxis())
			continue
		case last != "" && last != first && (!inside || around.GetEndAxis() != last):
			refuse("指到 %s:%s 一片单元格，一个名称只能指到一个单元格", first, last)
			continue
		}
		if other := taken[[2]string{sheet, first}]; other != "" {
			refuse("和名称“%s”指到同一个单元格 %s", other, first)
			continue
		}
		taken[[2]string{sheet, first}] = n.Name
		out = append(out, NamedCell{strings.ToLower(n.Name), sheet, first})
	}
	if len(bad) > 0 {
		return nil, fault.InvalidFields(op, bad...)
	}
	return out, nil
}

// aroundOf is the merged range in which a cell lies.
func aroundOf(merged []excelize.MergeCell, cell string) (excelize.MergeCell, bool) {
	column, row, err := excelize.CellNameToCoordinates(cell)
	if err != nil {
		return nil, false
	}
	for _, m := range merged {
		c1, r1, err1 := excelize.CellNameToCoordinates(m.GetStartAxis())
		c2, r2, err2 := excelize.CellNameToCoordinates(m.GetEndAxis())
		if errors.Join(err1, err2) == nil && c1 <= column && column <= c2 && r1 <= row && row <= r2 {
			return m, true
		}
	}
	return nil, false
}

// FillNamed writes values into the named cells of a workbook and leaves everything else as it is: looks, formulas, other sheets. Values are strings, int64, num.Num and calendar.Date; a name without a value is emptied. Formulas are computed when the file is opened. Errors as those of NamedCells.
func FillNamed(template []byte, values map[string]any) ([]byte, error) {
	const op = "report.FillNamed"
	return withTemplate(bytes.NewReader(template), func(book *excelize.File) ([]byte, error) {
		names, err := namedCells(book)
		if err != nil {
			return nil, err
		}
		for _, n := range names {
			value, _ := shown(values[n.Name], formText)
			// A text that looks like a formula stays a text: SetCellValue writes none.
			if err := book.SetCellValue(n.Sheet, n.Cell, value); err != nil {
				return nil, fault.Wrap(op, fault.Invalid, "名称“"+n.Name+"”的单元格 "+n.Cell+" 写不进去", err)
			}
		}
		full := true
		if err := book.SetCalcProps(&excelize.CalcPropsOptions{FullCalcOnLoad: &full}); err != nil {
			return nil, fault.Wrap(op, fault.Internal, "Excel 文件没有做成", err)
		}
		var out bytes.Buffer
		if err := book.Write(&out); err != nil {
			return nil, fault.Wrap(op, fault.Internal, "Excel 文件没有做成", err)
		}
		return out.Bytes(), nil
	})
}

// NameCell is a name that a written workbook gets.
type NameCell struct {
	// Name is the name, Sheet the sheet, Column and Row the cell, from 1.
	Name, Sheet string
	Column, Row int
}

// WriteNamed makes a workbook of sheets with names for some of its cells.
func WriteNamed(names []NameCell, sheets ...Sheet) ([]byte, error) {
	return write(sheets, func(book *excelize.File) error {
		for _, n := range names {
			cell, err := excelize.CoordinatesToCellName(n.Column, n.Row, true)
			if err != nil {
				return err
			}
			if err := book.SetDefinedName(&excelize.DefinedName{Name: n.Name, RefersTo: "'" + strings.ReplaceAll(n.Sheet, "'", "''") + "'!" + cell}); err != nil {
				return err
			}
		}
		return nil
	})
}
