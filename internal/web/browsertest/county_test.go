package browsertest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"redsteward/policy"
)

// startCounty serves a county over a fresh data folder.
func startCounty(t *testing.T) *County {
	t.Helper()
	return StartCounty(t, engine(t), time.Now, CountyFiles{RolesConf: readConfig(t, "roles.conf"), RolesCSV: readConfig(t, "roles.csv"), Chains: readConfig(t, "approvals.yaml"),
		Ranges: readConfig(t, "ranges.yaml"), Quarter: readConfig(t, "schemes/five-goods-quarter.yaml"), Year: readConfig(t, "schemes/five-goods-year.yaml"), Coach: readConfig(t, "coach.yaml")}, t.TempDir(), map[string]policy.Appointment{"second": {Role: "property_officer", Scopes: []string{policy.County}}})
}

// TestQuarterInTheBrowser is journey 5 as far as the quarter goes: what is missing, evaluate, leave and find the progress again, preview, a refused publication
// by the same person, scores told to the firms, an objection and its answer, publication by the second one, the circular; and the boards on canvas.
func TestQuarterInTheBrowser(t *testing.T) {
	c := startCounty(t)
	b := browser(t)
	tb := newTab(t, b)
	f := &Fixture{Base: c.Base}
	look := func(name, path string, status int64) {
		t.Helper()
		for _, w := range widths {
			if got := tb.open(t, c.Base+path, w.width, w.height); got != status {
				t.Errorf("%s: status %d, want %d", name, got, status)
			}
			if strings.HasPrefix(path, "/boards") {
				tb.until(t, `document.querySelectorAll("[data-drawn]").length === 6 && !document.querySelector("[data-chart]:not([data-drawn])")`)
			}
			check(t, tb, name, w.width, status)
			tb.shoot(t, "cycle-"+name+"-"+w.name)
		}
	}
	text := func() string { return value[string](t, tb, `document.querySelector("main").innerText`) }
	want := func(words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(text(), w) {
				t.Errorf("the page lacks %q: %.1500s", w, text())
			}
		}
	}
	signIn(t, tb, f, "officer", Password)
	look("periods", "/periods", 200)
	want("2026年第三季度", "收集材料中", "2026年第二季度", "已发布")
	look("period-open", "/periods/2026Q3", 200)
	want("还缺什么", "截止材料提交", "物业企业（佐证材料）")
	press(t, tb, `form[action$="/close"] button`)
	want("材料提交已截止", "立即评价")
	press(t, tb, `form[action$="/evaluate"] button`)
	want("正在评价", "收集数据", "可以离开这一页")
	look("todo", "/todo", 200)
	look("period-running", "/periods/2026Q3", 200)
	want("正在评价")
	close(c.Hold)
	tb.until(t, `document.querySelector("main").innerText.includes("最近一次评价在")`)
	want("待告知", "重新评价")
	look("preview", "/periods/2026Q3/preview", 200)
	want("2026年第二季度", "主要原因", "临界（60、84、92 分上下 0.5 分）")

	look("tell", "/periods/2026Q3/publish", 200)
	want("待告知", "没有告知企业")
	press(t, tb, `form[action$="/tell"] button`)
	want("已告知企业", "征求意见", "等异议期届满")
	// The firm looks at its scores, objects to one line and reads the answer beside it.
	signOut(t, tb)
	signIn(t, tb, f, "manager", Password)
	look("scores", "/scores?period=2026Q3", 200)
	look("score", "/scores/2026Q3/p001", 200)
	want("提异议", "本期事实与来源", "观察记录", "和2026年第二季度比")
	look("objection-new", "/objections/new?period=2026Q3&project=p001&line=ops_answers", 200)
	fill(t, tb, "#ground", "按期答复的少算了四件，以平台回执为准")
	press(t, tb, `form[action="/objections/new"] button`)
	want("已提出", "异议待答复", "按期答复的少算了四件")
	objection := value[string](t, tb, `location.pathname`)
	signOut(t, tb)
	signIn(t, tb, f, "second", Password)
	look("objections", "/objections", 200)
	look("objection", objection, 200)
	value[bool](t, tb, `(document.querySelectorAll("details").forEach(d => { d.open = true; }), true)`)
	fill(t, tb, "#refuse-text", "平台回执晚于期限，按期答复数不变")
	press(t, tb, `form[action$="/refuse"] button`)
	want("不予采纳", "平台回执晚于期限")
	signOut(t, tb)
	look("circulars-told", "/circulars", 200)
	want("征求意见")
	signIn(t, tb, f, "manager", Password)
	look("score-answered", "/scores/2026Q3/p001", 200)
	want("不予采纳", "平台回执晚于期限")
	signOut(t, tb)
	if err := c.PassWindow(t.Context(), "2026Q3", ""); err != nil {
		t.Fatal(err)
	}
	signIn(t, tb, f, "officer", Password)
	look("publish", "/periods/2026Q3/publish", 200)
	press(t, tb, `form[action$="/send"] button`)
	want("已送审", "等“股长审核”", "撤回送审")
	for _, login := range []string{"chief", "vice"} {
		signOut(t, tb)
		signIn(t, tb, f, login, Password)
		look("sign-"+login, "/periods/2026Q3/publish", 200)
		fill(t, tb, "#current", Password)
		press(t, tb, `button[value="agree"]`)
		want("已签署")
	}
	signOut(t, tb)
	signIn(t, tb, f, "chief", Password)
	look("publish-approved", "/periods/2026Q3/publish", 200)
	want("各级都已签署", "文号（选填）", "季度通报审批")
	fill(t, tb, "#number", "12号")
	press(t, tb, `form[action$="/publish"] button`)
	want("有 1 处需要更正", "“12号”")
	tb.forget()
	fill(t, tb, "#number", "都建发[2026]12号")
	press(t, tb, `form[action$="/publish"] button`)
	want("已公布", "结果不能再改", "都建发〔2026〕12号")
	look("period-published", "/periods/2026Q3", 200)
	look("boards", "/boards", 200)
	want("2026年第三季度，和2026年第二季度比", "星级线", "城东社区", "不予采纳")
	signOut(t, tb)
	look("circulars", "/circulars", 200)
	look("circular", "/circulars/2026Q3", 200)
	want("不评星、不排名次", "数据不足")
	if uneven := value[int](t, tb, `[...document.querySelectorAll("tbody tr")].filter(r => r.cells.length !== document.querySelector("thead tr").cells.length).length`); uneven > 0 {
		t.Errorf("%d rows of the circular do not have the columns of its head", uneven)
	}
	if got := tb.open(t, c.Base+"/periods", 1440, 900); got != 401 {
		t.Errorf("the public opens the periods: %d", got)
	}
	// A new version of the scheme with a promise that it breaks: the counterexample, the replay over the two published quarters, two versions side by side, one rule.
	file := filepath.Join(t.TempDir(), "next.yaml")
	next := regexp.MustCompile(`(?m)^version: .*$`).ReplaceAll(readConfig(t, "schemes/five-goods-quarter.yaml"), []byte(`version: "next"`))
	next = bytes.Replace(next, []byte("of: visit_clean, zero: 0, target: 1"), []byte("of: visit_clean, zero: 1, target: 0"), 1)
	if err := os.WriteFile(file, next, 0o600); err != nil {
		t.Fatal(err)
	}
	signIn(t, tb, f, "officer", Password)
	look("scheme-new", "/schemes/new", 200)
	tb.do(t, chromedp.SetUploadFiles("#file", []string{file}))
	fill(t, tb, "#why", "走访的保洁分改为越低越好（写反了）")
	press(t, tb, `form[action="/schemes/new"] button`)
	want("已提出", "不成立", "反例：两张事实表", "2026年第三季度：变动", "有保证不成立")
	look("scheme", value[string](t, tb, `location.pathname`), 200)
	look("scheme-compare", "/schemes/compare", 200)
	want("next 版", "由哪一条造成", "指标“保洁和绿化”")
	look("scheme-rule", "/schemes/rule?rhythm=quarter&rule=indicators/svc_clean", 200)
	want("最初的一版")
}

// press clicks something that leads to another page.
func press(t *testing.T, tb *tab, selector string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tb.ctx, patience)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(selector)); err != nil {
		t.Fatalf("%s: %v", selector, err)
	}
}

// fill sets a field. The page does so itself: of the answer to a refused form, Chromium 86 does not tell the driver that it is another page.
func fill(t *testing.T, tb *tab, selector, text string) {
	t.Helper()
	value[bool](t, tb, fmt.Sprintf("document.querySelector(%q).value = %q, true", selector, text))
}

// signOut forgets the session.
func signOut(t *testing.T, tb *tab) {
	t.Helper()
	if _, err := chromedp.Call(tb.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
}
