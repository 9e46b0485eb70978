package web

import (
	"context"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision/wish"
)

// WishTasks is the work with wishes: of the community to accept, dispatch, confirm and ask again; of units, teams and firms to take and serve; of grid workers to ask what people think; of the secretary the words to review.
type WishTasks struct {
	// Guard tells who may do what; Wishes keeps them. Both are required.
	Guard  *policy.Guard
	Wishes *wish.Service
}

// Tasks implements Tasks.
func (t WishTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	may := func(action policy.Action) bool { return t.Guard.Allow(by, action) }
	var out []Task
	if may(policy.ConfirmMember) {
		waiting, err := t.Wishes.Members(ctx, by, wish.MemberFilter{State: wish.MemberReported})
		if err != nil {
			return nil, err
		}
		waiting = slices.DeleteFunc(waiting, func(d store.Doc[wish.Member]) bool { return d.State.Entered.By == by.ID })
		if n := len(waiting); n > 0 {
			out = append(out, Task{Title: "确认 " + count(n) + " 名在职党员报到", Link: membersPath + "?state=" + string(wish.MemberReported), Button: "去确认", Nav: membersPath, Count: n})
		}
	}
	if !may(policy.ReadWish) || !may(policy.DispatchWish) && !may(policy.TakeWish) && !may(policy.DoErrand) && !may(policy.ReviewWish) && !may(policy.EnterWish) {
		return out, nil
	}
	list, err := t.Wishes.List(ctx, by, wish.Filter{Open: true})
	if err != nil {
		return nil, err
	}
	pooled := 0
	for _, d := range list {
		w := &d.State
		add := func(title, button string, due calendar.Deadline) {
			k := Task{Title: title + "：" + cut(w.Words, 20), Context: w.KindTitle + "，" + w.Title(), Party: w.Spotted(), Link: needsPath + "/" + d.ID, Button: button, Nav: needsPath}
			if due.Rule != "" {
				with := clockTask(due)
				k.Due, k.Unresolved, k.Basis = with.Due, with.Unresolved, with.Basis
			}
			out = append(out, k)
		}
		if may(policy.DispatchWish) {
			if title, button := nextOfWish(w, now); title != "" {
				add(title, button, w.Due)
			}
		}
		if w.Draft != "" && may(policy.ReviewWish) && w.DraftBy != by.ID {
			add("审核晒单内容", "去审核", calendar.Deadline{})
		}
		if w.State == wish.Served && may(policy.EnterWish) && w.Asked.Office != string(policy.Anonymous) && w.Confirmed.By != by.ID {
			add("问点单人评单", "登记评单", w.Due)
		}
		switch mine := may(w.Action(wish.StepTake)) && t.Wishes.Holds(by, w); {
		case mine && w.Order == wish.OrderErrand && w.State == wish.Taken:
			add("代办", "去办理", w.Due)
		case mine && w.Order == wish.OrderErrand && w.State == wish.Proved:
			add("告知结果、交还材料", "去告知", w.Due)
		case mine && w.State == wish.Dispatched:
			add("接单或者退单", "去接单", w.Due)
		case mine && w.State == wish.Taken:
			add("服务微心愿", "提交服务情况", w.Due)
		case may(policy.TakeWish) && w.State == wish.Pooled:
			pooled++
		}
	}
	if pooled > 0 {
		out = append(out, Task{Title: "有 " + count(pooled) + " 件微心愿等单位认领", Link: needsPath + "?state=" + string(wish.Pooled), Button: "去看看", Nav: needsPath, Count: pooled})
	}
	return out, nil
}

// nextOfWish is what a community does next about a wish, "" if it waits for somebody else.
func nextOfWish(w *wish.Wish, now time.Time) (title, button string) {
	switch w.State {
	case wish.Asked:
		return "受理" + w.Noun(), "去受理"
	case wish.Accepted:
		if w.Order == wish.OrderErrand {
			return "承办或者派单", "去承办"
		}
		return "派单", "去派单"
	case wish.Proved:
		if w.Order == wish.OrderErrand {
			return "", ""
		}
		return "确认服务", "去确认"
	case wish.Following:
		return "回访", "去回访"
	case wish.Pooled:
		if w.Late(now) {
			return "没有单位认领，请派单", "去派单"
		}
	case wish.Dispatched:
		if w.Late(now) {
			return "逾期没有接单，请收回改派", "去收回"
		}
	case wish.Taken:
		switch {
		case w.Asks():
			return "决定延期", "去决定"
		case w.Late(now):
			return "逾期没有服务好，请催办或者收回", "去看看"
		}
	case wish.Served:
		if w.Late(now) {
			return "没有评单，请办结", "去办结"
		}
	}
	return "", ""
}
