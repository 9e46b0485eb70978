package web

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/supervision/deliberation"
)

// DeliberationTasks is the work of 红色议事: of the community what comes next, of its secretary the words to review, of the township what is to be handed on or urged, of firms and owners' bodies their tasks.
type DeliberationTasks struct {
	// Guard tells who may do what; Deliberations runs them. Both are required.
	Guard         *policy.Guard
	Deliberations *deliberation.Service
}

// Tasks implements Tasks.
func (t DeliberationTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	may := func(action policy.Action) bool { return t.Guard.Allow(by, action) }
	if !may(policy.ReadDeliberation) || !may(policy.RunDeliberation) && !may(policy.PublishDeliberation) && !may(policy.ForwardDeliberation) && !may(policy.AnswerDeliberation) {
		return nil, nil
	}
	items, err := t.Deliberations.Items(ctx, by, deliberation.Filter{Open: true})
	if err != nil {
		return nil, err
	}
	meetings, err := t.Deliberations.Meetings(ctx, by, deliberation.MeetingFilter{Open: true})
	if err != nil {
		return nil, err
	}
	held := map[string]bool{}
	for _, m := range meetings {
		for _, item := range m.State.Agenda {
			held[m.ID+"/"+item] = true
		}
	}
	var out []Task
	for _, d := range items {
		i := &d.State
		add := func(title, button string, due calendar.Deadline) {
			k := Task{Title: title, Context: "议题“" + i.Name() + "”，" + i.State.Title(), Party: i.Place(), Link: deliberationPath + "/" + d.ID, Button: button, Nav: deliberationPath}
			if due.Rule != "" {
				with := clockTask(due)
				k.Due, k.Unresolved, k.Basis = with.Due, with.Unresolved, with.Basis
			}
			out = append(out, k)
		}
		if may(policy.RunDeliberation) {
			if title, button := nextOf(i, held[i.Meeting+"/"+d.ID]); title != "" {
				add(title, button, i.Due)
			}
		}
		if i.State == deliberation.Reviewing && may(policy.PublishDeliberation) && i.WordsBy != by.ID {
			add("审核"+i.Place()+"议事的公开内容", "去审核", i.Due)
		}
		if i.State == deliberation.Forwarding && may(policy.ForwardDeliberation) {
			add("转部门办理"+i.Place()+"的议事事项", "去转办", i.Due)
		}
		for _, k := range i.Tasks {
			switch {
			case k.State == deliberation.TaskOpen && t.Deliberations.MayReport(by, k):
				add("办理议事任务："+k.What, "报告完成", k.Due)
			case k.Waits() && may(policy.ForwardDeliberation) && k.More.By != by.ID:
				add("答复"+k.Unit+"的延期申请："+k.What, "去答复", k.Due)
			case k.State == deliberation.TaskOpen && may(policy.ForwardDeliberation) && k.Due.Late(now) && k.Urged != calendar.DateOf(now):
				add("督办"+k.Unit+"的议事任务："+k.What, "去督办", k.Due)
			case k.State == deliberation.TaskReported && may(policy.RunDeliberation) && k.ReportedBy != by.ID:
				add("核实"+k.Unit+"报告完成的任务："+k.What, "去核实", calendar.Deadline{})
			}
		}
	}
	if may(policy.RunDeliberation) {
		out = append(out, meetingTasks(meetings, items, calendar.DateOf(now))...)
	}
	return out, nil
}

// nextOf is what a community does next about an item, "" if it waits for somebody else or for a meeting.
func nextOf(i *deliberation.Item, heard bool) (title, button string) {
	switch i.State {
	case deliberation.Collected:
		return "为" + i.Place() + "的问题拟定议题", "拟定议题"
	case deliberation.Topical:
		if !i.Enquiry {
			return "把急事“" + i.Title + "”排入会议", "排入会议"
		}
		return "调研议题“" + i.Title + "”", "登记调研"
	case deliberation.Enquired:
		return "把议题“" + i.Title + "”排入会议", "排入会议"
	case deliberation.Scheduled:
		if heard {
			return "登记议题“" + i.Title + "”的商议结果", "登记结果"
		}
	case deliberation.Decided:
		return "拟写议题“" + i.Title + "”的公开内容", "去拟写"
	case deliberation.Unreached:
		return "决定议题“" + i.Title + "”再议还是办结", "去办理"
	case deliberation.Executing:
		if len(i.Tasks) == 0 {
			return "交办议题“" + i.Title + "”的任务", "交办任务"
		}
		if i.Undone() == 0 {
			return "把议题“" + i.Title + "”的落实结果写回纪要", "去办结"
		}
	}
	return "", ""
}

// meetingTasks are the minutes that are missing, and the meetings whose results can go back to them.
func meetingTasks(meetings []store.Doc[deliberation.Meeting], items []store.Doc[deliberation.Item], today calendar.Date) []Task {
	open := map[string]bool{}
	for _, d := range items {
		open[d.State.Meeting] = true
	}
	var out []Task
	for _, d := range meetings {
		m := &d.State
		k := Task{Context: m.Kind.Title + "，" + m.Spot, Party: m.Place(), Link: sessionsPath + "/" + d.ID, Nav: deliberationPath}
		switch {
		case m.State == deliberation.Planned && m.On.Compare(today) <= 0 && open[d.ID]:
			k.Title, k.Button, k.Due = "登记"+m.Name()+"的纪要", "登记纪要", m.On
		case m.State == deliberation.Planned && m.On.Compare(today) <= 0:
			k.Title, k.Button, k.Due = m.Name()+"没有议题：排议题或者取消", "去办理", m.On
		case m.State == deliberation.Held && !open[d.ID]:
			k.Title, k.Button = "归档"+m.Name()+"的纪要", "纪要归档"
		default:
			continue
		}
		out = append(out, k)
	}
	return out
}
