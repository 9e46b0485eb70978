package outside

import (
	"reflect"
	"testing"
	"time"

	"redsteward/internal/fault"
)

// FuzzManifest: a manifest is read or refused with its line, and what is read says the same again when it is written, so that what was signed is what was read.
func FuzzManifest(f *testing.F) {
	m := &Manifest{Site: "某县住建局", Made: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC), Record: 7, Key: "redsteward/log/1+00+x", Files: []File{{"index.html", 3, "00"}, {"stars/a b.html", 0, "ff"}}}
	for _, seed := range []string{"", m.text() + "\nsigned\n", m.text(), "redsteward public 1\nsha256 ed25519\n\n\n", m.text() + "\n\n\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, signature, err := parseManifest(data)
		if err != nil {
			if !fault.Is(err, fault.Invalid) || fault.MessageOf(err) == "" {
				t.Fatal(err)
			}
			return
		}
		again, signed, err := parseManifest([]byte(m.text() + "\n" + signature + "\n"))
		if err != nil || signed != signature || !again.Made.Equal(m.Made.Truncate(time.Second)) {
			t.Fatalf("%+v %q %v", again, signed, err)
		}
		again.Made, m.Made = time.Time{}, time.Time{}
		if !reflect.DeepEqual(again, m) {
			t.Fatalf("%+v\n%+v", again, m)
		}
	})
}
