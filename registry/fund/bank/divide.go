package bank

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"slices"

	"golang.org/x/sync/errgroup"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// Division is one line that several entries stand behind, as a person confirmed it: interest shared among the projects, or a payment split among amounts due.
type Division struct {
	// Line and Turn are as in fund.LineUse; Fen is what is divided of the line, From and Until are the days whose balances count for interest.
	Line  string        `json:"line" privacy:"internal"`
	Turn  int64         `json:"turn"`
	Fen   int64         `json:"fen"`
	Day   calendar.Date `json:"day"`
	From  calendar.Date `json:"from"`
	Until calendar.Date `json:"until"`
	// Shares are what each project gets, in the order of the list of ledgers; none gets nothing.
	Shares []Share `json:"shares"`
	// Confirmed is who confirmed it.
	Confirmed hand `json:"confirmed"`
}

// Share is what one project gets; with Due, of a payment: the amount due that it pays, with its receipt.
type Share struct {
	Project string `json:"project" privacy:"internal"`
	Fen     int64  `json:"fen"`
	Due     string `json:"due,omitempty" privacy:"internal"`
	Receipt string `json:"receipt,omitempty" privacy:"internal"`
}

// maxShares bounds the projects of a division; a record has 64 KiB.
const maxShares = 900

// ShareLine is one line of a proposed division.
type ShareLine struct {
	// Project and Name are the id and the name of the project; Weight are its balances at the end of each day in fen, added up (积数).
	Project, Name string
	Weight        *big.Int
	// Fen is its share; Extra says that it got one fen by its remainder.
	Fen   int64
	Extra bool
}

// Divided is a proposed division.
type Divided struct {
	// Line is the line that is divided, From and Until are the days whose balances count.
	Line        store.Doc[Line]
	From, Until calendar.Date
	// Shares add up to the line; Total are all weights together.
	Shares []ShareLine
	Total  *big.Int
	// Digest names exactly this division: confirming carries out what was looked at.
	Digest string
	// Left is how many shares of a confirmed division are not booked yet.
	Left int
}

// divide shares fen among weights by the largest remainder: each gets the whole fen of its exact share, and what is left goes fen by fen to the largest remainders, among equals to the first. weights are
// not negative and not all zero. The shares add up to fen.
func divide(fen int64, weights []*big.Int) (shares []int64, extra []bool) {
	total := new(big.Int)
	for _, w := range weights {
		total.Add(total, w)
	}
	shares, extra = make([]int64, len(weights)), make([]bool, len(weights))
	rest := make([]*big.Int, len(weights))
	order := make([]int, len(weights))
	left := fen
	for i, w := range weights {
		whole, remainder := new(big.Int).QuoRem(new(big.Int).Mul(big.NewInt(fen), w), total, new(big.Int))
		shares[i], rest[i], order[i] = whole.Int64(), remainder, i
		left -= shares[i]
	}
	slices.SortStableFunc(order, func(a, b int) int { return rest[b].Cmp(rest[a]) })
	for _, i := range order[:left] {
		shares[i]++
		extra[i] = true
	}
	return shares, extra
}

// weights are the balances of each ledger at the end of each day from first to last, added up. An entry that was reversed never was.
func (b *Books) weights(first, last calendar.Date) []*big.Int {
	at := map[string]*big.Int{}
	out := make([]*big.Int, len(b.Ledgers))
	for i, r := range b.Ledgers {
		out[i] = new(big.Int)
		at[r.Project] = out[i]
	}
	for _, e := range b.Entries {
		begins := e.Day
		if begins.Compare(first) < 0 {
			begins = first
		}
		if e.Undone || e.Kind == fund.EntryReversal || begins.Compare(last) > 0 {
			continue
		}
		days := big.NewInt(int64(last.Sub(begins) + 1))
		at[e.Project].Add(at[e.Project], days.Mul(days, big.NewInt(e.Fen)))
	}
	for _, w := range out {
		if w.Sign() < 0 {
			w.SetInt64(0) // days that were entered out of order
		}
	}
	return out
}

// maxInterest is how many days of balances interest may be for.
const maxInterest = 800

// Divide proposes how a line of interest is shared among the projects by their balances on the days from first to last. Nothing is written. Returns Forbidden without BookFund, NotFound for an unknown
// line, Invalid (from, until) for days that cannot be, Conflict if the line is matched, went out, or no project had a balance.
func (s *Service) Divide(ctx context.Context, by policy.Actor, line string, first, last calendar.Date) (Divided, error) {
	const op = "bank.Divide"
	if err := s.require(ctx, by, policy.BookFund); err != nil {
		return Divided{}, err
	}
	b, err := s.Books(ctx, by)
	if err != nil {
		return Divided{}, err
	}
	l, err := b.lineOf(line)
	if err != nil {
		return Divided{}, err
	}
	out := Divided{Line: l, From: first, Until: last}
	switch {
	case l.State.Fen <= 0:
		return out, fault.New(op, fault.Conflict, "这一行是支出，不是利息")
	case len(b.Behind(line)) > 0:
		return out, fault.New(op, fault.Conflict, "这一行流水已经匹配，一行流水只能匹配一次")
	case first.IsZero() || last.IsZero() || last.Compare(first) < 0 || last.Sub(first) >= maxInterest:
		return out, fault.InvalidFields(op, fault.Field{Name: "until", Message: fmt.Sprintf("计息期%s至%s不对，止日不能早于起日，最长 %d 日", first.Chinese(), last.Chinese(), maxInterest)})
	case last.Compare(l.State.Day) > 0:
		return out, fault.InvalidFields(op, fault.Field{Name: "until", Message: "计息止日" + last.Chinese() + "晚于入账日" + l.State.Day.Chinese()})
	case len(b.Ledgers) > maxShares:
		return out, fault.New(op, fault.Conflict, fmt.Sprintf("有 %d 个小区，一次最多分摊给 %d 个", len(b.Ledgers), maxShares))
	}
	weights := b.weights(first, last)
	out.Total = new(big.Int)
	for _, w := range weights {
		out.Total.Add(out.Total, w)
	}
	if out.Total.Sign() == 0 {
		return out, fault.New(op, fault.Conflict, "计息期内没有小区有存款，不能分摊")
	}
	shares, extra := divide(l.State.Fen, weights)
	digest := sha256.New()
	fmt.Fprintln(digest, line, b.turn(line), first, last)
	for i, r := range b.Ledgers {
		if shares[i] == 0 {
			continue
		}
		out.Shares = append(out.Shares, ShareLine{Project: r.Project, Name: r.Ledger.Name, Weight: weights[i], Fen: shares[i], Extra: extra[i]})
		fmt.Fprintln(digest, r.Project, shares[i])
	}
	out.Digest = hex.EncodeToString(digest.Sum(nil))
	return out, nil
}

// Confirm books a proposed division: the line is claimed, the division kept, then each share is booked. digest is that of the division that was looked at. Returns as Divide, and Conflict if it would be another
// now or somebody was quicker. After a stop Finish books what is left.
func (s *Service) Confirm(ctx context.Context, by policy.Actor, line string, first, last calendar.Date, digest string) error {
	const op = "bank.Confirm"
	d, err := s.Divide(ctx, by, line, first, last)
	if err != nil {
		return err
	}
	if d.Digest != digest {
		return fault.New(op, fault.Conflict, "看过以后账目有变动，分摊的数已经不同，请重新核对")
	}
	b, err := s.Books(ctx, by)
	if err != nil {
		return err
	}
	kept := Division{Line: line, Turn: b.turn(line), Fen: d.Line.State.Fen, Day: d.Line.State.Day, From: first, Until: last, Confirmed: s.hand(by)}
	for _, share := range d.Shares {
		kept.Shares = append(kept.Shares, Share{Project: share.Project, Fen: share.Fen})
	}
	return s.keepDivision(ctx, by, kept)
}

// keepDivision claims the line, keeps the division and books its shares.
func (s *Service) keepDivision(ctx context.Context, by policy.Actor, kept Division) error {
	id := divisionID(kept.Line, kept.Turn)
	if err := s.fund.ClaimLine(ctx, by, fund.LineUse{Line: kept.Line, Turn: kept.Turn}, divisionKind+"/"+id); err != nil {
		return err
	}
	_, err := s.divisions.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.BookFund)}, id, 0, kept)
	if fault.Is(err, fault.Conflict) {
		return fault.Wrap("bank.keepDivision", fault.Conflict, "这一行流水刚刚由别人分了", err)
	}
	if err != nil {
		return err
	}
	return s.book(ctx, by, kept)
}

// divisionID is the id of the division of one turn of a line.
func divisionID(line string, turn int64) string { return fmt.Sprintf("%s.%d", line, turn) }

// book books the shares of a division; those that are booked stay as they are.
func (s *Service) book(ctx context.Context, by policy.Actor, d Division) error {
	var group errgroup.Group // what stands in the way of one share does not hold up the others
	group.SetLimit(workers)
	for i, share := range d.Shares {
		group.Go(func() error {
			if share.Due != "" {
				_, err := s.fund.PayPart(ctx, by, share.Project, d.part(i))
				return err
			}
			_, err := s.fund.BookShare(ctx, by, share.Project, share.Fen, d.Day, d.From.Chinese()+"至"+d.Until.Chinese(), fund.LineUse{Line: d.Line, Turn: d.Turn})
			return err
		})
	}
	return group.Wait()
}

// latest are the last divisions of each line: an earlier one counts no more.
func (s *Service) latest(ctx context.Context) (map[string]Division, error) {
	out := map[string]Division{}
	for d, err := range s.divisions.Each(ctx) {
		if err != nil {
			return nil, err
		}
		if before, ok := out[d.State.Line]; !ok || before.Turn < d.State.Turn {
			out[d.State.Line] = d.State
		}
	}
	return out, nil
}

// left is how many shares of a division are not booked yet.
func (b *Books) left(d Division) int {
	left := len(d.Shares)
	for _, i := range b.uses[d.Line] {
		if b.Entries[i].Line.Turn == d.Turn {
			left--
		}
	}
	return left
}

// Unfinished are confirmed divisions of which shares are not booked, by line: they were cut off. Returns as Books.
func (s *Service) Unfinished(ctx context.Context, b *Books) ([]Divided, error) {
	divisions, err := s.latest(ctx)
	if err != nil {
		return nil, err
	}
	var out []Divided
	for _, d := range divisions {
		left := b.left(d)
		if left <= 0 {
			continue
		}
		line, err := b.lineOf(d.Line)
		if err != nil {
			return nil, err
		}
		out = append(out, Divided{Line: line, From: d.From, Until: d.Until, Left: left})
	}
	slices.SortFunc(out, func(a, b Divided) int { return cmp.Compare(a.Line.ID, b.Line.ID) })
	return out, nil
}

// Finish books what a confirmed division that was cut off has left. Returns Forbidden without BookFund, NotFound if the line has no division, and what stands in the way of a share of a payment.
func (s *Service) Finish(ctx context.Context, by policy.Actor, line string) error {
	if err := s.require(ctx, by, policy.BookFund); err != nil {
		return err
	}
	b, err := s.Books(ctx, by)
	if err != nil {
		return err
	}
	divisions, err := s.latest(ctx)
	if err != nil {
		return err
	}
	if d, ok := divisions[line]; ok && b.left(d) > 0 {
		return s.book(ctx, by, d)
	}
	return fault.New("bank.Finish", fault.NotFound, "没有要继续的分摊")
}
