package web

import (
	"context"
	"slices"
	"time"

	"redsteward/policy"
	"redsteward/registry/fund/claim"
)

// ClaimTasks is the work with claims on the guarantee fund, for everybody whose step is next.
type ClaimTasks struct {
	// Claims keeps them, and tells who may do what.
	Claims *claim.Service
}

// claimWork are the steps that stand on a to-do page, with the word on their button, the most pressing first.
var claimWork = []struct {
	step   claim.Step
	states []claim.State
	verb   string
	button string
}{
	{claim.StepSign, []claim.State{claim.Approving, claim.Noticed, claim.Paid, claim.Replenishing}, "签署", "去签署"},
	{claim.StepLetter, []claim.State{claim.Noticed}, "督促通知书送审", "去送审"},
	{claim.StepLetter, []claim.State{claim.Paid}, "补存通知书送审", "去送审"},
	{claim.StepLetter, []claim.State{claim.Replenishing}, "催缴函送审", "去送审"},
	{claim.StepUrgent, []claim.State{claim.Draft}, "核实险情", "去核实"},
	{claim.StepCheck, []claim.State{claim.Filed}, "现场核查", "去核查"},
	{claim.StepSend, []claim.State{claim.Checked, claim.SentBack}, "送审", "去送审"},
	{claim.StepUrge, []claim.State{claim.Noticed}, "督促建设单位", "去督促"},
	{claim.StepPay, []claim.State{claim.Shown, claim.Bounced}, "支付", "去支付"},
	{claim.StepAsk, []claim.State{claim.Paid}, "通知建设单位补存", "去通知"},
	{claim.StepDun, []claim.State{claim.Replenishing}, "催缴补存", "去催缴"},
	{claim.StepAnswer, []claim.State{claim.Noticed, claim.Urged}, "答复保修通知", "去答复"},
	{claim.StepFile, []claim.State{claim.Draft, claim.Noticed, claim.Urged}, "申请使用保修金", "去申请"},
	{claim.StepDeliver, []claim.State{claim.Draft}, "送达保修通知书", "去登记"},
	{claim.StepAccount, []claim.State{claim.Repairing}, "完工后公示决算", "去公示"},
}

// maxClaimTasks is how many lines a part of a to-do page may have.
const maxClaimTasks = 50

// Tasks implements Tasks.
func (t ClaimTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Claims.Guard.Allow(by, policy.ReadClaim) {
		return nil, nil
	}
	docs, err := t.Claims.List(ctx, by, claim.Filter{}, true, "")
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, d := range docs.Docs {
		c := &d.State
		for _, work := range claimWork {
			if !slices.Contains(work.states, c.State) || !t.Claims.Can(ctx, by, c, work.step) || work.step == claim.StepAnswer && c.Answer != nil || work.step == claim.StepDeliver && c.Danger != "" {
				continue
			}
			k := Task{Title: c.Name + "：" + c.Where + "，" + work.verb, Context: c.Title + "，" + c.Defect, Party: c.DeveloperName, Link: claimsPath + "/" + d.ID, Button: work.button, Nav: claimsPath}
			if c.Clock.Rule != "" && work.step != claim.StepPay {
				with := clockTask(c.Clock)
				k.Due, k.Unresolved, k.Basis = with.Due, with.Unresolved, with.Basis
			}
			out = append(out, k)
			break
		}
	}
	return out[:min(len(out), maxClaimTasks)], nil
}
