package main

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/supervision/wish"
)

// wishTerms reads a wishes.yaml against the deadlines that there are.
func wishTerms(name string, data []byte, c *config) (*wish.Terms, error) {
	table, err := ownOr(c.Files.Deadlines, "deadlines.yaml")
	if err != nil {
		return nil, err
	}
	deadlines, err := calendar.ParseRules("deadlines.yaml", table)
	if err != nil {
		return nil, err
	}
	return wish.ParseTerms(name, data, func(id string) bool { _, err := deadlines.Find(id); return err == nil })
}

// openWishes opens the wishes over the register and its books.
func (s *service) openWishes(ctx context.Context) error {
	data, err := ownOr(s.config.Files.Wishes, "wishes.yaml")
	if err != nil {
		return err
	}
	terms, err := wishTerms("wishes.yaml", data, s.config)
	if err != nil {
		return err
	}
	deadlines, days, err := s.periodsAndDays()
	if err != nil {
		return err
	}
	s.wishes, err = wish.New(ctx, wish.Config{DB: s.db, Guard: s.guard, Keeper: s.keeper, Now: s.clocks.Business, Register: s.books, Terms: terms, Deadlines: deadlines, Resolve: days.Resolve})
	return err
}
