package collection

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

func TestReadCells(t *testing.T) {
	long := strings.Repeat("长", 101)
	for _, c := range []struct {
		column     Column
		text, kept string
		wrong      string
	}{
		{Column{Kind: KindText}, "  消防栓 ", "消防栓", ""},
		{Column{Kind: KindText}, "", "", ""},
		{Column{Kind: KindText, Required: true}, " ", "", "请填写栏"},
		{Column{Kind: KindChoice, Words: []string{"好", "差"}, Required: true}, "", "", "请选择栏"},
		{Column{Kind: KindText}, long, "", "101 个字，最多 100 个字"},
		{Column{Kind: KindText, Most: "3"}, "四个字了", "", "最多 3 个字"},
		{Column{Kind: KindText, Least: "2"}, "一", "", "至少 2 个字"},
		{Column{Kind: KindText}, "两\n行", "", "只能写一行"},
		{Column{Kind: KindText}, "a\x00b", "", "不能显示的字符"},
		{Column{Kind: KindLong}, "两\r\n行", "两\n行", ""},
		{Column{Kind: KindWhole}, "1,280", "1280", ""},
		{Column{Kind: KindWhole}, "１２", "12", ""},
		{Column{Kind: KindWhole}, "12.5", "", "要填整数"},
		{Column{Kind: KindWhole}, "-1", "", "不能小于 0"},
		{Column{Kind: KindWhole, Least: "5", Most: "9"}, "4", "", "不能小于 5"},
		{Column{Kind: KindWhole, Least: "5", Most: "9"}, "10", "", "不能大于 9"},
		{Column{Kind: KindWhole}, "1e3", "", "要填整数"},
		{Column{Kind: KindWhole}, "9999999999999", "", "不能大于 999999999999"},
		{Column{Kind: KindDecimal}, "580.50", "580.5", ""},
		{Column{Kind: KindDecimal}, "0.00001", "", "最多四位小数"},
		{Column{Kind: KindMoney}, "1,280.5元", "128050", ""},
		{Column{Kind: KindMoney}, "0.015", "", "最多两位小数"},
		{Column{Kind: KindMoney, Most: "100"}, "100.01", "", "不能大于 100"},
		{Column{Kind: KindDate}, "2026-10-19", "2026-10-19", ""},
		{Column{Kind: KindDate}, "10月19日", "", "不是日期"},
		{Column{Kind: KindDate, Least: "2026-10-01"}, "2026-09-30", "", "早于2026年10月1日"},
		{Column{Kind: KindDate, Most: "2026-10-01"}, "2026-10-02", "", "晚于2026年10月1日"},
		{Column{Kind: KindYesNo}, "是", "是", ""},
		{Column{Kind: KindYesNo}, "对", "", "只能填是、否"},
		{Column{Kind: KindPhone}, "13800005678", "13800005678", ""},
		{Column{Kind: KindPhone}, "138****5678", "", "不是电话号码"},
		{Column{Kind: KindPerson}, "张*敏", "", "隐去的姓名"},
	} {
		c.column.Title = "栏"
		kept, wrong := c.column.Read(c.text)
		if kept != c.kept || (wrong == "") != (c.wrong == "") || !strings.Contains(wrong, c.wrong) {
			t.Errorf("%s %q: %q %q, want %q %q", c.column.Kind, c.text, kept, wrong, c.kept, c.wrong)
		}
	}
	if got := (Column{Kind: KindMoney}).Typed("128050"); got != "1280.50" {
		t.Error(got)
	}
}

// FuzzCell: whatever is typed, a value that is kept reads back as itself, and what is refused is a sentence that quotes at most twenty signs of it.
func FuzzCell(f *testing.F) {
	for _, text := range []string{"1,280.50元", "２０", "2026-02-30", "是", "=1+1", "0792-5213000", "\xff", "99999999999999999999", "1.23456", "张*"} {
		f.Add(uint8(3), text)
	}
	kinds := Kinds()
	f.Fuzz(func(t *testing.T, k uint8, text string) {
		c := Column{Title: "栏", Kind: Kind(kinds[int(k)%len(kinds)].ID), Words: []string{"甲", "乙"}, Required: k%2 == 0}
		kept, wrong := c.Read(text)
		if wrong != "" {
			if kept != "" || !utf8.ValidString(strings.ToValidUTF8(wrong, "")) || utf8.RuneCountInString(wrong) > 120 {
				t.Errorf("%q: %q %q", text, kept, wrong)
			}
			return
		}
		if again, wrong := c.Read(c.Typed(kept)); again != kept || wrong != "" && kept != "" {
			t.Errorf("%s %q is kept as %q, which reads as %q %q", c.Kind, text, kept, again, wrong)
		}
	})
}

func TestRevise(t *testing.T) {
	first, asked, bad := Revise(nil, 1, []ColumnInput{{Title: "户数", Kind: KindWhole}, {}, {Title: "情况", Kind: KindLong, Hint: "写明位置"}})
	if len(bad) > 0 || !asked || len(first) != 2 || first[1].ID != "c2" || first[1].Since != 1 {
		t.Fatal(first, bad)
	}
	// 情况 becomes required, 户数 stays with another hint, 照片 is new.
	next, asked, bad := Revise(first, 2, []ColumnInput{{ID: "c1", Title: "户数", Kind: KindWhole, Hint: "含空置"}, {ID: "c2", Title: "情况", Kind: KindLong, Required: true}, {Title: "数量", Kind: KindWhole}})
	if len(bad) > 0 || !asked || len(next) != 4 || !next[0].Stands() || next[0].Hint != "含空置" || next[1].Until != 2 || next[2].ID != "c3" || next[2].Since != 2 || next[3].Title != "数量" {
		t.Error(next, asked, bad)
	}
	if first[1].Until != 0 {
		t.Error("the version before was changed")
	}
	if dropped, asked, _ := Revise(first, 2, []ColumnInput{{ID: "c1", Title: "户数", Kind: KindWhole}}); asked || len(Standing(dropped)) != 1 {
		t.Error("a column that is only taken out asks for nothing")
	}
	for name, c := range map[string]struct {
		in    []ColumnInput
		field string
		says  string
	}{
		"nothing":         {nil, "c1-title", "至少要有一栏"},
		"twice":           {[]ColumnInput{{Title: "户数", Kind: KindWhole}, {Title: "户数", Kind: KindText}}, "c2-title", "同名"},
		"no kind":         {[]ColumnInput{{Title: "户数"}}, "c1-kind", "请选择"},
		"one word":        {[]ColumnInput{{Title: "好坏", Kind: KindChoice, Words: "好"}}, "c1-words", "2 至 30"},
		"wrong source":    {[]ColumnInput{{Title: "户数", Kind: KindDate, Source: SourceHouseholds}}, "c1-source", "不能由系统填"},
		"bounds crossed":  {[]ColumnInput{{Title: "户数", Kind: KindWhole, Least: "9", Most: "1"}}, "c1-least", "大于最大"},
		"bound no number": {[]ColumnInput{{Title: "户数", Kind: KindWhole, Most: "很多"}}, "c1-most", "0 以上的数"},
		"bound of yes":    {[]ColumnInput{{Title: "有无", Kind: KindYesNo, Most: "1"}}, "c1-most", "不能有最大"},
		"too many":        {slices.Repeat([]ColumnInput{{Title: "栏", Kind: KindText}}, MaxColumns+1), "c1-title", "最多 40 栏"},
	} {
		_, _, bad := Revise(nil, 1, c.in)
		if !slices.ContainsFunc(bad, func(f fault.Field) bool { return f.Name == c.field && strings.Contains(f.Message, c.says) }) {
			t.Errorf("%s: %v", name, bad)
		}
	}
}

func TestGuess(t *testing.T) {
	in, err := Guess([][]string{{}, {"序号", "小区名称", "总户数", "是否有微型消防站", "投入（元）", "联系电话（必填）", "检查日期", "隐患情况", "其他", ""}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range in {
		got = append(got, c.Title+" "+string(c.Kind)+" "+string(c.Source))
	}
	want := "小区名称 text project.name|总户数 whole project.households|是否有微型消防站 yesno |投入（元） money |联系电话 phone |检查日期 date |隐患情况 long |其他 text "
	if strings.Join(got, "|") != want || !in[4].Required || in[3].Required {
		t.Errorf("%q", strings.Join(got, "|"))
	}
	if _, _, bad := Revise(nil, 1, in); len(bad) > 0 {
		t.Error("what is guessed is refused:", bad)
	}
	for says, cells := range map[string][][]string{"是空的": nil, "第 2 格是空的": {{"小区", "", "户数"}}, "都叫“户数”": {{"户数", "户 数"}}, "标题行请先删掉": {{"关于开展全县住宅小区消防设施排查整治情况统计的汇总表（十月份）"}}} {
		if _, err := Guess(cells); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.FieldsOf(err)[0].Message, says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestStoredFields(t *testing.T) {
	for _, err := range []error{store.CheckType[Task](), store.CheckType[Sheet](), store.CheckType[Plan]()} {
		if err != nil {
			t.Error(err)
		}
	}
	got := strings.Join(slices.Concat(store.FieldNames[Task](), store.FieldNames[Sheet](), store.FieldNames[Plan]()), "\n") + "\n"
	if golden := fields(t); got != golden {
		t.Errorf("stored fields changed; old records would not be read:\n%s", got)
	}
}
