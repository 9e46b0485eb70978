package cycle

import (
	"fmt"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/supervision"
	"redsteward/supervision/deliberation"
	"redsteward/supervision/wish"
)

// told puts readings into words: firm, last day, done of due, record, and the day on which it was accepted.
func told(list []supervision.Reading) string {
	var out []string
	for _, r := range list {
		out = append(out, fmt.Sprintf("%s %s %s/%s %s %s", r.Firm, r.Day, r.Cells[0].Number, r.Cells[1].Number, r.Record, calendar.DateOf(r.Accepted.Add(-1))))
	}
	return strings.Join(out, ", ")
}

// TestWishesServed: a wish that a firm took counts once it is confirmed, or once its last day is over; what waits for its confirmation, or was given back in time, says nothing.
func TestWishesServed(t *testing.T) {
	firm, unit := &wish.Taker{Key: "f:f1"}, &wish.Taker{Key: "u:x"}
	by := func(day string) calendar.Deadline { return calendar.Deadline{Due: on(t, day)} }
	taken := wish.Wish{State: wish.Taken, Last: wish.StepTake, Taker: firm, ServeBy: by("2027-02-10"), Hand: supervision.Hand{By: "a", Office: "firm_manager"}}
	step := func(w wish.Wish, state wish.State, last wish.Step, late bool) wish.Wish {
		w.State, w.Last, w.Proof = state, last, &wish.Proof{Late: late, By: supervision.Hand{By: "a"}}
		return w
	}
	proved, confirmed := step(taken, wish.Proved, wish.StepProve, false), step(taken, wish.Served, wish.StepConfirm, false)
	redone, late := step(taken, wish.Taken, wish.StepRedo, false), step(taken, wish.Proved, wish.StepProve, true)
	lateConfirmed := step(taken, wish.Served, wish.StepConfirm, true)
	more := taken
	more.Last, more.ServeBy = wish.StepGrant, by("2027-02-20")
	left := wish.Wish{State: wish.Pooled, Last: wish.StepLeave}
	other := taken
	other.Taker = unit
	unknown := taken
	unknown.ServeBy = calendar.Deadline{}
	asked := wish.Wish{State: wish.Pooled}
	for _, tt := range []struct {
		name, days, at string
		life           []wish.Wish
		want           string
	}{
		{"not taken", "2027-02-01", "2027-03-01", []wish.Wish{asked}, ""},
		{"not over", "2027-02-01 2027-02-02", "2027-02-10", []wish.Wish{asked, taken}, ""},
		{"over", "2027-02-01 2027-02-02", "2027-02-11", []wish.Wish{asked, taken}, "f1 2027-02-10 0/1 r2 2027-02-10"},
		{"waits for its confirmation", "2027-02-01 2027-02-02 2027-02-09", "2027-03-01", []wish.Wish{asked, taken, proved}, ""},
		{"confirmed", "2027-02-01 2027-02-02 2027-02-09 2027-02-15", "2027-03-01", []wish.Wish{asked, taken, proved, confirmed}, "f1 2027-02-10 1/1 r4 2027-02-15"},
		{"handed in late", "2027-02-01 2027-02-02 2027-02-12", "2027-03-01", []wish.Wish{asked, taken, late}, "f1 2027-02-10 0/1 r2 2027-02-10"},
		{"late, then confirmed", "2027-02-01 2027-02-02 2027-02-12 2027-02-13", "2027-03-01", []wish.Wish{asked, taken, late, lateConfirmed}, "f1 2027-02-10 0/1 r4 2027-02-13"},
		{"to be done better", "2027-02-01 2027-02-02 2027-02-09 2027-02-15", "2027-03-01", []wish.Wish{asked, taken, proved, redone}, "f1 2027-02-10 0/1 r2 2027-02-10"},
		{"more time", "2027-02-01 2027-02-02 2027-02-03", "2027-02-20", []wish.Wish{asked, taken, more}, ""},
		{"more time, over", "2027-02-01 2027-02-02 2027-02-03", "2027-02-21", []wish.Wish{asked, taken, more}, "f1 2027-02-20 0/1 r3 2027-02-20"},
		{"given back in time", "2027-02-01 2027-02-02 2027-02-10", "2027-03-01", []wish.Wish{asked, taken, left}, ""},
		{"given back late, then taken by a unit", "2027-02-01 2027-02-02 2027-02-11 2027-02-12", "2027-03-30", []wish.Wish{asked, taken, left, other}, "f1 2027-02-10 0/1 r2 2027-02-10"},
		{"no last day", "2027-02-01 2027-02-02", "2027-03-01", []wish.Wish{asked, unknown}, ""},
	} {
		if got := told(wishesServed(lifeOf(t, tt.days, tt.life...), on(t, tt.at).Begins())); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestTasksDone: a task of a firm counts once somebody else confirmed it, or once its last day is over; one of somebody else never.
func TestTasksDone(t *testing.T) {
	open := deliberation.Task{Key: "f:f1", Due: calendar.Deadline{Due: on(t, "2027-02-10")}, State: deliberation.TaskOpen}
	item := func(state deliberation.State, tasks ...deliberation.Task) deliberation.Item {
		return deliberation.Item{State: state, Tasks: tasks}
	}
	reported := func(day string, state deliberation.TaskState) deliberation.Task {
		task := open
		task.State, task.Reported, task.ReportedBy = state, on(t, day), "a"
		return task
	}
	other, unknown := open, open
	other.Key, unknown.Due = "", calendar.Deadline{}
	running := deliberation.Executing
	begun := item(running, other, open)
	given := item(deliberation.Unsolved, other, open)
	given.Ended = on(t, "2027-02-10")
	for _, tt := range []struct {
		name, days, at string
		life           []deliberation.Item
		want           string
	}{
		{"not over", "2027-02-01", "2027-02-10", []deliberation.Item{begun}, ""},
		{"over", "2027-01-05 2027-02-01", "2027-02-11", []deliberation.Item{item(running), begun}, "f1 2027-02-10 0/1 r2 2027-02-10"},
		{"somebody else's", "2027-02-01", "2027-03-01", []deliberation.Item{item(running, other, unknown)}, ""},
		{"waits for its confirmation", "2027-02-01 2027-02-09", "2027-03-01", []deliberation.Item{begun, item(running, other, reported("2027-02-09", deliberation.TaskReported))}, ""},
		{"confirmed", "2027-02-01 2027-02-09 2027-02-15 2027-02-16", "2027-03-01", []deliberation.Item{begun, item(running, other, reported("2027-02-09", deliberation.TaskReported)),
			item(running, other, reported("2027-02-09", deliberation.TaskDone)), item(deliberation.Done, other, reported("2027-02-09", deliberation.TaskDone))}, "f1 2027-02-10 1/1 r3 2027-02-15"},
		{"late", "2027-02-01 2027-02-15", "2027-03-01", []deliberation.Item{begun, item(running, other, reported("2027-02-11", deliberation.TaskDone))}, "f1 2027-02-10 0/1 r2 2027-02-15"},
		{"given back after the last day", "2027-02-01 2027-02-09 2027-02-15", "2027-03-01", []deliberation.Item{begun, item(running, other, reported("2027-02-09", deliberation.TaskReported)), item(running, other, reported("2027-02-09", deliberation.TaskOpen))},
			"f1 2027-02-10 0/1 r1 2027-02-15"},
		{"given up before", "2027-02-01 2027-02-10", "2027-03-01", []deliberation.Item{begun, given}, ""},
	} {
		if got := told(tasksDone(lifeOf(t, tt.days, tt.life...), on(t, tt.at).Begins())); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
