package web

import (
	"context"
	"slices"
	"time"

	"redsteward/policy"
	"redsteward/registry"
)

// ExpiryTasks is what ends soon or has ended: contracts, terms of owners' bodies, insurance and certificates. The officer sees all of it until he says that he reminded the others;
// the community's secretary sees the terms, the firm its contracts and certificates, until they are renewed.
type ExpiryTasks struct {
	// Guard tells who may do what; Expiries lists what ends. Both are required.
	Guard    *policy.Guard
	Expiries Expiries
}

// Expiries lists what ends; registry.Service implements it.
type Expiries interface {
	// Expiries lists what ends within 90 days or has ended in the actor's scope, the earliest end first. Returns Forbidden without ReadRegister.
	Expiries(ctx context.Context, by policy.Actor, q registry.ExpiryQuery) ([]registry.Expiry, error)
}

// maxExpiryTasks is how many lines they have on a to-do page.
const maxExpiryTasks = 50

// Tasks implements Tasks.
func (t ExpiryTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	officer, firm, secretary := t.Guard.Allow(by, policy.WriteRegister), t.Guard.Allow(by, policy.SubmitEvidence), by.Has("community_secretary")
	if !t.Guard.Allow(by, policy.ReadRegister) || !officer && !firm && !secretary {
		return nil, nil
	}
	list, err := t.Expiries.Expiries(ctx, by, registry.ExpiryQuery{})
	if err != nil {
		return nil, err
	}
	var soon, ended []registry.Expiry
	for _, x := range list {
		mine := secretary && x.Kind == registry.ExpiryBody || firm && x.Kind != registry.ExpiryBody
		switch {
		case !mine && (!officer || !x.Reminded.IsZero()):
		case x.Stage == 0:
			ended = append(ended, x)
		default:
			soon = append(soon, x)
		}
	}
	slices.Reverse(ended)
	return expiryTasks(append(soon, ended...), len(soon), officer), nil
}

// expiryTasks are the lines for what ends: first soon pieces that still run, the earliest end on top, then what has ended, the latest on top. What has no line of its own is told as
// one piece of work for each of both, so that nothing is hidden and a long-ended one never takes the place of what can still be renewed in time.
func expiryTasks(list []registry.Expiry, soon int, officer bool) []Task {
	lines := list
	if len(list) > maxExpiryTasks {
		lines = list[:maxExpiryTasks-2]
	}
	var out []Task
	for _, x := range lines {
		out = append(out, expiryTask(x, officer))
	}
	for _, rest := range []struct {
		list         []registry.Expiry
		title, stage string
	}{{list[min(len(lines), soon):soon], " 项 90 日内到期", ""}, {list[max(len(lines), soon):], " 项过期没有续办", "?stage=0"}} {
		if n := len(rest.list); n > 0 {
			out = append(out, Task{Due: rest.list[0].Until, Basis: "到期前 90、60、30 日提醒", Title: "续办：另有 " + count(n) + rest.title, Context: "到期提醒里逐项列出", Link: expiryPath + rest.stage, Button: "去查看", Nav: expiryPath, Count: n})
		}
	}
	return out
}

// expiryTask puts what ends into words for who renews it.
func expiryTask(x registry.Expiry, officer bool) Task {
	k := Task{Due: x.Until, Basis: "到期前 90、60、30 日提醒", Context: x.What + "到 " + x.Until.Chinese() + "为止", Party: x.Party, Link: projectPath(x.Project), Button: "去查看", Nav: expiryPath}
	ended := x.Stage == 0
	switch {
	case x.Kind == registry.ExpiryContract && ended:
		k.Title, k.Context = "补登合同："+x.Name+"没有在期的"+x.What, "上一份到 "+x.Until.Chinese()+"为止"
	case x.Kind == registry.ExpiryContract, x.Kind == registry.ExpiryCustody:
		k.Title = "办理续签或者交接：" + x.Name + "的" + x.What
	case x.Kind == registry.ExpiryBody:
		k.Title = "准备换届：" + x.Name + "的" + x.What
	default:
		k.Title = "续办：" + x.Name + "的" + x.What
	}
	if officer {
		k.Button = "去登记"
	}
	return k
}
