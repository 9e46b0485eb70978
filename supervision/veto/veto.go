// Package veto keeps the decisions by which a compound of a firm can earn no star for a time (一票否决认定书, practice.md §1): a ground, a document that has taken effect, notice, hearing, joint decision, expiry.
//
//  1. A case rests on one document that has taken effect, with number, day and scan; a paper that only announces one is refused, and of one project a document carries one case.
//  2. The firm gets notice and may plead until its period is over; a period never ends early, and what was pleaded is heard on record by somebody who did not draft the case.
//  3. It is decided by the joint review over its minutes, with every seat of its way of approval; nobody who drafted, served or heard it decides.
//  4. It stands from its number and delivery until the last day of its ground; before that it ends only by an objection that was upheld by somebody who took no part, or by a decision of the same seats with its reason.
//  5. One table of transitions; what is not in it is refused and writes nothing. That it has expired is computed from its last day and stored nowhere.
package veto

import (
	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// Veto is the case of one decision.
type Veto struct {
	// Ruling is what it shares with every decision against a firm: Opened is the day on which the document took effect, by which the keys were stamped; Firm is who held the project on that day.
	casework.Ruling
	// Ground is a code of vetoes.yaml, GroundTitle its name, Months for how long it stands, as the list said when the case was begun.
	Ground      string `json:"ground" privacy:"public"`
	GroundTitle string `json:"ground_title" privacy:"public"`
	Months      int64  `json:"months"`
	// Source is the kind of the document, a code of vetoes.yaml, SourceTitle its name, Issuer who made it.
	Source      string `json:"source" privacy:"public"`
	SourceTitle string `json:"source_title" privacy:"public"`
	Issuer      string `json:"issuer" privacy:"public"`
	// State is where it stands, Last what was done last.
	State State `json:"state" privacy:"public"`
	Last  Step  `json:"last" privacy:"public"`
	// Until is the last day on which it stands.
	Until calendar.Date `json:"until,omitzero"`
	// Lift is why it is to end early, with the paper about it; Lifting the approval of that.
	Lift    *casework.Paper  `json:"lift,omitempty"`
	Lifting *policy.Approval `json:"lifting,omitempty"`
}

// State is where a case stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states of a case.
const (
	// Draft: the notice is being written.
	Draft State = casework.RulingDraft
	// Hearing: the firm has its notice and may plead.
	Hearing State = casework.RulingHearing
	// Approving: the joint review decides.
	Approving State = casework.RulingApproving
	// SentBack: the joint review returned it.
	SentBack State = casework.RulingSentBack
	// Decided: every seat agreed; the decision is to be delivered.
	Decided State = casework.RulingDecided
	// InForce: delivered; it stands.
	InForce State = casework.RulingInForce
	// Objected: stands, and the firm's objection waits for its answer.
	Objected State = casework.RulingObjected
	// Easing: stands, and its early end is being decided.
	Easing State = "easing"
	// Expired: its last day is over. Never stored. Final.
	Expired State = "expired"
	// Lifted: ended early by a decision. Final.
	Lifted State = "lifted"
	// Revoked: an objection was upheld; it never counted. Final.
	Revoked State = casework.RulingRevoked
	// Refused: the joint review did not agree. Final.
	Refused State = casework.RulingRefused
	// Withdrawn: given up before it was delivered. Final.
	Withdrawn State = casework.RulingWithdrawn
)

// States are all states in the order of a life.
func States() []State {
	return []State{Draft, Hearing, Approving, SentBack, Decided, InForce, Objected, Easing, Expired, Lifted, Revoked, Refused, Withdrawn}
}

// Title is the state for people.
func (s State) Title() string {
	return map[State]string{Draft: "待告知", Hearing: "陈述申辩期", Approving: "联审中", SentBack: "联审退回", Decided: "待送达", InForce: "认定生效", Objected: "异议中", Easing: "解除审批中", Expired: "期满失效", Lifted: "提前解除", Revoked: "已撤销",
		Refused: "不予认定", Withdrawn: "已撤回"}[s]
}

// Final reports whether nothing can be done any more.
func (s State) Final() bool { return len(steps[s]) == 0 }

// Step is what is done to a case; it names the form on its page.
type Step string

// The steps.
const (
	// StepDraft begins a case, StepScan adds the scan of its document, StepServe delivers the notice, StepPlead pleads for the firm, StepHear records what was heard, StepWithdraw gives up.
	StepDraft    Step = casework.RuleDraft
	StepScan     Step = casework.RuleScan
	StepServe    Step = casework.RuleServe
	StepPlead    Step = casework.RulePlead
	StepHear     Step = casework.RuleHear
	StepWithdraw Step = casework.RuleWithdraw
	// StepSend brings it before the joint review; StepSign is a signature that leaves it open; the others are where it leads.
	StepSend    Step = casework.RuleSend
	StepSign    Step = casework.RuleSign
	StepReturn  Step = casework.RuleReturn
	StepReject  Step = casework.RuleReject
	StepApprove Step = casework.RuleApprove
	// StepIssue delivers the decision.
	StepIssue Step = casework.RuleIssue
	// StepObject objects for the firm; StepAnswer answers; StepUphold and StepDismiss are where the answer leads.
	StepObject  Step = casework.RuleObject
	StepAnswer  Step = casework.RuleAnswer
	StepUphold  Step = casework.RuleUphold
	StepDismiss Step = casework.RuleDismiss
	// StepEase proposes the early end; StepKeep and StepLift are where its approval leads.
	StepEase Step = "ease"
	StepKeep Step = "keep"
	StepLift Step = "lift"
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepDraft, StepScan, StepServe, StepPlead, StepHear, StepSend, StepSign, StepReturn, StepReject, StepApprove, StepIssue, StepObject, StepAnswer, StepUphold, StepDismiss, StepEase, StepKeep, StepLift, StepWithdraw}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepDraft: "立案起草", StepScan: "上传生效文书", StepServe: "登记告知书送达", StepPlead: "陈述申辩", StepHear: "登记听取陈述申辩", StepSend: "提交联审", StepSign: "联审签署", StepReturn: "联审退回", StepReject: "联审不同意", StepApprove: "联审通过",
		StepIssue: "登记认定书送达", StepObject: "提出异议", StepAnswer: "答复异议", StepUphold: "异议成立，撤销认定", StepDismiss: "异议不成立，维持认定", StepEase: "提请提前解除", StepKeep: "不同意解除，继续有效", StepLift: "同意提前解除", StepWithdraw: "撤回"}[s]
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	switch s {
	case StepPlead, StepObject:
		return policy.PleadVeto
	case StepHear:
		return policy.HearVeto
	case StepSign, StepReturn, StepReject, StepApprove, StepKeep, StepLift:
		return policy.SignApproval
	case StepAnswer, StepUphold, StepDismiss:
		return policy.AnswerVeto
	}
	return policy.HandleVeto
}

// steps is the one table of transitions, with the early end beside what every ruling has; what is not in it is a Conflict.
var steps = withEase(casework.RulingTable[State, Step]())

func withEase(t casework.Table[State, Step]) casework.Table[State, Step] {
	t[InForce][StepEase] = Easing
	t[Easing] = map[Step]State{StepSign: Easing, StepKeep: InForce, StepLift: Lifted}
	t[Expired], t[Lifted] = map[Step]State{}, map[Step]State{}
	return t
}

// word is what people call a case.
const word = "这件一票否决认定"

// StateOn is where it stands on a day: what is in force expires with its last day, unless its objection or its early end is being decided.
func (v *Veto) StateOn(on calendar.Date) State {
	if v.State == InForce && on.Compare(v.Until) > 0 {
		return Expired
	}
	return v.State
}

// Signing is the approval that waits or was decided last: that of the early end while this is open, else that of the decision.
func (v *Veto) Signing() *policy.Approval {
	if v.State == Easing {
		return v.Lifting
	}
	return v.Approval
}

// Next is what comes next and who does it on a day, for the page and the lists.
func (v *Veto) Next(on calendar.Date) string {
	switch v.StateOn(on) {
	case Draft:
		if v.Document.File == nil {
			return "上传生效文书的扫描件"
		}
		return "打印告知书送达企业，登记送达"
	case Hearing:
		if v.Unheard() {
			return "听取企业的陈述申辩，登记笔录"
		}
		return "企业陈述申辩；期满后提交联审"
	case Approving:
		return "等联审会签、签发"
	case SentBack:
		return "物业管理股补正后重新提交联审"
	case Decided:
		return "打印认定书送达企业，登记送达"
	case InForce:
		return "有效至" + v.Until.Chinese()
	case Objected:
		return "由没有参与认定的人答复异议，期间认定仍有效"
	case Easing:
		return "等联审决定是否提前解除，期间认定仍有效"
	}
	return ""
}

// says is what everybody signs of a decision.
func (v *Veto) says() any {
	return []any{v.Project, v.Firm, v.Ground, v.GroundTitle, v.Months, v.Source, v.Issuer, v.Document, v.Notice, v.Pleas, v.Hearings, v.Minutes}
}

// saysLift is what everybody signs of an early end.
func (v *Veto) saysLift() any {
	return []any{v.Project, v.Firm, v.Ground, v.Decision, v.From, v.Until, v.Lift}
}
