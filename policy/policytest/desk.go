package policytest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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
	return deskIn(t, t.TempDir(), now)
}

// NewFilledDesk opens a store that holds what fill writes at now. It is written once in a process; every desk of the same name and
// time begins with a copy of that folder: to write a county's divisions takes longer than most of what is tested upon them.
func NewFilledDesk(t testing.TB, now time.Time, name string, fill func(context.Context, *store.DB) error) *Desk {
	t.Helper()
	written, _ := filled.LoadOrStore(template{name, now.UTC()}, sync.OnceValues(func() (map[string][]byte, error) { return filledFolder(now, fill) }))
	content, err := written.(func() (map[string][]byte, error))()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for file, data := range content {
		if err := os.WriteFile(filepath.Join(dir, file), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return deskIn(t, dir, now)
}

// template is what a filled folder is known by.
type template struct {
	name string
	now  time.Time
}

// filled keeps the folders that desks begin with.
var filled sync.Map // template → func() (map[string][]byte, error)

// filledFolder returns the files of a store that fill wrote to and that was closed.
func filledFolder(now time.Time, fill func(context.Context, *store.DB) error) (content map[string][]byte, err error) {
	dir, err := os.MkdirTemp("", "filled")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	// Of no one test: the folder serves all of them.
	ctx := context.Background()
	engine, err := sqlite.Open(ctx, dir, sqlite.Options{Relaxed: true})
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, engine, store.Options{Now: func() time.Time { return now }, MasterKey: make([]byte, 32)})
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	if err := errors.Join(fill(ctx, db), db.Close()); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	content = map[string][]byte{}
	for _, entry := range entries {
		if err == nil && !entry.IsDir() { // a folder, such as that of uploads, is made when it is opened
			content[entry.Name()], err = os.ReadFile(filepath.Join(dir, entry.Name()))
		}
	}
	return content, err
}

func deskIn(t testing.TB, dir string, now time.Time) *Desk {
	t.Helper()
	d := &Desk{now: now}
	engine, err := sqlite.Open(t.Context(), dir, sqlite.Options{Relaxed: true})
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
