package collection

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/registry/casework"
)

// Sent is what a task sent out, for the register of what goes out: its notice, once it was handed out, to all its addressees. It asks for no right. Returns NotFound for a task that is not there.
func (s *Service) Sent(ctx context.Context, id string) (casework.Borne, error) {
	doc, err := s.tasks.Docs.Load(ctx, id)
	return doc.State.borne(), err
}

// CodeNotice names the notice of a task for the series of numbers; its number is given in the register of what goes out.
const CodeNotice = "collection-task.sent"

func (t *Task) borne() casework.Borne {
	of := casework.Borne{Name: t.Title, Keys: casework.Within(t.Owner), Day: t.Day}
	if t.Sent != nil {
		names := make([]string, len(t.To))
		for i := range t.To {
			names[i] = t.To[i].Name
		}
		of.Papers = []casework.Outgoing{{Slot: "sent", For: CodeNotice, Title: "收表通知", To: casework.Addressees(names), Way: casework.WaySystem, Paper: casework.Paper{Day: calendar.DateOf(t.Sent.At.Time), By: t.Sent.By}}}
	}
	return of
}
