package cycle

import (
	"strings"
	"testing"

	"redsteward/policy"
)

// TestTerms: anybody may know the days of the periods that were laid down, until they are evaluated.
func TestTerms(t *testing.T) {
	d := newDesk(t, 1)
	terms := func() string {
		t.Helper()
		list, err := d.Terms(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, term := range list {
			out = append(out, strings.Join([]string{term.ID, term.Name, term.Days.First.String(), term.Days.Last.String(), term.Submit.String(), term.Cutoff.String()}, " "))
		}
		return strings.Join(out, "; ")
	}
	if got := terms(); got != "" {
		t.Errorf("before any plan: %s", got)
	}
	d.full(t, "p0001", "2026-08-10")
	d.closed(t, "2026Q3")
	if _, err := d.Plan(t.Context(), officer, "2026", on(t, "2026-12-31"), on(t, "2027-01-20")); err != nil {
		t.Fatal(err)
	}
	third, year := "2026Q3 2026年第三季度 2026-07-01 2026-09-30 2026-09-30 2026-09-30", "2026 2026年度 2026-01-01 2026-12-31 2026-12-31 2027-01-20"
	if got := terms(); got != year+"; "+third {
		t.Errorf("got %s", got)
	}
	if _, err := d.Evaluate(t.Context(), officer, "2026Q3"); err != nil {
		t.Fatal(err)
	}
	if got := terms(); got != year {
		t.Errorf("after the evaluation: %s", got)
	}
	if d.guard.Allow(policy.Actor{}, policy.ReadPeriods) {
		t.Error("the periods themselves are open to all, so that Terms says nothing of its own")
	}
}
