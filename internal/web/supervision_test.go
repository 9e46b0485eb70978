package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"redsteward/internal/store"
	"redsteward/internal/web/browsertest"
	"redsteward/supervision/inspection"
)

// startSupervised runs the fixture with observations and visits.
func startSupervised(t testing.TB) *browsertest.Fixture {
	t.Helper()
	names, err := filepath.Glob("../../configs/checklists/*.yaml")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	var sheets []inspection.File
	for _, name := range names {
		sheets = append(sheets, inspection.File{Name: name, Data: readConfig(t, "checklists/"+filepath.Base(name))})
	}
	clocks := browsertest.FixtureClocks(time.Now)
	return browsertest.Serve(t, engine(t), clocks.Business, func(ctx context.Context, db *store.DB) (*browsertest.Fixture, error) {
		return browsertest.StartSupervised(ctx, db, clocks, readConfig(t, "roles.conf"), readConfig(t, "roles.csv"), t.TempDir(), sheets...)
	})
}

// team are the signed-in people of a test.
type team struct {
	t      *testing.T
	f      *browsertest.Fixture
	people map[string]*person
}

func newTeam(t *testing.T) *team {
	return &team{t: t, f: startSupervised(t), people: map[string]*person{}}
}

func (m *team) as(login string) *person {
	m.t.Helper()
	if m.people[login] == nil {
		m.people[login] = newPerson(m.t, m.f)
		if login != "" {
			m.people[login].signIn(m.t, login)
		} else {
			m.people[login].get(m.t, "/signin")
		}
	}
	return m.people[login]
}

// post sends a form that must lead on; it returns where to.
func (m *team) post(login, path string, form url.Values) string {
	m.t.Helper()
	a := m.as(login).send(m.t, http.MethodPost, path, form)
	if a.StatusCode != http.StatusSeeOther {
		m.t.Fatalf("%s %s: %d %.1500s", login, path, a.StatusCode, a.body)
	}
	return a.Header.Get("Location")
}

var hiddenField = regexp.MustCompile(`name="(key|seq|hash|scan)" value="([^"]*)"`)

// hidden are the hidden fields of the form whose action ends so.
func (m *team) hidden(login, page, action string) url.Values {
	m.t.Helper()
	body := m.as(login).get(m.t, page).body
	_, after, found := strings.Cut(body, `action="`+action)
	if !found {
		m.t.Fatalf("%s shows no form to %s: %.2000s", page, action, body)
	}
	form, _, _ := strings.Cut(after, "</form>")
	values := url.Values{}
	for _, field := range hiddenField.FindAllStringSubmatch(form, -1) {
		values.Set(field[1], field[2])
	}
	return values
}

func observed(onTime, due string) url.Values {
	return url.Values{"fact": {"answers"}, "project": {"p1"}, "day": {"2026-10-12"}, "source": {"12345 转办单台账"}, "cells.answers_on_time": {onTime}, "cells.answers_due": {due}}
}

// record stores an observation and returns its address.
func (m *team) record(login string, form url.Values) string {
	m.t.Helper()
	path, _, _ := strings.Cut(m.post(login, "/observations/new", form), "?")
	return path
}

func TestObservationPages(t *testing.T) {
	m := newTeam(t)
	path := m.record("worker", observed("4", "5"))
	waiting := m.as("officer").get(t, "/observations/queue").body
	if !strings.Contains(waiting, path) || !strings.Contains(waiting, "按期答复 4 件，应答复 5 件") || !strings.Contains(waiting, "待复核") {
		t.Errorf("the queue lacks it: %.1500s", waiting)
	}
	if own := m.as("worker").get(t, path).body; strings.Contains(own, "确认属实") {
		t.Error("who recorded is offered to confirm")
	}
	// Returned, corrected, confirmed.
	form := m.hidden("officer", path, path+"/return")
	form.Set("reason", "应答复件数与台账不符")
	if to := m.post("officer", path+"/return", form); to != "/observations/queue?done=returned" {
		t.Error(to)
	}
	if back := m.as("worker").get(t, "/observations/returned").body; !strings.Contains(back, "应答复件数与台账不符") {
		t.Errorf("what came back: %.1500s", back)
	}
	if todo := m.as("worker").get(t, "/todo").body; !strings.Contains(todo, "改正被退回的观察记录 1 条") {
		t.Error("the to-do page lacks what came back")
	}
	form = m.hidden("worker", path+"/correct", path+"/correct")
	for name, value := range observed("4", "6") {
		form[name] = value
	}
	m.post("worker", path+"/correct", form)
	form = m.hidden("officer", path, path+"/confirm")
	m.post("officer", path+"/confirm", form)
	// A resend of the same form leads on and writes nothing.
	before := changes(t, m.f)
	m.post("officer", path+"/confirm", form)
	if changes(t, m.f) != before {
		t.Error("a resend wrote something")
	}
	page := m.as("officer").get(t, path).body
	for _, want := range []string{"已确认", "应答复", "6 件", "应答复件数与台账不符", "登记更正"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// A correction of what counts.
	form = observed("5", "6")
	form.Set("corrects", strings.TrimPrefix(path, "/observations/"))
	second := m.record("worker", form)
	if old := m.as("officer").get(t, path).body; !strings.Contains(old, second) || strings.Contains(old, "登记更正") {
		t.Error("the old one does not name its correction")
	}
	// What was typed survives an error.
	a := m.as("worker").send(t, http.MethodPost, "/observations/new", observed("7", "5"))
	if a.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(a.body, "“按期答复” 7件 多于“应答复” 5件") || !strings.Contains(a.body, `value="7"`) || !strings.Contains(a.body, "12345 转办单台账") {
		t.Errorf("%d %.2000s", a.StatusCode, a.body)
	}
	// For the whole firm.
	form = observed("1", "1")
	form.Set("whole", "1")
	if whole := m.as("officer").get(t, m.record("officer", form)).body; !strings.Contains(whole, "一盏灯物业（演示）（整家企业）") {
		t.Errorf("%.1500s", whole)
	}
	// A veto keeps paper, ground and end.
	veto := url.Values{"fact": {"veto_decisions"}, "project": {"p1"}, "day": {"2026-10-12"}, "source": {"认定书"}, "cells.veto_decisions": {"accident"},
		"cells.veto_decisions.document": {"都住建认字〔2026〕1号"}, "cells.veto_decisions.until": {"2027-10-11"}}
	if page := m.as("officer").get(t, m.record("officer", veto)).body; !strings.Contains(page, "发生有责任的安全事故，文号 都住建认字〔2026〕1号，至2027年10月11日") {
		t.Errorf("%.1500s", page)
	}
}

func TestObservationScenarios(t *testing.T) {
	m := newTeam(t)
	path := m.record("worker", observed("4", "5"))
	seq := func(form url.Values) url.Values { form.Set("seq", "1"); return form }
	bad := func(name, value string) url.Values {
		form := observed("4", "5")
		form.Set(name, value)
		return form
	}
	for _, s := range []scenario{
		{name: "the public", path: "/observations", status: 401},
		{name: "an inspector", role: "inspector", path: "/observations", status: 403, contains: []string{"查看观察记录"}},
		{name: "an inspector records", role: "inspector", method: "POST", path: "/observations/new", form: observed("1", "1"), status: 403},
		{name: "the list", role: "officer", path: "/observations?quarter=2026Q4&fact=answers&state=recorded", status: 200, contains: []string{"东街花园"}},
		{name: "another quarter", role: "officer", path: "/observations?quarter=2026Q3", status: 200, contains: []string{"没有观察记录"}},
		{name: "no quarter", role: "officer", path: "/observations?quarter=2026Q9", status: 422, contains: []string{"2026Q3"}},
		{name: "a cursor of another list", role: "officer", path: "/observations?after=zzz", status: 422},
		{name: "another community", role: "elsewhere", path: path, status: 404},
		{name: "another community's list", role: "elsewhere", path: "/observations", status: 200, excludes: []string{"东街花园"}},
		{name: "confirm elsewhere", role: "elsewhere", method: "POST", path: path + "/confirm", form: seq(url.Values{}), status: 404},
		{name: "confirm one's own", role: "worker", method: "POST", path: path + "/confirm", form: seq(url.Values{}), status: 403},
		{name: "confirm an old page", role: "officer", method: "POST", path: path + "/confirm", form: url.Values{"seq": {"9"}}, status: 409, contains: []string{"刚被别人办过"}},
		{name: "confirm no page", role: "officer", method: "POST", path: path + "/confirm", form: url.Values{}, status: 409},
		{name: "without token", role: "officer", method: "POST", path: path + "/confirm", form: url.Values{"seq": {"1"}, "_t": {"x"}}, status: 403},
		{name: "return without reason", role: "officer", method: "POST", path: path + "/return", form: seq(url.Values{"reason": {" "}}), status: 422, contains: []string{"请写明理由", "退回理由"}},
		{name: "withdraw without reason", role: "worker", method: "POST", path: path + "/withdraw", form: seq(url.Values{}), status: 422, contains: []string{`href="#withdraw-reason"`}},
		{name: "no such id", role: "officer", path: "/observations/nothing", status: 404},
		{name: "choose a fact", role: "worker", path: "/observations/new", status: 200, contains: []string{"诉求答复", "fact=veto_decisions"}},
		{name: "its form", role: "worker", path: "/observations/new?fact=answers&project=p1", status: 200, contains: []string{`value="p1" selected`, "按期答复"}, excludes: []string{"整家企业登记"}},
		{name: "an officer's form", role: "officer", path: "/observations/new?fact=answers", status: 200, contains: []string{"整家企业登记", "&lt;img"}, excludes: []string{"<img src=x"}},
		{name: "words for a number", role: "worker", method: "POST", path: "/observations/new", form: bad("cells.answers_due", "五"), status: 422, contains: []string{"“应答复”要填数，现在是“五”"}},
		{name: "no day", role: "worker", method: "POST", path: "/observations/new", form: bad("day", ""), status: 422, contains: []string{"请填写事实发生的日期"}},
		{name: "tomorrow", role: "worker", method: "POST", path: "/observations/new", form: bad("day", "2026-10-20"), status: 422, contains: []string{"还没有到"}},
		{name: "no date", role: "worker", method: "POST", path: "/observations/new", form: bad("day", "2026-02-30"), status: 422, contains: []string{"不是日期"}},
		{name: "beyond the community", role: "worker", method: "POST", path: "/observations/new", form: bad("project", "p3"), status: 404},
		{name: "no project", role: "worker", method: "POST", path: "/observations/new", form: bad("project", ""), status: 422, contains: []string{"请选择小区"}},
		{name: "no fact", role: "worker", method: "POST", path: "/observations/new", form: bad("fact", "x"), status: 422, contains: []string{"选择要登记的事实"}},
		{name: "a project without firm as a firm", role: "officer", method: "POST", path: "/observations/new", form: url.Values{"fact": {"answers"}, "project": {"p3"}, "whole": {"1"}, "day": {"2026-10-12"},
			"source": {"台账"}, "cells.answers_on_time": {"1"}, "cells.answers_due": {"1"}}, status: 422, contains: []string{"没有物业企业"}},
	} {
		s.run(t, m.f, m.people)
	}
}

// reply sends one answer as a phone does.
func (m *team) reply(login, visit, item string, fields url.Values, photos ...[]byte) answer {
	m.t.Helper()
	return m.answerAt(login, visit+"/items/"+item, fields, photos...)
}

// answerAt sends a form with photos, as the script does.
func (m *team) answerAt(login, path string, fields url.Values, photos ...[]byte) answer {
	m.t.Helper()
	p := m.as(login)
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for name, list := range fields {
		for _, value := range list {
			if err := w.WriteField(name, value); err != nil {
				m.t.Fatal(err)
			}
		}
	}
	if !fields.Has("_t") {
		if err := w.WriteField("_t", p.token); err != nil {
			m.t.Fatal(err)
		}
	}
	for _, photo := range photos {
		part, err := w.CreateFormFile("photo", "photo.png")
		if err != nil {
			m.t.Fatal(err)
		}
		if _, err := part.Write(photo); err != nil {
			m.t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		m.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, m.f.Base+path, &b)
	if err != nil {
		m.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Accept", "application/json")
	resp, err := p.client.Do(req)
	if err != nil {
		m.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		m.t.Fatal(err)
	}
	return answer{resp, string(body)}
}

var optionOf = regexp.MustCompile(`<option value="([0-9a-z-]+)"[^>]*>([^（<]+)（`)

// walkers are the accounts that a form offers to send, by name.
func (m *team) walkers(form string) map[string]string {
	m.t.Helper()
	out := map[string]string{}
	for _, o := range optionOf.FindAllStringSubmatch(m.as("officer").get(m.t, form).body, -1) {
		out[o[2]] = o[1]
	}
	return out
}

// plan plans visits of p1 and p2 for both inspectors and returns their addresses in order.
func (m *team) plan() []string {
	m.t.Helper()
	ids := m.walkers("/visits/plan")
	form := m.hidden("officer", "/visits/plan", "/visits/plan")
	for name, value := range map[string]string{"day": "2026-10-19", "series": "service", "officer1": ids["周望平"], "officer2": ids["林阿秀"], "stop1": "p2", "stop3": "p1"} {
		form.Set(name, value)
	}
	before := changes(m.t, m.f)
	m.post("officer", "/visits/plan", form)
	m.post("officer", "/visits/plan", form)
	if got := changes(m.t, m.f) - before; got != 2 {
		m.t.Fatalf("two stops sent twice made %d records", got)
	}
	var out []string
	for _, link := range regexp.MustCompile(`href="(/visits/[0-9a-f]{32})"`).FindAllStringSubmatch(m.as("inspector").get(m.t, "/visits/mine").body, -1) {
		out = append(out, link[1])
	}
	if len(out) != 2 {
		m.t.Fatalf("the list shows %v", out)
	}
	return out
}

func (m *team) begin(visit string) {
	m.t.Helper()
	to := m.post("inspector", visit+"/start", m.hidden("inspector", visit, visit+"/start"))
	if to != visit+"/items/1.1" {
		m.t.Fatalf("a visit begins at %s", to)
	}
}

func TestVisitPages(t *testing.T) {
	m := newTeam(t)
	visits := m.plan()
	if page := m.as("inspector").get(t, visits[0]).body; !strings.Contains(page, "望湖苑") {
		t.Errorf("the order is not the one set: %.800s", page)
	}
	if todo := m.as("inspector").get(t, "/todo").body; !strings.Contains(todo, "走访望湖苑") || !strings.Contains(todo, visits[1]) {
		t.Errorf("the to-do page lacks the visits: %.1500s", todo)
	}
	if found := m.as("inspector").get(t, "/search?q=why").body; !strings.Contains(found, `id="visits"`) || !strings.Contains(found, `href="`+visits[0]) {
		t.Errorf("the box finds no visit: %.1500s", found)
	}
	visit := visits[1]
	m.f.Supervision.Visits.Draw = func(string, int64) bool { return true }
	m.begin(visit)
	// blind: who may be sent to score again sees nothing of it, on whatever page; who plans and reviews does.
	blind := func(when string, sees bool, paths ...string) {
		t.Helper()
		for _, path := range append(paths, visit) {
			if a := m.as("worker").get(t, path); (a.StatusCode == 200) != sees {
				t.Errorf("%s: %s answers who may be sent %d", when, path, a.StatusCode)
			}
		}
		for _, path := range []string{"/visits", "/visits?project=p1", "/visits.xlsx?as=csv&project=p1", "/search?q=东街"} {
			if body := m.as("worker").get(t, path).body; (strings.Contains(body, visit) || strings.Contains(body, "东街花园,走访评价")) != sees {
				t.Errorf("%s: %s shows it %v to who may be sent: %.800s", when, path, !sees, body)
			}
		}
		if a := m.as("officer").get(t, visit); a.StatusCode != 200 {
			t.Errorf("%s: who plans gets %d", when, a.StatusCode)
		}
	}
	blind("while it is scored", false)
	item := m.as("inspector").get(t, visit+"/items/4.3").body
	for _, want := range []string{"疏散通道、楼梯间畅通", "0 / 27", "本项 4 分", "周*平、林*秀", `"sentence":"公示栏公开了服务内容和服务标准"`, "capture"} {
		if !strings.Contains(item, want) {
			t.Errorf("the item lacks %q", want)
		}
	}
	// Every item; one finding with a photo, sent twice under one key.
	w := regexp.MustCompile(`"id":"([0-9.]+)"`).FindAllStringSubmatch(item, -1)
	if len(w) != 27 {
		t.Fatalf("%d items", len(w))
	}
	for i, one := range w {
		fields, photos := url.Values{"value": {"conform"}, "key": {"phone-" + one[1]}}, [][]byte(nil)
		if one[1] == "4.3" {
			fields = url.Values{"value": {"fail"}, "lost": {"2"}, "where": {"3号楼1单元"}, "note": {"纸箱占通道一半"}, "key": {"phone-4.3"}}
			photos = [][]byte{picture(t, 7)}
		}
		a := m.reply("inspector", visit, one[1], fields, photos...)
		var done struct{ Done, Of int }
		if err := json.Unmarshal([]byte(a.body), &done); a.StatusCode != 200 || err != nil || done.Done != i+1 || done.Of != 27 {
			t.Fatalf("%s: %d %s", one[1], a.StatusCode, a.body)
		}
		if one[1] == "4.3" {
			before := changes(t, m.f)
			if again := m.reply("inspector", visit, one[1], fields, photos...); again.StatusCode != 200 || changes(t, m.f) != before {
				t.Errorf("a resend: %d, %d records", again.StatusCode, changes(t, m.f)-before)
			}
		}
	}
	page := m.as("inspector").get(t, visit).body
	for _, want := range []string{"27 / 27", "移送函（草稿）", "消防救援机构", "3号楼1单元", "/photos/"} {
		if !strings.Contains(page, want) {
			t.Errorf("the overview lacks %q", want)
		}
	}
	photo := regexp.MustCompile(`/visits/[0-9a-f]{32}/photos/[0-9a-f]{64}`).FindString(page)
	if a := m.as("chief").get(t, photo); a.StatusCode != 200 || a.Header.Get("Content-Type") != "image/jpeg" || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("photo: %d %s", a.StatusCode, a.Header)
	}
	if a := m.as("elsewhere").get(t, photo); a.StatusCode != 404 {
		t.Errorf("another community sees the photo: %d", a.StatusCode)
	}
	if to := m.post("inspector", visit+"/sign", m.hidden("inspector", visit, visit+"/sign")); to != visit+"?done=signed" {
		t.Error(to)
	}
	if to := m.post("lin", visit+"/sign", m.hidden("lin", visit, visit+"/sign")); to != visit+"?done=submitted" {
		t.Error(to)
	}
	blind("before somebody is sent", false, photo)
	if page := m.as("worker").get(t, visit).body; !strings.Contains(page, "再评通过复核以前") {
		t.Errorf("it does not say why: %.1500s", page)
	}
	plan := "/visits/plan?again=" + strings.TrimPrefix(visit, "/visits/")
	if again := m.as("officer").get(t, "/visits/again").body; !strings.Contains(again, plan) || !strings.Contains(again, "70 / 72 分") {
		t.Errorf("who plans is not led to it: %.1500s", again)
	}
	offered, all := m.walkers(plan), m.walkers("/visits/plan")
	if offered["吴小青"] == "" || len(offered) != 1 {
		t.Errorf("who may score again: %v", offered)
	}
	form := m.hidden("officer", plan, "/visits/plan")
	for name, value := range map[string]string{"again": strings.TrimPrefix(visit, "/visits/"), "day": "2026-10-19", "officer1": offered["吴小青"], "officer2": all["陈大江"]} {
		form.Set(name, value)
	}
	if a := m.as("officer").send(t, http.MethodPost, "/visits/plan", form); a.StatusCode != 422 || !strings.Contains(a.body, "陈大江还有安排、复核或者查看这里走访的职务") {
		t.Errorf("who plans is sent himself: %d %.1500s", a.StatusCode, a.body)
	}
	// The phone that comes upstairs late is told that its answer had arrived.
	if a := m.reply("inspector", visit, "1.1", url.Values{"value": {"conform"}, "key": {"phone-1.1"}}); a.StatusCode != 200 {
		t.Errorf("a late resend: %d %s", a.StatusCode, a.body)
	}
	if a := m.reply("inspector", visit, "1.1", url.Values{"value": {"na"}, "key": {"phone-new"}}); a.StatusCode != 409 || !strings.Contains(a.body, "不能再改答案") {
		t.Errorf("a late change: %d %s", a.StatusCode, a.body)
	}
	if queue := m.as("chief").get(t, "/visits/queue").body; !strings.Contains(queue, visit) || !strings.Contains(queue, "70 / 72 分") {
		t.Errorf("%.1500s", queue)
	}
	if todo := m.as("chief").get(t, "/todo").body; strings.Count(todo, ">复核走访评价表 1 份</a>") != 1 {
		t.Errorf("the to-do page has the review %d times", strings.Count(todo, ">复核走访评价表 1 份</a>"))
	}
	form = m.hidden("chief", visit, visit+"/return")
	form.Set("reason", "4.3 的照片看不出位置")
	m.post("chief", visit+"/return", form)
	if mine := m.as("inspector").get(t, "/visits/mine").body; !strings.Contains(mine, "4.3 的照片看不出位置") {
		t.Error("the officers are not told why")
	}
	kept := strings.TrimPrefix(photo, visit+"/photos/")
	again := url.Values{"value": {"fail"}, "lost": {"4"}, "where": {"3号楼1单元2层"}, "keep": {kept}, "key": {"phone-again"}}
	if a := m.reply("inspector", visit, "4.3", again, picture(t, 9)); a.StatusCode != 200 {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	if page := m.as("inspector").get(t, visit).body; strings.Count(page, "<img") != 2 {
		t.Errorf("%d photos, want the one kept and the new one", strings.Count(page, "<img"))
	}
	m.post("inspector", visit+"/sign", m.hidden("inspector", visit, visit+"/sign"))
	m.post("lin", visit+"/sign", m.hidden("lin", visit, visit+"/sign"))
	if to := m.post("chief", visit+"/accept", m.hidden("chief", visit, visit+"/accept")); to != "/visits/queue?done=accepted" {
		t.Error(to)
	}
	blind("accepted", false, photo, visit+"/print/sheet")
	m.as("inspector").paper(t, visit+"/print/sheet", "东街花园", "4.3", "3号楼1单元2层", "不符合", "68 / 72 分", "发现问题", "1 项", "4.3-1（"+kept[:8]+"）", "走访人员 1 签名", "周*平，系统签名", "林*秀，系统签名", "物业企业在场人员签名、职务")
	for _, word := range []string{"行政检查", "责令", "执法", "处罚", "被检查"} {
		if strings.Contains(strings.Join(sheetWords(t, m.as("officer").get(t, visit+"/print/sheet").body), ""), word) {
			t.Errorf("the sheet of a visit says %s", word)
		}
	}
	if a := m.as("elsewhere").get(t, visit+"/print/sheet"); a.StatusCode != 404 {
		t.Errorf("another community prints it: %d", a.StatusCode)
	}
	if a := m.as("officer").get(t, visits[0]+"/print/sheet"); a.StatusCode != 404 {
		t.Errorf("a visit that has not begun has a sheet: %d", a.StatusCode)
	}
	if all := m.as("officer").get(t, "/visits?quarter=2026Q4&state=accepted&series=service").body; !strings.Contains(all, "68 / 72 分") || strings.Contains(all, "望湖苑") {
		t.Errorf("%.1500s", all)
	}
}

func TestVisitScenarios(t *testing.T) {
	m := newTeam(t)
	visits := m.plan()
	planned, visit := visits[0], visits[1]
	m.begin(visit)
	ids := map[string]string{}
	for _, o := range optionOf.FindAllStringSubmatch(m.as("officer").get(t, "/visits/plan").body, -1) {
		ids[o[2]] = o[1]
	}
	seq := func(form url.Values) url.Values { form.Set("seq", "1"); return form }
	pair := func(one, two string) url.Values {
		return url.Values{"day": {"2026-10-20"}, "series": {"service"}, "stop1": {"p1"}, "officer1": {ids[one]}, "officer2": {ids[two]}}
	}
	peers, moved := pair("罗启明", "林阿秀"), pair("林阿秀", "周望平")
	peers.Set("assessor", "peers")
	moved.Set("order", "3")
	answer := func(form url.Values) url.Values { return form }
	for _, s := range []scenario{
		{name: "the public", path: visit, status: 401},
		{name: "an inspector plans", role: "inspector", path: "/visits/plan", status: 403, contains: []string{"安排走访评价"}},
		{name: "an inspector reviews", role: "inspector", path: "/visits/queue", status: 403},
		{name: "another community", role: "elsewhere", path: visit, status: 404},
		{name: "another's item", role: "officer", path: visit + "/items/4.3", status: 404},
		{name: "no item", role: "inspector", path: visit + "/items/9.9", status: 404},
		{name: "no visit", role: "inspector", path: "/visits/nothing/items/1.1", status: 404},
		{name: "an item before the start", role: "inspector", path: planned + "/items/1.1", status: 404},
		{name: "begin another's", role: "worker", method: "POST", path: planned + "/start", form: seq(url.Values{}), status: 404},
		{name: "begin twice", role: "inspector", method: "POST", path: visit + "/start", form: url.Values{"seq": {"2"}}, status: 409},
		{name: "answer without script", role: "inspector", method: "POST", path: visit + "/items/1.1", form: answer(url.Values{"value": {"conform"}}), status: 303, changes: 1},
		{name: "no answer", role: "inspector", method: "POST", path: visit + "/items/1.1", form: answer(url.Values{}), status: 422, contains: []string{"请选择符合、不符合、不适用"}},
		{name: "no photo", role: "inspector", method: "POST", path: visit + "/items/4.3", form: answer(url.Values{"value": {"fail"}, "note": {"堆了纸箱"}}), status: 422, contains: []string{"至少拍 1 张", "堆了纸箱"}},
		{name: "a photo of nobody", role: "inspector", method: "POST", path: visit + "/items/4.3", form: answer(url.Values{"value": {"fail"}, "keep": {strings.Repeat("a", 64)}}), status: 422, contains: []string{"至少拍 1 张"}},
		{name: "answer another's", role: "officer", method: "POST", path: visit + "/items/1.1", form: answer(url.Values{"value": {"conform"}}), status: 404},
		{name: "answer without token", role: "inspector", method: "POST", path: visit + "/items/1.1", form: url.Values{"value": {"conform"}, "_t": {"x"}}, status: 403},
		{name: "sign too early", role: "inspector", method: "POST", path: visit + "/sign", form: url.Values{"seq": {"2"}}, status: 422, contains: []string{"还有 26 项没有查"}},
		{name: "accept what is not signed", role: "chief", method: "POST", path: visit + "/accept", form: url.Values{"seq": {"2"}}, status: 409},
		{name: "return without reason", role: "chief", method: "POST", path: visit + "/return", form: url.Values{"seq": {"2"}}, status: 422},
		{name: "cancel without reason", role: "officer", method: "POST", path: planned + "/cancel", form: seq(url.Values{}), status: 422, contains: []string{`href="#cancel-reason"`}},
		{name: "plan nothing", role: "officer", method: "POST", path: "/visits/plan", form: url.Values{"day": {"2026-10-19"}, "series": {"service"}}, status: 422, contains: []string{"请至少选一个小区"}},
		{name: "plan for nobody", role: "officer", method: "POST", path: "/visits/plan", form: url.Values{"day": {"2026-10-19"}, "series": {"service"}, "stop1": {"p1"}}, status: 422, contains: []string{"要 2 至 4 人"}},
		{name: "plan for no day", role: "officer", method: "POST", path: "/visits/plan", form: url.Values{"day": {"昨天"}, "series": {"service"}, "stop1": {"p1"}}, status: 422, contains: []string{"“昨天”不是日期", "要 2 至 4 人"}},
		{name: "nothing is drawn yet", role: "officer", path: "/visits/again", status: 200, contains: []string{"没有抽中再评的走访"}, excludes: []string{"安排再评</a>"}},
		{name: "an inspector looks at both scores", role: "inspector", path: "/visits/again", status: 403},
		{name: "to score again what nobody drew", role: "officer", path: "/visits/plan?again=" + strings.TrimPrefix(visit, "/visits/"), status: 409},
		{name: "plan what nobody drew", role: "officer", method: "POST", path: "/visits/plan", form: url.Values{"day": {"2026-10-19"}, "again": {strings.TrimPrefix(visit, "/visits/")}}, status: 409, contains: []string{"没有抽中再评"}},
		{name: "no photo there", role: "chief", path: visit + "/photos/" + strings.Repeat("a", 64), status: 404},
		{name: "a firm scores itself", role: "officer", method: "POST", path: "/visits/plan", form: peers, status: 422, contains: []string{"服务这个小区，互评要由别的企业评", "林阿秀不是物业企业的人员"}},
		{name: "a firm that is named nowhere", role: "manager", path: "/visits/mine", status: 200, contains: []string{"今天没有要走访的小区"}, excludes: []string{`href="/visits"`}},
		{name: "a firm opens what does not name it", role: "manager", path: visit, status: 404},
		{name: "a firm answers what does not name it", role: "manager", method: "POST", path: visit + "/items/1.1", form: answer(url.Values{"value": {"conform"}}), status: 404},
		{name: "a firm begins what does not name it", role: "manager", method: "POST", path: planned + "/start", form: seq(url.Values{}), status: 404},
		{name: "a firm lists", role: "manager", path: "/visits", status: 403},
		{name: "a firm exports", role: "manager", path: "/visits.xlsx", status: 403},
		{name: "by name", role: "officer", path: "/visits?q=东街&order=oldest&assessor=own", status: 200, contains: []string{visit, "导出 Excel", `value="oldest" selected`}, excludes: []string{planned}},
		{name: "by peers", role: "officer", path: "/visits?assessor=peers", status: 200, contains: []string{"没有走访记录", "换个条件试试"}},
		{name: "Excel", role: "officer", path: "/visits.xlsx?q=东街", status: 200, contains: []string{"PK"}},
		{name: "CSV", role: "officer", path: "/visits.xlsx?q=东街&as=csv", status: 200, contains: []string{"小区,由谁评", "东街花园,走访评价"}, excludes: []string{"望湖苑"}},
		{name: "move to nowhere", role: "officer", method: "POST", path: planned + "/move", form: seq(url.Values{"day": {"昨天"}, "order": {"x"}, "officer1": {ids["周望平"]}}), status: 422, contains: []string{"“昨天”不是日期", "1 至 9999 的整数", "要 2 至 4 人"}},
		{name: "an inspector moves", role: "inspector", method: "POST", path: planned + "/move", form: seq(url.Values{}), status: 403},
		{name: "move what has begun", role: "officer", method: "POST", path: visit + "/move", form: url.Values{"seq": {"2"}, "day": {"2026-10-20"}, "order": {"1"}}, status: 409},
		{name: "move", role: "officer", method: "POST", path: planned + "/move", form: seq(moved), status: 303, changes: 1},
		{name: "moved", role: "officer", path: planned, status: 200, contains: []string{`value="2026-10-20"`, `value="3"`, "林*秀、周*平"}},
		{name: "cancel", role: "officer", method: "POST", path: planned + "/cancel", form: url.Values{"seq": {"2"}, "cancel-reason": {"下雨改期"}}, status: 303, changes: 1},
	} {
		s.run(t, m.f, m.people)
	}
	// A photo of an answer that is refused is not kept, and neither is one that is none.
	before := changes(t, m.f)
	if a := m.reply("officer", visit, "4.3", url.Values{"value": {"fail"}}, picture(t, 1)); a.StatusCode != 404 || changes(t, m.f) != before {
		t.Errorf("%d, %d records", a.StatusCode, changes(t, m.f)-before)
	}
	if a := m.reply("inspector", visit, "4.3", url.Values{"value": {"fail"}, "lost": {"3"}}, picture(t, 1)); a.StatusCode != 422 || changes(t, m.f) != before {
		t.Errorf("%d, %d records: %s", a.StatusCode, changes(t, m.f)-before, a.body)
	}
	if a := m.reply("inspector", visit, "4.3", url.Values{"value": {"fail"}}, []byte("MZ no picture")); a.StatusCode != 422 || changes(t, m.f) != before {
		t.Errorf("%d, %d records: %s", a.StatusCode, changes(t, m.f)-before, a.body)
	}
	m.sendMany(ids)
}

// sendMany plans visits of many compounds at once: a list with days to confirm, what the service refuses said beside it, and a result for each; sent twice it plans once.
func (m *team) sendMany(ids map[string]string) {
	t := m.t
	form := func(more url.Values) url.Values {
		out := url.Values{"key": {"many-1"}, "day": {"2026-10-24"}, "each": {"2"}, "series": {"service"}, "assessor": {""}, "officer1": {ids["林阿秀"]}, "officer2": {ids["周望平"]}, "row": {"p1@0", "p2@0", "p3@0"}}
		for name, values := range more {
			out[name] = values
		}
		return out
	}
	confirmed := url.Values{"confirmed": {"1"}, "row": {"p1@202610260001", "p3@202610270001"}}
	before := changes(t, m.f)
	for _, s := range []scenario{
		{name: "an inspector sends nobody", role: "inspector", path: "/visits/batch", status: 403},
		{name: "those that nobody visited", role: "officer", path: "/visits/batch", status: 200, contains: []string{"p3@0", "本季度没有走访", "只排工作日"}, excludes: []string{"p1@0"}},
		{name: "all", role: "officer", path: "/visits/batch?all=1&q=东街", status: 200, contains: []string{"p1@0"}},
		{name: "what is wrong", role: "officer", method: "POST", path: "/visits/batch", form: url.Values{"key": {"many-0"}, "day": {"2026-13-01"}, "each": {"0"}}, status: 422, contains: []string{"请勾选 1 至 200 个", `value="2026-13-01"`}},
		{name: "a day that is none", role: "officer", method: "POST", path: "/visits/batch?all=1&q=东街", form: form(url.Values{"day": {"2026-13-01"}, "each": {"0"}, "row": {"p1@0"}}), status: 422, contains: []string{"不是日期", "1 至 30 的整数", `value="p1@0" checked`, `action="/visits/batch?all=1&amp;q=`}, excludes: []string{"p3@0"}},
		{name: "all ticked", role: "officer", path: "/visits/batch?tick=all", status: 200, contains: []string{`value="p3@0" checked`, `href="/visits/batch?tick=none"`}},
		{name: "nobody goes", role: "officer", method: "POST", path: "/visits/batch", form: form(url.Values{"officer1": {""}, "officer2": {""}}), status: 422, contains: []string{`id="officer1-e"`}},
		{name: "the list to confirm", role: "officer", method: "POST", path: "/visits/batch", form: form(nil), status: 200, contains: []string{"核对后确认", "2026年10月26日，第 1 站", "2026年10月26日，第 2 站", "2026年10月27日，第 1 站", `value="p2@202610260002" checked`, `name="confirmed" value="1"`, `name="series" value="service"`}},
	} {
		s.run(t, m.f, m.people)
	}
	if changes(t, m.f) != before {
		t.Fatal("a list to confirm planned something")
	}
	for i := range 2 {
		scenario{name: "confirmed", role: "officer", method: "POST", path: "/visits/batch", form: form(confirmed), status: 200, changes: int64(2 - 2*i), contains: []string{"办成 2 个，没有办成 0 个", "东街花园，2026年10月26日第 1 站"}}.run(t, m.f, m.people)
	}
	if got := changes(t, m.f) - before; got != 2 {
		t.Errorf("two visits sent twice made %d records", got)
	}
	scenario{name: "one that is past", role: "officer", method: "POST", path: "/visits/batch", form: form(url.Values{"key": {"many-2"}, "confirmed": {"1"}, "row": {"p1@202601050001", "p9@202610260001"}}), status: 200, contains: []string{"办成 0 个，没有办成 2 个", "已经过去", "不在你的范围内的一个"}}.run(t, m.f, m.people)
}

// TestPartyFactPages: each level confirms in its turn, several at once; housing staff see the result and nothing of how it came about.
func TestPartyFactPages(t *testing.T) {
	m := newTeam(t)
	said := url.Values{"fact": {"training"}, "project": {"p1"}, "whole": {"1"}, "day": {"2026-10-12"}, "source": {"培训签到表"}, "cells.training_held": {"1"}, "cells.training_due": {"1"}}
	before := changes(t, m.f)
	if a := m.as("officer").send(t, http.MethodPost, "/observations/new", said); a.StatusCode != 422 {
		t.Errorf("housing staff record it: %d %.1500s", a.StatusCode, a.body)
	}
	if a := m.as("officer").get(t, "/observations/new"); strings.Contains(a.body, "fact=training") {
		t.Error("housing staff are offered it")
	}
	if changes(t, m.f) != before {
		t.Error("a refused call wrote something")
	}
	said.Del("_t")
	path := m.record("instructor", said)
	for i, login := range []string{"secretary", "industry", "organiser"} {
		if a := m.as("officer").get(t, path); a.StatusCode != 404 {
			t.Errorf("housing staff see it at level %d: %d", i+1, a.StatusCode)
		}
		page := m.as(login).get(t, path).body
		for _, want := range []string{"确认属实", "逐级确认", []string{"社区党组织确认", "物业行业党支部确认", "组织部（社会工作部）确认"}[i]} {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %q: %.3000s", login, want, page)
			}
		}
		if todo := m.as(login).get(t, "/todo").body; !strings.Contains(todo, "确认观察记录 1 条") {
			t.Errorf("%s has no task", login)
		}
		for _, other := range []string{"secretary", "industry", "organiser"} {
			if other == login {
				continue
			}
			if a := m.as(other).get(t, path); strings.Contains(a.body, "确认属实") {
				t.Errorf("%s may confirm at level %d", other, i+1)
			}
			if a := m.as(other).get(t, "/observations/queue"); strings.Contains(a.body, path) {
				t.Errorf("it waits for %s at level %d", other, i+1)
			}
		}
		form := m.hidden(login, "/observations/queue", "/observations/confirm")
		row := rowField.FindStringSubmatch(m.as(login).get(t, "/observations/queue").body)
		if row == nil {
			t.Fatalf("nothing waits for %s", login)
		}
		form.Set("row", row[1])
		m.post(login, "/observations/confirm", form)
	}
	result := m.as("officer").get(t, path)
	if result.StatusCode != 200 || !strings.Contains(result.body, "已确认") || !strings.Contains(result.body, "这里只显示确认后的结果") || strings.Contains(result.body, "培训签到表") || strings.Contains(result.body, "社区党组织确认") {
		t.Errorf("%d %.3000s", result.StatusCode, result.body)
	}
	if list := m.as("officer").get(t, "/observations").body; !strings.Contains(list, path) || strings.Contains(list, "培训签到表") {
		t.Error("the list of housing staff")
	}
}

// TestPartyFactOnPaperPages: the level of the industry's secretary is signed on paper, which counts once a third person has looked at the scan; who may not is told
// so and writes nothing.
func TestPartyFactOnPaperPages(t *testing.T) {
	m := newTeam(t)
	path := m.record("instructor", url.Values{"fact": {"training"}, "project": {"p1"}, "whole": {"1"}, "day": {"2026-10-12"}, "source": {"培训签到表"}, "cells.training_held": {"1"}, "cells.training_due": {"1"}})
	if page := m.as("organiser").get(t, path).body; strings.Contains(page, "登记纸质签字") {
		t.Error("a level that takes no paper offers it")
	}
	m.post("secretary", path+"/confirm", m.hidden("secretary", path, path+"/confirm"))
	form := m.hidden("organiser", path, path+"/paper")
	form.Set("signer", actorOf(t, m.f, "industry").ID)
	form.Set("signed_on", "2026-10-13")
	form.Set("current", browsertest.Password)
	scan := []attachment{{"签字件.png", picture(t, 31)}}
	for _, bad := range []struct {
		name, login, field, value string
		scan                      []attachment
		status                    int
		says                      string
	}{
		{"no scan", "organiser", "", "", nil, 422, "请上传签字件扫描件"},
		{"nobody signed", "organiser", "signer", "", scan, 422, "请选择在纸上签字的人"},
		{"a wrong password", "organiser", "current", "x", scan, 422, "密码不正确"},
		{"housing staff", "chief", "", "", scan, 403, ""},
	} {
		before, wrong := changes(t, m.f), url.Values{}
		for name, list := range form {
			wrong[name] = list
		}
		if bad.field != "" {
			wrong.Set(bad.field, bad.value)
		}
		wrong.Del("_t")
		if a := m.as(bad.login).scanned(t, path+"/paper", wrong, bad.scan...); a.StatusCode != bad.status || !strings.Contains(a.body, bad.says) || changes(t, m.f) != before {
			t.Errorf("%s: %d, %d changes: %.1500s", bad.name, a.StatusCode, changes(t, m.f)-before, a.body)
		}
	}
	form.Del("_t")
	if a := m.as("organiser").scanned(t, path+"/paper", form, scan...); a.StatusCode != http.StatusSeeOther {
		t.Fatalf("%d %.2000s", a.StatusCode, a.body)
	}
	if page := m.as("organiser").get(t, path).body; strings.Contains(page, "核对签字件") || !strings.Contains(page, "签字件 1") {
		t.Errorf("who recorded the scan looks at it himself: %.2000s", page)
	}
	if a := m.as("secretary").get(t, path+"/files/scan-1"); a.StatusCode != 200 {
		t.Errorf("the scan: %d", a.StatusCode)
	}
	if a := m.as("chief").get(t, path+"/files/scan-1"); a.StatusCode != 404 {
		t.Errorf("the scan, for housing staff: %d", a.StatusCode)
	}
	if queue := m.as("secretary").get(t, "/observations/queue").body; !strings.Contains(queue, path) {
		t.Error("the scan waits for nobody")
	}
	look := m.hidden("secretary", path, path+"/sign")
	look.Set("move", "confirm_paper")
	look.Set("current", browsertest.Password)
	m.post("secretary", path+"/sign", look)
	if page := m.as("organiser").get(t, path).body; !strings.Contains(page, "纸质签字") || !strings.Contains(page, "确认属实") {
		t.Errorf("%.3000s", page)
	}
}

// rowField is a row that can be chosen in the queue.
var rowField = regexp.MustCompile(`name="row" value="([^"]+)"`)
