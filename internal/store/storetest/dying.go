package storetest

import (
	"context"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// Dying is an engine of a process that dies at one of its writes: before it, or after it and before anybody hears of it. From then on nothing is written.
type Dying struct {
	store.Engine
	// Left is the write at which it dies, from 1; After: that one is still written.
	Left  int
	After bool
	dead  bool
}

// ErrDead is what a dead process answers.
var ErrDead = fault.New("storetest.Dying", fault.Internal, "进程中断")

// Commit implements store.Engine.
func (d *Dying) Commit(ctx context.Context, c *store.Commit) (int64, error) {
	if d.dead {
		return 0, ErrDead
	}
	d.Left--
	if d.Left > 0 {
		return d.Engine.Commit(ctx, c)
	}
	d.dead = true
	if d.After {
		if _, err := d.Engine.Commit(ctx, c); err != nil {
			return 0, err
		}
	}
	return 0, ErrDead
}
