package storetest

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// restore puts a log with a purged person, a deleted document and a file into fresh data and compares.
func (s Suite) restore(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	for _, owner := range []string{"kept", "gone"} {
		if _, err := b.notes.Commit(ctx, meta("note.create"), owner, 0, Note{Title: owner, Owner: owner, Author: "王" + owner}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.notes.Commit(ctx, meta("note.create"), "deleted", 0, Note{Title: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.notes.Delete(ctx, meta("note.delete"), "deleted", 1); err != nil {
		t.Fatal(err)
	}
	photo, err := b.db.PutFile(ctx, meta("file.put"), strings.NewReader("a photo"), 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.db.Purge(ctx, meta("person.purge"), "person/gone"); err != nil {
		t.Fatal(err)
	}
	before := b.verify(t)

	data := s.New(t)
	target := data.Open(t, false).(store.Restorer)
	if err := store.BeginRestore(ctx, target); err != nil {
		t.Fatal(err)
	}
	b.carry(t, target, before.Records)
	if err := target.Close(); err != nil {
		t.Fatal(err)
	}
	// Data that is half restored is used by nobody.
	_, err = store.Open(ctx, data.Open(t, false), store.Options{Now: b.clock.Now, MasterKey: masterKey})
	wantKind(t, err, fault.Conflict)

	half := data.Open(t, false)
	db, err := store.Open(ctx, half, store.Options{Now: b.clock.Now, MasterKey: masterKey, Restoring: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.NewCollection(ctx, db, noteKind()); err != nil {
		t.Fatal(err)
	}
	if n, err := db.Rebuild(ctx); err != nil || n != before.Records {
		t.Fatalf("%d records read, want %d: %v", n, before.Records, err)
	}
	if err := store.EndRestore(ctx, half); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}

	r := open(t, data, b.clock, nil)
	t.Cleanup(func() {
		if err := r.db.Close(); err != nil {
			t.Error(err)
		}
	})
	if after := r.verify(t); after.Records != before.Records {
		t.Fatalf("%d records, want %d", after.Records, before.Records)
	}
	page, err := r.notes.List(ctx, store.Query{Index: "title", Key: ""})
	if err != nil || len(page.Docs) != 2 || page.Docs[0].State.Author != store.PurgedText || page.Docs[1].State.Author != "王kept" {
		t.Fatalf("%+v %v", page.Docs, err)
	}
	file, info, err := r.db.OpenFile(ctx, photo.SHA256)
	if err != nil || info != photo {
		t.Fatalf("%+v %v", info, err)
	}
	if read, err := io.ReadAll(file); err != nil || string(read) != "a photo" {
		t.Fatalf("%q %v", read, err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	// It goes on where it stood.
	if _, err := r.notes.Commit(ctx, meta("note.change"), "kept", 1, Note{Title: "later", Owner: "kept"}); err != nil {
		t.Fatal(err)
	}
	if report := r.verify(t); report.Records != before.Records+1 {
		t.Fatalf("%d records", report.Records)
	}
	// Nothing is put over what stands, nor behind a gap.
	again, ok := r.db.Engine().(store.Restorer)
	if !ok {
		t.Fatal("the engine restores nothing")
	}
	wantKind(t, store.BeginRestore(ctx, again), fault.Conflict)
	for _, n := range []int64{1, before.Records + 3} {
		wantKind(t, again.Restore(ctx, []journal.Record{{ID: journal.RecordID("00/note/other", 1), N: n, Version: 1, Sealed: []byte("{}")}}), fault.Conflict)
	}
	wantKind(t, again.RestoreBlob(ctx, "../outside", strings.NewReader("x")), fault.Invalid)
}

// carry copies log, files and values.
func (b *bench) carry(t *testing.T, target store.Restorer, upTo int64) {
	t.Helper()
	ctx := t.Context()
	from := b.db.Engine()
	var records []journal.Record
	if err := from.Log(ctx, 0, upTo, func(r journal.Record) error {
		r.Sealed = bytes.Clone(r.Sealed)
		records = append(records, r)
		file, ok, err := store.FileIn(r)
		if err != nil || !ok {
			return err
		}
		in, err := from.OpenBlob(ctx, file.Blob)
		if err != nil {
			return err
		}
		if err := target.RestoreBlob(ctx, file.Blob, in); err != nil {
			return err
		}
		return in.Close()
	}); err != nil {
		t.Fatal(err)
	}
	for part := range slices.Chunk(records, 3) {
		if err := target.Restore(ctx, part); err != nil {
			t.Fatal(err)
		}
	}
	values, err := from.ValuesAfter(ctx, "", "", 1000)
	if err != nil || len(values) == 0 {
		t.Fatalf("%d values, %v", len(values), err)
	}
	for _, v := range values {
		if value, ok := store.Carried(v.Name, v.Value, upTo); ok {
			if err := target.SetValue(ctx, v.Name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
}
