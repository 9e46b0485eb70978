package web

import (
	"context"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/rating/cycle"
)

// PeriodTasks is the work of the rating cycle: to open, close and evaluate periods, to tell scores to the firms, to send results through their approval, to sign there and to publish.
type PeriodTasks struct {
	// Guard tells who may do what; Cycle runs the periods. Both are required.
	Guard *policy.Guard
	Cycle Cycle
}

const periodsPath = "/periods"

// shownSeconds is up to how many second scorings the to-do page counts.
const shownSeconds = 20

// Tasks implements Tasks.
func (t PeriodTasks) Tasks(ctx context.Context, by policy.Actor, now time.Time) ([]Task, error) {
	manages, runs, publishes := t.Guard.Allow(by, policy.ManagePeriod), t.Guard.Allow(by, policy.RunEvaluation), t.Guard.Allow(by, policy.PublishEvaluation)
	if !t.Guard.Allow(by, policy.ReadPeriods) || !manages && !runs && !publishes && !t.Guard.Allow(by, policy.SignApproval) {
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
		if p.State == cycle.StateEvaluated && t.Guard.Allow(by, policy.PlanVisit) && t.Guard.Allow(by, policy.ReadRanges) {
			n, err := t.Cycle.OpenSeconds(ctx, by, &p, shownSeconds)
			if err != nil {
				return nil, err
			}
			if n > 0 {
				said := count(n)
				if n == shownSeconds {
					said += " 个以上"
				} else {
					said += " 个"
				}
				out = append(out, Task{Title: "安排第二人评分 " + said, Context: p.Name + "临界的小区，由另外的人再走一次，看不到前一次的结果", Link: periodPath(p.ID) + "/preview#near", Button: "去安排", Nav: periodsPath, Basis: "评价结果在分数线上下"})
			}
		}
		k, publish := Task{Link: periodPath(p.ID), Nav: periodsPath}, periodPath(p.ID)+"/publish"
		var h cycle.Hearing
		if p.ToSend() {
			if h, err = t.Cycle.Hearing(ctx, &p); err != nil {
				return nil, err
			}
		}
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
		case p.Early() && !afterCutoff && runs:
			k.Title, k.Button, k.Due, k.Basis, k.Party, k.Waits = "等"+p.Name+"统计截止，截止以后重新评价", "看预览", p.Cutoff, "统计截止", "社区", true
		case p.Early() && runs:
			k.Title, k.Button, k.Context = "重新评价"+p.Name, "去评价", p.Cutoff.Chinese()+"已统计截止，现在的结果是截止以前的"
		case p.ToTell() && p.Stars() && manages:
			k.Title, k.Button, k.Link, k.Context = "公示"+p.Name+"的拟评星级", "去公示", publish, "申报办结、联审以后，凭联审纪要公示"
			if len(p.Tellings) > 0 {
				k.Context = "重新评价过，结果有变化的再公示一次"
			}
		case p.ToTell() && manages:
			k.Title, k.Button, k.Link, k.Context = "告知企业"+p.Name+"的得分", "去告知", publish, "先看预览；告知以后企业有异议期"
			if len(p.Tellings) > 0 {
				k.Context = "重新评价过，结果有变化的再告知一次"
			}
		case h.Runs && manages:
			w := clockTask(h.Ends)
			k.Title, k.Button, k.Link, k.Party, k.Waits, k.Due, k.Unresolved, k.Basis = "等"+p.Name+"的异议期届满", "看异议", publish, "物业服务企业", true, w.Due, w.Unresolved, w.Basis
			if h.Stars {
				k.Title, k.Button, k.Party = "等"+p.Name+"的公示期、申诉期届满", "看公示与申诉", "公众和物业服务企业"
			}
		case h.Contested()+h.Remarks > 0 && manages:
			k.Title, k.Button, k.Link, k.Party, k.Waits = "等"+p.Name+"的异议和意见办结", "看异议", publish, "答复的人", true
		case p.ToSend() && h.Why() == "" && manages:
			k.Title, k.Button, k.Link, k.Context = "送审"+p.Name+"的结果", "去送审", publish, "先看预览，再送各级签署"
			if p.Approval != nil && p.Approval.State == policy.ApprovalReturned {
				k.Context = "审批退回，更正以后重新送审"
			}
		case p.Signing() && t.Cycle.MaySign(ctx, by, &p):
			k.Title, k.Button, k.Link, k.Context = "签署"+p.Name+"的公布", "去签署", publish, level(&p)+"，各级签署以后才能公布"
		case p.Signing() && t.looks(ctx, by, &p):
			k.Title, k.Button, k.Link, k.Context = "核对"+p.Name+"公布的签字件", "去核对", publish, "登记和签字以外的人核对以后才算签署"
		case p.Approved() && publishes && t.Cycle.Apart(by, &p) == nil:
			k.Title, k.Button, k.Link, k.Context = "公布"+p.Name+"的结果", "去公布", publish, "各级都已签署"
		case p.Signing() && (manages || publishes):
			k.Title, k.Button, k.Link, k.Party, k.Waits = p.Name+"的结果等各级签署", "看审批", publish, level(&p), true
		case p.Approved() && (manages || publishes):
			k.Title, k.Button, k.Link, k.Party, k.Waits = p.Name+"的结果等另一人公布", "看审批", publish, "股长或者局领导", true
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

// level is the name of the level whose signature is awaited.
func level(p *cycle.Period) string { return p.Approval.Chain.Levels[p.Approval.Level].Name }

// looks reports whether a scan of a signed paper waits for this person's second look.
func (t PeriodTasks) looks(ctx context.Context, by policy.Actor, p *cycle.Period) bool {
	return slices.ContainsFunc(p.Approval.Papers(), func(d policy.ApprovalDecision) bool { return t.Cycle.MayLook(ctx, by, p, d.Paper.FileHash) })
}
