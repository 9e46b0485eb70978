package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Every shipped sheet is right, and a mistake in one is named with its place.
func TestCheckSheets(t *testing.T) {
	names, err := filepath.Glob("../../configs/checklists/*.yaml")
	if err != nil || len(names) != 6 {
		t.Fatal(names, err)
	}
	p := &program{}
	for _, name := range names {
		if kind, _, err := checkFile(name, p); err != nil || !strings.HasPrefix(kind, "走访评价表 ") {
			t.Errorf("%s: %q, %v", name, kind, err)
		}
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte(strings.Replace(string(data), "kind: visit", "kind: check", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := checkFile(bad, p); err == nil || !strings.Contains(err.Error(), "bad.yaml:") || !strings.Contains(err.Error(), "只能是 visit") {
		t.Error(err)
	}
}
