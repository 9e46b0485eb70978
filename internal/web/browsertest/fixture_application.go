package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision/application"
)

// applicationChains are two levels of opinions, the community and the bureau.
const applicationChains = `approvals:
  - {id: star-application, title: 星级申报逐级审核, basis: 建议, versions: [{version: 1, from: 2025-01-01, levels: [{name: 社区党组织初评, paper: true, seats: [{role: community_secretary}]}, {name: 住建局复核, paper: true, seats: [{role: property_officer}]}]}]}
`

// applicationTerms are their clocks and a pledge of one sentence.
const applicationTerms = `basis: 建议
window: rating.apply
completion: rating.apply_completion
levels: [rating.apply_community, rating.apply_bureau]
pledge: [申报的内容和材料真实、完整。]
`

// openApplications opens the applications for stars over the register; every period has ten days.
func (f *Fixture) openApplications(ctx context.Context, db *store.DB, rules *policy.Rules, guard *policy.Guard, now func() time.Time) error {
	chains, err := policy.ParseChains("approvals.yaml", []byte(applicationChains), rules)
	if err != nil {
		return err
	}
	terms, err := application.ParseTerms("applications.yaml", []byte(applicationTerms), func(string) bool { return true })
	if err != nil {
		return err
	}
	f.Applications, err = application.New(ctx, application.Config{Register: f.Register.Register, Terms: terms, Resolve: func(d calendar.Deadline) calendar.Deadline { return d },
		Desk: casework.Desk{DB: db, Letters: f.Letters, Guard: guard, Keeper: files.NewKeeper(db, ""), Persons: f.People, Chains: chains, Now: now, Deadlines: tenDays}})
	return err
}
