package bank

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/fund"
)

// maxParts bounds the amounts due that one line pays.
const maxParts = 20

// part is one share of a payment as the ledger books it.
func (d Division) part(i int) fund.Money {
	share := d.Shares[i]
	return fund.Money{Due: share.Due, Fen: share.Fen, Day: d.Day, Receipt: share.Receipt, Note: "银行流水分笔", Line: &fund.LineUse{Line: d.Line, Turn: d.Turn, Part: int64(i + 1)}}
}

// Splittable returns a line with what is open of it, for a split among amounts due. Returns Forbidden without BookFund, NotFound for an unknown line, Conflict for money that went out or if nothing is open.
func (s *Service) Splittable(ctx context.Context, by policy.Actor, line string) (*Books, store.Doc[Line], int64, error) {
	const op = "bank.Splittable"
	if err := s.require(ctx, by, policy.BookFund); err != nil {
		return nil, store.Doc[Line]{}, 0, err
	}
	b, err := s.Books(ctx, by)
	if err != nil {
		return nil, store.Doc[Line]{}, 0, err
	}
	l, err := b.lineOf(line)
	if err != nil {
		return nil, l, 0, err
	}
	open := b.Open(l, s.today())
	switch {
	case l.State.Fen <= 0:
		err = fault.New(op, fault.Conflict, "这一行是支出，不能登记为收款")
	case open <= 0:
		err = fault.New(op, fault.Conflict, "这一行流水已经全部匹配，一行流水只能匹配一次；配错的请先冲正那一笔")
	}
	return b, l, open, err
}

// Split books what is open of a line as payments of several amounts due: the parts add up to it exactly. Everything is checked before anything is written; then the line is claimed, the split kept, and each part booked. After a stop Finish
// books what is left. A part that was reversed later can be split anew. Doing the same again changes nothing. Returns Forbidden without BookFund, NotFound for an unknown line or amount, Invalid for refused fields (line; due-N, amount-N and
// receipt-N of the Nth part, from 1), Conflict if the line is matched, the parts do not add up, an amount owes less or a receipt was used.
func (s *Service) Split(ctx context.Context, by policy.Actor, line string, parts []Share) error {
	for i := range parts {
		parts[i].Receipt = strings.TrimSpace(parts[i].Receipt)
	}
	divisions, err := s.latest(ctx)
	if err != nil {
		return err
	}
	b, l, open, err := s.Splittable(ctx, by, line)
	last, divided := divisions[line]
	if fault.Is(err, fault.Conflict) && divided && slices.Equal(last.Shares, parts) && b.left(last) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	if err := checkParts(parts, open); err != nil {
		return err
	}
	next := Division{Line: line, Turn: b.turn(line), Fen: open, Day: l.State.Day, Shares: parts, Confirmed: s.hand(by)}
	if divided {
		next.Turn = max(next.Turn, last.Turn+1)
	}
	for i, part := range parts {
		if err := s.fund.CheckPart(ctx, by, part.Project, next.part(i)); err != nil {
			return partFault(i, err)
		}
	}
	return s.keepDivision(ctx, by, next)
}

// checkParts names what is wrong with the parts themselves.
func checkParts(parts []Share, open int64) error {
	const op = "bank.Split"
	var refused []fault.Field
	sum := int64(0)
	for i, p := range parts {
		switch {
		case p.Fen <= 0 || p.Fen > fund.MaxFen:
			refused = append(refused, fault.Field{Name: fmt.Sprintf("amount-%d", i+1), Message: fmt.Sprintf("第 %d 笔的金额是 %s 元，要大于 0", i+1, fund.Yuan(p.Fen))})
		case slices.ContainsFunc(parts[:i], func(o Share) bool { return o.Project == p.Project && o.Due == p.Due }):
			refused = append(refused, fault.Field{Name: fmt.Sprintf("due-%d", i+1), Message: fmt.Sprintf("第 %d 笔的应缴前面已经选过，一笔应缴只写一行", i+1)})
		case p.Receipt != "" && slices.ContainsFunc(parts[:i], func(o Share) bool { return o.Receipt == p.Receipt }):
			refused = append(refused, fault.Field{Name: fmt.Sprintf("receipt-%d", i+1), Message: fmt.Sprintf("第 %d 笔的票据号码“%s”前面已经写过，一张票据只能登记一次", i+1, shorten(p.Receipt))})
		}
		sum += min(p.Fen, fund.MaxFen)
	}
	switch {
	case len(parts) < 1 || len(parts) > maxParts:
		refused = append(refused, fault.Field{Name: "line", Message: fmt.Sprintf("要分成 1 至 %d 笔，现在是 %d 笔", maxParts, len(parts))})
	case len(refused) == 0 && sum != open:
		return fault.New(op, fault.Conflict, fmt.Sprintf("各笔合计 %s 元，这一行流水还有 %s 元没有匹配，相差 %s 元", fund.Yuan(sum), fund.Yuan(open), fund.Yuan(sum-open)))
	}
	if len(refused) > 0 {
		return fault.InvalidFields(op, refused...)
	}
	return nil
}

// partFault says of which part something is refused.
func partFault(i int, err error) error {
	nth := fmt.Sprintf("第 %d 笔：", i+1)
	if !fault.Is(err, fault.Invalid) {
		return fault.Wrap("bank.Split", fault.KindOf(err), nth+fault.MessageOf(err), err)
	}
	var out []fault.Field
	for _, f := range fault.FieldsOf(err) {
		out = append(out, fault.Field{Name: fmt.Sprintf("%s-%d", f.Name, i+1), Message: nth + f.Message})
	}
	return fault.InvalidFields("bank.Split", out...)
}
