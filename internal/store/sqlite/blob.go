package sqlite

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// filesName is the folder beside the database that holds uploaded bytes; what lies in its tmp folder is unfinished.
const filesName = "files"

// uploadPrefix begins the names of unfinished uploads; a random number follows.
const uploadPrefix = "upload-"

// blobID are the forms of a blob id: the SHA-256 of the bytes and a number that tells uploads of equal bytes apart, so that removing
// one never takes away another that is being claimed; or, of what came from a MongoDB, its random text. The forms keep ids from naming a path.
var blobID = regexp.MustCompile(`^([0-9a-f]{64}-[0-9]{1,20}|[A-Z2-7]{26})$`)

func (e *Engine) tmpDir() string { return filepath.Join(e.dir, filesName, "tmp") }

func (e *Engine) blobPath(id string) string { return filepath.Join(e.dir, filesName, id[:2], id) }

// cleanUploads removes what a crash left of unfinished uploads.
func (e *Engine) cleanUploads() error {
	if err := os.RemoveAll(e.tmpDir()); err != nil {
		return err
	}
	return os.MkdirAll(e.tmpDir(), 0o700)
}

// CreateBlob implements store.Engine.
func (e *Engine) CreateBlob(ctx context.Context) (store.BlobWriter, error) {
	if err := e.writable("sqlite.CreateBlob"); err != nil {
		return nil, err
	}
	f, err := os.CreateTemp(e.tmpDir(), uploadPrefix)
	if err != nil {
		return nil, translate("sqlite.CreateBlob", err)
	}
	return &blobWriter{engine: e, file: f}, nil
}

// OpenBlob implements store.Engine.
func (e *Engine) OpenBlob(ctx context.Context, id string) (io.ReadSeekCloser, error) {
	const op = "sqlite.OpenBlob"
	if !blobID.MatchString(id) {
		return nil, fault.New(op, fault.NotFound, "文件不存在")
	}
	f, err := os.Open(e.blobPath(id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(op, fault.NotFound, "文件不存在")
	}
	if err != nil {
		return nil, translate(op, err)
	}
	return f, nil
}

// RemoveBlob implements store.Engine.
func (e *Engine) RemoveBlob(ctx context.Context, id string) error {
	if err := e.writable("sqlite.RemoveBlob"); err != nil {
		return err
	}
	if !blobID.MatchString(id) {
		return nil
	}
	if err := os.Remove(e.blobPath(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return translate("sqlite.RemoveBlob", err)
	}
	return nil
}

// EachBlob implements store.Shelved.
func (e *Engine) EachBlob(ctx context.Context, f func(id string, size int64, at time.Time) error) error {
	return filepath.WalkDir(filepath.Join(e.dir, filesName), func(_ string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		var info fs.FileInfo
		if err == nil && blobID.MatchString(entry.Name()) {
			info, err = entry.Info()
		}
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // removed meanwhile
		case err != nil:
			return translate("sqlite.EachBlob", err)
		case info == nil:
			return nil // a folder, or what is unfinished
		}
		return f(entry.Name(), info.Size(), info.ModTime())
	})
}

// RestoreBlob implements store.Restorer.
func (e *Engine) RestoreBlob(ctx context.Context, id string, r io.Reader) error {
	const op = "sqlite.RestoreBlob"
	if !blobID.MatchString(id) {
		return fault.New(op, fault.Invalid, "文件编号不合规则")
	}
	out, err := e.CreateBlob(ctx)
	if err != nil {
		return err
	}
	w := out.(*blobWriter)
	if _, err := io.Copy(w, r); err != nil {
		return errors.Join(translate(op, err), w.Abort())
	}
	w.done = true
	return w.keepAs(id)
}

type blobWriter struct {
	engine *Engine
	file   *os.File
	done   bool
}

// Write implements store.BlobWriter.
func (w *blobWriter) Write(p []byte) (int, error) {
	n, err := w.file.Write(p)
	return n, translate("sqlite.blobWriter.Write", err)
}

// syncsAtOnce is how many files are brought to the disk side by side, which lets the disk do several with one flush.
const syncsAtOnce = 16

// syncFiles brings all kept files and their names to the disk.
func (e *Engine) syncFiles() error {
	var all errgroup.Group
	all.SetLimit(syncsAtOnce)
	err := filepath.WalkDir(filepath.Join(e.dir, filesName), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		all.Go(func() error {
			err := syncPath(path)
			if errors.Is(err, fs.ErrNotExist) && !entry.IsDir() {
				return nil // an upload that ended meanwhile
			}
			return err
		})
		return nil
	})
	return errors.Join(err, all.Wait())
}

// Size implements store.Sized: what lies in the folder, without the locks and secrets, which are nothing beside it.
func (e *Engine) Size(ctx context.Context) (store.Bytes, error) {
	var size store.Bytes
	for _, ending := range []string{"", "-wal"} {
		info, err := os.Stat(filepath.Join(e.dir, FileName+ending))
		if err == nil {
			size.Database += info.Size()
		} else if !errors.Is(err, fs.ErrNotExist) {
			return store.Bytes{}, translate("sqlite.Size", err)
		}
	}
	err := filepath.WalkDir(filepath.Join(e.dir, filesName), func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil {
				size.Files += info.Size()
			}
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil // removed meanwhile
		}
		return errors.Join(err, ctx.Err())
	})
	return size, translate("sqlite.Size", err)
}

// Keep implements store.BlobWriter: bytes and the name of the file are on disk when it returns, unless the engine is relaxed.
func (w *blobWriter) Keep(sha256 string) (string, error) {
	const op = "sqlite.blobWriter.Keep"
	w.done = true
	id := sha256 + "-" + strings.TrimPrefix(filepath.Base(w.file.Name()), uploadPrefix)
	if !blobID.MatchString(id) {
		return "", errors.Join(fault.New(op, fault.Internal, "文件校验值不合规则"), w.discard())
	}
	return id, w.keepAs(id)
}

// keepAs gives the written bytes their name.
func (w *blobWriter) keepAs(id string) error {
	const op = "sqlite.blobWriter.Keep"
	waits := !w.engine.relaxed.Load()
	if waits {
		if err := w.file.Sync(); err != nil {
			return errors.Join(translate(op, err), w.discard())
		}
	}
	path := w.engine.blobPath(id)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return errors.Join(translate(op, err), w.discard())
	}
	if err := os.Rename(w.file.Name(), path); err != nil {
		return errors.Join(translate(op, err), w.discard())
	}
	err := w.file.Close()
	if waits {
		err = errors.Join(err, syncPath(filepath.Dir(path)), syncPath(filepath.Dir(filepath.Dir(path))))
	}
	return translate(op, err)
}

// Abort implements store.BlobWriter.
func (w *blobWriter) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	return w.discard()
}

func (w *blobWriter) discard() error {
	return translate("sqlite.blobWriter", errors.Join(w.file.Close(), os.Remove(w.file.Name())))
}

// syncPath makes the bytes of a file, or the names in a folder, durable.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
