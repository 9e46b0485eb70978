package web

import (
	"fmt"
	"strings"
	"testing"

	"redsteward/internal/num"
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
		Adjustments: []Adjustment{{ID: "late", Name: "扣分", Change: total(t, "-1"), Avoidable: true}, {ID: "more", Name: "加分", Change: total(t, "2")}, {ID: "top", Name: "总分最多 100 分", Change: total(t, "-3")}},
		// The rule stops at 90.5: what is restored is asked from it, with all above, and never added up here.
		Restored: func(ids []string) num.Num {
			sum := *total(t, "76")
			for _, id := range ids {
				sum = sum.Add(*total(t, map[string]string{"whole": "6", "half": "5", "team": "3", "late": "1", "service": "20"}[id]))
			}
			return num.Min(sum, *total(t, "90.5"))
		},
		Voices: []Voice{{Name: "主管部门", Points: *total(t, "50"), Max: *total(t, "60"), From: total(t, "45"), To: total(t, "55")}, {Name: "业主", Points: *total(t, "20"), Max: *total(t, "40")}}}
	v := one.why("三星", 2)
	var got []string
	for _, r := range v.Rows {
		row := r.Name + " " + r.Link + " " + r.Lost + " " + r.Then
		if r.Enough {
			row += " 够"
		}
		got = append(got, row)
	}
	want := "B2 全部计入 #l-whole −6.00 82.00|B1 按一半计入 #l-half −5.00 87.00 够|党员队伍好 #g-team −3.00 90.00|总分调整：扣分  −1.00 90.50"
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
	if got := voicesOf(x, true); len(got) != 1 {
		t.Errorf("%+v", got)
	}
	x.Lines[1].Voice = "bureau"
	if public, inside := voicesOf(x, true), voicesOf(x, false); public != nil || len(inside) != 1 {
		t.Errorf("%+v, inside %+v", public, inside)
	}
}

// TestVoid: what was taken by another step than the veto is told by the name of that step, on the page of the result and in the rule.
func TestVoid(t *testing.T) {
	s, err := rating.ParseScheme([]byte(`
format: 1
id: voids
version: "1"
title: 测试
proposal: true
engine: 1
rhythm: year
defaults: {missing: zero, na: exclude, decimals: 2}
facts:
  - {id: a, name: 甲, type: number, better: higher, min: 0, max: 100}
  - {id: held, name: 联审不同意, type: bool}
  - {id: banned, name: 否决, type: bool}
indicators:
  - {id: ia, name: 甲, max: 100, rule: {kind: target, of: a, zero: 0, target: 100}}
total: {method: sum, max: 100, round: 2}
adjust:
  - {id: joint_none, name: 联审：不评星, kind: void, when: held, unknown: skip, grade: held_back}
  - {id: veto, name: 一票否决, kind: void, when: banned, unknown: skip, grade: vetoed}
grades:
  list:
    - {id: five, label: 五星, level: 5, at_least: 90}
    - {id: held_back, label: 联审不评星, special: true}
    - {id: vetoed, label: 一票否决, special: true}
    - {id: none, label: 未评星, otherwise: true}
`))
	if err != nil {
		t.Fatal(err, rating.ProblemsOf(err))
	}
	e := DescribeScheme(Evaluation{}, s)
	reason := func(facts ...string) string {
		sub := s.NewSubject("p", "2026", 20_000)
		if err := sub.Set("a", rating.Number(num.FromInt(95))); err != nil {
			t.Fatal(err)
		}
		for _, fact := range facts {
			if err := sub.Set(fact, rating.Bool(true)); err != nil {
				t.Fatal(err)
			}
		}
		r := rating.Evaluate(s, nil, sub, nil)
		row := RowOf(&e, s, &r, Label{})
		return row.Grade + " " + row.Reason
	}
	for want, facts := range map[string][]string{"held_back 联审：不评星": {"held"}, "vetoed 一票否决": {"banned", "held"}, "five ": nil} {
		if got := reason(facts...); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := adjustText(s.Adjust[0], s); !strings.HasPrefix(got, "定为联审不评星") || strings.Contains(got, "否决") {
		t.Error(got)
	}
	if got := gradeText(s.Grades.List[1], "总分", s); got != "联审：不评星" {
		t.Error(got)
	}
}

// TestBehind: a line tells on how many records of which sources it rests, each once, and leads to those of the kinds that may be opened; one that only the register tells has none.
func TestBehind(t *testing.T) {
	star := func() Star {
		return Star{Groups: []LineGroup{{Lines: []Line{{ID: "clean", reads: []string{"visits", "again", "photos"}}, {ID: "branch", reads: []string{"form", "unknown"}}}}},
			Behind: map[string]Behind{"visits": {"走访表", 2, []string{"a3/visit/v1/0000000007", "b4/visit/v2/0000000003"}}, "again": {"走访表", 2, []string{"a3/visit/v1/0000000007"}}, "photos": {"佐证材料", 12, nil}, "form": {"登记", 0, nil}}}
	}
	told := func(kinds ...string) string {
		one := star()
		one.restOn(kinds)
		return fmt.Sprint(one.Groups[0].Lines[0].Proof, one.Groups[0].Lines[0].Records, one.Groups[0].Lines[1].Proof, one.Groups[0].Lines[1].Records)
	}
	if got := told("visit", "proof"); got != "走访表 2 条、佐证材料 12 条[{走访表 1 /visits/v1} {走访表 2 /visits/v2}]登记[]" {
		t.Error(got)
	}
	if got := told("matter"); got != "走访表 2 条、佐证材料 12 条[]登记[]" {
		t.Error("who may open no visit:", got)
	}
	for id, want := range map[string]string{"c1/party-sheet/f1/c2/2026Q3/0000000002": "/party/sheets/f1/c2/2026Q3", "c1/visit/0000000002": "", "": "", "c1/account/x/0000000002": ""} {
		if got := recordLink(id, []string{"party-sheet", "visit"}); got != want {
			t.Errorf("%q leads to %q", id, got)
		}
	}
}
