//go:build !race

package main

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"redsteward/internal/web"
	"redsteward/policy"
)

// hand is a browser without script: it keeps cookies and sends forms as pages give them.
type hand struct {
	t       *testing.T
	client  *http.Client
	base    string
	hidden  url.Values // of the last page
	address string     // of the last page
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// got reads an answer and remembers its hidden fields.
func (h *hand) got(res *http.Response, err error) string {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	if closing := res.Body.Close(); err != nil || closing != nil {
		h.t.Fatal(err, closing)
	}
	if res.StatusCode >= http.StatusInternalServerError {
		h.t.Fatalf("%s: %d\n%.2000s", res.Request.URL, res.StatusCode, body)
	}
	h.address, h.hidden = res.Request.URL.Path, url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(string(body), -1) {
		h.hidden.Set(m[1], m[2])
	}
	return string(body)
}

// sees opens a page and wants words on it.
func (h *hand) sees(path string, words ...string) string {
	h.t.Helper()
	body := h.got(h.client.Get(h.base + path))
	h.wants(body, words...)
	return body
}

func (h *hand) wants(body string, words ...string) {
	h.t.Helper()
	for _, w := range words {
		if !strings.Contains(body, w) {
			h.t.Fatalf("%s lacks %q:\n%.4000s", h.address, w, body)
		}
	}
}

// sends posts a form with the hidden fields of the last page.
func (h *hand) sends(path string, fields map[string]string, words ...string) string {
	h.t.Helper()
	form := h.hidden
	for name, value := range fields {
		form.Set(name, value)
	}
	body := h.got(h.client.PostForm(h.base+path, form))
	h.wants(body, words...)
	return body
}

// uploads posts a file to the page of imports.
func (h *hand) uploads(kind, name, text string, words ...string) {
	h.t.Helper()
	h.sees("/register/imports", "Excel 导入")
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	put := func(name, value string) {
		if err := w.WriteField(name, value); err != nil {
			h.t.Fatal(err)
		}
	}
	put("_t", h.hidden.Get("_t"))
	put("kind", kind)
	part, err := w.CreateFormFile("file", name)
	if err == nil {
		_, err = io.WriteString(part, text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.wants(h.got(h.client.Post(h.base+"/register/imports", w.FormDataContentType(), &b)), words...)
}

const (
	firmHeads    = "企业名称,统一社会信用代码,企业性质,联系电话,成立日期\n"
	projectHeads = "小区名称,社区（村）,地址,户数,物业类型\n"
)

// TestJourney14 is the administrator on a fresh server without internet: start, first password, import with 17 errors that become none, appointments, the page of operations,
// doctor, a scheduled backup, and the same bureau from the backup on another machine.
func TestJourney14(t *testing.T) {
	work := t.TempDir()
	dir, backups := filepath.Join(work, "data"), filepath.Join(work, "backups")
	env := []string{"REDSTEWARD_STORE_URI=" + dir, "REDSTEWARD_BACKUP_FOLDER=" + backups, "REDSTEWARD_TLS_MODE=off"}
	settings, err := loadConfig("", env, nil)
	if err != nil {
		t.Fatal(err)
	}
	now := october
	p := &program{ctx: t.Context(), out: io.Discard, errOut: io.Discard, now: func() time.Time { return now }}
	s, err := openService(p, settings, false)
	if err == nil {
		err = s.seedDivisions(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	tick := func() {
		t.Helper()
		if _, err := s.jobs.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, lacking := range web.Untold(s.db.Fields()) {
		t.Error("no Chinese word (internal/web/fields.csv, told.go) for the " + lacking)
	}
	titles := s.db.RuleTitles()
	for _, j := range s.allJobs() {
		titles[j.job.Name] = j.job.Title
	}
	for name, title := range titles {
		if !strings.ContainsFunc(title, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
			t.Errorf("the rule or job %s is called %q", name, title)
		}
	}
	tick() // from here on slots count
	options, err := s.webOptions(t.Context(), "", "小区")
	if err != nil {
		t.Fatal(err)
	}
	server, err := web.New(options)
	if err != nil {
		t.Fatal(err)
	}
	base, stopServing := serving(t, server)
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	h := &hand{t: t, client: &http.Client{Jar: jar}, base: base}

	// The first password: one time, with the word of the terminal.
	const password = "Duchang-2026!"
	h.sees("/setup", "首次启动")
	first := map[string]string{"token": "wrong", "login": "admin", "name": "陈立", "password": password, "again": password}
	h.sends("/setup", first, "设置口令")
	first["token"] = s.accounts.SetupToken()
	h.sends("/setup", first, "登录")
	if strings.Contains(h.sees("/setup"), "首次启动") {
		t.Error("the first administrator can be made twice")
	}
	signIn := func() {
		h.sees("/signin")
		h.sends("/signin", map[string]string{"login": "admin", "password": password}, "我的待办")
	}
	signIn()
	h.sees("/help", "新服务器")

	// 17 errors, then none; nothing is written by a dry run.
	h.uploads("firms", "firms.csv", firmHeads+
		"赣北物业服务有限公司,91360428MA7XAMPL5W,市场化,13800000000,2015-06-30\n"+
		"湖口物业服务有限公司,91360428MA7XAMPM3P,市场化,0792-5220000,2016-06-30\n", "新增 2 行")
	h.accepts(s)
	before := lastOf(t, s)
	h.uploads("projects", "projects.csv", projectHeads+
		",,,四百,别墅\n"+
		",,,五百,洋房\n"+
		",,,-,楼\n"+
		"望湖苑,360428100001,东湖路1号,四百户,小区\n", "4 行有错", "17 处", "下载标错的 Excel")
	if after := lastOf(t, s); after != before {
		t.Errorf("a dry run wrote %d records", after-before)
	}
	h.uploads("projects", "projects.csv", projectHeads+
		"望湖苑,360428100001,东湖路1号,400,商品住宅\n"+
		"临江苑,360428100001,东湖路2号,220,商品住宅\n", "新增 2 行")
	h.accepts(s)
	h.sees("/register/firms", "赣北物业服务有限公司", "湖口物业服务有限公司")
	h.sees("/register/projects", "望湖苑", "临江苑")

	// Somebody gets an account and an office.
	h.sees("/admin/accounts/new")
	secret := h.sends("/admin/accounts/new", map[string]string{"login": "wangli", "name": "王立新"}, "账号已建立")
	one := regexp.MustCompile(`/admin/accounts/[0-9A-Za-z-]{8,}`).FindString(secret)
	h.sees(one)
	h.sends(one+"/appoint", map[string]string{"role": "section_chief", "unit": policy.County, "scopes": policy.County, "from": "2026-10-19"})
	chief, _ := s.guard.Rules().Role("section_chief")
	h.sees(one, chief.Title, "王立新")

	// The page of operations, a backup and a whole check now. A job that must not is refused.
	h.sees("/admin/operations", "运行状况", "自动备份", "还没有备份过", "redsteward_database_bytes", "还没有体检过")
	h.sees("/admin/operations/jobs/back-up", "现在运行")
	h.sends("/admin/operations/jobs/back-up/run", nil, "已安排")
	h.sends("/admin/operations/jobs/back-up/run", nil, "正在运行或者已经安排")
	h.sees("/admin/operations")
	h.sends("/admin/operations/jobs/check-up/run", nil, "已安排")
	h.sees("/admin/operations/jobs/evaluate-quarter", "只能到时间自己运行")
	now = now.Add(time.Minute)
	if _, err := s.db.Checkpoint(t.Context()); err != nil {
		t.Fatal(err)
	}
	tick()
	h.sees("/admin/operations/jobs/back-up", "已完成")
	h.sees("/admin/operations", "正常", "都与日志相同", "最近一次 2026年10月19日")
	if text, code := askProgram(t, now, env, "doctor"); code != exitOK || !strings.Contains(text, "没有问题") {
		t.Errorf("doctor beside the service: exit %d\n%s", code, text)
	}

	// At night it happens by itself.
	now = now.Add(20 * time.Hour)
	tick()
	signIn()
	h.sees("/admin/operations/jobs/back-up", "2026年10月20日 02:30")
	stopServing()
	if err := s.close(); err != nil {
		t.Fatal(err)
	}

	// Another machine: the backup and the master key, nothing else.
	target := filepath.Join(work, "other")
	asked(t, nil, exitOK, "已恢复", "restore", backups, "--data", target, "--master-key", filepath.Join(dir, "master.key"))
	if text, code := askProgram(t, now, nil, "doctor", "--data", target); code != exitOK || !strings.Contains(text, "没有问题") {
		t.Errorf("doctor on the other machine: exit %d\n%s", code, text)
	}
	other, err := loadConfig("", []string{"REDSTEWARD_STORE_URI=" + target, "REDSTEWARD_TLS_MODE=off"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	restored, err := openService(p, other, false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = restored.accounts.SignIn(t.Context(), policy.Credentials{Login: "admin", Password: password})
	if closing := restored.close(); err != nil || closing != nil {
		t.Errorf("the administrator cannot sign in on the other machine: %v, %v", err, closing)
	}
}

// accepts takes a dry run as it is and lets it be carried out.
func (h *hand) accepts(s *service) {
	h.t.Helper()
	h.sends("/register/imports/accept", nil)
	if n, err := s.register.RunImports(h.t.Context()); n != 1 || err != nil {
		h.t.Fatalf("%d imports, %v", n, err)
	}
}

// lastOf is how many records a bureau has.
func lastOf(t *testing.T, s *service) int64 {
	t.Helper()
	n, err := s.db.Engine().LastN(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}
