package web

import (
	"cmp"
	"slices"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// fundDevelopers are the developers of the ledgers that the actor sees, for filters.
func (s *Server) fundDevelopers(c *fiber.Ctx, by policy.Actor) ([]option, map[string]string, error) {
	names := map[string]string{}
	if _, err := s.fund.All(c.UserContext(), by, func(r fund.Row) error {
		if id := r.Ledger.Developer(); id != "" && names[id] == "" {
			var err error
			names[id], err = s.registered.DeveloperName(c.UserContext(), id)
			return err
		}
		return nil
	}); err != nil {
		return nil, nil, err
	}
	var out []option
	for id, name := range names {
		out = append(out, option{id, name})
	}
	slices.SortFunc(out, func(a, b option) int { return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.Value, b.Value)) })
	return append([]option{{"", "全部"}}, out...), names, nil
}

// The orders of the overview.
const (
	fundByName = "name"
	fundByBank = "bank"
	fundByDue  = "due"
	fundByNext = "next"
)

// fundFilter reads the filter of the overview.
func fundFilter(l listAddress, today calendar.Date) fund.Filter {
	return fund.Filter{On: today, Text: l.value["q"], Township: l.value["township"], Developer: l.value["developer"], State: fund.Standing(l.value["state"])}
}

// fundFound are the ledgers that the address of a list asks for, in its order, and their sums.
func (s *Server) fundFound(c *fiber.Ctx, by policy.Actor, l listAddress) ([]fund.Row, fund.Totals, error) {
	var rows []fund.Row
	sums, err := s.fund.Find(c.UserContext(), by, fundFilter(l, s.clockOf(c.UserContext()).today), func(r fund.Row) error { rows = append(rows, r); return nil })
	if err != nil {
		return nil, sums, err
	}
	first := func(r fund.Row) string {
		if dates := r.Ledger.NextDates(); len(dates) > 0 {
			return dates[0].Day.String()
		}
		return "9"
	}
	switch l.value["sort"] {
	case fundByBank:
		slices.SortStableFunc(rows, func(a, b fund.Row) int { return cmp.Compare(b.Ledger.Balances.Bank, a.Ledger.Balances.Bank) })
	case fundByDue:
		slices.SortStableFunc(rows, func(a, b fund.Row) int { return cmp.Compare(b.Ledger.Balances.Due, a.Ledger.Balances.Due) })
	case fundByNext:
		slices.SortStableFunc(rows, func(a, b fund.Row) int { return cmp.Compare(first(a), first(b)) })
	}
	if l.value["desc"] != "" {
		slices.Reverse(rows)
	}
	return rows, sums, nil
}

// lateFen is what is open of a ledger after its day, securedFen what letters and insurances stand for.
func lateFen(l fund.Ledger, today calendar.Date) (fen int64) {
	for _, d := range l.Late(today) {
		fen += d.Open()
	}
	return fen
}

func securedFen(l fund.Ledger) (fen int64) {
	for _, d := range l.Dues {
		fen += d.Secured
	}
	return fen
}

func fundList(c *fiber.Ctx) listAddress {
	return readList(c, fundPath, "q", "township", "developer", "state")
}

// fundOverview lists the ledgers of the actor's scope with their sums.
func (s *Server) fundOverview(c *fiber.Ctx, by policy.Actor) error {
	ctx, l := c.UserContext(), fundList(c)
	rows, sums, err := s.fundFound(c, by, l)
	if err != nil {
		return err
	}
	book, err := s.fund.Rules(ctx, by)
	if err != nil {
		return err
	}
	b := boardAt(l, "新建物业质量保修金", "每个小区一本账，复式记账；写错的只能冲正。")
	if _, ruled := book.On(s.clockOf(c.UserContext()).today); !ruled {
		b.Warning = "今天没有已采用的规则，不能核定应缴金额。缴存比例等由住建局按上级文件确定：经办人在“保修金规则”填报，股长或局领导采用。"
	}
	whole, err := s.fund.Whole(ctx, by)
	if err != nil {
		return err
	}
	if s.guard.Allow(by, policy.AssessFund) {
		b.Acts = append(b.Acts, crumb{"选择小区核定应缴", "/register/projects"})
	}
	b.Acts = append(b.Acts, crumb{"账龄", ageingPath}, crumb{"保修金规则", fundRulesPath})
	if whole {
		b.Acts = append(b.Acts, crumb{"银行对账", bankPath})
	}
	if err := s.fundFilters(c, by, l, &b, boardFilter{Name: "state", Label: "情况", Value: l.value["state"], Options: choicesOf("全部", fund.Standings())}); err != nil {
		return err
	}
	t := sums.Balances
	b.Figures = []boardFigure{{Label: "银行存款", Value: fund.Yuan(t.Bank) + " 元", Sub: count(sums.Ledgers) + " 个小区"}, {Label: "应收建设单位", Value: fund.Yuan(t.Due) + " 元"}, {Label: "保函、保险替代", Value: fund.Yuan(sums.Secured) + " 元"},
		{Label: "维修预留", Value: fund.Yuan(t.Held) + " 元"}, {Label: "司法冻结", Value: fund.Yuan(t.Court) + " 元"}}
	b.Heads = []boardHead{{l.sorted(fundByName, "小区", fundByName), ""}, {l.sorted(fundByBank, "银行存款（元）", fundByName), "num"}, {l.sorted(fundByDue, "应收（元）", fundByName), "num"}, head("其中逾期（元）", "num no-s"), head("替代（元）", "num no-s"),
		head("预留、冻结（元）", "num no-s"), {l.sorted(fundByNext, "下一个日期", fundByName), "no-s"}}
	for _, r := range rows {
		b.Rows = append(b.Rows, s.fundRow(c, r))
	}
	b.Note = "银行存款加应收等于本金、利息、冻结与预留之和；合计只算列出的小区。"
	b.Nothing, b.NothingText = "还没有保修金的账", "核定过应缴的小区列在这里；从小区登记打开小区核定。"
	return s.showBoard(c, by, l, b)
}

// fundFilters puts the filters that the lists of the fund share before their own.
func (s *Server) fundFilters(c *fiber.Ctx, by policy.Actor, l listAddress, b *overview, own ...boardFilter) error {
	towns, err := s.townshipOptions(c.UserContext())
	if err != nil {
		return err
	}
	developers, _, err := s.fundDevelopers(c, by)
	if err != nil {
		return err
	}
	b.Filters = append([]boardFilter{{Name: "q", Label: "小区名称或社区", Value: l.value["q"]}, {Name: "township", Label: "乡镇", Value: l.value["township"], Options: towns},
		{Name: "developer", Label: "建设单位", Value: l.value["developer"], Options: developers}}, own...)
	return nil
}

// fundRow is one ledger of the overview.
func (s *Server) fundRow(c *fiber.Ctx, r fund.Row) boardRow {
	l := r.Ledger
	amount := func(fen int64, class string) boardCell {
		if fen == 0 {
			return boardCell{Text: "—", Class: class}
		}
		return boardCell{Text: fund.Yuan(fen), Class: class}
	}
	next := boardCell{Class: "no-s"}
	if dates := l.NextDates(); len(dates) > 0 {
		clock := s.clockOf(c.UserContext())
		next.Text, next.Sub = shortDate(dates[0].Day, clock.today), dates[0].What
		if word, _ := clock.left(Task{Due: dates[0].Day}); word != "期限内" {
			next.Chip, next.Text = word, word+" "+next.Text
		}
	}
	return boardRow{Name: l.Name, Path: ledgerPath(r.Project), Sub: l.Place, Cells: []boardCell{{Text: fund.Yuan(l.Balances.Bank), Class: "num"}, amount(l.Balances.Due, "num"), amount(lateFen(l, s.clockOf(c.UserContext()).today), "num no-s"), amount(securedFen(l), "num no-s"),
		amount(l.Balances.Held+l.Balances.Court, "num no-s"), next}}
}

// fundExcel writes the ledgers that the overview shows, with every account.
func (s *Server) fundExcel(c *fiber.Ctx, by policy.Actor) error {
	l := fundList(c)
	rows, _, err := s.fundFound(c, by, l)
	if err != nil {
		return err
	}
	_, developers, err := s.fundDevelopers(c, by)
	if err != nil {
		return err
	}
	today := s.clockOf(c.UserContext()).today
	sheet := report.Figures{Sheet: "保修金", Heads: []string{"小区", "所在社区", "建设单位", "银行存款（元）", "应收建设单位（元）", "其中逾期（元）", "本金（元）", "利息（元）", "司法冻结（元）", "维修预留（元）", "保函保险替代（元）", "下一个日期", "事项"},
		Note: "截至" + today.Chinese() + "；银行存款加应收等于本金、利息、冻结与预留之和；本金含应缴未缴的部分"}
	for _, r := range rows {
		b := r.Ledger.Balances
		line := []any{r.Ledger.Name, r.Ledger.Place, developers[r.Ledger.Developer()], inYuan(b.Bank), inYuan(b.Due), inYuan(lateFen(r.Ledger, today)), inYuan(b.Deposit), inYuan(b.Interest), inYuan(b.Court), inYuan(b.Held), inYuan(securedFen(r.Ledger)), calendar.Date{}, ""}
		if dates := r.Ledger.NextDates(); len(dates) > 0 {
			line[11], line[12] = dates[0].Day, dates[0].What
		}
		sheet.Rows = append(sheet.Rows, line)
	}
	return sendFigures(c, "保修金.xlsx", sheet)
}
