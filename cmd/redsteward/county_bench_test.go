package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
)

// BenchmarkCountyPages asks every public page of the demonstration county and its declared filters with 8 clients, warm (bar: p95 20 ms, design §8), and then the board and a
// firm in the second after a quarter was published (bar: p95 50 ms). It loads the county, or its small sister with -short.
func BenchmarkCountyPages(b *testing.B) {
	size := wholeCounty()
	if testing.Short() {
		size = smallCounty()
	}
	_, _, dir := loadedCounty(b, size)
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir, "business_clock=" + demoStart, "listen=127.0.0.1:0", "tls.mode=off", "metrics=", "log.level=warn"})
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	p := &program{ctx: ctx, out: io.Discard, errOut: os.Stderr, now: time.Now}
	clock := &movedClock{now: mustTime(demoStart)}
	s, err := openServiceAs(p, settings, opening{business: clock.Now})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.close(); err != nil {
			b.Error(err)
		}
	})
	stars := &archivedStars{archive: s.archive, subject: "小区", newest: s.newestYear, published: s.cycle.Published}
	shown, err := stars.Latest(ctx)
	if err != nil {
		b.Fatal(err)
	}
	base := served(b, s, p)
	paths := publicPaths(b, stars, shown)
	var page, file time.Duration
	for range b.N {
		var told []string
		for _, path := range paths {
			crowd(b, base, path, 1, 50*time.Millisecond) // warm
			p95 := crowd(b, base, path, 8, 300*time.Millisecond)
			told = append(told, fmt.Sprintf("%s %.2f", path, float64(p95.Microseconds())/1000))
			if strings.Contains(path, ".csv") || strings.Contains(path, ".xlsx") {
				file = max(file, p95)
			} else {
				page = max(page, p95)
			}
		}
		b.Log("p95 in ms: " + strings.Join(told, "; ")) // of more lines only some are shown
	}
	b.ReportMetric(float64(page.Microseconds())/1000, "warm-p95-ms")
	b.ReportMetric(float64(file.Microseconds())/1000, "file-p95-ms")

	const quarter = "2026Q3"
	by := func(login string) policy.Actor {
		a, err := s.accounts.ActorOf(ctx, login)
		if err != nil {
			b.Fatal(err)
		}
		return a
	}
	// The objections that wait are without ground; then the window has passed.
	waiting, err := s.cycle.Objections().List(ctx, by(loginOf("deputy_director", 1)), casework.Filter{}, quarter, true, "")
	if err != nil {
		b.Fatal(err)
	}
	for _, o := range waiting.Docs {
		if _, err := s.cycle.Objections().Do(ctx, by(loginOf("deputy_director", 1)), casework.At{ID: o.ID, Seq: o.Seq}, cycle.ObjectionRefuse, casework.Input{Text: "经核对，事实没有变化"}); err != nil {
			b.Fatal(err)
		}
	}
	clock.move(mustTime(demoStart).Add(14 * 24 * time.Hour))
	made, err := s.cycle.Period(ctx, by("property-officer"), quarter)
	if err != nil {
		b.Fatal(err)
	}
	sent, err := s.cycle.Send(ctx, by("property-officer"), quarter, made.Evaluation)
	if err != nil {
		b.Fatal(err)
	}
	for _, role := range []policy.Role{"section_chief", "deputy_director"} {
		password, err := s.demoPassword(ctx, role)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.cycle.Sign(ctx, by(loginOf(role, 0)), quarter, policy.Sign{Move: policy.MoveAgree, SubjectHash: sent.Approval.SubjectHash}, password); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := s.cycle.Publish(ctx, by("section-chief"), quarter, made.Evaluation, ""); err != nil {
		b.Fatal(err)
	}
	var board, firm time.Duration
	var both sync.WaitGroup
	both.Go(func() { board = crowd(b, base, "/", 4, time.Second) })
	both.Go(func() { firm = crowd(b, base, firmPath(shown.Firms[0]), 4, time.Second) })
	both.Wait()
	b.ReportMetric(float64(max(board, firm).Microseconds())/1000, "first-second-p95-ms")
}

func firmPath(f web.Firm) string { return "/firms/" + url.PathEscape(f.ID) }

// served lets a service answer until the benchmark ends and returns its address.
func served(b *testing.B, s *service, p *program) string {
	b.Helper()
	address, done := make(chan string, 1), make(chan error, 1)
	go func() { done <- s.serve(p, "演示数据", "小区", func(a string) { address <- a }) }()
	select {
	case base := <-address:
		b.Cleanup(func() {
			if err := <-done; err != nil { // the benchmark's context has ended
				b.Error(err)
			}
		})
		return base
	case err := <-done:
		b.Fatal(err)
		return ""
	}
}

// publicPaths are the public pages with each declared filter and sort.
func publicPaths(b *testing.B, stars *archivedStars, shown web.Evaluation) []string {
	b.Helper()
	var first web.Row
	for row, err := range stars.Rows(b.Context(), shown.ID) {
		if err != nil {
			b.Fatal(err)
		}
		first = row
		break
	}
	firm := firmPath(shown.Firms[0])
	paths := []string{"/", "/?q=hua", "/?q=" + url.QueryEscape("花园"), "/?grade=" + shown.Grades[1].ID, "/?f1=" + url.QueryEscape(first.Facets[0]), "/?f2=" + url.QueryEscape(first.Facets[1]), "/?sort=name", "/?sort=firm&desc=1", "/?sort=grade",
		"/stars/" + url.PathEscape(first.ID), "/stars/" + url.PathEscape(first.ID) + "?only=lost", "/firms", "/firms?q=wuye", firm, firm + "?q=hua", firm + "?sort=weight", firm + "?sort=name&desc=1", firm + "?grade=" + shown.Grades[1].ID,
		"/circulars", "/circulars/2026Q2", "/method", "/open", "/help", "/signin", "/stars.csv", "/circulars/2026Q2/scores.csv", firm + "/projects.xlsx", "/api/v1/stars"}
	return paths
}

// crowd asks a page from so many clients for a while and returns the 95th percentile of one request.
func crowd(b *testing.B, base, path string, clients int, lasts time.Duration) time.Duration {
	b.Helper()
	client := &fasthttp.HostClient{Addr: strings.TrimPrefix(base, "http://"), MaxConns: clients, MaxIdemponentCallAttempts: 1, DisablePathNormalizing: true}
	defer client.CloseIdleConnections()
	times := make([][]time.Duration, clients)
	begun := time.Now()
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			req, answer := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			defer fasthttp.ReleaseRequest(req)
			defer fasthttp.ReleaseResponse(answer)
			req.SetRequestURI(base + path)
			req.Header.Set("Accept-Encoding", "gzip")
			for first := true; first || time.Since(begun) < lasts; first = false { // each asks once, however late it was let run
				asked := time.Now()
				if err := client.Do(req, answer); err != nil || answer.StatusCode() != fasthttp.StatusOK {
					b.Errorf("%s: %d %v", path, answer.StatusCode(), err)
					return
				}
				times[i] = append(times[i], time.Since(asked))
			}
		})
	}
	all.Wait()
	flat := slices.Concat(times...)
	if len(flat) == 0 {
		b.Fatalf("%s: no answer", path)
	}
	slices.Sort(flat)
	return flat[len(flat)*95/100]
}
