package browsertest

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
	"redsteward/policy"
	"redsteward/policy/witness"
)

// widths are those of ui.md §8 and §9.
var widths = []struct {
	name          string
	width, height int64
}{{"narrow", 320, 640}, {"phone", 390, 844}, {"desktop", 1440, 900}}

// engine opens the real engine over a fresh folder.
func engine(t testing.TB) store.Engine {
	t.Helper()
	e, err := sqlite.Open(context.Background(), t.TempDir(), sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// readConfig reads a shipped file.
func readConfig(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../../configs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// started runs the fixture over a fresh data folder; without rows as on the first day.
func started(t *testing.T, count int) *Fixture {
	t.Helper()
	conf, csv := readConfig(t, "roles.conf"), readConfig(t, "roles.csv")
	return Serve(t, engine(t), time.Now, func(ctx context.Context, db *store.DB) (*Fixture, error) {
		return Start(ctx, db, time.Now, conf, csv, count)
	})
}

// opened is one page of the list and the status it must have.
type opened struct {
	name, path string
	status     int64
}

var publicPages = []opened{
	{"ranking", "/", 200}, {"ranking-found", "/?q=wh&grade=five", 200}, {"ranking-sorted", "/?sort=firm&desc=1", 200}, {"ranking-none", "/?q=zzzz", 200},
	{"star", "/stars/" + url.PathEscape("P00005/2026Q3"), 200}, {"star-hostile", "/stars/" + url.PathEscape("P00004/2026Q3"), 200},
	{"star-lost", "/stars/" + url.PathEscape("P00001/2026Q3") + "?only=lost", 200}, {"star-unrated", "/stars/" + url.PathEscape("P00008/2026Q3"), 200},
	{"compare", "/compare?s=P00005%2F2026Q3&s=P00004%2F2026Q3&s=P00001%2F2026Q3&s=P00008%2F2026Q3", 200}, {"compare-add", "/compare?s=P00005%2F2026Q3&q=w", 200}, {"compare-none", "/compare?q=zzzz", 200},
	{"firms", "/firms", 200}, {"firm", "/firms/" + url.PathEscape("一盏灯物业"), 200}, {"firm-found", "/firms/" + url.PathEscape("一盏灯物业") + "?q=w&sort=weight", 200},
	{"firm-none", "/firms/" + url.PathEscape("一盏灯物业") + "?q=zzzz", 200}, {"method", "/method", 200}, {"open", "/open", 200}, {"verify", "/stars/" + url.PathEscape("P00005/2026Q3") + "/verify", 200}, {"check", "/open/check", 200}, {"help", "/help", 200}, {"privacy", "/privacy", 200}, {"signin", "/signin", 200},
	{"not-found", "/nothing-here", 404}, {"signed-out", "/todo", 401},
}

var officePages = []opened{
	{"todo", "/todo", 200}, {"views", "/account/views", 200}, {"search", "/search?q=w", 200}, {"search-empty", "/search", 200}, {"search-none", "/search?q=zzzz", 200}, {"account", "/account", 200}, {"totp", "/account/totp", 200}, {"rights", "/rights", 200}, {"approvals", "/approvals", 200}, {"approvals-paper", "/approvals/paper", 200}, {"accounts", "/admin/accounts", 200},
	{"own-data", "/account/data", 200}, {"data-requests", "/admin/requests", 200}, {"emergency-none", "/account/emergency", 200},
	{"account-new", "/admin/accounts/new", 200}, {"account-imports", "/admin/accounts/imports", 200}, {"accounts-none", "/admin/accounts?q=zzzz", 200}, {"notices", "/notices", 200}, {"urging", "/urging", 200}, {"channels", "/notices/channels", 200}, {"outbox", "/admin/outbox", 200}, {"addresses", "/admin/outbox/addresses", 200}, {"parts", "/admin/parts", 200}, {"sheet", "/admin/parts?sheet=1", 200}, {"office-help", "/help", 200},
	{"office-ranking", "/", 200}, {"who", "/admin/who", 200}, {"who-found", "/admin/who?action=register.read&row=county", 200}, {"who-refused", "/admin/who?action=register.read&row=zzzz&day=x", 422}, {"rules", "/admin/rules", 200}, {"forbidden", "/admin/log", 403}, {"office-not-found", "/admin/accounts/none", 404},
}

// auditPages are those that only who may read the log can open.
var auditPages = []opened{{"log", "/admin/log", 200}, {"access-log", "/admin/access", 200}, {"emergencies", "/admin/emergencies", 200}, {"log-found", "/admin/log?q=account", 200}, {"log-none", "/admin/log?q=zzzz", 200}, {"log-change", "/admin/log/2", 200}, {"witnesses", "/admin/log/witnesses", 200}, {"witness-key", "/admin/log/witnesses/key", 200}, {"witness-sign", "/admin/log/witnesses/sign", 200}}

// signIn signs in through the page.
func signIn(t *testing.T, tb *tab, f *Fixture, login, password string) {
	t.Helper()
	tb.signOut(t)
	tb.open(t, f.Base+"/signin", 1440, 900)
	tb.submit(t, map[string]string{"login": login, "password": password})
}

// wantPath fails the test unless a path is open.
func wantPath(t *testing.T, tb *tab, want string) {
	t.Helper()
	if path := value[string](t, tb, "location.pathname"); path != want {
		t.Fatalf("%s is open, want %s", path, want)
	}
}

// submit fills the first form of the page and sends it; it returns the status of the answer.
func (tb *tab) submit(t *testing.T, values map[string]string) int64 {
	t.Helper()
	for id, v := range values {
		fill(t, tb, "#"+id, v)
	}
	tb.forget()
	response, err := chromedp.RunResponse(tb.ctx, chromedp.Click("main form button"))
	if err != nil {
		t.Fatal(err)
	}
	return response.Status
}

// look opens every page of a list at every width.
func (tb *tab) look(t *testing.T, f *Fixture, list []opened) {
	t.Helper()
	for _, p := range list {
		if got := tb.open(t, f.Base+p.path, widths[0].width, widths[0].height); got != p.status {
			t.Errorf("%s: status %d, want %d", p.path, got, p.status)
		}
		tb.lookAt(t, p.name, p.status)
	}
}

// lookAt checks the page that is open at every width: an answer to a form, which cannot be opened by its address.
func (tb *tab) lookAt(t *testing.T, name string, status int64) {
	t.Helper()
	for _, w := range widths {
		tb.do(t, chromedp.EmulateViewport(w.width, w.height))
		tb.shoot(t, name+"-"+w.name)
		check(t, tb, name, w.width, status)
	}
}

// TestPages opens every page at every width, and TestEveryRoute proves that none is left out.
func TestPages(t *testing.T) {
	f := started(t, 129)
	tb := newTab(t, browser(t))
	tb.look(t, f, publicPages)
	signIn(t, tb, f, "admin", Password)
	wantPath(t, tb, "/todo")
	tb.look(t, f, officePages)
	tb.open(t, f.Base+"/admin/accounts", 1440, 900)
	tb.open(t, value[string](t, tb, `[...document.querySelectorAll("tbody a")].find(a=>a.textContent=="inspector").href`), 1440, 900)
	tb.lookAt(t, "account-one", 200)
	account := value[string](t, tb, `location.href`)
	tb.open(t, account+"/rights?all=1", 1440, 900)
	tb.lookAt(t, "account-rights", 200)
	tb.open(t, account+"/order", 1440, 900)
	tb.lookAt(t, "account-order", 200)
	signIn(t, tb, f, "auditor", Password)
	wantPath(t, tb, "/todo")
	f.coSigned(t)
	tb.look(t, f, auditPages)
}

// coSigned lets a witness co-sign the log.
func (f *Fixture) coSigned(t *testing.T) {
	t.Helper()
	shen := policy.Actor{ID: "shen", Appointments: []policy.Appointment{{Role: "auditor", Scopes: []string{policy.County}}}}
	secret, public, err := journal.GenerateWitness()
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Witnesses.Enrol(t.Context(), shen, witness.Witness{Key: public, Office: "县审计局"}, ""); err != nil {
		t.Fatal(err)
	}
	note, err := f.Witnesses.Checkpoint(t.Context(), shen)
	if err != nil {
		t.Fatal(err)
	}
	status, err := f.Witnesses.Status(t.Context(), shen)
	if err != nil {
		t.Fatal(err)
	}
	if note, err = journal.CoSign(status.Key, secret, note); err != nil {
		t.Fatal(err)
	}
	if in, err := f.Witnesses.CoSign(t.Context(), shen, string(note)); err != nil || in.Differs {
		t.Fatalf("%+v %v", in, err)
	}
}

// fileRoutes answer with a file or send somewhere else: there is nothing to look at.
var fileRoutes = map[string]bool{"/account/data.xlsx": true, "/admin/access.xlsx": true,
	"/urging.xlsx": true, "/rectifications/lists.xlsx": true, "/coach.xlsx": true, "/coach/:project<maxLen(64)>/actions.xlsx": true, "/coach-tasks.xlsx": true, "/coach-tasks/:id<maxLen(64)>/files/:file<maxLen(44)>": true, "/responses.xlsx": true, "/responses/:id<maxLen(64)>/files/:file<maxLen(44)>": true, "/vetoes.xlsx": true, "/standings.xlsx": true, "/approvals/paper.xlsx": true, "/applications.xlsx": true, "/applications/joint.xlsx": true, "/applications/:id<maxLen(64)>/files/:file<maxLen(44)>": true, "/standings/:id<maxLen(64)>/files/:file<maxLen(44)>": true, "/admin/log.xlsx": true, "/admin/log/:n<int>/proof.json": true, "/admin/log/witnesses/checkpoint.txt": true, "/admin/log/witnesses/growth.json": true, "/plates.xlsx": true, "/plate/withdrawn.txt": true, "/vetoes/:id<maxLen(64)>/files/:file<maxLen(44)>": true, "/stars.csv": true, "/compare.csv": true, "/firms/:id<maxLen(600)>/projects.xlsx": true, "/stars/:id<maxLen(200)>/lines.csv": true, "/stars/:id<maxLen(200)>/history.csv": true, "/firms/:id<maxLen(600)>/history.csv": true, "/stars/:id<maxLen(200)>/bundle.json": true, "/stars/:id<maxLen(200)>/full.json": true, "/type": true, "/register/projects.xlsx": true, "/filings.xlsx": true, "/filings/:id<maxLen(64)>/files/:n<int>": true, "/filings/:id<maxLen(64)>/scans/:n<int>": true, "/register/firms.xlsx": true, "/register/developers.xlsx": true, "/register/divisions.xlsx": true,
	"/register/tiles.xlsx": true, "/register/projects/:id/dossier.xlsx": true, "/register/firms/:id/dossier.xlsx": true,
	"/register/coverage.xlsx": true, "/admin/accounts.xlsx": true, "/register/expiry.xlsx": true, "/register/money.xlsx": true, "/register/risk.xlsx": true, "/register/bodies.xlsx": true, "/register/projects/:id/votes/:part/scans/:n<int>": true, "/register/projects/:id/revenue/:part/photos/:n<int>": true, "/changes.xlsx": true, "/matters.xlsx": true, "/matters/figures.xlsx": true, "/matters/figures.json": true, "/matters/orders.xlsx": true, "/matters/orders/template.xlsx": true, "/matters/orders/:id/progress": true, "/matters/orders/marked/:id": true, "/repairs.xlsx": true, "/repairs/imports/template.xlsx": true, "/repairs/imports/:id/progress": true, "/repairs/imports/marked/:id": true, "/repairs/imports/:id": true, "/matters/:id<maxLen(64)>/photos/:set<maxLen(10)>/:n<int>": true, "/needs.xlsx": true, "/served.xlsx": true, "/needs/:id<maxLen(64)>/photos/:n<int>": true, "/deliberation.xlsx": true, "/deliberation/meetings.xlsx": true, "/deliberation/counts.xlsx": true, "/surveys.xlsx": true, "/surveys/:id<maxLen(80)>/enter.xlsx": true, "/register/imports/template/:kind.xlsx": true, "/fund.xlsx": true, "/fund/ageing.xlsx": true, "/fund/bank.xlsx": true, "/fund/bank/months/:month<maxLen(8)>/report.xlsx": true, "/satisfaction/:id<maxLen(80)>/file": true, "/fund/claims.xlsx": true, "/fund/dunnings.xlsx": true, "/fund/dunnings/:id<maxLen(64)>/files/:file<maxLen(44)>": true, "/fund/refunds.xlsx": true, "/fund/claims/:id<maxLen(64)>/files/:file<maxLen(44)>": true, "/fund/refunds/:id<maxLen(64)>/files/:file<maxLen(44)>": true, "/fund/:project<maxLen(64)>/ledger.xlsx": true, "/fund/:project<maxLen(64)>/entries/:no<int>/paper": true, "/register/imports/:id/progress": true, "/register/imports/marked/:id": true, "/handovers/:id<maxLen(64)>/photos/:photo<maxLen(64)>": true, "/handovers/:id<maxLen(64)>/scan": true, "/handovers.xlsx": true, "/handovers/:id<maxLen(64)>/sheet.xlsx": true,
	"/books/:book<maxLen(40)>/export.xlsx": true, "/books/:book<maxLen(40)>/imports/template.xlsx": true, "/books/:book<maxLen(40)>/:id<maxLen(64)>/files/:n<int>": true, "/papers/export.xlsx": true, "/papers/imports/template.xlsx": true,
	"/papers/:id<maxLen(64)>/files/:n<int>": true, "/observations/:id<maxLen(80)>/files/:file": true,
	// The same template and handler as for the imports of the register and for the books.
	"/books/:book<maxLen(40)>/imports/:id": true, "/books/:book<maxLen(40)>/imports/:id/progress": true, "/books/:book<maxLen(40)>/imports/:id/reverse": true, "/books/:book<maxLen(40)>/imports/marked/:id": true,
	"/papers/new": true, "/papers/imports": true, "/papers/:id<maxLen(64)>/edit": true, "/papers/:id<maxLen(64)>/withdraw": true, "/stations/duty.xlsx": true, "/models.xlsx": true, "/models/:id<maxLen(64)>/consent": true,
	"/members/years.xlsx": true, "/points.xlsx": true, "/points/entries.xlsx": true, "/supplies/export.xlsx": true, "/supplies/imports": true, "/supplies/imports/template.xlsx": true, "/supplies/:id<maxLen(64)>": true, "/supplies/:id<maxLen(64)>/edit": true, "/supplies/:id<maxLen(64)>/withdraw": true, "/supplies/:id<maxLen(64)>/files/:n<int>": true,
	"/supplies/imports/:id": true, "/supplies/imports/:id/progress": true, "/supplies/imports/:id/reverse": true, "/supplies/imports/marked/:id": true,
	"/records/:kind<maxLen(64)>/:id<maxLen(64)>/:n<int>/proof.json": true, "/open/records/:n<int>/proof.json": true,
	"/papers/imports/:id": true, "/papers/imports/:id/progress": true, "/papers/imports/:id/reverse": true, "/papers/imports/marked/:id": true,
	"/matters/platforms/:source<maxLen(20)>/answers.xlsx": true, "/matters/platforms/:source<maxLen(20)>/template.xlsx": true, "/matters/platforms/:source<maxLen(20)>/marked/:id": true, "/matters/platforms/:source<maxLen(20)>/:id/progress": true,
	"/notices.xlsx": true, "/notices/sent.xlsx": true, "/admin/outbox/addresses/template.xlsx": true, "/admin/outbox/addresses/marked/:id": true, "/notices/sent/:id<maxLen(80)>/readers.xlsx": true, "/notices/sent/:id<maxLen(80)>/files/:n<int>": true, "/notices/:id<maxLen(80)>/files/:n<int>": true, "/print/offset.css": true, "/sent.xlsx": true, "/account/phrases.xlsx": true, "/account/phrases/bureau.xlsx": true, "/sent/desk.xlsx": true, "/sent/seals.xlsx": true, "/sent/numbers.xlsx": true, "/sent/:id<maxLen(64)>/files/:file<maxLen(44)>": true, "/collections.xlsx": true, "/collections/received.xlsx": true, "/collections/marked/:id": true, "/collections/sheets/:id<maxLen(90)>/template.xlsx": true, "/collections/:id<maxLen(80)>/merged.xlsx": true, "/collections/:id<maxLen(80)>/phones.xlsx": true, "/collections/:id<maxLen(80)>/files/:n<int>": true}

// elsewhere are the pages that tests other than TestPages open, because they need another start.
var elsewhere = []string{"/sent/1", "/sent/desk", "/sent/desk/1", "/sent/desk/1/print", "/sent/seals", "/sent/seals/1", "/prints/sheets", "/notices/new", "/notices/1", "/notices/sent", "/notices/sent/1", "/notices/sent/1/edit", "/notices/sent/1/to", "/home", "/coach", "/coach/p001", "/coach/p001/give", "/coach-tasks", "/coach-tasks/1", "/coach-tasks/1/print/task", "/responses", "/responses/new", "/responses/1", "/responses/1/print/review", "/setup", "/admin/modules", "/admin/accounts/1", "/admin/accounts/1/rights", "/admin/accounts/1/order", "/register/imports/1", "/filings/new", "/matters/new", "/register/imports/1/reverse", "/handovers", "/handovers/new", "/handovers/1", "/handovers/1/items/1", "/handovers/1/print/record", "/handovers/1/whole", "/account/phrases", "/visits/batch", "/matters/urge", "/rectifications/urge", "/deliberation/1/whole", "/filings/1/whole", "/filings/1/print/ask", "/changes/1/print/notice", "/visits/1/print/sheet", "/collections/1/print/notice", "/collections/sheets/1/print/form", "/matters/1/print/answer", "/register/bodies/1/print/group", "/register/projects/1/votes/1/print/result", "/register/projects/1/revenue/1/print/shown", "/sent/1/print/receipt", "/party/sheets/1/1/2026Q3/print/sheet", "/credit/1/print/told", "/marks/1/print/told", "/honours/1/print/told", "/fund/1/print/d1", "/changes/1/whole", "/register/bodies/1/whole", "/matters/1/whole", "/repairs/1/whole", "/surveys/1/whole", "/collections/1/whole", "/inspections/draws/1/whole", "/needs/1/whole", "/credit/1/whole", "/marks/1/whole", "/honours/1/whole", "/remarks/1/whole", "/responses/1/whole", "/coach-tasks/1/whole", "/schemes/1/whole", "/rectifications/1/whole", "/rectifications/lists", "/rectifications/lists/print", "/register/projects/1/dossier/print", "/register/firms/1/dossier/print", "/inspections/1/whole", "/vetoes/1/whole", "/standings/1/whole", "/fund/claims/1/whole", "/fund/dunnings/1/whole", "/fund/refunds/1/whole", "/objections/1/whole", "/applications", "/applications/new", "/applications/call", "/applications/joint", "/applications/joint/print", "/applications/opinions", "/applications/1", "/applications/1/print/pledge", "/applications/1/whole",
	"/handovers/1/imports/documents", "/handovers/1/imports/findings", "/handovers/1/imports/documents/1", "/handovers/1/imports/findings/1",
	"/stations", "/books/rooms", "/books/rooms/new", "/books/rooms/imports", "/books/rooms/1", "/books/rooms/1/edit", "/books/rooms/1/withdraw", "/papers", "/papers/1", "/stations/duty", "/stations/duty/sheet", "/stations/duty/swap", "/stations/bookings", "/stations/bookings/new", "/stations/bookings/1/1/1", "/models", "/models/new", "/models/1", "/deliberation", "/deliberation/results", "/deliberation/counts", "/deliberation/new", "/deliberation/1", "/deliberation/1/print/topic", "/deliberation/meetings", "/deliberation/meetings/new", "/deliberation/meetings/1", "/deliberation/meetings/1/print/minutes", "/reserve", "/reserve/find", "/reserve/1/1", "/standings", "/standings/new", "/standings/drop", "/standings/1", "/standings/1/print/notice", "/plates", "/plates/print", "/plate", "/stars/1/report", "/firms/1/report", "/vetoes", "/vetoes/new", "/vetoes/1", "/vetoes/1/print/notice", "/surveys", "/surveys/new", "/surveys/1", "/surveys/1/notice", "/surveys/1/result", "/surveys/1/slips", "/surveys/1/list", "/surveys/1/enter", "/satisfaction", "/survey", "/survey/thanks", "/matters/orders/1", "/matters/feedback/1", "/repairs/new", "/repairs/imports", "/tell", "/tell/find", "/needs", "/served", "/supplies", "/supplies/new", "/needs/new", "/needs/1", "/needs/1/receipts/1", "/members", "/members/new", "/members/1", "/members/1/certificate", "/members/years", "/members/years/letter", "/points", "/points/entries", "/points/1/reverse", "/wish", "/wish/find", "/wishes", "/collections", "/collections/received", "/collections/new", "/collections/plans", "/collections/1", "/collections/1/to", "/collections/1/edit", "/collections/1/revise", "/collections/sheets/1", "/matters/platforms/1", "/matters/platforms/1/1"}

// TestEveryRoute: each page of the route table is one that a test opens, so that a new route cannot be forgotten here.
func TestEveryRoute(t *testing.T) {
	f := started(t, 1)
	paths := slices.Concat(elsewhere, fundForms, claimElsewhere, conductElsewhere)
	fundChief, fundCashier := fundPages("1")
	for _, p := range slices.Concat(publicPages, officePages, auditPages, filingPages("1", "1"), conductPages("1", "1", "1", "1"), partyPages("1", "1"), registerPages("1", "1", "1", "1", "1", "1"), divisionForms(), matterPages("1"), repairPages("1", "1"), fundChief, fundCashier) {
		if p.status == 200 {
			path, _, _ := strings.Cut(p.path, "?")
			paths = append(paths, path)
		}
	}
	parameter := regexp.MustCompile(`:\w+(<[^/]*>)?`)
	for _, r := range f.Server.Routes() {
		if r.Method != http.MethodGet || r.Plain || r.JSON || fileRoutes[r.Path] || conductFile(r.Path) {
			continue
		}
		pattern := regexp.MustCompile("^" + parameter.ReplaceAllString(r.Path, `[^/]+`) + "$")
		if !slices.ContainsFunc(paths, pattern.MatchString) {
			t.Errorf("no test opens %s", r.Path)
		}
	}
}

// TestFirstDay opens the pages of an installation on which nobody has an account and nothing was rated.
func TestFirstDay(t *testing.T) {
	f := started(t, 0)
	tb := newTab(t, browser(t))
	tb.look(t, f, []opened{{"setup", "/setup", 200}, {"first-ranking", "/", 200}, {"first-firms", "/firms", 200}, {"first-method", "/method", 200}, {"first-open", "/open", 200}})
	tb.open(t, f.Base+"/setup", 1440, 900)
	if status := tb.submit(t, map[string]string{"token": "wrong", "login": "admin", "name": "刘建华", "password": Password, "again": Password}); status != 403 {
		t.Errorf("a wrong token answers %d", status)
	}
	tb.lookAt(t, "setup-wrong-token", 403)
	tb.open(t, f.Base+"/setup", 1440, 900)
	if status := tb.submit(t, map[string]string{"token": f.People.SetupToken(), "login": "a", "password": "short", "again": "short"}); status != 422 {
		t.Errorf("a wrong setup answers %d", status)
	}
	tb.lookAt(t, "setup-refused", 422)
	if status := tb.submit(t, map[string]string{"token": f.People.SetupToken(), "login": "admin", "name": "刘建华", "password": Password, "again": Password}); status != 200 {
		t.Errorf("setting up answers %d", status)
	}
	tb.lookAt(t, "setup-done", 200)
	signIn(t, tb, f, "admin", Password)
	wantPath(t, tb, "/todo")
	first := value[[]string](t, tb, `[...document.querySelectorAll("table.todo td.nm a")].map(a => a.textContent)`)
	if len(first) != 3 || first[0] != "开设账号并任命：安全管理员、安全审计员" || !strings.HasPrefix(first[1], "开设账号并任命：物业管理股经办人") || first[2] != "导入登记：物业服务企业、小区、物业服务合同" {
		t.Errorf("the first administrator is told to do %q", first)
	}
	tb.lookAt(t, "first-todo", 200)
}

// TestForms looks at the answers to forms: refused and done.
func TestForms(t *testing.T) {
	f := started(t, 20)
	tb := newTab(t, browser(t))
	tb.open(t, f.Base+"/signin", 1440, 900)
	status := tb.submit(t, map[string]string{"login": "admin", "password": "wrong"})
	tb.lookAt(t, "signin-refused", status)
	if status < 400 {
		t.Errorf("a wrong password answers %d", status)
	}
	signIn(t, tb, f, "new", f.OneTime)
	wantPath(t, tb, "/account")
	tb.lookAt(t, "account-must-change", 200)
	signIn(t, tb, f, "admin", Password)
	tb.open(t, f.Base+"/admin/accounts/new", 1440, 900)
	if status = tb.submit(t, map[string]string{"login": "!"}); status != 422 {
		t.Errorf("a wrong account answers %d", status)
	}
	tb.lookAt(t, "account-new-refused", status)
	if focus := value[string](t, tb, "document.activeElement.getAttribute('role')"); focus != "alert" {
		t.Errorf("the focus is on %q, not on the summary of errors", focus)
	}
	if status = tb.submit(t, map[string]string{"login": "grid1", "name": "周望平"}); status != 200 {
		t.Errorf("making an account answers %d", status)
	}
	tb.lookAt(t, "account-secret", 200)
}

// TestBroken looks at the page that a failure of the system gets.
func TestBroken(t *testing.T) {
	f := started(t, 20)
	f.Sample.Broken = errors.New("the disk is on fire")
	tb := newTab(t, browser(t))
	tb.look(t, f, []opened{{"internal", "/stars/" + url.PathEscape("P00005/2026Q3"), 500}})
	if shown := value[string](t, tb, "document.body.innerText"); strings.Contains(shown, "fire") {
		t.Error("the cause is shown")
	}
}

// TestLarge opens the most crowded page in 大字版.
func TestLarge(t *testing.T) {
	f := started(t, 60)
	tb := newTab(t, browser(t))
	tb.open(t, f.Base+"/", 390, 844)
	if _, err := chromedp.RunResponse(tb.ctx, chromedp.Click(`a[href="/type?big=1"]`)); err != nil {
		t.Fatal(err)
	}
	if class := value[string](t, tb, "document.documentElement.className"); class != "big" {
		t.Fatalf("大字版 gave class %q", class)
	}
	tb.shoot(t, "big-phone")
	check(t, tb, "/ in large type", 390, 200)
}

// TestBudget holds the board against ui.md §9: at most 4 requests, HTML of at most 60 KB for 50 rows.
func TestBudget(t *testing.T) {
	f := started(t, 129)
	tb := newTab(t, browser(t))
	tb.open(t, f.Base+"/", 1440, 900)
	tb.do(t, chromedp.Sleep(time.Second)) // the icon comes late
	_, requests, bytes := tb.forget()
	if len(requests) > 4 {
		t.Errorf("%d requests: %q", len(requests), requests)
	}
	html := value[int](t, tb, `new Blob([document.documentElement.outerHTML]).size`)
	if html > 60<<10 {
		t.Errorf("%d bytes of HTML", html)
	}
	t.Logf("%d requests, %.0f bytes over the wire, %d bytes of HTML", len(requests), bytes, html)
}

// TestPrint counts the A4 pages of what is printed.
func TestPrint(t *testing.T) {
	f := started(t, 60)
	tb := newTab(t, browser(t))
	tb.open(t, f.Base+"/stars/"+url.PathEscape("P00005/2026Q3"), 1440, 900)
	if n := sheets(t, tb, "star"); n < 1 || n > 3 {
		t.Errorf("a star prints on %d pages, want at most 3", n)
	}
	tb.open(t, f.Base+"/firms/"+url.PathEscape("一盏灯物业"), 1440, 900)
	if n := sheets(t, tb, "firm"); n < 1 || n > 3 {
		t.Errorf("a firm prints on %d pages, want at most 3", n)
	}
	signIn(t, tb, f, "admin", Password)
	tb.open(t, f.Base+"/admin/parts?sheet=1", 1440, 900)
	if n := sheets(t, tb, "sheet"); n != 1 {
		t.Errorf("the sheet prints on %d pages, want 1", n)
	}
}

// TestWithoutScript signs in and out with scripts switched off.
func TestWithoutScript(t *testing.T) {
	f := started(t, 20)
	tb := newTab(t, browser(t))
	if _, err := chromedp.Call(tb.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	signIn(t, tb, f, "inspector", Password)
	wantPath(t, tb, "/todo")
	if _, err := chromedp.RunResponse(tb.ctx, chromedp.Click(".topnav button")); err != nil {
		t.Fatal(err)
	}
	if path := value[string](t, tb, "location.pathname"); path != "/signin" {
		t.Errorf("signing out led to %s", path)
	}
}
