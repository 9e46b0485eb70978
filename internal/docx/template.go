package docx

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Names are the fields that a template of a paper may have.
type Names struct {
	// Texts are the fields with one value, Lists the columns of each list.
	Texts []string
	Lists map[string][]string
}

// Values are what the fields of one paper stand for. A field that is not there is empty.
type Values struct {
	// Texts are single values; lines are paragraphs where the field stands alone, line breaks elsewhere.
	Texts map[string]string
	// Lists are the rows of each list.
	Lists map[string][]map[string]string
}

// Template is an office's own document with fields: {{文号}} for one value, {{列表.列}} for the column of a list, whose table row or paragraph is repeated for each row of the list, and what stands between
// {{#each 列表}} and {{/each}}, each in a paragraph or row of its own, or both in one. Word may have split a field over several runs; full-width braces count too.
type Template struct {
	*opened
	parts map[string]*node
}

// Read takes a template in. Its content decides, not its name: an error is a Fault for what is no .docx, damaged, too large, holds macros, embedded files or links out of itself.
func Read(r io.ReaderAt, size int64) (*Template, error) {
	o, err := open(r, size)
	if err != nil {
		return nil, err
	}
	t := &Template{opened: o, parts: map[string]*node{}}
	for _, name := range o.texts {
		data, err := o.read(name)
		if err != nil {
			return nil, err
		}
		if t.parts[name], err = parse(name, data); err != nil {
			return nil, err
		}
		for line := range strings.Lines(t.parts[name].instructions()) {
			if words := strings.Fields(strings.ToUpper(line)); len(words) > 0 && slices.Contains(fetching, words[0]) {
				return nil, faultf("这个文件里有域 %s，会读取别的文件，请删掉再上传", words[0])
			}
		}
	}
	return t, nil
}

// braces finds a field as it is typed.
var braces = regexp.MustCompile(`(?:\{|｛){2}([^{}｛｝]*)(?:\}|｝){2}`)

const (
	eachSign = "#each"
	endSign  = "/each"
)

// placed is one field within a paragraph: where it stands in its words, and what it says.
type placed struct {
	from, to int
	name     string
}

// fieldsOf finds the fields in words.
func fieldsOf(words string) (out []placed) {
	for _, m := range braces.FindAllStringSubmatchIndex(words, -1) {
		out = append(out, placed{m[0], m[1], strings.ReplaceAll(bare(words[m[2]:m[3]]), "．", ".")})
	}
	return out
}

// bare is the name of a field without space: {{检查人员 1 签名}} is found however it is spaced.
func bare(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, name)
}

// bareNames and bareValues have every name without space.
func bareNames(n Names) Names {
	out := Names{Lists: map[string][]string{}}
	for _, name := range n.Texts {
		out.Texts = append(out.Texts, bare(name))
	}
	for list, columns := range n.Lists {
		for _, column := range columns {
			out.Lists[bare(list)] = append(out.Lists[bare(list)], bare(column))
		}
	}
	return out
}

func bareValues(v Values) Values {
	out := Values{Texts: bareKeys(v.Texts), Lists: map[string][]map[string]string{}}
	for list, rows := range v.Lists {
		for _, row := range rows {
			out.Lists[bare(list)] = append(out.Lists[bare(list)], bareKeys(row))
		}
	}
	return out
}

// bareKeys leaves what is named without space where two names differ by space only.
func bareKeys(texts map[string]string) map[string]string {
	out := map[string]string{}
	for name, text := range texts {
		if _, own := texts[bare(name)]; !own || bare(name) == name {
			out[bare(name)] = text
		}
	}
	return out
}

// wordsOf are the words of a paragraph; U+FFFC stands for what no field goes over.
func wordsOf(texts []*node) string {
	var b strings.Builder
	for _, t := range texts {
		if t == nil {
			b.WriteString("\ufffc")
		} else {
			b.WriteString(t.words)
		}
	}
	return b.String()
}

// unit is a paragraph or a row of a table: what is repeated as a whole.
type unit struct {
	fields []placed
	// words are all of it, to see whether a sign stands alone.
	words string
}

// unitOf reads the fields of a paragraph or row; a table within a row has rows of its own.
func unitOf(n *node) unit {
	if n.name == "p" {
		words := wordsOf(n.texts())
		return unit{fieldsOf(words), words}
	}
	var u unit
	for _, k := range n.kids {
		if k.name == "tbl" {
			continue
		}
		one := unitOf(k)
		if k.name == "tc" {
			one.fields = one.withoutBlocks()
		}
		u.fields, u.words = append(u.fields, one.fields...), u.words+one.words
	}
	return u
}

// withoutBlocks are the fields of a cell but for the blocks that begin and end in it: those repeat what is in the cell, not its row.
func (u unit) withoutBlocks() (out []placed) {
	for i := 0; i < len(u.fields); i++ {
		if strings.HasPrefix(u.fields[i].name, eachSign) {
			if end := slices.IndexFunc(u.fields[i:], func(f placed) bool { return f.name == endSign }); end > 0 {
				i += end
				continue
			}
		}
		out = append(out, u.fields[i])
	}
	return out
}

// sign is the list of a unit that is nothing but {{#each list}} or {{/each}}.
func (u unit) sign() (list string, opens, closes bool) {
	if len(u.fields) != 1 || strings.TrimSpace(braces.ReplaceAllString(u.words, "")) != "" {
		return "", false, false
	}
	if list, opens = strings.CutPrefix(u.fields[0].name, eachSign); opens {
		return strings.TrimSpace(list), true, false
	}
	return "", false, u.fields[0].name == endSign
}

// lists are those over which a unit is repeated: of its columns, and of its own signs; inside are those that already are.
func (u unit) lists(inside func(string) bool) (out []string, signs bool) {
	for _, f := range u.fields {
		list, column := "", false
		if l, each := strings.CutPrefix(f.name, eachSign); each {
			list, signs, column = strings.TrimSpace(l), true, true
		} else {
			list, _, column = strings.Cut(f.name, ".")
		}
		if column && !inside(list) && !slices.Contains(out, list) {
			out = append(out, list)
		}
	}
	return out, signs
}

// checker holds a template against the fields that there are.
type checker struct {
	names              Names
	part               string
	paragraphs, tables int
	used               map[string]bool
	bad                []string
	// inSigns: what is looked at stands in a row that is repeated by signs in two of its cells.
	inSigns bool
}

// partName is a part for people.
func partName(name string) string {
	switch {
	case strings.HasPrefix(name, "word/header"):
		return "页眉"
	case strings.HasPrefix(name, "word/footer"):
		return "页脚"
	case strings.HasSuffix(name, "notes.xml"):
		return "脚注"
	}
	return "正文"
}

// Check holds every field against those that there are: a sentence for each that is unknown or stands wrong, and the fields that are used, sorted.
func (t *Template) Check(names Names) (used, bad []string) {
	c := &checker{names: bareNames(names), used: map[string]bool{}}
	for _, name := range t.texts {
		c.part, c.paragraphs, c.tables = partName(name), 0, 0
		c.kids(t.parts[name].kids, "", nil)
	}
	return slices.Sorted(maps.Keys(c.used)), c.bad
}

func (c *checker) refuse(at, format string, args ...any) {
	c.bad = append(c.bad, at+fmt.Sprintf(format, args...))
}

// kids looks through what stands in one container; at is where that is within a table, in are the lists within which it stands.
func (c *checker) kids(list []*node, at string, in []string) {
	type opening struct{ list, at string }
	var blocks []opening
	row := 0
	for _, k := range list {
		within := in
		for _, b := range blocks {
			within = append(slices.Clip(within), b.list)
		}
		if k.name != "p" && k.name != "tr" {
			where := at
			switch k.name {
			case "tbl":
				c.tables++
				where = fmt.Sprintf("%s第 %d 个表格", c.part, c.tables)
			case "txbxContent":
				where = at + "文本框"
			}
			outer := c.inSigns
			c.inSigns = outer && k.name != "tbl"
			c.kids(k.kids, where, within)
			c.inSigns = outer
			continue
		}
		where := at
		if k.name == "tr" {
			row++
			where = fmt.Sprintf("%s第 %d 行", at, row)
		} else if at == "" {
			c.paragraphs++
			where = fmt.Sprintf("%s第 %d 段", c.part, c.paragraphs)
		}
		u := unitOf(k)
		if l, opens, closes := u.sign(); c.inSigns {
			// Its signs are those of the row.
		} else if opens {
			if _, known := c.names.Lists[l]; !known {
				c.refuse(where, "的 {{#each %s}}：没有“%s”这个列表", l, l)
			}
			blocks = append(blocks, opening{l, where})
			continue
		} else if closes {
			if len(blocks) == 0 {
				c.refuse(where, "的 {{/each}} 前面没有 {{#each 列表}}")
			} else {
				blocks = blocks[:len(blocks)-1]
			}
			continue
		}
		lists, signs := u.lists(func(l string) bool { return slices.Contains(within, l) })
		if len(lists) > 1 {
			c.refuse(where, "同时用了“%s”，一%s只能用一个列表", strings.Join(lists, "”“"), map[bool]string{true: "段", false: "行"}[k.name == "p"])
		}
		if ends := slices.ContainsFunc(u.fields, func(f placed) bool { return f.name == endSign }); signs != ends && !c.inSigns {
			c.refuse(where, "的 {{#each 列表}} 和 {{/each}} 要各自单独成段（行），或者在同一段（行）里")
		}
		if signs {
			within = append(slices.Clip(within), lists...)
		}
		if k.name == "p" {
			c.paragraph(k, where, within)
			c.boxes(k, where, within)
			continue
		}
		cell, outer := 0, c.inSigns
		c.inSigns = signs
		c.cells(k, where, &cell, within)
		c.inSigns = outer
	}
	for _, b := range blocks {
		c.refuse(b.at, "的 {{#each %s}} 后面没有 {{/each}}", b.list)
	}
}

// cells looks through the cells of a row.
func (c *checker) cells(n *node, at string, cell *int, in []string) {
	for _, k := range n.kids {
		if k.name == "tc" {
			*cell++
			c.kids(k.kids, fmt.Sprintf("%s第 %d 格", at, *cell), in)
		} else if k.name != "trPr" {
			c.cells(k, at, cell, in)
		}
	}
}

// boxes looks through the text boxes of a paragraph.
func (c *checker) boxes(n *node, at string, in []string) {
	for _, k := range n.kids {
		if k.name == "txbxContent" {
			c.kids(k.kids, at+"文本框", in)
		} else {
			c.boxes(k, at, in)
		}
	}
}

// paragraph looks at the fields of a paragraph.
func (c *checker) paragraph(p *node, at string, in []string) {
	words := wordsOf(p.texts())
	for _, f := range fieldsOf(words) {
		switch list, column, dotted := strings.Cut(f.name, "."); {
		case strings.HasPrefix(f.name, eachSign), f.name == endSign:
			if l := strings.TrimSpace(strings.TrimPrefix(f.name, eachSign)); f.name != endSign && !c.knows(l) {
				c.refuse(at, "的 {{%s}}：没有“%s”这个列表", f.name, l)
			}
		case f.name == "":
			c.refuse(at, "有一个空的 {{}}，请写上字段的名称")
		case dotted && !c.knows(list):
			c.refuse(at, "的 {{%s}}：没有“%s”这个列表", f.name, list)
		case dotted && !slices.Contains(c.names.Lists[list], column):
			c.refuse(at, "的 {{%s}}：“%s”没有“%s”这一列，有的是：%s", f.name, list, column, strings.Join(c.names.Lists[list], "、"))
		case dotted, slices.Contains(c.names.Texts, f.name):
			c.used[f.name] = true
		case slices.ContainsFunc(in, func(l string) bool { return slices.Contains(c.names.Lists[l], f.name) }):
			c.used[in[len(in)-1]+"."+f.name] = true
		default:
			c.refuse(at, "的 {{%s}}：没有这个字段", f.name)
		}
	}
	rest := braces.ReplaceAllString(words, "")
	for _, half := range []string{"{{", "｛｛", "}}", "｝｝"} {
		if i := strings.Index(rest, half); i >= 0 {
			c.refuse(at, "的“%s”没有写成 {{字段}}：两边各要两个大括号，中间不能换行", excerpt(rest[i:]))
		}
	}
}

func (c *checker) knows(list string) bool { _, known := c.names.Lists[list]; return known }

// excerpt is the beginning of words.
func excerpt(words string) string {
	r := []rune(words)
	return string(r[:min(len(r), 12)])
}

// scope is what the fields stand for at one place.
type scope struct {
	values *Values
	// items are the rows in hand by their list; each is the list of the innermost {{#each}}, whose columns need no list before them.
	items map[string]map[string]string
	each  []string
}

// with is the scope of one row of a list.
func (s scope) with(list string, item map[string]string, each bool) scope {
	out := scope{values: s.values, items: maps.Clone(s.items), each: s.each}
	if out.items == nil {
		out.items = map[string]map[string]string{}
	}
	out.items[list] = item
	if each {
		out.each = append(slices.Clip(s.each), list)
	}
	return out
}

func (s scope) has(list string) bool { _, in := s.items[list]; return in }

// value is what a field stands for.
func (s scope) value(name string) string {
	if strings.HasPrefix(name, eachSign) || name == endSign {
		return ""
	}
	if list, column, dotted := strings.Cut(name, "."); dotted {
		return s.items[list][column]
	}
	for _, list := range slices.Backward(s.each) {
		if v, there := s.items[list][name]; there {
			return v
		}
	}
	return s.values.Texts[name]
}

// fill gives what stands in a container with its fields filled.
func fill(list []*node, s scope) (out []*node) {
	for i := 0; i < len(list); i++ {
		k := list[i]
		if k.name != "p" && k.name != "tr" {
			if k.name == "sdt" && len(unitOf(k).fields) > 0 {
				unbind(k)
			}
			k.kids = fill(k.kids, s)
			if k.name == "tc" {
				k.kids = closed(k)
			}
			out = append(out, k)
			continue
		}
		u := unitOf(k)
		if l, opens, _ := u.sign(); opens {
			end := blockEnd(list, i)
			for _, item := range s.values.Lists[l] {
				out = append(out, fill(clones(list[i+1:end]), s.with(l, item, true))...)
			}
			i = end
			continue
		}
		lists, signs := u.lists(s.has)
		if len(lists) == 0 {
			out = append(out, filled(k, s)...)
			continue
		}
		items := s.values.Lists[lists[0]]
		if len(items) == 0 && k.name == "tr" {
			items = []map[string]string{{}} // a table without rows is none
		}
		for _, item := range items {
			one := k.clone()
			if signs && k.name == "tr" {
				unsigned(one)
			}
			out = append(out, filled(one, s.with(lists[0], item, signs))...)
		}
	}
	return out
}

// blockEnd is where the block that opens at a place ends; Check refused one without an end.
func blockEnd(list []*node, from int) int {
	deep := 0
	for i := from; i < len(list); i++ {
		if list[i].name != "p" && list[i].name != "tr" {
			continue
		}
		if _, opens, closes := unitOf(list[i]).sign(); opens {
			deep++
		} else if closes {
			if deep--; deep == 0 {
				return i
			}
		}
	}
	return len(list) - 1
}

// closed gives a cell the paragraph with which it must end.
func closed(cell *node) []*node {
	for _, k := range slices.Backward(cell.kids) {
		if k.name == "p" {
			return cell.kids
		}
		if k.name == "tbl" {
			break
		}
	}
	prefix := strings.TrimSuffix(cell.tag(), "tc")
	return append(cell.kids, &node{name: "p", before: []byte("<" + prefix + "p/>")})
}

// filled fills a paragraph or a row. A field that stands alone in a paragraph gives a paragraph for each line of its value.
func filled(n *node, s scope) []*node {
	if n.name == "tr" {
		n.kids = fill(n.kids, s)
		return []*node{n}
	}
	boxes(n, s)
	texts := n.texts()
	words := wordsOf(texts)
	fields := fieldsOf(words)
	if len(fields) > 0 {
		unbind(n)
	}
	if len(fields) == 1 && strings.TrimSpace(words) == words[fields[0].from:fields[0].to] {
		lines := strings.Split(s.value(fields[0].name), "\n")
		out := make([]*node, len(lines))
		out[0] = n
		for i := 1; i < len(lines); i++ {
			out[i] = n.clone()
		}
		for i, p := range out {
			replace(p.texts(), fields[0], lines[i])
		}
		return out
	}
	for _, f := range slices.Backward(fields) {
		replace(texts, f, s.value(f.name))
	}
	return []*node{n}
}

// unbind frees the words of content controls from what they are bound to: Word would put back what stood there.
func unbind(n *node) {
	n.kids = slices.DeleteFunc(n.kids, func(k *node) bool { return k.name == "dataBinding" || k.name == "showingPlcHdr" })
	for _, k := range n.kids {
		unbind(k)
	}
}

// unsigned takes {{#each}} and {{/each}} out of a row that is repeated by them.
func unsigned(n *node) {
	if n.name == "p" {
		texts := n.texts()
		for _, f := range slices.Backward(fieldsOf(wordsOf(texts))) {
			if strings.HasPrefix(f.name, eachSign) || f.name == endSign {
				replace(texts, f, "")
			}
		}
		return
	}
	for _, k := range n.kids {
		if k.name != "tbl" {
			unsigned(k)
		}
	}
}

// boxes fills the text boxes of a paragraph.
func boxes(n *node, s scope) {
	for _, k := range n.kids {
		if k.name == "txbxContent" {
			k.kids = fill(k.kids, s)
		} else {
			boxes(k, s)
		}
	}
}

// replace puts a value in the place of a field: it takes the look of where the field begins.
func replace(texts []*node, f placed, value string) {
	at := 0
	for _, t := range texts {
		if t == nil {
			at += len("\ufffc")
			continue
		}
		from, to := max(f.from-at, 0), min(f.to-at, len(t.words))
		at += len(t.words)
		if from >= to {
			continue
		}
		t.words, t.changed = t.words[:from]+value+t.words[to:], true
		value = ""
	}
}

// Fill writes the template with its fields filled, once for each of the papers, each on a page of its own; headers and footers are those of the first. What is no field stays as it was, byte by byte.
// The template must have passed Check, and is used up by it. An error is one of w or of the package.
func (t *Template) Fill(w io.Writer, papers []Values) error {
	filled := make([]Values, max(1, len(papers)))
	for i := range papers {
		filled[i] = bareValues(papers[i])
	}
	papers = filled
	z := zip.NewWriter(w)
	for _, f := range t.zip.File {
		root := t.parts[f.Name]
		if root == nil {
			if err := z.Copy(f); err != nil {
				return err
			}
			continue
		}
		if body := root.find("body"); body != nil && f.Name == t.texts[0] {
			body.kids = pages(body, papers)
		} else {
			root.kids = fill(root.kids, scope{values: &papers[0]})
		}
		var b bytes.Buffer
		root.write(&b)
		out, err := z.CreateHeader(&zip.FileHeader{Name: f.Name, Method: zip.Deflate, Modified: f.Modified})
		if err == nil {
			_, err = out.Write(b.Bytes())
		}
		if err != nil {
			return err
		}
	}
	return z.Close()
}

// find is the first element of a name.
func (n *node) find(name string) *node {
	for _, k := range n.kids {
		if k.name == name {
			return k
		}
		if in := k.find(name); in != nil {
			return in
		}
	}
	return nil
}

// pages are the body once for each paper; the section of the document stands at its end once.
func pages(body *node, papers []Values) (out []*node) {
	kids, last := body.kids, len(body.kids)
	for i, k := range kids {
		if k.name == "sectPr" {
			last = i
		}
	}
	prefix := strings.TrimSuffix(body.tag(), "body")
	turn := &node{name: "p", before: fmt.Appendf(nil, `<%[1]sp><%[1]sr><%[1]sbr %[1]stype="page"/></%[1]sr></%[1]sp>`, prefix)}
	for i := range papers {
		one := kids[:last]
		if i < len(papers)-1 {
			one = clones(one) // the original, with its bookmarks, is the last
		}
		if i > 0 {
			out = append(out, turn)
		}
		out = append(out, fill(one, scope{values: &papers[i]})...)
	}
	return append(out, kids[last:]...)
}
