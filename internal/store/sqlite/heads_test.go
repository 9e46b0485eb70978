package sqlite

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redsteward/internal/journal"
	"redsteward/internal/store"
)

func headOf(stream string, seq int64, sealed string) journal.Record {
	return journal.Record{ID: journal.RecordID(stream, seq), N: seq, Hash: journal.Sum(1, journal.Hash{}, []byte(sealed)), Sealed: []byte(sealed)}
}

// A reader that was overtaken by the writer keeps its old record to itself, and nothing that is handed out can be changed for others.
func TestHeadsAreNeverOld(t *testing.T) {
	h := newHeads()
	const stream = "ab/note/x"
	_, found, before := h.get(stream)
	if found {
		t.Fatal("found before anything was told")
	}
	h.committed(stream, headOf(stream, 2, "two"))
	h.read(stream, headOf(stream, 1, "one"), before)
	r, found, now := h.get(stream)
	if !found || string(r.Sealed) != "two" {
		t.Fatalf("after a reader came late: %+v %v", r, found)
	}
	r.Sealed[0] = 'X'
	if again, _, _ := h.get(stream); string(again.Sealed) != "two" {
		t.Errorf("changed by who got it: %s", again.Sealed)
	}
	if hash, ok := h.hash(stream, journal.RecordID(stream, 2)); !ok || hash != r.Hash {
		t.Error("the hash of the head is not known")
	}
	if _, ok := h.hash(stream, journal.RecordID(stream, 1)); ok {
		t.Error("the hash of the head is told for the record before it")
	}
	h.forget(stream)
	if _, found, _ = h.get(stream); found {
		t.Error("found after it was forgotten")
	}
	h.read(stream, headOf(stream, 1, "one"), now)
	if _, found, _ = h.get(stream); found {
		t.Error("a reader from before it was forgotten was believed")
	}
	_, _, now = h.get(stream)
	h.read(stream, headOf(stream, 2, "two"), now)
	if _, found, _ = h.get(stream); !found {
		t.Error("a reader whom nobody overtook was not believed")
	}
}

// Memory stays bounded; what is asked for again and again stays.
func TestHeadsAreBounded(t *testing.T) {
	h := newHeads()
	body := strings.Repeat("x", 2000)
	const hot = "ab/note/hot"
	h.committed(hot, headOf(hot, 1, body))
	for i := range 40_000 {
		stream := fmt.Sprint("ab/note/", i)
		h.committed(stream, headOf(stream, 1, body))
		if i%100 == 0 {
			h.get(hot)
		}
	}
	if _, found, _ := h.get(hot); !found {
		t.Error("what was asked for all the time is gone")
	}
	bytes, held := 0, 0
	for i := range h.shards {
		for _, m := range []map[string]journal.Record{h.shards[i].young, h.shards[i].old} {
			for stream, r := range m {
				bytes, held = bytes+headSize(stream, &r), held+1
			}
		}
	}
	if limit := 2*headBytes*headShards + headShards*largestHead; bytes > limit || held < 1000 {
		t.Errorf("%d heads of %d bytes, at most %d", held, bytes, limit)
	}
	const large = "ab/note/large"
	h.committed(large, headOf(large, 1, "small"))
	h.committed(large, headOf(large, 2, strings.Repeat("x", largestHead+1)))
	if _, found, _ := h.get(large); found {
		t.Error("the small head of a stream stands for its large one")
	}
}

// Nobody sees a head that is older than one that was acknowledged before he asked, however many write and read.
func TestHeadIsAtLeastTheAcknowledgedOne(t *testing.T) {
	e := folder{t.TempDir()}.Open(t, false).(*Engine)
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	const streams, changes = 4, 40
	var all sync.WaitGroup
	for s := range streams {
		stream, err := journal.StreamKey("note", fmt.Sprint(s))
		if err != nil {
			t.Fatal(err)
		}
		commitNote(t, e, stream, 1)
		var acknowledged atomic.Int64
		acknowledged.Store(1)
		ended := make(chan struct{})
		all.Go(func() {
			defer close(ended)
			for seq := int64(2); seq <= changes && commitNote(t, e, stream, seq); seq++ {
				acknowledged.Store(seq)
			}
		})
		for range 2 {
			all.Go(func() {
				for last := false; !last; {
					select {
					case <-ended:
						last = true
					default:
					}
					least := journal.RecordID(stream, acknowledged.Load())
					head, err := e.Head(t.Context(), stream)
					together, errTogether := e.Heads(t.Context(), []string{stream})
					if err != nil || errTogether != nil || head.ID < least || together[0].ID < head.ID {
						t.Errorf("%s and %v, though %s is acknowledged: %v %v", head.ID, together, least, err, errTogether)
						return
					}
				}
			})
		}
	}
	all.Wait()
}

// commitNote commits one record of a stream and tells whether that worked.
func commitNote(t *testing.T, e *Engine, stream string, seq int64) bool {
	id := journal.RecordID(stream, seq)
	sealed, err := journal.Seal(id, journal.Content{By: "u1", Action: "note.change", Nonce: strings.Repeat("0", 32), KindVersion: 1, At: journal.At(time.Unix(seq, 0)), State: []byte("{}")})
	if err == nil {
		_, err = e.Commit(t.Context(), &store.Commit{Stream: stream, Seq: seq, ID: id, Version: journal.Version, Sealed: sealed, Doc: store.Document{Kind: "note", Row: store.Row{State: []byte("{}")}}})
	}
	if err != nil {
		t.Error(id, err)
	}
	return err == nil
}
