package web

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry/conduct"
)

// ConductTasks is the work with the books of conduct: to confirm, to correct what was returned, to answer objections.
type ConductTasks struct {
	// Guard tells who may do what; Books keeps them.
	Guard *policy.Guard
	Books *conduct.Service
}

// Tasks implements Tasks.
func (t ConductTasks) Tasks(ctx context.Context, by policy.Actor, _ time.Time) ([]Task, error) {
	var out []Task
	for _, b := range conduct.Books() {
		for _, work := range []struct {
			state          conduct.State
			action         policy.Action
			title, context string
			button         string
		}{
			{conduct.Returned, b.Record(), "更正", "核对的人退回，更正后再报，或者撤回", "去更正"},
			{conduct.Recorded, b.Confirm(), "核对", "对照文书核对，确认后生效", "去核对"},
			{conduct.Objected, b.Confirm(), "答复异议：", "登记和核对的人不能答复", "去答复"},
		} {
			if !t.Guard.Allow(by, work.action) {
				continue
			}
			docs, err := t.Books.Queue(ctx, by, b, work.state)
			if err != nil {
				return nil, err
			}
			for _, d := range docs {
				e := &d.State
				k := Task{Title: work.title + e.FirmName + "的" + b.Title(), Context: e.Title + "。" + work.context, Party: e.FirmName, Link: bookPath(b) + "/" + d.ID, Button: work.button, Nav: bookPath(b)}
				if work.state == conduct.Objected {
					due := e.Objection.Due
					k.Due, k.Basis, k.Unresolved = due.Due, due.Basis, !due.Resolved()
					if k.Unresolved {
						k.Due = calendar.Date{}
					}
				}
				out = append(out, k)
			}
		}
	}
	return out, nil
}
