package web

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund/refund"
)

// RefundTasks is the work with refunds of the guarantee fund, for everybody whose step is next.
type RefundTasks struct {
	// Refunds keeps them, and tells who may do what.
	Refunds *refund.Service
}

// refundWork are the steps that stand on a to-do page, with the word on their button.
var refundWork = []caseWork[refund.State, refund.Step]{
	{refund.StepSign, []refund.State{refund.Approving}, "退还保修金，签署", "去签署"},
	{refund.StepPay, []refund.State{refund.Approved}, "支付保修金退还", "去支付"},
	{refund.StepSend, []refund.State{refund.Showing, refund.SentBack}, "退还保修金，送审", "去送审"},
	{refund.StepCheck, []refund.State{refund.Checking}, "参加保修金退还前的联合查验", "去登记"},
	{refund.StepExtend, []refund.State{refund.Checking}, "查出还有缺陷，延长存储", "去延长"},
	{refund.StepShow, []refund.State{refund.Checking}, "联合查验已通过，公示退还", "去公示"},
	{refund.StepSettle, []refund.State{refund.Showing}, "处理退还异议", "去处理"},
}

// Tasks implements Tasks.
func (t RefundTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Refunds.Guard.Allow(by, policy.ReadRefund) {
		return nil, nil
	}
	found, err := openCases(func(after string) (store.Page[refund.Refund], error) {
		return t.Refunds.List(ctx, by, casework.Filter{}, true, after)
	})
	can := func(r *refund.Refund, do refund.Step) bool {
		if !t.Refunds.Can(ctx, by, r, do) {
			return false
		}
		switch do {
		case refund.StepCheck:
			_, checked := r.CheckOf(refund.SideOf(by))
			return !checked
		case refund.StepExtend:
			_, found := r.Found()
			return found
		case refund.StepSettle:
			return r.Disputed().Rule != ""
		}
		return true
	}
	clock := func(r *refund.Refund, do refund.Step) calendar.Deadline {
		switch do {
		case refund.StepSend:
			return calendar.Deadline{}
		case refund.StepSettle:
			return r.Disputed()
		}
		return r.Clock
	}
	return caseTasks(found, refundWork, func(r *refund.Refund) refund.State { return r.State }, can, clock, func(id string, r *refund.Refund, w caseWork[refund.State, refund.Step]) Task {
		return Task{Title: r.Name + "：" + w.verb, Context: r.What() + "，" + r.Term() + "到" + r.Ends.Chinese(), Link: refundsPath + "/" + id, Button: w.button, Nav: refundsPath}
	}), err
}
