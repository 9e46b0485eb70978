package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/policy"
	"redsteward/supervision/wish"
)

// fixtureWishes are a wishes.yaml with everything that a page shows of one.
const fixtureWishes = `version: "1"
low: 2
points:
  on: true
  from: "2026-01-01"
  rules:
    - {id: service, title: 服务一件, per: order, points: 5}
    - {id: praise, title: 好评, per: order, points: 3, least: 5}
kinds:
  - {id: repair, title: 小修小补, within: ten.days, photo: true}
  - {id: care, title: 陪伴照料, within: ten.days}
  - {id: errand, title: 代办证明, within: ten.days, order: errand, papers: 身份证原件}
`

// openWishes opens wishes over the books; every deadline is ten days, so that no calendar is needed.
func (f *Fixture) openWishes(ctx context.Context, guard *policy.Guard, now func() time.Time) error {
	terms, err := wish.ParseTerms("wishes.yaml", []byte(fixtureWishes), func(string) bool { return true })
	if err != nil {
		return err
	}
	f.Wishes, err = wish.New(ctx, wish.Config{DB: f.DB, Guard: guard, Keeper: files.NewKeeper(f.DB, ""), Now: now, Register: f.Stations.Books, Terms: terms, Deadlines: tenDays, Resolve: func(d calendar.Deadline) calendar.Deadline { return d }})
	return err
}
