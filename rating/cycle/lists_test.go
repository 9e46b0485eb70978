package cycle

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/schedule"
)

// TestLists: a published quarter is on the lists that its totals ask for, until their days are over.
func TestLists(t *testing.T) {
	d := newDesk(t, 2)
	d.full(t, "p0001", "2026-08-10")
	d.full(t, "p0002", "2026-08-10")
	rules := must[*ListRules](t)(ParseLists("lists.yaml", shipped(t, "lists.yaml")))
	d.lists = rules
	if l := must[[]List](t)(d.Lists(t.Context(), on(t, "2026-10-01"))); len(l) != 2 || l[0].Period != "" {
		t.Errorf("%+v", l)
	}
	p := d.published(t, "2026Q3")
	day := on(t, "2026-10-20")
	l := must[[]List](t)(d.Lists(t.Context(), day))
	if len(l[0].Rows) != 2 || len(l[1].Rows) != 0 || l[0].Period != p.Name || l[0].Over {
		t.Errorf("%+v", l)
	}
	if l = must[[]List](t)(d.Lists(t.Context(), l[0].Until.Add(1))); !l[0].Over || len(l[0].Rows) != 0 {
		t.Errorf("%+v", l[0])
	}
	_, err := ParseLists("lists.yaml", []byte("basis: x\nlists: [{id: A, title: 榜, rhythm: month, below: 六十, months: 40, note: x}]\n"))
	text := ""
	for _, f := range fault.FieldsOf(err) {
		text += f.Message + "|"
	}
	for _, want := range []string{"代码“A”", "2 至 20 个字", "quarter 或 year", "不是数", "1 至 12"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q lacks %q", text, want)
		}
	}
}

// TestWindowsMove: a slot opens what has begun and closes what has ended, never early, and one slot makes up for a stop of a week.
func TestWindowsMove(t *testing.T) {
	d := newDesk(t, 1)
	ctx := t.Context()
	must[Period](t)(d.Plan(ctx, officer, "2026Q4", on(t, "2026-12-31"), on(t, "2027-01-09")))
	at := func(day string) (State, string) {
		t.Helper()
		d.set(t, day)
		err := d.MoveWindows(ctx, d.Clock())
		var nothing *schedule.Skip
		reason := ""
		if errors.As(err, &nothing) {
			reason = nothing.Reason
		} else if err != nil {
			t.Fatal(err)
		}
		return must[Period](t)(d.Period(ctx, officer, "2026Q4")).State, reason
	}
	for _, tt := range []struct {
		day   string
		state State
		skips bool
	}{{"2026-09-30", StatePlanned, true}, {"2026-10-08", StateOpen, false}, {"2026-10-08", StateOpen, true}, {"2026-12-31", StateOpen, true}, {"2027-01-08", StateClosed, false}, {"2027-01-09", StateClosed, true}} {
		if state, reason := at(tt.day); state != tt.state || (reason != "") != tt.skips {
			t.Errorf("%s: %s, %q", tt.day, state, reason)
		}
	}
	if want := []string{"open 2026Q4", "close 2026Q4"}; len(d.windows.told) != 2 || !slices.EqualFunc(d.windows.told, want, strings.HasPrefix) {
		t.Error(d.windows.told)
	}
}
