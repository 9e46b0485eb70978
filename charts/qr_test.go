package charts

import (
	"fmt"
	"image"
	"image/draw"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// readQR reads a drawn code as a camera does, from dots, with a decoder that is not of the encoder's making (ZXing).
func readQR(svg string) (string, error) {
	const dots = 4
	var side int
	if _, err := fmt.Sscanf(svg[strings.Index(svg, "viewBox="):], `viewBox="0 0 %d`, &side); err != nil {
		return "", err
	}
	img := image.NewGray(image.Rect(0, 0, side*dots, side*dots))
	draw.Draw(img, img.Bounds(), image.White, image.Point{}, draw.Src)
	for _, run := range strings.Split(svg, "M")[1:] {
		var x, y, width int
		if _, err := fmt.Sscanf(run, "%d %dh%d", &x, &y, &width); err != nil {
			return "", err
		}
		draw.Draw(img, image.Rect(x*dots, y*dots, (x+width)*dots, (y+1)*dots), image.Black, image.Point{}, draw.Src)
	}
	bits, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		return "", err
	}
	found, err := qrcode.NewQRCodeReader().Decode(bits, nil)
	if err != nil {
		return "", err
	}
	return found.GetText(), nil
}

// TestQR: the drawn modules are those of the code and read back, none stands in the margin, and what no code can hold is refused.
func TestQR(t *testing.T) {
	text := "https://example.org/plate?p=" + strings.Repeat("A1b2", 90)
	svg, err := QR(text, "标牌 <1>")
	if err != nil {
		t.Fatal(err)
	}
	code, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		t.Fatal(err)
	}
	dark, drawn := 0, 0
	size := code.Bounds().Dx()
	for y := range size {
		for x := range size {
			if r, _, _, _ := code.At(x, y).RGBA(); r == 0 {
				dark++
			}
		}
	}
	for _, run := range strings.Split(string(svg), "M")[1:] {
		var x, y, width int
		if _, err := fmt.Sscanf(run, "%d %dh%d", &x, &y, &width); err != nil || x < qrQuiet || y < qrQuiet || x+width > size+qrQuiet || y >= size+qrQuiet {
			t.Fatalf("%s: %v", run, err)
		}
		drawn += width
	}
	if dark == 0 || drawn != dark || !strings.Contains(string(svg), "标牌 &lt;1&gt;") {
		t.Errorf("%d modules are dark, %d drawn", dark, drawn)
	}
	if read, err := readQR(string(svg)); err != nil || read != text {
		t.Errorf("the drawn code reads %q: %v", read, err)
	}
	if _, err := QR(strings.Repeat("x", 3000), "too long"); err == nil {
		t.Error("a text of 3,000 bytes was drawn")
	}
}
