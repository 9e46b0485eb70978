package browsertest

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"redsteward/internal/fault"
	"redsteward/policy"
	"redsteward/policy/policytest"
)

// startedDoors runs the fixture of proof and returns it with the rules that decide in it.
func startedDoors(t *testing.T) (*Fixture, *policy.Rules) {
	t.Helper()
	f, _, _ := startedProof(t)
	return f, policytest.Rules(t)
}

func lastN(t *testing.T, f *Fixture) int64 {
	t.Helper()
	n, err := f.DB.Engine().LastN(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// tried is the last line of the access log, which must be about a path.
func tried(t *testing.T, f *Fixture, path string) policy.AccessEvent {
	t.Helper()
	events := f.Access.Events()
	if len(events) == 0 || events[len(events)-1].Path != path {
		t.Errorf("%s: the try is not in the access log: %+v", path, events[max(0, len(events)-1):])
		return policy.AccessEvent{}
	}
	return events[len(events)-1]
}

// post sends a form from the page that is open, with its token, and returns status and text of the answer.
func (tb *tab) post(t *testing.T, path string) (status int64, text string) {
	t.Helper()
	answer := value[string](t, tb, fmt.Sprintf(`fetch(%q,{method:"POST",body:new URLSearchParams({_t:document.querySelector("[name=_t]").value})}).then(async r=>r.status+" "+
		new DOMParser().parseFromString(await r.text(),"text/html").body.textContent)`, path), chromedp.EvalAwaitPromise)
	if _, err := fmt.Sscanf(answer, "%d", &status); err != nil {
		t.Fatal(err)
	}
	return status, answer
}

// TestJourney15 tries, as the clerk of a firm, every door of the product that is closed to him.
func TestJourney15(t *testing.T) {
	f, rules := startedDoors(t)
	tb := newTab(t, browser(t))
	signIn(t, tb, f, "clerk", Password)
	wantPath(t, tb, "/todo")
	before := lastN(t, f)
	clerk := policy.Actor{ID: "clerk", Appointments: []policy.Appointment{{Role: "project_manager", Scopes: []string{"p:p1", "p:p2"}}}}
	guard := policy.NewGuard(rules, policy.TenureTable{})
	parameter := regexp.MustCompile(`:\w+(<[^/]*>)?`)
	closed := 0
	for _, r := range f.Server.Routes() {
		if r.Plain || r.JSON || guard.Allow(clerk, r.Action) {
			continue
		}
		closed++
		path := parameter.ReplaceAllStringFunc(r.Path, func(p string) string {
			if strings.Contains(p, "<int>") {
				return "1"
			}
			return "x1"
		})
		why, err := guard.Why(t.Context(), clerk, r.Action, nil)
		if err != nil {
			t.Fatal(err)
		}
		var status int64
		var shown string
		if r.Method == http.MethodGet {
			status = tb.open(t, f.Base+path, 1440, 900)
			shown = value[string](t, tb, "document.body.innerText")
		} else {
			tb.open(t, f.Base+"/todo", 1440, 900)
			status, shown = tb.post(t, path)
		}
		name := r.Method + " " + path
		if status != 403 || !strings.Contains(shown, "规则：") {
			t.Errorf("%s: status %d: %.200s", name, status, shown)
		}
		if who := why.WhoTitles(); who == "" || !strings.Contains(shown, "可以办理的岗位："+who) {
			t.Errorf("%s does not say that %q may: %.200s", name, who, shown)
		}
		if e := tried(t, f, path); e.Kind != fault.Forbidden || e.Action != r.Action || e.Rule == "" || e.Actor == "" || !strings.Contains(shown, e.Number) {
			t.Errorf("%s is logged as %+v", name, e)
		}
	}
	if closed < 17 {
		t.Errorf("only %d doors were tried", closed)
	}
	tb.open(t, f.Base+"/reviews/community", 1440, 900)
	tb.lookAt(t, "door-closed", 403)

	// What lies outside of the scope looks exactly as if it were not there.
	var texts []string
	number := regexp.MustCompile(`编号 \S+`)
	for _, path := range []string{"/proofs/" + ProofPeriod + "/p3", "/proofs/" + ProofPeriod + "/p9", "/proof/x1"} {
		if status := tb.open(t, f.Base+path, 390, 844); status != 404 {
			t.Errorf("%s: status %d", path, status)
		}
		texts = append(texts, number.ReplaceAllString(value[string](t, tb, "document.querySelector('main').innerText"), ""))
		if e := tried(t, f, path); e.Kind != fault.NotFound {
			t.Errorf("%s is logged as %+v", path, e)
		}
	}
	if len(slices.Compact(slices.Clone(texts))) != 1 {
		t.Errorf("what lies outside the scope can be told from what is not there: %q", texts)
	}
	if strings.Contains(texts[0], "规则") || strings.Contains(texts[0], "岗位") {
		t.Errorf("the plain 404 tells of rules: %s", texts[0])
	}
	tb.lookAt(t, "door-not-there", 404)
	if after := lastN(t, f); after != before {
		t.Errorf("%d records were written by refused tries", after-before)
	}
}

// TestJourney15Broken: a failure gives a number that the log of the service knows, and no cause.
func TestJourney15Broken(t *testing.T) {
	f := started(t, 20)
	f.Sample.Broken = errors.New("the disk is on fire")
	tb := newTab(t, browser(t))
	before := lastN(t, f)
	if status := tb.open(t, f.Base+"/stars/"+url.PathEscape("P00005/2026Q3"), 390, 844); status != 500 {
		t.Fatalf("status %d", status)
	}
	number := value[string](t, tb, `document.querySelector("main .n").textContent`)
	if len(number) < 6 || !strings.Contains(f.Log.String(), number) {
		t.Errorf("the number %q is not in the log of the service", number)
	}
	if lastN(t, f) != before {
		t.Error("something was written")
	}
}

// TestJourney7 is an owner of 68 on a phone in large type, without an account: from the initials of the compound to how it compares.
func TestJourney7(t *testing.T) {
	f := started(t, 129)
	tb := newTab(t, browser(t))
	tb.open(t, f.Base+"/", 390, 844)
	if _, err := chromedp.RunResponse(tb.ctx, chromedp.Click(`a[href="/type?big=1"]`)); err != nil {
		t.Fatal(err)
	}
	// 书院苑 is found by name, by pinyin and by initials.
	for _, typed := range []string{"书院苑", "shuyuanyuan", "syy"} {
		tb.open(t, f.Base+"/", 390, 844)
		if status := tb.submit(t, map[string]string{"q": typed}); status != 200 {
			t.Fatalf("%s: status %d", typed, status)
		}
		if names := value[[]string](t, tb, `[...document.querySelectorAll("main tbody a[href^='/stars/']")].map(a=>a.textContent)`); !slices.Contains(names, "书院苑") {
			t.Fatalf("%s finds %q: %.600s", typed, names, value[string](t, tb, "document.querySelector(\"main\").innerText"))
		}
	}
	check(t, tb, "the compound found", 390, 200)
	link := value[string](t, tb, `[...document.querySelectorAll("main tbody a[href^='/stars/']")].find(a=>a.textContent=="书院苑").getAttribute("href")`)
	response, err := chromedp.RunResponse(tb.ctx, chromedp.Click(`main tbody a[href="`+link+`"]`))
	if err != nil || response.Status != 200 {
		t.Fatal(err)
	}
	shown := value[string](t, tb, "document.querySelector('main').innerText")
	for _, want := range []string{"书院苑", "的意思是：满分 100.00 分，得了", "得分率最高的是", "和上次比", "2026年第二季度是“三星”", "芙蓉社区：参评 10 个小区，有总分的", "比它高的", "比它低的"} {
		if !strings.Contains(shown, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if class := value[string](t, tb, "document.documentElement.className"); class != "big" {
		t.Errorf("large type was lost: %q", class)
	}
	// The first screen says what it means; nothing but public totals follows.
	if top := value[float64](t, tb, `document.getElementById("meaning").getBoundingClientRect().bottom`); top > 844 {
		t.Errorf("what the star means ends %.0f px below the top, under the first screen", top)
	}
	tb.lookAt(t, "journey7-star", 200)
}
