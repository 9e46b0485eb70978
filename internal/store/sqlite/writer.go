package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// maxGroup is how many changes share one transaction: enough to hide the flush, few enough that the first one waits only milliseconds.
const maxGroup = 128

// request is one change on its way to the writer. run has all or nothing effects only through the transaction: if it returns an error
// for which refused is true, it has written nothing, and the others of its group go on. After a failure of its group run is called again.
type request struct {
	run   func(c *sql.Conn) error
	alone bool // outside a transaction (pragmas)
	done  chan error
	err   error
}

// newHead is a record that becomes the head of its stream.
type newHead struct {
	stream string
	record journal.Record
}

// writer owns the only connection that writes.
type writer struct {
	db    *sql.DB
	conn  *sql.Conn
	stmts writerStatements
	// lastN is the last log number, -1 if it must be read: nobody else writes this file. Only the writing goroutine touches it and relaxed, which Harden ends.
	lastN    int64
	relaxed  bool
	requests chan *request
	// heads are told what changed of the transaction that is being written, once it is on disk.
	heads   *heads
	changed []newHead
	stopped chan struct{}
	// sending is held (shared) while a request is handed over, and exclusively to close, so that no request is sent into a closed channel.
	sending sync.RWMutex
	closed  bool
}

func openWriter(ctx context.Context, path string, relaxed bool) (*writer, error) {
	const op = "sqlite.Open"
	synchronous := "FULL"
	if relaxed {
		synchronous = "OFF"
	}
	// The database file is made with the mode of the folder's owner only: the driver would use the umask.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, translate(op, err)
	}
	if err := f.Close(); err != nil {
		return nil, translate(op, err)
	}
	db, err := sql.Open("sqlite", dsn(path, false, synchronous))
	if err != nil {
		return nil, translate(op, err)
	}
	db.SetMaxOpenConns(1)
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(translate(op, err), db.Close())
	}
	w := &writer{db: db, conn: conn, lastN: -1, relaxed: relaxed, heads: newHeads(), requests: make(chan *request, maxGroup), stopped: make(chan struct{})}
	if err := w.start(ctx); err != nil {
		return nil, errors.Join(err, conn.Close(), db.Close())
	}
	go w.loop()
	return w, nil
}

// start creates the tables of an empty file and prepares the statements.
func (w *writer) start(ctx context.Context) error {
	const op = "sqlite.Open"
	var tables int
	if err := w.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return translate(op, err)
	}
	if tables == 0 {
		if _, err := w.conn.ExecContext(ctx, "BEGIN;"+schema+"PRAGMA user_version=1;COMMIT"); err != nil {
			return translate(op, err)
		}
	}
	if err := checkSchema(ctx, w.conn); err != nil {
		return err
	}
	return w.stmts.prepare(ctx, w.conn)
}

// write hands a change to the writer and waits until it is on disk or refused. The context ends the waiting in line only: a change
// that has begun is finished, and its outcome is told.
func (e *Engine) write(ctx context.Context, op string, run func(c *sql.Conn) error, alone func(c *sql.Conn) error) error {
	if err := e.writable(op); err != nil {
		return err
	}
	r := &request{run: run, done: make(chan error, 1)}
	if alone != nil {
		r.run, r.alone = alone, true
	}
	w := e.writer
	w.sending.RLock()
	if w.closed {
		w.sending.RUnlock()
		return fault.New(op, fault.Unavailable, "系统正在停止，请稍后重试")
	}
	select {
	case w.requests <- r:
		w.sending.RUnlock()
	case <-ctx.Done():
		w.sending.RUnlock()
		return translate(op, ctx.Err())
	}
	return translate(op, <-r.done)
}

func (w *writer) loop() {
	defer close(w.stopped)
	group := make([]*request, 0, maxGroup)
	for r := range w.requests {
		if r.alone {
			r.done <- r.run(w.conn)
			continue
		}
		var last *request
		group, last = w.waiting(append(group[:0], r))
		// Without a disk to wait for, the writer would be back before the next change is ready and commit each by itself: it lets the others get that far.
		for had := 0; w.relaxed && last == nil && had < len(group) && len(group) < maxGroup; {
			had = len(group)
			runtime.Gosched()
			group, last = w.waiting(group)
		}
		w.commit(group)
		if last != nil {
			last.done <- last.run(w.conn)
		}
	}
}

// waiting adds the requests that wait now to a group, up to one that must run alone, which is returned beside it.
func (w *writer) waiting(group []*request) ([]*request, *request) {
	for len(group) < maxGroup {
		select {
		case next, open := <-w.requests:
			switch {
			case !open:
				return group, nil
			case next.alone:
				return group, next
			}
			group = append(group, next)
		default:
			return group, nil
		}
	}
	return group, nil
}

// commit runs a group in one transaction and tells each its outcome. If the database fails, the group is rolled back and each of it is
// tried alone, so that one request harms no other.
func (w *writer) commit(group []*request) {
	if err := w.transact(group); err != nil && len(group) > 1 {
		for i := range group {
			// Its error is told to its own caller below.
			_ = w.transact(group[i : i+1])
		}
	}
	for _, r := range group {
		r.done <- r.err
	}
}

// transact runs a group in one transaction and notes each outcome in the request. A request that was refused has written nothing. The error
// is that of the database; then nothing of the group was written.
func (w *writer) transact(group []*request) error {
	ctx := context.Background()
	w.changed = w.changed[:0]
	_, err := w.stmts.begin.ExecContext(ctx)
	if err == nil {
		for _, r := range group {
			r.err = r.run(w.conn)
			if r.err != nil && !refused(r.err) {
				err = r.err
				break
			}
		}
		if err == nil {
			_, err = w.stmts.commit.ExecContext(ctx)
		}
		if err != nil {
			w.lastN = -1
			// A failed COMMIT may or may not have ended the transaction; rolling back what is over is no error worth telling.
			_, _ = w.stmts.rollback.ExecContext(ctx)
		}
	}
	for _, c := range w.changed {
		if err == nil {
			w.heads.committed(c.stream, c.record)
		} else {
			w.heads.forget(c.stream)
		}
	}
	for _, r := range group {
		if err != nil && (r.err == nil || !refused(r.err)) {
			r.err = err
		}
	}
	return err
}

// refused reports whether an error is a decision (somebody was first, no such thing) and not a failure of the database.
func refused(err error) bool {
	switch fault.KindOf(err) {
	case fault.Conflict, fault.NotFound, fault.Invalid:
		return true
	}
	return false
}

func (w *writer) close() error {
	w.sending.Lock()
	w.closed = true
	close(w.requests)
	w.sending.Unlock()
	<-w.stopped
	_, err := w.conn.ExecContext(context.Background(), "PRAGMA wal_checkpoint(TRUNCATE)")
	return errors.Join(err, w.conn.Close(), w.db.Close())
}

// writerStatements are prepared on the writing connection.
type writerStatements struct {
	begin, commit, rollback                            *sql.Stmt
	hash, lastN, insertRecord, getDoc, insertDoc       *sql.Stmt
	updateDoc, deleteEntry, sameRecord                 *sql.Stmt
	getEphemeral, putEphemeral, dropEphemeral, sweep   *sql.Stmt
	getValue, insertValue, setValue, declare, declared *sql.Stmt
	insertEntries                                      [len(entryRuns)]*sql.Stmt
}

// entryRuns are how many index entries one statement inserts, the most first: a name that is searched for by its parts has a hundred entries.
var entryRuns = [...]int{16, 8, 4, 2, 1}

// insertEntriesSQL inserts n entries of the document ?3 of kind ?1 and stream ?2. OR FAIL: a failure ends the whole transaction anyway, and without it every page
// would be copied first, so that one statement could be taken back.
func insertEntriesSQL(n int) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = fmt.Sprintf("(?1, ?2, ?3, ?%d, ?%d, ?%d)", 4+3*i, 5+3*i, 6+3*i)
	}
	return `INSERT OR FAIL INTO entry (kind, stream, doc, idx, key, sort) VALUES ` + strings.Join(rows, ", ")
}

func (s *writerStatements) prepare(ctx context.Context, conn *sql.Conn) error {
	wanted := map[**sql.Stmt]string{
		&s.begin: "BEGIN IMMEDIATE", &s.commit: "COMMIT", &s.rollback: "ROLLBACK",
		&s.hash:          `SELECT hash FROM record WHERE id = ?1`,
		&s.lastN:         lastNSQL,
		&s.sameRecord:    `SELECT n, sealed FROM record WHERE id = ?1`,
		&s.insertRecord:  `INSERT INTO record (n, id, version, hash, sealed) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (id) DO NOTHING`,
		&s.getDoc:        `SELECT doc, entries FROM doc WHERE kind = ?1 AND stream = ?2`,
		&s.insertDoc:     `INSERT INTO doc (kind, stream, seq, n, at, deleted, columns, entries, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (kind, stream) DO NOTHING`,
		&s.updateDoc:     `UPDATE doc SET seq = ?2, n = ?3, at = ?4, deleted = ?5, columns = ?6, entries = ?7, state = ?8 WHERE doc = ?1`,
		&s.deleteEntry:   `DELETE FROM entry WHERE kind = ?1 AND idx = ?2 AND key = ?3 AND sort = ?4 AND stream = ?5`,
		&s.getEphemeral:  ephemeralSQL,
		&s.putEphemeral:  `INSERT INTO ephemeral (key, rev, expires, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO UPDATE SET rev = ?2, expires = ?3, body = ?4`,
		&s.dropEphemeral: `DELETE FROM ephemeral WHERE key = ?1`,
		&s.sweep:         `DELETE FROM ephemeral WHERE expires <= ?1`,
		&s.getValue:      valueSQL,
		&s.insertValue:   `INSERT INTO value (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING`,
		&s.setValue:      `INSERT INTO value (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = ?2`,
		&s.declare:       `INSERT INTO declared (kind, idx) VALUES (?1, ?2) ON CONFLICT DO NOTHING`,
		&s.declared:      `SELECT count(*) FROM declared WHERE kind = ?1 AND idx = ?2`,
	}
	for i, n := range entryRuns {
		wanted[&s.insertEntries[i]] = insertEntriesSQL(n)
	}
	for stmt, text := range wanted {
		prepared, err := conn.PrepareContext(ctx, text)
		if err != nil {
			return translate("sqlite.Open", err)
		}
		*stmt = prepared
	}
	return nil
}
