package main

import (
	"cmp"
	"context"
	"iter"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

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
	// described holds the newest evaluation and the one before it, which is shown until the board of the newest is ready. Describing reads
	// every result once, and an evaluation never changes.
	described []*describedEvaluation
}

type describedEvaluation struct {
	web    web.Evaluation
	scheme *rating.Scheme
	rows   []web.Row
}

// Latest implements web.Stars.
func (s *archivedStars) Latest(ctx context.Context) (web.Evaluation, error) {
	d, err := s.archive.Latest(ctx)
	if err != nil {
		return web.Evaluation{}, err
	}
	if known, err := s.find(d.ID); err == nil {
		return known.web, nil
	}
	made, err := s.describe(ctx, d)
	if err != nil {
		return web.Evaluation{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.described = append([]*describedEvaluation{made}, s.described[:min(1, len(s.described))]...)
	return made.web, nil
}

// describe reads every result of an evaluation once: for its row, and for the first roll-up that the scheme declares, if any.
func (s *archivedStars) describe(ctx context.Context, d rating.Evaluation) (*describedEvaluation, error) {
	scheme, err := s.archive.Scheme(ctx, d)
	if err != nil {
		return nil, err
	}
	made := &describedEvaluation{scheme: scheme, rows: make([]web.Row, 0, d.Count), web: web.DescribeScheme(web.Evaluation{ID: d.ID, N: d.N, Title: d.Title,
		Subject: s.subject, At: d.Made.Time, FactsHash: d.FactsHash, Root: d.Root, Source: d.FactsSource, FirmsTitle: "管理公司汇总"}, scheme)}
	var roller *rating.Roller
	if len(scheme.Rollups) > 0 {
		if roller, err = scheme.NewRoller(scheme.Rollups[0].ID); err != nil {
			return nil, err
		}
	}
	// The results come in pages and are decoded by all processors; neither rows nor a roll-up need an order.
	var adding sync.Mutex
	decoders, decoding := errgroup.WithContext(ctx)
	decoders.SetLimit(runtime.GOMAXPROCS(0))
	var broken error
	for stored, err := range s.archive.Results(decoding, d.ID) {
		if broken = err; err != nil {
			break
		}
		decoders.Go(func() error {
			row, result, err := made.row(&stored)
			if err != nil {
				return err
			}
			var subject rating.Subject
			if roller != nil {
				if subject, err = scheme.ReadSubject([]byte(stored.Facts)); err != nil {
					return err
				}
			}
			adding.Lock()
			defer adding.Unlock()
			made.rows = append(made.rows, row)
			if roller != nil {
				roller.Add(subject, result)
			}
			return nil
		})
	}
	if err := cmp.Or(decoders.Wait(), broken); err != nil {
		return nil, err
	}
	if roller != nil {
		for _, g := range roller.Groups() {
			made.web.Firms = append(made.web.Firms, web.FirmOf(&g))
		}
	}
	return made, nil
}

// find returns the description of an evaluation. Returns NotFound if it is neither the newest nor the one before.
func (s *archivedStars) find(evaluation string) (*describedEvaluation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.described {
		if d.web.ID == evaluation {
			return d, nil
		}
	}
	return nil, fault.New("cmd.stars", fault.NotFound, "没有这次评价")
}

// Rows implements web.Stars.
func (s *archivedStars) Rows(_ context.Context, evaluation string) iter.Seq2[web.Row, error] {
	return func(yield func(web.Row, error) bool) {
		e, err := s.find(evaluation)
		if err != nil {
			yield(web.Row{}, err)
			return
		}
		for _, row := range e.rows {
			if !yield(row, nil) {
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
	e, err := s.find(evaluation)
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
	e, err := s.find(evaluation)
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
