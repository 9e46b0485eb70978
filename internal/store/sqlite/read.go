package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"math"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// afterPrefix sorts behind every text that begins with a prefix: no stored key holds the byte 0xff.
const afterPrefix = "\xff"

func scanRecord(scan func(...any) error) (journal.Record, error) {
	var r journal.Record
	var version int64
	var hash []byte
	if err := scan(&r.ID, &r.N, &version, &hash, &r.Sealed); err != nil {
		return journal.Record{}, err
	}
	r.Version = byte(version)
	copy(r.Hash[:], hash)
	return r, nil
}

func oneRecord(ctx context.Context, op string, stmt *sql.Stmt, args ...any) (journal.Record, error) {
	r, err := scanRecord(func(to ...any) error { return oneRow(ctx, stmt, args, to...) })
	if errors.Is(err, sql.ErrNoRows) {
		return r, fault.New(op, fault.NotFound, "记录不存在")
	}
	return r, translate(op, err)
}

// seqRange gives the ids between which the records of a stream with seq > afterSeq lie. A stream whose id continues this one with a part
// of ten digits may lie there too, if it shares the two hash digits; only the length of the ids tells them apart.
func seqRange(stream string, afterSeq int64) (after, upTo string) {
	return journal.RecordID(stream, afterSeq), journal.RecordID(stream, journal.MaxSeq)
}

// query begins to read rows. It does not watch the context, because that takes two goroutines for each query and a look at it within each row; eachRow asks it.
func query(ctx context.Context, stmt *sql.Stmt, args ...any) (*sql.Rows, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return stmt.QueryContext(context.WithoutCancel(ctx), args...)
}

// oneRow reads at most one row by its key.
func oneRow(ctx context.Context, stmt *sql.Stmt, args []any, to ...any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return stmt.QueryRowContext(context.WithoutCancel(ctx), args...).Scan(to...)
}

// Head implements store.Engine.
func (e *Engine) Head(ctx context.Context, stream string) (journal.Record, error) {
	if e.writer == nil {
		return e.headInFile(ctx, stream)
	}
	r, found, commits := e.writer.heads.get(stream)
	if found {
		return r, translate("sqlite.Head", ctx.Err())
	}
	r, err := e.headInFile(ctx, stream)
	if err == nil {
		e.writer.heads.read(stream, r, commits)
	}
	return r, err
}

func (e *Engine) headInFile(ctx context.Context, stream string) (journal.Record, error) {
	first, last := seqRange(stream, 0)
	return oneRecord(ctx, "sqlite.Head", e.read.head, first, last, len(first))
}

// Heads implements store.Engine.
func (e *Engine) Heads(ctx context.Context, streams []string) ([]journal.Record, error) {
	if e.writer == nil {
		return e.headsInFile(ctx, streams)
	}
	found := make([]journal.Record, 0, len(streams))
	var missing []string
	asked := map[string]uint64{}
	for _, stream := range streams {
		r, known, commits := e.writer.heads.get(stream)
		if known {
			found = append(found, r)
			continue
		}
		missing = append(missing, stream)
		asked[stream] = commits
	}
	if len(missing) == 0 {
		return found, translate("sqlite.Heads", ctx.Err())
	}
	rest, err := e.headsInFile(ctx, missing)
	if err != nil {
		return nil, err
	}
	for _, r := range rest {
		stream, _, err := journal.ParseRecordID(r.ID)
		if err != nil {
			return nil, err
		}
		e.writer.heads.read(stream, r, asked[stream])
	}
	return append(found, rest...), nil
}

// headsInFile reads heads with one query: each query by itself would look for the newest pages of the file again.
func (e *Engine) headsInFile(ctx context.Context, streams []string) ([]journal.Record, error) {
	const op = "sqlite.Heads"
	list, err := json.Marshal(streams)
	if err != nil {
		return nil, translate(op, err)
	}
	return allRecords(ctx, op, len(streams), e.read.heads, string(list))
}

// Record implements store.Engine.
func (e *Engine) Record(ctx context.Context, id string) (journal.Record, error) {
	return oneRecord(ctx, "sqlite.Record", e.read.record, id)
}

// History implements store.Engine.
func (e *Engine) History(ctx context.Context, stream string, afterSeq int64, limit int) ([]journal.Record, error) {
	const op = "sqlite.History"
	first, last := seqRange(stream, afterSeq)
	return allRecords(ctx, op, 0, e.read.history, first, last, len(first), limit)
}

// allRecords reads all rows of a query, about so many.
func allRecords(ctx context.Context, op string, about int, stmt *sql.Stmt, args ...any) ([]journal.Record, error) {
	rows, err := query(ctx, stmt, args...)
	if err != nil {
		return nil, translate(op, err)
	}
	found := make([]journal.Record, 0, about)
	err = eachRow(ctx, rows, func() error {
		r, err := scanRecord(rows.Scan)
		found = append(found, r)
		return err
	})
	return found, translate(op, err)
}

// Log implements store.Engine.
func (e *Engine) Log(ctx context.Context, after, upTo int64, f func(journal.Record) error) error {
	const op = "sqlite.Log"
	if upTo == 0 {
		upTo = math.MaxInt64
	}
	rows, err := query(ctx, e.read.log, after, upTo)
	if err != nil {
		return translate(op, err)
	}
	var hash, sealed sql.RawBytes
	var own error
	err = eachRow(ctx, rows, func() error {
		var r journal.Record
		var version int64
		if err := rows.Scan(&r.ID, &r.N, &version, &hash, &sealed); err != nil {
			return err
		}
		r.Version, r.Sealed = byte(version), sealed
		copy(r.Hash[:], hash)
		own = f(r)
		return own
	})
	if own != nil {
		return own
	}
	return translate(op, err)
}

// LastN implements store.Engine.
func (e *Engine) LastN(ctx context.Context) (int64, error) {
	var n int64
	err := e.read.lastN.QueryRowContext(ctx).Scan(&n)
	return n, translate("sqlite.LastN", err)
}

// eachRow runs f for every row until the context ends, closes the rows and returns the first error.
func eachRow(ctx context.Context, rows *sql.Rows, f func() error) error {
	var err error
	for err == nil && rows.Next() {
		if err = ctx.Err(); err == nil {
			err = f()
		}
	}
	return errors.Join(err, rows.Err(), rows.Close())
}

// rowReader gives a row and where its columns are scanned to: the stream, in a list the place in its order, elsewhere whether it is deleted, and partColumns.
// Each scan fills the same row, whose copies keep what they got.
func rowReader(parts store.Parts, listed bool) (*store.Row, []any) {
	r := &store.Row{}
	to := []any{&r.Stream, &r.Deleted, &r.Seq, &r.N, &r.At}
	if listed {
		to[1] = &r.Sort
	}
	if parts&store.WithColumns != 0 {
		to = append(to, &r.Columns)
	}
	if parts&store.WithState != 0 {
		to = append(to, &r.State)
	}
	return r, to
}

// List implements store.Engine.
func (e *Engine) List(ctx context.Context, q store.ListQuery) ([]store.Row, error) {
	const op = "sqlite.List"
	stmt, from := e.read.list[q.Parts&3], store.Place{}
	if q.Desc {
		stmt, from = e.read.listDesc[q.Parts&3], store.Place{Sort: afterPrefix, Stream: afterPrefix}
	}
	if q.From != nil {
		from = *q.From
	}
	rows, err := query(ctx, stmt, q.Kind, q.Index, q.Key, from.Sort, from.Stream, q.Limit)
	if err != nil {
		return nil, translate(op, err)
	}
	found := make([]store.Row, 0, min(q.Limit, 64))
	r, to := rowReader(q.Parts, true)
	err = eachRow(ctx, rows, func() error {
		err := rows.Scan(to...)
		found = append(found, *r)
		return err
	})
	return found, translate(op, err)
}

// eachPage is how many documents Each reads at a time.
const eachPage = 128

// Each implements store.Engine. No connection is held while f looks at a document: f may read too, and callers who each hold one and wait for another would wait for each other for good.
func (e *Engine) Each(ctx context.Context, kind, after string, parts store.Parts, f func(store.Row) error) error {
	page := make([]store.Row, 0, eachPage)
	r, to := rowReader(parts, false)
	for {
		rows, err := query(ctx, e.read.each[parts&3], kind, after, eachPage)
		if err != nil {
			return translate("sqlite.Each", err)
		}
		page = page[:0]
		if err := eachRow(ctx, rows, func() error {
			err := rows.Scan(to...)
			page = append(page, *r)
			return err
		}); err != nil {
			return translate("sqlite.Each", err)
		}
		for i := range page {
			err := ctx.Err()
			if err != nil {
				return translate("sqlite.Each", err)
			}
			if err = f(page[i]); err != nil {
				return err
			}
		}
		if len(page) < eachPage {
			return nil
		}
		after = page[len(page)-1].Stream
	}
}

// EachHead implements store.Engine.
func (e *Engine) EachHead(ctx context.Context, f func(stream string, seq, n int64) error) error {
	rows, err := query(ctx, e.read.eachHead, 0)
	if err != nil {
		return translate("sqlite.EachHead", err)
	}
	var own error
	err = eachRow(ctx, rows, func() error {
		var stream string
		var seq, n int64
		if err := rows.Scan(&stream, &seq, &n); err != nil {
			return err
		}
		own = f(stream, seq, n)
		return own
	})
	if own != nil {
		return own
	}
	return translate("sqlite.EachHead", err)
}

// Value implements store.Engine.
func (e *Engine) Value(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	err := oneRow(ctx, e.read.value, []any{name}, &value)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fault.New("sqlite.Value", fault.NotFound, "没有这个值")
	}
	return value, translate("sqlite.Value", err)
}

// Values implements store.Engine.
func (e *Engine) Values(ctx context.Context, names []string) (map[string][]byte, error) {
	found := make(map[string][]byte, len(names))
	for _, name := range names {
		value, err := e.Value(ctx, name)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		found[name] = value
	}
	return found, nil
}

// ValuesAfter implements store.Engine.
func (e *Engine) ValuesAfter(ctx context.Context, prefix, after string, limit int) ([]store.NamedValue, error) {
	const op = "sqlite.ValuesAfter"
	rows, err := query(ctx, e.read.values, max(after, prefix), prefix+afterPrefix, limit)
	if err != nil {
		return nil, translate(op, err)
	}
	var found []store.NamedValue
	err = eachRow(ctx, rows, func() error {
		var v store.NamedValue
		err := rows.Scan(&v.Name, &v.Value)
		found = append(found, v)
		return err
	})
	return found, translate(op, err)
}

// GetEphemeral implements store.Engine.
func (e *Engine) GetEphemeral(ctx context.Context, key string, now time.Time) (store.Ephemeral, error) {
	const op = "sqlite.GetEphemeral"
	found := store.Ephemeral{Key: key}
	var expires int64
	err := oneRow(ctx, e.read.ephemeral, []any{key}, &found.Rev, &expires, &found.Body)
	if errors.Is(err, sql.ErrNoRows) || err == nil && expires <= now.UnixMilli() {
		return store.Ephemeral{}, fault.New(op, fault.NotFound, "不存在或已过期")
	}
	found.Expires = time.UnixMilli(expires).UTC()
	return found, translate(op, err)
}

// ListEphemeral implements store.Engine.
func (e *Engine) ListEphemeral(ctx context.Context, prefix, after string, now time.Time, limit int) ([]store.Ephemeral, error) {
	const op = "sqlite.ListEphemeral"
	rows, err := query(ctx, e.read.listEphemeral, max(after, prefix), prefix+afterPrefix, now.UnixMilli(), limit)
	if err != nil {
		return nil, translate(op, err)
	}
	var found []store.Ephemeral
	err = eachRow(ctx, rows, func() error {
		var d store.Ephemeral
		var expires int64
		err := rows.Scan(&d.Key, &d.Rev, &expires, &d.Body)
		d.Expires = time.UnixMilli(expires).UTC()
		found = append(found, d)
		return err
	})
	return found, translate(op, err)
}
