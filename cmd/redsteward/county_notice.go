package main

import (
	"context"
	"slices"
	"sync/atomic"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/supervision/notice"
)

// noticeTale is one notice of the demonstration while it happens.
type noticeTale struct {
	*countyLoader
	by   policy.Actor
	in   notice.Input
	kind notice.TargetKind
	to   []string
	now  store.Doc[notice.Notice]
	// signed is how many have signed for it; they do so side by side.
	signed atomic.Int64
}

// noticeActs sends three notices: one of a township that is only to be read, one of the week before, read by all managers of firms and signed for by most, and one of the day before that is to be signed for, which one has done.
func (l *countyLoader) noticeActs() []act {
	today := calendar.DateOf(mustTime(demoStart))
	past := &noticeTale{countyLoader: l, by: l.of("property_officer", 0), kind: notice.ToRole, to: []string{"firm_manager"}, in: notice.Input{Title: "国庆假期小区值班安排", Receipt: true, Until: today.Add(5), Text: "请各物业企业安排好假期值班和设备巡查，值班表贴在各小区公告栏（演示）。\n有突发情况随时报物业管理股。"}}
	running := &noticeTale{countyLoader: l, by: l.of("property_officer", 0), kind: notice.ToRole, to: []string{"firm_manager", "community_secretary", "dispatcher"}, in: notice.Input{Title: "冬季消防安全工作提醒", Receipt: true, Until: today.Add(7), Text: "入冬以后请各乡镇、社区和物业企业加强消防通道和电动自行车停放的巡查，发现问题及时上报（演示）。"}}
	town := &noticeTale{countyLoader: l, by: l.of("dispatcher", 0), kind: notice.ToRole, to: []string{"community_secretary", "community_worker"}, in: notice.Input{Title: "派单回复格式", Until: today.Add(10), Text: "答复事项时请写清处理情况和时间（演示）。"}}
	acts := []act{{hour(today.Add(-8), 9), partMatters, past.send}, {hour(today.Add(-1), 16), partMatters, running.send}, {hour(today.Add(-2), 10), partMatters, town.send}}
	for i := range l.firms {
		if i%4 < 3 {
			acts = append(acts, act{hour(today.Add(-7), 10), partMatters, past.sign(l.of("firm_manager", i))})
		}
	}
	return append(acts, act{hour(today.Add(-5), 9), partMatters, past.urge}, act{hour(today, 8), partMatters, running.sign(l.of("firm_manager", 0))})
}

func (t *noticeTale) at() casework.At { return casework.At{ID: t.now.ID, Seq: t.now.Seq} }

func (t *noticeTale) send(ctx context.Context) (err error) {
	// A small county lacks some offices.
	there, err := t.notices.Candidates(ctx, t.by, t.kind, "")
	if err != nil {
		return err
	}
	to := slices.DeleteFunc(slices.Clone(t.to), func(id string) bool {
		return !slices.ContainsFunc(there, func(c notice.Candidate) bool { return c.ID == id })
	})
	if len(to) == 0 {
		return nil
	}
	if t.now, err = t.notices.Make(ctx, t.by, t.in, nil); err != nil {
		return err
	}
	if t.now, err = t.notices.Address(ctx, t.by, t.at(), t.kind, to); err == nil {
		t.now, err = t.notices.Send(ctx, t.by, t.at())
	}
	return err
}

func (t *noticeTale) urge(ctx context.Context) (err error) {
	if int(t.signed.Load()) == len(t.now.State.People) { // in a small county all have
		return nil
	}
	t.now, _, err = t.notices.Urge(ctx, t.by, t.at())
	return err
}

// sign signs for it, if it went to that person.
func (t *noticeTale) sign(by policy.Actor) func(context.Context) error {
	return func(ctx context.Context) error {
		for n, to := range t.now.State.People {
			if to.Account == by.ID {
				t.signed.Add(1)
				return t.notices.Sign(ctx, by, notice.CopyID(t.now.ID, int64(n)))
			}
		}
		return fault.New("cmd.noticeTale", fault.NotFound, "通知没有发给这个账号")
	}
}
