package registry

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// RunImports applies what was accepted and not yet done, and returns how many imports it finished. It returns at once if another process does it.
func (s *Service) RunImports(ctx context.Context) (int, error) {
	holder := s.db.NewID(store.Meta{})
	finished := 0
	for {
		open, err := s.imports.List(ctx, store.Query{Index: "all", Key: "s:" + string(ImportAccepted), Limit: 1})
		if err != nil || len(open.Docs) == 0 {
			return finished, err
		}
		if err := s.db.Lease(ctx, importLease, holder, leaseLife); err != nil {
			if fault.Is(err, fault.Conflict) {
				return finished, nil
			}
			return finished, err
		}
		err = s.apply(ctx, open.Docs[0].ID, holder)
		if unleased := s.db.Unlease(context.WithoutCancel(ctx), importLease, holder); err == nil {
			err = unleased
		}
		if err != nil {
			return finished, err
		}
		finished++
	}
}

// Run applies imports when one is accepted, first those that a stop cut off, until ctx ends. failed gets what went wrong; the import is tried again when woken.
func (s *Service) Run(ctx context.Context, failed func(error)) {
	for {
		if _, err := s.RunImports(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		}
	}
}

// Wake makes Run look for accepted imports, also those of another process that stopped.
func (s *Service) Wake() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// applied is what became of one line.
type applied struct {
	outcome Outcome
	faults  []LineFault
}

// apply applies all lines of one import and stores the result.
func (s *Service) apply(ctx context.Context, id, holder string) error {
	d, err := s.imports.Load(ctx, id)
	if err != nil || d.State.State != ImportAccepted {
		return err
	}
	results := make([]applied, d.State.Lines)
	var done atomic.Int64
	all, within := errgroup.WithContext(ctx)
	queues := make([]chan int64, importWorkers)
	for k := range queues {
		queues[k] = make(chan int64, 8)
		c := &checker{Service: s}
		all.Go(func() error {
			for n := range queues[k] {
				result, err := s.applyLine(within, c, d, n)
				if err != nil {
					return err
				}
				results[n-1] = result
				if count := done.Add(1); count%progressEvery == 0 {
					if err := s.noteProgress(within, id, holder, count); err != nil {
						return err
					}
				}
			}
			return nil
		})
	}
	all.Go(func() error {
		defer func() {
			for _, q := range queues {
				close(q)
			}
		}()
		return s.deal(within, id, d.State.Lines, queues)
	})
	if err := all.Wait(); err != nil {
		return err
	}
	return s.finish(ctx, d, results)
}

// deal gives each line to the worker of its target, so that the lines of one target follow each other.
func (s *Service) deal(ctx context.Context, id string, lines int64, queues []chan int64) error {
	for n := int64(1); n <= lines; n++ {
		l, err := s.lines.Load(ctx, fmt.Sprintf("%s/%d", id, n))
		if err != nil {
			return err
		}
		h := fnv.New32a()
		switch {
		case l.State.Firm != nil:
			h.Write([]byte(l.State.Firm.Code))
		case l.State.Project != nil:
			h.Write([]byte(l.State.Project.CommunityName + string(plain(l.State.Project.Name))))
		case l.State.Contract != nil:
			h.Write([]byte(string(plain(l.State.Contract.ProjectName))))
		}
		select {
		case queues[h.Sum32()%uint32(len(queues))] <- n:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// noteProgress keeps the lease and writes down how many lines were looked at.
func (s *Service) noteProgress(ctx context.Context, id, holder string, count int64) error {
	if err := s.db.Lease(ctx, importLease, holder, leaseLife); err != nil {
		return err
	}
	return s.progress.Put(ctx, id, importProgress{Done: count}, s.db.Now().Add(draftLife))
}

// applyLine applies one line, unless an earlier try did. A line that the register refuses is a result; an error is that it could not be tried.
func (s *Service) applyLine(ctx context.Context, c *checker, d store.Doc[Import], n int64) (applied, error) {
	l, err := s.lines.Load(ctx, fmt.Sprintf("%s/%d", d.ID, n))
	if err != nil {
		return applied{}, err
	}
	cause := s.lineCause(d.ID, n)
	meta := store.Meta{By: d.State.By, Action: string(policy.ImportRegister), Cause: cause}
	newID := journal.DerivedID(cause)
	for try := 0; ; try++ {
		var bad faults
		st, err := c.check(ctx, l.State.Line, &bad)
		if err != nil {
			return applied{}, err
		}
		switch {
		case st.cause == cause:
			return applied{outcome: s.wasNew(ctx, newID, l.State.Line)}, nil
		case len(bad.list) > 0:
			return refusedLine(l.State.Row, bad.list), nil
		case st.outcome == OutcomeSame:
			return applied{outcome: OutcomeSame}, nil
		}
		err = st.do(ctx, meta, newID)
		switch {
		case err == nil:
			return applied{outcome: st.outcome}, nil
		case fault.Is(err, fault.Conflict) && try < 3:
			// Somebody changed the same thing meanwhile: look again.
		case fault.Is(err, fault.Conflict), fault.Is(err, fault.Invalid):
			return refusedLine(l.State.Row, append(fault.FieldsOf(err), fault.Field{Message: fault.MessageOf(err)})), nil
		default:
			return applied{}, err
		}
	}
}

// wasNew tells, for a line that an earlier try applied, whether it made something new.
func (s *Service) wasNew(ctx context.Context, newID string, l Line) Outcome {
	var err error
	if l.Firm != nil {
		_, err = s.firms.Load(ctx, newID)
	} else {
		_, err = s.projects.Load(ctx, newID)
	}
	if err == nil || l.Contract != nil {
		return OutcomeNew
	}
	return OutcomeChanged
}

func refusedLine(row int64, fields []fault.Field) applied {
	a := applied{outcome: OutcomeFaulty}
	for _, f := range fields {
		a.faults = append(a.faults, LineFault{Row: row, Field: f.Name, Message: f.Message})
	}
	return a
}

// finish stores what became of the lines.
func (s *Service) finish(ctx context.Context, d store.Doc[Import], results []applied) error {
	i := d.State
	i.State = ImportDone
	for _, r := range results {
		switch r.outcome {
		case OutcomeNew:
			i.Created++
		case OutcomeChanged:
			i.Changed++
		case OutcomeSame:
			i.Unchanged++
		case OutcomeFaulty:
			i.Failed++
			if len(i.Failures) < maxFailures && len(r.faults) > 0 {
				i.Failures = append(i.Failures, r.faults[0])
			}
		}
	}
	_, err := s.imports.Commit(ctx, store.Meta{By: i.By, Action: string(policy.ImportRegister)}, d.ID, d.Seq, i)
	return err
}
