package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/supervision/repair"
)

// fixtureRepairs is a repairs.yaml with two categories, of which one call is enough.
const fixtureRepairs = `version: "1"
categories: [{id: water, title: 给排水}, {id: lift, title: 电梯}]
urgent: [{level: first, minutes: 30}]
urgent_otherwise: 120
finish_hours: 72
sample_percent: 10
calls: 1
basis: 测试
`

// openRepairs opens the repair logs over the register; every deadline is ten days, so that no calendar is needed.
func (f *Fixture) openRepairs(ctx context.Context, guard *policy.Guard, now func() time.Time) error {
	terms, err := repair.ParseTerms("repairs.yaml", []byte(fixtureRepairs))
	if err != nil {
		return err
	}
	f.Repairs, err = repair.New(ctx, repair.Config{DB: f.DB, Guard: guard, Now: now, Places: f.Register.Register, Finder: f.Register.Finder, Terms: terms, Deadlines: tenDays, Resolve: func(d calendar.Deadline) calendar.Deadline { return d }})
	return err
}

// Repaired enters a repair that was done 45 days ago and draws it, as a firm's manager and the nightly job do. It returns the ids of the repair and of its sample.
func (f *Fixture) Repaired(ctx context.Context, project, words string) (entered, sample string, err error) {
	manager := policy.Actor{ID: "manager", Appointments: []policy.Appointment{{Role: "firm_manager", Scopes: []string{policy.County}}}}
	begins := f.Register.Today().Add(-45).Begins()
	at := func(h int) journal.Time { return journal.At(begins.Add(time.Duration(h) * time.Hour)) }
	r, err := f.Repairs.Enter(ctx, manager, repair.Input{Project: project, Said: repair.Said{Reported: at(8), Where: "3幢502室", What: words, Category: "water", Phone: "13812345678", Arrived: at(9), Done: at(10), Result: "更换了水管"}})
	if err != nil {
		return "", "", err
	}
	if err := f.Repairs.DrawDue(ctx); err != nil {
		return "", "", err
	}
	page, err := f.Repairs.Samples(ctx, policy.Actor{ID: "caller", Appointments: []policy.Appointment{{Role: "inspector", Scopes: []string{policy.County}}}}, repair.SampleFilter{Project: project}, "")
	if err == nil && len(page.Docs) == 0 {
		err = fault.New("browsertest.Repaired", fault.Internal, "没有抽到")
	}
	if err != nil {
		return "", "", err
	}
	return r.ID, page.Docs[0].ID, nil
}
