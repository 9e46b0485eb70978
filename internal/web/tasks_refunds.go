package web

import (
	"context"
	"slices"
	"time"

	"redsteward/policy"
	"redsteward/registry/fund/refund"
)

// RefundTasks is the work with refunds of the guarantee fund, for everybody whose step is next.
type RefundTasks struct {
	// Refunds keeps them, and tells who may do what.
	Refunds *refund.Service
}

// refundWork are the steps that stand on a to-do page, with the word on their button.
var refundWork = []struct {
	step   refund.Step
	states []refund.State
	verb   string
	button string
}{
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
	docs, err := t.Refunds.List(ctx, by, refund.Filter{}, true, "")
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, d := range docs.Docs {
		r := &d.State
		for _, work := range refundWork {
			if _, checked := r.CheckOf(refund.SideOf(by)); work.step == refund.StepCheck && checked || !slices.Contains(work.states, r.State) || !t.Refunds.Can(ctx, by, r, work.step) {
				continue
			}
			k := Task{Title: r.Name + "：" + work.verb, Context: r.What() + "，" + r.Term() + "到" + r.Ends.Chinese(), Link: refundsPath + "/" + d.ID, Button: work.button, Nav: refundsPath}
			if r.Clock.Rule != "" && work.step != refund.StepSend {
				with := clockTask(r.Clock)
				k.Due, k.Unresolved, k.Basis = with.Due, with.Unresolved, with.Basis
			}
			out = append(out, k)
			break
		}
	}
	return out[:min(len(out), maxClaimTasks)], nil
}
