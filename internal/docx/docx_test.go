package docx

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"errors"
	"image"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"
)

const paper = `<!doctype html><html><body><header class="tools noprint"><button>打印</button></header><main>
<article class="sheet"><p class="org">某某县住房和城乡建设局</p><p class="no">某住建〔2026〕7号</p><h1>整改通知书</h1>
<p class="flush">某物业公司：</p><p>你公司在<b>甲字花园</b>
  有 3 &lt; 5 项问题&amp;隐患。</p><p class="hd">一、问题</p><ol><li>飞线充电</li><li>堆物<p>楼道</p></li></ol>
<div class="tw"><table><caption class="vh">表</caption><thead><tr><th>序号</th><th>位置</th><th>期限</th></tr></thead><tbody><tr class="tall"><td rowspan="2">1</td><td><p class="flush">3号楼</p></td><td class="num">10.50</td></tr><tr><td colspan="2">两栏</td></tr><tr><td>短</td></tr></tbody></table></div>
<form><input value="不打印"></form><span class="hold noprint">用印处</span>
<div class="sign">某某县住房和城乡建设局<br>2026年11月27日　</div><p class="imp"><span>内容校验值</span><span>abcd</span></p></article>
<article class="sheet"><h2>附件</h2><span class="only-s">只在手机上</span><a class="pic" href="/x"><img src="/ok.png" width="320" height="240" alt="楼道"></a><div class="shots"><a class="pic"><img src="/ok.png" width="320" height="240" alt="门"></a><a class="pic"><img src="/no.png" alt="缺的照片"></a></div></article></main></body></html>`

func written(t *testing.T, page string, picture Picture) map[string]string {
	t.Helper()
	var b, again bytes.Buffer
	info := Info{Title: "整改 & 通知", Author: "局", Made: time.Date(2026, 11, 27, 1, 2, 3, 0, time.UTC)}
	for _, w := range []io.Writer{&b, &again} {
		if err := Write(w, strings.NewReader(page), info, picture); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(b.Bytes(), again.Bytes()) {
		t.Error("the same page gave other bytes")
	}
	return unpacked(t, b.Bytes())
}

// unpacked are the parts of a document; each XML must be whole.
func unpacked(t *testing.T, data []byte) map[string]string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	parts := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		parts[f.Name] = string(data)
		if strings.HasSuffix(f.Name, ".xml") || strings.HasSuffix(f.Name, ".rels") {
			for d := xml.NewDecoder(bytes.NewReader(data)); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%s: %v", f.Name, err)
				}
			}
		}
	}
	return parts
}

// paragraphs are the style and the words of each paragraph, in order.
func paragraphs(t *testing.T, document string) (out []string) {
	t.Helper()
	style, words := "", ""
	for d := xml.NewDecoder(strings.NewReader(document)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		switch k := token.(type) {
		case xml.StartElement:
			switch k.Name.Local {
			case "p":
				style, words = "", ""
			case "pStyle":
				style = k.Attr[0].Value
			case "pageBreakBefore":
				words += "⏎"
			case "br":
				words += "/"
			case "tab":
				words += "→"
			case "drawing":
				words += "▣"
			case "vMerge":
				out = append(out, "vMerge")
			case "gridSpan":
				out = append(out, "span "+k.Attr[0].Value)
			}
		case xml.CharData:
			words += string(k)
		case xml.EndElement:
			if k.Name.Local == "p" {
				out = append(out, style+": "+words)
			}
		}
	}
}

func TestWrite(t *testing.T) {
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 4))); err != nil {
		t.Fatal(err)
	}
	parts := written(t, paper, func(address string) ([]byte, error) {
		if address == "/ok.png" {
			return picture.Bytes(), nil
		}
		return nil, io.ErrUnexpectedEOF
	})
	got := paragraphs(t, parts["word/document.xml"])
	want := []string{
		"Org: 某某县住房和城乡建设局", "Number: 某住建〔2026〕7号", "Title: 整改通知书", "Flush: 某物业公司：", "Normal: 你公司在甲字花园 有 3 < 5 项问题&隐患。", "Heading: 一、问题",
		"Item: 1．飞线充电", "Item: 2．堆物", "Normal: 楼道",
		"CellHead: 序号", "CellHead: 位置", "CellHead: 期限", "vMerge", "Cell: 1", "Cell: 3号楼", "CellNumber: 10.50", "vMerge", "Cell: ", "span 2", "Cell: 两栏", "Cell: 短", "span 2", "Cell: ", "Flush: ",
		"Sign: 某某县住房和城乡建设局/2026年11月27日　", "Imprint: 内容校验值→abcd",
		"Heading: ⏎附件", "Picture: ▣", "Picture: ▣ ［图片：缺的照片］",
	}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		t.Errorf("got\n%s\nwant\n%s", a, b)
	}
	if parts["word/media/1.png"] != picture.String() || len(parts) != 10 {
		t.Errorf("%d parts, the picture is not there as it was", len(parts))
	}
	// 320 pixels wide and, in the picture's own proportion, 160 high.
	if !strings.Contains(parts["word/document.xml"], `cx="3048000" cy="1524000"`) {
		t.Error("the picture has another size")
	}
	if !strings.Contains(parts["docProps/core.xml"], "整改 &amp; 通知") || !strings.Contains(parts["docProps/core.xml"], "2026-11-27T01:02:03Z") {
		t.Error(parts["docProps/core.xml"])
	}
}

// Pages without a sheet come as they are, words that XML cannot hold do not break the document, and an empty page is a document too.
func TestOtherPages(t *testing.T) {
	parts := written(t, "<main><nav>位置</nav><h1>一企一档</h1><dl><dt>名称</dt><dd>甲\x01\ufffe]]&gt;</dd></dl><table></table><details><summary>更多</summary>里面</details></main>", nil)
	if got := strings.Join(paragraphs(t, parts["word/document.xml"]), "\n"); got != "Title: 一企一档\nHeading: 名称\nNormal: 甲\ufffd\ufffd]]>\nHeading: 更多\nNormal: 里面" {
		t.Error(got)
	}
	written(t, "", nil)
	// Page numbers are fields: an element that is pointed to bears a bookmark, in the paragraph before its table if it begins with one.
	parts = written(t, `<main><article class="sheet"><p>共<span data-pages></span>页，见第<span data-page="v1"></span>页</p></article><article class="sheet" id="v1"><table><tr><td id="x">甲</td></tr></table></article></main>`, nil)
	document := parts["word/document.xml"]
	if got := strings.Join(paragraphs(t, document), "\n"); !strings.HasPrefix(got, "Normal: 共 NUMPAGES 1页，见第 PAGEREF v1 \\h 1页\nFlush: ⏎\nCell: 甲") {
		t.Error(got)
	}
	if strings.Count(document, "<w:bookmarkStart") != 1 || strings.Index(document, `w:name="v1"`) > strings.Index(document, "<w:tbl>") {
		t.Error("the bookmark is not where the sheet begins")
	}
}

// Whatever stands on a page, the document is well-formed and its tables are regular.
func FuzzWrite(f *testing.F) {
	f.Add(paper)
	f.Add(`<main><table><tr><td rowspan=9 colspan=70>a<table><tr><td></table><tr><th><ul><li><img alt=x></table><li>b`)
	f.Fuzz(func(t *testing.T, page string) {
		parts := written(t, page, nil)
		document := parts["word/document.xml"]
		if strings.Count(document, "<w:tbl>") != strings.Count(document, "<w:tblGrid>") || strings.Contains(document, "</w:tbl></w:tc>") {
			t.Error("a table without a grid, or a cell that ends with a table")
		}
	})
}
