package files

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
)

var every = []Kind{JPEG, PNG, PDF, XLSX}

// shelf is a keeper on a real store; its folder shows what uploads leave behind.
type shelf struct {
	*Keeper
	db  *store.DB
	dir string
	now time.Time
}

func newShelf(t testing.TB) *shelf {
	t.Helper()
	engine, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{now: time.Date(2027, 3, 1, 1, 0, 0, 0, time.UTC)}
	db, err := store.Open(t.Context(), engine, store.Options{Now: func() time.Time { return s.now }, MasterKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	s.db, s.dir = db, t.TempDir()
	s.Keeper = NewKeeper(db, s.dir)
	return s
}

func meta() store.Meta { return store.Meta{By: "clerk", Action: "evidence.submit"} }

func (s *shelf) take(t testing.TB, name string, data []byte) (Stored, error) {
	t.Helper()
	return s.Take(t.Context(), meta(), name, bytes.NewReader(data), every...)
}

func (s *shelf) must(t testing.TB, name string, data []byte) Stored {
	t.Helper()
	out, err := s.take(t, name, data)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (s *shelf) bytes(t testing.TB, hash string) []byte {
	t.Helper()
	r, size, err := s.Open(t.Context(), hash)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err != nil || int64(len(data)) != size {
		t.Fatal(len(data), size, err)
	}
	return data
}

// records counts the journal; left counts temporary files.
func (s *shelf) records(t testing.TB) int64 {
	t.Helper()
	n, err := s.db.Engine().LastN(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (s *shelf) left(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// quarters is a picture whose corners are red (top left), green (top right), blue (bottom left) and white.
func quarters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 255, 255, 255}
			switch {
			case x < w/2 && y < h/2:
				c = color.RGBA{220, 0, 0, 255}
			case y < h/2:
				c = color.RGBA{0, 200, 0, 255}
			case x < w/2:
				c = color.RGBA{0, 0, 220, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

func photo(t testing.TB, w, h int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, quarters(w, h), nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func drawing(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withExif puts an Exif segment with an orientation and a place behind the first two bytes of a JPEG.
func withExif(data []byte, orientation byte, bigEndian bool) []byte {
	tiff := []byte("II*\x00\x08\x00\x00\x00\x02\x00\x12\x01\x03\x00\x01\x00\x00\x00" + string(orientation) + "\x00\x00\x00")
	if bigEndian {
		tiff = []byte("MM\x00*\x00\x00\x00\x08\x00\x02\x01\x12\x00\x03\x00\x00\x00\x01\x00" + string(orientation) + "\x00\x00")
	}
	tiff = append(tiff, "GPS 29.27N 116.20E DUCHANG"...)
	body := append([]byte("Exif\x00\x00"), tiff...)
	segment := []byte{0xff, 0xe1, byte((len(body) + 2) >> 8), byte(len(body) + 2)}
	out := append(append([]byte{}, data[:2]...), append(segment, body...)...)
	return append(out, data[2:]...)
}

func pdf() []byte {
	return []byte("%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n")
}

// archive is a zip with the named entries, in the order of their names.
func archive(t testing.TB, entries map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		w, err := z.Create(name)
		if err == nil {
			_, err = io.WriteString(w, entries[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sheet(t testing.TB, more map[string]string) []byte {
	t.Helper()
	entries := map[string]string{"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>", "xl/worksheets/sheet1.xml": "<worksheet/>"}
	for name, content := range more {
		entries[name] = content
	}
	return archive(t, entries)
}

func TestOriginalStaysAndCopyIsDrawnAnew(t *testing.T) {
	s := newShelf(t)
	// Behind the picture hides a page with a script, and a zip: what is shown must not carry them.
	data := append(withExif(photo(t, 2400, 1200), 6, false), "<script>alert(1)</script>"...)
	data = append(data, archive(t, map[string]string{"evil.html": "<script>"})...)
	got := s.must(t, `C:\照片\会场.JPG`, data)
	if got.Name != "会场.JPG" || got.Kind != JPEG || got.Size != int64(len(data)) || got.Width != 1200 || got.Height != 2400 {
		t.Errorf("%+v", got)
	}
	if !bytes.Equal(s.bytes(t, got.Original), data) {
		t.Error("the original changed")
	}
	shown := s.bytes(t, got.Shown)
	for _, secret := range []string{"Exif", "DUCHANG", "<script>", "evil.html", "PK\x03\x04"} {
		if bytes.Contains(shown, []byte(secret)) {
			t.Errorf("the shown copy carries %q", secret)
		}
	}
	img, err := jpeg.Decode(bytes.NewReader(shown))
	if err != nil || img.Bounds().Dx() != 1000 || img.Bounds().Dy() != 2000 {
		t.Fatal(img.Bounds(), err)
	}
	// Orientation 6 means turned a quarter clockwise: red goes from top left to top right.
	if r, g, b, _ := img.At(900, 100).RGBA(); r>>8 < 190 || g>>8 > 60 || b>>8 > 60 {
		t.Errorf("top right is %d %d %d, want red", r>>8, g>>8, b>>8)
	}
	if s.left(t) != 0 {
		t.Error("temporary files stayed")
	}
	if s.records(t) != 3 {
		t.Errorf("%d records, want the copy on trial, the original, the copy kept", s.records(t))
	}
}

func TestEveryOrientation(t *testing.T) {
	// Where the red corner of the stored picture stands when it is looked at: x and y as halves.
	want := map[byte][2]int{1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 1}, 8: {0, 1}}
	green := map[byte][2]int{1: {1, 0}, 2: {0, 0}, 3: {0, 1}, 4: {1, 1}, 5: {0, 1}, 6: {1, 1}, 7: {1, 0}, 8: {0, 0}}
	s := newShelf(t)
	for o := byte(1); o <= 8; o++ {
		for _, big := range []bool{false, true} {
			got := s.must(t, "a.jpg", withExif(photo(t, 160, 80), o, big))
			img, err := jpeg.Decode(bytes.NewReader(s.bytes(t, got.Shown)))
			if err != nil {
				t.Fatal(err)
			}
			size := img.Bounds().Size()
			if wide := o < 5; wide != (size.X == 160 && size.Y == 80) || int64(size.X) != got.Width || int64(size.Y) != got.Height {
				t.Errorf("orientation %d: %v, %d×%d", o, size, got.Width, got.Height)
			}
			at := func(corner [2]int) (uint32, uint32) {
				r, g, _, _ := img.At(size.X/4+corner[0]*size.X/2, size.Y/4+corner[1]*size.Y/2).RGBA()
				return r >> 8, g >> 8
			}
			if r, g := at(want[o]); r < 190 || g > 60 {
				t.Errorf("orientation %d (big-endian %t): red is not where it should be", o, big)
			}
			if r, g := at(green[o]); g < 170 || r > 60 {
				t.Errorf("orientation %d (big-endian %t): green is not where it should be", o, big)
			}
		}
	}
}

func TestTransparentPictureIsShownOnWhite(t *testing.T) {
	s := newShelf(t)
	got := s.must(t, "截图.png", drawing(t, image.NewNRGBA(image.Rect(0, 0, 30, 20))))
	img, err := jpeg.Decode(bytes.NewReader(s.bytes(t, got.Shown)))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := img.At(10, 10).RGBA(); r>>8 < 250 || g>>8 < 250 || b>>8 < 250 {
		t.Error(r, g, b)
	}
	if img.Bounds().Dx() != 30 {
		t.Error("a small picture was enlarged or shrunk")
	}
}

func TestOtherKindsAreKeptAsTheyAre(t *testing.T) {
	s := newShelf(t)
	for name, data := range map[string][]byte{"说明.pdf": pdf(), "台账.xlsx": sheet(t, nil), "没有扩展名": pdf(), "手机存成另一种.png": photo(t, 40, 30)} {
		got := s.must(t, name, data)
		if !bytes.Equal(s.bytes(t, got.Original), data) || (got.Shown != "") != got.Kind.Image() {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhatIsRefused(t *testing.T) {
	s := newShelf(t)
	if s.unpacked != 200<<20 {
		t.Errorf("a sheet may unpack to %d bytes", s.unpacked)
	}
	s.unpacked = 2 << 20 // so that the race detector need not watch hundreds of megabytes
	small := photo(t, 200, 100)
	liar := sheet(t, map[string]string{"xl/big.xml": strings.Repeat("a", 5000)})
	damaged := bytes.Clone(liar)
	damaged[bytes.Index(damaged, []byte("PK\x01\x02"))+16] ^= 1 // the checksum that the directory gives
	large := drawing(t, quarters(10, 10))
	// 12,000 × 10,000 pixels in a few bytes: the size is read, nothing is decoded.
	binary.BigEndian.PutUint32(large[16:], 12_000)
	binary.BigEndian.PutUint32(large[20:], 10_000)
	binary.BigEndian.PutUint32(large[29:], crc32.ChecksumIEEE(large[12:29]))
	deep := drawing(t, image.NewNRGBA64(image.Rect(0, 0, 4, 4)))
	binary.BigEndian.PutUint32(deep[16:], 10_000)
	binary.BigEndian.PutUint32(deep[20:], 9_000)
	binary.BigEndian.PutUint32(deep[29:], crc32.ChecksumIEEE(deep[12:29]))
	tests := []struct {
		name, file string
		data       []byte
		want       string
	}{
		{"empty", "空.jpg", nil, "“空.jpg”是空文件"},
		{"a PDF called a photo", "签到表.jpg", pdf(), "“签到表.jpg”不是图片文件，内容是PDF 文件"},
		{"a page called a photo", "签到表.jpg", []byte("\ufeff <!DOCTYPE html><script>"), "不是图片文件，内容是网页"},
		{"an SVG called a photo", "a.png", []byte(`<?xml version="1.0"?><svg onload="x()">`), "SVG 图片"},
		{"a program called a PDF", "合同.pdf", []byte("MZ\x90\x00"), "不是PDF 文件，内容是Windows 程序"},
		{"a photo called a sheet", "台账.xlsx", small, "不是Excel 表格，内容是JPG 图片"},
		{"a PDF called a program", "合同.exe", pdf(), "扩展名是 .exe，内容却是PDF 文件"},
		{"the direction of writing turned", "照片\u202egpj.exe", []byte("MZ\x90\x00"), "“照片gpj.exe”是Windows 程序"},
		{"a photo of an iPhone", "IMG_1.HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00"), "HEIC 图片"},
		{"a Word document", "总结.docx", archive(t, map[string]string{"[Content_Types].xml": "", "word/document.xml": ""}), "“总结.docx”是Word 文档，这里只收照片（JPG、PNG）、PDF 文件、Excel（xlsx）"},
		{"a zip called a sheet", "台账.xlsx", archive(t, map[string]string{"a.txt": "x"}), "不是Excel 表格，内容是压缩包"},
		{"an old sheet", "台账.xls", []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1..."), "旧版 Office 文件"},
		{"text", "说明.txt", []byte("主题党日"), "文本文件"},
		{"a PDF behind a page", "a.pdf", append([]byte("<html>"), pdf()...), "内容是网页"},
		{"half a PDF", "a.pdf", pdf()[:60], "PDF 不完整"},
		{"something behind a PDF", "a.pdf", append(pdf(), bytes.Repeat([]byte("PK\x03\x04"), 400)...), "末尾附了别的内容"},
		{"half a photo", "a.jpg", small[:len(small)/2], "图片不完整"},
		{"the head of a photo", "a.jpg", small[:30], "图片已损坏"},
		{"half a drawing", "a.png", drawing(t, quarters(50, 50))[:100], "图片不完整"},
		{"120 megapixels", "大图.png", large, "“大图.png”有 12000 万像素（12000×10000），最多 10000 万"},
		{"90 megapixels of 8 bytes", "大图.png", deep, "内存"},
		{"a sheet with macros", "台账.xlsx", sheet(t, map[string]string{"xl/vbaProject.bin": "x"}), "带有宏"},
		{"a sheet that unpacks to far more", "台账.xlsx", sheet(t, map[string]string{"xl/a.xml": strings.Repeat("0", 3<<20)}), "解开后超过 2 MB"},
		{"half a sheet", "台账.xlsx", liar[:len(liar)-30], "已损坏"},
		{"a sheet with other bytes", "台账.xlsx", damaged, "已损坏"},
	}
	before := s.records(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := s.take(t, tt.file, tt.data)
			fields := fault.FieldsOf(err)
			if !fault.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Name != "files" || !strings.Contains(fields[0].Message, tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if s.left(t) != 0 || s.records(t) != before {
				t.Error("something stayed")
			}
		})
	}
}

func TestOnlyWhatIsWanted(t *testing.T) {
	s := newShelf(t)
	_, err := s.Receive("a.jpg", bytes.NewReader(photo(t, 20, 20)), XLSX)
	if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "“a.jpg”是JPG 图片，这里只收Excel（xlsx）") {
		t.Error(err)
	}
	data := sheet(t, nil)
	u, err := s.Receive("台账.xlsx", bytes.NewReader(data), XLSX)
	if err != nil {
		t.Fatal(err)
	}
	all, err := io.ReadAll(u.Reader())
	if err != nil || !bytes.Equal(all, data) || u.Size != int64(len(data)) || len(u.SHA256) != 64 {
		t.Error(len(all), u.Size, err)
	}
	if err := u.Close(); err != nil || s.left(t) != 0 || s.records(t) != 0 {
		t.Error("an upload that is only read left something", err)
	}
}

// endless gives a beginning and then zeros for ever, counting what was read.
type endless struct {
	begin []byte
	read  int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.begin)
	e.begin = e.begin[n:]
	clear(p[n:])
	e.read += int64(len(p))
	return len(p), nil
}

func TestHugeUploadIsCutOff(t *testing.T) {
	s := newShelf(t)
	for begin, most := range map[string]int64{"\xff\xd8\xff\xe0": MaxPhoto, "%PDF-1.7\n": MaxPaper, "PK\x03\x04": MaxPaper, "MZ": headSize} {
		e := &endless{begin: []byte(begin)}
		_, err := s.Take(t.Context(), meta(), "大文件", e, every...)
		if !fault.Is(err, fault.Invalid) || e.read > most+64<<10 {
			t.Errorf("%q: %d bytes read, %v", begin, e.read, err)
		}
		if most > headSize && !strings.Contains(err.Error(), "超过") {
			t.Error(err)
		}
	}
	if s.left(t) != 0 || s.records(t) != 0 {
		t.Error("something stayed")
	}
}

// dying is a connection that dies.
type dying struct{ io.Reader }

func (d dying) Read(p []byte) (int, error) {
	n, err := d.Reader.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.ErrClosedPipe
	}
	return n, err
}

func TestConnectionDies(t *testing.T) {
	s := newShelf(t)
	data := photo(t, 400, 300)
	for _, n := range []int{0, 100, len(data) - 10} {
		_, err := s.Take(t.Context(), meta(), "a.jpg", dying{bytes.NewReader(data[:n])}, every...)
		if !fault.Is(err, fault.Unavailable) || fault.MessageOf(err) != "文件没有传完，请重新上传" {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
	if s.left(t) != 0 || s.records(t) != 0 {
		t.Error("something stayed")
	}
	again := s.must(t, "a.jpg", data)
	if second := s.must(t, "a.jpg", data); second != again || s.records(t) != 3 {
		t.Error("the same photo again is the same file")
	}
}

// TestBesideTheUpload: what is made of an upload waits where the upload waits, whoever keeps it: what a killed process leaves is cleared from there at the next start.
func TestBesideTheUpload(t *testing.T) {
	s := newShelf(t)
	u, err := s.Receive("a.jpg", bytes.NewReader(photo(t, 400, 300)), JPEG)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := NewKeeper(s.db, "/nowhere").Keep(t.Context(), meta(), u); err != nil {
		t.Error(err)
	}
	if err := u.Close(); err != nil || s.left(t) != 0 {
		t.Error(err, s.left(t))
	}
}

func TestOnePictureAtATime(t *testing.T) {
	s := newShelf(t)
	s.decoding <- struct{}{}
	var wg sync.WaitGroup
	done := make(chan error, 1)
	data := photo(t, 40, 40)
	wg.Go(func() {
		_, err := s.Take(t.Context(), meta(), "a.jpg", bytes.NewReader(data), every...)
		done <- err
	})
	got := s.must(t, "a.pdf", pdf()) // What is no picture need not wait.
	select {
	case err := <-done:
		t.Fatal("two pictures were decoded at once", err)
	default:
	}
	<-s.decoding
	wg.Wait()
	if err := <-done; err != nil || got.Kind != PDF {
		t.Error(err)
	}
}

// fullDisk is an engine on whose disk the nth write of bytes or records, counted from 1, does not fit any more, nor any after it; 0: all fit.
type fullDisk struct {
	store.Engine
	nth, writes int
}

func (d *fullDisk) write() error {
	if d.writes++; d.nth > 0 && d.writes >= d.nth {
		return store.Full("test", syscall.ENOSPC)
	}
	return nil
}

func (d *fullDisk) CreateBlob(ctx context.Context) (store.BlobWriter, error) {
	if err := d.write(); err != nil {
		return nil, err
	}
	w, err := d.Engine.CreateBlob(ctx)
	return &fullBlob{w, d}, err
}

func (d *fullDisk) Commit(ctx context.Context, c *store.Commit) (int64, error) {
	if err := d.write(); err != nil {
		return 0, err
	}
	return d.Engine.Commit(ctx, c)
}

type fullBlob struct {
	store.BlobWriter
	disk *fullDisk
}

func (w *fullBlob) Write(p []byte) (int, error) {
	if err := w.disk.write(); err != nil {
		return 0, err
	}
	return w.BlobWriter.Write(p)
}

// TestDiskFull: wherever the disk is full, the sender is told so and not that he broke off; in the end a photo is there with its copy or neither is, and no bytes stay that nothing names; afterwards the same upload is taken.
func TestDiskFull(t *testing.T) {
	says := func(err error) bool {
		return fault.Is(err, fault.Unavailable) && strings.Contains(fault.MessageOf(err), "磁盘已满")
	}
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := (&Upload{Name: "a.jpg", Kind: JPEG, file: full}).fill(photo(t, 20, 20)[:headSize], bytes.NewReader(photo(t, 20, 20)[headSize:])); !says(err) {
		t.Errorf("a temporary file: %v", err)
	}
	if err := full.Close(); err != nil {
		t.Fatal(err)
	}
	picture := photo(t, 700, 500)
	for _, kept := range []bool{true, false} {
		writes := 0
		for taken := false; !taken; writes++ {
			folder := t.TempDir()
			engine, err := sqlite.Open(t.Context(), folder, sqlite.Options{Relaxed: true})
			if err != nil {
				t.Fatal(err)
			}
			disk := &fullDisk{Engine: engine, nth: writes + 1}
			db, err := store.Open(t.Context(), disk, store.Options{Now: time.Now, MasterKey: make([]byte, 32)})
			if err != nil {
				t.Fatal(err)
			}
			s := &shelf{Keeper: NewKeeper(db, t.TempDir()), db: db}
			s.dir = s.Keeper.dir
			take := s.Take
			if !kept {
				take = s.TakeLoose
			}
			got, err := take(t.Context(), meta(), "a.jpg", bytes.NewReader(picture), every...)
			if taken = err == nil; !taken && !says(err) || s.left(t) != 0 {
				t.Fatalf("write %d: %v, %d unfinished", writes+1, err, s.left(t))
			}
			disk.nth = 0
			if _, err := s.Sweep(t.Context(), meta(), time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			if there := len(blobs(t, folder)); there != 0 && there != 2 || taken && kept && there != 2 || !kept && there != 0 {
				t.Errorf("write %d: %d files stay", writes+1, there)
			}
			if !taken {
				if got, err = take(t.Context(), meta(), "a.jpg", bytes.NewReader(picture), every...); err != nil {
					t.Fatalf("write %d, with room again: %v", writes+1, err)
				}
				s.bytes(t, got.Original)
				s.bytes(t, got.Shown)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
		if least := map[bool]int{true: 8, false: 7}[kept]; writes < least { // to create and write each of two, to claim both, to keep the copy; then it fits
			t.Errorf("taken after %d writes", writes)
		}
	}
}

// blobs are the files that a store keeps.
func blobs(t *testing.T, folder string) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(folder, "files"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

func FuzzReceive(f *testing.F) {
	f.Add("a.jpg", photo(f, 20, 20))
	f.Add("a.jpg", withExif(photo(f, 20, 20), 8, true))
	f.Add("a.png", drawing(f, quarters(9, 9)))
	f.Add("a.pdf", pdf())
	f.Add("a.xlsx", sheet(f, nil))
	s := newShelf(f)
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		got, err := s.Take(t.Context(), meta(), name, bytes.NewReader(data), every...)
		switch {
		case err == nil && (got.Size != int64(len(data)) || got.Name == "" || strings.ContainsAny(got.Name, "/\\\x00\n")):
			t.Errorf("%+v", got)
		case err != nil && !fault.Is(err, fault.Invalid):
			t.Error(err)
		}
		if s.left(t) != 0 {
			t.Error("a temporary file stayed")
		}
	})
}

// FuzzHead: what stands before the pixels of a picture, and what counts the pages of a PDF, is read within its bounds whatever it says; the decoders behind it have the target above.
func FuzzHead(f *testing.F) {
	f.Add(photo(f, 20, 20))
	f.Add(withExif(photo(f, 20, 20), 8, true))
	f.Add(withExif(photo(f, 20, 20), 3, false))
	f.Add(drawing(f, quarters(9, 9)))
	f.Add(pdf())
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x10Exif\x00\x00II*\x00\xff\xff\xff\xff"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\xff\xff\xff\xffiCCP"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var scan jpegScan
		scan.read(bufio.NewReader(bytes.NewReader(data)))
		if scan.orientation < 0 || scan.orientation > 8 {
			t.Fatalf("turned by %d", scan.orientation)
		}
		for _, profile := range [][]byte{ofRGB(scan.profile()), ofRGB(profileOfPNG(bufio.NewReader(bytes.NewReader(data))))} {
			if len(profile) > maxProfile {
				t.Fatalf("a profile of %d bytes", len(profile))
			}
		}
		if n, err := PDFPages(bytes.NewReader(data)); n < 0 || err != nil {
			t.Fatal(n, err)
		}
		if found := sniff(data); found.title() == "" {
			t.Fatal("a file without a name of what it is")
		}
	})
}
