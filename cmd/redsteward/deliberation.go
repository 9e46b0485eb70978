package main

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/supervision/deliberation"
)

// deliberationTerms reads a deliberation.yaml against the deadlines that there are.
func deliberationTerms(name string, data []byte, c *config) (*deliberation.Terms, error) {
	table, err := ownOr(c.Files.Deadlines, "deadlines.yaml")
	if err != nil {
		return nil, err
	}
	deadlines, err := calendar.ParseRules("deadlines.yaml", table)
	if err != nil {
		return nil, err
	}
	return deliberation.ParseTerms(name, data, func(id string) bool { _, err := deadlines.Find(id); return err == nil })
}

// openDeliberation opens the deliberations over the register.
func (s *service) openDeliberation(ctx context.Context) error {
	data, err := ownOr(s.config.Files.Deliberation, "deliberation.yaml")
	if err != nil {
		return err
	}
	terms, err := deliberationTerms("deliberation.yaml", data, s.config)
	if err != nil {
		return err
	}
	deadlines, days, err := s.periodsAndDays()
	if err != nil {
		return err
	}
	s.deliberations, err = deliberation.New(ctx, deliberation.Config{DB: s.db, Guard: s.guard, Now: s.clocks.Business, Register: s.register, Terms: terms, Deadlines: deadlines, Days: days})
	return err
}
