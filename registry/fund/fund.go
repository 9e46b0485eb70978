// Package fund keeps the quality guarantee fund of new estates (物业质量保修金): a ledger for each project, and the rule by which amounts are due.
//
//  1. Money is int64 fen. A stream is one project's whole ledger with its share of the bank account; the balance of the county is a sum.
//  2. Every entry posts amounts that add up to zero. Entries are never changed; a mistake is corrected by a reversal, each entry at most once, by another person.
//  3. No account falls below zero, and the bank never below what is frozen and held. No sum overflows: what would is refused.
//  4. A number of a receipt (票据) belongs to one entry that stands; a request with the same key takes effect once.
//  5. The rate is nobody's guess: without a rule version that two persons put in force nothing is computed, and the refusal says whose decision is missing.
//     An amount keeps the lines by which it was computed and the version that it was computed by.
//     Money held for a repair is named by its claim; paying takes all of a hold away, what is not paid going back to the principal.
//  6. Who froze money does not release or pay it; who proposed a rule does not adopt it.
//  7. A row outside the actor's scope does not exist for him.
package fund

import (
	"fmt"
	"math"
	"regexp"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// Account is one account of a project's ledger. Bank and Due are debit accounts (assets), the others credit accounts (owed to the developer).
type Account string

// The accounts.
const (
	// AccountBank is the project's share of the bank account (银行存款).
	AccountBank Account = "bank"
	// AccountDue is what the developer still has to pay (应收建设单位).
	AccountDue Account = "due"
	// AccountDeposit is the principal, paid or due (本金).
	AccountDeposit Account = "deposit"
	// AccountInterest is interest, which belongs to who paid (利息).
	AccountInterest Account = "interest"
	// AccountCourt is what courts froze (司法冻结).
	AccountCourt Account = "court"
	// AccountHeld is what approved claims hold back for their repairs (维修预留).
	AccountHeld Account = "held"
)

// Accounts are all accounts, in the order of statements.
func Accounts() []Account {
	return []Account{AccountBank, AccountDue, AccountDeposit, AccountInterest, AccountCourt, AccountHeld}
}

// Title is the account for people.
func (a Account) Title() string {
	switch a {
	case AccountBank:
		return "银行存款"
	case AccountDue:
		return "应收建设单位"
	case AccountDeposit:
		return "保修金本金"
	case AccountInterest:
		return "利息"
	case AccountCourt:
		return "司法冻结"
	case AccountHeld:
		return "维修预留"
	}
	return string(a)
}

// Posting is one line of an entry.
type Posting struct {
	// Account is where it is posted.
	Account Account `json:"account" privacy:"internal"`
	// Fen is positive for a debit (借), negative for a credit (贷).
	Fen int64 `json:"fen"`
}

// transfer debits one account and credits another.
func transfer(debit, credit Account, fen int64) []Posting {
	return []Posting{{debit, fen}, {credit, -fen}}
}

// Balances are the balances of a ledger in fen, each on its own side: debit for Bank and Due, credit for the others. None is below zero, and Bank + Due is
// the sum of the others.
type Balances struct {
	// Bank, Due, Deposit, Interest, Court and Held are the accounts of those names.
	Bank     int64 `json:"bank"`
	Due      int64 `json:"due"`
	Deposit  int64 `json:"deposit"`
	Interest int64 `json:"interest"`
	Court    int64 `json:"court"`
	Held     int64 `json:"held,omitempty"`
}

// Of is the balance of one account.
func (b *Balances) Of(a Account) int64 {
	if at, _ := b.side(a); at != nil {
		return *at
	}
	return 0
}

// Free is the money in the bank that is neither frozen nor held for a repair.
func (b Balances) Free() int64 { return b.Bank - b.Court - b.Held }

// side is where an account is kept and the sign of a debit there; nil for an unknown account.
func (b *Balances) side(a Account) (*int64, int64) {
	switch a {
	case AccountBank:
		return &b.Bank, 1
	case AccountDue:
		return &b.Due, 1
	case AccountDeposit:
		return &b.Deposit, -1
	case AccountInterest:
		return &b.Interest, -1
	case AccountCourt:
		return &b.Court, -1
	case AccountHeld:
		return &b.Held, -1
	}
	return nil, 0
}

// Post returns the balances after an entry; the receiver is unchanged. Returns Conflict, naming the account and what it has, if an account would fall below
// zero or the bank below what is frozen and held; Internal for postings that do not add up to zero, overflow or name no account.
func (b Balances) Post(postings []Posting) (Balances, error) {
	const op = "fund.Post"
	broken := func(why string) (Balances, error) {
		return b, fault.New(op, fault.Internal, "分录不成立："+why)
	}
	if len(postings) < 2 {
		return broken("少于两行")
	}
	out, sum, ok := b, int64(0), true
	for _, p := range postings {
		at, sign := out.side(p.Account)
		if at == nil || p.Fen == 0 || p.Fen == math.MinInt64 {
			return broken("科目或者金额不对")
		}
		if sum, ok = plus(sum, p.Fen); !ok {
			return broken("金额超出范围")
		}
		if *at, ok = plus(*at, sign*p.Fen); !ok {
			return broken("金额超出范围")
		}
	}
	if sum != 0 {
		return broken("借贷不平，相差 " + Yuan(sum) + " 元")
	}
	for _, a := range Accounts() {
		if after := out.Of(a); after < 0 {
			return b, fault.New(op, fault.Conflict, fmt.Sprintf("“%s”现有 %s 元，不够 %s 元", a.Title(), Yuan(b.Of(a)), Yuan(b.Of(a)-after)))
		}
	}
	if out.Free() < 0 {
		return b, fault.New(op, fault.Conflict, fmt.Sprintf("银行存款 %s 元，其中已冻结和预留 %s 元，办理后存款会少于冻结和预留的金额", Yuan(b.Bank), Yuan(b.Court+b.Held)))
	}
	return out, nil
}

// plus adds; false if the sum does not fit.
func plus(a, b int64) (int64, bool) {
	c := a + b
	return c, (c > a) == (b > 0)
}

// MaxFen is the largest amount of one entry: ten thousand million yuan, far above any estate and far below what overflows.
const MaxFen int64 = 1_000_000_000_000

// Yuan shows fen as 42,600.00, with − before a negative amount.
func Yuan(fen int64) string {
	plain := num.FromFrac(fen, 100).Abs().Fixed(2)
	whole, cents, _ := strings.Cut(plain, ".")
	var b strings.Builder
	if fen < 0 {
		b.WriteString("−")
	}
	for i, digit := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(digit)
	}
	return b.String() + "." + cents
}

var (
	plainMoney   = regexp.MustCompile(`^([0-9]{1,15})(?:\.([0-9]+))?$`)
	groupedMoney = regexp.MustCompile(`^[0-9]{1,3}(?:,[0-9]{3}){1,4}(?:\.[0-9]+)?$`)
)

// ParseMoney reads an amount in yuan, such as 42600, 42,600.00 or 0.5, with at most two decimals. Returns Invalid, naming the field and the value found, for
// anything else, for zero and for more than MaxFen. label is what people call the field.
func ParseMoney(name, label, text string) (int64, error) {
	fail := func(format string, args ...any) (int64, error) {
		return 0, fault.InvalidFields("fund.ParseMoney", fault.Field{Name: name, Message: label + fmt.Sprintf(format, args...)})
	}
	typed := strings.TrimSpace(text)
	plain := strings.TrimSpace(strings.TrimSuffix(typed, "元"))
	if plain == "" {
		return fail("要填金额（元），例如 42600.00")
	}
	if groupedMoney.MatchString(plain) {
		plain = strings.ReplaceAll(plain, ",", "")
	}
	parts := plainMoney.FindStringSubmatch(plain)
	if parts == nil {
		return fail("“%s”不是金额，要写成 42600.00（元）", shorten(typed))
	}
	if len(parts[2]) > 2 {
		return fail("“%s”有 %d 位小数，最多两位（分）", shorten(typed), len(parts[2]))
	}
	n, err := num.Parse(plain)
	fen, whole := n.Mul(num.FromInt(100)).Int64()
	switch {
	case err != nil, !whole, fen > MaxFen:
		return fail("“%s”超过 %s 元，请核对单位是不是元", shorten(typed), Yuan(MaxFen))
	case fen == 0:
		return fail("不能是 0")
	}
	return fen, nil
}

// shorten keeps what is shown of a wrong value short.
func shorten(text string) string {
	if signs := []rune(text); len(signs) > 30 {
		return string(signs[:30]) + "…"
	}
	return text
}
