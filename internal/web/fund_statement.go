package web

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/fund"
)

// fundStatementView is what fund_statement.html shows: the ledger on paper, its movements in the order of time.
type fundStatementView struct {
	fundLedgerView
	// Developer is the name of the developer, "" if none is registered.
	Developer string
	// Plain says the same in plain sentences, for owners and their committee; nil for everybody else. Home is where they came from.
	Plain *homeSection
	Home  string
}

// fundStatement shows one project's statement for printing on A4: for the owners' committee and the developer.
func (s *Server) fundStatement(c *fiber.Ctx, by policy.Actor) error {
	st, err := s.fund.Statement(c.UserContext(), by, c.Params("project"))
	if err != nil {
		return err
	}
	v := fundStatementView{fundLedgerView: s.ledgerView(c, by, st)}
	slices.Reverse(v.Movements)
	if v.Developer, err = s.registered.DeveloperName(c.UserContext(), st.Place.Developer); err != nil {
		return err
	}
	if s.guard.Allow(by, policy.ReadHome) {
		plain := s.homeFund(&st)
		plain.Links = nil
		v.Plain, v.Home = &plain, homePath
	}
	return s.render(c, by, "fund_statement", page{Title: st.Place.Name + "保修金对账单", Script: true, Data: v, Paper: "保修金对账单"})
}

// fundLedgerExcel writes a statement: balances, amounts due with their arithmetic, what is held back, movements, days ahead.
func (s *Server) fundLedgerExcel(c *fiber.Ctx, by policy.Actor) error {
	st, err := s.fund.Statement(c.UserContext(), by, c.Params("project"))
	if err != nil {
		return err
	}
	l, day := st.Ledger, s.clockOf(c.UserContext()).today
	balances := report.Figures{Sheet: "余额", Heads: []string{"科目", "余额（元）"}, Note: st.Place.Name + "，截至" + day.Chinese()}
	for _, a := range fund.Accounts() {
		balances.Rows = append(balances.Rows, []any{a.Title(), inYuan(l.Balances.Of(a))})
	}
	dues := report.Figures{Sheet: "应缴", Heads: []string{"分期", "依据", "应缴（元）", "已缴（元）", "替代（元）", "还差（元）", "缴存期限", "存储期起算", "存储期届满", "分期已退（元）", "分期退还", "算法"}}
	for _, d := range l.Dues {
		if d.Cancelled {
			continue
		}
		how := ""
		for _, line := range d.Lines {
			how += line.Label + "：" + line.How + " = " + line.Value + "；"
		}
		dues.Rows = append(dues.Rows, []any{d.Phase, d.Document, inYuan(d.Fen), inYuan(d.Paid), inYuan(d.Secured), inYuan(d.Open()), d.Day, d.Begun, d.Ends(), inYuan(d.Released()), strings.Join(stageTexts(d), "；"), how})
	}
	moves := report.Figures{Sheet: "明细", Heads: []string{"序号", "日期", "事项", "摘要", "票据或文书", "金额（元）", "银行存款余额（元）", "冲正第几笔"}, Note: "每一笔借贷相等；写错的用冲正更正，原来那一笔不删改"}
	for _, m := range st.Movements {
		reversed := any("")
		if m.Reverses != 0 {
			reversed = m.Reverses
		}
		moves.Rows = append(moves.Rows, []any{m.No, m.Day, m.Kind.Title(), m.Text, m.Receipt + m.Document, inYuan(m.Fen), inYuan(m.Balances.Bank), reversed})
	}
	held := report.Figures{Sheet: "预留与冻结", Heads: []string{"种类", "起日", "止日", "金额（元）", "说明"}}
	for _, h := range l.Holds {
		held.Rows = append(held.Rows, []any{"维修预留", h.Day, calendar.Date{}, inYuan(h.Fen), "使用申请批准"})
	}
	for _, f := range l.Freezes {
		if f.Open > 0 {
			held.Rows = append(held.Rows, []any{"司法冻结", f.Day, f.Until, inYuan(f.Open), f.Court + " " + f.Document})
		}
	}
	penalties := report.Figures{Sheet: "滞纳金和罚款", Heads: []string{"应缴", "种类", "文书", "日期", "金额（元）", "按规则计算（元）", "算法", "结果"}, Note: "缴入国库，不进保修金的账；规则没有条款的只记录、不计算"}
	for _, p := range l.Penalties {
		phase, how := "", ""
		for _, d := range l.Dues {
			if d.ID == p.Due {
				phase = d.Phase
			}
		}
		for _, line := range p.Lines {
			how += line.Label + "：" + line.How + " = " + line.Value + "；"
		}
		computed := any("")
		if p.Computed > 0 {
			computed = inYuan(p.Computed)
		}
		penalties.Rows = append(penalties.Rows, []any{phase, registry.TextOf(fund.PenaltyKinds(), p.Kind), p.Document, p.Day, inYuan(p.Fen), computed, how, registry.TextOf(fund.PenaltyEnds(), p.End)})
	}
	next := report.Figures{Sheet: "下一个日期", Heads: []string{"日期", "事项", "依据"}}
	for _, n := range l.NextDates() {
		next.Rows = append(next.Rows, []any{n.Day, n.What, n.Basis})
	}
	return sendFigures(c, st.Place.Name+"保修金.xlsx", balances, dues, held, penalties, moves, next)
}
