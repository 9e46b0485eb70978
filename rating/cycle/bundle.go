package cycle

import (
	"context"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/rating"
)

// Bundle returns the bundle (复算包) of one published star: what it takes to recompute it without this program's data. Anybody may have the public form. The full
// form opens the lines of the party dimensions (practice.md §2): it is for who may read both the lines of results and the party's facts, within his scope.
// Returns NotFound for a period that gives no stars or was not published, for a project without a result in it, and for one outside of the scope; Forbidden
// with the rule without the right; the errors of rating.Archive.Bundle.
func (s *Service) Bundle(ctx context.Context, by policy.Actor, period, project string, full bool) ([]byte, error) {
	const op = "cycle.Bundle"
	if err := s.guard.Require(by, policy.VerifyResult); err != nil {
		return nil, err
	}
	p, err := s.load(ctx, period)
	if err != nil {
		return nil, err
	}
	if !p.Stars() || p.State != StatePublished {
		return nil, fault.New(op, fault.NotFound, p.Name+"没有公布过星级，没有复算包")
	}
	if full {
		if err := s.mayOpen(ctx, by, &p, project); err != nil {
			return nil, err
		}
	}
	publication, err := s.publication(ctx, &p)
	if err != nil {
		return nil, err
	}
	return s.archive.Bundle(ctx, rating.BundleRequest{Evaluation: p.Evaluation, Subject: project, Publication: publication, Full: full})
}

// MayOpenBundle reports whether an actor may have the full form of a project's bundle. It returns the errors of Bundle that say why not.
func (s *Service) MayOpenBundle(ctx context.Context, by policy.Actor, period, project string) error {
	p, err := s.load(ctx, period)
	if err != nil {
		return err
	}
	return s.mayOpen(ctx, by, &p, project)
}

// mayOpen asks for the rights that the full form needs.
func (s *Service) mayOpen(ctx context.Context, by policy.Actor, p *Period, project string) error {
	for _, action := range []policy.Action{policy.ReadEvaluation, policy.ReadPartyFact} {
		if err := s.guard.Require(by, action); err != nil {
			return err
		}
		scope, err := s.guard.Scope(ctx, by, action)
		if err != nil {
			return err
		}
		stored, err := s.archive.Result(ctx, p.Evaluation, project)
		if err != nil {
			return err
		}
		if !scope.Covers(stored.Keys, p.Days.Last) {
			return fault.New("cycle.Bundle", fault.NotFound, "")
		}
	}
	return nil
}

// publication finds the record by which a period was published: the first one that holds a publication.
func (s *Service) publication(ctx context.Context, p *Period) (*rating.Publication, error) {
	for change, err := range s.periods.History(ctx, p.ID) {
		if err != nil {
			return nil, err
		}
		if said := change.State.Publication; said != nil {
			return &rating.Publication{Period: p.ID, Number: said.Number, At: said.At, N: change.N, Hash: change.Hash}, nil
		}
	}
	return nil, fault.New("cycle.Bundle", fault.NotFound, p.Name+"没有公布")
}
