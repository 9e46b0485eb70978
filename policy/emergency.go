package policy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
)

// Emergency is another office that a person took for some hours because nobody who holds it could be had (应急授权). It reaches the rows that the own office reaches, never
// what separated duties leave to a second person, and ends by itself.
type Emergency struct {
	// Number counts the emergencies of the account from 1; records made meanwhile name it (store.Marked).
	Number int64 `json:"number"`
	// Role is the office that was taken, Own the office by which it could be.
	Role Role `json:"role" privacy:"internal"`
	Own  Role `json:"own" privacy:"internal"`
	// Unit and Scopes are those of the own office.
	Unit   string   `json:"unit,omitempty" privacy:"internal"`
	Scopes []string `json:"scopes,omitempty" privacy:"internal"`
	// Reason is why, without personal data.
	Reason string `json:"reason" privacy:"internal"`
	// From and Until bound it, on the security clock: who gives it back early moves Until.
	From  journal.Time `json:"from"`
	Until journal.Time `json:"until"`
	// Reviews are what others found who looked at it, at most one of each duty.
	Reviews []EmergencyReview `json:"reviews,omitempty"`
}

// EmergencyReview is what somebody found who looked at an emergency afterwards.
type EmergencyReview struct {
	// By is the account id, Duty the duty for which he looked.
	By   string `json:"by" privacy:"internal"`
	Duty Duty   `json:"duty" privacy:"internal"`
	// Proper: it was needed, and nothing else was done with it.
	Proper bool `json:"proper"`
	// Words say what was found, without personal data.
	Words string       `json:"words,omitempty" privacy:"internal"`
	At    journal.Time `json:"at"`
}

// The bounds of an emergency.
const (
	// MaxEmergencyHours is the longest one.
	MaxEmergencyHours = 8
	// minReason and maxReason are the length of the reason, in characters.
	minReason = 10
	maxReason = 200
	// maxEmergencies is how many an account keeps; the log keeps the rest.
	maxEmergencies = 50
	// ReviewWithinDays is within how many days after its end somebody has to have looked at it.
	ReviewWithinDays = 3
)

// byEmergency lists the accounts that took an emergency.
const byEmergency = "emergency"

// Runs reports whether it is in force at an instant of the security clock.
func (e *Emergency) Runs(at time.Time) bool {
	return !at.Before(e.From.Time) && at.Before(e.Until.Time)
}

// Mark is what the records say that were made meanwhile.
func (e *Emergency) Mark() string { return emergencyMark(e.Number) }

func emergencyMark(number int64) string { return "应急授权 " + strconv.FormatInt(number, 10) }

// reviewedFor reports whether somebody of a duty has looked at it.
func (e *Emergency) reviewedFor(duty Duty) bool {
	return slices.ContainsFunc(e.Reviews, func(r EmergencyReview) bool { return r.Duty == duty })
}

// Mark is what the records of the actor's changes say while he holds an office in an emergency, "" if he holds none.
func (a Actor) Mark() string {
	for _, ap := range a.Appointments {
		if ap.Emergency != 0 {
			return emergencyMark(ap.Emergency)
		}
	}
	return ""
}

// standing are the offices of the actor without those taken in an emergency.
func (a Actor) standing() []Appointment {
	return slices.DeleteFunc(slices.Clone(a.Appointments), func(ap Appointment) bool { return ap.Emergency != 0 })
}

// secondHand are the verbs by which somebody looks over, decides or pays what another has prepared.
var secondHand = []string{"sign", "publish", "adopt", "waive", "hear", "answer", "audit", "review", "confirm", "check", "pay", "reverse", "qualify", "name", "cosign"}

// barredInEmergency reports whether an action takes a second person by the separation of duties, so that no office taken in an emergency gives it.
func barredInEmergency(action Action) bool {
	if slices.Contains(secondHand, action.Verb()) {
		return true
	}
	for _, work := range SeparatedWork() {
		for i, step := range work.Steps {
			if i > 0 && step.Action == action && work.Steps[0].Action != action {
				return true
			}
		}
	}
	return false
}

// barred are the actions that no emergency gives, computed once: a check of rights must stay two look-ups.
var barred = func() map[Action]bool {
	out := map[Action]bool{}
	for _, a := range Actions() {
		out[a.Action] = barredInEmergency(a.Action)
	}
	return out
}()

// Emergencies are all offices that somebody may take in an emergency, in the order of the file.
func (r *Rules) Emergencies() []EmergencyOffice {
	out := make([]EmergencyOffice, 0, len(r.emergencies))
	for _, e := range r.emergencies {
		out = append(out, EmergencyOffice{Role: r.byCode[e.parent], Own: r.byCode[e.child], Line: e.line})
	}
	return out
}

// EmergencyOffices are the offices that the actor may take in an emergency, with the own office that allows it.
func (r *Rules) EmergencyOffices(by Actor) []EmergencyOffice {
	var out []EmergencyOffice
	for _, e := range r.emergencies {
		for _, ap := range by.standing() {
			if ap.Role == e.child && !slices.ContainsFunc(out, func(o EmergencyOffice) bool { return o.Role.Role == e.parent }) && !by.Has(e.parent) {
				out = append(out, EmergencyOffice{Role: r.byCode[e.parent], Own: r.byCode[e.child], Line: e.line})
			}
		}
	}
	return out
}

// EmergencyOffice is an office that somebody may take in an emergency.
type EmergencyOffice struct {
	// Role is that office, Own the one that allows it.
	Role, Own RoleInfo
	// Line is the line of roles.csv that says so.
	Line int
}

// TakeEmergency gives the actor another office for some hours. Returns Forbidden for who has no office that allows it, Invalid for refused fields (role, hours, reason),
// Conflict while another one runs.
func (s *Service) TakeEmergency(ctx context.Context, by Actor, role Role, hours int, reason string) (Emergency, error) {
	const op = "policy.TakeEmergency"
	if err := s.guard.Require(by, UpdateOwnAccount); err != nil {
		return Emergency{}, err
	}
	rules, reason := s.guard.Rules(), strings.TrimSpace(reason)
	offices := rules.EmergencyOffices(by)
	if len(offices) == 0 {
		return Emergency{}, &fault.Error{Op: op, Kind: fault.Forbidden, Message: "你的岗位没有可以应急取得的其他岗位", Rule: csvName + "：没有一行 e 写明你的岗位"}
	}
	var bad []fault.Field
	office := slices.IndexFunc(offices, func(o EmergencyOffice) bool { return o.Role.Role == role })
	if office < 0 {
		bad = append(bad, fault.Field{Name: "role", Message: "请选择要应急取得的岗位"})
	}
	if hours < 1 || hours > MaxEmergencyHours {
		bad = append(bad, fault.Field{Name: "hours", Message: fmt.Sprintf("时长要有 1 至 %d 小时", MaxEmergencyHours)})
	}
	if n := utf8.RuneCountInString(reason); n < minReason || n > maxReason {
		bad = append(bad, fault.Field{Name: "reason", Message: fmt.Sprintf("事由要写 %d 至 %d 个字：出了什么事，为什么等不到在岗的人", minReason, maxReason)})
	}
	if len(bad) > 0 {
		return Emergency{}, fault.InvalidFields(op, bad...)
	}
	own := by.standing()[slices.IndexFunc(by.standing(), func(ap Appointment) bool { return ap.Role == offices[office].Own.Role })]
	now := s.clocks.Security()
	var taken Emergency
	err := s.changeOwnFor(ctx, by, UpdateOwnAccount, "应急取得"+offices[office].Role.Title+"："+reason, func(a *Account) error {
		number := int64(1)
		for i := range a.Emergencies {
			if a.Emergencies[i].Runs(now) {
				return fault.New(op, fault.Conflict, "已经有一项应急授权在进行，先交回再取得另一项")
			}
			number = a.Emergencies[i].Number + 1
		}
		taken = Emergency{Number: number, Role: role, Own: own.Role, Unit: own.Unit, Scopes: own.Scopes, Reason: reason, From: journal.At(now), Until: journal.At(now.Add(time.Duration(hours) * time.Hour))}
		a.Emergencies = append(slices.Clone(a.Emergencies), taken)
		if n := len(a.Emergencies); n > maxEmergencies {
			a.Emergencies = slices.Clone(a.Emergencies[n-maxEmergencies:])
		}
		return nil
	})
	if err == nil {
		s.record(AccessEvent{Event: EventEmergency, Actor: by.ID, Rule: csvName + " 第 " + strconv.Itoa(offices[office].Line) + " 行"})
	}
	return taken, err
}

// EndEmergency gives back early what runs. Returns Conflict if nothing runs.
func (s *Service) EndEmergency(ctx context.Context, by Actor) error {
	const op = "policy.EndEmergency"
	if err := s.guard.Require(by, UpdateOwnAccount); err != nil {
		return err
	}
	now := s.clocks.Security()
	return s.changeOwnFor(ctx, by, UpdateOwnAccount, "交回应急授权", func(a *Account) error {
		a.Emergencies = slices.Clone(a.Emergencies)
		for i := range a.Emergencies {
			if a.Emergencies[i].Runs(now) {
				a.Emergencies[i].Until = journal.At(now)
				return nil
			}
		}
		return fault.New(op, fault.Conflict, "现在没有应急授权在进行，可能已经到时结束")
	})
}

// EmergencyView is an emergency with whose it is.
type EmergencyView struct {
	Emergency
	// Account is the account, Seq its last change.
	Account AccountView
	// Running: it is in force now. Mine: the actor may still look at it for his duty.
	Running, Mine bool
	// Due is the last day on which it is to be looked at.
	Due calendar.Date
}

// Emergencies lists those of all accounts, newest first: for who reviews them. OwnEmergencies lists the actor's. They return Forbidden.
func (s *Service) Emergencies(ctx context.Context, by Actor) ([]EmergencyView, error) {
	if err := s.guard.Require(by, ReviewEmergency); err != nil {
		return nil, err
	}
	var out []EmergencyView
	for q := (store.Query{Index: byEmergency, Limit: store.MaxLimit}); ; {
		page, err := s.accounts.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			out = append(out, s.emergenciesOf(by, d)...)
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b EmergencyView) int { return b.From.Compare(a.From.Time) })
	return out, nil
}

// OwnEmergencies: see Emergencies.
func (s *Service) OwnEmergencies(ctx context.Context, by Actor) ([]EmergencyView, error) {
	if err := s.guard.Require(by, ReadOwnAccount); err != nil {
		return nil, err
	}
	d, err := s.load(ctx, by.ID)
	if err != nil {
		return nil, err
	}
	out := s.emergenciesOf(by, d)
	slices.Reverse(out)
	return out, nil
}

func (s *Service) emergenciesOf(by Actor, d store.Doc[Account]) []EmergencyView {
	now, duty := s.clocks.Security(), s.dutyOf(by)
	var out []EmergencyView
	for i := range d.State.Emergencies {
		e := d.State.Emergencies[i]
		out = append(out, EmergencyView{Emergency: e, Account: viewOf(d), Running: e.Runs(now), Mine: d.ID != by.ID && s.guard.Allow(by, ReviewEmergency) && !e.reviewedFor(duty),
			Due: calendar.DateOf(e.Until.Time).Add(ReviewWithinDays)})
	}
	return out
}

// dutyOf is the duty of the actor's offices; an account holds offices of one only.
func (s *Service) dutyOf(by Actor) Duty {
	for _, ap := range by.standing() {
		if info, ok := s.guard.Rules().Role(ap.Role); ok {
			return info.Duty
		}
	}
	return DutyBase
}

// ReviewEmergency records what the actor found who looked at an emergency that is over. Returns Forbidden without ReviewEmergency or for one's own, NotFound, Invalid if
// it was not proper and no words say why (words), Conflict while it runs or if somebody of the same duty was first.
func (s *Service) ReviewEmergency(ctx context.Context, by Actor, id string, number int64, proper bool, words string) error {
	const op = "policy.ReviewEmergency"
	if err := s.guard.Require(by, ReviewEmergency); err != nil {
		return err
	}
	if by.ID == id {
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "自己的应急授权由别人核查", Rule: "不相容岗位规则 S-3：应急授权由他人核查"}
	}
	if words = strings.TrimSpace(words); utf8.RuneCountInString(words) > maxReason || !proper && words == "" {
		return fault.InvalidFields(op, fault.Field{Name: "words", Message: fmt.Sprintf("认为不当的，写明哪里不当，最多 %d 个字", maxReason)})
	}
	d, err := s.load(ctx, id)
	if err != nil {
		return err
	}
	list := slices.Clone(d.State.Emergencies)
	i := slices.IndexFunc(list, func(e Emergency) bool { return e.Number == number })
	duty, now := s.dutyOf(by), s.clocks.Security()
	switch {
	case i < 0:
		return fault.New(op, fault.NotFound, "没有找到这次应急授权")
	case list[i].Runs(now):
		return fault.New(op, fault.Conflict, "这次应急授权还在进行，结束以后再核查")
	case list[i].reviewedFor(duty):
		return fault.New(op, fault.Conflict, "已经有人核查过了，请刷新后再看")
	}
	list[i].Reviews = append(slices.Clone(list[i].Reviews), EmergencyReview{By: by.ID, Duty: duty, Proper: proper, Words: words, At: journal.At(s.db.Now())})
	d.State.Emergencies = list
	_, err = s.accounts.Commit(ctx, store.Meta{By: by.ID, Action: string(ReviewEmergency), Why: words}, id, d.Seq, d.State)
	if err == nil {
		s.cache.forgetAccount(id)
	}
	return err
}
