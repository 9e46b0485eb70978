package files

import (
	"archive/zip"
	"errors"
	"io"
	"slices"
	"strings"
)

// What a sheet may unpack to. A county's largest table (20,000 rows of 30 columns) is below 60 MB.
const (
	maxUnpacked = 200 << 20
	maxEntries  = 2000
)

// checkOffice looks into a zip: it must be a workbook or a Word document without macros, and unpacking it must end below the limit, whatever its directory promises.
func (u *Upload) checkOffice(wanted []Kind, unpacked int64) error {
	z, err := zip.NewReader(u.file, u.Size)
	if err != nil {
		return refuse("“%s”已损坏，打不开，请重新导出后上传", u.Name)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(z.File, func(f *zip.File) bool { return strings.EqualFold(f.Name, name) })
	}
	found := finding{name: "压缩包"}
	switch {
	case !has("[Content_Types].xml"):
	case has("xl/workbook.xml"):
		found = finding{kind: XLSX}
	case has("word/document.xml"):
		found = finding{kind: DOCX}
	case has("ppt/presentation.xml"):
		found.name = "演示文稿"
	}
	if err := admit(u.Name, found, wanted); err != nil {
		return err
	}
	u.Kind = found.kind
	if has("xl/vbaProject.bin") || has("word/vbaProject.bin") {
		return refuse("“%s”带有宏，请另存为不带宏的 %s 再上传", u.Name, u.Kind)
	}
	bomb := refuse("“%s”解开后超过 %d MB，请拆分后再上传", u.Name, unpacked>>20)
	if len(z.File) > maxEntries {
		return bomb
	}
	left := unpacked
	for _, f := range z.File {
		n, err := unpack(f, left)
		if err != nil {
			return refuse("“%s”已损坏，打不开，请重新导出后上传", u.Name)
		}
		if left -= n; left < 0 {
			return bomb
		}
	}
	return nil
}

// unpack reads one entry to its end, or one byte beyond the limit.
func unpack(f *zip.File, limit int64) (int64, error) {
	r, err := f.Open()
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(io.Discard, io.LimitReader(r, limit+1))
	return n, errors.Join(err, r.Close())
}
