package backup

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// TestDrill: the newest result counts; one that passed must be signed by the key of the log, and no word of it can be changed.
func TestDrill(t *testing.T) {
	dir := t.TempDir()
	signer, key, err := journal.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	sign := func(text string) (string, error) { return journal.SignText(signer, text) }
	if _, err := LastDrill(dir, key); !fault.Is(err, fault.NotFound) {
		t.Errorf("none: %v", err)
	}
	at := time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	failed := Drill{At: at, Why: "文件少了"}
	passed := Drill{At: at.Add(time.Hour), Record: 7, OK: true, Key: key}
	if err := failed.Keep(dir, nil); err != nil {
		t.Fatal(err)
	}
	if d, err := LastDrill(dir, key); err != nil || d.OK || d.Why != "文件少了" {
		t.Errorf("%+v %v", d, err)
	}
	if err := passed.Keep(dir, nil); err == nil {
		t.Error("a drill that passed was kept without signature")
	}
	if err := passed.Keep(dir, sign); err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{key, ""} {
		if d, err := LastDrill(dir, by); err != nil || !d.OK || d.Record != 7 {
			t.Errorf("by %q: %+v %v", by, d, err)
		}
	}
	_, other, err := journal.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LastDrill(dir, other); !fault.Is(err, fault.Invalid) {
		t.Errorf("signed by another: %v", err)
	}
	name := filepath.Join(dir, "drill-20261019T020000Z.txt")
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for from, to := range map[string]string{`"record":7`: `"record":8`, "\n\n": "\n\n-\n"} {
		if err := os.WriteFile(name, []byte(strings.Replace(string(data), from, to, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := LastDrill(dir, key); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q made %q: %v", from, to, err)
		}
	}
}
