package schedule

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
)

// clock is a store's clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) set(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, china)
	if err != nil {
		panic(err)
	}
	c.now = at
}

func open(t *testing.T, at string) (*store.DB, *clock) {
	t.Helper()
	engine, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{}
	c.set(at)
	db, err := store.Open(t.Context(), engine, store.Options{Now: c.Now, MasterKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db, c
}

// another is a second process on the same data.
func another(t *testing.T, db *store.DB, c *clock) *store.DB {
	t.Helper()
	other, err := store.Open(t.Context(), db.Engine(), store.Options{Now: c.Now, MasterKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	return other
}

// quarterEnd is the schedule of the quarterly evaluation.
const quarterEnd = "30 0 1 1,4,7,10 *"

// recorder notes the slots that ran.
type recorder struct {
	mu    sync.Mutex
	slots []string
}

func (r *recorder) run(_ context.Context, slot time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.slots = append(r.slots, slot.In(china).Format("2006-01-02 15:04"))
	return nil
}

func (r *recorder) want(t *testing.T, slots ...string) {
	t.Helper()
	if strings.Join(r.slots, ",") != strings.Join(slots, ",") {
		t.Errorf("ran %q, want %q", r.slots, slots)
	}
}

func runner(t *testing.T, db *store.DB, jobs ...Job) *Runner {
	t.Helper()
	r, err := New(t.Context(), db, jobs...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func tick(t *testing.T, r *Runner, want int) {
	t.Helper()
	if n, err := r.Tick(t.Context()); err != nil || n != want {
		t.Fatalf("ended %d, %v, want %d", n, err, want)
	}
}

// TestMissedSlotIsMadeUpOnce: the program was down over the end of a quarter; after the start the slot runs, once, and the days before the first look do not.
func TestMissedSlotIsMadeUpOnce(t *testing.T) {
	db, c := open(t, "2026-09-20 09:00")
	rec := &recorder{}
	job := Job{Name: "quarter", Title: "任务", Spec: quarterEnd, Catchup: CatchupLatest, Run: rec.run}
	r := runner(t, db, job)
	tick(t, r, 0) // the first look
	tick(t, r, 0)
	c.set("2026-10-01 00:29")
	tick(t, r, 0)
	c.set("2026-10-19 09:00")
	again := runner(t, another(t, db, c), job)
	tick(t, again, 1)
	tick(t, again, 0)
	tick(t, r, 0)
	rec.want(t, "2026-10-01 00:30")
	c.set("2027-01-01 00:30")
	tick(t, r, 1)
	rec.want(t, "2026-10-01 00:30", "2027-01-01 00:30")
	fires, err := r.Fires(t.Context(), "quarter", 10)
	if err != nil || len(fires) != 2 || fires[0].State != StateDone || !fires[0].Slot.Equal(time.Date(2026, 12, 31, 16, 30, 0, 0, time.UTC)) {
		t.Errorf("fires %+v, %v", fires, err)
	}
}

// TestCatchup runs each rule over three missed days.
func TestCatchup(t *testing.T) {
	for _, tt := range []struct {
		rule  Catchup
		ended int
		ran   []string
	}{
		{CatchupEach, 3, []string{"2026-10-02 06:00", "2026-10-03 06:00", "2026-10-04 06:00"}},
		{CatchupLatest, 3, []string{"2026-10-04 06:00"}},
		{CatchupNone, 3, nil},
	} {
		t.Run(string(tt.rule), func(t *testing.T) {
			db, c := open(t, "2026-10-01 12:00")
			rec := &recorder{}
			r := runner(t, db, Job{Name: "daily", Title: "任务", Spec: "0 6 * * *", Catchup: tt.rule, Run: rec.run})
			tick(t, r, 0)
			c.set("2026-10-04 12:00")
			tick(t, r, tt.ended)
			rec.want(t, tt.ran...)
			fires, err := r.Fires(t.Context(), "daily", 10)
			if err != nil || len(fires) != 3 {
				t.Fatalf("fires %+v, %v", fires, err)
			}
			for _, f := range fires {
				if (f.State == StateSkipped) != (f.Reason != "") {
					t.Errorf("%+v: a skipped slot has a reason, no other one", f)
				}
			}
			c.set("2026-10-05 06:03")
			tick(t, r, 1)
			rec.want(t, append(tt.ran, "2026-10-05 06:00")...)
		})
	}
}

// TestRace lets two processes look at one clock: each slot runs once.
func TestRace(t *testing.T) {
	db, c := open(t, "2026-10-01 00:00")
	var ran atomic.Int64
	job := Job{Name: "hourly", Title: "任务", Spec: "0 * * * *", Catchup: CatchupEach, Run: func(context.Context, time.Time) error {
		ran.Add(1)
		return nil
	}}
	both := []*Runner{runner(t, db, job), runner(t, another(t, db, c), job)}
	tickBoth := func() {
		var wg sync.WaitGroup
		for _, r := range both {
			wg.Go(func() {
				if _, err := r.Tick(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
	}
	tickBoth()
	c.set("2026-10-02 12:30")
	tickBoth()
	if ran.Load() != 36 {
		t.Errorf("%d runs for 36 slots", ran.Load())
	}
}

// TestFailedRunIsTriedAgain: a failure leaves the claim; it is tried again when the claim is stale, and other jobs are not held up.
func TestFailedRunIsTriedAgain(t *testing.T) {
	db, c := open(t, "2026-09-20 09:00")
	rec, fail := &recorder{}, true
	r := runner(t, db,
		Job{Name: "weak", Title: "任务", Spec: quarterEnd, Catchup: CatchupLatest, Run: func(ctx context.Context, slot time.Time) error {
			if fail {
				return errors.New("the disk is full")
			}
			return rec.run(ctx, slot)
		}},
		Job{Name: "idle", Title: "任务", Spec: quarterEnd, Catchup: CatchupEach, Run: func(context.Context, time.Time) error { return &Skip{Reason: "没有开启的周期"} }})
	tick(t, r, 0)
	c.set("2026-10-01 00:30")
	if n, err := r.Tick(t.Context()); n != 1 || err == nil || !strings.Contains(err.Error(), "weak") {
		t.Fatalf("ended %d, %v", n, err)
	}
	if fires, err := r.Fires(t.Context(), "weak", 1); err != nil || len(fires) != 1 || fires[0].State != StateClaimed || !strings.Contains(fires[0].Reason, "内部错误") {
		t.Errorf("fires %+v, %v: the run log does not tell the failure", fires, err)
	}
	fail = false
	c.set("2026-10-01 00:50")
	tick(t, r, 0)
	rec.want(t)
	c.set("2026-10-01 01:01")
	tick(t, r, 1)
	tick(t, r, 0)
	rec.want(t, "2026-10-01 00:30")
	if fires, err := r.Fires(t.Context(), "idle", 5); err != nil || len(fires) != 1 || fires[0].Reason != "没有开启的周期" {
		t.Errorf("fires %+v, %v", fires, err)
	}
}

// TestClockJumps: the clock stands a year ahead, and is put right. What it skipped meanwhile runs on its days, once; what it ran does not run again, and a claim of that time is taken over.
func TestClockJumps(t *testing.T) {
	db, c := open(t, "2026-10-01 12:00")
	rec, fail := &recorder{}, false
	r := runner(t, db, Job{Name: "daily", Title: "任务", Spec: "0 6 * * *", Catchup: CatchupLatest, Run: func(ctx context.Context, slot time.Time) error {
		if fail {
			return errors.New("killed")
		}
		return rec.run(ctx, slot)
	}})
	tick(t, r, 0)
	c.set("2027-10-01 12:00")
	tick(t, r, 365)
	rec.want(t, "2027-10-01 06:00")
	ran := []string{"2027-10-01 06:00"}
	for _, day := range []string{"2026-10-02", "2026-10-03"} {
		c.set(day + " 12:00")
		tick(t, r, 1)
		tick(t, r, 0)
		ran = append(ran, day+" 06:00")
		rec.want(t, ran...)
	}
	fail = true
	c.set("2026-10-04 18:00")
	if n, err := r.Tick(t.Context()); n != 0 || err == nil {
		t.Fatalf("ended %d, %v", n, err)
	}
	fail = false
	c.set("2026-10-04 07:00")
	tick(t, r, 1)
	tick(t, r, 0)
	rec.want(t, append(ran, "2026-10-04 06:00")...)
	c.set("2027-10-01 12:00")
	tick(t, r, 0)
}

// TestAsk: a run that somebody asks for is made once, at the next look, and the next slot of the schedule comes as planned. Who may not ask, asks twice or for nothing is refused.
func TestAsk(t *testing.T) {
	db, c := open(t, "2026-09-20 09:00")
	rec, fixed := &recorder{}, &recorder{}
	r := runner(t, db, Job{Name: "any", Title: "随时", Spec: quarterEnd, Catchup: CatchupNone, Anytime: true, Run: rec.run}, Job{Name: "fixed", Title: "任务", Spec: quarterEnd, Catchup: CatchupEach, Run: fixed.run})
	tick(t, r, 0)
	ask := func(name string, want fault.Kind) {
		t.Helper()
		if err := r.Ask(t.Context(), "administrator", "job.ask", name); fault.KindOf(err) != want {
			t.Errorf("ask for %s: %v, want %q", name, err, want)
		}
	}
	c.set("2026-09-25 10:00")
	ask("none", fault.NotFound)
	ask("fixed", fault.Forbidden)
	ask("any", "")
	ask("any", fault.Conflict)
	c.set("2026-09-25 10:20") // later than a slot of the schedule might be
	tick(t, r, 1)
	tick(t, r, 0)
	c.set("2026-10-01 00:30")
	tick(t, r, 2)
	rec.want(t, "2026-09-25 10:00", "2026-10-01 00:30")
	fixed.want(t, "2026-10-01 00:30")
	if jobs := r.Jobs(); jobs[0].Title != "随时" || jobs[1].Title != "任务" {
		t.Errorf("jobs %+v", jobs)
	}
}

// TestBadJobs names every fault of every job.
func TestBadJobs(t *testing.T) {
	db, _ := open(t, "2026-09-20 09:00")
	run := func(context.Context, time.Time) error { return nil }
	_, err := New(t.Context(), db,
		Job{Name: "a/b", Spec: quarterEnd, Catchup: CatchupEach, Run: run},
		Job{Name: "spec", Title: "任务", Spec: "61 * * * *", Catchup: CatchupEach, Run: run},
		Job{Name: "rule", Title: "任务", Spec: quarterEnd, Catchup: "sometimes", Run: run},
		Job{Name: "bare", Spec: quarterEnd, Catchup: CatchupNone, Run: run},
		Job{Name: "run", Title: "任务", Spec: quarterEnd, Catchup: CatchupNone},
		Job{Name: "run", Title: "任务", Spec: quarterEnd, Catchup: CatchupNone, Run: run})
	if !fault.Is(err, fault.Invalid) || len(fault.FieldsOf(err)) != 6 {
		t.Errorf("got %v with %d fields", err, len(fault.FieldsOf(err)))
	}
	if Check("0 6 * * *") != nil || !fault.Is(Check("every day"), fault.Invalid) {
		t.Error("Check does not tell a schedule from a sentence")
	}
	db, _ = open(t, "2026-09-20 09:00")
	r := runner(t, db, Job{Name: "quarter", Title: "任务", Spec: quarterEnd, Catchup: CatchupEach, Run: run})
	at := time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	if next := r.Next("quarter", at); !next.Equal(time.Date(2026, 12, 31, 16, 30, 0, 0, time.UTC)) {
		t.Errorf("next is %s", next)
	}
	if !r.Next("none", at).IsZero() {
		t.Error("a job that is not there has a next time")
	}
}

// TestStoredFields fails when a stored field is renamed or loses its tag.
func TestStoredFields(t *testing.T) {
	if err := store.CheckType[Fire](); err != nil {
		t.Error(err)
	}
	golden, err := os.ReadFile("testdata/fire.fields")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(store.FieldNames[Fire](), "\n") + "\n"; got != string(golden) {
		t.Errorf("the stored fields are now\n%s", got)
	}
}
