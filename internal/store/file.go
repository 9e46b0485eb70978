package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"redsteward/internal/fault"
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
}

// PutFile streams r into the store, refuses more than limit bytes (Invalid) and claims `file/<sha256>` last. Equal bytes are stored once.
func (db *DB) PutFile(ctx context.Context, meta Meta, r io.Reader, limit int64) (File, error) {
	const op = "store.PutFile"
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
		if err == nil && !head.Deleted {
			if head.State.Blob != blob {
				return file, db.engine.RemoveBlob(ctx, blob)
			}
			return file, nil
		}
		_, err = db.files.Commit(ctx, meta, file.SHA256, head.Seq, fileState{Blob: blob, Size: size})
		if !fault.Is(err, fault.Conflict) {
			return file, err
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

// RemoveFile removes the bytes of a file and leaves a tombstone.
func (db *DB) RemoveFile(ctx context.Context, meta Meta, sha256 string) error {
	doc, err := db.files.Load(ctx, sha256)
	if err != nil {
		return err
	}
	meta.Idem = nil
	if _, err := db.files.Delete(ctx, meta, sha256, doc.Seq); err != nil {
		return err
	}
	return db.engine.RemoveBlob(ctx, doc.State.Blob)
}
