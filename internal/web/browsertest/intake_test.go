package browsertest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/outside"
	"redsteward/internal/outside/intake"
	"redsteward/internal/report"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/supervision"
	"redsteward/supervision/matter"
)

// TestObservationImportInTheBrowser takes a workbook with a mistake through dry run and import, and its rows through the confirmation of several at once; then a party
// fact as each side sees it.
func TestObservationImportInTheBrowser(t *testing.T) {
	f := startSupervised(t)
	tb := newTab(t, browser(t))
	running, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		f.Supervision.Imports.Run(running, func(err error) { t.Error(err) })
	}()
	defer func() { stop(); <-ended }()
	type row = [8]string
	table := report.Table[row]{Sheet: "观察记录"}
	for i, title := range []string{"社区（村）", "小区名称", "事实", "按期答复", "应答复", "已备案", "事实发生的日期", "来源"} {
		table.Columns = append(table.Columns, report.Text(title, title, func(r *row) *string { return &r[i] }))
	}
	const answers = "诉求答复（按期答复/应答复）"
	for k, w := range widths {
		day := calendar.DateOf(f.DB.Now()).Add(-3 - k).String()
		data, err := report.Write(table.Filled([]row{{"东街社区", "东街花园", answers, "4", "5", "", day, "12345 转办单台账"}, {"东街社区", "望湖苑", answers, "五", "5", "", day, "12345 转办单台账"},
			{"东街社区", "望湖苑", "合同已备案", "", "", "是", day, "合同备案台账"}}))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "十月诉求答复.xlsx")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		signIn(t, tb, f, "worker", Password)
		tb.open(t, f.Base+"/observations/imports", w.width, w.height)
		tb.shoot(t, "observation-imports-"+w.name)
		check(t, tb, "observation-imports", w.width, 200)
		tb.do(t, chromedp.SetUploadFiles("#file", []string{file}))
		value[bool](t, tb, `document.querySelector("form[enctype] button").scrollIntoView({block:"center"}), true`)
		value[bool](t, tb, `document.querySelector("form[enctype]").requestSubmit(), true`)
		tb.until(t, `document.querySelector("td.late")`)
		tb.shoot(t, "observation-dry-"+w.name)
		check(t, tb, "observation-dry", w.width, 200)
		tb.imported(t)
		tb.shoot(t, "observation-imported-"+w.name)
		check(t, tb, "observation-imported", w.width, 200)

		signIn(t, tb, f, "officer", Password)
		tb.open(t, f.Base+"/observations/queue", w.width, w.height)
		if n := value[int](t, tb, `document.querySelector("[data-all] input").click(), document.querySelectorAll("input[name=row]:checked").length`); n != 2 {
			t.Errorf("%d rows are chosen", n)
		}
		tb.shoot(t, "observation-bulk-"+w.name)
		check(t, tb, "observation-bulk", w.width, 200)
		tb.submitBelow(t)
		if n := value[int](t, tb, `document.querySelectorAll("input[name=row]").length`); n != 0 {
			t.Errorf("%d rows still wait", n)
		}
	}
	questions, err := Asked{}.Questions(t.Context(), "observation")
	if err != nil {
		t.Fatal(err)
	}
	asks := questions[0].Asks
	doc, err := f.Supervision.Observations.Record(t.Context(), f.who(t, "instructor"), supervision.Draft{Ask: asks[len(asks)-1], Project: "p1", Day: calendar.DateOf(f.DB.Now()).Add(-3), Source: "培训签到统计",
		Cells: []supervision.Cell{{Column: "training_held"}, {Column: "training_due"}}})
	if err != nil {
		t.Fatal(err)
	}
	look := func(login, name string) {
		signIn(t, tb, f, login, Password)
		for _, w := range widths {
			tb.open(t, f.Base+"/observations/"+doc.ID, w.width, w.height)
			tb.shoot(t, name+"-"+w.name)
			check(t, tb, name, w.width, 200)
		}
	}
	for _, login := range []string{"secretary", "industry", "organiser"} {
		if login != "secretary" {
			look(login, "party-"+login)
		}
		if doc, err = f.Supervision.Observations.Confirm(t.Context(), f.who(t, login), supervision.At{ID: doc.ID, Seq: doc.Seq}); err != nil {
			t.Fatal(err)
		}
	}
	look("officer", "party-result")
}

// journeyResident is journey 8 on a phone: a resident without an account reports a broken lift light with a photo, gets a number, follows it, says that it was not set right, and has it reopened.
func journeyResident(t *testing.T, tb *tab, f *Fixture, officer policy.Actor, community string) {
	t.Helper()
	ctx, phone := t.Context(), widths[1]
	tb.signOut(t)
	tb.open(t, f.Base+"/tell", phone.width, phone.height)
	tb.do(t, chromedp.SetValue("#community", community))
	tb.press(t, `form[action="/tell"][method="get"] button`)
	tb.until(t, `document.querySelector("#words")`)
	tb.do(t, chromedp.SetValue("#where", "3幢2单元电梯"), chromedp.SetValue("#category", "lamp"), chromedp.SetValue("#words", "电梯里的灯坏了三天，进去一片黑"), chromedp.SetUploadFiles("#photos", []string{photoFile(t, "电梯.png", 60)}))
	tb.press(t, `form[action="/tell"][method="post"] button`)
	tb.until(t, `document.querySelector("dd.b.n")`)
	tb.says(t, "已收到", "待派单", "电梯里的灯坏了三天")
	number, code, _ := strings.Cut(value[string](t, tb, `[...document.querySelectorAll("dd.b.n")].map(d => d.textContent).join("|")`), "|")
	list, err := f.Matters.List(ctx, officer, matter.Filter{Text: "电梯里的灯"}, "")
	if err != nil || len(list.Docs) != 1 || len(list.Docs[0].State.Photos) != 1 {
		t.Fatalf("%+v, %v", list.Docs, err)
	}
	if _, err := f.Answered(ctx, officer, list.Docs[0], "物业已更换灯管，试过正常"); err != nil {
		t.Fatal(err, fault.FieldsOf(err))
	}
	tb.open(t, f.Base+"/tell/find", phone.width, phone.height)
	tb.do(t, chromedp.SetValue("#number", number), chromedp.SetValue("#code", code))
	tb.press(t, `form[action="/tell/find"] button`)
	tb.until(t, `document.querySelector("#fixed")`)
	tb.says(t, "待核实", "物业已更换灯管")
	tb.lookAt(t, "told-answered", 200)
	tb.do(t, chromedp.SetValue("#fixed", "no"), chromedp.SetValue("#satisfied", "no"))
	tb.press(t, `form[action="/tell/judge"] button`)
	tb.until(t, `document.querySelector("#reason")`)
	tb.says(t, "办结未解决", "谢谢你的确认")
	tb.do(t, chromedp.SetValue("#reason", "当天晚上灯又不亮了"))
	tb.press(t, `form[action="/tell/reopen"] button`)
	tb.until(t, `document.body.innerText.includes("已要求重新办理")`)
	now, err := f.Matters.One(ctx, officer, list.Docs[0].ID)
	if m := &now.State; err != nil || m.State != matter.Reopened || m.Reopened != 1 || m.Reason != "当天晚上灯又不亮了" || m.Check.Satisfied != "no" {
		t.Errorf("%+v, %v", now.State, err)
	}
}

// journeyOutside is the form 反映问题 of an outer zone on a phone: static pages without script send to a receiver, which seals what was written; inside it becomes the matter that the resident follows with his number and code.
func journeyOutside(t *testing.T, tb *tab, f *Fixture, community string) {
	t.Helper()
	ctx, phone, dir, box := t.Context(), widths[1], filepath.Join(t.TempDir(), "public"), t.TempDir()
	communities, _, err := f.Matters.OpenPlaces(ctx, policy.Actor{}, "")
	if err != nil {
		t.Fatal(err)
	}
	key, err := intake.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	receiver := &intake.Receiver{Dir: box, Key: key.Public(), Now: f.DB.Now, Draw: registry.NewTicket, NumberLength: supervision.NumberLength, CodeLength: supervision.CodeLength, Check: matter.CheckWords, Follow: f.Base + "/tell/find", Failed: func(err error) { t.Error(err) }}
	taking := httptest.NewServer(receiver)
	defer taking.Close()
	pages := outside.Copy{Get: func(ctx context.Context, address string) (outside.Answer, error) {
		if !strings.HasPrefix(address, web.OutwardForm) && !strings.HasPrefix(address, "/assets") { // nothing else is looked at here
			return outside.Answer{}, fault.New("browsertest", fault.NotFound, "")
		}
		kind, body, err := f.Server.Outward(ctx, address, web.OutwardForm)
		return outside.Answer{Type: kind, Body: body}, err
	}, Roots: []string{web.OutwardForm}, Intake: taking.URL, IntakeForm: web.OutwardForm, Site: "住建局", Made: f.DB.Now(), Sign: func(text string) (string, error) { return f.DB.SignText(ctx, text) }}
	if _, err := f.DB.Checkpoint(ctx); err != nil { // the key of the log is made with what it signs first
		t.Fatal(err)
	}
	if pages.Key, err = f.DB.LogKey(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := pages.Write(ctx, dir); err != nil {
		t.Fatal(err)
	}
	website := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer website.Close()
	tb.open(t, website.URL+"/tell.html", phone.width, phone.height)
	check(t, tb, "outer-tell", phone.width, 200)
	tb.shoot(t, "outer-tell")
	chosen := value[string](t, tb, `[...document.querySelectorAll("main a")].filter(a => a.textContent.trim() === `+strconv.Quote(registry.TextOf(communities, community))+`).map(a => a.href).join()`)
	tb.open(t, chosen, phone.width, phone.height)
	check(t, tb, "outer-form", phone.width, 200)
	tb.shoot(t, "outer-form")
	if scripts := value[int](t, tb, `document.querySelectorAll("script").length`); scripts != 0 {
		t.Errorf("the outer form has %d scripts", scripts)
	}
	fill := func(words string) {
		tb.do(t, chromedp.SetValue("#where", "北门垃圾房"), chromedp.SetValue("#category", "lamp"), chromedp.SetValue("#words", words), chromedp.SetUploadFiles("#photos", []string{photoFile(t, "垃圾.png", 60)}))
		tb.press(t, `form[method="post"] button`)
	}
	fill("垃圾堆了两天，请打13800000000")
	tb.until(t, `location.href.startsWith(`+strconv.Quote(taking.URL)+`) && document.querySelector("h1")`)
	tb.says(t, "不要写")
	tb.open(t, chosen, phone.width, phone.height)
	fill("垃圾堆了两天没有人清运")
	tb.until(t, `document.querySelectorAll("b").length === 2`)
	tb.shoot(t, "outer-given")
	number, code, _ := strings.Cut(value[string](t, tb, `[...document.querySelectorAll("b")].map(b => b.textContent).join("|")`), "|")
	sealed, err := filepath.Glob(filepath.Join(box, "*"+intake.Ending))
	if err != nil || len(sealed) != 1 {
		t.Fatal(sealed, err)
	}
	data, err := os.ReadFile(sealed[0])
	if err != nil {
		t.Fatal(err)
	}
	told, err := key.Open(data, f.DB.Now())
	if err != nil || told.Number != number || told.Code != code || told.Community != community || len(told.Photos) != 1 {
		t.Fatalf("%+v, %v", told, err)
	}
	if fresh, err := f.Matters.TellSealed(ctx, policy.Actor{}, matter.Input{Category: told.Category, Community: told.Community, Where: told.Where, Words: told.Words}, told.Number, told.Code); err != nil || !fresh {
		t.Fatal(fresh, err)
	}
	tb.open(t, f.Base+"/tell/find", phone.width, phone.height)
	tb.do(t, chromedp.SetValue("#number", number), chromedp.SetValue("#code", code))
	tb.press(t, `form[action="/tell/find"] button`)
	tb.until(t, `document.querySelector("dd.b.n")`)
	tb.says(t, "待派单", "垃圾堆了两天没有人清运")
}

// journeyDispatcher is journey 4: the dispatcher of the township finds the urgent matter first, merges two that are one, dispatches with two taps; the bureau refuses one with a reason, which is dispatched once more;
// what is due next stands on the to-do page, and the month's feedback is printed.
func journeyDispatcher(t *testing.T, tb *tab, f *Fixture, officer, community string) {
	t.Helper()
	ctx, wide := t.Context(), widths[0]
	if err := f.Appoint(ctx, "dispatch", "邓大明", policy.Appointment{Role: "dispatcher", Scopes: []string{policy.County}}); err != nil {
		t.Fatal(err)
	}
	report := func(role policy.Role, category, where, words string) string {
		by := policy.Actor{ID: "of-" + string(role), Appointments: []policy.Appointment{{Role: role, Scopes: []string{policy.CommunityKey(community)}}}}
		m, err := f.Matters.Report(ctx, by, matter.Input{Category: category, Community: community, Where: where, Words: words})
		if err != nil {
			t.Fatal(err, fault.FieldsOf(err))
		}
		return m.ID
	}
	first := report("owners_committee", "fee", "朝阳路8号", "公摊电费没有明细")
	twin := report("grid_worker", "fee", "朝阳路8号", "住户说公摊电费算不清")
	urgent := report("grid_worker", "fire_exit", "朝阳路6号", "消防通道停了两辆货车")
	now := func(id string) *matter.Matter {
		t.Helper()
		doc, err := f.Matters.One(ctx, f.who(t, "dispatch"), id)
		if err != nil {
			t.Fatal(err)
		}
		return &doc.State
	}
	signIn(t, tb, f, "dispatch", Password)
	tb.open(t, f.Base+"/todo", wide.width, wide.height)
	tb.lookAt(t, "dispatcher-todo", 200)
	if text := tb.text(t); !(strings.Index(text, "朝阳路6号") < strings.Index(text, "朝阳路8号")) || !strings.Contains(text, "还剩") {
		t.Errorf("the urgent matter is not the first, or no due day stands there: %.1500s", text)
	}
	// Two taps: the line of the to-do page, and the department that is proposed.
	tb.press(t, `a[href="/matters/`+urgent+`"]`)
	tb.until(t, `document.querySelector('form[action$="/dispatch"]')`)
	tb.press(t, `form[action$="/dispatch"] button`)
	tb.until(t, `document.body.innerText.includes("已派单，部门一个工作日内签收")`)
	if m := now(urgent); m.State != matter.Dispatched || m.Department != "fire" {
		t.Errorf("%+v", m)
	}
	tb.open(t, f.Base+"/matters/"+twin, wide.width, wide.height)
	tb.do(t, chromedp.SetValue("#merge-into", first))
	tb.press(t, `form[action$="/merge"] button`)
	tb.until(t, `document.body.innerText.includes("已并入")`)
	tb.open(t, f.Base+"/matters/"+first, wide.width, wide.height)
	tb.says(t, "2 件并为一件")
	tb.press(t, `form[action$="/dispatch"] button`)
	tb.until(t, `document.body.innerText.includes("待签收")`)

	signIn(t, tb, f, officer, Password)
	tb.open(t, f.Base+"/matters/"+first, wide.width, wide.height)
	tb.do(t, chromedp.SetValue("#refuse-reason", "电费由供电公司核算，不属于本部门"))
	tb.press(t, `form[action$="/refuse"] button`)
	tb.until(t, `document.body.innerText.includes("已退回")`)

	signIn(t, tb, f, "dispatch", Password)
	tb.open(t, f.Base+"/todo", wide.width, wide.height)
	tb.press(t, `a[href="/matters/`+first+`"]`)
	tb.until(t, `document.querySelector('form[action$="/dispatch"]')`)
	tb.says(t, "电费由供电公司核算")
	tb.do(t, chromedp.SetValue("#dispatch-department", "fire"))
	tb.press(t, `form[action$="/dispatch"] button`)
	tb.until(t, `document.body.innerText.includes("已派单，部门一个工作日内签收")`)
	if m := now(first); m.State != matter.Dispatched || m.Department != "fire" || now(twin).State != matter.Merged {
		t.Errorf("%+v", m)
	}
	told, err := f.FedBack(ctx)
	if err != nil {
		t.Fatal(err)
	}
	tb.open(t, f.Base+"/matters/feedback/"+told, wide.width, wide.height)
	if n := sheets(t, tb, "feedback"); n < 1 {
		t.Errorf("the feedback prints on %d pages", n)
	}
}
