package imports

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"redsteward/internal/fault"
)

// ReadCSV reads comma or tab separated values in UTF-8 or GB18030; the first row of the file has the place 0, rows without anything and those inside a quoted cell are nil. Returns Invalid for anything else, more than maxRows rows or maxColumns columns.
func ReadCSV(data []byte, maxRows, maxColumns int) ([][]string, error) {
	const op = "imports.ReadCSV"
	refuse := func(format string, args ...any) ([][]string, error) {
		return nil, fault.New(op, fault.Invalid, fmt.Sprintf(format, args...))
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if !utf8.Valid(data) {
		decoded, err := simplifiedchinese.GB18030.NewDecoder().Bytes(data)
		if err != nil || bytes.ContainsRune(decoded, utf8.RuneError) {
			return refuse("这个文件既不是 UTF-8 也不是 GB18030（GBK）编码，请重新导出 CSV 或者 Excel")
		}
		data = decoded
	}
	if bytes.IndexByte(data, 0) >= 0 {
		return refuse("这个文件不是文本，请重新导出 CSV 或者 Excel")
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord, r.LazyQuotes, r.TrimLeadingSpace = -1, true, true
	head, _, _ := bytes.Cut(data, []byte("\n"))
	if bytes.Count(data, []byte("\t")) > bytes.Count(data, []byte(",")) || bytes.Count(head, []byte("\t")) > 2 {
		r.Comma, r.TrimLeadingSpace = '\t', false // a tab is a leading space too
	}
	var out [][]string
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return refuse("第 %d 行之后读不下去：引号没有成对", len(out))
		}
		line, _ := r.FieldPos(0)
		for len(out) < line-1 && len(out) < maxRows {
			out = append(out, nil)
		}
		if len(cells) > maxColumns {
			return refuse("第 %d 行有 %d 列，最多 %d 列", line, len(cells), maxColumns)
		}
		if out = append(out, cells); len(out) > maxRows {
			return refuse("这个文件超过 %d 行，请分开导入", maxRows)
		}
	}
}
