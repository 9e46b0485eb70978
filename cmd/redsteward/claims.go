package main

import (
	"context"

	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/dunning"
	"redsteward/registry/fund/refund"
)

// caseDesk is what every kind of case needs.
func (s *service) caseDesk() (casework.Desk, error) {
	t, err := s.timetable()
	if err != nil {
		return casework.Desk{}, err
	}
	return casework.Desk{DB: s.db, Letters: s.letters, Guard: s.guard, Keeper: s.keeper, Persons: s.accounts, Chains: s.chains, Deadlines: t.deadline, Now: s.clocks.Business}, nil
}

// openClaims opens claims on, refunds of, and dunnings for the guarantee fund over the ledgers, the register, the handover inspections and the ways of approval.
func (s *service) openClaims(ctx context.Context) error {
	rules, _, err := ruled(s, s.config.Files.Fund, "fund.yaml", timed(claim.ParseRules))
	if err != nil {
		return err
	}
	cases, err := s.caseDesk()
	if err != nil {
		return err
	}
	desk := fund.Desk{Desk: cases, Fund: s.fund}
	if s.claims, err = claim.New(ctx, claim.Config{Desk: desk, Estate: s.register.Register, Rules: rules, Defects: s.handovers}); err != nil {
		return err
	}
	if s.dunnings, err = dunning.New(ctx, dunning.Config{Desk: desk, Estate: s.register.Register}); err != nil {
		return err
	}
	s.refunds, err = refund.New(ctx, refund.Config{Desk: desk, Estate: s.register.Register, Claims: s.claims, Ahead: rules.Refund.N})
	return err
}
