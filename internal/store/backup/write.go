package backup

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// segmentSize is how many records one segment of the log holds; the last one of a backup may hold fewer.
const segmentSize = 20_000

// Options say how a backup is made.
type Options struct {
	// Now is when it is made.
	Now time.Time
	// Sign signs a text with the key of the log (store.DB.SignText), Key is the public one.
	Sign func(text string) (string, error)
	Key  string
	// Keep is how many backups the folder keeps, the newest ones; 0 keeps all.
	Keep int
}

// Write backs up an engine into a folder, beside whoever works on it: the log up to its present end, and what that names. It returns what it made; if the log has not grown since
// the last backup, that one, and false. Returns Conflict if the folder holds another bureau's backups, or if what was backed up before is no longer in the log as it was;
// Invalid for an empty log or a damaged manifest; NotFound if bytes of a file are missing. A backup that failed leaves those before as they were.
func Write(ctx context.Context, engine store.Engine, dir string, o Options) (m Manifest, fresh bool, err error) {
	const op = "backup.Write"
	before, err := List(dir)
	if err != nil {
		return m, false, err
	}
	last, err := engine.LastN(ctx)
	if err != nil {
		return m, false, err
	}
	if last == 0 {
		return m, false, fault.New(op, fault.Invalid, "还没有任何变更记录，没有什么可备份")
	}
	for _, old := range before {
		if old.Key != o.Key {
			return m, false, fault.New(op, fault.Conflict, "这个文件夹里是另一套系统的备份，请换一个文件夹")
		}
		if old.Record > last {
			return m, false, fault.New(op, fault.Conflict, fmt.Sprintf("以前备份到第 %d 条，现在日志只有 %d 条：日志的末尾不见了，请用 verify 查看，不要再备份到这里", old.Record, last))
		}
	}
	w := &writing{dir: dir, before: before, segments: map[string]Part{}, files: map[string]store.NamedFile{}}
	for _, old := range before {
		for _, s := range old.Segments {
			w.segments[s.Path] = s
		}
	}
	if err := w.log(ctx, engine, last); err != nil {
		return m, false, err
	}
	if n := len(before); n > 0 && before[n-1].Record == last {
		return before[n-1], false, nil
	}
	root := w.tree.Root()
	m = Manifest{Made: o.Now.UTC(), Record: last, Root: hex.EncodeToString(root[:]), Key: o.Key, Segments: w.made}
	if err := w.copyFiles(ctx, engine, &m); err != nil {
		return m, false, err
	}
	// The values come after the log, so that no key is missing that a record needs; what is newer than the log is taken back.
	m.Values, err = put(dir, fmt.Sprintf("values-%010d.gz", last), func(to io.Writer) error { return writeValues(ctx, engine, last, to) })
	if err != nil {
		return m, false, err
	}
	if err := m.write(dir, o.Sign); err != nil {
		return m, false, err
	}
	return m, true, prune(dir, append(before, m), o.Keep)
}

// writing is a backup that is being made.
type writing struct {
	dir      string
	before   []Manifest
	segments map[string]Part // that earlier backups wrote
	tree     journal.Tree
	made     []Part
	files    map[string]store.NamedFile
}

// log writes the segments that are not there yet, and compares the log with what was backed up before.
func (w *writing) log(ctx context.Context, engine store.Engine, last int64) error {
	for from := int64(1); from <= last; from += segmentSize {
		to := min(from+segmentSize-1, last)
		path := segmentPath(from, to)
		if old, there := w.segments[path]; there {
			if err := engine.Log(ctx, from-1, to, w.take); err != nil {
				return err
			}
			w.made = append(w.made, old)
		} else {
			part, err := put(w.dir, path, func(out io.Writer) error {
				z := gzip.NewWriter(out)
				b := bufio.NewWriter(z)
				if err := engine.Log(ctx, from-1, to, func(r journal.Record) error {
					if err := w.take(r); err != nil {
						return err
					}
					return writeRecord(b, r)
				}); err != nil {
					return err
				}
				return errors.Join(b.Flush(), z.Close())
			})
			if err != nil {
				return err
			}
			w.made = append(w.made, part)
		}
		if w.tree.Size() != to {
			return missing(w.tree.Size() + 1)
		}
	}
	return nil
}

func missing(n int64) error {
	return fault.New("backup.Write", fault.Internal, fmt.Sprintf("日志缺少第 %d 条，请用 verify 查看", n))
}

// take reads one record of the log.
func (w *writing) take(r journal.Record) error {
	if r.N != w.tree.Size()+1 {
		return missing(w.tree.Size() + 1)
	}
	w.tree.Append(r.Hash)
	for i := range w.before {
		if old := &w.before[i]; old.Record == r.N && !old.sameRoot(w.tree.Root()) {
			return fault.New("backup.Write", fault.Conflict, fmt.Sprintf("日志前 %d 条与 %s 的备份不一致：有记录在那以后被改过。请用 verify 查看，并保留这份备份", r.N, old.Made.Format(time.DateOnly)))
		}
	}
	file, ok, err := store.FileIn(r)
	if ok {
		if file.Removed {
			delete(w.files, file.SHA256)
		} else {
			w.files[file.SHA256] = file
		}
	}
	return err
}

// copyFiles copies the files that the folder does not have yet.
func (w *writing) copyFiles(ctx context.Context, engine store.Engine, m *Manifest) error {
	for _, hash := range slices.Sorted(maps.Keys(w.files)) {
		f := w.files[hash]
		if info, err := os.Stat(filepath.Join(w.dir, filepath.FromSlash(filePath(hash)))); err != nil || info.Size() != f.Size {
			gone, err := w.copyFile(ctx, engine, f)
			if err != nil {
				return err
			}
			if gone {
				m.Gone = append(m.Gone, hash)
				continue
			}
		}
		m.Files++
		m.Bytes += f.Size
	}
	return nil
}

// copyFile copies one file; it tells if the file was removed after the log that is backed up.
func (w *writing) copyFile(ctx context.Context, engine store.Engine, f store.NamedFile) (gone bool, err error) {
	const op = "backup.Write"
	in, err := engine.OpenBlob(ctx, f.Blob)
	if fault.Is(err, fault.NotFound) {
		return w.removedSince(ctx, engine, f)
	}
	if err != nil {
		return false, err
	}
	part, err := put(w.dir, filePath(f.SHA256), func(out io.Writer) error { _, err := io.Copy(out, in); return err })
	if err = errors.Join(err, in.Close()); err == nil && part.Hash != f.SHA256 {
		err = errors.Join(fault.New(op, fault.Internal, "文件 "+f.SHA256+" 的内容与校验值不符，已损坏；没有备份"), os.Remove(filepath.Join(w.dir, filepath.FromSlash(part.Path))))
	}
	return false, err
}

// removedSince reports whether a later record says that a file without bytes is no longer kept.
func (w *writing) removedSince(ctx context.Context, engine store.Engine, f store.NamedFile) (bool, error) {
	const op = "backup.Write"
	head, err := engine.Head(ctx, f.Stream)
	if err != nil {
		return false, err
	}
	now, _, err := store.FileIn(head)
	if err != nil || now.Removed {
		return now.Removed, err
	}
	return false, fault.New(op, fault.NotFound, "文件 "+f.SHA256+" 的内容不见了；没有备份。请用 doctor 查看")
}

// The form of segments and values: each field as its length (uvarint) and its bytes; of a record id, version with hash, and the sealed bytes.

func writeField(w *bufio.Writer, field []byte) error {
	var n [binary.MaxVarintLen64]byte
	_, err := w.Write(n[:binary.PutUvarint(n[:], uint64(len(field)))])
	if err == nil {
		_, err = w.Write(field)
	}
	return err
}

func writeRecord(w *bufio.Writer, r journal.Record) error {
	for _, field := range [][]byte{[]byte(r.ID), append([]byte{r.Version}, r.Hash[:]...), r.Sealed} {
		if err := writeField(w, field); err != nil {
			return err
		}
	}
	return nil
}

// valuesAtOnce is how many values are read at once.
const valuesAtOnce = 500

func writeValues(ctx context.Context, engine store.Engine, last int64, out io.Writer) error {
	z := gzip.NewWriter(out)
	b := bufio.NewWriter(z)
	for after := ""; ; {
		found, err := engine.ValuesAfter(ctx, "", after, valuesAtOnce)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return errors.Join(b.Flush(), z.Close())
		}
		for _, v := range found {
			after = v.Name
			value, ok := store.Carried(v.Name, v.Value, last)
			if !ok {
				continue
			}
			if err := errors.Join(writeField(b, []byte(v.Name)), writeField(b, value)); err != nil {
				return err
			}
		}
	}
}

// prune removes all but the newest backups with what only they need: their values, which hold keys of persons who may have been purged since, and the ends of their logs.
// Files stay: a later backup may name them.
func prune(dir string, all []Manifest, keep int) error {
	if keep < 1 || len(all) <= keep {
		return nil
	}
	needed := map[string]bool{}
	for _, m := range all[len(all)-keep:] {
		for _, s := range append(slices.Clone(m.Segments), m.Values) {
			needed[s.Path] = true
		}
	}
	for _, m := range all[:len(all)-keep] {
		// The manifest goes first: without it nothing is a backup.
		paths := []string{m.name()}
		for _, s := range append(slices.Clone(m.Segments), m.Values) {
			if !needed[s.Path] {
				paths = append(paths, s.Path)
			}
		}
		for _, path := range paths {
			if err := os.Remove(filepath.Join(dir, filepath.FromSlash(path))); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return unwritable("backup.prune", err)
			}
		}
	}
	return nil
}
