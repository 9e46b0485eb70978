package mongo_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/store/mongo"
	"redsteward/internal/store/mongo/mongotest"
)

func TestMain(m *testing.M) { os.Exit(mongotest.Main(m)) }

// clock is a real clock that a test may put forward.
type clock struct {
	lock  sync.Mutex
	ahead time.Duration
}

func (c *clock) now() time.Time {
	c.lock.Lock()
	defer c.lock.Unlock()
	return time.Now().Add(c.ahead)
}

func (c *clock) forward(d time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.ahead += d
}

// open opens an engine that closes with the test.
func open(t testing.TB, uri string, c *clock) *mongo.Engine {
	t.Helper()
	e := openOnly(t, uri, c)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return e
}

// openOnly opens an engine with the kind note declared; the test closes it.
func openOnly(t testing.TB, uri string, c *clock) *mongo.Engine {
	t.Helper()
	e, err := mongo.Open(t.Context(), mongo.Options{URI: uri, Now: c.now})
	// An impatient engine gives up on a server that is merely slow.
	for begun := time.Now(); fault.Is(err, fault.Unavailable) && time.Since(begun) < patience; {
		e, err = mongo.Open(t.Context(), mongo.Options{URI: uri, Now: c.now})
	}
	if err != nil {
		t.Fatal(err)
	}
	err = e.Declare(t.Context(), "note", []string{"all", "by_key"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// noteStream is the stream key of a note.
func noteStream(t testing.TB, id string) string {
	t.Helper()
	stream, err := journal.StreamKey("note", id)
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// note makes a change of a note as the layer above seals it: no two are equal.
func note(t testing.TB, id string, seq int64) *store.Commit {
	t.Helper()
	stream := noteStream(t, id)
	text := fmt.Sprintf(`{"seq":%d,"text":"note %s"}`, seq, id)
	sealed := fmt.Sprintf(`{"_id":%q,"nonce":%q,"state":%s}`, journal.RecordID(stream, seq), rand.Text(), text)
	return &store.Commit{
		Stream: stream, Seq: seq, ID: journal.RecordID(stream, seq), Version: journal.Version, Sealed: []byte(sealed),
		Doc: store.Document{
			Row:  store.Row{Stream: stream, Seq: seq, At: 1_000 + seq, State: []byte(text), Columns: []byte(`["` + id + `"]`)},
			Kind: "note",
			Entries: []store.Entry{
				{Index: "all", Sort: id}, {Index: "by_key", Key: "a", Sort: id}, {Index: "by_key", Key: "p:" + id[:1], Sort: id},
			},
		},
	}
}

// commit makes a change that must be accepted.
func commit(t testing.TB, e *mongo.Engine, c *store.Commit) {
	t.Helper()
	_, err := e.Commit(t.Context(), c)
	if err != nil {
		t.Fatalf("commit %s: %v", c.ID, err)
	}
}

// settle brings everything to its end.
func settle(t testing.TB, e *mongo.Engine) {
	t.Helper()
	err := e.Settle(t.Context())
	if err != nil {
		t.Fatalf("settle: %v", err)
	}
}

// checkWhole compares log, journal and state documents: numbers without gap or repetition, rising within each stream, every state document at
// the head of its stream and knowing its number. It returns the number of records.
func checkWhole(t testing.TB, e *mongo.Engine) int64 {
	t.Helper()
	ctx := context.Background()
	heads := map[string]journal.Record{}
	seqs := map[string]int64{}
	var n int64
	err := e.Log(ctx, 0, 0, func(r journal.Record) error {
		n++
		if r.N != n {
			t.Errorf("log number %d after %d", r.N, n-1)
		}
		stream, seq, err := journal.ParseRecordID(r.ID)
		if err != nil {
			return err
		}
		if seq != seqs[stream]+1 {
			t.Errorf("log %d: %s seq %d after %d", r.N, stream, seq, seqs[stream])
		}
		if want := journal.Sum(r.Version, heads[stream].Hash, r.Sealed); r.Hash != want {
			t.Errorf("log %d: hash is not chained", r.N)
		}
		heads[stream], seqs[stream] = r, seq
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	last, err := e.LastN(ctx)
	if err != nil || last != n {
		t.Errorf("LastN = %d, %v, want %d", last, err, n)
	}
	states := 0
	err = e.EachHead(ctx, func(stream string, seq, stateN int64) error {
		states++
		if seq != seqs[stream] || stateN != heads[stream].N {
			t.Errorf("state of %s: seq %d n %d, journal has %d and %d", stream, seq, stateN, seqs[stream], heads[stream].N)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if states != len(heads) {
		t.Errorf("%d state documents for %d streams", states, len(heads))
	}
	return n
}

// patience is how long a test waits for what must come: far more than the slowest machine needs.
const patience = 3 * time.Minute

// uploadLife is how long an upload may be silent before it counts as dead; tests use it as "long enough".
const uploadLife = time.Hour
