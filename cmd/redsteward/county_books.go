package main

import (
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/conduct"
)

// conductTale is one entry of a book of conduct: of which firm, and what becomes of it.
type conductTale struct {
	book  conduct.Book
	firm  int
	input conduct.Input
	steps []conductStep
}

// conductStep is what happens to an entry that stands in a book.
type conductStep func(t *conductTelling, ctx context.Context) (store.Doc[conduct.Entry], error)

// conductTelling lets one entry happen.
type conductTelling struct {
	*countyLoader
	tale conductTale
	now  store.Doc[conduct.Entry]
}

func (t *conductTelling) at() conduct.At { return conduct.At{ID: t.now.ID, Seq: t.now.Seq} }

func (t *conductTelling) confirm(ctx context.Context) (store.Doc[conduct.Entry], error) {
	return t.conduct.Confirm(ctx, t.of("section_chief", 0), t.tale.book, t.at())
}

func (t *conductTelling) giveBack(ctx context.Context) (store.Doc[conduct.Entry], error) {
	return t.conduct.Return(ctx, t.of("section_chief", 0), t.tale.book, t.at(), "文书日期与扫描件不一致，请核对（演示）")
}

func (t *conductTelling) withdraw(ctx context.Context) (store.Doc[conduct.Entry], error) {
	return t.conduct.Withdraw(ctx, t.of("property_officer", 0), t.tale.book, t.at())
}

func (t *conductTelling) object(ctx context.Context) (store.Doc[conduct.Entry], error) {
	return t.conduct.Object(ctx, t.of("firm_manager", t.tale.firm), t.tale.book, t.at(), "事情发生在合同终止以后（演示）")
}

func (t *conductTelling) keep(ctx context.Context) (store.Doc[conduct.Entry], error) {
	return t.conduct.Answer(ctx, t.of("legal_officer", 0), t.tale.book, t.at(), false, "合同在当日仍在执行，异议不成立（演示）")
}

func (t *conductTelling) uphold(ctx context.Context) (store.Doc[conduct.Entry], error) {
	return t.conduct.Answer(ctx, t.of("legal_officer", 0), t.tale.book, t.at(), true, "经核实异议成立（演示）")
}

func (t *conductTelling) repair(ctx context.Context) (store.Doc[conduct.Entry], error) {
	return t.conduct.Repair(ctx, t.of("section_chief", 0), t.at(), "信用修复（演示）3号", t.tale.input.Decided.Add(60))
}

func (t *conductTelling) annul(ctx context.Context) (store.Doc[conduct.Entry], error) {
	return t.conduct.Annul(ctx, t.of("section_chief", 0), t.tale.book, t.at(), "授予机关已撤销（演示）")
}

// replace enters a correction of a mark and confirms it: it stands in the place of the first one.
func (t *conductTelling) replace(ctx context.Context) (store.Doc[conduct.Entry], error) {
	in := t.tale.input
	in.Title += "，更正日期"
	in.Decided = in.Decided.Add(1)
	old := t.now
	var err error
	if t.now, err = t.conduct.Correct(ctx, t.of("property_officer", 0), old.ID, in, nil, nil); err != nil {
		return t.now, err
	}
	return t.confirm(ctx)
}

// conductTales leave an entry of each book in every state, seen from a day.
func conductTales(today calendar.Date) []conductTale {
	type steps = []conductStep
	confirm, object := (*conductTelling).confirm, (*conductTelling).object
	fate := []steps{nil, {(*conductTelling).giveBack}, {confirm}, {(*conductTelling).withdraw}}
	disputed := []steps{{confirm, object}, {confirm, object, (*conductTelling).keep}, {confirm, object, (*conductTelling).uphold}}
	var tales []conductTale
	add := func(book conduct.Book, in conduct.Input, all ...steps) {
		for _, s := range all {
			n := len(tales)
			one := in
			one.Number = fmt.Sprintf("%s（演示）%d号", in.Number, n+1)
			tales = append(tales, conductTale{book, n, one, s})
		}
	}
	credit := conduct.Input{Class: "ordinary", Source: "penalty", Title: "擅自改变物业用房用途（演示）", Number: "都城管罚〔2026〕", Authority: "县城市管理局（演示）", Decided: today.Add(-100), Months: 6}
	add(conduct.Credit, credit, fate...)
	add(conduct.Credit, credit, disputed...)
	add(conduct.Credit, credit, steps{confirm, (*conductTelling).repair}, steps{confirm, (*conductTelling).annul})
	old := credit
	old.Decided, old.Months = today.Add(-400), 3
	add(conduct.Credit, old, steps{confirm})
	mark := conduct.Input{Class: "openness", Title: "收费标准没有公示，提醒后未改（演示）", Number: "都建物记〔2026〕", Authority: "物业管理股（演示）", Decided: today.Add(-40)}
	add(conduct.Marks, mark, fate...)
	add(conduct.Marks, mark, disputed...)
	add(conduct.Marks, mark, steps{confirm, (*conductTelling).replace}, steps{confirm, (*conductTelling).annul})
	good := mark
	good.Class, good.Title = "takeover", "应急托管失管小区（演示）"
	add(conduct.Marks, good, steps{confirm}, steps{confirm})
	good.Decided = today.Add(-500)
	add(conduct.Marks, good, steps{confirm})
	honour := conduct.Input{Class: "county", Title: "红色物业示范企业（演示）", Number: "都府发〔2026〕", Authority: "县人民政府（演示）", Decided: today.Add(-120)}
	add(conduct.Honours, honour, fate...)
	honour.Class = "municipal"
	add(conduct.Honours, honour, steps{confirm}, steps{confirm, (*conductTelling).annul})
	honour.Decided = today.Add(-600)
	add(conduct.Honours, honour, steps{confirm})
	return tales
}

// conductActs let the books of conduct be kept in the open quarter.
func (l *countyLoader) conductActs() []act {
	day := l.plan.size.current.Span().First.Add(12)
	var acts []act
	for _, tale := range conductTales(day) {
		tale.firm %= len(l.plan.firms)
		acts = append(acts, act{hour(day, 10), partRegister, func(ctx context.Context) (err error) {
			tale.input.Firm = l.firms[tale.firm]
			t := &conductTelling{countyLoader: l, tale: tale}
			if t.now, err = l.conduct.Record(ctx, l.of("property_officer", 0), tale.book, tale.input, nil, nil); err != nil {
				return err
			}
			for _, step := range tale.steps {
				if t.now, err = step(t, ctx); err != nil {
					return fmt.Errorf("%s %s: %w", tale.book.Title(), tale.input.Number, err)
				}
			}
			return nil
		}})
	}
	return acts
}

// repairProjects is how many projects of the demonstration have facts about their repair fund in the register.
const repairProjects = 36

// repairActs let the repair funds of projects be recorded.
func (l *countyLoader) repairActs() []act {
	day := l.plan.size.current.Span().First.Add(7)
	var acts []act
	for i := range min(repairProjects, len(l.plan.projects)) {
		acts = append(acts, act{hour(day, 15), partRegister, func(ctx context.Context) error { return l.recordRepairs(ctx, i, day) }})
	}
	return acts
}

// recordRepairs enters the balance of one project; of nine one used its fund, and one in urgency.
func (l *countyLoader) recordRepairs(ctx context.Context, i int, day calendar.Date) error {
	r := draws(l.plan.seed, "repair fund", i)
	yuan := func(least, most int) int64 { return int64(least+r.IntN(most-least)) * 100 }
	facts := []registry.RepairFact{{Kind: registry.RepairBalance, On: day.Add(-8), Fen: yuan(100_000, 2_000_000)}}
	switch i % 9 {
	case 4:
		facts = append(facts, registry.RepairFact{Kind: registry.RepairUse, On: day.Add(-60), Fen: yuan(20_000, 80_000), What: "更换电梯曳引钢丝绳（演示）"})
	case 7:
		facts = append(facts, registry.RepairFact{Kind: registry.RepairUrgent, On: day.Add(-30), Fen: yuan(5_000, 30_000), What: "屋面漏雨应急维修（演示）"})
	}
	for n, fact := range facts {
		if err := l.service.register.AddRepair(ctx, l.of("property_officer", 0), l.projects[i], int64(n), fact); err != nil {
			return err
		}
	}
	return nil
}

// bookActs is what the books of conduct, the repair funds and the stations hold.
func (l *countyLoader) bookActs() []act {
	return slices.Concat(l.conductActs(), l.repairActs(), l.stationActs(), l.modelActs(), l.deliberationActs())
}

// secondSecretary is another secretary of the first community: where only one is, nobody confirms what he filled in himself.
func (l *countyLoader) secondSecretary() seat {
	key := policy.CommunityKey(l.plan.names.Communities[0])
	return seat{unit: key, scope: key, name: l.plan.person(draws(l.plan.seed, "person", "second secretary"))}
}
