package policy

import (
	"context"
	"os"
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

const adminPassword = "Lake-Poyang-7"

func newDesk(t *testing.T) *desk {
	t.Helper()
	rules := shipped(t)
	d := &desk{now: time.Date(2026, 10, 19, 1, 0, 0, 0, time.UTC)}
	engine, err := sqlite.Open(t.Context(), t.TempDir(), sqlite.Options{Relaxed: true})
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
	if d.Service, err = NewService(t.Context(), d.db, NewGuard(rules, TenureTable{}), Clocks{Business: d.clock, Security: d.clock}, Options{}); err != nil {
		t.Fatal(err)
	}
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
	for name, err := range map[string]error{"account": store.CheckType[Account](), "session": store.CheckType[session](), "failures": store.CheckType[failures](),
		"chain": store.CheckType[Chain](), "approval": store.CheckType[Approval]()} {
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

func TestLockOut(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	var messages []string
	for range lockAfter {
		_, err := d.SignIn(ctx, Credentials{Login: "admin", Password: "wrong"})
		wantKind(t, err, fault.Unauthenticated)
		messages = append(messages, fault.MessageOf(err))
	}
	_, err := d.SignIn(ctx, Credentials{Login: "admin", Password: adminPassword})
	wantKind(t, err, fault.Unauthenticated)
	_, unknown := d.SignIn(ctx, Credentials{Login: "nobody", Password: "x"})
	for _, m := range append(messages, fault.MessageOf(unknown)) {
		if m != fault.MessageOf(err) {
			t.Errorf("the message tells names, wrong passwords and locks apart: %q", m)
		}
	}
	d.wait(lockFor - time.Second)
	_, err = d.SignIn(ctx, Credentials{Login: "admin", Password: adminPassword})
	wantKind(t, err, fault.Unauthenticated)
	d.wait(2 * time.Second)
	if _, err = d.SignIn(ctx, Credentials{Login: "admin", Password: adminPassword}); err != nil {
		t.Fatalf("the lock did not end: %v", err)
	}
}

func TestSessionEnds(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	signIn := func(previous string) SignedIn {
		t.Helper()
		in, err := d.SignIn(ctx, Credentials{Login: "admin", Password: adminPassword, PreviousToken: previous})
		if err != nil {
			t.Fatal(err)
		}
		return in
	}
	idle := signIn("")
	d.wait(defaultIdle - time.Second)
	if _, err := d.Resolve(ctx, idle.Token); err != nil {
		t.Fatal(err)
	}
	d.wait(defaultIdle - time.Second)
	if _, err := d.Resolve(ctx, idle.Token); err != nil {
		t.Fatalf("a request did not keep the session alive: %v", err)
	}
	d.wait(defaultIdle)
	_, err := d.Resolve(ctx, idle.Token)
	wantKind(t, err, fault.Unauthenticated)

	long := signIn("")
	for range int(defaultLongest / (5 * time.Minute)) {
		d.wait(5*time.Minute - time.Second)
		if _, err := d.Resolve(ctx, long.Token); err != nil {
			t.Fatal(err)
		}
	}
	d.wait(5 * time.Minute)
	_, err = d.Resolve(ctx, long.Token)
	wantKind(t, err, fault.Unauthenticated)

	first := signIn("")
	second := signIn(first.Token)
	_, err = d.Resolve(ctx, first.Token)
	wantKind(t, err, fault.Unauthenticated)
	other := signIn("")
	if err := d.SignOut(ctx, second.Actor); err != nil {
		t.Fatal(err)
	}
	_, err = d.Resolve(ctx, second.Token)
	wantKind(t, err, fault.Unauthenticated)
	if err := d.SignOutEverywhere(ctx, other.Actor); err != nil {
		t.Fatal(err)
	}
	_, err = d.Resolve(ctx, other.Token)
	wantKind(t, err, fault.Unauthenticated)
	_, err = d.Resolve(ctx, "")
	wantKind(t, err, fault.Unauthenticated)
}

func TestOneTimeCodes(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	secret, address, err := d.NewTOTP(ctx, d.admin)
	if err != nil || !strings.HasPrefix(address, "otpauth://totp/") {
		t.Fatal(address, err)
	}
	wantKind(t, d.EnableTOTP(ctx, d.admin, secret, "000000x"), fault.Invalid)
	code := func() string {
		c, err := totp.GenerateCode(secret, d.clock())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	if err := d.EnableTOTP(ctx, d.admin, secret, code()); err != nil {
		t.Fatal(err)
	}
	_, err = d.SignIn(ctx, Credentials{Login: "admin", Password: adminPassword})
	wantKind(t, err, fault.Unauthenticated)
	in, err := d.SignIn(ctx, Credentials{Login: "admin", Password: adminPassword, Code: code()})
	if err != nil || !in.Actor.SecondFactor {
		t.Fatalf("%+v %v", in, err)
	}
	_, err = d.SignIn(ctx, Credentials{Login: "admin", Password: adminPassword, Code: code()})
	wantKind(t, err, fault.Unauthenticated)
}
