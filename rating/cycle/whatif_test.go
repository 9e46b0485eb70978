package cycle

import (
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/supervision"
)

// TestWhatIf: repairs are worth 3 points from 60 % (none) to 95 % (all); without any proof they count as zero.
func TestWhatIf(t *testing.T) {
	d := newDesk(t, 1)
	d.set(t, "2026-08-10")
	if _, err := d.Plan(t.Context(), officer, "2026Q3", on(t, "2026-09-30"), on(t, "2026-10-08")); err != nil {
		t.Fatal(err)
	}
	now := d.Clock()
	repairs := func(onTime, due int64, day calendar.Date, accepted time.Time, firm string) supervision.Reading {
		return supervision.Reading{Project: "p0001", Firm: firm, Fact: "repairs", Day: day, Accepted: accepted,
			Cells: []supervision.Cell{{Column: "repairs_on_time", Number: num.FromInt(onTime)}, {Column: "repairs_due", Number: num.FromInt(due)}}}
	}
	august, cutoff := on(t, "2026-08-01"), on(t, "2026-10-08").Ends()
	before := d.Records(t)
	for _, c := range []struct {
		name   string
		told   []supervision.Reading
		points string
	}{
		{"nothing", nil, "0.00"},
		{"nine of ten", []supervision.Reading{repairs(9, 10, august, now, "f1")}, "2.57"},
		{"and eight of ten", []supervision.Reading{repairs(9, 10, august, now, "f1"), repairs(8, 10, august, now, "f1")}, "2.14"},
		{"of the quarter before", []supervision.Reading{repairs(9, 10, on(t, "2026-06-30"), now, "f1")}, "0.00"},
		{"of another firm", []supervision.Reading{repairs(9, 10, august, now, "f2")}, "0.00"},
		{"too late", []supervision.Reading{repairs(9, 10, august, cutoff, "f1")}, "0.00"},
	} {
		e, known, err := d.WhatIf(t.Context(), "2026Q3", "repairs", "f1", c.told)
		if err != nil || !known || !e.Counted || e.Points.Fixed(2) != c.points || e.Max.Fixed(2) != "3.00" {
			t.Errorf("%s: %+v %v %v, want %s of 3.00", c.name, e, known, err, c.points)
		}
	}
	for _, fact := range []string{"complaints", "no_such_fact", "instructor_visits"} { // read together with others, or by nobody
		if _, known, err := d.WhatIf(t.Context(), "2026Q3", fact, "f1", nil); known || err != nil {
			t.Errorf("%s: %v %v", fact, known, err)
		}
	}
	if d.Records(t) != before {
		t.Error("asking wrote something")
	}
}
