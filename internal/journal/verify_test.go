package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"

	"redsteward/internal/fault"
)

// memory is a log in memory, which a test can damage.
type memory struct {
	records []Record // in order of N
	heads   map[string]Record
}

// Log implements Source.
func (m *memory) Log(_ context.Context, after, upTo int64, f func(Record) error) error {
	for _, r := range m.records {
		if r.N > after && (upTo == 0 || r.N <= upTo) {
			if err := f(r); err != nil {
				return err
			}
		}
	}
	return nil
}

// LastN implements Source.
func (m *memory) LastN(context.Context) (int64, error) {
	if len(m.records) == 0 {
		return 0, nil
	}
	return m.records[len(m.records)-1].N, nil
}

// EachHead implements Source.
func (m *memory) EachHead(_ context.Context, f func(stream string, seq, n int64) error) error {
	for stream, r := range m.heads {
		_, seq, err := ParseRecordID(r.ID)
		if err != nil {
			return err
		}
		if err := f(stream, seq, r.N); err != nil {
			return err
		}
	}
	return nil
}

func (m *memory) add(t testing.TB, id string, seq int64) {
	t.Helper()
	stream, err := StreamKey("note", id)
	if err != nil {
		t.Fatal(err)
	}
	c := content()
	c.State = fmt.Appendf(nil, `{"id":"%s","seq":%d}`, id, seq)
	r := Record{ID: RecordID(stream, seq), N: int64(len(m.records) + 1), Version: Version}
	if r.Sealed, err = Seal(r.ID, c); err != nil {
		t.Fatal(err)
	}
	r.Hash = Sum(Version, m.heads[stream].Hash, r.Sealed)
	m.records = append(m.records, r)
	m.heads[stream] = r
}

func (m *memory) tree() *Tree {
	var tree Tree
	for _, r := range m.records {
		tree.Append(r.Hash)
	}
	return &tree
}

// story is a log of three streams with a checkpoint over its first six records of seven.
type story struct {
	memory
	signer string
	v      Verifier
}

func tell(t *testing.T) *story {
	t.Helper()
	s := &story{memory: memory{heads: map[string]Record{}}}
	var err error
	if s.signer, s.v.Key, err = GenerateKey(); err != nil {
		t.Fatal(err)
	}
	for i, id := range []string{"a", "b", "a", "c", "b", "a"} {
		s.add(t, id, []int64{1, 1, 2, 1, 2, 3}[i])
		if i == 2 {
			s.sign(t)
		}
	}
	s.sign(t)
	s.add(t, "c", 2)
	return s
}

func (s *story) sign(t *testing.T) {
	t.Helper()
	tree := s.tree()
	signed, err := Sign(s.signer, Checkpoint{Size: tree.Size(), Root: tree.Root(), At: At(time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))})
	if err != nil {
		t.Fatal(err)
	}
	s.v.Checkpoints = append(s.v.Checkpoints, signed)
}

func recordOf(id string, seq int64) string {
	stream, _ := StreamKey("note", id)
	return RecordID(stream, seq)
}

func TestVerifyNamesWhatIsWrong(t *testing.T) {
	seal := func(t *testing.T, r *Record, state string) {
		_, c, err := Unseal(r.Sealed)
		if err != nil {
			t.Fatal(err)
		}
		c.State = []byte(state)
		if r.Sealed, err = Seal(r.ID, c); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name   string
		damage func(t *testing.T, s *story)
		want   []string // kind, record or number of each problem
	}{
		{"nothing", func(*testing.T, *story) {}, nil},
		{"a changed record", func(_ *testing.T, s *story) {
			s.records[2].Sealed = bytes.Replace(s.records[2].Sealed, []byte("u1"), []byte("u2"), 1)
		},
			[]string{"broken_link " + recordOf("a", 2)}},
		{"a changed hash breaks its own link and the next", func(_ *testing.T, s *story) { s.records[0].Hash[0]++ },
			[]string{"broken_link " + recordOf("a", 1), "broken_link " + recordOf("a", 2)}},
		{"a stream rewritten with fitting hashes", func(t *testing.T, s *story) {
			seal(t, &s.records[1], `{"forged":true}`)
			s.records[1].Hash = Sum(Version, Hash{}, s.records[1].Sealed)
			s.records[4].Hash = Sum(Version, s.records[1].Hash, s.records[4].Sealed)
		}, []string{"other_log 3"}},
		{"a record moved to another id", func(_ *testing.T, s *story) { s.records[3].ID = recordOf("d", 1) },
			[]string{"moved_record " + recordOf("d", 1), "missing_record " + recordOf("c", 1)}},
		{"a stream key with the wrong hash digits", func(_ *testing.T, s *story) { s.records[6].ID = "zz" + s.records[6].ID[2:] },
			[]string{"moved_record zz" + recordOf("c", 2)[2:], "missing_tail " + recordOf("c", 2)}},
		{"a record taken out of the middle", func(_ *testing.T, s *story) { s.records = slices.Delete(s.records, 2, 3) },
			[]string{"gap 3", "missing_record " + recordOf("a", 2)}},
		{"the last record of the log taken away", func(_ *testing.T, s *story) { s.records = s.records[:6] }, []string{"missing_tail " + recordOf("c", 2)}},
		{"the tail behind the last checkpoint taken away, states too", func(_ *testing.T, s *story) {
			s.records = s.records[:5]
			delete(s.heads, recordOf("a", 1)[:len(recordOf("a", 1))-11])
			delete(s.heads, recordOf("c", 1)[:len(recordOf("c", 1))-11])
		}, []string{"missing_tail 6"}},
		{"the tail of a stream taken away, and that of the log", func(_ *testing.T, s *story) { s.records = s.records[:6]; s.records = slices.Delete(s.records, 4, 5) },
			[]string{"gap 5", "missing_tail " + recordOf("b", 2), "missing_tail " + recordOf("c", 2)}},
		{"a whole stream taken away", func(_ *testing.T, s *story) {
			s.records = slices.DeleteFunc(s.records, func(r Record) bool { return strings.Contains(r.ID, "/note/b/") })
		}, []string{"gap 2", "gap 5", "missing_stream " + recordOf("b", 1)[:len(recordOf("b", 1))-11]}},
		{"a state that lags", func(_ *testing.T, s *story) { s.heads[recordOf("a", 1)[:len(recordOf("a", 1))-11]] = s.records[2] },
			[]string{"stale_state " + recordOf("a", 3)}},
		{"two records exchanged", func(_ *testing.T, s *story) {
			s.records[0], s.records[2] = s.records[2], s.records[0]
			s.records[0].N, s.records[2].N = 1, 3
		}, []string{"missing_record " + recordOf("a", 1), "moved_record " + recordOf("a", 1)}},
		{"a checkpoint signed by another key", func(t *testing.T, s *story) {
			signer, _, err := GenerateKey()
			if err != nil {
				t.Fatal(err)
			}
			s.signer = signer
			s.sign(t)
		}, []string{"forged_checkpoint 0"}},
		{"a changed checkpoint", func(_ *testing.T, s *story) {
			s.v.Checkpoints[0] = bytes.Replace(s.v.Checkpoints[0], []byte("\n3\n"), []byte("\n2\n"), 1)
		},
			[]string{"forged_checkpoint 0"}},
		{"a checkpoint of a longer log", func(t *testing.T, s *story) {
			longer := &story{memory: memory{heads: map[string]Record{}}, signer: s.signer}
			for i := range int64(9) {
				longer.add(t, "x", i+1)
			}
			longer.sign(t)
			s.v.Checkpoints = append(s.v.Checkpoints, longer.v.Checkpoints...)
		}, []string{"missing_tail 9"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := tell(t)
			tt.damage(t, s)
			report, err := s.v.Verify(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range report.Problems {
				place := p.Record
				if place == "" {
					place = fmt.Sprint(p.N)
				}
				got = append(got, string(p.Kind)+" "+place)
				if p.Message == "" {
					t.Errorf("%s has no message", p.Kind)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if report.OK() != (len(tt.want) == 0) || report.Found != int64(len(tt.want)) {
				t.Errorf("found %d", report.Found)
			}
		})
	}
}

func TestVerifyCounts(t *testing.T) {
	s := tell(t)
	s.heads["00/note/pending"] = Record{ID: "00/note/pending/0000000001"}
	report, err := s.v.Verify(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if report.Records != 7 || report.Streams != 3 || report.Covered != 6 || report.AfterCheckpoint != 1 || report.Pending != 1 || report.Root != s.tree().Root() {
		t.Fatalf("%+v", report)
	}
	empty := &memory{}
	if report, err := (Verifier{}).Verify(t.Context(), empty); err != nil || !report.OK() || report.Records != 0 {
		t.Fatalf("%+v %v", report, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.v.Verify(ended, s); !fault.Is(err, fault.Unavailable) {
		t.Fatalf("an interrupted check looks like a finished one: %v", err)
	}
	s.records[2].Version = 2
	if _, err := s.v.Verify(t.Context(), s); !fault.Is(err, fault.Invalid) || !strings.Contains(fault.MessageOf(err), "2") {
		t.Fatalf("a newer format: %v", err)
	}
}

// TestProofs: every leaf of trees of every small size is proved, and no proof holds for another leaf, place, size or root.
func TestProofs(t *testing.T) {
	var leaves []Hash
	var tree Tree
	for size := int64(1); size <= 33; size++ {
		leaves = append(leaves, sha256.Sum256([]byte{byte(size)}))
		tree.Append(leaves[size-1])
		var all []int64
		for i := range size {
			all = append(all, i)
		}
		proofs, err := Prove(size, all, func(f func(Hash) error) error {
			for _, h := range append(leaves, Hash{1}) { // one more than asked for
				if err := f(h); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		root := tree.Root()
		for i, p := range proofs {
			index := int64(i)
			other := (index + 1) % size
			switch {
			case !p.Holds(size, index, leaves[i], root):
				t.Fatalf("leaf %d of %d is not proved", i, size)
			case p.Holds(size, index, Hash{1}, root), p.Holds(size, index, leaves[i], Hash{1}), p.Holds(size, -1, leaves[i], root), p.Holds(size, size, leaves[i], root), other != index && p.Holds(size, other, leaves[i], root):
				t.Fatalf("the proof of leaf %d of %d proves something else", i, size)
			}
		}
	}
	none := func(func(Hash) error) error { return nil }
	if _, err := Prove(3, []int64{3}, none); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	if _, err := Prove(3, []int64{0}, none); !fault.Is(err, fault.Internal) {
		t.Error(err)
	}
}

// TestSignedText: a statement is checked with its key only, and none passes for a checkpoint.
func TestSignedText(t *testing.T) {
	signer, verifier, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	const text = "redsteward bundle 1\nsha256 00\n"
	line, err := SignText(signer, text)
	again, _ := SignText(signer, text)
	if err != nil || line != again || CheckText(verifier, text, line) != nil || !SignedBy(verifier, line) {
		t.Fatal(line, err)
	}
	_, other, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if CheckText(other, text, line) == nil || SignedBy(other, line) || CheckText(verifier, text+"x\n", line) == nil || CheckText(verifier, text, line+"\nx") == nil || CheckText("x", text, line) == nil {
		t.Error("a wrong signature is taken")
	}
	if _, err := SignText(signer, "redsteward/log/x\n1\n"); err == nil {
		t.Error("a checkpoint can be signed as a statement")
	}
}

// TestVerifyLongLog crosses the borders of the chunks, and names only so many problems.
func TestVerifyLongLog(t *testing.T) {
	m := &memory{heads: map[string]Record{}}
	const length = 2*chunkSize + 100
	for i := range length {
		m.add(t, fmt.Sprint("s", i%50), int64(i/50+1))
	}
	var reached []int64
	v := Verifier{Progress: func(n int64) { reached = append(reached, n) }}
	report, err := v.Verify(t.Context(), m)
	if err != nil || !report.OK() || report.Records != length || !slices.Equal(reached, []int64{chunkSize, 2 * chunkSize, length}) {
		t.Fatalf("%+v %v %v", report, reached, err)
	}
	for i := range 500 {
		m.records[i].Sealed = append(slices.Clone(m.records[i].Sealed), ' ')
	}
	report, err = v.Verify(t.Context(), m)
	if err != nil || report.Found != 500 || len(report.Problems) != MaxProblems || report.Problems[0].N != 1 {
		t.Fatalf("%d found, %d named, %v", report.Found, len(report.Problems), err)
	}
}

func TestTreeAgreesWithTlog(t *testing.T) {
	var tree Tree
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	for n := range int64(130) {
		want, err := tlog.TreeHash(n, reader)
		if err != nil || Hash(want) != tree.Root() {
			t.Fatalf("size %d: %x, want %x, %v", n, tree.Root(), want, err)
		}
		raw, err := tree.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var back Tree
		if err := back.UnmarshalBinary(raw); err != nil || back.Root() != tree.Root() || back.Size() != n {
			t.Fatalf("size %d did not come back: %v", n, err)
		}
		leaf := Hash{byte(n), 7}
		hashes, err := tlog.StoredHashes(n, leaf[:], reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
		fork := tree.Clone()
		fork.Append(Hash{9})
		back.Append(leaf)
		tree.Append(leaf)
		if back.Root() != tree.Root() || fork.Root() == tree.Root() {
			t.Fatalf("size %d grows differently", n+1)
		}
	}
	var broken Tree
	for _, bad := range [][]byte{nil, {0, 0, 0, 0, 0, 0, 0, 1}, {255, 0, 0, 0, 0, 0, 0, 0}, make([]byte, 9)} {
		if err := broken.UnmarshalBinary(bad); !fault.Is(err, fault.Internal) {
			t.Errorf("%x: %v", bad, err)
		}
	}
}

func TestCheckpointForm(t *testing.T) {
	signer, verifier, err := GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		want := Checkpoint{Size: rapid.Int64Range(0, 1<<50).Draw(t, "size"), At: At(time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC))}
		copy(want.Root[:], rapid.SliceOfN(rapid.Byte(), HashSize, HashSize).Draw(t, "root"))
		signed, err := Sign(signer, want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := OpenCheckpoint(verifier, signed)
		want.Origin, _, _ = strings.Cut(verifier, "+")
		if err != nil || got != want {
			t.Fatalf("%+v %v", got, err)
		}
		flip := rapid.IntRange(0, bytes.Index(signed, []byte("\n\n"))).Draw(t, "flip")
		signed[flip] ^= 1
		if _, err := OpenCheckpoint(verifier, signed); !fault.Is(err, fault.Invalid) {
			t.Fatalf("byte %d changed unseen: %v", flip, err)
		}
	})
	if _, err := OpenCheckpoint("no key", nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	if _, err := Sign("no key", Checkpoint{}); !fault.Is(err, fault.Internal) {
		t.Errorf("%v", err)
	}
}

func FuzzOpenCheckpoint(f *testing.F) {
	f.Add("redsteward/log/1\n7\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nrfc6962-sha256 record-1\n2026-10-19T01:00:00.000Z\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCheckpoint(text)
		if err == nil && (c.Size < 0 || strings.Count(text, "\n") != 5) {
			t.Fatalf("taken: %q", text)
		}
	})
}

// BenchmarkSeal measures what a commit costs before the engine: seal and hash of 1 KB.
func BenchmarkSeal(b *testing.B) {
	c := content()
	c.State = []byte(`{"a":"` + strings.Repeat("x", 1000) + `"}`)
	for b.Loop() {
		sealed, err := Seal("ab/note/x/0000000001", c)
		if err != nil {
			b.Fatal(err)
		}
		Sum(Version, Hash{}, sealed)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// BenchmarkVerify measures the check alone, without an engine below.
func BenchmarkVerify(b *testing.B) {
	m := &memory{heads: map[string]Record{}}
	const records = 10_000
	for i := range records {
		m.add(b, fmt.Sprint("s", i%500), int64(i/500+1))
	}
	sorted := &sliced{m}
	b.ResetTimer()
	for b.Loop() {
		report, err := Verifier{}.Verify(b.Context(), sorted)
		if err != nil || !report.OK() {
			b.Fatal(report, err)
		}
	}
	b.ReportMetric(float64(b.N*records)/b.Elapsed().Seconds(), "entries/s")
}

// sliced finds a range at once.
type sliced struct{ *memory }

// Log implements Source.
func (s *sliced) Log(_ context.Context, after, upTo int64, f func(Record) error) error {
	for _, r := range s.records[after:upTo] {
		if err := f(r); err != nil {
			return err
		}
	}
	return nil
}

// FuzzOpenRecordProof: a file of a proof that somebody sends is refused unless the hash in it stands in the signed log; one changed byte proves nothing else.
func FuzzOpenRecordProof(f *testing.F) {
	signer, verifier, err := GenerateKey()
	if err != nil {
		f.Fatal(err)
	}
	var tree Tree
	leaf := Sum(Version, Hash{}, []byte("a"))
	tree.Append(leaf)
	origin, _, _ := strings.Cut(verifier, "+")
	signed, err := Sign(signer, Checkpoint{Origin: origin, Size: 1, Root: tree.Root()})
	if err != nil {
		f.Fatal(err)
	}
	good, err := RecordProof{Key: verifier, Checkpoint: string(signed), Record: "ab/note/x/0000000001", N: 1, Hash: leaf}.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	if _, _, err := OpenRecordProof(good, verifier); err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{nil, []byte("{}"), good, bytes.Replace(good, []byte(`"n": 1`), []byte(`"n": -1`), 1), bytes.Replace(good, []byte(`"proof": []`), []byte(`"proof": ["AAAA"]`), 1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, c, err := OpenRecordProof(data, verifier)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if p.Hash != leaf || p.N != 1 || c.Size != 1 || c.Root != tree.Root() {
			t.Fatalf("proved %+v %+v", p, c)
		}
	})
}
