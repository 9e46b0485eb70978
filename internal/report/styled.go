package report

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
)

// Some programs write workbooks without styles. A cell of such a one cannot be coloured, so it gets the plainest styles there are.
const (
	stylesPart = "xl/styles.xml"
	typesPart  = "[Content_Types].xml"
	linksPart  = "xl/_rels/workbook.xml.rels"

	plainStyles = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?><styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">` +
		`<fonts count="1"><font><sz val="11"/><name val="Calibri"/></font></fonts><fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>` +
		`<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>` +
		`<cellXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>`
	stylesType = `<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/>`
	stylesLink = `<Relationship Id="rIdPlainStyles" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>`
	// maxPart bounds the two small parts that are rewritten.
	maxPart = 1 << 20
)

// styled gives the bytes of a workbook that has styles: those of r, or with plain styles added. What is no workbook comes back as it is.
func styled(r io.Reader) ([]byte, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	in, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return data, nil //nolint:nilerr // opening it as a workbook says what is wrong
	}
	for _, f := range in.File {
		if f.Name == stylesPart {
			return data, nil
		}
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range in.File {
		switch f.Name {
		case typesPart:
			err = rewrite(w, f, "</Types>", stylesType)
		case linksPart:
			err = rewrite(w, f, "</Relationships>", stylesLink)
		default:
			err = w.Copy(f)
		}
		if err != nil {
			return nil, err
		}
	}
	part, err := w.Create(stylesPart)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(part, plainStyles); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// rewrite copies a small part with something put before its end.
func rewrite(w *zip.Writer, f *zip.File, end, more string) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // opened for reading only
	text, err := io.ReadAll(io.LimitReader(in, maxPart))
	if err != nil {
		return err
	}
	part, err := w.Create(f.Name)
	if err != nil {
		return err
	}
	_, err = io.WriteString(part, strings.Replace(string(text), end, more+end, 1))
	return err
}
