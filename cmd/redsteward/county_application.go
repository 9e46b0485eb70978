package main

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating/cycle"
	"redsteward/registry/casework"
	"redsteward/supervision/application"
)

// applies is what becomes of an application of the demonstration.
type applies string

// What becomes of the applications of the first year.
const (
	appliesNot   applies = "not"           // the firm does not apply: 未申报
	refusedFirst applies = "refused_first" // the community does not agree: 初评未通过
	heldBack     applies = "held_back"     // the joint review gives no star: 联审不评星
)

// applicationActs are the applications for the stars of a year that is over: every firm applies for what it serves, every level agrees to all but a few; the joint review keeps one back.
func (l *countyLoader) applicationActs(year int) []act {
	id, last := calendar.Year(year).String(), calendar.Year(year).Span().Last
	called := weekday(last.Add(-20))
	docs := make([]store.Doc[application.Application], len(l.plan.projects))
	acts := []act{{hour(called, 10), partPeriods, func(ctx context.Context) error {
		_, err := l.applications.Call(ctx, l.of("property_officer", 0), id, "")
		return err
	}}}
	at := func(day calendar.Date, do func(ctx context.Context) error) {
		acts = append(acts, act{hour(weekday(day), 11), partPeriods, do})
	}
	for i := range l.plan.projects {
		if l.plan.projects[i].applies == appliesNot {
			continue
		}
		at(called.Add(8), func(ctx context.Context) (err error) {
			place, err := l.service.register.Place(ctx, l.projects[i], calendar.DateOf(l.clock.Now()))
			if err != nil || place.Firm == "" {
				return err
			}
			docs[i], err = l.apply(ctx, place.Firm, i, id)
			return err
		})
	}
	agree := func(by policy.Actor, role policy.Role) func(ctx context.Context) error {
		return func(ctx context.Context) error { return l.agreeAll(ctx, by, role) }
	}
	for c := range l.plan.size.communities {
		at(called.Add(12), func(ctx context.Context) error {
			for i := range l.plan.projects {
				if l.plan.projects[i].applies == refusedFirst && l.communityOf(i) == c {
					if err := l.opine(ctx, l.of("community_secretary", c), "community_secretary", policy.MoveRefuse, "演示：业主反映的问题没有落实，不同意申报", &docs[i]); err != nil {
						return err
					}
				}
			}
			return l.agreeAll(ctx, l.of("community_secretary", c), "community_secretary")
		})
	}
	at(called.Add(19), agree(l.of("township_party", 0), "township_party"))
	at(called.Add(33), agree(l.of("property_officer", 2), "property_officer"))
	for i := range l.plan.projects {
		if l.plan.projects[i].applies == heldBack {
			at(last.Add(45), func(ctx context.Context) error {
				doc, err := l.applications.One(ctx, l.of("section_chief", 0), docs[i].ID)
				if err != nil {
					return err
				}
				return l.withPaper(false, func(paper *files.Upload) error {
					_, err := l.applications.Do(ctx, l.of("section_chief", 0), casework.At{ID: doc.ID, Seq: doc.Seq}, application.StepHold,
						casework.Input{Choice: "0", Number: fmt.Sprintf("都物联审纪〔%d〕1号（演示）", year+1), Day: calendar.DateOf(l.clock.Now()), Text: "演示：信访事项正在核查，本年度不评星", Upload: paper})
					return err
				})
			})
		}
	}
	return acts
}

// apply applies for a project with a scanned pledge.
func (l *countyLoader) apply(ctx context.Context, firm string, project int, year string) (store.Doc[application.Application], error) {
	by, err := l.managerOf(firm)
	if err != nil {
		return store.Doc[application.Application]{}, err
	}
	doc, err := l.applications.Begin(ctx, by, l.projects[project], year, "演示：全年按合同服务，业主关心的事逐项办理", nil)
	if err != nil {
		return doc, err
	}
	return l.handIn(ctx, by, doc)
}

// handIn hands an application in, for the first time or completed.
func (l *countyLoader) handIn(ctx context.Context, by policy.Actor, doc store.Doc[application.Application]) (store.Doc[application.Application], error) {
	err := l.withPaper(false, func(paper *files.Upload) (err error) {
		doc, err = l.applications.Do(ctx, by, casework.At{ID: doc.ID, Seq: doc.Seq}, application.StepSubmit, casework.Input{Text: "演示：补上了说明", Upload: paper})
		return err
	})
	return doc, err
}

// agreeAll lets a level agree to all that waits for it.
func (l *countyLoader) agreeAll(ctx context.Context, by policy.Actor, role policy.Role) error {
	waiting, err := l.applications.Waiting(ctx, by)
	if err != nil || len(waiting) == 0 {
		return err
	}
	password, err := l.demoPassword(ctx, role)
	if err != nil {
		return err
	}
	seen := make([]casework.At, len(waiting))
	for i := range waiting {
		seen[i] = casework.At{ID: waiting[i].ID, Seq: waiting[i].Seq}
	}
	_, err = l.applications.AgreeAll(ctx, by, seen, "演示：情况属实，同意申报", password)
	return err
}

// opine gives one opinion.
func (l *countyLoader) opine(ctx context.Context, by policy.Actor, role policy.Role, move policy.ApprovalMove, words string, doc *store.Doc[application.Application]) error {
	password, err := l.demoPassword(ctx, role)
	if err != nil || doc.ID == "" {
		return err
	}
	*doc, err = l.applications.Sign(ctx, by, casework.At{ID: doc.ID, Seq: doc.Seq}, policy.Sign{Move: move, Reason: words, SubjectHash: doc.State.Approval.SubjectHash}, password)
	return err
}

// openApplicationActs are the applications for the stars of the year of the demonstration, in every state that the days since the call allow.
func (l *countyLoader) openApplicationActs() []act {
	today := calendar.DateOf(mustTime(demoStart))
	id, called := calendar.Year(today.Year()).String(), today.Add(-11)
	acts := []act{{hour(called, 10), partPeriods, func(ctx context.Context) error {
		_, err := l.applications.Call(ctx, l.of("property_officer", 0), id, "演示：纸质承诺书交物业管理股")
		return err
	}}}
	// What happens to the first projects, one after the other: who acts, and how often the chain has agreed before.
	for k, tale := range applicationTales {
		if k < len(l.plan.projects) {
			acts = append(acts, l.applicationTale(k, id, called, tale)...)
		}
	}
	return acts
}

// applicationTales are what becomes of the applications of the open year, one after the other: beats after it was handed in.
var applicationTales = [][]string{{"draft"}, {}, {}, {"return"}, {"agree"}, {"agree"}, {"agree", "agree"}, {"agree", "agree"}, {"agree", "agree", "agree"}, {"refuse"}, {"agree", "refuse"}, {"return", "complete"}, {"withdraw"}}

// applicationTale lets one application of the open year happen, a beat a day.
func (l *countyLoader) applicationTale(i int, year string, called calendar.Date, beats []string) []act {
	doc := new(store.Doc[application.Application])
	var manager policy.Actor
	act1 := func(day int, do func(ctx context.Context) error) act {
		return act{hour(called.Add(day), 12), partPeriods, do}
	}
	draft := slices.Contains(beats, "draft")
	acts := []act{act1(1, func(ctx context.Context) error {
		place, err := l.service.register.Place(ctx, l.projects[i], calendar.DateOf(l.clock.Now()))
		if err != nil || place.Firm == "" {
			return err
		}
		if manager, err = l.managerOf(place.Firm); err != nil {
			return err
		}
		if *doc, err = l.applications.Begin(ctx, manager, l.projects[i], year, "演示：今年新装了充电棚，报修按时率提高", nil); err == nil && !draft {
			*doc, err = l.handIn(ctx, manager, *doc)
		}
		return err
	})}
	levels := []policy.Role{"community_secretary", "township_party", "property_officer"}
	for k, beat := range beats {
		if beat == "draft" {
			continue
		}
		acts = append(acts, act1(2+k, func(ctx context.Context) (err error) {
			if doc.ID == "" {
				return nil
			}
			role := levels[0]
			if a := doc.State.Approval; a != nil {
				role = levels[a.Level]
			}
			by := l.of(role, 0)
			if role == "community_secretary" {
				by = l.of(role, l.communityOf(i))
			}
			switch beat {
			case "agree":
				return l.opine(ctx, by, role, policy.MoveAgree, "演示：情况属实，同意", doc)
			case "return":
				return l.opine(ctx, by, role, policy.MoveReturn, "演示：请补充业主反映问题的办理情况", doc)
			case "refuse":
				return l.opine(ctx, by, role, policy.MoveRefuse, "演示：业主反映的问题没有落实", doc)
			case "complete":
				*doc, err = l.handIn(ctx, manager, *doc)
			case "withdraw":
				*doc, err = l.applications.Do(ctx, manager, casework.At{ID: doc.ID, Seq: doc.Seq}, application.StepWithdraw, casework.Input{Text: "演示：合同将到期，不申报了"})
			}
			return err
		}))
	}
	return acts
}

// publicityActs are the remarks and the appeal while the stars of a year are shown: one remark is answered and shown, one answered and kept back; the appeal is answered by a leader who took no part.
func (l *countyLoader) publicityActs(year int) []act {
	id, shown := calendar.Year(year).String(), calendar.Year(year).Span().Last.Add(firstRecords+30+2)
	var acts []act
	at := func(days int, do func(ctx context.Context) error) {
		acts = append(acts, act{hour(weekday(shown.Add(days)), 14), partPeriods, do})
	}
	for _, said := range []struct {
		project           int
		words, open, hide string
	}{{0, "楼道灯坏了两个星期才有人修（演示）", "楼道灯报修以后两个星期才修好", ""}, {1, "物业经理态度不好（演示）", "", "对个人的评价，没有具体事实，不公开"}} {
		doc := new(store.Doc[cycle.Remark])
		at(1, func(ctx context.Context) (err error) {
			*doc, err = l.cycle.Remarks().Make(ctx, policy.Actor{}, cycle.RemarkInput{Year: id, Project: l.projects[said.project], Words: said.words}, nil)
			return err
		})
		at(5, func(ctx context.Context) (err error) {
			*doc, err = l.cycle.Remarks().Do(ctx, l.of("property_officer", 0), casework.At{ID: doc.ID, Seq: doc.Seq}, cycle.RemarkAnswer, casework.Input{Text: "已经核实，企业按报修台账整改，以后逾期的计入报修按时率（演示）"})
			return err
		})
		at(6, func(ctx context.Context) error {
			do, text := cycle.RemarkShow, said.open
			if said.hide != "" {
				do, text = cycle.RemarkKeep, said.hide
			}
			_, err := l.cycle.Remarks().Do(ctx, l.of("section_chief", 0), casework.At{ID: doc.ID, Seq: doc.Seq}, do, casework.Input{Text: text})
			return err
		})
	}
	appeal := new(store.Doc[cycle.Objection])
	at(9, func(ctx context.Context) error {
		place, err := l.service.register.Place(ctx, l.projects[0], calendar.Year(year).Span().Last)
		if err != nil || place.Firm == "" {
			return err
		}
		by, err := l.managerOf(place.Firm)
		if err == nil {
			*appeal, err = l.cycle.Objections().Raise(ctx, by, cycle.ObjectionInput{Period: id, Project: l.projects[0], Ground: "全年走访的扣分与复查单不一致，请复核（演示）"}, nil)
		}
		return err
	})
	at(12, func(ctx context.Context) error {
		if appeal.ID == "" {
			return nil
		}
		_, err := l.cycle.Objections().Do(ctx, l.of("deputy_director", 1), casework.At{ID: appeal.ID, Seq: appeal.Seq}, cycle.ObjectionRefuse, casework.Input{Text: "逐项核对走访评价表和复查单，一致，维持拟评结果（演示）"})
		return err
	})
	return acts
}
