package web

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/fund"
	"redsteward/registry/fund/refund"
)

// The pages of the guarantee fund.
const (
	fundPath      = "/fund"
	fundRulesPath = "/fund/rules"
)

// maxFundForm is the largest form of the fund: one scan and the fields beside it.
const maxFundForm = files.MaxPaper + 1<<20

// inYuan is an amount for a cell of Excel.
func inYuan(fen int64) num.Num { return num.FromFrac(fen, 100) }

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
		{Method: get, Path: ageingPath, Action: policy.ReadFund, Handler: s.fundAgeing},
		{Method: get, Path: ageingPath + ".xlsx", Action: policy.ReadFund, Handler: s.fundAgeingExcel},
		{Method: get, Path: fundRulesPath, Action: policy.ReadFund, Handler: s.fundRules},
		{Method: post, Path: fundRulesPath + "/:version<maxLen(8)>/adopt", Action: policy.AdoptFundRule, Handler: s.adoptFundRule},
		{Method: post, Path: fundRulesPath + "/:version<maxLen(8)>/refuse", Action: policy.AdoptFundRule, Handler: s.refuseFundRule},
		{Method: get, Path: fundRulesPath + "/new", Action: policy.ProposeFundRule, Handler: s.fundRuleForm},
		{Method: post, Path: fundRulesPath + "/new", Action: policy.ProposeFundRule, Handler: s.proposeFundRule},
		{Method: get, Path: fundPath + "/:project<maxLen(64)>", Action: policy.ReadFund, Handler: s.fundLedger},
		{Method: get, Path: fundPath + "/:project<maxLen(64)>/ledger.xlsx", Action: policy.ReadFund, Handler: s.fundLedgerExcel},
		{Method: get, Path: fundPath + "/:project<maxLen(64)>/print/:paper<maxLen(16)>", Action: policy.ReadFund, Handler: s.fundNotice},
		{Method: get, Path: fundPath + "/:project<maxLen(64)>/statement", Action: policy.ReadFund, Handler: s.fundStatement},
		{Method: get, Path: fundPath + "/:project<maxLen(64)>/entries/:no<int>/paper", Action: policy.ReadFund, Handler: s.fundPaper},
	}...)
	for _, f := range s.fundForms() {
		rows = append(rows, Route{Method: get, Path: fundPath + "/:project<maxLen(64)>" + f.path, Action: f.action, Handler: s.showFundForm(f)},
			Route{Method: post, Path: fundPath + "/:project<maxLen(64)>" + f.path, Action: f.action, Handler: s.takeFundForm(f), Upload: maxFundForm})
	}
	return rows
}

// The parts of a ledger's page.
type (
	fundDue struct {
		fund.Due
		FenText, PaidText, SecuredText, OpenText, DayText, BegunText, EndsText, EventText, StartsText, VersionNo string
		Late                                                                                                     []fund.Line
		// StageTexts are the stages of the rule with what they paid back.
		StageTexts []string
		Owes       bool
	}
	fundMovement struct {
		No                         int64
		Day, Kind, Text, By, Paper string
		Receipt, Document          string
		In, Out                    string
		Bank                       string
		Undone, CanReverse         bool
		Postings                   string
		// Proof is the address of the proof that its record stands in the log, "" while it has no number there.
		Proof string
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
	// fundPenalty is a late fee or fine; ComputedText is what the rule gives, "" if nothing, Differs: the document says something else.
	fundPenalty struct {
		fund.Penalty
		KindText, Phase, FenText, ComputedText, DayText, EndText string
		Differs                                                  bool
	}
	// fundHold is what a claim holds back; Path leads to the claim, "" for who may not read claims.
	fundHold struct{ Path, Amount, Day, What string }
)

// fundLedgerView is what fund_ledger.html shows.
type fundLedgerView struct {
	Path, Project, Name, Place string
	Open                       bool
	Balances                   [][2]string
	Dues                       []fundDue
	Letters                    []fundLetter
	Freezes                    []fundFreeze
	Holds                      []fundHold
	Penalties                  []fundPenalty
	Movements                  []fundMovement
	Next                       []fundNext
	CanAssess, CanBook, Whole  bool
	CanReverse, HasDue         bool
	Claims                     []caseRow
	// Dunnings are the cases of late deposits, Late the amounts for which one can be opened.
	Dunnings []caseRow
	Late     []fund.Due
	// Refundable are the refunds that may begin, Key that of the forms of both.
	Refundable []refund.Offer
	Key        string
	Printed    string
}

// fundLedger shows one project's ledger.
func (s *Server) fundLedger(c *fiber.Ctx, by policy.Actor) error {
	st, err := s.fund.Statement(c.UserContext(), by, c.Params("project"))
	if err != nil {
		return err
	}
	v := s.ledgerView(c, by, st)
	if v.Claims, err = s.claimsOf(c, by, st.Place.Project); err != nil {
		return err
	}
	if v.Dunnings, v.Late, err = s.dunningsOf(c, by, st.Place.Project, st.Ledger); err != nil {
		return err
	}
	v.Key = newKey()
	if s.refunds != nil && s.guard.Allow(by, policy.HandleRefund) {
		if v.Refundable, err = s.refunds.Ready(c.UserContext(), st.Place.Project, st.Ledger); err != nil {
			return err
		}
	}
	said := saidParam(c, map[string]string{"assess": "已核定应缴，账上记为应收。收款由出纳登记。", "pay": "已登记收款。", "interest": "利息已入账。", "letter": "已登记，替代期间不用缴存现金；到期前 90 日会提醒。",
		"end": "替代已终止，这笔钱重新要缴存现金。", "begin": "存储期起算日已登记。", "freeze": "已冻结。解除、扣划由另一人办。", "release": "已解除冻结。", "deduct": "已扣划。", "penalty": "已登记，照决定书记录，不进保修金的账。", "penalty_end": "已办结。", "reverse": "已冲正，原来那一笔留在账上。"})
	return s.render(c, by, "fund_ledger", page{Title: st.Place.Name + "保修金", Nav: fundPath, Said: said, Data: v})
}

// ledgerView puts a ledger into words, counting days from today or from the day that the reader looks back to.
func (s *Server) ledgerView(c *fiber.Ctx, by policy.Actor, st fund.Statement) fundLedgerView {
	l := st.Ledger
	clock := s.clockOf(c.UserContext())
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
		_, late := d.LateFee(clock.today)
		v.Dues = append(v.Dues, fundDue{Due: d, FenText: fund.Yuan(d.Fen), PaidText: fund.Yuan(d.Paid), SecuredText: fund.Yuan(d.Secured), OpenText: fund.Yuan(d.Open()), DayText: d.Day.Chinese(), BegunText: d.Begun.Chinese(),
			EndsText: d.Ends().Chinese(), EventText: registry.TextOf(fund.Events(), d.Event), StartsText: registry.TextOf(fund.Events(), d.Starts), VersionNo: versionNo(d.Version), Late: late, Owes: d.Open() > 0, StageTexts: stageTexts(d)})
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
	for _, h := range l.Holds {
		hold := fundHold{Amount: fund.Yuan(h.Fen), Day: h.Day.Chinese(), What: "使用申请"}
		for _, m := range st.Movements {
			if m.Kind == fund.EntryHold && m.Ref == h.Claim {
				hold.What = m.Text
			}
		}
		if s.claims != nil && s.guard.Allow(by, policy.ReadClaim) {
			hold.Path = claimsPath + "/" + h.Claim
		}
		v.Holds = append(v.Holds, hold)
	}
	for _, p := range l.Penalties {
		shown := fundPenalty{Penalty: p, KindText: registry.TextOf(fund.PenaltyKinds(), p.Kind), FenText: fund.Yuan(p.Fen), DayText: p.Day.Chinese(), Differs: p.Computed > 0 && p.Computed != p.Fen}
		if p.Computed > 0 {
			shown.ComputedText = fund.Yuan(p.Computed)
		}
		for _, d := range l.Dues {
			if d.ID == p.Due {
				shown.Phase = d.Phase
			}
		}
		if p.End != "" {
			shown.EndText = p.Ended.Chinese() + registry.TextOf(fund.PenaltyEnds(), p.End) + "，" + p.Ending
		}
		v.Penalties = append(v.Penalties, shown)
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

// stageTexts are the stages of an amount in words: when and how much the rule gives back, and what was.
func stageTexts(d fund.Due) (out []string) {
	for i, stage := range d.Stages {
		n := int64(i + 1)
		text := "满 " + strconv.FormatInt(stage.After, 10) + " 年退 " + stage.Percent.String() + "%"
		if ends := d.StageEnds(n); !ends.IsZero() {
			text += "（" + ends.Chinese() + "满）"
		}
		if back, done := d.ReleaseOf(n); done {
			text += "，已退 " + fund.Yuan(back.Fen) + " 元（第 " + strconv.FormatInt(back.Entry, 10) + " 笔）"
		}
		out = append(out, text)
	}
	return out
}

// movementOf puts an entry into words: what came into the bank and went out of it, and how it was posted.
func movementOf(v fundLedgerView, by policy.Actor, m fund.Movement) fundMovement {
	out := fundMovement{No: m.No, Day: m.Day.Chinese(), Kind: m.Kind.Title(), Text: m.Text, Receipt: m.Receipt, Document: m.Document, Bank: fund.Yuan(m.Balances.Bank), Undone: m.Undone,
		CanReverse: v.CanReverse && !m.Undone && m.Kind.Reversible() && m.By != by.ID}
	if m.N > 0 {
		out.Proof = fmt.Sprintf("%s/fund/%s/%d/proof.json", recordsPath, v.Project, m.N)
	}
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

// fundNotice tells the developer what he has to deposit by a rule and until when, with the arithmetic; its name is that of the amount.
func (s *Server) fundNotice(c *fiber.Ctx, by policy.Actor) error {
	st, err := s.fund.Statement(c.UserContext(), by, c.Params("project"))
	if err != nil {
		return err
	}
	developer, err := s.registered.DeveloperName(c.UserContext(), st.Place.Developer)
	if err != nil {
		return err
	}
	var papers []pagePaper
	for _, d := range st.Ledger.Dues {
		if d.Cancelled || d.Claim != "" { // what is to be replenished is asked for in its claim
			continue
		}
		v := printView{To: cmp.Or(developer, "建设单位"), Words: []string{"你单位建设的" + st.Place.Name + d.Phase + "，应当缴存新建物业质量保修金。请在期限以前存入专户，将缴款凭证送我局；保修金归你单位所有，存储期届满、没有未修复的缺陷的，按规定退还。"},
			Rows: filled([][2]string{{"小区", st.Place.TownshipName + st.Place.CommunityName + " " + st.Place.Name}, {"分期", d.Phase}, {"依据", d.Title + "（" + d.Document + "）"}})}
		for _, line := range d.Lines {
			v.Rows = append(v.Rows, [2]string{line.Label, line.How + " = " + line.Value})
		}
		until := d.Day.Chinese()
		if event := registry.TextOf(fund.Events(), d.Event); event != "" {
			until += "（" + event + "前）"
		}
		v.Rows = append(v.Rows, [][2]string{{"应缴金额", fund.Yuan(d.Fen) + " 元"}, {"缴存期限", until}, {"存储期", strconv.FormatInt(d.Years, 10) + " 年，" + registry.TextOf(fund.Events(), d.Starts) + "起"}}...)
		if d.Letter || d.Insurance {
			v.Rows = append(v.Rows, [2]string{"可以替代的", strings.Join(filledWords([]string{map[bool]string{true: "银行保函"}[d.Letter], map[bool]string{true: "保险"}[d.Insurance]}), "、")})
		}
		v.Rows = filled(append(v.Rows, [2]string{"逾期", d.LateClause}))
		papers = append(papers, pagePaper{d.ID, "保修金缴存通知书", "", always(v)})
	}
	return s.printPaper(c, by, fundPath, st.Place.Project, papers)
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
