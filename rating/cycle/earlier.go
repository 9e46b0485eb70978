package cycle

import (
	"context"
	"slices"

	"redsteward/internal/fault"
	"redsteward/rating"
)

// EarlierResults are the earlier results on which a result of a period rests, such as the quarters of a year, in the order of its scheme, each told by the hash that the result names. It asks for no right: who shows them shows of
// them what the actor may see.
func (s *Service) EarlierResults(ctx context.Context, period string, scheme *rating.Scheme, result *rating.Result) ([]rating.EarlierResult, error) {
	var out []rating.EarlierResult
	for i := range scheme.History {
		e := &scheme.History[i]
		at := slices.IndexFunc(result.History, func(use rating.PastUse) bool { return use.ID == e.ID })
		if at < 0 {
			continue
		}
		before, err := s.load(ctx, rating.EarlierPeriod(period, e.Rhythm, e.Back))
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		stored, err := s.archive.Result(ctx, before.Evaluation, result.Subject)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		was, err := rating.ReadResult([]byte(stored.Result))
		if err != nil {
			return nil, err
		}
		if was.Hash() != result.History[at].Hash {
			continue
		}
		rules, _, err := s.schemeOf(ctx, &before)
		if err != nil {
			return nil, err
		}
		x, err := rating.Explain(rules, was)
		if err != nil {
			return nil, err
		}
		out = append(out, rating.EarlierResult{History: e.ID, Title: before.Name, Explanation: x})
	}
	return out, nil
}
