package conduct

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Outlived yields the persons of honours that do not count any more: from the last day of their validity, or from the day on which they were annulled, replaced by a correction or withdrawn.
func (s *Service) Outlived(ctx context.Context, yield func(policy.Outlived) error) error {
	today := calendar.DateOf(s.Now())
	for q := (store.Query{Index: byDecided, Key: policy.County, Limit: store.MaxLimit}); ; {
		page, err := s.books[Honours].List(ctx, q)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if d.State.Person == "" {
				continue
			}
			since := d.State.Until
			switch d.State.StateOn(today) {
			case Lapsed:
			case Annulled, Replaced, Withdrawn:
				since = calendar.DateOf(d.At)
			default:
				continue
			}
			if err := yield(policy.Outlived{Subject: Honours.kind() + "/" + d.ID, Since: since}); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}
