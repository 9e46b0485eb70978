package web

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"redsteward/internal/num"
	"redsteward/rating/standing"
)

// rowsOnly is a board of given rows.
type rowsOnly struct {
	noStars
	rows []Row
}

func (s rowsOnly) Rows(context.Context, string) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, r := range s.rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func total(t testing.TB, text string) *num.Num {
	t.Helper()
	n, err := num.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return &n
}

// comparedBoard has ten compounds in two communities; one of them has no total.
func comparedBoard(t testing.TB) *board {
	t.Helper()
	var rows []Row
	for i, score := range []string{"95", "93.5", "88.2", "88.2", "84", "70", "", "66", "60", "61"} {
		r := Row{ID: fmt.Sprintf("p%d", i), Name: fmt.Sprintf("小区%d", i), Facets: []string{"都昌镇", "东街社区"}, Size: "300 户以上的小区", Grade: "star4"}
		if i >= 7 {
			r.Facets = []string{"都昌镇", "西街社区"}
		}
		if i == 9 || i == 8 {
			r.Size = "1 至 99 户的小区"
		}
		if score == "" {
			r.Grade, r.Reason = "none", "满意度没有调查"
		} else {
			r.Total = total(t, score)
			if lack := total(t, "92").Sub(*r.Total); lack.Sign() > 0 {
				r.ToNext = &lack
			}
		}
		r.Parts = []*num.Num{total(t, "95"), total(t, "80.25"), nil}
		rows = append(rows, r)
	}
	e := Evaluation{ID: "2026", Title: "2026年度", Subject: "小区", Places: 2, Facets: []string{"乡镇", "社区"},
		Parts:  []Column{{Name: "组织建设好"}, {Name: "服务质量好"}, {Name: "运营管理好"}},
		Grades: []GradeInfo{{ID: "star5", Label: "五星", Level: 5, From: total(t, "92")}, {ID: "star4", Label: "四星", Level: 4, From: total(t, "84")}, {ID: "none", Label: "数据不足", Unrated: true}}}
	b, err := newBoard(t.Context(), rowsOnly{rows: rows}, e)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestStarInPlainWords(t *testing.T) {
	b := comparedBoard(t)
	star := func(id string, before *Before) *starView {
		return (&Server{}).starView(b, Star{Row: b.byID[id].Row, Max: num.FromInt(100), Before: before}, false)
	}
	v := star("p2", &Before{Period: "2025年度", Grade: "四星", Total: total(t, "85.1")})
	for got, want := range map[string]string{
		v.Meaning: "“四星”的意思是：满分 100.00 分，得了 88.20 分，达到四星要求的 84 分，离五星还差 3.80 分。得分率最高的是组织建设好（95.0%），最低的是服务质量好（80.3%）。",
		v.Changed: "2025年度是“四星”，85.10 分；这次高了 3.10 分，等级没有变。",
		strings.Join(v.Compared, "\n"): "东街社区：参评 7 个小区，有总分的 6 个，平均 86.48 分；除自己以外的 5 个当中，比它高的 2 个，比它低的 2 个，同分的 1 个。\n" +
			"都昌镇：参评 10 个小区，有总分的 9 个，平均 78.43 分；除自己以外的 8 个当中，比它高的 2 个，比它低的 5 个，同分的 1 个。\n" +
			"300 户以上的小区：参评 8 个小区，有总分的 7 个，平均 83.56 分；除自己以外的 6 个当中，比它高的 2 个，比它低的 3 个，同分的 1 个。",
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	t.Run("a bonus that stops below the cut", func(t *testing.T) {
		one := b.byID["p2"].Row
		one.Total, one.ToNext = total(t, "91.99"), total(t, "1.37")
		if v := (&Server{}).starView(b, Star{Row: one, Max: num.FromInt(100)}, false); !strings.Contains(v.Meaning, "，离五星还差 1.37 分（加分、扣分以前）。") {
			t.Error(v.Meaning)
		}
		if one.ToNext = nil; !strings.Contains((&Server{}).starView(b, Star{Row: one, Max: num.FromInt(100)}, false).Meaning, "；得满分也到不了五星。") {
			t.Error("full points that do not suffice")
		}
	})
	t.Run("lowered since", func(t *testing.T) {
		one := b.byID["p2"].Row
		one.Stands = standing.Standing{Status: standing.Demoted, Grade: "star5"}
		v := (&Server{}).starView(b, Star{Row: one, Max: num.FromInt(100), Before: &Before{Period: "2025年度", Grade: "四星", Total: total(t, "88.2")}}, false)
		if v.Grade != "五星" || !strings.HasPrefix(v.Meaning, "“四星”的意思是：满分 100.00 分，得了 88.20 分，达到四星要求的 84 分，离五星还差 3.80 分。后来依决定降为“五星”。") || !strings.HasSuffix(v.Changed, "等级没有变。") {
			t.Error(v.Grade, v.Meaning, v.Changed)
		}
	})
	t.Run("a condition besides the points", func(t *testing.T) {
		if v := star("p0", nil); !strings.Contains(v.Meaning, "总分够五星，但另有条件没有达到") || v.Changed != "" {
			t.Error(v.Meaning, v.Changed)
		}
	})
	t.Run("too few to compare", func(t *testing.T) {
		if v := star("p9", nil); !strings.Contains(strings.Join(v.Compared, ""), "1 至 99 户的小区：有总分的小区只有 2 个，太少，不作比较。") {
			t.Error(v.Compared)
		}
	})
	t.Run("no total", func(t *testing.T) {
		if v := star("p6", &Before{Period: "2025年度", Grade: "四星", Total: total(t, "85.1")}); v.Meaning != "这一次没有等级，因为满意度没有调查。" || len(v.Compared) != 0 || v.Changed != "2025年度是“四星”，85.10 分。" {
			t.Error(v.Meaning, v.Compared, v.Changed)
		}
	})
	t.Run("line by line", func(t *testing.T) {
		line := func(id, name, points, fact string, items ...Item) Line {
			l := Line{ID: id, Name: name, Fact: fact, Places: 1, Max: total(t, "5"), Items: items}
			if points != "" {
				l.Points = total(t, points)
			}
			return l
		}
		now := []LineGroup{{ID: "party", Name: "党建", Hidden: true, Points: total(t, "8"), Max: total(t, "10"), Lines: []Line{line("secret", "不公开", "1", "x = 1")}},
			{ID: "service", Name: "服务", Points: total(t, "12"), Max: total(t, "20"), Lines: []Line{line("fees", "收缴率", "3.5", "收缴率 = 312 ÷ 400 户 = 0.78；投诉 = 2"), line("same", "没有变", "4", "y = 1"),
				line("visit", "走访", "2", "各条目加权合计 4 / 8", Item{Name: "保洁", Found: "2"}, Item{Name: "绿化", Found: "1"}), line("new", "新的", "1", ""), line("na", "电梯", "", "电梯：不适用"), line("peers", "同类", "1.5", "z = 3")}},
			{ID: asideGroup, Lines: []Line{line("aside", "参考", "5", "")}}}
		was := []LineGroup{{ID: "party", Name: "党建", Points: total(t, "9"), Max: total(t, "10"), Lines: []Line{line("secret", "不公开", "2", "x = 2")}},
			{ID: "service", Name: "服务", Points: total(t, "13"), Max: total(t, "20"), Lines: []Line{line("fees", "收缴率", "3", "收缴率 = 300 ÷ 400 户 = 0.75；投诉 = 2"), line("same", "没有变", "4", "y = 2"),
				line("visit", "走访", "4.5", "各条目加权合计 7 / 8", Item{Name: "保洁", Found: "3"}, Item{Name: "绿化", Found: "1"}), line("old", "旧的", "0.4", ""), line("na", "电梯", "3", "电梯 = 1 台"), line("peers", "同类", "1.3", "z = 3")}}}
		told := func(v *changesView) string {
			out := joinWords(v.Period, v.Then, v.Now)
			for _, l := range v.Lines {
				out += "\n" + strings.Join([]string{l.Name, l.Was, l.Is, l.Change, l.Why}, "|")
			}
			return out
		}
		one := Star{Row: Row{Total: total(t, "83")}, Groups: now, Adjustments: []Adjustment{{Name: "扣分", Change: total(t, "-1"), Said: "84 → 83"}}, Before: &Before{Period: "上年", Total: total(t, "84"), Groups: was}}
		const want = "上年 · 84.00 · 83.00\n电梯|3.0|—|−3.0|电梯 = 1 台 → 电梯：不适用\n走访|4.5|2.0|−2.5|各条目加权合计 7 / 8 → 4 / 8；保洁 3 → 2\n党建|9.00|8.00|−1.00|按规则只公开合计\n新的|—|1.0|+1.0|上期没有列出这一项\n" +
			"扣分|—|−1.00|−1.00|84 → 83\n收缴率|3.0|3.5|+0.5|收缴率 = 300 ÷ 400 户 = 0.75 → 312 ÷ 400 户 = 0.78\n旧的|0.4|—|−0.4|本期没有列出这一项\n同类|1.3|1.5|+0.2|本项事实没有变"
		if got := told(changesOf(one, 2)); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		one.Groups[1].Lines[0].Max = total(t, "6")
		one.Before.OtherRule = true
		if got := told(changesOf(one, 2)); !strings.Contains(got, "|规则改了，满分 5 → 6；收缴率 = 300") {
			t.Error("another rule:", got)
		}
		one.keepLines()
		if got := told(changesOf(one, 2)); got != "上年 · 84.00 · 83.00\n党建|9.00|8.00|−1.00|按规则只公开合计\n服务|13.00|12.00|−1.00|\n扣分|—|−1.00|−1.00|84 → 83" {
			t.Error("who does not see the lines:", got)
		}
		one.Before.OtherFirm = true
		if changesOf(one, 2) != nil || changesOf(Star{Groups: now}, 2) != nil {
			t.Error("compared with another firm, or with nothing")
		}
	})
	for _, c := range []struct {
		before Before
		want   string
	}{
		{Before{Period: "2025年度", Grade: "三星", Total: total(t, "77"), OtherFirm: true}, "2025年度是“三星”，77.00 分，那时由另一家企业管理，不作比较。"},
		{Before{Period: "2025年度", Grade: "三星", Total: total(t, "77"), OtherRule: true}, "2025年度是“三星”，77.00 分，评价办法后来修订过，分数不直接比较。"},
		{Before{Period: "2025年度", Grade: "五星", Total: total(t, "92.5")}, "2025年度是“五星”，92.50 分；这次低了 4.30 分，现在是“四星”。"},
		{Before{Period: "2025年度", Grade: "四星", Total: total(t, "88.2")}, "2025年度是“四星”，88.20 分；分数没有变，等级没有变。"},
		{Before{Period: "2025年度", Grade: "数据不足"}, "2025年度是“数据不足”。"},
	} {
		if v := star("p2", &c.before); v.Changed != c.want {
			t.Errorf("got  %s\nwant %s", v.Changed, c.want)
		}
	}
}

// TestBeside: the highest of a row is marked unless all are equal, and what the rule keeps back stays back.
func TestBeside(t *testing.T) {
	b := comparedBoard(t)
	b.Parts[0].ID, b.Parts[1].ID, b.Parts[2].ID = "org", "service", "run"
	star := func(id string, groups ...LineGroup) Star {
		one := Star{Row: b.byID[id].Row, Max: num.FromInt(100), Groups: groups}
		one.keepLines()
		return one
	}
	lost := LineGroup{ID: "service", Points: total(t, "36.1"), Max: total(t, "45"), Lines: []Line{{Name: "报修", Points: total(t, "1"), Max: total(t, "4")}, {Name: "投诉", Points: total(t, "0"), Max: total(t, "5")}, {Name: "满意", Points: total(t, "5"), Max: total(t, "5")}}}
	found := map[string]besideRow{}
	for _, row := range besideRows(b, []Star{star("p1", lost), star("p2", LineGroup{ID: "org", Hidden: true, Points: total(t, "14"), Max: total(t, "15")}), star("p3"), star("p6")}) {
		found[row.Name] = row
	}
	cell := func(row string, at int) besideCell { t.Helper(); return found[row].Cells[at] }
	if c := cell("总分", 0); c.Text != "93.50" || c.Note != "满分 100.00" || !c.Best || cell("总分", 1).Best || cell("总分", 3).Text != "—" {
		t.Errorf("%+v", found["总分"])
	}
	if cell("名次", 1).Text != "第 3 名" || cell("名次", 2).Text != "第 3 名" || cell("名次", 3).Text != "—" || cell("说明", 3).Text != "满意度没有调查" {
		t.Errorf("%+v %+v", found["名次"], found["说明"])
	}
	if c := cell("服务质量好", 0); c.Text != "80.3%" || c.Note != "36.10 / 45.00" || c.Lost != "投诉、报修" || c.Best {
		t.Errorf("%+v: all have the same rate", c)
	}
	if cell("组织建设好", 1).Lost != "按规则只公开合计" {
		t.Errorf("%+v", found)
	}
	if _, there := found["运营管理好"]; there {
		t.Error("a row in which nobody has anything")
	}
}
