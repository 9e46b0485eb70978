package browsertest

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"redsteward/supervision/inspection"
)

// keptSheets are the sheets that the browser keeps for opening without network.
const keptSheets = `caches.keys().then(all => Promise.all(all.map(n => caches.open(n).then(c => c.keys())))).then(all => all.flat().map(r => new URL(r.url).pathname).filter(p => p.startsWith("/visits/")).join())`

// awaited evaluates a promise in the page.
func awaited(t *testing.T, tb *tab, expression string) string {
	t.Helper()
	return value[string](t, tb, expression, chromedp.EvalAwaitPromise)
}

// eventually waits until a promise in the page has a result.
func eventually(t *testing.T, tb *tab, expression, want string) {
	t.Helper()
	got := ""
	for begun := time.Now(); time.Since(begun) < patience; time.Sleep(50 * time.Millisecond) {
		if got = awaited(t, tb, expression); got == want {
			return
		}
	}
	t.Fatalf("%s is %q, want %q", expression, got, want)
}

// TestSheetReopensOffline closes a sheet in the basement, in the middle of a visit, opens it again there, goes on, and comes up: every answer is sent once. Nothing but the sheet
// is kept, and nothing of it after signing out.
func TestSheetReopensOffline(t *testing.T) {
	f := startSupervised(t)
	l := throughLine(t, f)
	zhou, lin := f.who(t, "inspector"), f.who(t, "lin")
	visit := f.visitOf(t, "p1", "service", zhou, lin)
	sheet := "/visits/" + visit + "/items/"
	b := browser(t)
	tb := newTab(t, b)
	signIn(t, tb, f, "inspector", Password)
	tb.open(t, f.Base+"/visits/mine", 390, 844)
	tb.open(t, f.Base+sheet+"1.1", 390, 844)
	tb.until(t, `!document.getElementById("walk-reopens").hidden`)
	tb.shoot(t, "offline-kept")
	check(t, tb, "a sheet that is kept", 390, 200)
	answer := func(tb *tab, choice string) {
		t.Helper()
		tb.do(t, chromedp.Click("#walk-values "+choice), chromedp.Click("#walk-save"))
	}
	answer(tb, "label:first-child")
	tb.until(t, `document.getElementById("walk-category").textContent.endsWith("· 1.2")&&document.getElementById("walk-state").dataset.kept==="0"`)
	eventually(t, tb, keptSheets, sheet)
	eventually(t, tb, `caches.keys().then(all => caches.open(all[0])).then(c => c.match("`+sheet+`")).then(r => r.text()).then(page => String(page.includes('"id":"1.1"') && JSON.parse(new DOMParser().parseFromString(page, "text/html").getElementById("walk").textContent).items[0].value))`, "conform")

	// 1.2 still arrives, and the signal is lost before the sheet can be kept with it.
	l.loseAfterAnswer.Store(true)
	answer(tb, "label:first-child")
	tb.until(t, `document.getElementById("walk-category").textContent.endsWith("· 1.3")&&document.getElementById("walk-state").dataset.kept==="0"`)
	if !l.down.Load() {
		t.Fatal("the line was not lost")
	}
	answer(tb, "label:first-child") // 1.3
	tb.until(t, `document.getElementById("walk-state").textContent.includes("没有信号，1 项存在本机")&&!document.getElementById("walk-reopens").hidden`)
	if err := chromedp.Cancel(tb.ctx); err != nil { // the page is closed
		t.Fatal(err)
	}
	tb = newTab(t, b)
	tb.open(t, f.Base+"/visits/mine", 390, 844) // the list leads to the sheet that is kept
	tb.until(t, `document.getElementById("walk-category").textContent.endsWith("· 1.4")`)
	if done := value[string](t, tb, `document.getElementById("walk-count").textContent`); !strings.HasPrefix(done, "3 / ") {
		t.Errorf("the sheet that was opened again counts %q answers, want 3", done)
	}
	tb.until(t, `document.getElementById("walk-state").textContent.includes("没有信号，1 项存在本机")`)
	tb.shoot(t, "offline-reopened")
	answer(tb, "label:nth-child(3)") // 1.4
	tb.until(t, `document.getElementById("walk-state").textContent.includes("没有信号，2 项存在本机")`)
	if w, err := f.Supervision.Visits.One(t.Context(), zhou, visit); err != nil || len(w.Answers) != 2 {
		t.Fatalf("%d answers arrived, want the two from before the line was lost: %v", len(w.Answers), err)
	}
	tb.open(t, f.Base+sheet+"1.2", 390, 844) // any item of it opens
	tb.until(t, `document.querySelector("input[name=value]:checked")?.value==="conform"&&document.getElementById("walk-sentence").textContent.length>0`)

	l.lose(false)
	value[bool](t, tb, `dispatchEvent(new Event("online"))`)
	tb.until(t, `document.getElementById("walk-state").dataset.kept==="0"`)
	w, err := f.Supervision.Visits.One(t.Context(), zhou, visit)
	if err != nil || len(w.Answers) != 4 || w.Answers["1.4"].Value != inspection.NotApplicable {
		t.Fatalf("%+v %v", w.Answers, err)
	}
	for _, item := range []string{"1.1", "1.2", "1.3", "1.4"} {
		if n, err := f.Supervision.Visits.Changes(t.Context(), zhou, visit, item); err != nil || n != 1 {
			t.Errorf("%s was written %d times: %v", item, n, err)
		}
	}

	// Other pages are not kept; signing out removes the sheet and its worker.
	tb.open(t, f.Base+"/visits/"+visit, 390, 844)
	tb.open(t, f.Base+"/todo", 1440, 900)
	if kept := awaited(t, tb, keptSheets); kept != sheet {
		t.Errorf("kept are %q", kept)
	}
	press(t, tb, ".topnav form[action='/signout'] button")
	wantPath(t, tb, "/signin")
	eventually(t, tb, `caches.keys().then(all => all.join())`, "")
	eventually(t, tb, `navigator.serviceWorker.getRegistrations().then(all => String(all.length))`, "0")
}

// TestPlateOffline opens the check of plates once and then without network: what is genuine, forged, expired and withdrawn is told apart as with network and as the server does, and the date of the list is shown. Signing in does not take it away.
func TestPlateOffline(t *testing.T) {
	f := started(t, 1)
	on := f.Standings.Today().AddMonths(-2)
	if err := f.PublishStars(t.Context(), on, Starred{"p1", "望湖苑", "f1", "一盏灯物业", "95", false}, Starred{"p2", "书香苑", "f1", "一盏灯物业", "65", false}, Starred{"p3", "滨湖花园", "f1", "一盏灯物业", "85", true}); err != nil {
		t.Fatal(err)
	}
	payload := map[string]string{}
	for name, number := range map[string]string{"genuine": "2025-0001", "expired": "2025-0002", "withdrawn": "2025-0003"} {
		p, err := f.Standings.PayloadOf(t.Context(), number)
		if err != nil {
			t.Fatal(err)
		}
		payload[name] = p
	}
	said, signature, _ := strings.Cut(payload["genuine"], ".")
	forged, err := base64.RawURLEncoding.DecodeString(said)
	if err != nil {
		t.Fatal(err)
	}
	forged[bytes.Index(forged, []byte("\n5\n"))+1] ^= 1 // one bit: five stars are four
	payload["forged"], payload["broken"] = base64.RawURLEncoding.EncodeToString(forged)+"."+signature, payload["genuine"][:40]
	l := throughLine(t, f)
	tb := newTab(t, browser(t))
	shown := `document.querySelector("[data-verdict]:not([hidden])")?.dataset.verdict||""`
	// With network the server tells; the page is kept.
	for verdict, p := range payload {
		tb.open(t, f.Base+"/plate?p="+p, 390, 844)
		if got := value[string](t, tb, shown); got != verdict {
			t.Errorf("the server says %q of what is %s", got, verdict)
		}
	}
	tb.until(t, `!document.getElementById("plate-kept").hidden`)
	check(t, tb, "the check of a plate", 390, 200)
	tb.shoot(t, "plate-server")
	eventually(t, tb, `caches.keys().then(all => Promise.all(all.map(n => caches.open(n).then(c => c.match("/plate/withdrawn.txt"))))).then(all => String(!!all[0]))`, "true")
	tb.open(t, f.Base+"/signin", 390, 844) // takes sheets away, not this
	tb.open(t, f.Base+"/plate", 390, 844)
	tb.until(t, `!document.getElementById("plate-kept").hidden`)
	l.lose(true)
	for verdict, p := range payload {
		tb.open(t, f.Base+"/plate?p="+p, 390, 844)
		tb.until(t, `document.getElementById("plate").dataset.judged==="`+verdict+`"`)
		if got := value[string](t, tb, shown); got != verdict {
			t.Errorf("without network %q is said of what is %s", got, verdict)
		}
	}
	tb.open(t, f.Base+"/plate", 390, 844)
	value[string](t, tb, `location.hash="`+payload["forged"]+`"`)
	tb.until(t, `document.getElementById("plate").dataset.judged==="forged"`)
	tb.open(t, f.Base+"/plate?p="+payload["withdrawn"], 390, 844)
	tb.until(t, `document.getElementById("plate-list").textContent.includes("的收回名单核对")`)
	if said := value[string](t, tb, `document.getElementById("plate-says").textContent`); !strings.Contains(said, "滨湖花园") || !strings.Contains(said, "起，已摘牌") {
		t.Errorf("of a withdrawn plate it says %s", said)
	}
	tb.shoot(t, "plate-offline")
}
