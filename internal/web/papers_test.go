package web_test

import (
	"html"
	"regexp"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"
)

// paper opens a paper and its Word document, holds the two against each other word by word, in their order, and wants some words of both.
func (p *person) paper(t *testing.T, path string, wants ...string) {
	t.Helper()
	page := p.get(t, path)
	if page.StatusCode != 200 {
		t.Errorf("%s: %d %.300s", path, page.StatusCode, page.body)
		return
	}
	said, as := sheetWords(t, page.body), "?as=docx"
	if strings.Contains(path, "?") {
		as = "&as=docx"
	}
	word := wordsOf(docxParts(t, p.get(t, path+as).body)["word/document.xml"])
	all := strings.Join(said, "")
	for _, want := range wants {
		if want = bare(want); !strings.Contains(all, want) {
			t.Errorf("%s lacks %q: %s", path, want, all)
		}
	}
	rest := word
	for _, w := range said {
		_, after, found := strings.Cut(rest, w)
		if !found {
			t.Errorf("%s: the document lacks %q at its place: %s", path, w, rest)
			return
		}
		rest = after
	}
	if len(said) == 0 || strings.Contains(word, "打印时不带本栏") || strings.Contains(word, "{{") {
		t.Errorf("%s: %d pieces, %s", path, len(said), word)
	}
}

// sheetWords are the pieces of text of the sheets of a page as they are printed, without space.
func sheetWords(t *testing.T, body string) (out []string) {
	t.Helper()
	root, err := nethtml.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	var tell func(n *nethtml.Node, in bool)
	tell = func(n *nethtml.Node, in bool) {
		if n.Type == nethtml.ElementNode {
			for _, a := range n.Attr {
				if a.Key != "class" {
					continue
				}
				for _, class := range strings.Fields(a.Val) {
					if class == "noprint" || class == "vh" {
						return
					}
					in = in || n.Data == "article" && class == "sheet"
				}
			}
		}
		if n.Type == nethtml.TextNode && in {
			if text := bare(n.Data); text != "" {
				out = append(out, text)
			}
		}
		for k := n.FirstChild; k != nil; k = k.NextSibling {
			tell(k, in)
		}
	}
	tell(root, false)
	return out
}

var markup = regexp.MustCompile(`<[^>]*>`)

// wordsOf are the words of a document without space.
func wordsOf(xml string) string { return bare(html.UnescapeString(markup.ReplaceAllString(xml, ""))) }

// bare is a text without space.
func bare(text string) string { return strings.Join(strings.Fields(text), "") }
