package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/fund"
	"redsteward/registry/fund/bank"
)

// demoFundFrom is the first day of the demonstration's rule of the guarantee fund; what was delivered before has no account.
func demoFundFrom() calendar.Date { return calendar.Year(2018).Span().First }

// fundYears is how long the rule of the demonstration keeps a deposit.
const fundYears = 8

// fundProjects are the projects of the plan with an account in the guarantee fund, the youngest first: those that a developer built while the rule was in force.
func (p *countyPlan) fundProjects() []int {
	var out []int
	for i := range p.projects {
		if pr := &p.projects[i]; pr.developer >= 0 && pr.input.Delivered.Add(-60).Compare(demoFundFrom()) >= 0 {
			out = append(out, i)
		}
	}
	slices.SortStableFunc(out, func(a, b int) int {
		return cmp.Or(p.projects[b].input.Delivered.Compare(p.projects[a].input.Delivered), cmp.Compare(a, b))
	})
	return out
}

// demoFundRule is a rule as a county could adopt it. The rate is invented, and its name says so.
func demoFundRule() fund.Terms {
	return fund.Terms{Title: "新建物业质量保修金暂行办法（演示，比例为虚构）", Document: "都建发〔2018〕0号（演示）", Clause: "第五条", Rate: num.FromInt(2), Base: fund.BaseCost, DueBefore: fund.EventAcceptance, Years: fundYears,
		Starts: fund.EventFirstDelivery, Letter: true, Insurance: true, Rounding: fund.RoundFen, Days: policy.Span{From: demoFundFrom()}}
}

// demoStagesFrom is the first day of the demonstration's second rule, which gives a part back early and knows late fees and fines; the oldest accounts under it have just had their five years.
func demoStagesFrom() calendar.Date { return calendar.Year(2021).Span().First.AddMonths(8) }

// stageYears is after how many years the second rule gives a part back.
const stageYears = 5

// demoStagedRule is the second rule; its percentages and clauses are invented too.
func demoStagedRule() fund.Terms {
	t := demoFundRule()
	t.Title, t.Document, t.Days = "新建物业质量保修金管理办法（演示，比例和条款为虚构）", "都建发〔2021〕0号（演示）", policy.Span{From: demoStagesFrom()}
	t.Stages = []fund.Stage{{After: stageYears, Percent: num.FromInt(20)}}
	t.LatePercent, t.LateClause = num.MustParse("0.05"), "第十二条（演示）"
	t.Fine = fund.FineTerms{Min: 1_000_000, Max: 3_000_000, Clause: "第十三条（演示）"}
	return t
}

// takeFundPaper keeps the scan that every account of the demonstration shows.
func (l *countyLoader) takeFundPaper(ctx context.Context) (err error) {
	meta := store.Meta{By: l.of("cashier", 0).ID, Action: string(policy.BookFund)}
	l.fundPaper, err = l.keeper.Take(ctx, meta, "银行回单（演示）.pdf", bytes.NewReader(demoPaper("DEMO bank slip")), files.PDF)
	return err
}

// fundCost is what a project of the plan cost to build, in fen: 2,150 yuan a m².
func (p *countyPlan) fundCost(i int) int64 {
	area, _ := p.projects[i].input.Area.Int64()
	return area * 215_000
}

// fundActs let the guarantee fund begin with the accounts of the projects that are young enough, and the cases of this year happen.
func (l *countyLoader) fundActs() []act {
	projects := l.plan.fundProjects()
	if len(projects) == 0 {
		return nil
	}
	start := l.plan.size.countyDay()
	officer, cashier := l.of("property_officer", 0), l.of("cashier", 0)
	rules := make([]string, 2)
	acts := []act{
		{hour(start, 9), partFund, func(ctx context.Context) (err error) {
			err = l.takeFundPaper(ctx)
			for n, terms := range []fund.Terms{demoFundRule(), demoStagedRule()} {
				if err == nil {
					rules[n], err = l.fund.ProposeRule(ctx, officer, terms, nil)
				}
			}
			return err
		}},
		{hour(start, 10), partFund, func(ctx context.Context) (err error) {
			for _, rule := range rules {
				if err == nil {
					err = l.fund.AdoptRule(ctx, l.of("director", 0), rule, nil)
				}
			}
			return err
		}},
	}
	for n, i := range projects {
		delivered := l.plan.projects[i].input.Delivered
		acts = append(acts, act{hour(start, 11), partFund, func(ctx context.Context) error {
			if err := l.assessFund(ctx, officer, i, fund.AssessInput{Phase: "一期", Cost: l.plan.fundCost(i), Day: delivered.Add(-30), Begun: delivered}); err != nil {
				return err
			}
			return l.payFund(ctx, cashier, i, "d1", l.plan.fundCost(i)/50, delivered.Add(-45), fmt.Sprintf("赣财演%05d", n+1))
		}})
	}
	return append(acts, l.fundCases(projects)...)
}

// fundCases are what is special about the youngest accounts this year: amounts of a second phase that are late for longer and longer, a letter of guarantee
// that runs out soon, money that a court froze, a late fee that was paid and a fine that was not.
func (l *countyLoader) fundCases(projects []int) []act {
	var acts []act
	now := calendar.DateOf(mustTime(demoStart))
	officer := l.of("property_officer", 0)
	second := func(place int, due calendar.Date, then func(ctx context.Context, i int, fen int64) error) {
		if place >= len(projects) {
			return
		}
		i := projects[place]
		cost := l.plan.fundCost(i) / 4 / 100 * 100
		acts = append(acts, act{hour(due.Add(-40), 9), partFund, func(ctx context.Context) error {
			err := l.assessFund(ctx, officer, i, fund.AssessInput{Phase: "二期", Cost: cost, Day: due})
			if err == nil && then != nil {
				err = then(ctx, i, cost/50)
			}
			return err
		}})
	}
	second(0, now.Add(-20), nil)
	second(1, now.Add(-70), nil)
	second(3, now.Add(-150), nil)
	second(2, now.Add(-320), func(ctx context.Context, i int, fen int64) error {
		letter := fund.LetterInput{Due: "d2", Fen: fen, Kind: fund.LetterBank, Issuer: "都昌农商银行（演示）", Number: "演保函〔2025〕7号", Days: policy.Span{From: now.Add(-365), Until: now.Add(47)}, Paper: l.fundPaper}
		_, err := l.fund.AcceptLetter(ctx, officer, l.projects[i], letter, nil)
		return err
	})
	if len(projects) > 4 {
		i := projects[4]
		acts = append(acts, act{hour(now.Add(-100), 9), partFund, func(ctx context.Context) error {
			order := fund.CourtOrder{Court: "都昌县人民法院（演示）", Document: "（2026）赣0428执000号（演示）", Fen: l.plan.fundCost(i) / 200, Day: now.Add(-100), Until: now.Add(265), Paper: l.fundPaper}
			_, err := l.fund.FreezeMoney(ctx, officer, l.projects[i], order, nil)
			return err
		}})
	}
	if len(projects) > 3 {
		for ago, do := range map[int]func(context.Context, string) error{60: l.penalize, 20: l.endLateFee} {
			acts = append(acts, act{hour(now.Add(-ago), 10), partFund, func(ctx context.Context) error { return do(ctx, l.projects[projects[3]]) }})
		}
	}
	if len(projects) > bankPlaces {
		third := projects[splitPlace]
		acts = append(acts, act{hour(now.Add(-50), 10), partFund, func(ctx context.Context) error {
			return l.assessFund(ctx, officer, third, fund.AssessInput{Phase: "三期", Cost: l.plan.fundCost(third) / 8 / 100 * 100, Day: now.Add(-12)})
		}})
		for place, due := range map[int]calendar.Date{5: now.Add(-30), 6: now.Add(-25), 7: now.Add(-8), splitPlace: now.Add(-12)} {
			second(place, due, nil)
		}
		acts = append(acts, act{hour(now.Add(-7), 9), partFund, func(ctx context.Context) error { return l.reconcile(ctx, projects) }})
	}
	return acts
}

// penalize records what documents set for the second phase of a project that is late: the late fee that the rule gives, and a fine.
func (l *countyLoader) penalize(ctx context.Context, project string) error {
	officer, today := l.of("property_officer", 0), calendar.DateOf(l.clock.Now())
	ledger, err := l.fund.Balance(ctx, project)
	if err != nil {
		return err
	}
	fee := int64(0)
	for _, d := range ledger.Late(today) {
		fee, _ = d.LateFee(today)
	}
	for _, in := range []fund.PenaltyInput{{Kind: fund.PenaltyLateFee, Document: "都建滞〔2026〕0号（演示）", Fen: fee}, {Kind: fund.PenaltyFine, Document: "都建罚〔2026〕0号（演示）", Fen: 1_500_000}} {
		in.Due, in.Day, in.Paper = "d2", today, l.fundPaper
		if _, err := l.fund.RecordPenalty(ctx, officer, project, in, nil); err != nil {
			return err
		}
	}
	return nil
}

// endLateFee records that the late fee was paid into the treasury.
func (l *countyLoader) endLateFee(ctx context.Context, project string) error {
	_, err := l.fund.EndPenalty(ctx, l.of("property_officer", 0), project, "p1", fund.PenaltyPaid, calendar.DateOf(l.clock.Now()), "缴款书（演示）001号", nil)
	return err
}

// bankPlaces is how many accounts there must be beyond the first for those that the statement is about; splitPlace is the one of which one transfer pays two phases.
const (
	bankPlaces = 8
	splitPlace = 8
)

// reconcile imports the statement of September and early October: one payment that was booked and is matched, one that waits to be booked, interest that waits to be divided, money of which nobody
// knows, and one transfer that is split over two phases; and one payment that the bank has not shown yet.
func (l *countyLoader) reconcile(ctx context.Context, projects []int) error {
	cashier := l.of("cashier", 0)
	now := calendar.DateOf(mustTime(demoStart))
	_, entries, err := l.fund.BankEntries(ctx, cashier)
	if err != nil {
		return err
	}
	balance := int64(0)
	for _, e := range entries {
		if e.Day.Compare(now.Add(-41)) < 0 {
			balance += e.Fen
		}
	}
	part := func(place int) int64 { return l.plan.fundCost(projects[place]) / 4 / 100 * 100 / 50 }
	third := l.plan.fundCost(projects[splitPlace]) / 8 / 100 * 100 / 50
	if err := l.payFund(ctx, cashier, projects[5], "d2", part(5), now.Add(-41), "赣财演90001"); err != nil {
		return err
	}
	if err := l.payFund(ctx, cashier, projects[7], "d2", part(7), now.Add(-9), "赣财演90002"); err != nil {
		return err
	}
	account, err := l.bank.AddAccount(ctx, cashier, bank.AccountInput{Bank: "都昌农商银行（演示）", Number: "6200000000000000", Name: "保修金专户（演示）"}, nil)
	if err != nil {
		return err
	}
	name := func(place int) string { return l.plan.projects[projects[place]].input.Name }
	text := "交易日期,收入金额,支出金额,余额,流水号,对方户名,摘要\n"
	for n, row := range []struct {
		day         calendar.Date
		fen         int64
		payer, said string
	}{{now.Add(-41), part(5), "建设单位（演示）", name(5) + "二期保修金"}, {now.Add(-34), part(6), "建设单位（演示）", name(6) + "二期保修金"}, {now.Add(-28), 1_234_567, "", "结息"}, {now.Add(-21), 500_000, "某某（演示）", "转账"}, {now.Add(-14), part(splitPlace) + third, "建设单位（演示）", name(splitPlace) + "二期三期保修金"}} {
		balance += row.fen
		text += fmt.Sprintf("%s,%s,,%s,YS%04d,%s,%s\n", row.day, num.FromFrac(row.fen, 100).Fixed(2), num.FromFrac(balance, 100).Fixed(2), n+1, row.payer, row.said)
	}
	sheet, err := bank.ReadCSV([]byte(text))
	if err != nil {
		return err
	}
	if _, err := l.bank.Import(ctx, cashier, bank.Upload{Account: account, FileName: "2026年9月对账单（演示）.csv", Data: []byte(text), Sheet: sheet}); err != nil {
		return err
	}
	books, err := l.bank.Books(ctx, cashier)
	if err != nil {
		return err
	}
	split, project := books.Lines[len(books.Lines)-1].ID, l.projects[projects[splitPlace]]
	err = l.bank.Split(ctx, cashier, split, []bank.Share{{Project: project, Due: "d2", Fen: part(splitPlace), Receipt: "赣财演90003"}, {Project: project, Due: "d3", Fen: third, Receipt: "赣财演90004"}})
	if err != nil {
		return err
	}
	for _, line := range books.Lines {
		if found := books.Proposals(line); len(found) > 0 && found[0].No > 0 {
			return l.bank.Match(ctx, cashier, line.ID, found[0].Project, found[0].No, nil)
		}
	}
	return nil
}

// assessFund makes an amount of a project due.
func (l *countyLoader) assessFund(ctx context.Context, by policy.Actor, project int, in fund.AssessInput) error {
	_, err := l.fund.Assess(ctx, by, l.projects[project], in, nil)
	return err
}

// payFund records what a developer paid.
func (l *countyLoader) payFund(ctx context.Context, by policy.Actor, project int, due string, fen int64, day calendar.Date, receipt string) error {
	_, err := l.fund.Pay(ctx, by, l.projects[project], fund.Money{Due: due, Fen: fen, Day: day, Receipt: receipt, Note: "演示", Paper: l.fundPaper}, nil)
	return err
}
