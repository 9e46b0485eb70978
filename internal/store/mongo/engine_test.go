package mongo_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/mongo"
	"redsteward/internal/store/mongo/mongotest"
)

func TestCommitListSettle(t *testing.T) {
	mongotest.Each(t, func(t *testing.T, uri string) {
		e := open(t, uri, &clock{})
		for i := range 5 {
			commit(t, e, note(t, fmt.Sprintf("x%d", i), 1))
		}
		commit(t, e, note(t, "x3", 2))
		settle(t, e)
		if n := checkWhole(t, e); n != 6 {
			t.Errorf("%d records, want 6", n)
		}
		rows, err := e.List(t.Context(), store.ListQuery{
			Kind: "note", Index: "by_key", Key: "p:x", Desc: true, Limit: 2, Parts: store.WithState,
			From: &store.Place{Sort: "x4", Stream: noteStream(t, "x4")},
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(rows) != 2 || rows[0].Sort != "x3" || rows[0].Seq != 2 || string(rows[0].State) != `{"seq":2,"text":"note x3"}` || rows[1].Sort != "x2" || rows[0].Columns != nil {
			t.Errorf("rows %+v", rows)
		}
	})
}

func TestOneWinnerForEachSeq(t *testing.T) {
	mongotest.Each(t, func(t *testing.T, uri string) {
		const writers, rounds = 8, 6
		c := &clock{}
		engines := []*mongo.Engine{open(t, uri, c), open(t, uri, c)}
		for seq := range int64(rounds) {
			var lock sync.Mutex
			winners := 0
			var all sync.WaitGroup
			for w := range writers {
				change := note(t, "one", seq+1)
				all.Go(func() {
					_, err := engines[w%2].Commit(t.Context(), change)
					lock.Lock()
					defer lock.Unlock()
					if err == nil {
						winners++
					} else if !fault.Is(err, fault.Conflict) {
						t.Error(err)
					}
				})
			}
			all.Wait()
			if winners != 1 {
				t.Fatalf("seq %d: %d winners", seq+1, winners)
			}
		}
		settle(t, engines[1])
		if n := checkWhole(t, engines[0]); n != rounds {
			t.Errorf("%d records, want %d", n, rounds)
		}
	})
}

func TestGapIsConflict(t *testing.T) {
	e := open(t, mongotest.URI(t), &clock{})
	_, err := e.Commit(t.Context(), note(t, "gap", 2))
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("seq 2 without seq 1: %v", err)
	}
}

func TestGuard(t *testing.T) {
	c := &clock{}
	e := open(t, mongotest.URI(t), c)
	first := note(t, "guarded", 1)
	first.Guard = &store.Ephemeral{Key: "idem/1", Expires: c.now().Add(uploadLife), Body: []byte("first")}
	first.GuardNow = c.now()
	commit(t, e, first)

	second := note(t, "other", 1)
	second.Guard = &store.Ephemeral{Key: "idem/1", Expires: c.now().Add(uploadLife), Body: []byte("second")}
	second.GuardNow = c.now()
	_, err := e.Commit(t.Context(), second)
	var taken *store.GuardTaken
	if !errors.As(err, &taken) || string(taken.Standing.Body) != "first" || !fault.Is(err, fault.Conflict) {
		t.Fatalf("second use of a guard: %v", err)
	}
	_, err = e.Record(t.Context(), second.ID)
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("a refused commit left a record: %v", err)
	}

	// A commit that loses its place leaves no guard behind.
	third := note(t, "guarded", 1)
	third.Guard = &store.Ephemeral{Key: "idem/3", Expires: c.now().Add(uploadLife)}
	third.GuardNow = c.now()
	_, err = e.Commit(t.Context(), third)
	if !fault.Is(err, fault.Conflict) || errors.As(err, &taken) && taken.Standing.Key == "idem/3" {
		t.Fatalf("commit on a taken place: %v", err)
	}
	_, err = e.GetEphemeral(t.Context(), "idem/3", c.now())
	if !fault.Is(err, fault.NotFound) {
		t.Errorf("the guard of a refused commit stands: %v", err)
	}

	// An expired guard stands in nobody's way.
	c.forward(2 * uploadLife)
	second.GuardNow = c.now()
	second.Guard.Expires = c.now().Add(uploadLife)
	commit(t, e, second)
}
