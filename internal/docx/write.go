package docx

import (
	"archive/zip"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"golang.org/x/net/html"
)

// Picture gives the bytes of a picture (JPEG or PNG) by the address that stands on the page. An error leaves the picture out: its words stand in its place.
type Picture func(address string) ([]byte, error)

// Info is what a document says of itself.
type Info struct {
	// Title is its name, shown by Word as a property; the title on the paper comes from the page.
	Title string
	// Author is the bureau or body that the paper comes from.
	Author string
	// Made is when it was made.
	Made time.Time
}

// Write turns a page into a document: every <article class="sheet"> of it, each on a page of its own, or all of <main> where there is none. What is not printed (class noprint, vh, forms, navigation)
// is left out. The text of an element with data-page is the page on which the element with that id begins, of one with data-pages the count of pages: fields. The same page and pictures give the same bytes. An error is one of reading the page, or of w.
func Write(w io.Writer, page io.Reader, info Info, picture Picture) error {
	root, err := html.Parse(page)
	if err != nil {
		return err
	}
	b := &builder{picture: picture, refs: map[string]bool{}}
	sheets := find(root, func(n *html.Node) bool { return n.Data == "article" && has(n, "sheet") })
	if len(sheets) == 0 {
		sheets = find(root, func(n *html.Node) bool { return n.Data == "main" })
	}
	for n := range root.Descendants() {
		if to := attr(n, "data-page"); to != "" {
			b.refs[to] = true
		}
	}
	for i, sheet := range sheets {
		b.breakNext = i > 0
		b.blocks(sheet, look{})
	}
	return b.pack(w, info)
}

// find gives the outermost elements that match, in the order of the page.
func find(n *html.Node, match func(*html.Node) bool) (found []*html.Node) {
	if n.Type == html.ElementNode && match(n) {
		return []*html.Node{n}
	}
	for c := range n.ChildNodes() {
		found = append(found, find(c, match)...)
	}
	return found
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// has reports whether an element is of a class.
func has(n *html.Node, class string) bool {
	for c := range strings.FieldsSeq(attr(n, "class")) {
		if c == class {
			return true
		}
	}
	return false
}

// escaped is a text as XML holds it; what XML cannot hold becomes U+FFFD.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder never fails
	return b.String()
}

// pack writes the parts of the package. No part bears a time, so that the same document is the same bytes.
func (b *builder) pack(w io.Writer, info Info) error {
	z := zip.NewWriter(w)
	put := func(name string, data []byte) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err == nil {
			_, err = f.Write(data)
		}
		return err
	}
	var links, defaults strings.Builder
	for i, m := range b.media {
		fmt.Fprintf(&links, `<Relationship Id="rIdPic%d" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/image" Target="media/%d.%s"/>`, i+1, i+1, m.kind)
	}
	for _, kind := range []string{"jpeg", "png"} {
		fmt.Fprintf(&defaults, `<Default Extension="%s" ContentType="image/%s"/>`, kind, kind)
	}
	made := info.Made.UTC().Format("2006-01-02T15:04:05Z")
	parts := []struct{ name, text string }{
		{"[Content_Types].xml", head + `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
			`<Default Extension="xml" ContentType="application/xml"/>` + defaults.String() + `<Override PartName="/word/document.xml" ContentType="` + mainType + `.document.main+xml"/>` +
			`<Override PartName="/word/styles.xml" ContentType="` + mainType + `.styles+xml"/><Override PartName="/word/footer.xml" ContentType="` + mainType + `.footer+xml"/>` +
			`<Override PartName="/word/fontTable.xml" ContentType="` + mainType + `.fontTable+xml"/>` +
			`<Override PartName="/docProps/core.xml" ContentType="application/vnd.openxmlformats-package.core-properties+xml"/></Types>`},
		{"_rels/.rels", head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/>` +
			`<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/package/2006/relationships/metadata/core-properties" Target="docProps/core.xml"/></Relationships>`},
		{"docProps/core.xml", head + `<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:dcterms="http://purl.org/dc/terms/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">` +
			`<dc:title>` + escaped(info.Title) + `</dc:title><dc:creator>` + escaped(info.Author) + `</dc:creator><dc:language>zh-CN</dc:language><dcterms:created xsi:type="dcterms:W3CDTF">` + made + `</dcterms:created></cp:coreProperties>`},
		{"word/_rels/document.xml.rels", head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rIdStyles" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/>` +
			`<Relationship Id="rIdFonts" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/fontTable" Target="fontTable.xml"/><Relationship Id="rIdFooter" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footer" Target="footer.xml"/>` +
			links.String() + `</Relationships>`},
		{"word/styles.xml", head + styles},
		{"word/fontTable.xml", head + fontTable},
		{"word/footer.xml", head + `<w:ftr ` + spaces + `><w:p><w:pPr><w:pStyle w:val="Footer"/></w:pPr>` + run("— ") + pageNumber + run(" —") + `</w:p></w:ftr>`},
		{"word/document.xml", head + `<w:document ` + spaces + `><w:body>` + b.out.String() +
			`<w:sectPr><w:footerReference w:type="default" r:id="rIdFooter"/><w:pgSz w:w="11906" w:h="16838"/><w:pgMar w:top="2098" w:right="1474" w:bottom="1984" w:left="1588" w:header="851" w:footer="1587" w:gutter="0"/></w:sectPr></w:body></w:document>`},
	}
	for _, p := range parts {
		if err := put(p.name, []byte(p.text)); err != nil {
			return err
		}
	}
	for i, m := range b.media {
		if err := put(fmt.Sprintf("word/media/%d.%s", i+1, m.kind), m.data); err != nil {
			return err
		}
	}
	return z.Close()
}
