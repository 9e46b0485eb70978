package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

type knownKey struct{}

// KnownAt returns a context in which every collection answers as its journal stood at a moment: what was changed later is unknown, what was
// deleted later is there. Kinds that are AlwaysPresent answer as they are now. Nothing can be written in such a context. The moment must have passed.
func KnownAt(ctx context.Context, at time.Time) context.Context {
	return context.WithValue(ctx, knownKey{}, at.UTC())
}

type wholeKey struct{}

// WholePast returns a context in which also kinds that are AlwaysPresent answer as of the moment of KnownAt, for a page that tells who could do what then. In a context of the present it
// changes nothing.
func WholePast(ctx context.Context) context.Context { return context.WithValue(ctx, wholeKey{}, true) }

// present reports whether the collection answers as it is now, whatever moment the context carries.
func (c *documents) present(ctx context.Context) bool {
	_, known := Known(ctx)
	return !known || c.alwaysPresent && ctx.Value(wholeKey{}) == nil
}

type trialKey struct{}

// Trial returns a context in which nothing can be written: a command that is called with it checks what it was given, and then answers Forbidden instead of
// writing. For telling all that is wrong with a form at once.
func Trial(ctx context.Context) context.Context { return context.WithValue(ctx, trialKey{}, true) }

// tried is the refusal to write in a context of Trial, nil in any other.
func tried(ctx context.Context, op string) error {
	if ctx.Value(trialKey{}) == nil {
		return nil
	}
	return fault.New(op, fault.Forbidden, "只是核对填写的内容，没有保存")
}

// Known returns the moment of KnownAt; false in a context of the present.
func Known(ctx context.Context) (time.Time, bool) {
	at, known := ctx.Value(knownKey{}).(time.Time)
	return at, known && !at.IsZero()
}

// Present returns a context in which every collection answers as it is now.
func Present(ctx context.Context) context.Context {
	if _, known := Known(ctx); !known {
		return ctx
	}
	return context.WithValue(ctx, knownKey{}, time.Time{})
}

// ClockIn returns the moment from which a reader in this context counts days: that of KnownAt, or what now says.
func ClockIn(ctx context.Context, now func() time.Time) time.Time {
	if at, known := Known(ctx); known {
		return at
	}
	return now()
}

// maxPasts is how many pairs of kind and moment are kept in memory.
const maxPasts = 32

// maxFollowed is how many records of the log a kept past follows one by one; behind more it is read anew.
const maxFollowed = 5000

// pasts keep what was replayed, because who looks back opens several pages of the same day. The oldest is forgotten first.
type pasts struct {
	mu   sync.Mutex
	kept map[string]*past
	line []string
}

func (p *pasts) of(kind string, at time.Time) *past {
	name := kind + "@" + journal.At(at).String()
	p.mu.Lock()
	defer p.mu.Unlock()
	if found := p.kept[name]; found != nil {
		return found
	}
	if p.kept == nil {
		p.kept = map[string]*past{}
	}
	if len(p.line) == maxPasts {
		delete(p.kept, p.line[0])
		p.line = p.line[1:]
	}
	found := &past{}
	p.kept[name], p.line = found, append(p.line, name)
	return found
}

// past is what is different of a kind at one moment: the streams that were changed later. All others were then as they are now, so a look back
// costs what has changed since and not what there is.
type past struct {
	mu   sync.Mutex
	view *pastView
	// upTo is the log number up to which the view was made.
	upTo int64
}

// pastView is never changed after it was made.
type pastView struct {
	at time.Time
	// docs are the documents as they were, by stream; nil for one that did not exist yet.
	docs map[string]*Document
	// runs are their places in the indexes, in order of (sort, stream).
	runs map[[2]string][]pastPlace
}

type pastPlace struct {
	Place
	doc *Document
}

func newPastView(at time.Time, docs map[string]*Document) *pastView {
	v := &pastView{at: at, docs: docs, runs: map[[2]string][]pastPlace{}}
	for stream, d := range docs {
		if d == nil || d.Deleted {
			continue
		}
		for _, e := range d.Entries {
			run := [2]string{e.Index, e.Key}
			v.runs[run] = append(v.runs[run], pastPlace{Place{Sort: e.Sort, Stream: stream}, d})
		}
	}
	for _, run := range v.runs {
		slices.SortFunc(run, func(a, b pastPlace) int { return comparePlaces(a.Place, b.Place) })
	}
	return v
}

func comparePlaces(a, b Place) int {
	return cmp.Or(strings.Compare(a.Sort, b.Sort), strings.Compare(a.Stream, b.Stream))
}

// then returns the view that a context asks for, brought up to the end of the log; nil for the present.
func (c *documents) then(ctx context.Context) (*pastView, error) {
	if c.present(ctx) {
		return nil, nil
	}
	at, _ := Known(ctx)
	ctx = Present(ctx)
	p := c.db.pasts.of(c.name, at)
	p.mu.Lock()
	defer p.mu.Unlock()
	last, err := c.db.engine.LastN(ctx)
	if err != nil || p.view != nil && p.upTo == last {
		return p.view, err
	}
	var changed []string
	docs := map[string]*Document{}
	if p.view != nil && last-p.upTo <= maxFollowed {
		changed, err = c.changedSince(ctx, p.upTo, last, p.view)
		docs = p.view.docs
	} else {
		p.view = nil
		err = c.db.engine.Each(ctx, c.name, "", 0, func(r Row) error {
			if r.At > at.UnixMilli() {
				changed = append(changed, r.Stream)
			}
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	if p.view == nil || len(changed) > 0 {
		docs = maps.Clone(docs)
		for _, stream := range changed {
			if docs[stream], err = c.documentAt(ctx, stream, at); err != nil {
				return nil, err
			}
		}
		p.view = newPastView(at, docs)
	}
	p.upTo = last
	return p.view, nil
}

// changedSince returns the streams of this kind with records after a log number that the view does not hold yet.
func (c *documents) changedSince(ctx context.Context, after, upTo int64, view *pastView) ([]string, error) {
	found := map[string]bool{}
	err := c.db.engine.Log(ctx, after, upTo, func(r journal.Record) error {
		stream, _, err := journal.ParseRecordID(r.ID)
		if err != nil {
			return err
		}
		kind, _, err := journal.ParseStreamKey(stream)
		if _, held := view.docs[stream]; err == nil && kind == c.name && !held {
			found[stream] = true
		}
		return err
	})
	return slices.Collect(maps.Keys(found)), err
}

// recordAt returns the last record of a stream that was made at or before a moment; false if there was none.
func (c *documents) recordAt(ctx context.Context, stream string, at time.Time) (last journal.Record, found bool, err error) {
	var after int64
	for {
		records, err := c.db.engine.History(ctx, stream, after, logBatch)
		if err != nil {
			return last, false, err
		}
		for _, r := range records {
			_, content, err := journal.Unseal(r.Sealed)
			if err != nil {
				return last, false, fault.Wrap("store.recordAt", "", "", fmt.Errorf("%s: %w", r.ID, err))
			}
			if content.At.After(at) {
				return last, found, nil
			}
			last, found = r, true
			if _, after, err = journal.ParseRecordID(r.ID); err != nil {
				return last, false, err
			}
		}
		if len(records) < logBatch {
			return last, found, nil
		}
	}
}

// documentAt returns the state document of a stream as it was at a moment, nil if there was none.
func (c *documents) documentAt(ctx context.Context, stream string, at time.Time) (*Document, error) {
	r, found, err := c.recordAt(ctx, stream, at)
	if err != nil || !found {
		return nil, err
	}
	d, err := c.rebuilt(ctx, r)
	return &d, err
}

// headsThen returns the records that were the heads of streams at the moment of the view.
func (c *documents) headsThen(ctx context.Context, view *pastView, streams []string) ([]journal.Record, error) {
	var records []journal.Record
	same := make([]string, 0, len(streams))
	for _, stream := range streams {
		d, changed := view.docs[stream]
		switch {
		case !changed:
			same = append(same, stream)
		case d != nil:
			r, err := c.db.engine.Record(ctx, journal.RecordID(stream, d.Seq))
			if err != nil {
				return nil, err
			}
			records = append(records, r)
		}
	}
	if len(same) == 0 {
		return records, nil
	}
	now, err := c.db.engine.Heads(ctx, same)
	return append(records, now...), err
}

// listThen is Engine.List at the moment of the view: what has not changed since comes from the index, what has from the view.
func (c *documents) listThen(ctx context.Context, view *pastView, q ListQuery) ([]Row, error) {
	order := func(a, b Place) int {
		if q.Desc {
			return -comparePlaces(a, b)
		}
		return comparePlaces(a, b)
	}
	var rows []Row
	ask := q
	for len(rows) < q.Limit {
		found, err := c.db.engine.List(ctx, ask)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			if _, changed := view.docs[r.Stream]; !changed && r.At <= view.at.UnixMilli() {
				rows = append(rows, r)
			}
		}
		if len(found) < ask.Limit {
			break
		}
		last := found[len(found)-1]
		ask.From, ask.Limit = &Place{Sort: last.Sort, Stream: last.Stream}, MaxLimit
	}
	for _, place := range view.runs[[2]string{q.Index, q.Key}] {
		if q.From == nil || order(place.Place, *q.From) > 0 {
			r := place.doc.Row
			r.Sort = place.Sort
			rows = append(rows, r)
		}
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return order(Place{Sort: a.Sort, Stream: a.Stream}, Place{Sort: b.Sort, Stream: b.Stream})
	})
	return rows[:min(len(rows), q.Limit)], nil
}

// eachThen is Engine.Each at the moment of the view, in order of stream key, with states.
func (c *documents) eachThen(ctx context.Context, view *pastView, f func(Row) error) error {
	changed := slices.Sorted(maps.Keys(view.docs))
	next := 0
	// upTo hands out what was changed and stands before a stream.
	upTo := func(stream string) error {
		for ; next < len(changed) && (stream == "" || changed[next] < stream); next++ {
			if d := view.docs[changed[next]]; d != nil {
				if err := f(d.Row); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err := c.db.engine.Each(ctx, c.name, "", WithState, func(r Row) error {
		if err := upTo(r.Stream); err != nil {
			return err
		}
		if _, held := view.docs[r.Stream]; held || r.At > view.at.UnixMilli() {
			return nil
		}
		return f(r)
	})
	if err != nil {
		return err
	}
	return upTo("")
}
