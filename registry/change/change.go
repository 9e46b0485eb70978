// Package change follows how a compound comes from one property firm to the next (物业更换、退出): notice, announcement, emergency custody, choice by the owners' meeting,
// handing over, refusal to leave. It records; contracts and votes live in the register and are looked up there, never copied.
//
//  1. One table says which step is possible in which state; whatever is not in it is a Conflict and writes nothing.
//  2. At most one change of a phase of a project is open.
//  3. A choice stands on a vote of the owners that reached the thresholds of article 278 and on a contract that begins after the old one; a custody on a contract of that kind that
//     is no longer than its rule allows.
//  4. It is done only when every item was handed over or its lack is explained, and somebody else holds the compound.
//  5. A row outside the actor's scope does not exist for him; the leaving firm sees it.
package change

import (
	"fmt"
	"slices"

	"redsteward/internal/calendar"
	"redsteward/internal/fault"
	"redsteward/registry"
)

// Giver is who gave notice.
type Giver string

// The givers.
const (
	// GiverOwners: the owners' meeting dismisses the firm (业主共同决定解聘).
	GiverOwners Giver = "owners"
	// GiverFirm: the firm does not go on after its term (物业企业不再续约).
	GiverFirm Giver = "firm"
	// GiverOpen: either side ends a contract without term (不定期合同解除).
	GiverOpen Giver = "open"
)

// Givers lists the givers.
func Givers() []registry.Choice {
	return []registry.Choice{{ID: string(GiverOwners), Text: "业主共同决定解聘"}, {ID: string(GiverFirm), Text: "物业企业不再续约"}, {ID: string(GiverOpen), Text: "不定期合同解除"}}
}

// rule is the deadline of a notice.
func (g Giver) rule() string {
	switch g {
	case GiverOwners:
		return "exit.dismissal"
	case GiverFirm:
		return "exit.no_renewal"
	}
	return "exit.open_ended"
}

// The other deadlines of a change.
const (
	custodyRule = "exit.emergency"
	leaveRule   = "exit.leave"
	archiveRule = "handover.archive"
)

// Change is one change of firm with all that was recorded about it.
type Change struct {
	// Project and Phase are ids, Phase "" for the whole project; the names are for people.
	Project     string `json:"project" privacy:"public"`
	ProjectName string `json:"project_name" privacy:"public"`
	Phase       string `json:"phase,omitempty" privacy:"public"`
	PhaseName   string `json:"phase_name,omitempty" privacy:"public"`
	// Contract is the id of the contract that ends, Firm the firm that leaves.
	Contract string `json:"contract" privacy:"public"`
	Firm     string `json:"firm" privacy:"public"`
	FirmName string `json:"firm_name" privacy:"public"`
	// Keys are the scope keys, Day the day by which they were stamped.
	Keys []string      `json:"keys" privacy:"internal"`
	Day  calendar.Date `json:"day"`
	// State is where it stands, Last the step that was done last, Back the state before a refusal to leave.
	State State `json:"state" privacy:"public"`
	Last  Step  `json:"last" privacy:"internal"`
	Back  State `json:"back,omitempty" privacy:"internal"`
	// Notice is how it began; InTime is the last day on which the notice would have been in time.
	Notice
	InTime calendar.Deadline `json:"in_time"`
	// Announced is the day of the announcement, Where the place.
	Announced calendar.Date `json:"announced,omitzero"`
	Where     string        `json:"where,omitempty" privacy:"public"`
	// Custody is the id of the contract of emergency custody, Limit its longest end; "" if there was none.
	Custody string            `json:"custody,omitempty" privacy:"public"`
	Limit   calendar.Deadline `json:"limit,omitzero"`
	// Vote is the id of the vote that chose the next firm, Next the id of its contract, NextFirm its name.
	Vote     string `json:"vote,omitempty" privacy:"public"`
	Next     string `json:"next,omitempty" privacy:"public"`
	NextFirm string `json:"next_firm,omitempty" privacy:"public"`
	// Items are what is handed over, Leave and Archive until when.
	Items   []Item            `json:"items,omitempty"`
	Leave   calendar.Deadline `json:"leave,omitzero"`
	Archive calendar.Deadline `json:"archive,omitzero"`
	// Measures are what was done about a refusal to leave.
	Measures []Measure `json:"measures,omitempty"`
	// Ended is the day on which it was done or withdrawn, Why the reason of a withdrawal.
	Ended calendar.Date `json:"ended,omitzero"`
	Why   string        `json:"why,omitempty" privacy:"internal"`
}

// Notice is what an officer says of the notice that begins a change.
type Notice struct {
	// Giver gave it, Given is the day on which it arrived, Leaves the last day of service, Reason why.
	Giver  Giver         `json:"giver" privacy:"public"`
	Given  calendar.Date `json:"given"`
	Leaves calendar.Date `json:"leaves"`
	Reason string        `json:"reason" privacy:"internal"`
}

// LeaveBasis is the law on which a firm that leaves hands over: 民法典 art. 949.
const LeaveBasis = "《民法典》第九百四十九条"

// Short is by how many days the notice came too late, 0 if it was in time.
func (c *Change) Short() int {
	if !c.InTime.Resolved() {
		return 0
	}
	return max(0, c.Given.Sub(c.InTime.Due))
}

// Item is something that the leaving firm hands over.
type Item struct {
	// ID names it, Title for people.
	ID    string `json:"id" privacy:"public"`
	Title string `json:"title" privacy:"public"`
	// On is the day on which it was handed over, no date if it was not; Lack says why it is missing, "" if it is not.
	On   calendar.Date `json:"on,omitzero"`
	Lack string        `json:"lack,omitempty" privacy:"internal"`
}

// settled reports whether nothing is open about the item.
func (i Item) settled() bool { return !i.On.IsZero() || i.Lack != "" }

// items are what the Civil Code (art. 949) and practice name.
func items() []Item {
	return []Item{{ID: "premises", Title: "物业服务用房"}, {ID: "papers", Title: "竣工图纸、设施设备和维修保养资料"}, {ID: "archive", Title: "业主档案和物业服务档案"}, {ID: "money", Title: "预收费用、公共收益和代管资金"},
		{ID: "facilities", Title: "共用部位和共用设施设备的现场查验"}, {ID: "keys", Title: "钥匙、门禁、监控和系统账号"}}
}

// Measure is what was done about a refusal to leave.
type Measure struct {
	// On is the day, What says it.
	On   calendar.Date `json:"on"`
	What string        `json:"what" privacy:"internal"`
}

// State is where a change stands. A new one gets a row in steps and a word and colour in internal/web.
type State string

// The states.
const (
	// Noticed: notice was given.
	Noticed State = "noticed"
	// Announced: the owners were told.
	Announced State = "announced"
	// InCustody: somebody serves the compound until a firm is chosen.
	InCustody State = "custody"
	// Chosen: the owners chose the next firm.
	Chosen State = "chosen"
	// Handing: the leaving firm hands over.
	Handing State = "handing"
	// Refusing: the firm refuses to leave.
	Refusing State = "refusing"
	// Done: handed over. Final.
	Done State = "done"
	// Withdrawn: the notice was taken back. Final.
	Withdrawn State = "withdrawn"
)

// States are all states in the order of a life.
func States() []registry.Choice {
	return []registry.Choice{{ID: string(Noticed), Text: "已通知"}, {ID: string(Announced), Text: "已公告"}, {ID: string(InCustody), Text: "应急托管中"}, {ID: string(Chosen), Text: "已选聘"}, {ID: string(Handing), Text: "移交中"},
		{ID: string(Refusing), Text: "拒不退出"}, {ID: string(Done), Text: "已完成"}, {ID: string(Withdrawn), Text: "已撤回"}}
}

// Title is the state for people.
func (s State) Title() string { return registry.TextOf(States(), s) }

// Final reports whether nothing can be done any more.
func (s State) Final() bool { return s == Done || s == Withdrawn }

// Step is what is done to a change; its text is for people.
type Step string

// The steps.
const (
	// StepOpen enters the notice.
	StepOpen Step = "登记通知"
	// StepAnnounce to StepWithdraw are the steps of a change.
	StepAnnounce Step = "公告"
	StepCustody  Step = "应急托管"
	StepChoose   Step = "选聘新企业"
	StepHand     Step = "开始移交"
	StepItem     Step = "登记移交"
	StepRefuse   Step = "登记拒不退出"
	StepMeasure  Step = "登记处置措施"
	StepSettle   Step = "恢复办理"
	StepFinish   Step = "完成更换"
	StepWithdraw Step = "撤回"
)

// Steps are the steps after the notice.
func Steps() []Step {
	return []Step{StepAnnounce, StepCustody, StepChoose, StepHand, StepItem, StepRefuse, StepMeasure, StepSettle, StepFinish, StepWithdraw}
}

// back stands in the table for the state before a refusal.
const back State = ""

// steps is the one table of transitions; what is not in it is a Conflict.
var steps = map[State]map[Step]State{
	Noticed:   {StepAnnounce: Announced, StepWithdraw: Withdrawn},
	Announced: {StepCustody: InCustody, StepChoose: Chosen, StepRefuse: Refusing, StepWithdraw: Withdrawn},
	InCustody: {StepChoose: Chosen, StepRefuse: Refusing},
	Chosen:    {StepHand: Handing, StepRefuse: Refusing},
	Handing:   {StepItem: Handing, StepRefuse: Refusing, StepFinish: Done},
	Refusing:  {StepMeasure: Refusing, StepSettle: back},
	Done:      {},
	Withdrawn: {},
}

// next returns the state after a step, or Conflict.
func (c *Change) next(step Step) (State, error) {
	to, ok := steps[c.State][step]
	if !ok {
		return "", fault.New("change.next", fault.Conflict, fmt.Sprintf("这次更换现在是“%s”，不能%s，请刷新后再看", c.State.Title(), step))
	}
	if to == back {
		to = c.Back
	}
	return to, nil
}

// Can reports whether the table knows a step from the present state.
func (c *Change) Can(step Step) bool {
	_, ok := steps[c.State][step]
	return ok
}

// Open are the items that are neither handed over nor explained.
func (c *Change) Open() int {
	return len(slices.DeleteFunc(slices.Clone(c.Items), Item.settled))
}

// Name is the project with its phase.
func (c *Change) Name() string { return c.ProjectName + c.PhaseName }
