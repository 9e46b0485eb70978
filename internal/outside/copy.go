package outside

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"redsteward/internal/fault"
)

// maxFiles bounds a copy; a province has some 10,000 compounds with five files each.
const maxFiles = 200_000

// Answer is what a site says to somebody without account.
type Answer struct {
	// Type is the content type, Body the whole content.
	Type string
	Body []byte
}

// Copy says what is copied and how it is signed.
type Copy struct {
	// Get asks for an address: a path, with its query. Returns NotFound for what is not open to everybody or cannot stand in a static copy, Conflict for what
	// is open but cannot be given now; it is left out, and Missed is told.
	Get func(ctx context.Context, address string) (Answer, error)
	// Roots are the addresses to begin with; everything that they lead to comes along.
	Roots []string
	// Interactive is the address of the instance where forms work, without a slash at its end; "" if there is none to lead to.
	Interactive string
	// Intake is the address of the receiver in the outer zone, without query; "" for none. Forms that send to IntakeForm stay in the copy and send there.
	Intake, IntakeForm string
	// Site, Made, Record and Key stand in the manifest and, but for Key, in every page.
	Site   string
	Made   time.Time
	Record int64
	Key    string
	// Sign signs the manifest with that key.
	Sign func(text string) (string, error)
	// Missed, if not nil, is called with every address that is left out although it is open.
	Missed func(address string)
	// Told, if not nil, is called now and then with how many files there are.
	Told func(files int)
}

// copying is one copy while it is made.
type copying struct {
	*Copy
	dir string
	// files are the files by address; "" for what is not copied.
	files map[string]string
	taken map[string]bool
	queue []string
	pages []fetched
	out   []File
}

// fetched is a page that waits for all addresses to be known.
type fetched struct {
	file string
	at   *url.URL
	body []byte
}

// Write makes the copy in a folder, in place of an older copy there. Returns Invalid if the folder holds something else, or the site leads to more than can be copied; then the folder is as it was.
func (c *Copy) Write(ctx context.Context, dir string) (*Manifest, error) {
	const op = "outside.Write"
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fault.Wrap(op, fault.Invalid, "文件夹不可用", err)
	}
	if err := replaceable(dir); err != nil {
		return nil, err
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), ".public-*")
	if err != nil {
		return nil, fault.Wrap(op, fault.Unavailable, "旁边的文件夹不能写入", err)
	}
	m, err := c.fill(ctx, fresh)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(fresh))
	}
	return m, replace(dir, fresh)
}

// replaceable refuses a folder that is no copy.
func replaceable(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fault.Wrap("outside.Write", fault.Invalid, "文件夹打不开", err)
	case len(entries) > 0 && !slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == ManifestName }):
		return fault.New("outside.Write", fault.Invalid, "文件夹里有别的东西，不是以前导出的公开页面；请换一个空文件夹")
	}
	return nil
}

// replace puts the fresh folder where the old one was.
func replace(dir, fresh string) error {
	const op = "outside.Write"
	old := fresh + "-old"
	err := os.Rename(dir, old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fault.Wrap(op, fault.Unavailable, "旧的文件夹不能换下", err), os.RemoveAll(fresh))
	}
	// Everybody may read what is public; a web server runs under an account of its own.
	if err := errors.Join(os.Chmod(fresh, 0o755), os.Rename(fresh, dir)); err != nil {
		return fault.Wrap(op, fault.Unavailable, "新的文件夹不能换上；旧的在 "+filepath.Base(old), err)
	}
	if err := os.RemoveAll(old); err != nil {
		return fault.Wrap(op, fault.Unavailable, "已换上新的，旧的删不掉", err)
	}
	return nil
}

// fill writes all files of the copy.
func (c *Copy) fill(ctx context.Context, dir string) (*Manifest, error) {
	w := &copying{Copy: c, dir: dir, files: map[string]string{}, taken: map[string]bool{ManifestName: true}}
	for _, root := range c.Roots {
		at, err := url.Parse(root)
		if err != nil {
			return nil, fault.Wrap("outside.Write", fault.Internal, "", err)
		}
		w.want(at)
	}
	for len(w.queue) > 0 {
		address := w.queue[0]
		w.queue = w.queue[1:]
		if err := w.fetch(ctx, address); err != nil {
			return nil, err
		}
		if len(w.taken) > maxFiles {
			return nil, fault.New("outside.Write", fault.Invalid, fmt.Sprintf("公开页面超过 %d 个文件，不能导出", maxFiles))
		}
		if c.Told != nil && len(w.taken)%100 == 0 {
			c.Told(len(w.taken))
		}
	}
	for i := range w.pages {
		page := &w.pages[i]
		body, err := w.rewrite(page)
		if err != nil {
			return nil, err
		}
		if err := w.keep(page.file, body); err != nil {
			return nil, err
		}
	}
	return w.sign()
}

// addressOf is an address as the copy knows it: without fragment, with its query in one order.
func addressOf(at *url.URL) string {
	return (&url.URL{Path: at.Path, RawPath: at.RawPath, RawQuery: at.Query().Encode()}).String()
}

// want puts an address on the list, once.
func (w *copying) want(at *url.URL) {
	address := addressOf(at)
	if _, known := w.files[address]; !known {
		w.files[address] = ""
		w.queue = append(w.queue, address)
	}
}

// fetch asks for one address, and notes where it leads to.
func (w *copying) fetch(ctx context.Context, address string) error {
	answer, err := w.Get(ctx, address)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if fault.Is(err, fault.Conflict) {
		if w.Missed != nil {
			w.Missed(address)
		}
		return nil
	}
	if err != nil {
		return fault.Wrap("outside.Write", "", "导出 "+address+" 时："+fault.MessageOf(err), err)
	}
	at, err := url.Parse(address)
	if err != nil {
		return fault.Wrap("outside.Write", fault.Internal, "", err)
	}
	file := fileOf(at, answer.Type)
	for w.taken[file] { // two addresses that differ in what a file name cannot show
		file = shortHash(address+file) + "-" + filepath.Base(file)
	}
	w.files[address], w.taken[file] = file, true
	if !strings.HasPrefix(answer.Type, "text/html") {
		return w.keep(file, answer.Body)
	}
	w.pages = append(w.pages, fetched{file, at, answer.Body})
	return w.follow(at, answer.Body)
}

// keep writes one file.
func (w *copying) keep(file string, body []byte) error {
	name := filepath.Join(w.dir, filepath.FromSlash(file))
	err := os.MkdirAll(filepath.Dir(name), 0o755)
	if err == nil {
		err = os.WriteFile(name, body, 0o644)
	}
	if err != nil {
		return fault.Wrap("outside.Write", fault.Unavailable, "写不下 "+file, err)
	}
	sum := sha256.Sum256(body)
	w.out = append(w.out, File{file, int64(len(body)), hex.EncodeToString(sum[:])})
	return nil
}

// sign writes the manifest.
func (w *copying) sign() (*Manifest, error) {
	slices.SortFunc(w.out, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	m := &Manifest{Site: strings.Join(strings.Fields(w.Site), " "), Made: w.Made.UTC().Truncate(time.Second), Record: w.Record, Key: w.Key, Files: w.out}
	text := m.text()
	signature, err := w.Sign(text)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(text + "\n" + signature + "\n")
	if err := os.WriteFile(filepath.Join(w.dir, ManifestName), b.Bytes(), 0o644); err != nil {
		return nil, fault.Wrap("outside.Write", fault.Unavailable, "清单写不下", err)
	}
	return m, nil
}
