package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
)

// countyProjects is how many projects a county has (CONTRIBUTING, Bytes).
const countyProjects = 129

// BenchmarkStart starts the real program on a data folder with a rated county and so many further documents, and reports how long it takes until
// the address is told (bar: 1 s with a million documents, design §8), and its memory after some pages (bar: 150 MiB). The anonymous part is
// what the program asked for; the rest are pages of its files, which the system takes back when it needs them.
func BenchmarkStart(b *testing.B) {
	if testing.Short() {
		b.Skip("filling a folder with a million documents takes a minute")
	}
	command := builtCommand(b)
	for _, size := range []struct {
		name  string
		count int
	}{{"county", 120_000}, {"million", 1_000_000}} {
		b.Run(size.name, func(b *testing.B) {
			dir := filledFolder(b, size.count)
			var slowest time.Duration
			var first time.Duration
			var memory, anonymous int
			for b.Loop() {
				begun := time.Now()
				r := startProgram(b, command, "serve", "--set", "listen=127.0.0.1:0", "--set", "tls.mode=off", "--set", "metrics=", "--set", "store.uri="+dir)
				slowest = max(slowest, time.Since(begun))
				asked := time.Now()
				r.get(b, "/")
				first = max(first, time.Since(asked))
				for _, path := range []string{"/firms", "/method", "/open", "/stars.csv", "/api/v1/stars", "/?sort=name&q=1"} {
					if status, _ := r.get(b, path); status != 200 {
						b.Fatal(path, status)
					}
				}
				memory, anonymous = max(memory, statusKB(b, r, "VmRSS")), max(anonymous, statusKB(b, r, "RssAnon"))
				r.stop(b)
			}
			b.ReportMetric(slowest.Seconds(), "start-s")
			b.ReportMetric(float64(first.Microseconds())/1000, "first-page-ms")
			b.ReportMetric(float64(memory)/1024, "rss-MiB")
			b.ReportMetric(float64(anonymous)/1024, "anonymous-MiB")
		})
	}
}

// statusKB reads one figure of the kernel about a running program, in KiB.
func statusKB(b *testing.B, r *running, name string) int {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", r.cmd.Process.Pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, name+":"); found {
			n, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("the kernel does not tell %s", name)
	return 0
}

// filledFolder makes a data folder with a rated county and count further documents of about 400 bytes, each with its record and two list entries.
func filledFolder(b *testing.B, count int) string {
	b.Helper()
	dir := filepath.Join(b.TempDir(), "data")
	s, p := openedServiceIn(b, dir)
	if err := s.rateDemo(p, demoRowsOf(b, 1, countyProjects)); err != nil {
		b.Fatal(err)
	}
	if err := s.close(); err != nil {
		b.Fatal(err)
	}
	// Past the collections: what is measured is the start, and sealing a million records is not.
	e, err := sqlite.Open(b.Context(), dir, sqlite.Options{Relaxed: true})
	if err != nil {
		b.Fatal(err)
	}
	if err := e.Declare(b.Context(), "matter", []string{"due", "community"}); err != nil {
		b.Fatal(err)
	}
	state := []byte(`{"title":"` + strings.Repeat("楼道堆物", 30) + `"}`)
	sealed := bytes.Repeat([]byte("s"), 600)
	var next atomic.Int64
	var writers sync.WaitGroup
	for range 128 { // as many as share one transaction
		writers.Go(func() {
			for i := next.Add(1); i <= int64(count); i = next.Add(1) {
				stream, err := journal.StreamKey("matter", strconv.FormatInt(i, 10))
				if err == nil {
					_, err = e.Commit(context.Background(), &store.Commit{Stream: stream, Seq: 1, ID: journal.RecordID(stream, 1), Version: journal.Version, Sealed: sealed,
						Doc: store.Document{Kind: "matter", Row: store.Row{State: state, At: i}, Entries: []store.Entry{
							{Index: "due", Sort: store.SortInt(i * 7919 % 1000)}, {Index: "community", Key: "c:" + strconv.FormatInt(i%13, 10), Sort: store.SortInt(i)}}}})
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	if err := e.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}
