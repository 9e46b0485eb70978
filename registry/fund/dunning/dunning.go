// Package dunning asks developers for deposits of the guarantee fund that are late (催缴首次应缴). What is to be replenished after a repair is asked for in its claim.
//
//  1. A letter goes out after every level of its way of approval signed what it says, and only while the ledger still says it.
//  2. A late fee stands in a letter only if the rule of the amount has a clause for it, as computed on the day on which the letter was sent through its approval; nothing is posted.
//  3. The next letter is written once the period of the one before has run; of an amount one case runs at a time.
//  4. A case is settled by the ledger alone: once nothing of the amount is open.
//  5. One table of transitions; what is not in it is refused and writes nothing.
package dunning

import (
	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
)

// Dunning is the case of one amount that is late.
type Dunning struct {
	casework.Case
	// Developer is who is asked, by id, DeveloperName by name.
	Developer     string `json:"developer,omitempty" privacy:"public"`
	DeveloperName string `json:"developer_name,omitempty" privacy:"public"`
	// Due is the amount of the ledger, Phase its part of the estate, Document the rule, Until the day before which it was to be paid.
	Due      string        `json:"due" privacy:"public"`
	Phase    string        `json:"phase" privacy:"public"`
	Document string        `json:"document" privacy:"public"`
	Until    calendar.Date `json:"until"`
	// State is where it stands, Last what was done last.
	State State `json:"state" privacy:"public"`
	Last  Step  `json:"last" privacy:"public"`
	// Asked, Fen, Fee and Lines are what the latest letter says: on which day, what was open in fen, the late fee in fen by the clause of the rule, 0 without one, and how it was computed.
	Asked calendar.Date `json:"asked,omitzero"`
	Fen   int64         `json:"fen"`
	Fee   int64         `json:"fee,omitempty"`
	Lines []fund.Line   `json:"lines,omitempty"`
	// Letter is the next letter in its approval, or the last one that went out; nil for none. Sent are those that were delivered.
	Letter *fund.Notice     `json:"letter,omitempty"`
	Sent   []casework.Paper `json:"sent,omitempty"`
}

// State is where a case stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states of a case.
const (
	// Draft: the first letter is being written and signed.
	Draft State = "draft"
	// Dunned: a letter was delivered; its period runs or has run.
	Dunned State = "dunned"
	// Settled: nothing is open any more. Final.
	Settled State = "settled"
	// Withdrawn: given up, with the reason. Final.
	Withdrawn State = "withdrawn"
)

// States are all states in the order of a life.
func States() []State { return []State{Draft, Dunned, Settled, Withdrawn} }

// Title is the state for people.
func (s State) Title() string {
	return map[State]string{Draft: "起草催缴通知", Dunned: "催缴中", Settled: "已缴清", Withdrawn: "已撤回"}[s]
}

// Final reports whether nothing can be done any more.
func (s State) Final() bool { return len(steps[s]) == 0 }

// Step is what is done to a case; it names the form on its page.
type Step string

// The steps.
const (
	// StepOpen opens a case; StepLetter sends its next letter through its approval; StepSign is a signature; StepDeliver delivers the letter.
	StepOpen    Step = "open"
	StepLetter  Step = "letter"
	StepSign    Step = "sign"
	StepDeliver Step = "deliver"
	// StepSettle closes what was paid, StepWithdraw gives up.
	StepSettle   Step = "settle"
	StepWithdraw Step = "withdraw"
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepOpen, StepLetter, StepSign, StepDeliver, StepSettle, StepWithdraw}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepOpen: "起草催缴通知书", StepLetter: "催缴通知书送审", StepSign: "审批签署", StepDeliver: "登记催缴通知书送达", StepSettle: "缴清，办结", StepWithdraw: "撤回"}[s]
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	if s == StepSign {
		return policy.SignApproval
	}
	return policy.AssessFund
}

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = casework.Table[State, Step]{
	"":        {StepOpen: Draft},
	Draft:     {StepLetter: Draft, StepSign: Draft, StepDeliver: Dunned, StepSettle: Settled, StepWithdraw: Withdrawn},
	Dunned:    {StepLetter: Dunned, StepSign: Dunned, StepDeliver: Dunned, StepSettle: Settled, StepWithdraw: Withdrawn},
	Settled:   {},
	Withdrawn: {},
}

// word is what people call a case.
const word = "这件催缴"

// next returns the state after a step, or Conflict.
func (s State) next(do Step) (State, error) { return steps.Next(word, s, do) }

// Signing is the approval of the letter that did not go out yet, nil if there is none.
func (d *Dunning) Signing() *policy.Approval {
	if d.State.Final() {
		return nil
	}
	return d.Letter.Waiting(string(StepDeliver))
}

// awaited is the letter that every level signed and that did not go out yet.
func (d *Dunning) awaited() []casework.Awaited {
	if d.State.Final() || !d.Letter.Stands(string(StepDeliver), d.says()) {
		return nil
	}
	return []casework.Awaited{{Code: dunningKind + "." + string(StepDeliver), Title: "催缴通知书", To: d.DeveloperName, Print: "letter"}}
}

// Next is what comes next and who does it, for the page and the lists.
func (d *Dunning) Next() string {
	switch a := d.Signing(); {
	case d.State.Final():
		return ""
	case a != nil && a.State == policy.ApprovalPending:
		return "等股长签发催缴通知书"
	case a != nil && a.State == policy.ApprovalApproved:
		return "打印催缴通知书送达建设单位，再登记送达"
	case d.State == Draft:
		return "物业管理股核对后送审"
	}
	return "建设单位限期缴清；逾期的再次催缴"
}

// says is what everybody signs of a letter.
func (d *Dunning) says() any {
	return []any{d.Project, d.Developer, d.Due, d.Phase, d.Document, d.Until, d.Asked, d.Fen, d.Fee, d.Lines, len(d.Sent)}
}
