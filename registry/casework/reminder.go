package casework

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
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
}

// Item names a clock of a document within its project, for reminders: what is noted under ItemsOf of the document is about it.
func (r *Rows[T]) Item(id string, clock calendar.Deadline) string { return r.ItemsOf(id) + clock.Rule }

// ItemsOf begins the names of all clocks of a document.
func (r *Rows[T]) ItemsOf(id string) string { return r.kind.Name + "/" + id + "/" }

// Dues are the clocks that run in the documents of a list that holds all of them, whoever asks: for reminders. shared is what a document has of every case; what says what is to be done, "" where nobody is waited for, and whether that is only allowed.
func (r *Rows[T]) Dues(ctx context.Context, index, key string, shared func(*T) *Case, what func(*T) (say string, may bool)) (out []Due, err error) {
	for q := (store.Query{Index: index, Key: key, Limit: store.MaxLimit}); ; {
		page, err := r.Docs.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range page.Docs {
			one := &page.Docs[i].State
			c := shared(one)
			if said, may := what(one); said != "" && c.Clock.Rule != "" {
				out = append(out, Due{Project: c.Project, Item: r.Item(page.Docs[i].ID, c.Clock), Name: c.Name, What: said, Until: c.Clock, May: may})
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
	// Mark notes that somebody was told, and reports whether that is new: registry.Register.Mark.
	Mark func(ctx context.Context, meta store.Meta, project string, m registry.ReminderMark) (bool, error)
	// Resolve looks again for a day that lay beyond the loaded calendar.
	Resolve func(calendar.Deadline) calendar.Deadline
	Now     func() time.Time
	// Before is how many days before its last day a clock is told.
	Before int64
	Log    *slog.Logger
}

// StageEnded is the stage of a clock that has ended; before that it is the days of Reminding.Before.
const StageEnded = 0

// Run tells what is to be told on the day of the clock. It is safe to run again: what was told is told once. It returns a schedule.Skip with the reason if nothing is new; a clock whose end nobody can compute is logged with the reason.
func (r *Reminding) Run(ctx context.Context, _ time.Time) error {
	var told, early, before, unknown int
	for _, source := range r.Sources {
		dues, err := source(ctx)
		if err != nil {
			return err
		}
		for _, d := range dues {
			until, now := r.Resolve(d.Until), r.Now()
			left, known := until.Left(now)
			stage := r.Before
			switch {
			case !known:
				unknown++
				r.Log.Warn("reminder skipped", slog.String("clock", d.Project+"/"+d.Item), slog.String("reason", "期限所在年份的放假安排还没有装载，到期的日子还算不出"))
				continue
			case until.Late(now) && d.May:
				continue
			case until.Late(now):
				stage = StageEnded
			case int64(left) > r.Before:
				early++
				continue
			}
			why := fmt.Sprintf("提醒：%s，期限 %s", d.What, until.Due)
			if stage == StageEnded {
				why = fmt.Sprintf("逾期提醒：%s，期限 %s", d.What, until.Due)
			}
			meta := store.Meta{By: "system", Action: "job.run", Why: why}
			fresh, err := r.Mark(ctx, meta, d.Project, registry.ReminderMark{Item: d.Item, Until: until.Due, Stage: stage, By: meta.By, At: journal.At(now)})
			if err != nil {
				return err
			}
			if !fresh {
				before++
				continue
			}
			told++
		}
	}
	if told > 0 {
		r.Log.Info("reminders", slog.Int("told", told), slog.Int("told_before", before), slog.Int("early", early), slog.Int("unknown", unknown))
		return nil
	}
	return &schedule.Skip{Reason: fmt.Sprintf("没有新到提醒日子的期限：%d 个还早，%d 个提醒过，%d 个的放假安排还没有装载", early, before, unknown)}
}
