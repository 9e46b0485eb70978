// Package claim runs claims on the guarantee fund of new estates (保修金使用), from the notice to the developer to the replenished fund.
//
//  1. Nobody claims before the developer had his time: the clock of the warranty notice, then that of the bureau's urging, or the paper that says he is gone.
//  2. A defect is claimed within its warranty only; both start days are kept, and it has lapsed once both periods have.
//  3. Money is held in the ledger before the last signature is stored, and paid from there before the payment is: an order names its claim, so that what a crash
//     cut off is repeated once. What ends a claim without a payment gives its hold back once it has ended: before, it could take it from under one that somebody lets go on at that moment.
//  4. The final account is shown its days and reviewed by the bureau (结算审核) before anything is paid, never more than is held, never by who prepared, checked, reviewed or approved it.
//  5. Urgent use turns the order around: the work comes first, documents and the second signature within their clock; shown and paid is it as any other.
//  6. What the bureau writes to the developer (督促通知书、补存通知书、催缴函) goes out after every level of its way of approval signed what it says, and only while that is still
//     what it says.
//  7. One table of transitions; what is not in it is refused and writes nothing.
package claim

import (
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/policy"
	"redsteward/registry/casework"
	"redsteward/registry/fund"
)

// Claim is one claim.
type Claim struct {
	fund.Case
	// DeveloperName is who is to repair; FirmName is who holds the project.
	DeveloperName string `json:"developer_name,omitempty" privacy:"public"`
	FirmName      string `json:"firm_name,omitempty" privacy:"public"`
	// Claimant is who claims, by his office.
	Claimant policy.Role `json:"claimant" privacy:"public"`
	// Part is the code of the part with its Title; Where and Defect describe the defect, Photo shows it.
	Part   string        `json:"part" privacy:"public"`
	Title  string        `json:"title" privacy:"public"`
	Where  string        `json:"where" privacy:"internal"`
	Defect string        `json:"defect" privacy:"internal"`
	Photo  *files.Stored `json:"photo,omitempty"`
	// Warranty is until when it is warranted from each start.
	Warranty Warranty `json:"warranty"`
	// Handover and Finding name the finding of a handover inspection that it came from, "" for none.
	Handover string `json:"handover,omitempty" privacy:"internal"`
	Finding  string `json:"finding,omitempty" privacy:"internal"`
	// Danger is why it cannot wait, "" for an ordinary claim.
	Danger string `json:"danger,omitempty" privacy:"internal"`
	// State is where it stands, Last what was done last.
	State State `json:"state" privacy:"public"`
	Last  Step  `json:"last" privacy:"public"`
	// Notice is the warranty notice, Answer what the developer said, Urge the bureau's urging.
	Notice *casework.Paper `json:"notice,omitempty"`
	Answer *casework.Paper `json:"answer,omitempty"`
	Urge   *casework.Paper `json:"urge,omitempty"`
	// Documents are what was handed in.
	Documents []Document `json:"documents,omitempty"`
	// Asked is what the claimant asks for in fen, Checked the check on site, Granted what it found right; the approval is about that amount.
	Asked   int64           `json:"asked,omitempty"`
	Checked *casework.Paper `json:"checked,omitempty"`
	Granted int64           `json:"granted,omitempty"`
	// Cost is the final account in fen, Shown where and since when it hangs in the compound, with a photo.
	Cost  int64           `json:"cost,omitempty"`
	Shown *casework.Paper `json:"shown,omitempty"`
	// Reviewed is the bureau's review of the final account (结算审核); nil before it, and for what was paid before there was one.
	Reviewed *casework.Paper `json:"reviewed,omitempty"`
	// Ask is the notice to replenish, Dunned the dunning letters; Owed is what the last of these asks for in fen: what the ledger had open when it was sent through its approval.
	Ask    *casework.Paper  `json:"ask,omitempty"`
	Owed   int64            `json:"owed,omitempty"`
	Dunned []casework.Paper `json:"dunned,omitempty"`
	// Letter is the next letter of the bureau in its approval, or the last one that went out; nil for none and for what went out before letters were approved.
	Letter *fund.Notice `json:"letter,omitempty"`
}

// Warranty is until when a part is warranted.
type Warranty struct {
	// Completed is the day of the acceptance of the completion (竣工验收合格), UntilCompleted the last day from it.
	Completed      calendar.Date `json:"completed"`
	UntilCompleted calendar.Date `json:"until_completed"`
	// Delivered is the day of the delivery (交付), UntilDelivered the last day from it.
	Delivered      calendar.Date `json:"delivered"`
	UntilDelivered calendar.Date `json:"until_delivered"`
}

// Lapsed says that both periods have ended before a day, "" if one has not.
func (w Warranty) Lapsed(title string, day calendar.Date) string {
	if w.UntilCompleted.Compare(day) >= 0 || w.UntilDelivered.Compare(day) >= 0 {
		return ""
	}
	return fmt.Sprintf("%s的保修期已届满：自竣工验收合格之日%s起至%s，自交付之日%s起至%s", title, w.Completed.Chinese(), w.UntilCompleted.Chinese(), w.Delivered.Chinese(), w.UntilDelivered.Chinese())
}

// Document is one document of a claim.
type Document struct {
	// ID and Title are those of the list.
	ID    string `json:"id" privacy:"public"`
	Title string `json:"title" privacy:"public"`
	// File is the stored file.
	File files.Stored `json:"file"`
}

// Document returns a document, false if there is none of that id.
func (c *Claim) Document(id string) (Document, bool) {
	i := slices.IndexFunc(c.Documents, func(d Document) bool { return d.ID == id })
	if i < 0 {
		return Document{}, false
	}
	return c.Documents[i], true
}

// missing are the documents that must be there at some times and are not.
func (c *Claim) missing(r *Rules, at ...When) []Wanted {
	var out []Wanted
	for _, w := range r.Documents {
		if _, has := c.Document(w.ID); !has && slices.Contains(at, w.When) {
			out = append(out, w)
		}
	}
	return out
}

// State is where a claim stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states of a claim.
const (
	// Draft: the warranty notice is being written.
	Draft State = "draft"
	// Noticed: the notice was delivered; the developer's clock runs.
	Noticed State = "noticed"
	// Urged: the bureau urged the developer; the second clock runs.
	Urged State = "urged"
	// Filed: claimed; the check on site is due.
	Filed State = "filed"
	// Checked: found right on site; is to be sent through its approval.
	Checked State = "checked"
	// Approving: goes through its approval.
	Approving State = "approving"
	// SentBack: an approver returned it to the officer.
	SentBack State = "sent_back"
	// Repairing: approved, the money is held, work is being done.
	Repairing State = "repairing"
	// Shown: the final account hangs in the compound.
	Shown State = "shown"
	// Bounced: the bank sent the payment back, the money is held again; is to be paid again.
	Bounced State = "bounced"
	// Paid: the developer is to be asked to replenish.
	Paid State = "paid"
	// Replenishing: the developer was asked.
	Replenishing State = "replenishing"
	// Closed: replenished, or nobody is left who could. Final.
	Closed State = "closed"
	// Refused: refused in writing, with the reason. Final.
	Refused State = "refused"
	// Withdrawn: taken back by the claimant. Final.
	Withdrawn State = "withdrawn"
	// Repaired: the developer repaired it after all. Final.
	Repaired State = "repaired"
)

// States are all states in the order of a life.
func States() []State {
	return []State{Draft, Noticed, Urged, Filed, Checked, Approving, SentBack, Repairing, Shown, Bounced, Paid, Replenishing, Closed, Refused, Withdrawn, Repaired}
}

// Title is the state for people.
func (s State) Title() string {
	switch s {
	case Draft:
		return "起草保修通知"
	case Noticed:
		return "已通知保修"
	case Urged:
		return "督促中"
	case Filed:
		return "待核查"
	case Checked:
		return "待送审"
	case Approving:
		return "审批中"
	case SentBack:
		return "审批退回"
	case Repairing:
		return "维修中"
	case Shown:
		return "决算公示中"
	case Bounced:
		return "退汇待重付"
	case Paid:
		return "待通知补存"
	case Replenishing:
		return "补存中"
	case Closed:
		return "已办结"
	case Refused:
		return "不予使用"
	case Withdrawn:
		return "已撤回"
	case Repaired:
		return "建设单位已修复"
	}
	return string(s)
}

// Final reports whether nothing can be done any more.
func (s State) Final() bool { return len(steps[s]) == 0 }

// Working reports whether a repair from the fund may still come: nothing is refunded meanwhile.
func (s State) Working() bool { return !s.Final() && s != Paid && s != Replenishing }

// Step is what is done to a claim; it names the form on its page.
type Step string

// The steps.
const (
	// StepOpen opens a claim; StepAttach hands a document in.
	StepOpen   Step = "open"
	StepAttach Step = "attach"
	// StepDeliver delivers the warranty notice; StepAnswer is the developer's answer; StepUrge the bureau's urging; StepGone says that the developer is gone.
	StepDeliver Step = "deliver"
	StepAnswer  Step = "answer"
	StepUrge    Step = "urge"
	StepGone    Step = "gone"
	// StepFile claims; StepUrgent allows urgent use; StepCheck is the check on site; StepSend sends it through its approval.
	StepFile   Step = "file"
	StepUrgent Step = "urgent"
	StepCheck  Step = "check"
	StepSend   Step = "send"
	// StepSign is a signature that leaves the approval open; StepReturn, StepReject and StepApprove are where it leads.
	StepSign    Step = "sign"
	StepReturn  Step = "return"
	StepReject  Step = "reject"
	StepApprove Step = "approve"
	// StepAccount shows the final account; StepReview is the bureau's review of it; StepRedo takes it down after an objection or because the review found a mistake; StepPay pays.
	// StepBounce says that the bank sent the payment back.
	StepAccount Step = "account"
	StepReview  Step = "review"
	StepRedo    Step = "redo"
	StepPay     Step = "pay"
	StepBounce  Step = "bounce"
	// StepLetter sends the bureau's next letter to the developer through its approval.
	StepLetter Step = "letter"
	// StepAsk asks the developer to replenish; StepDun duns; StepSettle closes; StepWaive closes it because the developer is gone.
	StepAsk    Step = "ask"
	StepDun    Step = "dun"
	StepSettle Step = "settle"
	StepWaive  Step = "waive"
	// StepRefuse refuses in writing; StepWithdraw takes back; StepRepaired says that the developer repaired.
	StepRefuse   Step = "refuse"
	StepWithdraw Step = "withdraw"
	StepRepaired Step = "repaired"
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepOpen, StepAttach, StepDeliver, StepAnswer, StepLetter, StepUrge, StepGone, StepFile, StepUrgent, StepCheck, StepSend, StepSign, StepReturn, StepReject, StepApprove, StepAccount, StepReview, StepRedo, StepPay, StepBounce, StepAsk,
		StepDun, StepSettle, StepWaive, StepRefuse, StepWithdraw, StepRepaired}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepOpen: "起草保修通知书", StepAttach: "上传材料", StepDeliver: "登记保修通知书送达", StepAnswer: "答复保修通知", StepLetter: "文书送审", StepUrge: "发督促通知书", StepGone: "登记建设单位歇业、破产", StepFile: "提出使用申请",
		StepUrgent: "同意紧急使用", StepCheck: "登记现场核查", StepSend: "送审", StepSign: "审批签署", StepReturn: "审批退回", StepReject: "审批不同意", StepApprove: "审批通过，已预留", StepAccount: "公示决算", StepReview: "审核决算", StepRedo: "撤下决算重做",
		StepPay: "支付", StepBounce: "登记退汇", StepAsk: "发补存通知书", StepDun: "发催缴函", StepSettle: "补存到账，办结", StepWaive: "建设单位已不存在，办结", StepRefuse: "不予使用", StepWithdraw: "撤回申请", StepRepaired: "确认建设单位已修复"}[s]
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	switch s {
	case StepOpen, StepAttach, StepDeliver, StepFile, StepAccount, StepWithdraw, StepRepaired:
		return policy.ApplyClaim
	case StepAnswer:
		return policy.AnswerClaim
	case StepPay:
		return policy.PayClaim
	case StepBounce:
		return policy.ReverseFund
	case StepSign, StepReturn, StepReject, StepApprove:
		return policy.SignApproval
	}
	return policy.HandleClaim
}

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = casework.Table[State, Step]{
	"":           {StepOpen: Draft},
	Draft:        {StepAttach: Draft, StepDeliver: Noticed, StepGone: Draft, StepFile: Filed, StepUrgent: Approving, StepWithdraw: Withdrawn, StepRepaired: Repaired},
	Noticed:      {StepAttach: Noticed, StepAnswer: Noticed, StepLetter: Noticed, StepSign: Noticed, StepUrge: Urged, StepGone: Noticed, StepFile: Filed, StepUrgent: Approving, StepWithdraw: Withdrawn, StepRepaired: Repaired},
	Urged:        {StepAttach: Urged, StepAnswer: Urged, StepGone: Urged, StepFile: Filed, StepUrgent: Approving, StepWithdraw: Withdrawn, StepRepaired: Repaired},
	Filed:        {StepAnswer: Filed, StepCheck: Checked, StepRefuse: Refused, StepWithdraw: Withdrawn, StepRepaired: Repaired},
	Checked:      {StepSend: Approving, StepRefuse: Refused, StepWithdraw: Withdrawn, StepRepaired: Repaired},
	Approving:    {StepAttach: Approving, StepSign: Approving, StepReturn: SentBack, StepReject: Refused, StepApprove: Repairing},
	SentBack:     {StepAttach: SentBack, StepSend: Approving, StepRefuse: Refused, StepWithdraw: Withdrawn, StepRepaired: Repaired},
	Repairing:    {StepAttach: Repairing, StepAccount: Shown, StepWithdraw: Withdrawn, StepRepaired: Repaired},
	Shown:        {StepReview: Shown, StepRedo: Repairing, StepPay: Paid},
	Bounced:      {StepGone: Bounced, StepPay: Paid},
	Paid:         {StepBounce: Bounced, StepGone: Paid, StepLetter: Paid, StepSign: Paid, StepAsk: Replenishing, StepWaive: Closed},
	Replenishing: {StepBounce: Bounced, StepGone: Replenishing, StepLetter: Replenishing, StepSign: Replenishing, StepDun: Replenishing, StepSettle: Closed, StepWaive: Closed},
	Closed:       {},
	Refused:      {},
	Withdrawn:    {},
	Repaired:     {},
}

// word is what people call a claim.
const word = "这件使用申请"

// next returns the state after a step, or Conflict.
func (s State) next(do Step) (State, error) { return steps.Next(word, s, do) }

// Next is what comes next and who does it, for the page and the lists.
func (c *Claim) Next() string {
	switch c.State {
	case Draft:
		if c.Danger != "" {
			return "物业管理股现场核实险情，同意后先维修"
		}
		if c.Gone != nil {
			return "交齐材料，提出使用申请"
		}
		return "打印保修通知书送达建设单位，再登记送达"
	case Noticed:
		return "建设单位限期答复并维修；逾期的由物业管理股督促"
	case Urged:
		return "建设单位限期维修；逾期的交齐材料，提出使用申请"
	case Filed:
		return "物业管理股现场核查"
	case Checked:
		return "物业管理股送审"
	case Approving:
		if c.Danger != "" {
			return "可以先维修；等分管局领导补签"
		}
		return "等股长、分管局领导审批"
	case SentBack:
		return "物业管理股更正后重新送审"
	case Repairing:
		return "维修完工后交齐决算材料，在小区公示决算"
	case Shown:
		if c.Reviewed == nil {
			return "物业管理股审核决算；审核过、公示期满后由出纳支付"
		}
		return "公示期满后由出纳支付"
	case Bounced:
		return "核对收款户名和账号后，由出纳重新支付"
	case Paid:
		return "物业管理股通知建设单位补存"
	case Replenishing:
		return "建设单位限期补存；逾期的催缴"
	}
	return ""
}
