package browsertest

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision"
	"redsteward/supervision/inspection"
)

// startSupervised runs the fixture with observations and visits.
func startSupervised(t *testing.T) *Fixture {
	t.Helper()
	var sheets []inspection.File
	for _, name := range []string{"visit-level-2.yaml", "four-displays.yaml"} {
		sheets = append(sheets, inspection.File{Name: name, Data: readConfig(t, "checklists/"+name)})
	}
	clocks := FixtureClocks(time.Now)
	return Serve(t, engine(t), clocks.Business, func(ctx context.Context, db *store.DB) (*Fixture, error) {
		return StartSupervised(ctx, db, clocks, readConfig(t, "roles.conf"), readConfig(t, "roles.csv"), t.TempDir(), sheets...)
	})
}

// who signs in beside the pages, to prepare what a page shows.
func (f *Fixture) who(t *testing.T, login string) policy.Actor {
	t.Helper()
	in, err := f.People.SignIn(t.Context(), policy.Credentials{Login: login, Password: Password})
	if err != nil {
		t.Fatal(err)
	}
	return in.Actor
}

// visitOf plans a visit of a project for people and begins it.
func (f *Fixture) visitOf(t *testing.T, project, series string, people ...policy.Actor) string {
	t.Helper()
	plan := inspection.PlanVisit{Project: project, Series: series, Day: calendar.DateOf(f.DB.Now()), Order: 1}
	for _, p := range people {
		plan.Officers = append(plan.Officers, p.ID)
	}
	doc, err := f.Supervision.Visits.Plan(t.Context(), f.who(t, "officer"), plan)
	if err != nil {
		t.Fatal(err)
	}
	if doc, err = f.Supervision.Visits.Start(t.Context(), people[0], supervision.At{ID: doc.ID, Seq: doc.Seq}); err != nil {
		t.Fatal(err)
	}
	return doc.ID
}

// offline switches the network of a tab off or on, as a basement does.
func (tb *tab) offline(t *testing.T, off bool) {
	t.Helper()
	type conditions struct {
		Offline  bool    `json:"offline"`
		Latency  float64 `json:"latency"`
		Download float64 `json:"downloadThroughput"`
		Upload   float64 `json:"uploadThroughput"`
	}
	emulate := cdp.Command[conditions, cdp.Empty]{Method: "Network.emulateNetworkConditions"}
	if _, err := chromedp.Call(tb.ctx, emulate, conditions{Offline: off, Download: -1, Upload: -1}); err != nil {
		t.Fatal(err)
	}
}

// settled waits until the sheet of a visit takes answers and says how many the phone keeps: what it says moves everything below, and a tap would land beside.
func (tb *tab) settled(t *testing.T) {
	t.Helper()
	tb.until(t, `(state => state.dataset.kept==="0" || state.dataset.kept && state.textContent.includes("没有信号"))(document.getElementById("walk-state"))`)
}

// aPhoto writes a picture larger than what is sent, as a phone's are.
func aPhoto(t *testing.T) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 2400, 1800))
	for x := range 2400 {
		for y := range 1800 {
			img.Set(x, y, color.RGBA{uint8(x / 10), uint8(y / 8), 120, 255})
		}
	}
	name := filepath.Join(t.TempDir(), "stairs.png")
	w, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(w, img); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestWalk is journey 2 for one project up to the finding: the list, the items, the basement without a signal, and upstairs everything is sent once.
func TestWalk(t *testing.T) {
	f := startSupervised(t)
	zhou, lin := f.who(t, "inspector"), f.who(t, "lin")
	// The quarter before there was a finding at the stairs.
	earlier := f.visitOf(t, "p1", "service", zhou, lin)
	photo := inspection.Photo{Original: strings.Repeat("ab", 32), Shown: strings.Repeat("cd", 32)}
	f.answer(t, zhou, earlier, map[string]inspection.Found{"4.3": {Value: inspection.Fail, Lost: 2, Where: "3号楼1单元", Photos: []inspection.Photo{photo}}})
	for _, by := range []policy.Actor{zhou, lin} {
		w, err := f.Supervision.Visits.One(t.Context(), by, earlier)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Supervision.Visits.Sign(t.Context(), by, supervision.At{ID: earlier, Seq: w.Visit.Seq}); err != nil {
			t.Fatal(err)
		}
	}
	plan := inspection.PlanVisit{Project: "p1", Series: "service", Day: calendar.DateOf(f.DB.Now()), Order: 1, Officers: []string{zhou.ID, lin.ID}}
	planned, err := f.Supervision.Visits.Plan(t.Context(), f.who(t, "officer"), plan)
	if err != nil {
		t.Fatal(err)
	}

	tb := newTab(t, browser(t))
	signIn(t, tb, f, "inspector", Password)
	tb.open(t, f.Base+"/visits/mine", 390, 844)
	taps := 0
	tap := func(selector string) {
		t.Helper()
		taps++
		tb.do(t, chromedp.Click(selector))
	}
	follow := func(selector string) {
		t.Helper()
		taps++
		if _, err := chromedp.RunResponse(tb.ctx, chromedp.Click(selector)); err != nil {
			t.Fatal(err)
		}
	}
	tb.shoot(t, "walk-list")
	check(t, tb, "the list", 390, 200)
	follow(`a[href="/visits/` + planned.ID + `"]`)
	tb.shoot(t, "walk-planned")
	check(t, tb, "a planned visit", 390, 200)
	follow("main .btn.p")
	tb.shoot(t, "walk-first")
	check(t, tb, "an item", 390, 200)

	sheet, _, err := f.Supervision.Visits.Sheets.Pick("service", "二级", plan.Day)
	if err != nil {
		t.Fatal(err)
	}
	items := sheet.Items()
	for k, item := range items {
		tb.item(t, item.ID)
		switch item.ID {
		case "3.3": // into the basement
			tb.until(t, `document.getElementById("walk-state").dataset.kept==="0"`)
			tb.offline(t, true)
		case "4.3":
			if last := value[string](t, tb, `document.getElementById("walk-last").textContent`); !strings.Contains(last, "不符合，扣 2 分") || !strings.Contains(last, "3号楼1单元") {
				t.Errorf("the last result says %q", last)
			}
			tb.settled(t)
			tap("#walk-values .no")
			tap("#walk-save") // without a photo: told at once, nothing is lost
			tb.until(t, `document.getElementById("walk-state").textContent.includes("至少拍 1 张")`)
			tb.finds(t, "3号楼1单元2至3层", "纸箱占通道一半")
			tap("#walk-losses label:nth-child(2)")
			tb.shoot(t, "walk-finding")
			if !strings.Contains(value[string](t, tb, `document.getElementById("walk-save").textContent`), "下一项") {
				t.Error("no next item")
			}
			tap("#walk-save")
			tb.item(t, items[k+1].ID)
			tb.until(t, `document.getElementById("walk-state").dataset.kept==="6"`)
			said := value[string](t, tb, `document.getElementById("walk-state").textContent`)
			if !strings.Contains(said, "没有信号，6 项存在本机") {
				t.Errorf("the phone says %q", said)
			}
			tb.shoot(t, "walk-basement")
			w, err := f.Supervision.Visits.One(t.Context(), zhou, planned.ID)
			if err != nil || len(w.Answers) != 13 {
				t.Fatalf("%d answers arrived, want those before the basement: %v", len(w.Answers), err)
			}
			continue
		case "5.1": // upstairs
			tb.offline(t, false)
			tb.until(t, `document.getElementById("walk-state").dataset.kept==="0"`)
		}
		tb.settled(t)
		tap("#walk-values label:first-child")
		if k == 0 { // pressed once more before the page has moved on: no item is passed over
			value[bool](t, tb, `(save => { save.click(); save.click(); return true; })(document.getElementById("walk-save"))`)
			taps++
			continue
		}
		tap("#walk-save")
	}
	tb.until(t, fmt.Sprintf(`location.pathname==="/visits/%s"`, planned.ID))
	tb.until(t, `document.body&&document.readyState==="complete"&&document.body.innerText.includes("27 / 27")`)
	// The photo was refused once on purpose: three taps are not those of a practised person.
	if taps > 60+1 {
		t.Errorf("%d taps", taps)
	}
	t.Logf("%d taps for 27 items with one finding", taps)
	tb.shoot(t, "walk-overview")
	tb.forget() // the network errors of the basement
	tb.open(t, f.Base+"/visits/"+planned.ID, 390, 844)
	check(t, tb, "the overview", 390, 200)
	w, err := f.Supervision.Visits.One(t.Context(), zhou, planned.ID)
	if err != nil {
		t.Fatal(err)
	}
	found := w.Answers["4.3"]
	if len(w.Answers) != 27 || found.Lost != 2 || found.Where != "3号楼1单元2至3层" || found.Note != "纸箱占通道一半" || len(found.Photos) != 1 || found.Paper.Kind != supervision.PaperTransfer {
		t.Errorf("%d answers, %+v", len(w.Answers), found)
	}
	// Each was sent once: no answer has more than one change.
	for _, item := range items {
		if n, err := f.Supervision.Visits.Changes(t.Context(), zhou, planned.ID, item.ID); err != nil || n != 1 {
			t.Errorf("%s was written %d times: %v", item.ID, n, err)
		}
	}
	follow(`form[action$="/sign"] button`)
	if said := value[string](t, tb, `document.querySelector("[role=status]:not([hidden])").textContent`); !strings.Contains(said, "已签名") {
		t.Errorf("after signing: %q", said)
	}
	tb.open(t, f.Base+"/visits/mine", 390, 844)
	tb.until(t, `document.getElementById("walk-state").dataset.kept`) // how many the phone keeps, once it has looked
	if kept := value[string](t, tb, `document.getElementById("walk-state").dataset.kept`); kept != "0" {
		t.Errorf("the phone still keeps %s", kept)
	}
	journeyInspection(t, tb, f, zhou, lin)
}

// item waits until the phone shows an item.
func (tb *tab) item(t *testing.T, id string) {
	t.Helper()
	tb.until(t, fmt.Sprintf(`document.getElementById("walk-category").textContent.endsWith("· %s")`, id))
}

// finds takes a photo of a finding that was chosen, and says where and what.
func (tb *tab) finds(t *testing.T, where, note string) {
	t.Helper()
	tb.do(t, chromedp.SetUploadFiles("#photo", []string{aPhoto(t)}))
	tb.until(t, `document.querySelectorAll("#walk-shots .pic").length===1&&!document.getElementById("walk-state").textContent.includes("至少拍 1 张")`)
	tb.do(t, chromedp.SetValue("#where", where), chromedp.SetValue("#note", note))
}

// journeyInspection is journey 2 for an inspection (行政检查), on the same phone pages: begun after its notice, one item in the basement without a signal, the finding that an order may follow, both officers sign, the
// firm takes the record, and the officer finds the right one of three papers as a draft.
func journeyInspection(t *testing.T, tb *tab, f *Fixture, zhou, lin policy.Actor) {
	t.Helper()
	ctx, officer, today := t.Context(), f.who(t, "officer"), calendar.DateOf(f.DB.Now())
	doc, err := f.Inspections.Plan(ctx, officer, inspection.PlanInspection{Project: "p1", Matters: []string{"openness"}, Day: today, Ground: inspection.GroundRegular, Officers: map[string][]string{"县住建局": {zhou.ID, lin.ID}}})
	at := func() casework.At { return casework.At{ID: doc.ID, Seq: doc.Seq} }
	if err == nil {
		doc, err = f.Inspections.Do(ctx, officer, at(), inspection.StepSend, casework.Input{})
	}
	if err == nil {
		doc, err = f.Inspections.Sign(ctx, f.who(t, "chief"), at(), policy.Sign{Move: policy.MoveAgree, SubjectHash: doc.State.Approval.SubjectHash}, Password)
	}
	if err == nil {
		doc, err = f.Inspections.Do(ctx, officer, at(), inspection.StepNotice, casework.Input{Number: "都住建检〔2026〕1号", Day: today, Choice: "onsite"})
	}
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	page := "/inspections/" + doc.ID
	tb.open(t, f.Base+page, 390, 844)
	check(t, tb, "an inspection after its notice", 390, 200)
	tb.press(t, `form[action="`+page+`/begin"] button`)
	tb.until(t, `document.querySelector('a[href="`+page+`-1/items/1"]')`)
	tb.shoot(t, "inspection-begun")
	tb.press(t, `a[href="`+page+`-1/items/1"]`)
	tb.until(t, `document.getElementById("walk-category")`)
	tb.item(t, "1")
	tb.settled(t)
	tb.offline(t, true)
	tb.do(t, chromedp.Click("#walk-values label:first-child"), chromedp.Click("#walk-save"))
	tb.item(t, "2")
	tb.until(t, `document.getElementById("walk-state").textContent.includes("没有信号，1 项存在本机")`)
	tb.do(t, chromedp.Click("#walk-values .no"))
	tb.finds(t, "服务中心", "合同写明另一家")
	tb.shoot(t, "inspection-finding")
	tb.offline(t, false)
	tb.until(t, `document.getElementById("walk-state").dataset.kept==="0"`)
	tb.do(t, chromedp.Click("#walk-save"))
	tb.until(t, `location.pathname==="`+page+`"&&document.querySelector('form[action="`+page+`/record"]')`)
	tb.forget() // the network errors of the basement
	tb.shoot(t, "inspection-answered")
	tb.press(t, `form[action="`+page+`/record"] button`)
	tb.until(t, `location.search==="?done=record"`)
	tb.says(t, "已查 2 / 2 项，已签名 1 / 2 人", "合同写明另一家")
	signIn(t, tb, f, "lin", Password)
	tb.open(t, f.Base+page, 390, 844)
	tb.press(t, `form[action="`+page+`/record"] button`)
	tb.until(t, `location.search==="?done=record"`)
	tb.do(t, chromedp.SetValue("#take-choice", "signed"), chromedp.SetValue("#take-text", "项目负责人"), chromedp.SetUploadFiles(`form[action="`+page+`/take"] input[type=file]`, []string{aPhoto(t)}))
	check(t, tb, "a record that the firm takes", 390, 200)
	tb.press(t, `form[action="`+page+`/take"] button`)
	tb.until(t, `location.search==="?done=take"`)
	if w, err := f.Inspections.Records().One(ctx, zhou, doc.ID+"-1"); err != nil || len(w.Answers) != 2 || len(w.Answers["2"].Photos) != 1 {
		t.Errorf("%+v %v", w.Answers, err)
	}
	signIn(t, tb, f, "officer", Password)
	tb.open(t, f.Base+"/rectifications/new?visit="+doc.ID, 390, 844)
	check(t, tb, "the papers of an inspection", 390, 200)
	if buttons := value[string](t, tb, `[...document.querySelectorAll('form[action="/rectifications/new"] button')].map(b => b.textContent).join()`); buttons != "起草责令限期改正通知书" {
		t.Errorf("papers that can be drafted: %q", buttons)
	}
	tb.press(t, `form[action="/rectifications/new"] button`)
	tb.until(t, `location.search==="?done=draft"`)
	tb.says(t, "责令限期改正通知书", "合同写明另一家", "第五十九条")
	tb.lookAt(t, "inspection-order", 200)
}

// TestKeptAnswersSurviveLeaving closes the page in the basement: what was answered is sent when the list is opened upstairs, in order, and what the server does not take is told.
func TestKeptAnswersSurviveLeaving(t *testing.T) {
	f := startSupervised(t)
	zhou, lin := f.who(t, "inspector"), f.who(t, "lin")
	visit := f.visitOf(t, "p1", "service", zhou, lin)
	tb := newTab(t, browser(t))
	signIn(t, tb, f, "inspector", Password)
	tb.open(t, f.Base+"/visits/"+visit+"/items/1.1", 390, 844)
	tb.settled(t)
	tb.offline(t, true)
	for k, choice := range []string{"label:first-child", "label:nth-child(3)"} {
		tb.do(t, chromedp.Click("#walk-values "+choice), chromedp.Click("#walk-save"))
		tb.until(t, fmt.Sprintf(`document.getElementById("walk-state").textContent.includes("没有信号，%d 项存在本机")`, k+1))
	}
	tb.do(t, chromedp.Click("#walk-prev")) // back, and another answer for the same item: only the later one is sent
	tb.until(t, `document.getElementById("walk-category").textContent.endsWith("1.2")`)
	if chosen := value[string](t, tb, `document.querySelector("input[name=value]:checked").value`); chosen != "na" {
		t.Errorf("the answer kept is %q", chosen)
	}
	tb.do(t, chromedp.Click("#walk-values label:first-child"), chromedp.Click("#walk-save"))
	tb.until(t, `document.getElementById("walk-category").textContent.endsWith("1.3")&&document.getElementById("walk-state").dataset.kept==="2"`)
	tb.offline(t, false)
	tb.open(t, f.Base+"/visits/mine", 390, 844)
	tb.until(t, `document.getElementById("walk-state").dataset.kept==="0"`)
	w, err := f.Supervision.Visits.One(t.Context(), zhou, visit)
	if err != nil || len(w.Answers) != 2 || w.Answers["1.2"].Value != inspection.Conform {
		t.Fatalf("%+v %v", w.Answers, err)
	}
	if n, err := f.Supervision.Visits.Changes(t.Context(), zhou, visit, "1.2"); err != nil || n != 1 {
		t.Errorf("1.2 was written %d times: %v", n, err)
	}
	// The visit is taken off the list while an answer waits on the phone: it is told, and can be dropped.
	tb.open(t, f.Base+"/visits/"+visit+"/items/1.3", 390, 844)
	tb.settled(t)
	tb.offline(t, true)
	tb.do(t, chromedp.Click("#walk-values label:first-child"), chromedp.Click("#walk-save"))
	tb.until(t, `document.getElementById("walk-state").textContent.includes("没有信号")`)
	if _, err := f.Supervision.Visits.Cancel(t.Context(), f.who(t, "officer"), supervision.At{ID: visit, Seq: w.Visit.Seq}, "下雨改期"); err != nil {
		t.Fatal(err)
	}
	tb.offline(t, false)
	tb.open(t, f.Base+"/visits/mine", 390, 844)
	tb.until(t, `document.getElementById("walk-state").textContent.includes("1.3 没有收下：这次走访现在是“已取消”")`)
	tb.shoot(t, "walk-refused")
	tb.do(t, chromedp.Click("#walk-state button"))
	tb.until(t, `document.getElementById("walk-state").hidden`)
}

// answer answers every item of a visit: what stands in found, the first answer otherwise.
func (f *Fixture) answer(t *testing.T, by policy.Actor, visit string, found map[string]inspection.Found) {
	t.Helper()
	w, err := f.Supervision.Visits.One(t.Context(), by, visit)
	if err != nil {
		t.Fatal(err)
	}
	for _, item := range w.Sheet.Items() {
		in, ok := found[item.ID]
		if !ok {
			in = inspection.Found{Value: item.Values()[0]}
		}
		if _, err := f.Supervision.Visits.Reply(t.Context(), by, visit, item.ID, in, nil); err != nil {
			t.Fatal(item.ID, err)
		}
	}
}

// TestSupervisionPages opens every page of observations and visits at both widths.
func TestSupervisionPages(t *testing.T) {
	f := startSupervised(t)
	zhou, lin, worker, officer := f.who(t, "inspector"), f.who(t, "lin"), f.who(t, "worker"), f.who(t, "officer")
	questions, err := Asked{}.Questions(t.Context(), "observation")
	if err != nil {
		t.Fatal(err)
	}
	ask := questions[0].Asks[2]
	var ids []string
	for _, project := range []string{"p1", "p2", "p3"} {
		doc, err := f.Supervision.Observations.Record(t.Context(), officer, supervision.Draft{Ask: ask, Project: project, Day: calendar.DateOf(f.DB.Now()).Add(-3), Source: "合同备案台账",
			Cells: []supervision.Cell{{Column: "contract_filed"}}})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, doc.ID)
	}
	back, err := f.Supervision.Observations.Return(t.Context(), f.who(t, "chief"), supervision.At{ID: ids[1], Seq: 1}, "台账里没有这个小区")
	if err != nil {
		t.Fatal(err)
	}
	walk := f.visitOf(t, "p1", "service", zhou, lin)
	f.answer(t, zhou, walk, map[string]inspection.Found{"1.1": {Value: inspection.Fail, Where: "东门", Note: "没有公示", Photos: []inspection.Photo{{Original: strings.Repeat("ab", 32), Shown: strings.Repeat("cd", 32)}}}})
	displays := f.visitOf(t, "p2", "displays", worker)
	tb := newTab(t, browser(t))
	look := func(login string, pages []opened) {
		signIn(t, tb, f, login, Password)
		for _, p := range pages {
			for _, w := range widths {
				if got := tb.open(t, f.Base+p.path, w.width, w.height); got != p.status {
					t.Errorf("%s: status %d, want %d", p.path, got, p.status)
				}
				tb.shoot(t, p.name+"-"+w.name)
				check(t, tb, p.name, w.width, p.status)
			}
		}
	}
	look("inspector", []opened{{"visits-mine", "/visits/mine", 200}, {"visit-item-finding", "/visits/" + walk + "/items/1.2", 200}})
	for _, by := range []policy.Actor{zhou, lin} {
		w, err := f.Supervision.Visits.One(t.Context(), by, walk)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Supervision.Visits.Sign(t.Context(), by, supervision.At{ID: walk, Seq: w.Visit.Seq}); err != nil {
			t.Fatal(err)
		}
	}
	// The photo of this visit was never kept: the page says so with a broken picture, which the browser reports.
	look("chief", []opened{{"visits", "/visits", 200}, {"visits-queue", "/visits/queue", 200}, {"visit-plan", "/visits/plan", 200}, {"visit-batch", "/visits/batch", 200}, {"phrases", "/account/phrases", 200}, {"visits-again", "/visits/again", 200}, {"observations-queue", "/observations/queue", 200},
		{"observation-decide", "/observations/" + ids[0], 200}, {"observation-none", "/observations/nothing", 404}})
	look("officer", []opened{{"observations", "/observations", 200}, {"observations-returned", "/observations/returned", 200}, {"observation-own", "/observations/" + ids[2], 200},
		{"observation-new", "/observations/new", 200}, {"observation-form", "/observations/new?fact=answers", 200}, {"observation-veto", "/observations/new?fact=veto_decisions", 200},
		{"observation-correct", "/observations/" + back.ID + "/correct", 200}, {"observation-imports", "/observations/imports", 200}})
	look("worker", []opened{{"visit-complete", "/visits/" + displays, 200}, {"visit-item-scale", "/visits/" + displays + "/items/flag", 200}})
	lookAtDraw(t, tb, f, officer, zhou, lin)
}

// lookAtDraw opens the pages of a draw (双随机) and of the inspection that comes of it, as the officer who made it and as everybody.
func lookAtDraw(t *testing.T, tb *tab, f *Fixture, officer policy.Actor, inspectors ...policy.Actor) {
	t.Helper()
	var ids []string
	for _, one := range inspectors {
		ids = append(ids, one.ID)
	}
	draw, err := f.Draws.Freeze(t.Context(), officer, inspection.Freeze{Title: "第四季度双随机抽查", Matters: []string{"openness"}, Planned: calendar.DateOf(f.DB.Now()).Add(7), Count: 1, Inspectors: map[string][]string{"县住建局": ids}})
	for _, step := range []struct {
		by policy.Actor
		do inspection.DrawStep
	}{{officer, inspection.StepAnnounce}, {officer, inspection.StepDrawLots}, {f.who(t, "chief"), inspection.StepOpen}} {
		if err == nil {
			draw, err = f.Draws.Do(t.Context(), step.by, casework.At{ID: draw.ID, Seq: draw.Seq}, step.do, "")
		}
	}
	if err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	drawn, lots := "/inspections/"+draw.State.Picks[0].Inspection, "/inspections/draws/"+draw.ID
	signIn(t, tb, f, "officer", Password)
	tb.look(t, f, []opened{{"inspections", "/inspections", 200}, {"inspection", drawn, 200}, {"inspection-new", "/inspections/new", 200}, {"lots", "/inspections/draws", 200}, {"lots-new", "/inspections/draws/new", 200}, {"lots-one", lots, 200}, {"lots-lists", lots + "/lists", 200},
		{"recusals", "/recusals", 200}, {"draws", "/draws", 200}, {"draw", "/draws/" + draw.ID, 200}})
}
