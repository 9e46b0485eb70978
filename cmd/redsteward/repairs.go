package main

import (
	"context"

	"redsteward/supervision/repair"
)

// openRepairs opens the repair logs over the register.
func (s *service) openRepairs(ctx context.Context) error {
	const file = "repairs.yaml"
	data, err := ownOr(s.config.Files.Repairs, file)
	if err != nil {
		return err
	}
	terms, err := repair.ParseTerms(file, data)
	if err != nil {
		return err
	}
	deadlines, days, err := s.periodsAndDays()
	if err != nil {
		return err
	}
	s.repairs, err = repair.New(ctx, repair.Config{DB: s.db, Guard: s.guard, Now: s.clocks.Business, Places: s.register.Register, Terms: terms, Finder: s.register.Finder, Deadlines: deadlines, Resolve: days.Resolve})
	return err
}
