package report

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/fault"
	"redsteward/registry"
)

// opened opens a workbook to look at it.
func opened(t testing.TB, data []byte) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// coloured is the colour of a cell, "" for none.
func coloured(t testing.TB, f *excelize.File, sheet, cell string) string {
	t.Helper()
	id, err := f.GetCellStyle(sheet, cell)
	if err != nil {
		t.Fatal(err)
	}
	style, err := f.GetStyle(id)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(style.Fill.Color, " ")
}

// commentOn is what is said at a cell, with who says it.
func commentOn(t testing.TB, f *excelize.File, sheet, cell string) string {
	t.Helper()
	all, err := f.GetComments(sheet)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if c.Cell == cell {
			return c.Author + ": " + c.Text
		}
	}
	return ""
}

// ownWorkbook is a workbook as a person keeps it: a sheet with another name, a column of its own, a style, a comment, a second sheet.
func ownWorkbook(t testing.TB) []byte {
	t.Helper()
	f := opened(t, book(t, "台账", []any{"企业名称", "统一社会信用代码", "企业性质", "党员人数", "自己的备注"},
		[]any{"赣北物业服务有限公司", codeOne, "市场化", 3, "好"},
		[]any{"=HYPERLINK(\"http://x\",\"点我\")", "91350100M000100Y42", "=cmd|'/c calc'!A1", "三", "差"},
		[]any{"安居物业服务有限公司", "", "市场化", nil, ""}))
	bold, err := f.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.NewSheet("说明"); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{f.SetCellStyle("台账", "C3", "C3", bold), f.AddComment("台账", excelize.Comment{Cell: "D3", Author: "陈静", Text: "要问"}), f.SetCellStr("说明", "A1", "留着")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

const codeOne = "91360428MA7XAMPL5W"

// TestMark: a person gets his own workbook back with every refused cell coloured and commented, and it is read as the one before.
func TestMark(t *testing.T) {
	read := func(data []byte) Parsed[registry.FirmLine] {
		t.Helper()
		p, err := Firms().Read(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	own := ownWorkbook(t)
	p := read(own)
	faults := append(p.Faults, p.At(3, "code", "校验码应为 3"), p.At(3, "", "与第 2 行重复"))
	data, err := Mark(bytes.NewReader(own), p.Sheet, faults)
	if err != nil {
		t.Fatal(err)
	}
	f := opened(t, data)
	if got := f.GetSheetList(); !slices.Equal(got, []string{FaultSheet, "台账", "说明"}) {
		t.Fatalf("sheets %v", got)
	}
	for cell, want := range map[string]bool{"A2": false, "B2": false, "A3": true, "B3": true, "C3": true, "D3": true, "E3": false, "B4": true, "D4": false} {
		if got := coloured(t, f, "台账", cell); (got == faultColour) != want {
			t.Errorf("%s is coloured %q", cell, got)
		}
	}
	for cell, want := range map[string]string{"A3": faultsAuthor + ": 与第 2 行重复", "B3": faultsAuthor + ": 校验码应为 3", "B4": faultsAuthor + ": 统一社会信用代码没有填写", "D3": "陈静: 要问", "A2": ""} {
		if got := commentOn(t, f, "台账", cell); got != want {
			t.Errorf("at %s: %q, want %q", cell, got, want)
		}
	}
	id, err := f.GetCellStyle("台账", "C3")
	if err != nil {
		t.Fatal(err)
	}
	if style, err := f.GetStyle(id); err != nil || style.Font == nil || !style.Font.Bold {
		t.Errorf("the own look of a cell is gone: %+v %v", style, err)
	}
	rows, err := f.GetRows(FaultSheet)
	if err != nil || len(rows) != len(faults)+1 {
		t.Fatal(rows, err)
	}
	if want := []string{"3", "C3", "企业性质", "=cmd|'/c calc'!A1", "企业性质只能填市场化、国有兜底"}; !slices.Equal(rows[1], want) {
		t.Errorf("%q", rows[1])
	}
	// What a person typed stands in the list as text: no program computes it.
	for n := range rows {
		for _, column := range []string{"A", "B", "C", "D", "E"} {
			cell := fmt.Sprintf("%s%d", column, n+1)
			if formula, err := f.GetCellFormula(FaultSheet, cell); formula != "" || err != nil {
				t.Errorf("%s computes %q %v", cell, formula, err)
			}
		}
	}
	again := read(data)
	if again.Sheet != p.Sheet || !slices.Equal(again.Faults, p.Faults) || len(again.Rows) != len(p.Rows) || again.Rows[0].Value != p.Rows[0].Value {
		t.Errorf("the marked workbook is read as\n%+v, want\n%+v", again, p)
	}

	// Mended in part and marked once more: what is right now is plain again, and there is one list.
	if err := f.SetCellStr("台账", "C3", "市场化"); err != nil {
		t.Fatal(err)
	}
	var mended bytes.Buffer
	if err := f.Write(&mended); err != nil {
		t.Fatal(err)
	}
	p = read(mended.Bytes())
	if data, err = Mark(bytes.NewReader(mended.Bytes()), p.Sheet, p.Faults); err != nil {
		t.Fatal(err)
	}
	f = opened(t, data)
	if got := f.GetSheetList(); !slices.Equal(got, []string{FaultSheet, "台账", "说明"}) {
		t.Errorf("sheets %v", got)
	}
	for cell, want := range map[string]bool{"A3": false, "B3": false, "C3": false, "D3": true, "B4": true} {
		if got := coloured(t, f, "台账", cell); (got == faultColour) != want {
			t.Errorf("mended, %s is coloured %q", cell, got)
		}
	}
	for cell, want := range map[string]string{"A3": "", "B3": "", "D3": "陈静: 要问", "B4": faultsAuthor + ": 统一社会信用代码没有填写"} {
		if got := commentOn(t, f, "台账", cell); got != want {
			t.Errorf("mended, at %s: %q, want %q", cell, got, want)
		}
	}
}

// TestMarkHasLimits: many faults are listed, some are coloured, and what cannot be marked is refused with a way out.
func TestMarkHasLimits(t *testing.T) {
	own := ownWorkbook(t)
	many := make([]Fault, maxListed+3)
	for i := range many {
		row := int64(i + 2)
		many[i] = Fault{Row: row, Cell: address(0, row), Field: "name", Title: "企业名称", Message: "企业名称没有填写"}
	}
	data, err := Mark(bytes.NewReader(own), "台账", many)
	if err != nil {
		t.Fatal(err)
	}
	f := opened(t, data)
	rows, err := f.GetRows(FaultSheet)
	if err != nil || len(rows) != maxListed+2 || rows[maxListed+1][4] != "另有 3 处，改好上面的再上传就会列出" {
		t.Errorf("%d rows, the last is %q %v", len(rows), rows[len(rows)-1], err)
	}
	comments, err := f.GetComments("台账")
	if err != nil || len(comments) != maxMarkedCells+1 {
		t.Errorf("%d comments %v", len(comments), err)
	}
	for name, data := range map[string][]byte{"no workbook": []byte("PK no"), "empty": nil} {
		if _, err := Mark(bytes.NewReader(data), "台账", many[:1]); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), "清单") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Mark(bytes.NewReader(own), "没有", many[:1]); !fault.Is(err, fault.Invalid) {
		t.Error("a sheet that is not there:", err)
	}
	if _, err := Firms().Read(bytes.NewReader(book(t, FaultSheet, []any{"企业名称"}))); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), "没有要导入的工作表") {
		t.Error("nothing but a list of faults:", err)
	}
}

// TestMarkWithoutStyles: a workbook from a program that writes no styles is marked like any other.
func TestMarkWithoutStyles(t *testing.T) {
	full := book(t, "台账", []any{"企业名称", "统一社会信用代码", "企业性质"}, []any{"赣北物业服务有限公司", codeOne, "市场"})
	in, err := zip.NewReader(bytes.NewReader(full), int64(len(full)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range in.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == stylesPart {
			continue
		}
		// Neither its type nor its link is there either.
		plain := regexp.MustCompile(`<(Override|Relationship)[^>]*styles[^>]*(/>|></(Override|Relationship)>)| s="[0-9]+"`).ReplaceAllString(string(text), "")
		part, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, plain); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	p, err := Firms().Read(bytes.NewReader(out.Bytes()))
	if err != nil || len(p.Faults) != 1 {
		t.Fatal(p.Faults, err)
	}
	data, err := Mark(bytes.NewReader(out.Bytes()), p.Sheet, p.Faults)
	if err != nil {
		t.Fatal(err)
	}
	f := opened(t, data)
	if got := coloured(t, f, "台账", "C2"); got != faultColour {
		t.Errorf("C2 is coloured %q", got)
	}
	if got := commentOn(t, f, "台账", "C2"); !strings.Contains(got, "只能填市场化、国有兜底") {
		t.Errorf("at C2: %q", got)
	}
	links, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{stylesPart, linksPart, typesPart} {
		r, err := links.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(r); err != nil || name != stylesPart && strings.Count(string(text), "styles.xml") != 1 {
			t.Errorf("%s: %s %v", name, text, err)
		}
	}
}
