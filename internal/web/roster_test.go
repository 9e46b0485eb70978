package web_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/web/browsertest"
	"redsteward/policy"
)

var (
	seqField    = regexp.MustCompile(`name="seq" value="(\d+)"`)
	accountLink = regexp.MustCompile(`<th scope="row" class="whole"><a href="/admin/accounts/([0-9A-Za-z._-]+)">`)
)

// seqOf is the last change that a page of an account was made from.
func (p *person) seqOf(t *testing.T, path string) string {
	t.Helper()
	m := seqField.FindStringSubmatch(p.get(t, path).body)
	if m == nil {
		t.Fatalf("no seq on %s", path)
	}
	return m[1]
}

// testRoster finds accounts, brings some in from a file, and appoints by name.
func testRoster(t *testing.T, f *browsertest.Fixture, admin *person) {
	t.Helper()
	const list, imports = "/admin/accounts", "/admin/accounts/imports"
	inspector := newPerson(t, f).signIn(t, "inspector")
	for _, path := range []string{list + ".xlsx", imports, imports + "/template.xlsx"} {
		if a := inspector.get(t, path); a.StatusCode != 403 {
			t.Errorf("an inspector opens %s: %d", path, a.StatusCode)
		}
	}
	if a := admin.get(t, imports); a.StatusCode != 200 || !containsAll(a.body, []string{"导入账号", "一次性密码", "下载模板"}) {
		t.Errorf("the desk: %d", a.StatusCode)
	}
	if a := admin.get(t, imports+"/template.xlsx"); a.StatusCode != 200 || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("the template: %d", a.StatusCode)
	}
	before := changes(t, f)
	const head = "用户名,姓名,岗位,所在单位,管辖范围,起始日,截止日,文号\n"
	bad := admin.upload(t, imports, nil, nil, attachment{"坏的.csv", []byte(head + "x,短名,,,,,,\nadmin,重名,,,,,,\ngood-one,好人,社区工作者,城东居委会,城东居委会,,,\nbad-place,错地,社区工作者,城中居委会,城东居委会,,,\nbad-day,错日,社区工作者,城东居委会,城东居委会,2026年,,\nbad-order,凭单,审计人员,全县,全县,,,\n=1+1,公式,,,,,,\n")})
	if bad.StatusCode != 200 || !containsAll(bad.body, []string{"尚未写入任何数据", "新建 1 行", "6 行有错", "已被使用", "没有叫“城中居委会”的", "要填日期", "请写明调阅单让看哪些事项", "只导入无错的 1 行", "/admin/accounts/imports/marked/"}) {
		t.Errorf("a dry run with errors: %d %.4000s", bad.StatusCode, bad.body)
	}
	if a := admin.get(t, regexp.MustCompile(`/admin/accounts/imports/marked/[^"]+`).FindString(bad.body)); a.StatusCode != 200 || !strings.HasPrefix(a.body, "PK") {
		t.Errorf("the marked workbook: %d", a.StatusCode)
	}
	if a := admin.upload(t, imports, nil, nil, attachment{"空的.csv", []byte(head)}); a.StatusCode != 422 {
		t.Errorf("an empty file: %d", a.StatusCode)
	}
	draft := regexp.MustCompile(`name="draft" value="([^"]+)"`).FindStringSubmatch(bad.body)
	if draft == nil {
		t.Fatal("no draft")
	}
	if a := admin.send(t, "POST", imports+"/accept", url.Values{"draft": {draft[1]}}); a.StatusCode != 409 || !strings.Contains(a.body, "6 行有错") {
		t.Errorf("a file with errors, whole: %d", a.StatusCode)
	}
	if a := admin.send(t, "POST", imports+"/accept", url.Values{"draft": {"none"}}); a.StatusCode != 404 {
		t.Errorf("a draft that is none: %d", a.StatusCode)
	}
	if a := inspector.send(t, "POST", imports+"/accept", url.Values{"draft": {draft[1]}}); a.StatusCode != 403 {
		t.Errorf("an inspector imports: %d", a.StatusCode)
	}
	if got := changes(t, f) - before; got != 0 {
		t.Errorf("dry runs and refused imports wrote %d records", got)
	}
	good := admin.upload(t, imports, nil, nil, attachment{"好的.csv", []byte(head + "lu-lan,陆兰,社区工作者,城东居委会,城东居委会,,2026-10-25,都组干〔2026〕1号\nlu-lan,陆兰,网格员,城东居委会,城东居委会、360428101500,,,\nho-bai,何柏,,,,,,\n")})
	if strings.Contains(good.body, "360428101500”的") { // a code without its beginning is a name
		good = admin.upload(t, imports, nil, nil, attachment{"好的.csv", []byte(head + "lu-lan,陆兰,社区工作者,城东居委会,城东居委会,,2026-10-25,都组干〔2026〕1号\nlu-lan,陆兰,网格员,c:360428100001,城东居委会、c:360428101500,,,\nho-bai,何柏,,,,,,\n")})
	}
	if draft = regexp.MustCompile(`name="draft" value="([^"]+)"`).FindStringSubmatch(good.body); draft == nil || !strings.Contains(good.body, "新建 2 行") {
		t.Fatalf("a good dry run: %d %.3000s", good.StatusCode, good.body)
	}
	done := admin.send(t, "POST", imports+"/accept", url.Values{"draft": {draft[1]}})
	secrets := regexp.MustCompile(`<th scope="row">(陆兰|何柏)</th><td>([a-z-]+)</td><td class="n">([0-9A-Za-z-]{14})</td>`).FindAllStringSubmatch(done.body, -1)
	if done.StatusCode != 200 || len(secrets) != 2 || !strings.Contains(done.body, "只显示这一次") || done.Header.Get("Cache-Control") == "" {
		t.Fatalf("importing: %d %.3000s", done.StatusCode, done.body)
	}
	for _, secret := range secrets {
		if strings.Contains(f.Log.String(), secret[3]) {
			t.Error("the log of the service holds a first password")
		}
	}
	lu := newPerson(t, f)
	lu.get(t, "/signin")
	if a := lu.send(t, "POST", "/signin", url.Values{"login": {"lu-lan"}, "password": {secrets[0][3]}}); a.StatusCode != 303 || a.Header.Get("Location") != "/account" {
		t.Errorf("a first password: %d", a.StatusCode)
	}
	for query, want := range map[string][]string{
		"q=陆": {"lu-lan", "网格员", "城东居委会"}, "q=HO-B": {"ho-bai", "没有任命"}, "role=grid_worker": {"lu-lan"}, "unit=城东居委会": {"lu-lan"}, "unit=c:360428100001&state=active": {"lu-lan"}, "within=7": {"lu-lan", "2026年10月25日"}, "state=waiting": {"ho-bai"},
		"q=zzzz": {"没有符合条件的账号"}, "state=left&q=lu": {"没有符合条件的账号"}, "sort=end&desc=1": {"lu-lan", `aria-sort="descending"`},
	} {
		a := admin.get(t, list+"?"+strings.NewReplacer("陆", url.QueryEscape("陆"), "城东居委会", url.QueryEscape("城东居委会")).Replace(query))
		if a.StatusCode != 200 || !containsAll(a.body, want) || !strings.Contains(query, "sort") && strings.Contains(a.body, ">inspector<") {
			t.Errorf("%s: %d lacks %v: %.2500s", query, a.StatusCode, want, a.body[strings.Index(a.body, "<main"):])
		}
	}
	if a := admin.get(t, list+"?unit="+url.QueryEscape("没有的街")); a.StatusCode != 422 || !strings.Contains(a.body, `id="unit-e"`) {
		t.Errorf("a unit that is none: %d", a.StatusCode)
	}
	if a := admin.get(t, list+".xlsx?as=csv&q="+url.QueryEscape("陆")); a.StatusCode != 200 || !containsAll(a.body, []string{"lu-lan,陆兰,社区工作者,城东居委会（社区）,城东居委会（社区）", "2026-10-25", "网格员"}) || strings.Contains(a.body, "ho-bai") {
		t.Errorf("as Excel: %d %s", a.StatusCode, a.body)
	}
	if e := f.Access.Events(); e[len(e)-1].Event != policy.EventLooked || e[len(e)-1].Path != list+".xlsx" {
		t.Errorf("the workbook of names is not in the access log: %+v", e[len(e)-1])
	}

	// By name, by a name that is not whole, by one that nobody bears.
	id := accountLink.FindStringSubmatch(admin.get(t, list+"?q=ho-bai").body)
	if id == nil {
		t.Fatal("no link to the account")
	}
	page := list + "/" + id[1]
	if a := admin.get(t, page); !containsAll(a.body, []string{`list="unit-l"`, `<option value="城东居委会（社区）">`, `<option value="都昌镇（乡镇）">`}) {
		t.Error("the form suggests no names")
	}
	before = changes(t, f)
	for unit, want := range map[string]string{"城": "相近的有 城东居委会（社区） c:360428100001", "没有的街": "没有叫“没有的街”的", "x:1": "没有叫“x:1”的"} {
		if a := admin.send(t, "POST", page+"/appoint", url.Values{"seq": {admin.seqOf(t, page)}, "role": {"grid_worker"}, "unit": {unit}, "scopes": {"周溪镇"}}); a.StatusCode != 422 || !containsAll(a.body, []string{want, `value="周溪镇"`}) {
			t.Errorf("%s: %d %.300s", unit, a.StatusCode, a.body)
		}
	}
	if got := changes(t, f) - before; got != 0 {
		t.Errorf("refused names wrote %d records", got)
	}
	if a := admin.send(t, "POST", page+"/appoint", url.Values{"seq": {admin.seqOf(t, page)}, "role": {"grid_worker"}, "unit": {"东街居委会（社区）"}, "scopes": {"东街居委会、周溪镇（乡镇）"}}); a.StatusCode != 303 {
		t.Fatalf("appointing by name: %d", a.StatusCode)
	}
	if a := admin.get(t, page); !containsAll(a.body, []string{"社区 东街居委会", "乡镇 周溪镇"}) {
		t.Error("the page does not name what was appointed")
	}
}

// testOrder enters a 调阅单, reads by it what it names and nothing else, and takes it back.
func testOrder(t *testing.T, f *browsertest.Fixture, admin *person) {
	t.Helper()
	made := admin.send(t, "POST", "/admin/accounts/new", url.Values{"login": {"shen"}, "name": {"沈清"}})
	secret := regexp.MustCompile(`<b class="n">([^<]+)</b>`).FindStringSubmatch(made.body)
	id := regexp.MustCompile(`/admin/accounts/([0-9A-Za-z._-]+)"`).FindStringSubmatch(made.body)
	if secret == nil || id == nil {
		t.Fatal("no account")
	}
	page := "/admin/accounts/" + id[1]
	order := page + "/order"
	if a := admin.get(t, page); !strings.Contains(a.body, order) || strings.Contains(a.body, ">纪检人员<") {
		t.Error("an office by order is offered as any other")
	}
	if a := admin.get(t, order); a.StatusCode != 200 || strings.Contains(a.body, " checked") || !containsAll(a.body, []string{"最长 30 日", `value="register"`, "不分年度", "为什么要看全县"}) {
		t.Errorf("the form: %d", a.StatusCode)
	}
	today := calendar.Quarter{Year: 2026, N: 4}.Span().First.Add(18) // the business day of the fixture, 19 October
	form := func(change ...string) url.Values {
		v := url.Values{"seq": {admin.seqOf(t, page)}, "role": {"auditor"}, "order": {"都审调〔2026〕5号"}, "reason": {"核查 2025 年度<b>星级</b>"}, "matters": {"register", "log"}, "scopes": {"都昌镇"}, "first_year": {"2025"}, "last_year": {"2025"}, "until": {today.Add(10).String()}}
		for i := 0; i+1 < len(change); i += 2 {
			v[change[i]] = strings.Fields(change[i+1])
		}
		return v
	}
	before := changes(t, f)
	for name, tt := range map[string]struct {
		form url.Values
		want string
	}{
		"no reason": {form("reason", ""), `id="reason-e"`}, "no matter": {form("matters", ""), `id="matters-e"`}, "too long": {form("until", today.Add(30).String()), `最长 30 日`}, "the county": {form("scopes", "全县"), `id="whole-e"`},
		"no year": {form("first_year", "x"), `id="first_year-e"`}, "nowhere": {form("scopes", ""), `id="scopes-e"`}, "no number": {form("order", ""), `id="order-e"`}, "no end": {form("until", ""), `id="until-e"`},
	} {
		if a := admin.send(t, "POST", order, tt.form); a.StatusCode != 422 || !strings.Contains(a.body, tt.want) {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	if a := admin.send(t, "POST", page+"/appoint", url.Values{"seq": {admin.seqOf(t, page)}, "role": {"auditor"}, "scopes": {"全县"}}); a.StatusCode != 422 {
		t.Errorf("without an order: %d", a.StatusCode)
	}
	if got := changes(t, f) - before; got != 0 {
		t.Errorf("refused orders wrote %d records", got)
	}
	if a := admin.send(t, "POST", order, form()); a.StatusCode != 303 {
		t.Fatalf("an order: %d %.2000s", a.StatusCode, a.body)
	}
	if a := admin.get(t, page); !containsAll(a.body, []string{"都审调〔2026〕5号", "核查 2025 年度&lt;b&gt;", "收回调阅单", "2025 年"}) {
		t.Error("the account does not say what the order lets read")
	}
	shen := newPerson(t, f)
	shen.get(t, "/signin")
	shen.send(t, "POST", "/signin", url.Values{"login": {"shen"}, "password": {secret[1]}})
	shen.get(t, "/account")
	shen.send(t, "POST", "/account/password", url.Values{"current": {secret[1]}, "password": {"Qiutian-2026"}, "again": {"Qiutian-2026"}})
	shen.get(t, "/signin")
	if a := shen.send(t, "POST", "/signin", url.Values{"login": {"shen"}, "password": {"Qiutian-2026"}}); a.StatusCode != 303 {
		t.Fatalf("signing in: %d", a.StatusCode)
	}
	if a := shen.get(t, "/todo"); a.StatusCode != 200 || !containsAll(a.body, []string{"调阅单 都审调〔2026〕5号", today.Add(10).Chinese(), "每次打开都有记录"}) {
		t.Errorf("the page does not tell of the order: %d", a.StatusCode)
	}
	if a := shen.get(t, "/account"); !containsAll(a.body, []string{"看 ", "2025 年", "都昌镇"}) {
		t.Error("the holder is not told what the order covers")
	}
	if a := shen.get(t, "/admin/log"); a.StatusCode != 200 {
		t.Errorf("what it names: %d", a.StatusCode)
	}
	if a := shen.get(t, "/register/projects"); a.StatusCode != 200 {
		t.Errorf("what it names: %d", a.StatusCode)
	}
	if a := shen.get(t, "/filings"); a.StatusCode != 403 || !containsAll(a.body, []string{"调阅单没有列入这一类", "都审调〔2026〕5号"}) {
		t.Errorf("what it does not name: %d %.2000s", a.StatusCode, a.body)
	}
	opened := map[string]bool{}
	for _, e := range f.Access.Events() {
		if e.Event == policy.EventOrder && e.Rule == "调阅单 都审调〔2026〕5号" {
			opened[e.Path] = true
		}
	}
	if !opened["/register/projects"] || !opened["/admin/log"] || opened["/filings"] {
		t.Errorf("the access log tells %v", opened)
	}
	if a := admin.send(t, "POST", page+"/end", url.Values{"seq": {admin.seqOf(t, page)}, "index": {"0"}}); a.StatusCode != 303 {
		t.Errorf("taking it back: %d", a.StatusCode)
	}
	if a := shen.get(t, "/register/projects"); a.StatusCode != 403 {
		t.Errorf("after it was taken back: %d", a.StatusCode)
	}
}
