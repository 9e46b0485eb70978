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
	// fact and overdueFact are what the five goods ask of this package; columnDone and columnDue are the columns of the first.
	fact        = "rectification"
	overdueFact = "overdue_rectifications"
	columnDone  = "rectified_on_time"
	columnDue   = "rectification_due"
)

// Source implements supervision.Readings.
func (s *Service) Source() string { return fact }

// EachReading implements supervision.Readings. Of a fact are told, in the order of the cases:
//
// rectification: one reading for each finding whose first period, with the extension that was granted, ended within the span. It was put right in time if it was answered by
// then and the first look saw it fixed; without an answer it was not. What was answered in time and not looked at yet says nothing, and neither does what was handed on, withdrawn or closed before its day.
//
// overdue_rectifications: an event for each time in which a finding was overdue and not put right, that began within the span (see lapses); its code is the kind of the paper.
func (s *Service) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return s.EveryLife(ctx, span.Last, func(life []store.Change[Case]) error {
		for _, v := range verdicts(life, asOf, upTo) {
			on := int64(0)
			if v.inTime {
				on = 1
			}
			cells := []supervision.Cell{{Column: columnDone, Number: num.FromInt(on)}, {Column: columnDue, Number: num.FromInt(1)}}
			if err := tell(span, fact, v.due, v.behind, cells, yield); err != nil {
				return err
			}
		}
		for _, l := range lapses(life, asOf, upTo) {
			cells := []supervision.Cell{{Column: overdueFact, Text: string(l.by.State.Kind), Until: l.until}}
			if err := tell(span, overdueFact, l.from, l.behind, cells, yield); err != nil {
				return err
			}
		}
		return nil
	})
}

// tell yields a reading about a day, if that lies within a span.
func tell(span calendar.Span, fact string, day calendar.Date, of behind, cells []supervision.Cell, yield func(supervision.Reading) error) error {
	if !span.Has(day) {
		return nil
	}
	c := &of.by.State
	r := supervision.Reading{Project: c.Project, Firm: c.Firm, Fact: fact, Day: day, Accepted: of.at, Record: of.by.RecordID, Hash: hex.EncodeToString(of.by.Hash[:]), N: of.by.N, ScoredBy: of.who, Cells: cells}
	if c.Approval != nil && len(c.Approval.Decisions) > 0 {
		last := c.Approval.Decisions[len(c.Approval.Decisions)-1]
		r.ReviewedBy = string(last.As) + "/" + last.By
	}
	return yield(r)
}

// behind is what stands behind a reading: the record that holds it, when it was certain, and the account behind it.
type behind struct {
	by  *store.Change[Case]
	at  time.Time
	who string
}

// unanswered calls found for every finding of a running period that has no answer once that is over at a moment, with its last day; clock is the last record of the period, nil for none. A period whose end is not known, past the loaded
// calendar, decides nothing.
func unanswered(clock *store.Change[Case], now time.Time, found func(item string, due calendar.Date, of behind)) {
	if clock == nil {
		return
	}
	due := clock.State.Clock.Due
	over := due.Ends()
	if due.IsZero() || now.Before(over) {
		return
	}
	for _, f := range clock.State.Findings {
		if !f.Fixed && f.Answer == nil {
			found(f.Item, due, behind{clock, over, clock.State.Served.By})
		}
	}
}

// lapse is a time in which a finding was overdue and not put right; until is its last day, no day while it lasts.
type lapse struct {
	from, until calendar.Date
	behind
}

// lapses follows a case up to a moment. A finding is overdue from the day after its period without an answer, or from the look that found it not put right; no longer from the day on which the firm answered it (then the bureau's clock
// runs) or was given another period. A case that is closed or handed on meanwhile is not fixed by that: what was overdue stays so until the end of that year.
func lapses(life []store.Change[Case], asOf time.Time, upTo int64) []*lapse {
	var out []*lapse
	open := map[string]*lapse{}
	begin := func(item string, from calendar.Date, of behind) {
		if open[item] == nil {
			open[item] = &lapse{from: from, behind: of}
			out = append(out, open[item])
		}
	}
	end := func(item string, day calendar.Date) {
		if l := open[item]; l != nil {
			l.until = day
			delete(open, item)
		}
	}
	late := func(item string, due calendar.Date, of behind) { begin(item, due.Add(1), of) }
	var clock *store.Change[Case]
	for i := range life {
		change := &life[i]
		if change.N > upTo || change.At.After(asOf) {
			break
		}
		unanswered(clock, change.At, late)
		c, day := &change.State, calendar.DateOf(change.At)
		if clock = nil; c.State == Running {
			clock = change
		}
		for _, f := range c.Findings {
			switch {
			case c.State == HandedOn, c.State == Unfixed:
				end(f.Item, calendar.Year(day.Year()).Span().Last)
			case f.Look != nil && !f.Fixed:
				begin(f.Item, f.Look.Day, behind{change, change.At, f.Look.By})
			case f.Answer != nil:
				end(f.Item, f.Answer.Day)
			case c.Last == StepAgain:
				end(f.Item, day)
			}
		}
	}
	unanswered(clock, asOf, late)
	return out
}

// verdict is what became of a finding by the end of its first period.
type verdict struct {
	due    calendar.Date
	inTime bool
	behind
}

// verdicts follows a case up to a moment.
func verdicts(life []store.Change[Case], asOf time.Time, upTo int64) []verdict {
	var out []verdict
	decided := map[string]bool{}
	var clock *store.Change[Case] // the last record of the first period while it ran
	missed := func(item string, due calendar.Date, of behind) {
		if !decided[item] {
			decided[item] = true
			out = append(out, verdict{due, false, of})
		}
	}
	var due calendar.Date
	for i := range life {
		change := &life[i]
		if change.N > upTo || change.At.After(asOf) {
			break
		}
		c := &change.State
		unanswered(clock, change.At, missed)
		if clock = nil; c.State == Running && c.Round == 1 {
			clock, due = change, c.Clock.Due
		}
		for _, f := range c.Findings {
			if f.Look == nil || decided[f.Item] || due.IsZero() {
				continue
			}
			decided[f.Item] = true
			out = append(out, verdict{due, f.Fixed && f.Answer != nil && f.Answer.Day.Compare(due) <= 0, behind{change, change.At, f.Look.By}})
		}
	}
	unanswered(clock, asOf, missed)
	return out
}
