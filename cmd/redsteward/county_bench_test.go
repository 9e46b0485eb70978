package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/valyala/fasthttp"
	"golang.org/x/net/html"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// county is the demonstration county, or its small sister with -short, served for a benchmark: to the public as the program does, and to its people by their role, whose signing in is another matter.
type county struct {
	*service
	clock *movedClock
	// base is the address for the public, inside that for people.
	base, inside string
	people       map[policy.Role]policy.Actor
	read         *readCounter
	stars        *archivedStars
	shown        web.Evaluation
}

func servedCounty(b *testing.B) *county {
	b.Helper()
	size := wholeCounty()
	if testing.Short() {
		size = smallCounty()
	}
	result, _, dir := loadedCounty(b, size)
	settings, err := loadConfig("", nil, []string{"store.uri=" + dir, "business_clock=" + demoStart, "listen=127.0.0.1:0", "tls.mode=off", "metrics=", "log.level=warn"})
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	p := &program{ctx: ctx, out: io.Discard, errOut: os.Stderr, now: time.Now}
	c := &county{clock: &movedClock{now: mustTime(demoStart)}, people: map[policy.Role]policy.Actor{}, read: &readCounter{}}
	if c.service, err = openServiceAs(p, settings, opening{business: c.clock.Now, around: c.read.around}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := c.close(); err != nil {
			b.Error(err)
		}
	})
	c.stars = &archivedStars{archive: c.archive, subject: "小区", newest: c.newestYear, published: c.cycle.Published}
	if c.shown, err = c.stars.Latest(ctx); err != nil {
		b.Fatal(err)
	}
	for _, row := range result.accounts {
		if c.people[policy.Role(row[0])], err = c.accounts.ActorOf(ctx, row[0]); err != nil {
			b.Fatal(err)
		}
	}
	c.base = served(b, c.service, p)
	c.inside = servedFor(b, c.service, c.people)
	return c
}

// readCounter counts the records and states that are read from the store to be decoded, and their bytes.
type readCounter struct {
	store.Engine
	count, bytes atomic.Int64
}

func (r *readCounter) around(e store.Engine) store.Engine {
	r.Engine = e
	return r
}

func (r *readCounter) saw(bytes int) {
	if bytes > 0 {
		r.count.Add(1)
		r.bytes.Add(int64(bytes))
	}
}

func (r *readCounter) sawRecords(list []journal.Record, err error) ([]journal.Record, error) {
	for _, one := range list {
		r.saw(len(one.Sealed))
	}
	return list, err
}

// Head, Heads, History, List and Each implement store.Engine.
func (r *readCounter) Head(ctx context.Context, stream string) (journal.Record, error) {
	one, err := r.Engine.Head(ctx, stream)
	r.saw(len(one.Sealed))
	return one, err
}

func (r *readCounter) Heads(ctx context.Context, streams []string) ([]journal.Record, error) {
	return r.sawRecords(r.Engine.Heads(ctx, streams))
}

func (r *readCounter) History(ctx context.Context, stream string, afterSeq int64, limit int) ([]journal.Record, error) {
	return r.sawRecords(r.Engine.History(ctx, stream, afterSeq, limit))
}

func (r *readCounter) List(ctx context.Context, q store.ListQuery) ([]store.Row, error) {
	rows, err := r.Engine.List(ctx, q)
	for _, one := range rows {
		r.saw(len(one.State))
	}
	return rows, err
}

func (r *readCounter) Each(ctx context.Context, kind, after string, parts store.Parts, f func(store.Row) error) error {
	return r.Engine.Each(ctx, kind, after, parts, func(one store.Row) error {
		r.saw(len(one.State))
		return f(one)
	})
}

// BenchmarkCounty loads the demonstration county once and asks it everything of which design §8 has a figure; the last part publishes a quarter.
func BenchmarkCounty(b *testing.B) {
	c := servedCounty(b)
	b.Run("public", c.public)
	b.Run("lists", c.lists)
	b.Run("todo", func(b *testing.B) {
		c.slowest(b, func(*testing.B, policy.Role) []string { return []string{"/todo"} })
	})
	b.Run("coach", func(b *testing.B) { c.slowest(b, c.coaches) })
	b.Run("readings", c.readings)
	b.Run("publication", c.publication)
}

// public asks every public page and its declared filters with 8 clients, warm (bar: p95 20 ms).
func (c *county) public(b *testing.B) {
	var page, file time.Duration
	for range b.N {
		var told []string
		for _, path := range publicPaths(b, c.stars, c.shown) {
			crowd(b, c.base, path, "", 1, 50*time.Millisecond) // warm
			p95 := crowd(b, c.base, path, "", 8, 300*time.Millisecond)
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
}

// lists asks the lists to which the navigation leads some people, as they open and with each filter that their forms declare, with 8 clients, warm (bar: p95 20 ms).
func (c *county) lists(b *testing.B) {
	logins := []policy.Role{"property-officer", "dispatcher", "inspector", "firm-manager"}
	for range b.N {
		type asked struct {
			name string
			p95  time.Duration
		}
		var all []asked
		for _, login := range logins {
			if _, known := c.people[login]; !known {
				b.Fatalf("nobody is %s", login)
			}
			for _, path := range listAddresses(b, login, c.inside) {
				crowd(b, c.inside, path, login, 1, 0) // warm
				all = append(all, asked{string(login) + " " + path, crowd(b, c.inside, path, login, 8, 100*time.Millisecond)})
			}
		}
		slices.SortFunc(all, func(x, y asked) int { return cmp.Compare(y.p95, x.p95) })
		held := 0
		for _, a := range all {
			if a.p95 <= 20*time.Millisecond {
				held++
			}
		}
		b.ReportMetric(float64(all[0].p95.Microseconds())/1000, "slowest-p95-ms")
		b.ReportMetric(float64(all[len(all)/2].p95.Microseconds())/1000, "middle-p95-ms")
		b.ReportMetric(float64(len(all)), "addresses")
		b.ReportMetric(float64(held)*100/float64(len(all)), "%-within-20-ms")
		var told []string
		for _, a := range all[:min(20, len(all))] {
			told = append(told, fmt.Sprintf("%s %.1f", a.name, float64(a.p95.Microseconds())/1000))
		}
		b.Log("slowest in ms: " + strings.Join(told, "; "))
	}
}

// listAddresses are the pages with filters that somebody's navigation and to-do page lead to, each as it opens and with one value of each filter.
func listAddresses(b *testing.B, login policy.Role, base string) (out []string) {
	b.Helper()
	page := func(path string) *html.Node {
		status, body := askAs(b, login, base+path)
		if status != http.StatusOK {
			return nil
		}
		root, err := html.Parse(strings.NewReader(body))
		if err != nil {
			b.Fatal(path, err)
		}
		return root
	}
	of := func(n *html.Node, name string) string {
		for _, a := range n.Attr {
			if a.Key == name {
				return a.Val
			}
		}
		return ""
	}
	seen := map[string]bool{}
	start := page("/todo")
	if start == nil {
		b.Fatalf("%s has no to-do page", login)
	}
	for link := range start.Descendants() {
		path := of(link, "href")
		if link.Data != "a" || !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "?#.") || seen[path] {
			continue
		}
		seen[path] = true
		root := page(path)
		if root == nil {
			continue
		}
		for form := range root.Descendants() {
			if form.Data != "form" || !slices.Contains(strings.Fields(of(form, "class")), "filter") || of(form, "method") != "get" || of(form, "action") != path {
				continue
			}
			out = append(out, path)
			for field := range form.Descendants() {
				name, value := of(field, "name"), ""
				switch {
				case field.Data == "select":
					for option := range field.Descendants() {
						if v := of(option, "value"); option.Data == "option" && v != "" && value == "" {
							value = v
						}
					}
				case field.Data == "input" && of(field, "type") == "search":
					value = "花园"
				}
				if name != "" && value != "" {
					out = append(out, path+"?"+url.Values{name: {value}}.Encode())
				}
			}
		}
	}
	if len(out) == 0 {
		b.Fatalf("%s has no list", login)
	}
	return out
}

// slowest opens some pages of every account and tells the 95th percentile of the slowest.
func (c *county) slowest(b *testing.B, pages func(b *testing.B, login policy.Role) []string) {
	const asks = 40
	var worst time.Duration
	name := ""
	for range b.N {
		for login := range c.people {
			for _, path := range pages(b, login) {
				times := make([]time.Duration, asks)
				for i := range times {
					begun := time.Now()
					if status, _ := askAs(b, login, c.inside+path); status != http.StatusOK {
						b.Fatalf("%s at %s: %d", login, path, status)
					}
					times[i] = time.Since(begun)
				}
				slices.Sort(times)
				if p95 := times[asks*95/100]; p95 > worst {
					worst, name = p95, string(login)+" at "+path
				}
			}
		}
	}
	b.ReportMetric(float64(worst.Microseconds())/1000, "slowest-p95-ms")
	b.Logf("slowest: %s", name)
}

// coaches are the pages of the coach for each compound of the manager of a firm: the search for the least effort and what would lose the star, each from the register as it is now.
func (c *county) coaches(b *testing.B, login policy.Role) (paths []string) {
	if login != "firm-manager" {
		return nil
	}
	rows, _, err := c.cycle.Coaches(b.Context(), c.people[login], "", 0, 0)
	if err != nil || len(rows) == 0 {
		b.Fatalf("%d compounds, %v", len(rows), err)
	}
	for i := range rows {
		paths = append(paths, "/coach/"+rows[i].Project)
	}
	return paths
}

// readings reads what every source of facts tells of a year from the folder, one source after the other. It tells how many records and states were read and decoded for that (bar: 80,000 a second, of documents of 684 bytes;
// BenchmarkDecode of the engine reads such), how large they are, and how many readings came of them.
func (c *county) readings(b *testing.B) {
	today := calendar.DateOf(c.clocks.Business())
	upTo, err := c.db.Engine().LastN(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	told := map[string]string{}
	readings := 0
	count, bytes := c.read.count.Load(), c.read.bytes.Load()
	for b.Loop() {
		readings = 0
		for _, source := range c.sources() {
			begun, n, before := time.Now(), 0, c.read.count.Load()
			if err := source.EachReading(b.Context(), calendar.Span{First: today.Add(-365), Last: today}, c.clocks.Business(), upTo, func(supervision.Reading) error {
				n++
				return nil
			}); err != nil {
				b.Fatal(err)
			}
			readings += n
			told[source.Source()] = fmt.Sprintf("%s %d of %d records in %v", source.Source(), n, c.read.count.Load()-before, time.Since(begun).Round(time.Microsecond))
		}
	}
	count, bytes = c.read.count.Load()-count, c.read.bytes.Load()-bytes
	b.Log(strings.Join(slices.Sorted(maps.Values(told)), "; "))
	b.ReportMetric(float64(readings), "readings")
	b.ReportMetric(float64(count)/float64(b.N), "records")
	b.ReportMetric(float64(count)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(bytes)/float64(count), "bytes/record")
	b.ReportMetric(float64(bytes)/1e6/b.Elapsed().Seconds(), "MB/s")
}

// publication publishes the quarter that waits and asks for the board and a firm in the second after it (bar: p95 50 ms).
func (c *county) publication(b *testing.B) {
	const quarter = "2026Q3"
	s, ctx := c.service, b.Context()
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
	c.clock.move(mustTime(demoStart).Add(14 * 24 * time.Hour))
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
	both.Go(func() { board = crowd(b, c.base, "/", "", 4, time.Second) })
	both.Go(func() { firm = crowd(b, c.base, firmPath(c.shown.Firms[0]), "", 4, time.Second) })
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

// crowd asks a page from so many clients for a while, as somebody whom doors knows or as nobody, and returns the 95th percentile of one request.
func crowd(b *testing.B, base, path string, login policy.Role, clients int, lasts time.Duration) time.Duration {
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
			if login != "" {
				req.Header.SetCookie("rs_session", string(login))
			}
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
