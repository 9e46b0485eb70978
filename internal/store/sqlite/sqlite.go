// Package sqlite is the embedded engine: one data folder, nothing to install.
//
//  1. A record, its state document, its index entries and its log number are written in one transaction.
//  2. One goroutine writes. Changes that wait at the same moment share a transaction and so one flush to disk.
//  3. A call returns only after its transaction is on disk (synchronous=FULL), unless the folder was opened relaxed for loading.
//  4. One process writes a folder; others may read it beside the writer.
//  5. Uploaded bytes lie in the folder "files", named by their SHA-256.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// FileName is the database in the data folder.
const FileName = "redsteward.db"

// schemaVersion is the layout of the tables below, kept in user_version. A newer one is refused.
const schemaVersion = 1

// schema: the log is a table in order of n, so that appending and reading it are sequential. A state document keeps its own index
// entries, because a change must take the old ones away without a second index.
const schema = `
CREATE TABLE record (n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, version INTEGER NOT NULL, hash BLOB NOT NULL, sealed BLOB NOT NULL);
CREATE TABLE doc (doc INTEGER PRIMARY KEY, kind TEXT NOT NULL, stream TEXT NOT NULL, seq INTEGER NOT NULL, n INTEGER NOT NULL, at INTEGER NOT NULL,
	deleted INTEGER NOT NULL, columns BLOB, entries BLOB, state BLOB, UNIQUE (kind, stream));
CREATE TABLE entry (kind TEXT NOT NULL, idx TEXT NOT NULL, key TEXT NOT NULL, sort TEXT NOT NULL, stream TEXT NOT NULL, doc INTEGER NOT NULL,
	PRIMARY KEY (kind, idx, key, sort, stream)) WITHOUT ROWID;
CREATE TABLE declared (kind TEXT NOT NULL, idx TEXT NOT NULL, PRIMARY KEY (kind, idx)) WITHOUT ROWID;
CREATE TABLE value (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE ephemeral (key TEXT PRIMARY KEY, rev INTEGER NOT NULL, expires INTEGER NOT NULL, body BLOB NOT NULL) WITHOUT ROWID;
CREATE INDEX ephemeral_expires ON ephemeral (expires);
`

// Options say how a folder is opened. The zero value is safe.
type Options struct {
	// ReadOnly opens beside a writer and refuses every write.
	ReadOnly bool
	// Relaxed does not wait for the disk until Harden: for loading a folder that is thrown away if loading fails.
	Relaxed bool
}

// Engine is an open data folder. It implements store.Engine.
type Engine struct {
	dir      string
	readOnly bool
	lock     *os.File
	writer   *writer
	readers  *sql.DB
	read     statements
	// relaxed: the bytes of files are not on disk before Harden.
	relaxed atomic.Bool
	closing sync.Once
	closed  error
}

// Open opens a data folder and creates it if it does not exist. Returns Conflict if another process writes it, Invalid if its tables
// are of a newer version, NotFound if it is opened read-only and does not exist, Unavailable if the disk refuses, Internal if it is damaged.
func Open(ctx context.Context, dir string, opt Options) (*Engine, error) {
	const op = "sqlite.Open"
	e := &Engine{dir: dir, readOnly: opt.ReadOnly}
	e.relaxed.Store(opt.Relaxed)
	path := filepath.Join(dir, FileName)
	if opt.ReadOnly {
		if _, err := os.Stat(path); err != nil {
			return nil, fault.Wrap(op, fault.NotFound, fmt.Sprintf("“%s”里没有红色管家的数据", dir), err)
		}
	} else {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, translate(op, err)
		}
		lock, err := lockFolder(dir)
		if err != nil {
			return nil, err
		}
		e.lock = lock
	}
	if err := e.open(ctx, path, opt); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

func (e *Engine) open(ctx context.Context, path string, opt Options) error {
	const op = "sqlite.Open"
	if !opt.ReadOnly {
		w, err := openWriter(ctx, path, opt.Relaxed)
		if err != nil {
			return err
		}
		e.writer = w
		if err := e.cleanUploads(); err != nil {
			return translate(op, err)
		}
	}
	readers, err := sql.Open("sqlite", dsn(path, true, "FULL"))
	if err != nil {
		return translate(op, err)
	}
	readers.SetMaxOpenConns(readConnections)
	readers.SetMaxIdleConns(readConnections)
	e.readers = readers
	if err := checkSchema(ctx, readers); err != nil {
		return err
	}
	return e.read.prepare(ctx, readers)
}

// What the memory of the pages of a folder is bounded by: each of the connections that read, and the one that writes, keeps its own pages, at most 9 × 16 MB; what the kernel maps is given back when memory is short.
const (
	// readConnections are more than there are cores: one reads while another waits for the disk.
	readConnections = 8
	// pageKiB is the largest cache of one connection, mappedBytes how much of the file is mapped.
	pageKiB     = 16_000
	mappedBytes = 256 << 20
)

// dsn names a database with its settings. Deleted bytes are overwritten (secure_delete), because a destroyed key must not linger.
func dsn(path string, readOnly bool, synchronous string) string {
	q := url.Values{}
	q.Add("_pragma", "busy_timeout(10000)")
	q.Add("_pragma", "foreign_keys(0)")
	q.Add("_pragma", fmt.Sprintf("cache_size(-%d)", pageKiB))
	q.Add("_pragma", fmt.Sprintf("mmap_size(%d)", mappedBytes))
	if readOnly {
		q.Set("mode", "ro")
	} else {
		q.Add("_pragma", "journal_mode(WAL)")
		q.Add("_pragma", "synchronous("+synchronous+")")
		q.Add("_pragma", "secure_delete(ON)")
		q.Add("_pragma", "wal_autocheckpoint(4000)")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

type queryer interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// checkSchema refuses tables of another version.
func checkSchema(ctx context.Context, db queryer) error {
	var found int
	if err := db.QueryRowContext(ctx, "PRAGMA user_version").Scan(&found); err != nil {
		return translate("sqlite.Open", err)
	}
	if found != schemaVersion {
		return fault.New("sqlite.Open", fault.Invalid, fmt.Sprintf("数据目录的格式是第 %d 版，本程序只能打开第 %d 版，请换用相应版本的程序", found, schemaVersion))
	}
	return nil
}

// Harden flushes a folder that was opened relaxed and makes every later call wait for the disk. No file may be uploaded while it runs.
func (e *Engine) Harden(ctx context.Context) error {
	// First the files, then the records that name them.
	if e.relaxed.Swap(false) {
		if err := e.syncFiles(); err != nil {
			e.relaxed.Store(true)
			return translate("sqlite.Harden", err)
		}
	}
	return e.write(ctx, "sqlite.Harden", nil, func(c *sql.Conn) error {
		for _, pragma := range []string{"PRAGMA synchronous=FULL", "PRAGMA wal_checkpoint(TRUNCATE)"} {
			if _, err := c.ExecContext(ctx, pragma); err != nil {
				return err
			}
		}
		e.writer.relaxed = false
		return nil
	})
}

// Scrub implements store.Scrubber: it empties the write-ahead log. The tables themselves overwrite what they free (secure_delete).
func (e *Engine) Scrub(ctx context.Context) error {
	const op = "sqlite.Scrub"
	return e.write(ctx, op, nil, func(c *sql.Conn) error {
		var busy, pages, moved int
		if err := c.QueryRowContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)").Scan(&busy, &pages, &moved); err != nil {
			return err
		}
		if busy != 0 {
			return fault.New(op, fault.Unavailable, "有人正在读取数据，旧的密钥尚未从磁盘上抹去，请稍后重试")
		}
		return nil
	})
}

// Close implements store.Engine.
func (e *Engine) Close() error {
	e.closing.Do(func() {
		var errs []error
		if e.writer != nil {
			errs = append(errs, e.writer.close())
		}
		e.read.close()
		if e.readers != nil {
			errs = append(errs, e.readers.Close())
		}
		if e.lock != nil {
			errs = append(errs, e.lock.Truncate(0), e.lock.Close())
		}
		e.closed = translate("sqlite.Close", errors.Join(errs...))
	})
	return e.closed
}

// Settle implements store.Engine: here everything is done at once.
func (e *Engine) Settle(context.Context) error { return nil }

// writable refuses writes on a folder that was opened to read.
func (e *Engine) writable(op string) error {
	if e.readOnly {
		return fault.New(op, fault.Forbidden, "数据目录是以只读方式打开的，不能写入")
	}
	return nil
}

// translate gives an error of the database or the disk its kind. Errors that have one already pass through.
func translate(op string, err error) error {
	if err == nil {
		return nil
	}
	if known := (*fault.Error)(nil); errors.As(err, &known) {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(op, fault.Unavailable, "操作已中断，请重试", err)
	}
	if store.IsFull(err) {
		return store.Full(op, err)
	}
	if errors.Is(err, os.ErrPermission) {
		return fault.Wrap(op, fault.Unavailable, "没有读写数据目录的权限", err)
	}
	if broken := (*driver.Error)(nil); errors.As(err, &broken) {
		switch broken.Code() & 0xff {
		case codes.SQLITE_FULL:
			return store.Full(op, err)
		case codes.SQLITE_BUSY, codes.SQLITE_LOCKED, codes.SQLITE_IOERR, codes.SQLITE_CANTOPEN, codes.SQLITE_READONLY, codes.SQLITE_INTERRUPT:
			return fault.Wrap(op, fault.Unavailable, "数据暂时不能读写，请稍后重试", err)
		}
	}
	return fault.Wrap(op, fault.Internal, "数据文件不能读取，可能已损坏", err)
}

// statements are the prepared readers; preparing costs more than running most of them.
type statements struct {
	head, heads, record, history, log, lastN, value, values, ephemeral, listEphemeral, eachHead *sql.Stmt
	each, list                                                                                  [4]*sql.Stmt
	listDesc                                                                                    [4]*sql.Stmt
}

// partColumns are the columns that rowReader scans behind the first two.
func partColumns(parts store.Parts, table string) string {
	text := table + "seq, " + table + "n, " + table + "at"
	if parts&store.WithColumns != 0 {
		text += ", " + table + "columns"
	}
	if parts&store.WithState != 0 {
		text += ", " + table + "state"
	}
	return text
}

// The list queries, also read by the plan test. From place (?4, ?5) is exclusive; CROSS JOIN keeps the order of the index. A deleted document has no entry.
func listSQL(parts store.Parts, desc bool) string {
	order, beyond := "ASC", ">"
	if desc {
		order, beyond = "DESC", "<"
	}
	return `SELECT entry.stream, entry.sort, ` + partColumns(parts, "doc.") + ` FROM entry CROSS JOIN doc ON doc.doc = entry.doc
		WHERE entry.kind = ?1 AND entry.idx = ?2 AND entry.key = ?3 AND (entry.sort, entry.stream) ` + beyond + ` (?4, ?5)
		ORDER BY entry.sort ` + order + `, entry.stream ` + order + ` LIMIT ?6`
}

const (
	headSQL = `SELECT id, n, version, hash, sealed FROM record WHERE id > ?1 AND id <= ?2 AND length(id) = ?3 ORDER BY id DESC LIMIT 1`
	// headsSQL is headSQL for each stream of a JSON list.
	headsSQL = `SELECT record.id, n, version, hash, sealed FROM json_each(?1) AS wanted CROSS JOIN record ON record.id = (SELECT id FROM record
		WHERE id > wanted.value || '/0000000000' AND id <= wanted.value || '/9999999999' AND length(id) = length(wanted.value) + 11 ORDER BY id DESC LIMIT 1)`
	recordSQL        = `SELECT id, n, version, hash, sealed FROM record WHERE id = ?1`
	historySQL       = `SELECT id, n, version, hash, sealed FROM record WHERE id > ?1 AND id <= ?2 AND length(id) = ?3 ORDER BY id LIMIT ?4`
	logSQL           = `SELECT id, n, version, hash, sealed FROM record WHERE n > ?1 AND n <= ?2 ORDER BY n`
	lastNSQL         = `SELECT coalesce(max(n), 0) FROM record`
	valueSQL         = `SELECT value FROM value WHERE name = ?1`
	valuesSQL        = `SELECT name, value FROM value WHERE name > ?1 AND name < ?2 ORDER BY name LIMIT ?3`
	ephemeralSQL     = `SELECT rev, expires, body FROM ephemeral WHERE key = ?1`
	listEphemeralSQL = `SELECT key, rev, expires, body FROM ephemeral WHERE key > ?1 AND key < ?2 AND expires > ?3 ORDER BY key LIMIT ?4`
	eachHeadSQL      = `SELECT stream, seq, n FROM doc WHERE doc > ?1 ORDER BY doc`
)

func eachSQL(parts store.Parts) string {
	return `SELECT stream, deleted, ` + partColumns(parts, "") + ` FROM doc WHERE kind = ?1 AND stream > ?2 ORDER BY stream LIMIT ?3`
}

func (s *statements) prepare(ctx context.Context, db *sql.DB) error {
	wanted := map[**sql.Stmt]string{
		&s.head: headSQL, &s.heads: headsSQL, &s.record: recordSQL, &s.history: historySQL, &s.log: logSQL, &s.lastN: lastNSQL, &s.value: valueSQL,
		&s.values: valuesSQL, &s.ephemeral: ephemeralSQL, &s.listEphemeral: listEphemeralSQL, &s.eachHead: eachHeadSQL,
	}
	for parts := range store.Parts(4) {
		wanted[&s.each[parts]], wanted[&s.list[parts]], wanted[&s.listDesc[parts]] = eachSQL(parts), listSQL(parts, false), listSQL(parts, true)
	}
	for stmt, text := range wanted {
		prepared, err := db.PrepareContext(ctx, text)
		if err != nil {
			return translate("sqlite.Open", fmt.Errorf("%s: %w", strings.TrimSpace(text), err))
		}
		*stmt = prepared
	}
	return nil
}

// close forgets the statements; closing the pool frees them.
func (s *statements) close() { *s = statements{} }
