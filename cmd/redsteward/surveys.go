package main

import (
	"context"

	"redsteward/supervision/survey"
)

// openSurveys opens the surveys of satisfaction over the register.
func (s *service) openSurveys(ctx context.Context) error {
	const file = "satisfaction.yaml"
	data, err := ownOr(s.config.Files.Satisfaction, file)
	if err != nil {
		return err
	}
	terms, err := survey.ParseTerms(file, data)
	if err != nil {
		return err
	}
	deadlines, days, err := s.periodsAndDays()
	if err != nil {
		return err
	}
	s.surveys, err = survey.New(ctx, survey.Config{DB: s.db, Guard: s.guard, Now: s.clocks.Business, Register: s.register, Terms: terms, Deadlines: deadlines, Days: days})
	return err
}
