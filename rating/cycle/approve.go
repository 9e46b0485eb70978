package cycle

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/internal/store"
	"redsteward/policy"
	"redsteward/rating"
)

// The ways of approval of approvals.yaml by which a result is published: the stars of a year, the circular of a quarter.
const (
	ChainYear    = "publish-year"
	ChainQuarter = "publish-quarter"
)

// Minutes are the minutes of the joint review (联审纪要), on which stars stand.
type Minutes struct {
	// Cited is how they are cited, File the SHA-256 of their scan in the store; a year needs one of them.
	Cited, File string
	// Kind is what the scan is, Shown the SHA-256 of the copy that pages show, "" if the kind has none.
	Kind  files.Kind
	Shown string
}

// Sending is what was sent through the approval of a publication.
type Sending struct {
	Act
	// Minutes, MinutesFile, MinutesKind and MinutesShown: see Publication.
	Minutes      string     `json:"minutes,omitempty" privacy:"internal"`
	MinutesFile  string     `json:"minutes_file,omitempty" privacy:"internal"`
	MinutesKind  files.Kind `json:"minutes_kind,omitempty" privacy:"internal"`
	MinutesShown string     `json:"minutes_shown,omitempty" privacy:"internal"`
	// Answered are the accounts of those who answered objections to the scores: they sign nowhere and do not publish.
	Answered []string `json:"answered,omitempty" privacy:"internal"`
}

// chain is the way of approval by which the period is published.
func (p *Period) chain() string {
	if p.Stars() {
		return ChainYear
	}
	return ChainQuarter
}

// approval is where the approval of the publication stands, "" before anything was sent.
func (p *Period) approval() policy.ApprovalState {
	if p.Approval == nil {
		return ""
	}
	return p.Approval.State
}

// ToSend reports whether the result waits to be sent through its approval, for the first time or again.
func (p Period) ToSend() bool { return p.State == StateEvaluated && p.held(MoveSend) == "" }

// Signing reports whether the result waits for signatures.
func (p Period) Signing() bool { return p.State == StateEvaluated && p.held(MoveSign) == "" }

// Approved reports whether all signatures have been given and the result can be published.
func (p Period) Approved() bool { return p.State == StateEvaluated && p.held(MovePublish) == "" }

// held says why an evaluated period cannot be moved while its approval stands as it does, "" if it can.
func (p *Period) held(m Move) string {
	if why := p.Wait(); why != "" && (m == MoveTell || m == MoveSend) {
		return why
	}
	why := map[Move]map[policy.ApprovalState]string{
		MoveEvaluate: {policy.ApprovalPending: "正在审批公布，不能重新评价；要重新评价的，请送审的人先撤回"},
		MoveTell:     {policy.ApprovalPending: "正在审批公布，不能再告知或者公示", policy.ApprovalApproved: "已经审批通过，不用再告知或者公示"},
		MoveSend:     {policy.ApprovalPending: "已经送审，正在审批", policy.ApprovalApproved: "已经审批通过，可以公布"},
		MoveSign:     {"": "还没有送审，不能签署", policy.ApprovalApproved: "已经审批通过，不用再签", policy.ApprovalReturned: "已经退回，重新送审以后再签", policy.ApprovalRefused: "审批没有同意公布，不能再签", policy.ApprovalWithdrawn: "的送审已经撤回，不能签署"},
		MoveWithdraw: {"": "还没有送审，没有可以撤回的", policy.ApprovalApproved: "已经审批通过，不能撤回；要更正的，重新评价后再送审", policy.ApprovalRefused: "审批没有同意公布，不用撤回", policy.ApprovalWithdrawn: "的送审已经撤回"},
		MovePublish: {"": "还没有送审，各级签署以后才能公布", policy.ApprovalPending: "还在审批，各级签署以后才能公布", policy.ApprovalReturned: "的审批被退回，更正并重新送审以后才能公布", policy.ApprovalRefused: "审批没有同意公布，更正并重新送审以后才能公布",
			policy.ApprovalWithdrawn: "的送审已经撤回，重新送审以后才能公布"},
	}
	return why[m][p.approval()]
}

// MaySend returns the period if this person may send this evaluation of it through its approval now. It returns the errors of Send about rights, state and objections.
func (s *Service) MaySend(ctx context.Context, by policy.Actor, id, evaluation string) (Period, error) {
	if err := s.guard.Require(by, policy.ManagePeriod); err != nil {
		return Period{}, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return Period{}, err
	}
	if _, err := p.after(MoveSend); err != nil {
		return Period{}, err
	}
	if err := p.same(evaluation); err != nil {
		return Period{}, err
	}
	if err := s.heard(ctx, &p); err != nil {
		return p, err
	}
	return p, s.scoredTwice(ctx, &p)
}

// same refuses an evaluation that somebody looked at and that was replaced since.
func (p *Period) same(evaluation string) error {
	if evaluation != p.Evaluation {
		return fault.New("cycle.same", fault.Conflict, p.Name+"在你查看之后又评价过一次，请看过新的结果再办")
	}
	return nil
}

// Send sends the evaluation of a period through its approval: of a year on the minutes on which it was shown to the public last. evaluation is the one that the person looked at.
// Returns Conflict if the period is not evaluated, was evaluated anew since, is being approved or cannot be recomputed, if these scores were not told or these stars not shown, while a window of objection, publicity or
// appeal runs, an objection has not come to its end or a remark was not answered, or as long as something near a cut waits for its second scorer (ranges.yaml); Invalid without a way of approval in force. A refused call writes nothing.
func (s *Service) Send(ctx context.Context, by policy.Actor, id, evaluation string) (Period, error) {
	p, err := s.MaySend(ctx, by, id, evaluation)
	if err != nil {
		return Period{}, err
	}
	last := &p.Tellings[len(p.Tellings)-1]
	made, err := s.complete(ctx, &p)
	if err != nil {
		return Period{}, err
	}
	p.Sent = &Sending{Act: Act{By: by.ID, At: journal.At(s.db.Now())}, Minutes: last.Minutes, MinutesFile: last.MinutesFile, MinutesKind: last.MinutesKind, MinutesShown: last.MinutesShown}
	if p.Sent.Answered, err = s.answerers(ctx, id); err != nil {
		return Period{}, err
	}
	if p.Approval, err = s.desk.Open(by, p.chain(), fmt.Sprintf("period/%s/%d", id, p.Seq+1), p.Approval, p.said(made.Root)); err != nil {
		return Period{}, err
	}
	return s.commit(ctx, store.Meta{By: by.ID, Action: string(policy.ManagePeriod), Why: string(MoveSend)}, p)
}

// said is what everybody signs: these results under this scheme, on these minutes.
func (p *Period) said(root string) any {
	return []any{p.ID, p.Evaluation, root, p.SchemeHash, p.Sent.Minutes, p.Sent.MinutesFile}
}

// complete is the present evaluation. Returns Conflict if it cannot be recomputed, because earlier results are missing.
func (s *Service) complete(ctx context.Context, p *Period) (rating.Evaluation, error) {
	checked, err := s.archive.Verify(ctx, p.Evaluation)
	if err != nil {
		return rating.Evaluation{}, err
	}
	if n := len(checked.Missing); n > 0 {
		return rating.Evaluation{}, fault.New("cycle.complete", fault.Conflict, fmt.Sprintf("%s有 %d 个以往结果不在库中，不能复算，不能公布", p.Name, n))
	}
	return s.archive.Evaluation(ctx, p.Evaluation)
}

// checkMinutes checks the minutes before anything is written.
func (s *Service) checkMinutes(ctx context.Context, in *Minutes) error {
	in.Cited = strings.TrimSpace(in.Cited)
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	if in.Cited == "" && in.File == "" {
		fail("minutes", "公示星级必须有联审纪要：请填写纪要编号或上传扫描件")
	}
	if n := utf8.RuneCountInString(in.Cited); n > maxMinutes || strings.ContainsFunc(in.Cited, unicode.IsControl) {
		fail("minutes", "联审纪要的编号最多 %d 个字，现有 %d 个", maxMinutes, n)
	}
	if in.File != "" {
		if err := s.hasFile(ctx, in.File); fault.Is(err, fault.NotFound) {
			fail("minutes_file", "联审纪要的扫描件没有上传成功，请重新上传")
		} else if err != nil {
			return err
		}
	}
	if len(bad) > 0 {
		return fault.InvalidFields("cycle.Show", bad...)
	}
	return nil
}

// Sign signs, returns or refuses at the actor's level, or looks at a signed paper a second time, with the password again. Returns Forbidden with the rule for
// whom it does not wait, for who sent it and for who evaluated; Invalid (current, reason), Conflict if it does not wait for approval, was changed, or somebody
// was quicker. A refused call writes nothing.
func (s *Service) Sign(ctx context.Context, by policy.Actor, id string, sign policy.Sign, password string) (Period, error) {
	return s.sign(ctx, by, id, password, nil, func(*Period) (policy.Sign, error) { return sign, nil })
}

// SignOnPaper records what somebody signed on paper; it counts once another person has looked at the scan. Returns as Sign, and Invalid for refused fields (paper,
// signer, signed_on).
func (s *Service) SignOnPaper(ctx context.Context, by policy.Actor, id string, in policy.OnPaper, password string) (Period, error) {
	return s.sign(ctx, by, id, password, in.Upload, func(p *Period) (policy.Sign, error) { return s.desk.PaperSign(ctx, in, nil, p.Days.Last) })
}

// sign carries a signature out; a scan is kept with it.
func (s *Service) sign(ctx context.Context, by policy.Actor, id, password string, scan *files.Upload, signed func(*Period) (policy.Sign, error)) (Period, error) {
	p, err := s.loadToSign(ctx, by, id, MoveSign)
	if err != nil {
		return Period{}, err
	}
	sign, err := signed(&p)
	if err != nil {
		return Period{}, err
	}
	next, err := s.decide(ctx, by, &p, sign)
	if err != nil {
		return Period{}, err
	}
	if err := s.desk.Persons.Reauthenticate(ctx, by, password); err != nil {
		return Period{}, err
	}
	meta := store.Meta{By: by.ID, Action: string(policy.SignApproval), Why: string(sign.Move)}
	if scan != nil {
		stored, err := s.keeper.Keep(ctx, meta, scan)
		if err != nil {
			return Period{}, err
		}
		p.Scans = append(slices.Clone(p.Scans), stored)
	}
	p.Approval = &next
	return s.commit(ctx, meta, p)
}

// loadToSign returns a period of which something may be done in its approval.
func (s *Service) loadToSign(ctx context.Context, by policy.Actor, id string, m Move) (Period, error) {
	if err := s.guard.Require(by, policy.SignApproval); err != nil {
		return Period{}, err
	}
	if err := s.guard.Require(by, policy.ReadPeriods); err != nil {
		return Period{}, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return Period{}, err
	}
	_, err = p.after(m)
	return p, err
}

// decide asks the approval; it changes nothing. Who evaluated or answered an objection does not sign: neither himself, nor on paper, nor through a deputy.
func (s *Service) decide(ctx context.Context, by policy.Actor, p *Period, sign policy.Sign) (policy.Approval, error) {
	who, look := &by, sign.Move == policy.MoveConfirmPaper || sign.Move == policy.MoveRejectPaper
	if sign.Paper != nil {
		who = &sign.Signer
	}
	if !look {
		if err := s.apart(*who, p); err != nil {
			return policy.Approval{}, err
		}
	}
	who.Deputizes = slices.DeleteFunc(slices.Clone(who.Deputizes), func(d policy.Deputizing) bool {
		return d.For == p.Evaluated.By || p.Sent != nil && slices.Contains(p.Sent.Answered, d.For)
	})
	return s.desk.Decide(ctx, by, p.Approval, sign, nil, p.Days.Last)
}

// apart refuses who evaluated and who answered objections.
func (s *Service) apart(by policy.Actor, p *Period) error {
	acts := []policy.Act{{Part: policy.PartScore, By: p.Evaluated.By}}
	if p.Sent != nil {
		for _, id := range p.Sent.Answered {
			acts = append(acts, policy.Act{Part: policy.PartAppeal, By: id})
		}
	}
	return policy.Separate(by, policy.PartPublish, acts)
}

// MaySign reports whether the actor may sign the publication of a period now, MayLook whether he may look at a scan of a signed paper.
func (s *Service) MaySign(ctx context.Context, by policy.Actor, p *Period) bool {
	return p.Signing() && s.can(ctx, by, p, policy.Sign{Move: policy.MoveAgree, SubjectHash: p.Approval.SubjectHash, Reason: "代"})
}

// MayLook reports whether the actor may look at a scan of a signed paper a second time.
func (s *Service) MayLook(ctx context.Context, by policy.Actor, p *Period, scan string) bool {
	return p.Signing() && s.can(ctx, by, p, policy.Sign{Move: policy.MoveConfirmPaper, SubjectHash: p.Approval.SubjectHash, Paper: &policy.PaperSignature{FileHash: scan}})
}

func (s *Service) can(ctx context.Context, by policy.Actor, p *Period, sign policy.Sign) bool {
	if !s.guard.Allow(by, policy.SignApproval) {
		return false
	}
	_, err := s.decide(ctx, by, p, sign)
	return err == nil
}

// Withdraw takes a publication out of its approval again; all signatures are void. Returns Forbidden to everybody but who sent it, Conflict if it is not being
// approved.
func (s *Service) Withdraw(ctx context.Context, by policy.Actor, id string) (Period, error) {
	if err := s.guard.Require(by, policy.ManagePeriod); err != nil {
		return Period{}, err
	}
	p, err := s.load(ctx, id)
	if err != nil {
		return Period{}, err
	}
	if _, err := p.after(MoveWithdraw); err != nil {
		return Period{}, err
	}
	next, err := p.Approval.Decide(by, policy.Sign{Move: policy.MoveWithdraw}, s.db.Now())
	if err != nil {
		return Period{}, err
	}
	p.Approval = &next
	return s.commit(ctx, store.Meta{By: by.ID, Action: string(policy.ManagePeriod), Why: string(MoveWithdraw)}, p)
}
