package docx

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"
)

// namespaces of WordprocessingML: the usual one and that of ISO strict.
var namespaces = []string{"http://schemas.openxmlformats.org/wordprocessingml/2006/main", "http://purl.oclc.org/ooxml/wordprocessingml/main"}

// node is an element of a part, or what stands between two: its bytes stay as they were read unless its words change.
type node struct {
	// name is the name of an element of WordprocessingML, "" for everything else.
	name string
	// before and after are the bytes of its tags; before alone of what is no element.
	before, after []byte
	kids          []*node
	// words are those of a <w:t>; changed: they are written anew.
	words   string
	changed bool
	// dropped: nothing is written.
	dropped bool
}

// parse reads a part into a tree that writes the same bytes.
func parse(name string, data []byte) (*node, error) {
	broken := faultf("这个文件已经损坏（%s 不是正确的 XML），请用 Word 或 WPS 另存一份再上传", name)
	root := &node{}
	open := []*node{root}
	at := int64(0)
	for d := xml.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if len(open) != 1 {
				return nil, broken
			}
			return root, nil
		}
		if err != nil {
			return nil, broken
		}
		raw := data[at:d.InputOffset()]
		at = d.InputOffset()
		top := open[len(open)-1]
		switch k := token.(type) {
		case xml.StartElement:
			n := &node{before: raw}
			if slices.Contains(namespaces, k.Name.Space) {
				n.name = k.Name.Local
			}
			top.kids = append(top.kids, n)
			if open = append(open, n); len(open) > maxDepth {
				return nil, faultf("这个文件的内容套得太深（%s），请用 Word 或 WPS 另存一份再上传", name)
			}
		case xml.EndElement:
			top.after = raw
			open = open[:len(open)-1]
		case xml.Directive:
			return nil, faultf("这个文件里有不该有的声明（%s），请用 Word 或 WPS 另存一份再上传", name)
		default:
			if c, is := token.(xml.CharData); is && (top.name == "t" || top.name == "instrText") {
				top.words += string(c)
			}
			top.kids = append(top.kids, &node{before: raw})
		}
	}
}

// write puts the bytes of a tree out.
func (n *node) write(b *bytes.Buffer) {
	switch {
	case n.dropped:
		return
	case n.changed:
		tag := n.tag()
		for i, line := range strings.Split(n.words, "\n") {
			if i > 0 {
				b.WriteString("<" + strings.TrimSuffix(tag, "t") + "br/>")
			}
			b.WriteString("<" + tag + ` xml:space="preserve">` + escaped(line) + "</" + tag + ">")
		}
		return
	}
	b.Write(n.before)
	for _, k := range n.kids {
		k.write(b)
	}
	b.Write(n.after)
}

// tag is the name of an element as it is written, with its prefix.
func (n *node) tag() string {
	tag := strings.TrimPrefix(string(n.before), "<")
	if i := strings.IndexAny(tag, " \t\r\n/>"); i >= 0 {
		tag = tag[:i]
	}
	return tag
}

// marks are what must stand once in a document only.
var marks = regexp.MustCompile(`\s[A-Za-z0-9]+:(?:paraId|textId)="[^"]*"`)

// clone copies a tree; the copy bears no id and no bookmark.
func (n *node) clone() *node {
	c := *n
	c.before = marks.ReplaceAll(n.before, nil)
	if n.name == "bookmarkStart" || n.name == "bookmarkEnd" {
		c.dropped = true
	}
	c.kids = make([]*node, len(n.kids))
	for i, k := range n.kids {
		c.kids[i] = k.clone()
	}
	return &c
}

func clones(list []*node) []*node {
	out := make([]*node, len(list))
	for i, n := range list {
		out[i] = n.clone()
	}
	return out
}

// texts are the <w:t> of a paragraph in order; nil stands for what no field goes over: a tab, a break, a picture. Paragraphs within it, those of a text box, have their own.
func (n *node) texts() (out []*node) {
	for _, k := range n.kids {
		switch k.name {
		case "t":
			out = append(out, k)
		case "p", "txbxContent":
		case "tab", "br", "cr", "drawing", "pict", "object":
			out = append(out, nil)
		default:
			out = append(out, k.texts()...)
		}
	}
	return out
}

// instruction is the code of a simple field, within its tag.
var instruction = regexp.MustCompile(`instr\s*=\s*["']([^"']*)`)

// instructions are the codes of the fields of Word below an element, joined by lines.
func (n *node) instructions() (out string) {
	for _, k := range n.kids {
		if k.name == "instrText" {
			out += k.words
		} else if k.name == "fldChar" || k.name == "p" {
			out += "\n"
		}
		if k.name == "fldSimple" {
			if m := instruction.FindSubmatch(k.before); m != nil {
				out += "\n" + string(m[1]) + "\n"
			}
		}
		out += k.instructions()
	}
	return out
}
