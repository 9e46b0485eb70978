package backup_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/store/backup"
	"redsteward/internal/store/sqlite"
)

type note struct {
	Title string `json:"title" privacy:"public"`
	Owner string `json:"owner" privacy:"internal"`
	Phone string `json:"phone" privacy:"pii"`
}

var masterKey = bytes.Repeat([]byte{9}, 32)

func now() time.Time { return time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC) }

// bureau is an opened folder.
type bureau struct {
	dir    string
	engine *sqlite.Engine
	db     *store.DB
	notes  *store.Collection[note]
}

func openFolder(t *testing.T, dir string, restoring bool) *bureau {
	t.Helper()
	engine, err := sqlite.Open(t.Context(), dir, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b := &bureau{dir: dir, engine: engine}
	if b.db, err = store.Open(t.Context(), engine, store.Options{Now: now, MasterKey: masterKey, Restoring: restoring}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.db.Close(); err != nil {
			t.Error(err)
		}
	})
	b.notes, err = store.NewCollection(t.Context(), b.db, store.Kind[note]{Name: "note", Version: 1,
		Indexes: []store.Index[note]{{Name: "all", Keys: func(string, *note) []string { return []string{""} }, Sort: func(_ string, n *note) string { return n.Title }}},
		Subject: func(_ string, n *note) string { return "person/" + n.Owner }})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bureau) write(t *testing.T, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		owner := fmt.Sprint("p", i)
		if _, err := b.notes.Commit(t.Context(), store.Meta{By: "u1", Action: "note.create"}, owner, 0, note{Title: fmt.Sprintf("%05d", i), Owner: owner, Phone: fmt.Sprint("1390000", i)}); err != nil {
			t.Fatal(err)
		}
	}
}

func (b *bureau) photo(t *testing.T, text string) string {
	t.Helper()
	f, err := b.db.PutFile(t.Context(), store.Meta{By: "u1", Action: "file.put"}, strings.NewReader(text), 1000)
	if err != nil {
		t.Fatal(err)
	}
	return f.SHA256
}

func (b *bureau) backup(t *testing.T, dir string, keep int) (backup.Manifest, bool, error) {
	t.Helper()
	if _, err := b.db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	key, err := b.db.LogKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return backup.Write(t.Context(), b.engine, dir, backup.Options{Now: now(), Key: key, Keep: keep, Sign: func(text string) (string, error) { return b.db.SignText(t.Context(), text) }})
}

func (b *bureau) mustBackup(t *testing.T, dir string, keep int) backup.Manifest {
	t.Helper()
	m, fresh, err := b.backup(t, dir, keep)
	if err != nil || !fresh {
		t.Fatalf("fresh %v: %v", fresh, err)
	}
	return m
}

// restored puts a backup into a new folder and opens it.
func restored(t *testing.T, dir string, m backup.Manifest) *bureau {
	t.Helper()
	target := t.TempDir()
	if err := restore(t.Context(), dir, m, target); err != nil {
		t.Fatal(err)
	}
	b := openFolder(t, target, true)
	if n, err := b.db.Rebuild(t.Context()); err != nil || n != m.Record {
		t.Fatalf("%d records: %v", n, err)
	}
	if err := store.EndRestore(t.Context(), b.engine); err != nil {
		t.Fatal(err)
	}
	v, err := store.Verifier(t.Context(), b.engine)
	if err != nil {
		t.Fatal(err)
	}
	report, err := v.Verify(t.Context(), b.engine)
	if err != nil || !report.OK() || report.Records != m.Record {
		t.Fatalf("%+v %v", report, err)
	}
	return b
}

func restore(ctx context.Context, dir string, m backup.Manifest, target string) error {
	engine, err := sqlite.Open(ctx, target, sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { _ = engine.Close() }()
	return backup.Restore(ctx, dir, m, engine, nil)
}

func (b *bureau) phone(t *testing.T, id string) string {
	t.Helper()
	doc, err := b.notes.Load(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return doc.State.Phone
}

func wantKind(t *testing.T, err error, kind fault.Kind, says string) {
	t.Helper()
	if fault.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err)+fault.MessageOf(err), says) {
		t.Errorf("got %v (%s), want %s with %q", err, fault.MessageOf(err), kind, says)
	}
}

// TestBackups follows one bureau: a backup, growth, a second backup, a purge, a third; each can be restored, and who was purged stays so.
func TestBackups(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	b := openFolder(t, t.TempDir(), false)
	b.write(t, 0, 30)
	first := b.photo(t, "first photo")
	one := b.mustBackup(t, dir, 0)
	if _, fresh, err := b.backup(t, dir, 0); fresh || err != nil {
		t.Errorf("a second backup of the same log: fresh %v, %v", fresh, err)
	}
	b.write(t, 30, 40)
	second := b.photo(t, "second photo")
	two := b.mustBackup(t, dir, 0)
	if err := b.db.Purge(ctx, store.Meta{By: "u1", Action: "person.purge"}, "person/p3"); err != nil {
		t.Fatal(err)
	}
	three := b.mustBackup(t, dir, 0)
	if one.Files != 1 || two.Files != 2 || two.Bytes != int64(len("first photo")+len("second photo")) || three.Record != two.Record+1 {
		t.Fatalf("%+v %+v %+v", one, two, three)
	}

	for m, want := range map[*backup.Manifest]int{&one: 30, &two: 40, &three: 40} {
		r := restored(t, dir, *m)
		if r.phone(t, "p3") != store.PurgedText || r.phone(t, "p4") != "13900004" {
			t.Errorf("to %d: %q and %q", m.Record, r.phone(t, "p3"), r.phone(t, "p4"))
		}
		page, err := r.notes.List(ctx, store.Query{Index: "all", Key: "", Limit: 100})
		if err != nil || len(page.Docs) != want {
			t.Errorf("to %d: %d documents, want %d: %v", m.Record, len(page.Docs), want, err)
		}
		in, _, err := r.db.OpenFile(ctx, first)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(in)
		if err != nil || string(text) != "first photo" {
			t.Errorf("%q %v", text, err)
		}
		_ = in.Close()
		if _, _, err := r.db.OpenFile(ctx, second); (err == nil) != (m.Record >= two.Record) {
			t.Errorf("to %d: the second photo: %v", m.Record, err)
		}
	}

	// Only the newest two are kept, and each of them still restores.
	b.write(t, 40, 41)
	four := b.mustBackup(t, dir, 2)
	all, err := backup.List(dir)
	if err != nil || len(all) != 2 || all[0].Record != three.Record || all[1].Record != four.Record {
		t.Fatalf("%+v %v", all, err)
	}
	values, err := filepath.Glob(filepath.Join(dir, "values-*"))
	if err != nil || len(values) != 2 {
		t.Errorf("%v %v", values, err)
	}
	restored(t, dir, three)
	if _, err := backup.Find(dir, two.Record); !fault.Is(err, fault.NotFound) {
		t.Errorf("a backup that was not kept: %v", err)
	}
}

// TestRefusals: what does not fit is refused, and the backups before stay as they were.
func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	b := openFolder(t, t.TempDir(), false)
	if _, _, err := b.backup(t, dir, 0); !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.NotFound) {
		t.Errorf("nothing to back up: %v", err)
	}
	b.write(t, 0, 5)
	b.photo(t, "a photo")
	m := b.mustBackup(t, dir, 0)

	other := openFolder(t, t.TempDir(), false)
	other.write(t, 0, 9)
	_, _, err := other.backup(t, dir, 0)
	wantKind(t, err, fault.Conflict, "另一套系统")
	// Data that stands is not overwritten.
	filled := t.TempDir()
	openFolder(t, filled, false).write(t, 0, 1)
	if err := restore(t.Context(), dir, m, filled); err == nil {
		t.Error("restored beside a writer")
	}
	wantKind(t, backup.Restore(t.Context(), dir, m, b.engine, nil), fault.Conflict, "不是空的")
	if b.phone(t, "p1") != "13900001" {
		t.Error("a refused restore changed something")
	}
}

// edited is a log of which somebody changed a record by hand.
type edited struct{ store.Engine }

func (e edited) Log(ctx context.Context, after, upTo int64, f func(journal.Record) error) error {
	return e.Engine.Log(ctx, after, upTo, func(r journal.Record) error {
		if r.N == 3 {
			r.Hash[0] ^= 1
		}
		return f(r)
	})
}

// shorter is a log whose last records were taken away.
type shorter struct{ store.Engine }

func (s shorter) LastN(context.Context) (int64, error) { return 2, nil }

// TestWitness: a log that was changed or cut after a backup is not backed up over it.
func TestWitness(t *testing.T) {
	dir := t.TempDir()
	b := openFolder(t, t.TempDir(), false)
	b.write(t, 0, 5)
	m := b.mustBackup(t, dir, 0)
	b.write(t, 5, 6)
	sign := func(text string) (string, error) { return b.db.SignText(t.Context(), text) }
	_, _, err := backup.Write(t.Context(), edited{b.engine}, dir, backup.Options{Now: now(), Key: m.Key, Sign: sign})
	wantKind(t, err, fault.Conflict, "不一致")
	_, _, err = backup.Write(t.Context(), shorter{b.engine}, dir, backup.Options{Now: now(), Key: m.Key, Sign: sign})
	wantKind(t, err, fault.Conflict, "末尾不见了")
	if all, err := backup.List(dir); err != nil || len(all) != 1 {
		t.Fatalf("%+v %v", all, err)
	}
	restored(t, dir, m)
}

// earlier is a log as it stood when a backup began.
type earlier struct {
	store.Engine
	last int64
}

func (e earlier) LastN(context.Context) (int64, error) { return e.last, nil }

// TestRemovedMeanwhile: a file that nobody kept is removed while the backup is made, which says so and restores; bytes that are missing without a record are an error.
func TestRemovedMeanwhile(t *testing.T) {
	ctx := t.Context()
	b := openFolder(t, t.TempDir(), false)
	b.write(t, 0, 3)
	loose, err := b.db.PutLoose(ctx, store.Meta{By: "u1", Action: "file.put"}, strings.NewReader("on trial"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.db.Checkpoint(ctx); err != nil {
		t.Fatal(err)
	}
	began := earlier{Engine: b.engine}
	if began.last, err = b.engine.LastN(ctx); err != nil {
		t.Fatal(err)
	}
	key, err := b.db.LogKey(ctx)
	if err != nil {
		t.Fatal(err)
	}
	options := backup.Options{Now: now(), Key: key, Sign: func(text string) (string, error) { return b.db.SignText(ctx, text) }}
	if n, err := b.db.SweepLoose(ctx, store.Meta{By: "system", Action: "file.sweep"}, now().Add(time.Hour), func(string) bool { return false }); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	dir := t.TempDir()
	m, _, err := backup.Write(ctx, began, dir, options)
	if err != nil || len(m.Gone) != 1 || m.Gone[0] != loose.SHA256 || m.Files != 0 {
		t.Fatalf("%+v %v", m, err)
	}
	restored(t, dir, m)

	kept := b.photo(t, "a photo")
	found, err := filepath.Glob(filepath.Join(b.dir, "files", kept[:2], kept+"*"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	if err := os.Remove(found[0]); err != nil {
		t.Fatal(err)
	}
	_, _, err = b.backup(t, dir, 0)
	wantKind(t, err, fault.NotFound, "内容不见了")
	if all, err := backup.List(dir); err != nil || len(all) != 1 {
		t.Errorf("a backup that failed left %d: %v", len(all), err)
	}
}

// TestEveryByte flips a byte in every file of a backup: each is found before anything is used.
func TestEveryByte(t *testing.T) {
	dir := t.TempDir()
	b := openFolder(t, t.TempDir(), false)
	b.write(t, 0, 5)
	b.photo(t, "a photo")
	m := b.mustBackup(t, dir, 0)
	seen := 0
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		seen++
		whole, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for name, broken := range map[string][]byte{"flipped": flipped(whole, len(whole)/2), "cut": whole[:len(whole)-1], "first": flipped(whole, 0)} {
			if err := os.WriteFile(path, broken, 0o600); err != nil {
				return err
			}
			_, err := backup.Find(dir, 0)
			if err == nil {
				err = restore(t.Context(), dir, m, t.TempDir())
			}
			if !fault.Is(err, fault.Invalid) {
				t.Errorf("%s of %s: %v", name, e.Name(), err)
			}
		}
		return os.WriteFile(path, whole, 0o600)
	})
	if err != nil || seen != 4 {
		t.Fatalf("%d files, %v", seen, err)
	}
	restored(t, dir, m)
}

func flipped(data []byte, at int) []byte {
	out := bytes.Clone(data)
	out[at] ^= 1
	return out
}

// TestWhileWriting backs up while somebody writes: what comes out is the log up to a number, and it restores.
func TestWhileWriting(t *testing.T) {
	dir := t.TempDir()
	b := openFolder(t, t.TempDir(), false)
	b.write(t, 0, 50)
	if _, err := b.db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop, ended := make(chan struct{}), make(chan error)
	go func() {
		for i := 50; ; i++ {
			select {
			case <-stop:
				ended <- nil
				return
			default:
			}
			owner := fmt.Sprint("p", i)
			if _, err := b.notes.Commit(context.Background(), store.Meta{By: "u1", Action: "note.create"}, owner, 0, note{Title: owner, Owner: owner, Phone: "1"}); err != nil {
				ended <- err
				return
			}
		}
	}()
	var all []backup.Manifest
	for range 3 {
		m, _, err := b.backup(t, dir, 0)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	close(stop)
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		restored(t, dir, m)
	}
}
