package main

import (
	"context"
	"fmt"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/imports"
	"redsteward/supervision"
	"redsteward/supervision/matter"
)

// demoOrders is how many orders of 12345热线 the demonstration brings in from one file, spread over the year before it.
const demoOrders = 480

// orderActs bring a year's orders in, which the platform has closed, and make the feedback of the month and quarter that ended.
func (l *countyLoader) orderActs() []act {
	today := calendar.DateOf(mustTime(demoStart))
	return []act{{hour(today.Add(-17), 9), partMatters, l.bringOrders}, {hour(today.Add(-16), 5), partMatters, l.matters.MakeFeedbackDue}, {hour(today.Add(-10), 9), partMatters, l.signFeedback}}
}

// signFeedback signs for what two departments were told; the others have not yet.
func (l *countyLoader) signFeedback(ctx context.Context) error {
	for _, department := range []string{"fire", "urban"} {
		by := l.handlerOf(department)
		page, err := l.matters.Feedbacks(ctx, by, true, "")
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if _, err := l.matters.SignFeedback(ctx, by, supervision.At{ID: d.ID, Seq: d.Seq}); err != nil {
				return err
			}
		}
	}
	return nil
}

// bringOrders takes one file of orders in, as the dispatcher.
func (l *countyLoader) bringOrders(ctx context.Context) error {
	by, today := l.of("dispatcher", 0), calendar.DateOf(mustTime(demoStart)).Add(-17)
	var lines []matter.OrderLine
	n := min(demoOrders, 6*len(l.plan.projects))
	for i := range n {
		what, project := matterWords[i%len(matterWords)], l.plan.projects[i*7%len(l.plan.projects)].input
		received := today.Add(-2 - i*330/n)
		o := matter.Order{System: matter.SourceHotline, Number: fmt.Sprintf("12345-%s-%04d", received, i), Received: received, Due: received.Add(9), Done: received.Add(1), Outcome: matter.OutcomeFixed, Words: "已办结（演示）", Satisfied: []matter.Satisfied{"yes", "fair", "yes", "no", "unreached"}[i%5]}
		if i%6 == 5 {
			o.Outcome = matter.OutcomeUnfixed
		}
		lines = append(lines, matter.OrderLine{Row: int64(i + 2), Order: o, Category: what.category, Community: project.Community, Project: project.Name, Where: what.where, Words: what.words})
	}
	run, err := l.matters.Orders.DryRun(ctx, by, imports.File[matter.OrderLine]{Kind: "matter-order", Name: "12345工单（演示）.xlsx", Hash: strings.Repeat("0", 64), Lines: lines})
	if err != nil {
		return err
	}
	if run.Faulty > 0 {
		return fault.New("cmd.bringOrders", fault.Internal, fmt.Sprintf("演示工单第 %d 行：%s", run.Faults[0].Row, run.Faults[0].Message))
	}
	if _, err := l.matters.Orders.Accept(ctx, by, run.Draft, false); err != nil {
		return err
	}
	_, err = l.matters.Orders.RunAccepted(ctx)
	return err
}
