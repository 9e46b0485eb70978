// Package response keeps what firms say publicly about a published star (企业说明): one text a star, shown beside it once it was reviewed, and taken down again when that is needed.
//
//  1. Nothing from outside is shown before every level of its review has signed the same words (三审三校, practice.md §7; the levels are data, approvals.yaml).
//  2. A firm speaks about the stars that it earned, nobody else's; it changes no point.
//  3. What is shown can be withdrawn by the firm, and taken down by the bureau with a reason, at once.
package response

import (
	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry/casework"
)

// Response is what a firm says about one star.
type Response struct {
	// Case holds project, scope keys and day, and the review as its approval.
	casework.Case
	// Period is the id of the published year, PeriodName what people call it; Firm is the name of the firm.
	Period     string `json:"period" privacy:"public"`
	PeriodName string `json:"period_name" privacy:"public"`
	Firm       string `json:"firm" privacy:"public"`
	// Words are what is reviewed or shown; Shown is since when the public sees them, zero before.
	Words string        `json:"words" privacy:"internal"`
	Shown calendar.Date `json:"shown,omitzero"`
	// State is where it stands, Last what was done last.
	State State `json:"state" privacy:"public"`
	Last  Step  `json:"last" privacy:"public"`
}

// State is where a response stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states of a response.
const (
	// Reviewing waits for its review.
	Reviewing State = "reviewing"
	// SentBack was returned; the firm changes the words.
	SentBack State = "sent_back"
	// Public is shown to everybody.
	Public State = "public"
	// Hidden was taken down by the bureau.
	Hidden State = "hidden"
	// Refused was refused by the review. Final.
	Refused State = "refused"
	// Withdrawn was taken back by the firm.
	Withdrawn State = "withdrawn"
)

// States are all states in the order of a life.
func States() []State { return []State{Reviewing, SentBack, Public, Hidden, Refused, Withdrawn} }

// Title is the state for people.
func (s State) Title() string {
	return map[State]string{Reviewing: "审核中", SentBack: "退回修改", Public: "已公开", Hidden: "已撤下", Refused: "不予公开", Withdrawn: "企业撤回"}[s]
}

// Step is what is done to a response; it names the form on its page.
type Step string

// The steps.
const (
	// StepWrite writes the words, StepRewrite writes them anew, StepWithdraw takes them back: the firm.
	StepWrite    Step = "write"
	StepRewrite  Step = "rewrite"
	StepWithdraw Step = "withdraw"
	// StepSign is a signature that leaves the review open; the others are where it leads.
	StepSign    Step = "sign"
	StepReturn  Step = "return"
	StepReject  Step = "reject"
	StepApprove Step = "approve"
	// StepHide takes down what is shown: the bureau.
	StepHide Step = "hide"
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepWrite, StepSign, StepReturn, StepReject, StepApprove, StepRewrite, StepHide, StepWithdraw}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepWrite: "提交说明", StepRewrite: "修改后重新提交", StepWithdraw: "撤回说明", StepSign: "审核签署", StepReturn: "审核退回", StepReject: "不予公开", StepApprove: "审核通过，公开", StepHide: "撤下"}[s]
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	switch s {
	case StepSign, StepReturn, StepReject, StepApprove:
		return policy.SignApproval
	case StepHide:
		return policy.HideResponse
	}
	return policy.WriteResponse
}

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = casework.Table[State, Step]{
	"":        {StepWrite: Reviewing},
	Reviewing: {StepSign: Reviewing, StepReturn: SentBack, StepReject: Refused, StepApprove: Public, StepWithdraw: Withdrawn},
	SentBack:  {StepRewrite: Reviewing, StepWithdraw: Withdrawn},
	Public:    {StepHide: Hidden, StepWithdraw: Withdrawn},
	Hidden:    {StepRewrite: Reviewing, StepWithdraw: Withdrawn},
	Withdrawn: {StepRewrite: Reviewing},
	Refused:   {},
}

// over reports whether nobody is expected to do anything.
func (s State) over() bool { return s != Reviewing && s != SentBack }

// word is what people call a response.
const word = "这份企业说明"

// Next is what comes next and who does it, for the page and the lists.
func (r *Response) Next() string {
	switch r.State {
	case Reviewing:
		return "逐级审核，全部同意以后公开"
	case SentBack:
		return "企业修改后重新提交"
	case Hidden, Withdrawn:
		return "企业可以修改后重新提交"
	}
	return ""
}

// says is what everybody signs.
func (r *Response) says() any { return []any{r.Project, r.Period, r.Firm, r.Words} }
