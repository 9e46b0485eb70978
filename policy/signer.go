package policy

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
)

// Signer is an actor with the rows that each of his offices reaches: an office signs for its own rows only.
type Signer struct {
	by     Actor
	own    []Scope
	absent [][]Scope
}

// Signer returns the signer for an action; the offices of those in whose place he signs reach what they reach themselves. Returns Unavailable if tenure cannot
// be asked.
func (g *Guard) Signer(ctx context.Context, by Actor, action Action) (Signer, error) {
	out := Signer{by: by}
	var err error
	if out.own, err = g.scopesOf(ctx, by.ID, by.Appointments, action); err != nil {
		return out, err
	}
	for _, d := range by.Deputizes {
		scopes, err := g.scopesOf(ctx, d.For, d.Appointments, action)
		if err != nil {
			return out, err
		}
		out.absent = append(out.absent, scopes)
	}
	return out, nil
}

// scopesOf is what each office reaches by itself.
func (g *Guard) scopesOf(ctx context.Context, id string, offices []Appointment, action Action) ([]Scope, error) {
	out := make([]Scope, len(offices))
	for i, office := range offices {
		var err error
		if out[i], err = g.Scope(ctx, Actor{ID: id, Appointments: []Appointment{office}}, action); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// At is the actor with only those offices that reach a row.
func (s Signer) At(keys []string, fact calendar.Date) Actor {
	by := s.by
	by.Appointments, by.Deputizes = reaching(s.by.Appointments, s.own, keys, fact), nil
	for i, d := range s.by.Deputizes {
		if offices := reaching(d.Appointments, s.absent[i], keys, fact); len(offices) > 0 {
			by.Deputizes = append(by.Deputizes, Deputizing{For: d.For, Appointments: offices})
		}
	}
	return by
}

func reaching(offices []Appointment, scopes []Scope, keys []string, fact calendar.Date) []Appointment {
	out := slices.Clone(offices[:0:0])
	for i, office := range offices {
		if scopes[i].Covers(keys, fact) {
			out = append(out, office)
		}
	}
	return out
}
