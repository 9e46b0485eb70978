package party

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
)

// longestLook is how many quarters, counted from the last one, EachStanding looks at: ten years.
const longestLook = 40

// EachStanding yields, firm by firm and quarter by quarter, the sheets of the quarters of a span as they were last confirmed at or before asOf with a log number ≤ upTo, those of a firm in the
// order of their communities. A sheet that was opened again counts as confirmed before. It holds the sheets of one quarter, looks back ten years at most and asks for no right: it is for the rating.
func (s *Service) EachStanding(ctx context.Context, span calendar.Span, asOf time.Time, upTo int64, yield func(q calendar.Quarter, sheets []store.Change[Sheet]) error) error {
	last := calendar.QuarterOf(span.Last)
	first := last.Add(1 - longestLook)
	if asked := calendar.QuarterOf(span.First); asked.String() > first.String() {
		first = asked
	}
	for q := first; q.String() <= last.String(); q = q.Add(1) {
		firms, err := s.standingOf(ctx, q, asOf, upTo)
		if err != nil {
			return err
		}
		for _, firm := range slices.Sorted(maps.Keys(firms)) {
			if err := yield(q, firms[firm]); err != nil {
				return err
			}
		}
	}
	return nil
}

// EachConfirmed yields the sheets of the quarters of a span as they were confirmed last, in no particular order: what Coverage counts. Without a right as EachStanding: it is for counts.
func (s *Service) EachConfirmed(ctx context.Context, span calendar.Span, yield func(*Sheet)) error {
	for q := calendar.QuarterOf(span.First); q.Span().First.Compare(span.Last) <= 0; q = q.Add(1) {
		if err := s.confirmed(ctx, q.String(), func(c store.Change[Sheet]) { yield(&c.State) }); err != nil {
			return err
		}
	}
	return nil
}

// standingOf are the sheets of a quarter by firm.
func (s *Service) standingOf(ctx context.Context, q calendar.Quarter, asOf time.Time, upTo int64) (map[string][]store.Change[Sheet], error) {
	firms := map[string][]store.Change[Sheet]{}
	for ask := (store.Query{Index: byConfirmed, Key: q.String(), Limit: store.MaxLimit}); ; {
		page, err := s.rows.ListHeads(ctx, ask)
		if err != nil {
			return nil, err
		}
		for _, head := range page.Heads {
			change, ok, err := s.standing(ctx, head, upTo, asOf)
			if err != nil {
				return nil, err
			}
			if ok {
				firms[change.State.Firm] = append(firms[change.State.Firm], change)
			}
		}
		if ask.After = page.Next; ask.After == "" {
			break
		}
	}
	for _, sheets := range firms {
		slices.SortFunc(sheets, func(a, b store.Change[Sheet]) int { return strings.Compare(a.ID, b.ID) })
	}
	return firms, nil
}
