// Package rectification follows what was found on site until it is put right (整改): a paper to the firm or to another authority, two clocks, a second look, and what
// follows when nothing happens. It never calls a paper a penalty.
//
//  1. A case holds the findings of one visit that counts, of one kind of paper and one addressee; no finding is in two open cases.
//  2. The list of items says which paper is the right one. Nothing that a 走访评价 found becomes an order; what an inspection (行政检查) found becomes one only with law, article and this bureau's competence.
//  3. Two clocks: the firm's runs from the delivery until it has answered every finding, the officer's from there until each was looked at again.
//  4. Closed is not fixed: a finding is fixed only if somebody of the bureau saw it.
//  5. The system proposes the next rung of the ladder; it is taken only by a person, and each rung is kept with its day.
//  6. Electronic delivery counts only with the firm's confirmed address; else there is a receipt.
//  7. One table of transitions; what is not in it is refused and writes nothing.
package rectification

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"redsteward/internal/calendar"
	"redsteward/internal/files"
	"redsteward/policy"
	"redsteward/registry"
	"redsteward/registry/casework"
	"redsteward/supervision"
)

// Case is one paper with its findings, until it is closed.
type Case struct {
	// Case is what it shares with the cases of the fund: Project, Name, Keys; Opened is the day of the visit, by which the keys were stamped; Clock is the firm's while it is Running, the officer's while it is Answered.
	casework.Case
	// Firm is who held the project on the day of the visit, with its name; Drafted is when the paper was drafted.
	Firm     string        `json:"firm,omitempty" privacy:"public"`
	FirmName string        `json:"firm_name,omitempty" privacy:"public"`
	Drafted  calendar.Date `json:"drafted"`
	// Visit is the id of the visit, Sheet the title of its sheet, Series the series of it.
	Visit  string `json:"visit" privacy:"internal"`
	Sheet  string `json:"sheet" privacy:"public"`
	Series string `json:"series" privacy:"public"`
	// Formal: Visit is an inspection (行政检查). Remedy is the paragraph about remedies that an order carries, "" while the legal officer has not switched it on.
	Formal bool   `json:"formal,omitempty"`
	Remedy string `json:"remedy,omitempty" privacy:"public"`
	// Kind is the paper, To to which authority a transfer goes.
	Kind supervision.PaperKind `json:"kind" privacy:"internal"`
	To   string                `json:"to,omitempty" privacy:"internal"`
	// Findings are what is to be put right.
	Findings []Finding `json:"findings"`
	// Period is the rule of the firm's clock, chosen when it was sent for approval; "" for a transfer.
	Period string `json:"period,omitempty" privacy:"internal"`
	// State is where it stands, Last what was done last.
	State State `json:"state" privacy:"internal"`
	Last  Step  `json:"last" privacy:"internal"`
	// Round counts the firm's periods, from 1.
	Round int64 `json:"round,omitempty"`
	// Served is the delivery: number of the paper, day, means (a code of Means), receipt.
	Served *casework.Paper `json:"served,omitempty"`
	// More is the one extension of the first period.
	More *Extension `json:"more,omitempty"`
	// Rungs are those of the ladder that were taken, in order; RungClock is until when the last one is given to work.
	Rungs     []Rung            `json:"rungs,omitempty"`
	RungClock calendar.Deadline `json:"rung_clock,omitzero"`
	// Outcome is what the authority of a transfer made of it.
	Outcome *casework.Paper `json:"outcome,omitempty"`
	// Closed is the day on which it ended.
	Closed calendar.Date `json:"closed,omitzero"`
}

// Finding is one thing to be put right.
type Finding struct {
	// Item, Sentence, Problem, Basis, Request, Lost and Photos as in supervision.Finding.
	Item     string         `json:"item" privacy:"public"`
	Sentence string         `json:"sentence" privacy:"public"`
	Problem  string         `json:"problem" privacy:"internal"`
	Basis    string         `json:"basis" privacy:"public"`
	Request  string         `json:"request" privacy:"public"`
	Lost     int64          `json:"lost,omitempty"`
	Photos   []files.Stored `json:"photos,omitempty"`
	// Law, Article and Competence are what an order rests on.
	Law        string `json:"law,omitempty" privacy:"public"`
	Article    string `json:"article,omitempty" privacy:"public"`
	Competence string `json:"competence,omitempty" privacy:"public"`
	// Before is how many cases of this project had the same item within a year before.
	Before int64 `json:"before,omitempty"`
	// Answer is what the firm did in this round, Look what the bureau saw of it; Fixed says that it is put right.
	Answer *casework.Paper `json:"answer,omitempty"`
	Look   *casework.Paper `json:"look,omitempty"`
	Fixed  bool            `json:"fixed,omitempty"`
	// Failed counts the looks that found it not put right.
	Failed int64 `json:"failed,omitempty"`
}

// Standing is how a finding stands.
func (f *Finding) Standing() string {
	switch {
	case f.Fixed:
		return "已核实整改"
	case f.Look != nil:
		return "未整改"
	case f.Answer != nil:
		return "待复查"
	}
	return "待整改"
}

// Extension is what the firm asked for and what was decided.
type Extension struct {
	// Until is the day asked for, Why the reason, Asked the day of asking, By who asked.
	Until calendar.Date `json:"until"`
	Why   string        `json:"why" privacy:"internal"`
	Asked calendar.Date `json:"asked"`
	By    string        `json:"by" privacy:"internal"`
	// Decided is the day of the decision, no day before it; Granted is it, Reason why.
	Decided calendar.Date `json:"decided,omitzero"`
	Granted bool          `json:"granted,omitempty"`
	Reason  string        `json:"reason,omitempty" privacy:"internal"`
}

// RungKind is a rung of the ladder.
type RungKind string

// The rungs, in the order in which they are proposed (practice.md §3).
const (
	// RungRemind reminds (提醒).
	RungRemind RungKind = "remind"
	// RungPress presses in writing (督办).
	RungPress RungKind = "press"
	// RungTalk asks the manager to the bureau (约谈).
	RungTalk RungKind = "talk"
	// RungMark enters it into the records of the trade (行业评价记录).
	RungMark RungKind = "mark"
	// RungHandOn hands it on to another authority (移送).
	RungHandOn RungKind = "hand_on"
)

// RungKinds lists the rungs.
func RungKinds() []registry.Choice {
	return []registry.Choice{{ID: string(RungRemind), Text: "提醒"}, {ID: string(RungPress), Text: "督办"}, {ID: string(RungTalk), Text: "约谈"}, {ID: string(RungMark), Text: "登记行业评价记录"}, {ID: string(RungHandOn), Text: "移送"}}
}

// Rung is a rung that was taken.
type Rung struct {
	// Kind is which, and Paper its number, day, words and scan, with who took it.
	Kind  RungKind       `json:"kind" privacy:"internal"`
	Paper casework.Paper `json:"paper"`
}

// Means lists how a paper is delivered.
func Means() []registry.Choice {
	return []registry.Choice{{ID: meansElectronic, Text: "电子送达（已有送达地址确认书）"}, {ID: meansHand, Text: "直接送达（送达回证）"}, {ID: meansPost, Text: "邮寄送达（回执）"}}
}

const (
	meansElectronic = "electronic"
	meansHand       = "hand"
	meansPost       = "post"
)

// slotServed is the place of the paper itself among what a case sends out.
const slotServed = "served"

// rungSlot is the place of the nth rung of the ladder, from 0.
func rungSlot(n int) string { return "rung" + strconv.Itoa(n+1) }

// Code names the paper that a step of the case numbers, see casework.SeriesRow.
func (c *Case) Code(do Step) string { return caseKind + "." + string(do) + "." + string(c.Kind) }

// awaited is the paper once it is approved, until it is delivered or handed over.
func (c *Case) awaited() []casework.Awaited {
	if c.State != Ready {
		return nil
	}
	do, to := StepServe, c.FirmName
	if c.Kind == supervision.PaperTransfer {
		do, to = StepHandOver, c.To
	}
	return []casework.Awaited{{Code: c.Code(do), Title: c.Kind.Title(), To: to, Print: "paper"}}
}

// outgoing are the papers that a case sent out: the paper itself, and the rungs that have a number or were handed on.
func (c *Case) outgoing() (out []casework.Outgoing) {
	to := c.FirmName
	if c.Kind == supervision.PaperTransfer {
		to = c.To
	}
	if c.Served != nil {
		way, _, _ := strings.Cut(registry.TextOf(Means(), c.Served.Text), "（")
		out = append(out, casework.Outgoing{Slot: slotServed, Title: c.Kind.Title(), To: to, Way: way, Paper: *c.Served})
	}
	for i, r := range c.Rungs {
		if r.Paper.Number != "" {
			out = append(out, casework.Outgoing{Slot: rungSlot(i), Title: registry.TextOf(RungKinds(), r.Kind), To: to, Paper: r.Paper})
		}
	}
	return out
}

// Periods lists the firm's periods by their rule in deadlines.yaml.
func Periods() []registry.Choice {
	return []registry.Choice{{ID: "rectification.service", Text: "服务类"}, {ID: "rectification.facility", Text: "设施设备类"}, {ID: "rectification.structure", Text: "房屋结构类"}}
}

// State is where a case stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states of a case.
const (
	// Draft: the paper is being written.
	Draft State = "draft"
	// Approving: goes through its approval.
	Approving State = "approving"
	// SentBack: an approver returned it.
	SentBack State = "sent_back"
	// Ready: approved; is to be delivered.
	Ready State = "ready"
	// Running: delivered; the firm's clock runs.
	Running State = "running"
	// Answered: the firm answered every finding; the officer's clock runs.
	Answered State = "answered"
	// Failed: looked at, and not everything is put right.
	Failed State = "failed"
	// HandedOn: another authority has it.
	HandedOn State = "handed_on"
	// Fixed: every finding was seen to be put right. Final.
	Fixed State = "fixed"
	// Unfixed: closed without that. Final.
	Unfixed State = "unfixed"
	// Settled: the other authority said what it did. Final.
	Settled State = "settled"
	// Withdrawn: not sent. Final; what it held can be drafted again.
	Withdrawn State = "withdrawn"
)

// States are all states in the order of a life.
func States() []State {
	return []State{Draft, Approving, SentBack, Ready, Running, Answered, Failed, HandedOn, Fixed, Unfixed, Settled, Withdrawn}
}

// Title is the state for people.
func (s State) Title() string {
	switch s {
	case Draft:
		return "待送审"
	case Approving:
		return "审批中"
	case SentBack:
		return "审批退回"
	case Ready:
		return "待送达"
	case Running:
		return "整改中"
	case Answered:
		return "待复查"
	case Failed:
		return "未整改"
	case HandedOn:
		return "已移送"
	case Fixed:
		return "已核实整改"
	case Unfixed:
		return "未整改办结"
	case Settled:
		return "移送办结"
	case Withdrawn:
		return "已撤回"
	}
	return string(s)
}

// Final reports whether nothing can be done any more.
func (s State) Final() bool { return len(steps[s]) == 0 }

// Step is what is done to a case; it names the form on its page.
type Step string

// The steps.
const (
	// StepDraft drafts the paper, StepSend sends it through its approval, StepWithdraw gives it up.
	StepDraft    Step = "draft"
	StepSend     Step = "send"
	StepWithdraw Step = "withdraw"
	// StepSign is a signature that leaves the approval open; StepReturn, StepReject and StepApprove are where it leads.
	StepSign    Step = "sign"
	StepReturn  Step = "return"
	StepReject  Step = "reject"
	StepApprove Step = "approve"
	// StepServe delivers the paper to the firm; StepHandOver gives a transfer to its authority.
	StepServe    Step = "serve"
	StepHandOver Step = "hand_over"
	// StepAnswer answers a finding; StepAnswered is where the last answer leads. StepMore asks for more time, StepGrant decides about it.
	StepAnswer   Step = "answer"
	StepAnswered Step = "answered"
	StepMore     Step = "more"
	StepGrant    Step = "grant"
	// StepLook looks at a finding again; StepFixed and StepFailed are where the last look leads. StepAgain gives another period.
	StepLook   Step = "look"
	StepFixed  Step = "fixed"
	StepFailed Step = "failed"
	StepAgain  Step = "again"
	// StepRung takes a rung of the ladder; StepHandOn is the rung that hands the case on.
	StepRung   Step = "rung"
	StepHandOn Step = "hand_on"
	// StepOutcome is what the other authority did; StepClose closes without a fix.
	StepOutcome Step = "outcome"
	StepClose   Step = "close"
)

// Steps are all steps in the order of a life.
func Steps() []Step {
	return []Step{StepDraft, StepSend, StepSign, StepReturn, StepReject, StepApprove, StepServe, StepHandOver, StepAnswer, StepAnswered, StepMore, StepGrant, StepLook, StepFixed, StepFailed, StepAgain, StepRung, StepHandOn,
		StepOutcome, StepClose, StepWithdraw}
}

// Title is the step for people.
func (s Step) Title() string {
	return map[Step]string{StepDraft: "起草文书", StepSend: "送审", StepSign: "审批签署", StepReturn: "审批退回", StepReject: "审批不同意", StepApprove: "审批通过", StepServe: "登记送达", StepHandOver: "登记移送", StepAnswer: "回复整改情况",
		StepAnswered: "全部回复，等复查", StepMore: "申请延期", StepGrant: "答复延期申请", StepLook: "登记复查", StepFixed: "复查全部合格", StepFailed: "复查有未整改的", StepAgain: "再次限期整改", StepRung: "确认升级措施", StepHandOn: "移送",
		StepOutcome: "登记移送结果", StepClose: "未整改办结", StepWithdraw: "撤回"}[s]
}

// Action is the right that a step asks for.
func (s Step) Action() policy.Action {
	switch s {
	case StepSign, StepReturn, StepReject, StepApprove:
		return policy.SignApproval
	case StepAnswer, StepAnswered, StepMore:
		return policy.AnswerRectification
	case StepLook, StepFixed, StepFailed:
		return policy.LookRectification
	}
	return policy.HandleRectification
}

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = casework.Table[State, Step]{
	"":        {StepDraft: Draft},
	Draft:     {StepSend: Approving, StepWithdraw: Withdrawn},
	Approving: {StepSign: Approving, StepReturn: SentBack, StepReject: Withdrawn, StepApprove: Ready},
	SentBack:  {StepSend: Approving, StepWithdraw: Withdrawn},
	Ready:     {StepServe: Running, StepHandOver: HandedOn, StepWithdraw: Withdrawn},
	Running:   {StepAnswer: Running, StepAnswered: Answered, StepMore: Running, StepGrant: Running, StepRung: Running, StepHandOn: HandedOn, StepClose: Unfixed},
	Answered:  {StepLook: Answered, StepFixed: Fixed, StepFailed: Failed},
	Failed:    {StepAgain: Running, StepRung: Failed, StepHandOn: HandedOn, StepClose: Unfixed},
	HandedOn:  {StepOutcome: Settled},
	Fixed:     {},
	Unfixed:   {},
	Settled:   {},
	Withdrawn: {},
}

// next returns the state after a step, or Conflict.
func (s State) next(do Step) (State, error) { return steps.Next("这件整改", s, do) }

// Open are the findings that are not put right.
func (c *Case) Open() []Finding {
	var out []Finding
	for _, f := range c.Findings {
		if !f.Fixed {
			out = append(out, f)
		}
	}
	return out
}

// waiting are the findings of the round that have no answer, or, once all have one, no look.
func (c *Case) waiting() []Finding {
	var out []Finding
	for _, f := range c.Findings {
		if !f.Fixed && (c.State == Running && f.Answer == nil || c.State == Answered && f.Look == nil) {
			out = append(out, f)
		}
	}
	return out
}

// Proposed is the rung that the system proposes at a moment, "" for none: the firm is late or a second look found something not put right, and the rung before was
// given its days. Only a person takes it.
func (c *Case) Proposed(now time.Time) RungKind {
	if late := c.State == Running && c.Clock.Late(now); !late && c.State != Failed {
		return ""
	}
	if c.RungClock.Rule != "" && !c.RungClock.Late(now) {
		return ""
	}
	ladder := RungKinds()
	taken := 0
	for _, r := range c.Rungs {
		if at := slices.IndexFunc(ladder, func(k registry.Choice) bool { return k.ID == string(r.Kind) }); at >= taken {
			taken = at + 1
		}
	}
	if taken == len(ladder) {
		return ""
	}
	return RungKind(ladder[taken].ID)
}

// Next is what comes next and who does it, for the page and the lists.
func (c *Case) Next(now time.Time) string {
	if rung := c.Proposed(now); rung != "" {
		return "建议" + registry.TextOf(RungKinds(), rung) + "，由经办人确认"
	}
	switch c.State {
	case Draft, SentBack:
		return "物业管理股核对后送审"
	case Approving:
		return "等审批签署"
	case Ready:
		if c.Kind == supervision.PaperTransfer {
			return "打印移送函，登记移送"
		}
		return "打印文书送达企业，登记送达"
	case Running:
		if c.More != nil && c.More.Decided.IsZero() {
			return "物业管理股答复延期申请；企业逐项整改、回复"
		}
		return "企业逐项整改、回复"
	case Answered:
		return "住建局逐项复查"
	case Failed:
		return "物业管理股再次限期，或者确认升级措施"
	case HandedOn:
		return "等受移送单位的处理结果"
	}
	return ""
}
