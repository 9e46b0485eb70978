package main

import (
	"cmp"
	"context"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/web"
	"redsteward/rating/cycle"
)

// How many periods a firm's page looks back.
const (
	pastQuarters = 8
	pastYears    = 5
)

// Past implements web.Stars.
func (s *archivedStars) Past(ctx context.Context) ([]web.PastFirms, error) {
	if s.published == nil {
		return nil, nil
	}
	periods, err := s.published(ctx, cycle.RhythmQuarter)
	if err != nil {
		return nil, err
	}
	years, err := s.published(ctx, cycle.RhythmYear)
	if err != nil {
		return nil, err
	}
	periods = slices.Concat(periods[:min(len(periods), pastQuarters)], years[:min(len(years), pastYears)])
	slices.SortFunc(periods, func(a, b cycle.Period) int {
		return cmp.Or(a.Days.Last.Compare(b.Days.Last), cmp.Compare(b.ID, a.ID)) // of one last day the quarter stands before its year
	})
	s.pastMu.Lock()
	defer s.pastMu.Unlock()
	known := make(map[string]web.PastFirms, len(periods))
	out := make([]web.PastFirms, len(periods))
	for i := range periods {
		one, ok := s.past[periods[i].Evaluation]
		if !ok {
			if one, err = s.rolledUp(ctx, &periods[i]); err != nil {
				return nil, err
			}
		}
		known[periods[i].Evaluation], out[i] = one, one
	}
	s.past = known
	return out, nil
}

// Board implements web.Stars.
func (s *archivedStars) Board(ctx context.Context, evaluation string) (web.Evaluation, []web.Row, error) {
	none := fault.New("cmd.stars", fault.NotFound, "没有公布这一期")
	if s.published == nil {
		return web.Evaluation{}, nil, none
	}
	for _, rhythm := range []string{cycle.RhythmQuarter, cycle.RhythmYear} {
		periods, err := s.published(ctx, rhythm)
		if err != nil {
			return web.Evaluation{}, nil, err
		}
		at := slices.IndexFunc(periods, func(p cycle.Period) bool { return p.Evaluation == evaluation })
		if at < 0 {
			continue
		}
		c := chosen{evaluation: evaluation, period: &periods[at]}
		if at+1 < len(periods) {
			c.before = &periods[at+1]
		}
		d, err := s.archive.Evaluation(ctx, evaluation)
		if err != nil {
			return web.Evaluation{}, nil, err
		}
		made, err := s.describe(ctx, d, c)
		if err != nil {
			return web.Evaluation{}, nil, err
		}
		return made.web, made.rows, nil
	}
	return web.Evaluation{}, nil, none
}

// rolledUp is the roll-up of a published period.
func (s *archivedStars) rolledUp(ctx context.Context, p *cycle.Period) (web.PastFirms, error) {
	e, err := s.find(p.Evaluation)
	if err != nil { // neither the shown year nor the one before
		d, err := s.archive.Evaluation(ctx, p.Evaluation)
		if err != nil {
			return web.PastFirms{}, err
		}
		if e, err = s.describe(ctx, d, chosen{}); err != nil {
			return web.PastFirms{}, err
		}
	}
	return web.PastFirms{PastPeriod: pastPeriod(p, &e.web), Firms: e.web.Firms}, nil
}

// pastPeriod is a published period with what its scheme says.
func pastPeriod(p *cycle.Period, e *web.Evaluation) web.PastPeriod {
	return web.PastPeriod{ID: p.ID, Evaluation: p.Evaluation, Period: p.Name, Last: p.Days.Last, Rule: p.SchemeHash, Scheme: e.SchemeID, Version: e.SchemeVersion, Stars: p.Stars(), Places: e.Places, Parts: e.Parts, Grades: e.Grades}
}

// History implements web.Stars.
func (s *archivedStars) History(ctx context.Context, id string) ([]web.PastStar, error) {
	if s.published == nil {
		return nil, nil
	}
	var out []web.PastStar
	for _, rhythm := range []string{cycle.RhythmQuarter, cycle.RhythmYear} {
		periods, err := s.published(ctx, rhythm)
		if err != nil {
			return nil, err
		}
		for i := range periods {
			p := &periods[i]
			stored, err := s.archive.Result(ctx, p.Evaluation, id)
			if fault.Is(err, fault.NotFound) {
				continue
			}
			if err != nil {
				return nil, err
			}
			e, err := s.ruled(ctx, p)
			if err != nil {
				return nil, err
			}
			row, _, err := e.row(&stored)
			if err != nil {
				return nil, err
			}
			out = append(out, web.PastStar{PastPeriod: pastPeriod(p, &e.web), Row: row})
		}
	}
	slices.SortStableFunc(out, func(a, b web.PastStar) int { return a.Last.Compare(b.Last) }) // of one last day the quarter stands before its year
	return out, nil
}

// ruled is the description of a published period without its results: what its scheme says. It is kept, as an evaluation never changes.
func (s *archivedStars) ruled(ctx context.Context, p *cycle.Period) (*describedEvaluation, error) {
	s.pastMu.Lock()
	defer s.pastMu.Unlock()
	if e := s.rules[p.Evaluation]; e != nil {
		return e, nil
	}
	d, err := s.archive.Evaluation(ctx, p.Evaluation)
	if err != nil {
		return nil, err
	}
	scheme, err := s.archive.Scheme(ctx, d)
	if err != nil {
		return nil, err
	}
	e := &describedEvaluation{scheme: scheme, web: web.DescribeScheme(web.Evaluation{ID: d.ID, Subject: s.subject}, scheme)}
	if s.rules == nil {
		s.rules = map[string]*describedEvaluation{}
	}
	s.rules[p.Evaluation] = e
	return e, nil
}
