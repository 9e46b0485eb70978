package files

import (
	"strings"
	"testing"
)

// TestPDFPages: the root of the page tree tells, whatever the order of its keys; a packed tree tells nothing.
func TestPDFPages(t *testing.T) {
	for text, want := range map[string]int{
		"<</Type/Pages/Kids[3 0 R]/Count 2>> <</Type /Page>> <</Type/Page/Parent 1 0 R>>": 2,
		"<</Count 12/Kids[3 0 R 4 0 R]/Type /Pages>> <</Type/Pages/Kids[5 0 R]/Count 7>>": 12,
		"<</Type/Page /Parent 1 0 R>> <</Type /Page\n>>":                                  2,
		"<</Type/ObjStm/N 5>> stream":                                                     0,
	} {
		if n, err := PDFPages(strings.NewReader(text)); err != nil || n != want {
			t.Errorf("%q has %d pages, %v; want %d", text, n, err, want)
		}
	}
}
