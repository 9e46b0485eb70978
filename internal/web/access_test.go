package web_test

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
)

// testOwnData asks about one's own data, lets somebody else answer, and tells who looked.
func testOwnData(t *testing.T, f *browsertest.Fixture) {
	t.Helper()
	inspector, auditor, admin := newPerson(t, f).signIn(t, "inspector"), newPerson(t, f).signIn(t, "auditor"), newPerson(t, f).signIn(t, "admin")
	const path = "/account/data"
	if a := newPerson(t, f).get(t, "/privacy"); a.StatusCode != 200 || !containsAll(a.body, []string{"个人信息处理告知", "第十九条", "30 日", "你可以要求什么"}) {
		t.Errorf("the notice: %d", a.StatusCode)
	}
	own := inspector.get(t, path)
	id := regexp.MustCompile(`账号编号</th><td>([^<]+)</td>`).FindStringSubmatch(own.body)
	if own.StatusCode != 200 || id == nil || !containsAll(own.body, []string{"周望平", "住建局检查员", "只保存散列值"}) || strings.Contains(own.body, "argon2") {
		t.Fatalf("one's own data: %d %.2000s", own.StatusCode, own.body)
	}
	if a := inspector.get(t, path+".xlsx"); a.StatusCode != 200 || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("as Excel: %d", a.StatusCode)
	}
	before := changes(t, f)
	if a := inspector.send(t, "POST", path, url.Values{"wish": {"correct"}}); a.StatusCode != 422 || !strings.Contains(a.body, `id="words-e"`) {
		t.Errorf("no words: %d", a.StatusCode)
	}
	if a := inspector.get(t, "/admin/requests"); a.StatusCode != 403 {
		t.Errorf("who may not answer reads them: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", "/admin/requests", url.Values{"wish": {"delete"}, "words": {"电话不是我的"}}); a.StatusCode != 422 || !strings.Contains(a.body, `id="person-e"`) {
		t.Errorf("for nobody: %d", a.StatusCode)
	}
	if got := changes(t, f) - before; got != 0 {
		t.Errorf("refused requests wrote %d records", got)
	}
	if a := inspector.send(t, "POST", path, url.Values{"wish": {"correct"}, "words": {"<b>姓名</b>写错了"}}); a.StatusCode != 303 {
		t.Fatalf("asking: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", "/admin/requests", url.Values{"wish": {"delete"}, "words": {"电话不是我的"}, "person": {"张三"}, "contact": {"13800000000"}}); a.StatusCode != 303 {
		t.Fatalf("entering: %d", a.StatusCode)
	}
	if a := admin.get(t, "/todo"); !strings.Contains(a.body, "答复个人信息请求：更正、补充") || strings.Contains(a.body, "答复个人信息请求：删除") {
		t.Error("the to-do page of who answers is wrong")
	}
	list := admin.get(t, "/admin/requests")
	action := regexp.MustCompile(`action="(/admin/requests/[^"]+)"`).FindAllStringSubmatch(list.body, -1)
	if len(action) != 1 || !containsAll(list.body, []string{"张三", "&lt;b&gt;姓名", "由别人答复", "前答复"}) {
		t.Fatalf("the list: %d forms %.3000s", len(action), list.body)
	}
	if a := admin.send(t, "POST", action[0][1], url.Values{"seq": {"1"}, "done": {"0"}}); a.StatusCode != 422 || !strings.Contains(a.body, "不办的写明理由") {
		t.Errorf("no answer: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", action[0][1], url.Values{"seq": {"1"}, "done": {"1"}, "words": {"已改好"}}); a.StatusCode != 303 {
		t.Fatalf("answering: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", action[0][1], url.Values{"seq": {"1"}, "done": {"1"}, "words": {"已改好"}}); a.StatusCode != 409 {
		t.Errorf("answering twice: %d", a.StatusCode)
	}
	if a := admin.get(t, "/admin/accounts/"+id[1]); a.StatusCode != 200 {
		t.Fatal("the administrator opens no account")
	}
	if a := inspector.get(t, path); !containsAll(a.body, []string{"答复：已改好", "查看个人信息", "系统管理员", "别的进程各记各的"}) {
		t.Error("one's own page tells neither the answer nor who looked")
	}
	day := ""
	for _, e := range f.Access.Events() {
		if e.Event == policy.EventLooked && strings.HasSuffix(e.Path, id[1]) {
			day = calendar.DateOf(e.At).String()
		}
	}
	if a := auditor.get(t, "/admin/access?event=looked&day="+day); a.StatusCode != 200 || !containsAll(a.body, []string{"/admin/accounts/" + id[1], "查看账号", "这里只有主机 inner-1 上这个进程的访问", "/data/access"}) || strings.Contains(a.body, "<td>登录") {
		t.Errorf("the access log: %d", a.StatusCode)
	}
	if a := auditor.get(t, "/admin/access.xlsx"); a.StatusCode != 200 || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("the access log as Excel: %d", a.StatusCode)
	}
	if a := admin.get(t, "/admin/access"); a.StatusCode != 403 {
		t.Errorf("the administrator reads who looked: %d", a.StatusCode)
	}
}

// testEmergency takes another office, does something with it, gives it back, and lets the auditor look at it.
func testEmergency(t *testing.T, f *browsertest.Fixture) {
	t.Helper()
	inspector, auditor := newPerson(t, f).signIn(t, "inspector"), newPerson(t, f).signIn(t, "auditor")
	const path = "/account/emergency"
	if a := inspector.get(t, path); a.StatusCode != 200 || !containsAll(a.body, []string{"物业管理股经办人", "8 小时"}) {
		t.Errorf("the form: %d", a.StatusCode)
	}
	if a := auditor.get(t, path); a.StatusCode != 200 || !strings.Contains(a.body, "没有可以应急取得的岗位") {
		t.Errorf("nobody takes over from the auditor: %d", a.StatusCode)
	}
	form := func(reason, password string) url.Values {
		return url.Values{"role": {"property_officer"}, "hours": {"2"}, "reason": {reason}, "current": {password}}
	}
	const reason = "深夜停电，经办人电话不通，要查<img src=x>的合同"
	before := changes(t, f)
	for name, tt := range map[string]struct {
		form url.Values
		want string
	}{
		"hardly a reason": {form("急", browsertest.Password), `id="reason-e"`}, "a wrong password": {form(reason, "nope"), `id="current-e"`}, "no office": {url.Values{"current": {browsertest.Password}}, `id="role-e"`},
	} {
		if a := inspector.send(t, "POST", path, tt.form); a.StatusCode != 422 || !strings.Contains(a.body, tt.want) {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	if a := auditor.send(t, "POST", path, form(reason, browsertest.Password)); a.StatusCode != 403 {
		t.Errorf("the auditor takes an office: %d", a.StatusCode)
	}
	if a := inspector.get(t, "/admin/log"); a.StatusCode != 403 {
		t.Error("an inspector reads the log without it")
	}
	if got := changes(t, f) - before; got != 0 {
		t.Errorf("refused tries wrote %d records", got)
	}
	if a := inspector.send(t, "POST", path, form(reason, browsertest.Password)); a.StatusCode != 303 {
		t.Fatalf("taking it: %d %.300s", a.StatusCode, a.body)
	}
	if a := inspector.get(t, "/admin/log"); a.StatusCode != 200 || !strings.Contains(a.body, "应急授权进行中") {
		t.Errorf("with it: %d", a.StatusCode)
	}
	if a := inspector.send(t, "POST", "/account/views", url.Values{"path": {"/register/projects"}, "query": {"sort=households"}, "name": {"夜里"}}); a.StatusCode != 303 {
		t.Errorf("a change meanwhile: %d", a.StatusCode)
	}
	if a := auditor.get(t, "/todo"); !containsAll(a.body, []string{"应急取得了物业管理股经办人的岗位", "深夜停电"}) {
		t.Error("the auditor is told nothing")
	}
	if a := auditor.get(t, "/admin/log?q="+url.QueryEscape("应急取得")); !strings.Contains(a.body, "&lt;img src=x&gt;") {
		t.Error("the log does not tell the reason as it was typed")
	}
	if a := auditor.get(t, "/admin/log?q="+url.QueryEscape("应急授权 1〕")); !containsAll(a.body, []string{"〔应急授权 1〕", "saved-views/"}) || strings.Contains(a.body, "<img src=x") {
		t.Error("the log does not mark what was done meanwhile")
	}
	if a := inspector.send(t, "POST", path+"/end", url.Values{}); a.StatusCode != 303 {
		t.Fatalf("giving it back: %d", a.StatusCode)
	}
	if a := inspector.get(t, "/admin/log"); a.StatusCode != 403 {
		t.Errorf("after it was given back: %d", a.StatusCode)
	}
	list := auditor.get(t, "/admin/emergencies")
	action := regexp.MustCompile(`action="(/admin/emergencies/[^"]+)"`).FindStringSubmatch(list.body)
	if action == nil || !containsAll(list.body, []string{"周望平", "深夜停电", "看期间的变更"}) {
		t.Fatalf("the list of the auditor: %.2000s", list.body)
	}
	if a := auditor.send(t, "POST", action[1], url.Values{"proper": {"0"}}); a.StatusCode != 422 || !strings.Contains(a.body, "写明哪里不当") {
		t.Errorf("not proper and no word why: %d", a.StatusCode)
	}
	if a := auditor.send(t, "POST", action[1], url.Values{"proper": {"1"}}); a.StatusCode != 303 {
		t.Errorf("looking at it: %d", a.StatusCode)
	}
	if a := auditor.send(t, "POST", action[1], url.Values{"proper": {"1"}}); a.StatusCode != 409 {
		t.Errorf("looking at it twice: %d", a.StatusCode)
	}
	if a := inspector.get(t, path); !strings.Contains(a.body, "审计认为正当") {
		t.Error("its own page does not tell")
	}
}

// testRightsTried asks what an inspector may do, who may do something, and what a changed file of rules would change; nothing is written by any of it.
func testRightsTried(t *testing.T, f *browsertest.Fixture, admin *person, page string) {
	t.Helper()
	before := changes(t, f)
	csv := string(readConfig(t, "roles.csv"))
	compare := func(name, text string) answer {
		t.Helper()
		return admin.upload(t, "/admin/rules", nil, nil, attachment{name, []byte(text)})
	}
	for _, tt := range []struct {
		name   string
		a      answer
		status int
		has    []string
		lacks  string
	}{
		{"today", admin.get(t, page+"/rights"), 200, []string{"住建局检查员", "roles.csv", "visit.do", "全县"}, "nothing"},
		{"before the appointment", admin.get(t, page+"/rights?day=2020-01-01"), 200, []string{"没有任职"}, "全县"},
		{"what is refused", admin.get(t, page+"/rights?all=1&q=account.read"), 200, []string{"不可以", "没有一行允许"}, "evaluation.read"},
		{"no day", admin.get(t, page+"/rights?day=x"), 422, []string{`id="day-e"`}, "nothing"},
		{"nobody's", admin.get(t, "/admin/accounts/none/rights"), 404, nil, "nothing"},
		{"who may", admin.get(t, "/admin/who?action=visit.do&row=county"), 200, []string{"chen", "第 "}, "没有人"},
		{"who could in the past", admin.get(t, "/admin/who?action=visit.do&row=county&day=2020-01-01"), 200, []string{"2020年1月1日"}, ">chen<"},
		{"no such action", admin.get(t, "/admin/who?action=none"), 422, []string{`id="action-e"`}, "nothing"},
		{"no such row", admin.get(t, "/admin/who?action=visit.do&row=x:1"), 422, []string{`id="row-e"`}, "nothing"},
		{"a loss", compare("roles.csv", strings.Replace(csv, "p, inspector, visit, do, allow\n", "", 1)), 200, []string{"少了 1 项", "失去", "visit.do", "现任 2 人"}, "得到"},
		{"a gain", compare("roles.csv", csv+"p, cashier, log, read, allow\n"), 200, []string{"多出 1 项", "得到", "p, cashier, log, read, allow"}, "失去"},
		{"mistakes", compare("roles.csv", csv+"x\np, cashier, log, look, allow\n"), 422, []string{"roles.csv:", "行首只能是", "log.look"}, "多出"},
		{"no file", admin.upload(t, "/admin/rules", nil, nil), 422, []string{"请选择"}, "多出"},
	} {
		if tt.a.StatusCode != tt.status || !containsAll(tt.a.body, tt.has) || strings.Contains(tt.a.body, tt.lacks) {
			t.Errorf("%s: %d, want %d with %q and without %q", tt.name, tt.a.StatusCode, tt.status, tt.has, tt.lacks)
		}
	}
	if got := changes(t, f) - before; got != 0 {
		t.Errorf("trying rights wrote %d changes", got)
	}
}

// TestAccountsThroughPages walks an account from making to closing.
func TestAccountsThroughPages(t *testing.T) {
	f := start(t, 5)
	admin := newPerson(t, f).signIn(t, "admin")
	made := admin.send(t, "POST", "/admin/accounts/new", url.Values{"login": {"chen"}, "name": {"陈明"}})
	secret := regexp.MustCompile(`<b class="n">([^<]+)</b>`).FindStringSubmatch(made.body)
	id := regexp.MustCompile(`/admin/accounts/([0-9A-Za-z._-]+)"`).FindStringSubmatch(made.body)
	if made.StatusCode != 200 || secret == nil || id == nil {
		t.Fatalf("making: %d %s", made.StatusCode, made.body)
	}
	page := "/admin/accounts/" + id[1]
	seq := func() string {
		m := regexp.MustCompile(`name="seq" value="(\d+)"`).FindStringSubmatch(admin.get(t, page).body)
		if m == nil {
			t.Fatal("no seq")
		}
		return m[1]
	}
	// What no field of the form says is not taken, however it is called (mass assignment).
	if a := admin.send(t, "POST", "/admin/accounts/new", url.Values{"login": {"duo"}, "name": {"多"}, "role": {"administrator"}, "appointments": {"administrator"}, "scopes": {"county"}, "disabled": {"1"}, "epoch": {"9"}, "id": {"first-administrator"}, "totp.secret": {"x"}}); a.StatusCode != 200 {
		t.Errorf("making with further fields: %d", a.StatusCode)
	} else if id := regexp.MustCompile(`/admin/accounts/([0-9A-Za-z._-]+)"`).FindStringSubmatch(a.body); id == nil || id[1] == "first-administrator" || !strings.Contains(admin.get(t, "/admin/accounts/"+id[1]).body, "还没有任命岗位") {
		t.Errorf("further fields made something: %v", id)
	}
	first := seq()
	appointment := url.Values{"seq": {first}, "role": {"inspector"}, "scopes": {"county"}}
	if a := admin.send(t, "POST", page+"/appoint", appointment); a.StatusCode != 303 {
		t.Fatalf("appointing: %d %s", a.StatusCode, a.body)
	}
	// A name is corrected by who may, once, and by nobody for himself.
	overtaken := seq()
	if a := admin.send(t, "POST", page+"/rename", url.Values{"seq": {overtaken}, "name": {"陈晓明"}}); a.StatusCode != 303 || !strings.Contains(admin.get(t, page+"?done=name").body, "陈晓明") {
		t.Fatalf("a corrected name: %d", a.StatusCode)
	}
	before := changes(t, f)
	if a := admin.send(t, "POST", page+"/rename", url.Values{"seq": {seq()}, "name": {" "}}); a.StatusCode != 422 || !strings.Contains(a.body, `id="name-e"`) {
		t.Errorf("no name: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", page+"/rename", url.Values{"seq": {overtaken}, "name": {"陈小"}}); a.StatusCode != 409 {
		t.Errorf("an overtaken name: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", page+"/appoint", appointment); a.StatusCode != 409 || !strings.Contains(a.body, "已有变化") {
		t.Errorf("an overtaken page: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", page+"/appoint", url.Values{"seq": {seq()}, "role": {"nobody"}, "from": {"nonsense"}}); a.StatusCode != 422 || !containsAll(a.body, []string{`id="from-e"`, `id="role-e"`}) {
		t.Errorf("a date that is none: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", page+"/appoint", url.Values{"seq": {seq()}, "role": {"administrator"}}); a.StatusCode != 422 {
		t.Errorf("two duties in one account: %d", a.StatusCode)
	}
	if got := changes(t, f) - before; got != 0 {
		t.Errorf("refused acts wrote %d changes", got)
	}

	testRoster(t, f, admin)
	testOrder(t, f, admin)
	testRightsTried(t, f, admin, page)
	testEmergency(t, f)
	testOwnData(t, f)

	chen := newPerson(t, f)
	chen.get(t, "/signin")
	if a := chen.send(t, "POST", "/signin", url.Values{"login": {"chen"}, "password": {secret[1]}, "next": {"/rights"}}); a.StatusCode != 303 || a.Header.Get("Location") != "/account" {
		t.Fatalf("a one-time password led to %d %s", a.StatusCode, a.Header.Get("Location"))
	}
	if a := chen.get(t, "/todo"); a.StatusCode != 403 || !strings.Contains(a.body, "修改密码") {
		t.Errorf("before the password was changed: %d", a.StatusCode)
	}
	if a := chen.get(t, "/account"); !strings.Contains(a.body, "一次性密码") {
		t.Error("the account page does not ask for a password")
	}
	if a := chen.send(t, "POST", "/account/password", url.Values{"current": {secret[1]}, "password": {"Qiutian-2026"}, "again": {"Qiutian-2026"}}); a.StatusCode != 200 || !strings.Contains(a.body, "密码已修改") {
		t.Fatalf("changing: %d %s", a.StatusCode, a.body)
	}
	if a := chen.get(t, "/todo"); a.StatusCode != 401 {
		t.Errorf("after the change the old session still answers %d", a.StatusCode)
	}
	if a := chen.send(t, "POST", "/signin", url.Values{"login": {"chen"}, "password": {"Qiutian-2026"}}); a.StatusCode != 303 {
		t.Fatalf("the new password: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", page+"/disable", url.Values{"seq": {seq()}}); a.StatusCode != 303 {
		t.Fatalf("disabling: %d %s", a.StatusCode, a.body)
	}
	if a := chen.get(t, "/todo"); a.StatusCode != 401 {
		t.Errorf("a closed account still answers %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", page+"/enable", url.Values{"seq": {seq()}}); a.StatusCode != 303 {
		t.Errorf("enabling: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", page+"/reset", url.Values{"seq": {seq()}}); a.StatusCode != 200 || !strings.Contains(a.body, "一次性密码") {
		t.Errorf("resetting: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", page+"/end", url.Values{"seq": {seq()}, "index": {"0"}}); a.StatusCode != 303 {
		t.Errorf("ending: %d %s", a.StatusCode, a.body)
	}
	if a := admin.send(t, "POST", "/account/signout-all", url.Values{}); a.StatusCode != 303 {
		t.Errorf("signing out everywhere: %d", a.StatusCode)
	}
	if a := admin.get(t, "/todo"); a.StatusCode != 401 {
		t.Errorf("after signing out everywhere: %d", a.StatusCode)
	}
}

// TestPaths: no address leads out of what is served, in whatever way the way up is written; a name of a file is a name and no path.
func TestPaths(t *testing.T) {
	f := start(t, 5)
	p := newPerson(t, f).signIn(t, "admin")
	for _, base := range []string{"/assets/", "/stars/", "/admin/accounts/", "/observations/none/files/", "/register/projects/none/", "/"} {
		for _, up := range []string{"../go.mod", "..%2f..%2fgo.mod", "%2e%2e/%2e%2e/etc/passwd", "..%5c..%5cgo.mod", "....//....//go.mod", "%252e%252e%252fgo.mod", "..;/go.mod", "%c0%ae%c0%ae/go.mod", "%00", "app.js%00.css", "file:///etc/passwd", "//evil.example/x", "C:%5cWindows%5cwin.ini"} {
			conn, err := net.Dial("tcp", strings.TrimPrefix(f.Base, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", base+up) // as written: a client would tidy it up
			answer, err := io.ReadAll(conn)
			if err != nil {
				t.Fatal(err)
			}
			_ = conn.Close()
			head, body, _ := strings.Cut(string(answer), "\r\n\r\n")
			if strings.HasPrefix(head, "HTTP/1.1 5") || strings.Contains(body, "module redsteward") || strings.Contains(body, "root:") || strings.Contains(head, "evil.example") {
				t.Errorf("%s: %.200s", base+up, answer)
			}
		}
	}
	a := p.upload(t, "/admin/rules", nil, nil, attachment{"../../etc/<b>roles.csv", []byte("x")})
	if a.StatusCode != 422 || strings.Contains(a.body, "<b>roles") {
		t.Errorf("a hostile name of a file: %d", a.StatusCode)
	}
}
