package browsertest

import (
	"context"
	"sync"
	"time"

	"redsteward/internal/files"
	"redsteward/internal/gateway"
	"redsteward/policy"
	"redsteward/policy/outbox"
	"redsteward/registry/casework"
	"redsteward/supervision/notice"
)

// Gateway stands for the gateway of every channel: it takes what it is given, unless Answer says otherwise.
type Gateway struct {
	mu sync.Mutex
	// Answer is what becomes of a message; the zero value takes it.
	Answer gateway.Result
	took   []gateway.Message
}

// Send implements gateway.Sender.
func (g *Gateway) Send(_ context.Context, m gateway.Message) gateway.Result {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.Answer.Outcome != "" {
		return g.Answer
	}
	g.took = append(g.took, m)
	return gateway.Result{Outcome: gateway.Taken}
}

// Took are the messages that it took.
func (g *Gateway) Took() []gateway.Message {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]gateway.Message(nil), g.took...)
}

// openNotices opens the notices over the register, with an outbox of one channel.
func (f *Fixture) openNotices(ctx context.Context, guard *policy.Guard, now func() time.Time) (err error) {
	f.Gateway = &Gateway{}
	rules := &outbox.Rules{Retries: []time.Duration{time.Minute}, Expire: 48 * time.Hour, Channels: []outbox.Channel{{ID: "sms", Name: "短信", To: outbox.Phone}},
		Templates: []outbox.Template{{ID: outbox.NewNotice, Text: "{{office}}有一条新通知。"}, {ID: outbox.Urging, Text: "{{office}}催办一条通知。"}, {ID: outbox.Digest, Text: "{{count}} 件新的待办。"}, {ID: outbox.Probe, Text: "试发。"}}}
	rules.Quiet.From, rules.Quiet.To = 21, 8
	f.Outbox, err = outbox.New(ctx, outbox.Config{DB: f.DB, Guard: guard, Now: now, People: f.People, Rules: rules, Senders: map[string]gateway.Sender{"sms": f.Gateway}, Site: "红色管家"})
	if err != nil {
		return err
	}
	f.Notices, err = notice.New(ctx, notice.Config{Register: f.Register.Register, Offices: f.People.Offices, Tell: f.Outbox.Tell, Desk: casework.Desk{DB: f.DB, Guard: guard, Keeper: files.NewKeeper(f.DB, ""), Now: now, Deadlines: tenDays}})
	return err
}
