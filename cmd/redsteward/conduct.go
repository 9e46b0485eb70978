package main

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/registry/conduct"
	"redsteward/registry/party"
)

// termsFrom reads a conduct.yaml against the deadlines that there are.
func termsFrom(name string, data []byte, c *config) (*conduct.Terms, error) {
	table, err := ownOr(c.Files.Deadlines, "deadlines.yaml")
	if err != nil {
		return nil, err
	}
	deadlines, err := calendar.ParseRules("deadlines.yaml", table)
	if err != nil {
		return nil, err
	}
	return conduct.ParseTerms(name, data, func(id string) bool { _, err := deadlines.Find(id); return err == nil })
}

// openConduct opens the books of conduct over the register.
func (s *service) openConduct(ctx context.Context) error {
	data, err := ownOr(s.config.Files.Conduct, "conduct.yaml")
	if err != nil {
		return err
	}
	terms, err := termsFrom("conduct.yaml", data, s.config)
	if err != nil {
		return err
	}
	deadlines, err := s.deadlines()
	if err != nil {
		return err
	}
	s.conduct, err = conduct.New(ctx, conduct.Config{DB: s.db, Guard: s.guard, Keeper: s.keeper, Now: s.clocks.Business, Register: s.register.Register, Finder: s.register.Finder, Terms: terms, Deadlines: deadlines})
	return err
}

// openParty opens the sheets of party organisations over the register.
func (s *service) openParty(ctx context.Context) (err error) {
	s.party, err = party.New(ctx, party.Config{DB: s.db, Guard: s.guard, Keeper: s.keeper, Now: s.clocks.Business, Register: s.register, Chains: s.chains, Persons: s.accounts, Posts: s.books})
	return err
}
