package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/journal"
)

// Chain is a way of approval as data (practice.md §5): 经办 → 股长 → 分管 → 局长, with 会签 inside a level.
type Chain struct {
	// ID is the chain's opaque name, such as fund-claim.
	ID string `json:"id" privacy:"public"`
	// Version counts up; an approval keeps the version under which it began.
	Version int64 `json:"version"`
	// Title is Chinese, shown above the approval.
	Title string `json:"title" privacy:"public"`
	// Basis is the document that prescribes the chain, or “建议”.
	Basis string `json:"basis" privacy:"public"`
	// Levels are passed in order; 1 to 4.
	Levels []Level `json:"levels"`
}

// Level is one step of a chain. All its seats must agree: one seat is an ordinary signature, several are a countersigning (会签).
type Level struct {
	// Name is Chinese: 股长审核.
	Name string `json:"name" privacy:"public"`
	// Seats are the signatures that the level needs, in any order; 1 to 8.
	Seats []Seat `json:"seats"`
	// Paper: a scan of the signed paper may stand for the signature on the screen.
	Paper bool `json:"paper,omitempty"`
}

// Seat is one signature.
type Seat struct {
	// Role signs.
	Role Role `json:"role" privacy:"public"`
	// Deputies may sign in its place, with a reason.
	Deputies []Role `json:"deputies,omitempty" privacy:"public"`
}

// The bounds of a chain; practice.md §5 knows one to four levels, the rest keeps an approval inside one record.
const (
	maxLevels    = 4
	maxSeats     = 8
	maxDecisions = 64
)

var chainIDForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,39}$`)

// Check returns every fault of the chain: bounds, unknown or ungrantable roles, the same role twice in one level, missing words.
// The field names are paths such as levels[1].seats[0].role. An empty result means that the chain can be used.
func (c Chain) Check(rules *Rules) []fault.Field {
	var bad []fault.Field
	fail := func(name, format string, args ...any) {
		bad = append(bad, fault.Field{Name: name, Message: fmt.Sprintf(format, args...)})
	}
	if !chainIDForm.MatchString(c.ID) {
		fail("id", "审批流程代码“%s”只能用小写字母、数字和短横线，以字母开头，最多 40 位", c.ID)
	}
	if c.Version < 1 {
		fail("version", "版本号要从 1 开始")
	}
	if strings.TrimSpace(c.Title) == "" {
		fail("title", "缺少审批流程名称")
	}
	if strings.TrimSpace(c.Basis) == "" {
		fail("basis", "缺少依据；没有依据的写“建议”")
	}
	if len(c.Levels) < 1 || len(c.Levels) > maxLevels {
		fail("levels", "审批要有 1 至 %d 级，现在有 %d 级", maxLevels, len(c.Levels))
	}
	checkRole := func(at string, role Role) {
		info, ok := rules.Role(role)
		switch {
		case !ok:
			fail(at, "角色“%s”没有声明", role)
		case info.Grant == GrantNone || info.Duty != DutyBusiness:
			fail(at, "%s（%s）不能参加审批", info.Title, role)
		}
	}
	for i, level := range c.Levels {
		at := fmt.Sprintf("levels[%d]", i)
		if strings.TrimSpace(level.Name) == "" {
			fail(at+".name", "第 %d 级没有名称", i+1)
		}
		if len(level.Seats) < 1 || len(level.Seats) > maxSeats {
			fail(at+".seats", "一级要有 1 至 %d 人签署，现在有 %d 人", maxSeats, len(level.Seats))
		}
		var roles []Role
		for k, seat := range level.Seats {
			where := fmt.Sprintf("%s.seats[%d]", at, k)
			checkRole(where+".role", seat.Role)
			if slices.Contains(roles, seat.Role) {
				fail(where+".role", "同一级中%s出现两次", seat.Role)
			}
			roles = append(roles, seat.Role)
			for n, deputy := range seat.Deputies {
				checkRole(fmt.Sprintf("%s.deputies[%d]", where, n), deputy)
				if deputy == seat.Role {
					fail(fmt.Sprintf("%s.deputies[%d]", where, n), "%s不能代理自己", deputy)
				}
			}
		}
	}
	return bad
}

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
)

// approvalMoves is the transition table: a pair that is missing is Conflict. MoveAgree leads to approved once the last seat of the
// last level has signed.
func approvalMoves() map[ApprovalState]map[ApprovalMove]ApprovalState {
	return map[ApprovalState]map[ApprovalMove]ApprovalState{
		ApprovalPending: {
			MoveAgree:    ApprovalPending,
			MoveReturn:   ApprovalReturned,
			MoveRefuse:   ApprovalRefused,
			MoveWithdraw: ApprovalWithdrawn,
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
	// By is the account id of who did it on the screen; with Paper, of who uploaded the scan.
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
	// Deputy: signed in the place of the seat's own role.
	Deputy bool `json:"deputy,omitempty"`
	// Reason is required for return, refuse and deputies.
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Paper is the signed paper that stands for the signature on the screen.
	Paper *PaperSignature `json:"paper,omitempty"`
}

// PaperSignature is the fallback: the original is the signed paper, scanned.
type PaperSignature struct {
	// FileHash is the stored scan, sha256:<64 hex>.
	FileHash string `json:"file_hash" privacy:"internal"`
	// Signer is the account id of who signed on paper.
	Signer string `json:"signer" privacy:"internal"`
	// SignerRole is the role in which he signed.
	SignerRole Role `json:"signer_role" privacy:"internal"`
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
	// Paper, if the signature is on paper.
	Paper *PaperSignature
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
		if err := a.seat(op, by, sign, &d); err != nil {
			return a, err
		}
	}
	out.State = next
	out.Decisions = append(slices.Clone(a.Decisions), d)
	if sign.Move == MoveAgree && len(out.openSeats()) == 0 {
		if int(out.Level) == len(out.Chain.Levels)-1 {
			out.State = ApprovalApproved
		} else {
			out.Level++
		}
	}
	return out, nil
}

// seat finds the open seat that the signature fills and completes the decision.
func (a Approval) seat(op string, by Actor, sign Sign, d *ApprovalDecision) error {
	level := a.Chain.Levels[a.Level]
	holds := by.Has
	if p := sign.Paper; p != nil {
		switch {
		case !level.Paper:
			return fault.InvalidFields(op, fault.Field{Name: "paper", Message: "这一级不接受纸质签字，请在系统中签署"})
		case !fileHashForm.MatchString(p.FileHash):
			return fault.InvalidFields(op, fault.Field{Name: "paper", Message: "请上传签字件扫描件"})
		case p.Signer == "":
			return fault.InvalidFields(op, fault.Field{Name: "signer", Message: "请写明在纸上签字的人"})
		case p.SignedOn.IsZero():
			return fault.InvalidFields(op, fault.Field{Name: "signed_on", Message: "请写明签字日期，例如 2026-10-19"})
		}
		copied := *p
		d.Paper = &copied
		holds = func(r Role) bool { return r == p.SignerRole }
	}
	earlier := []Act{{PartMake, a.Maker}}
	if err := Separate(Actor{ID: d.signer()}, PartCheck, earlier); err != nil {
		return err
	}
	for _, old := range a.Decisions {
		if old.Round == a.Round && old.Move == MoveAgree && old.signer() == d.signer() {
			return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "你已经签过这件审批，其余签署必须由另一人完成", Rule: "审批规则：一人在一轮中只签一次"}
		}
	}
	// A person's own seat goes before one that he could fill as a deputy.
	open := a.openSeats()
	if i := slices.IndexFunc(open, func(k int) bool { return holds(level.Seats[k].Role) }); i >= 0 {
		d.Seat, d.As = int64(open[i]), level.Seats[open[i]].Role
	} else {
		for _, k := range open {
			if n := slices.IndexFunc(level.Seats[k].Deputies, holds); n >= 0 {
				d.Seat, d.As, d.Deputy = int64(k), level.Seats[k].Deputies[n], true
				break
			}
		}
	}
	if d.As == "" {
		return &fault.Error{Op: op, Kind: fault.Forbidden, Message: "现在不是由你签署", Rule: "审批流程 " + a.Chain.ID + "：" + level.Name}
	}
	if d.Reason == "" && (d.Deputy || sign.Move != MoveAgree) {
		return fault.InvalidFields(op, fault.Field{Name: "reason", Message: "退回、不同意或代理签署要写明理由"})
	}
	return nil
}

// openSeats returns the seats of the current level that nobody has signed in this round.
func (a Approval) openSeats() []int {
	var open []int
	for k := range a.Chain.Levels[a.Level].Seats {
		signed := slices.ContainsFunc(a.Decisions, func(d ApprovalDecision) bool {
			return d.Move == MoveAgree && d.Round == a.Round && d.Level == a.Level && int(d.Seat) == k
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
