package fund

import (
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/num"
	"redsteward/policy"
	"redsteward/registry"
)

// EntryKind says what an entry is about. To add one: the constant, Title, and what a reversal undoes in Ledger.undo.
type EntryKind string

// The kinds of entries.
const (
	// EntryAssess: an amount became due (核定应缴).
	EntryAssess EntryKind = "assess"
	// EntryPayment: the developer paid (缴存).
	EntryPayment EntryKind = "payment"
	// EntryInterest: the bank credited interest (利息).
	EntryInterest EntryKind = "interest"
	// EntryLetter: a letter of guarantee or an insurance stands in the place of money (保函、保险替代).
	EntryLetter EntryKind = "letter"
	// EntryLetterEnd: it ended, and the amount is due in money again (替代终止).
	EntryLetterEnd EntryKind = "letter_end"
	// EntryFreeze: a court froze money (司法冻结).
	EntryFreeze EntryKind = "freeze"
	// EntryUnfreeze: a court released it (解除冻结).
	EntryUnfreeze EntryKind = "unfreeze"
	// EntryDeduct: a court took it (司法扣划).
	EntryDeduct EntryKind = "deduct"
	// EntryHold: money is held back for an approved repair (维修预留).
	EntryHold EntryKind = "hold"
	// EntryUnhold: the repair is not paid from the fund, and what was held goes back (解除预留).
	EntryUnhold EntryKind = "unhold"
	// EntryUse: a repair was paid; the rest of its hold goes back (维修支付).
	EntryUse EntryKind = "use"
	// EntryReplenish: the developer has to pay again what was used (应补存).
	EntryReplenish EntryKind = "replenish"
	// EntryRefund: what is left was paid back to the developer (退还).
	EntryRefund EntryKind = "refund"
	// EntryRelease: a stage of the rule paid a part back to the developer (分期退还).
	EntryRelease EntryKind = "release"
	// EntryHandOn: what is left went to the maintenance fund of the owners, because the developer is gone (转入维修资金).
	EntryHandOn EntryKind = "hand_on"
	// EntryBounce: the bank sent back what was paid (退汇).
	EntryBounce EntryKind = "bounce"
	// EntryReversal: the opposite of an earlier entry (冲正).
	EntryReversal EntryKind = "reversal"
)

// Title is the kind for people.
func (k EntryKind) Title() string {
	switch k {
	case EntryAssess:
		return "核定应缴"
	case EntryPayment:
		return "缴存"
	case EntryInterest:
		return "利息入账"
	case EntryLetter:
		return "保函（保险）替代"
	case EntryLetterEnd:
		return "替代终止"
	case EntryFreeze:
		return "司法冻结"
	case EntryUnfreeze:
		return "解除冻结"
	case EntryDeduct:
		return "司法扣划"
	case EntryHold:
		return "维修预留"
	case EntryUnhold:
		return "解除预留"
	case EntryUse:
		return "维修支付"
	case EntryReplenish:
		return "应补存"
	case EntryRefund:
		return "退还"
	case EntryRelease:
		return "分期退还"
	case EntryHandOn:
		return "转入维修资金"
	case EntryBounce:
		return "退汇"
	case EntryReversal:
		return "冲正"
	}
	return string(k)
}

// Reversible reports whether an entry of the kind is put right by a reversal: what a claim or refund did is put right there, and a reversal is not reversed.
func (k EntryKind) Reversible() bool {
	switch k {
	case EntryAssess, EntryPayment, EntryInterest, EntryLetter, EntryLetterEnd, EntryFreeze, EntryUnfreeze, EntryDeduct:
		return true
	}
	return false
}

// Entry is what one change posted.
type Entry struct {
	// No counts the entries of the ledger from 1.
	No int64 `json:"no"`
	// Kind says what it is about, Day when it happened, Text what it says to people.
	Kind EntryKind     `json:"kind" privacy:"public"`
	Day  calendar.Date `json:"day"`
	Text string        `json:"text" privacy:"internal"`
	// Fen is the amount, Postings how it is posted.
	Fen      int64     `json:"fen"`
	Postings []Posting `json:"postings"`
	// Ref is the id of the amount, letter or freeze that it is about, "" for none.
	Ref string `json:"ref,omitempty" privacy:"internal"`
	// Receipt is the number of the receipt (票据) given for it, Document that of the paper on which it stands.
	Receipt  string `json:"receipt,omitempty" privacy:"internal"`
	Document string `json:"document,omitempty" privacy:"internal"`
	// Paper is the scan: bank slip, letter, order of a court.
	Paper *files.Stored `json:"paper,omitempty"`
	// Reverses is the number of the entry that a reversal undoes, or whose money a bounce brought back; 0 for none.
	Reverses int64 `json:"reverses,omitempty"`
	// Line is the line of a bank statement from which it was booked, nil for none.
	Line *LineUse `json:"line,omitempty"`
	// By is the account id of who did it.
	By string `json:"by" privacy:"internal"`
}

// Due is one amount that a developer has to pay.
type Due struct {
	// ID is d1, d2, … within the ledger; Phase is the part of the estate (期), such as 一期.
	ID    string `json:"id" privacy:"public"`
	Phase string `json:"phase" privacy:"public"`
	// Version is the rule version, Title and Document name it.
	Version  string `json:"version" privacy:"public"`
	Title    string `json:"title" privacy:"public"`
	Document string `json:"document" privacy:"public"`
	// Lines are how Fen was computed.
	Lines []Line `json:"lines"`
	Fen   int64  `json:"fen"`
	// Event is the event before which it must be paid, on Day.
	Event Event         `json:"event" privacy:"public"`
	Day   calendar.Date `json:"day"`
	// Years is how long it is kept from the event Starts on, which happened on Begun; no date before it did.
	Years  int64         `json:"years"`
	Starts Event         `json:"starts" privacy:"public"`
	Begun  calendar.Date `json:"begun"`
	// Stages give parts back before the end, Releases are those that were given back.
	Stages   []Stage   `json:"stages,omitempty"`
	Releases []Release `json:"releases,omitempty"`
	// LatePercent and LateClause: see Terms.
	LatePercent num.Num `json:"late_percent"`
	LateClause  string  `json:"late_clause,omitempty" privacy:"public"`
	// Fine is what the rule says about fines.
	Fine FineTerms `json:"fine,omitzero"`
	// Letter and Insurance say what may stand in the place of money.
	Letter    bool `json:"letter"`
	Insurance bool `json:"insurance"`
	// Paid is what was paid, Secured what letters and insurances stand for.
	Paid    int64 `json:"paid"`
	Secured int64 `json:"secured"`
	// Cancelled: its assessment was reversed.
	Cancelled bool `json:"cancelled,omitempty"`
	// Claim is the id of the claim whose payment is to be replenished, "" for an amount by a rule.
	Claim string `json:"claim,omitempty" privacy:"public"`
	// Refunded is the number of the entry that paid it back, 0 while it is kept.
	Refunded int64 `json:"refunded,omitempty"`
}

// Open is what is neither paid nor secured.
func (d Due) Open() int64 {
	if d.Cancelled || d.Refunded != 0 {
		return 0
	}
	return d.Fen - d.Paid - d.Secured
}

// Ends is the last day of the period, no date before it began.
func (d Due) Ends() calendar.Date {
	if d.Begun.IsZero() {
		return calendar.Date{}
	}
	return d.Begun.AddMonths(int(12 * d.Years))
}

// LetterKind is what stands in the place of money.
type LetterKind string

// The kinds.
const (
	// LetterBank is a bank's letter of guarantee (银行保函).
	LetterBank LetterKind = "letter"
	// LetterInsurance is an insurance against defects (工程质量潜在缺陷保险).
	LetterInsurance LetterKind = "insurance"
)

// LetterKinds lists the kinds.
func LetterKinds() []registry.Choice {
	return []registry.Choice{{ID: string(LetterBank), Text: "银行保函"}, {ID: string(LetterInsurance), Text: "工程质量潜在缺陷保险"}}
}

// Letter is one letter of guarantee or insurance.
type Letter struct {
	// ID is l1, l2, … within the ledger, Due the amount that it stands for.
	ID  string `json:"id" privacy:"public"`
	Due string `json:"due" privacy:"public"`
	// Kind, Issuer and Number name it, Fen is what it covers, Days are its first and last day.
	Kind   LetterKind  `json:"kind" privacy:"public"`
	Issuer string      `json:"issuer" privacy:"internal"`
	Number string      `json:"number" privacy:"internal"`
	Fen    int64       `json:"fen"`
	Days   policy.Span `json:"days"`
	// Ended is the day on which it no longer stood in the place of money; no date while it does.
	Ended calendar.Date `json:"ended"`
}

// Freeze is money that a court froze.
type Freeze struct {
	// ID is h1, h2, … within the ledger; Court and Document name the order (协助执行通知书), Until is its last day, no date if it names none.
	ID       string        `json:"id" privacy:"public"`
	Court    string        `json:"court" privacy:"internal"`
	Document string        `json:"document" privacy:"internal"`
	Day      calendar.Date `json:"day"`
	Until    calendar.Date `json:"until"`
	// Fen is what was frozen, Open what still is.
	Fen  int64 `json:"fen"`
	Open int64 `json:"open"`
	// By is who entered it.
	By string `json:"by" privacy:"internal"`
}

// Ledger is the state of one project's ledger after a change: balances, what they are made of, and what the change itself posted.
type Ledger struct {
	// Name is the name of the project, Place its community, Keys the scope keys of its places, all as of the last change.
	Name  string   `json:"name" privacy:"public"`
	Place string   `json:"place" privacy:"public"`
	Keys  []string `json:"keys" privacy:"internal"`
	// Balances are those after all entries; Entries is how many there are.
	Balances Balances `json:"balances"`
	Entries  int64    `json:"entries"`
	// Entry is what this change posted, nil if it posted nothing.
	Entry *Entry `json:"entry,omitempty"`
	// Match is the earlier entry that this change tied to a line of a bank statement, nil if it tied none.
	Match *Matched `json:"match,omitempty"`
	// Reversed are the numbers of entries that were reversed.
	Reversed []int64 `json:"reversed,omitempty"`
	// Bounced are the numbers of payments whose money came back.
	Bounced []int64 `json:"bounced,omitempty"`
	// Dues, Letters and Freezes are in the order in which they were entered.
	Dues    []Due    `json:"dues,omitempty"`
	Letters []Letter `json:"letters,omitempty"`
	Freezes []Freeze `json:"freezes,omitempty"`
	// Holds are what open claims hold back, in the order in which they were approved.
	Holds []Hold `json:"holds,omitempty"`
	// Penalties are late fees and fines, in the order in which they were recorded.
	Penalties []Penalty `json:"penalties,omitempty"`
}

// maxParts is how many amounts, letters, freezes and reversals a ledger holds of each; a record has 64 KiB.
const maxParts = 40

// full refuses another part of a ledger that has as many as it can hold.
func full(n int, what string) error {
	if n < maxParts {
		return nil
	}
	return fault.New("fund.full", fault.Conflict, fmt.Sprintf("这个小区的%s已有 %d 项，不能再加", what, n))
}

// post books an entry: it checks the balances and gives the entry its number.
func (l *Ledger) post(e Entry) error {
	after, err := l.Balances.Post(e.Postings)
	if err != nil {
		return err
	}
	l.Balances = after
	l.Entries++
	e.No = l.Entries
	l.Entry = &e
	return nil
}

// due is the amount with an id that was not cancelled, or NotFound.
func (l *Ledger) due(id string) (*Due, error) {
	for i := range l.Dues {
		if d := &l.Dues[i]; d.ID == id && !d.Cancelled {
			return d, nil
		}
	}
	return nil, fault.New("fund.due", fault.NotFound, "没有找到这笔应缴")
}

// letter is the letter with an id, or NotFound.
func (l *Ledger) letter(id string) (*Letter, error) {
	for i := range l.Letters {
		if l.Letters[i].ID == id {
			return &l.Letters[i], nil
		}
	}
	return nil, fault.New("fund.letter", fault.NotFound, "没有找到这份保函（保险）")
}

// freeze is the freeze with an id, or NotFound.
func (l *Ledger) freeze(id string) (*Freeze, error) {
	for i := range l.Freezes {
		if l.Freezes[i].ID == id {
			return &l.Freezes[i], nil
		}
	}
	return nil, fault.New("fund.freeze", fault.NotFound, "没有找到这项冻结")
}

// settle takes an amount off what is open of a due. Returns Conflict if less is open.
func (l *Ledger) settle(id string, fen int64, part func(*Due) *int64) (*Due, error) {
	d, err := l.due(id)
	if err != nil {
		return nil, err
	}
	if open := d.Open(); fen > open {
		return nil, fault.New("fund.settle", fault.Conflict, fmt.Sprintf("%s应缴 %s 元，还差 %s 元，这次是 %s 元；多缴的请先与建设单位核对", d.Phase, Yuan(d.Fen), Yuan(open), Yuan(fen)))
	}
	*part(d) += fen
	return d, nil
}

func paid(d *Due) *int64    { return &d.Paid }
func secured(d *Due) *int64 { return &d.Secured }

// undo takes back what an entry changed beside the balances. Returns Conflict if something later stands on it.
func (l *Ledger) undo(e Entry) error {
	const op = "fund.undo"
	stands := func(what string) error {
		return fault.New(op, fault.Conflict, fmt.Sprintf("第 %d 笔不能冲正：%s", e.No, what))
	}
	switch e.Kind {
	case EntryAssess, EntryPayment:
		d, err := l.due(e.Ref)
		if err != nil {
			return err
		}
		if d.Refunded != 0 {
			return stands("这笔保修金已经退还")
		}
		if len(d.Releases) > 0 {
			return stands("这笔保修金已经分期退还过")
		}
		if e.Kind == EntryPayment {
			d.Paid -= e.Fen
			return nil
		}
		if d.Paid != 0 || d.Secured != 0 {
			return stands("这笔应缴已经缴存或者由保函替代，请先冲正后面的")
		}
		d.Cancelled = true
	case EntryLetter, EntryLetterEnd:
		g, err := l.letter(e.Ref)
		if err != nil {
			return err
		}
		if (e.Kind == EntryLetter) != g.Ended.IsZero() {
			return stands("这份保函（保险）后来又办过，请先冲正后面的")
		}
		if e.Kind == EntryLetterEnd {
			g.Ended = calendar.Date{}
			_, err = l.settle(g.Due, e.Fen, secured)
			return err
		}
		d, err := l.due(g.Due)
		if err != nil {
			return err
		}
		g.Ended = e.Day
		d.Secured -= e.Fen
	case EntryFreeze, EntryUnfreeze, EntryDeduct:
		h, err := l.freeze(e.Ref)
		if err != nil {
			return err
		}
		if e.Kind != EntryFreeze {
			h.Open += e.Fen
			return nil
		}
		if h.Open != h.Fen {
			return stands("这项冻结已经解除或者扣划过，请先冲正后面的")
		}
		h.Open = 0
	case EntryInterest:
	case EntryHold, EntryUnhold, EntryUse, EntryReplenish, EntryRefund, EntryRelease, EntryHandOn, EntryBounce:
		return stands("它由维修申请或者退还办理，请在那里更正")
	default:
		return stands("冲正本身不能再冲正，请重新登记")
	}
	return nil
}

// reverse books the opposite of an entry.
func (l *Ledger) reverse(e Entry, r Entry) error {
	if slices.Contains(l.Reversed, e.No) {
		return fault.New("fund.reverse", fault.Conflict, fmt.Sprintf("第 %d 笔已经冲正过，不能再冲正一次", e.No))
	}
	if err := full(len(l.Reversed), "冲正"); err != nil {
		return err
	}
	if err := l.undo(e); err != nil {
		return err
	}
	r.Kind, r.Fen, r.Ref, r.Reverses = EntryReversal, e.Fen, e.Ref, e.No
	r.Postings = opposite(e.Postings)
	l.Reversed = append(slices.Clone(l.Reversed), e.No)
	return l.post(r)
}

// clone copies a ledger so far that a refused command leaves nothing behind.
func (l Ledger) clone() Ledger {
	l.Dues, l.Letters, l.Freezes, l.Entry = slices.Clone(l.Dues), slices.Clone(l.Letters), slices.Clone(l.Freezes), nil
	l.Match = nil
	l.Holds = slices.Clone(l.Holds)
	return l
}

// NextDate is a day on which something is to be done about a ledger.
type NextDate struct {
	// Day is when, What what, Basis by what.
	Day         calendar.Date
	What, Basis string
}

// NextDates are the days ahead, and those that passed and were not dealt with, earliest first.
func (l Ledger) NextDates() []NextDate {
	var out []NextDate
	for _, d := range l.Dues {
		if d.Open() > 0 {
			basis := registry.TextOf(Events(), d.Event) + "前缴存（" + d.Document + "）"
			if d.Claim != "" {
				basis = "补存通知书 " + d.Document
			}
			out = append(out, NextDate{d.Day, d.Phase + "还应缴 " + Yuan(d.Open()) + " 元", basis})
		}
		if d.Cancelled || d.Refunded != 0 || d.Begun.IsZero() {
			continue
		}
		for i, s := range d.Stages {
			stage := int64(i + 1)
			if _, done := d.ReleaseOf(stage); !done && d.Paid > 0 {
				out = append(out, NextDate{d.StageEnds(stage), d.Phase + "分期退还 " + s.Percent.String() + "%", d.Document})
			}
		}
		out = append(out, NextDate{d.Ends(), d.Phase + "存储期届满", fmt.Sprintf("%s起 %d 年（%s）", registry.TextOf(Events(), d.Starts), d.Years, d.Document)})
	}
	for _, g := range l.Letters {
		if g.Ended.IsZero() {
			out = append(out, NextDate{g.Days.Until, registry.TextOf(LetterKinds(), g.Kind) + "到期，" + Yuan(g.Fen) + " 元", "到期前要续保或者缴存现金"})
		}
	}
	for _, h := range l.Freezes {
		if h.Open > 0 && !h.Until.IsZero() {
			out = append(out, NextDate{h.Until, "司法冻结到期，" + Yuan(h.Open) + " 元", h.Document})
		}
	}
	slices.SortStableFunc(out, func(a, b NextDate) int { return a.Day.Compare(b.Day) })
	return out
}
