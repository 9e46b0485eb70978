package casework

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Due is a clock that runs, as who must act is reminded of it.
type Due struct {
	// Project is the id of the compound that it is about, of what is about none something else that is no such id; Item names the clock within it and stays the same as long as it runs.
	Project, Item string
	// Name is the compound, What is to be done and by whom, for people; neither holds personal data.
	Name, What string
	// Until is when it ends.
	Until calendar.Deadline
	// May: nobody has to, so that nothing is late after it.
	May bool
	// Acts tells whose turn it is.
	Acts Acts
}

// Acts tells whether somebody may do what a clock runs for.
type Acts func(ctx context.Context, by policy.Actor) (bool, error)

// Acting are those who have a right over a document.
func (r *Rows[T]) Acting(action policy.Action, one *T) Acts {
	return func(ctx context.Context, by policy.Actor) (bool, error) {
		if !r.guard.Allow(by, action) {
			return false, nil
		}
		scope, err := r.guard.Scope(ctx, by, action)
		return err == nil && r.covers(scope, one), err
	}
}

// Item names a clock of a document within its project, for reminders: what is noted under ItemsOf of the document is about it.
func (r *Rows[T]) Item(id string, clock calendar.Deadline) string { return r.ItemsOf(id) + clock.Rule }

// ItemsOf begins the names of all clocks of a document.
func (r *Rows[T]) ItemsOf(id string) string { return r.kind.Name + "/" + id + "/" }

// Dues are the clocks that run in the documents of a list that holds all of them, whoever asks: for reminders. shared is what a document has of every case; what says what is to be done, "" where nobody is waited for, whether that is only allowed, and whose turn it is.
func (r *Rows[T]) Dues(ctx context.Context, index, key string, shared func(*T) *Case, what func(*T) (say string, may bool, acts Acts)) (out []Due, err error) {
	for q := (store.Query{Index: index, Key: key, Limit: store.MaxLimit}); ; {
		page, err := r.Docs.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range page.Docs {
			one := &page.Docs[i].State
			c := shared(one)
			if said, may, acts := what(one); said != "" && c.Clock.Rule != "" {
				out = append(out, Due{Project: c.Project, Item: r.Item(page.Docs[i].ID, c.Clock), Name: c.Name, What: said, Until: c.Clock, May: may, Acts: acts})
			}
		}
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// Reminding tells who must act that a clock ends soon, and once more when it has ended: each of the two once for a clock, whatever process runs it and however often.
type Reminding struct {
	// Sources give the clocks that run.
	Sources []func(ctx context.Context) ([]Due, error)
	// Marks are what was told, by the beginning of its name, and Mark notes that somebody was: registry.Register.Marks and Mark.
	Marks func(ctx context.Context, project, begin string) ([]registry.ReminderMark, error)
	Mark  func(ctx context.Context, meta store.Meta, project string, m registry.ReminderMark) (bool, error)
	// Tell brings a reminder to those who must act, and does it once however often it is called with the same; nil: marks are all there is. People are all who have an account; required with Tell.
	Tell   func(ctx context.Context, meta store.Meta, r Reminder) error
	People func(ctx context.Context) ([]policy.Actor, error)
	// Resolve looks again for a day that lay beyond the loaded calendar.
	Resolve func(calendar.Deadline) calendar.Deadline
	Now     func() time.Time
	// Before is how many days before its last day a clock is told.
	Before int64
	Log    *slog.Logger
}

// StageEnded is the stage of a clock that has ended; before that it is the days of Reminding.Before.
const StageEnded = 0

// Reminder is what is told at once to the same people: clocks of one name that end, or ended, on one day.
type Reminder struct {
	// Accounts are the ids of those who must act, in their order.
	Accounts []string
	// Until is the last day, Stage as in registry.ReminderMark.
	Until calendar.Date
	Stage int64
	// Clocks are at most MaxClocks.
	Clocks []Due
}

// MaxClocks is how many clocks one reminder names at most.
const MaxClocks = 20

// Ended reports whether the last day is over.
func (r *Reminder) Ended() bool { return r.Stage == StageEnded }

// Key names a reminder: the same clocks at the same stage have the same.
func (r *Reminder) Key() string {
	parts := []string{r.Until.String(), fmt.Sprint(r.Stage)}
	for i := range r.Clocks {
		parts = append(parts, r.Clocks[i].Project+"/"+r.Clocks[i].Item)
	}
	return strings.Join(parts, " ")
}

// Run tells what is to be told on the day of the clock. It is safe to run again: what was told is told once. It returns a schedule.Skip with the reason if nothing is new; a clock whose end nobody can compute is logged with the reason, and one for which nobody may act.
func (r *Reminding) Run(ctx context.Context, _ time.Time) error {
	var early, before, unknown int
	var fresh []Reminder
	for _, source := range r.Sources {
		dues, err := source(ctx)
		if err != nil {
			return err
		}
		for _, d := range dues {
			until, now := r.Resolve(d.Until), r.Now()
			left, known := until.Left(now)
			one := Reminder{Until: until.Due, Stage: r.Before, Clocks: []Due{d}}
			switch {
			case !known:
				unknown++
				r.Log.Warn("reminder skipped", slog.String("clock", d.Project+"/"+d.Item), slog.String("reason", "期限所在年份的放假安排还没有装载，到期的日子还算不出"))
				continue
			case until.Late(now) && d.May:
				continue
			case until.Late(now):
				one.Stage = StageEnded
			case int64(left) > r.Before:
				early++
				continue
			}
			marks, err := r.Marks(ctx, d.Project, d.Item)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(marks, func(m registry.ReminderMark) bool {
				return m.Item == d.Item && m.Until == one.Until && m.Stage == one.Stage
			}) {
				before++
				continue
			}
			fresh = append(fresh, one)
		}
	}
	if len(fresh) == 0 {
		return &schedule.Skip{Reason: fmt.Sprintf("没有新到提醒日子的期限：%d 个还早，%d 个提醒过，%d 个的放假安排还没有装载", early, before, unknown)}
	}
	if err := r.tell(ctx, fresh); err != nil { // before the marks: what a stop leaves unmarked is told again, once
		return err
	}
	for i := range fresh {
		one := &fresh[i]
		meta := one.meta()
		if _, err := r.Mark(ctx, meta, one.Clocks[0].Project, registry.ReminderMark{Item: one.Clocks[0].Item, Until: one.Until, Stage: one.Stage, By: meta.By, At: journal.At(r.Now())}); err != nil {
			return err
		}
	}
	r.Log.Info("reminders", slog.Int("told", len(fresh)), slog.Int("told_before", before), slog.Int("early", early), slog.Int("unknown", unknown))
	return nil
}

// meta is the record of a reminder.
func (r *Reminder) meta() store.Meta {
	why := "提醒"
	if r.Ended() {
		why = "逾期提醒"
	}
	return store.Meta{By: "system", Action: "job.run", Why: fmt.Sprintf("%s：%s，期限 %s", why, r.Clocks[0].What, r.Until)}
}

// tell brings reminders of one clock each to those whose turn it is, what goes to the same people together.
func (r *Reminding) tell(ctx context.Context, fresh []Reminder) error {
	if r.Tell == nil {
		return nil
	}
	people, err := r.People(ctx)
	if err != nil {
		return err
	}
	var all []Reminder
	for _, one := range fresh {
		d := &one.Clocks[0]
		for _, by := range people {
			acts, err := d.Acts(ctx, by)
			if err != nil {
				return err
			}
			if acts {
				one.Accounts = append(one.Accounts, by.ID)
			}
		}
		if len(one.Accounts) == 0 {
			r.Log.Warn("reminder for nobody", slog.String("clock", d.Project+"/"+d.Item), slog.String("reason", "现在没有人有权办理"))
			continue
		}
		slices.Sort(one.Accounts)
		at := slices.IndexFunc(all, func(a Reminder) bool {
			return a.Until == one.Until && a.Stage == one.Stage && a.Clocks[0].Item == d.Item && len(a.Clocks) < MaxClocks && slices.Equal(a.Accounts, one.Accounts)
		})
		if at < 0 {
			all = append(all, one)
		} else {
			all[at].Clocks = append(all[at].Clocks, *d)
		}
	}
	for i := range all {
		if err := r.Tell(ctx, all[i].meta(), all[i]); err != nil {
			return err
		}
	}
	return nil
}
