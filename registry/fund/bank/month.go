package bank

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// Side is one side of a month in fen: Opening + In − Out = Closing.
type Side struct {
	Opening int64 `json:"opening"`
	In      int64 `json:"in"`
	Out     int64 `json:"out"`
	Closing int64 `json:"closing"`
}

func (s *Side) add(fen int64) {
	if fen > 0 {
		s.In += fen
	} else {
		s.Out -= fen
	}
	s.Closing += fen
}

// Item is what only one of the two sides has.
type Item struct {
	// Day is when, Text what it is, Fen what it added to the account.
	Day  calendar.Date `json:"day"`
	Text string        `json:"text" privacy:"internal"`
	Fen  int64         `json:"fen"`
}

// Report is the reconciliation of a month. Ledger.Closing − Bank.Closing = Base + the sum of OnlyLedger − the sum of OnlyBank.
type Report struct {
	// Month is 2026-09; Ledger and Bank are the two sides.
	Month  string `json:"month" privacy:"public"`
	Ledger Side   `json:"ledger"`
	Bank   Side   `json:"bank"`
	// Base is by how much the ledgers held more than the accounts when the statements began.
	Base int64 `json:"base"`
	// OnlyLedger and OnlyBank are what is unmatched until the end of the month.
	OnlyLedger []Item `json:"only_ledger,omitempty"`
	OnlyBank   []Item `json:"only_bank,omitempty"`
}

// Difference is by how much the ledgers hold more than the accounts.
func (r Report) Difference() int64 { return r.Ledger.Closing - r.Bank.Closing }

// Explained is the difference as base and unmatched items give it; it is always the Difference.
func (r Report) Explained() int64 {
	sum := r.Base
	for _, i := range r.OnlyLedger {
		sum += i.Fen
	}
	for _, i := range r.OnlyBank {
		sum -= i.Fen
	}
	return sum
}

// same reports whether two reports say the same.
func (r Report) same(o Report) bool { return fmt.Sprint(r) == fmt.Sprint(o) }

// Report is the reconciliation of a month as the books stand.
func (b *Books) Report(m Month) Report {
	r := Report{Month: m.String()}
	for _, e := range b.Entries {
		switch {
		case e.Day.Compare(m.First) < 0:
			r.Ledger.Opening += e.Fen
			r.Ledger.Closing += e.Fen
		case e.Day.Compare(m.Last) <= 0:
			r.Ledger.add(e.Fen)
		}
		if e.Day.Compare(m.Last) <= 0 && (b.Start.IsZero() || e.Day.Compare(b.Start) < 0) && !stands(e) {
			r.Base += e.Fen
		}
	}
	for _, a := range b.Accounts {
		if a.State.Started.IsZero() || a.State.Started.Compare(m.Last) > 0 {
			continue
		}
		// An account that begins within the month brings its balance along.
		r.Bank.Opening += a.State.Opening
		r.Bank.Closing += a.State.Opening
		r.Base -= a.State.Opening
	}
	for _, l := range b.Lines {
		switch {
		case l.State.Day.Compare(m.First) < 0:
			r.Bank.Opening += l.State.Fen
			r.Bank.Closing += l.State.Fen
		case l.State.Day.Compare(m.Last) <= 0:
			r.Bank.add(l.State.Fen)
		}
	}
	for _, e := range b.OpenEntries(m.Last) {
		r.OnlyLedger = append(r.OnlyLedger, Item{e.Day, fmt.Sprintf("%s第 %d 笔 %s", e.Name, e.No, e.Kind.Title()), e.Fen})
	}
	for _, l := range b.OpenLines(m.Last) {
		r.OnlyBank = append(r.OnlyBank, Item{l.State.Day, shorten(strings.TrimSpace(l.State.Payer + " " + l.State.Text)), b.Open(l, m.Last)})
	}
	return r
}

// MonthState is where the report of a month stands: prepared → closed → prepared (a correction) → closed.
type MonthState string

// The states.
const (
	// MonthPrepared: waits for the second person (待关账).
	MonthPrepared MonthState = "prepared"
	// MonthClosed: frozen (已关账).
	MonthClosed MonthState = "closed"
)

// Title is the state for people.
func (s MonthState) Title() string {
	if s == MonthClosed {
		return "已关账"
	}
	return "待关账"
}

// Closing is the report of a month that somebody prepared and another person closed.
type Closing struct {
	// Report is what is frozen, Version counts from 1, Reason says why a closed one was prepared again, "" for the first.
	Report  Report     `json:"report"`
	Version int64      `json:"version"`
	Reason  string     `json:"reason,omitempty" privacy:"internal"`
	State   MonthState `json:"state" privacy:"public"`
	// Prepared and Closed are who did it.
	Prepared hand `json:"prepared"`
	Closed   hand `json:"closed"`
}

// MonthView is a month as it stands and as it was closed.
type MonthView struct {
	// Month and Now are the month and its report by the books of today.
	Month Month
	Now   Report
	// Kept is what was prepared or closed last, Seq its number, 0 for none; Changed: the books say something else than it.
	Kept    Closing
	Seq     int64
	Changed bool
	// Earlier are the closed versions, the latest first.
	Earlier []Closing
}

// maxItems is how many unmatched items a closed report holds on each side; a record has 64 KiB.
const maxItems = 150

// Month shows the reconciliation of a month. Returns as Books.
func (s *Service) Month(ctx context.Context, by policy.Actor, m Month) (MonthView, error) {
	b, err := s.Books(ctx, by)
	if err != nil {
		return MonthView{}, err
	}
	v := MonthView{Month: m, Now: b.Report(m)}
	for change, err := range s.months.History(ctx, m.String()) {
		if err != nil {
			return v, err
		}
		v.Kept, v.Seq = change.State, change.Seq
		if change.State.State == MonthClosed {
			v.Earlier = append([]Closing{change.State}, v.Earlier...)
		}
	}
	v.Changed = v.Seq > 0 && !v.Kept.Report.same(v.Now)
	return v, nil
}

// Months are the months with a report that was prepared or closed, the latest first. Returns as Accounts.
func (s *Service) Months(ctx context.Context, by policy.Actor) ([]Closing, error) {
	if err := s.require(ctx, by, policy.ReadFund); err != nil {
		return nil, err
	}
	docs, err := everything(ctx, s.months)
	out := make([]Closing, len(docs))
	for i, d := range docs {
		out[len(docs)-1-i] = d.State
	}
	return out, err
}

// Prepare keeps the report of a month that is over, for another person to close. A month that is closed needs a reason (4 to 100 signs) and becomes another version. Returns Forbidden without BookFund, Invalid (reason),
// Conflict if the month is not over, no statement covers its end, too much is unmatched, a closed report would not change, or somebody was quicker.
func (s *Service) Prepare(ctx context.Context, by policy.Actor, m Month, reason string, idem *store.Idem) error {
	const op = "bank.Prepare"
	if err := s.require(ctx, by, policy.BookFund); err != nil {
		return err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.BookFund), Why: reason, Idem: idem}
	if _, done, err := s.months.Replay(ctx, meta); err != nil || done {
		return err
	}
	v, err := s.Month(ctx, by, m)
	if err != nil {
		return err
	}
	stop := func(format string, args ...any) error {
		return fault.New(op, fault.Conflict, fmt.Sprintf(format, args...))
	}
	next := Closing{Report: v.Now, Version: max(1, v.Kept.Version), Reason: v.Kept.Reason, State: MonthPrepared, Prepared: s.hand(by)}
	if v.Kept.State == MonthClosed {
		reason = strings.TrimSpace(reason)
		if n := utf8.RuneCountInString(reason); n < 4 || n > 100 {
			return fault.InvalidFields(op, fault.Field{Name: "reason", Message: fmt.Sprintf("更正已关账的月份要写原因，4 至 100 个字，现在 %d 个字", n)})
		}
		next.Version, next.Reason = v.Kept.Version+1, reason
	}
	switch {
	case m.Last.Compare(s.today()) >= 0:
		return stop("%s还没有结束，不能编制月报", m.Chinese())
	case v.Seq > 0 && !v.Changed:
		return stop("%s的月报没有变动，不用重新编制", m.Chinese())
	case len(v.Now.OnlyLedger) > maxItems || len(v.Now.OnlyBank) > maxItems:
		return stop("未达账项有 %d 项，请先匹配到每边不超过 %d 项", len(v.Now.OnlyLedger)+len(v.Now.OnlyBank), maxItems)
	case v.Now.Difference() != v.Now.Explained():
		return stop("差额 %s 元与未达账项合计 %s 元不符，请联系系统管理员", fund.Yuan(v.Now.Difference()), fund.Yuan(v.Now.Explained()))
	}
	if why, err := s.incomplete(ctx, by, m); err != nil || why != "" {
		if err == nil {
			err = stop("%s", why)
		}
		return err
	}
	_, err = s.months.Commit(ctx, meta, m.String(), v.Seq, next)
	return err
}

// incomplete says which account has no statement for a month, or statements that do not follow each other; "" if all are whole.
func (s *Service) incomplete(ctx context.Context, by policy.Actor, m Month) (string, error) {
	b, err := s.Books(ctx, by)
	if err != nil {
		return "", err
	}
	if b.Start.IsZero() || b.Start.Compare(m.Last) > 0 {
		return "还没有导入过" + m.Chinese() + "的银行对账单", nil
	}
	for _, a := range b.Accounts {
		if a.State.Started.IsZero() {
			continue
		}
		if a.State.Last.Compare(m.First) < 0 {
			return fmt.Sprintf("%s的对账单只到%s，请先导入%s的", a.State.Name, a.State.Last.Chinese(), m.Chinese()), nil
		}
		sum := a.State.Opening
		for _, l := range b.Lines {
			if l.State.Account == a.ID {
				sum += l.State.Fen
			}
		}
		if sum != a.State.Closing {
			return fmt.Sprintf("%s的对账单不连续：期初加各行流水是 %s 元，最后一份的余额是 %s 元，中间缺一份", a.State.Name, fund.Yuan(sum), fund.Yuan(a.State.Closing)), nil
		}
	}
	return "", nil
}

// Close freezes a prepared report, by another person than prepared it. Returns Forbidden without ReverseFund or for who prepared it, NotFound if none is prepared, Conflict if it is closed or the books changed since.
func (s *Service) Close(ctx context.Context, by policy.Actor, m Month, idem *store.Idem) error {
	const op = "bank.Close"
	if err := s.require(ctx, by, policy.ReverseFund); err != nil {
		return err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.ReverseFund), Idem: idem}
	if _, done, err := s.months.Replay(ctx, meta); err != nil || done {
		return err
	}
	v, err := s.Month(ctx, by, m)
	if err != nil {
		return err
	}
	switch {
	case v.Seq == 0:
		return fault.New(op, fault.NotFound, m.Chinese()+"的月报还没有编制")
	case v.Kept.State == MonthClosed:
		return fault.New(op, fault.Conflict, m.Chinese()+"已经关账")
	}
	if err := policy.Separate(by, policy.PartCheck, []policy.Act{{Part: policy.PartMake, By: v.Kept.Prepared.By}}); err != nil {
		return err
	}
	if v.Changed {
		return fault.New(op, fault.Conflict, "编制以后账目又有变动，请出纳重新编制再关账")
	}
	next := v.Kept
	next.State, next.Closed = MonthClosed, s.hand(by)
	_, err = s.months.Commit(ctx, meta, m.String(), v.Seq, next)
	return err
}
