package main

import (
	"context"

	"redsteward/registry"
	"redsteward/registry/station"
)

// openBooks opens the registers whose columns are data.
func (s *service) openBooks(ctx context.Context) error {
	data, err := ownOr(s.config.Files.Books, "books.yaml")
	if err != nil {
		return err
	}
	set, err := registry.ParseBooks("books.yaml", data)
	if err != nil {
		return err
	}
	s.books, err = registry.NewBooks(ctx, s.register, set, s.keeper)
	return err
}

// openStations opens the work of the stations over their books.
func (s *service) openStations(ctx context.Context) error {
	days, err := loadCalendar(s.config)
	if err != nil {
		return err
	}
	deadlines, err := s.deadlines()
	if err != nil {
		return err
	}
	s.stations, err = station.New(ctx, station.Config{DB: s.db, Books: s.books, Files: s.keeper, Guard: s.guard, Days: days, Deadlines: deadlines, Now: s.clocks.Business})
	if err == nil && s.proofs != nil {
		s.proofs.Spare(s.stations.Consents)
	}
	return err
}
