package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
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

// PutFile streams r into the store, refuses more than limit bytes (Invalid), claims `file/<sha256>` last and keeps it for good. Equal bytes are stored once.
func (db *DB) PutFile(ctx context.Context, meta Meta, r io.Reader, limit int64) (File, error) {
	return db.putFile(ctx, meta, r, limit, journal.Time{})
}

// PutLoose is PutFile for a file that nobody may want in the end: SweepLoose removes it unless KeepFiles came first. A file that is kept for good stays so.
func (db *DB) PutLoose(ctx context.Context, meta Meta, r io.Reader, limit int64) (File, error) {
	return db.putFile(ctx, meta, r, limit, journal.At(db.Now()))
}

// Why a file that is kept is never removed, whoever acts at the same moment: a file's stream says when it was taken in on trial (Loose) or that it is kept. To take in
// equal bytes again, to keep and to remove are each one record of this one stream, and of two with the same predecessor one wins. Who takes in again or keeps has therefore
// come before the removal, which then fails; or after it, and sees the tombstone: then the bytes that he brought are claimed anew, or he is told that there are none. A file
// that is kept has no further record. Nothing that the journal names may be loose: who writes a record that names files keeps them first.

func (db *DB) putFile(ctx context.Context, meta Meta, r io.Reader, limit int64, loose journal.Time) (File, error) {
	const op = "store.PutFile"
	if err := tried(ctx, op); err != nil {
		return File{}, err
	}
	w, err := db.engine.CreateBlob(ctx)
	if err != nil {
		return File{}, err
	}
	h := sha256.New()
	size, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(r, limit+1))
	if err == nil && size > limit {
		err = fault.New(op, fault.Invalid, fmt.Sprintf("文件太大：最多 %d 字节", limit))
	}
	if err != nil {
		if fault.KindOf(err) == fault.Internal {
			err = fault.Wrap(op, fault.Unavailable, "文件没有传完，请重新上传", err)
		}
		return File{}, errors.Join(err, w.Abort())
	}
	file := File{SHA256: hex.EncodeToString(h.Sum(nil)), Size: size}
	blob, err := w.Keep(file.SHA256)
	if err != nil {
		return File{}, err
	}
	meta.Idem = nil // the hash itself makes a retry safe
	for {
		head, err := db.files.Head(ctx, file.SHA256)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return File{}, err
		}
		next := fileState{Blob: blob, Size: size, Loose: loose}
		if there := err == nil && !head.Deleted; there {
			if head.State.Loose.IsZero() {
				return file, db.engine.RemoveBlob(ctx, blob) // kept for good already
			}
			next.Blob = head.State.Blob
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
		return file, err
	}
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
			doc.State.Loose = journal.Time{}
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

// SweepLoose removes the loose files that were last taken in before a moment, except those that spared names, and returns how many.
func (db *DB) SweepLoose(ctx context.Context, meta Meta, before time.Time, spared func(sha256 string) bool) (int, error) {
	removed := 0
	err := db.eachLoose(ctx, before, func(d Doc[fileState]) error {
		if spared(d.ID) {
			return nil
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
	err = db.eachLoose(ctx, before, func(d Doc[fileState]) error {
		if spared(d.ID) {
			return nil
		}
		count++
		bytes += d.State.Size
		return nil
	})
	return count, bytes, err
}

func (db *DB) eachLoose(ctx context.Context, before time.Time, do func(Doc[fileState]) error) error {
	for q := (Query{Index: looseFiles, Limit: MaxLimit}); ; {
		page, err := db.files.List(ctx, q)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if !d.State.Loose.Before(before) {
				return nil
			}
			if err := do(d); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
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
