package supervision

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Desk is where people change documents of one kind. Every call asks for right and scope first; a retry gets what the first try did, and nobody acts on an
// outdated page.
type Desk[T any] struct {
	// Guard says who may do what, Rows keeps the documents.
	Guard *policy.Guard
	Rows  *store.Collection[T]
	// Place gives the scope keys of a document and the day of its fact.
	Place func(*T) (keys []string, day calendar.Date)
	// Shows, if not nil, tells whether a document inside the scope exists for an actor at all.
	Shows func(by policy.Actor, state *T) bool
	// Reach, if not nil, gives the rows of an action that the actor has, in place of those of his offices.
	Reach func(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error)
	// Outdated is the Conflict for somebody who was overtaken; it gets the document as it is now.
	Outdated func(*T) error
}

// Scope is the right and the rows of it. Returns Forbidden without the right.
func (d Desk[T]) Scope(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if err := d.Guard.Require(by, action); err != nil {
		return policy.Scope{}, err
	}
	if d.Reach != nil {
		return d.Reach(ctx, by, action)
	}
	return d.Guard.Scope(ctx, by, action)
}

// Load returns a document inside the scope; NotFound for everything else.
func (d Desk[T]) Load(ctx context.Context, op string, scope policy.Scope, id string) (store.Doc[T], error) {
	if !journal.ValidID(id) {
		return store.Doc[T]{}, fault.New(op, fault.NotFound, "没有找到要看的内容")
	}
	doc, err := d.Rows.Load(ctx, id)
	if err != nil {
		return doc, err
	}
	keys, day := d.Place(&doc.State)
	return doc, scope.Require(op, keys, day)
}

// Commit stores a document and says more plainly than the store who was quicker.
func (d Desk[T]) Commit(ctx context.Context, meta store.Meta, id string, seq int64, state T) (store.Doc[T], error) {
	doc, err := d.Rows.Commit(ctx, meta, id, seq, state)
	if fault.Is(err, fault.Conflict) {
		if fresh, headErr := d.Rows.Head(ctx, id); headErr == nil && fresh.Seq != seq && !fresh.Deleted {
			return doc, d.Outdated(&fresh.State)
		}
	}
	return doc, err
}

// Change loads a document, checks that nobody was quicker, and commits what f makes of it; what f refuses is not stored.
func (d Desk[T]) Change(ctx context.Context, by policy.Actor, action policy.Action, at At, why string, f func(policy.Scope, *T) error) (store.Doc[T], error) {
	none := store.Doc[T]{}
	scope, err := d.Scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: why, Idem: at.Idem}
	if doc, done, err := d.Rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := d.Load(ctx, "supervision.Change", scope, at.ID)
	if err != nil {
		return none, err
	}
	if d.Shows != nil && !d.Shows(by, &doc.State) {
		return none, fault.New("supervision.Change", fault.NotFound, "没有找到要看的内容")
	}
	if doc.Seq != at.Seq {
		return none, d.Outdated(&doc.State)
	}
	if err := f(scope, &doc.State); err != nil {
		return none, err
	}
	return d.Commit(ctx, meta, at.ID, at.Seq, doc.State)
}
