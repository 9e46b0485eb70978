package web

import (
	"context"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
)

// homeStars is one star with its history, on a board of given rows.
type homeStars struct {
	rowsOnly
	one     Star
	history []PastStar
	firms   []PastFirms
}

func (s homeStars) Star(context.Context, string, string, bool) (Star, error) { return s.one, nil }

func (s homeStars) History(context.Context, string) ([]PastStar, error) { return s.history, nil }

func (s homeStars) Past(context.Context) ([]PastFirms, error) { return s.firms, nil }

// TestHome: a star and a firm in plain sentences, with what changed, and nothing compared across versions of the rule or firms.
func TestHome(t *testing.T) {
	b := firmBoard(t)
	b.Parts[0].ID, b.Parts[0].Name = "org", "组织建设好"
	for _, r := range b.rows {
		r.Size = "100 至 299 户的小区"
	}
	row := b.byID["p00"].Row
	quarter := func(n int, rule, firm, score string) PastStar {
		p := PastStar{PastPeriod: PastPeriod{Period: calendar.Quarter{Year: 2026, N: n}.Chinese(), Last: calendar.Quarter{Year: 2026, N: n}.Span().Last, Rule: rule, Places: 2}, Row: Row{Firm: firm}}
		if score != "" {
			p.Total = total(t, score)
		}
		return p
	}
	say := func(stars homeStars, firm string) string {
		t.Helper()
		s := &Server{stars: stars, board: &boardCache{}}
		star, err := s.homeStar(t.Context(), b, "p00")
		if err != nil {
			t.Fatal(err)
		}
		served, err := s.homeFirm(t.Context(), b, "p00", firm)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(append(star.Words, served.Words...), "\n")
	}
	stars := homeStars{one: Star{Row: row, Max: num.FromInt(100), Before: &Before{Period: "2025年度", Grade: "三星", Total: total(t, "85")}},
		history: []PastStar{quarter(1, "a", "甲物业", "80"), quarter(2, "a", "甲物业", "86.5")},
		firms:   []PastFirms{pastOfFirm(t, "q1", "2026年第一季度", "a", "80", false), pastOfFirm(t, "q2", "2026年第二季度", "a", "79", false)}}
	text := say(stars, "甲物业")
	for _, want := range []string{"评为“四星”：满分 100 分，得了 90.00 分。", "排在第 3。", "做得最好的是“组织建设好”，最差的是“服务质量好”。", "2025年度是“三星”，85.00 分；这次高了 5.00 分，现在是“四星”。",
		"最近一个季度是2026年第二季度，得 86.50 分，比上一次高 6.50 分。", "和大小差不多的（100 至 299 户的小区）比：比我们分数高的 2 个，比我们低的 6 个。", "现在由甲物业服务。", "合起来得 83.33 分，是“四星”，在 4 家里排第 2。", "最近一个季度是2026年第二季度，得 79 分，比上一次低 1.00 分。"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q in\n%s", want, text)
		}
	}
	stars.one.Before, stars.history = nil, []PastStar{quarter(1, "a", "甲物业", "80"), quarter(2, "b", "甲物业", "86.5")}
	if text = say(stars, "别家物业"); !strings.Contains(text, "评价办法改过，和上一次不能直接比") || !strings.Contains(text, "没有上一次可以比") || !strings.Contains(text, "评星的时候是甲物业服务的，星级不跟着换企业走") || strings.Contains(text, "合起来") {
		t.Error(text)
	}
	stars.history[1] = quarter(2, "a", "乙物业", "86.5")
	if text = say(stars, "甲物业"); !strings.Contains(text, "换过物业企业，和上一次不能比") {
		t.Error(text)
	}
	stars.history = []PastStar{quarter(1, "a", "甲物业", "80"), quarter(2, "a", "甲物业", "80"), quarter(3, "a", "甲物业", "")}
	if text = say(stars, "甲物业"); !strings.Contains(text, "第二季度，得 80.00 分，和上一次一样") {
		t.Error(text)
	}
}
