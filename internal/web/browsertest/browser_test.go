package browsertest

import (
	"cmp"
	"context"
	_ "embed" // axe-core
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

//go:embed testdata/axe.min.js
var axe string

// chromiumPath is Debian's browser without a window, whose pages cost a fifth less than those of the whole browser; CI installs it. Without it the tests fail: a page that
// nobody opened is not proved. REDSTEWARD_CHROMIUM names another one, such as Chromium 86, the oldest in the offices (CONTRIBUTING, CI).
func chromiumPath() string {
	return cmp.Or(os.Getenv("REDSTEWARD_CHROMIUM"), "/usr/bin/chromium-headless-shell")
}

// patience is how long a step of the browser may take before the test gives up: far more than a step takes on the slowest machine that runs this.
const patience = 3 * time.Minute

// chromium is the one Chromium of all tests: a start takes seconds.
var chromium = sync.OnceValues(startChromium)

// closeChromium ends it and removes what it kept.
var closeChromium = func() error { return nil }

func TestMain(m *testing.M) {
	code := m.Run()
	if err := closeChromium(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

func startChromium() (context.Context, error) {
	if _, err := os.Stat(chromiumPath()); err != nil {
		return nil, fmt.Errorf("Chromium is needed: %w", err)
	}
	profile, err := os.MkdirTemp("", "redsteward-browser-")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromiumPath()), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(profile),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.WSURLReadTimeout(patience))
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	closeChromium = func() error {
		_ = chromedp.Cancel(ctx)
		cancel()
		stop()
		// Its processes may write there for a moment after it has ended, so that removing it is tried again.
		err := os.RemoveAll(profile)
		for begun := time.Now(); err != nil && time.Since(begun) < patience; err = os.RemoveAll(profile) {
			time.Sleep(50 * time.Millisecond)
		}
		return err
	}
	return ctx, chromedp.Do(ctx)
}

// browser is Chromium for one test, with cookies, cache and storage of its own.
func browser(t *testing.T) context.Context {
	t.Helper()
	shared, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(shared, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// tab is one page that is being looked at, with everything that the browser complained about.
type tab struct {
	ctx context.Context

	mu       sync.Mutex
	said     []string
	requests []string
	bytes    float64
}

func newTab(t *testing.T, parent context.Context) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(parent)
	t.Cleanup(cancel)
	tb := &tab{ctx: ctx}
	err := chromedp.Listen(ctx, func(event any) {
		tb.mu.Lock()
		defer tb.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventConsoleAPICalled:
			tb.said = append(tb.said, fmt.Sprintf("console: %v", e.Args))
		case *runtime.EventExceptionThrown:
			tb.said = append(tb.said, "exception: "+e.ExceptionDetails.Text)
		case *log.EventEntryAdded:
			tb.said = append(tb.said, "log: "+e.Entry.Text+" "+e.Entry.URL)
		case *network.EventRequestWillBeSent:
			tb.requests = append(tb.requests, e.Request.URL)
		case *network.EventLoadingFinished:
			tb.bytes += e.EncodedDataLength
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return tb
}

// forget clears what was noted and returns it.
func (tb *tab) forget() (said, requests []string, bytes float64) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	said, requests, bytes = tb.said, tb.requests, tb.bytes
	tb.said, tb.requests, tb.bytes = nil, nil, 0
	return said, requests, bytes
}

// do runs steps with a limit.
func (tb *tab) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// value evaluates an expression in the page.
func value[T any](t *testing.T, tb *tab, expression string, options ...chromedp.EvaluateOption) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, options...))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// finding is one violation that axe-core reports.
type finding struct {
	ID    string `json:"id"`
	Help  string `json:"help"`
	Nodes []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// open loads an address at a width and returns the status.
func (tb *tab) open(t *testing.T, address string, width, height int64) int64 {
	t.Helper()
	tb.do(t, chromedp.EmulateViewport(width, height))
	tb.forget()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, chromedp.Navigate(address))
	if err != nil {
		t.Fatalf("%s: %v", address, err)
	}
	return response.Status
}

// check holds the page that is open in a tab against ui.md §8 and §9.
func check(t *testing.T, tb *tab, name string, width, status int64) {
	t.Helper()
	checkFrame(t, tb, name, width, status)
	// Between 320 and 390 pixels no rule of the style sheet changes: there, only the width can be wrong.
	if width <= 320 {
		return
	}
	for _, v := range runAxe(t, tb) {
		for _, n := range v.Nodes {
			t.Errorf("%s at %d: axe %s: %s\n%s\n%s", name, width, v.ID, v.Help, n.HTML, n.Summary)
		}
	}
	tb.forget()
}

// checkFrame is check without what axe finds: width, heading, language, requests and what the console said.
func checkFrame(t *testing.T, tb *tab, name string, width, status int64) {
	t.Helper()
	said, requests, _ := tb.forget()
	if wide := value[float64](t, tb, `document.documentElement.scrollWidth - document.documentElement.clientWidth`); wide > 0 {
		widest := value[string](t, tb, `[...document.querySelectorAll("body *")].filter(e=>e.getBoundingClientRect().right>document.documentElement.clientWidth+1&&!e.closest(".tw,.views,.topnav")).map(e=>e.tagName+"."+e.className).slice(0,5).join(" ")`)
		t.Errorf("%s at %d: %v pixels too wide: %s", name, width, wide, widest)
	}
	// Paper has no scroll bar: what is wider than the sheet is lost.
	if width >= 1000 {
		if cut := value[string](t, tb, `[...document.querySelectorAll(".sheet .tw")].filter(e=>e.scrollWidth>e.clientWidth+1).map(e=>e.getAttribute("aria-label")+" "+e.scrollWidth+">"+e.clientWidth).join(", ")`); cut != "" {
			t.Errorf("%s: cut off on paper: %s", name, cut)
		}
	}
	if h := value[int](t, tb, `document.querySelectorAll("h1").length`); h != 1 {
		t.Errorf("%s: %d h1", name, h)
	}
	if lang := value[string](t, tb, `document.documentElement.lang`); lang != "zh-CN" {
		t.Errorf("%s: lang %q", name, lang)
	}
	for _, r := range requests {
		if !strings.HasPrefix(r, "http://127.0.0.1:") && !strings.HasPrefix(r, "data:") { // the browser draws its own date picker from data:; ours would be refused and reported
			t.Errorf("%s: asked %s", name, r)
		}
	}
	for _, s := range said {
		if status >= 400 && strings.Contains(s, fmt.Sprintf("status of %d", status)) {
			continue // the browser reports the status of the page itself
		}
		t.Errorf("%s at %d: %s", name, width, s)
	}
	tb.forget()
}

// shoot keeps a screenshot of the whole page under $REDSTEWARD_SHOTS, for looking at.
func (tb *tab) shoot(t *testing.T, name string) {
	t.Helper()
	dir := os.Getenv("REDSTEWARD_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(tb.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

// runAxe evaluates axe-core through the debugger, which the page's policy does not concern.
func runAxe(t *testing.T, tb *tab) []finding {
	t.Helper()
	if !value[bool](t, tb, `!!window.axe`) { // one page is looked at in several widths
		value[bool](t, tb, axe+";true")
	}
	raw := value[string](t, tb, `axe.run(document,{resultTypes:["violations"]}).then(r=>JSON.stringify(r.violations.map(v=>({id:v.id,help:v.help,nodes:v.nodes.map(n=>({html:n.html,failureSummary:n.failureSummary}))}))))`,
		chromedp.EvalAwaitPromise)
	var out []finding
	if err := json.Unmarshal([]byte(raw), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

// pdfPage matches one page object of Chromium's PDF.
var pdfPage = regexp.MustCompile(`/Type\s*/Page\b[^s]`)

// sheets returns the number of A4 pages that the open page prints on.
func sheets(t *testing.T, tb *tab, name string) int {
	t.Helper()
	pdf, err := chromedp.Run(tb.ctx, chromedp.PrintToPDF(func(p *page.PrintToPDFParams) { p.PreferCSSPageSize, p.PrintBackground = &yes, &yes }))
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("REDSTEWARD_SHOTS"); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, name+".pdf"), pdf, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return len(pdfPage.FindAll(pdf, -1))
}

var yes = true
