package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// Credentials are what a person types at sign-in.
type Credentials struct {
	// Login as typed; compared without regard to case, width and surrounding blanks.
	Login string
	// Password as typed.
	Password string
	// Code is the six-digit one-time code, "" if the account has none.
	Code string
	// Source is the address of the peer, for the log of sign-ins.
	Source string
	// PreviousToken is the token in the cookie of the request, if any; that session ends (rotation).
	PreviousToken string
}

// SignedIn is the answer to a successful sign-in.
type SignedIn struct {
	// Token is 256 random bits, base64url without padding; only the person's cookie holds it.
	Token string
	// Actor is the person, as Resolve would return it.
	Actor Actor
	// Until is when the session ends whatever happens (12 hours by default).
	Until time.Time
	// Idle is the idle log-out in force.
	Idle time.Duration
}

// session is a stored session; its id is the SHA-256 of the token. All times are of the security clock.
type session struct {
	Account string       `json:"account" privacy:"internal"`
	Epoch   int64        `json:"epoch"`
	Seen    journal.Time `json:"seen"`
	Until   journal.Time `json:"until"`
	// SecondFactor: opened with a one-time code.
	SecondFactor bool `json:"second_factor,omitempty"`
}

// tries counts the failures of one login.
type tries struct {
	Failures int64        `json:"failures"`
	Last     journal.Time `json:"last"`
}

// usedCode marks a one-time code as used.
type usedCode struct{}

const (
	tokenChars = 43
	// seenEvery is how often the last request of a session is written; in between it is in memory only.
	seenEvery = time.Minute
	// recheckEvery bounds how long another process may not notice that a session or account ended.
	recheckEvery = 10 * time.Second
	// maxTyped bounds what is hashed at all, in bytes.
	maxTyped = 1024
)

// badCredentials is the one answer to every failed sign-in: it must not tell which part was wrong.
func (s *Service) badCredentials() error {
	return fault.New("policy.SignIn", fault.Unauthenticated, fmt.Sprintf(
		"用户名、密码或动态口令不正确，或者账号已停用、已锁定。连续 %d 次错误锁定 %d 分钟。", s.opt.LockAfter, int(s.opt.LockFor/time.Minute)))
}

func (s *Service) limitID(login string) string { return s.db.MAC("limit/login", login) }

// oneAtATime holds the lock of a login.
func (s *Service) oneAtATime(limit string) *sync.Mutex {
	return &s.perLogin[int(limit[0]^limit[1]*7^limit[2]*31)%len(s.perLogin)]
}

// locked reports whether a login has failed too often of late.
func (s *Service) locked(ctx context.Context, limit string) (bool, error) {
	t, err := s.limits.Get(ctx, limit)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return t.State.Failures >= s.opt.LockAfter && s.clocks.Security().Before(t.State.Last.Add(s.opt.LockFor)), nil
}

// failed counts one failure. Failures are forgotten LockFor after the last one, or at a successful sign-in.
func (s *Service) failed(ctx context.Context, limit, source string) error {
	for {
		old, err := s.limits.Get(ctx, limit)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		now := s.clocks.Security()
		next := tries{Failures: 1, Last: journal.At(now)}
		if err == nil && now.Before(old.State.Last.Add(s.opt.LockFor)) {
			next.Failures = old.State.Failures + 1
		}
		_, err = s.limits.Swap(ctx, limit, old.Rev, next, s.expires(now.Add(s.opt.LockFor)))
		if fault.Is(err, fault.Conflict) && ctx.Err() == nil {
			continue
		}
		if err == nil && next.Failures == s.opt.LockAfter {
			s.record(AccessEvent{Event: EventLocked, Action: OpenSession, Source: source})
		}
		return err
	}
}

// record writes to the access log, which counts by itself what it cannot write: a full disk must not lock everybody out.
func (s *Service) record(e AccessEvent) {
	if s.opt.Log != nil {
		e.At = s.clocks.Security()
		s.opt.Log.Write(e)
	}
}

// SignIn: see Accounts.
func (s *Service) SignIn(ctx context.Context, in Credentials) (SignedIn, error) {
	if err := s.guard.Require(Actor{}, OpenSession); err != nil {
		return SignedIn{}, err
	}
	if len(in.Login) > maxTyped || len(in.Password) > maxTyped || len(in.Code) > maxTyped {
		return SignedIn{}, s.badCredentials()
	}
	login := NormalLogin(in.Login)
	limit := s.limitID(login)
	mutex := s.oneAtATime(limit)
	mutex.Lock()
	defer mutex.Unlock()
	if locked, err := s.locked(ctx, limit); err != nil || locked {
		if err == nil {
			err = s.badCredentials()
		}
		return SignedIn{}, err
	}
	d, ok, err := s.prove(ctx, login, in)
	if err != nil {
		return SignedIn{}, err
	}
	if !ok {
		if err := s.failed(ctx, limit, in.Source); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, s.badCredentials()
	}
	if err := s.limits.Delete(ctx, limit); err != nil {
		return SignedIn{}, err
	}
	if in.PreviousToken != "" {
		if err := s.end(ctx, hashToken(in.PreviousToken)); err != nil {
			return SignedIn{}, err
		}
	}
	out, err := s.openSession(ctx, d)
	if err == nil {
		s.record(AccessEvent{Event: EventSignedIn, Actor: d.ID, Action: OpenSession, Source: in.Source})
	}
	return out, err
}

// prove finds the account of a login and reports whether password and code are right. An unknown login costs as much time as a known one.
func (s *Service) prove(ctx context.Context, login string, in Credentials) (store.Doc[Account], bool, error) {
	d, err := s.byLogin(ctx, login)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return d, false, err
	}
	a, known := d.State, err == nil
	hash := s.hasher.dummy
	if known {
		hash = a.Password.Hash
	}
	right, err := s.hasher.verify(ctx, in.Password, hash)
	if err != nil || !right || !known || a.Disabled {
		return d, false, err
	}
	now := s.clocks.Security()
	if a.Password.OneTime && now.Sub(a.Password.SetAt.Time) > s.opt.OneTimeFor {
		return d, false, nil
	}
	if a.TOTP.Secret == "" {
		return d, true, nil
	}
	ok, err := s.useCode(ctx, d.ID, a.TOTP.Secret, in.Code)
	return d, ok, err
}

// useCode reports whether the one-time code is right and was not used before (RFC 6238 §5.2).
func (s *Service) useCode(ctx context.Context, id, secret, code string) (bool, error) {
	now := s.clocks.Security()
	step, ok, err := totpStep(secret, strings.TrimSpace(code), now)
	if err != nil || !ok {
		return false, err
	}
	_, err = s.codes.Swap(ctx, fmt.Sprintf("%s/%d", id, step), 0, usedCode{}, s.expires(now.Add(4*totpPeriod*time.Second)))
	if fault.Is(err, fault.Conflict) {
		return false, nil
	}
	return err == nil, err
}

func (s *Service) openSession(ctx context.Context, d store.Doc[Account]) (SignedIn, error) {
	token, err := randomText(32)
	if err != nil {
		return SignedIn{}, err
	}
	now := s.clocks.Security()
	until := now.Add(s.opt.Longest)
	stored := session{Account: d.ID, Epoch: d.State.Epoch, Seen: journal.At(now), Until: journal.At(until), SecondFactor: d.State.TOTP.Secret != ""}
	id := hashToken(token)
	if err := s.sessions.Put(ctx, id, stored, s.expires(until)); err != nil {
		return SignedIn{}, err
	}
	absent, err := s.absentees(ctx, d.ID)
	return SignedIn{Token: token, Actor: s.actor(d, absent, id, stored, now), Until: until, Idle: s.opt.Idle}, err
}

// actor is the person of an account in a session; absent are those in whose place he signs.
func (s *Service) actor(d store.Doc[Account], absent []store.Doc[Account], id string, stored session, now time.Time) Actor {
	day := calendar.DateOf(s.clocks.Business())
	by := d.State.actor(s.guard.Rules(), d.ID, id, day, now, s.opt.PasswordAge)
	by.Deputizes = deputizing(s.guard.Rules(), absent, d.ID, day)
	by.SecondFactor = stored.SecondFactor
	return by
}

// liveSession is a session in memory.
type liveSession struct {
	doc     store.Doc[Account]
	absent  []store.Doc[Account]
	stored  session
	actor   Actor
	day     calendar.Date
	seen    time.Time
	checked time.Time
}

// emergencyOver reports whether the actor still holds an office of an emergency that is over.
func (l *liveSession) emergencyOver(now time.Time) bool {
	return slices.ContainsFunc(l.actor.Appointments, func(ap Appointment) bool {
		return ap.Emergency != 0 && !slices.ContainsFunc(l.doc.State.Emergencies, func(e Emergency) bool { return e.Number == ap.Emergency && e.Runs(now) })
	})
}

// sessionCache holds the sessions in use. A change to an account or session raises turn, so that a look-up that began before
// does not put its outdated finding back.
type sessionCache struct {
	mu      sync.Mutex
	live    map[string]*liveSession
	turn    int64
	sweepAt int
}

func (c *sessionCache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn++
	delete(c.live, id)
}

func (c *sessionCache) forgetAccount(account string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.turn++
	for id, l := range c.live {
		if l.doc.ID == account {
			delete(c.live, id)
		}
	}
}

// keep stores a finding made since turn, and now and then drops what has not been used for as long as idle.
func (c *sessionCache) keep(id string, l *liveSession, turn int64, idle time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turn != turn {
		return
	}
	c.live[id] = l
	if len(c.live) <= max(c.sweepAt, 1024) {
		return
	}
	for other, o := range c.live {
		if l.checked.Sub(o.seen) > idle {
			delete(c.live, other)
		}
	}
	c.sweepAt = 2 * len(c.live)
}

// Resolve: see Accounts.
func (s *Service) Resolve(ctx context.Context, token string) (Actor, error) {
	if len(token) != tokenChars {
		return Actor{}, sessionEnded()
	}
	id := hashToken(token)
	now := s.clocks.Security()
	day := calendar.DateOf(s.clocks.Business())
	s.cache.mu.Lock()
	turn, lastSeen := s.cache.turn, time.Time{}
	if l := s.cache.live[id]; l != nil {
		lastSeen = l.seen
		if now.Sub(l.checked) < recheckEvery && !s.over(l.stored, l.seen, now) {
			l.seen = now
			if l.day != day || l.emergencyOver(now) {
				l.actor, l.day = s.actor(l.doc, l.absent, id, l.stored, now), day
			}
			by := l.actor
			s.cache.mu.Unlock()
			return by, nil
		}
	}
	s.cache.mu.Unlock()
	return s.recheck(ctx, id, lastSeen, turn)
}

// over reports whether a session has run out.
func (s *Service) over(stored session, seen, now time.Time) bool {
	return !now.Before(stored.Until.Time) || now.Sub(seen) >= s.opt.Idle
}

func sessionEnded() error {
	return fault.New("policy.Resolve", fault.Unauthenticated, "登录已过期，请重新登录")
}

// recheck reads session and account from the store and keeps them in memory.
func (s *Service) recheck(ctx context.Context, id string, lastSeen time.Time, turn int64) (Actor, error) {
	temp, err := s.sessions.Get(ctx, id)
	if fault.Is(err, fault.NotFound) {
		s.cache.forget(id)
		return Actor{}, sessionEnded()
	}
	if err != nil {
		return Actor{}, err
	}
	now := s.clocks.Security()
	seen := temp.State.Seen.Time
	if lastSeen.After(seen) {
		seen = lastSeen
	}
	d, err := s.accounts.Load(ctx, temp.State.Account)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Actor{}, err
	}
	if err != nil || d.State.Disabled || d.State.Epoch != temp.State.Epoch || s.over(temp.State, seen, now) {
		if err := s.end(ctx, id); err != nil {
			return Actor{}, err
		}
		return Actor{}, sessionEnded()
	}
	if now.Sub(temp.State.Seen.Time) >= seenEvery {
		temp.State.Seen = journal.At(now)
		// Swap and not Put: a session that was ended meanwhile must not come back. On Conflict another request wrote, or it ended.
		if _, err := s.sessions.Swap(ctx, id, temp.Rev, temp.State, temp.Expires); fault.Is(err, fault.Conflict) {
			if _, err := s.sessions.Get(ctx, id); err != nil {
				s.cache.forget(id)
				return Actor{}, sessionEnded()
			}
		} else if err != nil {
			return Actor{}, err
		}
	}
	absent, err := s.absentees(ctx, d.ID)
	if err != nil {
		return Actor{}, err
	}
	l := &liveSession{doc: d, absent: absent, stored: temp.State, actor: s.actor(d, absent, id, temp.State, now), day: calendar.DateOf(s.clocks.Business()), seen: now, checked: now}
	by := l.actor
	s.cache.keep(id, l, turn, s.opt.Idle)
	return by, nil
}

// end removes a session from the store, then from memory.
func (s *Service) end(ctx context.Context, id string) error {
	err := s.sessions.Delete(ctx, id)
	s.cache.forget(id)
	return err
}

// SignOut: see Accounts.
func (s *Service) SignOut(ctx context.Context, by Actor) error {
	if by.Session == "" {
		return nil
	}
	return s.end(ctx, by.Session)
}

// SignOutEverywhere: see Accounts. Returns Unauthenticated for somebody without an account.
func (s *Service) SignOutEverywhere(ctx context.Context, by Actor) error {
	if err := s.guard.Require(by, CloseSession); err != nil {
		return err
	}
	return s.changeOwn(ctx, by, CloseSession, func(a *Account) error { a.Epoch++; return nil })
}

// changeOwn changes the actor's own account; somebody else's change at the same moment is no reason to fail.
func (s *Service) changeOwn(ctx context.Context, by Actor, action Action, f func(*Account) error) error {
	return s.changeOwnFor(ctx, by, action, "", f)
}

// changeOwnFor is changeOwn with a reason.
func (s *Service) changeOwnFor(ctx context.Context, by Actor, action Action, why string, f func(*Account) error) error {
	for {
		d, err := s.load(ctx, by.ID)
		if err != nil {
			return err
		}
		if err := f(&d.State); err != nil {
			return err
		}
		_, err = s.accounts.Commit(ctx, store.Meta{By: by.ID, Action: string(action), Why: why}, by.ID, d.Seq, d.State)
		if fault.Is(err, fault.Conflict) && ctx.Err() == nil {
			if now, headErr := s.accounts.Head(ctx, by.ID); headErr == nil && now.Seq != d.Seq {
				continue
			}
		}
		if err == nil {
			s.cache.forgetAccount(by.ID)
		}
		return err
	}
}

// ChangePassword changes the actor's own password and ends all its sessions, this one too. Returns Invalid for refused fields (current,
// password): a wrong current password counts as a failed sign-in, and a new one must differ from the last five. Returns Unavailable
// if too many hashes wait.
func (s *Service) ChangePassword(ctx context.Context, by Actor, current, next string) error {
	const op = "policy.ChangePassword"
	if err := s.guard.Require(by, UpdateOwnAccount); err != nil {
		return err
	}
	d, err := s.load(ctx, by.ID)
	if err != nil {
		return err
	}
	a := d.State
	if err := s.proveAgain(ctx, op, a, current); err != nil {
		return err
	}
	if bad := passwordFaults(next, a.Login); len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	for _, old := range append([]string{a.Password.Hash}, a.Password.Earlier...) {
		same, err := s.hasher.verify(ctx, next, old)
		if err != nil {
			return err
		}
		if same {
			return fault.InvalidFields(op, fault.Field{Name: "password", Message: fmt.Sprintf("这个密码最近 %d 次内用过，请换一个", passwordHistory)})
		}
	}
	hash, err := s.hasher.hash(ctx, next)
	if err != nil {
		return err
	}
	return s.changeOwn(ctx, by, UpdateOwnAccount, func(now *Account) error {
		if now.Password.Hash != a.Password.Hash {
			return fault.New(op, fault.Conflict, "密码刚被修改过，请重新登录")
		}
		*now = now.withPassword(hash, false, s.clocks.Security())
		return nil
	})
}

// Reauthenticate asks a signed-in person for the present password again, as before a signature; an account with a second factor may give a fresh one-time code
// instead. Returns Invalid with the field current for a wrong one, which counts as a failed sign-in, and NotFound for somebody without an account.
func (s *Service) Reauthenticate(ctx context.Context, by Actor, given string) error {
	const op = "policy.Reauthenticate"
	d, err := s.load(ctx, by.ID)
	if err != nil {
		return err
	}
	if code := strings.TrimSpace(given); d.State.TOTP.Secret != "" && isCode(code) {
		return s.proveOnce(ctx, op, d.State, "动态口令不正确或者用过了，请等手机换了数字再输入", func() (bool, error) {
			return s.useCode(ctx, d.ID, d.State.TOTP.Secret, code)
		})
	}
	return s.proveAgain(ctx, op, d.State, given)
}

// isCode reports whether a text is a one-time code: six digits, shorter than any password.
func isCode(given string) bool {
	return len(given) == 6 && strings.Trim(given, "0123456789") == ""
}

// proveAgain asks a signed-in person for the present password before a change that would lock the real owner out.
func (s *Service) proveAgain(ctx context.Context, op string, a Account, password string) error {
	return s.proveOnce(ctx, op, a, "现在的密码不正确，请重新输入", func() (bool, error) {
		if len(password) > maxTyped {
			return false, nil
		}
		return s.hasher.verify(ctx, password, a.Password.Hash)
	})
}

// proveOnce is one try to prove that a signed-in person is there; a wrong one counts as a failed sign-in.
func (s *Service) proveOnce(ctx context.Context, op string, a Account, wrong string, try func() (bool, error)) error {
	limit := s.limitID(a.Login)
	mutex := s.oneAtATime(limit)
	mutex.Lock()
	defer mutex.Unlock()
	locked, err := s.locked(ctx, limit)
	if err != nil {
		return err
	}
	if locked {
		return fault.InvalidFields(op, fault.Field{Name: "current", Message: fmt.Sprintf("密码连续输错 %d 次，请 %d 分钟后再试", s.opt.LockAfter, int(s.opt.LockFor/time.Minute))})
	}
	right, err := try()
	if err != nil || right {
		return err
	}
	if err := s.failed(ctx, limit, ""); err != nil {
		return err
	}
	return fault.InvalidFields(op, fault.Field{Name: "current", Message: wrong})
}

// NewTOTP returns a fresh secret and the otpauth address that an authenticator app scans. Nothing is stored until EnableTOTP.
func (s *Service) NewTOTP(ctx context.Context, by Actor) (secret, address string, err error) {
	if err := s.guard.Require(by, UpdateOwnAccount); err != nil {
		return "", "", err
	}
	d, err := s.load(ctx, by.ID)
	if err != nil {
		return "", "", err
	}
	return newTOTP(d.State.Login)
}

// EnableTOTP stores the secret once a code proves that the app has it. Returns Invalid (field code) for a wrong or used code, Conflict if
// the account has a second factor.
func (s *Service) EnableTOTP(ctx context.Context, by Actor, secret, code string) error {
	const op = "policy.EnableTOTP"
	if err := s.guard.Require(by, UpdateOwnAccount); err != nil {
		return err
	}
	ok, err := s.useCode(ctx, by.ID, secret, code)
	if fault.Is(err, fault.Internal) || err == nil && !ok {
		return fault.InvalidFields(op, fault.Field{Name: "code", Message: "动态口令不正确，请核对手机时间后输入最新的 6 位数字"})
	}
	if err != nil {
		return err
	}
	return s.changeOwn(ctx, by, UpdateOwnAccount, func(a *Account) error {
		if a.TOTP.Secret != "" {
			return fault.New(op, fault.Conflict, "已经开通动态口令；换手机请先关闭再开通")
		}
		a.TOTP = TOTP{Secret: secret}
		return nil
	})
}

// DisableTOTP switches the second factor off. Returns Invalid (field current) for a wrong password, Conflict if there is none.
func (s *Service) DisableTOTP(ctx context.Context, by Actor, current string) error {
	const op = "policy.DisableTOTP"
	if err := s.guard.Require(by, UpdateOwnAccount); err != nil {
		return err
	}
	d, err := s.load(ctx, by.ID)
	if err != nil {
		return err
	}
	if err := s.proveAgain(ctx, op, d.State, current); err != nil {
		return err
	}
	return s.changeOwn(ctx, by, UpdateOwnAccount, func(a *Account) error {
		if a.TOTP.Secret == "" {
			return fault.New(op, fault.Conflict, "没有开通动态口令")
		}
		a.TOTP = TOTP{}
		return nil
	})
}

var _ Accounts = (*Service)(nil)
