package web_test

import (
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"redsteward/internal/web/browsertest"
)

// load asks an address from clients connections for a while and returns requests per second and the 95th percentile of one request.
func load(b *testing.B, address, path, coding string, clients int, lasts time.Duration) (perSecond float64, p95 time.Duration) {
	b.Helper()
	client := &fasthttp.HostClient{Addr: strings.TrimPrefix(address, "http://"), MaxConns: clients, MaxIdemponentCallAttempts: 1,
		DisablePathNormalizing: true} // an id may hold an escaped slash
	defer client.CloseIdleConnections()
	var done atomic.Int64
	var all sync.WaitGroup
	times := make([][]time.Duration, clients)
	begun := time.Now()
	for i := range clients {
		all.Go(func() {
			req, resp := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			defer fasthttp.ReleaseRequest(req)
			defer fasthttp.ReleaseResponse(resp)
			req.SetRequestURI(address + path)
			req.Header.Set("Accept-Encoding", coding)
			for first := true; first || time.Since(begun) < lasts; first = false { // each asks once, however late it was let run
				asked := time.Now()
				if err := client.Do(req, resp); err != nil || resp.StatusCode() != fiber.StatusOK {
					b.Errorf("%s: %d %v", path, resp.StatusCode(), err)
					return
				}
				times[i] = append(times[i], time.Since(asked))
				done.Add(1)
			}
		})
	}
	all.Wait()
	flat := slices.Concat(times...)
	if len(flat) == 0 {
		b.Fatalf("%s: no answer", path)
	}
	slices.Sort(flat)
	return float64(done.Load()) / time.Since(begun).Seconds(), flat[len(flat)*95/100]
}

// constant serves bytes that never change with Fiber alone: the best that any page could do.
func constant(b *testing.B, body []byte) string {
	b.Helper()
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/", func(c *fiber.Ctx) error {
		c.Response().SetBodyRaw(body)
		return nil
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = app.Listener(l) }()
	b.Cleanup(func() { _ = app.Shutdown() })
	return "http://" + l.Addr().String()
}

// BenchmarkRankingPage compares the board with constant bytes of the same size, taking short turns in one run (bar: 70 %, design §8):
// as every browser asks for it, compressed, and as a plain client does.
func BenchmarkRankingPage(b *testing.B) {
	f := start(b, 129)
	for _, coding := range []string{"gzip", "identity"} {
		b.Run(coding, func(b *testing.B) {
			body := newPerson(b, f).get(b, "/", "Accept-Encoding", coding).body
			plain := constant(b, []byte(body))
			const clients, turns, turn = 64, 10, 200 * time.Millisecond
			var ratios, pages, constants []float64
			var p95 time.Duration
			for range b.N * turns {
				c, _ := load(b, plain, "/", coding, clients, turn)
				r, at95 := load(b, f.Base, "/", coding, clients, turn)
				ratios, pages, constants, p95 = append(ratios, r/c), append(pages, r), append(constants, c), max(p95, at95)
			}
			middle := func(x []float64) float64 { slices.Sort(x); return x[len(x)/2] }
			b.ReportMetric(middle(ratios)*100, "%-of-constant")
			b.ReportMetric(middle(pages), "pages/s")
			b.ReportMetric(middle(constants), "constant/s")
			b.ReportMetric(float64(len(body)), "bytes")
			b.ReportMetric(float64(p95.Microseconds())/1000, "p95-ms")
		})
	}
}

// BenchmarkFilters asks every declared filter with 8 clients (bar: county 20 ms, province 100 ms). Each page is asked warm and, with a name that
// nobody searched before, cold.
func BenchmarkFilters(b *testing.B) {
	for _, size := range []struct {
		name  string
		count int
	}{{"county", 129}, {"province", 10_000}} {
		b.Run(size.name, func(b *testing.B) {
			f := start(b, size.count)
			newPerson(b, f).get(b, "/")
			var worst time.Duration
			for range b.N {
				for _, path := range []string{"/", "/?q=wh", "/?grade=five", "/?f1=%E8%A5%BF%E6%B9%96%E7%A4%BE%E5%8C%BA&sort=firm", "/?sort=name&desc=1", "/firms", star(7), "/method"} {
					_, p95 := load(b, f.Base, path, "gzip", 8, 300*time.Millisecond)
					worst = max(worst, p95)
				}
			}
			b.ReportMetric(float64(worst.Microseconds())/1000, "warm-p95-ms")
			p := newPerson(b, f)
			var cold []time.Duration
			for i := range 40 {
				begun := time.Now()
				p.get(b, "/?sort=firm&q="+string(rune('a'+i%26))+string(rune('a'+i/26)))
				cold = append(cold, time.Since(begun))
			}
			slices.Sort(cold)
			b.ReportMetric(float64(cold[len(cold)*95/100].Microseconds())/1000, "cold-p95-ms")
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.HeapAlloc)/(1<<20), "heap-MiB")
		})
	}
}

// BenchmarkBoards asks the bureau's boards of 129 compounds over six published quarters with 8 clients, warm (bar: 100 ms), and says what the first who asks waits.
func BenchmarkBoards(b *testing.B) {
	c := browsertest.StartCounty(b, engine(b), time.Now, browsertest.CountyFiles{RolesConf: readConfig(b, "roles.conf"), RolesCSV: readConfig(b, "roles.csv"), Chains: readConfig(b, "approvals.yaml"), Ranges: readConfig(b, "ranges.yaml"),
		Quarter: readConfig(b, "schemes/five-goods-quarter.yaml"), Year: readConfig(b, "schemes/five-goods-year.yaml"), Size: 129, Before: 5}, b.TempDir(), nil)
	p := newPerson(b, &browsertest.Fixture{Base: c.Base, DB: c.DB})
	p.signIn(b, "officer")
	begun := time.Now()
	p.get(b, "/boards")
	b.ReportMetric(float64(time.Since(begun).Microseconds())/1000, "first-ms")
	for _, page := range []struct{ name, path string }{{"page", "/boards"}, {"chart", "/boards/heat.json"}, {"list", "/boards/rows?move=up"}, {"excel", "/boards.xlsx"}} {
		all := crowdOf(b, p, page.path, 8, 10*b.N)
		b.ReportMetric(float64(all[len(all)*95/100].Microseconds())/1000, page.name+"-p95-ms")
		b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, page.name+"-median-ms")
	}
}

// crowdOf opens a page so often from each of some clients of one person, once before, and returns how long each took, in order.
func crowdOf(b *testing.B, p *person, path string, clients, times int) (all []time.Duration) {
	b.Helper()
	if clients > 1 {
		p.get(b, path)
	}
	var lock sync.Mutex
	var asking sync.WaitGroup
	for range clients {
		asking.Go(func() {
			for range times {
				asked := time.Now()
				a := p.get(b, path)
				lock.Lock()
				if all = append(all, time.Since(asked)); a.StatusCode != fiber.StatusOK {
					b.Errorf("%s: %d", path, a.StatusCode)
				}
				lock.Unlock()
			}
		})
	}
	asking.Wait()
	slices.Sort(all)
	return all
}
