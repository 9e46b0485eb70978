// Package bank reconciles the guarantee fund with the statements of its bank accounts.
//
//  1. A line of a statement is stored once, under an id that derives from account and serial number, or from what it says; it never changes. A file is imported once.
//  2. A statement is imported whole or not at all: every cell that cannot be read is named, and opening balance, lines and closing balance must agree to the fen.
//  3. What a line stands behind is kept in the ledgers (fund.LineUse): a line is matched once, an entry is matched once, also under two simultaneous confirmations. A match ends only by the
//     reversal of its entry, with a reason, by another person.
//  4. The computer proposes, a person confirms. Interest is divided by days and balances with the largest remainder; the shares add up to the line.
//  5. The ledger's balance at the end of a month less the bank's is what stood there at the start, plus what only the ledger has, less what only the bank has. A report is frozen when a second
//     person closes the month; what changes afterwards is shown beside it, and a corrected report is another version.
package bank

import (
	"fmt"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/policy"
)

// Account is one bank account of the fund.
type Account struct {
	// Bank is the branch that keeps it, Number its number, Name what people call it.
	Bank   string `json:"bank" privacy:"internal"`
	Number string `json:"number" privacy:"internal"`
	Name   string `json:"name" privacy:"internal"`
	// Mapping is how the columns of its statements were read the last time; nothing before the first import.
	Mapping Mapping `json:"mapping"`
	// Started is the first day of its first statement, no date before that, Opening the balance in fen with which that began.
	Started calendar.Date `json:"started"`
	Opening int64         `json:"opening"`
	// Last is the last day of its latest statement, Closing the balance after that.
	Last    calendar.Date `json:"last"`
	Closing int64         `json:"closing"`
}

// Mapping says which column of a statement holds what, by heading. Money is In and Out, or Amount with a sign, or Amount with Side (借 or 贷).
type Mapping struct {
	Day     string `json:"day,omitempty" privacy:"internal"`
	In      string `json:"in,omitempty" privacy:"internal"`
	Out     string `json:"out,omitempty" privacy:"internal"`
	Amount  string `json:"amount,omitempty" privacy:"internal"`
	Side    string `json:"side,omitempty" privacy:"internal"`
	Balance string `json:"balance,omitempty" privacy:"internal"`
	Serial  string `json:"serial,omitempty" privacy:"internal"`
	Payer   string `json:"payer,omitempty" privacy:"internal"`
	Text    string `json:"text,omitempty" privacy:"internal"`
}

// Role is one thing that a column can hold.
type Role struct {
	// Field is its name in forms, Title its name for people, At where a mapping keeps the heading.
	Field, Title string
	At           func(*Mapping) *string
	// usual are headings that banks give it.
	usual []string
}

// Roles are what columns can hold, in the order of forms.
func Roles() []Role {
	return []Role{
		{"day", "日期", func(m *Mapping) *string { return &m.Day }, []string{"交易日期", "记账日期", "入账日期", "日期", "交易时间", "交易日"}},
		{"in", "收入金额", func(m *Mapping) *string { return &m.In }, []string{"贷方发生额", "收入金额", "贷方金额", "收入", "转入金额", "贷方"}},
		{"out", "支出金额", func(m *Mapping) *string { return &m.Out }, []string{"借方发生额", "支出金额", "借方金额", "支出", "转出金额", "借方"}},
		{"amount", "金额（一列）", func(m *Mapping) *string { return &m.Amount }, []string{"交易金额", "发生额", "金额"}},
		{"side", "借贷标志", func(m *Mapping) *string { return &m.Side }, []string{"借贷标志", "借贷", "收支标志", "借贷方向", "收/支"}},
		{"balance", "余额", func(m *Mapping) *string { return &m.Balance }, []string{"余额", "账户余额", "当前余额"}},
		{"serial", "流水号", func(m *Mapping) *string { return &m.Serial }, []string{"流水号", "交易流水号", "交易流水", "凭证号", "柜员流水号"}},
		{"payer", "对方户名", func(m *Mapping) *string { return &m.Payer }, []string{"对方户名", "对方名称", "对方单位", "对方账户名称"}},
		{"text", "摘要", func(m *Mapping) *string { return &m.Text }, []string{"摘要", "用途", "附言", "交易摘要", "备注"}},
	}
}

// Line is one line of a statement. It never changes.
type Line struct {
	// Account and Statement are ids; Row is the row in the file, Place the order of lines in time.
	Account   string `json:"account" privacy:"internal"`
	Statement string `json:"statement" privacy:"internal"`
	Row       int64  `json:"row"`
	Place     int64  `json:"place"`
	// Day is when the bank booked it, Fen what it added to the account, negative for what went out.
	Day calendar.Date `json:"day"`
	Fen int64         `json:"fen"`
	// Balance is the account's balance after it, if the statement says so.
	Balance *int64 `json:"balance,omitempty"`
	// Serial is the bank's number of it, "" for none, Payer the other side, Text what it is for.
	Serial string `json:"serial,omitempty" privacy:"internal"`
	Payer  string `json:"payer,omitempty" privacy:"internal"`
	Text   string `json:"text,omitempty" privacy:"internal"`
}

// Statement is one imported file.
type Statement struct {
	// Account is whose it is, FileName what the file was called, FileHash the SHA-256 of its bytes, under which they are kept.
	Account  string `json:"account" privacy:"internal"`
	FileName string `json:"file_name" privacy:"internal"`
	FileHash string `json:"file_hash" privacy:"internal"`
	// From and Until are the days of its first and last line.
	From  calendar.Date `json:"from"`
	Until calendar.Date `json:"until"`
	// Opening and Closing are the balances in fen, In and Out what came in and went out.
	Opening int64 `json:"opening"`
	Closing int64 `json:"closing"`
	In      int64 `json:"in"`
	Out     int64 `json:"out"`
	// New lines were stored, Known ones were there from another file.
	New   int64 `json:"new"`
	Known int64 `json:"known"`
	// By is who imported it, At when.
	By string       `json:"by" privacy:"internal"`
	At journal.Time `json:"at"`
}

// MaxRows is the largest number of lines of one statement.
const MaxRows = 5_000

// Month is a calendar month, such as 2026-09.
type Month struct{ calendar.Span }

// ParseMonth reads 2026-09. Returns Invalid for anything else.
func ParseMonth(text string) (Month, error) {
	first, err := calendar.ParseDate(text + "-01")
	if err != nil || len(text) != 7 {
		return Month{}, fault.New("bank.ParseMonth", fault.Invalid, "“"+shorten(text)+"”不是月份，要写成 2026-09")
	}
	return monthOf(first), nil
}

// monthOf is the month of a day.
func monthOf(day calendar.Date) Month {
	_, _, n := day.Parts()
	first := day.Add(1 - n)
	return Month{calendar.Span{First: first, Last: first.AddMonths(1).Add(-1)}}
}

// MonthOf is the month of a day.
func MonthOf(day calendar.Date) Month { return monthOf(day) }

// String is 2026-09.
func (m Month) String() string { return m.First.String()[:7] }

// Chinese is 2026年9月.
func (m Month) Chinese() string {
	year, month, _ := m.First.Parts()
	return fmt.Sprintf("%d年%d月", year, int(month))
}

// shorten keeps what is shown of a wrong value short.
func shorten(text string) string {
	if signs := []rune(text); len(signs) > 30 {
		return string(signs[:30]) + "…"
	}
	return text
}

// AccountInput is what is entered about a bank account.
type AccountInput struct {
	// Bank is the branch (2 to 40 signs), Number 8 to 30 digits, Name 2 to 20 signs.
	Bank, Number, Name string
}

func (in *AccountInput) check() error {
	var bad []fault.Field
	for _, f := range []struct {
		name, label string
		value       *string
		least, most int
	}{{"bank", "开户银行", &in.Bank, 2, 40}, {"name", "账户简称", &in.Name, 2, 20}} {
		*f.value = strings.TrimSpace(*f.value)
		if n := len([]rune(*f.value)); n < f.least || n > f.most {
			bad = append(bad, fault.Field{Name: f.name, Message: fmt.Sprintf("%s要填 %d 至 %d 个字，现在是“%s”", f.label, f.least, f.most, shorten(*f.value))})
		}
	}
	in.Number = strings.ReplaceAll(strings.TrimSpace(in.Number), " ", "")
	digits := strings.Trim(in.Number, "0123456789") == ""
	if n := len(in.Number); !digits || n < 8 || n > 30 {
		bad = append(bad, fault.Field{Name: "number", Message: "账号要填 8 至 30 位数字，现在是“" + shorten(in.Number) + "”"})
	}
	if len(bad) > 0 {
		return fault.InvalidFields("bank.AddAccount", bad...)
	}
	return nil
}

// Tail is the number with all but its last four digits hidden.
func (a Account) Tail() string {
	if len(a.Number) < 4 {
		return ""
	}
	return "尾号 " + a.Number[len(a.Number)-4:]
}

// hand is what one person did.
type hand struct {
	By string       `json:"by" privacy:"internal"`
	At journal.Time `json:"at"`
}

func (s *Service) hand(by policy.Actor) hand { return hand{By: by.ID, At: journal.At(s.db.Now())} }
