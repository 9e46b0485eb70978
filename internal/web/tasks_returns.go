package web

import (
	"context"
	"time"

	"redsteward/internal/report/returns"
	"redsteward/policy"
)

// ReturnTasks is the work at the desk of returns: to compile what is due, to check, to sign.
type ReturnTasks struct {
	Guard   *policy.Guard
	Returns *returns.Service
}

// Tasks implements Tasks.
func (t ReturnTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	if !t.Guard.Allow(by, policy.ReadReturn) {
		return nil, nil
	}
	var out []Task
	for _, w := range []struct {
		state  returns.State
		do     returns.Step
		action policy.Action
		verb   string
	}{{returns.Draft, returns.StepCompile, policy.CompileReturn, "核对、送审"}, {returns.Compiled, returns.StepCheck, policy.CheckReturn, "审核"}, {returns.Checked, returns.StepSign, policy.SignReturn, "签发"}} {
		if !t.Guard.Allow(by, w.action) {
			continue
		}
		found, err := t.Returns.All(ctx, by, returns.Filter{State: w.state})
		if err != nil {
			return nil, err
		}
		for i := range found {
			r := &found[i].State
			if !t.Returns.Can(ctx, by, r, w.do) {
				continue
			}
			task := Task{Title: w.verb + r.Name(), Context: "报送" + r.To, Link: returnPath(found[i].ID), Button: "去办理", Nav: returnsPath, Count: 1}
			if len(r.Versions) == 0 {
				task.Due, task.Unresolved, task.Basis = r.Due.Due, !r.Due.Resolved(), "报送期限"
			} else {
				task.Context = "更正：" + r.Correcting
			}
			out = append(out, task)
		}
	}
	return out, nil
}
