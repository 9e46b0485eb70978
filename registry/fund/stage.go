package fund

import (
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/num"
)

// Release is a part of an amount that was paid back before its end, by a stage of its rule.
type Release struct {
	// Stage is the place in the stages of the amount, from 1; Fen is what was paid back, Entry the number of the entry.
	Stage int64 `json:"stage"`
	Fen   int64 `json:"fen"`
	Entry int64 `json:"entry"`
}

// Released is what stages have paid back in fen.
func (d Due) Released() (fen int64) {
	for _, r := range d.Releases {
		fen += r.Fen
	}
	return fen
}

// ReleaseOf is what a stage, from 1, has paid back; false if it has not.
func (d Due) ReleaseOf(stage int64) (Release, bool) {
	i := slices.IndexFunc(d.Releases, func(r Release) bool { return r.Stage == stage })
	if i < 0 {
		return Release{}, false
	}
	return d.Releases[i], true
}

// NextStage is the first stage, from 1, that has not paid back its part; 0 if none is left.
func (d Due) NextStage() int64 {
	for i := range d.Stages {
		if _, done := d.ReleaseOf(int64(i + 1)); !done {
			return int64(i + 1)
		}
	}
	return 0
}

// StageEnds is the last day of the years of a stage, from 1; no date before the period began or for a stage that the rule does not have.
func (d Due) StageEnds(stage int64) calendar.Date {
	if stage < 1 || stage > int64(len(d.Stages)) || d.Begun.IsZero() {
		return calendar.Date{}
	}
	return d.Begun.AddMonths(int(12 * d.Stages[stage-1].After))
}

// stageShare is what a stage of an amount pays back: its percentage of what was paid, without what is less than a fen, as far as it is there. The rest stays, and so does all interest, which goes
// with the last refund.
func (l *Ledger) stageShare(d *Due, stage int64) (Share, error) {
	const op = "fund.stageShare"
	switch next := d.NextStage(); {
	case stage < 1 || stage > int64(len(d.Stages)):
		return Share{}, fault.New(op, fault.NotFound, fmt.Sprintf("%s的规则没有第 %d 次分期退还", d.Phase, stage))
	case next == 0 || stage < next:
		return Share{}, fault.New(op, fault.Conflict, fmt.Sprintf("%s的第 %d 次分期退还已经退过", d.Phase, stage))
	case stage > next:
		return Share{}, fault.New(op, fault.Conflict, fmt.Sprintf("%s的第 %d 次分期退还还没有办，要先办它", d.Phase, next))
	case d.Open() > 0:
		return Share{}, fault.New(op, fault.Conflict, d.Phase+"还有 "+Yuan(d.Open())+" 元没有缴存，缴清以前不分期退还")
	}
	for _, o := range l.Dues {
		if o.Claim != "" && o.Open() > 0 {
			return Share{}, fault.New(op, fault.Conflict, "维修用去的还有 "+Yuan(o.Open())+" 元没有补存，补足以前不分期退还")
		}
	}
	s := d.Stages[stage-1]
	part, whole := num.FromInt(d.Paid).Mul(s.Percent).Mul(num.FromFrac(1, 100)).Round(0, num.Down).Int64()
	if !whole {
		return Share{}, fault.New(op, fault.Internal, "分期退还的金额超出范围")
	}
	there := l.Balances.Deposit - l.Balances.Due
	out := Share{Principal: min(part, there, d.Paid-d.Released())}
	if out.Principal <= 0 {
		return Share{}, nothingLeft(op, d)
	}
	rest := d.Paid - d.Released() - out.Principal
	out.Lines = []Line{
		{fmt.Sprintf("第 %d 次分期退还", stage), fmt.Sprintf("%s已缴 %s × %s%%（满 %d 年，%s），不足一分的舍去", d.Phase, Yuan(d.Paid), s.Percent, s.After, d.Document), Yuan(part) + " 元"},
		{"账上实有", "账上本金 " + Yuan(l.Balances.Deposit) + " − 应收 " + Yuan(l.Balances.Due) + "，退还不超过它", Yuan(there) + " 元"},
		{"利息", "留在账上，随最后一次退还", Yuan(0) + " 元"},
		{"继续存储", fmt.Sprintf("%s已缴 %s − 以前分期已退 %s − 这次 %s", d.Phase, Yuan(d.Paid), Yuan(d.Released()), Yuan(out.Principal)), Yuan(rest) + " 元"},
		{"退还", "取较小的", Yuan(out.Principal) + " 元"},
	}
	return out, nil
}

// nothingLeft says that an amount has nothing to pay back.
func nothingLeft(op string, d *Due) error {
	return fault.New(op, fault.Conflict, d.Phase+"没有可以退还的钱")
}

// release keeps what a stage paid back, by the entry that is booked next.
func (l *Ledger) release(due string, stage, fen int64) {
	for i := range l.Dues {
		if d := &l.Dues[i]; d.ID == due {
			d.Releases = append(slices.Clone(d.Releases), Release{Stage: stage, Fen: fen, Entry: l.Entries + 1})
		}
	}
}

// unrelease takes back what an entry released: the stage has not paid.
func (l *Ledger) unrelease(entry int64) {
	for i := range l.Dues {
		d := &l.Dues[i]
		d.Releases = slices.DeleteFunc(slices.Clone(d.Releases), func(r Release) bool { return r.Entry == entry })
	}
}

// misreleased says what is wrong between the releases that a ledger keeps and the entries that stand, by number; "" if they agree.
func misreleased(l Ledger, standing map[int64]int64) string {
	kept := 0
	for _, d := range l.Dues {
		for _, r := range d.Releases {
			kept++
			if standing[r.Entry] != r.Fen {
				return fmt.Sprintf("%s第 %d 次分期退还记着 %s 元，第 %d 笔是 %s 元", d.Phase, r.Stage, Yuan(r.Fen), r.Entry, Yuan(standing[r.Entry]))
			}
		}
		if d.Released() > d.Paid {
			return fmt.Sprintf("%s分期退还了 %s 元，只缴过 %s 元", d.Phase, Yuan(d.Released()), Yuan(d.Paid))
		}
	}
	if kept != len(standing) {
		return fmt.Sprintf("分期退还有 %d 笔，各笔应缴记着 %d 次", len(standing), kept)
	}
	return ""
}
