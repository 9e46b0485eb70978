package policy

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// ApprovalState is where an approval stands. To add one: the constant, its row in approvalMoves, its word in internal/web.
type ApprovalState string

// The states of an approval.
const (
	// ApprovalPending: waits for a signature (审批中).
	ApprovalPending ApprovalState = "pending"
	// ApprovalReturned: sent back to its maker for correction (退回).
	ApprovalReturned ApprovalState = "returned"
	// ApprovalApproved: all levels agreed (通过). Final.
	ApprovalApproved ApprovalState = "approved"
	// ApprovalRefused: one signature refused (不同意). Final.
	ApprovalRefused ApprovalState = "refused"
	// ApprovalWithdrawn: taken back by its maker (已撤回). Final.
	ApprovalWithdrawn ApprovalState = "withdrawn"
)

// ApprovalMove is what somebody does to an approval.
type ApprovalMove string

// The moves.
const (
	// MoveAgree: one seat signs.
	MoveAgree ApprovalMove = "agree"
	// MoveReturn: one seat sends it back, with a reason.
	MoveReturn ApprovalMove = "return"
	// MoveRefuse: one seat refuses, with a reason.
	MoveRefuse ApprovalMove = "refuse"
	// MoveResubmit: the maker hands the corrected matter in again; all levels sign anew.
	MoveResubmit ApprovalMove = "resubmit"
	// MoveWithdraw: the maker takes it back.
	MoveWithdraw ApprovalMove = "withdraw"
	// MoveConfirmPaper: a second person has compared a scan with what is approved; only then it counts as the signature.
	MoveConfirmPaper ApprovalMove = "confirm_paper"
	// MoveRejectPaper: a second person does not accept a scan, with a reason; the seat is open again.
	MoveRejectPaper ApprovalMove = "reject_paper"
)

// approvalMoves is the transition table: a pair that is missing is Conflict. MoveAgree and MoveConfirmPaper lead to approved once
// the last seat of the last level has signed.
func approvalMoves() map[ApprovalState]map[ApprovalMove]ApprovalState {
	return map[ApprovalState]map[ApprovalMove]ApprovalState{
		ApprovalPending: {
			MoveAgree:    ApprovalPending,
			MoveReturn:   ApprovalReturned,
			MoveRefuse:   ApprovalRefused,
			MoveWithdraw: ApprovalWithdrawn,

			MoveConfirmPaper: ApprovalPending,
			MoveRejectPaper:  ApprovalPending,
		},
		ApprovalReturned: {
			MoveResubmit: ApprovalPending,
			MoveWithdraw: ApprovalWithdrawn,
		},
	}
}

// Approval is the record of one approval. It holds the chain as it was when it began: a later change of the chain does not reach it.
type Approval struct {
	// Chain is the chain in the version under which the approval began.
	Chain Chain `json:"chain"`
	// Subject is the record that is approved: <kind>/<id>/<seq>.
	Subject string `json:"subject" privacy:"internal"`
	// SubjectHash is the algorithm and hash of what is approved, sha256:<64 hex>; everybody signs the same.
	SubjectHash string `json:"subject_hash" privacy:"internal"`
	// Maker is the account id of who handed it in.
	Maker string `json:"maker" privacy:"internal"`
	// State is where it stands.
	State ApprovalState `json:"state" privacy:"internal"`
	// Level is the level whose seats sign now, from 0; it stays at the last one when approved.
	Level int64 `json:"level"`
	// Round counts resubmissions from 0; only signatures of the current round count.
	Round int64 `json:"round"`
	// Decisions are all moves so far, oldest first.
	Decisions []ApprovalDecision `json:"decisions,omitempty"`
}

// ApprovalDecision is one move, as recorded.
type ApprovalDecision struct {
	// Move is what was done.
	Move ApprovalMove `json:"move" privacy:"internal"`
	// By is the account id of who did it on the screen; with Paper, of who recorded the scan.
	By string `json:"by" privacy:"internal"`
	// At is the instant, UTC, cut to milliseconds.
	At journal.Time `json:"at"`
	// Round, Level and Seat say which signature it is; Seat is -1 for moves of the maker.
	Round int64 `json:"round"`
	// Level: see Round.
	Level int64 `json:"level"`
	// Seat: see Round.
	Seat int64 `json:"seat"`
	// As is the role in which it was signed.
	As Role `json:"as,omitempty" privacy:"internal"`
	// Deputy: signed in the place of the seat's own role (代).
	Deputy bool `json:"deputy,omitempty"`
	// For is the account id of the absent person in whose place it was signed, "" if in the own right or by a deputy role of the seat.
	For string `json:"for,omitempty" privacy:"internal"`
	// Reason is required for return, refuse, a rejected scan and deputy roles; who stands for an absent person is named by the record of the absence.
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Paper is the signed paper that stands for the signature on the screen.
	Paper *PaperSignature `json:"paper,omitempty"`
}

// PaperSignature is the fallback: the original is the signed paper, scanned. It counts once a second person has confirmed it.
type PaperSignature struct {
	// FileHash is the stored scan, sha256:<64 hex>.
	FileHash string `json:"file_hash" privacy:"internal"`
	// Signer is the account id of who signed on paper.
	Signer string `json:"signer" privacy:"internal"`
	// SignedOn is the day written on the paper.
	SignedOn calendar.Date `json:"signed_on"`
}

// signer is whose signature the decision is.
func (d ApprovalDecision) signer() string {
	if d.Paper != nil {
		return d.Paper.Signer
	}
	return d.By
}

// Sign is what somebody wants to do to an approval.
type Sign struct {
	// Move is what to do.
	Move ApprovalMove
	// Reason: see ApprovalDecision.
	Reason string
	// Paper, if the signature is on paper; with MoveConfirmPaper and MoveRejectPaper only its FileHash counts.
	Paper *PaperSignature
	// Signer is the person who signed on paper, with the offices that reach the matter; nobody for a signature on the screen.
	Signer Actor
	// SubjectHash is the hash of what the person saw; with MoveResubmit the new one.
	SubjectHash string
}

var fileHashForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// OpenApproval begins an approval. Returns Invalid if the chain is faulty or the subject or its hash is malformed.
func OpenApproval(rules *Rules, chain Chain, subject, subjectHash string, maker Actor) (Approval, error) {
	const op = "policy.OpenApproval"
	bad := chain.Check(rules)
	if strings.TrimSpace(subject) == "" {
		bad = append(bad, fault.Field{Name: "subject", Message: "没有写明审批的内容"})
	}
	if !fileHashForm.MatchString(subjectHash) {
		bad = append(bad, fault.Field{Name: "subject_hash", Message: "审批内容的校验值要写成 sha256: 加 64 位十六进制数"})
	}
	if !maker.SignedIn() {
		bad = append(bad, fault.Field{Name: "maker", Message: "没有写明经办人"})
	}
	if len(bad) > 0 {
		return Approval{}, fault.InvalidFields(op, bad...)
	}
	return Approval{
		Chain: chain, Subject: subject, SubjectHash: subjectHash, Maker: maker.ID, State: ApprovalPending,
	}, nil
}

// Decide returns the approval after one move; the receiver is unchanged. Returns Conflict for a move that the state does not know, a
// subject that changed since it was read, or a full record; Forbidden with the rule if no open seat of the level is the actor's, if he
// made the matter or signed before in this round; Invalid if a reason or the paper is missing or malformed.
func (a Approval) Decide(by Actor, sign Sign, at time.Time) (Approval, error) {
	const op = "policy.Approval.Decide"
	next, ok := approvalMoves()[a.State][sign.Move]
	if !ok {
		return a, fault.New(op, fault.Conflict, "这件审批的状态已经变化，请刷新后再看")
	}
	if len(a.Decisions) >= maxDecisions {
		return a, fault.New(op, fault.Conflict, "这件审批往返次数过多，请撤回后重新发起")
	}
	d := ApprovalDecision{
		Move: sign.Move, By: by.ID, At: journal.At(at), Round: a.Round, Level: a.Level, Seat: -1,
		Reason: strings.TrimSpace(sign.Reason),
	}
	out := a
	switch sign.Move {
	case MoveResubmit, MoveWithdraw:
		if by.ID != a.Maker {
			return a, &fault.Error{Op: op, Kind: fault.Forbidden, Message: "只有经办人可以撤回或重新提交", Rule: "审批规则：由原经办人办理"}
		}
		if sign.Move == MoveResubmit {
			if !fileHashForm.MatchString(sign.SubjectHash) {
				return a, fault.InvalidFields(op, fault.Field{Name: "subject_hash", Message: "审批内容的校验值要写成 sha256: 加 64 位十六进制数"})
			}
			out.SubjectHash, out.Round, out.Level = sign.SubjectHash, a.Round+1, 0
		}
	default:
		if sign.SubjectHash != a.SubjectHash {
			return a, fault.New(op, fault.Conflict, "审批的内容已经变化，请重新查看后再签")
		}
		judge := a.seat
		if sign.Move == MoveConfirmPaper || sign.Move == MoveRejectPaper {
			judge = a.secondLook
		}
		if err := judge(op, by, sign, &d); err != nil {
			return a, err
		}
	}
	out.State = next
	out.Decisions = append(slices.Clone(a.Decisions), d)
	if (sign.Move == MoveAgree || sign.Move == MoveConfirmPaper) && len(out.openSeats()) == 0 {
		if int(out.Level) == len(out.Chain.Levels)-1 {
			out.State = ApprovalApproved
		} else {
			out.Level++
		}
	}
	return out, nil
}

// seat finds the open seat that the signature fills and completes the decision. A person's own seat goes before one that he could fill as a deputy.
func (a Approval) seat(op string, by Actor, sign Sign, d *ApprovalDecision) error {
	level, who := a.Chain.Levels[a.Level], by
	if sign.Paper != nil {
		if err := a.paper(op, sign, d); err != nil {
			return err
		}
		who = sign.Signer
	}
	if err := a.apart(op, who); err != nil {
		return err
	}
	open := a.openSeats()
	own := slices.IndexFunc(open, func(k int) bool { return level.Seats[k].heldBy(who.Appointments) })
	office := slices.IndexFunc(open, func(k int) bool { return level.Seats[k].deputyRole(who.Appointments) != "" })
	switch {
	case own >= 0:
		d.Seat, d.As = int64(open[own]), level.Seats[open[own]].Role
	case office >= 0:
		d.Seat, d.As, d.Deputy = int64(open[office]), level.Seats[open[office]].deputyRole(who.Appointments), true
	default:
		if err := a.standIn(op, who, open, d); err != nil {
			return err
		}
	}
	if slices.ContainsFunc(a.Papers(), func(p ApprovalDecision) bool { return p.Seat == d.Seat && sign.Paper != nil }) {
		return fault.New(op, fault.Conflict, "这一席已经登记了签字件，请先由另一人核对")
	}
	if d.Reason == "" && (d.Deputy && d.For == "" || sign.Move != MoveAgree) {
		return fault.InvalidFields(op, fault.Field{Name: "reason", Message: "退回、不同意或代理签署要写明理由"})
	}
	return nil
}

// standIn fills an open seat in the place of an absent person. It must not do what the absent person himself could not.
func (a Approval) standIn(op string, who Actor, open []int, d *ApprovalDecision) error {
	level := a.Chain.Levels[a.Level]
	err := error(&fault.Error{Op: op, Kind: fault.Forbidden, Message: "现在不是由你签署", Rule: "审批流程 " + a.Chain.ID + "：" + level.Name})
	for _, absent := range who.Deputizes {
		k := slices.IndexFunc(open, func(k int) bool { return level.Seats[k].heldBy(absent.Appointments) })
		if k < 0 {
			continue
		}
		if err = a.apart(op, Actor{ID: absent.For}); err != nil {
			continue
		}
		d.Seat, d.As, d.Deputy, d.For = int64(open[k]), level.Seats[open[k]].Role, true, absent.For
		return nil
	}
	return err
}

// paper checks a signature on paper.
func (a Approval) paper(op string, sign Sign, d *ApprovalDecision) error {
	refuse := func(field, message string) error {
		return fault.InvalidFields(op, fault.Field{Name: field, Message: message})
	}
	switch p := sign.Paper; {
	case !a.Chain.Levels[a.Level].Paper:
		return refuse("paper", "这一级不接受纸质签字，请在系统中签署")
	case sign.Move != MoveAgree:
		return refuse("paper", "签字件只能代替同意的签署；退回或不同意请在系统中办理")
	case !fileHashForm.MatchString(p.FileHash):
		return refuse("paper", "请上传签字件扫描件")
	case p.Signer == "" || p.Signer != sign.Signer.ID:
		return refuse("signer", "请写明在纸上签字的人")
	case p.SignedOn.IsZero():
		return refuse("signed_on", "请写明签字日期，例如 2026-10-19")
	case p.SignedOn.Compare(calendar.DateOf(d.At.Time)) > 0:
		return refuse("signed_on", "签字日期 "+p.SignedOn.Chinese()+" 晚于今天")
	}
	copied := *sign.Paper
	d.Paper = &copied
	return nil
}

// apart refuses a person who made the matter or has signed in this round, himself or through a deputy.
func (a Approval) apart(op string, who Actor) error {
	if err := Separate(who, PartCheck, []Act{{PartMake, a.Maker}}); err != nil {
		return err
	}
	for i, old := range a.Decisions {
		if old.Round == a.Round && old.Move == MoveAgree && (old.signer() == who.ID || old.For == who.ID) && !a.rejected(i) {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "你已经签过这件审批，其余签署必须由另一人完成", Rule: "审批规则：一人在一轮中只签一次"}
		}
	}
	return nil
}

// secondLook completes the decision about a scan: by somebody who neither recorded nor signed it.
func (a Approval) secondLook(op string, by Actor, sign Sign, d *ApprovalDecision) error {
	waiting := a.Papers()
	i := slices.IndexFunc(waiting, func(p ApprovalDecision) bool { return sign.Paper != nil && p.Paper.FileHash == sign.Paper.FileHash })
	if i < 0 {
		return fault.New(op, fault.Conflict, "没有等待核对的这份签字件，请刷新后再看")
	}
	p := waiting[i]
	if by.ID == p.By || by.ID == p.Paper.Signer || !by.SignedIn() {
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "签字件由你登记或签署，必须由另一人核对", Rule: "审批规则：签字件由登记人、签字人以外的人核对"}
	}
	if sign.Move == MoveRejectPaper && d.Reason == "" {
		return fault.InvalidFields(op, fault.Field{Name: "reason", Message: "不采用签字件要写明理由"})
	}
	d.Seat, d.As = p.Seat, p.As
	return nil
}

// Papers are the scans of the present level that wait for a second person.
func (a Approval) Papers() []ApprovalDecision {
	var out []ApprovalDecision
	if a.State != ApprovalPending {
		return nil
	}
	for i, d := range a.Decisions {
		if d.Paper != nil && a.now(d) && a.lookedAt(i) == "" {
			out = append(out, d)
		}
	}
	return out
}

// SignedPaper is a signature on paper with what became of its scan.
type SignedPaper struct {
	// ApprovalDecision is the record of the scan: By is who recorded it, At when, Paper who signed and on which day.
	ApprovalDecision
	// LevelName is the name of the level at which it was signed.
	LevelName string
	// Look is what a second person decided about the scan, nil if nobody has looked at it.
	Look *ApprovalDecision
	// Waits: somebody has still to look at it.
	Waits bool
}

// Standing is what became of the scan: waits, confirmed, rejected, or void if the approval went on or back without anybody having looked.
func (p *SignedPaper) Standing() string {
	switch {
	case p.Look != nil && p.Look.Move == MoveConfirmPaper:
		return "confirmed"
	case p.Look != nil:
		return "rejected"
	case p.Waits:
		return "waits"
	}
	return "void"
}

// SignedPapers are all signatures on paper of an approval, of earlier rounds too, in the order in which they were recorded.
func (a Approval) SignedPapers() (out []SignedPaper) {
	for i, d := range a.Decisions {
		if d.Paper == nil || d.Move != MoveAgree {
			continue
		}
		p := SignedPaper{ApprovalDecision: d, Look: a.look(i), Waits: a.State == ApprovalPending && a.now(d) && a.look(i) == nil}
		if d.Level >= 0 && int(d.Level) < len(a.Chain.Levels) {
			p.LevelName = a.Chain.Levels[d.Level].Name
		}
		out = append(out, p)
	}
	return out
}

// now reports whether a decision belongs to the present level of the present round.
func (a Approval) now(d ApprovalDecision) bool { return d.Round == a.Round && d.Level == a.Level }

// lookedAt is what a second person decided about the scan of decision i, "" if nothing yet.
func (a Approval) lookedAt(i int) ApprovalMove {
	if d := a.look(i); d != nil {
		return d.Move
	}
	return ""
}

// look is the decision of a second person about the scan of decision i, nil if there is none yet.
func (a Approval) look(i int) *ApprovalDecision {
	scan := a.Decisions[i]
	for _, d := range a.Decisions[i+1:] {
		if d.Round == scan.Round && d.Level == scan.Level && d.Seat == scan.Seat && (d.Move == MoveConfirmPaper || d.Move == MoveRejectPaper) {
			return &d
		}
	}
	return nil
}

// rejected reports whether decision i is a scan that was not accepted.
func (a Approval) rejected(i int) bool {
	return a.lookedAt(i) == MoveRejectPaper && a.Decisions[i].Paper != nil
}

// openSeats returns the seats of the current level that nobody has signed in this round. A scan signs once it is confirmed.
func (a Approval) openSeats() []int {
	var open []int
	for k := range a.Chain.Levels[a.Level].Seats {
		signed := slices.ContainsFunc(a.Decisions, func(d ApprovalDecision) bool {
			return a.now(d) && int(d.Seat) == k && (d.Move == MoveAgree && d.Paper == nil || d.Move == MoveConfirmPaper)
		})
		if !signed {
			open = append(open, k)
		}
	}
	return open
}

// Waiting returns the seats that may sign now, empty if the approval is not pending; for to-do lists.
func (a Approval) Waiting() []Seat {
	if a.State != ApprovalPending {
		return nil
	}
	var out []Seat
	for _, k := range a.openSeats() {
		out = append(out, a.Chain.Levels[a.Level].Seats[k])
	}
	return out
}
