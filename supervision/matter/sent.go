package matter

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/registry/casework"
)

// Sent is what a matter sent out, for the register of what goes out: the answer to an order of another platform, once it was given last. Nothing of the words, and nothing of whoever asked. It asks for no right. Returns NotFound for a matter that is not there.
func (s *Service) Sent(ctx context.Context, id string) (casework.Borne, error) {
	doc, err := s.rows.Load(ctx, id)
	return doc.State.borne(), err
}

func (m *Matter) borne() casework.Borne {
	if m.Order == nil || m.Answer == nil {
		return casework.Borne{}
	}
	platform := m.Order.SystemTitle()
	return casework.Borne{Name: m.CategoryTitle + "，" + m.Order.Number, Project: m.Project, Keys: m.Keys, Day: m.Day, Papers: []casework.Outgoing{{Slot: "answer", Title: platform + "工单答复", To: platform, Way: casework.WaySystem,
		Paper: casework.Paper{Day: calendar.DateOf(m.Answer.By.At.Time), By: m.Answer.By.By}}}}
}
