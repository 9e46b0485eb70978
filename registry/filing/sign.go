package filing

import (
	"context"
	"fmt"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// Signing is what somebody does to the approval of a filing. Everything is signed under the hash that was seen, with the password again.
type Signing struct {
	// Move is policy.MoveAgree, MoveReturn, MoveRefuse, MoveConfirmPaper or MoveRejectPaper; Reason and Hash are those of policy.Sign.
	Move         policy.ApprovalMove
	Reason, Hash string
	// Password is that of who signs on the screen.
	Password string
	// Scan names the scan that a second person looks at: sha256:<64 hex>.
	Scan string
	// Upload, with Signer and SignedOn, is a signed paper: the file, the account of who signed it and the day written on it.
	Upload   *files.Upload
	Signer   string
	SignedOn calendar.Date
}

// Sign signs, returns or refuses at the actor's level, records a signed paper or looks at one a second time. The last signature files it: it gives number and
// receipt and opens the sheets. Returns Forbidden with the rule for whom it does not wait, Invalid for refused fields (current, reason, paper, signer, signed_on),
// Conflict if it does not wait for approval, was changed, or somebody was quicker.
func (s *Service) Sign(ctx context.Context, by policy.Actor, at At, in Signing) (store.Doc[Filing], error) {
	none := store.Doc[Filing]{}
	if err := s.Guard.Require(by, policy.SignApproval); err != nil {
		return none, err
	}
	scope, err := s.scope(ctx, by, policy.ReadFiling)
	if err != nil {
		return none, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.SignApproval), Why: string(MoveSign), Idem: at.Idem}
	if doc, done, err := s.rows.Replay(ctx, meta); err != nil || done {
		return doc, err
	}
	doc, err := s.load(ctx, by, scope, at.ID)
	if err != nil {
		return none, err
	}
	f := &doc.State
	if _, err := f.State.next(MoveSign); err != nil {
		return none, err
	}
	if doc.Seq != at.Seq {
		return none, fault.New("filing.Sign", fault.Conflict, "这件备案刚被别人办过，请刷新后再签")
	}
	next, err := s.decide(ctx, by, f, in)
	if err != nil {
		return none, err
	}
	if err := s.Persons.Reauthenticate(ctx, by, in.Password); err != nil {
		return none, err
	}
	if in.Upload != nil {
		stored, err := s.Keeper.Keep(ctx, meta, in.Upload)
		if err != nil {
			return none, err
		}
		f.Scans = append(append([]files.Stored(nil), f.Scans...), stored)
	}
	f.Approval, f.Last = &next, MoveSign
	switch next.State {
	case policy.ApprovalApproved:
		err = s.register(ctx, meta, at.ID, f)
	case policy.ApprovalRefused:
		f.Last, f.Reason, f.Clause = MoveReject, in.Reason, f.Basis
		f.Refusal = &Told{Day: s.today(), Text: in.Reason, Clause: f.Basis}
	case policy.ApprovalReturned:
		f.Last, f.Reason = MoveReturn, in.Reason
	}
	if err != nil {
		return none, err
	}
	meta.Why = string(f.Last)
	if f.State, err = f.State.next(f.Last); err != nil {
		return none, err
	}
	return s.rows.Commit(ctx, meta, at.ID, at.Seq, *f)
}

// decide asks the approval; it changes nothing.
func (s *Service) decide(ctx context.Context, by policy.Actor, f *Filing, in Signing) (policy.Approval, error) {
	sign := policy.Sign{Move: in.Move, Reason: in.Reason, SubjectHash: in.Hash}
	if in.Scan != "" {
		sign.Paper = &policy.PaperSignature{FileHash: in.Scan}
	}
	if in.Upload != nil {
		who, err := s.Persons.Person(ctx, in.Signer)
		if fault.Is(err, fault.NotFound) {
			return policy.Approval{}, fault.InvalidFields("filing.Sign", fault.Field{Name: "signer", Message: "请选择在纸上签字的人"})
		}
		if err != nil {
			return policy.Approval{}, err
		}
		if sign.Signer, err = s.reaching(ctx, who, f); err != nil {
			return policy.Approval{}, err
		}
		sign.Paper = &policy.PaperSignature{FileHash: "sha256:" + in.Upload.SHA256, Signer: in.Signer, SignedOn: in.SignedOn}
	}
	here, err := s.reaching(ctx, by, f)
	if err != nil {
		return policy.Approval{}, err
	}
	return f.Approval.Decide(here, sign, s.Now())
}

// reaching is a person with the offices that reach the filing.
func (s *Service) reaching(ctx context.Context, by policy.Actor, f *Filing) (policy.Actor, error) {
	signer, err := s.Guard.Signer(ctx, by, policy.SignApproval)
	if err != nil {
		return policy.Actor{}, err
	}
	return signer.At(f.Keys, f.Day), nil
}

// MaySign reports whether the actor may sign on the screen now.
func (s *Service) MaySign(ctx context.Context, by policy.Actor, f *Filing) bool {
	if f.State != Approving || !s.Guard.Allow(by, policy.SignApproval) {
		return false
	}
	_, err := s.decide(ctx, by, f, Signing{Move: policy.MoveAgree, Hash: f.Approval.SubjectHash, Reason: "代"})
	return err == nil
}

// MayLook reports whether the actor may look at a scan a second time.
func (s *Service) MayLook(ctx context.Context, by policy.Actor, f *Filing, scan string) bool {
	if f.State != Approving || !s.Guard.Allow(by, policy.SignApproval) {
		return false
	}
	_, err := s.decide(ctx, by, f, Signing{Move: policy.MoveConfirmPaper, Hash: f.Approval.SubjectHash, Scan: scan})
	return err == nil
}

// register gives number and receipt and opens the sheets.
func (s *Service) register(ctx context.Context, meta store.Meta, id string, f *Filing) error {
	k, err := s.Kinds.Find(f.Kind)
	if err != nil {
		return err
	}
	f.Last, f.Filed, f.Year = MoveRegister, s.today(), int64(s.today().Year())
	if f.Nth, err = s.number(ctx, meta, id, k.ID, k.Series, f.Year); err != nil {
		return err
	}
	f.Number = casework.Number{Word: k.Series, Year: f.Year, Nth: f.Nth}.String()
	if !k.Synchronous {
		return nil
	}
	for _, form := range s.Kinds.Sheets() {
		due, err := s.Deadlines(form.Within, f.Filed)
		if err != nil {
			return err
		}
		f.Sheets = append(f.Sheets, Sheet{Kind: form.ID, Due: due})
	}
	return nil
}

// number claims the next number of a kind and year for a filing; a filing that claimed one before and was cut off gets the same again.
func (s *Service) number(ctx context.Context, meta store.Meta, id, kind, series string, year int64) (int64, error) {
	page, err := s.rows.List(ctx, store.Query{Index: byNumber, Key: numberKey(kind, year), Desc: true, Limit: 1})
	if err != nil {
		return 0, err
	}
	n := int64(1)
	if len(page.Docs) > 0 {
		n = page.Docs[0].State.Nth + 1
	}
	meta.Idem = nil
	for ; ; n++ {
		err := s.DB.Claim(ctx, meta, numberClaim, fmt.Sprintf("%s/%d", numberKey(kind, year), n), filingKind+"/"+id)
		if err == nil { // no other paper of the bureau may have it either
			err = s.Letters.Take(ctx, meta, casework.Number{Word: series, Year: year, Nth: n}.String(), casework.Bearing{Target: filingKind + "/" + id, Slot: slotReceipt})
		}
		if !fault.Is(err, fault.Conflict) {
			return n, err
		}
	}
}
