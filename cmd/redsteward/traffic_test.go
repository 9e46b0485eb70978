package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"mime/multipart"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/valyala/fasthttp"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/fund"
)

// town is a small bureau with people who work through the pages of the running program: who reports, who dispatches, and who books money.
type town struct {
	settings []string
	// community is where matters are reported, projects are the compounds that pay into the fund, each from one cashier.
	community string
	projects  []string
	password  string
}

// townCost is what each compound of a town cost to build, in fen: the fund has room for all payments of a soak.
const townCost = 100_000_000_000

// The people of a town.
const (
	townReporter, townDispatcher, townOfficer, townCashier = "community-worker", "dispatcher", "property-officer", "cashier"
	townDivisions                                          = "code,name,level,parent\n360428000000,都昌县,3,360400000000\n360428100000,都昌镇,4,360428000000\n360428100001,城东居委会,5,360428100000\n"
)

// buildTown sets a bureau up in the store of the settings, as its first days would.
func buildTown(t testing.TB, projects int, settings ...string) *town {
	t.Helper()
	w := &town{settings: settings, community: "360428100001", password: "Soak-" + "2026-town"}
	c, err := loadConfig("", nil, settings)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openService(&program{ctx: t.Context(), out: &bytes.Buffer{}, errOut: &bytes.Buffer{}, now: time.Now}, c, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.found(t.Context(), s, projects); err != nil {
		t.Error(err)
	}
	if err := s.close(); err != nil {
		t.Error(err)
	}
	if t.Failed() {
		t.FailNow()
	}
	return w
}

func (w *town) found(ctx context.Context, s *service, projects int) error {
	if err := s.seedDivisions(ctx); err != nil {
		return err
	}
	if err := s.accounts.Setup(ctx, s.accounts.SetupToken(), demoAdmin, "管理员", w.password); err != nil {
		return err
	}
	admin, err := s.accounts.ActorOf(ctx, demoAdmin)
	if err != nil {
		return err
	}
	today := calendar.DateOf(s.clocks.Business())
	days := policy.Span{From: today.Add(-400)}
	var people []policy.Newcomer
	for login, role := range map[string]policy.Role{townReporter: "community_worker", townDispatcher: "dispatcher", townOfficer: "property_officer", townCashier: "cashier", "director": "director"} {
		at := policy.County
		if login == townReporter {
			at = "c:" + w.community
		}
		people = append(people, policy.Newcomer{Login: login, Name: "周全", Appointment: policy.Appointment{Role: role, Unit: at, Scopes: []string{at}, Days: days}})
	}
	if _, err := s.accounts.CreateShared(ctx, admin, w.password, people); err != nil {
		return err
	}
	officer, err := s.accounts.ActorOf(ctx, townOfficer)
	if err != nil {
		return err
	}
	director, err := s.accounts.ActorOf(ctx, "director")
	if err != nil {
		return err
	}
	terms := demoFundRule()
	rule, err := s.fund.ProposeRule(ctx, officer, terms, nil)
	if err == nil {
		err = s.fund.AdoptRule(ctx, director, rule, nil)
	}
	for i := range projects {
		if err != nil {
			return err
		}
		var id string
		day := today.Add(-60)
		id, err = s.register.CreateProject(ctx, officer, registry.ProjectInput{Name: fmt.Sprintf("望湖苑%d期", i+1), Address: fmt.Sprintf("东风大道 %d 号", i+1), Community: w.community, Households: 100, Area: num.FromInt(10_000), Kind: registry.KindCommodity,
			Completed: day, Delivered: day, TakenOver: day})
		if err == nil {
			w.projects = append(w.projects, id)
			_, err = s.fund.Assess(ctx, officer, id, fund.AssessInput{Phase: "整体", Cost: townCost, Day: today}, nil)
		}
	}
	if err == nil {
		_, err = s.db.Checkpoint(ctx) // with its key a backup is signed
	}
	return err
}

// visitor is one browser of a person, or of nobody in particular.
type visitor struct {
	http           *fasthttp.HostClient
	base           string
	cookies, token string
}

// visit begins without a session. Nothing is sent twice by itself: a broken connection is told.
func visit(base string) *visitor {
	return &visitor{base: base, http: &fasthttp.HostClient{Addr: strings.TrimPrefix(base, "http://"), MaxConns: 1024, MaxIdemponentCallAttempts: 1, ReadTimeout: time.Minute, WriteTimeout: time.Minute, DisablePathNormalizing: true,
		RetryIfErr: func(*fasthttp.Request, int, error) (bool, bool) { return false, false }}}
}

var tokenShown = regexp.MustCompile(`name="_t" value="([^"]+)"`)

// answered is an answer that was read. cookie is the last one that was set.
type answered struct {
	status                 int
	location, cookie, body string
}

// ask makes one request; body is nil for GET.
func (v *visitor) ask(address, kind string, body []byte) (answered, error) {
	req, answer := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(req)
	defer fasthttp.ReleaseResponse(answer)
	req.SetRequestURI(v.base + address)
	if body != nil {
		req.Header.SetMethod(fasthttp.MethodPost)
		req.Header.SetContentType(kind)
		req.SetBodyRaw(body)
	}
	if v.cookies != "" {
		req.Header.Set("Cookie", v.cookies)
	}
	if err := v.http.Do(req, answer); err != nil {
		return answered{}, err
	}
	out := answered{status: answer.StatusCode(), location: string(answer.Header.Peek("Location")), body: string(answer.Body())}
	for _, cookie := range answer.Header.Cookies() {
		c := fasthttp.Cookie{}
		if c.ParseBytes(cookie) == nil && len(c.Value()) > 0 {
			out.cookie = string(c.Key()) + "=" + string(c.Value())
		}
	}
	return out, nil
}

const formKind = "application/x-www-form-urlencoded"

// tryIn asks for a session for an account and returns the answer; a connection of a process that is gone is left first.
func (v *visitor) tryIn(login, password string) (answered, error) {
	v.cookies = ""
	shown, err := v.ask("/signin", "", nil)
	for began := time.Now(); err != nil && time.Since(began) < patience; shown, err = v.ask("/signin", "", nil) {
		time.Sleep(10 * time.Millisecond)
	}
	if err != nil {
		return answered{}, err
	}
	token := tokenShown.FindStringSubmatch(shown.body)
	if token == nil {
		return shown, errors.New("no form to sign in")
	}
	v.cookies = shown.cookie
	return v.ask("/signin", formKind, []byte(url.Values{"_t": {token[1]}, "login": {login}, "password": {password}}.Encode()))
}

// signIn opens a session for an account.
func (v *visitor) signIn(t testing.TB, login, password string) *visitor {
	t.Helper()
	in, err := v.tryIn(login, password)
	if err != nil || in.status != fasthttp.StatusSeeOther || in.cookie == "" {
		t.Fatalf("signing in as %s: %d %v\n%.2000s", login, in.status, err, in.body)
	}
	v.cookies = in.cookie
	page, err := v.ask("/account", "", nil)
	token := tokenShown.FindStringSubmatch(page.body)
	if err != nil || token == nil {
		t.Fatalf("the account of %s: %d %v", login, page.status, err)
	}
	v.token = token[1]
	return v
}

// try is one form on its way: sent again, in another session too, it says the same.
type try struct {
	by      *visitor
	address string
	fields  url.Values
	// scan is the file that comes with it, nil for none.
	scan []byte
	// done is told where a form that took effect leads to.
	done func(location string)
}

// body writes the form with the token of the session.
func (f *try) body() (kind string, body []byte, err error) {
	fields := maps.Clone(f.fields)
	fields.Set("_t", f.by.token)
	if f.scan == nil {
		return formKind, []byte(fields.Encode()), nil
	}
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	err = w.WriteField("_t", f.by.token) // before the file
	for name := range f.fields {
		if err == nil {
			err = w.WriteField(name, f.fields.Get(name))
		}
	}
	if err != nil {
		return "", nil, err
	}
	part, err := w.CreateFormFile("paper", "扫描件.png")
	if err == nil {
		_, err = part.Write(f.scan)
	}
	if err == nil {
		err = w.Close()
	}
	return w.FormDataContentType(), out.Bytes(), err
}

// send sends a form. done: it took effect; away: the program is gone, or says that it cannot now (5xx): whether it took effect is open.
func (f *try) send() (answer answered, done, away bool) {
	kind, body, err := f.body()
	if err == nil {
		answer, err = f.by.ask(f.address, kind, body)
	}
	switch {
	case err != nil:
		return answered{body: err.Error()}, false, true
	case answer.status == fasthttp.StatusSeeOther && !strings.HasPrefix(answer.location, "/signin"):
		f.done(answer.location)
		return answer, true, false
	}
	return answer, false, answer.status >= 500
}

// book is what the people of a town were told, kept outside of the program.
type book struct {
	sync.Mutex
	// reported are the matters that were taken in, dispatched those that a department has.
	reported, dispatched map[string]bool
	// waiting are reported and not yet sent to be dispatched.
	waiting []string
	// paid is what was booked, in fen, by receipt; sent what was ever sent.
	paid, sent map[string]int64
	// open are the forms of which nobody knows what became of them.
	open []*try
}

func newBook() *book {
	return &book{reported: map[string]bool{}, dispatched: map[string]bool{}, paid: map[string]int64{}, sent: map[string]int64{}}
}

// report is the form of a new matter.
func (b *book) report(by *visitor, community, key string) *try {
	form := url.Values{"key": {key}, "category": {"lamp"}, "community": {community}, "where": {"3幢1单元"}, "words": {"楼道灯不亮，晚上看不见台阶"}}
	return &try{by: by, address: "/matters/new", fields: form, done: func(location string) {
		at, _, _ := strings.Cut(location, "?")
		id := path.Base(at)
		b.Lock()
		defer b.Unlock()
		if !b.reported[id] {
			b.reported[id] = true
			b.waiting = append(b.waiting, id)
		}
	}}
}

// dispatch is the form by which a matter that waits goes to a department; nil if none waits.
func (b *book) dispatch(by *visitor, key string) *try {
	b.Lock()
	defer b.Unlock()
	if len(b.waiting) == 0 {
		return nil
	}
	id := b.waiting[0]
	b.waiting = b.waiting[1:]
	form := url.Values{"key": {key}, "seq": {"1"}, "dispatch-department": {"urban"}}
	return &try{by: by, address: "/matters/" + id + "/dispatch", fields: form, done: func(string) {
		b.Lock()
		defer b.Unlock()
		b.dispatched[id] = true
	}}
}

// pay is the form of a payment with the scan of its slip.
func (b *book) pay(by *visitor, project, receipt string, fen int64, day calendar.Date, scan []byte) *try {
	b.Lock()
	defer b.Unlock()
	b.sent[receipt] = fen
	form := url.Values{"key": {"pay-" + receipt}, "due": {"d1"}, "amount": {fund.Yuan(fen)}, "day": {day.String()}, "receipt": {receipt}}
	return &try{by: by, address: "/fund/" + project + "/pay", fields: form, scan: scan, done: func(string) {
		b.Lock()
		defer b.Unlock()
		b.paid[receipt] = fen
	}}
}

// told is what the people have been told until now.
func (b *book) told() *book {
	b.Lock()
	defer b.Unlock()
	return &book{reported: maps.Clone(b.reported), dispatched: maps.Clone(b.dispatched), paid: maps.Clone(b.paid), sent: maps.Clone(b.sent)}
}

// settle sends the open forms again until none is open: whatever became of them before, each takes effect once.
func (b *book) settle(t testing.TB) {
	t.Helper()
	for began := time.Now(); len(b.open) > 0; {
		open := b.open
		b.open = nil
		for _, f := range open {
			answer, done, away := f.send()
			switch {
			case away && time.Since(began) < patience:
				b.open = append(b.open, f)
				time.Sleep(10 * time.Millisecond)
			case !done:
				t.Errorf("%s, sent again: %d %.1500s\n%s", f.address, answer.status, answer.body, f.fields)
			}
		}
	}
}

// patience only bounds what a test waits for.
const patience = 2 * time.Minute

// examine holds what the people were told against a store, which nobody has open: every matter is there and where they were told, every acknowledged receipt is booked once, and the ledgers add up. whole: everything that was
// ever sent was acknowledged, and nothing else is booked. more are settings beside those of the town.
func (w *town) examine(t testing.TB, b *book, whole bool, more ...string) {
	t.Helper()
	c, err := loadConfig("", nil, slices.Concat(w.settings, more))
	if err != nil {
		t.Fatal(err)
	}
	s, err := openService(&program{ctx: t.Context(), out: &bytes.Buffer{}, errOut: &bytes.Buffer{}, now: time.Now}, c, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	worker, err := s.accounts.ActorOf(ctx, townReporter)
	if err != nil {
		t.Fatal(err)
	}
	for id := range b.reported {
		doc, err := s.matters.One(ctx, worker, id)
		if err != nil {
			t.Errorf("the matter %s was taken in and is not there: %v", id, err)
			continue
		}
		if b.dispatched[id] && doc.State.Department != "urban" {
			t.Errorf("the matter %s was dispatched and is %s", id, doc.State.State)
		}
	}
	officer, err := s.accounts.ActorOf(ctx, townOfficer)
	if err != nil {
		t.Fatal(err)
	}
	booked := map[string]int64{}
	for _, project := range w.projects {
		st, err := s.fund.Statement(ctx, officer, project)
		if err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		for _, m := range st.Movements {
			if m.Receipt == "" {
				continue
			}
			if _, twice := booked[m.Receipt]; twice {
				t.Errorf("the receipt %s is booked twice", m.Receipt)
			}
			booked[m.Receipt] = m.Fen
			sum += m.Fen
		}
		if st.Ledger.Balances.Bank != sum {
			t.Errorf("%s: the bank has %d, the receipts are %d", project, st.Ledger.Balances.Bank, sum)
		}
	}
	for receipt, fen := range b.paid {
		if booked[receipt] != fen {
			t.Errorf("the receipt %s was acknowledged with %d fen and is booked with %d", receipt, fen, booked[receipt])
		}
	}
	if whole && (!maps.Equal(booked, b.paid) || !maps.Equal(booked, b.sent)) {
		t.Errorf("%d receipts are booked, %d were sent, %d acknowledged", len(booked), len(b.sent), len(b.paid))
	}
	if _, _, err := s.fund.Audit(ctx, func(f fund.Finding) { t.Errorf("the fund: %+v", f) }); err != nil {
		t.Error(err)
	}
}

// percentile is the share-th of a hundred of some times, which it sorts.
func percentile(times []time.Duration, share int) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(len(times)-1, len(times)*share/100)]
}

// divisionsFile writes the divisions of a town for its configuration.
func divisionsFile(t testing.TB) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "divisions.csv")
	if err := os.WriteFile(name, []byte(townDivisions), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
