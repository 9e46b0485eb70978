package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"time"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// Collection reads and changes the documents of one kind.
type Collection[T any] struct {
	db    *DB
	kind  Kind[T]
	marks *journal.Marks // nil if T has no pii field
	open  bool           // leaves personal data out, see LoadOpen
}

// NewCollection checks the kind and declares its indexes. Returns Invalid if the kind or the type breaks a rule of Kind.
func NewCollection[T any](ctx context.Context, db *DB, kind Kind[T]) (*Collection[T], error) {
	const op = "store.NewCollection"
	if err := CheckType[T](); err != nil {
		return nil, fault.Wrap(op, "", kind.Name, err)
	}
	c := &Collection[T]{db: db, kind: kind}
	if s := shapeOf(reflect.TypeFor[T]()); s.pii {
		c.marks = s.marks
	}
	if kind.Columns != nil {
		columns := shapeOf(reflect.TypeOf(kind.Columns("", new(T))))
		if columns.pii {
			columns.refuse("Columns", "列表栏目不能含个人信息")
		}
		if len(columns.wrong) > 0 {
			return nil, &fault.Error{Op: op, Kind: fault.Invalid, Message: kind.Name + " 的列表栏目不能存储", Fields: columns.wrong}
		}
	}
	names := make([]string, len(kind.Indexes))
	seen := map[string]bool{}
	for i, index := range kind.Indexes {
		if !journal.ValidPart(index.Name) || seen[index.Name] || index.Keys == nil {
			return nil, fault.New(op, fault.Invalid, fmt.Sprintf("%s 的索引“%s”不合规则", kind.Name, index.Name))
		}
		names[i], seen[index.Name] = index.Name, true
	}
	if !journal.ValidPart(kind.Name) || kind.Version < 1 || len(names) > MaxIndexes || c.marks != nil && kind.Subject == nil {
		return nil, fault.New(op, fault.Invalid, "文档种类“"+kind.Name+"”不合规则")
	}
	db.mu.Lock()
	_, twice := db.kinds[kind.Name]
	db.kinds[kind.Name] = c.rebuilt
	db.mu.Unlock()
	if twice {
		return nil, fault.New(op, fault.Invalid, "文档种类“"+kind.Name+"”登记了两次")
	}
	return c, db.engine.Declare(ctx, kind.Name, names)
}

func (c *Collection[T]) stream(id string) (string, error) { return journal.StreamKey(c.kind.Name, id) }

// Load returns the document from the journal head. Returns NotFound if it never was or is deleted.
func (c *Collection[T]) Load(ctx context.Context, id string) (Doc[T], error) {
	head, err := c.Head(ctx, id)
	if err != nil {
		return Doc[T]{}, err
	}
	if head.Deleted {
		return Doc[T]{}, fault.New("store.Load", fault.NotFound, "不存在")
	}
	return head.Doc, nil
}

// LoadEach returns what Load returns for each id, all read together, in the order of the ids; nil where Load returns NotFound. No id may
// stand twice, and there must be at most MaxLimit of them.
func (c *Collection[T]) LoadEach(ctx context.Context, ids []string) ([]*Doc[T], error) {
	streams, places := make([]string, 0, len(ids)), make(map[string]int, len(ids))
	for i, id := range ids {
		if stream, err := c.stream(id); err == nil {
			streams, places[stream] = append(streams, stream), i
		}
	}
	out := make([]*Doc[T], len(ids))
	err := c.eachHead(ctx, streams, func(stream string, head Change[T]) {
		if !head.Deleted {
			out[places[stream]] = &head.Doc
		}
	})
	return out, err
}

// eachHead gives the last change of each stream that has any, in any order.
func (c *Collection[T]) eachHead(ctx context.Context, streams []string, f func(stream string, head Change[T])) error {
	view, err := c.then(ctx)
	if err != nil {
		return err
	}
	var records []journal.Record
	if view != nil {
		records, err = c.headsThen(ctx, view, streams)
	} else {
		records, err = c.db.engine.Heads(ctx, streams)
	}
	if err != nil {
		return err
	}
	for _, r := range records {
		stream, _, err := journal.ParseRecordID(r.ID)
		if err != nil {
			return err
		}
		_, id, err := journal.ParseStreamKey(stream)
		if err != nil {
			return err
		}
		head, err := c.change(ctx, id, r)
		if err != nil {
			return err
		}
		f(stream, head)
	}
	return nil
}

// LoadOpen is Load without personal data, whose fields are "": for who needs the rest of a document, which is cheaper to read without decrypting.
func (c *Collection[T]) LoadOpen(ctx context.Context, id string) (Doc[T], error) {
	const op = "store.LoadOpen"
	stream, err := c.stream(id)
	if err != nil {
		return Doc[T]{}, fault.Wrap(op, fault.NotFound, "不存在", err)
	}
	r, err := c.headRecord(ctx, stream)
	if err != nil {
		return Doc[T]{}, err
	}
	plain := *c
	plain.open = true
	head, err := plain.change(ctx, id, r)
	if err == nil && head.Deleted {
		err = fault.New(op, fault.NotFound, "不存在")
	}
	return head.Doc, err
}

// Head returns the last change of the stream, tombstones included. Returns NotFound if the stream has no record.
func (c *Collection[T]) Head(ctx context.Context, id string) (Change[T], error) {
	stream, err := c.stream(id)
	if err != nil {
		return Change[T]{}, fault.Wrap("store.Head", fault.NotFound, "不存在", err)
	}
	r, err := c.headRecord(ctx, stream)
	if err != nil {
		return Change[T]{}, err
	}
	return c.change(ctx, id, r)
}

// headRecord returns the last record of a stream, as of the moment of the context.
func (c *Collection[T]) headRecord(ctx context.Context, stream string) (journal.Record, error) {
	view, err := c.then(ctx)
	if err != nil {
		return journal.Record{}, err
	}
	if view == nil {
		return c.db.engine.Head(ctx, stream)
	}
	records, err := c.headsThen(ctx, view, []string{stream})
	if err == nil && len(records) == 0 {
		err = fault.New("store.Head", fault.NotFound, "不存在")
	}
	if err != nil {
		return journal.Record{}, err
	}
	return records[0], nil
}

// change decodes one record of a stream.
func (c *Collection[T]) change(ctx context.Context, id string, r journal.Record) (Change[T], error) {
	const op = "store.change"
	_, seq, err := journal.ParseRecordID(r.ID)
	if err != nil {
		return Change[T]{}, err
	}
	_, content, err := journal.Unseal(r.Sealed)
	if err != nil {
		return Change[T]{}, fault.Wrap(op, "", "", fmt.Errorf("%s: %w", r.ID, err))
	}
	if content.KindVersion > c.kind.Version {
		return Change[T]{}, fault.New(op, fault.Invalid, fmt.Sprintf("%s 由更新的程序写入（第 %d 版，本程序为第 %d 版）", c.kind.Name, content.KindVersion, c.kind.Version))
	}
	out := Change[T]{Meta: metaOf(content), RecordID: r.ID, Hash: r.Hash}
	out.Doc = Doc[T]{ID: id, Seq: seq, N: r.N, At: content.At.Time, Deleted: content.Deleted}
	if !content.Deleted {
		out.State, out.Purged, err = c.decode(ctx, id, content.State)
	}
	return out, err
}

// decode reads a stored state; personal data is decrypted.
func (c *Collection[T]) decode(ctx context.Context, id string, stored []byte) (state T, purged bool, err error) {
	const op = "store.decode"
	if c.open && c.marks != nil {
		if stored, err = journal.Rewrite(stored, c.marks, func(string, string) (string, error) { return "", nil }); err != nil {
			return state, false, fault.Wrap(op, fault.Internal, "保存的内容不能读取", err)
		}
	}
	if err := journal.Decode(stored, &state); err != nil {
		return state, false, fault.Wrap(op, fault.Internal, "保存的内容不能读取", err)
	}
	if c.marks == nil || c.open {
		return state, false, nil
	}
	// The subject is never personal data itself, so that it can be read from the stored form.
	plain, purged, err := c.db.show(ctx, c.kind.Name, c.kind.Subject(id, &state), stored, c.marks)
	if err != nil {
		return state, false, err
	}
	var open T
	if err := journal.Decode(plain, &open); err != nil {
		return state, false, fault.Wrap(op, fault.Internal, "保存的内容不能读取", err)
	}
	return open, purged, nil
}

// encode gives the stored form of a state.
func (c *Collection[T]) encode(ctx context.Context, id string, state *T) ([]byte, error) {
	raw, err := json.Marshal(state)
	if err != nil {
		return nil, fault.Wrap("store.encode", fault.Invalid, "内容不能保存", err)
	}
	if c.marks == nil {
		return journal.Canonical(raw)
	}
	return c.db.hide(ctx, c.kind.Name, c.kind.Subject(id, state), raw, c.marks)
}

// Commit makes state the whole state of the document, if its last record still is afterSeq (0: it must not exist yet).
// Returns Conflict if somebody was first, if the subject was purged and a pii field holds new text, or if the idempotency key
// was used for another body; Invalid if the sealed record is larger than 64 KiB; Unavailable if the disk is full.
// With Meta.Idem a repeated request gives back the document that the first one made.
func (c *Collection[T]) Commit(ctx context.Context, meta Meta, id string, afterSeq int64, state T) (Doc[T], error) {
	return c.commit(ctx, meta, id, afterSeq, &state)
}

// Delete leaves a tombstone under the rules of Commit.
func (c *Collection[T]) Delete(ctx context.Context, meta Meta, id string, afterSeq int64) (Doc[T], error) {
	return c.commit(ctx, meta, id, afterSeq, nil)
}

// commit writes a state, or a tombstone if state is nil.
func (c *Collection[T]) commit(ctx context.Context, meta Meta, id string, afterSeq int64, state *T) (Doc[T], error) {
	const op = "store.Commit"
	if c.db.opt.ReadOnly {
		return Doc[T]{}, fault.New(op, fault.Forbidden, "数据是以只读方式打开的，不能写入")
	}
	if err := tried(ctx, op); err != nil {
		return Doc[T]{}, err
	}
	if !c.present(ctx) {
		return Doc[T]{}, fault.New(op, fault.Forbidden, "正在回看以前的登记，不能更改")
	}
	stream, err := c.stream(id)
	if err != nil {
		return Doc[T]{}, err
	}
	if afterSeq < 0 || afterSeq >= journal.MaxSeq {
		return Doc[T]{}, fault.New(op, fault.Invalid, "记录序号不合规则")
	}
	at := meta.At
	if at.IsZero() {
		at = c.db.Now()
	}
	idem, err := c.db.idemKey(meta)
	if err != nil {
		return Doc[T]{}, err
	}
	content := journal.Content{By: meta.By, Action: meta.Action, Why: meta.Why, Cause: meta.Cause, Idem: idem, At: journal.At(at),
		Nonce: randomHex(), KindVersion: c.kind.Version, Deleted: state == nil}
	if state != nil {
		if content.State, err = c.encode(ctx, id, state); err != nil {
			return Doc[T]{}, err
		}
	}
	seq := afterSeq + 1
	recordID := journal.RecordID(stream, seq)
	sealed, err := journal.Seal(recordID, content)
	if err != nil {
		return Doc[T]{}, err
	}
	change := &Commit{Stream: stream, Seq: seq, ID: recordID, Version: journal.Version, Sealed: sealed}
	if change.Doc, err = c.document(stream, id, seq, content, state); err != nil {
		return Doc[T]{}, err
	}
	if idem != "" {
		if change.Guard, err = c.db.guard(meta, idem, recordID); err != nil {
			return Doc[T]{}, err
		}
		change.GuardNow = change.Guard.Now
	}
	n, err := c.insert(ctx, change)
	if taken := (*GuardTaken)(nil); errors.As(err, &taken) {
		if doc, done, err := c.finish(ctx, meta, change, idem, taken.Standing); err != nil || done {
			return doc, err
		}
		change.Guard = nil
		n, err = c.insert(ctx, change)
		if fault.Is(err, fault.Conflict) {
			// Another try of this request may have been quicker by a moment.
			if doc, done, again := c.Replay(ctx, meta); again == nil && done {
				return doc, nil
			}
		}
	}
	if err != nil {
		return Doc[T]{}, err
	}
	doc := Doc[T]{ID: id, Seq: seq, N: n, At: content.At.Time, Deleted: state == nil}
	if state != nil {
		doc.State = *state
	}
	return doc, nil
}

// insert hands a change to the engine, once more if the answer was lost: the same sealed bytes are recognised as our own.
func (c *Collection[T]) insert(ctx context.Context, change *Commit) (int64, error) {
	n, err := c.db.engine.Commit(ctx, change)
	if fault.Is(err, fault.Unavailable) && ctx.Err() == nil {
		n, err = c.db.engine.Commit(ctx, change)
	}
	return n, err
}

// document gives the state document with its index entries.
func (c *Collection[T]) document(stream, id string, seq int64, content journal.Content, state *T) (Document, error) {
	const op = "store.document"
	d := Document{Kind: c.kind.Name}
	d.Stream, d.Seq, d.At, d.Deleted, d.State = stream, seq, content.At.UnixMilli(), content.Deleted, content.State
	if state == nil {
		return d, nil
	}
	if c.kind.Columns != nil {
		columns, err := json.Marshal(c.kind.Columns(id, state))
		if err != nil {
			return d, fault.Wrap(op, fault.Internal, "", err)
		}
		d.Columns = columns
	}
	seen := map[Entry]bool{}
	for _, index := range c.kind.Indexes {
		sort := ""
		if index.Sort != nil {
			sort = index.Sort(id, state)
		}
		for _, key := range index.Keys(id, state) {
			entry := Entry{Index: index.Name, Key: key, Sort: sort}
			if len(key) > MaxIndexText || len(sort) > MaxIndexText || !utf8.ValidString(key) || !utf8.ValidString(sort) {
				return d, fault.New(op, fault.Invalid, fmt.Sprintf("索引 %s 的文字太长（最多 %d 字节）", index.Name, MaxIndexText))
			}
			if !seen[entry] {
				seen[entry] = true
				d.Entries = append(d.Entries, entry)
			}
		}
	}
	return d, nil
}

// rebuilt makes the state document of a record anew.
func (c *Collection[T]) rebuilt(ctx context.Context, r journal.Record) (Document, error) {
	stream, seq, err := journal.ParseRecordID(r.ID)
	if err != nil {
		return Document{}, err
	}
	_, id, err := journal.ParseStreamKey(stream)
	if err != nil {
		return Document{}, err
	}
	_, content, err := journal.Unseal(r.Sealed)
	if err != nil {
		return Document{}, err
	}
	var state *T
	if !content.Deleted {
		decoded, _, err := c.decode(ctx, id, content.State)
		if err != nil {
			return Document{}, err
		}
		state = &decoded
	}
	d, err := c.document(stream, id, seq, content, state)
	d.N = r.N
	return d, err
}

// Follow makes the change of a rule: it creates the document whose id derives from the record and the rule, once.
func (c *Collection[T]) Follow(ctx context.Context, e Event, rule string, meta Meta, state T) (Doc[T], error) {
	meta.Cause, meta.Idem = journal.Cause(e.RecordID, rule), nil
	id := journal.DerivedID(meta.Cause)
	doc, err := c.Commit(ctx, meta, id, 0, state)
	if !fault.Is(err, fault.Conflict) {
		return doc, err
	}
	first, historyErr := c.first(ctx, id)
	if historyErr != nil || first.Meta.Cause != meta.Cause {
		return Doc[T]{}, errors.Join(err, historyErr)
	}
	return first.Doc, nil
}

// first returns the first change of a stream.
func (c *Collection[T]) first(ctx context.Context, id string) (Change[T], error) {
	for change, err := range c.History(ctx, id) {
		return change, err
	}
	return Change[T]{}, fault.New("store.first", fault.NotFound, "不存在")
}

// Each yields every document in order of stream key, without tombstones, in constant memory. The second value ends the iteration.
func (c *Collection[T]) Each(ctx context.Context) iter.Seq2[Doc[T], error] {
	return func(yield func(Doc[T], error) bool) {
		view, err := c.then(ctx)
		if err != nil {
			yield(Doc[T]{}, err)
			return
		}
		each := func(f func(Row) error) error { return c.db.engine.Each(ctx, c.kind.Name, "", WithState, f) }
		if view != nil {
			each = func(f func(Row) error) error { return c.eachThen(ctx, view, f) }
		}
		err = each(func(r Row) error {
			if r.Deleted {
				return nil
			}
			doc, err := c.fromRow(ctx, r)
			if err != nil {
				return err
			}
			if !yield(doc, nil) {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			yield(Doc[T]{}, err)
		}
	}
}

// History yields the changes of one document in order of seq, tombstones included; up to the moment of the context.
func (c *Collection[T]) History(ctx context.Context, id string) iter.Seq2[Change[T], error] {
	return func(yield func(Change[T], error) bool) {
		stream, err := c.stream(id)
		if err != nil {
			return
		}
		var after int64
		for {
			records, err := c.db.engine.History(ctx, stream, after, logBatch)
			if err != nil {
				yield(Change[T]{}, err)
				return
			}
			for _, r := range records {
				change, err := c.change(ctx, id, r)
				if at, _ := Known(ctx); err == nil && !c.present(ctx) && change.At.After(at) {
					return
				}
				if !yield(change, err) || err != nil {
					return
				}
				after = change.Seq
			}
			if len(records) < logBatch {
				return
			}
		}
	}
}

// fromRow decodes a state document.
func (c *Collection[T]) fromRow(ctx context.Context, r Row) (Doc[T], error) {
	_, id, err := journal.ParseStreamKey(r.Stream)
	if err != nil {
		return Doc[T]{}, err
	}
	doc := Doc[T]{ID: id, Seq: r.Seq, N: r.N, At: time.UnixMilli(r.At).UTC(), Deleted: r.Deleted}
	if !r.Deleted {
		doc.State, doc.Purged, err = c.decode(ctx, id, r.State)
	}
	return doc, err
}
