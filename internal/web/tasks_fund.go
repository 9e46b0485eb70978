package web

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// FundTasks is the work of the guarantee fund: rules that wait for the second person, days that come or have passed.
type FundTasks struct {
	// Guard tells who may do what; Fund keeps the ledgers. Both are required.
	Guard *policy.Guard
	Fund  *fund.Service
}

// fundAhead is how many days before a day of a ledger it stands on the to-do page (practice.md: 90 days before an end).
const fundAhead = 90

// Tasks implements Tasks.
func (t FundTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	if !t.Guard.Allow(by, policy.ReadFund) {
		return nil, nil
	}
	var out []Task
	if t.Guard.Allow(by, policy.AdoptFundRule) {
		book, err := t.Fund.Rules(ctx, by)
		if err != nil {
			return nil, err
		}
		for _, v := range book.Versions {
			if v.State == fund.RuleProposed && v.Proposed.By != by.ID {
				out = append(out, Task{Title: "决定是否采用保修金规则：" + v.Terms.Title, Context: v.Terms.Document, Link: fundRulesPath, Button: "去决定", Nav: fundPath})
			}
		}
	}
	assesses, developer := t.Guard.Allow(by, policy.AssessFund), by.Has("developer")
	if !assesses && !developer {
		return out, nil
	}
	rows, err := t.Fund.Soon(ctx, by)
	if err != nil {
		return nil, err
	}
	last := calendar.DateOf(now).Add(fundAhead)
	for _, r := range rows {
		for _, next := range r.Ledger.NextDates() {
			if next.Day.Compare(last) > 0 {
				break // the days of a ledger come in their order
			}
			out = append(out, Task{Due: next.Day, Basis: next.Basis, Title: r.Ledger.Name + "：" + next.What, Context: r.Ledger.Place, Party: "建设单位", Link: ledgerPath(r.Project), Button: "去查看", Nav: fundPath})
		}
	}
	return out, nil
}
