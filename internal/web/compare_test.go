package web

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"

	"redsteward/internal/num"
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
			r.Size = "不足 100 户的小区"
		}
		if score == "" {
			r.Grade, r.Reason = "none", "满意度没有调查"
		} else {
			r.Total = total(t, score)
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
	t.Run("a condition besides the points", func(t *testing.T) {
		if v := star("p0", nil); !strings.Contains(v.Meaning, "总分够五星，但另有条件没有达到") || v.Changed != "" {
			t.Error(v.Meaning, v.Changed)
		}
	})
	t.Run("too few to compare", func(t *testing.T) {
		if v := star("p9", nil); !strings.Contains(strings.Join(v.Compared, ""), "不足 100 户的小区：有总分的小区只有 2 个，太少，不作比较。") {
			t.Error(v.Compared)
		}
	})
	t.Run("no total", func(t *testing.T) {
		if v := star("p6", &Before{Period: "2025年度", Grade: "四星", Total: total(t, "85.1")}); v.Meaning != "这一次没有等级，因为满意度没有调查。" || len(v.Compared) != 0 || v.Changed != "2025年度是“四星”，85.10 分。" {
			t.Error(v.Meaning, v.Compared, v.Changed)
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
