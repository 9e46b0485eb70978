package store

import (
	"context"
	"iter"
	"time"
)

// Collection reads and changes the documents of one kind.
type Collection[T any] struct {
	db   *DB
	kind Kind[T]
}

// NewCollection checks the kind and declares its indexes. Returns Invalid if the kind or the type breaks a rule of Kind.
func NewCollection[T any](ctx context.Context, db *DB, kind Kind[T]) (*Collection[T], error) {
	return nil, errPending
}

// Load returns the document from the journal head. Returns NotFound if it never was or is deleted.
func (c *Collection[T]) Load(ctx context.Context, id string) (Doc[T], error) {
	return Doc[T]{}, errPending
}

// Head returns the last change of the stream, tombstones included. Returns NotFound if the stream has no record.
func (c *Collection[T]) Head(ctx context.Context, id string) (Change[T], error) {
	return Change[T]{}, errPending
}

// Commit makes state the whole state of the document, if its last record still is afterSeq (0: it must not exist yet).
// Returns Conflict if somebody was first, if the subject was purged and a pii field holds new text, or if the idempotency key
// was used for another body; Invalid if the sealed record is larger than 64 KiB; Unavailable if the disk is full.
// With Meta.Idem a repeated request gives back the document that the first one made.
func (c *Collection[T]) Commit(ctx context.Context, meta Meta, id string, afterSeq int64, state T) (Doc[T], error) {
	return Doc[T]{}, errPending
}

// Delete leaves a tombstone under the rules of Commit.
func (c *Collection[T]) Delete(ctx context.Context, meta Meta, id string, afterSeq int64) (Doc[T], error) {
	return Doc[T]{}, errPending
}

// Follow makes the change of a rule: it creates the document whose id derives from the record and the rule, once.
func (c *Collection[T]) Follow(ctx context.Context, e Event, rule string, meta Meta, state T) (Doc[T], error) {
	return Doc[T]{}, errPending
}

// Replay returns the document that an earlier try of the same request made, and whether there was one. Commands with Meta.Idem
// ask it first, before any check that the first try would now make fail. Returns Conflict if the key was used for another body.
func (c *Collection[T]) Replay(ctx context.Context, meta Meta) (Doc[T], bool, error) {
	return Doc[T]{}, false, errPending
}

// List returns one page of documents, decoded.
func (c *Collection[T]) List(ctx context.Context, q Query) (Page[T], error) {
	return Page[T]{}, errPending
}

// ListWhere returns one page of the documents that keep lets through. Returns Invalid, asking to narrow, if it would have to read more
// than MaxResidual rows to fill the page.
func (c *Collection[T]) ListWhere(ctx context.Context, q Query, keep func(*Doc[T]) bool) (Page[T], error) {
	return Page[T]{}, errPending
}

// Rows returns one page of stored list columns without decoding any state.
func (c *Collection[T]) Rows(ctx context.Context, q Query) (RowPage, error) {
	return RowPage{}, errPending
}

// Each yields every document in order of stream key, without tombstones, in constant memory. The second value ends the iteration.
func (c *Collection[T]) Each(ctx context.Context) iter.Seq2[Doc[T], error] { return nil }

// History yields the changes of one document in order of seq, tombstones included.
func (c *Collection[T]) History(ctx context.Context, id string) iter.Seq2[Change[T], error] {
	return nil
}

// EphemeralCollection keeps documents without journal: sessions, leases, limits, progress, drafts. Their pii fields are stored as ciphertext too.
type EphemeralCollection[T any] struct {
	db   *DB
	name string
}

// NewEphemeral checks the type as NewCollection does.
func NewEphemeral[T any](db *DB, name string) (*EphemeralCollection[T], error) {
	return nil, errPending
}

// Temp is a document without journal.
type Temp[T any] struct {
	// ID is the id without kind.
	ID string
	// Rev counts the writes; give it to Swap.
	Rev int64
	// Expires is when it ceases to exist.
	Expires time.Time
	// State is the content.
	State T
}

// Put stores a document over any old one.
func (c *EphemeralCollection[T]) Put(ctx context.Context, id string, state T, expires time.Time) error {
	return errPending
}

// Swap stores a document if its Rev still is rev (0: it must not exist). Returns the new Rev, or Conflict.
func (c *EphemeralCollection[T]) Swap(ctx context.Context, id string, rev int64, state T, expires time.Time) (int64, error) {
	return 0, errPending
}

// Get returns a document. Returns NotFound if there is none or it has expired.
func (c *EphemeralCollection[T]) Get(ctx context.Context, id string) (Temp[T], error) {
	return Temp[T]{}, errPending
}

// Delete removes a document; no error if there is none.
func (c *EphemeralCollection[T]) Delete(ctx context.Context, id string) error { return errPending }

// List returns at most limit documents whose id begins with prefix and is greater than after, in order of id.
func (c *EphemeralCollection[T]) List(ctx context.Context, prefix, after string, limit int) ([]Temp[T], error) {
	return nil, errPending
}
