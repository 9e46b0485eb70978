package policytest

import (
	"sync"
	"testing"
	"time"

	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
)

// Desk is what a test of a service works at: a store on the embedded engine, which ends with the test, and a clock that the test
// moves. Safe for concurrent use.
type Desk struct {
	// DB is the store; its folder is empty at first and its clock is the desk's.
	DB *store.DB

	mu  sync.Mutex
	now time.Time
}

// NewDesk opens an empty store whose clock stands at now.
func NewDesk(t testing.TB, now time.Time) *Desk {
	t.Helper()
	d := &Desk{now: now}
	engine, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	if d.DB, err = store.Open(t.Context(), engine, store.Options{Now: d.Clock, MasterKey: make([]byte, 32)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.DB.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Clock is the present of the store and of the services that get it.
func (d *Desk) Clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

// Wait moves the clock on.
func (d *Desk) Wait(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// MoveTo sets the clock, also backwards.
func (d *Desk) MoveTo(now time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = now
}

// Records counts the journal: a refused call writes nothing.
func (d *Desk) Records(t testing.TB) int64 {
	t.Helper()
	n, err := d.DB.Engine().LastN(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}
