package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// documents are what a Collection reads and changes, whatever the type of a state is. A state is a pointer to it here, or nil.
type documents struct {
	db            *DB
	name          string // of the kind, as version and alwaysPresent
	version       int
	alwaysPresent bool
	indexes       []order
	columns       func(id string, state any) any    // nil if the kind has none
	subject       func(id string, state any) string // nil if the kind has none
	blank         func() any                        // a new empty state
	marks         *journal.Marks                    // nil if the state has no pii field
	reveal        reveal                            // opens the pii fields of a decoded state
	open          bool                              // leaves personal data out, see LoadOpen
}

// order is an Index; sort is nil if it has none.
type order struct {
	name string
	keys func(id string, state any) []string
	sort func(id string, state any) string
}

// declare checks what the kind says of its type and tells the store of it.
func (c *documents) declare(ctx context.Context, t reflect.Type) error {
	const op = "store.NewCollection"
	s := shapeOf(t)
	if s.pii {
		c.marks = s.marks
		var ok bool
		if c.reveal, ok = revealOf(t, "", map[reflect.Type]bool{}); !ok {
			return fault.New(op, fault.Invalid, c.name+" 有不能这样保存的个人信息")
		}
	}
	places := make(map[string]StoredField, len(s.fields))
	for _, f := range s.fields {
		places[f.Path] = f
	}
	if c.columns != nil {
		columns := shapeOf(reflect.TypeOf(c.columns("", c.blank())))
		if columns.pii {
			columns.refuse("Columns", "列表栏目不能含个人信息")
		}
		if len(columns.wrong) > 0 {
			return &fault.Error{Op: op, Kind: fault.Invalid, Message: c.name + " 的列表栏目不能存储", Fields: columns.wrong}
		}
	}
	names := make([]string, len(c.indexes))
	seen := map[string]bool{}
	for i, index := range c.indexes {
		if !journal.ValidPart(index.name) || seen[index.name] || index.keys == nil {
			return fault.New(op, fault.Invalid, fmt.Sprintf("%s 的索引“%s”不合规则", c.name, index.name))
		}
		names[i], seen[index.name] = index.name, true
	}
	if !journal.ValidPart(c.name) || c.version < 1 || len(names) > MaxIndexes || c.marks != nil && c.subject == nil {
		return fault.New(op, fault.Invalid, "文档种类“"+c.name+"”不合规则")
	}
	c.db.mu.Lock()
	_, twice := c.db.kinds[c.name]
	c.db.kinds[c.name] = c.rebuilt
	c.db.places[c.name] = places
	c.db.shapes[c.name] = c.shapeText(names)
	c.db.mu.Unlock()
	if twice {
		return fault.New(op, fault.Invalid, "文档种类“"+c.name+"”登记了两次")
	}
	return c.db.engine.Declare(ctx, c.name, names)
}

func (c *documents) stream(id string) (string, error) { return journal.StreamKey(c.name, id) }

func (c *documents) load(ctx context.Context, id string) (Doc[any], error) {
	head, err := c.head(ctx, id)
	if err != nil {
		return Doc[any]{}, err
	}
	if head.Deleted {
		return Doc[any]{}, fault.New("store.Load", fault.NotFound, "不存在")
	}
	return head.Doc, nil
}

// loadEach gives the document of each id, with the place of the id, in any order.
func (c *documents) loadEach(ctx context.Context, ids []string, f func(place int, d Doc[any])) error {
	streams, places := make([]string, 0, len(ids)), make(map[string]int, len(ids))
	for i, id := range ids {
		if stream, err := c.stream(id); err == nil {
			streams, places[stream] = append(streams, stream), i
		}
	}
	return c.eachHead(ctx, streams, func(stream string, head Change[any]) {
		if !head.Deleted {
			f(places[stream], head.Doc)
		}
	})
}

// eachHead gives the last change of each stream that has any, in any order.
func (c *documents) eachHead(ctx context.Context, streams []string, f func(stream string, head Change[any])) error {
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

func (c *documents) loadOpen(ctx context.Context, id string) (Doc[any], error) {
	const op = "store.LoadOpen"
	stream, err := c.stream(id)
	if err != nil {
		return Doc[any]{}, fault.Wrap(op, fault.NotFound, "不存在", err)
	}
	r, err := c.headRecord(ctx, stream)
	if err != nil {
		return Doc[any]{}, err
	}
	plain := *c
	plain.open = true
	head, err := plain.change(ctx, id, r)
	if err == nil && head.Deleted {
		err = fault.New(op, fault.NotFound, "不存在")
	}
	return head.Doc, err
}

func (c *documents) head(ctx context.Context, id string) (Change[any], error) {
	stream, err := c.stream(id)
	if err != nil {
		return Change[any]{}, fault.Wrap("store.Head", fault.NotFound, "不存在", err)
	}
	r, err := c.headRecord(ctx, stream)
	if err != nil {
		return Change[any]{}, err
	}
	return c.change(ctx, id, r)
}

// headRecord returns the last record of a stream, as of the moment of the context.
func (c *documents) headRecord(ctx context.Context, stream string) (journal.Record, error) {
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
func (c *documents) change(ctx context.Context, id string, r journal.Record) (Change[any], error) {
	const op = "store.change"
	_, seq, err := journal.ParseRecordID(r.ID)
	if err != nil {
		return Change[any]{}, err
	}
	_, content, err := journal.Unseal(r.Sealed)
	if err != nil {
		return Change[any]{}, fault.Wrap(op, "", "", fmt.Errorf("%s: %w", r.ID, err))
	}
	if content.KindVersion > c.version {
		return Change[any]{}, fault.New(op, fault.Invalid, fmt.Sprintf("%s 由更新的程序写入（第 %d 版，本程序为第 %d 版）", c.name, content.KindVersion, c.version))
	}
	out := Change[any]{Meta: metaOf(content), RecordID: r.ID, Hash: r.Hash}
	out.Doc = Doc[any]{ID: id, Seq: seq, N: r.N, At: content.At.Time, Deleted: content.Deleted}
	if !content.Deleted {
		out.State, out.Purged, err = c.decode(ctx, id, content.State)
	}
	return out, err
}

// decode reads a stored state; personal data is decrypted.
func (c *documents) decode(ctx context.Context, id string, stored []byte) (state any, purged bool, err error) {
	if c.open && c.marks != nil {
		if stored, err = journal.Rewrite(stored, c.marks, func(string, string) (string, error) { return "", nil }); err != nil {
			return nil, false, unreadable(err)
		}
	}
	state = c.blank()
	if err := journal.Decode(stored, state); err != nil {
		return nil, false, unreadable(err)
	}
	if c.marks == nil || c.open {
		return state, false, nil
	}
	// The subject is never personal data itself, so that it can be read before that is open.
	err = c.reveal(reflect.ValueOf(state).Elem(), "", c.db.opener(ctx, c.name, c.subject(id, state), &purged))
	if err != nil {
		return nil, false, err
	}
	return state, purged, nil
}

func unreadable(err error) error {
	return fault.Wrap("store.decode", fault.Internal, "保存的内容不能读取", err)
}

// encode gives the stored form of a state.
func (c *documents) encode(ctx context.Context, id string, state any) ([]byte, error) {
	raw, err := json.Marshal(state)
	if err != nil {
		return nil, fault.Wrap("store.encode", fault.Invalid, "内容不能保存", err)
	}
	if c.marks == nil {
		return journal.Canonical(raw)
	}
	return c.db.hide(ctx, c.name, c.subject(id, state), raw, c.marks)
}

// commit writes a state, or a tombstone if state is nil.
func (c *documents) commit(ctx context.Context, meta Meta, id string, afterSeq int64, state any) (Doc[any], error) {
	const op = "store.Commit"
	if c.db.opt.ReadOnly {
		return Doc[any]{}, fault.New(op, fault.Forbidden, "数据是以只读方式打开的，不能写入")
	}
	if err := tried(ctx, op); err != nil {
		return Doc[any]{}, err
	}
	if !c.present(ctx) {
		return Doc[any]{}, fault.New(op, fault.Forbidden, "正在回看以前的登记，不能更改")
	}
	stream, err := c.stream(id)
	if err != nil {
		return Doc[any]{}, err
	}
	if afterSeq < 0 || afterSeq >= journal.MaxSeq {
		return Doc[any]{}, fault.New(op, fault.Invalid, "记录序号不合规则")
	}
	at := meta.At
	if at.IsZero() {
		at = c.db.Now()
	}
	idem, err := c.db.idemKey(meta)
	if err != nil {
		return Doc[any]{}, err
	}
	content := journal.Content{By: meta.By, Action: meta.Action, Why: why(ctx, meta.Why), Cause: meta.Cause, Idem: idem, At: journal.At(at),
		Nonce: randomHex(), KindVersion: c.version, Deleted: state == nil}
	if state != nil {
		if content.State, err = c.encode(ctx, id, state); err != nil {
			return Doc[any]{}, err
		}
	}
	seq := afterSeq + 1
	recordID := journal.RecordID(stream, seq)
	sealed, err := journal.Seal(recordID, content)
	if err != nil {
		return Doc[any]{}, err
	}
	change := &Commit{Stream: stream, Seq: seq, ID: recordID, Version: journal.Version, Sealed: sealed}
	if change.Doc, err = c.document(stream, id, seq, content, state); err != nil {
		return Doc[any]{}, err
	}
	if idem != "" {
		if change.Guard, err = c.db.guard(meta, idem, recordID); err != nil {
			return Doc[any]{}, err
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
			if doc, done, again := c.replayed(ctx, meta); again == nil && done {
				return doc, nil
			}
		}
	}
	if err != nil {
		return Doc[any]{}, err
	}
	return Doc[any]{ID: id, Seq: seq, N: n, At: content.At.Time, Deleted: state == nil, State: state}, nil
}

// insert hands a change to the engine, once more if the answer was lost: the same sealed bytes are recognised as our own.
func (c *documents) insert(ctx context.Context, change *Commit) (int64, error) {
	n, err := c.db.engine.Commit(ctx, change)
	if fault.Is(err, fault.Unavailable) && ctx.Err() == nil {
		n, err = c.db.engine.Commit(ctx, change)
	}
	return n, err
}

// document gives the state document with its index entries.
func (c *documents) document(stream, id string, seq int64, content journal.Content, state any) (Document, error) {
	const op = "store.document"
	d := Document{Kind: c.name}
	d.Stream, d.Seq, d.At, d.Deleted, d.State = stream, seq, content.At.UnixMilli(), content.Deleted, content.State
	if state == nil {
		return d, nil
	}
	if c.columns != nil {
		columns, err := json.Marshal(c.columns(id, state))
		if err != nil {
			return d, fault.Wrap(op, fault.Internal, "", err)
		}
		d.Columns = columns
	}
	seen := map[Entry]bool{}
	for _, index := range c.indexes {
		sort := ""
		if index.sort != nil {
			sort = index.sort(id, state)
		}
		for _, key := range index.keys(id, state) {
			entry := Entry{Index: index.name, Key: key, Sort: sort}
			if len(key) > MaxIndexText || len(sort) > MaxIndexText || !utf8.ValidString(key) || !utf8.ValidString(sort) {
				return d, fault.New(op, fault.Invalid, fmt.Sprintf("索引 %s 的文字太长（最多 %d 字节）", index.name, MaxIndexText))
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
func (c *documents) rebuilt(ctx context.Context, r journal.Record) (Document, error) {
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
	var state any
	if !content.Deleted {
		if state, _, err = c.decode(ctx, id, content.State); err != nil {
			return Document{}, err
		}
	}
	d, err := c.document(stream, id, seq, content, state)
	d.N = r.N
	return d, err
}

func (c *documents) follow(ctx context.Context, e Event, rule string, meta Meta, state any) (Doc[any], error) {
	meta.Cause, meta.Idem = journal.Cause(e.RecordID, rule), nil
	id := journal.DerivedID(meta.Cause)
	doc, err := c.commit(ctx, meta, id, 0, state)
	if !fault.Is(err, fault.Conflict) {
		return doc, err
	}
	first, historyErr := c.first(ctx, id)
	if historyErr != nil || first.Meta.Cause != meta.Cause {
		return Doc[any]{}, errors.Join(err, historyErr)
	}
	return first.Doc, nil
}

// first returns the first change of a stream.
func (c *documents) first(ctx context.Context, id string) (first Change[any], err error) {
	err = fault.New("store.first", fault.NotFound, "不存在")
	c.history(ctx, id, func(change Change[any], failed error) bool {
		first, err = change, failed
		return false
	})
	return first, err
}

// each hands out every document until yield says false or an error was handed out.
func (c *documents) each(ctx context.Context, yield func(Doc[any], error) bool) {
	view, err := c.then(ctx)
	if err != nil {
		yield(Doc[any]{}, err)
		return
	}
	each := func(f func(Row) error) error { return c.db.engine.Each(ctx, c.name, "", WithState, f) }
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
		yield(Doc[any]{}, err)
	}
}

// history hands out the changes of a document until yield says false or an error was handed out.
func (c *documents) history(ctx context.Context, id string, yield func(Change[any], error) bool) {
	stream, err := c.stream(id)
	if err != nil {
		return
	}
	var after int64
	for {
		records, err := c.db.engine.History(ctx, stream, after, logBatch)
		if err != nil {
			yield(Change[any]{}, err)
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

// fromRow decodes a state document.
func (c *documents) fromRow(ctx context.Context, r Row) (Doc[any], error) {
	_, id, err := journal.ParseStreamKey(r.Stream)
	if err != nil {
		return Doc[any]{}, err
	}
	doc := Doc[any]{ID: id, Seq: r.Seq, N: r.N, At: time.UnixMilli(r.At).UTC(), Deleted: r.Deleted}
	if !r.Deleted {
		doc.State, doc.Purged, err = c.decode(ctx, id, r.State)
	}
	return doc, err
}
