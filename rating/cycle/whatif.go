package cycle

import (
	"context"
	"math"
	"slices"

	"redsteward/internal/num"
	"redsteward/rating"
	"redsteward/registry"
	"redsteward/supervision"
)

// Effect is what the indicators that read one fact come to together.
type Effect struct {
	// Counted is false if they would be left out, because the fact does not apply or nobody has told it.
	Counted bool
	// Points and Max are the points and the maximum of those that count.
	Points, Max num.Num
}

// WhatIf tells what the indicators of a period that read a fact would come to if exactly these readings were accepted by its cut-off and the firm held the project. It
// writes nothing, asks nobody and is as quick as one rating; false if the period does not use the fact, or an indicator reads other facts beside it. Returns NotFound if the
// period was not planned.
func (s *Service) WhatIf(ctx context.Context, period, fact, firm string, told []supervision.Reading) (Effect, bool, error) {
	p, err := s.load(ctx, period)
	if err != nil {
		return Effect{}, false, err
	}
	scheme, _, err := s.schemeOf(ctx, &p)
	if err != nil {
		return Effect{}, false, err
	}
	var readers []string
	for i := range scheme.Indicators {
		reads := scheme.Reads(scheme.Indicators[i].ID)
		if !slices.Contains(reads, fact) {
			continue
		}
		if len(reads) > 1 {
			return Effect{}, false, nil
		}
		readers = append(readers, scheme.Indicators[i].ID)
	}
	g := newGathering(scheme, p.ID, p.Days, cutoffInstant(&p, s.db.Now()), math.MaxInt64, s.known, s.FactSources())
	const subject = "what-if"
	b := &bucket{holding: registry.Holding{}, facts: make([]gathered, len(g.mergers))}
	b.holding.Project, b.holding.Firm = subject, firm
	g.buckets[subject] = b
	for _, asked := range g.bySource {
		for _, r := range told {
			r.Project = subject
			g.take(asked, &r)
		}
	}
	_, sub := b.freeze(g)
	result := rating.Evaluate(scheme, nil, sub, nil)
	e, found := Effect{}, false
	for i := range result.Lines {
		line := &result.Lines[i]
		if !slices.Contains(readers, line.ID) {
			continue
		}
		found = true
		if line.Counted {
			e.Counted, e.Points, e.Max = true, e.Points.Add(line.Points), e.Max.Add(line.Max)
		}
	}
	return e, found, nil
}
