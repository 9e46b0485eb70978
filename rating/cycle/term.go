package cycle

import (
	"context"

	"redsteward/internal/calendar"
)

// Term is what everybody may know of a period: its days are announced.
type Term struct {
	// ID, Name, Days, Submit and Cutoff as in Period.
	ID, Name       string
	Days           calendar.Span
	Submit, Cutoff calendar.Date
}

// Terms returns the periods that were laid down and not evaluated yet. Anybody may ask.
func (s *Service) Terms(ctx context.Context) ([]Term, error) {
	list, err := s.list(ctx, "")
	if err != nil {
		return nil, err
	}
	var out []Term
	for _, p := range list {
		if p.Evaluation == "" {
			out = append(out, Term{ID: p.ID, Name: p.Name, Days: p.Days, Submit: p.Submit, Cutoff: p.Cutoff})
		}
	}
	return out, nil
}
