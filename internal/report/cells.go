package report

import (
	"fmt"
	"io"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/fault"
)

// Cells reads the first sheet of a workbook as it is kept: days are the serial numbers of Excel, formulas are not computed. Returns Invalid if the file is no workbook, unpacks too far, counts days from 1904, or has
// more than maxRows rows or 200 columns.
func Cells(r io.Reader, maxRows int) ([][]string, error) {
	return withTable(r, func(book *excelize.File) ([][]string, error) { return cells(book, maxRows) })
}

func cells(book *excelize.File, maxRows int) ([][]string, error) {
	const op = "report.Cells"
	refuse := func(err error, format string, args ...any) ([][]string, error) {
		return nil, fault.Wrap(op, fault.Invalid, fmt.Sprintf(format, args...), err)
	}
	sheets := book.GetSheetList()
	if len(sheets) == 0 {
		return refuse(nil, "这个文件没有工作表")
	}
	props, err := book.GetWorkbookProps()
	if err != nil {
		return refuse(err, "这个文件已损坏，请重新导出后上传")
	}
	if props.Date1904 != nil && *props.Date1904 {
		return refuse(nil, "这个文件的日期从 1904 年算起，请另存为 CSV 后上传")
	}
	rows, err := book.Rows(sheets[0])
	if err != nil {
		return refuse(err, "这个文件已损坏，请重新导出后上传")
	}
	defer rows.Close() //nolint:errcheck // opened for reading only
	var out [][]string
	for rows.Next() {
		row, err := rows.Columns()
		if err != nil {
			return refuse(err, "第 %d 行已损坏，请重新导出后上传", len(out)+1)
		}
		if len(row) > maxColumns {
			return refuse(nil, "第 %d 行有 %d 列，最多 %d 列", len(out)+1, len(row), maxColumns)
		}
		if out = append(out, row); len(out) > maxRows {
			return refuse(nil, "这个文件超过 %d 行，请按月份分开导入", maxRows)
		}
	}
	if err := rows.Error(); err != nil {
		return refuse(err, "这个文件已损坏，请重新导出后上传")
	}
	return out, nil
}
