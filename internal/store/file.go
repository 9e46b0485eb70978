package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// File is a stored file.
type File struct {
	// SHA256 is the hex hash of the bytes and the id of the file.
	SHA256 string
	// Size is in bytes.
	Size int64
}

// fileState is the claim of a file; its id is the hash.
type fileState struct {
	Blob string `json:"blob" privacy:"internal"`
	Size int64  `json:"size"`
	// Loose is when it was last taken in on trial; no time: it is kept for good.
	Loose journal.Time `json:"loose,omitzero"`
	// CopyOf are the hashes of the originals whose shown copy a loose file is: it stays as long as one of them does. None for a file that is kept for good.
	CopyOf []string `json:"copy_of,omitempty" privacy:"internal"`
}

// fileKind is the kind of stored files.
const fileKind = "file"

// looseFiles lists the files that are not kept for good, those that were taken in longest ago first.
const looseFiles = "loose"

func fileDocument() Kind[fileState] {
	return Kind[fileState]{Name: fileKind, Version: 1, AlwaysPresent: true, Indexes: []Index[fileState]{{
		Name: looseFiles,
		Keys: func(_ string, f *fileState) []string {
			if f.Loose.IsZero() {
				return nil
			}
			return []string{""}
		},
		Sort: func(_ string, f *fileState) string { return SortTime(f.Loose.Time) },
	}}}
}

// Upload is the bytes of a file that is to be kept, and the most that there may be of them.
type Upload struct {
	Reader io.Reader
	Limit  int64
}

// PutFile streams r into the store, refuses more than limit bytes (Invalid), claims `file/<sha256>` last and keeps it for good. Equal bytes are stored once.
func (db *DB) PutFile(ctx context.Context, meta Meta, r io.Reader, limit int64) (File, error) {
	return db.putFile(ctx, meta, Upload{r, limit}, journal.Time{})
}

// PutLoose is PutFile for a file that nobody may want in the end: SweepLoose removes it unless KeepFiles came first. A file that is kept for good stays so.
func (db *DB) PutLoose(ctx context.Context, meta Meta, r io.Reader, limit int64) (File, error) {
	return db.putFile(ctx, meta, Upload{r, limit}, journal.At(db.Now()))
}

// PutPair is PutFile, or with loose PutLoose, for a file and the copy of it that pages show: in the end both are there or neither, wherever the disk becomes full. If it returns an error what was claimed of them is
// completed or removed by SweepLoose.
func (db *DB) PutPair(ctx context.Context, meta Meta, original, shown Upload, loose bool) (File, File, error) {
	const op = "store.PutPair"
	if err := tried(ctx, op); err != nil {
		return File{}, File{}, err
	}
	first, blob, err := db.stage(ctx, op, original)
	if err != nil {
		return File{}, File{}, err
	}
	second, copied, err := db.stage(ctx, op, shown)
	if err != nil {
		return File{}, File{}, errors.Join(err, db.engine.RemoveBlob(ctx, blob))
	}
	now := journal.At(db.Now())
	// The copy first, on trial: the record that claims the original decides about both.
	if err := db.claim(ctx, meta, second, fileState{Blob: copied, Size: second.Size, Loose: now, CopyOf: []string{first.SHA256}}); err != nil {
		return File{}, File{}, errors.Join(err, db.engine.RemoveBlob(ctx, blob))
	}
	next := fileState{Blob: blob, Size: first.Size, Loose: now}
	if !loose {
		next.Loose = journal.Time{}
	}
	if err := db.claim(ctx, meta, first, next); err != nil {
		return File{}, File{}, err
	}
	if !loose {
		err = db.KeepFiles(ctx, meta, second.SHA256)
	}
	return first, second, err
}

// Why a file that is kept is never removed, whoever acts at the same moment: a file's stream says when it was taken in on trial (Loose) or that it is kept. To take in
// equal bytes again, to keep and to remove are each one record of this one stream, and of two with the same predecessor one wins. Who takes in again or keeps has therefore
// come before the removal, which then fails; or after it, and sees the tombstone: then the bytes that he brought are claimed anew, or he is told that there are none. A file
// that is kept has no further record. Nothing that the journal names may be loose: who writes a record that names files keeps them first.

//
// A copy lasts as its original does. It is claimed first, on trial, and names the original: whether both stay or neither is decided by one record, that which keeps or removes the original. SweepLoose removes a copy of
// which no original is left, and keeps one of which an original is kept, when what should have done so was cut off.

func (db *DB) putFile(ctx context.Context, meta Meta, up Upload, loose journal.Time) (File, error) {
	const op = "store.PutFile"
	if err := tried(ctx, op); err != nil {
		return File{}, err
	}
	file, blob, err := db.stage(ctx, op, up)
	if err != nil {
		return File{}, err
	}
	return file, db.claim(ctx, meta, file, fileState{Blob: blob, Size: file.Size, Loose: loose})
}

// stage brings the bytes of a file to the engine, where nobody finds them before they are claimed.
func (db *DB) stage(ctx context.Context, op string, up Upload) (File, string, error) {
	w, err := db.engine.CreateBlob(ctx)
	if err != nil {
		return File{}, "", err
	}
	h := sha256.New()
	size, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(up.Reader, up.Limit+1))
	if err == nil && size > up.Limit {
		err = fault.New(op, fault.Invalid, fmt.Sprintf("文件太大：最多 %d 字节", up.Limit))
	}
	if err != nil {
		if fault.KindOf(err) == fault.Internal {
			err = fault.Wrap(op, fault.Unavailable, "文件没有传完，请重新上传", err)
		}
		return File{}, "", errors.Join(err, w.Abort())
	}
	file := File{SHA256: hex.EncodeToString(h.Sum(nil)), Size: size}
	blob, err := w.Keep(file.SHA256)
	return file, blob, err
}

// claim says in the journal that bytes are there: those of next, or equal ones that were there before; then those of next are removed, and also if the claim did not come for certain.
func (db *DB) claim(ctx context.Context, meta Meta, file File, next fileState) error {
	meta.Idem = nil // the hash itself makes a retry safe
	blob, copyOf := next.Blob, next.CopyOf
	for {
		head, err := db.files.Head(ctx, file.SHA256)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		next.Blob, next.CopyOf = blob, copyOf
		if there := err == nil && !head.Deleted; there {
			if head.State.Loose.IsZero() {
				return db.engine.RemoveBlob(ctx, blob) // kept for good already
			}
			next.Blob = head.State.Blob
			if !next.Loose.IsZero() {
				next.CopyOf = union(head.State.CopyOf, copyOf)
			}
		}
		_, err = db.files.Commit(ctx, meta, file.SHA256, head.Seq, next)
		if fault.Is(err, fault.Conflict) {
			continue
		}
		if err == nil && next.Blob != blob {
			err = db.engine.RemoveBlob(ctx, blob)
		}
		if errors.Is(err, ErrFull) { // the claim did not come, for certain: its bytes would fill the disk for nobody
			err = errors.Join(err, db.engine.RemoveBlob(ctx, blob))
		}
		return err
	}
}

// union is both lists, each text once, in order.
func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// KeepFiles keeps files for good: call it before the record that names them. No hash may stand twice, and there must be at most MaxLimit. Returns NotFound if one of them
// is not there any more.
func (db *DB) KeepFiles(ctx context.Context, meta Meta, sha256 ...string) error {
	meta.Idem = nil // to keep twice is to keep
	for len(sha256) > 0 {
		docs, err := db.files.LoadEach(ctx, sha256)
		if err != nil {
			return err
		}
		again := false
		for i, doc := range docs {
			if doc == nil {
				return fault.New("store.KeepFiles", fault.NotFound, "文件已经清理，请重新上传")
			}
			if doc.State.Loose.IsZero() {
				continue
			}
			doc.State.Loose, doc.State.CopyOf = journal.Time{}, nil
			_, err := db.files.Commit(ctx, meta, sha256[i], doc.Seq, doc.State)
			if err != nil && !fault.Is(err, fault.Conflict) {
				return err
			}
			again = again || err != nil
		}
		if !again {
			break
		}
	}
	return nil
}

// SweepLoose removes the loose files that were last taken in before a moment, except those that spared names, and returns how many. A copy stays with its original, and is kept for good with it.
func (db *DB) SweepLoose(ctx context.Context, meta Meta, before time.Time, spared func(sha256 string) bool) (int, error) {
	removed := 0
	err := db.eachLoose(ctx, before, spared, func(d Doc[fileState], fate copyFate) error {
		switch fate {
		case waits:
			return nil
		case keeps:
			return db.KeepFiles(ctx, meta, d.ID)
		}
		_, err := db.files.Delete(ctx, meta, d.ID, d.Seq)
		if fault.Is(err, fault.Conflict) {
			return nil // kept or taken in again meanwhile
		}
		if err != nil {
			return err
		}
		removed++
		return db.engine.RemoveBlob(ctx, d.State.Blob)
	})
	return removed, err
}

// LooseFiles tells how many loose files were last taken in before a moment, except those that spared names, and how many bytes they have.
func (db *DB) LooseFiles(ctx context.Context, before time.Time, spared func(sha256 string) bool) (count int, bytes int64, err error) {
	err = db.eachLoose(ctx, before, spared, func(d Doc[fileState], fate copyFate) error {
		if fate != waits {
			count++
			bytes += d.State.Size
		}
		return nil
	})
	return count, bytes, err
}

// copyFate is what becomes of a loose file that was left alone.
type copyFate int

const (
	// goes is for what nobody wants, waits for the copy of an original that is loose and not left alone, keeps for that of one that is kept for good.
	goes copyFate = iota
	waits
	keeps
)

// fateOf looks at the originals of a loose file.
func (db *DB) fateOf(ctx context.Context, f fileState, before time.Time, spared func(sha256 string) bool) (copyFate, error) {
	fate := goes
	for list := range slices.Chunk(f.CopyOf, MaxLimit) {
		originals, err := db.files.LoadEach(ctx, list)
		if err != nil {
			return 0, err
		}
		for i, o := range originals {
			switch {
			case o == nil:
			case o.State.Loose.IsZero():
				return keeps, nil
			case spared(list[i]) || !o.State.Loose.Before(before):
				fate = waits
			}
		}
	}
	return fate, nil
}

func (db *DB) eachLoose(ctx context.Context, before time.Time, spared func(sha256 string) bool, do func(Doc[fileState], copyFate) error) error {
	for q := (Query{Index: looseFiles, Limit: MaxLimit}); ; {
		page, err := db.files.List(ctx, q)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if !d.State.Loose.Before(before) {
				return nil
			}
			if spared(d.ID) {
				continue
			}
			fate, err := db.fateOf(ctx, d.State, before, spared)
			if err == nil {
				err = do(d, fate)
			}
			if err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// FilesFound is what AuditFiles saw.
type FilesFound struct {
	// Claimed is how many files there are by the journal; Missing are the hashes of those whose bytes are gone or of another length, sorted.
	Claimed int
	Missing []string
	// Unclaimed is how many kept uploads no file names, with their bytes: what was cut off between the two leaves such.
	Unclaimed      int
	UnclaimedBytes int64
}

// AuditFiles holds what the journal says of files against the bytes that are kept, by their length: backups and restores read them whole. An upload that came after the moment may still be claimed. An engine that cannot tell its bytes misses none.
func (db *DB) AuditFiles(ctx context.Context, after time.Time) (FilesFound, error) {
	var found FilesFound
	type claim struct {
		hash string
		size int64
	}
	claims := map[string]claim{}
	for d, err := range db.files.Each(ctx) {
		if err != nil {
			return found, err
		}
		found.Claimed++
		claims[d.State.Blob] = claim{d.ID, d.State.Size}
	}
	shelf, ok := db.engine.(Shelved)
	if !ok {
		return found, nil
	}
	if err := shelf.EachBlob(ctx, func(id string, size int64, at time.Time) error {
		if c, named := claims[id]; named && c.size == size {
			delete(claims, id)
		} else if !named && at.Before(after) {
			found.Unclaimed++
			found.UnclaimedBytes += size
		}
		return nil
	}); err != nil {
		return found, err
	}
	for blob, c := range claims {
		now, err := db.files.Load(ctx, c.hash)
		if fault.Is(err, fault.NotFound) || err == nil && now.State.Blob != blob {
			continue // removed meanwhile
		}
		if err != nil {
			return found, err
		}
		found.Missing = append(found.Missing, c.hash)
	}
	slices.Sort(found.Missing)
	return found, nil
}

// OpenFile opens a stored file. Returns NotFound if it was never claimed or was removed.
func (db *DB) OpenFile(ctx context.Context, sha256 string) (io.ReadSeekCloser, File, error) {
	doc, err := db.files.Load(ctx, sha256)
	if err != nil {
		return nil, File{}, err
	}
	r, err := db.engine.OpenBlob(ctx, doc.State.Blob)
	return r, File{SHA256: sha256, Size: doc.State.Size}, err
}
