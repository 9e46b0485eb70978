package browsertest

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/handover"
)

// handoverTab is one person's browser at the page of a handover.
type handoverTab struct {
	*tab
	browser context.Context
	people  *handoverPeople
	page    string
}

// handoverPeople are the tabs of everybody who takes part, by login, and who acted last.
type handoverPeople struct {
	f    *Fixture
	tabs map[string]*handoverTab
	last *handoverTab
	page string
}

// as is the tab of somebody, who signs in the first time.
func (p *handoverPeople) as(t *testing.T, login string) *handoverTab {
	t.Helper()
	if p.tabs[login] == nil {
		b := browser(t)
		p.tabs[login] = &handoverTab{tab: newTab(t, b), browser: b, people: p, page: p.page}
		signIn(t, p.tabs[login].tab, p.f, login, Password)
	}
	return p.tabs[login]
}

// act sends the form of the page of the handover that leads to what, with what is typed into its fields by name and a file where it asks for one.
func (h *handoverTab) act(t *testing.T, what string, typed map[string]string, file string) {
	t.Helper()
	// What nobody else changed stands there as the last answer.
	if h.people.last != h || value[string](t, h.tab, "location.pathname") != h.page {
		h.open(t, h.people.f.Base+h.page, 1280, 800)
	}
	h.people.last = h
	fill, err := json.Marshal(typed)
	if err != nil {
		t.Fatal(err)
	}
	value[bool](t, h.tab, `(() => {
		const form = document.querySelector("main form[action='`+h.page+"/"+what+`']"), typed = `+string(fill)+` || {};
		for (const [name, v] of Object.entries(typed)) { const el = form.elements[name]; if (el.type === "checkbox") { el.checked = true; } else { el.value = v; } }
		document.querySelectorAll("details").forEach(d => { d.open = true; });
		form.querySelector("button").id = "journey-send";
		return true;
	})()`)
	if file != "" {
		h.do(t, chromedp.SetUploadFiles("main form[action='"+h.page+"/"+what+"'] input[type=file]", []string{file}))
	}
	response, err := chromedp.RunResponse(h.ctx, chromedp.Click("#journey-send"))
	if err != nil {
		t.Fatal(what, err)
	}
	if response.Status != 200 {
		t.Fatalf("%s answers %d: %.600s", what, response.Status, h.text(t))
	}
}

// TestHandoverJourney is journey 10: a new compound of 140 objects is walked on a phone with twelve defects, each with a photo; what is left of a group is in order with
// one press, and in the basement there is no signal. Then notice, repair, re-inspection with one defect that is never repaired, two signatures and three witnesses under
// one digest, the result on the board, transfer, and filing with seven documents on day 29. The defect that stays leads to a letter of warranty. The pages are looked at
// on the way, the papers as they are printed.
func TestHandoverJourney(t *testing.T) {
	f := started(t, 1)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	service := f.Handovers.Service
	list := readConfig(t, "handover.yaml")
	var err error
	service.List, err = handover.ParseList("handover.yaml", list)
	must(err)
	service.Hash = handover.Hash(list)
	// The handover happens while the days pass from six weeks ago until today, the pages are those of today.
	var passed atomic.Int64
	clock := service.Now
	service.Now = func() time.Time { return clock().AddDate(0, 0, int(passed.Load())-45) }
	project := f.newCompound(t)
	day := f.Register.Today().Add(-45)
	doc, err := service.Open(ctx, f.who(t, "builder"), handover.Opening{Project: project, Inspection: day, Delivery: day.Add(60)})
	must(err)
	path := "/handovers/" + doc.ID
	l := throughLine(t, f)
	people := &handoverPeople{f: f, tabs: map[string]*handoverTab{}, page: path}
	as := func(login string) *handoverTab { t.Helper(); return people.as(t, login) }
	photo := photoFile(t, "site.png", 24)

	builder := as("builder")
	builder.look(t, f, []opened{{"handovers", "/handovers", 200}, {"handover-new", "/handovers/new?project=" + project, 200}, {"handover-draft", path, 200}, {"handover-import", path + "/imports/documents", 200}})
	met := map[string]string{}
	for _, e := range service.List.Conditions {
		met["met-"+e.ID] = "1"
	}
	builder.act(t, "conditions", met, "")
	handed := map[string]string{}
	for _, e := range service.List.Documents[2:] {
		handed["handed-"+e.ID] = "1"
	}
	for _, e := range service.List.Documents[:2] {
		handed["promise."+e.ID], handed["due."+e.ID] = "交付前补交", day.Add(30).String()
	}
	builder.act(t, "documents", handed, "")

	taker := as("taker")
	taker.act(t, "check", nil, "")
	taker.act(t, "start", nil, "")
	taker.tab = f.walk140(t, taker.browser, taker.tab, l, path, photo)
	w, err := service.One(ctx, f.who(t, "taker"), doc.ID)
	if err != nil || w.Done() != 140 || len(w.Open()) != 12 {
		t.Fatalf("%d answered, %d defects, %v", w.Done(), len(w.Open()), err)
	}
	for _, line := range w.Lines {
		if line.Seq != 1 {
			t.Errorf("%s was written %d times", line.Item.ID, line.Seq)
		}
	}
	taker.act(t, "notify", nil, "")
	stays := w.Open()[0].Item.ID
	builder.act(t, "items/"+w.Open()[1].Item.ID+"/repair", map[string]string{"repair": "已返修"}, "")
	for _, line := range w.Open()[2:] {
		_, err := service.Repair(ctx, f.who(t, "builder"), doc.ID, line.Item.ID, "已返修", nil)
		must(err)
	}
	taker.act(t, "recheck", nil, "")
	for _, line := range w.Open()[2:] {
		_, err := service.Judge(ctx, f.who(t, "taker"), doc.ID, line.Item.ID, true, nil)
		must(err)
	}
	taker.act(t, "items/"+w.Open()[1].Item.ID+"/judge", nil, "")
	taker.act(t, "items/"+stays+"/carry", map[string]string{"how-" + stays: "两周内重做", "due-" + stays: day.Add(14).String()}, "")
	taker.act(t, "settle", nil, "")
	for _, side := range []*handoverTab{taker, builder} {
		side.act(t, "sign", map[string]string{"current": Password}, "")
	}
	for _, login := range []string{"owners", "community", "officer"} {
		as(login).act(t, "witness", map[string]string{"current": Password}, "")
	}
	taker.open(t, f.Base+path, 1280, 800)
	if text := value[string](t, taker.tab, `document.querySelector("main").textContent`); strings.Contains(text, "还没有签") || strings.Contains(text, "还没有见证") || !strings.Contains(text, "内容校验值") {
		t.Error("not all signatures and witnesses are seen")
	}
	taker.act(t, "show", map[string]string{"from": day.String(), "board": "小区东门宣传栏"}, photo)
	taker.act(t, "take", map[string]string{"day": day.String()}, "")
	passed.Store(29)
	today := f.Filings.Now
	f.Filings.Now = service.Now
	taker.act(t, "filing", nil, "")
	filed := filepath.Base(value[string](t, taker.tab, "location.pathname"))
	must(f.Registered(ctx, filed, "taker", "officer", "chief", "law"))
	f.Filings.Now = today
	filing, err := f.Filings.One(ctx, f.who(t, "officer"), filed)
	must(err)
	officer := as("officer")
	officer.act(t, "file", map[string]string{"filing": filed}, "")
	w, err = service.One(ctx, f.who(t, "officer"), doc.ID)
	must(err)
	if h := w.Doc.State; h.State != handover.Filed || len(filing.State.Documents) != 7 || h.Receipt.Number != filing.State.Number || h.Filed.Sub(h.Transferred) != 29 || h.Filing.Due.Compare(h.Filed) < 0 || h.Unshown() {
		t.Errorf("%s, filed after %d days, shown %v", h.State, h.Filed.Sub(h.Transferred), h.Shows)
	}
	officer.lookAt(t, "handover-filed", 200)
	papersSeen := []string{"record", "agreement", "board"} // the others are made of the same tables
	if os.Getenv("REDSTEWARD_SHOTS") != "" {
		papersSeen = append(papersSeen, "defects", "documents", "transfer")
	}
	for _, paper := range papersSeen {
		officer.lookPrinted(t, f, "handover-"+paper, path+"/print/"+paper)
	}

	// The defect that stays leads the owners to the letter of warranty, which is the first step of a claim on the fund.
	owners := as("owners")
	owners.open(t, f.Base+path, 1280, 800)
	owners.press(t, `#finding-`+strings.ReplaceAll(stays, ".", `\.`)+` a[href*="/fund/claims/new"]`)
	owners.until(t, `location.pathname==="/fund/claims/new"`)
	owners.do(t, chromedp.SetValue("#part", "waterproof"), chromedp.SetValue("#defect", "基础渗水"), chromedp.SetValue("#completed", day.Add(-60).String()), chromedp.SetValue("#delivered", day.Add(1).String()), chromedp.SetUploadFiles("#paper", []string{photo}))
	owners.press(t, "main form button")
	owners.until(t, `location.pathname.startsWith("/fund/claims/")&&location.pathname!=="/fund/claims/new"`)
	owners.says(t, "已起草", "望湖苑", "东侧")
}

// walk140 walks the compound on a phone: the first object of each of twelve groups has a defect, what is left of a group is in order with one press. In the third group
// the signal is lost: what was typed and what was answered survives that the page is closed and opened again without network. It returns the tab that is open then.
func (f *Fixture) walk140(t *testing.T, b context.Context, tb *tab, l *line, path, photo string) *tab {
	t.Helper()
	w, err := f.Handovers.Service.One(t.Context(), f.who(t, "taker"), filepath.Base(path))
	if err != nil || len(w.Lines) != 140 {
		t.Fatalf("%d objects, not 140: %v", len(w.Lines), err)
	}
	at := func(k int) string {
		if k < len(w.Lines) {
			return path + "/items/" + w.Lines[k].Item.ID
		}
		return path
	}
	begun := time.Now()
	tb.open(t, f.Base+at(0), 390, 844)
	tb.lookAt(t, "handover-item", 200)
	tb.until(t, `!document.getElementById("walk-reopens").hidden`)
	groups, group := 0, ""
	for i, line := range w.Lines {
		if group == line.Where+line.Group {
			continue
		}
		group = line.Where + line.Group
		if groups < 12 {
			tb.do(t, chromedp.Click(`#walk-values label.no`), chromedp.SetValue(`#where`, "东侧"))
			if groups == 0 {
				tb.do(t, chromedp.Click(`#walk-save`))
				tb.until(t, `document.getElementById("walk-state").textContent.includes("至少拍 1 张")`)
			}
			tb.do(t, chromedp.SetUploadFiles(`#photo`, []string{photo}))
			tb.until(t, `document.querySelectorAll("#walk-shots .pic").length===1`)
			if groups == 2 {
				// All is sent, and this page is kept for opening without network.
				tb.until(t, `document.getElementById("walk-state").dataset.kept==="0"&&!document.getElementById("walk-reopens").hidden`)
				l.lose(true)
			}
			tb.do(t, chromedp.Click(`#walk-save`))
			tb.until(t, `location.pathname==="`+at(i+1)+`"`)
			if groups == 2 {
				tb = reopened(t, b, tb, l, f.Base+at(i+1), at(i+2))
			}
		}
		groups++
		tb.do(t, chromedp.Click(`#walk-rest button`))
		next := i + 1
		for next < len(w.Lines) && w.Lines[next].Where+w.Lines[next].Group == group {
			next++
		}
		tb.until(t, `location.pathname==="`+at(next)+`"`)
	}
	t.Logf("140 objects in %d groups: %.1f s", groups, time.Since(begun).Seconds())
	return tb
}

// reopened goes on at an item without signal: a choice and words are there again, not saved yet, when the page was closed and opened anew; once saved and back on the
// line, all is sent.
func reopened(t *testing.T, b context.Context, tb *tab, l *line, address, next string) *tab {
	t.Helper()
	tb.until(t, `document.getElementById("walk-state").textContent.includes("没有信号，1 项存在本机")`)
	tb.do(t, chromedp.Click(`#walk-values label.no`), chromedp.SendKeys(`#where`, "2层西侧"), chromedp.SendKeys(`#note`, "像是水迹"))
	answered := value[string](t, tb, `document.getElementById("walk-count").textContent`)
	if err := chromedp.Cancel(tb.ctx); err != nil { // the page is closed
		t.Fatal(err)
	}
	tb = newTab(t, b)
	tb.open(t, address, 390, 844)
	// What was sent before the signal was lost is not taken for unanswered.
	tb.until(t, `document.getElementById("walk-count").textContent==="`+answered+`"`)
	tb.until(t, `document.querySelector("input[name=value]:checked")?.value==="fail"&&document.getElementById("where").value==="2层西侧"&&document.getElementById("note").value==="像是水迹"`)
	tb.shoot(t, "handover-item-reopened")
	tb.do(t, chromedp.Click(`#walk-values label.ok`), chromedp.Click(`#walk-save`))
	tb.until(t, `location.pathname==="`+next+`"&&document.getElementById("walk-state").textContent.includes("没有信号，2 项存在本机")`)
	l.lose(false)
	value[bool](t, tb, `dispatchEvent(new Event("online"))`)
	tb.until(t, `document.getElementById("walk-state").dataset.kept==="0"`)
	return tb
}

// lookPrinted looks at a paper on the screen of a phone, and keeps it as it is printed.
func (tb *tab) lookPrinted(t *testing.T, f *Fixture, name, path string) {
	t.Helper()
	if status := tb.open(t, f.Base+path, 390, 844); status != 200 {
		t.Errorf("%s: status %d", path, status)
	}
	check(t, tb, name, 390, 200)
	tb.do(t, chromedp.EmulateViewport(320, 640))
	check(t, tb, name, 320, 200)
	if os.Getenv("REDSTEWARD_SHOTS") != "" {
		t.Logf("%s prints on %d sheets", name, sheets(t, tb, name))
	}
}

// newCompound registers a project of 140 objects with its contract and the accounts of everybody who takes part.
func (f *Fixture) newCompound(t *testing.T) (project string) {
	t.Helper()
	ctx, day := t.Context(), f.Register.Today()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	firm, err := f.Register.CreateFirm(ctx, registerStaff, registry.FirmInput{Name: "赣北一盏灯物业服务有限公司", Code: "91350100M000100Y43", Origin: registry.OriginMarket})
	must(err)
	developer, err := f.Register.CreateDeveloper(ctx, registerStaff, registry.DeveloperInput{Name: Hostile[:50], Code: "91360428MA7XAMPL5W"})
	must(err)
	project, err = f.Register.CreateProject(ctx, registerStaff, registry.ProjectInput{Name: "望湖苑", Address: "都昌镇东风大道 8 号", Community: "360428100001", Households: 300, Kind: registry.KindCommodity, Developer: developer})
	must(err)
	must(f.Register.AddContract(ctx, registerStaff, project, 1, registry.ContractInput{Firm: firm, Kind: registry.ContractEarly, Level: registry.LevelSecond, Fee: 125, Days: policy.Span{From: day.Add(-90)}}))
	for i, kind := range []registry.BuildingKind{registry.BuildingHigh, registry.BuildingHigh, registry.BuildingHigh, registry.BuildingHigh, registry.BuildingGarage, registry.BuildingService, registry.BuildingLow} {
		must(f.Register.PutBuilding(ctx, registerStaff, project, int64(2+i), "", registry.BuildingInput{Name: string(rune('1'+i)) + "幢", Kind: kind, Floors: 3}))
	}
	for _, p := range []struct{ login, role, unit string }{{"builder", "developer", policy.DeveloperKey(developer)}, {"taker", "firm_manager", policy.FirmKey(firm)}, {"owners", "owners_committee", policy.ProjectKey(project)},
		{"community", "community_worker", "c:360428100001"}, {"officer", "property_officer", policy.County}, {"chief", "section_chief", policy.County}, {"law", "legal_officer", policy.County}} {
		must(f.Appoint(ctx, p.login, "林小满", policy.Appointment{Role: policy.Role(p.role), Unit: p.unit, Scopes: []string{p.unit}}))
	}
	return project
}
