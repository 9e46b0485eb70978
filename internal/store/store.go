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
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// DataVersion is the form of the data that this program writes. Data of a newer form is refused, older data is brought to it by Upgrade.
//
//	1  journal, states, values
//	2  says besides by what its state documents were made (shapes), so that a program with other lists makes them anew; one of form 1 would leave them as they are
const DataVersion = 2

const dataVersionName = "data_version"

// Options configure Open. The zero value of each field has a safe meaning, except Now and MasterKey.
type Options struct {
	// Now is the clock that stamps changes and expiries; required.
	Now func() time.Time
	// MasterKey are 32 bytes that wrap every other secret; see MasterKeyFile. Required unless ReadOnly: then personal data stays unreadable.
	MasterKey []byte
	// ReadOnly refuses every write with Forbidden.
	ReadOnly bool
	// Stopwatch is the clock by which reading is measured (SlowReads); nil measures nothing.
	Stopwatch func() time.Time
	// Restoring opens data whose restoring is not over (BeginRestore): for making the state documents.
	Restoring bool
}

// DB is an open data folder or database: one bureau.
type DB struct {
	engine Engine
	opt    Options
	macKey []byte
	keys   keyring
	pasts  pasts
	slow   slowReads
	claims *Collection[claimState]
	purges *Collection[purgeState]
	files  *Collection[fileState]
	leases *EphemeralCollection[leaseState]

	// mu guards what is registered while the program starts, and the checkpoint.
	mu       sync.Mutex
	kinds    map[string]func(context.Context, journal.Record) (Document, error)
	places   map[string]map[string]StoredField // of every kind, by path
	shapes   map[string]string                 // of every kind, what its state documents are made by
	rules    []Rule
	running  bool
	closed   bool
	closeErr error
}

// Open prepares an engine: it creates secrets at first start, refuses data of a newer version (Invalid, naming both versions) and settles
// what a crash left. The DB owns the engine from then on, also when Open fails.
func Open(ctx context.Context, engine Engine, opt Options) (*DB, error) {
	db := &DB{engine: engine, opt: opt, keys: keyring{keys: map[string]heldKey{}}, kinds: map[string]func(context.Context, journal.Record) (Document, error){}, places: map[string]map[string]StoredField{}, shapes: map[string]string{}}
	if err := db.open(ctx); err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return db, nil
}

func (db *DB) open(ctx context.Context) error {
	const op = "store.Open"
	if db.opt.Now == nil || db.opt.MasterKey == nil && !db.opt.ReadOnly || db.opt.MasterKey != nil && len(db.opt.MasterKey) != keySize {
		return fault.New(op, fault.Internal, "打开数据需要时钟和 32 字节的主密钥")
	}
	if err := db.checkRestored(ctx); err != nil {
		return err
	}
	if err := db.checkVersion(ctx); err != nil {
		return err
	}
	if !db.opt.ReadOnly {
		if err := db.engine.Settle(ctx); err != nil {
			return err
		}
	}
	if db.opt.MasterKey != nil {
		key, err := db.Secret(ctx, "mac")
		if err != nil {
			return err
		}
		db.macKey = key
	}
	var err error
	if db.claims, err = NewCollection(ctx, db, Kind[claimState]{Name: "claim", Version: 1, AlwaysPresent: true}); err != nil {
		return err
	}
	if db.purges, err = NewCollection(ctx, db, Kind[purgeState]{Name: "purge", Version: 1, AlwaysPresent: true}); err != nil {
		return err
	}
	if db.files, err = NewCollection(ctx, db, fileDocument()); err != nil {
		return err
	}
	if db.leases, err = NewEphemeral[leaseState](db, "lease"); err != nil {
		return err
	}
	return db.Register(db.purgeRule())
}

func (db *DB) checkVersion(ctx context.Context) error {
	const op = "store.Open"
	text, err := db.engine.Value(ctx, dataVersionName)
	if fault.Is(err, fault.NotFound) && !db.opt.ReadOnly {
		text, err = db.engine.InsertValue(ctx, dataVersionName, []byte(strconv.Itoa(DataVersion)))
	}
	if err != nil {
		return err
	}
	found, err := strconv.Atoi(string(text))
	if err != nil {
		return fault.Wrap(op, fault.Internal, "数据版本号已损坏", err)
	}
	if found > DataVersion {
		return fault.New(op, fault.Invalid, fmt.Sprintf("数据是第 %d 版，本程序只认识到第 %d 版，请换用新的程序", found, DataVersion))
	}
	return nil
}

// Close signs a last checkpoint (unless read-only) and closes the engine. Closing twice is closing once.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.closed {
		return db.closeErr
	}
	db.closed = true
	var err error
	if !db.opt.ReadOnly {
		_, err = db.checkpoint(context.Background())
	}
	db.closeErr = errors.Join(err, db.engine.Close())
	return db.closeErr
}

// Pending returns how many records the lists may not show yet; always 0 where an engine writes record and state at once.
func (db *DB) Pending(ctx context.Context) (int64, error) {
	if lagging, ok := db.engine.(Lagging); ok {
		return lagging.Pending(ctx)
	}
	return 0, nil
}

// Fields returns every stored place of every declared kind, sorted by path.
func (db *DB) Fields() map[string][]StoredField {
	db.mu.Lock()
	defer db.mu.Unlock()
	out := make(map[string][]StoredField, len(db.places))
	for kind, places := range db.places {
		out[kind] = slices.SortedFunc(maps.Values(places), func(a, b StoredField) int { return strings.Compare(a.Path, b.Path) })
	}
	return out
}

// Engine returns the engine, for verifying and benchmarks.
func (db *DB) Engine() Engine { return db.engine }

// Now returns the store's time: UTC, cut to milliseconds.
func (db *DB) Now() time.Time { return journal.At(db.opt.Now()).Time }

// NewID returns a fresh opaque id part: 32 hex digits, random; the same again for a retry of the same Idem by the same actor.
func (db *DB) NewID(meta Meta) string {
	if meta.Idem != nil {
		return db.MAC("id", meta.By+"/"+meta.Action+"/"+meta.Idem.Key)[:32]
	}
	return randomHex()
}

// randomHex gives 32 hex digits. rand.Read never fails: it ends the program if the system has no randomness.
func randomHex() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// Rebuild makes every state document anew from the journal and returns how many records it read. Only kinds that have a Collection are rebuilt.
func (db *DB) Rebuild(ctx context.Context) (int64, error) {
	read, err := db.rebuild(ctx, nil)
	if err != nil {
		return read, err
	}
	db.mu.Lock()
	shapes := maps.Clone(db.shapes)
	db.mu.Unlock()
	return read, db.upgraded(ctx, shapes)
}

// rebuild is Rebuild of some kinds; nil for all.
func (db *DB) rebuild(ctx context.Context, kinds map[string]bool) (int64, error) {
	var after, read int64
	for {
		batch, err := readLog(ctx, db.engine, after)
		if err != nil || len(batch) == 0 {
			return read, err
		}
		for _, r := range batch {
			read++
			after = r.N
			stream, _, err := journal.ParseRecordID(r.ID)
			if err != nil {
				return read, err
			}
			kind, _, err := journal.ParseStreamKey(stream)
			if err != nil {
				return read, err
			}
			db.mu.Lock()
			build := db.kinds[kind]
			db.mu.Unlock()
			if build == nil || kinds != nil && !kinds[kind] {
				continue
			}
			d, err := build(ctx, r)
			if err != nil {
				return read, err
			}
			if err := db.engine.PutRow(ctx, d); err != nil {
				return read, err
			}
		}
	}
}

// logBatch is how many records are held in memory at once while the log is read to be acted upon.
const logBatch = 256

// errEnough ends a batch; it never leaves readLog.
var errEnough = errors.New("enough")

// readLog returns copies of the next records after n.
func readLog(ctx context.Context, engine Engine, after int64) ([]journal.Record, error) {
	var batch []journal.Record
	err := engine.Log(ctx, after, after+logBatch, func(r journal.Record) error {
		r.Sealed = append([]byte(nil), r.Sealed...)
		batch = append(batch, r)
		if len(batch) == logBatch {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	return batch, nil
}
