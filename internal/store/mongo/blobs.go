package mongo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"regexp"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

const (
	// uploadLife is how long an upload may go without writing before the sweep takes it for dead and removes its bytes.
	uploadLife = time.Hour
	// uploadRenewal is how often a running upload renews its mark.
	uploadRenewal = 10 * time.Minute
)

// uploadMark is a running upload; what has a mark and no file is a leftover once the mark has expired.
type uploadMark struct {
	ID      string `bson:"_id"`
	Expires int64  `bson:"expires"`
}

// blobWriter is one upload.
type blobWriter struct {
	e      *Engine
	ctx    context.Context
	id     string
	stream *mongo.GridFSUploadStream
	marked time.Time
	done   bool
}

// CreateBlob implements store.Engine. The id is random, so two uploads of equal bytes never meet.
func (e *Engine) CreateBlob(ctx context.Context) (store.BlobWriter, error) {
	return e.createBlob(ctx, rand.Text())
}

// RestoreBlob implements store.Restorer. What stands under the id, whole or in parts, is removed first.
func (e *Engine) RestoreBlob(ctx context.Context, id string, r io.Reader) error {
	if !restoredID.MatchString(id) {
		return fault.New("mongo.RestoreBlob", fault.Invalid, "文件编号不合规则")
	}
	if err := e.RemoveBlob(ctx, id); err != nil {
		return err
	}
	w, err := e.createBlob(ctx, id)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, r); err != nil {
		return errors.Join(err, w.Abort())
	}
	_, err = w.Keep("")
	return err
}

// restoredID are the forms of a blob id: the random text of ours, or what a folder gives.
var restoredID = regexp.MustCompile(`^([A-Z2-7]{26}|[0-9a-f]{64}-[0-9]{1,20})$`)

func (e *Engine) createBlob(ctx context.Context, id string) (*blobWriter, error) {
	const op = "mongo.CreateBlob"
	err := e.writable(op)
	if err != nil {
		return nil, err
	}
	w := &blobWriter{e: e, ctx: ctx, id: id}
	// The mark comes first: bytes without a mark would never be found again.
	err = w.mark()
	if err != nil {
		return nil, err
	}
	w.stream, err = e.files.OpenUploadStreamWithID(ctx, w.id, w.id)
	if err != nil {
		return nil, broken(op, err)
	}
	return w, nil
}

// mark says that the upload is alive.
func (w *blobWriter) mark() error {
	now := w.e.opt.Now()
	err := w.e.replace(w.ctx, "mongo.CreateBlob", w.e.uploads, w.id, uploadMark{ID: w.id, Expires: now.Add(uploadLife).UnixMilli()})
	if err == nil {
		w.marked = now
	}
	return err
}

// Write implements io.Writer.
func (w *blobWriter) Write(b []byte) (int, error) {
	if w.e.opt.Now().Sub(w.marked) > uploadRenewal {
		err := w.mark()
		if err != nil {
			return 0, err
		}
	}
	n, err := w.stream.Write(b)
	return n, broken("mongo.BlobWriter", err)
}

// Keep implements store.BlobWriter.
func (w *blobWriter) Keep(string) (string, error) {
	const op = "mongo.BlobWriter"
	err := w.stream.Close()
	if err != nil {
		return "", broken(op, err)
	}
	w.done = true
	return w.id, w.unmark()
}

// Abort implements store.BlobWriter.
func (w *blobWriter) Abort() error {
	if w.done {
		return nil
	}
	w.done = true
	_ = w.stream.Abort() // It may have written nothing yet, or ended with its context; what counts is the next line.
	err := w.e.removeUpload(context.WithoutCancel(w.ctx), w.id)
	if err != nil {
		return err
	}
	return w.unmark()
}

// unmark removes the mark of a finished upload.
func (w *blobWriter) unmark() error {
	ctx, cancel := bounded(context.WithoutCancel(w.ctx))
	defer cancel()
	_, err := w.e.uploads.DeleteOne(ctx, byID(w.id))
	return broken("mongo.BlobWriter", err)
}

// removeUpload deletes a file if it was finished, and every chunk of its id.
func (e *Engine) removeUpload(ctx context.Context, id string) error {
	ctx, cancel := bounded(ctx)
	defer cancel()
	err := e.files.Delete(ctx, id)
	if err != nil && !errors.Is(err, mongo.ErrFileNotFound) {
		return broken("mongo.RemoveBlob", err)
	}
	// The driver deletes the chunks of a file that it does not find too, but hides it when that fails.
	_, err = e.chunks.DeleteMany(ctx, bson.D{{Key: "files_id", Value: id}})
	return broken("mongo.RemoveBlob", err)
}

// RemoveBlob implements store.Engine.
func (e *Engine) RemoveBlob(ctx context.Context, id string) error {
	err := e.writable("mongo.RemoveBlob")
	if err != nil {
		return err
	}
	return e.removeUpload(ctx, id)
}

// EachBlob implements store.Shelved.
func (e *Engine) EachBlob(ctx context.Context, f func(id string, size int64, at time.Time) error) error {
	const op = "mongo.EachBlob"
	cursor, err := e.files.GetFilesCollection().Find(ctx, bson.D{}, options.Find().SetProjection(bson.D{{Key: "length", Value: 1}, {Key: "uploadDate", Value: 1}}))
	if err != nil {
		return broken(op, err)
	}
	defer func() { _ = cursor.Close(context.WithoutCancel(ctx)) }()
	for cursor.Next(ctx) {
		var file struct {
			ID     string    `bson:"_id"`
			Length int64     `bson:"length"`
			At     time.Time `bson:"uploadDate"`
		}
		if err := cursor.Decode(&file); err != nil {
			return fault.Wrap(op, fault.Internal, "文件已损坏", err)
		}
		if err := f(file.ID, file.Length, file.At); err != nil {
			return err
		}
	}
	return broken(op, cursor.Err())
}

// sweepUploads removes the bytes of uploads whose mark has expired: the process that wrote them is gone.
func (e *Engine) sweepUploads(ctx context.Context) error {
	const op = "mongo.sweepUploads"
	cursor, err := e.uploads.Find(ctx, bson.D{{Key: "expires", Value: bson.D{{Key: "$lte", Value: e.nowMilli()}}}})
	if err != nil {
		return broken(op, err)
	}
	var dead []uploadMark
	err = cursor.All(ctx, &dead)
	if err != nil {
		return broken(op, err)
	}
	for _, m := range dead {
		// A finished upload whose mark stayed behind is a file like any other; only the chunks of an unfinished one go.
		n, err := e.files.GetFilesCollection().CountDocuments(ctx, byID(m.ID))
		if err != nil {
			return broken(op, err)
		}
		if n == 0 {
			err = e.removeUpload(ctx, m.ID)
			if err != nil {
				return err
			}
		}
		_, err = e.uploads.DeleteOne(ctx, byID(m.ID))
		if err != nil {
			return broken(op, err)
		}
	}
	return nil
}

// blobReader reads a stored file chunk by chunk and can begin anywhere, which the driver's own stream cannot.
type blobReader struct {
	e         *Engine
	ctx       context.Context
	id        string
	size      int64
	chunkSize int64
	at        int64
	// chunk is the one chunk in memory, number its place in the file; -1 before the first.
	chunk  []byte
	number int64
}

// OpenBlob implements store.Engine.
func (e *Engine) OpenBlob(ctx context.Context, id string) (io.ReadSeekCloser, error) {
	const op = "mongo.OpenBlob"
	inner, cancel := bounded(ctx)
	defer cancel()
	var file struct {
		Length    int64 `bson:"length"`
		ChunkSize int64 `bson:"chunkSize"`
	}
	err := e.files.GetFilesCollection().FindOne(inner, byID(id)).Decode(&file)
	if missing(err) {
		return nil, fault.New(op, fault.NotFound, "没有这个文件")
	}
	if err != nil {
		return nil, broken(op, err)
	}
	if file.ChunkSize < 1 || file.Length < 0 {
		return nil, fault.Wrap(op, fault.Internal, "文件已损坏", fmt.Errorf("%s: length %d in chunks of %d", id, file.Length, file.ChunkSize))
	}
	return &blobReader{e: e, ctx: ctx, id: id, size: file.Length, chunkSize: file.ChunkSize, number: -1}, nil
}

// Read implements io.Reader.
func (r *blobReader) Read(b []byte) (int, error) {
	if r.at >= r.size {
		return 0, io.EOF
	}
	err := r.load(r.at / r.chunkSize)
	if err != nil {
		return 0, err
	}
	n := copy(b, r.chunk[r.at%r.chunkSize:])
	r.at += int64(n)
	return n, nil
}

// load brings a chunk into memory.
func (r *blobReader) load(number int64) error {
	const op = "mongo.OpenBlob"
	if r.number == number {
		return nil
	}
	ctx, cancel := bounded(r.ctx)
	defer cancel()
	var chunk struct {
		Data []byte `bson:"data"`
	}
	filter := bson.D{{Key: "files_id", Value: r.id}, {Key: "n", Value: number}}
	err := r.e.chunks.FindOne(ctx, filter, options.FindOne().SetProjection(bson.D{{Key: "data", Value: 1}})).Decode(&chunk)
	if err != nil && !missing(err) {
		return broken(op, err)
	}
	if want := min(r.chunkSize, r.size-number*r.chunkSize); int64(len(chunk.Data)) != want {
		return fault.Wrap(op, fault.Internal, "文件已损坏", fmt.Errorf("%s: chunk %d has %d bytes, not %d", r.id, number, len(chunk.Data), want))
	}
	r.chunk, r.number = chunk.Data, number
	return nil
}

// Seek implements io.Seeker.
func (r *blobReader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.at
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, errors.New("mongo: seek before the start of a file")
	}
	r.at = offset
	return offset, nil
}

// Close implements io.Closer.
func (r *blobReader) Close() error { return nil }
