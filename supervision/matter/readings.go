package matter

import (
	"cmp"
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision"
)

const (
	// SourceMatters is what the rating calls the matters.
	SourceMatters = "matter"
	// factComplaints, factCalls and factAnswers are the facts that they tell.
	factComplaints = "complaints"
	factCalls      = "matter_callbacks"
	factAnswers    = "answers"
	// readBack is how many months before a span a matter may have been reported that was closed in it.
	readBack = 6
)

// Source implements supervision.Readings.
func (s *Service) Source() string { return SourceMatters }

// against reports whether a matter was closed with the firm liable and the claim reasonable (practice.md §2); nothing else is held against a firm.
func (m *Matter) against() bool {
	return m.Answer != nil && m.Answer.Liable == LiableFirm && m.Answer.Reasonable
}

// done reports whether a matter about a compound is closed by an answer that says who is liable.
func (m *Matter) done() bool {
	return m.Project != "" && m.Answer != nil && (m.State == Fixed || m.State == Unfixed)
}

// Held lists the matters about a compound that were closed on a day or later with the firm liable and the claim reasonable, as they stand now and as far as the actor may read them, in order of their closing; one that was reported
// more than readBack months before the day is not among them. Returns Forbidden without ReadMatter.
func (s *Service) Held(ctx context.Context, by policy.Actor, from calendar.Date) (out []store.Doc[Matter], err error) {
	scope, err := s.desk.Scope(ctx, by, policy.ReadMatter)
	if err != nil {
		return nil, err
	}
	first := from.AddMonths(-readBack)
	for q := (store.Query{Index: byScope, Key: heldKey, Desc: true, Limit: store.MaxLimit}); ; {
		page, err := s.rows.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, doc := range page.Docs {
			if calendar.DateOf(doc.State.Reported.At.Time).Compare(first) < 0 {
				page.Next = ""
				break
			}
			if calendar.DateOf(doc.State.Closed.Time).Compare(from) >= 0 && s.inScope(by, scope, &doc.State) {
				out = append(out, s.seen(by, doc))
			}
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b store.Doc[Matter]) int {
		return cmp.Or(a.State.Closed.Compare(b.State.Closed.Time), strings.Compare(a.ID, b.ID))
	})
	return out, nil
}

// EachReading implements supervision.Readings: each matter about a compound counts once, by its first closing. One that the firm is liable for and whose claim is reasonable is a complaint, an answer that was due — in time if the one by which it was closed came
// within its deadline, which begins when the department accepts it and is that of another platform if that set one — and, if its reporter was asked and reached, a call-back; of all others one for each compound says that there was no complaint and nothing to answer.
func (s *Service) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	told := map[string]bool{}
	first := span.First.AddMonths(-readBack)
	for day := first.Add(1 - dayOf(first)); day.Compare(span.Last) <= 0; day = day.AddMonths(1) {
		err := s.eachPage(ctx, store.Query{Index: byMonth, Key: MonthOf(day).String() + "/" + policy.County, Limit: store.MaxLimit}, func(page []facts, rows []store.ListRow) error {
			for i, f := range page {
				if f.Project == "" || !f.Answered || !f.Against && told[f.Project] {
					continue
				}
				found, err := s.readingOf(ctx, rows[i].ID, span, asOf, upTo, yield)
				if err != nil {
					return err
				}
				told[f.Project] = told[f.Project] || found
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// dayOf is the day of the month.
func dayOf(d calendar.Date) int { _, _, n := d.Parts(); return n }

// readingOf yields what one matter says, and reports whether it says anything.
func (s *Service) readingOf(ctx context.Context, id string, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) (bool, error) {
	var c store.Change[Matter]
	for change, err := range s.rows.History(ctx, id) {
		if err != nil {
			return false, err
		}
		if change.State.done() {
			c = change
			break
		}
	}
	if c.N == 0 || c.N > upTo || c.At.After(asOf) {
		return false, nil
	}
	m := &c.State
	day := calendar.DateOf(m.Closed.Time)
	if !span.Has(day) {
		return false, nil
	}
	r := supervision.Reading{Project: m.Project, Firm: m.Firm, Fact: factComplaints, Day: day, Accepted: c.At, Record: c.RecordID, Hash: hex.EncodeToString(c.Hash[:]), N: c.N, ScoredBy: m.Answer.By.Signed()}
	if m.Check != nil {
		r.ReviewedBy = m.Check.By.Signed()
	}
	n, inTime := int64(0), int64(1)
	if m.against() {
		n = 1
	}
	if m.Answer.Late {
		inTime = 0
	}
	r.Cells = []supervision.Cell{{Column: "complaints", Number: num.FromInt(n)}}
	if err := yield(r); err != nil {
		return true, err
	}
	r.Fact, r.Cells = factAnswers, []supervision.Cell{{Column: "answers_on_time", Number: num.FromInt(inTime), NA: n == 0}, {Column: "answers_due", Number: num.FromInt(1), NA: n == 0}}
	if err := yield(r); err != nil || n == 0 {
		return true, err
	}
	if f := m.facts(); f.is(MeasureAsked, day) {
		pleased := int64(0)
		if f.is(MeasurePleased, day) {
			pleased = 1
		}
		r.Fact, r.Cells = factCalls, []supervision.Cell{{Column: "matter_callbacks_satisfied", Number: num.FromInt(pleased)}, {Column: "matter_callbacks_reached", Number: num.FromInt(1)}}
		return true, yield(r)
	}
	return true, nil
}
