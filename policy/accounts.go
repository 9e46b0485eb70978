package policy

import (
	"context"
	"crypto/subtle"
	"errors"
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

// The limits of signing in (domain.md §8.5; customary values of 等保 2.0 guides) and of sessions.
const (
	lockAfter          = 5
	lockFor            = 30 * time.Minute
	passwordAge        = 90 * 24 * time.Hour
	defaultIdle        = 10 * time.Minute
	defaultLongest     = 12 * time.Hour
	accountKind        = "account"
	loginClaim         = "login"
	setupClaim         = "setup"
	setupKey           = "first"
	wrongSignIn        = "用户名或密码不对，或者账号已停用、已锁定"
	accountIndex       = "all"
	maxAccountsPerPage = 50
)

// Options say how long sessions live. The zero value takes the defaults.
type Options struct {
	// Idle ends a session without requests; default 10 minutes.
	Idle time.Duration
	// Longest ends a session whatever happens; default 12 hours.
	Longest time.Duration
}

// Service keeps accounts and sessions. It implements Accounts and is safe for concurrent use.
type Service struct {
	db       *store.DB
	guard    *Guard
	clocks   Clocks
	opt      Options
	accounts *store.Collection[Account]
	sessions *store.EphemeralCollection[session]
	failures *store.EphemeralCollection[failures]
	codes    *store.EphemeralCollection[usedCode]
	hasher   *hasher
	setup    string

	mu   sync.Mutex
	open map[string]*openSession
}

// failures counts the wrong tries of one login.
type failures struct {
	Count       int64        `json:"count"`
	LockedUntil journal.Time `json:"locked_until"`
}

// usedCode stands for a one-time code that was used; its id names account and time step.
type usedCode struct{}

// accountDocument describes accounts to the store.
func accountDocument() store.Kind[Account] {
	return store.Kind[Account]{
		Name: accountKind, Version: 1,
		Indexes: []store.Index[Account]{{Name: accountIndex, Keys: func(string, *Account) []string { return []string{""} }}},
		Subject: func(id string, _ *Account) string { return accountKind + "/" + id },
	}
}

// NewService opens accounts and sessions on a store.
func NewService(ctx context.Context, db *store.DB, guard *Guard, clocks Clocks, opt Options) (*Service, error) {
	if opt.Idle <= 0 {
		opt.Idle = defaultIdle
	}
	if opt.Longest <= 0 {
		opt.Longest = defaultLongest
	}
	s := &Service{db: db, guard: guard, clocks: clocks, opt: opt, open: map[string]*openSession{}}
	var err error
	if s.accounts, err = store.NewCollection(ctx, db, accountDocument()); err != nil {
		return nil, err
	}
	if s.sessions, err = store.NewEphemeral[session](db, "session"); err != nil {
		return nil, err
	}
	if s.failures, err = store.NewEphemeral[failures](db, "signin"); err != nil {
		return nil, err
	}
	if s.codes, err = store.NewEphemeral[usedCode](db, "code"); err != nil {
		return nil, err
	}
	if s.hasher, err = newHasher(ctx); err != nil {
		return nil, err
	}
	s.setup, err = randomText(15)
	return s, err
}

// SetupToken returns the one-time token with which the first administrator is made; serve prints it while SetupOpen.
func (s *Service) SetupToken() string { return s.setup }

// SetupOpen reports whether there is no account yet.
func (s *Service) SetupOpen(ctx context.Context) (bool, error) {
	_, err := s.db.Claimed(ctx, setupClaim, setupKey)
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	return false, err
}

// Setup makes the first administrator. Returns Forbidden for a wrong token or if it was done already, Invalid for refused fields.
func (s *Service) Setup(ctx context.Context, token, login, name, password string) error {
	const op = "policy.Setup"
	open, err := s.SetupOpen(ctx)
	if err != nil {
		return err
	}
	if !open || subtle.ConstantTimeCompare([]byte(token), []byte(s.setup)) != 1 {
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "设置口令不对，或者首个管理员已经设置", Rule: "首个管理员只能凭服务器终端上的一次性口令设置一次"}
	}
	login = NormalLogin(login)
	bad := append(loginFaults(login), nameFaults(name)...)
	if bad = append(bad, passwordFaults(password, login)...); len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	meta := store.Meta{By: SystemActor().ID, Action: string(RunSetup)}
	id := s.db.NewID(meta)
	if err := s.db.Claim(ctx, meta, setupClaim, setupKey, accountKind+"/"+id); err != nil {
		return err
	}
	account := Account{Name: name, Appointments: []Appointment{{Role: Administrator}}}
	return s.create(ctx, meta, id, login, password, false, account)
}

// create claims the login, hashes the password and inserts the account.
func (s *Service) create(ctx context.Context, meta store.Meta, id, login, password string, oneTime bool, account Account) error {
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	if err := s.db.Claim(ctx, meta, loginClaim, login, accountKind+"/"+id); err != nil {
		if fault.Is(err, fault.Conflict) {
			return fault.Wrap("policy.create", fault.Conflict, "用户名“"+login+"”已有人使用，请换一个", err)
		}
		return err
	}
	account.Login = login
	_, err = s.accounts.Commit(ctx, meta, id, 0, account.withPassword(hash, oneTime, s.clocks.Security()))
	return err
}

// require refuses an actor without the right, whatever the caller already asked.
func (s *Service) require(by Actor, action Action) (store.Meta, error) {
	return store.Meta{By: by.ID, Action: string(action)}, s.guard.Require(by, action)
}

// AccountView is one account as administration sees it.
type AccountView struct {
	// ID is opaque; Seq is the number of its last change.
	ID  string
	Seq int64
	// Login and Name are personal data.
	Login, Name string
	// Appointments are all, past and future ones too.
	Appointments []Appointment
	// Disabled: closed. OneTime: the password was issued and not changed yet.
	Disabled, OneTime bool
}

func view(d store.Doc[Account]) AccountView {
	a := d.State
	return AccountView{ID: d.ID, Seq: d.Seq, Login: a.Login, Name: a.Name, Appointments: a.Appointments, Disabled: a.Disabled, OneTime: a.Password.OneTime}
}

// ListAccounts returns up to 50 accounts after the cursor, and the next cursor.
func (s *Service) ListAccounts(ctx context.Context, by Actor, after string) ([]AccountView, string, error) {
	if _, err := s.require(by, ReadAccounts); err != nil {
		return nil, "", err
	}
	page, err := s.accounts.List(ctx, store.Query{Index: accountIndex, After: after, Limit: maxAccountsPerPage})
	if err != nil {
		return nil, "", err
	}
	views := make([]AccountView, len(page.Docs))
	for i, d := range page.Docs {
		views[i] = view(d)
	}
	return views, page.Next, nil
}

// OneAccount returns an account. Returns NotFound.
func (s *Service) OneAccount(ctx context.Context, by Actor, id string) (AccountView, error) {
	if _, err := s.require(by, ReadAccounts); err != nil {
		return AccountView{}, err
	}
	d, err := s.accounts.Load(ctx, id)
	return view(d), err
}

// CreateAccount opens an account and returns its id and one-time password. Returns Invalid for refused fields, Conflict for a login that is taken.
func (s *Service) CreateAccount(ctx context.Context, by Actor, login, name string) (id, oneTime string, err error) {
	meta, err := s.require(by, CreateAccount)
	if err != nil {
		return "", "", err
	}
	login, name = NormalLogin(login), strings.TrimSpace(name)
	if bad := append(loginFaults(login), nameFaults(name)...); len(bad) > 0 {
		return "", "", fault.InvalidFields("policy.CreateAccount", bad...)
	}
	if oneTime, err = oneTimePassword(); err != nil {
		return "", "", err
	}
	id = s.db.NewID(meta)
	return id, oneTime, s.create(ctx, meta, id, login, oneTime, true, Account{Name: name})
}

// change loads an account, lets f make the new state, and commits it after seq. An administrator does not change the own account
// this way: nobody appoints or restores himself.
func (s *Service) change(ctx context.Context, by Actor, action Action, id string, seq int64, f func(Account) (Account, error)) error {
	const op = "policy.change"
	meta, err := s.require(by, action)
	if err != nil {
		return err
	}
	if id == by.ID {
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "不能这样修改自己的账号，请由另一位管理员办理", Rule: "账号管理：经办人与被管理的账号不能是同一人"}
	}
	d, err := s.accounts.Load(ctx, id)
	if err != nil {
		return err
	}
	next, err := f(d.State)
	if err != nil {
		return err
	}
	if _, err := s.accounts.Commit(ctx, meta, id, seq, next); err != nil {
		return err
	}
	s.forgetAccount(id)
	return nil
}

// Appoint adds an appointment. Returns Invalid for refused fields and Conflict if seq is not the last change.
func (s *Service) Appoint(ctx context.Context, by Actor, id string, seq int64, ap Appointment) error {
	return s.change(ctx, by, AppointAccount, id, seq, func(a Account) (Account, error) {
		a.Appointments = append(slices.Clone(a.Appointments), ap)
		if bad := s.guard.Rules().appointmentFaults(a.Appointments); len(bad) > 0 {
			return a, fault.InvalidFields("policy.Appoint", bad...)
		}
		return a, nil
	})
}

// EndAppointment lets an appointment end yesterday, so that it holds no more; one that has not begun is taken away.
func (s *Service) EndAppointment(ctx context.Context, by Actor, id string, seq int64, index int) error {
	today := calendar.DateOf(s.clocks.Business())
	return s.change(ctx, by, AppointAccount, id, seq, func(a Account) (Account, error) {
		if index < 0 || index >= len(a.Appointments) {
			return a, fault.New("policy.EndAppointment", fault.NotFound, "没有这条任职")
		}
		a.Appointments = slices.Clone(a.Appointments)
		ap := &a.Appointments[index]
		if from := ap.Days.From; !from.IsZero() && from.Compare(today) >= 0 {
			a.Appointments = slices.Delete(a.Appointments, index, index+1)
		} else if yesterday := today.Add(-1); ap.Days.Until.IsZero() || ap.Days.Until.Compare(yesterday) > 0 {
			ap.Days.Until = yesterday
		}
		return a, nil
	})
}

// SetDisabled closes or reopens an account; closing ends its sessions. Returns Conflict if seq is not the last change.
func (s *Service) SetDisabled(ctx context.Context, by Actor, id string, seq int64, disabled bool) error {
	return s.change(ctx, by, DisableAccount, id, seq, func(a Account) (Account, error) {
		a.Disabled = disabled
		a.Epoch++
		return a, nil
	})
}

// ResetPassword issues a one-time password, removes the second factor and ends all sessions. Returns Conflict if seq is not the last change.
func (s *Service) ResetPassword(ctx context.Context, by Actor, id string, seq int64) (oneTime string, err error) {
	if oneTime, err = oneTimePassword(); err != nil {
		return "", err
	}
	hash, err := s.hasher.hash(ctx, oneTime)
	if err != nil {
		return "", err
	}
	err = s.change(ctx, by, ResetAccount, id, seq, func(a Account) (Account, error) {
		a.TOTP = TOTP{}
		return a.withPassword(hash, true, s.clocks.Security()), nil
	})
	if err != nil {
		return "", err
	}
	return oneTime, nil
}

// ChangePassword changes the actor's own password and ends all its sessions. Returns Invalid for refused fields.
func (s *Service) ChangePassword(ctx context.Context, by Actor, current, next string) error {
	const op = "policy.ChangePassword"
	meta, err := s.require(by, UpdateOwnAccount)
	if err != nil {
		return err
	}
	d, err := s.accounts.Load(ctx, by.ID)
	if err != nil {
		return err
	}
	right, err := s.hasher.verify(ctx, current, d.State.Password.Hash)
	if err != nil {
		return err
	}
	if !right {
		return fault.InvalidFields(op, fault.Field{Name: "current", Message: "现在的密码不对"})
	}
	if bad := passwordFaults(next, d.State.Login); len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	for _, used := range append([]string{d.State.Password.Hash}, d.State.Password.Earlier...) {
		same, err := s.hasher.verify(ctx, next, used)
		if err != nil {
			return err
		}
		if same {
			return fault.InvalidFields(op, fault.Field{Name: "password", Message: fmt.Sprintf("最近 %d 次用过的密码不能再用", passwordHistory)})
		}
	}
	hash, err := s.hasher.hash(ctx, next)
	if err != nil {
		return err
	}
	if _, err := s.accounts.Commit(ctx, meta, by.ID, d.Seq, d.State.withPassword(hash, false, s.clocks.Security())); err != nil {
		return err
	}
	s.forgetAccount(by.ID)
	return nil
}

// NewTOTP returns a fresh secret and the address that an authenticator app scans. Nothing is stored until EnableTOTP.
func (s *Service) NewTOTP(ctx context.Context, by Actor) (secret, address string, err error) {
	if _, err := s.require(by, UpdateOwnAccount); err != nil {
		return "", "", err
	}
	d, err := s.accounts.Load(ctx, by.ID)
	if err != nil {
		return "", "", err
	}
	return newTOTP(d.State.Login)
}

// EnableTOTP stores the secret once a code proves that the app has it. Returns Invalid for a wrong code.
func (s *Service) EnableTOTP(ctx context.Context, by Actor, secret, code string) error {
	meta, err := s.require(by, UpdateOwnAccount)
	if err != nil {
		return err
	}
	if _, right, err := totpStep(secret, code, s.clocks.Security()); err != nil || !right {
		return fault.InvalidFields("policy.EnableTOTP", fault.Field{Name: "code", Message: "动态口令不对，请核对手机时间后重试"})
	}
	d, err := s.accounts.Load(ctx, by.ID)
	if err != nil {
		return err
	}
	d.State.TOTP = TOTP{Secret: secret}
	_, err = s.accounts.Commit(ctx, meta, by.ID, d.Seq, d.State)
	return err
}

// byLogin returns the account of a login.
func (s *Service) byLogin(ctx context.Context, login string) (store.Doc[Account], error) {
	target, err := s.db.Claimed(ctx, loginClaim, login)
	if err != nil {
		return store.Doc[Account]{}, err
	}
	return s.accounts.Load(ctx, strings.TrimPrefix(target, accountKind+"/"))
}

// ActorOf returns the person of a login without a session, for `redsteward why`. Returns NotFound.
func (s *Service) ActorOf(ctx context.Context, login string) (Actor, error) {
	d, err := s.byLogin(ctx, NormalLogin(login))
	if err != nil {
		return Actor{}, err
	}
	return s.actor(d.ID, d.State, ""), nil
}

func (s *Service) actor(id string, a Account, sessionID string) Actor {
	return a.actor(id, sessionID, calendar.DateOf(s.clocks.Business()), s.clocks.Security(), passwordAge)
}

// SignIn implements Accounts.
func (s *Service) SignIn(ctx context.Context, in Credentials) (SignedIn, error) {
	const op = "policy.SignIn"
	refused := fault.New(op, fault.Unauthenticated, wrongSignIn)
	login := NormalLogin(in.Login)
	tries := s.db.MAC("signin", login)
	now := s.clocks.Security()
	locked, err := s.locked(ctx, tries, now)
	if err != nil {
		return SignedIn{}, err
	}
	d, err := s.byLogin(ctx, login)
	unknown := fault.Is(err, fault.NotFound)
	if err != nil && !unknown {
		return SignedIn{}, err
	}
	hash := s.hasher.dummy
	if !unknown && !locked && !d.State.Disabled {
		hash = d.State.Password.Hash
	}
	// The same work for a known and an unknown name: the time of the answer tells nothing.
	right, err := s.hasher.verify(ctx, in.Password, hash)
	if err != nil {
		return SignedIn{}, err
	}
	right = right && hash != s.hasher.dummy
	second := false
	if right && d.State.TOTP.Secret != "" {
		if second, err = s.useCode(ctx, d, in.Code, now); err != nil {
			return SignedIn{}, err
		}
		right = second
	}
	if !right {
		if !locked {
			err = s.countFailure(ctx, tries, now)
		}
		if err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, refused
	}
	if err := s.failures.Delete(ctx, tries); err != nil {
		return SignedIn{}, err
	}
	if in.PreviousToken != "" {
		if err := s.end(ctx, sessionID(in.PreviousToken)); err != nil {
			return SignedIn{}, err
		}
	}
	return s.begin(ctx, d, second, now)
}

// locked reports whether a login is locked out.
func (s *Service) locked(ctx context.Context, tries string, now time.Time) (bool, error) {
	f, err := s.failures.Get(ctx, tries)
	if fault.Is(err, fault.NotFound) {
		return false, nil
	}
	return err == nil && now.Before(f.State.LockedUntil.Time), err
}

// countFailure counts one wrong try and locks the login at the fifth. Simultaneous tries all count.
func (s *Service) countFailure(ctx context.Context, tries string, now time.Time) error {
	for {
		f, err := s.failures.Get(ctx, tries)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		next := failures{Count: f.State.Count + 1}
		if next.Count >= lockAfter {
			next = failures{LockedUntil: journal.At(now.Add(lockFor))}
		}
		if _, err = s.failures.Swap(ctx, tries, f.Rev, next, s.db.Now().Add(lockFor)); !fault.Is(err, fault.Conflict) {
			return err
		}
	}
}

// useCode reports whether a one-time code is right and was not used before.
func (s *Service) useCode(ctx context.Context, d store.Doc[Account], code string, now time.Time) (bool, error) {
	step, right, err := totpStep(d.State.TOTP.Secret, code, now)
	if err != nil || !right {
		return false, err
	}
	_, err = s.codes.Swap(ctx, fmt.Sprintf("%s/%d", d.ID, step), 0, usedCode{}, s.db.Now().Add(5*time.Minute))
	if fault.Is(err, fault.Conflict) {
		return false, nil
	}
	return err == nil, err
}

var _ Accounts = (*Service)(nil)

// errEnded says that a session does not hold any more.
var errEnded = errors.New("session ended")
