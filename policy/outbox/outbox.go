// Package outbox takes messages to people outside of the system: SMS, 政务微信, mail, by the gateways that the operator's file names. Without a channel in that file nothing is ever sent.
//
//  1. A message goes to one account by one channel and says what a template says; its id derives from what it is about, so that telling twice sends once.
//  2. No text holds anything about a person: templates have declared fields only, and what fills them are offices, days and counts. The address is looked up when it is sent, and stands in no message.
//  3. A message is marked before it is handed over. If nobody can tell whether the gateway took it (no answer, a process that ended), it is not sent again by itself: at most once; an administrator may.
//  4. What surely was not taken is tried again after growing times, and is given up after the last, or when it is too old.
//  5. One process at a time sends on a channel (lease). Channels do not wait for each other, and one whose gateway fails three times in a row rests until the next round.
//  6. A person chooses the channels; nothing is sent by one that is not chosen, or in the quiet hours unless it is urgent.
package outbox

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/gateway"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// State is where a message stands. A new one gets a word and colour in internal/web.
type State string

// The states of a message.
const (
	// Waiting: it is to be sent, not before Message.Due.
	Waiting State = "waiting"
	// Sending: it was handed to the gateway and no answer is known yet.
	Sending State = "sending"
	// Sent: the gateway took it.
	Sent State = "sent"
	// Unsure: nobody can tell whether the gateway took it.
	Unsure State = "unsure"
	// Failed: it was not taken, and is not tried again.
	Failed State = "failed"
	// Stopped: an administrator stopped it, or its receiver has left the channel.
	Stopped State = "stopped"
)

// States are all states in the order of a life.
func States() []State { return []State{Waiting, Sending, Sent, Unsure, Failed, Stopped} }

// Title is the state for people.
func (s State) Title() string {
	return map[State]string{Waiting: "等待发送", Sending: "正在发送", Sent: "已送出", Unsure: "结果不明", Failed: "没有发出", Stopped: "已停发"}[s]
}

// next is the one table of transitions.
var next = map[State][]State{
	Waiting: {Sending, Failed, Stopped}, Sending: {Sent, Unsure, Failed, Waiting}, Unsure: {Waiting}, Failed: {Waiting}, Stopped: {Waiting}, Sent: {},
}

// Can reports whether a message can go from one state to another.
func (s State) Can(to State) bool { return slices.Contains(next[s], to) }

// Message is one message to one account by one channel.
type Message struct {
	// Account is the opaque id of who gets it, Channel the id of the channel.
	Account string `json:"account" privacy:"internal"`
	Channel string `json:"channel" privacy:"public"`
	// Template is what it is about, Text what it says: nothing about a person.
	Template TemplateID `json:"template" privacy:"public"`
	Text     string     `json:"text" privacy:"internal"`
	// Urgent: it does not wait for the end of the quiet hours.
	Urgent bool         `json:"urgent,omitempty"`
	State  State        `json:"state" privacy:"public"`
	Made   journal.Time `json:"made"`
	// Due is before when it is not sent.
	Due journal.Time `json:"due"`
	// Tries are the tries, in order; Why says why it was stopped or given up besides.
	Tries []Try  `json:"tries,omitempty"`
	Why   string `json:"why,omitempty" privacy:"internal"`
}

// Try is one call of the gateway.
type Try struct {
	At      journal.Time    `json:"at"`
	Outcome gateway.Outcome `json:"outcome" privacy:"public"`
	// Why is what the result says: neither text nor address.
	Why string `json:"why,omitempty" privacy:"internal"`
}

// LastWhy is why a message is not sent, "" for nothing to tell.
func (m *Message) LastWhy() string {
	if m.Why != "" || len(m.Tries) == 0 {
		return m.Why
	}
	return m.Tries[len(m.Tries)-1].Why
}

// People knows the accounts; policy.Service implements it.
type People interface {
	// Person is an account as of today. Returns NotFound if there is none or it is disabled.
	Person(ctx context.Context, id string) (policy.Actor, error)
}

// Config is what the outbox needs; everything but Days is required.
type Config struct {
	DB    *store.DB
	Guard *policy.Guard
	// Now is the business clock.
	Now     func() time.Time
	People  People
	Rules   *Rules
	Senders map[string]gateway.Sender
	// Site is what this system is called in a message.
	Site string
	// Days tells working days; nil: every day is one.
	Days *calendar.Calendar
}

// Service keeps messages and who wants them. It is safe for concurrent use.
type Service struct {
	Config
	messages *store.Collection[Message]
	contacts *store.Collection[Contact]
	told     *store.EphemeralCollection[toldLines]
}

const (
	messageKind = "message"
	// byMade lists messages by what a list is narrowed to, the newest last; byDue those that wait or are being sent.
	byMade = "made"
	byDue  = "due"
	// maxTries bounds the record.
	maxTries = 40
	// failuresInRow is after how many failures in a row a channel rests until the next round, perRound how many messages it sends in one.
	failuresInRow = 3
	perRound      = 200
)

// New opens the outbox on a store.
func New(ctx context.Context, c Config) (*Service, error) {
	s := &Service{Config: c}
	var err error
	s.messages, err = store.NewCollection(ctx, c.DB, store.Kind[Message]{Name: messageKind, Version: 1, Indexes: []store.Index[Message]{
		{Name: byMade, Keys: func(_ string, m *Message) []string {
			return []string{narrowed("", ""), narrowed(m.Channel, ""), narrowed("", m.State), narrowed(m.Channel, m.State)}
		}, Sort: func(_ string, m *Message) string { return store.SortTime(m.Made.Time) }},
		{Name: byDue, Keys: func(_ string, m *Message) []string {
			if m.State != Waiting && m.State != Sending {
				return nil
			}
			return []string{m.Channel + "/" + string(m.State)}
		}, Sort: func(_ string, m *Message) string { return store.SortTime(m.Due.Time) }},
	}})
	if err != nil {
		return nil, err
	}
	if s.contacts, err = store.NewCollection(ctx, c.DB, contactDocument()); err != nil {
		return nil, err
	}
	s.told, err = store.NewEphemeral[toldLines](c.DB, "told")
	return s, err
}

func narrowed(channel string, state State) string { return channel + "/" + string(state) }

// Post is something to tell an account.
type Post struct {
	// Event is what it is about, one valid part: telling the same account twice of one event sends once by each channel.
	Event string
	// Account is who is told, Template and Values what; Values name the fields of the template.
	Account  string
	Template TemplateID
	Values   map[string]string
	// Urgent: not held back in the quiet hours.
	Urgent bool
}

// Tell puts what is to be told into the outbox, by every channel that the account has chosen; none if it has chosen none. It may be repeated.
func (s *Service) Tell(ctx context.Context, meta store.Meta, p Post) error {
	if len(s.Rules.Channels) == 0 {
		return nil
	}
	contact, err := s.contacts.LoadOpen(ctx, p.Account)
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, channel := range contact.State.Channels {
		if _, ok := s.Rules.Channel(channel); ok {
			if err := s.put(ctx, meta, p, channel); err != nil {
				return err
			}
		}
	}
	return nil
}

// put stores a message, if it was not stored before.
func (s *Service) put(ctx context.Context, meta store.Meta, p Post, channel string) error {
	values := map[string]string{FieldSite: s.Site}
	for name, value := range p.Values {
		values[name] = value
	}
	now := s.Now()
	m := Message{Account: p.Account, Channel: channel, Template: p.Template, Text: s.Rules.Fill(p.Template, values), Urgent: p.Urgent, State: Waiting, Made: journal.At(now), Due: journal.At(s.Rules.outOfQuiet(now, p.Urgent))}
	meta.Idem = nil
	_, err := s.messages.Commit(ctx, meta, s.id(p.Event, p.Account, channel), 0, m)
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// id is the id of a message.
func (s *Service) id(event, account, channel string) string {
	const length = 40
	return s.DB.MAC(messageKind, event+"\x00"+account+"\x00"+channel)[:length]
}

// Deliver sends what is due, each channel for itself. holder names the process; it may be called again at any time.
func (s *Service) Deliver(ctx context.Context, holder string) error {
	failed := make([]error, len(s.Rules.Channels))
	var all sync.WaitGroup
	for i := range s.Rules.Channels {
		all.Go(func() { failed[i] = s.deliverOn(ctx, &s.Rules.Channels[i], holder) })
	}
	all.Wait()
	return errors.Join(failed...)
}

func (s *Service) deliverOn(ctx context.Context, channel *Channel, holder string) error {
	lease := "outbox-" + channel.ID
	// A call may ask for a token first; more than both never goes by between two renewals.
	ttl := 2*channel.timeout() + time.Minute
	err := s.DB.Lease(ctx, lease, holder, ttl)
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = s.DB.Unlease(context.WithoutCancel(ctx), lease, holder) }() // it ends by itself
	if err := s.left(ctx, channel); err != nil {
		return err
	}
	page, err := s.messages.List(ctx, store.Query{Index: byDue, Key: channel.ID + "/" + string(Waiting), Limit: perRound})
	if err != nil {
		return err
	}
	failures := 0
	for _, d := range page.Docs {
		if d.State.Due.After(s.Now()) || failures == failuresInRow || ctx.Err() != nil {
			break
		}
		if err := s.DB.Lease(ctx, lease, holder, ttl); err != nil {
			return err
		}
		outcome, err := s.try(ctx, channel, d)
		if err != nil {
			return err
		}
		if failures++; outcome != gateway.Later && outcome != gateway.Unknown {
			failures = 0
		}
	}
	return nil
}

// left ends what a process that is no more was sending: nobody knows whether it was taken.
func (s *Service) left(ctx context.Context, channel *Channel) error {
	page, err := s.messages.List(ctx, store.Query{Index: byDue, Key: channel.ID + "/" + string(Sending), Limit: perRound})
	for _, d := range page.Docs {
		d.State.State, d.State.Why = Unsure, "发送的时候服务中断了，不知道收下没有"
		if _, err := s.commit(ctx, d); err != nil && !fault.Is(err, fault.Conflict) {
			return err
		}
	}
	return err
}

func (s *Service) commit(ctx context.Context, d store.Doc[Message]) (store.Doc[Message], error) {
	return s.messages.Commit(context.WithoutCancel(ctx), store.Meta{By: policy.SystemActor().ID, Action: string(policy.HandleMessage), Why: d.State.State.Title()}, d.ID, d.Seq, d.State)
}

// try sends one message, if it is still to be sent. The outcome is "" if nothing was handed over.
func (s *Service) try(ctx context.Context, channel *Channel, d store.Doc[Message]) (gateway.Outcome, error) {
	m := &d.State
	address, why, err := s.addressOf(ctx, channel, m.Account)
	if err != nil {
		return "", err
	}
	now := s.Now()
	quiet, over := s.Rules.quiet(now)
	switch {
	case why != "":
		m.State, m.Why = Stopped, why
	case now.Sub(m.Made.Time) > s.Rules.Expire:
		m.State, m.Why = Failed, "太久没有发出，不再发送"
	case quiet && !m.Urgent:
		m.Due = journal.At(over)
	default:
		m.State, m.Why = Sending, ""
	}
	marked, err := s.commit(ctx, d)
	if fault.Is(err, fault.Conflict) {
		return "", nil // somebody stopped it
	}
	if err != nil || marked.State.State != Sending {
		return "", err
	}
	result := s.Senders[channel.ID].Send(ctx, gateway.Message{To: address, Text: m.Text, ID: d.ID})
	after := marked
	after.State.Tries = append(slices.Clone(after.State.Tries), Try{journal.At(s.Now()), result.Outcome, result.Why})
	s.settle(&after.State, result.Outcome)
	if _, err = s.commit(ctx, after); fault.Is(err, fault.Conflict) {
		err = nil // another process took this one for ended; the message stays unsure
	}
	return result.Outcome, err
}

// settle puts a message where the outcome of its last try leads.
func (s *Service) settle(m *Message, outcome gateway.Outcome) {
	switch outcome {
	case gateway.Taken:
		m.State = Sent
	case gateway.Unknown:
		m.State = Unsure
	case gateway.Refused:
		m.State = Failed
	case gateway.Later:
		// Tries before somebody sent it again do not count.
		n := 0
		for i := len(m.Tries) - 1; i >= 0 && m.Tries[i].Outcome == gateway.Later; i-- {
			n++
		}
		if n > len(s.Rules.Retries) || len(m.Tries) >= maxTries {
			m.State = Failed
			return
		}
		m.State, m.Due = Waiting, journal.At(s.Rules.outOfQuiet(s.Now().Add(s.Rules.Retries[n-1]), m.Urgent))
	}
}

// addressOf is where an account is reached by a channel; why says why it is not.
func (s *Service) addressOf(ctx context.Context, channel *Channel, account string) (address, why string, err error) {
	if _, err := s.People.Person(ctx, account); fault.Is(err, fault.NotFound) {
		return "", "账号已停用", nil
	} else if err != nil {
		return "", "", err
	}
	d, err := s.contacts.Load(ctx, account)
	if fault.Is(err, fault.NotFound) || err == nil && (d.Purged || !slices.Contains(d.State.Channels, channel.ID)) {
		return "", "收件人已经不用这个渠道", nil
	}
	if err != nil {
		return "", "", err
	}
	if address = d.State.address(channel.To); address == "" {
		return "", "收件人没有填" + channel.To.Title(), nil
	}
	return address, "", nil
}

// Filter narrows the list of messages; what is zero does not narrow.
type Filter struct {
	Channel string
	State   State
}

// Messages returns a page of the messages, the newest first. Returns Forbidden without ReadMessage.
func (s *Service) Messages(ctx context.Context, by policy.Actor, w Filter, after string) (store.Page[Message], error) {
	if err := s.Guard.Require(by, policy.ReadMessage); err != nil {
		return store.Page[Message]{}, err
	}
	return s.messages.List(ctx, store.Query{Index: byMade, Key: narrowed(w.Channel, w.State), Desc: true, After: after})
}

// Message returns a message. Returns Forbidden without ReadMessage, NotFound.
func (s *Service) Message(ctx context.Context, by policy.Actor, id string) (store.Doc[Message], error) {
	if err := s.Guard.Require(by, policy.ReadMessage); err != nil {
		return store.Doc[Message]{}, err
	}
	return s.load(ctx, id)
}

func (s *Service) load(ctx context.Context, id string) (store.Doc[Message], error) {
	if !journal.ValidPart(id) {
		return store.Doc[Message]{}, fault.New("outbox.load", fault.NotFound, "没有找到这条消息")
	}
	return s.messages.Load(ctx, id)
}

// Again lets a message be sent that was not, or of which nobody knows: that one may arrive twice. Returns Forbidden without HandleMessage, NotFound, Conflict if it is sent or waits, or somebody was quicker.
func (s *Service) Again(ctx context.Context, by policy.Actor, id string, seq int64) error {
	return s.handle(ctx, by, id, seq, Waiting, func(m *Message) error {
		if len(m.Tries) >= maxTries {
			return fault.New("outbox.Again", fault.Conflict, "这条消息已经试过太多次")
		}
		now := s.Now()
		m.Made, m.Why = journal.At(now), ""
		m.Due = journal.At(s.Rules.outOfQuiet(now, m.Urgent))
		return nil
	})
}

// Stop keeps a waiting message from being sent. Returns as Again.
func (s *Service) Stop(ctx context.Context, by policy.Actor, id string, seq int64) error {
	return s.handle(ctx, by, id, seq, Stopped, func(m *Message) error {
		m.Why = "管理员停发"
		return nil
	})
}

// StopAll stops every waiting message of a channel, "" for all channels, and returns how many. Returns Forbidden without HandleMessage.
func (s *Service) StopAll(ctx context.Context, by policy.Actor, channel string) (int, error) {
	if err := s.Guard.Require(by, policy.HandleMessage); err != nil {
		return 0, err
	}
	n := 0
	for {
		page, err := s.messages.List(ctx, store.Query{Index: byMade, Key: narrowed(channel, Waiting), Limit: store.MaxLimit})
		if err != nil || len(page.Docs) == 0 {
			return n, err
		}
		stopped := 0
		for _, d := range page.Docs {
			err := s.Stop(ctx, by, d.ID, d.Seq)
			if err != nil && !fault.Is(err, fault.Conflict) {
				return n, err
			}
			if err == nil {
				stopped++
			}
		}
		if n += stopped; stopped == 0 {
			return n, nil
		}
	}
}

func (s *Service) handle(ctx context.Context, by policy.Actor, id string, seq int64, to State, f func(*Message) error) error {
	const op = "outbox.handle"
	if err := s.Guard.Require(by, policy.HandleMessage); err != nil {
		return err
	}
	d, err := s.load(ctx, id)
	if err != nil {
		return err
	}
	if d.Seq != seq || !d.State.State.Can(to) || to == Waiting && d.State.State == Sending {
		return fault.New(op, fault.Conflict, "这条消息现在是“"+d.State.State.Title()+"”，请刷新后再办")
	}
	if err := f(&d.State); err != nil {
		return err
	}
	d.State.State = to
	_, err = s.messages.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.HandleMessage), Why: to.Title()}, id, seq, d.State)
	return err
}

// Standing is how the outbox stands.
type Standing struct {
	// Waiting is how many messages wait, at most store.MaxLimit; Oldest when the oldest of them was made, zero for none.
	Waiting int64
	Oldest  time.Time
	// LastSent is when the last message that was sent was made, zero for none.
	LastSent time.Time
}

// Stands tells how the outbox stands. It asks for no right and names nobody.
func (s *Service) Stands(ctx context.Context) (Standing, error) {
	var out Standing
	waits, err := s.messages.List(ctx, store.Query{Index: byMade, Key: narrowed("", Waiting), Limit: store.MaxLimit})
	if err != nil {
		return out, err
	}
	if out.Waiting = int64(len(waits.Docs)); out.Waiting > 0 {
		out.Oldest = waits.Docs[0].State.Made.Time
	}
	sent, err := s.messages.List(ctx, store.Query{Index: byMade, Key: narrowed("", Sent), Desc: true, Limit: 1})
	if err == nil && len(sent.Docs) > 0 {
		if m := sent.Docs[0].State; len(m.Tries) > 0 {
			out.LastSent = m.Tries[len(m.Tries)-1].At.Time
		}
	}
	return out, err
}
