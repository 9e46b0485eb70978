package casework

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/schedule"
	"redsteward/internal/store"
	"redsteward/registry"
)

// TestReminding: a clock is told once before its end and once after it, whoever runs the job how often; one that nobody can compute is logged with the reason, and a run in which nothing is new says why.
func TestReminding(t *testing.T) {
	date := func(text string) calendar.Date {
		day, err := calendar.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return day
	}
	now := date("2026-11-10")
	clock := func(item, due string) Due {
		d := Due{Project: "p1", Item: item, Name: "望湖苑", What: "社区党组织初评", Until: calendar.Deadline{Rule: "rating.apply_community"}}
		if due != "" {
			d.Until.Due = date(due)
		}
		return d
	}
	dues := []Due{clock("soon", "2026-11-13"), clock("late", "2026-11-09"), clock("today", "2026-11-10"), clock("far", "2026-11-14"), clock("beyond", ""), clock("may", "2026-11-10")}
	dues[5].May = true
	marks := map[string]string{}
	var written []string
	var log bytes.Buffer
	broken := error(nil)
	r := &Reminding{Sources: []func(context.Context) ([]Due, error){func(context.Context) ([]Due, error) { return dues, broken }},
		Mark: func(_ context.Context, meta store.Meta, project string, m registry.ReminderMark) (bool, error) {
			key := fmt.Sprint(project, m.Item, m.Until, m.Stage)
			if marks[key] != "" {
				return false, nil
			}
			marks[key] = meta.Why
			written = append(written, fmt.Sprint(m.Item, " ", m.Stage))
			return true, nil
		}, Resolve: func(d calendar.Deadline) calendar.Deadline { return d }, Now: func() time.Time { return now.Begins().Add(8 * time.Hour) }, Before: 3, Log: slog.New(slog.NewTextHandler(&log, nil))}
	runs := func(when string, want ...string) {
		t.Helper()
		written = nil
		err := r.Run(t.Context(), time.Time{})
		var skip *schedule.Skip
		if len(want) == 0 && (!errors.As(err, &skip) || !strings.Contains(skip.Reason, "没有新到提醒日子的期限")) || len(want) > 0 && err != nil || !slices.Equal(written, want) {
			t.Errorf("%s: %q, %v", when, written, err)
		}
	}
	runs("the first day", "soon 3", "late 0", "today 3", "may 3")
	if !strings.Contains(log.String(), "p1/beyond") || !strings.Contains(log.String(), "放假安排还没有装载") || strings.Contains(log.String(), "p1/far") {
		t.Errorf("logged: %s", log.String())
	}
	runs("the same day again")
	now = now.Add(1)
	runs("the next day: one has ended, one comes near", "today 0", "far 3")
	now = now.Add(10)
	runs("all have ended", "soon 0", "far 0")
	dues = []Due{clock("soon", "2026-11-24")}
	runs("a clock that runs anew", "soon 3")
	if broken = errors.New("the disk is on fire"); !errors.Is(r.Run(t.Context(), time.Time{}), broken) {
		t.Error("a source that fails is passed over")
	}
}
