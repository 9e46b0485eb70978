package fund

import (
	"context"
	"fmt"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// areaOf reads a floor area; "" is none. The second result says what is wrong.
func areaOf(text string) (num.Num, string) {
	plain := strings.ReplaceAll(strings.TrimSpace(text), ",", "")
	if plain == "" {
		return num.Num{}, ""
	}
	n, err := num.Parse(plain)
	if err != nil {
		return num.Num{}, "建筑面积“" + shorten(text) + "”要填数字，例如 52000.50"
	}
	return n, ""
}

// LetterInput is a letter of guarantee or an insurance as handed in.
type LetterInput struct {
	// Due is the amount that it stands for, Fen how much of it.
	Due string
	Fen int64
	// Kind, Issuer, Number and Days: see Letter.
	Kind           LetterKind
	Issuer, Number string
	Days           policy.Span
	// Paper is its scan.
	Paper files.Stored
}

// AcceptLetter lets a letter of guarantee or an insurance stand in the place of money, as far as the rule of the amount allows it. Returns Forbidden without
// AssessFund, NotFound outside the scope or for an unknown amount, Invalid for refused fields (amount, kind, issuer, number, from, until, paper), Conflict if the
// rule does not allow it or less is open.
func (s *Service) AcceptLetter(ctx context.Context, by policy.Actor, project string, in LetterInput, idem *store.Idem) (store.Doc[Ledger], error) {
	const op = "fund.AcceptLetter"
	return s.command(ctx, order{by: by, action: policy.AssessFund, project: project, idem: idem}, func(l *Ledger) error {
		var f registry.Faults
		checkFen(f.Add, in.Fen)
		choose(&f, "kind", "种类", string(in.Kind), LetterKinds())
		f.Words("issuer", "出具单位", &in.Issuer, 2, 60)
		f.Words("number", "编号", &in.Number, 2, 60)
		switch today := s.today(); {
		case in.Days.From.IsZero(), in.Days.Until.IsZero():
			f.Add("until", "请填写保函（保险）的起止日期")
		case in.Days.Until.Compare(in.Days.From) < 0:
			f.Add("until", "止期%s早于起期%s", in.Days.Until.Chinese(), in.Days.From.Chinese())
		case in.Days.Until.Compare(today) < 0:
			f.Add("until", "止期%s已经过去，不能替代缴存", in.Days.Until.Chinese())
		case in.Days.From.Compare(today) > 0:
			f.Add("from", "起期%s还没有到", in.Days.From.Chinese())
		}
		paper, err := s.checkPaper(ctx, &f, in.Paper, "请上传保函或保单（PDF 或照片）")
		if err != nil {
			return err
		}
		if err := f.Err(op); err != nil {
			return err
		}
		if err := full(len(l.Letters), "保函（保险）"); err != nil {
			return err
		}
		d, err := l.settle(in.Due, in.Fen, secured)
		if err != nil {
			return err
		}
		word := registry.TextOf(LetterKinds(), in.Kind)
		if in.Kind == LetterBank && !d.Letter || in.Kind == LetterInsurance && !d.Insurance {
			return fault.New(op, fault.Conflict, "《"+d.Title+"》（"+d.Document+"）不允许用"+word+"替代缴存")
		}
		g := Letter{ID: fmt.Sprintf("l%d", len(l.Letters)+1), Due: d.ID, Kind: in.Kind, Issuer: in.Issuer, Number: in.Number, Fen: in.Fen, Days: in.Days}
		l.Letters = append(l.Letters, g)
		return l.post(Entry{Kind: EntryLetter, Day: s.today(), Text: d.Phase + "由" + in.Issuer + "的" + word + "替代，至" + in.Days.Until.Chinese(), Fen: in.Fen,
			Postings: transfer(AccountDeposit, AccountDue, in.Fen), Ref: g.ID, Document: in.Number, Paper: paper, By: by.ID})
	})
}

// EndLetter ends the replacement by a letter or insurance that ran out or was withdrawn: the amount is due in money again. Returns Forbidden without AssessFund,
// NotFound outside the scope or for an unknown letter, Invalid (reason), Conflict if it ended before.
func (s *Service) EndLetter(ctx context.Context, by policy.Actor, project, letter, reason string, idem *store.Idem) (store.Doc[Ledger], error) {
	const op = "fund.EndLetter"
	var f registry.Faults
	f.Words("reason", "原因", &reason, 2, 100)
	return s.command(ctx, order{by: by, action: policy.AssessFund, project: project, why: reason, idem: idem}, func(l *Ledger) error {
		if err := f.Err(op); err != nil {
			return err
		}
		g, err := l.letter(letter)
		if err != nil {
			return err
		}
		if !g.Ended.IsZero() {
			return fault.New(op, fault.Conflict, "这份保函（保险）已在"+g.Ended.Chinese()+"终止替代")
		}
		d, err := l.due(g.Due)
		if err != nil {
			return err
		}
		g.Ended = s.today()
		d.Secured -= g.Fen
		return l.post(Entry{Kind: EntryLetterEnd, Day: s.today(), Text: d.Phase + "的" + registry.TextOf(LetterKinds(), g.Kind) + "终止替代：" + reason, Fen: g.Fen,
			Postings: transfer(AccountDue, AccountDeposit, g.Fen), Ref: g.ID, Document: g.Number, By: by.ID})
	})
}

// CourtOrder is a paper of a court about money of a ledger.
type CourtOrder struct {
	// Freeze is the id of the freeze that is released or taken; "" for a new one.
	Freeze string
	// Court and Document name the paper (协助执行通知书).
	Court, Document string
	// Fen is how much, Day when, Until the last day of a freeze, no date if the paper names none.
	Fen        int64
	Day, Until calendar.Date
	// Paper is its scan.
	Paper files.Stored
}

// checkOrder names what is wrong with a paper of a court.
func (s *Service) checkOrder(ctx context.Context, in *CourtOrder) (*files.Stored, error) {
	var f registry.Faults
	checkFen(f.Add, in.Fen)
	f.Words("court", "法院", &in.Court, 2, 60)
	f.Words("document", "文书编号", &in.Document, 4, 60)
	s.checkDay(&f, "day", "办理日期", in.Day)
	if !in.Until.IsZero() && in.Until.Compare(in.Day) < 0 {
		f.Add("until", "冻结期满日%s早于办理日期%s", in.Until.Chinese(), in.Day.Chinese())
	}
	paper, err := s.checkPaper(ctx, &f, in.Paper, "请上传协助执行通知书（PDF 或照片）")
	if err != nil {
		return nil, err
	}
	return paper, f.Err("fund.checkOrder")
}

// FreezeMoney freezes principal on the order of a court. Returns Forbidden without AssessFund, NotFound outside the scope, Invalid for refused fields (amount,
// court, document, day, until, paper), Conflict if less is there.
func (s *Service) FreezeMoney(ctx context.Context, by policy.Actor, project string, in CourtOrder, idem *store.Idem) (store.Doc[Ledger], error) {
	return s.command(ctx, order{by: by, action: policy.AssessFund, project: project, idem: idem}, func(l *Ledger) error {
		paper, err := s.checkOrder(ctx, &in)
		if err != nil {
			return err
		}
		if err := full(len(l.Freezes), "司法冻结"); err != nil {
			return err
		}
		h := Freeze{ID: fmt.Sprintf("h%d", len(l.Freezes)+1), Court: in.Court, Document: in.Document, Day: in.Day, Until: in.Until, Fen: in.Fen, Open: in.Fen, By: by.ID}
		l.Freezes = append(l.Freezes, h)
		return l.post(Entry{Kind: EntryFreeze, Day: in.Day, Text: in.Court + "冻结", Fen: in.Fen, Postings: transfer(AccountDeposit, AccountCourt, in.Fen), Ref: h.ID, Document: in.Document, Paper: paper, By: by.ID})
	})
}

// Release releases frozen money on the order of a court. Returns Forbidden without ReverseFund or for who entered the freeze, NotFound outside the scope or for an
// unknown freeze, Invalid as FreezeMoney, Conflict if less is frozen.
func (s *Service) Release(ctx context.Context, by policy.Actor, project string, in CourtOrder, idem *store.Idem) (store.Doc[Ledger], error) {
	return s.thaw(ctx, by, project, in, idem, Entry{Kind: EntryUnfreeze, Text: "解除冻结", Postings: transfer(AccountCourt, AccountDeposit, in.Fen)})
}

// Deduct pays frozen money to a court. Returns as Release.
func (s *Service) Deduct(ctx context.Context, by policy.Actor, project string, in CourtOrder, idem *store.Idem) (store.Doc[Ledger], error) {
	return s.thaw(ctx, by, project, in, idem, Entry{Kind: EntryDeduct, Text: "扣划", Postings: transfer(AccountCourt, AccountBank, in.Fen)})
}

// thaw takes an amount off a freeze, by another person than entered it.
func (s *Service) thaw(ctx context.Context, by policy.Actor, project string, in CourtOrder, idem *store.Idem, e Entry) (store.Doc[Ledger], error) {
	return s.command(ctx, order{by: by, action: policy.ReverseFund, project: project, idem: idem}, func(l *Ledger) error {
		paper, err := s.checkOrder(ctx, &in)
		if err != nil {
			return err
		}
		h, err := l.freeze(in.Freeze)
		if err != nil {
			return err
		}
		if err := policy.Separate(by, policy.PartCheck, []policy.Act{{Part: policy.PartMake, By: h.By}}); err != nil {
			return err
		}
		if in.Fen > h.Open {
			return fault.New("fund.thaw", fault.Conflict, "这项冻结还有 "+Yuan(h.Open)+" 元，这次是 "+Yuan(in.Fen)+" 元")
		}
		h.Open -= in.Fen
		e.Day, e.Fen, e.Ref, e.Document, e.Paper, e.By, e.Text = in.Day, in.Fen, h.ID, in.Document, paper, by.ID, in.Court+e.Text
		return l.post(e)
	})
}

// Reverse books the opposite of an entry, by another person than booked it, with the reason. Returns Forbidden without ReverseFund or for who booked it, NotFound
// outside the scope or for an unknown entry, Invalid (reason), Conflict if it was reversed before or something later stands on it.
func (s *Service) Reverse(ctx context.Context, by policy.Actor, project string, no int64, reason string, idem *store.Idem) (store.Doc[Ledger], error) {
	const op = "fund.Reverse"
	var f registry.Faults
	f.Words("reason", "原因", &reason, 4, 100)
	return s.command(ctx, order{by: by, action: policy.ReverseFund, project: project, why: reason, idem: idem}, func(l *Ledger) error {
		if err := f.Err(op); err != nil {
			return err
		}
		e, err := s.entry(ctx, project, no)
		if err != nil {
			return err
		}
		if err := policy.Separate(by, policy.PartCheck, []policy.Act{{Part: policy.PartMake, By: e.By}}); err != nil {
			return err
		}
		return l.reverse(e, Entry{Day: s.today(), Text: fmt.Sprintf("冲正第 %d 笔（%s）：%s", no, e.Kind.Title(), reason), By: by.ID})
	})
}

// entry is one entry of a ledger, or NotFound.
func (s *Service) entry(ctx context.Context, project string, no int64) (Entry, error) {
	for change, err := range s.ledgers.History(ctx, project) {
		if err != nil {
			return Entry{}, err
		}
		if e := change.State.Entry; e != nil && e.No == no {
			return *e, nil
		}
	}
	return Entry{}, fault.New("fund.entry", fault.NotFound, "没有找到这一笔")
}
