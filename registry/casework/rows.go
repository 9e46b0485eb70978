package casework

import (
	"context"
	"strconv"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// At names what somebody saw.
type At struct {
	// ID is the id, Seq the last change seen.
	ID  string
	Seq int64
	// Idem makes a retry safe; nil for none.
	Idem *store.Idem
}

// Kind says what the frame must know of the documents of one kind.
type Kind[T any] struct {
	// Kind is how they are stored and listed. What is listed without a key must be listed by scope keys, policy.County among them.
	store.Kind[T]
	// Word is what people call one, Read the right to see them.
	Word string
	Read policy.Action
	// Row says whose a document is, and how it stands.
	Row func(*T) Row
}

// Row says whose a document is, and how it stands.
type Row struct {
	// Keys are the scope keys, Day the day by which they were stamped.
	Keys []string
	Day  calendar.Date
	// State is for people, "" if a document does not tell.
	State string
}

// Rows keeps the documents of one kind: every call asks for right and scope, one change after the other, a refused one writes nothing.
type Rows[T any] struct {
	db    *store.DB
	guard *policy.Guard
	kind  Kind[T]
	// Docs are the documents themselves, for the service that keeps them: they ask for no right.
	Docs *store.Collection[T]
	// Shows tells which rows inside the scope exist for an actor; nil for all of them. The service that keeps the rows sets it before it is used; it holds wherever an actor is asked for.
	Shows func(ctx context.Context, by policy.Actor) (func(*T) bool, error)
	// entered enters what a change sent out in the register; nil for documents that send nothing. The change stands already: what cannot be entered now is entered by a rule.
	entered func(ctx context.Context, meta store.Meta, id string, before, after *T)
}

// NewRows opens the documents of a kind.
func NewRows[T any](ctx context.Context, db *store.DB, guard *policy.Guard, kind Kind[T]) (*Rows[T], error) {
	docs, err := store.NewCollection(ctx, db, kind.Kind)
	return &Rows[T]{db: db, guard: guard, kind: kind, Docs: docs}, err
}

// Scope is the right and the rows of it. Returns Forbidden without the action.
func (r *Rows[T]) Scope(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if err := r.guard.Require(by, action); err != nil {
		return policy.Scope{}, err
	}
	return r.guard.Scope(ctx, by, action)
}

// covers reports whether a document lies in a scope.
func (r *Rows[T]) covers(scope policy.Scope, state *T) bool {
	row := r.kind.Row(state)
	return scope.Covers(row.Keys, row.Day)
}

// rows reports which documents an actor has in a scope.
func (r *Rows[T]) rows(ctx context.Context, by policy.Actor, scope policy.Scope) (func(*T) bool, error) {
	covers := func(state *T) bool { return r.covers(scope, state) }
	if r.Shows == nil {
		return covers, nil
	}
	shows, err := r.Shows(ctx, by)
	return func(state *T) bool { return covers(state) && shows(state) }, err
}

// In returns a document that an actor has in a scope. Returns NotFound for everything else.
func (r *Rows[T]) In(ctx context.Context, by policy.Actor, scope policy.Scope, id string) (store.Doc[T], error) {
	hidden := fault.New("casework.In", fault.NotFound, "没有找到"+r.kind.Word)
	if !journal.ValidPart(id) {
		return store.Doc[T]{}, hidden
	}
	has, err := r.rows(ctx, by, scope)
	if err != nil {
		return store.Doc[T]{}, err
	}
	doc, err := r.Docs.Load(ctx, id)
	switch {
	case fault.Is(err, fault.NotFound):
		return store.Doc[T]{}, hidden
	case err == nil && !has(&doc.State):
		return store.Doc[T]{}, hidden
	}
	return doc, err
}

// One returns a document. Returns Forbidden without the right to read, NotFound outside the scope.
func (r *Rows[T]) One(ctx context.Context, by policy.Actor, id string) (store.Doc[T], error) {
	scope, err := r.Scope(ctx, by, r.kind.Read)
	if err != nil {
		return store.Doc[T]{}, err
	}
	return r.In(ctx, by, scope, id)
}

// New is a document that is being begun.
type New struct {
	// Scope holds the rows of the action: what the document is about must be one of them.
	Scope policy.Scope
	// ID is the id that it gets, for what is claimed for it; Meta says who does what.
	ID   string
	Meta store.Meta
}

// Begin stores a new document that f makes. Returns Forbidden without the action, and what f returns.
func (r *Rows[T]) Begin(ctx context.Context, by policy.Actor, action policy.Action, why string, idem *store.Idem, f func(New) (T, error)) (store.Doc[T], error) {
	none := store.Doc[T]{}
	scope, err := r.Scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: why, Idem: idem}
	if doc, done, err := r.Docs.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	id := r.db.NewID(meta)
	state, err := f(New{scope, id, meta})
	if err != nil {
		return none, err
	}
	out, err := r.Docs.Commit(ctx, meta, id, 0, state)
	if err == nil && r.entered != nil {
		r.entered(ctx, meta, id, nil, &out.State)
	}
	return out, err
}

// Change commits what f makes of a document inside the scope of an action, if nobody was quicker. Returns Forbidden without the action, NotFound outside the scope, Conflict if somebody was quicker, and what f returns.
func (r *Rows[T]) Change(ctx context.Context, by policy.Actor, action policy.Action, at At, why string, f func(*T) error) (store.Doc[T], error) {
	none := store.Doc[T]{}
	scope, err := r.Scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: why, Idem: at.Idem}
	if doc, done, err := r.Docs.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := r.In(ctx, by, scope, at.ID)
	if err != nil {
		return none, err
	}
	if doc.Seq != at.Seq {
		return none, r.overtaken(&doc.State)
	}
	before := doc.State
	if err := f(&doc.State); err != nil {
		return none, err
	}
	out, err := r.Docs.Commit(ctx, meta, at.ID, at.Seq, doc.State)
	if fault.Is(err, fault.Conflict) {
		if now, headErr := r.Docs.Head(ctx, at.ID); headErr == nil && now.Seq != at.Seq {
			return none, r.overtaken(&now.State)
		}
	}
	if err == nil && r.entered != nil {
		r.entered(ctx, meta, at.ID, &before, &out.State)
	}
	return out, err
}

// overtaken says how a document stands since somebody was quicker.
func (r *Rows[T]) overtaken(state *T) error {
	now := ""
	if title := r.kind.Row(state).State; title != "" {
		now = "，现在是“" + title + "”"
	}
	return fault.New("casework.Change", fault.Conflict, r.kind.Word+"刚被别人办过"+now+"，请刷新后再办")
}

// Page returns one page of a list inside the actor's scope, as far as keep lets it through; a query without a key lists the whole scope. Returns Forbidden without the right to read.
func (r *Rows[T]) Page(ctx context.Context, by policy.Actor, q store.Query, keep func(*T) bool) (store.Page[T], error) {
	scope, err := r.Scope(ctx, by, r.kind.Read)
	if err != nil {
		return store.Page[T]{}, err
	}
	if q.Key == "" {
		q.Key = policy.County
		if !scope.All() {
			q.In = scope.Keys()
		}
	}
	has, err := r.rows(ctx, by, scope)
	if err != nil {
		return store.Page[T]{}, err
	}
	return r.Docs.ListWhere(ctx, q, func(d *store.Doc[T]) bool { return has(&d.State) && keep(&d.State) })
}

// All returns every document that Page would list, page after page. Returns Forbidden without the right to read.
func (r *Rows[T]) All(ctx context.Context, by policy.Actor, q store.Query, keep func(*T) bool) ([]store.Doc[T], error) {
	q.Limit = store.MaxLimit
	var out []store.Doc[T]
	for {
		page, err := r.Page(ctx, by, q, keep)
		if err != nil {
			return nil, err
		}
		out = append(out, page.Docs...)
		if q.After = page.Next; q.After == "" {
			return out, nil
		}
	}
}

// Every calls yield for every document, whoever asks: for doctor.
func (r *Rows[T]) Every(ctx context.Context, yield func(store.Doc[T])) error {
	for d, err := range r.Docs.Each(ctx) {
		if err != nil {
			return err
		}
		yield(d)
	}
	return nil
}

// History returns the changes of a document, oldest first. Errors as those of One.
func (r *Rows[T]) History(ctx context.Context, by policy.Actor, id string) ([]store.Change[T], error) {
	if _, err := r.One(ctx, by, id); err != nil {
		return nil, err
	}
	return r.life(ctx, id)
}

// life is the changes of a document, whoever asks.
func (r *Rows[T]) life(ctx context.Context, id string) ([]store.Change[T], error) {
	var out []store.Change[T]
	for change, err := range r.Docs.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		out = append(out, change)
	}
	return out, nil
}

// Touched serves registry.Uses: “2 次物业更换” that a list names under a key and that were touched since a moment, "" for none; things is the counted word with its measure. It asks for no right and shows nothing of them.
func (r *Rows[T]) Touched(ctx context.Context, index, key string, since time.Time, things string) (string, error) {
	page, err := r.Docs.ListWhere(ctx, store.Query{Index: index, Key: key, Limit: store.MaxLimit}, func(d *store.Doc[T]) bool { return !d.At.Before(since) })
	if err != nil || len(page.Docs) == 0 {
		return "", err
	}
	return strconv.Itoa(len(page.Docs)) + " " + things, nil
}
