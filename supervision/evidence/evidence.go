// Package evidence keeps what firms submit as proof (佐证材料) of what a period asks, and what communities and the bureau decide about it.
//
//  1. A proof counts once its community accepted it and unless the bureau overturned it; who submits, who accepts and who reviews are three persons.
//  2. The date of the fact lies in the period and decides which firm's proof it is; the time of the upload decides nothing but whether the window was open.
//  3. Of two who decide the same proof, the first wins and the second is told by which office; a decision can be taken back for ten minutes by who made it.
//  4. The bureau reviews what a community flagged, what holds a file that was found elsewhere too, and one in five of the rest, drawn by a keyed hash of the record
//     id: nobody can steer it, anybody in the office can repeat it.
//  5. A closed window takes nothing in and says where to object. What was taken in before is still decided, and what is returned keeps its own clock: it can be corrected
//     for some days after the return, even if the window closed meanwhile.
//  6. A proof holds no name of a person.
//  7. Of what counts some is drawn after the window closed and looked at once more (抽查), by somebody who neither submitted nor accepted nor reviewed it. What is taken
//     back (追回) counts no more; the firm is told and may object once, and somebody else answers. What was published stays as it was published.
//  8. What the system holds is not asked for (免报), and proof of it is not taken in.
//  9. The same bytes, and a copy of the same photo, are found across firms and years. Who decides is told of what lies outside his scope only whether it is of the same
//     firm, and the year; firms are told nothing.
package evidence

import (
	"fmt"
	"slices"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/internal/files"
	"redsteward/internal/journal"
	"redsteward/policy"
	"redsteward/supervision"
)

// Proof is one submitted proof: what a firm says about one ask of a period, and the files that show it.
type Proof struct {
	// Period is the id of the window, Title its title.
	Period string `json:"period" privacy:"public"`
	Title  string `json:"title" privacy:"public"`
	// Ask is what was asked, as it was asked then.
	Ask supervision.Ask `json:"ask"`
	// Project and Firm are ids, the firm being the one that held the project on Day; the names are for people.
	Project     string `json:"project" privacy:"public"`
	ProjectName string `json:"project_name" privacy:"public"`
	Firm        string `json:"firm" privacy:"public"`
	FirmName    string `json:"firm_name" privacy:"public"`
	// Keys are the scope keys, stamped by Day.
	Keys []string `json:"keys" privacy:"internal"`
	// Cells are what is said, Day is the date of the fact, Note a free remark of at most 200 characters.
	Cells []supervision.Cell `json:"cells"`
	Day   calendar.Date      `json:"day"`
	Note  string             `json:"note,omitempty" privacy:"internal"`
	// Files are what shows it, at most MaxFiles.
	Files []files.Stored `json:"files,omitempty"`
	// Receipt is the number that the sender is given (回执编号).
	Receipt string `json:"receipt" privacy:"internal"`
	// State is where it stands, Last what was done last, Reason why it was returned, refused or overturned.
	State  State  `json:"state" privacy:"public"`
	Last   Move   `json:"last" privacy:"internal"`
	Reason string `json:"reason,omitempty" privacy:"internal"`
	// Concern is what the community asks the bureau to look at; Sampled says that the draw fell on it.
	Concern string `json:"concern,omitempty" privacy:"internal"`
	Sampled bool   `json:"sampled,omitempty"`
	// Reused says that a file of it was found in another proof too when it was accepted.
	Reused bool `json:"reused,omitempty"`
	// Counted are the days for which it was accepted, more than one only if a correction after acceptance changed the date.
	Counted []calendar.Date `json:"counted,omitempty"`
	// Due is until when the next office is to decide.
	Due calendar.Deadline `json:"due"`
	// Audit is the random audit, nil unless the draw fell on it.
	Audit *Audit `json:"audit,omitempty"`
	// Submitted is who sent it last, Decided what the community did last, Reviewed what the bureau did last.
	Submitted supervision.Hand `json:"submitted"`
	Decided   supervision.Hand `json:"decided"`
	Reviewed  supervision.Hand `json:"reviewed"`
	// Acts are all who took part.
	Acts []policy.Act `json:"acts"`
}

// State is where a proof stands. A new one gets a row in moves and a word and colour in internal/web.
type State string

// The states of a proof.
const (
	// Submitted: waits for the community.
	Submitted State = "submitted"
	// Returned: the firm is to correct it.
	Returned State = "returned"
	// Corrected: corrected after a return; waits for the community.
	Corrected State = "corrected"
	// Accepted: the community accepted it; it counts.
	Accepted State = "accepted"
	// Refused: the community does not accept it. Final.
	Refused State = "refused"
	// Confirmed: the bureau reviewed and confirmed it; it counts. Final.
	Confirmed State = "confirmed"
	// Overturned: the bureau reviewed and does not accept it. Final.
	Overturned State = "overturned"
	// Withdrawn: taken back by the firm. Final.
	Withdrawn State = "withdrawn"
	// Upheld: audited and found right; it counts. Final.
	Upheld State = "upheld"
	// TakenBack: audited and taken back; it counts no more. The firm may object.
	TakenBack State = "taken-back"
	// Disputed: the firm objects to the taking back; it does not count.
	Disputed State = "disputed"
	// Restored: the objection was right; it counts again. Final.
	Restored State = "restored"
	// Forfeited: the objection was wrong; it does not count. Final.
	Forfeited State = "forfeited"
)

// States are all states, in the order of a life.
func States() []State {
	return []State{Submitted, Returned, Corrected, Accepted, Refused, Confirmed, Overturned, Withdrawn, Upheld, TakenBack, Disputed, Restored, Forfeited}
}

// Title is the state for people.
func (s State) Title() string {
	switch s {
	case Submitted:
		return "待审"
	case Returned:
		return "退回"
	case Corrected:
		return "已补正，待审"
	case Accepted:
		return "通过"
	case Refused, Overturned:
		return "不予认定"
	case Confirmed:
		return "复核通过"
	case Withdrawn:
		return "已撤回"
	case Upheld:
		return "抽查维持"
	case TakenBack:
		return "抽查追回"
	case Disputed:
		return "追回异议中"
	case Restored:
		return "恢复认定"
	case Forfeited:
		return "维持追回"
	}
	return "未提交"
}

// Waits reports whether the community is to decide.
func (s State) Waits() bool { return s == Submitted || s == Corrected }

// Counts reports whether a proof in this state is read by ratings.
func (s State) Counts() bool {
	return s == Accepted || s == Confirmed || s == Upheld || s == Restored
}

// Lives reports whether a proof in this state counts or can still come to count.
func (s State) Lives() bool {
	return s.Counts() || s.Waits() || s == Returned || s == Disputed
}

// Move is what is done to a proof; its text is for people.
type Move string

// The moves.
const (
	// MoveSubmit, MoveCorrect and MoveWithdraw are the firm's.
	MoveSubmit   Move = "提交"
	MoveCorrect  Move = "补正"
	MoveWithdraw Move = "撤下"
	// MoveAccept and MoveRefuse are the community's, MoveReturn is of community and bureau.
	MoveAccept Move = "通过"
	MoveRefuse Move = "不予认定"
	MoveReturn Move = "退回"
	// MoveConfirm and MoveOverturn are the bureau's.
	MoveConfirm  Move = "复核通过"
	MoveOverturn Move = "复核不予认定"
	// MoveUndo takes back the last decision.
	MoveUndo Move = "撤回决定"
	// MoveDraw is the system's: the draw of the random audit fell on it.
	MoveDraw Move = "抽中抽查"
	// MoveUphold and MoveTakeBack are the auditing person's, MoveObject is the firm's, MoveRestore and MoveForfeit are of who answers the objection.
	MoveUphold   Move = "抽查维持"
	MoveTakeBack Move = "抽查追回"
	MoveObject   Move = "对追回提出异议"
	MoveRestore  Move = "恢复认定"
	MoveForfeit  Move = "维持追回"
)

// asBefore stands in the table for the state before the decision that is taken back.
const asBefore State = "before"

// moves is the one table of transitions; what is not in it is a Conflict.
var moves = map[State]map[Move]State{
	"":         {MoveSubmit: Submitted},
	Submitted:  {MoveAccept: Accepted, MoveReturn: Returned, MoveRefuse: Refused, MoveWithdraw: Withdrawn},
	Corrected:  {MoveAccept: Accepted, MoveReturn: Returned, MoveRefuse: Refused, MoveWithdraw: Withdrawn},
	Returned:   {MoveCorrect: Corrected, MoveWithdraw: Withdrawn, MoveUndo: asBefore},
	Accepted:   {MoveConfirm: Confirmed, MoveOverturn: Overturned, MoveReturn: Returned, MoveUndo: asBefore, MoveDraw: Accepted, MoveUphold: Upheld, MoveTakeBack: TakenBack},
	Refused:    {MoveUndo: asBefore},
	Confirmed:  {MoveUndo: asBefore, MoveDraw: Confirmed, MoveUphold: Upheld, MoveTakeBack: TakenBack},
	Overturned: {MoveUndo: asBefore},
	Withdrawn:  {},
	Upheld:     {MoveUndo: asBefore},
	TakenBack:  {MoveObject: Disputed, MoveUndo: asBefore},
	Disputed:   {MoveRestore: Restored, MoveForfeit: Forfeited},
	Restored:   {MoveUndo: asBefore},
	Forfeited:  {MoveUndo: asBefore},
}

// next returns the state after a move, or Conflict.
func (s State) next(m Move) (State, error) {
	to, ok := moves[s][m]
	if !ok {
		return "", fault.New("evidence.next", fault.Conflict, fmt.Sprintf("这件材料现在是“%s”，不能%s", s.Title(), m))
	}
	return to, nil
}

// Stage is whose decision a proof waits for.
type Stage string

// The stages.
const (
	// StageNone: nobody's.
	StageNone Stage = ""
	// StageCommunity: the first review (社区初审).
	StageCommunity Stage = "community"
	// StageBureau: the bureau's review of what was flagged or drawn (住建局复核).
	StageBureau Stage = "bureau"
	// StageAudit: the random audit of what counts (抽查).
	StageAudit Stage = "audit"
	// StageFirm: the firm, which is to correct what was returned and may object to what was taken back.
	StageFirm Stage = "firm"
	// StageAnswer: who answers that objection.
	StageAnswer Stage = "answer"
)

// Stage is whose decision the proof waits for.
func (p Proof) Stage() Stage {
	switch {
	case p.State.Waits():
		return StageCommunity
	case p.State == TakenBack || p.State == Returned:
		return StageFirm
	case p.State == Disputed:
		return StageAnswer
	case p.Audit != nil && (p.State == Accepted || p.State == Confirmed):
		return StageAudit
	case p.State == Accepted && (p.Sampled || p.Reused || p.Concern != ""):
		return StageBureau
	}
	return StageNone
}

// Moves are the decisions of a stage, in the order in which pages offer them.
func (s Stage) Moves() []Move {
	switch s {
	case StageCommunity:
		return []Move{MoveAccept, MoveReturn, MoveRefuse}
	case StageBureau:
		return []Move{MoveConfirm, MoveReturn, MoveOverturn}
	case StageAudit:
		return []Move{MoveUphold, MoveTakeBack}
	case StageAnswer:
		return []Move{MoveRestore, MoveForfeit}
	}
	return nil
}

// decisions are the moves of all stages.
func decisions() []Move {
	return slices.Concat(StageCommunity.Moves(), StageBureau.Moves(), StageAudit.Moves(), StageAnswer.Moves())
}

// plain reports that a decision needs no reason: it gives the firm what it asked for.
func (m Move) plain() bool { return m == MoveAccept || m == MoveConfirm || m == MoveUphold }

// action is the right that a decision of this stage needs.
func (s Stage) action() policy.Action {
	switch s {
	case StageBureau:
		return policy.ReviewEvidence
	case StageAudit, StageAnswer:
		return policy.AuditEvidence
	case StageFirm:
		return policy.SubmitEvidence
	}
	return policy.AcceptEvidence
}

// part is what a decision of this stage is besides a check of what the firm made.
func (s Stage) part() policy.Part {
	switch s {
	case StageBureau:
		return policy.PartReview
	case StageAudit:
		return policy.PartAudit
	case StageAnswer:
		return policy.PartAppeal
	}
	return policy.PartScore
}

// decided is the hand of the last decision, empty if the last move was the firm's.
func (p Proof) decided() supervision.Hand {
	switch p.Last {
	case MoveAccept, MoveRefuse:
		return p.Decided
	case MoveConfirm, MoveOverturn:
		return p.Reviewed
	case MoveReturn:
		if p.Reviewed.By != "" && !p.Reviewed.At.Before(p.Decided.At.Time) {
			return p.Reviewed
		}
		return p.Decided
	case MoveUphold, MoveTakeBack:
		return p.Audit.Decided
	case MoveRestore, MoveForfeit:
		return p.Audit.Answered
	}
	return supervision.Hand{}
}

// UndoUntil is until when the last decision can be taken back.
func (p Proof) UndoUntil() time.Time { return p.decided().At.Add(UndoFor) }

// UndoFor is how long a decision can be taken back.
const UndoFor = 10 * time.Minute

// UndoBy reports whether the account may still take back the last decision at this moment.
func (p Proof) UndoBy(account string, now time.Time) bool {
	hand := p.decided()
	return account != "" && hand.By == account && now.Sub(hand.At.Time) <= UndoFor
}

// MaxFiles is the most files of one proof.
const MaxFiles = 9

// maxActs bounds how often one proof can go to and fro.
const maxActs = 60

// act notes who took which parts.
func (p *Proof) act(by string, parts ...policy.Part) error {
	if len(p.Acts)+len(parts) > maxActs {
		return fault.New("evidence.act", fault.Conflict, "这件材料往返次数太多，请企业撤下后重新提交")
	}
	p.Acts = append(make([]policy.Act, 0, len(p.Acts)+len(parts)), p.Acts...)
	for _, part := range parts {
		p.Acts = append(p.Acts, policy.Act{Part: part, By: by})
	}
	return nil
}

// receipt is the number that the sender is given: the day, and eight digits that stand for the id.
func receipt(id string, at journal.Time) string {
	n := uint64(0)
	for _, c := range []byte(id) {
		n = n*31 + uint64(c)
	}
	y, m, d := calendar.DateOf(at.Time).Parts()
	return fmt.Sprintf("ZZ%04d%02d%02d-%08d", y, int(m), d, n%100_000_000)
}
