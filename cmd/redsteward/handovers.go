package main

import (
	"context"

	"redsteward/registry/handover"
)

// openHandovers opens handover inspections with the checklist of the configuration.
func (s *service) openHandovers(ctx context.Context) error {
	data, err := ownOr(s.config.Files.Handover, "handover.yaml")
	if err != nil {
		return err
	}
	list, err := handover.ParseList("handover.yaml", data)
	if err != nil {
		return err
	}
	deadlines, err := s.deadlines()
	if err != nil {
		return err
	}
	s.handovers, err = handover.New(ctx, handover.Config{DB: s.db, Guard: s.guard, Estate: s.register.Register, Filings: s.filings, Deadlines: handover.Deadlines(deadlines), List: list, Hash: handover.Hash(data), Keeper: s.keeper, Now: s.clocks.Business})
	return err
}
