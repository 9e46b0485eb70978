package policy

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/internal/store/sqlite"
)

// desk is a service on a real store with a clock that tests move.
type desk struct {
	*Service
	db    *store.DB
	mu    sync.Mutex
	now   time.Time
	ahead time.Duration // of the business clock
	dir   string
	admin Actor
}

func (d *desk) clock() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now
}

func (d *desk) wait(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
}

// business is the business clock, which the demonstration moves apart from the security clock.
func (d *desk) business() time.Time { return d.clock().Add(d.ahead) }

const (
	adminPassword  = "Lake-Poyang-7"
	lockFor        = 30 * time.Minute
	defaultIdle    = 10 * time.Minute
	defaultLongest = 12 * time.Hour
)

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := newDeskWithout(t)
	if err := d.Setup(t.Context(), d.SetupToken(), "Admin", "管理员", adminPassword); err != nil {
		t.Fatal(err)
	}
	in, err := d.SignIn(t.Context(), Credentials{Login: " ＡDMIN ", Password: adminPassword})
	if err != nil {
		t.Fatal(err)
	}
	d.admin = in.Actor
	return d
}

// newDeskWithout has no account yet.
func newDeskWithout(t testing.TB) *desk {
	t.Helper()
	rules := shipped(t)
	d := &desk{now: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC), dir: t.TempDir()}
	engine, err := sqlite.Open(t.Context(), d.dir, sqlite.Options{Relaxed: true})
	if err != nil {
		t.Fatal(err)
	}
	if d.db, err = store.Open(t.Context(), engine, store.Options{Now: d.clock, MasterKey: make([]byte, 32)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.db.Close(); err != nil {
			t.Error(err)
		}
	})
	if d.Service, err = NewService(t.Context(), d.db, NewGuard(rules, TenureTable{}), Clocks{Business: d.business, Security: d.clock}, Options{HashMemoryKiB: 64}); err != nil {
		t.Fatal(err)
	}
	return d
}

// TestHashCost: what a hash costs where nothing else is asked for, and that the tests' cheap ones are cheap for a known and an unknown login alike.
func TestHashCost(t *testing.T) {
	for asked, want := range map[uint32]uint32{0: 19 * 1024, 64: 64} {
		h, err := newHasher(t.Context(), Options{HashMemoryKiB: asked}.withDefaults().HashMemoryKiB)
		if err != nil {
			t.Fatal(err)
		}
		made, err := h.hash(t.Context(), adminPassword)
		if err != nil {
			t.Fatal(err)
		}
		cost := fmt.Sprintf(hashText, 19, want, 2, 1)
		if !strings.HasPrefix(h.dummy, cost) || !strings.HasPrefix(made, cost) {
			t.Errorf("asked for %d KiB: a hash costs %q, the dummy %q, want %q", asked, made, h.dummy, cost)
		}
	}
}

// another is a second process on the same data: it shares the store and has its own memory.
func (d *desk) another() *Service {
	s := &Service{db: d.db, guard: d.guard, clocks: d.clocks, opt: d.opt, hasher: d.hasher,
		accounts: d.accounts, sessions: d.sessions, limits: d.limits, codes: d.codes}
	s.cache.live = make(map[string]*liveSession)
	return s
}

func wantKind(t *testing.T, err error, kind fault.Kind) {
	t.Helper()
	if fault.KindOf(err) != kind {
		t.Fatalf("got %v, want %q", err, kind)
	}
}

// records counts the journal: a refused call writes nothing.
func (d *desk) records(t *testing.T) int64 {
	t.Helper()
	n, err := d.db.Engine().LastN(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFieldsOfStoredTypesAreTagged(t *testing.T) {
	for name, err := range map[string]error{"account": store.CheckType[Account](), "session": store.CheckType[session](), "code": store.CheckType[usedCode](), "tries": store.CheckType[tries](),
		"chain": store.CheckType[Chain](), "approval": store.CheckType[Approval](), "data request": store.CheckType[DataRequest]()} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	golden, err := os.ReadFile("testdata/account.fields")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(store.FieldNames[Account](), "\n") + "\n"; got != string(golden) {
		t.Errorf("stored fields changed; old records would not be read:\n%s", got)
	}
}

func TestSetupOnce(t *testing.T) {
	d := newDesk(t)
	before := d.records(t)
	wantKind(t, d.Setup(t.Context(), d.SetupToken(), "second", "第二", adminPassword), fault.Forbidden)
	if open, err := d.SetupOpen(t.Context()); err != nil || open {
		t.Fatal(open, err)
	}
	if d.records(t) != before {
		t.Error("a refused setup wrote something")
	}
}

func TestAccountLife(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	before := d.records(t)
	_, _, err := d.CreateAccount(ctx, d.admin, "x", "")
	wantKind(t, err, fault.Invalid)
	if len(fault.FieldsOf(err)) != 2 {
		t.Fatalf("every refused field is named: %v", err)
	}
	_, _, err = d.CreateAccount(ctx, Actor{}, "zhang", "张敏")
	wantKind(t, err, fault.Unauthenticated)
	if d.records(t) != before {
		t.Fatal("a refused call wrote something")
	}
	id, oneTime, err := d.CreateAccount(ctx, d.admin, "zhang", "张敏")
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = d.CreateAccount(ctx, d.admin, "ZHANG", "另一个")
	wantKind(t, err, fault.Conflict)
	in, err := d.SignIn(ctx, Credentials{Login: "zhang", Password: oneTime})
	if err != nil || !in.Actor.MustChangePassword {
		t.Fatalf("%+v %v", in, err)
	}
	wantKind(t, d.guard.Require(in.Actor, ReadTodo), fault.Forbidden)
	for password, wrong := range map[string]string{"short": "至少", "alllowercase": "类", "Zhang-2026": "用户名"} {
		err := d.ChangePassword(ctx, in.Actor, oneTime, password)
		wantKind(t, err, fault.Invalid)
		if !strings.Contains(fault.FieldsOf(err)[0].Message, wrong) {
			t.Errorf("%q: %v", password, err)
		}
	}
	wantKind(t, d.ChangePassword(ctx, in.Actor, "not it", "Lake-Poyang-8"), fault.Invalid)
	if err := d.ChangePassword(ctx, in.Actor, oneTime, "Lake-Poyang-8"); err != nil {
		t.Fatal(err)
	}
	_, err = d.Resolve(ctx, in.Token)
	wantKind(t, err, fault.Unauthenticated)
	if in, err = d.SignIn(ctx, Credentials{Login: "zhang", Password: "Lake-Poyang-8"}); err != nil || in.Actor.MustChangePassword {
		t.Fatalf("%+v %v", in, err)
	}
	wantKind(t, d.ChangePassword(ctx, in.Actor, "Lake-Poyang-8", "Lake-Poyang-8"), fault.Invalid)
	one, err := d.OneAccount(ctx, d.admin, id)
	if err != nil || one.Name != "张敏" || one.Login != "zhang" {
		t.Fatalf("%+v %v", one, err)
	}
	day := calendar.DateOf(d.clock())
	inspector := Appointment{Role: "inspector", Unit: "county", Scopes: []string{"county"}, Days: Span{From: day}}
	wantKind(t, d.Appoint(ctx, d.admin, id, one.Seq, Appointment{Role: "nobody"}), fault.Invalid)
	if err := d.Appoint(ctx, d.admin, id, one.Seq, inspector); err != nil {
		t.Fatal(err)
	}
	wantKind(t, d.Appoint(ctx, d.admin, id, one.Seq, inspector), fault.Conflict)
	wantKind(t, d.Appoint(ctx, d.admin, d.admin.ID, 1, inspector), fault.Forbidden)
	actor, err := d.Resolve(ctx, in.Token)
	if err != nil || !actor.Has("inspector") {
		t.Fatalf("the appointment does not hold at once: %+v %v", actor, err)
	}
	if err := d.EndAppointment(ctx, d.admin, id, one.Seq+1, 0); err != nil {
		t.Fatal(err)
	}
	if actor, err = d.Resolve(ctx, in.Token); err != nil || actor.Has("inspector") {
		t.Fatalf("%+v %v", actor, err)
	}
	if err := d.SetDisabled(ctx, d.admin, id, one.Seq+2, true); err != nil {
		t.Fatal(err)
	}
	_, err = d.Resolve(ctx, in.Token)
	wantKind(t, err, fault.Unauthenticated)
	_, err = d.SignIn(ctx, Credentials{Login: "zhang", Password: "Lake-Poyang-8"})
	wantKind(t, err, fault.Unauthenticated)
	list, next, err := d.ListAccounts(ctx, d.admin, "")
	if err != nil || len(list) != 2 || next != "" {
		t.Fatalf("%+v %q %v", list, next, err)
	}
}

func TestOneLoginOneAccount(t *testing.T) {
	d := newDesk(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 6 {
		wg.Go(func() {
			_, _, err := d.CreateAccount(context.Background(), d.admin, "same", "同名")
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won++
			} else if !fault.Is(err, fault.Conflict) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won != 1 {
		t.Fatalf("%d accounts share a login", won)
	}
}

// person opens an account with the roles and signs in with a password of its own.
func (d *desk) person(t *testing.T, login string, roles ...Role) (id string, in SignedIn) {
	t.Helper()
	ctx := t.Context()
	id, oneTime, err := d.CreateAccount(ctx, d.admin, login, "姓名"+login)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range roles {
		if err := d.Appoint(ctx, d.admin, id, int64(i+1), Appointment{Role: r, Scopes: []string{County}}); err != nil {
			t.Fatal(err)
		}
	}
	if in, err = d.SignIn(ctx, Credentials{Login: login, Password: oneTime}); err != nil {
		t.Fatal(err)
	}
	if err := d.ChangePassword(ctx, in.Actor, oneTime, "Own-Password-1"); err != nil {
		t.Fatal(err)
	}
	if in, err = d.SignIn(ctx, Credentials{Login: login, Password: "Own-Password-1"}); err != nil {
		t.Fatal(err)
	}
	return id, in
}

func (d *desk) seq(t *testing.T, id string) int64 {
	t.Helper()
	one, err := d.OneAccount(t.Context(), d.admin, id)
	if err != nil {
		t.Fatal(err)
	}
	return one.Seq
}

// TestTwoFirstAdministrators: of two first starts one wins, and the login of the other stays free.
func TestTwoFirstAdministrators(t *testing.T) {
	d := newDeskWithout(t)
	errs := make([]error, 2)
	var wg sync.WaitGroup
	for i, login := range []string{"left", "right"} {
		wg.Go(func() { errs[i] = d.Setup(context.Background(), d.SetupToken(), login, "管理员", adminPassword) })
	}
	wg.Wait()
	won := 0
	for i, login := range []string{"left", "right"} {
		in, err := d.SignIn(t.Context(), Credentials{Login: login, Password: adminPassword})
		if (errs[i] == nil) != (err == nil) {
			t.Errorf("%s: setup %v, sign-in %v", login, errs[i], err)
		}
		if errs[i] == nil {
			won, d.admin = won+1, in.Actor
		}
	}
	if won != 1 {
		t.Fatalf("%d first administrators: %v", won, errs)
	}
	for i, login := range []string{"left", "right"} {
		if _, _, err := d.CreateAccount(t.Context(), d.admin, login, "后来"); (err == nil) != (errs[i] != nil) {
			t.Errorf("%s: %v", login, err)
		}
	}
}

// TestSetupAfterCrash: a crash between claim and account leaves setup open, and the half claimed login opens nothing.
func TestSetupAfterCrash(t *testing.T) {
	d := newDeskWithout(t)
	ctx := t.Context()
	if err := d.db.Claim(ctx, store.Meta{By: "system", Action: "setup.run"}, loginClaim, "crashed", accountKind+"/"+firstAccount); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"", "wrong", d.SetupToken() + "x"} {
		wantKind(t, d.Setup(ctx, token, "boss", "管理员", adminPassword), fault.Forbidden)
	}
	err := d.Setup(ctx, d.SetupToken(), "?", "", "short")
	wantKind(t, err, fault.Invalid)
	if len(fault.FieldsOf(err)) != 3 {
		t.Errorf("every refused field is named: %v", err)
	}
	if err := d.Setup(ctx, d.SetupToken(), "boss", "管理员", adminPassword); err != nil {
		t.Fatal(err)
	}
	_, err = d.SignIn(ctx, Credentials{Login: "crashed", Password: adminPassword})
	wantKind(t, err, fault.Unauthenticated)
	if _, err := d.SignIn(ctx, Credentials{Login: "boss", Password: adminPassword}); err != nil {
		t.Fatal(err)
	}
}

func TestLastFivePasswords(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	current := adminPassword
	for _, next := range []string{"Second-2", "Third-33", "Fourth-4", "Fifth-55"} {
		if err := d.ChangePassword(ctx, d.admin, current, next); err != nil {
			t.Fatal(err)
		}
		current = next
	}
	wantKind(t, d.ChangePassword(ctx, d.admin, current, adminPassword), fault.Invalid) // the fifth back
	if err := d.ChangePassword(ctx, d.admin, current, "Sixth-66"); err != nil {
		t.Fatal(err)
	}
	if err := d.ChangePassword(ctx, d.admin, "Sixth-66", adminPassword); err != nil {
		t.Fatalf("the sixth back may be used again: %v", err)
	}
}

func TestPasswordRules(t *testing.T) {
	tests := []struct {
		password string
		ok       bool
	}{
		{"Abcdef1", false}, {"Abcdefg1", true}, {"abcdefg1", false}, {"abcdef1!", true}, {"ABCDEF1!", true}, {"密码密码Ab1好", true},
		{"密码密码密码密码", false}, {"Abcdef1\n!", false}, {"Abcdef1\x00!", false}, {"", false}, {strings.Repeat("Aa1", 42) + "Aa", true},
		{strings.Repeat("Aa1", 43), false}, {"Zhang-2026", false}, {"xZHANGx-1", false}, {"\xff\xfeAbcdef12", false},
	}
	for _, tt := range tests {
		if bad := passwordFaults(tt.password, "zhang"); (len(bad) == 0) != tt.ok {
			t.Errorf("%q: %v", tt.password, bad)
		}
	}
	for range 200 {
		p, err := oneTimePassword()
		if err != nil || passwordFaults(p, "") != nil {
			t.Fatalf("%q: %v", p, err)
		}
	}
}

// TestOneTimePasswordRunsOut: an issued password that nobody used is worth nothing after three days.
func TestOneTimePasswordRunsOut(t *testing.T) {
	d := newDesk(t)
	_, oneTime, err := d.CreateAccount(t.Context(), d.admin, "late", "迟到")
	if err != nil {
		t.Fatal(err)
	}
	d.wait(72*time.Hour + time.Second)
	_, err = d.SignIn(t.Context(), Credentials{Login: "late", Password: oneTime})
	wantKind(t, err, fault.Unauthenticated)
}

func TestResetLiftsLockAndSecondFactor(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id, in := d.person(t, "wang", "inspector")
	secret, _, err := d.NewTOTP(ctx, in.Actor)
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(secret, d.clock())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.EnableTOTP(ctx, in.Actor, secret, code); err != nil {
		t.Fatal(err)
	}
	wantKind(t, d.EnableTOTP(ctx, in.Actor, secret, code), fault.Invalid)
	wantKind(t, d.DisableTOTP(ctx, in.Actor, "wrong"), fault.Invalid)
	for range 5 {
		_, err = d.SignIn(ctx, Credentials{Login: "wang", Password: "wrong"})
		wantKind(t, err, fault.Unauthenticated)
	}
	oneTime, err := d.ResetPassword(ctx, d.admin, id, d.seq(t, id))
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Resolve(ctx, in.Token)
	wantKind(t, err, fault.Unauthenticated)
	again, err := d.SignIn(ctx, Credentials{Login: "wang", Password: oneTime})
	if err != nil || !again.Actor.MustChangePassword || again.Actor.SecondFactor {
		t.Fatalf("%+v %v", again.Actor, err)
	}
	_, err = d.ResetPassword(ctx, d.admin, d.admin.ID, d.seq(t, d.admin.ID))
	wantKind(t, err, fault.Forbidden)
	_, err = d.ResetPassword(ctx, again.Actor, id, d.seq(t, id))
	wantKind(t, err, fault.Forbidden)
	_, err = d.ResetPassword(ctx, d.admin, "no/such", 1)
	wantKind(t, err, fault.NotFound)
}

// TestAppointmentsFollowTheBusinessClock: the first and the last day count, and a session opened before notices the change of day.
func TestAppointmentsFollowTheBusinessClock(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	id, in := d.person(t, "li")
	today := calendar.DateOf(d.business())
	ap := Appointment{Role: "inspector", Scopes: []string{"c:c1"}, Days: Span{From: today.Add(1), Until: today.Add(2)}}
	if err := d.Appoint(ctx, d.admin, id, d.seq(t, id), ap); err != nil {
		t.Fatal(err)
	}
	for day, want := range []bool{false, true, true, false} {
		d.ahead = time.Duration(day) * 24 * time.Hour
		by, err := d.Resolve(ctx, in.Token)
		if err != nil || by.Has("inspector") != want {
			t.Errorf("day %d: %+v %v", day, by.Appointments, err)
		}
	}
	d.ahead = 0
	wantKind(t, d.EndAppointment(ctx, d.admin, id, d.seq(t, id), 7), fault.NotFound)
	wantKind(t, d.EndAppointment(ctx, d.admin, id, d.seq(t, id)-1, 7), fault.Conflict) // an outdated page comes before a wrong index
	if err := d.EndAppointment(ctx, d.admin, id, d.seq(t, id), 0); err != nil {
		t.Fatal(err)
	}
	one, err := d.OneAccount(ctx, d.admin, id)
	if err != nil || len(one.Appointments) != 0 {
		t.Errorf("an appointment that never began still stands: %+v %v", one.Appointments, err)
	}
}

func TestAppointmentRules(t *testing.T) {
	r := shipped(t)
	today := date(t, "2026-10-19")
	many := make([]string, 65)
	for i := range many {
		many[i] = ProjectKey(strings.Repeat("x", i%60+1) + string(rune('a'+i/60)))
	}
	tests := []struct {
		name  string
		held  []Appointment
		ap    Appointment
		field string
	}{
		{"an inspector of a township", nil, Appointment{Role: "inspector", Scopes: []string{"t:t1"}}, ""},
		{"no role", nil, Appointment{}, "role"},
		{"unknown role", nil, Appointment{Role: "king"}, "role"},
		{"nobody is appointed system", nil, Appointment{Role: System}, "role"},
		{"an auditor by order", nil, narrow(today), ""},
		{"end before begin", nil, Appointment{Role: "inspector", Days: Span{From: today, Until: today.Add(-1)}}, "until"},
		{"one day", nil, Appointment{Role: "inspector", Days: Span{From: today, Until: today}}, ""},
		{"a malformed scope", nil, Appointment{Role: "inspector", Scopes: []string{"c:c1", "x:1"}}, "scopes[1]"},
		{"a malformed unit", nil, Appointment{Role: "inspector", Unit: "住建局"}, "unit"},
		{"a department", nil, Appointment{Role: "department_handler", Unit: "u:fire", Scopes: []string{County}}, ""},
		{"a firm's own projects", nil, Appointment{Role: "project_manager", Unit: "f:f1", Scopes: []string{"f:f1", "p:p1"}}, ""},
		{"another firm's rows", nil, Appointment{Role: "firm_manager", Unit: "f:f1", Scopes: []string{"f:f2"}}, "scopes[0]"},
		{"the county for a firm", nil, Appointment{Role: "firm_manager", Unit: "f:f1", Scopes: []string{County}}, "scopes[0]"},
		{"an administrator who inspects", []Appointment{{Role: Administrator}}, Appointment{Role: "inspector"}, "role"},
		{"an auditor who administers", []Appointment{{Role: "audit_officer"}}, Appointment{Role: Administrator}, "role"},
		{"a former administrator may inspect", []Appointment{{Role: Administrator, Days: Span{Until: today.Add(-1)}}}, Appointment{Role: "inspector"}, ""},
		{"a future administrator may not", []Appointment{{Role: Administrator, Days: Span{From: today.Add(9)}}}, Appointment{Role: "inspector"}, "role"},
		{"more keys than a query asks for", nil, Appointment{Role: "inspector", Scopes: many}, "scopes"},
		{"a role that was removed since does not block", []Appointment{{Role: "gone"}}, Appointment{Role: "inspector"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			bad := append(r.appointmentFaults(tt.ap), r.togetherFaults(append(tt.held, tt.ap), today)...)
			if tt.field == "" && len(bad) > 0 || tt.field != "" && (len(bad) != 1 || bad[0].Name != tt.field) {
				t.Errorf("%v, want %q", bad, tt.field)
			}
		})
	}
}

// TestNoSecretOnDisk searches the data folder for what must be stored as ciphertext or hash only.
func TestNoSecretOnDisk(t *testing.T) {
	d := newDesk(t)
	_, in := d.person(t, "findme-login", "inspector")
	secret, _, err := d.NewTOTP(t.Context(), in.Actor)
	if err != nil {
		t.Fatal(err)
	}
	code, err := totp.GenerateCode(secret, d.clock())
	if err != nil {
		t.Fatal(err)
	}
	if err := d.EnableTOTP(t.Context(), in.Actor, secret, code); err != nil {
		t.Fatal(err)
	}
	issued, err := d.CreateAccounts(t.Context(), d.admin, "file", []NewAccount{{Login: "findme-batch", Name: "姓名findme"}})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	err = filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		found += bytes.Count(body, []byte("inspector"))
		for _, text := range []string{"findme-login", "findme-batch", issued[0].OneTime, "姓名findme", "argon2id", "Own-Password-1", adminPassword, in.Token, secret, d.SetupToken()} {
			if bytes.Contains(body, []byte(text)) {
				t.Errorf("%s holds %q", filepath.Base(path), text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("the search reads nothing: a role must be found")
	}
}

func FuzzParseHash(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0$a2V5a2V5a2V5a2V5a2V5a2V5")
	f.Add("$argon2id$v=19$m=4294967295,t=2,p=1$$")
	f.Fuzz(func(t *testing.T, text string) {
		if p, err := parseHash(text); err == nil && (p.memory > 64*1024 || p.passes > 10 || len(p.key) > 64) {
			t.Fatalf("a damaged hash would cost too much: %+v", p)
		}
	})
}
