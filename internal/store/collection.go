package store

import (
	"context"
	"iter"
	"reflect"

	"redsteward/internal/fault"
)

// Collection reads and changes the documents of one kind. It only gives documents their type: what reads and writes them is compiled once and not for
// every kind in every package that names it.
type Collection[T any] struct{ in *documents }

// NewCollection checks the kind and declares its indexes. Returns Invalid if the kind or the type breaks a rule of Kind.
func NewCollection[T any](ctx context.Context, db *DB, kind Kind[T]) (*Collection[T], error) {
	if err := CheckType[T](); err != nil {
		return nil, fault.Wrap("store.NewCollection", "", kind.Name, err)
	}
	of := func(state any) *T { return state.(*T) }
	c := &documents{db: db, name: kind.Name, version: kind.Version, alwaysPresent: kind.AlwaysPresent, blank: func() any { return new(T) }}
	for _, index := range kind.Indexes {
		plain := order{name: index.Name}
		if index.Keys != nil {
			plain.keys = func(id string, state any) []string { return index.Keys(id, of(state)) }
		}
		if index.Sort != nil {
			plain.sort = func(id string, state any) string { return index.Sort(id, of(state)) }
		}
		c.indexes = append(c.indexes, plain)
	}
	if kind.Columns != nil {
		c.columns = func(id string, state any) any { return kind.Columns(id, of(state)) }
	}
	if kind.Subject != nil {
		c.subject = func(id string, state any) string { return kind.Subject(id, of(state)) }
	}
	return &Collection[T]{c}, c.declare(ctx, reflect.TypeFor[T]())
}

// typed gives a document its type.
func typed[T any](d Doc[any]) Doc[T] {
	out := Doc[T]{ID: d.ID, Seq: d.Seq, N: d.N, At: d.At, Deleted: d.Deleted, Purged: d.Purged}
	if state, is := d.State.(*T); is {
		out.State = *state
	}
	return out
}

func typedChange[T any](c Change[any]) Change[T] {
	return Change[T]{Doc: typed[T](c.Doc), Meta: c.Meta, RecordID: c.RecordID, Hash: c.Hash}
}

// Load returns the document from the journal head. Returns NotFound if it never was or is deleted.
func (c *Collection[T]) Load(ctx context.Context, id string) (Doc[T], error) {
	d, err := c.in.load(ctx, id)
	return typed[T](d), err
}

// LoadEach returns what Load returns for each id, all read together, in the order of the ids; nil where Load returns NotFound. No id may
// stand twice, and there must be at most MaxLimit of them.
func (c *Collection[T]) LoadEach(ctx context.Context, ids []string) ([]*Doc[T], error) {
	out := make([]*Doc[T], len(ids))
	err := c.in.loadEach(ctx, ids, func(place int, d Doc[any]) {
		doc := typed[T](d)
		out[place] = &doc
	})
	return out, err
}

// LoadOpen is Load without personal data, whose fields are "": for who needs the rest of a document, which is cheaper to read without decrypting.
func (c *Collection[T]) LoadOpen(ctx context.Context, id string) (Doc[T], error) {
	d, err := c.in.loadOpen(ctx, id)
	return typed[T](d), err
}

// Head returns the last change of the stream, tombstones included. Returns NotFound if the stream has no record.
func (c *Collection[T]) Head(ctx context.Context, id string) (Change[T], error) {
	head, err := c.in.head(ctx, id)
	return typedChange[T](head), err
}

// Commit makes state the whole state of the document, if its last record still is afterSeq (0: it must not exist yet).
// Returns Conflict if somebody was first, if the subject was purged and a pii field holds new text, or if the idempotency key
// was used for another body; Invalid if the sealed record is larger than 64 KiB; Unavailable if the disk is full.
// With Meta.Idem a repeated request gives back the document that the first one made.
func (c *Collection[T]) Commit(ctx context.Context, meta Meta, id string, afterSeq int64, state T) (Doc[T], error) {
	d, err := c.in.commit(ctx, meta, id, afterSeq, &state)
	return typed[T](d), err
}

// Delete leaves a tombstone under the rules of Commit.
func (c *Collection[T]) Delete(ctx context.Context, meta Meta, id string, afterSeq int64) (Doc[T], error) {
	d, err := c.in.commit(ctx, meta, id, afterSeq, nil)
	return typed[T](d), err
}

// Replay returns the document that an earlier try of the same request made, and whether there was one. Commands with Meta.Idem
// ask it first, before any check that the first try would now make fail. Returns Conflict if the key was used for another body.
func (c *Collection[T]) Replay(ctx context.Context, meta Meta) (Doc[T], bool, error) {
	d, done, err := c.in.replayed(ctx, meta)
	return typed[T](d), done, err
}

// Follow makes the change of a rule: it creates the document whose id derives from the record and the rule, once.
func (c *Collection[T]) Follow(ctx context.Context, e Event, rule string, meta Meta, state T) (Doc[T], error) {
	d, err := c.in.follow(ctx, e, rule, meta, &state)
	return typed[T](d), err
}

// Each yields every document in order of stream key, without tombstones, in constant memory. The second value ends the iteration.
func (c *Collection[T]) Each(ctx context.Context) iter.Seq2[Doc[T], error] {
	return func(yield func(Doc[T], error) bool) {
		c.in.each(ctx, func(d Doc[any], err error) bool { return yield(typed[T](d), err) })
	}
}

// EachLife calls yield with the changes, oldest first, of every document that is kept, in order of stream key; it holds those of one.
func (c *Collection[T]) EachLife(ctx context.Context, keep func(*Doc[T]) bool, yield func([]Change[T]) error) error {
	for d, err := range c.Each(ctx) {
		if err != nil {
			return err
		}
		if !keep(&d) {
			continue
		}
		var life []Change[T]
		for change, err := range c.History(ctx, d.ID) {
			if err != nil {
				return err
			}
			life = append(life, change)
		}
		if err := yield(life); err != nil {
			return err
		}
	}
	return nil
}

// History yields the changes of one document in order of seq, tombstones included; up to the moment of the context.
func (c *Collection[T]) History(ctx context.Context, id string) iter.Seq2[Change[T], error] {
	return func(yield func(Change[T], error) bool) {
		c.in.history(ctx, id, func(change Change[any], err error) bool { return yield(typedChange[T](change), err) })
	}
}

// List returns one page of documents, decoded.
func (c *Collection[T]) List(ctx context.Context, q Query) (Page[T], error) {
	docs, next, err := c.in.list(ctx, q)
	if err != nil {
		return Page[T]{}, err
	}
	page := Page[T]{Docs: make([]Doc[T], len(docs)), Next: next}
	for i, d := range docs {
		page.Docs[i] = typed[T](d)
	}
	return page, nil
}

// HeadPage is a list of documents as their journal heads tell them.
type HeadPage[T any] struct {
	// Heads are in index order.
	Heads []Change[T]
	// Next is the cursor of the next page, "" if this is the last.
	Next string
}

// ListHeads is List for acts that must not stand on a list that lags: documents come from the journal heads, with record and hash. A document that changed since it was
// listed comes as it is now; one that was deleted since is left out.
func (c *Collection[T]) ListHeads(ctx context.Context, q Query) (HeadPage[T], error) {
	heads, next, err := c.in.listHeads(ctx, q)
	if err != nil {
		return HeadPage[T]{}, err
	}
	page := HeadPage[T]{Heads: make([]Change[T], len(heads)), Next: next}
	for i, head := range heads {
		page.Heads[i] = typedChange[T](head)
	}
	return page, nil
}

// ListWhere returns one page of the documents that keep lets through. Returns Invalid, asking to narrow, if it would have to read more
// than MaxResidual rows to fill the page.
func (c *Collection[T]) ListWhere(ctx context.Context, q Query, keep func(*Doc[T]) bool) (Page[T], error) {
	var kept []Doc[T]
	n, next, err := c.in.listWhere(ctx, q, func(d Doc[any]) bool {
		doc := typed[T](d)
		if !keep(&doc) {
			return false
		}
		kept = append(kept, doc)
		return true
	})
	if err != nil {
		return Page[T]{}, err
	}
	return Page[T]{Docs: kept[:n:n], Next: next}, nil
}

// Rows returns one page of stored list columns without decoding any state.
func (c *Collection[T]) Rows(ctx context.Context, q Query) (RowPage, error) {
	return c.in.listRows(ctx, q)
}
