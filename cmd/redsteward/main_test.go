package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"redsteward/internal/store"
	"redsteward/internal/store/mongo/mongotest"
)

// TestMain removes what was built for the tests, here and for the MongoDB test server. In a child of startWatched it becomes the watched program.
func TestMain(m *testing.M) {
	if os.Getenv(diskVariable) != "" {
		if err := becomeWatched(os.Args[1:]); err != nil {
			// What cannot be watched runs as it is; the parent sees the end of the third descriptor.
			fmt.Fprintln(os.Stderr, err)
			_ = errors.Join(syscall.Close(3), os.Unsetenv(diskVariable))
			fmt.Fprintln(os.Stderr, syscall.Exec(os.Args[1], os.Args[1:], os.Environ()))
			os.Exit(1)
		}
	}
	code := mongotest.Main(m)
	if builtFolder != "" {
		_ = os.RemoveAll(builtFolder)
	}
	os.Exit(code)
}

// askProgram runs one command line on the date given, in this process.
func askProgram(t *testing.T, now time.Time, env []string, args ...string) (text string, code int) {
	t.Helper()
	var out bytes.Buffer
	p := &program{ctx: t.Context(), out: &out, errOut: &out, env: env, now: func() time.Time { return now }}
	code = run(p, args)
	return out.String(), code
}

// october is a day on which no holidays are missing.
var october = time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)

// demoFolder makes a data folder with the dozen rows of the repository.
func demoFolder(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	text, code := askProgram(t, october, nil, "demo", "--rentsafe", "--once", "--data", dir)
	if code != exitOK {
		t.Fatalf("demo: exit %d\n%s", code, text)
	}
	return dir
}

// makeMasterKey creates a master key in a folder.
func makeMasterKey(t *testing.T, dir string) {
	t.Helper()
	_, err := store.MasterKeyFile(dir, true)
	if err != nil {
		t.Fatal(err)
	}
}

// asked runs a command line and wants an exit code and some words.
func asked(t *testing.T, env []string, exit int, words string, args ...string) string {
	t.Helper()
	text, code := askProgram(t, october, env, args...)
	if code != exit || !strings.Contains(text, words) {
		t.Fatalf("%v: exit %d, want %d and %q\n%s", args, code, exit, words, text)
	}
	return text
}
