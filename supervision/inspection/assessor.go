package inspection

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/policy"
)

// Assessor says who scores on a sheet of service: three of a kind, none of which orders anything (practice.md §3).
type Assessor string

// The assessors.
const (
	// OwnPeople are those of bureau, community and grid: 走访评价.
	OwnPeople Assessor = ""
	// ThirdParty is a body that was commissioned: 第三方测评. It counts as a visit of our own people does.
	ThirdParty Assessor = "third"
	// Peers are people of other firms: 企业互评. Firms compete, so it counts only where a sheet says so (Sheet.PeersCount).
	Peers Assessor = "peers"
)

// Assessors are all, in the order of forms.
func Assessors() []Assessor { return []Assessor{OwnPeople, ThirdParty, Peers} }

// Title is what people call it.
func (a Assessor) Title() string {
	switch a {
	case OwnPeople:
		return "走访评价"
	case ThirdParty:
		return "第三方测评"
	case Peers:
		return "企业互评"
	}
	return string(a)
}

// right is what those who score need.
func (a Assessor) right() policy.Action {
	if a == OwnPeople {
		return policy.DoVisit
	}
	return policy.AssessVisit
}

// rowKeys are the scope keys of a visit; those whom a 第三方测评 or 企业互评 names reach it, and nothing else, by their own.
func (v *Visit) rowKeys() []string {
	if v.Assessor == OwnPeople {
		return v.Keys
	}
	keys := slices.Clone(v.Keys)
	for _, id := range v.Officers {
		keys = append(keys, policy.AccountKey(id))
	}
	return keys
}

// reach is Desk.Reach: who only assesses reaches what names him.
func (s *Visits) reach(ctx context.Context, by policy.Actor, action policy.Action) (policy.Scope, error) {
	if action == policy.AssessVisit {
		return policy.ScopeOfOwn(by), nil
	}
	return s.Guard.Scope(ctx, by, action)
}

// acting is the right under which an actor does what asks for one: that one, or, of those who only assess, AssessVisit.
func (s *Visits) acting(by policy.Actor, action policy.Action) policy.Action {
	if !s.duty.formal && !s.Guard.Allow(by, action) && s.Guard.Allow(by, policy.AssessVisit) {
		return policy.AssessVisit
	}
	return action
}

// unfit says why an account cannot be sent, or "".
func (s *Visits) unfit(ctx context.Context, id string, v *Visit) (string, error) {
	person, err := s.Crew.Person(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return "没有找到第 " + fmt.Sprint(slices.Index(v.Officers, id)+1) + " 位走访人员的账号，可能已停用", nil
	}
	if err != nil {
		return "", err
	}
	scope, err := s.Guard.Scope(ctx, person, v.Assessor.right())
	if err != nil {
		return "", err
	}
	covers := scope.Covers(v.Keys, s.dayOf(v))
	firm := slices.ContainsFunc(scope.Keys(), func(key string) bool { return strings.HasPrefix(key, policy.FirmKey("")) })
	switch {
	case v.Assessor == Peers && !firm:
		return person.Name + "不是物业企业的人员，不能参加企业互评", nil
	case v.Assessor == Peers && covers:
		return person.Name + "的企业服务这个小区，互评要由别的企业评", nil
	case v.Assessor == ThirdParty && (firm || !covers):
		return person.Name + "不是第三方测评人员，或者任职范围不含这个小区", nil
	case v.Assessor == OwnPeople && !covers:
		return person.Name + "没有走访这个小区的权限", nil
	}
	return "", nil
}
