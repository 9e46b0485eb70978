package policytest

import (
	"context"
	"testing"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Forget destroys what a register no longer needs, as the nightly job does with a term of so many days, and holds that the log still verifies. It returns how many purges it wrote.
func Forget(t testing.TB, db *store.DB, now func() time.Time, days int, each func(context.Context, func(policy.Outlived) error) error) int {
	t.Helper()
	last := func() int64 {
		n, err := db.Engine().LastN(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before := last()
	r := policy.Retention{DB: db, Now: now, Keepings: []policy.Keeping{{Rule: "personal", Why: "保存期满", Each: each}}, Deadlines: func(rule string, start calendar.Date) (calendar.Deadline, error) {
		return calendar.Deadline{Rule: rule, Start: start, Due: start.Add(days)}, nil
	}}
	if err := r.Forget(t.Context()); err != nil {
		t.Fatal(err)
	}
	Verified(t, db)
	return int(last() - before)
}

// Verified holds that the whole log of a store verifies.
func Verified(t testing.TB, db *store.DB) {
	t.Helper()
	v, err := store.Verifier(t.Context(), db.Engine())
	if err != nil {
		t.Fatal(err)
	}
	report, err := v.Verify(t.Context(), db.Engine())
	if err != nil || report.Found > 0 {
		t.Errorf("the log does not verify: %+v %v", report, err)
	}
}
