package notice

import (
	"context"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// reminderOffice is whom a reminder is from: no office wrote it, so it stands in no office's list of what was sent.
const reminderOffice = "系统（到期提醒）"

// reminderDays is how long a reminder of a clock that has ended is in time to read.
const reminderDays = 7

// Remind sends the notice of a reminder to those whose turn it is: it is written by the system, names compounds and what is to be done and no person, and exists once, so that it may be repeated. Returns Invalid without accounts or clocks, or with more accounts than MaxPeople.
func (s *Service) Remind(ctx context.Context, meta store.Meta, r casework.Reminder) error {
	if n := len(r.Accounts); n == 0 || n > MaxPeople || len(r.Clocks) == 0 {
		return fault.New("notice.Remind", fault.Invalid, "提醒要写明期限，发给 1 至 800 人")
	}
	id := s.DB.MAC("reminder", r.Key())[:32]
	if _, err := s.notices.Docs.Load(ctx, id); fault.Is(err, fault.NotFound) {
		sent := supervision.Hand{By: meta.By, Office: meta.By, At: journal.At(s.Now())}
		n := Notice{Day: s.Today(), State: Running, Last: StepSend, Made: sent, Sent: &sent, OwnerName: reminderOffice, Until: r.Until, Units: []string{"轮到办理的人"}}
		var said []string
		for i := range r.Clocks {
			said = append(said, r.Clocks[i].What)
		}
		if n.Title, n.Text = "快到期："+r.Until.Chinese()+"截止", "到"+r.Until.Chinese()+"为止还没有办的，请尽快办理：\n"; r.Ended() {
			n.Until = n.Day.Add(reminderDays)
			n.Title, n.Text = "已逾期："+r.Until.Chinese()+"到期", r.Until.Chinese()+"已经到期，还没有办的，请马上办理：\n"
		}
		n.Text += strings.Join(said, "；\n") + "。"
		for _, account := range r.Accounts {
			n.People = append(n.People, Recipient{Account: account})
		}
		if _, err = s.notices.Docs.Commit(ctx, meta, id, 0, n); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	} else if err != nil {
		return err
	}
	return s.follow(ctx, id, meta)
}

// automatic reports whether no office wrote it.
func (n *Notice) automatic() bool { return len(n.Owner) == 0 }
