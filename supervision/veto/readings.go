package veto

import (
	"context"
	"encoding/hex"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/supervision"
)

const (
	// Source is the name by which a scheme's fact asks for decisions.
	Source = "veto"
	// fact is what the five goods ask of them; its column has the same name.
	fact = "veto_decisions"
)

// Source implements supervision.Readings.
func (s *Service) Source() string { return Source }

// EachReading implements supervision.Readings: an event for each decision that was delivered within the span and was not revoked, until its last day or the day before it was lifted. Behind it stands the record of the delivery, or of what
// ended it early.
func (s *Service) EachReading(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(supervision.Reading) error) error {
	return s.EveryLife(ctx, span.Last, func(life []store.Change[Veto]) error {
		r, stands := stands(life, asOf, upTo)
		if !stands || !span.Has(r.Day) {
			return nil
		}
		return yield(r)
	})
}

// stands is the event of a case as it is known at a moment, false for none.
func stands(life []store.Change[Veto], asOf time.Time, upTo int64) (supervision.Reading, bool) {
	var issued, last *store.Change[Veto]
	for i := range life {
		c := &life[i]
		if c.N > upTo || c.At.After(asOf) {
			break
		}
		if last = c; issued == nil && c.State.Decision != nil {
			issued = c
		}
	}
	if issued == nil || last.State.State == Revoked {
		return supervision.Reading{}, false
	}
	v, by := &last.State, issued
	if v.State == Lifted {
		by = last
	}
	r := supervision.Reading{Project: v.Project, Firm: v.Firm, Fact: fact, Day: v.From, Accepted: issued.At, Record: by.RecordID, Hash: hex.EncodeToString(by.Hash[:]), N: by.N, ScoredBy: v.By,
		Cells: []supervision.Cell{{Column: fact, Text: v.Ground, Until: v.Until, Document: v.Decision.Number}}}
	if a := v.Approval; a != nil && len(a.Decisions) > 0 {
		last := a.Decisions[len(a.Decisions)-1]
		r.ReviewedBy = string(last.As) + "/" + last.By
	}
	return r, true
}
