package fund

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Places says where a project lies. The register implements it.
type Places interface {
	// Place returns the place of a project on a day. Returns NotFound if there is no such project.
	Place(ctx context.Context, project string, on calendar.Date) (registry.Place, error)
}

// Service keeps the rules and the ledgers. Every call names the actor and asks for right and scope first; a refused call writes nothing. It is safe for
// concurrent use.
type Service struct {
	db      *store.DB
	guard   *policy.Guard
	places  Places
	books   *store.Collection[Book]
	ledgers *store.Collection[Ledger]
}

const (
	bookKind   = "fund-rule"
	ledgerKind = "fund"
	// bookID is the one stream of all rule versions.
	bookID = "bureau"
	// receiptClaim gives the number of a receipt to the ledger that uses it.
	receiptClaim = "fund-receipt"
)

// The orders of ledgers.
const (
	byName = "name"
	byNext = "next"
)

// ledgerDocument is how ledgers are stored and listed.
func ledgerDocument() store.Kind[Ledger] {
	listed := func(l *Ledger) []string { return append(slices.Clone(l.Keys), policy.County) }
	return store.Kind[Ledger]{
		Name: ledgerKind, Version: 1,
		Indexes: []store.Index[Ledger]{
			{Name: byName, Keys: func(_ string, l *Ledger) []string { return listed(l) }, Sort: func(_ string, l *Ledger) string { return l.Place + " " + l.Name }},
			// What has a day ahead, or one that passed, by the first of them.
			{Name: byNext, Keys: func(_ string, l *Ledger) []string {
				if len(l.NextDates()) == 0 {
					return nil
				}
				return listed(l)
			}, Sort: func(_ string, l *Ledger) string {
				if dates := l.NextDates(); len(dates) > 0 {
					return dates[0].Day.String()
				}
				return ""
			}},
		},
	}
}

// NewService opens the fund on a store.
func NewService(ctx context.Context, db *store.DB, guard *policy.Guard, places Places) (*Service, error) {
	s := &Service{db: db, guard: guard, places: places}
	var err error
	if s.books, err = store.NewCollection(ctx, db, store.Kind[Book]{Name: bookKind, Version: 1}); err != nil {
		return nil, err
	}
	s.ledgers, err = store.NewCollection(ctx, db, ledgerDocument())
	return s, err
}

// today is the business day.
func (s *Service) today() calendar.Date { return calendar.DateOf(s.db.Now()) }

// at is the place of a project inside the actor's scope for an action, else NotFound. Returns Forbidden without the right.
func (s *Service) at(ctx context.Context, by policy.Actor, action policy.Action, project string) (registry.Place, error) {
	const op = "fund.at"
	if err := s.guard.Require(by, action); err != nil {
		return registry.Place{}, err
	}
	scope, err := s.guard.Scope(ctx, by, action)
	if err != nil {
		return registry.Place{}, err
	}
	if !journal.ValidPart(project) {
		return registry.Place{}, fault.New(op, fault.NotFound, "没有找到这个小区")
	}
	place, err := s.places.Place(ctx, project, s.today())
	if err != nil {
		return registry.Place{}, err
	}
	if err := scope.Require(op, place.DutyKeys(), s.today()); err != nil {
		return registry.Place{}, fault.Wrap(op, fault.NotFound, "没有找到这个小区", err)
	}
	return place, nil
}

// order is one command to a ledger.
type order struct {
	by      policy.Actor
	action  policy.Action
	project string
	why     string
	idem    *store.Idem
	// dry: nothing is stored; the command is only tried.
	dry bool
	// opens: the command may begin the ledger of a project that has none.
	opens bool
}

// maxTries is how often a command is tried anew when others change the same ledger at the same moment.
const maxTries = 20

// errStands is what a command says that finds its effect in the ledger: a retry after a crash writes nothing and succeeds.
var errStands = errors.New("the ledger has it already")

// command changes a ledger by what do makes of it. It is tried anew if another command was quicker: every command decides by the state that it changes and by
// nothing that a page showed, so that what is allowed then is what was asked for. What do refuses is not stored.
func (s *Service) command(ctx context.Context, o order, do func(*Ledger) error) (store.Doc[Ledger], error) {
	const op = "fund.command"
	none := store.Doc[Ledger]{}
	place, err := s.at(ctx, o.by, o.action, o.project)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: o.by.ID, Action: string(o.action), Why: o.why, Idem: o.idem}
	for range maxTries {
		if doc, done, err := s.ledgers.Replay(ctx, meta); err != nil || done {
			return doc, err
		}
		head, err := s.ledgers.Head(ctx, o.project)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return none, err
		}
		if head.Seq == 0 && !o.opens {
			return none, fault.New(op, fault.Conflict, place.Name+"还没有核定过应缴的保修金，请先核定")
		}
		l := head.State.clone()
		l.Name, l.Place = place.Name, place.TownshipName+" "+place.CommunityName
		l.Keys = registry.Place{Project: place.Project, Community: place.Community, Township: place.Township, Developer: place.Developer}.DutyKeys()
		err = do(&l)
		if errors.Is(err, errStands) {
			return store.Doc[Ledger]{ID: o.project, Seq: head.Seq, State: head.State}, nil
		}
		if err != nil {
			// The same request may have taken effect between the first look and the head: then it is what stands in its own way.
			if doc, done, again := s.ledgers.Replay(ctx, meta); again == nil && done {
				return doc, nil
			}
			return none, err
		}
		if o.dry {
			return store.Doc[Ledger]{ID: o.project, Seq: head.Seq, State: head.State}, nil
		}
		doc, err := s.ledgers.Commit(ctx, meta, o.project, head.Seq, l)
		if !fault.Is(err, fault.Conflict) {
			return doc, err
		}
		if now, headErr := s.ledgers.Head(ctx, o.project); headErr != nil || now.Seq == head.Seq {
			return none, err // not overtaken: the request itself is refused
		}
	}
	return none, fault.New(op, fault.Unavailable, "这个小区的账正在被很多人同时办理，请过一分钟再试")
}

// checkDay refuses a day that is missing or has not come.
func (s *Service) checkDay(f *registry.Faults, name, label string, day calendar.Date) {
	switch today := s.today(); {
	case day.IsZero():
		f.Add(name, "请填写%s，例如 %s", label, today)
	case day.Compare(today) > 0:
		f.Add(name, "%s%s还没有到，今天是%s", label, day.Chinese(), today.Chinese())
	}
}

func checkFen(add func(name, format string, args ...any), fen int64) {
	if fen <= 0 || fen > MaxFen {
		add("amount", "金额是 %s 元，要大于 0，不超过 %s 元", Yuan(fen), Yuan(MaxFen))
	}
}

// checkPaper refuses a scan that is missing, if it must be there, or that was not stored.
func (s *Service) checkPaper(ctx context.Context, f *registry.Faults, paper files.Stored, missing string) (*files.Stored, error) {
	if paper.Original == "" {
		if missing != "" {
			f.Add("paper", "%s", missing)
		}
		return nil, nil
	}
	if !journal.ValidPart(paper.Original) {
		f.Add("paper", "扫描件没有上传成功，请重新选择")
		return nil, nil
	}
	stored, _, err := s.db.OpenFile(ctx, paper.Original)
	if fault.Is(err, fault.NotFound) {
		f.Add("paper", "扫描件没有上传成功，请重新选择")
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &paper, stored.Close()
}

// AssessInput is what an amount is computed from.
type AssessInput struct {
	// Phase is the part of the estate, such as 一期 or 整体.
	Phase string
	// Cost is the whole cost in fen, for rules with BaseCost; Area the floor area in m² with two decimals, as text, for those with BaseArea.
	Cost int64
	Area string
	// Day is the day of the event before which it must be paid, Begun that on which the period began, no date if it has not.
	Day, Begun calendar.Date
}

// Computed is an amount with its arithmetic.
type Computed struct {
	// Version is the rule version that applies on the day.
	Version Version
	// Fen is the amount, Lines how it came about.
	Fen   int64
	Lines []Line
}

// compute finds the rule and computes, after checking the input.
func (s *Service) compute(ctx context.Context, in *AssessInput) (Computed, error) {
	const op = "fund.Compute"
	var f registry.Faults
	f.Words("phase", "分期", &in.Phase, 1, 20)
	if in.Day.IsZero() {
		f.Add("day", "请填写要在哪一天以前缴存，例如 %s", s.today())
	}
	if !in.Begun.IsZero() {
		s.checkDay(&f, "begun", "存储期起算日", in.Begun)
	}
	area, areaErr := areaOf(in.Area)
	if areaErr != "" {
		f.Add("area", "%s", areaErr)
	}
	if err := f.Err(op); err != nil {
		return Computed{}, err
	}
	book, err := s.book(ctx)
	if err != nil {
		return Computed{}, err
	}
	v, ok := book.State.On(in.Day)
	if !ok {
		return Computed{}, fault.New(op, fault.Conflict, in.Day.Chinese()+"没有已采用的保修金规则，不能计算应缴金额。缴存比例等由住建局按上级文件确定：经办人在“保修金规则”填报，股长或局领导采用；系统不预设")
	}
	c := Computed{Version: v}
	c.Fen, c.Lines, err = v.Terms.Compute(in.Cost, area)
	return c, err
}

// Compute computes what would be due and stores nothing. Returns Forbidden without AssessFund, NotFound outside the scope, Invalid for refused fields (phase,
// cost, area, day, begun), Conflict if no version is in force on the day or it has no rate, naming who decides.
func (s *Service) Compute(ctx context.Context, by policy.Actor, project string, in AssessInput) (Computed, error) {
	if _, err := s.at(ctx, by, policy.AssessFund, project); err != nil {
		return Computed{}, err
	}
	return s.compute(ctx, &in)
}

// Assess makes an amount due and keeps the arithmetic. Returns what Compute returns, and Conflict if the ledger is full.
func (s *Service) Assess(ctx context.Context, by policy.Actor, project string, in AssessInput, idem *store.Idem) (store.Doc[Ledger], error) {
	return s.command(ctx, order{by: by, action: policy.AssessFund, project: project, idem: idem, opens: true}, func(l *Ledger) error {
		c, err := s.compute(ctx, &in)
		if err != nil {
			return err
		}
		if err := full(len(l.Dues), "应缴"); err != nil {
			return err
		}
		t := c.Version.Terms
		d := Due{ID: fmt.Sprintf("d%d", len(l.Dues)+1), Phase: in.Phase, Version: c.Version.ID, Title: t.Title, Document: t.Document, Lines: c.Lines, Fen: c.Fen, Event: t.DueBefore, Day: in.Day,
			Years: t.Years, Starts: t.Starts, Begun: in.Begun, Stages: t.Stages, LatePercent: t.LatePercent, LateClause: t.LateClause, Fine: t.Fine, Letter: t.Letter, Insurance: t.Insurance}
		l.Dues = append(l.Dues, d)
		return l.post(Entry{Kind: EntryAssess, Day: s.today(), Text: in.Phase + "应缴保修金，按" + t.Document, Fen: c.Fen, Postings: transfer(AccountDue, AccountDeposit, c.Fen), Ref: d.ID, By: by.ID})
	})
}

// Begin enters the day on which the period of an amount began. Returns Forbidden without AssessFund, NotFound outside the scope or for an unknown amount, Invalid
// (begun) for a day that is missing or has not come, Conflict if it is entered already.
func (s *Service) Begin(ctx context.Context, by policy.Actor, project, due string, day calendar.Date, idem *store.Idem) (store.Doc[Ledger], error) {
	const op = "fund.Begin"
	return s.command(ctx, order{by: by, action: policy.AssessFund, project: project, idem: idem}, func(l *Ledger) error {
		var f registry.Faults
		s.checkDay(&f, "begun", "存储期起算日", day)
		if err := f.Err(op); err != nil {
			return err
		}
		d, err := l.due(due)
		if err != nil {
			return err
		}
		if !d.Begun.IsZero() {
			return fault.New(op, fault.Conflict, d.Phase+"的存储期已从"+d.Begun.Chinese()+"起算，录错的请先冲正这笔应缴再重新核定")
		}
		d.Begun = day
		return nil
	})
}

// Money is money that came into the bank account.
type Money struct {
	// Due is the id of the amount that is paid; "" for interest.
	Due string
	// Fen is how much, Day when the bank booked it.
	Fen int64
	Day calendar.Date
	// Receipt is the number of the receipt (资金往来票据), Note what to remember, such as the payer's account ending.
	Receipt, Note string
	// Paper is the bank's slip. It may be missing if Line is there.
	Paper files.Stored
	// Line is the line of a bank statement from which it is booked, nil for none; whether their amounts agree, who gives it has looked at.
	Line *LineUse
}

// checkMoney names what is wrong with money that came in.
func (s *Service) checkMoney(ctx context.Context, in *Money, receipt bool) (*files.Stored, error) {
	var f registry.Faults
	checkFen(f.Add, in.Fen)
	s.checkDay(&f, "day", "银行入账日期", in.Day)
	if receipt {
		f.Words("receipt", "票据号码", &in.Receipt, 4, 30)
	}
	f.Words("note", "备注", &in.Note, 0, 100)
	missing := "请上传银行回单（PDF 或照片）"
	if in.Line != nil {
		missing = "" // the statement stands for it
	}
	paper, err := s.checkPaper(ctx, &f, in.Paper, missing)
	if err != nil {
		return nil, err
	}
	return paper, f.Err("fund.checkMoney")
}

// Pay records what the developer paid. The number of its receipt is claimed before. Returns Forbidden without BookFund, NotFound outside the scope or for an unknown amount, Invalid
// for refused fields (amount, day, receipt, note, paper), Conflict if less is open or the receipt's number belongs to another entry.
func (s *Service) Pay(ctx context.Context, by policy.Actor, project string, in Money, idem *store.Idem) (store.Doc[Ledger], error) {
	return s.command(ctx, order{by: by, action: policy.BookFund, project: project, idem: idem}, func(l *Ledger) error {
		if err := s.pay(ctx, by, &in, l); err != nil {
			return err
		}
		if err := s.claimReceipt(ctx, by, project, l, in.Receipt); err != nil || in.Line == nil {
			return err
		}
		return s.useLine(ctx, by, project, *in.Line)
	})
}

// pay books a payment in a ledger; nothing is claimed.
func (s *Service) pay(ctx context.Context, by policy.Actor, in *Money, l *Ledger) error {
	paper, err := s.checkMoney(ctx, in, true)
	if err != nil {
		return err
	}
	d, err := l.settle(in.Due, in.Fen, paid)
	if err != nil {
		return err
	}
	return l.post(Entry{Kind: EntryPayment, Day: in.Day, Text: strings.TrimSpace(d.Phase + "缴存 " + in.Note), Fen: in.Fen, Postings: transfer(AccountBank, AccountDue, in.Fen), Ref: d.ID,
		Receipt: in.Receipt, Paper: paper, Line: in.Line, By: by.ID})
}

// usedReceipt refuses a receipt that belongs to another entry.
func usedReceipt(number string, err error) error {
	return fault.Wrap("fund.usedReceipt", fault.Conflict, "票据号码“"+number+"”已经用过，一张票据只能登记一次；录错的请先冲正原来那一笔", err)
}

// freshReceipt makes sure that no standing entry of the ledger itself has a receipt.
func (s *Service) freshReceipt(ctx context.Context, project string, l *Ledger, number string) error {
	for change, err := range s.ledgers.History(ctx, project) {
		if err != nil {
			return err
		}
		if e := change.State.Entry; e != nil && e.Receipt == number && !slices.Contains(l.Reversed, e.No) {
			return usedReceipt(number, nil)
		}
	}
	return nil
}

// claimReceipt gives the number of a receipt to the ledger, and makes sure that no standing entry of the ledger itself has it. It is the last step before the
// change: a claim without an entry is left only by a crash, and the same ledger can use it.
func (s *Service) claimReceipt(ctx context.Context, by policy.Actor, project string, l *Ledger, number string) error {
	if err := s.freshReceipt(ctx, project, l, number); err != nil {
		return err
	}
	err := s.db.Claim(ctx, store.Meta{By: by.ID, Action: string(policy.BookFund)}, receiptClaim, number, ledgerKind+"/"+project)
	if fault.Is(err, fault.Conflict) {
		return usedReceipt(number, err)
	}
	return err
}

// BookInterest records interest that the bank credited. Returns as Pay, without amount and receipt.
func (s *Service) BookInterest(ctx context.Context, by policy.Actor, project string, in Money, idem *store.Idem) (store.Doc[Ledger], error) {
	return s.command(ctx, order{by: by, action: policy.BookFund, project: project, idem: idem}, func(l *Ledger) error {
		paper, err := s.checkMoney(ctx, &in, false)
		if err != nil {
			return err
		}
		return l.post(Entry{Kind: EntryInterest, Day: in.Day, Text: strings.TrimSpace("银行结息 " + in.Note), Fen: in.Fen, Postings: transfer(AccountBank, AccountInterest, in.Fen), Paper: paper, By: by.ID})
	})
}
