package web

import (
	"context"
	"time"

	"redsteward/internal/calendar"
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
}

// Tasks implements Tasks.
func (t RefundTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Refunds.Guard.Allow(by, policy.ReadRefund) {
		return nil, nil
	}
	found, err := t.Refunds.List(ctx, by, casework.Filter{}, true, "")
	can := func(r *refund.Refund, do refund.Step) bool {
		_, checked := r.CheckOf(refund.SideOf(by))
		return t.Refunds.Can(ctx, by, r, do) && !(do == refund.StepCheck && checked)
	}
	clock := func(r *refund.Refund, do refund.Step) calendar.Deadline {
		if do == refund.StepSend {
			return calendar.Deadline{}
		}
		return r.Clock
	}
	return caseTasks(found.Docs, refundWork, func(r *refund.Refund) refund.State { return r.State }, can, clock, func(id string, r *refund.Refund, w caseWork[refund.State, refund.Step]) Task {
		return Task{Title: r.Name + "：" + w.verb, Context: r.What() + "，" + r.Term() + "到" + r.Ends.Chinese(), Link: refundsPath + "/" + id, Button: w.button, Nav: refundsPath}
	}), err
}
