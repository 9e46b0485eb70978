package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"redsteward/configs"
	"redsteward/internal/fault"
	"redsteward/internal/web"
)

// openedService opens a service on a fresh folder, and closes it with the test.
func openedService(t testing.TB) (*service, *program) {
	t.Helper()
	s, p := openedServiceIn(t, filepath.Join(t.TempDir(), "data"))
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s, p
}

func openedServiceIn(t testing.TB, dir string) (*service, *program) {
	t.Helper()
	p := &program{ctx: t.Context(), out: io.Discard, errOut: io.Discard, now: time.Now}
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir, "listen=127.0.0.1:0", "tls.mode=off", "metrics=", "log.level=warn"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := openService(p, settings, true)
	if err != nil {
		t.Fatal(err)
	}
	return s, p
}

// demoRowsOf is the table of the repository, repeated until it has so many rows, each of a building of its own that is numbered from first.
func demoRowsOf(t testing.TB, first, count int) demoTable {
	t.Helper()
	file, err := configs.Files.ReadFile("demo/" + demoScheme + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	head, rest, _ := strings.Cut(string(file), "\n")
	rows := strings.Split(strings.TrimSpace(rest), "\n")
	var b bytes.Buffer
	b.WriteString(head + "\n")
	for i := range count {
		_, cells, _ := strings.Cut(rows[i%len(rows)], ",")
		b.WriteString(strconv.Itoa(first+i) + "," + cells + "\n")
	}
	return demoTable{facts: b.Bytes(), source: fmt.Sprint("rows from ", first)}
}

// TestArchivedStars: the newest evaluation is shown with all its rows and firms, and the one before it can still be read, because its board
// is shown until the new one is ready.
func TestArchivedStars(t *testing.T) {
	s, p := openedService(t)
	stars := &archivedStars{archive: s.archive, subject: "建筑"}
	ctx := t.Context()
	if _, err := stars.Latest(ctx); !fault.Is(err, fault.NotFound) {
		t.Fatal("nothing rated:", err)
	}
	var made []web.Evaluation
	for i, count := range []int{12, 24, 36} {
		if err := s.rateDemo(p, demoRowsOf(t, 1000*(i+1), count)); err != nil {
			t.Fatal(err)
		}
		e, err := stars.Latest(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := stars.Latest(ctx); err != nil || again.ID != e.ID {
			t.Fatal(again.ID, err)
		}
		ofFirms := 0
		for _, f := range e.Firms {
			ofFirms += f.Count
		}
		rows := 0
		for row, err := range stars.Rows(ctx, e.ID) {
			if err != nil || !strings.HasPrefix(row.ID, strconv.Itoa(i+1)) {
				t.Fatal(row.ID, err)
			}
			rows++
		}
		if rows != count || ofFirms != count {
			t.Errorf("evaluation %d: %d rows, %d in firms, want %d", i, rows, ofFirms, count)
		}
		made = append(made, e)
		if i == 0 {
			continue
		}
		before := made[i-1]
		for row, err := range stars.Rows(ctx, before.ID) {
			if err != nil {
				t.Fatal("the rows of the evaluation before:", err)
			}
			if _, err := stars.Star(ctx, before.ID, row.ID, false); err != nil {
				t.Fatalf("%s of the evaluation before: %v", row.ID, err)
			}
		}
		if _, err := stars.Scheme(ctx, before.ID); err != nil {
			t.Error("the scheme of the evaluation before:", err)
		}
	}
	if _, err := stars.Star(ctx, made[0].ID, "1000", false); !fault.Is(err, fault.NotFound) {
		t.Error("the evaluation before the last two:", err)
	}
}

// publicationRows is how many results the benchmark publishes: as many as there are real inspections.
const publicationRows = 6090

// BenchmarkPublication lets 64 clients ask for the board while a new evaluation is published, and reports the 95th percentile in the second
// after its record was written (bar: 50 ms, design §8), that until all clients see it, and how long this took.
func BenchmarkPublication(b *testing.B) {
	rows := publicationRows
	if testing.Short() {
		rows = 120
	}
	s, p := openedService(b)
	s.ratesTables = true // the board shows what rateDemo makes, not the years of the cycle
	if err := s.rateDemo(p, demoRowsOf(b, 90_000_000, rows)); err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	p.ctx = ctx
	address := make(chan string, 1)
	served := make(chan error, 1)
	go func() { served <- s.serve(p, "", "建筑", func(a string) { address <- a }) }()
	var base string
	select {
	case base = <-address:
	case err := <-served:
		b.Fatal(err)
	}
	var first, until []float64
	var seen time.Duration
	for i := range b.N {
		table := demoRowsOf(b, 10_000_000*(i+1), rows)
		published := make(chan time.Time, 1)
		go func() {
			if err := s.rateDemo(p, table); err != nil {
				b.Error(err)
			}
			published <- time.Now()
		}()
		one, all, took := askUntil(b, base, strconv.Itoa(10_000_000 * (i + 1))[:2], published)
		first, until, seen = append(first, one), append(until, all), max(seen, took)
	}
	b.ReportMetric(slices.Max(first), "first-second-p95-ms")
	b.ReportMetric(slices.Max(until), "until-shown-p95-ms")
	b.ReportMetric(seen.Seconds(), "shown-after-s")
	stop()
	if err := <-served; err != nil {
		b.Error(err)
	}
}

// askUntil asks for the board with 64 clients, over the publication, until each was shown a building whose number begins with mark and the second is over.
func askUntil(b *testing.B, base, mark string, published <-chan time.Time) (firstP95, allP95 float64, shown time.Duration) {
	b.Helper()
	const clients = 64
	// A client that costs little: it shares the processors with what it measures.
	client := &fasthttp.HostClient{Addr: strings.TrimPrefix(base, "http://"), MaxConns: clients, MaxIdemponentCallAttempts: 1}
	defer client.CloseIdleConnections()
	type asked struct {
		at   time.Time
		took time.Duration
		new  bool
	}
	answers := make([][]asked, clients)
	var at time.Time
	done := make(chan struct{})
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			req, answer := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			defer fasthttp.ReleaseRequest(req)
			defer fasthttp.ReleaseResponse(answer)
			req.SetRequestURI(base + "/")
			for {
				select {
				case <-done:
					if n := len(answers[i]); n > 0 && answers[i][n-1].new {
						return
					}
				default:
				}
				begun := time.Now()
				if err := client.Do(req, answer); err != nil || answer.StatusCode() != fasthttp.StatusOK {
					b.Error(answer.StatusCode(), err)
					return
				}
				took := time.Since(begun)
				answers[i] = append(answers[i], asked{begun, took, bytes.Contains(answer.Body(), []byte("/stars/"+mark))})
			}
		})
	}
	at = <-published
	time.Sleep(time.Until(at.Add(time.Second)))
	close(done)
	all.Wait()
	var one, whole []time.Duration
	for _, list := range answers {
		for _, a := range list {
			since := a.at.Sub(at)
			if since < 0 {
				continue
			}
			whole = append(whole, a.took)
			if since < time.Second {
				one = append(one, a.took)
			}
			if !a.new {
				shown = max(shown, since)
			}
		}
	}
	p95 := func(x []time.Duration) float64 {
		if len(x) == 0 { // nobody could begin in that time
			return 0
		}
		slices.Sort(x)
		return float64(x[len(x)*95/100].Microseconds()) / 1000
	}
	return p95(one), p95(whole), shown
}

var _ web.Stars = (*archivedStars)(nil)
