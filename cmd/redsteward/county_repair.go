package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/supervision"
	"redsteward/supervision/repair"
)

// repairWords are what households report, by category.
var repairWords = []struct{ category, where, what, result string }{
	{"water", "3幢502室", "卫生间水管漏水（演示）", "更换了阀门（演示）"}, {"lift", "1幢2单元", "电梯困人（演示）", "放出人员，更换接触器（演示）"}, {"power", "5幢楼道", "楼道灯不亮（演示）", "更换了灯泡（演示）"}, {"door", "2幢1单元", "门禁打不开（演示）", "重新设置门禁（演示）"}, {"wall", "7幢顶层", "顶楼渗水（演示）", "局部重做防水（演示）"},
}

const (
	// loggedProjects is how many compounds of the demonstration keep a repair log, repairsAMonth how many repairs each of them has.
	loggedProjects = 6
	repairsAMonth  = 6
)

// loggedActs keep the logs of some compounds for three months; the first of them is drawn and called back, the second drawn only, the third still goes on.
func (l *countyLoader) loggedActs() []act {
	var acts []act
	now := mustTime(demoStart)
	today := calendar.DateOf(now)
	year, month, _ := today.Parts()
	for back := 2; back >= 0; back-- {
		at := time.Date(year, month-time.Month(back), 1, 0, 0, 0, 0, time.UTC)
		first, err := calendar.NewDate(at.Date())
		if err != nil {
			continue
		}
		for k, project := range l.plan.surveyed(loggedProjects) {
			for n := range repairsAMonth {
				day := first.Add(2 + n*4 + k%3)
				if day.Compare(today) >= 0 {
					continue
				}
				acts = append(acts, act{hour(day, 18), partRepairs, func(ctx context.Context) error { return l.repaired(ctx, project, n+k, day) }})
			}
		}
		if back > 0 {
			drawn := first.AddMonths(1).Add(13)
			acts = append(acts, act{hour(drawn, 3), partRepairs, l.repairs.DrawDue})
			if back == 2 {
				acts = append(acts, act{hour(drawn.Add(1), 10), partRepairs, l.callBack})
			}
		}
	}
	return acts
}

// logs reports whether a compound keeps a log of repairs in the nth quarter, so that nothing is asked of its firm.
func (p *countyPlan) logs(project, n int) bool {
	return n >= p.size.quarters()-1 && slices.Contains(p.surveyed(loggedProjects), project)
}

// repaired enters one repair as the firm of a compound.
func (l *countyLoader) repaired(ctx context.Context, project, n int, day calendar.Date) error {
	place, err := l.service.register.Place(ctx, l.projects[project], day)
	if err != nil || place.Firm == "" {
		return err
	}
	what := repairWords[n%len(repairWords)]
	at := func(h, minutes int) journal.Time {
		return journal.At(hour(day, h).Add(time.Duration(minutes) * time.Minute))
	}
	said := repair.Said{Reported: at(8, n*7), Where: what.where, What: what.what, Category: what.category, Urgent: what.category == "lift", Phone: fmt.Sprintf("1390000%04d", 1000+n)}
	if n%7 != 6 {
		said.Arrived, said.Done, said.Result = at(9+n%3, n*7), at(14, n*3), what.result
	}
	manager := policy.Actor{ID: "demo-" + place.Firm[:8], Appointments: []policy.Appointment{{Role: "firm_manager", Unit: policy.FirmKey(place.Firm), Scopes: []string{policy.FirmKey(place.Firm)}}}}
	_, err = l.repairs.Enter(ctx, manager, repair.Input{Project: l.projects[project], Said: said})
	return err
}

// callBack calls everything that is drawn, as the inspectors of the bureau.
func (l *countyLoader) callBack(ctx context.Context) error {
	by := l.of("inspector", 0)
	page, err := l.repairs.Samples(ctx, by, repair.SampleFilter{Open: true}, "")
	if err != nil {
		return err
	}
	outcomes := []repair.Outcome{repair.Satisfied, repair.Satisfied, repair.Dissatisfied, repair.Satisfied, repair.WrongNumber}
	for i, d := range page.Docs {
		at := supervision.At{ID: d.ID, Seq: d.Seq}
		for _, call := range d.State.Calls {
			next, err := l.repairs.Call(ctx, by, at, call.Repair, outcomes[i%len(outcomes)], "")
			if err != nil {
				return err
			}
			at.Seq = next.Seq
		}
	}
	return nil
}
