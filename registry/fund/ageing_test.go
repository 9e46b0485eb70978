package fund

import (
	"slices"
	"strings"
	"testing"

	"redsteward/internal/calendar"
	"redsteward/internal/store"
)

// TestBands: every number of days lies in exactly one band, and the edges where people expect them.
func TestBands(t *testing.T) {
	for days, want := range map[int64]string{0: "0–30 日", 1: "0–30 日", 30: "0–30 日", 31: "31–60 日", 60: "31–60 日", 61: "61–90 日", 90: "61–90 日", 91: "90 日以上", 40_000: "90 日以上"} {
		if got := Bands()[BandOf(days)].Title(); got != want {
			t.Errorf("%d days are in %s, not in %s", days, got, want)
		}
	}
	for i, b := range Bands() {
		if i > 0 && b.From != Bands()[i-1].Until+1 {
			t.Errorf("%s does not follow the band before", b.Title())
		}
	}
}

// TestLate: an amount is late from the day after its last day on, as far as it is open.
func TestLate(t *testing.T) {
	due := Due{ID: "d1", Fen: 100, Day: today}
	for _, tt := range []struct {
		name   string
		change func(*Due)
		on     calendar.Date
		late   bool
	}{
		{"on its last day", func(*Due) {}, today, false},
		{"the day after", func(*Due) {}, today.Add(1), true},
		{"paid", func(d *Due) { d.Paid = 100 }, today.Add(1), false},
		{"paid in part", func(d *Due) { d.Paid = 99 }, today.Add(1), true},
		{"secured", func(d *Due) { d.Paid, d.Secured = 50, 50 }, today.Add(1), false},
		{"cancelled", func(d *Due) { d.Cancelled = true }, today.Add(1), false},
		{"paid back", func(d *Due) { d.Refunded = 3 }, today.Add(1), false},
	} {
		d := due
		tt.change(&d)
		if got := len(Ledger{Dues: []Due{d}}.Late(tt.on)) == 1; got != tt.late {
			t.Errorf("%s: late is %v", tt.name, got)
		}
	}
}

// TestFind narrows by each filter; the sums are those of the rows.
func TestFind(t *testing.T) {
	d := newDesk(t)
	d.adopt(twoPercent())
	for _, p := range []string{"p1", "p2", "more-paid", "more-frozen"} {
		d.assessed(p) // due ten days ago
	}
	must(t)(d.Pay(d.ctx(), d.cashier, "more-paid", d.money(2_000_000, "赣财0001"), nil))
	must(t)(d.Pay(d.ctx(), d.cashier, "more-frozen", d.money(2_000_000, "赣财0002"), nil))
	must(t)(d.FreezeMoney(d.ctx(), d.officer, "more-frozen", d.court("", 500), nil))
	for _, tt := range []struct {
		name string
		by   Filter
		want string
		bank int64
	}{
		{"nothing", Filter{}, "more-frozen more-paid p1 p2", 4_000_000},
		{"late", Filter{State: StandingLate}, "p1 p2", 0},
		{"owing", Filter{State: StandingOwes}, "p1 p2", 0},
		{"paid", Filter{State: StandingPaid}, "more-frozen more-paid", 4_000_000},
		{"frozen", Filter{State: StandingFrozen}, "more-frozen", 2_000_000},
		{"held", Filter{State: StandingHeld}, "", 0},
		{"with a letter", Filter{State: StandingLetter}, "", 0},
		{"ending", Filter{State: StandingEnding}, "", 0},
		{"all paid back", Filter{State: StandingGone}, "", 0},
		{"a state that is none", Filter{State: "x"}, "", 0},
		{"a developer", Filter{Developer: "dev1"}, "p1", 0},
		{"another township", Filter{Township: "360428101000"}, "", 0},
		{"the township", Filter{Township: "360428100000", State: StandingLate}, "p1 p2", 0},
		{"a name that is none", Filter{Text: "xyz"}, "", 0},
		{"by initials", Filter{Text: "whu"}, "p1", 0},
		{"by pinyin", Filter{Text: "wanghu"}, "p1", 0},
		{"by place", Filter{Text: "东街"}, "more-frozen more-paid p2", 4_000_000},
	} {
		var found []string
		tt.by.On = today
		sums, err := d.Find(d.ctx(), d.officer, tt.by, func(r Row) error { found = append(found, r.Project); return nil })
		if got := strings.Join(sorted(found), " "); err != nil || got != tt.want || sums.Balances.Bank != tt.bank || sums.Ledgers != len(found) {
			t.Errorf("%s: %q, %d in the bank, %v", tt.name, got, sums.Balances.Bank, err)
		}
	}
	// Nine years later the periods have ended; as known on an earlier day nothing was late.
	if l := must(t)(d.ledgers.Load(d.ctx(), "p2")); !l.Stands(StandingEnding, today.AddMonths(9*12)) || l.Stands(StandingEnding, today) {
		t.Error("the end of a period is not told in time")
	}
	past := store.KnownAt(d.ctx(), testNow.AddDate(0, 0, -1))
	if sums, err := d.Find(past, d.officer, Filter{}, func(Row) error { return nil }); err != nil || sums.Ledgers != 0 {
		t.Errorf("yesterday there were %d ledgers, %v", sums.Ledgers, err)
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
