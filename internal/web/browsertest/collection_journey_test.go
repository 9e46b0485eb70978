package browsertest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"redsteward/internal/report"
	"redsteward/supervision/collection"
)

// asPeople are functions for the page: what people do who need not be watched, with the forms that their pages show.
const asPeople = `window.page ??= async (path, init) => { const r = await fetch(path, init), d = new DOMParser().parseFromString(await r.text(), "text/html"); d.status = r.status; d.at = r.url; return d; };
window.send ??= async (doc, end, more, as) => {
	const form = [...doc.forms].find(f => f.getAttribute("action").endsWith(end));
	if (!form) { throw Error("no form " + end + " at " + doc.at + ": " + doc.querySelector("main")?.textContent.replace(/\s+/g, " ").slice(0, 300)); }
	const body = as ? new FormData(form) : new URLSearchParams(new FormData(form));
	for (const [k, v] of Object.entries(more || {})) { body.set(k, v); }
	const next = await page(form.getAttribute("action"), { method: "POST", body });
	if (next.status !== 200) { throw Error(end + " answers " + next.status + ": " + next.querySelector("main")?.textContent.replace(/\s+/g, " ").slice(0, 300)); }
	return next;
};
window.enter ??= async (login, password, title) => {
	const door = await page("/signin"), out = door.querySelector("form[action='/signout']");
	await send(out ? await send(door, "/signout") : door, "/signin", { login, password });
	const list = await page("/collections/received?q=" + encodeURIComponent(title));
	return list.querySelector('main a[href^="/collections/sheets/"]').getAttribute("href");
};
`

// fridayForm is journey 17: on Monday the officer makes a form of six columns out of his own Excel sheet, what the register holds is filled in, and sends it to all 24 firms; 19 sign for it, 14 of them fill it in on a phone,
// 5 send it as Excel; on Thursday one click reminds the five that are missing; what came is merged by township; two hazards become matters; it is archived. The officer's clicks are counted, signing in aside.
func fridayForm(t *testing.T, tb *tab, f *Fixture, county *demoCounty) {
	t.Helper()
	const title = "消防设施周五报"
	password := func(login string) string {
		t.Helper()
		account := regexp.MustCompile(`(?m)^` + login + ` +(Demo-\S+)`).FindStringSubmatch(county.accounts)
		if account == nil {
			t.Fatalf("no account of %s", login)
		}
		return account[1]
	}
	clicks, taps := 0, 0
	click := func(selector string) {
		t.Helper()
		clicks++
		press(t, tb, selector)
	}
	tap := func(selector string) {
		t.Helper()
		taps++
		press(t, tb, selector)
	}
	want := func(words ...string) {
		t.Helper()
		said := value[string](t, tb, `document.querySelector("main").innerText`)
		for _, w := range words {
			if !strings.Contains(said, w) {
				t.Errorf("%s lacks %q: %.900s", value[string](t, tb, "location.pathname"), w, said)
			}
		}
	}
	look := func(name string, status int64) {
		t.Helper()
		for _, width := range []int64{320, 390, 1280} {
			tb.do(t, chromedp.EmulateViewport(width, 844))
			if width == 390 {
				check(t, tb, "collection-"+name, width, status)
			} else {
				checkFrame(t, tb, "collection-"+name, width, status)
			}
			tb.shoot(t, fmt.Sprintf("collection-%s-%d", name, width))
		}
	}
	people := func(work string) string {
		t.Helper()
		return value[string](t, tb, asPeople+"(async()=>{"+work+"})()", chromedp.EvalAwaitPromise)
	}
	firm := func(n int) string {
		if n == 1 {
			return "firm-manager"
		}
		return fmt.Sprintf("firm-manager-%02d", n)
	}

	// Monday, at the desk: the office's sheet of headings makes the columns.
	headings, err := report.Write(report.Figures{Sheet: "表样", Heads: []string{"户数（必填）", "项目负责人", "灭火器数量（必填）", "是否畅通（必填）", "隐患情况（必填）", "整改完成日期"}}.Filled())
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	upload := func(name string, data []byte) string {
		t.Helper()
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	signIn(t, tb, f, "property-officer", password("property-officer"))
	tb.open(t, f.Base+"/collections", 1280, 844)
	click(`main a[href="/collections/new"]`)
	look("new", 200)
	value[bool](t, tb, `document.querySelector("details").open = true`)
	tb.do(t, chromedp.SetUploadFiles("#file", []string{upload(title+".xlsx", headings)}))
	click(`form[action="/collections/columns"] button`)
	want("已从表头读出 6 栏")
	tb.do(t, chromedp.SetValue("#text", "请逐个小区排查，周五下班前填报。"))
	fill(t, tb, "#contact", "物业管理股 0792-5213000")
	fill(t, tb, "#due", "2026-10-23")
	fill(t, tb, "#hazard", "5")
	click(`form[action="/collections/new"] .btn.p`)
	look("refused", 422) // a hazard needs its category
	fill(t, tb, "#category", "fire_gear")
	press(t, tb, `form[action="/collections/new"] .btn.p`)
	if n := value[int](t, tb, `document.querySelectorAll('input[name="to"]:checked').length`); n != 24 {
		t.Fatalf("%d firms are chosen, not 24", n)
	}
	look("to", 200)
	click(`form[action$="/to"] .btn.p`)
	look("draft", 200)
	click(`form[action$="/send"] button`)
	want("已下发", "应报 24 个，已签收 0 个")
	task := value[string](t, tb, "location.pathname")
	look("plans", tb.open(t, f.Base+"/collections/plans", 390, 844))
	look("revise", tb.open(t, f.Base+task+"/revise", 390, 844))

	// A firm in the browser, on a phone: sign, each compound, send.
	signIn(t, tb, f, firm(1), password("firm-manager"))
	tb.open(t, f.Base+"/todo", 390, 844)
	sheet := value[string](t, tb, `[...document.querySelectorAll("main tr")].find(r=>r.innerText.includes("`+title+`")).querySelector('a[href^="/collections/sheets/"]').getAttribute("href")`)
	tap(`main a[href="` + sheet + `"]`)
	tb.do(t, chromedp.EmulateViewport(390, 844))
	look("unsigned", 200)
	tap(`form[action$="/sign"] button`)
	want("已签收")
	compounds := value[int](t, tb, `document.querySelectorAll('#rows tbody tr').length`)
	tap(`#rows tbody a.nm`)
	if value[string](t, tb, `document.querySelector("#c1").value`) == "" {
		t.Error("the households that the register holds are not filled in")
	}
	look("row", 200)
	for n := range compounds {
		fill(t, tb, "#c3", "48")
		fill(t, tb, "#c4", "是")
		fill(t, tb, "#c5", map[bool]string{true: "2 幢 3 层两具灭火器压力不足", false: "无"}[n == 0])
		tap(`form[action$="/save"] .btn.p`)
	}
	if compounds > 1 {
		tap(`form[action$="/file"] button`)
	}
	want("已上报", "已报")
	look("filed", 200)

	// 13 more on their phones, and 4 who send Excel; one more does that below, in the browser.
	same := password("firm-manager")
	signOut(t, tb)
	tb.open(t, f.Base+"/signin", 390, 844)
	for n := 2; n <= 14; n++ {
		said := people(fmt.Sprintf(`const sheet = await enter(%q, %q, %q); let at = await send(await page(sheet), "/sign");
			for (const a of [...at.querySelectorAll("#rows tbody a.nm")].map(a => a.getAttribute("href").replace(/#.*/, ""))) { at = await send(await page(a), "/save", { c3: "12", c4: "是", c5: %q, do: "save" }); }
			at = await send(await page(sheet), at.querySelector("form[action$='/file']") ? "/file" : "/save", { do: "file" }); return at.querySelector(".ph").textContent`, firm(n), same, title, map[bool]string{true: "楼道应急灯不亮", false: "无"}[n == 2]))
		if !strings.Contains(said, "已报") {
			t.Fatalf("%s: %s", firm(n), said)
		}
	}
	columns, _, refused := collection.Revise(nil, 1, []collection.ColumnInput{{Title: "户数", Kind: collection.KindWhole, Required: true}, {Title: "项目负责人", Kind: collection.KindPerson}, {Title: "灭火器数量", Kind: collection.KindWhole, Required: true},
		{Title: "是否畅通", Kind: collection.KindYesNo, Required: true}, {Title: "隐患情况", Kind: collection.KindLong, Required: true}, {Title: "整改完成日期", Kind: collection.KindDate}})
	if len(refused) > 0 {
		t.Fatal(refused)
	}
	workbook := func(names []string, extinguishers string) []byte {
		t.Helper()
		book := report.Collection{Title: title, Columns: columns, Asked: []int{0, 1, 2, 3, 4, 5}, Each: true}
		rows := make([]collection.Row, len(names))
		for i, name := range names {
			book.Compounds = append(book.Compounds, collection.Compound{ID: name, Text: name})
			rows[i] = collection.Row{ID: name, Project: name}
			for place, kept := range []string{"300", "", extinguishers, "是", "无", "2026-10-22"} {
				rows[i].Set(columns, place, kept)
			}
		}
		data, err := book.Template(rows)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	const signed = `const sheet = await enter(%q, %q, %q), at = await send(await page(sheet), "/sign"); return JSON.stringify([...at.querySelectorAll("#rows tbody a.nm")].map(a => a.textContent))`
	namesOf := func(n int) (names []string) {
		t.Helper()
		if err := json.Unmarshal([]byte(people(fmt.Sprintf(signed, firm(n), same, title))), &names); err != nil {
			t.Fatal(err)
		}
		return names
	}
	for n := 15; n <= 18; n++ {
		names := namesOf(n)
		said := people(fmt.Sprintf(`const sheet = (await page("/collections/received?q=" + encodeURIComponent(%q))).querySelector('main a[href^="/collections/sheets/"]').getAttribute("href");
			const file = new File([Uint8Array.from(atob(%q), c => c.charCodeAt(0))], "填报.xlsx"), at = await send(await send(await page(sheet), "/excel", { file }, true), "/accept"); return at.querySelector(".ph").textContent`, title, base64.StdEncoding.EncodeToString(workbook(names, "24"))))
		if !strings.Contains(said, "已报") {
			t.Fatalf("%s: %s", firm(n), said)
		}
	}
	names := namesOf(19)
	signIn(t, tb, f, firm(19), same)
	tb.open(t, f.Base+"/collections/received", 1280, 844)
	press(t, tb, `main tr a[href^="/collections/sheets/"]`)
	sheet = value[string](t, tb, "location.pathname")
	for _, one := range []struct{ name, extinguishers, said string }{{"wrong", "9999999999999", "一行也没有写入"}, {"right", "24", fmt.Sprintf("可以上报 %d 行", len(names))}} {
		value[bool](t, tb, `document.querySelector("#excel").open = true`)
		tb.do(t, chromedp.SetUploadFiles("#file", []string{upload(one.name+".xlsx", workbook(names, one.extinguishers))}))
		press(t, tb, `form[action$="/excel"] button`)
		want(one.said)
		look("excel-"+one.name, 200)
		if one.name == "wrong" {
			tb.open(t, f.Base+sheet, 1280, 844)
		}
	}
	press(t, tb, `form[action$="/accept"] .btn.p`)
	want("已上报")

	// Thursday: one click.
	county.stop()
	f = county.serve(t, "2026-10-22T10:00:00+08:00")
	signIn(t, tb, f, "property-officer", password("property-officer"))
	tb.open(t, f.Base+"/todo", 1280, 844)
	click(`.side a[href="/collections"]`)
	click(`main tr a[href="` + task + `"]`)
	want("应报 24 个，已签收 19 个，已报 19 个，没有报的 5 个")
	click(`form[action$="/remind"] button`)
	want("已催 5 个单位", "催 1 次，没有确认")
	if n := value[int](t, tb, `document.querySelectorAll("#units tbody tr").length`); n != 5 {
		t.Errorf("%d units are missing", n)
	}
	look("missing", 200)
	tb.do(t, chromedp.Click("[data-copy]"))
	if said := value[string](t, tb, `document.querySelector("[data-copy]").textContent + getSelection()`); !strings.Contains(said, "已复制") || !strings.Contains(said, "【催报】") {
		t.Errorf("the words are not copied: %q", said)
	}
	// Friday's end: merged by township, two hazards, the archive.
	tb.open(t, f.Base+task+"?show=filed", 1280, 844)
	clicks++ // 按乡镇
	data := value[string](t, tb, `fetch(document.querySelector('a[href$="merged.xlsx?by=township"]').href).then(r=>r.arrayBuffer()).then(b=>btoa(Array.from(new Uint8Array(b),c=>String.fromCharCode(c)).join("")))`, chromedp.EvalAwaitPromise)
	if raw, err := base64.StdEncoding.DecodeString(data); err != nil || len(raw) < 8000 || string(raw[:2]) != "PK" {
		t.Errorf("the merged workbook has %d bytes: %v", len(raw), err)
	}
	hazards := value[[]string](t, tb, `[...document.querySelectorAll("#units tbody a.nm")].map(a=>a.getAttribute("href"))`)
	passed := 0
	for _, one := range hazards {
		if passed == 2 {
			break
		}
		if people(fmt.Sprintf(`return (await page(%q)).querySelector("form[action$='/matter']") ? "yes" : ""`, one)) == "" {
			continue
		}
		tb.open(t, f.Base+task+"?show=filed", 1280, 844)
		click(`#units a[href="` + one + `"]`)
		look("hazard", 200)
		click(`form[action$="/matter"] button`)
		want("已转为事项")
		passed++
		press(t, tb, `#rows a[href^="/matters/"]`)
		want("来自收表", title, "收表转办")
	}
	if passed != 2 {
		t.Errorf("%d hazards became matters", passed)
	}
	tb.open(t, f.Base+task, 1280, 844)
	clicks++ // the fold 结束收表并归档
	value[bool](t, tb, `document.querySelector("form[action$='/close']").closest("details").open = true`)
	click(`form[action$="/close"] button`)
	want("已结束收表并归档", "到归档没有报")
	look("archived", 200)
	t.Logf("a form to 24 firms by Friday took the clerk %d clicks, the firm on the phone %d taps for %d compounds", clicks, taps, compounds)
}
