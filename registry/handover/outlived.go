package handover

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Outlived yields the handovers that are filed or cancelled and name who took part or witnessed, from the day of their last change.
func (s *Service) Outlived(ctx context.Context, yield func(policy.Outlived) error) error {
	for q := (store.Query{Index: byScope, Key: policy.County, Limit: store.MaxLimit}); ; {
		page, err := s.rows.List(ctx, q)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if d.State.State != Filed && d.State.State != Cancelled {
				continue
			}
			if err := yield(policy.Outlived{Subject: handoverKind + "/" + d.ID, Since: calendar.DateOf(d.At)}); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}
