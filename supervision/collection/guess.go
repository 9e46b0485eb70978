package collection

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"redsteward/internal/fault"
)

// guesses says what a heading of a sheet usually means; the first that fits counts.
var guesses = []struct {
	says   []string
	kind   Kind
	source Source
}{
	{[]string{"小区名称", "项目名称", "小区（项目）", "住宅小区"}, KindText, SourceProject},
	{[]string{"填报单位", "单位名称", "企业名称", "公司名称"}, KindText, SourceUnit},
	{[]string{"统一社会信用代码", "信用代码"}, KindText, SourceFirmCode},
	{[]string{"所属乡镇", "所在乡镇", "乡镇"}, KindText, SourceTownship},
	{[]string{"所属社区", "所在社区", "社区名称"}, KindText, SourceCommunity},
	{[]string{"物业企业", "物业公司", "服务企业"}, KindText, SourceFirm},
	{[]string{"地址", "坐落"}, KindText, SourceAddress},
	{[]string{"总户数", "户数"}, KindWhole, SourceHouseholds},
	{[]string{"建筑面积"}, KindDecimal, SourceArea},
	{[]string{"电话", "手机", "联系方式"}, KindPhone, ""},
	{[]string{"项目负责人", "项目经理"}, KindPerson, SourceManager},
	{[]string{"联系人", "负责人", "姓名", "填报人", "责任人"}, KindPerson, ""},
	{[]string{"是否", "有无"}, KindYesNo, ""},
	{[]string{"金额", "费用", "（元）", "(元)", "投入"}, KindMoney, ""},
	{[]string{"面积", "比例", "率", "（%）"}, KindDecimal, ""},
	{[]string{"日期", "时间", "期限", "年月日"}, KindDate, ""},
	{[]string{"数量", "人数", "次数", "台数", "栋数", "个数", "处数", "件数", "台", "（个）", "（人）"}, KindWhole, ""},
	{[]string{"情况", "说明", "措施", "隐患", "问题", "备注", "描述"}, KindLong, ""},
}

// Guess reads the first row of a sheet as the headings of a form and says what each column probably takes; a leading 序号 is left out, a mark （必填） or * makes it required. Returns Invalid for a sheet without headings, with an
// empty or repeated one in between, or with too many.
func Guess(cells [][]string) ([]ColumnInput, error) {
	const op = "collection.Guess"
	var head []string
	for _, row := range cells {
		if head = trimmed(row); len(head) > 0 {
			break
		}
	}
	if len(head) == 0 {
		return nil, fault.InvalidFields(op, fault.Field{Name: "file", Message: "第一张工作表是空的，第一行要写各栏的名称"})
	}
	var out []ColumnInput
	seen := map[string]bool{}
	for i, text := range head {
		in := ColumnInput{Title: strings.Join(strings.Fields(text), ""), Kind: KindText}
		for _, mark := range []string{"（必填）", "(必填)", "*"} {
			if cut, ok := strings.CutSuffix(in.Title, mark); ok {
				in.Title, in.Required = cut, true
			}
		}
		switch {
		case i == 0 && in.Title == "序号":
			continue
		case in.Title == "":
			return nil, fault.InvalidFields(op, fault.Field{Name: "file", Message: fmt.Sprintf("第一行的第 %d 格是空的：表头不能合并单元格，也不能分两行", i+1)})
		case seen[in.Title]:
			return nil, fault.InvalidFields(op, fault.Field{Name: "file", Message: fmt.Sprintf("第一行有两栏都叫“%s”", in.Title)})
		case utf8.RuneCountInString(in.Title) > maxTitle:
			return nil, fault.InvalidFields(op, fault.Field{Name: "file", Message: fmt.Sprintf("第一行的第 %d 格有 %d 个字，不像一栏的名称（最多 %d 个字）：标题行请先删掉", i+1, utf8.RuneCountInString(in.Title), maxTitle)})
		}
		seen[in.Title] = true
		for _, g := range guesses {
			if says(in.Title, g.says) {
				in.Kind, in.Source = g.kind, g.source
				break
			}
		}
		out = append(out, in)
	}
	if len(out) == 0 || len(out) > MaxColumns/2 {
		return nil, fault.InvalidFields(op, fault.Field{Name: "file", Message: fmt.Sprintf("第一行要有 1 至 %d 栏，现在有 %d 栏", MaxColumns/2, len(out))})
	}
	return out, nil
}

func says(title string, words []string) bool {
	for _, w := range words {
		if strings.Contains(title, w) {
			return true
		}
	}
	return false
}

// trimmed is a row without the blanks around its cells and without the empty cells at its end.
func trimmed(row []string) []string {
	out := make([]string, len(row))
	for i, text := range row {
		out[i] = strings.TrimSpace(text)
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}
