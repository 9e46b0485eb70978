package web

import (
	"context"
	"time"

	"redsteward/policy"
	"redsteward/supervision/inspection"
)

// InspectionTasks is the work with inspections, for everybody whose step is next.
type InspectionTasks struct {
	// Cases keeps them, and tells who may do what.
	Cases *inspection.Inspections
}

// inspectionWork are the steps that stand on a to-do page, with the words on it, the most pressing first.
var inspectionWork = []struct {
	step         inspection.Step
	verb, button string
}{
	{inspection.StepSign, "签署", "去签署"}, {inspection.StepTake, "办理", "去办理"}, {inspection.StepBegin, "到场开始", "去检查"}, {inspection.StepTell, "告知结果：", "去告知"}, {inspection.StepNotice, "通知企业：", "去登记"}, {inspection.StepSend, "送审", "去送审"},
}

// Tasks implements Tasks.
func (t InspectionTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Cases.Guard.Allow(by, policy.ReadInspection) {
		return nil, nil
	}
	found, err := t.Cases.List(ctx, by, inspection.CheckFilter{}, true, "")
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, d := range found.Docs {
		k := &d.State
		for _, work := range inspectionWork {
			if !t.Cases.Can(ctx, by, k, work.step) {
				continue
			}
			one := Task{Title: work.verb + k.Name + "的行政检查", Context: k.Ground.Title() + "；" + k.Next(), Party: k.FirmName, Link: inspectionsPath + "/" + d.ID, Button: work.button, Nav: inspectionsPath, Due: k.Opened, Basis: "安排的日期"}
			if k.Clock.Rule != "" {
				with := clockTask(k.Clock)
				one.Due, one.Unresolved, one.Basis = with.Due, with.Unresolved, with.Basis
			}
			out = append(out, one)
			break
		}
	}
	return out[:min(len(out), maxClaimTasks)], nil
}
