// Package witness keeps who outside of the bureau co-signs the checkpoints of the log, and what they co-signed.
//
//  1. A witness (the auditor first) holds a key of his own, made on his own machine (`redsteward witness key`); only its public half is known here.
//  2. What he co-signed he keeps himself too (`redsteward witness sign --kept DIR`): a log that is rewritten later, even with the key of the log, differs from it.
//  3. A co-signed checkpoint that does not fit the log is not refused but kept, marked: it is the evidence that somebody rewrote the log.
package witness

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
)

const (
	witnessKind = "witness"
	signedKind  = "cosignature"
	bySize      = "size"
	// maxNote bounds a co-signed checkpoint in bytes, maxOffice the name of the office in characters.
	maxNote   = 8 << 10
	maxOffice = 40
)

// Witness is an account that co-signs.
type Witness struct {
	// Key is the public key, one line; Office for whom he signs, such as 县审计局.
	Key    string `json:"key" privacy:"public"`
	Office string `json:"office" privacy:"public"`
}

// Signed is a checkpoint that a witness co-signed.
type Signed struct {
	// Size is up to which record of the log, Note the checkpoint with both signatures.
	Size int64  `json:"size"`
	Note string `json:"note" privacy:"public"`
	// Witness is the account, Office and Key as they were when he signed.
	Witness string `json:"witness" privacy:"internal"`
	Office  string `json:"office" privacy:"public"`
	Key     string `json:"key" privacy:"public"`
	// Differs: the log was another one when this was handed in.
	Differs bool `json:"differs,omitempty"`
}

// Service keeps witnesses and what they co-signed.
type Service struct {
	db        *store.DB
	guard     *policy.Guard
	witnesses *store.Collection[Witness]
	signed    *store.Collection[Signed]
}

// New opens the service on a store.
func New(ctx context.Context, db *store.DB, guard *policy.Guard) (*Service, error) {
	s := &Service{db: db, guard: guard}
	var err error
	if s.witnesses, err = store.NewCollection(ctx, db, store.Kind[Witness]{Name: witnessKind, Version: 1}); err != nil {
		return nil, err
	}
	s.signed, err = store.NewCollection(ctx, db, store.Kind[Signed]{Name: signedKind, Version: 1, Indexes: []store.Index[Signed]{
		{Name: bySize, Keys: func(string, *Signed) []string { return []string{""} }, Sort: func(_ string, s *Signed) string { return store.SortInt(s.Size) }},
	}})
	return s, err
}

// Own gives the actor's key; the zero Witness if he has handed in none. Returns Forbidden without log.cosign.
func (s *Service) Own(ctx context.Context, by policy.Actor) (Witness, error) {
	if err := s.guard.Require(by, policy.SignCheckpoint); err != nil {
		return Witness{}, err
	}
	d, err := s.witnesses.Load(ctx, by.ID)
	if fault.Is(err, fault.NotFound) {
		return Witness{}, nil
	}
	return d.State, err
}

// Enrol keeps the actor's public key and for whom he signs. Another key takes the place of the one before, with a reason; what was signed with that stays.
// Returns Forbidden without log.cosign, Invalid for refused fields (key, office, why).
func (s *Service) Enrol(ctx context.Context, by policy.Actor, in Witness, why string) error {
	const op = "witness.Enrol"
	if err := s.guard.Require(by, policy.SignCheckpoint); err != nil {
		return err
	}
	in.Key, in.Office = strings.TrimSpace(in.Key), strings.TrimSpace(in.Office)
	var bad []fault.Field
	if _, err := journal.WitnessName(in.Key); err != nil {
		bad = append(bad, fault.Field{Name: "key", Message: fault.MessageOf(err)})
	}
	if n := utf8.RuneCountInString(in.Office); n < 2 || n > maxOffice {
		bad = append(bad, fault.Field{Name: "office", Message: fmt.Sprintf("请写明代表哪个单位，2 到 %d 个字", maxOffice)})
	}
	before, err := s.witnesses.Load(ctx, by.ID)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return err
	}
	if before.Seq > 0 && before.State.Key != in.Key && utf8.RuneCountInString(strings.TrimSpace(why)) < 2 {
		bad = append(bad, fault.Field{Name: "why", Message: "换公钥要写原因"})
	}
	if len(bad) > 0 {
		return fault.InvalidFields(op, bad...)
	}
	if before.State == in {
		return nil
	}
	_, err = s.witnesses.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.SignCheckpoint), Why: strings.TrimSpace(why)}, by.ID, before.Seq, in)
	return err
}

// CoSign takes in a checkpoint that the actor co-signed. One that does not fit the log is kept too, marked. Returns Forbidden without log.cosign, Conflict without a key,
// Invalid (field note) for what is not co-signed with it or covers more than the log has.
func (s *Service) CoSign(ctx context.Context, by policy.Actor, note string) (Signed, error) {
	const op = "witness.CoSign"
	own, err := s.Own(ctx, by)
	if err != nil {
		return Signed{}, err
	}
	if own.Key == "" {
		return Signed{}, fault.New(op, fault.Conflict, "请先登记公钥")
	}
	refuse := func(message string) (Signed, error) {
		return Signed{}, fault.InvalidFields(op, fault.Field{Name: "note", Message: message})
	}
	if len(note) > maxNote {
		return refuse("内容太长，不是一个检查点")
	}
	// What was pasted into a form has other ends of line.
	note = strings.TrimLeft(strings.ReplaceAll(note, "\r\n", "\n"), "\n")
	note = strings.TrimRight(note, "\n ") + "\n"
	key, err := s.db.LogKey(ctx)
	if err != nil {
		return Signed{}, err
	}
	c, err := journal.OpenCosigned(key, own.Key, []byte(note))
	if err != nil {
		return refuse(fault.MessageOf(err))
	}
	root, err := s.db.RootOf(ctx, c.Size)
	if fault.Is(err, fault.Invalid) {
		return refuse("检查点比日志还长：" + fault.MessageOf(err) + "。请保留它并报告：日志的末尾可能被删去")
	}
	if err != nil {
		return Signed{}, err
	}
	in := Signed{Size: c.Size, Note: note, Witness: by.ID, Office: own.Office, Key: own.Key, Differs: root != c.Root}
	id := fmt.Sprintf("%020d/%s", c.Size, by.ID)
	before, err := s.signed.Head(ctx, id)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Signed{}, err
	}
	if before.Seq > 0 && before.State == in {
		return in, nil
	}
	_, err = s.signed.Commit(ctx, store.Meta{By: by.ID, Action: string(policy.SignCheckpoint)}, id, before.Seq, in)
	return in, err
}

// List gives what was co-signed, the longest logs first. Returns Forbidden without log.read.
func (s *Service) List(ctx context.Context, by policy.Actor, after string, limit int) (store.Page[Signed], error) {
	if err := s.guard.Require(by, policy.ReadLog); err != nil {
		return store.Page[Signed]{}, err
	}
	return s.signed.List(ctx, store.Query{Index: bySize, Desc: true, After: after, Limit: limit})
}

// Newest gives the checkpoint that covers most of the log, for those who look after the system; the zero Signed if nobody co-signed.
func (s *Service) Newest(ctx context.Context) (Signed, error) {
	page, err := s.signed.List(ctx, store.Query{Index: bySize, Desc: true, Limit: 1})
	if err != nil || len(page.Docs) == 0 {
		return Signed{}, err
	}
	return page.Docs[0].State, nil
}

// Status is what a witness needs of the log.
type Status struct {
	// Key is the public key of the log, "" if nothing was signed yet; Records how many it has.
	Key     string
	Records int64
}

// Status tells how the log stands. Returns Forbidden without log.read.
func (s *Service) Status(ctx context.Context, by policy.Actor) (Status, error) {
	if err := s.guard.Require(by, policy.ReadLog); err != nil {
		return Status{}, err
	}
	key, err := s.db.LogKey(ctx)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return Status{}, err
	}
	n, err := s.db.Engine().LastN(ctx)
	return Status{key, n}, err
}

// Checkpoint signs the log up to now, for a witness to co-sign; nothing if the log is empty. Returns Forbidden without log.verify.
func (s *Service) Checkpoint(ctx context.Context, by policy.Actor) ([]byte, error) {
	if err := s.guard.Require(by, policy.VerifyLog); err != nil {
		return nil, err
	}
	return s.db.Checkpoint(ctx)
}

// Growth shows that the log of size records begins with the first old of them. Returns Forbidden without log.verify, Invalid unless 0 < old ≤ size ≤ the length of the log.
func (s *Service) Growth(ctx context.Context, by policy.Actor, old, size int64) (journal.Proof, error) {
	if err := s.guard.Require(by, policy.VerifyLog); err != nil {
		return nil, err
	}
	if last, err := s.db.Engine().LastN(ctx); err != nil || size > last {
		return nil, errors.Join(err, fault.New("witness.Growth", fault.Invalid, fmt.Sprintf("日志只有 %d 条", last)))
	}
	return s.db.Growth(ctx, old, size)
}
