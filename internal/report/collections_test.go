package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/fault"
	"redsteward/supervision/collection"
)

func collectionSheet(t *testing.T) Collection {
	t.Helper()
	columns, _, bad := collection.Revise(nil, 1, []collection.ColumnInput{{Title: "户数", Kind: collection.KindWhole, Required: true}, {Title: "面积", Kind: collection.KindDecimal}, {Title: "投入", Kind: collection.KindMoney},
		{Title: "日期", Kind: collection.KindDate}, {Title: "有无", Kind: collection.KindYesNo}, {Title: "电话", Kind: collection.KindPhone}, {Title: "情况", Kind: collection.KindLong}})
	if len(bad) > 0 {
		t.Fatal(bad)
	}
	return Collection{Title: "消防排查：10/11月", Columns: columns, Asked: collection.Standing(columns), Each: true, Compounds: []collection.Compound{{ID: "p1", Text: "望湖苑"}, {ID: "p2", Text: "锦绣花园"}}}
}

// changed is a workbook with something done to it.
func changed(t *testing.T, data []byte, do func(f *excelize.File, sheet string)) []byte {
	t.Helper()
	f := opened(t, data)
	do(f, f.GetSheetList()[0])
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestCollectionSheet: what the template says is read back; merged cells, formulas, other headings and too many rows are named.
func TestCollectionSheet(t *testing.T) {
	s := collectionSheet(t)
	rows := []collection.Row{{ID: "p1", Project: "p1"}, {ID: "p2", Project: "p2"}}
	for place, kept := range []string{"300", "580.1234", "128050", "2026-10-20", "是", "13800005678", "=HYPERLINK(\"http://x\")"} {
		rows[0].Set(s.Columns, place, kept)
	}
	data, err := s.Template(rows)
	if err != nil {
		t.Fatal(err)
	}
	read, err := s.Read(bytes.NewReader(data))
	if err != nil || len(read.Lines) != 1 || len(read.Faults) != 0 {
		t.Fatal(read, err) // the second row has only its name, which the template gives
	}
	for id, want := range map[string]string{"c1": "300", "c2": "580.1234", "c3": "1280.50", "c4": "2026-10-20", "c5": "是", "c6": "13800005678", "c7": "=HYPERLINK(\"http://x\")"} {
		if got := read.Lines[0].Values[id]; got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	set := func(cell string, value any) func(*excelize.File, string) {
		return func(f *excelize.File, sheet string) {
			if err := f.SetCellValue(sheet, cell, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		do   func(*excelize.File, string)
		says string
	}{
		"merged": {func(f *excelize.File, sheet string) {
			if err := f.MergeCell(sheet, "H2", "H3"); err != nil {
				t.Fatal(err)
			}
		}, "H2 至 H3 是合并的单元格"},
		"other headings":        {set("B1", "住户"), "第 1 行没有“户数”"},
		"a column of one's own": {set("I1", "备注"), "I1“备注”不是这张表的栏目"},
		"ten thousand": {func(f *excelize.File, sheet string) {
			for n := range 10_000 {
				set(address(1, int64(n+2)), n)(f, sheet)
			}
		}, "最多 200 行"},
	} {
		_, err := s.Read(bytes.NewReader(changed(t, data, c.do)))
		text := fault.MessageOf(err)
		for _, f := range fault.FieldsOf(err) {
			text += f.Message
		}
		if !fault.Is(err, fault.Invalid) || !strings.Contains(text, c.says) {
			t.Errorf("%s: %v %q", name, err, text)
		}
	}
	read, err = s.Read(bytes.NewReader(changed(t, data, func(f *excelize.File, sheet string) {
		if err := f.SetCellFormula(sheet, "B2", "=100+200"); err != nil {
			t.Fatal(err)
		}
		set("D3", "很多")(f, sheet)
		set("B3", 12)(f, sheet)
	})))
	if err != nil || len(read.Faults) != 2 || read.Faults[0].Text() != "B2：户数是公式，请复制后“选择性粘贴”为数值" || !strings.HasPrefix(read.Faults[1].Text(), "D3：投入") {
		t.Error(read.Faults, err)
	}
}

// TestMerged: one sheet for each group, numbers as numbers, and no text becomes a formula.
func TestMerged(t *testing.T) {
	s := collectionSheet(t)
	row := func(firm, township string, words string) collection.Merged {
		r := collection.Row{}
		r.Set(s.Columns, 0, "300")
		r.Set(s.Columns, 2, "128050")
		r.Set(s.Columns, 6, words)
		m := collection.Merged{To: collection.Addressee{Name: firm}, Where: collection.Where{Name: "望湖苑", Community: "城东社区", Township: township}}
		for i, c := range s.Columns {
			m.Texts, m.Kept = append(m.Texts, c.Typed(r.At(i))), append(m.Kept, r.At(i))
		}
		return m
	}
	list := []collection.Merged{row("甲/乙物业", "万户镇", "无"), row("丙物业", "都昌镇", "=cmd|' /C calc'!A0"), row("丙物业", "万户镇", "无")}
	for by, want := range map[Group]string{GroupTownship: "万户镇 都昌镇 未报单位", GroupUnit: "丙物业 甲-乙物业 未报单位", GroupCommunity: "城东社区 未报单位", GroupNone: "汇总 未报单位"} {
		data, err := Write(Merged(s.Columns, list, by, Figures{Sheet: "未报单位", Heads: []string{"填报单位"}})...)
		if err != nil {
			t.Fatal(err)
		}
		f := opened(t, data)
		if got := strings.Join(f.GetSheetList(), " "); got != want {
			t.Errorf("%s: %q, want %q", by, got, want)
		}
		if by != GroupTownship {
			continue
		}
		if formula, _ := f.GetCellFormula("都昌镇", "K2"); formula != "" {
			t.Error("a formula came in:", formula)
		}
		if kind, _ := f.GetCellType("都昌镇", "E2"); kind == excelize.CellTypeSharedString || kind == excelize.CellTypeInlineString {
			t.Error("a number became text")
		}
		if money, _ := f.GetCellValue("都昌镇", "G2", excelize.Options{RawCellValue: true}); money != "1280.5" {
			t.Errorf("money %q", money)
		}
	}
	if a, b := sheetName(strings.Repeat("长", 40), map[string]bool{}), sheetName(strings.Repeat("长", 40), map[string]bool{strings.Repeat("长", 31): true}); len([]rune(a)) != 31 || len([]rune(b)) != 31 || a == b {
		t.Error(a, b)
	}
}
