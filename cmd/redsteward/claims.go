package main

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/dunning"
	"redsteward/registry/fund/refund"
)

// claimRules reads a fund.yaml against the deadlines that there are.
func claimRules(name string, data []byte, c *config) (*claim.Rules, error) {
	table, err := ownOr(c.Files.Deadlines, "deadlines.yaml")
	if err != nil {
		return nil, err
	}
	deadlines, err := calendar.ParseRules("deadlines.yaml", table)
	if err != nil {
		return nil, err
	}
	return claim.ParseRules(name, data, func(id string) bool { _, err := deadlines.Find(id); return err == nil })
}

// caseDesk is what every kind of case needs.
func (s *service) caseDesk() (casework.Desk, error) {
	deadlines, err := s.deadlines()
	return casework.Desk{DB: s.db, Guard: s.guard, Keeper: s.keeper, Persons: s.accounts, Chains: s.chains, Deadlines: deadlines, Now: s.clocks.Business}, err
}

// openClaims opens claims on, refunds of, and dunnings for the guarantee fund over the ledgers, the register, the handover inspections and the ways of approval.
func (s *service) openClaims(ctx context.Context) error {
	data, err := ownOr(s.config.Files.Fund, "fund.yaml")
	if err != nil {
		return err
	}
	rules, err := claimRules("fund.yaml", data, s.config)
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
