package web

import (
	"context"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/filing"
)

// FilingTasks is the work with filings: to correct, to accept, to sign, the sheets of 三同步, and what the community was told.
type FilingTasks struct {
	// Guard tells who may do what; Filings keeps them.
	Guard   *policy.Guard
	Filings *filing.Service
}

// Tasks implements Tasks.
func (t FilingTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	var out []Task
	for _, work := range []struct {
		stage   filing.Stage
		may     bool
		context string
		button  string
		title   func(f *filing.Filing) string
	}{
		{filing.StageApplicant, t.Guard.Allow(by, policy.ApplyFiling), "填好日期、传齐材料后提交", "去填写", func(f *filing.Filing) string {
			if f.State == filing.Correcting {
				return "补正" + f.Subject() + "的" + f.Title
			}
			return "提交" + f.Subject() + "的" + f.Title
		}},
		{filing.StageOfficer, t.Guard.Allow(by, policy.HandleFiling), "核对材料，受理送审，或者一次性告知补正", "去办理", func(f *filing.Filing) string { return "办理" + f.Subject() + "的" + f.Title }},
		{filing.StageSign, t.Guard.Allow(by, policy.SignApproval) && t.Guard.Allow(by, policy.ReadFiling), "轮到你签署或者核对签字件", "去签署", func(f *filing.Filing) string { return "审批" + f.Subject() + "的" + f.Title }},
		{filing.StageSheets, t.Guard.Allow(by, policy.ReadFiling) && (t.Guard.Allow(by, policy.HandleFiling) || t.Guard.Allow(by, policy.RecordPartyFact)), "备案回执打开的三同步表，不影响备案", "去填写", func(f *filing.Filing) string {
			var open []string
			for _, sheet := range f.Sheets {
				if sheet.State() != filing.SheetFilled && t.Filings.MayFill(by, sheet.Kind) {
					open = append(open, sheet.Kind.Title())
				}
			}
			return "填写" + f.Subject() + "的" + strings.Join(open, "、")
		}},
	} {
		if !work.may {
			continue
		}
		docs, err := t.Filings.Queue(ctx, by, work.stage)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			out = append(out, filingTask(d, work.title(&d.State), work.context, work.button))
		}
	}
	if t.Guard.Allow(by, policy.AnswerFiling) {
		docs, err := t.Filings.Unanswered(ctx, by)
		if err != nil {
			return nil, err
		}
		for _, d := range docs {
			due := d.State.Notice.Due
			out = append(out, Task{Title: "答复" + d.State.Subject() + "的" + d.State.Title, Context: "期满未答复视为无异议，不影响备案", Party: d.State.FirmName, Link: filingsPath + "/" + d.ID, Button: "去答复", Nav: filingsPath,
				Due: due.Due, Unresolved: !due.Resolved(), Basis: due.Basis})
		}
	}
	return out, nil
}

func filingTask(d store.Doc[filing.Filing], title, context, button string) Task {
	due := d.State.DueNow()
	k := Task{Title: title, Context: context, Party: d.State.FirmName, Link: filingsPath + "/" + d.ID, Button: button, Nav: filingsPath, Due: due.Due, Unresolved: due.Rule != "" && !due.Resolved()}
	if due.Rule != "" {
		k.Basis = due.Basis
	}
	if d.State.State == filing.Correcting && d.State.Reason != "" {
		k.Context = d.State.Reason
	}
	if k.Unresolved {
		k.Due = calendar.Date{}
	}
	return k
}
