package policy

import (
	"context"
	"fmt"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
)

// Newcomer is a person for whom CreateShared opens an account.
type Newcomer struct {
	// Login and Name are personal data, as CreateAccount takes them.
	Login, Name string
	// Appointment is the one appointment with which the account begins.
	Appointment Appointment
}

// CreateShared opens one account for each newcomer, all with one and the same password, and returns their ids in order. The password is hashed once, so that
// hundreds of accounts of a demonstration are opened in the time of one; whoever knows it can be any of them, so it is for demonstrations and drills and has no
// page. Returns Forbidden without CreateAccount and AppointAccount, Invalid for refused fields (password; <n>.login, <n>.name, <n>.role and so on, counting from
// 0) before anything is written, Conflict for a login that is taken; those before it exist then.
func (s *Service) CreateShared(ctx context.Context, by Actor, password string, newcomers []Newcomer) ([]string, error) {
	for _, action := range []Action{CreateAccount, AppointAccount} {
		if err := s.guard.Require(by, action); err != nil {
			return nil, err
		}
	}
	accounts, err := s.newcomers(password, newcomers)
	if err != nil {
		return nil, err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return nil, err
	}
	meta := store.Meta{By: by.ID, Action: string(CreateAccount)}
	ids := make([]string, len(accounts))
	for i, a := range accounts {
		ids[i] = s.db.NewID(meta)
		if err := s.open(ctx, meta, ids[i], a.withPassword(hash, false, s.clocks.Security())); err != nil {
			return ids[:i], err
		}
	}
	return ids, nil
}

// newcomers checks everything that can be refused.
func (s *Service) newcomers(password string, list []Newcomer) ([]Account, error) {
	var bad []fault.Field
	accounts := make([]Account, len(list))
	rules, today := s.guard.Rules(), calendar.DateOf(s.clocks.Business())
	for i, n := range list {
		a := Account{Login: NormalLogin(n.Login), Name: strings.TrimSpace(n.Name), Appointments: []Appointment{n.Appointment}}
		faults := append(loginFaults(a.Login), nameFaults(a.Name)...)
		faults = append(append(faults, rules.appointmentFaults(n.Appointment)...), rules.togetherFaults(a.Appointments, today)...)
		for _, f := range faults {
			bad = append(bad, fault.Field{Name: fmt.Sprintf("%d.%s", i, f.Name), Message: f.Message})
		}
		if len(bad) == 0 {
			bad = append(bad, passwordFaults(password, a.Login)...)
		}
		accounts[i] = a
	}
	if len(bad) > 0 {
		return nil, fault.InvalidFields("policy.CreateShared", bad...)
	}
	return accounts, nil
}
