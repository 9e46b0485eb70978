package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// Absence says that a person is away and who signs approvals in his place meanwhile (practice.md §5).
type Absence struct {
	// Days are first and last day, both set.
	Days Span `json:"days"`
	// Deputy is the account id of who signs.
	Deputy string `json:"deputy" privacy:"internal"`
	// By is the account id of who recorded it, At when.
	By string       `json:"by" privacy:"internal"`
	At journal.Time `json:"at"`
}

// Deputizing is an absent person with the offices that he holds today.
type Deputizing struct {
	// For is his account id.
	For string
	// Appointments are his appointments of the day.
	Appointments []Appointment
}

const (
	// byDeputy lists accounts by those who sign in their place.
	byDeputy = "deputy"
	// maxAbsences is how many absences an account keeps; the log keeps the rest.
	maxAbsences = 50
	// longestAbsence is in days: who is away for longer is replaced by an appointment.
	longestAbsence = 366
)

// deputies are the keys of an account under byDeputy.
func (a *Account) deputies() []string {
	var out []string
	for _, absence := range a.Absences {
		if !slices.Contains(out, absence.Deputy) {
			out = append(out, absence.Deputy)
		}
	}
	return out
}

// away is the absence that holds on the day, nil if the person is there.
func (a *Account) away(day calendar.Date) *Absence {
	for i := range a.Absences {
		if a.Absences[i].Days.Holds(day) {
			return &a.Absences[i]
		}
	}
	return nil
}

// absentees are the accounts in whose place somebody signs, on whatever day.
func (s *Service) absentees(ctx context.Context, deputy string) ([]store.Doc[Account], error) {
	page, err := s.accounts.List(ctx, store.Query{Index: byDeputy, Key: deputy, Limit: store.MaxLimit})
	return page.Docs, err
}

// deputizing keeps those who are away on the day and have named the deputy.
func deputizing(rules *Rules, absentees []store.Doc[Account], deputy string, day calendar.Date) []Deputizing {
	var out []Deputizing
	for _, d := range absentees {
		if away := d.State.away(day); away != nil && away.Deputy == deputy && !d.State.Disabled {
			out = append(out, Deputizing{For: d.ID, Appointments: rules.inForce(d.State.Appointments, day)})
		}
	}
	return out
}

// RecordAbsence records that a person is away and who signs in his place: the person himself, or an administrator. Returns Forbidden for anybody else, NotFound,
// Invalid for refused fields (from, until, deputy), Conflict if seq is not the last change.
func (s *Service) RecordAbsence(ctx context.Context, by Actor, id string, seq int64, days Span, deputy string) error {
	const op = "policy.RecordAbsence"
	deputy = strings.TrimSpace(deputy)
	err := s.changeAbsences(ctx, by, id, seq, func(a *Account) error {
		bad := s.absenceFaults(a, id, days, deputy)
		standing, err := s.deputyFaults(ctx, id, days, deputy)
		if err != nil {
			return err
		}
		if bad = append(bad, standing...); len(bad) > 0 {
			return fault.InvalidFields(op, bad...)
		}
		a.Absences = append(a.Absences, Absence{Days: days, Deputy: deputy, By: by.ID, At: journal.At(s.db.Now())})
		if n := len(a.Absences); n > maxAbsences {
			a.Absences = slices.Clone(a.Absences[n-maxAbsences:])
		}
		return nil
	})
	if err == nil {
		s.cache.forgetAccount(deputy)
	}
	return err
}

// absenceFaults checks what an absence says by itself and beside the others of the person.
func (s *Service) absenceFaults(a *Account, id string, days Span, deputy string) []fault.Field {
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	today := calendar.DateOf(s.clocks.Business())
	switch {
	case days.From.IsZero():
		fail("from", "请写明从哪天起外出，例如 2026-10-19")
	case days.Until.IsZero():
		fail("until", "请写明外出到哪天，例如 2026-10-23")
	case days.Until.Compare(days.From) < 0:
		fail("until", "最后一天 %s 早于第一天 %s", days.Until.Chinese(), days.From.Chinese())
	case days.Until.Compare(today) < 0:
		fail("until", "最后一天 %s 已经过去", days.Until.Chinese())
	case days.Until.Sub(days.From) >= longestAbsence:
		fail("until", "一次最多 %d 天；更久的请改任命", longestAbsence)
	default:
		for _, other := range a.Absences {
			if other.Days.overlaps(days) {
				fail("from", "%s已经登记过外出", spanChinese(other.Days))
			}
		}
	}
	if deputy == id {
		fail("deputy", "代理人不能是外出的人自己")
	}
	return bad
}

// deputyFaults checks that the deputy can sign, and is there himself.
func (s *Service) deputyFaults(ctx context.Context, id string, days Span, deputy string) ([]fault.Field, error) {
	refuse := func(message string) []fault.Field { return []fault.Field{{Name: "deputy", Message: message}} }
	if deputy == "" {
		return refuse("请选择代理人"), nil
	}
	d, err := s.load(ctx, deputy)
	if fault.Is(err, fault.NotFound) {
		return refuse("没有找到这位代理人，请重新选择"), nil
	}
	if err != nil {
		return nil, err
	}
	if d.State.Disabled || !s.guard.Allow(d.State.actor(s.guard.Rules(), deputy, "", calendar.DateOf(s.clocks.Business()), s.clocks.Security(), s.opt.PasswordAge), SignApproval) {
		return refuse("代理人的岗位不能签署审批，请选择另一人"), nil
	}
	for _, other := range d.State.Absences {
		if deputy != id && other.Days.overlaps(days) {
			return refuse("代理人" + spanChinese(other.Days) + "也外出，请选择另一人"), nil
		}
	}
	return nil, nil
}

// EndAbsence ends an absence at once: its last day becomes yesterday, and one that has not begun by then is taken off the list. Returns Forbidden for anybody but
// the person and an administrator, NotFound, Conflict if seq is not the last change or the absence is over.
func (s *Service) EndAbsence(ctx context.Context, by Actor, id string, seq int64, index int) error {
	const op = "policy.EndAbsence"
	deputy := ""
	err := s.changeAbsences(ctx, by, id, seq, func(a *Account) error {
		yesterday := calendar.DateOf(s.clocks.Business()).Add(-1)
		if index < 0 || index >= len(a.Absences) {
			return fault.New(op, fault.NotFound, "没有找到这次外出")
		}
		absence := &a.Absences[index]
		deputy = absence.Deputy
		switch {
		case absence.Days.Until.Compare(yesterday) <= 0:
			return fault.New(op, fault.Conflict, "这次外出已于"+absence.Days.Until.Chinese()+"结束")
		case absence.Days.From.Compare(yesterday) > 0:
			a.Absences = slices.Delete(slices.Clone(a.Absences), index, index+1)
		default:
			absence.Days.Until = yesterday
		}
		return nil
	})
	if err == nil {
		s.cache.forgetAccount(deputy)
	}
	return err
}

// changeAbsences changes the absences of the own account with SignApproval, of another with AppointAccount.
func (s *Service) changeAbsences(ctx context.Context, by Actor, id string, seq int64, f func(*Account) error) error {
	if by.ID != id {
		return s.change(ctx, by, AppointAccount, id, seq, f)
	}
	if err := s.guard.Require(by, SignApproval); err != nil {
		return err
	}
	d, err := s.load(ctx, id)
	if err != nil {
		return err
	}
	if d.Seq != seq {
		return overtaken("policy.changeAbsences")
	}
	if err := f(&d.State); err != nil {
		return err
	}
	_, err = s.accounts.Commit(ctx, store.Meta{By: by.ID, Action: string(SignApproval)}, id, seq, d.State)
	if err == nil {
		s.cache.forgetAccount(id)
	}
	return err
}

// Absences are the absences of a person, oldest first, with the change that they are of: one's own with SignApproval, another's with AppointAccount. Returns
// Forbidden, NotFound.
func (s *Service) Absences(ctx context.Context, by Actor, id string) ([]Absence, int64, error) {
	action := AppointAccount
	if by.ID == id {
		action = SignApproval
	}
	if err := s.guard.Require(by, action); err != nil {
		return nil, 0, err
	}
	d, err := s.load(ctx, id)
	return d.State.Absences, d.Seq, err
}

// spanChinese is “2026年10月19日至2026年10月23日”.
func spanChinese(d Span) string { return d.From.Chinese() + "至" + d.Until.Chinese() }
