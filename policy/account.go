package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// Account is one person's access. Its id is opaque; login and name are ciphertext under the key of the person.
type Account struct {
	// Login is the sign-in name in its one normal form; see NormalLogin. It is claimed, so that two accounts never share it.
	Login string `json:"login" privacy:"pii"`
	// Name is the display name.
	Name string `json:"name" privacy:"pii"`
	// Appointments are all appointments, past and future ones too, oldest first.
	Appointments []Appointment `json:"appointments,omitempty"`
	// Absences are when the person is away and who signs approvals in his place, oldest first.
	Absences []Absence `json:"absences,omitempty"`
	// Emergencies are the offices that the person took in an emergency, oldest first.
	Emergencies []Emergency `json:"emergencies,omitempty"`
	// Disabled closes the account; it is never deleted, because records name it.
	Disabled bool `json:"disabled,omitempty"`
	// Password is what proves the person.
	Password Password `json:"password"`
	// TOTP is the optional second factor.
	TOTP TOTP `json:"totp"`
	// Epoch is raised to end all sessions of the account: a session counts only in the epoch in which it was opened.
	Epoch int64 `json:"epoch,omitempty"`
}

// Password is the state of an account's password.
type Password struct {
	// Hash is the argon2id hash of the present password, in PHC form.
	Hash string `json:"hash" privacy:"pii"`
	// Earlier are the hashes of the four passwords before, newest first.
	Earlier []string `json:"earlier,omitempty" privacy:"pii"`
	// SetAt is when the present one was set, on the security clock.
	SetAt journal.Time `json:"set_at"`
	// OneTime: issued by an administrator; it must be changed before anything else.
	OneTime bool `json:"one_time,omitempty"`
}

// TOTP is the second factor of an account.
type TOTP struct {
	// Secret is the shared secret in base32, "" if the account has no second factor.
	Secret string `json:"secret,omitempty" privacy:"pii"`
}

// The lengths of names, in characters.
const (
	minLogin = 2
	maxLogin = 32
	maxName  = 40
	maxOrder = 60
	// maxAppointments bounds the record, past ones included.
	maxAppointments = 100
)

// NormalLogin returns the one form of a login: compatibility width, lower case, without surrounding blanks.
func NormalLogin(login string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(login)))
}

// loginFaults checks a normal login: letters (Chinese ones too), digits, and . _ - @ between them.
func loginFaults(login string) []fault.Field {
	n := utf8.RuneCountInString(login)
	if n < minLogin || n > maxLogin {
		return []fault.Field{{Name: "login", Message: fmt.Sprintf("用户名有 %d 位，要有 %d 至 %d 位", n, minLogin, maxLogin)}}
	}
	for _, r := range login {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-@", r) {
			return []fault.Field{{Name: "login", Message: fmt.Sprintf("用户名不能含有“%c”，只能用文字、数字和 . _ - @", r)}}
		}
	}
	return nil
}

func nameFaults(name string) []fault.Field {
	if n := utf8.RuneCountInString(name); n < 1 || n > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		return []fault.Field{{Name: "name", Message: fmt.Sprintf("姓名要有 1 至 %d 个字", maxName)}}
	}
	return nil
}

// appointmentFaults checks one new appointment by itself (practice.md §5). Field names are role, unit, scopes[n], until, order, and those of orderFaults.
func (r *Rules) appointmentFaults(ap Appointment) []fault.Field {
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	info, ok := r.Role(ap.Role)
	switch {
	case ap.Role == "":
		fail("role", "请选择岗位")
	case !ok:
		fail("role", "角色“%s”不存在", ap.Role)
	case info.Grant == GrantNone:
		fail("role", "%s不能任命", info.Title)
	case info.Grant == GrantOrder:
		bad = append(bad, r.orderFaults(info, ap)...)
	case ap.Access != nil:
		fail("role", "%s不凭调阅单任命", info.Title)
	}
	if utf8.RuneCountInString(ap.Order) > maxOrder {
		fail("order", "文号最多 %d 个字", maxOrder)
	}
	if until := ap.Days.Until; !until.IsZero() && until.Compare(ap.Days.From) < 0 {
		fail("until", "截止日 %s 早于起始日 %s", until.Chinese(), ap.Days.From.Chinese())
	}
	if ap.Unit != "" && !ValidScopeKey(ap.Unit) && !unitKeyForm.MatchString(ap.Unit) {
		fail("unit", "单位“%s”写法不对，要写成 f:、c:、t:、d:、u: 加编号，或 county", ap.Unit)
	}
	for k, key := range ap.Scopes {
		switch {
		case !ValidScopeKey(key):
			fail(fmt.Sprintf("scopes[%d]", k), "范围“%s”写法不对，要写成 p:、f:、c:、t:、d: 加编号，或 county", key)
		case strings.HasPrefix(ap.Unit, "f:") && key != ap.Unit && !strings.HasPrefix(key, "p:"):
			fail(fmt.Sprintf("scopes[%d]", k), "企业人员的范围只能是本企业或其项目，不能是 %s", key)
		}
	}
	return bad
}

// togetherFaults checks what the appointments of one account may not be together: several duties (三员分立), or more scope keys than one
// query can ask for. Those that ended before the day no longer count.
func (r *Rules) togetherFaults(list []Appointment, day calendar.Date) []fault.Field {
	var bad []fault.Field
	if len(list) > maxAppointments {
		bad = append(bad, fault.Field{Name: "role", Message: fmt.Sprintf("任职记录有 %d 条，最多 %d 条，请另开账号", len(list), maxAppointments)})
	}
	var duties []Duty
	var keys []string
	for _, ap := range list {
		if until := ap.Days.Until; !until.IsZero() && until.Compare(day) < 0 {
			continue
		}
		if info, ok := r.Role(ap.Role); ok && !slices.Contains(duties, info.Duty) {
			duties = append(duties, info.Duty)
		}
		keys = append(keys, ap.Scopes...)
	}
	if len(duties) > 1 {
		bad = append(bad, fault.Field{Name: "role", Message: "一个账号只能任一类岗位：业务、系统管理、审计、安全管理须分别开设账号（三员分立）"})
	}
	slices.Sort(keys)
	if n := len(slices.Compact(keys)); n > maxScopeKeys {
		bad = append(bad, fault.Field{Name: "scopes", Message: fmt.Sprintf("任职范围共有 %d 项，最多 %d 项；请改用企业、社区或乡镇作为范围", n, maxScopeKeys)})
	}
	return bad
}

// actor returns the person as of a business day, in a session.
func (a Account) actor(rules *Rules, id, session string, business calendar.Date, security time.Time, age time.Duration) Actor {
	offices := rules.inForce(a.Appointments, business)
	for i := range a.Emergencies {
		if e := &a.Emergencies[i]; e.Runs(security) {
			offices = append(offices, Appointment{Role: e.Role, Unit: e.Unit, Scopes: e.Scopes, Days: Span{From: business, Until: business}, Emergency: e.Number})
		}
	}
	return Actor{
		ID: id, Name: a.Name, Session: session,
		Appointments:       offices,
		MustChangePassword: a.Password.OneTime,
		PasswordDue:        !a.Password.OneTime && security.Sub(a.Password.SetAt.Time) > age,
	}
}

// withPassword returns the account with a new password; all its sessions end.
func (a Account) withPassword(hash string, oneTime bool, at time.Time) Account {
	earlier := a.Password.Earlier
	if a.Password.Hash != "" {
		earlier = append([]string{a.Password.Hash}, earlier...)
	}
	if len(earlier) > passwordHistory-1 {
		earlier = earlier[:passwordHistory-1]
	}
	a.Password = Password{Hash: hash, Earlier: slices.Clone(earlier), SetAt: journal.At(at), OneTime: oneTime}
	a.Epoch++
	return a
}
