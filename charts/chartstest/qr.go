// Package chartstest reads drawn codes back, for tests only.
package chartstest

import (
	"fmt"
	"image"
	"image/draw"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// ReadQR reads a drawn code as a camera does, from dots, with a decoder that is not of the encoder's making (ZXing). Returns an error for what is no such drawing or no readable code.
func ReadQR(svg string) (string, error) {
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
