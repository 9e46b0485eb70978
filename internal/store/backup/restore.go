package backup

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

const (
	// maxField bounds a field of a segment or of the values, in bytes: a record is at most 64 KiB.
	maxField = 1 << 20
	// restoredAtOnce is how many records are put into the engine together.
	restoredAtOnce = 500
)

// Find gives the backup of a folder that ends with a record; 0 is the newest. Returns NotFound, naming those that there are, if there is none.
func Find(dir string, record int64) (Manifest, error) {
	all, err := List(dir)
	if err != nil {
		return Manifest{}, err
	}
	if len(all) == 0 {
		return Manifest{}, fault.New("backup.Find", fault.NotFound, "这个文件夹里没有备份")
	}
	if record == 0 {
		return all[len(all)-1], nil
	}
	for _, m := range all {
		if m.Record == record {
			return m, nil
		}
	}
	return Manifest{}, fault.New("backup.Find", fault.NotFound, fmt.Sprintf("没有到第 %d 条的备份；有的是：%s", record, records(all)))
}

func records(all []Manifest) string {
	text := ""
	for i, m := range all {
		if i > 0 {
			text += "、"
		}
		text += fmt.Sprint(m.Record)
	}
	return text
}

// Restore puts a backup into empty data. Every part is compared with the signed manifest, every record with its hash and its predecessor, the whole log with its root, every file with
// its name. The state documents are still to be made: the data stays marked (store.BeginRestore) until the caller has done so and calls store.EndRestore. told, if not nil, is told how many records are in.
// Returns Conflict if the data is not empty, Invalid if the backup is damaged: then the data must be thrown away.
func Restore(ctx context.Context, dir string, m Manifest, engine store.Restorer, told func(records int64)) error {
	if err := store.BeginRestore(ctx, engine); err != nil {
		return err
	}
	r := &restoring{engine: engine, heads: map[string]journal.Hash{}, files: map[string]store.NamedFile{}}
	for _, s := range m.Segments {
		if err := r.segment(ctx, dir, s); err != nil {
			return err
		}
		if told != nil {
			told(r.tree.Size())
		}
	}
	if r.tree.Size() != m.Record || !m.sameRoot(r.tree.Root()) {
		return damaged(fmt.Sprintf("日志应有 %d 条，得到 %d 条，或者根值不符", m.Record, r.tree.Size()), nil)
	}
	if err := r.restoreFiles(ctx, dir, m); err != nil {
		return err
	}
	return restoreValues(ctx, dir, m, engine)
}

func damaged(what string, err error) error {
	return fault.Wrap("backup.Restore", fault.Invalid, "备份已损坏："+what, err)
}

// restoring is a backup that is being put back.
type restoring struct {
	engine store.Restorer
	tree   journal.Tree
	heads  map[string]journal.Hash
	files  map[string]store.NamedFile
}

// segment puts one segment of the log into the engine.
func (r *restoring) segment(ctx context.Context, dir string, p Part) error {
	in, finish, err := p.open(dir)
	if err != nil {
		return err
	}
	batch := make([]journal.Record, 0, restoredAtOnce)
	flush := func() error {
		err := r.engine.Restore(ctx, batch)
		batch = batch[:0]
		return err
	}
	err = fields(in, 3, func(f [][]byte) error {
		record, err := r.record(f)
		if err != nil {
			return err
		}
		if batch = append(batch, record); len(batch) == restoredAtOnce {
			return flush()
		}
		return nil
	})
	if err == nil && len(batch) > 0 {
		err = flush()
	}
	// A part that was changed says so before whatever its content led to.
	return errors.Join(finish(), err)
}

// record checks a record against its hash and its predecessor.
func (r *restoring) record(f [][]byte) (journal.Record, error) {
	n := r.tree.Size() + 1
	id := string(f[0])
	stream, seq, err := journal.ParseRecordID(id)
	if err != nil || len(f[1]) != 1+journal.HashSize || !journal.BelongsTo(f[2], id) {
		return journal.Record{}, damaged(fmt.Sprintf("第 %d 条不是一条变更记录", n), err)
	}
	prev, had := r.heads[stream]
	record := journal.Record{ID: id, N: n, Version: f[1][0], Hash: journal.Hash(f[1][1:]), Sealed: f[2]}
	if had != (seq > 1) || journal.Sum(record.Version, prev, record.Sealed) != record.Hash {
		return journal.Record{}, damaged(fmt.Sprintf("第 %d 条（%s）与校验值不符", n, id), nil)
	}
	r.heads[stream] = record.Hash
	r.tree.Append(record.Hash)
	file, ok, err := store.FileIn(record)
	if ok {
		if file.Removed {
			delete(r.files, file.SHA256)
		} else {
			r.files[file.SHA256] = file
		}
	}
	return record, err
}

// restoreFiles copies the files of the log.
func (r *restoring) restoreFiles(ctx context.Context, dir string, m Manifest) error {
	for _, hash := range slices.Sorted(maps.Keys(r.files)) {
		if slices.Contains(m.Gone, hash) {
			continue
		}
		f := r.files[hash]
		in, finish, err := Part{Path: filePath(hash), Bytes: f.Size, Hash: hash}.open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(r.engine.RestoreBlob(ctx, f.Blob, in), finish()); err != nil {
			return err
		}
	}
	return nil
}

// restoreValues sets the named values; the keys of those who were purged after the backup was made stay destroyed.
func restoreValues(ctx context.Context, dir string, m Manifest, engine store.Engine) error {
	all, err := List(dir)
	if err != nil {
		return err
	}
	purged := map[string]bool{}
	for _, later := range all {
		if later.Record <= m.Record {
			continue
		}
		if err := eachValue(dir, later.Values, func(name string, value []byte) error {
			if store.Destroyed(name, value) {
				purged[name] = true
				return engine.SetValue(ctx, name, value)
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return eachValue(dir, m.Values, func(name string, value []byte) error {
		if purged[name] {
			return nil
		}
		return engine.SetValue(ctx, name, value)
	})
}

func eachValue(dir string, p Part, do func(name string, value []byte) error) error {
	in, finish, err := p.open(dir)
	if err != nil {
		return err
	}
	err = fields(in, 2, func(f [][]byte) error { return do(string(f[0]), f[1]) })
	return errors.Join(finish(), err)
}

// fields reads groups of n fields, each with its own memory.
func fields(in io.Reader, n int, do func(group [][]byte) error) error {
	z, err := gzip.NewReader(in)
	if err != nil {
		return damaged("不是压缩文件", err)
	}
	b := bufio.NewReader(z)
	for {
		group := make([][]byte, n)
		for i := range group {
			size, err := binary.ReadUvarint(b)
			if errors.Is(err, io.EOF) && i == 0 {
				return nil
			}
			if err != nil || size > maxField {
				return damaged("没有写完", err)
			}
			group[i] = make([]byte, size)
			if _, err := io.ReadFull(b, group[i]); err != nil {
				return damaged("没有写完", err)
			}
		}
		if err := do(group); err != nil {
			return err
		}
	}
}
