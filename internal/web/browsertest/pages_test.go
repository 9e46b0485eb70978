package browsertest

import (
	"context"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
)

// widths are those of ui.md §9.
var widths = []struct {
	name          string
	width, height int64
}{{"phone", 390, 844}, {"desktop", 1440, 900}}

// start runs the fixture over a fresh data folder.
func start(t *testing.T, count int) *Fixture {
	t.Helper()
	ctx := context.Background()
	engine, err := sqlite.Open(ctx, t.TempDir(), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(ctx, engine, store.Options{Now: time.Now, MasterKey: make([]byte, 32)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	read := func(name string) []byte {
		data, err := os.ReadFile("../../../configs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	f, err := Start(ctx, db, time.Now, read("roles.conf"), read("roles.csv"), count)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Stop(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// opened is one page of the list and the status it must have.
type opened struct {
	name, path string
	status     int64
}

var publicPages = []opened{
	{"ranking", "/", 200}, {"ranking-found", "/?q=wh&grade=five", 200}, {"ranking-sorted", "/?sort=firm&desc=1", 200}, {"ranking-none", "/?q=zzzz", 200},
	{"star", "/stars/" + url.PathEscape("P00005/2026Q3"), 200}, {"star-hostile", "/stars/" + url.PathEscape("P00004/2026Q3"), 200},
	{"star-lost", "/stars/" + url.PathEscape("P00001/2026Q3") + "?only=lost", 200}, {"star-unrated", "/stars/" + url.PathEscape("P00008/2026Q3"), 200},
	{"firms", "/firms", 200}, {"method", "/method", 200}, {"open", "/open", 200}, {"help", "/help", 200}, {"signin", "/signin", 200},
	{"not-found", "/nothing-here", 404}, {"signed-out", "/todo", 401},
}

var officePages = []opened{
	{"todo", "/todo", 200}, {"account", "/account", 200}, {"totp", "/account/totp", 200}, {"rights", "/rights", 200}, {"accounts", "/admin/accounts", 200},
	{"account-new", "/admin/accounts/new", 200}, {"parts", "/admin/parts", 200}, {"sheet", "/admin/parts?sheet=1", 200}, {"office-help", "/help", 200},
	{"office-ranking", "/", 200}, {"forbidden", "/admin/log", 403}, {"office-not-found", "/admin/accounts/none", 404},
}

// signIn signs in through the page.
func signIn(t *testing.T, tb *tab, f *Fixture, login string) {
	t.Helper()
	tb.open(t, f.Base+"/signin", 1440, 900)
	tb.do(t, chromedp.SetValue("#login", login), chromedp.SetValue("#password", Password))
	if _, err := chromedp.RunResponse(tb.ctx, chromedp.Click("main button")); err != nil {
		t.Fatal(err)
	}
	if path := value[string](t, tb, "location.pathname"); path != "/todo" {
		t.Fatalf("signing in as %s led to %s", login, path)
	}
}

// TestPages opens every page at both widths.
func TestPages(t *testing.T) {
	f := start(t, 129)
	tb := newTab(t, browser(t))
	look := func(list []opened) {
		for _, p := range list {
			for _, w := range widths {
				if got := tb.open(t, f.Base+p.path, w.width, w.height); got != p.status {
					t.Errorf("%s: status %d, want %d", p.path, got, p.status)
				}
				tb.shoot(t, p.name+"-"+w.name)
				check(t, tb, p.name, w.width, p.status)
			}
		}
	}
	look(publicPages)
	signIn(t, tb, f, "admin")
	look(officePages)
}

// TestLarge opens the most crowded pages in 大字版 and at 320 pixels.
func TestLarge(t *testing.T) {
	f := start(t, 60)
	tb := newTab(t, browser(t))
	for _, path := range []string{"/", "/method", "/stars/" + url.PathEscape("P00004/2026Q3")} {
		tb.open(t, f.Base+path, 320, 640)
		tb.shoot(t, "narrow-"+url.PathEscape(path))
		check(t, tb, path, 320, 200)
	}
	tb.open(t, f.Base+"/", 390, 844)
	if _, err := chromedp.RunResponse(tb.ctx, chromedp.Click(`a[href="/type?big=1"]`)); err != nil {
		t.Fatal(err)
	}
	if class := value[string](t, tb, "document.documentElement.className"); class != "big" {
		t.Fatalf("大字版 gave class %q", class)
	}
	tb.shoot(t, "big-phone")
	check(t, tb, "/ in large type", 390, 200)
}

// TestBudget holds the board against ui.md §9: at most 4 requests, HTML of at most 60 KB for 50 rows.
func TestBudget(t *testing.T) {
	f := start(t, 129)
	tb := newTab(t, browser(t))
	tb.open(t, f.Base+"/", 1440, 900)
	tb.do(t, chromedp.Sleep(time.Second)) // the icon comes late
	_, requests, bytes := tb.forget()
	if len(requests) > 4 {
		t.Errorf("%d requests: %q", len(requests), requests)
	}
	html := value[int](t, tb, `new Blob([document.documentElement.outerHTML]).size`)
	if html > 60<<10 {
		t.Errorf("%d bytes of HTML", html)
	}
	t.Logf("%d requests, %.0f bytes over the wire, %d bytes of HTML", len(requests), bytes, html)
}

// TestPrint counts the A4 pages of what is printed.
func TestPrint(t *testing.T) {
	f := start(t, 60)
	tb := newTab(t, browser(t))
	tb.open(t, f.Base+"/stars/"+url.PathEscape("P00005/2026Q3"), 1440, 900)
	if n := sheets(t, tb, "star"); n < 1 || n > 3 {
		t.Errorf("a star prints on %d pages, want at most 3", n)
	}
	signIn(t, tb, f, "admin")
	tb.open(t, f.Base+"/admin/parts?sheet=1", 1440, 900)
	if n := sheets(t, tb, "sheet"); n != 1 {
		t.Errorf("the sheet prints on %d pages, want 1", n)
	}
}

// TestWithoutScript signs in and out with scripts switched off.
func TestWithoutScript(t *testing.T) {
	f := start(t, 20)
	tb := newTab(t, browser(t))
	if _, err := chromedp.Call(tb.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	signIn(t, tb, f, "inspector")
	if _, err := chromedp.RunResponse(tb.ctx, chromedp.Click(".topnav button")); err != nil {
		t.Fatal(err)
	}
	if path := value[string](t, tb, "location.pathname"); path != "/signin" {
		t.Errorf("signing out led to %s", path)
	}
}
