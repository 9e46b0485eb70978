package handover

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Supply says that a document that the developer had promised came after the agreement. It stands beside the documents, which both have signed.
type Supply struct {
	// ID is that of the document, On the day on which the firm received it, Hand who recorded it.
	ID   string        `json:"id" privacy:"public"`
	On   calendar.Date `json:"on"`
	Hand Hand          `json:"hand"`
}

// Supplied is the day on which a promised document came after the agreement, no day if it did not.
func (h *Handover) Supplied(document string) calendar.Date {
	for _, s := range h.Supplies {
		if s.ID == document {
			return s.On
		}
	}
	return calendar.Date{}
}

// Owed are the documents that are promised and have not come, in the order of the list; a cancelled handover owes none.
func (h *Handover) Owed() []Document {
	var out []Document
	for _, d := range h.Documents {
		if h.State != Cancelled && !d.Handed && d.Settled() && h.Supplied(d.ID).IsZero() {
			out = append(out, d)
		}
	}
	return out
}

// OwedBy is the first day by which a promised document must come, no day if none is owed.
func (h *Handover) OwedBy() (first calendar.Date) {
	for _, d := range h.Owed() {
		if first.IsZero() || d.Due.Compare(first) < 0 {
			first = d.Due
		}
	}
	return first
}

// Supply records for the firm that promised documents came after the agreement. Returns Forbidden without WalkHandover, NotFound outside the scope, Invalid for refused fields
// (supplied: no document or one that is not owed; received: a day before the agreement or after today), Conflict before the agreement or if somebody was quicker.
func (s *Service) Supply(ctx context.Context, by policy.Actor, at At, documents []string, day calendar.Date) (store.Doc[Handover], error) {
	return s.change(ctx, by, policy.WalkHandover, at, stepSupply, "", func(h *Handover) error {
		var bad []fault.Field
		if len(documents) == 0 {
			bad = append(bad, fault.Field{Name: "supplied", Message: "请勾选收到的资料"})
		}
		if day.Compare(h.Agreed) < 0 || day.Compare(s.today()) > 0 {
			bad = append(bad, fault.Field{Name: "received", Message: fmt.Sprintf("收到日期要在签协议的%s和今天（%s）之间", h.Agreed.Chinese(), s.today().Chinese())})
		}
		owed := h.Owed()
		h.Supplies = slices.Clone(h.Supplies)
		for _, id := range slices.Sorted(slices.Values(documents)) {
			if !slices.ContainsFunc(owed, func(d Document) bool { return d.ID == id }) {
				bad = append(bad, fault.Field{Name: "supplied", Message: fmt.Sprintf("“%.40s”不是承诺补交、还没有收到的资料", id)})
				continue
			}
			h.Supplies = append(h.Supplies, Supply{ID: id, On: day, Hand: h.By})
		}
		if len(bad) > 0 {
			return fault.InvalidFields("handover.Supply", bad...)
		}
		return nil
	})
}
