package main

import (
	"context"

	"redsteward/rating/response"
)

// openResponses opens what firms say publicly about their stars.
func (s *service) openResponses(ctx context.Context) error {
	desk, err := s.caseDesk()
	if err != nil {
		return err
	}
	s.responses, err = response.New(ctx, response.Config{Desk: desk, Star: s.newestStar})
	return err
}

// newestStar is the star about which the firm of a project may say something.
func (s *service) newestStar(ctx context.Context, project string) (response.Star, error) {
	p, stored, err := s.cycle.NewestStar(ctx, project)
	return response.Star{Period: p.ID, PeriodName: p.Name, Name: stored.Name, Place: stored.Place, Firm: stored.Firm, Keys: stored.Keys, Day: p.Days.Last}, err
}
