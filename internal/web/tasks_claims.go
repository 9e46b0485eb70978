package web

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund/claim"
)

// ClaimTasks is the work with claims on the guarantee fund, for everybody whose step is next.
type ClaimTasks struct {
	// Claims keeps them, and tells who may do what.
	Claims *claim.Service
}

// claimWork are the steps that stand on a to-do page, with the word on their button, the most pressing first.
var claimWork = []caseWork[claim.State, claim.Step]{
	{claim.StepSign, []claim.State{claim.Approving, claim.Noticed, claim.Paid, claim.Replenishing}, "签署", "去签署"},
	{claim.StepSettle, []claim.State{claim.Replenishing}, "已经补足，办结", "去办结"},
	{claim.StepLetter, []claim.State{claim.Noticed}, "督促通知书送审", "去送审"},
	{claim.StepLetter, []claim.State{claim.Paid}, "补存通知书送审", "去送审"},
	{claim.StepLetter, []claim.State{claim.Replenishing}, "催缴函送审", "去送审"},
	{claim.StepUrgent, []claim.State{claim.Draft}, "核实险情", "去核实"},
	{claim.StepCheck, []claim.State{claim.Filed}, "现场核查", "去核查"},
	{claim.StepSend, []claim.State{claim.Checked, claim.SentBack}, "送审", "去送审"},
	{claim.StepReview, []claim.State{claim.Shown}, "审核决算", "去审核"},
	{claim.StepUrge, []claim.State{claim.Noticed}, "督促建设单位", "去督促"},
	{claim.StepPay, []claim.State{claim.Shown, claim.Bounced}, "支付", "去支付"},
	{claim.StepAsk, []claim.State{claim.Paid}, "通知建设单位补存", "去通知"},
	{claim.StepDun, []claim.State{claim.Replenishing}, "催缴补存", "去催缴"},
	{claim.StepAnswer, []claim.State{claim.Noticed, claim.Urged}, "答复保修通知", "去答复"},
	{claim.StepFile, []claim.State{claim.Draft, claim.Noticed, claim.Urged}, "申请使用保修金", "去申请"},
	{claim.StepDeliver, []claim.State{claim.Draft}, "送达保修通知书", "去登记"},
	{claim.StepAccount, []claim.State{claim.Repairing}, "完工后公示决算", "去公示"},
}

// Tasks implements Tasks.
func (t ClaimTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Claims.Guard.Allow(by, policy.ReadClaim) {
		return nil, nil
	}
	found, err := openCases(func(after string) (store.Page[claim.Claim], error) {
		return t.Claims.List(ctx, by, casework.Filter{}, true, after)
	})
	can := func(c *claim.Claim, do claim.Step) bool {
		return t.Claims.Can(ctx, by, c, do) && !(do == claim.StepAnswer && c.Answer != nil) && !(do == claim.StepDeliver && c.Danger != "")
	}
	clock := func(c *claim.Claim, do claim.Step) calendar.Deadline {
		if do == claim.StepPay || do == claim.StepSettle {
			return calendar.Deadline{}
		}
		return c.Clock
	}
	return caseTasks(found, claimWork, func(c *claim.Claim) claim.State { return c.State }, can, clock, func(id string, c *claim.Claim, w caseWork[claim.State, claim.Step]) Task {
		return Task{Title: c.Name + "：" + c.Where + "，" + w.verb, Context: c.Title + "，" + c.Defect, Party: c.DeveloperName, Link: claimsPath + "/" + id, Button: w.button, Nav: claimsPath}
	}), err
}
