package docx

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	_ "image/jpeg" // the formats of the photos that are kept
	_ "image/png"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// look is what a block hands down to those within it.
type look struct {
	// style is the style of paragraphs that have none of their own. In a cell of a table none has one.
	style  string
	inCell bool
}

// medium is one picture of the document.
type medium struct {
	kind string
	data []byte
}

// builder writes the body of a document.
type builder struct {
	out       strings.Builder
	picture   Picture
	media     []medium
	breakNext bool
	drawn     int
	// marks are the bookmarks that the next paragraph bears: ids that page numbers point to; named counts them.
	marks []string
	named int
	refs  map[string]bool
}

// hidden reports what a print does not show.
func hidden(n *html.Node) bool {
	switch n.Data {
	case "script", "style", "form", "button", "nav", "input", "select", "textarea", "template", "noscript", "head":
		return true
	}
	for _, a := range n.Attr {
		if a.Key == "hidden" {
			return true
		}
	}
	return slices.ContainsFunc(unprinted, func(class string) bool { return has(n, class) })
}

// unprinted are the classes that the style sheet leaves out of a print, and what is written for screen readers only.
var unprinted = []string{"noprint", "vh", "acts", "only-s", "views", "filter", "pager", "bulk", "tools", "skip"}

// block reports the elements that begin a paragraph of their own.
func block(n *html.Node) bool {
	switch n.Data {
	case "p", "div", "section", "article", "header", "footer", "main", "h1", "h2", "h3", "h4", "table", "ul", "ol", "li", "dl", "dt", "dd", "hr", "figure", "figcaption", "blockquote", "aside", "details", "summary", "img", "address", "pre":
		return true
	}
	return false
}

// styleOf is the style of an element that says one.
func styleOf(n *html.Node) string {
	switch {
	case has(n, "org"):
		return "Org"
	case has(n, "no"):
		return "Number"
	case n.Data == "h1" || has(n, "h1"):
		return "Title"
	case n.Data == "h2", n.Data == "h3", n.Data == "h4", has(n, "hd"), n.Data == "dt", n.Data == "summary":
		return "Heading"
	case has(n, "sign"):
		return "Sign"
	case has(n, "imp"):
		return "Imprint"
	case has(n, "flush"):
		return "Flush"
	case n.Data == "figcaption":
		return "Flush"
	}
	return ""
}

// blocks writes what stands within an element: its blocks, and the words between them as paragraphs.
func (b *builder) blocks(n *html.Node, l look) {
	if id := attr(n, "id"); b.refs[id] {
		b.marks = append(b.marks, id)
	}
	if s := styleOf(n); s != "" && !l.inCell {
		l.style = s
	}
	var words line
	flush := func() { b.paragraph(&words, l); words = line{} }
	for c := range n.ChildNodes() {
		if c.Type == html.TextNode || c.Type == html.ElementNode && !block(c) && !hidden(c) && !holdsBlock(c) {
			words.take(c, false)
			continue
		}
		if c.Type != html.ElementNode || hidden(c) {
			continue
		}
		flush()
		b.inner(c, l)
	}
	flush()
}

// holdsBlock reports whether an element that is none itself holds a block, such as a link around a picture.
func holdsBlock(n *html.Node) bool {
	for c := range n.ChildNodes() {
		if c.Type == html.ElementNode && (block(c) || holdsBlock(c)) {
			return true
		}
	}
	return false
}

// paragraph writes words, or nothing if there are none.
func (b *builder) paragraph(words *line, l look) {
	if words.empty() {
		return
	}
	b.raw(cmp.Or(l.style, "Normal"), words.runs())
}

// raw writes one paragraph.
func (b *builder) raw(style, runs string) {
	fmt.Fprintf(&b.out, `<w:p><w:pPr><w:pStyle w:val="%s"/>`, style)
	if b.breakNext {
		b.out.WriteString(`<w:pageBreakBefore/>`)
		b.breakNext = false
	}
	b.out.WriteString(`</w:pPr>`)
	for _, name := range b.marks {
		b.named++
		fmt.Fprintf(&b.out, `<w:bookmarkStart w:id="%[1]d" w:name="%[2]s"/><w:bookmarkEnd w:id="%[1]d"/>`, b.named, escaped(name))
	}
	b.marks = nil
	b.out.WriteString(runs + `</w:p>`)
}

// list writes the entries of a list, each with its number or a dot.
func (b *builder) list(n *html.Node, l look) {
	number := 0
	for c := range n.ChildNodes() {
		if c.Type != html.ElementNode || c.Data != "li" || hidden(c) {
			continue
		}
		number++
		sign := "·　"
		if n.Data == "ol" {
			sign = strconv.Itoa(number) + "．"
		}
		words := line{}
		words.add(sign, false)
		for k := range c.ChildNodes() {
			if k.Type == html.TextNode || k.Type == html.ElementNode && !hidden(k) && !block(k) && !holdsBlock(k) {
				words.take(k, false)
			}
		}
		own := look{style: "Item"}
		if l.inCell {
			own = l
		}
		b.paragraph(&words, own)
		for k := range c.ChildNodes() {
			if k.Type == html.ElementNode && !hidden(k) && (block(k) || holdsBlock(k)) {
				b.inner(k, l)
			}
		}
	}
}

// inner writes one block.
func (b *builder) inner(n *html.Node, l look) {
	switch n.Data {
	case "hr":
		b.raw("Rule", "")
	case "table":
		b.table(n)
	case "ul", "ol":
		b.list(n, l)
	case "img":
		b.raw("Picture", b.image(n))
	default:
		if has(n, "shots") {
			b.pictures(n)
			return
		}
		b.blocks(n, l)
	}
}

// maxPixels bounds the width of a picture: that of the text, 156 mm at 96 points an inch.
const maxPixels = 589

// pictures writes the pictures within an element side by side, as the page shows them.
func (b *builder) pictures(n *html.Node) {
	var runs strings.Builder
	for _, img := range find(n, func(k *html.Node) bool { return k.Data == "img" }) {
		if runs.Len() > 0 {
			runs.WriteString(run(" "))
		}
		runs.WriteString(b.image(img))
	}
	if runs.Len() > 0 {
		b.raw("Picture", runs.String())
	}
}

// image is a picture in its own proportion, as wide as the page shows it; one that cannot be read stands there by its words.
func (b *builder) image(n *html.Node) string {
	var data []byte
	var err error
	if b.picture != nil {
		data, err = b.picture(attr(n, "src"))
	}
	config, kind, decodeErr := image.DecodeConfig(bytes.NewReader(data))
	if err != nil || decodeErr != nil || config.Width == 0 || config.Height == 0 {
		return run("［图片：" + cmp.Or(attr(n, "alt"), "打不开") + "］")
	}
	b.media = append(b.media, medium{kind: kind, data: data})
	shown, err := strconv.Atoi(attr(n, "width"))
	if err != nil || shown <= 0 {
		shown = config.Width
	}
	wide := min(shown, maxPixels)
	if in := n.Parent; in != nil && (has(in, "shots") || in.Parent != nil && has(in.Parent, "shots")) {
		wide = min(wide, maxPixels/2-8)
	}
	high := int(math.Round(float64(wide) * float64(config.Height) / float64(config.Width)))
	b.drawn++
	const perPixel = 9525 // English metric units at 96 points an inch
	return fmt.Sprintf(`<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0"><wp:extent cx="%[1]d" cy="%[2]d"/><wp:docPr id="%[3]d" name="图%[3]d" descr="%[4]s"/>`+
		`<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:pic><pic:nvPicPr><pic:cNvPr id="%[3]d" name="图%[3]d"/><pic:cNvPicPr/></pic:nvPicPr>`+
		`<pic:blipFill><a:blip r:embed="rIdPic%[5]d"/><a:stretch><a:fillRect/></a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/><a:ext cx="%[1]d" cy="%[2]d"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom></pic:spPr></pic:pic>`+
		`</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>`, wide*perPixel, high*perPixel, b.drawn, escaped(attr(n, "alt")), len(b.media))
}

// cell is one cell of a table; from is its first column, deep how many rows it spans, more whether it only goes on from the row above.
type cell struct {
	n          *html.Node
	from, wide int
	deep       int
	more       bool
}

// table writes a table; its columns share the width of the text by what stands in them.
func (b *builder) table(n *html.Node) {
	if c := find(n, func(k *html.Node) bool { return k.Data == "caption" }); len(c) > 0 && !hidden(c[0]) {
		b.blocks(c[0], look{style: "Heading"})
	}
	rows := find(n, func(k *html.Node) bool { return k.Data == "tr" })
	grid := make([][]cell, len(rows))
	columns := 0
	var open []cell // what reaches down into the next row
	for i, tr := range rows {
		var next []cell
		at := 0
		place := func() {
			for again := true; again; {
				again = false
				for _, o := range open {
					if o.from == at {
						o.more, o.deep = true, o.deep-1
						grid[i] = append(grid[i], o)
						at += o.wide
						if o.deep > 1 {
							next = append(next, o)
						}
						again = true
					}
				}
			}
		}
		for c := range tr.ChildNodes() {
			if c.Type != html.ElementNode || c.Data != "td" && c.Data != "th" || hidden(c) {
				continue
			}
			place()
			k := cell{n: c, from: at, wide: span(c, "colspan"), deep: span(c, "rowspan")}
			grid[i] = append(grid[i], k)
			at += k.wide
			if k.deep > 1 {
				next = append(next, k)
			}
		}
		place()
		open = next
		columns = max(columns, at)
	}
	if columns == 0 {
		return
	}
	widths := shares(grid, columns)
	if b.breakNext || len(b.marks) > 0 {
		b.raw("Flush", "") // a table cannot begin a page by itself, nor bear a bookmark
	}
	b.out.WriteString(`<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="5000" w:type="pct"/><w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>`)
	for _, w := range widths {
		fmt.Fprintf(&b.out, `<w:gridCol w:w="%d"/>`, w)
	}
	b.out.WriteString(`</w:tblGrid>`)
	for i, tr := range rows {
		b.row(tr, grid[i], widths)
	}
	b.out.WriteString(`</w:tbl>`)
	b.raw("Flush", "") // Word joins two tables without a paragraph between them
}

// span reads how many rows or columns a cell takes.
func span(n *html.Node, name string) int {
	v, err := strconv.Atoi(attr(n, name))
	if err != nil {
		return 1
	}
	return max(1, min(v, 60))
}

// shares gives each column its part of the width: by its longest words, none below four characters.
func shares(grid [][]cell, columns int) []int {
	need := make([]float64, columns)
	for _, row := range grid {
		for _, c := range row {
			if c.more || c.wide > 1 {
				continue
			}
			// The square root lets a long text take more lines instead of all the width.
			words := line{}
			words.take(c.n, false)
			whole, word := words.width()
			need[c.from] = max(need[c.from], math.Sqrt(float64(whole)*8), float64(min(word, 16))+2)
		}
	}
	sum := 0.0
	for i := range need {
		need[i] = max(need[i], 8)
		sum += need[i]
	}
	widths := make([]int, columns)
	left := textWidth
	for i := range need {
		widths[i] = int(float64(textWidth) * need[i] / sum)
		left -= widths[i]
	}
	widths[columns-1] += left
	return widths
}

func (b *builder) row(tr *html.Node, cells []cell, widths []int) {
	inHead := tr.Parent != nil && tr.Parent.Data == "thead"
	b.out.WriteString(`<w:tr><w:trPr><w:cantSplit/>`)
	if has(tr, "tall") {
		b.out.WriteString(`<w:trHeight w:val="1134" w:hRule="atLeast"/>`)
	}
	if inHead {
		b.out.WriteString(`<w:tblHeader/>`)
	}
	b.out.WriteString(`</w:trPr>`)
	at := 0
	for _, c := range cells {
		wide := 0
		for _, w := range widths[c.from:min(len(widths), c.from+c.wide)] {
			wide += w
		}
		fmt.Fprintf(&b.out, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/>`, wide)
		if c.wide > 1 {
			fmt.Fprintf(&b.out, `<w:gridSpan w:val="%d"/>`, c.wide)
		}
		if c.more {
			b.out.WriteString(`<w:vMerge/>`)
		} else if c.deep > 1 {
			b.out.WriteString(`<w:vMerge w:val="restart"/>`)
		}
		b.out.WriteString(`<w:vAlign w:val="center"/></w:tcPr>`)
		b.inCell(c, inHead)
		b.out.WriteString(`</w:tc>`)
		at = c.from + c.wide
	}
	if at < len(widths) { // a row that is short
		wide := 0
		for _, w := range widths[at:] {
			wide += w
		}
		fmt.Fprintf(&b.out, `<w:tc><w:tcPr><w:tcW w:w="%d" w:type="dxa"/><w:gridSpan w:val="%d"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="Cell"/></w:pPr></w:p></w:tc>`, wide, len(widths)-at)
	}
	b.out.WriteString(`</w:tr>`)
}

// inCell writes what stands in a cell; a cell must end with a paragraph.
func (b *builder) inCell(c cell, inHead bool) {
	style := "Cell"
	switch {
	case inHead:
		style = "CellHead"
	case has(c.n, "num"):
		style = "CellNumber"
	}
	before := b.out.Len()
	if !c.more {
		b.blocks(c.n, look{style: style, inCell: true})
	}
	if b.out.Len() == before || strings.HasSuffix(b.out.String()[before:], `</w:tbl>`) {
		b.raw(style, "")
	}
}

// line gathers the words of one paragraph: white space of the page is one space, and none at the ends; an ideographic space stays.
type line struct {
	parts []part
	space bool
}

// part is words in one look; a break or a tab has no words.
type part struct {
	text string
	bold bool
	mark string
}

func (l *line) empty() bool {
	for _, p := range l.parts {
		if strings.TrimSpace(p.text) != "" {
			return false
		}
	}
	return true
}

// take adds what a node says.
func (l *line) take(n *html.Node, bold bool) {
	switch n.Type {
	case html.TextNode:
		l.add(n.Data, bold)
		return
	case html.ElementNode:
	default:
		return
	}
	if hidden(n) {
		return
	}
	if slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "data-pages" }) {
		l.parts = append(l.parts, part{text: "1", mark: field("NUMPAGES")})
		l.space = false
		return
	}
	if to := attr(n, "data-page"); to != "" {
		l.parts = append(l.parts, part{text: "1", mark: field("PAGEREF " + to + ` \h`)})
		l.space = false
		return
	}
	switch n.Data {
	case "br":
		l.parts = append(l.parts, part{mark: `<w:br/>`})
		l.space = false
		return
	case "svg":
		if attr(n, "aria-hidden") != "true" && attr(n, "aria-label") != "" {
			l.add(attr(n, "aria-label"), bold)
		}
		return
	case "b", "strong":
		bold = true
	}
	spread := n.Parent != nil && has(n.Parent, "imp")
	if spread && !l.empty() {
		l.tab()
	}
	for c := range n.ChildNodes() {
		l.take(c, bold)
	}
}

// field is a field that Word and LibreOffice compute, as the inside of a run: data-page of an element is the page of the element with that id, data-pages is how many there are.
func field(code string) string {
	return `<w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r><w:r><w:instrText xml:space="preserve"> ` + escaped(code) + ` </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/>`
}

// tab sets what follows at the right end.
func (l *line) tab() {
	l.parts = append(l.parts, part{mark: `<w:tab/>`})
	l.space = false
}

func (l *line) add(text string, bold bool) {
	var b strings.Builder
	for _, r := range text {
		switch r {
		case ' ', '\n', '\t', '\r', '\f':
			l.space = true
			continue
		}
		if l.space && (b.Len() > 0 || len(l.parts) > 0 && l.parts[len(l.parts)-1].mark == "") {
			b.WriteByte(' ')
		}
		l.space = false
		b.WriteRune(r)
	}
	if b.Len() > 0 {
		l.parts = append(l.parts, part{text: b.String(), bold: bold})
	}
}

// width counts the columns that the words take, two for each ideograph, and those of the longest stretch that no line breaks: a number, a word.
func (l *line) width() (whole, word int) {
	for _, p := range l.parts {
		at := 0
		for _, r := range p.text {
			whole++
			at++
			if utf8.RuneLen(r) > 2 {
				whole++
			}
			if utf8.RuneLen(r) > 2 || r == ' ' {
				at = 0
			}
			word = max(word, at)
		}
	}
	return whole, word
}

func (l *line) runs() string {
	var b strings.Builder
	for _, p := range l.parts {
		switch {
		case p.mark != "":
			b.WriteString(`<w:r>` + p.mark + `</w:r>`)
		case p.bold:
			b.WriteString(`<w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">` + escaped(p.text) + `</w:t></w:r>`)
		default:
			b.WriteString(run(p.text))
		}
	}
	return b.String()
}

// run is one stretch of words without a look of its own.
func run(text string) string {
	return `<w:r><w:t xml:space="preserve">` + escaped(text) + `</w:t></w:r>`
}
