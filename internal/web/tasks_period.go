package web

import (
	"context"
	"time"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/rating/cycle"
)

// PeriodTasks is the work of the rating cycle: to open, close and evaluate periods, to publish as the second person.
type PeriodTasks struct {
	// Guard tells who may do what; Cycle runs the periods. Both are required.
	Guard *policy.Guard
	Cycle Cycle
}

const periodsPath = "/periods"

// Tasks implements Tasks.
func (t PeriodTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	manages, runs, publishes := t.Guard.Allow(by, policy.ManagePeriod), t.Guard.Allow(by, policy.RunEvaluation), t.Guard.Allow(by, policy.PublishEvaluation)
	if !t.Guard.Allow(by, policy.ReadPeriods) || !manages && !runs && !publishes {
		return nil, nil
	}
	periods, err := t.Cycle.Periods(ctx, by)
	if err != nil {
		return nil, err
	}
	if len(periods) == 0 && manages {
		return []Task{{Title: "安排第一个评价周期", Context: "先核对评价办法里的指标和权重，再定材料提交截止和统计截止", Basis: stepBasis(stepPeriod), Order: stepPeriod, Link: periodsPath, Button: "去安排", Nav: periodsPath}}, nil
	}
	today := calendar.DateOf(now)
	var out []Task
	for _, p := range periods {
		k := Task{Link: periodPath(p.ID), Nav: periodsPath}
		afterSubmit, afterCutoff := today.Compare(p.Submit) > 0, today.Compare(p.Cutoff) > 0
		switch {
		case p.State == cycle.StatePlanned && manages && today.Compare(p.Days.First) >= 0:
			k.Title, k.Button, k.Due, k.Basis = "开启"+p.Name+"的材料提交", "去开启", p.Submit, "材料提交截止"
		case p.State == cycle.StateOpen && !afterSubmit && manages:
			k.Title, k.Button, k.Due, k.Basis, k.Party, k.Waits = "等企业提交"+p.Name+"的材料", "看还缺什么", p.Submit, "材料提交截止", "物业服务企业", true
		case p.State == cycle.StateOpen && afterSubmit && manages:
			k.Title, k.Button, k.Due, k.Basis = "截止"+p.Name+"的材料提交", "去截止", p.Cutoff, "统计截止"
		case p.State == cycle.StateClosed && !afterCutoff && runs:
			k.Title, k.Button, k.Due, k.Basis, k.Party, k.Waits = "等社区初审"+p.Name+"的材料", "看还缺什么", p.Cutoff, "统计截止", "社区", true
		case p.State == cycle.StateClosed && runs:
			k.Title, k.Button, k.Context = "评价"+p.Name, "去评价", p.Cutoff.Chinese()+"已统计截止"
		case p.State == cycle.StateEvaluated && publishes && policy.Separate(by, policy.PartPublish, []policy.Act{{Part: policy.PartScore, By: p.Evaluated.By}}) == nil:
			k.Title, k.Button, k.Link, k.Context = "公布"+p.Name+"的结果", "去公布", periodPath(p.ID)+"/publish", "先看预览，再由第二人公布"
		case p.State == cycle.StateEvaluated && (runs || publishes):
			k.Title, k.Button, k.Party, k.Waits = p.Name+"的结果等第二人公布", "看预览", "股长或者局领导", true
			k.Link = periodPath(p.ID) + "/preview"
		default:
			continue
		}
		if k.Context == "" {
			k.Context = "事实日期 " + p.Days.First.Chinese() + "至" + p.Days.Last.Chinese()
		}
		out = append(out, k)
	}
	return out, nil
}
