package policy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// AccessOrder is what a 调阅单 (of 纪检) or an 审计通知书 lets its holder read (practice.md §5: “nobody reads everything”): the matters that it names, about what the scopes of the
// appointment name, of the years that it names. Number and days stand in the appointment.
type AccessOrder struct {
	// Reason says what for, at most 200 characters, without names of persons.
	Reason string `json:"reason" privacy:"internal"`
	// Matters are the resources that may be read, as roles.csv names them (register, evaluation, log …); never empty.
	Matters []string `json:"matters" privacy:"internal"`
	// FirstYear and LastYear are the calendar years of what may be read, both included. Registers show what stands today, whatever the years: see Matter.Stands.
	FirstYear int64 `json:"first_year"`
	LastYear  int64 `json:"last_year"`
	// Whole says why nothing less than the whole county will do, "" for an order that names its townships, communities, firms or compounds.
	Whole string `json:"whole,omitempty" privacy:"internal"`
}

const (
	minOrderReason = 4
	maxOrderReason = 200
	// maxOrderYears bounds the years of one order (proposal): as long as 一般 papers are kept.
	maxOrderYears = 10
)

// Matter is one kind of thing that an order can name.
type Matter struct {
	// Resource is its code, Title its Chinese name.
	Resource, Title string
	// Stands: it is a register that shows what stands today, so that the years of an order do not narrow it.
	Stands bool
	// Everywhere: it lies in no rows, so that the places of an order do not narrow it either.
	Everywhere bool
}

// standingMatters are the resources whose rows are as they stand today: their rows have no day of their own.
var standingMatters = []string{"register", "votepaper", "fund", "station", "model", "paper", "scheme", "log", "approval"}

// everywhereMatters are the resources that lie in no rows: the log of changes, schemes, who signs what, policy papers.
var everywhereMatters = []string{"scheme", "log", "approval", "paper"}

// Matters are the kinds of things that a role which takes an order may read, in the order of Actions.
func (r *Rules) Matters(role Role) []Matter {
	var out []Matter
	for _, a := range Actions() {
		resource := a.Action.Resource()
		if !r.table[cell{role, a.Action}].allowed || r.table[cell{User, a.Action}].allowed || slices.ContainsFunc(out, func(m Matter) bool { return m.Resource == resource }) {
			continue
		}
		out = append(out, Matter{resource, strings.TrimPrefix(a.Name, "查看"), slices.Contains(standingMatters, resource), slices.Contains(everywhereMatters, resource)})
	}
	return out
}

// MatterTitles are the Chinese names of the matters of an order that the role may read.
func (r *Rules) MatterTitles(role Role, o *AccessOrder) []string {
	var out []string
	for _, m := range r.Matters(role) {
		if slices.Contains(o.Matters, m.Resource) {
			out = append(out, m.Title)
		}
	}
	return out
}

// names reports whether the order names what the action is about; an appointment without order is not narrowed by one.
func (ap *Appointment) names(action Action) bool {
	return ap.Access == nil || slices.Contains(ap.Access.Matters, action.Resource())
}

// years are the days of the years of an order, nil where they do not narrow an action.
func (ap *Appointment) years(action Action) []Span {
	if ap.Access == nil || slices.Contains(standingMatters, action.Resource()) {
		return nil
	}
	return []Span{{From: calendar.Year(int(ap.Access.FirstYear)).Span().First, Until: calendar.Year(int(ap.Access.LastYear)).Span().Last}}
}

// OrderMark is what the access log says of everything that the actor opens while he holds an order, “调阅单 <number>”; "" if he holds none.
func (a Actor) OrderMark() string {
	for _, ap := range a.Appointments {
		if ap.Access != nil {
			return "调阅单 " + ap.Order
		}
	}
	return ""
}

// OrderUntil is the last day of the order that OrderMark names.
func (a Actor) OrderUntil() calendar.Date {
	for _, ap := range a.Appointments {
		if ap.Access != nil {
			return ap.Days.Until
		}
	}
	return calendar.Date{}
}

// inForce returns the appointments that hold on the day. One that takes an order and does not say what may be read lets read nothing: such ones were made before orders said so.
func (r *Rules) inForce(list []Appointment, day calendar.Date) []Appointment {
	var out []Appointment
	for _, ap := range list {
		if ap.Days.Holds(day) && (ap.Access != nil || r.byCode[ap.Role].Grant != GrantOrder) {
			out = append(out, ap)
		}
	}
	return out
}

// orderFaults checks what an appointment with GrantOrder must say; until is checked together with the longest term of the role. Field names are unit, order, from, until, reason, matters, first_year, last_year, whole, scopes.
func (r *Rules) orderFaults(info RoleInfo, ap Appointment) []fault.Field {
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	if strings.TrimSpace(ap.Order) == "" {
		fail("order", "%s须凭调阅单或审计通知书，请填写文号", info.Title)
	}
	if ap.Unit != "" && ap.Unit != County { // who serves in a firm sees of it what a scheme keeps back
		fail("unit", "凭调阅单的人不属于任何单位，这一栏不填")
	}
	switch from, until := ap.Days.From, ap.Days.Until; {
	case from.IsZero():
		fail("from", "请填写起始日")
	case until.IsZero():
		fail("until", "%s只在调阅单写明的期限内有效，请填写截止日", info.Title)
	case until.Sub(from) >= info.Longest:
		fail("until", "%s的调阅单最长 %d 日，从 %s 起最晚到 %s；到期还要看的，另开一份", info.Title, info.Longest, from.Chinese(), from.Add(info.Longest-1).Chinese())
	}
	o := ap.Access
	if o == nil {
		fail("matters", "请写明调阅单让看哪些事项")
		return bad
	}
	if n := utf8.RuneCountInString(o.Reason); n < minOrderReason || n > maxOrderReason {
		fail("reason", "请写明为什么事调阅，%d 至 %d 个字，不写人名", minOrderReason, maxOrderReason)
	}
	known := r.Matters(ap.Role)
	for _, matter := range o.Matters {
		if !slices.ContainsFunc(known, func(m Matter) bool { return m.Resource == matter }) {
			fail("matters", "%s不能看“%s”", info.Title, matter)
		}
	}
	if len(o.Matters) == 0 {
		fail("matters", "请至少选一类要看的事项；没有选的一律看不到")
	}
	if o.FirstYear < 2000 || o.FirstYear > 2100 {
		fail("first_year", "请填写从哪一年起，例如 2025")
	} else if o.LastYear < o.FirstYear || o.LastYear-o.FirstYear >= maxOrderYears {
		fail("last_year", "请填写到哪一年止：不早于 %d 年，最多 %d 年", o.FirstYear, maxOrderYears)
	}
	switch county := slices.Contains(ap.Scopes, County); {
	case len(ap.Scopes) == 0:
		fail("scopes", "请写明看哪些乡镇、社区、企业或小区；确实要看全县的写“全县”，并写明为什么不能缩小")
	case county && utf8.RuneCountInString(o.Whole) < minOrderReason:
		fail("whole", "要看全县的，请写明为什么不能缩小到几个乡镇、企业或小区")
	case !county && o.Whole != "":
		fail("whole", "范围不是全县，这一栏不填")
	case utf8.RuneCountInString(o.Whole) > maxOrderReason:
		fail("whole", "最多 %d 个字", maxOrderReason)
	}
	return bad
}

// Years is “2025 年”, or “2024 至 2025 年”.
func (o *AccessOrder) Years() string {
	if o.FirstYear == o.LastYear {
		return strconv.FormatInt(o.FirstYear, 10) + " 年"
	}
	return fmt.Sprintf("%d 至 %d 年", o.FirstYear, o.LastYear)
}
