package policy

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
)

// Persons knows who has an account and asks for a password again; Service does.
type Persons interface {
	// Reauthenticate returns Invalid with the field current for a wrong one.
	Reauthenticate(ctx context.Context, by Actor, password string) error
	// Person returns who has an account, with his offices. Returns NotFound.
	Person(ctx context.Context, id string) (Actor, error)
}

// ApprovalDesk runs the approvals that stand inside the records of another package; everything but Signs is required, Chains only by Open.
type ApprovalDesk struct {
	// Guard says who may do what, Persons who signed on paper, Chains the ways of approval.
	Guard   *Guard
	Persons Persons
	Chains  *Chains
	// Now is the business clock.
	Now func() time.Time
	// Signs is the right to sign; none: SignApproval.
	Signs Action
}

func (d ApprovalDesk) signs() Action {
	if d.Signs == "" {
		return SignApproval
	}
	return d.Signs
}

// Open begins or goes on with the approval of what is said: all levels sign anew what it says now. Returns NotFound without such a way of approval, Invalid if
// none of its versions is in force.
func (d ApprovalDesk) Open(by Actor, chain, subject string, before *Approval, said any) (*Approval, error) {
	hash, err := Digest(said)
	if err != nil {
		return nil, err
	}
	var next Approval
	if before != nil && before.Maker == by.ID && before.State == ApprovalReturned {
		next, err = before.Decide(by, Sign{Move: MoveResubmit, SubjectHash: hash}, d.Now())
		return &next, err
	}
	way, err := d.Chains.On(chain, calendar.DateOf(d.Now()))
	if err != nil {
		return nil, err
	}
	next, err = OpenApproval(d.Guard.Rules(), way, subject, hash, by)
	return &next, err
}

// Digest is what everybody signs: the algorithm and the hash of what a record says.
func Digest(said any) (string, error) {
	text, err := json.Marshal(said)
	if err != nil {
		return "", fault.Wrap("policy.Digest", fault.Internal, "", err)
	}
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// Decide asks an approval for a signature of the offices that reach the row; it changes nothing.
func (d ApprovalDesk) Decide(ctx context.Context, by Actor, a *Approval, sign Sign, keys []string, day calendar.Date) (Approval, error) {
	signer, err := d.Guard.Signer(ctx, by, d.signs())
	if err != nil {
		return Approval{}, err
	}
	return a.Decide(signer.At(keys, day), sign, d.Now())
}

// OnPaper is a signature on paper: what was signed by its hash, the account of who signed, the day written on the paper, and its scan. It counts once a second
// person has looked at it.
type OnPaper struct {
	Hash, Signer string
	SignedOn     calendar.Date
	Upload       *files.Upload
}

// PaperSign is a signature on paper as an approval takes it. Returns Invalid (paper, signer) without a scan or a signer.
func (d ApprovalDesk) PaperSign(ctx context.Context, in OnPaper, keys []string, day calendar.Date) (Sign, error) {
	const op = "policy.PaperSign"
	if in.Upload == nil {
		return Sign{}, fault.InvalidFields(op, fault.Field{Name: "paper", Message: "请上传签字件扫描件（PDF、JPG 或 PNG）"})
	}
	who, err := d.Persons.Person(ctx, in.Signer)
	if fault.Is(err, fault.NotFound) {
		return Sign{}, fault.InvalidFields(op, fault.Field{Name: "signer", Message: "请选择在纸上签字的人"})
	}
	if err != nil {
		return Sign{}, err
	}
	signer, err := d.Guard.Signer(ctx, who, d.signs())
	if err != nil {
		return Sign{}, err
	}
	return Sign{Move: MoveAgree, SubjectHash: in.Hash, Signer: signer.At(keys, day), Paper: &PaperSignature{FileHash: "sha256:" + in.Upload.SHA256, Signer: in.Signer, SignedOn: in.SignedOn}}, nil
}

// MayLook reports whether the actor may look at a scan of an approval a second time.
func (d ApprovalDesk) MayLook(ctx context.Context, by Actor, a *Approval, scan string, keys []string, day calendar.Date) bool {
	_, err := d.Decide(ctx, by, a, Sign{Move: MoveConfirmPaper, SubjectHash: a.SubjectHash, Paper: &PaperSignature{FileHash: scan}}, keys, day)
	return err == nil
}

// MaySign reports whether the actor may sign an approval now.
func (d ApprovalDesk) MaySign(ctx context.Context, by Actor, a *Approval, keys []string, day calendar.Date) bool {
	if a == nil || a.State != ApprovalPending || !d.Guard.Allow(by, d.signs()) {
		return false
	}
	_, err := d.Decide(ctx, by, a, Sign{Move: MoveAgree, SubjectHash: a.SubjectHash, Reason: "代"}, keys, day)
	return err == nil
}
