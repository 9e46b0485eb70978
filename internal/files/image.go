package files

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"
)

const (
	// maxPixels is the largest picture; more is refused before it is decoded.
	maxPixels = 100_000_000
	// maxDecoded bounds the memory that decoding one picture takes, in bytes.
	maxDecoded = 600 << 20
	// shownEdge is the longer edge of a shown copy in pixels: an A4 sheet stays readable.
	shownEdge = 2000
	// shownQuality is that of the JPEG encoder.
	shownQuality = 82
)

// shownCopy is the copy of a picture that pages show, in a temporary file until it is kept.
type shownCopy struct {
	file *os.File
	size int64
}

func (c *shownCopy) close() { _ = errors.Join(c.file.Close(), os.Remove(c.file.Name())) }

// show draws the copy of a picture that pages show, and notes what the picture is.
func (k *Keeper) show(ctx context.Context, u *Upload, out *Stored) (*shownCopy, error) {
	select {
	case k.decoding <- struct{}{}:
	case <-ctx.Done():
		return nil, cutOff(ctx.Err())
	}
	defer func() { <-k.decoding }()
	facts, err := u.pictureFacts()
	if err != nil {
		return nil, err
	}
	picture, err := u.decode()
	if err != nil {
		return nil, refuse("“%s”的图片不完整，请重新拍照或导出后上传", u.Name)
	}
	shown := upright(shrink(picture, shownEdge), facts.orientation)
	out.Width, out.Height = int64(facts.width), int64(facts.height)
	if facts.orientation >= 5 {
		out.Width, out.Height = out.Height, out.Width
	}
	out.Look = LookOf(shown)
	temp, err := os.CreateTemp(filepath.Dir(u.file.Name()), "redsteward-shown-") // beside the upload: what a killed process left is found there
	if err != nil {
		return nil, broken(err)
	}
	drawn := &shownCopy{file: temp}
	w := bufio.NewWriter(temp)
	err = errors.Join(encode(w, shown, facts.colours), w.Flush())
	if err == nil {
		drawn.size, err = temp.Seek(0, io.SeekCurrent)
	}
	if err != nil {
		drawn.close()
		return nil, broken(err)
	}
	return drawn, nil
}

// facts are what the beginning of a picture says.
type facts struct {
	width, height int
	orientation   int    // 1 to 8, as EXIF counts
	colours       []byte // the ICC profile that says which colours the pixels stand for, nil for none that a shown copy can keep
}

// pictureFacts reads them and refuses a picture that would be too much to decode.
func (u *Upload) pictureFacts() (facts, error) {
	r := bufio.NewReader(u.Reader())
	f := facts{orientation: 1}
	config, progressive := image.Config{}, false
	var err error
	if u.Kind == PNG {
		if config, err = png.DecodeConfig(r); err == nil {
			f.colours = profileOfPNG(bufio.NewReader(u.Reader()))
		}
	} else if config, err = jpeg.DecodeConfig(r); err == nil {
		var scan jpegScan
		scan.read(bufio.NewReader(u.Reader()))
		f.orientation, progressive, f.colours = max(1, scan.orientation), scan.progressive, scan.profile()
	}
	if f.colours = ofRGB(f.colours); config.ColorModel == color.CMYKModel {
		f.colours = nil
	}
	if err != nil || config.Width < 1 || config.Height < 1 {
		return f, refuse("“%s”的图片已损坏，请重新拍照或导出后上传", u.Name)
	}
	f.width, f.height = config.Width, config.Height
	pixels := int64(config.Width) * int64(config.Height)
	if pixels > maxPixels {
		return f, refuse("“%s”有 %d 万像素（%d×%d），最多 %d 万，请缩小后再上传", u.Name, pixels/10_000, config.Width, config.Height, maxPixels/10_000)
	}
	if need := pixels * bytesPerPixel(config.ColorModel, progressive); need > maxDecoded {
		return f, refuse("“%s”打开要占用 %d MB 内存，最多 %d MB，请缩小或另存为普通的 JPG 再上传", u.Name, need>>20, maxDecoded>>20)
	}
	return f, nil
}

// bytesPerPixel is what decoding takes at most; a progressive JPEG is held as coefficients of four bytes too.
func bytesPerPixel(model color.Model, progressive bool) int64 {
	n := int64(4)
	switch model {
	case color.RGBA64Model, color.NRGBA64Model:
		n = 8
	case color.Gray16Model:
		n = 2
	case color.GrayModel:
		n = 1
	case color.YCbCrModel:
		n = 3
	case color.CMYKModel:
		n = 8
	}
	if progressive {
		return 5 * n
	}
	return n
}

func (u *Upload) decode() (image.Image, error) {
	r := bufio.NewReader(u.Reader())
	if u.Kind == PNG {
		return png.Decode(r)
	}
	return jpeg.Decode(r)
}

// The markers of a JPEG that matter here.
const (
	markSOI  = 0xd8
	markSOF2 = 0xc2
	markSOS  = 0xda
	markEOI  = 0xd9
	markAPP1 = 0xe1
	markAPP2 = 0xe2
)

// jpegScan is what the segments before the pixels of a JPEG say: how the picture is turned (0 if nothing says so), whether it is progressive, and the parts of its ICC profile by their numbers.
type jpegScan struct {
	orientation int
	progressive bool
	parts       map[byte][]byte
}

// read walks the segments, as far as they are what they should be.
func (j *jpegScan) read(r *bufio.Reader) {
	if _, err := r.Discard(2); err != nil {
		return
	}
	for {
		var head [4]byte
		if _, err := io.ReadFull(r, head[:2]); err != nil || head[0] != 0xff {
			return
		}
		for head[1] == 0xff { // Filling bytes may stand before a marker.
			b, err := r.ReadByte()
			if err != nil {
				return
			}
			head[1] = b
		}
		if head[1] == markSOS || head[1] == markEOI {
			return
		}
		if _, err := io.ReadFull(r, head[2:]); err != nil {
			return
		}
		size := int(binary.BigEndian.Uint16(head[2:])) - 2
		if size < 0 {
			return
		}
		j.progressive = j.progressive || head[1] == markSOF2
		if head[1] != markAPP1 && head[1] != markAPP2 {
			if _, err := r.Discard(size); err != nil {
				return
			}
			continue
		}
		segment := make([]byte, size)
		if _, err := io.ReadFull(r, segment); err != nil {
			return
		}
		if head[1] == markAPP2 {
			j.keep(segment)
		} else if turned := exifOrientation(segment); turned != 0 {
			j.orientation = turned
		}
	}
}

// exifOrientation reads tag 0x0112 of the first directory of an Exif segment; 0 if there is none.
func exifOrientation(segment []byte) int {
	tiff, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00"))
	if !ok || len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	count := int64(order.Uint16(tiff[at:]))
	for i := range count {
		entry := at + 2 + i*12
		if entry+12 > int64(len(tiff)) {
			return 0
		}
		if order.Uint16(tiff[entry:]) == 0x0112 {
			if v := order.Uint16(tiff[entry+8:]); v >= 1 && v <= 8 {
				return int(v)
			}
			return 0
		}
	}
	return 0
}

// shrink draws a picture on white so that its longer edge is at most edge, each pixel the mean of those it stands for. It holds a band of the source at a time.
func shrink(src image.Image, edge int) *image.RGBA {
	b := src.Bounds()
	w, h := b.Dx(), b.Dy()
	if long := max(w, h); long > edge {
		w, h = max(1, w*edge/long), max(1, h*edge/long)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	room := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()/h+1))
	for y := range h {
		top, bottom := y*b.Dy()/h, (y+1)*b.Dy()/h
		band := &image.RGBA{Pix: room.Pix, Stride: room.Stride, Rect: image.Rect(0, 0, b.Dx(), bottom-top)}
		draw.Draw(band, band.Rect, image.White, image.Point{}, draw.Src)
		draw.Draw(band, band.Rect, src, image.Pt(b.Min.X, b.Min.Y+top), draw.Over)
		for x := range w {
			left, right := x*b.Dx()/w, (x+1)*b.Dx()/w
			out.SetRGBA(x, y, mean(band, left, right))
		}
	}
	return out
}

// mean is the average of columns left to right of a band.
func mean(band *image.RGBA, left, right int) color.RGBA {
	var r, g, b int
	for y := range band.Rect.Dy() {
		row := band.Pix[y*band.Stride+left*4 : y*band.Stride+right*4]
		for i := 0; i < len(row); i += 4 {
			r, g, b = r+int(row[i]), g+int(row[i+1]), b+int(row[i+2])
		}
	}
	n := (right - left) * band.Rect.Dy()
	return color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 255}
}

// upright turns and mirrors a picture as its orientation says.
func upright(src *image.RGBA, orientation int) *image.RGBA {
	if orientation <= 1 {
		return src
	}
	w, h := src.Rect.Dx(), src.Rect.Dy()
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		out = image.NewRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			ox, oy := turned(orientation, x, y, w, h)
			out.SetRGBA(ox, oy, src.RGBAAt(x, y))
		}
	}
	return out
}

// turned is where the pixel of a stored picture of w × h stands when it is looked at.
func turned(orientation, x, y, w, h int) (int, int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}
