package main

import (
	"cmp"
	"context"
	"slices"

	"redsteward/internal/web"
	"redsteward/rating/cycle"
)

// How many periods a firm's page looks back.
const (
	pastQuarters = 8
	pastYears    = 5
)

// Past implements web.Stars.
func (s *archivedStars) Past(ctx context.Context) ([]web.PastFirms, error) {
	if s.published == nil {
		return nil, nil
	}
	periods, err := s.published(ctx, cycle.RhythmQuarter)
	if err != nil {
		return nil, err
	}
	years, err := s.published(ctx, cycle.RhythmYear)
	if err != nil {
		return nil, err
	}
	periods = slices.Concat(periods[:min(len(periods), pastQuarters)], years[:min(len(years), pastYears)])
	slices.SortFunc(periods, func(a, b cycle.Period) int {
		return cmp.Or(a.Days.Last.Compare(b.Days.Last), cmp.Compare(b.ID, a.ID)) // of one last day the quarter stands before its year
	})
	s.pastMu.Lock()
	defer s.pastMu.Unlock()
	known := make(map[string]web.PastFirms, len(periods))
	out := make([]web.PastFirms, len(periods))
	for i := range periods {
		one, ok := s.past[periods[i].Evaluation]
		if !ok {
			if one, err = s.rolledUp(ctx, &periods[i]); err != nil {
				return nil, err
			}
		}
		known[periods[i].Evaluation], out[i] = one, one
	}
	s.past = known
	return out, nil
}

// rolledUp is the roll-up of a published period.
func (s *archivedStars) rolledUp(ctx context.Context, p *cycle.Period) (web.PastFirms, error) {
	e, err := s.find(p.Evaluation)
	if err != nil { // neither the shown year nor the one before
		d, err := s.archive.Evaluation(ctx, p.Evaluation)
		if err != nil {
			return web.PastFirms{}, err
		}
		if e, err = s.describe(ctx, d, chosen{}); err != nil {
			return web.PastFirms{}, err
		}
	}
	return web.PastFirms{Evaluation: p.Evaluation, Period: p.Name, Rule: p.SchemeHash, Stars: p.Stars(), Places: e.web.Places, Parts: e.web.Parts, Firms: e.web.Firms}, nil
}
