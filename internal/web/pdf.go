package web

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/policy"
)

// Where a Chromium is installed on the server, a paper comes as a PDF too: the address of its print with ?as=pdf. It is made of the page that was rendered for who asks, with everything that it shows inside it, so that Chromium asks for nothing and sees nothing else.

const pdfValue = "pdf"

// PDF makes a PDF of a page that holds everything that it shows. Errors as pdf.Printer.
type PDF interface {
	Print(ctx context.Context, page []byte) ([]byte, error)
}

// pdfAddress is where the page that a request opened comes as a PDF; empty if it does not: for who is not signed in, and for a file (一案一档), whose page numbers the browser's script computes.
func (s *Server) pdfAddress(c *fiber.Ctx, by policy.Actor, name string) string {
	if s.pdf == nil || !by.SignedIn() || c.Method() != fiber.MethodGet || declared[name] != layoutDesk || name == "volume" {
		return ""
	}
	return asAddress(c, pdfValue)
}

// asAddress is the address of a request with its page in another form.
func asAddress(c *fiber.Ctx, form string) string {
	v := url.Values{}
	for key, value := range c.Request().URI().QueryArgs().All() {
		v.Add(string(key), string(value))
	}
	v.Set(wordName, form)
	return c.Path() + "?" + v.Encode()
}

// sendPDF answers with a page as a PDF.
func (s *Server) sendPDF(c *fiber.Ctx, p page, body []byte) error {
	whole, err := s.alone(c, body)
	if err != nil {
		return err
	}
	data, err := s.pdf.Print(c.UserContext(), whole)
	if err != nil {
		return err
	}
	return attach(c, fileTitle(p.Title)+".pdf", files.PDF.MediaType(), data)
}

// fileTitle is a title as the name of a file.
func fileTitle(title string) string {
	return strings.NewReplacer("/", "／", "\\", "＼").Replace(title)
}

// alonePolicy lets a page show what it holds and nothing else.
const alonePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

// alone makes a page hold everything that it shows: its style sheets, its pictures as who asked for the page sees them, its icons. Scripts, forms and what is not printed go.
func (s *Server) alone(c *fiber.Ctx, body []byte) ([]byte, error) {
	const op = "web.alone"
	root, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	pictures, symbols := s.pictures(c), map[string]string{}
	var gone []*html.Node
	var head *html.Node
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch {
		case n.Data == "head":
			head = n
		case n.Data == "script", n.Data == "form", n.Data == "iframe", n.Data == "base", ofClass(n, "noprint"), n.Data == "meta" && attributeOf(n, "http-equiv") != "":
			gone = append(gone, n)
		case n.Data == "link":
			if css := attributeOf(n, "href"); attributeOf(n, "rel") == "stylesheet" {
				status, text := s.within(c, css)
				if status != fiber.StatusOK || bytes.Contains(bytes.ToLower(text), []byte("</style")) {
					return nil, fault.New(op, fault.Internal, "样式打不开："+css)
				}
				n.Data, n.DataAtom, n.Attr = "style", atom.Style, nil
				n.AppendChild(&html.Node{Type: html.TextNode, Data: string(text)})
				continue
			}
			gone = append(gone, n)
		case n.Data == "img":
			src := attributeOf(n, "src")
			n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return slices.Contains([]string{"src", "srcset", "loading"}, a.Key) })
			if strings.HasPrefix(src, "data:") {
				n.Attr = append(n.Attr, html.Attribute{Key: "src", Val: src})
			} else if data, err := pictures(src); err == nil { // what cannot be opened stands there by its words
				n.Attr = append(n.Attr, html.Attribute{Key: "src", Val: "data:" + http.DetectContentType(data) + ";base64," + base64.StdEncoding.EncodeToString(data)})
			}
		case n.Data == "use":
			for i := range n.Attr {
				if file, id, has := strings.Cut(n.Attr[i].Val, "#"); has && n.Attr[i].Key == "href" && file != "" {
					symbols[file], n.Attr[i].Val = id, "#"+id
				}
			}
		}
	}
	for _, n := range gone {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
	head.InsertBefore(&html.Node{Type: html.ElementNode, Data: "meta", DataAtom: atom.Meta, Attr: []html.Attribute{{Key: "http-equiv", Val: "Content-Security-Policy"}, {Key: "content", Val: alonePolicy}}}, head.FirstChild)
	var out bytes.Buffer
	if err := html.Render(&out, root); err != nil {
		return nil, fault.Wrap(op, fault.Internal, "", err)
	}
	whole := out.Bytes()
	for file := range symbols {
		status, sprite := s.within(c, file)
		if status != fiber.StatusOK {
			return nil, fault.New(op, fault.Internal, "图标打不开："+file)
		}
		whole = bytes.Replace(whole, []byte("</body>"), slices.Concat([]byte(`<div hidden>`), sprite, []byte("</div></body>")), 1)
	}
	return whole, nil
}

// attributeOf is an attribute of an element, "" without it.
func attributeOf(n *html.Node, key string) string {
	i := slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == key })
	if i < 0 {
		return ""
	}
	return n.Attr[i].Val
}
