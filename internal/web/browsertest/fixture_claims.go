package browsertest

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
	"redsteward/registry/fund/claim"
	"redsteward/registry/fund/dunning"
	"redsteward/registry/fund/refund"
)

// fundChains are the ways of approval of claims and refunds, one signature each, which can be given on paper.
const fundChains = `approvals:
  - {id: fund-claim, title: 保修金使用审批, basis: 建议, versions: [{version: 1, from: 2025-01-01, levels: [{name: 股长审核, paper: true, seats: [{role: section_chief}]}]}]}
  - {id: fund-urgent, title: 保修金紧急使用补签, basis: 建议, versions: [{version: 1, from: 2025-01-01, levels: [{name: 股长审核, paper: true, seats: [{role: section_chief}]}]}]}
  - {id: fund-refund, title: 保修金退还审批, basis: 建议, versions: [{version: 1, from: 2025-01-01, levels: [{name: 股长审核, paper: true, seats: [{role: section_chief}]}]}]}
  - {id: fund-letter, title: 保修金文书审批, basis: 建议, versions: [{version: 1, from: 2025-01-01, levels: [{name: 股长签发, seats: [{role: section_chief}]}]}]}
`

// fundRules are two parts and a few documents.
const fundRules = `parts:
  - {id: waterproof, title: 屋面防水, rule: warranty.waterproof}
documents:
  - {id: budget, title: 预算书, when: file}
  - {id: final, title: 决算单, when: account}
refund: {n: 90}
`

// fundDays are the periods in days; those of the fixture need no calendar.
var fundDays = map[string]int{"warranty.waterproof": 5 * 365, "fund.warranty_notice": 5, "fund.urge": 15, "fund.site_check": 7, "fund.use_shown": 7, "fund.replenish": 15, "fund.dun": 15, "fund.refund_shown": 30, "fund.refund_dispute": 180}

// openClaims opens claims and refunds over the fund and the register.
func (f *Fixture) openClaims(ctx context.Context, db *store.DB, rules *policy.Rules, guard *policy.Guard, register *registry.Register, now func() time.Time) error {
	chains, err := policy.ParseChains("approvals.yaml", []byte(fundChains), rules)
	if err != nil {
		return err
	}
	fundYAML, err := claim.ParseRules("fund.yaml", []byte(fundRules), func(id string) bool { return fundDays[id] > 0 })
	if err != nil {
		return err
	}
	desk := fund.Desk{Fund: f.Fund, Desk: casework.Desk{DB: db, Letters: f.Letters, Guard: guard, Keeper: files.NewKeeper(db, ""), Persons: f.People, Chains: chains, Now: now, Deadlines: func(rule string, start calendar.Date) (calendar.Deadline, error) {
		n := fundDays[rule]
		if n == 0 {
			n = 30
		}
		return calendar.Deadline{Rule: rule, Start: start, N: n, Unit: calendar.UnitDay, Basis: "建议", Due: start.Add(n)}, nil
	}}}
	if f.Claims, err = claim.New(ctx, claim.Config{Desk: desk, Estate: register, Rules: fundYAML, Defects: f.Handovers.Service}); err != nil {
		return err
	}
	if f.Dunnings, err = dunning.New(ctx, dunning.Config{Desk: desk, Estate: register}); err != nil {
		return err
	}
	f.Refunds, err = refund.New(ctx, refund.Config{Desk: desk, Estate: register, Claims: f.Claims, Ahead: fundYAML.Refund.N})
	return err
}
