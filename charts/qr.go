package charts

import (
	"html"
	"image/color"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// qrQuiet is the white margin that a QR code needs on each side, in modules.
const qrQuiet = 4

// QR draws a text as a QR code that still reads with up to 15 % of it gone, with its white margin; title says what it holds. The text is taken byte by byte. Returns the error of the encoder for a text that no code can hold.
func QR(text, title string) (SVG, error) {
	code, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		return "", err
	}
	size := code.Bounds().Dx()
	all := strconv.Itoa(size + 2*qrQuiet)
	var b strings.Builder
	b.WriteString(`<svg class="qr" viewBox="0 0 ` + all + " " + all + `" role="img"><title>` + html.EscapeString(title) + `</title><path d="`)
	for y := range size {
		for x := 0; x < size; x++ {
			from := x
			for x < size && code.At(x, y) == color.Black {
				x++
			}
			if x > from {
				width := strconv.Itoa(x - from)
				b.WriteString("M" + strconv.Itoa(from+qrQuiet) + " " + strconv.Itoa(y+qrQuiet) + "h" + width + "v1h-" + width + "z")
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return SVG(b.String()), nil
}
