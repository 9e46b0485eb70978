package web

import (
	"context"
	"time"

	"redsteward/internal/store"
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
	found, err := openCases(func(after string) (store.Page[inspection.Inspection], error) {
		return t.Cases.List(ctx, by, inspection.CheckFilter{}, true, after)
	})
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, d := range found {
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
	return out, nil
}

// DrawTasks is the work with draws (双随机), for who runs them.
type DrawTasks struct {
	// Draws keeps them, and tells who may do what.
	Draws *inspection.Draws
}

// drawWork are the steps that stand on a to-do page, with the words on it.
var drawWork = []struct {
	step         inspection.DrawStep
	verb, button string
}{
	{inspection.StepAnnounce, "公布名单和校验值：", "去公布"}, {inspection.StepDrawLots, "抽取：", "去抽取"}, {inspection.StepArrange, "安排抽中的检查：", "去安排"}, {inspection.StepOpen, "公布抽取结果：", "去公布"},
}

// Tasks implements Tasks. A result waits for publication once its inspection is finished and told.
func (t DrawTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Draws.Inspections.Guard.Allow(by, policy.DrawInspection) {
		return nil, nil
	}
	found, err := t.Draws.List(ctx, by, "")
	if err != nil {
		return nil, err
	}
	var out []Task
	for _, doc := range found.Docs {
		d := &doc.State
		one := Task{Context: d.State.Title(), Link: lotsPath + "/" + doc.ID, Nav: inspectionsPath}
		for _, work := range drawWork {
			if t.Draws.Can(by, d, work.step) {
				one.Title, one.Button = work.verb+d.Title, work.button
			}
		}
		if d.State == inspection.Inspecting {
			pending, err := t.Draws.Pending(ctx, d)
			if err != nil {
				return nil, err
			}
			for _, p := range pending {
				if p.State != inspection.Told && p.State != inspection.Dropped {
					continue
				}
				one.Title, one.Button = "公示抽查结果："+d.Title, "去公示"
				if with := clockTask(p.Clock); p.Clock.Rule != "" && (one.Due.IsZero() || with.Due.Compare(one.Due) < 0) {
					one.Due, one.Unresolved, one.Basis = with.Due, with.Unresolved, with.Basis
				}
			}
		}
		if one.Title != "" {
			out = append(out, one)
		}
	}
	return out, nil
}
