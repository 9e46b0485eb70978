package inspection

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

// Certificate is somebody's 执法证; its id is that of the account. A later one takes the place of an earlier one.
type Certificate struct {
	// Number is the number on it, Issuer who issued it.
	Number string `json:"number" privacy:"internal"`
	Issuer string `json:"issuer" privacy:"public"`
	// From and Until are the first and last day of its validity.
	From  calendar.Date `json:"from"`
	Until calendar.Date `json:"until"`
	// Ended is the day from which it is taken back, no day for one that stands, Why the reason.
	Ended calendar.Date `json:"ended,omitzero"`
	Why   string        `json:"why,omitempty" privacy:"internal"`
}

// Lacks says why a certificate does not count on a day, "" if it does.
func (c *Certificate) Lacks(day calendar.Date) string {
	switch {
	case c.Number == "":
		return "没有登记执法证"
	case !c.Ended.IsZero() && c.Ended.Compare(day) <= 0:
		return "执法证 " + c.Number + " 已于" + c.Ended.Chinese() + "收回"
	case c.From.Compare(day) > 0:
		return "执法证 " + c.Number + " 自" + c.From.Chinese() + "起有效"
	case c.Until.Compare(day) < 0:
		return "执法证 " + c.Number + " 已于" + c.Until.Chinese() + "到期"
	}
	return ""
}

const (
	certificateKind  = "certificate"
	certificateClaim = "certificate-number"
	maxCertificate   = 40
)

// Certificates keeps the certificates of those who inspect. It is safe for concurrent use.
type Certificates struct {
	db    *store.DB
	guard *policy.Guard
	crew  Crew
	rows  *store.Collection[Certificate]
}

// NewCertificates opens certificates on a store.
func NewCertificates(ctx context.Context, db *store.DB, guard *policy.Guard, crew Crew) (*Certificates, error) {
	s := &Certificates{db: db, guard: guard, crew: crew}
	var err error
	s.rows, err = store.NewCollection(ctx, db, store.Kind[Certificate]{Name: certificateKind, Version: 1})
	return s, err
}

// Of is the certificate of an account with its last change, an empty one if it has none. It asks for no right.
func (s *Certificates) Of(ctx context.Context, account string) (Certificate, int64, error) {
	if !journal.ValidPart(account) {
		return Certificate{}, 0, nil
	}
	doc, err := s.rows.Load(ctx, account)
	if fault.Is(err, fault.NotFound) {
		return Certificate{}, 0, nil
	}
	return doc.State, doc.Seq, err
}

// May reports whether the actor sees the certificates of others.
func (s *Certificates) May(by policy.Actor) bool {
	return s.guard.Allow(by, policy.KeepCertificate) || s.guard.Allow(by, policy.PlanInspection)
}

// Enter enters the certificate of an account, in the place of an earlier one; seq is the change of it that was seen, 0 for none. Returns Forbidden without KeepCertificate, Invalid for refused fields
// (account, number, issuer, from, until), Conflict if somebody was quicker.
func (s *Certificates) Enter(ctx context.Context, by policy.Actor, account string, seq int64, in Certificate) error {
	const op = "inspection.Enter"
	if err := s.guard.Require(by, policy.KeepCertificate); err != nil {
		return err
	}
	in = Certificate{Number: strings.TrimSpace(in.Number), Issuer: strings.TrimSpace(in.Issuer), From: in.From, Until: in.Until}
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	switch person, err := s.crew.Person(ctx, account); {
	case fault.Is(err, fault.NotFound) || err == nil && !s.guard.Allow(person, policy.DoInspection):
		fail("account", "请选择有检查岗位的人员")
	case err != nil:
		return err
	}
	if n := utf8.RuneCountInString(in.Number); n < 4 || n > maxCertificate {
		fail("number", "执法证号要有 4 至 %d 个字，现在有 %d 个", maxCertificate, n)
	}
	if n := utf8.RuneCountInString(in.Issuer); n < 2 || n > maxWhere {
		fail("issuer", "发证机关要有 2 至 %d 个字，现在有 %d 个", maxWhere, n)
	}
	if in.From.IsZero() {
		fail("from", "请填写起始日")
	}
	if in.Until.IsZero() || in.Until.Compare(in.From) < 0 {
		fail("until", "请填写不早于起始日的截止日")
	}
	switch holder, err := s.db.Claimed(ctx, certificateClaim, in.Number); {
	case err != nil && !fault.Is(err, fault.NotFound):
		return err
	case err == nil && holder != certificateKind+"/"+account:
		fail("number", "执法证号“%s”已经登记在另一人名下", in.Number)
	}
	if len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	meta := store.Meta{By: by.ID, Action: string(policy.KeepCertificate), Why: "登记执法证"}
	if _, now, err := s.Of(ctx, account); err != nil || now != seq {
		return cmpErr(err, fault.New(op, fault.Conflict, "这份执法证刚被别人登记过，请刷新后再办"))
	}
	if err := s.db.Claim(ctx, meta, certificateClaim, in.Number, certificateKind+"/"+account); err != nil {
		return err
	}
	_, err := s.rows.Commit(ctx, meta, account, seq, in)
	return err
}

// cmpErr is the first of two errors that is one.
func cmpErr(first, second error) error {
	if first != nil {
		return first
	}
	return second
}

// End takes a certificate back from a day on. Returns Forbidden without KeepCertificate, NotFound without one, Invalid (day, reason), Conflict if it is taken back or somebody was quicker.
func (s *Certificates) End(ctx context.Context, by policy.Actor, account string, seq int64, day calendar.Date, reason string) error {
	const op = "inspection.End"
	if err := s.guard.Require(by, policy.KeepCertificate); err != nil {
		return err
	}
	c, now, err := s.Of(ctx, account)
	switch {
	case err != nil:
		return err
	case c.Number == "":
		return fault.New(op, fault.NotFound, "没有找到这份执法证")
	case now != seq || !c.Ended.IsZero():
		return fault.New(op, fault.Conflict, "这份执法证刚被别人登记过，请刷新后再办")
	}
	var bad []fault.Field
	if c.Ended = day; day.IsZero() || day.Compare(c.From) < 0 || day.Compare(c.Until) > 0 {
		bad = append(bad, fault.Field{Name: "day", Message: "收回日期要在有效期以内"})
	}
	if c.Why = strings.TrimSpace(reason); utf8.RuneCountInString(c.Why) < 2 || utf8.RuneCountInString(c.Why) > maxNote {
		bad = append(bad, fault.Field{Name: "reason", Message: "请写明收回的理由"})
	}
	if len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	_, err = s.rows.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.KeepCertificate), Why: "收回执法证"}, account, seq, c)
	return err
}
