package docx

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"redsteward/internal/docx/docxtest"
)

// TestInLibreOffice opens documents in LibreOffice, all in one run: the default form of a paper, and an office's template filled with it, whose fields Word split, with a repeated row, a block, a header, a text box and two papers.
// Every word is there, no field is left, and Chinese fonts are named first.
func TestInLibreOffice(t *testing.T) {
	var picture, plain, own, two bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 4))); err != nil {
		t.Fatal(err)
	}
	if err := Write(&plain, strings.NewReader(paper), Info{Title: "通知", Made: time.Date(2026, 11, 27, 0, 0, 0, 0, time.UTC)}, func(string) ([]byte, error) { return picture.Bytes(), nil }); err != nil {
		t.Fatal(err)
	}
	papers, err := Fields(strings.NewReader(strings.Replace(paper, "<tr><td>短</td></tr>", "<tr><td>2</td><td>5号楼</td></tr>", 1)))
	if err != nil || len(papers) != 1 {
		t.Fatal(papers, err)
	}
	box := `<w:p><w:r><w:pict xmlns:v="urn:schemas-microsoft-com:vml"><v:shape style="width:200pt;height:60pt"><v:textbox><w:txbxContent>` + p("框里{{落款}}") + `</w:txbxContent></v:textbox></v:shape></w:pict></w:r></w:p>`
	parts := document(p("｛｛文", "号｝｝") + p("{", "{标题}", "}") + p("{{主送}}：") + p("{{正文}}") + "<w:tbl><w:tblPr/><w:tblGrid><w:gridCol/><w:gridCol/></w:tblGrid>" + tr(p("序"), p("问题")) + tr(p("{{表格各行.序号}}"), p("{{表格各行", ".列2}}")) + "</w:tbl>" +
		p("{{#each 表格各行}}") + p("块{{列1}}") + p("{{/each}}") + box + p("{{日期}}"))
	parts["word/footer.xml"] = head + `<w:ftr ` + spaces + `>` + p("脚{{校验值}}") + `</w:ftr>`
	names := Names{Lists: CommonLists()}
	for _, f := range CommonTexts() {
		names.Texts = append(names.Texts, f[0])
	}
	for w, papers := range map[*bytes.Buffer][]Values{&own: papers, &two: {papers[0], {Texts: map[string]string{"标题": "第二份"}}}} {
		r := repacked(t, parts)
		template, err := Read(r, r.Size())
		if err != nil {
			t.Fatal(err)
		}
		if _, bad := template.Check(names); len(bad) > 0 {
			t.Fatal(bad)
		}
		if err := template.Fill(w, papers); err != nil {
			t.Fatal(err)
		}
	}
	documents := map[string][]byte{"plain": plain.Bytes(), "own": own.Bytes(), "two": two.Bytes()}
	want := map[string][]string{"plain": {"某某县住房和城乡建设局", "某住建〔2026〕7号", "整改通知书", "你公司在甲字花园有3<5项问题&隐患。", "1．飞线充电", "2．堆物", "楼道", "3号楼", "10.50", "两栏", "2026年11月27日", "abcd", "附件"},
		"own": {"某住建〔2026〕7号", "整改通知书", "某物业公司：", "你公司在甲字花园有3<5项问题&隐患。", "飞线充电", "13号楼", "25号楼", "块1", "块2", "框里某某县住房和城乡建设局", "2026年11月27日", "脚abcd"}, "two": {"整改通知书", "第二份"}}
	for name, o := range docxtest.Open(t, documents) {
		for _, w := range want[name] {
			if !strings.Contains(o.Words, w) {
				t.Errorf("%s in LibreOffice lacks %q: %s", name, w, o.Words)
			}
		}
		if strings.Contains(o.Words, "{{") || strings.Contains(o.Words, "｛｛") {
			t.Errorf("%s: a field is left: %s", name, o.Words)
		}
		if !strings.Contains(o.Fonts, "|仿宋_GB2312|") || name == "plain" && (!strings.Contains(o.Fonts, "|方正小标宋简体|") || !strings.Contains(o.Fonts, "|黑体|")) {
			t.Errorf("%s names the fonts %s", name, o.Fonts)
		}
	}
}
