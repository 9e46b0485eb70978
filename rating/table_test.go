package rating

import (
	"fmt"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

const tableScheme = `
format: 1
id: table
version: "1"
title: 表格
proposal: true
engine: 1
table: {id: [RSN, DAY], as_of: DAY, na: [N/A], separator: _}
facts:
  - {id: units, name: 户数, type: count, column: UNITS, max: 5000}
  - {id: fee, name: 收缴, type: ratio, numerator: PAID, denominator: DUE}
  - {id: insured, name: 保险, type: bool, column: INSURED}
  - {id: form, name: 形式, type: text, column: FORM, values: [{id: alone, text: 单建}, {id: joint, text: 联建}]}
  - {id: built, name: 建成, type: date, column: BUILT, column_optional: true}
  - {id: manager, name: 管理公司, type: text, column: MANAGER, column_optional: true}
indicators: [{id: i, name: 一, max: 10, missing: zero, rule: {kind: linear, of: fee, each: 10}}]
`

// TestTableValues reads every type of cell, trims, ignores undeclared columns, and joins.
func TestTableValues(t *testing.T) {
	s := mustParse(t, tableScheme)
	join, err := ReadJoin(strings.NewReader("RSN,MANAGER,UNITS\n7,ACME,9\n8,BETA,9\n"), "RSN")
	if err != nil {
		t.Fatal(err)
	}
	subjects, err := ReadTable(s, strings.NewReader("\uFEFFRSN,COLOUR,DAY,UNITS,PAID,DUE,INSURED,FORM\n"+
		" 7 ,\"red, blue\",2026-01-05, 12,30,40,是,联建\n"+
		"9,,2026-01-06,N/A,,40,no,alone\n"), TableOptions{Join: join, Period: "2026Q1"})
	if err != nil {
		t.Fatal(err, ProblemsOf(err))
	}
	if len(subjects) != 2 || subjects[0].ID != "7_2026-01-05" || subjects[0].AsOf.String() != "2026-01-05" || subjects[0].Period != "2026Q1" {
		t.Fatalf("subjects %+v", subjects)
	}
	got := fmt.Sprintf("%s\n%s", subjects[0].Canonical(), subjects[1].Canonical())
	want := `{"as_of":"2026-01-05","facts":{"fee":{"den":"40","num":"30"},"form":{"text":"joint"},"insured":{"num":"1"},"manager":{"text":"ACME"},"units":{"num":"12"}},"period":"2026Q1","subject":"7_2026-01-05"}
{"as_of":"2026-01-06","facts":{"form":{"text":"alone"},"insured":{"num":"0"},"units":{"state":"na"}},"period":"2026Q1","subject":"9_2026-01-06"}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestTableProblems wants every problem of a table with its line, the place of its column and the column's name, and no subject.
func TestTableProblems(t *testing.T) {
	s := mustParse(t, tableScheme)
	header := "RSN,DAY,UNITS,PAID,DUE,INSURED,FORM\n"
	tests := []struct {
		name, text string
		want       []string
	}{
		{"empty file", "", []string{"1:1: 文件是空的"}},
		{"only a header", header, []string{"1:1: 表格只有表头，没有数据行"}},
		{"missing columns", "RSN,DAY,UNITS,PAID,DUE\n1,2026-01-01,1,1,1\n", []string{`1:1 INSURED: 表格没有列 "INSURED"`, `1:1 FORM: 表格没有列 "FORM"`}},
		{"a column twice", "UNITS," + header + "1,1,2026-01-01,1,1,1,是,单建\n", []string{`1:1 UNITS: 有两列都叫 "UNITS"`}},
		{"number with a comma", header + "1,2026-01-01,\"1,164\",1,1,是,单建\n", []string{"2:3 UNITS: “1,164”不是数字：不要用逗号分节，请写成 1234.5 的形式"}},
		{
			"many at once", header + "1,2026-02-30,-3,x,1,maybe,三建\n1,2026-01-01,9999,1,-1,是,单建\n,2026-01-01,1.5,1,1,是,单建\n1,2026-01-01,1,1,1,是,单建\n",
			[]string{
				`2:2 DAY: 日期要写成 2026-03-31 的样子，不能是 "2026-02-30"`,
				`2:3 UNITS: 户数：要填不小于零的整数，不能是 -3`,
				`2:4 PAID: “x”不是数字`,
				`2:6 INSURED: 要填 是 或 否，不能是 "maybe"`,
				`2:7 FORM: 形式：不认识 "三建"，可以填：单建、联建`,
				`3:3 UNITS: 户数：9999 大于允许的最大值 5000`,
				`3:4 PAID: 收缴：分子和分母不能是负数`,
				`4:1 RSN: 编号是空的`,
				`4:3 UNITS: 户数：要填不小于零的整数，不能是 1.5`,
				`5:1 RSN: 编号 "1_2026-01-01" 与第 3 行重复`,
			},
		},
		{"a short row, then another problem", header + "1,2026-01-01\n2,2026-01-01,x,1,1,是,单建\n", []string{"2:1: 这一行的列数与表头不同", "3:3 UNITS: “x”不是数字"}},
		{"an open quote", header + "1,\"2026-01-01,1,1,1,是,单建\n", []string{"2:32: 引号没有成对"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			subjects, err := ReadTable(s, strings.NewReader(tt.text), TableOptions{})
			if err == nil || subjects != nil || !fault.Is(err, fault.Invalid) {
				t.Fatalf("%d subjects, error %v", len(subjects), err)
			}
			var got []string
			for _, p := range ProblemsOf(err) {
				got = append(got, p.String())
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestTableProblemsAreBounded lists the first 200 and counts all.
func TestTableProblemsAreBounded(t *testing.T) {
	s := mustParse(t, tableScheme)
	var b strings.Builder
	b.WriteString("RSN,DAY,UNITS,PAID,DUE,INSURED,FORM\n")
	for i := range 300 {
		fmt.Fprintf(&b, "%d,2026-01-01,x,1,1,是,单建\n", i)
	}
	_, err := ReadTable(s, strings.NewReader(b.String()), TableOptions{})
	if len(ProblemsOf(err)) != maxProblems || fault.MessageOf(err) != "表格有 300 处错误（只列出前 200 处）" {
		t.Errorf("%d problems, message %q", len(ProblemsOf(err)), fault.MessageOf(err))
	}
}

func TestJoinProblems(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "1:1: 文件是空的",
		"A,B\n1,2\n":             `1:1 RSN: 表格没有列 "RSN"`,
		"RSN,B\n1,2\n2,3\n1,4\n": `4:1 RSN: "1" 与第 2 行重复`,
	} {
		_, err := ReadJoin(strings.NewReader(text), "RSN")
		if ps := ProblemsOf(err); len(ps) != 1 || ps[0].String() != want {
			t.Errorf("%q: problems %v, want %s", text, ps, want)
		}
	}
}

// TestSetRefuses wants Set to hold the declaration.
func TestSetRefuses(t *testing.T) {
	s := mustParse(t, tableScheme)
	sub := s.NewSubject("a", "", 1)
	if err := sub.Set("nothing", Number(one)); !fault.Is(err, fault.NotFound) {
		t.Errorf("undeclared fact: %v", err)
	}
	for name, v := range map[string]Value{
		"a person's name as source": {State: Present, Number: one, Sources: []string{"王某某"}},
		"too large":                 Number(num.FromInt(5001)),
		"not whole":                 Number(num.FromFrac(1, 2)),
	} {
		if err := sub.Set("units", v); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := sub.Set("form", Text("单建")); err != nil || sub.Get("form").Text != "alone" {
		t.Errorf("a declared text is not stored by its id: %v %q", err, sub.Get("form").Text)
	}
}
