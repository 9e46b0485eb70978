package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/web/browsertest"
)

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
	first := seq()
	appointment := url.Values{"seq": {first}, "role": {"inspector"}, "scopes": {"county"}}
	if a := admin.send(t, "POST", page+"/appoint", appointment); a.StatusCode != 303 {
		t.Fatalf("appointing: %d %s", a.StatusCode, a.body)
	}
	before := changes(t, f)
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

	testRightsTried(t, f, admin, page)

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
