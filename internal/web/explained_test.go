package web

import (
	"fmt"
	"strings"
	"testing"

	"redsteward/rating"
)

// TestWhy: the places where points were lost stand in the order of what they cost of the total, lines by their weight, a part without shown lines by its sum; the row with which the total suffices for the next grade is marked once.
func TestWhy(t *testing.T) {
	one := Star{Row: Row{Total: total(t, "76")}, Max: *total(t, "100"), Next: &Next{Label: "四星", From: total(t, "84"), Demands: []NextDemand{{What: "总分", Open: true}, {What: "“诉求答复”得分", Open: false}}},
		Groups: []LineGroup{{ID: "team", Name: "党员队伍好", Hidden: true, Points: total(t, "7"), Max: total(t, "10")},
			{ID: "service", Name: "服务质量好", Points: total(t, "70"), Max: total(t, "90"), Lines: []Line{
				{ID: "half", Clause: "B1", Name: "按一半计入", Points: total(t, "10"), Max: total(t, "20"), Weighs: *total(t, "0.5")},
				{ID: "whole", Clause: "B2", Name: "全部计入", Points: total(t, "54"), Max: total(t, "60"), Weighs: *total(t, "1")},
				{ID: "full", Name: "满分", Points: total(t, "10"), Max: total(t, "10"), Weighs: *total(t, "1")},
				{ID: "out", Name: "不适用", State: "不适用"}}}},
		Adjustments: []Adjustment{{Name: "扣分", Change: total(t, "-1")}, {Name: "加分", Change: total(t, "2")}},
		Voices:      []Voice{{Name: "主管部门", Points: *total(t, "50"), Max: *total(t, "60"), From: total(t, "45"), To: total(t, "55")}, {Name: "业主", Points: *total(t, "20"), Max: *total(t, "40")}}}
	v := one.why("三星", 2)
	var got []string
	for _, r := range v.Rows {
		row := r.Name + " " + r.Link + " " + r.Lost + " " + r.Then
		if r.Enough {
			row += " 够"
		}
		got = append(got, row)
	}
	want := "B2 全部计入 #l-whole −6.00 82.00|B1 按一半计入 #l-half −5.00 87.00 够|党员队伍好 #g-team −3.00 90.00|总分调整：扣分  −1.00 91.00"
	if strings.Join(got, "|") != want {
		t.Errorf("%s\nwant %s", strings.Join(got, "|"), want)
	}
	one.Earlier = []EarlierVoices{{Period: "2025年第一季度", Voices: []Voice{{Name: "主管部门", Points: *total(t, "40"), Max: *total(t, "47")}}}, {Period: "2025年第二季度", Voices: []Voice{{Name: "业主", Points: *total(t, "20"), Max: *total(t, "25")}}}}
	voices := voicesTable(one, 2)
	if got := fmt.Sprint(voices.Heads, voices.Earlier); got != "[2025年第一季度 2025年第二季度] [{主管部门 [40.00 / 47.00 —]} {业主 [— 20.00 / 25.00]}]" {
		t.Error(got)
	}
	if len(voices.Rows) != 2 || voices.Rows[0] != (voiceView{"主管部门", "50.00", "60.00", "83.3%", "60.0%", "45%–55%"}) || voices.Rows[1].Band != "—" || voices.Rest != "6.00" {
		t.Errorf("%+v", voices)
	}
	one.keepLines()
	v = one.why("三星", 2)
	if len(v.Demands) != 1 || v.Rows[0].Name != "服务质量好" || v.Rows[0].Lost != "−20.00" || !v.Rows[0].Enough || len(v.Rows) != 3 {
		t.Errorf("to who does not see the lines: %+v", v)
	}
	if one.Next = nil; one.why("五星", 2) != nil {
		t.Error("the best grade has a next one")
	}
}

// TestVoicesKeepBack: what a part keeps back is not told by its voices: a part of which the public sees the total must speak with one voice.
func TestVoicesKeepBack(t *testing.T) {
	line := func(id, part, voice string) rating.ExplainedLine {
		return rating.ExplainedLine{Line: rating.Line{ID: id}, Part: part, Voice: voice}
	}
	x := &rating.Explanation{Scheme: &rating.Scheme{}, Result: &rating.Result{}, Voices: []rating.VoiceShare{{Name: "党组织和社区", Points: *total(t, "1"), Max: *total(t, "2")}, {Name: "没有指标", Points: *total(t, "0")}},
		Parts: []rating.ExplainedPart{{PartLine: rating.PartLine{ID: "team"}, In: "total", TotalOnly: true}, {PartLine: rating.PartLine{ID: "sheet"}, In: "team"}, {PartLine: rating.PartLine{ID: "total"}}},
		Lines: []rating.ExplainedLine{line("a", "team", "party"), line("b", "sheet", "party"), line("c", "total", "owners")}}
	if got := voicesOf(x, topParts(x), true); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	x.Lines[1].Voice = "bureau"
	if public, inside := voicesOf(x, topParts(x), true), voicesOf(x, topParts(x), false); public != nil || len(inside) != 1 {
		t.Errorf("%+v, inside %+v", public, inside)
	}
}
