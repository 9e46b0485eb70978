package rectification

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// told are the readings of a span as of a moment: day, in time or not, in order.
func (d *desk) told(span calendar.Span, asOf time.Time) []string {
	d.T.Helper()
	var out []string
	d.overdue = nil
	err := d.EachReading(d.T.Context(), span, asOf, 1<<40, func(r supervision.Reading) error {
		if r.Record == "" || len(r.Hash) != 64 || r.ScoredBy == "" || r.ReviewedBy == "" || r.Project != "p1" || r.Firm != "f1" || r.Accepted.After(asOf) {
			return fmt.Errorf("%+v", r)
		}
		if r.Fact == overdueFact {
			d.overdue = append(d.overdue, strings.TrimSpace(r.Cells[0].Text+" "+r.Day.String()+" "+r.Cells[0].Until.String()))
			return nil
		}
		out = append(out, r.Day.String()+" "+r.Cells[0].Number.String()+"/"+r.Cells[1].Number.String())
		return nil
	})
	if err != nil {
		d.T.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// inputOf is what a form says about a finding, with a photo.
func inputOf(d *desk, choice string) casework.Input {
	return casework.Input{Choice: choice, Text: "已经办理", Upload: d.Photo()}
}

// TestReadings: each finding counts once, by its first period: in time if it was answered by then and the first look saw it fixed, also when the look came later; without an answer it was not; what nobody
// looked at says nothing yet.
func TestReadings(t *testing.T) {
	d := newDesk(t)
	third := calendar.Span{First: day("2026-07-01"), Last: day("2026-09-30")}
	fourth := calendar.Span{First: day("2026-10-01"), Last: day("2026-12-31")}
	same := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	v1, _ := d.running("v1") // until 29 September
	d.do(firm, &v1, StepAnswer, inputOf(d, "2.3"))
	d.do(firm, &v1, StepAnswer, inputOf(d, "2.4"))
	answered := d.Clock()
	same("answered only", d.told(third, answered))
	same("still only answered when the period is over", d.told(third, d.Clock().Add(30*24*time.Hour)))
	d.Forward("2026-09-30")
	look := inputOf(d, "2.3:fixed")
	look.Upload = nil
	d.do(inspector, &v1, StepLook, look)
	d.do(inspector, &v1, StepLook, inputOf(d, "2.4:failed"))
	looked := d.Clock()
	same("looked at", d.told(third, looked), "2026-09-29 0/1", "2026-09-29 1/1")
	same("not put right", d.overdue, "assignment 2026-09-30")
	same("as it was known before", d.told(third, answered))
	same("in the quarter after", d.told(fourth, looked))

	d.do(officer, &v1, StepAgain, inputOf(d, ""))
	d.do(firm, &v1, StepAnswer, inputOf(d, "2.4"))
	d.do(inspector, &v1, StepLook, inputOf(d, "2.4:fixed"))
	same("a second period changes nothing", d.told(third, d.Clock()), "2026-09-29 0/1", "2026-09-29 1/1")
	same("not overdue from the second period on", d.overdue, "assignment 2026-09-30 2026-09-30")

	v2, _ := d.running("v2")
	d.do(firm, &v2, StepAnswer, inputOf(d, "2.3"))
	due := must[store.Doc[Case]](t)(d.One(t.Context(), officer, v2.ID)).State.Clock.Due
	same("before the period is over", d.told(fourth, due.Ends().Add(-time.Second)))
	same("what has no answer by then", d.told(fourth, due.Ends()), due.String()+" 0/1")
	same("is overdue", d.overdue, "assignment "+due.Add(1).String())
	d.Forward(due.Add(3).String())
	d.do(firm, &v2, StepAnswer, inputOf(d, "2.4"))
	d.told(fourth, d.Clock())
	same("until it is answered", d.overdue, "assignment "+due.Add(1).String()+" "+due.Add(3).String())
	d.do(inspector, &v2, StepLook, inputOf(d, "2.3:fixed"))
	d.do(inspector, &v2, StepLook, inputOf(d, "2.4:fixed"))
	same("fixed, but late", d.told(fourth, d.Clock()), due.String()+" 0/1", due.String()+" 1/1")
	same("and overdue no longer", d.overdue, "assignment "+due.Add(1).String()+" "+due.Add(3).String())

	// Closed is not fixed: what was overdue stays so until the end of the year.
	late, c := d.served("v1", supervision.PaperSuggestion)
	due = c.Clock.Due
	d.Forward(due.Add(2).String())
	d.do(officer, &late, StepClose, inputOf(d, ""))
	d.told(calendar.Span{First: due, Last: due.Add(60)}, d.Clock())
	closed := "suggestion " + due.Add(1).String() + " " + calendar.Year(due.Year()).Span().Last.String()
	same("closed without a fix", d.overdue, closed)
}

// TestReadingsOfWithdrawn: what was never delivered, and what another authority has, says nothing.
func TestReadingsOfWithdrawn(t *testing.T) {
	d := newDesk(t)
	at := d.draft("v1", supervision.PaperSuggestion, "")
	d.do(officer, &at, StepWithdraw, inputOf(d, ""))
	at = d.draft("v1", supervision.PaperTransfer, "消防救援大队")
	d.do(officer, &at, StepSend, inputOf(d, ""))
	d.signed(&at)
	in := inputOf(d, "")
	in.Number, in.Day = "都住建移〔2026〕1号", d.Desk.Today()
	d.do(officer, &at, StepHandOver, in)
	if got := d.told(calendar.Span{First: day("2026-01-01"), Last: day("2027-12-31")}, d.Clock().Add(400*24*time.Hour)); len(got) != 0 {
		t.Error(got)
	}
	stopped := fmt.Errorf("stop")
	d.running("v1")
	err := d.EachReading(t.Context(), calendar.Span{First: day("2026-01-01"), Last: day("2027-12-31")}, d.Clock().Add(400*24*time.Hour), 1<<40, func(supervision.Reading) error { return stopped })
	if err != stopped {
		t.Error("an error of the reader is lost:", err)
	}
	if err := d.EachReading(t.Context(), calendar.Span{First: day("2026-01-01"), Last: day("2027-12-31")}, d.Clock().Add(400*24*time.Hour), 0, func(r supervision.Reading) error { return context.Canceled }); err != nil {
		t.Error("records above the last number are read:", err)
	}
}
