package web

import (
	"context"
	"strconv"
	"time"

	"redsteward/policy"
	"redsteward/supervision/collection"
)

// CollectionTasks is the work with tasks of collection: to sign, to fill in, to acknowledge a reminder; and to send, to remind and to close.
type CollectionTasks struct {
	// Collections keeps them, and tells who may do what.
	Collections *collection.Service
}

// Tasks implements Tasks.
func (t CollectionTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	own, err := t.Collections.Work(ctx, by)
	if err != nil {
		return nil, err
	}
	var out []Task
	for i := range own {
		a := &own[i].State
		k := clockTask(a.Due)
		k.Title, k.Link, k.Button, k.Nav, k.Party = "填报：“"+a.Title+"”", sheetPath(own[i].ID), "去填报", collectionsPath, a.To.Name
		switch a.State {
		case collection.Unsigned:
			k.Title, k.Button = "签收并填报：“"+a.Title+"”", "去签收"
		case collection.Returned:
			k.Title, k.Context = "改好后重新上报：“"+a.Title+"”", a.Reason
		case collection.Partial:
			k.Title = "补填新的栏目：“" + a.Title + "”"
		}
		if n := a.Unseen(); n > 0 {
			k.Context = "已催报 " + strconv.Itoa(len(a.Reminded)) + " 次"
		}
		out = append(out, k)
	}
	sent, err := t.Collections.Running(ctx, by)
	for i := range sent {
		task := &sent[i].State
		if err != nil {
			return nil, err
		}
		k := clockTask(task.Due)
		k.Title, k.Link, k.Button, k.Nav, k.Party = "下发收表任务：“"+task.Title+"”", collectionPath(sent[i].ID), "去下发", collectionsPath, "下发单位"
		if task.State == collection.Running {
			var c collection.Count
			if c, err = t.Collections.Counted(ctx, sent[i].ID); err != nil {
				return nil, err
			}
			k.Title, k.Button = "收齐后汇总归档：“"+task.Title+"”", "去汇总"
			k.Context = "应报 " + strconv.Itoa(c.All) + " 个，已报 " + strconv.Itoa(c.Answered) + " 个"
			if c.Missing > 0 {
				k.Title, k.Button = "收表：“"+task.Title+"”还有 "+strconv.Itoa(c.Missing)+" 个单位没有报", "去催报"
			}
		}
		out = append(out, k)
	}
	return out, err
}
