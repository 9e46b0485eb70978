package web

import (
	"context"
	"strconv"
	"time"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/supervision/notice"
)

// NoticeTasks is the work with notices: to read and to sign for them, and to send what was written.
type NoticeTasks struct {
	// Guard decides who sends, Notices keeps them.
	Guard   *policy.Guard
	Notices *notice.Service
}

// Tasks implements Tasks. A notice that is only to be read leaves the page once its last day has passed; one that is to be signed for stays.
func (t NoticeTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	got, err := t.Notices.Work(ctx, by)
	if err != nil {
		return nil, err
	}
	today := calendar.DateOf(now)
	var out []Task
	for i := range got {
		k := &got[i].State
		if !k.Receipt && k.Until.Compare(today) < 0 {
			continue
		}
		task := clockTask(noticeClock(k))
		task.Title, task.Context, task.Button = "看通知：“"+k.Title+"”", k.Sender, "去看"
		if k.Receipt {
			task.Title, task.Button = "签收通知：“"+k.Title+"”", "去签收"
		}
		if n := len(k.UrgedAt); n > 0 {
			task.Context += "，已催办 " + strconv.Itoa(n) + " 次"
		}
		task.Link, task.Nav, task.Party = noticePath(got[i].ID), noticesPath, k.Unit
		out = append(out, task)
	}
	if !t.Guard.Allow(by, policy.SendNotice) {
		return out, nil
	}
	drafts, err := t.Notices.Notices(ctx, by, notice.Filter{State: notice.Draft}, false, "")
	for i := range drafts.Docs {
		n := &drafts.Docs[i].State
		if n.Made.By != by.ID {
			continue
		}
		out = append(out, Task{Title: "发出通知：“" + n.Title + "”", Button: "去发出", Link: sentNoticePath(drafts.Docs[i].ID), Nav: noticesPath, Party: n.OwnerName})
	}
	return out, err
}
