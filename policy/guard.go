package policy

import (
	"context"
	"slices"
	"strings"
	"sync/atomic"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
)

// Guard answers questions about rights: it holds the current Rules, which a reload swaps as a whole, and the tenure.
type Guard struct {
	current atomic.Pointer[Rules]
	tenure  Tenure
}

// NewGuard returns a guard over loaded rules; tenure must not be nil (an empty TenureTable if there is no register).
func NewGuard(rules *Rules, tenure Tenure) *Guard {
	g := &Guard{tenure: tenure}
	g.current.Store(rules)
	return g
}

// Rules returns the rules in force now.
func (g *Guard) Rules() *Rules { return g.current.Load() }

// Reload loads both files and puts them in force at once. Returns Invalid with every error; then the old rules stay.
func (g *Guard) Reload(conf, csv []byte) (*Rules, error) {
	rules, err := LoadRules(conf, csv)
	if err != nil {
		return nil, err
	}
	g.current.Store(rules)
	return rules, nil
}

// Allow reports whether the actor may do the action at all.
func (g *Guard) Allow(by Actor, action Action) bool { return g.Rules().Allow(by, action) }

// Require is Allow as an error. Returns Unauthenticated if signing in might help, else Forbidden with the rule that decided.
func (g *Guard) Require(by Actor, action Action) error {
	rules := g.Rules()
	if rules.Allow(by, action) {
		return nil // without the words of an explanation, which cost more than the answer
	}
	if !by.SignedIn() {
		return fault.New("policy.Require", fault.Unauthenticated, "请先登录")
	}
	d := rules.explain(by, action)
	return &fault.Error{Op: "policy.Require", Kind: fault.Forbidden, Message: d.Reason, Rule: d.Rule}
}

// Scope returns the rows that the actor may reach for the action; empty without the right.
// Returns Unavailable if tenure cannot be asked.
func (g *Guard) Scope(ctx context.Context, by Actor, action Action) (Scope, error) {
	return g.Rules().scopeOf(ctx, by, action, g.tenure)
}

// Row is what a scope decision needs to know about one row.
type Row struct {
	// Keys are the scope keys stamped on the row by the date of its fact.
	Keys []string
	// Fact is the day of the fact.
	Fact calendar.Date
}

// RowAnswer is the scope part of a Decision.
type RowAnswer string

// The answers about a row.
const (
	// RowNotAsked: no row was given, or the right itself is missing.
	RowNotAsked RowAnswer = ""
	// RowInside: the row lies in the scope.
	RowInside RowAnswer = "inside"
	// RowOutside: the row lies outside; to the actor it does not exist.
	RowOutside RowAnswer = "outside"
)

// Decision explains one answer: for the 403 page, for `redsteward why`, and for the auditor.
type Decision struct {
	// Allowed: the actor may do the action, and the row, if one was given, lies inside.
	Allowed bool
	// Action is what was asked.
	Action ActionInfo
	// Role is the role that decided, "" if none did.
	Role RoleInfo
	// Rule is the deciding line of roles.csv, or the sentence that no line allows it.
	Rule string
	// Reason is one Chinese sentence for the user.
	Reason string
	// Who are the roles that may do it.
	Who []RoleInfo
	// Row is the scope decision. It must not be shown to the actor: outside looks like not existing.
	Row RowAnswer
}

// WhoTitles joins the titles of those who may do it: “股长、局长”, or “没有人”.
func (d Decision) WhoTitles() string {
	if len(d.Who) == 0 {
		return "没有人"
	}
	titles := make([]string, 0, len(d.Who))
	for _, r := range d.Who {
		titles = append(titles, r.Title)
	}
	return strings.Join(titles, "、")
}

// Why explains whether the actor may do the action and, if row is not nil, whether it lies in the scope.
// Returns Unavailable if tenure cannot be asked.
func (g *Guard) Why(ctx context.Context, by Actor, action Action, row *Row) (Decision, error) {
	rules := g.Rules()
	d := rules.explain(by, action)
	if row == nil || !d.Allowed {
		return d, nil
	}
	scope, err := rules.scopeOf(ctx, by, action, g.tenure)
	if err != nil {
		return Decision{}, err
	}
	d.Row = RowInside
	if !scope.Covers(row.Keys, row.Fact) {
		d.Row, d.Allowed = RowOutside, false
		d.Reason = "这一条不在任职范围内，对其显示为不存在"
	}
	return d, nil
}

// explain is decide with everything a person wants to know.
func (r *Rules) explain(by Actor, action Action) Decision {
	ok, role, v := r.decide(by, action)
	info, known := r.actions[action]
	if !known {
		info = ActionInfo{Action: action, Name: string(action)}
	}
	d := Decision{Allowed: ok, Action: info, Who: r.WhoMay(action)}
	if v != nil {
		d.Role, d.Rule = r.byCode[role], v.String()
	}
	switch {
	case ok:
		d.Reason = "可以" + info.Name
	case by.MustChangePassword && !allowedBeforePasswordChange(action):
		d.Role, d.Rule = r.byCode[User], "口令规则：初始口令或过期口令须先修改"
		d.Reason = "请先修改密码，再" + info.Name
	case v != nil:
		d.Reason = "你不能" + info.Name + "：规则明确禁止" + d.Role.Title + "办理"
	case slices.ContainsFunc(by.Appointments, func(ap Appointment) bool {
		return r.table[cell{ap.Role, action}].allowed && !ap.names(action)
	}):
		for _, ap := range by.Appointments {
			if ap.Access != nil {
				d.Role, d.Rule = r.byCode[ap.Role], "调阅单 "+ap.Order+"：可以查看"+strings.Join(r.MatterTitles(ap.Role, ap.Access), "、")+"，到"+ap.Days.Until.Chinese()
			}
		}
		d.Reason = "你不能" + info.Name + "：调阅单没有列入这一类"
	case slices.ContainsFunc(by.Appointments, func(ap Appointment) bool {
		return ap.Emergency != 0 && barred[action] && r.table[cell{ap.Role, action}].allowed
	}):
		d.Rule = "不相容岗位规则 S-4：须由第二人办理的事项，不能凭应急授权办理"
		d.Reason = "你不能" + info.Name + "：应急授权不包括须由第二人办理的事项"
	default:
		titles := make([]string, 0, len(by.Appointments)+1)
		for _, code := range by.Roles() {
			titles = append(titles, r.byCode[code].Title)
		}
		d.Rule = csvName + "：没有一行允许" + strings.Join(titles, "、") + "办理 " + string(action)
		d.Reason = "你不能" + info.Name + "：你的岗位没有这项权限"
	}
	return d
}
