// Package files takes uploads in: photos, PDF files and Excel sheets.
//
//  1. What a file is, its bytes say; a name that says something else is refused, naming what was found.
//  2. An upload is cut off at its limit, or at its first bytes if no kind that is wanted begins like that. Nothing of a refused upload stays.
//  3. The original is kept byte for byte and is never shown in a page. What pages show of a photo is a copy drawn anew from its pixels, with the profile of their colours, turned upright,
//     without places, devices or anything that hid behind the picture.
//  4. Size in pixels is read before a picture is decoded, and one picture is decoded at a time.
//  5. Memory does not grow with the size of an upload: bytes wait in a temporary file.
package files

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// Kind is what a file is.
type Kind string

// The kinds that are taken in.
const (
	JPEG Kind = "jpeg"
	PNG  Kind = "png"
	PDF  Kind = "pdf"
	XLSX Kind = "xlsx"
	DOCX Kind = "docx"
)

// The most bytes of one file.
const (
	// MaxPhoto is for JPEG and PNG.
	MaxPhoto = 20 << 20
	// MaxPaper is for PDF, XLSX and DOCX.
	MaxPaper = 30 << 20
)

// Image reports whether the kind is a photo, of which there is a shown copy.
func (k Kind) Image() bool { return k == JPEG || k == PNG }

// Limit is the most bytes of a file of this kind.
func (k Kind) Limit() int64 {
	if k.Image() {
		return MaxPhoto
	}
	return MaxPaper
}

// Title is the kind for people.
func (k Kind) Title() string {
	switch k {
	case JPEG:
		return "JPG 图片"
	case PNG:
		return "PNG 图片"
	case PDF:
		return "PDF 文件"
	case XLSX:
		return "Excel 表格"
	case DOCX:
		return "Word 文档"
	}
	return "文件"
}

// MediaType is the kind for HTTP.
func (k Kind) MediaType() string {
	switch k {
	case JPEG:
		return "image/jpeg"
	case PNG:
		return "image/png"
	case PDF:
		return "application/pdf"
	case XLSX:
		return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
	case DOCX:
		return "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
	}
	return "application/octet-stream"
}

// extensions are what the name of a file of this kind may end with; the first is the usual one.
func (k Kind) extensions() []string {
	switch k {
	case JPEG, PNG: // Phones save either under the name of the other; both are pictures and are drawn anew.
		return []string{".jpg", ".jpeg", ".png"}
	case PDF:
		return []string{".pdf"}
	case XLSX:
		return []string{".xlsx"}
	case DOCX:
		return []string{".docx"}
	}
	return nil
}

// Stored is a file that was taken in.
type Stored struct {
	// Name is what the sender called it, without folders; shown to those who may see the file.
	Name string `json:"name" privacy:"internal"`
	// Kind is what it is.
	Kind Kind `json:"kind" privacy:"public"`
	// Size is that of the original in bytes.
	Size int64 `json:"size"`
	// Original is the SHA-256 of the original as 64 hex digits, Shown that of the copy for pages (a JPEG), "" if the kind has none.
	Original string `json:"original" privacy:"internal"`
	Shown    string `json:"shown,omitempty" privacy:"internal"`
	// Width and Height are the pixels of a picture as it is looked at, after turning it upright; 0 for other kinds.
	Width  int64 `json:"width,omitempty"`
	Height int64 `json:"height,omitempty"`
	// Look is what a picture looks like, by which copies of it are found (LookApart, LookKeys, LookAsks); "" for other kinds and for one in which there is nothing to see.
	Look string `json:"look,omitempty" privacy:"internal"`
}

// Keeper takes files in and hands them out. It is safe for concurrent use.
type Keeper struct {
	db       *store.DB
	dir      string
	decoding chan struct{}
	unpacked int64 // what a sheet may unpack to, in bytes
}

// NewKeeper keeps files in a store; unfinished uploads wait in the folder, "" for that of the operating system.
func NewKeeper(db *store.DB, folder string) *Keeper {
	return &Keeper{db: db, dir: folder, decoding: make(chan struct{}, 1), unpacked: maxUnpacked}
}

// Take stores one upload of one of the wanted kinds. Returns Invalid with a field named files that names the file, what was found and what to do: empty, of
// another kind than its name says or than is wanted, too large, damaged, too many pixels, a sheet with macros or one that unpacks to far more than it is;
// Unavailable if the bytes stopped coming.
func (k *Keeper) Take(ctx context.Context, meta store.Meta, name string, r io.Reader, wanted ...Kind) (Stored, error) {
	upload, err := k.Receive(name, r, wanted...)
	if err != nil {
		return Stored{}, err
	}
	defer upload.Close()
	return k.Keep(ctx, meta, upload)
}

// TakeLoose is Take for a draft: the file is there until it was left alone for long, and for good once Stay was called for it.
func (k *Keeper) TakeLoose(ctx context.Context, meta store.Meta, name string, r io.Reader, wanted ...Kind) (Stored, error) {
	upload, err := k.Receive(name, r, wanted...)
	if err != nil {
		return Stored{}, err
	}
	defer upload.Close()
	return k.KeepLoose(ctx, meta, upload)
}

// Stay keeps files for good, before the record that names them is written. Returns Invalid with a field named files if one was left alone for so long that it is gone.
func (k *Keeper) Stay(ctx context.Context, meta store.Meta, list []Stored) error {
	var hashes []string
	for _, f := range list {
		for _, hash := range f.hashes() {
			if !slices.Contains(hashes, hash) {
				hashes = append(hashes, hash)
			}
		}
	}
	err := k.db.KeepFiles(ctx, meta, hashes...)
	if fault.Is(err, fault.NotFound) {
		return refuse("有文件上传后太久没有提交，已经清理，请移除后重新上传")
	}
	return err
}

// hashes are those of the bytes that belong to the file.
func (s Stored) hashes() []string {
	if s.Shown == "" {
		return []string{s.Original}
	}
	return []string{s.Original, s.Shown}
}

// Sweep removes the loose files that were last taken in before a moment and of which none of the lists holds any, and returns how many.
func (k *Keeper) Sweep(ctx context.Context, meta store.Meta, before time.Time, lists ...[]Stored) (int, error) {
	return k.db.SweepLoose(ctx, meta, before, Holding(lists...))
}

// Holding tells of a hash whether one of the lists holds its bytes.
func Holding(lists ...[]Stored) func(sha256 string) bool {
	used := map[string]bool{}
	for _, list := range lists {
		for _, f := range list {
			for _, hash := range f.hashes() {
				used[hash] = true
			}
		}
	}
	return func(hash string) bool { return used[hash] }
}

// Keep stores what was received, the second half of Take. Errors as those of Take.
func (k *Keeper) Keep(ctx context.Context, meta store.Meta, upload *Upload) (Stored, error) {
	return k.keep(ctx, meta, upload, false)
}

// KeepLoose is Keep for a file that goes again once nothing holds it: it is kept as long as Sweep is told of it.
func (k *Keeper) KeepLoose(ctx context.Context, meta store.Meta, upload *Upload) (Stored, error) {
	return k.keep(ctx, meta, upload, true)
}

func (k *Keeper) keep(ctx context.Context, meta store.Meta, upload *Upload, loose bool) (Stored, error) {
	out := Stored{Name: upload.Name, Kind: upload.Kind, Size: upload.Size, Original: upload.SHA256}
	var kept, copied store.File
	var err error
	switch {
	case upload.Kind.Image():
		var shown *shownCopy
		if shown, err = k.show(ctx, upload, &out); err != nil {
			return Stored{}, err
		}
		defer shown.close()
		kept, copied, err = k.db.PutPair(ctx, meta, store.Upload{Reader: upload.Reader(), Limit: upload.Size}, store.Upload{Reader: io.NewSectionReader(shown.file, 0, shown.size), Limit: shown.size}, loose)
		out.Shown = copied.SHA256
	case loose:
		kept, err = k.db.PutLoose(ctx, meta, upload.Reader(), upload.Size)
	default:
		kept, err = k.db.PutFile(ctx, meta, upload.Reader(), upload.Size)
	}
	if err != nil {
		return Stored{}, err
	}
	if kept.SHA256 != out.Original {
		return Stored{}, fault.New("files.Keep", fault.Internal, "文件在保存时发生了变化，请重新上传")
	}
	return out, nil
}

// Open opens an original or a shown copy by its hash. Returns NotFound if it is not kept.
func (k *Keeper) Open(ctx context.Context, sha256 string) (io.ReadSeekCloser, int64, error) {
	r, file, err := k.db.OpenFile(ctx, sha256)
	return r, file.Size, err
}

// Upload is a checked file that waits in a temporary file and is not kept: a sheet to import, or the first half of Take. Close removes it.
type Upload struct {
	// Name is what the sender called it, Kind what it is.
	Name string
	Kind Kind
	// Size is in bytes, SHA256 the hash as 64 hex digits.
	Size   int64
	SHA256 string
	file   *os.File
}

// ReadAt reads the bytes, as io.ReaderAt.
func (u *Upload) ReadAt(p []byte, off int64) (int, error) { return u.file.ReadAt(p, off) }

// Reader reads the bytes from the start.
func (u *Upload) Reader() io.Reader { return io.NewSectionReader(u.file, 0, u.Size) }

// Close removes the temporary file.
func (u *Upload) Close() error { return errors.Join(u.file.Close(), os.Remove(u.file.Name())) }

// headSize is how many bytes are looked at before the rest is read.
const headSize = 512

// Receive reads one upload of one of the wanted kinds into a temporary file and checks it, without keeping it. Errors as those of Take, except what only
// decoding a picture finds.
func (k *Keeper) Receive(name string, r io.Reader, wanted ...Kind) (*Upload, error) {
	name = cleanName(name)
	head := make([]byte, headSize)
	n, err := io.ReadFull(r, head)
	head = head[:n]
	switch {
	case n == 0 && errors.Is(err, io.EOF):
		return nil, refuse("“%s”是空文件，请重新选择", name)
	case err != nil && !errors.Is(err, io.ErrUnexpectedEOF):
		return nil, cutOff(err)
	}
	found := sniff(head)
	if found.kind != XLSX { // What a zip is, only its directory says.
		if err := admit(name, found, wanted); err != nil {
			return nil, err
		}
	}
	u := &Upload{Name: name, Kind: found.kind}
	if u.file, err = os.CreateTemp(k.dir, "redsteward-upload-"); err != nil {
		return nil, broken(err)
	}
	if err = u.fill(head, r); err == nil {
		err = u.check(wanted, k.unpacked)
	}
	if err != nil {
		return nil, errors.Join(err, u.Close())
	}
	return u, nil
}

// fill writes head and rest into the temporary file, up to the limit of the kind.
func (u *Upload) fill(head []byte, rest io.Reader) error {
	limit := u.Kind.Limit()
	h := sha256.New()
	w := &ownDisk{to: io.MultiWriter(u.file, h)}
	n, err := io.Copy(w, io.LimitReader(io.MultiReader(bytes.NewReader(head), rest), limit+1))
	if w.failed != nil {
		return broken(w.failed)
	}
	if err != nil {
		return cutOff(err)
	}
	u.Size = n
	if u.Size > limit {
		return refuse("“%s”超过 %d MB，请压缩后再上传", u.Name, limit>>20)
	}
	u.SHA256 = hex.EncodeToString(h.Sum(nil))
	return nil
}

// ownDisk remembers that writing failed: who reads and writes at once cannot tell otherwise whether the sender or our disk is to blame.
type ownDisk struct {
	to     io.Writer
	failed error
}

// Write implements io.Writer.
func (w *ownDisk) Write(p []byte) (n int, err error) {
	n, w.failed = w.to.Write(p)
	return n, w.failed
}

// check looks at what the first bytes cannot tell.
func (u *Upload) check(wanted []Kind, unpacked int64) error {
	switch u.Kind {
	case PDF:
		return u.checkPDF()
	case XLSX:
		return u.checkOffice(wanted, unpacked)
	}
	return nil
}

// pdfTail is how far from the end of a PDF its last line must stand.
const pdfTail = 1024

// checkPDF refuses a PDF that was cut off or behind which something else was hidden.
func (u *Upload) checkPDF() error {
	tail := make([]byte, min(u.Size, pdfTail))
	if _, err := u.file.ReadAt(tail, u.Size-int64(len(tail))); err != nil {
		return broken(err)
	}
	if !strings.Contains(string(tail), "%%EOF") {
		return refuse("“%s”的 PDF 不完整，或者末尾附了别的内容，请重新导出后上传", u.Name)
	}
	return nil
}

// maxName is the longest name of a file, in characters.
const maxName = 80

// cleanName is the last part of what the sender called the file, without control characters and overlong tails.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = strings.TrimSpace(strings.Map(func(r rune) rune {
		// Unprintable characters, such as the one that turns the direction of writing, can make .exe look like .jpg.
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, name))
	if name == "" || name == "." || name == "/" {
		return "未命名"
	}
	if runes := []rune(name); len(runes) > maxName {
		ext := []rune(path.Ext(name))
		if len(ext) > 10 {
			ext = nil
		}
		return string(runes[:maxName-len(ext)]) + string(ext)
	}
	return name
}

// admit refuses what is not wanted, and a name that says something else than the bytes.
func admit(name string, found finding, wanted []Kind) error {
	ext := strings.ToLower(path.Ext(name))
	promised := promise(ext)
	if promised != "" && slices.Contains(wanted, promised) && !slices.Contains(found.kind.extensions(), ext) {
		return refuse("“%s”不是%s，内容是%s，请重新拍照或导出后上传", name, plainTitle(promised), found.title())
	}
	if !slices.Contains(wanted, found.kind) {
		return refuse("“%s”是%s，这里只收%s", name, found.title(), wantedTitles(wanted))
	}
	if ext != "" && !slices.Contains(found.kind.extensions(), ext) {
		return refuse("“%s”的扩展名是 %s，内容却是%s，请核对是不是选错了文件", name, ext, found.title())
	}
	return nil
}

// promise is the kind that the end of a name announces, "" if none of ours.
func promise(ext string) Kind {
	for _, k := range []Kind{JPEG, PDF, XLSX, DOCX} {
		if slices.Contains(k.extensions(), ext) {
			return k
		}
	}
	return ""
}

// plainTitle is what people call a file whose name ends like that.
func plainTitle(k Kind) string {
	if k.Image() {
		return "图片文件"
	}
	return k.Title()
}

// wantedTitles lists kinds for people.
func wantedTitles(wanted []Kind) string {
	var out []string
	for _, k := range wanted {
		switch k {
		case JPEG:
			out = append(out, "照片（JPG、PNG）")
		case PNG:
		case XLSX:
			out = append(out, "Excel（xlsx）")
		case DOCX:
			out = append(out, "Word（docx）")
		default:
			out = append(out, k.Title())
		}
	}
	return strings.Join(out, "、")
}

func refuse(format string, args ...any) error {
	return fault.InvalidFields("files.Take", fault.Field{Name: "files", Message: fmt.Sprintf(format, args...)})
}

// cutOff is for bytes that stopped coming; an error that says itself what to tell the user is handed on.
func cutOff(err error) error {
	if fault.KindOf(err) != fault.Internal {
		return err
	}
	return fault.Wrap("files.Receive", fault.Unavailable, "文件没有传完，请重新上传", err)
}

// broken is for our own disk.
func broken(err error) error {
	if store.IsFull(err) {
		return store.Full("files", err)
	}
	return fault.Wrap("files", fault.Unavailable, "服务器暂时不能保存文件，请稍后再试", err)
}
