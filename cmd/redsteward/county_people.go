package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry"
)

// demoAdmin is the login of the administrator of a demonstration.
const demoAdmin = "admin"

// demoPassword is the password that all demonstration accounts of a role share. It differs from folder to folder.
func (s *service) demoPassword(ctx context.Context, role policy.Role) (string, error) {
	secret, err := s.db.Secret(ctx, "demo")
	if err != nil {
		return "", err
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(role))
	return "Demo-" + hex.EncodeToString(mac.Sum(nil)[:4]), nil
}

// seat is one appointment of the demonstration.
type seat struct {
	unit, scope string
	name        string
}

// loginOf is the sign-in name of the nth account of a role, from 0: the first is called like the role.
func loginOf(role policy.Role, n int) string {
	login := strings.ReplaceAll(string(role), "_", "-")
	if n > 0 {
		login = fmt.Sprintf("%s-%02d", login, n+1)
	}
	return login
}

// staff are the people of a role and the row that tells how the first of them signs in.
type staff struct {
	role     policy.Role
	actors   []policy.Actor
	password []string
}

// hire opens the accounts of a role, one for each seat.
func (l *countyLoader) hire(ctx context.Context, info policy.RoleInfo, seats []seat) (staff, error) {
	out := staff{role: info.Role}
	password, err := l.demoPassword(ctx, info.Role)
	if err != nil {
		return out, err
	}
	base := policy.Appointment{Role: info.Role, Days: policy.Span{From: l.plan.size.countyDay()}}
	if info.Grant == policy.GrantOrder {
		base = l.order(info)
	}
	newcomers := make([]policy.Newcomer, len(seats))
	for i, at := range seats {
		newcomers[i] = policy.Newcomer{Login: loginOf(info.Role, i), Name: at.name, Appointment: base}
		if ap := &newcomers[i].Appointment; ap.Access == nil {
			ap.Unit, ap.Scopes = at.unit, []string{at.scope}
		}
	}
	ids, err := l.accounts.CreateShared(ctx, l.admin, password, newcomers)
	if err != nil {
		return out, err
	}
	out.actors, out.password = make([]policy.Actor, len(ids)), []string{newcomers[0].Login, password, info.Title}
	for i, id := range ids {
		if out.actors[i], err = l.accounts.Person(ctx, id); err != nil {
			return out, err
		}
	}
	return out, nil
}

// orderMatters are what the orders of the demonstration name; the others are seen by nobody with an order.
var orderMatters = map[policy.Role][]string{
	"auditor":    {"scheme", "evaluation", "period", "board", "log", "register", "evidence", "fund"},
	"discipline": {"log", "register", "inspection", "rectification", "matter"},
}

// order is the order (调阅单) of a role of the demonstration: some matters of two communities in two years, for as long as an order lasts, of which a week has passed.
func (l *countyLoader) order(info policy.RoleInfo) policy.Appointment {
	from := calendar.DateOf(mustTime(demoStart)).Add(-7)
	ap := policy.Appointment{Role: info.Role, Order: "演示调阅单〔2026〕1号", Days: policy.Span{From: from, Until: from.Add(info.Longest - 1)},
		Access: &policy.AccessOrder{Reason: "核对 2025 年度星级和 2026 年季度得分（演示）", Matters: orderMatters[info.Role], FirstYear: int64(from.Year() - 1), LastYear: int64(from.Year())}}
	for _, community := range l.plan.names.Communities[:min(2, l.plan.size.communities)] {
		ap.Scopes = append(ap.Scopes, policy.CommunityKey(community))
	}
	return ap
}

// hireAdmin makes the first administrator.
func (l *countyLoader) hireAdmin(ctx context.Context) error {
	password, err := l.demoPassword(ctx, policy.Administrator)
	if err != nil {
		return err
	}
	if err := l.accounts.Setup(ctx, l.accounts.SetupToken(), demoAdmin, "管理员（演示）", password); err != nil {
		return err
	}
	l.admin, err = l.accounts.ActorOf(ctx, demoAdmin)
	l.passwords = append(l.passwords, []string{demoAdmin, password, "系统管理员"})
	return err
}

// persons are n seats of one unit and scope.
func (l *countyLoader) persons(role policy.Role, n int, unit, scope string) []seat {
	seats := make([]seat, n)
	for i := range seats {
		seats[i] = seat{unit: unit, scope: scope, name: l.plan.person(draws(l.plan.seed, "person", role, i))}
	}
	return seats
}

// bureauSeats is how many people of a role the bureau and the county have; every other role has one.
var bureauSeats = map[policy.Role]int{"property_officer": 3, "deputy_director": 2, "inspector": 4, "joint_check": 2, "third_party": 2, "organisation": 2, "industry_secretary": 2}

// hireBureau opens the accounts of those who act for the whole county.
func (l *countyLoader) hireBureau(ctx context.Context) error {
	local := []policy.Role{policy.Administrator, "community_secretary", "community_worker", "grid_worker", "building_head", "firm_manager", "project_manager",
		"party_instructor", "owners_committee", "owner", "dispatcher", "township_party", "developer", "cobuilder"}
	return l.hireEach(ctx, func(info policy.RoleInfo) []seat {
		for _, role := range local {
			if info.Role == role {
				return nil
			}
		}
		if seats := l.matterSeats(info.Role); len(seats) > 0 {
			return seats
		}
		return l.persons(info.Role, max(1, bureauSeats[info.Role]), policy.County, policy.County)
	})
}

// hireLocal opens the accounts of townships, communities, firms and owners, once the registers hold them.
func (l *countyLoader) hireLocal(ctx context.Context) error {
	township := policy.TownshipKey(l.township)
	return l.hireEach(ctx, func(info policy.RoleInfo) []seat {
		var seats []seat
		switch info.Role {
		case "dispatcher", "township_party":
			seats = l.persons(info.Role, 1, township, township)
		case "community_secretary", "community_worker", "grid_worker", "building_head":
			for i, community := range l.plan.names.Communities[:l.plan.size.communities] {
				key := policy.CommunityKey(community)
				seats = append(seats, seat{unit: key, scope: key, name: l.plan.person(draws(l.plan.seed, "person", info.Role, i))})
			}
			if info.Role == "community_secretary" {
				seats = append(seats, l.secondSecretary())
			}
			seats = append(seats, l.matterSeats(info.Role)...)
		case "firm_manager", "project_manager", "party_instructor":
			for i, firm := range l.firms {
				if info.Role == "party_instructor" && l.plan.firms[i].party.Form != registry.PartyInstructor {
					continue
				}
				key := policy.FirmKey(firm)
				unit := key
				if info.Role == "party_instructor" {
					unit = policy.County
				}
				seats = append(seats, seat{unit: unit, scope: key, name: l.plan.person(draws(l.plan.seed, "person", info.Role, i))})
			}
		case "developer":
			key := policy.DeveloperKey(l.developers[0])
			seats = l.persons(info.Role, 1, key, key)
		case "owners_committee", "owner":
			seats = l.persons(info.Role, 1, "", policy.ProjectKey(l.projects[0]))
			for k, back := range l.plan.refundProjects() {
				if info.Role == "owners_committee" {
					seats = append(seats, seat{scope: policy.ProjectKey(l.projects[back.project]), name: l.plan.person(draws(l.plan.seed, "person", info.Role, 1+k))})
				}
			}
			if at := l.plan.watched(); at >= 0 && info.Role == "owners_committee" {
				seats = append(seats, seat{scope: policy.ProjectKey(l.projects[at]), name: l.plan.person(draws(l.plan.seed, "person", info.Role, len(seats)))})
			}
		}
		return seats
	})
}

// rolesAtOnce is how many roles are hired side by side: a password takes one core for a while.
const rolesAtOnce = 4

// hireEach asks for each role that can be granted who holds it, opens the accounts and remembers who they are. The passwords of a role are hashed once.
func (l *countyLoader) hireEach(ctx context.Context, seats func(policy.RoleInfo) []seat) error {
	roles := l.guard.Rules().Roles()
	hired := make([]staff, len(roles))
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(rolesAtOnce)
	for i, info := range roles {
		if info.Grant == policy.GrantNone {
			continue
		}
		if wanted := seats(info); len(wanted) > 0 {
			group.Go(func() (err error) {
				hired[i], err = l.hire(within, info, wanted)
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for _, h := range hired {
		if len(h.actors) > 0 {
			l.people[h.role] = h.actors
			l.passwords = append(l.passwords, h.password)
		}
	}
	return nil
}

// of is the nth person of a role, counted round.
func (l *countyLoader) of(role policy.Role, n int) policy.Actor {
	return l.people[role][n%len(l.people[role])]
}
