package web

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/policy/policytest"
	"redsteward/rating/cycle"
)

// options are the least that a server is built from; nobody signs in.
func options(t testing.TB) Options {
	t.Helper()
	return Options{Guard: policy.NewGuard(policytest.Rules(t), policy.TenureTable{}), People: struct{ People }{}, Clocks: policy.Clocks{Business: time.Now, Security: time.Now}, Secret: make([]byte, 32)}
}

func newServer(t testing.TB, change func(*Options)) *Server {
	t.Helper()
	o := options(t)
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// serve runs a server on a free port until the test ends, and returns its address and how to stop it.
func serve(t testing.TB, s *Server) (address string, stop func() error) {
	t.Helper()
	l := freePort(t)
	return "http://" + l.Addr().String(), serveOn(t, s, l)
}

func freePort(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serveOn runs a server on a port until the test ends, and returns how to stop it.
func serveOn(t testing.TB, s *Server, l net.Listener) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, l, nil) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return stop
}

// TestRoutes walks what Fiber really answers and compares it with the table: nothing stands beside it.
func TestRoutes(t *testing.T) {
	s := newServer(t, nil)
	table := map[string]bool{}
	for _, r := range s.Routes() {
		table[r.Method+" "+r.Path] = true
		if r.Method == fiber.MethodGet {
			table["HEAD "+r.Path] = true
		}
	}
	if len(table) < 40 {
		t.Fatalf("only %d routes: the walk is broken", len(table))
	}
	real := map[string]bool{}
	for _, r := range s.app.GetRoutes() {
		name := r.Method + " " + r.Path
		real[name] = true
		if !table[name] {
			t.Errorf("%s is answered and not in the table", name)
		}
	}
	for name := range table {
		if !real[name] {
			t.Errorf("%s is in the table and not answered", name)
		}
	}
	for _, r := range s.Routes() {
		if open := openToAll(r.Action); !open && s.guard.Allow(policy.Actor{}, r.Action) {
			t.Errorf("%s %s: %s is open to everybody", r.Method, r.Path, r.Action)
		}
	}
}

func TestRouteCannotBeRegistered(t *testing.T) {
	good := func(*fiber.Ctx, policy.Actor) error { return nil }
	for _, tt := range []struct {
		name  string
		route Route
		want  string
	}{
		{"without action", Route{Method: "GET", Path: "/x", Handler: good}, "没有写明所需权限"},
		{"with an unknown action", Route{Method: "GET", Path: "/x", Action: "made.up", Handler: good}, "不在权限表中"},
		{"without handler", Route{Method: "GET", Path: "/x", Action: policy.Public}, "没有处理程序"},
		{"twice", Route{Method: "GET", Path: "/", Action: policy.Public, Handler: good}, "登记了两次"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newServer(t, nil)
			before := len(s.app.GetRoutes())
			s.routes = append(s.routes, tt.route)
			err := s.register()
			if !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v", err)
			}
			if len(s.app.GetRoutes()) != before {
				t.Error("routes were registered all the same")
			}
		})
	}
}

func TestNewNeedsItsParts(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"guard": func(o *Options) { o.Guard = nil }, "people": func(o *Options) { o.People = nil }, "clocks": func(o *Options) { o.Clocks = policy.Clocks{} },
		"secret": func(o *Options) { o.Secret = []byte("short") },
	} {
		o := options(t)
		change(&o)
		if _, err := New(o); !fault.Is(err, fault.Invalid) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestStatusOfEveryKind(t *testing.T) {
	for kind, want := range map[fault.Kind]int{fault.Invalid: 422, fault.Unauthenticated: 401, fault.Forbidden: 403, fault.NotFound: 404, fault.Conflict: 409,
		fault.Unavailable: 503, fault.Internal: 500, "": 500, "new": 500} {
		if got := statusOf(kind); got != want {
			t.Errorf("%q is %d, want %d", kind, got, want)
		}
	}
}

// TestFailures lets handlers fail in every way and reads what the visitor sees.
func TestFailures(t *testing.T) {
	const hidden = "open /srv/data: permission denied"
	fail := map[string]func() error{
		"/t/internal":    func() error { return fault.Wrap("x", fault.Internal, "", errors.New(hidden)) },
		"/t/foreign":     func() error { return errors.New(hidden) },
		"/t/panic":       func() error { panic(hidden) },
		"/t/unavailable": func() error { return fault.Wrap("x", fault.Unavailable, "磁盘已满", errors.New(hidden)) },
		"/t/conflict":    func() error { return fault.New("x", fault.Conflict, "已由李*审批") },
		"/t/invalid": func() error {
			return fault.InvalidFields("x", fault.Field{Name: "a", Message: "要填整数，例如 400"})
		},
		"/t/forbidden": func() error {
			return &fault.Error{Kind: fault.Forbidden, Message: "由你经办", Rule: "不相容岗位规则 F-2"}
		},
		"/t/notfound": func() error { return fault.New("x", fault.NotFound, "小区 东街花园 不在你的范围") },
	}
	want := map[string]struct {
		status int
		says   string
	}{"/t/internal": {500, "编号"}, "/t/foreign": {500, "没有写入一半的内容"}, "/t/panic": {500, "编号"}, "/t/unavailable": {503, "磁盘已满"}, "/t/conflict": {409, "已由李*审批"},
		"/t/invalid": {422, "要填整数，例如 400"}, "/t/forbidden": {403, "不相容岗位规则 F-2"}, "/t/notfound": {404, "没有找到"}}
	s := newServer(t, nil)
	s.routes = nil
	for path, err := range fail {
		s.routes = append(s.routes, Route{Method: "GET", Path: path, Action: policy.Public, Handler: func(*fiber.Ctx, policy.Actor) error { return err() }})
	}
	if err := s.register(); err != nil {
		t.Fatal(err)
	}
	address, _ := serve(t, s)
	for path, w := range want {
		for _, accept := range []string{"text/html", "application/json"} {
			req, err := http.NewRequest("GET", address+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Accept", accept)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != w.status || strings.Contains(string(body), hidden) || strings.Contains(string(body), "东街花园") {
				t.Errorf("%s %s: %d %s", path, accept, resp.StatusCode, body)
			}
			if accept == "text/html" && !strings.Contains(string(body), w.says) {
				t.Errorf("%s lacks %q: %s", path, w.says, body)
			}
			if accept != "text/html" && resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s: %s", path, resp.Header.Get("Content-Type"))
			}
		}
	}
}

// TestStopLosesNothing stops the server while requests are being answered: each gets its whole answer, and readiness is off before.
func TestStopLosesNothing(t *testing.T) {
	s := newServer(t, nil)
	entered, release := make(chan struct{}), make(chan struct{})
	s.routes = []Route{{Method: "GET", Path: "/slow", Action: policy.Public, Handler: func(c *fiber.Ctx, _ policy.Actor) error {
		entered <- struct{}{}
		<-release
		return c.SendString(fmt.Sprintf("answered, ready %v", s.ready.Load()))
	}}}
	if err := s.register(); err != nil {
		t.Fatal(err)
	}
	l := freePort(t)
	stop := serveOn(t, s, l)
	const clients = 8
	answers := make(chan string, clients)
	for range clients {
		go func() {
			resp, err := http.Get("http://" + l.Addr().String() + "/slow")
			if err != nil {
				answers <- err.Error()
				return
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			answers <- fmt.Sprint(string(body), err)
		}()
	}
	for range clients {
		<-entered
	}
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	for s.ready.Load() {
		time.Sleep(time.Millisecond)
	}
	select {
	case err := <-stopped:
		t.Fatalf("stopped with requests running: %v", err)
	default:
	}
	close(release)
	for range clients {
		if got := <-answers; got != "answered, ready false<nil>" {
			t.Error(got)
		}
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	// Asking the address would ask whoever got that port meanwhile.
	_ = l.(*net.TCPListener).SetDeadline(time.Now())
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("the port is still open: %v", err)
	}
}

func TestHealth(t *testing.T) {
	var broken error
	s := newServer(t, func(o *Options) { o.Ping = func(context.Context) error { return broken } })
	address, _ := serve(t, s)
	status := func(path string) int {
		resp, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if a, b := status("/healthz"), status("/readyz"); a != 200 || b != 200 {
		t.Errorf("%d %d", a, b)
	}
	broken = errors.New("disk gone")
	if a, b := status("/healthz"), status("/readyz"); a != 503 || b != 503 {
		t.Errorf("with a broken store: %d %d", a, b)
	}
	broken = nil
	s.ready.Store(false)
	if a, b := status("/healthz"), status("/readyz"); a != 200 || b != 503 {
		t.Errorf("while stopping: %d %d", a, b)
	}
}

func TestPlainListenerOnlyOnLoopback(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	far := strange{l}
	if err := newServer(t, nil).Serve(context.Background(), far, nil); !fault.Is(err, fault.Invalid) {
		t.Errorf("%v", err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("the refused listener was left open")
	}
	l2, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := newServer(t, func(o *Options) { o.Settings.AllowPlain = true }).Serve(ctx, strange{l2}, nil); err != nil {
		t.Errorf("allowed by settings: %v", err)
	}
}

// strange is a listener that says it stands on another address.
type strange struct{ net.Listener }

func (strange) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 80} }

func TestTLS(t *testing.T) {
	now := time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)
	dir := filepath.Join(t.TempDir(), "tls")
	keys := func() *Certificates {
		return &Certificates{Dir: dir, Hosts: []string{"hsj.example", "10.1.2.3"}, Now: func() time.Time { return now }}
	}
	k := keys()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	secured, err := ListenTLS(l, k)
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, func(o *Options) { o.Settings.SecureCookies = true })
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, secured, nil) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	authority, err := os.ReadFile(k.AuthorityFile())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(authority) {
		t.Fatal("the authority is no certificate")
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, ServerName: "hsj.example", Time: func() time.Time { return now }}}}
	resp, err := client.Get("https://" + l.Addr().String() + "/signin")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.Header.Get("Strict-Transport-Security") == "" {
		t.Error("no HSTS")
	}
	if cookies := resp.Cookies(); len(cookies) != 1 || !strings.HasPrefix(cookies[0].Name, "__Host-") || !cookies[0].Secure || cookies[0].Domain != "" {
		t.Errorf("%+v", resp.Cookies())
	}
	for _, name := range []string{authorityKey, serverKey} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
	}

	first, err := k.certificate()
	if err != nil {
		t.Fatal(err)
	}
	again, err := keys().certificate()
	if err != nil || !slices.Equal(again.Certificate[0], first.Certificate[0]) {
		t.Errorf("another start made another certificate: %v", err)
	}
	now = first.Leaf.NotAfter.Add(-renewBefore + time.Hour)
	renewed, err := k.certificate()
	if err != nil || slices.Equal(renewed.Certificate[0], first.Certificate[0]) {
		t.Errorf("not renewed in time: %v", err)
	}
	if after, err := os.ReadFile(k.AuthorityFile()); err != nil || string(after) != string(authority) {
		t.Error("the authority changed, browsers would warn")
	}
	if err := renewed.Leaf.CheckSignatureFrom(parse(t, authority)); err != nil {
		t.Error(err)
	}
	other := keys()
	other.Hosts = append(other.Hosts, "new.example")
	if more, err := other.certificate(); err != nil || more.Leaf.VerifyHostname("new.example") != nil {
		t.Errorf("a new host: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, serverCert), []byte("broken"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := keys().certificate(); !fault.Is(err, fault.Invalid) {
		t.Errorf("a broken file: %v", err)
	}
	given := &Certificates{CertFile: filepath.Join(dir, authorityCert), KeyFile: filepath.Join(dir, authorityKey), Now: func() time.Time { return now }}
	if _, err := given.Config(); err != nil || given.AuthorityFile() != "" {
		t.Errorf("given files: %v", err)
	}
	if _, err := (&Certificates{CertFile: filepath.Join(dir, "none"), Now: func() time.Time { return now }}).Config(); !fault.Is(err, fault.Invalid) {
		t.Errorf("missing files: %v", err)
	}
}

func parse(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, _ := pem.Decode(text)
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMetrics(t *testing.T) {
	s := newServer(t, func(o *Options) {
		o.Gauges = []Gauge{{Name: "due_periods", Help: "Periods without a result.", Read: func() float64 { return 3 }}}
	})
	public, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	second, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx, public, second) }()
	get := func(address string) string {
		resp, err := http.Get("http://" + address)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	get(public.Addr().String() + "/help")
	get(public.Addr().String() + "/admin/accounts")
	text := get(second.Addr().String() + "/metrics")
	for _, want := range []string{`redsteward_http_requests_total{route="GET /help",status="2xx"} 1`, `redsteward_faults_total{kind="unauthenticated",route="GET /admin/accounts"} 1`,
		`redsteward_http_request_seconds_count{route="GET /help"} 1`, "redsteward_due_periods 3"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %s", want)
		}
	}
	if body := get(public.Addr().String() + "/metrics"); strings.Contains(body, "redsteward_http") {
		t.Error("metrics are on the public port")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestLimiter(t *testing.T) {
	l := newLimiter(3, time.Minute)
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 3 {
		if l.wait("a", now) != 0 {
			t.Fatalf("waits after %d", i)
		}
		l.fail("a", now)
	}
	if l.wait("a", now) != time.Minute || l.wait("b", now) != 0 || l.wait("a", now.Add(59*time.Second)) != time.Second || l.wait("a", now.Add(time.Minute)) != 0 {
		t.Error("the window is wrong")
	}
	for i := range limiterRoom + 20 {
		l.fail(fmt.Sprint(i), now.Add(time.Hour))
	}
	if len(l.seen) > limiterRoom {
		t.Errorf("%d sources are remembered", len(l.seen))
	}
}

// stranger knows nobody.
type stranger struct{ People }

func (stranger) SignIn(context.Context, policy.Credentials) (policy.SignedIn, error) {
	return policy.SignedIn{}, fault.New("test", fault.Unauthenticated, "用户名或密码不正确")
}

// TestSignInBrake lets one address fail until it has to wait, whatever the names.
func TestSignInBrake(t *testing.T) {
	s := newServer(t, func(o *Options) { o.People = stranger{} })
	address, _ := serve(t, s)
	visit := "visit"
	for i := range signInTries + 1 {
		form := url.Values{"login": {fmt.Sprint("name", i)}, "password": {"x"}, tokenField: {s.tokenFor(visit)}}
		req, err := http.NewRequest("POST", address+"/signin", strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.AddCookie(&http.Cookie{Name: visitCookie, Value: visit})
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		want := http.StatusUnauthorized
		if i == signInTries {
			want = http.StatusTooManyRequests
		}
		if resp.StatusCode != want {
			t.Fatalf("try %d: %d, want %d: %s", i, resp.StatusCode, want, body)
		}
		if want == http.StatusTooManyRequests && (resp.Header.Get("Retry-After") == "" || !strings.Contains(string(body), "分钟后再试")) {
			t.Errorf("%v %s", resp.Header, body)
		}
	}
}

func TestPageCache(t *testing.T) {
	p := newPageCache(10_000)
	renders := 0
	body := func(n int) func() ([]byte, error) {
		return func() ([]byte, error) { renders++; return []byte(strings.Repeat("x", n)), nil }
	}
	for range 3 {
		if _, err := p.get("a", body(100)); err != nil {
			t.Fatal(err)
		}
	}
	if renders != 1 {
		t.Errorf("rendered %d times", renders)
	}
	for i := range 200 {
		if _, err := p.get(fmt.Sprint(i), body(1000)); err != nil {
			t.Fatal(err)
		}
		if p.size > 10_000 || len(p.byKey) != p.order.Len() {
			t.Fatalf("%d bytes, %d keys, %d pages", p.size, len(p.byKey), p.order.Len())
		}
	}
	if _, err := p.get("failing", func() ([]byte, error) { return nil, io.EOF }); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	if _, ok := p.byKey["failing"]; ok {
		t.Error("a failure was kept")
	}
	var all sync.WaitGroup
	once, begun := 0, make(chan struct{})
	for range 20 {
		all.Go(func() {
			<-begun
			_, _ = p.get("crowd", func() ([]byte, error) { once++; time.Sleep(20 * time.Millisecond); return []byte("x"), nil })
		})
	}
	close(begun)
	all.Wait()
	if once != 1 {
		t.Errorf("a crowd made %d renderings", once)
	}
}

func TestFormat(t *testing.T) {
	at := time.Date(2026, 10, 18, 17, 12, 0, 0, time.UTC) // 01:12 on the 19th in Shanghai
	day := func(s string) calendar.Date {
		d, err := calendar.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for got, want := range map[string]string{
		dateLong(at): "2026年10月19日", dateLong(time.Time{}): "—", dateTime(at): "2026年10月19日 01:12", weekday(at): "星期一",
		count(1164): "1,164", count(12): "12", count(-1234567): "−1,234,567", grouped("42600.00"): "42,600.00",
		points(num.MustParse("86.425"), 2): "86.43", points(num.MustParse("-1"), 2): "−1.00", signed(num.MustParse("3"), 2): "+3.00", signed(num.Num{}, 2): "—",
		share(9, 129): "7.0%", share(1, 0): "—", rate(num.MustParse("31"), num.MustParse("37")): "83.8%", fingerprint("9f3c71ae04d2aa"): "9f3c 71ae 04d2",
		report.Guard("=1+1"): "'=1+1", report.Guard(" @x"): "' @x", report.Guard("＝1"): "'＝1", report.Guard("-"): "'-", report.Guard("东街"): "东街", report.Guard(""): "",
		plainNumber(num.MustParse("-1234.5"), 2): "-1234.50",
		spanText(policy.Span{}):                  "长期", spanText(policy.Span{From: day("2026-01-01")}): "2026年1月1日起", spanText(policy.Span{Until: day("2026-12-31")}): "至2026年12月31日",
		scopeText([]string{"county", "c:c-7"}): "全县、社区 c-7",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestChips proves that every state of ui.md §3 has its look and that words from outside cannot change markup.
func TestChips(t *testing.T) {
	a, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	sprite := string(a.files[strings.TrimPrefix(a.sprite, "/assets/")].plain)
	for word, l := range looks {
		if !strings.Contains(sprite, `id="i-`+l.icon+`"`) {
			t.Errorf("%s: the sprite has no icon %s", word, l.icon)
		}
		if got := a.chip(word, ""); !strings.Contains(got, `data-s="`+l.family+`"`) || !strings.Contains(got, word) {
			t.Errorf("%s", got)
		}
	}
	if got := a.chip("逾期", "<b>3</b>"); strings.Contains(got, "<b>") || !strings.Contains(got, `data-s="wine"`) {
		t.Errorf("%s", got)
	}
	if got := a.chip(`"><script>`, ""); strings.Contains(got, "<script>") || !strings.Contains(got, `data-s="grey"`) {
		t.Errorf("%s", got)
	}
	for level := range 6 {
		if !strings.Contains(sprite, fmt.Sprintf(`id="s%d"`, level)) || !strings.Contains(a.stars(level, "x", false), fmt.Sprintf("#s%d", level)) {
			t.Errorf("stars %d", level)
		}
	}
	if a.stars(6, "x", false) != "" {
		t.Error("six stars")
	}
}

// TestPagesParse asks for every page in every layout: what html/template cannot parse or escape would else stop a visitor.
func TestPagesParse(t *testing.T) {
	a, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	p, err := loadPages(a)
	if err != nil {
		t.Fatal(err)
	}
	for name, parse := range p.byName {
		page, err := parse()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if page.Lookup("main") == nil {
			t.Errorf("%s: the page does not define main", name)
		}
		// Executing without data fails somewhere, but escaping comes first and reports its own error.
		var unescapable *template.Error
		for _, layout := range []string{layoutPublic, layoutApp, layoutDesk, layoutPhone} {
			if err := page.ExecuteTemplate(io.Discard, layout, nil); errors.As(err, &unescapable) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// TestPagesAreDeclared proves that the start fails for a page that is not declared: the declaration is what a reviewer reads.
func TestPagesAreDeclared(t *testing.T) {
	a, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	layout := declared["help"]
	delete(declared, "help")
	_, err = loadPages(a)
	declared["help"] = layout
	if err == nil || !strings.Contains(err.Error(), "not declared") {
		t.Error(err)
	}
	declared["missing"] = layoutApp
	_, err = loadPages(a)
	delete(declared, "missing")
	if err == nil || !strings.Contains(err.Error(), "no template") {
		t.Error(err)
	}
}

// TestPublicityShowsStars: a row with stars shows them, and that an appeal runs. The years of the other tests have no compound with stars.
func TestPublicityShowsStars(t *testing.T) {
	a, err := loadAssets()
	if err != nil {
		t.Fatal(err)
	}
	p, err := loadPages(a)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := p.byName["publicity"]()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	row := publicityRow{PublicityRow: cycle.PublicityRow{Name: "望湖苑", Label: "四星", Contested: true}, Stars: 4}
	if err := parsed.ExecuteTemplate(&b, "main", view{page: page{Data: publicityView{Name: "2026年度", Path: "/publicity/2026", Word: "公示中", Rows: []publicityRow{row}}}}); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, `aria-label="四星"`) || !strings.Contains(text, "异议中") {
		t.Errorf("%.2000s", text)
	}
}

// TestOpenForms: a page that somebody without an account sees and that posts a form is given a token; without one every form of it is refused.
func TestOpenForms(t *testing.T) {
	for name, layout := range declared { // book_entry has its forms for who is signed in
		if layout != layoutPublic && layout != layoutEither {
			continue
		}
		text, err := templateFiles.ReadFile("templates/" + name + ".html")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), `{{template "token"`) && !slices.Contains(append([]string{"signin", "setup", "book_entry"}, openForms...), name) {
			t.Errorf("%s posts a form and gets no token", name)
		}
	}
}

// seen is a printer that keeps the page it gets.
type seen struct{ page []byte }

func (p *seen) Print(_ context.Context, page []byte) ([]byte, error) {
	p.page = page
	return []byte("%PDF-1.4"), nil
}

// TestAlone: a page for Chromium holds style, pictures and icons itself, names no address, and has neither script nor form nor what is not printed.
func TestAlone(t *testing.T) {
	printer := &seen{}
	s := newServer(t, func(o *Options) { o.PDF = printer })
	sprite := s.assets.sprite
	var request fasthttp.Request
	request.SetRequestURI("/prints/sheets?as=pdf")
	var ctx fasthttp.RequestCtx
	ctx.Init(&request, nil, nil)
	c := s.app.AcquireCtx(&ctx)
	defer s.app.ReleaseCtx(c)
	body := `<!doctype html><html><head><meta http-equiv="refresh" content="0;url=/x"><base href="https://example.org/"><title>两份</title><link rel="stylesheet" href="` + s.assets.css + `"><link rel="icon" href="/icon.svg"></head>
<body class="desk"><header class="noprint">返回</header><script>alert(1)</script><form action="/x"><input name="_t" value="token"></form><article class="sheet"><p>文书</p><svg><use href="` + sprite + `#mark"/></svg>
<img src="` + sprite + `" srcset="/2x.png 2x" loading="lazy" alt="标志"><img src="/photos/none" alt="打不开的照片"><img src="https://example.org/a.png" alt="外面的照片"></article></body></html>`
	if err := s.sendPDF(c, page{Title: "两份/文书"}, []byte(body)); err != nil {
		t.Fatal(err)
	}
	got := string(printer.page)
	for _, want := range []string{"文书", "<style>", "@page", `src="data:`, `<use href="#mark"`, `<symbol id="mark"`, "打不开的照片", "外面的照片", "default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; img-src data:"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not on the page", want)
		}
	}
	for _, not := range []string{"<script", "<form", "<link", "<base", "refresh", "token", "返回", "srcset", "loading", "/photos/none", "example.org"} {
		if strings.Contains(got, not) {
			t.Errorf("%q is on the page", not)
		}
	}
	if name := string(c.Response().Header.Peek("Content-Disposition")); !strings.Contains(name, ".pdf") || strings.Contains(name, "/文书") {
		t.Errorf("it comes as %q", name)
	}
}
