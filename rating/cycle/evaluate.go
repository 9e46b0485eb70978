package cycle

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
	"redsteward/registry"
)

// Evaluate rates a closed or already evaluated period and waits for it; it makes no ranges, MakeRanges does. Returns Conflict in another state, or if an evaluation is running: the message
// says since when and how far.
func (s *Service) Evaluate(ctx context.Context, by policy.Actor, id string) (rating.Evaluation, error) {
	r, err := s.begin(ctx, by, id)
	if err != nil {
		return rating.Evaluation{}, err
	}
	return r.finish(ctx)
}

// StartEvaluation begins what Evaluate and then MakeRanges do and leaves it to run in the background; Progress tells how far it is. It returns the errors of Evaluate that
// are known at the beginning.
func (s *Service) StartEvaluation(ctx context.Context, by policy.Actor, id string) error {
	r, err := s.begin(ctx, by, id)
	if err != nil {
		return err
	}
	s.background(func(ctx context.Context) {
		_, _ = r.finishWithRanges(ctx) // how it ended stands in its progress
	})
	return nil
}

// finish does the work and writes down how it ended.
func (r *run) finish(ctx context.Context) (rating.Evaluation, error) {
	made, err := r.evaluate(ctx)
	return made, errors.Join(err, r.end(ctx, made.ID, err))
}

// finishWithRanges makes the ranges of what was evaluated too. That they cannot be made does not touch the evaluation: why stands in the progress.
func (r *run) finishWithRanges(ctx context.Context) (rating.Evaluation, error) {
	made, err := r.evaluate(ctx)
	if err == nil {
		if _, failed := r.ranges(ctx, made.ID); failed != nil {
			r.progress.Ranges = failureText(failed)
		}
	}
	return made, errors.Join(err, r.end(ctx, made.ID, err))
}

// cutoffInstant is the last instant at which acceptance counts: the end of the cut-off day, or now if that lies ahead.
func cutoffInstant(p *Period, now time.Time) time.Time {
	if end := p.Cutoff.Ends().Add(-time.Millisecond); end.Before(now) {
		return end
	}
	return now
}

// gather reads the register and then all sources side by side.
func (s *Service) gather(ctx context.Context, p *Period, scheme *rating.Scheme, told func(done int) error) (*gathering, error) {
	upTo, err := s.db.Engine().LastN(ctx)
	if err != nil {
		return nil, err
	}
	now := s.db.Now()
	g := newGathering(scheme, p.ID, p.Days, cutoffInstant(p, now), upTo, s.known, s.FactSources())
	if g.admitted, err = s.admitted(ctx, p); err != nil {
		return nil, err
	}
	if err := g.projects(ctx, s.register); err != nil {
		return nil, err
	}
	if err := told(1); err != nil {
		return nil, err
	}
	group, within := errgroup.WithContext(ctx)
	var telling sync.Mutex
	done := 1
	for _, source := range s.sources {
		group.Go(func() error {
			if err := g.read(within, source, now); err != nil {
				return err
			}
			telling.Lock()
			defer telling.Unlock()
			done++
			return told(done)
		})
	}
	return g, group.Wait()
}

func (r *run) evaluate(ctx context.Context) (rating.Evaluation, error) {
	s := r.s
	scheme, file, err := s.schemeOf(ctx, &r.period)
	if err != nil {
		return rating.Evaluation{}, err
	}
	g, err := s.gather(ctx, &r.period, scheme, func(done int) error { return r.tell(ctx, StageGather, done, len(s.sources)+1) })
	if err != nil {
		return rating.Evaluation{}, err
	}
	if len(g.order) == 0 {
		return rating.Evaluation{}, fault.New("cycle.Evaluate", fault.Conflict, "登记中没有项目，没有可以评价的对象")
	}
	subjects, firms, err := r.freeze(ctx, g)
	if err != nil {
		return rating.Evaluation{}, err
	}
	past, err := s.histories(ctx, &r.period, scheme, firms)
	if err != nil {
		return rating.Evaluation{}, err
	}
	entries, cohort, err := r.rate(ctx, g, scheme, subjects, past)
	if err != nil {
		return rating.Evaluation{}, err
	}
	if err := r.tell(ctx, StageStore, 0, len(entries)); err != nil {
		return rating.Evaluation{}, err
	}
	meta := store.Meta{By: r.by.ID, Action: string(policy.RunEvaluation)}
	made, err := s.archive.Save(ctx, meta, file, cohort, rating.Evaluation{
		Title: Title(&r.period, s.rating), Period: r.period.ID, Made: journal.At(s.db.Now()), FactsHash: factsHash(entries),
		FactsSource: fmt.Sprintf("截至 %s 已认可的登记、材料和走访，日志第 %d 号以前", g.cutoff.In(time.FixedZone("", 8*60*60)).Format("2006-01-02 15:04"), g.upTo),
	}, entries)
	if err != nil {
		return rating.Evaluation{}, err
	}
	return made, r.conclude(ctx, made, g.upTo, r.s.nearest(entries))
}

// DefaultRating is the legal name of the rating of stars where no other one is approved (practice.md §1).
const DefaultRating = "物业服务星级评价（行业评价）"

// Title is what the published evaluation of a period is called; name is the legal name of the rating. A quarter is a score and a circular, a year gives stars (practice.md §1).
func Title(p *Period, name string) string {
	if p.Stars() {
		return p.Name + name
	}
	return p.Name + "物业服务检查得分通报"
}

// conclude makes the evaluation that of the period, whatever else happened to the period meanwhile except its publication.
func (r *run) conclude(ctx context.Context, made rating.Evaluation, upTo int64, near []string) error {
	p, err := r.s.load(ctx, r.period.ID)
	if err != nil {
		return err
	}
	if p.State, err = p.after(MoveEvaluate); err != nil {
		return err
	}
	if p.approval() == policy.ApprovalApproved {
		p.Approval = nil // what was signed is no longer the result
	}
	p.Near = near
	// As of its beginning: what is accepted while it runs may not be among its facts.
	p.Evaluation, p.FactsUpTo, p.Evaluated = made.ID, upTo, Act{By: r.by.ID, At: r.progress.Begun.At}
	_, err = r.s.commit(ctx, store.Meta{By: r.by.ID, Action: string(policy.RunEvaluation)}, p)
	return err
}

// savers is how many documents are committed together; the store groups them into one write.
const savers = 64

// freeze stores the facts of every project and returns them as subjects, with the firm of each.
func (r *run) freeze(ctx context.Context, g *gathering) ([]rating.Subject, map[string]string, error) {
	meta := store.Meta{By: r.by.ID, Action: string(policy.RunEvaluation)}
	subjects := make([]rating.Subject, 0, len(g.order))
	firms := map[string]string{}
	for from := 0; from < len(g.order); from += savers {
		part := g.order[from:min(from+savers, len(g.order))]
		group, grouped := errgroup.WithContext(ctx)
		for _, project := range part {
			b := g.buckets[project]
			facts, sub := b.freeze(g)
			b.facts = nil
			subjects, firms[project] = append(subjects, sub), facts.Firm
			group.Go(func() error { return r.s.keep(grouped, meta, facts) })
		}
		if err := group.Wait(); err != nil {
			return nil, nil, err
		}
		if err := r.step(ctx, StageFreeze, len(subjects), len(g.order)); err != nil {
			return nil, nil, err
		}
	}
	return subjects, firms, nil
}

// keep stores facts unless the same ones are frozen already.
func (s *Service) keep(ctx context.Context, meta store.Meta, f Facts) error {
	id := factsID(f.Period, f.Project)
	head, err := s.facts.Head(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if old := head.State; err == nil && old.Hash == f.Hash && old.Scheme == f.Scheme && old.Firm == f.Firm && slices.Equal(old.Late, f.Late) && slices.Equal(old.Refused, f.Refused) {
		return nil
	}
	_, err = s.facts.Commit(ctx, meta, id, head.Seq, f)
	return err
}

// rate evaluates all subjects.
func (r *run) rate(ctx context.Context, g *gathering, scheme *rating.Scheme, subjects []rating.Subject, past map[string]rating.History) ([]rating.Entry, *rating.Cohort, error) {
	var cohort *rating.Cohort
	if scheme.Compares() {
		var err error
		if cohort, err = rating.NewCohort(scheme, slices.Values(subjects), func(id string) rating.History { return past[id] }); err != nil {
			return nil, nil, err
		}
	}
	entries := make([]rating.Entry, len(subjects))
	for i, sub := range subjects {
		result := rating.Evaluate(scheme, cohort, sub, past[sub.ID])
		h := &g.buckets[sub.ID].holding
		entries[i] = rating.Entry{Subject: sub, Result: &result, Name: h.Name, Place: place(h.CommunityName, h.TownshipName), Firm: h.FirmName,
			Community: h.CommunityName, Township: h.TownshipName, Kind: registry.TextOf(registry.ProjectKinds(), h.Kind), Keys: h.Keys()}
		if err := r.step(ctx, StageRate, i+1, len(subjects)); err != nil {
			return nil, nil, err
		}
	}
	return entries, cohort, nil
}

// place is the text that stands below a project's name.
func place(community, township string) string {
	return strings.Trim(township+" "+community, " ")
}

// factsHash is the SHA-256 over what every result was made from, in order of the subjects' ids: its frozen facts and the earlier results that it read.
func factsHash(entries []rating.Entry) string {
	lines := make([]string, len(entries))
	for i := range entries {
		r := entries[i].Result
		line := []string{r.Subject, r.Facts}
		for _, h := range r.History {
			line = append(line, h.ID+"="+h.Hash)
		}
		lines[i] = strings.Join(line, " ")
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n")))
	return hex.EncodeToString(sum[:])
}

// histories are the earlier results that the scheme reads, by project. Only published ones count, and only those of the same firm: a star belongs to
// project, firm and contract.
func (s *Service) histories(ctx context.Context, p *Period, scheme *rating.Scheme, firms map[string]string) (map[string]rating.History, error) {
	all := make(map[string]rating.History, len(firms))
	for i := range scheme.History {
		e := &scheme.History[i]
		found, err := s.earlier(ctx, p, scheme, e, firms, false)
		if err != nil {
			return nil, err
		}
		for project, past := range found {
			if all[project] == nil {
				all[project] = rating.History{}
			}
			all[project][e.ID] = past
		}
	}
	return all, nil
}

// earlier are the results that one declaration of a scheme names, by project; none if that period was not published under the scheme that it names. behind asks for the indicators behind
// their parts too, which no evaluation reads.
func (s *Service) earlier(ctx context.Context, p *Period, scheme *rating.Scheme, e *rating.Earlier, firms map[string]string, behind bool) (map[string]rating.Past, error) {
	before, err := s.load(ctx, rating.EarlierPeriod(p.ID, e.Rhythm, e.Back))
	if fault.Is(err, fault.NotFound) || err == nil && before.State != StatePublished {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if before.SchemeID != cmp.Or(e.Scheme, scheme.ID) {
		return nil, nil
	}
	past := (*rating.Result).Past
	if behind {
		rules, _, err := s.schemeOf(ctx, &before)
		if err != nil {
			return nil, err
		}
		past = rules.PastOf
	}
	out := map[string]rating.Past{}
	for stored, err := range s.archive.Results(ctx, before.Evaluation) {
		if err != nil {
			return nil, err
		}
		if !slices.Contains(stored.Keys, policy.FirmKey(firms[stored.Subject])) {
			continue
		}
		result, err := rating.ReadResult([]byte(stored.Result))
		if err != nil {
			return nil, err
		}
		out[stored.Subject] = past(result)
	}
	return out, nil
}
