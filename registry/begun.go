package registry

import (
	"context"

	"redsteward/internal/store"
	"redsteward/policy"
)

// Begun tells which registers of a bureau hold anything yet.
type Begun struct {
	// Communities: there is a community, so that projects can be registered.
	Communities bool
	// Firms, Projects and Contracts: there is at least one.
	Firms, Projects, Contracts bool
}

// Begun tells which registers hold anything, wherever it lies: a new bureau asks what it lacks. Returns Forbidden without ReadRegister.
func (s *Service) Begun(ctx context.Context, by policy.Actor) (Begun, error) {
	if err := s.guard.Require(by, policy.ReadRegister); err != nil {
		return Begun{}, err
	}
	var b Begun
	var err error
	if b.Communities, err = holds(ctx, s.divisions, func(d *Division) bool { return d.Level == LevelCommunity && !d.Statistical }); err != nil {
		return b, err
	}
	if b.Firms, err = holds(ctx, s.firms, func(*Firm) bool { return true }); err != nil {
		return b, err
	}
	if b.Contracts, err = holds(ctx, s.projects, func(p *Project) bool {
		b.Projects = true
		return len(p.Contracts) > 0
	}); err != nil {
		return b, err
	}
	return b, nil
}

// holds reports whether a collection has a document such as wanted; it reads no further than to the first.
func holds[T any](ctx context.Context, rows *store.Collection[T], wanted func(*T) bool) (bool, error) {
	for d, err := range rows.Each(ctx) {
		if err != nil {
			return false, err
		}
		if wanted(&d.State) {
			return true, nil
		}
	}
	return false, nil
}
