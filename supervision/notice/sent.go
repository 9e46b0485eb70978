package notice

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/registry/casework"
)

// Sent is what a notice sent out, for the register of what goes out: itself, once it was sent, to the units of whoever got it. It asks for no right. Returns NotFound for a notice that is not there.
func (s *Service) Sent(ctx context.Context, id string) (casework.Borne, error) {
	doc, err := s.notices.Docs.Load(ctx, id)
	return doc.State.borne(), err
}

func (n *Notice) borne() casework.Borne {
	of := casework.Borne{Name: n.Title, Keys: casework.Within(n.Owner), Day: n.Day}
	if n.Sent != nil {
		of.Papers = []casework.Outgoing{{Slot: "sent", Title: "站内通知", To: casework.Addressees(n.Units), Way: casework.WaySystem, Paper: casework.Paper{Day: calendar.DateOf(n.Sent.At.Time), By: n.Sent.By}}}
	}
	return of
}
