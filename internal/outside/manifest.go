package outside

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/fault"
)

// ManifestName is the file of a copy that lists all others.
const ManifestName = "manifest.txt"

const (
	manifestHead = "redsteward public 1"
	// maxManifest bounds what is read of a manifest, in bytes.
	maxManifest = 64 << 20
	// algorithms are those of the hashes and of the signature.
	algorithms = "sha256 ed25519"
)

// File is one file of a copy.
type File struct {
	// Path is relative, with slashes.
	Path string
	// Bytes is its size, Hash its SHA-256 in hex.
	Bytes int64
	Hash  string
}

// Manifest lists the files of a copy.
type Manifest struct {
	// Site is the name of the site, Made when the copy was made, Record the last record of the log that it shows.
	Site   string
	Made   time.Time
	Record int64
	// Key is the public key of the log whose signature stands under it.
	Key   string
	Files []File
}

// text is what is signed: six lines, then one for each file in the order of their paths.
func (m *Manifest) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s\n%s\n%s\n%d\n%s\n", manifestHead, algorithms, m.Site, m.Made.UTC().Format(time.RFC3339), m.Record, m.Key)
	for _, f := range m.Files {
		fmt.Fprintf(&b, "%s %d %s\n", f.Hash, f.Bytes, f.Path)
	}
	return b.String()
}

// parseManifest reads a manifest and the line of its signature. Returns Invalid, with the line, for what has another form.
func parseManifest(data []byte) (m *Manifest, signature string, err error) {
	const op = "outside.manifest"
	broken := func(line int) (*Manifest, string, error) {
		return nil, "", fault.New(op, fault.Invalid, fmt.Sprintf("清单第 %d 行不合格式", line))
	}
	text, signature, found := strings.Cut(string(data), "\n\n")
	lines := strings.Split(text, "\n")
	if !found || len(lines) < 6 || lines[0] != manifestHead || lines[1] != algorithms {
		return broken(1)
	}
	m = &Manifest{Site: lines[2], Key: lines[5]}
	if m.Made, err = time.Parse(time.RFC3339, lines[3]); err != nil {
		return broken(4)
	}
	if m.Record, err = strconv.ParseInt(lines[4], 10, 64); err != nil {
		return broken(5)
	}
	for i, line := range lines[6:] {
		f := File{}
		part := strings.SplitN(line, " ", 3)
		if len(part) != 3 {
			return broken(7 + i)
		}
		f.Hash, f.Path = part[0], part[2]
		if f.Bytes, err = strconv.ParseInt(part[1], 10, 64); err != nil || !fs.ValidPath(f.Path) {
			return broken(7 + i)
		}
		m.Files = append(m.Files, f)
	}
	return m, strings.TrimSuffix(signature, "\n"), nil
}

// Difference is where a copy is not what was signed.
type Difference struct {
	// Path is the file, "" for the manifest itself; What says in Chinese what is wrong with it.
	Path, What string
}

// Verification is what Verify found.
type Verification struct {
	Manifest *Manifest
	// OwnKey: the signature was checked with the key that the manifest names itself.
	OwnKey bool
	// Differences are in the order of the paths; none if the copy is what was signed.
	Differences []Difference
}

// Verify checks a copy: the signature by check, then every file, then whether there are others. key is the public key to check with; "" for the one that the manifest names.
// Returns Invalid if there is no manifest or it cannot be read.
func Verify(dir, key string, check func(key, text, signature string) error) (*Verification, error) {
	const op = "outside.Verify"
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "文件夹打不开", err)
	}
	defer root.Close()
	info, err := root.Stat(ManifestName)
	if err != nil || info.Size() > maxManifest {
		return nil, fault.Wrap(op, fault.Invalid, "文件夹里没有可用的 "+ManifestName, err)
	}
	data, err := root.ReadFile(ManifestName)
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, ManifestName+" 读不出来", err)
	}
	m, signature, err := parseManifest(data)
	if err != nil {
		return nil, err
	}
	v := &Verification{Manifest: m, OwnKey: key == ""}
	if v.OwnKey {
		key = m.Key
	}
	if err := check(key, m.text(), signature); err != nil {
		v.Differences = append(v.Differences, Difference{What: "清单的" + fault.MessageOf(err)})
	}
	listed := map[string]bool{ManifestName: true}
	for _, f := range m.Files {
		listed[f.Path] = true
		switch hash, size, err := hashOf(root, f.Path); {
		case errors.Is(err, fs.ErrNotExist):
			v.Differences = append(v.Differences, Difference{f.Path, "清单里有，文件夹里没有"})
		case err != nil:
			v.Differences = append(v.Differences, Difference{f.Path, "读不出来"})
		case size != f.Bytes || hash != f.Hash:
			v.Differences = append(v.Differences, Difference{f.Path, "内容与清单不符"})
		}
	}
	err = fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && !listed[path] {
			v.Differences = append(v.Differences, Difference{path, "不在清单里"})
		}
		return err
	})
	if err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "文件夹读不出来", err)
	}
	slices.SortStableFunc(v.Differences, func(a, b Difference) int { return strings.Compare(a.Path, b.Path) })
	return v, nil
}

// hashOf reads one file of a copy.
func hashOf(root *os.Root, path string) (hash string, size int64, err error) {
	f, err := root.Open(filepath.FromSlash(path))
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	h := sha256.New()
	if size, err = bufio.NewReader(f).WriteTo(h); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}
