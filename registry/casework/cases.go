package casework

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// PageSize is how many cases a page of a list has.
const PageSize = 50

// At names the case that somebody saw.
type At struct {
	// ID is the id, Seq the last change seen.
	ID  string
	Seq int64
	// Idem makes a retry safe; nil for none.
	Idem *store.Idem
}

// Cases keeps the cases of one kind: every call asks for right and scope, one change after the other, a refused one writes nothing.
type Cases[T any] struct {
	desk Desk
	rows *store.Collection[T]
	// read is the right to see them, shared is what a case of the kind has of every case.
	read   policy.Action
	shared func(*T) *Case
	// word is what people call one.
	word string
}

// The lists of cases.
const (
	// ByScope lists all by scope key, the latest first.
	ByScope = "scope"
	// ByWork lists those in which something is to be done, by scope key, what is due first on top.
	ByWork = "work"
	// ByProject lists those of a project.
	ByProject = "project"
)

// NewCases opens the cases of a kind with the lists ByScope, ByWork and ByProject. shared is what a case has of every case, over whether nothing is to be done about it any more.
func NewCases[T any](ctx context.Context, desk Desk, kind, word string, read policy.Action, shared func(*T) *Case, over func(*T) bool) (*Cases[T], error) {
	listed := func(c *T) []string { return append([]string{policy.County}, shared(c).Keys...) }
	sort := func(_ string, c *T) string { return shared(c).Opened.String() }
	rows, err := store.NewCollection(ctx, desk.DB, store.Kind[T]{Name: kind, Version: 1, Indexes: []store.Index[T]{
		{Name: ByScope, Keys: func(_ string, c *T) []string { return listed(c) }, Sort: sort},
		{Name: ByWork, Keys: func(_ string, c *T) []string {
			if over(c) {
				return nil
			}
			return listed(c)
		}, Sort: func(_ string, c *T) string {
			if day := shared(c).Clock.Due; !over(c) && !day.IsZero() {
				return day.String()
			}
			return "9999-99-99"
		}},
		{Name: ByProject, Keys: func(_ string, c *T) []string { return []string{shared(c).Project} }, Sort: sort},
	}})
	return &Cases[T]{desk: desk, rows: rows, read: read, shared: shared, word: word}, err
}

// scope is the right and the rows of it.
func (c *Cases[T]) scope(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if err := c.desk.Guard.Require(by, action); err != nil {
		return policy.Scope{}, err
	}
	return c.desk.Guard.Scope(ctx, by, action)
}

// load is a case inside a scope; NotFound for everything else.
func (c *Cases[T]) load(ctx context.Context, scope policy.Scope, id string) (store.Doc[T], error) {
	const op = "casework.load"
	hidden := fault.New(op, fault.NotFound, "没有找到"+c.word)
	if !journal.ValidPart(id) {
		return store.Doc[T]{}, hidden
	}
	doc, err := c.rows.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return doc, hidden
	}
	if err != nil {
		return doc, err
	}
	shared := c.shared(&doc.State)
	return doc, scope.Require(op, shared.Keys, shared.Opened)
}

// One returns a case. Returns Forbidden without the right to read, NotFound outside the scope.
func (c *Cases[T]) One(ctx context.Context, by policy.Actor, id string) (store.Doc[T], error) {
	scope, err := c.scope(ctx, by, c.read)
	if err != nil {
		return store.Doc[T]{}, err
	}
	return c.load(ctx, scope, id)
}

// Load returns a case, whoever asks: for the desk that asks for rights itself.
func (c *Cases[T]) Load(ctx context.Context, id string) (store.Doc[T], error) {
	return c.rows.Load(ctx, id)
}

// Begin stores a new case that f makes; f gets the scope of the action to ask for the project in it. Returns Forbidden without the action, and what f returns.
func (c *Cases[T]) Begin(ctx context.Context, by policy.Actor, action policy.Action, why string, idem *store.Idem, f func(scope policy.Scope) (T, error)) (store.Doc[T], error) {
	none := store.Doc[T]{}
	scope, err := c.scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: why, Idem: idem}
	if doc, done, err := c.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	state, err := f(scope)
	if err != nil {
		return none, err
	}
	return c.rows.Commit(ctx, meta, c.desk.DB.NewID(meta), 0, state)
}

// Change commits what f makes of a case inside the scope of an action, if nobody was quicker. Returns Forbidden without the action, NotFound outside the scope,
// Conflict if somebody was quicker, and what f returns.
func (c *Cases[T]) Change(ctx context.Context, by policy.Actor, action policy.Action, at At, why string, f func(*T) error) (store.Doc[T], error) {
	none := store.Doc[T]{}
	scope, err := c.scope(ctx, by, action)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(action), Why: why, Idem: at.Idem}
	if doc, done, err := c.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := c.load(ctx, scope, at.ID)
	if err != nil {
		return none, err
	}
	overtaken := fault.New("casework.Change", fault.Conflict, c.word+"刚被别人办过，请刷新后再办")
	if doc.Seq != at.Seq {
		return none, overtaken
	}
	if err := f(&doc.State); err != nil {
		return none, err
	}
	out, err := c.rows.Commit(ctx, meta, at.ID, at.Seq, doc.State)
	if fault.Is(err, fault.Conflict) {
		if now, headErr := c.rows.Head(ctx, at.ID); headErr == nil && now.Seq != at.Seq {
			return none, overtaken
		}
	}
	return out, err
}

// Page returns one page of a list inside the actor's scope, as far as keep lets it through. Returns Forbidden without the right to read.
func (c *Cases[T]) Page(ctx context.Context, by policy.Actor, q store.Query, keep func(*T) bool) (store.Page[T], error) {
	scope, err := c.scope(ctx, by, c.read)
	if err != nil {
		return store.Page[T]{}, err
	}
	if q.Index != ByProject {
		q.Key = policy.County
		if !scope.All() {
			q.In = scope.Keys()
		}
	}
	q.Limit = PageSize
	return c.rows.ListWhere(ctx, q, func(d *store.Doc[T]) bool {
		shared := c.shared(&d.State)
		return scope.Covers(shared.Keys, shared.Opened) && keep(&d.State)
	})
}

// Of yields the cases of a project, whoever asks: for the desks themselves and for doctor.
func (c *Cases[T]) Of(ctx context.Context, project string) ([]store.Doc[T], error) {
	page, err := c.rows.List(ctx, store.Query{Index: ByProject, Key: project, Limit: store.MaxLimit})
	return page.Docs, err
}

// Every calls yield for every case, whoever asks: for doctor.
func (c *Cases[T]) Every(ctx context.Context, yield func(store.Doc[T])) error {
	for d, err := range c.rows.Each(ctx) {
		if err != nil {
			return err
		}
		yield(d)
	}
	return nil
}

// History returns the changes of a case, oldest first. Errors as those of One.
func (c *Cases[T]) History(ctx context.Context, by policy.Actor, id string) ([]store.Change[T], error) {
	if _, err := c.One(ctx, by, id); err != nil {
		return nil, err
	}
	return c.life(ctx, id)
}

func (c *Cases[T]) life(ctx context.Context, id string) ([]store.Change[T], error) {
	var out []store.Change[T]
	for change, err := range c.rows.History(ctx, id) {
		if err != nil {
			return nil, err
		}
		out = append(out, change)
	}
	return out, nil
}

// EveryLife calls yield with the changes, oldest first, of every case that was opened by a day, whoever asks: for the rating.
func (c *Cases[T]) EveryLife(ctx context.Context, until calendar.Date, yield func([]store.Change[T]) error) error {
	for d, err := range c.rows.Each(ctx) {
		if err != nil {
			return err
		}
		if c.shared(&d.State).Opened.Compare(until) > 0 {
			continue
		}
		changes, err := c.life(ctx, d.ID)
		if err != nil {
			return err
		}
		if err := yield(changes); err != nil {
			return err
		}
	}
	return nil
}
