package standing

import (
	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// Decision is the case of one decision that lowers or removes a star.
type Decision struct {
	// Ruling is what it shares with every decision against a firm: Opened is the day on which it was begun, From the first day on which it counts.
	casework.Ruling
	// Period is the id of the published year of the star, PeriodName its name, Award the number under which it was published.
	Period     string `json:"period" privacy:"public"`
	PeriodName string `json:"period_name" privacy:"public"`
	Award      string `json:"award,omitempty" privacy:"public"`
	// Grade is the id of the grade that the star had when the case was begun, GradeTitle its name; To and ToTitle are those that it is lowered to, "" for none: it is removed.
	Grade      string `json:"grade" privacy:"public"`
	GradeTitle string `json:"grade_title" privacy:"public"`
	To         string `json:"to,omitempty" privacy:"public"`
	ToTitle    string `json:"to_title,omitempty" privacy:"public"`
	// Ground and Source are codes of standing.yaml, GroundTitle and SourceTitle their names as the list said when the case was begun, Issuer who made the document.
	Ground      string `json:"ground" privacy:"public"`
	GroundTitle string `json:"ground_title" privacy:"public"`
	Source      string `json:"source" privacy:"public"`
	SourceTitle string `json:"source_title" privacy:"public"`
	Issuer      string `json:"issuer" privacy:"public"`
	// Lead is the key of the lead from which it was begun, "" for none.
	Lead string `json:"lead,omitempty" privacy:"internal"`
	// State is where it stands, Last what was done last.
	State State `json:"state" privacy:"public"`
	Last  Step  `json:"last" privacy:"public"`
}

// Effect is what the decision does, for people: 降为四星, 摘牌.
func (d *Decision) Effect() string {
	if d.To == "" {
		return "摘牌"
	}
	return "降为" + d.ToTitle
}

// Kind is what its papers are called: 降星 or 摘牌.
func (d *Decision) Kind() string {
	if d.To == "" {
		return "摘牌"
	}
	return "降星"
}

// Counts reports whether it counts on a day: delivered by then, and no appeal was upheld.
func (d *Decision) Counts(on calendar.Date) bool {
	return (d.State == InEffect || d.State == Appealed) && d.From.Compare(on) <= 0
}

// State is where a case stands. A new one gets a row in the table and a word and colour in internal/web.
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
	// InEffect: delivered; it counts.
	InEffect State = casework.RulingInForce
	// Appealed: it counts, and the firm's appeal waits for its answer.
	Appealed State = casework.RulingObjected
	// Revoked: an appeal was upheld; it does not count. Final.
	Revoked State = casework.RulingRevoked
	// Refused: the joint review did not agree. Final.
	Refused State = casework.RulingRefused
	// Withdrawn: given up before it was delivered. Final.
	Withdrawn State = casework.RulingWithdrawn
)

// States are all states in the order of a life.
func States() []State {
	return []State{Draft, Hearing, Approving, SentBack, Decided, InEffect, Appealed, Revoked, Refused, Withdrawn}
}

// Title is the state for people.
func (s State) Title() string {
	return map[State]string{Draft: "待告知", Hearing: "陈述申辩期", Approving: "联审中", SentBack: "联审退回", Decided: "待送达", InEffect: "已生效", Appealed: "申诉中", Revoked: "已撤销", Refused: "不予处理", Withdrawn: "已撤回"}[s]
}

// Final reports whether nothing can be done any more.
func (s State) Final() bool { return len(steps[s]) == 0 }

// Step is what is done to a case; it names the form on its page.
type Step string

// The steps; casework says what each does.
const (
	StepDraft    Step = casework.RuleDraft
	StepScan     Step = casework.RuleScan
	StepServe    Step = casework.RuleServe
	StepPlead    Step = casework.RulePlead
	StepHear     Step = casework.RuleHear
	StepSend     Step = casework.RuleSend
	StepSign     Step = casework.RuleSign
	StepReturn   Step = casework.RuleReturn
	StepReject   Step = casework.RuleReject
	StepApprove  Step = casework.RuleApprove
	StepIssue    Step = casework.RuleIssue
	StepAppeal   Step = casework.RuleObject
	StepAnswer   Step = casework.RuleAnswer
	StepUphold   Step = casework.RuleUphold
	StepDismiss  Step = casework.RuleDismiss
	StepWithdraw Step = casework.RuleWithdraw
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepDraft, StepScan, StepServe, StepPlead, StepHear, StepSend, StepSign, StepReturn, StepReject, StepApprove, StepIssue, StepAppeal, StepAnswer, StepUphold, StepDismiss, StepWithdraw}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepDraft: "立案起草", StepScan: "上传凭据文书", StepServe: "登记通知书送达", StepPlead: "陈述申辩", StepHear: "登记听取陈述申辩", StepSend: "提交联审", StepSign: "联审签署", StepReturn: "联审退回", StepReject: "联审不同意", StepApprove: "联审通过",
		StepIssue: "登记决定书送达", StepAppeal: "提出申诉", StepAnswer: "作出申诉决定", StepUphold: "申诉成立，撤销决定", StepDismiss: "申诉不成立，维持决定", StepWithdraw: "撤回"}[s]
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	switch s {
	case StepPlead, StepAppeal:
		return policy.PleadStanding
	case StepHear:
		return policy.HearStanding
	case StepSign, StepReturn, StepReject, StepApprove:
		return policy.SignApproval
	case StepAnswer, StepUphold, StepDismiss:
		return policy.AnswerStanding
	}
	return policy.HandleStanding
}

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = casework.RulingTable[State, Step]()

// word is what people call a case.
const word = "这件降星摘牌"

// Next is what comes next and who does it, for the page and the lists.
func (d *Decision) Next() string {
	switch d.State {
	case Draft:
		if d.Document.File == nil {
			return "上传凭据文书的扫描件"
		}
		return "打印通知书送达企业，登记送达"
	case Hearing:
		if d.Unheard() {
			return "听取企业的陈述申辩，登记笔录"
		}
		return "企业陈述申辩；期满后提交联审"
	case Approving:
		return "等联审会签、签发"
	case SentBack:
		return "物业管理股补正后重新提交联审"
	case Decided:
		return "打印决定书送达企业，登记送达；送达之日起生效"
	case InEffect:
		return "自" + d.From.Chinese() + "起" + d.Effect()
	case Appealed:
		return "由没有参与决定的人作出申诉决定，期间决定仍有效"
	}
	return ""
}

// says is what everybody signs of a decision.
func (d *Decision) says() any {
	return []any{d.Project, d.Firm, d.Period, d.Grade, d.To, d.Ground, d.GroundTitle, d.Source, d.Issuer, d.Document, d.Notice, d.Pleas, d.Hearings, d.Minutes}
}
