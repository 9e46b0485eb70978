package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// objectionLine is the line to which the firms of the demonstration object, objectionFact the fact behind it.
const objectionLine, objectionFact = "svc_rectify", "rectification"

// objectionTale is what becomes of one objection: after so many days from the telling it is raised, then comes its end.
type objectionTale struct {
	// raised and ended are hours after nine in the morning of the day of the telling; ended is 0 for one that waits.
	raised, ended int
	// end is what becomes of it, "" for one that waits; words are those of the answer.
	end   cycle.ObjectionStep
	words string
	// late: it is raised after the window, and refused.
	late bool
}

// objectionTales are those of a quarter, by how many quarters ended after it: of the last one some wait, of the one before all are over.
func objectionTales(after int) []objectionTale {
	const day = 24
	switch after {
	case 0:
		return []objectionTale{
			{raised: day + 1},
			{raised: day + 1},
			{raised: day + 2, ended: day + 7, end: cycle.ObjectionRefuse, words: "复查单上写的是期限以后，按期改好数不变（演示）"},
			{raised: day + 2, ended: day + 6, end: cycle.ObjectionWithdraw},
			{raised: day + 3, ended: day + 7, end: cycle.ObjectionUphold, words: "复查单显示当天已经改好，更正这条观察记录（演示）"},
		}
	case 1:
		return []objectionTale{
			{raised: day + 1, ended: 2*day + 1, end: cycle.ObjectionUphold, words: "复查单显示全部按期改好，更正这条观察记录（演示）"},
			{raised: day + 2, ended: 2*day + 2, end: cycle.ObjectionRefuse, words: "复查单晚于期限，按期改好数不变（演示）"},
			{raised: day + 2, ended: 2 * day, end: cycle.ObjectionWithdraw},
			{raised: 5*day + 1, late: true},
		}
	}
	return nil
}

// objectionActs are the objections to the scores of the nth quarter, each of another project: what one that was upheld corrects is evaluated and told anew, in the quarter that is published.
func (l *countyLoader) objectionActs(n int, days quarterDays) []act {
	after := l.plan.size.quarters() - 1 - n
	period, projects := l.plan.size.quarterOf(n).String(), l.plan.disputed(n)
	var acts []act
	at := func(hours int, do func(ctx context.Context) error) {
		acts = append(acts, act{hour(days.evaluate, 9+hours), partPeriods, do})
	}
	for k, tale := range objectionTales(after) {
		if k >= len(projects) {
			break
		}
		i, doc := projects[k], new(store.Doc[cycle.Objection])
		firm := l.of("firm_manager", l.plan.holder(i, n))
		at(tale.raised, func(ctx context.Context) (err error) {
			*doc, err = l.object(ctx, firm, period, i, k)
			if tale.late {
				if fault.Is(err, fault.Conflict) {
					return nil
				}
				return fault.Wrap("cmd.demo", fault.Internal, "过了异议期的异议没有被拒绝", err)
			}
			return err
		})
		if tale.end == "" {
			continue
		}
		at(tale.ended, func(ctx context.Context) error { return l.endObjection(ctx, firm, doc, tale.end, tale.words) })
		if tale.end != cycle.ObjectionUphold || after == 0 {
			continue
		}
		// The record is corrected by who recorded it and confirmed by who confirmed it; then the quarter is evaluated and told once more.
		var correction store.Doc[supervision.Observation]
		at(tale.ended+4, func(ctx context.Context) (err error) {
			correction, err = l.correctRectified(ctx, i, n)
			return err
		})
		at(3*24+1, func(ctx context.Context) error {
			_, err := l.observations.Confirm(ctx, l.of("section_chief", 0), supervision.At{ID: correction.ID, Seq: correction.Seq})
			return err
		})
		at(4*24, func(ctx context.Context) error {
			_, err := l.cycle.Evaluate(ctx, l.of("property_officer", 0), period)
			return err
		})
		at(4*24+1, func(ctx context.Context) error {
			return l.endObjection(ctx, firm, doc, cycle.ObjectionCorrect, "整改复查的观察记录已更正为全部按期（演示）")
		})
		at(4*24+2, func(ctx context.Context) error { return l.tellScores(ctx, l.of("property_officer", 0), period) })
	}
	return acts
}

// disputed are the projects of which not everything was put right in time in a quarter, one of each firm before the others.
func (p *countyPlan) disputed(n int) []int {
	var out, more []int
	seen := map[int]bool{}
	for i := range p.projects {
		holder := p.holder(i, n)
		if holder < 0 || !slices.ContainsFunc(p.projectSays(i, n), func(s said) bool { return s.fact == objectionFact && s.cells[0].Number.Less(s.cells[1].Number) }) {
			continue
		}
		if seen[holder] {
			more = append(more, i)
			continue
		}
		out, seen[holder] = append(out, i), true
	}
	return append(out, more...)
}

// object objects for a firm, with a paper that shows what it says.
func (l *countyLoader) object(ctx context.Context, by policy.Actor, period string, i, k int) (store.Doc[cycle.Objection], error) {
	paper, err := l.keeper.Receive("复查单（演示）.pdf", bytes.NewReader(demoPaper(fmt.Sprintf("DEMO %s objection %d", period, k+1))), files.PDF)
	if err != nil {
		return store.Doc[cycle.Objection]{}, err
	}
	defer paper.Close() //nolint:errcheck // a temporary file that only we know
	return l.cycle.Objections().Raise(ctx, by, cycle.ObjectionInput{Period: period, Project: l.projects[i], Line: objectionLine, Ground: "按期改好的少算了，以复查单为准（演示）", Upload: paper}, nil)
}

// endObjection does what becomes of an objection: by the firm, or by the first of the bureau who had no hand in the line.
func (l *countyLoader) endObjection(ctx context.Context, firm policy.Actor, doc *store.Doc[cycle.Objection], do cycle.ObjectionStep, words string) (err error) {
	by := firm
	if do.Action() == policy.AnswerObjection {
		for k := range l.people["property_officer"] {
			if by = l.of("property_officer", k); l.cycle.Objections().Can(ctx, by, &doc.State, do) {
				break
			}
		}
	}
	*doc, err = l.cycle.Objections().Do(ctx, by, casework.At{ID: doc.ID, Seq: doc.Seq}, do, casework.Input{Text: words})
	return err
}

// correctRectified records the correction of what was observed about what a project had to put right in a quarter: all was in time.
func (l *countyLoader) correctRectified(ctx context.Context, i, n int) (store.Doc[supervision.Observation], error) {
	by, q := l.of("property_officer", 1+i%2), l.plan.size.quarterOf(n)
	page, err := l.observations.List(ctx, by, supervision.ObservationFilter{Project: l.projects[i], Quarter: q, Fact: objectionFact}, "")
	if err != nil || len(page.Docs) == 0 {
		return store.Doc[supervision.Observation]{}, fault.Wrap("cmd.demo", fault.Internal, "没有找到要更正的观察记录", err)
	}
	old := page.Docs[0]
	due := num.Num{}
	for _, c := range old.State.Cells {
		due = num.Max(due, c.Number)
	}
	var cells []supervision.Cell
	for _, c := range old.State.Cells {
		cells = append(cells, supervision.Cell{Column: c.Column, Number: due})
	}
	return l.observations.Record(ctx, by, supervision.Draft{Ask: l.asks["observation"][objectionFact], Project: l.projects[i], Cells: cells, Day: old.State.Day, Source: "整改复查单（演示数据）", Corrects: old.ID})
}
