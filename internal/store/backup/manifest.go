package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

const (
	manifestHead = "redsteward backup 1"
	// maxManifest bounds what is read of a manifest, in bytes.
	maxManifest = 16 << 20
	logFolder   = "log"
	filesFolder = "files"
)

// manifestName is how manifests are called: by the last number of the log.
var manifestName = regexp.MustCompile(`^backup-([0-9]{10})\.txt$`)

// Manifest says what one backup holds.
type Manifest struct {
	// Made is when it was made, UTC.
	Made time.Time `json:"made"`
	// Record is the last record of the log that it holds, Root the root of the log up to there.
	Record int64  `json:"record"`
	Root   string `json:"root"`
	// Key is the public key of the log.
	Key string `json:"key"`
	// Segments hold the log one after the other; Values the named values.
	Segments []Part `json:"segments"`
	Values   Part   `json:"values"`
	// Files is how many files the log names up to there, Bytes their size; each lies under its own hash.
	Files int64 `json:"files"`
	Bytes int64 `json:"bytes"`
	// Gone are files that the log names and nobody has kept; their removal was recorded while the backup was made.
	Gone []string `json:"gone,omitempty"`
}

// Part is one file of a backup.
type Part struct {
	// Path is relative to the folder, with slashes; Bytes its size, Hash its SHA-256 in hex.
	Path  string `json:"path"`
	Bytes int64  `json:"bytes"`
	Hash  string `json:"hash"`
}

// text is what is signed: a line that says what it is, then the content as one line of JSON.
func (m *Manifest) text() (string, error) {
	content, err := json.Marshal(m)
	if err != nil {
		return "", fault.Wrap("backup.manifest", fault.Internal, "", err)
	}
	return manifestHead + "\n" + string(content) + "\n", nil
}

func (m *Manifest) name() string { return fmt.Sprintf("backup-%010d.txt", m.Record) }

// List gives the backups of a folder, the oldest first. One whose manifest cannot be read or is not signed by its own key is an error: Invalid, with its name.
func List(dir string) ([]Manifest, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable("backup.List", err)
	}
	var all []Manifest
	for _, e := range entries {
		if !manifestName.MatchString(e.Name()) {
			continue
		}
		m, err := readManifest(dir, e.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b Manifest) int { return int(a.Record - b.Record) })
	return all, nil
}

func readManifest(dir, name string) (Manifest, error) {
	const op = "backup.manifest"
	broken := func(err error) (Manifest, error) {
		return Manifest{}, fault.Wrap(op, fault.Invalid, "备份清单 "+name+" 不可用：内容被改过，或者没有写完", err)
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return Manifest{}, unreadable(op, err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxManifest))
	if err = errors.Join(err, f.Close()); err != nil {
		return Manifest{}, unreadable(op, err)
	}
	head, rest, _ := strings.Cut(string(data), "\n")
	content, signature, ok := strings.Cut(rest, "\n\n")
	signature, ended := strings.CutSuffix(signature, "\n")
	if !ok || !ended || head != manifestHead {
		return broken(nil)
	}
	var m Manifest
	if err := journal.DecodeStrict([]byte(content), &m); err != nil {
		return broken(err)
	}
	if err := journal.CheckText(m.Key, head+"\n"+content+"\n", signature); err != nil {
		return broken(err)
	}
	if m.name() != name || m.Record < 1 {
		return broken(errors.New("the name does not fit"))
	}
	if err := m.within(); err != nil {
		return broken(err)
	}
	return m, nil
}

// within refuses a manifest that names a part outside of its folder, or a size that none has: whoever writes a manifest signs it with a key of his own.
func (m *Manifest) within() error {
	for _, p := range append(slices.Clone(m.Segments), m.Values) {
		if !fs.ValidPath(p.Path) || !filepath.IsLocal(filepath.FromSlash(p.Path)) || p.Bytes < 0 {
			return fmt.Errorf("the part %q", p.Path)
		}
	}
	if m.Files < 0 || m.Bytes < 0 {
		return errors.New("fewer than no files")
	}
	return nil
}

// write stores the manifest, signed. It is the last file of a backup.
func (m *Manifest) write(dir string, sign func(text string) (string, error)) error {
	text, err := m.text()
	if err != nil {
		return err
	}
	signature, err := sign(text)
	if err != nil {
		return err
	}
	_, err = put(dir, m.name(), func(w io.Writer) error {
		_, err := io.WriteString(w, text+"\n"+signature+"\n")
		return err
	})
	return err
}

// put writes a file so that it stands whole or not at all, on disk when put returns.
func put(dir, path string, write func(w io.Writer) error) (Part, error) {
	const op = "backup.put"
	target := filepath.Join(dir, filepath.FromSlash(path))
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return Part{}, unwritable(op, err)
	}
	f, err := os.CreateTemp(filepath.Dir(target), ".unfinished-")
	if err != nil {
		return Part{}, unwritable(op, err)
	}
	h := sha256.New()
	count := &counter{to: io.MultiWriter(f, h)}
	err = write(count)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), target)
	}
	if err != nil {
		return Part{}, errors.Join(unwritable(op, err), os.Remove(f.Name()))
	}
	return Part{Path: path, Bytes: count.n, Hash: hex.EncodeToString(h.Sum(nil))}, unwritable(op, syncFolder(filepath.Dir(target)))
}

type counter struct {
	to io.Writer
	n  int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.n += int64(n)
	return n, err
}

func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// open opens a part to read and compares its hash at the end: close reports Invalid, with the path, if it differs.
func (p Part) open(dir string) (io.Reader, func() error, error) {
	const op = "backup.open"
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(p.Path)))
	if err != nil {
		return nil, nil, fault.Wrap(op, fault.Invalid, "备份里缺少 "+p.Path, err)
	}
	h := sha256.New()
	tee := io.TeeReader(f, h)
	return tee, func() error {
		_, err := io.Copy(io.Discard, tee)
		if err = errors.Join(err, f.Close()); err != nil {
			return unreadable(op, err)
		}
		if hex.EncodeToString(h.Sum(nil)) != p.Hash {
			return fault.New(op, fault.Invalid, "备份里的 "+p.Path+" 与清单不符：内容变了")
		}
		return nil
	}, nil
}

// filePath is where a stored file lies in a backup.
func filePath(hash string) string { return filesFolder + "/" + hash[:2] + "/" + hash }

// segmentPath is where a segment of the log lies.
func segmentPath(from, to int64) string {
	return logFolder + "/" + strconv.FormatInt(from, 10) + "-" + strconv.FormatInt(to, 10) + ".gz"
}

func unreadable(op string, err error) error { return known(op, "备份文件夹不能读取", err) }
func unwritable(op string, err error) error {
	return known(op, "备份文件夹不能写入，请看磁盘空间和权限", err)
}

// known gives an error of the disk its kind; one that has a kind already passes through.
func known(op, message string, err error) error {
	if f := (*fault.Error)(nil); err == nil || errors.As(err, &f) {
		return err
	}
	return fault.Wrap(op, fault.Unavailable, message, err)
}

// sameRoot compares a root of the log with that of a manifest.
func (m *Manifest) sameRoot(root journal.Hash) bool {
	want, err := hex.DecodeString(m.Root)
	return err == nil && bytes.Equal(want, root[:])
}
