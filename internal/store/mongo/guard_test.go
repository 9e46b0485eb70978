package mongo

import (
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/store/mongo/mongotest"
)

// TestGuardOfAnotherTry: a try stops between its guard and its record. Meanwhile the same request is sent again, takes the guard over and takes effect. Then the
// first try goes on and loses its place: the guard of the second one stays, so that a third one finds what was done.
func TestGuardOfAnotherTry(t *testing.T) {
	e, err := Open(t.Context(), Options{URI: mongotest.URI(t), Now: time.Now})
	for begun := time.Now(); fault.Is(err, fault.Unavailable) && time.Since(begun) < time.Minute; { // a server that is merely slow
		e, err = Open(t.Context(), Options{URI: mongotest.URI(t), Now: time.Now})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := e.Declare(t.Context(), "note", []string{"all"}); err != nil {
		t.Fatal(err)
	}
	stream, err := journal.StreamKey("note", "a")
	if err != nil {
		t.Fatal(err)
	}
	change := func(seq int64, sealed string) *store.Commit {
		return &store.Commit{Stream: stream, Seq: seq, ID: journal.RecordID(stream, seq), Version: journal.Version, Sealed: []byte(`{"said":"` + sealed + `"}`),
			Doc: store.Document{Row: store.Row{Stream: stream, Seq: seq, At: seq, State: []byte(`{}`), Columns: []byte(`[]`)}, Kind: "note", Entries: []store.Entry{{Index: "all", Sort: "a"}}}}
	}
	now := time.Now()
	guard := func(record string) *store.Ephemeral {
		return &store.Ephemeral{Key: "idem/somebody/1", Now: now, Expires: now.Add(time.Hour), Body: []byte(record)}
	}
	first := change(1, "first try")
	first.Guard, first.GuardNow = guard(first.ID), now
	doc, err := e.stateDoc(&first.Doc, first.Stream, first.Seq, 0)
	if err != nil {
		t.Fatal(err)
	}
	rev, done, err := e.takeGuard(t.Context(), first)
	if err != nil || done {
		t.Fatal(done, err)
	}
	// The second try, as store does it: the guard is pointed at its record, which is then inserted without one.
	second := change(1, "second try")
	if _, err := e.PutEphemeral(t.Context(), *guard(second.ID), rev); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Commit(t.Context(), second); err != nil {
		t.Fatal(err)
	}
	if err := e.insertGuarded(t.Context(), first, doc, rev); !fault.Is(err, fault.Conflict) {
		t.Fatalf("the first try: %v", err)
	}
	standing, err := e.GetEphemeral(t.Context(), "idem/somebody/1", now)
	if err != nil || standing.Rev != rev+1 || string(standing.Body) != second.ID {
		t.Fatalf("the guard of the second try: %+v, %v", standing, err)
	}
	// A try that loses its place to somebody else takes its own guard back.
	third := change(1, "another request")
	third.Guard, third.GuardNow = guard(third.ID), now
	third.Guard.Key = "idem/somebody/2"
	if _, err := e.Commit(t.Context(), third); !fault.Is(err, fault.Conflict) {
		t.Fatalf("a taken place: %v", err)
	}
	if _, err := e.GetEphemeral(t.Context(), third.Guard.Key, now); !fault.Is(err, fault.NotFound) {
		t.Errorf("its guard: %v", err)
	}
}
