package cycle

import (
	"cmp"
	"context"
	"encoding/hex"
	"maps"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/registry"
	"redsteward/registry/filing"
	"redsteward/registry/handover"
	"redsteward/supervision"
)

// The sources that are followed from record to record. What they tell is how things stood at the end of the last day of a span, however long afterwards they are asked.
const (
	// SourceFilings are the filings of service contracts (物业服务合同备案).
	SourceFilings = "filing"
	// SourceHandovers are the handover inspections (承接查验).
	SourceHandovers = "handover"
)

// The facts that they tell.
const (
	factFiled = "contract_filed"
	factActs  = "handover_acts"
)

// endOf is the moment up to which things are followed: the last one of a span, or asOf before it.
func endOf(span calendar.Span, asOf time.Time) time.Time {
	if end := span.Last.Ends().Add(-time.Nanosecond); end.Before(asOf) {
		return end
	}
	return asOf
}

// known are the changes of a life that were made at or before a moment with a log number ≤ upTo.
func known[T any](life []store.Change[T], at time.Time, upTo int64) []store.Change[T] {
	if i := slices.IndexFunc(life, func(c store.Change[T]) bool { return c.At.After(at) || c.N > upTo }); i >= 0 {
		return life[:i]
	}
	return life
}

// firstOf is the first change of a life of which something holds, nil for none.
func firstOf[T any](life []store.Change[T], holds func(*T) bool) *store.Change[T] {
	for i := range life {
		if holds(&life[i].State) {
			return &life[i]
		}
	}
	return nil
}

// behind puts a record behind a reading.
func behind[T any](r supervision.Reading, c *store.Change[T]) supervision.Reading {
	r.Record, r.Hash, r.N = c.RecordID, hex.EncodeToString(c.Hash[:]), c.N
	return r
}

// Estate tells which contracts a project has; registry.Register does.
type Estate interface {
	// Built returns NotFound if there is no such project.
	Built(ctx context.Context, project string) (registry.Project, error)
}

// Contracts makes readings of the filings of service contracts.
type Contracts struct {
	// Filings are asked for what was filed, Estate for the contracts that run.
	Filings *filing.Service
	Estate  Estate
}

// Source implements supervision.Readings.
func (c *Contracts) Source() string { return SourceFilings }

// holder is a firm at a project.
type holder struct{ project, firm string }

// EachReading implements supervision.Readings: one reading for each firm and project of which a contract was filed, saying whether those that run on the last day are. It holds the filings of contracts.
func (c *Contracts) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	at := endOf(span, asOf)
	filed := map[holder][]store.Change[filing.Filing]{}
	err := c.Filings.EveryLife(ctx, filing.ContractKind, func(life []store.Change[filing.Filing]) error {
		if done := firstOf(known(life, at, upTo), func(f *filing.Filing) bool { return f.State == filing.Registered }); done != nil {
			of := holder{done.State.Project, done.State.Firm}
			filed[of] = append(filed[of], *done)
		}
		return nil
	})
	if err != nil {
		return err
	}
	within := func(from calendar.Date) (calendar.Deadline, error) {
		return c.Filings.Within(filing.ContractKind, from)
	}
	for _, of := range slices.SortedFunc(maps.Keys(filed), func(a, b holder) int { return cmp.Or(cmp.Compare(a.project, b.project), cmp.Compare(a.firm, b.firm)) }) {
		built, err := c.Estate.Built(ctx, of.project)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		held := slices.DeleteFunc(slices.Clone(built.Contracts), func(k registry.Contract) bool { return k.Firm != of.firm })
		r, told, err := contractFiled(held, filed[of], span.Last, at, within)
		if err != nil {
			return err
		}
		if !told {
			continue
		}
		r.Project, r.Firm = of.project, of.firm
		if err := yield(r); err != nil {
			return err
		}
	}
	return nil
}

// startOf is the first day of the contract that a filing is about: of those of the firm the one that begins nearest to the day on which it was signed, of two the later one.
func startOf(held []registry.Contract, signed calendar.Date) (start calendar.Date) {
	far := func(d calendar.Date) int { return max(d.Sub(signed), signed.Sub(d)) }
	for _, k := range held {
		if from := k.Days.From; start.IsZero() || far(from) < far(start) || far(from) == far(start) && from.Compare(start) > 0 {
			start = from
		}
	}
	return start
}

// contractFiled says, of the contracts of one firm with a project and what was registered of them by a moment, whether those that run on a day are filed. A contract of which nothing was filed here is filed as long as the firm has time for
// it and the one before it is; afterwards it is not. Where none before it was filed here either, nothing is known of it: it may have been filed on paper.
func contractFiled(held []registry.Contract, filed []store.Change[filing.Filing], on calendar.Date, at time.Time, within func(from calendar.Date) (calendar.Deadline, error)) (r supervision.Reading, told bool, err error) {
	slices.SortFunc(filed, func(a, b store.Change[filing.Filing]) int { return cmp.Compare(a.N, b.N) })
	for _, k := range held {
		if !k.Days.Holds(on) {
			continue
		}
		var own, earlier *store.Change[filing.Filing]
		for i := range filed {
			switch order := startOf(held, filed[i].State.Happened).Compare(k.Days.From); {
			case order == 0:
				own = &filed[i]
			case order < 0:
				earlier = &filed[i]
			}
		}
		of, n, day := own, int64(1), calendar.Date{}
		if own == nil && earlier != nil {
			due, err := within(k.Days.From)
			if err != nil {
				return r, false, err
			}
			if of = earlier; due.Late(at) {
				n, day = 0, due.Due
			}
		}
		if of == nil || told && (n == 1 || r.Cells[0].Number.Sign() == 0) {
			continue
		}
		told, r = true, behind(supervision.Reading{Fact: factFiled, Day: of.State.Filed, Accepted: of.At, Cells: cellsOf(factFiled, n)}, of)
		if n == 0 {
			r.Day, r.Accepted = day, day.Ends()
		}
		if a := of.State.Approval; a != nil && len(a.Decisions) > 0 {
			last := a.Decisions[len(a.Decisions)-1]
			r.ScoredBy, r.ReviewedBy = a.Maker, string(last.As)+"/"+last.By
		}
	}
	return r, told, nil
}

// Handovers makes readings of what a firm has to do itself in a handover inspection.
type Handovers struct {
	// Handovers are asked for what was done, Filings for what was handed in afterwards.
	Handovers *handover.Service
	Filings   *filing.Service
}

// Source implements supervision.Readings.
func (h *Handovers) Source() string { return SourceHandovers }

// handedIn are the changes by which the documents of handovers came in, by project and day of transfer: of two phases that were transferred on one day each needs its own.
type handedIn map[string][]store.Change[filing.Filing]

// transfer is the key of a transfer.
func transfer(project string, day calendar.Date) string { return project + "/" + day.String() }

// EachReading implements supervision.Readings: one reading for each act of a handover that was done, or that the firm alone left undone (see acts). It holds the filings of handovers.
func (h *Handovers) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	at, papers := endOf(span, asOf), handedIn{}
	err := h.Filings.EveryLife(ctx, handover.FilingKind, func(life []store.Change[filing.Filing]) error {
		papers.take(known(life, at, upTo))
		return nil
	})
	if err != nil {
		return err
	}
	return h.Handovers.EveryLife(ctx, span.Last, func(life []store.Change[handover.Handover]) error {
		for _, r := range acts(known(life, at, upTo), at, papers) {
			if err := yield(r); err != nil {
				return err
			}
		}
		return nil
	})
}

// take notes a filing that came in and was neither refused nor taken back.
func (h handedIn) take(life []store.Change[filing.Filing]) {
	came := firstOf(life, func(f *filing.Filing) bool { return !f.Submitted.IsZero() })
	if came == nil {
		return
	}
	if last := &life[len(life)-1].State; last.State != filing.Refused && last.State != filing.Withdrawn {
		key := transfer(last.Project, last.Happened)
		h[key] = append(h[key], *came)
	}
}

// next takes out a filing of a transfer, nil if there is none.
func (h handedIn) next(key string) *store.Change[filing.Filing] {
	if len(h[key]) == 0 {
		return nil
	}
	came := h[key][0]
	h[key] = h[key][1:]
	return &came
}

// acts are the readings of a handover as it is known at a moment. Three acts count, once each is done:
//
//  1. The firm has checked the documents, each of which was handed over or promised in writing with a date.
//  2. It has signed the agreement, in which the promised ones stand, and so has the developer.
//  3. After the transfer it has handed in the documents for filing.
//
// One that is not done counts against the firm if it waits for nothing but the firm: the developer had the documents complete on the day by which they must be there, and the day of the walk is over; the developer had signed by the day by which
// everything must be complete, and that is over; the period of the filing is over. A handover that was given up says nothing.
func acts(life []store.Change[handover.Handover], at time.Time, papers handedIn) []supervision.Reading {
	if len(life) == 0 || life[len(life)-1].State.State == handover.Cancelled {
		return nil
	}
	last := &life[len(life)-1]
	h := &last.State
	blank := supervision.Reading{Project: h.Project, Firm: h.Firm, Fact: factActs}
	var out []supervision.Reading
	done := func(c *store.Change[handover.Handover]) {
		r := behind(blank, c)
		r.Day, r.Accepted, r.ScoredBy, r.Cells = calendar.DateOf(c.At), c.At, c.State.By.By, actCells(1)
		out = append(out, r)
	}
	left := func(due calendar.Date, c *store.Change[handover.Handover]) {
		r := behind(blank, c)
		r.Day, r.Accepted, r.ScoredBy, r.Cells = due, due.Ends(), c.State.By.By, actCells(0)
		out = append(out, r)
	}
	intime := func(by calendar.Deadline) bool { return by.Resolved() && last.At.Before(by.Due.Ends()) }
	if checked := firstOf(life, func(h *handover.Handover) bool { return h.State == handover.Ready }); checked != nil {
		done(checked)
	} else if h.Prepared() && intime(h.Papers) && !at.Before(h.Inspection.Ends()) {
		left(h.Inspection, last)
	}
	if agreed := firstOf(life, func(h *handover.Handover) bool { return !h.Agreed.IsZero() }); agreed != nil {
		done(agreed)
	} else if h.State == handover.Agreeing && h.Signed(handover.SideDeveloper) && !h.Signed(handover.SideFirm) && intime(h.Before) && h.Before.Late(at) {
		left(h.Before.Due, last)
	}
	moved := firstOf(life, func(h *handover.Handover) bool { return !h.Transferred.IsZero() })
	if moved == nil {
		return out
	}
	if came := papers.next(transfer(h.Project, h.Transferred)); came != nil {
		r := behind(blank, came)
		r.Day, r.Accepted, r.ScoredBy, r.Cells = calendar.DateOf(came.At), came.At, came.Meta.By, actCells(1)
		out = append(out, r)
	} else if filed := firstOf(life, func(h *handover.Handover) bool { return h.State == handover.Filed }); filed != nil {
		done(filed)
	} else if moved.State.Filing.Late(at) {
		left(moved.State.Filing.Due, moved)
	}
	return out
}

// actCells says whether an act that is due was done.
func actCells(done int64) []supervision.Cell {
	return cellsOf("handover_acts_done", done, "handover_acts_due", int64(1))
}
