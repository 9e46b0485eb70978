package policy

import (
	"context"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// Reach is one stretch of rows that a right reaches.
type Reach struct {
	// Key is the scope key, County for every row.
	Key string
	// Bounded: only facts of the days in Spans count, because a firm held the project then; none if it never held it.
	Bounded bool
	// Spans are those days.
	Spans []Span
}

// MayDo is one right of a person, with the rule that decided and the rows that it reaches.
type MayDo struct {
	Decision
	// Reaches are the rows, nothing if the right is missing. A right that everybody has who is signed in reaches what its page says, whatever is listed here.
	Reaches []Reach
}

// Simulation is what a person may do on a day.
type Simulation struct {
	// Account is the account.
	Account AccountView
	// Day is the day for which the appointments were asked; the rules are those in force now.
	Day calendar.Date
	// Offices are the appointments of that day.
	Offices []Appointment
	// Rights are all rights there are, in the order of Actions, without those of the program itself.
	Rights []MayDo
}

// Simulate tells what a person may do on a day under the rules in force, every right with the rule that decided and the rows that it reaches. A closed account may do
// nothing at all; that a one-time password must be changed first is told by the account, not by each right. Returns Forbidden without ReadAccounts, NotFound, Unavailable if tenure cannot be asked.
func (s *Service) Simulate(ctx context.Context, by Actor, id string, day calendar.Date) (Simulation, error) {
	if err := s.guard.Require(by, ReadAccounts); err != nil {
		return Simulation{}, err
	}
	d, err := s.load(ctx, id)
	if err != nil {
		return Simulation{}, err
	}
	rules := s.guard.Rules()
	out := Simulation{Account: viewOf(d), Day: day, Offices: rules.inForce(d.State.Appointments, day)}
	who := Actor{ID: d.ID, Appointments: out.Offices}
	for _, a := range Actions() {
		if a.Action == RunJob {
			continue
		}
		may := MayDo{Decision: rules.explain(who, a.Action)}
		if d.State.Disabled {
			may.Allowed, may.Role, may.Rule, may.Reason = false, RoleInfo{}, "账号规则：停用的账号不能登录", "账号已停用"
		}
		if may.Allowed {
			scope, err := rules.scopeOf(ctx, who, a.Action, s.guard.tenure)
			if err != nil {
				return Simulation{}, err
			}
			may.Reaches = scope.reached()
		}
		out.Rights = append(out.Rights, may)
	}
	return out, nil
}

// reached lists the rows of a scope.
func (s Scope) reached() []Reach {
	if s.all {
		return []Reach{{Key: County}}
	}
	var out []Reach
	for _, r := range s.reaches {
		if !slices.ContainsFunc(out, func(o Reach) bool { return o.Key == r.key && o.Bounded == r.bounded }) {
			out = append(out, Reach{Key: r.key, Bounded: r.bounded, Spans: r.spans})
		}
	}
	return out
}

// CanDo is somebody who may do something about a row.
type CanDo struct {
	// Account is the account.
	Account AccountView
	// Offices are the appointments of the day that give the right and reach the row.
	Offices []Appointment
	// Rule is the line of roles.csv that decided.
	Rule string
}

// WhoCan lists, by login, the accounts that may do an action on a day about a row with these scope keys; without keys those that may do it about any row.
// Closed accounts can nothing. Returns Forbidden without ReadAccounts, Invalid for an action or a key that is none, Unavailable if tenure cannot be asked.
func (s *Service) WhoCan(ctx context.Context, by Actor, action Action, keys []string, day calendar.Date) ([]CanDo, error) {
	const op = "policy.WhoCan"
	if err := s.guard.Require(by, ReadAccounts); err != nil {
		return nil, err
	}
	rules := s.guard.Rules()
	if _, known := rules.Action(action); !known {
		return nil, fault.InvalidFields(op, fault.Field{Name: "action", Message: "没有“" + string(action) + "”这个办理事项，请从列表里选"})
	}
	for _, key := range keys {
		if !ValidScopeKey(key) {
			return nil, fault.InvalidFields(op, fault.Field{Name: "row", Message: "“" + key + "”不是范围：写 p:小区、f:企业、c:社区、t:乡镇、d:建设单位 加编号，或 county"})
		}
	}
	var out []CanDo
	var broken error
	err := s.eachAccount(ctx, func(d store.Doc[Account]) {
		if d.State.Disabled || broken != nil {
			return
		}
		who := Actor{ID: d.ID, Appointments: rules.inForce(d.State.Appointments, day)}
		decision := rules.explain(who, action)
		if !decision.Allowed {
			return
		}
		one := CanDo{Account: viewOf(d), Rule: decision.Rule}
		for _, office := range who.Appointments {
			single := Actor{ID: d.ID, Appointments: []Appointment{office}}
			scope, err := rules.scopeOf(ctx, single, action, s.guard.tenure)
			if err != nil {
				broken = err
				return
			}
			if len(keys) == 0 && rules.Allow(single, action) || len(keys) > 0 && scope.Covers(keys, day) {
				one.Offices = append(one.Offices, office)
			}
		}
		if len(one.Offices) > 0 {
			out = append(out, one)
		}
	})
	if broken != nil {
		err = broken
	}
	slices.SortFunc(out, func(a, b CanDo) int { return strings.Compare(a.Account.Login, b.Account.Login) })
	return out, err
}

// Manned counts the accounts, closed ones left out, that hold each role today. Returns Forbidden without ReadAccounts.
func (s *Service) Manned(ctx context.Context, by Actor) (map[Role]int, error) {
	if err := s.guard.Require(by, ReadAccounts); err != nil {
		return nil, err
	}
	today, out := calendar.DateOf(s.clocks.Business()), map[Role]int{}
	err := s.eachAccount(ctx, func(d store.Doc[Account]) {
		if d.State.Disabled {
			return
		}
		var held []Role
		for _, ap := range s.guard.Rules().inForce(d.State.Appointments, today) {
			if !slices.Contains(held, ap.Role) {
				held = append(held, ap.Role)
				out[ap.Role]++
			}
		}
	})
	return out, err
}
