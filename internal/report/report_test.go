package report

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
)

// book makes a workbook of raw cells in one sheet.
func book(t testing.TB, sheet string, rows ...[]any) []byte {
	t.Helper()
	f := excelize.NewFile()
	if err := f.SetSheetName("Sheet1", sheet); err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if err := f.SetSheetRow(sheet, fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func day(text string) calendar.Date {
	d, err := calendar.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}

// TestExportIsReadBack: what the register exports can be read as a template is, value for value.
func TestExportIsReadBack(t *testing.T) {
	firm := registry.FirmLine{FirmInput: registry.FirmInput{Name: "赣北物业服务有限公司", Code: "91360428MA0TEYAKX9", LegalPerson: "=1+1", Phone: "13812345678", Address: "东风大道 1 号", Origin: registry.OriginState},
		Party: registry.Party{Form: registry.PartyInstructor, Members: 3, Office: "县住建局", Days: policy.Span{From: day("2026-01-01")}}}
	contract := registry.ContractLine{ContractInput: registry.ContractInput{Kind: registry.ContractChosen, Level: registry.LevelNone, Fee: 105, Days: policy.Span{From: day("2024-02-29"), Until: day("2028-12-31")}},
		CommunityName: "360428100001", ProjectName: "望湖苑", FirmCode: "91350100M000100Y43"}
	project := registry.ProjectLine{ProjectInput: registry.ProjectInput{Name: "望湖苑", Address: "东风大道 8 号", Households: 1164, Area: num.MustParse("52000.05"), Kind: registry.KindMixed, Delivered: day("1999-12-31")},
		TownshipName: "都昌镇", CommunityName: "城东社区", Body: registry.Body{Kind: registry.BodyCommittee, Days: policy.Span{From: day("2024-05-01"), Until: day("2029-04-30")}}}
	data, err := Write(Firms().Filled([]registry.FirmLine{firm, {}}), Contracts().Filled([]registry.ContractLine{contract}), Projects().Filled([]registry.ProjectLine{project}))
	if err != nil {
		t.Fatal(err)
	}
	for kind, want := range map[registry.ImportKind]registry.Line{
		registry.ImportFirms: {Row: 2, Firm: &firm}, registry.ImportContracts: {Row: 2, Contract: &contract}, registry.ImportProjects: {Row: 2, Project: &project},
	} {
		read, err := ReadRegister(kind, bytes.NewReader(data))
		if err != nil || len(read.Lines) != 1 || !reflect.DeepEqual(read.Lines[0], want) {
			t.Errorf("%s: %+v %v", kind, read, err)
		}
	}
	// So can what is exported as comma separated values, in both encodings; a text that a spreadsheet would run comes back without what kept it from that.
	text, err := WriteCSV(Firms().Filled([]registry.FirmLine{firm}))
	if err != nil || !strings.Contains(string(text), ",'=1+1,") {
		t.Fatalf("%s %v", text, err)
	}
	gb, err := simplifiedchinese.GB18030.NewEncoder().Bytes(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range [][]byte{text, gb, bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n\n"))} {
		data, err := FromCSV(text)
		if err != nil {
			t.Fatal(err)
		}
		read, err := ReadRegister(registry.ImportFirms, bytes.NewReader(data))
		if err != nil || len(read.Lines) != 1 || !reflect.DeepEqual(read.Lines[0].Firm, &firm) {
			t.Errorf("%+v %v", read, err)
		}
	}
	for _, bad := range []string{"a\x00b", "\xff\xff", strings.Repeat("a,", 300)} {
		if _, err := FromCSV([]byte(bad)); !fault.Is(err, fault.Invalid) {
			t.Errorf("%.20q: %v", bad, err)
		}
	}
	// The second firm is empty: every required cell of it is named, and only those; 党员人数 holds 0.
	read, err := ReadRegister(registry.ImportFirms, bytes.NewReader(data))
	if err != nil || len(read.Faults) != 3 || read.Faults[0].Text() != "A3：企业名称没有填写" || read.Faults[2].Text() != "C3：企业性质没有填写" {
		t.Errorf("%+v %v", read.Faults, err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if formula, err := f.GetCellFormula("物业服务企业", "D2"); err != nil || formula != "" {
		t.Errorf("a text became the formula %q %v", formula, err)
	}
	if shown, err := f.GetCellValue("物业服务合同", "H2"); err != nil || shown != "2024-02-29" {
		t.Errorf("a day is shown as %q %v", shown, err)
	}
	if shown, err := f.GetCellValue("小区", "E2"); err != nil || shown != "1,164" {
		t.Errorf("a number is shown as %q %v", shown, err)
	}
}

func TestDaysAreReadBack(t *testing.T) {
	type row struct {
		D calendar.Date
		N num.Num
	}
	table := Table[row]{Sheet: "x", Columns: []Column[row]{Date("d", "日", "2026-01-01", func(r *row) *calendar.Date { return &r.D }).Must(),
		Decimal("n", "数", "1.20", 2, func(r *row) *num.Num { return &r.N })}}
	first := day("1960-01-01")
	var all []row
	for len(all) < 100 { // a short run draws few at a time
		rapid.Check(t, func(t *rapid.T) {
			all = append(all, row{first.Add(rapid.IntRange(0, 50_000).Draw(t, "day")), num.FromFrac(rapid.Int64Range(-1e10, 1e10).Draw(t, "hundredths"), 100)})
		})
	}
	data, err := Write(table.Filled(all))
	if err != nil {
		t.Fatal(err)
	}
	p, err := table.Read(bytes.NewReader(data))
	if err != nil || len(p.Rows) != len(all) {
		t.Fatalf("%d of %d rows: %+v %v", len(p.Rows), len(all), p.Faults, err)
	}
	for i, in := range all {
		if got := p.Rows[i].Value; got.D != in.D || !got.N.Equal(in.N) {
			t.Fatalf("%+v was read as %+v", in, got)
		}
	}
}

func TestTemplate(t *testing.T) {
	// How many columns each explains, and how many of them offer choices.
	columns := map[string][2]int{"divisions": {15, 0}, "firms": {21, 2}, "developers": {6, 0}, "projects": {15, 2}, "buildings": {11, 1}, "contracts": {11, 3}, "papers": {8, 1}, "revenues": {20, 0}, "repairs": {7, 1}}
	for _, kind := range registry.ImportKinds() {
		data, err := RegisterTemplate(registry.ImportKind(kind.ID))
		if err != nil {
			t.Fatal(err)
		}
		read, err := ReadRegister(registry.ImportKind(kind.ID), bytes.NewReader(data))
		if err != nil || len(read.Lines)+len(read.Faults) != 0 {
			t.Errorf("%s: %+v %v", kind.ID, read, err)
		}
		f, err := excelize.OpenReader(bytes.NewReader(data))
		if err != nil || f.SheetCount != 2 {
			t.Fatalf("%d sheets %v", f.SheetCount, err)
		}
		notes, err := f.GetRows(explainSheet)
		if err != nil || len(notes) != columns[kind.ID][0]+1 {
			t.Errorf("%s: %v %v", kind.ID, notes, err)
		}
		lists, err := f.GetDataValidations(f.GetSheetList()[0])
		if err != nil || len(lists) != columns[kind.ID][1] {
			t.Errorf("%s: %d cells with choices %v", kind.ID, len(lists), err)
		}
	}
	if _, err := RegisterTemplate("x"); !fault.Is(err, fault.NotFound) {
		t.Error(err)
	}
	if _, err := ReadRegister("x", strings.NewReader("")); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}

func TestReadNamesEveryCell(t *testing.T) {
	data := book(t, "随便", []any{"户数 （必填）", "备注", "小区名称", "社区（村）", "地址", "物业类型", "交付日期", "建筑面积（平方米）"},
		[]any{400, "", "望湖苑", "城东社区", "东风大道 8 号", "商品住宅", "2015年6月30日", 52000.5},
		[]any{"四百", "", "望湖苑", "", "东风大道 8 号", "别墅", "去年", 1.234},
		[]any{},
		[]any{"１,１６４", "无", "芝城花园", "城东社区", "东风大道 9 号", "老旧小区", time.Date(2016, 2, 29, 0, 0, 0, 0, time.UTC), 0.1 + 0.2},
		[]any{400.5, "", "9.13604281234568E+17", "城东社区", strings.Repeat("长", maxCell+1), "其他", 0, "x"},
	)
	read, err := ReadRegister(registry.ImportProjects, bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if len(read.Lines) != 2 || read.Lines[1].Row != 5 || read.Lines[1].Project.Households != 1164 || read.Lines[1].Project.Delivered != day("2016-02-29") || read.Lines[1].Project.Area.String() != "0.3" ||
		read.Lines[0].Project.Delivered != day("2015-06-30") {
		t.Errorf("%+v %+v", read.Lines[0].Project, read.Lines[1].Project)
	}
	var got []string
	for _, f := range read.Faults {
		got = append(got, f.Text()+"|"+f.Found)
	}
	want := []string{
		"D3：社区（村）没有填写|", "A3：户数要填整数，例如 400|四百", "H3：建筑面积（平方米）要填数字，最多 2 位小数，例如 52000.50|1.234", "F3：物业类型只能填商品住宅、安置保障住房、老旧小区、商住综合、其他|别墅", "G3：交付日期要填日期，例如 2015-06-30|去年",
		"C6：小区名称这一格是数字格式，长数字的末几位已被 Excel 改掉，请改成文本格式后重新填写|9.13604281234568E+17", "E6：地址有 501 个字，最多 500 个字|" + strings.Repeat("长", maxCell+1), "A6：户数要填整数，例如 400|400.5",
		"H6：建筑面积（平方米）要填数字，最多 2 位小数，例如 52000.50|x", "G6：交付日期要填日期，例如 2015-06-30|0",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// What the register finds is put into the same sheet.
	for _, tt := range []struct {
		row         int64
		field, want string
	}{{2, "name", "C2：x|望湖苑"}, {5, "address", "E5：x|东风大道 9 号"}, {3, "community", "D3：x|"}, {6, "kind", "F6：x|其他"}, {2, "", "第 2 行：x|"}, {2, "township", "第 2 行：x|"}} {
		if f := read.At(tt.row, tt.field, "x"); f.Text()+"|"+f.Found != tt.want {
			t.Errorf("%q, want %q", f.Text()+"|"+f.Found, tt.want)
		}
	}
}

func TestReadRefusesFiles(t *testing.T) {
	wide := make([]any, maxColumns+1)
	wide[maxColumns] = "x"
	long, err := Write(Firms().Filled(slices.Repeat([]registry.FirmLine{{FirmInput: registry.FirmInput{Name: "x"}}}, imports.MaxLines+1)))
	if err != nil {
		t.Fatal(err)
	}
	whole := book(t, "x", []any{"企业名称", "统一社会信用代码", "企业性质"})
	tests := []struct {
		name string
		data []byte
		said string
	}{
		{"nothing", nil, "不能作为 Excel 表格打开"},
		{"no workbook", []byte("企业名称,统一社会信用代码"), "不能作为 Excel 表格打开"},
		{"cut off", whole[:len(whole)/2], "不能作为 Excel 表格打开"},
		{"empty sheet", book(t, "x"), "是空的"},
		{"wrong columns", book(t, "x", []any{"企业名称", "性质"}), "没有“统一社会信用代码”这一列"},
		{"a column twice", book(t, "x", []any{"企业名称", "统一社会信用代码", "企业性质", "企业名称*"}), "出现两次"},
		{"too wide", book(t, "x", []any{"企业名称", "统一社会信用代码", "企业性质"}, wide), "最多 200 列"},
		{"too long", long, "超过 20000 行"},
		{"bomb", promising(t, whole, maxUnpacked), "解开后超过 200 MB"},
		{"bomb that lies about its size", promising(t, whole, 10), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ReadRegister(registry.ImportFirms, bytes.NewReader(tt.data))
			text := fault.MessageOf(err)
			for _, f := range fault.FieldsOf(err) {
				text += f.Message
			}
			if !fault.Is(err, fault.Invalid) || !strings.Contains(text, tt.said) {
				t.Errorf("%v", err)
			}
		})
	}
}

// promising copies a workbook whose directory promises another size for its sheet than the bytes have.
func promising(t testing.TB, data []byte, size uint64) []byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, f := range z.File {
		head := f.FileHeader
		if f.Name == "xl/worksheets/sheet1.xml" {
			head.UncompressedSize64 = size
		}
		raw, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		entry, err := w.CreateRaw(&head)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(entry, raw); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestReadDate(t *testing.T) {
	for _, tt := range []struct {
		text string
		late bool
		want string
	}{
		{"2026-10-19", false, "2026-10-19"}, {"2026/1/9", false, "2026-01-09"}, {"2026.01.09", false, "2026-01-09"}, {"2026年10月19日", false, "2026-10-19"}, {"20261019", false, "2026-10-19"},
		{"2026-10-19 00:00:00", false, "2026-10-19"}, {"46314", false, "2026-10-19"}, {"44852", true, "2026-10-19"}, {"2024-02-29", false, "2024-02-29"},
		{"2026-02-29", false, ""}, {"2026-13-01", false, ""}, {"10/19/2026", false, ""}, {"46314.5", false, ""}, {"400", false, ""}, {"0001-01-01", false, ""}, {"x", false, ""}, {"9999999999", false, ""},
	} {
		got, ok := readDate(cell{tt.text, tt.late})
		if got.String() != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %s %v", tt.text, got, ok)
		}
	}
}

func TestWithinAndShown(t *testing.T) {
	type outer struct {
		registry.FirmLine
		Projects int64
	}
	columns := append(Within(Firms().Columns, func(o *outer) *registry.FirmLine { return &o.FirmLine }), Shown("在管小区", func(o *outer) any { return o.Projects }))
	table := Table[outer]{Sheet: "物业服务企业", Columns: columns}
	data, err := Write(table.Filled([]outer{{registry.FirmLine{FirmInput: registry.FirmInput{Name: "赣北物业", Code: "91350100M000100Y43", Origin: registry.OriginMarket}}, 7}}))
	if err != nil {
		t.Fatal(err)
	}
	f, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	last, err := excelize.CoordinatesToCellName(len(columns), 2)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.GetCellValue("物业服务企业", last); err != nil || got != "7" {
		t.Errorf("%q %v", got, err)
	}
	p, err := table.Read(bytes.NewReader(data))
	if err != nil || len(p.Rows) != 1 || p.Rows[0].Value.Name != "赣北物业" || p.Rows[0].Value.Projects != 0 {
		t.Errorf("%+v %v", p, err)
	}
}

func FuzzRead(f *testing.F) {
	whole := book(f, "物业服务企业", []any{"企业名称", "统一社会信用代码", "企业性质"}, []any{"赣北物业", "91350100M000100Y43", "市场化"})
	f.Add(whole)
	f.Add(whole[:200])
	f.Add([]byte("PK\x03\x04"))
	f.Fuzz(func(t *testing.T, data []byte) {
		read, err := ReadRegister(registry.ImportFirms, bytes.NewReader(data))
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		for _, l := range read.Lines {
			if l.Row < 2 || l.Firm == nil {
				t.Fatalf("%+v", l)
			}
		}
	})
}

// packed is a workbook of one sheet, of the parts given.
func packed(t testing.TB, workbook, sheet, shared string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, part := range [][2]string{
		{"[Content_Types].xml", `<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override PartName="/xl/sharedStrings.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>`},
		{"_rels/.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{"xl/workbook.xml", `<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="表" sheetId="1" r:id="r1"/></sheets>` + workbook + `</workbook>`},
		{"xl/_rels/workbook.xml.rels", `<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>`},
		{"xl/worksheets/sheet1.xml", sheet}, {"xl/sharedStrings.xml", shared},
	} {
		w, err := z.CreateHeader(&zip.FileHeader{Name: part[0], Method: zip.Store})
		if err == nil {
			_, err = io.WriteString(w, part[1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// The frame of a sheet's part.
const sheetHead, sheetTail = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`, `</sheetData></worksheet>`

// FuzzSheet: the parts of a workbook may say anything; behind the container, which FuzzRead guards, cells are read within their bounds or the file is refused. Each kind of import has its columns: texts, days, money, choices.
func FuzzSheet(f *testing.F) {
	kinds := registry.ImportKinds()
	cell := func(text string) string { return `<c t="inlineStr"><is><t>` + text + `</t></is></c>` }
	for _, rows := range []string{"", `<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="A2" t="inlineStr"><is><t>赣北物业</t></is></c></row>`, `<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>`,
		`<row r="-1"><c r="A0" t="s"><v>-1</v></c></row>`, `<row><c t="s"><v>99999999999</v></c><c t="d"><v>x</v></c></row>`, `<row r="2"/><row r="1"/>`, `<row r="1"><c r="A1" t="b"><v>7</v></c><c r="ZZZZ1"><f>1+1</f></c></row>`} {
		f.Add(sheetHead+rows+sheetTail, `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>企业名称</t></si><si><r><t>统一社会</t></r><r><t>信用代码</t></r></si></sst>`, uint8(1))
	}
	f.Add(`<worksheet><sheetData><row r="1"`, `<sst><si>`, uint8(0))
	for i, kind := range kinds {
		template, err := RegisterTemplate(registry.ImportKind(kind.ID))
		if err != nil {
			f.Fatal(err)
		}
		rows, err := Cells(bytes.NewReader(template), 50)
		if err != nil {
			f.Fatal(err)
		}
		for _, value := range []string{"46300.5", "2026-10-19", "12,345.67", "-1e400", "0x1p-2"} {
			heads, line := "", ""
			for _, title := range rows[0] {
				heads, line = heads+cell(title), line+`<c><v>`+value+`</v></c>`
			}
			f.Add(sheetHead+"<row>"+heads+"</row><row>"+line+"</row>"+sheetTail, "", uint8(i))
		}
	}
	f.Fuzz(func(t *testing.T, sheet, shared string, kind uint8) {
		data := packed(t, "", sheet, shared)
		const most = 50
		rows, err := Cells(bytes.NewReader(data), most)
		if err != nil && !fault.Is(err, fault.Invalid) || len(rows) > most {
			t.Fatal(len(rows), err)
		}
		read, err := ReadRegister(registry.ImportKind(kinds[int(kind)%len(kinds)].ID), bytes.NewReader(data))
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		for _, l := range read.Lines {
			if l.Row < 2 {
				t.Fatalf("%+v", l)
			}
		}
	})
}

// FuzzNamed: an office's form with named cells, and a workbook that is to be marked, may say anything of names, merged cells and comments: they are refused with words, or filled and marked, and can be read again.
func FuzzNamed(f *testing.F) {
	const filled = `<row r="1"><c r="A1"><v>1</v></c></row>`
	for _, names := range []string{"", `<definedNames><definedName name="total">表!$A$1</definedName></definedNames>`, `<definedNames><definedName name="a">'表'!$A$1:$B$2</definedName><definedName name="b">表!B9999999</definedName></definedNames>`,
		`<definedNames><definedName name="x">表!$ZZZ$1048577</definedName></definedNames>`, `<definedNames><definedName name="_xlnm.Print_Area">表!$A$1</definedName><definedName>`, `<definedNames/><calcPr/>`, `<definedNames><definedName name="total" localSheetId="7">别!A0</definedName></definedNames>`} {
		for _, rest := range []string{sheetTail, `</sheetData><mergeCells count="1"><mergeCell ref="A1:B2"/></mergeCells></worksheet>`, `</sheetData><mergeCells><mergeCell ref="A1"/><mergeCell ref=":"/><mergeCell/></mergeCells></worksheet>`, `</sheetData><legacyDrawing r:id="r9"/></worksheet>`} {
			f.Add(names, sheetHead+filled+rest)
		}
	}
	f.Fuzz(func(t *testing.T, workbook, sheet string) {
		data := packed(t, workbook, sheet, "")
		names, err := NamedCells(bytes.NewReader(data))
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		values := map[string]any{}
		for _, n := range names {
			values[n.Name] = int64(7)
		}
		out, err := FillNamed(data, values)
		if err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
		if err == nil {
			if again, err := NamedCells(bytes.NewReader(out)); err != nil || len(again) != len(names) {
				t.Fatalf("filled: %v, %d names of %d", err, len(again), len(names))
			}
		}
		if _, err := Mark(bytes.NewReader(data), "表", []Fault{{Row: 1, Cell: "A1", Title: "列", Message: "不对"}}); err != nil && !fault.Is(err, fault.Invalid) {
			t.Fatal(err)
		}
	})
}

// TestBombEverywhere: whatever takes a workbook in refuses one that promises to unpack beyond the limit, and says so.
func TestBombEverywhere(t *testing.T) {
	bomb := promising(t, book(t, "x", []any{"企业名称", "统一社会信用代码", "企业性质"}), maxUnpacked)
	data, err := os.ReadFile("../../configs/books.yaml")
	if err != nil {
		t.Fatal(err)
	}
	set, err := registry.ParseBooks("books.yaml", data)
	if err != nil {
		t.Fatal(err)
	}
	readers := map[string]func() error{
		"cells of a statement": func() error { _, err := Cells(bytes.NewReader(bomb), 10); return err },
		"observations": func() error {
			sheet, err := Observations(asked(), askedIn)
			if err == nil {
				_, err = sheet.Read(bytes.NewReader(bomb), askedIn)
			}
			return err
		},
	}
	for _, kind := range registry.ImportKinds() {
		readers[kind.Text] = func() error { _, err := ReadRegister(registry.ImportKind(kind.ID), bytes.NewReader(bomb)); return err }
	}
	for _, b := range set.All() {
		readers[b.Title] = func() error { _, err := ReadBookSheet(&b, bytes.NewReader(bomb)); return err }
	}
	if len(readers) < 10 {
		t.Fatalf("only %d readers", len(readers))
	}
	for name, read := range readers {
		if err := read(); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), "解开后超过 200 MB") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
