package browsertest

import (
	"bytes"
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// yearHolidays is a calendar of 2027 for the test: the days that every year has, so that periods into it can be computed.
const yearHolidays = "date,kind,name\n2027-01-01,off,元旦\n2027-02-05,off,春节\n2027-04-05,off,清明\n2027-05-01,off,劳动节\n2027-06-09,off,端午\n2027-09-15,off,中秋\n2027-10-01,off,国庆节\n"

// yearCompound is the compound of the journeys: its firm, its community and its owners' committee are those of the accounts that the demonstration prints, and its application for 2026 is a draft.
const yearCompound = "玉兰名苑"

// watchingCommittee is the owners' committee of a compound that has an account in the guarantee fund, a handover and a survey.
const watchingCommittee = "owners-committee-11"

// yearDemo is a copy of the demonstration county that is served at one moment after another: what takes months passes between two of them.
type yearDemo struct {
	*Fixture
	*tab
	county   *demoCounty
	holidays string
	desks    map[string]*desk
}

// startYear copies the county that the check kept, or loads one.
func startYear(t *testing.T) *yearDemo {
	t.Helper()
	_, county := startedDemo(t)
	county.stop()
	// With the modes of the files: a key that others can read is refused.
	folder := filepath.Join(t.TempDir(), "county")
	if out, err := exec.Command("cp", "-R", county.folder, folder).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	county.folder = folder
	d := &yearDemo{county: county, holidays: filepath.Join(t.TempDir(), "holidays.csv")}
	if err := os.WriteFile(d.holidays, []byte(yearHolidays), 0o600); err != nil {
		t.Fatal(err)
	}
	d.tab = newTab(t, browser(t))
	return d
}

// at serves the county at another moment. The quarter that is open then is not evaluated by itself, because one evaluation runs at a time.
func (d *yearDemo) at(t *testing.T, clock string) {
	t.Helper()
	d.county.stop()
	d.Fixture = d.county.run(t, "serve", "--set", "listen=127.0.0.1:0", "--set", "store.uri="+d.county.folder, "--set", "business_clock="+clock, "--set", "files.holidays="+d.holidays, "--set", "schedule.evaluate_quarter=0 0 29 2 *")
	d.desks = map[string]*desk{}
}

// password is that of a role, whichever of its accounts signs in.
func (d *yearDemo) password(t *testing.T, login string) string {
	t.Helper()
	role := regexp.MustCompile(`-\d+$`).ReplaceAllString(login, "")
	for _, one := range accountLine.FindAllStringSubmatch(d.county.accounts, -1) {
		if one[1] == role {
			return one[2]
		}
	}
	t.Fatalf("nobody is called %s", login)
	return ""
}

// as signs somebody in in the browser.
func (d *yearDemo) as(t *testing.T, login string) {
	t.Helper()
	signIn(t, d.tab, d.Fixture, login, d.password(t, login))
	wantPath(t, d.tab, "/todo")
}

// look opens a page on a phone or an office screen.
func (d *yearDemo) look(t *testing.T, path string, width int64) {
	t.Helper()
	if status := d.open(t, d.Base+path, width, 844); status != 200 {
		t.Fatalf("%s answers %d: %.600s", path, status, d.text(t))
	}
}

func (d *yearDemo) text(t *testing.T) string {
	t.Helper()
	return value[string](t, d.tab, `document.querySelector("main").innerText`)
}

func (d *yearDemo) says(t *testing.T, words ...string) {
	t.Helper()
	shown := d.text(t)
	for _, w := range words {
		if !strings.Contains(shown, w) {
			t.Fatalf("%s lacks %q: %.1500s", value[string](t, d.tab, "location.pathname"), w, shown)
		}
	}
}

// follow clicks the first link of the page whose text begins so.
func (d *yearDemo) follow(t *testing.T, text string) {
	t.Helper()
	if !value[bool](t, d.tab, `(()=>{const a=[...document.querySelectorAll("main a")].find(a=>a.innerText.trim().startsWith("`+text+`"));if(a)a.id="follow";return !!a})()`) {
		t.Fatalf("%s has no link %q: %.1500s", value[string](t, d.tab, "location.pathname"), text, d.text(t))
	}
	press(t, d.tab, "#follow")
}

// desk is somebody who is signed in without a browser: what stands for long waits and for people whose pages another step of the journey shows.
type desk struct {
	base, password string
	client         *http.Client
	body           string
}

func (d *yearDemo) desk(t *testing.T, login string) *desk {
	t.Helper()
	if k := d.desks[login]; k != nil {
		return k
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	k := &desk{base: d.Base, client: &http.Client{Jar: jar, Timeout: patience}}
	d.desks[login] = k
	if login == "" {
		return k
	}
	k.password = d.password(t, login)
	k.get(t, "/signin")
	k.post(t, "/signin", "login", login, "password", k.password)
	return k
}

func (k *desk) send(t *testing.T, r *http.Request) string {
	t.Helper()
	r.Header.Set("Origin", k.base)
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	answer, err := k.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close() //nolint:errcheck // it was read
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if k.body = string(data); answer.StatusCode != 200 {
		t.Fatalf("%s %s answers %d: %.3000s", r.Method, r.URL.Path, answer.StatusCode, k.body)
	}
	return k.body
}

func (k *desk) get(t *testing.T, path string) string {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, k.base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return k.send(t, r)
}

// post sends a form with the token of the page that was read last.
func (k *desk) post(t *testing.T, path string, fields ...string) string {
	t.Helper()
	form := url.Values{"_t": {k.field("_t")}}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r, err := http.NewRequest(http.MethodPost, k.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return k.send(t, r)
}

// field is the value of a hidden field of the page that was read last, "" for none.
func (k *desk) field(name string) string {
	if m := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(k.body); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// rows are the addresses of the lines of a list.
func (k *desk) rows(t *testing.T, path string) (out []string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`class="nm" href="([^"]+)"`).FindAllStringSubmatch(k.get(t, path), -1) {
		out = append(out, html.UnescapeString(m[1]))
	}
	return out
}

// agree gives the opinion of somebody's level to every application that waits for it.
func (k *desk) agree(t *testing.T) {
	t.Helper()
	fields := []string{"reason", "情况属实，同意", "current", k.password}
	for _, m := range regexp.MustCompile(`name="one" value="([^"]+)"`).FindAllStringSubmatch(k.get(t, "/applications/opinions"), -1) {
		fields = append(fields, "one", m[1])
	}
	if len(fields) > 4 {
		k.post(t, "/applications/opinions", fields...)
	}
}

// signPeriod signs the publication of a period.
func (k *desk) signPeriod(t *testing.T, period string) {
	t.Helper()
	k.get(t, "/periods/"+period+"/publish")
	k.post(t, "/periods/"+period+"/sign", "hash", k.field("hash"), "seq", k.field("seq"), "move", "agree", "current", k.password)
}

// TestDemoYear is, on the demonstration county, journey 13, journey 7 and the year of journey 5: from the firm's pledge to the plate at the gate and the open data. The end of journey 13 is the end of the year: somebody edits the database.
func TestDemoYear(t *testing.T) {
	d := startYear(t)
	d.at(t, "2026-10-19T09:00:00+08:00")
	began := time.Now()
	kept := d.auditor(t)
	d.committee(t)
	t.Logf("journeys 13 and 7: %.0f s", time.Since(began).Seconds())
	began = time.Now()
	d.applied(t)
	d.at(t, "2027-02-03T09:00:00+08:00")
	d.shown(t)
	d.at(t, "2027-03-02T09:00:00+08:00")
	d.published(t)
	t.Logf("journey 5, the year: %.0f s", time.Since(began).Seconds())
	d.edited(t, kept)
}

// star is the address of the compound's star on the board.
func (d *yearDemo) star(t *testing.T) string {
	t.Helper()
	return value[string](t, d.tab, `[...document.querySelectorAll("main a[href^='/stars/']")].find(a=>a.textContent==="`+yearCompound+`").getAttribute("href")`)
}

// alone runs the program on a machine that knows nothing of the county.
func (d *yearDemo) alone(t *testing.T, args ...string) (string, error) {
	t.Helper()
	c := exec.Command(d.county.command, args...)
	c.Env = []string{"HOME=" + t.TempDir()}
	out, err := c.CombinedOutput()
	return string(out), err
}

// auditor is the auditor of journey 13: picks a star and verifies it on a machine that knows nothing but the file; asks who changed a rule and when; co-signs the log up to now, in the folder that it returns.
func (d *yearDemo) auditor(t *testing.T) (kept string) {
	t.Helper()
	d.as(t, "auditor")
	d.look(t, "/?q="+url.QueryEscape(yearCompound), 1280)
	star := d.star(t)
	press(t, d.tab, `main a[href="`+star+`"]`)
	d.says(t, "2025年度")
	press(t, d.tab, `main a[href*="/verify"]`)
	d.says(t, "复算包")
	file := value[string](t, d.tab, `document.querySelector('main a[href*="/bundle.json"]').getAttribute("href")`)
	bundle := awaited(t, d.tab, `fetch("`+file+`").then(r=>r.text())`)
	verify := func(name, text string) (string, error) {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return d.alone(t, "verify", path)
	}
	if said, err := verify("star.json", bundle); err != nil || !strings.Contains(said, "一致") {
		t.Errorf("the bundle of %s does not verify: %v\n%s", star, err, said)
	}
	if said, err := verify("changed.json", strings.Replace(bundle, "五星", "四星", 1)); err == nil {
		t.Errorf("a changed bundle verifies:\n%s", said)
	}
	// Who changed C7 of the quarter, when, under which number and why.
	d.look(t, "/schemes", 1280)
	press(t, d.tab, `main a[href="/schemes/rule"]`)
	fill(t, d.tab, "#rhythm", "quarter")
	fill(t, d.tab, "#rule", "indicators/svc_repair_time")
	press(t, d.tab, `main form.filter button`)
	d.says(t, "指标“报修按时办理”", "2028.1 版", "都建发〔2026〕33号，物业管理股经办人提出，物业管理股股长2026年9月9日 09:00采用", "报修按时办理加 1 分", "原来", "改为")
	press(t, d.tab, `main a[href^="/admin/log?"]`)
	d.says(t, "采用评价方案的新版本", "scheme.adopt", "第 7 次变更：发文采用")
	// On his own machine he makes a key and signs the checkpoint that the page gives, the key of the log as the page shows it.
	own := t.TempDir()
	key, kept, checkpoint := filepath.Join(own, "witness.key"), filepath.Join(own, "kept"), filepath.Join(own, "checkpoint.txt")
	said, err := d.alone(t, "witness", "key", key)
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	d.look(t, "/admin/log/witnesses/key", 1280)
	fill(t, d.tab, "#office", "县审计局")
	fill(t, d.tab, "#key", regexp.MustCompile(`redsteward/witness/\S+`).FindString(said))
	press(t, d.tab, `main form[method="post"] button`)
	wantPath(t, d.tab, "/admin/log/witnesses")
	note := awaited(t, d.tab, `fetch("/admin/log/witnesses/checkpoint.txt").then(r=>r.text())`)
	logKey := value[string](t, d.tab, `[...document.querySelectorAll("main code")].map(c=>c.textContent).find(c=>c.startsWith("redsteward/log/"))`)
	if err := os.WriteFile(checkpoint, []byte(note), 0o600); err != nil {
		t.Fatal(err)
	}
	if said, err = d.alone(t, "witness", "sign", "--key", key, "--kept", kept, "--checkpoint", checkpoint, "--log-key", logKey); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	signed, err := filepath.Glob(filepath.Join(kept, "*.checkpoint"))
	if err != nil || len(signed) != 1 {
		t.Fatal(signed, err)
	}
	cosigned, err := os.ReadFile(signed[0])
	if err != nil {
		t.Fatal(err)
	}
	press(t, d.tab, `main a[href="/admin/log/witnesses/sign"]`)
	fill(t, d.tab, "#note", string(cosigned))
	press(t, d.tab, `main form[method="post"] button`)
	wantPath(t, d.tab, "/admin/log/witnesses")
	d.says(t, "县审计局", "相符")
	d.lookAt(t, "year-cosigned", 200)
	return kept
}

// edited is the end of journey 13: somebody changes one sign of a record in the file of the database; the auditor, with what he kept, finds which.
func (d *yearDemo) edited(t *testing.T, kept string) {
	t.Helper()
	d.county.stop()
	if said, err := d.alone(t, "verify", d.county.folder, "--kept", kept); err != nil || !strings.Contains(said, "与见证人留存的 1 个检查点比较") {
		t.Fatalf("%v\n%s", err, said)
	}
	path := filepath.Join(d.county.folder, "redsteward.db")
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The day up to which proof counted in 2025: one later.
	const day = `"submit":"2026-01-1`
	record := bytes.Index(file, []byte(`{"_id":"4c/period/2025/0000000001","action"`))
	at := record + bytes.Index(file[max(record, 0):], []byte(day+"5")) + len(day)
	if record < 0 || at > record+1000 {
		t.Fatalf("the record of the period does not stand in the file as it should: %d, %d", record, at)
	}
	file[at] = '6'
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	said, err := d.alone(t, "verify", d.county.folder, "--kept", kept)
	if err == nil || !strings.Contains(said, "记录 4c/period/2025/0000000001 与它的哈希不符") {
		t.Errorf("%v\n%s", err, said)
	}
}

// committee is a member of the owners' committee with a phone in large type: the star without an account, what belongs to the own compound with one, and the plate at the gate with and without network.
func (d *yearDemo) committee(t *testing.T) {
	t.Helper()
	d.signOut(t)
	const phone = 390
	d.look(t, "/", phone)
	press(t, d.tab, `a[href="/type?big=1"]`)
	for _, typed := range []string{yearCompound, "yulanmingyuan", "ylmy"} {
		d.look(t, "/?q="+url.QueryEscape(typed), phone)
		d.star(t)
	}
	press(t, d.tab, `main a[href="`+d.star(t)+`"]`)
	d.says(t, "的意思是", "比它高的", "比它低的")
	if class := value[string](t, d.tab, "document.documentElement.className"); class != "big" {
		t.Errorf("large type was lost: %q", class)
	}
	d.lookAt(t, "year-committee-star", 200)
	enter := func(login string) {
		t.Helper()
		d.look(t, "/signin", phone)
		fill(t, d.tab, "#login", login)
		fill(t, d.tab, "#password", d.password(t, login))
		press(t, d.tab, "main form button")
		wantPath(t, d.tab, "/todo")
	}
	enter("owners-committee")
	for path, says := range map[string]string{"/fund": "保修金", "/handovers": "承接查验", "/surveys": "满意度调查"} {
		d.look(t, path, phone)
		d.says(t, says)
		check(t, d.tab, "the committee's "+path, phone, 200)
	}
	// The committee of a compound with an account in the fund, a handover and a survey finds all of it from 我的小区, in plain sentences.
	d.signOut(t)
	enter(watchingCommittee)
	for link, says := range map[string][]string{"看每一笔收支": {"账上现在有", "一笔一笔的收支", "账上有", "新建物业质量保修金对账单"}, "看碧水花园二期的每一处": {"二期", "查验"}, "看2026年的满意度调查": {"满意度调查", "已公布"}, "看这家企业管的小区": {"所管的小区"}, "看得分和失分在哪里": {"的意思是", "比它高的"}} {
		d.look(t, "/home", phone)
		d.says(t, "我们小区的星级", "现在由", "账上现在有", "还没修好的", "2026年的满意度调查结果已经公布")
		d.follow(t, link)
		d.says(t, says...)
		if class := value[string](t, d.tab, "document.documentElement.className"); class != "big" {
			t.Errorf("%s: large type was lost: %q", link, class)
		}
		check(t, d.tab, "the committee's "+link, phone, 200)
	}
	k := d.desk(t, "property-officer")
	// What the code at the gate holds is listed for who prints it.
	found := regexp.MustCompile(`/plate\?p=([\w-]+\.[\w-]+)`).FindStringSubmatch(k.get(t, "/plates.xlsx?as=csv&status=in_force&q="+url.QueryEscape(yearCompound)))
	if found == nil {
		t.Fatalf("%s has no plate: %s", yearCompound, k.body)
	}
	payload := found[1]
	d.look(t, "/plate?p="+payload, phone)
	d.says(t, "真牌，有效", yearCompound)
	d.until(t, `!document.getElementById("plate-kept").hidden`)
	eventually(t, d.tab, `caches.keys().then(all => Promise.all(all.map(n => caches.open(n).then(c => c.match("/plate/withdrawn.txt"))))).then(all => String(all.some(Boolean)))`, "true")
	said, signature, _ := strings.Cut(payload, ".")
	text, err := base64.RawURLEncoding.DecodeString(said)
	if err != nil || len(text) == 0 {
		t.Fatalf("the page has no payload: %q %v", payload, err)
	}
	level := regexp.MustCompile(`\n[1-5]\n`).FindIndex(text)
	text[level[0]+1] ^= 1 // one bit: another number of stars
	forged := base64.RawURLEncoding.EncodeToString(text) + "." + signature
	d.look(t, "/plate", phone)
	d.until(t, `!document.getElementById("plate-kept").hidden`)
	d.offline(t, true)
	for verdict, p := range map[string]string{"genuine": payload, "forged": forged} {
		value[string](t, d.tab, `location.hash="`+p+`"`)
		d.until(t, `document.getElementById("plate").dataset.judged==="`+verdict+`"`)
	}
	d.offline(t, false)
	d.forget()
}

// applied is the autumn: the firm signs the pledge, every level gives its opinion, the bureau plans and opens the year.
func (d *yearDemo) applied(t *testing.T) {
	t.Helper()
	d.as(t, "firm-manager")
	d.look(t, "/applications?state=draft", 1280)
	d.follow(t, yearCompound)
	one := value[string](t, d.tab, "location.pathname")
	d.says(t, "待提交", "承诺 1")
	fill(t, d.tab, "#submit-current", d.password(t, "firm-manager"))
	press(t, d.tab, `form[action$="/submit"] button`)
	d.says(t, "已提交，由社区党组织初评", "用密码签")
	// The other communities have theirs.
	for _, login := range []string{"community-secretary-02", "community-secretary-03", "community-secretary-12"} {
		d.desk(t, login).agree(t)
	}
	for _, level := range []struct{ login, says string }{{"community-secretary", "等乡镇党委审核"}, {"township-party", "等住建局复核"}, {"property-officer-03", "审核通过"}} {
		d.as(t, level.login)
		d.look(t, one, 1280)
		fill(t, d.tab, "#reason", "情况属实，同意")
		fill(t, d.tab, "#current", d.password(t, level.login))
		press(t, d.tab, `button[value="agree"]`)
		d.says(t, level.says)
		if level.login != "community-secretary" {
			d.desk(t, level.login).agree(t)
		}
	}
	check(t, d.tab, "an application", 1280, 200)
	d.shoot(t, "year-application")
	d.as(t, "property-officer")
	d.look(t, "/periods", 1280)
	for id, text := range map[string]string{"#period": "2026", "#submit": "2027-01-15", "#cutoff": "2027-01-31"} {
		fill(t, d.tab, id, text)
	}
	press(t, d.tab, `form[action="/periods"] button`)
	press(t, d.tab, `form[action$="/open"] button`)
	d.says(t, "已开启")
}

// shown is the winter: what was left of the third quarter is published, the year is closed by its schedule, evaluated and shown to the public on minutes; somebody remarks, the firm appeals, who took no part answers.
func (d *yearDemo) shown(t *testing.T) {
	t.Helper()
	officer := d.desk(t, "property-officer")
	for _, state := range []string{"open", "upheld"} {
		for _, one := range officer.rows(t, "/objections?period=2026Q3&state="+state) {
			d.refuse(t, one, "property-officer-02", "property-officer-03", "deputy-director-02")
		}
	}
	officer.get(t, "/periods/2026Q3/publish")
	officer.post(t, "/periods/2026Q3/send", "evaluation", officer.field("evaluation"))
	for _, login := range []string{"section-chief", "deputy-director"} {
		d.desk(t, login).signPeriod(t, "2026Q3")
	}
	chief := d.desk(t, "section-chief")
	chief.get(t, "/periods/2026Q3/publish")
	chief.post(t, "/periods/2026Q3/publish", "evaluation", chief.field("evaluation"), "number", "都建物通〔2026〕4号")
	for _, one := range officer.rows(t, "/applications?year=2026&state=completing") {
		officer.get(t, one)
		officer.post(t, one+"/lapse", "seq", officer.field("seq"), "key", one, "lapse-text", "没有在期限内补正")
	}
	// The schedule closes the year by itself once its last day of submission is over.
	for begun := time.Now(); strings.Contains(officer.get(t, "/periods/2026"), `action="/periods/2026/close"`) && time.Since(begun) < patience; time.Sleep(100 * time.Millisecond) {
	}
	d.as(t, "property-officer")
	d.look(t, "/periods/2026", 1280)
	press(t, d.tab, `form[action$="/evaluate"] button`)
	d.until(t, `document.querySelector("main").innerText.includes("最近一次评价在")`)
	d.look(t, "/periods/2026/preview", 1280)
	d.says(t, "2025年度", "有得分的 8 个", "只供内部查看")
	d.look(t, "/periods/2026/publish", 1280)
	fill(t, d.tab, "#minutes", "联审纪要第1期（2027年2月2日）")
	minutes := filepath.Join(t.TempDir(), "纪要.pdf")
	if err := os.WriteFile(minutes, []byte("%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	d.do(t, chromedp.SetUploadFiles("#minutes_file", []string{minutes}))
	press(t, d.tab, `form[action$="/show"] button`)
	d.says(t, "已公示", "公示期到2027年2月10日", "申诉期到2027年2月17日")
	// Anybody reads it on a phone and says something about it.
	d.signOut(t)
	d.look(t, "/publicity/2026?q="+url.QueryEscape(yearCompound), 390)
	d.says(t, "公示中", yearCompound, "三星")
	fill(t, d.tab, "#words", "楼道灯报修以后两个星期才修好，希望说明怎么打分")
	press(t, d.tab, `form[method=post][action="/publicity/2026"] button`)
	d.says(t, "意见已收到")
	check(t, d.tab, "the publicity of the year", 390, 200)
	// The firm appeals against the whole star.
	d.as(t, "firm-manager")
	d.look(t, "/scores?period=2026&q="+url.QueryEscape(yearCompound), 1280)
	d.follow(t, yearCompound)
	d.follow(t, "就整个结果申诉")
	fill(t, d.tab, "#ground", "全年走访的扣分与复查单不一致，请复核")
	press(t, d.tab, `form[action="/objections/new"] button`)
	d.says(t, "已提出")
	appeal := value[string](t, d.tab, "location.pathname")
	// Who evaluated and showed it does not answer; a leader who took no part does.
	if strings.Contains(officer.get(t, appeal), `action="`+appeal+`/refuse"`) {
		t.Error("who evaluated may answer the appeal")
	}
	d.as(t, "deputy-director-02")
	d.look(t, appeal, 1280)
	value[bool](t, d.tab, `(document.querySelectorAll("details").forEach(d => { d.open = true; }), true)`)
	fill(t, d.tab, "#refuse-text", "逐项核对走访评价表和复查单，一致，维持拟评结果")
	press(t, d.tab, `form[action$="/refuse"] button`)
	d.says(t, "不予采纳")
	// The remark is answered by one and reviewed for everybody by another.
	remark := officer.rows(t, "/remarks?state=open")
	if len(remark) != 1 {
		t.Fatalf("%d remarks wait for their answer", len(remark))
	}
	officer.get(t, remark[0])
	officer.post(t, remark[0]+"/answer", "seq", officer.field("seq"), "key", "answer", "answer-text", "已经核实，按报修台账计分，企业已整改")
	chief.get(t, remark[0])
	chief.post(t, remark[0]+"/show", "seq", chief.field("seq"), "key", "show", "show-text", "楼道灯报修以后两个星期才修好")
	if !strings.Contains(d.desk(t, "").get(t, "/publicity/2026"), "按报修台账计分") {
		t.Error("the public does not read the answer")
	}
}

// refuse refuses an objection by the first of some people who had no hand in its line.
func (d *yearDemo) refuse(t *testing.T, one string, logins ...string) {
	t.Helper()
	for _, login := range logins {
		if k := d.desk(t, login); strings.Contains(k.get(t, one), one+"/refuse") {
			k.post(t, one+"/refuse", "seq", k.field("seq"), "key", one, "refuse-text", "复查单晚于期限，按期改好数不变")
			return
		}
	}
	t.Fatalf("nobody may answer %s", one)
}

// published is the spring: sent, signed by three, published under a number by who neither evaluated nor sent it; plates and papers print, the data is open.
func (d *yearDemo) published(t *testing.T) {
	t.Helper()
	d.as(t, "property-officer")
	d.look(t, "/periods/2026/publish", 1280)
	press(t, d.tab, `form[action$="/send"] button`)
	d.says(t, "已送审")
	for _, login := range []string{"section-chief", "deputy-director"} {
		d.desk(t, login).signPeriod(t, "2026")
	}
	d.as(t, "director")
	d.look(t, "/periods/2026/publish", 390) // leaders sign on the phone
	fill(t, d.tab, "#current", d.password(t, "director"))
	press(t, d.tab, `button[value="agree"]`)
	d.says(t, "已签署")
	d.as(t, "deputy-director")
	d.look(t, "/periods/2026/publish", 1280)
	value[string](t, d.tab, `document.querySelector("#number").value=""`) // the next one of the series is proposed
	press(t, d.tab, `form[action$="/publish"] button`)
	d.says(t, "有 1 处需要更正") // no star without a number
	d.forget()
	fill(t, d.tab, "#number", "都建发〔2027〕12号")
	press(t, d.tab, `form[action$="/publish"] button`)
	d.says(t, "已公布", "结果不能再改")
	d.look(t, "/circulars/2026", 1280)
	d.says(t, "都建发〔2027〕12号", yearCompound)
	if n := sheets(t, d.tab, "year-decision"); n < 1 {
		t.Errorf("the decision prints on %d sheets", n)
	}
	d.as(t, "property-officer")
	d.look(t, "/plates?q="+url.QueryEscape(yearCompound)+"&status=in_force", 1280)
	d.says(t, "2026-", yearCompound)
	d.look(t, "/plates/print?q="+url.QueryEscape(yearCompound)+"&status=in_force", 1280)
	d.says(t, yearCompound, "编号 2026-")
	if n := sheets(t, d.tab, "year-plate"); n != 1 {
		t.Errorf("a plate prints on %d sheets", n)
	}
	d.signOut(t)
	d.look(t, "/open", 390)
	if row := regexp.MustCompile(`(?m)^.*,` + yearCompound + `,.*$`).FindString(d.desk(t, "").get(t, "/stars.csv")); !strings.Contains(row, "三星") {
		t.Errorf("the open data says of it %q", row)
	}
	d.look(t, "/?q="+url.QueryEscape(yearCompound), 390)
	press(t, d.tab, `main a[href="`+d.star(t)+`"]`)
	d.says(t, "2026年度", "三星")
	d.lookAt(t, "year-star", 200)
}
