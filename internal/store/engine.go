package store

import (
	"context"
	"io"
	"time"

	"redsteward/internal/journal"
)

// Engine keeps bytes: internal/store/sqlite and internal/store/mongo implement it, the suite in internal/store/storetest checks both.
// Sealing, personal data, idempotency, claims and queries live above it, once.
//
// Unless said otherwise every method may return Unavailable (cannot answer now, the outcome of a write is then unknown and the same
// call may be repeated) and Internal (damage). Byte slices that a caller hands in are not kept; those handed out belong to the caller,
// except inside callbacks, where they are valid only until the callback returns. All methods are safe for concurrent use.
type Engine interface {
	// Declare makes the engine keep the indexes of a kind. It must be called once for each kind before its first commit and is
	// called again on every start with the same list; documents written before an index was declared are not in it until
	// they are rebuilt. Returns Unavailable on a read-only engine if an index is missing.
	Declare(ctx context.Context, kind string, indexes []string) error

	// Commit stores a change: the record, its state document and index entries, and makes it numbered (now, or soon after).
	// The engine reads the hash of record Seq-1, computes hash = SHA-256(Version ‖ that ‖ Sealed) and inserts the record; the
	// unique record id decides between writers. Returns the log number, 0 if it is not known yet.
	//
	// A record with the same id and the same sealed bytes is our own, written by a try whose answer was lost: success.
	// Returns Conflict if record Seq is taken or record Seq-1 does not exist; *GuardTaken (a Conflict) if c.Guard stands already and
	// has not expired at c.Guard.Now: then nothing was changed. Otherwise all of it happens, at once or after crash and restart.
	Commit(ctx context.Context, c *Commit) (n int64, err error)

	// Head returns the last record of a stream, read from the journal. Returns NotFound if the stream has none.
	Head(ctx context.Context, stream string) (journal.Record, error)
	// Heads returns the last records of at most MaxLimit streams, read from the journal, in any order, leaving out streams that have none.
	Heads(ctx context.Context, streams []string) ([]journal.Record, error)
	// Record returns one record. Returns NotFound if it does not exist.
	Record(ctx context.Context, id string) (journal.Record, error)
	// History returns at most limit records of a stream with seq > afterSeq in order of seq.
	History(ctx context.Context, stream string, afterSeq int64, limit int) ([]journal.Record, error)

	// Log calls f for each record with after < n ≤ upTo in order of n (upTo 0: to the end) and stops at the first error, which it returns.
	// A number without a record is left out: the caller sees the gap.
	Log(ctx context.Context, after, upTo int64, f func(journal.Record) error) error
	// LastN returns the largest log number, 0 for an empty log.
	LastN(ctx context.Context) (int64, error)
	// Settle brings everything that a crash or another process left half done to its end: state documents, log numbers.
	// When it returns nil, every record that existed at the call has its number and its state. Engines that do all at once return nil.
	Settle(ctx context.Context) error

	// List returns at most q.Limit state documents in index order. See ListQuery.
	List(ctx context.Context, q ListQuery) ([]Row, error)
	// Each calls f for every state document of a kind with stream key > after, in order of stream key, deleted ones included, and
	// stops at the first error, which it returns. Memory does not grow with the number of documents.
	Each(ctx context.Context, kind, after string, parts Parts, f func(Row) error) error
	// EachHead calls f with stream key, seq and log number (0 if unknown) of every state document, in any order; for verifying.
	EachHead(ctx context.Context, f func(stream string, seq, n int64) error) error
	// PutRow overwrites the state document and index entries of a stream with what the journal says; for rebuilding only.
	PutRow(ctx context.Context, d Document) error

	// Value returns a small named value (keys of subjects, secrets, cursors, checkpoints). Returns NotFound if it does not exist.
	Value(ctx context.Context, name string) ([]byte, error)
	// Values returns those of the named values that exist.
	Values(ctx context.Context, names []string) (map[string][]byte, error)
	// ValuesAfter returns at most limit names and values with the prefix and name > after, in order of name.
	ValuesAfter(ctx context.Context, prefix, after string, limit int) ([]NamedValue, error)
	// InsertValue stores a value unless the name exists, and returns the one that stands now: ours, or that of who was first.
	InsertValue(ctx context.Context, name string, value []byte) ([]byte, error)
	// SetValue stores a value, over any old one; the old bytes are overwritten on disk as far as the engine can.
	SetValue(ctx context.Context, name string, value []byte) error

	// PutEphemeral stores a document without journal. if rev is AnyRev, over any old one; if 0, only if none stands (an expired one
	// counts as none); else only if the standing one has that Rev. Returns the new Rev, or Conflict if the condition fails.
	PutEphemeral(ctx context.Context, e Ephemeral, rev int64) (newRev int64, err error)
	// GetEphemeral returns a document that has not expired at now. Returns NotFound otherwise.
	GetEphemeral(ctx context.Context, key string, now time.Time) (Ephemeral, error)
	// DeleteEphemeral removes a document; no error if there is none.
	DeleteEphemeral(ctx context.Context, key string) error
	// ListEphemeral returns at most limit unexpired documents with the prefix and key > after, in order of key.
	ListEphemeral(ctx context.Context, prefix, after string, now time.Time, limit int) ([]Ephemeral, error)
	// SweepEphemeral removes what expired before now and returns how many.
	SweepEphemeral(ctx context.Context, now time.Time) (int64, error)

	// CreateBlob begins an upload. See BlobWriter.
	CreateBlob(ctx context.Context) (BlobWriter, error)
	// OpenBlob opens stored bytes. Returns NotFound if the blob does not exist.
	OpenBlob(ctx context.Context, id string) (io.ReadSeekCloser, error)
	// RemoveBlob removes stored bytes; no error if there are none.
	RemoveBlob(ctx context.Context, id string) error

	// Close waits for running calls and releases everything. No method may be called afterwards.
	Close() error
}

// Scrubber is an engine that can overwrite on request what replaced values left behind in its own logs: Purge asks for it.
type Scrubber interface {
	// Scrub returns when no replaced byte is left that the engine can reach. Returns Unavailable if a reader kept it from that.
	Scrub(ctx context.Context) error
}

// Lagging is an engine whose lists may lag behind the journal, by the streams that still have something pending (design §3.3).
type Lagging interface {
	// Pending returns how many records wait for their state document, or were until some seconds ago. More than a few for longer than ten seconds is a fault.
	Pending(ctx context.Context) (int64, error)
}

// Shelved is an engine that can tell which uploaded bytes it keeps.
type Shelved interface {
	// EachBlob calls f with the id of every kept upload, how many bytes it has and when it came, in any order, and stops at the first error, which it returns.
	EachBlob(ctx context.Context, f func(id string, size int64, at time.Time) error) error
}

// AnyRev as condition of PutEphemeral accepts any standing document or none.
const AnyRev int64 = -1

// Commit is one change as an engine sees it.
type Commit struct {
	// Stream is the stream key, Seq the number of the new record in it (1 for the first).
	Stream string
	Seq    int64
	// ID is the record id: journal.RecordID(Stream, Seq).
	ID string
	// Version is the journal format version, the first hashed byte.
	Version byte
	// Sealed is the record.
	Sealed []byte
	// Doc is the state document after the change; its Seq, N and Stream are set by the engine from the fields above.
	Doc Document
	// Guard, if not nil, is inserted before the record or with it (idempotency), under the rules of PutEphemeral with rev 0.
	Guard *Ephemeral
	// GuardNow is the moment at which a standing guard counts as expired or not.
	GuardNow time.Time
}

// Document is a state document with its index entries.
type Document struct {
	// Row is what lists give back.
	Row
	// Kind is the kind of the document.
	Kind string
	// Entries are the places of the document in the declared indexes, without duplicates; none for a deleted document.
	Entries []Entry
}

// Entry is one place of a document in an index: the rows of (Index, Key) are ordered by Sort, then stream key, both bytewise.
type Entry struct {
	Index, Key, Sort string
}

// Parts says which bytes of state documents a caller wants; the rest may be left nil.
type Parts uint8

// The parts of a Row besides its fixed fields.
const (
	// WithState fills Row.State.
	WithState Parts = 1 << iota
	// WithColumns fills Row.Columns.
	WithColumns
)

// Row is a state document: what the journal head says, in a form that lists can read.
type Row struct {
	// Stream is the stream key.
	Stream string
	// Sort is the sort text of the index entry through which List found the row; empty elsewhere.
	Sort string
	// Seq is the number of the record in its stream, N its log number (0 if not known yet).
	Seq, N int64
	// At is the time of the change, UTC, in milliseconds since 1970.
	At int64
	// Deleted marks a tombstone.
	Deleted bool
	// Columns are the stored list columns, JSON chosen by the kind; nil if it has none.
	Columns []byte
	// State is the canonical JSON of the state; nil for a tombstone.
	State []byte
}

// ListQuery asks for the rows of one (Kind, Index, Key) in order of (Sort, Stream).
type ListQuery struct {
	// Kind, Index and Key name the run of index entries.
	Kind, Index, Key string
	// Desc reverses the order.
	Desc bool
	// From, if not nil, is the place after which the rows begin (in the direction asked for).
	From *Place
	// Limit is the largest number of rows, 1 to 1,000.
	Limit int
	// Parts says which bytes are wanted.
	Parts Parts
}

// Place is a position in an index run.
type Place struct {
	Sort, Stream string
}

// NamedValue is a value with its name.
type NamedValue struct {
	Name  string
	Value []byte
}

// Ephemeral is a document without journal, as an engine sees it.
type Ephemeral struct {
	// Key is `<kind>/<id>`.
	Key string
	// Rev counts the writes of this document; set by the engine.
	Rev int64
	// Now is the moment of the write: a standing document that expired at or before it counts as none.
	Now time.Time
	// Expires is when the document ceases to exist for readers; the sweep removes it later.
	Expires time.Time
	// Body is the content.
	Body []byte
}

// GuardTaken is returned by Engine.Commit when the guard stands already: a retry, or the same idempotency key for something else.
type GuardTaken struct {
	// Standing is the guard that was there.
	Standing Ephemeral
}

// Error says what stands.
func (e *GuardTaken) Error() string { return "guard taken: " + e.Standing.Key }

// BlobWriter takes the bytes of one upload. Nothing can be read before Keep returned nil, and nothing stays after Abort or a crash
// (leftovers of a crash are removed at the next start).
type BlobWriter interface {
	io.Writer
	// Keep makes the bytes durable and returns the id to open them with: one of its own for every upload, also of equal bytes. sha256 is the hex
	// hash of what was written. No method may be called afterwards.
	Keep(sha256 string) (id string, err error)
	// Abort discards everything. It does nothing after Keep.
	Abort() error
}
