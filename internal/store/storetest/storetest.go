// Package storetest is the suite that every engine must pass: what the rest of the program may rely on, told as tests.
package storetest

import (
	"bytes"
	"fmt"
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
	NoteMore
}

// NoteMore is embedded behind a personal field: what it adds must not let go of what stands before it.
type NoteMore struct {
	Remark string `json:"remark,omitempty" privacy:"internal"`
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
	b.prove(t, report.Records)
	return report
}

// prove proves the first and the last record of a log, twice: the second time from what was kept.
func (b *bench) prove(t *testing.T, last int64) {
	t.Helper()
	if last == 0 {
		return
	}
	var leaves []journal.Hash
	if err := b.db.Engine().Log(t.Context(), 0, 0, func(r journal.Record) error { leaves = append(leaves, r.Hash); return nil }); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p, err := b.db.Prove(t.Context(), []int64{1, last})
		if err != nil {
			t.Fatal(err)
		}
		c, err := journal.OpenCheckpoint(p.Key, p.Checkpoint)
		if err != nil || c.Size != p.Size || !p.Proofs[0].Holds(c.Size, 0, leaves[0], c.Root) || !p.Proofs[1].Holds(c.Size, last-1, leaves[last-1], c.Root) {
			t.Fatalf("the proofs of %d records do not lead to the checkpoint of %d: %v", last, c.Size, err)
		}
	}
	if _, err := b.db.Prove(t.Context(), []int64{last + 1}); !fault.Is(err, fault.Invalid) {
		t.Fatalf("a record after the last one: %v", err)
	}
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
	t.Run("a deleted document comes back", s.revive)
	t.Run("streams whose ids continue each other", s.continuedIDs)
	t.Run("race", s.race)
	t.Run("reopen", s.reopen)
	t.Run("lost answer", s.lostAnswer)
	t.Run("idempotency", s.idempotency)
	t.Run("a retry finishes", s.retryFinishes)
	t.Run("a retry takes the guard over", s.takenOver)
	t.Run("retries at once", s.retriesAtOnce)
	t.Run("claims", s.claims)
	t.Run("queries", s.queries)
	t.Run("every page of every query", s.pages)
	t.Run("as it was known", s.known)
	t.Run("purge", s.purge)
	t.Run("purge after a crash", s.purgeAfterCrash)
	t.Run("record size", s.recordSize)
	t.Run("files", s.files)
	t.Run("loose files", s.looseFiles)
	t.Run("photos and their copies", s.pairs)
	t.Run("loose files raced for", s.sweepRace)
	t.Run("stream many", s.streamMany)
	t.Run("read-only beside a writer", s.readOnly)
	t.Run("follow-ups", s.followUps)
	t.Run("ephemeral and leases", s.ephemeral)
	t.Run("newer data", s.newerData)
	t.Run("older data", s.olderData)
	t.Run("rebuild", s.rebuild)
	t.Run("restore", s.restore)
	t.Run("what a record changed", s.changes)
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

func (s Suite) revive(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	if _, err := b.notes.Commit(ctx, meta("note.create"), "a", 0, Note{Title: "一"}); err != nil {
		t.Fatal(err)
	}
	gone, err := b.notes.Delete(ctx, meta("note.delete"), "a", 1)
	if err != nil || !gone.Deleted || gone.Seq != 2 {
		t.Fatalf("%+v %v", gone, err)
	}
	head, err := b.notes.Head(ctx, "a")
	if err != nil || !head.Deleted || head.Meta.Action != "note.delete" || head.At.IsZero() {
		t.Fatalf("the tombstone does not say who and when: %+v %v", head, err)
	}
	_, err = b.notes.Commit(ctx, meta("note.create"), "a", 0, Note{Title: "二"})
	wantKind(t, err, fault.Conflict)
	if _, err := b.notes.Commit(ctx, meta("note.create"), "a", 2, Note{Title: "二"}); err != nil {
		t.Fatal(err)
	}
	if doc, err := b.notes.Load(ctx, "a"); err != nil || doc.State.Title != "二" || doc.Seq != 3 {
		t.Fatalf("%+v %v", doc, err)
	}
	if err := b.db.Engine().Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if page, err := b.notes.List(ctx, store.Query{Index: "title"}); err != nil || len(page.Docs) != 1 {
		t.Fatalf("%+v %v", page, err)
	}
	b.verify(t)
}

// continuedIDs looks for two streams that an engine could mix up: the second continues the id of the first with a part of ten digits, and both
// have the same hash digits, so that their records lie beside each other.
func (s Suite) continuedIDs(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	short, long := "", ""
	for i := 0; short == ""; i++ {
		id := fmt.Sprint("a", i)
		first, err := journal.StreamKey("note", id)
		if err != nil {
			t.Fatal(err)
		}
		second, err := journal.StreamKey("note", id+"/0000000001")
		if err != nil {
			t.Fatal(err)
		}
		if first[:2] == second[:2] {
			short, long = id, id+"/0000000001"
		}
	}
	for _, id := range []string{short, long} {
		if _, err := b.notes.Commit(ctx, meta("note.create"), id, 0, Note{Title: id}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.notes.Commit(ctx, meta("note.change"), short, 1, Note{Title: short}); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]int64{short: 2, long: 1} {
		doc, err := b.notes.Load(ctx, id)
		if err != nil || doc.Seq != want || doc.State.Title != id {
			t.Fatalf("%s: %+v %v", id, doc, err)
		}
		var changes int64
		for change, err := range b.notes.History(ctx, id) {
			if err != nil || change.State.Title != id {
				t.Fatalf("%s: %+v %v", id, change, err)
			}
			changes++
		}
		if changes != want {
			t.Fatalf("%s has %d changes, want %d", id, changes, want)
		}
	}
	together, err := b.notes.LoadEach(ctx, []string{long, "nothing", short, "no id!"})
	if err != nil || together[0] == nil || together[0].Seq != 1 || together[1] != nil || together[2] == nil || together[2].Seq != 2 || together[2].State.Title != short || together[3] != nil {
		t.Fatalf("together: %+v %v", together, err)
	}
	if _, err := b.notes.Delete(ctx, meta("note.delete"), short, 2); err != nil {
		t.Fatal(err)
	}
	if together, err = b.notes.LoadEach(ctx, []string{short, long}); err != nil || together[0] != nil || together[1] == nil {
		t.Fatalf("together after a deletion: %+v %v", together, err)
	}
	if together, err = b.notes.LoadEach(ctx, nil); err != nil || len(together) != 0 {
		t.Fatalf("none together: %+v %v", together, err)
	}
	b.verify(t)
}

// reopen opens the data as a process does that comes after a crash: the store before it was never closed, only its engine.
func (s Suite) reopen(t *testing.T) {
	data, c := s.New(t), &clock{now: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)}
	ctx := t.Context()
	before := open(t, data, c, nil)
	m := meta("note.create")
	m.Idem = &store.Idem{Key: "k", Body: []byte("body")}
	if _, err := before.notes.Commit(ctx, m, "a", 0, Note{Title: "一", Author: "李", Owner: "p"}); err != nil {
		t.Fatal(err)
	}
	if err := before.db.Claim(ctx, meta("account.create"), "login", "li", "note/a"); err != nil {
		t.Fatal(err)
	}
	secret, err := before.db.Secret(ctx, "cookie")
	if err != nil || len(secret) != 32 {
		t.Fatal(len(secret), err)
	}
	if err := before.db.Engine().Close(); err != nil {
		t.Fatal(err)
	}
	after := open(t, data, c, nil)
	defer func() {
		if err := after.db.Close(); err != nil {
			t.Error(err)
		}
	}()
	if doc, err := after.notes.Load(ctx, "a"); err != nil || doc.State.Author != "李" {
		t.Fatalf("%+v %v", doc, err)
	}
	if page, err := after.notes.List(ctx, store.Query{Index: "title", Key: "o:p"}); err != nil || len(page.Docs) != 1 || page.Docs[0].State.Author != "李" {
		t.Fatalf("%+v %v", page, err)
	}
	if again, err := after.notes.Commit(ctx, m, "a", 0, Note{Title: "一", Author: "李", Owner: "p"}); err != nil || again.Seq != 1 {
		t.Fatalf("%+v %v", again, err)
	}
	if holder, err := after.db.Claimed(ctx, "login", "li"); err != nil || holder != "note/a" {
		t.Fatal(holder, err)
	}
	if again, err := after.db.Secret(ctx, "cookie"); err != nil || !bytes.Equal(again, secret) {
		t.Fatal("the secret changed", err)
	}
	if report := after.verify(t); report.Records != 2 {
		t.Fatalf("%d records, want 2", report.Records)
	}
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

// olderData: a folder of form 1, whose program had fewer lists, is brought to the form of this program at its first start. The log stays the same to the last hash, and the second start finds nothing to do.
func (s Suite) olderData(t *testing.T) {
	data := s.New(t)
	ctx := t.Context()
	c := &clock{now: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)}
	type Page struct {
		Title string `json:"title" privacy:"public"`
	}
	titles := func(_ string, p *Page) []string { return []string{p.Title} }
	opened := func(indexes ...string) (*store.DB, *store.Collection[Page]) {
		t.Helper()
		db, err := store.Open(ctx, data.Open(t, false), store.Options{Now: c.Now, MasterKey: masterKey})
		if err != nil {
			t.Fatal(err)
		}
		kind := store.Kind[Page]{Name: "page", Version: 1}
		for _, name := range indexes {
			kind.Indexes = append(kind.Indexes, store.Index[Page]{Name: name, Keys: titles})
		}
		pages, err := store.NewCollection(ctx, db, kind)
		if err != nil {
			t.Fatal(err)
		}
		return db, pages
	}
	state := func(db *store.DB) (last int64, version string, root journal.Hash) {
		t.Helper()
		last, err := db.Engine().LastN(ctx)
		if err != nil {
			t.Fatal(err)
		}
		text, err := db.Engine().Value(ctx, "data_version")
		if err != nil {
			t.Fatal(err)
		}
		if root, err = db.RootOf(ctx, last); err != nil {
			t.Fatal(err)
		}
		return last, string(text), root
	}
	db, pages := opened("plain")
	for i := range 3 {
		if _, err := pages.Commit(ctx, meta("note.create"), fmt.Sprint("p", i), 0, Page{Title: "甲"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Engine().Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if err := db.Engine().SetValue(ctx, "data_version", []byte("1")); err != nil {
		t.Fatal(err)
	}
	last, _, root := state(db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	for start, want := range []int64{last, 0} {
		db, pages := opened("plain", "newer")
		read, err := db.Upgrade(ctx)
		if err != nil || read != want {
			t.Fatalf("start %d read %d records, want %d: %v", start+1, read, want, err)
		}
		for _, index := range []string{"plain", "newer"} {
			if page, err := pages.List(ctx, store.Query{Index: index, Key: "甲"}); err != nil || len(page.Docs) != 3 {
				t.Fatalf("list %s has %d rows: %v", index, len(page.Docs), err)
			}
		}
		nowLast, version, nowRoot := state(db)
		if nowLast != last || nowRoot != root || version != fmt.Sprint(store.DataVersion) {
			t.Fatalf("%d records and version %s after the upgrade, root the same: %t", nowLast, version, nowRoot == root)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
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
