package web

import (
	"context"
	"time"

	"redsteward/policy"
	"redsteward/registry/owners"
)

// BodyTasks is the work with the founding and renewal of owners' bodies: the community's next step, the judgement of its party organisation, the bureau's filing.
type BodyTasks struct {
	// Guard tells who may do what; Bodies follows the foundings. Both are required.
	Guard  *policy.Guard
	Bodies *owners.Service
}

// bodyWork are the steps that make work, by state: what is to be done and how its button says it.
var bodyWork = map[owners.State]struct {
	steps         []owners.Step
	title, button string
}{
	owners.Preparing: {[]owners.Step{owners.StepPropose}, "报送候选人", "去报送"},
	owners.Reviewing: {[]owners.Step{owners.StepPass}, "审查候选人资格", "去审查"},
	owners.Qualified: {[]owners.Step{owners.StepNotice}, "公示候选人", "去登记"},
	owners.Noticed:   {[]owners.Step{owners.StepVote, owners.StepName}, "登记选举结果或者组成人员", "去登记"},
	owners.Chosen:    {[]owners.Step{owners.StepFile}, "登记备案和任期", "去登记"},
}

// Tasks implements Tasks.
func (t BodyTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	if !t.Guard.Allow(by, policy.PrepareBody) && !t.Guard.Allow(by, policy.QualifyBody) {
		return nil, nil
	}
	desk := t.Guard.Allow(by, policy.WriteRegister)
	list, err := t.Bodies.Running(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []Task
	for i := range list {
		f := &list[i].State
		work := bodyWork[f.State]
		// The bureau may do the community's steps, but is not reminded of them.
		mine := desk == (f.State == owners.Chosen)
		for _, step := range work.steps {
			if mine && t.Bodies.May(ctx, by, f, step) {
				k := clockTask(f.Clock())
				k.Title, k.Context, k.Party = f.Title()+"："+work.title, f.State.Title(), f.ProjectName
				k.Link, k.Button, k.Nav = bodyPath(list[i].ID), work.button, bodiesPath
				if f.State == owners.Noticed && !f.Ends.Late(now) {
					k.Waits, k.Context = true, "候选人公示到"+f.Ends.Chinese()+"为止"
				}
				out = append(out, k)
			}
		}
	}
	return out, nil
}
