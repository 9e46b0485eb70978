package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision/veto"
)

// vetoChains is the joint review of the fixture, one signature.
const vetoChains = `approvals:
  - {id: veto, title: 一票否决联审, basis: 建议, versions: [{version: 1, from: 2025-01-01, levels: [{name: 联审会签, paper: true, seats: [{role: section_chief}]}]}]}
`

// vetoTerms are two grounds.
const vetoTerms = `basis: 建议
documents: [{id: penalty, title: 行政处罚决定书}, {id: fire, title: 重大火灾隐患判定文书}]
never: [整改]
grounds: [{id: fire_hazard, title: 被判定为重大火灾隐患, documents: [fire], months: 12}, {id: false_material, title: 提供虚假材料, documents: [penalty], months: 6}]
`

// openVetoes opens the decisions of 一票否决 over the register; every period has five days.
func (f *Fixture) openVetoes(ctx context.Context, db *store.DB, rules *policy.Rules, guard *policy.Guard, now func() time.Time) error {
	chains, err := policy.ParseChains("approvals.yaml", []byte(vetoChains), rules)
	if err != nil {
		return err
	}
	terms, err := veto.ParseTerms("vetoes.yaml", []byte(vetoTerms))
	if err != nil {
		return err
	}
	f.Vetoes, err = veto.New(ctx, veto.Config{Places: f.Register.Register, Terms: terms, Desk: casework.Desk{DB: db, Letters: f.Letters, Guard: guard, Keeper: files.NewKeeper(db, ""), Persons: f.People, Chains: chains, Now: now,
		Deadlines: func(rule string, start calendar.Date) (calendar.Deadline, error) {
			return calendar.Deadline{Rule: rule, Start: start, N: 5, Unit: calendar.UnitDay, Basis: "建议", Due: start.Add(5)}, nil
		}}})
	return err
}
