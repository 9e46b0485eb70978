package casework

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
)

// PageSize is how many cases a page of a list has.
const PageSize = 50

// Cases keeps the cases of one kind, and lets them be signed.
type Cases[T any] struct {
	*Rows[T]
	desk Desk
	// shared is what a case of the kind has of every case.
	shared func(*T) *Case
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

// Filter narrows a list of cases; what is "" does not narrow.
type Filter struct {
	// Text is looked for in the texts of a case, Project is an id, State a code.
	Text, Project, State string
}

// Lets reports whether a case that stands in a state and says certain texts passes.
func (w Filter) Lets(c *Case, state string, texts ...string) bool {
	return (w.State == "" || state == w.State) && (w.Project == "" || c.Project == w.Project) && Says(w.Text, texts...)
}

// ListQuery asks for all cases, the latest first, or with due for those in which something is to be done, what is due first on top; after is the cursor of the page before, "" for the first page.
func ListQuery(due bool, after string) store.Query {
	if due {
		return store.Query{Index: ByWork, After: after}
	}
	return store.Query{Index: ByScope, Desc: true, After: after}
}

// NewCases opens the cases of a kind with the lists ByScope, ByWork and ByProject. shared is what a case has of every case, over whether nothing is to be done about it any more.
func NewCases[T any](ctx context.Context, desk Desk, kind, word string, read policy.Action, shared func(*T) *Case, over func(*T) bool) (*Cases[T], error) {
	listed := func(c *T) []string { return append([]string{policy.County}, shared(c).Keys...) }
	sort := func(_ string, c *T) string { return shared(c).Opened.String() }
	stored := store.Kind[T]{Name: kind, Version: 1, Indexes: []store.Index[T]{
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
	}}
	rows, err := NewRows(ctx, desk.DB, desk.Guard, Kind[T]{Kind: stored, Word: word, Read: read, Row: func(c *T) Row { return Row{Keys: shared(c).Keys, Day: shared(c).Opened} }})
	return &Cases[T]{rows, desk, shared}, err
}

// Page returns one page of a list inside the actor's scope, as far as keep lets it through. Returns Forbidden without the right to read.
func (c *Cases[T]) Page(ctx context.Context, by policy.Actor, q store.Query, keep func(*T) bool) (store.Page[T], error) {
	q.Limit = PageSize
	return c.Rows.Page(ctx, by, q, keep)
}

// Load returns a case, whoever asks: for the desk that asks for rights itself.
func (c *Cases[T]) Load(ctx context.Context, id string) (store.Doc[T], error) {
	return c.Docs.Load(ctx, id)
}

// Of returns the cases of a project, whoever asks: for the desks themselves and for doctor.
func (c *Cases[T]) Of(ctx context.Context, project string) ([]store.Doc[T], error) {
	page, err := c.Docs.List(ctx, store.Query{Index: ByProject, Key: project, Limit: store.MaxLimit})
	return page.Docs, err
}

// EveryLife calls yield with the changes, oldest first, of every case that was opened by a day, whoever asks: for the rating.
func (c *Cases[T]) EveryLife(ctx context.Context, until calendar.Date, yield func([]store.Change[T]) error) error {
	return c.Docs.EachLife(ctx, func(d *store.Doc[T]) bool { return c.shared(&d.State).Opened.Compare(until) <= 0 }, yield)
}
