package fund

import (
	"context"
	"slices"
	"strconv"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// LineUse says which line of a bank statement stands behind an entry.
type LineUse struct {
	// Line is the id of the line; Turn counts from 0 and is higher by one each time that what the line stood behind was reversed.
	Line string `json:"line" privacy:"internal"`
	Turn int64  `json:"turn"`
	// Part tells the entries of one turn apart, from 1, if several amounts due of a project were paid by it; 0 for one entry.
	Part int64 `json:"part,omitempty"`
}

// Matched ties an entry that was booked before to a line of a bank statement.
type Matched struct {
	// No is the number of the entry, Use the line, By the account id of who confirmed it.
	No  int64   `json:"no"`
	Use LineUse `json:"use"`
	By  string  `json:"by" privacy:"internal"`
}

// lineClaim gives one turn of a line to what it stands behind.
const lineClaim = "fund-line"

// ClaimLine gives one turn of a line to a stream, "<kind>/<id>". A ledger claims as the last step before its change. Returns Conflict if another has it: of two who confirm the same line at the
// same moment one wins. A claim whose change was lost in a crash can be used by the same stream only; to move the line elsewhere, the entry is booked there and reversed.
func (s *Service) ClaimLine(ctx context.Context, by policy.Actor, use LineUse, target string) error {
	err := s.db.Claim(ctx, store.Meta{By: by.ID, Action: string(policy.BookFund)}, lineClaim, use.Line+"#"+strconv.FormatInt(use.Turn, 10), target)
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap("fund.ClaimLine", fault.Conflict, "这一行流水刚刚由别人匹配了，一行流水只能匹配一次，请重新打开看", err)
	}
	return err
}

// useLine makes sure that no change of the ledger used this turn of a line, and claims it.
func (s *Service) useLine(ctx context.Context, by policy.Actor, project string, use LineUse) error {
	for change, err := range s.ledgers.History(ctx, project) {
		if err != nil {
			return err
		}
		if change.State.uses(use) {
			return fault.New("fund.useLine", fault.Conflict, "这一行流水已经匹配过，一行流水只能匹配一次；配错的请冲正那一笔以后重新匹配")
		}
	}
	return s.ClaimLine(ctx, by, use, ledgerKind+"/"+project)
}

// uses reports whether the change itself tied an entry to this turn of a line.
func (l Ledger) uses(use LineUse) bool {
	return l.Entry != nil && l.Entry.Line != nil && *l.Entry.Line == use || l.Match != nil && l.Match.Use == use
}

// MatchLine ties an entry that moved the bank account to a line; whether their amounts agree, the caller has looked at. Returns Forbidden without BookFund, NotFound outside the scope or for an
// unknown entry, Conflict if the entry was reversed, is a reversal, moved no money, or it or the line is matched already.
func (s *Service) MatchLine(ctx context.Context, by policy.Actor, project string, no int64, use LineUse, idem *store.Idem) (store.Doc[Ledger], error) {
	const op = "fund.MatchLine"
	return s.command(ctx, order{by: by, action: policy.BookFund, project: project, idem: idem}, func(l *Ledger) error {
		e, err := s.entry(ctx, project, no)
		if err != nil {
			return err
		}
		if e.BankFen() == 0 || e.Kind == EntryReversal || slices.Contains(l.Reversed, no) {
			return fault.New(op, fault.Conflict, "这一笔没有动用银行存款，或者已经冲正，不能与流水匹配")
		}
		matched := e.Line != nil
		for change, err := range s.ledgers.History(ctx, project) {
			if err != nil {
				return err
			}
			matched = matched || change.State.Match != nil && change.State.Match.No == no
		}
		if matched {
			return fault.New(op, fault.Conflict, "这一笔已经与一行流水匹配，一笔只能匹配一次")
		}
		l.Match = &Matched{No: no, Use: use, By: by.ID}
		return s.useLine(ctx, by, project, use)
	})
}

// BookShare books the share of a project in a line of interest that somebody divided and claimed. Booking it again changes nothing. Returns as BookInterest.
func (s *Service) BookShare(ctx context.Context, by policy.Actor, project string, fen int64, day calendar.Date, note string, use LineUse) (store.Doc[Ledger], error) {
	return s.command(ctx, order{by: by, action: policy.BookFund, project: project}, func(l *Ledger) error {
		for change, err := range s.ledgers.History(ctx, project) {
			if err != nil {
				return err
			}
			if change.State.uses(use) {
				return errStands
			}
		}
		return l.post(Entry{Kind: EntryInterest, Day: day, Text: "银行结息 " + note, Fen: fen, Postings: transfer(AccountBank, AccountInterest, fen), Line: &use, By: by.ID})
	})
}

// CheckPart reports whether PayPart would book the part of a line now, so that nothing is written if one of several parts cannot be booked. Returns as Pay.
func (s *Service) CheckPart(ctx context.Context, by policy.Actor, project string, in Money) error {
	_, err := s.command(ctx, order{by: by, action: policy.BookFund, project: project, dry: true}, func(l *Ledger) error {
		if err := s.pay(ctx, by, &in, l); err != nil {
			return err
		}
		if err := s.freshReceipt(ctx, project, l, in.Receipt); err != nil {
			return err
		}
		owner, err := s.db.Claimed(ctx, receiptClaim, in.Receipt)
		if err == nil && owner != ledgerKind+"/"+project {
			return usedReceipt(in.Receipt, nil)
		}
		if fault.Is(err, fault.NotFound) {
			return nil
		}
		return err
	})
	return err
}

// PayPart books the part of a line that somebody split and claimed as a payment of an amount due. Booking it again changes nothing. Returns as Pay.
func (s *Service) PayPart(ctx context.Context, by policy.Actor, project string, in Money) (store.Doc[Ledger], error) {
	return s.command(ctx, order{by: by, action: policy.BookFund, project: project}, func(l *Ledger) error {
		for change, err := range s.ledgers.History(ctx, project) {
			if err != nil {
				return err
			}
			if change.State.uses(*in.Line) {
				return errStands
			}
		}
		if err := s.pay(ctx, by, &in, l); err != nil {
			return err
		}
		return s.claimReceipt(ctx, by, project, l, in.Receipt)
	})
}

// BankFen is what an entry adds to the bank account in fen, negative for what it takes away, 0 for none.
func (e Entry) BankFen() (fen int64) {
	for _, p := range e.Postings {
		if p.Account == AccountBank {
			fen += p.Fen
		}
	}
	return fen
}

// Booked is an entry that moved the bank account.
type Booked struct {
	// Project and Name are the id and the name of the project.
	Project, Name string
	// Entry is what was posted, with the line that it was matched to later, Fen what it added to the bank account.
	Entry
	Fen int64
	// Undone: it was reversed later.
	Undone bool
}

// Whole reports whether the actor sees the ledgers of the whole county, and with them the bank account. Returns Forbidden without ReadFund.
func (s *Service) Whole(ctx context.Context, by policy.Actor) (bool, error) {
	scope, err := s.readable(ctx, by)
	return scope.All(), err
}

// BankEntries returns every ledger of the county and every entry that moved the bank account, by place, name and number. Returns Forbidden without ReadFund, NotFound for who does not see the
// whole county.
func (s *Service) BankEntries(ctx context.Context, by policy.Actor) ([]Row, []Booked, error) {
	whole, err := s.Whole(ctx, by)
	if err != nil {
		return nil, nil, err
	}
	if !whole {
		return nil, nil, fault.New("fund.BankEntries", fault.NotFound, "银行对账只给看全县账目的岗位")
	}
	var rows []Row
	if _, err := s.All(ctx, by, func(r Row) error { rows = append(rows, r); return nil }); err != nil {
		return nil, nil, err
	}
	var out []Booked
	for _, r := range rows {
		first := len(out)
		for change, err := range s.ledgers.History(ctx, r.Project) {
			if err != nil {
				return nil, nil, err
			}
			if e := change.State.Entry; e != nil && e.BankFen() != 0 {
				out = append(out, Booked{Project: r.Project, Name: r.Ledger.Name, Entry: *e, Fen: e.BankFen(), Undone: slices.Contains(r.Ledger.Reversed, e.No)})
			}
			if m := change.State.Match; m != nil {
				for i := range out[first:] {
					if b := &out[first+i]; b.No == m.No {
						b.Line = &m.Use
					}
				}
			}
		}
	}
	return rows, out, nil
}
