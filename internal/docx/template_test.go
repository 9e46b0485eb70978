package docx

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

// repacked is the default document of an empty page with some parts put in the place of its own; an empty part is left out.
func repacked(t testing.TB, parts map[string]string) *bytes.Reader {
	t.Helper()
	var from, to bytes.Buffer
	if err := Write(&from, strings.NewReader("<main><p>x</p></main>"), Info{Title: "模板", Made: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)}, nil); err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(from.Bytes()), int64(from.Len()))
	if err != nil {
		t.Fatal(err)
	}
	out := zip.NewWriter(&to)
	put := func(name, text string) {
		if f, err := out.Create(name); err != nil {
			t.Fatal(err)
		} else if _, err = f.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range z.File {
		if _, other := parts[f.Name]; !other {
			if err := out.Copy(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, text := range parts {
		if text != "" {
			put(name, text)
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(to.Bytes())
}

func document(body string) map[string]string {
	return map[string]string{"word/document.xml": head + `<w:document ` + spaces + `><w:body>` + body + `<w:sectPr><w:footerReference w:type="default" r:id="rIdFooter"/></w:sectPr></w:body></w:document>`}
}

func p(runs ...string) string {
	return "<w:p><w:r><w:t>" + strings.Join(runs, `</w:t></w:r><w:proofErr w:type="spellStart"/><w:r><w:rPr><w:b/></w:rPr><w:t xml:space="preserve">`) + "</w:t></w:r></w:p>"
}

func tr(cells ...string) string {
	var b strings.Builder
	for _, c := range cells {
		b.WriteString("<w:tc><w:tcPr/>" + c + "</w:tc>")
	}
	return "<w:tr>" + b.String() + "</w:tr>"
}

var known = Names{Texts: []string{"文号", "当事人", "正文"}, Lists: map[string][]string{"问题": {"序号", "内容"}, "空": {"内容"}}}

func values() Values {
	return Values{Texts: map[string]string{"文号": "都住建〔2026〕1号", "当事人": "甲 <物业> & 公司", "正文": "第一段\n第二段"}, Lists: map[string][]map[string]string{"问题": {{"序号": "1", "内容": "飞线"}, {"序号": "2", "内容": "堆物"}}}}
}

func TestFill(t *testing.T) {
	bound := `<w:sdt><w:sdtPr><w:showingPlcHdr/><w:dataBinding w:xpath="/a"/></w:sdtPr><w:sdtContent>` + p("{{文号}}") + `</w:sdtContent></w:sdt>`
	box := `<w:p><w:r><w:t>框</w:t><w:pict><w:txbxContent>` + p("{{当事人}}") + `</w:txbxContent></w:pict></w:r></w:p>`
	for _, tt := range []struct {
		name, body, want string
		papers           int
	}{
		{"one run", p("号：{{文号}}。"), "号：都住建〔2026〕1号。", 1},
		{"split over runs, with space and full-width braces", p("致{", "{当", " 事人｝｝", "：{{文号}}"), "致甲 <物业> & 公司：都住建〔2026〕1号", 1},
		{"lines where it stands alone", p("{{正文}}"), "第一段\n第二段", 1},
		{"lines within words", p("：{{正文}}"), "：第一段/第二段", 1},
		{"a row for each", "<w:tbl>" + tr(p("序"), p("内容")) + tr(p("{{问题.序号}}"), p("{{", "问题.内容", "}}，{{文号}}")) + tr(p("共"), p("末")) + "</w:tbl>", "序\n内容\n1\n飞线，都住建〔2026〕1号\n2\n堆物，都住建〔2026〕1号\n共\n末", 1},
		{"no row stays one", "<w:tbl>" + tr(p("{{空.内容}}"), p("格")) + "</w:tbl>", "\n格", 1},
		{"a paragraph for each", p("第{{问题.序号}}项：{{问题.内容}}") + p("{{空.内容}}"), "第1项：飞线\n第2项：堆物", 1},
		{"a block for each", p("{{#each 问题}}") + p("{{序号}}") + "<w:tbl>" + tr(p("{{内容}}{{文号}}")) + "</w:tbl>" + p("{{/each}}") + p("完"), "1\n飞线都住建〔2026〕1号\n2\n堆物都住建〔2026〕1号\n完", 1},
		{"signs within a row", "<w:tbl>" + tr(p("{{#each 问题}}{{序号}}"), p("{{内容}}{{/each}}")) + "</w:tbl>", "1\n飞线\n2\n堆物", 1},
		{"a table within a cell", "<w:tbl>" + tr(p("外")+"<w:tbl>"+tr(p("{{问题.内容}}"))+"</w:tbl>"+p("里")) + "</w:tbl>", "外\n飞线\n堆物\n里", 1},
		{"a block that is all of a cell", "<w:tbl>" + tr(p("{{#each 空}}")+p("{{内容}}")+p("{{/each}}")) + "</w:tbl>", "", 1},
		{"a content control loses what it is bound to", bound, "都住建〔2026〕1号", 1},
		{"a text box", box, "甲 <物业> & 公司\n甲 <物业> & 公司", 1},
		{"two papers", p("{{文号}}") + p("{{问题.内容}}"), "都住建〔2026〕1号\n飞线\n堆物\n/\n都住建〔2026〕1号\n飞线\n堆物", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parts := document(tt.body)
			parts["word/header1.xml"] = head + `<w:hdr ` + spaces + `>` + p("眉{{文号}}") + `</w:hdr>`
			r := repacked(t, parts)
			template, err := Read(r, r.Size())
			if err != nil {
				t.Fatal(err)
			}
			if _, bad := template.Check(known); len(bad) > 0 {
				t.Fatal(bad)
			}
			var b bytes.Buffer
			papers := []Values{values(), values()}
			if err := template.Fill(&b, papers[:tt.papers]); err != nil {
				t.Fatal(err)
			}
			got := unpacked(t, b.Bytes())
			words := paragraphs(t, got["word/document.xml"])
			for i := range words {
				words[i] = strings.TrimPrefix(words[i], ": ")
			}
			if strings.Join(words, "\n") != tt.want {
				t.Errorf("got %q, want %q\n%s", strings.Join(words, "\n"), tt.want, got["word/document.xml"])
			}
			if strings.Contains(got["word/document.xml"], "dataBinding") || !strings.Contains(got["word/header1.xml"], "眉都住建") || got["word/styles.xml"] != head+styles {
				t.Error("the rest of the document is not as it should be")
			}
		})
	}
	// What holds no field stays byte by byte.
	odd := document("<w:p  w:rsidR=\"00AA\"><w:r><w:t xml:space='preserve'> 甲&#x4E59; </w:t><w:tab /></w:r></w:p>")
	r := repacked(t, odd)
	template, err := Read(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := template.Fill(&b, nil); err != nil || unpacked(t, b.Bytes())["word/document.xml"] != odd["word/document.xml"] {
		t.Errorf("%v: words without fields changed", err)
	}
}

func TestCheck(t *testing.T) {
	for _, tt := range []struct{ name, body, want string }{
		{"an unknown field", p("甲") + p("乙{{甲", "方}}"), "正文第 2 段的 {{甲方}}：没有这个字段"},
		{"in a cell", p("甲") + "<w:tbl>" + tr(p("x")) + tr(p("x"), p("{{金额}}")) + "</w:tbl>", "正文第 1 个表格第 2 行第 2 格的 {{金额}}：没有这个字段"},
		{"an unknown list", p("{{人员.姓名}}"), "正文第 1 段的 {{人员.姓名}}：没有“人员”这个列表"},
		{"an unknown column", p("{{问题.位置}}"), "正文第 1 段的 {{问题.位置}}：“问题”没有“位置”这一列，有的是：序号、内容"},
		{"a column outside", p("{{内容}}"), "正文第 1 段的 {{内容}}：没有这个字段"},
		{"two lists in a row", "<w:tbl>" + tr(p("{{问题.内容}}"), p("{{空.内容}}")) + "</w:tbl>", "正文第 1 个表格第 1 行同时用了“问题”“空”，一行只能用一个列表"},
		{"no end", p("{{#each 问题}}") + p("x"), "正文第 1 段的 {{#each 问题}} 后面没有 {{/each}}"},
		{"no beginning", p("{{/each}}"), "正文第 1 段的 {{/each}} 前面没有 {{#each 列表}}"},
		{"half a sign", p("x{{#each 问题}}"), "正文第 1 段的 {{#each 列表}} 和 {{/each}} 要各自单独成段（行），或者在同一段（行）里"},
		{"an unknown block", p("{{#each 人员}}") + p("{{/each}}"), "正文第 1 段的 {{#each 人员}}：没有“人员”这个列表"},
		{"half a field", p("甲{{文号") + p("文号}}乙"), "正文第 1 段的“{{文号”没有写成 {{字段}}：两边各要两个大括号，中间不能换行\n正文第 2 段的“}}乙”没有写成 {{字段}}：两边各要两个大括号，中间不能换行"},
		{"nothing in it", p("{{ }}"), "正文第 1 段有一个空的 {{}}，请写上字段的名称"},
		{"in a text box", `<w:p><w:r><w:pict><w:txbxContent>` + p("{{甲}}") + `</w:txbxContent></w:pict></w:r></w:p>`, "正文第 1 段文本框的 {{甲}}：没有这个字段"},
	} {
		r := repacked(t, document(tt.body))
		template, err := Read(r, r.Size())
		if err != nil {
			t.Fatal(tt.name, err)
		}
		if _, bad := template.Check(known); strings.Join(bad, "\n") != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, strings.Join(bad, "\n"), tt.want)
		}
	}
	r := repacked(t, map[string]string{"word/footer.xml": head + `<w:ftr ` + spaces + `>` + p("{{页码}}") + `</w:ftr>`})
	template, err := Read(r, r.Size())
	if err != nil {
		t.Fatal(err)
	}
	if _, bad := template.Check(known); len(bad) != 1 || bad[0] != "页脚第 1 段的 {{页码}}：没有这个字段" {
		t.Error(bad)
	}
	r = repacked(t, document(p("{{文号}}{{问题.内容}}")))
	if template, err = Read(r, r.Size()); err != nil {
		t.Fatal(err)
	}
	if used, bad := template.Check(known); strings.Join(used, " ") != "文号 问题.内容" || len(bad) > 0 {
		t.Error(used, bad)
	}
}

func TestRefusedTemplates(t *testing.T) {
	link := func(kind, mode, to string) map[string]string {
		return map[string]string{"word/_rels/document.xml.rels": head + `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="a" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/` + kind + `" Target="` + to + `" TargetMode="` + mode + `"/></Relationships>`}
	}
	types := func(kind string) map[string]string {
		return map[string]string{"[Content_Types].xml": head + `<Types><Override PartName="/word/document.xml" ContentType="` + kind + `"/></Types>`}
	}
	for _, tt := range []struct {
		name  string
		parts map[string]string
		want  string
	}{
		{"no document", map[string]string{"word/document.xml": ""}, "不是 Word 的 .docx"},
		{"macros by name", map[string]string{"word/vbaProject.bin": "x"}, "带有宏"},
		{"macros by type", types("application/vnd.ms-word.document.macroEnabled.main+xml"), "带有宏"},
		{"macros by relationship", link("vbaProject", "Internal", "x.bin"), "带有宏"},
		{"a template of Word", types(mainType + ".template.main+xml"), "另存为 .docx"},
		{"a picture from outside", link("image", "External", "http://192.0.2.1/a.png"), "引用了外面的内容（http://192.0.2.1/a.png）"},
		{"a link", link("hyperlink", "External", "http://192.0.2.1/"), "取消超链接"},
		{"another template", link("attachedTemplate", "External", "file:///C:/a.dotm"), "连着外面的模板"},
		{"an object", link("oleObject", "Internal", "embeddings/a.bin"), "嵌入了别的文件"},
		{"an embedded file", map[string]string{"word/embeddings/a.xlsx": "x"}, "嵌入了别的文件"},
		{"another document", link("aFChunk", "Internal", "a.html"), "另一份文档"},
		{"a control", map[string]string{"word/activeX/a.xml": "x"}, "ActiveX"},
		{"a field that reads a file", document(`<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> INCLUDE</w:instrText></w:r><w:r><w:instrText>TEXT "C:\\a.txt" </w:instrText></w:r></w:p>`), "域 INCLUDETEXT"},
		{"a simple field that starts a program", document(`<w:p><w:fldSimple w:instr=" DDEAUTO c:\\a.exe "/></w:p>`), "域 DDEAUTO"},
		{"a document type", map[string]string{"word/document.xml": `<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>`}, "不该有的声明"},
		{"half an element", map[string]string{"word/document.xml": `<w:document ` + spaces + `><w:body>`}, "不是正确的 XML"},
		{"too deep", document(strings.Repeat("<w:sdt>", 300) + strings.Repeat("</w:sdt>", 300)), "套得太深"},
		{"too large", document(strings.Repeat(" ", maxPart)), "解开以后太大"},
		{"a name that leads out", map[string]string{"../a": "x"}, "内部结构不正常"},
	} {
		r := repacked(t, tt.parts)
		_, err := Read(r, r.Size())
		var why *Fault
		if !errors.As(err, &why) || !strings.Contains(why.Message, tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
	for _, data := range []string{"", "PK\x03\x04", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 encrypted"} {
		if _, err := Read(strings.NewReader(data), int64(len(data))); err == nil {
			t.Errorf("%q was taken for a document", data)
		}
	}
}

// Fields reads off the sheet what the page shows, and what it shows twice is two papers.
func TestFields(t *testing.T) {
	page := `<main><article class="sheet"><p class="org">某局</p><p class="no">某住建〔2026〕7号</p><h1>通知书</h1><p class="flush">甲公司：</p><p>第一段<b>重</b>。</p><ol><li>第二段</li></ol><p class="flush">附注一</p>
<table><tbody><tr><th scope="row">小区</th><td>甲字花园</td></tr><tr><th scope="row">第 1 项</th><td>飞线<br>充电</td></tr></tbody></table>
<h2 class="hd">一组</h2><table><caption class="vh">问题</caption><thead><tr><th>序号</th><th>位置</th></tr></thead><tbody><tr><td>7</td><td>3号楼</td></tr><tr><th colspan="2">二组</th></tr><tr><td>8</td><td>5号楼</td></tr></tbody></table>
<div class="sign"><span class="hold noprint">用印处</span>某局<br>2026年11月7日　</div><p class="imp"><span>编号 3　内容校验值</span><span>ab cd</span></p></article>
<article class="sheet"><h2 class="h1">记录</h2><table><tbody><tr><th scope="row">时间</th><td>　</td></tr></tbody></table><div class="sign"><br>　　年　　月　　日　</div></article>
<article class="sheet"><h2 class="h1">通知书</h2><p class="flush">乙公司：</p></article></main>`
	papers, err := Fields(strings.NewReader(page))
	if err != nil || len(papers) != 2 {
		t.Fatal(papers, err)
	}
	for name, want := range map[string]string{"发文机关": "某局", "文号": "某住建〔2026〕7号", "标题": "通知书", "主送": "甲公司", "正文": "第一段重。\n第二段", "附注": "附注一", "小区": "甲字花园", "落款": "某局", "日期": "2026年11月7日", "年": "2026", "月": "11", "日": "7", "校验值": "ab cd", "时间": "　"} {
		if got := papers[0].Texts[name]; got != want {
			t.Errorf("%s is %q, not %q", name, got, want)
		}
	}
	if l := papers[0].Lists; len(l["各项"]) != 3 || l["各项"][1]["内容"] != "飞线\n充电" || l["各项"][2]["序号"] != "3" || len(l["问题"]) != 2 || l["问题"][1]["序号"] != "8" || l["问题"][1]["位置"] != "5号楼" || l["问题"][1]["组"] != "二组" ||
		l["表格各行"][0]["列2"] != "3号楼" || l["表格各行"][0]["组"] != "一组" || l["表格各行"][1]["序号"] != "2" {
		t.Error(papers[0].Lists)
	}
	if papers[1].Texts["主送"] != "乙公司" || papers[1].Texts["文号"] != "" {
		t.Error(papers[1].Texts)
	}
}

// FuzzTemplate: whatever an office's template says, it is refused with words, or checked, and what passed the check is filled once for each paper and gives a document that can be read again.
func FuzzTemplate(f *testing.F) {
	for _, body := range []string{
		p("{{文", "号}}"), p("{{#each 问题}}") + p("{{序号}}、{{内容}}") + p("{{/each}}"), `<w:tbl>` + tr(p("{{问题.序号}}"), p("{{问题.内容}}")) + `</w:tbl>`, p("{{#each 问题}}"), p("{{/each}}"), p("{{}}{{"), p("{{#each 问题}}{{内容}}{{/each}}"),
		`<w:tbl>` + tr(p("{{#each 问题}}"), `<w:tbl>`+tr(p("{{内容}}"))+`</w:tbl>`+p(), p("{{/each}}")) + `</w:tbl>`, `<w:p><w:r><w:instrText>INCLUDETEXT x</w:instrText></w:r></w:p>`, `<w:sdt><w:sdtPr><w:dataBinding/></w:sdtPr><w:sdtContent>` + p("{{正文}}") + `</w:sdtContent></w:sdt>`,
		`<w:p><w:r><w:pict><w:txbxContent>` + p("{{当事人}}") + `</w:txbxContent></w:pict></w:r></w:p>`, `<w:p>`, `</w:body>`, `<!--{{文号}}-->`, `<![CDATA[{{文号}}]]>`, strings.Repeat("<w:p>", 300),
	} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := repacked(t, document(body))
		template, err := Read(r, r.Size())
		if err != nil {
			if _, told := errors.AsType[*Fault](err); !told {
				t.Fatal(err)
			}
			return
		}
		if _, bad := template.Check(known); len(bad) > 0 {
			return
		}
		var out bytes.Buffer
		if err := template.Fill(&out, []Values{values(), {}, values()}); err != nil {
			t.Fatal(err)
		}
		again, err := Read(bytes.NewReader(out.Bytes()), int64(out.Len()))
		if err != nil {
			t.Fatalf("filled: %v", err)
		}
		if used, bad := again.Check(Names{}); len(used) > 0 || len(bad) > 0 {
			t.Fatalf("fields stayed: %q %q", used, bad)
		}
	})
}
