package web_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
	"redsteward/internal/web/browsertest"
)

// engine opens the real engine over a fresh folder.
func engine(t testing.TB) store.Engine {
	t.Helper()
	e, err := sqlite.Open(context.Background(), t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// start runs the fixture over a fresh data folder.
func start(t testing.TB, count int) *browsertest.Fixture {
	t.Helper()
	return browsertest.Serve(t, engine(t), time.Now, func(ctx context.Context, db *store.DB) (*browsertest.Fixture, error) {
		return browsertest.Start(ctx, db, time.Now, readConfig(t, "roles.conf"), readConfig(t, "roles.csv"), count)
	})
}

func readConfig(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../configs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// changes is the number of records in the log: a refused call must not move it.
func changes(t testing.TB, f *browsertest.Fixture) int64 {
	t.Helper()
	n, err := f.DB.Engine().LastN(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// person is a browser of the tests: cookies, the last form token, no redirects followed.
type person struct {
	f      *browsertest.Fixture
	client *http.Client
	token  string
}

func newPerson(t testing.TB, f *browsertest.Fixture) *person {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &person{f: f, client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

var tokenInPage = regexp.MustCompile(`name="_t" value="([^"]+)"`)

// answer is a response that was read.
type answer struct {
	*http.Response
	body string
}

// send makes a request; a form gets the last token that a page showed, unless it names one itself.
func (p *person) send(t testing.TB, method, path string, form url.Values, headers ...string) answer {
	t.Helper()
	var body io.Reader
	if form != nil {
		if !form.Has("_t") {
			form.Set("_t", p.token)
		}
		body = strings.NewReader(form.Encode())
	}
	req, err := http.NewRequest(method, p.f.Base+path, body)
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := p.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if m := tokenInPage.FindSubmatch(data); m != nil {
		p.token = string(m[1])
	}
	if bytes.Contains(data, []byte(`<body class="desk">`)) && resp.StatusCode == http.StatusOK && !bytes.Contains(data, []byte(`data-paper="`)) && !kindless.MatchString(path) {
		t.Errorf("%s is a paper of no kind: it has no template (paperKinds)", path)
	}
	return answer{resp, string(data)}
}

// kindless are the papers that no template is filled with: files, dossiers, plates, slips, several papers at once and the ruler of a printer.
var kindless = regexp.MustCompile(`/whole$|/dossier/print|^/rectifications/lists/print|^/plates/print|/slips$|^/prints/sheets|^/account/print/ruler`)

func (p *person) get(t testing.TB, path string, headers ...string) answer {
	return p.send(t, http.MethodGet, path, nil, headers...)
}

// signIn signs in, or fails the test.
func (p *person) signIn(t testing.TB, login string) *person {
	t.Helper()
	p.get(t, "/signin")
	a := p.send(t, http.MethodPost, "/signin", url.Values{"login": {login}, "password": {browsertest.Password}})
	if a.StatusCode != http.StatusSeeOther {
		t.Fatalf("signing in as %s: %d %s", login, a.StatusCode, a.body)
	}
	p.get(t, "/account")
	return p
}

// scenario is one request of somebody and what must come of it.
type scenario struct {
	name     string
	role     string // login of the fixture, "" for the public
	method   string
	path     string
	form     url.Values
	headers  []string
	status   int
	contains []string
	excludes []string
	// changes is how many records must have been written, -1 for any number.
	changes int64
}

func (s scenario) run(t *testing.T, f *browsertest.Fixture, people map[string]*person) {
	t.Helper()
	t.Run(s.name, func(t *testing.T) {
		p := people[s.role]
		if p == nil {
			p = newPerson(t, f)
			if s.role != "" {
				p.signIn(t, s.role)
			} else {
				p.get(t, "/signin")
			}
			people[s.role] = p
		}
		before := changes(t, f)
		if s.method == "" {
			s.method = http.MethodGet
		}
		a := p.send(t, s.method, s.path, s.form, s.headers...)
		if a.StatusCode != s.status {
			t.Errorf("status %d, want %d: %.600s", a.StatusCode, s.status, a.body)
		}
		for _, want := range s.contains {
			if !strings.Contains(a.body, want) {
				t.Errorf("lacks %q in %.1500s", want, a.body)
			}
		}
		for _, bad := range s.excludes {
			if strings.Contains(a.body, bad) {
				t.Errorf("shows %q", bad)
			}
		}
		if got := changes(t, f) - before; got != s.changes && s.changes >= 0 {
			t.Errorf("%d changes were written, want %d", got, s.changes)
		}
	})
}

func firm(name string) string { return "/firms/" + url.PathEscape(name) }

func star(n int) string { return "/stars/" + url.PathEscape(fmt.Sprintf("P%05d/2026Q3", n)) }

func beside(subjects ...int) string {
	query := url.Values{}
	for _, n := range subjects {
		query.Add("s", fmt.Sprintf("P%05d/2026Q3", n))
	}
	return "/compare?" + query.Encode()
}

// TestSite asks one running server; signing in costs a second under the race detector, so the tests share it.
func TestSite(t *testing.T) {
	f := start(t, 129)
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *browsertest.Fixture)
	}{
		{"scenarios", testScenarios}, {"cross-site", testCrossSite}, {"headers and markup", testHeadersAndMarkup}, {"paging", testPaging}, {"csv", testCSV},
		{"caching", testCaching}, {"papers of every list", testPrintsOfEveryList}, {"api", testAPI}, {"bundles", testBundles}, {"witnesses", testWitnesses}, {"log pages", testLogPages}, {"log", testLog}, {"large body", testLargeBody},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, f) })
	}
}

// papersOfOne are addresses of a paper of a row of a list.
var papersOfOne = regexp.MustCompile(`^([^:]+)/:id(<[^>]*>)?/print/:paper`)

// testPrintsOfEveryList: what has papers of its own is printed in one go, whatever it is; none is forgotten.
func testPrintsOfEveryList(t *testing.T, f *browsertest.Fixture) {
	p, found := newPerson(t, f).signIn(t, "auditor"), 0
	for _, r := range f.Server.Routes() {
		at := papersOfOne.FindStringSubmatch(r.Path)
		if at == nil || r.Method != http.MethodGet {
			continue
		}
		found++
		if a := p.get(t, "/prints/sheets?of="+url.QueryEscape(at[1])); a.StatusCode != http.StatusSeeOther {
			t.Errorf("the papers of %s cannot be printed together: %d", at[1], a.StatusCode)
		}
	}
	if found < 10 {
		t.Errorf("%d lists with papers", found)
	}
}

func testScenarios(t *testing.T, f *browsertest.Fixture) {
	people := map[string]*person{}
	// Both reports are documents too, without what is not printed.
	_, held, _ := strings.Cut(newPerson(t, f).get(t, "/firms").body, `href="/firms/`)
	held, _, _ = strings.Cut(held, `"`)
	for path, want := range map[string][]string{star(5) + "/report": {"评价结果说明", "按规则只公开合计", "六类服务现场检查"}, "/firms/" + held + "/report": {"企业汇总", "各指标失分", "所管小区"}} {
		a := newPerson(t, f).get(t, path+"?as=docx")
		if a.StatusCode != 200 {
			t.Fatalf("%s: %d %.500s", path, a.StatusCode, a.body)
		}
		if text := docxParts(t, a.body)["word/document.xml"]; !containsAll(text, want) || strings.Contains(text, "三会一课按期") || strings.Contains(text, "打印时不带本栏") {
			t.Errorf("%s: %.1500s", path, text)
		}
	}
	form := func(pairs ...string) url.Values {
		v := url.Values{}
		for i := 0; i+1 < len(pairs); i += 2 {
			v.Set(pairs[i], pairs[i+1])
		}
		return v
	}
	for _, s := range []scenario{
		{name: "an inspector has no compound", role: "inspector", path: "/home", status: 403},
		{name: "board", path: "/", status: 200, contains: []string{"2026年第三季度物业服务星级榜", "第 1–50 个，共 119 个", "数据不足", "公示中", "演示数据"}},
		{name: "board by grade", path: "/?grade=five", status: 200, contains: []string{"符合条件的"}, excludes: []string{`aria-label="一星"`}},
		{name: "board by initials", path: "/?q=whyw", status: 200, contains: []string{"没有符合条件的小区"}},
		{name: "board by pinyin", path: "/?q=wanghu", status: 200, contains: []string{"望湖苑"}, excludes: []string{"书院坊"}},
		{name: "board of another period", path: "/?period=2026Q2&q=wanghu", status: 200, contains: []string{"这是另一期的榜", "2026年第二季度物业服务得分榜", "#history", "/stars.csv?period=2026Q2"}},
		{name: "board of peers", path: "/?f2=" + url.QueryEscape("800户以上"), status: 200, contains: []string{"同类的 ", "平均 ", "同类 1<"}},
		{name: "table of another period", path: "/stars.csv?period=2026Q2&f2=" + url.QueryEscape("800户以上"), status: 200, contains: []string{"同类中的名次"}},
		{name: "board of no period", path: "/?period=2019", status: 404, contains: []string{"没有找到要看的内容"}},
		{name: "board with nonsense", path: "/?grade=nine&sort=%00&after=none&f1=x&desc=2", status: 200, contains: []string{"第 1–50 个"}},
		{name: "a name is never markup", path: star(4), status: 200, contains: []string{"&lt;script&gt;"}, excludes: []string{"<script>alert", "<img src=x"}},
		{name: "what the rule keeps back", path: star(5), status: 200, contains: []string{"按规则只公开合计", "六类服务现场检查", "失分最多的是"}, excludes: []string{"三会一课按期"}},
		{name: "kept back in the report too", path: star(5) + "/report", status: 200, contains: []string{"评价结果说明", "按规则只公开合计", "六类服务现场检查", "结果校验值", "?as=docx"}, excludes: []string{"三会一课按期"}},
		{name: "no report of nothing", path: "/stars/none/report", status: 404},
		{name: "no report of no firm", path: "/firms/none/report", status: 404},
		{name: "kept back in the table too", path: star(5) + "/lines.csv", status: 200, contains: []string{"按规则只公开合计", "规则指纹"}, excludes: []string{"三会一课按期"}},
		{name: "kept back in the API too", path: "/api/v1" + star(5), status: 200, contains: []string{`"scheme_version":"旧版"`, `"gives_stars":true`}, excludes: []string{"三会一课按期"}},
		{name: "its history says where the rule changed", path: star(5), status: 200, contains: []string{"历次结果", "2026年第一季度", "办法修订，不比", "&#43;2.00", "规则修订前后的分数不直接比较", `id="history-title"`}},
		{name: "its history as a table", path: star(5) + "/history.csv", status: 200, contains: []string{"公开结果指纹", "2026年第二季度", "办法修订，不比", "sample 旧版,other"}},
		{name: "no history of nothing", path: "/stars/none/history.csv", status: 404},
		{name: "the history of a firm", path: firm("一盏灯物业") + "/history.csv", status: 200, contains: []string{"2026年第二季度", "2026年第三季度", "+2.00"}},
		{name: "no history of no firm", path: firm("没有这家物业") + "/history.csv", status: 404},
		{name: "only what was lost", path: star(5) + "?only=lost", status: 200, contains: []string{"只列出失分的条目", "看全部"}},
		{name: "unknown subject", path: "/stars/none", status: 404, contains: []string{"没有找到要看的内容"}},
		{name: "a star recomputed", path: star(5) + "/verify", status: 200, contains: []string{"核对结果：一致", "逐字节相同", "下载复算包", "redsteward verify"}, excludes: []string{"不是本网站", "下载完整包"}, changes: -1},
		{name: "its records in the log", path: star(5) + "/verify", status: 200, contains: []string{`id="records"`, "/proof.json", "评价，含全部结果的总指纹"}, changes: -1},
		{name: "a record that is no published result", path: "/open/records/1/proof.json", status: 404},
		{name: "no such star recomputed", path: "/stars/none/verify", status: 404},
		{name: "no such period", path: star(5) + "/verify?period=2020", status: 404},
		{name: "the full form is for those who read party facts", path: star(5) + "/full.json", status: 401},
		{name: "the full form and an inspector", role: "inspector", path: star(5) + "/full.json", status: 403},
		{name: "check a bundle", path: "/open/check", status: 200, contains: []string{"不用登录", "本网站的公钥"}},
		{name: "check nothing", method: "POST", path: "/open/check", form: form(), status: 422, contains: []string{"请选择要核对的复算包"}},
		{name: "side by side, nobody yet", path: "/compare", status: 200, contains: []string{"先选小区", `action="/compare"`}},
		{name: "side by side", path: beside(5, 4, 8), status: 200, contains: []string{"按规则只公开合计", "&lt;script&gt;", "（最高）", "服务质量好", "移除"}, excludes: []string{"<script>alert", "三会一课按期"}},
		{name: "side by side, found by initials", path: beside(5) + "&q=why", status: 200, contains: []string{"加入 望湖苑", "/compare?s=P00005%2F2026Q3&amp;s="}},
		{name: "side by side, nothing found", path: "/compare?q=zzzz", status: 200, contains: []string{"没有找到“zzzz”"}},
		{name: "side by side, too many and unknown", path: beside(1, 2, 2, 3, 4, 5) + "&s=none&q=why", status: 200, contains: []string{"有 1 个不在这次评价里", "另有 1 个没有列出", "要换，先移除一个"}, excludes: []string{"加入 望湖苑"}},
		{name: "side by side as a table", path: strings.Replace(beside(5, 4), "/compare", "/compare.csv", 1), status: 200, contains: []string{"总分", "等级", "'=1+1"}, excludes: []string{"三会一课按期"}},
		{name: "method", path: "/method", status: 200, contains: []string{"五好样例规则", "四舍五入到 2 位小数", "得分率 &lt; 0.6", "支部工作条例"}},
		{name: "firms", path: "/firms", status: 200, contains: []string{"一盏灯物业", "（未填写）"}},
		{name: "a firm", path: firm("一盏灯物业"), status: 200, contains: []string{"汇总得分", "各部分平均得分率", "2026年第二季度", "雷达图", "历次结果", "星差 ", `<details class="more">`, "/method#rollup", "合计失分"}},
		{name: "a firm's compounds by initials", path: firm("一盏灯物业") + "?q=why", status: 200, contains: []string{"望湖苑"}, excludes: []string{">稻香苑<"}},
		{name: "a firm's compounds, none found", path: firm("一盏灯物业") + "?q=zzzz", status: 200, contains: []string{"没有符合条件的小区", "清除条件"}},
		{name: "a firm with nonsense", path: firm("一盏灯物业") + "?grade=nine&sort=%00&after=none&f1=x", status: 200, contains: []string{"第 1–"}},
		{name: "a firm as Excel", path: firm("一盏灯物业") + "/projects.xlsx", status: 200, contains: []string{"PK"}},
		{name: "a firm that is none as Excel", path: firm("没有这家物业") + "/projects.xlsx", status: 404},
		{name: "a firm that is none", path: firm("没有这家物业"), status: 404},
		{name: "the group of blank names is no firm", path: firm("（未填写）"), status: 404},
		{name: "open data", path: "/open", status: 200, contains: []string{"redsteward score", "/api/v1/stars"}},
		{name: "help", path: "/help", status: 200, contains: []string{"连续 5 次错误", "核验"}},
		{name: "health", path: "/healthz", status: 200, contains: []string{"ok"}},
		{name: "ready", path: "/readyz", status: 200},
		{name: "unknown address", path: "/nothing", status: 404, contains: []string{"没有找到要看的内容"}},
		{name: "unknown address for a program", path: "/nothing", headers: []string{"Accept", "application/json"}, status: 404, contains: []string{`"status":404`}},
		{name: "unknown API address", path: "/api/v1/nothing", status: 404, contains: []string{`"title"`}, excludes: []string{"<html"}},
		{name: "wrong method", method: "DELETE", path: "/", status: 405},
		{name: "no method at all", method: "BREW", path: "/", status: 405, contains: []string{"这个地址不接受这样的请求"}},
		{name: "a work page signed out shows the sign-in page", path: "/todo", status: 401, contains: []string{`name="next" value="/todo"`, "登录后会回到这里"}},
		{name: "a work page for a program", path: "/admin/accounts", headers: []string{"Accept", "application/json"}, status: 401, contains: []string{`"status":401`}},
		{name: "an act signed out", method: "POST", path: "/admin/accounts/new", form: form("login", "x1", "name", "某"), status: 401, contains: []string{"没有写入"}},

		{name: "inspector lands", role: "inspector", path: "/todo", status: 200, contains: []string{"2026年10月19日 星期一", "今天没有到期的事", "周*平", "住建局检查员"}, excludes: []string{"账号与任命"}},
		{name: "inspector may not see accounts", role: "inspector", path: "/admin/accounts", status: 403, contains: []string{"你不能查看账号", "roles.csv", "系统管理员"}},
		{name: "inspector may not make accounts", role: "inspector", method: "POST", path: "/admin/accounts/new", form: form("login", "x1", "name", "某"), status: 403, contains: []string{"系统管理员"}},
		{name: "inspector may not disable", role: "inspector", method: "POST", path: "/admin/accounts/a/disable", form: form("seq", "1"), status: 403},
		{name: "rights are open to read", role: "inspector", path: "/rights", status: 200, contains: []string{"roles.csv", "住建局检查员"}},
		{name: "components need a right", role: "inspector", path: "/admin/parts", status: 403},
		{name: "forbidden for a program", role: "inspector", path: "/admin/accounts", headers: []string{"Accept", "application/json"}, status: 403, contains: []string{`"rule"`, `"who"`}},

		{name: "auditor reads the log", role: "auditor", path: "/admin/log", status: 200, contains: []string{"account/", "account.create", "新建账号", "最新的在前"}},
		{name: "auditor's hostile name", role: "auditor", path: "/account", status: 200, excludes: []string{"<img src=x"}},
		{name: "auditor makes nothing", role: "auditor", method: "POST", path: "/admin/accounts/new", form: form("login", "x1", "name", "某"), status: 403},

		{name: "administrator lists", role: "admin", path: "/admin/accounts", status: 200, contains: []string{"inspector", "周望平", "须改密码", "新建账号"}},
		{name: "administrator may not read the log", role: "admin", path: "/admin/log", status: 403, contains: []string{"你不能查看变更记录"}},
		{name: "refused fields come back", role: "admin", method: "POST", path: "/admin/accounts/new", form: form("login", "x", "name", "某"), status: 422,
			contains: []string{"错误：新建账号", "有 1 处需要更正", `aria-invalid="true"`, `value="x"`}},
		{name: "a login that is taken", role: "admin", method: "POST", path: "/admin/accounts/new", form: form("login", "Inspector", "name", "某"), status: 422, contains: []string{`href="#login"`}},
		{name: "an account outside", role: "admin", path: "/admin/accounts/unknown", status: 404},
		{name: "an appointment without role", role: "admin", method: "POST", path: "/admin/accounts/unknown/appoint", form: form("role", ""), status: 404},
		{name: "two passwords that differ", role: "admin", method: "POST", path: "/account/password", form: form("current", browsertest.Password, "password", "Abc-12345", "again", "Abc-12346"), status: 422, contains: []string{"两次输入的密码不一样"}},
		{name: "a wrong password", role: "admin", method: "POST", path: "/account/password", form: form("current", "nope", "password", "Abc-12345", "again", "Abc-12345"), status: 422, contains: []string{`id="current-e"`}},
		{name: "a wrong one-time code", role: "admin", method: "POST", path: "/account/totp", form: form("secret", "JBSWY3DPEHPK3PXP", "code", wrongCode(t, "JBSWY3DPEHPK3PXP")), status: 422, contains: []string{`id="code-e"`, "JBSW Y3DP"}},
		{name: "setup is over", path: "/setup", status: 404},
	} {
		s.run(t, f, people)
	}
}

// wrongCode is a one-time code that a secret does not give for a quarter of an hour to both sides.
func wrongCode(t *testing.T, secret string) string {
	t.Helper()
	var right []string
	for step := -30; step <= 30; step++ {
		code, err := totp.GenerateCode(secret, time.Now().Add(time.Duration(step)*30*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		right = append(right, code)
	}
	for n := 0; ; n++ {
		if code := fmt.Sprintf("%06d", n); !slices.Contains(right, code) {
			return code
		}
	}
}

// testLargeBody refuses a body by its announced length, before it is read.
func testLargeBody(t *testing.T, f *browsertest.Fixture) {
	conn, err := net.Dial("tcp", strings.TrimPrefix(f.Base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The server waits for the first 8 KiB and then answers; the other five megabytes are never sent.
	fmt.Fprintf(conn, "POST /signin HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", 5<<20, strings.Repeat("x", 8<<10))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusRequestEntityTooLarge || answer.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
}

func TestSignIn(t *testing.T) {
	f := start(t, 5)
	p := newPerson(t, f)
	p.get(t, "/signin")
	wrongName := p.send(t, "POST", "/signin", url.Values{"login": {"nobody"}, "password": {"x"}, "next": {"/rights"}})
	wrongPassword := p.send(t, "POST", "/signin", url.Values{"login": {"admin"}, "password": {"x"}, "next": {"/rights"}})
	said := func(a answer) string {
		m := regexp.MustCompile(`(?s)role="alert".*?</h2>`).FindString(a.body)
		return m[strings.LastIndex(m, "</svg>"):]
	}
	if wrongName.StatusCode != 401 || wrongPassword.StatusCode != 401 || said(wrongName) != said(wrongPassword) {
		t.Errorf("%d %s, %d %s: the answers differ", wrongName.StatusCode, said(wrongName), wrongPassword.StatusCode, said(wrongPassword))
	}
	if !strings.Contains(wrongPassword.body, `value="admin"`) || strings.Contains(wrongPassword.body, `value="x"`) {
		t.Error("the name must come back and the password must not")
	}
	for next, want := range map[string]string{
		"/rights?x=1": "/rights?x=1", "//evil.example": "/todo", "https://evil.example": "/todo", "/\\evil.example": "/todo", "evil": "/todo", "/signin": "/todo", "": "/todo",
		"/%0d%0aX:1": "/%0d%0aX:1",
	} {
		p := newPerson(t, f)
		p.get(t, "/signin")
		a := p.send(t, "POST", "/signin", url.Values{"login": {"inspector"}, "password": {browsertest.Password}, "next": {next}})
		if got := a.Header.Get("Location"); a.StatusCode != 303 || got != want {
			t.Errorf("next %q led to %d %q, want %q", next, a.StatusCode, got, want)
		}
		for _, c := range a.Cookies() {
			if c.Name == "rs_session" && c.Value != "" && (!c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/") {
				t.Errorf("cookie %+v", c)
			}
		}
	}
	if got := len(f.Access.Events()); got < 2 {
		t.Errorf("%d refused tries in the access log, want at least 2", got)
	}
}

func testCrossSite(t *testing.T, f *browsertest.Fixture) {
	p := newPerson(t, f).signIn(t, "admin")
	body := func() url.Values { return url.Values{"login": {"x-site"}, "name": {"某"}} }
	host := strings.TrimPrefix(f.Base, "http://")
	for _, tt := range []struct {
		name    string
		form    url.Values
		headers []string
		status  int
	}{
		{"other origin", body(), []string{"Origin", "https://evil.example"}, 403},
		{"opaque origin", body(), []string{"Origin", "null"}, 403},
		{"same host in a path", body(), []string{"Origin", "https://evil.example/" + host}, 403},
		{"cross-site fetch", body(), []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"same-site is not same-origin", body(), []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"no token", url.Values{"login": {"x-site"}, "name": {"某"}, "_t": {""}}, nil, 403},
		{"a token of somebody else", url.Values{"login": {"x-site"}, "name": {"某"}, "_t": {newPerson(t, f).signIn(t, "inspector").token}}, nil, 403},
		{"the page's own form", body(), []string{"Origin", f.Base, "Sec-Fetch-Site", "same-origin"}, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			before := changes(t, f)
			a := p.send(t, "POST", "/admin/accounts/new", tt.form, tt.headers...)
			if a.StatusCode != tt.status {
				t.Errorf("status %d, want %d: %.400s", a.StatusCode, tt.status, a.body)
			}
			if tt.status == 403 {
				if !strings.Contains(a.body, "跨站提交防护") {
					t.Errorf("the page does not name the rule: %.400s", a.body)
				}
				if got := changes(t, f) - before; got != 0 {
					t.Errorf("%d changes were written", got)
				}
			}
		})
	}
	if a := newPerson(t, f).send(t, "POST", "/signin", url.Values{"login": {"admin"}, "password": {browsertest.Password}, "_t": {"guess"}}); a.StatusCode != 403 {
		t.Errorf("signing somebody in from outside: %d", a.StatusCode)
	}
}

// Markup that the content security policy forbids.
var (
	inlineHandler = regexp.MustCompile(`(?i)<[a-z][^>]*\s(on[a-z]+|style)\s*=`)
	inlineElement = regexp.MustCompile(`(?i)<style|<script(?: [^>]*)?>[^<]|javascript:|data:`)
)

func testHeadersAndMarkup(t *testing.T, f *browsertest.Fixture) {
	admin := newPerson(t, f).signIn(t, "admin")
	for _, path := range []string{"/", star(1), star(4), star(8), "/firms", "/method", "/open", "/help", "/signin", "/todo", "/account", "/account/totp", "/rights", "/admin/accounts",
		"/admin/accounts/new", "/admin/parts", "/admin/parts?sheet=1", "/admin/log", "/nothing", "/healthz", "/api/v1/stars", "/stars.csv", "/favicon.ico", "/robots.txt"} {
		a := admin.get(t, path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' blob:; connect-src 'self'; frame-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
			"X-Content-Type-Options":  "nosniff", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
		} {
			if got := a.Header.Get(name); got != want {
				t.Errorf("%s: %s %q", path, name, got)
			}
		}
		if a.Header.Get("Permissions-Policy") == "" || a.Header.Get("Server") != "" {
			t.Errorf("%s: permissions %q, server %q", path, a.Header.Get("Permissions-Policy"), a.Header.Get("Server"))
		}
		if !strings.HasPrefix(a.Header.Get("Content-Type"), "text/html") {
			continue
		}
		// Names are shown as text: what stands in them must not count.
		shown := strings.ReplaceAll(a.body, "&#34;&gt;&lt;img src=x onerror=alert(1)&gt;", "")
		for _, bad := range []*regexp.Regexp{inlineHandler, inlineElement} {
			if m := bad.FindString(shown); m != "" {
				t.Errorf("%s: %s", path, m)
			}
		}
		if strings.Contains(a.body, "ZgotmplZ") || strings.Contains(a.body, "%!") || strings.Contains(a.body, "no value") {
			t.Errorf("%s: a template went wrong", path)
		}
	}
}

func testPaging(t *testing.T, f *browsertest.Fixture) {
	p := newPerson(t, f)
	next := regexp.MustCompile(`href="([^"]+)">下一页`)
	back := regexp.MustCompile(`href="([^"]+)">上一页`)
	name := regexp.MustCompile(`<a class="nm" href="([^"]+)"`)
	for _, query := range []string{"/", "/?sort=name", "/?sort=firm&desc=1", "/?sort=grade", "/?desc=1"} {
		seen := map[string]bool{}
		path, pages := query, 0
		for path != "" && pages < 10 {
			a := p.get(t, path)
			board, _, _ := strings.Cut(a.body, `<aside`)
			for _, m := range name.FindAllStringSubmatch(board, -1) {
				if seen[m[1]] {
					t.Errorf("%s: %s twice", query, m[1])
				}
				seen[m[1]] = true
			}
			pages++
			last := path
			path = ""
			if m := next.FindStringSubmatch(a.body); m != nil {
				path = strings.ReplaceAll(m[1], "&amp;", "&")
				if b := back.FindStringSubmatch(p.get(t, path).body); b == nil {
					t.Errorf("%s: no way back from %s", query, path)
				} else if got := p.get(t, strings.ReplaceAll(b[1], "&amp;", "&")).body; name.FindString(got) != name.FindString(p.get(t, last).body) {
					t.Errorf("%s: the way back leads elsewhere", query)
				}
			}
		}
		if len(seen) != 119 || pages != 3 {
			t.Errorf("%s: %d rows on %d pages, want 119 on 3", query, len(seen), pages)
		}
	}
}

func testCSV(t *testing.T, f *browsertest.Fixture) {
	p := newPerson(t, f)
	a := p.get(t, "/stars.csv?grade=five")
	if !strings.HasPrefix(a.body, "\uFEFF") || !strings.Contains(a.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("%q %.60q", a.Header.Get("Content-Disposition"), a.body)
	}
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(a.body, "\uFEFF"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if i > 0 && row[5] != "五星" {
			t.Errorf("row %d has grade %q", i, row[5])
		}
		for _, cell := range row {
			if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "@") {
				t.Errorf("a formula: %q", cell)
			}
		}
	}
	all := p.get(t, "/stars.csv")
	if n := strings.Count(all.body, "\r\n"); n != 130 {
		t.Errorf("%d lines for 129 compounds", n)
	}
	if !strings.Contains(all.body, "'=1+1") {
		t.Error("the hostile name is missing or unguarded")
	}
}

func testCaching(t *testing.T, f *browsertest.Fixture) {
	p := newPerson(t, f)
	first := p.get(t, "/")
	tag := first.Header.Get("ETag")
	if tag == "" || first.Header.Get("Cache-Control") != "private, no-cache" {
		t.Fatalf("etag %q, cache %q", tag, first.Header.Get("Cache-Control"))
	}
	if a := p.get(t, "/", "If-None-Match", tag); a.StatusCode != 304 || a.body != "" {
		t.Errorf("%d %q", a.StatusCode, a.body)
	}
	if a := p.get(t, "/?grade=five", "If-None-Match", tag); a.StatusCode != 200 {
		t.Errorf("another page: %d", a.StatusCode)
	}
	p.get(t, "/type?big=1", "Referer", f.Base+"/method")
	big := p.get(t, "/", "If-None-Match", tag)
	if big.StatusCode != 200 || !strings.Contains(big.body, `class="big"`) {
		t.Errorf("large type: %d", big.StatusCode)
	}
	if signed := newPerson(t, f).signIn(t, "admin").get(t, "/", "If-None-Match", tag); signed.StatusCode != 200 || !strings.Contains(signed.body, "我的待办") {
		t.Errorf("signed in: %d", signed.StatusCode)
	}
	css := regexp.MustCompile(`href="(/assets/[^"]+\.css)"`).FindStringSubmatch(first.body)[1]
	for _, coding := range []string{"br", "gzip", ""} {
		a := p.get(t, css, "Accept-Encoding", coding)
		if a.Header.Get("Content-Encoding") != coding || !strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%q: %q %q", coding, a.Header.Get("Content-Encoding"), a.Header.Get("Cache-Control"))
		}
	}
}

// testAPI holds the answers against the document that describes them, and the document against the routes.
// testBundles takes the bundle that the API names, hands it in as it came, altered and broken, and signed by another log.
func testBundles(t *testing.T, f *browsertest.Fixture) {
	p := newPerson(t, f)
	p.get(t, "/open/check")
	var one struct{ Star struct{ Bundle string } }
	if err := json.Unmarshal([]byte(p.get(t, "/api/v1"+star(7)).body), &one); err != nil || one.Star.Bundle == "" {
		t.Fatal(err, one)
	}
	file := p.get(t, one.Star.Bundle)
	if again := p.get(t, one.Star.Bundle); file.StatusCode != 200 || again.body != file.body || !strings.Contains(file.Header.Get("Content-Disposition"), "star-P00007-2026Q3.json") {
		t.Fatalf("%d %q", file.StatusCode, file.Header)
	}
	before := changes(t, f)
	for _, tt := range []struct {
		name, content string
		status        int
		want          string
	}{
		{"as it came", file.body, 200, "核对结果：一致"},
		{"a name changed", strings.Replace(file.body, `"firm":"`, `"firm":"新`, 1), 200, "第一处不同"},
		{"cut off", file.body[:len(file.body)/2], 422, "字节处"},
		{"another format", strings.Replace(file.body, `"bundle":1`, `"bundle":9`, 1), 422, "本程序只认第 1 版"},
		{"a member too many", strings.Replace(file.body, `"bundle":1`, `"bundle":1,"bundles":1`, 1), 422, "bundles"},
		{"no bundle", "PK", 422, "第 1 字节处"},
		{"too large", strings.Repeat("1", 4<<20+10), 422, "超过 4 MiB"},
	} {
		a := p.upload(t, "/open/check", nil, nil, attachment{"star.json", []byte(tt.content)})
		if a.StatusCode != tt.status || !strings.Contains(a.body, tt.want) {
			t.Errorf("%s: %d, lacks %q", tt.name, a.StatusCode, tt.want)
		}
	}
	if after := changes(t, f); after != before {
		t.Errorf("checking wrote %d records", after-before)
	}
}

func testAPI(t *testing.T, f *browsertest.Fixture) {
	p := newPerson(t, f)
	var document struct {
		OpenAPI string                    `json:"openapi"`
		Paths   map[string]map[string]any `json:"paths"`
	}
	if err := json.Unmarshal([]byte(p.get(t, "/api/v1/openapi.json").body), &document); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(document.OpenAPI, "3.1") {
		t.Errorf("version %q", document.OpenAPI)
	}
	routes := map[string]bool{}
	for _, r := range f.Server.Routes() {
		if strings.HasPrefix(r.Path, "/api/") && !strings.HasSuffix(r.Path, "openapi.json") {
			routes[r.Path] = true
		}
	}
	for path := range document.Paths {
		fiberPath := regexp.MustCompile(`\{(\w+)\}`).ReplaceAllString(path, ":$1")
		if !routes[fiberPath] {
			t.Errorf("%s is described and not served", path)
		}
		delete(routes, fiberPath)
	}
	for path := range routes {
		t.Errorf("%s is served and not described", path)
	}
	type list struct {
		Evaluation struct {
			Scheme struct{ Version, Hash string }
		}
		Count int
		Stars []struct {
			ID, Name, Total, Page string
			Rank                  int
			Hash                  string `json:"scheme_hash"`
		}
		Next string
	}
	seen, after := 0, ""
	for pages := 0; pages < 5; pages++ {
		var got list
		if err := json.Unmarshal([]byte(p.get(t, "/api/v1/stars?after="+url.QueryEscape(after)).body), &got); err != nil {
			t.Fatal(err)
		}
		seen += len(got.Stars)
		if got.Count != 129 || got.Evaluation.Scheme.Hash == "" || got.Stars[0].Hash != got.Evaluation.Scheme.Hash {
			t.Fatalf("%+v", got.Evaluation)
		}
		if after == "" {
			if a := p.get(t, got.Stars[0].Page); a.StatusCode != 200 {
				t.Errorf("%s: %d", got.Stars[0].Page, a.StatusCode)
			}
			for at, want := range map[int]string{0: `"lines":[{`, 99: `"next_grade":{"label":"`} {
				if a := p.get(t, "/api/v1/stars/"+url.PathEscape(got.Stars[at].ID)); a.StatusCode != 200 || !strings.Contains(a.body, want) {
					t.Errorf("%s: %d %s", got.Stars[at].ID, a.StatusCode, a.body)
				}
			}
		}
		if after = got.Next; after == "" {
			break
		}
	}
	if seen != 129 {
		t.Errorf("%d stars", seen)
	}
	for path, status := range map[string]int{"/api/v1/stars?grade=nine": 422, "/api/v1/stars?after=none": 422, "/api/v1/stars/none": 404, "/api/v1/stars?q=" + strings.Repeat("x", 50): 422} {
		a := p.get(t, path)
		var problem struct {
			Status        int
			Title, Detail string
		}
		if err := json.Unmarshal([]byte(a.body), &problem); err != nil || a.StatusCode != status || problem.Status != status || a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %q %s (%v)", path, a.StatusCode, a.Header.Get("Content-Type"), a.body, err)
		}
	}
}

// testLog proves that the log names who did what and why not, and never what was typed.
func testLog(t *testing.T, f *browsertest.Fixture) {
	p := newPerson(t, f).signIn(t, "inspector")
	p.get(t, "/admin/accounts?secret=query")
	text := f.Log.String()
	var found bool
	for _, line := range bytes.Split([]byte(text), []byte("\n")) {
		var entry struct {
			Path, Actor, Action, Kind, Level string
			RequestID                        string `json:"request_id"`
			Status                           int
		}
		if len(line) == 0 {
			continue
		}
		if err := json.Unmarshal(line, &entry); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if entry.Path == "/admin/accounts" {
			found = entry.Actor != "" && entry.Action == "account.read" && entry.Kind == "forbidden" && entry.Status == 403 && entry.RequestID != "" && entry.Level == "WARN"
		}
	}
	if !found {
		t.Errorf("the refused try is not in the log: %s", text)
	}
	for _, secret := range []string{browsertest.Password, "周望平", "secret=query", `"inspector"`} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	events := f.Access.Events()
	if len(events) == 0 || events[len(events)-1].Path != "/admin/accounts" || events[len(events)-1].Actor == "" {
		t.Errorf("access log: %+v", events)
	}
}
