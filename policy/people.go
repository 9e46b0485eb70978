package policy

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// Colleague is a person to whom work can be given.
type Colleague struct {
	// ID is the opaque account id, Name the display name (personal data).
	ID, Name string
	// Titles are the titles of the roles that give the right.
	Titles string
}

// Person returns the actor of an account as of the business day, without a session, to check what somebody else may do. Returns NotFound if there is none or it is
// disabled.
func (s *Service) Person(ctx context.Context, id string) (Actor, error) {
	d, err := s.load(ctx, id)
	if err != nil {
		return Actor{}, err
	}
	if d.State.Disabled {
		return Actor{}, fault.New("policy.Person", fault.NotFound, "没有找到这个账号")
	}
	absent, err := s.absentees(ctx, id)
	business := calendar.DateOf(s.clocks.Business())
	return Actor{ID: id, Name: d.State.Name, Appointments: s.guard.Rules().inForce(d.State.Appointments, business), Deputizes: deputizing(s.guard.Rules(), absent, id, business)}, err
}

// KnownAs is who an account is for somebody who reads what it did.
type KnownAs struct {
	// Name is the display name, whole for who may read accounts and masked for everybody else; "" once it was purged.
	Name string
	// Disabled: the account was closed. Purged: its name was destroyed.
	Disabled, Purged bool
	offices          []Appointment
	rules            *Rules
}

// TitlesOn are the offices that the account held on a day, "" for none.
func (k *KnownAs) TitlesOn(day calendar.Date) string {
	var titles []string
	for _, ap := range k.rules.inForce(k.offices, day) {
		if title := k.rules.byCode[ap.Role].Title; title != "" && !slices.Contains(titles, title) {
			titles = append(titles, title)
		}
	}
	return strings.Join(titles, "、")
}

// KnownAs tells who accounts are, in one read for all of them, at most store.MaxLimit and none twice. What there is none of is left out.
func (s *Service) KnownAs(ctx context.Context, by Actor, ids []string) (map[string]KnownAs, error) {
	docs, err := s.accounts.LoadEach(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[string]KnownAs, len(ids))
	rules, whole := s.guard.Rules(), s.guard.Allow(by, ReadAccounts)
	for i, d := range docs {
		if d == nil {
			continue
		}
		one := KnownAs{Disabled: d.State.Disabled, Purged: d.Purged, offices: d.State.Appointments, rules: rules}
		switch {
		case d.Purged:
		case whole:
			one.Name = d.State.Name
		default:
			one.Name = MaskName(d.State.Name)
		}
		out[ids[i]] = one
	}
	return out, nil
}

// Colleagues lists, by name, everybody who may do one action, for somebody who gives out such work by another. Returns Forbidden without that other action.
func (s *Service) Colleagues(ctx context.Context, by Actor, giving, doing Action) ([]Colleague, error) {
	if err := s.guard.Require(by, giving); err != nil {
		return nil, err
	}
	business, rules := calendar.DateOf(s.clocks.Business()), s.guard.Rules()
	var out []Colleague
	err := s.eachAccount(ctx, func(d store.Doc[Account]) {
		c := Colleague{ID: d.ID, Name: d.State.Name}
		var titles []string
		for _, ap := range rules.inForce(d.State.Appointments, business) {
			if ok, _ := rules.RoleAllows(ap.Role, doing); ok && !d.State.Disabled {
				titles = append(titles, rules.byCode[ap.Role].Title)
			}
		}
		if len(titles) > 0 {
			c.Titles = strings.Join(slices.Compact(titles), "、")
			out = append(out, c)
		}
	})
	slices.SortFunc(out, func(a, b Colleague) int { return strings.Compare(a.Name+a.ID, b.Name+b.ID) })
	return out, err
}

// Office is an office that somebody holds today.
type Office struct {
	// Account is the opaque id, Name the display name (personal data).
	Account, Name string
	// Title is what the role is called.
	Title string
	Appointment
}

// Offices lists every office that is held today in an account that is not disabled, by name. It asks for no right: who asks shows names to those only who may see them.
func (s *Service) Offices(ctx context.Context) ([]Office, error) {
	business, rules := calendar.DateOf(s.clocks.Business()), s.guard.Rules()
	var out []Office
	err := s.eachAccount(ctx, func(d store.Doc[Account]) {
		for _, ap := range rules.inForce(d.State.Appointments, business) {
			if !d.State.Disabled {
				out = append(out, Office{Account: d.ID, Name: d.State.Name, Title: rules.byCode[ap.Role].Title, Appointment: ap})
			}
		}
	})
	slices.SortStableFunc(out, func(a, b Office) int { return strings.Compare(a.Name+"\x00"+a.Account, b.Name+"\x00"+b.Account) })
	return out, err
}

// eachAccount goes through all accounts.
func (s *Service) eachAccount(ctx context.Context, do func(store.Doc[Account])) error {
	for q := (store.Query{Index: "all", Limit: store.MaxLimit}); ; {
		page, err := s.accounts.List(ctx, q)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			do(d)
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// Staffed tells for each of some actions which accounts hold an office today that allows it, so that what a new bureau lacks can be told. Returns Forbidden without
// ReadAccounts.
func (s *Service) Staffed(ctx context.Context, by Actor, actions []Action) (map[Action][]string, error) {
	if err := s.guard.Require(by, ReadAccounts); err != nil {
		return nil, err
	}
	business, rules := calendar.DateOf(s.clocks.Business()), s.guard.Rules()
	out := make(map[Action][]string, len(actions))
	err := s.eachAccount(ctx, func(d store.Doc[Account]) {
		if d.State.Disabled {
			return
		}
		who := Actor{ID: d.ID, Appointments: rules.inForce(d.State.Appointments, business)}
		for _, action := range actions {
			if rules.Allow(who, action) {
				out[action] = append(out[action], d.ID)
			}
		}
	})
	return out, err
}

// Holding tells for which scope keys somebody holds an office today that allows an action. It asks for no right and names nobody.
func (s *Service) Holding(ctx context.Context, action Action) (map[string]bool, error) {
	business, rules := calendar.DateOf(s.clocks.Business()), s.guard.Rules()
	out := map[string]bool{}
	err := s.eachAccount(ctx, func(d store.Doc[Account]) {
		for _, ap := range rules.inForce(d.State.Appointments, business) {
			if ok, _ := rules.RoleAllows(ap.Role, action); ok && !d.State.Disabled {
				for _, key := range ap.Scopes {
					out[key] = true
				}
			}
		}
	})
	return out, err
}

// Uses says how many people hold, or will hold, an office whose unit or rows a scope key names: “2 人的任命”; "" if nobody does. It asks for no right and names nobody.
func (s *Service) Uses(ctx context.Context, key string, _ time.Time) (string, error) {
	today, held := calendar.DateOf(s.clocks.Business()), 0
	err := s.eachAccount(ctx, func(d store.Doc[Account]) {
		if slices.ContainsFunc(d.State.Appointments, func(ap Appointment) bool {
			return (ap.Days.Until.IsZero() || ap.Days.Until.Compare(today) >= 0) && (ap.Unit == key || slices.Contains(ap.Scopes, key))
		}) {
			held++
		}
	})
	if err != nil || held == 0 {
		return "", err
	}
	return fmt.Sprintf("%d 人的任命", held), nil
}
