package cycle

import (
	"context"
	"fmt"

	"redsteward/internal/fault"
	"redsteward/supervision/application"
)

// Applied is how the applications for the stars of a year stand, in numbers: it asks for no right. The zero value for a quarter, and where stars need no application.
func (s *Service) Applied(ctx context.Context, p *Period) (application.Standing, error) {
	if s.applied == nil || !p.Stars() {
		return application.Standing{}, nil
	}
	return s.applied.Standing(ctx, p.ID)
}

// callOf is the call for the applications of a year, nil if there was none or stars need no application.
func (s *Service) callOf(ctx context.Context, year string) (*application.Round, error) {
	if s.applied == nil {
		return nil, nil
	}
	doc, err := s.applied.Round(ctx, year)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	return &doc.State, err
}

// Settled reports whether the stars of a year are published, after which nothing about its applications changes.
func (s *Service) Settled(ctx context.Context, year string) (bool, error) {
	list, err := s.list(ctx, periodKey(RhythmYear, StatePublished))
	for i := range list {
		if list[i].ID == year {
			return true, err
		}
	}
	return false, err
}

// unready says after the name of a year why its stars cannot be brought further, "" if they can: firms were not called to apply, an application has not come to its end, or one changed after the present evaluation.
func (s *Service) unready(ctx context.Context, p *Period) (string, error) {
	if s.applied == nil {
		return "", nil
	}
	a, err := s.Applied(ctx, p)
	switch {
	case err != nil:
		return "", err
	case a.Called == nil:
		return "还没有通知企业申报；没有申报的小区不能评星", nil
	case a.Runs && !a.Called.Window.Resolved():
		return "的申报期哪天届满还算不出（放假安排尚未装载）；届满以后才能办", nil
	case a.Runs:
		return "的申报期到" + a.Called.Window.Due.Chinese() + "，届满以后才能办", nil
	case a.Open > 0:
		return fmt.Sprintf("还有 %d 份申报没有办结；办结并重新评价以后才能办", a.Open), nil
	case p.Evaluation != "" && (a.N > p.FactsUpTo || a.N == 0 && a.At.After(p.Evaluated.At.Time)):
		return "评价以后又有申报办结或者联审有变化，请重新评价", nil
	}
	return "", nil
}
