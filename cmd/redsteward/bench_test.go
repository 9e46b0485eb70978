package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBench proves that the command measures each thing and leaves nothing behind; what it measures is for operators, not for tests.
func TestBench(t *testing.T) {
	dir := t.TempDir()
	var out bytes.Buffer
	p := &program{ctx: t.Context(), out: &out, errOut: &out, now: time.Now}
	if code := run(p, []string{"bench", "--dir", dir, "--time", "20ms"}); code != exitOK {
		t.Fatalf("exit %d\n%s", code, out.String())
	}
	if lines := strings.Count(out.String(), "/秒"); lines != 5 {
		t.Errorf("%d figures, want 5\n%s", lines, out.String())
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	for _, args := range [][]string{{"bench", "--time", "0s"}, {"bench", "--dir", filepath.Join(dir, "nothing")}} {
		if code := run(p, args); code != exitInput {
			t.Errorf("%v: exit %d", args, code)
		}
	}
}
