// Package journal is the format of the change log: how a change is sealed, chained, numbered and proved.
// It stores nothing; the engines under internal/store keep the bytes.
//
//  1. A stream key is `<2 hex of SHA-256(kind/id)>/<kind>/<id>`; an id has 1–4 parts in [0-9A-Za-z._-]{1,64} joined by "/".
//  2. A record id is the stream key, "/" and the sequence number in 10 digits, from 0000000001. Inserting it is the only lock.
//  3. Sealed bytes are canonical JSON, at most 64 KiB, and begin with the record's own id: a record cannot be moved unseen.
//  4. hash = SHA-256(version ‖ hash of the record before it in the stream, 32 zero bytes for the first ‖ sealed).
//  5. Every record gets a log number n = 1, 2, 3 … without gaps; within a stream n grows with seq.
//  6. The log is an RFC 6962 tree whose leaf n-1 is the record hash with number n; a checkpoint is its size and root, signed (Ed25519).
//  7. Verifying hashes stored bytes and decodes nothing.
//
// These formats are laid for good: data written today must be readable by every later version. A new format gets a new Version.
package journal

// Version is the format of the records written by this program: the first byte that is hashed.
const Version byte = 1

// MaxSealed is the largest sealed record in bytes (64 KiB).
const MaxSealed = 64 << 10

// HashSize is the length of a record hash in bytes.
const HashSize = 32

// Hash is the SHA-256 of a record and its predecessors in the stream. The zero value stands before the first record.
type Hash [HashSize]byte

// Record is one stored change. Engines store every field; only N may come later than the rest.
type Record struct {
	// ID is the record id: stream key, "/" and Seq in 10 digits.
	ID string
	// N is the log number, from 1; 0 while an engine has not numbered the record yet.
	N int64
	// Version is the format of Sealed and Hash, see the constant Version.
	Version byte
	// Hash chains the record to the one before it in its stream.
	Hash Hash
	// Sealed is the canonical JSON that was hashed, see Seal.
	Sealed []byte
}
