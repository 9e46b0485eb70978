package main

import (
	"context"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry/station"
)

// demoModel is one selection of 红色达人: how it goes on, and whether the person's name may be shown.
type demoModel struct {
	deeds   string
	consent bool
	moves   []station.ModelMove
	// late are the moves just before the demonstration stands still.
	late []station.ModelMove
}

// demoModels are in every open state, and named with and without a name.
func demoModels() []demoModel {
	review, show := station.MoveReview, station.MoveShow
	return []demoModel{
		{"退休教师，六年来每天放学后在红色驿站给留守孩子辅导作业", true, []station.ModelMove{review, show}, []station.ModelMove{station.MoveName}},
		{"外卖骑手，带着二十多名骑手兼做流动网格员，上报隐患一百多条", false, []station.ModelMove{review, show}, []station.ModelMove{station.MoveName}},
		{"退役军人，组织楼栋党员轮流照看独居老人，三年没有间断", true, []station.ModelMove{review}, []station.ModelMove{show}},
		{"物业保洁员，牵头成立小区清洁日志愿队，每周带着住户清理楼道", true, []station.ModelMove{review}, nil},
		{"裁缝店店主，店门口的小桌成了邻居议事的地方，劝和了十几起纠纷", true, nil, nil},
		{"社区医生，为行动不便的老人上门量血压、送药上百次", true, nil, []station.ModelMove{station.MoveReturn}},
	}
}

// modelActs lets communities recommend, four weeks before the demonstration stands still so that the publicity can end, and the later moves follow three days before.
func (l *countyLoader) modelActs() []act {
	day := calendar.DateOf(mustTime(demoStart))
	var acts []act
	for i, m := range demoModels() {
		var id string
		seq := int64(1)
		place := i % l.plan.size.communities
		acts = append(acts, act{hour(day.Add(-28), 9), partRegister, func(ctx context.Context) (err error) {
			in := station.ModelInput{Name: l.plan.person(draws(l.plan.seed, "model", i)), Deeds: m.deeds, Consent: m.consent}
			id, err = l.stations.Recommend(ctx, l.of("community_secretary", place), l.plan.names.Communities[place], in)
			return err
		}})
		for k, move := range append(append([]station.ModelMove{}, m.moves...), m.late...) {
			at := hour(day.Add(-27+k), 10)
			if k >= len(m.moves) {
				at = hour(day.Add(-3), 10)
			}
			acts = append(acts, act{at, partRegister, func(ctx context.Context) error {
				step := station.ModelStep{Move: move, Seq: seq}
				if move == station.MoveReturn {
					step.Reason = "请补写服务的起止时间和受益的人数"
				}
				seq++
				return l.stations.MoveModel(ctx, l.modelActor(move), id, step)
			}})
		}
	}
	return acts
}

// modelActor is who does a move.
func (l *countyLoader) modelActor(move station.ModelMove) policy.Actor {
	switch move {
	case station.MoveReview, station.MoveReturn:
		return l.of("township_party", 0)
	}
	return l.of("organisation", 0)
}
