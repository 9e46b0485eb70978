package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/supervision"
)

// asked are a ratio, an event, a yes-or-no and a second ratio that shares its labels with the first.
func asked() []supervision.Ask {
	ratio := func(fact, name string) supervision.Ask {
		return supervision.Ask{Fact: fact, Name: name, Columns: []supervision.Column{{Name: fact + "_a", Label: "满意", Unit: "件", Kind: supervision.ColumnCount, OfColumn: fact + "_b"},
			{Name: fact + "_b", Label: "接通", Unit: "件", Kind: supervision.ColumnCount}}}
	}
	return []supervision.Ask{ratio("matter", "诉求回访"), ratio("repair", "报修回访"),
		{Fact: "veto", Name: "一票否决认定书", Columns: []supervision.Column{{Name: "veto", Label: "认定理由", Kind: supervision.ColumnEvent, Values: []supervision.Choice{{ID: "accident", Text: "发生有责任的安全事故"}}}}},
		{Fact: "filed", Name: "合同已备案", Columns: []supervision.Column{{Name: "filed", Label: "已备案", Kind: supervision.ColumnBool}}}}
}

var askedIn = []AskedPeriod{{Name: "2026年第四季度", Days: calendar.Quarter{Year: 2026, N: 4}.Span()}}

// typed fills cells of a template in and gives the workbook.
func typed(t *testing.T, template []byte, cells map[string]any) []byte {
	t.Helper()
	book, err := excelize.OpenReader(bytes.NewReader(template))
	if err != nil {
		t.Fatal(err)
	}
	for cell, value := range cells {
		if err := book.SetCellValue("观察记录", cell, value); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		t.Fatal(err)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestObservationSheet(t *testing.T) {
	sheet, err := Observations(asked(), askedIn)
	if err != nil {
		t.Fatal(err)
	}
	template, err := sheet.Template([]supervision.ObservationLine{{Township: "都昌镇", Community: "东街社区", Project: "东街花园"}, {Township: "都昌镇", Community: "东街社区", Project: "望湖苑"}}, "2026年第四季度")
	if err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(bytes.NewReader(template))
	if err != nil {
		t.Fatal(err)
	}
	heads, err := book.GetRows("观察记录")
	if err != nil || book.Close() != nil {
		t.Fatal(err)
	}
	want := "乡镇 社区（村） 小区名称 企业统一社会信用代码 事实（必填） 评价周期 满意 接通 认定理由 已备案 文号 期满日 事实发生的日期（必填） 来源（必填）"
	if got := strings.Join(heads[0], " "); got != want || len(heads) != 9 {
		t.Fatalf("%s\n%d rows", got, len(heads))
	}
	// Rows that were prepared and not filled in say nothing; 2 and 4 are of the first two facts, 6 of the veto, 8 of the yes-or-no.
	read, err := sheet.Read(bytes.NewReader(template), askedIn)
	if err != nil || len(read.Lines)+len(read.Faults) != 0 {
		t.Fatal(read, err)
	}
	data := typed(t, template, map[string]any{"G2": 4, "H2": 5, "M2": "2026-10-12", "N2": "台账",
		"G4": "不适用", "H4": "不适用", "M4": 46307, "N4": "台账",
		"I6": "发生有责任的安全事故", "K6": "〔2026〕1号", "L6": "2027-10-11", "M6": "2026-10-12", "N6": "认定书",
		"J8": "是", "M8": "2026-10-12", "N8": "台账"})
	if read, err = sheet.Read(bytes.NewReader(data), askedIn); err != nil || len(read.Faults) != 0 || len(read.Lines) != 4 {
		t.Fatalf("%+v %v", read, err)
	}
	first, second, veto, filed := read.Lines[0], read.Lines[1], read.Lines[2], read.Lines[3]
	if first.Row != 2 || first.Project != "东街花园" || first.Community != "东街社区" || first.Ask.Fact != "matter" || first.Cells[0].Column != "matter_a" || first.Cells[1].Number.String() != "5" ||
		first.Within != askedIn[0].Days || first.Day.String() != "2026-10-12" || first.Source != "台账" {
		t.Errorf("%+v", first)
	}
	if second.Ask.Fact != "repair" || !second.Cells[0].NA || !second.Cells[1].NA || second.Cells[0].Column != "repair_a" || second.Day.String() != "2026-10-12" {
		t.Errorf("%+v", second)
	}
	if cell := veto.Cells[0]; cell.Text != "accident" || cell.Document != "〔2026〕1号" || cell.Until.String() != "2027-10-11" {
		t.Errorf("%+v", veto)
	}
	if filed.Cells[0].Number.String() != "1" {
		t.Errorf("%+v", filed)
	}
	// A fault that is found later is put at its cell by the name of the scheme.
	if f := read.At(4, "cells.repair_b", "x"); f.Cell != "H4" || f.Found != "不适用" {
		t.Errorf("%+v", f)
	}
}

func TestObservationSheetFaults(t *testing.T) {
	sheet, err := Observations(asked(), askedIn)
	if err != nil {
		t.Fatal(err)
	}
	template, err := sheet.Template([]supervision.ObservationLine{{Community: "东街社区", Project: "东街花园"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name  string
		cells map[string]any
		said  []string
	}{
		{"no number", map[string]any{"G2": "四", "H2": 5, "M2": "2026-10-12", "N2": "x"}, []string{"G2：满意要填数，或者填“不适用”，现在是“四”"}},
		{"a column of another fact", map[string]any{"G2": 4, "H2": 5, "J2": "是", "M2": "2026-10-12", "N2": "x"}, []string{"J2：“诉求回访”没有“已备案”这一栏，请删去“是”"}},
		{"nothing said", map[string]any{"M2": "2026-10-12", "N2": "x"}, []string{"G2：“诉求回访”要填“满意”", "H2：“诉求回访”要填“接通”"}},
		{"no day, no source", map[string]any{"G2": 4, "H2": 5}, []string{"M2：事实发生的日期没有填写", "N2：来源没有填写"}},
		{"another fact", map[string]any{"E2": "别的", "G2": 4}, []string{"E2：事实只能填诉求回访、报修回访"}},
		{"neither yes nor no", map[string]any{"J5": "有", "M5": "2026-10-12", "N5": "x"}, []string{"J5：已备案只能填是、否、不适用，现在是“有”"}},
		{"another period", map[string]any{"F2": "2025年", "G2": 4, "H2": 5, "M2": "2026-10-12", "N2": "x"}, []string{"F2：评价周期只能填2026年第四季度"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			read, err := sheet.Read(bytes.NewReader(typed(t, template, tt.cells)), askedIn)
			if err != nil || len(read.Lines) != 0 {
				t.Fatal(read, err)
			}
			var got []string
			for _, f := range read.Faults {
				got = append(got, f.Text())
			}
			for _, part := range tt.said {
				if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, part) }) {
					t.Errorf("%q is not said: %q", part, got)
				}
			}
		})
	}
	if _, err := Observations(nil, askedIn); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}
