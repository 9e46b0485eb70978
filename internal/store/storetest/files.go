package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

func (s Suite) files(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	const limit = 1 << 20
	image := bytes.Repeat([]byte("0123456789abcdef"), limit/16)
	file, err := b.db.PutFile(ctx, meta("file.put"), bytes.NewReader(image), limit)
	if err != nil || file.Size != limit {
		t.Fatalf("%+v %v", file, err)
	}
	again, err := b.db.PutFile(ctx, meta("file.put"), bytes.NewReader(image), limit)
	if err != nil || again != file {
		t.Fatalf("equal bytes: %+v %v", again, err)
	}
	_, err = b.db.PutFile(ctx, meta("file.put"), bytes.NewReader(append(image, 'x')), limit)
	wantKind(t, err, fault.Invalid)
	_, err = b.db.PutFile(ctx, meta("file.put"), io.MultiReader(bytes.NewReader(image[:1000]), brokenReader{}), limit)
	wantKind(t, err, fault.Unavailable)
	r, info, err := b.db.OpenFile(ctx, file.SHA256)
	if err != nil || info != file {
		t.Fatalf("%+v %v", info, err)
	}
	read, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(read, image) {
		t.Fatalf("%d bytes read, %v", len(read), err)
	}
	_, _, err = b.db.OpenFile(ctx, strings.Repeat("0", 64))
	wantKind(t, err, fault.NotFound)
	audited := func(after time.Time) store.FilesFound {
		t.Helper()
		found, err := b.db.AuditFiles(ctx, after)
		if err != nil || found.Claimed != 1 {
			t.Fatalf("%+v %v", found, err)
		}
		return found
	}
	w, err := b.db.Engine().CreateBlob(ctx) // an upload that was cut off before it was claimed
	if err == nil {
		_, err = io.WriteString(w, "bytes")
	}
	if err == nil {
		_, err = w.Keep(strings.Repeat("0", 64))
	}
	if err != nil {
		t.Fatal(err)
	}
	if found := audited(time.Unix(0, 0)); found.Unclaimed != 0 || len(found.Missing) != 0 {
		t.Errorf("just uploaded: %+v", found)
	}
	if found := audited(time.Now().Add(time.Hour)); found.Unclaimed != 1 || found.UnclaimedBytes != 5 || len(found.Missing) != 0 {
		t.Errorf("nobody claimed it: %+v", found)
	}
	if report := b.verify(t); report.Records != 1 {
		t.Fatalf("%d records, want 1", report.Records)
	}
	if err := b.db.Engine().(store.Shelved).EachBlob(ctx, func(id string, _ int64, _ time.Time) error { return b.db.Engine().RemoveBlob(ctx, id) }); err != nil {
		t.Fatal(err)
	}
	if found := audited(time.Now().Add(time.Hour)); found.Unclaimed != 0 || !slices.Equal(found.Missing, []string{file.SHA256}) {
		t.Errorf("its bytes are gone: %+v", found)
	}
}

// looseFiles follows one file through everything that can happen to it.
func (s Suite) looseFiles(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	data := []byte("a photo that nobody handed in")
	const limit = 100
	put := func(put func(context.Context, store.Meta, io.Reader, int64) (store.File, error)) string {
		t.Helper()
		file, err := put(ctx, meta("file.put"), bytes.NewReader(data), limit)
		if err != nil || file.Size != int64(len(data)) {
			t.Fatalf("%+v %v", file, err)
		}
		return file.SHA256
	}
	sweep := func(after string, before time.Time, want int, spared ...string) {
		t.Helper()
		n, err := b.db.SweepLoose(ctx, meta("file.sweep"), before, func(hash string) bool { return slices.Contains(spared, hash) })
		if n != want || err != nil {
			t.Errorf("%s: %d files removed, want %d: %v", after, n, want, err)
		}
	}
	there := func(after, hash string, want bool) {
		t.Helper()
		r, _, err := b.db.OpenFile(ctx, hash)
		if !want {
			wantKind(t, err, fault.NotFound)
			return
		}
		if err != nil {
			t.Fatal(after, err)
		}
		read, err := io.ReadAll(r)
		if err = errors.Join(err, r.Close()); err != nil || !bytes.Equal(read, data) {
			t.Errorf("%s: %q %v", after, read, err)
		}
	}
	first := b.clock.Now()
	hash := put(b.db.PutLoose)
	sweep("too young", first, 0)
	b.clock.add(time.Hour)
	sweep("spared", b.clock.Now(), 0, hash)
	there("spared", hash, true)
	put(b.db.PutLoose) // taken in again
	sweep("renewed", first.Add(time.Minute), 0)
	b.clock.add(time.Hour)
	sweep("left alone", b.clock.Now(), 1)
	there("left alone", hash, false)
	wantKind(t, b.db.KeepFiles(ctx, meta("file.keep"), hash), fault.NotFound)
	put(b.db.PutLoose)
	there("back", hash, true)
	for range 2 {
		if err := b.db.KeepFiles(ctx, meta("file.keep"), hash); err != nil {
			t.Fatal(err)
		}
	}
	put(b.db.PutLoose) // stays kept
	b.clock.add(time.Hour)
	sweep("kept", b.clock.Now(), 0)
	there("kept", hash, true)
	data = []byte("a photo that was a draft and an answer")
	hash = put(b.db.PutLoose)
	put(b.db.PutFile)
	b.clock.add(time.Hour)
	sweep("kept at once", b.clock.Now(), 0)
	there("kept at once", hash, true)
	if report := b.verify(t); report.Records != 7 {
		t.Fatalf("%d records, want 7 (loose, renewed, removed, back, kept; loose, kept)", report.Records)
	}
}

// pairs follows photos and their shown copies: a copy stays as long as an original of it does, also where keeping it was cut off.
func (s Suite) pairs(t *testing.T) {
	b := s.fresh(t)
	ctx := t.Context()
	put := func(original string, loose bool) (string, string) {
		t.Helper()
		first, second, err := b.db.PutPair(ctx, meta("file.put"), store.Upload{Reader: strings.NewReader(original), Limit: 100}, store.Upload{Reader: strings.NewReader("the copy"), Limit: 100}, loose)
		if err != nil {
			t.Fatal(err)
		}
		return first.SHA256, second.SHA256
	}
	sweep := func(after string, want int, spared ...string) {
		t.Helper()
		b.clock.add(time.Hour)
		due, _, err := b.db.LooseFiles(ctx, b.clock.Now(), func(hash string) bool { return slices.Contains(spared, hash) })
		if err != nil || due < want {
			t.Errorf("%s: %d files are due, want %d at least: %v", after, due, want, err)
		}
		n, err := b.db.SweepLoose(ctx, meta("file.sweep"), b.clock.Now(), func(hash string) bool { return slices.Contains(spared, hash) })
		if n != want || err != nil {
			t.Errorf("%s: %d files removed, want %d: %v", after, n, want, err)
		}
	}
	there := func(after string, want bool, hashes ...string) {
		t.Helper()
		for _, hash := range hashes {
			r, _, err := b.db.OpenFile(ctx, hash)
			if !want {
				wantKind(t, err, fault.NotFound)
			} else if err != nil || r.Close() != nil {
				t.Fatal(after, err)
			}
		}
	}
	first, shown := put("a photo", true)
	second, _ := put("the same photo, from another camera", true)
	sweep("one original is held", 1, second)
	there("one original is held", true, second, shown)
	there("one original is held", false, first)
	if err := b.db.KeepFiles(ctx, meta("file.keep"), second); err != nil { // and not the copy: cut off
		t.Fatal(err)
	}
	sweep("an original is kept", 0)
	there("an original is kept", true, second, shown)
	if due, _, err := b.db.LooseFiles(ctx, b.clock.Now(), func(string) bool { return false }); err != nil || due != 0 {
		t.Errorf("%d files are due after the copy was kept: %v", due, err)
	}
	put("a photo", true)
	sweep("the copy belongs to a kept one too", 1)
	there("the copy belongs to a kept one too", true, second, shown)
	if report := b.verify(t); report.Records != 9 {
		t.Fatalf("%d records, want 9 (the copy twice, both originals; one removed, one kept, the copy kept; one again, removed)", report.Records)
	}
}

// sweepRace lets some hand in the same bytes while others sweep all loose files: whoever was told that a file is kept finds it for ever.
func (s Suite) sweepRace(t *testing.T) {
	b := s.fresh(t)
	ctx, rounds := t.Context(), 8
	for round := range rounds {
		data := []byte(fmt.Sprintf("photo %d", round))
		var all errgroup.Group
		for range 2 {
			all.Go(func() error {
				file, err := b.db.PutLoose(ctx, meta("file.put"), bytes.NewReader(data), 100)
				if err != nil {
					return err
				}
				if err := b.db.KeepFiles(ctx, meta("file.keep"), file.SHA256); err != nil {
					if fault.Is(err, fault.NotFound) {
						return nil // swept before; nobody was promised anything
					}
					return err
				}
				r, _, err := b.db.OpenFile(ctx, file.SHA256)
				if err != nil {
					return fmt.Errorf("a kept file is gone: %w", err)
				}
				return r.Close()
			})
			all.Go(func() error {
				_, err := b.db.SweepLoose(ctx, meta("file.sweep"), b.clock.Now().Add(time.Hour), func(string) bool { return false })
				return err
			})
		}
		if err := all.Wait(); err != nil {
			t.Fatal(err)
		}
		file, err := b.db.PutFile(ctx, meta("file.put"), bytes.NewReader(data), 100)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := b.db.SweepLoose(ctx, meta("file.sweep"), b.clock.Now().Add(time.Hour), func(string) bool { return false }); n != 0 || err != nil {
			t.Fatalf("%d kept files removed: %v", n, err)
		}
		if r, _, err := b.db.OpenFile(ctx, file.SHA256); err != nil || r.Close() != nil {
			t.Fatal("a kept file is gone", err)
		}
	}
	b.verify(t)
}

// brokenReader is a connection that dies.
type brokenReader struct{}

// Read implements io.Reader.
func (brokenReader) Read([]byte) (int, error) { return 0, errors.New("connection reset") }
