package registry

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Ending is a project whose last contract ends.
type Ending struct {
	// Project and Firm are ids, Name and FirmName their names.
	Project, Name, Firm, FirmName string
	// Until is the last day of the last contract.
	Until calendar.Date
}

// byEnd lists projects by the end of their last contract.
const byEnd = "ending"

// lastContract is the contract that ends last; false if there is none, or if it has no end.
func (p *Project) lastContract() (Contract, bool) {
	var last Contract
	for _, c := range p.Contracts {
		if c.Days.Until.IsZero() {
			return Contract{}, false
		}
		if c.Days.Until.Compare(last.Days.Until) > 0 {
			last = c
		}
	}
	return last, last.Firm != ""
}

// endKeys list the projects whose last contract ends, for the place and for the firm of that contract.
func endKeys(id string, p *Project) []string {
	last, ends := p.lastContract()
	if !ends {
		return nil
	}
	return append(p.placeKeys(id), "", policy.FirmKey(last.Firm))
}

func endSort(_ string, p *Project) string {
	last, _ := p.lastContract()
	return last.Days.Until.String()
}

// Ending returns up to 50 projects of the actor's scope whose last contract ends within 90 days or has ended, the earliest end first. A project whose
// contract has ended belongs to no firm's scope any more. Returns Forbidden without ReadRegister.
func (s *Service) Ending(ctx context.Context, by policy.Actor) ([]Ending, error) {
	if err := s.guard.Require(by, policy.ReadRegister); err != nil {
		return nil, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadRegister)
	if err != nil {
		return nil, err
	}
	today := s.Today()
	ask := store.Query{Index: byEnd, Limit: PageSize}
	if !scope.All() {
		ask.In = scope.Keys()
	}
	page, err := s.projects.ListWhere(ctx, ask, func(d *store.Doc[Project]) bool { return scope.Covers(d.State.keysOn(d.ID, today), today) })
	if err != nil {
		return nil, err
	}
	var out []Ending
	var firms []string
	for _, d := range page.Docs {
		last, _ := d.State.lastContract()
		if last.Days.Until.Sub(today) > endingDays {
			break
		}
		out = append(out, Ending{Project: d.ID, Name: d.State.Name, Firm: last.Firm, Until: last.Days.Until})
		firms = append(firms, last.Firm)
	}
	names, err := s.FirmNames(ctx, firms)
	for i := range out {
		out[i].FirmName = names[out[i].Firm]
	}
	return out, err
}
