package inspection

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/supervision"
)

// small is a right sheet that tests spoil.
const small = `format: 1
sheet: small
version: "1"
title: 小表
series: small
level: 一级
from: 2026-01-01
kind: visit
persons: 2
basis: 试验
feeds:
  - {id: clean, fact: visit_clean, points: clean_points, full: clean_full}
categories:
  - id: a
    name: 一
    items:
      - {id: "1.1", sentence: 干净, how: 看, points: 4, deductions: [1, 2], feed: clean, photo: true, paper: suggestion, request: 打扫}
      - {id: "1.2", sentence: 通畅, how: 看, points: 3, feed: clean, paper: transfer, to: 消防救援机构, request: 处理}
      - {id: "1.3", sentence: 亮旗帜, how: 看, scale: 2, fact: displays, column: display_flag}
`

func shippedFiles(t testing.TB) []File {
	t.Helper()
	names, err := filepath.Glob("../../configs/checklists/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	var files []File
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, File{Name: filepath.Base(name), Data: data})
	}
	return files
}

func shippedSheets(t testing.TB) *Sheets {
	t.Helper()
	sheets, err := LoadSheets(shippedFiles(t)...)
	if err != nil {
		t.Fatal(err)
	}
	return sheets
}

func TestShippedSheets(t *testing.T) {
	sheets := shippedSheets(t)
	day := mustDate("2027-02-10")
	var ids []string
	for _, level := range []string{"一级", "二级", "三级", "无等级"} {
		sheet, hash, err := sheets.Pick("service", level, day)
		if err != nil || sheet.Level != level || len(hash) != 64 {
			t.Fatal(sheet.Level, hash, err)
		}
		if sheet.Count() != 27 || len(sheet.Categories) != 6 || sheet.Persons != 2 || !sheet.Proposal {
			t.Errorf("%s: %d items in %d categories", level, sheet.Count(), len(sheet.Categories))
		}
		var own []string
		for _, item := range sheet.Items() {
			own = append(own, item.ID)
			if item.Paper == supervision.PaperOrder || item.Law != (Law{}) {
				t.Errorf("%s %s orders", level, item.ID)
			}
		}
		if ids == nil {
			ids = own
		}
		if !slices.Equal(ids, own) {
			t.Errorf("%s: an item's number stands for another thing: %v", level, own)
		}
		if exit, _, ok := sheet.Find("4.3"); !ok || exit.Paper != supervision.PaperTransfer || exit.To != "消防救援机构" {
			t.Errorf("%s: a blocked exit is not the bureau's to order: %+v", level, exit)
		}
	}
	if sheet, _, err := sheets.Pick("displays", "二级", day); err != nil || sheet.Count() != 6 || sheet.Persons != 1 {
		t.Error(sheet.Count(), err)
	}
	// Safety and fire: looked at, never scored, each finding has its paper.
	safety, _, err := sheets.Pick("safety", "一级", day)
	if err != nil || safety.Count() != 18 || len(safety.Feeds) != 0 || safety.Persons != 2 {
		t.Error(safety.Count(), err)
	}
	for _, item := range safety.Items() {
		if item.Points != 0 || item.Paper == "" || item.Paper == supervision.PaperOrder {
			t.Errorf("%s: %+v", item.ID, item)
		}
	}
	if got := sheets.Series(day); len(got) != 3 {
		t.Errorf("%d series", len(got))
	}
	for _, f := range shippedFiles(t) {
		if found := forbidden(string(f.Data)); found != "" {
			t.Errorf("%s uses %q, a word of administrative checks", f.Name, found)
		}
	}
}

// forbidden finds words of law enforcement that a 走访评价 must not use outside the remark that it is none.
func forbidden(text string) string {
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		for _, word := range []string{"责令", "处罚", "执法", "检查笔录", "行政检查", "罚款"} {
			if strings.Contains(line, word) {
				return word
			}
		}
	}
	return ""
}

// Every fact of the shipped schemes that asks for this source is fed by a sheet, and nothing is fed that no scheme asks for.
func TestShippedSheetsFeedTheShippedSchemes(t *testing.T) {
	type fact struct {
		ID, Source, Numerator, Denominator string
		Items                              []struct{ Column string }
	}
	want := map[string][]string{}
	for _, name := range []string{"five-goods-quarter.yaml", "five-goods-year.yaml"} {
		data, err := os.ReadFile("../../configs/schemes/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var scheme struct{ Facts []fact }
		if err := yaml.Unmarshal(data, &scheme); err != nil {
			t.Fatal(err)
		}
		for _, f := range scheme.Facts {
			if f.Source != "inspection" {
				continue
			}
			columns := []string{f.Numerator, f.Denominator}
			if len(f.Items) > 0 {
				columns = nil
			}
			for _, item := range f.Items {
				columns = append(columns, item.Column)
			}
			want[f.ID] = columns
		}
	}
	sheets := shippedSheets(t)
	for _, level := range []string{"一级", "二级", "三级", "无等级"} {
		got := map[string][]string{}
		for _, series := range []string{"service", "displays"} {
			sheet, _, err := sheets.Pick(series, level, mustDate("2027-02-10"))
			if err != nil {
				t.Fatal(err)
			}
			for _, sum := range sheet.sums(nil) {
				for _, cell := range sum.Cells {
					got[sum.Fact] = append(got[sum.Fact], cell.Column)
				}
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s feeds %v, the schemes ask for %v", level, got, want)
		}
		for id, columns := range want {
			if !slices.Equal(got[id], columns) {
				t.Errorf("%s: %s gets %v, want %v", level, id, got[id], columns)
			}
		}
	}
}

func TestBadSheets(t *testing.T) {
	replace := func(old, with string) string {
		if !strings.Contains(small, old) {
			t.Fatalf("no %q", old)
		}
		return strings.Replace(small, old, with, 1)
	}
	tests := []struct{ name, text, want string }{
		{"right", small, ""},
		{"format", replace("format: 1", "format: 2"), "s.yaml:1:9: format 只能是 1"},
		{"unknown key", replace("persons: 2", "persons: 2\nsigners: 2"), "s.yaml:10:1: 没有 signers 这个键"},
		{"missing key", replace("basis: 试验\n", ""), "缺少 basis"},
		{"persons", replace("persons: 2", "persons: 3"), "s.yaml:9:10: persons 只能是 1 或 2"},
		{"overlap", replace("persons: 2", "persons: 2\noverlap: 51"), "s.yaml:10:10: overlap 是每一百次走访里再评几次，要在 0 至 50 之间，现在是 51"},
		{"an administrative check", replace("kind: visit", "kind: check"), "kind 只能是 visit"},
		{"id", replace("sheet: small", "sheet: Small"), "s.yaml:2:8"},
		{"date", replace("2026-01-01", "2026-02-30"), "s.yaml:7:7"},
		{"an order", replace("paper: suggestion", "paper: order, law: {name: 条例, article: 第一条, competence: 职权}"), "走访评价不能责令"},
		{"an order without law", replace("paper: suggestion", "paper: order, law: {name: 条例}"), "须写明 law"},
		{"a suggestion with law", replace("paper: suggestion", "paper: suggestion, law: {name: 条例}"), "law 只用于"},
		{"a transfer to nobody", replace("to: 消防救援机构, ", ""), "移送函要写 to"},
		{"a suggestion to somebody", replace("paper: suggestion", "paper: suggestion, to: 甲"), "移送函要写 to"},
		{"no paper", replace("paper: suggestion, ", ""), "paper 只能是"},
		{"no request", replace(", request: 打扫", ""), "request"},
		{"points", replace("points: 4", "points: 21"), "s.yaml:17:51: 条目 1.1：points 要在 1 至 20 之间"},
		{"deduction above the points", replace("[1, 2]", "[1, 5]"), "扣分 5 不在 1 至 4 之间"},
		{"deductions unordered", replace("[1, 2]", "[2, 1]"), "从小到大"},
		{"deductions twice", replace("[1, 2]", "[2, 2]"), "不能重复"},
		{"unknown feed", replace("feed: clean, photo", "feed: dirt, photo"), `feeds 里没有 "dirt"`},
		{"unused feed", replace("feeds:\n", "feeds:\n  - {id: more, fact: a, points: b, full: c}\n"), "没有一个条目的得分归入 more"},
		{"feed twice", replace("feeds:\n", "feeds:\n  - {id: clean, fact: a, points: b, full: c}\n"), "去向 clean 写了两次"},
		{"column twice", replace("full: clean_full", "full: clean_points"), "栏目 clean_points 已经用在"},
		{"item twice", replace(`id: "1.2"`, `id: "1.1"`), "条目 1.1 写了两次"},
		{"item id", replace(`id: "1.2"`, `id: "1/2"`), "编号只能用"},
		{"scale", replace("scale: 2", "scale: 9"), "scale 要在 1 至 4 之间"},
		{"scale with points", replace("scale: 2", "scale: 2, points: 2"), "分档的条目没有 points"},
		{"scale without column", replace(", column: display_flag", ""), "要写 fact 和 column"},
		{"column without scale", replace("points: 3", "points: 3, column: x"), "只用于写了 scale"},
		{"long text", replace("sentence: 干净", "sentence: "+strings.Repeat("长", 201)), "现在有 201 个"},
		{"no item", strings.Split(small, "    items:")[0] + "    items: []\n", "没有条目"},
		{"not yaml", "a: [", "不是有效的 YAML"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseSheet("s.yaml", []byte(tt.text))
			if tt.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
			for _, f := range fault.FieldsOf(err) {
				if !strings.HasPrefix(f.Name, "s.yaml:") {
					t.Errorf("no place: %+v", f)
				}
			}
		})
	}
}

func TestSheetsThatExcludeEachOther(t *testing.T) {
	load := func(second string) error {
		_, err := LoadSheets(File{"a.yaml", []byte(small)}, File{"b.yaml", []byte(second)})
		return err
	}
	other := strings.NewReplacer("sheet: small", "sheet: other", "level: 一级", "level: 二级").Replace(small)
	for name, tt := range map[string]struct{ text, want string }{
		"another level":         {other, ""},
		"same version":          {small, "版本 small 1 与 a.yaml 相同"},
		"same first day":        {strings.Replace(small, `version: "1"`, `version: "2"`, 1), "起用日 small 一级 2026-01-01 与 a.yaml 相同"},
		"another first day":     {strings.NewReplacer(`version: "1"`, `version: "2"`, "2026-01-01", "2027-01-01").Replace(small), ""},
		"another number signs":  {strings.Replace(other, "persons: 2", "persons: 1", 1), "签名人数不同：2 和 1"},
		"mistakes in the other": {strings.Replace(other, "format: 1", "format: 3", 1), "b.yaml:1:9"},
	} {
		err := load(tt.text)
		if tt.want == "" && err != nil || tt.want != "" && (!fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
}

func TestPickTakesTheNewestInForce(t *testing.T) {
	newer := strings.NewReplacer(`version: "1"`, `version: "2"`, "2026-01-01", "2027-01-01").Replace(small)
	for _, order := range [][]string{{small, newer}, {newer, small}} {
		sheets, err := LoadSheets(File{"a.yaml", []byte(order[0])}, File{"b.yaml", []byte(order[1])})
		if err != nil {
			t.Fatal(err)
		}
		for day, want := range map[string]string{"2026-12-31": "1", "2027-01-01": "2"} {
			if got, _, err := sheets.Pick("small", "一级", mustDate(day)); err != nil || got.Version != want {
				t.Errorf("%s: version %s, want %s (%v)", day, got.Version, want, err)
			}
		}
		for _, ask := range []struct{ series, level, day string }{{"small", "二级", "2027-01-01"}, {"none", "一级", "2027-01-01"}, {"small", "一级", "2025-12-31"}} {
			if _, _, err := sheets.Pick(ask.series, ask.level, mustDate(ask.day)); !fault.Is(err, fault.Invalid) {
				t.Errorf("%+v: %v", ask, err)
			}
		}
	}
}

func FuzzParseSheet(f *testing.F) {
	f.Add([]byte(small))
	f.Add([]byte("categories:\n  - items: [{id: a, scale: 2}]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		sheet, err := ParseSheet("s.yaml", data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) == 0 {
				t.Fatal(err)
			}
			return
		}
		for _, item := range sheet.Items() {
			if item.Paper == supervision.PaperOrder || len(item.Values()) < 3 {
				t.Fatalf("%+v", item)
			}
		}
	})
}

func mustDate(text string) calendar.Date {
	d, err := calendar.ParseDate(text)
	if err != nil {
		panic(err)
	}
	return d
}
