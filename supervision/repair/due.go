package repair

import (
	"context"
	"encoding/hex"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/supervision"
)

// factInTime is the fact that the log itself tells: how many repairs were in time, of those that were due.
const factInTime = "repairs"

// months are the keys of byMonth under which the rating finds a repair: the month of the report and that in which it was due, in all logs (l/) and in that of its compound (p/).
func (r *Repair) months() []string {
	var keys []string
	last := ""
	for _, at := range []time.Time{r.Said.Reported.Time, r.Due.Time} {
		if month := monthOf(at); month != last {
			keys, last = append(keys, "l/"+month, projectMonth(r.Project, month)), month
		}
	}
	return keys
}

// projectMonth is the key of a month of the log of a compound.
func projectMonth(project, month string) string { return "p/" + project + "/" + month }

// dueDay is the day on which it was due.
func (r *Repair) dueDay() calendar.Date { return calendar.DateOf(r.Due.Time) }

// monthsOf are the months of a span, in the form of monthOf.
func monthsOf(span calendar.Span) []string {
	var out []string
	for day, err := firstOf(span.First); err == nil && day.Compare(span.Last) <= 0; day = day.AddMonths(1) {
		out = append(out, day.String()[:7])
	}
	return out
}

// concerns reports whether a repair belongs to the log of some days: it was reported or due in them.
func (r *Repair) concerns(days calendar.Span) bool {
	return !r.Withdrawn && (days.Has(r.Day) || days.Has(r.dueDay()))
}

// Logged tells, for evidence.Holds, whether a firm keeps a log of repairs of a project in some days. It asks for no right.
func (s *Service) Logged(ctx context.Context, project, firm string, days calendar.Span) (bool, error) {
	var keys []string
	for _, month := range monthsOf(days) {
		keys = append(keys, projectMonth(project, month))
	}
	page, err := s.rows.ListWhere(ctx, store.Query{Index: byMonth, In: keys, Limit: 1}, func(d *store.Doc[Repair]) bool {
		return d.State.Firm == firm && d.State.concerns(days)
	})
	return len(page.Docs) > 0, err
}

// eachInTime yields one reading for each repair of the span, as it stood at asOf: whether it was in time, on the day on which it was due; for one that was reported in the span and not due by its end, or by asOf, only that there is a log.
func (s *Service) eachInTime(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	// What was reported in the month before may be due in the span; what was reported earlier is found under the month in which it was due.
	months := monthsOf(calendar.Span{First: span.First.AddMonths(-1), Last: span.Last})
	for n, month := range months {
		if err := supervision.EachHead(ctx, s.rows, byMonth, "l/"+month, func(head store.Change[Repair]) error {
			if from := monthOf(head.State.Said.Reported.Time); from != month && (n > 0 && from >= months[0]) {
				return nil // it came with the month of its report
			}
			c, ok, err := supervision.Standing(ctx, s.rows, head, asOf, upTo)
			if err != nil || !ok || !c.State.concerns(span) {
				return err
			}
			return yield(inTime(c, span, asOf))
		}); err != nil {
			return err
		}
	}
	return nil
}

// inTime is the reading of one repair.
func inTime(c store.Change[Repair], span calendar.Span, asOf time.Time) supervision.Reading {
	r := &c.State
	day, done, due := r.Day, int64(0), int64(0)
	if at := r.dueDay(); span.Has(at) && r.Due.Before(asOf) {
		day, due = at, 1
		if answered := r.answered(); !answered.IsZero() && !answered.After(r.Due.Time) {
			done = 1
		}
	} else if !span.Has(day) {
		day = at
	}
	return supervision.Reading{Project: r.Project, Firm: r.Firm, Fact: factInTime, Day: day, Accepted: c.At, Record: c.RecordID, Hash: hex.EncodeToString(c.Hash[:]), N: c.N, ScoredBy: r.Hand.Signed(),
		Cells: []supervision.Cell{{Column: "repairs_on_time", Number: num.FromInt(done)}, {Column: "repairs_due", Number: num.FromInt(due)}}}
}
