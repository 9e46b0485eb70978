package docx

import (
	"io"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// The fields that every paper has, by what they are called in templates.
const (
	FieldOrg    = "发文机关"
	FieldNumber = "文号"
	FieldTitle  = "标题"
	FieldTo     = "主送"
	FieldBody   = "正文"
	FieldNote   = "附注"
	FieldSign   = "落款"
	FieldDate   = "日期"
	FieldYear   = "年"
	FieldMonth  = "月"
	FieldDay    = "日"
	FieldDigest = "校验值"
)

// The lists that every paper has: its rows of two cells, and the rows of all its tables under headings.
const (
	ListRows  = "各项"
	ListLines = "表格各行"
)

// Columns of the lists.
const (
	ColumnNo    = "序号"
	ColumnName  = "名称"
	ColumnText  = "内容"
	ColumnGroup = "组"
	columnN     = "列"
	mostColumns = 12
)

// CommonTexts are the fields that every paper has, with what they hold.
func CommonTexts() [][2]string {
	return [][2]string{{FieldOrg, "版头上的发文机关"}, {FieldNumber, "文号，还没有编的为空"}, {FieldTitle, "文书的标题"}, {FieldTo, "主送单位或者当事人，不带冒号"}, {FieldBody, "全部正文，一段一段"}, {FieldNote, "顶格写的附注"},
		{FieldSign, "落款的单位"}, {FieldDate, "落款的日期，例如 2026年10月19日"}, {FieldYear, "日期的年"}, {FieldMonth, "日期的月"}, {FieldDay, "日期的日"}, {FieldDigest, "签署内容的校验值"}}
}

// CommonLists are the lists that every paper has, with their columns.
func CommonLists() map[string][]string {
	lines := []string{ColumnNo, ColumnGroup}
	for n := range mostColumns {
		lines = append(lines, columnN+strconv.Itoa(n+1))
	}
	return map[string][]string{ListRows: {ColumnNo, ColumnName, ColumnText}, ListLines: lines}
}

// day is a date as papers write it.
var day = regexp.MustCompile(`([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日`)

// Fields reads the fields of the papers on a page: what each <article class="sheet"> says in the classes of the sheet. A sheet with another title than the first goes on with the paper before it;
// sheets with the same title are papers of their own. A row of a heading and one cell is a field by its heading; a table under headings is a list by its caption, and its rows are lines of the list of all.
// Errors are those of reading the page.
func Fields(page io.Reader) ([]Values, error) {
	root, err := html.Parse(page)
	if err != nil {
		return nil, err
	}
	var out []Values
	for _, sheet := range find(root, func(n *html.Node) bool { return n.Data == "article" && has(n, "sheet") }) {
		r := reading{v: Values{Texts: map[string]string{}, Lists: map[string][]map[string]string{}}}
		r.read(sheet)
		r.v.Texts[FieldBody] = strings.Join(r.body, "\n")
		r.v.Texts[FieldNote] = strings.Join(r.notes, "\n")
		if len(out) == 0 || out[0].Texts[FieldTitle] == r.v.Texts[FieldTitle] {
			out = append(out, r.v)
			continue
		}
		last := &out[len(out)-1]
		for name, text := range r.v.Texts {
			if last.Texts[name] == "" {
				last.Texts[name] = text
			}
		}
		for name, rows := range r.v.Lists {
			for _, row := range rows {
				add(last.Lists, name, row)
			}
		}
	}
	return out, nil
}

// add adds a row to a list and numbers it.
func add(lists map[string][]map[string]string, list string, row map[string]string) {
	own := map[string]string{}
	for column, text := range row {
		own[column] = text
	}
	if _, has := row[ColumnNo]; !has || list == ListRows || list == ListLines {
		own[ColumnNo] = strconv.Itoa(len(lists[list]) + 1)
	}
	lists[list] = append(lists[list], own)
}

// reading gathers the fields of one sheet.
type reading struct {
	v           Values
	body, notes []string
	heading     string
}

// text is what an element says: white space as one space, breaks as lines.
func text(n *html.Node) string {
	var words line
	words.take(n, false)
	var b strings.Builder
	for _, p := range words.parts {
		switch p.mark {
		case "":
			b.WriteString(p.text)
		case `<w:br/>`:
			b.WriteString("\n")
		default:
			b.WriteString(" ")
		}
	}
	return strings.Trim(b.String(), " \n")
}

// read takes the fields of what stands within an element.
func (r *reading) read(n *html.Node) {
	for c := range n.ChildNodes() {
		if c.Type != html.ElementNode || hidden(c) {
			continue
		}
		switch style := styleOf(c); {
		case style == "Org":
			r.v.Texts[FieldOrg] = text(c)
		case style == "Number":
			r.v.Texts[FieldNumber] = text(c)
		case style == "Title" && r.v.Texts[FieldTitle] == "":
			r.v.Texts[FieldTitle] = text(c)
		case style == "Title", style == "Heading":
			r.heading = text(c)
			if c.Data == "p" {
				r.body = append(r.body, r.heading)
			}
		case style == "Sign":
			r.sign(text(c))
		case style == "Imprint":
			words := text(c)
			r.v.Texts[FieldDigest] = words[strings.LastIndex(words, " ")+1:]
			if spans := find(c, func(k *html.Node) bool { return k.Data == "span" }); len(spans) > 1 {
				r.v.Texts[FieldDigest] = text(spans[len(spans)-1])
			}
		case c.Data == "table":
			r.table(c)
		case c.Data == "p" && style == "Flush":
			words := text(c)
			if to, is := strings.CutSuffix(words, "："); is && r.v.Texts[FieldTo] == "" && len(r.body) == 0 {
				r.v.Texts[FieldTo] = to
			} else {
				r.notes = append(r.notes, words)
			}
		case c.Data == "p", c.Data == "li":
			r.body = append(r.body, text(c))
		default:
			r.read(c)
		}
	}
}

// sign takes who signs and the day.
func (r *reading) sign(words string) {
	var who []string
	for line := range strings.SplitSeq(words, "\n") {
		line = strings.Trim(line, " 　")
		if m := day.FindStringSubmatch(line); m != nil && m[0] == line {
			r.v.Texts[FieldDate], r.v.Texts[FieldYear], r.v.Texts[FieldMonth], r.v.Texts[FieldDay] = m[0], m[1], m[2], m[3]
		} else if line != "" && strings.Trim(line, " 　年月日") != "" {
			who = append(who, line)
		}
	}
	r.v.Texts[FieldSign] = strings.Join(who, "\n")
}

// table takes the rows of a table: fields by their headings, or the lines of a list.
func (r *reading) table(n *html.Node) {
	list := ""
	if c := find(n, func(k *html.Node) bool { return k.Data == "caption" }); len(c) > 0 {
		list = plain(c[0])
	}
	var heads []string
	for _, tr := range find(n, func(k *html.Node) bool { return k.Data == "tr" }) {
		var cells []*html.Node
		for c := range tr.ChildNodes() {
			if c.Type == html.ElementNode && (c.Data == "td" || c.Data == "th") && !hidden(c) {
				cells = append(cells, c)
			}
		}
		switch {
		case tr.Parent != nil && tr.Parent.Data == "thead":
			for _, c := range cells {
				heads = append(heads, text(c))
			}
		case len(heads) == 0 && len(cells) == 2 && cells[0].Data == "th":
			name, words := text(cells[0]), text(cells[1])
			if _, there := r.v.Texts[name]; !there {
				r.v.Texts[name] = words
			}
			add(r.v.Lists, ListRows, map[string]string{ColumnName: name, ColumnText: words})
		case len(cells) == 1 && len(heads) != 1:
			r.heading = text(cells[0])
		default:
			row := map[string]string{}
			for i, c := range cells {
				if i < len(heads) {
					row[heads[i]] = text(c)
				}
			}
			row[ColumnGroup] = r.heading
			if list != "" {
				add(r.v.Lists, list, row)
			}
			for i, c := range cells[:min(len(cells), mostColumns)] {
				row[columnN+strconv.Itoa(i+1)] = text(c)
			}
			if r.heading == "" {
				row[ColumnGroup] = list
			}
			add(r.v.Lists, ListLines, row)
		}
	}
}

// plain is what an element says, hidden or not.
func plain(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
