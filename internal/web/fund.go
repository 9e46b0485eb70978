package web

import (
	"strconv"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/report"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/fund"
)

// The pages of the guarantee fund.
const (
	fundPath      = "/fund"
	fundRulesPath = "/fund/rules"
)

// maxFundForm is the largest form of the fund: one scan and the fields beside it.
const maxFundForm = files.MaxPaper + 1<<20

func ledgerPath(project string) string { return fundPath + "/" + project }

// fundRoutes are the pages of the guarantee fund; none without one.
func (s *Server) fundRoutes() []Route {
	if s.fund == nil {
		return nil
	}
	const get, post = fiber.MethodGet, fiber.MethodPost
	rows := append(s.bankRoutes(), []Route{
		{Method: get, Path: fundPath, Action: policy.ReadFund, Handler: s.fundOverview},
		{Method: get, Path: fundPath + ".xlsx", Action: policy.ReadFund, Handler: s.fundExcel},
		{Method: get, Path: fundRulesPath, Action: policy.ReadFund, Handler: s.fundRules},
		{Method: post, Path: fundRulesPath + "/:version<maxLen(8)>/adopt", Action: policy.AdoptFundRule, Handler: s.adoptFundRule},
		{Method: post, Path: fundRulesPath + "/:version<maxLen(8)>/refuse", Action: policy.AdoptFundRule, Handler: s.refuseFundRule},
		{Method: get, Path: fundRulesPath + "/new", Action: policy.ProposeFundRule, Handler: s.fundRuleForm},
		{Method: post, Path: fundRulesPath + "/new", Action: policy.ProposeFundRule, Handler: s.proposeFundRule},
		{Method: get, Path: fundPath + "/:project<maxLen(64)>", Action: policy.ReadFund, Handler: s.fundLedger},
		{Method: get, Path: fundPath + "/:project<maxLen(64)>/ledger.xlsx", Action: policy.ReadFund, Handler: s.fundLedgerExcel},
		{Method: get, Path: fundPath + "/:project<maxLen(64)>/entries/:no<int>/paper", Action: policy.ReadFund, Handler: s.fundPaper},
	}...)
	for _, f := range s.fundForms() {
		rows = append(rows, Route{Method: get, Path: fundPath + "/:project<maxLen(64)>" + f.path, Action: f.action, Handler: s.showFundForm(f)},
			Route{Method: post, Path: fundPath + "/:project<maxLen(64)>" + f.path, Action: f.action, Handler: s.takeFundForm(f), Upload: maxFundForm})
	}
	return rows
}

// fundRow is one ledger of the overview.
type fundRow struct {
	Path, Name, Place, Bank, Due, Secured, Court string
	// Next is what comes first, When its day; State is a word of the status list.
	Next, When, State string
	Owes              bool
}

func (s *Server) fundRowOf(r fund.Row) fundRow {
	b := r.Ledger.Balances
	var secured int64
	for _, d := range r.Ledger.Dues {
		secured += d.Secured
	}
	row := fundRow{Path: ledgerPath(r.Project), Name: r.Ledger.Name, Place: r.Ledger.Place, Bank: fund.Yuan(b.Bank), Due: fund.Yuan(b.Due), Secured: fund.Yuan(secured), Court: fund.Yuan(b.Court), Owes: b.Due > 0}
	if dates := r.Ledger.NextDates(); len(dates) > 0 {
		clock := newTaskClock(s.clocks.Business(), s.holidays)
		row.Next, row.When = dates[0].What, shortDate(dates[0].Day, clock.today)
		if word, _ := clock.left(Task{Due: dates[0].Day}); word != "期限内" {
			row.State = word
		}
	}
	return row
}

// fundOverviewView is what fund.html shows.
type fundOverviewView struct {
	Rows                       []fundRow
	Totals                     fundRow
	Count                      int
	Next                       string
	CanAssess, CanRule, Unruly bool
	CanBank                    bool
}

// fundOverview lists the ledgers of the actor's scope with their sums.
func (s *Server) fundOverview(c *fiber.Ctx, by policy.Actor) error {
	ctx := c.UserContext()
	rows, next, err := s.fund.Overview(ctx, by, c.Query("after"))
	if err != nil {
		return err
	}
	sums, err := s.fund.All(ctx, by, func(fund.Row) error { return nil })
	if err != nil {
		return err
	}
	book, err := s.fund.Rules(ctx, by)
	if err != nil {
		return err
	}
	_, ruled := book.On(calendar.DateOf(s.clocks.Business()))
	whole, err := s.fund.Whole(ctx, by)
	if err != nil {
		return err
	}
	v := fundOverviewView{Count: sums.Ledgers, Next: nextPage(c, next), CanAssess: s.guard.Allow(by, policy.AssessFund), CanRule: s.guard.Allow(by, policy.ProposeFundRule), Unruly: !ruled, CanBank: whole,
		Totals: fundRow{Bank: fund.Yuan(sums.Balances.Bank), Due: fund.Yuan(sums.Balances.Due), Secured: fund.Yuan(sums.Secured), Court: fund.Yuan(sums.Balances.Court)}}
	for _, r := range rows {
		v.Rows = append(v.Rows, s.fundRowOf(r))
	}
	return s.render(c, by, "fund", page{Title: "保修金", Nav: fundPath, Data: v})
}

// inYuan is an amount for a cell of Excel.
func inYuan(fen int64) num.Num { return num.FromFrac(fen, 100) }

// fundExcel writes every ledger of the actor's scope.
func (s *Server) fundExcel(c *fiber.Ctx, by policy.Actor) error {
	sheet := report.Figures{Sheet: "保修金", Heads: []string{"小区", "所在社区", "银行存款（元）", "应收建设单位（元）", "本金（元）", "利息（元）", "司法冻结（元）", "维修预留（元）", "保函保险替代（元）", "下一个日期", "事项"},
		Note: "截至" + calendar.DateOf(s.clocks.Business()).Chinese() + "；银行存款加应收等于本金、利息、冻结与预留之和；本金含应缴未缴的部分"}
	_, err := s.fund.All(c.UserContext(), by, func(r fund.Row) error {
		b := r.Ledger.Balances
		var secured int64
		for _, d := range r.Ledger.Dues {
			secured += d.Secured
		}
		line := []any{r.Ledger.Name, r.Ledger.Place, inYuan(b.Bank), inYuan(b.Due), inYuan(b.Deposit), inYuan(b.Interest), inYuan(b.Court), inYuan(b.Held), inYuan(secured), calendar.Date{}, ""}
		if dates := r.Ledger.NextDates(); len(dates) > 0 {
			line[9], line[10] = dates[0].Day, dates[0].What
		}
		sheet.Rows = append(sheet.Rows, line)
		return nil
	})
	if err != nil {
		return err
	}
	data, err := report.Write(sheet.Filled())
	if err != nil {
		return err
	}
	return sendExcel(c, "保修金.xlsx", data)
}

// The parts of a ledger's page.
type (
	fundDue struct {
		fund.Due
		FenText, PaidText, SecuredText, OpenText, DayText, BegunText, EndsText, EventText, StartsText, VersionNo string
		Late                                                                                                     []fund.Line
		Owes                                                                                                     bool
	}
	fundMovement struct {
		No                         int64
		Day, Kind, Text, By, Paper string
		Receipt, Document          string
		In, Out                    string
		Bank                       string
		Undone, CanReverse         bool
		Postings                   string
	}
	fundLetter struct {
		fund.Letter
		KindText, FenText, DaysText, State string
	}
	fundFreeze struct {
		fund.Freeze
		FenText, OpenText, DayText, UntilText string
		CanThaw                               bool
	}
	fundNext struct{ Day, State, Left, What, Basis string }
)

// fundLedgerView is what fund_ledger.html shows.
type fundLedgerView struct {
	Path, Project, Name, Place string
	Open                       bool
	Balances                   [][2]string
	Dues                       []fundDue
	Letters                    []fundLetter
	Freezes                    []fundFreeze
	Movements                  []fundMovement
	Next                       []fundNext
	CanAssess, CanBook, Whole  bool
	CanReverse, HasDue         bool
	Claims                     []caseRow
	// Refundable are the amounts whose refund may begin, Key that of its form.
	Refundable []fund.Due
	Key        string
	Printed    string
}

// fundLedger shows one project's ledger.
func (s *Server) fundLedger(c *fiber.Ctx, by policy.Actor) error {
	st, err := s.fund.Statement(c.UserContext(), by, c.Params("project"))
	if err != nil {
		return err
	}
	v := s.ledgerView(by, st)
	if v.Claims, err = s.claimsOf(c, by, st.Place.Project); err != nil {
		return err
	}
	if s.refunds != nil && s.guard.Allow(by, policy.HandleRefund) {
		v.Key = newKey()
		if v.Refundable, err = s.refunds.Ready(c.UserContext(), st.Place.Project, st.Ledger); err != nil {
			return err
		}
	}
	said := saidParam(c, map[string]string{"assess": "已核定应缴，账上记为应收。收款由出纳登记。", "pay": "已登记收款。", "interest": "利息已入账。", "letter": "已登记，替代期间不用缴存现金；到期前 90 日会提醒。",
		"end": "替代已终止，这笔钱重新要缴存现金。", "begin": "存储期起算日已登记。", "freeze": "已冻结。解除、扣划由另一人办。", "release": "已解除冻结。", "deduct": "已扣划。", "reverse": "已冲正，原来那一笔留在账上。"})
	return s.render(c, by, "fund_ledger", page{Title: st.Place.Name + "保修金", Nav: fundPath, Said: said, Data: v})
}

func (s *Server) ledgerView(by policy.Actor, st fund.Statement) fundLedgerView {
	l := st.Ledger
	clock := newTaskClock(s.clocks.Business(), s.holidays)
	v := fundLedgerView{Path: ledgerPath(st.Place.Project), Project: st.Place.Project, Name: st.Place.Name, Place: st.Place.TownshipName + " " + st.Place.CommunityName, Open: st.Seq > 0, Whole: st.Whole,
		CanAssess: s.guard.Allow(by, policy.AssessFund), CanBook: s.guard.Allow(by, policy.BookFund), CanReverse: s.guard.Allow(by, policy.ReverseFund), Printed: clock.today.Chinese()}
	for _, a := range fund.Accounts() {
		v.Balances = append(v.Balances, [2]string{a.Title(), fund.Yuan(l.Balances.Of(a))})
	}
	for _, d := range l.Dues {
		if d.Cancelled {
			continue
		}
		v.HasDue = true
		v.Dues = append(v.Dues, fundDue{Due: d, FenText: fund.Yuan(d.Fen), PaidText: fund.Yuan(d.Paid), SecuredText: fund.Yuan(d.Secured), OpenText: fund.Yuan(d.Open()), DayText: d.Day.Chinese(), BegunText: d.Begun.Chinese(),
			EndsText: d.Ends().Chinese(), EventText: registry.TextOf(fund.Events(), d.Event), StartsText: registry.TextOf(fund.Events(), d.Starts), VersionNo: versionNo(d.Version), Late: d.LateFee(clock.today), Owes: d.Open() > 0})
	}
	for _, g := range l.Letters {
		word := ""
		if !g.Ended.IsZero() {
			word = "已终止"
		} else if state, _ := clock.left(Task{Due: g.Days.Until}); state == "逾期" {
			word = "逾期"
		}
		v.Letters = append(v.Letters, fundLetter{g, registry.TextOf(fund.LetterKinds(), g.Kind), fund.Yuan(g.Fen), spanText(g.Days), word})
	}
	for _, h := range l.Freezes {
		v.Freezes = append(v.Freezes, fundFreeze{h, fund.Yuan(h.Fen), fund.Yuan(h.Open), h.Day.Chinese(), h.Until.Chinese(), v.CanReverse && h.Open > 0 && h.By != by.ID})
	}
	for i := len(st.Movements) - 1; i >= 0; i-- {
		v.Movements = append(v.Movements, movementOf(v, by, st.Movements[i]))
	}
	for _, n := range l.NextDates() {
		word, left := clock.left(Task{Due: n.Day})
		v.Next = append(v.Next, fundNext{n.Day.Chinese(), word, left, n.What, n.Basis})
	}
	return v
}

// movementOf puts an entry into words: what came into the bank and went out of it, and how it was posted.
func movementOf(v fundLedgerView, by policy.Actor, m fund.Movement) fundMovement {
	out := fundMovement{No: m.No, Day: m.Day.Chinese(), Kind: m.Kind.Title(), Text: m.Text, Receipt: m.Receipt, Document: m.Document, Bank: fund.Yuan(m.Balances.Bank), Undone: m.Undone,
		CanReverse: v.CanReverse && !m.Undone && m.Kind != fund.EntryReversal && m.By != by.ID}
	if m.Paper != nil && v.Whole {
		out.Paper = v.Path + "/entries/" + strconv.FormatInt(m.No, 10) + "/paper"
	}
	for _, p := range m.Postings {
		side, fen := "借", p.Fen
		if fen < 0 {
			side, fen = "贷", -fen
		}
		if out.Postings != "" {
			out.Postings += "；"
		}
		out.Postings += side + " " + p.Account.Title() + " " + fund.Yuan(fen)
		if p.Account == fund.AccountBank && p.Fen > 0 {
			out.In = fund.Yuan(fen)
		} else if p.Account == fund.AccountBank {
			out.Out = fund.Yuan(fen)
		}
	}
	return out
}

// fundLedgerExcel writes a ledger: balances, amounts due with their arithmetic, movements.
func (s *Server) fundLedgerExcel(c *fiber.Ctx, by policy.Actor) error {
	st, err := s.fund.Statement(c.UserContext(), by, c.Params("project"))
	if err != nil {
		return err
	}
	balances := report.Figures{Sheet: "余额", Heads: []string{"科目", "余额（元）"}, Note: st.Place.Name + "，截至" + calendar.DateOf(s.clocks.Business()).Chinese()}
	for _, a := range fund.Accounts() {
		balances.Rows = append(balances.Rows, []any{a.Title(), inYuan(st.Ledger.Balances.Of(a))})
	}
	dues := report.Figures{Sheet: "应缴", Heads: []string{"分期", "依据", "应缴（元）", "已缴（元）", "替代（元）", "还差（元）", "缴存期限", "存储期起算", "存储期届满", "算法"}}
	for _, d := range st.Ledger.Dues {
		if d.Cancelled {
			continue
		}
		how := ""
		for _, line := range d.Lines {
			how += line.Label + "：" + line.How + " = " + line.Value + "；"
		}
		dues.Rows = append(dues.Rows, []any{d.Phase, d.Document, inYuan(d.Fen), inYuan(d.Paid), inYuan(d.Secured), inYuan(d.Open()), d.Day, d.Begun, d.Ends(), how})
	}
	moves := report.Figures{Sheet: "明细", Heads: []string{"序号", "日期", "事项", "摘要", "票据或文书", "金额（元）", "银行存款余额（元）", "冲正第几笔"}, Note: "每一笔借贷相等；写错的用冲正更正，原来那一笔不删改"}
	for _, m := range st.Movements {
		reversed := any("")
		if m.Reverses != 0 {
			reversed = m.Reverses
		}
		moves.Rows = append(moves.Rows, []any{m.No, m.Day, m.Kind.Title(), m.Text, m.Receipt + m.Document, inYuan(m.Fen), inYuan(m.Balances.Bank), reversed})
	}
	data, err := report.Write(balances.Filled(), dues.Filled(), moves.Filled())
	if err != nil {
		return err
	}
	return sendExcel(c, st.Place.Name+"保修金.xlsx", data)
}

// fundPaper hands out the scan behind an entry, to those who see the whole county.
func (s *Server) fundPaper(c *fiber.Ctx, by policy.Actor) error {
	st, err := s.fund.Statement(c.UserContext(), by, c.Params("project"))
	if err != nil {
		return err
	}
	for _, m := range st.Movements {
		if strconv.FormatInt(m.No, 10) != c.Params("no") || m.Paper == nil || !st.Whole {
			continue
		}
		hash, original := m.Paper.Shown, c.Query("original") == "1"
		if original || hash == "" {
			hash, original = m.Paper.Original, original || m.Paper.Kind != files.PDF
		}
		r, size, err := s.files.Open(c.UserContext(), hash)
		if err != nil {
			return err
		}
		sendFile(c, r, size, m.Paper.Kind, m.Paper.Name, original)
		return nil
	}
	return fault.New("web.fundPaper", fault.NotFound, "没有找到这份扫描件")
}
