package main

import (
	"context"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision/deliberation"
)

// The founding article counts sixty meetings with eighty-three items.
const (
	demoMeetings = 60
	demoItems    = 83
	// demoUnheard of the items have no meeting yet, or will have none.
	demoUnheard = 4
)

// demoTopic is something that communities of the demonstration talk over.
type demoTopic struct{ title, subject, problem, findings, decision, task string }

func demoTopics() []demoTopic {
	return []demoTopic{
		{"电梯前室遮阳棚的去留", "neighbours", "电梯前室的遮阳棚挡光，两栋楼的居民意见不一", "走访两栋楼，多数同意保留但要改小", "遮阳棚改为半透明材料，由物业服务企业更换", "更换遮阳棚材料"},
		{"电动车集中停放点设在哪里", "parking", "电动车占用消防通道，居民要求另设停放点", "看了三处场地，北门外侧最合适", "停放点设在北门外侧，加装充电设施", "划停放线、装充电桩"},
		{"楼道堆物怎样清理", "environment", "楼道长期堆放杂物，清了又堆", "多数住户同意限期自清，老人户需要帮助", "限期两周自清，到期由物业统一清理", "清理楼道堆物"},
		{"小区广场舞的时间和音量", "neighbours", "晚间广场舞音量大，学生家庭反映强烈", "舞队愿意调整，希望保留场地", "每晚九点前结束，音量不超过约定", "在广场立时间和音量公约牌"},
		{"老旧路灯更换", "facilities", "主路路灯多处不亮，晚上出行不安全", "逐盏查看，十二盏要换", "由物业服务企业分两批更换", "更换主路路灯"},
		{"物业服务收费标准要不要调整", "fee", "企业提出调整物业费，居民意见不一", "向居民说明成本，多数要求先看服务", "提请业主大会表决，先公示服务和成本", "按表决结果执行并公示"},
	}
}

// talk is one item of the demonstration while it happens.
type talk struct {
	*countyLoader
	now     store.Doc[deliberation.Item]
	topic   demoTopic
	outcome deliberation.Outcome
	project int
	// agreed is how many agree at the meeting.
	agreed  int64
	meeting *store.Doc[deliberation.Meeting]
	// stop is the state in which it stays, "" if it goes on.
	stop deliberation.State
}

// deliberationActs lets the communities talk over a year's matters; the last ones stand in every state on the day of the demonstration.
func (l *countyLoader) deliberationActs() []act {
	end := calendar.DateOf(mustTime(demoStart))
	span := min(300, end.Sub(l.plan.size.countyDay())-30)
	var acts []act
	add := func(on calendar.Date, h int, do func(context.Context) error) {
		acts = append(acts, act{hour(on, h), partRegister, do})
	}
	items := 0
	for k := range demoMeetings {
		on := end.Add(4 - (demoMeetings-1-k)*span/demoMeetings)
		m := &store.Doc[deliberation.Meeting]{}
		heard := 1
		if k%3 == 0 && k > 2 {
			heard = 2 // sixty meetings hear seventy-nine items
		}
		var talks []*talk
		for range heard {
			talks = append(talks, l.newTalk(items, (k*7)%len(l.plan.projects), m))
			items++
		}
		add(on.Add(-5), 9, func(ctx context.Context) (err error) { *m, err = l.calls(ctx, talks[0], on, k); return err })
		for _, t := range talks {
			t.prepare(add, on)
			add(on.Add(-4), 8, t.schedule)
		}
		add(on, 20, func(ctx context.Context) (err error) { *m, err = l.holds(ctx, talks[0], *m); return err })
		for _, t := range talks {
			t.follow(add, on)
		}
		if k < demoMeetings-14 {
			add(on.Add(40), 16, func(ctx context.Context) (err error) {
				*m, err = l.deliberations.Archive(ctx, l.worker(talks[0]), casework.At{ID: m.ID, Seq: m.Seq})
				return err
			})
		}
	}
	for n := range demoUnheard {
		t := l.newTalk(items+n, (n*11+3)%len(l.plan.projects), nil)
		t.topic, t.outcome = demoTopics()[n], deliberation.OutcomeAgreed
		add(end.Add(-4), 9, t.collect)
		if n > 0 && n < demoUnheard-1 {
			add(end.Add(-3), 9, t.word)
		}
		if n == 2 {
			add(end.Add(-2), 9, t.enquire)
		}
		if n == demoUnheard-1 {
			add(end.Add(-3), 9, func(ctx context.Context) (err error) {
				t.now, err = l.deliberations.Decline(ctx, l.worker(t), t.at(), "", "属于合同纠纷，已经进入司法程序，不在社区商议（演示）")
				return err
			})
		}
	}
	return acts
}

// newTalk draws the topic and the outcome of an item.
func (l *countyLoader) newTalk(n, project int, m *store.Doc[deliberation.Meeting]) *talk {
	topics := demoTopics()
	t := &talk{countyLoader: l, project: project, meeting: m, outcome: deliberation.OutcomeAgreed, topic: topics[n%(len(topics)-1)], agreed: 8}
	t.stop = map[int]deliberation.State{68: deliberation.Unreached, 70: deliberation.Awaiting, 74: deliberation.Forwarding, 76: deliberation.Reviewing}[n]
	switch n % 9 {
	case 2:
		t.outcome = deliberation.OutcomeDepartment
	case 5:
		t.outcome, t.topic.decision, t.agreed = deliberation.OutcomeOpen, "各方意见不一，这次没有达成一致", 3
	case 7:
		t.outcome, t.topic = deliberation.OutcomeOwners, topics[len(topics)-1]
	}
	return t
}

func (t *talk) at() casework.At { return casework.At{ID: t.now.ID, Seq: t.now.Seq} }

// worker and secretary are those of the community of a talk.
func (l *countyLoader) worker(t *talk) policy.Actor { return l.neighbour("community_worker", t) }

func (l *countyLoader) neighbour(role policy.Role, t *talk) policy.Actor {
	return l.of(role, slices.Index(l.plan.names.Communities, l.plan.projects[t.project].input.Community))
}

// prepare collects, words and enquires before the meeting.
func (t *talk) prepare(add func(calendar.Date, int, func(context.Context) error), on calendar.Date) {
	add(on.Add(-9), 9, t.collect)
	add(on.Add(-8), 9, t.word)
	add(on.Add(-6), 9, t.enquire)
}

func (t *talk) collect(ctx context.Context) (err error) {
	today := calendar.DateOf(t.clock.Now())
	t.now, err = t.deliberations.Collect(ctx, t.neighbour("grid_worker", t), deliberation.Problem{Project: t.projects[t.project], Source: "resident", Text: t.topic.problem + "（演示）", Found: today.Add(-3)}, nil)
	return err
}

func (t *talk) word(ctx context.Context) (err error) {
	t.now, err = t.deliberations.SetTopic(ctx, t.worker(t), t.at(), deliberation.Topic{Title: t.topic.title, Class: "minor", Subject: t.topic.subject})
	return err
}

func (t *talk) enquire(ctx context.Context) (err error) {
	t.now, err = t.deliberations.Enquire(ctx, t.worker(t), t.at(), calendar.DateOf(t.clock.Now()), t.topic.findings+"（演示）", "")
	return err
}

func (t *talk) schedule(ctx context.Context) (err error) {
	t.now, err = t.deliberations.Schedule(ctx, t.worker(t), t.at(), t.meeting.ID)
	return err
}

// calls calls the meeting of a talk, of one kind after the other.
func (l *countyLoader) calls(ctx context.Context, t *talk, on calendar.Date, k int) (store.Doc[deliberation.Meeting], error) {
	kind := []string{"bench", "bench", "evening", "ahead"}[k%4]
	return l.deliberations.Plan(ctx, l.worker(t), deliberation.MeetingInput{Project: l.projects[t.project], Kind: kind, On: on, At: "19:30", Spot: "小区凉亭",
		Seats: []deliberation.Seat{{ID: "residents", Invited: int64(8 + k%5)}, {ID: "community", Invited: 2}, {ID: "party", Invited: 2}}}, nil)
}

// holds enters who came.
func (l *countyLoader) holds(ctx context.Context, t *talk, m store.Doc[deliberation.Meeting]) (store.Doc[deliberation.Meeting], error) {
	present := map[string]int64{"residents": m.State.Seats[0].Invited - 1, "community": 2, "party": 1}
	return l.deliberations.Hold(ctx, l.worker(t), casework.At{ID: m.ID, Seq: m.Seq}, present, "居民代表逐一发言，物业服务企业说明情况，社区归纳意见，逐件商议（演示）。")
}

// follow is what comes after the meeting: decision, words, tasks, result.
func (t *talk) follow(add func(calendar.Date, int, func(context.Context) error), on calendar.Date) {
	d := t.deliberations
	set := func(after, h int, do func(ctx context.Context, at casework.At) (store.Doc[deliberation.Item], error)) {
		add(on.Add(after), h, func(ctx context.Context) (err error) {
			if t.stop != "" && t.now.State.State == t.stop {
				return nil
			}
			t.now, err = do(ctx, t.at())
			return err
		})
	}
	type done = store.Doc[deliberation.Item]
	set(0, 21, func(ctx context.Context, at casework.At) (done, error) {
		return d.Decide(ctx, t.worker(t), at, deliberation.Result{Outcome: t.outcome, Decision: t.topic.decision + "（演示）", Agreed: t.agreed})
	})
	set(2, 9, func(ctx context.Context, at casework.At) (done, error) {
		return d.Draft(ctx, t.worker(t), at, t.topic.title+"："+t.topic.decision+"。")
	})
	set(4, 9, func(ctx context.Context, at casework.At) (done, error) {
		return d.Publish(ctx, t.neighbour("community_secretary", t), at)
	})
	task := deliberation.Assignment{What: t.topic.task, To: deliberation.ToCommunity, Days: 10}
	switch t.outcome {
	case deliberation.OutcomeOpen:
		set(20, 9, func(ctx context.Context, at casework.At) (done, error) {
			return d.GiveUp(ctx, t.worker(t), at, "各方没有谈拢，建议由人民调解委员会调解（演示）")
		})
		return
	case deliberation.OutcomeDepartment:
		set(7, 9, func(ctx context.Context, at casework.At) (done, error) {
			return d.Forward(ctx, t.of("dispatcher", 0), at, deliberation.Assignment{What: t.topic.task, Unit: "城市管理局", Paper: "都镇转（演示）", Days: 10})
		})
	case deliberation.OutcomeOwners:
		set(18, 9, t.votes)
		fallthrough
	default:
		set(19, 9, func(ctx context.Context, at casework.At) (done, error) {
			if t.now.State.Firm != "" {
				task.To, task.Firm = deliberation.ToFirm, t.now.State.Firm
			}
			return d.Assign(ctx, t.worker(t), at, task)
		})
	}
	set(24, 9, func(ctx context.Context, at casework.At) (done, error) {
		by := t.worker(t)
		for _, manager := range t.people["firm_manager"] {
			if d.MayReport(manager, t.now.State.Tasks[0]) {
				by = manager
			}
		}
		return d.Report(ctx, by, at, 0, "已经办好，现场可以查看（演示）")
	})
	set(28, 9, func(ctx context.Context, at casework.At) (done, error) {
		return d.Verify(ctx, t.neighbour("community_secretary", t), at, 0)
	})
	set(30, 9, func(ctx context.Context, at casework.At) (done, error) {
		return d.Finish(ctx, t.worker(t), at, "已经落实，居民没有不同意见（演示）")
	})
}

// votes enters the owners' vote about the matter and links it.
func (t *talk) votes(ctx context.Context, at casework.At) (store.Doc[deliberation.Item], error) {
	officer, today := t.of("property_officer", 0), calendar.DateOf(t.clock.Now())
	part := func(hundredths int64) registry.Owners {
		heads := t.plan.projects[t.project].input.Households * hundredths / 100
		return registry.Owners{Area: num.FromInt(heads * 110), Heads: heads}
	}
	vote, err := t.service.register.RecordVote(ctx, officer, t.projects[t.project], registry.VoteInput{Matter: "m9", Title: "调整物业服务收费标准（演示）", Notified: today.Add(-16), Held: today.Add(-1), All: part(100), Joined: part(80), Agreed: part(60)})
	if err != nil {
		return store.Doc[deliberation.Item]{}, err
	}
	return t.deliberations.SetVote(ctx, t.worker(t), at, vote)
}
