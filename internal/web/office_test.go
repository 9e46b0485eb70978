package web

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"redsteward/internal/docx"
	"redsteward/internal/docx/docxtest"
)

// TestEveryPaperInLibreOffice makes, of every kind of paper, one that says something else in each of its fields; puts it into a template that has every field of its kind, as an office uploads one, and into the default form; binds
// some as a file with cover and contents; and opens all in LibreOffice in one run. Nothing is lost, no field is left, Chinese fonts are named first, and the contents name pages.
func TestEveryPaperInLibreOffice(t *testing.T) {
	write := func(page string) []byte {
		t.Helper()
		var b bytes.Buffer
		if err := docx.Write(&b, strings.NewReader(page), docx.Info{Title: "文书", Author: "都昌县住房和城乡建设局", Made: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)}, nil); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	documents, said := map[string][]byte{}, map[string][]string{}
	for i := range paperKinds {
		k := &paperKinds[i]
		page, words := k.sample(i)
		own := write(k.allFields())
		if n, err := k.check(bytes.NewReader(own), int64(len(own))); err != nil || n < int64(len(k.Labels)) {
			t.Fatalf("%s: %d fields, %v", k.Title, n, err)
		}
		template, err := docx.Read(bytes.NewReader(own), int64(len(own)))
		if err != nil {
			t.Fatal(err)
		}
		papers, err := docx.Fields(strings.NewReader(page))
		if err != nil || len(papers) != 1 {
			t.Fatalf("%s: %d papers, %v", k.Title, len(papers), err)
		}
		papers[0].Texts[fieldBureau], papers[0].Texts[fieldMade], papers[0].Texts[fieldParty] = "本局名称", "2026年11月27日", papers[0].Texts[docx.FieldTo]
		var filled bytes.Buffer
		if err := template.Fill(&filled, papers); err != nil {
			t.Fatal(err)
		}
		documents[k.ID], said[k.ID] = filled.Bytes(), append(words, "本局名称")
		documents[k.ID+"-default"], said[k.ID+"-default"] = write(page), words
	}
	file := fileOf(t, 5)
	documents["file"], said["file"] = write(file), []string{"卷内目录", "甲字花园一案", "件数5件", "含封面和目录", "值4", "办理经过"}
	for name, o := range docxtest.Open(t, documents) {
		for _, w := range said[name] {
			if !strings.Contains(o.Words, docxtest.Bare(w)) {
				t.Errorf("%s in LibreOffice lacks %q: %s", name, w, o.Words)
			}
		}
		if strings.Contains(o.Words, "{{") {
			t.Errorf("%s: a field is left: %s", name, o.Words)
		}
		if !strings.Contains(o.Fonts, "|仿宋_GB2312|") {
			t.Errorf("%s names the fonts %s", name, o.Fonts)
		}
		if name == "file" && o.Pages < 7 {
			t.Errorf("a file of a cover, contents and five papers has %d pages", o.Pages)
		}
	}
}

// sample is a page of a paper of a kind, and what it says: each field another word.
func (k *paperKind) sample(i int) (page string, words []string) {
	n := 0
	word := func() string {
		n++
		words = append(words, fmt.Sprintf("样%d值%d。", i, n))
		return words[len(words)-1]
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<main><article class="sheet"><p class="org">%s</p><p class="no">%s</p><h1>%s</h1><p class="flush">%s：</p><p>%s 3 &lt; 5 &amp; 乘</p>`, word(), word(), word(), word(), word())
	if k.Rows || len(k.Labels) > 0 {
		b.WriteString(`<table><tbody>`)
		for _, label := range k.Labels {
			fmt.Fprintf(&b, `<tr><th scope="row">%s</th><td>%s</td></tr>`, label, word())
		}
		fmt.Fprintf(&b, `<tr><th scope="row">另一项</th><td>%s</td></tr></tbody></table>`, word())
	}
	for _, list := range slices.Sorted(maps.Keys(k.Lists)) {
		fmt.Fprintf(&b, `<table><caption class="vh">%s</caption><thead><tr>`, list)
		for _, column := range k.Lists[list] {
			fmt.Fprintf(&b, `<th scope="col">%s</th>`, column)
		}
		b.WriteString(`</tr></thead><tbody>`)
		for range 2 {
			b.WriteString(`<tr>`)
			for range k.Lists[list] {
				fmt.Fprintf(&b, `<td>%s</td>`, word())
			}
			b.WriteString(`</tr>`)
		}
		b.WriteString(`</tbody></table>`)
	}
	fmt.Fprintf(&b, `<div class="sign">%s<br>%s</div><p class="imp"><span>内容校验值</span><span>%s</span></p></article></main>`, word(), word(), word())
	return b.String(), words
}

// allFields is a template of a kind with every field of its own besides those of its default form.
func (k *paperKind) allFields() string {
	own, _ := k.fields()
	var b strings.Builder
	b.WriteString(`<p>{{` + fieldBureau + `}}{{` + fieldMade + `}}</p><table><tbody>`)
	for _, f := range own {
		if !strings.Contains(f.Name, ".") {
			b.WriteString(`<tr><td>` + f.Name + `</td></tr>`)
		}
	}
	b.WriteString(`</tbody></table><p class="flush">{{附注}}</p>`)
	return strings.Replace(k.starter(), `<p class="flush">{{附注}}</p>`, b.String(), 1)
}

// fileOf is the page of a file (一案一档) of so many papers of the first kind.
func fileOf(t *testing.T, papers int) string {
	t.Helper()
	s := newServer(t, nil)
	v := volumeView{Back: "/", Kind: "一案一档", Name: "甲字花园一案", Cover: [][2]string{{"案由", "整改"}}}
	for i := range papers {
		item := volumeItem{Title: fmt.Sprintf("第 %d 件", i+1), No: i + 1, ID: fmt.Sprintf("v%d", i+1)}
		if i == papers-1 {
			item.Title, item.Rows = "办理经过", [][2]string{{"2026年11月27日", "送达"}}
		} else {
			page, _ := paperKinds[0].sample(i)
			root, err := html.Parse(strings.NewReader(page))
			if err != nil {
				t.Fatal(err)
			}
			for n := range root.Descendants() {
				if n.Type == html.ElementNode && n.Data == "article" {
					n.Attr = append(n.Attr, html.Attribute{Key: "id", Val: item.ID})
					item.Sheets = append(item.Sheets, n)
				}
			}
			for _, sheet := range item.Sheets {
				sheet.Parent.RemoveChild(sheet)
			}
		}
		v.Items = append(v.Items, item)
	}
	made, err := s.pages.byName["volume"]()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := made.ExecuteTemplate(&b, layoutDesk, view{page: page{Title: v.Name, Data: v}, Set: s.set}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
