package browsertest

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"redsteward/internal/report"
)

// monthlyReturn is journey 16: on the morning of the 26th, because the 25th is a Sunday, the draft of October is there. Two numbers look odd, each opens its list; a firm was entered with a nought too many, which is
// corrected and counted anew; compiled, checked and signed by three persons; the Excel comes in the superior's own template. Each click is counted, signing in aside.
func monthlyReturn(t *testing.T, tb *tab, county *demoCounty) {
	t.Helper()
	county.stop()
	f := county.serve(t, "2026-10-26T09:00:00+08:00")
	clicks := 0
	as := func(login string) {
		t.Helper()
		account := regexp.MustCompile(`(?m)^` + login + ` +(Demo-\S+)`).FindStringSubmatch(county.accounts)
		if account == nil {
			t.Fatalf("no account of %s", login)
		}
		signIn(t, tb, f, login, account[1])
	}
	click := func(selector string) {
		t.Helper()
		clicks++
		press(t, tb, selector)
	}
	text := func() string { return value[string](t, tb, `document.querySelector("main").innerText`) }
	want := func(words ...string) {
		t.Helper()
		for _, w := range words {
			if !strings.Contains(text(), w) {
				t.Errorf("%s lacks %q: %.900s", value[string](t, tb, "location.pathname"), w, text())
			}
		}
	}
	look := func(name string, status int64) {
		t.Helper()
		for _, width := range demoWidths {
			tb.do(t, chromedp.EmulateViewport(width, 844))
			check(t, tb, name, width, status)
			tb.shoot(t, fmt.Sprintf("return-%s-%d", name, width))
		}
	}
	const one, staff = "/returns/one/trade_month.2026-10.county", `document.querySelector('a[href*="cell=staff"]')`
	// The superior's workbook was uploaded once, with the names of the cells in it.
	template, err := report.WriteNamed([]report.NameCell{{Name: "staff", Sheet: "市局月报", Column: 2, Row: 2}, {Name: "served", Sheet: "市局月报", Column: 2, Row: 3}, {Name: "return_signed", Sheet: "市局月报", Column: 2, Row: 4}},
		report.Figures{Sheet: "市局月报", Heads: []string{"项目", "数"}, Rows: [][]any{{"从业人员", ""}, {"有物业服务的小区", ""}, {"负责人", ""}}}.Filled())
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "市局月报.xlsx")
	if err := os.WriteFile(file, template, 0o600); err != nil {
		t.Fatal(err)
	}
	as("property-officer")
	tb.open(t, f.Base+"/returns/forms/trade_month", 1280, 844)
	tb.do(t, chromedp.SetUploadFiles("#file", []string{file}))
	press(t, tb, `form[action="/returns/forms/trade_month"] button`)
	want("已上传", "第 1 版", "填 3 个名称")
	look("form", 200)
	// The job of the morning runs beside the first requests.
	for begun := time.Now(); time.Since(begun) < patience; {
		tb.open(t, f.Base+"/returns?form=trade_month", 1280, 844)
		if value[bool](t, tb, `document.querySelector('main table a[href="`+one+`"]') !== null`) {
			break
		}
	}
	click(`main table a[href="` + one + `"]`)
	want("2026年9月25日至2026年10月24日", "草稿", "2026年10月26日", "变化较大")
	look("draft", 200)
	odd := value[[]string](t, tb, `[...document.querySelectorAll("main tr")].filter(r=>r.innerText.includes("变化较大")).map(r=>r.querySelector("td a").getAttribute("href"))`)
	if len(odd) < 2 || !strings.Contains(strings.Join(odd, " "), "cell=staff") {
		t.Fatalf("%d odd numbers: %v", len(odd), odd)
	}
	wrong := value[string](t, tb, staff+`.textContent`)
	slices.SortStableFunc(odd, func(a, b string) int { // the number of people is the second that is looked at
		return strings.Compare(fmt.Sprint(strings.Contains(a, "cell=staff")), fmt.Sprint(strings.Contains(b, "cell=staff")))
	})
	for i, address := range []string{odd[0], odd[len(odd)-1]} {
		click(fmt.Sprintf(`main a[href=%q]`, address))
		want("清单", "合计")
		look(fmt.Sprintf("list-%d", i), 200)
		if i == 0 {
			click(`main a[href="` + one + `"].btn`)
		}
	}
	// The largest stands first: the firm with a nought too many.
	firm := value[string](t, tb, `document.querySelector("main tbody tr a").getAttribute("href")`)
	click(fmt.Sprintf(`main a[href=%q]`, firm))
	click(fmt.Sprintf(`main a[href=%q]`, firm+"/edit"))
	people := value[int](t, tb, `parseInt(document.querySelector("#staff").value)`)
	fill(t, tb, "#staff", fmt.Sprint(people/10))
	click(fmt.Sprintf(`form[action=%q] button`, firm+"/edit"))
	tb.open(t, f.Base+one, 1280, 844)
	clicks++ // back to the return
	click(`form[action="` + one + `/take"] button`)
	want("已按现在的登记重新取数")
	right := value[string](t, tb, staff+`.textContent`)
	if right == wrong || len(right) > len(wrong) {
		t.Errorf("counted anew there are %s people, before %s", right, wrong)
	}
	fill(t, tb, "#note", "一家企业从业人员多写一个零，已更正")
	click(`form[action="` + one + `/compile"] button`)
	want("已送审", "待审核")
	for _, part := range []struct{ login, step, said string }{{"section-chief", "check", "已审核"}, {"deputy-director", "sign", "已签发"}} {
		as(part.login)
		tb.open(t, f.Base+"/returns?form=trade_month", 1280, 844)
		click(`main table a[href="` + one + `"]`)
		look(part.step, 200)
		click(`form[action="` + one + "/" + part.step + `"] button`)
		want(part.said)
	}
	want("已报出", "第 1 版", "市住房和城乡建设局")
	look("signed", 200)
	as("property-officer")
	tb.open(t, f.Base+one, 1280, 844)
	clicks++ // 下载 Excel
	data := value[string](t, tb, `fetch(document.querySelector('a[href$="report.xlsx"]').href).then(r=>r.arrayBuffer()).then(b=>btoa(String.fromCharCode(...new Uint8Array(b))))`, chromedp.EvalAwaitPromise)
	raw, err := base64.StdEncoding.DecodeString(data)
	if err != nil {
		t.Fatal(err)
	}
	cells, err := report.Cells(bytes.NewReader(raw), 20)
	if err != nil || len(cells) < 4 || cells[0][0] != "项目" || strings.ReplaceAll(right, ",", "") != cells[1][1] || cells[2][1] != "129" && cells[2][1] == "" || !strings.Contains(cells[3][1], "（演示）") {
		t.Errorf("the superior's workbook holds %q, the page shows %s: %v", cells, right, err)
	}
	for name, path := range map[string]string{"compare": one + "/compare", "print": one + "/print", "new": "/returns/new?form=trade_month", "version": one + "?v=1", "measures": "/returns/measures", "batch-compile": "/returns/compile"} {
		if status := tb.open(t, f.Base+path, 1280, 844); status != 200 {
			t.Errorf("%s answers %d", path, status)
		}
		look(name, 200)
	}
	// What no register holds is typed, and says by whom; a wrong number is refused at its field.
	const batch = "/returns?form=safety_week&state=draft"
	tb.open(t, f.Base+batch, 1280, 844)
	press(t, tb, `main table a[href*="/safety_week."]`)
	want("还没有填写", "人工填写")
	for _, typed := range [][2]string{{"100", "不能大于 99"}, {"3", "已保存填写的数"}} {
		fill(t, tb, "#trainings", typed[0])
		press(t, tb, `form[action$="/type"] button`)
		want(typed[1])
		look("typed-"+typed[0], map[string]int64{"100": 422, "3": 200}[typed[0]])
	}
	value[bool](t, tb, `(document.querySelectorAll("details").forEach(d => { d.open = true; }), true)`)
	want("安全培训和应急演练：没有填 → 3")
	// Several are checked and signed at once, with what came of each.
	for _, part := range []struct{ login, path, said string }{{"section-chief", "/returns/check", "已审核"}, {"deputy-director", "/returns/sign", "已签发"}} {
		as(part.login)
		tb.open(t, f.Base+"/returns", 1280, 844)
		press(t, tb, `main a[href="`+part.path+`"]`)
		look("batch"+strings.ReplaceAll(part.path, "/", "-"), 200)
		if n := value[int](t, tb, `(boxes => { boxes.forEach(b => { b.checked = true; }); return boxes.length; })([...document.querySelectorAll('input[name="row"]:enabled')])`); n == 0 {
			t.Fatalf("nothing waits at %s", part.path)
		}
		press(t, tb, `form[action="`+part.path+`"] button`)
		want("没有办成 0 张", part.said)
		look("batched"+strings.ReplaceAll(part.path, "/", "-"), 200)
	}
	t.Logf("the monthly return took %d clicks", clicks)
}
