// Package store is the one contract above the engines: documents with a journal.
//
//  1. A change is accepted if and only if its record was inserted; one command changes one stream.
//  2. Load reads the journal head; lists read state documents, which may lag behind by pending streams only.
//  3. Two writers of one stream: the unique record id lets one through, the other gets Conflict and changes nothing.
//  4. Personal data is stored and sealed only as ciphertext under the key of its subject; Purge destroys the key, the log stays verifiable.
//  5. A query reads one declared index; there is no other way to list.
//  6. What has no journal (sessions, leases, limits, progress, drafts) expires.
//  7. Acknowledged means on disk.
package store

import (
	"context"
	"errors"
	"io"
	"time"
)

// Options configure Open. The zero value of each field has a safe meaning, except Now and MasterKey.
type Options struct {
	// Now is the clock that stamps changes and expiries; required.
	Now func() time.Time
	// MasterKey are 32 bytes that wrap every other secret; see MasterKeyFile. Required unless ReadOnly: then personal data stays unreadable.
	MasterKey []byte
	// ReadOnly refuses every write with Forbidden.
	ReadOnly bool
}

// DB is an open data folder or database: one bureau.
type DB struct {
	engine Engine
	opt    Options
}

var errPending = errors.New("store: declared, not yet built")

// Open prepares an engine: it creates secrets at first start, refuses data of a newer version (Invalid, naming both versions) and settles
// what a crash left. The DB owns the engine from then on, also when Open fails.
func Open(ctx context.Context, engine Engine, opt Options) (*DB, error) { return nil, errPending }

// MasterKeyFile reads the master key from the file `master.key` in a data folder and creates it with mode 0600 if create is set
// and it does not exist. Returns NotFound if it does not exist, Invalid if it is damaged or readable by others.
func MasterKeyFile(dir string, create bool) ([]byte, error) { return nil, errPending }

// Close signs a last checkpoint (unless read-only) and closes the engine.
func (db *DB) Close() error { return errPending }

// Engine returns the engine, for verifying and benchmarks.
func (db *DB) Engine() Engine { return db.engine }

// Now returns the store's time: UTC, cut to milliseconds.
func (db *DB) Now() time.Time { return db.opt.Now() }

// Secret returns 32 bytes kept under a name ("cookie", "csrf" …), generated at first use, the same for every process of the database.
func (db *DB) Secret(ctx context.Context, name string) ([]byte, error) { return nil, errPending }

// MAC returns the 64 hex digits of HMAC-SHA-256 over text under the database's own key for the purpose: an id part that hides
// a name, phone, login or household.
func (db *DB) MAC(purpose, text string) string { return "" }

// NewID returns a fresh opaque id part: 32 hex digits, random; the same again for a retry of the same Idem by the same actor.
func (db *DB) NewID(meta Meta) string { return "" }

// Claim gives a key (a login, a phone, a licence number) to a stream, as `claim/<name>/<HMAC(key)>`. The target is "<kind>/<id>".
// Claiming again for the same target succeeds. Returns Conflict if another stream holds the key; a claim whose target has no record
// is an orphan and can be taken after OrphanAfter.
func (db *DB) Claim(ctx context.Context, meta Meta, name, key, target string) error { return errPending }

// OrphanAfter is how long a claim without a target is kept for its maker.
const OrphanAfter = 15 * time.Minute

// Claimed returns the "<kind>/<id>" that holds a key. Returns NotFound if nobody does.
func (db *DB) Claimed(ctx context.Context, name, key string) (target string, err error) {
	return "", errPending
}

// Release gives a key free if target holds it. Returns Conflict if another stream holds it; no error if nobody does.
func (db *DB) Release(ctx context.Context, meta Meta, name, key, target string) error {
	return errPending
}

// PurgedText is what a pii field reads after its subject's key was destroyed.
const PurgedText = "（已清除）"

// Purge destroys the key of a subject for good and journals that as `purge/<subject>`. Twice is once.
func (db *DB) Purge(ctx context.Context, meta Meta, subject string) error { return errPending }

// Lease takes or renews a named lease for holder until now+ttl. Returns Conflict if somebody else holds it.
func (db *DB) Lease(ctx context.Context, name, holder string, ttl time.Duration) error {
	return errPending
}

// Unlease gives a lease back if holder has it.
func (db *DB) Unlease(ctx context.Context, name, holder string) error { return errPending }

// Sweep removes expired documents without journal and returns how many.
func (db *DB) Sweep(ctx context.Context) (int64, error) { return 0, errPending }

// Event is one record as a rule sees it.
type Event struct {
	// RecordID, Kind, ID, Seq, N as in Change.
	RecordID, Kind, ID string
	Seq, N             int64
	// Meta is what was sealed.
	Meta Meta
}

// Rule is a follow-up: it reads every record of some kinds in log order and makes changes through Collection.Follow.
type Rule struct {
	// Name is one valid part; it never changes.
	Name string
	// Kinds are the kinds whose records it reads.
	Kinds []string
	// Apply handles one record. It may run more than once for the same record (after a crash) and must then change nothing more, which
	// Collection.Follow guarantees for its own changes. An error stops this rule at this record until the next run.
	Apply func(ctx context.Context, e Event) error
}

// Register adds a rule; before the first RunRules.
func (db *DB) Register(r Rule) error { return errPending }

// RunRules lets every rule read up to the end of the log and returns how many records were handled. Only one process may run it at a
// time: hold a Lease when several share a database.
func (db *DB) RunRules(ctx context.Context) (int, error) { return 0, errPending }

// Checkpoint signs the log up to its present end and stores the signed note, which it returns.
func (db *DB) Checkpoint(ctx context.Context) ([]byte, error) { return nil, errPending }

// File is a stored file.
type File struct {
	// SHA256 is the hex hash of the bytes and the id of the file.
	SHA256 string
	// Size is in bytes.
	Size int64
}

// PutFile streams r into the store, refuses more than limit bytes (Invalid) and claims `file/<sha256>` last. Equal bytes are stored once.
func (db *DB) PutFile(ctx context.Context, meta Meta, r io.Reader, limit int64) (File, error) {
	return File{}, errPending
}

// OpenFile opens a stored file. Returns NotFound if it was never claimed or was removed.
func (db *DB) OpenFile(ctx context.Context, sha256 string) (io.ReadSeekCloser, File, error) {
	return nil, File{}, errPending
}

// RemoveFile removes the bytes of a file and leaves a tombstone.
func (db *DB) RemoveFile(ctx context.Context, meta Meta, sha256 string) error { return errPending }
