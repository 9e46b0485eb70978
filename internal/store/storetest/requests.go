package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

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

func (s Suite) followUps(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	echo, err := store.NewCollection(ctx, b.db, store.Kind[Note]{Name: "echo", Version: 1, Subject: noteKind().Subject})
	if err != nil {
		t.Fatal(err)
	}
	fail := true
	rule := store.Rule{Name: "echo-note", Title: "回声", Kinds: []string{"note"}, Apply: func(ctx context.Context, e store.Event) error {
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

// guardOnly dies between the guard and the record: the guard stands, and the caller hears nothing.
type guardOnly struct {
	store.Engine
	die bool
}

// Commit implements store.Engine.
func (g *guardOnly) Commit(ctx context.Context, c *store.Commit) (int64, error) {
	if !g.die || c.Guard == nil {
		return g.Engine.Commit(ctx, c)
	}
	if _, err := g.Engine.PutEphemeral(ctx, *c.Guard, 0); err != nil {
		return 0, err
	}
	g.die = false
	return 0, fault.New("guardOnly", fault.Internal, "进程中断")
}

func (s Suite) retryFinishes(t *testing.T) {
	var g *guardOnly
	b := open(t, s.New(t), &clock{now: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)}, func(e store.Engine) store.Engine {
		g = &guardOnly{Engine: e}
		return g
	})
	defer func() {
		if err := b.db.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	m := meta("note.change")
	m.Idem = &store.Idem{Key: "k", Body: []byte("body")}
	if _, err := b.notes.Commit(ctx, meta("note.create"), "a", 0, Note{Title: "一"}); err != nil {
		t.Fatal(err)
	}
	g.die = true
	_, err := b.notes.Commit(ctx, m, "a", 1, Note{Title: "二"})
	wantKind(t, err, fault.Internal)
	if _, found, err := b.notes.Replay(ctx, m); err != nil || found {
		t.Fatalf("a try that made nothing is replayed: %v %v", found, err)
	}
	// Before the user tries again, somebody else takes the place that the first try had announced.
	if _, err := b.notes.Commit(ctx, meta("note.change"), "a", 1, Note{Title: "别人"}); err != nil {
		t.Fatal(err)
	}
	_, err = b.notes.Commit(ctx, m, "a", 1, Note{Title: "二"})
	wantKind(t, err, fault.Conflict)
	second, err := b.notes.Commit(ctx, m, "a", 2, Note{Title: "二"})
	if err != nil || second.Seq != 3 {
		t.Fatalf("the retry did not finish: %+v %v", second, err)
	}
	third, err := b.notes.Commit(ctx, m, "a", 3, Note{Title: "二"})
	if err != nil || third.Seq != 3 {
		t.Fatalf("a third try acted again: %+v %v", third, err)
	}
	_, err = b.notes.Commit(ctx, m, "b", 0, Note{Title: "二"})
	if doc, loadErr := b.notes.Load(ctx, "b"); !fault.Is(loadErr, fault.NotFound) {
		t.Fatalf("the key made a second document: %+v %v %v", doc, err, loadErr)
	}
	if report := b.verify(t); report.Records != 3 {
		t.Fatalf("%d records, want 3", report.Records)
	}
}

// takenOver is a retry that comes while the first try is still on its way to the same place: the guard becomes the retry's own, so that the first try, when it loses
// its place, does not take away what the retry stands on.
func (s Suite) takenOver(t *testing.T) {
	var g *guardOnly
	b := open(t, s.New(t), &clock{now: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)}, func(e store.Engine) store.Engine {
		g = &guardOnly{Engine: e}
		return g
	})
	defer func() {
		if err := b.db.Close(); err != nil {
			t.Error(err)
		}
	}()
	m := meta("note.create")
	m.Idem = &store.Idem{Key: "k", Body: []byte("body")}
	g.die = true
	_, err := b.notes.Commit(t.Context(), m, "a", 0, Note{Title: "一"})
	wantKind(t, err, fault.Internal)
	if doc, err := b.notes.Commit(t.Context(), m, "a", 0, Note{Title: "一"}); err != nil || doc.Seq != 1 {
		t.Fatalf("the retry: %+v %v", doc, err)
	}
	guards, err := g.ListEphemeral(t.Context(), "idem/", "", b.db.Now(), 10)
	if err != nil || len(guards) != 1 || guards[0].Rev != 2 {
		t.Fatalf("the guards %+v, %v", guards, err)
	}
}

// retriesAtOnce lets a crowd repeat one request whose first try died behind its guard, each as a command does: load, then commit. Others
// change the same document meanwhile.
func (s Suite) retriesAtOnce(t *testing.T) {
	var g *guardOnly
	b := open(t, s.New(t), &clock{now: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)}, func(e store.Engine) store.Engine {
		g = &guardOnly{Engine: e}
		return g
	})
	defer func() {
		if err := b.db.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	if _, err := b.notes.Commit(ctx, meta("note.create"), "a", 0, Note{}); err != nil {
		t.Fatal(err)
	}
	m := meta("note.count")
	m.Idem = &store.Idem{Key: "plus-one", Body: []byte("+1")}
	g.die = true
	_, err := b.notes.Commit(ctx, m, "a", 1, Note{Count: 1})
	wantKind(t, err, fault.Internal)
	var wg sync.WaitGroup
	for w := range s.Writers {
		wg.Go(func() {
			for {
				doc, err := b.notes.Load(ctx, "a")
				if err != nil {
					t.Error(err)
					return
				}
				if w%2 == 0 {
					doc.State.Count++
					_, err = b.notes.Commit(ctx, m, "a", doc.Seq, doc.State)
				} else {
					doc.State.Body += "x"
					_, err = b.notes.Commit(ctx, meta("note.change"), "a", doc.Seq, doc.State)
				}
				if err == nil {
					return
				}
				if !fault.Is(err, fault.Conflict) {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	doc, err := b.notes.Load(ctx, "a")
	if others := int64(s.Writers / 2); err != nil || doc.State.Count != 1 || int64(len(doc.State.Body)) != others || doc.Seq != 2+others {
		t.Fatalf("one request of many tries, and %d others, gave %+v %v", others, doc, err)
	}
	if one, two := b.db.NewID(m), b.db.NewID(m); one != two {
		t.Fatal("a retry gets another id")
	}
	if one, two := b.db.NewID(meta("x")), b.db.NewID(meta("x")); one == two {
		t.Fatal("two requests get one id")
	}
	b.verify(t)
}
