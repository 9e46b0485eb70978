package web

import (
	"context"
	"time"

	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision/matter"
)

// MatterTasks is the work with matters: to dispatch, to decide about more time, to accept, to answer, to verify.
type MatterTasks struct {
	// Guard tells who may do what; Matters keeps them. Both are required.
	Guard   *policy.Guard
	Matters *matter.Service
}

// Tasks implements Tasks.
func (t MatterTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	var out []Task
	for _, work := range []struct {
		stage           matter.Stage
		action          policy.Action
		verb, do, party string
	}{
		{matter.StageDispatch, policy.DispatchMatter, "派单：", "去派单", ""},
		{matter.StageMore, policy.DispatchMatter, "决定延期：", "去决定", ""},
		{matter.StageSign, policy.HandleMatter, "签收或者退回：", "去签收", ""},
		{matter.StageWork, policy.HandleMatter, "办理并答复：", "去办理", ""},
		{matter.StageVerify, policy.VerifyMatter, "核实：", "去核实", ""},
	} {
		if !t.Guard.Allow(by, work.action) || !t.Guard.Allow(by, policy.ReadMatter) {
			continue
		}
		docs, err := t.Matters.Queue(ctx, by, work.stage)
		if err != nil {
			return nil, err
		}
		for i := range docs {
			out = append(out, matterTask(&docs[i], work.verb, work.do))
		}
	}
	if t.Guard.Allow(by, policy.DispatchMatter) && t.Guard.Allow(by, policy.ReadMatter) {
		docs, err := t.Matters.ToUrge(ctx, by)
		if err != nil {
			return nil, err
		}
		for i := range docs {
			out = append(out, matterTask(&docs[i], t.Matters.Proposes(&docs[i].State).Title()+"：", "去确认"))
		}
	}
	feedbacks, err := t.feedbackTasks(ctx, by)
	if err != nil {
		return nil, err
	}
	return append(feedbacks, out...), nil
}

func matterTask(d *store.Doc[matter.Matter], verb, button string) Task {
	m := &d.State
	k := Task{Title: verb + m.CategoryTitle + "（" + m.Place() + "）", Context: m.Words, Party: m.DepartmentTitle, Link: mattersPath + "/" + d.ID, Button: button, Nav: mattersPath}
	if m.Due.Rule != "" {
		with := clockTask(m.Due)
		k.Due, k.Unresolved, k.Basis = with.Due, with.Unresolved, with.Basis
	}
	if n := len(m.Urges); n > 0 {
		k.Context = "已" + m.Urges[n-1].Rung.Title() + "：" + k.Context
	}
	if !m.Urgent {
		k.Order = 1
	}
	return k
}
