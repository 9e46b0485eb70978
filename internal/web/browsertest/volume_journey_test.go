package browsertest

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// caseVolume is journey 18: the case of an order that was put right — approval, notice, record and result of the inspection, the order, its delivery, the answer, the second look, the closing — is printed as one
// file by one click on its page, with the page numbers that its contents name, and comes as a Word document with fields. Each click is counted, signing in aside.
func caseVolume(t *testing.T, tb *tab, f *Fixture, accounts string) {
	t.Helper()
	for _, account := range accountLine.FindAllStringSubmatch(accounts, -1) {
		if account[1] == "property-officer" {
			signIn(t, tb, f, account[1], account[2])
		}
	}
	tb.open(t, f.Base+"/rectifications?kind=order", 1280, 844)
	clicks := 0
	click := func(selector string) {
		t.Helper()
		clicks++
		press(t, tb, selector)
	}
	click(`main tbody a[href^="/rectifications/"]`)
	click(`main a[href$="/whole"]`)
	tb.until(t, `document.body.classList.contains("laid")`)
	check(t, tb, "the file", 1280, 200)
	titles := value[[]string](t, tb, `[...document.querySelectorAll(".toc tbody tr")].map(r=>r.cells[3].innerText)`)
	for i, want := range []string{"行政检查审批表", "行政检查通知书", "现场检查笔录", "检查结果告知书", "责令限期改正通知书", "审批意见", "送达", "第 1.1 项的回复和复查", "结案", "办理经过"} {
		if at := slices.Index(titles, want); at < i {
			t.Errorf("the contents %q have no %q in its place", titles, want)
		}
	}
	// Every sheet is made to fill one page. If the file prints on as many pages as there are sheets, each number in the contents is true.
	pages := value[int](t, tb, `document.querySelectorAll("main > .sheet:not(.over)").length`)
	named := value[[]int](t, tb, `[...document.querySelectorAll(".toc [data-page]")].map(e=>parseInt(e.textContent))`)
	if printed := sheets(t, tb, "case-file"); printed != pages || fmt.Sprint(pages) != value[string](t, tb, `document.querySelector("[data-pages]").textContent`) || pages < 11 {
		t.Errorf("the file prints on %d pages, its sheets are %d", printed, pages)
	}
	first := value[int](t, tb, `[...document.querySelectorAll("main > .sheet")].indexOf(document.querySelector("#v1")) + 1`)
	if len(named) != len(titles) || named[0] != first || !slices.IsSorted(named) || len(slices.Compact(slices.Clone(named))) != len(named) || named[len(named)-1] > pages {
		t.Errorf("the contents name the pages %v of %d", named, pages)
	}
	clicks++ // 导出 Word
	data := value[string](t, tb, `fetch(document.querySelector('a[href$="as=docx"]').href).then(r=>r.arrayBuffer()).then(b=>btoa(String.fromCharCode(...new Uint8Array(b).slice(0,4))))`, chromedp.EvalAwaitPromise)
	if raw, err := base64.StdEncoding.DecodeString(data); err != nil || !strings.HasPrefix(string(raw), "PK") {
		t.Errorf("no Word document: %q, %v", raw, err)
	}
	tb.do(t, chromedp.EmulateViewport(390, 844))
	checkFrame(t, tb, "the file on a phone", 390, 200)
	t.Logf("the file of a case took %d clicks: %d papers on %d pages", clicks, len(titles), pages)
}
