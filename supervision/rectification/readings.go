package rectification

import (
	"context"
	"encoding/hex"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/supervision"
)

const (
	// fact is what the five goods ask of this package, with its columns.
	fact       = "rectification"
	columnDone = "rectified_on_time"
	columnDue  = "rectification_due"
)

// Source implements supervision.Readings.
func (s *Service) Source() string { return fact }

// EachReading implements supervision.Readings: one reading for each finding whose first period, with the extension that was granted, ended within the span. It was put right in time if it was answered by
// then and the first look saw it fixed; without an answer it was not. What was answered in time and not looked at yet says nothing, and neither does what was handed on, withdrawn or closed before its day.
func (s *Service) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return s.EveryLife(ctx, span.Last, func(life []store.Change[Case]) error {
		for _, v := range verdicts(life, asOf, upTo) {
			if !span.Has(v.due) {
				continue
			}
			c, on := &v.by.State, int64(0)
			if v.inTime {
				on = 1
			}
			r := supervision.Reading{Project: c.Project, Firm: c.Firm, Fact: fact, Day: v.due, Accepted: v.at, Record: v.by.RecordID, Hash: hex.EncodeToString(v.by.Hash[:]), N: v.by.N,
				ScoredBy: v.who, Cells: []supervision.Cell{{Column: columnDone, Number: num.FromInt(on)}, {Column: columnDue, Number: num.FromInt(1)}}}
			if c.Approval != nil && len(c.Approval.Decisions) > 0 {
				last := c.Approval.Decisions[len(c.Approval.Decisions)-1]
				r.ReviewedBy = string(last.As) + "/" + last.By
			}
			if err := yield(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// verdict is what became of a finding by the end of its first period.
type verdict struct {
	due    calendar.Date
	inTime bool
	// by is the record that holds it, at when it was certain, who the account behind it.
	by  *store.Change[Case]
	at  time.Time
	who string
}

// verdicts follows a case up to a moment. A period whose end is not known, past the loaded calendar, decides nothing.
func verdicts(life []store.Change[Case], asOf time.Time, upTo int64) []verdict {
	var out []verdict
	decided := map[string]bool{}
	var clock *store.Change[Case] // the last record of the first period while it ran
	// ended notes what had no answer when the first period was over.
	ended := func(now time.Time) {
		if clock == nil {
			return
		}
		due := clock.State.Clock.Due
		over := due.Ends()
		if due.IsZero() || now.Before(over) {
			return
		}
		for _, f := range clock.State.Findings {
			if f.Answer == nil && !decided[f.Item] {
				decided[f.Item] = true
				out = append(out, verdict{due: due, by: clock, at: over, who: clock.State.Served.By})
			}
		}
	}
	var due calendar.Date
	for i := range life {
		change := &life[i]
		if change.N > upTo || change.At.After(asOf) {
			break
		}
		c := &change.State
		ended(change.At)
		if clock = nil; c.State == Running && c.Round == 1 {
			clock, due = change, c.Clock.Due
		}
		for _, f := range c.Findings {
			if f.Look == nil || decided[f.Item] || due.IsZero() {
				continue
			}
			decided[f.Item] = true
			out = append(out, verdict{due: due, inTime: f.Fixed && f.Answer != nil && f.Answer.Day.Compare(due) <= 0, by: change, at: change.At, who: f.Look.By})
		}
	}
	ended(asOf)
	return out
}
