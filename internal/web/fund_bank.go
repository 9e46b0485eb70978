package web

import (
	"context"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/fund"
	"redsteward/registry/fund/bank"
)

// The pages of the reconciliation with the bank.
const (
	bankPath     = fundPath + "/bank"
	bankImports  = bankPath + "/import"
	bankAccounts = bankPath + "/accounts/new"
)

func bankLinePath(line string) string { return bankPath + "/lines/" + line }

func bankMonthPath(month string) string { return bankPath + "/months/" + month }

// bankRoutes are the pages of the reconciliation; they stand before those of the ledgers, whose ids could be called like them.
func (s *Server) bankRoutes() []Route {
	const get, post = fiber.MethodGet, fiber.MethodPost
	line, month := bankLinePath(":line<maxLen(64)>"), bankMonthPath(":month<maxLen(8)>")
	return []Route{
		{Method: get, Path: bankPath, Action: policy.ReadFund, Handler: s.bankDesk},
		{Method: get, Path: bankPath + ".xlsx", Action: policy.ReadFund, Handler: s.bankExcel},
		{Method: get, Path: bankAccounts, Action: policy.BookFund, Handler: s.bankAccountForm},
		{Method: post, Path: bankAccounts, Action: policy.BookFund, Handler: s.addBankAccount},
		{Method: get, Path: bankImports, Action: policy.BookFund, Handler: s.bankImportForm},
		{Method: post, Path: bankImports, Action: policy.BookFund, Handler: s.tryStatement, Upload: maxStatementForm},
		{Method: get, Path: line, Action: policy.ReadFund, Handler: s.bankLine},
		{Method: post, Path: line + "/match", Action: policy.BookFund, Handler: s.matchLine},
		{Method: post, Path: line + "/pay", Action: policy.BookFund, Handler: s.payLine},
		{Method: get, Path: line + "/split", Action: policy.BookFund, Handler: s.splitForm},
		{Method: post, Path: line + "/split", Action: policy.BookFund, Handler: s.splitLine},
		{Method: get, Path: line + "/divide", Action: policy.BookFund, Handler: s.divideForm},
		{Method: post, Path: line + "/divide", Action: policy.BookFund, Handler: s.divideLine},
		{Method: post, Path: line + "/finish", Action: policy.BookFund, Handler: s.finishLine},
		{Method: get, Path: month, Action: policy.ReadFund, Handler: s.bankMonth},
		{Method: get, Path: month + "/report.xlsx", Action: policy.ReadFund, Handler: s.bankMonthExcel},
		{Method: post, Path: month + "/prepare", Action: policy.BookFund, Handler: s.prepareMonth},
		{Method: post, Path: month + "/close", Action: policy.ReverseFund, Handler: s.closeMonth},
	}
}

// bankLineRow is one line of a statement in a list.
type bankLineRow struct {
	Path, Day, Account, Payer, Text, Serial, Amount, Open string
	// Best is the best proposal, More how many others there are.
	Best string
	More int
}

// bankEntryRow is one entry of a ledger that no line stands behind.
type bankEntryRow struct{ Path, Name, Day, What, Amount string }

// bankView is what fund_bank.html shows.
type bankView struct {
	Accounts   []bankAccountRow
	Statements []bankStatementRow
	Lines      []bankLineRow
	Entries    []bankEntryRow
	Unfinished []bankUnfinished
	Months     []bankMonthRow
	CanBook    bool
	Key        string
	Today      string
}

type (
	bankAccountRow   struct{ Name, Bank, Tail, Last, Closing string }
	bankStatementRow struct {
		FileName, Account, Days, Opening, In, Out, Closing string
		New, Known                                         int64
	}
	bankUnfinished struct {
		Path, Day, Amount string
		Left              int
	}
	bankMonthRow struct{ Path, Title, Word string }
)

// inOut is an amount with + or −.
func inOut(fen int64) string {
	if fen > 0 {
		return "+" + fund.Yuan(fen)
	}
	return fund.Yuan(fen)
}

func bankLineRowOf(b *bank.Books, l store.Doc[bank.Line], until calendar.Date) bankLineRow {
	row := bankLineRow{Path: bankLinePath(l.ID), Day: l.State.Day.Chinese(), Account: b.AccountName(l.State.Account), Payer: l.State.Payer, Text: l.State.Text, Serial: l.State.Serial, Amount: inOut(l.State.Fen)}
	if open := b.Open(l, until); open != l.State.Fen && open != 0 {
		row.Open = inOut(open)
	}
	if found := b.Proposals(l); len(found) > 0 {
		row.Best, row.More = found[0].Name+"："+found[0].What, len(found)-1
	}
	return row
}

// bankDesk shows accounts, statements, and what is unmatched on both sides.
func (s *Server) bankDesk(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	b, err := s.bank.Books(ctx, by)
	if err != nil {
		return err
	}
	today := s.registered.On(ctx)
	v := bankView{CanBook: s.guard.Allow(by, policy.BookFund), Key: newKey(), Today: today.Chinese()}
	for _, a := range b.Accounts {
		v.Accounts = append(v.Accounts, bankAccountRow{a.State.Name, a.State.Bank, a.State.Tail(), a.State.Last.Chinese(), fund.Yuan(a.State.Closing)})
	}
	statements, err := s.bank.Statements(ctx, by)
	if err != nil {
		return err
	}
	for _, st := range statements[:min(len(statements), 12)] {
		v.Statements = append(v.Statements, bankStatementRow{st.State.FileName, b.AccountName(st.State.Account), st.State.From.Chinese() + "至" + st.State.Until.Chinese(), fund.Yuan(st.State.Opening), fund.Yuan(st.State.In), fund.Yuan(st.State.Out),
			fund.Yuan(st.State.Closing), st.State.New, st.State.Known})
	}
	for _, l := range b.OpenLines(today) {
		v.Lines = append(v.Lines, bankLineRowOf(b, l, today))
	}
	for _, e := range b.OpenEntries(today) {
		v.Entries = append(v.Entries, bankEntryRow{ledgerPath(e.Project), e.Name, e.Day.Chinese(), "第 " + strconv.FormatInt(e.No, 10) + " 笔 " + e.Kind.Title(), inOut(e.Fen)})
	}
	unfinished, err := s.bank.Unfinished(ctx, b)
	if err != nil {
		return err
	}
	for _, d := range unfinished {
		v.Unfinished = append(v.Unfinished, bankUnfinished{bankLinePath(d.Line.ID), d.Line.State.Day.Chinese(), fund.Yuan(d.Line.State.Fen), d.Left})
	}
	if v.Months, err = s.bankMonths(c, by, b, today); err != nil {
		return err
	}
	said := saidParam(c, map[string]string{"account": "已登记银行账户。", "imported": "已导入，请核对没有匹配的流水。", "matched": "已匹配。", "paid": "已登记收款，并与这一行流水匹配。", "divided": "利息已分摊入账。", "split": "已按各笔应缴登记收款，并与这一行流水匹配。", "finished": "分摊已全部入账。"})
	return s.render(c, by, "fund_bank", page{Title: "银行对账", Nav: fundPath, Said: said, Data: v})
}

// bankMonths are the last six months since the first statement, and where their reports stand.
func (s *Server) bankMonths(c *fiber.Ctx, by policy.Actor, b *bank.Books, today calendar.Date) ([]bankMonthRow, error) {
	kept, err := s.bank.Months(c.UserContext(), by)
	if err != nil || b.Start.IsZero() {
		return nil, err
	}
	words := map[string]string{}
	for _, m := range kept {
		words[m.Report.Month] = m.State.Title()
	}
	var out []bankMonthRow
	for m := bank.MonthOf(today); len(out) < 6 && m.Last.Compare(b.Start) >= 0; m = bank.MonthOf(m.First.Add(-1)) {
		out = append(out, bankMonthRow{bankMonthPath(m.String()), m.Chinese(), words[m.String()]})
	}
	return out, nil
}

// bankExcel writes what is unmatched on both sides.
func (s *Server) bankExcel(c *fiber.Ctx, by policy.Actor) error {
	b, err := s.bank.Books(c.UserContext(), by)
	if err != nil {
		return err
	}
	today := s.clockOf(c.UserContext()).today
	lines := report.Figures{Sheet: "银行有账上没有", Heads: []string{"日期", "账户", "对方户名", "摘要", "流水号", "金额（元）", "未匹配（元）", "建议"}, Note: "截至" + today.Chinese() + "；收入为正，支出为负"}
	for _, l := range b.OpenLines(today) {
		row := bankLineRowOf(b, l, today)
		lines.Rows = append(lines.Rows, []any{l.State.Day, row.Account, row.Payer, row.Text, row.Serial, inYuan(l.State.Fen), inYuan(b.Open(l, today)), row.Best})
	}
	entries := report.Figures{Sheet: "账上有银行没有", Heads: []string{"日期", "小区", "笔", "事项", "摘要", "票据或文书", "金额（元）"}}
	for _, e := range b.OpenEntries(today) {
		entries.Rows = append(entries.Rows, []any{e.Day, e.Name, e.No, e.Kind.Title(), e.Text, e.Receipt + e.Document, inYuan(e.Fen)})
	}
	return sendSheets(c, "未匹配清单.xlsx", lines.Filled(), entries.Filled())
}

// bankAccountEntry is the form of a new bank account.
func (s *Server) bankAccountEntry(c *fiber.Ctx) entry {
	value := func(name string) string { return typedOr(c, name, "") }
	e := entry{title: "登记银行账户", nav: fundPath, entryView: entryView{Crumbs: []crumb{{"保修金", fundPath}, {"银行对账", bankPath}}, Intro: "保修金专户。导入对账单时，列的对应关系记在账户上。", Address: bankAccounts, Button: "登记账户", Back: bankPath}}
	e.Form = []field{{Name: "name", Label: "账户简称", Type: "text", Value: value("name"), Hint: "例如 保修金专户"}, {Name: "bank", Label: "开户银行", Type: "text", Value: value("bank")},
		{Name: "number", Label: "账号", Type: "text", Mode: "numeric", Autocomplete: "off", Value: value("number")}}
	return e
}

func (s *Server) bankAccountForm(c *fiber.Ctx, by policy.Actor) error {
	return s.showEntry(c, by, s.bankAccountEntry(c), nil)
}

func (s *Server) addBankAccount(c *fiber.Ctx, by policy.Actor) error {
	in := typed{c: c}
	_, err := s.bank.AddAccount(c.UserContext(), by, bank.AccountInput{Bank: in.text("bank"), Number: in.text("number"), Name: in.text("name")}, nil)
	return s.settled(c, by, s.bankAccountEntry(c), err, "number", bankPath+"?done=account")
}

// bankLineView is what fund_bank_line.html shows.
type bankLineView struct {
	bankLineRow
	ID        string
	Balance   string
	Behind    []bankEntryRow
	Proposals []bankProposal
	Left      int
	CanBook   bool
	Interest  bool
	// Splits: what is open can be split among amounts due.
	Splits bool
	Error  string
	Key    string
}

type bankProposal struct {
	bank.Proposal
	Receipt field
}

// bankLine shows one line: what stands behind it, or what could.
func (s *Server) bankLine(c *fiber.Ctx, by policy.Actor) error { return s.showBankLine(c, by, nil) }

func (s *Server) showBankLine(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	ctx := c.UserContext()
	b, err := s.bank.Books(ctx, by)
	if err != nil {
		return err
	}
	today := s.clockOf(c.UserContext()).today
	for _, l := range b.Lines {
		if l.ID != c.Params("line") {
			continue
		}
		v := bankLineView{bankLineRow: bankLineRowOf(b, l, today), ID: l.ID, CanBook: s.guard.Allow(by, policy.BookFund), Key: newKey()}
		if l.State.Balance != nil {
			v.Balance = fund.Yuan(*l.State.Balance)
		}
		for _, e := range b.Behind(l.ID) {
			v.Behind = append(v.Behind, bankEntryRow{ledgerPath(e.Project), e.Name, e.Day.Chinese(), "第 " + strconv.FormatInt(e.No, 10) + " 笔 " + e.Kind.Title(), inOut(e.Fen)})
		}
		unfinished, err := s.bank.Unfinished(ctx, b)
		if err != nil {
			return err
		}
		for _, d := range unfinished {
			if d.Line.ID == l.ID {
				v.Left = d.Left
			}
		}
		v.Splits = b.Open(l, today) > 0 && v.CanBook
		if len(v.Behind) == 0 && v.Left == 0 {
			v.Interest = l.State.Fen > 0
			for _, p := range b.Proposals(l) {
				name := "receipt-" + p.Project + p.Due
				v.Proposals = append(v.Proposals, bankProposal{p, withErrors([]field{{Name: name, Label: "票据号码", Type: "text", Autocomplete: "off", Value: c.FormValue(name), Hint: "开给建设单位的资金往来票据"}}, refused)[0]})
			}
		}
		for _, r := range refused {
			if r.Name == "line" {
				v.Error = r.Message
			}
		}
		p := page{Title: "银行流水", Nav: fundPath, Data: v, Fields: refused}
		if len(refused) > 0 {
			return s.refuse(c, by, "fund_bank_line", p)
		}
		return s.render(c, by, "fund_bank_line", p)
	}
	return fault.New("web.bankLine", fault.NotFound, "没有找到这一行流水")
}

// settledLine answers what was asked for about a line.
func (s *Server) settledLine(c *fiber.Ctx, by policy.Actor, err error, fieldName, done string) error {
	switch {
	case err == nil:
		return seeOther(c, bankPath+"?done="+done)
	case fault.Is(err, fault.Conflict):
		return s.showBankLine(c, by, []fault.Field{{Name: "line", Message: fault.MessageOf(err)}})
	case fault.Is(err, fault.Invalid):
		refused := fault.FieldsOf(err)
		for i := range refused {
			if refused[i].Name == "receipt" && fieldName != "" {
				refused[i].Name = fieldName
			} else {
				refused[i].Name = "line"
			}
		}
		return s.showBankLine(c, by, refused)
	}
	return err
}

func (s *Server) matchLine(c *fiber.Ctx, by policy.Actor) error {
	no, err := strconv.ParseInt(c.FormValue("no"), 10, 64)
	if err != nil {
		return fault.New("web.matchLine", fault.NotFound, "没有找到这一笔")
	}
	return s.settledLine(c, by, s.bank.Match(c.UserContext(), by, c.Params("line"), c.FormValue("project"), no, formIdem(c)), "", "matched")
}

func (s *Server) payLine(c *fiber.Ctx, by policy.Actor) error {
	project, due := c.FormValue("project"), c.FormValue("due")
	name := "receipt-" + project + due
	return s.settledLine(c, by, s.bank.Pay(c.UserContext(), by, c.Params("line"), project, due, c.FormValue(name), formIdem(c)), name, "paid")
}

func (s *Server) finishLine(c *fiber.Ctx, by policy.Actor) error {
	return s.settledLine(c, by, s.bank.Finish(c.UserContext(), by, c.Params("line")), "", "finished")
}

// divideView is what fund_bank_divide.html shows.
type divideView struct {
	Line, Address, Amount, Digest, Total string
	From, Until                          string
	Form                                 []field
	Shares                               []shareRow
}

type shareRow struct {
	Name, Weight, Amount string
	Extra                bool
}

// divideForm asks for the days of interest and shows how it would be shared.
func (s *Server) divideForm(c *fiber.Ctx, by policy.Actor) error {
	return s.showDivision(c, by, typed{c: c, values: queryValues(c)}, nil)
}

func (s *Server) showDivision(c *fiber.Ctx, by policy.Actor, in typed, refused []fault.Field) error {
	v := divideView{Line: bankLinePath(c.Params("line")), Address: bankLinePath(c.Params("line")) + "/divide"}
	form := []field{{Name: "from", Label: "计息起日", Type: "date", Value: in.text("from"), Hint: "上一次结息日，例如 2026-06-21"}, {Name: "until", Label: "计息止日", Type: "date", Value: in.text("until"), Hint: "这一次结息日的前一日，例如 2026-09-20"}}
	if in.text("from") != "" || in.text("until") != "" {
		span := in.span("from", "计息起日", "until", "计息止日")
		var d bank.Divided
		err := in.with(func(ctx context.Context) (err error) {
			d, err = s.bank.Divide(ctx, by, c.Params("line"), span.From, span.Until)
			return err
		})
		switch {
		case err == nil:
			v.Digest, v.Amount, v.Total, v.From, v.Until = d.Digest, fund.Yuan(d.Line.State.Fen), yuanDays(d.Total), d.From.String(), d.Until.String()
			for _, share := range d.Shares {
				v.Shares = append(v.Shares, shareRow{share.Name, yuanDays(share.Weight), fund.Yuan(share.Fen), share.Extra})
			}
		case fault.Is(err, fault.Conflict):
			refused = append(refused, fault.Field{Name: "until", Message: fault.MessageOf(err)})
		case fault.Is(err, fault.Invalid):
			refused = append(refused, fault.FieldsOf(err)...)
		default:
			return err
		}
	}
	v.Form = withErrors(form, refused)
	p := page{Title: "分摊利息", Nav: fundPath, Data: v, Fields: refused}
	if len(refused) > 0 {
		return s.refuse(c, by, "fund_bank_divide", p)
	}
	return s.render(c, by, "fund_bank_divide", p)
}

// divideLine books the division that was looked at.
func (s *Server) divideLine(c *fiber.Ctx, by policy.Actor) error {
	in := typed{c: c}
	span := in.span("from", "计息起日", "until", "计息止日")
	err := in.with(func(ctx context.Context) error {
		return s.bank.Confirm(ctx, by, c.Params("line"), span.From, span.Until, c.FormValue("digest"))
	})
	switch {
	case err == nil:
		return seeOther(c, bankPath+"?done=divided")
	case fault.Is(err, fault.Conflict):
		return s.showDivision(c, by, typed{c: c}, []fault.Field{{Name: "until", Message: fault.MessageOf(err)}})
	case fault.Is(err, fault.Invalid):
		return s.showDivision(c, by, typed{c: c}, fault.FieldsOf(err))
	}
	return err
}
