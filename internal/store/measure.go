package store

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

const (
	// SlowRead is how long reading one page of a list may take before it is noted; ten times the bar for a page of a county (design §8), and well above what a busy disk adds.
	SlowRead = 200 * time.Millisecond
	// slowKept is how many slow reads are remembered; the oldest is forgotten first.
	slowKept = 50
)

// Slow is one page of a list that took long to read. It names no key: a key may be what somebody searched for.
type Slow struct {
	// At is when it ended, by the clock of Options.Stopwatch.
	At time.Time
	// Kind and Index are the list, Keys under how many keys it was read, Rows how many rows were found.
	Kind, Index string
	Keys, Rows  int
	// Took is how long it took.
	Took time.Duration
}

// slowReads remembers the slow reads of this process.
type slowReads struct {
	mu    sync.Mutex
	kept  []Slow
	count int64
}

func (s *slowReads) note(one Slow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	if len(s.kept) == slowKept {
		s.kept = append(s.kept[:0], s.kept[1:]...)
	}
	s.kept = append(s.kept, one)
}

// SlowReads returns the slow reads of this process, the newest last, and how many there were since it started. Without Options.Stopwatch there are none.
func (db *DB) SlowReads() (kept []Slow, count int64) {
	db.slow.mu.Lock()
	defer db.slow.mu.Unlock()
	return append(kept, db.slow.kept...), db.slow.count
}

// measured reads rows and notes it if that took long.
func (c *documents) measured(ctx context.Context, q Query, from *Place, limit int, parts Parts) ([]Row, error) {
	if c.db.opt.Stopwatch == nil {
		return c.rows(ctx, q, from, limit, parts)
	}
	began := c.db.opt.Stopwatch()
	rows, err := c.rows(ctx, q, from, limit, parts)
	if at := c.db.opt.Stopwatch(); at.Sub(began) >= SlowRead {
		c.db.slow.note(Slow{At: at, Kind: c.name, Index: q.Index, Keys: max(1, len(q.In)), Rows: len(rows), Took: at.Sub(began)})
	}
	return rows, err
}

// Bytes is the room that the data takes.
type Bytes struct {
	// Database holds journal, states and indexes, Files what was uploaded, in bytes.
	Database, Files int64
}

// Sized is an engine that can tell how much room it takes.
type Sized interface {
	// Size returns the room on disk. Returns Unavailable if it cannot be told now.
	Size(ctx context.Context) (Bytes, error)
}

// Size returns the room that the data takes; zero for an engine that cannot tell.
func (db *DB) Size(ctx context.Context) (Bytes, error) {
	if sized, ok := db.engine.(Sized); ok {
		return sized.Size(ctx)
	}
	return Bytes{}, nil
}

// RulesBehind returns how many records the rule that is furthest behind has not read yet; RunRules reads them.
func (db *DB) RulesBehind(ctx context.Context) (int64, error) {
	last, err := db.engine.LastN(ctx)
	if err != nil {
		return 0, err
	}
	db.mu.Lock()
	rules := db.rules
	db.mu.Unlock()
	var behind int64
	for _, rule := range rules {
		after, err := db.ruleCursor(ctx, rule.Name)
		if err != nil {
			return 0, err
		}
		behind = max(behind, last-after)
	}
	return behind, nil
}

// ruleCursor is up to which record a rule has read.
func (db *DB) ruleCursor(ctx context.Context, name string) (int64, error) {
	text, err := db.engine.Value(ctx, rulePrefix+name)
	if fault.Is(err, fault.NotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	after, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return 0, fault.Wrap("store.RunRules", fault.Internal, "", err)
	}
	return after, nil
}

// LastCheckpoint returns the newest checkpoint of the log. Returns NotFound if nothing was signed yet.
func (db *DB) LastCheckpoint(ctx context.Context) (journal.Checkpoint, error) {
	key, err := db.LogKey(ctx)
	if err != nil {
		return journal.Checkpoint{}, err
	}
	var tree journal.Tree
	stored, err := db.engine.Value(ctx, logTreeName)
	if err == nil {
		err = tree.UnmarshalBinary(stored)
	}
	if err != nil {
		return journal.Checkpoint{}, err
	}
	signed, err := db.engine.Value(ctx, fmt.Sprintf("%s%020d", checkpointPrefix, tree.Size()))
	if err != nil {
		return journal.Checkpoint{}, err
	}
	return journal.OpenCheckpoint(key, signed)
}
