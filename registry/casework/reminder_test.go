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
	"redsteward/policy"
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
		d := Due{Project: "p1", Item: item, Name: "望湖苑", What: "社区党组织初评", Until: calendar.Deadline{Rule: "rating.apply_community"}, Acts: func(_ context.Context, by policy.Actor) (bool, error) {
			return by.ID == "secretary" || by.ID == "firm" && item == "call", nil
		}}
		if due != "" {
			d.Until.Due = date(due)
		}
		return d
	}
	dues := []Due{clock("soon", "2026-11-13"), clock("late", "2026-11-09"), clock("today", "2026-11-10"), clock("far", "2026-11-14"), clock("beyond", ""), clock("may", "2026-11-10")}
	dues[5].May = true
	marks := map[registry.ReminderMark]bool{}
	var written []string
	var log bytes.Buffer
	broken := error(nil)
	r := &Reminding{Sources: []func(context.Context) ([]Due, error){func(context.Context) ([]Due, error) { return dues, nil }},
		Mark: func(_ context.Context, meta store.Meta, project string, m registry.ReminderMark) (bool, error) {
			if broken != nil {
				return false, broken
			}
			if meta.Why == "" || project == "" {
				t.Error("a mark that says nothing")
			}
			marks[registry.ReminderMark{Item: project + "/" + m.Item, Until: m.Until, Stage: m.Stage}] = true
			written = append(written, fmt.Sprint(m.Item, " ", m.Stage))
			return true, nil
		}, Marks: func(_ context.Context, project, begin string) (out []registry.ReminderMark, err error) {
			for m := range marks {
				if rest, ok := strings.CutPrefix(m.Item, project+"/"); ok && strings.HasPrefix(rest, begin) {
					m.Item = rest
					out = append(out, m)
				}
			}
			return out, nil
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
	// With somebody to bring them, what goes to the same people goes together, before it is marked; what nobody can act on is logged.
	var told []string
	r.Tell = func(_ context.Context, meta store.Meta, one Reminder) error {
		said := fmt.Sprint(one.Accounts, " ", one.Until, " ", one.Stage)
		for _, c := range one.Clocks {
			said += " " + c.Project
		}
		if told = append(told, said); meta.By != "system" || one.Key() == "" {
			t.Errorf("%+v %q", meta, one.Key())
		}
		return nil
	}
	r.People = func(context.Context) ([]policy.Actor, error) {
		return []policy.Actor{{ID: "stranger"}, {ID: "secretary"}, {ID: "firm"}}, nil
	}
	call := func(project string) Due {
		d := clock("call", "2026-11-24")
		d.Project = project
		return d
	}
	alone := clock("alone", "2026-11-24")
	alone.Acts = func(context.Context, policy.Actor) (bool, error) { return false, nil }
	dues = []Due{call("p1"), clock("opinion", "2026-11-24"), call("p2"), alone}
	broken = errors.New("the disk is full")
	if err := r.Run(t.Context(), time.Time{}); !errors.Is(err, broken) || len(told) != 2 || len(marks) != 9 {
		t.Errorf("a stop before the marks: %v, %q, %d marks", err, told, len(marks))
	}
	broken, told = nil, nil
	runs("what goes together", "call 3", "opinion 3", "call 3", "alone 3")
	if want := []string{"[firm secretary] 2026-11-24 3 p1 p2", "[secretary] 2026-11-24 3 p1"}; !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if !strings.Contains(log.String(), "p1/alone") {
		t.Errorf("nobody learns that nobody can act: %s", log.String())
	}
	runs("told once")
	r.Sources = append(r.Sources, func(context.Context) ([]Due, error) { return nil, broken })
	if broken = errors.New("the disk is on fire"); !errors.Is(r.Run(t.Context(), time.Time{}), broken) {
		t.Error("a source that fails is passed over")
	}
}
