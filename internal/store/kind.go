package store

import (
	"time"

	"redsteward/internal/journal"
)

// Limits of the contract.
const (
	// MaxIndexes is the largest number of ordered indexes of a kind.
	MaxIndexes = 4
	// MaxIn is the largest number of keys of one query.
	MaxIn = 64
	// MaxResidual is the largest number of rows that a filter outside the index may read.
	MaxResidual = 20_000
	// MaxLimit is the largest page.
	MaxLimit = 500
	// DefaultLimit is the page when a query does not say.
	DefaultLimit = 20
	// MaxIndexText is the largest key or sort text in bytes.
	MaxIndexText = 200
)

// Kind describes one kind of document. T is a struct; its text fields carry a tag `privacy:"pii"`, `"public"` or `"internal"`,
// its times are journal.Time, it has no floats and no interfaces (see CheckType).
type Kind[T any] struct {
	// Name is the first part of every stream key, one valid part; it never changes.
	Name string
	// Version is the version of T's stored form, from 1; it is written into every record.
	Version int
	// Indexes are the ordered indexes, at most MaxIndexes. Lists exist only over them.
	Indexes []Index[T]
	// Columns, if not nil, gives the list columns stored beside the state: a struct under the rules of T, without pii field, stored as JSON
	// and handed out by Collection.Rows without decoding the state. It must work on a zero T.
	Columns func(id string, s *T) any
	// Subject, if not nil, names the person (an opaque id, one to four valid parts) whose key encrypts the pii fields. It must be set if T has
	// any. "" means that this document has no subject: then its pii fields must be empty. The subject of a stream must not change.
	Subject func(id string, s *T) string
	// AlwaysPresent: a context of KnownAt does not change what the collection answers, one of WholePast does; for what says who may do what now.
	AlwaysPresent bool
}

// Index is one declared order of a kind.
type Index[T any] struct {
	// Name is one valid part; it never changes meaning: a changed index gets a new name and a rebuild.
	Name string
	// Keys gives the keys under which the document is listed: scope keys, search bigrams, "" for a list of all. No key: not listed.
	// A key is at most MaxIndexText bytes and never holds personal data.
	Keys func(id string, s *T) []string
	// Sort gives the text by which the rows of a key are ordered, bytewise; see SortInt and SortTime. nil: by id only.
	Sort func(id string, s *T) string
}

// Meta says who changes something, what, why and because of what. It is sealed into the record.
type Meta struct {
	// By is the opaque id of the actor, one valid part; never a name or a login.
	By string
	// Action is the business action, one valid part such as "evidence.submit".
	Action string
	// Why is the reason given, at most 500 characters, without personal data; often "".
	Why string
	// Cause is `<record id>/<rule>` if a rule made this change, else "". Collection.Follow sets it.
	Cause string
	// At is when the change counts as made; zero: now by the store's clock.
	At time.Time
	// Idem, if not nil, makes a retry of the same request safe.
	Idem *Idem
}

// Idem identifies a request so that it takes effect once.
type Idem struct {
	// Key is what the client sent as its idempotency key, 1–200 bytes.
	Key string
	// Body is the request as received (or its hash): the same key with another body is refused.
	Body []byte
}

// Doc is a document as of one record.
type Doc[T any] struct {
	// ID is the id without kind.
	ID string
	// Seq is the number of the last record of the stream: give it to Commit as afterSeq.
	Seq int64
	// N is its log number, 0 if not known yet.
	N int64
	// At is when that change was made, UTC.
	At time.Time
	// Deleted marks a tombstone; State is then the zero value.
	Deleted bool
	// Purged says that the key of the subject was destroyed; every pii field reads PurgedText.
	Purged bool
	// State is the whole state after the change.
	State T
}

// Change is a document with who changed it and why.
type Change[T any] struct {
	Doc[T]
	// Meta is what was sealed; its Idem is nil.
	Meta Meta
	// RecordID is the id of the record.
	RecordID string
	// Hash is the hash of the record.
	Hash journal.Hash
}

// Query asks for one page: one index, one key or up to MaxIn keys, one direction.
type Query struct {
	// Index is the name of a declared index.
	Index string
	// Key is the one key asked for; ignored if In is not nil.
	Key string
	// In asks for rows under any of these keys, each row once; an empty, non-nil list gives an empty page.
	In []string
	// Prefix, if not "", keeps the rows whose sort text begins so; nothing else is read.
	Prefix string
	// Desc reverses the order.
	Desc bool
	// After is Page.Next of the page before, "" for the first. It is valid only for the same Index and Desc.
	After string
	// Limit is the page size, 1 to MaxLimit; 0 means DefaultLimit.
	Limit int
}

// Page is a list of documents.
type Page[T any] struct {
	// Docs are in index order.
	Docs []Doc[T]
	// Next is the cursor of the next page, "" if this is the last.
	Next string
}

// RowPage is a list of stored list columns.
type RowPage struct {
	// Rows are in index order.
	Rows []ListRow
	// Next is the cursor of the next page, "" if this is the last.
	Next string
}

// ListRow is one row of stored list columns.
type ListRow struct {
	// ID is the id without kind; Seq and N as in Doc.
	ID     string
	Seq, N int64
	// Columns is the JSON that Kind.Columns gave.
	Columns []byte
}
