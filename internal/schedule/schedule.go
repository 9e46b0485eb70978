// Package schedule lets jobs run at their times, once, although several processes look at the same clock and any of them may be down.
//
//  1. robfig/cron reads a schedule and says when it is next; everything else is here, on the injected clock.
//  2. One slot of one job is one stream `job/<name>/<slot>`: inserting its first record claims it, so one process runs it. It ends as done, or as skipped
//     with a reason. A slot that somebody asked for is one like the others; it runs at the next look.
//  3. A job's effects must derive from its slot: a process that dies while running leaves a claim, which another takes over after StaleAfter.
//     A failed try leaves the claim too, with what failed.
//  4. A slot that was missed is made up for by the job's catch-up rule. What lies before the first look at a job was not missed.
//  5. A clock that stood ahead and was put right costs no slot: what was skipped or claimed by it is not taken as said, and what it ran does not run again.
package schedule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/robfig/cron/v3"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// Catchup says what happens to slots that were missed.
type Catchup string

// The rules of catching up.
const (
	// CatchupEach runs every missed slot, the oldest first.
	CatchupEach Catchup = "each"
	// CatchupLatest runs the last missed slot and skips those before it.
	CatchupLatest Catchup = "latest"
	// CatchupNone skips what is more than LateAfter late.
	CatchupNone Catchup = "none"
)

const (
	// LateAfter is how late a slot may be noticed to count as in time.
	LateAfter = 5 * time.Minute
	// StaleAfter is how long a claimed slot may stay without an end before another process takes it over.
	StaleAfter = 30 * time.Minute
	// maxSlots is how many missed slots of one job are looked at in one round; the next round goes on.
	maxSlots = 500
)

// Job is one thing to do at its times.
type Job struct {
	// Name is one valid part; it never changes.
	Name string
	// Title is what people call it, Chinese; required.
	Title string
	// Anytime: a run at any other moment does no harm and makes up for the slots before it, so that people may ask for one.
	Anytime bool
	// Spec is a schedule of five fields as cron writes it, such as "30 0 1 1,4,7,10 *", in Chinese time.
	Spec string
	// Catchup is the rule for missed slots; required.
	Catchup Catchup
	// Run does it for one slot. It returns Skip to say that there was nothing to do, and why. Any other error leaves the slot claimed: it is tried again
	// after StaleAfter.
	Run func(ctx context.Context, slot time.Time) error
}

// Skip is the error by which a job says that there was nothing to do.
type Skip struct {
	// Reason is Chinese, for people.
	Reason string
}

// Error is the reason.
func (s *Skip) Error() string { return s.Reason }

// The states of a slot.
const (
	// StateAsked is a slot that somebody asked for.
	StateAsked   = "asked"
	StateClaimed = "claimed"
	StateDone    = "done"
	StateSkipped = "skipped"
	// StateSince marks the stream job/<name>/since: slots after Slot count.
	StateSince = "since"
)

// Fire is one slot of one job.
type Fire struct {
	// Job is the name, Slot the time that the schedule gave.
	Job  string       `json:"job" privacy:"public"`
	Slot journal.Time `json:"slot"`
	// State is one of the states of a slot, Reason why it was skipped or, while it is claimed, why the last try failed.
	State  string `json:"state" privacy:"public"`
	Reason string `json:"reason,omitempty" privacy:"internal"`
}

// indexJob lists the slots of a job by their time; the first look stands before all of them.
const indexJob = "job"

// planned is a job with its schedule.
type planned struct {
	Job
	schedule cron.Schedule
}

// Runner runs jobs. It is safe for concurrent use by several processes on one store; within one process Tick is called by one goroutine.
type Runner struct {
	db    *store.DB
	fires *store.Collection[Fire]
	jobs  []planned
}

// New declares the kind job and reads the schedules. Returns Invalid with every job that is faulty.
func New(ctx context.Context, db *store.DB, jobs ...Job) (*Runner, error) {
	r := &Runner{db: db}
	var bad []fault.Field
	var names []string
	for _, j := range jobs {
		fail := func(format string, args ...any) {
			bad = append(bad, fault.Field{Name: j.Name, Message: fmt.Sprintf(format, args...)})
		}
		schedule, err := parse(j.Spec)
		switch {
		case !journal.ValidPart(j.Name) || slices.Contains(names, j.Name):
			fail("定时任务的名称不合规则或重复")
		case j.Title == "":
			fail("定时任务没有名称")
		case err != nil:
			fail("定时“%s”写法不对，要写成 分 时 日 月 星期 五项：%v", j.Spec, err)
		case !slices.Contains([]Catchup{CatchupEach, CatchupLatest, CatchupNone}, j.Catchup):
			fail("错过以后怎样补办，要写 each、latest 或 none，不能是“%s”", j.Catchup)
		case j.Run == nil:
			fail("没有处理程序")
		}
		names = append(names, j.Name)
		r.jobs = append(r.jobs, planned{j, schedule})
	}
	if len(bad) > 0 {
		return nil, fault.InvalidFields("schedule.New", bad...)
	}
	var err error
	r.fires, err = store.NewCollection(ctx, db, store.Kind[Fire]{
		Name: "job", Version: 1, AlwaysPresent: true,
		Indexes: []store.Index[Fire]{{
			Name: indexJob,
			Keys: func(_ string, f *Fire) []string { return []string{f.Job} },
			Sort: func(_ string, f *Fire) string { return store.SortTime(f.Slot.Time) },
		}},
	})
	return r, err
}

// china is the zone of every schedule; it needs no zone file on the machine.
var china = time.FixedZone("UTC+8", 8*60*60)

// parse reads a schedule in Chinese time.
func parse(spec string) (cron.Schedule, error) {
	schedule, err := cron.ParseStandard(spec)
	if fields, ok := schedule.(*cron.SpecSchedule); ok && err == nil {
		fields.Location = china
	}
	return schedule, err
}

// Check reports what is wrong with a schedule as Invalid, for checking configuration files.
func Check(spec string) error {
	if _, err := parse(spec); err != nil {
		return fault.Wrap("schedule.Check", fault.Invalid, fmt.Sprintf("定时“%s”写法不对，要写成 分 时 日 月 星期 五项，例如 30 0 1 1,4,7,10 *", spec), err)
	}
	return nil
}

// Jobs are the jobs, in their order.
func (r *Runner) Jobs() []Job {
	jobs := make([]Job, len(r.jobs))
	for i, j := range r.jobs {
		jobs[i] = j.Job
	}
	return jobs
}

// Ask lets a job run at the next look, besides its schedule; by is who asks. Returns NotFound if there is no such job, Forbidden if it runs at its times only, and
// Conflict while a slot of it has no end.
func (r *Runner) Ask(ctx context.Context, by, action, name string) error {
	const op = "schedule.Ask"
	at := slices.IndexFunc(r.jobs, func(j planned) bool { return j.Name == name })
	if at < 0 {
		return fault.New(op, fault.NotFound, "没有这个定时任务")
	}
	if !r.jobs[at].Anytime {
		return fault.New(op, fault.Forbidden, "这个任务只能到时间自己运行")
	}
	newest, err := r.Fires(ctx, name, 2) // the mark of the first look may be as new
	if err != nil {
		return err
	}
	if slices.ContainsFunc(newest, func(f Run) bool { return f.State == StateClaimed || f.State == StateAsked }) {
		return fault.New(op, fault.Conflict, "这个任务正在运行或者已经安排，请等它结束")
	}
	slot := r.db.Now()
	_, err = r.fires.Commit(ctx, store.Meta{By: by, Action: action, Why: r.jobs[at].Title}, slotID(name, slot), 0, Fire{Job: name, Slot: journal.At(slot), State: StateAsked})
	return err
}

// Next returns when a job is next after a moment; the zero time if never or if there is no such job.
func (r *Runner) Next(name string, after time.Time) time.Time {
	for i := range r.jobs {
		if r.jobs[i].Name == name {
			return r.jobs[i].schedule.Next(after)
		}
	}
	return time.Time{}
}

// Tick runs everything that is due by the store's clock and returns how many slots it ended. A failing job does not hold up the others; the errors are joined.
func (r *Runner) Tick(ctx context.Context) (int, error) {
	ended := 0
	var errs []error
	for i := range r.jobs {
		n, err := r.tick(ctx, &r.jobs[i])
		ended += n
		if err != nil {
			errs = append(errs, fmt.Errorf("job %s: %w", r.jobs[i].Name, err))
		}
	}
	return ended, errors.Join(errs...)
}

// meta is what a record of a job says about its change.
func (j *planned) meta() store.Meta {
	return store.Meta{By: "system", Action: "job.run", Why: j.Title}
}

func (r *Runner) tick(ctx context.Context, j *planned) (int, error) {
	now := r.db.Now()
	due, err := r.due(ctx, j, now)
	if err != nil {
		return 0, err
	}
	ended := 0
	for i, slot := range due {
		skip := ""
		switch {
		case j.Catchup == CatchupLatest && i < len(due)-1:
			skip = "错过后只补办最近一次"
		case j.Catchup == CatchupNone && now.Sub(slot) > LateAfter:
			skip = "错过后不补办"
		}
		did, err := r.fire(ctx, j, slot, skip)
		if err != nil {
			return ended, err
		}
		if did {
			ended++
		}
	}
	return ended, nil
}

// ahead reports whether something was recorded by a clock that stood far ahead of now; clocks of several machines differ by less.
func ahead(recorded, now time.Time) bool { return recorded.Sub(now) >= StaleAfter }

// open reports whether a slot that somebody recorded still has to run: one that was asked for, a claim without an end, or a slot that was skipped by a clock that stood ahead.
func (f *Fire) open(recorded, now time.Time) bool {
	return f.State == StateClaimed || f.State == StateAsked || f.State == StateSkipped && ahead(recorded, now)
}

// due lists the slots up to now that have no end, the oldest first. The slots of a job end in order, except those that failed, so it begins at the oldest
// claim without an end, or behind the last slot. Slots that a clock that stood ahead has left behind lie after now and are passed over.
func (r *Runner) due(ctx context.Context, j *planned, now time.Time) ([]time.Time, error) {
	var due []time.Time
	from, known := time.Time{}, false
	after := ""
	for back := 0; back < 4; { // a few pages back: older claims were taken over or will be by whoever made them
		page, err := r.fires.List(ctx, store.Query{Index: indexJob, Key: j.Name, Desc: true, After: after})
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			if d.State.Slot.After(now) && d.State.State != StateSince {
				continue
			}
			if !known {
				from, known = d.State.Slot.Time, true
			}
			if d.State.open(d.At, now) {
				due = append(due, d.State.Slot.Time)
			}
		}
		if known {
			back++
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if !known {
		// The first look: from here on slots count. Two processes looking at once agree on whoever was first.
		_, err := r.fires.Commit(ctx, j.meta(), j.Name+"/since", 0, Fire{Job: j.Name, Slot: journal.At(now), State: StateSince})
		if fault.Is(err, fault.Conflict) {
			return nil, nil
		}
		return nil, err
	}
	slices.Reverse(due)
	for next := j.schedule.Next(from); !next.IsZero() && !next.After(now) && len(due) < maxSlots; next = j.schedule.Next(next) {
		due = append(due, next)
	}
	return due, nil
}

// slotID is the stream of a slot.
func slotID(name string, slot time.Time) string {
	return name + "/" + slot.UTC().Format("20060102T150405Z")
}

// fire claims a slot and ends it; false if another process has it.
func (r *Runner) fire(ctx context.Context, j *planned, slot time.Time, skip string) (bool, error) {
	id, now := slotID(j.Name, slot), r.db.Now()
	head, err := r.fires.Head(ctx, id)
	switch {
	case err == nil && head.State.State == StateAsked:
		skip = "" // who asked is not late
	case err == nil && (!head.State.open(head.At, now) || now.Sub(head.At) < StaleAfter && !ahead(head.At, now)):
		return false, nil
	case err != nil && !fault.Is(err, fault.NotFound):
		return false, err
	}
	state := Fire{Job: j.Name, Slot: journal.At(slot), State: StateClaimed}
	claimed, err := r.fires.Commit(ctx, j.meta(), id, head.Seq, state)
	if fault.Is(err, fault.Conflict) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	state.State = StateDone
	if skip == "" {
		err = j.Run(ctx, slot)
		var nothing *Skip
		if errors.As(err, &nothing) {
			skip, err = nothing.Reason, nil
		}
	}
	if err != nil {
		state.State, state.Reason = StateClaimed, cmp.Or(fault.MessageOf(err), "内部错误，原因在程序日志里")
		_, told := r.fires.Commit(ctx, j.meta(), id, claimed.Seq, state)
		return false, errors.Join(err, told)
	}
	if skip != "" {
		state.State, state.Reason = StateSkipped, skip
	}
	_, err = r.fires.Commit(ctx, j.meta(), id, claimed.Seq, state)
	if fault.Is(err, fault.Conflict) {
		return false, nil // it took so long that another process took it over
	}
	return err == nil, err
}

// Run is a slot with when its record was written.
type Run struct {
	Fire
	// At is when it last changed, by the store's clock.
	At time.Time
}

// Fires returns the newest slots of a job, at most limit of them, without the mark of the first look.
func (r *Runner) Fires(ctx context.Context, name string, limit int) ([]Run, error) {
	page, err := r.fires.List(ctx, store.Query{Index: indexJob, Key: name, Desc: true, Limit: limit})
	if err != nil {
		return nil, err
	}
	var runs []Run
	for _, d := range page.Docs {
		if d.State.State != StateSince {
			runs = append(runs, Run{Fire: d.State, At: d.At})
		}
	}
	return runs, nil
}
