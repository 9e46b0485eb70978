package registry

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Service is the register for people: every call names the actor and asks for the right and the scope first. A refused call writes nothing.
type Service struct {
	*Register
	guard *policy.Guard
	now   func() time.Time
	// offices and records are what else in the program names rows of the register; nil, none: nothing.
	offices Uses
	records []Uses
	// imports carries out the imports of Excel.
	imports *imports.Importer[storedLine]
}

// NewService puts rights before a register and opens its imports. now is the business clock.
func NewService(ctx context.Context, register *Register, guard *policy.Guard, now func() time.Time) (*Service, error) {
	s := &Service{Register: register, guard: guard, now: now}
	return s, s.openImports(ctx)
}

// Uses tells what else in the program names a row of the register.
type Uses interface {
	// Uses says in Chinese what names a scope key since a moment, “3 件佐证材料”; "" if nothing does. Offices count while they are held or will be,
	// whenever they were given.
	Uses(ctx context.Context, key string, since time.Time) (string, error)
}

// Link tells the register who else names its rows: the accounts by their offices, and what was recorded about them. Call it before the first request.
func (s *Service) Link(offices Uses, records ...Uses) { s.offices, s.records = offices, records }

// Today is the business day.
func (s *Service) Today() calendar.Date { return calendar.DateOf(s.now()) }

// On is the day that a page shows: today, or the day that is looked back to (store.KnownAt). What reads asks for it, what writes for Today.
func (s *Service) On(ctx context.Context) calendar.Date {
	return calendar.DateOf(store.ClockIn(ctx, s.now))
}

func (s *Service) meta(by policy.Actor, action policy.Action, why string) store.Meta {
	return store.Meta{By: by.ID, Action: string(action), Why: why}
}

// within asks for the right and that a row with these keys lies in the actor's scope today.
func (s *Service) within(ctx context.Context, by policy.Actor, action policy.Action, keys []string) error {
	if err := s.guard.Require(by, action); err != nil {
		return err
	}
	scope, err := s.guard.Scope(ctx, by, action)
	if err != nil {
		return err
	}
	return scope.Require("registry.within", keys, s.On(ctx))
}

// overtaken says that somebody changed the row after the actor saw it.
func overtaken(op string) error {
	return fault.New(op, fault.Conflict, "这条登记刚被别人改过，请刷新后再办")
}
