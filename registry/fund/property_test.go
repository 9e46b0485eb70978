package fund

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"pgregory.net/rapid"

	"redsteward/internal/fault"
	"redsteward/internal/num"
	"redsteward/policy"
)

// TestPostNeverBreaks: whatever is posted, also at the edge of int64, the balances stay whole or nothing changes.
func TestPostNeverBreaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		amount := rapid.OneOf(rapid.Int64(), rapid.Int64Range(-1000, 1000), rapid.SampledFrom([]int64{math.MaxInt64, math.MinInt64, math.MaxInt64 - 1, 0}))
		account := rapid.SampledFrom(append(Accounts(), "none"))
		b := Balances{Bank: 900, Due: 100, Deposit: 700, Interest: 100, Court: 150, Held: 50}
		for range rapid.IntRange(1, 12).Draw(t, "entries") {
			var postings []Posting
			sum := int64(0)
			for range rapid.IntRange(0, 3).Draw(t, "lines") {
				p := Posting{account.Draw(t, "account"), amount.Draw(t, "fen")}
				postings, sum = append(postings, p), sum+p.Fen
			}
			if rapid.Bool().Draw(t, "balanced") {
				postings = append(postings, Posting{account.Draw(t, "account"), -sum})
			}
			after, err := b.Post(postings)
			if err != nil {
				if after != b {
					t.Fatalf("a refused entry changed %+v to %+v", b, after)
				}
				continue
			}
			whole(t, after)
			b = after
		}
	})
}

// whole fails unless the invariants of balances hold.
func whole(t interface{ Fatalf(string, ...any) }, b Balances) {
	for _, a := range Accounts() {
		if b.Of(a) < 0 {
			t.Fatalf("%s is below zero: %+v", a, b)
		}
	}
	if b.Bank+b.Due != b.Deposit+b.Interest+b.Court+b.Held || b.Free() < 0 {
		t.Fatalf("the balances do not hold together: %+v", b)
	}
}

// TestLedgerStaysWhole plays random commands on a ledger: what is open in the parts is what the accounts say, and each entry can be reversed once.
func TestLedgerStaysWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l Ledger
		var entries []Entry
		small := rapid.Int64Range(1, 500)
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			next := l.clone()
			var err error
			fen := small.Draw(t, "fen")
			switch rapid.IntRange(0, 14).Draw(t, "step") {
			case 0:
				if len(l.Dues) >= maxParts {
					continue
				}
				id := fmt.Sprintf("d%d", len(l.Dues)+1)
				next.Dues = append(next.Dues, Due{ID: id, Fen: fen, Stages: []Stage{{3, num.FromInt(20)}, {5, num.MustParse("33.33")}}})
				err = next.post(Entry{Kind: EntryAssess, Fen: fen, Ref: id, Postings: transfer(AccountDue, AccountDeposit, fen)})
			case 1:
				if _, err = next.settle("d1", fen, paid); err == nil {
					err = next.post(Entry{Kind: EntryPayment, Fen: fen, Ref: "d1", Postings: transfer(AccountBank, AccountDue, fen)})
				}
			case 2:
				if _, err = next.settle("d1", fen, secured); err == nil {
					id := fmt.Sprintf("l%d", len(l.Letters)+1)
					next.Letters = append(next.Letters, Letter{ID: id, Due: "d1", Fen: fen})
					err = next.post(Entry{Kind: EntryLetter, Day: today, Fen: fen, Ref: id, Postings: transfer(AccountDeposit, AccountDue, fen)})
				}
			case 3:
				id := fmt.Sprintf("h%d", len(l.Freezes)+1)
				next.Freezes = append(next.Freezes, Freeze{ID: id, Fen: fen, Open: fen})
				err = next.post(Entry{Kind: EntryFreeze, Fen: fen, Ref: id, Postings: transfer(AccountDeposit, AccountCourt, fen)})
			case 4:
				h, hErr := next.freeze("h1")
				if hErr != nil || h.Open < fen {
					continue
				}
				h.Open -= fen
				err = next.post(Entry{Kind: EntryDeduct, Fen: fen, Ref: "h1", Postings: transfer(AccountCourt, AccountBank, fen)})
			case 5:
				err = next.post(Entry{Kind: EntryInterest, Fen: fen, Postings: transfer(AccountBank, AccountInterest, fen)})
			case 6:
				if len(l.Holds) >= maxParts {
					continue
				}
				err = next.hold(Order{For: fmt.Sprintf("c%d", l.Entries), Fen: fen}, today)
			case 7, 8:
				if len(l.Holds) == 0 {
					continue
				}
				o := Order{For: rapid.SampledFrom(l.Holds).Draw(t, "hold").Claim, Fen: fen}
				if err = next.use(o, today); err == nil && len(next.Dues) < maxParts {
					l, next = next, next.clone()
					err = next.replenish(o, today)
				}
			case 9:
				if len(l.Holds) == 0 {
					continue
				}
				h := next.unhold(0)
				err = next.post(Entry{Kind: EntryUnhold, Fen: h.Fen, Ref: h.Claim, Postings: transfer(AccountHeld, AccountDeposit, h.Fen)})
			case 10:
				due := fmt.Sprintf("d%d", rapid.IntRange(1, len(l.Dues)+1).Draw(t, "due"))
				share, shareErr := next.Share(due, 0)
				if shareErr != nil {
					continue
				}
				before := next.Balances
				if err = next.refund(due, Order{For: "back", Fen: share.Fen()}, today); err == nil && before.Bank-next.Balances.Bank != share.Fen() {
					t.Fatalf("%+v was paid back, the bank went from %d to %d", share, before.Bank, next.Balances.Bank)
				}
				if err == nil && share.Last && next.Balances != (Balances{}) {
					t.Fatalf("after the last refund %+v is left", next.Balances)
				}
			case 11:
				if len(entries) == 0 {
					continue
				}
				// What was paid comes back: it is held or kept again, exactly as much as went out.
				e := rapid.SampledFrom(entries).Draw(t, "payment")
				if e.Kind != EntryUse && !slices.Contains(backKinds, e.Kind) || slices.Contains(l.Bounced, e.No) {
					continue
				}
				before := next.Balances
				if err = next.bounce(e, Order{Day: today}); err == nil && next.Balances.Bank-before.Bank != e.Fen {
					t.Fatalf("%+v came back, the bank went from %d to %d", e, before.Bank, next.Balances.Bank)
				}
			case 12, 13:
				// A stage pays exactly its share, never of what is held, frozen or interest, and what it leaves is still kept.
				due := fmt.Sprintf("d%d", rapid.IntRange(1, len(l.Dues)+1).Draw(t, "due"))
				o := Order{For: "stage", Stage: rapid.Int64Range(1, 2).Draw(t, "stage")}
				share, shareErr := next.Share(due, o.Stage)
				if shareErr != nil {
					continue
				}
				before := next.Balances
				o.Fen = share.Fen()
				if err = next.refund(due, o, today); err != nil {
					t.Fatalf("what Share gives is refused: %v", err)
				}
				want := before
				want.Bank, want.Deposit = before.Bank-o.Fen, before.Deposit-o.Fen
				d, _ := next.due(due)
				if next.Balances != want || 100*d.Released() > 54*d.Paid || d.Refunded != 0 {
					t.Fatalf("%+v was released of %+v: %+v, then %+v", share, d, before, next.Balances)
				}
			default:
				if len(entries) == 0 {
					continue
				}
				e := rapid.SampledFrom(entries).Draw(t, "entry")
				if err = next.reverse(e, Entry{Day: today}); err == nil && next.reverse(e, Entry{}) == nil {
					t.Fatalf("entry %d was reversed twice", e.No)
				}
			}
			if err != nil {
				if !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.NotFound) {
					t.Fatalf("refused with %v", err)
				}
				continue
			}
			l = next
			entries = append(entries, *l.Entry)
			whole(t, l.Balances)
			if openOf(l) != l.Balances.Due || frozenOf(l) != l.Balances.Court || heldOf(l) != l.Balances.Held {
				t.Fatalf("parts and accounts differ: %+v", l)
			}
			standing := map[int64]int64{}
			for _, e := range entries {
				if e.Kind == EntryRelease && !slices.Contains(l.Bounced, e.No) {
					standing[e.No] = e.Fen
				}
			}
			if wrong := misreleased(l, standing); wrong != "" {
				t.Fatalf("%s: %+v", wrong, l)
			}
		}
	})
}

// TestRoundTrip: what Yuan shows ParseMoney reads.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		fen := rapid.Int64Range(1, MaxFen).Draw(t, "fen")
		got, err := ParseMoney("amount", "金额", Yuan(fen)+" 元")
		if err != nil || got != fen {
			t.Fatalf("%s is read as %d, %v", Yuan(fen), got, err)
		}
	})
}

func TestParseMoney(t *testing.T) {
	for text, want := range map[string]int64{"42600": 4_260_000, "42,600.00": 4_260_000, " 0.5 元": 50, "0.01": 1, "10000000000": MaxFen, "00012": 1200} {
		if got, err := ParseMoney("amount", "金额", text); err != nil || got != want {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
	for text, said := range map[string]string{"": "要填金额", "1.005": "有 3 位小数，最多两位", "-1": "不是金额", "1e5": "不是金额", "1,00": "不是金额", "０.5": "不是金额", "10000000000.01": "超过", "999999999999999": "超过",
		"0": "不能是 0", "1.": "不是金额", ".5": "不是金额", "12 34": "不是金额", "4,2600": "不是金额"} {
		_, err := ParseMoney("cost", "造价", text)
		if f := fault.FieldsOf(err); len(f) != 1 || f[0].Name != "cost" || !strings.HasPrefix(f[0].Message, "造价") || !strings.Contains(f[0].Message, said) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzParseMoney: nothing with a third decimal, no sign and nothing beyond the bounds comes through, and what does is what an exact number says.
func FuzzParseMoney(f *testing.F) {
	for _, seed := range []string{"42600.00", "1.005", "42,600.0", "−1", "1e9", "１", "元", "0.00", "9999999999999999999999.99"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fen, err := ParseMoney("amount", "金额", text)
		if err != nil {
			if fields := fault.FieldsOf(err); !fault.Is(err, fault.Invalid) || len(fields) != 1 || fields[0].Name != "amount" {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		plain := strings.ReplaceAll(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(text), "元")), ",", "")
		n, err := num.Parse(plain)
		if err != nil || fen <= 0 || fen > MaxFen || !n.Equal(num.FromFrac(fen, 100)) {
			t.Fatalf("%q was read as %d", text, fen)
		}
	})
}

// The account under concurrent commands: its state, what is asked and what came of it.
type (
	accountState struct{ due, bank, court, held int64 }
	accountAsk   struct {
		do     string
		fen    int64
		client int
	}
	accountAnswer struct {
		ok    bool
		state accountState
	}
	// accountTruth is the state with what each client's claim holds and each client's court froze, and whether the second phase was paid back.
	accountTruth struct {
		accountState
		holds, frozen [4]int64
		refunded      bool
	}
)

// secondPhase is what was paid for the second phase, before anything else.
const secondPhase = 100_000

// accountModel is what one ledger must look like to everybody: as if the commands came one after the other.
var accountModel = porcupine.Model{
	Init: func() any { return accountTruth{accountState: accountState{due: 2_000_000, bank: secondPhase}} },
	Step: func(state, input, output any) (bool, any) {
		s, in, out := state.(accountTruth), input.(accountAsk), output.(accountAnswer)
		next, ok := s, true
		switch in.do {
		case "pay":
			next.due, next.bank = s.due-in.fen, s.bank+in.fen
		case "freeze":
			next.court, next.frozen[in.client] = s.court+in.fen, in.fen
		case "release": // what the client's court froze just before; nothing if that was refused
			next.court, next.frozen[in.client] = s.court-in.fen, s.frozen[in.client]-in.fen
		case "hold":
			next.held, next.holds[in.client] = s.held+in.fen, in.fen
		case "use": // what the client held just before is paid without a rest; nothing if that was refused
			next.held, next.bank, next.holds[in.client] = s.held-in.fen, s.bank-in.fen, s.holds[in.client]-in.fen
		case "refund": // the second phase, once, and only while nothing is frozen or held and all of it is there
			next.bank, next.refunded = s.bank-in.fen, true
			ok = !s.refunded && s.court == 0 && s.held == 0
		}
		ok = ok && next.due >= 0 && next.bank >= 0 && next.court+next.held <= next.bank && next.holds[in.client] >= 0 && next.frozen[in.client] >= 0
		if !ok {
			return !out.ok, s
		}
		return out.ok && out.state == next.accountState, next
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v -> %+v", input, output) },
}

// TestLinearizable lets several people pay, freeze, hold, pay out, refund and read one ledger at the same moment, and checks that what each of them heard fits one order of events. Once all freezes
// are released a last refund is asked for: by then the second phase was paid back exactly once.
func TestLinearizable(t *testing.T) {
	d := newDesk(t)
	d.adopt(twoPercent())
	d.assessed("p1")
	must(t)(d.Assess(d.ctx(), d.officer, "p1", AssessInput{Phase: "二期", Cost: 50 * secondPhase, Day: today.Add(-10)}, nil))
	second := d.money(secondPhase, "赣财二期")
	second.Due = "d2"
	must(t)(d.Pay(d.ctx(), d.cashier, "p1", second, nil))
	var clock atomic.Int64
	var mu sync.Mutex
	var history []porcupine.Operation
	stateOf := func(b Balances) accountState { return accountState{b.Due, b.Bank, b.Court, b.Held} }
	claim := func(by policy.Actor, action policy.Action, client, i int, fen int64) Order {
		return Order{By: by, Action: action, Project: "p1", For: fmt.Sprintf("c%d-%d", client, i), Fen: fen}
	}
	var frozen [4]string // the last freeze of each client's court
	perform := func(client, i int) accountAnswer {
		switch ask := askOf(client, i); ask.do {
		case "pay":
			doc, err := d.Pay(d.ctx(), d.cashier, "p1", d.money(ask.fen, fmt.Sprintf("赣财%d-%02d", client, i)), nil)
			return answered(t, stateOf(doc.State.Balances), err)
		case "freeze":
			doc, err := d.FreezeMoney(d.ctx(), d.officer, "p1", d.court("", ask.fen), nil)
			if frozen[client] = ""; err == nil {
				frozen[client] = doc.State.Freezes[len(doc.State.Freezes)-1].ID
			}
			return answered(t, stateOf(doc.State.Balances), err)
		case "release":
			if frozen[client] == "" {
				return accountAnswer{}
			}
			doc, err := d.Release(d.ctx(), d.chief, "p1", d.court(frozen[client], ask.fen), nil)
			return answered(t, stateOf(doc.State.Balances), err)
		case "refund":
			doc, err := d.Refund(d.ctx(), "d2", claim(d.cashier, policy.PayRefund, client, i, ask.fen))
			return answered(t, stateOf(doc.State.Balances), err)
		case "hold":
			doc, err := d.HoldMoney(d.ctx(), claim(d.chief, policy.SignApproval, client, i, ask.fen))
			return answered(t, stateOf(doc.State.Balances), err)
		case "use":
			doc, err := d.PayHold(d.ctx(), claim(d.cashier, policy.BookFund, client, i-1, ask.fen))
			return answered(t, stateOf(doc.State.Balances), err)
		default:
			s, err := d.Statement(d.ctx(), d.officer, "p1")
			return answered(t, stateOf(s.Ledger.Balances), err)
		}
	}
	record := func(client, i int) {
		call := clock.Add(1)
		answer := perform(client, i)
		op := porcupine.Operation{ClientId: client, Input: askOf(client, i), Call: call, Output: answer, Return: clock.Add(1)}
		mu.Lock()
		defer mu.Unlock()
		history = append(history, op)
	}
	const asks = 13 // every freeze is released and every hold used before the last refund
	var wg sync.WaitGroup
	for client := range 4 {
		wg.Go(func() {
			for i := range asks {
				record(client, i)
			}
		})
	}
	wg.Wait()
	record(1, lastRefund)
	refunds := 0
	for _, op := range history {
		if op.Input.(accountAsk).do == "refund" && op.Output.(accountAnswer).ok {
			refunds++
		}
	}
	if refunds != 1 {
		t.Errorf("the second phase was paid back %d times", refunds)
	}
	if verdict := porcupine.CheckOperationsTimeout(accountModel, history, time.Minute); verdict != porcupine.Ok {
		t.Fatalf("%d operations: %s\n%+v", len(history), verdict, history)
	}
	// The checker sees a lie: money that somebody read and that never was there.
	lie := history[len(history)-1]
	lie.Input, lie.Output = accountAsk{do: "read"}, accountAnswer{true, accountState{bank: 1}}
	lie.Call, lie.Return = clock.Add(1), clock.Add(1)
	if porcupine.CheckOperations(accountModel, append(history, lie)) {
		t.Fatal("the checker believes anything")
	}
	d.audited(-1)
}

// lastRefund is the place of a refund by client 1 after everything else.
const lastRefund = 15

// askOf is the ith thing that a client asks: payments that together are more than is due; by the odd clients repairs that are held and paid, and the refund of the second phase; by the even ones
// freezes that are released, and reads.
func askOf(client, i int) accountAsk {
	odd := client%2 == 1
	switch (2*(client/2) + i) % 4 {
	case 0:
		return accountAsk{"pay", int64(200_000 + 10_000*client), client}
	case 1:
		if odd {
			return accountAsk{"hold", int64(50_000 + 1000*client), client}
		}
		return accountAsk{"freeze", int64(90_000 + 1000*client), client}
	case 2:
		if odd {
			return accountAsk{"use", int64(50_000 + 1000*client), client}
		}
		return accountAsk{"release", int64(90_000 + 1000*client), client}
	}
	if odd {
		return accountAsk{"refund", secondPhase, client}
	}
	return accountAsk{do: "read", client: client}
}

// answered is what a client heard; anything but a refusal by the state of the ledger is a failure.
func answered(t *testing.T, s accountState, err error) accountAnswer {
	if err != nil && !fault.Is(err, fault.Conflict) {
		t.Errorf("%v", err)
	}
	if err != nil {
		return accountAnswer{}
	}
	return accountAnswer{true, s}
}
