// Package storetest is the suite that every engine must pass: what the rest of the program may rely on, told as tests.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// Data is one data folder or database that can be opened again and again.
type Data interface {
	// Open opens the data as a new process would.
	Open(t *testing.T, readOnly bool) store.Engine
}

// Suite says what is tested.
type Suite struct {
	// New returns fresh, empty data.
	New func(t *testing.T) Data
	// Many is how many documents the streaming test writes; the design asks for 100,000, a slow test server may take fewer.
	Many int
	// Writers is how many goroutines race for one stream.
	Writers int
}

// Note is the kind under test.
type Note struct {
	Title  string `json:"title" privacy:"public"`
	Author string `json:"author" privacy:"pii"`
	Owner  string `json:"owner" privacy:"internal"`
	Body   string `json:"body" privacy:"internal"`
	Count  int64  `json:"count"`
}

func noteKind() store.Kind[Note] {
	return store.Kind[Note]{
		Name: "note", Version: 1,
		Indexes: []store.Index[Note]{
			{Name: "title", Keys: func(_ string, s *Note) []string { return []string{"", "o:" + s.Owner} }, Sort: func(_ string, s *Note) string { return s.Title }},
			{Name: "count", Keys: func(_ string, s *Note) []string { return []string{"all"} }, Sort: func(_ string, s *Note) string { return store.SortInt(s.Count) }},
		},
		Columns: func(_ string, s *Note) any {
			return struct {
				Title string `json:"title" privacy:"public"`
			}{s.Title}
		},
		Subject: func(_ string, s *Note) string {
			if s.Owner == "" {
				return ""
			}
			return "person/" + s.Owner
		},
	}
}

// bench is one opened store with its kind.
type bench struct {
	db    *store.DB
	notes *store.Collection[Note]
	data  Data
	clock *clock
}

// clock is a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var masterKey = bytes.Repeat([]byte{7}, 32)

func open(t *testing.T, data Data, c *clock, wrap func(store.Engine) store.Engine) *bench {
	t.Helper()
	engine := data.Open(t, false)
	if wrap != nil {
		engine = wrap(engine)
	}
	db, err := store.Open(t.Context(), engine, store.Options{Now: c.Now, MasterKey: masterKey})
	if err != nil {
		t.Fatal(err)
	}
	notes, err := store.NewCollection(t.Context(), db, noteKind())
	if err != nil {
		t.Fatal(err)
	}
	return &bench{db: db, notes: notes, data: data, clock: c}
}

func (s Suite) fresh(t *testing.T) *bench {
	t.Helper()
	b := open(t, s.New(t), &clock{now: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)}, nil)
	t.Cleanup(func() {
		if err := b.db.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func meta(action string) store.Meta { return store.Meta{By: "u1", Action: action} }

// verify fails the test unless the whole log holds.
func (b *bench) verify(t *testing.T) journal.Report {
	t.Helper()
	if err := b.db.Engine().Settle(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	v, err := store.Verifier(t.Context(), b.db.Engine())
	if err != nil {
		t.Fatal(err)
	}
	report, err := v.Verify(t.Context(), b.db.Engine())
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK() || report.AfterCheckpoint != 0 {
		t.Fatalf("the log does not hold: %+v", report)
	}
	return report
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != kind {
		t.Fatalf("got %v, want kind %q", err, kind)
	}
}

// Run runs the suite.
func Run(t *testing.T, s Suite) {
	t.Run("commit and load", s.commitAndLoad)
	t.Run("race", s.race)
	t.Run("lost answer", s.lostAnswer)
	t.Run("idempotency", s.idempotency)
	t.Run("claims", s.claims)
	t.Run("queries", s.queries)
	t.Run("purge", s.purge)
	t.Run("record size", s.recordSize)
	t.Run("files", s.files)
	t.Run("stream many", s.streamMany)
	t.Run("read-only beside a writer", s.readOnly)
	t.Run("follow-ups", s.followUps)
	t.Run("ephemeral and leases", s.ephemeral)
	t.Run("newer data", s.newerData)
	t.Run("rebuild", s.rebuild)
}

func (s Suite) commitAndLoad(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	doc, err := b.notes.Commit(ctx, meta("note.create"), "a", 0, Note{Title: "一", Author: "王桂兰", Owner: "p1"})
	if err != nil || doc.Seq != 1 {
		t.Fatal(doc, err)
	}
	if _, err := b.notes.Commit(ctx, meta("note.create"), "a", 0, Note{Title: "二"}); !fault.Is(err, fault.Conflict) {
		t.Fatalf("a second first record: %v", err)
	}
	if _, err := b.notes.Commit(ctx, meta("note.change"), "a", 5, Note{Title: "二"}); !fault.Is(err, fault.Conflict) {
		t.Fatalf("a gap in the stream: %v", err)
	}
	if _, err := b.notes.Commit(ctx, meta("note.change"), "a", 1, Note{Title: "二", Author: "王桂兰", Owner: "p1"}); err != nil {
		t.Fatal(err)
	}
	got, err := b.notes.Load(ctx, "a")
	if err != nil || got.State.Title != "二" || got.State.Author != "王桂兰" || got.Seq != 2 {
		t.Fatalf("%+v %v", got, err)
	}
	if _, err := b.notes.Delete(ctx, meta("note.delete"), "a", 2); err != nil {
		t.Fatal(err)
	}
	_, err = b.notes.Load(ctx, "a")
	wantKind(t, err, fault.NotFound)
	_, err = b.notes.Load(ctx, "never")
	wantKind(t, err, fault.NotFound)
	var actions []string
	for change, err := range b.notes.History(ctx, "a") {
		if err != nil {
			t.Fatal(err)
		}
		actions = append(actions, fmt.Sprintf("%s:%v", change.Meta.Action, change.Deleted))
	}
	if got := strings.Join(actions, " "); got != "note.create:false note.change:false note.delete:true" {
		t.Fatal(got)
	}
	page, err := b.notes.List(ctx, store.Query{Index: "title"})
	if err != nil || len(page.Docs) != 0 {
		t.Fatalf("a deleted document is still listed: %+v %v", page, err)
	}
	b.verify(t)
}

func (s Suite) race(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	const rounds = 6
	for seq := int64(0); seq < rounds; seq++ {
		var wins sync.Map
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for w := range s.Writers {
			wg.Go(func() {
				_, err := b.notes.Commit(ctx, meta("note.change"), "hot", seq, Note{Title: fmt.Sprint("w", w), Count: seq})
				switch {
				case err == nil:
					mu.Lock()
					won++
					mu.Unlock()
					wins.Store(w, true)
				case !fault.Is(err, fault.Conflict):
					t.Errorf("writer %d: %v", w, err)
				}
			})
		}
		wg.Wait()
		if won != 1 {
			t.Fatalf("seq %d has %d winners", seq+1, won)
		}
		doc, err := b.notes.Load(ctx, "hot")
		if err != nil || doc.Seq != seq+1 {
			t.Fatalf("%+v %v", doc, err)
		}
		var w int
		if _, err := fmt.Sscanf(doc.State.Title, "w%d", &w); err != nil {
			t.Fatal(err)
		}
		if _, ok := wins.Load(w); !ok {
			t.Fatalf("the head is of writer %d, who was told that he lost", w)
		}
	}
	if report := b.verify(t); report.Records != rounds {
		t.Fatalf("%d records, want %d", report.Records, rounds)
	}
	page, err := b.notes.List(ctx, store.Query{Index: "count", Key: "all"})
	if err != nil || len(page.Docs) != 1 || page.Docs[0].Seq != rounds {
		t.Fatalf("the list does not show the head: %+v %v", page, err)
	}
}

// lossy loses the answer of commits: they happen, and the caller hears Unavailable.
type lossy struct {
	store.Engine
	mu   sync.Mutex
	lose int
}

// Commit implements store.Engine.
func (l *lossy) Commit(ctx context.Context, c *store.Commit) (int64, error) {
	n, err := l.Engine.Commit(ctx, c)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil && l.lose > 0 {
		l.lose--
		return 0, fault.New("lossy", fault.Unavailable, "连接中断")
	}
	return n, err
}

func (s Suite) lostAnswer(t *testing.T) {
	var l *lossy
	b := open(t, s.New(t), &clock{now: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)}, func(e store.Engine) store.Engine {
		l = &lossy{Engine: e}
		return l
	})
	defer func() {
		if err := b.db.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	l.lose = 1
	doc, err := b.notes.Commit(ctx, meta("note.create"), "a", 0, Note{Title: "一"})
	if err != nil || doc.Seq != 1 {
		t.Fatalf("our own insert was not recognised: %+v %v", doc, err)
	}
	// Both answers lost: the caller does not know, repeats the request with its key, and gets what the first try made.
	l.lose = 2
	m := meta("note.create")
	m.Idem = &store.Idem{Key: "k1", Body: []byte("body")}
	_, err = b.notes.Commit(ctx, m, "b", 0, Note{Title: "二"})
	wantKind(t, err, fault.Unavailable)
	doc, err = b.notes.Commit(ctx, m, "b", 0, Note{Title: "二"})
	if err != nil || doc.Seq != 1 || doc.State.Title != "二" {
		t.Fatalf("%+v %v", doc, err)
	}
	if report := b.verify(t); report.Records != 2 {
		t.Fatalf("%d records, want 2", report.Records)
	}
}

func (s Suite) idempotency(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	m := meta("note.create")
	m.Idem = &store.Idem{Key: "k", Body: []byte("body")}
	first, err := b.notes.Commit(ctx, m, "a", 0, Note{Title: "一", Author: "李", Owner: "p"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.notes.Commit(ctx, meta("note.change"), "a", 1, Note{Title: "后来"}); err != nil {
		t.Fatal(err)
	}
	again, err := b.notes.Commit(ctx, m, "a", 0, Note{Title: "一", Author: "李", Owner: "p"})
	if err != nil || again.Seq != first.Seq || again.State != first.State {
		t.Fatalf("a replay gave %+v, %v", again, err)
	}
	replayed, found, err := b.notes.Replay(ctx, m)
	if err != nil || !found || replayed.Seq != 1 {
		t.Fatalf("%+v %v %v", replayed, found, err)
	}
	other := m
	other.Idem = &store.Idem{Key: "k", Body: []byte("other body")}
	_, err = b.notes.Commit(ctx, other, "b", 0, Note{Title: "二"})
	wantKind(t, err, fault.Conflict)
	_, err = b.notes.Load(ctx, "b")
	wantKind(t, err, fault.NotFound)
	stranger := m
	stranger.By = "u2"
	if _, err := b.notes.Commit(ctx, stranger, "c", 0, Note{Title: "三"}); err != nil {
		t.Fatalf("the key of another actor was taken for ours: %v", err)
	}
	b.clock.add(31 * 24 * time.Hour)
	if _, found, err := b.notes.Replay(ctx, m); err != nil || found {
		t.Fatalf("a key outlived its 30 days: %v %v", found, err)
	}
	if report := b.verify(t); report.Records != 3 {
		t.Fatalf("%d records, want 3", report.Records)
	}
}

func (s Suite) claims(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for w := range s.Writers {
		wg.Go(func() {
			err := b.db.Claim(ctx, meta("account.create"), "login", "zhang", fmt.Sprintf("note/w%d", w))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Fatalf("%d winners of one login", won)
	}
	holder, err := b.db.Claimed(ctx, "login", "zhang")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.db.Claim(ctx, meta("account.create"), "login", "zhang", holder); err != nil {
		t.Fatalf("claiming again for the same target: %v", err)
	}
	b.clock.add(store.OrphanAfter)
	if err := b.db.Claim(ctx, meta("account.create"), "login", "zhang", "note/new"); err != nil {
		t.Fatalf("an orphan was not freed: %v", err)
	}
	if _, err := b.notes.Commit(ctx, meta("note.create"), "new", 0, Note{Title: "新"}); err != nil {
		t.Fatal(err)
	}
	b.clock.add(store.OrphanAfter)
	wantKind(t, b.db.Claim(ctx, meta("account.create"), "login", "zhang", "note/late"), fault.Conflict)
	wantKind(t, b.db.Release(ctx, meta("account.delete"), "login", "zhang", "note/late"), fault.Conflict)
	if err := b.db.Release(ctx, meta("account.delete"), "login", "zhang", "note/new"); err != nil {
		t.Fatal(err)
	}
	_, err = b.db.Claimed(ctx, "login", "zhang")
	wantKind(t, err, fault.NotFound)
	if err := b.db.Claim(ctx, meta("account.create"), "login", "zhang", "note/late"); err != nil {
		t.Fatalf("a released key cannot be claimed: %v", err)
	}
	b.verify(t)
}

func (s Suite) queries(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	const docs = 57
	for i := range docs {
		owner := fmt.Sprint("p", i%3)
		if _, err := b.notes.Commit(ctx, meta("note.create"), fmt.Sprintf("n%02d", i), 0, Note{Title: fmt.Sprintf("标题%02d", i/2), Owner: owner, Count: int64(i - 20)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.db.Engine().Settle(ctx); err != nil {
		t.Fatal(err)
	}
	collect := func(q store.Query) []string {
		t.Helper()
		var ids []string
		for pages := 0; ; pages++ {
			page, err := b.notes.List(ctx, q)
			if err != nil || pages > docs {
				t.Fatal(pages, err)
			}
			for _, d := range page.Docs {
				ids = append(ids, d.ID)
			}
			if q.After = page.Next; q.After == "" {
				return ids
			}
		}
	}
	up := collect(store.Query{Index: "count", Key: "all", Limit: 10})
	down := collect(store.Query{Index: "count", Key: "all", Limit: 7, Desc: true})
	if len(up) != docs || len(down) != docs {
		t.Fatalf("%d up, %d down, want %d", len(up), len(down), docs)
	}
	for i := range up {
		if up[i] != fmt.Sprintf("n%02d", i) || down[docs-1-i] != up[i] {
			t.Fatalf("place %d: up %s, down %s", i, up[i], down[docs-1-i])
		}
	}
	in := collect(store.Query{Index: "title", In: []string{"o:p0", "o:p2", "o:nobody"}, Limit: 5})
	seen := map[string]bool{}
	for _, id := range in {
		if seen[id] {
			t.Fatalf("%s twice", id)
		}
		seen[id] = true
	}
	if len(in) != 38 {
		t.Fatalf("%d rows of two owners, want 38", len(in))
	}
	if none := collect(store.Query{Index: "title", In: []string{}}); len(none) != 0 {
		t.Fatal("an empty list of keys gives rows")
	}
	where, err := b.notes.ListWhere(ctx, store.Query{Index: "count", Key: "all", Limit: 4}, func(d *store.Doc[Note]) bool { return d.State.Count%10 == 0 })
	if err != nil || len(where.Docs) != 4 || where.Next == "" {
		t.Fatalf("%+v %v", where, err)
	}
	rest, err := b.notes.ListWhere(ctx, store.Query{Index: "count", Key: "all", Limit: 4, After: where.Next}, func(d *store.Doc[Note]) bool { return d.State.Count%10 == 0 })
	if err != nil || len(rest.Docs) != 2 || rest.Next != "" {
		t.Fatalf("%+v %v", rest, err)
	}
	rows, err := b.notes.Rows(ctx, store.Query{Index: "title", Limit: 1})
	if err != nil || len(rows.Rows) != 1 || string(rows.Rows[0].Columns) != `{"title":"标题00"}` {
		t.Fatalf("%+v %v", rows, err)
	}
	for name, q := range map[string]store.Query{
		"foreign cursor": {Index: "title", After: where.Next},
		"broken cursor":  {Index: "title", After: "@@"},
		"huge page":      {Index: "title", Limit: store.MaxLimit + 1},
		"too many keys":  {Index: "title", In: make([]string, store.MaxIn+1)},
	} {
		if _, err := b.notes.List(ctx, q); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func (s Suite) purge(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	const secret = "欧阳桂兰13800138000"
	if _, err := b.notes.Commit(ctx, meta("note.create"), "a", 0, Note{Title: "一", Author: secret, Owner: "p1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.notes.Commit(ctx, meta("note.create"), "b", 0, Note{Title: "二", Author: "别人", Owner: "p2"}); err != nil {
		t.Fatal(err)
	}
	_, err := b.notes.Commit(ctx, meta("note.create"), "c", 0, Note{Author: "没有主体"})
	wantKind(t, err, fault.Invalid)
	if err := b.db.Engine().Log(ctx, 0, 0, func(r journal.Record) error {
		if bytes.Contains(r.Sealed, []byte("欧阳")) || bytes.Contains(r.Sealed, []byte("13800138000")) {
			return errors.New("personal data in the journal")
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Purge(ctx, meta("person.purge"), "person/p1"); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Purge(ctx, meta("person.purge"), "person/p1"); err != nil {
		t.Fatalf("twice is not once: %v", err)
	}
	got, err := b.notes.Load(ctx, "a")
	if err != nil || got.State.Author != store.PurgedText || !got.Purged || got.State.Title != "一" {
		t.Fatalf("%+v %v", got, err)
	}
	if other, err := b.notes.Load(ctx, "b"); err != nil || other.State.Author != "别人" {
		t.Fatalf("%+v %v", other, err)
	}
	_, err = b.notes.Commit(ctx, meta("note.change"), "a", 1, Note{Title: "一", Author: "又写", Owner: "p1"})
	wantKind(t, err, fault.Conflict)
	b.verify(t)
}

func (s Suite) recordSize(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	// The envelope's length does not depend on the body, so that one probe tells how much room is left.
	if _, err := b.notes.Commit(ctx, meta("note.create"), "a", 0, Note{}); err != nil {
		t.Fatal(err)
	}
	stream, err := journal.StreamKey("note", "a")
	if err != nil {
		t.Fatal(err)
	}
	probe, err := b.db.Engine().Head(ctx, stream)
	if err != nil {
		t.Fatal(err)
	}
	room := journal.MaxSealed - len(probe.Sealed)
	body := func(n int) Note { return Note{Body: strings.Repeat("x", n)} }
	if _, err := b.notes.Commit(ctx, meta("note.create"), "b", 0, body(room+1)); !fault.Is(err, fault.Invalid) {
		t.Fatalf("one byte over the limit: %v", err)
	}
	_, err = b.notes.Load(ctx, "b")
	wantKind(t, err, fault.NotFound)
	if _, err := b.notes.Commit(ctx, meta("note.create"), "b", 0, body(room)); err != nil {
		t.Fatalf("exactly the limit: %v", err)
	}
	if got, err := b.notes.Load(ctx, "b"); err != nil || len(got.State.Body) != room {
		t.Fatalf("%d bytes back, %v", len(got.State.Body), err)
	}
}

func (s Suite) streamMany(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	var wg sync.WaitGroup
	const writers = 32
	for w := range writers {
		wg.Go(func() {
			for i := w; i < s.Many; i += writers {
				if _, err := b.notes.Commit(ctx, meta("note.create"), fmt.Sprint("n", i), 0, Note{Title: strings.Repeat("长", 60), Count: int64(i)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if err := b.db.Engine().Settle(ctx); err != nil {
		t.Fatal(err)
	}
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before, most, count, last := heap(), uint64(0), 0, ""
	for doc, err := range b.notes.Each(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		count++
		last = doc.ID
		if count%(max(s.Many/4, 1)) == 0 {
			most = max(most, heap())
		}
	}
	if count != s.Many || last == "" {
		t.Fatalf("%d documents, want %d", count, s.Many)
	}
	const slack = 12 << 20
	if most > before+slack {
		t.Fatalf("reading all took %d MiB more", (most-before)>>20)
	}
}

func (s Suite) readOnly(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	if _, err := b.notes.Commit(ctx, meta("note.create"), "a", 0, Note{Title: "一", Author: "李", Owner: "p"}); err != nil {
		t.Fatal(err)
	}
	reader, err := store.Open(ctx, b.data.Open(t, true), store.Options{Now: b.clock.Now, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
	}()
	notes, err := store.NewCollection(ctx, reader, noteKind())
	if err != nil {
		t.Fatal(err)
	}
	got, err := notes.Load(ctx, "a")
	if err != nil || got.State.Title != "一" || got.State.Author != store.UnreadableText {
		t.Fatalf("%+v %v", got, err)
	}
	_, err = notes.Commit(ctx, meta("note.change"), "a", 1, Note{Title: "二"})
	wantKind(t, err, fault.Forbidden)
	if _, err := b.notes.Commit(ctx, meta("note.change"), "a", 1, Note{Title: "三"}); err != nil {
		t.Fatal(err)
	}
	if got, err = notes.Load(ctx, "a"); err != nil || got.State.Title != "三" {
		t.Fatalf("the reader does not see the writer's change: %+v %v", got, err)
	}
}

func (s Suite) followUps(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	echo, err := store.NewCollection(ctx, b.db, store.Kind[Note]{Name: "echo", Version: 1, Subject: noteKind().Subject})
	if err != nil {
		t.Fatal(err)
	}
	fail := true
	rule := store.Rule{Name: "echo-note", Kinds: []string{"note"}, Apply: func(ctx context.Context, e store.Event) error {
		_, err := echo.Follow(ctx, e, "echo-note", meta("echo.create"), Note{Title: e.ID})
		if err == nil && fail {
			// As if the process had died after the follow-up and before the cursor was stored.
			return errors.New("stopped")
		}
		return err
	}}
	if err := b.db.Register(rule); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b"} {
		if _, err := b.notes.Commit(ctx, meta("note.create"), id, 0, Note{Title: id}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.db.Engine().Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.RunRules(ctx); err == nil {
		t.Fatal("the failing rule told nothing")
	}
	fail = false
	for range 2 {
		if _, err := b.db.RunRules(ctx); err != nil {
			t.Fatal(err)
		}
	}
	count := 0
	for _, err := range echo.Each(ctx) {
		if err != nil {
			t.Fatal(err)
		}
		count++
	}
	if count != 2 {
		t.Fatalf("%d follow-ups of 2 records", count)
	}
	b.verify(t)
}

func (s Suite) ephemeral(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	temps, err := store.NewEphemeral[Note](b.db, "draft")
	if err != nil {
		t.Fatal(err)
	}
	till := b.db.Now().Add(time.Minute)
	rev, err := temps.Swap(ctx, "a", 0, Note{Title: "一", Author: "王"}, till)
	if err != nil {
		t.Fatal(err)
	}
	_, err = temps.Swap(ctx, "a", 0, Note{Title: "二"}, till)
	wantKind(t, err, fault.Conflict)
	if _, err = temps.Swap(ctx, "a", rev, Note{Title: "三", Author: "王"}, till); err != nil {
		t.Fatal(err)
	}
	got, err := temps.Get(ctx, "a")
	if err != nil || got.State.Title != "三" || got.State.Author != "王" {
		t.Fatalf("%+v %v", got, err)
	}
	if list, err := temps.List(ctx, "", "", 10); err != nil || len(list) != 1 || list[0].ID != "a" {
		t.Fatalf("%+v %v", list, err)
	}
	if err := b.db.Lease(ctx, "cron", "one", time.Minute); err != nil {
		t.Fatal(err)
	}
	wantKind(t, b.db.Lease(ctx, "cron", "two", time.Minute), fault.Conflict)
	b.clock.add(time.Minute)
	if err := b.db.Lease(ctx, "cron", "two", time.Minute); err != nil {
		t.Fatalf("an expired lease cannot be taken: %v", err)
	}
	if err := b.db.Unlease(ctx, "cron", "two"); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Lease(ctx, "cron", "one", time.Minute); err != nil {
		t.Fatal(err)
	}
	_, err = temps.Get(ctx, "a")
	wantKind(t, err, fault.NotFound)
	if _, err := temps.Swap(ctx, "a", 0, Note{Title: "四"}, b.db.Now().Add(time.Minute)); err != nil {
		t.Fatalf("an expired document still stands in the way: %v", err)
	}
	b.clock.add(time.Hour)
	if n, err := b.db.Sweep(ctx); err != nil || n < 2 {
		t.Fatalf("swept %d, %v", n, err)
	}
	if n, err := b.db.Engine().LastN(ctx); err != nil || n != 0 {
		t.Fatalf("documents without journal made %d records, %v", n, err)
	}
}

func (s Suite) newerData(t *testing.T) {
	data := s.New(t)
	c := &clock{now: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)}
	b := open(t, data, c, nil)
	if err := b.db.Engine().SetValue(t.Context(), "data_version", []byte("99")); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), data.Open(t, false), store.Options{Now: c.Now, MasterKey: masterKey})
	wantKind(t, err, fault.Invalid)
	if m := fault.MessageOf(err); !strings.Contains(m, "99") || !strings.Contains(m, fmt.Sprint(store.DataVersion)) {
		t.Fatalf("the message does not name both versions: %s", m)
	}
}

func (s Suite) rebuild(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	for i := range 5 {
		if _, err := b.notes.Commit(ctx, meta("note.create"), fmt.Sprint("n", i), 0, Note{Title: fmt.Sprint(i), Count: int64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.notes.Delete(ctx, meta("note.delete"), "n4", 1); err != nil {
		t.Fatal(err)
	}
	if err := b.db.Engine().Settle(ctx); err != nil {
		t.Fatal(err)
	}
	// Somebody damages a state document; the journal knows better.
	stream, err := journal.StreamKey("note", "n2")
	if err != nil {
		t.Fatal(err)
	}
	damaged := store.Document{Kind: "note"}
	damaged.Stream, damaged.Seq, damaged.N, damaged.State = stream, 1, 3, []byte(`{"title":"假"}`)
	if err := b.db.Engine().PutRow(ctx, damaged); err != nil {
		t.Fatal(err)
	}
	if n, err := b.db.Rebuild(ctx); err != nil || n != 6 {
		t.Fatal(n, err)
	}
	page, err := b.notes.List(ctx, store.Query{Index: "count", Key: "all"})
	if err != nil || len(page.Docs) != 4 || page.Docs[2].State.Title != "2" {
		t.Fatalf("%+v %v", page, err)
	}
}
