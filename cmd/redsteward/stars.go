package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"iter"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/rating/cycle"
	"redsteward/rating/standing"
	"redsteward/supervision/evidence"
)

// archivedStars shows the archive on the public pages.
type archivedStars struct {
	archive *rating.Archive
	// subject is what one row is called: 小区, 建筑.
	subject string
	// newest says which published year is shown, and the one before it. Nil shows whatever was rated last, with all lines: tables that no period belongs to.
	newest func(ctx context.Context) (cycle.Period, *cycle.Period, error)
	// published lists the published periods of a rhythm, the newest first. Nil for tables that no period belongs to.
	published func(ctx context.Context, rhythm string) ([]cycle.Period, error)

	// earlier are the earlier results on which a result of a period rests; nil for tables that no period belongs to.
	earlier func(ctx context.Context, period string, scheme *rating.Scheme, result *rating.Result) ([]rating.EarlierResult, error)
	// facts are the frozen facts of a project in a period; nil for tables that no period belongs to.
	facts func(ctx context.Context, period, project string) (cycle.Facts, error)
	// standings says how stars stood on a day, and now is the business clock; nil for tables that no period belongs to.
	standings func(ctx context.Context, year *standing.Year, stars []standing.Star, day calendar.Date) (map[string]standing.Standing, error)
	now       func() time.Time

	mu sync.Mutex
	// described holds the newest evaluation and the one before it, which is shown until the board of the newest is ready. Describing reads
	// every result once, and an evaluation never changes.
	described []*describedEvaluation

	pastMu sync.Mutex
	// past holds the roll-ups of published evaluations by id: an evaluation never changes.
	past map[string]web.PastFirms
	// rules holds what the schemes of published evaluations say, by the id of the evaluation.
	rules map[string]*describedEvaluation
}

type describedEvaluation struct {
	web    web.Evaluation
	scheme *rating.Scheme
	rows   []web.Row
	// period is the id of the period, "" for a table that none belongs to.
	period string
	// was are the places in the period before, before is that period; nil if there is none.
	was    map[string]wasPlace
	before *cycle.Period
	// year is the published year as its stars are counted, nil for a table; stand is how they stood when they were looked up last, at looked.
	year   *standing.Year
	stand  map[string]standing.Standing
	looked time.Time
}

// lookEvery is how long it may take until a star is shown as it stands now.
const lookEvery = 15 * time.Second

// lookUp looks, every now and then and on every new day, how the stars stand. The caller holds mu.
func (s *archivedStars) lookUp(ctx context.Context, e *describedEvaluation) error {
	if s.standings == nil || e.year == nil {
		return nil
	}
	now := s.now()
	today := calendar.DateOf(now)
	if past := now.Sub(e.looked); past >= 0 && past < lookEvery && calendar.DateOf(e.looked) == today {
		return nil
	}
	var stars []standing.Star
	for _, row := range e.rows {
		if firm := standing.FirmOf(row.Keys); firm != "" && e.year.Level(row.Grade) > 0 {
			stars = append(stars, standing.Star{Project: row.ID, Firm: firm, Grade: row.Grade})
		}
	}
	stand, err := s.standings(ctx, e.year, stars, today)
	if err != nil {
		return err
	}
	hash, any := sha256.New(), false
	for _, id := range slices.Sorted(maps.Keys(stand)) {
		if st := stand[id]; st.Status != standing.InForce || st.Contested {
			any = true
			fmt.Fprintln(hash, id, st.Status, st.Grade, st.Since, st.Why, st.Contested)
		}
	}
	e.stand, e.looked, e.web.Stands = stand, now, ""
	if any {
		e.web.Stands = hex.EncodeToString(hash.Sum(nil)[:8])
	}
	return nil
}

// mark says on a row how its star stands. The caller holds mu.
func (e *describedEvaluation) mark(row web.Row) web.Row {
	if st, starred := e.stand[row.ID]; starred {
		row.Stands = st
		switch {
		case st.Contested:
			row.Mark = "异议中"
		case st.Status != standing.InForce:
			row.Mark = st.Status.Title()
		}
	}
	return row
}

// chosen is what is shown: an evaluation, and the published period that it belongs to with the one before, if there are any.
type chosen struct {
	evaluation     string
	period, before *cycle.Period
}

// choose says what is shown now.
func (s *archivedStars) choose(ctx context.Context) (chosen, error) {
	if s.newest == nil {
		d, err := s.archive.Latest(ctx)
		return chosen{evaluation: d.ID}, err
	}
	now, before, err := s.newest(ctx)
	return chosen{evaluation: now.Evaluation, period: &now, before: before}, err
}

// Latest implements web.Stars.
func (s *archivedStars) Latest(ctx context.Context) (web.Evaluation, error) {
	c, err := s.choose(ctx)
	if err != nil {
		return web.Evaluation{}, err
	}
	if known, err := s.find(c.evaluation); err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		err := s.lookUp(ctx, known)
		return known.web, err
	}
	d, err := s.archive.Evaluation(ctx, c.evaluation)
	if err != nil {
		return web.Evaluation{}, err
	}
	made, err := s.describe(ctx, d, c)
	if err != nil {
		return web.Evaluation{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.lookUp(ctx, made); err != nil {
		return web.Evaluation{}, err
	}
	s.described = append([]*describedEvaluation{made}, s.described[:min(1, len(s.described))]...)
	return made.web, nil
}

// wasPlace is where a subject stood in the period before.
type wasPlace struct {
	rank int
	firm string
}

// places are the places of the results of an evaluation.
func (s *archivedStars) places(ctx context.Context, evaluation string) (map[string]wasPlace, error) {
	was := map[string]wasPlace{}
	for stored, err := range s.archive.Results(ctx, evaluation) {
		if err != nil {
			return nil, err
		}
		was[stored.Subject] = wasPlace{stored.Rank, stored.Firm}
	}
	return was, nil
}

// moved says how a place changed. Under another firm, or without a place before, a subject is new: a star belongs to project, firm and contract.
func moved(stored *rating.ArchivedResult, was map[string]wasPlace) string {
	before, there := was[stored.Subject]
	switch {
	case was == nil || stored.Rank == 0:
		return ""
	case !there || before.rank == 0 || before.firm != stored.Firm:
		return "新参评"
	case before.rank > stored.Rank:
		return "升 " + strconv.Itoa(before.rank-stored.Rank)
	case before.rank < stored.Rank:
		return "降 " + strconv.Itoa(stored.Rank-before.rank)
	}
	return "持平"
}

// publish adds what a period's publication says.
func publish(e *web.Evaluation, c chosen) {
	if c.period == nil {
		return
	}
	e.Cutoff, e.UpTo = c.period.Cutoff.Ends(), c.period.FactsUpTo
	e.Period, e.Unranked = c.period.ID, c.period.Rhythm == cycle.RhythmQuarter
	e.Day, e.Restricted, e.Moves, e.FirmsTitle, e.Facets = c.period.Days.Last, true, c.before != nil && !e.Unranked, "企业汇总", []string{"乡镇", "社区", "类型", "规模"}
	if p := c.period.Publication; p != nil {
		e.At, e.Notice = p.At.Time, calendar.DateOf(p.At.Time).Chinese()+"公布，"+p.Number+"。"
	}
}

// describe reads every result of an evaluation once: for its row, and for the first roll-up that the scheme declares, if any.
func (s *archivedStars) describe(ctx context.Context, d rating.Evaluation, c chosen) (*describedEvaluation, error) {
	scheme, err := s.archive.Scheme(ctx, d)
	if err != nil {
		return nil, err
	}
	made := &describedEvaluation{scheme: scheme, rows: make([]web.Row, 0, d.Count), web: web.DescribeScheme(web.Evaluation{ID: d.ID, N: d.N, Title: d.Title,
		Subject: s.subject, At: d.Made.Time, FactsHash: d.FactsHash, Root: d.Root, Source: d.FactsSource, FirmsTitle: "管理公司汇总"}, scheme)}
	publish(&made.web, c)
	if c.period != nil {
		made.period = c.period.ID
		if p := c.period.Publication; p != nil {
			made.year = &standing.Year{Period: c.period.ID, Last: c.period.Days.Last, Published: calendar.DateOf(p.At.Time), Scheme: scheme}
		}
	}
	if c.before != nil {
		made.before = c.before
		if made.was, err = s.places(ctx, c.before.Evaluation); err != nil {
			return nil, err
		}
	}
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
		made.web.Firms = web.FirmsOf(&made.web, &scheme.Rollups[0], roller.Groups(), made.rows)
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
		s.mu.Lock()
		rows := make([]web.Row, len(e.rows))
		for i, row := range e.rows {
			rows[i] = e.mark(row)
		}
		s.mu.Unlock()
		for _, row := range rows {
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
	size, err := e.size(stored)
	if err != nil {
		return web.Row{}, nil, err
	}
	return web.RowOf(&e.web, e.scheme, result, web.Label{Name: stored.Name, Place: stored.Place, Firm: stored.Firm,
		Facets: []string{stored.Township, stored.Community, stored.Kind, size}, Moved: moved(stored, e.was), Size: size, Sheet: stored.Sheet, Keys: stored.Keys}), result, nil
}

// householdsFact is the fact by which the cycle tells the size of a compound.
const householdsFact = "households"

// size is the class of size of a compound, by the steps of the survey's samples; "" for a table that has no period or does not know households.
func (e *describedEvaluation) size(stored *rating.ArchivedResult) (string, error) {
	at, ok := e.scheme.FactIndex(householdsFact)
	if !ok || !e.web.Restricted {
		return "", nil
	}
	subject, err := e.scheme.ReadSubject([]byte(stored.Facts))
	if err != nil || subject.Values[at].State != rating.Present {
		return "", err
	}
	households := subject.Values[at].Number
	switch {
	case households.Less(num.FromInt(100)):
		return "1 至 99 户的小区", nil
	case households.Less(num.FromInt(300)):
		return "100 至 299 户的小区", nil
	}
	return "300 户以上的小区", nil
}

// Star implements web.Stars.
func (s *archivedStars) Star(ctx context.Context, evaluation, id string, whole bool) (web.Star, error) {
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
	s.mu.Lock()
	row = e.mark(row)
	s.mu.Unlock()
	x, err := rating.Explain(e.scheme, result)
	if err != nil {
		return web.Star{}, err
	}
	if s.earlier != nil && e.period != "" {
		earlier, err := s.earlier(ctx, e.period, e.scheme, result)
		if err != nil {
			return web.Star{}, err
		}
		x.Join(earlier)
	}
	star := web.StarOf(row, x, !whole)
	star.Hash, star.RecordID = result.Hash(), stored.RecordID
	if s.facts != nil && e.period != "" {
		f, err := s.facts(ctx, e.period, id)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return web.Star{}, err
		}
		star.Proved, star.Behind = provedBy(e.scheme, f.Rules), web.BehindOf(e.scheme, result, f.Rules)
	}
	star.Before, err = s.beforeOf(ctx, e, &stored, whole)
	return star, err
}

// provedBy are the facts that proof told, with the days of which it counted.
func provedBy(scheme *rating.Scheme, rules []cycle.GatheredFact) map[string]calendar.Span {
	proved := map[string]calendar.Span{}
	for _, rule := range rules {
		if at, ok := scheme.FactIndex(rule.Fact); ok && cmp.Or(rule.Source, scheme.Facts[at].Source) == evidence.Source {
			proved[rule.Fact] = calendar.Span{First: rule.From, Last: rule.Until}
		}
	}
	return proved
}

// beforeOf is what a subject had in the published period before; nil if there is none.
func (s *archivedStars) beforeOf(ctx context.Context, e *describedEvaluation, now *rating.ArchivedResult, whole bool) (*web.Before, error) {
	if e.before == nil {
		return nil, nil
	}
	stored, err := s.archive.Result(ctx, e.before.Evaluation, now.Subject)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	scheme := e.scheme
	if e.before.SchemeHash != scheme.Hash {
		d, err := s.archive.Evaluation(ctx, e.before.Evaluation)
		if err != nil {
			return nil, err
		}
		if scheme, err = s.archive.Scheme(ctx, d); err != nil {
			return nil, err
		}
	}
	return web.BeforeOf(e.before.Name, scheme, &stored, now, e.scheme.Hash, !whole)
}

// Scheme implements web.Stars.
func (s *archivedStars) Scheme(_ context.Context, evaluation string) (*rating.Scheme, error) {
	e, err := s.find(evaluation)
	if err != nil {
		return nil, err
	}
	return e.scheme, nil
}

// starBundles makes the bundles of published stars.
type starBundles struct {
	archive *rating.Archive
	// cycle is nil for tables that no period belongs to.
	cycle *cycle.Service
	key   func(ctx context.Context) (string, error)
}

// bundles makes the bundles of this service's stars.
func (s *service) bundles() *starBundles {
	b := &starBundles{archive: s.archive, key: s.db.LogKey}
	if !s.ratesTables {
		b.cycle = s.cycle
	}
	return b
}

// Bundle implements web.Bundles.
func (b *starBundles) Bundle(ctx context.Context, by policy.Actor, star web.StarID, full bool) ([]byte, error) {
	switch {
	case b.cycle != nil:
		return b.cycle.Bundle(ctx, by, star.Period, star.Subject, full)
	case star.Period != "" || full:
		return nil, fault.New("cmd.Bundle", fault.NotFound, "")
	}
	return b.archive.Bundle(ctx, rating.BundleRequest{Evaluation: star.Evaluation, Subject: star.Subject})
}

// MayOpen implements web.Bundles.
func (b *starBundles) MayOpen(ctx context.Context, by policy.Actor, star web.StarID) bool {
	return b.cycle != nil && b.cycle.MayOpenBundle(ctx, by, star.Period, star.Subject) == nil
}

// Key implements web.Bundles.
func (b *starBundles) Key(ctx context.Context) (string, error) { return b.key(ctx) }

// businessClock is a clock that stood at start when the real clock stood at began, and goes on from there.
func businessClock(now func() time.Time, start time.Time) func() time.Time {
	if start.IsZero() {
		return now
	}
	began := now()
	return func() time.Time { return start.Add(now().Sub(began)) }
}
