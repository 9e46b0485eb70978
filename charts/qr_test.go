package charts_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/boombuler/barcode/qr"

	"redsteward/charts"
	"redsteward/charts/chartstest"
)

// qrQuiet is the white margin that a code needs on each side, in modules (ISO/IEC 18004).
const qrQuiet = 4

// TestQR: the drawn modules are those of the code and read back, none stands in the margin, and what no code can hold is refused.
func TestQR(t *testing.T) {
	text := "https://example.org/plate?p=" + strings.Repeat("A1b2", 90)
	svg, err := charts.QR(text, "标牌 <1>")
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
	if read, err := chartstest.ReadQR(string(svg)); err != nil || read != text {
		t.Errorf("the drawn code reads %q: %v", read, err)
	}
	if _, err := charts.QR(strings.Repeat("x", 3000), "too long"); err == nil {
		t.Error("a text of 3,000 bytes was drawn")
	}
}
