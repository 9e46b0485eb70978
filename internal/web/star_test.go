package web

import (
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/evidence"
)

// TestClawedIsSaid: a star names at the line, and to whom the lines are not shown at the part, what was taken back of its proof; not what is of another firm, of other days or of a fact that somebody else told.
func TestClawedIsSaid(t *testing.T) {
	date := func(text string) calendar.Date {
		d, err := calendar.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	proof := &store.Doc[evidence.Proof]{ID: "p1", State: evidence.Proof{State: evidence.Disputed, Audit: &evidence.Audit{Reason: "门岗记录不符", Decided: supervision.Hand{By: "x"}}}}
	counted := evidence.Clawed{Fact: "repairs", Firm: "f1", Day: date("2025-11-20"), Taken: date("2026-03-05"), Proof: proof}
	with := func(change func(*evidence.Clawed)) evidence.Clawed {
		c := counted
		change(&c)
		return c
	}
	year := calendar.Year(2025).Span()
	full := num.FromInt(3)
	star := func(lines bool, list ...evidence.Clawed) Star {
		one := Star{Row: Row{Keys: []string{policy.FirmKey("f1")}}, Proved: map[string]calendar.Span{"repairs": year, "secret": year},
			Groups: []LineGroup{{Name: "服务", Max: &full, Lines: []Line{{Name: "报修", reads: []string{"repairs", "complaints"}}, {Name: "投诉", reads: []string{"complaints"}}}}, {Name: "组织", Hidden: true, reads: []string{"secret"}}}}
		one.claw(list)
		if !lines {
			one.keepLines()
		}
		return one
	}
	one := star(true, counted, with(func(c *evidence.Clawed) { c.Firm = "f2" }), with(func(c *evidence.Clawed) { c.Day = date("2024-12-31") }), with(func(c *evidence.Clawed) { c.Fact = "complaints" }))
	if got := one.Groups[0].Lines[0].Clawed; len(got) != 1 || got[0].Link != "/proof/p1" || !strings.Contains(got[0].Text, "2026年3月5日抽查追回 1 件佐证材料：门岗记录不符（追回异议中）") || !strings.Contains(got[0].Text, "得分不变") {
		t.Errorf("%+v", got)
	}
	if got := one.Groups[0].Lines[1].Clawed; len(got)+len(one.Groups[0].Clawed)+len(one.Groups[1].Clawed) != 0 {
		t.Errorf("said where it does not belong: %+v", one.Groups)
	}
	masked := with(func(c *evidence.Clawed) { c.Proof = nil })
	one = star(false, masked, with(func(c *evidence.Clawed) { c.Fact, c.Proof = "secret", nil }))
	if got := clawedText(one.Groups[0].Clawed); !strings.HasPrefix(got, "“报修”：2026年3月5日抽查追回 1 件佐证材料。") || strings.Contains(got, "不符") || one.Groups[0].Clawed[0].Link != "" {
		t.Errorf("%q", got)
	}
	if got := clawedText(one.Groups[1].Clawed); !strings.HasPrefix(got, "2026年3月5日抽查追回") {
		t.Errorf("%q", got)
	}
}
