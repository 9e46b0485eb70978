package report

import (
	"io"
	"os"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/fault"
)

// withBook opens a workbook within the bounds of o, lets use read it, and closes it. What unpacks to disk goes into a folder of its own that is removed at the end: the library leaves its temporary files behind when
// a workbook cannot be opened, so that damaged ones would fill the disk. Returns Invalid with the message unopened if it cannot be opened, Unavailable if nothing can be unpacked, else as use.
func withBook[T any](r io.Reader, o excelize.Options, unopened string, use func(*excelize.File) (T, error)) (out T, err error) {
	const op = "report.withBook"
	if o.TmpDir, err = os.MkdirTemp("", "redsteward-book-"); err != nil {
		return out, fault.Wrap(op, fault.Unavailable, "服务器不能写临时文件，请稍后重试", err)
	}
	defer func() {
		if cleared := os.RemoveAll(o.TmpDir); err == nil && cleared != nil {
			err = fault.Wrap(op, fault.Internal, "", cleared)
		}
	}()
	book, err := excelize.OpenReader(r, o)
	if err != nil {
		return out, fault.Wrap(op, fault.Invalid, unopened, err)
	}
	defer func() {
		if closed := book.Close(); err == nil && closed != nil {
			err = fault.Wrap(op, fault.Internal, "", closed)
		}
	}()
	return use(book)
}

// withTable is withBook for a workbook whose cells are read as they are kept.
func withTable[T any](r io.Reader, use func(*excelize.File) (T, error)) (T, error) {
	return withBook(r, excelize.Options{UnzipSizeLimit: maxUnpacked, UnzipXMLSizeLimit: maxInMemory, RawCellValue: true},
		"这个文件不能作为 Excel 表格打开，或者解开后超过 200 MB；请从模板另存为 xlsx 后重新上传", use)
}
