package outbox

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Contact is where an account is reached outside of the system, as its owner says, or an administrator for those who have not said it.
type Contact struct {
	// Phone, Mail and Network are the addresses, "" for none.
	Phone   string `json:"phone,omitempty" privacy:"pii"`
	Mail    string `json:"mail,omitempty" privacy:"pii"`
	Network string `json:"network,omitempty" privacy:"pii"`
	// Channels are the ids of the channels that the person wants.
	Channels []string `json:"channels,omitempty" privacy:"internal"`
	// Digest says that new work is told once a day, at Hour in Chinese time.
	Digest bool  `json:"digest,omitempty"`
	Hour   int64 `json:"hour,omitempty"`
}

func (c *Contact) address(kind AddressKind) string {
	return map[AddressKind]string{Phone: c.Phone, Mailbox: c.Mail, Network: c.Network}[kind]
}

const (
	contactKind = "contact"
	// byHour lists who wants a digest by its hour.
	byHour = "hour"
)

func contactDocument() store.Kind[Contact] {
	return store.Kind[Contact]{Name: contactKind, Version: 1, AlwaysPresent: true, Subject: func(id string, _ *Contact) string { return "account/" + id },
		Indexes: []store.Index[Contact]{{Name: byHour, Keys: func(_ string, c *Contact) []string {
			if !c.Digest || len(c.Channels) == 0 {
				return nil
			}
			return []string{strconv.FormatInt(c.Hour, 10)}
		}}}}
}

// phoneForm is a mobile phone of the mainland, networkForm an account of the office network.
var (
	phoneForm   = regexp.MustCompile(`^1[3-9]\d{9}$`)
	networkForm = regexp.MustCompile(`^[0-9A-Za-z._@-]{1,64}$`)
)

// Own is what an account chose, with the last change seen; the zero Contact if it chose nothing. Returns Forbidden to who is not signed in.
func (s *Service) Own(ctx context.Context, by policy.Actor) (Contact, int64, error) {
	if err := s.Guard.Require(by, policy.ReadOwnAccount); err != nil {
		return Contact{}, 0, err
	}
	return s.contactOf(ctx, by.ID)
}

// Phones are the phones that accounts left here, "" for none, in the order of their ids, of which no more than store.MaxLimit are asked at once; for who looks accounts up by the
// end of a phone. Returns Forbidden without ReadAccounts.
func (s *Service) Phones(ctx context.Context, by policy.Actor, ids []string) ([]string, error) {
	if err := s.Guard.Require(by, policy.ReadAccounts); err != nil {
		return nil, err
	}
	docs, err := s.contacts.LoadEach(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(ids))
	for i, d := range docs {
		if d != nil {
			out[i] = d.State.Phone
		}
	}
	return out, nil
}

// Choose stores what an account wants. Returns Forbidden to who is not signed in, Invalid for refused fields (phone, mail, network, channels, hour), Conflict if seq is not the last change.
func (s *Service) Choose(ctx context.Context, by policy.Actor, seq int64, in Contact) error {
	const op = "outbox.Choose"
	if err := s.Guard.Require(by, policy.UpdateOwnAccount); err != nil {
		return err
	}
	bad := checkAddresses(&in.Phone, &in.Mail, &in.Network)
	fail := func(name, message string) { bad = append(bad, fault.Field{Name: name, Message: message}) }
	slices.Sort(in.Channels)
	in.Channels = slices.Compact(in.Channels)
	for _, id := range in.Channels {
		channel, ok := s.Rules.Channel(id)
		switch {
		case !ok:
			fail("channels", "没有这个渠道，请刷新后再选")
		case in.address(channel.To) == "":
			fail("channels", "选了"+channel.Name+"，要先填"+channel.To.Title())
		}
	}
	if !slices.Contains(s.Rules.Hours(), int(in.Hour)) {
		fail("hour", "请选择几点发汇总")
	}
	if len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	_, err := s.contacts.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.UpdateOwnAccount)}, by.ID, seq, in)
	if fault.Is(err, fault.Conflict) {
		return fault.New(op, fault.Conflict, "刚在别处改过，请刷新后再改")
	}
	return err
}

// Try sends the actor a message by each of his channels at once, or as soon as the next round begins; one a minute. Returns Forbidden to who is not signed in, Conflict if he has chosen none.
func (s *Service) Try(ctx context.Context, by policy.Actor) error {
	own, _, err := s.Own(ctx, by)
	if err != nil {
		return err
	}
	if len(own.Channels) == 0 {
		return fault.New("outbox.Try", fault.Conflict, "还没有选渠道，选好保存以后再试")
	}
	at := journal.At(s.Now()).UTC().Format("20060102T1504")
	return s.Tell(ctx, store.Meta{By: by.ID, Action: string(policy.UpdateOwnAccount)}, Post{Event: "probe." + at, Account: by.ID, Template: Probe, Urgent: true})
}

// Stage is how near the end of its time a line of work is.
type Stage int64

// The stages.
const (
	// InTime: it has time, or no end; Ending: it ends within three working days, or today; Overdue: it has ended.
	InTime Stage = iota
	Ending
	Overdue
)

// Line is one line of somebody's work (我的待办), as far as it can be told outside.
type Line struct {
	// Key is the same for the line on every day; it is stored as a digest of itself only.
	Key string
	// Label is the entry of the navigation that it belongs to, "" for none; Count how many pieces it stands for.
	Label string
	Count int64
	Stage Stage
}

// toldLine is what a person was told of a line.
type toldLine struct {
	Stage Stage `json:"s,omitempty"`
	Count int64 `json:"c,omitempty"`
}

// toldLines are the lines that a person was told of and that still stand, by a digest of their keys; Event and Values are the last digest, "" for none yet: who stops between this and the message tells it again with the same words.
type toldLines struct {
	Lines  map[string]toldLine `json:"lines" privacy:"internal"`
	Event  string              `json:"event,omitempty" privacy:"internal"`
	Values map[string]string   `json:"values,omitempty" privacy:"internal"`
}

// toldFor is how long it is remembered what somebody was told who gets no digest any more.
const toldFor = 60 * 24 * time.Hour

// Work returns the lines of an account's work.
type Work func(ctx context.Context, by policy.Actor) ([]Line, error)

// Due says whether digests are made in a slot; if not, why.
func (s *Service) Due(slot calendar.Date) (bool, string) {
	if len(s.Rules.Channels) == 0 {
		return false, "没有配置渠道"
	}
	if s.Rules.Workdays && s.Days != nil {
		if worked, known := s.Days.Workday(slot); known && !worked {
			return false, slot.Chinese() + "不是工作日"
		}
	}
	return true, ""
}
