package main

import (
	"context"
	"fmt"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/conduct"
	"redsteward/registry/party"
)

// What the registers of party activities, public revenue and honours hold of the demonstration. Shares become what gives them, as in county_draw.go.

// served are the places of the communities in which a firm holds projects in a quarter, in the order of its projects.
func (l *countyLoader) served(firm, n int) []int {
	var out []int
	seen := map[int]bool{}
	for i := range l.plan.projects {
		if c := i % l.plan.size.communities; l.plan.holder(i, n) == firm && !seen[c] {
			seen[c] = true
			out = append(out, c)
		}
	}
	return out
}

// branchLines are the branch life of a firm in a quarter: of what is due as much as the plan says was done.
func (p *countyPlan) branchLines(firm, quarter int) []party.Line {
	first := p.size.quarterOf(quarter).Span().First
	held, _ := p.meetings(firm, quarter)
	members := p.firms[firm].party.Members
	if p.firms[firm].party.Form != registry.PartyOwn {
		var out []party.Line
		for i := range int(held) {
			out = append(out, party.Line{Kind: party.Visit, Day: first.Add(12 + 26*i), Expected: 1, Present: 1})
		}
		if p.trainings(firm, quarter) > 0 {
			out = append(out, party.Line{Kind: party.Training, Day: first.Add(60), Expected: 8, Present: 7})
		}
		return out
	}
	due := []party.Kind{party.Theme, party.Theme, party.Lecture, party.Theme, party.Assembly, party.Committee, party.Committee, party.Committee}
	present, _ := p.attendance(firm, quarter)
	var out []party.Line
	for i := range held {
		came := (present + held - 1 - i) / held // the remainder goes to the first ones
		out = append(out, party.Line{Kind: due[i], Day: first.Add(8 + 9*int(i)), Expected: members, Present: came})
	}
	return out
}

// togetherLines are the co-building of a firm with a community in a quarter. The kinds go round, so that a year has as many as its quarters together, five at most.
func (p *countyPlan) togetherLines(firm, quarter int) []party.Line {
	all := []party.Kind{party.TogetherOrganised, party.TogetherPlace, party.TogetherLecture, party.TogetherActivity, party.TogetherWork}
	from := int64(0)
	for q := range quarter {
		from += p.cobuildKinds(firm, q)
	}
	var out []party.Line
	for k := range p.cobuildKinds(firm, quarter) {
		out = append(out, party.Line{Kind: all[(from+k)%int64(len(all))], Day: p.size.quarterOf(quarter).Span().First.Add(20 + 11*int(k)), Expected: 20, Present: 16 + k})
	}
	return out
}

// sheetActs are the sheets of a firm in a quarter, one for each community: filled in by a branch secretary or the instructor, confirmed by the three levels.
func (l *countyLoader) sheetActs(firm, n int) []act {
	q := l.plan.size.quarterOf(n)
	day := q.Span().First.Add(80)
	var acts []act
	for k, community := range l.served(firm, n) {
		lines := l.plan.togetherLines(firm, n)
		if k == 0 {
			lines = append(lines, l.plan.branchLines(firm, n)...)
		}
		if len(lines) > 0 {
			acts = append(acts, l.sheet(firm, community, q, lines, hour(day.Add(1), 10), hour(day.Add(2), 16), 3)...)
		}
	}
	return acts
}

// waitingSheet: of three firms with a project one sheet of the open quarter waits for each of the three levels.
func (l *countyLoader) waitingSheet(firm, n int) []act {
	served := l.served(firm, n)
	if len(served) == 0 {
		return nil
	}
	q := l.plan.size.current
	first := q.Span().First
	line := party.Line{Kind: party.Theme, Day: first.Add(10), Expected: max(l.plan.firms[firm].party.Members, 1), Present: 1}
	if l.plan.firms[firm].party.Form != registry.PartyOwn {
		line.Kind, line.Expected = party.Visit, 1
	}
	return l.sheet(firm, served[0], q, []party.Line{line}, hour(first.Add(14), 11), hour(first.Add(15), 11), firm%3)
}

// sheet is one sheet: filled in and handed on at one moment, confirmed from another on by so many levels, an hour after each other.
func (l *countyLoader) sheet(firm, community int, q calendar.Quarter, lines []party.Line, fill, confirm time.Time, levels int) []act {
	maker := l.of("industry_secretary", 1)
	if l.plan.firms[firm].party.Form != registry.PartyOwn {
		maker = l.instructor(firm)
	}
	at := party.At{Firm: l.firms[firm], Community: l.plan.names.Communities[community], Quarter: q.String()}
	next := func(doc store.Doc[party.Sheet], err error) error {
		at.Seq = doc.Seq
		return err
	}
	acts := []act{{fill, partParty, func(ctx context.Context) error {
		if err := next(l.party.FillAll(ctx, maker, at, lines, nil)); err != nil {
			return err
		}
		return next(l.party.Submit(ctx, maker, at))
	}}}
	reviewers := []policy.Actor{l.of("community_secretary", community), l.of("industry_secretary", 0), l.of("organisation", 0)}
	for i, by := range reviewers[:levels] {
		acts = append(acts, act{confirm.Add(time.Duration(i) * time.Hour), partParty, func(ctx context.Context) error { return next(l.party.Confirm(ctx, by, at, "")) }})
	}
	return acts
}

// instructor is the party instructor of a firm.
func (l *countyLoader) instructor(firm int) policy.Actor {
	at := 0
	for i := range firm {
		if l.plan.firms[i].party.Form == registry.PartyInstructor {
			at++
		}
	}
	return l.of("party_instructor", at)
}

// revenueActs are the public revenue of a project, half-year by half-year, from the one before the last one of which the first quarter asks; what the plan lacks was not shown to the owners.
func (l *countyLoader) revenueActs(i int) []act {
	pr, first := &l.plan.projects[i], l.plan.size.first.Span().First
	officer, community := l.of("property_officer", 1+i%2), l.plan.names.Communities[i%l.plan.size.communities]
	rate := l.plan.rate(i, 0, 1)
	opening := int64(0)
	var acts []act
	for k := 0; ; k++ {
		half := registry.HalfOf(first.AddMonths(6*k - 12))
		ended := registry.HalfEnd(half)
		entered := hour(ended.Add(25), 10)
		if entered.Before(l.clock.Now()) {
			entered = l.clock.Now()
		}
		if !entered.Before(mustTime(demoStart)) {
			return acts
		}
		in := registry.RevenueInput{Half: half}
		if pr.income {
			in.Opening, in.Account = opening, "建设银行都昌支行 尾号 "+community[len(community)-4:]
			in.Income = []registry.RevenueLine{{Kind: "parking", Fen: pr.input.Households * 4200}, {Kind: "adverts", Fen: pr.input.Households * 900}}
			in.Expense = []registry.RevenueLine{{Kind: "repair", Fen: pr.input.Households * 2600}, {Kind: "cost", Fen: pr.input.Households * 1100}}
			opening = in.Balance()
			if shown, _ := l.plan.tally(k, "revenue", i, always(1), func(half int) float64 { return rate(2*half - 4) }); shown == 1 {
				in.Published, in.Where, in.Days = ended.Add(10+i%12), "小区公告栏", 30
			}
		}
		acts = append(acts, act{entered, partRegister, func(ctx context.Context) error {
			if err := l.service.register.RecordRevenue(ctx, officer, l.projects[i], 0, in, ""); err != nil || i >= photographed || in.Published.IsZero() {
				return err
			}
			return l.withPaper(true, func(photo *files.Upload) error {
				return l.service.register.AddRevenuePhoto(ctx, officer, l.projects[i], in.Half, 1, photo)
			})
		}})
	}
}

// photographed is how many projects have a photo of each notice of their public revenue.
const photographed = 3

// commend are the commendations of a year, which earn a point each: entered by one person, confirmed by another.
func (l *countyLoader) commend(year calendar.Year) []act {
	var acts []act
	last := year.Span().Last
	n := l.plan.size.indexOf(calendar.QuarterOf(last))
	officer, chief := l.of("property_officer", 1), l.of("section_chief", 0)
	for i := range l.plan.projects {
		if !l.plan.projects[i].commended {
			continue
		}
		in := conduct.Input{Firm: l.firms[l.plan.holder(i, n)], Project: l.projects[i], Class: "county", Title: "物业服务先进小区（演示）", Number: fmt.Sprintf("都文明办〔%d〕%d号（演示）", year, i+1),
			Authority: "都昌县文明办（演示）", Decided: last.Add(-60)}
		acts = append(acts, act{hour(last.Add(8), 10), partRegister, func(ctx context.Context) error {
			doc, err := l.conduct.Record(ctx, officer, conduct.Honours, in, nil, nil)
			if err != nil {
				return err
			}
			_, err = l.conduct.Confirm(ctx, chief, conduct.Honours, conduct.At{ID: doc.ID, Seq: doc.Seq})
			return err
		}})
	}
	return acts
}
