package fund

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry"
)

// Band is one band of an ageing, by days after the day until which an amount was to be paid.
type Band struct {
	// From and Until are its first and last number of days; Until 0: without end.
	From, Until int64
}

// Bands are the bands of every ageing (账龄), the youngest first.
func Bands() []Band { return []Band{{0, 30}, {31, 60}, {61, 90}, {91, 0}} }

// Title is the band for people.
func (b Band) Title() string {
	if b.Until == 0 {
		return fmt.Sprintf("%d 日以上", b.From-1)
	}
	return fmt.Sprintf("%d–%d 日", b.From, b.Until)
}

// BandOf is the place of the band of so many days in Bands.
func BandOf(days int64) int {
	return slices.IndexFunc(Bands(), func(b Band) bool { return days <= b.Until || b.Until == 0 })
}

// Age is how many days the last day of an amount lies back; 0 and less: it is not late.
func (d Due) Age(today calendar.Date) int64 { return int64(today.Sub(d.Day)) }

// Late are the amounts of which something is open after their day, in the order in which they were entered.
func (l Ledger) Late(today calendar.Date) []Due {
	var out []Due
	for _, d := range l.Dues {
		if d.Open() > 0 && d.Age(today) > 0 {
			out = append(out, d)
		}
	}
	return out
}

// Standing is one thing that the ledgers of a list can have in common.
type Standing string

// The standings.
const (
	// StandingOwes: something is to be paid (未缴清).
	StandingOwes Standing = "owes"
	// StandingLate: something is to be paid and its day has passed (逾期未缴).
	StandingLate Standing = "late"
	// StandingPaid: everything is paid or secured (已缴清).
	StandingPaid Standing = "paid"
	// StandingLetter: a letter or insurance stands in the place of money (有保函或保险替代).
	StandingLetter Standing = "letter"
	// StandingHeld: a claim holds money (有维修预留).
	StandingHeld Standing = "held"
	// StandingFrozen: a court froze money (有司法冻结).
	StandingFrozen Standing = "frozen"
	// StandingEnding: a period ends within 90 days or has ended, and its amount is kept (届满待退).
	StandingEnding Standing = "ending"
	// StandingGone: everything was paid back (已全部退还).
	StandingGone Standing = "gone"
)

// Standings lists the standings.
func Standings() []registry.Choice {
	return []registry.Choice{{ID: string(StandingLate), Text: "逾期未缴"}, {ID: string(StandingOwes), Text: "未缴清"}, {ID: string(StandingPaid), Text: "已缴清"}, {ID: string(StandingLetter), Text: "有保函或保险替代"},
		{ID: string(StandingHeld), Text: "有维修预留"}, {ID: string(StandingFrozen), Text: "有司法冻结"}, {ID: string(StandingEnding), Text: "存储期 90 日内届满或已届满"}, {ID: string(StandingGone), Text: "已全部退还"}}
}

// endsSoon is how many days before its end a period counts as ending.
const endsSoon = 90

// Stands reports whether a ledger has a standing on a day; an unknown one nothing has.
func (l Ledger) Stands(as Standing, today calendar.Date) bool {
	kept := func(d Due) bool { return !d.Cancelled && d.Refunded == 0 }
	switch as {
	case StandingOwes:
		return l.Balances.Due > 0
	case StandingLate:
		return len(l.Late(today)) > 0
	case StandingPaid:
		return l.Balances.Due == 0 && slices.ContainsFunc(l.Dues, kept)
	case StandingLetter:
		return slices.ContainsFunc(l.Letters, func(g Letter) bool { return g.Ended.IsZero() })
	case StandingHeld:
		return l.Balances.Held > 0
	case StandingFrozen:
		return l.Balances.Court > 0
	case StandingEnding:
		return slices.ContainsFunc(l.Dues, func(d Due) bool { return kept(d) && !d.Begun.IsZero() && d.Ends().Sub(today) <= endsSoon })
	case StandingGone:
		return l.Balances == (Balances{}) && slices.ContainsFunc(l.Dues, func(d Due) bool { return d.Refunded != 0 })
	}
	return false
}

// Developer is the id of the developer whose money it is, "" if none was registered at the last change.
func (l Ledger) Developer() string {
	for _, key := range l.Keys {
		if id, found := strings.CutPrefix(key, policy.DeveloperKey("")); found {
			return id
		}
	}
	return ""
}

// Filter narrows a list of ledgers; what is "" does not narrow.
type Filter struct {
	// Text is looked for in the name, its pinyin and initials, and in the place.
	Text string
	// Township and Developer are ids; State is one of Standings, on the day On.
	Township, Developer string
	State               Standing
	On                  calendar.Date
}

// lets reports whether a ledger passes.
func (w Filter) lets(l *Ledger) bool {
	return (w.Township == "" || slices.Contains(l.Keys, policy.TownshipKey(w.Township))) && (w.Developer == "" || l.Developer() == w.Developer) && (w.State == "" || l.Stands(w.State, w.On)) &&
		(registry.Finds(l.Name, w.Text) || strings.Contains(l.Place, w.Text))
}

// Find calls yield for every ledger of the actor's scope that a filter lets through, by place and name, and returns the sums over them. Returns Forbidden without ReadFund, and what yield returns.
func (s *Service) Find(ctx context.Context, by policy.Actor, w Filter, yield func(Row) error) (Totals, error) {
	var sums Totals
	_, err := s.All(ctx, by, func(r Row) error {
		if !w.lets(&r.Ledger) {
			return nil
		}
		if err := sums.add(r.Ledger); err != nil {
			return err
		}
		return yield(r)
	})
	return sums, err
}
