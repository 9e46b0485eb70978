package cycle

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/rating"
)

// PastPeriods lists the published periods of a rhythm, the oldest first, with their schemes and without their subjects: what a proposed scheme is replayed over. Anybody may know them.
func (s *Service) PastPeriods(ctx context.Context, rhythm string) ([]rating.PastPeriod, error) {
	published, err := s.Published(ctx, rhythm)
	if err != nil {
		return nil, err
	}
	var out []rating.PastPeriod
	for _, p := range slices.Backward(published) {
		_, file, err := s.schemeOf(ctx, &p)
		if err != nil {
			return nil, err
		}
		out = append(out, rating.PastPeriod{ID: p.ID, Name: p.Name, Evaluation: p.Evaluation, Scheme: file})
	}
	return out, nil
}

// PastPeriod returns a published period with its scheme and its subjects with their frozen facts. It asks for no right: who replays it shows of it what the actor may see. Returns NotFound if it is not published.
func (s *Service) PastPeriod(ctx context.Context, id string) (*rating.PastPeriod, error) {
	p, err := s.load(ctx, id)
	if err == nil && p.State != StatePublished {
		err = fault.New("cycle.PastPeriod", fault.NotFound, p.Name+"还没有公布")
	}
	if err != nil {
		return nil, err
	}
	out := &rating.PastPeriod{ID: p.ID, Name: p.Name, Evaluation: p.Evaluation}
	if _, out.Scheme, err = s.schemeOf(ctx, &p); err != nil {
		return nil, err
	}
	firms := map[string]string{}
	for stored, err := range s.archive.Results(ctx, p.Evaluation) {
		if err != nil {
			return nil, err
		}
		for _, key := range stored.Keys {
			if firm, ok := strings.CutPrefix(key, policy.FirmKey("")); ok {
				firms[stored.Subject] = firm
			}
		}
		out.Subjects = append(out.Subjects, rating.PastSubject{ID: stored.Subject, Name: stored.Name, Place: stored.Place, Firm: stored.Firm, Keys: stored.Keys, Facts: []byte(stored.Facts)})
	}
	out.Earlier = func(scheme *rating.Scheme, e *rating.Earlier) (map[string]rating.Past, error) {
		return s.earlier(ctx, &p, scheme, e, firms, true)
	}
	return out, nil
}

// FactSources are the sources of facts that are connected, the register among them.
func (s *Service) FactSources() []string {
	out := []string{SourceRegistry}
	for _, source := range s.sources {
		out = append(out, source.Source())
	}
	return out
}
