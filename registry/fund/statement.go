package fund

import (
	"context"
	"fmt"
	"slices"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry"
)

// Row is one ledger of the overview.
type Row struct {
	// Project is the id of the project; Ledger its ledger.
	Project string
	Ledger  Ledger
}

// Totals are the sums over ledgers: the bank account of the county.
type Totals struct {
	// Ledgers is how many there are, Balances what their accounts add up to, Secured what letters and insurances stand for.
	Ledgers  int
	Balances Balances
	Secured  int64
}

// add adds a ledger. Returns Internal if a sum overflows.
func (t *Totals) add(l Ledger) error {
	t.Ledgers++
	for _, a := range Accounts() {
		at, _ := t.Balances.side(a)
		var ok bool
		if *at, ok = plus(*at, l.Balances.Of(a)); !ok {
			return fault.New("fund.Totals", fault.Internal, "全县的“"+a.Title()+"”合计超出范围")
		}
	}
	for _, d := range l.Dues {
		t.Secured += d.Secured
	}
	return nil
}

// PageSize is how many rows a page of a list has.
const PageSize = 50

// query asks for the ledgers of a scope; the rest is decided row by row.
func query(scope policy.Scope, index string) store.Query {
	q := store.Query{Index: index, Key: policy.County}
	if !scope.All() {
		q.In = scope.Keys()
	}
	return q
}

// readable is the scope of who reads ledgers.
func (s *Service) readable(ctx context.Context, by policy.Actor) (policy.Scope, error) {
	if err := s.guard.Require(by, policy.ReadFund); err != nil {
		return policy.Scope{}, err
	}
	return s.guard.Scope(ctx, by, policy.ReadFund)
}

// All calls yield for every ledger of the actor's scope, by place and name, and returns the sums. Returns Forbidden without ReadFund, and what yield returns.
func (s *Service) All(ctx context.Context, by policy.Actor, yield func(Row) error) (Totals, error) {
	var sums Totals
	scope, err := s.readable(ctx, by)
	if err != nil {
		return sums, err
	}
	q := query(scope, byName)
	q.Limit = store.MaxLimit
	for {
		page, err := s.ledgers.List(ctx, q)
		if err != nil {
			return sums, err
		}
		for _, d := range page.Docs {
			if !scope.Covers(d.State.Keys, s.today()) {
				continue
			}
			if err := sums.add(d.State); err != nil {
				return sums, err
			}
			if err := yield(Row{d.ID, d.State}); err != nil {
				return sums, err
			}
		}
		if q.After = page.Next; q.After == "" {
			return sums, nil
		}
	}
}

// Soon returns up to 50 ledgers with a day ahead, or one that passed, the earliest first. Returns Forbidden without ReadFund.
func (s *Service) Soon(ctx context.Context, by policy.Actor) ([]Row, error) {
	scope, err := s.readable(ctx, by)
	if err != nil {
		return nil, err
	}
	q := query(scope, byNext)
	q.Limit = PageSize
	page, err := s.ledgers.ListWhere(ctx, q, func(d *store.Doc[Ledger]) bool { return scope.Covers(d.State.Keys, s.today()) })
	if err != nil {
		return nil, err
	}
	var rows []Row
	for _, d := range page.Docs {
		rows = append(rows, Row{d.ID, d.State})
	}
	return rows, nil
}

// Movement is one entry with the balances after it.
type Movement struct {
	// Entry is what was posted, Balances are those after it.
	Entry
	Balances Balances
	// Undone: a later entry reversed it.
	Undone bool
	// N is the log number of its record, 0 if not known yet.
	N int64
}

// Statement is a project's ledger with its movements, oldest first.
type Statement struct {
	// Place is the project today; Ledger is the state, the zero value if the project has none, and then Seq is 0.
	Place  registry.Place
	Ledger Ledger
	Seq    int64
	// Movements are all entries.
	Movements []Movement
	// Whole: the actor sees the ledgers of the whole county, and with them the papers.
	Whole bool
}

// Statement returns a project's ledger. Returns Forbidden without ReadFund, NotFound outside the scope.
func (s *Service) Statement(ctx context.Context, by policy.Actor, project string) (Statement, error) {
	place, err := s.at(ctx, by, policy.ReadFund, project)
	if err != nil {
		return Statement{}, err
	}
	scope, err := s.guard.Scope(ctx, by, policy.ReadFund)
	if err != nil {
		return Statement{}, err
	}
	out := Statement{Place: place, Whole: scope.All()}
	for change, err := range s.ledgers.History(ctx, project) {
		if err != nil {
			return Statement{}, err
		}
		out.Ledger, out.Seq = change.State, change.Seq
		if e := change.State.Entry; e != nil {
			out.Movements = append(out.Movements, Movement{Entry: *e, Balances: change.State.Balances, N: change.N})
		}
	}
	for i := range out.Movements {
		out.Movements[i].Undone = slices.Contains(out.Ledger.Reversed, out.Movements[i].No)
	}
	return out, nil
}

// Finding is what is wrong with a ledger.
type Finding struct {
	// Project is the id, Name the name of the project, Text what was found.
	Project, Name, Text string
}

// Audit re-adds every account of every ledger from its postings, entry by entry, and calls found for what does not agree. It returns the number of ledgers and
// entries. It asks for no right: doctor calls it on data that is only read.
func (s *Service) Audit(ctx context.Context, found func(Finding)) (ledgers, entries int, err error) {
	for d, err := range s.ledgers.Each(ctx) {
		if err != nil {
			return ledgers, entries, err
		}
		ledgers++
		n, text, err := s.readd(ctx, d.ID)
		if err != nil {
			return ledgers, entries, err
		}
		if entries += n; text != "" {
			found(Finding{d.ID, d.State.Name, text})
		}
	}
	return ledgers, entries, nil
}

// readd adds up one ledger; the text says what is wrong, "" if nothing is.
func (s *Service) readd(ctx context.Context, project string) (entries int, text string, err error) {
	var sum Balances
	undone, released := map[int64]bool{}, map[int64]int64{}
	for change, err := range s.ledgers.History(ctx, project) {
		if err != nil {
			return entries, "", err
		}
		l := change.State
		if e := l.Entry; e != nil {
			entries++
			if e.No != int64(entries) || l.Entries != e.No {
				return entries, fmt.Sprintf("第 %d 笔的序号是 %d", entries, e.No), nil
			}
			if sum, err = sum.Post(e.Postings); err != nil {
				return entries, fmt.Sprintf("第 %d 笔：%s", e.No, fault.MessageOf(err)), nil
			}
			if e.Reverses != 0 && (e.Reverses >= e.No || undone[e.Reverses]) {
				return entries, fmt.Sprintf("第 %d 笔冲正的第 %d 笔不对", e.No, e.Reverses), nil
			}
			undone[e.Reverses] = true
			if e.Kind == EntryRelease {
				released[e.No] = e.Fen
			}
			delete(released, e.Reverses)
		}
		if l.Balances != sum {
			return entries, fmt.Sprintf("第 %d 次变更的余额与分录加总不符", change.Seq), nil
		}
		if open := openOf(l); open != l.Balances.Due {
			return entries, fmt.Sprintf("第 %d 次变更：各笔应缴还差 %s 元，应收账户是 %s 元", change.Seq, Yuan(open), Yuan(l.Balances.Due)), nil
		}
		if frozen := frozenOf(l); frozen != l.Balances.Court {
			return entries, fmt.Sprintf("第 %d 次变更：各项冻结合计 %s 元，冻结账户是 %s 元", change.Seq, Yuan(frozen), Yuan(l.Balances.Court)), nil
		}
		if wrong := misreleased(l, released); wrong != "" {
			return entries, fmt.Sprintf("第 %d 次变更：%s", change.Seq, wrong), nil
		}
		if held := heldOf(l); held != l.Balances.Held {
			return entries, fmt.Sprintf("第 %d 次变更：各项预留合计 %s 元，预留账户是 %s 元", change.Seq, Yuan(held), Yuan(l.Balances.Held)), nil
		}
	}
	return entries, "", nil
}

// openOf is what all dues together still want, frozenOf what all freezes together hold, heldOf what all claims together hold back.
func openOf(l Ledger) (fen int64) {
	for _, d := range l.Dues {
		fen += d.Open()
	}
	return fen
}

func frozenOf(l Ledger) (fen int64) {
	for _, h := range l.Freezes {
		fen += h.Open
	}
	return fen
}

func heldOf(l Ledger) (fen int64) {
	for _, h := range l.Holds {
		fen += h.Fen
	}
	return fen
}

// Uses implements registry.Uses: “保修金的账” if the ledger of a project changed since a moment, "" otherwise. It asks for no right and shows nothing of it.
func (s *Service) Uses(ctx context.Context, key string, since time.Time) (string, error) {
	page, err := s.ledgers.ListWhere(ctx, store.Query{Index: byName, Key: key, Limit: 1}, func(d *store.Doc[Ledger]) bool { return !d.At.Before(since) })
	if err != nil || len(page.Docs) == 0 {
		return "", err
	}
	return "保修金的账", nil
}
