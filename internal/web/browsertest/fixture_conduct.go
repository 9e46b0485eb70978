package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/policy"
	"redsteward/registry/conduct"
	"redsteward/registry/party"
)

// fixtureTerms are classes and terms of every book.
const fixtureTerms = `credit:
  basis: 信用修复管理办法
  sources: [{id: penalty, title: 行政处罚决定书}, {id: judgment, title: 生效判决书或裁定书}]
  grades: [{id: minor, title: 轻微}, {id: ordinary, title: 一般, public: true, least: 3, most: 12}]
  never: [整改, 责令]
  objection: ten.days
mark:
  basis: 建议
  months: 12
  objection: ten.days
  kinds: [{id: late, title: 不按要求报送统计资料, points: -1}, {id: pilot, title: 承担行业试点任务, points: 2}]
honour:
  basis: 建议
  months: 12
  levels: [{id: county, title: 县级}]
`

// openConduct opens the books of conduct over the register; every deadline is ten days.
func (f *Fixture) openConduct(ctx context.Context, guard *policy.Guard, now func() time.Time) error {
	terms, err := conduct.ParseTerms("conduct.yaml", []byte(fixtureTerms), func(string) bool { return true })
	if err != nil {
		return err
	}
	f.Conduct, err = conduct.New(ctx, conduct.Config{DB: f.DB, Guard: guard, Keeper: files.NewKeeper(f.DB, ""), Now: now, Register: f.Register.Register, Finder: f.Register.Finder, Terms: terms, Deadlines: tenDays})
	return err
}

// openParty opens the sheets of party organisations over the register.
func (f *Fixture) openParty(ctx context.Context, guard *policy.Guard, now func() time.Time, chains *policy.Chains) (err error) {
	f.Party, err = party.New(ctx, party.Config{DB: f.DB, Guard: guard, Keeper: files.NewKeeper(f.DB, ""), Now: now, Register: f.Register, Chains: chains, Persons: f.People, Posts: f.Stations.Books})
	return err
}

// tenDays is ten calendar days for every rule, so that no calendar is needed.
func tenDays(rule string, start calendar.Date) (calendar.Deadline, error) {
	return (&calendar.Calendar{}).Deadline(calendar.Rule{ID: rule, N: 10, Unit: calendar.UnitDay, Basis: "建议"}, start), nil
}
