package conduct

import (
	"context"
	"time"

	"redsteward/internal/store"
	"redsteward/policy"
)

// EachStanding yields, of every entry of a book that stood at a moment, the change by which it was confirmed, at or before asOf with a log number ≤ upTo. What was annulled, repaired or replaced by
// then does not stand; the term is the caller's to look at. It asks for no right: it is for the rating.
func (s *Service) EachStanding(ctx context.Context, b Book, asOf time.Time, upTo int64, yield func(store.Change[Entry]) error) error {
	for q := (store.Query{Index: byDecided, Key: policy.County, Limit: store.MaxLimit}); ; {
		page, err := s.books[b].ListHeads(ctx, q)
		if err != nil {
			return err
		}
		for _, head := range page.Heads {
			confirmed, ok, err := s.standing(ctx, b, head, asOf, upTo)
			if err != nil {
				return err
			}
			if !ok {
				continue
			}
			if err := yield(confirmed); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// standing is the change by which an entry was confirmed, false if it did not stand then.
func (s *Service) standing(ctx context.Context, b Book, last store.Change[Entry], asOf time.Time, upTo int64) (confirmed store.Change[Entry], stands bool, err error) {
	there := func(c *store.Change[Entry]) bool { return c.N > 0 && c.N <= upTo && !c.At.After(asOf) }
	if last.State.Last == MoveConfirm && there(&last) {
		return last, true, nil
	}
	for change, err := range s.books[b].History(ctx, last.ID) {
		if err != nil {
			return confirmed, false, err
		}
		if !there(&change) {
			break
		}
		if change.State.Last == MoveConfirm {
			confirmed = change
		}
		stands = change.State.State == Effective || change.State.State == Objected
	}
	return confirmed, stands, nil
}
