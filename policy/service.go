package policy

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"strings"
	"sync"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// Accounts is what the web layer needs to know who asks; Service implements it.
type Accounts interface {
	// SignIn checks login, password and one-time code and opens a session; the token in the answer goes into the cookie and is stored
	// nowhere. Returns Unauthenticated with one and the same message for an unknown login, a wrong password, a wrong code, a disabled
	// and a locked account; Unavailable if too many sign-ins run at once.
	SignIn(ctx context.Context, in Credentials) (SignedIn, error)
	// Resolve returns the actor of a token, with the appointments of the business day. Returns Unauthenticated if the session is
	// unknown, idle too long, older than its absolute limit, or its account was disabled.
	Resolve(ctx context.Context, token string) (Actor, error)
	// SignOut ends the actor's own session; ending it twice is no error.
	SignOut(ctx context.Context, by Actor) error
	// SignOutEverywhere ends all sessions of the actor's own account.
	SignOutEverywhere(ctx context.Context, by Actor) error
}

// Options are the limits of sessions and passwords, and where events go. The zero value takes the defaults (domain.md §8.5).
type Options struct {
	// Idle ends a session without requests; default 10 minutes.
	Idle time.Duration
	// Longest ends a session whatever happens; default 12 hours.
	Longest time.Duration
	// PasswordAge is after how long a new password is asked for; default 90 days.
	PasswordAge time.Duration
	// OneTimeFor is how long an issued password can be used; default 72 hours (proposal).
	OneTimeFor time.Duration
	// LockAfter is the number of failures that lock a login; default 5.
	LockAfter int64
	// LockFor is how long it stays locked; default 30 minutes.
	LockFor time.Duration
	// HashMemoryKiB is the memory of a new password hash; default 19 MiB (design §3.13). Less is for tests, which make many accounts.
	HashMemoryKiB uint32
	// Log gets sign-ins and lock-outs; refused requests are the web layer's to log. nil: none.
	Log AccessLog
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	set(&o.Idle, 10*time.Minute)
	set(&o.Longest, 12*time.Hour)
	set(&o.PasswordAge, 90*24*time.Hour)
	set(&o.OneTimeFor, 72*time.Hour)
	set(&o.LockFor, 30*time.Minute)
	if o.LockAfter <= 0 {
		o.LockAfter = 5
	}
	if o.HashMemoryKiB == 0 {
		o.HashMemoryKiB = argonMemoryKiB
	}
	return o
}

// Service keeps accounts and sessions. It implements Accounts and is safe for concurrent use.
type Service struct {
	db       *store.DB
	guard    *Guard
	clocks   Clocks
	opt      Options
	hasher   *hasher
	setup    string
	accounts *store.Collection[Account]
	sessions *store.EphemeralCollection[session]
	limits   *store.EphemeralCollection[tries]
	codes    *store.EphemeralCollection[usedCode]
	cache    sessionCache
	// perLogin lets tries for one login follow each other, so that parallel ones cannot outrun the count of failures.
	perLogin [64]sync.Mutex
}

const (
	accountKind = "account"
	loginClaim  = "login"
	// firstAccount is the id of the first administrator: one fixed id, so that of two first starts one wins.
	firstAccount = "first-administrator"
	// accountsPerPage is the page of ListAccounts.
	accountsPerPage = 50
)

// accountDocument is how accounts are stored.
func accountDocument() store.Kind[Account] {
	return store.Kind[Account]{
		AlwaysPresent: true, // who may read what is a matter of today, also while looking back
		Name:          accountKind, Version: 1,
		Indexes: []store.Index[Account]{{Name: "all", Keys: func(string, *Account) []string { return []string{""} }},
			{Name: byDeputy, Keys: func(_ string, a *Account) []string { return a.deputies() }},
			{Name: byEmergency, Keys: func(_ string, a *Account) []string {
				if len(a.Emergencies) == 0 {
					return nil
				}
				return []string{""}
			}}},
		Subject: func(id string, _ *Account) string { return accountKind + "/" + id },
	}
}

// NewService opens accounts and sessions on a store.
func NewService(ctx context.Context, db *store.DB, guard *Guard, clocks Clocks, opt Options) (*Service, error) {
	s := &Service{db: db, guard: guard, clocks: clocks, opt: opt.withDefaults()}
	s.cache.live = make(map[string]*liveSession)
	var err error
	if s.accounts, err = store.NewCollection(ctx, db, accountDocument()); err != nil {
		return nil, err
	}
	if s.sessions, err = store.NewEphemeral[session](db, "session"); err != nil {
		return nil, err
	}
	if s.limits, err = store.NewEphemeral[tries](db, "limit"); err != nil {
		return nil, err
	}
	if s.codes, err = store.NewEphemeral[usedCode](db, "totp-used"); err != nil {
		return nil, err
	}
	if s.hasher, err = newHasher(ctx, s.opt.HashMemoryKiB); err != nil {
		return nil, err
	}
	s.setup, err = randomText(15)
	return s, err
}

// expires turns an instant of the security clock into one of the store's clock, which may be the business clock.
func (s *Service) expires(until time.Time) time.Time {
	return s.db.Now().Add(until.Sub(s.clocks.Security()))
}

// hashToken is how session tokens are stored: 256 random bits need no salt.
func hashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// SetupToken returns the one-time token of this process with which Setup makes the first administrator; serve prints it on the terminal
// while SetupOpen. It is kept nowhere, and worthless once the administrator exists.
func (s *Service) SetupToken() string { return s.setup }

// SetupOpen reports whether the first administrator is still to be made. Returns Unavailable if the store cannot answer.
func (s *Service) SetupOpen(ctx context.Context) (bool, error) {
	_, err := s.accounts.Head(ctx, firstAccount)
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	return false, err
}

// Setup makes the first administrator with the one-time setup token. Returns Forbidden for a wrong token or if it is done
// already, with the field token only for a wrong one; Invalid for refused fields (login, name, password), Conflict for a login that is taken.
func (s *Service) Setup(ctx context.Context, token, login, name, password string) error {
	const op = "policy.Setup"
	if err := s.guard.Require(Actor{}, RunSetup); err != nil {
		return err
	}
	refused := &fault.Error{Op: op, Kind: fault.Forbidden, Message: "首个管理员已经设置，请直接登录", Rule: "首次启动规则：凭服务器终端显示的一次性口令，只设一次"}
	open, err := s.SetupOpen(ctx)
	if err != nil {
		return err
	}
	if !open {
		return refused
	}
	if subtle.ConstantTimeCompare([]byte(s.setup), []byte(strings.TrimSpace(token))) != 1 {
		refused.Message = "设置口令不正确，请照服务器终端上显示的填写；重新启动过的，口令已经换了"
		refused.Fields = []fault.Field{{Name: "token", Message: refused.Message}}
		return refused
	}
	login, name = NormalLogin(login), strings.TrimSpace(name)
	bad := append(loginFaults(login), nameFaults(name)...)
	if bad = append(bad, passwordFaults(password, login)...); len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	a := Account{Login: login, Name: name, Appointments: []Appointment{{
		Role: Administrator, Unit: County, Scopes: []string{County},
		Days: Span{From: calendar.DateOf(s.clocks.Business())},
	}}}.withPassword(hash, false, s.clocks.Security())
	meta := store.Meta{By: SystemActor().ID, Action: string(RunSetup)}
	return s.open(ctx, meta, firstAccount, a)
}

// open claims the login and makes the account. Returns Conflict if the login is taken or the account exists.
func (s *Service) open(ctx context.Context, meta store.Meta, id string, a Account) error {
	target := accountKind + "/" + id
	if err := s.db.Claim(ctx, meta, loginClaim, a.Login, target); err != nil {
		if fault.Is(err, fault.Conflict) {
			return fault.Wrap("policy.open", fault.Conflict, "用户名“"+a.Login+"”已被使用，请换一个", err)
		}
		return err
	}
	_, err := s.accounts.Commit(ctx, meta, id, 0, a)
	if fault.Is(err, fault.Conflict) {
		// Another opened the same account with another login; should this fail, the claim stands, but SignIn compares logins too.
		if head, loadErr := s.accounts.Load(ctx, id); loadErr == nil && head.State.Login != a.Login {
			if releaseErr := s.db.Release(ctx, meta, loginClaim, a.Login, target); releaseErr != nil {
				return releaseErr
			}
		}
	}
	return err
}

// AccountView is one account as administrators see it, without secrets.
type AccountView struct {
	// ID is the opaque id, Seq the last change: commands name it, so that nobody acts on an outdated page.
	ID  string
	Seq int64
	// Login and Name are personal data.
	Login, Name string
	// Appointments are all, past and future ones too; EndAppointment names them by index.
	Appointments []Appointment
	// Absences are all, past ones too.
	Absences []Absence
	// Disabled: see Account. Purged: login and name were destroyed when their term had passed.
	Disabled, Purged bool
	// OneTime: the password was issued and not changed yet.
	OneTime bool
	// SecondFactor: a one-time code is asked at sign-in.
	SecondFactor bool
	// PasswordSetAt is when the password was set.
	PasswordSetAt time.Time
}

func viewOf(d store.Doc[Account]) AccountView {
	a := d.State
	return AccountView{ID: d.ID, Seq: d.Seq, Login: a.Login, Name: a.Name, Appointments: a.Appointments, Absences: a.Absences, Disabled: a.Disabled, Purged: d.Purged,
		OneTime: a.Password.OneTime, SecondFactor: a.TOTP.Secret != "", PasswordSetAt: a.Password.SetAt.Time}
}

// ListAccounts returns up to 50 accounts after the cursor, and the next cursor ("" at the end). Returns Forbidden without ReadAccounts.
func (s *Service) ListAccounts(ctx context.Context, by Actor, after string) ([]AccountView, string, error) {
	if err := s.guard.Require(by, ReadAccounts); err != nil {
		return nil, "", err
	}
	page, err := s.accounts.List(ctx, store.Query{Index: "all", After: after, Limit: accountsPerPage})
	if err != nil {
		return nil, "", err
	}
	rows := make([]AccountView, 0, len(page.Docs))
	for _, d := range page.Docs {
		rows = append(rows, viewOf(d))
	}
	return rows, page.Next, nil
}

// OneAccount returns an account. Returns NotFound; Forbidden without ReadAccounts.
func (s *Service) OneAccount(ctx context.Context, by Actor, id string) (AccountView, error) {
	if err := s.guard.Require(by, ReadAccounts); err != nil {
		return AccountView{}, err
	}
	d, err := s.load(ctx, id)
	if err != nil {
		return AccountView{}, err
	}
	return viewOf(d), nil
}

// OwnAccount returns the actor's own account. Returns Forbidden to who is not signed in, NotFound.
func (s *Service) OwnAccount(ctx context.Context, by Actor) (AccountView, error) {
	if err := s.guard.Require(by, ReadOwnAccount); err != nil {
		return AccountView{}, err
	}
	d, err := s.load(ctx, by.ID)
	if err != nil {
		return AccountView{}, err
	}
	return viewOf(d), nil
}

// load is Load with NotFound for what is no id at all.
func (s *Service) load(ctx context.Context, id string) (store.Doc[Account], error) {
	if !journal.ValidPart(id) {
		return store.Doc[Account]{}, fault.New("policy.load", fault.NotFound, "没有找到这个账号")
	}
	return s.accounts.Load(ctx, id)
}

// CreateAccount opens an account without any appointment and returns its id and one-time password, which is shown once. Returns Forbidden
// without CreateAccount, Invalid for refused fields (login, name), Conflict for a login that is taken.
func (s *Service) CreateAccount(ctx context.Context, by Actor, login, name string) (id, oneTime string, err error) {
	if err := s.guard.Require(by, CreateAccount); err != nil {
		return "", "", err
	}
	login, name = NormalLogin(login), strings.TrimSpace(name)
	if bad := append(loginFaults(login), nameFaults(name)...); len(bad) > 0 {
		return "", "", fault.InvalidFields("policy.CreateAccount", bad...)
	}
	oneTime, err = oneTimePassword()
	if err != nil {
		return "", "", err
	}
	hash, err := s.hasher.hash(ctx, oneTime)
	if err != nil {
		return "", "", err
	}
	meta := store.Meta{By: by.ID, Action: string(CreateAccount)}
	id = s.db.NewID(meta)
	a := Account{Login: login, Name: name}.withPassword(hash, true, s.clocks.Security())
	if err := s.open(ctx, meta, id, a); err != nil {
		return "", "", err
	}
	return id, oneTime, nil
}

// change loads an account, applies an administrator's change and commits it after seq. Nobody administers the own account.
func (s *Service) change(ctx context.Context, by Actor, action Action, id string, seq int64, f func(*Account) error) error {
	const op = "policy.change"
	if err := s.guard.Require(by, action); err != nil {
		return err
	}
	d, err := s.load(ctx, id)
	if err != nil {
		return err
	}
	if by.ID == id {
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "不能办理自己的账号，请由另一位管理员办理", Rule: "不相容岗位规则 S-3：账号与任命由他人办理"}
	}
	if d.Seq != seq {
		return overtaken(op)
	}
	if d.Purged {
		return fault.New(op, fault.Conflict, "这个账号的个人信息已按期删除，不能再办理；本人回来工作的，请新建账号")
	}
	if err := f(&d.State); err != nil {
		return err
	}
	_, err = s.accounts.Commit(ctx, store.Meta{By: by.ID, Action: string(action)}, id, seq, d.State)
	if err == nil {
		s.cache.forgetAccount(id)
	}
	return err
}

// overtaken says that somebody changed the account after the actor saw it.
func overtaken(op string) error {
	return fault.New(op, fault.Conflict, "这个账号刚被别人改过，请刷新后再办")
}

// Rename corrects the display name. Returns Forbidden without UpdateAccount or for the own account, NotFound, Invalid for a refused
// name, Conflict if seq is not the last change.
func (s *Service) Rename(ctx context.Context, by Actor, id string, seq int64, name string) error {
	name = strings.TrimSpace(name)
	return s.change(ctx, by, UpdateAccount, id, seq, func(a *Account) error {
		if bad := nameFaults(name); len(bad) > 0 {
			return fault.InvalidFields("policy.Rename", bad...)
		}
		a.Name = name
		return nil
	})
}

// Appoint adds an appointment. Returns Forbidden without AppointAccount or for the own account, NotFound, Invalid for refused fields
// (role, unit, scopes, until, order), Conflict if seq is not the last change.
func (s *Service) Appoint(ctx context.Context, by Actor, id string, seq int64, ap Appointment) error {
	ap.Order = strings.TrimSpace(ap.Order)
	return s.change(ctx, by, AppointAccount, id, seq, func(a *Account) error {
		rules, today := s.guard.Rules(), calendar.DateOf(s.clocks.Business())
		a.Appointments = append(a.Appointments, ap)
		if bad := append(rules.appointmentFaults(ap), rules.togetherFaults(a.Appointments, today)...); len(bad) > 0 {
			return fault.InvalidFields("policy.Appoint", bad...)
		}
		return nil
	})
}

// EndAppointment ends an appointment at once: its last day becomes yesterday, and one that has not begun by then is taken off the
// list (the log keeps it). Returns Forbidden without AppointAccount or for the own account, NotFound, Conflict if seq is not the last
// change or the appointment has ended before.
func (s *Service) EndAppointment(ctx context.Context, by Actor, id string, seq int64, index int) error {
	const op = "policy.EndAppointment"
	return s.change(ctx, by, AppointAccount, id, seq, func(a *Account) error {
		yesterday := calendar.DateOf(s.clocks.Business()).Add(-1)
		if index < 0 || index >= len(a.Appointments) {
			return fault.New(op, fault.NotFound, "没有找到这项任职")
		}
		ap := &a.Appointments[index]
		if until := ap.Days.Until; !until.IsZero() && until.Compare(yesterday) <= 0 {
			return fault.New(op, fault.Conflict, "这项任职已于"+until.Chinese()+"结束")
		}
		if ap.Days.From.Compare(yesterday) > 0 {
			a.Appointments = append(a.Appointments[:index], a.Appointments[index+1:]...)
			return nil
		}
		ap.Days.Until = yesterday
		return nil
	})
}

// SetDisabled closes or reopens an account; closing ends its sessions. Returns Forbidden without DisableAccount or for the own account,
// NotFound, Conflict if seq is not the last change.
func (s *Service) SetDisabled(ctx context.Context, by Actor, id string, seq int64, disabled bool) error {
	return s.change(ctx, by, DisableAccount, id, seq, func(a *Account) error {
		a.Disabled = disabled
		a.Epoch++
		return nil
	})
}

// ResetPassword issues a one-time password, removes the second factor, ends all sessions and lifts a lock. Returns Forbidden without
// ResetAccount or for the own account, NotFound, Conflict if seq is not the last change.
func (s *Service) ResetPassword(ctx context.Context, by Actor, id string, seq int64) (oneTime string, err error) {
	oneTime, err = oneTimePassword()
	if err != nil {
		return "", err
	}
	login := ""
	err = s.change(ctx, by, ResetAccount, id, seq, func(a *Account) error {
		hash, err := s.hasher.hash(ctx, oneTime)
		if err != nil {
			return err
		}
		login = a.Login
		*a = a.withPassword(hash, true, s.clocks.Security())
		a.TOTP = TOTP{}
		return nil
	})
	if err != nil {
		return "", err
	}
	return oneTime, s.limits.Delete(ctx, s.limitID(login))
}

// ActorOf returns the person of a login without a session, for `redsteward why`. Returns NotFound.
func (s *Service) ActorOf(ctx context.Context, login string) (Actor, error) {
	d, err := s.byLogin(ctx, NormalLogin(login))
	if err != nil {
		return Actor{}, err
	}
	absent, err := s.absentees(ctx, d.ID)
	return s.actor(d, absent, "", session{}, s.clocks.Security()), err
}

// byLogin returns the account of a normal login. Returns NotFound.
func (s *Service) byLogin(ctx context.Context, login string) (store.Doc[Account], error) {
	target, err := s.db.Claimed(ctx, loginClaim, login)
	if err != nil {
		return store.Doc[Account]{}, err
	}
	d, err := s.accounts.Load(ctx, strings.TrimPrefix(target, accountKind+"/"))
	if err == nil && (d.State.Login != login || d.Purged) {
		// A claim that a crashed setup left behind points to an account with another login.
		return store.Doc[Account]{}, fault.New("policy.byLogin", fault.NotFound, "没有这个用户名")
	}
	return d, err
}
