package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/store/storetest"
)

// filled makes a folder with a few changes and a checkpoint, and closes it.
func filled(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	e := folder{dir}.Open(t, false)
	db, err := store.Open(t.Context(), e, store.Options{Now: time.Now, MasterKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	notes, err := store.NewCollection(t.Context(), db, crashKind())
	if err != nil {
		t.Fatal(err)
	}
	for i := range int64(3) {
		for _, id := range []string{"a", "b"} {
			if _, err := notes.Commit(t.Context(), store.Meta{By: "u", Action: "note.change"}, id, i, storetest.Note{Count: i}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestTamperedFolder changes a folder behind the program's back, with the means of anybody who has the file, and verifies it read-only.
func TestTamperedFolder(t *testing.T) {
	for _, tt := range []struct {
		name, sql string
		want      journal.ProblemKind
		record    string
	}{
		{"untouched", `SELECT 1`, "", ""},
		{"a word in a record", `UPDATE record SET sealed = replace(sealed, '"by":"u"', '"by":"v"') WHERE n = 3`, journal.BrokenLink, "/note/a/0000000002"},
		{"a record deleted", `DELETE FROM record WHERE n = 3`, journal.Gap, ""},
		{"the last record deleted", `DELETE FROM record WHERE n = 6`, journal.MissingTail, ""},
		{"a stream deleted", `DELETE FROM record WHERE id LIKE '%/note/a/%'`, journal.MissingStream, "/note/a"},
		{"a state put back", `UPDATE doc SET seq = 2, n = 3 WHERE stream LIKE '%/note/a'`, journal.StaleState, "/note/a/0000000003"},
		{"a checkpoint changed", `UPDATE value SET value = replace(value, char(10) || '6' || char(10), char(10) || '5' || char(10)) WHERE name LIKE 'checkpoint/%'`,
			journal.ForgedCheckpoint, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := filled(t)
			e := folder{dir}.Open(t, false).(*Engine)
			if _, err := e.writer.conn.ExecContext(t.Context(), tt.sql); err != nil {
				t.Fatal(err)
			}
			if err := e.Close(); err != nil {
				t.Fatal(err)
			}
			reader := folder{dir}.Open(t, true)
			defer func() {
				if err := reader.Close(); err != nil {
					t.Error(err)
				}
			}()
			v, err := store.Verifier(t.Context(), reader)
			if err != nil || v.Key == "" || len(v.Checkpoints) != 1 {
				t.Fatalf("%+v %v", v, err)
			}
			report, err := v.Verify(t.Context(), reader)
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range report.Problems {
				if p.Kind == tt.want && strings.HasSuffix(p.Record, tt.record) {
					return
				}
			}
			if tt.want != "" || !report.OK() {
				t.Fatalf("want %s %s, got %+v", tt.want, tt.record, report)
			}
		})
	}
}

// TestPurgedKeyIsNowhere looks for the bytes of a destroyed key in every file of the folder.
func TestPurgedKeyIsNowhere(t *testing.T) {
	dir := t.TempDir()
	e := folder{dir}.Open(t, false)
	db, err := store.Open(t.Context(), e, store.Options{Now: time.Now, MasterKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	notes, err := store.NewCollection(t.Context(), db, crashKind())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := notes.Commit(t.Context(), store.Meta{By: "u", Action: "note.create"}, "a", 0, storetest.Note{Author: "王桂兰", Owner: "p"}); err != nil {
		t.Fatal(err)
	}
	key, err := e.Value(t.Context(), "subject/person/p")
	if err != nil || len(key) < 32 {
		t.Fatal(len(key), err)
	}
	if found := filesWith(t, dir, key); len(found) == 0 {
		t.Fatal("the test cannot see the key even before the purge")
	}
	if err := db.Purge(t.Context(), store.Meta{By: "u", Action: "person.purge"}, "person/p"); err != nil {
		t.Fatal(err)
	}
	if found := filesWith(t, dir, key); len(found) > 0 {
		t.Fatalf("the destroyed key is still in %v", found)
	}
	if found := filesWith(t, dir, []byte("王桂兰")); len(found) > 0 {
		t.Fatalf("personal data in the open in %v", found)
	}
}

// filesWith names the files below dir that hold some bytes.
func filesWith(t *testing.T, dir string, wanted []byte) []string {
	t.Helper()
	var found []string
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		raw, err := os.ReadFile(path)
		if bytes.Contains(raw, wanted) {
			found = append(found, d.Name())
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

// TestFolderIsPrivate checks the modes of what holds secrets and people.
func TestFolderIsPrivate(t *testing.T) {
	dir := t.TempDir()
	if _, err := store.MasterKeyFile(dir, true); err != nil {
		t.Fatal(err)
	}
	e := folder{dir}.Open(t, false)
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	w, err := e.CreateBlob(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Keep(strings.Repeat("0", 64)); err != nil {
		t.Fatal(err)
	}
	seen := 0
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s can be read by others: %o", path, info.Mode().Perm())
		}
		seen++
		return err
	}); err != nil || seen < 5 {
		t.Fatal(seen, err)
	}
}

// TestAbortedUploadsLeaveNothing counts the files before and after.
func TestAbortedUploadsLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	e := folder{dir}.Open(t, false)
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, end := range []func(store.BlobWriter) error{
		store.BlobWriter.Abort,
		func(w store.BlobWriter) error {
			_, err := w.Keep("../../escape")
			return errors.Join(nil, wantInternal(err))
		},
	} {
		w, err := e.CreateBlob(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("half a picture")); err != nil {
			t.Fatal(err)
		}
		if err := end(w); err != nil {
			t.Fatal(err)
		}
		if err := w.Abort(); err != nil {
			t.Fatal(err)
		}
		if found := filesWith(t, dir, []byte("half a picture")); len(found) > 0 {
			t.Fatalf("left: %v", found)
		}
	}
	for _, id := range []string{"", "../redsteward.db", strings.Repeat("0", 64), strings.Repeat("0", 64) + "-1/../x"} {
		if _, err := e.OpenBlob(t.Context(), id); !fault.Is(err, fault.NotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
}

func wantInternal(err error) error {
	if fault.Is(err, fault.Internal) {
		return nil
	}
	return fmt.Errorf("got %w, want an internal fault", err)
}

// TestReadOnlyWithoutWriter opens a folder that nobody writes, as an auditor with a copy does, and leaves it as it was.
func TestReadOnlyWithoutWriter(t *testing.T) {
	dir := filled(t)
	before, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil {
		t.Fatal(err)
	}
	e := folder{dir}.Open(t, true)
	if n, err := e.LastN(t.Context()); err != nil || n != 6 {
		t.Fatal(n, err)
	}
	if err := e.SetValue(t.Context(), "x", nil); !fault.Is(err, fault.Forbidden) {
		t.Fatalf("a write: %v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(filepath.Join(dir, FileName))
	if err != nil || !bytes.Equal(before, after) {
		t.Fatal("reading changed the folder", err)
	}
}
