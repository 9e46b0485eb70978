package imports

import (
	"context"
	"hash/fnv"
	"iter"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// lease is the name under which one process applies lines.
func (i *Importer[L]) lease() string { return i.Name + "-run" }

// RunAccepted applies what was accepted and not yet done, takes back what is to be taken back, and returns how many imports it finished. It returns at once if
// another process does it.
func (i *Importer[L]) RunAccepted(ctx context.Context) (int, error) {
	holder := i.DB.NewID(store.Meta{})
	finished := 0
	for {
		id, run, err := i.open(ctx)
		if err != nil || run == nil {
			return finished, err
		}
		if err := i.DB.Lease(ctx, i.lease(), holder, leaseLife); err != nil {
			if fault.Is(err, fault.Conflict) {
				return finished, nil
			}
			return finished, err
		}
		err = run(ctx, id, holder)
		if unleased := i.DB.Unlease(context.WithoutCancel(ctx), i.lease(), holder); err == nil {
			err = unleased
		}
		if err != nil {
			return finished, err
		}
		finished++
	}
}

// open finds an import with work to be done, and that work; nil if there is none.
func (i *Importer[L]) open(ctx context.Context) (id string, run func(ctx context.Context, id, holder string) error, err error) {
	for _, work := range []struct {
		state State
		run   func(ctx context.Context, id, holder string) error
	}{{Accepted, i.apply}, {Reversing, i.takeBack}} {
		found, err := i.imports.List(ctx, store.Query{Index: byState, Key: "s:" + string(work.state), Limit: 1})
		if err != nil {
			return "", nil, err
		}
		if len(found.Docs) > 0 {
			return found.Docs[0].ID, work.run, nil
		}
	}
	return "", nil, nil
}

// Run applies imports when one is accepted, first those that a stop cut off, until ctx ends. failed gets what went wrong; the import is tried again when woken.
func (i *Importer[L]) Run(ctx context.Context, failed func(error)) {
	for {
		if _, err := i.RunAccepted(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-i.wake:
		}
	}
}

// Wake makes Run look for accepted imports, also those of another process that stopped.
func (i *Importer[L]) Wake() {
	select {
	case i.wake <- struct{}{}:
	default:
	}
}

// applied is what became of one line.
type applied struct {
	outcome Outcome
	faults  []LineFault
}

// apply applies all lines of one import and stores the result.
func (i *Importer[L]) apply(ctx context.Context, id, holder string) error {
	d, err := i.imports.Load(ctx, id)
	if err != nil || d.State.State != Accepted {
		return err
	}
	results, check := make([]applied, d.State.Lines), i.Checker()
	err = i.through(ctx, id, holder, upwards(d.State.Lines), func(ctx context.Context, n int64) (err error) {
		results[n-1], err = i.applyLine(ctx, check, d, n)
		return err
	})
	if err != nil {
		return err
	}
	return i.finish(ctx, d, results)
}

// through works through lines, several at once, and notes the progress.
func (i *Importer[L]) through(ctx context.Context, id, holder string, lines iter.Seq[int64], work func(context.Context, int64) error) error {
	var done atomic.Int64
	var noting sync.Mutex // two that renew the lease at once would be a conflict
	all, within := errgroup.WithContext(ctx)
	queues := make([]chan int64, workers)
	for k := range queues {
		queues[k] = make(chan int64, 8)
		all.Go(func() error {
			for n := range queues[k] {
				if err := work(within, n); err != nil {
					return err
				}
				if count := done.Add(1); count%progressEvery == 0 && noting.TryLock() {
					err := i.noteProgress(within, id, holder, count)
					noting.Unlock()
					if err != nil {
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
		return i.deal(within, id, lines, queues)
	})
	return all.Wait()
}

// upwards and downwards count lines, from 1.
func upwards(lines int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for n := int64(1); n <= lines && yield(n); n++ {
		}
	}
}

func downwards(lines int64) iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for n := lines; n >= 1 && yield(n); n-- {
		}
	}
}

// deal gives each line to the worker of its target, so that the lines of one target follow each other.
func (i *Importer[L]) deal(ctx context.Context, id string, lines iter.Seq[int64], queues []chan int64) error {
	for n := range lines {
		l, err := i.lines.Load(ctx, lineID(id, n))
		if err != nil {
			return err
		}
		h := fnv.New32a()
		h.Write([]byte(i.Target(l.State)))
		select {
		case queues[h.Sum32()%uint32(len(queues))] <- n:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// noteProgress keeps the lease and writes down how many lines were looked at.
func (i *Importer[L]) noteProgress(ctx context.Context, id, holder string, count int64) error {
	if err := i.DB.Lease(ctx, i.lease(), holder, leaseLife); err != nil {
		return err
	}
	return i.progress.Put(ctx, id, progress{Done: count}, i.DB.Now().Add(draftLife))
}

// applyLine applies one line, unless an earlier try did. A line that is refused is a result; an error is that it could not be tried.
func (i *Importer[L]) applyLine(ctx context.Context, check Checker[L], d store.Doc[Import], n int64) (applied, error) {
	l, err := i.lines.Load(ctx, lineID(d.ID, n))
	if err != nil {
		return applied{}, err
	}
	cause := i.LineCause(d.ID, n)
	meta := store.Meta{By: d.State.By, Action: i.Action, Cause: cause}
	newID := journal.DerivedID(cause)
	for try := 0; ; try++ {
		step, err := check(ctx, l.State)
		if err != nil {
			return applied{}, err
		}
		switch {
		case step.Cause == cause, step.ID == newID:
			return applied{outcome: i.wasNew(ctx, newID, l.State)}, nil
		case len(step.Faults) > 0:
			return i.refused(l.State, step.Faults), nil
		case step.Outcome == Same:
			return applied{outcome: Same}, nil
		}
		err = step.Do(ctx, meta, newID)
		switch {
		case err == nil:
			return applied{outcome: step.Outcome}, nil
		case fault.Is(err, fault.Conflict) && try < 3:
			// Somebody changed the same thing meanwhile: look again.
		case fault.Is(err, fault.Conflict), fault.Is(err, fault.Invalid):
			return i.refused(l.State, append(fault.FieldsOf(err), fault.Field{Message: fault.MessageOf(err)})), nil
		default:
			return applied{}, err
		}
	}
}

func (i *Importer[L]) wasNew(ctx context.Context, newID string, line L) Outcome {
	if i.WasNew == nil || i.WasNew(ctx, newID, line) {
		return New
	}
	return Changed
}

func (i *Importer[L]) refused(line L, fields []fault.Field) applied {
	a := applied{outcome: Faulty}
	for _, f := range fields {
		a.faults = append(a.faults, LineFault{Row: i.Row(line), Field: f.Name, Message: f.Message})
	}
	return a
}

// finish stores what became of the lines.
func (i *Importer[L]) finish(ctx context.Context, d store.Doc[Import], results []applied) error {
	state := d.State
	state.State = Done
	for _, r := range results {
		switch r.outcome {
		case New:
			state.Created++
		case Changed:
			state.Changed++
		case Same:
			state.Unchanged++
		case Faulty:
			state.Failed++
			if len(state.Failures) < maxFailures && len(r.faults) > 0 {
				state.Failures = append(state.Failures, r.faults[0])
			}
		}
	}
	_, err := i.imports.Commit(ctx, store.Meta{By: state.By, Action: i.Action}, d.ID, d.Seq, state)
	return err
}
