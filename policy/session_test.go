package policy

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

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

// TestAnotherProcessNotices: what one process ends, another stops believing within recheckEvery, and never brings back.
func TestAnotherProcessNotices(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	other := d.another()
	id, in := d.person(t, "zhou", "inspector")
	if _, err := other.Resolve(ctx, in.Token); err != nil {
		t.Fatal(err)
	}
	// The other process holds the session; its next request is late enough to be written down, but the session has ended.
	d.wait(seenEvery + time.Second)
	if err := d.SignOut(ctx, in.Actor); err != nil {
		t.Fatal(err)
	}
	_, err := other.Resolve(ctx, in.Token)
	wantKind(t, err, fault.Unauthenticated)
	if _, err := d.sessions.Get(ctx, hashToken(in.Token)); !fault.Is(err, fault.NotFound) {
		t.Errorf("the ended session is back: %v", err)
	}
	if in, err = d.SignIn(ctx, Credentials{Login: "zhou", Password: "Own-Password-1"}); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Resolve(ctx, in.Token); err != nil {
		t.Fatal(err)
	}
	if err := d.SetDisabled(ctx, d.admin, id, d.seq(t, id), true); err != nil {
		t.Fatal(err)
	}
	d.wait(recheckEvery)
	_, err = other.Resolve(ctx, in.Token)
	wantKind(t, err, fault.Unauthenticated)
}

// TestRequestsInOneProcessKeepAnotherAwake: the last request is written, so that a second process does not call the session idle.
func TestRequestsInOneProcessKeepAnotherAwake(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	other := d.another()
	_, in := d.person(t, "wu")
	if _, err := other.Resolve(ctx, in.Token); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		d.wait(2 * time.Minute)
		if _, err := d.Resolve(ctx, in.Token); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := other.Resolve(ctx, in.Token); err != nil {
		t.Fatalf("the other process called the session idle: %v", err)
	}
}

// TestResolveWritesOncePerMinute: a busy session costs one write a minute.
func TestResolveWritesOncePerMinute(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	_, in := d.person(t, "zheng")
	first, err := d.sessions.Get(ctx, hashToken(in.Token))
	if err != nil {
		t.Fatal(err)
	}
	for range 119 {
		d.wait(time.Second)
		if _, err := d.Resolve(ctx, in.Token); err != nil {
			t.Fatal(err)
		}
	}
	last, err := d.sessions.Get(ctx, hashToken(in.Token))
	if err != nil || last.Rev-first.Rev != 1 {
		t.Errorf("%d writes in 119 seconds: %v", last.Rev-first.Rev, err)
	}
}

func TestSignInsAreLogged(t *testing.T) {
	log, err := OpenAccessLog(t.TempDir(), 0)
	if err != nil {
		t.Fatal(err)
	}
	d := newDeskWithout(t)
	d.opt.Log = log
	if err := d.Setup(t.Context(), d.SetupToken(), "admin", "管理员", adminPassword); err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		password := "wrong"
		if i == 0 {
			password = adminPassword
		}
		if _, err := d.SignIn(t.Context(), Credentials{Login: "admin", Password: password, Source: "10.0.0.7"}); (err == nil) != (i == 0) {
			t.Fatal(err)
		}
	}
	var got []AccessKind
	if err := log.Read(calendar.DateOf(d.clock()), func(e AccessEvent) bool {
		got = append(got, e.Event)
		if e.Source != "10.0.0.7" {
			t.Errorf("%+v", e)
		}
		return true
	}); err != nil {
		t.Fatal(err)
	}
	if want := []AccessKind{EventSignedIn, EventLocked}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestPasswordDueIsAskedNotForced(t *testing.T) {
	d := newDesk(t)
	d.wait(90*24*time.Hour + time.Minute)
	in, err := d.SignIn(t.Context(), Credentials{Login: "admin", Password: adminPassword})
	if err != nil || !in.Actor.PasswordDue || in.Actor.MustChangePassword || !d.guard.Allow(in.Actor, ReadAccounts) {
		t.Fatalf("%+v %v", in.Actor, err)
	}
}

// BenchmarkResolve is what every signed-in request pays.
func BenchmarkResolve(b *testing.B) {
	d := newDesk(b)
	in, err := d.SignIn(b.Context(), Credentials{Login: "admin", Password: adminPassword})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := d.Resolve(b.Context(), in.Token); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSignIn is dominated by one argon2id hash of 19 MiB.
func BenchmarkSignIn(b *testing.B) {
	d := newDesk(b)
	d.hasher.memory = argonMemoryKiB
	if err := d.ChangePassword(b.Context(), d.admin, adminPassword, "Lake-Poyang-8"); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := d.SignIn(b.Context(), Credentials{Login: "admin", Password: "Lake-Poyang-8"}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestLockOut(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	var messages []string
	for range 5 {
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

// TestParallelTriesAreCounted: guesses sent at the same time do not outrun the lock.
func TestParallelTriesAreCounted(t *testing.T) {
	d := newDesk(t)
	// A real hash: while it runs, all the others arrive, and wait for as long as a slow machine needs.
	d.hasher.memory, d.hasher.patient = argonMemoryKiB, time.Hour
	if err := d.ChangePassword(t.Context(), d.admin, adminPassword, "Lake-Poyang-8"); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := d.SignIn(context.Background(), Credentials{Login: "admin", Password: "wrong"}); !fault.Is(err, fault.Unauthenticated) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	got, err := d.limits.Get(t.Context(), d.limitID("admin"))
	if err != nil || got.State.Failures != 5 {
		t.Fatalf("%d passwords were compared before the lock: %v", got.State.Failures, err)
	}
}

// TestLockAlsoGuardsPasswordChange: a stolen session is no way around the lock.
func TestLockAlsoGuardsPasswordChange(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	for range 5 {
		wantKind(t, d.ChangePassword(ctx, d.admin, "wrong", "Lake-Poyang-8"), fault.Invalid)
	}
	wantKind(t, d.ChangePassword(ctx, d.admin, adminPassword, "Lake-Poyang-8"), fault.Invalid)
	d.wait(lockFor)
	if err := d.ChangePassword(ctx, d.admin, adminPassword, "Lake-Poyang-8"); err != nil {
		t.Fatal(err)
	}
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
	_, err = d.SignIn(ctx, Credentials{Login: "admin", Password: adminPassword, Code: code()})
	wantKind(t, err, fault.Unauthenticated) // switching on has used this code
	d.wait(totpPeriod * time.Second)
	in, err := d.SignIn(ctx, Credentials{Login: "admin", Password: adminPassword, Code: code()})
	if err != nil || !in.Actor.SecondFactor {
		t.Fatalf("%+v %v", in, err)
	}
	_, err = d.SignIn(ctx, Credentials{Login: "admin", Password: adminPassword, Code: code()})
	wantKind(t, err, fault.Unauthenticated)
	// Before a signature a fresh code stands for the password, once; the password still does.
	wantKind(t, d.Reauthenticate(ctx, d.admin, code()), fault.Invalid) // used to sign in
	d.wait(totpPeriod * time.Second)
	for _, c := range []struct {
		given string
		kind  fault.Kind
	}{{adminPassword, ""}, {" " + code() + " ", ""}, {code(), fault.Invalid}, {"12345", fault.Invalid}} {
		err := d.Reauthenticate(ctx, d.admin, c.given)
		if c.kind == "" && err != nil || c.kind != "" && !fault.Is(err, c.kind) {
			t.Errorf("%q: %v", c.given, err)
		}
	}
}

// TestEndedSessionStaysEnded: a request that is under way while the session ends does not write it back.
func TestEndedSessionStaysEnded(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	d.person(t, "chen")
	for range 60 {
		in, err := d.SignIn(ctx, Credentials{Login: "chen", Password: "Own-Password-1"})
		if err != nil {
			t.Fatal(err)
		}
		d.wait(seenEvery)
		var wg sync.WaitGroup
		for range 3 {
			other := d.another()
			wg.Go(func() {
				if _, err := other.Resolve(ctx, in.Token); err != nil && !fault.Is(err, fault.Unauthenticated) {
					t.Error(err)
				}
			})
		}
		wg.Go(func() {
			if err := d.SignOut(ctx, in.Actor); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		if _, err := d.sessions.Get(ctx, hashToken(in.Token)); !fault.Is(err, fault.NotFound) {
			t.Fatalf("the ended session is back: %v", err)
		}
	}
}

// TestOwnChangesDoNotCollide: signing out everywhere works although another device does the same at that moment.
func TestOwnChangesDoNotCollide(t *testing.T) {
	d := newDesk(t)
	id, in := d.person(t, "feng")
	before := d.seq(t, id)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				if err := d.SignOutEverywhere(context.Background(), in.Actor); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := d.seq(t, id) - before; got != 80 {
		t.Errorf("%d changes", got)
	}
}

// TestProcessesCountTogether: failures at several processes at once all count.
func TestProcessesCountTogether(t *testing.T) {
	d := newDesk(t)
	for round := range 20 {
		login := "nobody" + string(rune('a'+round))
		var wg sync.WaitGroup
		for range 4 {
			other := d.another()
			wg.Go(func() {
				if _, err := other.SignIn(context.Background(), Credentials{Login: login, Password: "wrong"}); !fault.Is(err, fault.Unauthenticated) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got, err := d.limits.Get(t.Context(), d.limitID(login)); err != nil || got.State.Failures != 4 {
			t.Fatalf("%d failures counted: %v", got.State.Failures, err)
		}
	}
}
