package backup

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// FuzzManifest: whatever stands in a manifest, signed by the very key that it names, it is read or refused, and nothing that it names lies outside of the folder.
func FuzzManifest(f *testing.F) {
	signer, verifier, err := journal.GenerateKey()
	if err != nil {
		f.Fatal(err)
	}
	const key = "@KEY@"
	part := Part{Path: "log/1-5.gz", Bytes: 1, Hash: strings.Repeat("0", 64)}
	good, err := json.Marshal(Manifest{Made: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC), Record: 5, Root: strings.Repeat("0", 64), Key: key, Segments: []Part{part}, Values: part, Gone: []string{strings.Repeat("1", 64)}})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"", "{}", string(good), strings.Replace(string(good), "log/1-5", "../1-5", 1), strings.Replace(string(good), "log/1-5.gz", "/dev/zero", 1), strings.Replace(string(good), `"files":0`, `"files":-1`, 1), strings.Replace(string(good), `"record":5`, `"record":6`, 1)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		content = strings.ReplaceAll(content, key, verifier)
		if strings.Contains(content, "\n") {
			return // the content is one line
		}
		text := manifestHead + "\n" + content + "\n"
		signature, err := journal.SignText(signer, text)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "backup-0000000005.txt"), []byte(text+"\n"+signature+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := Find(dir, 0)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		if m.Record != 5 || m.Files < 0 || m.Bytes < 0 {
			t.Fatalf("%+v", m)
		}
		for _, p := range append(m.Segments, m.Values) {
			if !filepath.IsLocal(p.Path) || p.Bytes < 0 {
				t.Fatalf("%+v", p)
			}
		}
	})
}

// FuzzSegment: what a segment of the log holds is taken as records that follow one another, or refused; it is never taken half.
func FuzzSegment(f *testing.F) {
	var good []byte
	id := "ab/note/x/0000000001"
	sealed, err := journal.Seal(id, journal.Content{By: "u1", Action: "note.create", At: journal.At(time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)), Nonce: strings.Repeat("0", 32), KindVersion: 1, State: []byte(`{}`)})
	if err != nil {
		f.Fatal(err)
	}
	hash := journal.Sum(journal.Version, journal.Hash{}, sealed)
	for _, field := range [][]byte{[]byte(id), append([]byte{journal.Version}, hash[:]...), sealed} {
		good = append(binary.AppendUvarint(good, uint64(len(field))), field...)
	}
	for _, seed := range [][]byte{nil, good, good[:20], append(bytes.Clone(good), good...), {0, 0, 0}, {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, plain []byte) {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		if _, err := z.Write(plain); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		r := &restoring{heads: map[string]journal.Hash{}, files: map[string]store.NamedFile{}}
		taken := int64(0)
		err := fields(&packed, 3, func(group [][]byte) error {
			_, err := r.record(group)
			if err == nil {
				taken++
			}
			return err
		})
		if err != nil && (!fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Internal) || taken > r.tree.Size()) {
			t.Fatal(err)
		}
		if err == nil && taken != r.tree.Size() {
			t.Fatalf("%d records, %d in the tree", taken, r.tree.Size())
		}
	})
}
