package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// Declare implements store.Engine: every index shares one table, so that only the name is noted.
func (e *Engine) Declare(ctx context.Context, kind string, indexes []string) error {
	const op = "sqlite.Declare"
	if e.readOnly {
		for _, index := range indexes {
			var found int
			if err := e.readers.QueryRowContext(ctx, `SELECT count(*) FROM declared WHERE kind = ?1 AND idx = ?2`, kind, index).Scan(&found); err != nil {
				return translate(op, err)
			}
			if found == 0 {
				return fault.New(op, fault.Unavailable, fmt.Sprintf("数据目录缺少索引 %s/%s，请先用可写方式启动一次", kind, index))
			}
		}
		return nil
	}
	w := e.writer
	return e.write(ctx, op, func(*sql.Conn) error {
		for _, index := range indexes {
			if _, err := w.stmts.declare.Exec(kind, index); err != nil {
				return err
			}
		}
		return nil
	}, nil)
}

// Commit implements store.Engine.
func (e *Engine) Commit(ctx context.Context, c *store.Commit) (int64, error) {
	var n int64
	err := e.write(ctx, "sqlite.Commit", func(*sql.Conn) (err error) {
		n, err = e.writer.change(c)
		return err
	}, nil)
	if err != nil {
		return 0, err
	}
	return n, nil
}

// change is refused before it has written anything: what decides is read first, and the insert of the record, which decides between writers, is the first write.
func (w *writer) change(c *store.Commit) (int64, error) {
	const op = "sqlite.Commit"
	// The guard comes before the record: a retry that was sealed anew finds its record taken by its own first try.
	if c.Guard != nil {
		standing, err := w.standing(c.Guard.Key, c.GuardNow)
		if err != nil {
			return 0, err
		}
		if standing != nil {
			if n, own, err := w.own(c); err != nil || own {
				return n, err
			}
			return 0, fault.Wrap(op, fault.Conflict, "这次请求已经处理过", &store.GuardTaken{Standing: *standing})
		}
	}
	var prev journal.Hash
	if c.Seq > 1 {
		var err error
		if prev, err = w.hashOf(c.Stream, c.Seq-1); err != nil {
			return 0, err
		}
	}
	if w.lastN < 0 {
		if err := w.stmts.lastN.QueryRow().Scan(&w.lastN); err != nil {
			return 0, failed(err)
		}
	}
	n := w.lastN + 1
	hash := journal.Sum(c.Version, prev, c.Sealed)
	inserted, err := changedRow(w.stmts.insertRecord.Exec(n, c.ID, int64(c.Version), hash[:], c.Sealed))
	if err != nil {
		return 0, failed(err)
	}
	if !inserted {
		if n, own, err := w.own(c); err != nil || own {
			return n, err
		}
		return 0, fault.New(op, fault.Conflict, "已有人先保存，请刷新后重试")
	}
	w.lastN = n
	if c.Guard != nil {
		if _, err := w.stmts.putEphemeral.Exec(c.Guard.Key, 1, c.Guard.Expires.UnixMilli(), orEmpty(c.Guard.Body)); err != nil {
			return 0, failed(err)
		}
	}
	d := c.Doc
	d.Stream, d.Seq, d.N = c.Stream, c.Seq, n
	w.changed = append(w.changed, newHead{c.Stream, journal.Record{ID: c.ID, N: n, Version: c.Version, Hash: hash, Sealed: bytes.Clone(c.Sealed)}})
	return n, failed(w.putDoc(&d))
}

// hashOf reads the hash of a record, on which the next one of its stream builds.
func (w *writer) hashOf(stream string, seq int64) (journal.Hash, error) {
	const op = "sqlite.Commit"
	id := journal.RecordID(stream, seq)
	if known, ok := w.heads.hash(stream, id); ok {
		return known, nil
	}
	var found []byte
	err := w.stmts.hash.QueryRow(id).Scan(&found)
	if errors.Is(err, sql.ErrNoRows) {
		return journal.Hash{}, fault.New(op, fault.Conflict, "前一条记录不存在，请刷新后重试")
	}
	if err != nil {
		return journal.Hash{}, err
	}
	var hash journal.Hash
	if copy(hash[:], found) != journal.HashSize {
		return journal.Hash{}, fault.New(op, fault.Internal, "前一条记录的校验值已损坏")
	}
	return hash, nil
}

// own reports whether the record stands already with the very bytes of the change, written by a try whose answer was lost, and gives its number.
func (w *writer) own(c *store.Commit) (n int64, own bool, err error) {
	var sealed []byte
	err = w.stmts.sameRecord.QueryRow(c.ID).Scan(&n, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, false, nil
	}
	return n, err == nil && bytes.Equal(sealed, c.Sealed), err
}

// changedRow reports whether an insert that gives way to what stands has inserted.
func changedRow(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	rows, err := result.RowsAffected()
	return rows > 0, err
}

// failed keeps an error that comes after the first write from looking like a refusal.
func failed(err error) error {
	if err != nil && refused(err) {
		return fault.Wrap("sqlite.Commit", fault.Internal, "数据文件不能读取，可能已损坏", err)
	}
	return err
}

// putDoc writes a state document and exchanges its index entries.
func (w *writer) putDoc(d *store.Document) error {
	entries, err := packEntries(d.Entries)
	if err != nil {
		return err
	}
	id, packed, err := w.putState(d, entries)
	if err != nil || bytes.Equal(packed, entries) {
		return err
	}
	old, err := unpackEntries(packed)
	if err != nil {
		return err
	}
	stays := make(map[store.Entry]bool, len(old))
	for _, entry := range old {
		stays[entry] = false
	}
	fresh := d.Entries
	if len(old) > 0 {
		fresh = slices.DeleteFunc(slices.Clone(d.Entries), func(entry store.Entry) bool {
			_, had := stays[entry]
			if had {
				stays[entry] = true
			}
			return had
		})
	}
	if err := w.insertEntries(d.Kind, d.Stream, id, fresh); err != nil {
		return err
	}
	for entry, stay := range stays {
		if stay {
			continue
		}
		if _, err := w.stmts.deleteEntry.Exec(d.Kind, entry.Index, entry.Key, entry.Sort, d.Stream); err != nil {
			return err
		}
	}
	return nil
}

// insertEntries puts a document into its indexes, many places with one statement.
func (w *writer) insertEntries(kind, stream string, id int64, entries []store.Entry) error {
	args := make([]any, 0, 3+3*min(len(entries), entryRuns[0]))
	for i, run := range entryRuns {
		for ; len(entries) >= run; entries = entries[run:] {
			args = append(args[:0], kind, stream, id)
			for _, entry := range entries[:run] {
				args = append(args, entry.Index, entry.Key, entry.Sort)
			}
			if _, err := w.stmts.insertEntries[i].Exec(args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// putState writes a state document with its packed index entries. It gives the row of the document and the packed entries that stood before.
func (w *writer) putState(d *store.Document, entries []byte) (id int64, before []byte, err error) {
	insert := func() (bool, error) {
		result, err := w.stmts.insertDoc.Exec(d.Kind, d.Stream, d.Seq, d.N, d.At, d.Deleted, d.Columns, entries, d.State)
		inserted, err := changedRow(result, err)
		if inserted {
			id, err = result.LastInsertId()
		}
		return inserted, err
	}
	if d.Seq == 1 { // A stream that begins has no document, unless its documents are remade.
		if inserted, err := insert(); err != nil || inserted {
			return id, nil, err
		}
	}
	err = w.stmts.getDoc.QueryRow(d.Kind, d.Stream).Scan(&id, &before)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = insert()
		return id, nil, err
	}
	if err == nil {
		_, err = w.stmts.updateDoc.Exec(id, d.Seq, d.N, d.At, d.Deleted, d.Columns, entries, d.State)
	}
	return id, before, err
}

// packEntries keeps the entries of a document beside it, as a JSON list of [index, key, sort].
func packEntries(entries []store.Entry) ([]byte, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	list := make([][3]string, len(entries))
	for i, entry := range entries {
		list[i] = [3]string{entry.Index, entry.Key, entry.Sort}
	}
	return json.Marshal(list)
}

func unpackEntries(packed []byte) ([]store.Entry, error) {
	if len(packed) == 0 {
		return nil, nil
	}
	var list [][3]string
	if err := journal.Decode(packed, &list); err != nil {
		return nil, err
	}
	entries := make([]store.Entry, len(list))
	for i, entry := range list {
		entries[i] = store.Entry{Index: entry[0], Key: entry[1], Sort: entry[2]}
	}
	return entries, nil
}

// Restore implements store.Restorer.
func (e *Engine) Restore(ctx context.Context, records []journal.Record) error {
	return e.write(ctx, "sqlite.Restore", func(*sql.Conn) error { return e.writer.restore(records) }, nil)
}

func (w *writer) restore(records []journal.Record) error {
	const op = "sqlite.Restore"
	if w.lastN < 0 {
		if err := w.stmts.lastN.QueryRow().Scan(&w.lastN); err != nil {
			return failed(err)
		}
	}
	for i, r := range records {
		if r.N != w.lastN+1 {
			if i > 0 { // something was written, so that this is no refusal
				return fault.New(op, fault.Internal, fmt.Sprintf("第 %d 条之后不是第 %d 条", w.lastN, w.lastN+1))
			}
			return fault.New(op, fault.Conflict, fmt.Sprintf("日志到第 %d 条，不能接着放第 %d 条", w.lastN, r.N))
		}
		inserted, err := changedRow(w.stmts.insertRecord.Exec(r.N, r.ID, int64(r.Version), r.Hash[:], r.Sealed))
		if err != nil {
			return failed(err)
		}
		if !inserted {
			return fault.New(op, fault.Internal, "记录 "+r.ID+" 出现了两次")
		}
		w.lastN = r.N
		stream, _, err := journal.ParseRecordID(r.ID)
		if err != nil {
			return failed(err)
		}
		r.Sealed = bytes.Clone(r.Sealed)
		w.changed = append(w.changed, newHead{stream, r})
	}
	return nil
}

// PutRow implements store.Engine.
func (e *Engine) PutRow(ctx context.Context, d store.Document) error {
	return e.write(ctx, "sqlite.PutRow", func(*sql.Conn) error { return failed(e.writer.putDoc(&d)) }, nil)
}

// InsertValue implements store.Engine.
func (e *Engine) InsertValue(ctx context.Context, name string, value []byte) ([]byte, error) {
	var stands []byte
	err := e.write(ctx, "sqlite.InsertValue", func(*sql.Conn) error {
		if _, err := e.writer.stmts.insertValue.Exec(name, orEmpty(value)); err != nil {
			return err
		}
		return e.writer.stmts.getValue.QueryRow(name).Scan(&stands)
	}, nil)
	return stands, err
}

// SetValue implements store.Engine.
func (e *Engine) SetValue(ctx context.Context, name string, value []byte) error {
	return e.write(ctx, "sqlite.SetValue", func(*sql.Conn) error {
		_, err := e.writer.stmts.setValue.Exec(name, orEmpty(value))
		return err
	}, nil)
}

// standing returns the unexpired document under a key, or nil.
func (w *writer) standing(key string, now time.Time) (*store.Ephemeral, error) {
	found := store.Ephemeral{Key: key}
	var expires int64
	err := w.stmts.getEphemeral.QueryRow(key).Scan(&found.Rev, &expires, &found.Body)
	if errors.Is(err, sql.ErrNoRows) || err == nil && expires <= now.UnixMilli() {
		return nil, nil
	}
	found.Expires = time.UnixMilli(expires).UTC()
	return &found, err
}

// PutEphemeral implements store.Engine.
func (e *Engine) PutEphemeral(ctx context.Context, d store.Ephemeral, rev int64) (int64, error) {
	const op = "sqlite.PutEphemeral"
	var next int64
	err := e.write(ctx, op, func(*sql.Conn) error {
		standing, err := e.writer.standing(d.Key, d.Now)
		if err != nil {
			return err
		}
		var now int64
		if standing != nil {
			now = standing.Rev
		}
		if rev != store.AnyRev && rev != now {
			return fault.New(op, fault.Conflict, "已有人先保存，请刷新后重试")
		}
		next = now + 1
		_, err = e.writer.stmts.putEphemeral.Exec(d.Key, next, d.Expires.UnixMilli(), orEmpty(d.Body))
		return err
	}, nil)
	if err != nil {
		return 0, err
	}
	return next, nil
}

// DeleteEphemeral implements store.Engine.
func (e *Engine) DeleteEphemeral(ctx context.Context, key string) error {
	return e.write(ctx, "sqlite.DeleteEphemeral", func(*sql.Conn) error {
		_, err := e.writer.stmts.dropEphemeral.Exec(key)
		return err
	}, nil)
}

// SweepEphemeral implements store.Engine.
func (e *Engine) SweepEphemeral(ctx context.Context, now time.Time) (int64, error) {
	var removed int64
	err := e.write(ctx, "sqlite.SweepEphemeral", func(*sql.Conn) error {
		result, err := e.writer.stmts.sweep.Exec(now.UnixMilli())
		if err != nil {
			return err
		}
		removed, err = result.RowsAffected()
		return err
	}, nil)
	return removed, err
}

// orEmpty stores no bytes as an empty blob: the columns are NOT NULL.
func orEmpty(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
