package browsertest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/chromedp/chromedp"
)

// keptCounty names a folder in which the part demo of the check left the whole county, and its accounts beside it; without it the demonstration is loaded here.
const keptCounty = "REDSTEWARD_COUNTY"

// accountLine is a line of accounts as the demonstration prints them: login, password, title.
var accountLine = regexp.MustCompile(`(?m)^(\S+) +(Demo-\S+) +(\S+)`)

// demoWidths are those of a phone and an office screen.
var demoWidths = []int64{390, 1280}

// demoCounty is the demonstration: its folder, the program, and what it printed about accounts. serve starts it anew.
type demoCounty struct {
	command, folder, accounts string
	stop                      func()
}

// startedDemo runs the demonstration as people do and returns its address, and the county.
func startedDemo(t *testing.T) (f *Fixture, d *demoCounty) {
	t.Helper()
	d = &demoCounty{command: builtProgram(t), folder: os.Getenv(keptCounty)}
	if d.folder != "" {
		list, err := os.ReadFile(d.folder + ".accounts")
		if err != nil {
			t.Fatal(err)
		}
		d.accounts = string(list)
		return d.serve(t, "2026-10-19T09:00:00+08:00"), d
	}
	d.folder = filepath.Join(t.TempDir(), "county")
	f = d.run(t, "demo", "--data", d.folder, "--listen", "127.0.0.1:0")
	return f, d
}

// serve serves the county with the business clock at a moment.
func (d *demoCounty) serve(t *testing.T, clock string) *Fixture {
	t.Helper()
	return d.run(t, "serve", "--set", "listen=127.0.0.1:0", "--set", "store.uri="+d.folder, "--set", "business_clock="+clock)
}

// run runs the program until d.stop, or until the test ends, and waits for its address.
func (d *demoCounty) run(t *testing.T, args ...string) *Fixture {
	t.Helper()
	demo := exec.Command(d.command, args...)
	demo.Env = []string{"HOME=" + t.TempDir(), "TMPDIR=" + t.TempDir()}
	out, err := demo.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := demo.Start(); err != nil {
		t.Fatal(err)
	}
	d.stop = sync.OnceFunc(func() {
		_ = demo.Process.Signal(syscall.SIGTERM)
		if err := demo.Wait(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(d.stop)
	f := &Fixture{}
	for lines := bufio.NewScanner(out); f.Base == "" && lines.Scan(); {
		d.accounts += lines.Text() + "\n"
		f.Base = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(lines.Text())
	}
	if f.Base == "" {
		t.Fatalf("the program printed no address:\n%s", d.accounts)
	}
	return f
}

// TestDemoPages opens, as every role of the demonstration county, the to-do page, where its first task leads, and each page of the navigation that no role before had: filled
// as they are there, on a phone and on an office screen. Axe looks at the phone only: each page has a test with little on it, where it looks at both, and long tables cost it seconds.
func TestDemoPages(t *testing.T) {
	f, county := startedDemo(t)
	accounts := county.accounts
	tb := newTab(t, browser(t))
	seen := map[string]bool{}
	// behind are pages to which those of the navigation lead, and which need what is filled.
	behind := map[string][]string{"/rectifications": {"/rectifications/lists", "/rectifications/lists/print?source=inspection"}, "/boards": {"/boards/rows?rated=1", "/boards/proofs"}, "/circulars": {"/circulars/2025", "/circulars/2025/paper"}, "/applications": {"/applications/joint", "/applications/joint/print"}}
	look := func(role, name, path string) {
		t.Helper()
		for _, list := range behind[path] {
			if status := tb.open(t, f.Base+list, demoWidths[0], 844); status != 200 {
				t.Errorf("%s: %s answers %d", role, list, status)
			}
			checkFrame(t, tb, role+" "+list, demoWidths[0], 200)
		}
		if status := tb.open(t, f.Base+path, demoWidths[0], 844); status != 200 {
			t.Errorf("%s: %s answers %d", role, path, status)
		}
		for i, width := range demoWidths {
			tb.do(t, chromedp.EmulateViewport(width, 844))
			if path == "/boards" {
				tb.until(t, `document.querySelectorAll("[data-chart]:not([data-drawn])").length === 0`)
			}
			tb.shoot(t, "demo-"+role+"-"+name+[]string{"-phone", "-desktop"}[i])
			if i == 0 {
				check(t, tb, role+" "+path, width, 200)
			} else {
				checkFrame(t, tb, role+" "+path, width, 200)
			}
		}
	}
	// What stands on these is the same for everybody and everywhere; TestPages looks at them.
	for _, path := range []string{"/rights", "/method", "/account", "/admin/parts"} {
		seen[path] = true
	}
	roles := accountLine.FindAllStringSubmatch(accounts, -1)
	if len(roles) < 25 {
		t.Fatalf("%d accounts in\n%s", len(roles), accounts)
	}
	for _, account := range roles {
		role := account[1]
		signIn(t, tb, f, role, account[2])
		wantPath(t, tb, "/todo")
		task := value[string](t, tb, `document.querySelector("table.todo .btn")?.getAttribute("href")||""`)
		pages := value[[]string](t, tb, `[...document.querySelectorAll(".side a")].map(a=>a.getAttribute("href"))`)
		if task != "" || !seen["/todo"] { // those who have nothing to do have the same page
			look(role, "todo", "/todo")
		}
		if task == "" {
			seen["/todo"] = true
		} else if !seen[task] {
			look(role, "task", task)
			seen[task] = true
		}
		for _, path := range pages {
			if !seen[path] && path != "/todo" {
				seen[path] = true
				look(role, strings.ReplaceAll(strings.Trim(path, "/"), "/", "-"), path)
			}
		}
		if role == "property-officer" {
			caseOfEach(t, tb, f, role, look)
		}
	}
	look("anybody", "reserve", "/reserve")
	look("anybody", "tell", "/tell?community=360428100001")
	look("anybody", "told", "/tell/find")
	look("anybody", "wishes", "/wishes")
	starCoach(t, tb, f, accounts, look)
	caseVolume(t, tb, f, accounts)
	fridayForm(t, tb, f, county)
	monthlyReturn(t, tb, county)
	t.Logf("%d roles, %d pages beside their to-do pages", len(roles), len(seen))
}

// caseOfEach opens, as who is signed in, the latest application for a star and the latest case about one, with real data.
func caseOfEach(t *testing.T, tb *tab, f *Fixture, role string, look func(role, name, path string)) {
	t.Helper()
	for _, list := range []string{"/applications", "/standings"} {
		tb.open(t, f.Base+list, demoWidths[1], 844)
		one := value[string](t, tb, `document.querySelector('main a.nm[href^="`+list+`/"]')?.getAttribute("href")||""`)
		if one == "" {
			t.Errorf("%s has no case", list)
			continue
		}
		look(role, strings.Trim(list, "/")+"-one", one)
	}
}

// starCoach is journey 6: the manager of a firm looks why a compound has three stars and not four, what leads there, tries values, and gives the first action to who manages it, who finds it on the to-do page of
// the compound's tasks. Only compounds with a plan are taken; the demonstration has some.
func starCoach(t *testing.T, tb *tab, f *Fixture, accounts string, look func(role, name, path string)) {
	t.Helper()
	account := regexp.MustCompile(`(?m)^firm-manager +(Demo-\S+)`).FindStringSubmatch(accounts)
	if account == nil {
		t.Fatal("there is no manager of a firm")
	}
	signIn(t, tb, f, "firm-manager", account[1])
	open := func(path string) {
		t.Helper()
		if status := tb.open(t, f.Base+path, demoWidths[1], 844); status != 200 {
			t.Fatalf("%s answers %d", path, status)
		}
	}
	open("/coach")
	for _, one := range value[[]string](t, tb, `[...document.querySelectorAll("main tbody tr")].filter(r=>r.cells[1].textContent==="三星").map(r=>r.querySelector("a").getAttribute("href"))`) {
		open(one)
		star := value[string](t, tb, `[...document.querySelectorAll("main .acts a")].find(a=>a.textContent.startsWith("看星级")).getAttribute("href")`)
		if value[int](t, tb, `document.querySelectorAll("#plan tbody tr").length`) == 0 || tb.open(t, f.Base+star, demoWidths[1], 844) != 200 {
			tb.forget()
			continue
		}
		// Why three stars, then the coach from there. The coach looks at this year, which may have three where the published star has two.
		if !value[bool](t, tb, `document.querySelector("main").innerText.includes("为什么是三星，不是四星")`) {
			tb.forget()
			continue
		}
		press(t, tb, `main .acts a[href^="/coach/"]`)
		look("firm-manager", "coach", one)
		was := value[string](t, tb, `document.querySelector(".hero .big").textContent.trim()`)
		fill(t, tb, `[id="v.complaints"]`, "40")
		press(t, tb, `form[action^="/coach/"] button`)
		tried := value[string](t, tb, `document.querySelector("#tried").innerText`)
		if tried == "" || strings.Contains(tried, was+" 分") {
			t.Errorf("forty complaints change nothing: %q", tried)
		}
		look("firm-manager", "coach-give", value[string](t, tb, `document.querySelector('#plan a[href*="/give?"]').getAttribute("href")`))
		press(t, tb, `form[action$="/give"] button`)
		if text := value[string](t, tb, `document.querySelector("main").innerText`); !strings.Contains(text, "待落实") || !strings.Contains(text, "由项目负责人落实") {
			t.Errorf("the task: %.500s", text)
		}
		task := value[string](t, tb, `location.pathname`)
		look("firm-manager", "coach-task", task)
		return
	}
	t.Error("no compound of three stars has a way to four")
}
