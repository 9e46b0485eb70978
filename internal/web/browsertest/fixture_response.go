package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/response"
	"redsteward/registry/casework"
)

// responseChains is the review of what firms say, two signatures.
const responseChains = `approvals:
  - {id: response, title: 企业说明审核, basis: 建议, versions: [{version: 1, from: 2025-01-01, levels: [{name: 初审, seats: [{role: property_officer}]}, {name: 终审, seats: [{role: section_chief}]}]}]}
`

// ResponseYear is the year whose stars firms may speak about.
const ResponseYear = "2025"

// openResponses opens what firms say over the register: every registered project has a star of ResponseYear, earned by the firm that serves it today.
func (f *Fixture) openResponses(ctx context.Context, db *store.DB, rules *policy.Rules, guard *policy.Guard, now func() time.Time) error {
	chains, err := policy.ParseChains("approvals.yaml", []byte(responseChains), rules)
	if err != nil {
		return err
	}
	f.Responses, err = response.New(ctx, response.Config{Star: func(ctx context.Context, project string) (response.Star, error) {
		place, err := f.Register.Register.Place(ctx, project, calendar.DateOf(now()))
		return response.Star{Period: ResponseYear, PeriodName: "2025年度", Name: place.Name, Place: place.CommunityName, Firm: place.FirmName, Keys: place.Keys(), Day: calendar.DateOf(now())}, err
	}, Desk: casework.Desk{DB: db, Letters: f.Letters, Guard: guard, Keeper: files.NewKeeper(db, ""), Persons: f.People, Chains: chains, Now: now}})
	return err
}
