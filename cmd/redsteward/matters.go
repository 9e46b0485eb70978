package main

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/supervision/matter"
)

// matterTree reads a matters.yaml against the deadlines that there are.
func matterTree(name string, data []byte, c *config, rules *policy.Rules) (*matter.Tree, error) {
	table, err := ownOr(c.Files.Deadlines, "deadlines.yaml")
	if err != nil {
		return nil, err
	}
	deadlines, err := calendar.ParseRules("deadlines.yaml", table)
	if err != nil {
		return nil, err
	}
	return matter.ParseTree(name, data, rules, func(id string) bool { _, err := deadlines.Find(id); return err == nil })
}

// openMatters opens what people report, over the register.
func (s *service) openMatters(ctx context.Context) error {
	data, err := ownOr(s.config.Files.Matters, "matters.yaml")
	if err != nil {
		return err
	}
	tree, err := matterTree("matters.yaml", data, s.config, s.guard.Rules())
	if err != nil {
		return err
	}
	deadlines, days, err := s.periodsAndDays()
	if err != nil {
		return err
	}
	s.matters, err = matter.New(ctx, matter.Config{DB: s.db, Guard: s.guard, Keeper: s.keeper, Now: s.clocks.Business, Places: s.register.Register, Tree: tree, Finder: s.register.Finder, Deadlines: deadlines, Resolve: days.Resolve})
	return err
}
