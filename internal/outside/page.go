package outside

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// plainQueries are the names in an address that choose no view: the page of a list, and the period to which a star belongs.
var plainQueries = []string{"page", "period"}

// contentPolicy is that of a copied page: it runs nothing and asks nobody.
const contentPolicy = "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action "

func parsePage(body []byte) (*html.Node, error) {
	doc, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap("outside.page", fault.Internal, "", err)
	}
	return doc, nil
}

// follow notes everything that a page leads to.
func (w *copying) follow(at *url.URL, body []byte) error {
	doc, err := parsePage(body)
	if err != nil {
		return err
	}
	filters := filtersOf(doc, at)
	for n := range doc.Descendants() {
		if a := linkOf(n); a != nil {
			if to, resource := resolve(at, n, a.Val); to != nil && (resource || copied(to, filters)) {
				w.want(to)
			}
		}
	}
	for _, f := range filters {
		for _, o := range f.options {
			w.want(o.to)
		}
	}
	return nil
}

// linkOf is the attribute by which an element leads somewhere or takes something in.
func linkOf(n *html.Node) *html.Attribute {
	if n.Type != html.ElementNode {
		return nil
	}
	name := ""
	switch n.Data {
	case "a", "link", "use", "image":
		name = "href"
	case "img", "source":
		name = "src"
	default:
		return nil
	}
	return attribute(n, name)
}

func attribute(n *html.Node, name string) *html.Attribute {
	for i := range n.Attr {
		if n.Attr[i].Key == name {
			return &n.Attr[i]
		}
	}
	return nil
}

func valueOf(n *html.Node, name string) string {
	if a := attribute(n, name); a != nil {
		return a.Val
	}
	return ""
}

// resolve is the address on this site to which an attribute leads, nil for another site or a place of the same page; resource says that the page is made of it.
func resolve(at *url.URL, n *html.Node, link string) (to *url.URL, resource bool) {
	to, err := at.Parse(link)
	if err != nil || strings.HasPrefix(link, "#") || to.Host != "" || to.Opaque != "" || !strings.HasPrefix(to.Path, "/") {
		return nil, false
	}
	return to, n.Data != "a"
}

// filter is one list of choices of a form that only asks for another view of its page.
type filter struct {
	path, name, label string
	options           []filterOption
}

type filterOption struct {
	label string
	to    *url.URL
}

// filtersOf are the choices that a copy can offer: those of forms that ask (GET) this site.
func filtersOf(doc *html.Node, at *url.URL) []filter {
	var out []filter
	for form := range doc.Descendants() {
		if form.DataAtom == atom.Form {
			out = append(out, filtersOfForm(form, at)...)
		}
	}
	return out
}

func filtersOfForm(form *html.Node, at *url.URL) []filter {
	if strings.EqualFold(valueOf(form, "method"), "post") {
		return nil
	}
	to, err := at.Parse(valueOf(form, "action"))
	if err != nil || to.Host != "" {
		return nil
	}
	labels := map[string]string{}
	for n := range form.Descendants() {
		if n.DataAtom == atom.Label {
			labels[valueOf(n, "for")] = textOf(n)
		}
	}
	var out []filter
	for n := range form.Descendants() {
		if n.DataAtom != atom.Select || valueOf(n, "name") == "" {
			continue
		}
		f := filter{path: to.Path, name: valueOf(n, "name")}
		f.label = cmp.Or(labels[valueOf(n, "id")], valueOf(n, "aria-label"), f.name)
		for o := range n.Descendants() {
			if o.DataAtom != atom.Option {
				continue
			}
			value := textOf(o)
			if a := attribute(o, "value"); a != nil {
				value = a.Val
			}
			one := filterOption{textOf(o), &url.URL{Path: to.Path}}
			if value != "" {
				one.to.RawQuery = url.Values{f.name: {value}}.Encode()
			}
			f.options = append(f.options, one)
		}
		out = append(out, f)
	}
	return out
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// copied reports whether a copy holds an address: with its query it holds the pages of a list and one choice of one filter; every order of every selection would be without end.
func copied(to *url.URL, filters []filter) bool {
	chosen := 0
	for name := range to.Query() {
		switch {
		case slices.Contains(plainQueries, name):
		case slices.ContainsFunc(filters, func(f filter) bool { return f.path == to.Path && f.name == name }):
			chosen++
		default:
			return false
		}
	}
	return chosen <= 1
}

// rewrite makes a page stand for itself: links lead to files of the copy, or to the interactive instance, or nowhere; nothing runs; and it says what it is.
func (w *copying) rewrite(page *fetched) ([]byte, error) {
	doc, err := parsePage(page.body)
	if err != nil {
		return nil, err
	}
	nodes, sends := slices.Collect(doc.Descendants()), "'none'"
	fills := slices.ContainsFunc(nodes, w.isIntake)
	if fills {
		sends = w.Intake
	}
	for _, n := range nodes {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.DataAtom {
		case atom.Script, atom.Noscript:
			n.Parent.RemoveChild(n)
		case atom.Form:
			switch {
			case w.isIntake(n):
				w.keepForm(n)
			case fills && valueOf(n, "action") == w.IntakeForm: // the choice was made; it takes a screen of its own
				n.Parent.InsertBefore(w.otherChoice(page), n)
				n.Parent.RemoveChild(n)
			default:
				w.replaceForm(n, page)
			}
		case atom.Head:
			n.InsertBefore(element("meta", "http-equiv", "Content-Security-Policy", "content", contentPolicy+sends), n.FirstChild)
		case atom.Body:
			n.AppendChild(w.standing(page))
		default:
			w.redirect(n, page)
		}
	}
	var b bytes.Buffer
	if err := html.Render(&b, doc); err != nil {
		return nil, fault.Wrap("outside.page", fault.Internal, "", err)
	}
	return b.Bytes(), nil
}

// isIntake reports whether an element is a form that the outer zone takes in.
func (w *copying) isIntake(n *html.Node) bool {
	return w.Intake != "" && n.DataAtom == atom.Form && strings.EqualFold(valueOf(n, "method"), "post") && valueOf(n, "action") == w.IntakeForm
}

// formSecrets are the hidden fields by which the site knows its own forms; a static page has none, and its receiver asks for none.
var formSecrets = []string{"_t", "key"}

// keepForm lets a form send to the receiver.
func (w *copying) keepForm(form *html.Node) {
	attribute(form, "action").Val = w.Intake
	for _, n := range slices.Collect(form.Descendants()) {
		if n.DataAtom == atom.Input && valueOf(n, "type") == "hidden" && slices.Contains(formSecrets, valueOf(n, "name")) {
			n.Parent.RemoveChild(n)
		}
	}
}

// otherChoice leads back from a form that the outer zone takes in to its choices.
func (w *copying) otherChoice(page *fetched) *html.Node {
	p := element("p")
	link := element("a", "href", hrefTo(page.file, w.files[w.IntakeForm]))
	link.AppendChild(text("换社区"))
	p.AppendChild(link)
	return p
}

// redirect lets one element lead to a file of the copy. What leads nowhere is no link any more.
func (w *copying) redirect(n *html.Node, page *fetched) {
	a := linkOf(n)
	if a == nil {
		return
	}
	to, _ := resolve(page.at, n, a.Val)
	if to == nil {
		return
	}
	if file := w.files[addressOf(to)]; file != "" {
		a.Val = hrefTo(page.file, file)
		if to.Fragment != "" {
			a.Val += "#" + to.EscapedFragment()
		}
		return
	}
	if w.Interactive != "" && n.Data == "a" {
		a.Val = w.Interactive + to.String()
		return
	}
	if n.Data == "a" {
		n.Data, n.DataAtom = "span", atom.Span
	}
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "href" || a.Key == "src" })
}

// replaceForm puts the choices of a form in its place, and says where the form itself works.
func (w *copying) replaceForm(form *html.Node, page *fetched) {
	box := element("div", "class", "note")
	for _, f := range filtersOfForm(form, page.at) {
		line := element("p")
		line.AppendChild(text(f.label + "："))
		for i, o := range f.options {
			if i > 0 {
				line.AppendChild(text("　"))
			}
			file := w.files[addressOf(o.to)]
			if file == "" {
				line.AppendChild(text(o.label))
				continue
			}
			link := element("a", "href", hrefTo(page.file, file))
			if file == page.file {
				link.Attr = append(link.Attr, html.Attribute{Key: "aria-current", Val: "page"})
			}
			link.AppendChild(text(o.label))
			line.AppendChild(link)
		}
		box.AppendChild(line)
	}
	said := element("p")
	if w.Intake != "" && valueOf(form, "action") == w.IntakeForm {
		said.AppendChild(text("点选以后填写。"))
	} else if w.Interactive == "" {
		said.AppendChild(text("这是静态页面，不能在这里填写和提交；找名称可用浏览器的“在页面上查找”。"))
	} else {
		link := element("a", "href", w.Interactive+addressOf(page.at))
		link.AppendChild(text("办理页面"))
		said.AppendChild(text("这是静态页面，不能在这里填写和提交；请到"))
		said.AppendChild(link)
		said.AppendChild(text("。"))
	}
	box.AppendChild(said)
	form.Parent.InsertBefore(box, form)
	form.Parent.RemoveChild(form)
}

// standing says at the end of a page as of when it stands, and where its signature is.
func (w *copying) standing(page *fetched) *html.Node {
	p := element("aside", "class", "wrap mut", "aria-label", "静态页面")
	p.AppendChild(text(fmt.Sprintf("静态页面，%s 导出，截至变更日志第 %d 条。每个文件的校验值和签名见", calendar.DateOf(w.Made).Chinese(), w.Record)))
	link := element("a", "href", hrefTo(page.file, ManifestName))
	link.AppendChild(text("清单"))
	p.AppendChild(link)
	p.AppendChild(text("。"))
	return p
}

// element is a new element with attributes, name after value.
func element(name string, attributes ...string) *html.Node {
	n := &html.Node{Type: html.ElementNode, Data: name, DataAtom: atom.Lookup([]byte(name))}
	for pair := range slices.Chunk(attributes, 2) {
		n.Attr = append(n.Attr, html.Attribute{Key: pair[0], Val: pair[1]})
	}
	return n
}

func text(s string) *html.Node { return &html.Node{Type: html.TextNode, Data: s} }
