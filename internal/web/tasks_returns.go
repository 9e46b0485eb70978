package web

import (
	"context"
	"net/url"
	"slices"
	"time"

	"redsteward/internal/report/returns"
	"redsteward/internal/store"
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
		found = slices.DeleteFunc(found, func(d store.Doc[returns.Return]) bool { return !t.Returns.Can(ctx, by, &d.State, w.do) })
		out = append(out, returnTasks(found, w.verb)...)
	}
	return out, nil
}

// returnTasks are the tasks of returns that wait for one step, which verb says. The drafts of all townships are made in one morning: those of one return and term are one task that stands for all of them and leads to their list.
func returnTasks(found []store.Doc[returns.Return], verb string) []Task {
	var out []Task
	nth := map[[2]string]int{}
	for i := range found {
		r := &found[i].State
		task := Task{Title: verb + r.Name(), Context: "报送" + r.To, Link: returnPath(found[i].ID), Button: "去办理", Nav: returnsPath, Count: 1}
		if len(r.Versions) > 0 {
			task.Context = "更正：" + r.Correcting
			out = append(out, task)
			continue
		}
		task.Due, task.Unresolved, task.Basis = r.Due.Due, !r.Due.Resolved(), "报送期限"
		key := [2]string{r.Form, r.Term}
		k, known := nth[key]
		switch {
		case r.Scope == policy.County:
		case known:
			one := &out[k]
			one.Count++
			one.Title = verb + "各乡镇" + r.Words + r.Title
			one.Link = returnsPath + "?" + url.Values{"form": {r.Form}, "state": {string(r.State)}, "q": {r.Words}}.Encode()
			continue
		default:
			nth[key] = len(out)
		}
		out = append(out, task)
	}
	return out
}
