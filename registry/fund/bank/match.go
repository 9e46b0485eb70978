package bank

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// Books are statements and ledgers side by side.
type Books struct {
	// Accounts are the bank accounts, Ledgers those of the projects.
	Accounts []store.Doc[Account]
	Ledgers  []fund.Row
	// Lines are all lines by day, Entries all entries that moved the bank account.
	Lines   []store.Doc[Line]
	Entries []fund.Booked
	// Start is the first day of the first statement, no date without one.
	Start calendar.Date
	// uses are the entries behind each line, by place in Entries, also those that were reversed; days are those of the lines.
	uses map[string][]int
	days map[string]calendar.Date
}

// Books reads everything that is to be reconciled. Returns Forbidden without ReadFund, NotFound for who does not see the whole county.
func (s *Service) Books(ctx context.Context, by policy.Actor) (*Books, error) {
	b := &Books{uses: map[string][]int{}, days: map[string]calendar.Date{}}
	var err error
	if b.Accounts, err = s.Accounts(ctx, by); err != nil {
		return nil, err
	}
	if b.Lines, err = everything(ctx, s.lines); err != nil {
		return nil, err
	}
	if b.Ledgers, b.Entries, err = s.fund.BankEntries(ctx, by); err != nil {
		return nil, err
	}
	for i, e := range b.Entries {
		if e.Line != nil {
			b.uses[e.Line.Line] = append(b.uses[e.Line.Line], i)
		}
	}
	for _, l := range b.Lines {
		b.days[l.ID] = l.State.Day
	}
	for _, a := range b.Accounts {
		if day := a.State.Started; !day.IsZero() && (b.Start.IsZero() || day.Compare(b.Start) < 0) {
			b.Start = day
		}
	}
	return b, nil
}

// AccountName is the name of an account.
func (b *Books) AccountName(id string) string {
	for _, a := range b.Accounts {
		if a.ID == id {
			return a.State.Name
		}
	}
	return ""
}

// stands reports whether an entry counts, as far as its line is concerned: it is matched and was not reversed.
func stands(e fund.Booked) bool { return e.Line != nil && !e.Undone }

// Behind are the entries that stand behind a line.
func (b *Books) Behind(line string) (out []fund.Booked) {
	for _, i := range b.uses[line] {
		if e := b.Entries[i]; stands(e) {
			out = append(out, e)
		}
	}
	return out
}

// turn is how often what stood behind a line was reversed.
func (b *Books) turn(line string) (next int64) {
	for _, i := range b.uses[line] {
		next = max(next, b.Entries[i].Line.Turn+1)
	}
	return next
}

// Open is what is unmatched of a line in fen until a day: the whole, nothing, or what is left of interest whose shares were reversed or not all booked.
func (b *Books) Open(line store.Doc[Line], until calendar.Date) int64 {
	open := line.State.Fen
	for _, e := range b.Behind(line.ID) {
		if e.Day.Compare(until) <= 0 {
			open -= e.Fen
		}
	}
	return open
}

// OpenLines are the lines until a day of which something is unmatched.
func (b *Books) OpenLines(until calendar.Date) (out []store.Doc[Line]) {
	for _, l := range b.Lines {
		if l.State.Day.Compare(until) <= 0 && b.Open(l, until) != 0 {
			out = append(out, l)
		}
	}
	return out
}

// OpenEntries are the entries until a day that no line until that day stands behind. What was reversed until then is left out with its reversal, and so is what the ledgers held before the first statement.
func (b *Books) OpenEntries(until calendar.Date) (out []fund.Booked) {
	for _, e := range b.sinceStart(until) {
		if !stands(e) || b.days[e.Line.Line].Compare(until) > 0 {
			out = append(out, e)
		}
	}
	type key struct {
		project string
		no      int64
	}
	reversed := map[key]bool{}
	there := map[key]bool{}
	for _, e := range out {
		there[key{e.Project, e.No}] = true
	}
	for _, e := range out {
		if e.Kind == fund.EntryReversal && there[key{e.Project, e.Reverses}] {
			reversed[key{e.Project, e.No}], reversed[key{e.Project, e.Reverses}] = true, true
		}
	}
	return slices.DeleteFunc(out, func(e fund.Booked) bool { return reversed[key{e.Project, e.No}] })
}

// sinceStart are the entries until a day that belong to the time of the statements: those of their days, and earlier ones that a line stands behind.
func (b *Books) sinceStart(until calendar.Date) (out []fund.Booked) {
	for _, e := range b.Entries {
		if e.Day.Compare(until) <= 0 && !b.Start.IsZero() && (e.Day.Compare(b.Start) >= 0 || stands(e)) {
			out = append(out, e)
		}
	}
	return out
}

// Proposal is what could stand behind a line: an entry that was booked, or an amount that is due.
type Proposal struct {
	// Project and Name are the id and the name of the project.
	Project, Name string
	// No is the number of the entry, 0 for an amount due, and then Due is its id.
	No  int64
	Due string
	// What says what it is, Why what speaks for it.
	What, Why string
	// Score orders proposals, the best first.
	Score int
}

// window is how many days the bank's day and that of an entry may lie apart.
const window = 10

// maxProposals is how many proposals a line gets.
const maxProposals = 5

// Proposals are what could stand behind a line, the best first: entries of the same amount within ten days, and amounts due of which the same amount is open, or more if the text names the project.
func (b *Books) Proposals(line store.Doc[Line]) []Proposal {
	l := line.State
	said := l.Payer + " " + l.Text
	var out []Proposal
	for _, e := range b.Entries {
		apart := max(e.Day.Sub(l.Day), l.Day.Sub(e.Day))
		if e.Fen != l.Fen || e.Line != nil || e.Undone || e.Kind == fund.EntryReversal || apart > window {
			continue
		}
		p := Proposal{Project: e.Project, Name: e.Name, No: e.No, What: fmt.Sprintf("已登记的第 %d 笔，%s%s", e.No, e.Day.Chinese(), e.Kind.Title()), Why: "金额相同", Score: 100 - 5*apart}
		if apart > 0 {
			p.Why += fmt.Sprintf("，相差 %d 日", apart)
		}
		p.named(said, e.Name, e.Receipt, e.Document)
		out = append(out, p)
	}
	for _, r := range b.Ledgers {
		for _, d := range r.Ledger.Dues {
			open := d.Open()
			if l.Fen <= 0 || open < l.Fen || open > l.Fen && !strings.Contains(said, r.Ledger.Name) {
				continue
			}
			p := Proposal{Project: r.Project, Name: r.Ledger.Name, Due: d.ID, What: d.Phase + "应缴，还差 " + fund.Yuan(open) + " 元", Why: "金额等于还差的数", Score: 60}
			if open > l.Fen {
				p.Why, p.Score = "金额不超过还差的数", 20
			}
			p.named(said, r.Ledger.Name, d.Phase, d.Document)
			out = append(out, p)
		}
	}
	slices.SortStableFunc(out, func(a, b Proposal) int { return cmp.Compare(b.Score, a.Score) })
	return out[:min(len(out), maxProposals)]
}

// named adds what the line's text names.
func (p *Proposal) named(said, name string, others ...string) {
	if strings.Contains(said, name) {
		p.Why, p.Score = p.Why+"，写明“"+name+"”", p.Score+50
	}
	for _, other := range others {
		if len([]rune(other)) > 1 && strings.Contains(said, other) {
			p.Why, p.Score = p.Why+"，写明“"+other+"”", p.Score+10
		}
	}
}

// lineOf is a line of the books. Returns NotFound.
func (b *Books) lineOf(id string) (store.Doc[Line], error) {
	for _, l := range b.Lines {
		if l.ID == id {
			return l, nil
		}
	}
	return store.Doc[Line]{}, fault.New("bank.line", fault.NotFound, "没有找到这一行流水")
}

// free returns a line of which nothing is matched, and its next use. done: what is asked for stands there already by the same person. Returns NotFound, Conflict if it is matched.
func (s *Service) free(ctx context.Context, by policy.Actor, line string, same func(fund.Booked) bool) (l store.Doc[Line], use fund.LineUse, done bool, err error) {
	if err := s.require(ctx, by, policy.BookFund); err != nil {
		return l, use, false, err
	}
	b, err := s.Books(ctx, by)
	if err != nil {
		return l, use, false, err
	}
	if l, err = b.lineOf(line); err != nil {
		return l, use, false, err
	}
	if behind := b.Behind(line); len(behind) > 0 {
		if slices.ContainsFunc(behind, same) {
			return l, use, true, nil
		}
		e := behind[0]
		return l, use, false, fault.New("bank.free", fault.Conflict, fmt.Sprintf("这一行流水已经与%s第 %d 笔匹配，一行流水只能匹配一次；配错的请先冲正那一笔", e.Name, e.No))
	}
	return l, fund.LineUse{Line: line, Turn: b.turn(line)}, false, nil
}

// Match confirms that a line is an entry that was booked before. Doing it again changes nothing. Returns Forbidden without BookFund, NotFound for an unknown line or entry, Conflict if one of
// them is matched already or their amounts differ.
func (s *Service) Match(ctx context.Context, by policy.Actor, line, project string, no int64, idem *store.Idem) error {
	l, use, done, err := s.free(ctx, by, line, func(e fund.Booked) bool { return e.Project == project && e.No == no })
	if err != nil || done {
		return err
	}
	_, entries, err := s.fund.BankEntries(ctx, by)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Project != project || e.No != no {
			continue
		}
		if e.Fen != l.State.Fen {
			return fault.New("bank.Match", fault.Conflict, fmt.Sprintf("流水是 %s 元，账上第 %d 笔是 %s 元，金额不同不能匹配", fund.Yuan(l.State.Fen), no, fund.Yuan(e.Fen)))
		}
		_, err = s.fund.MatchLine(ctx, by, project, no, use, idem)
		return err
	}
	return fault.New("bank.Match", fault.NotFound, "没有找到这一笔")
}

// Pay books what a line brought in as a payment of an amount due. Doing it again changes nothing. Returns as fund.Service.Pay, Conflict if the line is matched already, Invalid (due) for money that went out.
func (s *Service) Pay(ctx context.Context, by policy.Actor, line, project, due, receipt string, idem *store.Idem) error {
	l, use, done, err := s.free(ctx, by, line, func(e fund.Booked) bool {
		return e.Project == project && e.Ref == due && e.Kind == fund.EntryPayment && e.Receipt == strings.TrimSpace(receipt)
	})
	if err != nil || done {
		return err
	}
	if l.State.Fen <= 0 {
		return fault.InvalidFields("bank.Pay", fault.Field{Name: "due", Message: "这一行是支出，不能登记为收款"})
	}
	_, err = s.fund.Pay(ctx, by, project, fund.Money{Due: due, Fen: l.State.Fen, Day: l.State.Day, Receipt: receipt, Note: shorten(strings.TrimSpace(l.State.Payer + " " + l.State.Text)), Line: &use}, idem)
	return err
}
