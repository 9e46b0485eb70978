// Package refund runs the end of a deposit in the guarantee fund (保修金退还): joint check, notice to the owners, objections, approval, payment.
//
//  1. It begins so many days before the period of an amount ends as fund.yaml says; nothing is paid before the period and the notice have run.
//  2. Owners, firm, community and bureau check together; a defect that is open, or a claim that is running, extends it until it is mended.
//  3. An objection keeps the money until it is settled or dropped, or its own clock ran without a suit; a suit keeps it until it is over.
//  4. What is paid is what the ledger has for the amount on the day of the approval, exactly; frozen and held money is never paid.
//  5. If the developer is gone, the money goes to the maintenance fund of the owners after the same notice.
//  6. A rule with stages gives parts back earlier, one after the other: each stage is a refund of its own that runs the same way; the rest and all interest stay until the end. Of an amount one refund runs at a time.
//  7. One table of transitions; what is not in it is refused and writes nothing.
package refund

import (
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
)

// Refund is one refund.
type Refund struct {
	fund.Case
	// Stage is the stage of the rule, from 1, that is paid back before the end, with its Terms; 0: everything at the end.
	Stage int64  `json:"stage,omitempty"`
	Terms string `json:"terms,omitempty" privacy:"public"`
	// Due is the amount of the ledger, Phase its part of the estate, Ends the last day of its period, or of the years of the stage.
	Due   string        `json:"due" privacy:"public"`
	Phase string        `json:"phase" privacy:"public"`
	Ends  calendar.Date `json:"ends"`
	// State is where it stands, Last what was done last. If the developer is Gone, the money goes to the maintenance fund.
	State State `json:"state" privacy:"public"`
	Last  Step  `json:"last" privacy:"public"`
	// Checks are what the sides found in the joint check.
	Checks []Check `json:"checks,omitempty"`
	// Shown is the notice to the owners, with a photo.
	Shown *casework.Paper `json:"shown,omitempty"`
	// Objections are those against the refund.
	Objections []Objection `json:"objections,omitempty"`
	// Fen is what is paid, Lines how it was computed.
	Fen   int64       `json:"fen,omitempty"`
	Lines []fund.Line `json:"lines,omitempty"`
}

// What is what is paid back, for people.
func (r *Refund) What() string {
	if r.Stage > 0 {
		return fmt.Sprintf("%s保修金第 %d 次分期退还", r.Phase, r.Stage)
	}
	return r.Phase + "保修金退还"
}

// Term is the period that ends on Ends, for people.
func (r *Refund) Term() string {
	if r.Stage > 0 {
		return "分期退还的年限"
	}
	return "存储期"
}

// Side is who takes part in the joint check.
type Side string

// The sides.
const (
	// SideOwners are the owners, by their committee or one of them.
	SideOwners Side = "owners"
	// SideFirm is the property firm.
	SideFirm Side = "firm"
	// SideCommunity is the community.
	SideCommunity Side = "community"
	// SideBureau is the bureau.
	SideBureau Side = "bureau"
)

// Sides are all sides.
func Sides() []Side { return []Side{SideOwners, SideFirm, SideCommunity, SideBureau} }

// Title is the side for people.
func (s Side) Title() string {
	return map[Side]string{SideOwners: "业主", SideFirm: "物业企业", SideCommunity: "社区", SideBureau: "住建局"}[s]
}

// SideOf is for whom somebody takes part, "" for nobody.
func SideOf(by policy.Actor) Side {
	for _, one := range []struct {
		role policy.Role
		side Side
	}{{"owners_committee", SideOwners}, {"owner", SideOwners}, {"firm_manager", SideFirm}, {"project_manager", SideFirm}, {"community_worker", SideCommunity}, {"community_secretary", SideCommunity},
		{"property_officer", SideBureau}, {"section_chief", SideBureau}} {
		if by.Has(one.role) {
			return one.side
		}
	}
	return ""
}

// Check is what one side found.
type Check struct {
	// Side says for whom, Clean that nothing is open, Text what was found; By and Day who and when.
	Side  Side          `json:"side" privacy:"public"`
	Clean bool          `json:"clean"`
	Text  string        `json:"text" privacy:"internal"`
	By    string        `json:"by" privacy:"internal"`
	Day   calendar.Date `json:"day"`
}

// CheckOf is what a side found last, false if it did not take part yet.
func (r *Refund) CheckOf(side Side) (Check, bool) {
	i := slices.IndexFunc(r.Checks, func(c Check) bool { return c.Side == side })
	if i < 0 {
		return Check{}, false
	}
	return r.Checks[i], true
}

// Found says what the joint check has found: that every side took part and found nothing open, or that some side found a defect.
func (r *Refund) Found() (clean, defect bool) {
	clean = len(r.Checks) == len(Sides())
	for _, c := range r.Checks {
		clean, defect = clean && c.Clean, defect || !c.Clean
	}
	return clean, defect
}

// Standing is where an objection stands.
type Standing string

// The standings of an objection.
const (
	// Open: is to be settled within its clock.
	Open Standing = "open"
	// Settled: both sides agreed.
	Settled Standing = "settled"
	// Sued: a suit or arbitration was filed; the money waits for it.
	Sued Standing = "sued"
	// Dropped: taken back by who objected, or the suit is over.
	Dropped Standing = "dropped"
)

// Title is the standing for people.
func (s Standing) Title() string {
	return map[Standing]string{Open: "异议中", Settled: "达成一致", Sued: "已起诉或仲裁", Dropped: "已撤回异议"}[s]
}

// Objection is one objection to a refund.
type Objection struct {
	// ID is o1, o2, … within the refund; Text what is objected, By and Day who and when.
	ID   string        `json:"id" privacy:"public"`
	Text string        `json:"text" privacy:"internal"`
	By   string        `json:"by" privacy:"internal"`
	Day  calendar.Date `json:"day"`
	// Standing is where it stands, Answer how it came there; Clock is until when it is to be settled.
	Standing Standing          `json:"standing" privacy:"public"`
	Answer   string            `json:"answer,omitempty" privacy:"internal"`
	Clock    calendar.Deadline `json:"clock"`
}

// Unsettled are the objections that are open, or about which there is a suit.
func (r *Refund) Unsettled() []Objection {
	var out []Objection
	for _, o := range r.Objections {
		if o.Standing == Open || o.Standing == Sued {
			out = append(out, o)
		}
	}
	return out
}

// Disputed is the clock of the open objection that runs out first, the zero value without one.
func (r *Refund) Disputed() (first calendar.Deadline) {
	for _, o := range r.Objections {
		if o.Standing == Open && (first.Rule == "" || o.Clock.Due.Compare(first.Due) < 0) {
			first = o.Clock
		}
	}
	return first
}

// State is where a refund stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states of a refund.
const (
	// Checking: the sides check together.
	Checking State = "checking"
	// Extended: a defect is open; the deposit is kept until it is mended.
	Extended State = "extended"
	// Showing: the notice hangs in the compound; objections are taken.
	Showing State = "showing"
	// Approving: goes through its approval.
	Approving State = "approving"
	// SentBack: an approver returned it to the officer.
	SentBack State = "sent_back"
	// Approved: is to be paid.
	Approved State = "approved"
	// Paid: paid back, or handed on. Final, unless the bank sends the money back.
	Paid State = "paid"
	// Stopped: given up or refused, with the reason; it can be begun anew. Final.
	Stopped State = "stopped"
)

// States are all states in the order of a life.
func States() []State {
	return []State{Checking, Extended, Showing, Approving, SentBack, Approved, Paid, Stopped}
}

// Title is the state for people.
func (s State) Title() string {
	return map[State]string{Checking: "联合查验中", Extended: "延长存储", Showing: "退还公示中", Approving: "审批中", SentBack: "审批退回", Approved: "待退还", Paid: "已退还", Stopped: "已终止"}[s]
}

// Final reports whether nothing is to be done any more.
func (s State) Final() bool { return s == Paid || s == Stopped }

// Step is what is done to a refund; it names the form on its page.
type Step string

// The steps.
const (
	// StepOpen begins; StepCheck is what a side found; StepGone says that the developer is gone; StepExtend keeps the deposit; StepResume checks again.
	StepOpen   Step = "open"
	StepCheck  Step = "check"
	StepGone   Step = "gone"
	StepExtend Step = "extend"
	StepResume Step = "resume"
	// StepShow gives the owners notice; StepObject objects; StepSettle, StepSue and StepDrop say how an objection stands.
	StepShow   Step = "show"
	StepObject Step = "object"
	StepSettle Step = "settle"
	StepSue    Step = "sue"
	StepDrop   Step = "drop"
	// StepSend sends it through its approval; StepSign is a signature that leaves it open; the others are where it leads.
	StepSend    Step = "send"
	StepSign    Step = "sign"
	StepReturn  Step = "return"
	StepReject  Step = "reject"
	StepApprove Step = "approve"
	// StepPay pays; StepBounce says that the bank sent the payment back; StepStop gives up.
	StepPay    Step = "pay"
	StepBounce Step = "bounce"
	StepStop   Step = "stop"
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepOpen, StepCheck, StepShow, StepObject, StepSettle, StepSue, StepDrop, StepSend, StepSign, StepReturn, StepReject, StepApprove, StepPay, StepBounce, StepExtend, StepResume, StepGone, StepStop}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepOpen: "开始退还办理", StepCheck: "登记联合查验", StepGone: "登记建设单位歇业、破产", StepExtend: "延长存储", StepResume: "缺陷已修复，重新查验", StepShow: "公示退还", StepObject: "提出异议",
		StepSettle: "异议达成一致", StepSue: "已起诉或者仲裁", StepDrop: "撤回异议", StepSend: "送审", StepSign: "审批签署", StepReturn: "审批退回", StepReject: "审批不同意", StepApprove: "审批通过", StepPay: "支付退还", StepBounce: "登记退汇", StepStop: "终止办理"}[s]
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	switch s {
	case StepCheck:
		return policy.CheckRefund
	case StepObject, StepDrop:
		return policy.ObjectRefund
	case StepPay:
		return policy.PayRefund
	case StepBounce:
		return policy.ReverseFund
	case StepSign, StepReturn, StepReject, StepApprove:
		return policy.SignApproval
	}
	return policy.HandleRefund
}

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = casework.Table[State, Step]{
	"":        {StepOpen: Checking},
	Checking:  {StepCheck: Checking, StepGone: Checking, StepExtend: Extended, StepShow: Showing, StepStop: Stopped},
	Extended:  {StepResume: Checking, StepStop: Stopped},
	Showing:   {StepGone: Showing, StepObject: Showing, StepSettle: Showing, StepSue: Showing, StepDrop: Showing, StepExtend: Extended, StepSend: Approving, StepStop: Stopped},
	Approving: {StepSign: Approving, StepReturn: SentBack, StepReject: Stopped, StepApprove: Approved},
	SentBack:  {StepSend: Approving, StepExtend: Extended, StepStop: Stopped},
	Approved:  {StepExtend: Extended, StepPay: Paid, StepStop: Stopped},
	Paid:      {StepBounce: Approved},
	Stopped:   {},
}

// word is what people call a refund.
const word = "这件退还"

// next returns the state after a step, or Conflict.
func (s State) next(do Step) (State, error) { return steps.Next(word, s, do) }

// Next is what comes next and who does it, for the page and the lists.
func (r *Refund) Next() string {
	switch r.State {
	case Checking:
		return "业主、物业企业、社区、住建局联合查验，查清后公示"
	case Extended:
		return "建设单位修复缺陷以后重新查验"
	case Showing:
		return "公示期满、异议处理完以后送审"
	case Approving:
		return "等股长、分管局领导审批"
	case SentBack:
		return "物业管理股更正后重新送审"
	case Approved:
		if r.Gone != nil {
			return "存储期满后由出纳转入小区的维修资金"
		}
		return r.Term() + "满后由出纳退还建设单位"
	}
	return ""
}
