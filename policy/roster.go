package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// AccountState is where an account stands today.
type AccountState string

// The states of an account.
const (
	// AccountActive: it can sign in and holds an office, or will.
	AccountActive AccountState = "active"
	// AccountWaiting: it was never given an office.
	AccountWaiting AccountState = "waiting"
	// AccountLeft: all its offices have ended.
	AccountLeft AccountState = "left"
	// AccountLocked: its login is locked after too many failures.
	AccountLocked AccountState = "locked"
	// AccountClosed: an administrator closed it.
	AccountClosed AccountState = "closed"
)

// AccountStateName is a state with its Chinese name.
type AccountStateName struct {
	State AccountState
	Title string
}

// AccountStates are all states in the order of a form.
func AccountStates() []AccountStateName {
	return []AccountStateName{{AccountActive, "在用"}, {AccountWaiting, "没有任命"}, {AccountLeft, "已离任"}, {AccountLocked, "已锁定"}, {AccountClosed, "停用"}}
}

// Title is the Chinese name of a state.
func (s AccountState) Title() string {
	for _, one := range AccountStates() {
		if one.State == s {
			return one.Title
		}
	}
	return string(s)
}

// The orders of a list of accounts.
const (
	AccountsByLogin = "login"
	AccountsByName  = "name"
	// AccountsByEnd sorts by the first day on which an office ends; accounts without one come last.
	AccountsByEnd = "end"
)

// minTail is how many digits of a phone are looked for at least: fewer find half of the accounts.
const minTail = 4

// AccountQuery says which accounts are wanted; the zero value wants all, by login.
type AccountQuery struct {
	// Text is a part of the name or login, or the last four or more digits of a phone.
	Text string
	// Role is an office held today.
	Role Role
	// Unit is the scope key of a unit, or of rows, of an office held today.
	Unit string
	// State is where the account stands.
	State AccountState
	// Within wants those of which an office of today ends within so many days; 0 for all.
	Within int
	// Sort is one of the orders, "" by login; Desc turns it round.
	Sort string
	Desc bool
	// Phones gives the phones of accounts, "" for none, in the order of the ids; nil if nobody knows them.
	Phones func(ctx context.Context, ids []string) ([]string, error)
}

// AccountRow is one account of a list.
type AccountRow struct {
	AccountView
	// State is where it stands. Locked is told only by Locks and where it was asked for.
	State AccountState
	// End is the first last day of its offices of today, none if they have no end.
	End calendar.Date
}

// Roster lists the accounts of a query, whole. Returns Forbidden without ReadAccounts, Invalid for an order that is none.
func (s *Service) Roster(ctx context.Context, by Actor, q AccountQuery) ([]AccountRow, error) {
	if err := s.guard.Require(by, ReadAccounts); err != nil {
		return nil, err
	}
	order, ok := map[string]func(a, b *AccountRow) int{
		"": byLoginOrder, AccountsByLogin: byLoginOrder,
		AccountsByName: func(a, b *AccountRow) int { return strings.Compare(a.Name, b.Name) },
		AccountsByEnd: func(a, b *AccountRow) int {
			if a.End.IsZero() != b.End.IsZero() {
				return map[bool]int{true: 1, false: -1}[a.End.IsZero()]
			}
			return a.End.Compare(b.End)
		},
	}[q.Sort]
	if !ok {
		return nil, fault.New("policy.Roster", fault.Invalid, "不能按“"+q.Sort+"”排序")
	}
	today := calendar.DateOf(s.clocks.Business())
	rules := s.guard.Rules()
	var rows []AccountRow
	err := s.eachAccount(ctx, func(d store.Doc[Account]) {
		if row := rowOf(d, today); q.wants(rules, &row, today) {
			rows = append(rows, row)
		}
	})
	if err == nil {
		rows, err = q.named(ctx, rows)
	}
	if err == nil && q.State == AccountLocked {
		if err = s.Locks(ctx, rows); err == nil {
			rows = slices.DeleteFunc(rows, func(r AccountRow) bool { return r.State != AccountLocked })
		}
	}
	slices.SortStableFunc(rows, func(a, b AccountRow) int {
		c := order(&a, &b)
		if q.Desc {
			c = -c
		}
		if c == 0 {
			c = byLoginOrder(&a, &b)
		}
		return c
	})
	return rows, err
}

func byLoginOrder(a, b *AccountRow) int {
	return strings.Compare(a.Login+"\x00"+a.ID, b.Login+"\x00"+b.ID)
}

// rowOf is an account as of a day.
func rowOf(d store.Doc[Account], day calendar.Date) AccountRow {
	row := AccountRow{AccountView: viewOf(d), State: AccountLeft}
	running := false
	for _, ap := range row.Appointments {
		if until := ap.Days.Until; until.IsZero() || until.Compare(day) >= 0 {
			running = true
			if ap.Days.Holds(day) && !until.IsZero() && (row.End.IsZero() || until.Compare(row.End) < 0) {
				row.End = until
			}
		}
	}
	switch {
	case row.Disabled:
		row.State = AccountClosed
	case running:
		row.State = AccountActive
	case len(row.Appointments) == 0:
		row.State = AccountWaiting
	}
	return row
}

// wants decides everything but the text and the lock.
func (q *AccountQuery) wants(rules *Rules, row *AccountRow, day calendar.Date) bool {
	now := rules.inForce(row.Appointments, day)
	holds := func(fits func(Appointment) bool) bool { return slices.ContainsFunc(now, fits) }
	return (q.State == "" || q.State == row.State || q.State == AccountLocked && row.State != AccountClosed) &&
		(q.Role == "" || holds(func(ap Appointment) bool { return ap.Role == q.Role })) &&
		(q.Unit == "" || holds(func(ap Appointment) bool { return ap.Unit == q.Unit || slices.Contains(ap.Scopes, q.Unit) })) &&
		(q.Within == 0 || !row.End.IsZero() && row.End.Sub(day) <= q.Within)
}

// named keeps the rows that the text finds.
func (q *AccountQuery) named(ctx context.Context, rows []AccountRow) ([]AccountRow, error) {
	text := NormalLogin(q.Text)
	if text == "" {
		return rows, nil
	}
	tail := len(text) >= minTail && strings.Trim(text, "0123456789") == "" && q.Phones != nil
	out := make([]AccountRow, 0, len(rows))
	for chunk := range slices.Chunk(rows, store.MaxLimit) {
		phones := make([]string, len(chunk))
		if tail {
			ids := make([]string, len(chunk))
			for i := range chunk {
				ids[i] = chunk[i].ID
			}
			var err error
			if phones, err = q.Phones(ctx, ids); err != nil {
				return nil, err
			}
		}
		for i, row := range chunk {
			if strings.Contains(row.Login, text) || strings.Contains(NormalLogin(row.Name), text) || tail && strings.HasSuffix(phones[i], text) {
				out = append(out, row)
			}
		}
	}
	return out, nil
}

// Locks marks those rows whose logins are locked now; closed accounts stay closed.
func (s *Service) Locks(ctx context.Context, rows []AccountRow) error {
	for i := range rows {
		if rows[i].State == AccountClosed || rows[i].Purged {
			continue
		}
		locked, err := s.locked(ctx, s.limitID(rows[i].Login))
		if err != nil {
			return err
		}
		if locked {
			rows[i].State = AccountLocked
		}
	}
	return nil
}

// MaxBatch is how many accounts one file may open: each of them costs a slow hash of its password, and the answer shows all of them.
const MaxBatch = 200

// NewAccount is an account that a file asks for.
type NewAccount struct {
	// Login and Name are personal data, as CreateAccount takes them.
	Login, Name string
	// Appointments are those with which it begins, none for an account that is appointed later.
	Appointments []Appointment
}

// Issued is an account that was opened with its first password, which is stored nowhere and shown once.
type Issued struct {
	ID, Login, Name string
	// OneTime is "" for an account that was opened by an earlier try of the same file and has its own password by now.
	OneTime string
}

// batchID is the id of an account of a file: one and the same for every try of it.
func (s *Service) batchID(batch, login string) string {
	return "b" + s.db.MAC("account-batch", batch+"\x00"+login)[:39]
}

// CheckAccounts tells for each account of a file what is wrong with it (fields login, name, role, unit, scopes, until, order), nothing for those that can be opened. batch
// names the file. Nothing is written. Returns Forbidden without CreateAccount and AppointAccount.
func (s *Service) CheckAccounts(ctx context.Context, by Actor, batch string, list []NewAccount) ([][]fault.Field, error) {
	for _, action := range []Action{CreateAccount, AppointAccount} {
		if err := s.guard.Require(by, action); err != nil {
			return nil, err
		}
	}
	if len(list) > MaxBatch {
		return nil, fault.New("policy.CheckAccounts", fault.Invalid, fmt.Sprintf("这个文件有 %d 个账号，一次最多 %d 个，请分开导入", len(list), MaxBatch))
	}
	rules, today, seen := s.guard.Rules(), calendar.DateOf(s.clocks.Business()), map[string]bool{}
	out := make([][]fault.Field, len(list))
	for i, n := range list {
		login := NormalLogin(n.Login)
		bad := append(loginFaults(login), nameFaults(strings.TrimSpace(n.Name))...)
		for _, ap := range n.Appointments {
			bad = append(bad, rules.appointmentFaults(ap)...)
		}
		bad = append(bad, rules.togetherFaults(n.Appointments, today)...)
		holder, err := s.db.Claimed(ctx, loginClaim, login)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if seen[login] || err == nil && holder != accountKind+"/"+s.batchID(batch, login) {
			bad = append(bad, fault.Field{Name: "login", Message: "用户名“" + login + "”已被使用，请换一个"})
		}
		seen[login] = true
		out[i] = bad
	}
	return out, nil
}

// CreateAccounts opens the accounts of a file that CheckAccounts found nothing wrong with, each with its appointments and a one-time password. What a stopped try of the same
// batch left open is finished: an account that it opened gets another one-time password, as long as the person has not set an own one. Returns as CheckAccounts; Invalid with
// the fields of the first wrong account (named <n>.login and so on, counting from 0) before anything is written.
func (s *Service) CreateAccounts(ctx context.Context, by Actor, batch string, list []NewAccount) ([]Issued, error) {
	const op = "policy.CreateAccounts"
	faults, err := s.CheckAccounts(ctx, by, batch, list)
	if err != nil {
		return nil, err
	}
	for i, bad := range faults {
		for k := range bad {
			bad[k].Name = fmt.Sprintf("%d.%s", i, bad[k].Name)
		}
		if len(bad) > 0 {
			return nil, fault.InvalidFields(op, bad...)
		}
	}
	meta := store.Meta{By: by.ID, Action: string(CreateAccount)}
	out := make([]Issued, 0, len(list))
	for _, n := range list {
		one := Issued{Login: NormalLogin(n.Login), Name: strings.TrimSpace(n.Name)}
		one.ID = s.batchID(batch, one.Login)
		d, err := s.accounts.Load(ctx, one.ID)
		switch {
		case fault.Is(err, fault.NotFound):
			d.State = Account{Login: one.Login, Name: one.Name, Appointments: n.Appointments}
		case err != nil:
			return out, err
		case !d.State.Password.OneTime:
			out = append(out, one)
			continue
		}
		if one.OneTime, err = oneTimePassword(); err != nil {
			return out, err
		}
		hash, err := s.hasher.hash(ctx, one.OneTime)
		if err != nil {
			return out, err
		}
		next := d.State.withPassword(hash, true, s.clocks.Security())
		if d.Seq == 0 {
			err = s.open(ctx, meta, one.ID, next)
		} else {
			_, err = s.accounts.Commit(ctx, meta, one.ID, d.Seq, next)
			s.cache.forgetAccount(one.ID)
		}
		if err != nil {
			return out, err
		}
		out = append(out, one)
	}
	return out, nil
}
