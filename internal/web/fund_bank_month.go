package web

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry/fund"
	"redsteward/registry/fund/bank"
)

// bankMonthView is what fund_bank_month.html shows.
type bankMonthView struct {
	Path, Title, Printed string
	// Sums and what follows are those of the frozen report if there is one.
	Sums                              []bankSum
	OnlyLedger, OnlyBank              []bankItem
	Base, Difference                  string
	SumLedger, SumBank                string
	Word, Version, Reason, Prepared   string
	Closed                            string
	Changed                           string
	Earlier                           []string
	CanPrepare, CanClose, NeedsReason bool
	ReasonField                       field
	Error                             string
	Key                               string
}

type (
	bankSum  struct{ Name, Ledger, Bank string }
	bankItem struct{ Day, Text, Amount string }
)

// bankSums are the figures of both sides, side by side.
func bankSums(r bank.Report) []bankSum {
	l, b := r.Ledger, r.Bank
	return []bankSum{{"期初", fund.Yuan(l.Opening), fund.Yuan(b.Opening)}, {"收入", fund.Yuan(l.In), fund.Yuan(b.In)}, {"支出", fund.Yuan(l.Out), fund.Yuan(b.Out)}, {"期末", fund.Yuan(l.Closing), fund.Yuan(b.Closing)}}
}

func bankItems(list []bank.Item) (out []bankItem, sum int64) {
	for _, i := range list {
		out = append(out, bankItem{i.Day.Chinese(), i.Text, inOut(i.Fen)})
		sum += i.Fen
	}
	return out, sum
}

// shownReport is the report that a page of a month shows.
func shownReport(m bank.MonthView) bank.Report {
	if m.Kept.State == bank.MonthClosed {
		return m.Kept.Report
	}
	return m.Now
}

// signedBy is the masked name of who did something.
func (s *Server) signedBy(c *fiber.Ctx, id string) (string, error) {
	person, err := s.people.Person(c.UserContext(), id)
	if fault.Is(err, fault.NotFound) {
		return "（已停用）", nil
	}
	return policy.MaskName(person.Name), err
}

// versionText is a version for people.
func versionText(n int64) string { return "第 " + strconv.FormatInt(n, 10) + " 版" }

func (s *Server) monthOf(c *fiber.Ctx, by policy.Actor) (bank.MonthView, error) {
	m, err := bank.ParseMonth(c.Params("month"))
	if err != nil {
		return bank.MonthView{}, fault.Wrap("web.monthOf", fault.NotFound, fault.MessageOf(err), err)
	}
	return s.bank.Month(c.UserContext(), by, m)
}

// bankMonth shows the reconciliation of a month.
func (s *Server) bankMonth(c *fiber.Ctx, by policy.Actor) error { return s.showMonth(c, by, nil) }

func (s *Server) showMonth(c *fiber.Ctx, by policy.Actor, refused []fault.Field) error {
	m, err := s.monthOf(c, by)
	if err != nil {
		return err
	}
	r := shownReport(m)
	today := s.clockOf(c.UserContext()).today
	v := bankMonthView{Path: bankMonthPath(m.Month.String()), Title: m.Month.Chinese(), Printed: today.Chinese(), Sums: bankSums(r), Base: inOut(r.Base), Difference: inOut(r.Difference()), Key: newKey()}
	var sum int64
	v.OnlyLedger, sum = bankItems(r.OnlyLedger)
	v.SumLedger = inOut(sum)
	v.OnlyBank, sum = bankItems(r.OnlyBank)
	v.SumBank = inOut(sum)
	if m.Seq > 0 {
		prepared, err := s.signedBy(c, m.Kept.Prepared.By)
		if err != nil {
			return err
		}
		v.Word, v.Version, v.Reason = m.Kept.State.Title(), versionText(m.Kept.Version), m.Kept.Reason
		v.Prepared = prepared + "，" + calendar.DateOf(m.Kept.Prepared.At.Time).Chinese()
		if m.Kept.State == bank.MonthClosed {
			closed, err := s.signedBy(c, m.Kept.Closed.By)
			if err != nil {
				return err
			}
			v.Closed = closed + "，" + calendar.DateOf(m.Kept.Closed.At.Time).Chinese()
		}
		if m.Changed {
			v.Changed = "此后账目有变动：现在账上期末 " + fund.Yuan(m.Now.Ledger.Closing) + " 元，银行期末 " + fund.Yuan(m.Now.Bank.Closing) + " 元，没有匹配的 " + count(len(m.Now.OnlyLedger)+len(m.Now.OnlyBank)) + " 项。"
		}
		for i, e := range m.Earlier {
			if i > 0 || m.Kept.State != bank.MonthClosed {
				v.Earlier = append(v.Earlier, versionText(e.Version)+"："+calendar.DateOf(e.Closed.At.Time).Chinese()+"关账，账上期末 "+fund.Yuan(e.Report.Ledger.Closing)+" 元，银行期末 "+fund.Yuan(e.Report.Bank.Closing)+" 元")
			}
		}
	}
	over := m.Month.Last.Compare(today) < 0
	v.CanPrepare = over && s.guard.Allow(by, policy.BookFund) && (m.Seq == 0 || m.Changed)
	v.NeedsReason = m.Kept.State == bank.MonthClosed
	v.CanClose = m.Seq > 0 && m.Kept.State == bank.MonthPrepared && !m.Changed && s.guard.Allow(by, policy.ReverseFund) && m.Kept.Prepared.By != by.ID
	v.ReasonField = withErrors([]field{{Name: "reason", Label: "更正的原因", Rows: 2, Value: c.FormValue("reason")}}, refused)[0]
	for _, f := range refused {
		if f.Name == "month" {
			v.Error = f.Message
		}
	}
	said := saidParam(c, map[string]string{"prepared": "月报已编制，等另一人核对后关账。", "closed": "已关账，数字不再改动。"})
	p := page{Title: v.Title + "对账月报", Nav: fundPath, Said: said, Data: v, Fields: refused, Script: true}
	if len(refused) > 0 {
		return s.refuse(c, by, "fund_bank_month", p)
	}
	return s.render(c, by, "fund_bank_month", p)
}

func (s *Server) settledMonth(c *fiber.Ctx, by policy.Actor, err error, done string) error {
	switch {
	case err == nil:
		return seeOther(c, bankMonthPath(c.Params("month"))+"?done="+done)
	case fault.Is(err, fault.Conflict):
		return s.showMonth(c, by, []fault.Field{{Name: "month", Message: fault.MessageOf(err)}})
	case fault.Is(err, fault.Invalid):
		return s.showMonth(c, by, fault.FieldsOf(err))
	}
	return err
}

func (s *Server) prepareMonth(c *fiber.Ctx, by policy.Actor) error {
	m, err := s.monthOf(c, by)
	if err == nil {
		err = s.bank.Prepare(c.UserContext(), by, m.Month, c.FormValue("reason"), formIdem(c))
	}
	return s.settledMonth(c, by, err, "prepared")
}

func (s *Server) closeMonth(c *fiber.Ctx, by policy.Actor) error {
	m, err := s.monthOf(c, by)
	if err == nil {
		err = s.bank.Close(c.UserContext(), by, m.Month, formIdem(c))
	}
	return s.settledMonth(c, by, err, "closed")
}

// bankMonthExcel writes the report that the page shows.
func (s *Server) bankMonthExcel(c *fiber.Ctx, by policy.Actor) error {
	m, err := s.monthOf(c, by)
	if err != nil {
		return err
	}
	r := shownReport(m)
	sums := report.Figures{Sheet: "月报", Heads: []string{"", "期初（元）", "收入（元）", "支出（元）", "期末（元）"}, Note: m.Month.Chinese() + "；账上期末减银行期末，等于启用时的差额，加账上有银行没有的，减银行有账上没有的"}
	for _, side := range []struct {
		name string
		bank.Side
	}{{"账上", r.Ledger}, {"银行", r.Bank}} {
		sums.Rows = append(sums.Rows, []any{side.name, inYuan(side.Opening), inYuan(side.In), inYuan(side.Out), inYuan(side.Closing)})
	}
	sums.Rows = append(sums.Rows, []any{"期末差额", "", "", "", inYuan(r.Difference())}, []any{"启用时的差额", "", "", "", inYuan(r.Base)})
	items := func(sheet string, list []bank.Item) report.Figures {
		f := report.Figures{Sheet: sheet, Heads: []string{"日期", "事项", "金额（元）"}}
		for _, i := range list {
			f.Rows = append(f.Rows, []any{i.Day, i.Text, inYuan(i.Fen)})
		}
		return f
	}
	return sendSheets(c, m.Month.String()+"对账月报.xlsx", sums.Filled(), items("账上有银行没有", r.OnlyLedger).Filled(), items("银行有账上没有", r.OnlyBank).Filled())
}
