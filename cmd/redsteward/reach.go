package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/fault"
	"redsteward/internal/schedule"
	"redsteward/internal/web"
	"redsteward/policy"
	"redsteward/policy/outbox"
	"redsteward/supervision/notice"
)

const (
	// sendEvery is how often the outbox is looked at.
	sendEvery = 30 * time.Second
	// waitsLong is after how long doctor calls a waiting message late: no night is so long.
	waitsLong = 24 * time.Hour
)

// openReach opens the outbox and, over register and outbox, the notices.
func (s *service) openReach(ctx context.Context) error {
	rules, t, err := ruled(s, s.config.Files.Messages, "messages.yaml", untimed(outbox.ParseRules))
	if err != nil {
		return err
	}
	s.outbox, err = outbox.New(ctx, outbox.Config{DB: s.db, Guard: s.guard, Now: s.clocks.Business, People: s.accounts, Rules: rules, Site: s.config.Site.Name, Days: t.days})
	if err != nil {
		return err
	}
	desk, err := s.caseDesk()
	if err != nil {
		return err
	}
	c := notice.Config{Desk: desk, Register: s.register.Register, Offices: s.accounts.Offices}
	if s.sends() {
		c.Tell = s.outbox.Tell
	}
	s.notices, err = notice.New(ctx, c)
	return err
}

// sends reports whether anything goes out: there is a channel, and the module is on.
func (s *service) sends() bool {
	return s.modules.On(policy.ModuleReach) && s.outbox != nil && len(s.outbox.Rules.Channels) > 0
}

// secretIn looks secrets up in an environment: NAME, or the file that NAME_FILE names.
func secretIn(env []string) func(name string) (string, bool) {
	return func(name string) (string, bool) {
		if value, ok := lookup(env, name); ok {
			return value, true
		}
		file, ok := lookup(env, name+"_FILE")
		if !ok {
			return "", false
		}
		data, err := os.ReadFile(file)
		return strings.TrimRight(string(data), "\r\n"), err == nil
	}
}

// digestJob tells people of new work, at every hour that they can choose: each missed hour is made up for, since others wait for each. It has no key in the configuration, because the quiet hours say when it runs.
func (s *service) digestJob() schedule.Job {
	var hours []string
	for _, hour := range s.outbox.Rules.Hours() {
		hours = append(hours, strconv.Itoa(hour))
	}
	return schedule.Job{Name: "work-digest", Title: "待办摘要", Spec: "0 " + strings.Join(hours, ",") + " * * *", Catchup: schedule.CatchupEach, Run: func(ctx context.Context, slot time.Time) error {
		if s.work == nil {
			return fault.New("cmd.digestJob", fault.Unavailable, "网页还没有启动")
		}
		return s.outbox.Digest(ctx, slot, s.work)
	}}
}

// keepSending sends what waits in the outbox, until ctx ends. It runs beside the jobs, so that a gateway that hangs holds none of them up.
func (s *service) keepSending(ctx context.Context) {
	tick := time.NewTicker(sendEvery)
	defer tick.Stop()
	holder := fmt.Sprintf("send-%d-%d", os.Getpid(), s.clocks.Security().UnixNano())
	for {
		if err := s.outbox.Deliver(ctx, holder); err != nil && ctx.Err() == nil {
			s.log.Error("outbox", slog.String("error", err.Error()))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// outboxGauges tell how the outbox stands.
func (s *service) outboxGauges(ctx context.Context) []web.Gauge {
	read := func(of func(outbox.Standing) int64) func() float64 {
		return gauge(ctx, func(ctx context.Context) (int64, error) {
			stands, err := s.outbox.Stands(ctx)
			return of(stands), err
		})
	}
	since := func(at time.Time) int64 {
		if at.IsZero() {
			return 0
		}
		return int64(s.clocks.Business().Sub(at).Seconds())
	}
	return []web.Gauge{
		{Name: "outbox_waiting", Title: "发件箱等待发送（条）", Help: "Messages that wait to be sent.", Read: read(func(o outbox.Standing) int64 { return o.Waiting })},
		{Name: "outbox_oldest_seconds", Title: "发件箱最早一条已等", Unit: web.UnitSeconds, Help: "Age of the oldest message that waits, 0 if none does.", Read: read(func(o outbox.Standing) int64 { return since(o.Oldest) })},
		{Name: "outbox_last_sent_seconds", Title: "最近一次发出距今", Unit: web.UnitSeconds, Help: "Age of the last message that was sent, 0 if none was.", Read: read(func(o outbox.Standing) int64 { return since(o.LastSent) })},
	}
}

// examineOutbox tells how the outbox stands, if anything goes out.
func (d *diagnosis) examineOutbox(s *service) {
	const subject = "发件箱"
	if !s.sends() {
		return
	}
	stands, err := s.outbox.Stands(d.ctx)
	last := "还没有送出过"
	if !stands.LastSent.IsZero() {
		last = "最近一次送出 " + shown(stands.LastSent)
	}
	_, lacking := s.outbox.Rules.Senders(secretIn(d.env), d.now)
	for _, f := range fault.FieldsOf(lacking) {
		d.warn(subject, f.Message+"，服务不能启动")
	}
	switch {
	case err != nil:
		d.failed(subject, err)
	case stands.Waiting == 0:
		d.good(subject, "没有等待的消息，"+last)
	case s.clocks.Business().Sub(stands.Oldest) > waitsLong:
		d.warn(subject, fmt.Sprintf("%d 条等待，最早的 %s，%s；在“系统 → 发件箱”看原因", stands.Waiting, shown(stands.Oldest), last))
	default:
		d.good(subject, fmt.Sprintf("%d 条等待，最早的 %s，%s", stands.Waiting, shown(stands.Oldest), last))
	}
}

// shown is an instant for people.
func shown(at time.Time) string {
	return at.In(time.FixedZone("UTC+8", 8*60*60)).Format("2006-01-02 15:04")
}
