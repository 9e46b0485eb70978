package web

import (
	"fmt"
	"testing"

	"redsteward/internal/calendar"
)

// TestMoments: every day that has come is a moment, the latest first; what is no day, and what has not come, is none.
func TestMoments(t *testing.T) {
	day := func(text string) calendar.Date {
		d, err := calendar.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	parts := []dossierPart{
		{ID: "facts", Title: "基本情况", Heads: []string{"项目", "内容"}, Rows: []dossierRow{{"", []any{"户数", int64(640)}}, {"", []any{"交付日期", day("2018-05-01")}}}},
		{ID: "inspections", Title: "行政检查", Heads: []string{"事由", "状态", "检查日期", "告知日期"}, Rows: []dossierRow{{"/inspections/1", []any{"日常检查", "已告知", day("2026-03-03"), day("2026-03-09")}}, {"/inspections/2", []any{"双随机抽查", "待检查", day("2026-12-01"), calendar.Date{}}}}},
	}
	said := func(kind string) (out []string) {
		for _, m := range moments(parts, kind, day("2026-10-19")) {
			out = append(out, m.day.String()+" "+m.Kind+" "+m.What+" "+m.Title+" "+m.State+" "+m.Path)
		}
		return out
	}
	if got, want := fmt.Sprintf("%q", said("")), `["2026-03-09 行政检查 告知日期 日常检查 已告知 /inspections/1" "2026-03-03 行政检查 检查日期 日常检查 已告知 /inspections/1" "2018-05-01 基本情况 交付日期   "]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := said("facts"); len(got) != 1 {
		t.Errorf("one kind: %q", got)
	}
}
