package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

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
	got.State.Title = "改"
	if _, err := b.notes.Commit(ctx, meta("note.change"), "a", 1, got.State); err != nil {
		t.Fatalf("what was read after a purge cannot be written back: %v", err)
	}
	for change, err := range b.notes.History(ctx, "a") {
		if err != nil || change.State.Author != store.PurgedText || !change.Purged {
			t.Fatalf("%+v %v", change, err)
		}
	}
	if err := b.db.Engine().Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.Rebuild(ctx); err != nil {
		t.Fatalf("states cannot be rebuilt after a purge: %v", err)
	}
	page, err := b.notes.List(ctx, store.Query{Index: "title", Key: "o:p1"})
	if err != nil || len(page.Docs) != 1 || page.Docs[0].State.Author != store.PurgedText || page.Docs[0].State.Title != "改" {
		t.Fatalf("%+v %v", page, err)
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
	// Put asks for no condition: first, over an old one, and several at once, each of which raises Rev.
	if err := errors.Join(temps.Put(ctx, "b", Note{Title: "一"}, till), temps.Put(ctx, "b", Note{Title: "二", Author: "王"}, till)); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := temps.Put(ctx, "c", Note{Title: "三"}, till); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got, err := temps.Get(ctx, "b"); err != nil || got.Rev != 2 || got.State.Title != "二" || got.State.Author != "王" {
		t.Fatalf("%+v %v", got, err)
	}
	if got, err := temps.Get(ctx, "c"); err != nil || got.Rev != 4 {
		t.Fatalf("%+v %v", got, err)
	}
	_, err = temps.Swap(ctx, "c", 3, Note{Title: "四"}, till)
	wantKind(t, err, fault.Conflict)
	if err := errors.Join(temps.Delete(ctx, "b"), temps.Delete(ctx, "c")); err != nil {
		t.Fatal(err)
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
	// The clock stood an hour ahead while somebody took a lease and vanished.
	b.clock.add(time.Hour)
	if err := b.db.Lease(ctx, "cron", "ahead", time.Minute); err != nil {
		t.Fatal(err)
	}
	wantKind(t, b.db.Lease(ctx, "cron", "two", time.Minute), fault.Conflict)
	b.clock.add(-time.Hour)
	if err := b.db.Lease(ctx, "cron", "two", time.Minute); err != nil {
		t.Fatalf("the lease of a clock that stood ahead is waited for: %v", err)
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

// keyKeeper fails to overwrite a key once.
type keyKeeper struct {
	store.Engine
	fail bool
}

// SetValue implements store.Engine.
func (k *keyKeeper) SetValue(ctx context.Context, name string, value []byte) error {
	if k.fail {
		k.fail = false
		return fault.New("keyKeeper", fault.Internal, "进程中断")
	}
	return k.Engine.SetValue(ctx, name, value)
}

func (s Suite) purgeAfterCrash(t *testing.T) {
	var k *keyKeeper
	b := open(t, s.New(t), &clock{now: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)}, func(e store.Engine) store.Engine {
		k = &keyKeeper{Engine: e}
		return k
	})
	defer func() {
		if err := b.db.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	if _, err := b.notes.Commit(ctx, meta("note.create"), "a", 0, Note{Title: "一", Author: "李", Owner: "p"}); err != nil {
		t.Fatal(err)
	}
	k.fail = true
	wantKind(t, b.db.Purge(ctx, meta("person.purge"), "person/p"), fault.Internal)
	if err := b.db.Engine().Settle(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.RunRules(ctx); err != nil {
		t.Fatal(err)
	}
	if got, err := b.notes.Load(ctx, "a"); err != nil || !got.Purged || got.State.Author != store.PurgedText {
		t.Fatalf("a journaled purge left the key: %+v %v", got, err)
	}
	b.verify(t)
}
