package outbox

import (
	"context"
	"net/mail"
	"strings"

	"redsteward/internal/fault"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Addresses are where an account is to be reached, as an administrator enters them for many at once. "" leaves what is there. What a person wants to be sent stays the choice of the person.
type Addresses struct {
	// Account is the opaque id.
	Account string
	// Phone, Mail and Network are as in Contact.
	Phone, Mail, Network string
}

// checkAddresses completes addresses and says what is wrong with them; the fields are phone, mail and network. No message repeats an address.
func checkAddresses(phone, mailbox, network *string) (bad []fault.Field) {
	fail := func(name, message string) { bad = append(bad, fault.Field{Name: name, Message: message}) }
	for _, text := range []*string{phone, mailbox, network} {
		*text = strings.TrimSpace(*text)
	}
	if *phone != "" && !phoneForm.MatchString(*phone) {
		fail("phone", "手机号要有 11 位数字，例如 13900000000")
	}
	if at, err := mail.ParseAddress(*mailbox); *mailbox != "" && (err != nil || at.Address != *mailbox || len(*mailbox) > 100) {
		fail("mail", "邮箱要写成 name@example.gov.cn 这样")
	}
	if *network != "" && !networkForm.MatchString(*network) {
		fail("network", "账号只能用字母、数字和 . _ - @，最多 64 位")
	}
	return bad
}

// Kinds are the kinds of addresses that the channels of the operator's file need.
func (s *Service) Kinds() (out []AddressKind) {
	for _, kind := range AddressKinds() {
		for _, channel := range s.Rules.Channels {
			if channel.To == kind {
				out = append(out, kind)
				break
			}
		}
	}
	return out
}

// Unreached reports for each account whether it lacks an address of one of the Kinds. Returns Forbidden without ReadAccounts.
func (s *Service) Unreached(ctx context.Context, by policy.Actor, ids []string) ([]bool, error) {
	if err := s.Guard.Require(by, policy.ReadAccounts); err != nil {
		return nil, err
	}
	out := make([]bool, len(ids))
	for i, id := range ids {
		now, _, err := s.contactOf(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, kind := range s.Kinds() {
			out[i] = out[i] || now.address(kind) == ""
		}
	}
	return out, nil
}

// contactOf is what an account chose, or what it starts with, and the last change.
func (s *Service) contactOf(ctx context.Context, id string) (Contact, int64, error) {
	d, err := s.contacts.Load(ctx, id)
	if fault.Is(err, fault.NotFound) {
		return Contact{Digest: true, Hour: int64(s.Rules.Hours()[0])}, 0, nil
	}
	return d.State, d.Seq, err
}

// onto gives the contact with what was entered.
func (a Addresses) onto(c Contact) Contact {
	for _, part := range []struct {
		entered string
		at      *string
	}{{a.Phone, &c.Phone}, {a.Mail, &c.Mail}, {a.Network, &c.Network}} {
		if part.entered != "" {
			*part.at = part.entered
		}
	}
	return c
}

// LookAtAddresses says whether entering addresses would change something, and what is wrong with them (fields phone, mail, network); nothing is written. Returns Forbidden without UpdateAccount.
func (s *Service) LookAtAddresses(ctx context.Context, by policy.Actor, a Addresses) (changes bool, bad []fault.Field, err error) {
	if err := s.Guard.Require(by, policy.UpdateAccount); err != nil {
		return false, nil, err
	}
	if bad = checkAddresses(&a.Phone, &a.Mail, &a.Network); len(bad) > 0 {
		return false, bad, nil
	}
	now, _, err := s.contactOf(ctx, a.Account)
	next := a.onto(now)
	return next.Phone != now.Phone || next.Mail != now.Mail || next.Network != now.Network, nil, err
}

// EnterAddresses stores addresses of accounts and returns how many were changed: all are looked at before the first is written, and the same again finishes what was interrupted. The log says who did it and never what.
// Returns Forbidden without UpdateAccount, Invalid as LookAtAddresses, Conflict if an account was changed meanwhile.
func (s *Service) EnterAddresses(ctx context.Context, by policy.Actor, list []Addresses) (int, error) {
	const op = "outbox.EnterAddresses"
	var todo []Addresses
	for _, a := range list {
		if bad := checkAddresses(&a.Phone, &a.Mail, &a.Network); len(bad) > 0 {
			return 0, fault.InvalidFields(op, bad...)
		}
		if changes, _, err := s.LookAtAddresses(ctx, by, a); err != nil {
			return 0, err
		} else if changes {
			todo = append(todo, a)
		}
	}
	for i, a := range todo {
		now, seq, err := s.contactOf(ctx, a.Account)
		if err != nil {
			return i, err
		}
		if _, err := s.contacts.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.UpdateAccount)}, a.Account, seq, a.onto(now)); fault.Is(err, fault.Conflict) {
			return i, fault.New(op, fault.Conflict, "有人刚改了自己的接收方式，请再点一次导入")
		} else if err != nil {
			return i, err
		}
	}
	return len(todo), nil
}
