package main

import (
	"context"
	"iter"
	"sync"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/web"
	"redsteward/rating"
)

// archivedStars shows the archive on the public pages.
type archivedStars struct {
	archive *rating.Archive
	// subject is what one row is called: 小区, 建筑.
	subject string

	mu sync.Mutex
	// last is the evaluation described last: describing reads every result once, and an evaluation never changes.
	last *describedEvaluation
}

type describedEvaluation struct {
	web    web.Evaluation
	scheme *rating.Scheme
}

// Latest implements web.Stars.
func (s *archivedStars) Latest(ctx context.Context) (web.Evaluation, error) {
	d, err := s.archive.Latest(ctx)
	if err != nil {
		return web.Evaluation{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || s.last.web.ID != d.ID {
		scheme, err := s.archive.Scheme(ctx, d)
		if err != nil {
			return web.Evaluation{}, err
		}
		e := web.DescribeScheme(web.Evaluation{ID: d.ID, N: d.N, Title: d.Title, Subject: s.subject, At: d.Made.Time, FactsHash: d.FactsHash, Root: d.Root,
			Source: d.FactsSource, FirmsTitle: "管理公司汇总"}, scheme)
		if e.Firms, err = s.firms(ctx, d.ID, scheme); err != nil {
			return web.Evaluation{}, err
		}
		s.last = &describedEvaluation{web: e, scheme: scheme}
	}
	return s.last.web, nil
}

// firms rolls the results up under the first roll-up that the scheme declares, if any.
func (s *archivedStars) firms(ctx context.Context, evaluation string, scheme *rating.Scheme) ([]web.Firm, error) {
	if len(scheme.Rollups) == 0 {
		return nil, nil
	}
	roller, err := scheme.NewRoller(scheme.Rollups[0].ID)
	if err != nil {
		return nil, err
	}
	for stored, err := range s.archive.Results(ctx, evaluation) {
		if err != nil {
			return nil, err
		}
		subject, result, err := stored.Open(scheme)
		if err != nil {
			return nil, err
		}
		roller.Add(subject, result)
	}
	groups := roller.Groups()
	firms := make([]web.Firm, len(groups))
	for i := range groups {
		firms[i] = web.FirmOf(&groups[i])
	}
	return firms, nil
}

// current returns the description of an evaluation. Returns NotFound if it is not the one that is shown.
func (s *archivedStars) current(evaluation string) (*describedEvaluation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last == nil || s.last.web.ID != evaluation {
		return nil, fault.New("cmd.stars", fault.NotFound, "没有这次评价")
	}
	return s.last, nil
}

// Rows implements web.Stars.
func (s *archivedStars) Rows(ctx context.Context, evaluation string) iter.Seq2[web.Row, error] {
	return func(yield func(web.Row, error) bool) {
		e, err := s.current(evaluation)
		if err != nil {
			yield(web.Row{}, err)
			return
		}
		for stored, err := range s.archive.Results(ctx, evaluation) {
			var row web.Row
			if err == nil {
				row, _, err = e.row(&stored)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}

// row makes the row of a stored result.
func (e *describedEvaluation) row(stored *rating.ArchivedResult) (web.Row, *rating.Result, error) {
	result, err := rating.ReadResult([]byte(stored.Result))
	if err != nil {
		return web.Row{}, nil, err
	}
	return web.RowOf(&e.web, e.scheme, result, web.Label{Name: stored.Name, Place: stored.Place, Firm: stored.Firm}), result, nil
}

// Star implements web.Stars.
func (s *archivedStars) Star(ctx context.Context, evaluation, id string) (web.Star, error) {
	e, err := s.current(evaluation)
	if err != nil {
		return web.Star{}, err
	}
	stored, err := s.archive.Result(ctx, evaluation, id)
	if err != nil {
		return web.Star{}, err
	}
	row, result, err := e.row(&stored)
	if err != nil {
		return web.Star{}, err
	}
	x, err := rating.Explain(e.scheme, result)
	if err != nil {
		return web.Star{}, err
	}
	star := web.StarOf(row, x, true)
	star.Hash, star.RecordID = result.Hash(), stored.RecordID
	return star, nil
}

// Scheme implements web.Stars.
func (s *archivedStars) Scheme(_ context.Context, evaluation string) (*rating.Scheme, error) {
	e, err := s.current(evaluation)
	if err != nil {
		return nil, err
	}
	return e.scheme, nil
}

// businessClock is a clock that stood at start when the real clock stood at began, and goes on from there.
func businessClock(now func() time.Time, start time.Time) func() time.Time {
	if start.IsZero() {
		return now
	}
	began := now()
	return func() time.Time { return start.Add(now().Sub(began)) }
}
