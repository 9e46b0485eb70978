package web_test

import (
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/web/browsertest"
)

// TestSetupRefused: whatever is wrong with the first form, it comes back with what was typed, but never with token or password, and nothing is written.
func TestSetupRefused(t *testing.T) {
	f := start(t, 0)
	p := newPerson(t, f)
	p.get(t, "/setup")
	filled := func(change ...string) answer {
		v := pairs("token", "not-the-token", "login", "liujianhua", "name", "刘建华", "password", browsertest.Password, "again", browsertest.Password)
		for i := 0; i+1 < len(change); i += 2 {
			v.Set(change[i], change[i+1])
		}
		return p.send(t, "POST", "/setup", v)
	}
	before := changes(t, f)
	for name, tt := range map[string]struct {
		answer answer
		status int
		said   []string
	}{
		"wrong token":     {filled(), 403, []string{"错误：首次启动", `href="#token"`, "设置口令不正确，请照服务器终端上显示的填写", `value="liujianhua"`, `value="刘建华"`}},
		"weak password":   {filled("token", f.People.SetupToken(), "password", "weak-one", "again", "weak-one"), 422, []string{`href="#password"`, `value="liujianhua"`}},
		"typed otherwise": {filled("token", f.People.SetupToken(), "again", "Chuntian-2027"), 422, []string{`href="#again"`, "两次输入的密码不一样，请重新输入", `value="liujianhua"`}},
		"nothing filled":  {filled("token", "", "login", "", "name", "", "password", "", "again", ""), 403, []string{`href="#token"`}},
	} {
		if tt.answer.StatusCode != tt.status {
			t.Errorf("%s: status %d, want %d", name, tt.answer.StatusCode, tt.status)
		}
		for _, part := range tt.said {
			if !strings.Contains(tt.answer.body, part) {
				t.Errorf("%s: %q is not said: %s", name, part, tt.answer.body)
			}
		}
		for _, secret := range []string{browsertest.Password, "weak-one", "Chuntian-2027", "not-the-token", f.People.SetupToken()} {
			if strings.Contains(tt.answer.body, secret) {
				t.Errorf("%s: the page repeats %q", name, secret)
			}
		}
		if inputs := regexp.MustCompile(`<input id="(token|password|again)"[^>]*value=""`).FindAllString(tt.answer.body, -1); len(inputs) != 3 {
			t.Errorf("%s: the form is not there: %s", name, tt.answer.body)
		}
	}
	if n := changes(t, f) - before; n != 0 {
		t.Errorf("refused forms wrote %d changes", n)
	}
	if a := filled("token", f.People.SetupToken()); a.StatusCode != 303 {
		t.Fatalf("setting up: %d %s", a.StatusCode, a.body)
	}
	if a := filled("token", f.People.SetupToken()); a.StatusCode != 403 || !strings.Contains(a.body, "首个管理员已经设置") {
		t.Errorf("a second time: %d %s", a.StatusCode, a.body)
	}
	newPerson(t, f).signIn(t, "liujianhua")
}
