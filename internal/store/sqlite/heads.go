package sqlite

import (
	"bytes"
	"hash/maphash"
	"sync"

	"redsteward/internal/journal"
)

// The heads in memory are bounded: what a county works on in a day fits, and a large record is read again rather than push out a hundred others.
const (
	headShards  = 16
	headBytes   = 16 << 20 / headShards / 2
	largestHead = 8 << 10
)

// heads keep the last records of streams in memory. Only the process that writes a folder has them: nobody else can change a head then. The writer tells them every head
// that was committed, before the command that made it is answered; so a head in memory is never older than what a caller knows to be there.
type heads struct {
	seed   maphash.Seed
	shards [headShards]headShard
}

// headShard holds two generations: when the young one is full it becomes the old one, and what nobody asked for since then is forgotten.
type headShard struct {
	mu         sync.Mutex
	young, old map[string]journal.Record
	bytes      int
	// commits counts what the writer told. A reader whose record was read before the last of it may have an old head and keeps it to himself.
	commits uint64
}

func newHeads() *heads {
	h := &heads{seed: maphash.MakeSeed()}
	for i := range h.shards {
		h.shards[i].young = map[string]journal.Record{}
	}
	return h
}

func (h *heads) shard(stream string) *headShard {
	return &h.shards[maphash.String(h.seed, stream)%headShards]
}

// get returns a copy of the head of a stream if it is in memory; otherwise what read wants to be told afterwards.
func (h *heads) get(stream string) (r journal.Record, found bool, commits uint64) {
	s := h.shard(stream)
	s.mu.Lock()
	r, found = s.young[stream]
	if !found {
		if r, found = s.old[stream]; found {
			s.put(stream, r)
		}
	}
	commits = s.commits
	s.mu.Unlock()
	r.Sealed = bytes.Clone(r.Sealed) // what is handed out belongs to the caller
	return r, found, commits
}

// hash returns the hash of a record if it is a head in memory.
func (h *heads) hash(stream, recordID string) (journal.Hash, bool) {
	s := h.shard(stream)
	s.mu.Lock()
	defer s.mu.Unlock()
	r, found := s.young[stream]
	if !found {
		r = s.old[stream]
	}
	return r.Hash, r.ID == recordID
}

// read takes a head that was read from the file after get had not found it, unless something was committed since.
func (h *heads) read(stream string, r journal.Record, commits uint64) {
	s := h.shard(stream)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.commits == commits {
		r.Sealed = bytes.Clone(r.Sealed)
		s.put(stream, r)
	}
}

// committed takes the head of a stream from the writer.
func (h *heads) committed(stream string, r journal.Record) {
	s := h.shard(stream)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commits++
	s.put(stream, r)
}

// forget drops a stream of which the writer does not know what is on disk.
func (h *heads) forget(stream string) {
	s := h.shard(stream)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commits++
	s.drop(stream)
}

func (s *headShard) put(stream string, r journal.Record) {
	s.drop(stream)
	if len(r.Sealed) > largestHead {
		return
	}
	if s.bytes > headBytes {
		s.old, s.young, s.bytes = s.young, make(map[string]journal.Record, len(s.young)), 0
	}
	s.young[stream] = r
	s.bytes += headSize(stream, &r)
}

func (s *headShard) drop(stream string) {
	delete(s.old, stream)
	if r, ok := s.young[stream]; ok {
		s.bytes -= headSize(stream, &r)
		delete(s.young, stream)
	}
}

// headSize is about what a head takes in memory, with the overhead of a map and of a record.
func headSize(stream string, r *journal.Record) int {
	return len(stream) + len(r.ID) + len(r.Sealed) + 200
}
